//! `sayso redact` and `sayso compact`: erasing the body of an entry, and every old trace of it.

use std::collections::BTreeSet;
use std::process::ExitCode;

use sayso_core::copy::{Compacted, compact as compact_ledger};
use sayso_core::ledger::{Ledger, Outcome};
use sayso_core::machine::SystemEntropy;
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use sayso_evidence::{Keep, Split, Written};
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
    if let Some(waits) = ledger.failed_erasures().get(&redacted) {
        // It reads as erased, and it is not: nobody is to be told that it was.
        return Err(CliError::failed(format!(
            "{}. Its redaction need not be recorded again; nothing was recorded or removed",
            waits.trim_end_matches('.')
        )));
    }
    let keep = Keep::of(&session.dir_path()?);
    // Asked before, because the entry says it itself. What cannot be read must not keep an entry from being erased.
    let (split, is_erased) = match captured(&ledger, &keep, redacted, args.evidence) {
        Err(e) if args.evidence => return Err(e),
        asked => asked.unwrap_or_default(),
    };
    // Erased before, without its files or with a failure between the two steps: only the files are left to do.
    let appended = if args.evidence && is_erased { None } else { Some(ledger.redact(redacted, reason, recorder)?) };
    if args.evidence {
        remove(&keep, &split.go)?;
    }
    let index = appended.as_ref().map(|a| a.outcomes.first().map_or(redacted, |o: &Outcome| o.index()));
    if session.is_json() {
        let head = ledger.head();
        let mut done = json!({
            "index": index, "hash": head.hash.to_string(), "size": head.size, "redacted": redacted,
        });
        if let Some(done) = done.as_object_mut().filter(|_| args.evidence) {
            done.insert("evidence_removed".into(), split.go.len().into());
            done.insert("evidence_files".into(), json!(split.go));
        }
        output::json::print(&done)?;
    } else if let Some(index) = index {
        output::print(&format!("#{index} {}\n", ledger.head().hash))?;
    }
    match index {
        Some(_) => eprintln!(
            "sayso: note: #{redacted} is erased. Old bytes of it may stay in the store's files until you run `sayso compact`; \
             backups, exports and other copies made earlier are not reached"
        ),
        None => eprintln!("sayso: note: #{redacted} was erased before; nothing was recorded"),
    }
    tell_of_files(&split, args.evidence);
    Ok(ExitCode::SUCCESS)
}

/// What becomes of captured files, and, if they are to go, whether the entry is erased already.
fn captured(ledger: &Ledger, keep: &Keep, redacted: u64, to_go: bool) -> Result<(Split, bool), CliError> {
    let kept = keep.all().map_err(CliError::failed)?;
    if kept.is_empty() && !to_go {
        return Ok(Default::default()); // most ledgers have none: the log need not be read for it
    }
    let written = Written::gather(ledger)?;
    Ok((written.split(redacted, kept.iter().map(ToString::to_string)), written.is_erased(redacted)))
}

fn tell_of_files(split: &Split, removed: bool) {
    let names = split.go.iter().cloned().collect::<Vec<_>>().join(", ");
    match (split.go.len(), removed) {
        (0, true) => eprintln!("sayso: note: no captured file was removed: none was evidence for it alone"),
        (0, false) => {}
        (gone, true) => eprintln!(
            "sayso: note: {gone} captured files were removed; a disk may keep old bytes of them for some time: {names}"
        ),
        (there, false) => eprintln!(
            "sayso: note: {there} captured files that no other entry cites are still there, in the directory `evidence`; \
             the same command with --evidence removes these, and with them every captured file that no entry cites at all: {names}"
        ),
    }
    for (file, entries) in &split.stay {
        let entries = entries.iter().map(|entry| format!("#{entry}")).collect::<Vec<_>>().join(" ");
        eprintln!("sayso: note: the captured file {file} stays, because it is cited by {entries} too");
    }
}

/// Removes captured files by their hashes, and what killed captures left.
fn remove(keep: &Keep, files: &BTreeSet<String>) -> Result<(), CliError> {
    let failed = |e| {
        CliError::failed(format!("{e}; the entry is erased, and this captured file is not: say the same command again"))
    };
    for file in files.iter().filter_map(|file| file.parse().ok()) {
        keep.remove(file).map_err(failed)?;
    }
    keep.sweep().map_err(failed)?;
    Ok(())
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
