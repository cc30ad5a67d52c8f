//! Which files the bodies of entries cite as they were written: what decides which files may be removed with a redaction.
//!
//! How an entry reads does not matter here. A claim that was withdrawn can come back, and a correction has citations of its own: whatever is still
//! written in a body that was not erased holds its file. Only the notes that tie a file to an erased entry hold nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sayso_core::event::{Content, Event};
use sayso_core::ledger::{Entry, Ledger, OpenError};

use crate::cited::tied_to;

/// One citation of a file, as written.
#[derive(Debug, Clone)]
struct Cite {
    /// The entry in whose body it stands.
    entry: u64,
    /// What a note of `capture` is on; else the entry itself.
    of: u64,
}

/// All of them, by the hash of the file.
#[derive(Debug, Default)]
pub struct Written {
    cites: BTreeMap<String, Vec<Cite>>,
    erased: BTreeSet<u64>,
}

/// What becomes of the captured files with a redaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Hashes of kept files that go.
    pub go: BTreeSet<String>,
    /// Hashes of kept files that were evidence for the entry and stay, and the entries that cite them too.
    pub stay: BTreeMap<String, BTreeSet<u64>>,
}

impl Written {
    /// Reads the whole log once.
    ///
    /// # Errors
    /// [`OpenError`] if an entry cannot be read.
    pub fn gather(ledger: &Ledger) -> Result<Self, OpenError> {
        let mut written = Self::default();
        let prepare = |entry: Entry| -> Result<_, OpenError> {
            let mut cites = Vec::new();
            let record = entry.record()?;
            if let Some(record) = &record {
                collect(entry.index(), &record.event, &mut cites);
            }
            Ok((entry.index(), record.is_none(), cites))
        };
        ledger.scan(0, prepare, |(index, is_erased, cites)| {
            if is_erased {
                written.erased.insert(index);
            }
            for (file, cite) in cites {
                written.cites.entry(file).or_default().push(cite);
            }
            Ok::<_, OpenError>(ControlFlow::Continue(()))
        })?;
        Ok(written)
    }

    /// Whether the body of an entry was erased.
    #[must_use]
    pub fn is_erased(&self, entry: u64) -> bool {
        self.erased.contains(&entry)
    }

    /// What becomes of the kept files when this entry is erased. Those go that it, or a note on it, cites and that nothing else holds. If something
    /// was erased before, nobody can tell any more what that cited: then every kept file goes that nothing holds.
    #[must_use]
    pub fn split(&self, entry: u64, kept: impl IntoIterator<Item = String>) -> Split {
        let mut split = Split::default();
        for file in kept {
            let of_file = || self.cites.get(&file).into_iter().flatten();
            let holds = |c: &&Cite| ![c.entry, c.of].iter().any(|e| *e == entry || self.erased.contains(e));
            let holding: BTreeSet<u64> = of_file().filter(holds).map(|c| c.entry).collect();
            let is_mine = of_file().any(|c| c.entry == entry || c.of == entry);
            if !holding.is_empty() {
                if is_mine {
                    split.stay.insert(file, holding);
                }
            } else if is_mine || !self.erased.is_empty() {
                split.go.insert(file);
            }
        }
        split
    }
}

/// The citations of an event, and of what a correction puts in its place.
fn collect(index: u64, event: &Event, cites: &mut Vec<(String, Cite)>) {
    let of = tied_to(event).unwrap_or(index);
    let files = event.citations.iter().filter_map(|c| c.file());
    cites.extend(files.map(|file| (file.to_string(), Cite { entry: index, of })));
    if let Content::Correction(correction) = &event.content
        && let Some(replacement) = correction.replacement.as_deref()
    {
        collect(index, replacement, cites); // no deeper than corrections may be
    }
}
