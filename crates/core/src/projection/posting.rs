//! Postings: what the projection keeps of an entry, under the names it was recorded with.
//!
//! A claim is posted twice, by question and by source, with all that a replay needs of it: a copy of the bytes of its date and
//! of its value. Whatever else names a source or a question is posted so that a query finds it. The names are those that were
//! recorded; aliases are applied when a query is answered.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::Datelike;
use compact_str::CompactString;

use crate::body::{self, BodyError, Record};
use crate::bundle::{StoredBody, StoredEntry};
use crate::event::{Content, Event, NameKind, Question, Target};
use crate::time::Stated;

/// By what postings are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Subject, predicate, source.
    Question = 0,
    /// Source, subject, predicate.
    Source = 1,
}

/// Why an entry is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It claims this.
    Claim = 0,
    /// It is a correction whose replacement names this.
    Correction = 1,
    /// It is a stance.
    Stance = 2,
    /// It is a retraction.
    Retraction = 3,
}

impl Kind {
    pub(super) fn of(number: u8) -> Option<Self> {
        [Self::Claim, Self::Correction, Self::Stance, Self::Retraction].into_iter().find(|k| *k as u8 == number)
    }
}

/// One posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting<C = Bytes> {
    pub(crate) kind: Kind,
    pub(crate) index: u64,
    /// A claim's last instant on the stated clock, in microseconds; 0 for anything else.
    pub(crate) last: i64,
    /// A claim's last calendar day, in days since year 0, where it has no hour.
    pub(crate) day: Option<i32>,
    /// A claim's `stated`, `value`, `unit`, `act` and `modality`, as they stand in the body; of a correction or a stance the
    /// whole body; nothing of a retraction.
    pub(crate) content: C,
}

impl Posting {
    /// The same, its content borrowed.
    pub(super) fn raw(&self) -> Posting<&[u8]> {
        let Self { kind, index, last, day, ref content } = *self;
        Posting { kind, index, last, day, content }
    }
}

/// A posting and the names it stands under, separated by zero bytes, which no name contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: Bytes,
    pub(crate) posting: Posting,
}

/// What the projection takes from consecutive entries.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    pub(crate) by_question: Vec<Row>,
    pub(crate) by_source: Vec<Row>,
    pub(crate) links: Vec<Link>,
    /// Entries that join names: index and body.
    pub(crate) aliases: Vec<(u64, Bytes)>,
    /// Entries whose bodies were erased.
    pub(crate) gone: Vec<u64>,
    /// The first entry that has each source and each predicate.
    pub(crate) names: HashMap<(NameKind, CompactString), u64>,
    last_names: (CompactString, CompactString),
}

/// An entry that refers to another, itself or in a replacement.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) of: u64,
    pub(crate) from: u64,
    pub(crate) body: Bytes,
}

/// The names of a posting, joined.
fn key(parts: [&str; 3]) -> Bytes {
    let [a, b, c] = parts;
    let mut key = Vec::with_capacity(a.len() + b.len() + c.len() + 2);
    key.extend_from_slice(a.as_bytes());
    key.push(0);
    key.extend_from_slice(b.as_bytes());
    key.push(0);
    key.extend_from_slice(c.as_bytes());
    key.into()
}

/// The names in a key.
pub(crate) fn names(key: &[u8]) -> Option<[&str; 3]> {
    let mut parts = std::str::from_utf8(key).ok()?.split('\0');
    Some([parts.next()?, parts.next()?, parts.next()?])
}

impl Harvest {
    /// What consecutive entries are posted as; `None` if one of them cannot be read.
    pub(super) fn of<'e>(first: u64, entries: impl Iterator<Item = &'e StoredEntry>) -> Option<Self> {
        let mut harvest = Self::default();
        for (entry, index) in entries.zip(first..) {
            match &entry.body {
                StoredBody::Erased(_) => harvest.gone.push(index),
                StoredBody::Present(_, body) => harvest.take(index, body).ok()?,
            }
        }
        Some(harvest)
    }

    /// Takes what is to be posted of an entry.
    ///
    /// # Errors
    /// If the body is no event.
    fn take(&mut self, index: u64, body: &Bytes) -> Result<(), BodyError> {
        let Some(parts) = body::claim_parts(body) else {
            let record = Record::decode(body)?;
            if matches!(record.event.content, Content::Alias(_)) {
                self.aliases.push((index, body.clone()));
            }
            self.take_amendment(&Origin { index, body }, &record.event, false);
            return Ok(());
        };
        let stated: Stated = body::decode_part(parts.stated)?;
        let posting = Posting {
            kind: Kind::Claim,
            index,
            last: stated.last_instant().micros(),
            day: stated.last_day().map(|d| d.num_days_from_ce()),
            content: [parts.stated, parts.held].concat().into(),
        };
        self.post([parts.source, parts.subject, parts.predicate], posting);
        Ok(())
    }

    /// Anything but a claim. `inside`: it is the replacement in a correction, and posted as that.
    fn take_amendment(&mut self, origin: &Origin<'_>, event: &Event, inside: bool) {
        match &event.content {
            Content::Claim(claim) => {
                let Question { subject, predicate } = &claim.question;
                let names = [claim.by.source.as_str(), subject.as_str(), predicate.as_str()];
                self.post(names, origin.posting(Kind::Correction));
            }
            Content::Stance(stance) => {
                let posting = origin.posting(if inside { Kind::Correction } else { Kind::Stance });
                let source = stance.by.source.as_str();
                match &stance.target {
                    Target::Entry(of) => {
                        self.links.push(origin.link(*of));
                        self.post_source(source, posting);
                    }
                    Target::Question(q) => self.post([source, q.subject.as_str(), q.predicate.as_str()], posting),
                }
            }
            Content::Retraction(retraction) => {
                self.links.push(origin.link(retraction.of));
                self.post_source(retraction.by.source.as_str(), origin.posting(Kind::Retraction));
            }
            Content::Correction(correction) => {
                self.links.push(origin.link(correction.of));
                if let Some(replacement) = &correction.replacement {
                    self.take_amendment(origin, replacement, true);
                }
            }
            Content::Note(note) => self.links.push(origin.link(note.of)),
            Content::Alias(_) | Content::Redaction(_) => {}
        }
    }

    fn note_name(&mut self, kind: NameKind, name: &str, index: u64) {
        // Neighbours mostly have the same names: no key is built for those.
        let known = &mut self.last_names;
        let last = if kind == NameKind::Source { &mut known.0 } else { &mut known.1 };
        if *last != name {
            *last = name.into();
            self.names.entry((kind, name.into())).or_insert(index);
        }
    }

    /// Posts an entry under names in both orders.
    fn post(&mut self, [source, subject, predicate]: [&str; 3], posting: Posting) {
        self.note_name(NameKind::Source, source, posting.index);
        self.note_name(NameKind::Predicate, predicate, posting.index);
        self.by_question.push(Row { key: key([subject, predicate, source]), posting: posting.clone() });
        self.by_source.push(Row { key: key([source, subject, predicate]), posting });
    }

    fn post_source(&mut self, source: &str, posting: Posting) {
        self.note_name(NameKind::Source, source, posting.index);
        self.by_source.push(Row { key: key([source, "", ""]), posting });
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.by_question.append(&mut other.by_question);
        self.by_source.append(&mut other.by_source);
        self.links.append(&mut other.links);
        self.aliases.append(&mut other.aliases);
        self.gone.append(&mut other.gone);
        for (name, index) in other.names {
            self.names.entry(name).or_insert(index);
        }
    }
}

/// The entry that is being posted.
struct Origin<'a> {
    index: u64,
    body: &'a Bytes,
}

impl Origin<'_> {
    fn posting(&self, kind: Kind) -> Posting {
        let content = if kind == Kind::Retraction { Bytes::new() } else { self.body.clone() };
        Posting { kind, index: self.index, last: 0, day: None, content }
    }

    fn link(&self, of: u64) -> Link {
        Link { of, from: self.index, body: self.body.clone() }
    }
}
