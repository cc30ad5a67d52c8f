//! git's side: one commit per claim, each adding one small JSON file, fed to `git fast-import`.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sayso_core::body::Record;

use crate::Failure;
use crate::columns::{Texts, json, row};
use crate::corpus::Corpus;
use crate::phase::{Figures, Task, disk_use, peak_memory, timed};

/// How often a git process's memory is looked at. The kernel keeps the maximum; only the very end can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// git in this repository, reading nobody's settings, and syncing all that it writes.
fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", repository).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.args(["-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync"]).arg("--git-dir").arg(repository);
    command
}

fn create(repository: &Path) -> Result<(), Failure> {
    if !repository.exists() {
        std::fs::create_dir_all(repository)?;
        finish(git(repository).args(["init", "--quiet", "--bare", "--initial-branch=main"]).spawn()?)?;
    }
    Ok(())
}

fn finish(mut child: Child) -> Result<(), Failure> {
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("git failed ({status})").into()) }
}

/// Runs `work` while watching a child's memory. Returns its peak too.
fn watching<T>(child: u32, work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, u64), Failure> {
    let (peak, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // A process that has ended has no memory to look at.
                peak.fetch_max(peak_memory(&child.to_string()).unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(LOOK_EVERY);
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })?;
    Ok((result, peak.into_inner()))
}

/// Writes the commit of one claim as fast-import reads it.
fn commit(out: &mut impl Write, n: u64, parent: bool, record: &Record, texts: &mut Texts) -> Result<(), Failure> {
    let file = json(&row(record, texts)?)?;
    let message = format!("Claim {n}\n");
    writeln!(out, "commit refs/heads/main\ncommitter Recorder <recorder@monitor.example> {} +0000", 1_684_000_000 + n)?;
    write!(out, "data {}\n{message}", message.len())?;
    if parent {
        writeln!(out, "from refs/heads/main^0")?;
    }
    let (shard, name) = (n / 256, n % 256);
    writeln!(
        out,
        "M 100644 inline claims/{:02x}/{:02x}/{name:02x}.json\ndata {}",
        shard / 256,
        shard % 256,
        file.len()
    )?;
    out.write_all(&file)?;
    Ok(writeln!(out)?)
}

/// One commit per claim into an empty repository, through one fast-import.
pub(crate) fn import(task: &Task) -> Result<Figures, Failure> {
    let records = Corpus::new(task.seed)?.records(task.first, task.count)?;
    create(&task.at)?;
    let (peak, figures) = timed(task.count, || {
        let mut child = git(&task.at).args(["fast-import", "--quiet", "--done"]).stdin(Stdio::piped()).spawn()?;
        let mut input = BufWriter::with_capacity(1 << 20, child.stdin.take().ok_or("git takes no input")?);
        let mut texts = Texts::default();
        let ((), peak) = watching(child.id(), || {
            for (record, n) in records.iter().zip(task.first..) {
                commit(&mut input, n, false, record, &mut texts)?;
            }
            input.write_all(b"done\n")?;
            drop(input);
            finish(child)
        })?;
        Ok(peak)
    })?;
    Ok(Figures { peak, before: 0, disk: disk_use(&task.at)?, ..figures })
}

/// Checks every object and every link between them.
pub(crate) fn fsck(task: &Task) -> Result<Figures, Failure> {
    let (peak, figures) = timed(task.count, || {
        let child = git(&task.at).args(["fsck", "--full", "--no-progress"]).spawn()?;
        let ((), peak) = watching(child.id(), || finish(child))?;
        Ok(peak)
    })?;
    Ok(Figures { peak, before: 0, ..figures })
}

/// One claim at a time: commit, checkpoint, and wait until fast-import says that it is done.
pub(crate) fn singles(task: &Task) -> Result<Figures, Failure> {
    let records = Corpus::new(task.seed)?.records(task.first, task.count)?;
    create(&task.at)?;
    let mut child = git(&task.at)
        .args(["fast-import", "--quiet", "--done"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = BufWriter::new(child.stdin.take().ok_or("git takes no input")?);
    let mut answers = BufReader::new(child.stdout.take().ok_or("git gives no output")?).lines();
    let mut texts = Texts::default();
    let (peak, figures) = timed(task.count, || {
        let ((), peak) = watching(child.id(), || {
            for (at, (record, n)) in records.iter().zip(task.first..).enumerate() {
                commit(&mut input, n, at == 0, record, &mut texts)?;
                input.write_all(b"checkpoint\nprogress kept\n")?;
                input.flush()?;
                answers.next().ok_or("git stopped")??;
            }
            Ok(())
        })?;
        Ok(peak)
    })?;
    input.write_all(b"done\n")?;
    drop(input);
    finish(child)?;
    Ok(Figures { peak, before: 0, disk: disk_use(&task.at)?, ..figures })
}
