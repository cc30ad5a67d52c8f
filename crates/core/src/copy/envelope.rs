//! `export --envelope`, read back: each line an entry with its salt, its time and its hash.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{CopyError, io};
use crate::body::Record;
use crate::bundle::{Bundle, StoredBody, StoredEntry};
use crate::entry::{FLAG_IMPORTED_CLOCK, Hash, LedgerId, Salt};
use crate::event::Reference;
use crate::exchange::{CheckOptions, Draft};
use crate::limits::{BUNDLE_ENTRIES, MAX_LINE_BYTES};
use crate::time::{Instant, TimeZone};

/// A file of envelope lines.
pub(super) struct EnvelopeFile {
    path: PathBuf,
    lines: BufReader<File>,
    /// The line read last.
    number: u64,
    /// Read ahead, to know whose ledger it is.
    first: Option<String>,
    pub(super) id: LedgerId,
    /// The hash of the entry read last.
    last: Hash,
    next: u64,
}

/// What a line says.
struct Line {
    index: u64,
    ledger: LedgerId,
    entry: StoredEntry,
}

impl EnvelopeFile {
    pub(super) fn open(path: &Path) -> Result<Self, CopyError> {
        let lines = BufReader::new(File::open(path).map_err(io(path))?);
        let nobody = LedgerId([0; 32]);
        let mut file =
            Self { path: path.to_owned(), lines, number: 0, first: None, id: nobody, last: nobody.genesis(), next: 0 };
        let Some(first) = file.line()? else {
            return Err(file.damaged("it is empty, and so does not say which ledger it was"));
        };
        let Ok(draft) = Draft::from_json(&first) else { return Err(CopyError::NotACopy(path.to_owned())) };
        if draft.ledger.is_none() && draft.hash.is_none() {
            return Err(file.damaged(
                "these are events without hashes: a ledger with other hashes can be made of them, with `sayso import`",
            ));
        }
        file.id = read_line(&first).map_err(|what| file.damaged(what))?.ledger;
        file.last = file.id.genesis();
        file.first = Some(first);
        Ok(file)
    }

    fn damaged(&self, what: impl ToString) -> CopyError {
        CopyError::Damaged { path: self.path.clone(), what: format!("line {}: {}", self.number, what.to_string()) }
    }

    /// The next line that is not blank.
    fn line(&mut self) -> Result<Option<String>, CopyError> {
        loop {
            if let Some(first) = self.first.take() {
                return Ok(Some(first));
            }
            let mut line = Vec::new();
            let limit = MAX_LINE_BYTES as u64 + 2;
            let read = self.lines.by_ref().take(limit).read_until(b'\n', &mut line).map_err(io(&self.path))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let line = String::from_utf8(line).map_err(|_| self.damaged("it is not UTF-8 text"))?;
            let line = line.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']);
            if !line.is_empty() {
                return Ok(Some(line.to_owned()));
            }
        }
    }

    /// The next bundle; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Bundle>, CopyError> {
        let mut lines = Vec::with_capacity(BUNDLE_ENTRIES);
        while lines.len() < BUNDLE_ENTRIES
            && let Some(line) = self.line()?
        {
            lines.push((self.number, line));
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let (first, previous) = (self.next, self.last);
        let read: Vec<Result<Line, String>> = lines.par_iter().map(|(_, line)| read_line(line)).collect();
        let mut entries = Vec::with_capacity(read.len());
        for (line, (number, _)) in read.into_iter().zip(&lines) {
            self.number = *number;
            let line = line.map_err(|what| self.damaged(what))?;
            if line.ledger != self.id {
                return Err(self.damaged("an entry of another ledger"));
            }
            if line.index != self.next {
                let what = format!(
                    "entry #{} stands where #{} should: only a whole export can be restored",
                    line.index, self.next
                );
                return Err(self.damaged(what));
            }
            self.next += 1;
            self.last = line.entry.hash;
            entries.push(line.entry);
        }
        Ok(Some(Bundle { first, previous, entries }))
    }
}

fn read_line(line: &str) -> Result<Line, String> {
    let mut draft = Draft::from_json(line).map_err(|e| e.to_string())?;
    let need = |field: &str| format!("`{field}` is missing or wrong; this needs `export --envelope`");
    let index = draft.index.take().ok_or_else(|| need("index"))?;
    let hash: Hash = draft.hash.take().and_then(|h| h.parse().ok()).ok_or_else(|| need("hash"))?;
    let ledger: Hash = draft.ledger.take().and_then(|h| h.parse().ok()).ok_or_else(|| need("ledger"))?;
    let recorded = draft.recorded.as_deref().and_then(Instant::from_rfc3339).ok_or_else(|| need("recorded"))?;
    let flags = if draft.imported_clock.take() == Some(true) { FLAG_IMPORTED_CLOCK } else { 0 };
    draft.previous = None;
    let salt = draft.salt.take();
    let body = match draft.commitment.take() {
        Some(commitment) if draft.kind.is_none() && salt.is_none() => {
            StoredBody::Erased(commitment.parse().map_err(|_| need("commitment"))?)
        }
        Some(_) => return Err("an erased entry has no event and no salt".into()),
        None => {
            StoredBody::Present(salt.as_deref().and_then(parse_salt).ok_or_else(|| need("salt"))?, body(draft)?.into())
        }
    };
    Ok(Line { index, ledger: LedgerId(ledger.0), entry: StoredEntry { flags, recorded, hash, body } })
}

/// The bytes that the event had.
fn body(draft: Draft) -> Result<Vec<u8>, String> {
    let options = CheckOptions { zone: TimeZone::UTC, numbers: true, imported_clock: true, recorder: None };
    let checked = draft.check(&options).map_err(|e| e.to_string())?;
    let event = checked.event.map_references(&mut |of| match of {
        Reference::Index(index) => Ok(index),
        other => Err(format!("`of` is `{other}`, and not the number of an entry")),
    })?;
    Record { recorder: checked.recorder, event }.encode().map_err(|e| e.to_string())
}

fn parse_salt(hex: &str) -> Option<Salt> {
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}
