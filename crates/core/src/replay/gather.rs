//! Gathers the entries that hang together: corrections, retractions, stances and notes, with all that they point at and all that
//! points at them.

use std::collections::{BTreeMap, HashSet};

use super::context::{self, Indexed};
use crate::event::{Content, Event, Question, Target};
use crate::ledger::{Ledger, OpenError};
use crate::projection::Reader;
use crate::reading::{Aliases, Corrections, Reading};
use crate::text::Name;

/// A part of the log that is complete in itself: to replay it gives what the whole log gives for these entries.
pub(super) struct Gathered<'r> {
    ledger: &'r Ledger,
    reader: &'r Reader,
    events: BTreeMap<u64, Event>,
    /// Entries whose neighbours are still to be looked for.
    open: Vec<u64>,
}

impl<'r> Gathered<'r> {
    pub(super) fn new(ledger: &'r Ledger, reader: &'r Reader) -> Self {
        Self { ledger, reader, events: BTreeMap::new(), open: vec![] }
    }

    /// Adds entries, and everything that hangs on them.
    pub(super) fn add(&mut self, events: impl IntoIterator<Item = (u64, Event)>) -> Result<(), OpenError> {
        for (index, event) in events {
            self.insert(index, event);
        }
        while let Some(index) = self.open.pop() {
            for (from, event) in self.reader.links(index)? {
                self.insert(from, event);
            }
            // A correction counts only together with what it corrects.
            if let Some(Content::Correction(c)) = self.events.get(&index).map(|e| &e.content) {
                let of = c.of;
                self.fetch(of)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, index: u64, event: Event) {
        if self.events.insert(index, event).is_none() {
            self.open.push(index);
        }
    }

    /// Reads an entry that is not there yet. One that is not known, or was erased, is left out.
    fn fetch(&mut self, index: u64) -> Result<(), OpenError> {
        if !self.events.contains_key(&index)
            && index < self.reader.known()
            && let Some(event) = read(self.ledger, index)?
        {
            self.insert(index, event);
        }
        Ok(())
    }

    /// In the order of recording.
    pub(super) fn events(&self) -> impl Iterator<Item = Indexed<'_>> {
        self.events.iter().map(|(index, event)| (*index, event))
    }

    pub(super) fn corrections(&self) -> Corrections {
        context::corrections(self.events())
    }

    /// An event as it was recorded.
    pub(super) fn find(&self, index: u64) -> Result<Option<Event>, OpenError> {
        match self.events.get(&index) {
            Some(event) => Ok(Some(event.clone())),
            None => read(self.ledger, index),
        }
    }

    /// Adds the claims that stances of wanted sources are about; gives the questions of those claims.
    pub(super) fn add_targets(&mut self, wanted: impl Fn(&Name) -> bool) -> Result<HashSet<Question>, OpenError> {
        let target = |event: &Event| match &event.statement()?.content {
            Content::Stance(stance) if wanted(&stance.by.source) => match stance.target {
                Target::Entry(of) => Some(of),
                Target::Question(_) => None,
            },
            _ => None,
        };
        let targets: HashSet<u64> = self.events.values().filter_map(target).collect();
        for of in &targets {
            self.fetch(*of)?;
        }
        self.add([])?;
        let corrections = self.corrections();
        let question = |of: &u64| {
            let recorded = self.events.get(of)?;
            let read = match corrections.read(*of, recorded) {
                Reading::Event(event) => event,
                Reading::Void { .. } => recorded,
            };
            read.content.question().cloned()
        };
        Ok(targets.iter().filter_map(question).collect())
    }
}

fn read(ledger: &Ledger, index: u64) -> Result<Option<Event>, OpenError> {
    let Some(entry) = ledger.entry(index)? else { return Ok(None) };
    Ok(entry.record()?.map(|record| record.event))
}

/// Which names are one, of the entries that a reader knows.
pub(super) fn aliases(ledger: &Ledger, reader: &Reader) -> Result<Aliases, OpenError> {
    let mut gathered = Gathered::new(ledger, reader);
    gathered.add(reader.aliases()?)?;
    Ok(context::aliases(&gathered.corrections(), gathered.events()))
}
