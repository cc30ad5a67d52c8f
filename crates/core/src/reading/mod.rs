//! How an entry reads today: corrections and aliases, applied. Used when replaying, and when checking what a new event
//! points at.

mod aliases;
mod corrections;

pub use aliases::{AliasError, Aliases};
pub use corrections::{Corrections, Reading};
