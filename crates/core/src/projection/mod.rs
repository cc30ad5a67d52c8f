//! The projection: an index in the store from which views are answered without reading the whole log.
//!
//! It holds nothing that the log does not: it can be thrown away and built again, and audit never looks at it. What it covers,
//! and the list of its runs, change in the same atomic step as the head of the log. The unsealed tail is in memory anyway.

mod chunk;
mod posting;
mod runs;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(crate) use chunk::Chunk;
pub(crate) use posting::{Harvest, Kind, Link, Order, Posting, Row, key, names};

use crate::body::{BodyError, Record};
use crate::bundle::{StoredBody, StoredEntry};
use crate::event::{Event, NameKind};
use crate::limits::BUNDLE_ENTRIES;
use crate::store::{Store, StoreError, Table, Write};
use runs::Runs;

/// The layout of the projection. One of another version is built anew.
const VERSION: u16 = 1;
/// Postings gathered before they are written as a run: bounds memory.
const RUN_ROWS: usize = 1 << 18;

/// Keys in the state table.
mod place {
    use crate::event::NameKind;

    pub(super) const MANIFEST: &[u8] = b"projection";
    pub(super) const LINK: &[u8] = b"link";
    pub(super) const ALIAS: &[u8] = b"alias";
    pub(super) const GONE: &[u8] = b"gone";
    pub(super) const NAME: &[u8] = b"name";

    pub(super) fn link(of: u64, from: u64) -> Vec<u8> {
        [LINK, &of.to_be_bytes(), &from.to_be_bytes()].concat()
    }

    pub(super) fn numbered(prefix: &[u8], index: u64) -> Vec<u8> {
        [prefix, &index.to_be_bytes()].concat()
    }

    pub(super) fn name(kind: NameKind, name: &str) -> Vec<u8> {
        [NAME, &[kind as u8], name.as_bytes()].concat()
    }

    /// The numbers at the end of a key.
    pub(super) fn numbers<const N: usize>(prefix: &[u8], key: &[u8]) -> Option<[u64; N]> {
        let (chunks, rest) = key.strip_prefix(prefix)?.as_chunks::<8>();
        if !rest.is_empty() {
            return None;
        }
        let numbers: [[u8; 8]; N] = chunks.try_into().ok()?;
        Some(numbers.map(u64::from_be_bytes))
    }
}

/// What is stored of the projection beside its runs and rows.
#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u16,
    /// Entries before this index are in it.
    reached: u64,
    runs: Vec<u8>,
}

/// An event that others may refer to, as it was recorded.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) recorded: i64,
    pub(crate) event: Event,
}

/// The projection of the sealed part of the log, at one moment.
#[derive(Clone, Default)]
pub(crate) struct Projection {
    runs: Runs,
    reached: u64,
    /// Entries that join names.
    aliases: Arc<BTreeMap<u64, Recorded>>,
    /// Entries that others refer to.
    linked: Arc<HashSet<u64>>,
    /// Entries whose bodies were erased.
    gone: Arc<Vec<u64>>,
}

impl Projection {
    /// Reads the projection in the store: `None` if there is none that this program can use.
    pub(crate) fn open(store: &dyn Store, sealed: u64) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = store.get(Table::State, place::MANIFEST)? else { return Ok(None) };
        let manifest: Option<Manifest> = bincode::deserialize(&bytes).ok();
        let Some(manifest) = manifest.filter(|m| m.version == VERSION && m.reached <= sealed) else { return Ok(None) };
        let Some(runs) = Runs::decode(&manifest.runs) else { return Ok(None) };
        runs.trim(store)?;
        let mut projection = Self { runs, reached: manifest.reached, ..Self::default() };
        for (key, _) in prefixed(store, place::LINK, false)? {
            let Some([of, _]) = place::numbers(place::LINK, &key) else { return Ok(None) };
            Arc::make_mut(&mut projection.linked).insert(of);
        }
        for (key, value) in prefixed(store, place::ALIAS, true)? {
            let (Some([index]), Some(recorded)) = (place::numbers(place::ALIAS, &key), unpack_recorded(&value)) else {
                return Ok(None);
            };
            Arc::make_mut(&mut projection.aliases).insert(index, recorded);
        }
        for (key, _) in prefixed(store, place::GONE, false)? {
            let Some([index]) = place::numbers(place::GONE, &key) else { return Ok(None) };
            Arc::make_mut(&mut projection.gone).push(index);
        }
        Ok(Some(projection))
    }

    /// Removes every trace of a projection.
    pub(crate) fn clear(store: &dyn Store) -> Result<(), StoreError> {
        store.apply(Table::State, vec![(place::MANIFEST.to_vec(), None)])?;
        for prefix in [place::LINK, place::ALIAS, place::GONE, place::NAME] {
            let rows = prefixed(store, prefix, false)?;
            store.apply(Table::State, rows.into_iter().map(|(key, _)| (key, None)).collect())?;
        }
        Runs::default().trim(store)
    }

    /// Entries before this index are in it.
    pub(crate) fn reached(&self) -> u64 {
        self.reached
    }

    /// Entries that join names, by index.
    pub(crate) fn aliases(&self) -> &BTreeMap<u64, Recorded> {
        &self.aliases
    }

    /// Entries whose bodies were erased.
    pub(crate) fn gone(&self) -> &[u64] {
        &self.gone
    }

    /// Every chunk that may hold postings under keys from `from` to before `to`.
    pub(crate) fn chunks(
        &self,
        store: &dyn Store,
        order: Order,
        from: &[u8],
        to: &[u8],
    ) -> Result<Vec<Chunk>, StoreError> {
        self.runs.chunks(store, order, from, to)
    }

    /// The entries that refer to one.
    pub(crate) fn links(&self, store: &dyn Store, of: u64) -> Result<Vec<(u64, Recorded)>, StoreError> {
        if !self.linked.contains(&of) {
            return Ok(vec![]);
        }
        let mut links = Vec::new();
        for (key, value) in prefixed(store, &place::numbered(place::LINK, of), true)? {
            let from = place::numbers::<2>(place::LINK, &key).map(|[_, from]| from);
            links.extend(from.zip(unpack_recorded(&value)));
        }
        Ok(links)
    }

    /// Whether an entry before `known` has a name, as its own or in a correction; of a source, it or a child of it.
    pub(crate) fn has_name(
        &self,
        store: &dyn Store,
        kind: NameKind,
        name: &str,
        known: u64,
    ) -> Result<bool, StoreError> {
        let is_known = |value: &[u8]| value.try_into().is_ok_and(|first| u64::from_le_bytes(first) < known);
        if store.get(Table::State, &place::name(kind, name))?.is_some_and(|v| is_known(&v)) {
            return Ok(true);
        }
        if kind != NameKind::Source {
            return Ok(false);
        }
        let children = prefixed(store, &place::name(kind, &format!("{name}/")), true)?;
        Ok(children.iter().any(|(_, value)| is_known(value)))
    }

    /// Removes runs that were begun and never finished.
    pub(crate) fn trim(&self, store: &dyn Store) -> Result<(), StoreError> {
        self.runs.trim(store)
    }
}

/// State rows whose keys begin so; with or without their values.
fn prefixed(store: &dyn Store, prefix: &[u8], values: bool) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
    const STEP: usize = 256;
    let mut found = Vec::new();
    let mut from = prefix.to_vec();
    loop {
        let page: Vec<(Vec<u8>, Vec<u8>)> = if values {
            store.scan(Table::State, &from, STEP)?
        } else {
            store.keys(Table::State, &from, STEP)?.into_iter().map(|key| (key, vec![])).collect()
        };
        let full = page.len() == STEP;
        for (key, value) in page {
            if !key.starts_with(prefix) {
                return Ok(found);
            }
            from = [key.as_slice(), &[0]].concat();
            found.push((key, value));
        }
        if !full {
            return Ok(found);
        }
    }
}

fn pack_recorded(recorded: i64, body: &[u8]) -> Vec<u8> {
    [recorded.to_le_bytes().as_slice(), body].concat()
}

fn unpack_recorded(bytes: &[u8]) -> Option<Recorded> {
    let (recorded, body) = bytes.split_first_chunk()?;
    Some(Recorded { recorded: i64::from_le_bytes(*recorded), event: Record::decode(body).ok()?.event })
}

/// The next projection, and the rows that make it so.
pub(crate) type Projected = (Projection, Vec<Write>);

/// Takes entries in order, and makes the next projection of them.
pub(crate) struct Builder {
    projection: Projection,
    harvest: Harvest,
    gone: Vec<u64>,
    /// An entry could not be read: there will be no projection, and replay says what is wrong.
    unreadable: bool,
}

impl Builder {
    /// Goes on from a projection.
    pub(crate) fn new(projection: Projection) -> Self {
        Self { projection, harvest: Harvest::default(), gone: vec![], unreadable: false }
    }

    /// Takes consecutive entries, on all cores.
    pub(crate) fn take(&mut self, store: &dyn Store, first: u64, entries: &[StoredEntry]) -> Result<(), StoreError> {
        let harvested: Vec<(Harvest, Vec<u64>, bool)> = entries
            .par_chunks(BUNDLE_ENTRIES)
            .zip((0..entries.len()).into_par_iter().step_by(BUNDLE_ENTRIES))
            .map(|(entries, at)| harvest(first + at as u64, entries.iter()))
            .collect();
        for (harvest, gone, unreadable) in harvested {
            self.harvest.append(harvest);
            self.gone.extend(gone);
            self.unreadable |= unreadable;
        }
        if self.harvest.by_source.len() >= RUN_ROWS { self.write_run(store) } else { Ok(()) }
    }

    fn write_run(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        if self.unreadable {
            return Ok(());
        }
        let (by_question, by_source) =
            (std::mem::take(&mut self.harvest.by_question), std::mem::take(&mut self.harvest.by_source));
        self.projection.runs.add(store, by_question, by_source)
    }

    /// The projection of everything before `reached`, and the rows that make it so; `None` if an entry cannot be read.
    pub(crate) fn finish(mut self, store: &dyn Store, reached: u64) -> Result<Option<Projected>, StoreError> {
        if self.unreadable {
            return Ok(None);
        }
        self.write_run(store)?;
        let Self { mut projection, harvest, gone, .. } = self;
        projection.runs.tidy(store)?;
        projection.reached = reached;
        let mut writes: Vec<Write> = Vec::new();
        if !harvest.links.is_empty() {
            let linked = Arc::make_mut(&mut projection.linked);
            for Link { of, from, recorded, body } in harvest.links {
                linked.insert(of);
                writes.push((place::link(of, from), Some(pack_recorded(recorded, &body))));
            }
        }
        for (index, recorded, body) in harvest.aliases {
            let packed = pack_recorded(recorded, &body);
            if let Some(recorded) = unpack_recorded(&packed) {
                Arc::make_mut(&mut projection.aliases).insert(index, recorded);
            }
            writes.push((place::numbered(place::ALIAS, index), Some(packed)));
        }
        if !gone.is_empty() {
            writes.extend(gone.iter().map(|index| (place::numbered(place::GONE, *index), Some(vec![]))));
            Arc::make_mut(&mut projection.gone).extend(gone);
        }
        for ((kind, name), index) in harvest.names {
            if store.get(Table::State, &place::name(kind, &name))?.is_none() {
                writes.push((place::name(kind, &name), Some(index.to_le_bytes().to_vec())));
            }
        }
        let manifest = Manifest { version: VERSION, reached, runs: projection.runs.encode() };
        writes.push((place::MANIFEST.to_vec(), Some(bincode::serialize(&manifest).unwrap_or_default())));
        Ok(Some((projection, writes)))
    }
}

/// What consecutive entries are posted as, which of them are erased, and whether one cannot be read.
pub(crate) fn harvest<'e>(first: u64, entries: impl Iterator<Item = &'e StoredEntry>) -> (Harvest, Vec<u64>, bool) {
    let mut harvest = Harvest::default();
    let mut gone = Vec::new();
    let mut unreadable = false;
    for (entry, index) in entries.zip(first..) {
        match &entry.body {
            StoredBody::Erased(_) => gone.push(index),
            StoredBody::Present(_, body) => {
                unreadable |= harvest.take(index, entry.recorded.micros(), body).is_err();
            }
        }
    }
    (harvest, gone, unreadable)
}

/// Decodes the event in a body.
pub(crate) fn event(body: &Bytes) -> Result<Event, BodyError> {
    Ok(Record::decode(body)?.event)
}
