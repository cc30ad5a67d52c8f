//! What can be typed to make pictures and the page.

use std::path::PathBuf;

use clap::Args;

use crate::query::ClockArgs;

/// Where a picture goes.
#[derive(Args)]
pub(crate) struct PictureFile {
    /// The file to make: .svg, or .png
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write over a file that is there already
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The heading, instead of one made from the names asked for
    #[arg(long, value_name = "WORDS")]
    pub(crate) title: Option<String>,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso chart sotk-clash-2023-05-11 armenian-soldiers-wounded -o wounded.svg\n  \
    sayso chart sotk-clash-2023-05-11 armenian-soldiers-wounded --source yerevan --source baku -o wounded.png\n  \
    sayso chart sotk-clash-2023-05-11 fired-first --as-of 2023-05-12 --known-at 2023-05-13 -o then.svg\n\n\
    Numbers are steps and bands; a side without a bound fades away. Words are bars. Where sources contradict one another is hatched.")]
pub(crate) struct ChartArgs {
    /// The whole name of the subject
    pub(crate) subject: String,
    /// The predicate
    pub(crate) predicate: String,
    /// Only this source and its children (may be given several times)
    #[arg(long)]
    pub(crate) source: Vec<String>,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
    #[command(flatten)]
    pub(crate) file: PictureFile,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso timeline sotk-clash-2023-05-11 -o clash.svg\n  \
    sayso timeline sotk-clash-2023-05-11 --predicate fired-first --as-of 2023-05-12 -o clash.png\n\n\
    One line a statement, in the order in which they were said.")]
pub(crate) struct TimelineArgs {
    /// The whole name of the subject
    pub(crate) subject: String,
    /// Only this predicate
    #[arg(long)]
    pub(crate) predicate: Option<String>,
    /// Only this source and its children (may be given several times)
    #[arg(long)]
    pub(crate) source: Vec<String>,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
    #[command(flatten)]
    pub(crate) file: PictureFile,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso matrix --as-of 2023-05-12 --subject sotk- -o matrix.svg\n  \
    sayso matrix --as-of 2023-05-12 --conflicts -o conflicts.png\n\n\
    Cells are coloured by how a source goes together with the others, and marked with a letter: C conflict, D denied,\n\
    I inconsistent, N not compared, \u{2248} compatible, = agreement, 1 one source alone. None of them says who is right.")]
pub(crate) struct MatrixArgs {
    /// Only questions on which sources contradict one another: conflicts and denials
    #[arg(long)]
    pub(crate) conflicts: bool,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    #[command(flatten)]
    pub(crate) file: PictureFile,
}

/// Which questions, and which parties.
#[derive(Args)]
pub(crate) struct ChoiceArgs {
    /// Only subjects that begin so (may be given several times)
    #[arg(long, value_name = "PREFIX")]
    pub(crate) subject: Vec<String>,
    /// Only this predicate (may be given several times)
    #[arg(long)]
    pub(crate) predicate: Vec<String>,
    /// Compare only these sources and their children (may be given several times)
    #[arg(long)]
    pub(crate) source: Vec<String>,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso report -o report.html\n  \
    sayso report --as-of 2023-05-12 --subject sotk- --title 'The clashes near Sotk' -o sotk.html\n\n\
    One page for any browser, with everything in it: it loads nothing from anywhere. Its slider goes over all dates; --as-of is where it\n\
    stands at first. --known-at limits what the page knows of. Whoever gets the page can read all that is behind its cells.")]
pub(crate) struct ReportArgs {
    /// The page to make: .html
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write over a file that is there already
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The heading of the page
    #[arg(long, value_name = "WORDS")]
    pub(crate) title: Option<String>,
    /// The day that the slider stands at first [default: the last day on which something was said]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub(crate) as_of: Option<String>,
    /// The recorded clock: what this ledger had learned by then [default: everything]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) known_at: Option<String>,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
}
