//! The core of sayso: an append-only, tamper-evident ledger of who said what, and when.
//!
//! ```text
//! Draft (exchange) -> Event -> body bytes -> Entry (chained) -> bundle -> store (sled)
//! store -> bundle -> Entry -> Event -> reading -> replay -> View -> Comparison, Diff, Why
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`text`], [`number`], [`value`], [`time`] | checked values: what exists is valid |
//! | [`event`] | the seven kinds of event |
//! | [`exchange`] | one event as one line of JSON, in and out |
//! | [`body`], [`entry`], [`bundle`] | bytes and hashes; byte-exact in `docs/format.md` |
//! | [`store`], [`directory`] | where bytes are kept |
//! | [`ledger`] | append, read, redact |
//! | [`reading`], [`mod@replay`] | how entries read today, and what each source stands by |
//! | [`views`] | where sources part, what changed, the life of a question, and why it stands as it does |
//! | `projection` | the index from which views are answered |
//! | [`mod@audit`] | whether anything was altered |
//! | [`copy`] | mirrors, backups, and ledgers made from them |
//! | [`repair`] | what opening put right |
//!
//! What it is not: it never decides who is right, never prints, never looks at the environment, and never reads the clock
//! or draws randomness except through what it was given.

mod acknowledged;
pub mod audit;
pub mod body;
pub mod bundle;
mod claimed;
pub mod copy;
pub mod directory;
mod durable;
pub mod entry;
pub mod event;
pub mod exchange;
pub mod ledger;
pub mod limits;
pub mod machine;
pub mod number;
mod projection;
pub mod reading;
pub mod repair;
pub mod replay;
pub mod store;
pub mod text;
pub mod time;
pub mod value;
pub mod views;
