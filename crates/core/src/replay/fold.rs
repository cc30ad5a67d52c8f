//! The fold over the log. Two passes: the first finds everything that changes how other entries read or stand
//! (corrections, aliases, retractions, stances), the second the claims.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::combine::{Combined, combine};
use super::stances::FoundStance;
use super::view::{AskedAs, Query, Replay, Standing, TakenBack, View};
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
    let asked_as = record.choose_views(&mut views);
    let unknown_sources = record.unknown_sources();
    let Context { known_entries, redacted, .. } = record;
    // `unattributed` is shown apart, after the parties.
    let (parties, nobody): (Vec<View>, Vec<View>) = views.into_values().partition(|v| !v.source.is_unattributed());
    let mut views: Vec<View> = parties.into_iter().chain(nobody).collect();
    for view in &mut views {
        view.standings.sort_by(|a, b| a.question.cmp(&b.question));
        view.taken_back.sort_by(|a, b| a.question.cmp(&b.question));
    }
    Ok(Replay { head, known_entries, views, asked_as, unknown_sources, redacted })
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
    /// For each source of the query, whether an entry has it.
    seen: Vec<bool>,
}

/// Which sources of the query an event names, as its own or in a correction.
fn asked_sources(query: &Query, event: &Event) -> Vec<usize> {
    let source = match &event.content {
        Content::Claim(c) => &c.by.source,
        Content::Stance(s) => &s.by.source,
        Content::Retraction(r) => &r.by.source,
        Content::Correction(c) => return c.replacement.as_ref().map(|e| asked_sources(query, e)).unwrap_or_default(),
        _ => return vec![],
    };
    let asked = query.sources.iter().enumerate();
    asked.filter(|(_, asked)| source.is_within(asked.as_str())).map(|(at, _)| at).collect()
}

impl<'q> Context<'q> {
    fn read(ledger: &Ledger, query: &'q Query) -> Result<Self, OpenError> {
        let mut known_entries = 0;
        let mut redacted = Vec::new();
        let mut events: Vec<(u64, Event)> = Vec::new();
        let prepare = |entry: Entry| -> Result<_, OpenError> {
            let event = event_of(&entry)?;
            let erased = event.is_none();
            let asked: Vec<usize> = event.as_ref().map(|e| asked_sources(query, e)).unwrap_or_default();
            let acts = |e: &Event| !matches!(e.content, Content::Claim(_) | Content::Note(_) | Content::Redaction(_));
            Ok((entry.index(), entry.recorded(), erased, asked, event.filter(acts)))
        };
        let mut seen = vec![false; query.sources.len()];
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

    /// Whether a subject, under any of its names, begins as was asked.
    pub(super) fn wants(&self, subject: &Name) -> bool {
        let prefix = self.query.subject_prefix.as_str();
        prefix.is_empty()
            || self.aliases.members(NameKind::Subject, subject).iter().any(|n| n.as_str().starts_with(prefix))
    }

    /// The retractions by which a source took back an entry of its own.
    pub(super) fn taken_back(&self, index: u64, source: &Name) -> impl Iterator<Item = u64> {
        self.retractions.get(&index).into_iter().flatten().filter(move |(by, _)| by == source).map(|(_, r)| *r)
    }

    /// The claim that an entry makes, if it counts at this date.
    fn claim(&self, index: u64, event: &Event) -> Option<Found> {
        let Reading::Event(event) = self.corrections.read(index, event) else { return None };
        let Content::Claim(claim) = &event.content else { return None };
        if !includes(self.query, &claim.by.stated) || !self.wants(&claim.question.subject) {
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

    fn unknown_sources(&self) -> Vec<Name> {
        let asked = self.query.sources.iter().zip(&self.seen);
        let unknown = asked.filter(|(name, seen)| !**seen && self.aliases.members(NameKind::Source, name).len() < 2);
        unknown.map(|(name, _)| name.clone()).collect()
    }

    /// Keeps the views that were asked for, adds empty ones for sources that have nothing, and says which names of the
    /// query are answered under another.
    fn choose_views(&self, views: &mut BTreeMap<Name, View>) -> Vec<AskedAs> {
        let mut asked_as = Vec::new();
        let mut wanted: Vec<Name> = Vec::new();
        for asked in &self.query.sources {
            let shown = self.aliases.shown(NameKind::Source, asked);
            if shown != asked {
                asked_as.push(AskedAs { names: NameKind::Source, asked: asked.clone(), shown: shown.clone() });
            }
            wanted.push(shown.clone());
        }
        if !wanted.is_empty() {
            // Children of any of a source's names: an alias of the parent does not take them away.
            let names: Vec<&Name> = wanted.iter().flat_map(|w| self.aliases.members(NameKind::Source, w)).collect();
            views.retain(|source, _| names.iter().any(|name| source.is_within(name.as_str())));
            for source in &wanted {
                view_of(views, source);
            }
        }
        if let Ok(asked) = Name::new(&self.query.subject_prefix) {
            let shown = self.aliases.shown(NameKind::Subject, &asked);
            if *shown != asked {
                asked_as.push(AskedAs { names: NameKind::Subject, asked: asked.clone(), shown: shown.clone() });
            }
        }
        asked_as
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
