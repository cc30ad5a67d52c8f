//! Comma-separated values for spreadsheets. Columns are promises: see docs/csv.md.

use std::borrow::Cow;

use sayso_core::body::Record;
use sayso_core::event::{Content, Event, Target};
use sayso_core::ledger::Entry;
use sayso_core::number::Number;
use sayso_core::replay::{Combined, Query, Replay, Standing, TakenBack};
use sayso_core::value::Value;

use super::views;
use crate::error::CliError;
use crate::meant::Meant;

/// Rows under a header.
pub(crate) struct Sheet(::csv::Writer<Vec<u8>>);

impl Sheet {
    /// An empty sheet.
    pub(crate) fn new<'h>(header: impl IntoIterator<Item = &'h str>) -> Result<Self, CliError> {
        let mut sheet = Self(::csv::Writer::from_writer(Vec::new()));
        sheet.0.write_record(header).map_err(CliError::failed)?;
        Ok(sheet)
    }

    /// Adds a row; its cells are guarded.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) -> Result<(), CliError> {
        let guarded = cells.into_iter().map(|c| guard(&c).into_owned());
        self.0.write_record(guarded.collect::<Vec<_>>()).map_err(CliError::failed)
    }

    /// Prints everything; what a reader has to know beside the rows goes to standard error.
    pub(crate) fn print(self, notes: &[String]) -> Result<(), CliError> {
        let bytes = self.0.into_inner().map_err(|e| CliError::failed(e.error()))?;
        super::print(&String::from_utf8_lossy(&bytes))?;
        for note in notes {
            eprintln!("sayso: note: {}", note.trim_end());
        }
        Ok(())
    }
}

/// Keeps a spreadsheet from taking words for a formula: an apostrophe before what begins like one. Plain numbers stay numbers.
/// One apostrophe taken from a cell that has it before such a sign gives the words back.
fn guard(cell: &str) -> Cow<'_, str> {
    let begins = cell.trim_start_matches('\'').chars().next();
    let is_sign = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if begins.is_some_and(is_sign) && cell.parse::<Number>().is_err() {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

/// The columns of [`standing`].
pub(crate) const STANDING: [&str; 13] = [
    "state",
    "value",
    "min",
    "max",
    "unit",
    "act",
    "modality",
    "stated",
    "uncertain",
    "order_unknown",
    "consistent",
    "entries",
    "stances",
];

/// What a source stands by on a question, as cells. A source that stands by nothing has only a state.
pub(crate) fn standing(state: &str, standing: Option<&Standing>, taken_back: Option<&TakenBack>) -> Vec<String> {
    let combined = standing.and_then(|s| s.combined.as_ref());
    let [min, max] = combined.and_then(|c| c.value.as_ref()).map(bounds).unwrap_or_default();
    let mut cells = vec![state.to_owned(), combined.map(value).unwrap_or_default(), min, max];
    cells.push(combined.and_then(|c| c.unit.as_ref()).map(ToString::to_string).unwrap_or_default());
    let Some(standing) = standing else {
        cells.extend(std::iter::repeat_n(String::new(), 6));
        cells.push(taken_back.map(|t| views::numbers(&t.entries)).unwrap_or_default());
        cells.push(String::new());
        return cells;
    };
    cells.push(joined(standing.acts.iter().map(|a| a.as_str().to_owned())));
    cells.push(joined(standing.modality.iter().map(ToString::to_string)));
    cells.push(standing.stated.as_ref().map(|s| s.date().to_string()).unwrap_or_default());
    cells.push(standing.uncertain.to_string());
    cells.push(standing.order_unknown.to_string());
    cells.push(combined.and_then(|c| c.consistent).map(|c| c.to_string()).unwrap_or_default());
    cells.push(views::numbers(&standing.entries));
    cells.push(joined(standing.stances.iter().map(views::stance)));
    cells
}

/// One value, or all there are.
fn value(combined: &Combined) -> String {
    match &combined.value {
        Some(value) => value.to_string(),
        None => {
            let one = |(value, unit): &(Value, _)| match combined.unit {
                Some(_) => value.to_string(),
                None => views::with_unit(value, Option::as_ref(unit)),
            };
            combined.values.iter().map(one).collect::<Vec<_>>().join(" | ")
        }
    }
}

/// The ends of a quantity.
pub(crate) fn bounds(value: &Value) -> [String; 2] {
    let end = |end: Option<Number>| end.map(|n| n.to_string()).unwrap_or_default();
    match value {
        Value::Quantity(b) => [end(b.min()), end(b.max())],
        _ => Default::default(),
    }
}

pub(crate) fn joined(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().collect::<Vec<_>>().join("; ")
}

/// The two clocks, as given.
pub(crate) fn clocks(query: &Query) -> [String; 2] {
    let text = |t: Option<String>| t.unwrap_or_default();
    [text(query.as_of.as_ref().map(ToString::to_string)), text(query.known_at.as_ref().map(ToString::to_string))]
}

/// A replay, one row for each standing.
pub(crate) fn replay(query: &Query, replay: &Replay, meant: &Meant) -> Result<(), CliError> {
    let columns = ["source", "subject", "predicate"].into_iter().chain(STANDING).chain(["as_of", "known_at"]);
    let mut sheet = Sheet::new(columns)?;
    for view in &replay.views {
        let mut row = |question: [String; 2], cells: Vec<String>| {
            sheet.row([view.source.to_string()].into_iter().chain(question).chain(cells).chain(clocks(query)))
        };
        for s in &view.standings {
            let state = match s.combined.as_ref().map(|c| c.consistent) {
                None => "stances-only",
                Some(Some(true)) => "stands",
                Some(Some(false)) => "inconsistent",
                Some(None) => "side-by-side",
            };
            let question = [s.question.subject.to_string(), s.question.predicate.to_string()];
            row(question, standing(state, Some(s), None))?;
        }
        for t in &view.taken_back {
            let question = [t.question.subject.to_string(), t.question.predicate.to_string()];
            row(question, standing("taken-back", None, Some(t)))?;
        }
        if view.standings.is_empty() && view.taken_back.is_empty() {
            row(Default::default(), standing("nothing-recorded", None, None))?;
        }
    }
    sheet.print(&views::notes(query, replay, meant))
}

/// The columns of [`entry`].
pub(crate) const ENTRY: [&str; 29] = [
    "index",
    "recorded",
    "imported_clock",
    "recorder",
    "kind",
    "id",
    "source",
    "speaker",
    "body",
    "via",
    "subject",
    "predicate",
    "value",
    "min",
    "max",
    "unit",
    "act",
    "modality",
    "stance",
    "of",
    "stated",
    "occurred",
    "published",
    "words",
    "note",
    "tags",
    "url",
    "archived",
    "hash",
];

/// An entry as it was recorded, as cells.
pub(crate) fn entry(entry: &Entry) -> Result<Vec<String>, CliError> {
    let record = entry.record().map_err(sayso_core::ledger::OpenError::from)?;
    let mut cells =
        vec![format!("#{}", entry.index()), entry.recorded().to_string(), entry.has_imported_clock().to_string()];
    let Some(Record { recorder, event }) = record else {
        cells.extend([String::new(), "redacted".into()]);
        cells.resize(ENTRY.len() - 1, String::new());
        cells.push(entry.hash().to_string());
        return Ok(cells);
    };
    cells.extend([recorder.map(|r| r.to_string()).unwrap_or_default(), event.content.kind().as_str().into()]);
    cells.extend(self::event(&event));
    cells.push(entry.hash().to_string());
    Ok(cells)
}

/// The columns of an event, from `id` to `archived`.
pub(crate) fn event(event: &Event) -> Vec<String> {
    let mut cells: Vec<String> = vec![text(event.id.as_ref())];
    let by = event.content.attribution();
    cells.extend([
        by.map(|b| b.source.to_string()).unwrap_or_default(),
        text(by.and_then(|b| b.speaker.as_ref())),
        text(by.and_then(|b| b.body.as_ref())),
        by.map(|b| joined(b.via.iter().map(ToString::to_string))).unwrap_or_default(),
    ]);
    let question = event.content.question();
    cells.extend([text(question.map(|q| &q.subject)), text(question.map(|q| &q.predicate))]);
    match &event.content {
        Content::Claim(c) => {
            let [min, max] = bounds(&c.value);
            cells.extend([c.value.to_string(), min, max, text(c.unit.as_ref()), c.act.as_str().into()]);
            cells.push(text(c.modality.as_ref()));
        }
        _ => cells.extend(std::iter::repeat_n(String::new(), 6)),
    }
    let (stance, of, words) = match &event.content {
        Content::Claim(c) => ("", None, text(c.quote.as_ref())),
        Content::Stance(s) => {
            let of = if let Target::Entry(of) = s.target { Some(of) } else { None };
            (s.stance.as_str(), of, String::new())
        }
        Content::Retraction(r) => ("", Some(r.of), String::new()),
        Content::Correction(c) => ("", Some(c.of), c.reason.to_string()),
        Content::Alias(a) => ("", None, format!("{} {} is {}", a.names.as_str(), a.from, a.to)),
        Content::Redaction(r) => ("", Some(r.of), r.reason.to_string()),
        Content::Note(n) => ("", Some(n.of), n.text.to_string()),
    };
    let occurred = if let Content::Claim(c) = &event.content { c.occurred.as_ref() } else { None };
    cells.extend([stance.into(), of.map(|i| format!("#{i}")).unwrap_or_default()]);
    cells.extend([by.map(|b| b.stated.date().to_string()).unwrap_or_default(), text(occurred)]);
    cells.extend([text(by.and_then(|b| b.published.as_ref())), words, text(event.note.as_ref())]);
    cells.push(joined(event.tags.iter().map(ToString::to_string)));
    cells.push(joined(event.citations.iter().filter_map(|c| c.url()).map(ToString::to_string)));
    cells.push(joined(event.citations.iter().filter_map(|c| c.archived()).map(ToString::to_string)));
    cells
}

fn text<T: ToString>(part: Option<&T>) -> String {
    part.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::guard;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        let cases = [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+374 10", "'+374 10"),
            ("@ministry", "'@ministry"),
            ("-cmd", "'-cmd"),
            ("-5", "-5"),
            ("-2.5", "-2.5"),
            ("-5..3", "'-5..3"),
            ("'=1", "''=1"),
            ("＝1", "'＝1"),
            ("\tx", "'\tx"),
            (">=2", ">=2"),
            ("~2000", "~2000"),
            ("'quoted'", "'quoted'"),
            ("Երևան", "Երևան"),
            ("", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(guard(given), expected);
        }
    }
}
