//! The name that a ledger has towards the world: the origin of its checkpoints. It stands in the file `name` in the ledger's
//! directory and stays: two names would be two logs.

use std::path::Path;

use sayso_proof::key::{KeyKind, KeyName};

use super::files;
use super::keyring::{Keyring, no_key};
use crate::error::CliError;

pub(crate) const FILE: &str = "name";

/// The name, if the ledger has one.
pub(crate) fn read(ledger: &Path) -> Result<Option<String>, CliError> {
    Ok(files::read_if_there(&ledger.join(FILE))?.map(|text| text.trim_end().to_owned()))
}

/// Whether a text can be the name of a ledger.
pub(crate) fn check(name: &str) -> Result<(), CliError> {
    KeyName::new(name).map(|_| ()).map_err(|e| CliError::usage(format!("--name: {e}")))
}

/// Gives the ledger its name.
pub(crate) fn write(ledger: &Path, name: &str) -> Result<(), CliError> {
    check(name)?;
    files::replace(&ledger.join(FILE), format!("{name}\n").as_bytes())
}

/// The name under which the ledger is to be signed. One that has none yet takes the one given, or that of the only key
/// there is, and keeps it.
pub(crate) fn settle(ledger: &Path, given: Option<&str>, keyring: &Keyring) -> Result<String, CliError> {
    match (read(ledger)?, given) {
        (Some(name), Some(given)) if name != given => Err(CliError::refused(format!(
            "this ledger is named {name}, and a ledger keeps its name: whoever trusts its checkpoints knows it by that"
        ))),
        (Some(name), _) => Ok(name),
        (None, Some(given)) => {
            if keyring.keys(given)?.is_empty() {
                return Err(no_key(given));
            }
            write(ledger, given)?;
            Ok(given.to_owned())
        }
        (None, None) => {
            let name = only_name(keyring)?;
            write(ledger, &name)?;
            eprintln!("sayso: note: this ledger had no name; from now on it is {name}");
            Ok(name)
        }
    }
}

fn only_name(keyring: &Keyring) -> Result<String, CliError> {
    let mut names = Vec::new();
    for name in keyring.names()? {
        if keyring.keys(&name)?.first().is_some_and(|key| key.verifier.kind() == KeyKind::Log) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(CliError::refused(
            "there is no key yet; make one, named after what the ledger is to be known by: sayso key new newsroom.example/ledger",
        )),
        several => Err(CliError::refused(format!(
            "this ledger has no name yet, and there are several keys; say which: --origin {}",
            several.join(" or --origin ")
        ))),
    }
}
