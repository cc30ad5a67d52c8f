//! What stands in a form as words, because the form has no place of its own for it.

use sayso_core::event::{Act, Attribution, Claim};
use sayso_core::replay::{Fate, StanceTarget, StandingStance};
use sayso_core::views::{Finding, Row};

use crate::material::Statement;

/// `>=2 people`
pub(crate) fn value(claim: &Claim) -> String {
    match &claim.unit {
        Some(unit) => format!("{} {unit}", claim.value),
        None => claim.value.to_string(),
    }
}

/// `sotk-clash-2023-05-12, armenian-soldiers-wounded`
pub(crate) fn question(row: &Row) -> String {
    format!("{}, {}", row.question.subject, row.question.predicate)
}

/// `denies #8 of yerevan, since replaced`
pub(crate) fn stance(stance: &StandingStance) -> String {
    let verb = stance.stance.in_words_on();
    match &stance.target {
        StanceTarget::Question => format!("{verb} the question"),
        StanceTarget::Claim { of, source, fate } => {
            let fate = match fate {
                Fate::Stands => "",
                Fate::Replaced => ", since replaced",
                Fate::TakenBack => ", since taken back",
                Fate::CorrectedAway => ", which was recorded wrongly",
                Fate::NotYetStated => ", not yet stated then",
            };
            format!("{verb} #{of} of {source}{fate}")
        }
    }
}

/// `baku #31 and yerevan #26: different words`
pub(crate) fn finding(finding: &Finding) -> String {
    let [a, b] = &finding.of;
    let party = |p: &sayso_core::views::Party| {
        let entries: Vec<String> = p.entries.iter().map(|i| format!(" #{i}")).collect();
        format!("{}{}", p.source, entries.concat())
    };
    if finding.stance.is_some() {
        return format!("{} {} ({})", party(a), finding.why, party(b));
    }
    format!("{} and {}: {}", party(a), party(b), finding.why)
}

/// `and 1999 more pairs of sources`, where not all are told.
pub(crate) fn untold(row: &Row) -> Option<String> {
    Some(row.untold()).filter(|more| *more > 0).map(|more| format!("and {more} more pairs of sources"))
}

/// What has to be known beside a statement, one sentence each: what kind of speech it is, and its doubts.
pub(crate) fn remarks(statement: &Statement<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(claim) = statement.claim() {
        remarks.extend(speech(claim.act).map(|kind| format!("Said as {kind}.")));
        remarks.extend(claim.modality.as_ref().map(|words| format!("In its own words: “{words}”.")));
    }
    if let Some(by) = statement.event.content.attribution() {
        remarks.extend(read_in(by));
        if by.stated.is_uncertain() {
            remarks.push("The date is uncertain.".into());
        }
    }
    if statement.stance.is_none() {
        let standing = statement.cell.standing.as_ref();
        if standing.is_some_and(|s| s.order_unknown) {
            remarks.push("Its order within the day is unknown.".into());
        }
        if let Some(why) = standing.and_then(|s| s.combined.as_ref()).and_then(|c| c.why) {
            remarks.push(format!("The source contradicts itself here: {why}."));
        }
    }
    if let Some((by, reason)) = &statement.corrected {
        let reason = reason.trim_end_matches('.');
        remarks.push(format!("Our record was corrected by #{by}, which is not the source's doing: {reason}."));
    }
    remarks
}

/// What kind of speech it is, where it is more than to assert something.
fn speech(act: Act) -> Option<&'static str> {
    match act {
        Act::Asserts => None,
        Act::Denies => Some("a denial"),
        Act::Accuses => Some("an accusation"),
        Act::Forecasts => Some("a forecast"),
        Act::Schedules => Some("a schedule"),
        Act::Analyses => Some("an analysis"),
    }
}

fn read_in(by: &Attribution) -> Option<String> {
    match (&by.lang, by.translated) {
        (Some(lang), true) => Some(format!("Read in a translation ({lang}).")),
        (None, true) => Some("Read in a translation.".into()),
        _ => None,
    }
}

/// Whether an address can be followed in a browser, and is no script.
pub(crate) fn is_web(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}
