//! Replay from the projection: straight to the postings that matter.
//!
//! What is posted under one question and hangs on nothing else is **simple**: its standing is made of its postings alone. Anything
//! that is corrected, taken back, denied, or known under two names is **entangled**: those entries are gathered with all
//! that hangs on them, and replayed as the fold would.

use chrono::NaiveDate;
use compact_str::CompactString;

use super::context::Context;
use super::gather::{self, Gathered};
use super::ranges::Ranges;
use super::shown::{Drawn, Names};
use super::statement::{Held, Questions, Statement, standing};
use super::view::{Query, Replay, Standing};
use crate::body::{self, Record};
use crate::event::{Attribution, Claim, Content, Event, NameKind, Question};
use crate::ledger::{DamageError, Ledger, OpenError};
use crate::projection::{self, Group, Kind, Order, RawPosting, Reader, names, question_of};
use crate::reading::Aliases;
use crate::text::Name;
use crate::time::Instant;

pub(super) fn replay(ledger: &Ledger, reader: &Reader, query: &Query) -> Result<Replay, OpenError> {
    let aliases = gather::aliases(ledger, reader)?;
    let Ranges { order, ranges } = Ranges::of(&query.filter, &aliases);
    let sorter = Sorter { reader, query, aliases: &aliases, order };
    let mut gathered = Gathered::new(ledger, reader);
    let mut simple: Vec<Vec<(Name, Standing)>> = Vec::new();
    for sorted in reader.scan(order, &ranges, |groups| sorter.sort(&groups))? {
        simple.push(sorted.simple);
        gathered.add(sorted.entangled)?;
    }
    if order == Order::Source {
        // A stance hangs on a claim of another source, and says what has become of it.
        let asked = gathered.add_targets(|source| query.filter.wants_source(source, &aliases))?;
        if !asked.is_empty() {
            let Ranges { order, ranges } = Ranges::questions(asked.iter(), &aliases);
            let sorter = Sorter { order, ..sorter };
            for events in reader.scan(order, &ranges, |groups| sorter.all_entangled(&groups))? {
                gathered.add(events)?;
            }
            simple.iter_mut().for_each(|piece| piece.retain(|(_, s)| !asked.contains(&s.question)));
        }
    }
    let filter = &query.filter;
    let known_name = |kind, name: &Name| reader.has_name(kind, name.as_str()).map_err(OpenError::from);
    let names = Names::look_up(filter, known_name)?;
    let context = Context::new(query, gathered.corrections(), aliases, gathered.events());
    let mut questions = Questions::default();
    for (index, event) in gathered.events() {
        if let Some((cell, statement)) = context.claim(index, event) {
            questions.add(cell, statement);
        }
    }
    let mut drawn = Drawn::of(&context, &questions, &|index| gathered.find(index))?;
    for piece in simple {
        let mut rest = piece.into_iter().peekable();
        while let Some((source, first)) = rest.next() {
            let more = std::iter::from_fn(|| rest.next_if(|(s, _)| *s == source).map(|(_, standing)| standing));
            drawn.add(&source, std::iter::once(first).chain(more));
        }
    }
    drawn.replay(ledger, &context, names, reader.head(), reader.known(), reader.redacted())
}

/// What a piece of the projection comes to.
struct Sorted {
    simple: Vec<(Name, Standing)>,
    entangled: Vec<(u64, Event)>,
}

/// Tells simple from entangled.
#[derive(Clone, Copy)]
struct Sorter<'a> {
    reader: &'a Reader,
    query: &'a Query,
    aliases: &'a Aliases,
    order: Order,
}

impl Sorter<'_> {
    fn sort(&self, groups: &[Group<'_>]) -> Result<Sorted, OpenError> {
        let mut sorted = Sorted { simple: Vec::with_capacity(groups.len()), entangled: vec![] };
        for together in groups.chunk_by(|a, b| self.hang_together(a, b)) {
            self.sort_together(together, &mut sorted)?;
        }
        Ok(sorted)
    }

    /// Whether groups stand or fall together: in question order, all sources that speak on a question.
    fn hang_together(&self, a: &Group<'_>, b: &Group<'_>) -> bool {
        self.order == Order::Question && question_of(a.key) == question_of(b.key)
    }

    fn sort_together(&self, groups: &[Group<'_>], sorted: &mut Sorted) -> Result<(), OpenError> {
        let Some(first) = groups.first() else { return Ok(()) };
        let Some((_, question)) = self.names(first.key)? else {
            return self.entangle(groups, sorted); // stances and retractions, which name no question
        };
        if !self.query.filter.wants_question(&question, self.aliases) {
            return Ok(());
        }
        let Question { subject, predicate } = &question;
        let mut entangled = self.aliases.is_joined(NameKind::Subject, subject)
            || self.aliases.is_joined(NameKind::Predicate, predicate);
        for group in groups {
            entangled = entangled || self.is_entangled(group)?;
        }
        if entangled {
            return self.entangle(groups, sorted);
        }
        for group in groups {
            let source = name(self.source(group.key))?;
            if self.query.filter.wants_source(&source, self.aliases)
                && let Some(standing) = self.simple(&source, &question, group)?
            {
                sorted.simple.push((source, standing));
            }
        }
        Ok(())
    }

    fn is_entangled(&self, group: &Group<'_>) -> Result<bool, OpenError> {
        if !self.aliases.is_empty() && self.aliases.is_joined(NameKind::Source, &name(self.source(group.key))?) {
            return Ok(true);
        }
        for posting in &group.postings {
            if posting.kind != Kind::Claim || self.reader.is_linked(posting.index)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The standing that simple claims come to.
    fn simple(&self, source: &Name, question: &Question, group: &Group<'_>) -> Result<Option<Standing>, OpenError> {
        let counts = |p: &&RawPosting<'_>| self.query.as_of.as_ref().is_none_or(|as_of| as_of.admits(last(p), day(p)));
        let all = || group.postings.iter().filter(counts);
        let Some(newest) = all().map(|p| p.last).max() else { return Ok(None) };
        let latest_moment = all().filter(|p| p.day.is_none()).map(|p| p.last).max();
        let standing_by = all().filter(|p| p.last == newest || source.is_unattributed());
        let statements = standing_by.map(statement).collect::<Result<Vec<Statement>, OpenError>>()?;
        let live: Vec<&Statement> = statements.iter().collect();
        let entries = live.iter().map(|s| s.index).collect();
        Ok(Some(standing(source, question.clone(), &live, latest_moment, entries)))
    }

    /// Every entry of the groups, as far as a replay needs it.
    fn all_entangled(&self, groups: &[Group<'_>]) -> Result<Vec<(u64, Event)>, OpenError> {
        let mut sorted = Sorted { simple: vec![], entangled: vec![] };
        self.entangle(groups, &mut sorted)?;
        Ok(sorted.entangled)
    }

    fn entangle(&self, groups: &[Group<'_>], sorted: &mut Sorted) -> Result<(), OpenError> {
        for group in groups {
            let names = self.names(group.key)?;
            for posting in &group.postings {
                match (posting.kind, &names) {
                    (Kind::Retraction, _) => {} // found where it points
                    (Kind::Claim, Some((source, question))) => {
                        sorted.entangled.push((posting.index, claim(posting, source, question)?));
                    }
                    _ => sorted.entangled.push((posting.index, event(posting)?)),
                }
            }
        }
        Ok(())
    }

    fn source<'k>(&self, key: &'k [u8]) -> &'k str {
        let [first, _, third] = names(key).unwrap_or_default();
        if self.order == Order::Question { third } else { first }
    }

    /// Source and question of a key; `None` if it names no question.
    fn names(&self, key: &[u8]) -> Result<Option<(Name, Question)>, OpenError> {
        let [a, b, c] = names(key).ok_or_else(damaged)?;
        let (source, subject, predicate) = if self.order == Order::Question { (c, a, b) } else { (a, b, c) };
        if subject.is_empty() {
            return Ok(None);
        }
        Ok(Some((name(source)?, Question { subject: name(subject)?, predicate: name(predicate)? })))
    }
}

fn damaged() -> OpenError {
    projection::damaged().into()
}

fn name(text: &str) -> Result<Name, OpenError> {
    Name::try_from(CompactString::from(text)).map_err(|_| damaged())
}

fn last(posting: &RawPosting<'_>) -> Instant {
    Instant::from_stored(posting.last)
}

fn day(posting: &RawPosting<'_>) -> Option<NaiveDate> {
    posting.day.and_then(NaiveDate::from_num_days_from_ce_opt)
}

fn statement(posting: &RawPosting<'_>) -> Result<Statement, OpenError> {
    let held: Held = body::decode_part(posting.content).map_err(|_| damaged())?;
    Ok(Statement { index: posting.index, held, taken_back: false })
}

/// A claim with no more in it than what was posted.
fn claim(posting: &RawPosting<'_>, source: &Name, question: &Question) -> Result<Event, OpenError> {
    let (stated, value, unit, act, modality): Held = body::decode_part(posting.content).map_err(|_| damaged())?;
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

fn event(posting: &RawPosting<'_>) -> Result<Event, OpenError> {
    let record = Record::decode(posting.content);
    Ok(record.map_err(|e| DamageError::at(posting.index, &e.to_string()))?.event)
}
