//! Chunks: sorted postings as stored values.
//!
//! ```text
//! u32 plain length | LZ4 block of
//!   groups: u16 key length | key | u32 postings
//!     postings: u8 kind | u64 index | i64 last | i32 day (the smallest: none) | u16 length | content
//! ```

use super::posting::{Kind, Posting};
use crate::limits::MAX_BODY_BYTES;
use crate::store::StoreError;

/// Plain bytes after which a chunk is closed: small enough to be unpacked for one question.
const CHUNK_BYTES: usize = 8 * 1024;
/// A chunk is closed by the row that fills it: at most a body, its names and its numbers beyond the mark.
const MAX_PLAIN_BYTES: usize = CHUNK_BYTES + MAX_BODY_BYTES + 8 * 1024;
const NO_DAY: i32 = i32::MIN;
const DAMAGED: &str = "the index of views is damaged; run `sayso reindex` to rebuild it from the entries";

/// Fills chunks with sorted rows.
pub(super) struct ChunkWriter {
    plain: Vec<u8>,
    /// The first row's key and index.
    first: Option<(Vec<u8>, u64)>,
    /// The last group's key, and where it counts its postings.
    key: Vec<u8>,
    count_at: Option<usize>,
    /// The last posting's index: rows come in the order of key and index, on which every look-up relies.
    last: u64,
}

/// A finished chunk: its place among others, and its bytes.
pub(super) type Finished = (Vec<u8>, Vec<u8>);

impl ChunkWriter {
    pub(super) fn new() -> Self {
        Self { plain: Vec::with_capacity(2 * CHUNK_BYTES), first: None, key: vec![], count_at: None, last: 0 }
    }

    /// Adds a row; gives a finished chunk back when one is full.
    pub(super) fn push(&mut self, key: &[u8], p: &RawPosting<'_>) -> Option<Finished> {
        debug_assert!((self.key.as_slice(), self.last) < (key, p.index) || self.key.is_empty(), "rows out of order");
        self.last = p.index;
        let full = if self.plain.len() >= CHUNK_BYTES { self.finish() } else { None };
        if self.count_at.is_none() || self.key != key {
            // Three names of a few hundred bytes each: see `limits`.
            self.plain.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes());
            self.plain.extend_from_slice(key);
            self.key.clear();
            self.key.extend_from_slice(key);
            self.count_at = Some(self.plain.len());
            self.plain.extend_from_slice(&0u32.to_le_bytes());
        }
        self.first.get_or_insert_with(|| (key.to_vec(), p.index));
        if let Some(count) =
            self.count_at.and_then(|at| self.plain.get_mut(at..)).and_then(|rest| rest.first_chunk_mut())
        {
            *count = (u32::from_le_bytes(*count) + 1).to_le_bytes();
        }
        self.plain.push(p.kind as u8);
        self.plain.extend_from_slice(&p.index.to_le_bytes());
        self.plain.extend_from_slice(&p.last.to_le_bytes());
        self.plain.extend_from_slice(&p.day.unwrap_or(NO_DAY).to_le_bytes());
        self.plain.extend_from_slice(&u16::try_from(p.content.len()).unwrap_or(u16::MAX).to_le_bytes()); // at most a body
        self.plain.extend_from_slice(p.content);
        full
    }

    /// The last chunk.
    pub(super) fn finish(&mut self) -> Option<Finished> {
        let (mut place, index) = self.first.take()?;
        self.count_at = None;
        let mut value = u32::try_from(self.plain.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        value.extend_from_slice(&lz4_flex::block::compress(&self.plain));
        self.plain.clear();
        // One question can fill several chunks: the index tells them apart, and keeps their order.
        place.push(0);
        place.extend_from_slice(&index.to_be_bytes());
        Some((place, value))
    }
}

/// The key in the place of a chunk.
pub(super) fn key_in_place(place: &[u8]) -> &[u8] {
    place.get(..place.len().saturating_sub(9)).unwrap_or_default()
}

/// A chunk, unpacked.
#[derive(Default)]
pub(crate) struct Chunk(Vec<u8>);

/// A posting whose content lies in a chunk or a body.
pub(crate) type RawPosting<'a> = Posting<&'a [u8]>;

/// The postings under one key.
pub(crate) struct Group<'a> {
    pub(crate) key: &'a [u8],
    /// Where they lie in [`Groups::postings`].
    pub(super) range: std::ops::Range<usize>,
}

/// Sorted groups and their postings, which lie in one row: a large scan would otherwise allocate for each key.
#[derive(Default)]
pub(crate) struct Groups<'a> {
    pub(crate) groups: Vec<Group<'a>>,
    pub(super) postings: Vec<RawPosting<'a>>,
}

impl<'a> Groups<'a> {
    /// The postings of one of its groups.
    pub(crate) fn postings(&self, group: &Group<'_>) -> &[RawPosting<'a>] {
        self.postings.get(group.range.clone()).unwrap_or_default()
    }

    /// Adds a posting to the last group, or in a new one.
    pub(super) fn push(&mut self, key: &'a [u8], posting: RawPosting<'a>) {
        self.postings.push(posting);
        let end = self.postings.len();
        match self.groups.last_mut() {
            Some(last) if last.key == key => last.range.end = end,
            _ => self.groups.push(Group { key, range: end - 1..end }),
        }
    }
}

impl Chunk {
    pub(super) fn unpack(value: &[u8]) -> Result<Self, StoreError> {
        let (length, block) = value.split_first_chunk::<4>().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
        if length > MAX_PLAIN_BYTES {
            return Err(damaged());
        }
        Ok(Self(lz4_flex::block::decompress(block, length).map_err(|_| damaged())?))
    }

    /// The postings of the group at a place, from 0 on, and the place of the next group; `None` at the end.
    pub(super) fn group_at(&self, place: usize) -> Result<Option<(Vec<RawPosting<'_>>, usize)>, StoreError> {
        let mut rest = Reader(self.0.get(place..).unwrap_or_default());
        if rest.0.is_empty() {
            return Ok(None);
        }
        let mut groups = Groups::default();
        rest.group(|_| true, &mut groups).ok_or_else(damaged)?;
        let next = self.0.len() - rest.0.len();
        Ok(Some((groups.postings, next)))
    }

    /// Whether a place is its end.
    pub(super) fn ends_at(&self, place: usize) -> bool {
        place >= self.0.len()
    }

    /// The key of the group at a place; `None` at the end.
    pub(super) fn key_at(&self, place: usize) -> Option<&[u8]> {
        let mut rest = Reader(self.0.get(place..)?);
        let length = usize::from(u16::from_le_bytes(rest.take()?));
        rest.slice(length)
    }

    /// Reads its groups whose keys are `wanted`, in order.
    pub(super) fn read<'a>(&'a self, wanted: impl Fn(&[u8]) -> bool, into: &mut Groups<'a>) -> Result<(), StoreError> {
        let mut rest = Reader(&self.0);
        while !rest.0.is_empty() {
            rest.group(&wanted, into).ok_or_else(damaged)?;
        }
        Ok(())
    }
}

/// The projection cannot be read.
pub(crate) fn damaged() -> StoreError {
    StoreError::Engine(DAMAGED.into())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn group(&mut self, wanted: impl Fn(&[u8]) -> bool, into: &mut Groups<'a>) -> Option<()> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let key = self.slice(length)?;
        let count = u32::from_le_bytes(self.take()?);
        let from = into.postings.len();
        for _ in 0..count {
            into.postings.push(self.posting()?);
        }
        if wanted(key) {
            into.groups.push(Group { key, range: from..into.postings.len() });
        } else {
            into.postings.truncate(from);
        }
        Some(())
    }

    fn posting(&mut self) -> Option<RawPosting<'a>> {
        let [kind] = self.take()?;
        let kind = Kind::of(kind)?;
        let index = u64::from_le_bytes(self.take()?);
        let last = i64::from_le_bytes(self.take()?);
        let day = Some(i32::from_le_bytes(self.take()?)).filter(|d| *d != NO_DAY);
        let length = usize::from(u16::from_le_bytes(self.take()?));
        Some(Posting { kind, index, last, day, content: self.slice(length)? })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn slice(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }
}
