//! Builds the next projection from entries, in order: postings into runs, the rest into rows that are written in one step.

use std::sync::Arc;

use rayon::prelude::*;

use super::posting::{Harvest, Link};
use super::rows::Rows;
use super::varint::put_signed;
use super::{CLOCK_ROW, Manifest, Projection, VERSION, place};
use crate::body::Record;
use crate::bundle::StoredEntry;
use crate::limits::BUNDLE_ENTRIES;
use crate::store::{Store, StoreError, Table, Write};

/// The next projection, and the rows that make it so.
type Projected = (Projection, Vec<Write>);

/// Takes entries in order, and makes the next projection of them. Their postings are in memory until it is finished: whoever gives
/// them bounds how many.
pub(crate) struct Builder {
    projection: Projection,
    harvest: Harvest,
    /// The postings of its run.
    rows: Vec<Rows>,
    /// Bundles that stood in the clock when it began.
    clocked: usize,
    /// When the entries of each bundle since were recorded.
    times: Vec<Vec<u8>>,
    /// An entry could not be read: there will be no projection, and replay says what is wrong.
    unreadable: bool,
}

impl Builder {
    /// Goes on from a projection.
    pub(crate) fn new(projection: Projection) -> Self {
        let clocked = projection.clock.len();
        Self { projection, harvest: Harvest::default(), rows: vec![], clocked, times: vec![], unreadable: false }
    }

    /// Takes consecutive whole bundles, on all cores.
    pub(crate) fn take(&mut self, first: u64, entries: &[StoredEntry]) {
        let harvested: Vec<Option<Harvest>> = entries
            .par_chunks(BUNDLE_ENTRIES)
            .zip((0..entries.len()).into_par_iter().step_by(BUNDLE_ENTRIES))
            .map(|(entries, at)| Harvest::of(first + at as u64, entries.iter()))
            .collect();
        for harvest in harvested {
            match harvest {
                Some(harvest) => self.rows.push(self.harvest.append(harvest)),
                None => self.unreadable = true,
            }
        }
        self.times
            .extend(entries.chunks(BUNDLE_ENTRIES).map(|bundle| times(bundle.iter().map(|e| e.recorded.micros()))));
        let ends = entries.chunks(BUNDLE_ENTRIES).filter_map(|bundle| bundle.last());
        Arc::make_mut(&mut self.projection.clock).extend(ends.map(|e| e.recorded.micros()));
    }

    /// Whether an entry could not be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// The projection of everything before `reached`, and the rows that make it so; `None` if an entry cannot be read.
    pub(crate) fn finish(self, store: &dyn Store, reached: u64) -> Result<Option<Projected>, StoreError> {
        if self.unreadable {
            return Ok(None);
        }
        let Self { mut projection, harvest, rows, clocked, times, .. } = self;
        let first_run = projection.runs.next();
        projection.runs.add(store, &rows)?;
        if projection.runs.has_merged() {
            projection.generations.lose_before(projection.generation);
        }
        projection.runs.tidy(store, &projection.cache, first_run)?;
        projection.generation = projection.generations.next();
        projection.reached = reached;
        projection.linked = Arc::default();
        projection.links += harvest.links.len() as u64;
        let put = |key: Vec<u8>, value: &[u8]| (key, Some(value.to_vec()));
        let mut writes: Vec<Write> = Vec::new();
        writes.extend(harvest.links.iter().map(|Link { of, from, body }| put(place::link(*of, *from), body)));
        for (index, body) in &harvest.aliases {
            if let Ok(record) = Record::decode(body) {
                Arc::make_mut(&mut projection.aliases).insert(*index, record.event);
            }
            writes.push(put(place::numbered(place::ALIAS, *index), body));
        }
        if !harvest.gone.is_empty() {
            writes.extend(harvest.gone.iter().map(|index| put(place::numbered(place::GONE, *index), &[])));
            Arc::make_mut(&mut projection.gone).extend(&harvest.gone);
        }
        let from = clocked / CLOCK_ROW;
        for (row, times) in (from..).zip(projection.clock.get(from * CLOCK_ROW..).unwrap_or_default().chunks(CLOCK_ROW))
        {
            let times: Vec<u8> = times.iter().flat_map(|micros| micros.to_le_bytes()).collect();
            writes.push((place::numbered(place::CLOCK, row as u64), Some(times)));
        }
        for (bundle, times) in (clocked as u64..).zip(times) {
            writes.push((place::numbered(place::TIMES, bundle), Some(times)));
        }
        for ((kind, name), index) in harvest.names {
            let key = place::name(kind, &name);
            if store.get(Table::State, &key)?.is_none() {
                writes.push(put(key, &index.to_le_bytes()));
            }
        }
        let runs = projection.runs.encode();
        let manifest = Manifest { version: VERSION, reached, links: projection.links, runs };
        writes.push((place::MANIFEST.to_vec(), Some(bincode::serialize(&manifest).unwrap_or_default())));
        Ok(Some((projection, writes)))
    }
}

/// Times that follow one another, in microseconds: each less the one before.
fn times(micros: impl Iterator<Item = i64>) -> Vec<u8> {
    let (mut out, mut before) = (Vec::new(), 0i64);
    for time in micros {
        put_signed(&mut out, time.wrapping_sub(before));
        before = time;
    }
    out
}
