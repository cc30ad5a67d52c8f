//! Disks rot: a bit flips in a file that nobody looks at for years. Whatever byte it is, the program must not panic, must not
//! give a wrong answer as if nothing were the matter, and audit must either find the ledger sound (the byte was in dead
//! space) or say what is wrong. And it must not make things worse: the engine, left alone, erases what lies behind the damage.
//!
//! And what can be saved must be saved: all of it from a mirror, also after somebody has tried to append to the damaged ledger; without one,
//! every entry whose bundle still lies whole in some file of the store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod faults;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use faults::{Chance, claims, command, copy_dir, is_wanted, run, runs};
use sayso_core::bundle::Bundle;
use sayso_core::directory::LedgerDir;
use sayso_core::store::Table;
use serde_json::Value;

const SAYSO: &str = env!("CARGO_BIN_EXE_sayso");
const LIMIT: Duration = Duration::from_secs(120);
/// What is asked of the damaged ledger, in this order.
const QUESTIONS: [&[&str]; 3] =
    [&["export", "--envelope"], &["replay", "--format", "json"], &["log", "--all", "--format", "json"]];

fn ask(ledger: &Path, args: &[&str]) -> Output {
    run(command(SAYSO, ledger, args), LIMIT).unwrap_or_else(|| panic!("{args:?} does not end"))
}

fn ok(ledger: &Path, args: &[&str]) -> Vec<u8> {
    let output = ask(ledger, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A ledger with a history: sealed bundles, a tail, several openings.
fn build(temp: &Path, more: u64) -> PathBuf {
    let ledger = temp.join("ledger");
    ok(&ledger, &["init"]);
    let file = temp.join("claims.jsonl");
    for (from, to) in [(0, 600), (600, 603), (603, 1_300), (1_300, 1_310)] {
        std::fs::write(&file, claims(from, to)).unwrap();
        ok(&ledger, &["import", file.to_str().unwrap()]);
    }
    ok(&ledger, &["retract", "--source", "s3", "--of", "c3", "--stated", "2023-05-13"]);
    ok(&ledger, &["correct", "--of", "c4", "--value", "9", "--reason", "typing error"]);
    if more > 0 {
        // Enough for several segments of the engine's log: in all but the last, damage does not keep it from opening.
        std::fs::write(&file, claims(1_310, 1_310 + more)).unwrap();
        ok(&ledger, &["import", file.to_str().unwrap()]);
        ok(&ledger, &["stance", "--source", "eu", "--of", "c9", "--stance", "denies", "--stated", "2023-05-13"]);
        ok(&ledger, &["audit"]);
    }
    ledger
}

/// The parts in which the engine keeps a value.
const PART_BYTES: usize = 40_000;

/// Where the same bytes lie.
type Places = Vec<std::ops::Range<usize>>;

/// Where the bundles of a ledger lie in the engine's file, as often as they lie there: old pages are as good as new ones.
struct Lying {
    /// The entries of each bundle, and for each of its parts the places where it is.
    bundles: Vec<(std::ops::Range<u64>, Vec<Places>)>,
}

impl Lying {
    fn new(ledger: &Path) -> Self {
        let db = std::fs::read(ledger.join("store/db")).unwrap();
        let dir = LedgerDir::open(ledger).unwrap();
        let rows = |table, from: &[u8]| dir.store().scan(table, from, 10_000).unwrap();
        let tail = rows(Table::State, b"tail").into_iter().take_while(|(key, _)| key.starts_with(b"tail"));
        let stored: Vec<Vec<u8>> = rows(Table::Log, &[]).into_iter().chain(tail).map(|(_, value)| value).collect();
        let key = |bytes: &[u8]| -> [u8; 16] { bytes[..16].try_into().unwrap() };
        let mut wanted: HashMap<[u8; 16], Vec<(usize, usize)>> = HashMap::new();
        for (number, value) in stored.iter().enumerate() {
            for (part, bytes) in value.chunks(PART_BYTES).enumerate() {
                wanted.entry(key(bytes)).or_default().push((number, part));
            }
        }
        let mut places: Vec<Vec<Vec<_>>> =
            stored.iter().map(|value| vec![vec![]; value.len().div_ceil(PART_BYTES)]).collect();
        for at in 0..db.len().saturating_sub(16) {
            for (number, part) in wanted.get(&key(&db[at..])).into_iter().flatten() {
                let bytes = stored[*number].chunks(PART_BYTES).nth(*part).unwrap();
                if db[at..].starts_with(bytes) {
                    places[*number][*part].push(at..at + bytes.len());
                }
            }
        }
        let entries = stored.iter().map(|value| Bundle::decode(value).unwrap()).map(|b| b.first..b.end());
        let bundles: Vec<_> = entries.zip(places).collect();
        assert!(bundles.iter().all(|(_, parts)| parts.iter().all(|places| !places.is_empty())), "all of it is found");
        Self { bundles }
    }

    /// The entries whose bundle still lies whole somewhere when this byte is not what it was.
    fn intact(&self, file: &Path, at: u64) -> BTreeSet<u64> {
        let at = if file == Path::new("store/db") { at as usize } else { usize::MAX };
        let whole = |parts: &[Places]| parts.iter().all(|p| p.iter().any(|p| !p.contains(&at)));
        self.bundles.iter().filter(|(_, parts)| whole(parts)).flat_map(|(entries, _)| entries.clone()).collect()
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Every byte that is not one of the zeros with which the files are filled up.
fn places(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut places = Vec::new();
    for path in files(dir) {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.strip_prefix(dir).unwrap();
        places.extend((0..).zip(&bytes).filter(|(_, b)| **b != 0).map(|(at, _)| (name.to_owned(), at)));
    }
    places
}

fn flip(file: &Path, at: u64, bit: u64) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at as usize] ^= 1 << bit;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn one_flipped_bit_is_harmless_or_named_and_never_answered_over() {
    for (name, more, trials) in [("one segment", 0, runs(24, 1_000)), ("two segments", 14_000, runs(8, 1_000))] {
        if is_wanted(name) {
            flips(name, more, trials);
        }
    }
}

fn flips(name: &str, more: u64, trials: usize) {
    let mut chance = Chance::new(&format!("corruption, {name}"));
    let temp = tempfile::tempdir().unwrap();
    let ledger = build(temp.path(), more);
    let (copy, mirror) = (temp.path().join("copy"), temp.path().join("mirror"));
    ok(&ledger, &["mirror", mirror.to_str().unwrap()]);
    let whole_mirror = temp.path().join("whole-mirror");
    copy_dir(&mirror, &whole_mirror);
    copy_dir(&ledger, &copy);
    let truth: Vec<Vec<u8>> = QUESTIONS.iter().map(|q| ok(&copy, q)).collect();
    let lying = Lying::new(&copy);
    let places = places(&ledger);
    let small: Vec<_> = places.iter().filter(|(f, _)| !f.ends_with("db")).cloned().collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for trial in 0..trials {
        // The small files are few bytes of many: every fourth time one of theirs.
        let pick = if trial % 4 == 0 { &small } else { &places };
        let (file, at) = pick[chance.below(pick.len() as u64) as usize].clone();
        let bit = chance.below(8);
        std::fs::remove_dir_all(&copy).unwrap();
        copy_dir(&ledger, &copy);
        flip(&copy.join(&file), at, bit);
        let what = format!("{}, byte {at}, bit {bit}", file.display());
        *counts.entry(outcome(&copy, &truth, &what)).or_default() += 1;
        let rescue = Rescue { temp: temp.path(), ledger: &copy, mirror: &mirror, truth: &truth[0], what: &what };
        *counts.entry(rescue.without_mirror(&lying.intact(&file, at))).or_default() += 1;
        copy_dir(&whole_mirror, &mirror);
        *counts.entry(rescue.with_mirror()).or_default() += 1;
        *counts.entry(format!("in {}", file.display())).or_default() += 1;
        if (trial + 1) % 100 == 0 || trial + 1 == trials {
            eprintln!("{} flips in a ledger with {} bytes that are not zero, {name}:", trial + 1, places.len());
            counts.iter().for_each(|(outcome, count)| eprintln!("{count:5} {outcome}"));
        }
    }
}

/// Saving what can be saved.
struct Rescue<'a> {
    temp: &'a Path,
    ledger: &'a Path,
    mirror: &'a Path,
    /// Every entry, a line each.
    truth: &'a [u8],
    what: &'a str,
}

impl Rescue<'_> {
    fn new_ledger(&self) -> PathBuf {
        let new = self.temp.join("new");
        let _ = std::fs::remove_dir_all(&new);
        new
    }

    /// The mirror's disk is gone, too.
    fn without_mirror(&self, intact: &BTreeSet<u64>) -> String {
        let (new, what) = (self.new_ledger(), self.what);
        std::fs::remove_dir_all(self.mirror).unwrap();
        let output = ask(self.ledger, &["salvage", new.to_str().unwrap(), "--format", "json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)) && !said.contains("panicked"), "{what}: salvage: {said}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let number = |value: &Value| value.as_u64().unwrap();
        let missing = report["missing"].as_array().unwrap();
        let missing: BTreeSet<u64> = missing.iter().flat_map(|m| number(&m["first"])..=number(&m["last"])).collect();
        let lost: Vec<_> = missing.intersection(intact).collect();
        assert!(lost.is_empty(), "{what}: {lost:?} are whole in the store and not salvaged: {report}");
        let entries = self.truth.iter().filter(|b| **b == b'\n').count() as u64;
        let (expected, recovered) = (number(&report["expected"]), number(&report["recovered"]));
        assert_eq!(expected, entries, "{what}: {report}");
        assert_eq!(recovered + missing.len() as u64, entries, "{what}: {report}");
        if report["head"].is_null() {
            return format!("salvage: {recovered} of {entries}, as lines: nothing says which ledger it was");
        }
        assert!(self.truth.starts_with(&ok(&new, &["export", "--envelope"])), "{what}: salvage gives something else");
        match entries - recovered {
            0 => "salvage: all".into(),
            missing => format!("salvage: all but {missing} of the bundle that was hit"),
        }
    }

    /// Somebody goes on with the damaged ledger. Whatever comes of that, the mirror has everything.
    fn with_mirror(&self) -> String {
        let (new, what) = (self.new_ledger(), self.what);
        let claim =
            ["append", "--source", "a", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023"];
        let append = ask(self.ledger, &claim);
        let said = String::from_utf8_lossy(&append.stderr);
        assert!(append.status.code().is_some() && !said.contains("panicked"), "{what}: append: {said}");
        let restored = ask(&new, &["restore", self.mirror.to_str().unwrap()]);
        assert!(restored.status.success(), "{what}: restore: {}", String::from_utf8_lossy(&restored.stderr));
        let lines = ok(&new, &["export", "--envelope"]);
        assert!(lines.starts_with(self.truth), "{what}: the mirror has not everything");
        let more = lines[self.truth.len()..].iter().filter(|b| **b == b'\n').count();
        assert_eq!(more, usize::from(append.status.success()), "{what}: what was acknowledged since: {said}");
        let went_on = if append.status.success() { "taken" } else { "refused" };
        format!("restored from the mirror: all; an append before that was {went_on}")
    }
}

/// What the program makes of a damaged ledger; panics if that is not right.
fn outcome(ledger: &Path, truth: &[Vec<u8>], what: &str) -> String {
    let audit = ask(ledger, &["audit"]);
    let said = format!("{}{}", String::from_utf8_lossy(&audit.stdout), String::from_utf8_lossy(&audit.stderr));
    let quiet = |output: &Output| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{what}: {said}");
        assert!(output.status.code().is_some(), "{what}: killed by a signal");
    };
    quiet(&audit);
    let mut answered = 0;
    for (question, truth) in QUESTIONS.iter().zip(truth) {
        let output = ask(ledger, question);
        quiet(&output);
        if output.status.success() {
            assert!(output.stdout == *truth, "{what}: {question:?} gives a wrong answer. Audit: {said}");
            answered += 1;
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.starts_with("sayso: "), "{what}: {question:?}: {said}");
        }
    }
    match audit.status.code() {
        Some(0) => {
            assert_eq!(answered, QUESTIONS.len(), "{what}: audit finds nothing, and not every question is answered");
            // The entries are sound, and nothing says any more in which mirrors they must be.
            let list = said.contains("cannot be told which mirrors");
            if list {
                "sound, naming the list of mirrors"
            } else if said.contains("put right") {
                "put right"
            } else {
                "sound"
            }
            .into()
        }
        Some(1) => format!("unsound, named; {answered} of {} answered rightly", QUESTIONS.len()),
        _ => format!("refused, named; {answered} of {} answered rightly", QUESTIONS.len()),
    }
}

/// The worst that the engine does: it fails to open, and has erased the rest of the segment before it fails.
#[test]
fn a_damaged_log_is_left_as_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = build(temp.path(), 0);
    let db = ledger.join("store/db");
    let whole = std::fs::read(&db).unwrap();
    let at = whole.iter().position(|b| *b == b'"').map_or(3_000, |at| at + 2_000);
    flip(&db, at as u64, 3);
    let damaged = std::fs::read(&db).unwrap();
    let output = ask(
        &ledger,
        &["append", "--source", "a", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023"],
    );
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("store/db is damaged at byte") && said.contains("nothing was touched"), "{said}");
    assert!(std::fs::read(&db).unwrap() == damaged, "not a byte was changed");
    flip(&db, at as u64, 3);
    let audit = ask(&ledger, &["audit"]);
    assert!(audit.status.success(), "whoever can mend the byte has lost nothing");
}

/// Damage behind the last snapshot looks to the engine like the end of the log: a shorter ledger, and a sound one.
#[test]
fn a_log_that_became_shorter_is_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = temp.path().join("ledger");
    ok(&ledger, &["init"]);
    let file = temp.path().join("claims.jsonl");
    std::fs::write(&file, claims(0, 700)).unwrap();
    ok(&ledger, &["import", file.to_str().unwrap()]);
    let before = temp.path().join("before");
    copy_dir(&ledger, &before);
    std::fs::write(&file, claims(700, 800)).unwrap();
    ok(&ledger, &["import", file.to_str().unwrap()]);
    // The first byte that the second import wrote, give or take: everything from there on is gone for the engine.
    let db = ledger.join("store/db");
    let (old, new) = (std::fs::read(before.join("store/db")).unwrap(), std::fs::read(&db).unwrap());
    let at = new.iter().zip(&old).position(|(new, old)| new != old).unwrap();
    flip(&db, at as u64 + 10, 1);
    // Where the note cannot be read, nobody can say whether what is cut off matters: then it is kept for good.
    let doubtful = temp.path().join("doubtful");
    copy_dir(&ledger, &doubtful);
    std::fs::write(doubtful.join("acknowledged"), "nonsense").unwrap();
    for round in 0..3 {
        let log = ask(&doubtful, &["log", "--limit", "1"]);
        let said = String::from_utf8(log.stderr).unwrap();
        assert!(log.status.success() && (said.contains("torn") == (round == 0)), "{said}");
        let kept = std::fs::read(doubtful.join("store/torn-db-1")).unwrap();
        assert!(kept[at..at + 1_000].iter().any(|b| *b != 0), "round {round}: what was cut off is kept");
        assert!(!doubtful.join("store/torn-db").exists());
    }
    ok(&doubtful, &["compact"]);
    assert!(!doubtful.join("store/torn-db-1").exists(), "what was erased is in no file after that");
    // Without room to keep what will be cut off, nothing is cut off, and no half of it stays in the way.
    let torn = std::fs::read(&db).unwrap();
    let without_room = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "sh", SAYSO, "--ledger"])
        .arg(&ledger)
        .arg("audit")
        .output()
        .unwrap();
    let said = String::from_utf8(without_room.stderr).unwrap();
    assert_eq!(without_room.status.code(), Some(3), "{said}");
    assert!(said.contains("torn-db") && !ledger.join("store/torn-db").exists(), "{said}");
    assert!(std::fs::read(&db).unwrap() == torn, "nothing was touched");
    let audit = ask(&ledger, &["audit"]);
    let said = String::from_utf8(audit.stdout).unwrap();
    assert_eq!(audit.status.code(), Some(1), "{said}");
    assert!(said.contains("cut: 800 entries of this ledger were acknowledged, and only 700 are left"), "{said}");
    let replay = ask(&ledger, &["replay"]);
    let said = String::from_utf8(replay.stderr).unwrap();
    assert_eq!(replay.status.code(), Some(3), "{said}");
    assert!(said.contains("800 entries of this ledger were acknowledged, and its log ends at 700"), "{said}");
    let kept = std::fs::read(ledger.join("store/torn-db")).unwrap();
    assert_eq!(kept.len(), new.len());
    assert!(kept[..at - 16].iter().all(|b| *b == 0), "what stays in the log is not kept twice");
    assert!(
        kept[at..at + 1_000] == {
            let mut new = new.clone();
            new[at + 10] ^= 2;
            new
        }[at..at + 1_000],
        "what was cut off is kept"
    );
}
