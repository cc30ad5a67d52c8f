//! Replay from the projection: straight to the postings that matter.
//!
//! What is posted under one question and hangs on nothing else is **simple**: its standing is made of its postings alone. Anything
//! that is corrected, taken back, denied, or known under two names is **entangled**: those entries are gathered with all
//! that hangs on them, and replayed as the fold would.

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::context::Context;
use super::few::Few;
use super::gather::{self, Gathered};
use super::shown::{Drawn, Names};
use super::statement::{Questions, Statement, of_one, standing};
use super::view::{Query, Replay, Standing};
use crate::body::Record;
use crate::event::{Attribution, Claim, Content, Event, NameKind, Question};
use crate::ledger::{DamageError, Ledger, OpenError};
use crate::projection::{self, Group, Groups, Held, Kept, Kind, Order, Posting, Ranges, Reader, names, question_of};
use crate::reading::Aliases;
use crate::text::Name;
use crate::time::AsOf;

/// `on`: look at these questions alone.
pub(super) fn replay(
    ledger: &Ledger,
    reader: &Reader,
    query: &Query,
    on: Option<&BTreeSet<Question>>,
) -> Result<Replay, OpenError> {
    let aliases = gather::aliases(ledger, reader)?;
    let ranges = match on {
        Some(questions) => Ranges::questions(questions.iter(), &aliases),
        None => Ranges::of(&query.filter, &aliases).narrowed(&query.filter, &aliases),
    };
    let order = ranges.order;
    let sorter = Sorter { reader, query, aliases: &aliases, order };
    let mut gathered = Gathered::new(ledger, reader);
    let mut simple: Vec<(Name, Vec<Standing>)> = Vec::new();
    for sorted in reader.scan(&ranges, |groups| sorter.sort(groups))? {
        simple.extend(sorted.simple);
        gathered.add(sorted.entangled)?;
    }
    if order == Order::Source {
        // A stance hangs on a claim of another source, and says what has become of it.
        let asked = gathered.add_targets(|source| query.filter.wants_source(source, &aliases))?;
        if !asked.is_empty() {
            let ranges = Ranges::questions(asked.iter(), &aliases);
            let sorter = Sorter { order: ranges.order, ..sorter };
            for events in reader.scan(&ranges, |groups| sorter.all_entangled(groups))? {
                gathered.add(events)?;
            }
            simple.iter_mut().for_each(|(_, standings)| standings.retain(|s| !asked.contains(&s.question)));
        }
    }
    let filter = &query.filter;
    let known_name = |kind, name: &Name| {
        // What was found need not be looked up.
        let found = match kind {
            NameKind::Predicate => simple.iter().flat_map(|(_, s)| s.first()).any(|s| s.question.predicate == *name),
            _ => simple.first().is_some_and(|(source, _)| source.is_within(name.as_str())),
        };
        if found { Ok(true) } else { reader.has_name(kind, name.as_str()).map_err(OpenError::from) }
    };
    let names = Names::look_up(filter, known_name)?;
    let context = Context::new(query, gathered.corrections(), aliases, gathered.events());
    let mut questions = Questions::default();
    for (index, event) in gathered.events() {
        if let Some((cell, statement)) = context.claim(index, event) {
            questions.add(cell, statement);
        }
    }
    let mut drawn = Drawn::of(&context, &questions, &|index| gathered.find(index))?;
    drawn.add(simple);
    drawn.replay(ledger, &context, names, reader.head(), reader.known(), reader.redacted())
}

/// Standings of a source on one subject, mostly.
const USUAL_STANDINGS: usize = 32;

/// What a piece of the projection comes to.
#[derive(Default)]
struct Sorted {
    /// Standings by source; a source can come several times.
    simple: Vec<(Name, Vec<Standing>)>,
    entangled: Vec<(u64, Event)>,
}

impl Sorted {
    /// Adds to the standings of a source. `most`: how many there may be. Room for all of them is made once for the first source, which is
    /// mostly the only one that was asked for; the others, of which there can be tens of thousands, have what they need.
    fn push(&mut self, source: Name, standing: Standing, most: usize) {
        const NEAR: usize = 16;
        let room = match self.simple.len() {
            0 => most,
            1..NEAR => most.min(USUAL_STANDINGS),
            _ => 1,
        };
        let near = self.simple.iter_mut().rev().take(NEAR).find(|(name, _)| *name == source);
        if let Some((_, standings)) = near {
            return standings.push(standing);
        }
        let mut standings = Vec::with_capacity(room);
        standings.push(standing);
        self.simple.push((source, standings));
    }
}

/// Tells simple from entangled.
#[derive(Clone, Copy)]
struct Sorter<'a> {
    reader: &'a Reader,
    query: &'a Query,
    aliases: &'a Aliases,
    order: Order,
}

/// The names that a group stands under, as they were recorded.
#[derive(Clone, Copy)]
struct Key<'k> {
    source: &'k str,
    subject: &'k str,
    predicate: &'k str,
}

impl Sorter<'_> {
    fn sort(&self, all: &Groups) -> Result<Sorted, OpenError> {
        let mut sorted = Sorted::default();
        match self.order {
            // Whoever speaks on a question stands or falls with all who do.
            Order::Question => {
                let same = |a: &Group, b: &Group| question_of(all.key(a)) == question_of(all.key(b));
                all.groups.chunk_by(same).try_for_each(|groups| self.sort_together(all, groups, &mut sorted))?;
            }
            Order::Source => {
                all.groups.chunks(1).try_for_each(|group| self.sort_together(all, group, &mut sorted))?;
            }
        }
        Ok(sorted)
    }

    fn sort_together(&self, all: &Groups, groups: &[Group], sorted: &mut Sorted) -> Result<(), OpenError> {
        let Some(first) = groups.first() else { return Ok(()) };
        let Some(question) = self.key(all, first)?.question()? else {
            return self.entangle(all, groups, sorted); // stances, which name no question
        };
        if !self.query.filter.wants_question(&question, self.aliases) {
            return Ok(());
        }
        let mut entangled = self.aliases.is_joined(NameKind::Subject, &question.subject)
            || self.aliases.is_joined(NameKind::Predicate, &question.predicate);
        for group in groups {
            entangled = entangled || self.is_entangled(all, group)?;
        }
        if entangled {
            return self.entangle(all, groups, sorted);
        }
        // The last one takes the question itself: mostly there is one.
        let mut question = Some(question);
        let most = if self.order == Order::Source { all.groups.len() } else { all.groups.len().min(USUAL_STANDINGS) };
        for (at, group) in groups.iter().enumerate() {
            let source = name(self.key(all, group)?.source)?;
            let question = if at + 1 == groups.len() { question.take() } else { question.clone() };
            if self.query.filter.wants_source(&source, self.aliases)
                && let Some(question) = question
                && let Some(standing) = self.simple(&source, question, all, all.postings(group))?
            {
                sorted.push(source, standing, most);
            }
        }
        Ok(())
    }

    fn is_entangled(&self, all: &Groups, group: &Group) -> Result<bool, OpenError> {
        if !self.aliases.is_empty() && self.aliases.is_joined(NameKind::Source, &name(self.key(all, group)?.source)?) {
            return Ok(true);
        }
        for posting in all.postings(group) {
            if posting.kind != Kind::Claim || self.is_amended(posting.index)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an entry is known to be corrected, taken back, or spoken of by somebody. Our notes on it change nothing.
    fn is_amended(&self, index: u64) -> Result<bool, OpenError> {
        let is_note = |event: &Event| matches!(event.statement().map(|e| &e.content), Some(Content::Note(_)));
        // Mostly nothing refers to it, and this is asked of every claim.
        Ok(self.reader.is_linked(index)? && self.reader.links(index)?.iter().any(|(_, event)| !is_note(event)))
    }

    /// The standing that simple claims come to.
    fn simple(
        &self,
        source: &Name,
        question: Question,
        all: &Groups,
        postings: &[Posting<Kept>],
    ) -> Result<Option<Standing>, OpenError> {
        let limits = self.query.as_of.as_ref().map(AsOf::limits);
        let counts = |p: &&Posting<Kept>| limits.is_none_or(|limits| limits.admit(p.last, p.day));
        let (mut newest, mut ties, mut latest_moment) = (None, 0, None);
        for p in postings.iter().filter(counts) {
            if p.day.is_none() {
                latest_moment = latest_moment.max(Some(p.last));
            }
            match newest {
                Some(last) if p.last < last => {}
                Some(last) if p.last == last => ties += 1,
                _ => (newest, ties) = (Some(p.last), 1),
            }
        }
        let Some(newest) = newest else { return Ok(None) };
        let stands = |p: &&Posting<Kept>| counts(p) && (p.last == newest || source.is_unattributed());
        let mut standing_by = postings.iter().filter(stands);
        if ties == 1 && !source.is_unattributed() {
            let Some(one) = standing_by.next() else { return Ok(None) };
            return Ok(Some(of_one(source, question, held(all, one)?, latest_moment, Few::one(one.index))));
        }
        let read = |p: &Posting<Kept>| Ok(Statement { index: p.index, held: held(all, p)?, taken_back: false });
        let statements = standing_by.map(read).collect::<Result<Vec<Statement>, OpenError>>()?;
        let live: Vec<&Statement> = statements.iter().collect();
        let entries = live.iter().map(|s| s.index).collect();
        Ok(Some(standing(source, question, &live, latest_moment, entries)))
    }

    /// Every entry, as far as a replay needs it.
    fn all_entangled(&self, all: &Groups) -> Result<Vec<(u64, Event)>, OpenError> {
        let mut sorted = Sorted::default();
        self.entangle(all, &all.groups, &mut sorted)?;
        Ok(sorted.entangled)
    }

    fn entangle(&self, all: &Groups, groups: &[Group], sorted: &mut Sorted) -> Result<(), OpenError> {
        for group in groups {
            let key = self.key(all, group)?;
            let question = key.question()?;
            let source = name(key.source)?;
            for posting in all.postings(group) {
                match (posting.kind, &question) {
                    (Kind::Claim, Some(question)) => {
                        sorted.entangled.push((posting.index, claim(all, posting, &source, question)?));
                    }
                    _ => sorted.entangled.push((posting.index, event(all, posting)?)),
                }
            }
        }
        Ok(())
    }

    fn key<'k>(&self, all: &'k Groups, group: &Group) -> Result<Key<'k>, OpenError> {
        let [a, b, c] = names(all.key(group)).ok_or_else(damaged)?;
        Ok(match self.order {
            Order::Question => Key { source: c, subject: a, predicate: b },
            Order::Source => Key { source: a, subject: b, predicate: c },
        })
    }
}

impl Key<'_> {
    /// `None` if no question is named.
    fn question(&self) -> Result<Option<Question>, OpenError> {
        if self.subject.is_empty() {
            return Ok(None);
        }
        Ok(Some(Question { subject: name(self.subject)?, predicate: name(self.predicate)? }))
    }
}

fn damaged() -> OpenError {
    projection::damaged().into()
}

fn name(text: &str) -> Result<Name, OpenError> {
    Name::try_from(CompactString::from(text)).map_err(|_| damaged())
}

fn held(all: &Groups, posting: &Posting<Kept>) -> Result<Held, OpenError> {
    projection::unpack(&all.raw(posting)).ok_or_else(damaged)
}

/// A claim with no more in it than what was posted.
fn claim(all: &Groups, posting: &Posting<Kept>, source: &Name, question: &Question) -> Result<Event, OpenError> {
    let (stated, value, unit, act, modality) = held(all, posting)?;
    let (source, question) = (source.clone(), question.clone());
    let by = Attribution {
        source,
        stated,
        speaker: None,
        body: None,
        via: vec![],
        published: None,
        lang: None,
        translated: false,
    };
    let claim = Claim { by, question, value, unit, act, modality, occurred: None, quote: None };
    Ok(Event { id: None, content: Content::Claim(Box::new(claim)), note: None, citations: vec![], tags: vec![] })
}

fn event(all: &Groups, posting: &Posting<Kept>) -> Result<Event, OpenError> {
    let record = Record::decode(all.raw(posting).content.own);
    Ok(record.map_err(|e| DamageError::at(posting.index, &e.to_string()))?.event)
}
