//! A draft: the fields of an event as somebody gave them, not yet checked.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::limits::MAX_LINE_BYTES;

/// The fields of every kind of event, as given. Unknown fields, and fields given twice, are refused when reading JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the fields are those of the exchange form: docs/exchange.md
pub struct Draft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// `Some(None)` is an explicit `null`: the corrected entry should never have been recorded.
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "replacement")]
    pub replacement: Option<Option<Box<Draft>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "citations")]
    pub citations: Option<Vec<CitationDraft>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported_clock: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// The fields of a citation, as given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CitationDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

/// A value that must be an object with named fields: serde would also take a list of them in the right order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// Tells an explicit `null` from an absent field.
fn replacement<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Box<Draft>>>, D::Error> {
    let given = Option::<Box<Object<Draft>>>::deserialize(deserializer)?;
    Ok(Some(given.map(|object| Box::new(object.0))))
}

fn citations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<CitationDraft>>, D::Error> {
    let given = Option::<Vec<Object<CitationDraft>>>::deserialize(deserializer)?;
    Ok(given.map(|all| all.into_iter().map(|object| object.0).collect()))
}

/// Why a line is not a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// Not JSON, or not an object of known fields.
    #[error("{0}")]
    Json(String),
    /// Far longer than any event.
    #[error("the line is {0} bytes long; at most {MAX_LINE_BYTES} are read")]
    TooLong(usize),
}

impl Draft {
    /// Reads one line of JSON.
    ///
    /// # Errors
    /// [`DraftError`], in words for the person who wrote the line.
    pub fn from_json(line: &str) -> Result<Self, DraftError> {
        if line.len() > MAX_LINE_BYTES {
            return Err(DraftError::TooLong(line.len()));
        }
        match serde_json::from_str::<Object<Self>>(line) {
            Ok(object) => Ok(object.0),
            Err(e) if e.is_data() => Err(DraftError::Json(named(line).unwrap_or_else(|| in_words(&e)))),
            Err(e) => Err(DraftError::Json(in_words(&e))),
        }
    }

    /// The draft as one line of JSON, without a line break.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() // strings, numbers and lists: cannot fail
    }
}

/// What is wrong with the first field of the wrong type, by its name, which the parser does not say.
fn named(line: &str) -> Option<String> {
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(line).ok()?;
    fields.into_iter().find_map(|(name, value)| {
        let alone = serde_json::to_string(&BTreeMap::from([(&name, &value)])).ok()?;
        let message = in_words(&serde_json::from_str::<Object<Draft>>(&alone).err()?);
        message.ends_with(" is expected").then(|| format!("`{name}`: {message}"))
    })
}

/// The parser's message without its list of every known field, and with the column where it helps.
fn in_words(e: &serde_json::Error) -> String {
    let message = e.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message.split(", expected one of").next().unwrap_or_default();
    if let Some((found, expected)) = message.strip_prefix("invalid type: ").and_then(|m| m.rsplit_once(", expected ")) {
        let word = |w: &str| match w {
            "map" | "a map" => "an object".to_owned(),
            "sequence" | "a sequence" => "a list".to_owned(),
            w => w.to_owned(),
        };
        return format!("{} where {} is expected", word(found), word(expected));
    }
    if e.is_data() { message.to_owned() } else { format!("not valid JSON at column {}: {message}", e.column()) }
}
