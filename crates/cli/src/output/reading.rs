//! One entry in the light of everything recorded after it.

use std::ops::ControlFlow;

use sayso_core::event::{Content, Event, Target};
use sayso_core::ledger::{Entry, Ledger, OpenError};
use sayso_core::reading::Corrections;

/// What bears on one entry.
pub(crate) struct Context {
    /// The entry's event as recorded; `None` if it was erased.
    pub(crate) recorded: Option<Event>,
    /// Every correction in the ledger.
    pub(crate) corrections: Corrections,
    /// Entries that point at it, corrections aside.
    pub(crate) referred_by: Vec<u64>,
}

impl Context {
    /// Reads the whole log once.
    pub(crate) fn read(ledger: &Ledger, index: u64) -> Result<Self, OpenError> {
        let mut context = Self { recorded: None, corrections: Corrections::default(), referred_by: vec![] };
        let prepare = |entry: Entry| -> Result<Option<(u64, Event)>, OpenError> {
            let at = entry.index();
            let matters = |e: &Event| at == index || matches!(e.content, Content::Correction(_)) || points_at(e, index);
            Ok(entry.record()?.map(|r| r.event).filter(matters).map(|e| (at, e)))
        };
        ledger.scan(0, prepare, |found| {
            if let Some((at, event)) = found {
                if points_at(&event, index) {
                    context.referred_by.push(at);
                }
                if let Content::Correction(c) = &event.content {
                    context.corrections.insert(at, c.clone());
                }
                if at == index {
                    context.recorded = Some(event);
                }
            }
            Ok::<_, OpenError>(ControlFlow::Continue(()))
        })?;
        Ok(context)
    }
}

fn points_at(event: &Event, index: u64) -> bool {
    match &event.content {
        Content::Stance(s) => s.target == Target::Entry(index),
        Content::Retraction(r) => r.of == index,
        Content::Redaction(r) => r.of == index,
        Content::Note(n) => n.of == index,
        Content::Claim(_) | Content::Correction(_) | Content::Alias(_) => false,
    }
}
