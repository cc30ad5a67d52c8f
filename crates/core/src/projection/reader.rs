//! Reads the projection and what comes after it together, up to a moment of the recorded clock.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::chunk::{Chunk, Group, Groups, RawPosting};
use super::posting::{Harvest, Link, Order};
use super::{Projection, place};
use crate::body::Record;
use crate::bundle::StoredEntry;
use crate::entry::Head;
use crate::event::{Event, NameKind};
use crate::ledger::{DamageError, OpenError};
use crate::store::{Store, StoreError, Table};

/// Chunks in a piece of a long scan: enough work for a thread to be worth handing over.
const PIECE_CHUNKS: usize = 32;
/// Reading the whole list of links costs about a third of asking for each.
const LIST_IS_CHEAPER: u64 = 3;

/// What entries that are not in the projection yet are posted as: the unsealed ones, and the last bundles that were sealed.
pub(crate) struct Tail {
    harvest: Harvest,
    linked: HashSet<u64>,
}

impl Tail {
    /// `None` if an entry cannot be read.
    pub(crate) fn of<'e>(first: u64, entries: impl Iterator<Item = &'e StoredEntry>) -> Option<Self> {
        let mut harvest = Harvest::of(first, entries)?;
        harvest.rows.sort();
        let linked = harvest.links.iter().map(|link| link.of).collect();
        Some(Self { harvest, linked })
    }

    /// Reads its postings under keys from `from` to before `to`.
    fn read<'a>(&'a self, order: Order, from: &[u8], to: &[u8], into: &mut Groups<'a>) {
        for (key, posting) in self.harvest.rows.between(order, from, to) {
            into.push(key, posting);
        }
    }
}

/// Keys from the first to before the second.
pub(crate) type Range = (Vec<u8>, Vec<u8>);

/// What is posted of the first `known` entries.
pub(crate) struct Reader {
    store: Arc<dyn Store>,
    projection: Arc<Projection>,
    /// What comes after it, in order.
    tails: Vec<Arc<Tail>>,
    head: Head,
    known: u64,
    /// How many entries were looked up among the linked ones.
    asked: AtomicU64,
}

impl Reader {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        projection: Arc<Projection>,
        tails: Vec<Arc<Tail>>,
        head: Head,
        known: u64,
    ) -> Self {
        Self { store, projection, tails, head, known, asked: AtomicU64::new(0) }
    }

    /// Whether everything it read was there: what is merged, erased or built anew meanwhile is taken from under it.
    pub(crate) fn is_undisturbed(&self) -> bool {
        self.projection.generations.is_whole(self.projection.generation)
    }

    /// The head of the ledger at this moment.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// How many entries are known.
    pub(crate) fn known(&self) -> u64 {
        self.known
    }

    /// Gives everything posted in the ranges to `take`, in pieces, on all cores: sorted groups, one for each key, and in question
    /// order all of a question in one piece. The results come in order.
    pub(crate) fn scan<T: Send>(
        &self,
        order: Order,
        ranges: &[Range],
        take: impl Fn(&Groups<'_>) -> Result<T, OpenError> + Sync,
    ) -> Result<Vec<T>, OpenError> {
        let mut pieces: Vec<Range> = Vec::new();
        for (from, to) in ranges {
            let mut start = from.clone();
            for cut in self.projection.runs.cuts(&*self.store, order, [from, to], PIECE_CHUNKS)? {
                let cut = if order == Order::Question { question_of(&cut).to_vec() } else { cut };
                if start < cut {
                    pieces.push((std::mem::replace(&mut start, cut.clone()), cut));
                }
            }
            pieces.push((start, to.clone()));
        }
        let piece = |(from, to): &Range| self.piece(order, from, to, &take);
        match pieces.as_slice() {
            [one] => Ok(vec![piece(one)?]),
            many => many.par_iter().map(piece).collect(),
        }
    }

    fn piece<T>(
        &self,
        order: Order,
        from: &[u8],
        to: &[u8],
        take: impl Fn(&Groups<'_>) -> Result<T, OpenError>,
    ) -> Result<T, OpenError> {
        let stored = self.projection.runs.chunks(&*self.store, order, from, to)?;
        let chunks = stored.iter().map(|c| Chunk::unpack(c)).collect::<Result<Vec<Chunk>, StoreError>>()?;
        let mut all = Groups::default();
        for chunk in &chunks {
            chunk.read(|key| from <= key && key < to, &mut all)?;
        }
        self.tails.iter().for_each(|tail| tail.read(order, from, to, &mut all));
        take(&self.sorted(all))
    }

    /// The same groups by key, one for each, with what is known in the order of recording. Each run is sorted already.
    fn sorted<'a>(&self, all: Groups<'a>) -> Groups<'a> {
        let is_known = |p: &RawPosting<'_>| p.index < self.known;
        if all.groups.is_sorted_by(|a, b| a.key < b.key) && all.postings.iter().all(is_known) {
            return all; // one run
        }
        let Groups { mut groups, postings } = all;
        groups.sort_by(|a, b| a.key.cmp(b.key)); // a stable sort makes use of sorted stretches
        let mut sorted =
            Groups { groups: Vec::with_capacity(groups.len()), postings: Vec::with_capacity(postings.len()) };
        for same in groups.chunk_by(|a, b| a.key == b.key) {
            let from = sorted.postings.len();
            for group in same {
                let here = postings.get(group.range.clone()).unwrap_or_default();
                sorted.postings.extend(here.iter().filter(|p| is_known(p)).copied());
            }
            let here = sorted.postings.get_mut(from..).unwrap_or_default();
            if !here.is_sorted_by_key(|p| p.index) {
                here.sort_unstable_by_key(|p| p.index);
            }
            if let Some(first) = same.first().filter(|_| !here.is_empty()) {
                sorted.groups.push(Group { key: first.key, range: from..sorted.postings.len() });
            }
        }
        sorted
    }

    /// Whether other entries refer to this one.
    pub(crate) fn is_linked(&self, index: u64) -> Result<bool, StoreError> {
        if self.tails.iter().any(|tail| tail.linked.contains(&index)) {
            return Ok(true);
        }
        let Projection { links, linked, .. } = &*self.projection;
        if *links == 0 {
            return Ok(false);
        }
        if let Some(linked) = linked.get() {
            return Ok(linked.contains(&index));
        }
        if self.asked.fetch_add(1, Ordering::Relaxed) * LIST_IS_CHEAPER < *links {
            let prefix = place::numbered(place::LINK, index);
            let first = self.store.keys(Table::State, &prefix, 1)?;
            return Ok(first.first().is_some_and(|key| key.starts_with(&prefix)));
        }
        let keys = place::keys(&*self.store, place::LINK)?;
        let all: HashSet<u64> = keys.iter().filter_map(|k| place::numbers(place::LINK, k).map(|[of, _]| of)).collect();
        Ok(linked.get_or_init(|| all).contains(&index))
    }

    /// The entries that refer to one, in order.
    pub(crate) fn links(&self, of: u64) -> Result<Vec<(u64, Event)>, OpenError> {
        if !self.is_linked(of)? {
            return Ok(vec![]);
        }
        let mut links = Vec::new();
        for (key, body) in place::rows(&*self.store, &place::numbered(place::LINK, of))? {
            let Some([_, from]) = place::numbers::<2>(place::LINK, &key) else { continue };
            if from < self.known {
                links.push((from, decode(from, &body)?));
            }
        }
        for Link { of: to, from, body } in self.tails.iter().flat_map(|tail| &tail.harvest.links) {
            if *to == of && *from < self.known && links.last().is_none_or(|(last, _)| last != from) {
                links.push((*from, decode(*from, body)?));
            }
        }
        Ok(links)
    }

    /// Entries that join names, in order.
    pub(crate) fn aliases(&self) -> Result<Vec<(u64, Event)>, OpenError> {
        let sealed = self.projection.aliases.range(..self.known);
        let mut aliases: Vec<(u64, Event)> = sealed.map(|(index, event)| (*index, event.clone())).collect();
        let later = self.tails.iter().flat_map(|tail| &tail.harvest.aliases);
        for (index, body) in later.filter(|(index, _)| *index < self.known) {
            aliases.push((*index, decode(*index, body)?));
        }
        Ok(aliases)
    }

    /// Entries whose bodies were erased.
    pub(crate) fn redacted(&self) -> Vec<u64> {
        let all = self.projection.gone.iter().chain(self.tails.iter().flat_map(|tail| &tail.harvest.gone));
        let mut gone: Vec<u64> = all.copied().filter(|index| *index < self.known).collect();
        gone.sort_unstable();
        gone
    }

    /// Whether an entry has a name, as its own or in a correction; of a source, it or a child of it.
    pub(crate) fn has_name(&self, kind: NameKind, name: &str) -> Result<bool, StoreError> {
        let is_it = |(k, n): &(NameKind, compact_str::CompactString)| {
            *k == kind && (n == name || kind == NameKind::Source && is_within(n, name))
        };
        let mut later = self.tails.iter().flat_map(|tail| &tail.harvest.names);
        if later.any(|(key, first)| is_it(key) && *first < self.known) {
            return Ok(true);
        }
        let is_known = |value: &[u8]| value.try_into().is_ok_and(|first| u64::from_le_bytes(first) < self.known);
        if self.store.get(Table::State, &place::name(kind, name))?.is_some_and(|first| is_known(&first)) {
            return Ok(true);
        }
        if kind != NameKind::Source {
            return Ok(false);
        }
        let children = place::rows(&*self.store, &place::name(kind, &format!("{name}/")))?;
        Ok(children.iter().any(|(_, first)| is_known(first)))
    }
}

fn is_within(name: &str, parent: &str) -> bool {
    name.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

/// The subject and predicate of a key in question order, with the zero bytes after them.
pub(crate) fn question_of(key: &[u8]) -> &[u8] {
    let end = key.iter().enumerate().filter(|(_, b)| **b == 0).nth(1).map_or(key.len(), |(at, _)| at + 1);
    key.get(..end).unwrap_or_default()
}

fn decode(index: u64, body: &[u8]) -> Result<Event, DamageError> {
    Record::decode(body).map(|record| record.event).map_err(|e| DamageError::at(index, &e.to_string()))
}
