//! Whether bundles that come from a copy are sound and follow one another, from the first entry on.

use super::CopyError;
use crate::audit::Checked;
use crate::bundle::Bundle;
use crate::entry::{Head, LedgerId};
use crate::limits::BUNDLE_ENTRIES;
use crate::time::Instant;

/// How far a chain has been followed.
pub(crate) struct Chain {
    /// What is read, for messages.
    from: String,
    pub(crate) head: Head,
    /// When the last entry was recorded.
    pub(crate) recorded: Option<Instant>,
    /// Whether a bundle came that was not full: it must be the last.
    ended: bool,
}

impl Chain {
    pub(crate) fn new(id: LedgerId, from: String) -> Self {
        Self { from, head: Head { size: 0, hash: id.genesis() }, recorded: None, ended: false }
    }

    /// Takes the next bundle, with what its own check found.
    pub(crate) fn take(&mut self, bundle: &Bundle, checked: &Checked) -> Result<(), CopyError> {
        if bundle.first != self.head.size || self.ended {
            return Err(self.unsound(self.head.size, "entries are missing from here on"));
        }
        if let Some(finding) = checked.findings.first() {
            return Err(self.unsound(finding.index, finding.problem.to_string()));
        }
        if bundle.previous != self.head.hash {
            let what = if self.head.size == 0 { "it belongs to another ledger" } else { "the chain is broken" };
            return Err(self.unsound(bundle.first, what));
        }
        if let (Some(last), Some((first, _))) = (self.recorded, checked.recorded)
            && first < last
        {
            return Err(self.unsound(bundle.first, "it was recorded earlier than the entry before it"));
        }
        self.ended = bundle.entries.len() < BUNDLE_ENTRIES;
        self.recorded = checked.recorded.map(|(_, last)| last).or(self.recorded);
        self.head = Head { size: bundle.end(), hash: bundle.entries.last().map_or(self.head.hash, |e| e.hash) };
        Ok(())
    }

    /// Whether it ends where it should.
    pub(crate) fn end(&self, expected: Option<Head>) -> Result<(), CopyError> {
        match expected {
            Some(head) if head != self.head => {
                let what = format!("it ends with {}, and should end with {head}", self.head);
                Err(self.unsound(self.head.size.min(head.size), what))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn unsound(&self, index: u64, what: impl ToString) -> CopyError {
        CopyError::Unsound { from: self.from.clone(), index, what: what.to_string() }
    }
}
