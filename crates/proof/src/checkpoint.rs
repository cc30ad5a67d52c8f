//! C2SP tlog-checkpoint: the size and root of a log, signed. It does not compare two checkpoints: that takes a proof.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::key::{KeyId, KeyKind, KeyName, SigningKey, VerifierKey};
use crate::merkle::TreeHead;
use crate::note::{Note, NoteError, Verified, signers};
use crate::text::{decimal, shown};

/// What a log says of itself at some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is: its name.
    pub origin: String,
    /// How many entries, and the root over them.
    pub head: TreeHead,
    /// Further lines, opaque. We write none.
    pub extensions: Vec<String>,
}

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The note is not accepted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Fewer than three lines, or empty ones.
    #[error(
        "a checkpoint has three lines or more, none of them empty: origin, size, root; look whether it is the right file"
    )]
    Lines,
    /// The size is no number, or is written in another way.
    #[error("the checkpoint's size `{0}` is not a plain decimal number; get the checkpoint again")]
    Size(String),
    /// The root is no hash.
    #[error("the checkpoint's root `{0}` is not a SHA-256 hash in base64; get the checkpoint again")]
    Root(String),
    /// A root that no tree of this size has.
    #[error(
        "the checkpoint has no entries, and its root is not that of the empty tree: no ledger has made it. Do not believe it"
    )]
    NotEmpty,
    /// Signed by a key of another log, or only by witnesses.
    #[error(
        "the checkpoint is of `{}`, and no key of that name among those given signed it; it says it was signed by {}. Ask for the \
         ledger's verifier key, by a way that you trust",
        shown(origin, 80),
        signers(found)
    )]
    Origin {
        /// What it says it is of.
        origin: String,
        /// Who is said to have signed.
        found: Vec<(KeyName, KeyId)>,
    },
}

impl Checkpoint {
    /// Signs it with every key given, the first line first; `None` if the origin has a line break or other control characters.
    #[must_use]
    pub fn sign(self, keys: &[SigningKey]) -> Option<SignedCheckpoint> {
        if self.origin.is_empty() || self.origin.contains('\n') {
            return None;
        }
        let note = Note::unsigned(self.to_string())?;
        Some(SignedCheckpoint { note: keys.iter().fold(note, Note::signed), checkpoint: self })
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        let extensions: Vec<String> = lines.map(ToOwned::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        let size = decimal(size).ok_or_else(|| CheckpointError::Size(shown(size, 100)))?;
        let root: Digest = root.parse().map_err(|_| CheckpointError::Root(shown(root, 100)))?;
        if size == 0 && root != crate::merkle::empty_root() {
            return Err(CheckpointError::NotEmpty);
        }
        Ok(Self { origin: origin.to_owned(), head: TreeHead { size, root }, extensions })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, self.head.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint with its signatures. Nothing of it may be believed before [`SignedCheckpoint::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Reads a signed checkpoint; checks no signature.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let checkpoint = note.text().parse()?;
        Ok(Self { note, checkpoint })
    }

    /// What it says.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note it is.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// With another signature line.
    #[must_use]
    pub fn with_line(self, line: crate::note::SignatureLine) -> Self {
        Self { note: self.note.with_line(line), ..self }
    }

    /// The keys among `known` that signed it. At least one is a log's key with the checkpoint's origin as its name: so a
    /// key vouches for one log and no other.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, CheckpointError> {
        let verified = self.note.verify(known)?;
        let origin = &self.checkpoint.origin;
        let own = |v: &Verified<'_>| v.key.kind() == KeyKind::Log && v.key.name().as_str() == origin;
        let other = || CheckpointError::Origin { origin: origin.clone(), found: self.note.signers() };
        if verified.iter().any(own) { Ok(verified) } else { Err(other()) }
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
