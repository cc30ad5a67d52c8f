//! Tables that fit the terminal, with nothing in them that could move other text about.

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle};

/// One line under the header and nothing else: the words are the picture.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

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

/// Keeps columns from being broken over lines where the terminal is wide enough for that.
pub(crate) fn keep_whole(table: &mut Table, columns: &[usize]) {
    if table.width().is_some_and(|w| w < DEFAULT_WIDTH) {
        return;
    }
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// A row of cells, each made safe to show.
pub(crate) fn row<const N: usize>(cells: [String; N]) -> Row {
    cells.iter().map(|c| Cell::new(escape(c))).collect::<Vec<_>>().into()
}

/// Replaces control characters and direction marks by their code points: they could hide or reorder what stands around them.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str(" ⏎ "),
            '\u{061C}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'..='\u{2069}'
            | '\u{FEFF}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_unicode()),
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
