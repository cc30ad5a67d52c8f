//! Replay: what each source stands by, as of a stated date and as known at a recorded time.
//!
//! An answer is a fold over the log and nothing else: it can always be made again, and it is never the truth. Mostly it is made from
//! the projection, which leads straight to the entries that matter; both ways give the same.
//!
//! ```text
//! fold:     every entry ------------------------------+
//! indexed:  postings -> simple: a standing at once    |
//!                    -> entangled: its entries -------+-> context -> statements -> standings, stances -> shown
//! ```

mod combine;
mod context;
mod few;
mod filter;
mod fold;
mod gather;
mod indexed;
mod over_time;
mod ranges;
mod shown;
mod simple;
mod stances;
mod statement;
mod view;

pub use combine::{Combined, combine};
pub(crate) use combine::{DIFFERENT_KINDS, DIFFERENT_UNITS, DIFFERENT_WORDS};
pub use few::Few;
pub use filter::Filter;
pub use fold::fold;
pub use over_time::day_said;
pub use view::{AskedAs, Fate, Query, Replay, StanceTarget, Standing, StandingStance, TakenBack, View};

pub(crate) use over_time::{Moment, over_time};

use std::collections::BTreeSet;

use crate::event::Question;
use crate::ledger::{Ledger, OpenError};
use crate::projection::Reader;
use crate::time::KnownAt;

/// Replays the ledger.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn replay(ledger: &Ledger, query: &Query) -> Result<Replay, OpenError> {
    answer(ledger, query, None)
}

/// Replays these questions, under all their names. Other answers of the query may be there or not.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub(crate) fn replay_on(ledger: &Ledger, query: &Query, on: &BTreeSet<Question>) -> Result<Replay, OpenError> {
    answer(ledger, query, Some(on))
}

fn answer(ledger: &Ledger, query: &Query, on: Option<&BTreeSet<Question>>) -> Result<Replay, OpenError> {
    match from_index(ledger, query.known_at.as_ref(), |reader| indexed::replay(ledger, reader, query, on))? {
        Some(answer) => Ok(answer),
        None => fold(ledger, query),
    }
}

/// What `ask` finds in the index. `None` if the log itself has to be asked: an entry cannot be read, and will be met and named
/// there; or a writer is so busy that the index changed under every attempt.
pub(crate) fn from_index<T>(
    ledger: &Ledger,
    known_at: Option<&KnownAt>,
    ask: impl Fn(&Reader) -> Result<T, OpenError>,
) -> Result<Option<T>, OpenError> {
    for _ in 0..ATTEMPTS {
        let Some(reader) = ledger.reader(known_at)? else { break };
        let answer = ask(&reader);
        if reader.is_undisturbed() {
            return answer.map(Some);
        }
    }
    Ok(None)
}

/// How often an answer is sought in the index while others write.
const ATTEMPTS: usize = 4;
