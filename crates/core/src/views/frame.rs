//! A frame: everything recorded by some time that can change how other entries read, or as much of it as bears on what is asked.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::way::Way;
use super::web::{Others, Web};
use crate::event::{Alias, Content, Event, NameKind, Question};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::projection::Ranges;
use crate::reading::{Aliases, Corrections, Reading};
use crate::replay::from_index;
use crate::time::KnownAt;

/// What changes how entries read.
pub(super) struct Frame {
    pub(super) known_entries: u64,
    /// Entries that are no claims.
    pub(super) others: Others,
    /// Entries whose bodies were erased.
    pub(super) redacted: Vec<u64>,
    pub(super) corrections: Corrections,
    pub(super) aliases: Aliases,
}

/// A frame that the index gave.
pub(super) struct Gathered {
    /// Holds what hangs on the claims, and nothing else but what joins names and what refers to erased entries.
    pub(super) frame: Frame,
    /// The claims that were looked for, and those that what was found refers to.
    pub(super) claims: BTreeSet<u64>,
}

impl Frame {
    /// The whole log's.
    pub(super) fn read(ledger: &Ledger, known_at: Option<&KnownAt>) -> Result<Self, OpenError> {
        let (mut known_entries, mut others, mut redacted) = (0, Others::new(), Vec::new());
        let prepare = |entry: Entry| -> Result<_, OpenError> {
            let record = entry.record()?;
            let erased = record.is_none();
            let other = record.filter(|r| !matches!(r.event.content, Content::Claim(_)));
            Ok((entry, erased, other))
        };
        ledger.scan(0, prepare, |(entry, erased, other)| {
            if known_at.is_some_and(|k| !k.includes(entry.recorded())) {
                return Ok::<_, OpenError>(ControlFlow::Break(())); // recorded times never run backwards
            }
            known_entries = entry.index() + 1;
            if erased {
                redacted.push(entry.index());
            }
            if let Some(record) = other {
                others.insert(entry.index(), (entry, record));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Self::of(known_entries, others, redacted))
    }

    /// What bears on claims in these ranges, which may depend on the names known; `None` if the index does not tell.
    pub(super) fn gather(
        ledger: &Ledger,
        known_at: Option<&KnownAt>,
        ranges: impl Fn(&Others) -> Ranges,
    ) -> Result<Option<Gathered>, OpenError> {
        from_index(ledger, known_at, |reader| {
            let mut web = Web::of_names(ledger, reader)?;
            web.add_posted(&ranges(&web.others))?;
            let Web { others, claims, .. } = web;
            Ok(Gathered { frame: Self::of(reader.known(), others, reader.redacted()), claims })
        })
    }

    /// What bears on the reading of some entries.
    pub(super) fn around(
        ledger: &Ledger,
        known_at: Option<&KnownAt>,
        entries: &BTreeSet<u64>,
        way: Way,
    ) -> Result<Self, OpenError> {
        let gather = || {
            from_index(ledger, known_at, |reader| {
                let mut web = Web::of_names(ledger, reader)?;
                web.add(entries.clone())?;
                Ok(Self::of(reader.known(), web.others, reader.redacted()))
            })
        };
        match way.indexed(gather)? {
            Some(frame) => Ok(frame),
            None => Self::read(ledger, known_at),
        }
    }

    fn of(known_entries: u64, others: Others, redacted: Vec<u64>) -> Self {
        let mut corrections = Corrections::default();
        for (index, (_, record)) in &others {
            if let Content::Correction(c) = &record.event.content {
                corrections.insert(*index, c.clone());
            }
        }
        let aliases = others.iter().filter_map(|(index, (_, r))| match corrections.read(*index, &r.event) {
            Reading::Event(Event { content: Content::Alias(alias), .. }) => Some(alias),
            _ => None,
        });
        let aliases = Aliases::from_recorded(aliases);
        Self { known_entries, others, redacted, corrections, aliases }
    }

    /// An entry that is no claim, as it was recorded.
    pub(super) fn other(&self, index: u64) -> Option<&Content> {
        self.others.get(&index).map(|(_, record)| &record.event.content)
    }

    /// A question under the names shown at this moment.
    pub(super) fn question(&self, q: &Question) -> Question {
        let shown = |kind, name| self.aliases.shown(kind, name).clone();
        Question { subject: shown(NameKind::Subject, &q.subject), predicate: shown(NameKind::Predicate, &q.predicate) }
    }

    /// How an entry reads, as a value of its own.
    pub(super) fn event_at(&self, ledger: &Ledger, index: u64) -> Result<Option<Event>, OpenError> {
        let Some(record) = ledger.entry(index)?.map(|e| e.record()).transpose()?.flatten() else { return Ok(None) };
        Ok(match self.corrections.read(index, &record.event) {
            Reading::Event(event) => Some(event.clone()),
            Reading::Void { .. } => None,
        })
    }
}

/// Names that were ever joined, also by an alias that was corrected since: whatever reads somewhere under a name was recorded under one of these.
pub(super) fn ever_joined(others: &Others) -> Aliases {
    let said = others.values().filter_map(|(_, record)| record.event.statement());
    let aliases: Vec<&Alias> = said
        .filter_map(|event| match &event.content {
            Content::Alias(alias) => Some(alias),
            _ => None,
        })
        .collect();
    Aliases::from_recorded(aliases)
}
