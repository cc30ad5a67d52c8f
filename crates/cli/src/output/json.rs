//! JSON for programs. Field names are promises: see docs/json.md.

use sayso_core::audit::Audit;
use sayso_core::entry::Head;
use sayso_core::exchange::{Draft, Exporter, value_to_json};
use sayso_core::ledger::Entry;
use sayso_core::replay::{AskedAs, Query, Replay, StanceTarget, Standing, StandingStance};
use sayso_core::value::Value as Claimed;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::meant::Meant;

/// Prints one JSON document and a line break.
pub(crate) fn print(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string(value).map_err(|e| CliError::failed(format!("could not write JSON: {e}")))?;
    super::print(&format!("{text}\n"))
}

pub(crate) fn head(head: Head) -> Value {
    json!({"size": head.size, "hash": head.hash.to_string()})
}

/// An entry: its envelope and its event, whose numbers keep their exact digits.
#[derive(Serialize)]
pub(crate) struct EntryJson {
    index: u64,
    recorded: String,
    imported_clock: bool,
    hash: String,
    redacted: bool,
    event: Option<Draft>,
}

pub(crate) fn entry(exporter: &Exporter<'_>, entry: &Entry) -> Result<EntryJson, CliError> {
    let event = exporter.draft(entry)?;
    Ok(EntryJson {
        index: entry.index(),
        recorded: entry.recorded().to_string(),
        imported_clock: entry.has_imported_clock(),
        hash: entry.hash().to_string(),
        redacted: event.is_none(),
        event,
    })
}

/// Entries of the log.
#[derive(Serialize)]
pub(crate) struct LogJson {
    pub(crate) head: Value,
    pub(crate) entries: Vec<EntryJson>,
    pub(crate) next: Option<u64>,
    pub(crate) asked_as: Vec<Value>,
}

/// One entry whole.
#[derive(Serialize)]
pub(crate) struct ShowJson {
    #[serde(flatten)]
    pub(crate) header: ShowHeader,
    pub(crate) event: Option<Draft>,
    pub(crate) reads_as: Option<Draft>,
}

/// What surrounds the event in [`ShowJson`].
#[derive(Serialize)]
pub(crate) struct ShowHeader {
    pub(crate) index: u64,
    pub(crate) recorded: String,
    pub(crate) imported_clock: bool,
    pub(crate) hash: String,
    pub(crate) previous: String,
    pub(crate) commitment: String,
    pub(crate) redacted: bool,
    pub(crate) state: &'static str,
    pub(crate) corrected_by: Vec<u64>,
    pub(crate) referred_to_by: Vec<u64>,
}

pub(crate) fn audit(audit: &Audit) -> Value {
    let findings: Vec<Value> = audit
        .findings
        .iter()
        .map(|f| json!({"index": f.index, "kind": f.problem.kind(), "problem": f.problem.to_string()}))
        .collect();
    json!({
        "sound": audit.is_sound(),
        "entries": audit.entries,
        "head": head(audit.head),
        "consistent": audit.consistent_up_to(),
        "anchored": audit.anchored.map(head),
        "imported_clock": audit.imported_clock,
        "redacted": audit.redacted,
        "findings": findings,
        "found": audit.found,
    })
}

/// The value itself keeps its exact digits: it is passed through as text.
#[derive(Serialize)]
pub(crate) struct StandingJson {
    subject: String,
    predicate: String,
    value: Option<Box<serde_json::value::RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Box<serde_json::value::RawValue>>>,
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<Vec<Option<String>>>,
    act: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acts: Option<Vec<&'static str>>,
    modality: Vec<String>,
    stated: Option<String>,
    uncertain: bool,
    order_unknown: bool,
    consistent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    entries: Vec<u64>,
    stances: Vec<Value>,
}

#[derive(Serialize)]
struct ViewJson {
    source: String,
    standings: Vec<StandingJson>,
    taken_back: Vec<Value>,
}

#[derive(Serialize)]
struct ReplayJson {
    as_of: Option<String>,
    known_at: Option<String>,
    head: Value,
    known_entries: u64,
    views: Vec<ViewJson>,
    asked_as: Vec<Value>,
    unknown_sources: Vec<String>,
    unknown_predicates: Vec<String>,
    did_you_mean: Vec<Value>,
    redacted: Vec<u64>,
}

pub(crate) fn replay(query: &Query, replay: &Replay, meant: &Meant) -> impl Serialize + use<> {
    let views = replay.views.iter().map(|view| ViewJson {
        source: view.source.to_string(),
        standings: view.standings.iter().map(standing).collect(),
        taken_back: view
            .taken_back
            .iter()
            .map(|t| json!({"subject": t.question.subject.as_str(), "predicate": t.question.predicate.as_str(), "entries": t.entries}))
            .collect(),
    });
    ReplayJson {
        as_of: query.as_of.as_ref().map(ToString::to_string),
        known_at: query.known_at.as_ref().map(ToString::to_string),
        head: head(replay.head),
        known_entries: replay.known_entries,
        views: views.collect(),
        asked_as: asked_as(&replay.asked_as),
        unknown_sources: replay.unknown_sources.iter().map(ToString::to_string).collect(),
        unknown_predicates: replay.unknown_predicates.iter().map(ToString::to_string).collect(),
        did_you_mean: meant.json(),
        redacted: replay.redacted.clone(),
    }
}

/// Names that are answered under another.
pub(crate) fn asked_as(all: &[AskedAs]) -> Vec<Value> {
    let one = |a: &AskedAs| json!({"names": a.names.as_str(), "asked": a.asked.as_str(), "shown": a.shown.as_str()});
    all.iter().map(one).collect()
}

pub(crate) fn standing(standing: &Standing) -> StandingJson {
    let combined = standing.combined.as_ref();
    let raw = |v: &Claimed| value_to_json(v);
    let acts: Vec<&'static str> = standing.acts.iter().map(|a| a.as_str()).collect();
    let (act, acts) =
        if let [act] = acts.as_slice() { (Some(*act), None) } else { (None, Some(acts).filter(|a| !a.is_empty())) };
    StandingJson {
        subject: standing.question.subject.to_string(),
        predicate: standing.question.predicate.to_string(),
        value: combined.and_then(|c| c.value.as_ref()).map(raw),
        values: combined.filter(|c| !c.values.is_empty()).map(|c| c.values.iter().map(|(v, _)| raw(v)).collect()),
        units: combined
            .filter(|c| c.values.iter().any(|(_, u)| *u != c.unit))
            .map(|c| c.values.iter().map(|(_, u)| u.as_ref().map(ToString::to_string)).collect()),
        unit: combined.and_then(|c| c.unit.as_ref()).map(ToString::to_string),
        act,
        acts,
        modality: standing.modality.iter().map(ToString::to_string).collect(),
        stated: standing.stated.as_ref().map(|s| s.date().to_string()),
        uncertain: standing.uncertain,
        order_unknown: standing.order_unknown,
        consistent: combined.and_then(|c| c.consistent),
        why: combined.and_then(|c| c.why),
        entries: standing.entries.to_vec(),
        stances: standing.stances.iter().map(stance).collect(),
    }
}

pub(crate) fn stance(stance: &StandingStance) -> Value {
    let (of, source, fate) = match &stance.target {
        StanceTarget::Claim { of, source, fate } => (Some(*of), Some(source.as_str()), Some(fate.as_str())),
        StanceTarget::Question => (None, None, None),
    };
    json!({
        "stance": stance.stance.as_str(),
        "of": of,
        "source": source,
        "fate": fate,
        "stated": stance.stated.date().to_string(),
        "uncertain": stance.stated.is_uncertain(),
        "entries": stance.entries,
    })
}
