//! Part of a ledger is gone. Whoever comes to save it must get every entry that is still good, must be told which are not there, and
//! must not make things worse: the damaged directory is evidence, and is not touched.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sayso_core::audit::audit;
use sayso_core::bundle::{Bundle, Codec};
use sayso_core::copy::{CopyError, Loss, Salvage, salvage};
use sayso_core::directory::LedgerDir;
use sayso_core::entry::{Hash, Head};
use sayso_core::exchange::Draft;
use sayso_core::machine::SystemEntropy;
use sayso_core::store::{SledStore, Store, Table};
use sayso_core::text::Text;
use sayso_core::time::SystemClock;
use support::{add_numbered, batch, create_dir, files_in, numbered, open_dir, put_back, traces};

const SIZE: u64 = 700;

/// A ledger of two sealed bundles and a tail, with a mirror that it does not know of.
struct Case {
    dir: tempfile::TempDir,
    ledger: PathBuf,
    mirror: PathBuf,
    head: Head,
    hashes: Vec<Hash>,
    good: BTreeMap<PathBuf, Vec<u8>>,
    good_mirror: BTreeMap<PathBuf, Vec<u8>>,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (path, mirror) = (dir.path().join("ledger"), dir.path().join("mirror"));
        let ledger = create_dir(&path);
        ledger.mirror(&mirror).unwrap();
        add_numbered(&ledger, 0..600);
        add_numbered(&ledger, 600..SIZE);
        ledger.forget_mirror(&mirror).unwrap();
        let head = ledger.head();
        let hashes = (0..SIZE).map(|i| ledger.entry(i).unwrap().unwrap().hash()).collect();
        drop(ledger);
        let (good, good_mirror) = (files_in(&path), files_in(&mirror));
        Self { dir, ledger: path, mirror, head, hashes, good, good_mirror }
    }

    /// Damages the store, salvages, and puts everything back.
    fn salvage(&self, mirrors: &[&Path], damage: impl FnOnce(&dyn Store)) -> (Result<Salvage, CopyError>, PathBuf) {
        {
            let dir = LedgerDir::open(&self.ledger).unwrap();
            damage(dir.store());
            dir.store().sync().unwrap();
        }
        self.write_store_anew();
        self.salvage_files(mirrors)
    }

    /// What is not in the store any more is in no old page of its files either.
    fn write_store_anew(&self) {
        let (store, new) = (self.ledger.join("store"), self.ledger.join("anew"));
        {
            let (from, to) = (SledStore::open(&store).unwrap(), SledStore::open(&new).unwrap());
            for table in Table::ALL {
                to.fill(table, from.scan(table, &[], usize::MAX).unwrap()).unwrap();
            }
            to.sync().unwrap();
        }
        std::fs::remove_dir_all(&store).unwrap();
        std::fs::rename(&new, &store).unwrap();
    }

    fn salvage_files(&self, mirrors: &[&Path]) -> (Result<Salvage, CopyError>, PathBuf) {
        let before = files_in(&self.ledger);
        let to = self.dir.path().join(format!("new-{}", std::fs::read_dir(self.dir.path()).unwrap().count()));
        let mirrors: Vec<PathBuf> = mirrors.iter().map(|m| m.to_path_buf()).collect();
        let result = salvage(&self.ledger, &mirrors, &to, SystemClock, SystemEntropy, &|_| {});
        let after = files_in(&self.ledger);
        for (name, bytes) in before.iter().filter(|(name, _)| *name != Path::new("lock")) {
            assert!(after.get(name) == Some(bytes), "{} was touched", name.display());
        }
        assert!(!self.dir.path().join(format!("{}.part", to.file_name().unwrap().to_string_lossy())).exists());
        put_back(&self.ledger, &self.good);
        put_back(&self.mirror, &self.good_mirror);
        (result, to)
    }

    /// Everything is there.
    fn whole(&self, result: (Result<Salvage, CopyError>, PathBuf)) {
        let (salvage, to) = (result.0.unwrap_or_else(|e| panic!("{e}")), result.1);
        assert_eq!((salvage.head, salvage.recovered, salvage.expected), (Some(self.head), SIZE, SIZE), "{salvage:?}");
        assert!(salvage.losses.is_empty() && salvage.islands.is_empty() && salvage.behind.is_none());
        self.sound(&to, SIZE);
    }

    /// The first entries are a sound ledger.
    fn sound(&self, to: &Path, size: u64) {
        let found = audit(LedgerDir::open(to).unwrap().store(), &[], &|_| {}).unwrap();
        assert!(found.is_sound(), "{:?}", found.findings);
        let ledger = open_dir(to);
        assert_eq!(ledger.head().size, size);
        assert!((0..size).all(|i| ledger.entry(i).unwrap().unwrap().hash() == self.hashes[i as usize]));
    }

    /// The lines behind a hole are these entries, and each verifies.
    fn behind(&self, salvage: &Salvage, expected: std::ops::Range<u64>) {
        let text = std::fs::read_to_string(salvage.behind.as_ref().unwrap()).unwrap();
        let lines: Vec<Draft> = text.lines().map(|l| Draft::from_json(l).unwrap()).collect();
        let indexes: Vec<u64> = expected.clone().collect();
        assert_eq!(lines.iter().map(|l| l.index.unwrap()).collect::<Vec<_>>(), indexes);
        for line in &lines {
            let index = line.index.unwrap();
            assert_eq!(line.hash.as_deref(), Some(self.hashes[index as usize].to_string().as_str()));
            let first = expected.start == index;
            let previous = first.then(|| self.hashes[index as usize - 1].to_string());
            assert_eq!(line.previous, previous, "a stranger can verify #{index}");
        }
        let islands: Vec<_> = salvage.islands.iter().map(|i| i.first..i.last + 1).collect();
        assert_eq!(islands, std::slice::from_ref(&expected));
    }
}

fn row(first: u64) -> Vec<u8> {
    first.to_be_bytes().to_vec()
}

fn tail(first: u64) -> Vec<u8> {
    [b"tail".as_slice(), &first.to_be_bytes()].concat()
}

fn remove(table: Table, key: Vec<u8>) -> impl FnOnce(&dyn Store) {
    move |store| store.apply(table, vec![(key, None)]).unwrap()
}

#[test]
fn a_hole_is_named_and_what_stands_behind_it_is_kept() {
    let case = Case::new();
    let (salvage, to) = case.salvage(&[], remove(Table::Log, row(256)));
    let salvage = salvage.unwrap();
    assert_eq!(salvage.losses, [Loss { first: 256, last: 511 }]);
    assert_eq!((salvage.recovered, salvage.expected), (SIZE - 256, SIZE));
    case.sound(&to, 256);
    case.behind(&salvage, 512..700);
    assert_eq!(salvage.islands[0].hash, case.head.hash, "the receipt of the old ledger vouches for them");

    let (salvage, to) = case.salvage(&[], remove(Table::Log, row(0)));
    let salvage = salvage.unwrap();
    assert_eq!(
        (salvage.losses.as_slice(), salvage.head.map(|h| h.size)),
        ([Loss { first: 0, last: 255 }].as_slice(), Some(0))
    );
    case.behind(&salvage, 256..700);
    case.sound(&to, 0);

    let (salvage, to) = case.salvage(&[], remove(Table::State, tail(600)));
    let salvage = salvage.unwrap();
    assert_eq!(salvage.losses, [Loss { first: 600, last: 699 }]);
    assert!(salvage.behind.is_none());
    case.sound(&to, 600);
}

/// The engine takes damage near the end of its log for the end. What is left is sound, and it is not everything.
#[test]
fn acknowledged_entries_that_are_gone_from_the_end_are_missing() {
    let case = Case::new();
    let ledger = open_dir(&case.ledger);
    add_numbered(&ledger, SIZE..SIZE + 20);
    drop(ledger);
    let acknowledged = std::fs::read(case.ledger.join("acknowledged")).unwrap();
    put_back(&case.ledger, &case.good);
    std::fs::write(case.ledger.join("acknowledged"), acknowledged).unwrap();
    let (salvage, to) = case.salvage_files(&[]);
    let salvage = salvage.unwrap();
    assert_eq!((salvage.recovered, salvage.expected), (SIZE, SIZE + 20));
    assert_eq!(salvage.losses, [Loss { first: SIZE, last: SIZE + 19 }]);
    case.sound(&to, SIZE);
}

#[test]
fn of_a_damaged_bundle_the_entries_that_are_good_are_taken() {
    let case = Case::new();
    let damage = |store: &dyn Store| {
        let mut bytes = store.get(Table::State, &tail(512)).unwrap().unwrap();
        let at = bytes.len() - 40; // in the body of the last entry but nothing
        bytes[at] ^= 1;
        store.apply(Table::State, vec![(tail(512), Some(bytes))]).unwrap();
    };
    let (salvage, to) = case.salvage(&[], damage);
    let salvage = salvage.unwrap();
    assert_eq!(salvage.losses, [Loss { first: 599, last: 599 }]);
    case.behind(&salvage, 600..700);
    case.sound(&to, 599);

    // Any byte of a sealed bundle: at most that bundle is lost.
    for at in [3usize, 60, 5000, 9000] {
        let damage = |store: &dyn Store| {
            let mut bytes = store.get(Table::Log, &row(256)).unwrap().unwrap();
            bytes[at] ^= 0x10;
            store.apply(Table::Log, vec![(row(256), Some(bytes))]).unwrap();
        };
        let (salvage, to) = case.salvage(&[], damage);
        let salvage = salvage.unwrap();
        assert!(salvage.losses.iter().all(|l| l.first >= 256 && l.last < 512), "{:?}", salvage.losses);
        assert!(salvage.recovered >= SIZE - 256);
        case.sound(&to, salvage.head.unwrap().size);
    }
}

#[test]
fn with_a_mirror_nothing_is_missing() {
    let case = Case::new();
    let with = [case.mirror.as_path()];
    for key in [row(0), row(256)] {
        case.whole(case.salvage(&with, remove(Table::Log, key)));
    }
    for key in [tail(512), tail(600), b"head".to_vec(), b"ledger".to_vec(), b"secret".to_vec(), b"runs".to_vec()] {
        case.whole(case.salvage(&with, remove(Table::State, key)));
    }
    // The mirror is damaged, too, elsewhere.
    std::fs::remove_file(case.mirror.join("00000000000000000000.bundle")).unwrap();
    std::fs::write(case.mirror.join("tail"), "nothing").unwrap();
    case.whole(case.salvage(&with, remove(Table::Log, row(256))));
    // Nothing of the store is left.
    for (name, _) in case.good.iter().filter(|(name, _)| name.starts_with("store")) {
        std::fs::write(case.ledger.join(name), vec![7; 5000]).unwrap();
    }
    case.whole(case.salvage_files(&with));
    std::fs::remove_dir_all(case.ledger.join("store")).unwrap();
    std::fs::remove_file(case.ledger.join("format")).unwrap();
    case.whole(case.salvage_files(&with));
}

/// Somebody names the wrong mirror, in a hurry and before the right one. What comes out must be this ledger or nothing, and never a sound
/// copy of that other one.
#[test]
fn the_mirror_of_another_ledger_is_not_followed() {
    let case = Case::new();
    let (other_ledger, other) = (case.dir.path().join("other-ledger"), case.dir.path().join("other-mirror"));
    let ledger = LedgerDir::create(&other_ledger, SystemClock, SystemEntropy).unwrap();
    let other_id = ledger.id();
    add_numbered(&ledger, 0..900);
    ledger.mirror(&other).unwrap();
    drop(ledger);
    let id = open_dir(&case.ledger).id();
    put_back(&case.ledger, &case.good);
    let ignored = |salvage: &Salvage| {
        let found = salvage.found.iter().find(|found| found.place == other).unwrap();
        let told = found.problem.as_deref().unwrap();
        assert!(told.contains(&other_id.to_string()) && told.contains(&id.to_string()), "{told}");
        assert_eq!((found.taken, salvage.id), (0, Some(id)));
    };
    // The store says which ledger it is; its raw files do; its entries do.
    let with = [other.as_path(), case.mirror.as_path()];
    let (salvage, to) = case.salvage(&with, remove(Table::Log, row(256)));
    ignored(salvage.as_ref().unwrap());
    case.whole((salvage, to));
    break_engine(&case.ledger);
    let (salvage, to) = case.salvage_files(&with);
    ignored(salvage.as_ref().unwrap());
    case.whole((salvage, to));
    for gone in [vec![], vec![row(0)]] {
        let damage = |store: &dyn Store| {
            remove(Table::State, b"ledger".to_vec())(store);
            store.apply(Table::Log, gone.into_iter().map(|key| (key, None)).collect()).unwrap();
        };
        let (salvage, to) = case.salvage(&with, damage);
        ignored(salvage.as_ref().unwrap());
        assert_eq!(salvage.as_ref().unwrap().by, None);
        case.whole((salvage, to));
    }
    // Only the wrong one is named, and it does not say whose it is: its entries do.
    std::fs::write(other.join("mirror"), "damaged").unwrap();
    let (salvage, _) = case.salvage(&[&other], remove(Table::State, b"ledger".to_vec()));
    let salvage = salvage.unwrap();
    assert_eq!((salvage.head, salvage.recovered, salvage.expected), (None, SIZE, SIZE), "{salvage:?}");
    std::fs::remove_file(other.join("mirror")).unwrap();
    let ledger = open_dir(&other_ledger);
    std::fs::remove_dir_all(&other).unwrap();
    ledger.forget_mirror(&other).unwrap();
    ledger.mirror(&other).unwrap();
    drop(ledger);

    // Nothing of the ledger is left: two mirrors that contradict each other are refused, and one is taken at its word, which is said.
    let lose_all = || std::fs::remove_dir_all(case.ledger.join("store")).unwrap();
    lose_all();
    let (refused, to) = case.salvage_files(&with);
    let refused = refused.unwrap_err();
    assert!(matches!(refused, CopyError::Whose { .. }) && !to.exists(), "{refused}");
    assert!([id, other_id].iter().all(|id| refused.to_string().contains(&id.to_string())), "{refused}");
    lose_all();
    let (salvage, to) = case.salvage_files(&[&case.mirror]);
    assert_eq!(salvage.as_ref().unwrap().by.as_deref(), Some(case.mirror.as_path()));
    case.whole((salvage, to));
    // The one that the ledger lists is believed before the one that is named.
    lose_all();
    let list = format!("sayso mirrors 1\n{}\n", case.mirror.display());
    std::fs::write(case.ledger.join("mirrors"), list).unwrap();
    let (salvage, to) = case.salvage_files(&[&other]);
    ignored(salvage.as_ref().unwrap());
    case.whole((salvage, to));
    // The wrong one does not say whose it is: its first entry does, or entries that the right one has as well; or there is nothing by
    // which it could be judged, and it is left out. The right one that does not say so is taken.
    std::fs::write(other.join("mirror"), "damaged").unwrap();
    for gone in [None, Some("00000000000000000000.bundle"), Some("")] {
        for entry in std::fs::read_dir(&other).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if gone.is_some_and(|gone| name.ends_with(".bundle") && name.starts_with(gone)) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        lose_all();
        let (salvage, to) = case.salvage_files(&[&other, &case.mirror]);
        let found = salvage.as_ref().unwrap().found.iter().find(|found| found.place == other).unwrap();
        let told = found.problem.as_deref().unwrap();
        assert!(found.taken == 0 && told.contains("Nothing was taken from it"), "{gone:?}: {told}");
        case.whole((salvage, to));
    }
    let nameless = case.dir.path().join("nameless");
    std::fs::create_dir(&nameless).unwrap();
    put_back(&nameless, &case.good_mirror);
    std::fs::write(nameless.join("mirror"), "damaged").unwrap();
    std::fs::remove_file(case.mirror.join("00000000000000000256.bundle")).unwrap();
    lose_all();
    case.whole(case.salvage_files(&[&case.mirror, &nameless]));
}

#[test]
fn without_a_mirror_what_is_derived_is_not_missed() {
    let case = Case::new();
    for key in [b"head".to_vec(), b"secret".to_vec(), b"runs".to_vec()] {
        case.whole(case.salvage(&[], remove(Table::State, key)));
    }
    std::fs::write(case.ledger.join("format"), "x").unwrap();
    case.whole(case.salvage_files(&[]));
    for (name, _) in case.good.iter().filter(|(name, _)| name.to_string_lossy().contains("snap.")) {
        std::fs::write(case.ledger.join(name), "").unwrap();
    }
    case.whole(case.salvage_files(&[]));
}

#[test]
fn entries_of_nobody_knows_which_ledger_are_lines_only() {
    let case = Case::new();
    let (salvage, to) = case.salvage(&[], remove(Table::State, b"ledger".to_vec()));
    let salvage = salvage.unwrap();
    assert_eq!((salvage.head, salvage.recovered), (None, SIZE));
    assert!(!sayso_core::directory::is_ledger(&to));
    assert_eq!(std::fs::read_to_string(salvage.behind.unwrap()).unwrap().lines().count() as u64, SIZE);

    std::fs::remove_dir_all(case.ledger.join("store")).unwrap();
    let (nothing, to) = case.salvage_files(&[]);
    assert!(matches!(nothing, Err(CopyError::Nothing(_))));
    assert!(!to.exists());
}

/// An old copy still has what was erased since. It must not come back from there.
#[test]
fn what_was_redacted_does_not_come_back_from_an_old_mirror() {
    let case = Case::new();
    let ledger = open_dir(&case.ledger);
    let salt = ledger.entry(300).unwrap().unwrap().salt().unwrap();
    ledger.redact(300, Text::new("by order").unwrap(), None).unwrap();
    drop(ledger);
    let (salvage, to) = case.salvage(&[&case.mirror], remove(Table::Log, row(256)));
    let salvage = salvage.unwrap();
    assert_eq!((salvage.recovered, salvage.losses.as_slice()), (SIZE + 1, [].as_slice()));
    let ledger = open_dir(&to);
    assert!(ledger.entry(300).unwrap().unwrap().body().is_none());
    drop(ledger);
    let found = audit(LedgerDir::open(&to).unwrap().store(), &[], &|_| {}).unwrap();
    assert!(found.is_sound() && found.redacted == [300], "{:?}", found.findings);

    // The same behind a hole: not in the lines either.
    let ledger = open_dir(&case.ledger);
    ledger.redact(300, Text::new("by order").unwrap(), None).unwrap();
    drop(ledger);
    std::fs::remove_file(case.mirror.join("00000000000000000000.bundle")).unwrap();
    let damage = |store: &dyn Store| {
        store.apply(Table::Log, vec![(row(0), None), (row(256), None)]).unwrap();
    };
    let (salvage, to) = case.salvage(&[&case.mirror], damage);
    assert_eq!(salvage.unwrap().losses, [Loss { first: 0, last: 255 }]);
    let hex: String = salt.iter().map(|b| format!("{b:02x}")).collect();
    assert!(traces(&to, hex.as_bytes()).is_empty());

    // A redaction that stands behind the hole counts all the same: the same bundle lies in the raw files, where what was redacted is
    // not taken from, and the erased one is chosen.
    let ledger = open_dir(&case.ledger);
    ledger.redact(3, Text::new("by order").unwrap(), None).unwrap();
    drop(ledger);
    let (salvage, to) = case.salvage(&[], |store: &dyn Store| {
        let key = row(0);
        let erased = Bundle::decode(&store.get(Table::Log, &key).unwrap().unwrap()).unwrap();
        let whole = Bundle::decode(&case.good_mirror[Path::new("00000000000000000000.bundle")]).unwrap();
        assert_ne!(erased, whole);
        store.apply(Table::Log, vec![(key, Some(whole.encode(Codec::Lz4))), (row(256), None)]).unwrap();
    });
    let salvage = salvage.unwrap();
    assert_eq!((salvage.redact_again.as_slice(), salvage.head.map(|h| h.size)), ([].as_slice(), Some(256)));
    assert!(open_dir(&to).entry(3).unwrap().unwrap().body().is_none());
}

/// The engine opens nothing of this directory any more: the first segment of its log does not say where it belongs.
fn break_engine(ledger: &Path) {
    let db = ledger.join("store/db");
    let mut bytes = std::fs::read(&db).unwrap();
    bytes[..20].fill(0x55);
    std::fs::write(&db, &bytes).unwrap();
    assert!(LedgerDir::open(ledger).is_err());
    assert!(std::fs::read(&db).unwrap() == bytes, "nothing was touched");
}

#[test]
fn what_the_engine_does_not_read_is_read_without_it() {
    let case = Case::new();
    break_engine(&case.ledger);
    case.whole(case.salvage_files(&[]));
    // A row that is gone still lies in an old page.
    {
        let dir = LedgerDir::open(&case.ledger).unwrap();
        remove(Table::Log, row(256))(dir.store());
        dir.store().sync().unwrap();
    }
    case.whole(case.salvage_files(&[]));
    // One byte anywhere: no more than one bundle is lost, and what is lost is named.
    let db = case.ledger.join("store/db");
    let whole = std::fs::read(&db).unwrap();
    let used = whole.iter().rposition(|b| *b != 0).unwrap();
    let mut complete = 0;
    for at in (30..used).step_by(used / 24) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        std::fs::write(&db, bytes).unwrap();
        let (salvage, to) = case.salvage_files(&[]);
        let salvage = salvage.unwrap_or_else(|e| panic!("byte {at}: {e}"));
        let missing: u64 = salvage.losses.iter().map(|l| l.last - l.first + 1).sum();
        assert_eq!((salvage.expected, salvage.recovered + missing), (SIZE, SIZE), "byte {at}: {salvage:?}");
        let bundles: std::collections::BTreeSet<u64> = salvage.losses.iter().map(|l| l.first / 256).collect();
        assert!(bundles.len() <= 1 && missing <= 256, "byte {at}: {salvage:?}");
        case.sound(&to, salvage.head.unwrap().size);
        complete += usize::from(missing == 0);
    }
    assert!(complete > 1, "not all of the file is needed: {complete}");
}

/// Bundles that the engine keeps in several parts, on several pages.
#[test]
fn long_bundles_are_put_together_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let ledger = create_dir(&path);
    let long = |n: u64| {
        let words: String =
            (0..90).map(|i| format!("{:016x} ", (n * 97 + i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        numbered(n).replace("\"stated\"", &format!("\"note\":\"{words}\",\"stated\""))
    };
    let lines: Vec<String> = (0..1_000).map(long).collect();
    ledger.append(&batch(&lines.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    let head = ledger.head();
    drop(ledger);
    break_engine(&path);
    let salvaged = |to: &str| {
        let to = dir.path().join(to);
        salvage(&path, &[], &to, SystemClock, SystemEntropy, &|_| {}).unwrap_or_else(|e| panic!("{e}"))
    };
    let whole = salvaged("whole");
    assert_eq!((whole.head, whole.losses.as_slice()), (Some(head), [].as_slice()), "{whole:?}");
    // In the middle of the file, in some part of some bundle.
    let db = path.join("store/db");
    let mut bytes = std::fs::read(&db).unwrap();
    let used = bytes.iter().rposition(|b| *b != 0).unwrap();
    bytes[used / 2] ^= 1;
    std::fs::write(&db, bytes).unwrap();
    let damaged = salvaged("damaged");
    assert!(damaged.recovered >= 1_000 - 256, "{damaged:?}");
}

/// Old pages have what was erased since. It must not come back from there.
#[test]
fn what_was_redacted_is_not_carved() {
    let case = Case::new();
    let ledger = open_dir(&case.ledger);
    let erased = [3, 300, 650];
    let salts = erased.map(|i| ledger.entry(i).unwrap().unwrap().salt().unwrap());
    for index in erased {
        ledger.redact(index, Text::new("by order").unwrap(), None).unwrap();
    }
    let head = ledger.head();
    drop(ledger);
    assert!(salts.iter().all(|salt| !traces(&case.ledger, salt).is_empty()), "they lie in old pages");
    break_engine(&case.ledger);
    let (salvage, to) = case.salvage_files(&[]);
    let salvage = salvage.unwrap();
    assert_eq!((salvage.head, salvage.losses.as_slice()), (Some(head), [].as_slice()), "{salvage:?}");
    for salt in &salts {
        assert_eq!(traces(&to, salt), Vec::<PathBuf>::new());
    }
    let found = audit(LedgerDir::open(&to).unwrap().store(), &[head], &|_| {}).unwrap();
    assert!(found.is_sound() && found.redacted == erased, "{:?}", found.findings);
}
