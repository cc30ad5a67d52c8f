//! `sayso diff`: what changed between two moments of a clock.

use std::process::ExitCode;

use sayso_core::replay::Query;
use sayso_core::views::{Clock, diff};

use crate::asking::{ClockName, DiffArgs};
use crate::error::CliError;
use crate::meant::Meant;
use crate::output::{self, diff as shown, json, progress};
use crate::query::{as_of, known_at};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &DiffArgs) -> Result<ExitCode, CliError> {
    let asked = moments(session, args)?;
    let ledger = session.open_for_views()?;
    let waiting = progress::spinner("comparing");
    let changed = diff(&ledger, asked.clock, &asked.before, &asked.after)?;
    let meant = Meant::of(&ledger, &asked.after, &changed.after)?;
    waiting.finish_and_clear();
    if session.is_json() {
        json::print(&shown::json(&asked, &changed, &meant))?;
    } else if session.is_csv() {
        shown::csv(&asked, &changed, &meant)?;
    } else {
        output::print(&shown::text(&asked, &changed, &meant, &session.zone))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Both moments as queries: one clock runs, the other stands still.
fn moments(session: &Session, args: &DiffArgs) -> Result<shown::Moments, CliError> {
    let pinned = args.clocks.query(session, args.filter.filter()?)?;
    let given = |what: &str, pin: &str| {
        Err(CliError::usage(format!(
            "{what} has no place here: the two dates are on that clock already; {pin} holds the other clock still"
        )))
    };
    let (before, after, backwards) = match args.clock {
        ClockName::Stated if pinned.as_of.is_some() => return given("--as-of", "--known-at"),
        ClockName::Recorded if pinned.known_at.is_some() => return given("--known-at", "--as-of"),
        ClockName::Stated => {
            let (from, to) =
                (as_of(session, "the first date", &args.from)?, as_of(session, "the second date", &args.to)?);
            let backwards = from.end() > to.end();
            let at = |date| Query { as_of: Some(date), ..pinned.clone() };
            (at(from), at(to), backwards)
        }
        ClockName::Recorded => {
            let from = known_at(session, "the first time", &args.from)?;
            let to = known_at(session, "the second time", &args.to)?;
            let backwards = from.end() > to.end();
            let at = |time| Query { known_at: Some(time), ..pinned.clone() };
            (at(from), at(to), backwards)
        }
    };
    if backwards {
        return Err(CliError::usage(format!("{} comes after {}; give the earlier moment first", args.from, args.to)));
    }
    let clock = match args.clock {
        ClockName::Stated => Clock::Stated,
        ClockName::Recorded => Clock::Recorded,
    };
    Ok(shown::Moments { clock, from: args.from.clone(), to: args.to.clone(), before, after })
}
