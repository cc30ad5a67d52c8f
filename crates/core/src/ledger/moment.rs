//! The log at one moment, for whoever copies it. Later appends do not change it.

use std::sync::Arc;

use super::log::{BUNDLE, load_bundle};
use super::snapshot::Snapshot;
use super::{DamageError, Entry, OpenError};
use crate::bundle::{Bundle, StoredEntry};
use crate::entry::{Hash, Head, LedgerId};
use crate::store::Store;

/// A consistent moment of a log.
pub(crate) struct Moment {
    pub(crate) id: LedgerId,
    pub(super) store: Arc<dyn Store>,
    pub(super) snapshot: Arc<Snapshot>,
}

impl Moment {
    pub(crate) fn head(&self) -> Head {
        self.snapshot.head
    }

    /// How many entries are in sealed bundles.
    pub(crate) fn sealed(&self) -> u64 {
        self.snapshot.sealed
    }

    /// The bundle of entries from `first` on: a sealed one, or the whole tail.
    pub(crate) fn bundle(&self, first: u64) -> Result<Bundle, OpenError> {
        if first < self.snapshot.sealed {
            return load_bundle(&*self.store, first);
        }
        let entries: Vec<StoredEntry> = self.snapshot.tail.iter().map(|e| StoredEntry::clone(e)).collect();
        Ok(Bundle { first: self.snapshot.sealed, previous: self.snapshot.tail_previous, entries })
    }

    /// Where the bundles begin, the tail as one.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = u64> + use<> {
        (0..self.head().size.div_ceil(BUNDLE)).map(|n| n * BUNDLE)
    }

    /// The index after the last entry of the bundle at `first`.
    pub(crate) fn end_of(&self, first: u64) -> u64 {
        (first + BUNDLE).min(self.head().size)
    }

    /// The hash of the last entry when there were `size` entries.
    pub(crate) fn hash_at(&self, size: u64) -> Result<Hash, OpenError> {
        let Some(last) = size.checked_sub(1) else { return Ok(self.id.genesis()) };
        let found = self.snapshot.entry(&*self.store, last)?;
        Ok(found.ok_or_else(|| DamageError::at(last, "there is no such entry"))?.1.hash)
    }
}

impl Entry {
    /// An entry that was read from somewhere else than a ledger.
    pub(crate) fn new(index: u64, previous: Hash, stored: StoredEntry) -> Self {
        Self { index, previous, stored: Arc::new(stored) }
    }
}
