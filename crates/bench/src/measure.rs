//! The order of measuring: which phases run after which, round by round, so that what is compared runs side by side.

use std::collections::BTreeMap;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::phase::{Figures, Phase, Task, run};
use crate::{Failure, Options, bundles};

/// Claims made durable together in the import by batches.
pub(crate) const BATCH: u64 = 10_000;
/// Rounds of single appends, which drift more than anything else.
const SINGLE_ROUNDS: u64 = 5;
/// Single appends that git is given.
const GIT_SINGLES: u64 = 100;

/// The figures of every phase, by name, one for each round.
pub(crate) type Results = BTreeMap<String, Vec<Figures>>;

/// Runs phases and keeps what they found.
struct Runner<'a> {
    dir: &'a Path,
    seed: u64,
    progress: ProgressBar,
    results: Results,
}

impl Runner<'_> {
    fn run(
        &mut self,
        name: &str,
        phase: Phase,
        store: &str,
        first: u64,
        count: u64,
        batch: u64,
    ) -> Result<(), Failure> {
        self.progress.set_message(name.to_owned());
        let at = self.dir.join(store);
        let task = Task { first, batch, ..Task::new(phase, at, self.seed, count) };
        self.results.entry(name.to_owned()).or_default().push(run(&task)?);
        self.progress.inc(1);
        Ok(())
    }

    fn remove(&self, store: &str) -> Result<(), Failure> {
        remove(self.dir, store)
    }
}

/// Removes a store: a ledger's directory, or SQLite's files.
pub(crate) fn remove(dir: &Path, store: &str) -> Result<(), Failure> {
    let path = dir.join(store);
    if path.is_dir() {
        std::fs::remove_dir_all(&path)?;
    }
    for file in [path, dir.join(format!("{store}-wal")), dir.join(format!("{store}-shm"))] {
        if file.is_file() {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// A directory for the data, removed when this is dropped.
pub(crate) fn temporary(dir: Option<&Path>) -> Result<tempfile::TempDir, Failure> {
    let builder = tempfile::Builder::new().prefix("sayso-bench-").to_owned();
    Ok(match dir {
        Some(dir) => builder.tempdir_in(dir)?,
        None => builder.tempdir()?,
    })
}

/// A bar that shows how far the run is.
pub(crate) fn progress(steps: u64) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{pos}/{len} {wide_bar} {elapsed} {msg}")?;
    Ok(ProgressBar::new(steps).with_style(style))
}

/// Everything but the bundles.
pub(crate) fn comparison(options: &Options) -> Result<Results, Failure> {
    let dir = temporary(options.dir.as_deref())?;
    let steps = 2 + 13 * options.rounds + 7 * SINGLE_ROUNDS + 4;
    let mut r = Runner { dir: dir.path(), seed: options.seed, progress: progress(steps)?, results: Results::new() };
    let all = options.claims;
    r.run("corpus", Phase::Corpus, "none", 0, all.min(100_000), 1)?;

    for _ in 0..options.rounds {
        for (way, batch) in [("one batch", all), ("batches", BATCH)] {
            for store in ["ledger", "table", "put-off", "bare"] {
                r.remove(store)?;
            }
            r.run(&format!("sayso import, {way}"), Phase::SaysoImport, "ledger", 0, all, batch)?;
            r.run(&format!("sqlite import, {way}"), Phase::SqliteImport, "table", 0, all, batch)?;
            r.run(&format!("sqlite put off, {way}"), Phase::SqliteImportPutOff, "put-off", 0, all, batch)?;
            r.run(&format!("bare import, {way}"), Phase::BareImport, "bare", 0, all, batch)?;
        }
        r.remove("bare")?;
        r.remove("put-off")?;
        r.run("sayso audit", Phase::SaysoAudit, "ledger", 0, all, 1)?;
        r.run("sqlite audit", Phase::SqliteAudit, "table", 0, all, 1)?;
        r.run("sayso index", Phase::SaysoIndex, "ledger", 0, all, 1)?;
        r.run("hashing", Phase::Hashing, "none", 0, all, 1)?;
    }

    for (name, phase) in [("sayso stream", Phase::SaysoStream), ("sqlite stream", Phase::SqliteStream)] {
        r.run(name, phase, "streamed", 0, all, BATCH)?;
        r.remove("streamed")?;
    }

    let mut next = all;
    let share = (options.singles / SINGLE_ROUNDS).max(16);
    for _ in 0..SINGLE_ROUNDS {
        r.run("sayso singles, empty", Phase::SaysoSingles, "small-ledger", next, share, 1)?;
        r.run("bare singles", Phase::BareSingles, "small-bare", next, share, 1)?;
        r.run("sqlite singles, empty", Phase::SqliteSingles, "small-table", next, share, 1)?;
        r.run("sayso singles, full", Phase::SaysoSingles, "ledger", next, share, 1)?;
        r.run("bare singles again", Phase::BareSingles, "small-bare", next, share, 1)?;
        r.run("sqlite singles, full", Phase::SqliteSingles, "table", next, share, 1)?;
        next += share;
        r.run("sayso threads", Phase::SaysoThreads, "ledger", next, share * 8, 1)?;
        next += share * 8;
    }

    if options.git_claims > 0 {
        r.run("git import", Phase::GitImport, "git", 0, options.git_claims, options.git_claims)?;
        r.run("git fsck", Phase::GitFsck, "git", 0, options.git_claims, 1)?;
        r.run("git singles", Phase::GitSingles, "git", options.git_claims, GIT_SINGLES, 1)?;
    }
    r.progress.finish_and_clear();
    Ok(r.results)
}

/// Bundle sizes by codecs.
pub(crate) fn bundles(options: &Options) -> Result<Results, Failure> {
    let dir = temporary(options.dir.as_deref())?;
    let bar = progress((bundles::SIZES.len() * bundles::CODECS.len() * 2) as u64)?;
    let mut results = Results::new();
    for size in bundles::SIZES {
        for codec in bundles::CODECS {
            bar.set_message(format!("{size} entries, {codec}"));
            let at = dir.path().join("store");
            let task = |phase| Task {
                bundle: size,
                codec: codec.to_owned(),
                ..Task::new(phase, at.clone(), options.seed, options.claims)
            };
            let found = [run(&task(Phase::BundlesAppend))?, run(&task(Phase::BundlesScan))?];
            bar.inc(2);
            std::fs::remove_dir_all(&at)?;
            results.insert(format!("{size:03} {codec}"), found.to_vec());
        }
    }
    bar.finish_and_clear();
    Ok(results)
}
