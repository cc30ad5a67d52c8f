//! `sayso backup` and `sayso restore`: one file of a whole ledger, and a ledger from a copy.

use std::path::PathBuf;
use std::process::ExitCode;

use sayso_core::copy::{Backup, CopyKind, backup, restore as restore_copy};
use sayso_core::machine::SystemEntropy;
use sayso_core::time::SystemClock;
use serde_json::json;

use crate::copy_args::{BackupArgs, RestoreArgs};
use crate::error::CliError;
use crate::locate::DEFAULT_DIR;
use crate::output::{self, progress};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &BackupArgs) -> Result<ExitCode, CliError> {
    let ledger = session.open()?;
    let bar = progress::entries("writing and reading back");
    let result = backup(&ledger, &args.file, &|p| progress::show(&bar, p));
    bar.finish_and_clear();
    let Backup { head, bytes } = result?;
    let file = args.file.display();
    if session.is_json() {
        output::json::print(&json!({"file": file.to_string(), "bytes": bytes, "head": output::json::head(head)}))?;
    } else {
        output::print(&format!(
            "{file} holds all {} entries in {bytes} bytes, read back and checked.\nReceipt: {head}\n",
            head.size
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(session: &Session, args: &RestoreArgs) -> Result<ExitCode, CliError> {
    let to = session.given_dir().cloned().unwrap_or_else(|| PathBuf::from(DEFAULT_DIR));
    let bar = progress::entries("restoring");
    let result = restore_copy(&args.from, &to, SystemClock, SystemEntropy, &|p| progress::show(&bar, p));
    bar.finish_and_clear();
    let restored = result?;
    let (head, kind) = (restored.ledger.head(), restored.kind.as_str());
    if session.is_json() {
        output::json::print(&json!({
            "ledger": to.display().to_string(),
            "id": restored.ledger.id().to_string(),
            "from": args.from.display().to_string(),
            "kind": kind,
            "head": output::json::head(head),
            "read_only": restored.ledger.is_read_only(),
        }))?;
    } else {
        output::print(&format!(
            "Made a ledger of {} entries in {} from this {kind}, every hash checked.\nHead: {head}\n\
             Next: if somebody keeps a receipt, `sayso --ledger {} audit --receipt SIZE:HASH` shows whether anything was cut off.\n",
            head.size,
            to.display(),
            to.display()
        ))?;
        if restored.kind != CopyKind::Mirror {
            output::print(&format!(
                "It takes entries of its own; no {kind} says whether the ledger that it was made of did. If that one is still in use, or \
                 was a copy of another's: let only one of them be written to.\n",
            ))?;
        }
        if restored.ledger.is_read_only() {
            output::print(
                "It takes no entries of its own, like the copy that was mirrored. To follow the original again: `sayso clone`.\n",
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
