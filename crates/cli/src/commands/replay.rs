//! `sayso replay`: what each source stands by.

use std::process::ExitCode;

use sayso_core::replay::replay;

use crate::args::ReplayArgs;
use crate::error::CliError;
use crate::meant::Meant;
use crate::output::{self, csv, json, progress, views};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &ReplayArgs) -> Result<ExitCode, CliError> {
    let query = args.clocks.query(session, args.filter.filter()?)?;
    let ledger = session.open_for_views()?;
    let waiting = progress::spinner("replaying");
    let result = replay(&ledger, &query)?;
    let meant = Meant::of(&ledger, &query, &result)?;
    waiting.finish_and_clear();
    if session.is_json() {
        json::print(&json::replay(&query, &result, &meant))?;
    } else if session.is_csv() {
        csv::replay(&query, &result, &meant)?;
    } else {
        output::print(&views::text(&query, &result, &meant, &session.zone))?;
    }
    Ok(ExitCode::SUCCESS)
}
