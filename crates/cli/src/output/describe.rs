//! Events in a few words.

use sayso_core::event::{Content, Event, Target};
use sayso_core::time::Instant;

/// What an event says, in one line.
pub(crate) fn content(event: &Event) -> String {
    match &event.content {
        Content::Claim(c) => {
            let unit = c.unit.as_ref().map(|u| format!(" {u}")).unwrap_or_default();
            format!("{} / {} = {}{unit}", c.question.subject, c.question.predicate, c.value)
        }
        Content::Stance(s) => match &s.target {
            Target::Entry(of) => format!("{} #{of}", s.stance.as_str()),
            Target::Question(q) => format!("{} on {} / {}", s.stance.as_str(), q.subject, q.predicate),
        },
        Content::Retraction(r) => format!("takes back #{}", r.of),
        Content::Correction(c) => {
            let how = if c.replacement.is_some() { "changes" } else { "withdraws" };
            format!("{how} #{}: {}", c.of, c.reason)
        }
        Content::Alias(a) => format!("{} {} is {}", a.names.as_str(), a.from, a.to),
        Content::Redaction(r) => format!("erased #{}: {}", r.of, r.reason),
        Content::Note(n) => format!("on #{}: {}", n.of, n.text),
    }
}

/// A time to the second, for tables.
pub(crate) fn seconds(at: Instant) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => text,
    }
}
