//! Views as text.

use comfy_table::Table;
use sayso_core::event::{Question, StanceKind};
use sayso_core::replay::{AskedAs, Combined, Fate, Query, Replay, StanceTarget, Standing, StandingStance, View};
use sayso_core::text::Label;
use sayso_core::time::TimeZone;
use sayso_core::value::Value;

use super::table;

/// All views of a replay, with the clocks they were made by.
pub(crate) fn text(query: &Query, replay: &Replay, zone: &TimeZone) -> String {
    let mut text = clocks(query, replay, zone);
    text.push_str(&asked_as(&replay.asked_as));
    if !replay.redacted.is_empty() {
        text.push_str(&format!(
            "{} entries were redacted; nobody can tell whether they belong here.\n",
            replay.redacted.len()
        ));
    }
    for (what, names) in [("source", &replay.unknown_sources), ("predicate", &replay.unknown_predicates)] {
        for name in names {
            text.push_str(&format!("No entry has the {what} {name}: is that how it is written here?\n"));
        }
    }
    if replay.views.is_empty() {
        let what = if query.filter.is_empty() { "Nothing recorded." } else { "Nothing recorded that matches." };
        text.push_str(&format!("\n{what}\n"));
    }
    for view in &replay.views {
        text.push('\n');
        text.push_str(&one(view, query));
    }
    text
}

/// A sentence for each name that is answered under another.
pub(crate) fn asked_as(all: &[AskedAs]) -> String {
    let one = |a: &AskedAs| format!("{} is answered under {}, which it is an alias of.\n", a.asked, a.shown);
    all.iter().map(one).collect()
}

fn clocks(query: &Query, replay: &Replay, zone: &TimeZone) -> String {
    let stated = match &query.as_of {
        Some(as_of) => format!("what had been said as of {as_of} ({zone})"),
        None => "everything said".into(),
    };
    let recorded = match &query.known_at {
        Some(known_at) => {
            format!("what this ledger knew at {known_at} ({} of {} entries)", replay.known_entries, replay.head.size)
        }
        None => format!("everything known ({} entries)", replay.head.size),
    };
    format!("Stated clock: {stated}. Recorded clock: {recorded}.\n")
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
    table::keep_whole(&mut rows, &[0, 2]);
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
    format!("{title}\n{rows}\n")
}

fn value(combined: &Combined) -> String {
    let shown = match &combined.value {
        Some(value) => value,
        None => {
            let between = if combined.consistent == Some(false) { " / " } else { " and " };
            return combined.values.iter().map(|(v, u)| with_unit(v, u.as_ref())).collect::<Vec<_>>().join(between);
        }
    };
    with_unit(shown, combined.unit.as_ref())
}

fn with_unit(value: &Value, unit: Option<&Label>) -> String {
    match unit {
        Some(unit) => format!("{value} {unit}"),
        None => value.to_string(),
    }
}

fn remarks(standing: &Standing) -> Vec<String> {
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

fn stance(stance: &StandingStance) -> String {
    let verb = match stance.stance {
        StanceKind::Affirms => "affirms",
        StanceKind::Denies => "denies",
        StanceKind::PartlyAccepts => "partly accepts",
        StanceKind::Declines => "declines to comment",
    };
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

fn numbers(entries: &[u64]) -> String {
    entries.iter().map(|i| format!("#{i}")).collect::<Vec<_>>().join(" ")
}
