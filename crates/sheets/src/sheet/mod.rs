//! A sheet: rows of cells under named columns, whatever the file they come from.

mod input;
mod json;
mod table;

use std::collections::HashMap;
use std::io::Read;

use encoding_rs::Encoding;

use input::TOO_LONG;
use json::JsonRows;
use table::TableRows;

/// What is said of a file in another encoding.
pub(crate) const NOT_UTF8: &str = "is not UTF-8 text";

/// Most columns of a sheet: a line of nothing but commas must not take the machine's memory.
pub(crate) const MAX_COLUMNS: usize = 1 << 16;

/// What a decoder puts for bytes that are no text in its encoding.
const REPLACED: char = char::REPLACEMENT_CHARACTER;

/// What is said of text that its encoding does not have.
fn not_of(encoding: &'static Encoding) -> String {
    format!(
        "has bytes that are no text in {} (or the character U+FFFD, which stands for such bytes); say under [sheet] what the file is, \
         as in encoding = \"windows-1252\", or save it as UTF-8",
        encoding.name()
    )
}

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Cells between delimiters, with the columns' names in the first line.
    Csv,
    /// The same with tabs.
    Tsv,
    /// A list of objects.
    Json,
    /// An object a line.
    JsonLines,
}

impl Format {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "json" => Some(Self::Json),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
        }
    }
}

/// How a file is to be read.
#[derive(Debug, Clone, Default)]
pub struct SheetOptions {
    /// `None`: by its beginning, and by its name.
    pub format: Option<Format>,
    /// `None`: the one that makes columns of the first lines.
    pub delimiter: Option<u8>,
    /// `None`: UTF-8, or what a byte order mark says.
    pub encoding: Option<&'static Encoding>,
    /// Lines before the one with the columns' names.
    pub skip_lines: usize,
    /// Rows may be shorter than the header.
    pub ragged: bool,
    /// Texts that stand for an empty cell.
    pub empty: Vec<String>,
    /// The columns that are needed; `None`: all.
    pub wanted: Option<Vec<String>>,
}

/// One row. Cells are trimmed.
#[derive(Debug, Clone, Default)]
pub struct Row {
    number: u64,
    line: Option<u64>,
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// Its number, from 1; the header is none.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The line of the file on which it begins.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.line
    }

    /// What stands in a cell; empty beyond the last.
    #[must_use]
    pub fn cell(&self, at: usize) -> &str {
        let Some(end) = self.ends.get(at).copied() else { return "" };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before).copied()).unwrap_or_default();
        self.text.get(start..end).unwrap_or_default()
    }

    /// `empty`: texts that stand for an empty cell.
    pub(crate) fn push(&mut self, cell: &str, empty: &[String]) {
        let cell = cell.trim();
        if !empty.iter().any(|e| e == cell) {
            self.text.push_str(cell);
        }
        self.ends.push(self.text.len());
    }

    fn clear(&mut self, line: Option<u64>) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty()
    }
}

/// The names of columns, by place.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where a column stands.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// A place for a column that may be there already.
    fn add(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.names.len();
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }

    /// A place for a further column of a header, under a name of its own.
    fn add_new(&mut self, name: &str) {
        let name = if name.is_empty() { format!("column {}", self.names.len() + 1) } else { name.to_owned() };
        let mut own = name.clone();
        for n in 2.. {
            if !self.places.contains_key(&own) {
                break;
            }
            own = format!("{name} ({n})");
        }
        self.add(&own);
    }
}

/// Why a sheet, or one of its rows, cannot be read.
#[derive(Debug)]
pub enum SheetError {
    /// One row; those after it can be read.
    Row {
        /// Its number.
        row: u64,
        /// Its line.
        line: Option<u64>,
        /// What is wrong.
        message: String,
    },
    /// The file as a whole, from here on.
    File {
        /// Where it ended.
        line: Option<u64>,
        /// What is wrong.
        message: String,
    },
    /// The system could not read it.
    Io(std::io::Error),
}

impl From<std::io::Error> for SheetError {
    fn from(e: std::io::Error) -> Self {
        // What the readers of this crate have to say about the content comes as invalid data.
        if e.kind() == std::io::ErrorKind::InvalidData {
            return Self::File { line: None, message: e.to_string() };
        }
        Self::Io(e)
    }
}

/// The rows of a file, one after another.
pub struct Sheet<'r> {
    columns: Columns,
    rows: Rows<'r>,
    number: u64,
    blank: u64,
    format: Format,
    delimiter: u8,
    guessed_encoding: bool,
    decoded: Option<&'static Encoding>,
}

enum Rows<'r> {
    Table(Box<TableRows<'r>>),
    Json(Box<JsonRows<'r>>),
}

impl<'r> Sheet<'r> {
    /// Opens a sheet. `name` is the file's, for its ending.
    ///
    /// # Errors
    /// [`SheetError`] if no columns can be found in it.
    pub fn open(input: impl Read + 'r, name: &str, options: &SheetOptions) -> Result<Self, SheetError> {
        let input = input::open(Box::new(input), name, options)?;
        let (format, delimiter, guessed_encoding) = (input.format, input.delimiter, input.guessed_encoding);
        let decoded = input.decoded;
        let mut columns = Columns::default();
        let rows = match format {
            Format::Csv | Format::Tsv => Rows::Table(Box::new(TableRows::new(input, options, &mut columns)?)),
            Format::Json | Format::JsonLines => {
                options.wanted.iter().flatten().for_each(|name| {
                    columns.add(name);
                });
                Rows::Json(Box::new(JsonRows::new(input, options)))
            }
        };
        if let Some(encoding) = decoded
            && matches!(rows, Rows::Table(_))
            && let Some(name) = columns.names.iter().find(|name| name.contains(REPLACED))
        {
            let message = format!("the name of the column `{name}` {}", not_of(encoding));
            return Err(SheetError::File { line: None, message });
        }
        Ok(Self { columns, rows, number: 0, blank: 0, format, delimiter, guessed_encoding, decoded })
    }

    /// The columns known so far: all of them in a table; in JSON, those of the rows read, and those that are wanted.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Reads the next row; `false` at the end. Rows without any text are left out.
    ///
    /// # Errors
    /// [`SheetError`]. After [`SheetError::Row`] the next row can be read.
    pub fn next_row(&mut self, row: &mut Row) -> Result<bool, SheetError> {
        loop {
            let read = match &mut self.rows {
                Rows::Table(rows) => rows.next(row, &self.columns),
                Rows::Json(rows) => rows.next(row, &mut self.columns),
            };
            match read {
                Ok(true) if row.is_blank() => self.blank += 1,
                Ok(true) => {
                    self.number += 1;
                    row.number = self.number;
                    if let Some(encoding) = self.decoded
                        && row.text.contains(REPLACED)
                    {
                        return Err(SheetError::Row { row: self.number, line: row.line, message: not_of(encoding) });
                    }
                    return Ok(true);
                }
                Ok(false) => return Ok(false),
                Err(SheetError::Row { line, message, .. }) => {
                    self.number += 1;
                    return Err(SheetError::Row { row: self.number, line, message });
                }
                Err(SheetError::File { line, message }) if message == TOO_LONG => {
                    return Err(SheetError::File { line, message: format!("row {} {message}", self.number + 1) });
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// In JSON, the wanted columns that no row had.
    #[must_use]
    pub fn never_seen(&self) -> Vec<&str> {
        match &self.rows {
            Rows::Table(_) => vec![],
            Rows::Json(rows) => rows.never_seen(&self.columns),
        }
    }

    /// Rows without any text.
    #[must_use]
    pub fn blank(&self) -> u64 {
        self.blank
    }

    /// How the file is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(crate) fn has_guessed_encoding(&self) -> bool {
        self.guessed_encoding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line on which each row begins, as an editor counts them.
    fn lines(text: &str, options: &SheetOptions) -> Vec<u64> {
        let mut sheet = Sheet::open(text.as_bytes(), "a.csv", options).unwrap();
        let (mut row, mut lines) = (Row::default(), Vec::new());
        while sheet.next_row(&mut row).unwrap() {
            lines.push(row.line().unwrap());
        }
        lines
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        for end in ["\n", "\r\n"] {
            let text = ["n,words", "1,x", "2,\"a", "b\"", "", "3,z", "", "", "4,\"", "\"", "5,last"].join(end);
            let options = SheetOptions::default();
            assert_eq!(lines(&text, &options), [2, 3, 6, 9, 11], "{end:?}");
            assert_eq!(lines(&format!("{text}{end}"), &options), [2, 3, 6, 9, 11], "{end:?}");
            let skipping = SheetOptions { skip_lines: 2, ..SheetOptions::default() };
            assert_eq!(lines(&format!("about{end}this{end}{text}"), &skipping), [4, 5, 8, 11, 13], "{end:?}");
            // Rows that lie across what is read at a time.
            let long = "w".repeat(50_000);
            let text = format!("a,b{end}{}", format!("1,\"{long}{end}{long}\"{end}").repeat(5));
            assert_eq!(lines(&text, &options), [2, 4, 6, 8, 10], "{end:?}");
            // And a row that is no UTF-8, or is too short, is named by its own line.
            for bad in ["2,\u{e9}".chars().map(|c| c as u8).collect::<Vec<u8>>(), b"2".to_vec()] {
                let text = [format!("a,b{end}1,2{end}").as_bytes(), &bad, end.as_bytes()].concat();
                let mut sheet = Sheet::open(text.as_slice(), "a.csv", &options).unwrap();
                let mut row = Row::default();
                assert!(sheet.next_row(&mut row).unwrap());
                let line = match sheet.next_row(&mut row).unwrap_err() {
                    SheetError::Row { line, .. } | SheetError::File { line, .. } => line,
                    SheetError::Io(e) => panic!("{e}"),
                };
                assert_eq!(line, Some(3), "{end:?}, {bad:?}");
            }
        }
    }

    #[test]
    fn rows_without_end_are_named_and_cost_no_memory() {
        let options = SheetOptions::default();
        let endless = || Read::chain(&b"a,b\r\n1,2\r\n3,\""[..], std::io::repeat(b'x'));
        let mut sheet = Sheet::open(endless(), "a.csv", &options).unwrap();
        let mut row = Row::default();
        assert!(sheet.next_row(&mut row).unwrap());
        match sheet.next_row(&mut row).unwrap_err() {
            SheetError::File { line: Some(3), message } => assert!(message.starts_with("row 2 is longer"), "{message}"),
            e => panic!("{e:?}"),
        }
        let header = Sheet::open(std::io::repeat(b'x'), "a.csv", &options);
        assert!(
            matches!(header, Err(SheetError::File { message, .. }) if message.contains("names of the columns is longer"))
        );
        let skipped = SheetOptions { skip_lines: 1, ..SheetOptions::default() };
        assert!(Sheet::open(std::io::repeat(b'x'), "a.csv", &skipped).is_err());
        // A line of commas is no header.
        let commas = ",".repeat(MAX_COLUMNS) + "x\n";
        let header = Sheet::open(commas.as_bytes(), "a.csv", &options);
        assert!(matches!(header, Err(SheetError::File { message, .. }) if message.contains("65537 columns")));
        for (name, start) in [("a.jsonl", "{\"a\":1}\n{\"a\":\""), ("a.json", "[{\"a\":1},\n{\"a\":\"")] {
            let mut sheet = Sheet::open(Read::chain(start.as_bytes(), std::io::repeat(b'x')), name, &options).unwrap();
            assert!(sheet.next_row(&mut row).unwrap());
            match sheet.next_row(&mut row).unwrap_err() {
                SheetError::File { line: Some(2), message } => {
                    assert!(message.starts_with("row 2 is longer"), "{message}")
                }
                e => panic!("{e:?}"),
            }
        }
    }

    #[test]
    fn bytes_that_the_encoding_lacks_are_refused() {
        let options = SheetOptions { encoding: Encoding::for_label(b"shift_jis"), ..SheetOptions::default() };
        let mut row = Row::default();
        // 0xFF is no text there; 0x83 0x4A is `カ`.
        let mut sheet = Sheet::open(&b"a,b\n1,\x83\x4a\n2,x\xff\n3,y\n"[..], "a.csv", &options).unwrap();
        assert!(sheet.next_row(&mut row).unwrap());
        assert_eq!(row.cell(1), "カ");
        let e = sheet.next_row(&mut row).unwrap_err();
        assert!(matches!(&e, SheetError::Row { row: 2, message, .. } if message.contains("Shift_JIS")), "{e:?}");
        assert!(sheet.next_row(&mut row).unwrap());
        let header = Sheet::open(&b"a,\xff\n1,2\n"[..], "a.csv", &options);
        assert!(matches!(header, Err(SheetError::File { message, .. }) if message.contains("name of the column")));
        // In a file of UTF-8 the character is text like other text.
        let mut sheet = Sheet::open("a\n\u{fffd}\n".as_bytes(), "a.csv", &SheetOptions::default()).unwrap();
        assert!(sheet.next_row(&mut row).unwrap());
    }
}
