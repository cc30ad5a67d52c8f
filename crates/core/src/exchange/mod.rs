//! The exchange form: one event as one line of JSON, in and out. Also the way in for the command line, which fills a
//! [`Draft`] from its arguments: there is one set of checks.

mod check;
mod draft;
mod export;
mod value;

pub use check::{CheckOptions, FieldError};
pub use draft::{CitationDraft, Draft, DraftError};
pub use export::Exporter;
pub use value::{ValueSyntaxError, parse_value, value_to_json};
