//! `sayso import`: many events from a file, all or none.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

use sayso_core::event::Reference;
use sayso_core::exchange::{CheckOptions, Draft};
use sayso_core::ledger::{AppendError, Appended, NewEvent, Outcome, RefusalReason};
use sayso_core::limits::{MAX_BATCH_EVENTS, MAX_IMPORT_BYTES, MAX_LINE_BYTES};

use super::append::{batch, print_notices};
use super::import_sheet;
use crate::args::ImportArgs;
use crate::error::CliError;
use crate::output::table::escape;
use crate::output::{self, progress};
use crate::session::{self, Session};

/// The byte order mark that some programs put at the beginning of a file.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// Bad lines reported before the rest is left out.
pub(super) const MAX_REPORTED: usize = 100;
/// Characters of one line's message: it may quote what was given, and that may be a whole article.
const MAX_MESSAGE: usize = 500;

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
    let name = if file == Path::new("-") { "<stdin>".into() } else { file.display().to_string() };
    let options = session.check_options(false, args.imported_clock)?;
    // Opened first: a ledger that cannot be used should not cost the reading of a large file.
    let ledger = session.open()?;
    let mut lines = read_lines(file, &name, &options)?;
    let numbers: Vec<usize> = lines.good.iter().map(|(number, _)| *number).collect();
    let events = std::mem::take(&mut lines.good).into_iter().map(|(_, event)| event).collect();
    let batch = batch(events, &args.write)?;
    let only_check = args.dry_run || lines.bad_count > 0;
    let waiting = progress::spinner(if only_check { "checking" } else { "appending" });
    let result = if only_check { ledger.check(&batch) } else { ledger.append(&batch) };
    waiting.finish_and_clear();
    let appended = match result {
        Ok(appended) if lines.bad_count == 0 => appended,
        Ok(_) => return Err(lines.report(&name)),
        Err(AppendError::Refused(refusals)) => {
            // What the ledger refuses joins what could not be read: every bad line at once.
            for refusal in refusals {
                let line = numbers.get(refusal.position).copied().unwrap_or_default();
                if !lines.unreadable.explain(&refusal.reason, line) {
                    lines.add_bad(line, refusal.reason.to_string());
                }
            }
            return Err(lines.report(&name));
        }
        Err(_) if lines.bad_count > 0 => return Err(lines.report(&name)),
        Err(e) => return Err(e.into()),
    };
    report(session, &appended, args.dry_run)?;
    if !args.dry_run {
        session::index(&ledger);
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines of a file, by number.
#[derive(Default)]
struct Lines {
    good: Vec<(usize, NewEvent)>,
    bad: Vec<(usize, String)>,
    bad_count: usize,
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
    fn add_bad(&mut self, number: usize, message: String) {
        self.bad_count += 1;
        // In order: of two kinds of bad line, either may come first.
        let at = self.bad.partition_point(|(n, _)| *n <= number);
        self.bad.insert(at, (number, message));
        self.bad.truncate(MAX_REPORTED);
    }

    fn report(self, name: &str) -> CliError {
        bad_lines(name, self.bad, self.bad_count)
    }
}

/// Every line's number, and its checked event or what is wrong with it.
fn read_lines(file: &Path, name: &str, options: &CheckOptions) -> Result<Lines, CliError> {
    let io = |e: std::io::Error| CliError::io(Path::new(name), &e);
    let (input, bytes): (Box<dyn Read>, Option<u64>) = if name == "<stdin>" {
        (Box::new(std::io::stdin().lock()), None)
    } else {
        let file = File::open(file).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(CliError::failed(format!("{name} is a directory; name a file of JSON Lines")));
        }
        (Box::new(file), Some(metadata.len()))
    };
    let bar = progress::bytes(bytes, "reading");
    let mut input = BufReader::with_capacity(1 << 16, bar.wrap_read(input));
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
                lines.add_bad(number, message);
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

/// One line of reasonable length.
pub(super) fn shorten(message: &str) -> String {
    let mut shown: String = message.chars().take(MAX_MESSAGE).collect();
    if shown.len() < message.len() {
        shown.push('…');
    }
    escape(&shown)
}

fn bad_lines(name: &str, bad: Vec<(usize, String)>, count: usize) -> CliError {
    let left_out = count - bad.len();
    let mut message: Vec<String> =
        bad.into_iter().map(|(line, what)| format!("{name}:{line}: {}", shorten(&what))).collect();
    if left_out > 0 {
        message.push(format!("... and {left_out} more"));
    }
    let lines = if count == 1 { "1 bad line".to_owned() } else { format!("{count} bad lines") };
    message.insert(0, format!("{lines}, so nothing was appended:"));
    CliError::refused(message.join("\n"))
}

fn report(session: &Session, appended: &Appended, dry_run: bool) -> Result<(), CliError> {
    print_notices(appended);
    let fresh = appended.outcomes.iter().filter(|o| matches!(o, Outcome::Appended(_))).count();
    let there = appended.outcomes.len() - fresh;
    if session.is_json() {
        // After a dry run the head is the present one: what it would be depends on salts not drawn yet.
        let head = (!dry_run).then(|| output::json::head(appended.head));
        return output::json::print(&serde_json::json!({
            "appended": fresh, "already_there": there, "dry_run": dry_run, "head": head,
        }));
    }
    output::print(&if dry_run {
        format!("{fresh} would be appended, {there} already there. Nothing was written.\n")
    } else {
        format!("{fresh} appended, {there} already there.\nReceipt: {}\n", appended.head)
    })
}
