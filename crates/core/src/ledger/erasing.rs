//! Erasures that are on record and not carried out yet: finished when a ledger is opened, and told where that cannot be done. Whoever
//! makes copies of bodies asks for them first; to whoever reads they are gone already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::log::Log;
use super::writer::Writer;
use super::{Ledger, OpenError, lock};
use crate::repair::Repair;

impl Ledger {
    /// Entries whose redaction is on record, or may be, and whose bodies are still there, each with the reason in words: since the
    /// ledger was opened, or since a redaction failed. What was redacted must not go out: they read as if they were erased.
    #[must_use]
    pub fn failed_erasures(&self) -> BTreeMap<u64, String> {
        self.failed_with(&lock(&self.writer))
    }

    /// The same for whoever has the writer.
    pub(super) fn failed_with(&self, writer: &Writer) -> BTreeMap<u64, String> {
        let mut failed: BTreeMap<u64, String> = BTreeMap::new();
        for repair in &self.repairs {
            if let Repair::ErasureFailed { index, .. } = repair {
                failed.insert(*index, repair.to_string());
            }
        }
        failed.extend(writer.erasing.map(|index| {
            let what = "is NOT erased yet, and its redaction may be on record: it failed half way. Opening the ledger again finishes it";
            (index, format!("#{index} {what}"))
        }));
        failed
    }
}

impl Writer {
    /// What follows is not to be relied on until every step of it has succeeded. `of`: an entry whose body is to go with it. Should a step
    /// fail, its words are given out no more: its redaction may be on record.
    pub(super) fn begin_erasing(&mut self, of: Option<u64>) {
        (self.poisoned, self.erasing) = (true, of);
        self.amendments = None; // they may have its words
        if let Some(of) = of {
            Arc::make_mut(&mut self.log.snapshot.withheld).insert(of);
        }
    }

    /// Every step has succeeded.
    pub(super) fn end_erasing(&mut self) {
        if let Some(of) = self.erasing.take() {
            Arc::make_mut(&mut self.log.snapshot.withheld).remove(&of);
        }
        self.poisoned = false;
    }
}

/// Carries out redactions that were interrupted. One that cannot be keeps nobody from reading. Gives back whether every write
/// succeeded: if not, what is on disk is unknown, and the log was read again.
pub(super) fn finish_erasures(log: &mut Log) -> Result<bool, OpenError> {
    let mut repairs = Vec::new();
    let mut written = true;
    let mut waiting = log.unfinished_erasures()?.into_iter();
    while let Some(index) = waiting.next() {
        let done = match log.stored(index) {
            Ok(_) => log.erase(index).map_err(|e| e.to_string()),
            Err(unreadable) => match log.forget_views(index) {
                // Nothing more can be done, and nothing that was tried went wrong.
                Ok(had_it) => {
                    let rest = if had_it { "; the index of views had a copy of it, and was removed" } else { "" };
                    repairs.push(Repair::ErasureFailed { index, why: format!("{unreadable}{rest}") });
                    continue;
                }
                Err(e) => Err(format!("{unreadable}; and the index of views, which may have a copy of it: {e}")),
            },
        };
        match done {
            Ok(()) => repairs.push(Repair::ErasureFinished { index }),
            Err(why) => {
                repairs.push(Repair::ErasureFailed { index, why });
                written = false;
                let rest = waiting.by_ref();
                repairs.extend(rest.map(|index| Repair::ErasureFailed { index, why: "it was not tried".into() }));
            }
        }
    }
    if !written {
        let before = std::mem::take(&mut log.repairs);
        *log = Log::open(log.store.clone())?;
        log.repairs = before;
    }
    let failed = |repair: &Repair| match repair {
        Repair::ErasureFailed { index, .. } => Some(*index),
        _ => None,
    };
    log.snapshot.withheld = Arc::new(repairs.iter().filter_map(failed).collect::<BTreeSet<u64>>());
    log.repairs.extend(repairs);
    Ok(written)
}
