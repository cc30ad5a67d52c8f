//! Words in columns of figures: "dozens" among numbers is what the source said, and easily overlooked.

use sayso_core::exchange::Draft;

use crate::filter::shown;
use crate::sheet::{Columns, Row};

/// Words that are kept to be shown, for each column.
const SHOWN: usize = 3;

/// Cells that came in as words, in a column of which most came in as figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordsAmongFigures {
    /// The column.
    pub column: String,
    /// How many cells.
    pub cells: u64,
    /// The first of them: the row, and what stands in it.
    pub first: Vec<(u64, String)>,
}

/// What became of the cells of one column, by one rule.
#[derive(Debug, Default)]
struct Tally {
    column: usize,
    figures: u64,
    words: u64,
    first: Vec<(u64, String)>,
}

/// All columns that values were read from as people type them.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    /// For each rule, by the number of the column.
    rules: Vec<Vec<Tally>>,
}

/// Whether the value of a draft is words.
pub(super) fn is_words(draft: &Draft) -> bool {
    draft.value.as_ref().is_some_and(|value| value.get().starts_with('"'))
}

impl Tallies {
    /// Counts a draft whose value was read from a column as people type it.
    pub(super) fn count(&mut self, rule: usize, column: usize, draft: &Draft, row: &Row) {
        let Some(value) = &draft.value else { return };
        if self.rules.len() <= rule {
            self.rules.resize_with(rule + 1, Vec::new);
        }
        let Some(columns) = self.rules.get_mut(rule) else { return };
        let tally = match columns.iter().position(|t| t.column == column) {
            Some(at) => columns.get_mut(at),
            None => {
                columns.push(Tally { column, ..Tally::default() });
                columns.last_mut()
            }
        };
        let Some(tally) = tally else { return };
        match value.get().as_bytes() {
            [b'"', ..] => {
                tally.words += 1;
                if tally.first.len() < SHOWN {
                    tally.first.push((row.number(), shown(row.cell(column))));
                }
            }
            [b'0'..=b'9' | b'-', ..] | [b'{', b'"', b'm' | b'a', ..] => tally.figures += 1,
            _ => {}
        }
    }

    /// The columns of figures with words in them.
    pub(super) fn words(self, columns: &Columns) -> Vec<WordsAmongFigures> {
        let name = |at: usize| columns.names().get(at).cloned().unwrap_or_default();
        let mixed = self.rules.into_iter().flatten().filter(|t| t.words > 0 && t.figures > t.words);
        mixed.map(|t| WordsAmongFigures { column: name(t.column), cells: t.words, first: t.first }).collect()
    }
}
