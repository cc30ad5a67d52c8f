//! A program can be killed at any moment: by the system when memory is short, by a shutdown, by somebody's `kill -9`. What it
//! had acknowledged must be there afterwards, in its mirror as well, the ledger must open, and audit must find it sound.
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

use faults::{Chance, claim, is_wanted, runs};
use sayso_core::audit::audit;
use sayso_core::copy::{check_copy, compact};
use sayso_core::directory::{DirError, LedgerDir};
use sayso_core::entry::{Hash, Head};
use sayso_core::ledger::Ledger;
use sayso_core::machine::SystemEntropy;
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use support::batch;

/// A kind of work: its name, one step of it, and the longest time in milliseconds after which it is killed.
type Work = (&'static str, fn(&mut Worker, u64), u64);

/// Kinds of work: what is done between two acknowledgements. Those whose name begins with `mirrored` keep a mirror.
const WORK: &[Work] = &[
    ("single appends", |w, _| w.append(1), 160),
    ("imports that seal", |w, round| w.append(90 + round * 37 % 400), 160),
    ("streamed imports", |w, round| w.append(2_100 + round), 160),
    ("redactions", |w, round| w.append_and_redact(round), 160),
    ("openings", |_, _| (), 160),
    ("mirrored appends", |w, _| w.append(1), 200),
    ("mirrored imports", |w, round| w.append(90 + round * 37 % 400), 200),
    ("mirrored redactions", |w, round| w.append_and_redact(round), 300),
    ("compactions", |w, round| w.redact_and_compact(round), 600),
    ("mirrored compactions", |w, round| w.redact_and_compact(round), 600),
];

const DIR: &str = "SAYSO_TEST_KILL_DIR";
const KIND: &str = "SAYSO_TEST_KILL_KIND";

/// The process that is killed.
struct Worker {
    dir: PathBuf,
    mirror: Option<PathBuf>,
    /// `None` only while it is being compacted.
    open: Option<Ledger>,
}

impl Worker {
    fn new(dir: &Path, kind: &str) -> Self {
        let mut worker = Self { dir: dir.to_owned(), mirror: mirror_of(dir, kind), open: None };
        worker.open();
        worker
    }

    fn open(&mut self) {
        let ledger = open(&self.dir).unwrap();
        if let Some(mirror) = self.mirror.as_ref().filter(|_| ledger.mirrors().is_empty()) {
            ledger.mirror(mirror).unwrap();
        }
        self.open = Some(ledger);
    }

    fn ledger(&self) -> &Ledger {
        self.open.as_ref().unwrap()
    }

    fn append(&self, count: u64) {
        let from = self.ledger().head().size;
        let lines: Vec<String> = (from..from + count).map(claim).collect();
        let appended = self.ledger().append(&batch(&lines.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        say(&format!("ack {}", appended.head));
    }

    fn append_and_redact(&self, round: u64) {
        self.append(40);
        let index = self.ledger().head().size - 1 - round % 30;
        let redacted = self.ledger().redact(index, Text::new("a private address").unwrap(), None).unwrap();
        say(&format!("ack {}", redacted.head));
        say(&format!("gone {index}"));
    }

    fn redact_and_compact(&mut self, round: u64) {
        self.append_and_redact(round);
        self.open = None;
        let dir = LedgerDir::open(&self.dir).unwrap();
        let compacted = compact(dir, SystemClock, SystemEntropy, &|_| {}).unwrap();
        say(&format!("ack {}", compacted.head));
        self.open();
    }
}

/// Where the mirror of a ledger is, if the kind of work has one.
fn mirror_of(dir: &Path, kind: &str) -> Option<PathBuf> {
    kind.starts_with("mirrored").then(|| dir.with_extension("mirror"))
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
    let work = WORK.iter().find(|(name, ..)| *name == kind).unwrap().1;
    for round in 0.. {
        let mut worker = Worker::new(Path::new(&dir), &kind);
        for step in 0..8 {
            work(&mut worker, round * 8 + step);
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
        let names = std::fs::read_dir(dir).unwrap().map(|name| name.unwrap().file_name());
        let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("store.")).collect();
        assert!(left.is_empty(), "{what}: a compaction that was cut short left {left:?}");
    }

    /// Holds the mirror against what was acknowledged: as it is, and once it has caught up.
    fn check_mirror(&mut self, dir: &Path, mirror: &Path, what: &str) {
        let Some((size, _)) = self.heads.last_key_value() else { return };
        let found = check_copy(mirror, &|_| {}).unwrap_or_else(|e| panic!("{what}: the mirror: {e}"));
        assert!(found.head.size >= *size, "{what}: the mirror ends at {}, and {size} were acknowledged", found.head);
        let opened = LedgerDir::open(dir).unwrap();
        let audited = audit(opened.store(), &[found.head], &|_| {}).unwrap();
        assert_eq!(audited.anchored, Some(found.head), "{what}: the mirror has the ledger's entries");
        let ledger = opened.ledger(SystemClock, SystemEntropy).unwrap();
        let appended = ledger.append(&batch(&[&claim(ledger.head().size)])).unwrap_or_else(|e| panic!("{what}: {e}"));
        self.heads.insert(appended.head.size, appended.head.hash);
        for state in ledger.check_mirrors() {
            // Bundle by bundle: what is erased here is erased there.
            assert_eq!(state.head.unwrap_or_else(|e| panic!("{what}: {e}")), appended.head, "{what}");
        }
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
    for (kind, _, longest) in WORK.iter().filter(|(kind, ..)| is_wanted(kind)) {
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
            let after =
                Duration::from_micros(5_000 + chance.below(if run % 3 == 0 { 40_000 } else { longest * 1_000 }));
            acknowledged += work_and_kill(&dir, kind, after, &mut told);
            let what = format!("{kind}, run {run}, killed after {after:?}");
            told.check(&dir, &what);
            if let Some(mirror) = mirror_of(&dir, kind) {
                told.check_mirror(&dir, &mirror, &what);
            }
        }
        table.push(format!("{kind}: {each} kills, {acknowledged} acknowledgements, 0 lost"));
    }
    eprintln!("{}", table.join("\n"));
}
