//! `sayso salvage`: what still verifies of a damaged ledger and its mirrors.

use std::process::ExitCode;

use sayso_core::copy::{CopyError, Salvage, salvage};
use sayso_core::machine::SystemEntropy;
use sayso_core::time::SystemClock;
use serde_json::{Value, json};

use crate::copy_args::SalvageArgs;
use crate::error::{CliError, REFUSED};
use crate::locate;
use crate::output::{self, progress, table};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &SalvageArgs) -> Result<ExitCode, CliError> {
    let from = locate::find(session.given_dir().map(AsRef::as_ref))?;
    if !from.is_dir() {
        return Err(CliError::failed(format!(
            "{} is not there; name the damaged ledger with --ledger DIR",
            from.display()
        )));
    }
    let bar = progress::entries("salvaging");
    let attempt = || salvage(&from, &args.mirror, &args.to, SystemClock, SystemEntropy, &|p| progress::show(&bar, p));
    let result = session.waiting(attempt, |e| if let CopyError::Dir(e) = e { Some(e) } else { None });
    bar.finish_and_clear();
    let salvage = result?;
    let to = args.to.display().to_string();
    if session.is_json() {
        output::json::print(&report(&salvage, &to))?;
    } else {
        output::print(&text(&salvage, &to))?;
    }
    Ok(if salvage.losses.is_empty() && salvage.islands.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

fn report(salvage: &Salvage, to: &str) -> Value {
    let range = |first: u64, last: u64| json!({"first": first, "last": last});
    json!({
        "to": to,
        "head": salvage.head.map(output::json::head),
        "ledger": salvage.id.map(|id| id.to_string()),
        "ledger_by": salvage.by.as_ref().map(|p| p.display().to_string()),
        "expected": salvage.expected,
        "recovered": salvage.recovered,
        "missing": salvage.losses.iter().map(|l| range(l.first, l.last)).collect::<Vec<_>>(),
        "behind_a_hole": salvage.islands.iter().map(|i| json!({
            "first": i.first, "last": i.last, "previous": i.previous.to_string(), "hash": i.hash.to_string(),
        })).collect::<Vec<_>>(),
        "behind_file": salvage.behind.as_ref().map(|p| p.display().to_string()),
        "redact_again": salvage.redact_again,
        "found": salvage.found.iter().map(|f| json!({
            "place": f.place.display().to_string(), "entries": f.taken, "problem": f.problem,
        })).collect::<Vec<_>>(),
    })
}

fn text(salvage: &Salvage, to: &str) -> String {
    let mut text = format!("{} of {} entries still verify.\n\n", salvage.recovered, salvage.expected);
    let mut parts: Vec<(u64, u64, String)> = Vec::new();
    if let Some(last) = salvage.head.and_then(|h| h.size.checked_sub(1)) {
        parts.push((0, last, format!("in the new ledger {to}")));
    }
    parts.extend(salvage.losses.iter().map(|l| (l.first, l.last, "missing".to_owned())));
    let behind = salvage.behind.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
    parts.extend(salvage.islands.iter().map(|i| (i.first, i.last, format!("in {behind}"))));
    parts.sort_unstable();
    let mut rows = table::new(&["from", "to", "where"]);
    for (first, last, place) in parts {
        rows.add_row(table::row([format!("#{first}"), format!("#{last}"), place]));
    }
    text.push_str(&format!("{rows}\n\n"));
    let mut rows = table::new(&["read", "entries taken", "what could not be read"]);
    for found in &salvage.found {
        let problem = found.problem.clone().unwrap_or_default();
        rows.add_row(table::row([found.place.display().to_string(), found.taken.to_string(), problem]));
    }
    text.push_str(&format!("{rows}\n"));
    if let (Some(id), Some(by)) = (salvage.id, &salvage.by) {
        text.push_str(&format!(
            "\nNothing of the ledger itself says which one it was. {} was taken at its word: it is the mirror of {id}.\n",
            by.display()
        ));
    }
    if let Some(head) = salvage.head {
        text.push_str(&format!("\nHead of the new ledger: {head}\n"));
    }
    if !salvage.redact_again.is_empty() {
        let numbers: Vec<String> = salvage.redact_again.iter().map(|i| format!("#{i}")).collect();
        text.push_str(&format!(
            "The redactions of {} stand behind a hole: redact these entries again.\n",
            numbers.join(" ")
        ));
    }
    if !salvage.islands.is_empty() {
        text.push_str(
            "Entries behind a hole verify among themselves. Nothing shows by itself that they belong behind those before the \
             hole; a receipt of them, or of something after them, does.\n",
        );
    }
    text
}
