//! A directory that is to become a ledger: from looking whether it is free to the file that makes it one, or to nothing being left.
//!
//! Two may want the same directory. Only who holds its lock knows that nobody else has made a ledger there meanwhile, so what was seen
//! before is looked at again behind the lock.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::acknowledged::{Acknowledged, never_acknowledged};
use crate::directory::{DirError, FORMAT, FORMAT_FILE, LOCK_FILE, LedgerDir, READ_ONLY_FILE, STORE_DIR, io, is_ledger};
use crate::durable;
use crate::store::Store;

/// Where a copy comes from: a file that whoever makes one writes before anything else. Without it nothing is taken for what is left of one.
const UPSTREAM_FILE: &str = "upstream";
/// What else stands beside the entries of a copy.
const BESIDE_COPY: [&str; 5] = [UPSTREAM_FILE, "policy", "checkpoint", "name", "tree"];
/// How a file begins that is not in its place yet.
const TEMPORARY: &str = ".tmp";
/// The file that makes it a ledger, while it is written.
const FORMAT_PART: &str = "format.part";
/// The store of a copy that was cut short, while the copy is made again.
const LEFT_DIR: &str = "store.left";

/// A place where nothing was in the way when it was looked at.
struct Free<'p> {
    path: &'p Path,
    /// Directories that will have a new name in them.
    parents: Vec<PathBuf>,
    /// Whether it is not there yet.
    missing: bool,
    /// Whether what is left of a copy that was cut short may be there.
    over_copy: bool,
}

impl<'p> Free<'p> {
    fn look(path: &'p Path, over_copy: bool) -> Result<Self, DirError> {
        let free = Self { path, parents: parents_of_missing(path), missing: !path.exists(), over_copy };
        unless_in_use(path, free.expect_still())?;
        Ok(free)
    }

    fn expect_still(&self) -> Result<(), DirError> {
        if self.over_copy { expect_free_for_copy(self.path) } else { expect_free_but_for(self.path, |_| false) }
    }

    /// Takes it for this process, if it is still free.
    fn claim(self) -> Result<Claimed, DirError> {
        let Self { path, missing, .. } = &self;
        std::fs::create_dir_all(path).map_err(io(path))?;
        let lock = LedgerDir::lock(path)?;
        self.expect_still()?;
        let store = path.join(STORE_DIR);
        let aside = self.over_copy && is_unfinished_copy(path);
        if aside {
            // All of it comes from where the copy comes from, and comes again; until then it stays.
            let left = path.join(LEFT_DIR);
            if !left.exists() {
                std::fs::rename(&store, &left).map_err(io(&store))?;
            } else if store.exists() {
                std::fs::remove_dir_all(&store).map_err(io(&store))?; // made over what is left, and cut short as well
            }
        }
        let left = store.exists();
        let dir = LedgerDir::open_locked(path, lock)?;
        Ok(Claimed { dir, made: *missing, left, aside, parents: self.parents })
    }
}

/// A directory that is to become a ledger: nothing of anybody's is in it, and it is locked for this process.
pub(crate) struct Claimed {
    dir: LedgerDir,
    parents: Vec<PathBuf>,
    /// Whether it was not there before.
    made: bool,
    /// Whether a store was there before: left by an attempt that was cut short.
    left: bool,
    /// Whether the store of a copy that was cut short was set aside.
    aside: bool,
}

impl Claimed {
    pub(crate) fn new(path: &Path) -> Result<Self, DirError> {
        Free::look(path, false)?.claim()
    }

    /// For a copy of what somebody publishes: what is left there of one that was cut short is set aside, and goes once this one is made.
    pub(crate) fn for_copy(path: &Path) -> Result<Self, DirError> {
        Free::look(path, true)?.claim()
    }

    pub(crate) fn dir(&self) -> &LedgerDir {
        &self.dir
    }

    /// Marks it as a copy, or takes the mark of a copy that was cut short away.
    pub(crate) fn set_read_only(&mut self, read_only: bool) -> Result<(), DirError> {
        let mark = self.dir.path().join(READ_ONLY_FILE);
        if read_only {
            File::create(&mark).and_then(|file| file.sync_all()).map_err(io(&mark))?;
        } else if mark.exists() {
            std::fs::remove_file(&mark).map_err(io(&mark))?;
        }
        self.dir.mark_read_only(read_only);
        Ok(())
    }

    /// Makes it a ledger's directory: there must be a ledger in its store.
    pub(crate) fn declare(self) -> Result<LedgerDir, DirError> {
        let path = self.dir.path();
        // Written last, and whole: a directory without it is no ledger, and one with half of it is a damaged one.
        let format = path.join(FORMAT_FILE);
        let write = || -> std::io::Result<()> {
            let line = format!("sayso ledger {FORMAT}\n");
            durable::replace(&format, &path.join(FORMAT_PART), &[line.as_bytes()])?;
            File::open(path)?.sync_all()?;
            self.parents.iter().try_for_each(|parent| File::open(parent)?.sync_all())
        };
        write().map_err(io(&format))?;
        Ok(self.dir)
    }

    /// The same, once `make` has put a ledger into the store. What a failure leaves is removed.
    pub(crate) fn fill<E: From<DirError>>(
        self,
        make: impl FnOnce(&dyn Store) -> Result<(), E>,
    ) -> Result<LedgerDir, E> {
        match make(self.dir.store()) {
            Ok(()) => {
                if self.aside {
                    let left = self.dir.path().join(LEFT_DIR);
                    std::fs::remove_dir_all(&left).map_err(io(&left))?;
                }
                Ok(self.declare()?)
            }
            Err(e) => {
                let (path, store, lock) = self.dir.into_parts();
                drop(store);
                if self.aside {
                    // It is as it was, and can be tried again.
                    let _ = std::fs::remove_dir_all(path.join(STORE_DIR));
                    let _ = std::fs::rename(path.join(LEFT_DIR), path.join(STORE_DIR));
                } else if !self.left {
                    // The error that came first is the one to tell.
                    let _ = std::fs::remove_dir_all(path.join(STORE_DIR));
                    for file in [LOCK_FILE, Acknowledged::FILE, READ_ONLY_FILE] {
                        let _ = std::fs::remove_file(path.join(file));
                    }
                    if self.made {
                        let _ = std::fs::remove_dir(&path);
                    }
                }
                drop(lock);
                Err(e)
            }
        }
    }
}

/// The directories that will get a new name in them when `path` is made: those names must survive power loss too.
fn parents_of_missing(path: &Path) -> Vec<PathBuf> {
    let missing = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists());
    let parent = |p: &Path| p.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    // Its own parent always: an earlier attempt may have got no further than making it.
    std::iter::once(parent(path)).chain(missing.map(parent)).collect()
}

/// Refuses a place where no ledger can be made, because something is there already. Nothing is made, and nothing promised: whoever has
/// much to do before he makes the ledger asks first.
///
/// # Errors
/// [`DirError::Exists`], [`DirError::UnfinishedCopy`], [`crate::store::StoreError::Locked`] while a copy is being made there; others if the
/// directory cannot be read.
pub fn expect_free(path: &Path) -> Result<(), DirError> {
    unless_in_use(path, expect_free_but_for(path, |_| false))
}

/// A copy was cut short only if nobody is making it.
fn unless_in_use(path: &Path, found: Result<(), DirError>) -> Result<(), DirError> {
    if let Err(DirError::UnfinishedCopy(_)) = found {
        LedgerDir::expect_not_in_use(path)?;
        if is_ledger(path) {
            return Err(DirError::Exists { path: path.to_owned(), ledger: true }); // it was finished meanwhile
        }
    }
    found
}

fn expect_free_but_for(path: &Path, passes: impl Fn(&std::ffi::OsStr) -> bool) -> Result<(), DirError> {
    if is_ledger(path) || path.is_file() {
        return Err(DirError::Exists { path: path.to_owned(), ledger: is_ledger(path) });
    }
    let mut names = match std::fs::read_dir(path) {
        Ok(read) => read.flatten().map(|e| e.file_name()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(io(path)(e)),
    };
    // What an `init` that was cut short leaves behind is no reason to refuse.
    let left = [LOCK_FILE, STORE_DIR, Acknowledged::FILE, READ_ONLY_FILE, FORMAT_PART];
    if names.any(|name| !left.iter().any(|left| name == *left) && !passes(&name)) {
        if is_unfinished_copy(path) {
            return Err(DirError::UnfinishedCopy(path.to_owned()));
        }
        return Err(DirError::Exists { path: path.to_owned(), ledger: false });
    }
    Ok(())
}

/// The same for a copy of what somebody publishes: it may take the place of one that was cut short.
///
/// # Errors
/// As [`expect_free`].
pub fn expect_free_for_copy(path: &Path) -> Result<(), DirError> {
    if is_unfinished_copy(path) {
        return Ok(());
    }
    // The very first file of a copy, half written.
    let is_copy = path.join(READ_ONLY_FILE).is_file();
    expect_free_but_for(path, |name| is_copy && name.to_string_lossy().starts_with(TEMPORARY))
}

/// Whether a copy of another's ledger was being made here and was cut short: it was never a ledger, nothing of it was ever shown, it says
/// where it comes from, and nothing else is in it.
pub(crate) fn is_unfinished_copy(path: &Path) -> bool {
    path.join(READ_ONLY_FILE).is_file()
        && path.join(UPSTREAM_FILE).is_file()
        && [STORE_DIR, LEFT_DIR].iter().any(|store| path.join(store).is_dir())
        && never_acknowledged(path)
        && has_only_a_copy(path)
}

fn has_only_a_copy(path: &Path) -> bool {
    let own = [LOCK_FILE, STORE_DIR, LEFT_DIR, Acknowledged::FILE, READ_ONLY_FILE, FORMAT_PART];
    let ours = |name: &str| own.contains(&name) || BESIDE_COPY.contains(&name) || name.starts_with(TEMPORARY);
    let Ok(mut names) = std::fs::read_dir(path) else { return false };
    names.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(ours)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::SystemEntropy;
    use crate::time::SystemClock;

    /// Somebody else makes a ledger, and is done with it, between the look and the lock.
    #[test]
    fn what_was_free_is_looked_at_again_behind_the_lock() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("ledger");
        for over_copy in [false, true] {
            let free = Free::look(&path, over_copy).unwrap();
            let mut theirs = Claimed::new(&path).unwrap();
            theirs.set_read_only(true).unwrap();
            let id = crate::entry::LedgerId([7; 32]);
            let ledger =
                crate::ledger::Ledger::create_as(id, theirs.dir().shared_store(), SystemClock, SystemEntropy).unwrap();
            drop(ledger);
            drop(theirs.declare().unwrap());
            let Err(refused) = free.claim() else { panic!("two have it") };
            assert!(matches!(refused, DirError::Exists { ledger: true, .. }), "{refused}");
            let dir = LedgerDir::open(&path).unwrap();
            assert!(dir.is_read_only(), "the mark of the one that is there stays");
            assert_eq!(dir.ledger(SystemClock, SystemEntropy).unwrap().id(), id);
            std::fs::remove_dir_all(&path).unwrap();
        }
    }

    /// Whoever fails to make a ledger removes the lock as well. Who had opened that file before holds the lock of nothing.
    #[cfg(unix)]
    #[test]
    fn a_lock_that_was_removed_locks_nobody_out_and_nobody_in() {
        let temp = tempfile::tempdir().unwrap();
        let lock = temp.path().join(LOCK_FILE);
        let open = || std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&lock).unwrap();
        let early = open();
        assert!(LedgerDir::is_lock_of(&early, &lock));
        std::fs::remove_file(&lock).unwrap();
        assert!(!LedgerDir::is_lock_of(&early, &lock));
        let late = LedgerDir::lock(temp.path()).unwrap();
        assert!(LedgerDir::is_lock_of(&late, &lock) && !LedgerDir::is_lock_of(&early, &lock));
    }

    #[test]
    fn what_is_left_of_a_copy_is_free_for_a_copy_only() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("copy");
        let mut claimed = Claimed::for_copy(&path).unwrap();
        claimed.set_read_only(true).unwrap();
        std::fs::write(path.join(".tmpA1b2C3"), "some").unwrap();
        drop(claimed); // as if it had been killed before it could say where it comes from
        expect_free_for_copy(&path).unwrap();
        std::fs::write(path.join("upstream"), "somewhere\n").unwrap();
        for refused in [expect_free(&path).unwrap_err(), LedgerDir::open(&path).map(drop).unwrap_err()] {
            assert!(matches!(refused, DirError::UnfinishedCopy(_)), "{refused}");
        }
        expect_free_for_copy(&path).unwrap();
        std::fs::write(path.join("store/mine"), "kept until there is another").unwrap();
        for _ in 0..2 {
            drop(Claimed::for_copy(&path).unwrap()); // killed once more
            assert!(path.join("store.left/mine").exists(), "nothing is lost by trying");
        }
        // It fails: all is as it was. It succeeds: nothing is left of what was there.
        let failed = Claimed::for_copy(&path).unwrap().fill(|_| Err(DirError::NotALedger(path.clone())));
        assert!(failed.is_err() && path.join("store/mine").exists() && !path.join("store.left").exists());
        // Somebody's file is beside it, or nothing says where it comes from: then it may be anything.
        std::fs::write(path.join("notes.txt"), "years of work").unwrap();
        assert!(matches!(expect_free_for_copy(&path), Err(DirError::Exists { ledger: false, .. })));
        assert!(matches!(LedgerDir::open(&path), Err(DirError::NotALedger(_))), "nobody says that it is not needed");
        std::fs::remove_file(path.join("notes.txt")).unwrap();
        std::fs::rename(path.join("upstream"), path.join("policy")).unwrap();
        assert!(matches!(expect_free_for_copy(&path), Err(DirError::Exists { ledger: false, .. })));
        std::fs::rename(path.join("policy"), path.join("upstream")).unwrap();
        let made = Claimed::for_copy(&path).unwrap().fill(|_| Ok::<_, DirError>(()));
        assert!(made.is_ok() && !path.join("store/mine").exists() && !path.join("store.left").exists());
        drop(made);
        std::fs::remove_file(path.join(FORMAT_FILE)).unwrap();
        expect_free_for_copy(&path).unwrap();
        // A ledger that only lost its `format` is not taken for one.
        std::fs::write(path.join(Acknowledged::FILE), "").unwrap();
        let mut note = Acknowledged::open(&path).unwrap();
        note.note(crate::entry::Head { size: 1, hash: crate::entry::Hash([1; 32]) });
        assert!(matches!(expect_free_for_copy(&path), Err(DirError::Exists { ledger: false, .. })));
    }
}
