//! The report: figures as tables of rates, ratios and targets, or as JSON.

use comfy_table::{CellAlignment, Table, presets};

use crate::measure::{BATCH, Results};
use crate::phase::Figures;
use crate::{Failure, Format, Options};

/// A ratio that the project has promised.
pub(crate) struct Target {
    pub(crate) what: &'static str,
    /// The best estimate of it.
    pub(crate) ratio: f64,
    /// The least or the most that it may be.
    pub(crate) bound: Bound,
}

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(b) => value >= b,
            Self::AtMost(b) => value <= b,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(b) => write!(f, ">= {b:.1}"),
            Self::AtMost(b) => write!(f, "<= {b:.1}"),
        }
    }
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    f64::midpoint(at(low), at(high))
}

/// Looks figures up by the names that `measure` gave them.
pub(crate) struct Found<'a>(pub(crate) &'a Results);

impl Found<'_> {
    pub(crate) fn all(&self, name: &str) -> &[Figures] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn median(&self, name: &str, of: impl Fn(&Figures) -> f64) -> f64 {
        median(self.all(name).iter().map(of).collect())
    }

    pub(crate) fn rate(&self, name: &str) -> f64 {
        self.median(name, Figures::rate)
    }

    pub(crate) fn more(&self, name: &str, what: &str) -> f64 {
        self.median(name, |f| f.more.get(what).copied().unwrap_or(f64::NAN))
    }

    /// The median over rounds of the ratio of two rates, each pair measured side by side.
    fn ratio(&self, name: &str, rival: &str) -> f64 {
        median(self.all(name).iter().zip(self.all(rival)).map(|(a, b)| a.rate() / b.rate()).collect())
    }

    fn targets(&self) -> Vec<Target> {
        use Bound::{AtLeast, AtMost};
        let ratio = |name, rival| self.ratio(name, rival);
        let peak = self.median("sayso audit", |f| f.peak as f64) / 1e6;
        let disk = |name| self.median(name, |f| f.disk as f64);
        let mut targets = vec![
            ("import, batches / SQLite", ratio("sayso import, batches", "sqlite import, batches"), AtLeast(1.5)),
            (
                "import, batches / SQLite put off",
                ratio("sayso import, batches", "sqlite put off, batches"),
                AtLeast(1.5),
            ),
            ("import, one batch / SQLite", ratio("sayso import, one batch", "sqlite import, one batch"), AtLeast(1.5)),
            (
                "import, one batch / SQLite put off",
                ratio("sayso import, one batch", "sqlite put off, one batch"),
                AtLeast(1.5),
            ),
            ("audit / SQLite's scan and chain check", ratio("sayso audit", "sqlite audit"), AtLeast(1.5)),
            ("audit / hashing limit", ratio("sayso audit", "hashing"), AtLeast(0.4)),
            (
                "single append, empty / bare write + fdatasync",
                ratio("sayso singles, empty", "bare singles"),
                AtLeast(0.5),
            ),
            (
                "single append, full / bare write + fdatasync",
                ratio("sayso singles, full", "bare singles again"),
                AtLeast(0.5),
            ),
            ("16 threads / one", ratio("sayso threads", "sayso singles, full"), AtLeast(4.0)),
            ("memory of audit, MB", peak, AtMost(300.0)),
        ];
        let by_disk = disk("sayso import, batches") / disk("sqlite import, batches");
        targets.push(("disk / SQLite's file, batches", by_disk, AtMost(1.0)));
        let by_disk = disk("sayso import, one batch") / disk("sqlite import, one batch");
        targets.push(("disk / SQLite's file, one batch", by_disk, AtMost(1.0)));
        targets.into_iter().map(|(what, ratio, bound)| Target { what, ratio, bound }).collect()
    }
}

pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

pub(crate) fn mega(bytes: f64) -> String {
    if bytes > 0.0 { format!("{:.0}", bytes / 1e6) } else { "-".into() }
}

pub(crate) fn shown(ratio: f64) -> String {
    if ratio.is_nan() {
        "-".into()
    } else if ratio < 0.1 {
        format!("{ratio:.4}")
    } else if ratio < 10.0 {
        format!("{ratio:.2}")
    } else {
        format!("{ratio:.0}")
    }
}

/// The comparison, as asked for.
pub(crate) fn comparison(results: &Results, options: &Options) -> Result<String, Failure> {
    if matches!(options.format, Format::Json) {
        return Ok(serde_json::to_string_pretty(results)? + "\n");
    }
    let found = Found(results);
    let mut out = format!(
        "{} claims, seed {}; a body is {:.0} bytes (as columns {:.0}), a note {:.0}; notes shrink to 1/{:.1} under zstd -3\n\n",
        options.claims,
        options.seed,
        found.more("corpus", "body_bytes"),
        found.more("corpus", "column_bytes"),
        found.more("corpus", "note_bytes"),
        found.more("corpus", "note_zstd3_ratio"),
    );
    out += &format!("{}\n\n{}\n", target_table(found.targets()), figure_table(&found));
    Ok(out)
}

/// What was promised, and what came of it.
pub(crate) fn target_table(targets: Vec<Target>) -> Table {
    let mut table = table(&["target", "measured", "wanted", ""]);
    for Target { what, ratio, bound } in targets {
        let verdict = if bound.is_met(ratio) { "met" } else { "MISSED" };
        table.add_row([what.to_owned(), shown(ratio), bound.to_string(), verdict.to_owned()]);
    }
    table
}

/// Every phase: name, the one it is compared with, what it is.
fn figure_table(found: &Found<'_>) -> Table {
    let batches = format!("batches of {BATCH}");
    let rows: [(&str, String, &str); 26] = [
        ("sayso import, batches", format!("import, {batches}: sayso"), "sayso import, batches"),
        ("sqlite import, batches", "SQLite".into(), "sayso import, batches"),
        ("sqlite put off, batches", "SQLite, its checkpoint put off".into(), "sayso import, batches"),
        ("bare import, batches", "limit: write + fdatasync".into(), "sayso import, batches"),
        ("sayso import, one batch", "import, one batch: sayso".into(), "sayso import, one batch"),
        ("sqlite import, one batch", "SQLite".into(), "sayso import, one batch"),
        ("sqlite put off, one batch", "SQLite, its checkpoint put off".into(), "sayso import, one batch"),
        ("bare import, one batch", "limit: write + fdatasync".into(), "sayso import, one batch"),
        ("sayso index", "the index of views, after it".into(), "sayso import, batches"),
        ("sayso stream", format!("import, {batches} made on the fly: sayso"), "sayso stream"),
        ("sqlite stream", "SQLite".into(), "sayso stream"),
        ("git import", "git fast-import, one commit each".into(), "sayso import, batches"),
        ("sayso audit", "audit: sayso".into(), "sayso audit"),
        ("sqlite audit", "SQLite, scan + chain".into(), "sayso audit"),
        ("git fsck", "git fsck --full".into(), "sayso audit"),
        ("hashing", "limit: both hashes, all cores".into(), "sayso audit"),
        ("sayso singles, empty", "single append, empty: sayso".into(), "sayso singles, empty"),
        ("sqlite singles, empty", "SQLite".into(), "sayso singles, empty"),
        ("bare singles", "limit: write + fdatasync".into(), "sayso singles, empty"),
        ("sayso singles, full", "single append, full: sayso".into(), "sayso singles, full"),
        ("sqlite singles, full", "SQLite".into(), "sayso singles, full"),
        ("bare singles again", "limit: write + fdatasync".into(), "sayso singles, full"),
        ("git singles", "git fast-import + checkpoint".into(), "sayso singles, full"),
        ("sayso threads", "16 threads, full: sayso".into(), "sayso threads"),
        ("sayso singles, full", "one thread".into(), "sayso threads"),
        ("bare singles again", "limit, one thread".into(), "sayso threads"),
    ];
    let mut table = table(&["what", "claims/s", "of sayso's rate", "peak MB", "of it corpus", "disk MB"]);
    for (name, what, base) in rows {
        if found.all(name).is_empty() {
            continue;
        }
        let rounds = found.all(name).len() == found.all(base).len();
        let ratio = if rounds { found.ratio(name, base) } else { found.rate(name) / found.rate(base) };
        let what = if name == base { what } else { format!("    {what}") };
        table.add_row([
            what,
            format!("{:.0}", found.rate(name)),
            shown(ratio),
            mega(found.median(name, |f| f.peak as f64)),
            mega(found.median(name, |f| f.before as f64)),
            mega(found.median(name, |f| f.disk as f64)),
        ]);
    }
    table
}

/// The bundles, as asked for.
pub(crate) fn bundles(results: &Results, options: &Options) -> Result<String, Failure> {
    if matches!(options.format, Format::Json) {
        return Ok(serde_json::to_string_pretty(results)? + "\n");
    }
    let mut table =
        table(&["entries, codec", "stored bytes/entry", "append k/s", "scan k/s", "memory of scan, MB", "blobs"]);
    for (name, figures) in results {
        let [append, scan] = figures.as_slice() else { continue };
        table.add_row([
            name.clone(),
            format!("{:.0}", append.disk as f64 / append.claims as f64),
            format!("{:.0}", append.rate() / 1e3),
            format!("{:.0}", scan.rate() / 1e3),
            mega(scan.peak as f64),
            format!("{:.0}", append.more.get("blobs").copied().unwrap_or_default()),
        ]);
    }
    Ok(format!("{table}\n"))
}
