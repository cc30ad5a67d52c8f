//! A bundle: consecutive entries as one stored value. The sealed part of the log is a row of bundles of
//! `BUNDLE_ENTRIES`; the unsealed tail is a row of smaller ones.
//!
//! Headers are not stored whole: version, index and commitment follow from the rest. What is stored of each entry is its
//! hash, its salt, its flags and recorded time, and its body; an erased body leaves its commitment.
//!
//! ```text
//! u8 version = 1 | u8 codec (0 plain, 1 LZ4 block) | u16 count | u64 first index | 32 previous hash
//! count x (32 hash | 16 salt)
//! u32 payload length (uncompressed) | payload, as the codec has it:
//!     count x (u16 flags | i64 recorded | u32 length; 0xFFFFFFFF: erased)
//!     the bodies one after another; for an erased one its commitment
//! 16 checksum: the first bytes of BLAKE3 over everything before
//! ```
//! All integers are little-endian. The checksum finds damage that decompression would hide; it is no proof of anything.

use bytes::Bytes;

use crate::entry::{self, Hash, Header, Salt};
use crate::limits::{BUNDLE_ENTRIES, MAX_BODY_BYTES};
use crate::time::Instant;

const VERSION: u8 = 1;
const FIXED_BYTES: usize = 44;
const SEAL_BYTES: usize = 48;
const ROW_BYTES: usize = 14;
const CHECKSUM_BYTES: usize = 16;
const ERASED: u32 = u32::MAX;
/// What is found somewhere and says that it begins later than this is no bundle.
const MAX_FIRST: u64 = 1 << 48;
const CHECKSUM_CONTEXT: &str = "sayso 2023-05 bundle checksum v1";

/// How the payload is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// As it is.
    Plain = 0,
    /// One LZ4 block.
    Lz4 = 1,
}

/// One entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Header flags.
    pub flags: u16,
    /// Recorded time.
    pub recorded: Instant,
    /// The entry's hash.
    pub hash: Hash,
    /// The body, or what is left of it.
    pub body: StoredBody,
}

/// The body of a stored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredBody {
    /// Salt and body bytes; those of neighbouring entries may share one buffer.
    Present(Salt, Bytes),
    /// Erased: the commitment stays, so that the chain still verifies.
    Erased(Hash),
}

impl StoredEntry {
    /// The header, given the entry's place.
    #[must_use]
    pub fn header(&self, index: u64, previous: Hash) -> Header {
        let commitment = match &self.body {
            StoredBody::Present(salt, body) => entry::commitment(salt, body),
            StoredBody::Erased(commitment) => *commitment,
        };
        Header { flags: self.flags, index, recorded: self.recorded, previous, commitment }
    }

    /// The same with no more of its body than the commitment.
    pub(crate) fn erased(&self, index: u64, previous: Hash) -> Self {
        Self { body: StoredBody::Erased(self.header(index, previous).commitment), ..*self }
    }

    /// The body bytes, unless they were erased.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        match &self.body {
            StoredBody::Present(_, body) => Some(body),
            StoredBody::Erased(_) => None,
        }
    }
}

/// Consecutive entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The index of the first entry.
    pub first: u64,
    /// The hash before the first entry.
    pub previous: Hash,
    /// The entries, at least one.
    pub entries: Vec<StoredEntry>,
}

/// Why stored bytes are not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Written by a newer program.
    #[error("bundle version {0} is newer than this program reads")]
    NewerVersion(u8),
    /// The bytes were changed or cut.
    #[error("the stored bytes are damaged ({0})")]
    Damaged(&'static str),
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    static CONTEXT: std::sync::LazyLock<blake3::Hasher> =
        std::sync::LazyLock::new(|| blake3::Hasher::new_derive_key(CHECKSUM_CONTEXT));
    let mut out = [0; CHECKSUM_BYTES];
    CONTEXT.clone().update(bytes).finalize_xof().fill(&mut out);
    out
}

/// The bytes to store for consecutive entries.
#[must_use]
pub(crate) fn encode(first: u64, previous: Hash, entries: &[&StoredEntry], codec: Codec) -> Vec<u8> {
    let length_of = |e: &&StoredEntry| e.body().map_or(32, <[u8]>::len);
    let mut payload = Vec::with_capacity(entries.iter().map(|e| ROW_BYTES + length_of(e)).sum());
    let mut out = Vec::with_capacity(FIXED_BYTES + entries.len() * SEAL_BYTES + payload.capacity() + CHECKSUM_BYTES);
    out.push(VERSION);
    out.push(codec as u8);
    out.extend_from_slice(&u16::try_from(entries.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&previous.0);
    for e in entries {
        let (salt, length) = match &e.body {
            // A body is at most MAX_BODY_BYTES long.
            StoredBody::Present(salt, body) => (*salt, u32::try_from(body.len()).unwrap_or(ERASED)),
            StoredBody::Erased(_) => (Salt::default(), ERASED),
        };
        out.extend_from_slice(&e.hash.0);
        out.extend_from_slice(&salt);
        payload.extend_from_slice(&e.flags.to_le_bytes());
        payload.extend_from_slice(&e.recorded.micros().to_le_bytes());
        payload.extend_from_slice(&length.to_le_bytes());
    }
    for e in entries {
        match &e.body {
            StoredBody::Present(_, body) => payload.extend_from_slice(body),
            StoredBody::Erased(commitment) => payload.extend_from_slice(&commitment.0),
        }
    }
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    match codec {
        Codec::Plain => out.extend_from_slice(&payload),
        Codec::Lz4 => out.extend_from_slice(&lz4_flex::block::compress(&payload)),
    }
    let sum = checksum(&out);
    out.extend_from_slice(&sum);
    out
}

impl Bundle {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self, codec: Codec) -> Vec<u8> {
        encode(self.first, self.previous, &self.entries.iter().collect::<Vec<_>>(), codec)
    }

    /// Reads stored bytes. Only damage is found here; whether the entries are the right ones is for audit.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        Self::read(bytes, true)
    }

    /// Reads bytes whose checksum is wrong as far as they still make sense: to find which entry was hit.
    #[must_use]
    pub fn decode_damaged(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes, false).ok()
    }

    fn read(bytes: &[u8], checked: bool) -> Result<Self, BundleError> {
        let damaged = BundleError::Damaged;
        let (content, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(damaged("too short"))?;
        let mut r = Reader(content);
        let [version, codec] = r.take::<2>()?;
        if version > VERSION {
            return Err(BundleError::NewerVersion(version));
        }
        if version == 0 {
            return Err(damaged("no version"));
        }
        if checked && checksum(content) != *sum {
            return Err(damaged("wrong checksum"));
        }
        let count = usize::from(u16::from_le_bytes(r.take()?));
        if count == 0 || count > BUNDLE_ENTRIES {
            return Err(damaged("impossible number of entries"));
        }
        let first = u64::from_le_bytes(r.take()?);
        let previous = Hash(r.take()?);
        let mut seals = Reader(r.slice(count * SEAL_BYTES)?);
        let length = usize::try_from(u32::from_le_bytes(r.take()?)).unwrap_or(usize::MAX);
        if length > count * (ROW_BYTES + MAX_BODY_BYTES) {
            return Err(damaged("impossible length"));
        }
        let payload: Bytes = match codec {
            0 => Bytes::copy_from_slice(r.0),
            1 => lz4_flex::block::decompress(r.0, length).map_err(|_| damaged("compression"))?.into(),
            _ => return Err(damaged("unknown codec")),
        };
        if payload.len() != length {
            return Err(damaged("wrong length"));
        }
        let (rows, bodies) = payload.split_at_checked(count * ROW_BYTES).ok_or(damaged("too short"))?;
        let (mut rows, mut bodies) = (Reader(rows), Reader(bodies));
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let hash = Hash(seals.take()?);
            let salt: Salt = seals.take()?;
            let flags = u16::from_le_bytes(rows.take()?);
            // Any number is kept: a time that cannot be is for audit to find, at its entry.
            let recorded = Instant::from_stored(i64::from_le_bytes(rows.take()?));
            let body = match u32::from_le_bytes(rows.take()?) {
                ERASED if salt == [0; 16] || !checked => StoredBody::Erased(Hash(bodies.take()?)),
                ERASED => return Err(damaged("a salt without a body")),
                n => {
                    let n = usize::try_from(n).unwrap_or(usize::MAX);
                    let n = if checked { n } else { n.min(bodies.0.len()) };
                    StoredBody::Present(salt, payload.slice_ref(bodies.slice(n)?))
                }
            };
            entries.push(StoredEntry { flags, recorded, hash, body });
        }
        if checked && !bodies.0.is_empty() {
            return Err(damaged("bytes left over"));
        }
        Ok(Self { first, previous, entries })
    }

    /// An entry of the bundle, and the hash before it.
    #[must_use]
    pub fn at(&self, index: u64) -> Option<(Hash, &StoredEntry)> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        let before = at.checked_sub(1).and_then(|b| self.entries.get(b)).map_or(self.previous, |e| e.hash);
        self.entries.get(at).map(|entry| (before, entry))
    }

    /// The index after the last entry.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.entries.len() as u64)
    }
}

/// The first bytes of what could be a bundle, found somewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning {
    /// How many entries it says it has.
    pub(crate) count: usize,
    /// The first of them.
    pub(crate) first: u64,
}

impl Beginning {
    /// Reads what bytes begin with, if a bundle could begin so.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let [VERSION, 0..=1, low, high, rest @ ..] = bytes else { return None };
        let count = usize::from(u16::from_le_bytes([*low, *high]));
        let first = u64::from_le_bytes(*rest.first_chunk()?);
        let sealed = count == BUNDLE_ENTRIES;
        let possible = (1..=BUNDLE_ENTRIES).contains(&count)
            && first < MAX_FIRST
            && first % BUNDLE_ENTRIES as u64 + count as u64 <= BUNDLE_ENTRIES as u64
            && (!sealed || first.is_multiple_of(BUNDLE_ENTRIES as u64));
        (possible && bytes.len() >= Self { count, first }.shortest()).then_some(Self { count, first })
    }

    fn shortest(self) -> usize {
        FIXED_BYTES + self.count * SEAL_BYTES + 4 + CHECKSUM_BYTES
    }

    /// Whether a bundle that begins so may have this length.
    pub(crate) fn may_be_as_long_as(self, length: usize) -> bool {
        length >= self.shortest()
    }

    /// How long the bundle at the beginning of these bytes is, found by its checksum alone. At most `longest`.
    pub(crate) fn find_end(self, bytes: &[u8], longest: usize) -> Option<usize> {
        let bytes = bytes.get(..longest.min(bytes.len()))?;
        let shortest = self.shortest() - CHECKSUM_BYTES;
        let mut hasher = blake3::Hasher::new_derive_key(CHECKSUM_CONTEXT);
        hasher.update(bytes.get(..shortest)?);
        for end in shortest..bytes.len() {
            let sum = bytes.get(end..end + CHECKSUM_BYTES)?;
            if hasher.finalize().as_bytes().starts_with(sum) {
                return Some(end + CHECKSUM_BYTES);
            }
            hasher.update(bytes.get(end..end + 1)?);
        }
        None
    }
}

/// Takes bytes from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn slice(&mut self, n: usize) -> Result<&'a [u8], BundleError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(BundleError::Damaged("too short"))?;
        self.0 = tail;
        Ok(head)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], BundleError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(BundleError::Damaged("too short"))?;
        self.0 = tail;
        Ok(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read would be written as version 1, so that two byte strings would be one bundle.
    #[test]
    fn there_is_no_version_0() {
        let body = StoredBody::Erased(Hash([3; 32]));
        let entry = StoredEntry { flags: 0, recorded: Instant::from_stored(1), hash: Hash([1; 32]), body };
        let mut bytes = Bundle { first: 0, previous: Hash([2; 32]), entries: vec![entry] }.encode(Codec::Plain);
        assert!(Bundle::decode(&bytes).is_ok());
        bytes[0] = 0;
        let end = bytes.len() - CHECKSUM_BYTES;
        let sum = checksum(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum);
        assert_eq!(Bundle::decode(&bytes), Err(BundleError::Damaged("no version")));
    }

    fn sample() -> Bundle {
        let entry = |n: u8| StoredEntry {
            flags: u16::from(n),
            recorded: Instant::from_micros(-5 + i64::from(n)).unwrap(),
            hash: Hash([n; 32]),
            body: StoredBody::Present([n; 16], vec![n; usize::from(n) * 3].into()),
        };
        let mut entries: Vec<_> = (1..9).map(entry).collect();
        entries[3].body = StoredBody::Erased(Hash([77; 32]));
        Bundle { first: 7, previous: Hash([9; 32]), entries }
    }

    #[test]
    fn bundles_round_trip() {
        for codec in [Codec::Plain, Codec::Lz4] {
            let bundle = sample();
            assert_eq!(Bundle::decode(&bundle.encode(codec)), Ok(bundle));
        }
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_found() {
        for codec in [Codec::Plain, Codec::Lz4] {
            let good = sample().encode(codec);
            for at in 0..good.len() {
                let mut bad = good.clone();
                bad[at] ^= 1;
                assert!(Bundle::decode(&bad).is_err(), "byte {at}");
                assert!(Bundle::decode(&good[..at]).is_err(), "cut at {at}");
            }
        }
    }
}
