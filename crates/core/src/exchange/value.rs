//! Values as JSON, and as people type them.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::number::{Number, NumberError};
use crate::text::{Text, TextError};
use crate::time::{Edtf, EdtfError, TimeZone};
use crate::value::{Bounds, BoundsError, Value};

/// Why something is not a value. The message stands after "`value`".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueSyntaxError {
    /// Not one of the JSON forms.
    #[error(
        "must be a string, a number, true or false, or one of {{\"min\":2,\"max\":4}} {{\"approx\":2000}} {{\"date\":\"2023-05-14\"}} {{\"unknown\":true}} {{\"none\":true}}{0}"
    )]
    Form(String),
    /// A number that does not fit.
    #[error("{0}")]
    Number(#[from] NumberError),
    /// Bounds that make no sense.
    #[error("{0}")]
    Bounds(#[from] BoundsError),
    /// A date that is none.
    #[error("{0}")]
    Date(#[from] EdtfError),
    /// Text that is none.
    #[error("{0}; to say that there is a value nobody gave write {{\"unknown\":true}}, for no value {{\"none\":true}}")]
    Text(#[from] TextError),
    /// Neither clearly a value nor clearly words.
    #[error(
        "`{0}` is nearly a number, a date or a yes: write 2, '>=2', '<=40', 12..24, ~2000, yes, no, unknown, none or 2023-05-12 (put the unit into --unit), or use --text to keep it as words"
    )]
    NearlyAValue(String),
    /// `>` or `<` with something that is not a whole number.
    #[error("`{0}`: more than or less than needs a whole number; write >= or <= instead")]
    NotWhole(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueObject {
    min: Option<Box<RawValue>>,
    max: Option<Box<RawValue>>,
    approx: Option<Box<RawValue>>,
    date: Option<String>,
    unknown: Option<bool>,
    none: Option<bool>,
}

/// Reads a value in the exchange form.
pub(super) fn from_json(raw: &RawValue, zone: &TimeZone) -> Result<Value, ValueSyntaxError> {
    let form = |what: &str| ValueSyntaxError::Form(format!(" ({what})"));
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(json).map_err(|_| form("not valid JSON"))?;
            Ok(Value::Text(Text::new(&text)?))
        }
        Some(b't') => Ok(Value::YesNo(true)),
        Some(b'f') => Ok(Value::YesNo(false)),
        Some(b'-' | b'0'..=b'9') => Ok(Value::Quantity(Bounds::exactly(json.parse()?))),
        Some(b'{') => {
            let object: ValueObject = serde_json::from_str(json).map_err(|e| {
                let message = e.to_string();
                form(message.split(" at line ").next().unwrap_or_default())
            })?;
            from_object(&object, zone)
        }
        _ => Err(ValueSyntaxError::Form(String::new())),
    }
}

fn from_object(object: &ValueObject, zone: &TimeZone) -> Result<Value, ValueSyntaxError> {
    let form = || ValueSyntaxError::Form(String::new());
    let number = |raw: &Option<Box<RawValue>>| -> Result<Option<Number>, ValueSyntaxError> {
        let Some(raw) = raw else { return Ok(None) };
        if !raw.get().starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Err(ValueSyntaxError::Form(" (`min`, `max` and `approx` take numbers)".into()));
        }
        Ok(Some(raw.get().parse()?))
    };
    let (min, max, approx) = (number(&object.min)?, number(&object.max)?, number(&object.approx)?);
    match (min, max, approx, &object.date, object.unknown, object.none) {
        (None, None, Some(n), None, None, None) => Ok(Value::Approx(n)),
        (None, None, None, Some(date), None, None) => Ok(Value::Date(Edtf::parse(date, zone)?)),
        (None, None, None, None, Some(true), None) => Ok(Value::Unknown),
        (None, None, None, None, None, Some(true)) => Ok(Value::None),
        (min, max, None, None, None, None) if min.is_some() || max.is_some() => {
            Ok(Value::Quantity(Bounds::new(min, max)?))
        }
        _ => Err(form()),
    }
}

/// A value in the exchange form.
#[must_use]
pub fn value_to_json(value: &Value) -> Box<RawValue> {
    let json = match value {
        Value::Text(t) => serde_json::to_string(t.as_str()).unwrap_or_default(),
        Value::YesNo(b) => b.to_string(),
        Value::Quantity(bounds) => match (bounds.min(), bounds.max()) {
            (Some(a), Some(b)) if a == b => a.to_string(),
            (Some(a), Some(b)) => format!("{{\"min\":{a},\"max\":{b}}}"),
            (Some(a), None) => format!("{{\"min\":{a}}}"),
            (None, Some(b)) => format!("{{\"max\":{b}}}"),
            (None, None) => "null".into(), // cannot be built
        },
        Value::Approx(n) => format!("{{\"approx\":{n}}}"),
        Value::Date(d) => format!("{{\"date\":\"{d}\"}}"),
        Value::Unknown => "{\"unknown\":true}".into(),
        Value::None => "{\"none\":true}".into(),
    };
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Reads a value as people type it: `2`, `>=2`, `<=40`, `12..24`, `~2000`, `>200`, `yes`, `no`, `unknown`, `none`, a date,
/// or else text. Also gives the words that the value alone would lose (`more than 200`).
///
/// # Errors
/// [`ValueSyntaxError`].
pub fn parse_value(typed: &str, zone: &TimeZone) -> Result<(Value, Option<String>), ValueSyntaxError> {
    let text = typed.trim();
    let number = |s: &str| s.trim().parse::<Number>();
    let quantity = |min, max| Ok((Value::Quantity(Bounds::new(min, max)?), None));
    if let Some(n) = strip_any(text, &[">=", "≥"]) {
        return quantity(Some(number(n)?), None);
    }
    if let Some(n) = strip_any(text, &["<=", "≤"]) {
        return quantity(None, Some(number(n)?));
    }
    if let Some(n) = text.strip_prefix('>') {
        return next_whole(n, 1).map(|(n, b)| (Value::Quantity(b), Some(format!("more than {n}"))));
    }
    if let Some(n) = text.strip_prefix('<') {
        return next_whole(n, -1).map(|(n, b)| (Value::Quantity(b), Some(format!("fewer than {n}"))));
    }
    if let Some(n) = text.strip_prefix('~') {
        return Ok((Value::Approx(number(n)?), None));
    }
    if let Some((Ok(min), Ok(max))) = text.split_once("..").map(|(a, b)| (number(a), number(b))) {
        return quantity(Some(min), Some(max));
    }
    match number(text) {
        Ok(n) => return Ok((Value::Quantity(Bounds::exactly(n)), None)),
        Err(e @ NumberError::TooPrecise(_)) => return Err(e.into()),
        Err(_) => {}
    }
    let value = match text {
        "yes" | "true" => Value::YesNo(true),
        "no" | "false" => Value::YesNo(false),
        "unknown" => Value::Unknown,
        "none" => Value::None,
        _ => match Edtf::parse(text, zone) {
            Ok(date) => Value::Date(date),
            // What looks like a date and is none is a slip, not a word.
            Err(e @ (EdtfError::Impossible { .. } | EdtfError::UnclearHour(_))) => return Err(e.into()),
            Err(_) if is_nearly_a_value(text) => {
                return Err(ValueSyntaxError::NearlyAValue(text.chars().take(60).collect()));
            }
            Err(_) => Value::Text(Text::new(typed)?),
        },
    };
    Ok((value, None))
}

/// `2,000`, `2-4`, `2 wounded`, `Yes`: recorded as words they would be lost for every comparison, and nobody would notice.
fn is_nearly_a_value(text: &str) -> bool {
    let first = text.trim_start_matches(['+', '-', '=', '$', '€', '£', '.', ',', ' ', '<', '>', '~', '≈', '±']);
    let words = ["yes", "no", "true", "false", "unknown", "none"];
    first.starts_with(char::is_numeric) || words.iter().any(|w| text.eq_ignore_ascii_case(w))
}

fn strip_any<'a>(s: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    prefixes.iter().find_map(|p| s.strip_prefix(p))
}

/// The bound that excludes a whole number: more than 200 is at least 201.
fn next_whole(typed: &str, step: i64) -> Result<(Number, Bounds), ValueSyntaxError> {
    let n: Number = typed.trim().parse()?;
    let not_whole = || ValueSyntaxError::NotWhole(typed.trim().to_owned());
    let next = n.plus(step).filter(|_| n.is_whole()).ok_or_else(not_whole)?;
    let bounds = if step > 0 { Bounds::new(Some(next), None) } else { Bounds::new(None, Some(next)) };
    Ok((n, bounds?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(s: &str) -> String {
        match parse_value(s, &TimeZone::UTC) {
            Ok((v, words)) => {
                format!("{}{}", value_to_json(&v).get(), words.map(|w| format!(" {w}")).unwrap_or_default())
            }
            Err(e) => format!("error: {e}"),
        }
    }

    #[test]
    fn values_as_typed() {
        for (given, expected) in [
            ("2", "2"),
            (">=2", r#"{"min":2}"#),
            ("≥ 2", r#"{"min":2}"#),
            ("<=40", r#"{"max":40}"#),
            ("12..24", r#"{"min":12,"max":24}"#),
            ("-3..-1", r#"{"min":-3,"max":-1}"#),
            ("~2000", r#"{"approx":2000}"#),
            (">200", r#"{"min":201} more than 200"#),
            ("<40", r#"{"max":39} fewer than 40"#),
            ("yes", "true"),
            ("false", "false"),
            ("unknown", r#"{"unknown":true}"#),
            ("none", r#"{"none":true}"#),
            ("2023-05-14", r#"{"date":"2023-05-14"}"#),
            ("2023", "2023"),
            ("armenia", r#""armenia""#),
            ("2.50", "2.5"),
        ] {
            assert_eq!(typed(given), expected);
        }
        for bad in [
            "",
            ">2.5",
            "4..2",
            ">=x",
            "2023-02-30",
            "123456789012345678901234567890",
            "2,000",
            "2 000",
            "2-4",
            "12…24",
            "2..",
            "..4",
            "5%",
            "$5",
            "TRUE",
            "Yes",
            "None",
            "12.05.2023",
            "2 wounded",
            "~2,000",
            "+3",
        ] {
            assert!(typed(bad).starts_with("error"), "{bad}: {}", typed(bad));
        }
    }

    #[test]
    fn json_values_round_trip() {
        for json in [
            "2",
            "-0.5",
            "true",
            "false",
            r#""two""#,
            r#"{"min":2}"#,
            r#"{"max":4}"#,
            r#"{"min":2,"max":4}"#,
            r#"{"approx":2000}"#,
            r#"{"date":"2023-05"}"#,
            r#"{"unknown":true}"#,
            r#"{"none":true}"#,
            r#"79228162514264337593543950335"#,
        ] {
            let raw = RawValue::from_string(json.into()).unwrap();
            assert_eq!(value_to_json(&from_json(&raw, &TimeZone::UTC).unwrap()).get(), json);
        }
        for bad in [
            "[]",
            "{}",
            r#""""#,
            r#"{"min":"2"}"#,
            r#"{"min":2,"approx":3}"#,
            r#"{"unknown":false}"#,
            r#"{"min":4,"max":2}"#,
            r#"{"min":2,"min":3}"#,
            r#"{"date":"2023-02-30"}"#,
            r#"{"about":3}"#,
            "1e400",
            "0.00000000000000000000000000001",
        ] {
            let raw = RawValue::from_string(bad.into()).unwrap();
            assert!(from_json(&raw, &TimeZone::UTC).is_err(), "{bad}");
        }
    }
}
