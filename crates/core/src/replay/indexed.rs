//! Replay from the projection: straight to the postings that matter.
//!
//! What is posted under one question and hangs on nothing else is **simple**: its standing is made of its postings alone. Anything
//! that is corrected, taken back, denied, or known under two names is **entangled**: those entries are gathered with all
//! that hangs on them, and replayed as the fold would.

use std::collections::{BTreeSet, HashSet};

use super::context::Context;
use super::gather::{self, Gathered};
use super::shown::{Drawn, Names};
use super::simple::{BySource, Pick, Piece};
use super::statement::Questions;
use super::view::{Query, Replay};
use crate::body::Record;
use crate::event::{Attribution, Claim, Content, Event, NameKind, Question};
use crate::ledger::{DamageError, Ledger, OpenError};
use crate::projection::{self, Group, Groups, Kind, Lies, Order, Posting, Ranges, Reader, Take};
use crate::reading::Aliases;
use crate::text::Name;
use crate::time::{AsOf, Limits};

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
    let sorter = Sorter::new(reader, query, &aliases, order);
    let mut gathered = Gathered::new(ledger, reader);
    let mut pieces: Vec<Piece> = reader.scan(&ranges, || Sorting::new(&sorter))?;
    for piece in &mut pieces {
        gathered.add(std::mem::take(&mut piece.entangled))?;
    }
    let mut asked = HashSet::new();
    if order == Order::Source {
        // A stance hangs on a claim of another source, and says what has become of it.
        asked = gathered.add_targets(|source| query.filter.wants_source(source, &aliases))?;
        if !asked.is_empty() {
            let ranges = Ranges::questions(asked.iter(), &aliases);
            let sorter = Sorter::new(reader, query, &aliases, ranges.order);
            for events in reader.scan(&ranges, || Entangling { sorter: &sorter, events: vec![] })? {
                gathered.add(events)?;
            }
        }
    }
    let simple = BySource::of(&pieces, order, &asked);
    let filter = &query.filter;
    let known_name = |kind, name: &Name| {
        // What was found need not be looked up.
        if simple.has_name(kind, name) {
            Ok(true)
        } else {
            reader.has_name(kind, name.as_str()).map_err(OpenError::from)
        }
    };
    let names = Names::look_up(filter, known_name)?;
    let standings = simple.standings()?;
    let context = Context::new(query, gathered.corrections(), aliases, gathered.events());
    let mut questions = Questions::default();
    for (index, event) in gathered.events() {
        if let Some((cell, statement)) = context.claim(index, event) {
            questions.add(cell, statement);
        }
    }
    let mut drawn = Drawn::of(&context, &questions, &|index| gathered.find(index))?;
    drawn.add(standings);
    drawn.replay(ledger, &context, names, reader.head(), reader.known(), reader.redacted())
}

/// Tells simple from entangled.
struct Sorter<'a> {
    reader: &'a Reader,
    query: &'a Query,
    aliases: &'a Aliases,
    order: Order,
    limits: Option<Limits>,
    /// Whether anything is referred to by anything: mostly nothing is, and this is asked of every claim.
    has_links: bool,
}

impl<'a> Sorter<'a> {
    fn new(reader: &'a Reader, query: &'a Query, aliases: &'a Aliases, order: Order) -> Self {
        let limits = query.as_of.as_ref().map(AsOf::limits);
        Self { reader, query, aliases, order, limits, has_links: reader.has_links() }
    }

    fn is_entangled(&self, all: &Groups, group: &Group) -> Result<bool, OpenError> {
        if !self.aliases.is_empty()
            && self.aliases.is_joined(NameKind::Source, &name(self.order.key(all, group).source)?)
        {
            return Ok(true);
        }
        for posting in all.postings(group) {
            if posting.kind != Kind::Claim || self.has_links && self.is_amended(posting.index)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an entry is known to be corrected, taken back, or spoken of by somebody. Our notes on it change nothing.
    fn is_amended(&self, index: u64) -> Result<bool, OpenError> {
        let is_note = |event: &Event| matches!(event.statement().map(|e| &e.content), Some(Content::Note(_)));
        Ok(self.reader.is_linked(index)? && self.reader.links(index)?.iter().any(|(_, event)| !is_note(event)))
    }

    fn entangle(&self, all: &Groups, groups: &[Group], entangled: &mut Vec<(u64, Event)>) -> Result<(), OpenError> {
        for group in groups {
            let key = self.order.key(all, group);
            let question = key.question()?;
            let source = name(key.source)?;
            for posting in all.postings(group) {
                let event = match (posting.kind, &question) {
                    (Kind::Claim, Some(question)) => claim(all, posting, &source, question)?,
                    _ => event(all, posting)?,
                };
                entangled.push((posting.index, event));
            }
        }
        Ok(())
    }
}

/// Sorts a piece of the projection.
struct Sorting<'s> {
    sorter: &'s Sorter<'s>,
    picks: Vec<Pick>,
    entangled: Vec<(u64, Event)>,
    /// Subject and predicate.
    recent: [Recent; 2],
    /// The last source, and whether it is wanted.
    source: Option<(Name, bool)>,
}

impl<'s> Sorting<'s> {
    fn new(sorter: &'s Sorter<'s>) -> Self {
        Self { sorter, picks: vec![], entangled: vec![], recent: Default::default(), source: None }
    }
}

impl Take for Sorting<'_> {
    type Taken = Piece;

    fn take(&mut self, all: &mut Groups, from: usize) -> Result<(), OpenError> {
        let Self { sorter, picks, entangled, recent: [subject, predicate], source } = self;
        let groups = all.groups.get(from..).unwrap_or_default();
        let Some(first) = groups.first() else { return Ok(()) };
        let Sorter { query: Query { filter, .. }, aliases, order, limits, .. } = **sorter;
        let key = order.key(all, first);
        let mut is_entangled = key.subject.is_empty(); // stances, which name no question
        if !is_entangled && (filter.picks_questions() || !aliases.is_empty()) {
            let question = Question { subject: subject.of(key.subject)?, predicate: predicate.of(key.predicate)? };
            if !filter.wants_question(&question, aliases) {
                all.let_go(from);
                return Ok(());
            }
            is_entangled = aliases.is_joined(NameKind::Subject, &question.subject)
                || aliases.is_joined(NameKind::Predicate, &question.predicate);
        }
        for group in groups {
            is_entangled = is_entangled || sorter.is_entangled(all, group)?;
        }
        if is_entangled {
            sorter.entangle(all, groups, entangled)?;
            all.let_go(from);
            return Ok(());
        }
        let settle = |all: &Groups, group: &Group| {
            let recorded = order.key(all, group).source;
            let is_wanted = match source {
                _ if filter.sources.is_empty() => true,
                Some((last, is_wanted)) if last.as_str() == recorded => *is_wanted,
                _ => {
                    let name = name(recorded)?;
                    let is_wanted = filter.wants_source(&name, aliases);
                    *source = Some((name, is_wanted));
                    is_wanted
                }
            };
            Ok(if is_wanted { Pick::of(recorded, all.postings(group), limits) } else { None })
        };
        all.keep(from, settle, Pick::rests_on, picks)
    }

    fn end(self, mut groups: Groups) -> Piece {
        groups.shrink();
        Piece { groups, picks: self.picks, entangled: self.entangled }
    }
}

/// Takes every entry of a piece, as far as a replay needs it.
struct Entangling<'s> {
    sorter: &'s Sorter<'s>,
    events: Vec<(u64, Event)>,
}

impl Take for Entangling<'_> {
    type Taken = Vec<(u64, Event)>;

    fn take(&mut self, all: &mut Groups, from: usize) -> Result<(), OpenError> {
        self.sorter.entangle(all, all.groups.get(from..).unwrap_or_default(), &mut self.events)?;
        all.let_go(from);
        Ok(())
    }

    fn end(self, _: Groups) -> Self::Taken {
        self.events
    }
}

/// The names that a group stands under, as they were recorded.
#[derive(Clone, Copy)]
pub(super) struct Key<'k> {
    pub(super) source: &'k str,
    pub(super) subject: &'k str,
    pub(super) predicate: &'k str,
}

impl Order {
    /// The key of a group that was found in this order.
    pub(super) fn key<'k>(self, all: &'k Groups, group: &Group) -> Key<'k> {
        let [a, b, c] = all.names(group);
        match self {
            Self::Question => Key { source: c, subject: a, predicate: b },
            Self::Source => Key { source: a, subject: b, predicate: c },
        }
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

pub(super) fn damaged() -> OpenError {
    projection::damaged().into()
}

/// The last name that was made: what stands in order mostly has the name of what stands before it.
#[derive(Default)]
pub(super) struct Recent(Option<Name>);

impl Recent {
    pub(super) fn of(&mut self, text: &str) -> Result<Name, OpenError> {
        match &self.0 {
            Some(last) if last.as_str() == text => Ok(last.clone()),
            _ => Ok(self.0.insert(name(text)?).clone()),
        }
    }
}

fn name(text: &str) -> Result<Name, OpenError> {
    Name::indexed(text).ok_or_else(damaged)
}

/// A claim with no more in it than what was posted.
fn claim(all: &Groups, posting: &Posting<Lies>, source: &Name, question: &Question) -> Result<Event, OpenError> {
    let (stated, value, unit, act, modality) = all.held(posting).ok_or_else(damaged)?;
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

fn event(all: &Groups, posting: &Posting<Lies>) -> Result<Event, OpenError> {
    let record = Record::decode(all.body(posting));
    Ok(record.map_err(|e| DamageError::at(posting.index, &e.to_string()))?.event)
}
