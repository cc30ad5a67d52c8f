//! The changes that two compilers made to their tables of official figures, and one rival count, as events of the exchange form.
//!
//! What a change means here (`docs/decisions/0025-changes-of-a-compiler.md`):
//! - `assert`: the table had no figure in this cell, now it has: a **claim** of the source, stated on the cell's day.
//! - `revise`, `withdraw`: the compiler changed its table. The source did not speak again, so this is a **correction** of the claim, with the new
//!   figure or with none, recorded when the table was changed.
//! - a rename, where one change asserts under a new column what it withdraws under the old one: neither, but an **alias**.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use sayso_core::time::Instant;
use serde::Deserialize;
use serde_json::{Value, json};

/// The tables' subject: what the Russian forces have lost, by one count or another.
pub const RUSSIAN_LOSSES: &str = "Russian armed forces (losses in Ukraine, cumulative)";

/// Real data beside the workspace; it is not part of it.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name)
}

/// One change of one cell of a table.
#[derive(Debug, Clone, Deserialize)]
pub struct Change {
    pub seq: u64,
    pub recorded_at: String,
    pub commit: String,
    pub note: String,
    pub op: Op,
    pub event_date: String,
    pub subject: String,
    pub predicate: String,
    pub value: Value,
    pub prev: Value,
    pub source: String,
    pub via: String,
    pub qualifier: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    Assert,
    Revise,
    Withdraw,
}

impl Change {
    pub fn recorded(&self) -> Instant {
        Instant::from_rfc3339(&self.recorded_at).unwrap()
    }
}

/// The changes in a file, in order.
pub fn changes(name: &str) -> Vec<Change> {
    let lines = BufReader::new(flate2::read::GzDecoder::new(File::open(data(name)).unwrap())).lines();
    lines.map(|l| serde_json::from_str(&l.unwrap()).unwrap()).collect()
}

/// Lines of the exchange form, each with its recorded time.
pub type Dated = Vec<(Instant, Value)>;

/// What became of a history.
#[derive(Debug, Default)]
pub struct Converted {
    pub lines: Dated,
    /// Changes that are said by an alias instead.
    pub renamed: usize,
    /// Rows that are not taken.
    pub left_out: usize,
}

/// Turns the changes of a table into events. `name` begins their ids.
pub fn convert(name: &str, changes: &[Change]) -> Converted {
    let renames = renames(changes);
    let mut converted = Converted::default();
    let mut claims: HashMap<(&str, &str), String> = HashMap::new();
    let mut aliased = HashSet::new();
    for change in changes {
        let cell = |predicate| (predicate, change.event_date.as_str());
        if let Some(&(old, new)) = renames.get(&change.seq) {
            converted.renamed += 1;
            if let Some(id) = claims.remove(&cell(old)) {
                claims.insert(cell(new), id);
            }
            if aliased.insert(old) {
                let alias = json!({"kind": "alias", "id": format!("{name}-{}", change.seq), "names": "predicate", "from": old,
                    "to": new, "note": note(change), "recorder": change.via, "recorded": change.recorded_at});
                converted.lines.push((change.recorded(), alias));
            }
            continue;
        }
        let id = format!("{name}-{}", change.seq);
        let mut line = if change.op == Op::Assert {
            claims.insert(cell(change.predicate.as_str()), id.clone());
            let mut line = claim(change);
            line["id"] = json!(id);
            line["kind"] = json!("claim");
            line["note"] = json!(note(change));
            line
        } else {
            // Always of the claim itself: the newest correction of it counts.
            let of = &claims[&cell(change.predicate.as_str())];
            let replacement = if change.op == Op::Revise { claim(change) } else { Value::Null };
            json!({"kind": "correction", "id": id, "of": of, "replacement": replacement,
                "reason": format!("the compiler changed the table: {}", note(change))})
        };
        line["recorder"] = json!(change.via);
        line["recorded"] = json!(change.recorded_at);
        converted.lines.push((change.recorded(), line));
    }
    converted
}

fn note(change: &Change) -> String {
    format!("commit {}: {}", change.commit, change.note)
}

/// A figure as a claim without kind and id, which is also the form of a replacement.
fn claim(change: &Change) -> Value {
    let mut claim = json!({"source": source(&change.source), "via": [change.via], "subject": change.subject,
        "predicate": change.predicate, "value": value(change), "stated": change.event_date});
    if let Some(words) = &change.qualifier {
        claim["modality"] = json!(words);
    }
    claim
}

/// "about" and "almost" give an estimate, "more than" a lower bound; the word itself stays as modality.
fn value(change: &Change) -> Value {
    let number = change.value.as_i64();
    match (number, change.qualifier.as_deref()) {
        (Some(n), Some("more" | "more than")) => json!({"min": n + 1}),
        (Some(n), Some("about" | "almost")) => json!({"approx": n}),
        (_, Some(other)) => panic!("an unknown qualifier: {other}"),
        (_, None) => change.value.clone(),
    }
}

/// The party that a table means. A day marked "missing" has figures that nobody reported: the compiler carried them over.
pub fn source(name: &str) -> &str {
    match name {
        "Ministry of Defence of Ukraine" => "ukraine/mod",
        "mohtel" => "gaza/ministry-of-health",
        "gmotel" => "gaza/media-office",
        "unocha" => "un/ocha",
        "missing" => "unattributed",
        other => other,
    }
}

/// Changes that only move a figure from one column to another: by their number, the old and the new name. One commit withdraws the
/// figure that it asserts, of the same day and source, and the new name is the old one with another word.
fn renames(changes: &[Change]) -> HashMap<u64, (&str, &str)> {
    let key = |c: &Change, predicate: &str, value: &Value| {
        (c.commit.clone(), c.event_date.clone(), c.source.clone(), predicate.to_owned(), value.to_string())
    };
    let withdrawn: HashMap<_, &Change> = (changes.iter().filter(|c| c.op == Op::Withdraw))
        .map(|c| (key(c, &c.predicate.replace("martyred", "killed"), &c.prev), c))
        .collect();
    let mut pairs = HashMap::new();
    for new in changes.iter().filter(|c| c.op == Op::Assert) {
        if let Some(old) =
            withdrawn.get(&key(new, &new.predicate, &new.value)).filter(|old| old.predicate != new.predicate)
        {
            let names = (old.predicate.as_str(), new.predicate.as_str());
            pairs.extend([(new.seq, names), (old.seq, names)]);
        }
    }
    pairs
}

/// A row of Oryx's count; the columns that are only differences are not read.
#[derive(Debug, Deserialize)]
pub struct Counted {
    pub country: String,
    pub equipment_type: String,
    pub type_total: u64,
    pub date_recorded: String,
}

/// Every row of Oryx's count.
pub fn counted() -> Vec<Counted> {
    let mut rows = csv::Reader::from_path(data("oryx-daily-count.csv")).unwrap();
    rows.deserialize().collect::<Result<_, _>>().unwrap()
}

/// Oryx counts what pictures show, so each of its totals is a lower bound. The day is all that is known of when a row was made: it
/// counts from the end of that day. Rows whose type is a headline with the figures in it ("Losses of ...") are left out: they repeat others.
pub fn convert_oryx(rows: &[Counted]) -> Converted {
    let mut converted = Converted::default();
    for row in rows {
        let kind = row.equipment_type.trim();
        if kind.starts_with("Losses ") {
            converted.left_out += 1;
            continue;
        }
        let subject =
            if row.country == "Russia" { RUSSIAN_LOSSES } else { "Ukrainian armed forces (losses, cumulative)" };
        let recorded = format!("{}T23:59:59Z", row.date_recorded);
        let line = json!({"kind": "claim", "id": format!("oryx-{}-{kind}-{}", row.country, row.date_recorded), "source": "oryx",
            "via": ["scarnecchia/oryx_data"], "subject": subject, "predicate": predicate_of_oryx(kind),
            "value": {"min": row.type_total}, "stated": row.date_recorded,
            "note": "counted from pictures: a lower bound by method", "recorder": "scarnecchia/oryx_data", "recorded": recorded});
        converted.lines.push((Instant::from_rfc3339(&recorded).unwrap(), line));
    }
    // The file is by type, not by day.
    converted.lines.sort_by_key(|(recorded, _)| *recorded);
    converted
}

/// The ministry's name for the same thing. Only these four classes are the same on both sides: the ministry's "APC" and "field artillery",
/// for example, span several of Oryx's.
fn predicate_of_oryx(kind: &str) -> &str {
    match kind {
        "Tanks" => "tank",
        "Aircraft" => "aircraft",
        "Helicopters" => "helicopter",
        "Multiple Rocket Launchers" => "MRL",
        other => other,
    }
}

/// Several histories as one, by recorded time; what has the same time keeps its order.
pub fn merge(histories: Vec<Dated>) -> Vec<String> {
    let mut all: Dated = histories.into_iter().flatten().collect();
    all.sort_by_key(|(recorded, _)| *recorded);
    all.into_iter().map(|(_, line)| line.to_string()).collect()
}
