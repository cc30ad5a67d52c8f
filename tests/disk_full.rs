//! The disk runs full in the middle of an import. The program must say so in words, keep what it had acknowledged, open
//! afterwards, and go on once there is room.
//!
//! Run by root, the disk is a small one in memory. Otherwise a limit on the size of files stands in for it.

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
#[path = "support/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use faults::claims;
use program::{SAYSO, said, sayso};
use serde_json::Value;

fn entries(ledger: &Path) -> u64 {
    let output = sayso(ledger, &["audit", "--format", "json"]);
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_eq!(audit["sound"], true, "{audit}");
    audit["entries"].as_u64().unwrap()
}

/// A file system of a few megabytes; it goes away at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        mounted.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Imports until one fails. Gives back how many entries were acknowledged, and what the failed one said.
fn fill(ledger: &Path, file: &Path, step: u64) -> (u64, Output) {
    let mut acknowledged = entries(ledger);
    loop {
        std::fs::write(file, claims(acknowledged, acknowledged + step)).unwrap();
        let output = sayso(ledger, &["import", file.to_str().unwrap()]);
        if !output.status.success() {
            return (acknowledged, output);
        }
        acknowledged += step;
        assert!(acknowledged < 400_000, "a small disk does not hold this much");
    }
}

#[test]
fn a_full_disk_is_named_and_nothing_is_lost() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("claims.jsonl");
    let at = temp.path().join("disk");
    let Some(disk) = SmallDisk::mount(&at, 28) else {
        eprintln!("no small disk: mounting needs root; the limit on files is tried instead");
        return;
    };
    for step in [900, 5_000] {
        let ledger = disk.0.join(format!("ledger-{step}"));
        let filler = disk.0.join("filler");
        std::fs::write(&filler, vec![7; 14 << 20]).unwrap();
        assert!(sayso(&ledger, &["init"]).status.success());
        let (acknowledged, output) = fill(&ledger, &file, step);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains("No space left on device"), "{text}");
        assert!(!text.contains("panicked"), "{text}");

        // Room again: it opens, is sound, has what was acknowledged (the failed import may be there whole), and goes on.
        std::fs::remove_file(&filler).unwrap();
        let left = entries(&ledger);
        assert!(left == acknowledged || left == acknowledged + step, "{left} left of {acknowledged}");
        let again = sayso(&ledger, &["import", file.to_str().unwrap()]);
        assert!(again.status.success(), "{}", said(&again));
        assert_eq!(entries(&ledger), acknowledged + step);
        eprintln!("imports of {step}: full after {acknowledged} entries: {}", text.trim());
        std::fs::remove_dir_all(&ledger).unwrap();
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_like_any_other() {
    let temp = tempfile::tempdir().unwrap();
    let (ledger, file) = (temp.path().join("ledger"), temp.path().join("claims.jsonl"));
    assert!(sayso(&ledger, &["init"]).status.success());
    std::fs::write(&file, claims(0, 1_000)).unwrap();
    assert!(sayso(&ledger, &["import", file.to_str().unwrap()]).status.success());
    std::fs::write(&file, claims(1_000, 60_000)).unwrap();
    // Blocks of 512 bytes; the signal that would kill the program is ignored, so that the write fails instead.
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 12000; exec \"$@\"", "sh", SAYSO, "--ledger"])
        .arg(&ledger)
        .arg("import")
        .arg(&file)
        .output()
        .unwrap();
    let text = said(&limited);
    assert_eq!(limited.status.code(), Some(3), "{text}");
    assert!(text.contains("File too large") && !text.contains("panicked"), "{text}");
    assert_eq!(entries(&ledger), 1_000);
    let again = sayso(&ledger, &["import", file.to_str().unwrap()]);
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(entries(&ledger), 60_000);
}

/// A small disk, and where a ledger can lie on it; `None`, with a word about that, where mounting is not allowed.
fn ledger_on_a_small_disk(temp: &Path) -> Option<(SmallDisk, PathBuf)> {
    let disk = SmallDisk::mount(&temp.join("disk"), 28);
    if disk.is_none() {
        eprintln!("no small disk: mounting needs root");
    }
    disk.map(|disk| {
        let ledger = disk.0.join("ledger");
        (disk, ledger)
    })
}

/// A disk is full, and the log of a ledger on it is torn as a crash leaves it. What is going to be cut off cannot be kept: then nothing
/// is cut off, and the message says what to do.
#[test]
fn a_torn_log_on_a_full_disk_waits_for_room() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("claims.jsonl");
    let Some((disk, ledger)) = ledger_on_a_small_disk(temp.path()) else { return };
    let db = ledger.join("store/db");
    assert!(sayso(&ledger, &["init"]).status.success());
    let mut lengths = vec![];
    for (from, to) in [(0, 700), (700, 800)] {
        std::fs::write(&file, claims(from, to)).unwrap();
        assert!(sayso(&ledger, &["import", file.to_str().unwrap()]).status.success());
        lengths.push(std::fs::read(&db).unwrap());
    }
    // The first byte that the second import wrote, give or take.
    let at = lengths[1].iter().zip(&lengths[0]).position(|(new, old)| new != old).unwrap() + 10;
    let mut torn = lengths[1].clone();
    torn[at] ^= 1;
    std::fs::write(&db, &torn).unwrap();
    let filler = disk.0.join("filler");
    let mut fill = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write(&mut fill, &[7; 4096]).is_ok_and(|n| n > 0) {}
    drop(fill); // or its room would not come back
    for command in ["replay", "audit", "log"] {
        let output = sayso(&ledger, &[command]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(3), "{text}");
        for words in [
            "the end of the store's log is torn",
            "torn-db",
            "No space left on device",
            "nothing was touched",
            "make room",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(std::fs::read(&db).unwrap() == torn, "nothing was touched");
    }
    std::fs::remove_file(&filler).unwrap();
    let output = sayso(&ledger, &["audit"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("800 entries of this ledger were acknowledged"));
    let saved = temp.path().join("saved");
    let output = sayso(&ledger, &["salvage", saved.to_str().unwrap()]);
    assert!(entries(&saved) >= 700, "{}", said(&output));
}

/// Evidence is copied to a disk that takes no writes, or mounted so. It can be salvaged from there.
#[test]
fn a_ledger_on_a_disk_that_takes_no_writes_can_be_salvaged() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("claims.jsonl");
    let Some((disk, ledger)) = ledger_on_a_small_disk(temp.path()) else { return };
    assert!(sayso(&ledger, &["init"]).status.success());
    std::fs::write(&file, claims(0, 700)).unwrap();
    assert!(sayso(&ledger, &["import", file.to_str().unwrap()]).status.success());
    let mut remount = Command::new("mount");
    assert!(remount.args(["-o", "remount,ro"]).arg(&disk.0).status().unwrap().success());
    let saved = temp.path().join("saved");
    let output = sayso(&ledger, &["salvage", saved.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(entries(&saved), 700);
}
