//! `sayso redact` and `sayso compact`: erasing the body of an entry, and every old trace of it.

use std::collections::BTreeSet;
use std::process::ExitCode;

use sayso_core::copy::{Compacted, compact as compact_ledger};
use sayso_core::ledger::Outcome;
use sayso_core::machine::SystemEntropy;
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use sayso_evidence::{Cited, Keep};
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
    // Asked before, because the entry says it itself.
    let there = Keep::of(&session.dir_path()?).is_there();
    let (alone, shared) = match there.then(|| Cited::gather(&ledger, &|| {})) {
        Some(Ok(cited)) => cited.only_of(redacted),
        Some(Err(e)) if args.evidence => return Err(e.into()),
        _ => Default::default(), // what cannot be read must not keep an entry from being erased
    };
    let appended = ledger.redact(redacted, reason, recorder)?;
    let removed = if args.evidence { remove(session, &alone)? } else { 0 };
    let index = appended.outcomes.first().map_or(redacted, |o: &Outcome| o.index());
    if session.is_json() {
        let mut done = json!({
            "index": index, "hash": appended.head.hash.to_string(), "size": appended.head.size, "redacted": redacted,
        });
        if let Some(done) = done.as_object_mut().filter(|_| args.evidence) {
            done.insert("evidence_removed".into(), removed.into());
        }
        output::json::print(&done)?;
    } else {
        output::print(&format!("#{index} {}\n", appended.head.hash))?;
    }
    eprintln!(
        "sayso: note: #{redacted} is erased. Old bytes of it may stay in the store's files until you run `sayso compact`; \
         backups, exports and other copies made earlier are not reached"
    );
    if removed > 0 {
        eprintln!(
            "sayso: note: {removed} captured files were removed; a disk may keep old bytes of them for some time"
        );
    } else if !alone.is_empty() && !args.evidence {
        eprintln!(
            "sayso: note: {} captured files that were evidence for it alone are still there: in the directory `evidence`, {}",
            alone.len(),
            alone.iter().cloned().collect::<Vec<_>>().join(", ")
        );
    }
    if !shared.is_empty() {
        eprintln!("sayso: note: {} captured files stay, because other entries cite them too", shared.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes captured files by their hashes.
fn remove(session: &Session, files: &BTreeSet<String>) -> Result<usize, CliError> {
    let keep = Keep::of(&session.dir_path()?);
    let mut removed = 0;
    for file in files.iter().filter_map(|file| file.parse().ok()) {
        let gone = keep.remove(file).map_err(|e| {
            CliError::failed(format!("{e}; the entry is erased, and this captured file is not: remove it yourself"))
        })?;
        removed += usize::from(gone);
    }
    Ok(removed)
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
