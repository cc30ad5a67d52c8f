//! Eventful histories: random ones of some bundles and a tail, in which everything happens to everything, and questions about them. Each is
//! made of its seed alone.
#![allow(dead_code, unreachable_pub, clippy::print_stderr, reason = "each test uses its part")]

use std::time::{SystemTime, UNIX_EPOCH};

use sayso_core::replay::{Filter, Query};
use sayso_core::text::{Label, Name, Text};
use sayso_core::time::{AsOf, KnownAt, TimeZone};
use serde_json::{Value, json};

use crate::support::{Fixture, Rng};

/// Does something with so many histories, on all cores; `SAYSO_HISTORIES` changes their number, `SAYSO_SEED` repeats a run. Gives
/// back how many there were, and what came of each.
pub fn each_of<T: Send>(histories: u64, one: impl Fn(u64) -> T + Sync) -> (u64, Vec<T>) {
    let first = from_environment("SAYSO_SEED")
        .unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()) << 20);
    let histories = from_environment("SAYSO_HISTORIES").unwrap_or(histories);
    eprintln!("{histories} histories from SAYSO_SEED={first} on; SAYSO_HISTORIES=1 repeats one");
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let run = |thread: u64| (thread..histories).step_by(threads as usize).map(|n| one(first + n)).collect();
    let done = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || -> Vec<T> { run(thread) })).collect();
        all.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    (histories, done)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Few names, so that everything meets everything.
pub const SOURCES: [&str; 5] = ["a", "a/x", "a/y", "b", "unattributed"];
pub const SUBJECTS: [&str; 4] = ["s", "s1", "s12", "t"];
pub const PREDICATES: [&str; 3] = ["p", "q", "r"];
const TAGS: [&str; 2] = ["night", "front"];
const CARRIERS: [&str; 2] = ["afp", "tass"];

/// A date on the stated clock: days, hours, months, doubts, gaps, ties.
fn date(rng: &mut Rng) -> String {
    let day = 1 + rng.below(9);
    match rng.below(10) {
        0 => format!("2023-05-0{day}?"),
        1 => format!("2023-05-0{day}T{:02}:00:00+04:00", rng.below(24)),
        2 => format!("2023-05-0{day}T{:02}:30:00Z", rng.below(24)),
        3 => "2023-05".into(),
        4 => format!("../2023-05-0{day}"),
        5 => format!("2023-04-30/2023-05-0{day}~"),
        _ => format!("2023-05-0{day}"),
    }
}

fn value(rng: &mut Rng) -> Value {
    match rng.below(9) {
        0 => json!({"min": rng.below(4)}),
        1 => json!({"max": rng.below(4)}),
        2 => json!({"approx": 2}),
        3 => json!({"unknown": true}),
        4 => json!({"none": true}),
        5 => json!(["yes, they say", "no"][rng.index(2)]),
        _ => json!(rng.below(4)),
    }
}

fn statement(rng: &mut Rng, kind: &str) -> Value {
    let mut line = json!({"kind": kind, "source": rng.pick(&SOURCES), "stated": date(rng)});
    if rng.below(4) == 0 {
        line["via"] = json!([rng.pick(&CARRIERS)]);
    }
    line
}

pub fn claim(rng: &mut Rng) -> Value {
    let mut line = statement(rng, "claim");
    line["subject"] = json!(rng.pick(&SUBJECTS));
    line["predicate"] = json!(rng.pick(&PREDICATES));
    line["value"] = value(rng);
    if rng.below(3) == 0 {
        line["unit"] = json!(["people", "tanks"][rng.index(2)]);
    }
    if rng.below(8) == 0 {
        line["act"] = json!("forecasts");
        line["modality"] = json!("very likely");
    }
    line
}

/// An event that may or may not be let in: whoever writes histories at random is refused often.
fn anything(rng: &mut Rng, size: u64, written: &[Value]) -> Value {
    // Near the end, so that corrections of corrections and stances on stances come about.
    let of = |rng: &mut Rng| {
        let far = if rng.below(2) == 0 { 6 } else { size.max(1) };
        size.saturating_sub(1 + rng.below(far))
    };
    let mut line = match rng.below(20) {
        0..=1 => {
            let mut line = statement(rng, "stance");
            line["stance"] = json!(rng.pick(&["affirms", "denies", "partly-accepts", "declines"]));
            if rng.below(2) == 0 {
                line["of"] = json!(format!("#{}", of(rng)));
            } else {
                line["subject"] = json!(rng.pick(&SUBJECTS));
                line["predicate"] = json!(rng.pick(&PREDICATES));
            }
            line
        }
        2 => {
            let mut line = statement(rng, "retraction");
            let of = of(rng);
            line["of"] = json!(format!("#{of}"));
            if let Some(source) =
                written.get(usize::try_from(of).unwrap()).map(|w| &w["source"]).filter(|s| !s.is_null())
            {
                line["source"] = source.clone();
            }
            line
        }
        3..=5 => {
            let of = of(rng);
            let old = written.get(usize::try_from(of).unwrap()).cloned().unwrap_or(Value::Null);
            let replacement = match old["kind"].as_str() {
                _ if rng.below(3) == 0 => Value::Null,
                Some("claim") => claim(rng),
                Some("stance") => {
                    let mut new = old.clone();
                    new["stated"] = json!(date(rng));
                    new["source"] = json!(rng.pick(&SOURCES));
                    new
                }
                Some("correction") => {
                    let mut new = old.clone();
                    if new["replacement"]["kind"] == "claim" {
                        new["replacement"] = claim(rng);
                    } else {
                        new["replacement"] = Value::Null;
                    }
                    new
                }
                Some("alias") => {
                    let mut new = old.clone();
                    new["to"] = json!(rng.pick(&SUBJECTS));
                    new
                }
                _ => Value::Null,
            };
            let mut replacement = replacement;
            if let Some(fields) = replacement.as_object_mut() {
                fields.remove("recorder");
            }
            json!({"kind": "correction", "of": format!("#{of}"), "replacement": replacement, "reason": "typing error"})
        }
        6 if rng.below(12) == 0 => {
            let (names, all): (&str, &[&str]) = match rng.below(3) {
                0 => ("source", &SOURCES),
                1 => ("subject", &SUBJECTS),
                _ => ("predicate", &PREDICATES),
            };
            json!({"kind": "alias", "names": names, "from": rng.pick(all), "to": rng.pick(all)})
        }
        7 => json!({"kind": "note", "of": format!("#{}", of(rng)), "text": "seen twice"}),
        _ => claim(rng),
    };
    if rng.below(5) == 0 {
        line["tags"] = json!([rng.pick(&TAGS)]);
    }
    if rng.below(2) == 0 {
        line["recorder"] = json!(rng.pick(&["ani", "ben"]));
    }
    line
}

/// A history of some bundles and a tail, with entries erased here and there.
pub struct History {
    pub fixture: Fixture,
    pub written: Vec<Value>,
}

impl History {
    pub fn new(rng: &mut Rng) -> Self {
        let mut history = Self { fixture: Fixture::new(), written: vec![] };
        let size = 256 + rng.below(300);
        let mut clock = 0;
        while (history.written.len() as u64) < size {
            let mut pending = Vec::new();
            for _ in 0..1 + rng.below(40) {
                pending.push(anything(rng, history.written.len() as u64, &history.written));
            }
            clock += rng.below(3);
            history.fixture.clock.set(&format!("2023-06-01T{:02}:{:02}:00Z", 1 + clock / 60 % 20, clock % 60));
            for line in pending {
                history.try_append(line);
            }
            if rng.below(30) == 0 {
                history.redact(rng);
            }
        }
        history
    }

    fn try_append(&mut self, line: Value) {
        let Ok(appended) = self.fixture.try_add(&[&line.to_string()]) else { return };
        if appended.head.size as usize > self.written.len() {
            self.written.push(line);
        }
    }

    fn redact(&mut self, rng: &mut Rng) {
        let index = rng.below(self.written.len().max(1) as u64);
        if self.fixture.ledger.redact(index, Text::new("asked to").unwrap(), None).is_ok() {
            self.written.push(json!({"kind": "redaction"}));
        }
    }
}

/// A question: both clocks, and a filter.
pub fn query(rng: &mut Rng) -> Query {
    let as_of = match rng.below(5) {
        0 => None,
        1 => Some("2023-05".to_owned()),
        2 => Some(format!("2023-05-0{}T{:02}:00:00Z", 1 + rng.below(9), rng.below(24))),
        _ => Some(format!("2023-05-0{}", 1 + rng.below(9))),
    };
    let known_at = (rng.below(2) == 0).then(|| format!("2023-06-01T{:02}:{:02}:00Z", 1 + rng.below(2), rng.below(60)));
    let mut filter = Filter::default();
    let name = |s: &str| Name::new(s).unwrap();
    let label = |s: &str| Label::new(s).unwrap();
    if rng.below(2) == 0 {
        filter
            .sources
            .extend((0..1 + rng.below(2)).map(|_| name(rng.pick(&["a", "a/x", "b", "unattributed", "nobody"]))));
    }
    if rng.below(3) == 0 {
        filter.subject_prefixes.extend((0..1 + rng.below(2)).map(|_| name(rng.pick(&["s", "s1", "s12", "t", "u"]))));
    }
    if rng.below(4) == 0 {
        filter.predicates.push(name(rng.pick(&["p", "q", "z"])));
    }
    match rng.below(8) {
        0 => filter.tags.push(label(rng.pick(&TAGS))),
        1 => filter.recorders.push(label("ani")),
        2 => filter.via.push(label(rng.pick(&CARRIERS))),
        _ => {}
    }
    Query {
        as_of: as_of.map(|t| AsOf::parse(&t, &TimeZone::UTC).unwrap()),
        known_at: known_at.map(|t| KnownAt::parse(&t, &TimeZone::UTC).unwrap()),
        filter,
    }
}
