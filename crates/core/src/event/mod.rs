//! Events: what can be recorded. Every value of these types has passed its checks.
//!
//! An event that points at another one does so by `R`: a [`Reference`] while it is a draft that nobody has looked up,
//! an entry index (`u64`) once the ledger has found the entry. Only the second kind can be stored.

mod attribution;
mod citation;
mod reference;

pub use attribution::{Act, Attribution, Claim, Question, Retraction, Stance, StanceKind, Target};
pub use citation::{Citation, CitationError, FileHash};
pub use reference::{CONTENT_PREFIX, ContentDigest, Reference, ReferenceError};

use serde::{Deserialize, Serialize};

use crate::limits::MAX_CORRECTION_DEPTH;
use crate::text::{ExternalId, Label, Name, Text};

/// Something that was recorded, with what every kind can carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<R = u64> {
    /// An identity from outside, unique within the ledger.
    pub id: Option<ExternalId>,
    /// What is recorded.
    pub content: Content<R>,
    /// A remark by whoever recorded it.
    pub note: Option<Text>,
    /// Where it can be read.
    pub citations: Vec<Citation>,
    /// Free keywords.
    pub tags: Vec<Label>,
}

/// The seven kinds of event. The first three happened in the world; the others are about our own record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content<R = u64> {
    /// A source gives a value for a question.
    Claim(Box<Claim>),
    /// A source affirms, denies, partly accepts or declines to comment.
    Stance(Box<Stance<R>>),
    /// A source takes back its own claim or stance.
    Retraction(Box<Retraction<R>>),
    /// An entry was recorded wrongly.
    Correction(Correction<R>),
    /// Two names are one source, subject or predicate.
    Alias(Alias),
    /// The body of an entry was erased.
    Redaction(Redaction<R>),
    /// Anything else worth keeping with an entry.
    Note(Note<R>),
}

/// The name of a kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the variants are those of `Content`
pub enum Kind {
    Claim,
    Stance,
    Retraction,
    Correction,
    Alias,
    Redaction,
    Note,
}

impl Kind {
    /// The word used in the exchange form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Stance => "stance",
            Self::Retraction => "retraction",
            Self::Correction => "correction",
            Self::Alias => "alias",
            Self::Redaction => "redaction",
            Self::Note => "note",
        }
    }

    /// The word in a sentence: `a claim`, `an alias`.
    #[must_use]
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Claim => "a claim",
            Self::Stance => "a stance",
            Self::Retraction => "a retraction",
            Self::Correction => "a correction",
            Self::Alias => "an alias",
            Self::Redaction => "a redaction",
            Self::Note => "a note",
        }
    }
}

/// An entry was recorded wrongly: what it should have said, or nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction<R = u64> {
    /// The wrong entry.
    pub of: R,
    /// What it should have said; `None` if it should never have been recorded.
    #[serde(deserialize_with = "depth::limited")]
    pub replacement: Option<Box<Event<R>>>,
    /// Why.
    pub reason: Text,
}

/// Which kind of name an alias joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameKind {
    /// Sources.
    Source,
    /// Subjects.
    Subject,
    /// Predicates, for every subject.
    Predicate,
}

impl NameKind {
    /// The word used in the exchange form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Subject => "subject",
            Self::Predicate => "predicate",
        }
    }
}

/// Two names are one; both are shown under `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// What kind of name.
    pub names: NameKind,
    /// The name that is no longer shown.
    pub from: Name,
    /// The name that is.
    pub to: Name,
}

/// The body of an entry was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction<R = u64> {
    /// The erased entry.
    pub of: R,
    /// Why.
    pub reason: Text,
}

/// A remark on an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note<R = u64> {
    /// The entry it is about.
    pub of: R,
    /// The remark.
    pub text: Text,
}

impl<R> Content<R> {
    /// Which kind this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Claim(_) => Kind::Claim,
            Self::Stance(_) => Kind::Stance,
            Self::Retraction(_) => Kind::Retraction,
            Self::Correction(_) => Kind::Correction,
            Self::Alias(_) => Kind::Alias,
            Self::Redaction(_) => Kind::Redaction,
            Self::Note(_) => Kind::Note,
        }
    }

    /// Who said it; `None` for the kinds that nobody said.
    #[must_use]
    pub fn attribution(&self) -> Option<&Attribution> {
        match self {
            Self::Claim(c) => Some(&c.by),
            Self::Stance(s) => Some(&s.by),
            Self::Retraction(r) => Some(&r.by),
            Self::Correction(_) | Self::Alias(_) | Self::Redaction(_) | Self::Note(_) => None,
        }
    }

    /// The question that it names itself: a claim's, or that of a stance on a question.
    #[must_use]
    pub fn question(&self) -> Option<&Question> {
        match self {
            Self::Claim(c) => Some(&c.question),
            Self::Stance(s) => match &s.target {
                Target::Question(question) => Some(question),
                Target::Entry(_) => None,
            },
            _ => None,
        }
    }
}

impl<R> Event<R> {
    /// The event itself or, for a correction, what it puts in place of the wrong entry; `None` if that is nothing.
    #[must_use]
    pub fn statement(&self) -> Option<&Self> {
        let mut event = self;
        while let Content::Correction(c) = &event.content {
            event = c.replacement.as_deref()?;
        }
        Some(event)
    }

    /// Whether the event points at any other entry.
    #[must_use]
    pub fn has_references(&self) -> bool {
        match &self.content {
            Content::Claim(_) | Content::Alias(_) => false,
            Content::Stance(s) => matches!(s.target, Target::Entry(_)),
            _ => true,
        }
    }

    /// The same event with every reference replaced by what `look_up` makes of it, in the order they are stored.
    ///
    /// # Errors
    /// The first error of `look_up`.
    pub fn map_references<T, E>(self, look_up: &mut impl FnMut(R) -> Result<T, E>) -> Result<Event<T>, E> {
        let Self { id, content, note, citations, tags } = self;
        let content = match content {
            Content::Claim(claim) => Content::Claim(claim),
            Content::Alias(alias) => Content::Alias(alias),
            Content::Stance(stance) => {
                let Stance { by, target, stance } = *stance;
                let target = match target {
                    Target::Entry(r) => Target::Entry(look_up(r)?),
                    Target::Question(q) => Target::Question(q),
                };
                Content::Stance(Box::new(Stance { by, target, stance }))
            }
            Content::Retraction(retraction) => {
                let Retraction { by, of } = *retraction;
                Content::Retraction(Box::new(Retraction { by, of: look_up(of)? }))
            }
            Content::Correction(Correction { of, replacement, reason }) => {
                let of = look_up(of)?;
                let replacement = match replacement {
                    Some(event) => Some(Box::new((*event).map_references_dyn(look_up)?)),
                    None => None,
                };
                Content::Correction(Correction { of, replacement, reason })
            }
            Content::Redaction(Redaction { of, reason }) => Content::Redaction(Redaction { of: look_up(of)?, reason }),
            Content::Note(Note { of, text }) => Content::Note(Note { of: look_up(of)?, text }),
        };
        Ok(Event { id, content, note, citations, tags })
    }

    /// Behind one indirection, so that nested replacements do not make the compiler write ever new closures.
    fn map_references_dyn<T, E>(self, look_up: &mut dyn FnMut(R) -> Result<T, E>) -> Result<Event<T>, E> {
        self.map_references(&mut |r| look_up(r))
    }
}

/// Bounds the nesting of corrections while decoding: hostile bytes must not overflow the stack.
mod depth {
    use super::{Event, MAX_CORRECTION_DEPTH};
    use serde::{Deserialize, Deserializer, de::Error};
    use std::cell::Cell;

    thread_local! { static DEPTH: Cell<usize> = const { Cell::new(0) } }

    struct Level;

    impl Level {
        fn enter() -> Option<Self> {
            DEPTH.with(|d| {
                (d.get() < MAX_CORRECTION_DEPTH).then(|| {
                    d.set(d.get() + 1);
                    Self
                })
            })
        }
    }

    impl Drop for Level {
        fn drop(&mut self) {
            DEPTH.with(|d| d.set(d.get() - 1));
        }
    }

    pub(super) fn limited<'de, D, R>(deserializer: D) -> Result<Option<Box<Event<R>>>, D::Error>
    where
        D: Deserializer<'de>,
        R: Deserialize<'de>,
    {
        let _level = Level::enter().ok_or_else(|| D::Error::custom("corrections are nested too deeply"))?;
        Option::deserialize(deserializer)
    }
}
