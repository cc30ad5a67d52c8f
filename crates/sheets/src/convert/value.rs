//! The value of a claim: from cells to the exchange form.

use sayso_core::exchange::{ValueSyntaxError, parse_value, value_to_json};
use sayso_core::number::Number;
use sayso_core::text::Text;
use sayso_core::time::{Edtf, TimeZone};
use sayso_core::value::{Bounds, Value};
use serde_json::value::RawValue;

use super::make::fill_text;
use super::{Converter, Trouble};
use crate::filter::shown;
use crate::mapping::{Field, Given, Rule};
use crate::template::{Context, Template};

/// A value, and the words that it alone would lose.
type Valued = Option<(Box<RawValue>, Option<String>)>;

impl Given {
    /// Every template in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Typed(t) | Self::Words(t) | Self::Approx(t) | Self::Date(t) => vec![t],
            Self::Bounds { low, high, best } => [low, high, best].into_iter().flatten().collect(),
            Self::Unknown | Self::None => vec![],
        }
    }
}

impl Converter<'_> {
    /// The value; `None` where nothing stands in the cells it is made of.
    pub(super) fn value(&self, rule: &Rule, given: &Given, context: &Context<'_>) -> Result<Valued, Trouble> {
        let trouble = |message: String| Trouble { what: rule.sources("value"), message: format!("`value` {message}") };
        let simple = |value: &Value| Ok(Some((value_to_json(value), None)));
        let template = match given {
            Given::Unknown => return simple(&Value::Unknown),
            Given::None => return simple(&Value::None),
            Given::Bounds { low, high, best } => {
                return self.bounds([low, high, best], context)?.map_err(trouble);
            }
            Given::Typed(t) | Given::Words(t) | Given::Approx(t) | Given::Date(t) => t,
        };
        let text = template.fill(context)?;
        if text.is_empty() {
            return Ok(None);
        }
        match given {
            Given::Typed(_) => {
                let (value, words) =
                    parse_value(&text, &self.zone_of(rule, context)?).map_err(|e| trouble(in_words(&e)))?;
                Ok(Some((value_to_json(&value), words)))
            }
            Given::Words(_) => simple(&Value::Text(Text::new(&text).map_err(|e| trouble(e.to_string()))?)),
            Given::Approx(_) => simple(&Value::Approx(number(&text).map_err(trouble)?)),
            _ => {
                let zone = self.zone_of(rule, context)?;
                simple(&Value::Date(Edtf::parse(&text, &zone).map_err(|e| trouble(e.to_string()))?))
            }
        }
    }

    /// The zone of a row's dates: the rule's own, else the sheet's. One that is none is refused when the draft is checked.
    fn zone_of(&self, rule: &Rule, context: &Context<'_>) -> Result<TimeZone, Trouble> {
        let Some((_, text)) = rule.texts.iter().find(|(field, _)| *field == Field::Timezone) else {
            return Ok(self.zone);
        };
        Ok(fill_text(text, context)?.parse().unwrap_or(self.zone))
    }

    /// Bounds from up to three cells. The best figure inside them stays in words; alone it is an estimate.
    fn bounds(
        &self,
        templates: [&Option<Template>; 3],
        context: &Context<'_>,
    ) -> Result<Result<Valued, String>, Trouble> {
        let mut texts = [String::new(), String::new(), String::new()];
        for (text, template) in texts.iter_mut().zip(templates) {
            if let Some(template) = template {
                *text = template.fill(context)?.into_owned();
            }
        }
        let [low, high, best] = texts;
        Ok(bounded(&low, &high, &best))
    }
}

fn bounded(low: &str, high: &str, best: &str) -> Result<Valued, String> {
    let read = |text: &str| if text.is_empty() { Ok(None) } else { number(text).map(Some) };
    let (low, high, best) = (read(low)?, read(high)?, read(best)?);
    let value = match (low, high, best) {
        (None, None, None) => return Ok(None),
        (None, None, Some(best)) => Value::Approx(best),
        _ => Value::Quantity(Bounds::new(low, high).map_err(|e| e.to_string())?),
    };
    let words = match best {
        Some(best) if low.is_some_and(|low| best < low) || high.is_some_and(|high| best > high) => {
            return Err(format!(
                "has its best figure {best} outside its bounds; leave such rows to a rule of their own, or leave `best` out"
            ));
        }
        Some(best) if (low.is_some() || high.is_some()) && low != high => Some(format!("best estimate {best}")),
        _ => None,
    };
    Ok(Some((value_to_json(&value), words)))
}

fn number(text: &str) -> Result<Number, String> {
    text.parse().map_err(|e| format!("{e}"))
}

/// The core's message, with what helps in a mapping instead of what helps on the command line.
fn in_words(e: &ValueSyntaxError) -> String {
    match e {
        // "8 (one died later)": what is too much is behind the number.
        ValueSyntaxError::NearlyAValue(text) if has_words_behind(text) => format!(
            "`{}` is a number with words behind it, and as words it would be lost for every comparison. Take the words off with a filter \
             ({{column | before '('}} takes what begins with that mark), say with a [lookup] what the cell means, or keep it as words with \
             value = {{ text = \"{{column}}\" }}",
            shown(text)
        ),
        ValueSyntaxError::NearlyAValue(text) => format!(
            "`{}` is nearly a number, a date or a yes, and as words it would be lost for every comparison. Write it as 2, >=2, <=40, 12..24, \
             ~2000, yes, no, unknown, none or 2023-05-12; let a filter do it ({{column | number}} for 1,200, {{column | lower}} for Yes, \
             {{column | date 'DD.MM.YYYY'}}); list it as empty = [\"{}\"] under [sheet] if it stands for nothing; or keep it as words \
             with value = {{ text = \"{{column}}\" }}",
            shown(text),
            shown(text)
        ),
        other => other.to_string(),
    }
}

fn has_words_behind(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && rest.starts_with([' ', '(']) && rest.contains(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(low: &str, high: &str, best: &str) -> String {
        match bounded(low, high, best) {
            Ok(Some((json, words))) => format!("{json}{}", words.map(|w| format!(" {w}")).unwrap_or_default()),
            Ok(None) => "nothing".into(),
            Err(e) => format!("error: {e}"),
        }
    }

    #[test]
    fn bounds_from_cells() {
        for (low, high, best, expected) in [
            ("2", "4", "3", r#"{"min":2,"max":4} best estimate 3"#),
            ("2.0", "2", "2", "2"),
            ("2", "", "", r#"{"min":2}"#),
            ("", "9", "4", r#"{"max":9} best estimate 4"#),
            ("", "", "4", r#"{"approx":4}"#),
            ("", "", "", "nothing"),
        ] {
            assert_eq!(said(low, high, best), expected);
        }
        assert!(said("177", "177", "142").contains("142 outside its bounds"));
        assert!(said("4", "2", "").starts_with("error"));
        assert!(said("x", "2", "").contains("`x` is not a number"));
    }
}
