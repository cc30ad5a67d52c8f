//! What can be typed to write views in the forms of others, and for comfort: what a shell completes, and manual pages.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::query::ClockArgs;

/// What an export is to be.
#[derive(Args)]
pub(crate) struct FormArgs {
    /// As what
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = Form::Events)]
    pub(crate) form: Form,
    /// Of a view: only questions on which sources contradict one another
    #[arg(long)]
    pub(crate) conflicts: bool,
    #[command(flatten)]
    pub(crate) clocks: ClockArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Entries, one a line, to be imported elsewhere
    Events,
    /// A view as schema.org Claims, in JSON-LD
    Claims,
    /// The same, with a ClaimReview for each question on which answers were held against one another
    #[value(name = "claimreview")]
    ClaimReview,
    /// A view as FollowTheMoney statements, in CSV
    Ftm,
    /// A view as notes for a story
    Markdown,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso completions bash > ~/.local/share/bash-completion/completions/sayso\n  \
    sayso completions zsh > ~/.zfunc/_sayso\n  \
    sayso completions fish > ~/.config/fish/completions/sayso.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso man ~/.local/share/man/man1\n\n\
    One page for each command; those that are there already are written over. Then `man sayso-append`.")]
pub(crate) struct ManArgs {
    /// Where to; made if it is not there
    pub(crate) dir: PathBuf,
}
