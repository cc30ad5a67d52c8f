//! What the core's tests share: a clock and a source of randomness that can be repeated, and short ways to write events.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

pub mod random;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sayso_core::exchange::{CheckOptions, Draft};
use sayso_core::ledger::{AppendError, Appended, Batch, Ledger, NewEvent};
use sayso_core::machine::Entropy;
use sayso_core::replay::{Filter, Query, Replay, replay};
use sayso_core::store::{MemoryStore, Store};
use sayso_core::text::{Label, Name};
use sayso_core::time::{AsOf, Clock, Instant, KnownAt, TimeZone};

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn at(text: &str) -> Self {
        Self(Arc::new(AtomicI64::new(Instant::from_rfc3339(text).unwrap().micros())))
    }

    pub fn set(&self, text: &str) {
        self.0.store(Instant::from_rfc3339(text).unwrap().micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Bytes that look random and are the same every time (splitmix64).
pub struct TestEntropy(AtomicU64);

impl TestEntropy {
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Choices that can be repeated.
pub struct Rng(u64);

impl Rng {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `n` (splitmix64).
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    pub fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap()
    }

    pub fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.index(all.len())]
    }
}

pub fn options() -> CheckOptions {
    CheckOptions { zone: TimeZone::UTC, numbers: true, imported_clock: true, recorder: Label::new("tester").ok() }
}

/// A line of the exchange form as a checked event.
pub fn event(line: &str) -> NewEvent {
    let draft = Draft::from_json(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    draft.check(&options()).unwrap_or_else(|e| panic!("{e}: {line}"))
}

pub fn batch(lines: &[&str]) -> Batch {
    Batch { events: lines.iter().map(|l| event(l)).collect(), ..Batch::default() }
}

/// A ledger in memory, with its clock and store.
pub struct Fixture {
    pub ledger: Ledger,
    pub clock: TestClock,
    pub store: Arc<dyn Store>,
}

impl Fixture {
    pub fn new() -> Self {
        Self::on(Arc::new(MemoryStore::default()), 1)
    }

    pub fn on(store: Arc<dyn Store>, seed: u64) -> Self {
        let clock = TestClock::at("2023-05-13T08:00:00Z");
        let ledger = Ledger::create(store.clone(), clock.clone(), TestEntropy::seeded(seed)).unwrap();
        Self { ledger, clock, store }
    }

    /// The same store, opened again.
    pub fn reopen(self) -> Self {
        let Self { ledger, clock, store } = self;
        drop(ledger);
        let ledger = Ledger::open(store.clone(), clock.clone(), TestEntropy::seeded(99)).unwrap();
        Self { ledger, clock, store }
    }

    pub fn try_add(&self, lines: &[&str]) -> Result<Appended, AppendError> {
        let appended = self.ledger.append(&batch(lines))?;
        // The index of views follows at odd moments: answers come from it, from what is posted in memory, and from both.
        if appended.head.size % 2 == 0 {
            self.ledger.index(&|_| {})?;
        }
        Ok(appended)
    }

    pub fn add(&self, lines: &[&str]) -> Appended {
        self.try_add(lines).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Appends lines given as one text.
    pub fn add_all(&self, text: &str) -> Appended {
        self.add(&text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>())
    }

    pub fn replay(&self, as_of: Option<&str>, known_at: Option<&str>) -> Replay {
        self.query(as_of, known_at, &[], "")
    }

    pub fn query(&self, as_of: Option<&str>, known_at: Option<&str>, sources: &[&str], subject: &str) -> Replay {
        let query = Query {
            as_of: as_of.map(|t| AsOf::parse(t, &TimeZone::UTC).unwrap()),
            known_at: known_at.map(|t| KnownAt::parse(t, &TimeZone::UTC).unwrap()),
            filter: Filter {
                sources: sources.iter().map(|s| Name::new(s).unwrap()).collect(),
                subject_prefixes: Name::new(subject).into_iter().collect(),
                ..Filter::default()
            },
        };
        replay(&self.ledger, &query).unwrap()
    }
}

/// The state of one cell in a few words: `-`, `2`, `>=2`, `7|6 inconsistent`, `3 & 4` (side by side), `(denies #1)`, `taken back`.
pub fn cell(replay: &Replay, source: &str, subject: &str, predicate: &str) -> String {
    let Some(view) = replay.views.iter().find(|v| v.source.as_str() == source) else { return "-".into() };
    let is = |q: &sayso_core::event::Question| q.subject.as_str() == subject && q.predicate.as_str() == predicate;
    if view.taken_back.iter().any(|t| is(&t.question)) {
        return "taken back".into();
    }
    let Some(standing) = view.standings.iter().find(|s| is(&s.question)) else { return "-".into() };
    let mut parts = Vec::new();
    if let Some(combined) = &standing.combined {
        let values: Vec<String> = combined.values.iter().map(|(v, _)| v.to_string()).collect();
        parts.push(match (&combined.value, combined.consistent) {
            (Some(value), _) => value.to_string(),
            (None, Some(false)) => format!("{} inconsistent", values.join("|")),
            (None, _) => values.join(" & "),
        });
    }
    if standing.uncertain {
        parts.push("?".into());
    }
    for stance in &standing.stances {
        let of = match &stance.target {
            sayso_core::replay::StanceTarget::Claim { of, .. } => format!(" #{of}"),
            sayso_core::replay::StanceTarget::Question => String::new(),
        };
        parts.push(format!("({}{of})", stance.stance.as_str()));
    }
    parts.join(" ")
}

/// A claim whose words compress badly, so that they stand in stored bundles as they are.
pub fn numbered(n: u64) -> String {
    let words = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        r#"{{"kind":"claim","id":"c{n}","source":"yerevan","subject":"s{}","predicate":"p","value":{n},"stated":"2023-05-12","quote":"{words:016x}"}}"#,
        n % 9
    )
}

/// Appends numbered claims.
pub fn add_numbered(ledger: &Ledger, numbers: std::ops::Range<u64>) {
    let lines: Vec<String> = numbers.map(numbered).collect();
    ledger.append(&batch(&lines.iter().map(String::as_str).collect::<Vec<_>>())).unwrap_or_else(|e| panic!("{e}"));
}

/// A ledger in a directory, as it is after every restart.
pub fn open_dir(path: &std::path::Path) -> Ledger {
    let dir = sayso_core::directory::LedgerDir::open(path).unwrap_or_else(|e| panic!("{e}"));
    dir.ledger(TestClock::at("2023-05-14T08:00:00Z"), TestEntropy::seeded(5)).unwrap_or_else(|e| panic!("{e}"))
}

/// A new ledger in a directory.
pub fn create_dir(path: &std::path::Path) -> Ledger {
    let clock = TestClock::at("2023-05-13T08:00:00Z");
    sayso_core::directory::LedgerDir::create(path, clock, TestEntropy::seeded(4)).unwrap_or_else(|e| panic!("{e}"))
}

/// Every file below a directory, by its name there, with what is in it.
pub fn files_in(dir: &std::path::Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Makes a directory again what it was when its files were read.
pub fn put_back(dir: &std::path::Path, files: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>) {
    std::fs::remove_dir_all(dir).unwrap();
    for (name, bytes) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// The files in which these bytes stand.
pub fn traces(dir: &std::path::Path, bytes: &[u8]) -> Vec<std::path::PathBuf> {
    let holds = |content: &[u8]| content.windows(bytes.len()).any(|window| window == bytes);
    files_in(dir).into_iter().filter(|(_, content)| holds(content)).map(|(name, _)| name).collect()
}
