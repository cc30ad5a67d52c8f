//! A ledger as a directory: a `format` file that says what it is, a lock, the store, and beside it the last head that was
//! acknowledged.
//!
//! That last file is there because the engine takes damage near the end of its log for the end of the log: such a ledger would be
//! sound, and shorter.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::acknowledged::Acknowledged;
use crate::claimed::{Claimed, is_unfinished_copy};
pub use crate::claimed::{expect_free, expect_free_for_copy};
use crate::copy::MirrorsUnknown;
use crate::copy::compact::heal;
use crate::durable;
use crate::entry::Head;
use crate::ledger::log::read_head;
use crate::ledger::{Ledger, OpenError};
use crate::machine::Entropy;
use crate::repair::Repair;
use crate::store::{SledStore, Store, StoreError};
use crate::time::Clock;

pub(crate) const FORMAT_FILE: &str = "format";
pub(crate) const LOCK_FILE: &str = "lock";
pub(crate) const STORE_DIR: &str = "store";
/// There if the ledger is a copy of another's, and takes no entries of its own.
pub(crate) const READ_ONLY_FILE: &str = "read-only";
/// The directory layout that this program reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// The directories of mirrors, one a line, after a first line that says so.
const MIRRORS_FILE: &str = "mirrors";
const MIRRORS_LINE: &str = "sayso mirrors 1";

/// A ledger's directory, locked for this process.
pub struct LedgerDir {
    path: PathBuf,
    // Dropped in this order: the store must be closed before the lock is given up.
    store: Arc<dyn Store>,
    lock: File,
    /// The last acknowledged head.
    acknowledged: Option<Mutex<Acknowledged>>,
    /// Where the log ends, if that is not as far as was acknowledged.
    ends_at: Option<u64>,
    /// The directories of the ledger's mirrors, if it can be told which there are.
    mirrors: Result<Vec<PathBuf>, MirrorsUnknown>,
    repairs: Vec<Repair>,
    read_only: bool,
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
    /// A copy of somebody else's ledger was being made there, and was cut short.
    #[error("{} holds what is left of a copy that was being made there and was cut short; it is no ledger", .0.display())]
    UnfinishedCopy(PathBuf),
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

pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DirError + '_ {
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
        let mut claimed = Claimed::new(path)?;
        claimed.set_read_only(false)?;
        let ledger = match Ledger::create(claimed.dir().shared_store(), clock, entropy) {
            Err(OpenError::Exists) => return Err(DirError::Exists { path: path.to_owned(), ledger: true }),
            other => other?,
        };
        Ok(ledger.holding(claimed.declare()?, Ok(vec![])))
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
                if !is_unfinished_copy(path) {
                    return Err(DirError::NotALedger(path.to_owned()));
                }
                Self::expect_not_in_use(path)?;
                if is_ledger(path) {
                    return Self::open(path); // it was finished meanwhile
                }
                return Err(DirError::UnfinishedCopy(path.to_owned()));
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
        let mirrors = self.mirrors.clone();
        Ok(Ledger::open(self.store.clone(), clock, entropy)?.holding(self, mirrors))
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

    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    pub(crate) fn mark_read_only(&mut self, read_only: bool) {
        self.read_only = read_only;
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Remembers the ledger's mirrors, durably.
    pub(crate) fn set_mirrors(&self, mirrors: &[&Path]) -> Result<(), DirError> {
        let file = self.path.join(MIRRORS_FILE);
        let lines: String = mirrors.iter().map(|dir| format!("{}\n", dir.display())).collect();
        let text = format!("{MIRRORS_LINE}\n{lines}");
        durable::replace(&file, &self.path.join("mirrors.part"), &[text.as_bytes()])
            .and_then(|()| durable::sync_dir(&self.path))
            .map_err(io(&file))
    }

    /// Its parts, to be closed one by one: where it is, the store, and the lock.
    pub(crate) fn into_parts(self) -> (PathBuf, Arc<dyn Store>, File) {
        (self.path, self.store, self.lock)
    }

    /// Locks a directory that may be damaged; `None` if there is no lock in it.
    /// Where nothing can be written, it is locked against whoever writes.
    pub(crate) fn lock_if_there(path: &Path) -> Result<Option<File>, DirError> {
        let lock_path = path.join(LOCK_FILE);
        if !lock_path.is_file() {
            return Ok(None);
        }
        match Self::lock(path) {
            Err(DirError::Store(StoreError::Io { source, .. })) if cannot_be_written(&source) => {
                let lock = File::open(&lock_path).map_err(io(&lock_path))?;
                match lock.try_lock_shared() {
                    Ok(()) => Ok(Some(lock)),
                    Err(TryLockError::WouldBlock) => Err(StoreError::Locked { holder: None }.into()),
                    Err(TryLockError::Error(e)) => Err(io(&lock_path)(e)),
                }
            }
            other => other.map(Some),
        }
    }

    /// Refuses what another process is busy with: a copy that is being made looks like one that was cut short. Not for who has the lock.
    pub(crate) fn expect_not_in_use(path: &Path) -> Result<(), DirError> {
        Self::lock_if_there(path).map(drop)
    }

    /// What opening put right.
    #[must_use]
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// The last head that was acknowledged, and where the log ends, if it ends before that.
    #[must_use]
    pub fn cut(&self) -> Option<(Head, u64)> {
        let acknowledged = self.acknowledged.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        acknowledged.head().zip(self.ends_at)
    }

    /// Notes the last acknowledged head. A courtesy to whoever opens the ledger next: it may fail.
    pub(crate) fn acknowledge(&self, head: Head) {
        if let Some(acknowledged) = &self.acknowledged {
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).note(head);
        }
    }

    fn lock_and_open(path: &Path) -> Result<Self, DirError> {
        Self::open_locked(path, Self::lock(path)?)
    }

    /// Opens a directory whose lock is held.
    pub(crate) fn open_locked(path: &Path, lock: File) -> Result<Self, DirError> {
        heal(path).map_err(io(path))?;
        let store = SledStore::open(&path.join(STORE_DIR))?;
        let mut repairs = store.repairs().to_vec();
        let acknowledged = Acknowledged::open(path);
        let known = acknowledged.as_ref().and_then(Acknowledged::head);
        let found = read_head(&store).ok().flatten().map(|head| head.size);
        let ends_at = found.filter(|found| known.is_some_and(|known| *found < known.size));
        if found.is_some() && known.is_some() && ends_at.is_none() {
            // What was torn off was never acknowledged.
            store.forget_torn_copy();
            repairs.retain(|repair| !matches!(repair, Repair::TornLog { .. }));
        } else if known.is_none()
            && let Some(kept) = store.keep_torn_copy()
        {
            // The note is renewed when the ledger is opened. Who then compares it with the log is told nothing of what was torn off.
            repairs.retain(|repair| !matches!(repair, Repair::TornLog { .. }));
            repairs.push(Repair::TornLog { copy: kept.display().to_string() });
        }
        let acknowledged = acknowledged.map(Mutex::new);
        let read_only = path.join(READ_ONLY_FILE).is_file();
        let mirrors = read_mirrors(path);
        if let Err(MirrorsUnknown { file, what }) = &mirrors {
            repairs.push(Repair::MirrorsUnknown { file: file.display().to_string(), what: what.clone() });
        }
        Ok(Self {
            path: path.to_owned(),
            store: Arc::new(store),
            lock,
            acknowledged,
            ends_at,
            mirrors,
            repairs,
            read_only,
        })
    }

    pub(crate) fn lock(path: &Path) -> Result<File, DirError> {
        let lock_path = path.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = loop {
            let mut lock = options.open(&lock_path).map_err(io(&lock_path))?;
            match lock.try_lock() {
                Ok(()) if Self::is_lock_of(&lock, &lock_path) => break lock,
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = lock.read_to_string(&mut holder); // a courtesy only
                    let holder = Some(holder.trim().to_owned()).filter(|h| !h.is_empty());
                    return Err(StoreError::Locked { holder }.into());
                }
                Err(TryLockError::Error(e)) => return Err(io(&lock_path)(e)),
            }
        };
        let note = |lock: &mut File| -> std::io::Result<()> {
            lock.set_len(0)?;
            lock.rewind()?;
            write!(lock, "process {}", std::process::id())
        };
        note(&mut lock).map_err(io(&lock_path))?;
        Ok(lock)
    }

    /// Whether an open file is still the one of this name: who fails to make a ledger removes his lock, and others may have opened it.
    #[cfg(unix)]
    pub(crate) fn is_lock_of(lock: &File, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let of = |m: std::fs::Metadata| (m.dev(), m.ino());
        matches!((lock.metadata(), std::fs::metadata(path)), (Ok(open), Ok(named)) if of(open.clone()) == of(named.clone()))
    }

    /// Here a file that is open is not removed.
    #[cfg(not(unix))]
    pub(crate) fn is_lock_of(_: &File, _: &Path) -> bool {
        true
    }
}

fn cannot_be_written(e: &std::io::Error) -> bool {
    matches!(e.kind(), std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied)
}

/// The directories of a ledger's mirrors. Only a file that is not there means that there are none.
fn read_mirrors(path: &Path) -> Result<Vec<PathBuf>, MirrorsUnknown> {
    let file = path.join(MIRRORS_FILE);
    let text = match std::fs::read(&file) {
        Ok(bytes) => String::from_utf8(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(MirrorsUnknown { file, what: e.to_string() }),
    };
    let text = text.unwrap_or_default();
    let lines = text.strip_suffix('\n').and_then(|text| {
        let mut lines = text.split('\n');
        (lines.next() == Some(MIRRORS_LINE)).then_some(lines)
    });
    let dirs = lines.map(|lines| lines.map(PathBuf::from).collect::<Vec<_>>());
    // They are written with their whole path: see `Ledger::mirror`.
    dirs.filter(|dirs| dirs.iter().all(|dir| dir.is_absolute())).ok_or_else(|| MirrorsUnknown {
        file,
        what: format!(
            "it is damaged: it should be the line `{MIRRORS_LINE}`, and then the directory of each mirror on a line"
        ),
    })
}

/// The mirrors that a ledger's directory speaks of, as far as that can be read, whether or not it can be opened.
pub(crate) fn mirrors_of(path: &Path) -> Vec<PathBuf> {
    let bytes = std::fs::read(path.join(MIRRORS_FILE)).unwrap_or_default();
    // Whoever salvages takes what can be read.
    String::from_utf8_lossy(&bytes).lines().map(PathBuf::from).filter(|dir| dir.is_absolute()).collect()
}

/// The ledger whose directory this path lies in, or is.
#[must_use]
pub fn ledger_around(path: &Path) -> Option<&Path> {
    let says_so =
        |dir: &&Path| std::fs::read(dir.join(FORMAT_FILE)).is_ok_and(|text| text.starts_with(b"sayso ledger "));
    path.ancestors().find(says_so)
}

/// Whether a directory says that it is a ledger.
#[must_use]
pub fn is_ledger(path: &Path) -> bool {
    path.join(FORMAT_FILE).is_file()
}
