//! Bundles carved out of the raw files of a store: for a ledger whose store cannot be opened, or not be read in full.
//!
//! What is looked for are bytes that could be a bundle, in old pages as well as in new ones. Whether they are is for whoever takes
//! them: an entry is what its hash says, and belongs where the chain says. What was erased since must not come back from an old page,
//! so marks of erasures are looked for, too.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use crate::bundle::{Beginning, Bundle};
use crate::entry::{Hash, Head, LedgerId};
use crate::ledger::log::{HeadRecord, LedgerRecord, key};
use crate::limits::BUNDLE_ENTRIES;
use crate::store::{PART_BYTES, Place, Raw, RawFiles, stated_length};

const BUNDLE: u64 = BUNDLE_ENTRIES as u64;
/// Ways to put the parts of one bundle together that are tried, at most.
const MAX_WAYS: usize = 256;
/// Numbers before a value that say how long it is have this many bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 1..=3;

/// What the raw files of a store hold.
pub(super) struct Carved {
    files: RawFiles,
    /// Places of what could be a whole bundle, by the multiple of 256 from which its entries are.
    whole: BTreeMap<u64, Vec<Vec<Place>>>,
    /// First parts of longer ones: their value's key, and where they are.
    begun: Vec<(u64, Vec<u8>, Place)>,
    /// The further parts, by the value's key.
    parts: BTreeMap<(Vec<u8>, u16), Vec<Place>>,
    /// What was found already: leaves are written again and again with the same values.
    seen: HashSet<Hash>,
    /// Every identity that is spoken of, and whether those bytes are what was written.
    ids: Vec<(LedgerId, bool)>,
    /// The greatest head that is spoken of.
    pub(super) head: Option<Head>,
    /// Entries whose erasing was begun at some time.
    pub(super) erased: BTreeSet<u64>,
    /// Places in which nothing could be read.
    pub(super) gaps: u64,
}

impl Carved {
    /// Reads the files of a store's directory. Nothing is changed.
    pub(super) fn read(store: &Path) -> std::io::Result<Self> {
        let files = RawFiles::find(store);
        let mut carved = Self {
            files: files.clone(),
            whole: BTreeMap::new(),
            begun: vec![],
            parts: BTreeMap::new(),
            seen: HashSet::new(),
            ids: vec![],
            head: None,
            erased: BTreeSet::new(),
            gaps: 0,
        };
        files.read(&mut |raw| match raw {
            Raw::Value { key, part, value, place, sure } => {
                key.into_iter().for_each(|key| carved.fact(key, value, sure));
                carved.value(key, part, value, place);
            }
            Raw::Gap { bytes, place } => {
                carved.gaps += 1;
                carved.gap(bytes, place);
            }
        })?;
        carved.join();
        Ok(carved)
    }

    /// Where bundles may begin.
    pub(super) fn slots(&self) -> impl Iterator<Item = u64> {
        self.whole.keys().copied()
    }

    /// What could be bundles with entries from a multiple of 256 on.
    pub(super) fn bundles(&self, slot: u64) -> impl Iterator<Item = Vec<u8>> {
        self.whole.get(&slot).into_iter().flatten().filter_map(|places| self.bytes(places))
    }

    /// What lies in these places, one behind the other.
    fn bytes(&self, places: &[Place]) -> Option<Vec<u8>> {
        let parts: Result<Vec<Vec<u8>>, _> = places.iter().map(|place| self.files.bytes(*place)).collect();
        Some(parts.ok()?.concat())
    }

    /// Takes what a value says about the ledger, if it is one of the small ones.
    fn fact(&mut self, key: &[u8], value: &[u8], sure: bool) {
        match key {
            key::LEDGER => {
                let record = bincode::deserialize::<LedgerRecord>(value).ok();
                self.ids.extend(record.map(|record| (LedgerId(record.id), sure)));
            }
            key::HEAD if sure => {
                let Ok(record) = bincode::deserialize::<HeadRecord>(value) else { return };
                let head = Head { size: record.size, hash: Hash(record.hash) };
                if self.head.is_none_or(|known| known.size < head.size) {
                    self.head = Some(head);
                }
            }
            key if sure => self.erased.extend(key::number(key::ERASE, key)),
            _ => {}
        }
    }

    /// Takes a value, or a part of one, if it could be of a bundle.
    fn value(&mut self, key: Option<&[u8]>, part: u16, value: &[u8], place: Place) {
        let beginning = if part == 0 { Beginning::read(value) } else { None };
        if let Some(beginning) = beginning {
            if self.seen.insert(Hash(*blake3::hash(value).as_bytes())) {
                self.beginning(beginning, key, vec![place], value.len() < PART_BYTES);
            }
        } else if part > 0
            && let Some(key) = key
            && self.seen.insert(Hash(*blake3::Hasher::new().update(key).update(value).finalize().as_bytes()))
        {
            self.parts.entry((key.to_vec(), part)).or_default().push(place);
        }
    }

    /// Which ledger it is: of the identities that are spoken of, the one that the first entry follows.
    pub(super) fn id(&self) -> Option<LedgerId> {
        let first = self.bundles(0).filter_map(|bytes| Bundle::decode(&bytes).ok()).find(|bundle| bundle.first == 0);
        let fits = |id: &LedgerId| first.as_ref().is_some_and(|first| first.previous == id.genesis());
        let ids = || self.ids.iter();
        ids().map(|(id, _)| *id).find(fits).or_else(|| ids().find(|(_, sure)| *sure).map(|(id, _)| *id))
    }

    /// Takes what begins like a bundle.
    fn beginning(&mut self, beginning: Beginning, key: Option<&[u8]>, places: Vec<Place>, whole: bool) {
        let slot = beginning.first / BUNDLE * BUNDLE;
        if whole {
            self.whole.entry(slot).or_default().push(places);
            return;
        }
        let sealed = beginning.count == BUNDLE_ENTRIES;
        let first = beginning.first.to_be_bytes();
        let guess = || if sealed { first.to_vec() } else { [key::TAIL, &first].concat() };
        self.begun.extend(places.first().map(|place| (slot, key.map_or_else(guess, <[u8]>::to_vec), *place)));
    }

    /// Looks for bundles in bytes that are no messages.
    fn gap(&mut self, bytes: &[u8], place: Place) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(beginning) = Beginning::read(rest) else {
                at += 1;
                continue;
            };
            let stated = LENGTHS.filter_map(|bytes_of_it| stated_length(bytes, at, bytes_of_it));
            let stated: Vec<usize> = stated.filter(|length| *length <= rest.len()).collect();
            let whole = |length: &usize| rest.get(..*length).is_some_and(|bytes| Bundle::decode(bytes).is_ok());
            let length = stated.iter().copied().find(whole).or_else(|| beginning.find_end(rest, PART_BYTES));
            if let Some(length) = length {
                self.beginning(beginning, None, vec![place.part(at, length)], true);
                at += length;
                continue;
            }
            if rest.len() >= PART_BYTES {
                self.beginning(beginning, None, vec![place.part(at, PART_BYTES)], false);
                if let Some(places) = consecutive_parts(rest) {
                    let places = places.into_iter().map(|(from, length)| place.part(at + from, length)).collect();
                    self.beginning(beginning, None, places, true);
                }
            }
            // Single entries of a damaged one may still be good.
            let damaged = stated.into_iter().filter(|length| beginning.may_be_as_long_as(*length));
            damaged.for_each(|length| self.beginning(beginning, None, vec![place.part(at, length)], true));
            at += 1;
        }
    }

    /// Puts longer bundles together, in every way in which they are whole.
    fn join(&mut self) {
        for (slot, key, first) in std::mem::take(&mut self.begun) {
            let mut ways: Vec<Vec<Place>> = vec![vec![first]];
            for part in 1.. {
                let Some(next) = self.parts.get(&(key.clone(), part)) else { break };
                let longer: Vec<Vec<Place>> = ways
                    .iter()
                    .flat_map(|way| next.iter().map(|place| [way.as_slice(), &[*place]].concat()))
                    .take(MAX_WAYS)
                    .collect();
                for way in &longer {
                    if self.bytes(way).is_some_and(|bytes| Bundle::decode(&bytes).is_ok()) {
                        self.whole.entry(slot).or_default().push(way.clone());
                    }
                }
                ways = longer;
            }
        }
        self.parts.clear();
    }
}

/// The parts of a value that lie one behind the other, each behind its length.
fn consecutive_parts(bytes: &[u8]) -> Option<Vec<(usize, usize)>> {
    let mut parts = vec![(0, PART_BYTES)];
    let mut whole = bytes.get(..PART_BYTES)?.to_vec();
    loop {
        let end = parts.last().map_or(0, |(from, length)| from + length);
        let (from, length) = LENGTHS
            .filter_map(|bytes_of_it| Some((end + bytes_of_it, stated_length(bytes, end + bytes_of_it, bytes_of_it)?)))
            .find(|(from, length)| *length <= PART_BYTES && from + length <= bytes.len())?;
        parts.push((from, length));
        whole.extend_from_slice(bytes.get(from..from + length)?);
        if length < PART_BYTES {
            return Bundle::decode(&whole).is_ok().then_some(parts);
        }
    }
}
