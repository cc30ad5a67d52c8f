//! SQLite's side: a plain table with one column per field and the same hash chain, as a careful user would write it.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};
use sayso_core::body::Record;
use sayso_core::entry::{Hash, Header, Salt, commitment};
use sayso_core::machine::{Entropy, SystemEntropy};
use sayso_core::time::{Clock, Instant as Moment, SystemClock};

use crate::Failure;
use crate::columns::{NAMES, Row, Texts, committed_bytes, row};
use crate::corpus::Corpus;
use crate::phase::{Figures, Task, disk_use, peak_memory, timed};

/// Columns of the chain, before those of the claim.
const CHAIN: [&str; 4] = ["recorded", "salt", "hash", "idx"];
/// Stands in for the previous hash of row 0.
const GENESIS: Hash = Hash([0; 32]);

/// The column for views: the last instant that a claim's stated date can mean, in microseconds.
const STATED_US: &str = "stated_us";

/// A table of claims, and where its chain stands.
pub(crate) struct Claims {
    pub(crate) connection: Connection,
    size: u64,
    hash: Hash,
    /// The table is made for views: there is a column to order statements by, and the recorded times are given.
    recorded: Option<fn(u64) -> Result<Moment, Failure>>,
}

/// Working memory, kept from row to row.
#[derive(Default)]
pub(crate) struct Scratch {
    texts: Texts,
    bytes: Vec<u8>,
}

impl Claims {
    /// Opens or makes the table. `put_off`: the log is not folded into the file until the end.
    fn open(path: &Path, put_off: bool) -> Result<Self, Failure> {
        Self::open_with(path, put_off, None)
    }

    /// The same for views: the recorded time of each claim is that of its number.
    pub(crate) fn for_views(path: &Path, recorded: fn(u64) -> Result<Moment, Failure>) -> Result<Self, Failure> {
        Self::open_with(path, false, Some(recorded))
    }

    fn open_with(
        path: &Path,
        put_off: bool,
        recorded: Option<fn(u64) -> Result<Moment, Failure>>,
    ) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "page_size", 8192)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        connection.pragma_update(None, "mmap_size", 8_i64 << 30)?;
        if put_off {
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        }
        let names = CHAIN.iter().take(3).chain(&NAMES).chain(recorded.map(|_| &STATED_US));
        let columns: Vec<String> = names.map(|n| format!("\"{n}\"")).collect();
        let sql = format!("CREATE TABLE IF NOT EXISTS claims (idx INTEGER PRIMARY KEY, {})", columns.join(", "));
        connection.execute(&sql, [])?;
        let last = connection.query_row("SELECT idx, hash FROM claims ORDER BY idx DESC LIMIT 1", [], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, [u8; 32]>(1)?))
        });
        let (size, hash) = match last {
            Ok((idx, hash)) => (u64::try_from(idx)? + 1, Hash(hash)),
            Err(rusqlite::Error::QueryReturnedNoRows) => (0, GENESIS),
            Err(e) => return Err(e.into()),
        };
        Ok(Self { connection, size, hash, recorded })
    }

    /// Inserts a batch in one transaction, durable when this returns.
    pub(crate) fn append(&mut self, records: &[Record], scratch: &mut Scratch) -> Result<(), Failure> {
        let mut salts = vec![[0u8; 16]; records.len()];
        SystemEntropy.fill(salts.as_flattened_mut())?;
        let now = SystemClock.now();
        let transaction = self.connection.unchecked_transaction()?;
        {
            let names = CHAIN.iter().chain(&NAMES).chain(self.recorded.map(|_| &STATED_US));
            let columns: Vec<String> = names.map(|n| format!("\"{n}\"")).collect();
            let marks = vec!["?"; columns.len()].join(", ");
            let sql = format!("INSERT INTO claims ({}) VALUES ({marks})", columns.join(", "));
            let mut insert = self.connection.prepare_cached(&sql)?;
            for (record, salt) in records.iter().zip(salts) {
                let row = row(record, &mut scratch.texts)?;
                committed_bytes(&row, &mut scratch.bytes);
                let recorded = self.recorded.map_or(Ok(now), |recorded| recorded(self.size))?;
                self.hash = header(self.size, recorded, self.hash, &salt, &scratch.bytes).hash();
                let last = record.event.content.attribution().map(|by| by.stated.last_instant().micros());
                let last = last.filter(|_| self.recorded.is_some()).map(ValueRef::Integer);
                let chain = chain(recorded, &salt, &self.hash, self.size)?;
                execute(&mut insert, chain.iter().chain(&row).chain(&last))?;
                self.size += 1;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Moves the log into the file. Returns the seconds it took.
    pub(crate) fn checkpoint(&self) -> Result<f64, Failure> {
        let started = Instant::now();
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(started.elapsed().as_secs_f64())
    }
}

fn header(index: u64, recorded: Moment, previous: Hash, salt: &Salt, bytes: &[u8]) -> Header {
    Header { flags: 0, index, recorded, previous, commitment: commitment(salt, bytes) }
}

/// A value that is bound without a copy.
struct Borrowed<'a>(ValueRef<'a>);

impl ToSql for Borrowed<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

/// The values of [`CHAIN`].
fn chain<'a>(recorded: Moment, salt: &'a Salt, hash: &'a Hash, index: u64) -> Result<[ValueRef<'a>; 4], Failure> {
    let index = ValueRef::Integer(i64::try_from(index)?);
    Ok([ValueRef::Integer(recorded.micros()), ValueRef::Blob(salt), ValueRef::Blob(&hash.0), index])
}

fn execute<'a>(insert: &mut Statement<'_>, values: impl Iterator<Item = &'a ValueRef<'a>>) -> Result<(), Failure> {
    for (at, value) in (1..).zip(values) {
        insert.raw_bind_parameter(at, Borrowed(*value))?;
    }
    insert.raw_execute()?;
    Ok(())
}

/// The corpus, checked and in memory, one transaction per batch. With checkpoints put off, the one at the end is timed apart.
pub(crate) fn import(task: &Task, put_off: bool) -> Result<Figures, Failure> {
    let records = Corpus::new(task.seed)?.records(task.first, task.count)?;
    let mut claims = Claims::open(&task.at, put_off)?;
    let mut scratch = Scratch::default();
    let batch = usize::try_from(task.batch)?;
    let ((), mut figures) =
        timed(task.count, || records.chunks(batch).try_for_each(|records| claims.append(records, &mut scratch)))?;
    let checkpoint = claims.checkpoint()?;
    drop(claims);
    figures.disk = disk_use(&task.at)?;
    Ok(figures.with("checkpoint_s", checkpoint))
}

/// The same, with each batch made just before it is inserted: the memory is then SQLite's own.
pub(crate) fn stream(task: &Task) -> Result<Figures, Failure> {
    let corpus = Corpus::new(task.seed)?;
    let mut claims = Claims::open(&task.at, false)?;
    let mut scratch = Scratch::default();
    let before = peak_memory("self")?;
    let mut spent = Duration::ZERO;
    let mut first = task.first;
    while first < task.first + task.count {
        let count = task.batch.min(task.first + task.count - first);
        let records = corpus.records(first, count)?;
        let started = Instant::now();
        claims.append(&records, &mut scratch)?;
        spent += started.elapsed();
        first += count;
    }
    let peak = peak_memory("self")?;
    claims.checkpoint()?;
    drop(claims);
    let disk = disk_use(&task.at)?;
    Ok(Figures { seconds: spent.as_secs_f64(), claims: task.count, before, peak, disk, ..Figures::default() })
}

/// Reads every row, hashes what its columns hold, and checks the chain.
pub(crate) fn audit(task: &Task) -> Result<Figures, Failure> {
    let (rows, figures) = timed(task.count, || {
        let claims = Claims::open(&task.at, false)?;
        let columns: Vec<String> = CHAIN.iter().chain(&NAMES).map(|n| format!("\"{n}\"")).collect();
        let mut select =
            claims.connection.prepare(&format!("SELECT {} FROM claims ORDER BY idx", columns.join(", ")))?;
        let mut rows = select.query([])?;
        let (mut expected, mut last, mut clock) = (0u64, GENESIS, i64::MIN);
        let mut bytes = Vec::new();
        while let Some(found) = rows.next()? {
            let recorded = found.get_ref(0)?.as_i64()?;
            let salt: &Salt = found.get_ref(1)?.as_blob()?.try_into()?;
            let hash = found.get_ref(2)?.as_blob()?;
            let index = u64::try_from(found.get_ref(3)?.as_i64()?)?;
            let mut row: Row<'_> = [ValueRef::Null; NAMES.len()];
            for (slot, at) in row.iter_mut().zip(CHAIN.len()..) {
                *slot = found.get_ref(at)?;
            }
            committed_bytes(&row, &mut bytes);
            let moment = Moment::from_micros(recorded).ok_or("impossible time")?;
            let computed = header(index, moment, last, salt, &bytes).hash();
            if index != expected || recorded < clock || computed.0 != hash {
                return Err("the chain is broken".into());
            }
            (expected, last, clock) = (expected + 1, computed, recorded);
        }
        Ok(expected)
    })?;
    Ok(Figures { claims: rows, ..figures })
}

/// Claims inserted one at a time, each in a transaction of its own.
pub(crate) fn singles(task: &Task) -> Result<Figures, Failure> {
    let records = Corpus::new(task.seed)?.records(task.first, task.count)?;
    let mut claims = Claims::open(&task.at, false)?;
    let mut scratch = Scratch::default();
    let one = |record| claims.append(std::slice::from_ref(record), &mut scratch);
    let ((), figures) = timed(task.count, || records.iter().try_for_each(one))?;
    Ok(figures)
}
