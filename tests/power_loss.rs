//! The power goes. What was written and not synced may be there, or not, or in part. Whatever was acknowledged must be there
//! all the same, and the ledger must open and be sound.
//!
//! Here a store notes everything that it is told to write, and is taken back to any moment that its contract allows: all that
//! was synced, and of the rest any first part (writes never overtake earlier ones); of rows written with `fill` any choice,
//! some of them unfinished. That the engine keeps this contract is what `power_loss_engine.rs` looks at.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod faults;
mod support;
#[path = "support/watched.rs"]
mod watched;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use faults::{Chance, claim, exhaustive};
use sayso_core::audit::audit;
use sayso_core::entry::Head;
use sayso_core::ledger::Ledger;
use sayso_core::store::{MemoryStore, Row, Store, StoreError, Table, Write};
use sayso_core::text::Text;
use support::{Fixture, TestClock, TestEntropy, batch};
use watched::{Call, Watch, Watched};

/// One thing that a store was told.
#[derive(Clone)]
enum Told {
    Apply(Table, Vec<Write>),
    Fill(Table, Vec<Row>),
    Sync,
}

/// Remembers all that a store was told.
#[derive(Default)]
struct Recording {
    told: Mutex<Vec<Told>>,
}

impl Recording {
    fn moment(&self) -> usize {
        self.told.lock().unwrap().len()
    }
}

impl Watch for Recording {
    fn hear(&self, call: &Call<'_>) -> Result<(), StoreError> {
        let told = match call {
            Call::Get(_) => return Ok(()),
            Call::Apply(table, writes) => Told::Apply(*table, writes.to_vec()),
            Call::Fill(table, rows) => Told::Fill(*table, rows.to_vec()),
            Call::Sync => Told::Sync,
        };
        self.told.lock().unwrap().push(told);
        Ok(())
    }
}

/// What is left of a store: some of its rows can be seen and not read.
#[derive(Default)]
struct Left {
    store: MemoryStore,
    unfinished: Mutex<BTreeSet<(u8, Vec<u8>)>>,
}

impl Left {
    fn take(&self, told: &Told, chance: Option<&mut Chance>) {
        match (told, chance) {
            (Told::Apply(table, writes), _) => self.store.apply(*table, writes.clone()).unwrap(),
            (Told::Fill(table, rows), None) => self.store.fill(*table, rows.clone()).unwrap(),
            (Told::Fill(table, rows), Some(chance)) => {
                for row in rows {
                    let fate = chance.below(3);
                    if fate > 0 {
                        self.store.fill(*table, vec![row.clone()]).unwrap();
                    }
                    if fate == 1 {
                        self.unfinished.lock().unwrap().insert((*table as u8, row.0.clone()));
                    }
                }
            }
            (Told::Sync, _) => {}
        }
    }

    fn readable(&self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        let unfinished = self.unfinished.lock().unwrap().contains(&(table as u8, key.to_vec()));
        if unfinished { Err(StoreError::Engine("a value is cut short".into())) } else { Ok(()) }
    }
}

impl Store for Left {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.readable(table, key)?;
        self.store.get(table, key)
    }

    fn scan(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.store.scan(table, from, limit)?;
        rows.iter().try_for_each(|(key, _)| self.readable(table, key))?;
        Ok(rows)
    }

    fn visit(&self, table: Table, from: &[u8], take: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let mut readable = Ok(());
        self.store.visit(table, from, &mut |key, value| {
            readable = self.readable(table, key);
            readable.is_ok() && take(key, value)
        })?;
        readable
    }

    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.store.keys(table, from, limit)
    }

    fn apply(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        for (key, _) in &writes {
            self.unfinished.lock().unwrap().remove(&(table as u8, key.clone()));
        }
        self.store.apply(table, writes)
    }

    fn fill(&self, table: Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.store.fill(table, rows)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.store.sync()
    }
}

/// When what was acknowledged, and which bodies were erased by then.
struct Acknowledged {
    moment: usize,
    head: Head,
    gone: Option<u64>,
}

/// A ledger at work, with what it acknowledged.
struct Work {
    store: Arc<Watched<Recording>>,
    fixture: Fixture,
    done: Vec<Acknowledged>,
    next: u64,
}

impl Work {
    fn new() -> Self {
        let store = Arc::new(Watched::<Recording>::default());
        let fixture = Fixture::on(store.clone(), 3);
        let mut work = Self { store, fixture, done: vec![], next: 0 };
        work.acknowledged(None);
        work
    }

    fn acknowledged(&mut self, gone: Option<u64>) {
        let (moment, head) = (self.store.watch.moment(), self.fixture.ledger.head());
        self.done.push(Acknowledged { moment, head, gone });
    }

    fn add(&mut self, count: u64) {
        let lines: Vec<String> = (self.next..self.next + count).map(claim).collect();
        self.next += count;
        self.fixture.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        self.acknowledged(None);
    }

    fn redact(&mut self, index: u64) {
        self.fixture.ledger.redact(index, Text::new("a private address").unwrap(), None).unwrap();
        self.acknowledged(Some(index));
    }

    /// Everything that a ledger does. A new kind of work is one more line.
    fn mixed(mut self, rounds: u64) -> (Vec<Told>, Vec<Acknowledged>) {
        for round in 0..rounds {
            (0..25).for_each(|_| self.add(1));
            self.add(40 + round * 50); // seals now and then
            if round % 2 == 1 {
                self.add(2_100); // streamed: bundles first, the head last
            }
            let size = self.fixture.ledger.head().size;
            self.redact(size - 1); // in the tail
            self.redact(round); // sealed, most of the time
        }
        (self.store.watch.told.lock().unwrap().clone(), self.done)
    }
}

/// How much of what a store was told is durable.
fn synced(told: &[Told]) -> usize {
    told.iter().rposition(|t| matches!(t, Told::Sync)).map_or(0, |at| at + 1)
}

/// Opens what is left after everything up to `moment` was done and only the first `kept` writes have survived.
fn crash(told: &[Told], done: &[Acknowledged], moment: usize, kept: usize, chance: &mut Chance) {
    let what = format!("crash after {moment} of {} writes, {kept} kept", told.len());
    let synced = synced(&told[..moment]);
    assert!((synced..=moment).contains(&kept));
    let left = Arc::new(Left::default());
    for (at, told) in told[..kept].iter().enumerate() {
        left.take(told, (at >= synced).then_some(&mut *chance));
    }
    let store: Arc<dyn Store> = left;
    let ledger = Ledger::open(store.clone(), TestClock::at("2024-01-01T00:00:00Z"), TestEntropy::seeded(5));
    let ledger = ledger.unwrap_or_else(|e| panic!("{what}: does not open: {e}"));
    let acknowledged: Vec<&Acknowledged> = done.iter().filter(|d| d.moment <= moment).collect();
    let receipts: Vec<Head> = acknowledged.iter().map(|d| d.head).collect();
    let found = audit(&*store, &receipts, &|_| {}).unwrap();
    assert_eq!(found.findings, [], "{what}");
    assert_eq!(found.anchored, receipts.last().copied(), "{what}: what was acknowledged is there");
    let gone: BTreeSet<u64> = acknowledged.iter().filter_map(|d| d.gone).collect();
    assert!(gone.is_subset(&found.redacted.iter().copied().collect()), "{what}: what was erased stays erased");
    ledger.append(&batch(&[&claim(1_000_000)])).unwrap_or_else(|e| panic!("{what}: takes nothing more: {e}"));
}

#[test]
fn at_whatever_moment_the_power_goes_what_was_acknowledged_is_there() {
    let mut chance = Chance::new("power loss");
    let (told, done) = Work::new().mixed(if exhaustive() { 8 } else { 4 });
    let mut points = 0;
    for moment in done[0].moment..=told.len() {
        let synced = synced(&told[..moment]);
        // Nothing that was not synced, all of it, and something in between.
        let between = synced + chance.below((moment - synced + 1) as u64) as usize;
        let kept: BTreeSet<usize> = [synced, between, moment].into();
        for kept in kept {
            // Every day a part of them, but all where a batch is being written.
            let streaming = moment > synced + 1;
            if exhaustive() || streaming || chance.below(4) == 0 {
                crash(&told, &done, moment, kept, &mut chance);
                points += 1;
            }
        }
        if exhaustive() && moment > synced {
            // Once more with another choice of the rows that were not synced.
            crash(&told, &done, moment, moment, &mut chance);
            points += 1;
        }
    }
    eprintln!("{} writes and syncs, {} acknowledgements, {points} crash points: 0 lost", told.len(), done.len());
}
