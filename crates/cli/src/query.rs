//! What commands that look back have in common: clocks, filters and pages.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use clap::Args;
use sayso_core::ledger::{Entry, Ledger};
use sayso_core::reading::Aliases;
use sayso_core::replay::{Filter, Query};
use sayso_core::text::{Label, Name, TextError};
use sayso_core::time::{AsOf, KnownAt};

use crate::error::CliError;
use crate::session::Session;

/// Up to when to look.
#[derive(Args)]
pub(crate) struct ClockArgs {
    /// The stated clock: what had been said by the end of this day, month or instant [default: everything]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub(crate) as_of: Option<String>,
    /// The recorded clock: what this ledger had learned by then [default: everything]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) known_at: Option<String>,
}

/// What to show. Each may be given several times and then means any of these; different ones mean all of them.
#[derive(Args)]
#[command(next_help_heading = "Filters (the same one again: any of these; different ones: all of them)")]
pub(crate) struct FilterArgs {
    /// Only subjects that begin so
    #[arg(long, value_name = "PREFIX")]
    subject: Vec<String>,
    /// Only this predicate
    #[arg(long)]
    predicate: Vec<String>,
    #[command(flatten)]
    entries: EntryFilterArgs,
}

/// What to show where the question is given already.
#[derive(Args)]
#[command(next_help_heading = "Filters (the same one again: any of these; different ones: all of them)")]
pub(crate) struct EntryFilterArgs {
    /// Only this source and its children
    #[arg(long)]
    source: Vec<String>,
    /// Only what has this tag
    #[arg(long)]
    tag: Vec<String>,
    /// Only what this person or program recorded
    #[arg(long, value_name = "NAME")]
    recorded_by: Vec<String>,
    /// Only what came through this carrier
    #[arg(long, value_name = "CARRIER")]
    via: Vec<String>,
}

impl ClockArgs {
    /// The clocks, read in the session's zone, with a filter.
    pub(crate) fn query(&self, session: &Session, filter: Filter) -> Result<Query, CliError> {
        let as_of = self.as_of.as_deref().map(|t| as_of(session, "--as-of", t)).transpose()?;
        let known_at = self.known_at.as_deref().map(|t| known_at(session, "--known-at", t)).transpose()?;
        Ok(Query { as_of, known_at, filter })
    }
}

/// A cutoff of the stated clock, read in the session's zone.
pub(crate) fn as_of(session: &Session, what: &str, text: &str) -> Result<AsOf, CliError> {
    AsOf::parse(text, &session.zone).map_err(|e| CliError::usage(format!("{what}: {e}")))
}

/// A cutoff of the recorded clock, read in the session's zone.
pub(crate) fn known_at(session: &Session, what: &str, text: &str) -> Result<KnownAt, CliError> {
    KnownAt::parse(text, &session.zone).map_err(|e| CliError::usage(format!("{what}: {e}")))
}

/// A name given as an argument.
pub(crate) fn name(what: &str, text: &str) -> Result<Name, CliError> {
    Name::new(text).map_err(|e| CliError::usage(format!("{what}: {e}")))
}

impl FilterArgs {
    /// The filter, its names checked and normalised.
    pub(crate) fn filter(&self) -> Result<Filter, CliError> {
        Ok(Filter {
            subject_prefixes: all(&self.subject, "--subject", Name::new)?,
            predicates: all(&self.predicate, "--predicate", Name::new)?,
            ..self.entries.filter()?
        })
    }
}

impl EntryFilterArgs {
    /// The filter, its names checked and normalised.
    pub(crate) fn filter(&self) -> Result<Filter, CliError> {
        Ok(Filter {
            sources: all(&self.source, "--source", Name::new)?,
            tags: all(&self.tag, "--tag", Label::new)?,
            recorders: all(&self.recorded_by, "--recorded-by", Label::new)?,
            via: all(&self.via, "--via", Label::new)?,
            ..Filter::default()
        })
    }
}

fn all<T>(given: &[String], option: &str, read: impl Fn(&str) -> Result<T, TextError>) -> Result<Vec<T>, CliError> {
    let checked = given.iter().map(|text| read(text)).collect::<Result<Vec<T>, TextError>>();
    checked.map_err(|e| CliError::usage(format!("{option}: {e}")))
}

/// Entries of the log that a filter wants, in the order they were recorded.
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    /// The next one that it wants, if there is one: where the next page begins.
    pub(crate) next: Option<u64>,
}

impl Page {
    /// The first `limit` of them from `from` on.
    pub(crate) fn from(ledger: &Ledger, wanted: &Wanted, from: u64, limit: u64) -> Result<Self, CliError> {
        let mut page = Self { entries: vec![], next: None };
        wanted.scan(ledger, from, |entry| {
            if page.entries.len() as u64 == limit {
                page.next = Some(entry.index());
                return ControlFlow::Break(());
            }
            page.entries.push(entry);
            ControlFlow::Continue(())
        })?;
        Ok(page)
    }

    /// The last `limit` of them.
    pub(crate) fn last(ledger: &Ledger, wanted: &Wanted, limit: u64) -> Result<Self, CliError> {
        let mut entries = VecDeque::new();
        // Without a filter it is known where they begin.
        let from = if wanted.filter.is_empty() { ledger.head().size.saturating_sub(limit) } else { 0 };
        wanted.scan(ledger, from, |entry| {
            entries.push_back(entry);
            if entries.len() as u64 > limit {
                entries.pop_front();
            }
            ControlFlow::Continue(())
        })?;
        Ok(Self { entries: entries.into(), next: None })
    }
}

/// A filter for entries of the log, with the names that are one today.
pub(crate) struct Wanted {
    pub(crate) filter: Filter,
    pub(crate) aliases: Aliases,
}

impl Wanted {
    pub(crate) fn new(ledger: &Ledger, filter: Filter) -> Result<Self, CliError> {
        let aliases = if filter.is_empty() { Aliases::default() } else { ledger.aliases()? };
        Ok(Self { filter, aliases })
    }

    /// Whether an entry is wanted. An erased one matches no filter: nobody can tell.
    pub(crate) fn wants(&self, entry: &Entry) -> Result<bool, CliError> {
        if self.filter.is_empty() {
            return Ok(true);
        }
        let record = entry.record().map_err(sayso_core::ledger::OpenError::from)?;
        Ok(record.is_some_and(|record| self.filter.wants_record(&record, &self.aliases)))
    }

    fn scan(
        &self,
        ledger: &Ledger,
        from: u64,
        mut visit: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), CliError> {
        let prepare = |entry: Entry| Ok::<_, CliError>(self.wants(&entry)?.then_some(entry));
        ledger.scan(from, prepare, |entry| Ok(entry.map_or(ControlFlow::Continue(()), &mut visit)))
    }
}
