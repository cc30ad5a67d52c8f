//! Keeps the index of views up with the log. It follows behind: nobody who appends waits for it, and whoever asks for views has it
//! brought up first where it lies more than a few bundles behind. Those few are posted in memory, as the unsealed tail is.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::OpenError;
use super::log::{BUNDLE, load_bundle};
use crate::bundle::{Bundle, StoredEntry};
use crate::limits::BUNDLE_ENTRIES;
use crate::projection::{Builder, Generations, Projection, Tail};
use crate::repair::Repair;
use crate::store::{Store, StoreError, Table, Write};
use crate::time::Instant;

/// Sealed bundles it may lie behind: posting so many in memory takes some milliseconds, and runs that are no smaller are merged seldom.
const MAX_BEHIND: u64 = 16;
/// Bundles read at a time.
const READ_STEP: usize = 64;
/// Bundles after which it is made durable as far as it goes: bounds memory.
const PART_BUNDLES: usize = 2048;
/// A thread that waits for others needs little.
const WAITING_STACK_BYTES: usize = 256 << 10;

/// The index of views, and how far it has come.
pub(super) struct Index {
    store: Arc<dyn Store>,
    /// `None` if it cannot be had: views are then made from the whole log.
    projection: Option<Arc<Projection>>,
    generations: Generations,
    /// Sealed bundles behind it that were asked for.
    posted: BTreeMap<u64, Posted>,
}

/// A sealed bundle that is not in the index yet.
#[derive(Clone)]
struct Posted {
    tail: Arc<Tail>,
    /// When its last entry was recorded.
    last: Instant,
}

/// The index at one moment, with what comes after it.
pub(super) struct Indexed {
    pub(super) projection: Arc<Projection>,
    /// The sealed bundles behind it, in order.
    pub(super) behind: Vec<Arc<Tail>>,
    /// When the last entry of each of them was recorded.
    lasts: Vec<Instant>,
}

impl Index {
    /// Reads what there is of it. One that this program cannot use is removed, and built when it is next asked for.
    pub(super) fn open(store: Arc<dyn Store>, sealed: u64) -> Result<(Self, Option<Repair>), OpenError> {
        let mut index = Self { store, projection: None, generations: Generations::default(), posted: BTreeMap::new() };
        let stored = Projection::open(&*index.store, sealed);
        if let Ok(Some(known)) = stored {
            index.projection = Some(Arc::new(known.following(&index.generations)));
            return Ok((index, None));
        }
        let was_there = Projection::is_there(&*index.store);
        match index.begin_anew() {
            // The engine cannot read it, so it cannot be removed either.
            Ok(()) | Err(StoreError::Engine(_)) => {}
            Err(e) => return Err(e.into()),
        }
        let repair = (was_there && sealed > 0).then_some(Repair::ProjectionRebuilt);
        Ok((index, repair))
    }

    /// Removes every trace of it, and begins with nothing.
    fn begin_anew(&mut self) -> Result<(), StoreError> {
        self.projection = None;
        self.posted.clear();
        self.generations.lose_all();
        Projection::clear(&*self.store)?;
        self.projection = Some(Arc::new(Projection::default().following(&self.generations)));
        Ok(())
    }

    /// Takes an entry out of memory whose body is being erased. Whether the stored index has a copy, too: that has to begin anew.
    pub(super) fn forget(&mut self, index: u64) -> bool {
        self.posted.clear();
        if self.projection.as_ref().is_some_and(|known| index >= known.reached()) {
            return false;
        }
        self.projection = None;
        true
    }

    /// Removes what has a copy of an erased body. The write that must go with the end of the erasing: what the engine cannot read it
    /// cannot remove either, and that must not be taken for an index.
    pub(super) fn erase(&mut self) -> Result<Write, StoreError> {
        match self.begin_anew() {
            Ok(()) | Err(StoreError::Engine(_)) => Ok(Projection::removal()),
            Err(e) => Err(e),
        }
    }

    /// Entries before this index are in it.
    pub(super) fn reached(&self) -> u64 {
        self.projection.as_ref().map_or(0, |known| known.reached())
    }

    /// Whether it can be had.
    pub(super) fn is_whole(&self) -> bool {
        self.projection.is_some()
    }

    /// Builds it from scratch.
    pub(super) fn rebuild(&mut self, sealed: u64, progress: &dyn Fn(u64)) -> Result<(), OpenError> {
        self.begin_anew()?;
        self.catch_up(sealed, progress)
    }

    /// Brings it up, from the beginning where it could not be had so far.
    pub(super) fn bring_up(&mut self, sealed: u64, progress: &dyn Fn(u64)) -> Result<(), OpenError> {
        if self.projection.is_some() { self.catch_up(sealed, progress) } else { self.rebuild(sealed, progress) }
    }

    /// Brings it up to the sealed part of the log. `progress` is told how many entries were read.
    pub(super) fn catch_up(&mut self, sealed: u64, progress: &dyn Fn(u64)) -> Result<(), OpenError> {
        let Some(known) = self.projection.clone() else { return Ok(()) };
        if known.reached() >= sealed {
            return Ok(());
        }
        let threads = Threads::new();
        self.posted.clear();
        let firsts: Vec<u64> = (known.reached() / BUNDLE..sealed / BUNDLE).map(|b| b * BUNDLE).collect();
        for part in firsts.chunks(PART_BUNDLES) {
            if !self.take_part(part, &threads, progress)? {
                break;
            }
        }
        Ok(())
    }

    /// Takes some bundles, and makes that durable. There is no index any more if that fails, or one of them cannot be read: the replay
    /// from the log will meet it, and say so. It stays as it was if there are no threads to be had. Whether it goes on.
    fn take_part(&mut self, firsts: &[u64], threads: &Threads, progress: &dyn Fn(u64)) -> Result<bool, OpenError> {
        let Some(known) = self.projection.take() else { return Ok(false) };
        let store = &*self.store;
        let mut builder = Builder::new(Projection::clone(&known));
        let mut end = known.reached();
        for step in firsts.chunks(READ_STEP) {
            let taken = threads.run(|| -> Option<u64> {
                let bundles: Option<Vec<Bundle>> =
                    step.par_iter().map(|first| load_bundle(store, *first).ok()).collect();
                let bundles = bundles?;
                let entries: Vec<StoredEntry> = bundles.into_iter().flat_map(|b| b.entries).collect();
                builder.take(end, &entries);
                (!builder.is_unreadable()).then_some(entries.len() as u64)
            });
            let Some(taken) = taken else {
                self.projection = Some(known);
                return Ok(false);
            };
            let Some(taken) = taken else { return Ok(false) };
            end += taken;
            progress(end);
        }
        let Some(finished) = threads.run(|| builder.finish(store, end)) else {
            self.projection = Some(known);
            return Ok(false);
        };
        let Some((reached, writes)) = finished? else { return Ok(false) };
        store.sync()?;
        store.apply(Table::State, writes)?;
        store.sync()?;
        self.projection = Some(Arc::new(reached));
        Ok(true)
    }

    /// The index with what comes after it up to the end of the sealed part; `None` if an entry cannot be read.
    pub(super) fn at(&mut self, sealed: u64) -> Option<Indexed> {
        let far_behind = |index: &Self| {
            let behind = |known: &Arc<Projection>| sealed.saturating_sub(known.reached()) / BUNDLE;
            index.projection.as_ref().is_some_and(|known| behind(known) > MAX_BEHIND)
        };
        if far_behind(self) {
            // Where the disk is full, the engine cannot read it, or there are no threads to be had, views come from the log.
            let _ = self.catch_up(sealed, &|_| {});
            if far_behind(self) {
                return None;
            }
        }
        let projection = self.projection.clone()?;
        if projection.reached() > sealed {
            return None; // what is asked about lies before the last step, which nobody has seen yet
        }
        let firsts: Vec<u64> = (projection.reached()..sealed).step_by(BUNDLE_ENTRIES).collect();
        let missing: Vec<u64> = firsts.iter().copied().filter(|first| !self.posted.contains_key(first)).collect();
        let store = &*self.store;
        let made: Option<Vec<(u64, Posted)>> =
            missing.iter().map(|first| Some((*first, Posted::load(store, *first)?))).collect();
        self.posted.extend(made?);
        let posted: Vec<&Posted> = firsts.iter().filter_map(|first| self.posted.get(first)).collect();
        let behind = posted.iter().map(|p| p.tail.clone()).collect();
        let lasts = posted.iter().map(|p| p.last).collect();
        Some(Indexed { projection, behind, lasts })
    }
}

/// Threads of its own. Whoever brings the index up holds its lock, and a thread of a common pool that waits for work does other
/// people's work meanwhile: that could ask for the same lock.
struct Threads {
    pool: Option<rayon::ThreadPool>,
    /// For the thread that only waits.
    stack_bytes: usize,
}

impl Threads {
    fn new() -> Self {
        Self { pool: rayon::ThreadPoolBuilder::new().build().ok(), stack_bytes: WAITING_STACK_BYTES }
    }

    /// `None` if it was not done: here it could not be, and the system gives no thread to do it on.
    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Option<T> {
        let waits_plainly = rayon::current_thread_index().is_none();
        let Some(pool) = &self.pool else { return waits_plainly.then(work) };
        if waits_plainly {
            return Some(pool.install(work));
        }
        std::thread::scope(|scope| {
            let waiting = std::thread::Builder::new().stack_size(self.stack_bytes);
            match waiting.spawn_scoped(scope, || pool.install(work)).ok()?.join() {
                Ok(done) => Some(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

impl Posted {
    /// `None` if an entry cannot be read.
    fn load(store: &dyn Store, first: u64) -> Option<Self> {
        let bundle = load_bundle(store, first).ok()?;
        let last = bundle.entries.last()?.recorded;
        Some(Self { tail: Arc::new(Tail::of(first, bundle.entries.iter())?), last })
    }
}

impl Indexed {
    /// How many entries are in bundles whose last entry was recorded by then.
    pub(super) fn known_in_bundles(&self, until: Instant) -> u64 {
        let indexed = self.projection.bundles_known(until.micros()) * BUNDLE;
        if indexed < self.projection.reached() {
            return indexed;
        }
        indexed + self.lasts.partition_point(|last| *last <= until) as u64 * BUNDLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_system_gives_no_thread_nothing_stops() {
        let without = || Threads { stack_bytes: 1 << 50, ..Threads::new() };
        let common = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(common.install(|| Threads::new().run(|| 7)), Some(7));
        assert_eq!(common.install(|| without().run(|| 7)), None, "waiting here could be waiting for itself");
        assert_eq!(without().run(|| 7), Some(7), "a plain thread can wait");
        assert_eq!(Threads { pool: None, ..Threads::new() }.run(|| 7), Some(7));
    }
}
