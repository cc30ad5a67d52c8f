//! A court orders that a name goes away. Then it must be in no file any more, although sled keeps old pages, the index of views has
//! copies of what others refer to, and the mirror has its own; and nobody may be able to say that anything else was altered.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use std::path::Path;

use sayso_core::audit::audit;
use sayso_core::copy::{Compacted, CopyError, backup, compact};
use sayso_core::directory::LedgerDir;
use sayso_core::ledger::Ledger;
use sayso_core::machine::SystemEntropy;
use sayso_core::replay::{Query, replay};
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use support::{add_numbered, batch, create_dir, files_in, open_dir, traces};

/// Words that compression cannot hide.
const SECRET: [&str; 4] = ["q7Zk1xVb9LmWc3Hd", "T5nRf8YpJ2gKs6Qw", "x4CvB0zN7aMd1FhL", "Gy9UeW3iXo8PrS5t"];

/// A ledger with a secret in a sealed claim that others refer to, in a stance, in an alias and in the tail.
fn ledger_with_secrets(path: &Path) -> (Ledger, [u64; 4]) {
    let ledger = create_dir(path);
    let one = |line: String| ledger.append(&batch(&[&line])).unwrap().outcomes[0].index();
    add_numbered(&ledger, 0..50);
    let claim = |id: &str, secret: &str| {
        format!(
            r#"{{"kind":"claim","id":"{id}","source":"yerevan","subject":"person","predicate":"name","value":"{secret}","stated":"2023-05-12"}}"#
        )
    };
    let first = one(claim("secret", SECRET[0]));
    let stance = one(format!(
        r#"{{"kind":"stance","source":"baku","of":"secret","stance":"denies","stated":"2023-05-13","note":"{}"}}"#,
        SECRET[1]
    ));
    let alias =
        one(format!(r#"{{"kind":"alias","names":"subject","from":"elsewhere","to":"person","note":"{}"}}"#, SECRET[2]));
    add_numbered(&ledger, 50..300);
    let last = one(claim("last", SECRET[3]));
    (ledger, [first, stance, alias, last])
}

fn compacted(path: &Path) -> Result<Compacted, CopyError> {
    compact(LedgerDir::open(path).unwrap(), SystemClock, SystemEntropy, &|_| {})
}

#[test]
fn after_redacting_and_compacting_there_is_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror) = (dir.path().join("ledger"), dir.path().join("mirror"));
    let (ledger, redacted) = ledger_with_secrets(&path);
    ledger.mirror(&mirror).unwrap();
    drop(ledger);
    let ledger = open_dir(&path); // all views are indexed
    let salts = redacted.map(|i| ledger.entry(i).unwrap().unwrap().salt().unwrap());
    for (secret, salt) in SECRET.iter().zip(&salts) {
        for place in [&path, &mirror] {
            assert!(
                !traces(place, &secret.as_bytes()[2..12]).is_empty(),
                "{secret} can be found in {}",
                place.display()
            );
            assert!(!traces(place, salt).is_empty(), "the salt of {secret} can be found in {}", place.display());
        }
    }
    let hashes = |ledger: &Ledger, size: u64| -> Vec<_> {
        let whole = |i| ledger.entry(i).unwrap().map(|e| (e.hash(), e.body().map(<[u8]>::to_vec), e.salt())).unwrap();
        (0..size).map(whole).collect()
    };
    let before = hashes(&ledger, ledger.head().size);
    for index in redacted {
        ledger.redact(index, Text::new("by order").unwrap(), None).unwrap();
    }
    let (head, id) = (ledger.head(), ledger.id());
    drop(ledger);
    let kept: usize = SECRET.iter().map(|secret| traces(&path, &secret.as_bytes()[2..12]).len()).sum();
    assert!(kept > 0, "sled keeps old pages: without compacting this test would prove nothing");

    let Compacted { head: same, .. } = compacted(&path).unwrap();
    assert_eq!(same, head);
    for (secret, salt) in SECRET.iter().zip(&salts) {
        for place in [&path, &mirror] {
            let left = [traces(place, &secret.as_bytes()[2..12]), traces(place, salt)];
            assert!(left.iter().all(Vec::is_empty), "{secret}: {left:?}");
        }
    }
    let names: Vec<_> = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!names.iter().any(|n| n.to_string_lossy().starts_with("store.")), "{names:?}");

    let ledger = open_dir(&path);
    assert_eq!((ledger.head(), ledger.id()), (head, id));
    for (index, (then, now)) in before.iter().zip(hashes(&ledger, before.len() as u64)).enumerate() {
        assert_eq!(then.0, now.0, "every hash stays");
        if redacted.contains(&(index as u64)) {
            assert_eq!((now.1, now.2), (None, None));
        } else {
            assert_eq!((&then.1, then.2), (&now.1, now.2), "every other body stays: #{index}");
        }
    }
    assert_eq!(ledger.find_id("secret").unwrap(), None);
    assert_eq!(ledger.find_id("c49").unwrap(), Some(49));
    add_numbered(&ledger, 300..310);
    assert_eq!(ledger.check_mirrors()[0].head.as_ref().unwrap(), &ledger.head());
    drop(ledger);
    let found = audit(LedgerDir::open(&path).unwrap().store(), &[head], &|_| {}).unwrap();
    assert!(found.is_sound(), "{:?}", found.findings);
    assert_eq!(found.redacted, redacted);
}

/// Whatever a compaction that was cut short has left is gone when the ledger is opened, and the ledger is as it was.
#[test]
fn an_interrupted_compaction_is_put_in_order_on_opening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let ledger = create_dir(&path);
    add_numbered(&ledger, 0..600);
    let head = ledger.head();
    drop(ledger);
    let copy_store = |to: &str| {
        for (name, bytes) in files_in(&path.join("store")) {
            let file = path.join(to).join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    };
    let moves: [&dyn Fn(); 3] = [
        // The new store is half written.
        &|| {
            std::fs::create_dir(path.join("store.new")).unwrap();
            std::fs::write(path.join("store.new/db"), [0; 100]).unwrap();
        },
        // Between the two renames.
        &|| {
            copy_store("store.new");
            std::fs::rename(path.join("store"), path.join("store.old")).unwrap();
        },
        // After both.
        &|| copy_store("store.old"),
    ];
    for (number, interrupted) in moves.iter().enumerate() {
        interrupted();
        let ledger = open_dir(&path);
        assert_eq!(ledger.head(), head, "case {number}");
        assert!(ledger.entry(599).unwrap().is_some());
        drop(ledger);
        assert!(!path.join("store.new").exists() && !path.join("store.old").exists(), "case {number}");
    }
    assert_eq!(compacted(&path).unwrap().head, head, "and it can be compacted");
}

#[test]
fn a_ledger_that_is_damaged_or_whose_mirror_is_away_is_not_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror) = (dir.path().join("ledger"), dir.path().join("mirror"));
    let ledger = create_dir(&path);
    add_numbered(&ledger, 0..600);
    ledger.mirror(&mirror).unwrap();
    let head = ledger.head();
    drop(ledger);
    std::fs::rename(&mirror, dir.path().join("away")).unwrap();
    assert!(matches!(compacted(&path), Err(CopyError::MirrorBehind(_))), "it may hold what was erased");
    std::fs::rename(dir.path().join("away"), &mirror).unwrap();
    {
        use sayso_core::bundle::{Bundle, Codec};
        use sayso_core::store::Table;
        let dir = LedgerDir::open(&path).unwrap();
        let key = 0u64.to_be_bytes();
        let mut bundle = Bundle::decode(&dir.store().get(Table::Log, &key).unwrap().unwrap()).unwrap();
        bundle.entries[9].flags = 1;
        dir.store().apply(Table::Log, vec![(key.to_vec(), Some(bundle.encode(Codec::Lz4)))]).unwrap();
        dir.store().sync().unwrap();
    }
    let refused = compacted(&path).unwrap_err();
    assert!(matches!(refused, CopyError::Unsound { index: 9, .. }), "{refused}");
    assert!(!path.join("store.new").exists());
    assert_eq!(open_dir(&path).head(), head, "it is as it was");
}

/// An erasure was promised, the machine stopped, and what is to be erased can no longer be read. Nobody may be kept out for that; and
/// nobody may be told that it is gone.
#[test]
fn an_erasure_that_cannot_be_finished_keeps_nobody_out() {
    use sayso_core::repair::Repair;
    use sayso_core::store::Table;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let (ledger, [secret, ..]) = ledger_with_secrets(&path);
    add_numbered(&ledger, 300..600);
    ledger.index(&|_| {}).unwrap();
    let views = |ledger: &Ledger| replay(ledger, &Query::default()).map(|replay| format!("{:?}", replay.views));
    assert!(views(&ledger).unwrap().contains(SECRET[0]));
    drop(ledger);
    {
        let dir = LedgerDir::open(&path).unwrap();
        let key = 0u64.to_be_bytes();
        let mut bytes = dir.store().get(Table::Log, &key).unwrap().unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        dir.store().apply(Table::Log, vec![(key.to_vec(), Some(bytes))]).unwrap();
        let mark = |index: u64| ([b"erase".as_slice(), &index.to_be_bytes()].concat(), Some(vec![]));
        dir.store().apply(Table::State, vec![mark(secret), mark(599)]).unwrap();
        dir.store().sync().unwrap();
    }
    for round in 0..2 {
        let ledger = open_dir(&path);
        let failed: Vec<&Repair> = ledger.repairs().iter().filter(|repair| !repair.is_done()).collect();
        assert!(matches!(failed.as_slice(), [Repair::ErasureFailed { index, .. }] if *index == secret));
        let told = failed[0].to_string();
        assert!(told.contains("NOT erased"), "{told}");
        assert_eq!(told.contains("the index of views had a copy of it, and was removed"), round == 0, "{told}");
        // The log does not give its words away any more, and so does nothing that was made from it.
        assert!(!views(&ledger).is_ok_and(|views| views.contains(SECRET[0])));
        assert!(ledger.entry(300).unwrap().unwrap().body().is_some());
        assert!(ledger.entry(599).unwrap().unwrap().body().is_none(), "the other one is erased");
        add_numbered(&ledger, 600 + round..601 + round);
        let file = dir.path().join("backup");
        let refused = backup(&ledger, &file, &|_| {}).unwrap_err();
        assert!(matches!(&refused, CopyError::Unsound { index, .. } if *index == secret) && !file.exists());
        drop(ledger);
        let kept = LedgerDir::open(&path).unwrap().store().keys(Table::Projection, &[], 10).unwrap();
        assert!(kept.is_empty(), "rows of the index: {kept:?}");
        let refused = compacted(&path).unwrap_err();
        assert!(matches!(&refused, CopyError::Unsound { index, .. } if *index == secret), "{refused}");
    }
}
