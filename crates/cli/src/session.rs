//! What every command shares: the global arguments, checked once.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sayso_core::copy::Progress;
use sayso_core::directory::{DirError, LedgerDir};
use sayso_core::exchange::CheckOptions;
use sayso_core::ledger::Ledger;
use sayso_core::machine::SystemEntropy;
use sayso_core::repair::Repair;
use sayso_core::store::StoreError;
use sayso_core::text::Label;
use sayso_core::time::{SystemClock, TimeZone};

use crate::args::{Format, Global, Wait};
use crate::error::CliError;
use crate::locate;
use crate::output::progress;
use crate::output::table::escape;

/// Entries not indexed yet that are worth a bar on the terminal, and an index at once after an import.
const WORTH_INDEXING: u64 = 4096;
/// Between two looks at a ledger that somebody else is using.
const PAUSE: Duration = Duration::from_millis(20);

/// The checked global arguments.
pub(crate) struct Session {
    ledger: Option<PathBuf>,
    recorder: Option<String>,
    wait: Option<Wait>,
    pub(crate) zone: TimeZone,
    pub(crate) format: Format,
}

impl Session {
    pub(crate) fn new(global: Global) -> Result<Self, CliError> {
        let zone = global.timezone.parse().map_err(|e| CliError::usage(format!("--timezone: {e}")))?;
        // An empty variable is an unset one.
        let ledger = global.ledger.filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let recorder = global.recorder.filter(|name| !name.is_empty());
        Ok(Self { ledger, recorder, wait: global.wait, zone, format: global.format })
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) fn is_csv(&self) -> bool {
        self.format == Format::Csv
    }

    /// Refuses a format that a command does not have, before anything is opened.
    pub(crate) fn check_format(&self, has_rows: bool) -> Result<(), CliError> {
        if self.is_csv() && !has_rows {
            return Err(CliError::usage(
                "this command has no rows to give as csv; use --format table or --format json (`export` writes JSON Lines \
                 anyway). csv is there for replay, compare, diff, history and log",
            ));
        }
        Ok(())
    }

    /// The directory given with `--ledger`, if any.
    pub(crate) fn given_dir(&self) -> Option<&PathBuf> {
        self.ledger.as_ref()
    }

    /// Where the ledger is.
    pub(crate) fn dir_path(&self) -> Result<PathBuf, CliError> {
        locate::find(self.ledger.as_deref())
    }

    /// The ledger's directory, opened and locked.
    pub(crate) fn open_dir(&self) -> Result<LedgerDir, CliError> {
        let dir = self.open_at(&self.dir_path()?)?;
        tell(dir.repairs());
        Ok(dir)
    }

    /// The ledger, opened.
    pub(crate) fn open(&self) -> Result<Ledger, CliError> {
        let dir = self.open_at(&locate::find(self.ledger.as_deref())?)?;
        let ledger = dir.ledger(SystemClock, SystemEntropy)?;
        tell(ledger.repairs());
        Ok(ledger)
    }

    /// The ledger, opened to be asked for views.
    pub(crate) fn open_for_views(&self) -> Result<Ledger, CliError> {
        let ledger = self.open()?;
        index(&ledger);
        Ok(ledger)
    }

    /// The ledger, opened to make something of it that goes out: a file for others.
    pub(crate) fn open_to_give_out(&self) -> Result<Ledger, CliError> {
        let ledger = self.open_for_views()?;
        expect_erased(&ledger)?;
        Ok(ledger)
    }

    /// Opens a directory, and waits for it if that is wanted.
    pub(crate) fn open_at(&self, path: &Path) -> Result<LedgerDir, DirError> {
        self.waiting(|| LedgerDir::open(path), |e| Some(e))
    }

    /// Tries something again and again while another program uses the ledger, if that is wanted.
    pub(crate) fn waiting<T, E>(
        &self,
        mut attempt: impl FnMut() -> Result<T, E>,
        in_the_way: impl Fn(&E) -> Option<&DirError>,
    ) -> Result<T, E> {
        let begun = Instant::now();
        loop {
            let result = attempt();
            let goes_on = match self.wait {
                None => false,
                Some(Wait::Forever) => true,
                Some(Wait::AtMost(limit)) => begun.elapsed() < limit,
            };
            match result {
                Err(e) if goes_on && is_locked(in_the_way(&e)) => std::thread::sleep(PAUSE),
                other => return other,
            }
        }
    }

    /// How drafts are to be read.
    pub(crate) fn check_options(&self, numbers: bool, imported_clock: bool) -> Result<CheckOptions, CliError> {
        let recorder = match &self.recorder {
            Some(name) => Some(Label::new(name).map_err(|e| CliError::usage(format!("--recorder: {e}")))?),
            // Without a usable name, none is recorded: better than a made-up one.
            None => whoami::username().ok().and_then(|name| Label::new(&name).ok()),
        };
        Ok(CheckOptions { zone: self.zone, numbers, imported_clock, recorder })
    }
}

fn is_locked(e: Option<&DirError>) -> bool {
    matches!(e, Some(DirError::Store(StoreError::Locked { .. })))
}

/// Refuses to give out what is still to be erased.
pub(crate) fn expect_erased(ledger: &Ledger) -> Result<(), CliError> {
    match ledger.failed_erasures().values().next() {
        Some(problem) => Err(CliError::refused(format!(
            "{}. What was redacted must not go out, so nothing was written",
            problem.trim_end_matches('.')
        ))),
        None => Ok(()),
    }
}

/// Says what opening put right: on standard error, so that answers stay what programs expect.
pub(crate) fn tell(repairs: &[Repair]) {
    for repair in repairs {
        let what = if repair.is_done() { "put right" } else { "note" };
        eprintln!("sayso: {what}: {}", escape(&repair.to_string()));
    }
}

/// Brings the index of views up to the log after a large import. Whatever keeps it from that keeps nobody from an answer.
pub(crate) fn index(ledger: &Ledger) {
    let total = ledger.not_indexed();
    if total < WORTH_INDEXING {
        return;
    }
    let before = ledger.head().size.saturating_sub(total);
    let bar = progress::entries("building the index of views");
    let show = |done: u64| progress::show(&bar, Progress { done: done.saturating_sub(before), total: Some(total) });
    let result = ledger.index(&show);
    bar.finish_and_clear();
    if let Err(e) = result {
        eprintln!(
            "sayso: the index of views could not be brought up ({}); nothing is lost, and views come from the log until it can",
            escape(&e.to_string())
        );
    }
}
