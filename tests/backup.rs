//! sled is beta software, and one day it will not open somebody's ledger. A copy that is not sled must then make the same ledger
//! again, with the same hashes, or say that it cannot: a copy that comes back with less, or with something else, is worse than none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use sayso_core::audit::audit;
use sayso_core::copy::{CopyError, CopyKind, backup, restore};
use sayso_core::directory::LedgerDir;
use sayso_core::entry::Head;
use sayso_core::exchange::Exporter;
use sayso_core::ledger::{Ledger, Outcome};
use sayso_core::machine::SystemEntropy;
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use support::{Fixture, add_numbered, batch, numbered};

const SIZES: [u64; 6] = [0, 1, 255, 256, 257, 700];

/// A ledger of so many entries; larger ones have one of each kind that points at others, and a redaction.
fn ledger_of(size: u64) -> Fixture {
    let f = Fixture::new();
    if size < 20 {
        add_numbered(&f.ledger, 0..size);
        return f;
    }
    add_numbered(&f.ledger, 0..10);
    f.add(&[
        r#"{"kind":"stance","source":"baku","of":"c1","stance":"denies","stated":"2023-05-13"}"#,
        r#"{"kind":"retraction","source":"yerevan","of":"c2","stated":"2023-05-13"}"#,
        r#"{"kind":"correction","id":"k","of":"c3","reason":"wrong","replacement":null}"#,
        r#"{"kind":"alias","names":"subject","from":"s1","to":"s2"}"#,
        r#"{"kind":"note","of":"c4","text":"seen twice"}"#,
        r#"{"kind":"claim","source":"eu","subject":"Սոթք","predicate":"yaralı","value":{"approx":2000},"stated":"2023-05","recorded":"2023-05-13T08:00:00Z"}"#,
    ]);
    f.ledger.redact(5, Text::new("by order").unwrap(), None).unwrap();
    add_numbered(&f.ledger, 10..size - 7);
    assert_eq!(f.ledger.head().size, size);
    f
}

fn write_envelope(ledger: &Ledger, path: &Path) {
    let exporter = Exporter::new(ledger, true);
    let line = |i| exporter.draft(&ledger.entry(i).unwrap().unwrap()).unwrap().unwrap().to_json() + "\n";
    std::fs::write(path, (0..ledger.head().size).map(line).collect::<String>()).unwrap();
}

fn restored(from: &Path, to: &Path) -> Result<(Ledger, CopyKind), CopyError> {
    restore(from, to, SystemClock, SystemEntropy, &|_| {}).map(|r| (r.ledger, r.kind))
}

/// An entry's hash, body and salt.
type Kept = (String, Option<Vec<u8>>, Option<[u8; 16]>);

/// Everything of an entry that a restore must bring back.
fn whole(ledger: &Ledger) -> Vec<Kept> {
    let entry = |i| {
        let entry = ledger.entry(i).unwrap().unwrap();
        (entry.hash().to_string(), entry.body().map(<[u8]>::to_vec), entry.salt())
    };
    (0..ledger.head().size).map(entry).collect()
}

#[test]
fn each_form_gives_the_same_ledger_back() {
    for size in SIZES {
        let f = ledger_of(size);
        let dir = tempfile::tempdir().unwrap();
        let [mirror, file, envelope] = ["mirror", "backup.gz", "envelope.jsonl"].map(|name| dir.path().join(name));
        f.ledger.mirror(&mirror).unwrap();
        let made = backup(&f.ledger, &file, &|_| {}).unwrap();
        assert_eq!((made.head, made.bytes), (f.ledger.head(), file.metadata().unwrap().len()));
        write_envelope(&f.ledger, &envelope);
        for (from, expected) in
            [(&mirror, CopyKind::Mirror), (&file, CopyKind::Backup), (&envelope, CopyKind::Envelope)]
        {
            let to = dir.path().join(format!("from-{}", expected.as_str()));
            if size == 0 && expected == CopyKind::Envelope {
                // Nothing in an empty file says whose it is.
                assert!(matches!(restored(from, &to), Err(CopyError::Damaged { .. })));
                assert!(!to.exists());
                continue;
            }
            let (ledger, kind) = restored(from, &to).unwrap();
            assert_eq!((kind, ledger.id(), ledger.head()), (expected, f.ledger.id(), f.ledger.head()), "{size}");
            assert_eq!(whole(&ledger), whole(&f.ledger));
            // What is derived was made again: repeats are found, the erased one is not.
            for n in [0, 1, 4, 12].into_iter().filter(|n| n + 8 < size) {
                assert_eq!(ledger.find_id(&format!("c{n}")).unwrap(), f.ledger.find_id(&format!("c{n}")).unwrap());
            }
            if size > 20 {
                assert_eq!(ledger.find_id("c5").unwrap(), None);
                let again = ledger.append(&batch(&[&numbered(9)])).unwrap();
                assert_eq!(again.outcomes, [Outcome::AlreadyThere(9)]);
            }
            drop(ledger);
            let found = audit(LedgerDir::open(&to).unwrap().store(), &[f.ledger.head()], &|_| {}).unwrap();
            assert!(found.is_sound(), "{size} {kind:?}: {:?}", found.findings);
            assert_eq!(found.redacted, if size > 20 { vec![5] } else { vec![] });
            assert!(matches!(restored(from, &to), Err(CopyError::Dir(_))), "never overwritten");
        }
    }
}

/// Every branch of the format, written by an earlier build.
#[test]
fn the_golden_envelope_is_restored_to_its_head() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/v1");
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = restored(&golden.join("envelope.jsonl"), &dir.path().join("new")).unwrap();
    let head: Head = std::fs::read_to_string(golden.join("head.txt")).unwrap().trim().parse().unwrap();
    assert_eq!(ledger.head(), head);
}

#[test]
fn every_changed_byte_and_every_cut_of_a_backup_is_noticed() {
    let f = ledger_of(30);
    let dir = tempfile::tempdir().unwrap();
    let (file, bad, to) = (dir.path().join("b"), dir.path().join("bad"), dir.path().join("new"));
    backup(&f.ledger, &file, &|_| {}).unwrap();
    let good = std::fs::read(&file).unwrap();
    for at in 0..good.len() {
        for bit in [1, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= bit;
            std::fs::write(&bad, bytes).unwrap();
            assert!(restored(&bad, &to).is_err(), "byte {at}");
        }
        std::fs::write(&bad, &good[..at]).unwrap();
        assert!(restored(&bad, &to).is_err(), "cut at {at}");
    }
    std::fs::write(&bad, [good.as_slice(), &[0]].concat()).unwrap();
    assert!(restored(&bad, &to).is_err(), "a byte more");
    assert!(!to.exists(), "nothing is made of a damaged file");
    println!("{} bytes, changed and cut", good.len());
}

/// gzip's own tools must be able to read it: the format is not only ours.
#[test]
fn a_backup_is_a_gzip_file() {
    let f = ledger_of(300);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.gz");
    backup(&f.ledger, &file, &|_| {}).unwrap();
    let output = match std::process::Command::new("gzip").args(["-dc"]).arg(&file).output() {
        Ok(output) => output,
        Err(e) => return eprintln!("not run: gzip is needed ({e})"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.starts_with(b"sayso backup 1\n"));
}

#[test]
fn a_backup_never_overwrites_and_leaves_nothing_half_done() {
    let f = ledger_of(30);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b");
    std::fs::write(&file, "mine").unwrap();
    assert!(matches!(backup(&f.ledger, &file, &|_| {}), Err(CopyError::Exists(_))));
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    assert!(backup(&f.ledger, &dir.path().join("no/such/dir/b"), &|_| {}).is_err());
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
}

/// While it is written a backup has a name that nothing else has. So somebody's file of a like name is not touched, not by a link either, and
/// what a killed one left keeps no later one from being made, and does not stay for ever.
#[test]
fn a_killed_backup_is_in_nobodys_way_and_nothing_is_in_its() {
    let f = ledger_of(30);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let names = || -> BTreeSet<String> {
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    };
    std::fs::write(path("b.part"), "mine").unwrap();
    let before = names();
    let seen = RefCell::new(BTreeSet::new());
    backup(&f.ledger, &path("b"), &|_| seen.borrow_mut().extend(names())).unwrap();
    let unfinished: Vec<String> = seen.into_inner().difference(&before).cloned().collect();
    let [killed] = unfinished.as_slice() else { panic!("{unfinished:?}") };
    assert!(killed.ends_with(".part") && !path(killed).exists() && std::fs::read(path("b.part")).unwrap() == b"mine");

    // One was killed, and these are no such files: of another ledger, with another name, no file at all.
    std::fs::write(path(killed), "half").unwrap();
    let id = &f.ledger.id().to_string()[..16];
    let others = [
        killed.replace(id, "0123456789abcdef"),
        killed.replace(".part", "0.part"),
        killed.replace(".part", ".gz"),
        format!("x{killed}"),
    ];
    others.iter().for_each(|name| std::fs::write(path(name), "mine").unwrap());
    let turned: String = killed.trim_end_matches(".part").chars().rev().take(16).collect();
    let like_it = killed.replace(&killed[killed.len() - 21..killed.len() - 5], &turned);
    std::fs::create_dir(path(&like_it)).unwrap();
    #[cfg(unix)]
    for link in ["c.part", &killed.replace(&killed[killed.len() - 21..], "0123456789abcdef.part")] {
        std::os::unix::fs::symlink(path("b.part"), path(link)).unwrap();
    }
    let before = names();
    backup(&f.ledger, &path("c"), &|_| {}).unwrap();
    assert!(!path(killed).exists(), "it stays for ever");
    let gone: Vec<String> = before.difference(&names()).cloned().collect();
    assert_eq!(gone, unfinished, "and nothing else goes");
    assert!(others.iter().all(|name| std::fs::read(path(name)).unwrap() == b"mine"));
    assert_eq!(std::fs::read(path("b.part")).unwrap(), b"mine", "the link was not followed");
    restored(&path("c"), &path("new")).unwrap();
}

#[test]
fn an_envelope_that_is_not_whole_or_not_true_is_refused() {
    let f = ledger_of(30);
    let dir = tempfile::tempdir().unwrap();
    let (file, to) = (dir.path().join("e"), dir.path().join("new"));
    write_envelope(&f.ledger, &file);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without = |n: usize| lines.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, l)| *l).collect::<Vec<_>>();
    let changed = |from: &str, to: &str| vec![text.replacen(from, to, 1)];
    let cases: Vec<Vec<String>> = vec![
        without(0).iter().map(ToString::to_string).collect(),
        without(7).iter().map(ToString::to_string).collect(),
        changed("\"value\":3", "\"value\":4"),
        changed("\"recorder\":\"tester\"", "\"recorder\":\"nobody\""),
        changed("\"of\":\"#1\"", "\"of\":\"#0\""),
        changed("\"of\":\"#1\"", "\"of\":\"c1\""),
        changed("08:00:00Z\",\"index\":8", "08:00:01Z\",\"index\":8"),
        changed("\"commitment\":\"", "\"commitment\":\"0"),
        changed("\"salt\":\"", "\"salt\":\"zz"),
    ];
    for case in cases {
        let bad = case.join("\n");
        assert_ne!(bad, text, "the case changes something");
        std::fs::write(&file, bad).unwrap();
        assert!(restored(&file, &to).is_err());
        assert!(!to.exists());
    }
    // A plain export has no hashes; the way for it is import.
    let plain = Exporter::new(&f.ledger, false);
    let line = plain.draft(&f.ledger.entry(0).unwrap().unwrap()).unwrap().unwrap().to_json();
    std::fs::write(&file, line).unwrap();
    let said = restored(&file, &to).err().unwrap().to_string();
    assert!(said.contains("sayso import"), "{said}");
    std::fs::write(&file, "a shopping list").unwrap();
    assert!(matches!(restored(&file, &to), Err(CopyError::NotACopy(_))));
}

/// A restore that was cut short leaves a store without a ledger in it; the next attempt begins anew.
#[test]
fn a_restore_can_be_repeated_after_a_crash() {
    let f = ledger_of(700);
    let dir = tempfile::tempdir().unwrap();
    let (file, to) = (dir.path().join("b"), dir.path().join("new"));
    backup(&f.ledger, &file, &|_| {}).unwrap();
    {
        use sayso_core::store::{SledStore, Store, Table};
        let store = SledStore::open(&to.join("store")).unwrap();
        store.fill(Table::Log, vec![(0u64.to_be_bytes().to_vec(), vec![1; 50_000])]).unwrap();
        store.sync().unwrap();
    }
    assert!(matches!(LedgerDir::open(&to).map(drop), Err(sayso_core::directory::DirError::NotALedger(_))));
    let (ledger, _) = restored(&file, &to).unwrap();
    assert_eq!(whole(&ledger), whole(&f.ledger));
    assert!(matches!(ledger.entry(700), Ok(None)));
}
