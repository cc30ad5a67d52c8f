//! The limits: what the machine does with the same bytes when nothing else is asked of it.

use std::fs::{File, OpenOptions};
use std::io::Write;

use rayon::prelude::*;
use sayso_core::entry::{Hash, Header, Salt, commitment};
use sayso_core::time::{Clock, SystemClock};

use crate::Failure;
use crate::columns::{Texts, committed_bytes, row};
use crate::corpus::Corpus;
use crate::phase::{Figures, Task, disk_use, timed};

/// What an entry takes beside its body: hash, salt, flags, recorded time, length, and a share of what goes around them.
pub(crate) const AROUND_A_BODY: usize = 100;

/// The bodies that sayso would store, one after another with what goes around each.
fn bodies(task: &Task) -> Result<Vec<Vec<u8>>, Failure> {
    let records = Corpus::new(task.seed)?.records(task.first, task.count)?;
    Ok(records.par_iter().map(sayso_core::body::Record::encode).collect::<Result<_, _>>()?)
}

fn file(task: &Task) -> Result<File, Failure> {
    Ok(OpenOptions::new().create(true).append(true).open(&task.at)?)
}

/// The bytes of each batch written at the end of a file, then `fdatasync`.
pub(crate) fn write_batches(task: &Task) -> Result<Figures, Failure> {
    let bodies = bodies(task)?;
    let around = [7u8; AROUND_A_BODY];
    let batches: Vec<Vec<u8>> = bodies
        .chunks(usize::try_from(task.batch)?)
        .map(|batch| batch.iter().flat_map(|b| [b.as_slice(), &around]).flatten().copied().collect())
        .collect();
    let mut file = file(task)?;
    let ((), mut figures) = timed(task.count, || {
        for batch in &batches {
            file.write_all(batch)?;
            file.sync_data()?;
        }
        Ok(())
    })?;
    figures.disk = disk_use(&task.at)?;
    Ok(figures)
}

/// The bytes of each entry written at the end of a file, then `fdatasync`, one at a time.
pub(crate) fn write_singles(task: &Task) -> Result<Figures, Failure> {
    let mut bodies = bodies(task)?;
    bodies.iter_mut().for_each(|b| b.extend_from_slice(&[7; AROUND_A_BODY]));
    let mut file = file(task)?;
    let ((), figures) = timed(task.count, || {
        for body in &bodies {
            file.write_all(body)?;
            file.sync_data()?;
        }
        Ok(())
    })?;
    Ok(figures)
}

/// Both hashes of every entry, on all cores: salt and body, then the header.
pub(crate) fn hashing(task: &Task) -> Result<Figures, Failure> {
    let bodies = bodies(task)?;
    let recorded = SystemClock.now();
    let salts: Vec<Salt> = (0..task.count).map(|i| u128::from(i).to_le_bytes()).collect();
    let both = |((index, body), salt): ((usize, &Vec<u8>), &Salt)| {
        let previous = Hash([index.to_le_bytes().first().copied().unwrap_or(0); 32]);
        let commitment = commitment(salt, body);
        let hash = Header { flags: 0, index: index as u64, recorded, previous, commitment }.hash();
        u64::from(hash.0.first().copied().unwrap_or(0))
    };
    let (sum, figures) = timed(task.count, || Ok(bodies.par_iter().enumerate().zip(&salts).map(both).sum::<u64>()))?;
    Ok(figures.with("sum_of_first_bytes", sum as f64))
}

/// What the corpus is like.
pub(crate) fn corpus(task: &Task) -> Result<Figures, Failure> {
    let records = Corpus::new(task.seed)?.records(task.first, task.count)?;
    let notes: Vec<&str> = records.iter().filter_map(|r| r.event.note.as_ref().map(|n| n.as_str())).collect();
    let (mut body_bytes, mut column_bytes) = (0, 0);
    let (mut texts, mut bytes) = (Texts::default(), Vec::new());
    for record in &records {
        body_bytes += record.encode()?.len();
        committed_bytes(&row(record, &mut texts)?, &mut bytes);
        column_bytes += bytes.len();
    }
    let prose = notes.join("\n");
    let packed = zstd::bulk::compress(prose.as_bytes(), 3)?;
    let count = records.len() as f64;
    Ok(Figures { claims: task.count, ..Figures::default() }
        .with("note_bytes", prose.len() as f64 / count)
        .with("note_zstd3_ratio", prose.len() as f64 / packed.len() as f64)
        .with("body_bytes", body_bytes as f64 / count)
        .with("column_bytes", column_bytes as f64 / count))
}
