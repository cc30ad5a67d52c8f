//! The identity of an event by its content, the same in every ledger: how a file points at an event that has no id.

use std::collections::HashMap;

use super::OpenError;
use super::append::NewEvent;
use crate::body;
use crate::event::{ContentDigest, Event, Reference};
use crate::text::ExternalId;

/// For references by content: where in the batch each event without an id stands first.
pub(super) struct Digests {
    first: HashMap<ContentDigest, usize>,
}

impl Digests {
    /// Whether anything in the batch refers by content. Rare, so that nobody else pays for the digests.
    pub(super) fn needed(events: &[NewEvent]) -> bool {
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

    pub(super) fn of(events: &[NewEvent]) -> Self {
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

    /// Where in the batch the event with this content stands first.
    pub(super) fn position(&self, digest: &ContentDigest) -> Option<usize> {
        self.first.get(digest).copied()
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
