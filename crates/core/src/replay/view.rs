//! The shapes of an answer.

use super::combine::Combined;
use super::few::Few;
use super::filter::Filter;
use crate::entry::Head;
use crate::event::{Act, NameKind, Question, StanceKind};
use crate::text::{Name, Text};
use crate::time::{AsOf, KnownAt, Stated};

/// What to replay.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The stated clock: only what was said by then. `None`: everything known.
    pub as_of: Option<AsOf>,
    /// The recorded clock: only what the ledger had learned by then. `None`: everything recorded.
    pub known_at: Option<KnownAt>,
    /// What to show. A standing is shown if one of the entries it rests on, or of its stances, has the tag, recorder and
    /// carrier asked for, as it reads now.
    pub filter: Filter,
}

/// The views that a query asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The ledger's head when it was read.
    pub head: Head,
    /// How many of its entries the recorded clock let through.
    pub known_entries: u64,
    /// One view for each source, by name; `unattributed` last.
    pub views: Vec<View>,
    /// Names in the query that are answered under another name.
    pub asked_as: Vec<AskedAs>,
    /// Sources in the query whose name stands nowhere in the ledger (as far as it was known): a slip of the pen, perhaps.
    pub unknown_sources: Vec<Name>,
    /// The same for predicates.
    pub unknown_predicates: Vec<Name>,
    /// Entries whose bodies were erased: nobody can tell whether they belong here.
    pub redacted: Vec<u64>,
}

/// A name that is shown under another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAs {
    /// What kind of name.
    pub names: NameKind,
    /// The name in the query.
    pub asked: Name,
    /// The name it is answered under.
    pub shown: Name,
}

/// All the standings of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The source.
    pub source: Name,
    /// By subject, then predicate.
    pub standings: Vec<Standing>,
    /// Questions that are empty because the source took its statement back.
    pub taken_back: Vec<TakenBack>,
}

/// What a source stands by on one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The question.
    pub question: Question,
    /// The value, or why there is no single one. `None` where only stances stand.
    pub combined: Option<Combined>,
    /// The kinds of speech act of the statements, without repeats.
    pub acts: Few<Act>,
    /// How strongly, without repeats.
    pub modality: Few<Text>,
    /// When the newest statement was made.
    pub stated: Option<Stated>,
    /// Whether a date among them is marked `?`, `~` or `%`.
    pub uncertain: bool,
    /// Whether a statement with an hour was outranked by one that has only its day (or month): nobody knows their order.
    pub order_unknown: bool,
    /// The entries it rests on: statements and corrections of them, ascending.
    pub entries: Few<u64>,
    /// The stances of this source on this question.
    pub stances: Vec<StandingStance>,
}

impl Standing {
    /// Without a statement.
    pub(super) fn empty(question: Question) -> Self {
        Self {
            question,
            combined: None,
            acts: Few::default(),
            modality: Few::default(),
            stated: None,
            uncertain: false,
            order_unknown: false,
            entries: Few::default(),
            stances: vec![],
        }
    }
}

/// A stance that stands.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingStance {
    /// How the source places itself.
    pub stance: StanceKind,
    /// Towards what.
    pub target: StanceTarget,
    /// When.
    pub stated: Stated,
    /// The stance's own entry and corrections of it, ascending.
    pub entries: Vec<u64>,
}

/// What a stance is about, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StanceTarget {
    /// A claim.
    Claim {
        /// Its entry.
        of: u64,
        /// Who made it.
        source: Name,
        /// What has become of it.
        fate: Fate,
    },
    /// The question itself.
    Question,
}

/// What has become of a claim that a stance is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stands.
    Stands,
    /// Its source has said something newer.
    Replaced,
    /// Its source took it back.
    TakenBack,
    /// It was recorded wrongly and never was a statement.
    CorrectedAway,
    /// It was stated after the date of the replay.
    NotYetStated,
}

impl Fate {
    /// The word used in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Replaced => "replaced",
            Self::TakenBack => "taken-back",
            Self::CorrectedAway => "corrected-away",
            Self::NotYetStated => "not-yet-stated",
        }
    }
}

/// A question that a source answered and then took the answer back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBack {
    /// The question.
    pub question: Question,
    /// The statements taken back, the retractions, and corrections of either, ascending.
    pub entries: Vec<u64>,
}
