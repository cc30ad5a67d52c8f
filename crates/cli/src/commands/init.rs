//! `sayso init`: a new, empty ledger.

use std::path::PathBuf;
use std::process::ExitCode;

use sayso_core::directory::LedgerDir;
use sayso_core::machine::SystemEntropy;
use sayso_core::time::SystemClock;

use crate::args::InitArgs;
use crate::error::CliError;
use crate::locate::DEFAULT_DIR;
use crate::output;
use crate::proof::ledger_name;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &InitArgs) -> Result<ExitCode, CliError> {
    let dir = args.dir.as_ref().or(session.given_dir()).cloned().unwrap_or_else(|| PathBuf::from(DEFAULT_DIR));
    if let Some(name) = &args.name {
        ledger_name::check(name)?;
    }
    let ledger = LedgerDir::create(&dir, SystemClock, SystemEntropy)?;
    if let Some(name) = &args.name {
        ledger_name::write(&dir, name)?;
    }
    let head = ledger.head();
    if session.is_json() {
        output::json::print(&serde_json::json!({
            "ledger": dir.display().to_string(),
            "id": ledger.id().to_string(),
            "head": output::json::head(head),
        }))?;
    } else {
        output::print(&format!(
            "Made an empty ledger in {}.\nKeep this receipt somewhere else: {head}\n\
             Next: `sayso append --help` for one claim, `sayso import FILE` for many.\n",
            dir.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
