//! Sorted runs of postings in the store: one for each large piece of the log, merged four at a time into runs four times as
//! large. Writing stays sequential, and a look-up reads a chunk or two of each run.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, ChunkWriter, Finished, RawPosting, key_in_place};
use super::posting::Order;
use super::rows::Rows;
use crate::store::{Row as Stored, Store, StoreError, Table};

/// Runs of one size before they are merged.
const FAN_IN: usize = 4;
/// Chunks written at a time.
const WRITE_STEP: usize = 256;
/// Chunks read at a time by a scan.
const READ_STEP: usize = 32;

/// A sorted run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    id: u32,
    rows: u64,
}

impl Run {
    fn class(self) -> u32 {
        self.rows.max(1).ilog2() / FAN_IN.ilog2()
    }
}

/// Which runs there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Runs {
    /// The next run's number: whatever stands in the store from there on was begun and never finished.
    next: u32,
    live: Vec<Run>,
    /// Merged into others; their chunks are removed once this list is durable.
    merged: Vec<u32>,
}

/// Where a chunk of a run lies.
fn place(order: Order, run: u32, within: &[u8]) -> Vec<u8> {
    [run.to_be_bytes().as_slice(), &[order as u8], within].concat()
}

/// Length of a place before the key.
const PLACE_BYTES: usize = 5;

impl Runs {
    pub(super) fn encode(&self) -> Vec<u8> {
        bincode::serialize(self).unwrap_or_default() // plain numbers: cannot fail
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        bincode::deserialize(bytes).ok()
    }

    /// Adds rows as a new run.
    pub(super) fn add(&mut self, store: &dyn Store, pieces: &[Rows]) -> Result<(), StoreError> {
        let count: usize = pieces.iter().map(Rows::count).sum();
        if count == 0 {
            return Ok(());
        }
        let run = Run { id: self.next, rows: count as u64 };
        self.next = self.next.wrapping_add(1);
        let write = |order| {
            let mut rows: Vec<(&[u8], RawPosting<'_>)> = pieces.iter().flat_map(|piece| piece.iter(order)).collect();
            rows.par_sort_unstable_by_key(|(key, posting)| (*key, posting.index));
            rows.dedup_by_key(|(key, posting)| (*key, posting.index));
            let mut writer = RunWriter::new(store, order, run.id);
            rows.iter().try_for_each(|(key, posting)| writer.push(key, posting))?;
            writer.finish()
        };
        let (a, b) = rayon::join(|| write(Order::Question), || write(Order::Source));
        a.and(b)?;
        self.live.push(run);
        Ok(())
    }

    /// Whether runs are to be removed that a reader may still be looking at.
    pub(super) fn has_merged(&self) -> bool {
        !self.merged.is_empty()
    }

    /// The number of the next run.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Removes runs whose merging is durable, and merges runs where there are many of a size. `first`: the first run that is in no
    /// list that is durable.
    pub(super) fn tidy(&mut self, store: &dyn Store, first: u32) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.merged) {
            remove(store, id)?;
        }
        while let Some(class) = self.crowded() {
            self.merge(store, first, class)?;
        }
        Ok(())
    }

    /// Merges the runs of a size into one. Those from `first` on are in no list that is durable, and go at once.
    fn merge(&mut self, store: &dyn Store, first: u32, class: u32) -> Result<(), StoreError> {
        let (chosen, others): (Vec<Run>, Vec<Run>) = self.live.iter().partition(|run| run.class() == class);
        let merged = Run { id: self.next, rows: chosen.iter().map(|r| r.rows).sum() };
        self.next = self.next.wrapping_add(1);
        let merge = |order| {
            let mut writer = RunWriter::new(store, order, merged.id);
            merge(store, order, &chosen, |key, posting| writer.push(key, posting))?;
            writer.finish()
        };
        let (a, b) = rayon::join(|| merge(Order::Question), || merge(Order::Source));
        a.and(b)?;
        self.live = others;
        self.live.push(merged);
        for run in chosen {
            if run.id >= first { remove(store, run.id)? } else { self.merged.push(run.id) }
        }
        Ok(())
    }

    /// A size of which there are enough runs.
    fn crowded(&self) -> Option<u32> {
        let count = |class| self.live.iter().filter(|r| r.class() == class).count();
        self.live.iter().map(|r| r.class()).find(|class| count(*class) >= FAN_IN)
    }

    /// Removes runs that were begun and never finished.
    pub(super) fn trim(&self, store: &dyn Store) -> Result<(), StoreError> {
        remove_from(store, &self.next.to_be_bytes(), None)
    }

    /// Every stored chunk that may hold a key from `from` to before `to`, of each run in order.
    pub(super) fn chunks(
        &self,
        store: &dyn Store,
        order: Order,
        from: &[u8],
        to: &[u8],
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut packed: Vec<Vec<u8>> = Vec::new();
        for run in &self.live {
            let high = place(order, run.id, to);
            each_chunk(store, start(store, order, run.id, from)?, |key, value| {
                let wanted = key < high.as_slice();
                if wanted {
                    packed.push(value);
                }
                wanted
            })?;
        }
        Ok(packed)
    }

    /// Keys in a range that cut it into pieces of some `pieces` chunks, all runs together: for sharing out a long scan.
    pub(super) fn cuts(
        &self,
        store: &dyn Store,
        order: Order,
        [from, to]: [&[u8]; 2],
        pieces: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let Some(largest) = self.live.iter().max_by_key(|r| r.rows) else { return Ok(vec![]) };
        let all: u64 = self.live.iter().map(|r| r.rows).sum();
        let step = (pieces as u64 * largest.rows).div_ceil(all.max(1)).max(1);
        let high = place(order, largest.id, to);
        let mut cuts: Vec<Vec<u8>> = Vec::new();
        let mut next = place(order, largest.id, from);
        let mut seen = 0u64;
        let mut page = 4; // most ranges end within a chunk or two
        loop {
            let keys = store.keys(Table::Projection, &next, page)?;
            for key in &keys {
                if *key >= high {
                    return Ok(cuts);
                }
                seen += 1;
                let within = key_in_place(key.get(PLACE_BYTES..).unwrap_or_default());
                if seen.is_multiple_of(step) && within > from && cuts.last().is_none_or(|last| last != within) {
                    cuts.push(within.to_vec());
                }
            }
            match keys.last() {
                Some(last) if keys.len() == page => next = [last.as_slice(), &[0]].concat(),
                _ => return Ok(cuts),
            }
            page = WRITE_STEP;
        }
    }
}

/// Where reading a run must begin to see all that stands under `key` or later.
fn start(store: &dyn Store, order: Order, run: u32, key: &[u8]) -> Result<Vec<u8>, StoreError> {
    let low = place(order, run, key);
    // The chunk before may end with keys that belong here.
    let before = store.floor(Table::Projection, &low)?;
    Ok(before.filter(|k| k.starts_with(low.get(..PLACE_BYTES).unwrap_or_default())).unwrap_or(low))
}

/// Calls `visit` with stored chunks from a place on, as long as it says so.
fn each_chunk(
    store: &dyn Store,
    mut from: Vec<u8>,
    mut visit: impl FnMut(&[u8], Vec<u8>) -> bool,
) -> Result<(), StoreError> {
    let mut step = 2;
    loop {
        let rows: Vec<Stored> = store.scan(Table::Projection, &from, step)?;
        let last = rows.len() < step;
        for (key, value) in rows {
            from = [key.as_slice(), &[0]].concat();
            if !visit(&key, value) {
                return Ok(());
            }
        }
        if last {
            return Ok(());
        }
        step = (2 * step).min(READ_STEP);
    }
}

fn remove(store: &dyn Store, run: u32) -> Result<(), StoreError> {
    remove_from(store, &run.to_be_bytes(), run.checked_add(1).map(u32::to_be_bytes))
}

fn remove_from(store: &dyn Store, from: &[u8], to: Option<[u8; 4]>) -> Result<(), StoreError> {
    loop {
        let keys = store.keys(Table::Projection, from, WRITE_STEP)?;
        let before = |k: &Vec<u8>| to.is_none_or(|to| k.as_slice() < to.as_slice());
        let writes: Vec<_> = keys.into_iter().filter(before).map(|k| (k, None)).collect();
        if writes.is_empty() {
            return Ok(());
        }
        store.apply(Table::Projection, writes)?;
    }
}

/// Writes one order of a run.
struct RunWriter<'a> {
    store: &'a dyn Store,
    order: Order,
    run: u32,
    chunk: ChunkWriter,
    finished: Vec<Stored>,
}

impl<'a> RunWriter<'a> {
    fn new(store: &'a dyn Store, order: Order, run: u32) -> Self {
        Self { store, order, run, chunk: ChunkWriter::new(), finished: Vec::new() }
    }

    fn push(&mut self, key: &[u8], posting: &RawPosting<'_>) -> Result<(), StoreError> {
        let finished = self.chunk.push(key, posting);
        self.keep(finished);
        if self.finished.len() == WRITE_STEP {
            self.store.fill(Table::Projection, std::mem::take(&mut self.finished))?;
        }
        Ok(())
    }

    fn keep(&mut self, finished: Option<Finished>) {
        let (order, run) = (self.order, self.run);
        self.finished.extend(finished.map(|(key, value)| (place(order, run, &key), value)));
    }

    fn finish(mut self) -> Result<(), StoreError> {
        let finished = self.chunk.finish();
        self.keep(finished);
        self.store.fill(Table::Projection, self.finished)
    }
}

/// Gives the rows of several runs in order.
fn merge(
    store: &dyn Store,
    order: Order,
    runs: &[Run],
    mut visit: impl FnMut(&[u8], &RawPosting<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut cursors: Vec<Cursor<'_>> = Vec::new();
    for run in runs {
        cursors.push(Cursor::new(store, order, run.id)?);
    }
    let mut steps: Vec<(usize, Step)> = Vec::new();
    loop {
        let Some(key) = cursors.iter().filter_map(Cursor::key).min() else { return Ok(()) };
        let mut parts: Vec<(usize, Vec<RawPosting<'_>>, usize)> = Vec::new();
        // A run may have more under this key in its next chunk: what lies behind that waits, or it would come out of order.
        let mut until = u64::MAX;
        for (n, cursor) in cursors.iter().enumerate().filter(|(_, cursor)| cursor.key() == Some(key)) {
            let Some((postings, end)) = cursor.chunk.group_at(cursor.place)? else { continue };
            if cursor.chunk.ends_at(end) {
                until = until.min(postings.last().map_or(u64::MAX, |p| p.index));
            }
            parts.push((n, postings, end));
        }
        let mut now: Vec<&RawPosting<'_>> = Vec::new();
        steps.clear();
        for (n, postings, end) in &parts {
            let taken = cursors.get(*n).map_or(0, |cursor| cursor.taken);
            let due = postings.partition_point(|p| p.index <= until);
            now.extend(postings.get(taken..due).unwrap_or_default());
            steps.push((*n, if due == postings.len() { Step::To(*end) } else { Step::Within(due.max(taken)) }));
        }
        now.sort_unstable_by_key(|p| p.index);
        now.iter().try_for_each(|posting| visit(key, posting))?;
        for (n, step) in steps.drain(..) {
            match (cursors.get_mut(n), step) {
                (Some(cursor), Step::To(end)) => cursor.go_on(end)?,
                (Some(cursor), Step::Within(taken)) => cursor.taken = taken,
                (None, _) => {}
            }
        }
    }
}

/// How far a cursor goes.
enum Step {
    /// To this place in its chunk.
    To(usize),
    /// It stays at its group, of which so many postings are taken.
    Within(usize),
}

/// Reads a run from its beginning.
struct Cursor<'a> {
    store: &'a dyn Store,
    /// Where the run ends.
    end: Vec<u8>,
    /// Where the next chunks are to be read from; `None` if there are no more.
    from: Option<Vec<u8>>,
    /// Chunks that were read and not unpacked yet.
    ahead: std::vec::IntoIter<Vec<u8>>,
    chunk: Chunk,
    /// Where in the chunk the next group begins.
    place: usize,
    /// How many of its postings were taken already.
    taken: usize,
}

impl<'a> Cursor<'a> {
    fn new(store: &'a dyn Store, order: Order, run: u32) -> Result<Self, StoreError> {
        let end = [run.to_be_bytes().as_slice(), &[order as u8 + 1]].concat();
        let from = Some(place(order, run, &[]));
        let mut cursor =
            Self { store, end, from, ahead: vec![].into_iter(), chunk: Chunk::default(), place: 0, taken: 0 };
        cursor.go_on(0)?;
        Ok(cursor)
    }

    /// The key of the next group; `None` at the end of the run.
    fn key(&self) -> Option<&[u8]> {
        self.chunk.key_at(self.place)
    }

    /// Goes to a place in the chunk, and on to the next chunk if that is its end.
    fn go_on(&mut self, to: usize) -> Result<(), StoreError> {
        (self.place, self.taken) = (to, 0);
        while self.key().is_none() {
            if let Some(packed) = self.ahead.next() {
                (self.chunk, self.place) = (Chunk::unpack(&packed)?, 0);
                continue;
            }
            let Some(from) = self.from.take() else { return Ok(()) };
            let stored = self.store.scan(Table::Projection, &from, READ_STEP)?;
            let mine: Vec<Stored> = stored.into_iter().take_while(|(key, _)| *key < self.end).collect();
            if mine.len() == READ_STEP {
                self.from = mine.last().map(|(key, _)| [key.as_slice(), &[0]].concat());
            }
            self.ahead = mine.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into_iter();
        }
        Ok(())
    }
}
