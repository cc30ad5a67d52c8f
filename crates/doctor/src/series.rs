//! Figures of one source on one question, in the order in which they were said.

use indexmap::{IndexMap, IndexSet};
use sayso_core::event::Question;
use sayso_core::text::{Label, Name};

use crate::folding;
use crate::seen::{Statement, day};

/// A question that rises at least so often is believed to count everything so far, whatever it is called...
const RISES: usize = 8;
/// ... if at most every so-many-th change is a fall. Of the real totals the worst fell in 2 of 12 changes, and figures for single days in
/// half of them.
const CHANGES_TO_A_FALL: usize = 5;

/// Words by which a question says of itself that it counts everything so far.
const TOTAL_WORDS: [&str; 4] = ["cum", "cumul", "cumulative", "cumulated"];

/// Figures, gathered from the log.
#[derive(Default)]
pub(crate) struct Figures {
    names: IndexSet<Name>,
    units: IndexSet<Label>,
    cells: IndexMap<Cell, ()>,
    points: Vec<Point>,
}

/// Who is asked what, by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Cell {
    source: usize,
    subject: usize,
    predicate: usize,
    unit: Option<usize>,
}

/// One figure: 32 bytes, of which a million fit into memory easily.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    at: i64,
    pub(crate) figure: f64,
    pub(crate) index: u64,
    cell: u32,
    pub(crate) day: i32,
}

/// The figures of one source on one question in one unit.
pub(crate) struct Series {
    pub(crate) source: Name,
    pub(crate) question: Question,
    pub(crate) steps: Vec<Step>,
}

/// What was said on one date: one figure nearly always.
pub(crate) struct Step {
    pub(crate) points: Vec<Point>,
}

/// Why a series is taken to count everything so far.
pub(crate) enum Total {
    /// Its question says so with this word.
    ByName(&'static str),
    /// It rose so often and fell so seldom.
    ByBehaviour { rises: usize, falls: usize },
}

impl Figures {
    /// Takes a claim that has a figure. Nobody answers for claims of `unattributed` together, so they make no series.
    pub(crate) fn add(&mut self, said: &Statement) {
        let Some(figure) = said.figure.filter(|_| !said.source.is_unattributed() && !said.taken_back) else { return };
        let cell = Cell {
            source: number(&mut self.names, &said.source),
            subject: number(&mut self.names, &said.question.subject),
            predicate: number(&mut self.names, &said.question.predicate),
            unit: said.unit.as_ref().map(|unit| number(&mut self.units, unit)),
        };
        let (cell, _) = self.cells.insert_full(cell, ());
        let Ok(cell) = u32::try_from(cell) else { return };
        self.points.push(Point { at: said.at, figure, index: said.index, cell, day: said.day });
    }

    /// Calls `look` with every series of more than one date.
    pub(crate) fn each_series(mut self, mut look: impl FnMut(&Series)) {
        self.points.sort_unstable_by_key(|p| (p.cell, p.at, p.index));
        for points in self.points.chunk_by(|a, b| a.cell == b.cell) {
            if points.len() > 1
                && let Some(series) = self.series(points)
            {
                look(&series);
            }
        }
    }

    fn series(&self, points: &[Point]) -> Option<Series> {
        let (cell, ()) = self.cells.get_index(usize::try_from(points.first()?.cell).ok()?)?;
        let name = |at: usize| self.names.get_index(at).cloned();
        let question = Question { subject: name(cell.subject)?, predicate: name(cell.predicate)? };
        let steps = points.chunk_by(|a, b| a.at == b.at).map(|points| Step { points: points.to_vec() }).collect();
        Some(Series { source: name(cell.source)?, question, steps })
    }
}

fn number<T: std::hash::Hash + Eq + Clone>(all: &mut IndexSet<T>, one: &T) -> usize {
    all.get_index_of(one).unwrap_or_else(|| all.insert_full(one.clone()).0)
}

impl Step {
    /// The point with the lowest figure.
    pub(crate) fn lowest(&self) -> Option<&Point> {
        self.points.iter().min_by(|a, b| a.figure.total_cmp(&b.figure))
    }

    /// The point with the highest figure.
    pub(crate) fn highest(&self) -> Option<&Point> {
        self.points.iter().max_by(|a, b| a.figure.total_cmp(&b.figure))
    }

    /// The figure, if all who recorded this date have the same one.
    pub(crate) fn agreed(&self) -> Option<&Point> {
        let first = self.points.first()?;
        self.points.iter().all(|p| p.figure == first.figure).then_some(first)
    }
}

impl Series {
    /// Pairs of points, the second of a date at which the figure is lower than all of the date before.
    pub(crate) fn falls(&self) -> impl Iterator<Item = (&Point, &Point)> {
        self.pairs().filter_map(|(before, now)| {
            let (before, now) = (before.lowest()?, now.highest()?);
            (now.figure < before.figure).then_some((before, now))
        })
    }

    fn rises(&self) -> usize {
        let rises = |(before, now): &(&Step, &Step)| {
            before.highest().zip(now.lowest()).is_some_and(|(before, now)| now.figure > before.figure)
        };
        self.pairs().filter(rises).count()
    }

    fn pairs(&self) -> impl Iterator<Item = (&Step, &Step)> {
        self.steps.iter().zip(self.steps.iter().skip(1))
    }

    /// Why the series is taken to count everything so far, if it is.
    pub(crate) fn total(&self) -> Option<Total> {
        let Question { subject, predicate } = &self.question;
        let mut words = folding::words(subject.as_str());
        words.extend(folding::words(predicate.as_str()));
        if let Some(word) = TOTAL_WORDS.into_iter().find(|word| words.iter().any(|w| w == word)) {
            return Some(Total::ByName(word));
        }
        let (rises, falls) = (self.rises(), self.falls().count());
        let believed = rises >= RISES && falls * CHANGES_TO_A_FALL <= rises + falls;
        believed.then_some(Total::ByBehaviour { rises, falls })
    }

    /// Who says it, of what, as it stands in a sentence.
    pub(crate) fn heading(&self) -> String {
        format!("{} on {} / {}", self.source, self.question.subject, self.question.predicate)
    }
}

impl Point {
    /// The figure and its day, as they stand in a sentence.
    pub(crate) fn told(&self) -> String {
        format!("{} on {}", self.figure, day(self.day))
    }
}

impl Total {
    /// The reason, as a sentence.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::ByName(word) => format!("The question calls itself a total (`{word}`), and a total does not fall."),
            Self::ByBehaviour { rises, falls } => {
                format!(
                    "The figure rose {rises} times and fell {falls} times, as a total does, and a total does not fall."
                )
            }
        }
    }
}
