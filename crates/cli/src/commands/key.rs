//! `sayso key`: keys that sign checkpoints, or cosign those of others.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sayso_proof::key::{KeyKind, VerifierKey};
use serde_json::json;

use crate::error::CliError;
use crate::output::{self, json, table};
use crate::proof::keyring::{Keyring, no_key};
use crate::session::Session;

/// Keys are kept in SAYSO_KEYS, or in `sayso/keys` in your configuration directory; never in a ledger's.
#[derive(Args)]
#[command(after_help = "Example:\n  sayso key new newsroom.example/sotk\n\n\
    Keys are kept in SAYSO_KEYS, or in `sayso/keys` in your configuration directory; never in a ledger's directory.")]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key, named after what it vouches for; afterwards it is the default
    #[command(after_help = "Example:\n  sayso key new newsroom.example/sotk")]
    New {
        /// Such as newsroom.example/sotk: the name that the ledger is known by
        name: String,
        /// For `sayso witness`: cosigns other people's checkpoints
        #[arg(long)]
        witness: bool,
    },
    /// List keys; the verifier keys are for others
    #[command(after_help = "Example:\n  sayso key list")]
    List,
    /// Print the verifier key that signs first now, and nothing else: for scripts, and for others
    #[command(after_help = "Example:\n  sayso key show newsroom.example/sotk")]
    Show {
        /// The name [default: the only one there is]
        name: Option<String>,
    },
    /// Make another key of a name; the earlier ones go on signing beside it until they are retired
    #[command(after_help = "Example:\n  sayso key rotate newsroom.example/sotk")]
    Rotate {
        /// The name
        name: String,
        /// Destroy the signing keys that the name had until now
        #[arg(long)]
        retire_old: bool,
    },
    /// Destroy a signing key; what it signed stays valid
    #[command(after_help = "Example:\n  sayso key retire newsroom.example/sotk 1234abcd")]
    Retire {
        /// The name
        name: String,
        /// The key's id, as `key list` shows it
        id: String,
    },
}

pub(crate) fn run(session: &Session, args: &KeyArgs) -> Result<ExitCode, CliError> {
    let keyring = Keyring::open()?;
    match &args.action {
        Action::New { name, witness } => {
            let kind = if *witness { KeyKind::Witness } else { KeyKind::Log };
            let key = keyring.create(name, kind, true)?;
            made(session, &keyring, &key)?;
        }
        Action::Rotate { name, retire_old } => {
            let old = keyring.keys(name)?;
            let kind = old.first().map(|k| k.verifier.kind()).ok_or_else(|| no_key(name))?;
            let key = keyring.create(name, kind, false)?;
            for held in old.iter().filter(|h| *retire_old && h.signs) {
                keyring.retire(name, &held.verifier.id().to_string())?;
            }
            made(session, &keyring, &key)?;
        }
        Action::Retire { name, id } => {
            keyring.retire(name, id)?;
            list(session, &keyring)?;
        }
        Action::List => list(session, &keyring)?,
        Action::Show { name } => show(session, &keyring, name.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn made(session: &Session, keyring: &Keyring, key: &VerifierKey) -> Result<(), CliError> {
    if session.is_json() {
        return json::print(&as_json(key));
    }
    output::print(&format!(
        "Made a key in {}. Nobody else should ever read that directory.\n\
         Give this verifier key to whoever is to check what you sign, by a way they trust:\n{key}\n",
        keyring.dir().display()
    ))
}

fn show(session: &Session, keyring: &Keyring, name: Option<&str>) -> Result<(), CliError> {
    let names = match name {
        Some(name) => vec![name.to_owned()],
        None => keyring.names()?,
    };
    let name = match names.as_slice() {
        [name] => name,
        [] => {
            return Err(CliError::refused("there is no key yet; make one with: sayso key new newsroom.example/ledger"));
        }
        several => {
            let each = several.join("`, `sayso key show ");
            return Err(CliError::refused(format!("which key? `sayso key show {each}`")));
        }
    };
    let key = keyring.keys(name)?.into_iter().next().ok_or_else(|| no_key(name))?.verifier;
    if session.is_json() {
        return json::print(&as_json(&key));
    }
    output::print(&format!("{key}\n"))
}

fn as_json(key: &VerifierKey) -> serde_json::Value {
    json!({"name": key.name().as_str(), "id": key.id().to_string(), "key": key.to_string()})
}

fn list(session: &Session, keyring: &Keyring) -> Result<(), CliError> {
    let mut text = String::new();
    let mut all = Vec::new();
    for name in keyring.names()? {
        for held in keyring.keys(&name)? {
            let kind = if held.verifier.kind() == KeyKind::Log { "ledger" } else { "witness" };
            let state = match (held.signs, held.current) {
                (false, _) => "retired",
                (true, true) => "current",
                (true, false) => "signs too",
            };
            let key = held.verifier.to_string();
            all.push(
                json!({"name": name, "for": kind, "state": state, "id": held.verifier.id().to_string(), "key": key}),
            );
            // A key is to be copied: it stands on a line of its own, which no table breaks.
            text.push_str(&format!("{} ({kind}, {state})\n  {}\n", table::escape(&name), table::escape(&key)));
        }
    }
    if session.is_json() {
        return json::print(&json!({"keys": all}));
    }
    if all.is_empty() {
        return output::print("No keys yet; make one with: sayso key new newsroom.example/ledger\n");
    }
    output::print(&text)
}
