//! One module per command, or per family of commands that do one thing.

pub(crate) mod append;
mod ask;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod capture;
pub(crate) mod checkpoint;
mod checkpoint_audit;
pub(crate) mod clone;
pub(crate) mod comfort;
pub(crate) mod compare;
pub(crate) mod correct;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod export;
mod export_view;
pub(crate) mod history;
pub(crate) mod import;
mod import_sheet;
mod importing;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod mirror;
pub(crate) mod pictures;
pub(crate) mod prove;
pub(crate) mod publish;
pub(crate) mod redact;
pub(crate) mod reindex;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod salvage;
pub(crate) mod show;
pub(crate) mod verify;
pub(crate) mod why;
pub(crate) mod witness;

use sayso_core::event::Reference;
use sayso_core::ledger::Ledger;

use crate::error::CliError;

/// The entry that a person means by an id or a number.
fn find_entry(ledger: &Ledger, text: &str) -> Result<u64, CliError> {
    let missing = || CliError::refused(format!("there is no entry {text}; `sayso log` lists what there is"));
    match text.parse().map_err(CliError::usage)? {
        Reference::Index(index) => (index < ledger.head().size).then_some(index).ok_or_else(missing),
        Reference::Id(id) => ledger.find_id(id.as_str())?.ok_or_else(missing),
        Reference::Content(_) => Err(CliError::usage("content digests are for files; use an id or a number")),
    }
}
