//! A log made anew from entries that exist already: those of a copy, or of its own old store. Each is verified on its way in,
//! as audit would, and keeps its hash. Nothing of it is a ledger before the last write.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::OpenError;
use super::identity::{Fingerprinter, IdentityRow, Runs, event_bytes};
use super::log::{
    BUNDLE, HeadRecord, LedgerRecord, STORE_VERSION, encode, key, marks, read_ledger_record, trim_bundles,
};
use crate::audit::{Checked, check_bundle};
use crate::body::Record;
use crate::bundle::{Bundle, Codec, StoredBody};
use crate::copy::{Chain, CopyError};
use crate::entry::{Head, LedgerId};
use crate::event::Content;
use crate::limits::BUNDLE_ENTRIES;
use crate::machine::Entropy;
use crate::store::{Row, Store, StoreError, Table, Write};
use crate::time::Instant;

/// Bundles checked at a time, on all cores.
const STEP: usize = 64;
/// Fingerprints gathered before they are written: bounds memory.
const RUN_ROWS: usize = 1 << 20;

/// A log in the making.
pub(crate) struct Rebuild<'a> {
    store: &'a dyn Store,
    id: LedgerId,
    chain: Chain,
    secret: [u8; 32],
    fingerprinter: Fingerprinter,
    runs: Runs,
    rows: Vec<IdentityRow>,
    amendments: Vec<u64>,
    redactions: BTreeSet<u64>,
    erased: BTreeSet<u64>,
    waiting: Vec<Bundle>,
    tail: Option<Bundle>,
    as_found: bool,
}

/// A bundle, checked and prepared for the store.
struct Part {
    bundle: Bundle,
    checked: Checked,
    rows: Vec<IdentityRow>,
    amendments: Vec<u64>,
    row: Option<Row>,
}

impl<'a> Rebuild<'a> {
    /// Begins in a store that holds no ledger. What an attempt that was cut short left there is removed.
    pub(crate) fn new(
        store: &'a dyn Store,
        id: LedgerId,
        from: String,
        entropy: &dyn Entropy,
    ) -> Result<Self, CopyError> {
        if read_ledger_record(store)?.is_some() {
            return Err(OpenError::Exists.into());
        }
        trim_bundles(store, 0)?;
        Runs::default().trim(store)?;
        let mut secret = [0; 32];
        entropy.fill(&mut secret).map_err(OpenError::Entropy)?;
        Ok(Self {
            store,
            id,
            chain: Chain::new(id, from),
            secret,
            fingerprinter: Fingerprinter::new(&secret),
            runs: Runs::default(),
            rows: vec![],
            amendments: vec![],
            redactions: BTreeSet::new(),
            erased: BTreeSet::new(),
            waiting: vec![],
            tail: None,
            as_found: false,
        })
    }

    /// Takes it as it is that a body was erased where the record of that is lost.
    pub(crate) fn as_found(&mut self) {
        self.as_found = true;
    }

    /// Takes the next entries: full bundles, and at the end what does not fill one.
    pub(crate) fn push(&mut self, bundle: Bundle) -> Result<(), CopyError> {
        self.waiting.push(bundle);
        if self.waiting.len() == STEP { self.take() } else { Ok(()) }
    }

    /// How many entries were taken and found to be good.
    pub(crate) fn taken(&self) -> u64 {
        self.chain.head.size
    }

    fn take(&mut self) -> Result<(), CopyError> {
        let fingerprinter = self.fingerprinter;
        let waiting = std::mem::take(&mut self.waiting);
        let parts: Vec<Part> = waiting.into_par_iter().map(|bundle| Part::new(bundle, fingerprinter)).collect();
        let mut rows = Vec::with_capacity(parts.len());
        for part in parts {
            rows.extend(self.join(part)?);
        }
        self.store.fill(Table::Log, rows)?;
        if self.rows.len() >= RUN_ROWS { self.write_identities() } else { Ok(()) }
    }

    /// Takes a checked bundle, if it follows those before it. Gives back its row in the store, if it is a sealed one.
    fn join(&mut self, part: Part) -> Result<Option<Row>, CopyError> {
        let Part { bundle, checked, rows, amendments, row } = part;
        self.chain.take(&bundle, &checked)?;
        self.erased.extend(checked.erased);
        self.redactions.extend(checked.redactions);
        self.amendments.extend(amendments);
        if row.is_some() {
            self.rows.extend(rows);
        } else if !bundle.entries.is_empty() {
            self.tail = Some(bundle); // opening makes fingerprints of the tail
        }
        Ok(row)
    }

    fn write_identities(&mut self) -> Result<(), CopyError> {
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            self.runs.add(self.store, rows)?;
        }
        Ok(())
    }

    /// Makes a ledger of it all, durable when this returns. `expected`: where it must end.
    pub(crate) fn finish(mut self, expected: Option<Head>) -> Result<Head, CopyError> {
        self.take()?;
        self.write_identities()?;
        self.chain.end(expected)?;
        if let Some(index) = self.erased.difference(&self.redactions).next().filter(|_| !self.as_found) {
            return Err(self.chain.unsound(*index, "the body is gone and no redaction says why"));
        }
        self.store.sync()?;
        self.declare()?;
        Ok(self.chain.head)
    }

    /// The one write after which there is a ledger.
    fn declare(&self) -> Result<(), StoreError> {
        let put = |key: &[u8], value: Vec<u8>| (key.to_vec(), Some(value));
        let head = HeadRecord {
            size: self.chain.head.size,
            sealed: self.chain.head.size / BUNDLE * BUNDLE,
            hash: self.chain.head.hash.0,
            recorded: self.chain.recorded.map_or(i64::MIN, Instant::micros),
        };
        let mut writes: Vec<Write> = vec![
            put(key::LEDGER, encode(&LedgerRecord { version: STORE_VERSION, id: self.id.0 })),
            put(key::SECRET, self.secret.to_vec()),
            put(key::HEAD, encode(&head)),
            put(key::RUNS, self.runs.encode()),
        ];
        if let Some(tail) = &self.tail {
            writes.push((key::numbered(key::TAIL, tail.first), Some(tail.encode(Codec::Plain))));
        }
        writes.extend(marks(self.amendments.clone(), None));
        // Erasures that were promised and not finished where the entries come from: opening finishes them.
        writes.extend(self.redactions.difference(&self.erased).flat_map(|index| marks(vec![], Some(*index))));
        self.store.apply(Table::State, writes)?;
        self.store.sync()
    }
}

impl Part {
    fn new(bundle: Bundle, fingerprinter: Fingerprinter) -> Self {
        let checked = check_bundle(&bundle);
        let (mut rows, mut amendments) = (Vec::with_capacity(bundle.entries.len()), vec![]);
        for (entry, index) in bundle.entries.iter().zip(bundle.first..) {
            // What cannot be read is among the findings.
            if let StoredBody::Present(_, body) = &entry.body
                && let Ok(record) = Record::decode(body)
            {
                rows.push((fingerprinter.of(&record.event, event_bytes(body).unwrap_or_default()), index));
                if matches!(record.event.content, Content::Correction(_) | Content::Alias(_)) {
                    amendments.push(index);
                }
            }
        }
        let full = bundle.entries.len() == BUNDLE_ENTRIES;
        let row = full.then(|| (bundle.first.to_be_bytes().to_vec(), bundle.encode(Codec::Lz4)));
        Self { bundle, checked, rows, amendments, row }
    }
}
