//! `sayso append` on a terminal: asks for what is missing, with the names that the ledger knows already, and shows what it understood
//! before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;

use inquire::validator::Validation;
use inquire::{Confirm, InquireError, Select, Text};
use sayso_core::event::Event;
use sayso_core::exchange::parse_value;
use sayso_core::replay::{Query, replay};
use sayso_core::text::{Label, Name, Url};
use sayso_core::time::{Edtf, Stated, TimeZone};
use sayso_core::value::Value;
use sayso_doctor::{alike, has_in_it};

use crate::error::CliError;
use crate::event_args::ClaimArgs;
use crate::output::table::escape;
use crate::output::understood;
use crate::session::Session;

/// Suggestions shown at once.
const SHOWN: usize = 6;

/// The fields that a claim cannot be without and has not, as options.
pub(super) fn missing(args: &ClaimArgs) -> Vec<&'static str> {
    let statement = &args.statement;
    let has_value = statement.value.is_some() || statement.text.is_some();
    let fields = [
        ("source", args.by.source.is_some()),
        ("subject", statement.subject.is_some()),
        ("predicate", statement.predicate.is_some()),
        ("value", has_value),
        ("stated", args.by.stated.is_some()),
    ];
    fields.into_iter().filter(|(_, given)| !given).map(|(name, _)| name).collect()
}

/// Whether somebody is there to be asked. A script is never asked: it would wait for ever.
pub(super) fn is_somebody_there(session: &Session) -> bool {
    !session.is_json()
        && std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal()
        && std::io::stderr().is_terminal()
}

/// What is said where several fields are missing and nobody can be asked.
pub(super) fn refusal(missing: &[&str]) -> CliError {
    let (last, others) = missing.split_last().map_or(("", &[][..]), |(last, others)| (*last, others));
    let others: Vec<String> = others.iter().map(|f| format!("`{f}`")).collect();
    let options: Vec<String> = missing.iter().map(|f| format!("--{f}")).collect();
    CliError::refused(format!(
        "{} and `{last}` are missing: give {}; nothing was appended. On a terminal, `sayso append` asks for what is missing",
        others.join(", "),
        options.join(", ")
    ))
}

/// Asks for what is missing, and for unit and address; the claim is then whole.
pub(super) fn ask(session: &Session, args: &mut ClaimArgs) -> Result<(), CliError> {
    eprintln!("A claim: a source gives a value for a question. Esc or Ctrl-C leaves without writing anything.");
    // The ledger is closed again while a person thinks: others may need it.
    let known = Known::read(session)?;
    let zone = session.zone;
    let by = &mut args.by;
    let statement = &mut args.statement;
    let name = |text: &str| Name::new(text).map(drop).map_err(|e| e.to_string());
    // Names that were given as options are looked at as well: there a slip is as easy.
    let named = |given: Option<String>, kind: &str, message: &str, help: &str, known: &[String]| {
        let typed = match given {
            Some(given) => given,
            None => Asking::new(message, help, known).required(name)?,
        };
        meant(kind, typed, known)
    };
    let help = "the party answerable for it; `unattributed` where nobody is named";
    by.source = Some(named(by.source.take(), "source", "Source:", help, &known.sources)?);
    let help = "what it is about, such as sotk-clash-2023-05-12";
    let subject = named(statement.subject.take(), "subject", "Subject:", help, &known.subjects())?;
    let help = "what is said of it, such as armenian-soldiers-wounded";
    let predicates = known.predicates_for(&subject);
    let predicate = named(statement.predicate.take(), "predicate", "Predicate:", help, &predicates)?;
    statement.subject = Some(subject);
    if statement.value.is_none() && statement.text.is_none() {
        let help = "2, >=2, <=40, 12..24, ~2000, yes, no, a date, unknown, none, or words";
        let value = |text: &str| parse_value(text, &zone).map(drop).map_err(|e| e.to_string());
        statement.value = Some(Asking::new("Value:", help, &[]).required(value)?);
    }
    let typed = statement.value.as_deref().filter(|_| statement.text.is_none());
    let is_number = typed.and_then(|v| parse_value(v, &zone).ok());
    if statement.unit.is_none() && matches!(is_number, Some((Value::Quantity(_) | Value::Approx(_), _))) {
        let label = |text: &str| Label::new(text).map(drop).map_err(|e| e.to_string());
        let units = known.units_for(&predicate);
        let unit = Asking::new("Unit:", "such as people; Enter for none", &units).optional(label)?;
        statement.unit = unit.map(|unit| meant("unit", unit, &units)).transpose()?;
    }
    statement.predicate = Some(predicate);
    if by.stated.is_none() {
        let help = "when the source said it: 2023-05-12, 2023-05-12T08:00:00+04:00, 2023-05-11?, 2023-05";
        by.stated = Some(Asking::new("Stated:", help, &[]).required(move |text: &str| date(text, &zone))?);
    }
    if args.common.url.is_empty() {
        let url = |text: &str| Url::new(text).map(drop).map_err(|e| e.to_string());
        args.common.url.extend(Asking::new("Address:", "where it can be read; Enter for none", &[]).optional(url)?);
    }
    Ok(())
}

fn date(text: &str, zone: &TimeZone) -> Result<(), String> {
    let date = Edtf::parse(text, zone).map_err(|e| e.to_string())?;
    Stated::new(date, zone).map(drop).map_err(|e| e.to_string())
}

/// Shows the claim as it will be recorded, and asks whether it is right.
pub(super) fn confirm<R>(event: &Event<R>) -> Result<(), CliError> {
    eprint!("\nUnderstood:\n{}\n", understood::text(event));
    let answer = Confirm::new("Append it?").with_placeholder("y/n").with_error_message("write y or n").prompt();
    if answer.map_err(left)? { Ok(()) } else { Err(CliError::refused("nothing was appended")) }
}

/// A name as it was typed, or the one that was meant: asked only where it is new and looks like one that is there.
fn meant(kind: &str, typed: String, known: &[String]) -> Result<String, CliError> {
    let mut alike: Vec<String> =
        if known.contains(&typed) { vec![] } else { alike(&typed, known).into_iter().cloned().collect() };
    alike.truncate(SHOWN);
    if alike.is_empty() {
        return Ok(typed);
    }
    let new = format!("{} (new)", escape(&typed));
    let message = format!("No {kind} is named {} so far. Which one is meant?", escape(&typed));
    let offered: Vec<String> = alike.iter().map(|name| escape(name)).chain([new]).collect();
    let chosen = Select::new(&message, offered).without_filtering().raw_prompt().map_err(left)?;
    Ok(alike.into_iter().nth(chosen.index).unwrap_or(typed))
}

/// Somebody who leaves wants nothing written.
fn left(e: InquireError) -> CliError {
    match e {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            CliError::refused("nothing was appended")
        }
        // Ctrl-C where its signal is ignored, as in what a script started in the background.
        InquireError::IO(e) if e.kind() == std::io::ErrorKind::Interrupted => CliError::refused("nothing was appended"),
        e => CliError::failed(format!("could not ask on this terminal: {e}; nothing was appended")),
    }
}

/// One question, with its suggestions.
struct Asking<'a> {
    message: &'a str,
    help: &'a str,
    suggestions: Vec<String>,
}

impl<'a> Asking<'a> {
    fn new(message: &'a str, help: &'a str, suggestions: &[String]) -> Self {
        Self { message, help, suggestions: suggestions.to_vec() }
    }

    fn required(self, check: impl Fn(&str) -> Result<(), String> + Clone) -> Result<String, CliError> {
        self.prompt(check)
    }

    /// `None` for an empty answer.
    fn optional(self, check: impl Fn(&str) -> Result<(), String> + Clone) -> Result<Option<String>, CliError> {
        let checked = self.prompt(|text: &str| if text.is_empty() { Ok(()) } else { check(text) })?;
        Ok(Some(checked).filter(|text| !text.is_empty()))
    }

    fn prompt(self, check: impl Fn(&str) -> Result<(), String> + Clone) -> Result<String, CliError> {
        let Self { message, help, suggestions } = self;
        let validator = move |text: &str| {
            Ok(match check(text.trim()) {
                Ok(()) => Validation::Valid,
                Err(why) => Validation::Invalid(escape(&why).into()),
            })
        };
        let suggest = move |typed: &str| Ok(matching(&suggestions, typed));
        let text = Text::new(message).with_help_message(help).with_page_size(SHOWN).with_validator(validator);
        let answer = text.with_autocomplete(suggest).prompt().map_err(left)?;
        Ok(answer.trim().to_owned())
    }
}

/// Names that have what was typed in them, or nearly begin so; those that begin with it first. The order is kept otherwise.
fn matching(names: &[String], typed: &str) -> Vec<String> {
    let typed = typed.trim().to_lowercase();
    let (first, others): (Vec<&String>, Vec<&String>) =
        names.iter().filter(|n| has_in_it(n, &typed)).partition(|n| n.to_lowercase().starts_with(&typed));
    let found: Vec<String> = first.into_iter().chain(others).cloned().collect();
    // A slip early in the name: what was typed whole may still look like one.
    if found.is_empty() { alike(&typed, names).into_iter().cloned().collect() } else { found }
}

/// The names that the ledger has.
#[derive(Default)]
struct Known {
    sources: Vec<String>,
    /// The predicates of each subject.
    questions: BTreeMap<String, BTreeSet<String>>,
    /// The units of each predicate.
    units: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    fn read(session: &Session) -> Result<Self, CliError> {
        let ledger = session.open_for_views()?;
        let replayed = replay(&ledger, &Query::default())?;
        let mut known = Self::default();
        for view in &replayed.views {
            known.sources.push(view.source.to_string());
            let taken = view.taken_back.iter().map(|t| (&t.question, None));
            let standing =
                view.standings.iter().map(|s| (&s.question, s.combined.as_ref().and_then(|c| c.unit.as_ref())));
            for (question, unit) in standing.chain(taken) {
                let predicate = question.predicate.to_string();
                if let Some(unit) = unit {
                    known.units.entry(predicate.clone()).or_default().insert(unit.to_string());
                }
                known.questions.entry(question.subject.to_string()).or_default().insert(predicate);
            }
        }
        Ok(known)
    }

    fn subjects(&self) -> Vec<String> {
        self.questions.keys().cloned().collect()
    }

    /// Those of the subject first, then those of others.
    fn predicates_for(&self, subject: &str) -> Vec<String> {
        ahead(self.questions.get(subject), self.questions.values().flatten())
    }

    /// Those of the predicate first, then those of others.
    fn units_for(&self, predicate: &str) -> Vec<String> {
        ahead(self.units.get(predicate), self.units.values().flatten())
    }
}

fn ahead<'a>(own: Option<&'a BTreeSet<String>>, all: impl Iterator<Item = &'a String>) -> Vec<String> {
    let all: BTreeSet<&String> = all.collect();
    let others = all.into_iter().filter(|name| own.is_none_or(|own| !own.contains(*name)));
    own.into_iter().flatten().chain(others).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{ahead, matching};
    use std::collections::BTreeSet;

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_begins_so_comes_first() {
        let known = names(&["baku", "eu", "yerevan", "yerevan/mod", "South-Yerevan"]);
        assert_eq!(matching(&known, "yer"), names(&["yerevan", "yerevan/mod", "South-Yerevan"]));
        assert_eq!(matching(&known, ""), known);
        assert_eq!(matching(&known, "paris"), names(&[]));
        assert_eq!(matching(&known, "Yervan"), names(&["yerevan", "yerevan/mod"]), "a letter is missing");
        assert_eq!(matching(&known, "jerevan"), names(&["yerevan", "yerevan/mod"]), "another letter");
    }

    #[test]
    fn what_was_used_here_comes_first() {
        let own: BTreeSet<String> = names(&["wounded"]).into_iter().collect();
        let all = names(&["fired-first", "killed", "wounded"]);
        assert_eq!(ahead(Some(&own), all.iter()), names(&["wounded", "fired-first", "killed"]));
        assert_eq!(ahead(None, all.iter()), all);
    }
}
