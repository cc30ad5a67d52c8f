//! A ledger's directory, a mirror and a backup as this release wrote them, with all that its engine keeps. A program that drifts from
//! what it once wrote would be noticed by those who kept something for years, and by nobody before them.
//!
//! The files under `golden/ledger-v1` are never changed, and every later version opens them. `SAYSO_BLESS=1 cargo test` writes the
//! list of views anew, which is right only where a ruling has changed on purpose.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sayso_core::audit::audit;
use sayso_core::copy::{CopyKind, check_copy, restore, salvage};
use sayso_core::directory::LedgerDir;
use sayso_core::entry::Head;
use sayso_core::exchange::Exporter;
use sayso_core::ledger::Ledger;
use sayso_core::machine::SystemEntropy;
use sayso_core::replay::{Query, fold, replay};
use sayso_core::time::SystemClock;
use support::{add_numbered, cell, files_in, open_dir, put_back};

/// Erased in it: an entry of a sealed bundle, and one of the tail.
const ERASED: [u64; 2] = [10, 601];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/ledger-v1")
}

fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(golden().join(name)).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn head() -> Head {
    std::fs::read_to_string(golden().join("head.txt")).unwrap().trim().parse().unwrap()
}

/// A copy of the directory: the engine's file is kept packed.
fn copy_of_ledger(temp: &Path) -> PathBuf {
    let path = temp.join("ledger");
    std::fs::create_dir(&path).unwrap();
    put_back(&path, &files_in(&golden().join("ledger")));
    std::fs::write(path.join("store/db"), unpacked("ledger/store/db.gz")).unwrap();
    std::fs::remove_file(path.join("store/db.gz")).unwrap();
    path
}

fn envelope(ledger: &Ledger) -> String {
    let exporter = Exporter::new(ledger, true);
    let line = |index| exporter.draft(&ledger.entry(index).unwrap().unwrap()).unwrap().unwrap().to_json() + "\n";
    (0..ledger.head().size).map(line).collect()
}

/// What every source stood by in the end, a line each.
fn views(ledger: &Ledger) -> String {
    let query = Query::default();
    let replayed = replay(ledger, &query).unwrap();
    assert!(replayed == fold(ledger, &query).unwrap(), "the index of views says the same as the log");
    let mut lines = String::new();
    for view in &replayed.views {
        let source = view.source.as_str();
        let taken = view.taken_back.iter().map(|taken| &taken.question);
        for question in view.standings.iter().map(|standing| &standing.question).chain(taken) {
            let (subject, predicate) = (question.subject.as_str(), question.predicate.as_str());
            let cell = cell(&replayed, source, subject, predicate);
            lines.push_str(&format!("{source} | {subject} | {predicate} | {cell}\n"));
        }
    }
    lines
}

fn check(path: &Path) {
    let found = audit(LedgerDir::open(path).unwrap().store(), &[head()], &|_| {}).unwrap();
    assert_eq!((found.findings.as_slice(), found.head, found.anchored), ([].as_slice(), head(), Some(head())));
    assert_eq!(found.redacted, ERASED);
    let ledger = open_dir(path);
    assert!(envelope(&ledger).as_bytes() == unpacked("envelope.jsonl.gz"), "every entry, with its salt and hash");
    let (views, file) = (views(&ledger), golden().join("views.txt"));
    if std::env::var_os("SAYSO_BLESS").is_some() {
        std::fs::write(&file, &views).unwrap();
    }
    assert!(views == std::fs::read_to_string(file).unwrap(), "every view is as it was");
    add_numbered(&ledger, 0..300);
    drop(ledger);
    let found = audit(LedgerDir::open(path).unwrap().store(), &[head()], &|_| {}).unwrap();
    assert!(found.is_sound() && found.head.size == head().size + 300, "it goes on");
}

#[test]
fn a_directory_of_this_release_is_opened_for_ever() {
    let temp = tempfile::tempdir().unwrap();
    check(&copy_of_ledger(temp.path()));
}

#[test]
fn copies_of_this_release_are_restored_for_ever() {
    let temp = tempfile::tempdir().unwrap();
    let lines = temp.path().join("envelope.jsonl");
    std::fs::write(&lines, unpacked("envelope.jsonl.gz")).unwrap();
    for (from, kind) in [
        (golden().join("mirror"), CopyKind::Mirror),
        (golden().join("backup.gz"), CopyKind::Backup),
        (lines, CopyKind::Envelope),
    ] {
        let found = check_copy(&from, &|_| {}).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((found.kind, found.head), (kind, head()));
        let to = temp.path().join(kind.as_str());
        drop(restore(&from, &to, SystemClock, SystemEntropy, &|_| {}).unwrap_or_else(|e| panic!("{e}")));
        check(&to);
    }
}

/// Whoever finds such a directory damaged in many years has the engine of today no more than we have that of tomorrow.
#[test]
fn a_directory_of_this_release_is_read_without_its_engine() {
    let temp = tempfile::tempdir().unwrap();
    let path = copy_of_ledger(temp.path());
    let db = path.join("store/db");
    let mut bytes = std::fs::read(&db).unwrap();
    bytes[..20].fill(0); // what says where in the log the first segment belongs
    std::fs::write(&db, bytes).unwrap();
    let to = temp.path().join("saved");
    let saved = salvage(&path, &[], &to, SystemClock, SystemEntropy, &|_| {}).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((saved.head, saved.losses.as_slice()), (Some(head()), [].as_slice()), "{saved:?}");
    check(&to);
}
