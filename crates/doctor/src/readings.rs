//! How entries read at a moment: what corrections, aliases and retractions make of them.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sayso_core::event::{Content, Event, NameKind, Question};
use sayso_core::ledger::{Entry, Ledger, OpenError};
use sayso_core::reading::{Aliases, Corrections, Reading};
use sayso_core::replay::Query;
use sayso_core::text::Name;

/// What has to be known before any entry can be read.
pub(crate) struct Readings {
    pub(crate) corrections: Corrections,
    pub(crate) aliases: Aliases,
    /// Statements that their source took back.
    pub(crate) taken_back: HashSet<u64>,
    /// Entries that the recorded clock lets through.
    pub(crate) known: u64,
    pub(crate) redacted: u64,
}

impl Readings {
    /// Reads the whole log once. `each` is called for every entry.
    pub(crate) fn gather(ledger: &Ledger, query: &Query, mut each: impl FnMut()) -> Result<Self, OpenError> {
        let mut events: Vec<(u64, Event)> = Vec::new();
        let (mut known, mut redacted) = (0, 0);
        let prepare = |entry: Entry| -> Result<_, OpenError> {
            let event = entry.record()?.map(|record| record.event);
            let acts =
                |e: &Event| matches!(e.content, Content::Correction(_) | Content::Alias(_) | Content::Retraction(_));
            Ok((entry.index(), entry.recorded(), event.is_none(), event.filter(acts)))
        };
        ledger.scan(0, prepare, |(index, recorded, erased, event)| {
            each();
            if query.known_at.as_ref().is_some_and(|k| !k.includes(recorded)) {
                return Ok::<_, OpenError>(ControlFlow::Break(())); // recorded times never run backwards
            }
            known = index + 1;
            redacted += u64::from(erased);
            events.extend(event.map(|event| (index, event)));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Self::of(events, query, known, redacted))
    }

    fn of(events: Vec<(u64, Event)>, query: &Query, known: u64, redacted: u64) -> Self {
        let mut corrections = Corrections::default();
        let mut others = Vec::new();
        for (index, event) in events {
            match event.content {
                Content::Correction(correction) => corrections.insert(index, correction),
                _ => others.push((index, event)),
            }
        }
        let (mut aliases, mut taken_back) = (Vec::new(), HashSet::new());
        for (index, event) in &others {
            let Reading::Event(event) = corrections.read(*index, event) else { continue };
            match &event.content {
                Content::Alias(alias) => aliases.push(alias),
                Content::Retraction(r) if query.as_of.as_ref().is_none_or(|as_of| as_of.includes(&r.by.stated)) => {
                    taken_back.insert(r.of);
                }
                _ => {}
            }
        }
        let aliases = Aliases::from_recorded(aliases);
        Self { corrections, aliases, taken_back, known, redacted }
    }

    /// A source under the name that it is shown under.
    pub(crate) fn source(&self, name: &Name) -> Name {
        self.aliases.shown(NameKind::Source, name).clone()
    }

    /// A question under the names that it is shown under.
    pub(crate) fn question(&self, question: &Question) -> Question {
        Question {
            subject: self.aliases.shown(NameKind::Subject, &question.subject).clone(),
            predicate: self.aliases.shown(NameKind::Predicate, &question.predicate).clone(),
        }
    }

    /// The entries behind statements: themselves and the corrections of them.
    pub(crate) fn trails(&self, indexes: &[u64]) -> Vec<u64> {
        let mut trails: Vec<u64> = indexes.iter().flat_map(|index| self.corrections.trail(*index)).collect();
        trails.sort_unstable();
        trails.dedup();
        trails
    }
}
