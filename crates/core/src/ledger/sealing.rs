//! Bundles on their way into the store: compressed on all cores, while those before are written and those behind are still
//! being planned. What is written here does not exist until the head of the log has moved over it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Scope;

use rayon::prelude::*;

use super::{DamageError, OpenError, lock};
use crate::bundle::{Codec, StoredEntry, encode};
use crate::entry::Hash;
use crate::limits::BUNDLE_ENTRIES;
use crate::store::{Row, Store, StoreError, Table};

/// Groups compressed and not yet written, at most: bounds memory.
const AHEAD: usize = 1;

/// Consecutive entries that fill bundles.
pub(super) struct Group {
    /// The index of the first; a multiple of the bundle size.
    pub(super) first: u64,
    /// The hash before it.
    pub(super) previous: Hash,
    /// A multiple of the bundle size.
    pub(super) entries: Vec<StoredEntry>,
}

impl Group {
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The rows to store, compressed on all cores.
    fn rows(&self) -> Vec<Row> {
        let numbered = self.entries.par_chunks(BUNDLE_ENTRIES).enumerate();
        let row = |(number, entries): (usize, &[StoredEntry])| {
            let before = number * BUNDLE_ENTRIES;
            let first = self.first + before as u64;
            let last = before.checked_sub(1).and_then(|i| self.entries.get(i));
            let previous = last.map_or(self.previous, |e| e.hash);
            let entries: Vec<&StoredEntry> = entries.iter().collect();
            (first.to_be_bytes().to_vec(), encode(first, previous, &entries, Codec::Lz4))
        };
        numbered.map(row).collect()
    }

    /// Writes the bundles, at once.
    pub(super) fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.fill(Table::Log, self.rows())
    }
}

/// How far the writing has come.
#[derive(Default)]
struct Progress {
    /// Everything before this index is written.
    written: u64,
    failed: Option<StoreError>,
    /// Nothing more will be written.
    closed: bool,
}

/// Writes groups in threads of its own, in order.
pub(super) struct Sealing {
    groups: SyncSender<Group>,
    progress: Arc<(Mutex<Progress>, Condvar)>,
}

impl Sealing {
    pub(super) fn start<'scope>(scope: &'scope Scope<'scope, '_>, store: Arc<dyn Store>) -> Self {
        let (groups, to_compress) = sync_channel::<Group>(AHEAD);
        let (compressed, to_write) = sync_channel::<(u64, Vec<Row>)>(AHEAD);
        let progress = Arc::new((Mutex::new(Progress::default()), Condvar::new()));
        let closing = Closing(progress.clone());
        scope.spawn(move || {
            for group in to_compress {
                if compressed.send((group.end(), group.rows())).is_err() {
                    return; // the writer met an error and left
                }
            }
        });
        scope.spawn(move || closing.write_all(&*store, &to_write));
        Self { groups, progress }
    }

    /// Hands a group over, waiting while too many are on their way.
    pub(super) fn send(&self, group: Group) -> Result<(), StoreError> {
        self.groups.send(group).map_err(|_| self.failure())
    }

    /// Waits until an entry that was handed over is in the store.
    pub(super) fn wait_for(&self, index: u64) -> Result<(), OpenError> {
        let (progress, changed) = &*self.progress;
        let mut state = lock(progress);
        while state.written <= index && !state.closed {
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.written > index { Ok(()) } else { Err(DamageError::at(index, "it could not be written").into()) }
    }

    /// Waits until everything is written.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        let Self { groups, progress } = self;
        drop(groups);
        let (progress, changed) = &*progress;
        let mut state = lock(progress);
        while !state.closed {
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.failed.take().map_or(Ok(()), Err)
    }

    fn failure(&self) -> StoreError {
        lock(&self.progress.0).failed.take().unwrap_or_else(|| StoreError::Engine("writing ended early".into()))
    }
}

/// Says that nothing more will come, however the writing ends.
struct Closing(Arc<(Mutex<Progress>, Condvar)>);

impl Closing {
    fn write_all(self, store: &dyn Store, to_write: &Receiver<(u64, Vec<Row>)>) {
        for (end, rows) in to_write {
            let result = store.fill(Table::Log, rows);
            let mut state = lock(&self.0.0);
            if let Err(e) = result {
                state.failed = Some(e);
                return;
            }
            state.written = end;
            self.0.1.notify_all();
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        lock(&self.0.0).closed = true;
        self.0.1.notify_all();
    }
}
