//! A store in memory: for tests, and for trying an import without touching a disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Row, Store, StoreError, Table, Write};

/// Table and key to value.
type Rows = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// Ordered maps behind one lock. Nothing survives the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Mutex<Rows>,
}

impl MemoryStore {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().get(&(table as u8, key.to_vec())).cloned())
    }

    fn scan(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.rows();
        let in_table = rows.range((table as u8, from.to_vec())..).take_while(|((t, _), _)| *t == table as u8);
        Ok(in_table.take(limit).map(|((_, k), v)| (k.clone(), v.clone())).collect())
    }

    fn visit(&self, table: Table, from: &[u8], take: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let rows = self.rows();
        let in_table = rows.range((table as u8, from.to_vec())..).take_while(|((t, _), _)| *t == table as u8);
        for ((_, key), value) in in_table {
            if !take(key, value) {
                break;
            }
        }
        Ok(())
    }

    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(self.scan(table, from, limit)?.into_iter().map(|(key, _)| key).collect())
    }

    fn apply(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut rows = self.rows();
        for (key, value) in writes {
            match value {
                Some(value) => rows.insert((table as u8, key), value),
                None => rows.remove(&(table as u8, key)),
            };
        }
        Ok(())
    }

    fn fill(&self, table: Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.apply(table, rows.into_iter().map(|(key, value)| (key, Some(value))).collect())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
