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
mod filter;
mod fold;
mod gather;
mod indexed;
mod ranges;
mod shown;
mod stances;
mod statement;
mod view;

pub use combine::{Combined, combine};
pub(crate) use combine::{DIFFERENT_KINDS, DIFFERENT_UNITS};
pub use filter::Filter;
pub use fold::fold;
pub use view::{AskedAs, Fate, Query, Replay, StanceTarget, Standing, StandingStance, TakenBack, View};

use crate::ledger::{Ledger, OpenError};

/// Replays the ledger.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn replay(ledger: &Ledger, query: &Query) -> Result<Replay, OpenError> {
    for _ in 0..ATTEMPTS {
        let Some(reader) = ledger.reader(query.known_at.as_ref())? else { break };
        let answer = indexed::replay(ledger, &reader, query);
        if reader.is_undisturbed() {
            return answer;
        }
    }
    // An entry cannot be read, and will be met and named; or a writer is so busy that the log itself is asked.
    fold(ledger, query)
}

/// How often an answer is sought in the index while others write.
const ATTEMPTS: usize = 4;
