//! `sayso demo`: an example ledger from real, cited events.

use std::path::Path;
use std::process::ExitCode;

use sayso_core::audit::audit;
use sayso_core::directory::{LedgerDir, is_ledger};
use sayso_core::exchange::{CheckOptions, Draft};
use sayso_core::ledger::{Batch, Ledger, NewEvent, Outcome};
use sayso_core::machine::SystemEntropy;
use sayso_core::replay::{Filter, Query, replay};
use sayso_core::text::{Label, Name};
use sayso_core::time::{AsOf, SystemClock, TimeZone};

use crate::args::DemoArgs;
use crate::error::{CliError, REFUSED};
use crate::meant::Meant;
use crate::output::{self, json, views};
use crate::session::Session;

/// 119 events of the week of the Sotk clashes in May 2023.
const EVENTS: &str = include_str!("../../../../examples/sotk-2023.jsonl");
const SOURCES: [&str; 3] = ["yerevan", "baku", "eu"];
const DATES: [&str; 2] = ["2023-05-11", "2023-05-12"];

pub(crate) fn run(session: &Session, args: &DemoArgs) -> Result<ExitCode, CliError> {
    let dir = args.dir.as_path();
    let fresh = fill(session, dir)?;
    // Closed and opened again: what follows is read from the disk.
    let opened = session.open_at(dir)?;
    let found = audit(opened.store(), &[], &|_| {})?;
    let code = if found.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) };
    let ledger = opened.ledger(SystemClock, SystemEntropy)?;
    let mut replays = Vec::new();
    for date in DATES {
        let query = query(date)?;
        let replayed = replay(&ledger, &query)?;
        replays.push((query, replayed));
    }
    if session.is_json() {
        let replays: Vec<_> = replays.iter().map(|(q, r)| json::replay(q, r, &Meant::default())).collect();
        json::print(&serde_json::json!({"appended": fresh, "audit": json::audit(&found), "replays": replays}))?;
        return Ok(code);
    }
    let mut text = format!(
        "The clashes near Sotk in May 2023: 119 events from 72 cited pages, in our own words.\n\
         {fresh} appended to {}.\n\n{}\n",
        dir.display(),
        super::audit::text(&found, false, None)
    );
    for (query, replayed) in &replays {
        text.push_str(&views::text(query, replayed, &Meant::default(), &TimeZone::UTC));
        text.push('\n');
    }
    text.push_str(&next(dir));
    output::print(&text)?;
    Ok(code)
}

fn query(date: &str) -> Result<Query, CliError> {
    let as_of = AsOf::parse(date, &TimeZone::UTC).map_err(CliError::usage)?;
    let sources = SOURCES.iter().filter_map(|s| Name::new(s).ok()).collect();
    let filter = Filter { sources, ..Filter::default() };
    Ok(Query { as_of: Some(as_of), filter, ..Query::default() })
}

/// Makes the example ledger, or finds it there already. Returns how many events were new.
fn fill(session: &Session, dir: &Path) -> Result<usize, CliError> {
    let options = CheckOptions {
        zone: TimeZone::UTC,
        numbers: false,
        imported_clock: false,
        recorder: Label::new("sayso demo").ok(),
    };
    let mut events: Vec<NewEvent> = Vec::new();
    for line in EVENTS.lines() {
        let draft = Draft::from_json(line).map_err(CliError::failed)?;
        events.push(draft.check(&options).map_err(CliError::failed)?);
    }
    let batch = Batch { events, ..Batch::default() };
    let ledger: Ledger = if is_ledger(dir) {
        session.open_at(dir)?.ledger(SystemClock, SystemEntropy)?
    } else {
        LedgerDir::create(dir, SystemClock, SystemEntropy)?
    };
    if ledger.head().size > 0 {
        let would = ledger.check(&batch).ok();
        let is_ours = would.is_some_and(|a| a.outcomes.iter().all(|o| matches!(o, Outcome::AlreadyThere(_))));
        if !is_ours {
            return Err(CliError::refused(format!(
                "{} is a ledger with other entries, and the demo leaves it alone; name another place: sayso demo DIR",
                dir.display()
            )));
        }
    }
    let appended = ledger.append(&batch)?;
    Ok(appended.outcomes.iter().filter(|o| matches!(o, Outcome::Appended(_))).count())
}

fn next(dir: &Path) -> String {
    let ledger = dir.display();
    format!(
        "What to try next (until it is installed, `sayso` stands for `cargo run --release -p sayso --`):\n  \
         sayso --ledger {ledger} replay --as-of 2023-05-13 --source yerevan --subject sotk-clash-2023-05-12\n      \
         how the wounded man in mortal danger of the 12th became none on the 13th\n  \
         sayso --ledger {ledger} compare --as-of 2023-05-17 --conflicts\n      \
         on which questions the sources contradict one another\n  \
         sayso --ledger {ledger} why yerevan sotk-clash-2023-05-11 armenian-soldiers-wounded --as-of 2023-05-12\n      \
         why four wounded stand there, and where each figure can be read\n  \
         sayso --ledger {ledger} show yerevan-mod-0511-fired-first\n      \
         one entry whole, with its citations\n  \
         sayso --ledger {ledger} log --limit 5\n      \
         the newest entries, among them a correction\n  \
         sayso --ledger {ledger} stance --source eu --stance declines --of baku-mod-0510-fired-first --stated 2023-05-12\n      \
         add something of your own\n  \
         sayso --ledger {ledger} audit\n      \
         check again that nothing was altered\n"
    )
}
