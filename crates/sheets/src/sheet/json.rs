//! Rows that are JSON objects: one a line, or in a list.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, Read};

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::input::{Input, MAX_ROW, TOO_LONG};
use super::{Columns, Format, MAX_COLUMNS, NOT_UTF8, Row, SheetError, SheetOptions};

/// Between the parts of a list in a cell.
const BETWEEN: &str = "; ";
/// Most levels of objects and lists inside each other; each takes some of the stack.
const MAX_DEPTH: usize = 128;

/// The rows of a file of JSON.
pub(super) struct JsonRows<'r> {
    input: Box<dyn BufRead + 'r>,
    format: Format,
    bytes: Vec<u8>,
    line: u64,
    state: State,
    cells: Vec<Option<String>>,
    seen: Vec<bool>,
    all: bool,
    empty: Vec<String>,
}

/// Where in a list the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Inside,
    Ended,
}

impl<'r> JsonRows<'r> {
    pub(super) fn new(input: Input<'r>, options: &SheetOptions) -> Self {
        Self {
            input: input.text,
            format: input.format,
            bytes: Vec::new(),
            line: 1 + options.skip_lines as u64,
            state: State::Start,
            cells: Vec::new(),
            seen: Vec::new(),
            all: options.wanted.is_none(),
            empty: options.empty.clone(),
        }
    }

    pub(super) fn next(&mut self, row: &mut Row, columns: &mut Columns) -> Result<bool, SheetError> {
        let begun = match self.format {
            Format::Json => self.next_element()?,
            _ => self.next_line()?,
        };
        let Some(line) = begun else { return Ok(false) };
        row.clear(Some(line));
        let wrong = |message: String| SheetError::Row { row: 0, line: Some(line), message };
        let text =
            std::str::from_utf8(&self.bytes).map_err(|_| wrong(format!("{NOT_UTF8}; save the file as UTF-8")))?;
        self.cells.iter_mut().for_each(|c| *c = None);
        let fields = Fields { cells: &mut self.cells, columns, all: self.all };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = deserializer.deserialize_map(fields).and_then(|()| deserializer.end());
        read.map_err(|e| {
            let message = e.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            wrong(if e.is_data() { message.to_owned() } else { format!("is not valid JSON: {message}") })
        })?;
        self.seen.resize(self.cells.len().max(self.seen.len()), false);
        for (cell, seen) in self.cells.iter().zip(&mut self.seen) {
            *seen |= cell.is_some();
            row.push(cell.as_deref().unwrap_or_default(), &self.empty);
        }
        Ok(true)
    }

    pub(super) fn never_seen<'c>(&self, columns: &'c Columns) -> Vec<&'c str> {
        let unseen = |n: usize| !self.seen.get(n).copied().unwrap_or_default();
        columns.names().iter().enumerate().filter(|(n, _)| unseen(*n)).map(|(_, name)| name.as_str()).collect()
    }

    /// The next line that is not blank, into `bytes`; gives its number.
    fn next_line(&mut self) -> Result<Option<u64>, SheetError> {
        loop {
            self.bytes.clear();
            if self.input.by_ref().take(MAX_ROW).read_until(b'\n', &mut self.bytes)? == 0 {
                return Ok(None);
            }
            if self.bytes.len() as u64 == MAX_ROW {
                let message = TOO_LONG.to_owned();
                return Err(SheetError::File { line: Some(self.line), message });
            }
            self.line += 1;
            if !self.bytes.trim_ascii().is_empty() {
                return Ok(Some(self.line - 1));
            }
        }
    }

    /// The next object of a list, into `bytes`; gives the line on which it begins.
    fn next_element(&mut self) -> Result<Option<u64>, SheetError> {
        let mut commas = 0;
        loop {
            let byte = self.byte()?;
            match (byte, self.state) {
                (Some(b), _) if b.is_ascii_whitespace() => {}
                (None, State::Ended) => return Ok(None),
                (Some(b'['), State::Start) => {
                    self.state = State::Inside;
                    commas = 1;
                }
                (Some(b','), State::Inside) if commas == 0 => commas = 1,
                (Some(b']'), State::Inside) => self.state = State::Ended,
                (Some(b'{'), State::Inside) if commas == 1 => {
                    let line = self.line;
                    self.object()?;
                    return Ok(Some(line));
                }
                (found, _) => {
                    let found = found.map_or("the end of the file".to_owned(), |b| format!("`{}`", b.escape_ascii()));
                    let message = format!(
                        "there is {found} where a list of objects goes on: [ {{...}}, {{...}} ]. If the file has one object a line, \
                         write format = \"jsonl\" under [sheet]"
                    );
                    return Err(SheetError::File { line: Some(self.line), message });
                }
            }
        }
    }

    /// The rest of an object whose first brace was read.
    fn object(&mut self) -> Result<(), SheetError> {
        let begun = self.line;
        self.bytes.clear();
        self.bytes.push(b'{');
        let (mut depth, mut quoted, mut escaped) = (1, false, false);
        while depth > 0 {
            let Some(b) = self.byte()? else {
                let message = "the file ends inside an object: a } or \" is missing".to_owned();
                return Err(SheetError::File { line: Some(self.line), message });
            };
            self.bytes.push(b);
            match b {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
            if self.bytes.len() as u64 > MAX_ROW {
                let message = TOO_LONG.to_owned();
                return Err(SheetError::File { line: Some(begun), message });
            }
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<Option<u8>, SheetError> {
        let byte = self.input.fill_buf()?.first().copied();
        if let Some(b) = byte {
            self.input.consume(1);
            self.line += u64::from(b == b'\n');
        }
        Ok(byte)
    }
}

/// Puts the fields of an object into cells.
struct Fields<'a> {
    cells: &'a mut Vec<Option<String>>,
    columns: &'a mut Columns,
    all: bool,
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, as in {\"column\": \"cell\"}")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let nested = !self.all
                && self.columns.names().iter().any(|n| n.strip_prefix(&*name).is_some_and(|r| r.starts_with('.')));
            if self.all || nested || self.columns.place(&name).is_some() {
                let raw = map.next_value::<&RawValue>()?;
                self.put(&name, raw, 1).map_err(serde::de::Error::custom)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl Fields<'_> {
    fn put(&mut self, name: &str, raw: &RawValue, depth: usize) -> Result<(), String> {
        let json = raw.get();
        if json.starts_with('{') {
            not_too_deep(depth)?;
            let fields: std::collections::BTreeMap<Cow<'_, str>, &RawValue> =
                serde_json::from_str(json).map_err(|e| e.to_string())?;
            return fields
                .into_iter()
                .try_for_each(|(inner, raw)| self.put(&format!("{name}.{inner}"), raw, depth + 1));
        }
        let place = match self.columns.place(name) {
            Some(place) => place,
            None if self.all && self.columns.names().len() >= MAX_COLUMNS => {
                return Err(format!("has the field `{name}`, and there are more than {MAX_COLUMNS} different ones"));
            }
            None if self.all => self.columns.add(name),
            None => return Ok(()),
        };
        if self.cells.len() <= place {
            self.cells.resize(self.columns.names().len().max(place + 1), None);
        }
        match self.cells.get_mut(place) {
            Some(Some(_)) => Err(format!("has the field `{name}` twice")),
            Some(cell) => {
                *cell = Some(plain(json, depth)?);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// A value as the text of a cell: numbers to the letter, `null` as nothing, a list as its parts.
fn plain(json: &str, depth: usize) -> Result<String, String> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).map_err(|e| e.to_string()),
        Some(b'n') => Ok(String::new()),
        Some(b'[') => {
            not_too_deep(depth)?;
            let parts: Vec<&RawValue> = serde_json::from_str(json).map_err(|e| e.to_string())?;
            let parts: Vec<String> = parts.into_iter().map(|p| plain(p.get(), depth + 1)).collect::<Result<_, _>>()?;
            Ok(parts.join(BETWEEN))
        }
        _ => Ok(json.to_owned()),
    }
}

/// `depth`: how many objects and lists an object or a list stands in, the row's own counted.
fn not_too_deep(depth: usize) -> Result<(), String> {
    if depth >= MAX_DEPTH {
        return Err(format!("has objects and lists inside each other, more than {MAX_DEPTH} levels deep"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sheet::{Row, Sheet, SheetError, SheetOptions};

    #[test]
    fn depth_has_a_bound() {
        let told = |open: &str, close: &str, levels: usize| {
            let text = format!("{{\"n\":{}1{}}}\n{{\"n\":2}}\n", open.repeat(levels), close.repeat(levels));
            let mut sheet = Sheet::open(text.as_bytes(), "deep.jsonl", &SheetOptions::default()).unwrap();
            let mut row = Row::default();
            let first = sheet.next_row(&mut row);
            assert!(sheet.next_row(&mut row).unwrap(), "the next row can be read");
            first
        };
        for (open, close) in [("[", "]"), ("{\"n\":", "}")] {
            assert!(told(open, close, 127).unwrap());
            for levels in [128, 20_000] {
                let e = told(open, close, levels).unwrap_err();
                assert!(
                    matches!(&e, SheetError::Row { row: 1, message, .. } if message.contains("128 levels")),
                    "{e:?}"
                );
            }
        }
    }
}
