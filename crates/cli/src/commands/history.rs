//! `sayso history`: the whole life of a question, or of all questions of a subject.

use std::process::ExitCode;

use sayso_core::event::NameKind;
use sayso_core::exchange::Exporter;
use sayso_core::views::{HistoryError, HistoryQuery, Order, history};

use crate::asking::{HistoryArgs, OrderName};
use crate::error::CliError;
use crate::meant::{Meant, named};
use crate::output::{self, history as shown, json, progress};
use crate::query::name;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &HistoryArgs) -> Result<ExitCode, CliError> {
    let subject = name("the subject", &args.subject)?;
    let predicate = args.predicate.as_deref().map(|p| name("the predicate", p)).transpose()?;
    let order = match args.by {
        OrderName::Recorded => Order::Recorded,
        OrderName::Stated => Order::Stated,
    };
    let clocks = args.clocks.query(session, args.filter.filter()?)?;
    let query = HistoryQuery { clocks, order, from: args.from, limit: args.limit };
    let ledger = session.open_for_views()?;
    let waiting = progress::spinner("reading");
    let told = history(&ledger, &subject, predicate.as_ref(), &query).map_err(|e| match e {
        HistoryError::Open(e) => CliError::from(e),
        e => CliError::refused(e),
    })?;
    let nothing = told.total == 0;
    let names = named(NameKind::Subject, [&subject])
        .chain(named(NameKind::Predicate, &predicate))
        .chain(named(NameKind::Source, &query.clocks.filter.sources));
    let meant = Meant::like(&ledger, names.filter(|_| nothing), &told.asked_as)?;
    waiting.finish_and_clear();
    let HistoryQuery { clocks, .. } = query;
    if session.is_json() {
        json::print(&shown::json(&Exporter::new(&ledger, false), &clocks, order, &told, &meant)?)?;
    } else if session.is_csv() {
        shown::csv(&told, &meant)?;
    } else {
        output::print(&shown::text(&clocks, order, &told, &meant, &session.zone))?;
    }
    Ok(ExitCode::SUCCESS)
}
