//! The fold over the log. Two passes: the first finds everything that changes how other entries read or stand, the second the
//! claims. It needs nothing but the log, costs what the log holds, and is what every other way to an answer must agree with.

use std::ops::ControlFlow;

use super::context::{self, Context};
use super::shown::{Drawn, Names};
use super::statement::{Cell, Questions, Statement};
use super::view::{Query, Replay};
use crate::event::{Content, Event};
use crate::ledger::{Entry, Ledger, OpenError};

/// Replays the ledger from its entries alone.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn fold(ledger: &Ledger, query: &Query) -> Result<Replay, OpenError> {
    let head = ledger.head();
    let First { known_entries, redacted, events, names } = First::pass(ledger, query)?;
    let all = || events.iter().map(|(index, event)| (*index, event));
    let corrections = context::corrections(all());
    let aliases = context::aliases(&corrections, all());
    let context = Context::new(query, corrections, aliases, all());
    let mut questions = Questions::default();
    let prepare = |entry: Entry| -> Result<Option<(Cell, Statement)>, OpenError> {
        if entry.index() >= known_entries {
            return Ok(None);
        }
        Ok(event_of(&entry)?.and_then(|event| context.claim(entry.index(), &event)))
    };
    ledger.scan(0, prepare, |found| {
        if let Some((cell, statement)) = found {
            questions.add(cell, statement);
        }
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
    let find = |index| ledger.entry(index)?.map_or(Ok(None), |entry| event_of(&entry));
    let drawn = Drawn::of(&context, &questions, &find)?;
    drawn.replay(ledger, &context, names, head, known_entries, redacted)
}

fn event_of(entry: &Entry) -> Result<Option<Event>, OpenError> {
    Ok(entry.record()?.map(|r| r.event))
}

/// What the first pass finds.
struct First {
    known_entries: u64,
    redacted: Vec<u64>,
    /// Everything but claims, notes and redactions.
    events: Vec<(u64, Event)>,
    names: Names,
}

impl First {
    fn pass(ledger: &Ledger, query: &Query) -> Result<Self, OpenError> {
        let mut first =
            Self { known_entries: 0, redacted: vec![], events: vec![], names: Names::unseen(&query.filter) };
        let prepare = |entry: Entry| -> Result<_, OpenError> {
            let event = event_of(&entry)?;
            let erased = event.is_none();
            let asked = event.as_ref().map(|e| Names::of(&query.filter, e)).unwrap_or_default();
            let acts = |e: &Event| !matches!(e.content, Content::Claim(_) | Content::Note(_) | Content::Redaction(_));
            Ok((entry.index(), entry.recorded(), erased, asked, event.filter(acts)))
        };
        ledger.scan(0, prepare, |(index, recorded, erased, asked, event)| {
            if query.known_at.as_ref().is_some_and(|k| !k.includes(recorded)) {
                return Ok::<_, OpenError>(ControlFlow::Break(())); // recorded times never run backwards
            }
            first.known_entries = index + 1;
            first.names.see(asked);
            if erased {
                first.redacted.push(index);
            }
            first.events.extend(event.map(|e| (index, e)));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(first)
    }
}
