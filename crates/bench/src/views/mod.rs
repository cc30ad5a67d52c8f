//! Views: how long it takes to say what was said, against SQLite with its best index and query, and how that grows.
//!
//! Both sides get the same claims and the same questions, and the answers are compared before any figure is shown.

mod answer;
pub(crate) mod command;
pub(crate) mod growth;
mod plot;
mod questions;
pub(crate) mod report;
pub(crate) mod sayso;
pub(crate) mod sqlite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use crate::measure::{BATCH, Results, progress, remove, temporary};
use crate::phase::{Figures, Phase, Task, run};
use crate::{Failure, Format};

pub(crate) use questions::Kind;
pub(crate) use sqlite::Indexes;

/// What to measure.
#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// Claims in the corpus.
    #[arg(long, default_value_t = 1_000_000)]
    claims: u64,
    /// Questions of each kind in each round; a tenth as many for a whole source.
    #[arg(long, default_value_t = 200)]
    queries: u64,
    /// Rounds of each comparison; medians are shown.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Ledgers for growth, in claims.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000, 10_000_000])]
    growth: Vec<u64>,
    /// Leave growth out.
    #[arg(long)]
    no_growth: bool,
    /// Where to write the plot of growth, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// The `sayso` to run for the whole command line [default: the one beside this program, built before].
    #[arg(long)]
    program: Option<PathBuf>,
    /// Where to put the data, in a directory of its own that is removed at the end [default: the system's].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// How to print the figures.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The corpus is a function of this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs phases and keeps what they found.
struct Runner<'a> {
    dir: &'a Path,
    options: &'a Options,
    progress: ProgressBar,
    results: Results,
}

/// Everything.
pub(crate) fn measure(options: &Options) -> Result<Results, Failure> {
    let program = command::program(options.program.as_deref())?;
    let dir = temporary(options.dir.as_deref())?;
    let sizes = if options.no_growth { &[] } else { options.growth.as_slice() };
    let kinds = Kind::ALL.len() as u64;
    let steps = options.rounds * (4 + 3 * kinds) + command::RUNS + sizes.len() as u64 * (1 + 2 * options.rounds);
    let mut r = Runner { dir: dir.path(), options, progress: progress(steps)?, results: Results::new() };
    for _ in 0..options.rounds {
        r.imports()?;
        for kind in Kind::ALL {
            r.compare(kind)?;
        }
        r.run("sayso reindex", &r.task(Phase::ViewsReindex, "ledger"))?;
    }
    r.command(&program)?;
    for store in ["ledger", "lean", "covering"] {
        remove(r.dir, store)?;
    }
    for claims in sizes {
        r.growth(*claims)?;
    }
    r.progress.finish_and_clear();
    Ok(r.results)
}

impl Runner<'_> {
    fn task(&self, phase: Phase, store: &str) -> Task {
        let task = Task::new(phase, self.dir.join(store), self.options.seed, self.options.claims);
        Task { batch: BATCH, ..task }
    }

    fn run(&mut self, name: &str, task: &Task) -> Result<Figures, Failure> {
        self.progress.set_message(name.to_owned());
        let figures = run(task)?;
        self.progress.inc(1);
        let kept = Figures { answers: vec![], ..figures.clone() };
        self.results.entry(name.to_owned()).or_default().push(kept);
        Ok(figures)
    }

    /// The same claims into a ledger and into two SQLite files.
    fn imports(&mut self) -> Result<(), Failure> {
        for store in ["ledger", "lean", "covering"] {
            remove(self.dir, store)?;
        }
        self.run("sayso import", &self.task(Phase::ViewsSaysoImport, "ledger"))?;
        for (store, indexes) in [("lean", Indexes::Lean), ("covering", Indexes::Covering)] {
            let task = Task { indexes, ..self.task(Phase::ViewsSqliteImport, store) };
            self.run(&format!("sqlite import, {store}"), &task)?;
        }
        Ok(())
    }

    /// One kind of view from the ledger and from both files. All must answer the same.
    fn compare(&mut self, kind: Kind) -> Result<(), Failure> {
        let queries = kind.queries(self.options.queries);
        let asked = |r: &Self, phase, store| Task { kind, queries, ..r.task(phase, store) };
        let ours = self.run(&format!("sayso, {}", kind.name()), &asked(self, Phase::ViewsSayso, "ledger"))?;
        for store in ["lean", "covering"] {
            let task = asked(self, Phase::ViewsSqlite, store);
            let theirs = self.run(&format!("sqlite {store}, {}", kind.name()), &task)?;
            if let Some(at) = answer::first_difference(&ours.answers, &theirs.answers) {
                let whole = |task| run(&Task { whole: Some(at), ..task }).map(|figures| figures.answers);
                answer::same(&whole(asked(self, Phase::ViewsSayso, "ledger"))?, &whole(task)?)?;
            }
            answer::same(&ours.answers, &theirs.answers)?;
        }
        Ok(())
    }

    /// The whole command line, with and without the files' pages in memory.
    fn command(&mut self, program: &Path) -> Result<(), Failure> {
        for (kept, runs) in [(true, command::RUNS / 2), (false, command::RUNS / 2)] {
            for at in 0..runs {
                let name = if kept { "warm" } else { "cold" };
                self.progress.set_message(format!("command line, {name}"));
                let task = Task { first: at, queries: runs, ..self.task(Phase::ViewsParts, "ledger") };
                let mut found = BTreeMap::new();
                found.insert("start", command::start(program)?);
                found.insert("whole", command::whole(program, &task, kept)?);
                if !kept {
                    command::forget(&task.at)?;
                }
                found.insert("parts", run(&task)?);
                for (what, figures) in found {
                    self.results.entry(format!("command {name}, {what}")).or_default().push(figures);
                }
                self.progress.inc(1);
            }
        }
        Ok(())
    }

    /// The same two views in a ledger of this size; the answers must not depend on it.
    fn growth(&mut self, claims: u64) -> Result<(), Failure> {
        let named = |what: &str| format!("growth {claims:09}, {what}");
        let task = |r: &Self, phase, kind: Kind| {
            let queries = kind.queries(r.options.queries);
            Task { count: claims, kind, queries, ..r.task(phase, "grown") }
        };
        self.run(&named("import"), &task(self, Phase::GrowthImport, Kind::Source))?;
        for _ in 0..self.options.rounds {
            for kind in growth::KINDS {
                let found = self.run(&named(kind.name()), &task(self, Phase::GrowthViews, kind))?;
                answer::same(&growth::expected(self.options.seed, kind, found.answers.len() as u64)?, &found.answers)?;
            }
        }
        remove(self.dir, "grown")
    }
}
