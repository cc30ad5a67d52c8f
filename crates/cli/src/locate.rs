//! Which ledger is meant: `--ledger` or `SAYSO_LEDGER`, else the nearest `.sayso` upwards, as git does.

use std::path::{Path, PathBuf};

use crate::error::CliError;

/// The name of a ledger's directory inside a project.
pub(crate) const DEFAULT_DIR: &str = ".sayso";

/// The ledger to use.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, CliError> {
    if let Some(dir) = given {
        return Ok(dir.to_owned());
    }
    let here = std::env::current_dir().map_err(|e| CliError::failed(format!("the current directory: {e}")))?;
    let found = here.ancestors().map(|dir| dir.join(DEFAULT_DIR)).find(|dir| dir.is_dir());
    found.ok_or_else(|| {
        CliError::failed(format!(
            "there is no ledger here: no {DEFAULT_DIR} in {} or above; make one with `sayso init`, or name one with --ledger DIR",
            here.display()
        ))
    })
}
