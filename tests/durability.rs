//! An acknowledged append must survive power loss, and sled's own `flush` does not see to that on Linux. The only proof is in
//! the system calls: a real sync of the file that was written, after the write and before the receipt is printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]
#![cfg(target_os = "linux")]

#[path = "support/program.rs"]
mod program;

use std::path::Path;
use std::process::Command;

use program::{SAYSO, ok};

/// The system calls of a command, one a line, or `None` without strace (the project's own checks insist on one).
fn trace(dir: &Path, args: &[&str]) -> Option<Vec<String>> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let run = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=write,pwrite64,fsync,fdatasync,sync_file_range,rename", "-o"])
        .arg(log.path())
        .arg(SAYSO)
        .arg("--ledger")
        .arg(dir)
        .args(args)
        .output();
    match run {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(e) if std::env::var_os("CI").is_some() => panic!("strace is needed: {e}"),
        Err(e) => {
            eprintln!("not run: strace is needed ({e})");
            return None;
        }
    }
    Some(std::fs::read_to_string(log.path()).unwrap().lines().map(str::to_owned).collect())
}

const APPEND: [&str; 12] = [
    "append",
    "--source",
    "yerevan",
    "--subject",
    "s",
    "--predicate",
    "p",
    "--value",
    "2",
    "--stated",
    "2023-05-12",
    "--allow-repeats",
];

/// What must be true of any acknowledged write: the last write to sled's file before the receipt is followed by a finished
/// `fdatasync` of that file, which comes before the receipt.
fn check(calls: &[String], receipt: &str) {
    let db = "/store/db>";
    let receipt =
        calls.iter().position(|c| c.contains("write(1<") && c.contains(receipt)).expect("the receipt is written");
    let before = &calls[..receipt];
    let written = before.iter().rposition(|c| c.contains("pwrite64(") && c.contains(db)).expect("sled writes its file");
    let synced = before.iter().rposition(|c| c.contains("fdatasync") && (c.contains(db) || c.contains("resumed")));
    let synced = synced.expect("a real sync, not only sync_file_range");
    assert!(written < synced, "synced at {synced}, written at {written}");
    let sync = &before[synced];
    let finished = sync.contains("= 0") && !sync.contains("unfinished");
    assert!(finished, "the sync has succeeded before the receipt: {sync}");
    assert!(!before.iter().any(|c| c.contains("/store/blobs/")), "nothing goes to files that sled does not sync");
}

#[test]
fn a_single_append_is_synced_before_its_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("ledger");
    ok(&dir, &["init"]);
    let Some(calls) = trace(&dir, &APPEND) else { return };
    check(&calls, "#0 ");
}

/// What opening wrote and cut off is on the disk before anything is read, also if nothing is appended. The engine syncs its file
/// before it writes its snapshot, and not after.
#[test]
fn opening_is_synced_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("ledger");
    ok(&dir, &["init"]);
    ok(&dir, &APPEND);
    let Some(calls) = trace(&dir, &["log"]) else { return };
    let syncs: Vec<&String> = calls.iter().filter(|c| c.contains("fsync(")).collect();
    let names = syncs.iter().position(|c| c.contains("/store/conf>")).expect("then come the names of the files");
    let before = names.checked_sub(1).map(|at| syncs[at]).expect("and the file itself before them");
    assert!(before.contains("/store/db>") && before.contains("= 0"), "{syncs:#?}");
}

#[test]
fn an_import_that_seals_syncs_its_bundles_and_then_its_head() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("claims.jsonl");
    let line = |n| {
        format!(
            "{{\"kind\":\"claim\",\"source\":\"a\",\"subject\":\"s\",\"predicate\":\"p{n}\",\"value\":{n},\"stated\":\"2023-05-12\"}}\n"
        )
    };
    std::fs::write(&file, (0..600).map(line).collect::<String>()).unwrap();
    let dir = dir.path().join("ledger");
    ok(&dir, &["init"]);
    let Some(calls) = trace(&dir, &["import", file.to_str().unwrap()]) else { return };
    check(&calls, "600 appended");
    let syncs = calls.iter().filter(|c| c.contains("fdatasync(") && c.contains("/store/db>")).count();
    assert!(syncs >= 2, "the bundles are durable before the head that makes them exist: {syncs} syncs");
}

/// The mirror's new tail is written, synced and moved into its place, and that name is synced, after the ledger has the entry and before
/// the receipt.
#[test]
fn a_mirror_is_synced_before_the_receipt() {
    let parent = tempfile::tempdir().unwrap();
    let (dir, mirror) = (parent.path().join("ledger"), parent.path().join("mirror"));
    ok(&dir, &["init"]);
    ok(&dir, &["mirror", mirror.to_str().unwrap()]);
    let Some(calls) = trace(&dir, &APPEND) else { return };
    check(&calls, "#0 ");
    let at = |what: &dyn Fn(&str) -> bool| calls.iter().position(|c| what(c)).expect("it happens");
    let ledger = calls.iter().rposition(|c| c.contains("fdatasync(") && c.contains("/store/db>")).unwrap();
    let content = at(&|c| c.contains("fsync(") && c.contains("/mirror/part-0>") && c.contains("= 0"));
    let moved = at(&|c| c.contains("rename(") && c.contains("/mirror/part-0") && c.contains("/mirror/tail"));
    let name = at(&|c| c.contains("fsync(") && c.contains("/mirror>") && c.contains("= 0"));
    let receipt = at(&|c| c.contains("write(1<") && c.contains("#0 "));
    let order = [ledger, content, moved, name, receipt];
    assert!(order.is_sorted(), "{order:?}");
}
