//! The four clocks. *Occurred*, *stated* and *published* are EDTF dates; *recorded* is an instant of this ledger.

mod cutoff;
mod edtf;
mod edtf_text;
mod instant;
mod stated;

pub(crate) use cutoff::Limits;
pub use cutoff::{AsOf, CutoffError, KnownAt};
pub use edtf::{Date, DateForm, Edtf, Endpoint, ImpossibleDate, Moment, Offset, Qualifier, Season};
pub use edtf_text::EdtfError;
pub use instant::{Clock, Instant, SystemClock};
pub use stated::{Stated, StatedError, TimeZone, UnknownTimeZone};
