//! Sheets: how long a mapping takes beside plain parsing of the same file, and how long until its events are durable.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::Table;
use flate2::read::MultiGzDecoder;
use sayso_core::directory::LedgerDir;
use sayso_core::exchange::CheckOptions;
use sayso_core::ledger::{Batch, NewEvent};
use sayso_core::machine::SystemEntropy;
use sayso_core::time::{SystemClock, TimeZone};
use sayso_sheets::{Converter, Mapping, Sheet};
use serde::Serialize;

use crate::measure::temporary;
use crate::report::median;
use crate::{Failure, Format};

/// The sets, each with its mapping.
const SETS: [(&str, &str); 6] = [
    ("ukraine-mod-personnel-history.jsonl.gz", "ukraine-mod-history.toml"),
    ("ukraine-mod-equipment-history.jsonl.gz", "ukraine-mod-history.toml"),
    ("gaza-daily-history.jsonl.gz", "gaza-daily-history.toml"),
    ("ukraine-mod-orc-losses.json", "ukraine-mod-orc-losses.toml"),
    ("oryx-daily-count.csv", "oryx-daily-count.toml"),
    ("ucdp-ged-syria.csv.gz", "ucdp-ged-syria.toml"),
];

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the sets are.
    #[arg(long, default_value = "../shared/data")]
    data: PathBuf,
    /// Where their mappings are.
    #[arg(long, default_value = "examples/mappings")]
    mappings: PathBuf,
    /// Rounds; medians are shown.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Where to put the ledgers, in a directory of its own that is removed at the end [default: the system's].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// How to print the figures.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Medians for one set, in seconds.
#[derive(Serialize)]
struct Figures {
    set: &'static str,
    events: usize,
    /// The file unpacked and parsed by the parsers' own crates, and dropped.
    parsing: f64,
    /// The same file through its mapping, up to checked events.
    mapping: f64,
    /// Those events appended to an empty ledger on disk in one step, durable.
    appending: f64,
}

impl Figures {
    /// Claims a second, from the file to a durable ledger, with the time of plain parsing taken off.
    fn beyond_parsing(&self) -> f64 {
        self.events as f64 / (self.mapping + self.appending - self.parsing).max(f64::EPSILON)
    }
}

/// Measures and prints.
pub(crate) fn report(options: &Options) -> Result<String, Failure> {
    let mut all = Vec::new();
    for (set, mapping) in SETS {
        let file = options.data.join(set);
        if !file.is_file() {
            return Err(format!("{} is not there; name the directory of the sets with --data", file.display()).into());
        }
        all.push(measure(set, &file, &options.mappings.join(mapping), options)?);
    }
    if matches!(options.format, Format::Json) {
        return Ok(serde_json::to_string(&all)? + "\n");
    }
    let mut table = Table::new();
    table.set_header([
        "set",
        "events",
        "plain parsing",
        "mapping",
        "ratio",
        "appending",
        "events/s, all",
        "events/s beyond parsing",
    ]);
    for f in &all {
        let ms = |s: f64| format!("{:.1} ms", s * 1e3);
        table.add_row([
            f.set.to_owned(),
            f.events.to_string(),
            ms(f.parsing),
            ms(f.mapping),
            format!("{:.1}", f.mapping / f.parsing),
            ms(f.appending),
            format!("{:.0} k", f.events as f64 / (f.mapping + f.appending) / 1e3),
            format!("{:.0} k", f.beyond_parsing() / 1e3),
        ]);
    }
    Ok(format!("{table}\nMedians of {} rounds.\n", options.rounds))
}

fn measure(set: &'static str, file: &Path, mapping: &Path, options: &Options) -> Result<Figures, Failure> {
    let mapping = Mapping::parse(&std::fs::read_to_string(mapping)?, &mapping.display().to_string())?;
    let dir = temporary(options.dir.as_deref())?;
    let [mut parsing, mut converting, mut appending] = [vec![], vec![], vec![]];
    let mut events = 0;
    for round in 0..options.rounds.max(1) {
        let started = Instant::now();
        parse(file, set)?;
        parsing.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        let converted = convert(file, set, &mapping)?;
        converting.push(started.elapsed().as_secs_f64());
        events = converted.len();
        let ledger = LedgerDir::create(&dir.path().join(round.to_string()), SystemClock, SystemEntropy)?;
        let batch = Batch { events: converted, ..Batch::default() };
        let started = Instant::now();
        ledger.append(&batch)?;
        appending.push(started.elapsed().as_secs_f64());
    }
    Ok(Figures { set, events, parsing: median(parsing), mapping: median(converting), appending: median(appending) })
}

/// Plain parsing: every cell read as text, or every line as JSON, by the crates that are made for it.
fn parse(file: &Path, set: &str) -> Result<u64, Failure> {
    let raw = File::open(file)?;
    let input: Box<dyn Read> = if set.ends_with(".gz") { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };
    let mut cells = 0;
    if set.contains(".csv") {
        let mut reader = csv::Reader::from_reader(input);
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            cells += record.len() as u64;
        }
    } else if set.contains(".jsonl") {
        for line in BufReader::new(input).lines() {
            let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line?)?;
            cells += row.len() as u64;
        }
    } else {
        let mut text = Vec::new();
        BufReader::new(input).read_to_end(&mut text)?;
        let rows: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_slice(&text)?;
        cells = rows.iter().map(|row| row.len() as u64).sum();
    }
    Ok(cells)
}

fn convert(file: &Path, set: &str, mapping: &Mapping) -> Result<Vec<NewEvent>, Failure> {
    let failed = |e: sayso_sheets::SheetError| format!("{set}: {e:?}");
    let sheet = Sheet::open(File::open(file)?, set, mapping.options()).map_err(failed)?;
    let options = CheckOptions { zone: TimeZone::UTC, numbers: false, imported_clock: true, recorder: None };
    let (mut events, mut wrong) = (Vec::new(), None);
    let run = Converter::new(mapping, set, TimeZone::UTC).run(
        sheet,
        |draft| draft.check(&options),
        |_, event| match event {
            Ok(event) => events.push(event),
            Err(message) => wrong = Some(message),
        },
    );
    run.map_err(failed)?;
    if let Some(message) = wrong {
        return Err(format!("{set}: {message}").into());
    }
    if mapping.is_by_recorded() {
        events.sort_by_key(|e| e.recorded);
    }
    Ok(events)
}
