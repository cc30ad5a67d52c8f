//! The fields of events that a rule can fill, and which kind of event has which.

use sayso_core::exchange::Draft;

/// The kinds of event that a rule can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Claim,
    Stance,
    Retraction,
    Correction,
    Alias,
    Note,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Claim, Self::Stance, Self::Retraction, Self::Correction, Self::Alias, Self::Note];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Stance => "stance",
            Self::Retraction => "retraction",
            Self::Correction => "correction",
            Self::Alias => "alias",
            Self::Note => "note",
        }
    }

    /// The fields that it has beside those of every kind.
    fn own(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Self::Claim => &["subject", "predicate", "value", "unit", "act", "modality", "occurred", "quote"],
            Self::Stance => &["stance", "of", "subject", "predicate"],
            Self::Retraction => &["of"],
            Self::Correction => &["of", "reason", "replacement", "withdraw"],
            Self::Alias => &["names", "from", "to"],
            Self::Note => &["of", "text"],
        };
        let spoken: &[&str] = match self {
            Self::Claim | Self::Stance | Self::Retraction => &SPOKEN,
            _ => &[],
        };
        [spoken, own].concat()
    }

    /// All fields that it has.
    pub(crate) fn fields(self) -> Vec<&'static str> {
        [self.own(), COMMON.to_vec()].concat()
    }
}

const COMMON: [&str; 6] = ["id", "note", "tags", "citations", "recorder", "recorded"];
const SPOKEN: [&str; 9] = ["source", "speaker", "body", "via", "stated", "timezone", "published", "lang", "translated"];

/// A field that takes a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Source,
    Speaker,
    Body,
    Subject,
    Predicate,
    Unit,
    Act,
    Stance,
    Modality,
    Stated,
    Timezone,
    Occurred,
    Published,
    Quote,
    Lang,
    Names,
    From,
    To,
    Reason,
    Text,
    Note,
    Recorder,
    Recorded,
}

impl Field {
    pub(crate) const ALL: [Self; 24] = [
        Self::Id,
        Self::Source,
        Self::Speaker,
        Self::Body,
        Self::Subject,
        Self::Predicate,
        Self::Unit,
        Self::Act,
        Self::Stance,
        Self::Modality,
        Self::Stated,
        Self::Timezone,
        Self::Occurred,
        Self::Published,
        Self::Quote,
        Self::Lang,
        Self::Names,
        Self::From,
        Self::To,
        Self::Reason,
        Self::Text,
        Self::Note,
        Self::Recorder,
        Self::Recorded,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Source => "source",
            Self::Speaker => "speaker",
            Self::Body => "body",
            Self::Subject => "subject",
            Self::Predicate => "predicate",
            Self::Unit => "unit",
            Self::Act => "act",
            Self::Stance => "stance",
            Self::Modality => "modality",
            Self::Stated => "stated",
            Self::Timezone => "timezone",
            Self::Occurred => "occurred",
            Self::Published => "published",
            Self::Quote => "quote",
            Self::Lang => "lang",
            Self::Names => "names",
            Self::From => "from",
            Self::To => "to",
            Self::Reason => "reason",
            Self::Text => "text",
            Self::Note => "note",
            Self::Recorder => "recorder",
            Self::Recorded => "recorded",
        }
    }

    /// Whether it may be given as `{ from = ..., to = ... }`.
    pub(crate) fn is_date(self) -> bool {
        matches!(self, Self::Stated | Self::Occurred | Self::Published)
    }

    /// Whether an event cannot be without it.
    pub(crate) fn is_needed(self, kind: Kind) -> bool {
        match kind {
            Kind::Claim => matches!(self, Self::Source | Self::Stated | Self::Subject | Self::Predicate),
            Kind::Stance => matches!(self, Self::Source | Self::Stated | Self::Stance),
            Kind::Retraction => matches!(self, Self::Source | Self::Stated),
            Kind::Correction => self == Self::Reason,
            Kind::Alias => matches!(self, Self::Names | Self::From | Self::To),
            Kind::Note => self == Self::Text,
        }
    }

    pub(crate) fn set(self, draft: &mut Draft, text: String) {
        let field = match self {
            Self::Id => &mut draft.id,
            Self::Source => &mut draft.source,
            Self::Speaker => &mut draft.speaker,
            Self::Body => &mut draft.body,
            Self::Subject => &mut draft.subject,
            Self::Predicate => &mut draft.predicate,
            Self::Unit => &mut draft.unit,
            Self::Act => &mut draft.act,
            Self::Stance => &mut draft.stance,
            Self::Modality => &mut draft.modality,
            Self::Stated => &mut draft.stated,
            Self::Timezone => &mut draft.timezone,
            Self::Occurred => &mut draft.occurred,
            Self::Published => &mut draft.published,
            Self::Quote => &mut draft.quote,
            Self::Lang => &mut draft.lang,
            Self::Names => &mut draft.names,
            Self::From => &mut draft.from,
            Self::To => &mut draft.to,
            Self::Reason => &mut draft.reason,
            Self::Text => &mut draft.text,
            Self::Note => &mut draft.note,
            Self::Recorder => &mut draft.recorder,
            Self::Recorded => &mut draft.recorded,
        };
        *field = Some(text);
    }
}
