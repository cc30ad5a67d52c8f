//! Sorted runs of postings in the store: one for each large piece of the log, merged into a larger one as soon as that has no more than
//! five times their size. Writing stays sequential, and a look-up reads a chunk of each of two or three runs.

use serde::{Deserialize, Serialize};

use super::cache::{Cache, Shelf};
use super::chunk::{ChunkWriter, Finished, RawPosting};
use super::groups::damaged;
use super::join::Supply;
use super::posting::{Order, Posting};
use super::rows::Rows;
use super::sorting::Sorted;
use super::varint::{Varints, put_slice};
use super::walk::{Chunk, Lies, Walk};
use crate::store::{Row as Stored, Store, StoreError, Table};

/// A run is merged into the next larger one if that has at most so many times its rows. Each run costs a look-up as much again, and
/// with this there are two or three; each row is written some eight times while a million come in by ten thousand.
const GROWTH: u64 = 5;
/// Runs of so many rows are merged only where there are too many runs: what is built from the log at once stays as it was written.
const LARGE: u64 = 400_000;
const MOST_RUNS: usize = 4;
/// Chunks written at a time.
const WRITE_STEP: usize = 256;
/// Chunks read at a time by a merge.
const READ_STEP: usize = 32;
/// Chunks from one fence to the next: enough work for a thread to be worth handing over.
const FENCE_CHUNKS: u64 = 16;

/// A sorted run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    id: u32,
    rows: u64,
}

/// Which runs there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Runs {
    /// The next run's number: whatever stands in the store from there on was begun and never finished.
    next: u32,
    /// The largest first.
    live: Vec<Run>,
    /// Merged into others; their chunks are removed once this list is durable.
    merged: Vec<u32>,
}

/// Where a chunk of a run lies.
pub(super) fn place((run, order): Shelf, within: &[u8]) -> Vec<u8> {
    [run.to_be_bytes().as_slice(), &[order as u8], within].concat()
}

/// Where the fences of a run lie: places that cut it into pieces, beside its chunks.
fn fence_place(order: Order, run: u32) -> Vec<u8> {
    [run.to_be_bytes().as_slice(), &[order as u8 + FENCES]].concat()
}

/// Behind the chunks in both orders.
const FENCES: u8 = 2;

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
            let sorted = Sorted::of(pieces, order);
            let mut writer = RunWriter::new(store, order, run.id);
            for (key, posting) in sorted.iter() {
                writer.push(key, &posting)?;
            }
            writer.finish()
        };
        let (a, b) = rayon::join(|| write(Order::Question), || write(Order::Source));
        a.and(b)?;
        self.insert(run);
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
    pub(super) fn tidy(&mut self, store: &dyn Store, cache: &Cache, first: u32) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.merged) {
            remove(store, id)?;
            cache.forget(id);
        }
        let due = self.due();
        if due > 1 { self.merge(store, first, due) } else { Ok(()) }
    }

    /// How many of the smallest runs are to become one.
    fn due(&self) -> usize {
        let mut sizes = self.live.iter().rev().map(|run| run.rows);
        let mut rows = sizes.next().unwrap_or_default();
        let is_crowded = self.live.len() > MOST_RUNS;
        let joins = |next: &u64| {
            let joins = *next <= rows.saturating_mul(GROWTH) && (is_crowded || rows < LARGE);
            rows += next;
            joins
        };
        1 + sizes.take_while(joins).count()
    }

    /// Merges the smallest runs into one. Those from `first` on are in no list that is durable, and go at once.
    fn merge(&mut self, store: &dyn Store, first: u32, count: usize) -> Result<(), StoreError> {
        let chosen = self.live.split_off(self.live.len().saturating_sub(count));
        let merged = Run { id: self.next, rows: chosen.iter().map(|r| r.rows).sum() };
        self.next = self.next.wrapping_add(1);
        let merge = |order| {
            let mut writer = RunWriter::new(store, order, merged.id);
            merge(store, order, &chosen, |key, posting| writer.push(key, posting))?;
            writer.finish()
        };
        let (a, b) = rayon::join(|| merge(Order::Question), || merge(Order::Source));
        a.and(b)?;
        self.insert(merged);
        for run in chosen {
            if run.id >= first { remove(store, run.id)? } else { self.merged.push(run.id) }
        }
        Ok(())
    }

    fn insert(&mut self, run: Run) {
        let at = self.live.partition_point(|larger| larger.rows >= run.rows);
        self.live.insert(at, run);
    }

    /// Removes runs that were begun and never finished.
    pub(super) fn trim(&self, store: &dyn Store) -> Result<(), StoreError> {
        remove_from(store, &self.next.to_be_bytes(), None)
    }

    /// One order of each run.
    pub(super) fn supplies<'r>(
        &'r self,
        store: &'r dyn Store,
        cache: &'r Cache,
        order: Order,
    ) -> impl Iterator<Item = Supply<'r>> {
        self.live.iter().map(move |run| Supply::Stored { store, cache, shelf: (run.id, order) })
    }

    /// Keys in a range that cut it into pieces of [`FENCE_CHUNKS`] chunks of the largest run: for sharing out a long scan.
    pub(super) fn cuts(
        &self,
        store: &dyn Store,
        order: Order,
        [from, to]: [&[u8]; 2],
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let Some(largest) = self.live.first() else { return Ok(vec![]) };
        let Some(fences) = store.get(Table::Projection, &fence_place(order, largest.id))? else { return Ok(vec![]) };
        let (mut cuts, mut rest) = (Vec::new(), Varints(&fences));
        while !rest.is_empty() {
            let key = rest.slice().ok_or_else(damaged)?;
            if from < key && key < to {
                cuts.push(key.to_vec());
            }
        }
        Ok(cuts)
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
    chunks: u64,
    fences: Vec<u8>,
}

impl<'a> RunWriter<'a> {
    fn new(store: &'a dyn Store, order: Order, run: u32) -> Self {
        Self { store, order, run, chunk: ChunkWriter::default(), finished: Vec::new(), chunks: 0, fences: Vec::new() }
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
        let Some((within, value)) = finished else { return };
        self.chunks += 1;
        if self.chunks.is_multiple_of(FENCE_CHUNKS) {
            put_slice(&mut self.fences, &within);
        }
        self.finished.push((place((self.run, self.order), &within), value));
    }

    fn finish(mut self) -> Result<(), StoreError> {
        let finished = self.chunk.finish(None);
        self.keep(finished);
        self.store.fill(Table::Projection, self.finished)?;
        self.store.fill(Table::Projection, vec![(fence_place(self.order, self.run), self.fences)])
    }
}

/// Gives the rows of several runs in order.
fn merge(
    store: &dyn Store,
    order: Order,
    runs: &[Run],
    mut visit: impl FnMut(&[u8], &RawPosting<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut cursors = runs.iter().map(|run| Cursor::new(store, order, run.id)).collect::<Result<Vec<_>, _>>()?;
    let mut before = Vec::new(); // the key that what is in front lies before
    loop {
        let mut first: Option<(&[u8], u64, usize)> = None;
        let mut second: Option<(&[u8], u64)> = None;
        for (n, cursor) in cursors.iter().enumerate() {
            let Some((key, posting)) = cursor.row() else { continue };
            let row = (key, posting.index);
            match first {
                Some((k, i, _)) if (k, i) < row => second = Some(second.map_or(row, |s| s.min(row))),
                _ => {
                    second = first.map(|(k, i, _)| (k, i));
                    first = Some((key, posting.index, n));
                }
            }
        }
        let Some((_, _, chosen)) = first else { return Ok(()) };
        let until = second.map(|(key, index)| {
            before.clear();
            before.extend_from_slice(key);
            (before.as_slice(), index)
        });
        let Some(cursor) = cursors.get_mut(chosen) else { return Ok(()) };
        // As long as it stays in front, the others need not be looked at.
        while let Some((key, posting)) = cursor.row() {
            if until.is_some_and(|second| second < (key, posting.index)) {
                break;
            }
            visit(key, &posting)?;
            cursor.go_on()?;
        }
    }
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
    /// The chunk that it is in.
    chunk: Option<Chunk>,
    /// The group there, and its postings.
    walk: Walk,
    postings: Vec<Posting<Lies>>,
    /// Which of those is the next row.
    posting: usize,
}

impl<'a> Cursor<'a> {
    fn new(store: &'a dyn Store, order: Order, run: u32) -> Result<Self, StoreError> {
        let end = [run.to_be_bytes().as_slice(), &[order as u8 + 1]].concat();
        let from = Some(place((run, order), &[]));
        let (ahead, walk, postings) = (vec![].into_iter(), Walk::default(), vec![]);
        let mut cursor = Self { store, end, from, ahead, chunk: None, walk, postings, posting: 0 };
        cursor.fetch()?;
        Ok(cursor)
    }

    /// The next row; `None` at the end of the run.
    fn row(&self) -> Option<(&[u8], RawPosting<'_>)> {
        let posting = self.postings.get(self.posting)?;
        Some((&self.walk.key, self.chunk.as_ref()?.raw(posting)))
    }

    /// Goes to the row after it.
    fn go_on(&mut self) -> Result<(), StoreError> {
        self.posting += 1;
        if self.posting < self.postings.len() { Ok(()) } else { self.fetch() }
    }

    /// Unpacks the next group.
    fn fetch(&mut self) -> Result<(), StoreError> {
        self.postings.clear();
        self.posting = 0;
        while self.postings.is_empty() {
            if let Some(chunk) = &self.chunk
                && self.walk.go_on(chunk)?
            {
                self.walk.read(chunk, 0, u64::MAX, &mut self.postings)?;
                continue;
            }
            let Some(bytes) = self.next_chunk()? else { return Ok(()) };
            let chunk = Chunk::new(bytes)?;
            self.walk.begin(&chunk, &[]);
            self.chunk = Some(chunk);
        }
        Ok(())
    }

    fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(chunk) = self.ahead.next() {
            return Ok(Some(chunk));
        }
        let Some(from) = self.from.take() else { return Ok(None) };
        let mut read = Vec::with_capacity(READ_STEP);
        self.store.visit(Table::Projection, &from, &mut |key, chunk| {
            let is_mine = key < self.end.as_slice();
            if is_mine {
                read.push(chunk.to_vec());
                self.from = (read.len() == READ_STEP).then(|| [key, &[0]].concat());
            }
            is_mine && self.from.is_none()
        })?;
        self.ahead = read.into_iter();
        Ok(self.ahead.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many runs there are at most while so many rows come in batch by batch, and how often each row is written.
    fn grown(batch: u64, batches: u64) -> (usize, u64) {
        let (mut runs, mut most, mut written) = (Runs::default(), 0, 0);
        for _ in 0..batches {
            runs.insert(Run { id: 0, rows: batch });
            written += batch;
            let due = runs.due();
            if due > 1 {
                let rows = runs.live.split_off(runs.live.len() - due).iter().map(|run| run.rows).sum();
                runs.insert(Run { id: 0, rows });
                written += rows;
            }
            most = most.max(runs.live.len());
        }
        assert_eq!(runs.live.iter().map(|run| run.rows).sum::<u64>(), batch * batches);
        (most, written.div_ceil(batch * batches))
    }

    #[test]
    fn a_look_up_meets_few_runs_and_an_import_writes_them_seldom() {
        assert_eq!(grown(10_000, 100), (3, 9));
        assert_eq!(grown(10_000, 1_000), (4, 13));
        assert_eq!(grown(524_288, 2), (2, 1), "built at once, a million rows are not written twice");
        let (most, written) = grown(524_288, 40);
        assert!(most <= MOST_RUNS && written <= 6, "{most} runs, {written} times");
    }
}
