//! `sayso log`: entries in the order they were recorded.

use std::ops::ControlFlow;
use std::process::ExitCode;

use sayso_core::exchange::Exporter;
use sayso_core::ledger::OpenError;

use crate::args::LogArgs;
use crate::error::CliError;
use crate::output::{self, describe, json, table};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &LogArgs) -> Result<ExitCode, CliError> {
    let ledger = session.open()?;
    let head = ledger.head();
    let limit = if args.all { u64::MAX } else { args.limit };
    let from = if args.all { 0 } else { args.from.unwrap_or_else(|| head.size.saturating_sub(limit)) };
    let mut entries = Vec::new();
    if limit > 0 {
        ledger.scan(from, Ok::<_, CliError>, |entry| {
            entries.push(entry);
            let full = entries.len() as u64 >= limit;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
    }
    if session.is_json() {
        let exporter = Exporter::new(&ledger, false);
        let rows: Result<Vec<_>, CliError> = entries.iter().map(|e| json::entry(&exporter, e)).collect();
        json::print(&json::LogJson { head: json::head(head), entries: rows? })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = table::new(&["entry", "recorded", "kind", "source", "what", "stated", "id"]);
    for entry in &entries {
        let record = entry.record().map_err(OpenError::from)?;
        let recorded = format!(
            "{}{}",
            describe::seconds(entry.recorded()),
            if entry.has_imported_clock() { " (imported)" } else { "" }
        );
        let index = format!("#{}", entry.index());
        let Some(record) = record else {
            rows.add_row(table::row([
                index,
                recorded,
                "redacted".into(),
                String::new(),
                "the body was erased".into(),
                String::new(),
                String::new(),
            ]));
            continue;
        };
        let event = &record.event;
        let by = describe::attribution(event);
        rows.add_row(table::row([
            index,
            recorded,
            event.content.kind().as_str().into(),
            by.map(|b| b.source.to_string()).unwrap_or_default(),
            describe::content(event),
            by.map(|b| b.stated.date().to_string()).unwrap_or_default(),
            event.id.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]));
    }
    let shown = match (entries.first(), entries.last()) {
        (Some(a), Some(b)) => {
            format!("{rows}\n#{} to #{} of {} entries. Head {head}\n", a.index(), b.index(), head.size)
        }
        _ => format!("No entries to show: the ledger has {}. Head {head}\n", head.size),
    };
    output::print(&shown)?;
    Ok(ExitCode::SUCCESS)
}
