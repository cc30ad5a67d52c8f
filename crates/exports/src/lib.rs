//! Views of a ledger in the forms of others.
//!
//! ```text
//! Comparison + histories -> Material (questions, statements as they read) -> JSON-LD | statements as CSV | Markdown
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`Material`] | what is exported: questions, and the statements that stand on them |
//! | [`json_ld`] | schema.org: a `Claim` for each statement, and `ClaimReview` as the record of how they go together |
//! | [`ftm`] | FollowTheMoney: parties, and what they said as events |
//! | [`markdown`] | notes for a story |
//! | `groups` | who gives which answer, and which do not go together, in a few sentences |
//! | `dates`, `words` | what the forms share |
//!
//! What each form cannot carry stands in `docs/exports.md`.
//!
//! What it is not: it opens no ledger, prints nothing, decides nothing. No form may make a judgement out of a disagreement: whoever
//! wants to know who is right finds no answer in any of them.

mod dates;
pub mod ftm;
mod groups;
pub mod json_ld;
pub mod markdown;
mod material;
mod words;

pub use material::{Material, MaterialError, Question, Statement};
