//! Statements: what a source said on a question, which of that is newest, and what it comes to.

use std::collections::HashMap;

use super::combine::{Combined, combine};
use super::few::Few;
use super::view::Standing;
use crate::event::{Claim, Question};
use crate::projection::Held;
use crate::text::{Label, Name};
use crate::time::Stated;
use crate::value::Value;

/// Who is asked what.
pub(super) type Cell = (Name, Question);

/// A claim that counts.
pub(super) struct Statement {
    pub(super) index: u64,
    pub(super) held: Held,
    pub(super) taken_back: bool,
}

impl Statement {
    pub(super) fn new(index: u64, claim: &Claim, taken_back: bool) -> Self {
        let Claim { by, value, unit, act, modality, .. } = claim;
        Self { index, held: (by.stated.clone(), value.clone(), unit.clone(), *act, modality.clone()), taken_back }
    }

    pub(super) fn stated(&self) -> &Stated {
        &self.held.0
    }
}

/// The newest statements on each question, all of them for `unattributed`.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) cells: HashMap<Cell, Statements>,
}

/// The newest statements of a source on a question.
pub(super) struct Statements {
    pub(super) newest: Vec<Statement>,
    /// The latest statement that has an hour, in microseconds: what a newest day may have outranked wrongly.
    pub(super) latest_moment: Option<i64>,
}

impl Questions {
    /// Takes the next statement, in the order of recording.
    pub(super) fn add(&mut self, cell: Cell, statement: Statement) {
        let keeps_all = cell.0.is_unattributed();
        let last = statement.stated().last_instant();
        let is_moment = statement.stated().last_day().is_none() && !statement.taken_back;
        let moment = is_moment.then_some(last.micros());
        let Some(cell) = self.cells.get_mut(&cell) else {
            self.cells.insert(cell, Statements { newest: vec![statement], latest_moment: moment });
            return;
        };
        cell.latest_moment = cell.latest_moment.max(moment);
        let newest = cell.newest.first().map(|s| s.stated().last_instant());
        if keeps_all || newest == Some(last) {
            cell.newest.push(statement);
        } else if newest < Some(last) {
            cell.newest = vec![statement];
        }
    }
}

/// What the newest statements that were not taken back come to. `entries`: all that they rest on.
pub(super) fn standing(
    source: &Name,
    question: Question,
    live: &[&Statement],
    latest_moment: Option<i64>,
    entries: Few<u64>,
) -> Standing {
    if let [one] = live {
        return of_one(source, question, one.held.clone(), latest_moment, entries);
    }
    let values: Vec<(&Value, Option<&Label>)> = live.iter().map(|s| (&s.held.1, s.held.2.as_ref())).collect();
    let combined = if source.is_unattributed() { side_by_side(&values) } else { combine(&values) };
    let newest = live.iter().max_by_key(|s| (s.stated().last_instant(), std::cmp::Reverse(s.index)));
    Standing {
        question,
        combined: Some(combined),
        acts: distinct(live.iter().map(|s| s.held.3)).into_iter().collect(),
        modality: distinct(live.iter().filter_map(|s| s.held.4.clone())).into_iter().collect(),
        stated: newest.map(|s| s.stated().clone()),
        uncertain: live.iter().any(|s| s.stated().is_uncertain()),
        order_unknown: !source.is_unattributed() && live.iter().any(|s| is_outranking(s.stated(), latest_moment)),
        entries,
        stances: vec![],
    }
}

/// The same of a single statement, which is nearly every one.
pub(super) fn of_one(
    source: &Name,
    question: Question,
    held: Held,
    latest_moment: Option<i64>,
    entries: Few<u64>,
) -> Standing {
    let (stated, value, unit, act, modality) = held;
    let consistent = (!source.is_unattributed()).then_some(true);
    Standing {
        question,
        combined: Some(Combined { value: Some(value), values: vec![], unit, consistent, why: None }),
        acts: Few::one(act),
        modality: modality.into_iter().collect(),
        uncertain: stated.is_uncertain(),
        order_unknown: !source.is_unattributed() && is_outranking(&stated, latest_moment),
        stated: Some(stated),
        entries,
        stances: vec![],
    }
}

/// Whether a day stands above a statement with an hour of that same day.
fn is_outranking(stated: &Stated, latest_moment: Option<i64>) -> bool {
    let Some(moment) = latest_moment else { return false };
    moment < stated.last_instant().micros() && stated.first_instant().is_some_and(|first| first.micros() <= moment)
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut all, item| {
        if !all.contains(&item) {
            all.push(item);
        }
        all
    })
}

/// Statements of nobody in particular: they neither replace nor narrow one another.
fn side_by_side(values: &[(&Value, Option<&Label>)]) -> Combined {
    let units = distinct(values.iter().map(|(_, u)| *u));
    let unit = if let [unit] = units.as_slice() { unit.cloned() } else { None };
    let values = values.iter().map(|(v, u)| ((*v).clone(), u.cloned())).collect();
    Combined { value: None, values, unit, consistent: None, why: None }
}
