//! Views as text.

use comfy_table::Table;
use sayso_core::event::{NameKind, Question, StanceKind};
use sayso_core::replay::{AskedAs, Combined, Fate, Query, Replay, StanceTarget, Standing, StandingStance, View};
use sayso_core::text::Label;
use sayso_core::time::TimeZone;
use sayso_core::value::Value;

use super::table;
use crate::meant::Meant;

/// All views of a replay, with the clocks they were made by.
pub(crate) fn text(query: &Query, replay: &Replay, meant: &Meant, zone: &TimeZone) -> String {
    let mut text = preface(query, replay, meant, zone);
    if replay.views.is_empty() {
        text.push_str(&format!("\n{}\n", nothing(query)));
    }
    for view in &replay.views {
        text.push('\n');
        text.push_str(&one(view, query));
    }
    text
}

/// What stands above every answer: the clocks, names answered under others, what was erased, names that nobody has.
pub(crate) fn preface(query: &Query, replay: &Replay, meant: &Meant, zone: &TimeZone) -> String {
    table::fold(&format!("{}{}", clocks(query, replay, zone), notes(query, replay, meant).join("")))
}

/// What a reader has to know beside the answer, one sentence a line.
pub(crate) fn notes(query: &Query, replay: &Replay, meant: &Meant) -> Vec<String> {
    let mut notes: Vec<String> = asked_as(&replay.asked_as).lines().map(|l| format!("{l}\n")).collect();
    notes.extend(redacted(replay.redacted.len()));
    for (kind, names) in
        [(NameKind::Source, &replay.unknown_sources), (NameKind::Predicate, &replay.unknown_predicates)]
    {
        for name in names {
            let ask = meant.instead_of(kind, name);
            let ask = ask.unwrap_or_else(|| "is that how it is written here?".into());
            notes.push(format!("No entry has the {} {}: {ask}\n", kind.as_str(), table::escape(name.as_str())));
        }
    }
    for name in &query.filter.subject_prefixes {
        if let Some(ask) = meant.instead_of(NameKind::Subject, name) {
            notes.push(format!("No subject begins with {}: {ask}\n", table::escape(name.as_str())));
        }
    }
    notes
}

/// A sentence on erased entries, if there are any.
pub(crate) fn redacted(entries: usize) -> Option<String> {
    (entries > 0).then(|| format!("{entries} entries were redacted; nobody can tell whether they belong here.\n"))
}

/// What is said where nothing is shown.
pub(crate) fn nothing(query: &Query) -> &'static str {
    if query.filter.is_empty() { "Nothing recorded." } else { "Nothing recorded that matches." }
}

/// A sentence for each name that is answered under another.
pub(crate) fn asked_as(all: &[AskedAs]) -> String {
    let one = |a: &AskedAs| {
        let (asked, shown) = (table::escape(a.asked.as_str()), table::escape(a.shown.as_str()));
        format!("{asked} is answered under {shown}, which it is an alias of.\n")
    };
    all.iter().map(one).collect()
}

pub(crate) fn clocks(query: &Query, replay: &Replay, zone: &TimeZone) -> String {
    clocks_of(query, replay.known_entries, replay.head.size, zone)
}

/// Which clocks an answer was made by, of how many entries.
pub(crate) fn clocks_of(query: &Query, known_entries: u64, size: u64, zone: &TimeZone) -> String {
    let stated = match &query.as_of {
        Some(as_of) => format!("what had been said as of {as_of} ({zone})"),
        None => "everything said".into(),
    };
    format!("Stated clock: {stated}. {}\n", recorded_clock(query, known_entries, size))
}

/// How far the recorded clock goes.
pub(crate) fn recorded_clock(query: &Query, known_entries: u64, size: u64) -> String {
    let recorded = match &query.known_at {
        Some(known_at) => format!("what this ledger knew at {known_at} ({known_entries} of {size} entries)"),
        None => format!("everything known ({size} entries)"),
    };
    format!("Recorded clock: {recorded}.")
}

fn one(view: &View, query: &Query) -> String {
    let title = if view.source.is_unattributed() {
        format!("{} (nobody is named; not one voice)", view.source)
    } else {
        table::escape(view.source.as_str())
    };
    let about = if query.filter.picks_questions() || query.filter.picks_entries() { " that matches" } else { "" };
    if view.standings.is_empty() && view.taken_back.is_empty() {
        return format!("{title}\n  nothing recorded{about}\n");
    }
    let mut rows = table::new(&["question", "value", "stated", "entries", "remarks"]);
    let mut subject = String::new();
    let mut under = |rows: &mut Table, question: &Question| {
        if subject != question.subject.as_str() {
            subject = question.subject.to_string();
            rows.add_row(table::row([subject.clone()]));
        }
        format!("  {}", question.predicate)
    };
    for standing in &view.standings {
        let question = under(&mut rows, &standing.question);
        rows.add_row(table::row([
            question,
            standing.combined.as_ref().map(value).unwrap_or_default(),
            standing.stated.as_ref().map(|s| s.date().to_string()).unwrap_or_default(),
            numbers(&standing.entries),
            remarks(standing).join("; "),
        ]));
    }
    for taken in &view.taken_back {
        let question = under(&mut rows, &taken.question);
        let (entries, remark) = (numbers(&taken.entries), "taken back".to_owned());
        rows.add_row(table::row([question, String::new(), String::new(), entries, remark]));
    }
    table::keep_whole(&mut rows, &[0, 2]);
    format!("{title}\n{}", table::text(&rows))
}

pub(crate) fn value(combined: &Combined) -> String {
    let shown = match &combined.value {
        Some(value) => value,
        None => {
            let between = if combined.consistent == Some(false) { " / " } else { " and " };
            return combined.values.iter().map(|(v, u)| with_unit(v, u.as_ref())).collect::<Vec<_>>().join(between);
        }
    };
    with_unit(shown, combined.unit.as_ref())
}

pub(crate) fn with_unit(value: &Value, unit: Option<&Label>) -> String {
    match unit {
        Some(unit) => format!("{value} {unit}"),
        None => value.to_string(),
    }
}

pub(crate) fn remarks(standing: &Standing) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(why) = standing.combined.as_ref().and_then(|c| c.why) {
        remarks.push(format!("INCONSISTENT: {why}"));
    }
    let acts: Vec<&str> = standing.acts.iter().map(|a| a.as_str()).filter(|a| *a != "asserts").collect();
    if !acts.is_empty() {
        remarks.push(acts.join(", "));
    }
    remarks.extend(standing.modality.iter().map(|m| format!("\"{m}\"")));
    if standing.uncertain {
        remarks.push("date uncertain".into());
    }
    if standing.order_unknown {
        remarks.push("order within the day unknown".into());
    }
    remarks.extend(standing.stances.iter().map(stance));
    remarks
}

pub(crate) fn stance(stance: &StandingStance) -> String {
    let verb = stance.stance.in_words();
    let target = match &stance.target {
        StanceTarget::Question => String::new(),
        StanceTarget::Claim { of, source, fate } => {
            let fate = match fate {
                Fate::Stands => "",
                Fate::Replaced => ", since replaced",
                Fate::TakenBack => ", since taken back",
                Fate::CorrectedAway => ", recorded wrongly",
                Fate::NotYetStated => ", not yet stated then",
            };
            let on = if stance.stance == StanceKind::Declines { " on" } else { "" };
            format!("{on} #{of} of {source}{fate}")
        }
    };
    format!("{verb}{target} ({})", stance.stated.date())
}

pub(crate) fn numbers(entries: &[u64]) -> String {
    entries.iter().map(|i| format!("#{i}")).collect::<Vec<_>>().join(" ")
}
