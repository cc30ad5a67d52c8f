//! Errors as people meet them: what happened, where, what to do next; and the exit code.

use std::process::ExitCode;

use sayso_core::copy::{CopyError, MirrorError};
use sayso_core::directory::DirError;
use sayso_core::ledger::{AppendError, OpenError};
use sayso_core::store::StoreError;

use crate::output::table::escape;

/// Input or a rule refused it; nothing was changed.
pub(crate) const REFUSED: u8 = 1;
/// Arguments that make no sense.
pub(crate) const USAGE: u8 = 2;
/// Something could not be read or written.
pub(crate) const FAILED: u8 = 3;

/// An error, ready to be shown.
#[derive(Debug)]
pub(crate) struct CliError {
    code: u8,
    message: String,
}

impl CliError {
    pub(crate) fn refused(message: impl ToString) -> Self {
        Self { code: REFUSED, message: message.to_string() }
    }

    pub(crate) fn usage(message: impl ToString) -> Self {
        Self { code: USAGE, message: message.to_string() }
    }

    pub(crate) fn failed(message: impl ToString) -> Self {
        Self { code: FAILED, message: message.to_string() }
    }

    /// A file that could not be read or written.
    pub(crate) fn io(path: &std::path::Path, e: &std::io::Error) -> Self {
        Self::failed(format!("{}: {}", path.display(), in_words(e)))
    }

    /// Prints the error and gives its exit code. A reader that went away is a normal end.
    pub(crate) fn report(&self) -> ExitCode {
        if self.message.is_empty() {
            return ExitCode::SUCCESS;
        }
        // What is wrong is often quoted, and what is quoted may be meant to move the cursor or to reorder the line.
        let lines: Vec<String> = self.message.split('\n').map(escape).collect();
        eprintln!("sayso: {}", lines.join("\n"));
        ExitCode::from(self.code)
    }
}

/// The system's reason without its number.
pub(crate) fn in_words(e: &std::io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Writing to standard output failed.
pub(crate) fn stdout(e: &std::io::Error) -> CliError {
    if e.kind() == std::io::ErrorKind::BrokenPipe {
        return CliError { code: 0, message: String::new() };
    }
    CliError::failed(format!("could not write the output: {e}"))
}

/// What to do with a ledger that cannot be used as it is.
pub(crate) const WAY_OUT: &str = "Keep this directory as it is. `sayso salvage NEW` makes a ledger of all that still verifies in it and its \
                                  mirrors, and `sayso --ledger NEW restore MIRROR|BACKUP` one of a copy";

fn store(e: &StoreError) -> CliError {
    match e {
        StoreError::Locked { .. } => CliError::failed(format!(
            "{e}; nothing was changed. Wait until it has finished, or stop it, and try again; `--wait` does the waiting"
        )),
        StoreError::Damaged { .. } => CliError::failed(format!("{e}. {WAY_OUT}")),
        StoreError::Engine(_) => {
            CliError::failed(format!("{e}; run `sayso audit` to see what is wrong. If it cannot say: {WAY_OUT}"))
        }
        e => CliError::failed(e),
    }
}

impl From<DirError> for CliError {
    fn from(e: DirError) -> Self {
        match &e {
            DirError::NotALedger(path) if !path.exists() => {
                let path = path.display();
                Self::failed(format!(
                    "{path} is not there; make a ledger with `sayso init {path}`, or name another with --ledger DIR"
                ))
            }
            DirError::NotALedger(_) => {
                Self::failed(format!("{e}; make one with `sayso init`, or name another with --ledger DIR"))
            }
            DirError::Exists { path, ledger: false } if path.is_file() => {
                Self::refused(format!("{} is a file; name a directory that is not there yet", path.display()))
            }
            DirError::Exists { ledger: false, .. } => {
                Self::refused(format!("{e}; name a directory that is not there yet"))
            }
            DirError::Exists { .. } => Self::refused(format!("{e}; nothing was changed")),
            DirError::Store(e) => store(e),
            DirError::FormatDamaged(_) => Self::failed(format!("{e}; write that line into it, then run `sayso audit`")),
            DirError::UnfinishedCopy(path) => Self::refused(format!(
                "{e}, and nothing in it is needed: run the same `sayso clone` again, or delete {}",
                path.display()
            )),
            DirError::Cut { .. } => Self::failed(format!(
                "{e}; nothing was removed. {WAY_OUT}. If the log is as it should be, because an older one was put back on purpose, \
                 then it is the note that is wrong: remove the file `acknowledged` from the ledger's directory"
            )),
            _ => Self::failed(e),
        }
    }
}

impl From<OpenError> for CliError {
    fn from(e: OpenError) -> Self {
        match &e {
            OpenError::Store(e) => store(e),
            _ => Self::failed(e),
        }
    }
}

impl From<AppendError> for CliError {
    fn from(e: AppendError) -> Self {
        match e {
            AppendError::Refused(_) => Self::refused(format!("{e}; nothing was appended")),
            AppendError::HeadMoved { .. } => Self::refused(format!(
                "{e}; nothing was appended. Look at what is new with `sayso log`, then try again"
            )),
            AppendError::Mirror(problem) if is_refusal(&problem) => Self::refused(AppendError::Mirror(problem)),
            AppendError::TooMany(_) => Self::refused(e),
            AppendError::ReadOnly => {
                Self::refused(format!("{e}; nothing was changed. New entries come with `sayso pull`"))
            }
            AppendError::Open(e) => e.into(),
            e => Self::failed(e),
        }
    }
}

/// Whether a mirror stands in the way because of what it is, and not because it cannot be read or written.
fn is_refusal(problem: &MirrorError) -> bool {
    !matches!(
        problem,
        MirrorError::Io { .. } | MirrorError::NotAMirror(_) | MirrorError::Ledger(_) | MirrorError::Unknown(_)
    )
}

impl From<CopyError> for CliError {
    fn from(e: CopyError) -> Self {
        match e {
            CopyError::Damaged { .. } | CopyError::Unsound { .. } => Self::refused(format!(
                "{e}; nothing was made of it. Use another copy, or save what still verifies with `sayso salvage`"
            )),
            CopyError::Exists(_) | CopyError::NotACopy(_) | CopyError::Nothing(_) | CopyError::Whose { .. } => {
                Self::refused(e)
            }
            CopyError::Mirror(problem) if is_refusal(&problem) => Self::refused(problem),
            CopyError::MirrorBehind(problem) if is_refusal(&problem) => Self::refused(CopyError::MirrorBehind(problem)),
            CopyError::Io { path, source } => Self::io(&path, &source),
            CopyError::Open(e) => e.into(),
            CopyError::Dir(e) => e.into(),
            CopyError::Store(e) => store(&e),
            e => Self::failed(e),
        }
    }
}
