//! From what stands to what is shown: the filter's choice, names that nobody knows, and the order of views.

use std::collections::{BTreeMap, HashSet};

use super::context::{Context, view_of};
use super::filter::Filter;
use super::stances::Find;
use super::statement::Questions;
use super::view::{Query, Replay, Standing, View};
use crate::entry::Head;
use crate::event::{Content, Event, NameKind};
use crate::ledger::{Ledger, OpenError};
use crate::reading::Reading;
use crate::text::Name;

/// Which of a filter's names were seen on some entry.
#[derive(Default)]
pub(super) struct Names(Vec<bool>);

impl Names {
    pub(super) fn unseen(filter: &Filter) -> Self {
        Self(vec![false; filter.names().count()])
    }

    /// Looks each of the filter's names up.
    pub(super) fn look_up<E>(filter: &Filter, known: impl Fn(NameKind, &Name) -> Result<bool, E>) -> Result<Self, E> {
        filter.names().map(|(kind, name)| known(kind, name)).collect::<Result<_, E>>().map(Self)
    }

    /// Those that an event has, as its own or in a correction, by their places in the filter.
    pub(super) fn of(filter: &Filter, event: &Event) -> Vec<usize> {
        let Some(said) = event.statement().map(|e| &e.content) else { return vec![] };
        let source = said.attribution().map(|by| &by.source);
        let predicate = said.question().map(|q| &q.predicate);
        let has = |(kind, asked): (NameKind, &Name)| match kind {
            NameKind::Source => source.is_some_and(|s| s.is_within(asked.as_str())),
            _ => predicate == Some(asked),
        };
        filter.names().enumerate().filter(|(_, name)| has(*name)).map(|(at, _)| at).collect()
    }

    pub(super) fn see(&mut self, places: Vec<usize>) {
        for at in places {
            if let Some(seen) = self.0.get_mut(at) {
                *seen = true;
            }
        }
    }

    /// Names of a kind that stand on no entry and are no other name of anything.
    fn unknown(&self, context: &Context<'_>, kind: NameKind) -> Vec<Name> {
        let asked = context.query.filter.names().zip(&self.0).filter(|((k, _), seen)| *k == kind && !**seen);
        let unknown = asked.filter(|((_, name), _)| context.aliases.members(kind, name).len() < 2);
        unknown.map(|((_, name), _)| name.clone()).collect()
    }
}

/// All views, before anything is left out.
pub(super) struct Drawn(pub(super) BTreeMap<Name, View>);

impl Drawn {
    pub(super) fn of(context: &Context<'_>, questions: &Questions, find: Find<'_>) -> Result<Self, OpenError> {
        let mut views = BTreeMap::new();
        context.place_standings(questions, &mut views);
        context.place_stances(find, questions, &mut views)?;
        Ok(Self(views))
    }

    /// Adds standings that needed no context: of each source in the order of their questions, as those that are there.
    pub(super) fn add(&mut self, standings: Vec<(Name, Vec<Standing>)>) {
        for (source, mut standings) in standings {
            let all = &mut view_of(&mut self.0, &source).standings;
            if all.is_empty() {
                *all = standings;
            } else {
                all.append(&mut standings);
                all.sort_by(|a, b| a.question.cmp(&b.question));
            }
        }
    }

    /// The answer: what the filter wants of it.
    pub(super) fn replay(
        mut self,
        ledger: &Ledger,
        context: &Context<'_>,
        names: Names,
        head: Head,
        known_entries: u64,
        redacted: Vec<u64>,
    ) -> Result<Replay, OpenError> {
        self.choose(ledger, context)?;
        // `unattributed` is shown apart, after the parties.
        let (parties, nobody): (Vec<View>, Vec<View>) = self.0.into_values().partition(|v| !v.source.is_unattributed());
        let mut views: Vec<View> = parties.into_iter().chain(nobody).collect();
        for view in &mut views {
            debug_assert!(view.standings.is_sorted_by(|a, b| a.question < b.question), "{} out of order", view.source);
            view.taken_back.sort_by(|a, b| a.question.cmp(&b.question));
        }
        let Query { filter, .. } = context.query;
        let asked_as = filter.asked_as(&context.aliases);
        let unknown_sources = names.unknown(context, NameKind::Source);
        let unknown_predicates = names.unknown(context, NameKind::Predicate);
        Ok(Replay { head, known_entries, views, asked_as, unknown_sources, unknown_predicates, redacted })
    }

    /// Keeps what the filter wants, and adds empty views for sources that were asked for and have nothing to show.
    fn choose(&mut self, ledger: &Ledger, context: &Context<'_>) -> Result<(), OpenError> {
        let (views, filter) = (&mut self.0, &context.query.filter);
        views.retain(|source, _| filter.wants_source(source, &context.aliases));
        if filter.picks_entries() {
            let picked = picked(ledger, context, views.values())?;
            for view in views.values_mut() {
                let is_picked = |entries: &[u64]| entries.iter().any(|index| picked.contains(index));
                view.standings.retain(|s| is_picked(&s.entries) || s.stances.iter().any(|st| is_picked(&st.entries)));
                view.taken_back.retain(|t| is_picked(&t.entries));
            }
            views.retain(|_, view| !view.standings.is_empty() || !view.taken_back.is_empty());
        }
        for asked in &filter.sources {
            view_of(views, context.aliases.shown(NameKind::Source, asked));
        }
        Ok(())
    }
}

/// The entries that the filter wants of those that the views rest on, each as it reads now.
fn picked<'v>(
    ledger: &Ledger,
    context: &Context<'_>,
    views: impl Iterator<Item = &'v View>,
) -> Result<HashSet<u64>, OpenError> {
    let mut entries: Vec<u64> = Vec::new();
    for view in views {
        for standing in &view.standings {
            entries.extend(&standing.entries);
            entries.extend(standing.stances.iter().flat_map(|s| &s.entries));
        }
        entries.extend(view.taken_back.iter().flat_map(|t| &t.entries));
    }
    entries.sort_unstable();
    entries.dedup();
    let wanted = ledger.read_each(&entries, |entry| -> Result<Option<u64>, OpenError> {
        let index = entry.index();
        let Some(record) = entry.record()? else { return Ok(None) };
        let Reading::Event(event) = context.corrections.read(index, &record.event) else { return Ok(None) };
        // What an overtaken correction put in place does not count any more.
        let overtaken = matches!(&event.content, Content::Correction(c)
            if context.corrections.in_force(c.of).is_none_or(|(by, _)| by != index));
        let wants = !overtaken && context.query.filter.wants_entry(record.recorder.as_ref(), event);
        Ok(wants.then_some(index))
    })?;
    Ok(wanted.into_iter().flatten().collect())
}
