//! Preparing a batch: its events encoded and hashed, on all cores, as far as that goes without looking at the ledger.

use std::collections::HashMap;

use bytes::Bytes;
use rayon::prelude::*;
use serde::Serialize;

use super::AppendError;
use super::append::{Batch, NewEvent};
use super::content::Digests;
use super::identity::{Fingerprint, Fingerprinter};
use crate::body::{self, BodyError};
use crate::entry::{Hash, Head, Salt, commitment};
use crate::event::{Content, Event};
use crate::machine::Entropy;
use crate::text::{ExternalId, Label};
use crate::time::Instant;

/// Events encoded by one thread at a time, into one buffer. Below this, handing work to others costs more than it saves.
const SHARE: usize = 256;
/// An event on its way into an entry.
pub(super) enum Prepared {
    /// Encoded; it points at nothing and breaks no rule.
    Ready(Encoded),
    /// To be looked up and checked in its turn.
    Pending(Box<NewEvent>),
    /// Too long.
    Refused(BodyError),
}

/// An event as salted body bytes, with what identifies it.
pub(super) struct Encoded {
    pub(super) body: Bytes,
    pub(super) salt: Salt,
    pub(super) commitment: Hash,
    pub(super) fingerprint: Fingerprint,
    pub(super) has_id: bool,
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
fn encode_share(events: &[NewEvent], salts: &[Salt], fingerprinter: &Fingerprinter) -> Vec<Prepared> {
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

/// Consecutive events of a batch, prepared.
pub(super) struct Slice {
    /// In shares, as they were encoded.
    pub(super) prepared: Vec<Vec<Prepared>>,
    /// One salt for each event, used or not.
    pub(super) salts: Vec<Salt>,
}

impl Slice {
    pub(super) fn new(
        events: &[NewEvent],
        fingerprinter: &Fingerprinter,
        entropy: &dyn Entropy,
    ) -> Result<Self, AppendError> {
        let mut salts = vec![Salt::default(); events.len()];
        entropy.fill(salts.as_flattened_mut()).map_err(AppendError::Entropy)?;
        let shares = events.par_chunks(SHARE).zip(salts.par_chunks(SHARE));
        let prepared = if events.len() <= SHARE {
            vec![encode_share(events, &salts, fingerprinter)]
        } else {
            shares.map(|(events, salts)| encode_share(events, salts, fingerprinter)).collect()
        };
        Ok(Self { prepared, salts })
    }
}

/// What holds for a batch as a whole.
pub(super) struct Request {
    /// Where each id stands first in the batch.
    pub(super) ids: HashMap<ExternalId, usize>,
    /// The same for content that something refers to.
    pub(super) digests: Option<Digests>,
    pub(super) expected: Option<Head>,
    pub(super) allow_repeats: bool,
    /// How many events there are.
    pub(super) count: usize,
}

impl Request {
    pub(super) fn of(batch: &Batch) -> Self {
        let events = &batch.events;
        Self {
            ids: positions_of_ids(events),
            digests: Digests::needed(events).then(|| Digests::of(events)),
            expected: batch.expected,
            allow_repeats: batch.allow_repeats,
            count: events.len(),
        }
    }
}

/// A whole batch, prepared by the thread that brings it: nobody waits for it.
pub(super) struct PreparedBatch {
    pub(super) request: Request,
    pub(super) slice: Slice,
}

impl PreparedBatch {
    pub(super) fn new(
        batch: &Batch,
        fingerprinter: &Fingerprinter,
        entropy: &dyn Entropy,
    ) -> Result<Self, AppendError> {
        Ok(Self { request: Request::of(batch), slice: Slice::new(&batch.events, fingerprinter, entropy)? })
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
