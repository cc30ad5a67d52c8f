//! A new ledger from a copy: the same identity, the same entries, the same hashes, each verified on its way in. Or only the verifying.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::backup::BackupFile;
use super::envelope::EnvelopeFile;
use super::mirror_files::{MirrorFiles, MirrorTail};
use super::{Chain, CopyError, Progress, io};
use crate::audit::check_bundle;
use crate::bundle::Bundle;
use crate::claimed::Claimed;
use crate::directory::DirError;
use crate::entry::{Head, LedgerId};
use crate::ledger::Ledger;
use crate::ledger::rebuild::Rebuild;
use crate::limits::BUNDLE_ENTRIES;
use crate::machine::Entropy;
use crate::time::Clock;

/// What a ledger was restored from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyKind {
    /// A mirror's directory.
    Mirror,
    /// A backup file.
    Backup,
    /// A file of `export --envelope`.
    Envelope,
}

impl CopyKind {
    /// One word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mirror => "mirror",
            Self::Backup => "backup",
            Self::Envelope => "envelope",
        }
    }
}

/// A ledger that was restored.
pub struct Restored {
    /// The ledger.
    pub ledger: Ledger,
    /// What from.
    pub kind: CopyKind,
}

/// A copy that was read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedCopy {
    /// What it is.
    pub kind: CopyKind,
    /// Whose copy it is.
    pub id: LedgerId,
    /// Where it ends.
    pub head: Head,
}

/// A copy, opened.
enum Source {
    Mirror { files: MirrorFiles, id: LedgerId, tail: Box<MirrorTail>, next: u64 },
    Backup(Box<BackupFile>),
    Envelope(Box<EnvelopeFile>),
}

impl Source {
    fn open(from: &Path) -> Result<Self, CopyError> {
        if from.is_dir() {
            if !MirrorFiles::is_mirror(from) {
                return Err(CopyError::NotACopy(from.to_owned()));
            }
            let files = MirrorFiles::new(from);
            let (id, tail) = (files.id()?, Box::new(files.tail()?));
            return Ok(Self::Mirror { files, id, tail, next: 0 });
        }
        let mut beginning = Vec::new();
        File::open(from).and_then(|file| file.take(8).read_to_end(&mut beginning)).map_err(io(from))?;
        Ok(if BackupFile::is_backup(&beginning) {
            Self::Backup(Box::new(BackupFile::open(from)?))
        } else {
            Self::Envelope(Box::new(EnvelopeFile::open(from)?))
        })
    }

    fn kind(&self) -> CopyKind {
        match self {
            Self::Mirror { .. } => CopyKind::Mirror,
            Self::Backup(_) => CopyKind::Backup,
            Self::Envelope(_) => CopyKind::Envelope,
        }
    }

    fn id(&self) -> LedgerId {
        match self {
            Self::Mirror { id, .. } => *id,
            Self::Backup(file) => file.id,
            Self::Envelope(file) => file.id,
        }
    }

    /// Whether it says that its ledger took no entries of its own. Of the copies that are one file, none says that.
    fn is_read_only(&self) -> bool {
        matches!(self, Self::Mirror { files, .. } if files.is_read_only())
    }

    /// Where it says that it ends.
    fn head(&self) -> Option<Head> {
        match self {
            Self::Mirror { tail, .. } => Some(tail.head),
            Self::Backup(file) => Some(file.head),
            Self::Envelope(_) => None,
        }
    }

    fn next(&mut self) -> Result<Option<Bundle>, CopyError> {
        match self {
            Self::Mirror { files, tail, next, .. } => {
                let first = *next;
                *next += BUNDLE_ENTRIES as u64;
                Ok(if *next <= tail.head.size { Some(files.sealed(first)?) } else { tail.bundle.take() })
            }
            Self::Backup(file) => file.next(),
            Self::Envelope(file) => file.next(),
        }
    }
}

/// Makes a ledger in `to`, which must not be there yet or be empty, from a mirror, a backup or an `export --envelope`.
///
/// # Errors
/// [`CopyError`]; there is no new ledger then.
pub fn restore(
    from: &Path,
    to: &Path,
    clock: impl Clock + 'static,
    entropy: impl Entropy + 'static,
    progress: &dyn Fn(Progress),
) -> Result<Restored, CopyError> {
    let mut source = Source::open(from)?;
    let (kind, id, head) = (source.kind(), source.id(), source.head());
    let total = head.map(|h| h.size);
    let mut claimed = Claimed::new(to)?;
    claimed.set_read_only(source.is_read_only())?;
    let dir = claimed.fill(|store| {
        let mut rebuild = Rebuild::new(store, id, from.display().to_string(), &entropy)?;
        while let Some(bundle) = source.next()? {
            rebuild.push(bundle)?;
            progress(Progress { done: rebuild.taken(), total });
        }
        rebuild.finish(head).map(drop)
    })?;
    Ok(Restored { ledger: dir.ledger(clock, entropy)?, kind })
}

/// Makes a read-only ledger in `to`, which must not be there yet, be empty, or have what is left of such a copy, of bundles that another copy of the ledger has, in
/// their order and all but the last of them full. `next` gives one after another, and nothing once there are no more; they have to
/// end with `head`. Each is checked as audit would check it; that a body is gone needs no record here, since whoever shows a copy can
/// hold bodies back. `from` is for messages.
///
/// # Errors
/// [`CopyError`], or what `next` says; there is no new ledger then.
pub fn take_over<E: From<CopyError> + From<DirError>>(
    from: String,
    id: LedgerId,
    head: Head,
    to: &Path,
    clock: impl Clock + 'static,
    entropy: impl Entropy + 'static,
    mut next: impl FnMut() -> Result<Option<Bundle>, E>,
) -> Result<Ledger, E> {
    let mut claimed = Claimed::for_copy(to)?;
    claimed.set_read_only(true)?;
    let dir = claimed.fill(|store| {
        let mut rebuild = Rebuild::new(store, id, from, &entropy)?;
        rebuild.as_found();
        while let Some(bundle) = next()? {
            rebuild.push(bundle)?;
        }
        rebuild.finish(Some(head))?;
        Ok::<_, E>(())
    })?;
    Ok(dir.ledger(clock, entropy)?)
}

/// Reads a copy whole and checks every hash in it, as restoring does, but makes nothing of it.
///
/// # Errors
/// [`CopyError`], for whatever restoring would refuse.
pub fn check_copy(from: &Path, progress: &dyn Fn(Progress)) -> Result<CheckedCopy, CopyError> {
    let mut source = Source::open(from)?;
    let (kind, id, head) = (source.kind(), source.id(), source.head());
    let mut chain = Chain::new(id, from.display().to_string());
    while let Some(bundle) = source.next()? {
        chain.take(&bundle, &check_bundle(&bundle))?;
        progress(Progress { done: chain.head.size, total: head.map(|h| h.size) });
    }
    chain.end(head)?;
    Ok(CheckedCopy { kind, id, head: chain.head })
}
