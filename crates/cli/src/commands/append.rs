//! `append`, `stance`, `retract`, `alias`, `note`: one event from the command line.

use std::process::ExitCode;

use sayso_core::entry::Head;
use sayso_core::exchange::{CitationDraft, Draft, parse_value, value_to_json};
use sayso_core::ledger::{Appended, Batch, Ledger, NewEvent, Notice, Outcome};
use sayso_core::text::Text;
use sayso_core::time::TimeZone;
use sayso_core::value::Value;

use super::ask;
use crate::error::CliError;
use crate::event_args::{
    AliasArgs, AttributionArgs, ClaimArgs, CommonArgs, NoteArgs, RetractArgs, StanceArgs, StatementArgs, WriteArgs,
};
use crate::output;
use crate::session::Session;

pub(crate) fn claim(session: &Session, mut args: ClaimArgs) -> Result<ExitCode, CliError> {
    let missing = ask::missing(&args);
    let asks = !missing.is_empty() && ask::is_somebody_there(session);
    if asks {
        ask::ask(session, &mut args)?;
    } else if missing.len() > 1 {
        return Err(ask::refusal(&missing));
    }
    let mut draft = draft("claim", args.common);
    fill_attribution(&mut draft, args.by);
    fill_statement(&mut draft, args.statement, &session.zone)?;
    let event = checked(session, draft)?;
    if asks {
        ask::confirm(&event.event)?;
    }
    append_checked(session, &session.open()?, event, &args.write)
}

pub(crate) fn stance(session: &Session, args: StanceArgs) -> Result<ExitCode, CliError> {
    let mut draft = draft("stance", args.common);
    fill_attribution(&mut draft, args.by);
    draft.stance = Some(args.stance);
    (draft.of, draft.subject, draft.predicate) = (args.of, args.subject, args.predicate);
    append(session, &session.open()?, draft, &args.write)
}

pub(crate) fn retract(session: &Session, args: RetractArgs) -> Result<ExitCode, CliError> {
    let mut draft = draft("retraction", args.common);
    fill_attribution(&mut draft, args.by);
    draft.of = Some(args.of);
    append(session, &session.open()?, draft, &args.write)
}

pub(crate) fn alias(session: &Session, args: AliasArgs) -> Result<ExitCode, CliError> {
    let mut draft = draft("alias", args.common);
    (draft.names, draft.from, draft.to) = (Some(args.names), Some(args.from), Some(args.to));
    append(session, &session.open()?, draft, &args.write)
}

pub(crate) fn note(session: &Session, args: NoteArgs) -> Result<ExitCode, CliError> {
    let mut draft = draft("note", args.common);
    (draft.of, draft.text) = (Some(args.of), Some(args.text));
    append(session, &session.open()?, draft, &args.write)
}

/// A draft of a kind with what every kind can carry.
pub(super) fn draft(kind: &str, common: CommonArgs) -> Draft {
    let mut draft = Draft { kind: Some(kind.to_owned()), ..Draft::default() };
    fill_common(&mut draft, common);
    draft
}

pub(super) fn fill_common(draft: &mut Draft, args: CommonArgs) {
    let CommonArgs { id, url, archived, blake3, exact, prefix, suffix, note, tags } = args;
    let mut urls = url.into_iter();
    // The details belong to the first address; further addresses stand alone.
    let first = CitationDraft { url: urls.next(), archived, blake3, exact, prefix, suffix };
    let mut citations = Vec::new();
    if first != CitationDraft::default() {
        citations.push(first);
    }
    citations.extend(urls.map(|url| CitationDraft { url: Some(url), ..CitationDraft::default() }));
    replace(&mut draft.id, id);
    replace(&mut draft.note, note);
    replace(&mut draft.citations, Some(citations).filter(|c| !c.is_empty()));
    replace(&mut draft.tags, Some(tags).filter(|t| !t.is_empty()));
}

pub(super) fn fill_attribution(draft: &mut Draft, args: AttributionArgs) {
    let AttributionArgs { source, speaker, body, via, stated, published, lang, translated } = args;
    if stated.is_some() {
        draft.timezone = None; // a new date is counted in the zone given now
    }
    replace(&mut draft.source, source);
    replace(&mut draft.speaker, speaker);
    replace(&mut draft.body, body);
    replace(&mut draft.via, Some(via).filter(|v| !v.is_empty()));
    replace(&mut draft.stated, stated);
    replace(&mut draft.published, published);
    replace(&mut draft.lang, lang);
    replace(&mut draft.translated, translated.then_some(true));
}

pub(super) fn fill_statement(draft: &mut Draft, args: StatementArgs, zone: &TimeZone) -> Result<(), CliError> {
    let StatementArgs { subject, predicate, value, text, unit, act, modality, occurred, quote } = args;
    replace(&mut draft.subject, subject);
    replace(&mut draft.predicate, predicate);
    replace(&mut draft.unit, unit);
    replace(&mut draft.act, act);
    replace(&mut draft.modality, modality);
    replace(&mut draft.occurred, occurred);
    replace(&mut draft.quote, quote);
    let words = match (text, &value) {
        (Some(text), Some(_)) if !text.is_empty() => {
            return Err(CliError::usage("give the words with --text or with --value, not with both"));
        }
        (Some(text), None) => Some(text),
        (Some(_), Some(value)) => Some(value.clone()),
        (None, _) => None,
    };
    let refused =
        |option: &str, e: &dyn std::fmt::Display| CliError::refused(format!("{option}: {e}; nothing was appended"));
    if let Some(words) = words {
        let text = Text::new(&words).map_err(|e| refused("--text", &e))?;
        draft.value = Some(value_to_json(&Value::Text(text)));
    } else if let Some(typed) = value {
        if typed.starts_with("--") {
            return Err(CliError::usage(format!(
                "--value: `{typed}` looks like an option; was the value left out, or eaten by the shell? Put values such as '>=2' in quotes"
            )));
        }
        let (value, implied) = parse_value(&typed, zone).map_err(|e| refused("--value", &e))?;
        draft.value = Some(value_to_json(&value));
        if draft.modality.is_none() {
            draft.modality = implied;
        }
    }
    Ok(())
}

fn replace<T>(field: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *field = given;
    }
}

/// Checks and appends one draft, and prints its receipt.
pub(super) fn append(
    session: &Session,
    ledger: &Ledger,
    draft: Draft,
    write: &WriteArgs,
) -> Result<ExitCode, CliError> {
    append_checked(session, ledger, checked(session, draft)?, write)
}

fn checked(session: &Session, draft: Draft) -> Result<NewEvent, CliError> {
    let options = session.check_options(true, false)?;
    draft.check(&options).map_err(|e| CliError::refused(format!("{e}; nothing was appended")))
}

fn append_checked(
    session: &Session,
    ledger: &Ledger,
    event: NewEvent,
    write: &WriteArgs,
) -> Result<ExitCode, CliError> {
    let appended = ledger.append(&batch(vec![event], write)?)?;
    print_receipt(session, ledger, &appended)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn batch(events: Vec<NewEvent>, write: &WriteArgs) -> Result<Batch, CliError> {
    let expected = write.expect_head.as_deref().map(str::parse::<Head>).transpose();
    let expected = expected.map_err(|e| CliError::usage(format!("--expect-head: {e}")))?;
    Ok(Batch { events, expected, allow_repeats: write.allow_repeats })
}

fn print_receipt(session: &Session, ledger: &Ledger, appended: &Appended) -> Result<(), CliError> {
    print_notices(appended);
    let Some(outcome) = appended.outcomes.first() else { return Ok(()) };
    let (index, there) = (outcome.index(), matches!(outcome, Outcome::AlreadyThere(_)));
    let entry = ledger.entry(index)?.ok_or_else(|| CliError::failed(format!("entry #{index} cannot be read back")))?;
    if session.is_json() {
        let mut receipt = serde_json::json!({"index": index, "hash": entry.hash().to_string(), "size": index + 1});
        if there && let Some(object) = receipt.as_object_mut() {
            object.insert("already_there".into(), true.into());
        }
        return output::json::print(&receipt);
    }
    output::print(&format!("#{index} {}{}\n", entry.hash(), if there { " (already there)" } else { "" }))
}

pub(super) fn print_notices(appended: &Appended) {
    for notice in &appended.notices {
        if let Notice::ReplacesCorrection { new, old, of } = notice {
            eprintln!("sayso: note: correction #{new} now counts for #{of} instead of correction #{old}");
        }
    }
}
