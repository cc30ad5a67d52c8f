//! The bytes of a file as UTF-8 text: unpacked, decoded, and looked at for what they are.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

use sayso_core::limits::MAX_IMPORT_BYTES;

use super::{Format, SheetOptions};

/// How much is looked at to find out what a file is.
const LOOKED_AT: usize = 1 << 16;
/// Most bytes of one row, however it is written: a quotation mark that is never closed must not take the machine's memory.
pub(super) const MAX_ROW: u64 = 16 << 20;
/// What is said of a row, or a line, that is longer.
pub(super) const TOO_LONG: &str =
    "is longer than 16 MiB (16777216 bytes), and none may be; there may be a quotation mark in it that is never closed";

/// A file that can be read as rows.
pub(super) struct Input<'r> {
    pub(super) text: Box<dyn BufRead + 'r>,
    pub(super) format: Format,
    pub(super) delimiter: u8,
    /// The file is in UTF-16, and nobody said so.
    pub(super) guessed_encoding: bool,
    /// What it was decoded from, if not UTF-8.
    pub(super) decoded: Option<&'static Encoding>,
}

/// A reader that refuses to go on when one row is longer than any row can be.
pub(super) struct Metered<R> {
    inner: R,
    since: u64,
    meter: Meter,
}

/// What a metered reader and whoever cuts its bytes into rows tell each other.
#[derive(Clone, Default)]
pub(super) struct Meter(Rc<RefCell<Reading>>);

#[derive(Default)]
struct Reading {
    /// Whether a row has ended.
    ended: bool,
    /// Where in the text the bytes are that were read last.
    from: u64,
    last: Vec<u8>,
}

impl Meter {
    /// A row has ended before this place in the text. Whether its last byte was a line feed.
    pub(super) fn end_row(&self, before: u64) -> bool {
        let mut reading = self.0.borrow_mut();
        reading.ended = true;
        let at = before.checked_sub(reading.from + 1).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| reading.last.get(at)) == Some(&b'\n')
    }

    /// Takes note of what was read. Whether a row has ended since the last time.
    fn take(&self, bytes: &[u8]) -> bool {
        let Reading { ended, from, last } = &mut *self.0.borrow_mut();
        *from += last.len() as u64;
        last.clear();
        last.extend_from_slice(bytes);
        std::mem::take(ended)
    }
}

impl<R> Metered<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, since: 0, meter: Meter::default() }
    }

    pub(super) fn meter(&self) -> Meter {
        self.meter.clone()
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read > 0 && self.meter.take(buffer.get(..read).unwrap_or_default()) {
            self.since = 0;
        }
        self.since += read as u64;
        if self.since > MAX_ROW { Err(invalid(TOO_LONG)) } else { Ok(read) }
    }
}

/// A reader that puts a row of its own behind the last one. If it does not come out as a row, the last cell before it was never closed: a
/// reader of CSV takes the end of the file for the end of a quoted cell, and says nothing.
pub(super) struct Ended<R> {
    inner: R,
    read: u64,
    /// How long the text is, once it has ended.
    length: Length,
    left: &'static [u8],
}

/// How long a text is, if its end was seen.
pub(super) type Length = Rc<Cell<Option<u64>>>;

/// The row that is put behind the last one. No delimiter has its bytes.
pub(super) const LAST_ROW: &[u8] = "¶".as_bytes();
const BEHIND: &[u8] = "\n¶".as_bytes();

impl<R> Ended<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, read: 0, length: Length::default(), left: BEHIND }
    }

    pub(super) fn length(&self) -> Length {
        Rc::clone(&self.length)
    }
}

impl<R: Read> Read for Ended<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.length.get().is_none() {
            let read = self.inner.read(buffer)?;
            self.read += read as u64;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.length.set(Some(self.read));
        }
        self.left.read(buffer)
    }
}

/// A reader that refuses to go on where a packed file has no end in sight.
struct Unpacked<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => invalid("the gzip file ends too early; fetch it again"),
            _ => e,
        })?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| invalid("the file is too long when it is unpacked; cut it into parts"))?;
        Ok(read)
    }
}

/// Something about the content, in words for people.
pub(super) fn invalid(message: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.to_string())
}

/// Opens a file.
pub(super) fn open<'r>(raw: Box<dyn Read + 'r>, name: &str, options: &SheetOptions) -> io::Result<Input<'r>> {
    let mut raw = BufReader::with_capacity(LOOKED_AT, raw);
    let packed = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let bytes: Box<dyn Read + 'r> = if packed {
        Box::new(Unpacked { inner: MultiGzDecoder::new(raw), left: MAX_IMPORT_BYTES })
    } else {
        Box::new(raw)
    };
    let mut bytes = filled(bytes)?;
    let start = bytes.fill_buf()?;
    let zip = start.starts_with(b"PK\x03\x04");
    let old_excel = start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
    if zip || old_excel {
        return Err(invalid("this is a workbook, not a text file; save the sheet as CSV (UTF-8) and import that"));
    }
    let by_mark = Encoding::for_bom(start).map(|(encoding, _)| encoding);
    let looks_wide = by_mark.is_none() && options.encoding.is_none() && start.get(..64).is_some_and(looks_like_utf16);
    let encoding = by_mark.or(options.encoding).or(looks_wide.then_some(UTF_16LE)).unwrap_or(UTF_8);
    let mut text: Box<dyn BufRead + 'r> = if encoding == UTF_8 {
        if by_mark.is_some() {
            bytes.consume(3);
        }
        Box::new(bytes)
    } else {
        let decoder = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(bytes);
        Box::new(filled(Box::new(decoder))?)
    };
    for _ in 0..options.skip_lines {
        let mut line = Vec::new();
        let read = text.by_ref().take(MAX_ROW).read_until(b'\n', &mut line)?;
        if read as u64 == MAX_ROW {
            return Err(invalid(format!("a line above that with the names of the columns {TOO_LONG}")));
        }
    }
    let start = text.fill_buf()?;
    let format = options.format.unwrap_or_else(|| guess_format(start, name));
    let delimiter = options.delimiter.unwrap_or(if format == Format::Tsv { b'\t' } else { guess_delimiter(start) });
    let guessed_encoding = options.encoding.is_none() && [UTF_16LE, UTF_16BE].contains(&encoding);
    let decoded = (encoding != UTF_8).then_some(encoding);
    Ok(Input { text, format, delimiter, guessed_encoding, decoded })
}

/// A reader whose buffer holds as much of the beginning as there is, up to what is looked at: one read may bring less.
fn filled<'r>(mut inner: Box<dyn Read + 'r>) -> io::Result<BufReader<Box<dyn Read + 'r>>> {
    let mut start = Vec::with_capacity(LOOKED_AT);
    inner.by_ref().take(LOOKED_AT as u64).read_to_end(&mut start)?;
    Ok(BufReader::with_capacity(LOOKED_AT, Box::new(io::Cursor::new(start).chain(inner))))
}

/// Every second byte of western text in UTF-16 is zero; in UTF-8 none is.
fn looks_like_utf16(start: &[u8]) -> bool {
    let zeros = start.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    zeros > start.len() / 4
}

fn guess_format(start: &[u8], name: &str) -> Format {
    let name = name.strip_suffix(".gz").unwrap_or(name).to_lowercase();
    if name.ends_with(".tsv") || name.ends_with(".tab") {
        return Format::Tsv;
    }
    if name.ends_with(".csv") {
        return Format::Csv;
    }
    match start.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'[') => Format::Json,
        Some(b'{') => Format::JsonLines,
        _ => Format::Csv,
    }
}

/// The delimiter that cuts the first rows into the same number of cells, the more the better.
fn guess_delimiter(start: &[u8]) -> u8 {
    let width = |delimiter: u8| {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(start);
        let mut record = csv::ByteRecord::new();
        let mut widths = Vec::new();
        while widths.len() < 20 && reader.read_byte_record(&mut record).unwrap_or_default() {
            widths.push(record.len());
        }
        // The last one may be cut off.
        if widths.len() > 2 {
            widths.pop();
        }
        let first = widths.first().copied().unwrap_or_default();
        let same = widths.iter().filter(|w| **w == first).count();
        (first > 1).then_some((same * 100 / widths.len().max(1), first))
    };
    let candidates = [b',', b';', b'\t', b'|'];
    let best = candidates.into_iter().filter_map(|d| Some((width(d)?, d))).max_by_key(|(width, _)| *width);
    best.map_or(b',', |(_, delimiter)| delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_without_end_is_refused() {
        let mut unpacked = Unpacked { inner: io::repeat(b'x'), left: 1 << 20 };
        let mut taken = Vec::new();
        let e = unpacked.read_to_end(&mut taken).unwrap_err();
        assert!(taken.len() <= 1 << 20 && e.to_string().contains("when it is unpacked"), "{e}");
    }

    #[test]
    fn delimiters_are_seen() {
        for (text, expected) in [
            ("a,b,c\n1,2,3\n", b','),
            ("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n", b';'),
            ("a\tb, c\tc\n1\t2\t3\n", b'\t'),
            ("a|b\n1|2\n", b'|'),
            ("\"a,b\";c\n\"1,2\";3\n", b';'),
            ("only\nwords here\n", b','),
        ] {
            assert_eq!(guess_delimiter(text.as_bytes()), expected, "{text}");
        }
    }
}
