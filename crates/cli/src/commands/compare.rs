//! `sayso compare`: where sources part.

use std::process::ExitCode;

use sayso_core::views::compare;

use crate::asking::CompareArgs;
use crate::error::CliError;
use crate::meant::Meant;
use crate::output::{self, compare as shown, json, progress};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &CompareArgs) -> Result<ExitCode, CliError> {
    let query = args.clocks.query(session, args.filter.filter()?)?;
    let ledger = session.open_for_views()?;
    let waiting = progress::spinner("comparing");
    let compared = compare(&ledger, &query)?;
    let meant = Meant::of(&ledger, &query, &compared.replay)?;
    waiting.finish_and_clear();
    let compared = if args.conflicts { compared.disputes() } else { compared };
    if session.is_json() {
        json::print(&shown::json(&query, &compared, &meant))?;
    } else if session.is_csv() {
        shown::csv(&query, &compared, &meant)?;
    } else {
        output::print(&shown::text(&query, &compared, &meant, &session.zone))?;
    }
    Ok(ExitCode::SUCCESS)
}
