//! How the answers of two sources to one question go together. The values are compared by the rules for tied statements
//! (`replay/combine.rs`); this only says which of them applied.

use crate::number::Number;
use crate::replay::{Combined, DIFFERENT_KINDS, DIFFERENT_UNITS, DIFFERENT_WORDS, combine};
use crate::text::Label;
use crate::time::Edtf;
use crate::value::Value;

/// How two answers go together, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// They say the same.
    Agreement,
    /// They differ, and both can be true.
    Compatible,
    /// Different units, or words beside a number: nobody can tell without knowing what was meant.
    NotCompared,
    /// One of the two contradicts itself, and what it says does not all clash with the other.
    Inconsistent,
    /// One denies what the other says.
    Denied,
    /// They cannot both be true.
    Conflict,
}

impl Relation {
    /// The word used in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Compatible => "compatible",
            Self::NotCompared => "not-compared",
            Self::Inconsistent => "inconsistent",
            Self::Denied => "denied",
            Self::Conflict => "conflict",
        }
    }
}

/// What stands before the reason where a source has several answers, and all of them clash.
const WHICHEVER: &str = "whichever is meant: ";

/// Whether a reason is that two texts are not the same. That is weaker than figures, dates or yes and no that cannot all be true: two quotes
/// can differ in every word and contradict one another in nothing.
pub(super) fn is_of_words(why: &str) -> bool {
    why.strip_prefix(WHICHEVER).unwrap_or(why) == DIFFERENT_WORDS
}

/// A value with its unit.
type Given<'a> = (&'a Value, Option<&'a Label>);

/// How two answers go together, and why, in a few words. The order of the two does not matter.
#[must_use]
pub fn relate(a: &Combined, b: &Combined) -> (Relation, String) {
    let (left, right) = (given(a), given(b));
    if a.consistent == Some(false) || b.consistent == Some(false) {
        let clash = |x: &Given<'_>, y: &Given<'_>| clash(&combine(&[*x, *y]));
        let mut pairs = left.iter().flat_map(|x| right.iter().map(move |y| (x, y)));
        let first = left.first().zip(right.first()).and_then(|(x, y)| clash(x, y));
        return match first.filter(|_| pairs.all(|(x, y)| clash(x, y).is_some())) {
            Some(why) => (Relation::Conflict, format!("{WHICHEVER}{why}")),
            None => (Relation::Inconsistent, "one of them contradicts itself".into()),
        };
    }
    let both = combine(&[left.as_slice(), right.as_slice()].concat());
    match both.why {
        Some(why) if clash(&both).is_none() => (Relation::NotCompared, why.into()),
        Some(why) => (Relation::Conflict, why.into()),
        None => match (left.as_slice(), right.as_slice()) {
            ([x], [y]) if same(x.0, y.0) => (Relation::Agreement, agreeing(*x, *y)),
            _ => (Relation::Compatible, fitting(&left, &right, &both)),
        },
    }
}

fn given(combined: &Combined) -> Vec<Given<'_>> {
    match &combined.value {
        Some(value) => vec![(value, combined.unit.as_ref())],
        None => combined.values.iter().map(|(v, u)| (v, u.as_ref())).collect(),
    }
}

/// Why values cannot all be true; `None` where they can, and where they cannot be compared.
fn clash(combined: &Combined) -> Option<&'static str> {
    combined.why.filter(|why| ![DIFFERENT_UNITS, DIFFERENT_KINDS].contains(why))
}

/// Whether two values that can both be true are one and the same.
fn same(a: &Value, b: &Value) -> bool {
    let spans = |d: &Edtf| Some(d.day_span()).filter(|span| *span != (None, None));
    match (a, b) {
        // Two of these that can both be true are the same.
        (Value::Text(_), Value::Text(_)) | (Value::YesNo(_), Value::YesNo(_)) => true,
        (Value::Date(Edtf::Moment(_)), Value::Date(Edtf::Moment(_))) => true,
        (Value::Date(Edtf::Moment(_)), _) | (_, Value::Date(Edtf::Moment(_))) => false,
        (Value::Date(x), Value::Date(y)) => x == y || spans(x).is_some_and(|span| spans(y) == Some(span)),
        (Value::None, Value::Quantity(q)) | (Value::Quantity(q), Value::None) => q.exact() == Some(Number::ZERO),
        (a, b) => a == b,
    }
}

fn agreeing(a: Given<'_>, b: Given<'_>) -> String {
    let said = match a.0 {
        Value::Unknown => "both say that it is not known",
        _ => "both say the same",
    };
    let unit = if a.1.is_some() == b.1.is_some() { "" } else { "; one gives no unit" };
    format!("{said}{unit}")
}

fn fitting(left: &[Given<'_>], right: &[Given<'_>], both: &Combined) -> String {
    let has = |is: fn(&Value) -> bool| left.iter().chain(right).any(|(v, _)| is(v));
    let only = |all: &[Given<'_>], is: fn(&Value) -> bool| all.iter().all(|(v, _)| is(v));
    let estimate: fn(&Value) -> bool = |v| matches!(v, Value::Approx(_));
    let unknown: fn(&Value) -> bool = |v| *v == Value::Unknown;
    if only(left, unknown) || only(right, unknown) {
        return "one says that there is a value and gives none".into();
    }
    if only(left, estimate) || only(right, estimate) {
        return "an estimate conflicts with nothing".into();
    }
    let unit = both.unit.as_ref().map(|u| format!(" {u}")).unwrap_or_default();
    match &both.value {
        Some(value) if has(|v| matches!(v, Value::Date(_))) => format!("both can mean {value}"),
        Some(value) => format!("both allow {value}{unit}"),
        None => "they overlap".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::parse_value;
    use crate::time::TimeZone;

    /// Values as on the command line, tied ones with `&` between, units in brackets.
    fn answer(text: &str) -> Combined {
        let tied: Vec<(Value, Option<Label>)> = text
            .split(" & ")
            .map(|one| {
                let (value, unit) = one.strip_suffix(']').and_then(|o| o.split_once(" [")).unzip();
                let (value, _) = parse_value(value.unwrap_or(one), &TimeZone::UTC).unwrap();
                (value, unit.map(|u| Label::new(u).unwrap()))
            })
            .collect();
        combine(&tied.iter().map(|(v, u)| (v, u.as_ref())).collect::<Vec<_>>())
    }

    #[test]
    fn each_way_that_two_answers_can_go_together() {
        let cases = [
            ("2", "2", "agreement: both say the same"),
            ("2 [people]", "2", "agreement: both say the same; one gives no unit"),
            ("2", "4", "conflict: the bounds do not meet"),
            (">=4030 [tanks]", "10872 [tanks]", "compatible: both allow 10872 tanks"),
            (">=2", "<=40", "compatible: both allow 2..40"),
            (">=5", "<=4", "conflict: the bounds do not meet"),
            ("12..24", "20..30", "compatible: both allow 20..24"),
            ("12..24", "12..24", "agreement: both say the same"),
            ("2 [people]", "2 [soldiers]", "not-compared: different units"),
            ("2 [people]", "4 [soldiers]", "not-compared: different units"),
            ("2", "several men", "not-compared: different kinds of value"),
            ("~2000", "1", "compatible: an estimate conflicts with nothing"),
            ("~2000", "~2000", "agreement: both say the same"),
            ("~2000", "~3000", "compatible: an estimate conflicts with nothing"),
            ("~2000", "none", "compatible: an estimate conflicts with nothing"),
            ("unknown", "7", "compatible: one says that there is a value and gives none"),
            ("unknown", "armenia", "compatible: one says that there is a value and gives none"),
            ("unknown", "unknown", "agreement: both say that it is not known"),
            ("none", "unknown", "conflict: `none` and `unknown`"),
            ("none", "0", "agreement: both say the same"),
            ("none", ">=1", "conflict: the bounds do not meet"),
            ("none", "<=3", "compatible: both allow 0"),
            ("none", "none", "agreement: both say the same"),
            ("yes", "yes", "agreement: both say the same"),
            ("yes", "no", "conflict: yes and no"),
            ("armenia", "azerbaijan", "conflict: different words"),
            ("\u{e9}t\u{e9}", "e\u{301}te\u{301}", "agreement: both say the same"),
            ("2023-07", "2023-07-21", "compatible: both can mean 2023-07-21"),
            ("2023-06-21", "2023-07-21", "conflict: different dates"),
            ("2023-07-21", "2023-07-21?", "agreement: both say the same"),
            ("2023-05-14", "2023-05-14T10:00:00+04:00", "compatible: both can mean 2023-05-14T10:00:00+04:00"),
            ("2023-05-14T06:00:00Z", "2023-05-14T10:00:00+04:00", "agreement: both say the same"),
            ("2023-05-14T06:00:00Z", "2023-05-14T10:00:00Z", "conflict: different dates"),
            ("2023-05-01/2023-05-10", "2023-05-05/2023-05-20", "compatible: they overlap"),
            ("7 & 6", "8", "conflict: whichever is meant: the bounds do not meet"),
            ("7 & 6", "7", "inconsistent: one of them contradicts itself"),
            ("7 & 6", "6 & 7", "inconsistent: one of them contradicts itself"),
            ("2 [people] & 2 [soldiers]", "3 [people]", "inconsistent: one of them contradicts itself"),
            ("~2000 & ~3000", "5", "compatible: an estimate conflicts with nothing"),
            ("2 & >=1", "2", "agreement: both say the same"),
        ];
        for (a, b, expected) in cases {
            let (left, right) = (answer(a), answer(b));
            for (x, y) in [(&left, &right), (&right, &left)] {
                let (relation, why) = relate(x, y);
                let got = format!("{}: {why}", relation.as_str());
                // Of two forms of one instant or day the first is shown.
                assert_eq!(got, expected, "{a} and {b}");
            }
        }
    }
}
