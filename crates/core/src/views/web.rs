//! A web: entries that the index of views leads to, with everything that refers to them and everything they refer to. What hangs in no
//! web of a question has no bearing on it.

use std::collections::{BTreeMap, BTreeSet};

use super::history::points_at;
use crate::body::Record;
use crate::event::{Content, Event};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::projection::{Groups, Kind, Ranges, Reader, Take};

/// Entries that are no claims, whole.
pub(super) type Others = BTreeMap<u64, (Entry, Record)>;

/// What hangs together, as far as it is known.
pub(super) struct Web<'r> {
    ledger: &'r Ledger,
    reader: &'r Reader,
    pub(super) others: Others,
    /// Claims, by index alone: there may be very many, and mostly it is enough to know what hangs on them.
    pub(super) claims: BTreeSet<u64>,
    erased: BTreeSet<u64>,
}

impl<'r> Web<'r> {
    /// Begins with what joins names, and with what refers to entries that were erased, to which no posting leads any more.
    pub(super) fn of_names(ledger: &'r Ledger, reader: &'r Reader) -> Result<Self, OpenError> {
        let (others, claims, erased) = (Others::new(), BTreeSet::new(), BTreeSet::new());
        let mut web = Self { ledger, reader, others, claims, erased };
        let mut begin: BTreeSet<u64> = reader.aliases()?.into_iter().map(|(index, _)| index).collect();
        for erased in reader.redacted() {
            begin.extend(web.links(erased)?);
        }
        web.add(begin)?;
        Ok(web)
    }

    /// Adds what is posted in these ranges.
    pub(super) fn add_posted(&mut self, ranges: &Ranges) -> Result<(), OpenError> {
        let mut open = BTreeSet::new();
        for (kind, index) in self.reader.scan(ranges, Posted::default)?.into_iter().flatten() {
            if kind != Kind::Claim {
                open.insert(index);
            } else if self.claims.insert(index) {
                open.extend(self.links(index)?);
            }
        }
        self.add(open)
    }

    /// Adds entries, and everything that hangs on them.
    pub(super) fn add(&mut self, mut open: BTreeSet<u64>) -> Result<(), OpenError> {
        loop {
            let is_new = |index: &u64| {
                let known =
                    self.others.contains_key(index) || self.claims.contains(index) || self.erased.contains(index);
                !known && *index < self.reader.known()
            };
            let wanted: Vec<u64> = open.iter().copied().filter(is_new).collect();
            if wanted.is_empty() {
                return Ok(());
            }
            let read = self.ledger.read_each(&wanted, |entry| -> Result<_, OpenError> {
                let record = entry.record()?;
                Ok((entry, record))
            })?;
            open.clear();
            for (entry, record) in read {
                let index = entry.index();
                open.extend(self.links(index)?);
                match record {
                    None => drop(self.erased.insert(index)),
                    Some(Record { event: Event { content: Content::Claim(_), .. }, .. }) => {
                        self.claims.insert(index);
                    }
                    Some(record) => {
                        open.extend(all_pointed_at(&record.event));
                        self.others.insert(index, (entry, record));
                    }
                }
            }
        }
    }

    fn links(&self, of: u64) -> Result<impl Iterator<Item = u64> + use<>, OpenError> {
        Ok(self.reader.links(of)?.into_iter().map(|(from, _)| from))
    }
}

/// The entries that an event points at, itself and in what it puts in place of others.
fn all_pointed_at(event: &Event) -> impl Iterator<Item = u64> {
    let all = std::iter::successors(Some(event), |event| match &event.content {
        Content::Correction(c) => c.replacement.as_deref(),
        _ => None,
    });
    all.filter_map(points_at)
}

/// Takes what is posted: why, and which entry.
#[derive(Default)]
struct Posted(Vec<(Kind, u64)>);

impl Take for Posted {
    type Taken = Vec<(Kind, u64)>;

    fn take(&mut self, all: &mut Groups, from: usize) -> Result<(), OpenError> {
        let groups = all.groups.get(from..).unwrap_or_default();
        self.0.extend(groups.iter().flat_map(|group| all.postings(group)).map(|p| (p.kind, p.index)));
        all.let_go(from);
        Ok(())
    }

    fn end(self, _: Groups) -> Self::Taken {
        self.0
    }
}
