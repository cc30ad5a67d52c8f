//! The one writer: takes waiting batches, has each planned, chains what was accepted, and writes it all in one step.
//!
//! Batches that arrive while another is being written wait in a queue and are written together, with one sync for all; each
//! is still accepted or refused on its own.

use std::sync::Arc;

use super::append::{Appended, Outcome, Refusal, RefusalReason, Ticket};
use super::identity::Rows;
use super::log::{Log, Staged};
use super::plan::{Plan, Planner, Sight};
use super::prepare::{Encoded, PreparedBatch, encode};
use super::rules::{Amendments, RuleError};
use super::snapshot::Snapshot;
use super::{AppendError, DamageError, OpenError};
use crate::body::Record;
use crate::bundle::{StoredBody, StoredEntry};
use crate::copy::mirror::Mirror;
use crate::copy::{MirrorError, MirrorsUnknown};
use crate::entry::{FLAG_IMPORTED_CLOCK, Head, Header, Salt};
use crate::event::{Content, Event, Redaction, Reference};
use crate::machine::Entropy;
use crate::reading::Aliases;
use crate::store::StoreError;
use crate::text::{Label, Text};
use crate::time::{Clock, Instant};

/// The one writer of a log.
pub(super) struct Writer {
    pub(super) log: Log,
    pub(super) amendments: Option<Amendments>,
    /// Whether what is on disk is unknown: nothing is acknowledged any more.
    pub(super) poisoned: bool,
    /// An entry whose redaction was begun, and whose body is not erased.
    pub(super) erasing: Option<u64>,
    pub(super) mirrors: Vec<Mirror>,
    /// Why it cannot be told which mirrors there are: nothing is appended then.
    pub(super) mirrors_unknown: Option<MirrorsUnknown>,
    /// Why it is poisoned, if a mirror is the reason: what is in the log is known then.
    pub(super) mirror_failed: Option<Arc<MirrorError>>,
}

/// Why a step could not be made durable.
enum WriteError {
    Store(StoreError),
    Mirror(Arc<MirrorError>),
}

/// Entries accepted from earlier batches of the same round, not yet written.
#[derive(Default)]
pub(super) struct Round {
    pub(super) staged: Staged,
    head: Option<(Head, Option<Instant>)>,
    pub(super) rows: Rows,
}

impl Writer {
    pub(super) fn new(log: Log) -> Self {
        Self {
            log,
            amendments: None,
            poisoned: false,
            erasing: None,
            mirrors: vec![],
            mirrors_unknown: None,
            mirror_failed: None,
        }
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.log.snapshot
    }

    /// Serves every waiting batch with one write.
    pub(super) fn serve(&mut self, waiting: &[Arc<Ticket>], clock: &dyn Clock, publish: &dyn Fn(&Self)) {
        let mut round = Round::default();
        let mut accepted: Vec<(&Ticket, Appended)> = Vec::new();
        let mut refused: Vec<(&Ticket, AppendError)> = Vec::new();
        for ticket in waiting {
            let Some(batch) = ticket.take_batch() else { continue };
            match self.ready_mirrors().and_then(|()| self.accept(batch, &mut round, clock)) {
                Ok(appended) => accepted.push((ticket, appended)),
                Err(e) => refused.push((ticket, e)),
            }
        }
        let written = self.write(round);
        publish(self); // before anybody is answered: who has a receipt can read the entry
        // After the write, since a refusal may name an entry of the same round.
        refused.into_iter().for_each(|(ticket, e)| ticket.finish(Err(e)));
        for (ticket, appended) in accepted {
            ticket.finish(match &written {
                Ok(()) => Ok(appended),
                Err(WriteError::Store(StoreError::Engine(e))) => Err(AppendError::Store(StoreError::Engine(e.clone()))),
                Err(WriteError::Store(e)) => Err(AppendError::Store(StoreError::Engine(e.to_string()))),
                Err(WriteError::Mirror(e)) => Err(AppendError::MirrorBehind(e.clone())),
            });
        }
    }

    /// Plans and chains a batch behind those accepted before it.
    fn accept(&mut self, batch: PreparedBatch, round: &mut Round, clock: &dyn Clock) -> Result<Appended, AppendError> {
        let (head, last) = round.head.unwrap_or((self.log.snapshot.head, self.log.last_recorded));
        let PreparedBatch { request, slice } = batch;
        self.expect_head(request.expected, head)?;
        let now = not_before(last, clock);
        // A refused batch may have taken note of corrections that are not to be: then they are read again.
        let known = self.amendments.take();
        let mut planner = Planner::new(request, Sight::new(&self.log, round, None, head.size), known, last, now);
        planner.place(slice)?;
        let (plan, amendments_so_far) = planner.finish()?;
        self.amendments = amendments_so_far;
        let Plan { fresh, rows, amendments, outcomes, notices } = plan;
        round.staged.rows.extend(fresh.iter().map(|e| e.fingerprint).zip(head.size..));
        let (entries, head, last) = chain(fresh, head, last, now);
        round.rows.append(rows);
        round.staged.append(entries);
        round.staged.amendments.extend(amendments);
        round.head = Some((head, last));
        Ok(Appended { outcomes, head, notices })
    }

    /// Refuses to go on if the ledger is not where the caller expects it, or not to be relied on.
    pub(super) fn expect_head(&self, expected: Option<Head>, actual: Head) -> Result<(), AppendError> {
        match expected {
            _ if self.poisoned => Err(self.poison()),
            Some(expected) if expected != actual => Err(AppendError::HeadMoved { expected, actual }),
            _ => Ok(()),
        }
    }

    /// Why nothing is taken any more.
    fn poison(&self) -> AppendError {
        self.mirror_failed.clone().map_or(AppendError::Poisoned, AppendError::MirrorBehind)
    }

    /// Makes a round durable. A failure poisons the writer: what is on disk is then unknown.
    fn write(&mut self, round: Round) -> Result<(), WriteError> {
        if round.staged.entries.is_empty() {
            return Ok(());
        }
        let Some((head, Some(last))) = round.head else { return Ok(()) };
        self.poisoned = true; // until every step has succeeded: an error or a panic leaves a state that nobody knows
        self.log.commit(round.staged, head, last).map_err(WriteError::Store)?;
        self.follow(None).map_err(WriteError::Mirror)?;
        self.poisoned = false;
        Ok(())
    }

    /// Plans a batch as if it were to be appended, and forgets it again.
    pub(super) fn check(&mut self, batch: PreparedBatch, clock: &dyn Clock) -> Result<Appended, AppendError> {
        let result = self.accept(batch, &mut Round::default(), clock);
        self.amendments = None;
        result
    }

    pub(super) fn redact(
        &mut self,
        index: u64,
        reason: Text,
        recorder: Option<Label>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Appended, AppendError> {
        if self.poisoned {
            return Err(self.poison());
        }
        self.ready_mirrors()?;
        let refuse = |reason| AppendError::Refused(vec![Refusal { position: 0, reason }]);
        let missing = || refuse(RefusalReason::NoSuchEntry(Reference::Index(index)));
        let (_, stored) = self.log.stored(index)?.ok_or_else(missing)?;
        let record = stored.body().map(Record::decode).transpose();
        let record = record.map_err(|e| OpenError::from(DamageError::at(index, &e.to_string())))?;
        let record = record.ok_or_else(|| refuse(RuleError::Redacted(index).into()))?;
        if let Content::Redaction(_) = record.event.content {
            let rule = "the record of a redaction stays";
            return Err(refuse(RuleError::WrongKind { of: index, kind: record.event.content.kind(), rule }.into()));
        }
        let content = Content::Redaction(Redaction { of: index, reason });
        let event = Event { id: None, content, note: None, citations: vec![], tags: vec![] };
        let mut salt = Salt::default();
        entropy.fill(&mut salt).map_err(AppendError::Entropy)?;
        let encoded = encode(&event, recorder.as_ref(), None, salt, &self.log.fingerprinter);
        let encoded = encoded.map_err(|e| refuse(e.into()))?;

        let Snapshot { head, .. } = self.log.snapshot;
        let last = self.log.last_recorded;
        let now = not_before(last, clock);
        let row = (encoded.fingerprint, head.size);
        let (entries, new_head, _) = chain(vec![encoded], head, last, now);
        let staged = Staged { entries, rows: vec![row], amendments: vec![], erase: Some(index) };
        self.begin_erasing(Some(index));
        self.log.commit(staged, new_head, now).map_err(AppendError::Store)?;
        // Before the ledger's own note is removed that the erasing is to be done.
        self.follow(Some(index)).map_err(AppendError::MirrorBehind)?;
        self.log.erase(index)?;
        self.end_erasing();
        Ok(Appended { outcomes: vec![Outcome::Appended(head.size)], head: new_head, notices: vec![] })
    }

    pub(super) fn find_id(&self, id: &str) -> Result<Option<u64>, OpenError> {
        self.sight(&Round::default()).find_id(id)
    }

    pub(super) fn aliases(&self) -> Result<Aliases, OpenError> {
        Ok(self.sight(&Round::default()).load_amendments()?.unions().clone())
    }

    /// What is in the log, with no batch under way.
    fn sight<'a>(&'a self, round: &'a Round) -> Sight<'a> {
        Sight::new(&self.log, round, None, u64::MAX)
    }
}

/// The present moment, or the last recorded one if the machine's clock has fallen behind it.
pub(super) fn not_before(last: Option<Instant>, clock: &dyn Clock) -> Instant {
    last.map_or_else(|| clock.now(), |last| last.max(clock.now()))
}

/// Chains encoded events behind a head: hash after hash, the one step that cannot be shared out.
pub(super) fn chain(
    fresh: Vec<Encoded>,
    mut head: Head,
    mut last: Option<Instant>,
    now: Instant,
) -> (Vec<StoredEntry>, Head, Option<Instant>) {
    let mut entries = Vec::with_capacity(fresh.len());
    for Encoded { body, salt, commitment, recorded, .. } in fresh {
        let flags = if recorded.is_some() { FLAG_IMPORTED_CLOCK } else { 0 };
        let recorded = recorded.unwrap_or(now);
        let header = Header { flags, index: head.size, recorded, previous: head.hash, commitment };
        head = Head { size: head.size + 1, hash: header.hash() };
        last = Some(recorded);
        entries.push(StoredEntry { flags, recorded, hash: head.hash, body: StoredBody::Present(salt, body) });
    }
    (entries, head, last)
}
