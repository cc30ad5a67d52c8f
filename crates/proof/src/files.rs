//! A tree in files, one for each tile level, beside a log that it was made from. It is a cache: where a file is missing, cut
//! or of the wrong length the tree counts as empty and is made anew.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::digest::{DIGEST_BYTES, Digest};
use crate::tree::{TILE_HEIGHT, TileHashes, TreeStore, level_size};

/// Tile levels of the largest tree.
const LEVELS: u8 = 64 / TILE_HEIGHT;

/// A tree in the files `level-0`, `level-1`, ... of a directory.
pub struct FileTree {
    dir: PathBuf,
    levels: Vec<RefCell<File>>,
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
            if path.exists() {
                OpenOptions::new().write(true).open(&path)?.set_len(length)?;
            }
        }
        Ok(())
    }

    fn level(&mut self, level: u8) -> io::Result<&RefCell<File>> {
        while self.levels.len() <= usize::from(level) {
            let next = u8::try_from(self.levels.len()).unwrap_or(u8::MAX);
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            self.levels.push(RefCell::new(options.open(self.path(next))?));
        }
        self.levels.get(usize::from(level)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl TileHashes for FileTree {
    type Error = io::Error;

    fn hashes(&self, level: u8, first: u64, count: u64) -> io::Result<Cow<'_, [Digest]>> {
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(DIGEST_BYTES)];
        let read = |file: &mut File, bytes: &mut [u8]| {
            file.seek(SeekFrom::Start(first * DIGEST_BYTES as u64))?;
            file.read_exact(bytes)
        };
        match self.levels.get(usize::from(level)) {
            Some(file) => read(&mut file.borrow_mut(), &mut bytes)?,
            None => read(&mut File::open(self.path(level))?, &mut bytes)?,
        }
        Digest::all(&bytes).map(Cow::Owned).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl TreeStore for FileTree {
    fn size(&self) -> u64 {
        self.size
    }

    fn append(&mut self, level: u8, hashes: &[Digest]) -> io::Result<()> {
        let mut file = self.level(level)?.borrow_mut();
        file.seek(SeekFrom::End(0))?;
        file.write_all(&Digest::concat(hashes))?;
        drop(file);
        if level == 0 {
            self.size += hashes.len() as u64;
        }
        Ok(())
    }
}
