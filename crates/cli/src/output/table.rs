//! Tables that fit the terminal, with nothing in them that could move other text about.

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle, Width};
use sayso_core::text::disorders;

/// One line under the header and nothing else: the words are the picture.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

/// Stands for a space at the beginning of a cell: as a space it would be lost where the word after it is broken.
const INDENT: char = '\u{E000}';

/// From how many columns on there is room to keep some of a table's columns whole.
const ROOMY: u16 = 100;

/// Columns when the terminal does not say how wide it is.
const DEFAULT_WIDTH: u16 = 120;

/// An empty table.
pub(crate) fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    if !table.is_tty() {
        table.set_width(std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(DEFAULT_WIDTH));
    }
    table
}

/// How many columns there are for text.
pub(crate) fn width() -> usize {
    usize::from(new(&[]).width().unwrap_or(DEFAULT_WIDTH))
}

/// Folds prose at the width of the terminal, by what is shown and not by bytes; what goes on stands under its line's beginning.
pub(crate) fn fold(text: &str) -> String {
    let width = width();
    let fold = |line: &str| {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        // At spaces only: a date or an address broken at its hyphens could not be searched for or copied.
        let options = textwrap::Options::new(width)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::fill(line, options.subsequent_indent(&indent))
    };
    text.split('\n').map(fold).collect::<Vec<_>>().join("\n")
}

/// Keeps columns from being broken over lines where the terminal is wide enough for that; where it is not, the first one gets a
/// third of it. Once all rows are there.
pub(crate) fn keep_whole(table: &mut Table, columns: &[usize]) {
    let Some(width) = table.width() else { return };
    let widths = table.column_max_content_widths();
    let needed = |at: usize| widths.get(at).map_or(0, |w| w.saturating_add(2));
    let mut left = width.saturating_mul(3) / 5;
    for at in columns {
        let constraint = match (width < ROOMY, *at) {
            (true, 0) => ColumnConstraint::LowerBoundary(Width::Fixed(needed(0).min(width / 3))),
            (false, at) if needed(at) <= left => ColumnConstraint::ContentWidth,
            _ => continue,
        };
        if let Some(column) = table.column_mut(*at) {
            column.set_constraint(constraint);
            left = left.saturating_sub(needed(*at));
        }
    }
}

/// A row of cells, each made safe to show.
pub(crate) fn row<const N: usize>(cells: [String; N]) -> Row {
    let cell = |text: &String| {
        let words = text.trim_start_matches(' ');
        let indent = text.len() - words.len();
        Cell::new(format!("{}{}", INDENT.to_string().repeat(indent), escape(words)))
    };
    cells.iter().map(cell).collect::<Vec<_>>().into()
}

/// The table as text, ending its last line.
pub(crate) fn text(table: &Table) -> String {
    format!("{table}\n").replace(INDENT, " ")
}

/// Replaces control characters and direction marks by their code points: they could hide or reorder what stands around them.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str(" ⏎ "),
            c if c == INDENT || disorders(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_can_reorder_or_move_the_cursor() {
        assert_eq!(escape("a\u{202E}b\u{1b}[2Jc\nd"), "a\\u{202e}b\\u{1b}[2Jc ⏎ d");
        assert_eq!(escape("Երևան Bakı"), "Երևան Bakı");
    }
}
