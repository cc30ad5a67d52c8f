//! `sayso export`: every entry as one line of JSON.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use sayso_core::exchange::Exporter;
use sayso_core::ledger::Ledger;

use crate::args::ExportArgs;
use crate::error::{self, CliError};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let ledger = session.open()?;
    let Written { left_out, numbered } = match &args.output {
        None => {
            write_lines(&ledger, args.envelope, &mut BufWriter::new(std::io::stdout().lock()), |e| error::stdout(&e))?
        }
        Some(path) => write_file(&ledger, args.envelope, path)?,
    };
    if left_out > 0 {
        eprintln!("sayso: note: {left_out} redacted entries were left out; --envelope keeps their place");
    }
    if numbered > 0 && !args.envelope {
        eprintln!(
            "sayso: note: {numbered} lines are redactions or point at an entry by number; import will refuse them"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What could not be written in a form that can be imported.
#[derive(Default)]
struct Written {
    left_out: u64,
    numbered: u64,
}

/// Writes beside the file and moves it there at the end: never half a file.
fn write_file(ledger: &Ledger, envelope: bool, path: &Path) -> Result<Written, CliError> {
    let io = |e: std::io::Error| CliError::io(path, &e);
    let taken = || CliError::refused(format!("{} is already there; name another file", path.display()));
    if path.exists() {
        return Err(taken()); // before anything is written
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(io)?;
    let written = write_lines(ledger, envelope, &mut BufWriter::new(file.as_file_mut()), io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist_noclobber(path).map_err(|e| match e.error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(),
        _ => io(e.error),
    })?;
    Ok(written)
}

fn write_lines(
    ledger: &Ledger,
    envelope: bool,
    out: &mut impl Write,
    failed: impl Fn(std::io::Error) -> CliError,
) -> Result<Written, CliError> {
    let exporter = Exporter::new(ledger, envelope);
    let mut written = Written::default();
    let line = |entry| {
        let draft = exporter.draft(&entry)?;
        let numbered = draft.as_ref().is_some_and(|d| d.of.as_ref().is_some_and(|of| of.starts_with('#')));
        Ok::<_, CliError>((draft.map(|d| d.to_json()), numbered))
    };
    ledger.scan(0, line, |(line, numbered)| {
        written.numbered += u64::from(numbered);
        match line {
            Some(line) => writeln!(out, "{line}").map_err(&failed)?,
            None => written.left_out += 1,
        }
        Ok(ControlFlow::Continue(()))
    })?;
    out.flush().map_err(&failed)?;
    Ok(written)
}
