//! What readers see: the log at one moment, and of it no more than may be given out.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::OpenError;
use super::indexing::Indexed;
use super::log::{BUNDLE, load_bundle};
use crate::bundle::StoredEntry;
use crate::entry::{Hash, Head};
use crate::projection::{Projection, Tail};
use crate::store::Store;
use crate::time::Instant;

/// What readers see: a consistent moment of the log.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) head: Head,
    pub(super) sealed: u64,
    /// The hash before the first entry of the tail.
    pub(super) tail_previous: Hash,
    pub(super) tail: Vec<Arc<StoredEntry>>,
    /// Entries whose redaction is on record, or may be, and whose bodies are still there: they read as if they were erased.
    pub(super) withheld: Arc<BTreeSet<u64>>,
    /// What views of the tail are answered from, made when it is first asked for.
    pub(super) posted: Arc<OnceLock<Option<Arc<Tail>>>>,
}

impl Snapshot {
    /// What the tail is posted as; `None` if an entry cannot be read.
    pub(super) fn posted(&self) -> Option<Arc<Tail>> {
        let post = || Tail::of(self.sealed, self.tail.iter().map(|e| &**e)).map(Arc::new);
        self.posted.get_or_init(post).clone()
    }

    /// How many entries had been recorded by then.
    pub(super) fn known_entries(&self, store: &dyn Store, indexed: &Indexed, until: Instant) -> Result<u64, OpenError> {
        let first = indexed.known_in_bundles(until);
        let recorded_by = |e: &StoredEntry| e.recorded <= until;
        if first < indexed.projection.reached()
            && let Some(known) = Projection::known_in_bundle(store, first / BUNDLE, until.micros())?
        {
            return Ok(first + known);
        }
        if first < self.sealed {
            let bundle = load_bundle(store, first)?;
            return Ok(first + bundle.entries.partition_point(recorded_by) as u64);
        }
        Ok(self.sealed + self.tail.partition_point(|e| recorded_by(e)) as u64)
    }

    /// An entry as it is given out, and the hash before it.
    pub(super) fn entry(&self, store: &dyn Store, index: u64) -> Result<Option<(Hash, Arc<StoredEntry>)>, OpenError> {
        let found = if index >= self.sealed {
            self.in_tail(index)
        } else {
            let bundle = load_bundle(store, index / BUNDLE * BUNDLE)?;
            bundle.at(index).map(|(previous, entry)| (previous, Arc::new(entry.clone())))
        };
        Ok(found.map(|(previous, stored)| (previous, self.given_out(index, previous, stored))))
    }

    /// What may be told of an entry: the one place where that is decided for all who read.
    pub(super) fn given_out(&self, index: u64, previous: Hash, stored: Arc<StoredEntry>) -> Arc<StoredEntry> {
        if self.withheld.contains(&index) { Arc::new(stored.erased(index, previous)) } else { stored }
    }

    /// An entry of the tail as stored, and the hash before it.
    pub(super) fn in_tail(&self, index: u64) -> Option<(Hash, Arc<StoredEntry>)> {
        let at = usize::try_from(index.checked_sub(self.sealed)?).ok()?;
        let before = at.checked_sub(1).and_then(|b| self.tail.get(b)).map_or(self.tail_previous, |e| e.hash);
        self.tail.get(at).map(|entry| (before, entry.clone()))
    }
}
