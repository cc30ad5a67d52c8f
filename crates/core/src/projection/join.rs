//! Joins what several sorted runs have in a range: the runs in the store, and those in memory that come after them.

use std::sync::Arc;

use super::cache::{Cache, Place, Shelf};
use super::chunk::{ChunkWriter, RawPosting};
use super::groups::{Groups, Wanted};
use super::runs;
use super::walk::{Chunk, Walk};
use crate::ledger::OpenError;
use crate::store::{Store, StoreError, Table};

/// Chunks read at a time where one was not enough.
const READ_AHEAD: usize = 16;

/// One order of a run: where its chunks come from.
pub(super) enum Supply<'r> {
    /// From the store.
    Stored { store: &'r dyn Store, cache: &'r Cache, shelf: Shelf },
    /// From memory.
    Memory(&'r MemoryRun),
}

impl Supply<'_> {
    /// The first chunk whose place is not less than a key. `ahead`: how many are worth reading with it.
    fn find(&self, key: &[u8], ahead: usize) -> Result<Option<(Place, Arc<Chunk>)>, StoreError> {
        match self {
            Self::Memory(run) => Ok(run.find(key)),
            Self::Stored { store, cache, shelf } => {
                cache.find(*shelf, key).map_or_else(|| fetch(*store, cache, *shelf, key, ahead), Ok)
            }
        }
    }
}

/// Reads chunks from the store: the first of them.
fn fetch(
    store: &dyn Store,
    cache: &Cache,
    shelf: Shelf,
    key: &[u8],
    most: usize,
) -> Result<Option<(Place, Arc<Chunk>)>, StoreError> {
    let begin = runs::place(shelf, &[]);
    let (mut first, mut from, mut read, mut failed) = (None, key.to_vec(), 0, None);
    store.visit(Table::Projection, &runs::place(shelf, key), &mut |at, bytes| {
        let Some(within) = at.strip_prefix(begin.as_slice()) else {
            cache.put(shelf, &from, None); // another run
            return false;
        };
        let chunk = match Chunk::marked(bytes.to_vec()) {
            Ok(chunk) => Arc::new(chunk),
            Err(damaged) => {
                failed = Some(damaged);
                return false;
            }
        };
        let place = Place::from(within);
        cache.put(shelf, &from, Some((&place, &chunk)));
        from = behind(&place);
        if first.is_none() {
            first = Some((place, chunk));
        }
        read += 1;
        read < most
    })?;
    // A chunk that is damaged matters once it is the one to be read.
    match failed {
        Some(damaged) if first.is_none() => Err(damaged),
        _ => Ok(first),
    }
}

/// The least key behind a place.
fn behind(place: &[u8]) -> Vec<u8> {
    [place, &[0]].concat()
}

/// A sorted run in memory.
#[derive(Default)]
pub(super) struct MemoryRun(Vec<(Place, Arc<Chunk>)>);

impl MemoryRun {
    /// Of sorted rows.
    pub(super) fn of<'p>(rows: impl Iterator<Item = (&'p [u8], RawPosting<'p>)>) -> Result<Self, StoreError> {
        let mut writer = ChunkWriter::default();
        let mut finished = Vec::new();
        for (key, posting) in rows {
            finished.extend(writer.push(key, &posting));
        }
        finished.extend(writer.finish(None));
        let chunks = finished.into_iter().map(|(place, bytes)| Ok((place.into(), Arc::new(Chunk::marked(bytes)?))));
        chunks.collect::<Result<_, _>>().map(Self)
    }

    fn find(&self, key: &[u8]) -> Option<(Place, Arc<Chunk>)> {
        self.0.get(self.0.partition_point(|(place, _)| **place < *key)).cloned()
    }
}

/// Takes what a scan finds.
pub(crate) trait Take {
    /// What that comes to.
    type Taken: Send;

    /// Takes the groups from number `from` on: all of a question in question order, otherwise those of one key. What is of no more use
    /// it may let go, but nothing before.
    fn take(&mut self, groups: &mut Groups, from: usize) -> Result<(), OpenError>;

    /// Takes what is left at the end.
    fn end(self, groups: Groups) -> Self::Taken;
}

/// What is wanted of all the runs, in the order of the keys, one group for each; `None` if `most` chunks of one were not enough to
/// see its end.
pub(super) fn join<'r, T: Take>(
    supplies: impl Iterator<Item = Supply<'r>>,
    wanted: &Wanted<'r>,
    most: usize,
    mut take: T,
) -> Result<Option<T::Taken>, OpenError> {
    let mut groups = Groups::default();
    let mut cursors: Vec<Cursor<'r>> = Vec::new();
    for supply in supplies {
        let mut cursor = Cursor::new(supply, wanted);
        match cursor.go_on(most, &mut groups)? {
            Step::Group => cursors.push(cursor),
            Step::End => {}
            Step::TooFar => return Ok(None),
        }
    }
    // Those that stand at the least key; there are few runs.
    let mut at_least: Vec<usize> = Vec::with_capacity(cursors.len());
    let mut key: Vec<u8> = Vec::new();
    let mut taken = 0;
    loop {
        at_least.clear();
        let mut has_ended = false;
        let mut least: Option<&[u8]> = None;
        for (n, cursor) in cursors.iter().enumerate() {
            let here = cursor.walk.key.as_slice();
            match least.map(|least| here.cmp(least)) {
                Some(std::cmp::Ordering::Greater) => continue,
                Some(std::cmp::Ordering::Equal) => {}
                None | Some(std::cmp::Ordering::Less) => {
                    at_least.clear();
                    least = Some(here);
                }
            }
            at_least.push(n);
        }
        let Some(least) = least else {
            take.take(&mut groups, taken)?;
            return Ok(Some(take.end(groups)));
        };
        if groups.groups.len() > taken && !(wanted.together && groups.is_of_last_question(least)) {
            take.take(&mut groups, taken)?;
            taken = groups.groups.len();
        }
        key.clear();
        key.extend_from_slice(least);
        for n in &at_least {
            let Some(cursor) = cursors.get_mut(*n) else { continue };
            loop {
                groups.read(&cursor.walk, cursor.number, wanted.known)?;
                // What filled the chunk before may go on under the same key.
                match cursor.go_on(most, &mut groups)? {
                    Step::Group if cursor.walk.key == key => {}
                    Step::Group => break,
                    Step::End => {
                        has_ended = true;
                        cursor.has_ended = true;
                        break;
                    }
                    Step::TooFar => return Ok(None),
                }
            }
        }
        if has_ended {
            cursors.retain(|cursor| !cursor.has_ended);
        }
        groups.close(&key)?;
    }
}

/// Where a cursor has come to.
enum Step {
    /// To a group that is wanted.
    Group,
    /// To the end of what is wanted.
    End,
    /// To more chunks than it was to read.
    TooFar,
}

/// Goes through what is wanted of one run.
struct Cursor<'r> {
    supply: Supply<'r>,
    wanted: Wanted<'r>,
    /// The chunk, and its number among those of the answer.
    chunk: Option<Arc<Chunk>>,
    number: u32,
    walk: Walk,
    /// Where to look for the next chunk.
    from: Vec<u8>,
    /// How many were read.
    seen: usize,
    /// Whether the last key has a predicate that is wanted, and where that ends: most keys share it with the one before.
    has_predicate: (bool, usize),
    has_ended: bool,
}

impl<'r> Cursor<'r> {
    fn new(supply: Supply<'r>, wanted: &Wanted<'r>) -> Self {
        let from = wanted.range[0].to_vec();
        let has_predicate = (wanted.predicates.is_empty(), 0);
        Self {
            supply,
            wanted: *wanted,
            chunk: None,
            number: 0,
            walk: Walk::default(),
            from,
            seen: 0,
            has_predicate,
            has_ended: false,
        }
    }

    /// Goes to the next group that is wanted.
    fn go_on(&mut self, most: usize, groups: &mut Groups) -> Result<Step, StoreError> {
        loop {
            let Some(chunk) = &self.chunk else {
                if self.seen == most {
                    return Ok(Step::TooFar);
                }
                let ahead = if self.seen == 0 { 1 } else { READ_AHEAD };
                let Some((place, chunk)) = self.supply.find(&self.from, ahead)? else { return Ok(Step::End) };
                self.seen += 1;
                self.from = behind(&place);
                self.walk.begin(&chunk, self.wanted.range[0]);
                self.number = groups.take(chunk.clone());
                self.chunk = Some(chunk);
                self.has_predicate.1 = 0;
                continue;
            };
            if !self.walk.go_on(chunk)? {
                self.chunk = None;
                continue;
            }
            let key = self.walk.key.as_slice();
            if key < self.wanted.range[0] {
                continue;
            }
            if key >= self.wanted.range[1] {
                return Ok(Step::End);
            }
            if !self.wanted.predicates.is_empty()
                && (self.walk.shared < self.has_predicate.1 || self.has_predicate.1 == 0)
            {
                self.has_predicate = self.wanted.predicate(key);
            }
            if self.has_predicate.0 {
                return Ok(Step::Group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::chunk::{Content, DAY_MICROS};
    use crate::projection::posting::{Kind, Posting};

    /// Keys that share much and little, groups longer than a chunk, companions beyond those that fit beside the kind.
    fn rows() -> Vec<(Vec<u8>, u64)> {
        let mut rows = Vec::new();
        for n in 0..400u64 {
            let key = format!("subject-{:02}\0predicate-{}\0source-{}", n / 20, n / 5 % 4, n % 5).into_bytes();
            let postings = if n == 150 { 3_000 } else { 1 + n % 4 };
            rows.extend((0..postings).map(|m| (key.clone(), n + 1_000 * m)));
        }
        rows
    }

    fn posting<'a>(index: u64, own: &'a [u8], shared: &'a [u8]) -> RawPosting<'a> {
        let day = (!index.is_multiple_of(7)).then_some(738_000 - i32::try_from(index % 1_000).unwrap());
        let end = 72_000_000_000 + i64::try_from(index % 3).unwrap();
        let last = day.map_or(i64::MIN + 5 * index.cast_signed(), |day| i64::from(day) * DAY_MICROS + end);
        let kind = [Kind::Claim, Kind::Correction, Kind::Stance][usize::try_from(index % 3).unwrap()];
        Posting { kind, index, last, day, content: Content { own, shared } }
    }

    /// The rows in so many runs.
    fn runs(count: u64) -> Vec<MemoryRun> {
        let content = |index: u64| (index.to_string(), format!("shared by {}", index % 90));
        let run = |number| {
            let rows: Vec<(Vec<u8>, u64, (String, String))> = rows()
                .into_iter()
                .filter(|(_, index)| (index / 1_000 + index % 1_000) % count == number)
                .map(|(key, index)| (key, index, content(index)))
                .collect();
            let postings = rows.iter().map(|(key, index, (own, shared))| {
                (key.as_slice(), posting(*index, own.as_bytes(), shared.as_bytes()))
            });
            MemoryRun::of(postings).unwrap()
        };
        (0..count).map(run).collect()
    }

    /// Takes everything, and notes what came together.
    #[derive(Default)]
    struct Everything(Vec<usize>);

    impl Take for Everything {
        type Taken = (Groups, Vec<usize>);

        fn take(&mut self, groups: &mut Groups, from: usize) -> Result<(), OpenError> {
            self.0.extend((from < groups.groups.len()).then_some(from));
            Ok(())
        }

        fn end(self, groups: Groups) -> Self::Taken {
            (groups, self.0)
        }
    }

    fn check(runs: &[MemoryRun], range: [&[u8]; 2], known: u64) {
        for predicates in [&[][..], &[b"predicate-2".as_slice()], &[b"predicate-0", b"predicate-3"], &[b"predicate"]] {
            for together in [false, true] {
                check_these(runs, &Wanted { range, predicates, known, together });
            }
        }
    }

    fn check_these(runs: &[MemoryRun], wanted: &Wanted<'_>) {
        let Wanted { range, predicates, known, together } = *wanted;
        let found = join(runs.iter().map(Supply::Memory), wanted, usize::MAX, Everything::default()).unwrap();
        let (all, begins) = found.unwrap();
        let key = |group| all.names(group).join("\0").into_bytes();
        assert!(all.groups.is_sorted_by(|a, b| key(a) < key(b)), "one group for each key");
        let question = |group| all.names(group)[..2].join(" ");
        let is_new = |at: &usize| *at == 0 || !together || question(&all.groups[at - 1]) != question(&all.groups[*at]);
        assert_eq!(begins, (0..all.groups.len()).filter(is_new).collect::<Vec<_>>());
        let has = |key: &[u8]| predicates.is_empty() || predicates.contains(&&key[11..22]);
        let wanted = |(key, index): &(Vec<u8>, u64)| {
            range[0] <= key.as_slice() && key.as_slice() < range[1] && *index < known && has(key)
        };
        let mut expected = rows().into_iter().filter(wanted);
        for group in &all.groups {
            for found in all.postings(group) {
                let (expected_key, index) = expected.next().unwrap();
                let (own, shared) = (index.to_string(), format!("shared by {}", index % 90));
                assert_eq!(
                    (key(group), all.raw(found).unwrap()),
                    (expected_key, posting(index, own.as_bytes(), shared.as_bytes()))
                );
            }
        }
        assert_eq!(expected.next(), None);
    }

    #[test]
    fn rows_come_back_from_any_range_of_any_runs() {
        let key = |n: u64| format!("subject-{:02}\0predicate-{}\0source-{}", n / 20, n / 5 % 4, n % 5).into_bytes();
        for count in [1, 2, 5] {
            let runs = runs(count);
            assert!(runs.iter().map(|run| run.0.len()).sum::<usize>() > 5);
            check(&runs, [b"", &[255]], u64::MAX);
            check(&runs, [b"", &[255]], 2_000);
            for n in (0..400).step_by(27).chain([149, 150, 151]) {
                check(&runs, [&key(n), &key(n + 1)], u64::MAX);
                check(&runs, [&key(n), &key((n + 60).min(399))], 150_000);
                check(&runs, [&key(n), &[255]], u64::MAX);
            }
        }
    }

    /// Keeps, of every 40th group behind the 200th, the postings of even rounds.
    #[derive(Default)]
    struct Some40(usize);

    impl Take for Some40 {
        type Taken = Groups;

        fn take(&mut self, groups: &mut Groups, from: usize) -> Result<(), OpenError> {
            let seen = &mut self.0;
            let settle = |_: &Groups, _: &_| {
                *seen += 1;
                Ok((*seen > 200 && seen.is_multiple_of(40)).then_some(()))
            };
            groups.keep(from, settle, |(), posting| (posting.index / 1_000).is_multiple_of(2), &mut vec![])
        }

        fn end(self, mut groups: Groups) -> Groups {
            groups.shrink();
            groups
        }
    }

    #[test]
    fn what_is_let_go_takes_its_chunks_with_it() {
        let runs = runs(3);
        for together in [false, true] {
            let wanted = Wanted { range: [b"", &[255]], predicates: &[], known: u64::MAX, together };
            let all = join(runs.iter().map(Supply::Memory), &wanted, usize::MAX, Some40::default()).unwrap().unwrap();
            let mut keys: Vec<Vec<u8>> = rows().into_iter().map(|(key, _)| key).collect();
            keys.dedup();
            let mut expected = rows().into_iter().filter(|(key, index)| {
                let at = keys.binary_search(key).unwrap() + 1;
                (index / 1_000).is_multiple_of(2) && at > 200 && at.is_multiple_of(40)
            });
            let mut compared = 0;
            for group in &all.groups {
                for found in all.postings(group) {
                    let (key, index) = expected.next().unwrap();
                    let (own, shared) = (index.to_string(), format!("shared by {}", index % 90));
                    assert_eq!(all.names(group).join("\0").into_bytes(), key);
                    assert_eq!(all.raw(found).unwrap(), posting(index, own.as_bytes(), shared.as_bytes()));
                    compared += 1;
                }
            }
            assert_eq!(expected.next(), None);
            assert_eq!(compared, 10);
            assert!(all.count_chunks() < runs.iter().map(|run| run.0.len()).sum(), "{}", all.count_chunks());
        }
    }

    #[test]
    fn a_range_that_is_too_long_is_given_up() {
        let runs = runs(2);
        let wanted = Wanted { range: [b"", &[255]], predicates: &[], known: u64::MAX, together: true };
        let chunks = runs.iter().map(|run| run.0.len()).max().unwrap();
        let found = |most| join(runs.iter().map(Supply::Memory), &wanted, most, Everything::default()).unwrap();
        assert!(found(chunks).is_none() && found(chunks + 1).is_some());
    }

    #[test]
    fn places_are_in_order_and_none_begins_another() {
        for run in runs(2) {
            let places: Vec<&Place> = run.0.iter().map(|(place, _)| place).collect();
            assert!(places.is_sorted());
            assert!(places.windows(2).all(|pair| !pair[1].starts_with(pair[0])), "one place begins with another");
        }
    }
}
