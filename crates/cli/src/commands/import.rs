//! `sayso import`: many events from a file, all or none.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

use sayso_core::event::Reference;
use sayso_core::exchange::{CheckOptions, Draft};
use sayso_core::ledger::{AppendError, NewEvent, RefusalReason};
use sayso_core::limits::{MAX_BATCH_EVENTS, MAX_IMPORT_BYTES, MAX_LINE_BYTES};

use super::append::{batch, print_notices};
use super::import_sheet;
use super::importing::{Became, Input, Wrong, append};
use crate::error::CliError;
use crate::output::{self, progress};
use crate::session::{self, Session};
use crate::transfer_args::ImportArgs;

/// The byte order mark that some programs put at the beginning of a file.
const BOM: &[u8] = b"\xef\xbb\xbf";

pub(crate) fn run(session: &Session, args: &ImportArgs) -> Result<ExitCode, CliError> {
    if args.infer {
        return import_sheet::infer(session, args);
    }
    if !args.map.is_empty() {
        return import_sheet::run(session, args);
    }
    let [file] = args.files.as_slice() else {
        return Err(CliError::usage(
            "several files are imported in one step only with --map (a mapping is named so: --map casualties.toml casualties.csv); \
             import files of JSON Lines one after another",
        ));
    };
    let options = session.check_options(false, args.imported_clock)?;
    // Opened first: a ledger that cannot be used should not cost the reading of a large file.
    let ledger = session.open()?;
    let input = Input::open(file, "a file of JSON Lines")?;
    let name = input.name.clone();
    let mut lines = read_lines(input, &options)?;
    let numbers: Vec<usize> = lines.good.iter().map(|(number, _)| *number).collect();
    let events = std::mem::take(&mut lines.good).into_iter().map(|(_, event)| event).collect();
    let batch = batch(events, &args.write)?;
    let appended = match append(&ledger, &batch, args.dry_run || !lines.bad.is_empty()) {
        Ok(appended) if lines.bad.is_empty() => appended,
        Ok(_) => return Err(lines.report(&name)),
        Err(AppendError::Refused(refusals)) => {
            // What the ledger refuses joins what could not be read: every bad line at once.
            for refusal in refusals {
                let line = numbers.get(refusal.position).copied().unwrap_or_default();
                if !lines.unreadable.explain(&refusal.reason, line) {
                    lines.bad.add(line, refusal.reason.to_string());
                }
            }
            return Err(lines.report(&name));
        }
        Err(_) if !lines.bad.is_empty() => return Err(lines.report(&name)),
        Err(e) => return Err(e.into()),
    };
    print_notices(&appended);
    let became = Became::new(&appended, args.dry_run);
    let line = |position: usize| numbers.get(position).copied().unwrap_or_default();
    if session.is_json() {
        output::json::print(&became.to_json(|at| serde_json::json!({"line": line(at)})))
    } else {
        output::print(&became.in_words(|at| format!("line {}", line(at))))
    }?;
    if !args.dry_run {
        session::index(&ledger);
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines of a file, by number.
#[derive(Default)]
struct Lines {
    good: Vec<(usize, NewEvent)>,
    bad: Wrong<usize>,
    unreadable: Unreadable,
}

/// Lines that are no events: what later lines of the file may have wanted to refer to.
#[derive(Default)]
struct Unreadable {
    /// The first line with an id, where the id can be made out.
    ids: HashMap<String, usize>,
    /// The first line whose id cannot.
    any_id: Option<usize>,
    first: Option<usize>,
}

impl Unreadable {
    fn add(&mut self, number: usize, line: &[u8]) {
        self.first.get_or_insert(number);
        let line = line.strip_prefix(BOM).unwrap_or(line);
        match serde_json::from_slice::<serde_json::Value>(line) {
            Ok(json) => {
                if let Some(id) = json.get("id").and_then(|id| id.as_str()) {
                    self.ids.entry(id.to_owned()).or_insert(number);
                }
            }
            Err(_) => {
                self.any_id.get_or_insert(number);
            }
        }
    }

    /// Whether the refusal of a line only follows from an unreadable one before it: that line's own error is reported.
    fn explain(&self, reason: &RefusalReason, line: usize) -> bool {
        let before = |at: Option<usize>| at.is_some_and(|at| at < line);
        match reason {
            RefusalReason::NoSuchEntry(Reference::Id(id)) => {
                before(self.any_id) || before(self.ids.get(id.as_str()).copied())
            }
            RefusalReason::NoSuchEntry(Reference::Content(_)) => before(self.first),
            _ => false,
        }
    }
}

impl Lines {
    fn report(&self, name: &str) -> CliError {
        self.bad.report("bad line", |number| format!("{name}:{number}"))
    }
}

/// Every line's number, and its checked event or what is wrong with it.
fn read_lines(input: Input, options: &CheckOptions) -> Result<Lines, CliError> {
    let Input { name, bytes, length } = input;
    let io = |e: std::io::Error| CliError::io(Path::new(&name), &e);
    let bar = progress::bytes(length, "reading");
    let mut input = BufReader::with_capacity(1 << 16, bar.wrap_read(bytes));
    let mut lines = Lines::default();
    if matches!(input.fill_buf().map_err(io)?, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(CliError::refused(format!(
            "{name} is in UTF-16; save it as UTF-8 and import that. Nothing was appended"
        )));
    }
    let (mut line, mut read) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        // One byte beyond the limit shows that a line is too long without holding all of it.
        let limit = MAX_LINE_BYTES as u64 + 2;
        if input.by_ref().take(limit).read_until(b'\n', &mut line).map_err(io)? == 0 {
            break;
        }
        read += line.len() as u64;
        if read > MAX_IMPORT_BYTES || lines.good.len() > MAX_BATCH_EVENTS {
            return Err(CliError::refused(format!(
                "{name} is too large for one step, which takes at most {MAX_BATCH_EVENTS} events and {MAX_IMPORT_BYTES} bytes; cut it into parts. Nothing was appended"
            )));
        }
        let cut = line.len() as u64 == limit && line.last() != Some(&b'\n');
        if cut {
            skip_line(&mut input).map_err(io)?;
        }
        let event = if cut { Err(too_long()) } else { read_line(&line, number, options) };
        match event {
            Ok(Some(event)) => lines.good.push((number, event)),
            Ok(None) => {}
            Err(message) => {
                lines.unreadable.add(number, &line);
                lines.bad.add(number, message);
            }
        }
    }
    bar.finish_and_clear();
    Ok(lines)
}

fn too_long() -> String {
    format!("the line is longer than {MAX_LINE_BYTES} bytes, far more than fits in an entry; cite a file by its hash")
}

fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (length, end) = match buffer.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(length);
        if end {
            return Ok(());
        }
    }
}

/// The event of a line; `None` for a blank one.
fn read_line(line: &[u8], number: usize, options: &CheckOptions) -> Result<Option<NewEvent>, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = if number == 1 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
    let text = std::str::from_utf8(line)
        .map_err(|e| format!("not UTF-8 text (byte {} of the line); save the file as UTF-8", e.valid_up_to() + 1))?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let draft = Draft::from_json(text).map_err(|e| e.to_string())?;
    draft.check(options).map(Some).map_err(|e| e.to_string())
}
