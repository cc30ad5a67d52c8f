//! Two people append to one ledger at the same moment. If both got in, their entries would be chained to the same predecessor,
//! and one of them would be lost. One gets in; the other is told so, or waits if it said `--wait`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod faults;
#[path = "support/program.rs"]
mod program;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use faults::runs;
use program::sayso;
use serde_json::Value;

fn append(ledger: &Path, source: &str, value: usize, more: &[&str]) -> Output {
    let value = value.to_string();
    let claim = ["append", "--source", source, "--subject", "s", "--predicate", "p", "--value", &value];
    sayso(ledger, &[&claim, ["--stated", "2023-05-12"].as_slice(), more].concat())
}

/// The receipts that two writers got, and how many attempts were turned away.
fn compete(ledger: &Path, attempts: usize, more: &[&str]) -> (BTreeMap<String, String>, usize) {
    let writer = |source: &'static str| {
        let mut receipts = Vec::new();
        let mut refused = 0;
        for value in 0..attempts {
            let output = append(ledger, source, value, more);
            let said = String::from_utf8(output.stderr).unwrap();
            if output.status.success() {
                assert_eq!(said, "", "nothing had to be put right");
                let receipt = String::from_utf8(output.stdout).unwrap();
                let (index, hash) = receipt.trim().split_once(' ').unwrap();
                receipts.push((index.to_owned(), hash.to_owned()));
            } else {
                assert_eq!(output.status.code(), Some(3), "{said}");
                assert!(said.contains("another program is using this ledger"), "{said}");
                assert!(said.contains("--wait"), "the way out is named: {said}");
                refused += 1;
            }
        }
        (receipts, refused)
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| writer("yerevan"));
        let two = scope.spawn(|| writer("baku"));
        (one.join().unwrap(), two.join().unwrap())
    });
    let count = one.0.len() + two.0.len();
    let receipts: BTreeMap<String, String> = one.0.into_iter().chain(two.0).collect();
    assert_eq!(receipts.len(), count, "no number was given twice");
    (receipts, one.1 + two.1)
}

fn check(ledger: &Path, receipts: &BTreeMap<String, String>) {
    let audit: Value = serde_json::from_slice(&sayso(ledger, &["audit", "--format", "json"]).stdout).unwrap();
    assert_eq!(audit["sound"], true, "{audit}");
    assert_eq!(audit["entries"], receipts.len());
    for (index, hash) in receipts {
        let audit = sayso(ledger, &["audit", "--receipt", &format!("{index} {hash}")]);
        assert!(audit.status.success(), "{index} {hash}: {}", String::from_utf8_lossy(&audit.stdout));
    }
}

#[test]
fn of_two_at_once_one_is_told_or_waits_and_nothing_interleaves() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = temp.path().join("ledger");
    assert!(sayso(&ledger, &["init"]).status.success());
    let attempts = runs(12, 100);
    let (mut receipts, refused) = compete(&ledger, attempts, &["--allow-repeats"]);
    assert_eq!(receipts.len() + refused, 2 * attempts);
    check(&ledger, &receipts);
    let (more, refused_too) = compete(&ledger, attempts, &["--allow-repeats", "--wait=60"]);
    assert_eq!((more.len(), refused_too), (2 * attempts, 0), "who waits gets its turn");
    receipts.extend(more);
    check(&ledger, &receipts);
    eprintln!("{attempts} attempts each: {refused} of {} turned away; with --wait none", 2 * attempts);
}

#[test]
fn who_holds_the_ledger_is_named_and_waiting_ends() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = temp.path().join("ledger");
    assert!(sayso(&ledger, &["init"]).status.success());
    // What a program that is gone has left in the lock does not matter: only a living one can hold it.
    std::fs::write(ledger.join("lock"), "process 4000000000").unwrap();
    assert!(append(&ledger, "eu", 1, &[]).status.success());

    let held = File::options().read(true).write(true).open(ledger.join("lock")).unwrap();
    held.lock().unwrap();
    std::fs::write(ledger.join("lock"), "process 17").unwrap();
    let output = append(&ledger, "eu", 2, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("(process 17)"), "{said}");

    let begun = Instant::now();
    assert_eq!(append(&ledger, "eu", 2, &["--wait=0.3"]).status.code(), Some(3));
    assert!(begun.elapsed() >= Duration::from_millis(300), "it did wait");

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| append(&ledger, "eu", 2, &["--wait"]));
        std::thread::sleep(Duration::from_millis(300));
        drop(held);
        assert!(waiting.join().unwrap().status.success(), "it got its turn");
    });
    assert_eq!(append(&ledger, "eu", 3, &["--wait=soon"]).status.code(), Some(2));
}

/// Whoever saves a ledger, or tries the demo, waits like everybody else.
#[test]
fn salvage_and_the_demo_wait_too() {
    let temp = tempfile::tempdir().unwrap();
    let (ledger, new) = (temp.path().join("ledger"), temp.path().join("new"));
    assert!(sayso(&ledger, &["demo", ledger.to_str().unwrap()]).status.success());
    for args in [["salvage", new.to_str().unwrap()], ["demo", ledger.to_str().unwrap()]] {
        let held = File::options().read(true).write(true).open(ledger.join("lock")).unwrap();
        held.lock().unwrap();
        let output = sayso(&ledger, &args);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--wait"), "{args:?}: the way out is named");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| sayso(&ledger, &[args.as_slice(), &["--wait"]].concat()));
            std::thread::sleep(Duration::from_millis(300));
            drop(held);
            let output = waiting.join().unwrap();
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        });
    }
}
