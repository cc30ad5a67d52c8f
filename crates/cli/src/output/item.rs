//! One entry of a history as a block of prose that fits any terminal: who said what, on which clocks, where to read it.

use sayso_core::event::{Attribution, Citation, Content, Event};
use sayso_core::replay::Fate;
use sayso_core::views::{Item, Reads};

use super::{describe, table};

/// The first line: what the entry says.
pub(crate) fn headline(item: &Item) -> String {
    let Some(event) = &item.event else { return format!("#{} redacted: the body was erased", item.index) };
    format!("#{} {}", item.index, says(event))
}

/// What an event says, with who says it.
pub(crate) fn says(event: &Event) -> String {
    let what = describe::content(event);
    let text = match &event.content {
        Content::Claim(c) => format!("{} {}: {what}", c.by.source, c.act.as_str()),
        Content::Stance(s) => format!("{} {what}", s.by.source),
        Content::Retraction(r) => format!("{} {what}", r.by.source),
        Content::Correction(_) => format!("we correct: {what}"),
        Content::Alias(_) => format!("we join names: {what}"),
        Content::Redaction(_) => format!("we {what}"),
        Content::Note(_) => format!("our note {what}"),
    };
    table::escape(&text)
}

/// The lines under it, as it was recorded: the attribution, the four clocks, the source's own words.
pub(crate) fn details(item: &Item) -> Vec<String> {
    let by = item.recorder.as_ref().map(|r| format!(" by {r}")).unwrap_or_default();
    let imported = if item.imported_clock { " (imported clock)" } else { "" };
    let recorded = format!("recorded {}{by}{imported}", describe::seconds(item.recorded));
    let Some(event) = &item.event else { return vec![recorded] };
    let clocks = dates(event).into_iter().chain([recorded]).collect::<Vec<_>>().join("; ");
    let attribution = event.content.attribution().and_then(chain);
    let lines = attribution.into_iter().chain([clocks]).chain(words(event));
    lines.map(|l| table::escape(&l)).collect()
}

/// Who spoke, for which organ, through which carriers.
fn chain(by: &Attribution) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(by.speaker.as_ref().map(|s| format!("speaker {s}")));
    parts.extend(by.body.as_ref().map(|b| format!("for {b}")));
    if !by.via.is_empty() {
        let via: Vec<&str> = by.via.iter().map(|v| v.as_str()).collect();
        parts.push(format!("via {}", via.join(", ")));
    }
    let translated = if by.translated { ", translated" } else { "" };
    parts.extend(by.lang.as_ref().map(|l| format!("read in {l}{translated}")));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The clocks of the world: when it happened, was said, and was published.
fn dates(event: &Event) -> Vec<String> {
    let mut dates = Vec::new();
    if let Content::Claim(claim) = &event.content {
        dates.extend(claim.occurred.as_ref().map(|d| format!("occurred {d}")));
    }
    if let Some(by) = event.content.attribution() {
        dates.push(format!("stated {}", by.stated.date()));
        dates.extend(by.published.as_ref().map(|d| format!("published {d}")));
    }
    dates
}

/// The source's own words, and ours.
fn words(event: &Event) -> Vec<String> {
    let mut lines = Vec::new();
    if let Content::Claim(claim) = &event.content {
        lines.extend(claim.modality.as_ref().map(|m| format!("in its own words: \"{m}\"")));
        lines.extend(claim.quote.as_ref().map(|q| format!("quoted: \"{q}\"")));
    }
    lines.extend(event.note.as_ref().map(|n| format!("our remark: {n}")));
    lines
}

/// What a corrected entry now has that it had not.
fn now(recorded: &Event, event: &Event) -> Vec<String> {
    let lines = |event: &Event| -> Vec<String> {
        let chain = event.content.attribution().and_then(chain);
        chain.into_iter().chain(dates(event)).chain(words(event)).collect()
    };
    let before = lines(recorded);
    let new = lines(event).into_iter().filter(|line| !before.contains(line));
    new.map(|line| format!("now {}", table::escape(&line))).collect()
}

/// What a correction makes of it, and what has become of it.
pub(crate) fn outcome(item: &Item) -> Vec<String> {
    let mut lines = Vec::new();
    match &item.reads {
        Reads::AsRecorded => {}
        Reads::Changed { event, by } => {
            lines.push(format!("now reads, by correction #{by}: {}", says(event)));
            lines.extend(item.event.iter().flat_map(|recorded| now(recorded, event)));
        }
        Reads::Void { by } => lines.push(format!("withdrawn by correction #{by}: it should never have been recorded")),
    }
    let is_correction = matches!(item.event.as_ref().map(|e| &e.content), Some(Content::Correction(_)));
    let fate = match item.fate {
        Some(Fate::Stands) if is_correction => Some("in force"),
        Some(Fate::Stands) => Some("stands"),
        Some(Fate::Replaced) if is_correction => Some("overtaken by a later correction"),
        Some(Fate::Replaced) => Some("no longer stands: its source has said something newer"),
        Some(Fate::TakenBack) => Some("taken back"),
        Some(Fate::NotYetStated) => Some("said after the date asked for"),
        Some(Fate::CorrectedAway) | None => None,
    };
    lines.extend(fate.map(ToOwned::to_owned));
    lines
}

/// Where an entry can be read, each part on its line.
pub(crate) fn citations(event: &Event) -> Vec<String> {
    event.citations.iter().flat_map(citation).map(|l| table::escape(&l)).collect()
}

fn citation(c: &Citation) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(c.url().map(|u| format!("read at {u}")));
    lines.extend(c.archived().map(|u| format!("archived at {u}")));
    lines.extend(c.file().map(|h| format!("captured file, BLAKE3 {h}")));
    if let Some(exact) = c.exact() {
        let around = |text: Option<&sayso_core::text::Text>| text.map(ToString::to_string).unwrap_or_default();
        lines.push(format!("exact words: {}[{exact}]{}", around(c.prefix()), around(c.suffix())));
    }
    lines
}

/// A block: the headline, and lines set in under it, folded at the terminal's width.
pub(crate) fn block(headline: &str, lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    table::fold(&format!("{headline}\n{lines}"))
}
