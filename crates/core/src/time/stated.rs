//! The stated clock: when a source said it. Every stated date has a last instant, and that instant orders statements.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use super::edtf::{Date, Edtf, Endpoint, Offset};
use super::instant::Instant;

/// An IANA time zone, such as `Asia/Yerevan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(Tz);

/// The text names no IANA time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time zone; write an IANA name such as UTC, Asia/Yerevan or Europe/Brussels")]
pub struct UnknownTimeZone(String);

impl TimeZone {
    /// Coordinated Universal Time, the default.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone's IANA name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The offset the zone's clocks had at a local time; `None` where that time was shown twice or never, or where the
    /// offset is not a whole number of minutes (before standard time).
    #[must_use]
    pub fn offset_at(&self, local: NaiveDateTime) -> Option<Offset> {
        let seconds = self.offset_seconds(local, false)?;
        if self.0 == Tz::UTC {
            return Some(Offset::Utc);
        }
        (seconds % 60 == 0).then(|| i16::try_from(seconds / 60).ok().map(Offset::Minutes))?
    }

    /// The instant at which a local day ends in this zone, to the microsecond, and the offset in force there.
    #[must_use]
    pub fn end_of_day(&self, day: NaiveDate) -> Option<(Instant, i32)> {
        let end = last_microsecond(day)?;
        let offset = self.offset_seconds(end, true)?;
        Some((Instant::from_local(end, offset)?, offset))
    }

    /// Seconds east of UTC at a local time. `settle`: of two, the later instant; in a gap, the offset before it.
    fn offset_seconds(&self, local: NaiveDateTime, settle: bool) -> Option<i32> {
        use chrono::Offset as _;
        let seconds = |at: chrono::DateTime<Tz>| at.offset().fix().local_minus_utc();
        match self.0.from_local_datetime(&local) {
            chrono::LocalResult::Single(at) => Some(seconds(at)),
            chrono::LocalResult::Ambiguous(_, late) if settle => Some(seconds(late)),
            chrono::LocalResult::None if settle => {
                let before = local.checked_sub_signed(TimeDelta::days(1))?;
                self.0.from_local_datetime(&before).latest().map(seconds)
            }
            _ => None,
        }
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;
    fn from_str(s: &str) -> Result<Self, UnknownTimeZone> {
        s.parse().map(Self).map_err(|_| UnknownTimeZone(s.chars().take(60).collect()))
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The last microsecond of a calendar day.
pub(super) fn last_microsecond(day: NaiveDate) -> Option<NaiveDateTime> {
    day.and_hms_micro_opt(23, 59, 59, 999_999)
}

/// When a source said something: a date that ends, and the zone its last day was counted in.
///
/// The zone of a date without an hour is fixed here, when the entry is made, with the offset it had at the end of that
/// day: later changes to time zone rules cannot move a recorded statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawStated")]
pub struct Stated {
    date: Edtf,
    zone: Option<Zone>,
    #[serde(skip)]
    last: Instant,
}

/// The stored shape of [`Stated`]: the last instant is derived, so it cannot disagree.
#[derive(Deserialize)]
struct RawStated {
    date: Edtf,
    zone: Option<Zone>,
}

/// The zone of a date without an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Zone {
    name: CompactString,
    /// Seconds east of UTC at the end of the date's last day.
    offset_s: i32,
}

/// Why a date cannot say when something was stated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatedError {
    /// The interval is open or unknown at its end.
    #[error("`{0}` never ends; a statement was made by some day: write its end, as in ../2023-05-12")]
    NeverEnds(Edtf),
    /// A season, whose last day nobody agrees on, or a year of more than four digits.
    #[error("`{0}` has no agreed last day; write a month or a day")]
    NoLastDay(Edtf),
    /// Stored parts that contradict one another.
    #[error("the stored date `{0}` and its time zone do not fit together")]
    ZoneMismatch(Edtf),
}

impl Stated {
    /// A stated date. Without an hour it is counted in `zone`.
    ///
    /// # Errors
    /// [`StatedError`] for a date without a last instant.
    pub fn new(date: Edtf, zone: &TimeZone) -> Result<Self, StatedError> {
        if matches!(date, Edtf::Moment(_)) {
            return Self::from_parts(date, None);
        }
        let day = last_day(&date)?;
        let (_, offset_s) = zone.end_of_day(day).ok_or(StatedError::NoLastDay(date))?;
        Self::from_parts(date, Some(Zone { name: zone.name().into(), offset_s }))
    }

    fn from_parts(date: Edtf, zone: Option<Zone>) -> Result<Self, StatedError> {
        let last = last_instant(date, zone.as_ref().map(|z| (z.name.as_str(), z.offset_s)))?;
        Ok(Self { date, zone, last })
    }

    /// A stated date from its stored parts: the zone's name, and seconds east of UTC.
    ///
    /// # Errors
    /// [`StatedError::ZoneMismatch`] if they do not fit together, or there is no last instant.
    pub(crate) fn stored(date: Edtf, zone: Option<(CompactString, i32)>) -> Result<Self, StatedError> {
        Self::from_parts(date, zone.map(|(name, offset_s)| Zone { name, offset_s }))
    }

    /// The same of a plain day, with the last instant that was once made of it.
    pub(crate) fn indexed(day: Date, zone: (CompactString, i32), last: Instant) -> Self {
        let (name, offset_s) = zone;
        Self { date: Edtf::Date(day), zone: Some(Zone { name, offset_s }), last }
    }

    /// The zone of a date without an hour: its name, and seconds east of UTC.
    pub(crate) fn zone(&self) -> Option<(&str, i32)> {
        self.zone.as_ref().map(|zone| (zone.name.as_str(), zone.offset_s))
    }

    /// Whether a date and a zone (name, seconds east of UTC) fit together.
    pub(crate) fn is_valid(date: Edtf, zone: Option<(&str, i32)>) -> bool {
        last_instant(date, zone).is_ok()
    }

    /// The date as it was given.
    #[must_use]
    pub fn date(&self) -> &Edtf {
        &self.date
    }

    /// The instant from which the statement counts as made. It orders statements; equal instants tie.
    #[must_use]
    pub fn last_instant(&self) -> Instant {
        self.last
    }

    /// The last calendar day, for dates without an hour.
    #[must_use]
    pub fn last_day(&self) -> Option<NaiveDate> {
        self.zone.as_ref().and_then(|_| self.date.day_span().1)
    }

    /// The instant at which a single date without an hour (a day, a month, a year) begins; `None` for moments and intervals.
    #[must_use]
    pub fn first_instant(&self) -> Option<Instant> {
        let zone = self.zone.as_ref()?;
        let Edtf::Date(date) = self.date else { return None };
        Instant::from_local(date.span()?.0.and_hms_opt(0, 0, 0)?, zone.offset_s)
    }

    /// The IANA name of the zone that a date without an hour was counted in.
    #[must_use]
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.as_ref().map(|z| z.name.as_str())
    }

    /// Whether the date carries `?`, `~` or `%`.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.date.is_qualified()
    }
}

impl TryFrom<RawStated> for Stated {
    type Error = StatedError;
    fn try_from(raw: RawStated) -> Result<Self, StatedError> {
        Self::from_parts(raw.date, raw.zone)
    }
}

fn last_instant(date: Edtf, zone: Option<(&str, i32)>) -> Result<Instant, StatedError> {
    let last = match (&date, zone) {
        (Edtf::Moment(m), None) => Instant::from_local(m.local(), m.offset().seconds()),
        (Edtf::Date(_) | Edtf::Interval(..), Some((name, offset_s))) => {
            let plausible = offset_s.unsigned_abs() < 24 * 60 * 60 && !name.is_empty() && name.is_ascii();
            let end = last_microsecond(last_day(&date)?);
            end.filter(|_| plausible).and_then(|end| Instant::from_local(end, offset_s))
        }
        _ => None,
    };
    last.ok_or(StatedError::ZoneMismatch(date))
}

fn last_day(date: &Edtf) -> Result<NaiveDate, StatedError> {
    match (date, date.day_span().1) {
        (_, Some(day)) => Ok(day),
        (Edtf::Interval(_, Endpoint::Open | Endpoint::Unknown), None) => Err(StatedError::NeverEnds(*date)),
        (_, None) => Err(StatedError::NoLastDay(*date)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(text: &str, zone: &str) -> Result<Stated, StatedError> {
        Stated::new(text.parse().unwrap(), &zone.parse().unwrap())
    }

    #[test]
    fn the_last_instant_orders() {
        let last = |text, zone| stated(text, zone).unwrap().last_instant().to_string();
        assert_eq!(last("2023-05-12", "UTC"), "2023-05-12T23:59:59.999999Z");
        assert_eq!(last("2023-05-12", "Asia/Yerevan"), "2023-05-12T19:59:59.999999Z");
        assert_eq!(last("2023-05", "UTC"), last("2023-05-31?", "UTC"));
        assert_eq!(last("2023-05-01~/2023-05-10~", "UTC"), last("../2023-05-10", "UTC"));
        assert_eq!(last("2023-05-12T08:00:00+04:00", "UTC"), "2023-05-12T04:00:00Z");
        assert_eq!(last("199X", "UTC"), "1999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn dates_without_an_end_are_refused() {
        assert!(matches!(stated("2023-09-19/..", "UTC"), Err(StatedError::NeverEnds(_))));
        assert!(matches!(stated("2023-09-19/", "UTC"), Err(StatedError::NeverEnds(_))));
        assert!(matches!(stated("2023-22", "UTC"), Err(StatedError::NoLastDay(_))));
        assert!(matches!(stated("Y170000", "UTC"), Err(StatedError::NoLastDay(_))));
    }

    #[test]
    fn days_end_even_where_midnight_is_skipped() {
        // Samoa had no 2011-12-30 at all.
        assert!(stated("2011-12-30", "Pacific/Apia").is_ok());
        assert!(stated("2018-11-03", "America/Sao_Paulo").is_ok());
    }
}
