//! The same answers from the entries of the log alone. They cost what the log holds, and are what the index must agree with.

use super::way::Way;
use super::{Asked, Clock, Comparison, Diff, History, HistoryError, HistoryQuery, Why};
use crate::ledger::{Ledger, OpenError};
use crate::replay::Query;
use crate::text::Name;

/// [`history`](fn@super::history), without the index.
///
/// # Errors
/// [`HistoryError`].
pub fn history(
    ledger: &Ledger,
    subject: &Name,
    predicate: Option<&Name>,
    query: &HistoryQuery,
) -> Result<History, HistoryError> {
    super::history::history_by(ledger, subject, predicate, query, Way::Log)
}

/// [`why`](fn@super::why), without the index.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn why(ledger: &Ledger, clocks: &Query, asked: &Asked) -> Result<Why, OpenError> {
    super::why::why_by(ledger, clocks, asked, Way::Log)
}

/// [`compare`](fn@super::compare), without the index.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn compare(ledger: &Ledger, query: &Query) -> Result<Comparison, OpenError> {
    super::compare::compare_by(ledger, query, Way::Log)
}

/// [`diff`](fn@super::diff), without the index.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn diff(ledger: &Ledger, clock: Clock, before: &Query, after: &Query) -> Result<Diff, OpenError> {
    super::diff::diff_by(ledger, clock, before, after, Way::Log)
}
