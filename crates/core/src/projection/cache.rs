//! Chunks that were read lately. The store has to look each of them up in its tree, and gives a copy: that would be most of what a short
//! look-up costs.
//!
//! A chunk is found by a key that lies before its place and behind the place before, so the cache has to know that no other chunk lies
//! between: each has the least key from which it is known to be the next.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::posting::Order;
use super::walk::Chunk;

/// Memory for chunks: the index of a million claims fits in.
const MOST_BYTES: usize = 64 << 20;
/// Behind every place: names have no such byte.
const END: &[u8] = &[u8::MAX];
/// What a chunk costs beside what is in it, roughly.
const EACH_BYTES: usize = 256;

/// The place of a chunk in its run.
pub(super) type Place = Arc<[u8]>;
/// One order of a run, by the run's number.
pub(super) type Shelf = (u32, Order);

/// Chunks of stored runs. What a run's number stands for must not change.
#[derive(Default)]
pub(super) struct Cache(Mutex<Shelves>);

#[derive(Default)]
struct Shelves {
    shelves: HashMap<Shelf, BTreeMap<Place, Cached>>,
    bytes: usize,
    /// All of them, in the order in which they came or were last passed over.
    queue: VecDeque<(Shelf, Place)>,
}

struct Cached {
    /// `None` where the run ends.
    chunk: Option<Arc<Chunk>>,
    /// No chunk lies from this key on to before its place.
    from: Vec<u8>,
    /// It was asked for since it came or was passed over.
    used: bool,
}

impl Cached {
    fn bytes(&self) -> usize {
        EACH_BYTES + self.chunk.as_ref().map_or(0, |chunk| chunk.size())
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // each step leaves it whole
    }

    /// The first chunk whose place is not less than a key: `Some(None)` if there is none, `None` if that is not known.
    pub(super) fn find(&self, shelf: Shelf, key: &[u8]) -> Option<Option<(Place, Arc<Chunk>)>> {
        let mut shelves = self.lock();
        let from: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(key), Bound::Unbounded);
        let (place, cached) = shelves.shelves.get_mut(&shelf)?.range_mut::<[u8], _>(from).next()?;
        if cached.from.as_slice() > key {
            return None;
        }
        cached.used = true;
        Some(cached.chunk.as_ref().map(|chunk| (place.clone(), chunk.clone())))
    }

    /// Notes that this chunk is the first whose place is not less than a key; `None`: that there is no such chunk.
    pub(super) fn put(&self, shelf: Shelf, key: &[u8], found: Option<(&Place, &Arc<Chunk>)>) {
        let mut shelves = self.lock();
        let (place, chunk) = found.map_or_else(|| (Place::from(END), None), |(p, c)| (p.clone(), Some(c.clone())));
        let on_shelf = shelves.shelves.entry(shelf).or_default();
        if let Some(cached) = on_shelf.get_mut(&place) {
            if key < cached.from.as_slice() {
                cached.from = key.to_vec();
            }
            return;
        }
        let cached = Cached { chunk, from: key.to_vec(), used: false };
        let bytes = cached.bytes();
        on_shelf.insert(place.clone(), cached);
        shelves.bytes += bytes;
        shelves.queue.push_back((shelf, place));
        shelves.make_room();
    }

    /// Forgets a run that is being removed.
    pub(super) fn forget(&self, run: u32) {
        let mut shelves = self.lock();
        for order in [Order::Question, Order::Source] {
            let removed = shelves.shelves.remove(&(run, order)).unwrap_or_default();
            shelves.bytes -= removed.values().map(Cached::bytes).sum::<usize>();
        }
        shelves.queue.retain(|((of, _), _)| *of != run);
    }
}

impl Shelves {
    /// Lets those go that nobody asked for again, the oldest first.
    fn make_room(&mut self) {
        while self.bytes > MOST_BYTES
            && let Some((shelf, place)) = self.queue.pop_front()
        {
            let Some(on_shelf) = self.shelves.get_mut(&shelf) else { continue };
            let Some(cached) = on_shelf.get_mut(&place) else { continue };
            if std::mem::take(&mut cached.used) {
                self.queue.push_back((shelf, place));
                continue;
            }
            self.bytes -= cached.bytes();
            on_shelf.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::chunk::{ChunkWriter, Content};
    use crate::projection::posting::{Kind, Posting};

    const SHELF: Shelf = (1, Order::Question);

    /// A chunk that is told by how long it is.
    fn chunk(length: usize) -> Arc<Chunk> {
        let mut writer = ChunkWriter::default();
        let own = vec![0; length];
        let content = Content { own: &own, shared: &[] };
        assert!(writer.push(b"s", &Posting { kind: Kind::Stance, index: 0, last: 0, day: None, content }).is_none());
        Arc::new(Chunk::marked(writer.finish(None).unwrap().1).unwrap())
    }

    fn found(cache: &Cache, key: &[u8]) -> Option<Option<Vec<u8>>> {
        cache.find(SHELF, key).map(|found| found.map(|(place, _)| place.to_vec()))
    }

    #[test]
    fn only_what_is_known_to_be_next_is_found() {
        let cache = Cache::default();
        let put = |key: &[u8], place: &[u8]| cache.put(SHELF, key, Some((&place.into(), &chunk(10))));
        put(b"d", b"f");
        assert_eq!(found(&cache, b"c"), None, "another one may lie between");
        assert_eq!(found(&cache, b"d"), Some(Some(b"f".to_vec())));
        assert_eq!(found(&cache, b"f"), Some(Some(b"f".to_vec())));
        assert_eq!(found(&cache, b"f\0"), None);
        put(b"b", b"f");
        assert_eq!(found(&cache, b"b"), Some(Some(b"f".to_vec())));
        put(b"c", b"f");
        assert_eq!(found(&cache, b"b"), Some(Some(b"f".to_vec())), "what is known stays known");
        cache.put(SHELF, b"g", None);
        assert_eq!((found(&cache, b"h"), found(&cache, b"f\0")), (Some(None), None));
        assert!(cache.find((1, Order::Source), b"d").is_none() && cache.find((2, Order::Question), b"d").is_none());
        cache.forget(2);
        assert!(found(&cache, b"d").is_some());
        cache.forget(1);
        assert_eq!((found(&cache, b"d"), found(&cache, b"h")), (None, None));
        let shelves = cache.lock();
        assert_eq!((shelves.bytes, shelves.queue.len()), (0, 0));
    }

    #[test]
    fn it_stays_small_and_keeps_what_is_asked_for() {
        let cache = Cache::default();
        let key = |n: usize| n.to_be_bytes();
        let count = 2 * MOST_BYTES / (1 << 20);
        for n in 0..count {
            cache.put(SHELF, &key(n), Some((&key(n).as_slice().into(), &chunk(1 << 20))));
            assert!(found(&cache, &key(0)).is_some(), "it is asked for all the time");
            assert!(cache.lock().bytes <= MOST_BYTES);
        }
        let kept = (0..count).filter(|n| found(&cache, &key(*n)).is_some()).count();
        assert!((count / 2 - 2..count / 2).contains(&kept), "{kept} of {count}");
    }
}
