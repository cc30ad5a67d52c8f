//! C2SP tlog-witness: what a witness answers to `add-checkpoint`. It speaks no HTTP and reads no clock: both are given to it.
//!
//! A witness keeps the newest checkpoint of each log that it knows. It cosigns what extends that and refuses all else, so two
//! histories of one log cannot both be cosigned.

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::cosignature;
use crate::digest::Digest;
use crate::key::{SigningKey, VerifierKey};
use crate::merkle::{TreeHead, empty_root, verify_consistency};
use crate::text::{decimal, shown};

/// Most hashes of a consistency proof.
pub const MAX_PROOF_LINES: usize = 63;
/// The content type of an answer that gives a size.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
/// The content type of other answers.
pub const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// What a witness keeps, durably.
pub trait WitnessStore {
    /// What can go wrong.
    type Error;

    /// The newest checkpoint that was cosigned for an origin, as it was submitted.
    ///
    /// # Errors
    /// If it cannot be read.
    fn latest(&self, origin: &str) -> Result<Option<SignedCheckpoint>, Self::Error>;

    /// Makes a checkpoint the newest of its origin. Durable when this returns: the cosignature is given out only then.
    ///
    /// # Errors
    /// If that is not certain. Nothing is cosigned then.
    fn record(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), Self::Error>;

    /// Keeps two checkpoints of a log, both signed by it, of which the second was not shown to extend the first. If they have
    /// one size and two roots, together they prove that the log shows two histories.
    ///
    /// # Errors
    /// If it cannot be written.
    fn keep_evidence(&mut self, cosigned: &SignedCheckpoint, refused: &SignedCheckpoint) -> Result<(), Self::Error>;
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    fn refuse(status: u16, why: &str) -> Self {
        Self { status, content_type: TEXT_TYPE, body: format!("{why}\n") }
    }

    fn size(status: u16, size: u64) -> Self {
        Self { status, content_type: SIZE_TYPE, body: format!("{size}\n") }
    }
}

/// A call as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the client believes was cosigned last.
    pub old_size: u64,
    /// From there to the checkpoint.
    pub proof: Vec<Digest>,
    /// What is to be cosigned.
    pub checkpoint: SignedCheckpoint,
}

/// The body of a request is not of the form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No such first line.
    #[error("the first line is not `old SIZE`, but `{0}`; begin with the size that was cosigned last, or 0")]
    OldSize(String),
    /// No empty line.
    #[error("there is no empty line before the checkpoint; send the request whole")]
    Truncated,
    /// A line that should be a hash.
    #[error("line {0} is not a hash of the proof in base64; send the proof again")]
    Hash(usize),
    /// More lines than may be sent.
    #[error("more than {MAX_PROOF_LINES} lines of proof, and no tree takes as many; send the proof again")]
    TooMany,
    /// The checkpoint cannot be read.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

impl AddCheckpoint {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let end = body.windows(2).position(|w| w == b"\n\n").ok_or(RequestError::Truncated)?;
        let (head, checkpoint) = body.split_at_checked(end).ok_or(RequestError::Truncated)?;
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split('\n');
        let first = lines.next().unwrap_or_default();
        let old_size = first.strip_prefix("old ").and_then(decimal);
        let old_size = old_size.ok_or_else(|| RequestError::OldSize(shown(first, 80)))?;
        let hash = |(line, text): (usize, &str)| text.parse().map_err(|_| RequestError::Hash(line));
        let proof: Vec<Digest> = (2..).zip(lines).map(hash).collect::<Result<_, _>>()?;
        if proof.len() > MAX_PROOF_LINES {
            return Err(RequestError::TooMany);
        }
        let checkpoint = checkpoint.strip_prefix(b"\n\n").ok_or(RequestError::Truncated)?;
        Ok(Self { old_size, proof, checkpoint: SignedCheckpoint::parse(checkpoint)? })
    }

    /// The body of a request.
    #[must_use]
    pub fn to_body(&self) -> String {
        let proof: String = self.proof.iter().map(|hash| format!("{hash}\n")).collect();
        format!("old {}\n{proof}\n{}", self.old_size, self.checkpoint)
    }
}

/// A witness.
pub struct Witness<S> {
    key: SigningKey,
    logs: Vec<VerifierKey>,
    store: S,
}

impl<S: WitnessStore> Witness<S> {
    /// A witness with its own key, for the logs with these keys.
    pub fn new(key: SigningKey, logs: Vec<VerifierKey>, store: S) -> Self {
        Self { key, logs, store }
    }

    /// Answers a call. It needs the witness to itself: comparing with the newest checkpoint and replacing it are one step.
    ///
    /// # Errors
    /// If the store failed. Nothing was cosigned then, and the call may be made again.
    pub fn add_checkpoint(&mut self, body: &[u8], now_s: u64) -> Result<Answer, S::Error> {
        let call = match AddCheckpoint::parse(body) {
            Ok(call) => call,
            Err(e) => return Ok(Answer::refuse(400, &e.to_string())),
        };
        let checkpoint = call.checkpoint.checkpoint();
        let known = self.logs.iter().filter(|key| key.name().as_str() == checkpoint.origin);
        let known: Vec<VerifierKey> = known.cloned().collect();
        if known.is_empty() {
            return Ok(Answer::refuse(
                404,
                "this witness does not know the log; ask its keeper to add the log's verifier key",
            ));
        }
        if let Err(e) = call.checkpoint.verify(&known) {
            return Ok(Answer::refuse(403, &e.to_string()));
        }
        if call.old_size > checkpoint.head.size {
            return Ok(Answer::refuse(
                400,
                "the old size is greater than the checkpoint's; send the newest checkpoint",
            ));
        }
        let latest = self.store.latest(&checkpoint.origin)?;
        let stored = latest.as_ref().map_or(TreeHead { size: 0, root: empty_root() }, |l| l.checkpoint().head);
        if call.old_size != stored.size {
            // The client may be behind, or may show another history: only a proof from here on will tell.
            if let Some(latest) = latest.filter(|l| excludes(l, &call.checkpoint)) {
                self.store.keep_evidence(&latest, &call.checkpoint)?;
            }
            return Ok(Answer::size(409, stored.size));
        }
        if let Some(latest) = latest.as_ref().filter(|l| excludes(l, &call.checkpoint)) {
            self.store.keep_evidence(latest, &call.checkpoint)?;
            return Ok(Answer::size(409, stored.size));
        }
        if let Err(e) = verify_consistency(stored, checkpoint.head, &call.proof) {
            if let Some(latest) = &latest {
                self.store.keep_evidence(latest, &call.checkpoint)?;
            }
            return Ok(Answer::refuse(422, &e.to_string()));
        }
        let Some(line) = cosignature::sign(&self.key, now_s, call.checkpoint.note().text()) else {
            return Ok(Answer::refuse(500, "the clock is beyond what can be said"));
        };
        self.store.record(&call.checkpoint)?;
        Ok(Answer { status: 200, content_type: TEXT_TYPE, body: line.to_string() })
    }
}

/// Whether two checkpoints of one log cannot both be true: one size, two roots.
fn excludes(a: &SignedCheckpoint, b: &SignedCheckpoint) -> bool {
    let (a, b) = (a.checkpoint().head, b.checkpoint().head);
    a.size == b.size && a.root != b.root
}
