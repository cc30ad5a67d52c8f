//! Rows of a file with delimiters between its cells: CSV and its relatives.

use csv::{Reader, ReaderBuilder, StringRecord};
use std::io::BufRead;

use super::input::{Input, Metered, RowEnd};
use super::{Columns, NOT_UTF8, Row, SheetError, SheetOptions};

/// The rows of a table.
pub(super) struct TableRows<'r> {
    reader: Reader<Metered<Box<dyn BufRead + 'r>>>,
    row_end: RowEnd,
    record: StringRecord,
    skipped_lines: u64,
    width: usize,
    ragged: bool,
    empty: Vec<String>,
}

impl<'r> TableRows<'r> {
    /// Reads the header.
    pub(super) fn new(input: Input<'r>, options: &SheetOptions, columns: &mut Columns) -> Result<Self, SheetError> {
        let text = Metered::new(input.text);
        let row_end = text.row_end();
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
        if !reader.read_record(&mut record).map_err(|e| told(e, skipped_lines))? {
            return Err(no_header());
        }
        row_end.tell();
        // Empty cells behind the last name come from a sheet that was once wider.
        let width = (0..record.len())
            .rfind(|n| record.get(*n).is_some_and(|name| !name.trim().is_empty()))
            .ok_or_else(no_header)?
            + 1;
        record.iter().take(width).for_each(|name| columns.add_new(name.trim()));
        let empty = options.empty.clone();
        Ok(Self { reader, row_end, record, skipped_lines, width, ragged: options.ragged, empty })
    }

    pub(super) fn next(&mut self, row: &mut Row, columns: &Columns) -> Result<bool, SheetError> {
        let before = self.record.position().map(|p| p.line() + self.skipped_lines);
        let read = self.reader.read_record(&mut self.record).map_err(|e| match told(e, self.skipped_lines) {
            SheetError::File { line: None, message } => SheetError::File { line: before, message },
            e => e,
        });
        if !read? {
            return Ok(false);
        }
        self.row_end.tell();
        let line = self.record.position().map(|p| p.line() + self.skipped_lines);
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

fn told(e: csv::Error, skipped_lines: u64) -> SheetError {
    let line = e.position().map(|p| p.line() + skipped_lines);
    match e.into_kind() {
        csv::ErrorKind::Io(e) => e.into(),
        csv::ErrorKind::Utf8 { err, .. } => SheetError::File {
            line,
            message: format!(
                "cell {} of this row {NOT_UTF8}. Save the file as UTF-8, or say under [sheet] what it is: encoding = \"windows-1252\" \
                 fits most files of western Excel",
                err.field() + 1
            ),
        },
        other => SheetError::File { line, message: format!("{other:?}") },
    }
}
