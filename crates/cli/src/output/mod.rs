//! Everything that reaches a person or a program: tables, JSON, comma-separated values, progress.

pub(crate) mod compare;
pub(crate) mod csv;
pub(crate) mod describe;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod evidence;
pub(crate) mod file;
pub(crate) mod history;
pub(crate) mod item;
pub(crate) mod json;
pub(crate) mod progress;
pub(crate) mod reading;
pub(crate) mod table;
pub(crate) mod understood;
pub(crate) mod views;
pub(crate) mod why;

use std::io::Write;

use crate::error::{self, CliError};

/// Writes to standard output. A reader that went away is a normal end.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| error::stdout(&e))
}
