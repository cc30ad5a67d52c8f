//! What can be typed. Checking beyond the shape of arguments is the core's.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::asking::{CompareArgs, DiffArgs, HistoryArgs, WhyArgs};
use crate::copy_args::{BackupArgs, MirrorArgs, RedactArgs, RestoreArgs, SalvageArgs};
use crate::export_args::{CompletionsArgs, FormArgs, ManArgs};
use crate::query::{ClockArgs, FilterArgs};

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
pub(crate) struct AttributionArgs {
    /// The party answerable for it; `unattributed` where nobody is named
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// The person who spoke
    #[arg(long)]
    pub(crate) speaker: Option<String>,
    /// The organ spoken for
    #[arg(long)]
    pub(crate) body: Option<String>,
    /// A carrier, nearest to the source first (may be given several times)
    #[arg(long)]
    pub(crate) via: Vec<String>,
    /// When the source said it: 2023-05-12, 2023-05-12T08:00:00+04:00, 2023-05-11?, 2023-05, ../2023-05-12
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub(crate) stated: Option<String>,
    /// When the carrier ran it
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub(crate) published: Option<String>,
    /// The language of the words read, such as en or hy
    #[arg(long)]
    pub(crate) lang: Option<String>,
    /// The words read are a translation
    #[arg(long)]
    pub(crate) translated: bool,
}

#[derive(Args, Clone)]
pub(crate) struct CommonArgs {
    /// An identity of your own: the same event under the same id is recorded once
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The address where it can be read (may be given several times)
    #[arg(long)]
    pub(crate) url: Vec<String>,
    /// An archived copy of the (first) address
    #[arg(long, value_name = "URL")]
    pub(crate) archived: Option<String>,
    /// BLAKE3 of the captured file
    #[arg(long, value_name = "HEX")]
    pub(crate) blake3: Option<String>,
    /// The exact words in the carrier, with --prefix and --suffix around them
    #[arg(long)]
    pub(crate) exact: Option<String>,
    /// The words before --exact
    #[arg(long)]
    pub(crate) prefix: Option<String>,
    /// The words after --exact
    #[arg(long)]
    pub(crate) suffix: Option<String>,
    /// A remark of your own
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// A keyword (may be given several times)
    #[arg(long = "tag")]
    pub(crate) tags: Vec<String>,
}

#[derive(Args)]
pub(crate) struct WriteArgs {
    /// Append only if the ledger's head is still this one (SIZE:HASH)
    #[arg(long, value_name = "SIZE:HASH")]
    pub(crate) expect_head: Option<String>,
    /// Append even if the same event (without an id) is there already
    #[arg(long)]
    pub(crate) allow_repeats: bool,
}

#[derive(Args)]
pub(crate) struct StatementArgs {
    /// What it is about, such as sotk-clash-2023-05-12
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// What is said of it, such as armenian-soldiers-wounded
    #[arg(long)]
    pub(crate) predicate: Option<String>,
    /// 2, '>=2', '<=40', 12..24, ~2000, '>200', yes, no, a date, unknown, none, or words
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) value: Option<String>,
    /// Take the value as words, whatever it looks like
    #[arg(long, value_name = "WORDS", num_args = 0..=1, default_missing_value = "")]
    pub(crate) text: Option<String>,
    /// The unit of a number
    #[arg(long)]
    pub(crate) unit: Option<String>,
    /// asserts (default), denies, accuses, forecasts, schedules or analyses
    #[arg(long)]
    pub(crate) act: Option<String>,
    /// How strongly, in the source's own words
    #[arg(long)]
    pub(crate) modality: Option<String>,
    /// When it happened or will happen
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub(crate) occurred: Option<String>,
    /// The words themselves
    #[arg(long)]
    pub(crate) quote: Option<String>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso append --source yerevan --body 'Ministry of Defence' --via afp \\\n    \
    --subject sotk-clash-2023-05-12 --predicate armenian-soldiers-wounded --value '>=2' --unit people \\\n    \
    --stated 2023-05-12 --url https://example.org/article\n\n\
    On a terminal it asks for what is missing, suggests names that are there already, and shows the claim before it is written.")]
pub(crate) struct ClaimArgs {
    #[command(flatten)]
    pub(crate) by: AttributionArgs,
    #[command(flatten)]
    pub(crate) statement: StatementArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso stance --source baku --stance denies --of '#12' --stated 2023-05-12\n  \
    sayso stance --source eu --stance declines --subject sotk-clash-2023-05-12 --predicate fired-first --stated 2023-05-12")]
pub(crate) struct StanceArgs {
    #[command(flatten)]
    pub(crate) by: AttributionArgs,
    /// affirms, denies, partly-accepts or declines
    #[arg(long)]
    pub(crate) stance: String,
    /// The claim: its id or number ('#12')
    #[arg(long)]
    pub(crate) of: Option<String>,
    /// Or the question: its subject
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// and predicate
    #[arg(long)]
    pub(crate) predicate: Option<String>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso retract --source yerevan --of '#12' --stated 2023-05-13")]
pub(crate) struct RetractArgs {
    #[command(flatten)]
    pub(crate) by: AttributionArgs,
    /// The claim or stance: its id or number ('#12')
    #[arg(long)]
    pub(crate) of: String,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  sayso correct --of '#12' --value 3 --reason 'typing error: the article has three'\n  \
    sayso correct --of '#12' --withdraw --reason 'recorded from a satire page'\n  \
    sayso correct --of '#15' --withdraw --reason 'the correction was wrong'     (undoes correction #15)\n\n\
    The fields given replace those of the entry; the others stay. To empty a field, give the whole entry with --replacement."
)]
pub(crate) struct CorrectArgs {
    /// The wrong entry: its id or number ('#12')
    #[arg(long)]
    pub(crate) of: String,
    /// Why it is wrong
    #[arg(long)]
    pub(crate) reason: String,
    /// It should never have been recorded
    #[arg(long)]
    pub(crate) withdraw: bool,
    /// The whole replacement, as one JSON object in the exchange form
    #[arg(long, value_name = "JSON", conflicts_with = "withdraw")]
    pub(crate) replacement: Option<String>,
    /// Another stance
    #[arg(long)]
    pub(crate) stance: Option<String>,
    #[command(flatten)]
    pub(crate) by: AttributionArgs,
    #[command(flatten)]
    pub(crate) statement: StatementArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  sayso alias --names subject --from zod-clash-2023-05-11 --to sotk-clash-2023-05-11"
)]
pub(crate) struct AliasArgs {
    /// source, subject or predicate
    #[arg(long)]
    pub(crate) names: String,
    /// The name that is no longer shown
    #[arg(long)]
    pub(crate) from: String,
    /// The name that is
    #[arg(long)]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso note --of '#12' --text 'The article was changed twice that evening.'")]
pub(crate) struct NoteArgs {
    /// The entry: its id or number ('#12')
    #[arg(long)]
    pub(crate) of: String,
    /// The remark
    #[arg(long)]
    pub(crate) text: String,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  sayso import day2.jsonl                                      events, one a line (docs/exchange.md)\n  \
    sayso import --infer casualties.csv > casualties.toml        a first mapping, to be read and changed\n  \
    sayso import --map casualties.toml --dry-run casualties.csv  the first events, and what is wrong, by row and column\n  \
    sayso import --map casualties.toml casualties.csv            rows of a sheet as events (docs/mapping.md)\n  \
    sayso import --map a.toml --map b.toml a.csv b.jsonl.gz      several sheets in one step, each with its mapping\n\n\
    All of it goes in, or nothing. What is there already is not appended again."
)]
pub(crate) struct ImportArgs {
    /// A file of JSON Lines, or - for standard input; with --map or --infer: a sheet in CSV, TSV, JSON or JSON Lines, also with gzip
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A mapping: how rows become events; one for all files, or one for each in their order
    #[arg(long, value_name = "MAPPING", conflicts_with = "infer")]
    pub(crate) map: Vec<PathBuf>,
    /// Look at a sheet and print a mapping that imports it as it stands; no ledger is needed
    #[arg(long, conflicts_with_all = ["dry_run", "imported_clock", "expect_head", "allow_repeats"])]
    pub(crate) infer: bool,
    /// Check everything and append nothing; with --map, also show the first events
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take `recorded` and `recorder` from the lines; such entries are flagged for ever
    #[arg(long)]
    pub(crate) imported_clock: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso export -o ledger.jsonl\n  \
    sayso export --source yerevan --subject sotk- --from 0 --limit 1000\n  \
    sayso export --as claimreview --as-of 2023-05-17 --conflicts -o reviews.jsonld\n  \
    sayso export --as ftm --subject sotk- -o statements.csv\n  \
    sayso export --as markdown --as-of 2023-05-12 --subject sotk-clash-2023-05-11\n\n\
    What each form can carry, and what not: docs/exports.md.")]
pub(crate) struct ExportArgs {
    /// Write to a file instead of standard output; it must not be there yet
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: FormArgs,
    /// Add index, recorded time, salt and hash to each line: all that `restore` needs to make a ledger with the same hashes
    #[arg(long)]
    pub(crate) envelope: bool,
    /// Start at this entry
    #[arg(long, value_name = "INDEX", value_parser = index, default_value = "0")]
    pub(crate) from: u64,
    /// How many entries [default: all]
    #[arg(long, short = 'n')]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
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
