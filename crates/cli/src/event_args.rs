//! What can be typed to record one event: claims, stances, retractions, corrections, aliases, notes.

use clap::Args;

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
