//! What can be typed to ask about views: where sources part, what changed, the life of a question, why a cell is as it is.

use clap::{Args, ValueEnum};

use crate::args::{Command, index};
use crate::query::{ClockArgs, EntryFilterArgs, FilterArgs};

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso compare --as-of 2023-05-12 --source yerevan --source baku\n  \
    sayso compare --conflicts --subject sotk-\n  \
    sayso compare --as-of 2023-05-12 --known-at 2023-05-12T23:59Z --format csv\n\n\
    Verdicts: conflict, denied, inconsistent, not-compared, compatible, agreement, one-source, unattributed-only, declined, \
    nothing-stands, nothing-recorded. None of them says who is right.\n\
    --source chooses the parties compared; --tag, --recorded-by and --via choose questions, and leave all parties in them.")]
pub(crate) struct CompareArgs {
    /// Only questions on which sources contradict one another: conflicts and denials
    #[arg(long)]
    pub(crate) conflicts: bool,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockName {
    /// When sources said it
    Stated,
    /// When this ledger learned of it
    Recorded,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso diff 2023-05-11 2023-05-12\n  \
    sayso diff 2023-05-11 2023-05-12 --known-at 2023-05-13 --source yerevan\n  \
    sayso diff 2025-01-03 2025-01-04 --clock recorded --as-of 2024-01-02\n\n\
    The two moments are inclusive and lie on one clock; the other clock stands still, at the end or where --as-of or --known-at \
    puts it. What we corrected is told apart from what sources did; only the recorded clock shows it.")]
pub(crate) struct DiffArgs {
    /// The earlier moment: a day, month or instant
    #[arg(allow_hyphen_values = true)]
    pub(crate) from: String,
    /// The later one
    #[arg(allow_hyphen_values = true)]
    pub(crate) to: String,
    /// The clock that the two moments are on
    #[arg(long, value_enum, default_value_t = ClockName::Stated)]
    pub(crate) clock: ClockName,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderName {
    /// As this ledger learned of it
    Recorded,
    /// As it was said; corrections and notes follow their entry
    Stated,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso history sotk-clash-2023-05-12 armenian-soldiers-wounded\n  \
    sayso history sotk-clash-2023-05-11 --by stated --source yerevan\n  \
    sayso history sotk-clash-2023-05-11 --limit 20\n\n\
    A name that an alias has joined with others is answered under the one that is shown today.")]
pub(crate) struct HistoryArgs {
    /// The whole name of the subject
    pub(crate) subject: String,
    /// The predicate [default: all of the subject's]
    pub(crate) predicate: Option<String>,
    /// In which order
    #[arg(long, value_enum, default_value_t = OrderName::Recorded)]
    pub(crate) by: OrderName,
    /// Start at this entry
    #[arg(long, value_name = "INDEX", value_parser = index)]
    pub(crate) from: Option<u64>,
    /// How many entries [default: all]
    #[arg(long, short = 'n', value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
    #[command(flatten)]
    pub(crate) filter: EntryFilterArgs,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso why yerevan sotk-clash-2023-05-11 armenian-soldiers-wounded\n  \
    sayso why eu brussels-meeting-2023-07 meeting-scheduled --as-of 2023-06-02 --known-at 2023-06-03\n\n\
    It also answers where a source has nothing: it says why nothing stands.")]
pub(crate) struct WhyArgs {
    /// The source
    pub(crate) source: String,
    /// The whole name of the subject
    pub(crate) subject: String,
    /// The predicate
    pub(crate) predicate: String,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
}

impl Command {
    /// Whether its answer has rows that a spreadsheet can show.
    pub(crate) const fn has_rows(&self) -> bool {
        matches!(self, Self::Replay(_) | Self::Compare(_) | Self::Diff(_) | Self::History(_) | Self::Log(_))
    }
}
