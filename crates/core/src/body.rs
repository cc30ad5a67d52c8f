//! Body bytes: a version byte, then bincode of the recorder and the event.
//!
//! Version 1 is bincode 1.3 with fixed-width little-endian integers. Its exact layout is in `docs/format.md`; golden
//! vectors keep these types from drifting away from it. A later version gets its own types, and an upcaster to today's.

use bincode::Options;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::limits::MAX_BODY_BYTES;
use crate::text::Label;

/// The only version so far.
pub const BODY_VERSION: u8 = 1;

/// What an entry's body holds: an event, and who typed it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The person or program that recorded the event. Not part of the event's identity: a colleague who imports the
    /// same file records nothing new.
    pub recorder: Option<Label>,
    /// The event.
    pub event: Event,
}

/// Why an event cannot be stored, or stored bytes are no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The event is too long.
    #[error(
        "the event takes {got} bytes; at most {MAX_BODY_BYTES} fit in an entry: shorten the quote or the note, or cite a file by its hash"
    )]
    TooLong {
        /// Bytes the event takes.
        got: u64,
    },
    /// Written by a newer program.
    #[error("body version {0} is newer than this program reads; install a newer sayso")]
    NewerVersion(u8),
    /// Not an event.
    #[error("the stored bytes are not a valid event: {0}")]
    Malformed(String),
}

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_little_endian().reject_trailing_bytes()
}

/// Appends an event's own bytes (without version and recorder) to `out`.
///
/// # Errors
/// [`BodyError::TooLong`].
pub(crate) fn encode_event(event: &Event, out: &mut Vec<u8>) -> Result<(), BodyError> {
    encode(event, out)
}

/// Appends the bytes that come before the event's.
pub(crate) fn encode_recorder(recorder: Option<&Label>, out: &mut Vec<u8>) -> Result<(), BodyError> {
    out.push(BODY_VERSION);
    encode(&recorder, out)
}

fn encode(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), BodyError> {
    options().serialize_into(out, value).map_err(|e| BodyError::Malformed(e.to_string()))
}

/// Refuses a body that is over the limit.
pub(crate) fn check_length(body: &[u8]) -> Result<(), BodyError> {
    if body.len() > MAX_BODY_BYTES { Err(BodyError::TooLong { got: body.len() as u64 }) } else { Ok(()) }
}

impl Record {
    /// The body bytes.
    ///
    /// # Errors
    /// [`BodyError::TooLong`].
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        let mut out = Vec::with_capacity(512);
        encode_recorder(self.recorder.as_ref(), &mut out)?;
        encode_event(&self.event, &mut out)?;
        check_length(&out)?;
        Ok(out)
    }

    /// The event in body bytes.
    ///
    /// # Errors
    /// [`BodyError`]; any byte left over is one.
    pub fn decode(body: &[u8]) -> Result<Self, BodyError> {
        check_length(body)?;
        match body.split_first() {
            Some((&BODY_VERSION, rest)) => options()
                .with_limit(MAX_BODY_BYTES as u64)
                .deserialize(rest)
                .map_err(|e| BodyError::Malformed(e.to_string())),
            Some((&version, _)) if version > BODY_VERSION => Err(BodyError::NewerVersion(version)),
            _ => Err(BodyError::Malformed("no version byte".into())),
        }
    }

    /// Whether `body` is exactly what [`Record::encode`] writes for this record. `scratch` is working memory.
    pub(crate) fn is_canonical(&self, body: &[u8], scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        encode_recorder(self.recorder.as_ref(), scratch).is_ok()
            && encode_event(&self.event, scratch).is_ok()
            && scratch == body
    }
}
