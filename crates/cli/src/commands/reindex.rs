//! `sayso reindex`: builds the index of views anew. The entries are only read.

use std::process::ExitCode;

use sayso_core::copy::Progress;

use crate::error::CliError;
use crate::output::{self, json, progress};
use crate::session::Session;

pub(crate) fn run(session: &Session) -> Result<ExitCode, CliError> {
    let ledger = session.open()?;
    let head = ledger.head();
    let bar = progress::entries("building the index");
    let total = Some(head.size);
    let is_whole = ledger.reindex(&|done| progress::show(&bar, Progress { done, total }))?;
    bar.finish_and_clear();
    if !is_whole {
        return Err(CliError::failed(
            "an entry cannot be read, so there is no index, and views are made from the whole log; \
             run `sayso audit` to see what is wrong",
        ));
    }
    if session.is_json() {
        json::print(&serde_json::json!({ "entries": head.size, "head": json::head(head) }))?;
    } else {
        output::print(&format!("The index of views was built anew from {} entries.\n", head.size))?;
    }
    Ok(ExitCode::SUCCESS)
}
