//! `sayso export --as FORM`: a view in the form of others.

use std::io::Write;
use std::process::ExitCode;

use sayso_core::views::compare;
use sayso_exports::{Material, MaterialError, ftm, json_ld, markdown};

use crate::error::CliError;
use crate::export_args::Form;
use crate::meant::Meant;
use crate::output::{self, progress, views};
use crate::proof::ledger_name;
use crate::session::Session;
use crate::transfer_args::ExportArgs;

pub(crate) fn run(session: &Session, args: &ExportArgs) -> Result<ExitCode, CliError> {
    if args.envelope || args.limit.is_some() || args.from > 0 {
        return Err(CliError::usage(
            "--envelope, --from and --limit are about entries; a view has none of its own. Leave them out, or write --as events",
        ));
    }
    let query = args.form.clocks.query(session, args.filter.filter()?)?;
    let name = ledger_name::read(&session.dir_path()?)?;
    let ledger = session.open_to_give_out()?;
    let waiting = progress::spinner("reading");
    let compared = compare(&ledger, &query)?;
    let compared = if args.form.conflicts { compared.disputes() } else { compared };
    let material = Material::gather(&ledger, &query, &compared, name)?;
    let text = match args.form.form {
        Form::Claims => json_ld::document(&material, json_ld::Shape::Claims),
        Form::ClaimReview => json_ld::document(&material, json_ld::Shape::Reviews),
        Form::Ftm => ftm::statements(&material).map_err(CliError::failed)?,
        Form::Events | Form::Markdown => markdown::story(&material),
    };
    waiting.finish_and_clear();
    for note in views::notes(&query, &compared.replay, &Meant::of(&ledger, &query, &compared.replay)?) {
        eprintln!("sayso: note: {}", note.trim_end());
    }
    match &args.output {
        None => output::print(&text)?,
        Some(path) => {
            super::export::new_file(path, |out| out.write_all(text.as_bytes()).map_err(|e| CliError::io(path, &e)))?
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses what only a view can have.
pub(super) fn check_events(args: &ExportArgs) -> Result<(), CliError> {
    let clocks = &args.form.clocks;
    if args.form.conflicts || clocks.as_of.is_some() || clocks.known_at.is_some() {
        return Err(CliError::usage(
            "--as-of, --known-at and --conflicts are about views, and this writes entries; say as what the view is to be \
             written: --as claims, claimreview, ftm or markdown",
        ));
    }
    Ok(())
}

impl From<MaterialError> for CliError {
    fn from(e: MaterialError) -> Self {
        match e {
            MaterialError::Open(e) => e.into(),
            e => Self::failed(e),
        }
    }
}
