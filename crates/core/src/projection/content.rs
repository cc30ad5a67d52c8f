//! What is posted of a claim, apart from the names it stands under: packed by hand, because views unpack it by the hundred thousand.
//!
//! ```text
//! own:    u8 form of the value + 16 if the date is no plain day | that date | value
//! shared: u8 act + 8 zone + 16 unit + 32 modality | zone: name, seconds east | unit | modality
//! ```
//!
//! A plain day is in the posting already. Most claims share their act, zone, unit and modality with many others: a chunk has each of those
//! once.

use bincode::Options;
use chrono::NaiveDate;
use compact_str::CompactString;

use super::posting::Posting;
use super::varint::{Varints, put_signed, put_slice};
use crate::event::Act;
use crate::number::Number;
use crate::text::{Label, Text};
use crate::time::{Date, Edtf, Instant, Stated};
use crate::value::{Bounds, Value};

/// When it was stated, then value, unit, act and modality.
pub(crate) type Held = (Stated, Value, Option<Label>, Act, Option<Text>);

const ACTS: [Act; 6] = [Act::Asserts, Act::Denies, Act::Accuses, Act::Forecasts, Act::Schedules, Act::Analyses];
const HAS_ZONE: u8 = 8;
const HAS_UNIT: u8 = 16;
const HAS_MODALITY: u8 = 32;

/// The date is in front of the value.
const HAS_DATE: u8 = 16;
const TEXT: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;
const EXACTLY: u8 = 3;
const AT_LEAST: u8 = 4;
const AT_MOST: u8 = 5;
const BETWEEN: u8 = 6;
const APPROX: u8 = 7;
const DATE: u8 = 8;
const UNKNOWN: u8 = 9;
const NONE: u8 = 10;

/// Packs a claim into its own part and the part that it shares with others. `day`: the one in its posting.
pub(super) fn pack(held: &Held, day: Option<i32>, own: &mut Vec<u8>, shared: &mut Vec<u8>) {
    let (stated, value, unit, act, modality) = held;
    own.clear();
    own.push(0); // the form, once it is known
    let has_date = day.and_then(plain_day).map(Edtf::Date) != Some(*stated.date());
    if has_date {
        put_date(own, stated.date());
    }
    let form = put_value(own, value);
    if let Some(first) = own.first_mut() {
        *first = form + if has_date { HAS_DATE } else { 0 };
    }
    shared.clear();
    let flag = |is: bool, bit: u8| if is { bit } else { 0 };
    let zone = stated.zone();
    let act = ACTS.iter().position(|a| a == act).and_then(|at| u8::try_from(at).ok()).unwrap_or_default();
    shared.push(
        act + flag(zone.is_some(), HAS_ZONE) + flag(unit.is_some(), HAS_UNIT) + flag(modality.is_some(), HAS_MODALITY),
    );
    if let Some((name, offset_s)) = zone {
        put_slice(shared, name.as_bytes());
        put_signed(shared, offset_s.into());
    }
    if let Some(unit) = unit {
        put_slice(shared, unit.as_str().as_bytes());
    }
    if let Some(modality) = modality {
        put_slice(shared, modality.as_str().as_bytes());
    }
}

/// The part of a claim that many share, unpacked.
#[derive(Debug)]
pub(super) struct Shared {
    act: Act,
    /// The zone's name, and seconds east of UTC.
    zone: Option<(CompactString, i32)>,
    unit: Option<Label>,
    modality: Option<Text>,
}

impl Shared {
    /// `None` if these are other bytes.
    pub(super) fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut rest = Varints(bytes);
        let flags = rest.byte()?;
        let has = |bit: u8| flags & bit != 0;
        let act = *ACTS.get(usize::from(flags & 7))?;
        let zone = if has(HAS_ZONE) { Some((string(&mut rest)?, i32::try_from(rest.signed()?).ok()?)) } else { None };
        let unit = if has(HAS_UNIT) { Some(Label::try_from(string(&mut rest)?).ok()?) } else { None };
        let modality = if has(HAS_MODALITY) { Some(Text::try_from(string(&mut rest)?).ok()?) } else { None };
        let is_whole = rest.is_empty() && flags & 0b1100_0000 == 0;
        is_whole.then_some(Self { act, zone, unit, modality })
    }
}

/// The claim in a posting with this own part; `None` if these are other bytes.
pub(super) fn unpack<C>(own: &[u8], posting: &Posting<C>, shared: &Shared) -> Option<Held> {
    let mut own = Varints(own);
    let form = own.byte()?;
    let stated = if form & HAS_DATE == 0 {
        Stated::indexed(plain_day(posting.day?)?, shared.zone.clone()?, Instant::from_stored(posting.last))
    } else {
        Stated::stored(date(&mut own)?, shared.zone.clone()).ok()?
    };
    let value = value(form & !HAS_DATE, &mut own)?;
    own.is_empty().then(|| (stated, value, shared.unit.clone(), shared.act, shared.modality.clone()))
}

/// A day without a mark.
fn plain_day(day: i32) -> Option<Date> {
    Date::of_day(NaiveDate::from_num_days_from_ce_opt(day)?)
}

fn put_value(out: &mut Vec<u8>, value: &Value) -> u8 {
    match value {
        Value::Text(text) => {
            out.extend_from_slice(text.as_str().as_bytes());
            TEXT
        }
        Value::YesNo(yes) => {
            if *yes {
                YES
            } else {
                NO
            }
        }
        Value::Quantity(bounds) => {
            let ends = (bounds.min(), bounds.max());
            match ends {
                (Some(a), Some(b)) if a == b => {
                    put_number(out, a);
                    EXACTLY
                }
                _ => {
                    [ends.0, ends.1].into_iter().flatten().for_each(|n| put_number(out, n));
                    match ends {
                        (Some(_), Some(_)) => BETWEEN,
                        (Some(_), None) => AT_LEAST,
                        _ => AT_MOST,
                    }
                }
            }
        }
        Value::Approx(n) => {
            put_number(out, *n);
            APPROX
        }
        Value::Date(date) => {
            put_date(out, date);
            DATE
        }
        Value::Unknown => UNKNOWN,
        Value::None => NONE,
    }
}

fn value(form: u8, from: &mut Varints<'_>) -> Option<Value> {
    Some(match form {
        TEXT => {
            let all = from.take(from.0.len())?;
            Value::Text(Text::try_from(CompactString::from_utf8(all).ok()?).ok()?)
        }
        NO => Value::YesNo(false),
        YES => Value::YesNo(true),
        EXACTLY => Value::Quantity(Bounds::exactly(number(from)?)),
        AT_LEAST => Value::Quantity(Bounds::new(Some(number(from)?), None).ok()?),
        AT_MOST => Value::Quantity(Bounds::new(None, Some(number(from)?)).ok()?),
        BETWEEN => Value::Quantity(Bounds::new(Some(number(from)?), Some(number(from)?)).ok()?),
        APPROX => Value::Approx(number(from)?),
        DATE => Value::Date(date(from)?),
        UNKNOWN => Value::Unknown,
        NONE => Value::None,
        _ => return None,
    })
}

/// A whole number of usual size as itself, doubled; any other as mantissa and scale, behind a 1.
fn put_number(out: &mut Vec<u8>, n: Number) {
    let (mantissa, scale) = <(i128, u8)>::from(n);
    match i32::try_from(mantissa) {
        Ok(small) if scale == 0 => put_signed(out, i64::from(small) * 2),
        _ => {
            put_signed(out, 1);
            out.push(scale);
            out.extend_from_slice(&mantissa.to_le_bytes());
        }
    }
}

fn number(from: &mut Varints<'_>) -> Option<Number> {
    let n = from.signed()?;
    if n != 1 {
        return (n % 2 == 0).then(|| Number::from(n / 2));
    }
    let scale = from.byte()?;
    let mantissa = i128::from_le_bytes(from.take(16)?.try_into().ok()?);
    Number::try_from((mantissa, scale)).ok()
}

fn options() -> impl Options {
    bincode::DefaultOptions::new() // small numbers, of which there are many, in one byte
}

/// Any date, with its length: few are anything but plain days.
fn put_date(out: &mut Vec<u8>, date: &Edtf) {
    put_slice(out, &options().serialize(date).unwrap_or_default()); // to memory, without a limit: cannot fail
}

fn date(from: &mut Varints<'_>) -> Option<Edtf> {
    options().deserialize(from.slice()?).ok()
}

fn string(from: &mut Varints<'_>) -> Option<CompactString> {
    CompactString::from_utf8(from.slice()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::posting::Kind;
    use crate::time::TimeZone;
    use chrono::Datelike;

    fn unpacked(own: &[u8], stated: &Stated, shared: &[u8]) -> Option<Held> {
        let (last, day) = (stated.last_instant().micros(), stated.last_day().map(|d| d.num_days_from_ce()));
        let posting = Posting { kind: Kind::Claim, index: 0, last, day, content: () };
        unpack(own, &posting, &Shared::unpack(shared)?)
    }

    fn all() -> Vec<Held> {
        let number = |n: &str| n.parse::<Number>().unwrap();
        let some = |n: &str| Some(number(n));
        let bounds = |a: Option<Number>, b: Option<Number>| Value::Quantity(Bounds::new(a, b).unwrap());
        let values = [
            Value::Text(Text::new("նախնական տվյալ").unwrap()),
            Value::YesNo(true),
            Value::YesNo(false),
            bounds(some("2"), some("2")),
            bounds(some("-2147483648"), some("2147483648")),
            bounds(some("0.5"), None),
            bounds(None, some("79228162514264337593543950335")),
            Value::Approx(number("2000")),
            Value::Date("2023-05~".parse().unwrap()),
            Value::Unknown,
            Value::None,
        ];
        let dates = [
            "2023-05-12",
            "2023-05-12?",
            "2023-05",
            "2023-05-12T08:00:00+04:00",
            "../2023-05-12",
            "-0044-03-15",
            "199X",
        ];
        let label = |s: &str| Some(Label::new(s).unwrap());
        let mut all = Vec::new();
        for (n, value) in values.iter().enumerate() {
            for (m, date) in dates.iter().enumerate() {
                let zone: TimeZone = ["UTC", "Asia/Yerevan"][m % 2].parse().unwrap();
                let unit = if n % 2 == 0 { label("people") } else { None };
                let modality = if m % 3 == 0 { Some(Text::new(" very small chance").unwrap()) } else { None };
                let stated = Stated::new(date.parse().unwrap(), &zone).unwrap();
                all.push((stated, value.clone(), unit, ACTS[(n + m) % 6], modality));
            }
        }
        all
    }

    #[test]
    fn claims_come_back_and_nothing_else_is_taken_for_one() {
        let (mut own, mut shared) = (vec![9; 3], vec![9; 3]);
        for held in all() {
            let day = held.0.last_day().map(|d| d.num_days_from_ce());
            pack(&held, day, &mut own, &mut shared);
            assert_eq!(unpacked(&own, &held.0, &shared).as_ref(), Some(&held));
            for cut in 0..shared.len() {
                assert_eq!(unpacked(&own, &held.0, &shared[..cut]), None);
            }
            let is_text = matches!(held.1, Value::Text(_));
            for cut in 0..own.len() {
                assert!(unpacked(&own[..cut], &held.0, &shared).is_none() || is_text, "{held:?}");
            }
            let (longer_own, longer_shared) = ([&*own, &[0]].concat(), [&*shared, &[0]].concat());
            assert_eq!(unpacked(&own, &held.0, &longer_shared), None);
            assert!(unpacked(&longer_own, &held.0, &shared).is_none() || is_text);
        }
    }
}
