//! An entry: the hashed header, the salted commitment to the body, and the chain.
//!
//! ```text
//! commitment = BLAKE3[commitment context](salt, body)
//! hash(i)    = BLAKE3[entry context](header(i)),  header(i) holds hash(i-1) and the commitment
//! hash(-1)   = BLAKE3[genesis context](ledger identity)
//! ```

use std::fmt;
use std::str::FromStr;

use crate::time::Instant;

/// The header version this program writes.
pub const HEADER_VERSION: u16 = 1;
/// Bytes in a header.
pub const HEADER_BYTES: usize = 84;
/// Flag: the recorded time came with the entry, from another system's clock.
pub const FLAG_IMPORTED_CLOCK: u16 = 1;

const ENTRY_CONTEXT: &str = "sayso 2023-05 entry header v1";
const COMMITMENT_CONTEXT: &str = "sayso 2023-05 body commitment v1";
const GENESIS_CONTEXT: &str = "sayso 2023-05 ledger genesis v1";

/// A 32-byte BLAKE3 hash, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

/// The random bytes that keep a body from being guessed by its commitment.
pub type Salt = [u8; 16];

/// What makes a ledger itself and no other: 32 random bytes, drawn when it is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LedgerId(pub [u8; 32]);

/// The hashed part of an entry. 84 bytes, little-endian: version u16, flags u16, index u64, recorded i64
/// (microseconds), previous hash, commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Meaning of the rest: [`FLAG_IMPORTED_CLOCK`].
    pub flags: u16,
    /// The entry's place in the log.
    pub index: u64,
    /// When this ledger learned of it.
    pub recorded: Instant,
    /// The hash of the entry before.
    pub previous: Hash,
    /// The commitment to salt and body.
    pub commitment: Hash,
}

/// Hashers with their contexts set up, to be cloned for every hash.
struct Contexts {
    entry: blake3::Hasher,
    commitment: blake3::Hasher,
}

/// Setting up a derive-key context costs two hashes of its own; once is enough.
static CONTEXTS: std::sync::LazyLock<Contexts> = std::sync::LazyLock::new(|| Contexts {
    entry: blake3::Hasher::new_derive_key(ENTRY_CONTEXT),
    commitment: blake3::Hasher::new_derive_key(COMMITMENT_CONTEXT),
});

impl Header {
    /// The bytes that are hashed.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let mut rest = out.as_mut_slice();
        let mut put = |bytes: &[u8]| {
            // The parts add up to HEADER_BYTES.
            if let Some((head, tail)) = std::mem::take(&mut rest).split_at_mut_checked(bytes.len()) {
                head.copy_from_slice(bytes);
                rest = tail;
            }
        };
        put(&HEADER_VERSION.to_le_bytes());
        put(&self.flags.to_le_bytes());
        put(&self.index.to_le_bytes());
        put(&self.recorded.micros().to_le_bytes());
        put(&self.previous.0);
        put(&self.commitment.0);
        out
    }

    /// Reads the bytes that are hashed; `None` if they are not those of a header that this program writes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (version, rest) = bytes.split_first_chunk()?;
        let (flags, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (recorded, rest) = rest.split_first_chunk()?;
        let (previous, rest) = rest.split_first_chunk()?;
        let commitment = rest.first_chunk()?;
        let known = u16::from_le_bytes(*version) == HEADER_VERSION;
        Some(Self {
            flags: u16::from_le_bytes(*flags),
            index: u64::from_le_bytes(*index),
            recorded: Instant::from_micros(i64::from_le_bytes(*recorded))?,
            previous: Hash(*previous),
            commitment: Hash(*commitment),
        })
        .filter(|_| known)
    }

    /// The entry's hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut hasher = CONTEXTS.entry.clone();
        hasher.update(&self.to_bytes());
        Hash(hasher.finalize().into())
    }
}

/// The commitment to a salted body.
#[must_use]
pub fn commitment(salt: &Salt, body: &[u8]) -> Hash {
    let mut hasher = CONTEXTS.commitment.clone();
    hasher.update(salt);
    hasher.update(body);
    Hash(hasher.finalize().into())
}

impl LedgerId {
    /// What stands in for the previous hash of entry 0: it ties the chain to this ledger.
    #[must_use]
    pub fn genesis(&self) -> Hash {
        Hash(blake3::derive_key(GENESIS_CONTEXT, &self.0))
    }
}

/// A number of entries and the hash of the last one. A head that somebody keeps is a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub size: u64,
    /// The hash of the last entry, or of the ledger's genesis where there is none.
    pub hash: Hash,
}

/// Why a text is not a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a receipt; write SIZE:HASH, or `#INDEX HASH` as append prints it")]
pub struct ReceiptError(String);

impl FromStr for Head {
    type Err = ReceiptError;

    /// Reads `SIZE:HASH` or `#INDEX HASH`.
    fn from_str(s: &str) -> Result<Self, ReceiptError> {
        let read = || {
            if let Some(rest) = s.trim().strip_prefix('#') {
                let (index, hash) = rest.split_once(char::is_whitespace)?;
                return Some(Self {
                    size: index.parse::<u64>().ok()?.checked_add(1)?,
                    hash: hash.trim().parse().ok()?,
                });
            }
            let (size, hash) = s.trim().split_once(':')?;
            Some(Self { size: size.parse().ok()?, hash: hash.parse().ok()? })
        };
        read().ok_or_else(|| ReceiptError(s.chars().take(100).collect()))
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.size, self.hash)
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;
    fn from_str(s: &str) -> Result<Self, NotAHash> {
        blake3::Hash::from_hex(s).map(|h| Self(*h.as_bytes())).map_err(|_| NotAHash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hash(self.0).fmt(f)
    }
}

impl fmt::Debug for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_header() {
        let header = Header {
            flags: 0x0302,
            index: 0x0b0a_0908_0706_0504,
            recorded: Instant::from_micros(-1).unwrap(),
            previous: Hash([0xaa; 32]),
            commitment: Hash([0xbb; 32]),
        };
        let bytes = header.to_bytes();
        assert_eq!(bytes[..12], [1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(bytes[12..20], [0xff; 8]);
        assert_eq!(bytes[20..52], [0xaa; 32]);
        assert_eq!(bytes[52..], [0xbb; 32]);
        assert_eq!(Header::from_bytes(&bytes), Some(header));
        assert_eq!(Header::from_bytes(&[0; HEADER_BYTES]), None, "version 0");
    }

    #[test]
    fn receipts_are_read_in_both_forms() {
        let hash = "ab".repeat(32);
        let a: Head = format!("13:{hash}").parse().unwrap();
        let b: Head = format!("#12 {hash}\n").parse().unwrap();
        assert_eq!(a, b);
        for bad in ["", "13", "13:xyz", "#12", "-1:00", "#18446744073709551615 00"] {
            assert!(bad.parse::<Head>().is_err());
        }
    }
}
