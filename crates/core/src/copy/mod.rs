//! Copies of a ledger that are not sled, and ledgers made from them. A copy holds the entries with their hashes and nothing that can be
//! made from those.
//!
//! | room | holds |
//! | --- | --- |
//! | `mirror`, `mirror_files` | a directory of plain files that keeps up with every append; its names and bytes |
//! | `chain` | whether bundles follow one another |
//! | `backup` | one compressed file |
//! | `envelope` | entries as lines of JSON, read back |
//! | `restore` | a new ledger from any of these, or from bundles that somebody else has read |
//! | `salvage`, `trove`, `whose`, `salvaged` | what still verifies of a damaged ledger and its mirrors, and which are its own |
//! | `carve` | bundles in the raw files of a store that cannot be opened |
//! | `compact` | the store written anew, without what was erased |
//!
//! Byte for byte: `docs/format.md`, sections 7 to 9.

mod backup;
mod carve;
mod chain;
pub(crate) mod compact;
mod envelope;
pub(crate) mod mirror;
mod mirror_files;
mod restore;
mod salvage;
mod salvaged;
mod trove;
mod whose;

pub use backup::{Backup, backup};
pub(crate) use chain::Chain;
pub use compact::{Compacted, compact};
pub use mirror::{MirrorError, MirrorState, MirrorsUnknown};
pub use restore::{CheckedCopy, CopyKind, Restored, check_copy, restore, take_over};
pub use salvage::{Found, Island, Loss, Salvage, salvage};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::directory::DirError;
use crate::ledger::OpenError;
use crate::store::StoreError;

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries done.
    pub done: u64,
    /// Entries in all, if that is known.
    pub total: Option<u64>,
}

/// Why a copy could not be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something is there already, and is not overwritten.
    #[error("{} is already there; name another place", .0.display())]
    Exists(PathBuf),
    /// It is none of the copies that this program makes.
    #[error(
        "{} is no copy of a ledger: neither a mirror, nor a backup, nor an `export --envelope`",
        .0.display()
    )]
    NotACopy(PathBuf),
    /// Made by a newer program.
    #[error("{} was written by a newer sayso; install that one", .0.display())]
    Newer(PathBuf),
    /// The copy's own bytes are not what was written.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Its entries are not what their hashes were taken of.
    #[error("{from}: entry #{index}: {what}")]
    Unsound {
        /// What was read.
        from: String,
        /// The first entry concerned.
        index: u64,
        /// What is wrong.
        what: String,
    },
    /// Mirrors of several ledgers, and nothing that says which is the one that was asked for.
    #[error(
        "nothing in {} says which ledger it was, and the mirrors are of different ones: {mirrors}; nothing was made. Name only mirrors of \
         the ledger that is to be saved, with --mirror, and take the others from the file `mirrors` if they stand there",
        from.display()
    )]
    Whose {
        /// The damaged ledger.
        from: PathBuf,
        /// Each mirror, with the ledger that it is of.
        mirrors: String,
    },
    /// Nothing that could be salvaged.
    #[error("nothing in it verifies: {0}")]
    Nothing(String),
    /// A mirror stands in the way.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// A mirror cannot be brought up to date, and what is asked for would leave it behind.
    #[error("{0}; nothing was changed in the ledger. To go on without this mirror: `sayso mirror --stop DIR`")]
    MirrorBehind(MirrorError),
    /// It cannot be told which mirrors there are, so nothing was written.
    #[error(transparent)]
    MirrorsUnknown(#[from] MirrorsUnknown),
    /// A ledger could not be read or made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A ledger's directory could not be used.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> CopyError + '_ {
    |source| CopyError::Io { path: path.to_owned(), source }
}

impl CopyError {
    /// Refuses to copy what is still to be erased. `failed`: see [`crate::ledger::Ledger::failed_erasures`].
    pub(crate) fn expect_erased(failed: &BTreeMap<u64, String>) -> Result<(), Self> {
        failed.first_key_value().map_or(Ok(()), |(index, what)| {
            Err(Self::Unsound { from: "the ledger".into(), index: *index, what: what.clone() })
        })
    }
}
