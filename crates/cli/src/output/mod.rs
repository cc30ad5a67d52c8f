//! Everything that reaches a person or a program: tables, JSON, progress.

pub(crate) mod describe;
pub(crate) mod json;
pub(crate) mod progress;
pub(crate) mod reading;
pub(crate) mod table;
pub(crate) mod views;

use std::io::Write;

use crate::error::{self, CliError};

/// Writes to standard output. A reader that went away is a normal end.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| error::stdout(&e))
}
