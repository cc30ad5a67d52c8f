//! Body bytes: a version byte, then bincode of the recorder and the event.
//!
//! Version 1 is bincode 1.3 with fixed-width little-endian integers. Its exact layout is in `docs/format.md`; golden
//! vectors keep these types from drifting away from it. A later version gets its own types, and an upcaster to today's.

mod walk;

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

/// What a body turned out to be.
pub(crate) enum Inspected {
    /// A claim, in its one form.
    Claim,
    /// An event, in its one form.
    Other(Event),
    /// An event in another form.
    NotCanonical,
}

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_little_endian().reject_trailing_bytes()
}

/// Appends an event's own bytes (without version and recorder) to `out`.
///
/// # Errors
/// [`BodyError::TooLong`].
pub(crate) fn encode_event<R: Serialize>(event: &Event<R>, out: &mut Vec<u8>) -> Result<(), BodyError> {
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

pub(crate) use walk::claim_parts;

/// Decodes part of a body, cut out by its encoding.
pub(crate) fn decode_part<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BodyError> {
    options().deserialize(bytes).map_err(|e| BodyError::Malformed(e.to_string()))
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

    /// Whether bytes are an event in the one form in which it is written, as audit asks it.
    ///
    /// # Errors
    /// [`BodyError`] if they are no event.
    pub fn is_in_the_one_form(body: &[u8]) -> Result<bool, BodyError> {
        Ok(!matches!(Self::inspect(body, &mut Vec::new())?, Inspected::NotCanonical))
    }

    /// What audit needs to know of a body: that it is an event in the one form in which that is written, and which. `scratch`
    /// is working memory. For a claim nothing is built, and `None` comes back.
    pub(crate) fn inspect(body: &[u8], scratch: &mut Vec<u8>) -> Result<Inspected, BodyError> {
        if body.len() <= MAX_BODY_BYTES && walk::is_canonical_claim(body) {
            return Ok(Inspected::Claim);
        }
        let record = Self::decode(body)?;
        Ok(if record.is_canonical(body, scratch) { Inspected::Other(record.event) } else { Inspected::NotCanonical })
    }

    /// Whether `body` is exactly what [`Record::encode`] writes for this record. `scratch` is working memory.
    fn is_canonical(&self, body: &[u8], scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        encode_recorder(self.recorder.as_ref(), scratch).is_ok()
            && encode_event(&self.event, scratch).is_ok()
            && scratch == body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{CheckOptions, Draft};

    /// Bodies of claims that use every part of the format.
    fn bodies() -> Vec<Vec<u8>> {
        let options = CheckOptions {
            zone: "Asia/Yerevan".parse().unwrap(),
            numbers: true,
            imported_clock: false,
            recorder: Label::new("r").ok(),
        };
        let values = [
            "2",
            "-0.5",
            "true",
            "\"a\u{301} b\"",
            "{\"min\":2}",
            "{\"max\":4}",
            "{\"approx\":7}",
            "{\"unknown\":true}",
            "{\"none\":true}",
            "{\"date\":\"2023-05-14?\"}",
        ];
        let dates = [
            "2023",
            "199X",
            "20XX",
            "2023-22",
            "2004-XX",
            "1985-XX-XX",
            "1985-04-XX",
            "Y170000",
            "2023-05~/..",
            "/2006",
            "2023-05-12T08:00:00Z",
            "2023-05-12T08:00:00-03:30",
        ];
        let mut bodies = Vec::new();
        for (n, date) in dates.iter().enumerate() {
            let value = values[n % values.len()];
            let line = format!(
                r#"{{"kind":"claim","id":"i{n}","source":"a/b","speaker":"S","body":"B","via":["x","y"],"subject":"Սոթք","predicate":"p","value":{value},"unit":"u","act":"denies","modality":"m","stated":"2023-05-1{}","occurred":"{date}","published":"{date}","quote":"q","lang":"hy","translated":true,"citations":[{{"url":"https://e.org","exact":"e","prefix":"p"}}],"note":"n","tags":["t"]}}"#,
                n % 3
            );
            let new = Draft::from_json(&line).unwrap().check(&options).unwrap();
            let event = new.event.map_references(&mut |_| Err(())).unwrap();
            bodies.push(Record { recorder: new.recorder, event }.encode().unwrap());
        }
        bodies
    }

    fn slow(body: &[u8]) -> bool {
        let record = Record::decode(body);
        record.is_ok_and(|r| {
            matches!(r.event.content, crate::event::Content::Claim(_)) && r.is_canonical(body, &mut vec![])
        })
    }

    /// The walk and the decoder agree on every claim, and on every single-byte change, cut and doubling of one.
    #[test]
    fn the_walk_agrees_with_the_decoder() {
        let (mut accepted, mut refused) = (0, 0);
        for body in bodies() {
            assert!(walk::is_canonical_claim(&body) && slow(&body));
            for at in 0..body.len() {
                for change in [1u8, 2, 4, 8, 16, 32, 64, 128, 255] {
                    let mut bad = body.clone();
                    bad[at] ^= change;
                    let walked = walk::is_canonical_claim(&bad);
                    assert_eq!(walked, slow(&bad), "byte {at} ^ {change}");
                    if walked {
                        accepted += 1
                    } else {
                        refused += 1
                    }
                    let parts = claim_parts(&bad);
                    for name in parts.iter().flat_map(|parts| [parts.source, parts.subject, parts.predicate]) {
                        let is_name = crate::text::Name::new(name).is_ok_and(|n| n.as_str() == name);
                        assert!(is_name, "byte {at} ^ {change}: {name:?}");
                    }
                }
                assert!(!walk::is_canonical_claim(&body[..at]));
            }
            assert!(!walk::is_canonical_claim(&[body.as_slice(), &[0]].concat()));
        }
        assert!(accepted > 1_000 && refused > 10_000, "{accepted} changes made another claim, {refused} made none");
    }
}
