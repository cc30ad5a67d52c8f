//! sayso's side: the ledger with its projection, asked by library calls.

use std::time::{Duration, Instant};

use sayso_core::ledger::{Batch, Ledger};
use sayso_core::replay::{Replay, replay};

use super::answer::{self, Telling};
use super::questions::{Asked, questions, recorded};
use crate::Failure;
use crate::corpus::Corpus;
use crate::phase::{Figures, Task, disk_use, peak_memory, timed};
use crate::sayso_side::{append, open};

/// The corpus in batches made on the fly, with the recorded times of its numbers. Only appending and indexing is
/// timed.
pub(crate) fn import(task: &Task) -> Result<Figures, Failure> {
    let corpus = Corpus::new(task.seed)?;
    in_batches(task, |n| {
        let mut events = corpus.new_events(n, 1)?;
        events.pop().ok_or_else(|| "no claim".into())
    })
}

/// Appends `task.count` events, each durable with its batch before the next is made.
pub(super) fn in_batches(
    task: &Task,
    event: impl Fn(u64) -> Result<sayso_core::ledger::NewEvent, Failure>,
) -> Result<Figures, Failure> {
    let ledger = open(task)?;
    let before = peak_memory("self")?;
    let mut spent = Duration::ZERO;
    let mut first = 0;
    while first < task.count {
        let end = task.count.min(first + task.batch);
        let mut events = Vec::new();
        for n in first..end {
            events.push(sayso_core::ledger::NewEvent { recorded: Some(recorded(n)?), ..event(n)? });
        }
        let started = Instant::now();
        append(&ledger, &Batch { events, ..Batch::default() })?;
        ledger.index(&|_| {})?; // whoever asks now need not wait
        spent += started.elapsed();
        first = end;
    }
    let peak = peak_memory("self")?;
    drop(ledger);
    let disk = disk_use(&task.at)?;
    Ok(Figures { seconds: spent.as_secs_f64(), claims: task.count, before, peak, disk, ..Figures::default() })
}

/// The index made again from the log alone.
pub(crate) fn reindex(task: &Task) -> Result<Figures, Failure> {
    let ledger = open(task)?;
    let ((), mut figures) = timed(ledger.head().size, || {
        let built = ledger.reindex(&|_| {})?;
        if built { Ok(()) } else { Err("there is no index: an entry cannot be read".into()) }
    })?;
    drop(ledger);
    figures.disk = disk_use(&task.at)?;
    Ok(figures)
}

/// Each question asked; the seconds are those of the middle one.
pub(crate) fn views(task: &Task) -> Result<Figures, Failure> {
    let asked = questions(task.seed, task.kind, task.count, task.queries)?;
    let started = Instant::now();
    let ledger = open(task)?;
    let opening = started.elapsed().as_secs_f64();
    let figures = ask(&ledger, &asked, Telling { entries: true, whole: task.whole })?;
    // Closing is not part of a view.
    std::mem::forget(ledger);
    Ok(figures.with("opening_s", opening))
}

/// Asks everything twice, times each call by itself, and puts the answers into the form that is compared. The seconds are those of the
/// second time; those of the first stand beside them.
pub(super) fn ask(ledger: &Ledger, asked: &[Asked], telling: Telling) -> Result<Figures, Failure> {
    let before = peak_memory("self")?;
    let mut first = Vec::new();
    for one in asked {
        first.push(time(ledger, one)?.1);
    }
    let (mut seconds, mut answers, mut rows) = (Vec::new(), Vec::new(), 0);
    for (at, one) in asked.iter().enumerate() {
        let (found, spent) = time(ledger, one)?;
        seconds.push(spent);
        let cells = answer::cells(&found)?;
        rows += cells.len() as u64;
        answers.extend(telling.tell(at, one, &cells));
    }
    let peak = peak_memory("self")?;
    let (seconds, first) = (crate::report::median(seconds), crate::report::median(first));
    let mean = rows as f64 / asked.len() as f64;
    let figures = Figures { seconds, claims: rows, before, peak, answers, ..Figures::default() };
    Ok(figures.with("first_time_s", first).with("rows", mean))
}

fn time(ledger: &Ledger, asked: &Asked) -> Result<(Replay, f64), Failure> {
    let query = asked.query()?;
    let started = Instant::now();
    let found = replay(ledger, &query)?;
    Ok((found, started.elapsed().as_secs_f64()))
}
