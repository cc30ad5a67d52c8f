//! The power goes while a mirror is written, a body is erased, or the store is written anew. Then the names of files matter as much as
//! what is in them: a file that was renamed may have its old name again, a directory that was removed may be back.
//!
//! What the program did to its files is read from its system calls, for the ledger's directory and its mirror together. At any
//! moment what was synced is there; of writes to a file since its last sync each is kept, dropped, or cut at a sector; of changes of names
//! since their directory was synced the first few are kept, in the order in which they were made, as file systems with a journal
//! do. What had been acknowledged must be there all the same, in the ledger and in the mirror.

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

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use faults::{Chance, claims, copy_dir, has_strace, run, runs};
use program::{SAYSO, command, said};
use serde_json::Value;

const CALLS: &str = "openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,unlink,unlinkat,rmdir,mkdir";
/// How much a disk writes whole.
const SECTOR: u64 = 512;

/// What is done, one command after the other (`FILE` has as many claims as the number says), and how many entries come of it.
const WORK: &[(&[&str], u64)] = &[
    (&["import", "FILE"], 40),
    (&["import", "FILE"], 300),
    (&["redact", "#3", "--reason", "by order"], 1),
    (&["compact"], 0),
    (&["import", "FILE"], 1),
    (&["import", "FILE"], 2_100),
    (&["redact", "#300", "--reason", "by order"], 1),
    (&["compact"], 0),
];

/// What a call did.
#[derive(Debug)]
enum Did {
    Create(PathBuf),
    Write { path: PathBuf, at: Option<usize>, bytes: Vec<u8> },
    Cut { path: PathBuf, length: usize },
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    MakeDir(PathBuf),
    Acknowledge,
}

/// A call began, or ended: by its number.
#[derive(Clone, Copy)]
enum Mark {
    Begin(usize),
    End(usize),
}

/// What a command did, in order.
struct Trace {
    did: Vec<Did>,
    marks: Vec<Mark>,
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: u8| (b as char).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks_exact(4).map(|c| digit(c[2]) << 4 | digit(c[3])).collect()
}

fn path(hex: &str) -> PathBuf {
    String::from_utf8(unhex(hex)).unwrap().into()
}

/// The path that strace writes behind the number of an open file.
fn open_path(call: &str) -> Option<PathBuf> {
    let (_, rest) = call.split_once('<')?;
    let (hex, _) = rest.split_once('>')?;
    hex.starts_with("\\x").then(|| path(hex))
}

fn quoted(call: &str) -> Vec<&str> {
    call.split('"').skip(1).step_by(2).collect()
}

fn last_number(call: &str) -> usize {
    let arguments = call.rsplit_once(") = ").map_or(call, |(arguments, _)| arguments);
    let last = arguments.trim_end_matches("<unfinished ...>").rsplit(", ").next().unwrap();
    last.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

fn did(call: &str) -> Option<Did> {
    let (name, rest) = call.split_once('(')?;
    let names = quoted(rest);
    Some(match name {
        "openat" if rest.contains("O_CREAT") => Did::Create(path(names[0])),
        "write" if rest.starts_with("1<") => Did::Acknowledge,
        "write" => Did::Write { path: open_path(rest)?, at: None, bytes: unhex(names[0]) },
        "pwrite64" => Did::Write { path: open_path(rest)?, at: Some(last_number(rest)), bytes: unhex(names[0]) },
        "ftruncate" => Did::Cut { path: open_path(rest)?, length: last_number(rest) },
        "fsync" | "fdatasync" => Did::Sync(open_path(rest)?),
        "rename" => Did::Rename(path(names[0]), path(names[1])),
        "unlink" | "rmdir" => Did::Remove(path(names[0])),
        "unlinkat" if rest.starts_with("AT_FDCWD") => Did::Remove(path(names[0])),
        "unlinkat" => Did::Remove(open_path(rest)?.join(path(names[0]))),
        "mkdir" => Did::MakeDir(path(names[0])),
        _ => return None,
    })
}

impl Trace {
    /// What a command does below a directory; `None` without strace (the project's own checks insist on one).
    fn new(disk: &Path, args: &[&str], calls: &Path) -> Option<Self> {
        if !has_strace() {
            return None;
        }
        let mut strace = Command::new("strace");
        strace.args(["-f", "-y", "-xx", "-s", "9000000", "-e", &format!("trace={CALLS}"), "-o"]);
        strace.arg(calls).arg(SAYSO).arg("--ledger").arg(disk.join("ledger")).args(args);
        let output = run(strace, Duration::from_secs(120)).expect("it ends");
        assert!(output.status.success(), "{}", said(&output));
        let text = std::fs::read_to_string(calls).unwrap();
        let mut trace = Self { did: vec![], marks: vec![] };
        let mut under_way: BTreeMap<&str, usize> = BTreeMap::new();
        for line in text.lines() {
            let (thread, call) = line.split_once(' ').unwrap();
            let call = call.trim_start();
            let failed = call.contains(") = -1") || call.contains(" = -1 ");
            if call.starts_with("<... ") {
                trace.marks.extend(under_way.remove(thread).map(Mark::End));
            } else if let Some(did) = did(call).filter(|did| !failed && did.is_below(disk)) {
                let number = trace.did.len();
                trace.did.push(did);
                trace.marks.push(Mark::Begin(number));
                if call.ends_with("<unfinished ...>") {
                    under_way.insert(thread, number);
                } else {
                    trace.marks.push(Mark::End(number));
                }
            }
        }
        Some(trace)
    }
}

impl Did {
    fn is_below(&self, disk: &Path) -> bool {
        match self {
            Self::Create(path) | Self::Sync(path) | Self::Remove(path) | Self::MakeDir(path) => path.starts_with(disk),
            Self::Write { path, .. } | Self::Cut { path, .. } | Self::Rename(path, _) => path.starts_with(disk),
            Self::Acknowledge => true,
        }
    }

    /// Whether it changes names, and in which directories.
    fn dirs(&self) -> Vec<&Path> {
        match self {
            Self::Create(path) | Self::Remove(path) | Self::MakeDir(path) => path.parent().into_iter().collect(),
            Self::Rename(from, to) => [from.parent(), to.parent()].into_iter().flatten().collect(),
            _ => vec![],
        }
    }
}

/// Files and directories. A file is the number of its content: that stays when its name changes.
#[derive(Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
}

impl Names {
    fn rename(&mut self, from: &Path, to: &Path) {
        let moved = |path: &Path| {
            path.strip_prefix(from).ok().map(|rest| if rest == Path::new("") { to.to_owned() } else { to.join(rest) })
        };
        let files: Vec<(PathBuf, usize)> =
            self.files.iter().map(|(p, n)| (moved(p).unwrap_or_else(|| p.clone()), *n)).collect();
        // What had the new name before is gone: so the one that moved comes last.
        let (stay, move_): (Vec<_>, Vec<_>) =
            files.into_iter().zip(self.files.keys()).partition(|((new, _), old)| new == *old);
        self.files = stay.into_iter().chain(move_).map(|(new, _)| new).collect();
        self.dirs = self.dirs.iter().map(|p| moved(p).unwrap_or_else(|| p.clone())).collect();
    }
}

/// A disk on which a command was run, taken back to the moments of it.
struct Disk<'a> {
    names: Names,
    contents: Vec<Vec<u8>>,
    trace: &'a Trace,
}

impl<'a> Disk<'a> {
    fn new(before: &Path, disk: &Path, trace: &'a Trace) -> Self {
        let mut this = Self { names: Names::default(), contents: vec![], trace };
        let mut dirs = vec![before.to_owned()];
        while let Some(dir) = dirs.pop() {
            this.names.dirs.insert(disk.join(dir.strip_prefix(before).unwrap()));
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    this.names.files.insert(disk.join(path.strip_prefix(before).unwrap()), this.contents.len());
                    this.contents.push(std::fs::read(path).unwrap());
                }
            }
        }
        this
    }

    /// Writes the disk as the power may have left it at a moment. Whether something had been acknowledged by then.
    fn crash(&self, moment: usize, disk: &Path, chance: &mut Chance) -> bool {
        let past = &self.trace.marks[..moment];
        let begun = |call: usize| past.iter().position(|m| matches!(m, Mark::Begin(n) if *n == call));
        let ended = |call: usize| past.iter().position(|m| matches!(m, Mark::End(n) if *n == call));
        // A sync covers what had ended before it began, if it has ended itself.
        let syncs: Vec<(&Path, usize)> = (0..self.trace.did.len())
            .filter_map(|call| match &self.trace.did[call] {
                Did::Sync(path) if ended(call).is_some() => Some((path.as_path(), begun(call)?)),
                _ => None,
            })
            .collect();
        let synced = |path: &Path, call: usize| {
            ended(call).is_some_and(|end| syncs.iter().any(|(what, began)| *what == path && *began > end))
        };
        let calls: Vec<usize> =
            past.iter().filter_map(|m| if let Mark::Begin(n) = m { Some(*n) } else { None }).collect();
        let changes: Vec<usize> = calls.iter().copied().filter(|c| !self.trace.did[*c].dirs().is_empty()).collect();
        let durable = changes.iter().rposition(|c| self.trace.did[*c].dirs().iter().all(|dir| synced(dir, *c)));
        let durable = durable.map_or(0, |at| at + 1);
        let kept = durable + chance.below((changes.len() - durable) as u64 + 1) as usize;
        let kept: BTreeSet<usize> = changes[..kept].iter().copied().collect();

        // `now` is what the program saw, `left` what the disk has of the names.
        let (mut now, mut left) = (self.names.clone(), self.names.clone());
        let mut contents = self.contents.clone();
        let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
        let mut acknowledged = false;
        for call in calls {
            match &self.trace.did[call] {
                Did::Acknowledge => acknowledged = true,
                Did::Sync(_) => {}
                Did::Create(path) => {
                    let number = *now.files.entry(path.clone()).or_insert_with(|| {
                        contents.push(vec![]);
                        contents.len() - 1
                    });
                    if kept.contains(&call) {
                        left.files.insert(path.clone(), number);
                    }
                }
                Did::MakeDir(path) => {
                    now.dirs.insert(path.clone());
                    if kept.contains(&call) {
                        left.dirs.insert(path.clone());
                    }
                }
                Did::Rename(from, to) => {
                    now.rename(from, to);
                    if kept.contains(&call) {
                        left.rename(from, to);
                    }
                }
                Did::Remove(path) => {
                    let gone = |names: &mut Names| {
                        names.files.remove(path);
                        names.dirs.remove(path);
                    };
                    gone(&mut now);
                    if kept.contains(&call) {
                        gone(&mut left);
                    }
                }
                Did::Write { path, at, bytes } => {
                    let Some(number) = now.files.get(path) else { continue };
                    let (content, end) = (&mut contents[*number], ends.entry(*number).or_default());
                    // One without a place follows the one before; the note of what was acknowledged is written over.
                    let at = at.unwrap_or(if path.ends_with("acknowledged") { 0 } else { *end });
                    *end = at + bytes.len();
                    let length = match (synced(path, call), chance.below(3)) {
                        (true, _) | (false, 0) => bytes.len(),
                        (false, 1) => 0,
                        _ => (chance.below(bytes.len() as u64 + 1) / SECTOR * SECTOR) as usize,
                    };
                    if content.len() < at + length {
                        content.resize(at + length, 0);
                    }
                    content[at..at + length].copy_from_slice(&bytes[..length]);
                }
                Did::Cut { path, length } => {
                    let Some(number) = now.files.get(path) else { continue };
                    ends.insert(*number, *length);
                    if synced(path, call) || chance.below(2) == 0 {
                        contents[*number].resize(*length, 0);
                    }
                }
            }
        }
        let _ = std::fs::remove_dir_all(disk);
        left.dirs.iter().for_each(|dir| std::fs::create_dir_all(dir).unwrap());
        for (path, number) in &left.files {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &contents[*number]).unwrap();
        }
        acknowledged
    }
}

fn sayso(ledger: &Path, args: &[&str], what: &str) -> Output {
    let output = command(ledger, args).output().unwrap();
    assert!(output.status.success(), "{what}: {args:?}: {}{}", String::from_utf8_lossy(&output.stdout), said(&output));
    output
}

/// Entries, and how many of them are erased.
fn audited(ledger: &Path, what: &str) -> (u64, usize) {
    let audit: Value = serde_json::from_slice(&sayso(ledger, &["audit", "--format", "json"], what).stdout).unwrap();
    assert_eq!(audit["sound"], true, "{what}: {audit}");
    (audit["entries"].as_u64().unwrap(), audit["redacted"].as_array().unwrap().len())
}

/// Holds what is left against what was acknowledged.
fn check(disk: &Path, entries: std::ops::RangeInclusive<u64>, erased: usize, what: &str) {
    let (ledger, mirror, restored) = (disk.join("ledger"), disk.join("mirror"), disk.join("restored"));
    let from_mirror = |what: &str| {
        let _ = std::fs::remove_dir_all(&restored);
        sayso(&restored, &["restore", mirror.to_str().unwrap()], what);
        audited(&restored, what)
    };
    let (size, gone) = from_mirror(&format!("{what}, the mirror"));
    assert!(entries.contains(&size) && gone >= erased, "{what}: {size} entries in the mirror, {gone} erased");
    sayso(&ledger, &["log", "--limit", "1"], what);
    let (size, gone) = audited(&ledger, what);
    assert!(entries.contains(&size) && gone >= erased, "{what}: {size} entries, {gone} erased");
    let claim = ["append", "--source", "a", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023"];
    sayso(&ledger, &claim, what);
    assert_eq!(from_mirror(&format!("{what}, the mirror once more")).0, size + 1, "{what}: the mirror goes on");
    sayso(&ledger, &["mirror"], what);
}

#[test]
fn whatever_names_the_power_takes_back_what_was_acknowledged_is_there_twice() {
    let mut chance = Chance::new("power loss and names");
    let temp = tempfile::tempdir().unwrap();
    let path = |name: &str| temp.path().join(name);
    let (disk, before, after, file) = (path("disk"), path("before"), path("after"), path("claims.jsonl"));
    let ledger = disk.join("ledger");
    sayso(&ledger, &["init"], "before");
    sayso(&ledger, &["mirror", disk.join("mirror").to_str().unwrap()], "before");
    let (mut entries, mut erased, mut points) = (0, 0, 0);
    for (args, adds) in WORK {
        std::fs::write(&file, claims(entries, entries + adds)).unwrap();
        let args: Vec<&str> = args.iter().map(|a| if *a == "FILE" { file.to_str().unwrap() } else { a }).collect();
        let _ = std::fs::remove_dir_all(&before);
        copy_dir(&disk, &before);
        let Some(trace) = Trace::new(&disk, &args, &path("calls")) else { return };
        let _ = std::fs::remove_dir_all(&after);
        copy_dir(&disk, &after);
        let changes = trace.did.iter().filter(|did| !did.dirs().is_empty()).count();
        assert!(changes > 0 && trace.did.iter().any(|did| matches!(did, Did::Acknowledge)), "{args:?}: it is seen");
        let state = Disk::new(&before, &disk, &trace);
        for _ in 0..runs(6, 100) {
            let moment = chance.below(trace.marks.len() as u64 + 1) as usize;
            let acknowledged = state.crash(moment, &disk, &mut chance);
            let what = format!("{}, moment {moment} of {}", args[0], trace.marks.len());
            let least = if acknowledged { entries + adds } else { entries };
            let gone = if acknowledged && args[0] == "redact" { erased + 1 } else { erased };
            check(&disk, least..=entries + adds, gone, &what);
            points += 1;
        }
        let _ = std::fs::remove_dir_all(&disk);
        copy_dir(&after, &disk);
        entries += adds;
        erased += usize::from(args[0] == "redact");
    }
    eprintln!("{points} crash points: 0 lost");
}
