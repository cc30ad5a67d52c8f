//! Captured documents: what a carrier published, kept beside the ledger by its hash, and searched for the words that claims quote.
//!
//! ```text
//! file -> Received (hashed while it is copied) -> text -> quotes looked for -> Keep: evidence/ab/ab12...
//! ledger -> entries that cite a hash -> Keep, hashed again -> text -> quotes looked for again -> Report
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | `keep` | the directory: whole files under the name of their hash, written once |
//! | `text` | what can be read in a file: plain text, the text of HTML |
//! | `quote` | whether words occur in a text, and where |
//! | `cited` | which entries cite which files |
//! | `written` | which files nothing holds any more after a redaction |
//! | `check` | whether all that is cited is there, unaltered, and says what is quoted |
//!
//! What it is not: it fetches nothing, prints nothing and appends nothing. That a file is what its address showed on a day is the word of whoever captured it.

mod check;
mod cited;
mod keep;
mod quote;
mod text;
mod written;

pub use check::{CheckError, Found, Problem, Report, check};
pub use cited::{Cited, FOLDED_TAG, Link, TAG, Words, words_of};
pub use keep::{Keep, KeepError, Received};
pub use quote::{Place, Searchable};
pub use text::{Kind, MAX_TEXT_BYTES, Readable, Unreadable, read};
pub use written::{Split, Written};
