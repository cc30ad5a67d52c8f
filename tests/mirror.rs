//! Somebody's disk dies. The mirror on the other disk must have every entry that was ever acknowledged, and must never have been
//! written over by a ledger that has less: then both copies would be gone.

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

use sayso_core::bundle::Bundle;
use sayso_core::copy::{CopyError, MirrorError, MirrorState, backup, compact, restore, salvage, take_over};
use sayso_core::directory::LedgerDir;
use sayso_core::entry::Head;
use sayso_core::ledger::{self, AppendError, CopiedEntry, Ledger, Outcome};
use sayso_core::machine::SystemEntropy;
use sayso_core::repair::Repair;
use sayso_core::store::Table;
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use support::{Fixture, add_numbered, batch, create_dir, files_in, numbered, open_dir, put_back, traces};

/// The one mirror of a ledger, read whole and compared: its head.
fn head_of_mirror(ledger: &Ledger) -> Result<Head, String> {
    let states = ledger.check_mirrors();
    assert_eq!(states.len(), 1);
    states.into_iter().next().unwrap().head.map_err(|e| e.to_string())
}

fn append_one(ledger: &Ledger, n: u64) -> Result<Outcome, AppendError> {
    ledger.append(&batch(&[&numbered(n)])).map(|a| a.outcomes[0])
}

fn head_restored(mirror: &Path) -> Head {
    let dir = tempfile::tempdir().unwrap();
    let restored = restore(mirror, &dir.path().join("new"), SystemClock, SystemEntropy, &|_| {});
    restored.unwrap_or_else(|e| panic!("{e}")).ledger.head()
}

#[test]
fn a_mirror_has_every_append_before_it_is_acknowledged() {
    let f = Fixture::new();
    let dir = tempfile::tempdir().unwrap();
    let mirror = dir.path().join("mirror");
    f.ledger.mirror(&mirror).unwrap();
    assert_eq!(head_of_mirror(&f.ledger), Ok(f.ledger.head()));
    let mut next = 0;
    // Into the tail, over its end, whole bundles at once, and a batch that is streamed.
    for count in [1, 3, 250, 1, 1, 1, 255, 256, 600, 4000, 1] {
        add_numbered(&f.ledger, next..next + count);
        next += count;
        assert_eq!(head_of_mirror(&f.ledger), Ok(f.ledger.head()), "after {next}");
    }
    assert_eq!(head_restored(&mirror), f.ledger.head());
    let names = files_in(&mirror);
    assert_eq!(names.len() as u64, next / 256 + 2, "a file for each sealed bundle, the tail and the description");
}

#[test]
fn a_ledger_remembers_its_mirror_and_the_mirror_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror) = (dir.path().join("ledger"), dir.path().join("mirror"));
    let ledger = create_dir(&path);
    add_numbered(&ledger, 0..300);
    ledger.mirror(&mirror).unwrap();
    let early = files_in(&mirror);
    add_numbered(&ledger, 300..600);
    let late = ledger.head();
    drop(ledger);
    // A crash between the ledger's write and the mirror's, and a long while of it.
    put_back(&mirror, &early);
    let ledger = open_dir(&path);
    assert_eq!(ledger.mirrors(), std::slice::from_ref(&mirror));
    assert_eq!(head_of_mirror(&ledger).map(|h| h.size), Ok(300), "reading changes nothing");
    add_numbered(&ledger, 600..601);
    assert_eq!(head_of_mirror(&ledger), Ok(ledger.head()));
    assert_eq!(ledger.head().size, late.size + 1);
    assert!(ledger.forget_mirror(&mirror).unwrap());
    assert!(!ledger.forget_mirror(&mirror).unwrap());
    add_numbered(&ledger, 601..602);
    drop(ledger);
    let ledger = open_dir(&path);
    assert!(ledger.mirrors().is_empty());
    assert_eq!(head_restored(&mirror).size, 601, "its files stay");
    // Taken up again, with a bundle deleted and another damaged meanwhile.
    std::fs::remove_file(mirror.join("00000000000000000000.bundle")).unwrap();
    std::fs::write(mirror.join("00000000000000000256.bundle"), "nothing").unwrap();
    ledger.mirror(&mirror).unwrap();
    assert_eq!(head_of_mirror(&ledger), Ok(ledger.head()));
}

/// The ledger's disk was replaced by an older copy: the mirror is the better one.
#[test]
fn a_mirror_that_has_more_or_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror) = (dir.path().join("ledger"), dir.path().join("mirror"));
    let ledger = create_dir(&path);
    ledger.mirror(&mirror).unwrap();
    add_numbered(&ledger, 0..300);
    drop(ledger);
    let older = files_in(&path);
    let ledger = open_dir(&path);
    add_numbered(&ledger, 300..310);
    drop(ledger);
    put_back(&path, &older);

    let better = files_in(&mirror);
    let ledger = open_dir(&path);
    let refused = append_one(&ledger, 999).unwrap_err();
    assert!(
        matches!(&refused, AppendError::Mirror(e) if matches!(**e, MirrorError::Ahead { mirror: 310, .. })),
        "{refused}"
    );
    assert_eq!(ledger.head().size, 300, "nothing was appended");
    assert!(matches!(ledger.mirror(&mirror), Err(CopyError::Mirror(MirrorError::Ahead { .. }))));
    assert!(matches!(ledger.redact(3, Text::new("r").unwrap(), None), Err(AppendError::Mirror(_))));
    assert!(files_in(&mirror) == better, "it was not touched");

    // Somebody goes on without it, past its end, and then takes it up again.
    ledger.forget_mirror(&mirror).unwrap();
    add_numbered(&ledger, 400..420);
    assert!(matches!(ledger.mirror(&mirror), Err(CopyError::Mirror(MirrorError::Diverged { .. }))));
    assert!(files_in(&mirror) == better, "it was not touched");

    let other = LedgerDir::create(&dir.path().join("other"), SystemClock, SystemEntropy).unwrap();
    assert!(matches!(other.mirror(&mirror), Err(CopyError::Mirror(MirrorError::OtherLedger { .. }))));
    assert!(matches!(other.mirror(&path), Err(CopyError::Mirror(MirrorError::NotEmpty(_)))));
    assert!(matches!(other.mirror(&dir.path().join("other/in")), Err(CopyError::Mirror(MirrorError::Inside(_)))));
    assert!(matches!(other.mirror(dir.path()), Err(CopyError::Mirror(MirrorError::Inside(_)))));
    assert!(other.mirrors().is_empty());
}

#[test]
fn without_its_mirror_nothing_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror, away) = (dir.path().join("ledger"), dir.path().join("mirror"), dir.path().join("away"));
    let ledger = create_dir(&path);
    ledger.mirror(&mirror).unwrap();
    add_numbered(&ledger, 0..5);
    // The disk goes away between two appends of one process.
    std::fs::rename(&mirror, &away).unwrap();
    let failed = append_one(&ledger, 5).unwrap_err();
    assert!(matches!(failed, AppendError::MirrorBehind(_)), "{failed}");
    assert!(failed.to_string().contains("sayso mirror --stop"), "the way out is named: {failed}");
    std::fs::rename(&away, &mirror).unwrap();
    let failed = append_one(&ledger, 6).unwrap_err();
    assert!(matches!(failed, AppendError::MirrorBehind(_)), "it takes nothing more until it is opened again: {failed}");
    drop(ledger);
    let ledger = open_dir(&path);
    assert_eq!(ledger.head().size, 6);
    assert_eq!(
        append_one(&ledger, 5).unwrap(),
        Outcome::AlreadyThere(5),
        "the same command again is all there is to do"
    );
    assert_eq!(head_of_mirror(&ledger), Ok(ledger.head()));
    drop(ledger);

    // It is away when the ledger is opened: reading goes on, writing does not, and nothing is half done.
    std::fs::rename(&mirror, &away).unwrap();
    let ledger = open_dir(&path);
    assert!(ledger.entry(5).unwrap().is_some());
    let refused = append_one(&ledger, 7).unwrap_err();
    assert!(matches!(&refused, AppendError::Mirror(e) if matches!(**e, MirrorError::NotAMirror(_))), "{refused}");
    assert_eq!(ledger.head().size, 6);
    std::fs::rename(&away, &mirror).unwrap();
    assert_eq!(append_one(&ledger, 7).unwrap(), Outcome::Appended(6), "connected again, in the same process");
    std::fs::rename(&mirror, &away).unwrap();
    ledger.forget_mirror(&mirror).unwrap();
    assert_eq!(append_one(&ledger, 8).unwrap(), Outcome::Appended(7));
}

fn copied(ledger: &Ledger, from: u64) -> Vec<CopiedEntry> {
    let copied = |index| {
        let entry = ledger.entry(index).unwrap().unwrap();
        CopiedEntry { header: entry.header(), body: entry.salt().zip(entry.body().map(<[u8]>::to_vec)) }
    };
    (from..ledger.head().size).map(copied).collect()
}

/// A copy of a ledger that has nothing of it yet.
fn empty_copy(ledger: &Ledger, path: &Path) -> Ledger {
    let head = Head { size: 0, hash: ledger.id().genesis() };
    let nothing = || Ok::<_, CopyError>(None);
    take_over("nothing".into(), ledger.id(), head, path, SystemClock, SystemEntropy, nothing).unwrap()
}

/// What `sayso pull` takes over is acknowledged like everything else.
#[test]
fn a_copy_has_a_mirror_too() {
    let f = Fixture::new();
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror, away) = (dir.path().join("copy"), dir.path().join("mirror"), dir.path().join("away"));
    add_numbered(&f.ledger, 0..300);
    let copy = empty_copy(&f.ledger, &path);
    copy.copy(copied(&f.ledger, 0)).unwrap();
    copy.mirror(&mirror).unwrap();
    add_numbered(&f.ledger, 300..600);
    copy.copy(copied(&f.ledger, 300)).unwrap();
    assert_eq!(head_of_mirror(&copy), Ok(f.ledger.head()));
    // An entry that is here with its body, and the record that it was erased.
    let salt = copy.entry(7).unwrap().unwrap().salt().unwrap();
    f.ledger.redact(7, Text::new("by order").unwrap(), None).unwrap();
    copy.copy(copied(&f.ledger, 600)).unwrap();
    assert_eq!(head_of_mirror(&copy), Ok(f.ledger.head()));
    let bundle = Bundle::decode(&std::fs::read(mirror.join("00000000000000000000.bundle")).unwrap()).unwrap();
    assert!(bundle.entries[7].body().is_none() && traces(&mirror, &salt).is_empty(), "erased in the mirror, too");

    add_numbered(&f.ledger, 700..701);
    std::fs::rename(&mirror, &away).unwrap();
    let failed = copy.copy(copied(&f.ledger, 601)).unwrap_err();
    assert!(matches!(failed, ledger::TakeOverError::Append(AppendError::MirrorBehind(_))), "{failed}");
    drop(copy);
    let copy = open_dir(&path);
    add_numbered(&f.ledger, 701..702);
    let refused = copy.copy(copied(&f.ledger, copy.head().size)).unwrap_err();
    assert!(matches!(refused, ledger::TakeOverError::Append(AppendError::Mirror(_))), "{refused}");
    assert_eq!(copy.head().size, 602, "nothing was taken over");
    std::fs::rename(&away, &mirror).unwrap();
    copy.copy(copied(&f.ledger, 602)).unwrap();
    assert_eq!(head_of_mirror(&copy), Ok(f.ledger.head()));
}

/// A clone takes no entries of its own: two ledgers with one identity would go on differently. So does what is made of its mirror.
#[test]
fn what_is_made_of_the_mirror_of_a_copy_takes_no_entries_either() {
    let f = Fixture::new();
    let dir = tempfile::tempdir().unwrap();
    let [path, mirror, restored, salvaged] = ["copy", "mirror", "new", "saved"].map(|name| dir.path().join(name));
    add_numbered(&f.ledger, 0..300);
    let copy = empty_copy(&f.ledger, &path);
    copy.mirror(&mirror).unwrap();
    copy.copy(copied(&f.ledger, 0)).unwrap();
    drop(copy);
    let refuses = |ledger: &Ledger| matches!(append_one(ledger, 900), Err(AppendError::ReadOnly));
    let new = restore(&mirror, &restored, SystemClock, SystemEntropy, &|_| {}).unwrap().ledger;
    assert!(new.is_read_only() && refuses(&new) && new.head() == f.ledger.head());
    drop(new);
    assert!(refuses(&open_dir(&restored)), "also when it is opened again");
    for gone in ["read-only", "store", "lock"] {
        // By its own mark, and with only the mirror's left.
        salvage(&path, &[], &salvaged, SystemClock, SystemEntropy, &|_| {}).unwrap();
        assert!(refuses(&open_dir(&salvaged)));
        std::fs::remove_dir_all(&salvaged).unwrap();
        let gone = path.join(gone);
        if gone.is_dir() { std::fs::remove_dir_all(gone).unwrap() } else { std::fs::remove_file(gone).unwrap() }
    }
    // A restore that fails leaves nothing, and no mark for the next one.
    std::fs::remove_dir_all(&restored).unwrap();
    std::fs::create_dir(&restored).unwrap();
    std::fs::remove_file(mirror.join("00000000000000000000.bundle")).unwrap();
    assert!(restore(&mirror, &restored, SystemClock, SystemEntropy, &|_| {}).is_err());
    assert!(files_in(&restored).is_empty(), "{:?}", files_in(&restored).keys());
}

/// A redaction failed, and the process goes on. What was to be erased must not go into a new mirror, nor into a backup.
#[test]
fn after_a_failed_redaction_nothing_is_copied() {
    let f = Fixture::new();
    let dir = tempfile::tempdir().unwrap();
    let [mirror, away, other, file] = ["mirror", "away", "other", "backup"].map(|name| dir.path().join(name));
    add_numbered(&f.ledger, 0..300);
    f.ledger.mirror(&mirror).unwrap();
    append_one(&f.ledger, 300).unwrap();
    std::fs::rename(&mirror, &away).unwrap();
    std::fs::write(&mirror, "something else").unwrap();
    let failed = f.ledger.redact(7, Text::new("by order").unwrap(), None).unwrap_err();
    assert!(matches!(failed, AppendError::ErasureWaits { of: 7, .. }), "{failed}");
    let stored = f.store.get(Table::Log, &0u64.to_be_bytes()).unwrap().unwrap();
    assert!(Bundle::decode(&stored).unwrap().entries[7].body().is_some(), "it is there: that is what must not go out");
    assert!(f.ledger.entry(7).unwrap().unwrap().body().is_none(), "nor to who reads");
    assert_eq!(f.ledger.failed_erasures().into_keys().collect::<Vec<_>>(), [7]);
    let not_erased = |e: &CopyError| matches!(e, CopyError::Unsound { index: 7, .. });
    let refused = f.ledger.mirror(&other).unwrap_err();
    assert!(not_erased(&refused) && refused.to_string().contains("NOT erased") && !other.exists(), "{refused}");
    let refused = backup(&f.ledger, &file, &|_| {}).unwrap_err();
    assert!(not_erased(&refused) && !file.exists(), "{refused}");
    // Opening finishes it, and then it can be copied.
    let f = f.reopen();
    assert!(f.ledger.failed_erasures().is_empty());
    f.ledger.mirror(&other).unwrap();
    backup(&f.ledger, &file, &|_| {}).unwrap();
    let bundle = Bundle::decode(&std::fs::read(other.join("00000000000000000000.bundle")).unwrap()).unwrap();
    assert!(bundle.entries[7].body().is_none());
}

/// Whoever wants to read is told, and gets in. Nothing is written: not to the ledger, and not to the list.
fn reads_and_takes_nothing(path: &Path, mirror: &Path) {
    let dir = LedgerDir::open(path).unwrap();
    let told = |repairs: &[Repair]| repairs.iter().any(|r| matches!(r, Repair::MirrorsUnknown { .. }) && !r.is_done());
    assert!(told(dir.repairs()), "audit opens no more than this");
    let ledger = dir.ledger(SystemClock, SystemEntropy).unwrap();
    assert!(told(ledger.repairs()));
    assert_eq!(ledger.head().size, 5);
    assert!(ledger.entry(4).unwrap().unwrap().body().is_some());
    let refused = append_one(&ledger, 900).unwrap_err();
    assert!(matches!(&refused, AppendError::MirrorsUnknown(_)) && refused.to_string().contains("`sayso mirror DIR`"));
    let many: Vec<String> = (0..3_000).map(numbered).collect();
    let many = batch(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(matches!(ledger.append(&many), Err(AppendError::MirrorsUnknown(_))));
    let reason = Text::new("by order").unwrap();
    assert!(matches!(ledger.redact(1, reason, None), Err(AppendError::MirrorsUnknown(_))));
    assert!(matches!(ledger.mirror(&mirror.with_extension("more")), Err(CopyError::MirrorsUnknown(_))));
    assert!(matches!(ledger.forget_mirror(mirror), Err(CopyError::MirrorsUnknown(_))));
    assert!(matches!(ledger.check_mirrors().as_slice(), [MirrorState { head: Err(MirrorError::Unknown(_)), .. }]));
    drop(ledger);
    let compacted = compact(LedgerDir::open(path).unwrap(), SystemClock, SystemEntropy, &|_| {});
    assert!(matches!(compacted, Err(CopyError::MirrorsUnknown(_))), "a mirror may have what was erased");
    assert_eq!(open_dir(path).head().size, 5);
}

/// What says which mirrors there are is empty, cut, or somebody else's: that is no reason to take it that there are none.
#[test]
fn a_ledger_that_cannot_tell_its_mirrors_takes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror) = (dir.path().join("ledger"), dir.path().join("mirror"));
    let ledger = create_dir(&path);
    ledger.mirror(&mirror).unwrap();
    add_numbered(&ledger, 0..5);
    drop(ledger);
    let file = path.join("mirrors");
    let good = std::fs::read(&file).unwrap();
    assert_eq!(String::from_utf8_lossy(&good), format!("sayso mirrors 1\n{}\n", mirror.display()));
    let without_line = good.split(|b| *b == b'\n').nth(1).unwrap();
    for bad in [
        b"".as_slice(),
        &good[..7],
        &good[..good.len() - 1],
        without_line,
        b"sayso mirrors 2\n",
        b"\xff\xfe\n",
        b"\0\0\0",
    ] {
        std::fs::write(&file, bad).unwrap();
        reads_and_takes_nothing(&path, &mirror);
        assert_eq!(std::fs::read(&file).unwrap(), bad, "it is not replaced by a list of fewer");
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    reads_and_takes_nothing(&path, &mirror); // unreadable is not missing
    std::fs::remove_dir(&file).unwrap();
    assert!(open_dir(&path).mirrors().is_empty());
    std::fs::write(&file, &good).unwrap();
    assert_eq!(open_dir(&path).mirrors(), std::slice::from_ref(&mirror));
}

#[test]
fn every_changed_byte_of_a_mirror_is_noticed() {
    let f = Fixture::new();
    let dir = tempfile::tempdir().unwrap();
    let (mirror, to) = (dir.path().join("mirror"), dir.path().join("new"));
    f.ledger.mirror(&mirror).unwrap();
    let tried_restore = |name: &str, what: &str| {
        let restored = restore(&mirror, &to, SystemClock, SystemEntropy, &|_| {});
        assert!(restored.is_err(), "{name}, {what}");
        assert!(!to.exists());
    };
    let mut tried = 0;
    // Empty, without a tail behind the sealed bundles, and with one.
    for count in [0, 256, 300] {
        add_numbered(&f.ledger, f.ledger.head().size..count);
        for (name, good) in files_in(&mirror) {
            let path = mirror.join(&name);
            let name = name.to_string_lossy();
            let sealed = name.ends_with(".bundle");
            // Every changed byte of a bundle is tried where bundles are; here it is whether they are looked at.
            let step = if !sealed || std::env::var_os("SAYSO_EXHAUSTIVE").is_some() { 1 } else { 13 };
            for at in (0..good.len()).step_by(step) {
                let mut bad = good.clone();
                bad[at] ^= 1 << (at % 8);
                std::fs::write(&path, bad).unwrap();
                assert!(head_of_mirror(&f.ledger).is_err(), "{name}, byte {at}");
                if at % 997 == 0 || (!sealed && at < 300) {
                    tried_restore(&name, &format!("byte {at}"));
                }
                tried += 1;
            }
            for cut in [0, good.len() / 2, good.len() - 1] {
                std::fs::write(&path, &good[..cut]).unwrap();
                tried_restore(&name, &format!("cut to {cut}"));
            }
            std::fs::remove_file(&path).unwrap();
            tried_restore(&name, "deleted");
            std::fs::write(&path, good).unwrap();
        }
        assert_eq!(head_of_mirror(&f.ledger), Ok(f.ledger.head()), "all is back in its place");
    }
    println!("{tried} bytes changed");
}

/// What was redacted must not live on in the mirror, however the machine stopped on the way.
#[test]
fn a_redaction_reaches_the_mirror_also_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror) = (dir.path().join("ledger"), dir.path().join("mirror"));
    let ledger = create_dir(&path);
    ledger.mirror(&mirror).unwrap();
    add_numbered(&ledger, 0..300);
    for n in [7, 290] {
        let quote = format!("{:016x}", (n + 1u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let salt = ledger.entry(n).unwrap().unwrap().salt().unwrap();
        assert!(!traces(&mirror, quote.as_bytes()).is_empty() && !traces(&mirror, &salt).is_empty());
        let before = files_in(&mirror);
        ledger.redact(n, Text::new("by order").unwrap(), None).unwrap();
        let clean = || traces(&mirror, quote.as_bytes()).is_empty() && traces(&mirror, &salt).is_empty();
        assert!(clean(), "at once");
        assert_eq!(head_of_mirror(&ledger), Ok(ledger.head()));
        let after = files_in(&mirror);

        // The mirror never heard of it.
        put_back(&mirror, &before);
        assert!(!clean());
        ledger.mirror(&mirror).unwrap();
        assert!(clean());
        // It wrote the record of the redaction, and stopped before the erasing.
        put_back(&mirror, &after);
        for (name, bytes) in before.iter().filter(|(name, _)| name.to_string_lossy().ends_with(".bundle")) {
            std::fs::write(mirror.join(name), bytes).unwrap();
        }
        std::fs::write(mirror.join("erasing"), format!("{n}\n")).unwrap();
        std::fs::write(mirror.join("part-3"), &before[Path::new("tail")]).unwrap();
        ledger.mirror(&mirror).unwrap();
        assert!(clean() && !mirror.join("erasing").exists());
        assert_eq!(head_of_mirror(&ledger), Ok(ledger.head()));
    }
    assert_eq!(head_restored(&mirror), ledger.head());
}

/// The body was to go, and the mirror's disk went first. Whoever asked for it must know what is done and what is not.
#[test]
fn a_redaction_that_does_not_reach_the_mirror_says_how_far_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mirror, away) = (dir.path().join("ledger"), dir.path().join("mirror"), dir.path().join("away"));
    let ledger = create_dir(&path);
    ledger.mirror(&mirror).unwrap();
    add_numbered(&ledger, 0..300);
    let salt = ledger.entry(7).unwrap().unwrap().salt().unwrap();
    std::fs::rename(&mirror, &away).unwrap();
    let failed = ledger.redact(7, Text::new("by order").unwrap(), None).unwrap_err();
    assert!(matches!(failed, AppendError::ErasureWaits { of: 7, at: 300, .. }), "{failed}");
    let said = failed.to_string();
    for words in ["the redaction of #7 is recorded in the ledger as #300", "not erased yet", "opened again"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    drop(ledger);
    let ledger = open_dir(&path);
    assert!(ledger.entry(7).unwrap().unwrap().body().is_none(), "here it is done by opening");
    assert!(matches!(append_one(&ledger, 300), Err(AppendError::Mirror(_))));
    std::fs::rename(&away, &mirror).unwrap();
    append_one(&ledger, 300).unwrap();
    assert!(traces(&mirror, &salt).is_empty(), "and there before anything more is acknowledged");
}
