//! `sayso mirror`: a copy in plain files that keeps up with every append.

use std::path::Path;
use std::process::ExitCode;

use sayso_core::copy::MirrorState;
use sayso_core::entry::Head;
use sayso_core::ledger::Ledger;
use serde_json::{Value, json};

use crate::copy_args::MirrorArgs;
use crate::error::{CliError, REFUSED};
use crate::output::{self, progress, table};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &MirrorArgs) -> Result<ExitCode, CliError> {
    let ledger = session.open()?;
    match (&args.dir, &args.stop) {
        (Some(dir), _) => start(session, &ledger, dir),
        (None, Some(dir)) => stop(session, &ledger, dir),
        (None, None) => check(session, &ledger),
    }
}

fn start(session: &Session, ledger: &Ledger, dir: &Path) -> Result<ExitCode, CliError> {
    let bar = progress::spinner("mirroring");
    let result = ledger.mirror(dir);
    bar.finish_and_clear();
    result?;
    let head = ledger.head();
    if session.is_json() {
        output::json::print(&json!({"mirror": dir.display().to_string(), "head": output::json::head(head)}))?;
    } else {
        let text = format!(
            "{} has all {} entries. From now on an append is acknowledged only when it is there, too.\n",
            dir.display(),
            head.size
        );
        output::print(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn stop(session: &Session, ledger: &Ledger, dir: &Path) -> Result<ExitCode, CliError> {
    if !ledger.forget_mirror(dir)? {
        let known: Vec<String> = ledger.mirrors().iter().map(|dir| dir.display().to_string()).collect();
        let known = if known.is_empty() { "it has none".into() } else { format!("they are {}", known.join(", ")) };
        return Err(CliError::refused(format!("{} is no mirror of this ledger; {known}", dir.display())));
    }
    if session.is_json() {
        output::json::print(&json!({"stopped": dir.display().to_string()}))?;
    } else {
        output::print(&format!("{} is kept up to date no longer. Its files stay.\n", dir.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(session: &Session, ledger: &Ledger) -> Result<ExitCode, CliError> {
    let bar = progress::spinner("reading mirrors");
    let states = ledger.check_mirrors();
    bar.finish_and_clear();
    let head = ledger.head();
    if session.is_json() {
        let mirrors: Vec<Value> = states.iter().map(state_json).collect();
        output::json::print(&json!({"head": output::json::head(head), "mirrors": mirrors}))?;
    } else if states.is_empty() {
        output::print("This ledger has no mirror. `sayso mirror DIR` makes one.\n")?;
    } else {
        let mut rows = table::new(&["mirror", "entries", "state"]);
        for state in &states {
            rows.add_row(table::row(state_row(state, head)));
        }
        output::print(&format!("{rows}\n"))?;
    }
    Ok(if states.iter().all(|s| s.head.is_ok()) { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

fn state_json(state: &MirrorState) -> Value {
    json!({
        "mirror": state.dir.display().to_string(),
        "head": state.head.as_ref().ok().map(|head| output::json::head(*head)),
        "problem": state.head.as_ref().err().map(ToString::to_string),
    })
}

fn state_row(state: &MirrorState, ledger: Head) -> [String; 3] {
    let dir = state.dir.display().to_string();
    match &state.head {
        Ok(head) if *head == ledger => [dir, head.size.to_string(), "the same as the ledger".into()],
        Ok(head) => [
            dir,
            head.size.to_string(),
            format!("behind the {} of the ledger; catches up with the next append", ledger.size),
        ],
        Err(e) => [dir, String::new(), e.to_string()],
    }
}
