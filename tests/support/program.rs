//! The program as a person or a script meets it, without the settings of whoever runs the tests. Only tests of the crate that builds
//! it can use this.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub const SAYSO: &str = env!("CARGO_BIN_EXE_sayso");

/// The program alone. Standard input is empty.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(SAYSO);
    command.env_remove("SAYSO_LEDGER").env_remove("SAYSO_RECORDER").env("COLUMNS", "120").stdin(Stdio::null());
    command.args(args);
    command
}

/// The program with a ledger.
pub fn command(ledger: &Path, args: &[&str]) -> Command {
    let mut command = program(&[]);
    command.arg("--ledger").arg(ledger).args(args);
    command
}

/// What a command came to.
pub fn sayso(ledger: &Path, args: &[&str]) -> Output {
    command(ledger, args).output().unwrap()
}

/// What a command printed, which must have gone well.
pub fn ok(ledger: &Path, args: &[&str]) -> String {
    printed(command(ledger, args), args)
}

/// The same on a terminal of so many columns.
pub fn ok_wide(ledger: &Path, columns: &str, args: &[&str]) -> String {
    let mut command = command(ledger, args);
    command.env("COLUMNS", columns);
    printed(command, args)
}

fn printed(mut command: Command, args: &[&str]) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The answer as a program reads it.
pub fn json_of(ledger: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&ok(ledger, &[args, &["--format", "json"]].concat())).unwrap()
}

/// The exit code of a refusal, and what was said.
pub fn refused(ledger: &Path, args: &[&str]) -> (i32, String) {
    let output = sayso(ledger, args);
    (output.status.code().unwrap(), said(&output))
}

/// What was said on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A directory with a ledger in it, and the program as it is run there by somebody who names no ledger.
pub struct Here {
    dir: tempfile::TempDir,
    columns: &'static str,
}

impl Here {
    pub fn new(columns: &'static str) -> Self {
        let here = Self { dir: tempfile::tempdir().unwrap(), columns };
        here.ok(&["init"]);
        here
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = program(args);
        command.env("SAYSO_RECORDER", "desk").env("COLUMNS", self.columns).current_dir(self.dir.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub fn ok(&self, args: &[&str]) -> String {
        printed(self.command(args), args)
    }
}

/// A new ledger in a directory that goes away at the end.
pub fn new() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("ledger");
    ok(&ledger, &["init"]);
    (dir, ledger)
}

/// A new ledger with these lines, recorded by Ani.
pub fn with(lines: &str) -> (tempfile::TempDir, PathBuf) {
    let (dir, ledger) = new();
    let file = dir.path().join("lines.jsonl");
    std::fs::write(&file, lines).unwrap();
    ok(&ledger, &["--recorder", "ani", "import", file.to_str().unwrap()]);
    (dir, ledger)
}
