//! What every command shares: the global arguments, checked once.

use std::path::PathBuf;

use sayso_core::directory::LedgerDir;
use sayso_core::exchange::CheckOptions;
use sayso_core::ledger::Ledger;
use sayso_core::machine::SystemEntropy;
use sayso_core::text::Label;
use sayso_core::time::{SystemClock, TimeZone};

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::locate;

/// The checked global arguments.
pub(crate) struct Session {
    ledger: Option<PathBuf>,
    recorder: Option<String>,
    pub(crate) zone: TimeZone,
    pub(crate) format: Format,
}

impl Session {
    pub(crate) fn new(global: Global) -> Result<Self, CliError> {
        let zone = global.timezone.parse().map_err(|e| CliError::usage(format!("--timezone: {e}")))?;
        // An empty variable is an unset one.
        let ledger = global.ledger.filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let recorder = global.recorder.filter(|name| !name.is_empty());
        Ok(Self { ledger, recorder, zone, format: global.format })
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
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
        Ok(LedgerDir::open(&self.dir_path()?)?)
    }

    /// The ledger, opened.
    pub(crate) fn open(&self) -> Result<Ledger, CliError> {
        Ok(self.open_dir()?.ledger(SystemClock, SystemEntropy)?)
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
