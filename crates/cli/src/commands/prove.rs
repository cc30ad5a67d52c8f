//! `sayso prove`: one file that shows an outsider that an entry is in the ledger.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use sayso_core::ledger::Entry;
use sayso_proof::disclosure::{Disclosure, SaltedBody};
use sayso_proof::proof_file::ProofFile;
use serde_json::json;

use super::checkpoint::SignArgs;
use super::find_entry;
use crate::error::CliError;
use crate::output::{self, json};
use crate::proof::files;
use crate::session::Session;

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso prove '#12' -o 12.tlog-proof\n  \
    sayso prove y-1 --disclose commitment --checkpoint today.checkpoint -o y-1.tlog-proof\n\n\
    The file is for `sayso verify`, and for every program that reads c2sp.org/tlog-proof.")]
pub(crate) struct ProveArgs {
    /// The entry: its id or number ('#12')
    entry: String,
    /// Write to a file instead of standard output; it must not be there yet
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to show of the entry
    #[arg(long, value_enum, default_value_t = Disclose::Body)]
    disclose: Disclose,
    /// Prove it under this checkpoint, made earlier [default: a new one is signed]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    sign: SignArgs,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Disclose {
    /// What was recorded, word for word
    Body,
    /// Only that something was recorded, when, and where it stands
    Commitment,
}

pub(crate) fn run(session: &Session, args: &ProveArgs) -> Result<ExitCode, CliError> {
    let (checkpoint, mut tree, ledger) = args.sign.sign_or_read(session, args.checkpoint.as_deref())?;
    let index = find_entry(&ledger, &args.entry)?;
    let head = checkpoint.checkpoint().head;
    if head.size > ledger.head().size {
        return Err(CliError::refused(format!(
            "the checkpoint has {} entries, and the ledger only {}",
            head.size,
            ledger.head().size
        )));
    }
    if index >= head.size {
        return Err(CliError::refused(format!(
            "the checkpoint has {} entries, and #{index} came later; make a new checkpoint",
            head.size
        )));
    }
    if let Some(problem) = ledger.failed_erasures().get(&index).filter(|_| args.disclose == Disclose::Body) {
        return Err(CliError::refused(format!(
            "{problem}. What was redacted must not go out; its place can still be proved: --disclose commitment"
        )));
    }
    let hashes = tree.inclusion(&ledger, index, head)?;
    let entry = ledger.entry(index)?.ok_or_else(|| CliError::refused(format!("there is no entry #{index}")))?;
    let shown = disclosure(&entry, args.disclose)?;
    let proof = ProofFile { extra: Some(shown.encode()), index, hashes, checkpoint };
    let text = proof.to_string();
    match &args.output {
        Some(path) => files::create(path, text.as_bytes())?,
        None if !session.is_json() => return output::print(&text).map(|()| ExitCode::SUCCESS),
        None => {}
    }
    if session.is_json() {
        json::print(&json!({
            "index": index,
            "size": head.size,
            "disclosed": if shown.body.is_some() { "body" } else { "commitment" },
            "bytes": text.len(),
            "proof": text,
        }))?;
    } else if let Some(path) = &args.output {
        let what = if shown.body.is_some() { "with what it says" } else { "without what it says" };
        output::print(&format!(
            "Proved #{index} among {} entries, {what}, in {}.\nNext: sayso verify {} --key VKEY\n",
            head.size,
            path.display(),
            path.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn disclosure(entry: &Entry, disclose: Disclose) -> Result<Disclosure, CliError> {
    let body = match (disclose, entry.salt(), entry.body()) {
        (Disclose::Commitment, ..) => None,
        (Disclose::Body, Some(salt), Some(body)) => Some(SaltedBody { salt, body: body.to_vec() }),
        (Disclose::Body, ..) => {
            return Err(CliError::refused(format!(
                "the body of #{} was erased by a redaction; its place can still be proved: --disclose commitment",
                entry.index()
            )));
        }
    };
    let shown = Disclosure { header: entry.header(), body };
    shown.check().map_err(|e| CliError::refused(format!("#{}: {e}; run `sayso audit`", entry.index())))?;
    Ok(shown)
}
