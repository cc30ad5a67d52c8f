//! Planning a batch: references looked up, rules checked, repeats found. Nothing that is planned exists until the head of
//! the log has moved over it.

use std::collections::HashMap;

use super::append::{NewEvent, Notice, Outcome, Refusal, RefusalReason};
use super::identity::{self, Fingerprint, Rows};
use super::log::{BUNDLE, Log};
use super::prepare::{Encoded, Prepared, Request, Slice, encode};
use super::rules::{Amendments, RuleError};
use super::sealing::Sealing;
use super::writer::Round;
use super::{AppendError, DamageError, OpenError};
use crate::body::{BodyError, Record};
use crate::entry::Salt;
use crate::event::{Content, Event, Reference};
use crate::text::ExternalId;
use crate::time::Instant;

/// Stands in for the index of a refused line.
const REFUSED: u64 = u64::MAX;

/// A batch that was found good.
pub(super) struct Plan {
    /// Its entries that were not handed over yet, not chained.
    pub(super) fresh: Vec<Encoded>,
    pub(super) rows: Rows,
    /// The indexes of corrections and aliases among them.
    pub(super) amendments: Vec<u64>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) notices: Vec<Notice>,
}

/// Everything that a new event can see: the log, the batches accepted before it in this round, and its own batch so far.
pub(super) struct Sight<'a> {
    log: &'a Log,
    round: &'a Round,
    /// Bundles of this batch on their way into the store.
    sealing: Option<&'a Sealing>,
    fresh: Vec<Encoded>,
    /// The index of the first of `fresh`.
    first: u64,
}

impl<'a> Sight<'a> {
    /// What an event appended at `next` can see.
    pub(super) fn new(log: &'a Log, round: &'a Round, sealing: Option<&'a Sealing>, next: u64) -> Self {
        Self { log, round, sealing, fresh: Vec::new(), first: next }
    }

    /// Reads the body of an entry; `None` if it was erased or is not there.
    fn with_body<T>(&self, index: u64, read: impl FnOnce(&[u8]) -> T) -> Result<Option<T>, OpenError> {
        let logged = self.log.snapshot.head.size;
        let at = |from: u64| usize::try_from(index.checked_sub(from)?).ok();
        if index < logged {
            if self.log.snapshot.withheld.contains(&index) {
                return Ok(None);
            }
            return Ok(self.log.stored(index)?.and_then(|(_, stored)| stored.body().map(read)));
        }
        if index >= self.first {
            return Ok(at(self.first).and_then(|at| self.fresh.get(at)).map(|e| read(&e.body)));
        }
        if let Some(sealing) = self.sealing {
            sealing.wait_for(index)?;
            let bundle = self.log.bundle(index / BUNDLE * BUNDLE)?;
            return Ok(bundle.at(index).and_then(|(_, entry)| entry.body().map(read)));
        }
        Ok(at(logged).and_then(|at| self.round.staged.entries.get(at)).and_then(|e| e.body().map(read)))
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

/// Plans one batch, slice by slice.
pub(super) struct Planner<'a> {
    sight: Sight<'a>,
    request: Request,
    amendments: Option<Amendments>,
    now: Instant,
    last: Option<Instant>,
    /// Sealed entries that may be the same as one of the slice.
    known: HashMap<Fingerprint, Vec<u64>>,
    /// Entries of the batch by fingerprint.
    own: Rows,
    outcomes: Vec<Outcome>,
    amended: Vec<u64>,
    notices: Vec<Notice>,
    refusals: Vec<Refusal>,
    refused: bool,
}

impl<'a> Planner<'a> {
    /// `amendments`: what is known of corrections and aliases, if it was read before.
    pub(super) fn new(
        request: Request,
        sight: Sight<'a>,
        amendments: Option<Amendments>,
        last: Option<Instant>,
        now: Instant,
    ) -> Self {
        let mut own = Rows::default();
        own.reserve(request.count);
        Self {
            sight,
            amendments,
            now,
            last,
            known: HashMap::new(),
            own,
            outcomes: Vec::with_capacity(request.count),
            request,
            amended: vec![],
            notices: vec![],
            refusals: vec![],
            refused: false,
        }
    }

    /// Finds a place for each event of the next slice, or a reason to refuse it.
    ///
    /// # Errors
    /// If the ledger cannot be read. Refusals are told at the end, all at once.
    pub(super) fn place(&mut self, slice: Slice) -> Result<(), AppendError> {
        let Slice { prepared, salts } = slice;
        let all = || prepared.iter().flatten();
        let ready = all().filter_map(|p| if let Prepared::Ready(e) = p { Some(e.fingerprint) } else { None });
        let fingerprints: Vec<Fingerprint> = ready.collect();
        let log = self.sight.log;
        self.known = log.runs.find_many(&*log.store, &fingerprints).map_err(OpenError::from)?;
        if self.amendments.is_none() && all().any(|p| matches!(p, Prepared::Pending(_))) {
            self.amendments = Some(self.sight.load_amendments()?);
        }
        self.sight.fresh.reserve(salts.len());
        for (prepared, salt) in prepared.into_iter().flatten().zip(salts) {
            let position = self.outcomes.len();
            match self.place_one(position, prepared, salt) {
                Ok(outcome) => self.outcomes.push(outcome),
                Err(Stop::Fail(e)) => return Err(e.into()),
                Err(Stop::Refuse(reason)) => {
                    // Later lines may refer to this one: its place is kept.
                    self.outcomes.push(Outcome::AlreadyThere(REFUSED));
                    self.refused = true;
                    if reason != RefusalReason::Follows {
                        self.refusals.push(Refusal { position, reason });
                    }
                }
            }
        }
        Ok(())
    }

    /// Hands over the entries that were placed so far, up to the last that ends a bundle; none once an event was refused,
    /// since then none will be kept.
    pub(super) fn take_whole_bundles(&mut self) -> Vec<Encoded> {
        let end = self.sight.first + self.sight.fresh.len() as u64;
        let whole = (end / BUNDLE * BUNDLE).saturating_sub(self.sight.first);
        if self.refused || whole == 0 {
            return Vec::new();
        }
        let rest = self.sight.fresh.split_off(usize::try_from(whole).unwrap_or(usize::MAX).min(self.sight.fresh.len()));
        self.sight.first += whole;
        std::mem::replace(&mut self.sight.fresh, rest)
    }

    /// The plan, and the corrections and aliases as they are after it.
    ///
    /// # Errors
    /// [`AppendError::Refused`], with every refusal.
    pub(super) fn finish(self) -> Result<(Plan, Option<Amendments>), AppendError> {
        if self.refused {
            return Err(AppendError::Refused(self.refusals));
        }
        let Self { sight, amendments, outcomes, amended, notices, own, .. } = self;
        Ok((Plan { fresh: sight.fresh, rows: own, amendments: amended, outcomes, notices }, amendments))
    }

    /// Finds the place of one event: where the same event stands already, or behind everything so far.
    fn place_one(&mut self, position: usize, prepared: Prepared, salt: Salt) -> Result<Outcome, Stop> {
        let index = self.sight.first + self.sight.fresh.len() as u64;
        let (encoded, event) = match prepared {
            Prepared::Ready(encoded) => (encoded, None),
            Prepared::Refused(e) => return Err(e.into()),
            Prepared::Pending(new) => {
                let NewEvent { event, recorder, recorded } = *new;
                let event = event.map_references(&mut |r: Reference| self.look_up(&r, position, index))?;
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
                Some(Sameness::Same) if new.has_id || !self.request.allow_repeats => return Ok(Some(index)),
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
            Reference::Content(digest) => self.request.digests.as_ref().and_then(|d| d.position(digest)),
            Reference::Id(id) => match self.sight.find_id(id.as_str())? {
                Some(index) => return Ok(index),
                None => self.request.ids.get(id).copied(),
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
