//! Reads the projection and what comes after it together, up to a moment of the recorded clock.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::groups::Wanted;
use super::join::{MemoryRun, Supply, Take, join};
use super::posting::{Harvest, Link, Order};
use super::sorting::Sorted;
use super::{Projection, place};
use crate::body::Record;
use crate::bundle::StoredEntry;
use crate::entry::Head;
use crate::event::{Event, NameKind};
use crate::ledger::{DamageError, OpenError};
use crate::store::{Store, StoreError, Table};
use crate::text::Name;

/// Chunks of a run that are read before a range is taken for a long one, and cut into pieces.
const SHORT_CHUNKS: usize = 8;
/// Ranges that are read one after another: to hand over less costs more than it saves.
const FEW_RANGES: usize = 4;
/// Reading the whole list of links costs about a third of asking for each.
const LIST_IS_CHEAPER: u64 = 3;

/// What entries that are not in the projection yet are posted as: the unsealed ones, and the last bundles that were sealed.
pub(crate) struct Tail {
    /// Without its rows, which are in the runs.
    harvest: Harvest,
    by_question: MemoryRun,
    by_source: MemoryRun,
    linked: HashSet<u64>,
}

impl Tail {
    /// `None` if an entry cannot be read.
    pub(crate) fn of<'e>(first: u64, entries: impl Iterator<Item = &'e StoredEntry>) -> Option<Self> {
        let mut harvest = Harvest::of(first, entries)?;
        let rows = [std::mem::take(&mut harvest.rows)];
        let run = |order| MemoryRun::of(Sorted::of(&rows, order).iter()).ok();
        let (by_question, by_source) = (run(Order::Question)?, run(Order::Source)?);
        let linked = harvest.links.iter().map(|link| link.of).collect();
        Some(Self { harvest, by_question, by_source, linked })
    }

    fn run(&self, order: Order) -> &MemoryRun {
        match order {
            Order::Question => &self.by_question,
            Order::Source => &self.by_source,
        }
    }
}

/// Keys from the first to before the second.
pub(crate) type Range = (Vec<u8>, Vec<u8>);

/// Where a query has to look.
pub(crate) struct Ranges {
    pub(crate) order: Order,
    pub(crate) ranges: Vec<Range>,
    /// In question order: under these predicates alone, unless there are none.
    pub(crate) predicates: Vec<Name>,
}

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

    /// Gives everything posted in some ranges to takers, long ranges in pieces, on all cores: groups in the order of their keys, one for
    /// each, and in question order all of a question at once. What they make of it comes in order.
    pub(crate) fn scan<T: Take>(
        &self,
        ranges: &Ranges,
        taker: impl Fn() -> T + Sync,
    ) -> Result<Vec<T::Taken>, OpenError> {
        let predicates: Vec<&[u8]> = ranges.predicates.iter().map(|name| name.as_str().as_bytes()).collect();
        let scan = Scan { reader: self, order: ranges.order, predicates: &predicates };
        if ranges.ranges.len() < FEW_RANGES {
            let mut found = Vec::new();
            for range in &ranges.ranges {
                found.extend(scan.range(range, &taker)?);
            }
            return Ok(found);
        }
        let found: Vec<Vec<T::Taken>> =
            ranges.ranges.par_iter().map(|r| scan.range(r, &taker)).collect::<Result<_, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Whether any entry refers to another one.
    pub(crate) fn has_links(&self) -> bool {
        self.projection.links > 0 || self.tails.iter().any(|tail| !tail.linked.is_empty())
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

/// A scan of some ranges.
struct Scan<'a> {
    reader: &'a Reader,
    order: Order,
    predicates: &'a [&'a [u8]],
}

impl Scan<'_> {
    /// Mostly a range is short: whether it is shows when it is read.
    fn range<T: Take>(&self, (from, to): &Range, taker: &(impl Fn() -> T + Sync)) -> Result<Vec<T::Taken>, OpenError> {
        if let Some(taken) = self.read([from, to], SHORT_CHUNKS, taker())? {
            return Ok(vec![taken]);
        }
        let Reader { store, projection, .. } = self.reader;
        let mut pieces: Vec<[&[u8]; 2]> = Vec::new();
        let mut start = from.as_slice();
        let cuts = projection.runs.cuts(&**store, self.order, [from, to])?;
        for cut in &cuts {
            let cut = if self.order == Order::Question { question_of(cut) } else { cut };
            if start < cut {
                pieces.push([std::mem::replace(&mut start, cut), cut]);
            }
        }
        pieces.push([start, to]);
        let read = |piece: &[&[u8]; 2]| self.read(*piece, usize::MAX, taker());
        pieces.par_iter().map(read).filter_map(Result::transpose).collect()
    }

    /// What is posted under keys from the first to before the second; `None` if `most` chunks of a run were not enough.
    fn read<T: Take>(&self, range: [&[u8]; 2], most: usize, taker: T) -> Result<Option<T::Taken>, OpenError> {
        let Reader { store, projection, tails, known, .. } = self.reader;
        let together = self.order == Order::Question;
        let wanted = Wanted { range, predicates: self.predicates, known: *known, together };
        let stored = projection.runs.supplies(&**store, &projection.cache, self.order);
        join(stored.chain(tails.iter().map(|tail| Supply::Memory(tail.run(self.order)))), &wanted, most, taker)
    }
}

fn is_within(name: &str, parent: &str) -> bool {
    name.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

/// The subject and predicate of a key in question order, with the zero bytes after them.
fn question_of(key: &[u8]) -> &[u8] {
    let end = |from: usize| key.get(from..)?.iter().position(|b| *b == 0).map(|at| from + at + 1);
    let length = end(0).and_then(end).unwrap_or(key.len());
    key.get(..length).unwrap_or_default()
}

fn decode(index: u64, body: &[u8]) -> Result<Event, DamageError> {
    Record::decode(body).map(|record| record.event).map_err(|e| DamageError::at(index, &e.to_string()))
}
