//! `sayso export`: every entry as one line of JSON. Views in the forms of others are `export_view`'s.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use sayso_core::exchange::Exporter;
use sayso_core::ledger::{Entry, Ledger};

use crate::error::{self, CliError};
use crate::export_args::Form;
use crate::output::{file, views};
use crate::query::Wanted;
use crate::session::{self, Session};
use crate::transfer_args::ExportArgs;

pub(crate) fn run(session: &Session, args: &ExportArgs) -> Result<ExitCode, CliError> {
    if args.form.form != Form::Events {
        return super::export_view::run(session, args);
    }
    super::export_view::check_events(args)?;
    let filter = args.filter.filter()?;
    let ledger = session.open()?;
    session::expect_erased(&ledger)?;
    let wanted = Wanted::new(&ledger, filter)?;
    for line in views::asked_as(&wanted.filter.asked_as(&wanted.aliases)).lines() {
        eprintln!("sayso: note: {line}");
    }
    let part = Part { wanted, envelope: args.envelope, from: args.from, limit: args.limit.unwrap_or(u64::MAX) };
    let Written { left_out, numbered, next, .. } = match &args.output {
        None => write_lines(&ledger, &part, &mut BufWriter::new(std::io::stdout().lock()), |e| error::stdout(&e))?,
        Some(path) => new_file(path, |out| write_lines(&ledger, &part, out, |e| CliError::io(path, &e)))?,
    };
    if left_out > 0 {
        eprintln!("sayso: note: {left_out} redacted entries were left out; --envelope keeps their place");
    }
    if numbered > 0 && !args.envelope {
        eprintln!(
            "sayso: note: {numbered} lines are redactions or point at an entry by number; import will refuse them"
        );
    }
    if let Some(next) = next {
        eprintln!("sayso: note: there is more; next: --from {next}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Which part of the ledger to write, and how.
struct Part {
    wanted: Wanted,
    envelope: bool,
    from: u64,
    limit: u64,
}

/// What was written, and what could not be in a form that can be imported.
#[derive(Default)]
struct Written {
    entries: u64,
    left_out: u64,
    numbered: u64,
    /// Where to go on after a limit.
    next: Option<u64>,
}

/// Writes a file that was not there.
pub(super) fn new_file<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> Result<T, CliError>,
) -> Result<T, CliError> {
    if file::is_taken(path) {
        return Err(file::taken(path)); // before anything is written
    }
    file::place(path, false, write)
}

fn write_lines(
    ledger: &Ledger,
    part: &Part,
    out: &mut impl Write,
    failed: impl Fn(std::io::Error) -> CliError,
) -> Result<Written, CliError> {
    let exporter = Exporter::new(ledger, part.envelope);
    let mut written = Written::default();
    let line = |entry: Entry| {
        if !part.wanted.wants(&entry)? {
            return Ok(None);
        }
        let draft = exporter.draft(&entry)?;
        let numbered = draft.as_ref().is_some_and(|d| d.of.as_ref().is_some_and(|of| of.starts_with('#')));
        Ok::<_, CliError>(Some((entry.index(), draft.map(|d| d.to_json()), numbered)))
    };
    ledger.scan(part.from, line, |line| {
        let Some((index, line, numbered)) = line else { return Ok(ControlFlow::Continue(())) };
        if written.entries == part.limit {
            written.next = Some(index);
            return Ok(ControlFlow::Break(()));
        }
        written.entries += 1;
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
