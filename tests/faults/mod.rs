//! What the fault tests share: repeatable chance, ledgers to break, and copies of directories.
//!
//! `SAYSO_EXHAUSTIVE=1` runs them in full (minutes); every day they take a choice. `SAYSO_SEED=N` repeats a run, and `SAYSO_ONLY=NAME` takes
//! one row of a table.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Whether everything is to be tried.
pub fn exhaustive() -> bool {
    std::env::var_os("SAYSO_EXHAUSTIVE").is_some()
}

/// How many runs: a few every day, all of them in a full run.
pub fn runs(everyday: usize, full: usize) -> usize {
    if exhaustive() { full } else { everyday }
}

/// Whether a row of a table is to be tried.
pub fn is_wanted(name: &str) -> bool {
    std::env::var("SAYSO_ONLY").map_or(true, |only| only == name)
}

/// Numbers that look random; the seed is printed, and `SAYSO_SEED` gives the same ones again.
pub struct Chance(u64);

impl Chance {
    pub fn new(what: &str) -> Self {
        let given = std::env::var("SAYSO_SEED").ok().and_then(|s| s.parse().ok());
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as u64;
        let seed = given.unwrap_or_else(now);
        eprintln!("{what}: SAYSO_SEED={seed}");
        Self(seed)
    }

    /// From 0 to before `end` (splitmix64).
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}

/// A claim as a line, different for every number.
pub fn claim(n: u64) -> String {
    format!(
        r#"{{"kind":"claim","id":"c{n}","source":"s{}","subject":"subject {}","predicate":"p{}","value":{n},"stated":"2023-05-12","note":"{}"}}"#,
        n % 5,
        n % 17,
        n % 7,
        "words ".repeat((n % 9 + 1) as usize)
    )
}

pub fn claims(from: u64, to: u64) -> String {
    (from..to).map(|n| claim(n) + "\n").collect()
}

pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy_dir(&file.path(), &to);
        } else {
            std::fs::copy(file.path(), to).unwrap();
        }
    }
}

/// Whether system calls can be watched and broken. The project's own checks insist on it.
pub fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output();
    if let Err(e) = &found {
        assert!(std::env::var_os("CI").is_none(), "strace is needed: {e}");
        eprintln!("not run: strace is needed ({e})");
    }
    found.is_ok()
}

/// The program, with a ledger.
pub fn command(sayso: &str, ledger: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(sayso);
    command.env_remove("SAYSO_LEDGER").env_remove("SAYSO_RECORDER").stdin(Stdio::null());
    command.arg("--ledger").arg(ledger).args(args);
    command
}

/// What a command came to: `None` if it did not end by itself.
pub fn run(mut command: Command, limit: Duration) -> Option<Output> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let read = |mut pipe: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            bytes
        })
    };
    let stdout = read(Box::new(child.stdout.take().unwrap()));
    let stderr = read(Box::new(child.stderr.take().unwrap()));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Some(Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() })
}
