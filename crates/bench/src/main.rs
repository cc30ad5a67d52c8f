//! The benchmark: sayso against SQLite, against git, and against what the machine itself can do, in one run.

mod bundles;
mod columns;
mod corpus;
mod git_side;
mod limits;
mod measure;
mod phase;
mod proofs;
mod report;
mod sayso_side;
mod sheets;
mod sqlite_side;
mod views;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Any failure ends the run.
type Failure = Box<dyn std::error::Error>;

/// Measures sayso against SQLite, git, and the machine's own limits.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Measure>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Measure {
    /// Bundle sizes and codecs, on the store alone.
    Bundles(Options),
    /// Views: how long the ledger takes to say what was said, and how that grows.
    Views(views::Options),
    /// The tree, proofs, publishing and copies; needs `sayso` built beside this program.
    Proofs(Options),
    /// Sheets: mappings beside plain parsing of the same files; needs the real sets.
    Sheets(sheets::Options),
    /// One phase, for this program's own use.
    #[command(hide = true)]
    Phase(phase::Task),
}

/// What to measure.
#[derive(clap::Args, Clone)]
struct Options {
    /// Claims in the corpus.
    #[arg(long, default_value_t = 1_000_000)]
    claims: u64,
    /// Single appends, over all rounds.
    #[arg(long, default_value_t = 2_000)]
    singles: u64,
    /// Claims given to git.
    #[arg(long, default_value_t = 50_000)]
    git_claims: u64,
    /// Rounds of each comparison; medians are shown.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Where to put the data, in a directory of its own that is removed at the end [default: the system's].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// How to print the figures.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The corpus is a function of this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        None => print!("{}", report::comparison(&measure::comparison(&arguments.options)?, &arguments.options)?),
        Some(Measure::Bundles(options)) => print!("{}", report::bundles(&measure::bundles(&options)?, &options)?),
        Some(Measure::Views(options)) => print!("{}", views::report::views(&views::measure(&options)?, &options)?),
        Some(Measure::Proofs(options)) => print!("{}", proofs::report(&options)?),
        Some(Measure::Sheets(options)) => print!("{}", sheets::report(&options)?),
        Some(Measure::Phase(task)) => println!("{}", serde_json::to_string(&phase::perform(&task)?)?),
    }
    Ok(())
}
