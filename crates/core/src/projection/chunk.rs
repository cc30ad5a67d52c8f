//! Chunks: sorted postings as stored values.
//!
//! ```text
//! u32 plain length | LZ4 block of
//!   groups: u16 key length | key | u32 postings
//!     postings: u8 kind | u64 index | i64 recorded | i64 last | i32 day (the smallest: none) | u32 length | content
//! ```

use bytes::Bytes;

use super::posting::{Kind, Posting, Row};
use crate::store::StoreError;

/// Plain bytes after which a chunk is closed: small enough to be unpacked for one question.
const CHUNK_BYTES: usize = 8 * 1024;
const NO_DAY: i32 = i32::MIN;

/// Fills chunks with sorted rows.
pub(super) struct ChunkWriter {
    plain: Vec<u8>,
    /// The first row's key and index.
    first: Option<(Bytes, u64)>,
    /// Where the last group counts its postings, and its key.
    group: Option<(usize, Bytes)>,
}

impl ChunkWriter {
    pub(super) fn new() -> Self {
        Self { plain: Vec::with_capacity(2 * CHUNK_BYTES), first: None, group: None }
    }

    /// Adds a row; gives a finished chunk and its place back when one is full.
    pub(super) fn push(&mut self, row: &Row) -> Option<(Vec<u8>, Vec<u8>)> {
        let same_group = self.group.as_ref().is_some_and(|(_, key)| *key == row.key);
        let full = if self.plain.len() >= CHUNK_BYTES { self.finish() } else { None };
        if !same_group || full.is_some() {
            // A name is at most a few hundred bytes long, and there are three.
            let length = u16::try_from(row.key.len()).unwrap_or(u16::MAX);
            self.plain.extend_from_slice(&length.to_le_bytes());
            self.plain.extend_from_slice(&row.key);
            self.group = Some((self.plain.len(), row.key.clone()));
            self.plain.extend_from_slice(&0u32.to_le_bytes());
        }
        self.first.get_or_insert_with(|| (row.key.clone(), row.posting.index));
        if let Some((at, _)) = self.group
            && let Some(count) = self.plain.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>())
        {
            *count = (u32::from_le_bytes(*count) + 1).to_le_bytes();
        }
        let p = &row.posting;
        self.plain.push(p.kind as u8);
        self.plain.extend_from_slice(&p.index.to_le_bytes());
        self.plain.extend_from_slice(&p.recorded.to_le_bytes());
        self.plain.extend_from_slice(&p.last.to_le_bytes());
        self.plain.extend_from_slice(&p.day.unwrap_or(NO_DAY).to_le_bytes());
        self.plain.extend_from_slice(&u32::try_from(p.content.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.plain.extend_from_slice(&p.content);
        full
    }

    /// The last chunk: where it belongs among others, and its bytes.
    pub(super) fn finish(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let (key, index) = self.first.take()?;
        self.group = None;
        let mut value = u32::try_from(self.plain.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        value.extend_from_slice(&lz4_flex::block::compress(&self.plain));
        self.plain.clear();
        // One question can fill several chunks: the index tells them apart, and keeps their order.
        Some(([key.as_ref(), &[0], &index.to_be_bytes()].concat(), value))
    }
}

/// A chunk, unpacked.
#[derive(Debug, Clone)]
pub(crate) struct Chunk(Bytes);

/// The postings under one key in one chunk.
pub(crate) struct Group {
    pub(crate) key: Bytes,
    pub(crate) postings: Vec<Posting>,
}

impl Chunk {
    pub(super) fn unpack(value: &[u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::Engine(DAMAGED.into());
        let (length, block) = value.split_first_chunk::<4>().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
        if length > MAX_PLAIN {
            return Err(damaged());
        }
        Ok(Self(lz4_flex::block::decompress(block, length).map_err(|_| damaged())?.into()))
    }

    /// Its groups, in order.
    pub(crate) fn groups(&self) -> Groups {
        Groups(self.0.clone())
    }
}

/// Reads groups one after another.
pub(crate) struct Groups(Bytes);

/// A chunk is closed by the row that fills it: a body's length beyond the mark.
const MAX_PLAIN: usize = CHUNK_BYTES + 128 * 1024;
const DAMAGED: &str = "the index of views is damaged; run `sayso reindex` to rebuild it from the entries";

impl Iterator for Groups {
    type Item = Result<Group, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let group = self.group();
        if group.is_none() {
            self.0.clear();
        }
        Some(group.ok_or_else(|| StoreError::Engine(DAMAGED.into())))
    }
}

impl Groups {
    fn group(&mut self) -> Option<Group> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let key = self.slice(length)?;
        let count = u32::from_le_bytes(self.take()?);
        let postings: Option<Vec<Posting>> = (0..count).map(|_| self.posting()).collect();
        Some(Group { key, postings: postings? })
    }

    fn posting(&mut self) -> Option<Posting> {
        let [kind] = self.take()?;
        let kind = Kind::of(kind)?;
        let index = u64::from_le_bytes(self.take()?);
        let recorded = i64::from_le_bytes(self.take()?);
        let last = i64::from_le_bytes(self.take()?);
        let day = Some(i32::from_le_bytes(self.take()?)).filter(|d| *d != NO_DAY);
        let length = usize::try_from(u32::from_le_bytes(self.take()?)).ok()?;
        Some(Posting { kind, index, recorded, last, day, content: self.slice(length)? })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.0.first_chunk::<N>()?;
        bytes::Buf::advance(&mut self.0, N);
        Some(taken)
    }

    fn slice(&mut self, n: usize) -> Option<Bytes> {
        (n <= self.0.len()).then(|| self.0.split_to(n))
    }
}
