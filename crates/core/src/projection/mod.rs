//! The projection: an index in the store from which views are answered without reading the whole log.
//!
//! It holds nothing that the log does not: it can be thrown away and built again, and audit never looks at it. It follows behind: what it
//! covers, and the list of its runs, change in one atomic step. What comes after it is posted in memory.

mod builder;
mod cache;
mod chunk;
mod content;
mod groups;
mod join;
mod place;
mod posting;
mod reader;
mod rows;
mod runs;
mod sorting;
mod varint;
mod walk;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

pub(crate) use builder::Builder;
pub(crate) use content::Held;
pub(crate) use groups::{Group, Groups, damaged};
pub(crate) use join::Take;
pub(crate) use posting::{Kind, Order, Posting};
pub(crate) use reader::{Range, Ranges, Reader, Tail};
pub(crate) use walk::Lies;

use crate::body::Record;
use crate::event::Event;
use crate::store::{Store, StoreError, Table, Write};
use cache::Cache;
use runs::Runs;
use varint::Varints;

/// The layout of the projection. One of another version is built anew.
const VERSION: u16 = 3;
/// Bundles whose times stand in one row.
const CLOCK_ROW: usize = 128;

/// What is stored of the projection beside its runs and rows.
#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u16,
    /// Entries before this index are in it.
    reached: u64,
    /// How many links there are.
    links: u64,
    runs: Vec<u8>,
}

/// The projection of the sealed part of the log, at one moment.
#[derive(Clone, Default)]
pub(crate) struct Projection {
    runs: Runs,
    /// Chunks of those, and of the runs of earlier states.
    cache: Arc<Cache>,
    reached: u64,
    /// Entries that join names.
    aliases: Arc<BTreeMap<u64, Event>>,
    /// Entries whose bodies were erased, ascending.
    gone: Arc<Vec<u64>>,
    /// When the last entry of each bundle was recorded, in microseconds.
    clock: Arc<Vec<i64>>,
    links: u64,
    /// Entries that others refer to, once a query has asked for so many that it is worth reading the list.
    linked: Arc<OnceLock<HashSet<u64>>>,
    generation: u64,
    generations: Generations,
}

/// The states that a projection went through, and which of them still have all their chunks: a reader goes on with the state it began
/// with, and has to begin again if chunks of that were removed meanwhile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Generations(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    latest: AtomicU64,
    /// Older ones have lost chunks.
    oldest_whole: AtomicU64,
}

impl Generations {
    /// The number of a new state.
    fn next(&self) -> u64 {
        self.0.latest.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Chunks are about to be removed that no state from this one on has.
    fn lose_before(&self, generation: u64) {
        self.0.oldest_whole.fetch_max(generation, Ordering::SeqCst);
    }

    /// Every chunk is about to be removed.
    pub(crate) fn lose_all(&self) {
        self.lose_before(self.next());
    }

    fn is_whole(&self, generation: u64) -> bool {
        self.0.oldest_whole.load(Ordering::SeqCst) <= generation
    }
}

impl Projection {
    /// Reads the projection in the store: `None` if there is none that this program can use.
    pub(crate) fn open(store: &dyn Store, sealed: u64) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = store.get(Table::State, place::MANIFEST)? else { return Ok(None) };
        let manifest: Option<Manifest> = bincode::deserialize(&bytes).ok();
        let Some(manifest) = manifest.filter(|m| m.version == VERSION && m.reached <= sealed) else { return Ok(None) };
        let Some(runs) = Runs::decode(&manifest.runs) else { return Ok(None) };
        runs.trim(store)?;
        let mut aliases = BTreeMap::new();
        for (key, value) in place::rows(store, place::ALIAS)? {
            let (Some([index]), Ok(record)) = (place::numbers(place::ALIAS, &key), Record::decode(&value)) else {
                return Ok(None);
            };
            aliases.insert(index, record.event);
        }
        let mut gone = Vec::new();
        for key in place::keys(store, place::GONE)? {
            let Some([index]) = place::numbers(place::GONE, &key) else { return Ok(None) };
            gone.push(index);
        }
        let mut clock = Vec::new();
        for (_, value) in place::rows(store, place::CLOCK)? {
            clock.extend(value.as_chunks::<8>().0.iter().map(|micros| i64::from_le_bytes(*micros)));
        }
        if clock.len() as u64 != manifest.reached / crate::ledger::log::BUNDLE {
            return Ok(None);
        }
        Ok(Some(Self {
            runs,
            reached: manifest.reached,
            aliases: Arc::new(aliases),
            gone: Arc::new(gone),
            clock: Arc::new(clock),
            links: manifest.links,
            linked: Arc::default(),
            ..Self::default()
        }))
    }

    /// Whether there is, or was, a projection in the store, readable or not.
    pub(crate) fn is_there(store: &dyn Store) -> bool {
        !matches!(store.get(Table::State, place::MANIFEST), Ok(None))
            || !matches!(store.keys(Table::Projection, &[], 1).as_deref(), Ok([]))
    }

    /// Removes every trace of a projection.
    pub(crate) fn clear(store: &dyn Store) -> Result<(), StoreError> {
        store.apply(Table::State, vec![Self::removal()])?;
        for prefix in [place::LINK, place::ALIAS, place::GONE, place::NAME, place::CLOCK, place::TIMES] {
            let keys = place::keys(store, prefix)?;
            store.apply(Table::State, keys.into_iter().map(|key| (key, None)).collect())?;
        }
        Runs::default().trim(store)
    }

    /// The same as the next state after others.
    pub(crate) fn following(self, generations: &Generations) -> Self {
        Self { generation: generations.next(), generations: generations.clone(), ..self }
    }

    /// The write by which there is no projection any more.
    pub(crate) fn removal() -> Write {
        (place::MANIFEST.to_vec(), None)
    }

    /// Entries before this index are in it.
    pub(crate) fn reached(&self) -> u64 {
        self.reached
    }

    /// How many entries of a bundle were recorded by a time, in microseconds; `None` if that has to be read from the bundle, because
    /// the index is just being built anew.
    pub(crate) fn known_in_bundle(store: &dyn Store, bundle: u64, until: i64) -> Result<Option<u64>, StoreError> {
        let Some(times) = store.get(Table::State, &place::numbered(place::TIMES, bundle))? else { return Ok(None) };
        let (mut rest, mut time, mut known) = (Varints(&times), 0i64, 0);
        while !rest.is_empty() {
            time = time.wrapping_add(rest.signed().ok_or_else(damaged)?);
            if time > until {
                break;
            }
            known += 1;
        }
        Ok(Some(known))
    }

    /// How many of the bundles it covers end no later than this.
    pub(crate) fn bundles_known(&self, until: i64) -> u64 {
        self.clock.partition_point(|last| *last <= until) as u64
    }
}
