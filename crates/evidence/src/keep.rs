//! The directory of evidence: each file under its BLAKE3, in a directory named after the first two digits, read-only, written once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sayso_core::event::FileHash;
use tempfile::NamedTempFile;

/// The directory inside a ledger's directory.
const DIR: &str = "evidence";
/// What is being written has a name that begins so.
const PART: &str = "part-";
/// The largest file that is taken.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Where evidence is kept.
#[derive(Debug, Clone)]
pub struct Keep {
    dir: PathBuf,
}

/// Why a file could not be kept or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Larger than what is taken.
    #[error("the file has more than {MAX_FILE_BYTES} bytes; keep it elsewhere and cite it with --blake3")]
    TooLarge,
    /// A directory, a pipe or a device has the name of a file.
    #[error("{} is no regular file; it was not opened", .0.display())]
    NotAFile(PathBuf),
    /// There is a file under this hash, and it has other bytes.
    #[error("{} does not have the bytes of its name: it was altered. It was left as it is; move it away to keep the file anew", .0.display())]
    Altered(PathBuf),
}

fn io(path: &Path) -> impl Fn(io::Error) -> KeepError {
    move |source| KeepError::Io { path: path.to_owned(), source }
}

/// A file that was read and is not kept yet.
pub struct Received {
    part: NamedTempFile,
    hash: FileHash,
    bytes: u64,
}

/// What is there under a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The bytes of that hash, so many.
    Whole(u64),
    Missing,
    /// Bytes of this other hash.
    Altered(FileHash),
}

impl Keep {
    /// The evidence of the ledger in a directory. Nothing is made yet.
    #[must_use]
    pub fn of(ledger: &Path) -> Self {
        Self { dir: ledger.join(DIR) }
    }

    /// Whether anything was ever kept.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.dir.is_dir()
    }

    /// Where the file of a hash lies, or would.
    #[must_use]
    pub fn path(&self, hash: FileHash) -> PathBuf {
        let name = hash.to_string();
        let (first, _) = name.split_at_checked(2).unwrap_or((&name, ""));
        self.dir.join(first).join(&name)
    }

    /// What captures that were killed have left: unfinished copies, which may hold text that nobody wants kept.
    ///
    /// # Errors
    /// [`KeepError::Io`].
    pub fn unfinished(&self) -> Result<Vec<PathBuf>, KeepError> {
        let is_part = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(PART));
        let mut parts: Vec<PathBuf> = names(&self.dir)?.into_iter().filter(is_part).collect();
        parts.sort();
        Ok(parts)
    }

    /// Removes unfinished copies. Only for whoever has the ledger open: nobody else is capturing then.
    ///
    /// # Errors
    /// [`KeepError::Io`].
    pub fn sweep(&self) -> Result<usize, KeepError> {
        let parts = self.unfinished()?;
        for part in &parts {
            std::fs::remove_file(part).map_err(io(part))?;
        }
        Ok(parts.len())
    }

    /// Copies a file beside its place and hashes it on the way. Unfinished copies are removed first.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn receive(&self, from: &mut dyn Read, name: &Path) -> Result<Received, KeepError> {
        std::fs::create_dir_all(&self.dir).map_err(io(&self.dir))?;
        self.sweep()?;
        let part = tempfile::Builder::new().prefix(PART).tempfile_in(&self.dir);
        let mut part = part.map_err(io(&self.dir))?;
        let (hash, bytes) = hashed(from, |piece| part.write_all(piece)).map_err(|e| match e {
            Copy::Read(e) => io(name)(e),
            Copy::Write(e) => io(&self.dir)(e),
            Copy::TooLarge => KeepError::TooLarge,
        })?;
        Ok(Received { part, hash, bytes })
    }

    /// Gives a received file its name, for good. `false` if it was there already.
    ///
    /// # Errors
    /// [`KeepError`]. A file that is there is never written over.
    pub fn keep(&self, received: Received) -> Result<bool, KeepError> {
        let path = self.path(received.hash);
        let dir = path.parent().unwrap_or(&self.dir);
        match self.state(received.hash)? {
            State::Whole(_) => return Ok(false),
            State::Altered(_) => return Err(KeepError::Altered(path)),
            State::Missing => {}
        }
        std::fs::create_dir_all(dir).map_err(io(dir))?;
        let mut permissions = received.part.as_file().metadata().map_err(io(&path))?.permissions();
        permissions.set_readonly(true);
        received.part.as_file().set_permissions(permissions).map_err(io(&path))?;
        received.part.as_file().sync_all().map_err(io(&path))?;
        received.part.persist_noclobber(&path).map_err(|e| io(&path)(e.error))?;
        // The name, and the names of the directories that may be new, must survive power loss.
        for dir in dir.ancestors().take(3).filter(|dir| !dir.as_os_str().is_empty()) {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(io(dir))?;
        }
        Ok(true)
    }

    pub(crate) fn state(&self, hash: FileHash) -> Result<State, KeepError> {
        let path = self.path(hash);
        // Opening a pipe would wait for somebody to write into it.
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(KeepError::NotAFile(path)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(State::Missing),
            Err(e) => return Err(io(&path)(e)),
        }
        let mut file = File::open(&path).map_err(io(&path))?;
        match hashed(&mut file, |_| Ok(())) {
            Ok((found, bytes)) if found == hash => Ok(State::Whole(bytes)),
            Ok((found, _)) => Ok(State::Altered(found)),
            // More than was ever taken: these are not its bytes, whatever they are.
            Err(Copy::TooLarge) => Err(KeepError::Altered(path)),
            Err(Copy::Read(e) | Copy::Write(e)) => Err(io(&path)(e)),
        }
    }

    /// The bytes under a hash, which was found whole; `None` if there are more than `most`.
    pub(crate) fn bytes(&self, hash: FileHash, most: u64) -> Result<Option<Vec<u8>>, KeepError> {
        let path = self.path(hash);
        let file = File::open(&path).map_err(io(&path))?;
        at_most(file, most).map_err(io(&path))
    }

    /// Removes the file of a hash. `false` if there was none.
    ///
    /// # Errors
    /// [`KeepError::Io`].
    pub fn remove(&self, hash: FileHash) -> Result<bool, KeepError> {
        let path = self.path(hash);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(io(&path)(e)),
        }
        let dir = path.parent().unwrap_or(&self.dir);
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(io(dir))?;
        Ok(true)
    }

    /// The hashes that files are kept under.
    ///
    /// # Errors
    /// [`KeepError::Io`].
    pub fn all(&self) -> Result<Vec<FileHash>, KeepError> {
        let mut all = Vec::new();
        for dir in names(&self.dir)? {
            if dir.is_dir() {
                let files = names(&dir)?.into_iter();
                all.extend(files.filter_map(|file| file.file_name()?.to_str()?.parse::<FileHash>().ok()));
            }
        }
        all.sort_by_key(ToString::to_string);
        Ok(all)
    }
}

fn names(dir: &Path) -> Result<Vec<PathBuf>, KeepError> {
    match std::fs::read_dir(dir) {
        Ok(read) => read.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().map_err(io(dir)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        Err(e) => Err(io(dir)(e)),
    }
}

impl Received {
    /// The BLAKE3 of its bytes.
    #[must_use]
    pub fn hash(&self) -> FileHash {
        self.hash
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Its bytes; `None` if there are more than `most`.
    ///
    /// # Errors
    /// [`KeepError::Io`].
    pub fn bytes(&self, most: u64) -> Result<Option<Vec<u8>>, KeepError> {
        let file = self.part.reopen().map_err(io(self.part.path()))?;
        at_most(file, most).map_err(io(self.part.path()))
    }
}

fn at_most(file: File, most: u64) -> io::Result<Option<Vec<u8>>> {
    if file.metadata()?.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Why bytes did not get through.
enum Copy {
    Read(io::Error),
    Write(io::Error),
    TooLarge,
}

/// Hashes what comes, and hands it on.
fn hashed(from: &mut dyn Read, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> Result<(FileHash, u64), Copy> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 1 << 16];
    let mut bytes = 0_u64;
    loop {
        let read = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Copy::Read(e)),
        };
        let got = piece.get(..read).unwrap_or_default();
        bytes += got.len() as u64;
        if bytes > MAX_FILE_BYTES {
            return Err(Copy::TooLarge);
        }
        hasher.update(got);
        to(got).map_err(Copy::Write)?;
    }
    let hash = hasher.finalize().to_hex().parse();
    hash.map(|hash| (hash, bytes)).map_err(|_| Copy::Read(io::Error::other("the hash could not be written down")))
}
