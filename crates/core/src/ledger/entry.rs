//! An entry of a ledger, read back.

use std::sync::Arc;

use super::DamageError;
use crate::body::Record;
use crate::bundle::{StoredBody, StoredEntry};
use crate::entry::{FLAG_IMPORTED_CLOCK, Hash, Header, Salt};
use crate::time::Instant;

/// An entry, read back.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) index: u64,
    pub(super) previous: Hash,
    pub(super) stored: Arc<StoredEntry>,
}

impl Entry {
    /// Its place in the log.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// When this ledger learned of it.
    #[must_use]
    pub fn recorded(&self) -> Instant {
        self.stored.recorded
    }

    /// Its hash, as stored; audit checks it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.stored.hash
    }

    /// Whether its recorded time came from another system.
    #[must_use]
    pub fn has_imported_clock(&self) -> bool {
        self.stored.flags & FLAG_IMPORTED_CLOCK != 0
    }

    /// The header that the hash is taken of.
    #[must_use]
    pub fn header(&self) -> Header {
        self.stored.header(self.index, self.previous)
    }

    /// The salt, unless the body was erased.
    #[must_use]
    pub fn salt(&self) -> Option<Salt> {
        match &self.stored.body {
            StoredBody::Present(salt, _) => Some(*salt),
            StoredBody::Erased(_) => None,
        }
    }

    /// The body bytes, unless they were erased.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.stored.body()
    }

    /// The event and its recorder; `None` if the body was erased.
    ///
    /// # Errors
    /// [`DamageError`] if the stored bytes are no event.
    pub fn record(&self) -> Result<Option<Record>, DamageError> {
        let decoded = self.body().map(Record::decode).transpose();
        decoded.map_err(|e| DamageError::at(self.index, &e.to_string()))
    }
}
