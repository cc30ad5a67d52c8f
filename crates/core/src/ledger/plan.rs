//! Planning a batch: references looked up, rules checked, repeats found. Nothing is written here, and a batch is planned
//! whole before anything of it is.

use std::collections::HashMap;

use bytes::Bytes;
use rayon::prelude::*;
use serde::Serialize;

use super::append::{Batch, NewEvent, Notice, Outcome, Refusal, RefusalReason};
use super::content::Digests;
use super::identity::{self, Fingerprint, Fingerprinter, Rows};
use super::log::Log;
use super::rules::{Amendments, RuleError};
use super::writer::Round;
use super::{AppendError, DamageError, OpenError};
use crate::body::{self, BodyError, Record};
use crate::entry::{Hash, Head, Salt, commitment};
use crate::event::{Content, Event, Reference};
use crate::machine::Entropy;
use crate::text::{ExternalId, Label};
use crate::time::Instant;

/// Events encoded by one thread at a time, into one buffer. Below this, handing work to others costs more than it saves.
const SHARE: usize = 256;
/// Stands in for the index of a refused line.
const REFUSED: u64 = u64::MAX;

/// A batch that was found good: its entries, not yet chained.
pub(super) struct Plan {
    pub(super) fresh: Vec<Encoded>,
    pub(super) rows: Rows,
    /// The indexes of corrections and aliases among them.
    pub(super) amendments: Vec<u64>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) notices: Vec<Notice>,
}

/// An event as salted body bytes, with what identifies it.
pub(super) struct Encoded {
    pub(super) body: Bytes,
    pub(super) salt: Salt,
    pub(super) commitment: Hash,
    pub(super) fingerprint: Fingerprint,
    has_id: bool,
    pub(super) recorded: Option<Instant>,
}

/// Encodes an event whose references, if any, were looked up.
pub(super) fn encode<R: Serialize>(
    event: &Event<R>,
    recorder: Option<&Label>,
    recorded: Option<Instant>,
    salt: Salt,
    fingerprinter: &Fingerprinter,
) -> Result<Encoded, BodyError> {
    let mut body = Vec::new();
    let encoded = encode_into(&mut body, event, recorder, recorded, salt, fingerprinter)?;
    Ok(Encoded { body: body.into(), ..encoded })
}

/// Appends the body to `buffer`, and hashes it while it is still in the cache. The `body` of what comes back is empty.
fn encode_into<R: Serialize>(
    buffer: &mut Vec<u8>,
    event: &Event<R>,
    recorder: Option<&Label>,
    recorded: Option<Instant>,
    salt: Salt,
    fingerprinter: &Fingerprinter,
) -> Result<Encoded, BodyError> {
    let start = buffer.len();
    body::encode_recorder(recorder, buffer)?;
    let own = buffer.len();
    body::encode_event(event, buffer)?;
    let bytes_from = |start: usize| buffer.get(start..).unwrap_or_default();
    let body = bytes_from(start);
    body::check_length(body)?;
    Ok(Encoded {
        body: Bytes::new(),
        commitment: commitment(&salt, body),
        fingerprint: fingerprinter.of(event, bytes_from(own)),
        salt,
        has_id: event.id.is_some(),
        recorded,
    })
}

/// Encodes what can be encoded without looking at the ledger, the bodies into one buffer.
fn prepare(events: &[NewEvent], salts: &[Salt], fingerprinter: &Fingerprinter) -> Vec<Prepared> {
    let mut buffer = Vec::new();
    let mut ends = Vec::with_capacity(events.len());
    let mut prepared: Vec<Prepared> = Vec::with_capacity(events.len());
    for (new, salt) in events.iter().zip(salts) {
        let start = buffer.len();
        prepared.push(if new.event.has_references() || matches!(new.event.content, Content::Alias(_)) {
            Prepared::Pending(Box::new(new.clone()))
        } else {
            encode_into(&mut buffer, &new.event, new.recorder.as_ref(), new.recorded, *salt, fingerprinter)
                .map_or_else(Prepared::Refused, Prepared::Ready)
        });
        if !matches!(prepared.last(), Some(Prepared::Ready(_))) {
            buffer.truncate(start);
        }
        ends.push(buffer.len());
    }
    let mut rest = Bytes::from(buffer);
    let mut start = 0;
    for (prepared, end) in prepared.iter_mut().zip(ends) {
        let body = rest.split_to(end - start);
        start = end;
        if let Prepared::Ready(encoded) = prepared {
            encoded.body = body;
        }
    }
    prepared
}

/// Everything that a new event can see: the log, the batches accepted before it in this round, and its own batch so far.
pub(super) struct Sight<'a> {
    pub(super) log: &'a Log,
    pub(super) round: &'a Round,
    pub(super) fresh: Vec<Encoded>,
    /// The index of the first of `fresh`.
    pub(super) first: u64,
}

impl Sight<'_> {
    /// Reads the body of an entry; `None` if it was erased or is not there.
    fn with_body<T>(&self, index: u64, read: impl FnOnce(&[u8]) -> T) -> Result<Option<T>, OpenError> {
        let logged = self.log.snapshot.head.size;
        let at = |from: u64| usize::try_from(index.checked_sub(from)?).ok();
        if index < logged {
            return Ok(self.log.stored(index)?.and_then(|(_, stored)| stored.body().map(read)));
        }
        if index < self.first {
            return Ok(at(logged).and_then(|at| self.round.staged.entries.get(at)).and_then(|e| e.body().map(read)));
        }
        Ok(at(self.first).and_then(|at| self.fresh.get(at)).map(|e| read(&e.body)))
    }

    /// The event of an entry; `None` if it was erased or is not there.
    fn event(&self, index: u64) -> Result<Option<Event>, OpenError> {
        let decoded = self.with_body(index, Record::decode)?.transpose();
        Ok(decoded.map_err(|e| DamageError::at(index, &e.to_string()))?.map(|r| r.event))
    }

    /// The entry with an id, in the log or in this round.
    pub(super) fn find_id(&self, id: &str) -> Result<Option<u64>, OpenError> {
        let fingerprint = self.log.fingerprinter.of_id(id);
        let mut found = self.log.runs.find(&*self.log.store, fingerprint)?;
        found.extend(self.log.tail_rows.find(fingerprint));
        found.extend(self.round.rows.find(fingerprint));
        for index in found {
            if self.event(index)?.is_some_and(|e| e.id.is_some_and(|i| i.as_str() == id)) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// What corrections and aliases there are, those of the round included.
    pub(super) fn load_amendments(&self) -> Result<Amendments, OpenError> {
        let mut amendments = Amendments::default();
        let recorded = self.log.amendments()?;
        for index in recorded.into_iter().chain(self.round.staged.amendments.iter().copied()) {
            if let Some(event) = self.event(index)? {
                amendments.insert(index, &event);
            }
        }
        Ok(amendments)
    }
}

/// Why planning of one event stops: it is refused, or everything fails.
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

/// A batch, encoded as far as that goes without looking at the ledger.
pub(super) struct PreparedBatch {
    /// In shares, as they were encoded.
    prepared: Vec<Vec<Prepared>>,
    /// One salt for each event, used or not.
    salts: Vec<Salt>,
    /// Where each id stands first in the batch.
    ids: HashMap<ExternalId, usize>,
    digests: Option<Digests>,
    pub(super) expected: Option<Head>,
    pub(super) allow_repeats: bool,
}

impl PreparedBatch {
    /// Encodes what can be encoded at once, on all cores, by the thread that brings it: nobody waits for it.
    pub(super) fn new(
        batch: &Batch,
        fingerprinter: &Fingerprinter,
        entropy: &dyn Entropy,
    ) -> Result<Self, AppendError> {
        let events = &batch.events;
        let mut salts = vec![Salt::default(); events.len()];
        entropy.fill(salts.as_flattened_mut()).map_err(AppendError::Entropy)?;
        let shares = events.par_chunks(SHARE).zip(salts.par_chunks(SHARE));
        let prepared = if events.len() <= SHARE {
            vec![prepare(events, &salts, fingerprinter)]
        } else {
            shares.map(|(events, salts)| prepare(events, salts, fingerprinter)).collect()
        };
        Ok(Self {
            prepared,
            salts,
            ids: positions_of_ids(events),
            digests: Digests::needed(events).then(|| Digests::of(events)),
            expected: batch.expected,
            allow_repeats: batch.allow_repeats,
        })
    }
}

/// Plans one batch.
pub(super) struct Planner<'a> {
    sight: Sight<'a>,
    amendments: Option<Amendments>,
    allow_repeats: bool,
    now: Instant,
    last: Option<Instant>,
    /// Where each id stands first in the batch.
    ids: HashMap<ExternalId, usize>,
    digests: Option<Digests>,
    /// Sealed entries that may be the same as one of the batch.
    known: HashMap<Fingerprint, Vec<u64>>,
    /// One salt for each event, used or not.
    salts: Vec<Salt>,
    /// Entries of the batch by fingerprint.
    own: Rows,
    outcomes: Vec<Outcome>,
    amended: Vec<u64>,
    notices: Vec<Notice>,
}

impl<'a> Planner<'a> {
    /// The plan of a batch, and the corrections and aliases as they are after it.
    pub(super) fn plan(
        batch: PreparedBatch,
        mut sight: Sight<'a>,
        mut amendments: Option<Amendments>,
        last: Option<Instant>,
        now: Instant,
    ) -> Result<(Plan, Option<Amendments>), AppendError> {
        let PreparedBatch { prepared, salts, ids, digests, allow_repeats, .. } = batch;
        let all = || prepared.iter().flatten();
        let ready = all().filter_map(|p| if let Prepared::Ready(e) = p { Some(e.fingerprint) } else { None });
        let fingerprints: Vec<Fingerprint> = ready.collect();
        let known = sight.log.runs.find_many(&*sight.log.store, &fingerprints).map_err(OpenError::from)?;
        if amendments.is_none() && all().any(|p| matches!(p, Prepared::Pending(_))) {
            amendments = Some(sight.load_amendments()?);
        }
        let count = salts.len();
        sight.fresh.reserve(count);
        let mut own = Rows::default();
        own.reserve(count);
        let outcomes = Vec::with_capacity(count);
        let (amended, notices) = (vec![], vec![]);
        Self {
            sight,
            amendments,
            allow_repeats,
            now,
            last,
            ids,
            digests,
            known,
            salts,
            own,
            outcomes,
            amended,
            notices,
        }
        .place_all(prepared)
    }

    fn place_all(mut self, prepared: Vec<Vec<Prepared>>) -> Result<(Plan, Option<Amendments>), AppendError> {
        let (mut refusals, mut refused) = (Vec::new(), false);
        for (position, prepared) in prepared.into_iter().flatten().enumerate() {
            match self.place(position, prepared) {
                Ok(outcome) => self.outcomes.push(outcome),
                Err(Stop::Fail(e)) => return Err(e.into()),
                Err(Stop::Refuse(reason)) => {
                    // Later lines may refer to this one: its place is kept.
                    self.outcomes.push(Outcome::AlreadyThere(REFUSED));
                    refused = true;
                    if reason != RefusalReason::Follows {
                        refusals.push(Refusal { position, reason });
                    }
                }
            }
        }
        if refused {
            return Err(AppendError::Refused(refusals));
        }
        let Self { sight, amendments, outcomes, amended, notices, own, .. } = self;
        Ok((Plan { fresh: sight.fresh, rows: own, amendments: amended, outcomes, notices }, amendments))
    }

    /// Finds the place of one event: where the same event stands already, or behind everything so far.
    fn place(&mut self, position: usize, prepared: Prepared) -> Result<Outcome, Stop> {
        let index = self.sight.first + self.sight.fresh.len() as u64;
        let (encoded, event) = match prepared {
            Prepared::Ready(encoded) => (encoded, None),
            Prepared::Refused(e) => return Err(e.into()),
            Prepared::Pending(new) => {
                let NewEvent { event, recorder, recorded } = *new;
                let event = event.map_references(&mut |r: Reference| self.look_up(&r, position, index))?;
                let salt = self.salts.get(position).copied().unwrap_or_default();
                let encoded = encode(&event, recorder.as_ref(), recorded, salt, &self.sight.log.fingerprinter)?;
                (encoded, Some(event))
            }
        };
        if let Some(there) = self.find_same(&encoded, event.is_some())? {
            return Ok(Outcome::AlreadyThere(there));
        }
        self.check_clock(&encoded)?;
        if let Some(event) = event {
            self.check_rules(index, &event)?;
        }
        self.last = Some(encoded.recorded.unwrap_or(self.now));
        self.own.insert((encoded.fingerprint, index));
        self.sight.fresh.push(encoded);
        Ok(Outcome::Appended(index))
    }

    /// The entry that holds the same event already. `pending`: it was not among those looked up at once.
    fn find_same(&self, new: &Encoded, pending: bool) -> Result<Option<u64>, Stop> {
        let Sight { log, round, .. } = &self.sight;
        let mut candidates = self.known.get(&new.fingerprint).cloned().unwrap_or_default();
        if pending {
            candidates.extend(log.runs.find(&*log.store, new.fingerprint).map_err(OpenError::from)?);
        }
        for rows in [&log.tail_rows, &round.rows, &self.own] {
            candidates.extend(rows.find(new.fingerprint));
        }
        for index in candidates {
            match self.sight.with_body(index, |stored| compare(new, stored))? {
                Some(Sameness::Same) if new.has_id || !self.allow_repeats => return Ok(Some(index)),
                Some(Sameness::SameId(id)) => {
                    return Err(Stop::Refuse(RefusalReason::SameIdOtherContent { id, index }));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn check_clock(&self, new: &Encoded) -> Result<(), Stop> {
        let Some(given) = new.recorded else { return Ok(()) };
        match self.last {
            Some(last) if given < last => Err(Stop::Refuse(RefusalReason::ClockBackwards { given, last })),
            _ if given > self.now => Err(Stop::Refuse(RefusalReason::Future { given, now: self.now })),
            _ => Ok(()),
        }
    }

    fn check_rules(&mut self, index: u64, event: &Event) -> Result<(), Stop> {
        let mut amendments = self.amendments.take().unwrap_or_default();
        let result = amendments.check(event, &mut |i| self.sight.event(i).map_err(Stop::Fail));
        if result.is_ok() && Amendments::is_amendment(event) {
            if let Content::Correction(c) = &event.content
                && let Some((old, _)) = amendments.corrections.in_force(c.of)
            {
                self.notices.push(Notice::ReplacesCorrection { new: index, old, of: c.of });
            }
            amendments.insert(index, event);
            self.amended.push(index);
        }
        self.amendments = Some(amendments);
        result
    }

    /// The index that a reference means.
    fn look_up(&self, reference: &Reference, position: usize, next: u64) -> Result<u64, Stop> {
        let missing = || Stop::Refuse(RefusalReason::NoSuchEntry(reference.clone()));
        let at = match reference {
            Reference::Index(index) => return if *index < next { Ok(*index) } else { Err(missing()) },
            Reference::Content(digest) => self.digests.as_ref().and_then(|d| d.position(digest)),
            Reference::Id(id) => match self.sight.find_id(id.as_str())? {
                Some(index) => return Ok(index),
                None => self.ids.get(id).copied(),
            },
        };
        let at = at.filter(|at| *at < position).ok_or_else(missing)?;
        match self.outcomes.get(at).map(|o| o.index()) {
            Some(REFUSED) => Err(Stop::Refuse(RefusalReason::Follows)),
            Some(index) => Ok(index),
            None => Err(missing()),
        }
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

/// How an event relates to a stored one with the same fingerprint.
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
