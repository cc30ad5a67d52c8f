//! What can be typed for copies of a ledger, and for erasing.

use std::path::PathBuf;

use clap::Args;

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso mirror /mnt/other-disk/ledger-mirror\n  sayso mirror\n  \
    sayso mirror --stop /mnt/other-disk/ledger-mirror\n\n\
    A mirror is a directory of plain files (docs/format.md, section 7), best on another disk. From then on an append is\n\
    acknowledged only when the mirror has it, too. `sayso --ledger NEW restore DIR` makes a ledger of it.")]
pub(crate) struct MirrorArgs {
    /// Where: not there yet, empty, or a mirror of this ledger. Without it: read all mirrors and compare them
    pub(crate) dir: Option<PathBuf>,
    /// Keep this mirror up to date no longer; its files stay
    #[arg(long, value_name = "DIR", conflicts_with = "dir")]
    pub(crate) stop: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso backup ledger-2023-05-13.sayso.gz\n\n\
    The file is read back, and every hash in it checked, before it gets its name. `sayso --ledger NEW restore FILE` makes a\n\
    ledger of it. While it is written its name is sayso-backup-...part, beside FILE; if it is killed that file stays, and the next\n\
    backup of the same ledger into the same directory removes it.")]
pub(crate) struct BackupArgs {
    /// The file to make; it must not be there yet
    pub(crate) file: PathBuf,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso --ledger new-ledger restore /mnt/other-disk/ledger-mirror\n  \
    sayso --ledger new-ledger restore ledger-2023-05-13.sayso.gz\n  sayso --ledger new-ledger restore envelope.jsonl\n\n\
    The new ledger (--ledger, else .sayso here) must not be there yet. Hold it against a receipt with `sayso audit --receipt`.")]
pub(crate) struct RestoreArgs {
    /// A mirror's directory, a backup, or a file of `export --envelope`
    pub(crate) from: PathBuf,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso --ledger damaged salvage --mirror /mnt/other-disk/ledger-mirror rescued\n\n\
    Exit codes: 0 nothing is missing, 1 something is, 3 could not be read or written. The damaged ledger is not touched.\n\
    Entries up to the first hole become a ledger in NEW; what stands behind a hole goes to NEW/behind-a-hole.jsonl.")]
pub(crate) struct SalvageArgs {
    /// A mirror to use as well (may be given several times); those that the ledger knows of are used anyway
    #[arg(long, value_name = "DIR")]
    pub(crate) mirror: Vec<PathBuf>,
    /// Where to put what was salvaged; not there yet, or empty
    #[arg(value_name = "NEW")]
    pub(crate) to: PathBuf,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso redact '#12' --reason 'court order 4711'\n\n\
    The body and its salt are erased; place, time and hash of the entry stay, and a record of the redaction with its reason is\n\
    appended. sled may keep old bytes in its files until `sayso compact` was run. Copies made earlier are not reached.\n\
    With --evidence the files that were captured for this entry, and that no other entry cites, are removed as well; if something\n\
    was erased before, every captured file that no entry cites. It can be given again for an entry that is erased already. As long\n\
    as its erasure waits, because a write failed or the body cannot be read, that is an error, and no file is removed. The notes\n\
    that tie files to it stay, with address and hash: redact those too if they say too much.")]
pub(crate) struct RedactArgs {
    /// The entry: its id or number ('#12')
    pub(crate) entry: String,
    /// Why; it is recorded
    #[arg(long)]
    pub(crate) reason: String,
    /// Also remove the captured files that are evidence for this entry alone
    #[arg(long)]
    pub(crate) evidence: bool,
}
