//! The power goes, and the store's contract is only as good as what the engine really wrote. So its own file is taken apart:
//! what the program wrote is read from its system calls, and of every write since the last sync of that file some are kept,
//! some dropped and some cut, in whatever order. What had been acknowledged before must be there all the same.

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

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use faults::{Chance, claims, copy_dir, has_strace, run, runs};
use program::{SAYSO, sayso};
use serde_json::Value;

/// How much a disk writes whole.
const SECTOR: u64 = 512;
/// What is done, one command after the other: an import of so many claims.
const WORK: [u64; 7] = [40, 1, 1, 300, 1, 2_100, 1];

/// What happened to the engine's file, in order.
enum Event {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    SyncBegins,
    SyncEnds,
    /// The new snapshot got its name, and that name became durable.
    Renamed,
    NamesSynced,
    /// The receipt was printed.
    Acknowledged,
}

/// Runs a command under strace; `None` without strace (the project's own checks insist on one).
fn trace(ledger: &Path, file: &Path, calls: &Path) -> Option<Vec<Event>> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-xx", "-s", "9000000", "-e", "trace=pwrite64,fsync,fdatasync,rename,write", "-o"]);
    strace.arg(calls).arg(SAYSO).arg("--ledger").arg(ledger).arg("import").arg(file);
    if !has_strace() {
        return None;
    }
    let output = run(strace, Duration::from_secs(60)).expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(events(&std::fs::read_to_string(calls).unwrap()))
}

fn events(text: &str) -> Vec<Event> {
    let mut syncing = BTreeSet::new();
    text.lines().filter_map(|line| event(line, &mut syncing)).collect()
}

/// What a line tells. `syncing`: the threads whose sync of the engine's file has begun and not ended.
fn event<'a>(line: &'a str, syncing: &mut BTreeSet<&'a str>) -> Option<Event> {
    let (thread, call) = line.split_once(' ')?;
    let call = call.trim_start();
    let is = |path: &str| call.contains(&(hexed(path) + ">"));
    let is_db = || is("/store/db");
    if call.starts_with("pwrite64(") && is_db() {
        let mut quoted = call.split('"');
        let bytes = hex(quoted.nth(1)?);
        let at = quoted.next()?.trim_start_matches(", ").split(", ").nth(1)?;
        let digits: String = at.chars().take_while(char::is_ascii_digit).collect();
        return Some(Event::Write { at: digits.parse().ok()?, bytes });
    }
    let sync = call.starts_with("fdatasync(") || call.starts_with("fsync(");
    if sync && is_db() {
        if call.ends_with("<unfinished ...>") {
            syncing.insert(thread);
            return Some(Event::SyncBegins);
        }
        return call.contains("= 0").then_some(Event::SyncEnds);
    }
    // The line does not say of which file: other threads sync others at the same time.
    if call.contains("sync resumed>") && syncing.remove(thread) {
        return call.contains("= 0").then_some(Event::SyncEnds);
    }
    if sync && is("/store") {
        return Some(Event::NamesSynced);
    }
    if call.starts_with("rename(") {
        return Some(Event::Renamed);
    }
    (call.starts_with("write(1<")).then_some(Event::Acknowledged)
}

/// A text as strace writes it when it is told to write everything in hexadecimal.
fn hexed(text: &str) -> String {
    text.bytes().map(|b| format!("\\x{b:02x}")).collect()
}

/// Bytes from `\x01\xab...`.
fn hex(text: &str) -> Vec<u8> {
    let digit = |b: u8| (b as char).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks_exact(4).map(|c| digit(c[2]) << 4 | digit(c[3])).collect()
}

fn write(image: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if image.len() < at + bytes.len() {
        image.resize(at + bytes.len(), 0);
    }
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

fn snapshot(store: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(store).unwrap().map(|f| f.unwrap().path());
    files.filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("snap.")).max()
}

/// One command, and the directory as it was before and after it.
struct Step<'a> {
    before: &'a Path,
    after: &'a Path,
    events: &'a [Event],
    entries: (u64, u64),
}

impl Step<'_> {
    /// The directory as the power may have left it after the first `moment` events, held against what was acknowledged.
    fn crash(&self, moment: usize, scratch: &Path, chance: &mut Chance) {
        let past = &self.events[..moment];
        // What was written before a sync began is durable once it has ended.
        let ended = past.iter().rposition(|e| matches!(e, Event::SyncEnds));
        let durable = ended.map_or(0, |end| {
            let begun = past[..end].iter().rposition(|e| matches!(e, Event::SyncBegins | Event::SyncEnds));
            begun.filter(|b| matches!(past[*b], Event::SyncBegins)).unwrap_or(end)
        });
        let mut image = std::fs::read(self.before.join("store/db")).unwrap();
        for (at, event) in past.iter().enumerate() {
            let Event::Write { at: place, bytes } = event else { continue };
            let kept = match (at < durable, chance.below(3)) {
                (true, _) | (false, 0) => bytes.len(),
                (false, 1) => 0,
                _ => (chance.below(bytes.len() as u64) / SECTOR * SECTOR) as usize,
            };
            write(&mut image, *place, &bytes[..kept]);
        }
        let _ = std::fs::remove_dir_all(scratch);
        copy_dir(self.before, scratch);
        std::fs::write(scratch.join("store/db"), image).unwrap();
        let renamed = past.iter().position(|e| matches!(e, Event::Renamed));
        let named = renamed.is_some_and(|at| past[at..].iter().any(|e| matches!(e, Event::NamesSynced)));
        if named || renamed.is_some() && chance.below(2) == 0 {
            let (old, new) = (snapshot(&scratch.join("store")), snapshot(&self.after.join("store")).unwrap());
            if let Some(old) = old {
                std::fs::remove_file(old).unwrap();
            }
            std::fs::copy(&new, scratch.join("store").join(new.file_name().unwrap())).unwrap();
        }
        let acknowledged = past.iter().any(|e| matches!(e, Event::Acknowledged));
        if acknowledged {
            std::fs::copy(self.after.join("acknowledged"), scratch.join("acknowledged")).unwrap();
        }
        let what = format!("{} entries, event {moment} of {}", self.entries.0, self.events.len());
        // Opened for writing first, as the next command would.
        let replay = sayso(scratch, &["log", "--limit", "1"]);
        assert!(replay.status.success(), "{what}: {}", String::from_utf8_lossy(&replay.stderr));
        let audit = sayso(scratch, &["audit", "--format", "json"]);
        let said = String::from_utf8_lossy(&audit.stderr).into_owned();
        let audit: Value = serde_json::from_slice(&audit.stdout).unwrap_or_else(|_| panic!("{what}: {said}"));
        assert_eq!(audit["sound"], true, "{what}: {audit}");
        let entries = audit["entries"].as_u64().unwrap();
        let least = if acknowledged { self.entries.1 } else { self.entries.0 };
        assert!(entries >= least && entries <= self.entries.1, "{what}: {entries} entries are left");
    }
}

/// Two threads sync at the same time. Only the end of the sync of the engine's own file makes what was written to it durable.
#[test]
fn the_end_of_another_files_sync_is_not_the_end_of_this_ones() {
    let [db, other] = ["/tmp/l/store/db", "/tmp/l/store/snap.1"].map(hexed);
    let lines = [
        format!("12  fdatasync(7<{db}> <unfinished ...>"),
        format!("13  fsync(8<{other}> <unfinished ...>"),
        "13  <... fsync resumed>)                = 0".into(),
        "12  <... fdatasync resumed>)            = 0".into(),
        "12  <... fdatasync resumed>)            = 0".into(),
        format!("13  fdatasync(7<{db}> <unfinished ...>"),
        "13  <... fdatasync resumed>)            = -1 EIO (Input/output error)".into(),
        format!("12  fdatasync(7<{db}>)           = 0"),
    ];
    let began_or_ended: String = events(&lines.join("\n"))
        .iter()
        .map(|event| match event {
            Event::SyncBegins => 'b',
            Event::SyncEnds => 'e',
            _ => '?',
        })
        .collect();
    assert_eq!(began_or_ended, "bebe");
}

#[test]
fn what_the_engine_had_not_synced_was_not_acknowledged() {
    let mut chance = Chance::new("power loss in the engine's file");
    let temp = tempfile::tempdir().unwrap();
    let path = |name: &str| temp.path().join(name);
    let (ledger, before, file) = (path("ledger"), path("before"), path("claims.jsonl"));
    assert!(sayso(&ledger, &["init"]).status.success());
    let (mut entries, mut points) = (0, 0);
    for count in WORK {
        let _ = std::fs::remove_dir_all(&before);
        copy_dir(&ledger, &before);
        std::fs::write(&file, claims(entries, entries + count)).unwrap();
        let Some(events) = trace(&ledger, &file, &path("calls")) else { return };
        assert!(events.iter().any(|e| matches!(e, Event::SyncEnds)), "syncs are seen");
        assert!(matches!(events.last(), Some(Event::Acknowledged | Event::Write { .. } | Event::SyncEnds)));
        let step = Step { before: &before, after: &ledger, events: &events, entries: (entries, entries + count) };
        for _ in 0..runs(5, 60) {
            let moment = chance.below(events.len() as u64 + 1) as usize;
            step.crash(moment, &path("crash"), &mut chance);
            points += 1;
        }
        entries += count;
    }
    eprintln!("{points} crash points: 0 lost");
}
