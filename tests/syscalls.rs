//! Any call to the system can fail, or be the last thing that happens before the power goes. For every call of an append, of a
//! sealing import, of both with a mirror, of a redaction and of a compaction that writes anything, one run each with that call
//! failing (`EIO`, `ENOSPC`) and one with the program dying in it. Afterwards the ledger opens, audit finds it sound, nothing
//! acknowledged is missing, neither in it nor in its mirror, and the same command run again succeeds.
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

use faults::{Chance, claims, command, copy_dir, exhaustive, has_strace, is_wanted, run};
use serde_json::Value;

const SAYSO: &str = env!("CARGO_BIN_EXE_sayso");
const LIMIT: Duration = Duration::from_secs(60);
/// The calls that change anything, or without which nothing can be changed.
const CALLS: &str = "openat,write,pwrite64,writev,fsync,fdatasync,sync_file_range,rename,renameat2,ftruncate,unlink,unlinkat,\
                     rmdir,mkdir,fallocate";
const FAULTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=KILL"];

/// A kind of work.
struct Work {
    name: &'static str,
    /// What is done before, with the ledger and `MIRROR`.
    before: &'static [&'static [&'static str]],
    /// `FILE` is a file with as many claims as come of it.
    args: &'static [&'static str],
    /// How many entries come of it.
    adds: u64,
    /// Whether it is refused when it was done already.
    once: bool,
    /// Calls that must be among those that are tried.
    must: &'static [&'static str],
}

const APPEND: &[&str] =
    &["append", "--source", "eu", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023-05-12"];
const SEAL: &[&str] = &["import", "FILE"];
const REDACT: &[&str] = &["redact", "#7", "--reason", "by order"];
const MIRROR: &[&str] = &["mirror", "MIRROR"];
const ENGINE: &[&str] = &["openat", "pwrite64", "fdatasync", "rename"];

const WORK: &[Work] = &[
    Work { name: "append", before: &[], args: APPEND, adds: 1, once: false, must: ENGINE },
    Work { name: "seal", before: &[], args: SEAL, adds: 300, once: false, must: ENGINE },
    Work { name: "mirrored append", before: &[MIRROR], args: APPEND, adds: 1, once: false, must: ENGINE },
    Work { name: "mirrored seal", before: &[MIRROR], args: SEAL, adds: 300, once: false, must: ENGINE },
    Work { name: "mirrored redaction", before: &[MIRROR], args: REDACT, adds: 1, once: true, must: ENGINE },
    Work {
        name: "compaction",
        before: &[MIRROR, SEAL, REDACT],
        args: &["compact"],
        adds: 0,
        once: false,
        must: &["openat", "pwrite64", "fdatasync", "rename", "unlinkat"],
    },
];
/// Entries that are there before anything is done.
const BEFORE: u64 = 210;
/// The entry that is redacted.
const REDACTED: usize = 7;

struct Bench {
    temp: tempfile::TempDir,
    /// Entries that are there before the work.
    before: u64,
    /// The salt of the entry that is redacted: nothing else has these bytes, and where they are the body may be, too.
    secret: Vec<u8>,
}

impl Bench {
    /// A ledger with a tail, which had been opened before.
    fn new(work: &Work) -> Self {
        let mut bench = Self { temp: tempfile::tempdir().unwrap(), before: BEFORE, secret: vec![] };
        let ledger = bench.path("fresh");
        assert!(command(SAYSO, &ledger, &["init"]).output().unwrap().status.success());
        for (from, to) in [(0, BEFORE - 10), (BEFORE - 10, BEFORE)] {
            let file = bench.file(from, to);
            let output = command(SAYSO, &ledger, &["import", file.to_str().unwrap()]).output().unwrap();
            assert!(output.status.success());
        }
        // Looked at in a copy: opening it would take away work that is to be broken.
        let probe = bench.path("probe");
        copy_dir(&ledger, &probe);
        bench.secret = salt(&probe);
        assert!(!holding(&ledger.join("store"), &bench.secret).is_empty(), "the salt can be found");
        for step in work.before {
            let args = bench.args(step, 300);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let output = command(SAYSO, &ledger, &args).output().unwrap();
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::fs::remove_dir_all(&probe).unwrap();
        copy_dir(&ledger, &probe);
        bench.before = audit(&probe).unwrap();
        if bench.mirror().exists() {
            copy_dir(&bench.mirror(), &bench.path("fresh-mirror"));
        }
        bench
    }

    /// The arguments with the paths in them.
    fn args(&self, args: &[&str], adds: u64) -> Vec<String> {
        let file = self.file(self.before, self.before + adds);
        let arg = |arg: &&str| match *arg {
            "FILE" => file.to_str().unwrap().to_owned(),
            "MIRROR" => self.mirror().to_str().unwrap().to_owned(),
            arg => arg.to_owned(),
        };
        args.iter().map(arg).collect()
    }

    /// Its name begins like that of the ledger: its calls are seen, too.
    fn mirror(&self) -> PathBuf {
        self.path("ledger-mirror")
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
        if self.path("fresh-mirror").exists() {
            std::fs::remove_dir_all(self.mirror()).unwrap();
            copy_dir(&self.path("fresh-mirror"), &self.mirror());
        }
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

/// How many entries a ledger made of the mirror has.
fn entries_of_mirror(bench: &Bench, what: &str) -> u64 {
    let restored = bench.path("restored");
    let _ = std::fs::remove_dir_all(&restored);
    let output = command(SAYSO, &restored, &["restore", bench.mirror().to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{what}: the mirror: {}", String::from_utf8_lossy(&output.stderr));
    audit(&restored).unwrap_or_else(|e| panic!("{what}: the mirror: {e}"))
}

/// Runs the work with one fault, and looks at what is left. Gives back what became of it, in a word.
fn one(bench: &Bench, work: &Work, args: &[&str], call: &(String, usize), fault: &str) -> &'static str {
    let what = format!("{} with the {}. {} failing by {fault}", work.name, call.1, call.0);
    let (ledger, before, adds) = (bench.ledger(), bench.before, work.adds);
    let mirrored = bench.mirror().exists();
    let inject = format!("inject={}:{fault}:when={}", call.0, call.1);
    let output = bench.strace(&ledger, &["-e", &inject], args).unwrap_or_else(|| panic!("{what}: does not end"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{what}: {said}");
    let acknowledged = output.status.success() && !output.stdout.is_empty();
    if !output.status.success() && !fault.starts_with("signal") {
        assert!(said.contains("sayso: "), "{what}: it says nothing: {said}");
    }
    if acknowledged && mirrored {
        assert_eq!(entries_of_mirror(bench, &what), before + adds, "{what}: what is acknowledged is in the mirror");
    }
    let left = if work.once { entries_left(&ledger) } else { audit(&ledger) };
    let left = left.unwrap_or_else(|e| panic!("{what}: {e}\nit had said: {said}"));
    let least = if acknowledged { before + adds } else { before };
    assert!((least..=before + adds).contains(&left), "{what}: {left} entries left. It had said: {said}");
    let again = command(SAYSO, &ledger, args).output().unwrap();
    let done = work.once && left > before;
    assert!(again.status.success() != done, "{what}, again: {}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(audit(&ledger), Ok(before + adds), "{what}, again");
    if mirrored {
        // One more entry: before it is acknowledged the mirror has caught up.
        let output = command(SAYSO, &ledger, &[APPEND, &["--allow-repeats"]].concat()).output().unwrap();
        assert!(output.status.success(), "{what}, one more: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(entries_of_mirror(bench, &what), before + adds + 1, "{what}, again");
        let output = command(SAYSO, &ledger, &["mirror"]).output().unwrap();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stdout));
    }
    if work.name == "compaction" {
        let names: Vec<_> = std::fs::read_dir(&ledger).unwrap().map(|name| name.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("store.")), "{what}: {names:?}");
        for place in [&ledger.join("store"), &bench.mirror()] {
            assert_eq!(holding(place, &bench.secret), Vec::<PathBuf>::new(), "{what}: it was erased");
        }
    }
    match (acknowledged, left > before) {
        (true, _) => "acknowledged, and there",
        (false, true) => "not acknowledged, and there",
        (false, false) => "not acknowledged, and not there",
    }
}

/// What audit finds once the ledger was opened for writing: an erasing that was interrupted is then finished.
fn entries_left(ledger: &Path) -> Result<u64, String> {
    let output = command(SAYSO, ledger, &["log", "--limit", "1"]).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    audit(ledger)
}

/// The salt of the entry that is redacted later.
fn salt(ledger: &Path) -> Vec<u8> {
    let output = command(SAYSO, ledger, &["export", "--envelope"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line: Value = serde_json::from_str(text.lines().nth(REDACTED).unwrap()).unwrap();
    let hex = line["salt"].as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The files in which these bytes stand.
fn holding(dir: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file());
    files.filter(|file| std::fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes)).collect()
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    if !has_strace() {
        return;
    }
    let mut chance = Chance::new("syscalls");
    for work in WORK.iter().filter(|work| is_wanted(work.name)) {
        let (name, bench) = (work.name, Bench::new(work));
        let args = bench.args(work.args, work.adds);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let calls = calls(&bench, &args);
        for must in work.must {
            assert!(calls.iter().any(|(name, _)| name == must), "{name}: no {must} among {calls:?}");
        }
        let mut table: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for call in &calls {
            for fault in FAULTS {
                // Every day a tenth of them, but every call that makes something durable.
                let must = call.0 == "fdatasync";
                if exhaustive() || must || chance.below(10) == 0 {
                    *table.entry((fault, one(&bench, work, &args, call, fault))).or_default() += 1;
                }
            }
        }
        eprintln!("{name}: {} calls", calls.len());
        for ((fault, outcome), count) in table {
            eprintln!("{count:5} {fault}: {outcome}");
        }
    }
}
