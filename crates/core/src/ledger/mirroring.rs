//! The ledger's mirrors: looked at before the first write, written before anybody is answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::moment::Moment;
use super::writer::Writer;
use super::{AppendError, Ledger, lock};
use crate::copy::mirror::Mirror;
use crate::copy::{CopyError, MirrorError, MirrorState, MirrorsUnknown};

impl Writer {
    fn moment(&self) -> Moment {
        Moment { id: self.log.id, store: self.log.store.clone(), snapshot: Arc::new(self.log.snapshot.clone()) }
    }

    /// Refuses to go on where a mirror that nobody knows of would be left behind.
    fn expect_mirrors_known(&self) -> Result<(), MirrorsUnknown> {
        self.mirrors_unknown.clone().map_or(Ok(()), Err)
    }

    /// Looks at the mirrors before anything is written, and makes them catch up.
    pub(super) fn ready_mirrors(&mut self) -> Result<(), AppendError> {
        self.expect_mirrors_known()?;
        if self.mirrors.is_empty() || self.poisoned {
            return Ok(());
        }
        let now = self.moment();
        self.mirrors.iter_mut().try_for_each(|m| m.ready(&now)).map_err(|e| AppendError::Mirror(Arc::new(e)))
    }

    /// Writes to the mirrors what is durable in the log. `erasing`: an entry whose body is to go there, too.
    pub(super) fn follow(&mut self, erasing: Option<u64>) -> Result<(), Arc<MirrorError>> {
        if self.mirrors.is_empty() {
            return Ok(());
        }
        let now = self.moment();
        for mirror in &mut self.mirrors {
            if let Err(e) = mirror.follow(&now, erasing) {
                let problem = Arc::new(e);
                self.mirror_failed = Some(problem.clone());
                return Err(problem);
            }
        }
        Ok(())
    }
}

impl Ledger {
    /// Writes a mirror of the ledger into a directory that is not there yet or is empty, and keeps it up to date from now on: no
    /// append is acknowledged before it is in the mirror. A mirror of this ledger that is there already is read, mended and taken up.
    ///
    /// # Errors
    /// [`CopyError`]; a mirror that has what the ledger does not have is left as it is.
    pub fn mirror(&self, dir: &Path) -> Result<(), CopyError> {
        let dir = absolute(dir)?;
        let mut writer = lock(&self.writer);
        CopyError::expect_erased(&self.failed_with(&writer))?;
        writer.expect_mirrors_known()?;
        if let Some(own) = &self.dir {
            let own = absolute(own.path())?;
            if dir.starts_with(&own) || own.starts_with(&dir) {
                return Err(MirrorError::Inside(dir).into());
            }
        }
        let mirror = Mirror::create(&dir, &writer.moment(), self.read_only)?;
        writer.mirrors.retain(|m| m.dir() != dir);
        writer.mirrors.push(mirror);
        self.remember(&writer)
    }

    /// Keeps a mirror up to date no longer. Nothing in it is changed. Whether it was one.
    ///
    /// # Errors
    /// [`CopyError`].
    pub fn forget_mirror(&self, dir: &Path) -> Result<bool, CopyError> {
        let dir = absolute(dir)?;
        let mut writer = lock(&self.writer);
        writer.expect_mirrors_known()?;
        let before = writer.mirrors.len();
        writer.mirrors.retain(|m| m.dir() != dir);
        self.remember(&writer)?;
        Ok(writer.mirrors.len() < before)
    }

    /// The mirrors of this ledger, each read whole and compared with it. If it cannot be told which there are: the file that should tell.
    #[must_use]
    pub fn check_mirrors(&self) -> Vec<MirrorState> {
        let writer = lock(&self.writer);
        let now = writer.moment();
        let unknown = writer.mirrors_unknown.clone();
        let unknown = unknown.map(|e| MirrorState { dir: e.file.clone(), head: Err(MirrorError::Unknown(e)) });
        unknown.into_iter().chain(writer.mirrors.iter().map(|mirror| mirror.check(&now))).collect()
    }

    /// The directories of this ledger's mirrors.
    #[must_use]
    pub fn mirrors(&self) -> Vec<PathBuf> {
        lock(&self.writer).mirrors.iter().map(|m| m.dir().to_owned()).collect()
    }

    /// Makes all mirrors catch up.
    ///
    /// # Errors
    /// [`CopyError::MirrorBehind`] for the first that cannot; [`CopyError::MirrorsUnknown`].
    pub(crate) fn catch_up(&self) -> Result<(), CopyError> {
        let mut writer = lock(&self.writer);
        writer.expect_mirrors_known()?;
        let now = writer.moment();
        writer.mirrors.iter_mut().try_for_each(|mirror| mirror.ready(&now)).map_err(CopyError::MirrorBehind)
    }

    fn remember(&self, writer: &Writer) -> Result<(), CopyError> {
        let dirs: Vec<&Path> = writer.mirrors.iter().map(Mirror::dir).collect();
        self.dir.as_ref().map_or(Ok(()), |dir| dir.set_mirrors(&dirs)).map_err(CopyError::from)
    }
}

/// A mirror is found again from any directory, also while its disk is not connected.
fn absolute(dir: &Path) -> Result<PathBuf, CopyError> {
    let path = std::path::absolute(dir).map_err(|source| CopyError::Io { path: dir.to_owned(), source })?;
    // It is remembered as a line of text.
    if path.to_str().is_none_or(|text| text.contains(char::is_control)) {
        let what = "its name cannot be written as a line of text; give it another".to_owned();
        return Err(CopyError::Damaged { path, what });
    }
    // `.` and a slash at the end make no other directory.
    Ok(path.components().collect())
}
