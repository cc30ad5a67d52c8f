//! What changed, as text, JSON and comma-separated values.

use sayso_core::replay::{Query, Standing};
use sayso_core::time::TimeZone;
use sayso_core::views::{Change, ChangeKind, Clock, Diff, SourceDiff, Verdict, VerdictChange};
use serde::Serialize;
use serde_json::{Value, json};

use super::compare::{finding, finding_json, verdict};
use super::csv::{self, Sheet};
use super::json::{self, StandingJson};
use super::{table, views};
use crate::error::CliError;
use crate::meant::Meant;

/// The two moments asked about.
pub(crate) struct Moments {
    pub(crate) clock: Clock,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) before: Query,
    pub(crate) after: Query,
}

impl Moments {
    const fn clock(&self) -> &'static str {
        match self.clock {
            Clock::Stated => "stated",
            Clock::Recorded => "recorded",
        }
    }
}

pub(crate) fn text(asked: &Moments, diff: &Diff, meant: &Meant, zone: &TimeZone) -> String {
    let mut text = table::fold(&preface(asked, diff, meant, zone));
    if diff.sources.is_empty() {
        text.push_str("\nNothing changed in between.\n");
    }
    for source in &diff.sources {
        text.push('\n');
        text.push_str(&one(source));
    }
    let listed = |title: &str, all: Vec<String>| {
        if all.is_empty() { String::new() } else { table::fold(&format!("\n{title}\n{}", all.join(""))) }
    };
    text.push_str(&listed("Newly in conflict or denied", disputes(diff, true)));
    text.push_str(&listed("No longer in conflict or denied", disputes(diff, false)));
    if !diff.other_entries.is_empty() {
        let entries = views::numbers(&diff.other_entries);
        text.push_str(&table::fold(&format!("\nRecorded in between, and changing nothing shown here: {entries}\n")));
    }
    text
}

fn preface(asked: &Moments, diff: &Diff, meant: &Meant, zone: &TimeZone) -> String {
    let (from, to) = (table::escape(&asked.from), table::escape(&asked.to));
    let between = format!("from {from} to {to} ({zone})");
    let text = match asked.clock {
        Clock::Stated => {
            let pinned = match &asked.after.known_at {
                Some(at) => format!("what this ledger knew at {at}"),
                None => "everything known".into(),
            };
            let (known, all) = (diff.after.known_entries, diff.after.head.size);
            format!("Stated clock: {between}. Recorded clock stands still: {pinned} ({known} of {all} entries).\n")
        }
        Clock::Recorded => {
            let pinned = match &asked.after.as_of {
                Some(date) => format!("what had been said as of {date}"),
                None => "everything said".into(),
            };
            let (then, now) = (diff.before.known_entries, diff.after.known_entries);
            format!(
                "Recorded clock: {between}, {then} entries then and {now} now. Stated clock stands still: {pinned}.\n"
            )
        }
    };
    format!("{text}{}", views::notes(&asked.after, &diff.after, meant).join(""))
}

fn one(source: &SourceDiff) -> String {
    let mut rows = table::new(&["question", "what", "before", "after", "entries"]);
    let mut subject = String::new();
    for change in &source.changes {
        if subject != change.question.subject.as_str() {
            subject = change.question.subject.to_string();
            rows.add_row(table::row([subject.clone()]));
        }
        rows.add_row(table::row([
            format!("  {}", change.question.predicate),
            what(change),
            held(change.before.iter()),
            held(change.after.iter()),
            views::numbers(&change.entries),
        ]));
    }
    table::keep_whole(&mut rows, &[0]);
    format!("{}\n{}", table::escape(source.source.as_str()), table::text(&rows))
}

fn what(change: &Change) -> String {
    let word = match change.kind {
        ChangeKind::Said => "newly said",
        ChangeKind::Changed => "changed",
        ChangeKind::Repeated => "said again",
        ChangeKind::TookBack => "took back",
        ChangeKind::StanceTaken => "new stance",
        ChangeKind::StanceEnded => "stance ended",
        ChangeKind::Corrected => "corrected by us",
        ChangeKind::Renamed => "renamed by us",
    };
    match &change.stance {
        Some(stance) => format!("{word}: {}", views::stance(stance)),
        None => word.into(),
    }
}

fn held<'s>(standings: impl Iterator<Item = &'s Standing>) -> String {
    let values = standings.filter_map(|s| s.combined.as_ref()).map(views::value);
    values.collect::<Vec<_>>().join(" and ")
}

fn disputes(diff: &Diff, begun: bool) -> Vec<String> {
    let wanted = |v: &&VerdictChange| {
        let was = v.before.is_some_and(Verdict::is_dispute);
        let is = v.after.is_some_and(Verdict::is_dispute);
        if begun { !v.begun.is_empty() || (is && !was) } else { !v.ended.is_empty() || (was && !is) }
    };
    let word = |v: Option<Verdict>| v.map_or("nothing".into(), verdict);
    let one = |v: &VerdictChange| {
        let findings = if begun { &v.begun } else { &v.ended };
        let reasons: String = findings.iter().map(|f| format!("    {}\n", table::escape(&finding(f)))).collect();
        let (subject, predicate) = (&v.question.subject, &v.question.predicate);
        let name = table::escape(&format!("{subject} / {predicate}"));
        format!("  {name}: {} -> {}\n{reasons}", word(v.before), word(v.after))
    };
    diff.verdicts.iter().filter(wanted).map(one).collect()
}

#[derive(Serialize)]
struct DiffJson {
    clock: &'static str,
    from: String,
    to: String,
    as_of: Option<String>,
    known_at: Option<String>,
    head: Value,
    known_entries: [u64; 2],
    sources: Vec<SourceJson>,
    verdicts: Vec<Value>,
    other_entries: Vec<u64>,
    asked_as: Vec<Value>,
    unknown_sources: Vec<String>,
    unknown_predicates: Vec<String>,
    did_you_mean: Vec<Value>,
    redacted: Vec<u64>,
}

#[derive(Serialize)]
struct SourceJson {
    source: String,
    changes: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct ChangeJson {
    change: &'static str,
    ours: bool,
    subject: String,
    predicate: String,
    before: Vec<StandingJson>,
    after: Option<StandingJson>,
    stance: Option<Value>,
    entries: Vec<u64>,
}

pub(crate) fn json(asked: &Moments, diff: &Diff, meant: &Meant) -> impl Serialize + use<> {
    let sources = diff.sources.iter().map(|source| SourceJson {
        source: source.source.to_string(),
        changes: source.changes.iter().map(change).collect(),
    });
    let pinned = |on: Clock, text: Option<String>| text.filter(|_| asked.clock == on);
    DiffJson {
        clock: asked.clock(),
        from: asked.from.clone(),
        to: asked.to.clone(),
        as_of: pinned(Clock::Recorded, asked.after.as_of.as_ref().map(ToString::to_string)),
        known_at: pinned(Clock::Stated, asked.after.known_at.as_ref().map(ToString::to_string)),
        head: json::head(diff.after.head),
        known_entries: [diff.before.known_entries, diff.after.known_entries],
        sources: sources.collect(),
        verdicts: diff.verdicts.iter().map(verdict_json).collect(),
        other_entries: diff.other_entries.clone(),
        asked_as: json::asked_as(&diff.after.asked_as),
        unknown_sources: diff.after.unknown_sources.iter().map(ToString::to_string).collect(),
        unknown_predicates: diff.after.unknown_predicates.iter().map(ToString::to_string).collect(),
        did_you_mean: meant.json(),
        redacted: diff.after.redacted.clone(),
    }
}

fn change(change: &Change) -> ChangeJson {
    ChangeJson {
        change: change.kind.as_str(),
        ours: change.kind.is_ours(),
        subject: change.question.subject.to_string(),
        predicate: change.question.predicate.to_string(),
        before: change.before.iter().map(json::standing).collect(),
        after: change.after.as_ref().map(json::standing),
        stance: change.stance.as_ref().map(json::stance),
        entries: change.entries.clone(),
    }
}

fn verdict_json(v: &VerdictChange) -> Value {
    json!({
        "subject": v.question.subject.as_str(),
        "predicate": v.question.predicate.as_str(),
        "before": v.before.map(Verdict::as_str),
        "after": v.after.map(Verdict::as_str),
        "begun": v.begun.iter().map(finding_json).collect::<Vec<_>>(),
        "ended": v.ended.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

/// One row for each change; changes of verdict have no source.
pub(crate) fn csv(asked: &Moments, diff: &Diff, meant: &Meant) -> Result<(), CliError> {
    let columns =
        ["source", "subject", "predicate", "change", "ours", "before", "after", "stance", "entries", "because"];
    let mut sheet = Sheet::new(columns.into_iter().chain(["clock", "from", "to"]))?;
    let moments = [asked.clock().to_owned(), asked.from.clone(), asked.to.clone()];
    for source in &diff.sources {
        for c in &source.changes {
            let (question, stance) = (&c.question, c.stance.as_ref().map(views::stance).unwrap_or_default());
            let mut cells =
                vec![source.source.to_string(), question.subject.to_string(), question.predicate.to_string()];
            cells.extend([c.kind.as_str().to_owned(), c.kind.is_ours().to_string()]);
            cells.extend([
                held(c.before.iter()),
                held(c.after.iter()),
                stance,
                views::numbers(&c.entries),
                String::new(),
            ]);
            sheet.row(cells.into_iter().chain(moments.clone()))?;
        }
    }
    for v in &diff.verdicts {
        let word = |v: Option<Verdict>| v.map(|v| v.as_str().to_owned()).unwrap_or_default();
        let because = csv::joined(
            v.begun
                .iter()
                .map(|f| format!("begun: {}", finding(f)))
                .chain(v.ended.iter().map(|f| format!("ended: {}", finding(f)))),
        );
        let mut cells = vec![String::new(), v.question.subject.to_string(), v.question.predicate.to_string()];
        let named = v.begun.iter().chain(&v.ended).flat_map(|f| &f.of).flat_map(|p| &p.entries);
        let named: std::collections::BTreeSet<u64> = named.copied().collect();
        let entries = views::numbers(&named.into_iter().collect::<Vec<_>>());
        cells.extend([
            "verdict".to_owned(),
            String::new(),
            word(v.before),
            word(v.after),
            String::new(),
            entries,
            because,
        ]);
        sheet.row(cells.into_iter().chain(moments.clone()))?;
    }
    let mut notes = views::notes(&asked.after, &diff.after, meant);
    if !diff.other_entries.is_empty() {
        notes.push(format!("recorded in between, changing nothing shown: {}", views::numbers(&diff.other_entries)));
    }
    sheet.print(&notes)
}
