//! From a draft to a checked event.

use super::draft::{CitationDraft, Draft};
use super::value::from_json;
use crate::event::{
    Act, Alias, Attribution, Citation, Claim, Content, Correction, Event, NameKind, Note, Question, Redaction,
    Reference, Retraction, Stance, StanceKind, Target,
};
use crate::ledger::NewEvent;
use crate::limits::{MAX_CORRECTION_DEPTH, MAX_LIST_ITEMS};
use crate::text::{ExternalId, Label, Name, Text, Url};
use crate::time::{Edtf, Instant, Stated, TimeZone};

/// A field that is missing, wrong or out of place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {message}")]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

fn error(field: &str, message: impl ToString) -> FieldError {
    FieldError { field: field.to_owned(), message: message.to_string() }
}

/// How to read a draft.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// The zone of dates without one. A draft's own `timezone` comes first.
    pub zone: TimeZone,
    /// Whether `#12` may point at an entry. Not in files, where it would mean whatever ledger they meet.
    pub numbers: bool,
    /// Whether a draft's own `recorded` time and `recorder` count.
    pub imported_clock: bool,
    /// Who records it.
    pub recorder: Option<Label>,
}

/// Fields of the envelope: facts about an entry, not about an event.
const ENVELOPE: [&str; 6] = ["index", "salt", "commitment", "hash", "ledger", "previous"];
const COMMON: [&str; 7] = ["kind", "id", "tags", "note", "citations", "recorder", "recorded"];
const ATTRIBUTION: [&str; 9] =
    ["source", "speaker", "body", "via", "stated", "timezone", "published", "lang", "translated"];

const CLAIM: [&str; 8] = ["subject", "predicate", "value", "unit", "act", "modality", "occurred", "quote"];
const KINDS: &str = "claim, stance, retraction, correction, alias or note";

impl Draft {
    /// Checks the draft. The event may still point at entries that nobody has looked up.
    ///
    /// # Errors
    /// [`FieldError`] for the first thing that is wrong.
    pub fn check(self, options: &CheckOptions) -> Result<NewEvent, FieldError> {
        let recorded = match &self.recorded {
            Some(_) if !options.imported_clock => {
                let how = "is set by the ledger; use --imported-clock to bring in another system's recorded times";
                return Err(error("recorded", how));
            }
            Some(text) => Some(Instant::from_rfc3339(text).ok_or_else(|| {
                error(
                    "recorded",
                    format!("`{text}` is not a time; write 2023-05-13T08:00:00Z, with at most 6 decimals"),
                )
            })?),
            None => None,
        };
        let own_recorder =
            self.recorder.as_deref().map(|r| Label::new(r).map_err(|e| error("recorder", e))).transpose()?;
        let recorder = own_recorder.filter(|_| options.imported_clock).or_else(|| options.recorder.clone());
        Ok(NewEvent { event: self.event(options, 0)?, recorder, recorded })
    }

    fn event(self, options: &CheckOptions, depth: usize) -> Result<Event<Reference>, FieldError> {
        if let Some(field) = self.present().into_iter().find(|f| ENVELOPE.contains(f) || *f == "imported_clock") {
            return Err(error(
                field,
                "comes from `export --envelope`; such a file is for restoring, import one without",
            ));
        }
        let zone = match &self.timezone {
            Some(name) => name.parse().map_err(|e| error("timezone", e))?,
            None => options.zone,
        };
        let kind = match (&self.kind, depth) {
            (Some(kind), _) => kind.clone(),
            (None, 0) => return Err(error("kind", format!("is missing; write {KINDS}"))),
            // A replacement is of the corrected entry's kind; its fields tell which that is meant to be.
            (None, _) => self.kind_by_fields().to_owned(),
        };
        let content = match kind.as_str() {
            "claim" => Content::Claim(Box::new(self.claim(&zone)?)),
            "stance" => Content::Stance(Box::new(self.stance(&zone, options)?)),
            "retraction" => {
                self.only("retraction", &[&ATTRIBUTION, &["of"]])?;
                Content::Retraction(Box::new(Retraction { by: self.attribution(&zone)?, of: self.of(options)? }))
            }
            "correction" => Content::Correction(self.correction(options, depth)?),
            "alias" => Content::Alias(self.alias()?),
            "redaction" => {
                self.only("redaction", &[&["of", "reason"]])?;
                Content::Redaction(Redaction {
                    of: self.of(options)?,
                    reason: required("reason", &self.reason, Text::new)?,
                })
            }
            "note" => {
                self.only("note", &[&["of", "text"]])?;
                Content::Note(Note { of: self.of(options)?, text: required("text", &self.text, Text::new)? })
            }
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(error("kind", format!("`{shown}` is not known; write {KINDS}")));
            }
        };
        Ok(Event {
            id: optional("id", &self.id, ExternalId::new)?,
            content,
            note: optional("note", &self.note, Text::new)?,
            citations: self.citations()?,
            tags: list("tags", &self.tags)?,
        })
    }

    fn claim(&self, zone: &TimeZone) -> Result<Claim, FieldError> {
        self.only("claim", &[&ATTRIBUTION, &CLAIM])?;
        let raw = self.value.as_ref().ok_or_else(|| {
            error("value", "is missing; if there is a value that nobody gave, write {\"unknown\":true}")
        })?;
        let act = match self.act.as_deref() {
            None => Act::default(),
            Some(word) => one_of(word)
                .ok_or_else(|| error("act", "must be asserts, denies, accuses, forecasts, schedules or analyses"))?,
        };
        Ok(Claim {
            by: self.attribution(zone)?,
            question: self.question()?,
            value: from_json(raw, zone).map_err(|e| error("value", e))?,
            unit: optional("unit", &self.unit, Label::new)?,
            act,
            modality: optional("modality", &self.modality, Text::new)?,
            occurred: optional("occurred", &self.occurred, |s| Edtf::parse(s, zone))?,
            quote: optional("quote", &self.quote, Text::new)?,
        })
    }

    fn stance(&self, zone: &TimeZone, options: &CheckOptions) -> Result<Stance<Reference>, FieldError> {
        self.only("stance", &[&ATTRIBUTION, &["stance", "of", "subject", "predicate"]])?;
        let words = "affirms, denies, partly-accepts or declines";
        let word = self.stance.as_deref().ok_or_else(|| error("stance", format!("is missing; write {words}")))?;
        let stance: StanceKind = one_of(word).ok_or_else(|| error("stance", format!("must be {words}")))?;
        let target = match (&self.of, &self.subject, &self.predicate) {
            (Some(_), None, None) => Target::Entry(self.of(options)?),
            (None, Some(_), Some(_)) => Target::Question(self.question()?),
            _ => {
                return Err(error(
                    "of",
                    "is needed, or `subject` and `predicate`: a stance is taken on a claim or on a question",
                ));
            }
        };
        Ok(Stance { by: self.attribution(zone)?, target, stance })
    }

    fn correction(&self, options: &CheckOptions, depth: usize) -> Result<Correction<Reference>, FieldError> {
        self.only("correction", &[&["of", "replacement", "reason"]])?;
        let reason = required("reason", &self.reason, Text::new)?;
        if depth >= MAX_CORRECTION_DEPTH {
            let what = format!("is nested too deeply: at most {MAX_CORRECTION_DEPTH} corrections go into one another");
            return Err(error("replacement", what));
        }
        let replacement = match &self.replacement {
            None => {
                return Err(error(
                    "replacement",
                    "is missing; write null if the entry should never have been recorded",
                ));
            }
            Some(None) => None,
            Some(Some(draft)) => {
                if draft.recorded.is_some() || draft.recorder.is_some() {
                    return Err(error("replacement", "cannot have a `recorded` time or a `recorder` of its own"));
                }
                let event = draft.clone().event(options, depth + 1);
                Some(Box::new(event.map_err(|e| error(&format!("replacement.{}", e.field), e.message))?))
            }
        };
        Ok(Correction { of: self.of(options)?, replacement, reason })
    }

    fn alias(&self) -> Result<Alias, FieldError> {
        self.only("alias", &[&["names", "from", "to"]])?;
        let words = "source, subject or predicate";
        let word = self.names.as_deref().ok_or_else(|| error("names", format!("is missing; write {words}")))?;
        let names: NameKind = one_of(word).ok_or_else(|| error("names", format!("must be {words}")))?;
        Ok(Alias { names, from: required("from", &self.from, Name::new)?, to: required("to", &self.to, Name::new)? })
    }

    fn attribution(&self, zone: &TimeZone) -> Result<Attribution, FieldError> {
        let date = required("stated", &self.stated, |s| Edtf::parse(s, zone))?;
        let lang = optional("lang", &self.lang, Label::new)?;
        if lang.as_ref().is_some_and(|l| !is_language_tag(l.as_str())) {
            return Err(error("lang", "is not a language tag; write en, hy, az-Latn or the like"));
        }
        Ok(Attribution {
            source: required("source", &self.source, Name::new)
                .map_err(|e| error(&e.field, format!("{}; where nobody is named write unattributed", e.message)))?,
            speaker: optional("speaker", &self.speaker, Label::new)?,
            body: optional("body", &self.body, Label::new)?,
            via: list("via", &self.via)?,
            stated: Stated::new(date, zone).map_err(|e| error("stated", e))?,
            published: optional("published", &self.published, |s| Edtf::parse(s, zone))?,
            lang,
            translated: self.translated.unwrap_or_default(),
        })
    }

    fn question(&self) -> Result<Question, FieldError> {
        Ok(Question {
            subject: required("subject", &self.subject, Name::new)?,
            predicate: required("predicate", &self.predicate, Name::new)?,
        })
    }

    fn of(&self, options: &CheckOptions) -> Result<Reference, FieldError> {
        match required("of", &self.of, str::parse::<Reference>)? {
            Reference::Index(n) if !options.numbers => Err(error(
                "of",
                format!(
                    "is `#{n}`: in a file, point at entries by `id`; a number means another entry in another ledger"
                ),
            )),
            reference => Ok(reference),
        }
    }

    fn citations(&self) -> Result<Vec<Citation>, FieldError> {
        let drafts = self.citations.as_deref().unwrap_or_default();
        if drafts.len() > MAX_LIST_ITEMS {
            return Err(error(
                "citations",
                format!("has {} items; at most {MAX_LIST_ITEMS} are allowed", drafts.len()),
            ));
        }
        let one = |(n, draft): (usize, &CitationDraft)| {
            draft.check().map_err(|e| match e.field.as_str() {
                "" => error(&format!("citations[{n}]"), e.message),
                field => error(&format!("citations[{n}].{field}"), e.message),
            })
        };
        drafts.iter().enumerate().map(one).collect()
    }

    /// Refuses fields that the kind does not have.
    fn only(&self, kind: &str, allowed: &[&[&str]]) -> Result<(), FieldError> {
        let foreign =
            self.present().into_iter().find(|f| !COMMON.contains(f) && !allowed.iter().any(|a| a.contains(f)));
        match foreign {
            Some(field) => {
                let article = if kind == "alias" { "an" } else { "a" };
                Err(error(field, format!("does not belong on {article} {kind}")))
            }
            None => Ok(()),
        }
    }

    fn kind_by_fields(&self) -> &'static str {
        match self {
            Self { value: Some(_), .. } => "claim",
            Self { stance: Some(_), .. } => "stance",
            Self { names: Some(_), .. } => "alias",
            Self { text: Some(_), .. } => "note",
            Self { replacement: Some(_), .. } => "correction",
            Self { of: Some(_), .. } => "retraction",
            _ => "claim",
        }
    }

    /// The names of the fields that are given.
    fn present(&self) -> Vec<&'static str> {
        let Self {
            kind,
            id,
            source,
            speaker,
            body,
            via,
            of,
            subject,
            predicate,
            value,
            unit,
            act,
            stance,
            modality,
            stated,
            timezone,
            occurred,
            published,
            quote,
            lang,
            translated,
            names,
            from,
            to,
            replacement,
            reason,
            text,
            citations,
            note,
            tags,
            recorder,
            recorded,
            imported_clock,
            index,
            salt,
            commitment,
            hash,
            ledger,
            previous,
        } = self;
        let given = [
            ("kind", kind.is_some()),
            ("id", id.is_some()),
            ("source", source.is_some()),
            ("speaker", speaker.is_some()),
            ("body", body.is_some()),
            ("via", via.is_some()),
            ("of", of.is_some()),
            ("subject", subject.is_some()),
            ("predicate", predicate.is_some()),
            ("value", value.is_some()),
            ("unit", unit.is_some()),
            ("act", act.is_some()),
            ("stance", stance.is_some()),
            ("modality", modality.is_some()),
            ("stated", stated.is_some()),
            ("timezone", timezone.is_some()),
            ("occurred", occurred.is_some()),
            ("published", published.is_some()),
            ("quote", quote.is_some()),
            ("lang", lang.is_some()),
            ("translated", translated.is_some()),
            ("names", names.is_some()),
            ("from", from.is_some()),
            ("to", to.is_some()),
            ("replacement", replacement.is_some()),
            ("reason", reason.is_some()),
            ("text", text.is_some()),
            ("citations", citations.is_some()),
            ("note", note.is_some()),
            ("tags", tags.is_some()),
            ("recorder", recorder.is_some()),
            ("recorded", recorded.is_some()),
            ("imported_clock", imported_clock.is_some()),
            ("index", index.is_some()),
            ("salt", salt.is_some()),
            ("commitment", commitment.is_some()),
            ("hash", hash.is_some()),
            ("ledger", ledger.is_some()),
            ("previous", previous.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }
}

impl CitationDraft {
    fn check(&self) -> Result<Citation, FieldError> {
        Citation::new(
            optional("url", &self.url, Url::new)?,
            optional("archived", &self.archived, Url::new)?,
            optional("blake3", &self.blake3, str::parse)?,
            optional("exact", &self.exact, Text::new)?,
            optional("prefix", &self.prefix, Text::new)?,
            optional("suffix", &self.suffix, Text::new)?,
        )
        .map_err(|e| error("", e))
    }
}

fn required<T, E: ToString>(
    field: &str,
    given: &Option<String>,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, FieldError> {
    let text = given.as_deref().ok_or_else(|| error(field, "is missing"))?;
    read(text).map_err(|e| error(field, e.to_string()))
}

fn optional<T, E: ToString>(
    field: &str,
    given: &Option<String>,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, FieldError> {
    given.as_deref().map(read).transpose().map_err(|e| error(field, e.to_string()))
}

fn list(field: &str, given: &Option<Vec<String>>) -> Result<Vec<Label>, FieldError> {
    let items = given.as_deref().unwrap_or_default();
    if items.len() > MAX_LIST_ITEMS {
        return Err(error(field, format!("has {} items; at most {MAX_LIST_ITEMS} are allowed", items.len())));
    }
    items.iter().enumerate().map(|(n, s)| Label::new(s).map_err(|e| error(&format!("{field}[{n}]"), e))).collect()
}

/// One of an enumeration's words.
fn one_of<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word)).ok()
}

/// The outline of BCP 47: subtags of letters and digits.
fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let language =
        subtags.next().is_some_and(|s| (2..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphabetic()));
    language && subtags.all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}
