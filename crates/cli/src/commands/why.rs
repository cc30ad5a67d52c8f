//! `sayso why`: why a source stands where it does on a question.

use std::process::ExitCode;

use sayso_core::event::{NameKind, Question};
use sayso_core::exchange::Exporter;
use sayso_core::replay::Filter;
use sayso_core::views::{Asked, why};

use crate::asking::WhyArgs;
use crate::error::CliError;
use crate::meant::Meant;
use crate::output::{self, json, progress, why as shown};
use crate::query::name;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &WhyArgs) -> Result<ExitCode, CliError> {
    let question =
        Question { subject: name("the subject", &args.subject)?, predicate: name("the predicate", &args.predicate)? };
    let asked = Asked { source: name("the source", &args.source)?, question };
    let clocks = args.clocks.query(session, Filter::default())?;
    let ledger = session.open_for_views()?;
    let waiting = progress::spinner("reading");
    let explained = why(&ledger, &clocks, &asked)?;
    let names = [
        (NameKind::Source, &asked.source),
        (NameKind::Subject, &asked.question.subject),
        (NameKind::Predicate, &asked.question.predicate),
    ];
    let slips = names.into_iter().filter(|_| explained.parts.is_empty());
    let meant = Meant::like(&ledger, slips, &explained.asked_as)?;
    waiting.finish_and_clear();
    if session.is_json() {
        json::print(&shown::json(&Exporter::new(&ledger, false), &clocks, &explained, &meant)?)?;
    } else {
        output::print(&shown::text(&clocks, &explained, &meant, &session.zone))?;
    }
    Ok(ExitCode::SUCCESS)
}
