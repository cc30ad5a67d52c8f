//! A comparison as text, JSON and comma-separated values.

use comfy_table::Table;
use sayso_core::event::Question;
use sayso_core::replay::Query;
use sayso_core::time::TimeZone;
use sayso_core::views::{Cell, CellState, Comparison, Finding, Relation, Row, Verdict};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::csv::{self, Sheet};
use super::json::{self, StandingJson};
use super::{table, views};
use crate::error::CliError;
use crate::meant::Meant;

/// How many findings a table shows for a question; JSON has all.
const SHOWN: usize = 3;

pub(crate) fn text(query: &Query, compared: &Comparison, meant: &Meant, zone: &TimeZone) -> String {
    let mut text = views::preface(query, &compared.replay, meant, zone);
    if compared.rows.is_empty() {
        let what = if compared.left_out.is_empty() { views::nothing(query) } else { "No conflict and no denial." };
        text.push_str(&format!("\n{what}\n"));
    } else {
        let mut rows = table::new(&["question", "value", "stated", "entries", "remarks"]);
        let mut subject = String::new();
        for row in &compared.rows {
            if subject != row.question.subject.as_str() {
                subject = row.question.subject.to_string();
                rows.add_row(table::row([subject.clone()]));
            }
            question(&mut rows, row);
        }
        table::keep_whole(&mut rows, &[0, 2]);
        text.push_str(&format!("\n{}", table::text(&rows)));
    }
    if compared.rows.iter().any(|row| row.in_words) {
        text.push_str(&table::fold(WORDS));
    }
    text.push_str(&table::fold(&counts(compared)));
    text
}

/// What is said under a table in which texts merely differ.
const WORDS: &str = "(words): the texts are not the same; whether they contradict one another is for you to read. Quotes of different people \
                     belong on questions of their own.\n";

/// The verdict of a question as people read it; a conflict of words is no shout.
fn headed(row: &Row) -> String {
    if row.in_words { "conflict (words)".into() } else { verdict(row.verdict) }
}

/// The verdict as people read it: what needs looking at stands out.
pub(crate) fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Conflict => "CONFLICT".into(),
        Verdict::Denied => "DENIED".into(),
        Verdict::Inconsistent => "INCONSISTENT".into(),
        other => other.as_str().replace('-', " "),
    }
}

fn question(rows: &mut Table, row: &Row) {
    let explained = decisive(row);
    let mut remarks: Vec<String> = explained.iter().take(SHOWN).map(|f| finding(f)).collect();
    let untold = relation(row.verdict).and_then(|relation| row.more.get(&relation)).copied().unwrap_or_default();
    let more = explained.len().saturating_sub(SHOWN) + untold;
    if more > 0 {
        remarks.push(format!("and {more} more"));
    }
    rows.add_row(table::row([
        format!("  {}", row.question.predicate),
        headed(row),
        String::new(),
        String::new(),
        remarks.join("; "),
    ]));
    let beside = row.beside.iter().map(|f| {
        let [party, _] = &f.of;
        format!("beside {}: {} ({})", party.source, f.why, f.relation.as_str().replace('-', " "))
    });
    let beside: Vec<String> = beside.take(SHOWN).collect();
    for cell in row.cells.iter().chain(&row.unattributed) {
        let standing = cell.standing.as_ref();
        let value = match cell.state {
            CellState::NothingRecorded => "nothing recorded".into(),
            CellState::TakenBack => "taken back".into(),
            _ => standing.and_then(|s| s.combined.as_ref()).map(views::value).unwrap_or_default(),
        };
        let taken = cell.taken_back.iter().flat_map(|t| &t.entries);
        let entries: Vec<u64> = standing.iter().flat_map(|s| &s.entries).chain(taken).copied().collect();
        let mut remarks = standing.map(views::remarks).unwrap_or_default();
        let apart = cell.source.is_unattributed();
        if apart {
            remarks.extend(beside.clone());
        }
        rows.add_row(table::row([
            format!("    {}{}", cell.source, if apart { " (apart: nobody is named)" } else { "" }),
            value,
            standing.and_then(|s| s.stated.as_ref()).map(|s| s.date().to_string()).unwrap_or_default(),
            views::numbers(&entries),
            remarks.join("; "),
        ]));
    }
}

/// The findings that the verdict rests on.
fn decisive(row: &Row) -> Vec<&Finding> {
    let relation = relation(row.verdict);
    // Where only words conflict, it is a denial that makes more of it.
    let is_no_figure = |f: &Finding| f.relation != Relation::Conflict || f.is_of_words();
    let with_denials = row.verdict == Verdict::Conflict && row.findings.iter().all(is_no_figure);
    let denials = row.findings.iter().filter(|f| with_denials && f.relation == Relation::Denied);
    denials.chain(row.findings.iter().filter(|f| Some(f.relation) == relation)).collect()
}

/// The relation that makes a verdict.
const fn relation(verdict: Verdict) -> Option<Relation> {
    Some(match verdict {
        Verdict::Conflict => Relation::Conflict,
        Verdict::Denied => Relation::Denied,
        Verdict::Inconsistent => Relation::Inconsistent,
        Verdict::NotCompared => Relation::NotCompared,
        Verdict::Compatible => Relation::Compatible,
        Verdict::Agreement => Relation::Agreement,
        _ => return None,
    })
}

/// A finding as a sentence with its entries.
pub(crate) fn finding(finding: &Finding) -> String {
    let [a, b] = &finding.of;
    let (first, second) = (views::numbers(&a.entries), views::numbers(&b.entries));
    match finding.stance {
        Some(_) => format!("{} {first} {} ({} {second})", a.source, finding.why, b.source),
        None => format!("{} {first} and {} {second}: {}", a.source, b.source, finding.why),
    }
}

fn counts(compared: &Comparison) -> String {
    let mut counts: std::collections::BTreeMap<Verdict, usize> = std::collections::BTreeMap::new();
    for row in &compared.rows {
        *counts.entry(row.verdict).or_default() += 1;
    }
    let list = |all: &std::collections::BTreeMap<Verdict, usize>| {
        all.iter().map(|(v, n)| format!("{n} {}", v.as_str().replace('-', " "))).collect::<Vec<_>>().join(", ")
    };
    let mut text = String::new();
    if !counts.is_empty() {
        text.push_str(&format!("Questions: {}.\n", list(&counts)));
    }
    if !compared.left_out.is_empty() {
        text.push_str(&format!("Left out by --conflicts: {}.\n", list(&compared.left_out)));
    }
    text
}

#[derive(Serialize)]
struct ComparisonJson {
    as_of: Option<String>,
    known_at: Option<String>,
    head: Value,
    known_entries: u64,
    questions: Vec<RowJson>,
    left_out: Map<String, Value>,
    asked_as: Vec<Value>,
    unknown_sources: Vec<String>,
    unknown_predicates: Vec<String>,
    did_you_mean: Vec<Value>,
    redacted: Vec<u64>,
}

#[derive(Serialize)]
struct RowJson {
    subject: String,
    predicate: String,
    verdict: &'static str,
    cells: Vec<CellJson>,
    unattributed: Option<CellJson>,
    findings: Vec<Value>,
    more_findings: Map<String, Value>,
    beside: Vec<Value>,
    more_beside: usize,
}

#[derive(Serialize)]
struct CellJson {
    source: String,
    state: &'static str,
    standing: Option<StandingJson>,
    taken_back: Option<Vec<u64>>,
}

pub(crate) fn json(query: &Query, compared: &Comparison, meant: &Meant) -> impl Serialize + use<> {
    let replay = &compared.replay;
    let rows = compared.rows.iter().map(|row| RowJson {
        subject: row.question.subject.to_string(),
        predicate: row.question.predicate.to_string(),
        verdict: row.verdict.as_str(),
        cells: row.cells.iter().map(cell).collect(),
        unattributed: row.unattributed.as_ref().map(cell),
        findings: row.findings.iter().map(finding_json).collect(),
        more_findings: row.more.iter().map(|(r, n)| (r.as_str().to_owned(), json!(n))).collect(),
        beside: row.beside.iter().map(finding_json).collect(),
        more_beside: row.more_beside,
    });
    ComparisonJson {
        as_of: query.as_of.as_ref().map(ToString::to_string),
        known_at: query.known_at.as_ref().map(ToString::to_string),
        head: json::head(replay.head),
        known_entries: replay.known_entries,
        questions: rows.collect(),
        left_out: compared.left_out.iter().map(|(v, n)| (v.as_str().to_owned(), json!(n))).collect(),
        asked_as: json::asked_as(&replay.asked_as),
        unknown_sources: replay.unknown_sources.iter().map(ToString::to_string).collect(),
        unknown_predicates: replay.unknown_predicates.iter().map(ToString::to_string).collect(),
        did_you_mean: meant.json(),
        redacted: replay.redacted.clone(),
    }
}

fn cell(cell: &Cell) -> CellJson {
    CellJson {
        source: cell.source.to_string(),
        state: cell.state.as_str(),
        standing: cell.standing.as_ref().map(json::standing),
        taken_back: cell.taken_back.as_ref().map(|t| t.entries.clone()),
    }
}

pub(crate) fn finding_json(finding: &Finding) -> Value {
    let of: Vec<Value> =
        finding.of.iter().map(|p| json!({"source": p.source.as_str(), "entries": p.entries})).collect();
    let stance = finding.stance.map(|s| s.as_str());
    json!({"relation": finding.relation.as_str(), "stance": stance, "of": of, "why": finding.why})
}

/// One row for each source on each question.
pub(crate) fn csv(query: &Query, compared: &Comparison, meant: &Meant) -> Result<(), CliError> {
    let columns = ["subject", "predicate", "verdict", "source"].into_iter().chain(csv::STANDING);
    let mut sheet = Sheet::new(columns.chain(["because", "as_of", "known_at"]))?;
    for row in &compared.rows {
        for cell in row.cells.iter().chain(&row.unattributed) {
            let all = row.findings.iter().chain(&row.beside);
            let about = all
                .filter(|f| f.of.iter().any(|p| p.source == cell.source))
                .map(|f| format!("{}: {}", f.relation.as_str(), finding(f)));
            let mut cells = vec![row.question.subject.to_string(), row.question.predicate.to_string()];
            cells.extend([row.verdict.as_str().to_owned(), cell.source.to_string()]);
            cells.extend(csv::standing(cell.state.as_str(), cell.standing.as_ref(), cell.taken_back.as_ref()));
            cells.push(csv::joined(about));
            cells.extend(csv::clocks(query));
            sheet.row(cells)?;
        }
    }
    let mut notes = views::notes(query, &compared.replay, meant);
    notes.extend(compared.rows.iter().filter(|row| row.untold() > 0).map(|row| {
        let Question { subject, predicate } = &row.question;
        let (subject, predicate) = (table::escape(subject.as_str()), table::escape(predicate.as_str()));
        format!("{subject} / {predicate}: {} more pairs of sources are not in the column `because`", row.untold())
    }));
    notes.extend(counts(compared).lines().filter(|l| l.starts_with("Left out")).map(ToOwned::to_owned));
    sheet.print(&notes)
}
