//! Any call to the system can fail, or be the last thing that happens before the power goes. For every call of an append and
//! of a sealing import that writes anything, one run each with that call failing (`EIO`, `ENOSPC`) and one with the program
//! dying in it. Afterwards the ledger opens, audit finds it sound, nothing acknowledged is missing, and the same command run
//! again succeeds.
//!
//! strace breaks the calls. It counts them thread by thread, so "the third write" is the third of whichever thread. A new kind
//! of work is one more row of `WORK`. Every day a choice of the calls is tried, with `SAYSO_EXHAUSTIVE=1` all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]
#![cfg(target_os = "linux")]

mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use faults::{Chance, claims, command, copy_dir, exhaustive, run};
use serde_json::Value;

const SAYSO: &str = env!("CARGO_BIN_EXE_sayso");
const LIMIT: Duration = Duration::from_secs(60);
/// The calls that change anything, or without which nothing can be changed.
const CALLS: &str = "openat,write,pwrite64,writev,fsync,fdatasync,sync_file_range,rename,renameat2,ftruncate,unlink,mkdir,\
                     fallocate";
const FAULTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=KILL"];

/// Kinds of work: arguments (`FILE` is a file with as many claims as the number says), and how many entries come of it.
const WORK: &[(&str, &[&str], u64)] = &[
    (
        "append",
        &["append", "--source", "eu", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023-05-12"],
        1,
    ),
    ("seal", &["import", "FILE"], 300),
];
/// Entries that are there before.
const BEFORE: u64 = 210;

struct Bench {
    temp: tempfile::TempDir,
}

impl Bench {
    /// A ledger with a tail, which had been opened before.
    fn new() -> Self {
        let bench = Self { temp: tempfile::tempdir().unwrap() };
        let ledger = bench.path("fresh");
        assert!(command(SAYSO, &ledger, &["init"]).output().unwrap().status.success());
        for (from, to) in [(0, BEFORE - 10), (BEFORE - 10, BEFORE)] {
            let file = bench.file(from, to);
            let output = command(SAYSO, &ledger, &["import", file.to_str().unwrap()]).output().unwrap();
            assert!(output.status.success());
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn file(&self, from: u64, to: u64) -> PathBuf {
        let file = self.path("claims.jsonl");
        std::fs::write(&file, claims(from, to)).unwrap();
        file
    }

    /// A ledger as it was.
    fn ledger(&self) -> PathBuf {
        let ledger = self.path("ledger");
        let _ = std::fs::remove_dir_all(&ledger);
        copy_dir(&self.path("fresh"), &ledger);
        ledger
    }

    fn strace(&self, ledger: &Path, options: &[&str], args: &[&str]) -> Option<Output> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-y", "-o"]).arg(self.path("calls")).args(options);
        strace.arg(SAYSO).arg("--ledger").arg(ledger).args(args);
        run(strace, LIMIT)
    }
}

/// Which calls on the ledger's files there are: by name, and counted within their threads.
fn calls(bench: &Bench, args: &[&str]) -> BTreeSet<(String, usize)> {
    let ledger = bench.ledger();
    let output = bench.strace(&ledger, &["-e", &format!("trace={CALLS}")], args).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(bench.path("calls")).unwrap();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let Some((name, rest)) = call.trim_start().split_once('(').filter(|(name, _)| !name.contains(' ')) else {
            continue;
        };
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        if rest.contains(ledger.to_str().unwrap()) || rest.starts_with("1<") {
            found.insert((name.to_owned(), *count));
        }
    }
    found
}

fn audit(ledger: &Path) -> Result<u64, String> {
    let output = command(SAYSO, ledger, &["audit", "--format", "json"]).output().unwrap();
    let audit: Value =
        serde_json::from_slice(&output.stdout).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    if audit["sound"] == true { Ok(audit["entries"].as_u64().unwrap()) } else { Err(audit.to_string()) }
}

/// Runs the work with one fault, and looks at what is left. Gives back what became of it, in a word.
fn one(bench: &Bench, args: &[&str], adds: u64, call: &(String, usize), fault: &str) -> &'static str {
    let what = format!("{} with the {}. {} failing by {fault}", args[0], call.1, call.0);
    let ledger = bench.ledger();
    let inject = format!("inject={}:{fault}:when={}", call.0, call.1);
    let output = bench.strace(&ledger, &["-e", &inject], args).unwrap_or_else(|| panic!("{what}: does not end"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{what}: {said}");
    let acknowledged = if output.status.success() && !output.stdout.is_empty() { adds } else { 0 };
    if !output.status.success() && !fault.starts_with("signal") {
        assert!(said.contains("sayso: "), "{what}: it says nothing: {said}");
    }
    let left = audit(&ledger).unwrap_or_else(|e| panic!("{what}: {e}\nit had said: {said}"));
    assert!(left == BEFORE + acknowledged || left == BEFORE + adds, "{what}: {left} entries left. It had said: {said}");
    let again = command(SAYSO, &ledger, args).output().unwrap();
    assert!(again.status.success(), "{what}, again: {}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(audit(&ledger), Ok(BEFORE + adds), "{what}, again");
    match (acknowledged > 0, left > BEFORE) {
        (true, _) => "acknowledged, and there",
        (false, true) => "not acknowledged, and there",
        (false, false) => "not acknowledged, and not there",
    }
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    if let Err(e) = Command::new("strace").arg("-V").output() {
        assert!(std::env::var_os("CI").is_none(), "strace is needed: {e}");
        eprintln!("not run: strace is needed ({e})");
        return;
    }
    let mut chance = Chance::new("syscalls");
    let bench = Bench::new();
    for (name, args, adds) in WORK {
        let file = bench.file(BEFORE, BEFORE + adds);
        let args: Vec<&str> = args.iter().map(|a| if *a == "FILE" { file.to_str().unwrap() } else { a }).collect();
        let calls = calls(&bench, &args);
        for must in ["openat", "pwrite64", "fdatasync", "rename"] {
            assert!(calls.iter().any(|(name, _)| name == must), "{name}: no {must} among {calls:?}");
        }
        let mut table: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for call in &calls {
            for fault in FAULTS {
                // Every day a tenth of them, but every call that makes something durable.
                let must = call.0 == "fdatasync";
                if exhaustive() || must || chance.below(10) == 0 {
                    *table.entry((fault, one(&bench, &args, *adds, call, fault))).or_default() += 1;
                }
            }
        }
        eprintln!("{name}: {} calls", calls.len());
        for ((fault, outcome), count) in table {
            eprintln!("{count:5} {fault}: {outcome}");
        }
    }
}
