//! Signing a checkpoint: what is signed was compared with the log, extends all that was signed before, and is on record here
//! before anybody else sees it.

use std::path::Path;

use sayso_core::ledger::Ledger;
use sayso_proof::checkpoint::{Checkpoint, SignedCheckpoint};

use super::keyring::Keyring;
use super::ledger_name;
use super::ledger_tree::LedgerTree;
use crate::error::CliError;

/// A checkpoint of the whole ledger, and the tree it stands on.
pub(crate) struct Signed {
    pub(crate) checkpoint: SignedCheckpoint,
    pub(crate) tree: LedgerTree,
}

/// Signs the ledger as it is now, with every key of its name that is not retired.
pub(crate) fn sign(dir: &Path, ledger: &Ledger, origin: Option<&str>) -> Result<Signed, CliError> {
    let keyring = Keyring::open()?;
    let name = ledger_name::settle(dir, origin, &keyring)?;
    let keys = keyring.signing(&name)?;
    let last = keyring.last_signed(&name)?.map(|last| last.checkpoint().head);
    let tree = LedgerTree::for_signing(dir, ledger, last)?;
    let checkpoint = Checkpoint { origin: name.clone(), head: tree.head(ledger.head().size)?, extensions: vec![] };
    let checkpoint = checkpoint.sign(&keys);
    let checkpoint =
        checkpoint.ok_or_else(|| CliError::failed(format!("{name} cannot be the name of a checkpoint")))?;
    keyring.set_last_signed(&name, &checkpoint)?;
    Ok(Signed { checkpoint, tree })
}
