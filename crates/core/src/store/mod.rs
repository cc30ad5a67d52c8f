//! Where bytes are kept. A store is a few ordered tables with atomic writes and an honest `sync`; it knows nothing
//! of entries. sled is behind this interface and nowhere else.

mod memory;
mod sled_files;
mod sled_raw;
mod sled_store;

pub use memory::MemoryStore;
pub(crate) use sled_raw::{Place, Raw, RawFiles, stated_length};
pub(crate) use sled_store::PART_BYTES;
pub use sled_store::{SledStore, inside_sled};

/// The tables of a store. A batch of writes is atomic within one table, not across tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Sealed bundles.
    Log,
    /// The head, the unsealed tail, and small facts about the ledger.
    State,
    /// The index that finds repeats; rebuildable.
    Identity,
    /// What views are answered from; rebuildable.
    Projection,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 4] = [Self::Log, Self::State, Self::Identity, Self::Projection];
}

/// A key and its new value; `None` removes it.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory is not there or cannot be used.
    #[error("{path}: {source}")]
    Io {
        /// Which file or directory.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process holds the store.
    #[error("another program is using this ledger{}", holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Locked {
        /// Who, if it said so.
        holder: Option<String>,
    },
    /// The end of the log is torn, and what would be cut off could not be kept.
    #[error(
        "the end of the store's log is torn, and there is no way to keep what will be cut off in {}: {source}; nothing was \
         touched: make room there and try again",
        path.display()
    )]
    TornNotKept {
        /// The copy that could not be made.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what was written. Nothing was touched.
    #[error("{} is damaged at byte {at}; nothing was touched", path.display())]
    Damaged {
        /// The file.
        path: std::path::PathBuf,
        /// The first byte of what cannot be read.
        at: u64,
    },
    /// The engine reports damage or failed.
    #[error("the storage engine reports: {0}")]
    Engine(String),
}

/// Ordered tables of byte strings.
///
/// Contract, tested for every implementation: `get` and `scan` see all earlier writes; a batch is applied whole or not at
/// all, also across a crash; after `sync` returns, all earlier writes survive power loss; writes never overtake earlier
/// ones across a crash.
pub trait Store: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` rows in key order, from the first key that is not less than `from`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn scan(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Gives rows to `take` in key order, from the first key that is not less than `from`, as long as it says so: without a copy of what
    /// is only looked at. It must not call the store.
    ///
    /// # Errors
    /// [`StoreError`].
    fn visit(&self, table: Table, from: &[u8], take: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;

    /// At most `limit` keys in order, from the first that is not less than `from`: also of rows that [`Store::fill`] left
    /// unfinished, which cannot be read.
    ///
    /// # Errors
    /// [`StoreError`].
    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Applies a batch of writes to one table, atomically. Not durable before [`Store::sync`].
    ///
    /// # Errors
    /// [`StoreError`]; what was applied is then unknown until the store is opened again.
    fn apply(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError>;

    /// Writes new rows, in the order of their keys, at less cost than [`Store::apply`]: for many large values that nothing
    /// refers to yet. Not atomic: a crash may leave any of them out or unfinished. No key may be there already.
    ///
    /// # Errors
    /// [`StoreError`]; what was written is then unknown until the store is opened again.
    fn fill(&self, table: Table, rows: Vec<Row>) -> Result<(), StoreError>;

    /// Returns once everything applied so far would survive power loss.
    ///
    /// # Errors
    /// [`StoreError`]; nothing may then be assumed of anything applied since the last success.
    fn sync(&self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod contract {
    //! What every store must do.
    use super::*;

    fn put(key: &[u8], value: &[u8]) -> Write {
        (key.to_vec(), Some(value.to_vec()))
    }

    pub(super) fn check(store: &dyn Store) {
        values_come_back(store);
        scans_are_ordered_and_bounded(store);
        large_values_shrink_and_grow(store);
        [Table::Identity, Table::Projection].into_iter().for_each(|table| filled_rows_are_rows(store, table));
        tables_are_apart(store);
    }

    fn values_come_back(store: &dyn Store) {
        assert_eq!(store.get(Table::Log, b"a").unwrap(), None);
        store.apply(Table::Log, vec![put(b"a", b"1"), put(b"b", b"")]).unwrap();
        assert_eq!(store.get(Table::Log, b"a").unwrap().as_deref(), Some(b"1".as_slice()));
        assert_eq!(store.get(Table::Log, b"b").unwrap().as_deref(), Some(b"".as_slice()));
        store.apply(Table::Log, vec![(b"a".to_vec(), None), put(b"b", b"2")]).unwrap();
        assert_eq!(store.get(Table::Log, b"a").unwrap(), None);
        assert_eq!(store.get(Table::Log, b"b").unwrap().as_deref(), Some(b"2".as_slice()));
        store.apply(Table::Log, vec![(b"b".to_vec(), None), (b"missing".to_vec(), None)]).unwrap();
        store.sync().unwrap();
        assert!(store.scan(Table::Log, b"", 10).unwrap().is_empty());
    }

    fn scans_are_ordered_and_bounded(store: &dyn Store) {
        let keys: Vec<[u8; 2]> = (0..500u16).map(u16::to_be_bytes).collect();
        store.apply(Table::State, keys.iter().rev().map(|k| put(k, k)).collect()).unwrap();
        let rows = store.scan(Table::State, &[0, 250], 10).unwrap();
        assert_eq!(rows.iter().map(|r| r.0[1]).collect::<Vec<_>>(), (250..=255).chain(0..4).collect::<Vec<u8>>());
        assert!(rows.iter().all(|(k, v)| k == v));
        assert_eq!(visited(store, Table::State, &[0, 250], 10), rows);
        assert_eq!(visited(store, Table::State, &[1, 240], 100).len(), 4);
        assert_eq!(store.scan(Table::State, &[1, 240], 100).unwrap().len(), 4);
        assert!(store.scan(Table::State, &[2], 10).unwrap().is_empty());
        // Going on behind a key: `key, 0` is the first that is larger.
        assert_eq!(store.scan(Table::State, &[0, 250, 0], 1).unwrap()[0].0, [0, 251]);
        assert_eq!(store.keys(Table::State, &[0, 250, 0], 1).unwrap(), [[0, 251]]);
        assert!(store.keys(Table::State, &[1, 243, 0], 1).unwrap().is_empty());
    }

    fn visited(store: &dyn Store, table: Table, from: &[u8], most: usize) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        store
            .visit(table, from, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                rows.len() < most
            })
            .unwrap();
        rows
    }

    fn large_values_shrink_and_grow(store: &dyn Store) {
        for size in [0, 39_999, 40_000, 40_001, 80_000, 700_000, 40_000, 3] {
            let value: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            store.apply(Table::Identity, vec![put(b"big", &value), put(b"big2", b"x")]).unwrap();
            assert_eq!(store.get(Table::Identity, b"big").unwrap().as_ref(), Some(&value));
            let rows = store.scan(Table::Identity, b"", 10).unwrap();
            assert_eq!(rows, [(b"big".to_vec(), value), (b"big2".to_vec(), b"x".to_vec())]);
        }
        store.apply(Table::Identity, vec![(b"big".to_vec(), None), (b"big2".to_vec(), None)]).unwrap();
        assert!(store.scan(Table::Identity, b"", 10).unwrap().is_empty());
    }

    fn filled_rows_are_rows(store: &dyn Store, table: Table) {
        let row = |n: u8, size: usize| (vec![n], vec![n; size]);
        let sizes = [0, 1, 39_999, 40_000, 40_001, 100_000];
        let rows: Vec<Row> = (0..60).map(|n| row(n, sizes[usize::from(n) % sizes.len()])).collect();
        store.fill(table, rows[..25].to_vec()).unwrap();
        store.fill(table, rows[25..].to_vec()).unwrap();
        assert_eq!(store.scan(table, b"", 100).unwrap(), rows);
        assert_eq!(visited(store, table, b"", 100), rows);
        assert_eq!(visited(store, table, &[9], 3), rows[9..12]);
        assert_eq!(visited(store, table, &[9, 0], 1), rows[10..11]);
        assert_eq!(store.get(table, &[5]).unwrap().as_ref(), Some(&rows[5].1));
        assert_eq!(store.keys(table, &[9], 3).unwrap(), [[9], [10], [11]]);
        assert_eq!(store.keys(table, &[58], 3).unwrap(), [[58], [59]]);
        // How pages go on: the least key after the last one seen.
        assert_eq!(store.keys(table, &[9, 0], 1).unwrap(), [[10]]);
        assert_eq!(store.scan(table, &[9, 0], 1).unwrap()[0].0, [10]);
        assert_eq!(store.keys(table, &[9, 0, 0], 1).unwrap(), [[10]]);
        store.apply(table, vec![put(&[3], b"short"), (vec![4], None)]).unwrap();
        assert_eq!(store.get(table, &[3]).unwrap().as_deref(), Some(b"short".as_slice()));
        store.apply(table, (0..60).map(|n| (vec![n], None)).collect()).unwrap();
        assert!(store.scan(table, b"", 10).unwrap().is_empty());
        assert!(store.keys(table, b"", 10).unwrap().is_empty() && visited(store, table, b"", 10).is_empty());
    }

    fn tables_are_apart(store: &dyn Store) {
        store.apply(Table::Log, vec![put(b"only", b"log")]).unwrap();
        assert_eq!(store.get(Table::Identity, b"only").unwrap(), None);
    }

    #[test]
    fn memory() {
        check(&MemoryStore::default());
    }

    #[test]
    fn sled() {
        let dir = tempfile::tempdir().unwrap();
        {
            let store = SledStore::open(dir.path()).unwrap();
            check(&store);
            assert!(matches!(SledStore::open(dir.path()), Err(StoreError::Locked { .. })));
        }
        let store = SledStore::open(dir.path()).unwrap();
        assert_eq!(store.get(Table::Log, b"only").unwrap().as_deref(), Some(b"log".as_slice()), "after reopening");
        let blobs = std::fs::read_dir(dir.path().join("blobs")).unwrap().count();
        assert_eq!(blobs, 0, "no value may become a file that sled does not sync");
    }
}
