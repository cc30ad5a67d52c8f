//! The files of a mirror: their names, and how each is read. Nothing here writes over anything that was not read first.
//!
//! ```text
//! mirror                       what this is, and of which ledger
//! 00000000000000000256.bundle  a sealed bundle, under the index of its first entry
//! tail                         SIZE:HASH and a line break, then the bundle of what comes after the sealed ones
//! erasing                      entries whose bodies are being erased here
//! read-only                    there if the ledger takes no entries of its own
//! part-0, part-1, ...          files being written
//! ```

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::mirror::MirrorError;
use crate::bundle::{Bundle, StoredBody};
use crate::directory::READ_ONLY_FILE;
use crate::durable;
use crate::entry::{Hash, Head, LedgerId};
use crate::limits::BUNDLE_ENTRIES;

const BUNDLE: u64 = BUNDLE_ENTRIES as u64;
const DESCRIPTION: &str = "mirror";
const TAIL: &str = "tail";
const ERASING: &str = "erasing";
const BUNDLE_SUFFIX: &str = ".bundle";
/// The layout that this program reads and writes.
const VERSION: &str = "1";
/// No file of a mirror is longer: a bundle of the longest bodies, uncompressed, with a line before it.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// Files written at the same time, at most.
pub(super) const PARTS: usize = 16;

/// A mirror's directory.
#[derive(Debug, Clone)]
pub(super) struct MirrorFiles {
    pub(super) dir: PathBuf,
}

/// What a mirror says about its end.
pub(super) struct MirrorTail {
    pub(super) head: Head,
    /// What comes after the sealed bundles; `None` if nothing does.
    pub(super) bundle: Option<Bundle>,
}

fn description(id: LedgerId) -> String {
    format!("sayso mirror {VERSION}\nledger {id}\ngenesis {}\n", id.genesis())
}

impl MirrorFiles {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    pub(super) fn is_mirror(dir: &Path) -> bool {
        dir.join(DESCRIPTION).is_file()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn bundle_path(&self, first: u64) -> PathBuf {
        self.path(&format!("{first:020}{BUNDLE_SUFFIX}"))
    }

    pub(super) fn damaged(&self, name: &Path, what: impl ToString) -> MirrorError {
        MirrorError::Damaged { path: name.to_owned(), what: what.to_string() }
    }

    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> MirrorError + '_ {
        |source| MirrorError::Io { path: path.to_owned(), source }
    }

    /// A file's bytes, or `None` if it is not there.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, MirrorError> {
        match std::fs::metadata(path) {
            Ok(m) if m.len() > MAX_FILE_BYTES => Err(self.damaged(path, "it is too long for a file of a mirror")),
            Ok(_) => std::fs::read(path).map(Some).map_err(Self::io(path)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Self::io(path)(e)),
        }
    }

    /// Whose mirror it is.
    pub(super) fn id(&self) -> Result<LedgerId, MirrorError> {
        let path = self.path(DESCRIPTION);
        let bytes = match self.read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(MirrorError::NotAMirror(self.dir.clone())),
            Err(e) => return Err(e),
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut words = text.split_ascii_whitespace().skip(2);
        if let Some(version) = words.next().and_then(|v| v.parse::<u32>().ok())
            && version > 1
            && text.starts_with("sayso mirror ")
        {
            return Err(MirrorError::Newer(self.dir.clone()));
        }
        let id = words.nth(1).and_then(|hex| hex.parse::<Hash>().ok()).map(|hash| LedgerId(hash.0));
        id.filter(|id| text == description(*id))
            .ok_or_else(|| self.damaged(&path, "it does not say whose mirror this is"))
    }

    /// Whether its ledger is a copy of another's, and so is a ledger made from it.
    pub(super) fn is_read_only(&self) -> bool {
        self.path(READ_ONLY_FILE).exists()
    }

    pub(super) fn mark_read_only(&self) -> Result<(), MirrorError> {
        let path = self.path(READ_ONLY_FILE);
        std::fs::File::create(&path).and_then(|file| file.sync_all()).map_err(Self::io(&path))?;
        self.sync()
    }

    /// The end of the mirror.
    pub(super) fn tail(&self) -> Result<MirrorTail, MirrorError> {
        let path = self.path(TAIL);
        let bytes = self.read(&path)?.ok_or_else(|| self.damaged(&path, "it is missing"))?;
        let bad = |what: &str| self.damaged(&path, what);
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| bad("its first line is damaged"))?;
        let (line, rest) = bytes.split_at(end);
        let line = String::from_utf8_lossy(line);
        let head: Option<Head> = line.parse().ok();
        let head = head.filter(|h| h.to_string() == line).ok_or_else(|| bad("its first line is damaged"))?;
        let open = head.size % BUNDLE;
        let rest = rest.get(1..).unwrap_or_default();
        if open == 0 {
            return if rest.is_empty() { Ok(MirrorTail { head, bundle: None }) } else { Err(bad("bytes left over")) };
        }
        let bundle = Bundle::decode(rest).map_err(|e| self.damaged(&path, e))?;
        let last = bundle.entries.last().map(|e| e.hash);
        if bundle.first != head.size - open || bundle.end() != head.size || last != Some(head.hash) {
            return Err(bad("its first line and its entries do not fit"));
        }
        Ok(MirrorTail { head, bundle: Some(bundle) })
    }

    /// The bytes of a sealed bundle.
    pub(super) fn sealed_bytes(&self, first: u64) -> Result<Option<Vec<u8>>, MirrorError> {
        self.read(&self.bundle_path(first))
    }

    /// A sealed bundle.
    pub(super) fn sealed(&self, first: u64) -> Result<Bundle, MirrorError> {
        let path = self.bundle_path(first);
        let bytes = self.read(&path)?.ok_or_else(|| self.damaged(&path, "it is missing"))?;
        let bundle = Bundle::decode(&bytes).map_err(|e| self.damaged(&path, e))?;
        if bundle.first != first || bundle.entries.len() != BUNDLE_ENTRIES {
            return Err(self.damaged(&path, "these entries belong elsewhere"));
        }
        Ok(bundle)
    }

    /// Where the sealed bundles that are there begin.
    pub(super) fn firsts(&self) -> Result<BTreeSet<u64>, MirrorError> {
        let names = std::fs::read_dir(&self.dir).map_err(Self::io(&self.dir))?;
        let first = |name: std::ffi::OsString| name.to_str()?.strip_suffix(BUNDLE_SUFFIX)?.parse::<u64>().ok();
        Ok(names.flatten().filter_map(|e| first(e.file_name())).filter(|first| first % BUNDLE == 0).collect())
    }

    /// Entries whose erasing here was begun.
    pub(super) fn erasing(&self) -> Result<BTreeSet<u64>, MirrorError> {
        let path = self.path(ERASING);
        let Some(bytes) = self.read(&path)? else { return Ok(BTreeSet::new()) };
        let text = String::from_utf8_lossy(&bytes);
        let numbers: Result<BTreeSet<u64>, _> = text.lines().map(str::parse).collect();
        numbers.map_err(|_| self.damaged(&path, "it lists no entries"))
    }

    /// Makes the directory a mirror of nothing yet.
    pub(super) fn create(&self, id: LedgerId) -> Result<(), MirrorError> {
        let io = || Self::io(&self.dir);
        std::fs::create_dir_all(&self.dir).map_err(io())?;
        let foreign = |name: &std::ffi::OsString| {
            let name = name.to_string_lossy();
            name != TAIL && !name.starts_with("part-") // what an attempt that was cut short left
        };
        let mut names = std::fs::read_dir(&self.dir).map_err(io())?.flatten().map(|e| e.file_name());
        if names.any(|name| foreign(&name)) {
            return Err(MirrorError::NotEmpty(self.dir.clone()));
        }
        self.write_tail(Head { size: 0, hash: id.genesis() }, None)?;
        // Written last: a directory without it is no mirror.
        self.write(&self.path(DESCRIPTION), 0, &[description(id).as_bytes()])?;
        self.sync()?;
        let parent = self.dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        durable::sync_dir(parent).map_err(Self::io(parent))
    }

    /// Writes a file whole. Its name is not durable before [`Self::sync`].
    fn write(&self, path: &Path, part: usize, content: &[&[u8]]) -> Result<(), MirrorError> {
        durable::replace(path, &self.path(&format!("part-{part}")), content).map_err(Self::io(path))
    }

    pub(super) fn write_tail(&self, head: Head, bundle: Option<&[u8]>) -> Result<(), MirrorError> {
        let line = format!("{head}\n");
        self.write(&self.path(TAIL), 0, &[line.as_bytes(), bundle.unwrap_or_default()])?;
        self.sync()
    }

    /// `part`: which of the files written at the same time it is.
    pub(super) fn write_sealed(&self, first: u64, part: usize, bytes: &[u8]) -> Result<(), MirrorError> {
        self.write(&self.bundle_path(first), part, &[bytes])
    }

    pub(super) fn write_erasing(&self, entries: &BTreeSet<u64>) -> Result<(), MirrorError> {
        let lines: String = entries.iter().map(|n| format!("{n}\n")).collect();
        self.write(&self.path(ERASING), 0, &[lines.as_bytes()])?;
        self.sync()
    }

    pub(super) fn remove_erasing(&self) -> Result<(), MirrorError> {
        let path = self.path(ERASING);
        durable::remove(&path).map_err(Self::io(&path))?;
        self.sync()
    }

    /// Removes what was being written when something went wrong: it may hold what was erased since.
    pub(super) fn sweep(&self) -> Result<(), MirrorError> {
        for part in 0..PARTS {
            let path = self.path(&format!("part-{part}"));
            durable::remove(&path).map_err(Self::io(&path))?;
        }
        Ok(())
    }

    /// Makes the names durable.
    pub(super) fn sync(&self) -> Result<(), MirrorError> {
        durable::sync_dir(&self.dir).map_err(Self::io(&self.dir))
    }
}

/// The bundle without the bodies of these entries; whether there was one to erase.
pub(super) fn erase(bundle: &mut Bundle, entries: &BTreeSet<u64>) -> bool {
    let mut previous = bundle.previous;
    let mut erased = false;
    for (entry, index) in bundle.entries.iter_mut().zip(bundle.first..) {
        if entries.contains(&index) && matches!(entry.body, StoredBody::Present(..)) {
            *entry = entry.erased(index, previous);
            erased = true;
        }
        previous = entry.hash;
    }
    erased
}
