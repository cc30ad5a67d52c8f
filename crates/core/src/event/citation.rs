//! Where a statement can be read.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::text::{Text, Url};

/// A carrier's document, and the place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawCitation", into = "RawCitation")]
pub struct Citation {
    url: Option<Url>,
    archived: Option<Url>,
    file: Option<FileHash>,
    exact: Option<Text>,
    prefix: Option<Text>,
    suffix: Option<Text>,
}

/// BLAKE3 of a captured file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash([u8; 32]);

/// Why a citation was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CitationError {
    /// It leads nowhere.
    #[error("needs an address (`url`), an archived address (`archived`) or a file hash (`blake3`)")]
    Nowhere,
    /// Context without the words it surrounds.
    #[error("has a `prefix` or `suffix` without `exact`")]
    ContextOnly,
    /// Not 64 hexadecimal digits.
    #[error("`blake3` is not 64 hexadecimal digits")]
    Hash,
}

/// The parts of a citation, before they are checked together.
#[derive(Serialize, Deserialize)]
struct RawCitation {
    url: Option<Url>,
    archived: Option<Url>,
    file: Option<FileHash>,
    exact: Option<Text>,
    prefix: Option<Text>,
    suffix: Option<Text>,
}

impl Citation {
    /// A citation: at least one way to the document; `prefix` and `suffix` only around `exact`.
    ///
    /// # Errors
    /// [`CitationError`].
    pub fn new(
        url: Option<Url>,
        archived: Option<Url>,
        file: Option<FileHash>,
        exact: Option<Text>,
        prefix: Option<Text>,
        suffix: Option<Text>,
    ) -> Result<Self, CitationError> {
        if url.is_none() && archived.is_none() && file.is_none() {
            return Err(CitationError::Nowhere);
        }
        if exact.is_none() && (prefix.is_some() || suffix.is_some()) {
            return Err(CitationError::ContextOnly);
        }
        Ok(Self { url, archived, file, exact, prefix, suffix })
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// The address of an archived copy.
    #[must_use]
    pub fn archived(&self) -> Option<&Url> {
        self.archived.as_ref()
    }

    /// BLAKE3 of the captured file.
    #[must_use]
    pub fn file(&self) -> Option<FileHash> {
        self.file
    }

    /// The exact words.
    #[must_use]
    pub fn exact(&self) -> Option<&Text> {
        self.exact.as_ref()
    }

    /// The words before them.
    #[must_use]
    pub fn prefix(&self) -> Option<&Text> {
        self.prefix.as_ref()
    }

    /// The words after them.
    #[must_use]
    pub fn suffix(&self) -> Option<&Text> {
        self.suffix.as_ref()
    }
}

impl TryFrom<RawCitation> for Citation {
    type Error = CitationError;
    fn try_from(r: RawCitation) -> Result<Self, CitationError> {
        Self::new(r.url, r.archived, r.file, r.exact, r.prefix, r.suffix)
    }
}

impl From<Citation> for RawCitation {
    fn from(c: Citation) -> Self {
        let Citation { url, archived, file, exact, prefix, suffix } = c;
        Self { url, archived, file, exact, prefix, suffix }
    }
}

impl FromStr for FileHash {
    type Err = CitationError;
    fn from_str(s: &str) -> Result<Self, CitationError> {
        blake3::Hash::from_hex(s).map(|h| Self(*h.as_bytes())).map_err(|_| CitationError::Hash)
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).fmt(f)
    }
}
