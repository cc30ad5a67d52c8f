//! `sayso redact` and `sayso compact`: erasing the body of an entry, and every old trace of it.

use std::process::ExitCode;

use sayso_core::copy::{Compacted, compact as compact_ledger};
use sayso_core::ledger::Outcome;
use sayso_core::machine::SystemEntropy;
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use serde_json::json;

use super::find_entry;
use crate::copy_args::RedactArgs;
use crate::error::CliError;
use crate::output::{self, progress};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &RedactArgs) -> Result<ExitCode, CliError> {
    let reason = Text::new(&args.reason).map_err(|e| CliError::usage(format!("--reason {e}")))?;
    let recorder = session.check_options(true, false)?.recorder;
    let ledger = session.open()?;
    let redacted = find_entry(&ledger, &args.entry)?;
    let appended = ledger.redact(redacted, reason, recorder)?;
    let index = appended.outcomes.first().map_or(redacted, |o: &Outcome| o.index());
    if session.is_json() {
        output::json::print(&json!({
            "index": index, "hash": appended.head.hash.to_string(), "size": appended.head.size, "redacted": redacted,
        }))?;
    } else {
        output::print(&format!("#{index} {}\n", appended.head.hash))?;
    }
    eprintln!(
        "sayso: note: #{redacted} is erased. Old bytes of it may stay in the store's files until you run `sayso compact`; \
         backups, exports and other copies made earlier are not reached"
    );
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn compact(session: &Session) -> Result<ExitCode, CliError> {
    let dir = session.open_dir()?;
    let bar = progress::entries("writing the store anew");
    let result = compact_ledger(dir, SystemClock, SystemEntropy, &|p| progress::show(&bar, p));
    bar.finish_and_clear();
    let Compacted { head, before, after } = result?;
    if session.is_json() {
        return output::json::print(&json!({
            "head": output::json::head(head), "bytes_before": before, "bytes_after": after,
        }))
        .map(|()| ExitCode::SUCCESS);
    }
    output::print(&format!(
        "The store was written anew, audited, and put in the place of the old one: {before} bytes before, {after} now.\n\
         Head, as before: {head}\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}
