//! What opening a ledger put right. Only what can be made again is touched, never an entry; and whoever opens is told.

use std::fmt;

/// One thing that was put right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// A derived file of the store could not be used. It was renamed, and is made again from the log.
    SetAside {
        /// The file, as it was called.
        file: String,
        /// What it is called now.
        now: String,
    },
    /// A file that a crash left half written was removed; nothing refers to it.
    Unfinished {
        /// The file.
        file: String,
    },
    /// The end of the store's log was torn, as a crash leaves it. Before the engine removed the torn part, that was copied.
    TornLog {
        /// The copy.
        copy: String,
    },
    /// Sealed bundles, or parts of them, that a crash left beyond the head were removed. They were never acknowledged.
    BundlesBeyondHead {
        /// How many.
        bundles: u64,
    },
    /// Rows of the tail that a crash left beyond the head were removed. They were never acknowledged.
    TailBeyondHead {
        /// How many.
        rows: u64,
    },
    /// A redaction that a crash had interrupted was carried out.
    ErasureFinished {
        /// The entry whose body is now gone.
        index: u64,
    },
    /// A redaction that was interrupted could not be carried out now either. The body is still there; the next opening tries again.
    ErasureFailed {
        /// The entry whose body is to go.
        index: u64,
        /// Why it is still there.
        why: String,
    },
    /// It cannot be told which mirrors there are. The ledger can be read, and takes nothing.
    MirrorsUnknown {
        /// The file that should tell.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// The index that views are answered from was incomplete, damaged or ahead of the log. It was removed, and is built anew when it
    /// is next needed.
    ProjectionRebuilt,
}

impl Repair {
    /// Whether it was put right. Otherwise it could not be, and is to be told all the same.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !matches!(self, Self::ErasureFailed { .. } | Self::MirrorsUnknown { .. })
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetAside { file, now } => {
                write!(f, "{file} was damaged; it can be made again, so it was set aside as {now}")
            }
            Self::Unfinished { file } => write!(f, "{file} was left half written by a crash, and was removed"),
            Self::TornLog { copy } => {
                write!(
                    f,
                    "the end of the store's log was torn, as a crash leaves it; what was cut off is kept in {copy}"
                )
            }
            Self::BundlesBeyondHead { bundles } => {
                write!(f, "removed {bundles} bundles that an interrupted write left; they were never acknowledged")
            }
            Self::TailBeyondHead { rows } => {
                write!(f, "removed {rows} rows that an interrupted write left; they were never acknowledged")
            }
            Self::ErasureFinished { index } => write!(f, "finished the interrupted redaction of #{index}"),
            Self::ErasureFailed { index, why } => write!(
                f,
                "#{index} is NOT erased yet, although its redaction is on record: {why}. The next opening tries again; \
                 `sayso audit` says what is damaged"
            ),
            Self::MirrorsUnknown { file, what } => write!(
                f,
                "{file}: {what}. It cannot be told which mirrors this ledger has: it can be read, and nothing is appended before that \
                 file is mended"
            ),
            Self::ProjectionRebuilt => {
                f.write_str("the index of views could not be used, and is built anew from the log")
            }
        }
    }
}
