//! Audit: re-hashes every stored byte, in parallel and in bounded memory, and names everything that is wrong.
//!
//! It reads the store directly and trusts nothing derived. A sound ledger is consistent with itself; only a receipt that
//! somebody kept elsewhere shows that its tail was not cut and that it was not rewritten as a whole.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::body::{Inspected, Record};
use crate::bundle::{Bundle, BundleError, StoredBody};
use crate::entry::{FLAG_IMPORTED_CLOCK, Hash, Head, Header};
use crate::event::{Content, Event};
use crate::ledger::log::{BUNDLE, HeadRecord, load_bundle, read_head, read_ledger_record, read_tail};
use crate::ledger::{DamageError, OpenError};
use crate::store::{Store, StoreError, Table};
use crate::time::Instant;

/// Bundles read at a time: bounds memory.
const STEP: u64 = 32;

/// Findings that are kept; more are counted.
const MAX_FINDINGS: usize = 1_000;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Entries that are there.
    pub entries: u64,
    /// The head as stored.
    pub head: Head,
    /// The newest receipt that the ledger extends.
    pub anchored: Option<Head>,
    /// Entries whose recorded time came from another system.
    pub imported_clock: u64,
    /// Entries whose bodies were erased, each with a record of it.
    pub redacted: Vec<u64>,
    /// What is wrong, by index; at most the first thousand.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub found: usize,
    /// The first entry that any of them concerns.
    pub first_bad: Option<u64>,
}

impl Audit {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    /// Adds that the ledger ends before a head that it had acknowledged.
    pub fn find_cut(&mut self, acknowledged: Head) {
        let found = self.entries;
        self.findings
            .push(Finding { index: found, problem: Problem::Shortened { acknowledged: acknowledged.size, found } });
        self.found += 1;
        self.first_bad = Some(self.first_bad.map_or(found, |first| first.min(found)));
    }

    /// The number of entries before the first finding: consistent up to there.
    #[must_use]
    pub fn consistent_up_to(&self) -> u64 {
        self.first_bad.unwrap_or(self.entries).min(self.entries)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The first entry it concerns.
    pub index: u64,
    /// What it is.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The record of the head is gone or unreadable.
    #[error("the record of the head is missing or damaged")]
    Head,
    /// Entries are gone.
    #[error("missing: {count} {} gone from here on", if *count == 1 { "entry is" } else { "entries are" })]
    Missing {
        /// How many.
        count: u64,
    },
    /// Stored bytes are damaged.
    #[error("damaged: {0}")]
    Damaged(BundleError),
    /// Entries stand in the wrong place.
    #[error("misplaced: these entries say they belong at #{claims}")]
    Misplaced {
        /// Where they say they belong.
        claims: u64,
    },
    /// The entry is not what its hash was taken of.
    #[error("altered: the entry does not match its hash")]
    Altered,
    /// The entries before are not those that this one was appended to.
    #[error("broken chain: this entry was appended after other entries than those before it")]
    BrokenChain,
    /// Recorded earlier than the entry before.
    #[error("clock: recorded at {recorded}, earlier than the entry before it")]
    ClockBackwards {
        /// Its recorded time.
        recorded: Instant,
    },
    /// Recorded at a time that no calendar has.
    #[error("clock: {0} microseconds since 1970 is no possible time")]
    ImpossibleTime(i64),
    /// The header has a flag that nobody knows.
    #[error("unknown header flags {0:#06x}")]
    Flags(u16),
    /// The body is no event.
    #[error("unreadable: {0}")]
    Unreadable(crate::body::BodyError),
    /// The body is an event, written in another way than this program writes it.
    #[error("not canonical: the body is not the one form in which its event is written")]
    NotCanonical,
    /// The event points at itself or at something later.
    #[error("points forward: it refers to #{of}, which does not come before it")]
    ForwardReference {
        /// What it refers to.
        of: u64,
    },
    /// The body is gone, and no redaction says so.
    #[error("erased without a record: the body is gone and no redaction says why")]
    ErasedSilently,
    /// A redaction says that the body is gone, and it is there.
    #[error("not erased: a redaction says that this body is gone, and it is still there")]
    NotErased,
    /// The head does not fit the last entry.
    #[error("the record of the head does not fit the last entry")]
    HeadMismatch,
    /// The ledger is shorter than a receipt.
    #[error("cut: a receipt shows that there were {receipt} entries, and only {found} are left")]
    Cut {
        /// Entries when the receipt was given.
        receipt: u64,
        /// Entries now.
        found: u64,
    },
    /// The ledger is shorter than it was when it last acknowledged an entry.
    #[error("cut: {acknowledged} entries of this ledger were acknowledged, and only {found} are left")]
    Shortened {
        /// Entries that were acknowledged.
        acknowledged: u64,
        /// Entries now.
        found: u64,
    },
    /// The storage engine cannot read them.
    #[error("unreadable: the storage engine reports: {0}")]
    Engine(String),
    /// The ledger has another history than a receipt.
    #[error("rewritten: a receipt has another hash for this entry, so it or an entry before it was changed")]
    Rewritten,
}

impl Problem {
    /// A short name for the kind of problem, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Missing { .. } => "missing",
            Self::Damaged(_) => "damaged",
            Self::Misplaced { .. } => "misplaced",
            Self::Altered => "altered",
            Self::BrokenChain => "broken-chain",
            Self::ClockBackwards { .. } => "clock-backwards",
            Self::ImpossibleTime(_) => "impossible-time",
            Self::Flags(_) => "unknown-flags",
            Self::Unreadable(_) => "unreadable",
            Self::NotCanonical => "not-canonical",
            Self::ForwardReference { .. } => "forward-reference",
            Self::ErasedSilently => "erased-silently",
            Self::NotErased => "not-erased",
            Self::HeadMismatch => "head-mismatch",
            Self::Cut { .. } => "cut",
            Self::Shortened { .. } => "shortened",
            Self::Engine(_) => "engine",
            Self::Rewritten => "rewritten",
        }
    }
}

/// Audits the ledger in a store against receipts. `progress` is told how many entries were checked, as it goes.
///
/// # Errors
/// [`OpenError`] if there is no ledger that this program can read, or reading fails; damage is a finding, not an error.
pub fn audit(store: &dyn Store, receipts: &[Head], progress: &(dyn Fn(u64) + Sync)) -> Result<Audit, OpenError> {
    let id = read_ledger_record(store)?.ok_or(OpenError::NoLedger)?;
    let tail = read_tail(store)?;
    let mut auditor =
        Auditor { receipts, last: Some(id.genesis()), receipt_hashes: vec![(0, id.genesis())], ..Auditor::default() };
    let head = match read_head(store)? {
        Some(head) if head.sealed == head.size / BUNDLE * BUNDLE => head,
        _ => {
            auditor.find(0, Problem::Head);
            guess_head(store, &tail)?
        }
    };
    let bundles = head.sealed.div_ceil(BUNDLE);
    let mut first = 0;
    while first < bundles {
        let step: Vec<u64> = (first..bundles.min(first + STEP)).map(|b| b * BUNDLE).collect();
        let checked: Vec<Result<Option<Checked>, StoreError>> = step
            .into_par_iter()
            .map(|first| match store.get(Table::Log, &first.to_be_bytes()) {
                Ok(bytes) => Ok(bytes.map(|bytes| check(first, &bytes, receipts))),
                // The others may be readable.
                Err(StoreError::Engine(e)) => Ok(Some(Checked::unreadable(first, Problem::Engine(e)))),
                Err(e) => Err(e),
            })
            .collect();
        first += STEP;
        for (checked, at) in checked.into_iter().zip(((first - STEP) * BUNDLE..).step_by(BUNDLE as usize)) {
            let checked = checked?;
            if checked.is_some() {
                auditor.take(at, checked, at + BUNDLE);
                continue;
            }
            // A hole: on with the next bundle there is, however far a damaged head may point.
            let next = next_bundle(store, at)?.filter(|next| *next < head.sealed).unwrap_or(head.sealed);
            auditor.take(at, None, next);
            first = next / BUNDLE;
            break;
        }
        progress(first.saturating_mul(BUNDLE).min(head.size));
    }
    let mut next = head.sealed;
    for (first, bytes) in tail.iter().filter(|(first, _)| (head.sealed..head.size).contains(first)) {
        if *first > next {
            auditor.find(next, Problem::Missing { count: first - next });
            auditor.last = None;
        }
        let checked = check(*first, bytes, receipts);
        next = checked.end;
        auditor.take(*first, Some(checked), next);
    }
    if next < head.size {
        auditor.find(next, Problem::Missing { count: head.size - next });
    }
    progress(head.size);
    auditor.finish(&head)
}

/// Gives the headers of a sound ledger in a store to `visit`, in order and a bounded number at a time, without opening the
/// ledger: nothing is mended. Whether they are the right ones is for [`audit`] to say, and for whoever compares them.
///
/// # Errors
/// [`OpenError`] at the first one that cannot be read, or the first error of `visit`.
pub fn headers<E: From<OpenError>>(
    store: &dyn Store,
    mut visit: impl FnMut(&[Header]) -> Result<(), E>,
) -> Result<(), E> {
    read_ledger_record(store).and_then(|id| id.ok_or(OpenError::NoLedger))?;
    let of = |bundle: Bundle| {
        let mut previous = bundle.previous;
        let header = |(entry, index): (&crate::bundle::StoredEntry, u64)| {
            entry.header(index, std::mem::replace(&mut previous, entry.hash))
        };
        bundle.entries.iter().zip(bundle.first..).map(header).collect::<Vec<Header>>()
    };
    let head = read_head(store).map_err(OpenError::from)?;
    let head = head.ok_or_else(|| OpenError::from(DamageError::new("the head is missing or cannot be read")))?;
    let bundles: Vec<u64> = (0..head.sealed / BUNDLE).map(|b| b * BUNDLE).collect();
    for step in bundles.chunks(usize::try_from(STEP).unwrap_or(1)) {
        let read: Vec<Result<Vec<Header>, OpenError>> =
            step.into_par_iter().map(|first| load_bundle(store, *first).map(of)).collect();
        read.into_iter().try_for_each(|headers| visit(&headers?))?;
    }
    let tail = read_tail(store).map_err(OpenError::from)?;
    for (first, bytes) in tail.into_iter().filter(|(first, _)| (head.sealed..head.size).contains(first)) {
        let bundle = Bundle::decode(&bytes).map_err(|e| OpenError::from(DamageError::at(first, &e.to_string())))?;
        visit(&of(bundle))?;
    }
    Ok(())
}

/// The place of the first sealed bundle stored from an index on.
fn next_bundle(store: &dyn Store, from: u64) -> Result<Option<u64>, StoreError> {
    let next = store.keys(Table::Log, &from.to_be_bytes(), 1)?.into_iter().next();
    let index = next.and_then(|key| Some(u64::from_be_bytes(key.try_into().ok()?)));
    Ok(index.map(|i| i / BUNDLE * BUNDLE).filter(|i| *i > from))
}

/// Where the record of the head is gone: as far as entries can be seen.
fn guess_head(store: &dyn Store, tail: &[(u64, Vec<u8>)]) -> Result<HeadRecord, StoreError> {
    let mut sealed = 0;
    while store.get(Table::Log, &u64::to_be_bytes(sealed))?.is_some() {
        sealed += BUNDLE;
    }
    let end = tail.iter().filter_map(|(_, bytes)| Bundle::decode(bytes).ok().map(|b| b.end())).max();
    Ok(HeadRecord { size: end.unwrap_or(sealed).max(sealed), sealed, hash: [0; 32], recorded: i64::MIN })
}

/// What one bundle shows by itself.
#[derive(Default)]
pub(crate) struct Checked {
    previous: Option<Hash>,
    last: Option<Hash>,
    /// When the first and the last entry were recorded.
    pub(crate) recorded: Option<(Instant, Instant)>,
    end: u64,
    imported_clock: u64,
    pub(crate) erased: Vec<u64>,
    pub(crate) redactions: Vec<u64>,
    receipt_hashes: Vec<(u64, Hash)>,
    pub(crate) findings: Vec<Finding>,
}

/// Checks a bundle that was read from a copy, as one in the store is checked.
pub(crate) fn check_bundle(bundle: &Bundle) -> Checked {
    let mut checked = Checked::default();
    check_entries(bundle.first, bundle, &[], &mut checked);
    checked
}

impl Checked {
    /// Nothing is known yet.
    fn new(first: u64) -> Self {
        Self { end: first.saturating_add(1), ..Self::default() }
    }

    fn unreadable(first: u64, problem: Problem) -> Self {
        Self { findings: vec![Finding { index: first, problem }], ..Self::new(first) }
    }
}

/// Checks the bundle stored for `first`: every byte of it is hashed.
fn check(first: u64, bytes: &[u8], receipts: &[Head]) -> Checked {
    let mut checked = Checked::new(first);
    let (bundle, damage) = match Bundle::decode(bytes) {
        Ok(bundle) => (bundle, None),
        Err(damage) => match Bundle::decode_damaged(bytes) {
            Some(bundle) => (bundle, Some(damage)),
            None => {
                checked.findings.push(Finding { index: first, problem: Problem::Damaged(damage) });
                return checked;
            }
        },
    };
    if bundle.first != first {
        checked.findings.push(Finding { index: first, problem: Problem::Misplaced { claims: bundle.first } });
    }
    check_entries(first, &bundle, receipts, &mut checked);
    if let Some(damage) = damage
        && checked.findings.is_empty()
    {
        checked.findings.push(Finding { index: first, problem: Problem::Damaged(damage) });
    }
    checked
}

fn check_entries(first: u64, bundle: &Bundle, receipts: &[Head], checked: &mut Checked) {
    let mut previous = bundle.previous;
    let mut scratch = Vec::with_capacity(1024);
    let mut clock: Option<Instant> = None;
    for (entry, index) in bundle.entries.iter().zip(first..) {
        let mut find = |problem| checked.findings.push(Finding { index, problem });
        if entry.header(index, previous).hash() != entry.hash {
            find(Problem::Altered);
        }
        if entry.flags & !FLAG_IMPORTED_CLOCK != 0 {
            find(Problem::Flags(entry.flags));
        }
        if Instant::from_micros(entry.recorded.micros()).is_none() {
            find(Problem::ImpossibleTime(entry.recorded.micros()));
        }
        if clock.is_some_and(|clock| entry.recorded < clock) {
            find(Problem::ClockBackwards { recorded: entry.recorded });
        }
        match &entry.body {
            StoredBody::Erased(_) => checked.erased.push(index),
            StoredBody::Present(_, body) => match Record::inspect(body, &mut scratch) {
                Ok(Inspected::Claim) => {}
                Ok(Inspected::Other(event)) => {
                    if let Content::Redaction(r) = &event.content {
                        checked.redactions.push(r.of);
                    }
                    if let Some(of) = first_forward_reference(event, index) {
                        find(Problem::ForwardReference { of });
                    }
                }
                Ok(Inspected::NotCanonical) => find(Problem::NotCanonical),
                Err(e) => find(Problem::Unreadable(e)),
            },
        }
        checked.imported_clock += u64::from(entry.flags & FLAG_IMPORTED_CLOCK != 0);
        checked.receipt_hashes.extend(receipts.iter().filter(|r| r.size == index + 1).map(|r| (r.size, entry.hash)));
        checked.recorded = Some((checked.recorded.map_or(entry.recorded, |(first, _)| first), entry.recorded));
        clock = Some(entry.recorded);
        previous = entry.hash;
    }
    checked.previous = Some(bundle.previous);
    checked.last = Some(previous);
    checked.end = first.saturating_add(bundle.entries.len() as u64);
}

/// An entry can only refer to what came before it.
fn first_forward_reference(event: Event, index: u64) -> Option<u64> {
    event.map_references(&mut |of: u64| if of < index { Ok(of) } else { Err(of) }).err()
}

/// Puts the bundles' results together, in order.
#[derive(Default)]
struct Auditor<'a> {
    receipts: &'a [Head],
    /// The last hash, unless the entry before is missing or unreadable.
    last: Option<Hash>,
    last_recorded: Option<Instant>,
    imported_clock: u64,
    erased: BTreeSet<u64>,
    redactions: BTreeSet<u64>,
    receipt_hashes: Vec<(u64, Hash)>,
    findings: Vec<Finding>,
    found: usize,
    first_bad: Option<u64>,
}

impl Auditor<'_> {
    fn find(&mut self, index: u64, problem: Problem) {
        self.found += 1;
        self.first_bad = Some(self.first_bad.map_or(index, |first| first.min(index)));
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding { index, problem });
        }
    }

    /// Takes the result for the entries from `first` up to `end`.
    fn take(&mut self, first: u64, checked: Option<Checked>, end: u64) {
        let Some(checked) = checked else {
            self.find(first, Problem::Missing { count: end - first });
            self.last = None;
            return;
        };
        if let (Some(last), Some(previous)) = (self.last, checked.previous)
            && last != previous
        {
            self.find(first, Problem::BrokenChain);
        }
        if let (Some(last), Some((recorded, _))) = (self.last_recorded, checked.recorded)
            && recorded < last
        {
            self.find(first, Problem::ClockBackwards { recorded });
        }
        for finding in checked.findings {
            self.find(finding.index, finding.problem);
        }
        if checked.last.is_some() && checked.end < end {
            self.find(checked.end, Problem::Missing { count: end - checked.end });
        }
        self.last = checked.last;
        self.last_recorded = checked.recorded.map_or(self.last_recorded, |(_, last)| Some(last));
        self.imported_clock += checked.imported_clock;
        self.erased.extend(checked.erased);
        self.redactions.extend(checked.redactions);
        self.receipt_hashes.extend(checked.receipt_hashes);
    }

    fn finish(mut self, head: &HeadRecord) -> Result<Audit, OpenError> {
        let fits =
            self.last == Some(Hash(head.hash)) && self.last_recorded.map_or(i64::MIN, Instant::micros) == head.recorded;
        if self.found == 0 && !fits {
            self.find(head.size.saturating_sub(1), Problem::HeadMismatch);
        }
        for index in self.erased.difference(&self.redactions).copied().collect::<Vec<_>>() {
            self.find(index, Problem::ErasedSilently);
        }
        for index in self.redactions.difference(&self.erased).copied().collect::<Vec<_>>() {
            self.find(index, Problem::NotErased);
        }
        let mut anchored: Option<Head> = None;
        for receipt in self.receipts {
            let hash = self.receipt_hashes.iter().find(|(size, _)| *size == receipt.size).map(|(_, hash)| *hash);
            if receipt.size > head.size {
                self.find(head.size, Problem::Cut { receipt: receipt.size, found: head.size });
            } else if hash == Some(receipt.hash) {
                anchored = anchored.filter(|a| a.size > receipt.size).or(Some(*receipt));
            } else if hash.is_some() {
                self.find(receipt.size.saturating_sub(1), Problem::Rewritten);
            }
        }
        // An anchor below damage anchors nothing above the damage.
        self.findings.sort_by_key(|f| f.index);
        let damage = self.first_bad.unwrap_or(u64::MAX);
        Ok(Audit {
            entries: head.size,
            head: Head { size: head.size, hash: Hash(head.hash) },
            anchored: anchored.filter(|a| a.size <= damage),
            imported_clock: self.imported_clock,
            redacted: self.erased.intersection(&self.redactions).copied().collect(),
            findings: self.findings,
            found: self.found,
            first_bad: self.first_bad,
        })
    }
}
