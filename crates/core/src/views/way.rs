//! The two ways to an answer: by the index of views, which costs what is shown, and through the whole log, which is plainly right. Both
//! give the same.

use std::collections::BTreeSet;

use crate::event::Question;
use crate::ledger::{Ledger, OpenError};
use crate::replay::{Query, Replay, fold, replay, replay_on};

/// How an answer is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the index, where it tells.
    Index,
    /// From the entries of the log alone.
    Log,
}

impl Way {
    pub(super) fn replay(self, ledger: &Ledger, query: &Query) -> Result<Replay, OpenError> {
        match self {
            Self::Index => replay(ledger, query),
            Self::Log => fold(ledger, query),
        }
    }

    /// The same where only these questions matter.
    pub(super) fn replay_on(
        self,
        ledger: &Ledger,
        query: &Query,
        on: &BTreeSet<Question>,
    ) -> Result<Replay, OpenError> {
        match self {
            Self::Index => replay_on(ledger, query, on),
            Self::Log => fold(ledger, query),
        }
    }

    /// What the index tells, if it is to be asked.
    pub(super) fn indexed<T>(self, ask: impl FnOnce() -> Result<Option<T>, OpenError>) -> Result<Option<T>, OpenError> {
        if self == Self::Index { ask() } else { Ok(None) }
    }
}
