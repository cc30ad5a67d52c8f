//! What can be appended, and what becomes of it.

use std::sync::{Condvar, Mutex, PoisonError};

use super::AppendError;
use super::prepare::PreparedBatch;
use super::rules::RuleError;
use crate::body::BodyError;
use crate::entry::Head;
use crate::event::{Event, Reference};
use crate::text::{ExternalId, Label};
use crate::time::Instant;

/// An event to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event, pointing at others by id, number or content.
    pub event: Event<Reference>,
    /// Who records it.
    pub recorder: Option<Label>,
    /// When another system recorded it; the entry is then flagged. `None`: now.
    pub recorded: Option<Instant>,
}

/// Events to append in one step.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The events, in order. One may refer to those before it.
    pub events: Vec<NewEvent>,
    /// Append only if the ledger's head is this one.
    pub expected: Option<Head>,
    /// Append events without an id even if the same event is there already.
    pub allow_repeats: bool,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is a new entry.
    Appended(u64),
    /// The same event is there already, under this index.
    AlreadyThere(u64),
}

impl Outcome {
    /// The entry that holds the event.
    #[must_use]
    pub fn index(self) -> u64 {
        match self {
            Self::Appended(i) | Self::AlreadyThere(i) => i,
        }
    }
}

/// Something the caller should pass on to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A correction takes the place of an earlier one of the same entry.
    ReplacesCorrection {
        /// The new correction.
        new: u64,
        /// The earlier one.
        old: u64,
        /// The corrected entry.
        of: u64,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// For each event, in order.
    pub outcomes: Vec<Outcome>,
    /// The head after the batch: its receipt.
    pub head: Head,
    /// For people.
    pub notices: Vec<Notice>,
}

/// An event that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the batch, from 0.
    pub position: usize,
    /// Why.
    pub reason: RefusalReason,
}

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Its id belongs to an event that says something else.
    #[error(
        "the id `{id}` already belongs to an event that says something else (#{index}, in the ledger or earlier in the same file); an entry is never overwritten: to mend a recording error use `correct`, for a new statement use another id"
    )]
    SameIdOtherContent {
        /// The id.
        id: ExternalId,
        /// The entry that has it (it may be earlier in the same batch).
        index: u64,
    },
    /// It points at nothing.
    #[error("there is no entry {0}, neither in the ledger nor earlier in the same file{hint}", hint = number_hint(.0))]
    NoSuchEntry(Reference),
    /// It breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// It does not fit.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Its imported time is earlier than the entry before.
    #[error(
        "its recorded time {given} is earlier than that of the entry before it ({last}); to bring in an older history, import it into a fresh ledger"
    )]
    ClockBackwards {
        /// What was given.
        given: Instant,
        /// The entry before.
        last: Instant,
    },
    /// Its imported time has not come yet.
    #[error("its recorded time {given} lies in the future (it is {now} now)")]
    Future {
        /// What was given.
        given: Instant,
        /// What the clock says.
        now: Instant,
    },
    /// It refers to a refused line of the same batch; that line's error is reported instead.
    #[error("it refers to a line that was refused")]
    Follows,
}

/// A bare number is an id like any other, and mostly a slip.
fn number_hint(reference: &Reference) -> String {
    match reference {
        Reference::Id(id) if id.as_str().bytes().all(|b| b.is_ascii_digit()) => {
            format!(" (entry numbers are written '#{id}')")
        }
        _ => String::new(),
    }
}

/// A batch in the queue, encoded by the thread that brought it.
pub(super) struct Ticket {
    state: Mutex<State>,
    changed: Condvar,
}

/// Where a ticket stands.
enum State {
    /// In the queue.
    Waiting(PreparedBatch),
    /// In the queue, and its thread is to serve everyone in it.
    Leading(PreparedBatch),
    /// Being served.
    Taken,
    /// Answered.
    Done(Box<Result<Appended, AppendError>>),
}

/// What a waiting thread is woken for.
pub(super) enum Turn {
    /// To serve the queue.
    Lead,
    /// To go home with an answer.
    Answer(Result<Appended, AppendError>),
}

impl Ticket {
    pub(super) fn new(batch: PreparedBatch) -> Self {
        Self { state: Mutex::new(State::Waiting(batch)), changed: Condvar::new() }
    }

    /// Makes its thread the one that serves the queue.
    pub(super) fn promote(&self) {
        let mut state = super::lock(&self.state);
        *state = match std::mem::replace(&mut *state, State::Taken) {
            State::Waiting(batch) => State::Leading(batch),
            other => other,
        };
        self.changed.notify_all();
    }

    /// Takes the batch out, to serve it.
    pub(super) fn take_batch(&self) -> Option<PreparedBatch> {
        let mut state = super::lock(&self.state);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Waiting(batch) | State::Leading(batch) => Some(batch),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Answers, unless that was done.
    pub(super) fn finish(&self, result: Result<Appended, AppendError>) {
        let mut state = super::lock(&self.state);
        if !matches!(*state, State::Done(_)) {
            *state = State::Done(Box::new(result));
        }
        self.changed.notify_all();
    }

    /// Waits for its turn.
    pub(super) fn wait(&self) -> Turn {
        let mut state = super::lock(&self.state);
        loop {
            match std::mem::replace(&mut *state, State::Taken) {
                State::Done(result) => return Turn::Answer(*result),
                State::Leading(batch) => {
                    *state = State::Leading(batch);
                    return Turn::Lead;
                }
                other => *state = other,
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
