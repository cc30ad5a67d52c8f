//! From an entry back to the exchange form.

use super::draft::{CitationDraft, Draft};
use super::value::value_to_json;
use crate::entry::{Hash, LedgerId};
use crate::event::{Attribution, Citation, Content, Event, Question, Reference, Target};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::time::TimeZone;

/// Writes entries of a ledger in the exchange form.
pub struct Exporter<'a> {
    /// `None`: there are only the entries themselves.
    ledger: Option<&'a Ledger>,
    id: Option<LedgerId>,
    envelope: bool,
}

impl<'a> Exporter<'a> {
    /// An exporter; with `envelope`, each line carries all that a restore with the same hashes needs.
    #[must_use]
    pub fn new(ledger: &'a Ledger, envelope: bool) -> Self {
        Self { ledger: Some(ledger), id: Some(ledger.id()), envelope }
    }

    /// An exporter of entries without their ledger, with envelope; `id`: whose they are, if that is known.
    pub(crate) fn detached(id: Option<LedgerId>) -> Self {
        Self { ledger: None, id, envelope: true }
    }

    /// One entry's line; `None` for an erased body without envelope, of which nothing is left to tell.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn draft(&self, entry: &Entry) -> Result<Option<Draft>, OpenError> {
        let record = entry.record()?;
        let mut draft = match record {
            Some(record) => {
                let mut draft = self.event(&record.event)?;
                draft.recorder = record.recorder.map(|r| r.to_string());
                draft
            }
            None if self.envelope => {
                Draft { commitment: Some(entry.header().commitment.to_string()), ..Draft::default() }
            }
            None => return Ok(None),
        };
        let imported = entry.has_imported_clock();
        draft.recorded = (self.envelope || imported).then(|| entry.recorded().to_string());
        if self.envelope {
            draft.imported_clock = imported.then_some(true);
            draft.index = Some(entry.index());
            draft.salt = entry.salt().map(|s| s.iter().map(|b| format!("{b:02x}")).collect());
            draft.hash = Some(entry.hash().to_string());
            draft.ledger = self.id.map(|id| Hash(id.0).to_string());
        }
        Ok(Some(draft))
    }

    /// An event in the exchange form.
    ///
    /// # Errors
    /// [`OpenError`] if an entry it points at cannot be read.
    pub fn event(&self, event: &Event) -> Result<Draft, OpenError> {
        let mut draft = Draft {
            kind: Some(event.content.kind().as_str().to_owned()),
            id: event.id.as_ref().map(ToString::to_string),
            note: event.note.as_ref().map(ToString::to_string),
            citations: (!event.citations.is_empty()).then(|| event.citations.iter().map(citation).collect()),
            tags: strings(&event.tags),
            ..Draft::default()
        };
        match &event.content {
            Content::Claim(claim) => {
                attribution(&mut draft, &claim.by);
                question(&mut draft, &claim.question);
                draft.value = Some(value_to_json(&claim.value));
                draft.unit = claim.unit.as_ref().map(ToString::to_string);
                draft.act = Some(claim.act.as_str().to_owned());
                draft.modality = claim.modality.as_ref().map(ToString::to_string);
                draft.occurred = claim.occurred.as_ref().map(ToString::to_string);
                draft.quote = claim.quote.as_ref().map(ToString::to_string);
            }
            Content::Stance(stance) => {
                attribution(&mut draft, &stance.by);
                draft.stance = Some(stance.stance.as_str().to_owned());
                match &stance.target {
                    Target::Entry(of) => draft.of = Some(self.reference(*of)?),
                    Target::Question(q) => question(&mut draft, q),
                }
            }
            Content::Retraction(retraction) => {
                attribution(&mut draft, &retraction.by);
                draft.of = Some(self.reference(retraction.of)?);
            }
            Content::Correction(correction) => {
                draft.of = Some(self.reference(correction.of)?);
                draft.reason = Some(correction.reason.to_string());
                draft.replacement = Some(match &correction.replacement {
                    Some(event) => Some(Box::new(self.event(event)?)),
                    None => None,
                });
            }
            Content::Alias(alias) => {
                draft.names = Some(alias.names.as_str().to_owned());
                draft.from = Some(alias.from.to_string());
                draft.to = Some(alias.to.to_string());
            }
            Content::Redaction(redaction) => {
                draft.of = Some(format!("#{}", redaction.of));
                draft.reason = Some(redaction.reason.to_string());
            }
            Content::Note(note) => {
                draft.of = Some(self.reference(note.of)?);
                draft.text = Some(note.text.to_string());
            }
        }
        Ok(draft)
    }

    /// How a line points at an entry: by id, by content, or, in an envelope or where the content was erased, by number.
    fn reference(&self, index: u64) -> Result<String, OpenError> {
        let number = Reference::Index(index).to_string();
        let Some(ledger) = self.ledger.filter(|_| !self.envelope) else { return Ok(number) };
        let Some(entry) = ledger.entry(index)? else { return Ok(number) };
        Ok(match entry.record()?.map(|r| r.event) {
            Some(Event { id: Some(id), .. }) => id.to_string(),
            Some(event) => match ledger.content_digest(&event)? {
                Some(digest) => Reference::Content(digest).to_string(),
                None => number,
            },
            None => number,
        })
    }
}

fn attribution(draft: &mut Draft, by: &Attribution) {
    draft.source = Some(by.source.to_string());
    draft.speaker = by.speaker.as_ref().map(ToString::to_string);
    draft.body = by.body.as_ref().map(ToString::to_string);
    draft.via = strings(&by.via);
    draft.stated = Some(by.stated.date().to_string());
    draft.timezone = by.stated.zone_name().filter(|name| *name != TimeZone::UTC.name()).map(ToOwned::to_owned);
    draft.published = by.published.as_ref().map(ToString::to_string);
    draft.lang = by.lang.as_ref().map(ToString::to_string);
    draft.translated = by.translated.then_some(true);
}

fn question(draft: &mut Draft, question: &Question) {
    draft.subject = Some(question.subject.to_string());
    draft.predicate = Some(question.predicate.to_string());
}

fn citation(c: &Citation) -> CitationDraft {
    CitationDraft {
        url: c.url().map(ToString::to_string),
        archived: c.archived().map(ToString::to_string),
        blake3: c.file().map(|h| h.to_string()),
        exact: c.exact().map(ToString::to_string),
        prefix: c.prefix().map(ToString::to_string),
        suffix: c.suffix().map(ToString::to_string),
    }
}

fn strings<T: ToString>(items: &[T]) -> Option<Vec<String>> {
    (!items.is_empty()).then(|| items.iter().map(ToString::to_string).collect())
}
