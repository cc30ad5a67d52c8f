//! A store in memory that somebody watches: who counts its calls, remembers them, or lets them fail.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use sayso_core::store::{MemoryStore, Row, Store, StoreError, Table, Write};

/// What a store is told.
pub enum Call<'a> {
    Get(Table),
    Apply(Table, &'a [Write]),
    Fill(Table, &'a [Row]),
    Sync,
}

pub trait Watch: Send + Sync {
    /// Hears of a call before it is carried out. An error is given back instead.
    fn hear(&self, call: &Call<'_>) -> Result<(), StoreError>;
}

#[derive(Default)]
pub struct Watched<W> {
    inner: MemoryStore,
    pub watch: W,
}

impl<W> Watched<W> {
    pub fn by(watch: W) -> Self {
        Self { inner: MemoryStore::default(), watch }
    }
}

impl<W: Watch> Store for Watched<W> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.watch.hear(&Call::Get(table))?;
        self.inner.get(table, key)
    }
    fn scan(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        self.inner.scan(table, from, limit)
    }
    fn visit(&self, table: Table, from: &[u8], take: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.inner.visit(table, from, take)
    }
    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.keys(table, from, limit)
    }
    fn apply(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        self.watch.hear(&Call::Apply(table, &writes))?;
        self.inner.apply(table, writes)
    }
    fn fill(&self, table: Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.watch.hear(&Call::Fill(table, &rows))?;
        self.inner.fill(table, rows)
    }
    fn sync(&self) -> Result<(), StoreError> {
        self.watch.hear(&Call::Sync)?;
        self.inner.sync()
    }
}
