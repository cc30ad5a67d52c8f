//! Why a ledger cannot be opened, read or appended to.

use std::sync::Arc;

use super::append::Refusal;
use super::log::STORE_VERSION;
use crate::copy::{MirrorError, MirrorsUnknown};
use crate::entry::Head;
use crate::limits::MAX_BATCH_EVENTS;
use crate::store::StoreError;

/// Damage found while reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}; run `sayso audit` to see everything that is wrong", at.map(|i| format!("entry #{i}: ")).unwrap_or_default())]
pub struct DamageError {
    /// The first entry known to be affected.
    pub at: Option<u64>,
    what: String,
}

impl DamageError {
    pub(crate) fn new(what: &str) -> Self {
        Self { at: None, what: what.to_owned() }
    }

    pub(crate) fn at(index: u64, what: &str) -> Self {
        Self { at: Some(index), what: what.to_owned() }
    }
}

/// Why a ledger cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds no ledger.
    #[error("there is no ledger here")]
    NoLedger,
    /// The store holds one already.
    #[error("there is a ledger here already")]
    Exists,
    /// Written by a newer program.
    #[error("this ledger has format {found}, and this program reads up to {}; install a newer sayso", STORE_VERSION)]
    Newer {
        /// Its format.
        found: u16,
    },
    /// What is stored is not what was written.
    #[error(transparent)]
    Damaged(#[from] DamageError),
    /// No randomness for a new ledger's identity.
    #[error("the system gave no random bytes: {0}")]
    Entropy(std::io::Error),
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Events of the batch were refused. Nothing of it was appended.
    #[error("{}", .0.first().map(|r| r.reason.to_string()).unwrap_or_default())]
    Refused(Vec<Refusal>),
    /// The ledger has moved on from the head the caller expected.
    #[error("the ledger is not at the expected head: expected {expected}, found {actual}")]
    HeadMoved {
        /// What the caller expected.
        expected: Head,
        /// What is there.
        actual: Head,
    },
    /// A write or a sync failed earlier: nothing is acknowledged any more.
    #[error(
        "an earlier write failed, so this ledger takes no more entries until it is opened again; run the command again"
    )]
    Poisoned,
    /// A write or a sync failed now. Whether the entries are there shows when the ledger is opened again.
    #[error("writing failed: {0}; it is not certain that the entries were kept: open the ledger again and look")]
    Store(StoreError),
    /// A mirror is not to be relied on, so nothing was written.
    #[error("{0}; to go on without this mirror: `sayso mirror --stop DIR`")]
    Mirror(Arc<MirrorError>),
    /// It cannot be told which mirrors there are, so nothing was written.
    #[error(transparent)]
    MirrorsUnknown(#[from] MirrorsUnknown),
    /// The entries are in the ledger, and a mirror of it could not be written: they are not acknowledged.
    #[error(
        "{0}; the entries are in the ledger and not in this mirror, so they are not acknowledged: make room or connect the disk and run the command again, or go on without this mirror: `sayso mirror --stop DIR`"
    )]
    MirrorBehind(Arc<MirrorError>),
    /// A redaction is on record, and the body is not erased everywhere yet.
    #[error(
        "{problem}; the redaction of #{of} is recorded in the ledger as #{at}, and its body is not erased yet: here it will be when the ledger is opened again, and in each mirror before anything more is appended. It need not be redacted again"
    )]
    ErasureWaits {
        /// The entry whose body is to go.
        of: u64,
        /// The redaction.
        at: u64,
        /// What went wrong.
        problem: String,
    },
    /// The batch is too large for one step.
    #[error("{0} events are too many for one step; at most {MAX_BATCH_EVENTS} are taken: cut the file into parts")]
    TooMany(usize),
    /// What is stored is damaged.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No randomness for salts.
    #[error("the system gave no random bytes: {0}")]
    Entropy(std::io::Error),
    /// The ledger is a copy of another's.
    #[error("this ledger is a read-only copy of one that somebody else keeps")]
    ReadOnly,
}
