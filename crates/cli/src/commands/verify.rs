//! `sayso verify`: what a proof file proves, and what it does not. It needs no ledger and no network.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sayso_core::body::Record;
use sayso_core::event::{Content, Event};
use sayso_core::time::Instant;
use sayso_proof::proven::{Proven, prove};
use serde_json::json;

use super::checkpoint::time;
use crate::error::CliError;
use crate::output::{self, describe, json};
use crate::proof::files;
use crate::proof::trust::TrustArgs;
use crate::session::Session;

#[derive(Args)]
#[command(after_help = "Example:\n  sayso verify 12.tlog-proof --key 'newsroom.example/sotk+1234abcd+AX...'\n\n\
    This checks a proof file; whether the ledger itself was altered `sayso audit` tells.\n\
    Get the key by another way than the proof. Exit codes: 0 proved, 1 not proved, 2 wrong usage, 3 could not read.")]
pub(crate) struct VerifyArgs {
    /// The proof that `sayso prove` wrote
    file: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
}

pub(crate) fn run(session: &Session, args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let policy = args.trust.policy()?;
    let file = files::read(&args.file)?;
    let proven =
        prove(&file, &policy).map_err(|e| CliError::refused(format!("{}: NOT PROVED: {e}", args.file.display())))?;
    let record = proven.entry.body.as_ref().map(|b| Record::decode(&b.body)).transpose();
    let record = record.map_err(|e| {
        CliError::refused(format!(
            "{}: the entry is in the ledger, and this program cannot read it: {e}",
            args.file.display()
        ))
    })?;
    if session.is_json() {
        json::print(&as_json(&proven, record.as_ref()))?;
    } else {
        output::print(&text(&proven, record.as_ref()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn recorded(proven: &Proven) -> Instant {
    proven.entry.header.recorded
}

fn as_json(proven: &Proven, record: Option<&Record>) -> serde_json::Value {
    let header = &proven.entry.header;
    let cosigned = proven.cosigned_by.iter().map(|(key, at)| json!({"key": key.to_string(), "time": time(*at)}));
    json!({
        "proved": true,
        "origin": proven.origin,
        "size": proven.head.size,
        "root": proven.head.root.to_string(),
        "index": header.index,
        "recorded": recorded(proven).to_string(),
        "imported_clock": header.flags & sayso_core::entry::FLAG_IMPORTED_CLOCK != 0,
        "hash": header.hash().to_string(),
        "commitment": header.commitment.to_string(),
        "disclosed": if record.is_some() { "body" } else { "commitment" },
        "says": record.map(|r| describe::content(&r.event)),
        "source": record.and_then(source),
        "recorder": record.and_then(|r| r.recorder.as_ref().map(ToString::to_string)),
        "signed_by": proven.signed_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "cosigned_by": cosigned.collect::<Vec<_>>(),
    })
}

fn source(record: &Record) -> Option<String> {
    record.event.content.attribution().map(|by| by.source.to_string())
}

/// What an event says, with who said it and when.
fn says(event: &Event) -> String {
    let kind = event.content.kind().as_str();
    match event.content.attribution() {
        Some(by) => format!("{kind} of {}, stated {}: {}", by.source, by.stated.date(), describe::content(event)),
        None => format!("{kind}: {}", describe::content(event)),
    }
}

fn text(proven: &Proven, record: Option<&Record>) -> String {
    let header = &proven.entry.header;
    let mut lines = vec![format!(
        "Proved: entry #{} is one of the first {} entries of {}, at this place and with this header.",
        header.index, proven.head.size, proven.origin
    )];
    let keys: Vec<String> = proven.signed_by.iter().map(|k| format!("{} ({})", k.name(), k.id())).collect();
    lines.push(format!("Signed by {}.", keys.join(", ")));
    match record {
        Some(record) => {
            lines.push(format!("It says, word for word as it was recorded: {}", output::table::escape(&says(&record.event))));
            if let Some(recorder) = &record.recorder {
                lines.push(format!("Recorded by {}, by the ledger's own word.", output::table::escape(&recorder.to_string())));
            }
            if matches!(record.event.content, Content::Redaction(_)) {
                lines.push("It is the record that another entry's body was erased.".into());
            }
        }
        None => lines.push(
            "What it says is not shown: only that something was recorded there, and whoever shows a text later has to show this one."
                .into(),
        ),
    }
    lines.push(format!("The ledger says that it was recorded at {}.", recorded(proven)));
    let witnessed: Vec<String> =
        proven.cosigned_by.iter().map(|(key, at)| format!("{} at {}", key.name(), time(*at))).collect();
    let earliest = proven.cosigned_by.iter().map(|(_, at)| *at).min();
    lines.push(String::new());
    match earliest {
        Some(at) => {
            lines.push(format!("Witnessed by {}: it was in the ledger by {}, at the latest.", witnessed.join(", "), time(at)));
            lines.push("Not proved: that what it says is true; that it was recorded when the ledger says and not later.".into());
        }
        None => lines.push(
            "Not proved: that what it says is true; when it was recorded, beyond the ledger's own word; that the ledger shows the \
             same history to everybody (no witness cosigned)."
                .into(),
        ),
    }
    lines.push(
        "Not proved either: that nothing was added since, such as a correction, a retraction or a redaction.".into(),
    );
    lines.join("\n") + "\n"
}
