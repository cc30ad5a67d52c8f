//! C2SP tlog-proof: one file that shows that something is in a log. It does not trust the extra data: that is for whoever
//! compares it with the leaf.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>              not always there
//! index <number>
//! <a hash in base64>          one line for each step from the leaf to the root
//!
//! <a signed checkpoint>
//! ```

use std::fmt;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::digest::Digest;
use crate::merkle::{MerkleError, verify_inclusion};
use crate::text::{decimal, from_base64, shown, to_base64};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 leaves has no longer path.
pub const MAX_HASHES: usize = 64;

/// That an entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// Whatever came along.
    pub extra: Option<Vec<u8>>,
    /// The entry's place.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Digest>,
    /// The checkpoint it is shown under.
    pub checkpoint: SignedCheckpoint,
}

/// Why a file is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFileError {
    /// Another kind of file.
    #[error("not a proof: it does not begin with `{FIRST_LINE}`; look whether it is the right file")]
    Kind,
    /// The extra data is not base64.
    #[error("the proof's `extra` line is not base64: it was changed or broken into lines; get the proof again")]
    Extra,
    /// No index, or not a plain number.
    #[error("the proof has no line `index NUMBER` where it should stand; get the proof again")]
    Index,
    /// A line that should be a hash.
    #[error("line {line} of the proof is not a hash: `{text}`; get the proof again")]
    Hash {
        /// Which line, from 1.
        line: usize,
        /// What it has.
        text: String,
    },
    /// More hashes than any tree needs.
    #[error("the proof has more than {MAX_HASHES} hashes, and no tree takes as many; get the proof again")]
    TooMany,
    /// The file ends before the checkpoint.
    #[error("the proof was cut: no checkpoint follows the hashes; get it again, whole")]
    Truncated,
    /// The checkpoint cannot be read or is not accepted.
    #[error("the proof's checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

impl ProofFile {
    /// Reads a proof; checks nothing.
    ///
    /// # Errors
    /// [`ProofFileError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        let end = bytes.windows(2).position(|w| w == b"\n\n").ok_or(ProofFileError::Truncated);
        let starts = bytes.starts_with(format!("{FIRST_LINE}\n").as_bytes());
        let (head, checkpoint) = match (starts, end) {
            (false, _) => return Err(ProofFileError::Kind),
            (true, end) => bytes.split_at_checked(end?).ok_or(ProofFileError::Truncated)?,
        };
        let head = std::str::from_utf8(head).map_err(|_| ProofFileError::Kind)?;
        let mut lines = head.split('\n').enumerate().skip(1).peekable();
        let extra = lines.next_if(|(_, line)| line.starts_with("extra "));
        let extra =
            extra.map(|(_, line)| line.strip_prefix("extra ").and_then(from_base64).ok_or(ProofFileError::Extra));
        let index = lines.next().and_then(|(_, line)| decimal(line.strip_prefix("index ")?));
        let index = index.ok_or(ProofFileError::Index)?;
        let hash = |(at, text): (usize, &str)| {
            text.parse().map_err(|_| ProofFileError::Hash { line: at + 1, text: shown(text, 80) })
        };
        let hashes: Vec<Digest> = lines.map(hash).collect::<Result<_, _>>()?;
        if hashes.len() > MAX_HASHES {
            return Err(ProofFileError::TooMany);
        }
        let checkpoint = checkpoint.strip_prefix(b"\n\n").ok_or(ProofFileError::Truncated)?;
        Ok(Self { extra: extra.transpose()?, index, hashes, checkpoint: SignedCheckpoint::parse(checkpoint)? })
    }

    /// Whether the hashes lead from a leaf's hash to the checkpoint's root. The checkpoint's signatures are another question.
    ///
    /// # Errors
    /// [`MerkleError`].
    pub fn check(&self, leaf: Digest) -> Result<(), MerkleError> {
        let head = self.checkpoint.checkpoint().head;
        verify_inclusion(leaf, self.index, head.size, &self.hashes, head.root)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
