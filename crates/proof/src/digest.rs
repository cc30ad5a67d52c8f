//! A SHA-256 hash of the tree. The ledger's own hashes are BLAKE3 and another type, so that the two cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use crate::text::{from_base64, to_base64};

/// Bytes in a hash.
pub const DIGEST_BYTES: usize = 32;

/// A SHA-256 hash, shown in base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; DIGEST_BYTES]);

/// The text is not the base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 hash in base64")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;
    fn from_str(s: &str) -> Result<Self, NotADigest> {
        from_base64(s).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NotADigest)
    }
}

impl Digest {
    /// Hashes that stand one after another, or `None` if the bytes do not divide into hashes.
    #[must_use]
    pub fn all(bytes: &[u8]) -> Option<Vec<Self>> {
        let (whole, rest) = bytes.as_chunks::<DIGEST_BYTES>();
        rest.is_empty().then(|| whole.iter().map(|d| Self(*d)).collect())
    }

    /// Hashes one after another.
    #[must_use]
    pub fn concat(digests: &[Self]) -> Vec<u8> {
        digests.iter().flat_map(|d| d.0).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base64(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
