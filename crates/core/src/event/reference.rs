//! The ways a draft can point at an entry.

use std::fmt;
use std::str::FromStr;

use serde::ser::{Error as _, Serialize, Serializer};

use crate::text::{ExternalId, TextError};

/// What a reference by content starts with.
pub const CONTENT_PREFIX: &str = "content:";

/// A pointer at an entry that nobody has looked up yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// By number: `#12`.
    Index(u64),
    /// By external id.
    Id(ExternalId),
    /// By what the entry says, for entries without an id; good within one import.
    Content(ContentDigest),
}

/// The identity of an event by its content: the first 16 bytes of a BLAKE3 digest that is the same in every ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest(pub [u8; 16]);

/// Why a text does not point at an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// `#` without a number.
    #[error("`{0}` is not an entry number; write # and digits, as in #12")]
    Number(String),
    /// `content:` without a digest.
    #[error("`{0}` is not a content digest (content: and 32 hexadecimal digits)")]
    Digest(String),
    /// Not an id.
    #[error(transparent)]
    Id(#[from] TextError),
}

/// Only an event that points at nothing can be stored without looking anything up first; this is where another one stops.
impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a reference that was not looked up"))
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(s: &str) -> Result<Self, ReferenceError> {
        let shown = || s.chars().take(60).collect();
        if let Some(digits) = s.strip_prefix('#') {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let index = digits.parse().ok().filter(|_| plain);
            return index.map(Self::Index).ok_or_else(|| ReferenceError::Number(shown()));
        }
        if let Some(hex) = s.strip_prefix(CONTENT_PREFIX) {
            // The hash library reads 64 digits; half of them are given here.
            let whole = blake3::Hash::from_hex(format!("{hex}{hex}")).ok().filter(|_| hex.len() == 32);
            let half = whole.as_ref().and_then(|h| h.as_bytes().first_chunk::<16>());
            return half.map(|h| Self::Content(ContentDigest(*h))).ok_or_else(|| ReferenceError::Digest(shown()));
        }
        Ok(Self::Id(ExternalId::new(s)?))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(i) => write!(f, "#{i}"),
            Self::Id(id) => id.fmt(f),
            Self::Content(digest) => {
                f.write_str(CONTENT_PREFIX)?;
                digest.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }
    }
}
