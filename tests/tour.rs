//! The failure this guards against: a page that shows a command and an answer, and the program has long since answered something else. Every
//! `$` line in the blocks marked `console` of the pages below is run, in order, in a directory of its own for each page, and what it
//! prints must be what the page shows. `...` alone on a line stands for any lines, inside a line for any text.
//!
//! The tour uses the data in `../shared/data`. Where they are absent it says so and passes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command of a page, and what the page says that it prints.
struct Step {
    line: usize,
    command: String,
    shown: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The commands of a page, block by block. A command goes on after a backslash at the end of its line.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut inside, mut goes_on) = (false, false);
    for (n, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: n + 1, command: command.to_owned(), shown: vec![] });
        } else if goes_on {
            let step = steps.last_mut().unwrap();
            step.command.push('\n');
            step.command.push_str(line);
        } else {
            steps.last_mut().expect("a block begins with a command").shown.push(line.trim_end().to_owned());
        }
        goes_on = line.ends_with('\\') && (goes_on || line.starts_with("$ "));
    }
    steps
}

/// Whether a line is as shown.
fn line_fits(shown: &str, found: &str) -> bool {
    let mut parts = shown.split("...");
    let Some(mut rest) = found.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether all lines are as shown.
fn fits(shown: &[String], found: &[&str]) -> bool {
    match shown.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == "..." => (0..=found.len()).any(|skipped| fits(rest, &found[skipped..])),
        Some((first, rest)) => {
            found.split_first().is_some_and(|(line, others)| line_fits(first, line) && fits(rest, others))
        }
    }
}

/// Runs a page from top to bottom.
fn run(page: &str) -> usize {
    let root = root();
    let text = std::fs::read_to_string(root.join("docs").join(page)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.join("examples"), dir.path().join("examples")).unwrap();
    std::os::unix::fs::symlink(root.join("../shared/data"), dir.path().join("data")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let steps = steps(&text);
    for step in &steps {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{{ {}\n}} 2>&1", step.command)).current_dir(dir.path());
        shell.env_remove("SAYSO_LEDGER").env("SAYSO_RECORDER", "desk").env("COLUMNS", "120").env("PATH", &path);
        let output = shell.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let found: Vec<&str> = printed.lines().map(str::trim_end).collect();
        assert!(
            fits(&step.shown, &found),
            "docs/{page}:{}: $ {}\nprinted:\n{}\nand the page shows:\n{}",
            step.line,
            step.command,
            found.join("\n"),
            step.shown.join("\n")
        );
    }
    steps.len()
}

#[test]
fn the_tour_shows_what_is_printed() {
    if !root().join("../shared/data/gaza-daily-history.jsonl.gz").is_file() {
        println!("skipped: the data are not in ../shared/data");
        return;
    }
    assert!(run("tour.md") >= 12);
}

#[test]
fn the_first_sheets_show_what_is_printed() {
    assert!(run("first-sheets.md") >= 12);
}

#[test]
fn pages_are_compared_line_by_line() {
    let shown = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert!(fits(&shown(&["a", "...", "d"]), &["a", "b", "c", "d"]) && fits(&shown(&["...", "b"]), &["b"]));
    assert!(fits(&shown(&["Receipt: 12:...", "x ... y ... z"]), &["Receipt: 12:abc", "x 1 y 2 z"]));
    assert!(!fits(&shown(&["a"]), &["a", "b"]) && !fits(&shown(&["a", "b"]), &["a"]));
    assert!(!line_fits("12 appended", "12 appended, 0 there") && !line_fits("x ... z", "x 1 y"));
    let page = "```console\n$ one \\\n  more\nout\n```\n```sh\n$ not run\n```\n";
    let found = steps(page);
    assert_eq!((found.len(), found[0].command.as_str(), found[0].shown.len()), (1, "one \\\n  more", 1));
}
