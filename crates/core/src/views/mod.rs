//! What can be asked of views: where sources part, what has changed, how a question came to stand as it does.
//!
//! Everything here is worked out from [`replay`](fn@crate::replay::replay) and from the entries of the log. Nothing here decides
//! what stands, and nothing is stored. The index leads to the entries that matter; [`whole_log`] finds the same without it.

mod about;
mod again;
mod compare;
mod diff;
mod frame;
mod history;
mod mended;
mod moments;
mod over_time;
mod pairs;
mod relation;
mod rule;
mod verdict;
mod way;
mod web;
pub mod whole_log;
mod why;

pub use compare::{Cell, CellState, Comparison, Finding, Party, Row, compare};
pub use diff::{Change, ChangeKind, Clock, Diff, SourceDiff, VerdictChange, diff};
pub use history::{History, HistoryError, HistoryQuery, Item, Order, Reads, history};
pub use over_time::{Course, OverTime, Step, over_time};
pub use relation::{Relation, relate};
pub use rule::Rule;
pub use verdict::Verdict;
pub use why::{Answer, Asked, Part, Why, why};
