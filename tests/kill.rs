//! A program can be killed at any moment: by the system when memory is short, by a shutdown, by somebody's `kill -9`. What it
//! had acknowledged must be there afterwards, the ledger must open, and audit must find it sound.
//!
//! A second process does the work and reports every acknowledgement through a pipe; this one notes what it is told, kills the
//! other at a random moment (also while it is still opening the ledger), and looks at what is left. A new kind of work is one
//! more row of `WORK`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]
#![cfg(unix)]

mod faults;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use faults::{Chance, claim, runs};
use sayso_core::audit::audit;
use sayso_core::directory::{DirError, LedgerDir};
use sayso_core::entry::{Hash, Head};
use sayso_core::ledger::Ledger;
use sayso_core::machine::SystemEntropy;
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use support::batch;

/// A kind of work: its name, and one step of it.
type Work = (&'static str, fn(&Worker, u64));

/// Kinds of work: what is done between two acknowledgements.
const WORK: &[Work] = &[
    ("single appends", |w, _| w.append(1)),
    ("imports that seal", |w, round| w.append(90 + round * 37 % 400)),
    ("streamed imports", |w, round| w.append(2_100 + round)),
    ("redactions", |w, round| w.append_and_redact(round)),
    ("openings", |_, _| ()),
];

const DIR: &str = "SAYSO_TEST_KILL_DIR";
const KIND: &str = "SAYSO_TEST_KILL_KIND";

/// The process that is killed.
struct Worker {
    ledger: Ledger,
}

impl Worker {
    fn append(&self, count: u64) {
        let from = self.ledger.head().size;
        let lines: Vec<String> = (from..from + count).map(claim).collect();
        let appended = self.ledger.append(&batch(&lines.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        say(&format!("ack {}", appended.head));
    }

    fn append_and_redact(&self, round: u64) {
        self.append(40);
        let index = self.ledger.head().size - 1 - round % 30;
        let redacted = self.ledger.redact(index, Text::new("a private address").unwrap(), None).unwrap();
        say(&format!("ack {}", redacted.head));
        say(&format!("gone {index}"));
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Not a test by itself: it is what the other process runs.
#[test]
fn worker() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let kind = std::env::var(KIND).unwrap();
    let work = WORK.iter().find(|(name, _)| *name == kind).unwrap().1;
    for round in 0.. {
        let worker = Worker { ledger: open(Path::new(&dir)).unwrap() };
        for step in 0..8 {
            work(&worker, round * 8 + step);
        }
    }
}

fn open(dir: &Path) -> Result<Ledger, DirError> {
    LedgerDir::open(dir)?.ledger(SystemClock, SystemEntropy)
}

/// What the other process has acknowledged.
#[derive(Default)]
struct Told {
    heads: BTreeMap<u64, Hash>,
    gone: BTreeSet<u64>,
}

impl Told {
    fn note(&mut self, line: &str) -> bool {
        if let Some(head) = line.strip_prefix("ack ") {
            // A line that the kill cut short was no acknowledgement.
            let Ok(head) = head.trim_end().parse::<Head>() else { return false };
            self.heads.insert(head.size, head.hash);
            return true;
        }
        if let Some(index) = line.strip_prefix("gone ") {
            self.gone.extend(index.parse::<u64>().ok());
        }
        false
    }

    /// Holds the ledger against what was acknowledged.
    fn check(&self, dir: &Path, what: &str) {
        let opened = LedgerDir::open(dir).unwrap_or_else(|e| panic!("{what}: does not open: {e}"));
        assert_eq!(opened.cut(), None, "{what}");
        let ledger = opened.ledger(SystemClock, SystemEntropy).unwrap_or_else(|e| panic!("{what}: does not open: {e}"));
        drop(ledger);
        let opened = LedgerDir::open(dir).unwrap_or_else(|e| panic!("{what}: does not open again: {e}"));
        let receipts: Vec<Head> = self.heads.iter().map(|(size, hash)| Head { size: *size, hash: *hash }).collect();
        let found = audit(opened.store(), &receipts, &|_| {}).unwrap();
        assert_eq!(found.findings, [], "{what}");
        assert_eq!(found.anchored, receipts.last().copied(), "{what}: the last acknowledged entry is there");
        assert!(self.gone.is_subset(&found.redacted.iter().copied().collect()), "{what}: erased bodies stay erased");
    }
}

/// Lets the other process work until it is killed after `after`. Gives back how often it had acknowledged something.
fn work_and_kill(dir: &Path, kind: &str, after: Duration, told: &mut Told) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(KIND, kind)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let lines = std::thread::spawn(move || stdout.lines().map_while(Result::ok).collect::<Vec<_>>());
    std::thread::sleep(after);
    child.kill().unwrap(); // SIGKILL
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), None, "it was killed: {}", String::from_utf8_lossy(&output.stderr));
    lines.join().unwrap().iter().filter(|line| told.note(line)).count()
}

#[test]
fn nothing_acknowledged_is_lost_when_the_program_is_killed() {
    let mut chance = Chance::new("kill");
    let temp = tempfile::tempdir().unwrap();
    let each = runs(12, 150);
    let mut table = Vec::new();
    for (kind, _) in WORK {
        let mut acknowledged = 0;
        let mut dir = PathBuf::new();
        let mut told = Told::default();
        for run in 0..each {
            if run % 12 == 0 {
                dir = temp.path().join(format!("{kind}-{run}"));
                drop(LedgerDir::create(&dir, SystemClock, SystemEntropy).unwrap());
                told = Told::default();
            }
            // Starting takes some 20 ms: many are killed while they open, most while they write.
            let after = Duration::from_micros(5_000 + chance.below(if run % 3 == 0 { 40_000 } else { 160_000 }));
            acknowledged += work_and_kill(&dir, kind, after, &mut told);
            told.check(&dir, &format!("{kind}, run {run}, killed after {after:?}"));
        }
        table.push(format!("{kind}: {each} kills, {acknowledged} acknowledgements, 0 lost"));
    }
    eprintln!("{}", table.join("\n"));
}
