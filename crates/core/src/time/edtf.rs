//! Dates of the Extended Date/Time Format, level 1 (ISO 8601-2), as checked values.
//!
//! A value of these types is a real calendar date (no 30 February), in the one form that is written back. Parsing and
//! printing live in `edtf_text`. `?`, `~` and `%` qualify a whole date, as level 1 has it.

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

/// How sure the writer was of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Qualifier {
    /// No mark.
    #[default]
    Certain,
    /// `?`: the source of the date is doubted.
    Uncertain,
    /// `~`: an estimate.
    Approximate,
    /// `%`: both.
    Both,
}

/// A season of EDTF level 1, of no particular hemisphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Season {
    /// `21`
    Spring,
    /// `22`
    Summer,
    /// `23`
    Autumn,
    /// `24`
    Winter,
}

/// What is given of a date. Years run from -9999 to 9999 except in `LongYear`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DateForm {
    /// `20XX`: some year of a century; the number is the century's first two digits.
    Century(i8),
    /// `199X`: some year of a decade; the number is the first three digits.
    Decade(i16),
    /// `2023`
    Year(i16),
    /// `Y17000`: a year of more than four digits.
    LongYear(i64),
    /// `2023-22`
    Season(i16, Season),
    /// `2023-05`
    Month(i16, u8),
    /// `2023-XX`: some month of a year.
    SomeMonth(i16),
    /// `2023-XX-XX`: some day of a year.
    SomeDayOfYear(i16),
    /// `2023-05-XX`: some day of a month.
    SomeDayOfMonth(i16, u8),
    /// `2023-05-12`
    Day(i16, u8, u8),
}

/// A date without an hour, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(DateForm, Qualifier)", into = "(DateForm, Qualifier)")]
pub struct Date {
    form: DateForm,
    qualifier: Qualifier,
}

/// The offset of a clock time from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Offset {
    /// `Z`
    Utc,
    /// `+04:00`, in minutes east of UTC, within a day.
    Minutes(i16),
}

impl Offset {
    /// Seconds east of UTC.
    #[must_use]
    pub fn seconds(self) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Minutes(m) => i32::from(m) * 60,
        }
    }
}

/// A date with an hour, to the second, and the offset of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "((i16, u8, u8), u32, Offset)", into = "((i16, u8, u8), u32, Offset)")]
pub struct Moment {
    local: NaiveDateTime,
    offset: Offset,
}

/// One side of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Endpoint {
    /// A date.
    Date(Date),
    /// `..`: the interval goes on without an end.
    Open,
    /// Nothing written: there is an end, nobody gave it.
    Unknown,
}

/// A date, a moment or an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawEdtf", into = "RawEdtf")]
pub enum Edtf {
    /// A date without an hour.
    Date(Date),
    /// A date with an hour.
    Moment(Moment),
    /// From one date to another, both included.
    Interval(Endpoint, Endpoint),
}

/// The stored shape of [`Edtf`], before its checks.
#[derive(Serialize, Deserialize)]
enum RawEdtf {
    Date(Date),
    Moment(Moment),
    Interval(Endpoint, Endpoint),
}

/// Why parts do not make a date. The messages stand after "the date `...`".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImpossibleDate {
    /// No such day, month or hour.
    #[error("is not in the calendar")]
    NotInCalendar,
    /// The end lies before the start.
    #[error("ends before it begins")]
    Backwards,
    /// Neither end is a date.
    #[error("has no date at either end")]
    Endless,
}

impl Date {
    /// Checks the parts against the calendar.
    ///
    /// # Errors
    /// [`ImpossibleDate::NotInCalendar`].
    pub fn new(form: DateForm, qualifier: Qualifier) -> Result<Self, ImpossibleDate> {
        let four_digits = |y: i16| (-9_999..=9_999).contains(&y);
        let in_calendar = match form {
            DateForm::Century(c) => (-99..=99).contains(&c),
            DateForm::Decade(d) => (-999..=999).contains(&d),
            DateForm::LongYear(y) => y.unsigned_abs() > 9_999 && y.unsigned_abs() <= 999_999_999_999,
            DateForm::Year(y) | DateForm::SomeMonth(y) | DateForm::SomeDayOfYear(y) | DateForm::Season(y, _) => {
                four_digits(y)
            }
            DateForm::Month(y, m) | DateForm::SomeDayOfMonth(y, m) => four_digits(y) && (1..=12).contains(&m),
            DateForm::Day(y, m, d) => four_digits(y) && day(y, m, d).is_some(),
        };
        if in_calendar { Ok(Self { form, qualifier }) } else { Err(ImpossibleDate::NotInCalendar) }
    }

    /// A day of the calendar, without a mark; `None` beyond the years that are written with four digits.
    pub(crate) fn of_day(day: NaiveDate) -> Option<Self> {
        let year = i16::try_from(day.year()).ok().filter(|y| (-9_999..=9_999).contains(y))?;
        let form = DateForm::Day(year, u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?);
        Some(Self { form, qualifier: Qualifier::Certain })
    }

    /// What is given of the date.
    #[must_use]
    pub fn form(self) -> DateForm {
        self.form
    }

    /// How sure it is.
    #[must_use]
    pub fn qualifier(self) -> Qualifier {
        self.qualifier
    }

    /// The first and last calendar day it can mean; `None` for years of more than four digits and for seasons,
    /// whose days nobody agrees on.
    #[must_use]
    pub fn span(self) -> Option<(NaiveDate, NaiveDate)> {
        let years = |first: i16, last: i16| Some((day(first, 1, 1)?, day(last, 12, 31)?));
        match self.form {
            DateForm::LongYear(_) | DateForm::Season(..) => None,
            // Before year 0 the digits count away from it: `-12XX` runs from -1299 to -1200.
            DateForm::Century(c) if c < 0 => years(i16::from(c) * 100 - 99, i16::from(c) * 100),
            DateForm::Century(c) => years(i16::from(c) * 100, i16::from(c) * 100 + 99),
            DateForm::Decade(d) if d < 0 => years(d * 10 - 9, d * 10),
            DateForm::Decade(d) => years(d * 10, d * 10 + 9),
            DateForm::Year(y) | DateForm::SomeMonth(y) | DateForm::SomeDayOfYear(y) => years(y, y),
            DateForm::Month(y, m) | DateForm::SomeDayOfMonth(y, m) => {
                let first = day(y, m, 1)?;
                let next = if m == 12 { NaiveDate::from_ymd_opt(i32::from(y) + 1, 1, 1)? } else { day(y, m + 1, 1)? };
                Some((first, next.pred_opt()?))
            }
            DateForm::Day(y, m, d) => day(y, m, d).map(|d| (d, d)),
        }
    }
}

fn day(y: i16, m: u8, d: u8) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::from(y), u32::from(m), u32::from(d))
}

impl TryFrom<(DateForm, Qualifier)> for Date {
    type Error = ImpossibleDate;
    fn try_from((form, qualifier): (DateForm, Qualifier)) -> Result<Self, ImpossibleDate> {
        Self::new(form, qualifier)
    }
}

impl From<Date> for (DateForm, Qualifier) {
    fn from(d: Date) -> Self {
        (d.form, d.qualifier)
    }
}

impl Moment {
    /// A local date and time to the second, with the offset its clock had.
    ///
    /// # Errors
    /// [`ImpossibleDate::NotInCalendar`] outside the years -9999 to 9999, for fractions of a second, and for
    /// offsets of a day or more.
    pub fn new(local: NaiveDateTime, offset: Offset) -> Result<Self, ImpossibleDate> {
        let whole_seconds = local.and_utc().timestamp_subsec_nanos() == 0;
        let offset_in_day = offset.seconds().abs() < 24 * 60 * 60;
        if whole_seconds && offset_in_day && (-9_999..=9_999).contains(&local.year()) {
            Ok(Self { local, offset })
        } else {
            Err(ImpossibleDate::NotInCalendar)
        }
    }

    /// What the clock on the spot showed.
    #[must_use]
    pub fn local(self) -> NaiveDateTime {
        self.local
    }

    /// That clock's offset from UTC.
    #[must_use]
    pub fn offset(self) -> Offset {
        self.offset
    }
}

impl TryFrom<((i16, u8, u8), u32, Offset)> for Moment {
    type Error = ImpossibleDate;
    fn try_from(((y, m, d), second_of_day, offset): ((i16, u8, u8), u32, Offset)) -> Result<Self, ImpossibleDate> {
        let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(second_of_day, 0);
        let local = day(y, m, d).zip(time).map(|(date, time)| date.and_time(time));
        Self::new(local.ok_or(ImpossibleDate::NotInCalendar)?, offset)
    }
}

impl From<Moment> for ((i16, u8, u8), u32, Offset) {
    fn from(m: Moment) -> Self {
        // `new` has checked the year; months and days always fit.
        let ymd = (
            i16::try_from(m.local.year()).unwrap_or(i16::MAX),
            u8::try_from(m.local.month()).unwrap_or(0),
            u8::try_from(m.local.day()).unwrap_or(0),
        );
        (ymd, chrono::Timelike::num_seconds_from_midnight(&m.local.time()), m.offset)
    }
}

impl Edtf {
    /// An interval whose end does not lie before its start.
    ///
    /// # Errors
    /// [`ImpossibleDate::Backwards`] or [`ImpossibleDate::Endless`].
    pub fn interval(start: Endpoint, end: Endpoint) -> Result<Self, ImpossibleDate> {
        match (start, end) {
            (Endpoint::Date(a), Endpoint::Date(b)) => {
                let order = (a.span(), b.span());
                if let (Some((first, _)), Some((_, last))) = order
                    && last < first
                {
                    return Err(ImpossibleDate::Backwards);
                }
            }
            (Endpoint::Date(_), _) | (_, Endpoint::Date(_)) => {}
            _ => return Err(ImpossibleDate::Endless),
        }
        Ok(Self::Interval(start, end))
    }

    /// Whether any part of it carries `?`, `~` or `%`.
    #[must_use]
    pub fn is_qualified(&self) -> bool {
        let qualified = |e: &Endpoint| matches!(e, Endpoint::Date(d) if d.qualifier != Qualifier::Certain);
        match self {
            Self::Date(d) => d.qualifier != Qualifier::Certain,
            Self::Moment(_) => false,
            Self::Interval(a, b) => qualified(a) || qualified(b),
        }
    }

    /// The first and last calendar day it can mean, on the local calendar. `None` on a side that is open, unknown,
    /// a season or beyond four-digit years.
    #[must_use]
    pub fn day_span(&self) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let side = |e: &Endpoint| if let Endpoint::Date(d) = e { d.span() } else { None };
        match self {
            Self::Date(d) => d.span().unzip(),
            Self::Moment(m) => (Some(m.local.date()), Some(m.local.date())),
            Self::Interval(a, b) => (side(a).map(|s| s.0), side(b).map(|s| s.1)),
        }
    }
}

impl TryFrom<RawEdtf> for Edtf {
    type Error = ImpossibleDate;
    fn try_from(raw: RawEdtf) -> Result<Self, ImpossibleDate> {
        match raw {
            RawEdtf::Date(d) => Ok(Self::Date(d)),
            RawEdtf::Moment(m) => Ok(Self::Moment(m)),
            RawEdtf::Interval(a, b) => Self::interval(a, b),
        }
    }
}

impl From<Edtf> for RawEdtf {
    fn from(e: Edtf) -> Self {
        match e {
            Edtf::Date(d) => Self::Date(d),
            Edtf::Moment(m) => Self::Moment(m),
            Edtf::Interval(a, b) => Self::Interval(a, b),
        }
    }
}
