//! Sorted runs of postings in the store: one for each large piece of the log, merged four at a time into runs four times as
//! large. Writing stays sequential, and a look-up reads a chunk or two of each run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, ChunkWriter, Finished, Groups, RawPosting, key_in_place};
use super::posting::{Order, Posting, Row};
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
    pub(super) fn add(
        &mut self,
        store: &dyn Store,
        by_question: Vec<Row>,
        by_source: Vec<Row>,
    ) -> Result<(), StoreError> {
        if by_source.is_empty() {
            return Ok(());
        }
        let run = Run { id: self.next, rows: by_source.len() as u64 };
        self.next = self.next.wrapping_add(1);
        let write = |order, mut rows: Vec<Row>| {
            rows.par_sort_unstable_by(|a, b| (&a.key, a.posting.index).cmp(&(&b.key, b.posting.index)));
            rows.dedup_by(|a, b| a.key == b.key && a.posting.index == b.posting.index);
            let mut writer = RunWriter::new(store, order, run.id);
            rows.iter().try_for_each(|row| writer.push(&row.key, &row.posting.raw()))?;
            writer.finish()
        };
        let (a, b) = rayon::join(|| write(Order::Question, by_question), || write(Order::Source, by_source));
        a.and(b)?;
        self.live.push(run);
        Ok(())
    }

    /// Removes runs whose merging is durable, and merges where there are many of a size.
    pub(super) fn tidy(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.merged) {
            remove(store, id)?;
        }
        while let Some(class) = self.crowded() {
            let same: Vec<Run> = self.live.iter().copied().filter(|r| r.class() == class).collect();
            let merged = Run { id: self.next, rows: same.iter().map(|r| r.rows).sum() };
            self.next = self.next.wrapping_add(1);
            let merge = |order| {
                let mut writer = RunWriter::new(store, order, merged.id);
                merge(store, order, &same, |row| writer.push(&row.key, &row.posting.raw()))?;
                writer.finish()
            };
            let (a, b) = rayon::join(|| merge(Order::Question), || merge(Order::Source));
            a.and(b)?;
            self.live.retain(|r| r.class() != class);
            self.live.push(merged);
            self.merged.extend(same.iter().map(|r| r.id));
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
    mut visit: impl FnMut(Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut cursors: Vec<Cursor<'_>> = runs.iter().map(|run| Cursor::new(store, order, run.id)).collect();
    let mut heads = BinaryHeap::new();
    for (n, cursor) in cursors.iter_mut().enumerate() {
        heads.extend(cursor.next()?.map(|row| Reverse(Head { row, cursor: n })));
    }
    while let Some(Reverse(Head { row, cursor })) = heads.pop() {
        visit(row)?;
        if let Some(cursors) = cursors.get_mut(cursor) {
            heads.extend(cursors.next()?.map(|row| Reverse(Head { row, cursor })));
        }
    }
    Ok(())
}

/// The next row of a run that is being merged.
struct Head {
    row: Row,
    cursor: usize,
}

impl Head {
    fn rank(&self) -> (&[u8], u64) {
        (&self.row.key, self.row.posting.index)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}
impl Eq for Head {}
impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

/// Reads a run from its beginning.
struct Cursor<'a> {
    store: &'a dyn Store,
    end: Vec<u8>,
    from: Option<Vec<u8>>,
    chunks: std::vec::IntoIter<Vec<u8>>,
    rows: std::vec::IntoIter<Row>,
}

impl<'a> Cursor<'a> {
    fn new(store: &'a dyn Store, order: Order, run: u32) -> Self {
        let end = [run.to_be_bytes().as_slice(), &[order as u8 + 1]].concat();
        let from = Some(place(order, run, &[]));
        Self { store, end, from, chunks: Vec::new().into_iter(), rows: Vec::new().into_iter() }
    }

    fn next(&mut self) -> Result<Option<Row>, StoreError> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            if let Some(chunk) = self.chunks.next() {
                let chunk = Chunk::unpack(&chunk)?;
                let (mut groups, mut rows) = (Groups::default(), Vec::new());
                chunk.read(|_| true, &mut groups)?;
                for group in &groups.groups {
                    let key = chunk.keep(group.key);
                    rows.extend(groups.postings(group).iter().map(|p| {
                        let Posting { kind, index, last, day, content } = *p;
                        let posting = Posting { kind, index, last, day, content: chunk.keep(content) };
                        Row { key: key.clone(), posting }
                    }));
                }
                self.rows = rows.into_iter();
                continue;
            }
            let Some(from) = self.from.take() else { return Ok(None) };
            let stored = self.store.scan(Table::Projection, &from, READ_STEP)?;
            let mine: Vec<Stored> = stored.into_iter().take_while(|(key, _)| *key < self.end).collect();
            if mine.len() == READ_STEP {
                self.from = mine.last().map(|(key, _)| [key.as_slice(), &[0]].concat());
            }
            self.chunks = mine.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into_iter();
        }
    }
}
