//! Chunks: sorted postings as stored values. Numbers are as in [`varint`](super::varint), those with a sign marked by `~`.
//!
//! ```text
//! companions: their number | each: ~end | length | bytes
//! groups:     bytes that the key shares with the one before | length | the rest of the key | length | postings
//!   posting:  u8 kind + 4 if it has a day + 8 x companion (31: it follows) | index, less the one before in the group
//!             | ~day, or else ~last, less the one before in the group | length | own bytes
//! ```
//!
//! A group that is not wanted is passed over in one step. What many postings share word for word is a **companion**, with how long after the
//! beginning of its day (in UTC, in microseconds) a claim without an hour was last being made.

use std::collections::HashMap;

use super::posting::{Kind, Posting};
use super::varint::{Varints, put, put_signed, put_slice};
use crate::store::StoreError;

/// Bytes after which a chunk is closed. It is gone through from its beginning, and is what is read from the store for a look-up.
const CHUNK_BYTES: usize = 10 * 1024;
/// Postings of an answer that is no long one.
const USUAL_POSTINGS: usize = 64;
const HAS_DAY: u8 = 4;
/// Companions whose number stands with the kind.
const NEAR_COMPANIONS: u8 = 31;
const DAY_MICROS: i64 = 86_400_000_000;
const DAMAGED: &str = "the index of views is damaged; run `sayso reindex` to rebuild it from the entries";

/// What is posted: of a claim what [`content`](super::content) packs; of a correction or a stance the whole body, as its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content<'a> {
    pub(crate) own: &'a [u8],
    pub(super) shared: &'a [u8],
}

/// A posting whose content lies in memory.
pub(crate) type RawPosting<'a> = Posting<Content<'a>>;

/// Where bytes lie in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    at: usize,
    length: usize,
}

impl Span {
    /// Adds bytes to a buffer.
    pub(super) fn keep(buffer: &mut Vec<u8>, bytes: &[u8]) -> Self {
        Self::keep_all(buffer, &[bytes])
    }

    /// Adds bytes to a buffer, one after another.
    pub(super) fn keep_all(buffer: &mut Vec<u8>, parts: &[&[u8]]) -> Self {
        let at = buffer.len();
        parts.iter().for_each(|part| buffer.extend_from_slice(part));
        Self { at, length: buffer.len() - at }
    }

    pub(super) fn of(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.at..self.at + self.length).unwrap_or_default()
    }
}

/// Where the content of a posting lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(super) own: Span,
    pub(super) shared: Span,
}

impl Posting<Kept> {
    pub(super) fn raw(self, buffer: &[u8]) -> RawPosting<'_> {
        let Self { kind, index, last, day, content: Kept { own, shared } } = self;
        Posting { kind, index, last, day, content: Content { own: own.of(buffer), shared: shared.of(buffer) } }
    }
}

/// Fills chunks with sorted rows.
#[derive(Default)]
pub(super) struct ChunkWriter {
    companions: Vec<u8>,
    /// The number of each companion, by its end and bytes.
    numbers: HashMap<(i64, Vec<u8>), u64>,
    /// The last one that was used.
    companion: Option<(i64, Vec<u8>, u64)>,
    /// Finished groups.
    groups: Vec<u8>,
    /// The key of the last one of those.
    before: Vec<u8>,
    key: Vec<u8>,
    /// The postings under `key`, and what the next one is told from.
    postings: Vec<u8>,
    last: Last,
}

/// The posting before, in a group.
#[derive(Clone, Copy, Default)]
struct Last {
    index: u64,
    day: i64,
    last: i64,
}

/// A finished chunk: its place among others, and its bytes. The place lies behind its last row and before that of the next chunk: whoever
/// looks for a key finds, as the first place that is not less, the chunk where rows of that key may begin. No place is the beginning of
/// another one, because names have no bytes below 32.
pub(super) type Finished = (Vec<u8>, Vec<u8>);

impl ChunkWriter {
    /// Adds a row; gives a finished chunk back when one is full.
    pub(super) fn push(&mut self, key: &[u8], p: &RawPosting<'_>) -> Option<Finished> {
        debug_assert!(
            (self.key.as_slice(), self.last.index) < (key, p.index) || self.key.is_empty(),
            "rows out of order"
        );
        let is_full = self.companions.len() + self.groups.len() + self.postings.len() >= CHUNK_BYTES;
        let full = if is_full { self.finish(Some(key)) } else { None };
        if self.key != key {
            self.close_group();
            self.key.clear();
            self.key.extend_from_slice(key);
        }
        let end = p.day.map_or(0, |day| p.last.wrapping_sub(i64::from(day).wrapping_mul(DAY_MICROS)));
        let companion = self.companion(end, p.content.shared);
        let near = u8::try_from(companion).unwrap_or(u8::MAX).min(NEAR_COMPANIONS);
        self.postings.push(p.kind as u8 + if p.day.is_some() { HAS_DAY } else { 0 } + 8 * near);
        if near == NEAR_COMPANIONS {
            put(&mut self.postings, companion);
        }
        put(&mut self.postings, p.index.wrapping_sub(self.last.index));
        match p.day.map(i64::from) {
            Some(day) => {
                put_signed(&mut self.postings, day.wrapping_sub(self.last.day));
                self.last.day = day;
            }
            None => {
                put_signed(&mut self.postings, p.last.wrapping_sub(self.last.last));
                self.last.last = p.last;
            }
        }
        self.last.index = p.index;
        put_slice(&mut self.postings, p.content.own);
        full
    }

    fn companion(&mut self, end: i64, bytes: &[u8]) -> u64 {
        if let Some((last_end, last_bytes, number)) = &self.companion
            && *last_end == end
            && last_bytes == bytes
        {
            return *number;
        }
        let next = self.numbers.len() as u64;
        let number = *self.numbers.entry((end, bytes.to_vec())).or_insert(next);
        if number == next {
            put_signed(&mut self.companions, end);
            put_slice(&mut self.companions, bytes);
        }
        self.companion = Some((end, bytes.to_vec(), number));
        number
    }

    fn close_group(&mut self) {
        if !self.postings.is_empty() {
            let shared = self.before.iter().zip(&self.key).take_while(|(a, b)| a == b).count();
            put(&mut self.groups, shared as u64);
            put_slice(&mut self.groups, self.key.get(shared..).unwrap_or_default());
            put_slice(&mut self.groups, &self.postings);
            self.postings.clear();
            self.before.clone_from(&self.key);
        }
        self.last = Last::default();
    }

    /// Closes a chunk. `next`: the key of the row after it.
    pub(super) fn finish(&mut self, next: Option<&[u8]>) -> Option<Finished> {
        let index = self.last.index;
        self.close_group();
        if self.groups.is_empty() {
            return None;
        }
        let shared = |next: &[u8]| self.before.iter().zip(next).take_while(|(a, b)| a == b).count();
        let place = match next {
            // As long as it takes to lie between the two: sled keeps short keys without an allocation.
            Some(next) if next != self.before => [next.get(..=shared(next)).unwrap_or(next), &[0]].concat(),
            // One question can fill several chunks: the index tells them apart, and keeps their order.
            _ => [self.before.as_slice(), &[1], &index.to_be_bytes()].concat(),
        };
        let mut value = Vec::with_capacity(self.companions.len() + self.groups.len() + 4);
        put(&mut value, self.numbers.len() as u64);
        value.append(&mut self.companions);
        value.append(&mut self.groups);
        self.numbers.clear();
        self.companion = None;
        self.before.clear();
        Some((place, value))
    }
}

/// The postings under one key.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    key: Span,
    /// Where they lie in [`Groups::postings`].
    range: std::ops::Range<usize>,
}

/// Sorted groups and their postings, all in a few buffers: a large scan would otherwise allocate for each key.
#[derive(Default)]
pub(crate) struct Groups {
    pub(crate) groups: Vec<Group>,
    postings: Vec<Posting<Kept>>,
    bytes: Vec<u8>,
    /// The last key that was read, wanted or not.
    key: Vec<u8>,
}

impl Groups {
    /// The key of one of its groups.
    pub(crate) fn key(&self, group: &Group) -> &[u8] {
        group.key.of(&self.bytes)
    }

    /// The postings of one of its groups.
    pub(crate) fn postings(&self, group: &Group) -> &[Posting<Kept>] {
        self.postings.get(group.range.clone()).unwrap_or_default()
    }

    /// One of its postings with its content.
    pub(crate) fn raw(&self, posting: &Posting<Kept>) -> RawPosting<'_> {
        posting.raw(&self.bytes)
    }

    /// Adds a posting to the last group, or in a new one.
    pub(super) fn push(&mut self, key: &[u8], posting: &RawPosting<'_>) {
        let Posting { kind, index, last, day, content: Content { own, shared } } = *posting;
        let content = Kept { own: Span::keep(&mut self.bytes, own), shared: Span::keep(&mut self.bytes, shared) };
        self.postings.push(Posting { kind, index, last, day, content });
        let end = self.postings.len();
        match self.groups.last_mut() {
            Some(last) if last.key.of(&self.bytes) == key => last.range.end = end,
            _ => {
                let key = Span::keep(&mut self.bytes, key);
                self.groups.push(Group { key, range: end - 1..end });
            }
        }
    }

    /// Forgets what is in it, but keeps the room.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.postings.clear();
        self.bytes.clear();
    }

    /// Adds what is wanted of a stored chunk. Whether later chunks of the run may have more.
    pub(super) fn read(&mut self, chunk: &[u8], wanted: &Wanted<'_>) -> Result<bool, StoreError> {
        let before = self.groups.len();
        if self.bytes.is_empty() {
            self.bytes.reserve(chunk.len() / 2);
            self.postings.reserve(USUAL_POSTINGS);
            self.groups.reserve(USUAL_POSTINGS / 2);
        }
        let more = self.read_chunk(chunk, wanted).ok_or_else(damaged)?;
        // What filled the chunk before may go on under the same key.
        let index = |at: Option<usize>| at.and_then(|at| self.postings.get(at)).map(|p| p.index);
        if let Some([last, first]) = before.checked_sub(1).and_then(|at| self.groups.get(at..at + 2))
            && self.key(last) == self.key(first)
            && index(last.range.end.checked_sub(1)) < index(Some(first.range.start))
        {
            let end = first.range.end;
            self.groups.remove(before);
            if let Some(last) = self.groups.get_mut(before - 1) {
                last.range.end = end;
            }
        }
        Ok(more)
    }

    fn read_chunk(&mut self, chunk: &[u8], wanted: &Wanted<'_>) -> Option<bool> {
        let [from, to] = wanted.range;
        let mut rest = Varints(chunk);
        let mut companions = Companions::read(&mut rest)?;
        // Whether the last key has a predicate that is wanted, and where that ends: most keys share it with the one before.
        let mut has_predicate = (wanted.predicates.is_empty(), 0);
        self.key.clear();
        while !rest.is_empty() {
            let shared = rest.length()?;
            let own = rest.slice()?;
            if shared > self.key.len() {
                return None;
            }
            self.key.truncate(shared);
            self.key.extend_from_slice(own);
            let postings = rest.slice()?;
            if self.key.as_slice() < from {
                continue;
            }
            if self.key.as_slice() >= to {
                return Some(false);
            }
            if !wanted.predicates.is_empty() && (shared < has_predicate.1 || has_predicate.1 == 0) {
                has_predicate = wanted.predicate(&self.key);
            }
            if has_predicate.0 {
                self.read_group(postings, &mut companions, wanted.known)?;
            }
        }
        Some(true)
    }

    fn read_group(&mut self, bytes: &[u8], companions: &mut Companions<'_>, known: u64) -> Option<()> {
        let start = self.postings.len();
        let at = Span::keep(&mut self.bytes, bytes).at;
        let mut rest = Varints(bytes);
        let mut last = Last::default();
        while !rest.is_empty() {
            let head = rest.byte()?;
            let companion = if head >> 3 == NEAR_COMPANIONS { rest.length()? } else { usize::from(head >> 3) };
            last.index = last.index.checked_add(rest.number()?)?;
            let step = rest.signed()?;
            let (end, shared) = companions.kept(companion, &mut self.bytes)?;
            let (moment, day) = if head & HAS_DAY == 0 {
                last.last = last.last.wrapping_add(step);
                (last.last, None)
            } else {
                last.day = last.day.wrapping_add(step);
                (last.day.checked_mul(DAY_MICROS)?.checked_add(end)?, Some(i32::try_from(last.day).ok()?))
            };
            let length = rest.length()?;
            let own = Span { at: at + (bytes.len() - rest.0.len()), length };
            rest.take(length)?;
            if last.index >= known {
                break; // so are the others
            }
            let kind = Kind::of(head & 3)?;
            self.postings.push(Posting { kind, index: last.index, last: moment, day, content: Kept { own, shared } });
        }
        if start < self.postings.len() {
            let key = Span::keep(&mut self.bytes, &self.key);
            self.groups.push(Group { key, range: start..self.postings.len() });
        }
        Some(())
    }

    /// The same groups by key, one for each, with its postings in the order of recording. Those of each run are so already.
    pub(super) fn sorted(self) -> Self {
        let Self { mut groups, postings, bytes, key } = self;
        if groups.is_sorted_by(|a, b| a.key.of(&bytes) < b.key.of(&bytes)) {
            return Self { groups, postings, bytes, key }; // one run
        }
        groups.sort_by(|a, b| a.key.of(&bytes).cmp(b.key.of(&bytes))); // a stable sort makes use of sorted stretches
        let mut sorted: Vec<Posting<Kept>> = Vec::with_capacity(postings.len());
        let mut merged: Vec<Group> = Vec::with_capacity(groups.len());
        for same in groups.chunk_by(|a, b| a.key.of(&bytes) == b.key.of(&bytes)) {
            let from = sorted.len();
            same.iter().for_each(|g| sorted.extend_from_slice(postings.get(g.range.clone()).unwrap_or_default()));
            let here = sorted.get_mut(from..).unwrap_or_default();
            if !here.is_sorted_by_key(|p| p.index) {
                here.sort_unstable_by_key(|p| p.index);
            }
            merged.extend(same.first().map(|first| Group { key: first.key, range: from..sorted.len() }));
        }
        Self { groups: merged, postings: sorted, bytes, key }
    }
}

/// Whatever a chunk has.
pub(super) const EVERYTHING: Wanted<'static> = Wanted { range: [&[], &[u8::MAX]], predicates: &[], known: u64::MAX };

/// What is wanted of a chunk.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Keys from the first to before the second.
    pub(super) range: [&'a [u8]; 2],
    /// In question order: these predicates alone, unless there are none.
    pub(super) predicates: &'a [&'a [u8]],
    /// Entries before this one.
    pub(super) known: u64,
}

impl Wanted<'_> {
    /// Whether the second name in a key is wanted, and where it ends.
    fn predicate(&self, key: &[u8]) -> (bool, usize) {
        let end = |from: usize| from + key.get(from..).unwrap_or_default().iter().take_while(|b| **b != 0).count();
        let subject = end(0);
        let predicate = end(subject + 1);
        (self.predicates.contains(&key.get(subject + 1..predicate).unwrap_or_default()), predicate + 1)
    }
}

/// The companions of a chunk, each kept in a buffer once it is needed.
struct Companions<'a>(Vec<(i64, &'a [u8], Option<Span>)>);

impl<'a> Companions<'a> {
    fn read(rest: &mut Varints<'a>) -> Option<Self> {
        let count = rest.length()?;
        let mut all = Vec::with_capacity(count.min(usize::from(u8::MAX)));
        for _ in 0..count {
            all.push((rest.signed()?, rest.slice()?, None));
        }
        Some(Self(all))
    }

    fn kept(&mut self, number: usize, buffer: &mut Vec<u8>) -> Option<(i64, Span)> {
        let (end, bytes, kept) = self.0.get_mut(number)?;
        Some((*end, *kept.get_or_insert_with(|| Span::keep(buffer, bytes))))
    }
}

/// The projection cannot be read.
pub(crate) fn damaged() -> StoreError {
    StoreError::Engine(DAMAGED.into())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Gives the chunks of the rows, and what is in them in the order of reading.
    fn chunks() -> Vec<Finished> {
        let mut writer = ChunkWriter::default();
        let mut chunks = Vec::new();
        for (key, index) in rows() {
            let (own, shared) = (index.to_string(), format!("shared by {}", index % 90));
            chunks.extend(writer.push(&key, &posting(index, own.as_bytes(), shared.as_bytes())));
        }
        chunks.extend(writer.finish(None));
        assert!(chunks.len() > 5 && chunks.is_sorted(), "{} chunks", chunks.len());
        assert!(chunks.windows(2).all(|pair| !pair[1].0.starts_with(&pair[0].0)), "one place begins with another");
        chunks
    }

    fn check(chunks: &[Finished], range: [&[u8]; 2], known: u64) {
        for predicates in [&[][..], &[b"predicate-2".as_slice()], &[b"predicate-0", b"predicate-3"], &[b"predicate"]] {
            check_these(chunks, &Wanted { range, predicates, known });
        }
    }

    fn check_these(chunks: &[Finished], wanted: &Wanted<'_>) {
        let Wanted { range, predicates, known } = *wanted;
        let mut all = Groups::default();
        for (place, chunk) in chunks {
            if place.as_slice() >= range[0] && !all.read(chunk, wanted).unwrap() {
                break;
            }
        }
        let all = all.sorted();
        assert!(all.groups.is_sorted_by(|a, b| all.key(a) < all.key(b)), "one group for each key");
        let has = |key: &[u8]| predicates.is_empty() || predicates.contains(&&key[11..22]);
        let wanted = |(key, index): &(Vec<u8>, u64)| {
            range[0] <= key.as_slice() && key.as_slice() < range[1] && *index < known && has(key)
        };
        let mut expected = rows().into_iter().filter(wanted);
        for group in &all.groups {
            for found in all.postings(group) {
                let (key, index) = expected.next().unwrap();
                let (own, shared) = (index.to_string(), format!("shared by {}", index % 90));
                assert_eq!(
                    (all.key(group), all.raw(found)),
                    (&*key, posting(index, own.as_bytes(), shared.as_bytes()))
                );
            }
        }
        assert_eq!(expected.next(), None);
    }

    #[test]
    fn rows_come_back_from_any_range() {
        let chunks = chunks();
        check(&chunks, [b"", &[255]], u64::MAX);
        check(&chunks, [b"", &[255]], 2_000);
        for n in (0..400).step_by(9).chain([149, 150, 151]) {
            let key = |n: u64| format!("subject-{:02}\0predicate-{}\0source-{}", n / 20, n / 5 % 4, n % 5).into_bytes();
            check(&chunks, [&key(n), &key(n + 1)], u64::MAX);
            check(&chunks, [&key(n), &key((n + 60).min(399))], 150_000);
            check(&chunks, [&key(n), &[255]], u64::MAX);
        }
    }

    #[test]
    fn damage_is_no_panic() {
        let (_, chunk) = chunks().swap_remove(1);
        for at in 0..chunk.len() {
            let mut other = chunk.clone();
            for byte in [0, 0x7f, 0xff] {
                other[at] = byte;
                let _ = Groups::default().read(&other, &EVERYTHING);
            }
            let _ = Groups::default().read(&chunk[..at], &EVERYTHING);
        }
    }
}
