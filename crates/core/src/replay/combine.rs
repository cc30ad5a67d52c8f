//! Several statements made at once by one source: do they agree, and on what?

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

use crate::number::Number;
use crate::text::Label;
use crate::time::{Edtf, Instant};
use crate::value::{Bounds, Value};

/// Why values were not compared: their units differ.
pub(crate) const DIFFERENT_UNITS: &str = "different units";
/// Why values were not compared: words beside a number.
pub(crate) const DIFFERENT_KINDS: &str = "different kinds of value";
/// Why texts do not go together: they are not the same, letter by letter. Whether they contradict one another nobody knows who has not read them.
pub(crate) const DIFFERENT_WORDS: &str = "different words";

/// What tied statements come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combined {
    /// The value, where there is a single one.
    pub value: Option<Value>,
    /// All values, where there is not, each with its unit.
    pub values: Vec<(Value, Option<Label>)>,
    /// The unit, where it is one.
    pub unit: Option<Label>,
    /// Whether they can all be true; `None` for `unattributed`, where nobody knows that it is one mouth.
    pub consistent: Option<bool>,
    /// Why not.
    pub why: Option<&'static str>,
}

/// Combines the values of tied statements, each with its unit.
#[must_use]
pub fn combine(stated: &[(&Value, Option<&Label>)]) -> Combined {
    let mut units: Vec<&Label> = stated.iter().filter_map(|(_, u)| *u).collect();
    units.sort_unstable();
    units.dedup();
    let (mut values, mut pairs): (Vec<&Value>, Vec<(&Value, Option<&Label>)>) = (Vec::new(), Vec::new());
    for pair in stated {
        if !values.contains(&pair.0) {
            values.push(pair.0);
        }
        if !pairs.contains(pair) {
            pairs.push(*pair);
        }
    }
    let unit = if let [one] = units.as_slice() { Some((*one).clone()) } else { None };
    let all = || pairs.iter().map(|(v, u)| ((*v).clone(), u.cloned())).collect();
    let met = if units.len() > 1 { Err(DIFFERENT_UNITS) } else { meet(&values) };
    match met {
        Ok(Some(value)) => Combined { value: Some(value), values: vec![], unit, consistent: Some(true), why: None },
        Ok(None) => Combined { value: None, values: all(), unit, consistent: Some(true), why: None },
        Err(why) => Combined { value: None, values: all(), unit, consistent: Some(false), why: Some(why) },
    }
}

/// The value that all allow: `Ok(None)` where they agree without giving a single one, `Err` where they cannot all be true.
fn meet(values: &[&Value]) -> Result<Option<Value>, &'static str> {
    if let [one] = values {
        return Ok(Some((*one).clone()));
    }
    let has = |v: &Value| values.contains(&v);
    if has(&Value::Unknown) && has(&Value::None) {
        return Err("`none` and `unknown`");
    }
    let given: Vec<&Value> = values.iter().copied().filter(|v| **v != Value::Unknown).collect();
    if let [one] = given.as_slice() {
        return Ok(Some((*one).clone()));
    }
    let (mut numbers, mut texts, mut dates, mut yes_no) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for value in &given {
        match value {
            Value::Quantity(_) | Value::Approx(_) | Value::None => numbers.push(*value),
            Value::Text(t) => texts.push(t),
            Value::Date(d) => dates.push(*d),
            Value::YesNo(_) => yes_no += 1,
            Value::Unknown => {}
        }
    }
    let kinds = [!numbers.is_empty(), !texts.is_empty(), !dates.is_empty(), yes_no > 0];
    if kinds.iter().filter(|k| **k).count() > 1 {
        return Err(DIFFERENT_KINDS);
    }
    if yes_no > 1 {
        return Err("yes and no");
    }
    if let [first, rest @ ..] = texts.as_slice() {
        let same = rest.iter().all(|t| t.as_str().nfc().eq(first.as_str().nfc()));
        return if same { Ok(Some(Value::Text((*first).clone()))) } else { Err(DIFFERENT_WORDS) };
    }
    if !dates.is_empty() {
        return meet_dates(&dates).map(|d| d.map(Value::Date));
    }
    meet_numbers(&numbers)
}

/// `none` counts as 0; `approx` neither conflicts nor narrows.
fn meet_numbers(numbers: &[&Value]) -> Result<Option<Value>, &'static str> {
    let mut met: Option<Bounds> = None;
    for number in numbers {
        let bounds = match number {
            Value::Quantity(bounds) => *bounds,
            Value::None => Bounds::exactly(Number::ZERO),
            _ => continue,
        };
        met = Some(match met {
            None => bounds,
            Some(met) => met.intersect(bounds).ok_or("the bounds do not meet")?,
        });
    }
    let any_quantity = numbers.iter().any(|n| matches!(n, Value::Quantity(_)));
    Ok(match met {
        Some(bounds) if any_quantity => Some(Value::Quantity(bounds)),
        Some(_) => Some(Value::None),
        None => None, // several estimates: no conflict, and no single value
    })
}

/// Dates with an hour compare by instant; otherwise calendar spans must overlap, and a span within all others stands.
fn meet_dates(dates: &[Edtf]) -> Result<Option<Edtf>, &'static str> {
    const APART: &str = "different dates";
    let instant = |d: &Edtf| match d {
        Edtf::Moment(m) => Instant::from_local(m.local(), m.offset().seconds()),
        _ => None,
    };
    let span = |d: &Edtf| {
        let (from, to) = d.day_span();
        (from.unwrap_or(NaiveDate::MIN), to.unwrap_or(NaiveDate::MAX))
    };
    let no_span = |d: &Edtf| d.day_span() == (None, None);
    for (i, a) in dates.iter().enumerate() {
        for b in dates.iter().skip(i + 1) {
            let apart = match (instant(a), instant(b)) {
                (Some(x), Some(y)) => x != y,
                _ if no_span(a) || no_span(b) => {
                    a.to_string().trim_end_matches(['?', '~', '%']) != b.to_string().trim_end_matches(['?', '~', '%'])
                }
                _ => span(a).1 < span(b).0 || span(b).1 < span(a).0,
            };
            if apart {
                return Err(APART);
            }
        }
    }
    let within = |a: &Edtf, b: &Edtf| span(b).0 <= span(a).0 && span(a).1 <= span(b).1;
    let moment = dates.iter().find(|d| instant(d).is_some());
    Ok(moment.or_else(|| dates.iter().find(|a| dates.iter().all(|b| within(a, b)))).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn bounds(min: Option<i64>, max: Option<i64>) -> Value {
        Value::Quantity(Bounds::new(min.map(Into::into), max.map(Into::into)).unwrap())
    }

    fn exactly(n: i64) -> Value {
        bounds(Some(n), Some(n))
    }

    fn text(s: &str) -> Value {
        Value::Text(Text::new(s).unwrap())
    }

    fn date(s: &str) -> Value {
        Value::Date(s.parse().unwrap())
    }

    /// What two values come to: the value, `both` or `conflict`. Order must not matter.
    fn two(a: &Value, b: &Value) -> String {
        let show = |c: Combined| match (c.consistent, c.value) {
            (Some(true), Some(v)) => v.to_string(),
            (Some(true), None) => "both".into(),
            _ => "conflict".into(),
        };
        let result = show(combine(&[(a, None), (b, None)]));
        assert_eq!(result, show(combine(&[(b, None), (a, None)])), "{a} and {b}");
        result
    }

    #[test]
    fn rulings_on_tied_values() {
        let approx = |n: i64| Value::Approx(n.into());
        let cases = [
            (exactly(2), bounds(Some(2), None), "2"),
            (exactly(2), exactly(4), "conflict"),
            (bounds(Some(1), None), bounds(None, Some(9)), "1..9"),
            (Value::Unknown, exactly(7), "7"),
            (Value::Unknown, bounds(Some(3), None), ">=3"),
            (Value::None, exactly(0), "0"),
            (Value::None, exactly(1), "conflict"),
            (Value::None, bounds(Some(1), None), "conflict"),
            (Value::None, Value::Unknown, "conflict"),
            (approx(2000), exactly(1), "1"),
            (approx(2000), approx(3000), "both"),
            (approx(2000), Value::None, "none"),
            (text("e\u{301}"), text("\u{e9}"), "e\u{301}"),
            (text("yes"), text("Yes"), "conflict"),
            (text("2"), exactly(2), "conflict"),
            (Value::YesNo(true), Value::YesNo(false), "conflict"),
            (date("2023-07"), date("2023-07-21"), "2023-07-21"),
            (date("2023-06-21"), date("2023-07-21"), "conflict"),
            (date("2023-05-14"), date("2023-05-14T10:00:00+04:00"), "2023-05-14T10:00:00+04:00"),
            (date("2023-05-14T06:00:00Z"), date("2023-05-14T10:00:00+04:00"), "2023-05-14T06:00:00Z"),
            (date("2023-05-01/2023-05-10"), date("2023-05-05/2023-05-20"), "both"),
        ];
        for (a, b, expected) in &cases {
            // Equal instants and NFC-equal words keep the first form; check those in one order only.
            if expected.contains('\u{301}') || expected.ends_with("06:00:00Z") {
                assert_eq!(combine(&[(a, None), (b, None)]).value.unwrap().to_string(), *expected);
            } else {
                assert_eq!(two(a, b), *expected, "{a} and {b}");
            }
        }
    }

    #[test]
    fn units_that_differ_are_never_compared() {
        let (people, soldiers) = (Label::new("people").unwrap(), Label::new("soldiers").unwrap());
        let two = exactly(2);
        let apart = combine(&[(&two, Some(&people)), (&two, Some(&soldiers))]);
        assert_eq!((apart.consistent, apart.why), (Some(false), Some("different units")));
        let one_missing = combine(&[(&two, Some(&people)), (&two, None)]);
        assert_eq!((one_missing.consistent, one_missing.unit), (Some(true), Some(people)));
    }
}
