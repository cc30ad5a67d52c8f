//! The part of `sayso audit` that holds the ledger against a signed checkpoint that somebody kept.

use std::path::Path;

use rayon::prelude::*;
use sayso_core::audit::{Audit, headers};
use sayso_core::entry::Header;
use sayso_core::ledger::OpenError;
use sayso_core::store::Store;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::digest::Digest;
use sayso_proof::disclosure::leaf;
use sayso_proof::tree::{MemoryTree, extend, head};
use serde_json::{Value, json};

use super::checkpoint::{as_json, signers};
use crate::error::CliError;
use crate::proof::trust::{self, TrustArgs};

/// A checkpoint that somebody kept, and who vouches for it.
pub(super) struct Kept {
    checkpoint: SignedCheckpoint,
    signed_by: Vec<String>,
    cosigned_by: Vec<String>,
}

/// How the ledger compares with it.
enum Comparison {
    Fits,
    Cut {
        found: u64,
    },
    Rewritten,
    /// There is damage below it, so nothing can be said.
    Damaged {
        at: u64,
    },
}

/// A checkpoint and how the ledger compares with it.
pub(super) struct Anchored {
    kept: Kept,
    comparison: Comparison,
}

impl Kept {
    pub(super) fn read(path: &Path, trust: &TrustArgs) -> Result<Self, CliError> {
        let policy = trust.policy()?;
        let checkpoint = trust::checkpoint(path, &policy)?;
        let keys = policy.keys();
        let verified = policy.check(&checkpoint, &keys).map_err(CliError::refused)?;
        let (signed_by, cosigned_by) = signers(&verified);
        Ok(Self { checkpoint, signed_by, cosigned_by })
    }

    /// Makes the tree again from the log's own headers; no cache is believed here.
    pub(super) fn compare(self, audit: &Audit, store: &dyn Store) -> Result<Anchored, CliError> {
        let kept = self.checkpoint.checkpoint().head;
        let comparison = if kept.size > audit.entries {
            Comparison::Cut { found: audit.entries }
        } else if audit.consistent_up_to() < kept.size {
            Comparison::Damaged { at: audit.consistent_up_to() }
        } else {
            let mut tree = MemoryTree::default();
            headers(store, |headers: &[Header]| {
                let leaves: Vec<Digest> = headers.par_iter().filter(|h| h.index < kept.size).map(leaf).collect();
                // A tree in memory takes whatever it is given.
                let _ = extend(&mut tree, &leaves);
                Ok::<_, OpenError>(())
            })?;
            let found = head(&tree, kept.size).map_err(CliError::failed)?;
            if found == kept { Comparison::Fits } else { Comparison::Rewritten }
        };
        Ok(Anchored { kept: self, comparison })
    }
}

impl Anchored {
    pub(super) fn fits(&self) -> bool {
        matches!(self.comparison, Comparison::Fits)
    }

    pub(super) fn as_json(&self) -> Value {
        let mut json = as_json(&self.kept.checkpoint);
        let (kind, fits) = match self.comparison {
            Comparison::Fits => (Value::Null, true),
            Comparison::Cut { .. } => ("cut".into(), false),
            Comparison::Rewritten => ("rewritten".into(), false),
            Comparison::Damaged { .. } => ("damaged".into(), false),
        };
        if let Some(object) = json.as_object_mut() {
            object.remove("note");
            object.insert("fits".into(), fits.into());
            object.insert("kind".into(), kind);
            object.insert("signed_by".into(), json!(self.kept.signed_by));
            object.insert("cosigned_by".into(), json!(self.kept.cosigned_by));
        }
        json
    }

    pub(super) fn text(&self) -> String {
        let checkpoint = self.kept.checkpoint.checkpoint();
        let (size, origin) = (checkpoint.head.size, &checkpoint.origin);
        let mut text = match self.comparison {
            Comparison::Fits => {
                format!("Anchored up to {size} entries: they are those of the checkpoint of {origin}.\n")
            }
            Comparison::Cut { found } => {
                format!("UNSOUND: cut: the checkpoint of {origin} has {size} entries, and only {found} are left.\n")
            }
            Comparison::Rewritten => {
                format!("UNSOUND: rewritten: the first {size} entries are not those of the checkpoint of {origin}.\n")
            }
            Comparison::Damaged { at } => {
                format!("The checkpoint of {origin} could not be compared: there is damage from #{at} on.\n")
            }
        };
        text.push_str(&format!("The checkpoint was signed by {}.\n", self.kept.signed_by.join(", ")));
        if !self.kept.cosigned_by.is_empty() {
            text.push_str(&format!("Witnessed by {}.\n", self.kept.cosigned_by.join(", ")));
        }
        text
    }
}
