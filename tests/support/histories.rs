//! The changes that two compilers made to their tables of official figures, and one rival count: as the files have them, and as events by
//! the mappings in `examples/mappings`. What a change means is decided there, and in `docs/decisions/0025-changes-of-a-compiler.md`.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use sayso_core::exchange::CheckOptions;
use sayso_core::ledger::NewEvent;
use sayso_core::time::{Instant, TimeZone};
use sayso_sheets::{Converter, Counts, Mapping, Sheet};
use serde::Deserialize;
use serde_json::Value;

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

/// The sets, and the mapping of each.
pub const HISTORIES: [(&str, &str); 4] = [
    ("ukraine-mod-personnel-history.jsonl.gz", "ukraine-mod-history.toml"),
    ("ukraine-mod-equipment-history.jsonl.gz", "ukraine-mod-history.toml"),
    ("gaza-daily-history.jsonl.gz", "gaza-daily-history.toml"),
    ("oryx-daily-count.csv", "oryx-daily-count.toml"),
];

/// A mapping of the examples.
pub fn mapping(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mappings").join(name)
}

/// A set through its mapping: its events, and what became of its rows.
pub fn converted(set: &str, name: &str) -> (Vec<NewEvent>, Counts) {
    let mapping =
        Mapping::parse(&std::fs::read_to_string(mapping(name)).unwrap(), name).unwrap_or_else(|e| panic!("{e}"));
    let sheet = Sheet::open(File::open(data(set)).unwrap(), set, mapping.options()).unwrap();
    let options = CheckOptions { zone: TimeZone::UTC, numbers: false, imported_clock: true, recorder: None };
    let mut events = Vec::new();
    let counts = Converter::new(&mapping, set, TimeZone::UTC).run(
        sheet,
        |draft| draft.check(&options),
        |place, event| events.push(event.unwrap_or_else(|e| panic!("{set} {place:?}: {e}"))),
    );
    (events, counts.unwrap_or_else(|e| panic!("{e:?}")))
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
