//! An explanation as text and JSON.

use sayso_core::exchange::Exporter;
use sayso_core::replay::Query;
use sayso_core::time::TimeZone;
use sayso_core::views::Why;
use serde::Serialize;
use serde_json::{Value, json};

use super::history::{ItemJson, item_json};
use super::json::{self, StandingJson};
use super::{item, table, views};
use crate::error::CliError;
use crate::meant::Meant;

pub(crate) fn text(clocks: &Query, why: &Why, meant: &Meant, zone: &TimeZone) -> String {
    let cell = &why.cell;
    let name = format!("{} on {} / {}", cell.source, cell.question.subject, cell.question.predicate);
    let mut text = format!("{}\n{}", table::escape(&name), preface(clocks, why, zone));
    text.push_str(&format!("\nAnswer: {}\n\nRules:\n", table::escape(&answer(why))));
    for rule in &why.rules {
        text.push_str(&format!("  {rule}\n"));
    }
    for sentence in meant.sentences() {
        text.push_str(&format!("\n{sentence}\n"));
    }
    let mut text = table::fold(&text);
    if !why.parts.is_empty() {
        text.push_str("\nEntries (those marked * are what the answer rests on):\n");
    }
    for part in &why.parts {
        let mark = if part.rests_on { '*' } else { ' ' };
        let mut lines = vec![table::escape(&part.because)];
        lines.extend(item::details(&part.item));
        let outcome = item::outcome(&part.item);
        lines.extend(outcome.into_iter().filter(|l| l.starts_with("now ")));
        lines.extend(part.item.as_it_reads().map(item::citations).unwrap_or_default());
        text.push_str(&item::block(&format!("{mark} {}", item::headline(&part.item)), &lines));
    }
    if !why.not_yet_known.is_empty() {
        let later = views::numbers(&why.not_yet_known);
        text.push_str(&table::fold(&format!("\nLearned only later: {later}\n")));
    }
    text
}

fn preface(clocks: &Query, why: &Why, zone: &TimeZone) -> String {
    let clocks = views::clocks_of(clocks, why.known_entries, why.head.size, zone);
    format!("{clocks}{}", views::asked_as(&why.asked_as))
}

/// What the cell has, in a line.
fn answer(why: &Why) -> String {
    let mut parts = Vec::new();
    if why.answer.taken_back.is_some() {
        parts.push("taken back".to_owned());
    }
    if let Some(standing) = &why.answer.standing {
        if let Some(combined) = &standing.combined {
            let stated = standing.stated.as_ref().map(|s| format!(", stated {}", s.date())).unwrap_or_default();
            parts.push(format!("{}{stated}", views::value(combined)));
        }
        parts.extend(views::remarks(standing));
    }
    if parts.is_empty() { "nothing stands".into() } else { parts.join("; ") }
}

#[derive(Serialize)]
struct WhyJson {
    source: String,
    subject: String,
    predicate: String,
    as_of: Option<String>,
    known_at: Option<String>,
    head: Value,
    known_entries: u64,
    standing: Option<StandingJson>,
    taken_back: Option<Vec<u64>>,
    rules: Vec<Value>,
    entries: Vec<PartJson>,
    not_yet_known: Vec<u64>,
    asked_as: Vec<Value>,
    did_you_mean: Vec<Value>,
    redacted: Vec<u64>,
}

#[derive(Serialize)]
struct PartJson {
    #[serde(flatten)]
    item: ItemJson,
    rests_on: bool,
    because: String,
}

pub(crate) fn json(
    exporter: &Exporter<'_>,
    clocks: &Query,
    why: &Why,
    meant: &Meant,
) -> Result<impl Serialize + use<>, CliError> {
    let part = |part: &sayso_core::views::Part| -> Result<PartJson, CliError> {
        Ok(PartJson { item: item_json(exporter, &part.item)?, rests_on: part.rests_on, because: part.because.clone() })
    };
    let entries: Result<Vec<PartJson>, CliError> = why.parts.iter().map(part).collect();
    Ok(WhyJson {
        source: why.cell.source.to_string(),
        subject: why.cell.question.subject.to_string(),
        predicate: why.cell.question.predicate.to_string(),
        as_of: clocks.as_of.as_ref().map(ToString::to_string),
        known_at: clocks.known_at.as_ref().map(ToString::to_string),
        head: json::head(why.head),
        known_entries: why.known_entries,
        standing: why.answer.standing.as_ref().map(json::standing),
        taken_back: why.answer.taken_back.as_ref().map(|t| t.entries.clone()),
        rules: why.rules.iter().map(|r| json!({"rule": r.as_str(), "sentence": r.to_string()})).collect(),
        entries: entries?,
        not_yet_known: why.not_yet_known.clone(),
        asked_as: json::asked_as(&why.asked_as),
        did_you_mean: meant.json(),
        redacted: why.redacted.clone(),
    })
}
