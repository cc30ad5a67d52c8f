//! `sayso doctor`: advice on what may be a slip.

use std::process::ExitCode;

use clap::Args;
use sayso_doctor::{Lint, Options, examine};

use crate::error::{CliError, REFUSED};
use crate::output::{self, doctor, json, progress};
use crate::query::{ClockArgs, FilterArgs};
use crate::session::Session;

/// Findings shown of each lint on a page for people.
const SHOWN: usize = 10;

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso doctor\n  sayso doctor --source yerevan --subject sotk-\n  \
    sayso doctor --skip falling-total --skip alike-names\n  \
    sayso doctor --only odd-figure --known-at 2025-01-03      as the ledger read then, before later corrections\n  \
    sayso doctor --lints                                      what is looked for, and when it is wrong\n\n\
    It is advice: nothing is changed, and a finding is not an error. It looks at entries as they read now, after corrections.\n\
    Exit codes: 0 whatever is found; with --strict 1 if anything is; 2 wrong usage; 3 could not read.")]
pub(crate) struct DoctorArgs {
    /// Leave this lint out (may be given several times)
    #[arg(long, value_name = "LINT")]
    skip: Vec<String>,
    /// Only this lint (may be given several times)
    #[arg(long, value_name = "LINT", conflicts_with = "skip")]
    only: Vec<String>,
    /// List the lints: what each finds, what one could do, and when it is wrong; no ledger is needed
    #[arg(long)]
    lints: bool,
    /// Exit with 1 if anything is found
    #[arg(long)]
    strict: bool,
    /// How many findings of each lint to show [default: 10; with --format json all that are kept, 1000]
    #[arg(long, short = 'n')]
    limit: Option<usize>,
    #[command(flatten)]
    clocks: ClockArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

pub(crate) fn run(session: &Session, args: &DoctorArgs) -> Result<ExitCode, CliError> {
    let lints = args.wanted()?;
    if args.lints {
        if session.is_json() {
            json::print(&doctor::lints_json(&lints))?;
        } else {
            output::print(&doctor::lints_text(&lints))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let query = args.clocks.query(session, args.filter.filter()?)?;
    let ledger = session.open()?;
    let bar = progress::entries("looking");
    let options = Options { lints, ..Options::default() };
    let report = examine(&ledger, &query, &options, &|progress| progress::show(&bar, progress));
    bar.finish_and_clear();
    let report = report?;
    let given = session.given_dir().map(|dir| dir.display().to_string());
    let given = given.as_deref();
    if session.is_json() {
        json::print(&doctor::json(&report, &query, given, args.limit.unwrap_or(usize::MAX)))?;
    } else {
        output::print(&doctor::text(&report, &query, &session.zone, given, args.limit.unwrap_or(SHOWN)))?;
    }
    Ok(if args.strict && report.total() > 0 { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

impl DoctorArgs {
    /// The lints asked for.
    fn wanted(&self) -> Result<Vec<Lint>, CliError> {
        let read = |names: &[String], option: &str| -> Result<Vec<Lint>, CliError> {
            let lints = names.iter().map(|name| name.parse());
            lints.collect::<Result<_, _>>().map_err(|e| CliError::usage(format!("{option}: {e}")))
        };
        let (skip, only) = (read(&self.skip, "--skip")?, read(&self.only, "--only")?);
        let wanted = |lint: &Lint| !skip.contains(lint) && (only.is_empty() || only.contains(lint));
        Ok(Lint::ALL.into_iter().filter(wanted).collect())
    }
}
