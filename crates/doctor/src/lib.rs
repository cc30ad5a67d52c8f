//! Advice: what in a ledger looks like a slip, why it was noticed, and what one could do about it.
//!
//! ```text
//! entries -> how they read now (corrections, aliases) -> Seen -> lints that need one claim        -> Finding
//!                                                            -> Series, Origins, Names -> lints that compare -> Finding
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`Lint`] | the lints by name |
//! | `lints` | one file a lint: what it finds, why, when it is wrong, and where its thresholds come from |
//! | `examine` | the walk over the ledger |
//! | `readings`, `seen` | how entries read, and what is looked at of each |
//! | `series`, `names` | figures of one question by one source in order; names and how often they are used |
//! | [`alike`] | which names look like one that was typed, for who asks before it is recorded |
//! | `slips`, `hedges`, `folding` | digits mistyped; words such as "at least"; spellings that look alike |
//!
//! What it is not: it changes nothing, decides nothing and prints nothing. A finding is a question to a person. A ledger without findings
//! may be full of errors, and one with many may have none.

mod alike;
mod examine;
mod finding;
mod folding;
mod hedges;
mod lint;
mod lints;
mod names;
mod readings;
mod seen;
mod series;
mod slips;

pub use alike::{alike, has_in_it};
pub use examine::{Options, examine};
pub use finding::{Finding, Report};
pub use lint::Lint;
