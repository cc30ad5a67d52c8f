//! An entry as the page shows it: the words, who carried them, where they can be read, what we did about it.

use sayso_core::event::{Attribution, Citation, Content, Event, Target};
use sayso_core::ledger::{DamageError, Entry};
use serde::Serialize;

/// One entry. The names of the fields are those of the exchange form where there is one.
#[derive(Debug, Serialize)]
pub(super) struct Behind {
    recorded: String,
    #[serde(skip_serializing_if = "is_false")]
    imported_clock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventJson>,
}

#[derive(Debug, Serialize, Default)]
struct EventJson {
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cites: Vec<CitationJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Box<EventJson>>,
}

#[derive(Debug, Serialize, Default)]
struct CitationJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blake3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<[String; 3]>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_false(is: &bool) -> bool {
    !*is
}

impl Behind {
    pub(super) fn of(entry: &Entry) -> Result<Self, DamageError> {
        let record = entry.record()?;
        let recorder = record.as_ref().and_then(|r| r.recorder.as_ref()).map(ToString::to_string);
        let event = record.map(|r| EventJson::of(&r.event));
        Ok(Self { recorded: entry.recorded().to_string(), imported_clock: entry.has_imported_clock(), recorder, event })
    }
}

impl EventJson {
    fn of(event: &Event) -> Self {
        let mut json = Self {
            kind: event.content.kind().as_str(),
            cites: event.citations.iter().map(citation).collect(),
            ..Self::default()
        };
        let mut late: Vec<(&'static str, Option<String>)> = Vec::new();
        match &event.content {
            Content::Claim(claim) => {
                let unit = claim.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
                let act = claim.act.as_str();
                json.says = format!("{} {act}: {} = {}{unit}", claim.by.source, claim.question.predicate, claim.value);
                json.quote = claim.quote.as_ref().map(ToString::to_string);
                late.push(("how strongly", text(claim.modality.as_ref())));
                late.push(("occurred", text(claim.occurred.as_ref())));
            }
            Content::Stance(stance) => {
                let on = match &stance.target {
                    Target::Entry(of) => format!("#{of}"),
                    Target::Question(question) => format!("the question {}", question.predicate),
                };
                json.says = format!("{} {} {on}", stance.by.source, stance.stance.in_words_on());
                json.of = if let Target::Entry(of) = stance.target { Some(of) } else { None };
            }
            Content::Retraction(retraction) => {
                json.says = format!("{} takes back #{}", retraction.by.source, retraction.of);
                json.of = Some(retraction.of);
            }
            Content::Correction(correction) => {
                let how = if correction.replacement.is_some() { "corrected" } else { "withdrew" };
                json.says = format!("We {how} #{}: {}", correction.of, correction.reason);
                json.of = Some(correction.of);
                json.now = correction.replacement.as_ref().map(|event| Box::new(Self::of(event)));
            }
            Content::Note(note) => {
                json.says = format!("Our note on #{}: {}", note.of, note.text);
                json.of = Some(note.of);
            }
            Content::Alias(alias) => json.says = format!("{} {} is {}", alias.names.as_str(), alias.from, alias.to),
            Content::Redaction(redaction) => json.says = format!("We erased #{}: {}", redaction.of, redaction.reason),
        }
        if let Some(by) = event.content.attribution() {
            json.facts = attribution(by);
        }
        late.push(("our remark", text(event.note.as_ref())));
        let tags: Vec<&str> = event.tags.iter().map(|tag| tag.as_str()).collect();
        late.push(("tags", Some(tags.join(", ")).filter(|tags| !tags.is_empty())));
        json.facts.extend(late.into_iter().filter_map(|(name, text)| Some((name, text?))));
        json
    }
}

fn text<T: ToString>(field: Option<&T>) -> Option<String> {
    field.map(ToString::to_string)
}

fn attribution(by: &Attribution) -> Vec<(&'static str, String)> {
    let via: Vec<&str> = by.via.iter().map(|carrier| carrier.as_str()).collect();
    let lang = by.lang.as_ref().map(|lang| format!("{lang}{}", if by.translated { ", translated" } else { "" }));
    let uncertain = if by.stated.is_uncertain() { " (date uncertain)" } else { "" };
    let zone = by.stated.zone_name().map(|zone| format!(" ({zone})")).unwrap_or_default();
    let all = [
        ("stated", Some(format!("{}{zone}{uncertain}", by.stated.date()))),
        ("published", text(by.published.as_ref())),
        ("speaker", text(by.speaker.as_ref())),
        ("body", text(by.body.as_ref())),
        ("via", Some(via.join(" ← ")).filter(|via| !via.is_empty())),
        ("language", lang),
    ];
    all.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

fn citation(citation: &Citation) -> CitationJson {
    let around = |text: Option<&sayso_core::text::Text>| text.map(ToString::to_string).unwrap_or_default();
    let exact = citation.exact().map(|words| [around(citation.prefix()), words.to_string(), around(citation.suffix())]);
    CitationJson {
        url: text(citation.url()),
        archived: text(citation.archived()),
        blake3: citation.file().map(|hash| hash.to_string()),
        exact,
    }
}
