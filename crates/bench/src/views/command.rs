//! The whole command line: from starting the program to the last row, and what its parts take.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::fs::{Advice, fadvise};
use sayso_core::directory::LedgerDir;
use sayso_core::machine::SystemEntropy;
use sayso_core::replay::replay;
use sayso_core::time::SystemClock;

use super::questions::{Asked, Kind, questions};
use crate::Failure;
use crate::phase::{Figures, Task};

/// Runs of the command line: half of them with the files' pages in memory, half without.
pub(super) const RUNS: u64 = 42;

/// The program to run. By default the one beside this one; under cargo it is built first, so that what is measured is what is here.
pub(super) fn program(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let beside = std::env::current_exe()?.with_file_name("sayso");
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "sayso"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if !build.status()?.success() {
            return Err("sayso could not be built; build it and name it with --program".into());
        }
    }
    if beside.is_file() {
        Ok(beside)
    } else {
        Err(format!(
            "there is no {}: build it with `cargo build --release -p sayso`, or name it with --program",
            beside.display()
        )
        .into())
    }
}

/// The question of a run: another subject each time.
fn asked(task: &Task) -> Result<Asked, Failure> {
    let mut all = questions(task.seed, Kind::Subject, task.count, task.queries)?;
    let at = usize::try_from(task.first)?;
    if at < all.len() { Ok(all.swap_remove(at)) } else { Err("no such question".into()) }
}

/// Starting the program and ending it, and nothing else.
pub(super) fn start(program: &Path) -> Result<Figures, Failure> {
    let mut command = Command::new(program);
    command.arg("--version");
    Ok(Figures { seconds: timed(&mut command)?.0, ..Figures::default() })
}

/// One subject as of a date, as a person asks for it, until the program has ended.
pub(super) fn whole(program: &Path, task: &Task, kept: bool) -> Result<Figures, Failure> {
    let asked = asked(task)?;
    let subject = asked.subject.as_ref().ok_or("no subject")?;
    if !kept {
        forget(&task.at)?;
    }
    let mut command = Command::new(program);
    command.arg("--ledger").arg(&task.at).args(["--timezone", "UTC", "replay"]);
    command.args(["--subject", subject.as_str(), "--as-of", &asked.as_of.to_string()]).env("COLUMNS", "120");
    let (seconds, output) = timed(&mut command)?;
    if !output.contains(subject.as_str()) {
        return Err(format!("the program shows nothing of {subject}: {output}").into());
    }
    let lines = output.lines().count();
    Ok(Figures { seconds, ..Figures::default() }.with("lines", lines as f64))
}

/// Seconds until the program has written everything and ended, and what it wrote.
fn timed(command: &mut Command) -> Result<(f64, String), Failure> {
    command.env_remove("SAYSO_LEDGER").stdin(Stdio::null()).stderr(Stdio::inherit());
    let started = Instant::now();
    let output = command.output()?;
    let seconds = started.elapsed().as_secs_f64();
    if !output.status.success() {
        return Err(format!("sayso failed ({})", output.status).into());
    }
    Ok((seconds, String::from_utf8(output.stdout)?))
}

/// Open, look-up and close in this process, which has done nothing else.
pub(crate) fn parts(task: &Task) -> Result<Figures, Failure> {
    let query = asked(task)?.query()?;
    let started = Instant::now();
    let ledger = LedgerDir::open(&task.at)?.ledger(SystemClock, SystemEntropy)?;
    let opened = started.elapsed().as_secs_f64();
    let found = replay(&ledger, &query)?;
    let looked_up = started.elapsed().as_secs_f64();
    drop(ledger);
    let closed = started.elapsed().as_secs_f64();
    let rows: usize = found.views.iter().map(|v| v.standings.len()).sum();
    let figures = Figures { seconds: closed, claims: rows as u64, ..Figures::default() };
    Ok(figures.with("open_s", opened).with("lookup_s", looked_up - opened).with("close_s", closed - looked_up))
}

/// Asks the system to drop the pages of a store's files from memory, as after a restart. What has not been written is kept.
pub(super) fn forget(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            forget(&entry?.path())?;
        }
        return Ok(());
    }
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(fadvise(file.as_fd(), 0, None, Advice::DontNeed)?)
}
