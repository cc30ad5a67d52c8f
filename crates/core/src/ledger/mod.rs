//! The ledger: append, read, redact. One writer at a time, many readers.

mod append;
mod content;
mod copy;
mod entry;
mod erasing;
mod error;
mod identity;
mod indexing;
pub(crate) mod log;
mod mirroring;
pub(crate) mod moment;
mod plan;
mod prepare;
pub(crate) mod rebuild;
mod rules;
mod sealing;
mod snapshot;
mod stream;
mod writer;

pub use append::{Appended, Batch, NewEvent, Notice, Outcome, Refusal, RefusalReason};
pub use copy::{CopiedEntry, TakeOverError};
pub use entry::Entry;
pub use error::{AppendError, DamageError, OpenError};
pub use rules::RuleError;

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use rayon::prelude::*;

use crate::copy::MirrorsUnknown;
use crate::copy::mirror::Mirror;
use crate::directory::LedgerDir;
use crate::entry::{Head, LedgerId};
use crate::event::{ContentDigest, Event};
use crate::limits::MAX_BATCH_EVENTS;
use crate::machine::Entropy;
use crate::projection::Reader;
use crate::reading::Aliases;
use crate::repair::Repair;
use crate::store::Store;
use crate::time::{Clock, KnownAt};
use append::{Ticket, Turn};
use erasing::finish_erasures;
use identity::Fingerprinter;
use indexing::Index;
use log::{BUNDLE, Log};
use moment::Moment;
use prepare::PreparedBatch;
use snapshot::Snapshot;
use stream::STREAM_FROM;
use writer::Writer;

/// Bundles read ahead at a time by a scan: bounded memory, enough for all cores.
const READ_STEP: u64 = 16;

/// How long a write waits for as many as came the last time: less than a sync takes.
const PATIENCE: Duration = Duration::from_micros(200);

/// An append-only ledger in a store.
pub struct Ledger {
    store: Arc<dyn Store>,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    id: LedgerId,
    snapshot: RwLock<Arc<Snapshot>>,
    fingerprinter: Fingerprinter,
    /// Locked after the writer where both are.
    index: Arc<Mutex<Index>>,
    queue: Mutex<Queue>,
    /// Somebody has come into the queue.
    arrived: Condvar,
    writer: Mutex<Writer>,
    repairs: Vec<Repair>,
    /// Whether it is a copy, which takes nothing but what the original has.
    read_only: bool,
    /// Keeps the directory locked as long as the ledger is open.
    dir: Option<LedgerDir>,
}

impl Ledger {
    /// Makes an empty ledger in an empty store, with an identity of its own.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if the store holds one already.
    pub fn create(
        store: Arc<dyn Store>,
        clock: impl Clock + 'static,
        entropy: impl Entropy + 'static,
    ) -> Result<Self, OpenError> {
        let mut id = [0; 32];
        entropy.fill(&mut id).map_err(OpenError::Entropy)?;
        Self::create_as(LedgerId(id), store, clock, entropy)
    }

    /// Makes an empty ledger with the identity of another, to be a copy of it.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if the store holds one already.
    pub fn create_as(
        id: LedgerId,
        store: Arc<dyn Store>,
        clock: impl Clock + 'static,
        entropy: impl Entropy + 'static,
    ) -> Result<Self, OpenError> {
        if log::read_ledger_record(&*store)?.is_some() {
            return Err(OpenError::Exists);
        }
        let mut secret = [0; 32];
        entropy.fill(&mut secret).map_err(OpenError::Entropy)?;
        Log::create(&*store, id, secret)?;
        Self::open(store, clock, entropy)
    }

    /// Opens the ledger in a store, removing what a crash left beyond its head.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        store: Arc<dyn Store>,
        clock: impl Clock + 'static,
        entropy: impl Entropy + 'static,
    ) -> Result<Self, OpenError> {
        let mut log = Log::open(store.clone())?;
        let poisoned = !finish_erasures(&mut log)?;
        Ok(Self {
            store,
            clock: Box::new(clock),
            entropy: Box::new(entropy),
            id: log.id,
            snapshot: RwLock::new(Arc::new(log.snapshot.clone())),
            index: log.index.clone(),
            queue: Mutex::default(),
            arrived: Condvar::new(),
            fingerprinter: log.fingerprinter,
            repairs: std::mem::take(&mut log.repairs),
            writer: Mutex::new(Writer { poisoned, ..Writer::new(log) }),
            read_only: false,
            dir: None,
        })
    }

    /// `mirrors`: their directories, if it can be told which there are.
    pub(crate) fn holding(self, dir: LedgerDir, mirrors: Result<Vec<PathBuf>, MirrorsUnknown>) -> Self {
        {
            let mut writer = lock(&self.writer);
            match mirrors {
                Ok(dirs) => writer.mirrors = dirs.iter().map(|dir| Mirror::new(dir)).collect(),
                Err(unknown) => writer.mirrors_unknown = Some(unknown),
            }
        }
        dir.acknowledge(self.head());
        let repairs = [dir.repairs(), &self.repairs].concat();
        Self { read_only: dir.is_read_only(), dir: Some(dir), repairs, ..self }
    }

    /// Closes it, and keeps its directory.
    pub(crate) fn into_dir(self) -> Option<LedgerDir> {
        self.dir
    }

    /// What opening it put right.
    #[must_use]
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// What makes this ledger itself.
    #[must_use]
    pub fn id(&self) -> LedgerId {
        self.id
    }

    /// How many entries there are, and the hash of the last.
    #[must_use]
    pub fn head(&self) -> Head {
        self.snapshot().head
    }

    /// One entry, or `None` beyond the end. One that waits to be erased ([`Ledger::failed_erasures`]) has no body any more, here and
    /// wherever entries are read.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn entry(&self, index: u64) -> Result<Option<Entry>, OpenError> {
        let found = self.snapshot().entry(&*self.store, index)?;
        Ok(found.map(|(previous, stored)| Entry { index, previous, stored }))
    }

    /// The entry with an external id, if there is one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn find_id(&self, id: &str) -> Result<Option<u64>, OpenError> {
        lock(&self.writer).find_id(id)
    }

    /// Which names are one today.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn aliases(&self) -> Result<Aliases, OpenError> {
        lock(&self.writer).aliases()
    }

    /// Calls `visit` with every entry from `from` up to the head, in order, until it says to stop. Entries are prepared by
    /// `prepare` on all cores, a bounded number ahead.
    ///
    /// # Errors
    /// [`OpenError`], or the first error of `prepare` or `visit`.
    pub fn scan<T: Send, E: From<OpenError> + Send>(
        &self,
        from: u64,
        prepare: impl Fn(Entry) -> Result<T, E> + Sync,
        mut visit: impl FnMut(T) -> Result<std::ops::ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let snapshot = self.snapshot();
        let mut start = from;
        while start < snapshot.head.size {
            let end = ((start / BUNDLE + READ_STEP) * BUNDLE).min(snapshot.head.size);
            let steps: Vec<u64> = (start / BUNDLE..end.div_ceil(BUNDLE)).map(|b| b * BUNDLE).collect();
            let read = |first: u64| -> Result<Vec<T>, E> {
                let entries = self.bundle_entries(&snapshot, first)?;
                entries.into_iter().filter(|e| e.index >= start).map(&prepare).collect()
            };
            let read: Vec<Result<Vec<T>, E>> = steps.into_par_iter().map(read).collect();
            for prepared in read {
                for item in prepared? {
                    if visit(item)?.is_break() {
                        return Ok(());
                    }
                }
            }
            start = end;
        }
        Ok(())
    }

    /// Reads the entries at `indexes`, which ascend: each bundle once, on all cores. The results come in order.
    pub(crate) fn read_each<T: Send, E: From<OpenError> + Send>(
        &self,
        indexes: &[u64],
        read: impl Fn(Entry) -> Result<T, E> + Sync,
    ) -> Result<Vec<T>, E> {
        let snapshot = self.snapshot();
        let bundles: Vec<&[u64]> = indexes.chunk_by(|a, b| a / BUNDLE == b / BUNDLE).collect();
        let read_bundle = |wanted: &&[u64]| -> Result<Vec<T>, E> {
            let first = wanted.first().map_or(0, |index| index / BUNDLE * BUNDLE);
            let entries = self.bundle_entries(&snapshot, first)?.into_iter();
            entries.filter(|e| wanted.binary_search(&e.index).is_ok()).map(&read).collect()
        };
        let read: Result<Vec<Vec<T>>, E> = bundles.par_iter().map(read_bundle).collect();
        Ok(read?.into_iter().flatten().collect())
    }

    /// The entries of the bundle, or of the tail, that begins at `first`.
    fn bundle_entries(&self, snapshot: &Snapshot, first: u64) -> Result<Vec<Entry>, OpenError> {
        let (mut previous, entries) = if first >= snapshot.sealed {
            (snapshot.tail_previous, snapshot.tail.clone())
        } else {
            let bundle = log::load_bundle(&*self.store, first)?;
            (bundle.previous, bundle.entries.into_iter().map(Arc::new).collect())
        };
        let chained = entries.into_iter().zip(first..).map(|(stored, index)| {
            let before = std::mem::replace(&mut previous, stored.hash);
            Entry { index, previous: before, stored: snapshot.given_out(index, before, stored) }
        });
        Ok(chained.collect())
    }

    /// What is posted of the entries known at a time; `None` if an entry cannot be read, so that nothing is posted, or if words were
    /// posted that must not be given out any more.
    pub(crate) fn reader(&self, known_at: Option<&KnownAt>) -> Result<Option<Reader>, OpenError> {
        let mut index = lock(&self.index);
        let snapshot = self.snapshot(); // not before, or the index would often be ahead of it
        if !snapshot.withheld.is_empty() {
            return Ok(None);
        }
        let Some(indexed) = index.at(snapshot.sealed) else { return Ok(None) };
        drop(index);
        let Some(tail) = snapshot.posted() else { return Ok(None) };
        let known = match known_at {
            Some(known_at) => snapshot.known_entries(&*self.store, &indexed, known_at.end())?,
            None => snapshot.head.size,
        };
        let tails = indexed.behind.into_iter().chain([tail]).collect();
        Ok(Some(Reader::new(self.store.clone(), indexed.projection, tails, snapshot.head, known)))
    }

    /// Brings the index of views up to the log, as asking for a view does. After a large import that takes some seconds: `progress` is
    /// told how many entries were read, as it goes, and must not ask the ledger for anything. `false` if an entry cannot be read: there is
    /// no index then, and views are made from the whole log.
    ///
    /// # Errors
    /// [`OpenError`]. The entries are not touched.
    pub fn index(&self, progress: &dyn Fn(u64)) -> Result<bool, OpenError> {
        let mut index = lock(&self.index);
        index.bring_up(self.snapshot().sealed, progress)?;
        Ok(index.is_whole())
    }

    /// How many sealed entries are not in the index of views yet.
    #[must_use]
    pub fn not_indexed(&self) -> u64 {
        let index = lock(&self.index);
        self.snapshot().sealed.saturating_sub(index.reached())
    }

    /// Builds the index of views anew from the entries; otherwise as [`Ledger::index`].
    ///
    /// # Errors
    /// [`OpenError`]. The index is then built when the ledger is opened next.
    pub fn reindex(&self, progress: &dyn Fn(u64)) -> Result<bool, OpenError> {
        let mut index = lock(&self.index);
        let snapshot = self.snapshot();
        index.rebuild(snapshot.sealed, progress)?;
        Ok(index.is_whole() && snapshot.posted().is_some())
    }

    /// The digest that points at an event by its content, the same in every ledger; `None` if something it refers to was
    /// erased, so that it cannot be told.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn content_digest(&self, event: &Event) -> Result<Option<ContentDigest>, OpenError> {
        let find = |index| {
            let Some(entry) = self.entry(index)? else { return Ok(None) };
            Ok(entry.record()?.map(|r| r.event))
        };
        content::content_digest(event.clone(), &find, 0)
    }

    /// Appends a batch as one step: durable when this returns, all of it or nothing. Events that are there already are
    /// answered with their old index. Calls from several threads share their syncs: whoever comes while another batch is
    /// being written waits, and one of those waiting then writes for all.
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn append(&self, batch: &Batch) -> Result<Appended, AppendError> {
        self.expect_writable()?;
        check_size(batch)?;
        if batch.events.len() >= STREAM_FROM {
            let mut writer = lock(&self.writer);
            let result = writer.append_stream(batch, &*self.clock, &*self.entropy);
            self.publish(&writer);
            return result;
        }
        let ticket = Arc::new(Ticket::new(PreparedBatch::new(batch, &self.fingerprinter, &*self.entropy)?));
        let leads = {
            let mut queue = lock(&self.queue);
            queue.waiting.push(ticket.clone());
            self.arrived.notify_one();
            !std::mem::replace(&mut queue.led, true)
        };
        if leads {
            ticket.promote();
        }
        match ticket.wait() {
            Turn::Answer(result) => return result,
            Turn::Lead => Lead { ledger: self, serving: vec![] }.serve(),
        }
        match ticket.wait() {
            Turn::Answer(result) => result,
            Turn::Lead => Err(AppendError::Poisoned), // cannot be: its batch was taken
        }
    }

    /// Checks a batch as [`Ledger::append`] would, and appends nothing.
    ///
    /// # Errors
    /// What `append` would refuse.
    pub fn check(&self, batch: &Batch) -> Result<Appended, AppendError> {
        self.expect_writable()?;
        check_size(batch)?;
        let prepared = PreparedBatch::new(batch, &self.fingerprinter, &*self.entropy)?;
        lock(&self.writer).check(prepared, &*self.clock)
    }

    /// Erases the body of an entry and records that, with the reason. The chain and every other entry still verify.
    /// Old copies of the bytes may remain in the store's files until it is compacted.
    ///
    /// # Errors
    /// [`AppendError`]. After a failure of the store the redaction may have been recorded; the body is then erased when the
    /// ledger is opened again.
    pub fn redact(
        &self,
        index: u64,
        reason: crate::text::Text,
        recorder: Option<crate::text::Label>,
    ) -> Result<Appended, AppendError> {
        self.expect_writable()?;
        let mut writer = lock(&self.writer);
        let at = writer.snapshot().head.size;
        let result = writer.redact(index, reason, recorder, &*self.clock, &*self.entropy);
        self.publish(&writer);
        let recorded = writer.snapshot().head.size > at;
        result.map_err(|e| match e {
            AppendError::MirrorBehind(problem) if recorded => {
                AppendError::ErasureWaits { of: index, at, problem: problem.to_string() }
            }
            AppendError::Open(problem) if recorded => {
                AppendError::ErasureWaits { of: index, at, problem: problem.to_string() }
            }
            e => e,
        })
    }

    /// Takes over entries from another copy of this ledger, as they are; durable when this returns. Each is checked as audit
    /// would check it, but nothing here knows whether the other copy is to be believed.
    ///
    /// # Errors
    /// [`TakeOverError`]; entries before the one that it names may have been taken over.
    pub fn copy(&self, entries: Vec<CopiedEntry>) -> Result<Head, TakeOverError> {
        let mut writer = lock(&self.writer);
        let result = writer.copy(entries);
        self.publish(&writer);
        result
    }

    /// Whether it is a copy of another's, and takes no entries of its own.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    fn expect_writable(&self) -> Result<(), AppendError> {
        if self.read_only { Err(AppendError::ReadOnly) } else { Ok(()) }
    }

    fn publish(&self, writer: &Writer) {
        let snapshot = Arc::new(writer.snapshot().clone());
        if let Some(dir) = &self.dir {
            dir.acknowledge(snapshot.head);
        }
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// The log as it is now, for whoever copies it.
    pub(crate) fn moment(&self) -> Moment {
        Moment { id: self.id, store: self.store.clone(), snapshot: self.snapshot() }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn check_size(batch: &Batch) -> Result<(), AppendError> {
    match batch.events.len() {
        n if n > MAX_BATCH_EVENTS => Err(AppendError::TooMany(n)),
        _ => Ok(()),
    }
}

/// Batches that wait to be written.
#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<Ticket>>,
    /// How many were written together last.
    together: usize,
    /// Whether a thread is writing, or has been told to.
    led: bool,
}

/// The turn of one thread to write what everyone brought. However it ends, the next in the queue gets its turn and nobody
/// is left without an answer.
struct Lead<'a> {
    ledger: &'a Ledger,
    serving: Vec<Arc<Ticket>>,
}

impl Lead<'_> {
    fn serve(mut self) {
        let mut writer = lock(&self.ledger.writer);
        let mut queue = lock(&self.ledger.queue);
        if queue.waiting.len() < queue.together {
            // Whoever was answered a moment ago is on the way back: one sync can serve them all again.
            let together = queue.together;
            let more = |q: &mut Queue| q.waiting.len() < together;
            let waited = self.ledger.arrived.wait_timeout_while(queue, PATIENCE, more);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.serving = std::mem::take(&mut queue.waiting);
        queue.together = self.serving.len();
        drop(queue);
        writer.serve(&self.serving, &*self.ledger.clock, &|writer| self.ledger.publish(writer));
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for ticket in &self.serving {
            ticket.finish(Err(AppendError::Poisoned)); // answered already, unless serving it panicked
        }
        let mut queue = lock(&self.ledger.queue);
        match queue.waiting.first() {
            Some(next) => next.promote(),
            None => queue.led = false,
        }
    }
}

/// A panic while the lock was held leaves a writer that is poisoned by its own flag, and refuses to go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
