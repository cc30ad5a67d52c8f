//! What can be typed to bring in many events, and to write them out.

use std::path::PathBuf;

use clap::Args;

use crate::args::index;
use crate::event_args::WriteArgs;
use crate::export_args::FormArgs;
use crate::query::FilterArgs;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  sayso import day2.jsonl                                      events, one a line (docs/exchange.md)\n  \
    sayso import --infer casualties.csv > casualties.toml        a first mapping, to be read and changed\n  \
    sayso import --map casualties.toml --dry-run casualties.csv  the first events, and what is wrong, by row and column\n  \
    sayso import --map casualties.toml casualties.csv            rows of a sheet as events (docs/mapping.md)\n  \
    sayso import --map a.toml --map b.toml a.csv b.jsonl.gz      several sheets in one step, each with its mapping\n\n\
    All of it goes in, or nothing. What is there already is not appended again, and what stands in the file twice counts once."
)]
pub(crate) struct ImportArgs {
    /// A file of JSON Lines, or - for standard input; with --map or --infer: a sheet in CSV, TSV, JSON or JSON Lines, also with gzip
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A mapping: how rows become events; one for all files, or one for each in their order
    #[arg(long, value_name = "MAPPING", conflicts_with = "infer")]
    pub(crate) map: Vec<PathBuf>,
    /// Look at a sheet and print a mapping that imports it as it stands, but for what its comments ask; no ledger is needed
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
