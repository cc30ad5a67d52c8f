//! The walk over the ledger: once for what changes how entries read, once for the claims; more often if there are very many, so that
//! memory stays bounded.

use std::cell::Cell;
use std::ops::ControlFlow;

use sayso_core::copy::Progress;
use sayso_core::event::{Content, NameKind, Question};
use sayso_core::ledger::{Entry, Ledger, OpenError};
use sayso_core::reading::Reading;
use sayso_core::replay::Query;
use sayso_core::text::Name;

use crate::finding::Report;
use crate::lint::Lint;
use crate::lints::one_origin::Origins;
use crate::lints::{alike_names, alike_questions, falling_total, odd_figure};
use crate::names::{MAX_NAMES, Names};
use crate::readings::Readings;
use crate::seen::{Seen, look};
use crate::series::Figures;

/// How often progress is told.
const TELL_EVERY: u64 = 4096;

/// How to examine.
#[derive(Debug, Clone)]
pub struct Options {
    /// The lints wanted.
    pub lints: Vec<Lint>,
    /// About how many claims are compared at once. A ledger with more entries is walked through more often, each time for a share of its
    /// questions.
    pub claims_at_once: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { lints: Lint::ALL.to_vec(), claims_at_once: 2_000_000 }
    }
}

/// Looks a ledger over, as it reads at the moment of the query. Nothing is changed.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn examine(
    ledger: &Ledger,
    query: &Query,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Report, OpenError> {
    let head = ledger.head();
    let compares = [Lint::FallingTotal, Lint::OddFigure, Lint::OneOrigin].iter().any(|l| options.lints.contains(l));
    let walks = if compares { head.size.div_ceil(options.claims_at_once.max(1)).max(1) } else { 1 };
    let (done, total) = (Cell::new(0_u64), head.size.saturating_mul(walks.saturating_add(1)));
    let step = || {
        done.set(done.get() + 1);
        if done.get() % TELL_EVERY == 0 {
            progress(Progress { done: done.get(), total: Some(total) });
        }
    };
    let mut report = Report::new(head, &options.lints);
    let readings = Readings::gather(ledger, query, step)?;
    (report.known_entries, report.redacted) = (readings.known, readings.redacted);
    let mut names = AllNames::default();
    for walk in 0..walks {
        let share = Share { walk, walks };
        let mut compared = Compared::default();
        let prepare = |entry: Entry| -> Result<Option<Option<Seen>>, OpenError> {
            if entry.index() >= readings.known {
                return Ok(None);
            }
            let seen = entry.record()?.and_then(|r| look(entry.index(), &r, &readings, query, &options.lints));
            Ok(Some(seen))
        };
        ledger.scan(0, prepare, |seen| {
            step();
            let Some(seen) = seen else { return Ok::<_, OpenError>(ControlFlow::Break(())) };
            if let Some(mut seen) = seen {
                if walk == 0 {
                    report.claims += u64::from(seen.statement.is_some());
                    seen.findings.drain(..).for_each(|finding| report.push(finding));
                    names.count(&seen);
                }
                compared.add(&seen, share, &report);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        compared.find(ledger, &readings, &mut report);
    }
    names.find(&mut report);
    Ok(report.in_order())
}

/// Which questions one walk compares.
#[derive(Clone, Copy)]
struct Share {
    walk: u64,
    walks: u64,
}

/// What is compared of claims.
#[derive(Default)]
struct Compared {
    figures: Figures,
    origins: Origins,
}

impl Compared {
    fn add(&mut self, seen: &Seen, share: Share, report: &Report) {
        let Some(statement) = &seen.statement else { return };
        if share.walks > 1 && statement.question_hash() % share.walks != share.walk {
            return;
        }
        if report.wants(Lint::FallingTotal) || report.wants(Lint::OddFigure) {
            self.figures.add(statement);
        }
        if report.wants(Lint::OneOrigin) {
            self.origins.add(statement);
        }
    }

    fn find(self, ledger: &Ledger, readings: &Readings, report: &mut Report) {
        self.figures.each_series(|series| {
            if report.wants(Lint::FallingTotal) {
                falling_total::find(series, readings, report);
            }
            if report.wants(Lint::OddFigure) {
                odd_figure::find(series, readings, report);
            }
        });
        self.origins.find(readings, report, &|index| tell(ledger, readings, index));
    }
}

/// Who claims what in an entry, as it reads. An entry that cannot be read was met before, so that none is missing here.
fn tell(ledger: &Ledger, readings: &Readings, index: u64) -> Option<(Name, Question, String)> {
    let record = ledger.entry(index).ok()??.record().ok()??;
    let Reading::Event(event) = readings.corrections.read(index, &record.event) else { return None };
    let Content::Claim(claim) = &event.content else { return None };
    Some((readings.source(&claim.by.source), readings.question(&claim.question), claim.value.to_string()))
}

/// The names in use.
#[derive(Default)]
struct AllNames {
    sources: Names,
    subjects: Names,
    predicates: Names,
}

impl AllNames {
    fn count(&mut self, seen: &Seen) {
        if let Some(source) = &seen.source {
            self.sources.count(source);
        }
        if let Some(question) = &seen.question {
            self.subjects.count(&question.subject);
            self.predicates.count(&question.predicate);
        }
    }

    fn find(&self, report: &mut Report) {
        if !report.wants(Lint::AlikeNames) && !report.wants(Lint::AlikeQuestions) {
            return;
        }
        let kinds = [
            (NameKind::Source, &self.sources),
            (NameKind::Subject, &self.subjects),
            (NameKind::Predicate, &self.predicates),
        ];
        for (kind, names) in kinds {
            if names.is_cut() {
                report
                    .limits
                    .push(format!("Only the first {MAX_NAMES} {}s were compared by their names.", kind.as_str()));
            }
            let alike = alike_names::find(kind, names, report);
            if kind != NameKind::Source && report.wants(Lint::AlikeQuestions) {
                alike_questions::find(kind, names, &alike, report);
            }
        }
    }
}
