//! `sayso show`: one entry whole, and how it reads now.

use std::process::ExitCode;

use sayso_core::event::Event;
use sayso_core::exchange::{Draft, Exporter};
use sayso_core::reading::Reading;
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

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
        let header = json::ShowHeader {
            index,
            recorded: entry.recorded().to_string(),
            imported_clock: entry.has_imported_clock(),
            hash: entry.hash().to_string(),
            previous: header.previous.to_string(),
            commitment: header.commitment.to_string(),
            redacted: recorded.is_none(),
            state: state(&reading),
            corrected_by,
            referred_to_by: context.referred_by,
        };
        json::print(&json::ShowJson { header, event: recorded, reads_as })?;
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
    let mut text = table::text(&rows);
    match (&reading, &reads_as) {
        (Some(Reading::Void { by }), _) => {
            text.push_str(&format!("\nCorrected away by #{by}: it was never a statement.\n"));
        }
        (_, Some(draft)) => {
            let mut rows = table::new(&["field", "now reads"]);
            for (field, value) in fields(draft) {
                rows.add_row(table::row([field, value]));
            }
            text.push_str(&format!("\nAfter corrections:\n{}", table::text(&rows)));
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

/// The fields of a draft in its own order, each value to its last digit.
fn fields(draft: &Draft) -> Vec<(String, String)> {
    let words = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    let mut rows: Vec<(String, String)> = Vec::new();
    for (field, raw) in object(&draft.to_json()).into_iter().filter(|(f, _)| f != "recorded") {
        if field == "citations" {
            let all: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).unwrap_or_default();
            for (part, value) in all.iter().flat_map(|citation| object(citation.get())) {
                rows.push((format!("citation {part}"), words(&value)));
            }
        } else if let Ok(all) = serde_json::from_str::<Vec<String>>(raw.get()) {
            rows.push((field, all.join(", ")));
        } else {
            rows.push((field, words(&raw)));
        }
    }
    rows
}

/// The members of a JSON object, in order.
fn object(json: &str) -> Vec<(String, Box<RawValue>)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, Box<RawValue>)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_map(Members).unwrap_or_default()
}
