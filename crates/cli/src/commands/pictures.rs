//! `sayso chart`, `sayso timeline`, `sayso matrix`: pictures of what sources said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use chrono::NaiveDate;
use sayso_core::event::{NameKind, Question};
use sayso_core::ledger::Ledger;
use sayso_core::replay::{Filter, Query, Replay, replay};
use sayso_core::text::Name;
use sayso_core::views::{History, HistoryError, HistoryQuery, Order, compare, history, over_time};
use sayso_pictures::png::png;
use sayso_pictures::{Caption, chart, matrix, timeline};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::meant::{Meant, named};
use crate::output::{self, file, json, progress, views};
use crate::picture_args::{ChartArgs, ChoiceArgs, MatrixArgs, PictureFile, TimelineArgs};
use crate::query::name;
use crate::session::Session;

/// Pixels of a bitmap for each unit of the picture: sharp in print and on most screens.
const SCALE: f32 = 2.0;

pub(crate) fn chart(session: &Session, args: &ChartArgs) -> Result<ExitCode, CliError> {
    let kind = Kind::of(&args.file)?;
    let (subject, predicate) = (name("the subject", &args.subject)?, name("the predicate", &args.predicate)?);
    let filter = Filter {
        sources: names("--source", &args.source)?,
        subject_prefixes: vec![subject.clone()],
        predicates: vec![predicate.clone()],
        ..Filter::default()
    };
    let query = args.clocks.query(session, filter)?;
    let ledger = session.open_to_give_out()?;
    let waiting = progress::spinner("drawing");
    few_enough(&replay(&ledger, &query)?)?;
    let life = HistoryQuery { clocks: only_sources(&query), ..HistoryQuery::default() };
    let life = history(&ledger, &subject, Some(&predicate), &life).map_err(from_history)?;
    let over = over_time(&ledger, &query, &session.zone)?;
    // A filter of subjects takes whatever begins so; here one name is meant.
    let shown = life.predicate.as_ref();
    let course =
        over.courses.iter().find(|c| c.question.subject == life.subject && Some(&c.question.predicate) == shown);
    let Some(course) = course else {
        let question = [(NameKind::Subject, &subject), (NameKind::Predicate, &predicate)];
        let names = question.into_iter().chain(named(NameKind::Source, &query.filter.sources));
        let meant = Meant::like(&ledger, names, &life.asked_as)?;
        let note = if query.as_of.is_some() || query.known_at.is_some() || !query.filter.sources.is_empty() {
            ", as far as was asked for"
        } else {
            "; names are given whole, as `sayso replay` shows them"
        };
        return Err(CliError::refused(format!("nothing was said on {subject} / {predicate}{note}{}", meant.added())));
    };
    let title = args
        .file
        .title
        .clone()
        .unwrap_or_else(|| format!("{}: {}", course.question.subject, course.question.predicate));
    let caption = Caption {
        title,
        lines: lines(clocks(&query, over.known_entries, over.head.size, session), over.redacted.len()),
    };
    let until = query.as_of.as_ref().and_then(|as_of| as_of.to_string().parse::<NaiveDate>().ok());
    let names = shown_as(&ledger, &life, &query)?;
    let svg = chart::Chart::new(course, &life, &names, caption, &session.zone, until).svg();
    waiting.finish_and_clear();
    written(session, &args.file, kind, &svg, json!({"changes": course.steps.len(), "entries": life.total}))
}

pub(crate) fn timeline(session: &Session, args: &TimelineArgs) -> Result<ExitCode, CliError> {
    let kind = Kind::of(&args.file)?;
    let subject = name("the subject", &args.subject)?;
    let predicate = args.predicate.as_deref().map(|p| name("--predicate", p)).transpose()?;
    let filter = Filter { sources: names("--source", &args.source)?, ..Filter::default() };
    let query = args.clocks.query(session, filter)?;
    let ledger = session.open_to_give_out()?;
    let waiting = progress::spinner("drawing");
    let asked = HistoryQuery { clocks: query, order: Order::Stated, ..HistoryQuery::default() };
    let life = history(&ledger, &subject, predicate.as_ref(), &asked).map_err(from_history)?;
    if life.items.is_empty() {
        let names = named(NameKind::Subject, [&subject])
            .chain(named(NameKind::Predicate, &predicate))
            .chain(named(NameKind::Source, &asked.clocks.filter.sources));
        return Err(CliError::refused(format!(
            "nothing is recorded about {subject}; names are given whole, as `sayso replay` shows them{}",
            Meant::like(&ledger, names, &life.asked_as)?.added()
        )));
    }
    let what = life.predicate.as_ref().map(|p| format!(": {p}")).unwrap_or_default();
    let title = args.file.title.clone().unwrap_or_else(|| format!("{}{what}", life.subject));
    let caption = Caption {
        title,
        lines: lines(clocks(&asked.clocks, life.known_entries, life.head.size, session), life.redacted.len()),
    };
    let names = shown_as(&ledger, &life, &asked.clocks)?;
    let svg = timeline::svg(&life, &names, &caption, &session.zone);
    waiting.finish_and_clear();
    written(session, &args.file, kind, &svg, json!({"entries": life.total}))
}

pub(crate) fn matrix(session: &Session, args: &MatrixArgs) -> Result<ExitCode, CliError> {
    let kind = Kind::of(&args.file)?;
    let query = args.clocks.query(session, args.choice.filter()?)?;
    let ledger = session.open_to_give_out()?;
    let waiting = progress::spinner("comparing");
    let compared = compare(&ledger, &query)?;
    few_enough(&compared.replay)?;
    let compared = if args.conflicts { compared.disputes() } else { compared };
    let title = args.file.title.clone().unwrap_or_else(|| "Source by question".into());
    let caption = Caption {
        title,
        lines: lines(
            clocks(&query, compared.replay.known_entries, compared.replay.head.size, session),
            compared.replay.redacted.len(),
        ),
    };
    let svg = matrix::svg(&compared, &caption);
    waiting.finish_and_clear();
    let verdicts: Vec<Value> = compared
        .rows
        .iter()
        .map(|row| {
            json!({"subject": row.question.subject.as_str(), "predicate": row.question.predicate.as_str(), "verdict": row.verdict.as_str()})
        })
        .collect();
    written(session, &args.file, kind, &svg, json!({"questions": verdicts}))
}

/// Sources on one question that a picture is made of. With many more nobody sees anything in it, and to work it out anew for each day would
/// take the square of them.
const SOURCES: usize = 300;

/// Refuses what has too many sources on one question, before the work begins.
pub(super) fn few_enough(replayed: &Replay) -> Result<(), CliError> {
    let mut sources: BTreeMap<&Question, usize> = BTreeMap::new();
    for view in &replayed.views {
        let standing = view.standings.iter().map(|standing| &standing.question);
        for question in standing.chain(view.taken_back.iter().map(|taken| &taken.question)) {
            *sources.entry(question).or_default() += 1;
        }
    }
    let Some((question, count)) = sources.into_iter().find(|(_, count)| *count > SOURCES) else { return Ok(()) };
    Err(CliError::refused(format!(
        "{count} sources answer {} / {}, and a picture takes {SOURCES}; choose some with --source, or leave the question out with --subject or --predicate",
        question.subject, question.predicate
    )))
}

/// What the sources of a history are shown as, if otherwise than recorded: its entries have the names they were recorded under.
fn shown_as(ledger: &Ledger, life: &History, clocks: &Query) -> Result<BTreeMap<Name, Name>, CliError> {
    let said = life.items.iter().filter_map(|item| item.as_it_reads()?.content.attribution());
    let sources: BTreeSet<Name> = said.map(|by| by.source.clone()).collect();
    let filter = Filter { sources: sources.into_iter().collect(), ..Filter::default() };
    let clocks = Query { filter, known_at: clocks.known_at.clone(), as_of: None };
    let asked = HistoryQuery { clocks, limit: Some(0), ..HistoryQuery::default() };
    let answered = history(ledger, &life.subject, life.predicate.as_ref(), &asked).map_err(from_history)?;
    let sources = answered.asked_as.into_iter().filter(|name| name.names == NameKind::Source);
    Ok(sources.map(|name| (name.asked, name.shown)).collect())
}

/// The lines under the heading.
fn lines(clocks: String, redacted: usize) -> Vec<String> {
    std::iter::once(clocks).chain(erased(redacted)).collect()
}

/// That something may be missing.
pub(super) fn erased(redacted: usize) -> Option<String> {
    let were = if redacted == 1 {
        "entry was erased; nobody can tell whether it belongs"
    } else {
        "entries were erased; nobody can tell whether they belong"
    };
    (redacted > 0).then(|| format!("{redacted} {were} here."))
}

/// What an entry filter of a question is: the sources alone.
fn only_sources(query: &Query) -> Query {
    let filter = Filter { sources: query.filter.sources.clone(), ..Filter::default() };
    Query { filter, ..query.clone() }
}

fn from_history(e: HistoryError) -> CliError {
    match e {
        HistoryError::Open(e) => e.into(),
        e => CliError::refused(e),
    }
}

fn names(option: &str, given: &[String]) -> Result<Vec<Name>, CliError> {
    given.iter().map(|text| name(option, text)).collect()
}

impl ChoiceArgs {
    pub(crate) fn filter(&self) -> Result<Filter, CliError> {
        Ok(Filter {
            sources: names("--source", &self.source)?,
            subject_prefixes: names("--subject", &self.subject)?,
            predicates: names("--predicate", &self.predicate)?,
            ..Filter::default()
        })
    }
}

/// The clocks, as every output names them.
fn clocks(query: &Query, known_entries: u64, size: u64, session: &Session) -> String {
    let zone = &session.zone;
    let stated = match &query.as_of {
        Some(as_of) => format!("what had been said as of {as_of} ({zone})"),
        None => format!("everything said (days in {zone})"),
    };
    format!("Stated clock: {stated}. {}", views::recorded_clock(query, known_entries, size))
}

/// What kind of file is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Svg,
    Png,
}

impl Kind {
    /// By the end of the name; checked, with the file's place, before anything is worked out.
    fn of(file: &PictureFile) -> Result<Self, CliError> {
        let ending = file.output.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let kind = match ending.as_deref() {
            Some("svg") => Self::Svg,
            Some("png") => Self::Png,
            _ => {
                return Err(CliError::usage(format!(
                    "{}: pictures are .svg or .png; name the file so",
                    file.output.display()
                )));
            }
        };
        free(&file.output, file.overwrite)?;
        Ok(kind)
    }
}

/// Refuses to write over what is there.
pub(super) fn free(path: &Path, overwrite: bool) -> Result<(), CliError> {
    if file::is_taken(path) && !overwrite {
        return Err(CliError::refused(format!(
            "{} is already there; name another file, or give --overwrite",
            path.display()
        )));
    }
    Ok(())
}

pub(super) fn write(path: &Path, overwrite: bool, bytes: &[u8]) -> Result<(), CliError> {
    use std::io::Write as _;
    file::place(path, overwrite, |out| out.write_all(bytes).map_err(|e| CliError::io(path, &e)))
}

fn written(session: &Session, file: &PictureFile, kind: Kind, svg: &str, found: Value) -> Result<ExitCode, CliError> {
    match kind {
        Kind::Svg => write(&file.output, file.overwrite, svg.as_bytes())?,
        Kind::Png => write(&file.output, file.overwrite, &png(svg, SCALE).map_err(CliError::refused)?)?,
    }
    tell(session, &file.output, found)
}

/// Says what was made.
pub(super) fn tell(session: &Session, path: &Path, mut found: Value) -> Result<ExitCode, CliError> {
    let shown = path.display().to_string();
    if session.is_json() {
        if let Some(fields) = found.as_object_mut() {
            fields.insert("file".into(), shown.into());
        }
        json::print(&found)?;
    } else {
        output::print(&format!("Wrote {}.\n", output::table::escape(&shown)))?;
    }
    Ok(ExitCode::SUCCESS)
}
