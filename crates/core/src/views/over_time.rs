//! The course of the stated clock: how each question stood on every day on which something about it was said.
//!
//! It is [`compare`](fn@super::compare) at each of those days, and nothing else: what is there at a date is the last step up to it.

use chrono::NaiveDate;

use super::again::said_again;
use super::compare::{Row, rows_of};
use super::way::Way;
use crate::entry::Head;
use crate::event::Question;
use crate::ledger::{Ledger, OpenError};
use crate::replay::{self, Moment, Query};
use crate::time::TimeZone;

/// How everything asked about came to stand.
#[derive(Debug, Clone, PartialEq)]
pub struct OverTime {
    /// The ledger's head when it was read.
    pub head: Head,
    /// How many of its entries the recorded clock let through.
    pub known_entries: u64,
    /// By subject, then predicate.
    pub courses: Vec<Course>,
    /// Entries whose bodies were erased: nobody can tell whether they belong here.
    pub redacted: Vec<u64>,
}

/// How one question came to stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The question.
    pub question: Question,
    /// By day; each differs from the one before.
    pub steps: Vec<Step>,
}

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The first day of which it holds: `--as-of` that day, in the zone given.
    pub day: NaiveDate,
    /// What there is from then on; `None` if there is nothing any more.
    pub row: Option<Row>,
}

impl Course {
    /// What there is at the end of a day.
    #[must_use]
    pub fn at(&self, day: NaiveDate) -> Option<&Row> {
        let after = self.steps.partition_point(|step| step.day <= day);
        self.steps.get(after.checked_sub(1)?)?.row.as_ref()
    }
}

/// Compares the sources on every day on which something was said, up to the query's own date. Sources of the filter are the parties
/// compared; subjects and predicates choose questions; tags, recorders and carriers are not looked at.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn over_time(ledger: &Ledger, query: &Query, zone: &TimeZone) -> Result<OverTime, OpenError> {
    let mut courses: Vec<Course> = Vec::new();
    let read = replay::over_time(ledger, query, zone, &mut |moment| {
        let Moment { question, day, query, replay } = moment;
        let again = said_again(ledger, query, &replay, Way::Index)?;
        let row = rows_of(&replay, &again, &query.filter).into_iter().find(|row| row.question == *question);
        let course = match courses.last_mut() {
            Some(course) if course.question == *question => course,
            _ => {
                courses.push(Course { question: question.clone(), steps: vec![] });
                let Some(new) = courses.last_mut() else { return Ok(()) };
                new
            }
        };
        if course.steps.last().is_none_or(|step| step.row != row) {
            course.steps.push(Step { day, row });
        }
        Ok(())
    })?;
    courses.retain(|course| course.steps.iter().any(|step| step.row.is_some()));
    Ok(OverTime { head: read.head, known_entries: read.known_entries, courses, redacted: read.redacted })
}
