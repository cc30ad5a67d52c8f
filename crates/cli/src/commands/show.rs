//! `sayso show`: one entry whole, and how it reads now.

use std::process::ExitCode;

use sayso_core::event::Event;
use sayso_core::exchange::{Draft, Exporter};
use sayso_core::reading::Reading;

use super::find_entry;
use crate::args::ShowArgs;
use crate::error::CliError;
use crate::output::{self, json, reading::Context, table};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &ShowArgs) -> Result<ExitCode, CliError> {
    let ledger = session.open()?;
    let index = find_entry(&ledger, &args.entry)?;
    let entry = ledger.entry(index)?.ok_or_else(|| CliError::refused(format!("there is no entry #{index}")))?;
    let context = Context::read(&ledger, index)?;
    let exporter = Exporter::new(&ledger, false);
    let recorded = exporter.draft(&entry)?;
    let reading = context.recorded.as_ref().map(|event| context.corrections.read(index, event));
    let reads_as = match reading {
        Some(Reading::Event(event)) if Some(event) != context.recorded.as_ref() => {
            Some(exporter.event(&Event { id: None, ..event.clone() })?)
        }
        _ => None,
    };
    let trail = context.corrections.trail(index);
    let corrected_by: Vec<u64> = trail.into_iter().filter(|i| *i != index).collect();
    let header = entry.header();
    if session.is_json() {
        json::print(&serde_json::json!({
            "index": index,
            "recorded": entry.recorded().to_string(),
            "imported_clock": entry.has_imported_clock(),
            "hash": entry.hash().to_string(),
            "previous": header.previous.to_string(),
            "commitment": header.commitment.to_string(),
            "redacted": recorded.is_none(),
            "event": recorded,
            "state": state(&reading),
            "reads_as": reads_as,
            "corrected_by": corrected_by,
            "referred_to_by": context.referred_by,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = table::new(&["field", "value"]);
    let mut add = |field: &str, value: String| {
        rows.add_row(table::row([field.to_owned(), value]));
    };
    add("entry", format!("#{index}"));
    let imported = if entry.has_imported_clock() { " (imported clock)" } else { "" };
    add("recorded", format!("{}{imported}", entry.recorded()));
    match &recorded {
        Some(draft) => fields(draft).into_iter().for_each(|(field, value)| add(&field, value)),
        None => add("body", "erased by a redaction".into()),
    }
    add("hash", entry.hash().to_string());
    add("commitment", header.commitment.to_string());
    let numbers = |all: &[u64]| all.iter().map(|i| format!("#{i}")).collect::<Vec<_>>().join(" ");
    if !corrected_by.is_empty() {
        add("corrected by", numbers(&corrected_by));
    }
    if !context.referred_by.is_empty() {
        add("referred to by", numbers(&context.referred_by));
    }
    let mut text = format!("{rows}\n");
    match (&reading, &reads_as) {
        (Some(Reading::Void { by }), _) => {
            text.push_str(&format!("\nCorrected away by #{by}: it was never a statement.\n"));
        }
        (_, Some(draft)) => {
            let mut rows = table::new(&["field", "now reads"]);
            for (field, value) in fields(draft) {
                rows.add_row(table::row([field, value]));
            }
            text.push_str(&format!("\nAfter corrections:\n{rows}\n"));
        }
        _ => {}
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn state(reading: &Option<Reading<'_>>) -> &'static str {
    match reading {
        None => "redacted",
        Some(Reading::Void { .. }) => "corrected-away",
        Some(Reading::Event(_)) => "recorded",
    }
}

/// The fields of a draft in its own order.
fn fields(draft: &Draft) -> Vec<(String, String)> {
    let json = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&draft.to_json()).unwrap_or_default();
    let words = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), ToOwned::to_owned);
    let mut rows: Vec<(String, String)> = Vec::new();
    for (field, value) in json.iter().filter(|(f, _)| *f != "recorded") {
        match (field.as_str(), value.as_array()) {
            ("citations", Some(all)) => {
                for citation in all.iter().filter_map(|c| c.as_object()) {
                    rows.extend(citation.iter().map(|(f, v)| (format!("citation {f}"), words(v))));
                }
            }
            (_, Some(all)) => rows.push((field.clone(), all.iter().map(words).collect::<Vec<_>>().join(", "))),
            _ => rows.push((field.clone(), words(value))),
        }
    }
    rows
}
