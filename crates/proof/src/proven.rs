//! The whole check of a proof file of ours, in the one order that is safe: signatures, then place, then body. It reads no file
//! and knows no ledger.

use crate::disclosure::{Disclosure, DisclosureError};
use crate::key::{KeyKind, VerifierKey};
use crate::merkle::{MerkleError, TreeHead};
use crate::policy::{Policy, Refusal};
use crate::proof_file::{ProofFile, ProofFileError};

/// What a proof file was found to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The log it is of.
    pub origin: String,
    /// How large the log was, and its root.
    pub head: TreeHead,
    /// The entry, as far as it is shown.
    pub entry: Disclosure,
    /// The log's keys that signed.
    pub signed_by: Vec<VerifierKey>,
    /// The witnesses that cosigned, and when by their own word, in seconds since the Unix epoch.
    pub cosigned_by: Vec<(VerifierKey, u64)>,
}

/// Why a proof file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotProven {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] ProofFileError),
    /// The checkpoint is not accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The file does not show the entry.
    #[error(
        "the proof has no `extra` line, so it does not show which entry it is about; ask for one that `sayso prove` made"
    )]
    NothingShown,
    /// What is shown of the entry is wrong.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// The entry is not where it is said to be.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
}

/// Checks a proof file against a policy.
///
/// # Errors
/// [`NotProven`].
pub fn prove(file: &[u8], policy: &Policy) -> Result<Proven, NotProven> {
    let proof = ProofFile::parse(file)?;
    let keys = policy.keys();
    let verified = policy.check(&proof.checkpoint, &keys)?;
    let entry = Disclosure::decode(proof.extra.as_deref().ok_or(NotProven::NothingShown)?)?;
    if entry.header.index != proof.index {
        return Err(DisclosureError::Index { proved: proof.index, shown: entry.header.index }.into());
    }
    proof.check(entry.leaf())?;
    let checkpoint = proof.checkpoint.checkpoint();
    Ok(Proven {
        origin: checkpoint.origin.clone(),
        head: checkpoint.head,
        entry,
        signed_by: verified.iter().filter(|v| v.key.kind() == KeyKind::Log).map(|v| v.key.clone()).collect(),
        cosigned_by: verified.iter().filter_map(|v| Some((v.key.clone(), v.time_s?))).collect(),
    })
}
