//! What the tests of proof for outsiders share: a newsroom with its keys and ledgers, and a witness that runs beside it.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub const NAME: &str = "newsroom.example/sotk";

/// A newsroom: its keys, and whatever it makes, in a directory that goes away at the end.
pub struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A desk with a key and a ledger of its name with so many claims.
    pub fn with_claims(count: usize) -> (Self, String) {
        let desk = Self::new();
        desk.ok("ledger", &["init", "--name", NAME]);
        let key = desk.json("ledger", &["key", "new", NAME])["key"].as_str().unwrap().to_owned();
        desk.claims("ledger", 0, count);
        (desk, key)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn command(&self, ledger: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sayso"));
        command.env_remove("SAYSO_LEDGER").env_remove("SAYSO_RECORDER").env("SAYSO_KEYS", self.path("keys"));
        command.env_remove("SAYSO_CA_FILE").env_remove("SAYSO_HTTP_TIMEOUT");
        command.stdin(Stdio::null()).arg("--ledger").arg(self.path(ledger)).args(args);
        command
    }

    pub fn run(&self, ledger: &str, args: &[&str]) -> Output {
        self.command(ledger, args).output().unwrap()
    }

    pub fn ok(&self, ledger: &str, args: &[&str]) -> String {
        let output = self.run(ledger, args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn json(&self, ledger: &str, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(ledger, &[args, &["--format", "json"]].concat())).unwrap()
    }

    /// What is said when it is refused, with exit code 1.
    pub fn refused(&self, ledger: &str, args: &[&str]) -> String {
        let output = self.run(ledger, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
    }

    pub fn claims(&self, ledger: &str, from: usize, count: usize) {
        let line = |i| {
            format!(
                r#"{{"kind":"claim","id":"c-{i}","source":"yerevan","subject":"s","predicate":"p{}","value":{i},"stated":"2023-05-12"}}"#,
                i % 7
            )
        };
        let lines: Vec<String> = (from..from + count).map(line).collect();
        std::fs::write(self.path("claims.jsonl"), lines.join("\n")).unwrap();
        self.ok(ledger, &["import", &self.text("claims.jsonl")]);
    }

    pub fn copy_dir(&self, from: &str, to: &str) {
        copy_dir(&self.path(from), &self.path(to));
    }
}

pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Every file below a directory.
pub fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(dir).unwrap().display().to_string();
                found.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// A process that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A witness of one ledger: the process, its address and its key.
pub fn witness(desk: &Desk, key: &str) -> (Running, String, String) {
    if !desk.path("keys/witness.example").exists() {
        desk.ok("ledger", &["key", "new", "witness.example", "--witness"]);
    }
    let state = desk.text("witness-state");
    let args = ["witness", "--listen", "127.0.0.1:0", "--log", key, "--state", &state, "--format", "json"];
    let mut child = desk.command("ledger", &args).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    (Running(child), said["url"].as_str().unwrap().to_owned(), said["key"].as_str().unwrap().to_owned())
}
