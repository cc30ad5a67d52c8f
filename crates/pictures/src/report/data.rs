//! What the page picks from: for each question and source the list of changes, each with the day it begins.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sayso_core::views::{CellState, Course, Finding, Party, Row};
use serde::Serialize;

use super::Report;
use crate::answer::{Answer, cells, marked};
use crate::palette::{Told, tone};

/// Pairs that are told of each source at a moment. All of them would be the square of the sources, anew with each change.
const PAIRS: usize = 6;

#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    title: &'a str,
    lines: &'a [String],
    sound: bool,
    audit: &'a [String],
    /// Days are counted from 1970-01-01.
    first: i64,
    last: i64,
    start: i64,
    sources: Vec<&'a str>,
    verdicts: Vec<(&'static str, &'static str)>,
    states: Vec<&'static str>,
    questions: Vec<QuestionJson<'a>>,
}

#[derive(Debug, Serialize)]
struct QuestionJson<'a> {
    s: &'a str,
    p: &'a str,
    /// From which day, which verdict (-1: there is nothing), and why.
    v: Vec<(i64, i8, Reasons)>,
    /// Which source, and its changes.
    c: Vec<(usize, Vec<Change>)>,
}

/// A change of a cell, without names: there are many.
#[derive(Debug, Serialize)]
struct Change(
    /// From which day.
    i64,
    /// The verdict that marks it; -1: nothing there.
    i8,
    /// Its state.
    usize,
    /// What it says.
    String,
    /// Numbers: lower bound, upper bound, whether about.
    Vec<(Option<f64>, Option<f64>, u8)>,
    /// 1: the date is uncertain; 2: order within the day unknown.
    u8,
    /// Entries; a negative number first: that many stay from the change before.
    Vec<i64>,
    /// Stances.
    Vec<String>,
);

/// Why a verdict is what it is.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Reasons(
    /// The gravest first: whether the verdict rests on it, whether it is a stance, why, and the sources of each pair that it is said of.
    Vec<(u8, u8, String, Vec<[usize; 2]>)>,
    /// How many pairs are not told.
    usize,
);

const STATES: [CellState; 6] = [
    CellState::Claims,
    CellState::Denies,
    CellState::Accepts,
    CellState::Declines,
    CellState::TakenBack,
    CellState::NothingRecorded,
];

impl<'a> Data<'a> {
    pub(super) fn of(report: &'a Report<'_>) -> Self {
        let courses = &report.over.courses;
        let mut sources: Vec<(bool, &str)> = Vec::new();
        let rows = courses.iter().flat_map(|course| &course.steps).filter_map(|step| step.row.as_ref());
        for cell in rows.flat_map(cells) {
            let source = (cell.source.is_unattributed(), cell.source.as_str());
            if let Err(at) = sources.binary_search(&source) {
                sources.insert(at, source);
            }
        }
        let sources: Vec<&str> = sources.into_iter().map(|(_, source)| source).collect();
        let days = || courses.iter().flat_map(|course| &course.steps).map(|step| day(step.day));
        let (first, last) = (days().min().unwrap_or_default(), days().max().unwrap_or_default());
        let start = report.start.map_or(last, day);
        Self {
            title: &report.caption.title,
            lines: &report.caption.lines,
            sound: report.audit.sound,
            audit: &report.audit.lines,
            // The slider reaches the day that was asked for, on either side.
            first: first.min(start),
            last: last.max(start),
            start,
            questions: courses.iter().map(|course| question(course, &sources)).collect(),
            sources,
            verdicts: Told::all().map(|told| (told.as_str(), tone(told).letter)).collect(),
            states: STATES.iter().map(|s| s.as_str()).collect(),
        }
    }
}

fn day(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}

fn place(told: Told) -> i8 {
    let place = Told::all().position(|other| other == told).and_then(|at| i8::try_from(at).ok());
    place.unwrap_or(-1)
}

fn question<'a>(course: &'a Course, sources: &[&str]) -> QuestionJson<'a> {
    let mut v: Vec<(i64, i8, Reasons)> = Vec::new();
    for step in &course.steps {
        let (verdict, why) = match &step.row {
            Some(row) => (place(Told::of(row)), Reasons::of(row, sources)),
            None => (-1, Reasons::default()),
        };
        if v.last().is_none_or(|(_, before, reasons)| *before != verdict || *reasons != why) {
            v.push((day(step.day), verdict, why));
        }
    }
    let mut c = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let changes = changes(course, source);
        if !changes.is_empty() {
            c.push((at, changes));
        }
    }
    QuestionJson { s: course.question.subject.as_str(), p: course.question.predicate.as_str(), v, c }
}

fn changes(course: &Course, source: &str) -> Vec<Change> {
    let mut before: Option<(Answer, i8)> = None;
    let mut changes = Vec::new();
    for step in &course.steps {
        let row = step.row.as_ref();
        let cell = row.and_then(|row| Some((row, cells(row).find(|cell| cell.source.as_str() == source)?)));
        let now = cell.and_then(|(row, cell)| Some((Answer::of(cell)?, place(marked(row, cell)))));
        if now == before {
            continue;
        }
        changes.push(match &now {
            Some((answer, verdict)) => {
                change(day(step.day), answer, *verdict, before.as_ref().map(|(a, _)| a.entries.as_slice()))
            }
            None => Change(day(step.day), -1, STATES.len() - 1, String::new(), vec![], 0, vec![], vec![]),
        });
        before = now;
    }
    changes
}

fn change(day: i64, answer: &Answer, verdict: i8, before: Option<&[u64]>) -> Change {
    let spans = answer.spans.iter().map(|s| (s.low, s.high, u8::from(s.about)));
    let flags = u8::from(answer.uncertain) + 2 * u8::from(answer.order_unknown);
    let state = STATES.iter().position(|s| *s == answer.state).unwrap_or_default();
    let entries = entries(before.unwrap_or_default(), &answer.entries);
    Change(day, verdict, state, answer.text.clone(), spans.collect(), flags, entries, answer.stances.clone())
}

/// A list that grows is told by what is new.
fn entries(before: &[u64], now: &[u64]) -> Vec<i64> {
    let number = |index: &u64| i64::try_from(*index).unwrap_or(i64::MAX);
    let kept = before.iter().zip(now).take_while(|(a, b)| a == b).count();
    if kept < 2 {
        return now.iter().map(number).collect();
    }
    let kept_first = i64::try_from(kept).map_or(0, |kept| -kept);
    std::iter::once(kept_first).chain(now.iter().skip(kept).map(number)).collect()
}

impl Reasons {
    /// The findings of a row, the gravest first: of each source as many as are told.
    fn of(row: &Row, sources: &[&str]) -> Self {
        let gravest = row.findings.iter().map(|f| f.relation).max();
        let mut findings: Vec<&Finding> = row.findings.iter().collect();
        findings.sort_by_key(|f| std::cmp::Reverse((f.relation, f.stance.is_some())));
        let mut told: BTreeMap<usize, usize> = BTreeMap::new();
        let mut reasons = Self(vec![], row.untold());
        for finding in findings {
            let place = |party: &Party| sources.iter().position(|source| *source == party.source.as_str());
            let [Some(a), Some(b)] = [place(&finding.of[0]), place(&finding.of[1])] else { continue };
            let count = |source: usize| told.get(&source).copied().unwrap_or_default();
            if count(a) >= PAIRS && count(b) >= PAIRS {
                reasons.1 += 1;
                continue;
            }
            for source in [a, b] {
                *told.entry(source).or_default() += 1;
            }
            let (decisive, stance) = (u8::from(Some(finding.relation) == gravest), u8::from(finding.stance.is_some()));
            let why = why(finding);
            match reasons.0.iter_mut().find(|(d, s, w, _)| (*d, *s, w) == (decisive, stance, &why)) {
                Some((.., pairs)) => pairs.push([a, b]),
                None => reasons.0.push((decisive, stance, why, vec![[a, b]])),
            }
        }
        reasons
    }
}

/// Why, in words; of a stance what stands between the one who takes it and the one whose words it is about.
fn why(finding: &Finding) -> String {
    let [_, on] = &finding.of;
    if finding.stance.is_none() {
        return finding.why.clone();
    }
    let some: Vec<String> = on.entries.iter().take(4).map(|index| format!("#{index}")).collect();
    let entries = format!("{}{}", some.join(" "), if on.entries.len() > 4 { " …" } else { "" });
    match finding.why.strip_suffix(" it") {
        Some(does) => format!("{does} {entries} of"),
        None => format!("{}: {entries} of", finding.why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_grows_is_told_by_what_is_new() {
        assert_eq!(entries(&[], &[3, 4]), [3, 4]);
        assert_eq!(entries(&[3, 4], &[3, 4, 9]), [-2, 9]);
        assert_eq!(entries(&[3, 4], &[4]), [4]);
        assert_eq!(entries(&[3, 4, 5], &[3, 4]), [-2]);
    }
}
