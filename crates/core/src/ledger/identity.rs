//! The index that finds repeats: from an event's identity to the entry that holds it.
//!
//! An identity is an external id, or the event's own bytes where it has none. The index keeps 64-bit fingerprints, keyed
//! with a secret of the ledger, each with an entry index; a match is always checked against the entry itself. A
//! redacted entry's row is dropped, so that no guess at its text can be confirmed here.
//!
//! Rows live in sorted runs, one per sealing, merged eight at a time into runs eight times as large: writing stays
//! sequential, a look-up reads one chunk per run, and there are few runs. In front of each large run stands a filter, which knows
//! of most new events that they are new. The unsealed tail is in memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use fastbloom::BloomFilter;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::body;
use crate::event::Event;
use crate::store::{Row, Store, StoreError, Table, Write};

/// A keyed 64-bit digest of an event's identity.
pub(super) type Fingerprint = u64;

/// Says of a fingerprint that it is not there, or may be.
type Filter = BloomFilter<Prehashed>;

/// A fingerprint and the entry it belongs to.
pub(super) type IdentityRow = (Fingerprint, u64);

const ROW_BYTES: usize = 16;
/// Most chunks of a run, as a power of two.
const MAX_BITS: u8 = 31;
/// Rows that a chunk holds at least, on average, and up to twice as many: a look-up reads 3 to 5 KB, and the engine, which reads
/// up to 16 neighbours at once, not more than 80. A run of a single bundle is one chunk.
const CHUNK_ROWS: u64 = 160;
/// Rows from which on a run has a filter: a smaller one is read as fast.
const FILTER_ROWS: u64 = 4096;
/// Where a run's filter lies: beyond any chunk.
const FILTER: u32 = u32::MAX;
/// New events that a filter takes for known ones, for which a chunk is read in vain.
const FALSE_ALARMS: f64 = 0.01;
/// Runs of one size before they are merged.
const FAN_IN: usize = 8;

/// Makes fingerprints under a ledger's secret.
#[derive(Clone, Copy)]
pub(super) struct Fingerprinter {
    id: SipHasher13,
    content: SipHasher13,
}

impl Fingerprinter {
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        let (id, content) = secret.split_at(16);
        let keyed = |half: &[u8]| SipHasher13::new_with_key(&half.try_into().unwrap_or_default());
        Self { id: keyed(id), content: keyed(content) }
    }

    /// The fingerprint of an event, given its own bytes.
    pub(super) fn of<R>(&self, event: &Event<R>, event_bytes: &[u8]) -> Fingerprint {
        match &event.id {
            Some(id) => self.of_id(id.as_str()),
            None => self.content.hash(event_bytes),
        }
    }

    pub(super) fn of_id(&self, id: &str) -> Fingerprint {
        self.id.hash(id.as_bytes())
    }
}

/// Rows in memory: of the tail, and of batches that are not written yet.
#[derive(Default)]
pub(super) struct Rows {
    first: HashMap<Fingerprint, u64, Prehashed>,
    /// Two events with one fingerprint: hardly ever.
    more: Vec<IdentityRow>,
}

impl Rows {
    pub(super) fn reserve(&mut self, n: usize) {
        self.first.reserve(n);
    }

    pub(super) fn append(&mut self, rows: Self) {
        if self.first.is_empty() {
            *self = rows;
        } else {
            rows.into_iter().for_each(|row| self.insert(row));
        }
    }

    pub(super) fn insert(&mut self, row: IdentityRow) {
        match self.first.entry(row.0) {
            Entry::Vacant(slot) => {
                slot.insert(row.1);
            }
            Entry::Occupied(_) => self.more.push(row),
        }
    }

    pub(super) fn find(&self, fingerprint: Fingerprint) -> impl Iterator<Item = u64> {
        let more = self.more.iter().filter(move |row| row.0 == fingerprint).map(|row| row.1);
        self.first.get(&fingerprint).copied().into_iter().chain(more)
    }

    pub(super) fn remove(&mut self, row: IdentityRow) {
        self.more.retain(|r| *r != row);
        if self.first.get(&row.0) == Some(&row.1) {
            self.first.remove(&row.0);
            if let Some(at) = self.more.iter().position(|r| r.0 == row.0) {
                let next = self.more.swap_remove(at);
                self.first.insert(next.0, next.1);
            }
        }
    }
}

impl IntoIterator for Rows {
    type Item = IdentityRow;
    type IntoIter =
        std::iter::Chain<std::collections::hash_map::IntoIter<Fingerprint, u64>, std::vec::IntoIter<IdentityRow>>;
    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.more)
    }
}

/// Fingerprints are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct Prehashed;

#[derive(Default)]
struct PrehashedHasher(u64);

impl std::hash::BuildHasher for Prehashed {
    type Hasher = PrehashedHasher;
    fn build_hasher(&self) -> PrehashedHasher {
        PrehashedHasher(0)
    }
}

impl std::hash::Hasher for PrehashedHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |h, b| h.rotate_left(8) ^ u64::from(*b));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A sorted run in the store, cut into `2^bits` chunks by the leading bits of the fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    id: u32,
    bits: u8,
    rows: u64,
}

impl Run {
    fn chunk_of(self, fingerprint: Fingerprint) -> u32 {
        // At most 32 bits: see `bits_for`.
        fingerprint.checked_shr(64 - u32::from(self.bits)).map_or(0, |c| u32::try_from(c).unwrap_or(u32::MAX))
    }

    fn key(self, chunk: u32) -> Vec<u8> {
        [self.id.to_be_bytes(), chunk.to_be_bytes()].concat()
    }

    fn chunks(self) -> impl Iterator<Item = u32> {
        0..u32::try_from(1u64 << self.bits).unwrap_or(u32::MAX)
    }

    fn has_filter(self) -> bool {
        self.rows >= FILTER_ROWS
    }

    /// Runs of one class are merged together.
    fn class(self) -> u32 {
        self.rows.max(1).ilog2() / FAN_IN.ilog2()
    }
}

fn bits_for(rows: u64) -> u8 {
    let bits = (rows / CHUNK_ROWS).max(1).ilog2();
    u8::try_from(bits).unwrap_or(MAX_BITS).min(MAX_BITS)
}

/// Which runs there are. Stored in the state table with the head, so that both change together.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Runs {
    next: u32,
    live: Vec<Run>,
    /// Merged into others; their chunks may be removed once this manifest is durable.
    merged: Vec<Run>,
    /// By run, those that were needed since the ledger was opened; `None` where there is none.
    #[serde(skip)]
    filters: RefCell<HashMap<u32, Option<Arc<Filter>>>>,
}

impl Runs {
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let runs: Self = bincode::deserialize(bytes).ok()?;
        runs.live.iter().chain(&runs.merged).all(|r| r.bits <= MAX_BITS).then_some(runs)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        bincode::serialize(self).unwrap_or_default()
    }

    /// Every entry that may have this fingerprint.
    pub(super) fn find(&self, store: &dyn Store, fingerprint: Fingerprint) -> Result<Vec<u64>, StoreError> {
        let mut found = Vec::new();
        for run in &self.live {
            if self.may_have(store, *run, fingerprint)? {
                found.extend(load(store, *run, run.chunk_of(fingerprint))?.of(fingerprint));
            }
        }
        Ok(found)
    }

    /// The same for many fingerprints, reading each chunk once.
    pub(super) fn find_many(
        &self,
        store: &dyn Store,
        fingerprints: &[Fingerprint],
    ) -> Result<HashMap<Fingerprint, Vec<u64>>, StoreError> {
        let mut sorted = fingerprints.to_vec();
        sorted.sort_unstable();
        let mut found: HashMap<Fingerprint, Vec<u64>> = HashMap::new();
        for run in &self.live {
            let filter = self.filter(store, *run)?;
            let may_have = |f: &Fingerprint| filter.as_ref().is_none_or(|filter| filter.contains_hash(*f));
            let asked: Vec<Fingerprint> = sorted.iter().copied().filter(may_have).collect();
            for same in asked.chunk_by(|a, b| run.chunk_of(*a) == run.chunk_of(*b)) {
                let Some(first) = same.first() else { continue };
                let chunk = load(store, *run, run.chunk_of(*first))?;
                for fingerprint in same {
                    let mut entries = chunk.of(*fingerprint).peekable();
                    if entries.peek().is_some() {
                        found.entry(*fingerprint).or_default().extend(entries);
                    }
                }
            }
        }
        Ok(found)
    }

    /// Whether a run can have a fingerprint.
    fn may_have(&self, store: &dyn Store, run: Run, fingerprint: Fingerprint) -> Result<bool, StoreError> {
        Ok(self.filter(store, run)?.is_none_or(|filter| filter.contains_hash(fingerprint)))
    }

    /// What stands before a run, if it has any.
    fn filter(&self, store: &dyn Store, run: Run) -> Result<Option<Arc<Filter>>, StoreError> {
        if let Some(known) = self.filters.borrow().get(&run.id) {
            return Ok(known.clone());
        }
        let stored = if run.has_filter() { store.get(Table::Identity, &run.key(FILTER))? } else { None };
        let filter = stored.and_then(|bytes| decode_filter(&bytes)).map(Arc::new);
        self.filters.borrow_mut().insert(run.id, filter.clone());
        Ok(filter)
    }

    /// Adds rows as a new run, merging where there are many of a size. Writes chunks; the caller stores the manifest.
    pub(super) fn add(&mut self, store: &dyn Store, mut rows: Vec<IdentityRow>) -> Result<(), StoreError> {
        for run in std::mem::take(&mut self.merged) {
            store.apply(Table::Identity, run.chunks().chain([FILTER]).map(|c| (run.key(c), None)).collect())?;
        }
        let mut class = Run { id: 0, bits: 0, rows: rows.len() as u64 }.class();
        loop {
            let same: Vec<Run> = self.live.iter().copied().filter(|r| r.class() == class).collect();
            if same.len() + 1 < FAN_IN {
                break;
            }
            for run in &same {
                for chunk in run.chunks() {
                    rows.extend(load(store, *run, chunk)?.rows());
                }
                self.filters.get_mut().remove(&run.id);
            }
            self.live.retain(|r| r.class() != class);
            self.merged.extend(same);
            class = Run { id: 0, bits: 0, rows: rows.len() as u64 }.class();
        }
        rows.sort_unstable();
        let run = Run { id: self.next, bits: bits_for(rows.len() as u64), rows: rows.len() as u64 };
        self.next = self.next.wrapping_add(1);
        let mut rest = rows.as_slice();
        let chunks = run.chunks().map(|chunk| {
            let (here, later) = rest.split_at(rest.partition_point(|(f, _)| run.chunk_of(*f) <= chunk));
            rest = later;
            (run.key(chunk), encode_rows(here))
        });
        let mut stored: Vec<Row> = chunks.collect();
        if run.has_filter() {
            let filter = filter_of(&rows);
            stored.push((run.key(FILTER), encode_filter(&filter)));
            self.filters.get_mut().insert(run.id, Some(Arc::new(filter)));
        }
        store.fill(Table::Identity, stored)?;
        self.live.push(run);
        Ok(())
    }

    /// Forgets an entry. Returns the chunks to write. The filter of its run goes, too, since it knows every row.
    pub(super) fn drop_row(&self, store: &dyn Store, row: IdentityRow) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::new();
        for (run, merged) in self.live.iter().map(|r| (r, false)).chain(self.merged.iter().map(|r| (r, true))) {
            let chunk = run.chunk_of(row.0);
            if merged && store.get(Table::Identity, &run.key(chunk))?.is_none() {
                continue; // removed already
            }
            let mut rows: Vec<IdentityRow> = load(store, *run, chunk)?.rows().collect();
            let before = rows.len();
            rows.retain(|r| *r != row);
            if rows.len() < before {
                writes.push((run.key(chunk), Some(encode_rows(&rows))));
                writes.extend(run.has_filter().then(|| (run.key(FILTER), None)));
                self.filters.borrow_mut().insert(run.id, None);
            }
        }
        Ok(writes)
    }

    /// Removes runs that were begun and never entered into a manifest.
    pub(super) fn trim(&self, store: &dyn Store) -> Result<(), StoreError> {
        loop {
            let keys = store.keys(Table::Identity, &self.next.to_be_bytes(), 64)?;
            if keys.is_empty() {
                return Ok(());
            }
            store.apply(Table::Identity, keys.into_iter().map(|key| (key, None)).collect())?;
        }
    }
}

fn load(store: &dyn Store, run: Run, chunk: u32) -> Result<Chunk, StoreError> {
    let bytes = store.get(Table::Identity, &run.key(chunk))?;
    // Every chunk is written, empty ones too: taking a lost one for empty would let repeats in.
    bytes.map(Chunk).ok_or_else(|| StoreError::Engine("a part of the index that finds repeats is missing, so that nothing can be appended safely; the entries are not touched: `sayso compact` builds it anew, with the same entries and hashes".into()))
}

/// A filter of some rows; fingerprints are hashes already.
fn filter_of(rows: &[IdentityRow]) -> Filter {
    let mut filter = BloomFilter::with_false_pos(FALSE_ALARMS).hasher(Prehashed).expected_items(rows.len().max(1));
    for (fingerprint, _) in rows {
        filter.insert_hash(*fingerprint);
    }
    filter
}

/// How many bits stand for a fingerprint, then the bits.
fn encode_filter(filter: &Filter) -> Vec<u8> {
    std::iter::once(u64::from(filter.num_hashes())).chain(filter.iter()).flat_map(u64::to_le_bytes).collect()
}

/// `None` if these are other bytes: the run is then looked into.
fn decode_filter(bytes: &[u8]) -> Option<Filter> {
    let (words, []) = bytes.as_chunks::<8>() else { return None };
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    let hashes = u32::try_from(words.next()?).ok().filter(|hashes| (1..=64).contains(hashes))?;
    let bits: Vec<u64> = words.collect();
    if bits.is_empty() { None } else { Some(BloomFilter::from_vec(bits).hasher(Prehashed).hashes(hashes)) }
}

/// Sorted rows as stored.
struct Chunk(Vec<u8>);

impl Chunk {
    fn rows(&self) -> impl Iterator<Item = IdentityRow> + '_ {
        self.0.as_chunks::<ROW_BYTES>().0.iter().map(row)
    }

    /// The entries under a fingerprint.
    fn of(&self, fingerprint: Fingerprint) -> impl Iterator<Item = u64> + '_ {
        let rows = self.0.as_chunks::<ROW_BYTES>().0;
        let from = rows.partition_point(|bytes| row(bytes).0 < fingerprint);
        rows.iter().skip(from).map(row).take_while(move |(f, _)| *f == fingerprint).map(|(_, index)| index)
    }
}

fn row(bytes: &[u8; ROW_BYTES]) -> IdentityRow {
    let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    (word(bytes), bytes.get(8..).map_or(0, word))
}

fn encode_rows(rows: &[IdentityRow]) -> Vec<u8> {
    rows.iter().flat_map(|(f, i)| [f.to_le_bytes(), i.to_le_bytes()]).flatten().collect()
}

/// The part of a body that is the event itself, without version and recorder: what makes two records the same.
pub(super) fn event_bytes(body: &[u8]) -> Option<&[u8]> {
    let (version, rest) = body.split_first()?;
    let (has_recorder, rest) = rest.split_first()?;
    if *version != body::BODY_VERSION {
        return None;
    }
    match has_recorder {
        0 => Some(rest),
        _ => {
            let (length, rest) = rest.split_first_chunk()?;
            rest.get(usize::try_from(u64::from_le_bytes(*length)).ok()?..)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    /// Spreads small numbers over the whole range, as fingerprints are.
    fn spread(i: u64) -> u64 {
        i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn rows_are_found_through_many_merges() {
        let store = MemoryStore::default();
        let mut runs = Runs::default();
        let mut next = 0u64;
        for size in std::iter::repeat_n(256, 200).chain([100_000, 256, 3, 1]) {
            runs.add(&store, (next..next + size).map(|i| (spread(i), i)).collect()).unwrap();
            next += size;
        }
        assert!(runs.live.len() < 3 * FAN_IN, "{} runs", runs.live.len());
        for i in (0..next).step_by(997) {
            assert_eq!(runs.find(&store, spread(i)).unwrap(), [i]);
        }
        assert!(runs.find(&store, spread(next)).unwrap().is_empty());
        let asked: Vec<u64> = (0..next + 50).map(spread).collect();
        let found = runs.find_many(&store, &asked).unwrap();
        assert_eq!(found.len() as u64, next);
        assert!((0..next).all(|i| found[&spread(i)] == [i]));
        let reopened = Runs::decode(&runs.encode()).unwrap();
        assert_eq!((reopened.next, &reopened.live), (runs.next, &runs.live));
        for asked in [&asked[..50], &asked] {
            assert_eq!(reopened.find_many(&store, asked).unwrap().len(), asked.len().min(next as usize));
        }
        assert!(reopened.filters.borrow().values().any(Option::is_some));
        assert_eq!(reopened.find(&store, spread(7)).unwrap(), [7]);
    }

    #[test]
    fn a_dropped_row_is_gone_from_the_store() {
        let store = MemoryStore::default();
        let mut runs = Runs::default();
        runs.add(&store, (0..10_000).map(|i| (spread(i), i)).collect()).unwrap();
        let is_filter = |key: &Vec<u8>| key.ends_with(&FILTER.to_be_bytes());
        assert!(store.keys(Table::Identity, &[], 1000).unwrap().iter().any(is_filter));
        let writes = runs.drop_row(&store, (spread(500), 500)).unwrap();
        assert_eq!(writes.len(), 2);
        store.apply(Table::Identity, writes).unwrap();
        assert!(runs.find(&store, spread(500)).unwrap().is_empty());
        assert_eq!(runs.find(&store, spread(501)).unwrap(), [501]);
        assert!(!store.keys(Table::Identity, &[], 1000).unwrap().iter().any(is_filter), "it would know the row");
    }

    #[test]
    fn equal_fingerprints_are_all_found() {
        let store = MemoryStore::default();
        let mut runs = Runs::default();
        runs.add(&store, vec![(7, 1), (7, 2)]).unwrap();
        runs.add(&store, vec![(7, 3), (u64::MAX, 4), (0, 5)]).unwrap();
        let mut all = runs.find(&store, 7).unwrap();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        assert_eq!(runs.find(&store, u64::MAX).unwrap(), [4]);
        assert_eq!(runs.find(&store, 0).unwrap(), [5]);
    }
}
