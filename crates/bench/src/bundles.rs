//! Bundles: how many entries to store under one key, and how to compress them.

use std::path::Path;

use rayon::prelude::*;
use sayso_core::body::Record;
use sayso_core::store::{SledStore, Store, Table, Write};

use crate::Failure;
use crate::corpus::Corpus;
use crate::phase::{Figures, Task, disk_use, timed};

/// Bundle sizes to try, in entries.
pub(crate) const SIZES: [u64; 5] = [32, 64, 128, 256, 512];
/// Codecs to try.
pub(crate) const CODECS: [&str; 3] = ["none", "lz4", "zstd1"];

/// Bytes in front of a bundle: version, codec, count, first index, previous hash.
const FIXED: [u8; 44] = [1; 44];
/// Bytes per entry that are not compressed: hash and salt.
const SEAL_BYTES: usize = 48;
/// Entries made durable together.
const BATCH: usize = 10_000;
/// Bundles compressed at a time while those before are written, as the ledger does it.
const STEP: usize = 32;
/// Bundles read at a time.
const READ_STEP: usize = 16;

/// An entry as it goes into a bundle: seal and body.
type Sealed = ([u8; SEAL_BYTES], Vec<u8>);
/// A bundle's number and entries.
type Numbered<'a> = (usize, &'a [Sealed]);

/// The entries of the corpus.
fn entries(task: &Task) -> Result<Vec<Sealed>, Failure> {
    let records = Corpus::new(task.seed)?.records(task.first, task.count)?;
    let entry = |(n, record): (usize, &Record)| {
        let mut seal = [0; SEAL_BYTES]; // random bytes, like hashes and salts
        blake3::Hasher::new().update(&n.to_le_bytes()).finalize_xof().fill(&mut seal);
        record.encode().map(|body| (seal, body))
    };
    Ok(records.par_iter().enumerate().map(entry).collect::<Result<_, _>>()?)
}

/// A bundle as `sayso_core::bundle` lays it out.
fn pack(entries: &[Sealed], codec: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(entries.len() * 512);
    for (at, (_, body)) in entries.iter().enumerate() {
        plain.extend_from_slice(&[0; 2]);
        plain.extend_from_slice(&(1_684_000_000_000_000 + (at as u64 / 256)).to_le_bytes());
        plain.extend_from_slice(&(body.len() as u32).to_le_bytes());
    }
    entries.iter().for_each(|(_, body)| plain.extend_from_slice(body));
    let mut out = Vec::with_capacity(plain.len() + entries.len() * SEAL_BYTES);
    out.extend_from_slice(&FIXED);
    entries.iter().for_each(|(seal, _)| out.extend_from_slice(seal));
    out.extend_from_slice(&(plain.len() as u32).to_le_bytes());
    match codec {
        "lz4" => out.extend_from_slice(&lz4_flex::block::compress(&plain)),
        "zstd1" => out.extend_from_slice(&zstd::bulk::compress(&plain, 1).unwrap_or_default()),
        _ => out.extend_from_slice(&plain),
    }
    let sum = blake3::hash(&out);
    out.extend_from_slice(sum.as_bytes().first_chunk::<16>().unwrap_or(&[0; 16]));
    out
}

/// Checks the checksum and gives the plain length back after decompressing.
fn unpack(bytes: &[u8], count: usize, codec: &str) -> Result<usize, Failure> {
    let (content, sum) = bytes.split_last_chunk::<16>().ok_or("too short")?;
    if blake3::hash(content).as_bytes().first_chunk::<16>() != Some(sum) {
        return Err("wrong checksum".into());
    }
    let packed = content.get(FIXED.len() + count * SEAL_BYTES..).ok_or("too short")?;
    let (length, packed) = packed.split_first_chunk::<4>().ok_or("too short")?;
    let length = u32::from_le_bytes(*length) as usize;
    let found = match codec {
        "lz4" => lz4_flex::block::decompress(packed, length)?.len(),
        "zstd1" => zstd::bulk::decompress(packed, length)?.len(),
        _ => packed.to_vec().len(),
    };
    if found == length { Ok(length) } else { Err("wrong length".into()) }
}

fn key(number: usize) -> Vec<u8> {
    (number as u64).to_be_bytes().to_vec()
}

/// Appends in batches, each durable before the next; compression runs on all cores, a step ahead of the writing.
pub(crate) fn append(task: &Task) -> Result<Figures, Failure> {
    let entries = entries(task)?;
    let store = SledStore::open(&task.at)?;
    let size = usize::try_from(task.bundle)?;
    let bundles: Vec<Numbered<'_>> = entries.chunks(size).enumerate().collect();
    let ((), mut figures) = timed(task.count, || {
        bundles.chunks((BATCH / size).max(1)).try_for_each(|batch| write(&store, batch, &task.codec))
    })?;
    drop(store);
    figures.disk = disk_use(&task.at)?;
    let blobs = std::fs::read_dir(blobs(&task.at))?.count();
    Ok(figures.with("blobs", blobs as f64))
}

fn blobs(at: &Path) -> std::path::PathBuf {
    at.join("blobs")
}

fn write(store: &SledStore, batch: &[Numbered<'_>], codec: &str) -> Result<(), Failure> {
    std::thread::scope(|scope| {
        let (send, receive) = std::sync::mpsc::sync_channel::<Vec<Write>>(2);
        scope.spawn(move || {
            for group in batch.chunks(STEP) {
                let packed = group.par_iter().map(|(n, e)| (key(*n), Some(pack(e, codec)))).collect();
                if send.send(packed).is_err() {
                    return; // the writer met an error and left
                }
            }
        });
        for packed in receive {
            for write in packed {
                store.apply(Table::Log, vec![write])?;
            }
        }
        Ok(store.sync()?)
    })
}

/// Reads every bundle by point gets, a bounded number at a time on all cores, and unpacks it.
pub(crate) fn scan(task: &Task) -> Result<Figures, Failure> {
    let size = usize::try_from(task.bundle)?;
    let total = usize::try_from(task.count)?.div_ceil(size);
    let (plain, figures) = timed(task.count, || {
        let store = SledStore::open(&task.at)?;
        let mut plain = 0;
        let numbers: Vec<usize> = (0..total).collect();
        for step in numbers.chunks(READ_STEP) {
            let read = |n: &usize| -> Result<usize, String> {
                let bytes = store.get(Table::Log, &key(*n)).map_err(|e| e.to_string())?.ok_or("missing")?;
                let count = size.min(usize::try_from(task.count).unwrap_or(size) - n * size);
                unpack(&bytes, count, &task.codec).map_err(|e| e.to_string())
            };
            plain += step.par_iter().map(read).sum::<Result<usize, String>>()?;
        }
        std::mem::forget(store); // closing is not part of the scan
        Ok(plain)
    })?;
    Ok(figures.with("plain_bytes", plain as f64))
}
