//! Where the rows of the projection lie in the state table. No key there is the beginning of another kind's.

use crate::event::NameKind;
use crate::store::{Store, StoreError, Table};

pub(super) const MANIFEST: &[u8] = b"projection";
pub(super) const LINK: &[u8] = b"link";
pub(super) const ALIAS: &[u8] = b"alias";
pub(super) const GONE: &[u8] = b"gone";
pub(super) const NAME: &[u8] = b"name";
pub(super) const CLOCK: &[u8] = b"clock";
pub(super) const TIMES: &[u8] = b"times";

/// The row of an entry `from` that refers to `of`.
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

/// A row of the state table.
type Row = (Vec<u8>, Vec<u8>);

/// The rows whose keys begin so.
pub(super) fn rows(store: &dyn Store, prefix: &[u8]) -> Result<Vec<Row>, StoreError> {
    pages(prefix, |from, step| store.scan(Table::State, from, step), |row| &row.0)
}

/// Their keys alone.
pub(super) fn keys(store: &dyn Store, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
    pages(prefix, |from, step| store.keys(Table::State, from, step), |key| key)
}

fn pages<T>(
    prefix: &[u8],
    read: impl Fn(&[u8], usize) -> Result<Vec<T>, StoreError>,
    key: impl Fn(&T) -> &Vec<u8>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    let mut from = prefix.to_vec();
    let mut step = 4; // mostly there are none or a few
    loop {
        let page = read(&from, step)?;
        let full = page.len() == step;
        for row in page {
            if !key(&row).starts_with(prefix) {
                return Ok(found);
            }
            from = [key(&row).as_slice(), &[0]].concat();
            found.push(row);
        }
        if !full {
            return Ok(found);
        }
        step = 256;
    }
}
