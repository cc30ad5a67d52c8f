//! Simple cells: what a source stands by on a question where its postings alone decide. First it is settled for all of them which
//! statements those are; then the standings are made, each in its place, on all cores where there are many.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use rayon::prelude::*;

use super::few::Few;
use super::indexed::{Key, Recent, damaged};
use super::statement::{Statement, of_one, standing};
use super::view::Standing;
use crate::event::{Event, NameKind, Question};
use crate::ledger::OpenError;
use crate::projection::{Group, Groups, Lies, Order, Posting};
use crate::text::{Name, UNATTRIBUTED};
use crate::time::Limits;

/// Standings of a source that are worth handing some to another thread.
const MANY: usize = 1024;

/// A piece of the projection, sorted out.
pub(super) struct Piece {
    /// The simple cells, each with the postings of the statements that it rests on.
    pub(super) groups: Groups,
    /// What was settled about each of them.
    pub(super) picks: Vec<Pick>,
    pub(super) entangled: Vec<(u64, Event)>,
}

/// What was settled about a cell: which statements it rests on.
pub(super) struct Pick {
    /// The last instant of the newest one; `None` if all stand side by side.
    newest: Option<i64>,
    /// The latest statement that has an hour.
    latest_moment: Option<i64>,
    limits: Option<Limits>,
}

impl Pick {
    /// `None` if nothing had been said by then.
    pub(super) fn of(source: &str, postings: &[Posting<Lies>], limits: Option<Limits>) -> Option<Self> {
        let (mut newest, mut latest_moment) = (None, None);
        for posting in postings.iter().filter(|posting| counts(posting, limits)) {
            newest = newest.max(Some(posting.last));
            if posting.day.is_none() {
                latest_moment = latest_moment.max(Some(posting.last));
            }
        }
        newest?;
        Some(Self { newest: newest.filter(|_| source != UNATTRIBUTED), latest_moment, limits })
    }

    /// Whether a statement is among them.
    pub(super) fn rests_on(&self, posting: &Posting<Lies>) -> bool {
        counts(posting, self.limits) && self.newest.is_none_or(|newest| posting.last == newest)
    }
}

fn counts(posting: &Posting<Lies>, limits: Option<Limits>) -> bool {
    limits.is_none_or(|limits| limits.admit(posting.last, posting.day))
}

/// A simple cell.
#[derive(Clone, Copy)]
struct Cell<'p> {
    all: &'p Groups,
    group: &'p Group,
    pick: &'p Pick,
}

/// The simple cells of each source, in the order of their questions.
pub(super) struct BySource<'p> {
    order: Order,
    cells: Vec<(&'p str, Vec<Cell<'p>>)>,
}

impl<'p> BySource<'p> {
    /// Those of pieces that follow one another, without those on some questions.
    pub(super) fn of(pieces: &'p [Piece], order: Order, without: &HashSet<Question>) -> Self {
        let without: HashSet<(&str, &str)> =
            without.iter().map(|q| (q.subject.as_str(), q.predicate.as_str())).collect();
        let mut cells: Vec<(&str, Vec<Cell<'_>>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut last = 0;
        for Piece { groups: all, picks, .. } in pieces {
            for (group, pick) in all.groups.iter().zip(picks) {
                let Key { source, subject, predicate } = order.key(all, group);
                if !without.is_empty() && without.contains(&(subject, predicate)) {
                    continue;
                }
                // Mostly it is the last one, or the next: on each question, sources come in order.
                let is_at = |at: &usize| cells.get(*at).is_some_and(|(name, _)| *name == source);
                let near = [last, last + 1, 0].into_iter().find(is_at);
                last = near.unwrap_or_else(|| {
                    *places.entry(source).or_insert_with(|| {
                        cells.push((source, Vec::new()));
                        cells.len() - 1
                    })
                });
                if let Some((_, cells)) = cells.get_mut(last) {
                    cells.push(Cell { all, group, pick });
                }
            }
        }
        Self { order, cells }
    }

    /// Whether a source or predicate is seen at a glance. `false` if that is not so.
    pub(super) fn has_name(&self, kind: NameKind, name: &Name) -> bool {
        if kind == NameKind::Source {
            return self.cells.iter().take(1).any(|(source, _)| {
                source.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
        }
        let mut first = self.cells.iter().filter_map(|(_, cells)| cells.first());
        first.any(|cell| self.order.key(cell.all, cell.group).predicate == name.as_str())
    }

    /// The standings of each source.
    ///
    /// # Errors
    /// If the projection is damaged.
    pub(super) fn standings(&self) -> Result<Vec<(Name, Vec<Standing>)>, OpenError> {
        let failed: OnceLock<OpenError> = OnceLock::new();
        let make = |(source, cells): &(&str, Vec<Cell<'p>>)| {
            let source = Recent::default().of(source)?;
            let make = |recent: &mut [Recent; 2], cell: &Cell<'p>| {
                self.standing(&source, recent, cell).unwrap_or_else(|e| {
                    let _ = failed.set(e);
                    Standing::empty(Question { subject: source.clone(), predicate: source.clone() })
                })
            };
            let mut standings = Vec::new();
            if cells.len() < MANY {
                let mut recent = Default::default();
                standings.extend(cells.iter().map(|at| make(&mut recent, at)));
            } else {
                // Each is written where it stays: to join what the threads made would cost as much as making it.
                cells
                    .par_iter()
                    .with_min_len(MANY / 4)
                    .map_init(Default::default, make)
                    .collect_into_vec(&mut standings);
            }
            Ok((source, standings))
        };
        let is_long = self.cells.len() > MANY;
        let made: Result<_, OpenError> =
            if is_long { self.cells.par_iter().map(make).collect() } else { self.cells.iter().map(make).collect() };
        failed.into_inner().map_or(made, Err)
    }

    fn standing(&self, source: &Name, recent: &mut [Recent; 2], cell: &Cell<'p>) -> Result<Standing, OpenError> {
        let Cell { all, group, pick } = *cell;
        let key = self.order.key(all, group);
        let [subject, predicate] = recent;
        let question = Question { subject: subject.of(key.subject)?, predicate: predicate.of(key.predicate)? };
        let postings = all.postings(group);
        if let [one] = postings {
            let held = all.held(one).ok_or_else(damaged)?;
            return Ok(of_one(source, question, held, pick.latest_moment, Few::one(one.index)));
        }
        let read = |p: &Posting<Lies>| {
            let held = all.held(p).ok_or_else(damaged)?;
            Ok(Statement { index: p.index, held, taken_back: false })
        };
        let statements = postings.iter().map(read).collect::<Result<Vec<Statement>, OpenError>>()?;
        let live: Vec<&Statement> = statements.iter().collect();
        let entries = live.iter().map(|s| s.index).collect();
        Ok(standing(source, question, &live, pick.latest_moment, entries))
    }
}
