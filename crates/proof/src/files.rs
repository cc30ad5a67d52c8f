//! A tree in files, one for each tile level, beside a log that it was made from. It is a cache: where a file is missing, cut
//! or of the wrong length the tree counts as empty and is made anew.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::digest::{DIGEST_BYTES, Digest};
use crate::tree::{TILE_HEIGHT, TileHashes, TreeStore, level_size};

/// Tile levels of the largest tree.
const LEVELS: u8 = 64 / TILE_HEIGHT;

/// A tree in the files `level-0`, `level-1`, ... of a directory.
pub struct FileTree {
    dir: PathBuf,
    /// Open as long as the tree is: opening one costs as much as reading a tile.
    levels: Vec<File>,
    size: u64,
}

impl FileTree {
    /// Opens the tree in a directory, or makes an empty one.
    ///
    /// # Errors
    /// If the directory or its files cannot be used.
    pub fn open(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let mut tree = Self { dir: dir.to_owned(), levels: vec![], size: 0 };
        let leaves = tree.length(0)?;
        let fits = |level| tree.length(level).map(|length| length == level_size(leaves, level));
        let whole = (0..LEVELS).map(fits).collect::<io::Result<Vec<bool>>>()?;
        tree.size = if whole.into_iter().all(|fits| fits) { leaves } else { 0 };
        tree.truncate(tree.size)?;
        while tree.path(tree.next()).is_file() && tree.next() < LEVELS {
            tree.open_next()?;
        }
        Ok(tree)
    }

    fn path(&self, level: u8) -> PathBuf {
        self.dir.join(format!("level-{level}"))
    }

    /// How many hashes a level has on disk. One that was cut inside a hash counts as one too long, so that it fits nothing.
    fn length(&self, level: u8) -> io::Result<u64> {
        match std::fs::metadata(self.path(level)) {
            Ok(found) => Ok(found.len().div_ceil(DIGEST_BYTES as u64)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(e) => Err(e),
        }
    }

    /// Forgets all leaves from `size` on.
    ///
    /// # Errors
    /// If a file cannot be cut.
    pub fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.size = self.size.min(size);
        for level in 0..LEVELS {
            let (path, length) = (self.path(level), level_size(self.size, level) * DIGEST_BYTES as u64);
            if std::fs::metadata(&path).is_ok_and(|found| found.len() != length) {
                OpenOptions::new().write(true).open(&path)?.set_len(length)?;
            }
        }
        Ok(())
    }

    /// The first level that is not open.
    fn next(&self) -> u8 {
        u8::try_from(self.levels.len()).unwrap_or(u8::MAX)
    }

    fn open_next(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        self.levels.push(options.open(self.path(self.next()))?);
        Ok(())
    }

    fn level(&self, level: u8) -> io::Result<&File> {
        self.levels.get(usize::from(level)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    use std::io::Read;
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}

impl TileHashes for FileTree {
    type Error = io::Error;

    fn hashes(&self, level: u8, first: u64, count: u64) -> io::Result<Cow<'_, [Digest]>> {
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(DIGEST_BYTES)];
        read_at(self.level(level)?, &mut bytes, first.saturating_mul(DIGEST_BYTES as u64))?;
        Digest::all(&bytes).map(Cow::Owned).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl TreeStore for FileTree {
    fn size(&self) -> u64 {
        self.size
    }

    fn append(&mut self, level: u8, hashes: &[Digest]) -> io::Result<()> {
        while self.next() <= level {
            self.open_next()?;
        }
        let mut file = self.level(level)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(&Digest::concat(hashes))?;
        if level == 0 {
            self.size += hashes.len() as u64;
        }
        Ok(())
    }
}
