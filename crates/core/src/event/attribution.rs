//! What happened in the world: a claim, a stance, a retraction, and the chain of attribution they share.

use serde::{Deserialize, Serialize};

use crate::text::{Label, Name, Text};
use crate::time::{Edtf, Stated};
use crate::value::Value;

/// Who said it, through whom, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The party answerable for it; `unattributed` where nobody is named.
    pub source: Name,
    /// The person who spoke.
    pub speaker: Option<Label>,
    /// The organ spoken for.
    pub body: Option<Label>,
    /// The carriers, nearest to the source first.
    pub via: Vec<Label>,
    /// When the source said it.
    pub stated: Stated,
    /// When the carrier ran it.
    pub published: Option<Edtf>,
    /// The language of the words that were read (BCP 47).
    pub lang: Option<Label>,
    /// Whether those words are a translation of what was said.
    pub translated: bool,
}

/// What is being claimed about: a subject and a predicate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    /// The thing or event, such as `sotk-clash-2023-05-12`.
    pub subject: Name,
    /// What is asked of it, such as `armenian-soldiers-wounded`.
    pub predicate: Name,
}

/// A source gives a value for a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who said it, and when.
    pub by: Attribution,
    /// About what.
    pub question: Question,
    /// What they said of it. With [`Act::Denies`] too, this is what the source holds.
    pub value: Value,
    /// The unit of a number.
    pub unit: Option<Label>,
    /// What kind of speech it was.
    pub act: Act,
    /// How strongly, in the source's own words.
    pub modality: Option<Text>,
    /// When it happened or will happen.
    pub occurred: Option<Edtf>,
    /// The words themselves.
    pub quote: Option<Text>,
}

/// The kind of speech act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the words say it
pub enum Act {
    #[default]
    Asserts,
    Denies,
    Accuses,
    Forecasts,
    Schedules,
    Analyses,
}

impl Act {
    /// The word used in the exchange form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asserts => "asserts",
            Self::Denies => "denies",
            Self::Accuses => "accuses",
            Self::Forecasts => "forecasts",
            Self::Schedules => "schedules",
            Self::Analyses => "analyses",
        }
    }
}

/// A source places itself towards another's claim, or towards a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stance<R = u64> {
    /// Who, and when.
    pub by: Attribution,
    /// Towards what.
    pub target: Target<R>,
    /// How.
    pub stance: StanceKind,
}

/// What a stance is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target<R = u64> {
    /// One entry.
    Entry(R),
    /// A question, whoever raised it.
    Question(Question),
}

/// How a source places itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the words say it
pub enum StanceKind {
    Affirms,
    Denies,
    PartlyAccepts,
    Declines,
}

impl StanceKind {
    /// The word used in the exchange form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Affirms => "affirms",
            Self::Denies => "denies",
            Self::PartlyAccepts => "partly-accepts",
            Self::Declines => "declines",
        }
    }

    /// What its source does, for people to read.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Affirms => "affirms",
            Self::Denies => "denies",
            Self::PartlyAccepts => "partly accepts",
            Self::Declines => "declines to comment",
        }
    }

    /// The same in front of what it is about.
    #[must_use]
    pub const fn in_words_on(self) -> &'static str {
        if matches!(self, Self::Declines) { "declines to comment on" } else { self.in_words() }
    }
}

/// A source takes back its own claim or stance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retraction<R = u64> {
    /// Who, and when.
    pub by: Attribution,
    /// The entry taken back.
    pub of: R,
}
