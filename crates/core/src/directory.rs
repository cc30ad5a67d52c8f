//! A ledger as a directory: a `format` file that says what it is, a lock, the store, and beside it the last head that was
//! acknowledged.
//!
//! That last file is written after each acknowledgement and never synced, so it costs nothing and can only lag behind. It is
//! there because the engine takes damage near the end of its log for the end of the log: such a ledger would be sound, and
//! shorter.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::entry::Head;
use crate::ledger::log::read_head;
use crate::ledger::{Ledger, OpenError};
use crate::machine::Entropy;
use crate::repair::Repair;
use crate::store::{SledStore, Store, StoreError};
use crate::time::Clock;

const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";
const STORE_DIR: &str = "store";
const ACKNOWLEDGED_FILE: &str = "acknowledged";
/// The directory layout that this program reads and writes.
const FORMAT: u32 = 1;

/// A ledger's directory, locked for this process.
pub struct LedgerDir {
    // Dropped in this order: the store must be closed before the lock is given up.
    store: Arc<dyn Store>,
    _lock: File,
    /// The file of the last acknowledged head, and what it says.
    acknowledged: Option<Mutex<(File, Option<Head>)>>,
    /// Where the log ends, if that is not as far as was acknowledged.
    ends_at: Option<u64>,
    repairs: Vec<Repair>,
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
    /// The `format` file is not readable, and there is a store beside it.
    #[error("{} is damaged: it should be the one line `sayso ledger {FORMAT}`", .0.display())]
    FormatDamaged(PathBuf),
    /// Entries that were acknowledged are gone from the end.
    #[error("{} entries of this ledger were acknowledged, and its log ends at {found}: entries are lost", acknowledged.size)]
    Cut {
        /// The last head that was acknowledged.
        acknowledged: Head,
        /// Where the log ends now.
        found: u64,
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
        if is_ledger(path) || path.is_file() {
            return Err(DirError::Exists { path: path.to_owned(), ledger: is_ledger(path) });
        }
        let parents = parents_of_missing(path);
        std::fs::create_dir_all(path).map_err(io(path))?;
        let mut left = std::fs::read_dir(path).map_err(io(path))?.flatten().map(|e| e.file_name());
        // What an `init` that was cut short leaves behind is no reason to refuse.
        if left.any(|name| name != LOCK_FILE && name != STORE_DIR) {
            return Err(DirError::Exists { path: path.to_owned(), ledger: false });
        }
        let dir = Self::lock_and_open(path)?;
        let ledger = match Ledger::create(dir.store.clone(), clock, entropy) {
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
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => String::new(),
            Err(e) => return Err(io(&format)(e)),
        };
        let found = text.trim().strip_prefix("sayso ledger ").and_then(|v| v.parse().ok());
        match found {
            Some(FORMAT) => Self::lock_and_open(path),
            Some(found) if found > FORMAT => Err(DirError::Newer { path: path.to_owned(), found }),
            _ if path.join(STORE_DIR).is_dir() => Err(DirError::FormatDamaged(format)),
            _ => Err(DirError::NotALedger(path.to_owned())),
        }
    }

    /// Opens the ledger.
    ///
    /// # Errors
    /// [`DirError`]; [`DirError::Cut`] before anything is removed from the store.
    pub fn ledger(self, clock: impl Clock + 'static, entropy: impl Entropy + 'static) -> Result<Ledger, DirError> {
        if let Some((acknowledged, found)) = self.cut() {
            return Err(DirError::Cut { acknowledged, found });
        }
        Ok(Ledger::open(self.store.clone(), clock, entropy)?.holding(self))
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// What opening put right.
    #[must_use]
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// The last head that was acknowledged, and where the log ends, if it ends before that.
    #[must_use]
    pub fn cut(&self) -> Option<(Head, u64)> {
        let acknowledged = self.acknowledged.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).1;
        acknowledged.zip(self.ends_at)
    }

    /// Notes the last acknowledged head. A courtesy to whoever opens the ledger next: it may fail.
    pub(crate) fn acknowledge(&self, head: Head) {
        let Some(file) = &self.acknowledged else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.1 != Some(head) {
            let (file, known) = &mut *file;
            // Its length never shrinks, so it is one write in place.
            let written = file.rewind().and_then(|()| file.write_all(format!("{head}\n").as_bytes()));
            *known = written.is_ok().then_some(head);
        }
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
        let store = SledStore::open(&path.join(STORE_DIR))?;
        let mut repairs = store.repairs().to_vec();
        let mut acknowledged = options.open(path.join(ACKNOWLEDGED_FILE)).ok();
        let known = acknowledged.as_mut().and_then(read_acknowledged);
        let found = read_head(&store).ok().flatten().map(|head| head.size);
        let ends_at = found.filter(|found| known.is_some_and(|known| *found < known.size));
        if found.is_some() && known.is_some() && ends_at.is_none() {
            // What was torn off was never acknowledged.
            store.forget_torn_copy();
            repairs.retain(|repair| !matches!(repair, Repair::TornLog { .. }));
        }
        let acknowledged = acknowledged.map(|file| Mutex::new((file, known)));
        Ok(Self { store: Arc::new(store), _lock: lock, acknowledged, ends_at, repairs })
    }
}

fn read_acknowledged(file: &mut File) -> Option<Head> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
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
