//! Appending a large batch: prepared, planned, chained, compressed and written slice by slice, all at the same time, in bounded
//! memory. It is still one step: its bundles lie beyond the head until the last one is written, and are removed if any
//! event is refused.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use super::AppendError;
use super::append::{Appended, Batch, NewEvent};
use super::identity::{Fingerprinter, IdentityRow};
use super::log::{Staged, Streamed};
use super::plan::{Plan, Planner, Sight};
use super::prepare::{Encoded, Request, Slice};
use super::sealing::{Group, Sealing};
use super::writer::{Round, Writer, chain, not_before};
use crate::bundle::StoredEntry;
use crate::limits::BUNDLE_ENTRIES;
use crate::machine::Entropy;
use crate::time::{Clock, Instant};

/// From this many events on, a batch is worth three more threads.
pub(super) const STREAM_FROM: usize = 8 * BUNDLE_ENTRIES;
/// Most events in a slice: a few slices are in memory at a time.
const MAX_SLICE: usize = 32 * BUNDLE_ENTRIES;
/// Least: half of that goes through each core at a time.
const MIN_SLICE: usize = 4 * BUNDLE_ENTRIES;
/// Slices prepared ahead of the planning.
const AHEAD: usize = 1;

impl Writer {
    /// Appends a large batch, durable when this returns.
    pub(super) fn append_stream(
        &mut self,
        batch: &Batch,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Appended, AppendError> {
        self.expect_head(batch.expected, self.log.snapshot.head)?;
        self.ready_mirrors()?;
        self.poisoned = true; // until it is known that nothing was left half done
        match self.stream(batch, clock, entropy) {
            Ok((appended, step)) => {
                match step {
                    Step::Nothing => Ok(()),
                    Step::Tail(staged, recorded) => self.log.commit(staged, appended.head, recorded),
                    Step::Bundles(streamed) => self.log.commit_streamed(streamed),
                }
                .map_err(AppendError::Store)?;
                self.follow(None).map_err(AppendError::MirrorBehind)?;
                self.poisoned = false;
                Ok(appended)
            }
            Err(e) => {
                self.amendments = None;
                // Anything but a refusal may be a failed write, whoever noticed it first.
                let failed = !matches!(e, AppendError::Refused(_) | AppendError::HeadMoved { .. });
                self.poisoned = failed || self.log.trim().is_err();
                Err(e)
            }
        }
    }

    /// Writes all bundles of a batch beyond the head.
    fn stream(
        &mut self,
        batch: &Batch,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<(Appended, Step), AppendError> {
        let (old, last) = (self.log.snapshot.head, self.log.last_recorded);
        let now = not_before(last, clock);
        let round = Round::default();
        std::thread::scope(|scope| {
            let log = &self.log;
            let sealing = Sealing::start(scope, log.store.clone());
            let slices = prepare_ahead(scope, &batch.events, log.fingerprinter, entropy);
            let sight = Sight::new(log, &round, Some(&sealing), old.size);
            let mut planner = Planner::new(Request::of(batch), sight, self.amendments.take(), last, now);
            let mut chained = (old, last);
            let mut rows: Vec<IdentityRow> = Vec::with_capacity(batch.events.len());
            let mut group = Group {
                first: log.snapshot.sealed,
                previous: log.snapshot.tail_previous,
                entries: log.snapshot.tail.iter().map(|e| StoredEntry::clone(e)).collect(),
            };
            let mut add = |fresh: Vec<Encoded>, group: &mut Group| {
                rows.extend(fresh.iter().map(|e| e.fingerprint).zip(chained.0.size..));
                let (entries, head, last) = chain(fresh, chained.0, chained.1, now);
                group.entries.extend(entries);
                chained = (head, last);
                head
            };
            for slice in slices {
                planner.place(slice?)?;
                let fresh = planner.take_whole_bundles();
                if !fresh.is_empty() {
                    let head = add(fresh, &mut group);
                    let next = Group { first: head.size, previous: head.hash, entries: vec![] };
                    sealing.send(std::mem::replace(&mut group, next)).map_err(AppendError::Store)?;
                }
            }
            let (Plan { fresh, amendments, outcomes, notices, .. }, known) = planner.finish()?;
            self.amendments = known;
            add(fresh, &mut group);
            let (head, last) = chained;
            let appended = Appended { outcomes, head, notices };
            let Some(recorded) = last.filter(|_| head != old) else { return Ok((appended, Step::Nothing)) };
            let Group { first: sealed, previous: tail_previous, entries: mut tail } = group;
            if sealed == self.log.snapshot.sealed {
                let entries = tail.split_off(self.log.snapshot.tail.len().min(tail.len()));
                return Ok((appended, Step::Tail(Staged { entries, rows, amendments, erase: None }, recorded)));
            }
            // While the last bundles are being written.
            self.log.add_identities(rows, sealed).map_err(AppendError::Store)?;
            sealing.finish().map_err(AppendError::Store)?;
            let streamed = Streamed { sealed, tail_previous, tail, amendments, head, recorded };
            Ok((appended, Step::Bundles(streamed)))
        })
    }
}

/// What is left to do once all bundles of a batch are written.
enum Step {
    /// Everything in it was there already.
    Nothing,
    /// It filled no bundle.
    Tail(Staged, Instant),
    /// The head is to move over its bundles.
    Bundles(Streamed),
}

/// Prepares slices in a thread of its own, on all cores, a bounded number ahead.
fn prepare_ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    events: &'scope [NewEvent],
    fingerprinter: Fingerprinter,
    entropy: &'scope dyn Entropy,
) -> Receiver<Result<Slice, AppendError>> {
    let (send, receive) = sync_channel(AHEAD);
    let slice = (events.len() / 8).next_multiple_of(BUNDLE_ENTRIES).clamp(MIN_SLICE, MAX_SLICE);
    scope.spawn(move || {
        for events in events.chunks(slice) {
            if send.send(Slice::new(events, &fingerprinter, entropy)).is_err() {
                return; // planning ended early
            }
        }
    });
    receive
}
