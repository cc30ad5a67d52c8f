//! A mirror: a directory of plain files that keeps up with every append, so that sled is never the only copy.
//!
//! A mirror is looked at before the first write after opening, and catches up then. It is never written over if it has more than the
//! ledger, or something else: it may be the better copy. Its file `tail` is its head, and moves last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::mirror_files::{MirrorFiles, PARTS, erase};
use crate::audit::check_bundle;
use crate::bundle::{Bundle, Codec};
use crate::entry::{Head, LedgerId};
use crate::ledger::moment::Moment;
use crate::ledger::{DamageError, OpenError};
use crate::limits::BUNDLE_ENTRIES;

const BUNDLE: u64 = BUNDLE_ENTRIES as u64;

/// It cannot be told which mirrors a ledger has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{}: {what}. Nothing was written: an append must not be acknowledged without its mirror. Write the lines into it, or remove the file \
     and name each mirror again with `sayso mirror DIR`",
    file.display()
)]
pub struct MirrorsUnknown {
    /// The file that should tell.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

/// Why a mirror cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// A file could not be read or written.
    #[error("the mirror's {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No mirror is there.
    #[error("there is no mirror in {}; if it lies on another disk, is that one connected?", .0.display())]
    NotAMirror(PathBuf),
    /// Something else is there.
    #[error("{} is not empty and no mirror; name a directory that is not there yet", .0.display())]
    NotEmpty(PathBuf),
    /// It would lie inside the ledger, or the other way round.
    #[error("{} lies in the ledger's own directory; a mirror belongs elsewhere, best on another disk", .0.display())]
    Inside(PathBuf),
    /// Made by a newer program.
    #[error("the mirror in {} was written by a newer sayso; install that one", .0.display())]
    Newer(PathBuf),
    /// It is another ledger's.
    #[error("{} is the mirror of another ledger ({found})", dir.display())]
    OtherLedger {
        /// The mirror.
        dir: PathBuf,
        /// Whose it is.
        found: LedgerId,
    },
    /// It has entries that the ledger does not have.
    #[error(
        "the mirror in {} has {mirror} entries and the ledger only {ledger}, so it may be the better copy; nothing in it was changed: make a ledger of it with `sayso --ledger NEW restore {}` and compare",
        dir.display(), dir.display()
    )]
    Ahead {
        /// The mirror.
        dir: PathBuf,
        /// Entries in it.
        mirror: u64,
        /// Entries in the ledger.
        ledger: u64,
    },
    /// It has other entries than the ledger.
    #[error(
        "the mirror in {} has another entry #{at} than the ledger; nothing in it was changed: audit the ledger, make another of the mirror with `sayso --ledger NEW restore {}`, and compare",
        dir.display(), dir.display()
    )]
    Diverged {
        /// The mirror.
        dir: PathBuf,
        /// An entry that differs; there may be earlier ones.
        at: u64,
    },
    /// A file is not what was written.
    #[error(
        "the mirror's {}: {what}. `sayso mirror {dir}` writes damaged bundles again from the ledger; if it refuses, end with \
         `sayso mirror --stop {dir}`, keep what is there, and begin another mirror in a new directory",
        path.display(), dir = path.parent().unwrap_or(path).display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Nobody knows which there are.
    #[error(transparent)]
    Unknown(#[from] MirrorsUnknown),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] OpenError),
}

/// What a look at a mirror finds.
#[derive(Debug)]
pub struct MirrorState {
    /// Where it is.
    pub dir: PathBuf,
    /// How far it reaches, or what is wrong with it.
    pub head: Result<Head, MirrorError>,
}

/// A mirror that the ledger keeps up to date.
pub(crate) struct Mirror {
    files: MirrorFiles,
    /// How far it reaches; `None` before it was looked at.
    head: Option<Head>,
}

impl Mirror {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { files: MirrorFiles::new(dir), head: None }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.files.dir
    }

    /// Makes a mirror of a ledger in a new or empty directory, or takes up one that is there.
    pub(crate) fn create(dir: &Path, now: &Moment, read_only: bool) -> Result<Self, MirrorError> {
        let mut mirror = Self::new(dir);
        if !MirrorFiles::is_mirror(dir) {
            mirror.files.create(now.id)?;
        }
        mirror.ready(now)?;
        if read_only {
            mirror.files.mark_read_only()?;
        }
        mirror.mend(now)?;
        Ok(mirror)
    }

    /// Looks at the mirror, once, and makes it catch up.
    pub(crate) fn ready(&mut self, now: &Moment) -> Result<(), MirrorError> {
        if self.head.is_some() {
            return Ok(());
        }
        let head = self.look(now)?;
        self.files.sweep()?;
        let mut erasing = self.files.erasing()?;
        erasing.extend(redactions(now, head.size)?);
        if head != now.head() || !erasing.is_empty() {
            self.write(now, head, &erasing)?;
        }
        self.head = Some(now.head());
        Ok(())
    }

    /// How far the mirror reaches, if it is this ledger's and has nothing that the ledger does not have.
    fn look(&self, now: &Moment) -> Result<Head, MirrorError> {
        let dir = || self.files.dir.clone();
        let found = self.files.id()?;
        if found != now.id {
            return Err(MirrorError::OtherLedger { dir: dir(), found });
        }
        let head = self.files.tail()?.head;
        if head.size > now.head().size {
            return Err(MirrorError::Ahead { dir: dir(), mirror: head.size, ledger: now.head().size });
        }
        if now.hash_at(head.size)? != head.hash {
            return Err(MirrorError::Diverged { dir: dir(), at: head.size.saturating_sub(1) });
        }
        Ok(head)
    }

    /// Writes what was appended since. `erasing`: an entry whose body a redaction among that erases.
    pub(crate) fn follow(&mut self, now: &Moment, erasing: Option<u64>) -> Result<(), MirrorError> {
        let Some(head) = self.head.take() else { return self.ready(now) };
        self.write(now, head, &erasing.into_iter().collect())?;
        self.head = Some(now.head());
        Ok(())
    }

    /// Brings the mirror from a head that it has to the ledger's. Bodies that are to be erased are, before this returns.
    fn write(&self, now: &Moment, old: Head, erasing: &BTreeSet<u64>) -> Result<(), MirrorError> {
        let (from, to) = (old.size / BUNDLE * BUNDLE, now.sealed());
        if !erasing.is_empty() {
            self.files.write_erasing(erasing)?; // like the ledger's own promise: whatever happens, it is finished later
        }
        let sealed: Vec<u64> = (from..to).step_by(BUNDLE_ENTRIES).collect();
        self.copy(now, &sealed, erasing)?;
        let tail = if now.head().size > to {
            let mut bundle = now.bundle(to)?;
            erase(&mut bundle, erasing);
            Some(bundle.encode(Codec::Plain))
        } else {
            None
        };
        self.files.write_tail(now.head(), tail.as_deref())?;
        if !erasing.is_empty() {
            let older: BTreeSet<u64> = erasing.iter().map(|i| i / BUNDLE * BUNDLE).filter(|f| *f < from).collect();
            self.copy(now, &older.into_iter().collect::<Vec<_>>(), erasing)?;
            self.files.remove_erasing()?;
        }
        Ok(())
    }

    /// Writes sealed bundles, each checked, some at a time.
    fn copy(&self, now: &Moment, firsts: &[u64], erasing: &BTreeSet<u64>) -> Result<(), MirrorError> {
        for some in firsts.chunks(PARTS) {
            some.par_iter().enumerate().try_for_each(|(part, first)| {
                let mut bundle = now.bundle(*first)?;
                if let Some(finding) = check_bundle(&bundle).findings.first() {
                    let damage = DamageError::at(finding.index, &finding.problem.to_string());
                    return Err(OpenError::from(damage).into());
                }
                erase(&mut bundle, erasing);
                self.files.write_sealed(*first, part, &bundle.encode(Codec::Lz4))
            })?;
        }
        if firsts.is_empty() { Ok(()) } else { self.files.sync() }
    }

    /// Writes again what was deleted or damaged in the mirror, after reading all of it. The ledger has the same entries.
    fn mend(&self, now: &Moment) -> Result<(), MirrorError> {
        let firsts: Vec<u64> = now.firsts().filter(|first| *first < now.sealed()).collect();
        let bad = |first: &u64| match self.files.sealed(*first) {
            Ok(bundle) => Ok((bundle != now.bundle(*first)?).then_some(*first)),
            Err(MirrorError::Damaged { .. }) => Ok(Some(*first)),
            Err(e) => Err(e),
        };
        let bad: Vec<Option<u64>> = firsts.par_iter().map(bad).collect::<Result<_, MirrorError>>()?;
        let bad: Vec<u64> = bad.into_iter().flatten().collect();
        self.copy(now, &bad, &BTreeSet::new())
    }

    /// Reads the whole mirror and compares it with the ledger. Nothing is changed.
    pub(crate) fn check(&self, now: &Moment) -> MirrorState {
        let check = || {
            let head = self.look(now)?;
            let firsts: Vec<u64> = (0..head.size / BUNDLE).map(|n| n * BUNDLE).collect();
            firsts.par_iter().try_for_each(|first| {
                let bundle = self.files.sealed(*first)?;
                if bundle == now.bundle(*first)? {
                    return Ok(());
                }
                Err(self.files.damaged(&self.files.bundle_path(*first), "it differs from the ledger's bundle"))
            })?;
            Ok(head)
        };
        MirrorState { dir: self.files.dir.clone(), head: check() }
    }
}

/// Entries before `from` whose bodies redactions from there on erase.
fn redactions(now: &Moment, from: u64) -> Result<Vec<u64>, MirrorError> {
    let firsts: Vec<u64> = now.firsts().skip_while(|first| first + BUNDLE <= from).collect();
    if from == 0 {
        return Ok(vec![]); // there is nothing yet to erase from
    }
    let read = |first: &u64| -> Result<Vec<u64>, MirrorError> {
        let mut bundle = now.bundle(*first)?;
        let known = usize::try_from(from.saturating_sub(bundle.first)).unwrap_or(usize::MAX).min(bundle.entries.len());
        let previous = known.checked_sub(1).and_then(|i| bundle.entries.get(i)).map_or(bundle.previous, |e| e.hash);
        bundle.entries.drain(..known);
        let bundle = Bundle { first: bundle.first + known as u64, previous, ..bundle };
        Ok(check_bundle(&bundle).redactions)
    };
    let found: Vec<Vec<u64>> = firsts.par_iter().map(read).collect::<Result<_, MirrorError>>()?;
    Ok(found.into_iter().flatten().collect())
}
