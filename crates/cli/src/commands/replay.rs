//! `sayso replay`: what each source stands by.

use std::process::ExitCode;

use sayso_core::replay::{Query, replay};
use sayso_core::text::Name;
use sayso_core::time::{AsOf, KnownAt};

use crate::args::ReplayArgs;
use crate::error::CliError;
use crate::output::{self, json, progress, views};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &ReplayArgs) -> Result<ExitCode, CliError> {
    let query = query(session, args)?;
    let ledger = session.open()?;
    let waiting = progress::spinner("replaying");
    let result = replay(&ledger, &query)?;
    waiting.finish_and_clear();
    if session.is_json() {
        json::print(&json::replay(&query, &result))?;
    } else {
        output::print(&views::text(&query, &result, &session.zone))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn query(session: &Session, args: &ReplayArgs) -> Result<Query, CliError> {
    let zone = &session.zone;
    let as_of = args.as_of.as_deref().map(|t| AsOf::parse(t, zone)).transpose();
    let known_at = args.known_at.as_deref().map(|t| KnownAt::parse(t, zone)).transpose();
    let sources: Result<Vec<Name>, _> = args.source.iter().map(|s| Name::new(s)).collect();
    Ok(Query {
        as_of: as_of.map_err(|e| CliError::usage(format!("--as-of: {e}")))?,
        known_at: known_at.map_err(|e| CliError::usage(format!("--known-at: {e}")))?,
        sources: sources.map_err(|e| CliError::usage(format!("--source: {e}")))?,
        subject_prefix: args.subject.clone().unwrap_or_default(),
    })
}
