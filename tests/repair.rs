//! Files that can be made again must never keep somebody from what cannot. Each of these was found to make a ledger
//! unreadable, or could have: a snapshot or settings of the engine that are empty, cut or altered, a snapshot that a crash left half
//! written, a lock that a dead program left, an index of views that is missing, damaged, behind or ahead of the log, and
//! bundles that were written before a crash and never counted.

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

use std::path::PathBuf;
use std::sync::OnceLock;

use faults::{claims, copy_dir};
use program::sayso;
use sayso_core::store::{SledStore, Store, Table};

const ENTRIES: u64 = 700;
/// Where the index of views says how far it reaches.
const MANIFEST: &[u8] = b"projection";

struct Fixture {
    _temp: tempfile::TempDir,
    ledger: PathBuf,
    replay: Vec<u8>,
}

/// A ledger that is only copied, and its answer.
fn fresh() -> &'static (tempfile::TempDir, Vec<u8>) {
    static FRESH: OnceLock<(tempfile::TempDir, Vec<u8>)> = OnceLock::new();
    FRESH.get_or_init(|| {
        let temp = tempfile::tempdir().unwrap();
        let ledger = temp.path().join("ledger");
        assert!(sayso(&ledger, &["init"]).status.success());
        let file = temp.path().join("claims.jsonl");
        for (from, to) in [(0, ENTRIES - 100), (ENTRIES - 100, ENTRIES)] {
            std::fs::write(&file, claims(from, to)).unwrap();
            assert!(sayso(&ledger, &["import", file.to_str().unwrap()]).status.success());
        }
        assert!(sayso(&ledger, &["reindex"]).status.success());
        let copy = temp.path().join("copy");
        copy_dir(&ledger, &copy);
        let replay = sayso(&copy, &["replay", "--format", "json"]).stdout;
        (temp, replay)
    })
}

impl Fixture {
    fn new() -> Self {
        let (fresh, replay) = fresh();
        let temp = tempfile::tempdir().unwrap();
        let ledger = temp.path().join("ledger");
        copy_dir(&fresh.path().join("ledger"), &ledger);
        Self { ledger, replay: replay.clone(), _temp: temp }
    }

    fn store(&self) -> PathBuf {
        self.ledger.join("store")
    }

    fn snapshot(&self) -> PathBuf {
        let files = std::fs::read_dir(self.store()).unwrap().map(|f| f.unwrap().path());
        let mut snapshots = files.filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("snap."));
        snapshots.next().unwrap()
    }

    /// It opens, says what was put right, answers as ever, and has nothing to put right the next time.
    fn heals(&self, said: &str) {
        let output = sayso(&self.ledger, &["replay", "--format", "json"]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{told}");
        assert!(said.is_empty() || told.contains(&format!("sayso: put right: {said}")), "{said}: {told}");
        assert!(output.stdout == self.replay, "the answer is what it was");
        let again = sayso(&self.ledger, &["audit", "--format", "json"]);
        assert_eq!(String::from_utf8(again.stderr).unwrap(), "");
        let audit: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
        assert_eq!((&audit["sound"], &audit["entries"]), (&true.into(), &ENTRIES.into()), "{audit}");
    }
}

#[test]
fn damaged_files_of_the_engine_are_set_aside() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [Damage; 5] =
        [Vec::clear, |b| b.truncate(3), |b| b.truncate(b.len() - 1), |b| b[5] ^= 4, |b| b.push(0)];
    for damage in damages {
        for conf in [false, true] {
            let f = Fixture::new();
            let file = if conf { f.store().join("conf") } else { f.snapshot() };
            let mut bytes = std::fs::read(&file).unwrap();
            damage(&mut bytes);
            std::fs::write(&file, &bytes).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            f.heals(&format!("{name} was damaged; it can be made again, so it was set aside as damaged-{name}"));
            assert_eq!(
                std::fs::read(f.store().join(format!("damaged-{name}"))).unwrap(),
                bytes,
                "it is not thrown away"
            );
        }
    }
}

#[test]
fn a_missing_snapshot_is_made_again() {
    let f = Fixture::new();
    std::fs::remove_file(f.snapshot()).unwrap();
    f.heals("");
}

/// The engine takes it for a snapshot, although it was about to rename it.
#[test]
fn a_half_written_snapshot_is_removed() {
    let f = Fixture::new();
    let snapshot = std::fs::read(f.snapshot()).unwrap();
    for length in [0, 7, snapshot.len() - 1] {
        std::fs::write(f.store().join("snap.00000000FFFFFFFF.generating"), &snapshot[..length]).unwrap();
        f.heals("snap.00000000FFFFFFFF.generating was left half written by a crash, and was removed");
    }
}

#[test]
fn a_lock_that_nobody_holds_is_no_obstacle() {
    for left in ["process 1", "", "\u{1}\u{2}"] {
        let f = Fixture::new();
        std::fs::write(f.ledger.join("lock"), left).unwrap();
        f.heals("");
        std::fs::remove_file(f.ledger.join("lock")).unwrap();
        f.heals("");
    }
}

#[test]
fn the_note_of_what_was_acknowledged_is_only_a_note() {
    let good = std::fs::read_to_string(Fixture::new().ledger.join("acknowledged")).unwrap();
    assert!(good.starts_with("700:"), "{good}");
    // A digit that makes 700 entries 7,000 or 900 of it is no loss of entries.
    let flipped = [good.replacen("700:", "900:", 1), good.replacen("700:", "7000:", 1)];
    for left in ["", "nonsense", "1:00", &"nonsense ".repeat(40)].map(str::to_owned).into_iter().chain(flipped) {
        let f = Fixture::new();
        std::fs::write(f.ledger.join("acknowledged"), left).unwrap();
        f.heals("");
        assert_eq!(std::fs::read_to_string(f.ledger.join("acknowledged")).unwrap(), good, "it is renewed");
    }
}

#[test]
fn the_index_of_views_is_built_anew_where_it_cannot_be_used() {
    let manifest = |f: &Fixture| SledStore::open(&f.store()).unwrap().get(Table::State, MANIFEST).unwrap().unwrap();
    let put = |f: &Fixture, value: Option<Vec<u8>>| {
        let store = SledStore::open(&f.store()).unwrap();
        store.apply(Table::State, vec![(MANIFEST.to_vec(), value)]).unwrap();
        store.sync().unwrap();
    };
    let rebuilt = "the index of views could not be used, and is built anew from the log";
    // Missing.
    let f = Fixture::new();
    put(&f, None);
    f.heals(rebuilt);
    // Damaged.
    let f = Fixture::new();
    put(&f, Some(vec![1, 0, 7]));
    f.heals(rebuilt);
    // Ahead of the log: version, then how far it reaches.
    let f = Fixture::new();
    let mut ahead = manifest(&f);
    ahead[2..10].copy_from_slice(&9_984u64.to_le_bytes());
    put(&f, Some(ahead));
    f.heals(rebuilt);
    // Behind it, as it always is a little: that is nothing to put right.
    let temp = tempfile::tempdir().unwrap();
    let early = temp.path().join("early");
    assert!(sayso(&early, &["init"]).status.success());
    let file = temp.path().join("claims.jsonl");
    std::fs::write(&file, claims(0, 300)).unwrap();
    assert!(sayso(&early, &["import", file.to_str().unwrap()]).status.success());
    assert!(sayso(&early, &["reindex"]).status.success());
    std::fs::write(&file, claims(300, ENTRIES)).unwrap();
    assert!(sayso(&early, &["import", file.to_str().unwrap()]).status.success());
    let replay = sayso(&early, &["replay", "--format", "json"]).stdout;
    let f = Fixture { ledger: early, replay, ..Fixture::new() };
    assert_eq!(manifest(&f)[2..10], 256u64.to_le_bytes());
    f.heals("");
    assert!(sayso(&f.ledger, &["reindex"]).status.success());
    assert_eq!(manifest(&f)[2..10], 512u64.to_le_bytes());
    f.heals("");
}

/// Without the index of repeats nothing can be appended. It can be made again, and the refusal says how.
#[test]
fn compacting_builds_a_damaged_index_of_repeats_anew() {
    let f = Fixture::new();
    {
        let store = SledStore::open(&f.store()).unwrap();
        let keys = store.keys(Table::Identity, &[], 1000).unwrap();
        assert!(!keys.is_empty());
        store.apply(Table::Identity, keys.into_iter().map(|key| (key, None)).collect()).unwrap();
        store.sync().unwrap();
    }
    let audit = |f: &Fixture| sayso(&f.ledger, &["audit", "--format", "json"]).stdout;
    let before = audit(&f);
    let file = f.ledger.with_file_name("claims.jsonl");
    std::fs::write(&file, claims(0, ENTRIES)).unwrap();
    let import = || sayso(&f.ledger, &["import", file.to_str().unwrap()]);
    let refused = import();
    assert_eq!(refused.status.code(), Some(3));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("`sayso compact`"), "{told}");
    assert!(sayso(&f.ledger, &["compact"]).status.success());
    assert!(import().status.success());
    assert_eq!(audit(&f), before, "every repeat is known again, and no hash is another");
    f.heals("");
}

#[test]
fn what_was_written_and_never_counted_is_removed() {
    let f = Fixture::new();
    {
        let store = SledStore::open(&f.store()).unwrap();
        let sealed = store.get(Table::Log, &256u64.to_be_bytes()).unwrap().unwrap();
        // A half-sealed bundle: one of them whole, one only begun; and a row of the tail beyond the head.
        let beyond = [512u64, 768].map(|first| (first.to_be_bytes().to_vec(), sealed.clone()));
        store.fill(Table::Log, beyond.to_vec()).unwrap();
        let tail = [b"tail".as_slice(), &ENTRIES.to_be_bytes()].concat();
        store.apply(Table::State, vec![(tail, Some(b"half".to_vec()))]).unwrap();
        store.sync().unwrap();
    }
    let told = String::from_utf8(sayso(&f.ledger, &["replay"]).stderr).unwrap();
    assert!(told.contains("removed 2 bundles that an interrupted write left; they were never acknowledged"), "{told}");
    assert!(told.contains("removed 1 rows that an interrupted write left; they were never acknowledged"), "{told}");
    f.heals("");
}
