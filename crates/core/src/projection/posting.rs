//! Postings: what the projection keeps of an entry, under the names it was recorded with.
//!
//! A claim is posted twice, by question and by source, with all that a replay needs of it: a copy of its date and of its value. Whatever else names a source or a question is posted so that a query finds it. The names are those that were
//! recorded; aliases are applied when a query is answered.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::Datelike;
use compact_str::CompactString;

use super::chunk::{Kept, Span};
use super::content;
use super::rows::Rows;
use crate::body::{self, BodyError, Record};
use crate::bundle::{StoredBody, StoredEntry};
use crate::event::{Content, Event, NameKind, Question, Target};
use crate::time::Stated;

/// By what postings are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}

impl Kind {
    pub(super) fn of(number: u8) -> Option<Self> {
        [Self::Claim, Self::Correction, Self::Stance].into_iter().find(|k| *k as u8 == number)
    }
}

/// One posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting<C> {
    pub(crate) kind: Kind,
    pub(crate) index: u64,
    /// A claim's last instant on the stated clock, in microseconds; 0 for anything else.
    pub(crate) last: i64,
    /// A claim's last calendar day, in days since year 0, where it has no hour.
    pub(crate) day: Option<i32>,
    /// Of a claim what [`content`] packs; of a correction or a stance the whole body.
    pub(crate) content: C,
}

/// What the projection takes from consecutive entries.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    pub(super) rows: Rows,
    pub(crate) links: Vec<Link>,
    /// Entries that join names: index and body.
    pub(crate) aliases: Vec<(u64, Bytes)>,
    /// Entries whose bodies were erased.
    pub(crate) gone: Vec<u64>,
    /// The first entry that has each source and each predicate.
    pub(crate) names: HashMap<(NameKind, CompactString), u64>,
    last_names: (CompactString, CompactString),
    /// Room for packing, and where what the last claim shares was kept.
    own: Vec<u8>,
    shared: Vec<u8>,
    last_shared: Option<Span>,
}

/// An entry that refers to another, itself or in a replacement.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) of: u64,
    pub(crate) from: u64,
    pub(crate) body: Bytes,
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
        let (last, day) = (stated.last_instant().micros(), stated.last_day().map(|d| d.num_days_from_ce()));
        let (value, unit, act, modality) = body::decode_part(parts.held)?;
        content::pack(&(stated, value, unit, act, modality), day, &mut self.own, &mut self.shared);
        let same = self.last_shared.filter(|span| self.rows.kept(*span) == self.shared);
        let shared = same.unwrap_or_else(|| self.rows.keep(&self.shared));
        self.last_shared = Some(shared);
        let content = Kept { own: self.rows.keep(&self.own), shared };
        let posting = Posting { kind: Kind::Claim, index, last, day, content };
        self.post([parts.source, parts.subject, parts.predicate], posting);
        Ok(())
    }

    /// Anything but a claim. `inside`: it is the replacement in a correction, and posted as that.
    fn take_amendment(&mut self, origin: &Origin<'_>, event: &Event, inside: bool) {
        match &event.content {
            Content::Claim(claim) => {
                let Question { subject, predicate } = &claim.question;
                let names = [claim.by.source.as_str(), subject.as_str(), predicate.as_str()];
                let posting = self.posting(origin, Kind::Correction);
                self.post(names, posting);
            }
            Content::Stance(stance) => {
                let posting = self.posting(origin, if inside { Kind::Correction } else { Kind::Stance });
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
                self.note_name(NameKind::Source, retraction.by.source.as_str(), origin.index);
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

    fn posting(&mut self, origin: &Origin<'_>, kind: Kind) -> Posting<Kept> {
        let content = Kept { own: self.rows.keep(origin.body), shared: self.rows.keep(&[]) };
        Posting { kind, index: origin.index, last: 0, day: None, content }
    }

    /// Posts an entry under names in both orders.
    fn post(&mut self, [source, subject, predicate]: [&str; 3], posting: Posting<Kept>) {
        self.note_name(NameKind::Source, source, posting.index);
        self.note_name(NameKind::Predicate, predicate, posting.index);
        self.rows.push(Order::Question, [subject, predicate, source], posting);
        self.rows.push(Order::Source, [source, subject, predicate], posting);
    }

    fn post_source(&mut self, source: &str, posting: Posting<Kept>) {
        self.note_name(NameKind::Source, source, posting.index);
        self.rows.push(Order::Source, [source, "", ""], posting);
    }

    /// Adds what follows; the rows are given back.
    pub(super) fn append(&mut self, mut other: Self) -> Rows {
        self.links.append(&mut other.links);
        self.aliases.append(&mut other.aliases);
        self.gone.append(&mut other.gone);
        for (name, index) in other.names {
            self.names.entry(name).or_insert(index);
        }
        other.rows
    }
}

/// The entry that is being posted.
struct Origin<'a> {
    index: u64,
    body: &'a Bytes,
}

impl Origin<'_> {
    fn link(&self, of: u64) -> Link {
        Link { of, from: self.index, body: self.body.clone() }
    }
}
