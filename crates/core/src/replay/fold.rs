//! The fold over the log. Two passes: the first finds everything that changes how other entries read or stand
//! (corrections, aliases, retractions, stances), the second the claims.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::combine::{Combined, combine};
use super::stances::FoundStance;
use super::view::{Query, Replay, Standing, TakenBack, View};
use crate::event::{Act, Alias, Content, Event, NameKind, Question};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::reading::{Aliases, Corrections, Reading};
use crate::text::{Label, Name, Text};
use crate::time::Stated;
use crate::value::Value;

/// Replays the ledger.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn replay(ledger: &Ledger, query: &Query) -> Result<Replay, OpenError> {
    let head = ledger.head();
    let record = Context::read(ledger, query)?;
    let mut questions = Questions::default();
    let prepare = |entry: Entry| -> Result<Option<Found>, OpenError> {
        if entry.index() >= record.known_entries {
            return Ok(None);
        }
        Ok(event_of(&entry)?.and_then(|event| record.claim(entry.index(), &event)))
    };
    ledger.scan(0, prepare, |found| {
        if let Some(found) = found {
            questions.add(found);
        }
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
    let mut views: BTreeMap<Name, View> = BTreeMap::new();
    record.place_standings(&questions, &mut views);
    record.place_stances(ledger, &questions, &mut views)?;
    record.choose_views(ledger, &mut views)?;
    let asked_as = query.filter.asked_as(&record.aliases);
    let unknown = |kind| record.unknown_names(kind);
    let (unknown_sources, unknown_predicates) = (unknown(NameKind::Source), unknown(NameKind::Predicate));
    let Context { known_entries, redacted, .. } = record;
    // `unattributed` is shown apart, after the parties.
    let (parties, nobody): (Vec<View>, Vec<View>) = views.into_values().partition(|v| !v.source.is_unattributed());
    let mut views: Vec<View> = parties.into_iter().chain(nobody).collect();
    for view in &mut views {
        view.standings.sort_by(|a, b| a.question.cmp(&b.question));
        view.taken_back.sort_by(|a, b| a.question.cmp(&b.question));
    }
    Ok(Replay { head, known_entries, views, asked_as, unknown_sources, unknown_predicates, redacted })
}

pub(super) fn event_of(entry: &Entry) -> Result<Option<Event>, OpenError> {
    Ok(entry.record()?.map(|r| r.event))
}

/// Who is asked what.
pub(super) type Cell = (Name, Question);

/// A claim that counts, in the names it is shown under.
struct Found {
    cell: Cell,
    statement: Statement,
}

pub(super) struct Statement {
    pub(super) index: u64,
    value: Value,
    unit: Option<Label>,
    act: Act,
    modality: Option<Text>,
    pub(super) stated: Stated,
    taken_back: bool,
}

/// The newest statements on each question, all of them for `unattributed`.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) cells: HashMap<Cell, Statements>,
}

pub(super) struct Statements {
    pub(super) newest: Vec<Statement>,
    /// The latest statement that has an hour, in microseconds: what a newest day may have outranked wrongly.
    latest_moment: Option<i64>,
}

impl Questions {
    fn add(&mut self, found: Found) {
        let Found { cell, statement } = found;
        let keeps_all = cell.0.is_unattributed();
        let last = statement.stated.last_instant();
        let is_moment = statement.stated.last_day().is_none() && !statement.taken_back;
        let moment = is_moment.then_some(last.micros());
        let Some(cell) = self.cells.get_mut(&cell) else {
            self.cells.insert(cell, Statements { newest: vec![statement], latest_moment: moment });
            return;
        };
        cell.latest_moment = cell.latest_moment.max(moment);
        let newest = cell.newest.first().map(|s| s.stated.last_instant());
        if keeps_all || newest == Some(last) {
            cell.newest.push(statement);
        } else if newest < Some(last) {
            cell.newest = vec![statement];
        }
    }
}

/// What the first pass found.
pub(super) struct Context<'q> {
    pub(super) query: &'q Query,
    known_entries: u64,
    pub(super) corrections: Corrections,
    pub(super) aliases: Aliases,
    /// For each entry taken back: who did, and in which entry.
    retractions: HashMap<u64, Vec<(Name, u64)>>,
    pub(super) stances: Vec<FoundStance>,
    redacted: Vec<u64>,
    /// For each of the filter's names, whether an entry has it.
    seen: Vec<bool>,
}

/// Which of the filter's names an event has, as its own or in a correction.
fn asked_names(query: &Query, event: &Event) -> Vec<usize> {
    let Some(said) = event.statement().map(|e| &e.content) else { return vec![] };
    let source = said.attribution().map(|by| &by.source);
    let predicate = said.question().map(|q| &q.predicate);
    let has = |(kind, asked): (NameKind, &Name)| match kind {
        NameKind::Source => source.is_some_and(|s| s.is_within(asked.as_str())),
        _ => predicate == Some(asked),
    };
    query.filter.names().enumerate().filter(|(_, name)| has(*name)).map(|(at, _)| at).collect()
}

impl<'q> Context<'q> {
    fn read(ledger: &Ledger, query: &'q Query) -> Result<Self, OpenError> {
        let mut known_entries = 0;
        let mut redacted = Vec::new();
        let mut events: Vec<(u64, Event)> = Vec::new();
        let prepare = |entry: Entry| -> Result<_, OpenError> {
            let event = event_of(&entry)?;
            let erased = event.is_none();
            let asked: Vec<usize> = event.as_ref().map(|e| asked_names(query, e)).unwrap_or_default();
            let acts = |e: &Event| !matches!(e.content, Content::Claim(_) | Content::Note(_) | Content::Redaction(_));
            Ok((entry.index(), entry.recorded(), erased, asked, event.filter(acts)))
        };
        let mut seen = vec![false; query.filter.names().count()];
        ledger.scan(0, prepare, |(index, recorded, erased, asked, event)| {
            if query.known_at.as_ref().is_some_and(|k| !k.includes(recorded)) {
                return Ok::<_, OpenError>(ControlFlow::Break(())); // recorded times never run backwards
            }
            known_entries = index + 1;
            for at in asked {
                if let Some(seen) = seen.get_mut(at) {
                    *seen = true;
                }
            }
            if erased {
                redacted.push(index);
            }
            events.extend(event.map(|e| (index, e)));
            Ok(ControlFlow::Continue(()))
        })?;

        let mut corrections = Corrections::default();
        for (index, event) in &events {
            if let Content::Correction(c) = &event.content {
                corrections.insert(*index, c.clone());
            }
        }
        let readings: Vec<(u64, &Event)> = events
            .iter()
            .filter_map(|(index, e)| match corrections.read(*index, e) {
                Reading::Event(event) => Some((*index, event)),
                Reading::Void { .. } => None,
            })
            .collect();
        let recorded: Vec<&Alias> = readings
            .iter()
            .filter_map(|(_, e)| if let Content::Alias(a) = &e.content { Some(a) } else { None })
            .collect();
        let aliases = Aliases::from_recorded(recorded);
        let (mut retractions, mut stances): (HashMap<u64, Vec<(Name, u64)>>, _) = (HashMap::new(), Vec::new());
        for (index, event) in readings {
            match &event.content {
                Content::Retraction(r) if includes(query, &r.by.stated) => {
                    let by = aliases.shown(NameKind::Source, &r.by.source).clone();
                    retractions.entry(r.of).or_default().push((by, index));
                }
                Content::Stance(s) if includes(query, &s.by.stated) => stances.push(FoundStance {
                    index,
                    source: aliases.shown(NameKind::Source, &s.by.source).clone(),
                    target: s.target.clone(),
                    stance: s.stance,
                    stated: s.by.stated.clone(),
                }),
                _ => {}
            }
        }
        Ok(Self { query, known_entries, corrections, aliases, retractions, stances, redacted, seen })
    }

    pub(super) fn shown(&self, question: &Question) -> Question {
        Question {
            subject: self.aliases.shown(NameKind::Subject, &question.subject).clone(),
            predicate: self.aliases.shown(NameKind::Predicate, &question.predicate).clone(),
        }
    }

    /// Whether answers to a question are shown.
    pub(super) fn wants(&self, question: &Question) -> bool {
        self.query.filter.wants_question(question, &self.aliases)
    }

    /// The retractions by which a source took back an entry of its own.
    pub(super) fn taken_back(&self, index: u64, source: &Name) -> impl Iterator<Item = u64> {
        self.retractions.get(&index).into_iter().flatten().filter(move |(by, _)| by == source).map(|(_, r)| *r)
    }

    /// The claim that an entry makes, if it counts at this date.
    fn claim(&self, index: u64, event: &Event) -> Option<Found> {
        let Reading::Event(event) = self.corrections.read(index, event) else { return None };
        let Content::Claim(claim) = &event.content else { return None };
        if !includes(self.query, &claim.by.stated) || !self.wants(&claim.question) {
            return None;
        }
        let source = self.aliases.shown(NameKind::Source, &claim.by.source).clone();
        let statement = Statement {
            index,
            value: claim.value.clone(),
            unit: claim.unit.clone(),
            act: claim.act,
            modality: claim.modality.clone(),
            stated: claim.by.stated.clone(),
            taken_back: self.taken_back(index, &source).next().is_some(),
        };
        Some(Found { cell: (source, self.shown(&claim.question)), statement })
    }

    fn place_standings(&self, questions: &Questions, views: &mut BTreeMap<Name, View>) {
        for ((source, question), cell) in &questions.cells {
            let view = view_of(views, source);
            let live: Vec<&Statement> = cell.newest.iter().filter(|s| !s.taken_back).collect();
            if live.is_empty() {
                let mut entries = BTreeSet::new();
                for statement in &cell.newest {
                    entries.extend(self.corrections.trail(statement.index));
                    entries.extend(self.taken_back(statement.index, source).flat_map(|r| self.corrections.trail(r)));
                }
                view.taken_back.push(TakenBack { question: question.clone(), entries: entries.into_iter().collect() });
            } else {
                view.standings.push(self.standing(source, question, cell, &live));
            }
        }
    }

    fn standing(&self, source: &Name, question: &Question, cell: &Statements, live: &[&Statement]) -> Standing {
        let values: Vec<(&Value, Option<&Label>)> = live.iter().map(|s| (&s.value, s.unit.as_ref())).collect();
        let combined = if source.is_unattributed() { side_by_side(&values) } else { combine(&values) };
        let newest = live.iter().max_by_key(|s| (s.stated.last_instant(), std::cmp::Reverse(s.index)));
        let outranked = |s: &&Statement| {
            s.stated
                .first_instant()
                .zip(cell.latest_moment)
                .is_some_and(|(first, moment)| first.micros() <= moment && moment < s.stated.last_instant().micros())
        };
        let mut entries: Vec<u64> = live.iter().flat_map(|s| self.corrections.trail(s.index)).collect();
        entries.sort_unstable();
        entries.dedup();
        Standing {
            question: question.clone(),
            combined: Some(combined),
            acts: distinct(live.iter().map(|s| s.act)),
            modality: distinct(live.iter().filter_map(|s| s.modality.clone())),
            stated: newest.map(|s| s.stated.clone()),
            uncertain: live.iter().any(|s| s.stated.is_uncertain()),
            order_unknown: !source.is_unattributed() && live.iter().any(outranked),
            entries,
            stances: vec![],
        }
    }

    /// Names of a kind in the filter that stand on no entry and are no other name of anything.
    fn unknown_names(&self, kind: NameKind) -> Vec<Name> {
        let asked = self.query.filter.names().zip(&self.seen).filter(|((k, _), seen)| *k == kind && !**seen);
        let unknown = asked.filter(|((_, name), _)| self.aliases.members(kind, name).len() < 2);
        unknown.map(|((_, name), _)| name.clone()).collect()
    }

    /// Keeps what the filter wants, and adds empty views for sources that were asked for and have nothing to show.
    fn choose_views(&self, ledger: &Ledger, views: &mut BTreeMap<Name, View>) -> Result<(), OpenError> {
        let filter = &self.query.filter;
        views.retain(|source, _| filter.wants_source(source, &self.aliases));
        if filter.picks_entries() {
            for view in views.values_mut() {
                self.pick_entries(ledger, view)?;
            }
            views.retain(|_, view| !view.standings.is_empty() || !view.taken_back.is_empty());
        }
        for asked in &filter.sources {
            view_of(views, self.aliases.shown(NameKind::Source, asked));
        }
        Ok(())
    }

    /// Keeps what rests on an entry that the filter wants.
    fn pick_entries(&self, ledger: &Ledger, view: &mut View) -> Result<(), OpenError> {
        for standing in std::mem::take(&mut view.standings) {
            let stances = standing.stances.iter().flat_map(|s| &s.entries);
            if self.has_picked(ledger, standing.entries.iter().chain(stances))? {
                view.standings.push(standing);
            }
        }
        for taken_back in std::mem::take(&mut view.taken_back) {
            if self.has_picked(ledger, taken_back.entries.iter())? {
                view.taken_back.push(taken_back);
            }
        }
        Ok(())
    }

    /// Whether the filter wants one of these entries, each as it reads now.
    fn has_picked<'e>(&self, ledger: &Ledger, entries: impl Iterator<Item = &'e u64>) -> Result<bool, OpenError> {
        for &index in entries {
            let Some(entry) = ledger.entry(index)? else { continue };
            let Some(record) = entry.record()? else { continue };
            let Reading::Event(event) = self.corrections.read(index, &record.event) else { continue };
            // What an overtaken correction put in place does not count any more.
            let overtaken = matches!(&event.content, Content::Correction(c)
                if self.corrections.in_force(c.of).is_none_or(|(by, _)| by != index));
            if !overtaken && self.query.filter.wants_entry(record.recorder.as_ref(), event) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

pub(super) fn includes(query: &Query, stated: &Stated) -> bool {
    query.as_of.as_ref().is_none_or(|as_of| as_of.includes(stated))
}

pub(super) fn view_of<'v>(views: &'v mut BTreeMap<Name, View>, source: &Name) -> &'v mut View {
    views.entry(source.clone()).or_insert_with(|| View {
        source: source.clone(),
        standings: vec![],
        taken_back: vec![],
    })
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
    let one = if let [(value, unit)] = values { Some(((*value).clone(), unit.cloned())) } else { None };
    match one {
        Some((value, unit)) => Combined { value: Some(value), values: vec![], unit, consistent: None, why: None },
        None => {
            let units = distinct(values.iter().map(|(_, u)| *u));
            let unit = if let [unit] = units.as_slice() { unit.cloned() } else { None };
            let values = values.iter().map(|(v, u)| ((*v).clone(), u.cloned())).collect();
            Combined { value: None, values, unit, consistent: None, why: None }
        }
    }
}
