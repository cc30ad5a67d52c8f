//! `sayso import --map` and `--infer`: the rows of sheets as events, all or none.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use sayso_core::exchange::{CheckOptions, Draft};
use sayso_core::ledger::{AppendError, Appended, NewEvent, RefusalReason};
use sayso_core::limits::{MAX_BATCH_EVENTS, MAX_IMPORT_BYTES};
use sayso_sheets::{Converter, Counts, Mapping, Place, Sheet, SheetError, WordsAmongFigures};

use super::append::batch;
use super::importing::{Became, Input, Wrong, append};
use crate::error::CliError;
use crate::output::table::escape;
use crate::output::{self, progress};
use crate::session::{self, Session};
use crate::transfer_args::ImportArgs;

/// Events that a dry run shows.
const SHOWN: usize = 3;
/// Words in columns of figures that are shown.
const WORDS_SHOWN: usize = 5;

pub(crate) fn run(session: &Session, args: &ImportArgs) -> Result<ExitCode, CliError> {
    let mappings: Vec<Mapping> = args.map.iter().map(|path| load(path)).collect::<Result<_, _>>()?;
    if mappings.len() > 1 && mappings.len() != args.files.len() {
        return Err(CliError::usage(format!(
            "there are {} mappings for {} files; give one --map for all of them, or one for each in their order",
            mappings.len(),
            args.files.len()
        )));
    }
    let imported_clock = args.imported_clock || mappings.iter().any(Mapping::has_imported_clock);
    let options = session.check_options(false, imported_clock)?;
    // Opened first: a ledger that cannot be used should not cost the reading of a large file.
    let ledger = session.open()?;
    let mut found = Found::default();
    for (file, mapping) in args.files.iter().zip(mappings.iter().cycle()) {
        found.read(file, mapping, &options, args.dry_run)?;
    }
    // Histories that are brought in together are one history: by the times at which their keepers recorded.
    if mappings.iter().any(Mapping::is_by_recorded) || (imported_clock && args.files.len() > 1) {
        found.events.sort_by_key(|(_, event)| (event.recorded.is_none(), event.recorded));
    }
    let (spots, events): (Vec<Spot>, Vec<NewEvent>) = std::mem::take(&mut found.events).into_iter().unzip();
    let batch = batch(events, &args.write)?;
    let appended = match append(&ledger, &batch, args.dry_run || !found.bad.is_empty()) {
        Ok(appended) if found.bad.is_empty() => appended,
        Ok(_) => return Err(found.report(session)),
        Err(AppendError::Refused(refusals)) => {
            let had_bad = !found.bad.is_empty();
            let mut late = 0;
            for refusal in refusals {
                // One row that comes too early in time says it for all that do.
                if let RefusalReason::ClockBackwards { .. } = refusal.reason {
                    late += 1;
                    if late > 1 {
                        continue;
                    }
                }
                // What points at a row that could not be read is not wrong itself.
                let follows = had_bad && matches!(refusal.reason, RefusalReason::NoSuchEntry(_));
                if let Some(spot) = spots.get(refusal.position).filter(|_| !follows) {
                    found.bad.add(*spot, format!("row {}: {}", spot.place.row, refusal.reason));
                }
            }
            if late > 1 {
                found.too_early(late);
            }
            return Err(found.report(session));
        }
        Err(_) if !found.bad.is_empty() => return Err(found.report(session)),
        Err(e) => return Err(e.into()),
    };
    found.tell(session, &spots, &appended, args.dry_run)?;
    if !args.dry_run {
        session::index(&ledger);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a mapping made from a look at a sheet.
pub(crate) fn infer(session: &Session, args: &ImportArgs) -> Result<ExitCode, CliError> {
    let [path] = args.files.as_slice() else {
        return Err(CliError::usage("--infer looks at one file at a time"));
    };
    let name = path.display().to_string();
    // Opening a pipe again would wait for somebody to write into it again.
    let is_stream = std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if path == Path::new("-") || is_stream {
        return Err(CliError::usage("--infer reads the file more than once; save it and name it"));
    }
    let open = || -> std::io::Result<Box<dyn Read>> {
        Ok(Box::new(Limited { inner: File::open(path)?, left: MAX_IMPORT_BYTES }))
    };
    let waiting = progress::spinner("looking");
    let inferred = sayso_sheets::infer(&open, &name, &session.zone);
    waiting.finish_and_clear();
    let mapping = inferred.map_err(|e| sheet_error(&name, e))?;
    if session.is_json() {
        return output::json::print(&serde_json::json!({"mapping": mapping})).map(|()| ExitCode::SUCCESS);
    }
    output::print(&mapping)?;
    Ok(ExitCode::SUCCESS)
}

fn load(path: &Path) -> Result<Mapping, CliError> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|e| CliError::io(path, &e))?;
    let text = String::from_utf8(text)
        .map_err(|_| CliError::refused(format!("{name} is not UTF-8 text; save it as UTF-8. Nothing was read")))?;
    Mapping::parse(&text, &name).map_err(|e| {
        let count = e.problems.len();
        let mistakes = if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") };
        CliError::refused(format!("{mistakes} in the mapping, so nothing was read:\n{e}"))
    })
}

/// A file that is refused, and not cut, where it is longer than an import may be.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let message = format!("the file is longer than {MAX_IMPORT_BYTES} bytes; cut it into parts");
            std::io::Error::new(std::io::ErrorKind::InvalidData, message)
        })?;
        Ok(read)
    }
}

/// A row of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    file: usize,
    place: Place,
}

/// What was found in the files.
#[derive(Default)]
struct Found {
    files: Vec<(String, Counts)>,
    events: Vec<(Spot, NewEvent)>,
    bad: Wrong<Spot>,
    /// The first events of a dry run, in the exchange form.
    first: Vec<(Spot, Draft)>,
}

impl Found {
    fn read(&mut self, path: &Path, mapping: &Mapping, options: &CheckOptions, dry_run: bool) -> Result<(), CliError> {
        let Input { name, bytes, length } = Input::open(path, "a file")?;
        let bar = progress::bytes(length, "reading");
        let input = bar.wrap_read(Limited { inner: bytes, left: MAX_IMPORT_BYTES });
        let sheet = Sheet::open(input, &name, mapping.options()).map_err(|e| sheet_error(&name, e))?;
        let file = self.files.len();
        self.files.push((name.clone(), Counts::default()));
        let mut drafts = Vec::new();
        let check = |draft: Draft| {
            if dry_run && drafts.len() < SHOWN {
                drafts.push(draft.clone());
            }
            draft.check(options)
        };
        let mut spots = Vec::new();
        let counts = Converter::new(mapping, &name, options.zone).run(sheet, check, |place, event| {
            let spot = Spot { file, place };
            if spots.len() < SHOWN {
                spots.push(spot);
            }
            match event {
                Ok(event) if self.events.len() <= MAX_BATCH_EVENTS => self.events.push((spot, event)),
                Ok(_) => {}
                Err(message) => self.bad.add(spot, message),
            }
        });
        bar.finish_and_clear();
        if self.events.len() > MAX_BATCH_EVENTS {
            return Err(CliError::refused(format!(
                "{name} is too large for one step, which takes at most {MAX_BATCH_EVENTS} events; cut it into parts. Nothing was appended"
            )));
        }
        let room = SHOWN.saturating_sub(self.first.len());
        self.first.extend(spots.into_iter().zip(drafts).take(room));
        match (counts, self.files.last_mut()) {
            (Ok(counts), Some((_, place))) => *place = counts,
            (Ok(_), None) => {}
            // What is wrong with single rows may say why the file as a whole cannot be read.
            (Err(SheetError::File { line, message }), _) if !self.bad.is_empty() => {
                self.bad.add(Spot { file, place: Place { row: u64::MAX, line } }, message);
            }
            (Err(e), _) => return Err(sheet_error(&name, e)),
        }
        Ok(())
    }

    /// Adds to the message of the only row that is named for its recorded time how many there are, and what helps.
    fn too_early(&mut self, rows: usize) {
        if let Some((_, message)) = self.bad.first.iter_mut().find(|(_, m)| m.contains("its recorded time")) {
            message.push_str(&format!(
                " together with the others: sayso import --map A --map B FILE-A FILE-B. {} more rows are too early",
                rows - 1
            ));
        }
    }

    fn spot(&self, spot: Spot) -> String {
        let name = self.files.get(spot.file).map_or("", |(name, _)| name.as_str());
        spot.place.line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"))
    }

    /// A row by its number; of several files, also by its file.
    fn row(&self, spot: Option<&Spot>) -> String {
        let Some(spot) = spot else { return String::new() };
        let file = self.files.get(spot.file).filter(|_| self.files.len() > 1);
        let of = file.map(|(name, _)| format!(" of {name}")).unwrap_or_default();
        format!("row {}{of}", spot.place.row)
    }

    fn spot_json(&self, spot: &Spot) -> serde_json::Map<String, serde_json::Value> {
        let file = self.files.get(spot.file).map(|(name, _)| name.as_str());
        let fields = [("file", file.into()), ("row", spot.place.row.into()), ("line", spot.place.line.into())];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    /// All that is wrong, as one error. A dry run's first events come before it.
    fn report(&self, session: &Session) -> CliError {
        if !session.is_json()
            && !self.first.is_empty()
            && let Err(e) = output::print(&self.first_events())
        {
            return e;
        }
        self.bad.report("error", |spot| self.spot(*spot))
    }

    fn first_events(&self) -> String {
        let mut text = String::from("The first events, in the exchange form:\n");
        for (spot, draft) in &self.first {
            text.push_str(&format!("{} row {}: {}\n", self.spot(*spot), spot.place.row, draft.to_json()));
        }
        text
    }

    fn tell(&self, session: &Session, spots: &[Spot], appended: &Appended, dry_run: bool) -> Result<(), CliError> {
        if !appended.notices.is_empty() {
            // One line for each, as for single corrections, would be as long as the sheet.
            eprintln!(
                "sayso: note: {} corrections take the place of earlier corrections of the same entries",
                appended.notices.len()
            );
        }
        let became = Became::new(appended, dry_run);
        if session.is_json() {
            let first: Vec<_> = (self.first.iter())
                .map(|(spot, draft)| {
                    let mut first = self.spot_json(spot);
                    first.insert("event".into(), serde_json::json!(draft));
                    first
                })
                .collect();
            let sheets: Vec<_> = self.files.iter().map(|(name, counts)| counts_json(name, counts)).collect();
            let mut told = became.to_json(|at| spots.get(at).map(|spot| self.spot_json(spot)).into());
            if let Some(told) = told.as_object_mut() {
                told.insert("sheets".into(), sheets.into());
                told.insert("first".into(), if dry_run { first.into() } else { serde_json::Value::Null });
            }
            return output::json::print(&told);
        }
        let mut text = if dry_run && !self.first.is_empty() { self.first_events() } else { String::new() };
        for (name, counts) in &self.files {
            text.push_str(&in_words(name, counts));
        }
        text.push_str(&became.in_words(|at| self.row(spots.get(at))));
        output::print(&text)
    }
}

fn counts_json(name: &str, counts: &Counts) -> serde_json::Value {
    let made: serde_json::Map<String, serde_json::Value> =
        counts.events.iter().filter(|(_, n)| *n > 0).map(|(kind, n)| ((*kind).to_owned(), (*n).into())).collect();
    let skipped: Vec<_> =
        counts.skipped.iter().map(|(why, rows)| serde_json::json!({"why": why, "rows": rows})).collect();
    let words: Vec<_> = (counts.words.iter())
        .map(|w| {
            let cell = |(row, cell): &(u64, String)| serde_json::json!({"row": row, "cell": cell});
            serde_json::json!({"column": w.column, "cells": w.cells, "first": w.first.iter().map(cell).collect::<Vec<_>>()})
        })
        .collect();
    serde_json::json!({
        "file": name, "rows": counts.rows, "blank": counts.blank, "skipped": skipped, "unused": counts.unused,
        "unused_rows": counts.unused_rows, "empty": counts.empty, "again": counts.again, "events": made, "words": words,
    })
}

/// What became of the rows of a file.
fn in_words(name: &str, counts: &Counts) -> String {
    let plural = |n: u64, word: &str| match (n, word) {
        (1, word) => format!("1 {word}"),
        (n, "alias") => format!("{n} aliases"),
        (n, word) => format!("{n} {word}s"),
    };
    let made: Vec<String> = counts.events.iter().filter(|(_, n)| *n > 0).map(|(kind, n)| plural(*n, kind)).collect();
    let made = if made.is_empty() { "no events".to_owned() } else { made.join(", ") };
    let mut text = format!("{name}: {}, {made}.\n", plural(counts.rows, "row"));
    for (why, rows) in counts.skipped.iter().filter(|(_, rows)| *rows > 0) {
        text.push_str(&format!("  {} left out: {why}\n", plural(*rows, "row")));
    }
    let rows: Vec<String> = counts.unused_rows.iter().map(|row| format!("row {row}")).collect();
    let more = if counts.unused > counts.unused_rows.len() as u64 { ", ..." } else { "" };
    let unused = format!("of which no rule makes anything: {}{more}", rows.join(", "));
    let others = [
        (counts.unused, "row", unused.as_str()),
        (counts.empty, "event", "not made, because the value is empty"),
        (counts.again, "event", "not made, because an earlier row had made it"),
        (counts.blank, "row", "without any text"),
    ];
    for (n, word, what) in others.into_iter().filter(|(n, ..)| *n > 0) {
        text.push_str(&format!("  {} {what}\n", plural(n, word)));
    }
    text.push_str(&words_among_figures(&counts.words));
    text
}

/// The cells that came in as words where most are figures, in one line for all columns.
fn words_among_figures(words: &[WordsAmongFigures]) -> String {
    let cells: u64 = words.iter().map(|w| w.cells).sum();
    let shown: Vec<String> = (words.iter())
        .flat_map(|w| {
            w.first.iter().map(|(row, cell)| format!("\"{}\" (row {row}, {})", escape(cell), escape(&w.column)))
        })
        .take(WORDS_SHOWN)
        .collect();
    let more = if cells > shown.len() as u64 { ", ..." } else { "" };
    let (many, columns) = (if cells == 1 { "" } else { "s" }, if words.len() == 1 { "a column" } else { "columns" });
    match cells {
        0 => String::new(),
        _ => format!("  {cells} cell{many} in {columns} of figures came in as words: {}{more}\n", shown.join(", ")),
    }
}

fn sheet_error(name: &str, e: SheetError) -> CliError {
    match e {
        SheetError::Io(e) => CliError::io(Path::new(name), &e),
        SheetError::Row { row, line, message } => {
            sheet_error(name, SheetError::File { line, message: format!("row {row} {message}") })
        }
        SheetError::File { line, message } => {
            let at = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
            CliError::refused(format!("{at}: {message}. Nothing was appended"))
        }
    }
}
