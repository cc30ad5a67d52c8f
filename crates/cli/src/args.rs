//! What can be typed. Checking beyond the shape of arguments is the core's.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::asking::{CompareArgs, DiffArgs, HistoryArgs, WhyArgs};
use crate::copy_args::{BackupArgs, MirrorArgs, RedactArgs, RestoreArgs, SalvageArgs};
use crate::event_args::{AliasArgs, ClaimArgs, CorrectArgs, NoteArgs, RetractArgs, StanceArgs};
use crate::export_args::{CompletionsArgs, ManArgs};
use crate::query::{ClockArgs, FilterArgs};
use crate::transfer_args::{ExportArgs, ImportArgs};

/// A ledger of who said what, and when.
///
/// Append attributed claims, audit that nothing was altered, and replay what each source was saying as of a given date.
/// sayso never says who is right.
#[derive(Parser)]
#[command(
    name = "sayso",
    version,
    propagate_version = true,
    after_help = "Try `sayso demo` first: it makes a ledger from real, cited events and shows what can be asked of it.\n\n\
                  Exit codes: 0 done (audit: sound); 1 refused (audit: unsound); 2 wrong usage; 3 could not read or write."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args)]
pub(crate) struct Global {
    /// The ledger's directory [default: the nearest .sayso, here or in a directory above]
    #[arg(long, global = true, value_name = "DIR", env = "SAYSO_LEDGER")]
    pub(crate) ledger: Option<OsString>,
    /// The time zone of dates without one: an IANA name such as Asia/Yerevan
    #[arg(long, global = true, value_name = "ZONE", default_value = "UTC")]
    pub(crate) timezone: String,
    /// How to print
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Who records [default: the system's user name]
    #[arg(long, global = true, value_name = "NAME", env = "SAYSO_RECORDER")]
    pub(crate) recorder: Option<String>,
    /// If another program is using the ledger, wait until it has finished; at most so many seconds, if they are given
    #[arg(long, global = true, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "forever")]
    pub(crate) wait: Option<Wait>,
}

/// How long to wait for a ledger.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    /// As long as it takes.
    Forever,
    /// At most this long.
    AtMost(Duration),
}

impl FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let seconds = text.parse().ok().and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok());
        seconds.map(Self::AtMost).ok_or_else(|| "write a number of seconds, as in --wait=30".to_owned())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For spreadsheets: replay, compare, diff, history and log
    Csv,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new ledger
    Init(InitArgs),
    /// Append a claim: a source gives a value for a question
    Append(Box<ClaimArgs>),
    /// Append a stance: a source affirms, denies, partly accepts or declines
    Stance(Box<StanceArgs>),
    /// Append a retraction: a source takes back its own claim or stance
    Retract(Box<RetractArgs>),
    /// Correct an entry that was recorded wrongly; the wrong one stays visible
    Correct(Box<CorrectArgs>),
    /// Record that two names are one source, subject or predicate
    Alias(AliasArgs),
    /// Record a remark on an entry
    Note(NoteArgs),
    /// Append events from a file of JSON Lines, or from a sheet with --map; all or none
    Import(ImportArgs),
    /// Write the ledger as JSON Lines, or a view as schema.org, FollowTheMoney or Markdown
    Export(ExportArgs),
    /// List entries in the order they were recorded
    Log(LogArgs),
    /// Show one entry whole, and how it reads now
    Show(ShowArgs),
    /// Show what each source stands by, as of a date
    Replay(ReplayArgs),
    /// Show where sources part: source by question, with a verdict for each question
    Compare(CompareArgs),
    /// Show what changed between two moments of a clock
    Diff(DiffArgs),
    /// Show the whole life of a question, or of all questions of a subject
    History(HistoryArgs),
    /// Show why a source stands where it does on a question
    Why(WhyArgs),
    /// Draw one question over time: each source's bounds as steps and bands
    Chart(crate::picture_args::ChartArgs),
    /// Draw what was said on a subject, one line a statement
    Timeline(crate::picture_args::TimelineArgs),
    /// Draw source by question at a moment, coloured by verdict
    Matrix(crate::picture_args::MatrixArgs),
    /// Make one page for a browser: a date slider, the matrix, and the entries behind each cell
    Report(crate::picture_args::ReportArgs),
    /// Check that nothing was altered
    Audit(AuditArgs),
    /// Keep a captured page or document by its hash, and look for the words that claims quote from it
    Capture(crate::commands::capture::CaptureArgs),
    /// Look for what may be a slip, and say what one could do; nothing is changed
    Doctor(crate::commands::doctor::DoctorArgs),
    /// Build the index of views anew from the entries
    #[command(after_help = "Example:\n  sayso reindex")]
    Reindex,
    /// Keep a copy in plain files up to date with every append; without a directory: check the mirrors
    Mirror(MirrorArgs),
    /// Write the whole ledger into one compressed file
    Backup(BackupArgs),
    /// Make a new ledger, with the same hashes, from a mirror, a backup or an `export --envelope`
    Restore(RestoreArgs),
    /// Save what still verifies of a damaged ledger
    Salvage(SalvageArgs),
    /// Erase the body of an entry; the chain and every other entry still verify
    Redact(RedactArgs),
    /// Write the store anew, so that what was redacted is in none of its files
    #[command(after_help = "Example:\n  sayso compact")]
    Compact,
    /// Make, list, rotate and retire keys that sign checkpoints
    Key(crate::commands::key::KeyArgs),
    /// Sign the ledger as it is now, for somebody else to keep
    Checkpoint(crate::commands::checkpoint::CheckpointArgs),
    /// Write a file that shows an outsider that an entry is in the ledger
    Prove(crate::commands::prove::ProveArgs),
    /// Check such a file; needs no ledger
    Verify(crate::commands::verify::VerifyArgs),
    /// Write the ledger as plain files for any web host
    Publish(crate::commands::publish::PublishArgs),
    /// Make a verified, read-only copy of a published ledger
    Clone(crate::commands::clone::CloneArgs),
    /// Bring a copy up to date
    Pull(crate::commands::clone::PullArgs),
    /// Cosign other ledgers' checkpoints
    Witness(crate::commands::witness::WitnessArgs),
    /// Print what a shell needs to complete commands and options
    Completions(CompletionsArgs),
    /// Write manual pages
    Man(ManArgs),
    /// Make an example ledger from real events and show what can be asked of it
    Demo(DemoArgs),
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso init\n  sayso init /srv/desk/ledger --name newsroom.example/sotk")]
pub(crate) struct InitArgs {
    /// Where [default: --ledger, else .sayso here]
    pub(crate) dir: Option<PathBuf>,
    /// What the ledger is known by outside, such as newsroom.example/sotk; it can be given later, and stays
    #[arg(long)]
    pub(crate) name: Option<String>,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso log --from 100 --limit 50\n  sayso log --all --source yerevan --tag night")]
pub(crate) struct LogArgs {
    /// Start at this entry [default: the last ones]
    #[arg(long, value_name = "INDEX", value_parser = index)]
    pub(crate) from: Option<u64>,
    /// How many entries
    #[arg(long, short = 'n', default_value_t = 20)]
    pub(crate) limit: u64,
    /// Every entry
    #[arg(long, conflicts_with_all = ["from", "limit"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

/// Reads `12` or `#12`.
pub(crate) fn index(s: &str) -> Result<u64, std::num::ParseIntError> {
    s.strip_prefix('#').unwrap_or(s).parse()
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso show '#12'\n  sayso show y-1 --format json")]
pub(crate) struct ShowArgs {
    /// The entry: its id or number ('#12')
    pub(crate) entry: String,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso replay --as-of 2023-05-12\n  \
    sayso replay --as-of 2023-05-12 --known-at 2023-05-12T23:59Z --source yerevan --source baku\n  \
    sayso replay --subject sotk- --predicate armenian-soldiers-wounded --via afp --format json")]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso audit\n  sayso audit --receipt kept.txt\n  \
    sayso audit --checkpoint today.checkpoint --key 'newsroom.example/sotk+1234abcd+AX...'\n\n\
    Exit codes: 0 sound, 1 unsound, 2 wrong usage, 3 could not read.\n\
    A chain alone cannot show that its tail was cut or that all of it was rewritten: keep a receipt somewhere else.")]
pub(crate) struct AuditArgs {
    /// A receipt somebody kept: SIZE:HASH, '#INDEX HASH' as append prints it, or a file with such lines
    #[arg(long, value_name = "SIZE:HASH|FILE")]
    pub(crate) receipt: Vec<String>,
    /// A signed checkpoint that somebody kept; needs --key or --policy
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: crate::proof::trust::TrustArgs,
    /// Also hash all captured files again, and look for the quoted words in them again
    #[arg(long)]
    pub(crate) evidence: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso demo")]
pub(crate) struct DemoArgs {
    /// Where to make the example ledger; never your own: --ledger and SAYSO_LEDGER do not count here
    #[arg(default_value = "sayso-demo")]
    pub(crate) dir: PathBuf,
}
