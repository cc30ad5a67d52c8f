//! What a proof shows of an entry: its header, and its body or only the commitment to it. Also the form in which bodies are
//! published. It does not decode the event.
//!
//! ```text
//! disclosure   u8 version = 1 | 84 header | body or not
//! body or not  u32 length, big-endian | 16 salt | body          0xFFFFFFFF: nothing follows; erased, or not shown
//! ```

use sayso_core::entry::{HEADER_BYTES, Header, Salt, commitment};
use sayso_core::limits::MAX_BODY_BYTES;

use crate::digest::Digest;
use crate::merkle;

const VERSION: u8 = 1;
const ABSENT: u32 = u32::MAX;

/// A salt and the body that it was committed to with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaltedBody {
    /// The salt.
    pub salt: Salt,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// An entry as it is shown to an outsider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// The header: the leaf of the tree.
    pub header: Header,
    /// The body, if it is shown.
    pub body: Option<SaltedBody>,
}

/// Why bytes show no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisclosureError {
    /// Written by a newer program.
    #[error("the entry is shown in form {0}, which is newer than this program reads; install a newer sayso")]
    Newer(u8),
    /// Cut, or longer than it should be.
    #[error("the entry's bytes are cut, or too many; get the proof again")]
    Length,
    /// The header cannot be one.
    #[error(
        "the entry's header is not one that this program reads: it is damaged, or a newer sayso made it; get the proof again"
    )]
    Header,
    /// The body is not the one that was committed to.
    #[error(
        "the body shown is not the one that the entry's commitment was made for: body or salt was changed. The ledger did not record \
         this text there; do not believe it"
    )]
    Commitment,
    /// The header is that of another entry.
    #[error(
        "the proof is for entry #{proved}, and the header shown says that it is #{shown}: they were put together from two. Ask for a \
         proof of the entry that you mean"
    )]
    Index {
        /// What the proof says.
        proved: u64,
        /// What the header says.
        shown: u64,
    },
}

impl Disclosure {
    /// The bytes for a proof's extra data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.header.to_bytes());
        encode_body(self.body.as_ref(), &mut out);
        out
    }

    /// Reads such bytes. A body that is shown is the one that was committed to.
    ///
    /// # Errors
    /// [`DisclosureError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DisclosureError> {
        let (version, rest) = bytes.split_first().ok_or(DisclosureError::Length)?;
        if *version != VERSION {
            return Err(DisclosureError::Newer(*version));
        }
        let (header, mut rest) = rest.split_first_chunk::<HEADER_BYTES>().ok_or(DisclosureError::Length)?;
        let header = Header::from_bytes(header).ok_or(DisclosureError::Header)?;
        let body = decode_body(&mut rest).ok_or(DisclosureError::Length)?;
        if !rest.is_empty() {
            return Err(DisclosureError::Length);
        }
        let shown = Self { header, body };
        shown.check()?;
        Ok(shown)
    }

    /// Whether the body is the one that was committed to. Nothing to check where it is not shown.
    ///
    /// # Errors
    /// [`DisclosureError::Commitment`].
    pub fn check(&self) -> Result<(), DisclosureError> {
        let fits = |b: &SaltedBody| commitment(&b.salt, &b.body) == self.header.commitment;
        if self.body.as_ref().is_none_or(fits) { Ok(()) } else { Err(DisclosureError::Commitment) }
    }

    /// The hash of the entry as a leaf of the tree.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf(&self.header)
    }
}

/// The hash of an entry as a leaf of the tree: of its header's bytes.
#[must_use]
pub fn leaf(header: &Header) -> Digest {
    merkle::leaf(&header.to_bytes())
}

/// Adds a body, or that there is none.
pub fn encode_body(body: Option<&SaltedBody>, out: &mut Vec<u8>) {
    let length = body.map_or(ABSENT, |b| u32::try_from(b.body.len()).unwrap_or(ABSENT)); // at most MAX_BODY_BYTES
    out.extend_from_slice(&length.to_be_bytes());
    if let Some(SaltedBody { salt, body }) = body {
        out.extend_from_slice(salt);
        out.extend_from_slice(body);
    }
}

/// Takes a body, or that there is none, from the front of some bytes; `None` if they are cut or say too much.
pub fn decode_body(bytes: &mut &[u8]) -> Option<Option<SaltedBody>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length);
    if length == ABSENT {
        *bytes = rest;
        return Some(None);
    }
    let length = usize::try_from(length).ok().filter(|l| *l <= MAX_BODY_BYTES)?;
    let (salt, rest) = rest.split_first_chunk::<16>()?;
    let (body, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(Some(SaltedBody { salt: *salt, body: body.to_vec() }))
}
