//! Replay: what each source stands by, as of a stated date and as known at a recorded time.
//!
//! The views are a fold over the log and nothing else: they can always be made again, and they are never the truth.

mod combine;
mod filter;
mod fold;
mod stances;
mod view;

pub use combine::{Combined, combine};
pub(crate) use combine::{DIFFERENT_KINDS, DIFFERENT_UNITS};
pub use filter::Filter;
pub use fold::replay;
pub use view::{AskedAs, Fate, Query, Replay, StanceTarget, Standing, StandingStance, TakenBack, View};
