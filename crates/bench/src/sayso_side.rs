//! sayso's side: the core as any program would use it.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use sayso_core::audit;
use sayso_core::directory::{LedgerDir, is_ledger};
use sayso_core::ledger::{Batch, Ledger, NewEvent};
use sayso_core::machine::SystemEntropy;
use sayso_core::time::SystemClock;

use crate::Failure;
use crate::corpus::Corpus;
use crate::phase::{Figures, Task, disk_use, peak_memory, timed};

const THREADS: u64 = 16;

pub(crate) fn open(task: &Task) -> Result<Ledger, Failure> {
    if is_ledger(&task.at) {
        Ok(LedgerDir::open(&task.at)?.ledger(SystemClock, SystemEntropy)?)
    } else {
        Ok(LedgerDir::create(&task.at, SystemClock, SystemEntropy)?)
    }
}

pub(crate) fn append(ledger: &Ledger, batch: &Batch) -> Result<(), Failure> {
    let count = batch.events.len() as u64;
    let appended = ledger.append(batch)?;
    let expected = appended.head.size.checked_sub(count);
    if appended.outcomes.first().map(|o| o.index()) == expected { Ok(()) } else { Err("claims were not new".into()) }
}

fn one_by_one(events: Vec<NewEvent>) -> Vec<Batch> {
    events.into_iter().map(|event| Batch { events: vec![event], ..Batch::default() }).collect()
}

/// The corpus, checked and in memory, appended in batches; each is durable before the next begins.
pub(crate) fn import(task: &Task) -> Result<Figures, Failure> {
    let corpus = Corpus::new(task.seed)?;
    let ledger = open(task)?;
    let mut batches = Vec::new();
    let mut first = task.first;
    while first < task.first + task.count {
        let count = task.batch.min(task.first + task.count - first);
        batches.push(Batch { events: corpus.new_events(first, count)?, ..Batch::default() });
        first += count;
    }
    let ((), mut figures) = timed(task.count, || batches.iter().try_for_each(|b| append(&ledger, b)))?;
    let closing = Instant::now();
    drop(ledger);
    let closing = closing.elapsed().as_secs_f64();
    figures.disk = disk_use(&task.at)?;
    Ok(figures.with("closing_s", closing).with("blobs", blobs(task)?))
}

/// The same, with each batch made just before it is appended: the memory is then the ledger's own.
pub(crate) fn stream(task: &Task) -> Result<Figures, Failure> {
    let corpus = Corpus::new(task.seed)?;
    let ledger = open(task)?;
    let before = peak_memory("self")?;
    let mut spent = Duration::ZERO;
    let mut first = task.first;
    while first < task.first + task.count {
        let count = task.batch.min(task.first + task.count - first);
        let events = corpus.new_events(first, count)?;
        let started = Instant::now();
        append(&ledger, &Batch { events, ..Batch::default() })?;
        spent += started.elapsed();
        first += count;
    }
    let peak = peak_memory("self")?;
    drop(ledger);
    let disk = disk_use(&task.at)?;
    Ok(Figures { seconds: spent.as_secs_f64(), claims: task.count, before, peak, disk, ..Figures::default() })
}

/// The index of views, brought up after an import.
pub(crate) fn index(task: &Task) -> Result<Figures, Failure> {
    let ledger = open(task)?;
    let ((), mut figures) = timed(ledger.not_indexed(), || {
        let built = ledger.index(&|_| {})?;
        if built { Ok(()) } else { Err("there is no index: an entry cannot be read".into()) }
    })?;
    drop(ledger);
    figures.disk = disk_use(&task.at)?;
    Ok(figures)
}

/// Files that sled moved out of its log; there should be none.
fn blobs(task: &Task) -> Result<f64, Failure> {
    Ok(std::fs::read_dir(task.at.join("store").join("blobs"))?.count() as f64)
}

/// The whole audit, opening the store included.
pub(crate) fn audit(task: &Task) -> Result<Figures, Failure> {
    let started = Instant::now();
    let ((entries, opening), figures) = timed(task.count, || {
        let dir = LedgerDir::open(&task.at)?;
        let opening = started.elapsed().as_secs_f64();
        let audit = audit::audit(dir.store(), &[], &|_| {})?;
        if !audit.is_sound() {
            return Err("the ledger is not sound".into());
        }
        // Closing the store is not part of the audit.
        std::mem::forget(dir);
        Ok((audit.entries, opening))
    })?;
    let figures = Figures { claims: entries, ..figures };
    Ok(figures.with("opening_s", opening))
}

/// Claims appended one at a time, each durable before the next.
pub(crate) fn singles(task: &Task) -> Result<Figures, Failure> {
    let events = Corpus::new(task.seed)?.new_events(task.first, task.count)?;
    let started = Instant::now();
    let ledger = open(task)?;
    let opening = started.elapsed().as_secs_f64();
    let batches = one_by_one(events);
    let ((), mut figures) = timed(task.count, || batches.iter().try_for_each(|b| append(&ledger, b)))?;
    drop(ledger);
    figures.disk = disk_use(&task.at)?;
    Ok(figures.with("opening_s", opening))
}

/// The same number of single claims from many threads through one ledger.
pub(crate) fn threads(task: &Task) -> Result<Figures, Failure> {
    let corpus = Corpus::new(task.seed)?;
    let share = task.count / THREADS;
    let shares = (0..THREADS).map(|t| corpus.new_events(task.first + t * share, share));
    let shares: Vec<Vec<Batch>> = shares.map(|s| s.map(one_by_one)).collect::<Result<_, _>>()?;
    let ledger = open(task)?;
    let start = Barrier::new(shares.len() + 1);
    let append_all = |batches: Vec<Batch>| {
        start.wait();
        batches.iter().try_for_each(|batch| ledger.append(batch).map(|_| ()).map_err(|e| e.to_string()))
    };
    let (failed, figures) = std::thread::scope(|scope| {
        let workers: Vec<_> = shares.into_iter().map(|s| scope.spawn(|| append_all(s))).collect();
        timed(share * THREADS, || {
            start.wait();
            Ok(workers.into_iter().map(|w| w.join()).filter(|r| !matches!(r, Ok(Ok(())))).count())
        })
    })?;
    if failed > 0 {
        return Err("an append failed".into());
    }
    Ok(figures)
}
