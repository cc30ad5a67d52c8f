//! `sayso log`: entries in the order they were recorded.

use std::process::ExitCode;

use sayso_core::exchange::Exporter;
use sayso_core::ledger::OpenError;

use crate::args::LogArgs;
use crate::error::CliError;
use crate::output::{self, csv, describe, json, table, views};
use crate::query::{Page, Wanted};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &LogArgs) -> Result<ExitCode, CliError> {
    let filter = args.filter.filter()?;
    let ledger = session.open()?;
    let head = ledger.head();
    let wanted = Wanted::new(&ledger, filter)?;
    let page = match args.from {
        _ if args.all => Page::from(&ledger, &wanted, 0, u64::MAX)?,
        Some(from) => Page::from(&ledger, &wanted, from, args.limit)?,
        None => Page::last(&ledger, &wanted, args.limit)?,
    };
    let asked_as = wanted.filter.asked_as(&wanted.aliases);
    let Page { entries, next } = page;
    if session.is_json() {
        let exporter = Exporter::new(&ledger, false);
        let rows: Result<Vec<_>, CliError> = entries.iter().map(|e| json::entry(&exporter, e)).collect();
        let asked_as = json::asked_as(&asked_as);
        json::print(&json::LogJson { head: json::head(head), entries: rows?, next, asked_as })?;
        return Ok(ExitCode::SUCCESS);
    }
    if session.is_csv() {
        let mut sheet = csv::Sheet::new(csv::ENTRY)?;
        for entry in &entries {
            sheet.row(csv::entry(entry)?)?;
        }
        let mut notes: Vec<String> = views::asked_as(&asked_as).lines().map(ToOwned::to_owned).collect();
        notes.extend(next.map(|next| format!("there is more; next: --from {next}")));
        sheet.print(&notes)?;
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
        let by = event.content.attribution();
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
    let mut text = views::asked_as(&asked_as);
    let rows = table::text(&rows);
    text.push_str(&match (entries.first(), entries.last()) {
        (Some(a), Some(b)) if wanted.filter.is_empty() => {
            format!("{rows}#{} to #{} of {} entries. Head {head}\n", a.index(), b.index(), head.size)
        }
        (Some(_), Some(_)) => format!("{rows}{} of {} entries. Head {head}\n", entries.len(), head.size),
        _ if wanted.filter.is_empty() => format!("No entries to show: the ledger has {}. Head {head}\n", head.size),
        _ => format!("No entry matches; the ledger has {}. Head {head}\n", head.size),
    });
    if let Some(next) = next {
        text.push_str(&format!("next: --from {next}\n"));
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
