//! What has to be known before it can be said which claims stand: corrections, aliases, retractions, stances.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::stances::FoundStance;
use super::statement::{Cell, Questions, Statement, standing};
use super::view::{Query, TakenBack, View};
use crate::event::{Alias, Content, Event, NameKind, Question};
use crate::reading::{Aliases, Corrections, Reading};
use crate::text::Name;
use crate::time::Stated;

/// An event and its place in the log.
pub(super) type Indexed<'e> = (u64, &'e Event);

/// How entries read at a moment, and what sources did about them.
pub(super) struct Context<'q> {
    pub(super) query: &'q Query,
    pub(super) corrections: Corrections,
    pub(super) aliases: Aliases,
    /// For each entry taken back: who did, and in which entry.
    retractions: HashMap<u64, Vec<(Name, u64)>>,
    pub(super) stances: Vec<FoundStance>,
}

/// The corrections among events, which come in the order of recording.
pub(super) fn corrections<'e>(events: impl Iterator<Item = Indexed<'e>>) -> Corrections {
    let mut corrections = Corrections::default();
    for (index, event) in events {
        if let Content::Correction(c) = &event.content {
            corrections.insert(index, c.clone());
        }
    }
    corrections
}

/// The aliases among events, as they read, in the order of recording.
pub(super) fn aliases<'e>(corrections: &Corrections, events: impl Iterator<Item = Indexed<'e>>) -> Aliases {
    let recorded: Vec<Alias> = events
        .filter_map(|(index, event)| match corrections.read(index, event) {
            Reading::Event(Event { content: Content::Alias(alias), .. }) => Some(alias.clone()),
            _ => None,
        })
        .collect();
    Aliases::from_recorded(&recorded)
}

impl<'q> Context<'q> {
    /// Takes events in the order of recording.
    pub(super) fn new<'e>(
        query: &'q Query,
        corrections: Corrections,
        aliases: Aliases,
        events: impl Iterator<Item = Indexed<'e>>,
    ) -> Self {
        let (mut retractions, mut stances): (HashMap<u64, Vec<(Name, u64)>>, _) = (HashMap::new(), Vec::new());
        for (index, event) in events {
            let Reading::Event(event) = corrections.read(index, event) else { continue };
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
        Self { query, corrections, aliases, retractions, stances }
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

    /// The claim that an entry makes, in the names it is shown under, if it counts at this date.
    pub(super) fn claim(&self, index: u64, event: &Event) -> Option<(Cell, Statement)> {
        let Reading::Event(event) = self.corrections.read(index, event) else { return None };
        let Content::Claim(claim) = &event.content else { return None };
        if !includes(self.query, &claim.by.stated) || !self.wants(&claim.question) {
            return None;
        }
        let source = self.aliases.shown(NameKind::Source, &claim.by.source).clone();
        let statement = Statement::new(index, claim, self.taken_back(index, &source).next().is_some());
        Some(((source, self.shown(&claim.question)), statement))
    }

    /// What each source stands by, without its stances.
    pub(super) fn place_standings(&self, questions: &Questions, views: &mut BTreeMap<Name, View>) {
        for ((source, question), cell) in &questions.cells {
            let view = view_of(views, source);
            let live: Vec<&Statement> = cell.newest.iter().filter(|s| !s.taken_back).collect();
            let mut entries = BTreeSet::new();
            if live.is_empty() {
                for statement in &cell.newest {
                    entries.extend(self.corrections.trail(statement.index));
                    entries.extend(self.taken_back(statement.index, source).flat_map(|r| self.corrections.trail(r)));
                }
                view.taken_back.push(TakenBack { question: question.clone(), entries: entries.into_iter().collect() });
            } else {
                entries.extend(live.iter().flat_map(|s| self.corrections.trail(s.index)));
                let entries = entries.into_iter().collect();
                view.standings.push(standing(source, question.clone(), &live, cell.latest_moment, entries));
            }
        }
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
