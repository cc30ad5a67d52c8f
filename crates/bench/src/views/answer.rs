//! An answer in one form for both sides, so that they can be compared; none of this is timed.

use sayso_core::replay::{Combined, Replay};
use sayso_core::text::{Label, Text};
use sayso_core::value::Value;

use super::questions::Asked;
use crate::Failure;

/// What one source stands by on one question.
pub(super) struct Cell<'a> {
    pub(super) source: &'a str,
    pub(super) subject: &'a str,
    pub(super) predicate: &'a str,
    pub(super) combined: Option<&'a Combined>,
    pub(super) acts: Vec<&'a str>,
    pub(super) modality: Vec<&'a str>,
    /// Of the newest statement: its date, and the zone in which its day ends.
    pub(super) stated: (String, Option<&'a str>),
    pub(super) entries: Vec<u64>,
}

impl Cell<'_> {
    fn line(&self, with_entries: bool) -> String {
        let Self { source, subject, predicate, combined, acts, modality, stated, entries } = self;
        let entries = if with_entries { entries.as_slice() } else { &[] };
        format!("{source}|{subject}|{predicate}|{combined:?}|{acts:?}|{modality:?}|{stated:?}|{entries:?}\n")
    }
}

/// How answers are told.
#[derive(Clone, Copy)]
pub(super) struct Telling {
    /// With the numbers of the entries that they rest on.
    pub(super) entries: bool,
    /// Only the answer to this question, cell by cell; otherwise a line for each.
    pub(super) whole: Option<usize>,
}

impl Telling {
    /// What is told of the answer to question number `at`.
    pub(super) fn tell(self, at: usize, asked: &Asked, cells: &[Cell<'_>]) -> Vec<String> {
        if self.whole.is_some_and(|whole| whole != at) {
            return vec![];
        }
        let mut lines: Vec<String> = cells.iter().map(|c| c.line(self.entries)).collect();
        lines.sort_unstable();
        if self.whole.is_some() {
            return lines;
        }
        let hash = blake3::hash(lines.concat().as_bytes()).to_hex();
        vec![format!("{asked}: {} cells, {hash}", lines.len())]
    }
}

/// The cells of a ledger's answer. The corpus has claims only, so there is nothing else in it.
pub(super) fn cells(replay: &Replay) -> Result<Vec<Cell<'_>>, Failure> {
    let mut cells = Vec::new();
    for view in &replay.views {
        for standing in &view.standings {
            if !standing.stances.is_empty() || standing.uncertain || standing.order_unknown {
                return Err("a view with what the corpus does not have".into());
            }
            let stated = standing.stated.as_ref().ok_or("a standing without a date")?;
            cells.push(Cell {
                source: view.source.as_str(),
                subject: standing.question.subject.as_str(),
                predicate: standing.question.predicate.as_str(),
                combined: standing.combined.as_ref(),
                acts: standing.acts.iter().map(|a| a.as_str()).collect(),
                modality: standing.modality.iter().map(Text::as_str).collect(),
                stated: (stated.date().to_string(), stated.zone_name()),
                entries: standing.entries.to_vec(),
            });
        }
        if !view.taken_back.is_empty() {
            return Err("a view with what the corpus does not have".into());
        }
    }
    Ok(cells)
}

/// What the statements of nobody in particular come to: they stand side by side.
pub(super) fn side_by_side(stated: &[(&Value, Option<&Label>)]) -> Combined {
    let units: Vec<Option<&Label>> = stated.iter().map(|(_, unit)| *unit).collect();
    let one_unit = units.iter().all(|unit| Some(unit) == units.first());
    let unit = units.first().copied().flatten().filter(|_| one_unit).cloned();
    let all = || stated.iter().map(|(value, unit)| ((*value).clone(), unit.cloned())).collect();
    let (value, values) = if let [(value, _)] = stated { (Some((*value).clone()), vec![]) } else { (None, all()) };
    Combined { value, values, unit, consistent: None, why: None }
}

/// The number of the first answer that differs.
pub(super) fn first_difference(ours: &[String], theirs: &[String]) -> Option<usize> {
    let longest = ours.len().max(theirs.len());
    (0..longest).find(|at| ours.get(*at) != theirs.get(*at))
}

/// # Errors
/// The first answer that differs, as both sides gave it.
pub(super) fn same(ours: &[String], theirs: &[String]) -> Result<(), Failure> {
    if ours.is_empty() {
        return Err("nothing was answered".into());
    }
    first_difference(ours, theirs).map_or(Ok(()), |at| {
        let shown = |all: &[String]| all.get(at).map_or("nothing more", |line| line.trim_end()).to_owned();
        Err(format!("the answers differ:\n  sayso: {}\n  other: {}", shown(ours), shown(theirs)).into())
    })
}
