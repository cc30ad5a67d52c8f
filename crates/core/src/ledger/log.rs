//! The log in the store: sealed bundles, the unsealed tail, and the head that says how much of it exists.
//!
//! An append writes any full bundles first and makes them durable; then one atomic write moves the head, replaces the
//! tail and enters the index rows; then that is made durable. Entries beyond the head do not exist: what a crash left
//! there is removed when the ledger is opened.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::identity::{Fingerprint, Fingerprinter, IdentityRow, Rows, Runs};
use super::indexing::Index;
use super::sealing::Group;
use super::snapshot::Snapshot;
use super::{DamageError, OpenError, lock};
use crate::bundle::{Bundle, Codec, StoredEntry, encode as encode_bundle};
use crate::entry::{Hash, Head, LedgerId};
use crate::limits::BUNDLE_ENTRIES;
use crate::repair::Repair;
use crate::store::{Store, StoreError, Table, Write};
use crate::time::Instant;

/// The layout of the store that this program reads and writes.
pub(crate) const STORE_VERSION: u16 = 1;

pub(crate) const BUNDLE: u64 = BUNDLE_ENTRIES as u64;

/// Unpacked bundles kept for whoever looks up repeats and references.
const RECENT_BUNDLES: usize = 8;

/// Keys of the state table. None is the beginning of another.
pub(crate) mod key {
    pub(crate) const LEDGER: &[u8] = b"ledger";
    pub(crate) const SECRET: &[u8] = b"secret";
    pub(crate) const HEAD: &[u8] = b"head";
    pub(crate) const RUNS: &[u8] = b"runs";
    pub(crate) const TAIL: &[u8] = b"tail";
    pub(crate) const AMENDMENT: &[u8] = b"amend";
    pub(crate) const ERASE: &[u8] = b"erase";

    pub(crate) fn numbered(prefix: &[u8], n: u64) -> Vec<u8> {
        [prefix, &n.to_be_bytes()].concat()
    }

    /// The number in a numbered key with this prefix.
    pub(crate) fn number(prefix: &[u8], key: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(key.strip_prefix(prefix)?.try_into().ok()?))
    }
}

/// The value under [`key::LEDGER`].
#[derive(Serialize, Deserialize)]
pub(crate) struct LedgerRecord {
    pub(crate) version: u16,
    pub(crate) id: [u8; 32],
}

/// The value under [`key::HEAD`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeadRecord {
    /// Entries in the log.
    pub(crate) size: u64,
    /// How many of them are in sealed bundles; a multiple of the bundle size.
    pub(crate) sealed: u64,
    /// The last entry's hash.
    pub(crate) hash: [u8; 32],
    /// The last entry's recorded time; the smallest number where there is none.
    pub(crate) recorded: i64,
}

/// Entries that are to follow the head, with what goes beside them.
#[derive(Default)]
pub(super) struct Staged {
    pub(super) entries: Vec<StoredEntry>,
    pub(super) rows: Vec<IdentityRow>,
    /// Corrections and aliases among them.
    pub(super) amendments: Vec<u64>,
    /// An entry whose body is to be erased once the rest is durable.
    pub(super) erase: Option<u64>,
}

/// A batch whose bundles and fingerprints are in the store already, beyond the head.
pub(super) struct Streamed {
    /// How many entries are sealed with it.
    pub(super) sealed: u64,
    /// The hash of the last sealed entry.
    pub(super) tail_previous: Hash,
    /// What comes after them.
    pub(super) tail: Vec<StoredEntry>,
    /// Corrections and aliases among the new entries.
    pub(super) amendments: Vec<u64>,
    pub(super) head: Head,
    /// When the last entry was recorded.
    pub(super) recorded: Instant,
}

impl Staged {
    pub(super) fn append(&mut self, entries: Vec<StoredEntry>) {
        if self.entries.is_empty() {
            self.entries = entries;
        } else {
            self.entries.extend(entries);
        }
    }
}

/// The log, for its one writer.
pub(super) struct Log {
    pub(super) store: Arc<dyn Store>,
    pub(super) id: LedgerId,
    pub(super) fingerprinter: Fingerprinter,
    pub(super) snapshot: Snapshot,
    pub(super) last_recorded: Option<Instant>,
    pub(super) runs: Runs,
    /// Fingerprints of the tail, whose rows are in no run yet.
    pub(super) tail_rows: Rows,
    tail_keys: Vec<u64>,
    pub(super) index: Arc<Mutex<Index>>,
    /// What opening put right.
    pub(super) repairs: Vec<Repair>,
    /// Bundles read last, the newest at the end.
    recent: RefCell<Vec<Arc<Bundle>>>,
}

pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    bincode::serialize(value).unwrap_or_default() // plain numbers: cannot fail
}

pub(crate) fn read_ledger_record(store: &dyn Store) -> Result<Option<LedgerId>, OpenError> {
    let Some(bytes) = store.get(Table::State, key::LEDGER)? else { return Ok(None) };
    let record: LedgerRecord =
        bincode::deserialize(&bytes).map_err(|_| DamageError::new("the ledger's identity cannot be read"))?;
    if record.version > STORE_VERSION {
        return Err(OpenError::Newer { found: record.version });
    }
    Ok(Some(LedgerId(record.id)))
}

pub(crate) fn read_head(store: &dyn Store) -> Result<Option<HeadRecord>, StoreError> {
    Ok(store.get(Table::State, key::HEAD)?.and_then(|bytes| bincode::deserialize(&bytes).ok()))
}

/// The tail's bundles as stored, in order: the key's index and the bytes.
pub(crate) fn read_tail(store: &dyn Store) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    numbered_rows(store, key::TAIL)
}

fn numbered_rows(store: &dyn Store, prefix: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let mut rows = Vec::new();
    let mut from = prefix.to_vec();
    loop {
        let page = store.scan(Table::State, &from, 256)?;
        for (key, value) in &page {
            match key::number(prefix, key) {
                Some(n) => rows.push((n, value.clone())),
                None => return Ok(rows),
            }
        }
        match page.last() {
            Some((last, _)) if page.len() == 256 => from = [last.as_slice(), &[0]].concat(),
            _ => return Ok(rows),
        }
    }
}

impl Log {
    /// Makes an empty log.
    pub(super) fn create(store: &dyn Store, id: LedgerId, secret: [u8; 32]) -> Result<(), StoreError> {
        let head = HeadRecord { size: 0, sealed: 0, hash: id.genesis().0, recorded: i64::MIN };
        let put = |key: &[u8], value: Vec<u8>| (key.to_vec(), Some(value));
        store.apply(
            Table::State,
            vec![
                put(key::LEDGER, encode(&LedgerRecord { version: STORE_VERSION, id: id.0 })),
                put(key::SECRET, secret.to_vec()),
                put(key::HEAD, encode(&head)),
                put(key::RUNS, Runs::default().encode()),
            ],
        )?;
        store.sync()
    }

    /// Reads the log's state and removes what lies beyond the head.
    pub(super) fn open(store: Arc<dyn Store>) -> Result<Self, OpenError> {
        let id = read_ledger_record(&*store)?.ok_or(OpenError::NoLedger)?;
        let missing = |what: &str| DamageError::new(&format!("{what} is missing or cannot be read"));
        let secret = store.get(Table::State, key::SECRET)?.and_then(|s| <[u8; 32]>::try_from(s).ok());
        let fingerprinter = Fingerprinter::new(&secret.ok_or_else(|| missing("the index's secret"))?);
        let head = read_head(&*store)?.ok_or_else(|| missing("the head"))?;
        let runs = store.get(Table::State, key::RUNS)?.and_then(|r| Runs::decode(&r));
        let runs = runs.ok_or_else(|| missing("the list of index runs"))?;

        if head.sealed != head.size / BUNDLE * BUNDLE {
            return Err(missing("the head").into());
        }
        // What precedes the tail must be what the head was written for: everything beyond the head is removed below.
        let (sealed_hash, sealed_recorded) = match head.sealed.checked_sub(BUNDLE) {
            None => (id.genesis(), None),
            Some(first) => {
                let last = load_bundle(&*store, first)?.entries.pop();
                last.map_or((id.genesis(), None), |e| (e.hash, Some(e.recorded)))
            }
        };
        let mut tail: Vec<Arc<StoredEntry>> = Vec::new();
        let mut tail_keys = Vec::new();
        let mut beyond: Vec<Write> = Vec::new();
        for (first, bytes) in read_tail(&*store)? {
            let next = head.sealed + tail.len() as u64;
            if !(head.sealed..head.size).contains(&first) {
                beyond.push((key::numbered(key::TAIL, first), None));
                continue;
            }
            let bundle = Bundle::decode(&bytes).map_err(|e| DamageError::at(first, &e.to_string()))?;
            if bundle.first != first || first != next {
                return Err(DamageError::at(next, "the tail of the log has a gap").into());
            }
            if tail.is_empty() && bundle.previous != sealed_hash {
                return Err(DamageError::at(first, "the tail does not follow what is sealed before it").into());
            }
            tail_keys.push(first);
            tail.extend(bundle.entries.into_iter().map(Arc::new));
        }
        let end = head.sealed + tail.len() as u64;
        let last = tail.last().map_or((sealed_hash, sealed_recorded), |e| (e.hash, Some(e.recorded)));
        let recorded = last.1.map_or(i64::MIN, Instant::micros);
        if (end, last.0.0, recorded) != (head.size, head.hash, head.recorded) {
            return Err(DamageError::at(end.min(head.size), "the log does not end where its head says").into());
        }
        let mut repairs = Vec::new();
        if !beyond.is_empty() {
            repairs.push(Repair::TailBeyondHead { rows: beyond.len() as u64 });
            store.apply(Table::State, beyond)?;
        }
        let bundles = trim_bundles(&*store, head.sealed)?;
        if bundles > 0 {
            repairs.push(Repair::BundlesBeyondHead { bundles });
        }
        match runs.trim(&*store) {
            // Only appending needs the index of repeats, and refuses by itself where it cannot be read.
            Ok(()) | Err(StoreError::Engine(_)) => {}
            Err(e) => return Err(e.into()),
        }

        let head = Head { size: head.size, hash: last.0 };
        let sealed = head.size / BUNDLE * BUNDLE;
        let snapshot = Snapshot {
            head,
            sealed,
            tail_previous: sealed_hash,
            tail,
            withheld: Arc::default(),
            posted: Arc::default(),
        };
        let last_recorded = last.1;
        let (index, repair) = Index::open(store.clone(), sealed)?;
        repairs.extend(repair);
        let mut log = Self {
            store,
            id,
            fingerprinter,
            snapshot,
            last_recorded,
            runs,
            tail_rows: Rows::default(),
            tail_keys,
            index: Arc::new(Mutex::new(index)),
            repairs,
            recent: RefCell::default(),
        };
        for row in log.fingerprint_tail()? {
            log.tail_rows.insert(row);
        }
        Ok(log)
    }

    fn fingerprint_tail(&self) -> Result<Vec<IdentityRow>, DamageError> {
        let tail = self.snapshot.tail.iter().zip(self.snapshot.sealed..);
        tail.filter_map(|(e, index)| e.body().map(|body| self.fingerprint(index, body).map(|f| (f, index)))).collect()
    }

    /// The fingerprint of a stored body.
    pub(super) fn fingerprint(&self, index: u64, body: &[u8]) -> Result<Fingerprint, DamageError> {
        let record = crate::body::Record::decode(body).map_err(|e| DamageError::at(index, &e.to_string()))?;
        let bytes = super::identity::event_bytes(body).unwrap_or_default();
        Ok(self.fingerprinter.of(&record.event, bytes))
    }

    /// The indexes of recorded corrections and aliases.
    pub(super) fn amendments(&self) -> Result<Vec<u64>, StoreError> {
        Ok(numbered_rows(&*self.store, key::AMENDMENT)?
            .into_iter()
            .map(|(n, _)| n)
            .filter(|n| *n < self.snapshot.head.size)
            .collect())
    }

    /// Entries whose erasing was promised and may not have been finished.
    pub(super) fn unfinished_erasures(&self) -> Result<Vec<u64>, StoreError> {
        Ok(numbered_rows(&*self.store, key::ERASE)?.into_iter().map(|(n, _)| n).collect())
    }

    /// Appends staged entries: durable when this returns, all or none.
    pub(super) fn commit(&mut self, staged: Staged, head: Head, recorded: Instant) -> Result<(), StoreError> {
        let sealed = head.size / BUNDLE * BUNDLE;
        let old = &self.snapshot;
        if sealed == old.sealed {
            return self.extend_tail(staged, head, recorded);
        }
        let Staged { mut entries, rows, amendments, erase } = staged;
        let open = usize::try_from(head.size - sealed).unwrap_or(usize::MAX).min(entries.len());
        let tail = entries.split_off(entries.len() - open);
        let whole = old.tail.iter().map(|e| StoredEntry::clone(e)).chain(entries);
        let group = Group { first: old.sealed, previous: old.tail_previous, entries: whole.collect() };
        let tail_previous = group.entries.last().map_or(old.tail_previous, |e| e.hash);
        group.write(&*self.store)?;
        self.add_identities(rows, sealed)?;
        self.move_head(Streamed { sealed, tail_previous, tail, amendments, head, recorded }, erase)
    }

    /// Moves the head over bundles that were written before.
    pub(super) fn commit_streamed(&mut self, streamed: Streamed) -> Result<(), StoreError> {
        self.move_head(streamed, None)
    }

    /// The common case: one more bundle in the tail.
    fn extend_tail(&mut self, staged: Staged, head: Head, recorded: Instant) -> Result<(), StoreError> {
        let old = &self.snapshot;
        let Staged { entries, rows, amendments, erase } = staged;
        let bundle = Bundle { first: old.head.size, previous: old.head.hash, entries };
        let mut writes: Vec<Write> = vec![(key::numbered(key::TAIL, bundle.first), Some(bundle.encode(Codec::Plain)))];
        writes.extend(marks(amendments, erase));
        let plain = writes.len() == 1;
        if plain {
            // It does not exist until the head says so, and no write overtakes an earlier one. An atomic batch would wait for
            // the disk once more.
            self.store.apply(Table::State, std::mem::take(&mut writes))?;
        }
        writes.push(head_row(head, old.sealed, recorded));
        self.store.apply(Table::State, writes)?;
        self.store.sync()?;
        self.tail_keys.push(bundle.first);
        rows.into_iter().for_each(|row| self.tail_rows.insert(row));
        self.snapshot.tail.extend(bundle.entries.into_iter().map(Arc::new));
        self.snapshot.head = head;
        self.snapshot.posted = Arc::default();
        self.last_recorded = Some(recorded);
        Ok(())
    }

    /// Enters the fingerprints of sealed entries, those of the tail so far among them, into the index of repeats.
    pub(super) fn add_identities(&mut self, rows: Vec<IdentityRow>, sealed: u64) -> Result<(), StoreError> {
        let all = std::mem::take(&mut self.tail_rows).into_iter().chain(rows);
        let (sealed_rows, open_rows): (Vec<IdentityRow>, Vec<IdentityRow>) = all.partition(|(_, i)| *i < sealed);
        open_rows.into_iter().for_each(|row| self.tail_rows.insert(row));
        self.runs.add(&*self.store, sealed_rows)
    }

    /// Moves the head over new bundles, and replaces the tail.
    fn move_head(&mut self, streamed: Streamed, erase: Option<u64>) -> Result<(), StoreError> {
        let Streamed { sealed, tail_previous, tail, amendments, head, recorded } = streamed;
        self.store.sync()?;

        let replaced = std::mem::take(&mut self.tail_keys);
        let mut writes: Vec<Write> = replaced.iter().map(|first| (key::numbered(key::TAIL, *first), None)).collect();
        writes.push((key::RUNS.to_vec(), Some(self.runs.encode())));
        if !tail.is_empty() {
            let refs: Vec<&StoredEntry> = tail.iter().collect();
            let bundle = encode_bundle(sealed, tail_previous, &refs, Codec::Plain);
            writes.push((key::numbered(key::TAIL, sealed), Some(bundle)));
            self.tail_keys.push(sealed);
        }
        writes.extend(marks(amendments, erase));
        writes.push(head_row(head, sealed, recorded));
        self.store.apply(Table::State, writes)?;
        self.store.sync()?;
        let tail = tail.into_iter().map(Arc::new).collect();
        let withheld = self.snapshot.withheld.clone();
        self.snapshot = Snapshot { head, sealed, tail_previous, tail, withheld, posted: Arc::default() };
        self.last_recorded = Some(recorded);
        Ok(())
    }

    /// Removes what was written beyond the head and is not to be.
    pub(super) fn trim(&self) -> Result<(), StoreError> {
        self.recent.borrow_mut().clear(); // it may hold what is removed now
        trim_bundles(&*self.store, self.snapshot.sealed).map(drop)
    }

    /// Erases a body that a durable redaction speaks of, and forgets its identity. The index of views goes in the same step where it
    /// has a copy, and is built anew when it is next asked for.
    pub(super) fn erase(&mut self, index: u64) -> Result<(), OpenError> {
        self.recent.borrow_mut().clear(); // it may be of a batch that was refused
        let done = (key::numbered(key::ERASE, index), None);
        let mut writes = vec![done];
        // Nobody looks into it, and it does not grow, before this is done.
        let views = self.index.clone();
        let mut views = lock(&views);
        let copied = index < self.snapshot.sealed && views.forget(index);
        let (previous, stored) = self.stored(index)?.ok_or_else(|| DamageError::at(index, "there is no such entry"))?;
        if let Some(body) = stored.body() {
            let row = (self.fingerprint(index, body)?, index);
            let erased = stored.erased(index, previous);
            if index >= self.snapshot.sealed {
                let at = usize::try_from(index - self.snapshot.sealed).unwrap_or(usize::MAX);
                if let Some(slot) = self.snapshot.tail.get_mut(at) {
                    *slot = Arc::new(erased);
                }
                self.tail_rows.remove(row);
                let Snapshot { sealed, tail_previous, tail, .. } = &self.snapshot;
                let old = std::mem::replace(&mut self.tail_keys, vec![*sealed]);
                writes.extend(old.iter().map(|first| (key::numbered(key::TAIL, *first), None)));
                let refs: Vec<&StoredEntry> = tail.iter().map(|e| &**e).collect();
                let whole = encode_bundle(*sealed, *tail_previous, &refs, Codec::Plain);
                writes.push((key::numbered(key::TAIL, *sealed), Some(whole)));
            } else {
                // The row goes first: once the body is gone nobody could tell any more which row was its own.
                match self.runs.drop_row(&*self.store, row) {
                    Ok(rows) => self.store.apply(Table::Identity, rows)?,
                    // An index of repeats that cannot be read keeps nobody from erasing; it is made anew by compaction.
                    Err(StoreError::Engine(_)) => {}
                    Err(e) => return Err(e.into()),
                }
                self.store.sync()?;
                self.recent.borrow_mut().clear(); // it has the body
                let mut bundle = load_bundle(&*self.store, index / BUNDLE * BUNDLE)?;
                let at = usize::try_from(index - bundle.first).unwrap_or(usize::MAX);
                if let Some(slot) = bundle.entries.get_mut(at) {
                    *slot = erased;
                }
                let key = bundle.first.to_be_bytes().to_vec();
                self.store.apply(Table::Log, vec![(key, Some(bundle.encode(Codec::Lz4)))])?;
                self.store.sync()?;
            }
        }
        if copied {
            writes.push(views.erase()?); // before the promise is taken for kept
        }
        self.store.apply(Table::State, writes)?;
        self.store.sync()?;
        self.snapshot.posted = Arc::default();
        Ok(())
    }

    /// Removes the index of views if it may have a copy of an entry that is to be erased and cannot be read: nothing else could take the
    /// words out of it. Whether it was there.
    pub(super) fn forget_views(&mut self, index: u64) -> Result<bool, StoreError> {
        let views = self.index.clone();
        let mut views = lock(&views);
        if index >= self.snapshot.sealed || !views.forget(index) {
            return Ok(false);
        }
        let removal = views.erase()?;
        self.store.apply(Table::State, vec![removal])?;
        self.store.sync()?;
        Ok(true)
    }

    /// A bundle in the store, sealed or about to be. Whoever asks for one of its entries mostly asks for more of them.
    pub(super) fn bundle(&self, first: u64) -> Result<Arc<Bundle>, OpenError> {
        let mut recent = self.recent.borrow_mut();
        if let Some(at) = recent.iter().position(|b| b.first == first) {
            let bundle = recent.remove(at);
            recent.push(bundle.clone());
            return Ok(bundle);
        }
        let bundle = Arc::new(load_bundle(&*self.store, first)?);
        if recent.len() == RECENT_BUNDLES {
            recent.remove(0);
        }
        recent.push(bundle.clone());
        Ok(bundle)
    }

    /// An entry as stored, also where it is withheld, and the hash before it.
    pub(super) fn stored(&self, index: u64) -> Result<Option<(Hash, Arc<StoredEntry>)>, OpenError> {
        if index >= self.snapshot.sealed {
            return Ok(self.snapshot.in_tail(index));
        }
        let bundle = self.bundle(index / BUNDLE * BUNDLE)?;
        Ok(bundle.at(index).map(|(previous, entry)| (previous, Arc::new(entry.clone()))))
    }
}

/// A sealed bundle, with its place checked.
pub(crate) fn load_bundle(store: &dyn Store, first: u64) -> Result<Bundle, OpenError> {
    let bytes = store.get(Table::Log, &first.to_be_bytes())?;
    let bytes = bytes.ok_or_else(|| DamageError::at(first, "a bundle of entries is missing"))?;
    let bundle = Bundle::decode(&bytes).map_err(|e| DamageError::at(first, &e.to_string()))?;
    if bundle.first != first || bundle.entries.len() != BUNDLE_ENTRIES {
        return Err(DamageError::at(first, "a bundle of entries is in the wrong place").into());
    }
    Ok(bundle)
}

/// Marks of corrections, aliases and erasures that are to be found again.
pub(super) fn marks(amendments: Vec<u64>, erase: Option<u64>) -> impl Iterator<Item = Write> {
    let amended = amendments.into_iter().map(|index| key::numbered(key::AMENDMENT, index));
    amended.chain(erase.map(|index| key::numbered(key::ERASE, index))).map(|key| (key, Some(vec![])))
}

fn head_row(head: Head, sealed: u64, recorded: Instant) -> Write {
    let record = HeadRecord { size: head.size, sealed, hash: head.hash.0, recorded: recorded.micros() };
    (key::HEAD.to_vec(), Some(encode(&record)))
}

/// Removes bundles beyond the sealed part. Gives back how many there were.
pub(super) fn trim_bundles(store: &dyn Store, sealed: u64) -> Result<u64, StoreError> {
    let mut removed = 0;
    loop {
        let keys = store.keys(Table::Log, &sealed.to_be_bytes(), 16)?;
        if keys.is_empty() {
            return Ok(removed);
        }
        removed += keys.len() as u64;
        store.apply(Table::Log, keys.into_iter().map(|key| (key, None)).collect())?;
    }
}
