//! Sheets in: a mapping file says how each row of a table becomes events.
//!
//! ```text
//! mapping file (TOML) -> Mapping, checked as a whole
//! file (CSV, JSON; gzip) -> Sheet -> Row -> Converter -> Draft, with its row and column -> sayso-core checks it
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | `mapping` | the mapping language: what is in the file, and whether it makes sense |
//! | `template`, `filter`, `form`, `condition` | its parts: `"{column | lower}"`, the filters, forms of dates, `when` |
//! | `sheet` | rows, whatever the file's format and encoding |
//! | `convert` | one row through all rules |
//! | `infer` | a first mapping, from a look at the file |
//!
//! What it is not: it never decides what is a valid event (that is `exchange` in the core), opens no ledger, prints nothing and never
//! looks at the clock. The core knows neither CSV nor TOML.

mod condition;
mod convert;
mod filter;
mod form;
mod infer;
mod mapping;
mod sheet;
mod template;

pub use convert::{Converter, Counts, Place, WordsAmongFigures};
pub use infer::{Opener, infer};
pub use mapping::{Mapping, MappingError, Problem};
pub use sheet::{Columns, Format, Row, Sheet, SheetError, SheetOptions};
