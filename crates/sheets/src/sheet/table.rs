//! Rows of a file with delimiters between its cells: CSV and its relatives.

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use std::io::BufRead;

use super::input::{Ended, Input, LAST_ROW, Length, Meter, Metered, TOO_LONG};
use super::{Columns, MAX_COLUMNS, NOT_UTF8, Row, SheetError, SheetOptions};

/// The rows of a table.
pub(super) struct TableRows<'r> {
    reader: Reader<Metered<Ended<Box<dyn BufRead + 'r>>>>,
    length: Length,
    meter: Meter,
    record: StringRecord,
    skipped_lines: u64,
    /// Whether the last row ended in the middle of a line end: its line feed is read with the next row.
    owes_line: bool,
    width: usize,
    ragged: bool,
    empty: Vec<String>,
}

impl<'r> TableRows<'r> {
    /// Reads the header.
    pub(super) fn new(input: Input<'r>, options: &SheetOptions, columns: &mut Columns) -> Result<Self, SheetError> {
        let text = Ended::new(input.text);
        let length = text.length();
        let text = Metered::new(text);
        let meter = text.meter();
        let mut reader = ReaderBuilder::new()
            .delimiter(input.delimiter)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(1 << 16)
            .from_reader(text);
        let mut record = StringRecord::new();
        let skipped_lines = options.skip_lines as u64;
        let no_header = || SheetError::File {
            line: None,
            message: "the file is empty: there is no line with the names of the columns".to_owned(),
        };
        let read = reader.read_record(&mut record).map_err(|e| match told(e, skipped_lines) {
            SheetError::File { line, message } if message == TOO_LONG => {
                SheetError::File { line, message: format!("the line with the names of the columns {message}") }
            }
            e => e,
        });
        if !read? || is_last(record.as_byte_record(), reader.position().byte(), &length) {
            return Err(no_header());
        }
        if is_open(reader.position().byte(), &length) {
            let message = format!("the line with the names of the columns {NEVER_CLOSED}");
            return Err(SheetError::File { line: None, message });
        }
        let owes_line = !meter.end_row(reader.position().byte());
        // Empty cells behind the last name come from a sheet that was once wider.
        let width = (0..record.len())
            .rfind(|n| record.get(*n).is_some_and(|name| !name.trim().is_empty()))
            .ok_or_else(no_header)?
            + 1;
        if width > MAX_COLUMNS {
            let message = format!("there are {width} columns, and at most {MAX_COLUMNS} are taken");
            return Err(SheetError::File { line: None, message });
        }
        record.iter().take(width).for_each(|name| columns.add_new(name.trim()));
        let empty = options.empty.clone();
        Ok(Self { reader, length, meter, record, skipped_lines, owes_line, width, ragged: options.ragged, empty })
    }

    /// Reads the next row; gives the line on which it begins.
    fn read(&mut self) -> Result<Option<u64>, SheetError> {
        let next = self.reader.position().line() + u64::from(self.owes_line) + self.skipped_lines;
        let mut record = std::mem::take(&mut self.record).into_byte_record();
        let read = self.reader.read_byte_record(&mut record).map_err(|e| match told(e, self.skipped_lines) {
            SheetError::File { line: None, message } => SheetError::File { line: Some(next), message },
            e => e,
        });
        if !read? || is_last(&record, self.reader.position().byte(), &self.length) {
            return Ok(None);
        }
        // The reader counts line feeds: those of blank lines before the row, those in its cells, and the one that ends it.
        let position = self.reader.position();
        let ended = self.meter.end_row(position.byte());
        self.owes_line = !ended;
        let inside = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let line = (position.line() + self.skipped_lines).saturating_sub(inside + u64::from(ended));
        if is_open(position.byte(), &self.length) {
            return Err(Self::wrong(Some(line), NEVER_CLOSED.to_owned()));
        }
        let record = StringRecord::from_byte_record(record)
            .map_err(|e| SheetError::File { line: Some(line), message: not_utf8(e.utf8_error().field()) });
        self.record = record?;
        Ok(Some(line))
    }

    pub(super) fn next(&mut self, row: &mut Row, columns: &Columns) -> Result<bool, SheetError> {
        let Some(line) = self.read()? else { return Ok(false) };
        let line = Some(line);
        row.clear(line);
        for cell in self.record.iter().take(self.width) {
            row.push(cell, &self.empty);
        }
        let count = self.record.len();
        let blank = row.is_blank();
        if count < self.width && !self.ragged && !blank {
            let first = columns.names().get(count).map(String::as_str).unwrap_or_default();
            return Err(Self::wrong(
                line,
                format!(
                    "has {count} cells where the header has {}: `{first}` and what follows is missing. A quotation mark in or before \
                     this row may be one too many; if rows may be short, write ragged = true under [sheet]",
                    self.width
                ),
            ));
        }
        if self.record.iter().skip(self.width).any(|cell| !cell.trim().is_empty()) {
            return Err(Self::wrong(
                line,
                format!(
                    "has {count} cells where the header has {}; a cell with the delimiter in it needs quotation marks",
                    self.width
                ),
            ));
        }
        Ok(true)
    }

    fn wrong(line: Option<u64>, message: String) -> SheetError {
        SheetError::Row { row: 0, line, message }
    }
}

/// What is said of a row whose last cell does not end. All rows behind it would be words in that cell.
const NEVER_CLOSED: &str = "begins a cell with a quotation mark that is never closed, so what follows would be part of that cell: close it, or \
                            double it where it is a part of the words";

/// Whether this row, which ended before a place in the text, is the one that was put behind the last. In a cell that is not closed the line
/// break before it would stand as well.
fn is_last(record: &ByteRecord, end: u64, length: &Length) -> bool {
    is_open(end, length) && record.as_slice() == LAST_ROW
}

/// Whether a row that ended before this place took the row behind the last one for its own. One byte of that, the line break, may end it.
fn is_open(end: u64, length: &Length) -> bool {
    length.get().is_some_and(|length| end > length + 1)
}

fn told(e: csv::Error, skipped_lines: u64) -> SheetError {
    let line = e.position().map(|p| p.line() + skipped_lines);
    match e.into_kind() {
        csv::ErrorKind::Io(e) => e.into(),
        csv::ErrorKind::Utf8 { err, .. } => SheetError::File { line, message: not_utf8(err.field()) },
        other => SheetError::File { line, message: format!("{other:?}") },
    }
}

/// `field`: the place of the cell in its row, from 0.
fn not_utf8(field: usize) -> String {
    format!(
        "cell {} of this row {NOT_UTF8}. Save the file as UTF-8, or say under [sheet] what it is: encoding = \"windows-1252\" fits most \
         files of western Excel",
        field + 1
    )
}
