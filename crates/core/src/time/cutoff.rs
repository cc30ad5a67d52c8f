//! The two cutoffs of a replay: `--as-of` on the stated clock, `--known-at` on the recorded clock. Both are inclusive.

use chrono::{Datelike, NaiveDate};
use std::fmt;

use super::edtf::{DateForm, Edtf, Qualifier};
use super::edtf_text::EdtfError;
use super::instant::Instant;
use super::stated::{Stated, TimeZone};

/// Up to which stated date a replay looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    text: String,
    /// Set when a day, a month or a year was asked for: dates without an hour compare by calendar day, in no zone.
    day: Option<NaiveDate>,
    end: Instant,
}

/// Up to which recorded time a replay looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAt {
    text: String,
    end: Instant,
}

/// Why a text is not a cutoff.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CutoffError {
    /// Not a date at all.
    #[error(transparent)]
    Date(#[from] EdtfError),
    /// A date that is no single day, month, year or instant.
    #[error("`{0}` is not one day, month, year or instant; write 2023-05-12, 2023-05 or 2023-05-12T08:00:00Z")]
    NotOne(String),
}

/// The last day (for dates) and the last instant a cutoff text means.
fn parse(text: &str, zone: &TimeZone) -> Result<(Option<NaiveDate>, Instant), CutoffError> {
    if let Some(instant) = Instant::from_rfc3339(text).filter(|_| text.contains('.')) {
        return Ok((None, instant));
    }
    let not_one = || CutoffError::NotOne(text.chars().take(60).collect());
    match Edtf::parse(text, zone)? {
        Edtf::Moment(m) => {
            // The end of the second, or of the minute where no second was written: recorded times are finer than that.
            let seconds_written = text.split_once('T').is_some_and(|(_, t)| {
                let clock = t.split(['Z', '+', '-']).next().unwrap_or_default();
                clock.matches(':').count() == 2
            });
            let rest = if seconds_written { 999_999 } else { 59_999_999 };
            let start = Instant::from_local(m.local(), m.offset().seconds()).ok_or_else(not_one)?;
            Ok((None, Instant::from_micros(start.micros().saturating_add(rest)).ok_or_else(not_one)?))
        }
        Edtf::Date(date) => {
            let one = matches!(date.form(), DateForm::Day(..) | DateForm::Month(..) | DateForm::Year(_))
                && date.qualifier() == Qualifier::Certain;
            let (_, last) = date.span().filter(|_| one).ok_or_else(not_one)?;
            let (end, _) = zone.end_of_day(last).ok_or_else(not_one)?;
            Ok((Some(last), end))
        }
        Edtf::Interval(..) => Err(not_one()),
    }
}

impl AsOf {
    /// Reads a day, a month or year (its end), or an instant. Hours without an offset, and the end of a day for
    /// statements that have an hour, are in `zone`.
    ///
    /// # Errors
    /// [`CutoffError`].
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, CutoffError> {
        let (day, end) = parse(text, zone)?;
        Ok(Self { text: text.to_owned(), day, end })
    }

    /// The last instant that it takes in.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.end
    }

    /// Whether a statement counts as made by then.
    #[must_use]
    pub fn includes(&self, stated: &Stated) -> bool {
        self.limits().admit(stated.last_instant().micros(), stated.last_day().map(|day| day.num_days_from_ce()))
    }

    /// The same in plain numbers.
    pub(crate) fn limits(&self) -> Limits {
        Limits { day: self.day.map(|day| day.num_days_from_ce()), end: self.end.micros() }
    }
}

/// A cutoff on the stated clock in plain numbers, for asking it of very many dates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// In days since the year 0.
    day: Option<i32>,
    /// In microseconds since 1970.
    end: i64,
}

impl Limits {
    /// Whether a date with this last instant, and this last day if it has no hour, is within.
    pub(crate) fn admit(self, last_instant: i64, last_day: Option<i32>) -> bool {
        match (self.day, last_day) {
            (Some(day), Some(last)) => last <= day,
            _ => last_instant <= self.end,
        }
    }
}

impl KnownAt {
    /// Reads a day, month or year (its end in `zone`) or an instant.
    ///
    /// # Errors
    /// [`CutoffError`].
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, CutoffError> {
        let (_, end) = parse(text, zone)?;
        Ok(Self { text: text.to_owned(), end })
    }

    /// The last instant that it takes in.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.end
    }

    /// Whether something recorded then was known.
    #[must_use]
    pub fn includes(&self, recorded: Instant) -> bool {
        recorded <= self.end
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for KnownAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(text: &str, zone: &str) -> Stated {
        Stated::new(text.parse().unwrap(), &zone.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_day_takes_hourless_dates_by_calendar_day() {
        let as_of = AsOf::parse("2023-05-12", &TimeZone::UTC).unwrap();
        assert!(
            as_of.includes(&stated("2023-05-12", "Pacific/Honolulu")),
            "the day ends later there, and still counts"
        );
        assert!(!as_of.includes(&stated("2023-05-13", "Pacific/Kiritimati")));
        assert!(as_of.includes(&stated("2023-05-13T03:00:00+04:00", "UTC")), "still the 12th in UTC");
        assert!(!as_of.includes(&stated("2023-05-13T05:00:00+04:00", "UTC")));
        assert!(!as_of.includes(&stated("2023-05", "UTC")), "a month counts from its end");
    }

    #[test]
    fn months_end_and_instants_are_inclusive() {
        let month = AsOf::parse("2023-05", &TimeZone::UTC).unwrap();
        assert!(month.includes(&stated("2023-05", "UTC")));
        let instant = AsOf::parse("2023-05-11T08:00:00+04:00", &TimeZone::UTC).unwrap();
        assert!(instant.includes(&stated("2023-05-11T08:00:00+04:00", "UTC")));
        assert!(!instant.includes(&stated("2023-05-11T08:00:01+04:00", "UTC")));
    }

    #[test]
    fn known_at_runs_to_the_end_of_what_was_written() {
        let known = |s: &str| KnownAt::parse(s, &TimeZone::UTC).unwrap();
        let at = |s: &str| Instant::from_rfc3339(s).unwrap();
        assert!(known("2023-05-12T23:59Z").includes(at("2023-05-12T23:59:30Z")));
        assert!(known("2023-05-12").includes(at("2023-05-12T23:59:59.999999Z")));
        assert!(!known("2023-05-12").includes(at("2023-05-13T00:00:00Z")));
        assert!(known("2023-05-12T10:00:00.5Z").includes(at("2023-05-12T10:00:00.5Z")));
        assert!(!known("2023-05-12T10:00:00.5Z").includes(at("2023-05-12T10:00:00.500001Z")));
    }

    #[test]
    fn vague_cutoffs_are_refused() {
        for vague in ["2023-05-12?", "199X", "2023-05-11/2023-05-12", "2023-22", "tomorrow", ""] {
            assert!(AsOf::parse(vague, &TimeZone::UTC).is_err(), "{vague}");
        }
    }
}
