//! `sayso report`: one page with a date slider, and everything behind it.

use std::ops::ControlFlow;
use std::process::ExitCode;

use chrono::NaiveDate;
use sayso_core::audit::audit;
use sayso_core::event::{Content, NameKind};
use sayso_core::ledger::{Entry, Ledger, OpenError};
use sayso_core::machine::SystemEntropy;
use sayso_core::replay::{Filter, Query, replay};
use sayso_core::time::SystemClock;
use sayso_core::views::over_time;
use sayso_pictures::Caption;
use sayso_pictures::report::{Audit, Report};
use serde_json::json;

use super::pictures::{erased, few_enough, free, tell, write};
use crate::error::CliError;
use crate::meant::{Meant, named};
use crate::output::{progress, views};
use crate::picture_args::ReportArgs;
use crate::query::{as_of, known_at};
use crate::session::{self, Session};

/// A page much larger than this is slow to open.
const LARGE: usize = 50_000_000;

pub(crate) fn run(session: &Session, args: &ReportArgs) -> Result<ExitCode, CliError> {
    let is_page =
        args.output.extension().is_some_and(|e| e.eq_ignore_ascii_case("html") || e.eq_ignore_ascii_case("htm"));
    if !is_page {
        return Err(CliError::usage(format!("{}: the page is .html; name the file so", args.output.display())));
    }
    free(&args.output, args.overwrite)?;
    let start = args.as_of.as_deref().map(|text| day(session, text)).transpose()?;
    let known = args.known_at.as_deref().map(|text| known_at(session, "--known-at", text)).transpose()?;
    let query = Query { as_of: None, known_at: known, filter: args.choice.filter()? };
    // The audit first, on the same opened directory: nobody can have written in between.
    let dir = session.open_dir()?;
    let waiting = progress::spinner("auditing");
    let mut found = audit(dir.store(), &[], &|entries| waiting.set_message(format!("auditing: {entries} entries")))?;
    if let Some((acknowledged, _)) = dir.cut() {
        found.find_cut(acknowledged);
    }
    waiting.set_message("replaying");
    let told = dir.repairs().len();
    let ledger = dir.ledger(SystemClock, SystemEntropy)?;
    // Those of the directory were told when it was opened.
    session::tell(ledger.repairs().get(told..).unwrap_or_default());
    session::expect_erased(&ledger)?;
    session::index(&ledger);
    few_enough(&replay(&ledger, &query)?)?;
    let over = over_time(&ledger, &query, &session.zone)?;
    if over.courses.is_empty() {
        let Filter { sources, subject_prefixes, predicates, .. } = &query.filter;
        let names = named(NameKind::Source, sources)
            .chain(named(NameKind::Subject, subject_prefixes))
            .chain(named(NameKind::Predicate, predicates));
        let meant = Meant::like(&ledger, names, &[])?;
        return Err(CliError::refused(format!(
            "nothing was said on what was asked for; `sayso replay` shows what there is{}",
            meant.added()
        )));
    }
    let recorded = views::recorded_clock(&query, over.known_entries, over.head.size);
    let mut lines = vec![format!("Stated clock: the date chosen below (days in {}). {recorded}", session.zone)];
    lines.extend(erased(over.redacted.len()));
    let title = args.title.clone().unwrap_or_else(|| "Who said what, and when".into());
    let text = super::audit::text(&found, false, None);
    let mut said: Vec<String> = text.lines().take(3).map(ToOwned::to_owned).collect();
    said.push(format!("Head: {}.", found.head));
    let audit = Audit { sound: found.is_sound(), lines: said };
    let mut report = Report::new(&over, Caption { title, lines }, audit, start);
    let entries = add_entries(&ledger, &mut report, over.known_entries)?;
    let html = report.html().map_err(|e| CliError::failed(format!("could not write JSON: {e}")))?;
    waiting.finish_and_clear();
    write(&args.output, args.overwrite, html.as_bytes())?;
    if html.len() > LARGE {
        eprintln!("sayso: note: the page is {} MB; narrow it with --subject or --predicate", html.len() / 1_000_000);
    }
    tell(session, &args.output, json!({"questions": over.courses.len(), "entries": entries, "bytes": html.len()}))
}

/// The day that a date ends with.
fn day(session: &Session, text: &str) -> Result<NaiveDate, CliError> {
    as_of(session, "--as-of", text)?;
    let whole = match text.len() {
        4 => format!("{text}-12-31"),
        7 => format!("{text}-01"),
        _ => text.chars().take(10).collect(),
    };
    let day = whole.parse::<NaiveDate>().ok();
    let day =
        if text.len() == 7 { day.and_then(|d| d.checked_add_months(chrono::Months::new(1))?.pred_opt()) } else { day };
    day.ok_or_else(|| {
        CliError::usage(format!("--as-of: the slider stands at a day; write 2023-05-12 instead of {text}"))
    })
}

/// Puts the entries behind the page, with our notes on them.
fn add_entries(ledger: &Ledger, report: &mut Report<'_>, known_entries: u64) -> Result<usize, CliError> {
    let wanted = report.entries();
    let mut added = 0;
    let choose = |entry: Entry| -> Result<Option<Entry>, CliError> {
        if wanted.contains(&entry.index()) {
            return Ok(Some(entry));
        }
        let record = entry.record().map_err(OpenError::from)?;
        let is_note = |of: u64| wanted.contains(&of);
        let wants = record.is_some_and(|r| matches!(&r.event.content, Content::Note(note) if is_note(note.of)));
        Ok(wants.then_some(entry))
    };
    ledger.scan(0, choose, |entry| {
        if let Some(entry) = entry {
            if entry.index() >= known_entries {
                return Ok(ControlFlow::Break(()));
            }
            report.add(&entry).map_err(OpenError::from)?;
            added += 1;
        }
        Ok::<_, CliError>(ControlFlow::Continue(()))
    })?;
    Ok(added)
}
