//! `sayso correct`: the wrong entry, with the given fields changed, as it should have been recorded.

use std::collections::BTreeMap;
use std::process::ExitCode;

use sayso_core::event::{Content, Event};
use sayso_core::exchange::{Draft, Exporter};
use sayso_core::ledger::Ledger;
use sayso_core::reading::Reading;
use sayso_core::time::TimeZone;

use super::append::{append, fill_attribution, fill_common, fill_statement};
use super::find_entry;
use crate::error::CliError;
use crate::event_args::{CommonArgs, CorrectArgs};
use crate::output::reading::Context;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: CorrectArgs) -> Result<ExitCode, CliError> {
    let ledger = session.open()?;
    let CorrectArgs { of, reason, withdraw, replacement, stance, by, statement, common, write } = args;
    let CommonArgs { id, note, tags, url, archived, blake3, exact, prefix, suffix } = common;
    let details = CommonArgs { id: None, note, tags, url, archived, blake3, exact, prefix, suffix };
    let index = find_entry(&ledger, &of)?;
    let mut correction = Draft {
        kind: Some("correction".into()),
        id,
        of: Some(format!("#{index}")),
        reason: Some(reason),
        ..Draft::default()
    };
    let mut patch = Draft { stance, ..Draft::default() };
    fill_common(&mut patch, details.clone());
    fill_attribution(&mut patch, by);
    fill_statement(&mut patch, statement, &session.zone)?;
    let patched = patch.to_json() != Draft::default().to_json();
    correction.replacement = Some(match (withdraw, replacement, patched) {
        (true, None, false) => None,
        (true, None, true) => {
            return Err(CliError::usage("--withdraw leaves nothing to change: give no other fields with it"));
        }
        (false, Some(json), false) => {
            let draft = Draft::from_json(&json).map_err(|e| CliError::refused(format!("--replacement: {e}")))?;
            Some(Box::new(draft))
        }
        (false, None, true) => Some(Box::new(overlay(as_it_reads(&ledger, index)?, patch))),
        (false, None, false) => {
            return Err(CliError::usage(
                "say what it should have been: the fields that were wrong (as in --value 3), --replacement JSON, or --withdraw",
            ));
        }
        _ => return Err(CliError::usage("--replacement is the whole entry: give no other fields with it")),
    });
    append(session, &ledger, correction, &write)
}

/// The entry's exchange form as it reads now, without its id (which it keeps).
fn as_it_reads(ledger: &Ledger, index: u64) -> Result<Draft, CliError> {
    let context = Context::read(ledger, index)?;
    let Some(recorded) = &context.recorded else {
        return Err(CliError::refused(format!("#{index} was redacted: nobody can tell any more what it said")));
    };
    let event = match context.corrections.read(index, recorded) {
        Reading::Event(event) => event,
        Reading::Void { by } => {
            return Err(CliError::refused(format!(
                "#{index} was corrected away by #{by}; to bring it back, withdraw that correction: sayso correct --of '#{by}' --withdraw --reason ..."
            )));
        }
    };
    if matches!(event.content, Content::Correction(_)) {
        return Err(CliError::refused(format!(
            "#{index} is a correction; undo it with --withdraw, or correct the original entry again"
        )));
    }
    let mut draft = Exporter::new(ledger, true).event(&Event { id: None, ..event.clone() })?;
    // The dates keep the zone they were recorded in, whatever --timezone says now.
    draft.timezone.get_or_insert_with(|| TimeZone::UTC.name().to_owned());
    if draft.stated.is_none() {
        draft.timezone = None;
    }
    Ok(draft)
}

/// `base` with every field that `patch` gives.
fn overlay(mut base: Draft, patch: Draft) -> Draft {
    macro_rules! over {
        ($($field:ident),*) => { Draft { $($field: patch.$field.or(base.$field),)* ..base } };
    }
    // Words such as "more than 200" were made from the value, and go with it.
    let implied = base.value.as_ref().and_then(|v| implied_words(v.get()));
    if patch.value.is_some() && base.modality == implied {
        base.modality = None;
    }
    let timezone = if patch.stated.is_some() { None } else { base.timezone.clone() };
    let merged = over!(
        source, speaker, body, via, subject, predicate, value, unit, act, stance, modality, stated, occurred,
        published, quote, lang, translated, citations, note, tags
    );
    Draft { timezone, ..merged }
}

/// The words that `--value '>200'` or `'<200'` put beside the value it made.
fn implied_words(json: &str) -> Option<String> {
    let bounds: BTreeMap<String, i64> = serde_json::from_str(json).ok()?;
    match (bounds.get("min"), bounds.get("max")) {
        (Some(min), None) => Some(format!("more than {}", min.checked_sub(1)?)),
        (None, Some(max)) => Some(format!("fewer than {}", max.checked_add(1)?)),
        _ => None,
    }
}
