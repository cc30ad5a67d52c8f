//! The store on disk: sled 0.34, with what it leaves undone.
//!
//! - sled's `flush` ends in `sync_file_range`, which does not survive power loss. `sync` therefore follows it with
//!   `fdatasync` on a descriptor of sled's file that was opened before the first write.
//! - sled moves a page into a file of its own (`blobs/`), which it never syncs, when the page outgrows a quarter of a
//!   segment. A leaf holds up to 17 keys, a merge a few more; values are therefore cut into parts small enough that no
//!   leaf gets there.
//! - A leaf that outgrows 16 keys is split, and both halves are written again with all their values. `fill` therefore lets
//!   the leaves split while they hold empty values, and puts the values in afterwards: half the bytes written.
//! - A batch costs sled a write of its own, before the others, and a wait for it. A single row is therefore no batch.
//! - sled panics on some damaged files. A panic in it becomes an error here.
//! - What sled cannot open, or would spoil by opening it, is found beforehand: see `sled_files`.
//! - sled's cache notes an access in a queue of 64 per shard and evicts only when a queue is full; few large pages never
//!   fill one. Reading a part therefore counts as several accesses.

use std::cell::Cell;
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Row, Store, StoreError, Table, Write, sled_files};
use crate::repair::Repair;

/// Bytes of a segment of sled's log. A page may grow to a quarter of it before it becomes a file.
pub(super) const SEGMENT_BYTES: usize = 4 << 20;
/// Longest part of a value: 24 of them, more than a leaf ever holds, stay under a quarter of a segment.
pub(crate) const PART_BYTES: usize = 40_000;
/// Earlier versions put empty parts with numbers from here on behind each row of [`Table::Projection`]; no value has so many parts. They
/// go with their row.
const FIRST_SPACER: usize = 0xff00;
/// Parts of a bundle of entries with notes and quotes.
const USUAL_PARTS: usize = 3;
/// Page cache. Bundles are read once each, so a large cache buys nothing.
const CACHE_BYTES: u64 = 32 << 20;
/// How often sled's lock is tried. Between programs another one decides: that of the ledger's directory.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// Accesses counted for each read of a large part, so that a page of 12 parts fills its shard's queue of 64.
const TOUCHES: usize = 6;

/// A sled database in a directory, locked while open.
pub struct SledStore {
    /// `None` only while it is being closed.
    engine: Option<Engine>,
    file: File,
    path: PathBuf,
    repairs: Vec<Repair>,
}

/// sled's part of it.
struct Engine {
    log: sled::Tree,
    state: sled::Tree,
    identity: sled::Tree,
    projection: sled::Tree,
    db: sled::Db,
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.close();
        }
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a call to sled: a panic is then no defect of ours, and will be reported as an error.
#[must_use]
pub fn inside_sled() -> bool {
    INSIDE.get()
}

/// Calls sled, and makes an error of a panic.
fn guard<T>(call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let outer = INSIDE.replace(true);
    let result = std::panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outer);
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(StoreError::Engine(format!("it gave up: {}", text.unwrap_or("no reason given"))))
    })
}

impl SledStore {
    /// Opens or creates the database in `dir`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process, or another store of this one, has it open.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: dir.display().to_string(), source };
        std::fs::create_dir_all(dir).map_err(io)?;
        let repairs = sled_files::prepare(dir, SEGMENT_BYTES)?;
        let engine = open_patiently(dir)?;
        let file = || -> std::io::Result<File> {
            let file = File::open(dir.join("db"))?;
            // What opening wrote and cut off, and how long the file is: what is read from now on must still be so after a power loss.
            file.sync_all()?;
            // sled does not sync `conf`, and the names of new files are as perishable as their contents.
            for part in [&dir.join("conf"), dir, &dir.join("blobs")] {
                File::open(part)?.sync_all()?;
            }
            Ok(file)
        };
        match file() {
            Ok(file) => Ok(Self { engine: Some(engine), file, path: dir.to_owned(), repairs }),
            Err(e) => {
                engine.close();
                Err(io(e))
            }
        }
    }

    /// What had to be put right to open it.
    #[must_use]
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Says that nothing acknowledged is missing: what was kept in case of that can go.
    pub(crate) fn forget_torn_copy(&self) {
        sled_files::forget_torn_copy(&self.path);
    }

    /// Keeps it until the store is written anew: nobody can say that. Where it is now, if there is one.
    pub(crate) fn keep_torn_copy(&self) -> Option<PathBuf> {
        sled_files::keep_torn_copy(&self.path)
    }

    fn engine(&self) -> Result<&Engine, StoreError> {
        self.engine.as_ref().ok_or_else(|| StoreError::Engine("it is closed".into()))
    }

    fn tree(&self, table: Table) -> Result<&sled::Tree, StoreError> {
        Ok(self.engine()?.tree(table))
    }
}

/// Opens sled, also if a store of this process was closed just now: sled's own threads may hold its lock a little longer.
fn open_patiently(dir: &Path) -> Result<Engine, StoreError> {
    for _ in 0..LOCK_ATTEMPTS {
        match guard(|| Engine::open(dir)) {
            Err(StoreError::Locked { .. }) => std::thread::sleep(LOCK_PAUSE),
            other => return other,
        }
    }
    guard(|| Engine::open(dir))
}

impl Engine {
    fn open(dir: &Path) -> Result<Self, StoreError> {
        let config =
            sled::Config::new().path(dir).segment_size(SEGMENT_BYTES).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let db = config.open().map_err(|e| match e {
            // sled has no kind of its own for this.
            sled::Error::Io(e) if e.to_string().contains("could not acquire lock") => {
                StoreError::Locked { holder: None }
            }
            e => engine(&e),
        })?;
        let tree = |name: &str| db.open_tree(name).map_err(|e| engine(&e));
        let (log, state) = (tree("log")?, tree("state")?);
        let (identity, projection) = (tree("identity")?, tree("projection")?);
        Ok(Self { log, state, identity, projection, db })
    }

    /// sled syncs once more when it is closed, and panics if that fails. Everything acknowledged has been synced before.
    fn close(self) {
        let _ = guard(|| {
            drop(self);
            Ok(())
        });
    }

    fn tree(&self, table: Table) -> &sled::Tree {
        match table {
            Table::Log => &self.log,
            Table::State => &self.state,
            Table::Identity => &self.identity,
            Table::Projection => &self.projection,
        }
    }
}

fn engine(e: &sled::Error) -> StoreError {
    // Its errors end in a backtrace that is always empty.
    StoreError::Engine(e.to_string().trim_end_matches(" backtrace ()").to_owned())
}

/// The parts of a value: every one but the last is full, and the last never is.
fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let empty_last = value.len().is_multiple_of(PART_BYTES).then_some([].as_slice());
    value.chunks(PART_BYTES).chain(empty_last)
}

/// A value lies under `key, part 0`, `key, part 1`, ...; see [`parts`].
fn part_key(key: &[u8], part: usize) -> Result<Vec<u8>, StoreError> {
    let part = u16::try_from(part).map_err(|_| StoreError::Engine("value too large".into()))?;
    Ok([key, &part.to_be_bytes()].concat())
}

/// The key and the number of a part.
fn split_part_key(part_key: &[u8]) -> Result<(&[u8], u16), StoreError> {
    let (key, part) = part_key.split_last_chunk::<2>().ok_or_else(|| StoreError::Engine("foreign key".into()))?;
    Ok((key, u16::from_be_bytes(*part)))
}

impl Store for SledStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guard(|| self.read(table, key))
    }

    fn scan(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        guard(|| self.read_rows(table, from, limit))
    }

    fn visit(&self, table: Table, from: &[u8], take: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        guard(|| self.visit_rows(table, from, take))
    }

    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        guard(|| self.read_keys(table, from, limit))
    }

    fn apply(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        guard(|| self.write(table, writes))
    }

    fn fill(&self, table: Table, rows: Vec<Row>) -> Result<(), StoreError> {
        guard(|| self.write_new(table, rows))
    }

    fn sync(&self) -> Result<(), StoreError> {
        guard(|| self.make_durable())
    }
}

/// The calls themselves; see [`Store`].
impl SledStore {
    fn read(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let tree = self.tree(table)?;
        let mut value = Vec::new();
        for part in 0.. {
            let part_key = part_key(key, part)?;
            let Some(bytes) = tree.get(&part_key).map_err(|e| engine(&e))? else {
                if part == 0 {
                    return Ok(None);
                }
                return Err(StoreError::Engine("a value is cut short".into()));
            };
            if bytes.len() > PART_BYTES / 8 {
                for _ in 1..TOUCHES {
                    tree.contains_key(&part_key).map_err(|e| engine(&e))?;
                }
            }
            if part == 0 && bytes.len() == PART_BYTES {
                value.reserve(USUAL_PARTS * PART_BYTES);
            }
            value.extend_from_slice(&bytes);
            if bytes.len() < PART_BYTES {
                break;
            }
        }
        Ok(Some(value))
    }

    fn read_rows(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut rows: Vec<Row> = Vec::new();
        if limit > 0 {
            self.visit_rows(table, from, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                rows.len() < limit
            })?;
        }
        Ok(rows)
    }

    fn visit_rows(
        &self,
        table: Table,
        from: &[u8],
        take: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let missing = |what: &str| Err(StoreError::Engine(format!("a value {what}")));
        // The parts of a value that has several, as far as they were met.
        let mut begun: Option<Row> = None;
        for item in self.tree(table)?.range(from..) {
            let (key, bytes) = item.map_err(|e| engine(&e))?;
            let (key, part) = split_part_key(&key)?;
            if key < from {
                continue; // a shorter key, whose part number begins like the rest of `from`
            }
            let is_last = bytes.len() < PART_BYTES;
            let more = match (&mut begun, part) {
                (Some(_), 0) => return missing("is cut short"),
                (None, 0) if is_last => take(key, &bytes),
                (None, 0) => {
                    begun = Some((key.to_vec(), bytes.to_vec()));
                    true
                }
                (Some((of, value)), _) if of == key => {
                    value.extend_from_slice(&bytes);
                    !is_last || begun.take().is_some_and(|(key, value)| take(&key, &value))
                }
                _ => return missing("has parts missing"),
            };
            if !more {
                return Ok(());
            }
        }
        if begun.is_none() { Ok(()) } else { missing("is cut short") }
    }

    fn read_keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for part_key in self.tree(table)?.range(from..).keys() {
            let part_key = part_key.map_err(|e| engine(&e))?;
            let (key, _) = split_part_key(&part_key)?;
            if key >= from && keys.last().is_none_or(|last| last != key) {
                if keys.len() == limit {
                    break;
                }
                keys.push(key.to_vec());
            }
        }
        Ok(keys)
    }

    fn write(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        let tree = self.tree(table)?;
        if let [(key, Some(value))] = writes.as_slice()
            && value.len() < PART_BYTES
            && !tree.contains_key(part_key(key, 1)?).map_err(|e| engine(&e))?
        {
            return tree.insert(part_key(key, 0)?, value.as_slice()).map(drop).map_err(|e| engine(&e));
        }
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            let mut next = 0;
            for part in value.iter().flat_map(|v| parts(v)) {
                batch.insert(part_key(&key, next)?, part);
                next += 1;
            }
            // What an earlier, longer value left behind.
            while tree.contains_key(part_key(&key, next)?).map_err(|e| engine(&e))? {
                batch.remove(part_key(&key, next)?);
                next += 1;
            }
            if value.is_none() && table == Table::Projection {
                let mut spacer = FIRST_SPACER;
                while tree.contains_key(part_key(&key, spacer)?).map_err(|e| engine(&e))? {
                    batch.remove(part_key(&key, spacer)?);
                    spacer += 1;
                }
            }
        }
        tree.apply_batch(batch).map_err(|e| engine(&e))
    }

    fn write_new(&self, table: Table, rows: Vec<Row>) -> Result<(), StoreError> {
        let tree = self.tree(table)?;
        for with_values in [false, true] {
            for (key, value) in &rows {
                for (number, part) in parts(value).enumerate() {
                    let part = if with_values { part } else { &[] };
                    tree.insert(part_key(key, number)?, part).map_err(|e| engine(&e))?;
                }
            }
        }
        Ok(())
    }

    fn make_durable(&self) -> Result<(), StoreError> {
        self.engine()?.db.flush().map_err(|e| engine(&e))?;
        self.file.sync_data().map_err(|source| StoreError::Io { path: self.path.display().to_string(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sled writes into the places of old segments. The one that its snapshot speaks of may be among them.
    #[test]
    fn a_log_that_was_written_round_opens() {
        let dir = tempfile::tempdir().unwrap();
        let put = |n: u8, fill: u8| (vec![n], Some(vec![fill; 30_000]));
        for round in 0..3 {
            let store = SledStore::open(dir.path()).unwrap();
            assert_eq!(store.repairs(), [], "round {round}");
            for fill in 0..60 {
                for n in 0..20 {
                    store.apply(Table::Log, vec![put(n, fill)]).unwrap();
                }
                store.sync().unwrap();
            }
            assert_eq!(store.get(Table::Log, &[7]).unwrap().unwrap()[0], 59);
        }
        let store = SledStore::open(dir.path()).unwrap();
        assert_eq!((store.repairs(), store.get(Table::Log, &[7]).unwrap()), ([].as_slice(), Some(vec![59; 30_000])));
    }

    #[test]
    fn what_a_crash_left_of_a_fill_can_be_found_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path()).unwrap();
        // Row 1 is whole, row 2 has its first part only, row 3 none of its three.
        store.fill(Table::Log, vec![(vec![1], vec![7; 50_000])]).unwrap();
        for (key, value) in [([2, 0, 0], vec![7; PART_BYTES]), ([2, 0, 1], vec![]), ([2, 0, 2], vec![])] {
            store.tree(Table::Log).unwrap().insert(key, value).unwrap();
        }
        for key in [[3, 0, 0], [3, 0, 1], [3, 0, 2]] {
            store.tree(Table::Log).unwrap().insert(key, &[]).unwrap();
        }
        assert!(store.scan(Table::Log, &[], 10).is_err());
        assert_eq!(store.keys(Table::Log, &[2], 10).unwrap(), [[2], [3]]);
        store.apply(Table::Log, vec![(vec![2], None), (vec![3], None)]).unwrap();
        assert_eq!(store.scan(Table::Log, &[], 10).unwrap(), [(vec![1], vec![7; 50_000])]);
    }

    #[test]
    fn the_empty_parts_of_earlier_versions_go_with_their_rows() {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path()).unwrap();
        let rows: Vec<Row> = (0..40).map(|n| (vec![n], vec![n; 10_000])).collect();
        store.fill(Table::Projection, rows.clone()).unwrap();
        for (key, part) in
            rows.iter().flat_map(|(key, _)| (FIRST_SPACER..FIRST_SPACER + 8).map(move |part| (key, part)))
        {
            store.tree(Table::Projection).unwrap().insert(part_key(key, part).unwrap(), &[]).unwrap();
        }
        assert_eq!(store.keys(Table::Projection, &[], 100).unwrap().len(), 40);
        store.apply(Table::Projection, rows.into_iter().map(|(key, _)| (key, None)).collect()).unwrap();
        assert!(store.tree(Table::Projection).unwrap().is_empty());
    }
}
