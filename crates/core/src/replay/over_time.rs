//! Replay on every day on which something was said, from one look at the log.
//!
//! What stands can only change on a day on which something about the question was said. So each question is gone through by itself,
//! from day to day, and on each of them it is replayed as [`fold`](super::fold()) would.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate};

use super::context::{self, Context, includes};
use super::shown::{Drawn, Names};
use super::stances::Find;
use super::statement::{Cell, Questions, Statement};
use super::view::{Query, Replay};
use crate::entry::Head;
use crate::event::{Content, Event, Question, Target};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::reading::{Aliases, Corrections, Reading};
use crate::time::{AsOf, Instant, Stated, TimeZone};

/// What was read for [`over_time`].
pub(crate) struct Read {
    pub(crate) head: Head,
    pub(crate) known_entries: u64,
    /// Entries whose bodies were erased.
    pub(crate) redacted: Vec<u64>,
}

/// What stands on a question as of a day.
pub(crate) struct Moment<'m> {
    pub(crate) question: &'m Question,
    pub(crate) day: NaiveDate,
    /// The query as of that day.
    pub(crate) query: &'m Query,
    pub(crate) replay: Replay,
}

/// The day with which a statement begins to count: `--as-of` that day, in that zone, takes it in, and the day before does not.
#[must_use]
pub fn day_said(stated: &Stated, zone: &TimeZone) -> NaiveDate {
    stated.last_day().unwrap_or_else(|| local_day(stated.last_instant(), zone))
}

/// The calendar day of a zone in which an instant lies.
fn local_day(at: Instant, zone: &TimeZone) -> NaiveDate {
    let utc = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default().date_naive();
    let near = [utc.pred_opt(), Some(utc), utc.succ_opt()];
    let ends_later = |day: &NaiveDate| zone.end_of_day(*day).is_some_and(|(end, _)| at <= end);
    near.into_iter().flatten().find(ends_later).unwrap_or(utc)
}

/// Gives for each question, by name, and for each day on which something about it was said, in order, what stands on it as of that day.
/// The query's own date limits how far this goes. Tags, recorders and carriers of its filter are not looked at.
pub(crate) fn over_time(
    ledger: &Ledger,
    query: &Query,
    zone: &TimeZone,
    visit: &mut dyn FnMut(Moment<'_>) -> Result<(), OpenError>,
) -> Result<Read, OpenError> {
    let mut query = query.clone();
    (query.filter.tags, query.filter.recorders, query.filter.via) = (vec![], vec![], vec![]);
    let (read, others) = read_others(ledger, &query)?;
    let all = || others.iter().map(|(index, event)| (*index, event));
    let corrections = context::corrections(all());
    let aliases = context::aliases(&corrections, all());
    let context = Context::new(&query, corrections, aliases, all());
    let mut lanes = claims(ledger, &context, read.known_entries, zone)?;
    let find = |index| event_of(ledger, index);
    for (index, event) in all() {
        let Reading::Event(now) = context.corrections.read(index, event) else { continue };
        let acts = matches!(now.content, Content::Stance(_) | Content::Retraction(_));
        let Some(by) = now.content.attribution().filter(|by| acts && includes(&query, &by.stated)) else { continue };
        if let Some(question) = question_of(&context, &find, now, index)? {
            let retracts = matches!(now.content, Content::Retraction(_));
            let other = Other { day: day_said(&by.stated, zone), index, event, retracts };
            lanes.entry(question).or_default().others.push(other);
        }
    }
    let last = query.as_of.as_ref().map(|as_of| (local_day(as_of.end(), zone), as_of.clone()));
    let Context { corrections, aliases, .. } = context;
    let mut world = World { ledger, query: &query, zone, read: &read, last, corrections, aliases };
    for (question, lane) in lanes {
        lane.run(&mut world, &find, &question, visit)?;
    }
    Ok(read)
}

/// Everything that acts on others, by index.
fn read_others(ledger: &Ledger, query: &Query) -> Result<(Read, BTreeMap<u64, Event>), OpenError> {
    let mut read = Read { head: ledger.head(), known_entries: 0, redacted: vec![] };
    let mut others = BTreeMap::new();
    let prepare = |entry: Entry| -> Result<_, OpenError> {
        let event = entry.record()?.map(|record| record.event);
        let erased = event.is_none();
        let acts = |e: &Event| !matches!(e.content, Content::Claim(_) | Content::Note(_) | Content::Redaction(_));
        Ok((entry.index(), entry.recorded(), erased, event.filter(acts)))
    };
    ledger.scan(0, prepare, |(index, recorded, erased, event)| {
        if query.known_at.as_ref().is_some_and(|k| !k.includes(recorded)) {
            return Ok::<_, OpenError>(ControlFlow::Break(())); // recorded times never run backwards
        }
        read.known_entries = index + 1;
        read.redacted.extend(erased.then_some(index));
        others.extend(event.map(|e| (index, e)));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((read, others))
}

/// The claims on each question that is wanted.
fn claims<'e>(
    ledger: &Ledger,
    context: &Context<'_>,
    known_entries: u64,
    zone: &TimeZone,
) -> Result<BTreeMap<Question, Lane<'e>>, OpenError> {
    let mut lanes: BTreeMap<Question, Lane<'e>> = BTreeMap::new();
    let prepare = |entry: Entry| -> Result<Option<(Cell, Statement)>, OpenError> {
        if entry.index() >= known_entries {
            return Ok(None);
        }
        let event = entry.record()?.map(|record| record.event);
        Ok(event.and_then(|event| context.claim(entry.index(), &event)))
    };
    ledger.scan(0, prepare, |found| {
        if let Some((cell, statement)) = found {
            let day = day_said(statement.stated(), zone);
            let lane = match lanes.get_mut(&cell.1) {
                Some(lane) => lane,
                None => lanes.entry(cell.1.clone()).or_default(),
            };
            lane.claims.push((day, cell, statement));
        }
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
    Ok(lanes)
}

fn event_of(ledger: &Ledger, index: u64) -> Result<Option<Event>, OpenError> {
    let Some(entry) = ledger.entry(index)? else { return Ok(None) };
    Ok(entry.record()?.map(|record| record.event))
}

/// The question that a stance or a retraction is about in the end. `None` if nobody can tell any more.
fn question_of(
    context: &Context<'_>,
    find: Find<'_>,
    event: &Event,
    index: u64,
) -> Result<Option<Question>, OpenError> {
    let (mut event, mut at) = (event.clone(), index);
    loop {
        let of = match &event.content {
            Content::Claim(claim) => return Ok(Some(context.shown(&claim.question))),
            Content::Stance(stance) => match &stance.target {
                Target::Question(question) => return Ok(Some(context.shown(question))),
                Target::Entry(of) => *of,
            },
            Content::Retraction(retraction) => retraction.of,
            _ => return Ok(None),
        };
        // References point backwards; anything else would go round for ever.
        let Some(found) = find(of)?.filter(|_| of < at) else { return Ok(None) };
        event = match context.corrections.read(of, &found) {
            Reading::Event(now) => now.clone(),
            Reading::Void { .. } => found,
        };
        at = of;
    }
}

/// What all questions share.
struct World<'a> {
    ledger: &'a Ledger,
    query: &'a Query,
    zone: &'a TimeZone,
    read: &'a Read,
    /// The day on which the query ends, and the end itself: it may lie within that day.
    last: Option<(NaiveDate, AsOf)>,
    corrections: Corrections,
    aliases: Aliases,
}

impl World<'_> {
    /// The query as of the end of a day; `None` for a day that no calendar of ours writes.
    fn as_of(&self, day: NaiveDate) -> Option<Query> {
        let as_of = match &self.last {
            Some((last, as_of)) if day >= *last => as_of.clone(),
            _ => AsOf::parse(&day.to_string(), self.zone).ok()?,
        };
        Some(Query { as_of: Some(as_of), ..self.query.clone() })
    }
}

/// Everything said on one question.
#[derive(Default)]
struct Lane<'e> {
    claims: Vec<(NaiveDate, Cell, Statement)>,
    others: Vec<Other<'e>>,
}

/// A stance or a retraction, as it was recorded, and the day with which it counts.
struct Other<'e> {
    day: NaiveDate,
    index: u64,
    event: &'e Event,
    retracts: bool,
}

impl Lane<'_> {
    fn run(
        mut self,
        world: &mut World<'_>,
        find: Find<'_>,
        question: &Question,
        visit: &mut dyn FnMut(Moment<'_>) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        self.claims.sort_by_key(|(day, _, statement)| (*day, statement.index));
        let days = self.claims.iter().map(|(day, ..)| *day).chain(self.others.iter().map(|o| o.day));
        let mut days: BTreeSet<NaiveDate> = days.collect();
        // The end itself may cut through a day, and tell of a stance's claim that it was not stated yet.
        days.extend(world.last.iter().map(|(last, _)| *last));
        let (mut questions, mut taken, mut retractions) = (Questions::default(), 0, 0);
        for day in days {
            let Some(query) = world.as_of(day) else { continue };
            let said = || self.others.iter().filter(|o| o.day <= day);
            let events = said().map(|o| (o.index, o.event));
            let (corrections, aliases) = (std::mem::take(&mut world.corrections), std::mem::take(&mut world.aliases));
            let context = Context::new(&query, corrections, aliases, events);
            // A retraction reaches back to claims that are there already.
            let now = said().filter(|o| o.retracts).count();
            if now != retractions {
                (questions, taken, retractions) = (Questions::default(), 0, now);
            }
            for (_, cell, statement) in self.claims.iter().skip(taken).take_while(|(said, ..)| *said <= day) {
                let taken_back = context.taken_back(statement.index, &cell.0).next().is_some();
                let held = statement.held.clone();
                questions.add(cell.clone(), Statement { index: statement.index, held, taken_back });
                taken += 1;
            }
            questions.cells.values_mut().for_each(|cell| cell.newest.sort_by_key(|s| s.index));
            let drawn = Drawn::of(&context, &questions, find)?;
            let (head, known) = (world.read.head, world.read.known_entries);
            let names = Names::unseen(&query.filter);
            let replay = drawn.replay(world.ledger, &context, names, head, known, vec![])?;
            Context { corrections: world.corrections, aliases: world.aliases, .. } = context;
            visit(Moment { question, day, query: &query, replay })?;
        }
        Ok(())
    }
}
