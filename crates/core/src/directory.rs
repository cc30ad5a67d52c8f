//! A ledger as a directory: a `format` file that says what it is, a lock, and the store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::entry::LedgerId;
use crate::ledger::{Ledger, OpenError};
use crate::machine::Entropy;
use crate::store::{SledStore, Store, StoreError};
use crate::time::Clock;

const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";
const STORE_DIR: &str = "store";
/// There if the ledger is a copy of another's, and takes no entries of its own.
const READ_ONLY_FILE: &str = "read-only";
/// The directory layout that this program reads and writes.
const FORMAT: u32 = 1;

/// A ledger's directory, locked for this process.
pub struct LedgerDir {
    // Dropped in this order: the store must be closed before the lock is given up.
    store: Arc<dyn Store>,
    read_only: bool,
    _lock: File,
}

/// Why a directory cannot be used as a ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirError {
    /// No `format` file, or not one of ours.
    #[error("{} is not a sayso ledger", .0.display())]
    NotALedger(PathBuf),
    /// Made by a newer program.
    #[error("{} has ledger format {found}, and this program reads up to {FORMAT}; install a newer sayso", path.display())]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Something is there already.
    #[error("{} is already there{}", path.display(), if *ledger { " and is a ledger" } else { " and is not empty" })]
    Exists {
        /// The directory.
        path: PathBuf,
        /// Whether it is a ledger.
        ledger: bool,
    },
    /// The store or the system failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger in it cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DirError + '_ {
    |source| DirError::Store(StoreError::Io { path: path.display().to_string(), source })
}

impl LedgerDir {
    /// Makes a ledger in a directory that is not there yet, or is empty.
    ///
    /// # Errors
    /// [`DirError::Exists`] if anything is in the way; nothing is touched then.
    pub fn create(
        path: &Path,
        clock: impl Clock + 'static,
        entropy: impl Entropy + 'static,
    ) -> Result<Ledger, DirError> {
        Self::make(path, false, |store| Ledger::create(store, clock, entropy))
    }

    /// Makes a read-only copy, empty so far, of the ledger with this identity.
    ///
    /// # Errors
    /// [`DirError::Exists`] if anything is in the way; nothing is touched then.
    pub fn create_copy(
        path: &Path,
        id: LedgerId,
        clock: impl Clock + 'static,
        entropy: impl Entropy + 'static,
    ) -> Result<Ledger, DirError> {
        Self::make(path, true, |store| Ledger::create_as(id, store, clock, entropy))
    }

    fn make(
        path: &Path,
        read_only: bool,
        create: impl FnOnce(Arc<dyn Store>) -> Result<Ledger, OpenError>,
    ) -> Result<Ledger, DirError> {
        if is_ledger(path) || path.is_file() {
            return Err(DirError::Exists { path: path.to_owned(), ledger: is_ledger(path) });
        }
        let parents = parents_of_missing(path);
        std::fs::create_dir_all(path).map_err(io(path))?;
        let mut left = std::fs::read_dir(path).map_err(io(path))?.flatten().map(|e| e.file_name());
        // What an `init` that was cut short leaves behind is no reason to refuse.
        if left.any(|name| name != LOCK_FILE && name != STORE_DIR && name != READ_ONLY_FILE) {
            return Err(DirError::Exists { path: path.to_owned(), ledger: false });
        }
        let mut dir = Self::lock_and_open(path)?;
        let mark = path.join(READ_ONLY_FILE);
        if read_only {
            File::create(&mark).and_then(|file| file.sync_all()).map_err(io(&mark))?;
        } else if mark.exists() {
            std::fs::remove_file(&mark).map_err(io(&mark))?; // of a copy that was cut short
        }
        dir.read_only = read_only;
        let ledger = match create(dir.store.clone()) {
            Err(OpenError::Exists) => return Err(DirError::Exists { path: path.to_owned(), ledger: true }),
            other => other?,
        };
        // Written last: a directory without it is no ledger.
        let format = path.join(FORMAT_FILE);
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&format)?;
            writeln!(file, "sayso ledger {FORMAT}")?;
            file.sync_all()?;
            File::open(path)?.sync_all()?;
            parents.iter().try_for_each(|parent| File::open(parent)?.sync_all())
        };
        write().map_err(io(&format))?;
        Ok(ledger.holding(dir))
    }

    /// Opens the store of a ledger's directory, and nothing more: for audit, which must work on damaged ledgers.
    ///
    /// # Errors
    /// [`DirError`]; [`StoreError::Locked`] while another process uses it.
    pub fn open(path: &Path) -> Result<Self, DirError> {
        let format = path.join(FORMAT_FILE);
        let text = match std::fs::read_to_string(&format) {
            Ok(text) => text,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Err(DirError::NotALedger(path.to_owned()));
            }
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Err(DirError::NotALedger(path.to_owned())),
            Err(e) => return Err(io(&format)(e)),
        };
        let found = text.trim().strip_prefix("sayso ledger ").and_then(|v| v.parse().ok());
        match found {
            Some(FORMAT) => Self::lock_and_open(path),
            Some(found) if found > FORMAT => Err(DirError::Newer { path: path.to_owned(), found }),
            _ => Err(DirError::NotALedger(path.to_owned())),
        }
    }

    /// Opens the ledger.
    ///
    /// # Errors
    /// [`DirError`].
    pub fn ledger(self, clock: impl Clock + 'static, entropy: impl Entropy + 'static) -> Result<Ledger, DirError> {
        Ok(Ledger::open(self.store.clone(), clock, entropy)?.holding(self))
    }

    /// Whether the ledger is a copy of another's, and takes no entries of its own.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn lock_and_open(path: &Path) -> Result<Self, DirError> {
        let lock_path = path.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&lock_path).map_err(io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.read_to_string(&mut holder); // a courtesy only
                let holder = Some(holder.trim().to_owned()).filter(|h| !h.is_empty());
                return Err(StoreError::Locked { holder }.into());
            }
            Err(TryLockError::Error(e)) => return Err(io(&lock_path)(e)),
        }
        let note = |lock: &mut File| -> std::io::Result<()> {
            lock.set_len(0)?;
            lock.rewind()?;
            write!(lock, "process {}", std::process::id())
        };
        note(&mut lock).map_err(io(&lock_path))?;
        let read_only = path.join(READ_ONLY_FILE).is_file();
        Ok(Self { store: Arc::new(SledStore::open(&path.join(STORE_DIR))?), read_only, _lock: lock })
    }
}

/// The directories that will get a new name in them when `path` is made: those names must survive power loss too.
fn parents_of_missing(path: &Path) -> Vec<PathBuf> {
    let missing = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists());
    let parent = |p: &Path| p.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    // Its own parent always: an earlier attempt may have got no further than making it.
    std::iter::once(parent(path)).chain(missing.map(parent)).collect()
}

/// Whether a directory says that it is a ledger.
#[must_use]
pub fn is_ledger(path: &Path) -> bool {
    path.join(FORMAT_FILE).is_file()
}
