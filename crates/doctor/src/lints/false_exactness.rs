//! `false-exactness`: an exact number, where the words that it was read from say "at least", "more than" or "about".
//!
//! Looked at are the quote, the exact words of the citations, and the modality if it is at most four words long. In the quote and the citations the
//! hedge must stand beside the very number of the claim, in digits or as an English word up to ninety. The hedges are listed in
//! `hedges.rs`, in the languages that the project has met.
//!
//! **False alarms.** A hedge that belongs to something else and happens to stand beside the number; a citation that quotes another source than the
//! claim's. A headline that says "at least 12" over a text that gives exactly 12.

use sayso_core::event::{Citation, Claim};
use sayso_core::value::Value;

use crate::hedges::{self, Hedge};
use crate::lint::About;

pub(crate) const ABOUT: About = About {
    name: "false-exactness",
    finds: "An exact number, where the quoted words say \"at least\", \"more than\" or \"about\".",
    advice: "If the words are about this number, give the value its bounds with `sayso correct --of '#N' --value ...`: \"at least two\" and \
             \"two\" are not the same claim.",
    false_alarms: "A headline that is vaguer than its text, and words that belong to another number.",
};

/// What is noticed about a claim, and why.
pub(crate) fn find(claim: &Claim, citations: &[Citation]) -> Option<(String, String)> {
    let Value::Quantity(bounds) = &claim.value else { return None };
    let number = bounds.exact()?.to_string();
    let beside = |text: &str| hedges::on_number(text, &number);
    let quote = || claim.quote.as_ref().and_then(|q| Some(("quote", beside(q.as_str())?)));
    let cited = || citations.iter().find_map(|c| Some(("citation", beside(c.exact()?.as_str())?)));
    let modality = || claim.modality.as_ref().and_then(|m| Some(("modality", hedges::alone(m.as_str())?)));
    let (place, (hedge, words)): (&str, (Hedge, String)) = quote().or_else(cited).or_else(modality)?;
    let question = &claim.question;
    let what = format!(
        "{} on {} / {}: exactly {number}, and the {place} says \"{words}\".",
        claim.by.source, question.subject, question.predicate
    );
    let why = format!("With \"{words}\" the value would be `{}`.", hedge.value(&number));
    Some((what, why))
}
