//! A phase: one measured piece of work in a process of its own, so that no phase pollutes another's memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::{Failure, bundles, git_side, limits, sayso_side, sqlite_side, views};

/// What a phase measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Phase {
    /// Figures of the corpus itself.
    Corpus,
    SaysoImport,
    SaysoStream,
    SaysoIndex,
    SaysoAudit,
    SaysoSingles,
    SaysoThreads,
    SqliteImport,
    SqliteImportPutOff,
    SqliteStream,
    SqliteAudit,
    SqliteSingles,
    BareImport,
    BareSingles,
    Hashing,
    GitImport,
    GitFsck,
    GitSingles,
    BundlesAppend,
    BundlesScan,
    ViewsSaysoImport,
    ViewsSqliteImport,
    ViewsSayso,
    ViewsSqlite,
    ViewsParts,
    ViewsReindex,
    GrowthImport,
    GrowthViews,
}

/// What a phase is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Task {
    #[arg(value_enum)]
    pub(crate) phase: Phase,
    /// Where this phase's store is.
    #[arg(long)]
    pub(crate) at: PathBuf,
    #[arg(long)]
    pub(crate) seed: u64,
    /// The first claim of the corpus to use.
    #[arg(long, default_value_t = 0)]
    pub(crate) first: u64,
    /// How many claims.
    #[arg(long)]
    pub(crate) count: u64,
    /// Claims made durable together.
    #[arg(long, default_value_t = 1)]
    pub(crate) batch: u64,
    /// Entries in a bundle.
    #[arg(long, default_value_t = 0)]
    pub(crate) bundle: u64,
    /// How a bundle is compressed.
    #[arg(long, default_value = "")]
    pub(crate) codec: String,
    /// Which views to ask for.
    #[arg(long, value_enum, default_value_t = views::Kind::Source)]
    pub(crate) kind: views::Kind,
    /// How many of them.
    #[arg(long, default_value_t = 0)]
    pub(crate) queries: u64,
    /// SQLite's indexes.
    #[arg(long, value_enum, default_value_t = views::Indexes::None)]
    pub(crate) indexes: views::Indexes,
    /// Give the answer to this question whole.
    #[arg(long)]
    pub(crate) whole: Option<usize>,
}

impl Task {
    /// A phase on so many claims of the corpus from the first on, all else at its default.
    pub(crate) fn new(phase: Phase, at: PathBuf, seed: u64, count: u64) -> Self {
        let (kind, indexes) = (views::Kind::Source, views::Indexes::None);
        let codec = String::new();
        Self { phase, at, seed, first: 0, count, batch: 1, bundle: 0, codec, kind, queries: 0, indexes, whole: None }
    }
}

/// What a phase found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Seconds of the timed part.
    pub(crate) seconds: f64,
    /// Claims in it.
    pub(crate) claims: u64,
    /// Most memory the process ever held (VmHWM), in bytes.
    pub(crate) peak: u64,
    /// Most memory it had held before the timed part began, the corpus included.
    pub(crate) before: u64,
    /// Bytes allocated on disk afterwards.
    pub(crate) disk: u64,
    /// Whatever else is worth knowing.
    pub(crate) more: BTreeMap<String, f64>,
    /// What was answered, one line for each question: two sides that answer the same have the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) answers: Vec<String>,
}

impl Figures {
    /// Claims a second.
    pub(crate) fn rate(&self) -> f64 {
        self.claims as f64 / self.seconds
    }

    /// Notes a further figure.
    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }
}

/// Times `work`, and notes memory before and after it.
pub(crate) fn timed<T>(claims: u64, work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Figures), Failure> {
    let before = peak_memory("self")?;
    let started = Instant::now();
    let result = work()?;
    let seconds = started.elapsed().as_secs_f64();
    Ok((result, Figures { seconds, claims, before, peak: peak_memory("self")?, ..Figures::default() }))
}

/// The most memory a process has held so far, in bytes.
pub(crate) fn peak_memory(process: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).ok_or("no VmHWM in the process's status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}

/// Bytes that a file or a directory takes on disk.
pub(crate) fn disk_use(path: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::symlink_metadata(path)?;
    let mut total = meta.blocks() * 512;
    if meta.is_dir() {
        for entry in std::fs::read_dir(path)? {
            total += disk_use(&entry?.path())?;
        }
    }
    Ok(total)
}

/// Does the work of a phase, in this process.
pub(crate) fn perform(task: &Task) -> Result<Figures, Failure> {
    match task.phase {
        Phase::Corpus => limits::corpus(task),
        Phase::SaysoImport => sayso_side::import(task),
        Phase::SaysoStream => sayso_side::stream(task),
        Phase::SaysoIndex => sayso_side::index(task),
        Phase::SaysoAudit => sayso_side::audit(task),
        Phase::SaysoSingles => sayso_side::singles(task),
        Phase::SaysoThreads => sayso_side::threads(task),
        Phase::SqliteImport => sqlite_side::import(task, false),
        Phase::SqliteImportPutOff => sqlite_side::import(task, true),
        Phase::SqliteStream => sqlite_side::stream(task),
        Phase::SqliteAudit => sqlite_side::audit(task),
        Phase::SqliteSingles => sqlite_side::singles(task),
        Phase::BareImport => limits::write_batches(task),
        Phase::BareSingles => limits::write_singles(task),
        Phase::Hashing => limits::hashing(task),
        Phase::GitImport => git_side::import(task),
        Phase::GitFsck => git_side::fsck(task),
        Phase::GitSingles => git_side::singles(task),
        Phase::BundlesAppend => bundles::append(task),
        Phase::BundlesScan => bundles::scan(task),
        Phase::ViewsSaysoImport => views::sayso::import(task),
        Phase::ViewsSqliteImport => views::sqlite::import(task),
        Phase::ViewsSayso => views::sayso::views(task),
        Phase::ViewsSqlite => views::sqlite::views(task),
        Phase::ViewsParts => views::command::parts(task),
        Phase::ViewsReindex => views::sayso::reindex(task),
        Phase::GrowthImport => views::growth::import(task),
        Phase::GrowthViews => views::growth::views(task),
    }
}

/// Does the work of a phase in a process of its own, and reads the one line of JSON that it prints.
pub(crate) fn run(task: &Task) -> Result<Figures, Failure> {
    let phase = word(&task.phase)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("phase").arg(&phase).arg("--at").arg(&task.at);
    for (name, number) in [
        ("--seed", task.seed),
        ("--first", task.first),
        ("--count", task.count),
        ("--batch", task.batch),
        ("--bundle", task.bundle),
        ("--queries", task.queries),
    ] {
        command.arg(name).arg(number.to_string());
    }
    command.arg("--codec").arg(&task.codec);
    if let Some(whole) = task.whole {
        command.arg("--whole").arg(whole.to_string());
    }
    command.arg("--kind").arg(word(&task.kind)?).arg("--indexes").arg(word(&task.indexes)?);
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("phase {phase} failed ({})", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(serde_json::from_str(text.lines().last().unwrap_or_default())?)
}

/// How an option's value is written on the command line.
fn word(value: &impl clap::ValueEnum) -> Result<String, Failure> {
    Ok(value.to_possible_value().ok_or("a value without a name")?.get_name().to_owned())
}
