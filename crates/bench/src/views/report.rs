//! The report on views: targets, then the figures of each comparison.

use comfy_table::Table;

use super::questions::Kind;
use super::sqlite::WAYS;
use super::{Options, growth, plot};
use crate::measure::Results;
use crate::report::{Bound, Found, Target, median, mega, shown, table, target_table};
use crate::{Failure, Format};

/// SQLite's files.
const FILES: [&str; 2] = ["lean", "covering"];

/// The figures, as asked for.
pub(crate) fn views(results: &Results, options: &Options) -> Result<String, Failure> {
    let found = Found(results);
    if let Some(path) = &options.plot {
        plot::draw(path, &lines(&found, options))?;
    }
    if matches!(options.format, Format::Json) {
        return Ok(serde_json::to_string_pretty(results)? + "\n");
    }
    let tables = [
        target_table(targets(&found, options)),
        view_table(&found),
        way_table(&found),
        import_table(&found),
        command_table(&found),
        growth_table(&found, options),
    ];
    let head = format!(
        "{} claims, seed {}, {} rounds; {} questions of a kind in a round, {} of a whole source\n",
        options.claims,
        options.seed,
        options.rounds,
        Kind::Subject.queries(options.queries),
        Kind::Source.queries(options.queries),
    );
    Ok(tables.iter().fold(head, |out, table| out + &format!("\n{table}\n")))
}

/// SQLite's fastest way for a kind of view: the file, the way, and its seconds.
fn fastest(found: &Found<'_>, kind: Kind) -> (&'static str, &'static str, f64) {
    let all = FILES.iter().flat_map(|file| WAYS.iter().map(move |way| (*file, *way)));
    let timed = all.map(|(file, way)| (file, way, found.more(&format!("sqlite {file}, {}", kind.name()), way)));
    timed.min_by(|a, b| a.2.total_cmp(&b.2)).unwrap_or(("-", "-", f64::NAN))
}

/// How often as fast sayso is: the median over rounds, both sides of a round having run side by side.
fn times_as_fast(found: &Found<'_>, kind: Kind) -> f64 {
    let (file, way, _) = fastest(found, kind);
    let (ours, theirs) = (format!("sayso, {}", kind.name()), format!("sqlite {file}, {}", kind.name()));
    let pairs = found.all(&ours).iter().zip(found.all(&theirs));
    median(pairs.map(|(a, b)| b.more.get(way).copied().unwrap_or(f64::NAN) / a.seconds).collect())
}

fn seconds(found: &Found<'_>, name: &str) -> f64 {
    found.median(name, |f| f.seconds)
}

fn both_clocks(found: &Found<'_>, both: Kind, one: Kind) -> f64 {
    let pairs = found.all(&format!("sayso, {}", both.name())).iter().zip(found.all(&format!("sayso, {}", one.name())));
    median(pairs.map(|(a, b)| a.seconds / b.seconds).collect())
}

fn grown(claims: u64, what: &str) -> String {
    format!("growth {claims:09}, {what}")
}

fn sizes(options: &Options) -> &[u64] {
    if options.no_growth { &[] } else { &options.growth }
}

fn targets(found: &Found<'_>, options: &Options) -> Vec<Target> {
    use Bound::{AtLeast, AtMost};
    let import = |file: &str| {
        let pairs = found.all("sayso import").iter().zip(found.all(&format!("sqlite import, {file}")));
        median(pairs.map(|(a, b)| a.rate() / b.rate()).collect())
    };
    let mut targets = vec![
        ("one source as of a date / SQLite", times_as_fast(found, Kind::Source), AtLeast(10.0)),
        ("one subject as of a date / SQLite", times_as_fast(found, Kind::Subject), AtLeast(5.0)),
        ("one question as of a date / SQLite", times_as_fast(found, Kind::Question), AtLeast(5.0)),
        ("one source: time of both clocks / of one", both_clocks(found, Kind::SourceKnown, Kind::Source), AtMost(2.0)),
        (
            "one subject: time of both clocks / of one",
            both_clocks(found, Kind::SubjectKnown, Kind::Subject),
            AtMost(2.0),
        ),
        ("whole command line, s", seconds(found, "command warm, whole"), AtMost(0.3)),
        ("whole command line, files not in memory, s", seconds(found, "command cold, whole"), AtMost(0.3)),
        ("import with its index / SQLite, lean indexes", import("lean"), AtLeast(2.0)),
        ("rebuilding the index, thousand entries/s", found.rate("sayso reindex") / 1e3, AtLeast(500.0)),
    ];
    if sizes(options).len() > 1 {
        for (kind, what) in growth::KINDS.into_iter().zip(["growth, one source", "growth, one subject"]) {
            let times: Vec<f64> = sizes(options).iter().map(|n| seconds(found, &grown(*n, kind.name()))).collect();
            let (least, most) = times.iter().fold((f64::MAX, f64::MIN), |(a, b), t| (a.min(*t), b.max(*t)));
            targets.push((what, most / least, AtMost(1.5)));
        }
    }
    targets.into_iter().map(|(what, ratio, bound)| Target { what, ratio, bound }).collect()
}

fn milli(seconds: f64) -> String {
    if seconds.is_nan() { "-".into() } else { format!("{:.3}", seconds * 1e3) }
}

/// Every kind of view: sayso beside SQLite in its fastest way.
fn view_table(found: &Found<'_>) -> Table {
    let mut table = table(&[
        "view",
        "cells",
        "sayso, ms",
        "first time",
        "SQLite, ms",
        "times as fast",
        "peak MB",
        "SQLite's fastest way",
    ]);
    for kind in Kind::ALL {
        let name = format!("sayso, {}", kind.name());
        let (file, way, theirs) = fastest(found, kind);
        table.add_row([
            kind.name().to_owned(),
            format!("{:.0}", found.more(&name, "rows")),
            milli(seconds(found, &name)),
            milli(found.more(&name, "first_time_s")),
            milli(theirs),
            shown(times_as_fast(found, kind)),
            mega(found.median(&name, |f| f.peak as f64)),
            format!("{file} indexes, {way}"),
        ]);
    }
    table
}

/// SQLite in each way from each file.
fn way_table(found: &Found<'_>) -> Table {
    let mut table = table(&["SQLite, ms a call", "indexes", WAYS[0], WAYS[1], WAYS[2], WAYS[3], "peak MB"]);
    for kind in Kind::ALL {
        for file in FILES {
            let name = format!("sqlite {file}, {}", kind.name());
            let mut row = vec![kind.name().to_owned(), file.to_owned()];
            row.extend(WAYS.iter().map(|way| milli(found.more(&name, way))));
            row.push(mega(found.median(&name, |f| f.peak as f64)));
            table.add_row(row);
        }
    }
    table
}

fn import_table(found: &Found<'_>) -> Table {
    let mut table =
        table(&["import, batches of 10000 made on the fly", "claims/s", "of sayso's rate", "peak MB", "disk MB"]);
    let base = found.rate("sayso import");
    for (name, what) in [
        ("sayso import", "sayso"),
        ("sqlite import, lean", "    SQLite, lean indexes"),
        ("sqlite import, covering", "    SQLite, covering indexes"),
        ("sayso reindex", "the index rebuilt from the log: sayso"),
    ] {
        table.add_row([
            what.to_owned(),
            format!("{:.0}", found.rate(name)),
            shown(found.rate(name) / base),
            mega(found.median(name, |f| f.peak as f64)),
            mega(found.median(name, |f| f.disk as f64)),
        ]);
    }
    table
}

/// The parts are measured in another process than the whole; what is left over is arguments, printing and the time zone.
fn command_table(found: &Found<'_>) -> Table {
    let mut table =
        table(&["command line, ms", "start", "open", "look-up", "close", "print and the rest", "whole", "lines"]);
    for (name, what) in [("warm", "files in memory"), ("cold", "files not in memory")] {
        let part = |part| found.more(&format!("command {name}, parts"), part);
        let start = seconds(found, &format!("command {name}, start"));
        let whole = format!("command {name}, whole");
        let parts = [start, part("open_s"), part("lookup_s"), part("close_s")];
        let rest = seconds(found, &whole) - parts.iter().sum::<f64>();
        let mut row = vec![what.to_owned()];
        row.extend(parts.into_iter().chain([rest, seconds(found, &whole)]).map(milli));
        row.push(format!("{:.0}", found.more(&whole, "lines")));
        table.add_row(row);
    }
    table
}

fn growth_table(found: &Found<'_>, options: &Options) -> Table {
    let mut table = table(&[
        "growth, claims",
        "one source, ms",
        "cells",
        "one subject, ms",
        "cells",
        "open, ms",
        "peak MB",
        "import, claims/s",
        "disk MB",
    ]);
    for claims in sizes(options) {
        let [source, subject] = growth::KINDS.map(|kind| grown(*claims, kind.name()));
        let import = grown(*claims, "import");
        table.add_row([
            claims.to_string(),
            milli(seconds(found, &source)),
            format!("{:.0}", found.more(&source, "rows")),
            milli(seconds(found, &subject)),
            format!("{:.0}", found.more(&subject, "rows")),
            milli(found.more(&subject, "opening_s")),
            mega(found.median(&subject, |f| f.peak as f64)),
            format!("{:.0}", found.rate(&import)),
            mega(found.median(&import, |f| f.disk as f64)),
        ]);
    }
    table
}

fn lines(found: &Found<'_>, options: &Options) -> Vec<plot::Line> {
    let line = |kind: Kind| plot::Line {
        name: kind.name(),
        points: sizes(options).iter().map(|n| (*n as f64, seconds(found, &grown(*n, kind.name())))).collect(),
    };
    growth::KINDS.into_iter().map(line).collect()
}
