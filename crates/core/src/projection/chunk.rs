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

use super::posting::Posting;
use super::varint::{put, put_signed, put_slice};

/// Bytes after which a chunk is closed. It is what is read from the store for a look-up.
const CHUNK_BYTES: usize = 10 * 1024;
pub(super) const HAS_DAY: u8 = 4;
/// Companions whose number stands with the kind.
pub(super) const NEAR_COMPANIONS: u8 = 31;
pub(super) const DAY_MICROS: i64 = 86_400_000_000;

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
    pub(super) at: usize,
    pub(super) length: usize,
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
pub(super) struct Last {
    pub(super) index: u64,
    pub(super) day: i64,
    pub(super) last: i64,
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
