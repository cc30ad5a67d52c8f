//! What is looked at of one entry, as it reads now.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{Datelike, NaiveDate};
use sayso_core::body::Record;
use sayso_core::event::{Claim, Content, Question};
use sayso_core::number::Number;
use sayso_core::reading::Reading;
use sayso_core::replay::Query;
use sayso_core::text::{Label, Name};
use sayso_core::value::Value;

use crate::finding::Finding;
use crate::folding;
use crate::lint::Lint;
use crate::lints::{before_event, false_exactness, part_of_a_person};
use crate::readings::Readings;

/// A quote of fewer words says little of where it comes from: "we deny it" is said by many.
const QUOTE_WORDS: usize = 8;

/// One entry.
pub(crate) struct Seen {
    pub(crate) source: Option<Name>,
    pub(crate) question: Option<Question>,
    pub(crate) statement: Option<Statement>,
    /// What the lints say that need nothing but this claim.
    pub(crate) findings: Vec<Finding>,
}

/// A claim, as far as it is compared with others.
pub(crate) struct Statement {
    pub(crate) index: u64,
    pub(crate) source: Name,
    pub(crate) question: Question,
    pub(crate) unit: Option<Label>,
    pub(crate) via: Vec<Label>,
    /// The last instant of its stated date, in microseconds: what orders statements.
    pub(crate) at: i64,
    /// The last day of that date, counted from the year 0.
    pub(crate) day: i32,
    /// Its number, or the lower bound of it.
    pub(crate) figure: Option<f64>,
    /// Stands for question, value and unit.
    pub(crate) said: u64,
    /// Stands for the question and a long quote.
    pub(crate) words: Option<u64>,
    pub(crate) taken_back: bool,
}

impl Statement {
    /// A number that all statements on one question share.
    pub(crate) fn question_hash(&self) -> u64 {
        hash(&self.question)
    }
}

/// Looks at a record as it reads now; `None` if it says nothing, was not said yet or is not wanted.
pub(crate) fn look(index: u64, record: &Record, readings: &Readings, query: &Query, lints: &[Lint]) -> Option<Seen> {
    let Reading::Event(event) = readings.corrections.read(index, &record.event) else { return None };
    let by = event.content.attribution()?;
    if query.as_of.as_ref().is_some_and(|as_of| !as_of.includes(&by.stated)) {
        return None;
    }
    let (filter, aliases) = (&query.filter, &readings.aliases);
    let question = event.content.question();
    let wanted = filter.wants_source(&by.source, aliases)
        && question.map_or(!filter.picks_questions(), |q| filter.wants_question(q, aliases))
        && filter.wants_entry(record.recorder.as_ref(), event);
    if !wanted {
        return None;
    }
    let mut seen = Seen {
        source: Some(readings.source(&by.source)),
        question: question.map(|q| readings.question(q)),
        statement: None,
        findings: vec![],
    };
    if let Content::Claim(claim) = &event.content {
        let found = |lint: Lint, found: Option<(String, String)>| {
            let (what, why) = found?;
            Some(Finding { lint, entries: readings.trails(&[index]), what, why, command: None })
        };
        if lints.contains(&Lint::BeforeEvent) {
            seen.findings.extend(found(Lint::BeforeEvent, before_event::find(claim, &event.citations)));
        }
        if lints.contains(&Lint::FalseExactness) {
            seen.findings.extend(found(Lint::FalseExactness, false_exactness::find(claim, &event.citations)));
        }
        if lints.contains(&Lint::PartOfAPerson) {
            seen.findings.extend(found(Lint::PartOfAPerson, part_of_a_person::find(claim)));
        }
        seen.statement = Some(statement(index, claim, readings));
    }
    Some(seen)
}

fn statement(index: u64, claim: &Claim, readings: &Readings) -> Statement {
    let Claim { by, question, value, unit, quote, .. } = claim;
    let question = readings.question(question);
    let long = quote.as_ref().filter(|q| q.as_str().split_whitespace().count() >= QUOTE_WORDS);
    let words = long.map(|q| folding::words(q.as_str()));
    let last_day = by.stated.date().day_span().1;
    Statement {
        index,
        source: readings.source(&by.source),
        unit: unit.clone(),
        via: by.via.clone(),
        at: by.stated.last_instant().micros(),
        day: last_day.map_or(0, |day| day.num_days_from_ce()),
        figure: figure(value),
        said: hash(&(&question, value.to_string(), unit)),
        words: words.map(|words| hash(&(&question, words))),
        taken_back: readings.taken_back.contains(&index),
        question,
    }
}

/// The number that a value gives: itself, an estimate, or the least that it may be. A range and "at most" give none.
fn figure(value: &Value) -> Option<f64> {
    match value {
        Value::Approx(n) => Some(float(*n)),
        Value::Quantity(bounds) => match (bounds.min(), bounds.max()) {
            (Some(min), None) => Some(float(min)),
            _ => bounds.exact().map(float),
        },
        Value::Text(_) | Value::YesNo(_) | Value::Date(_) | Value::Unknown | Value::None => None,
    }
}

/// Good to 15 digits, which is enough to wonder about a figure.
fn float(n: Number) -> f64 {
    let (mantissa, scale) = <(i128, u8)>::from(n);
    mantissa as f64 / 10_f64.powi(i32::from(scale))
}

/// The same in every run.
pub(crate) fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// A day as it is written.
pub(crate) fn day(days: i32) -> String {
    NaiveDate::from_num_days_from_ce_opt(days).map(|day| day.to_string()).unwrap_or_default()
}
