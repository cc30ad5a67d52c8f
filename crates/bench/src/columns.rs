//! A claim as the columns of a plain table: what the rivals store, and the bytes that their hash chain commits to.

use rusqlite::types::ValueRef;
use sayso_core::body::Record;
use sayso_core::event::{Citation, Content};
use sayso_core::number::Number;
use sayso_core::text::{ExternalId, Label, Text, Url};
use sayso_core::value::Value;

use crate::Failure;

/// One column for each thing a claim can carry.
pub(crate) const NAMES: [&str; 26] = [
    "ext_id",
    "source",
    "speaker",
    "body",
    "via",
    "subject",
    "predicate",
    "kind",
    "min",
    "max",
    "text",
    "unit",
    "act",
    "modality",
    "stated",
    "stated_zone",
    "occurred",
    "published",
    "quote",
    "lang",
    "translated",
    "note",
    "citations",
    "tags",
    "recorder",
    "imported_clock",
];

/// A row of [`NAMES`].
pub(crate) type Row<'a> = [ValueRef<'a>; NAMES.len()];

/// Texts that have to be made for a row; kept from row to row, so that nothing is allocated twice.
#[derive(Default)]
pub(crate) struct Texts {
    via: String,
    min: Field,
    max: Field,
    date: String,
    stated: String,
    occurred: String,
    published: String,
    citations: String,
    tags: String,
}

/// A number: whole and small enough for an integer column, or text.
#[derive(Default)]
enum Field {
    #[default]
    Null,
    Integer(i64),
    Text(String),
}

impl Field {
    fn of(number: Option<Number>) -> Self {
        let Some(number) = number else { return Self::Null };
        match <(i128, u8)>::from(number) {
            (n, 0) => i64::try_from(n).map_or_else(|_| Self::Text(number.to_string()), Self::Integer),
            _ => Self::Text(number.to_string()),
        }
    }

    fn get(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(n) => ValueRef::Integer(*n),
            Self::Text(t) => text(t),
        }
    }
}

fn text(s: &str) -> ValueRef<'_> {
    ValueRef::Text(s.as_bytes())
}

fn optional<'a, T>(value: Option<&'a T>, as_str: impl Fn(&'a T) -> &'a str) -> ValueRef<'a> {
    value.map_or(ValueRef::Null, |v| text(as_str(v)))
}

fn write(out: &mut String, value: &impl std::fmt::Display) {
    use std::fmt::Write;
    out.clear();
    let _ = write!(out, "{value}"); // writing to a string cannot fail
}

fn write_json(out: &mut String, value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut bytes = std::mem::take(out).into_bytes();
    bytes.clear();
    serde_json::to_writer(&mut bytes, value)?;
    *out = String::from_utf8(bytes)?;
    Ok(())
}

/// The row of a claim.
pub(crate) fn row<'a>(record: &'a Record, texts: &'a mut Texts) -> Result<Row<'a>, Failure> {
    let event = &record.event;
    let Content::Claim(claim) = &event.content else { return Err("the corpus holds claims only".into()) };
    let by = &claim.by;

    write_json(&mut texts.via, &by.via)?;
    write(&mut texts.stated, by.stated.date());
    if let Some(occurred) = &claim.occurred {
        write(&mut texts.occurred, occurred);
    }
    if let Some(published) = &by.published {
        write(&mut texts.published, published);
    }
    write_citations(&mut texts.citations, &event.citations)?;
    write_json(&mut texts.tags, &event.tags)?;
    (texts.min, texts.max) = match &claim.value {
        Value::Quantity(bounds) => (Field::of(bounds.min()), Field::of(bounds.max())),
        Value::Approx(n) => (Field::of(Some(*n)), Field::Null),
        Value::YesNo(yes) => (Field::Integer(i64::from(*yes)), Field::Null),
        _ => (Field::Null, Field::Null),
    };
    if let Value::Date(date) = &claim.value {
        write(&mut texts.date, date);
    }
    let texts: &'a Texts = texts;
    let (kind, value_text) = match &claim.value {
        Value::Text(t) => ("text", text(t.as_str())),
        Value::YesNo(_) => ("yes-no", ValueRef::Null),
        Value::Quantity(_) => ("quantity", ValueRef::Null),
        Value::Approx(_) => ("approx", ValueRef::Null),
        Value::Date(_) => ("date", text(&texts.date)),
        Value::Unknown => ("unknown", ValueRef::Null),
        Value::None => ("none", ValueRef::Null),
    };
    Ok([
        optional(event.id.as_ref(), ExternalId::as_str),
        text(by.source.as_str()),
        optional(by.speaker.as_ref(), Label::as_str),
        optional(by.body.as_ref(), Label::as_str),
        text(&texts.via),
        text(claim.question.subject.as_str()),
        text(claim.question.predicate.as_str()),
        text(kind),
        texts.min.get(),
        texts.max.get(),
        value_text,
        optional(claim.unit.as_ref(), Label::as_str),
        text(claim.act.as_str()),
        optional(claim.modality.as_ref(), Text::as_str),
        text(&texts.stated),
        by.stated.zone_name().map_or(ValueRef::Null, text),
        claim.occurred.as_ref().map_or(ValueRef::Null, |_| text(&texts.occurred)),
        by.published.as_ref().map_or(ValueRef::Null, |_| text(&texts.published)),
        optional(claim.quote.as_ref(), Text::as_str),
        optional(by.lang.as_ref(), Label::as_str),
        ValueRef::Integer(i64::from(by.translated)),
        optional(event.note.as_ref(), Text::as_str),
        text(&texts.citations),
        text(&texts.tags),
        optional(record.recorder.as_ref(), Label::as_str),
        ValueRef::Integer(0),
    ])
}

fn write_citations(out: &mut String, citations: &[Citation]) -> Result<(), Failure> {
    let urls: Vec<&str> = citations.iter().filter_map(|c| c.url().map(Url::as_str)).collect();
    write_json(out, &urls)
}

/// The bytes that a row's commitment is taken of: each column with its type and length, so that none can be mistaken for
/// another. Writing them is a copy; there is no cheaper unambiguous form.
pub(crate) fn committed_bytes(row: &Row<'_>, out: &mut Vec<u8>) {
    out.clear();
    for column in row {
        let (kind, bytes): (u8, &[u8]) = match column {
            ValueRef::Null => {
                out.push(0);
                continue;
            }
            ValueRef::Integer(n) => {
                out.push(1);
                out.extend_from_slice(&n.to_le_bytes());
                continue;
            }
            ValueRef::Real(f) => {
                out.push(2);
                out.extend_from_slice(&f.to_le_bytes());
                continue;
            }
            ValueRef::Text(t) => (3, t),
            ValueRef::Blob(b) => (4, b),
        };
        out.push(kind);
        out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(bytes);
    }
}

/// The row as one JSON object, for a file in a repository.
pub(crate) fn json(row: &Row<'_>) -> Result<Vec<u8>, Failure> {
    let mut object = serde_json::Map::new();
    for (name, column) in NAMES.iter().zip(row) {
        let value = match column {
            ValueRef::Null => continue,
            ValueRef::Integer(n) => (*n).into(),
            ValueRef::Real(f) => (*f).into(),
            ValueRef::Text(t) | ValueRef::Blob(t) => std::str::from_utf8(t)?.into(),
        };
        object.insert((*name).to_owned(), value);
    }
    let mut bytes = serde_json::to_vec(&object)?;
    bytes.push(b'\n');
    Ok(bytes)
}
