//! Appending: from checked events to entries at the end of the log.
//!
//! A batch is planned whole before anything is written: references looked up, rules checked, repeats found, entries
//! chained. Batches that arrive while another is being written wait in a queue and are written together, with one sync
//! for all; each is still accepted or refused on its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::identity::{self, Fingerprint, IdentityRow};
use super::log::{Log, Snapshot, Staged};
use super::rules::{Amendments, RuleError};
use super::{AppendError, DamageError, OpenError};
use crate::body::{self, BodyError, Record};
use crate::bundle::{StoredBody, StoredEntry};
use crate::entry::{FLAG_IMPORTED_CLOCK, Hash, Head, Header, commitment};
use crate::event::{Content, ContentDigest, Event, Redaction, Reference};
use crate::machine::Entropy;
use crate::store::StoreError;
use crate::text::{ExternalId, Label, Text};
use crate::time::{Clock, Instant};

/// Refusals reported for one batch.
const MAX_REFUSALS: usize = 100;
/// Below this, handing work to other threads costs more than it saves.
const PARALLEL_FROM: usize = 64;

/// An event to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event, pointing at others by id, number or content.
    pub event: Event<Reference>,
    /// Who records it.
    pub recorder: Option<Label>,
    /// When another system recorded it; the entry is then flagged. `None`: now.
    pub recorded: Option<Instant>,
}

/// Events to append in one step.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The events, in order. One may refer to those before it.
    pub events: Vec<NewEvent>,
    /// Append only if the ledger's head is this one.
    pub expected: Option<Head>,
    /// Append events without an id even if the same event is there already.
    pub allow_repeats: bool,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is a new entry.
    Appended(u64),
    /// The same event is there already, under this index.
    AlreadyThere(u64),
}

impl Outcome {
    /// The entry that holds the event.
    #[must_use]
    pub fn index(self) -> u64 {
        match self {
            Self::Appended(i) | Self::AlreadyThere(i) => i,
        }
    }
}

/// Something the caller should pass on to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A correction takes the place of an earlier one of the same entry.
    ReplacesCorrection {
        /// The new correction.
        new: u64,
        /// The earlier one.
        old: u64,
        /// The corrected entry.
        of: u64,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// For each event, in order.
    pub outcomes: Vec<Outcome>,
    /// The head after the batch: its receipt.
    pub head: Head,
    /// For people.
    pub notices: Vec<Notice>,
}

/// An event that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the batch, from 0.
    pub position: usize,
    /// Why.
    pub reason: RefusalReason,
}

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Its id belongs to an event that says something else.
    #[error(
        "the id `{id}` already belongs to #{index}, which says something else; an entry is never overwritten: to mend a recording error use `correct`, for a new statement use another id"
    )]
    SameIdOtherContent {
        /// The id.
        id: ExternalId,
        /// The entry that has it (it may be earlier in the same batch).
        index: u64,
    },
    /// It points at nothing.
    #[error("there is no entry {0} (a line can only refer to lines before it and to what is in the ledger)")]
    NoSuchEntry(Reference),
    /// It breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// It does not fit.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Its imported time is earlier than the entry before.
    #[error(
        "its recorded time {given} is earlier than that of the entry before it ({last}); to bring in an older history, import it into a fresh ledger"
    )]
    ClockBackwards {
        /// What was given.
        given: Instant,
        /// The entry before.
        last: Instant,
    },
    /// Its imported time has not come yet.
    #[error("its recorded time {given} lies in the future (it is {now} now)")]
    Future {
        /// What was given.
        given: Instant,
        /// What the clock says.
        now: Instant,
    },
    /// It refers to a refused line of the same batch; that line's error is reported instead.
    #[error("it refers to a line that was refused")]
    Follows,
}

/// A batch in the queue, and its result once there is one.
pub(super) struct Ticket {
    batch: Mutex<Option<Batch>>,
    result: Mutex<Option<Result<Appended, AppendError>>>,
}

impl Ticket {
    pub(super) fn new(batch: Batch) -> Self {
        Self { batch: Mutex::new(Some(batch)), result: Mutex::default() }
    }

    pub(super) fn take_result(&self) -> Option<Result<Appended, AppendError>> {
        super::lock(&self.result).take()
    }

    fn finish(&self, result: Result<Appended, AppendError>) {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
}

/// Internal: a refusal of one event, or a failure of everything.
enum Stop {
    Refuse(RefusalReason),
    Fail(OpenError),
}

impl From<RuleError> for Stop {
    fn from(e: RuleError) -> Self {
        Self::Refuse(e.into())
    }
}

impl From<BodyError> for Stop {
    fn from(e: BodyError) -> Self {
        Self::Refuse(e.into())
    }
}

impl From<OpenError> for Stop {
    fn from(e: OpenError) -> Self {
        Self::Fail(e)
    }
}

/// An event on its way into an entry.
enum Prepared {
    /// Encoded; it points at nothing and breaks no rule.
    Ready(Encoded),
    /// To be looked up and checked in its turn.
    Pending(Box<NewEvent>),
    /// Too long.
    Refused(BodyError),
}

struct Encoded {
    body: Vec<u8>,
    fingerprint: Fingerprint,
    has_id: bool,
    recorded: Option<Instant>,
}

/// A batch that was found good: its entries, not yet chained.
struct Plan {
    fresh: Vec<Encoded>,
    /// Where each of `fresh` will be.
    amendments: Vec<u64>,
    outcomes: Vec<Outcome>,
    notices: Vec<Notice>,
}

/// The one writer of a log.
pub(super) struct Writer {
    log: Log,
    amendments: Option<Amendments>,
    poisoned: bool,
}

/// Entries accepted from earlier batches of the same round, not yet written.
#[derive(Default)]
struct Round {
    staged: Staged,
    head: Option<(Head, Option<Instant>)>,
    rows: HashMap<Fingerprint, Vec<u64>>,
}

impl Writer {
    pub(super) fn new(log: Log) -> Self {
        Self { log, amendments: None, poisoned: false }
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.log.snapshot
    }

    /// Serves every waiting batch with one write.
    pub(super) fn serve(&mut self, waiting: &[Arc<Ticket>], clock: &dyn Clock, entropy: &dyn Entropy) {
        let mut round = Round::default();
        let mut accepted: Vec<(&Ticket, Appended)> = Vec::new();
        for ticket in waiting {
            let Some(batch) = super::lock(&ticket.batch).take() else { continue };
            match self.accept(batch, &mut round, clock, entropy) {
                Ok(appended) => accepted.push((ticket, appended)),
                Err(e) => ticket.finish(Err(e)),
            }
        }
        let written = self.write(round);
        for (ticket, appended) in accepted {
            ticket.finish(match &written {
                Ok(()) => Ok(appended),
                Err(e) => Err(AppendError::Store(StoreError::Engine(e.to_string()))),
            });
        }
    }

    /// Plans and chains a batch behind those accepted before it.
    fn accept(
        &mut self,
        batch: Batch,
        round: &mut Round,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Appended, AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        let (head, last) = round.head.unwrap_or((self.log.snapshot.head, self.log.last_recorded));
        if let Some(expected) = batch.expected.filter(|e| *e != head) {
            return Err(AppendError::HeadMoved { expected, actual: head });
        }
        let now = last.map_or_else(|| clock.now(), |last| last.max(clock.now()));
        let plan = match self.plan(batch, head.size, last, now, round) {
            Ok(plan) => plan,
            Err(e) => {
                // It may have taken note of corrections that are not to be.
                self.amendments = None;
                return Err(e);
            }
        };
        let Plan { fresh, amendments, outcomes, notices } = plan;
        let rows: Vec<IdentityRow> = fresh.iter().map(|e| e.fingerprint).zip(head.size..).collect();
        let (entries, head, last) = chain(fresh, head, last, now, entropy)?;
        for (fingerprint, index) in &rows {
            round.rows.entry(*fingerprint).or_default().push(*index);
        }
        round.staged.rows.extend(rows);
        round.staged.entries.extend(entries);
        round.staged.amendments.extend(amendments);
        round.head = Some((head, last));
        Ok(Appended { outcomes, head, notices })
    }

    /// Makes a round durable. A failure poisons the writer: what is on disk is then unknown.
    fn write(&mut self, round: Round) -> Result<(), StoreError> {
        if round.staged.entries.is_empty() {
            return Ok(());
        }
        let Some((head, Some(last))) = round.head else { return Ok(()) };
        self.log.commit(round.staged, head, last).inspect_err(|_| self.poisoned = true)
    }

    pub(super) fn check(
        &mut self,
        batch: Batch,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Appended, AppendError> {
        let result = self.accept(batch, &mut Round::default(), clock, entropy);
        self.amendments = None;
        result
    }

    pub(super) fn redact(
        &mut self,
        index: u64,
        reason: Text,
        recorder: Option<Label>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Appended, AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        let refuse = |reason| AppendError::Refused(vec![Refusal { position: 0, reason }]);
        let missing = || refuse(RefusalReason::NoSuchEntry(Reference::Index(index)));
        let (_, stored) = self.log.stored(index)?.ok_or_else(missing)?;
        let record = stored.body().map(Record::decode).transpose();
        let record = record.map_err(|e| OpenError::from(DamageError::at(index, &e.to_string())))?;
        let record = record.ok_or_else(|| refuse(RuleError::Redacted(index).into()))?;
        if let Content::Redaction(_) = record.event.content {
            let rule = "the record of a redaction stays";
            return Err(refuse(RuleError::WrongKind { of: index, kind: record.event.content.kind(), rule }.into()));
        }
        let content = Content::Redaction(Redaction { of: index, reason });
        let event = Event { id: None, content, note: None, citations: vec![], tags: vec![] };
        let encoded = encode(&event, recorder.as_ref(), None, &self.log).map_err(|e| refuse(e.into()))?;

        let Snapshot { head, .. } = self.log.snapshot;
        let last = self.log.last_recorded;
        let now = last.map_or_else(|| clock.now(), |last| last.max(clock.now()));
        let row = (encoded.fingerprint, head.size);
        let (entries, new_head, _) = chain(vec![encoded], head, last, now, entropy)?;
        let staged = Staged { entries, rows: vec![row], amendments: vec![], erase: Some(index) };
        self.poisoned = true; // until every step has succeeded
        self.log.commit(staged, new_head, now).map_err(AppendError::Store)?;
        self.log.erase(index)?;
        self.poisoned = false;
        self.amendments = None;
        Ok(Appended { outcomes: vec![Outcome::Appended(head.size)], head: new_head, notices: vec![] })
    }

    pub(super) fn find_id(&self, id: &str) -> Result<Option<u64>, OpenError> {
        let fingerprint = self.log.fingerprinter.of_id(id);
        let mut found = self.log.runs.find(&*self.log.store, fingerprint)?;
        found.extend(self.log.tail_rows.get(&fingerprint).into_iter().flatten());
        for index in found {
            if self.event(index, &Round::default(), &[], 0)?.is_some_and(|e| e.id.is_some_and(|i| i.as_str() == id)) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The body of an entry in the log, in this round or in this batch; `None` if erased or beyond the end.
    fn with_body<T>(
        &self,
        index: u64,
        round: &Round,
        fresh: &[Encoded],
        first: u64,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, OpenError> {
        let in_log = self.log.snapshot.head.size;
        if index < in_log {
            return Ok(self.log.stored(index)?.and_then(|(_, stored)| stored.body().map(read)));
        }
        let at = |from: u64| usize::try_from(index.checked_sub(from)?).ok();
        if index < first || fresh.is_empty() {
            return Ok(at(in_log).and_then(|at| round.staged.entries.get(at)).and_then(|e| e.body().map(read)));
        }
        Ok(at(first).and_then(|at| fresh.get(at)).map(|e| read(&e.body)))
    }

    fn event(&self, index: u64, round: &Round, fresh: &[Encoded], first: u64) -> Result<Option<Event>, OpenError> {
        let decoded = self.with_body(index, round, fresh, first, Record::decode)?.transpose();
        let record = decoded.map_err(|e| DamageError::at(index, &e.to_string()))?;
        Ok(record.map(|r| r.event))
    }

    /// What corrections and aliases there are, those of the round included.
    fn load_amendments(&self, round: &Round) -> Result<Amendments, OpenError> {
        let mut amendments = Amendments::default();
        let recorded = self.log.amendments()?;
        for index in recorded.into_iter().chain(round.staged.amendments.iter().copied()) {
            if let Some(event) = self.event(index, round, &[], u64::MAX)? {
                amendments.insert(index, &event);
            }
        }
        Ok(amendments)
    }

    fn plan(
        &mut self,
        batch: Batch,
        first: u64,
        mut last: Option<Instant>,
        now: Instant,
        round: &Round,
    ) -> Result<Plan, AppendError> {
        let Batch { events, allow_repeats, .. } = batch;
        let digests = Digests::needed(&events).then(|| Digests::of(&events));
        let ids = positions_of_ids(&events);
        let prepared = self.prepare(events);
        let known = self.known(&prepared)?;
        if self.amendments.is_none() && prepared.iter().any(|p| matches!(p, Prepared::Pending(_))) {
            self.amendments = Some(self.load_amendments(round)?);
        }
        let mut amendments = self.amendments.take().unwrap_or_default();

        let count = prepared.len();
        let mut plan = Plan {
            fresh: Vec::with_capacity(count),
            amendments: vec![],
            outcomes: Vec::with_capacity(count),
            notices: vec![],
        };
        let mut own: HashMap<Fingerprint, Vec<u64>, Prehashed> = HashMap::with_capacity_and_hasher(count, Prehashed);
        let mut refusals: Vec<Refusal> = Vec::new();
        let mut refused = 0usize;
        for (position, prepared) in prepared.into_iter().enumerate() {
            let index = first + plan.fresh.len() as u64;
            let one = || -> Result<(Outcome, Option<(Encoded, Option<Event>)>), Stop> {
                let (encoded, event) = match prepared {
                    Prepared::Ready(encoded) => (encoded, None),
                    Prepared::Refused(e) => return Err(e.into()),
                    Prepared::Pending(new) => {
                        let NewEvent { event, recorder, recorded } = *new;
                        let event = event.map_references(&mut |r: Reference| {
                            self.look_up(&r, &ids, position, &plan.outcomes, digests.as_ref(), round, index)
                        })?;
                        let encoded = encode(&event, recorder.as_ref(), recorded, &self.log)?;
                        (encoded, Some(event))
                    }
                };
                let earlier = known.get(&encoded.fingerprint).into_iter().flatten();
                let pending_known;
                let earlier = earlier.chain(if event.is_some() {
                    pending_known =
                        self.log.runs.find(&*self.log.store, encoded.fingerprint).map_err(OpenError::from)?;
                    pending_known.iter()
                } else {
                    [].iter()
                });
                let earlier = earlier
                    .chain(self.log.tail_rows.get(&encoded.fingerprint).into_iter().flatten())
                    .chain(round.rows.get(&encoded.fingerprint).into_iter().flatten())
                    .chain(own.get(&encoded.fingerprint).into_iter().flatten());
                for &candidate in earlier {
                    let same = self.with_body(candidate, round, &plan.fresh, first, |body| compare(&encoded, body))?;
                    match same {
                        Some(Sameness::Same) if encoded.has_id || !allow_repeats => {
                            return Ok((Outcome::AlreadyThere(candidate), None));
                        }
                        Some(Sameness::SameId(id)) => {
                            return Err(Stop::Refuse(RefusalReason::SameIdOtherContent { id, index: candidate }));
                        }
                        _ => {}
                    }
                }
                if let Some(given) = encoded.recorded {
                    if let Some(last) = last.filter(|last| given < *last) {
                        return Err(Stop::Refuse(RefusalReason::ClockBackwards { given, last }));
                    }
                    if given > now {
                        return Err(Stop::Refuse(RefusalReason::Future { given, now }));
                    }
                }
                if let Some(event) = &event {
                    let mut find = |i: u64| self.event(i, round, &plan.fresh, first).map_err(Stop::Fail);
                    amendments.check(event, &mut find)?;
                }
                Ok((Outcome::Appended(index), Some((encoded, event))))
            };
            match one() {
                Ok((outcome, fresh)) => {
                    plan.outcomes.push(outcome);
                    let Some((encoded, event)) = fresh else { continue };
                    if let Some(event) = event.filter(Amendments::is_amendment) {
                        if let Content::Correction(c) = &event.content
                            && let Some((old, _)) = amendments.corrections.in_force(c.of)
                        {
                            plan.notices.push(Notice::ReplacesCorrection { new: index, old, of: c.of });
                        }
                        amendments.insert(index, &event);
                        plan.amendments.push(index);
                    }
                    last = Some(encoded.recorded.unwrap_or(now));
                    own.entry(encoded.fingerprint).or_default().push(index);
                    plan.fresh.push(encoded);
                }
                Err(Stop::Fail(e)) => return Err(e.into()),
                Err(Stop::Refuse(reason)) => {
                    // Later lines may refer to this one; its place is kept with an index nothing has.
                    plan.outcomes.push(Outcome::AlreadyThere(REFUSED));
                    refused += 1;
                    if reason != RefusalReason::Follows && refusals.len() < MAX_REFUSALS {
                        refusals.push(Refusal { position, reason });
                    }
                }
            }
        }
        self.amendments = Some(amendments);
        if refused > 0 { Err(AppendError::Refused(refusals)) } else { Ok(plan) }
    }

    /// Encodes what can be encoded at once, on all cores.
    fn prepare(&self, events: Vec<NewEvent>) -> Vec<Prepared> {
        let prepare = |new: NewEvent| {
            if new.event.has_references() || matches!(new.event.content, Content::Alias(_)) {
                return Prepared::Pending(Box::new(new));
            }
            let NewEvent { event, recorder, recorded } = new;
            match event.map_references(&mut |r: Reference| Err::<u64, Reference>(r)) {
                Ok(event) => encode(&event, recorder.as_ref(), recorded, &self.log)
                    .map_or_else(Prepared::Refused, Prepared::Ready),
                Err(_) => Prepared::Refused(BodyError::Malformed("a reference that was not looked up".into())),
            }
        };
        if events.len() < PARALLEL_FROM {
            events.into_iter().map(prepare).collect()
        } else {
            events.into_par_iter().map(prepare).collect()
        }
    }

    /// For everything encoded so far, the sealed entries that may be the same.
    fn known(&self, prepared: &[Prepared]) -> Result<HashMap<Fingerprint, Vec<u64>>, OpenError> {
        let ready = prepared.iter().filter_map(|p| if let Prepared::Ready(e) = p { Some(e.fingerprint) } else { None });
        let fingerprints: Vec<Fingerprint> = ready.collect();
        Ok(self.log.runs.find_many(&*self.log.store, &fingerprints)?)
    }

    /// The index that a reference means.
    #[allow(clippy::too_many_arguments)] // all of it is the place in the batch
    fn look_up(
        &self,
        reference: &Reference,
        ids: &HashMap<ExternalId, usize>,
        position: usize,
        outcomes: &[Outcome],
        digests: Option<&Digests>,
        round: &Round,
        next: u64,
    ) -> Result<u64, Stop> {
        let missing = || Stop::Refuse(RefusalReason::NoSuchEntry(reference.clone()));
        let in_batch = |at: usize| match outcomes.get(at) {
            Some(outcome) if outcome.index() == REFUSED => Err(Stop::Refuse(RefusalReason::Follows)),
            Some(outcome) => Ok(outcome.index()),
            None => Err(missing()),
        };
        match reference {
            Reference::Index(index) if *index < next => Ok(*index),
            Reference::Index(_) => Err(missing()),
            Reference::Content(digest) => in_batch(
                digests.and_then(|d| d.first.get(digest).copied()).filter(|at| *at < position).ok_or_else(missing)?,
            ),
            Reference::Id(id) => {
                if let Some(index) = self.find_id_in(id, round)? {
                    return Ok(index);
                }
                in_batch(ids.get(id).copied().filter(|at| *at < position).ok_or_else(missing)?)
            }
        }
    }

    /// An id in the log or in this round.
    fn find_id_in(&self, id: &ExternalId, round: &Round) -> Result<Option<u64>, OpenError> {
        if let Some(index) = self.find_id(id.as_str())? {
            return Ok(Some(index));
        }
        for &index in round.rows.get(&self.log.fingerprinter.of_id(id.as_str())).into_iter().flatten() {
            if self.event(index, round, &[], u64::MAX)?.is_some_and(|e| e.id.as_ref() == Some(id)) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

/// Where each id stands first in the batch; empty if nothing in it refers to anything.
fn positions_of_ids(events: &[NewEvent]) -> HashMap<ExternalId, usize> {
    let mut ids = HashMap::new();
    if events.iter().any(|e| e.event.has_references()) {
        for (position, id) in events.iter().enumerate().filter_map(|(p, e)| Some((p, e.event.id.clone()?))) {
            ids.entry(id).or_insert(position);
        }
    }
    ids
}

/// Stands in for the index of a refused line.
const REFUSED: u64 = u64::MAX;

/// Fingerprints are hashes already.
#[derive(Clone, Copy)]
struct Prehashed;

#[derive(Default)]
struct PrehashedHasher(u64);

impl std::hash::BuildHasher for Prehashed {
    type Hasher = PrehashedHasher;
    fn build_hasher(&self) -> PrehashedHasher {
        PrehashedHasher(0)
    }
}

impl std::hash::Hasher for PrehashedHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |h, b| h.rotate_left(8) ^ u64::from(*b));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

fn encode(event: &Event, recorder: Option<&Label>, recorded: Option<Instant>, log: &Log) -> Result<Encoded, BodyError> {
    let mut body = Vec::with_capacity(512);
    body::encode_recorder(recorder, &mut body)?;
    let start = body.len();
    body::encode_event(event, &mut body)?;
    body::check_length(&body)?;
    let fingerprint = log.fingerprinter.of(event, body.get(start..).unwrap_or_default());
    Ok(Encoded { body, fingerprint, has_id: event.id.is_some(), recorded })
}

enum Sameness {
    Same,
    SameId(ExternalId),
    Other,
}

/// Compares an event with a stored one that has the same fingerprint.
fn compare(new: &Encoded, stored: &[u8]) -> Sameness {
    if identity::event_bytes(&new.body) == identity::event_bytes(stored) {
        return Sameness::Same;
    }
    let id = |body: &[u8]| Record::decode(body).ok().and_then(|r| r.event.id);
    match (id(&new.body), id(stored)) {
        (Some(a), Some(b)) if a == b => Sameness::SameId(a),
        _ => Sameness::Other,
    }
}

/// Chains encoded events behind a head: salts, commitments on all cores, then hash after hash.
fn chain(
    fresh: Vec<Encoded>,
    mut head: Head,
    mut last: Option<Instant>,
    now: Instant,
    entropy: &dyn Entropy,
) -> Result<(Vec<StoredEntry>, Head, Option<Instant>), AppendError> {
    let mut salts = vec![[0u8; 16]; fresh.len()];
    entropy.fill(salts.as_flattened_mut()).map_err(AppendError::Entropy)?;
    let commit = |(encoded, salt): (Encoded, [u8; 16])| {
        let commitment = commitment(&salt, &encoded.body);
        (encoded, salt, commitment)
    };
    let committed: Vec<(Encoded, [u8; 16], Hash)> = if fresh.len() < PARALLEL_FROM {
        fresh.into_iter().zip(salts).map(commit).collect()
    } else {
        fresh.into_par_iter().zip(salts).map(commit).collect()
    };
    let mut entries = Vec::with_capacity(committed.len());
    for (encoded, salt, commitment) in committed {
        let flags = if encoded.recorded.is_some() { FLAG_IMPORTED_CLOCK } else { 0 };
        let recorded = encoded.recorded.unwrap_or(now);
        let header = Header { flags, index: head.size, recorded, previous: head.hash, commitment };
        head = Head { size: head.size + 1, hash: header.hash() };
        last = Some(recorded);
        entries.push(StoredEntry { flags, recorded, hash: head.hash, body: StoredBody::Present(salt, encoded.body) });
    }
    Ok((entries, head, last))
}

/// For references by content: where in the batch each event without an id stands first.
struct Digests {
    first: HashMap<ContentDigest, usize>,
}

impl Digests {
    /// Whether anything in the batch refers by content. Rare, so that nobody else pays for the digests.
    fn needed(events: &[NewEvent]) -> bool {
        events.iter().any(|new| {
            let mut by_content = false;
            // Only stances, retractions, corrections and notes refer at all, and they are few.
            if new.event.has_references() {
                let _ = new.event.clone().map_references(&mut |r: Reference| {
                    by_content |= matches!(r, Reference::Content(_));
                    Ok::<u64, ()>(0)
                });
            }
            by_content
        })
    }

    fn of(events: &[NewEvent]) -> Self {
        let mut first = HashMap::new();
        for (position, new) in events.iter().enumerate() {
            let mut parts = Vec::new();
            let placed = new.event.clone().map_references(&mut |r: Reference| match r {
                Reference::Id(id) => {
                    parts.push(digest_of_id(&id));
                    Ok(0)
                }
                Reference::Content(digest) => {
                    parts.push(digest);
                    Ok(0)
                }
                Reference::Index(_) => Err(()),
            });
            if let Ok(event) = placed
                && event.id.is_none()
            {
                first.entry(digest_of_parts(&event, &parts)).or_insert(position);
            }
        }
        Self { first }
    }
}

const DIGEST_CONTEXT: &str = "sayso 2023-05 event content v1";

fn digest_of_id(id: &ExternalId) -> ContentDigest {
    digest(&[b"id", id.as_str().as_bytes()])
}

/// `event` with its references zeroed, and what they mean.
fn digest_of_parts(event: &Event, references: &[ContentDigest]) -> ContentDigest {
    let mut bytes = Vec::with_capacity(512);
    if body::encode_event(event, &mut bytes).is_err() {
        bytes.clear(); // too long to be stored: it will be refused
    }
    let references: Vec<u8> = references.iter().flat_map(|d| d.0).collect();
    digest(&[b"event", &references, &bytes])
}

fn digest(parts: &[&[u8]]) -> ContentDigest {
    let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = [0; 16];
    hasher.finalize_xof().fill(&mut out);
    ContentDigest(out)
}

/// How far a chain of events without ids is followed (a note on a note on a note ...).
const MAX_DIGEST_DEPTH: usize = 64;

/// The digest of a stored event: references count by what they point at, not by where it stands.
pub(super) fn content_digest(
    event: Event,
    find: &dyn Fn(u64) -> Result<Option<Event>, OpenError>,
    depth: usize,
) -> Result<Option<ContentDigest>, OpenError> {
    if depth > MAX_DIGEST_DEPTH {
        return Ok(None);
    }
    let mut parts = Vec::new();
    let mut known = true;
    let placed = event.map_references(&mut |index: u64| -> Result<u64, OpenError> {
        let part = match find(index)? {
            Some(Event { id: Some(id), .. }) => Some(digest_of_id(&id)),
            Some(target) => content_digest(target, find, depth + 1)?,
            None => None,
        };
        known &= part.is_some();
        parts.extend(part);
        Ok(0)
    })?;
    Ok(known.then(|| digest_of_parts(&placed, &parts)))
}
