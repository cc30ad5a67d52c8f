//! The failure this guards against: an intern pastes a spreadsheet's export into the ledger at midnight. One date is the
//! 30th of February, one name carries an invisible character, one line was cut by the mail program, and a colleague's
//! import is still running. If any of it gets in, it stays for ever: a ledger is never edited. If half of it gets in,
//! nobody knows which half. And if all that is said is "invalid input", the intern tries again with something removed.
//!
//! So for every kind of bad input: the message says what is wrong (in a file: on which line), the exit code is right, and
//! nothing changed, neither in the ledger nor in the directory around it. The kinds are rows in `bad_input/cases.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

#[path = "bad_input/cases.rs"]
mod cases;
#[path = "support/program.rs"]
mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cases::{Bad, Typed};
use program::program;

/// Exit codes: input or a rule refused it; wrong arguments; something could not be read or written.
const REFUSED: i32 = 1;
const USAGE: i32 = 2;
const FAILED: i32 = 3;

/// A directory with a small ledger in `ledger/`, and commands run in it.
struct Newsroom {
    dir: tempfile::TempDir,
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Newsroom {
    fn new() -> Self {
        Self::with(cases::LEDGER)
    }

    fn with(lines: &[&str]) -> Self {
        let room = Self { dir: tempfile::tempdir().unwrap() };
        room.run(&["init"]).succeeds();
        fs::write(room.path("base.jsonl"), lines.join("\n")).unwrap();
        room.run(&["import", "base.jsonl"]).succeeds();
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_on(Some("ledger"), args)
    }

    fn run_on(&self, ledger: Option<&str>, args: &[&str]) -> Run {
        let mut command = program(args);
        command.current_dir(self.dir.path());
        if let Some(ledger) = ledger {
            command.env("SAYSO_LEDGER", ledger);
        }
        let output = command.output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Everything that a refused command could have changed: all entries with their hashes, and every other file.
    fn state(&self) -> (String, BTreeMap<PathBuf, Vec<u8>>) {
        let mut files = BTreeMap::new();
        files_below(self.dir.path(), &mut files);
        files.retain(|path, _| !path.starts_with(self.path("ledger")) && !path.ends_with("import.jsonl"));
        let log = self.run(&["--format", "json", "log", "--all"]);
        assert_eq!(log.code, Some(0), "{}", log.stderr);
        (log.stdout, files)
    }

    /// Runs every case and reports all that went wrong at once.
    fn refuses<C>(&self, cases: Vec<C>, name: impl Fn(&C) -> &str, check: impl Fn(&C) -> Result<(), String>) {
        let before = self.state();
        let mut wrong = Vec::new();
        for case in &cases {
            let result = check(case);
            assert!(self.state() == before, "{}: something changed", name(case));
            wrong.extend(result.err().map(|e| format!("{}: {e}", name(case))));
        }
        assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    }

    /// Every case's line stands between two good ones in a file; neither may get in without the other.
    fn refuses_lines(&self, cases: Vec<Bad>) {
        let check = |bad: &Bad| {
            let mut content = format!("{}\n", cases::good("before")).into_bytes();
            content.extend_from_slice(&bad.lines);
            content.extend_from_slice(format!("\n{}\n", cases::good("after")).as_bytes());
            fs::write(self.path("import.jsonl"), &content).unwrap();
            let run = self.run(&[&["import", "import.jsonl"], bad.options].concat());
            let line = 2 + bad.lines.iter().filter(|b| **b == b'\n').count();
            run.refused(REFUSED, &format!("import.jsonl:{line}: "))?;
            run.refused(REFUSED, "1 bad line, so nothing was appended")?;
            run.refused(REFUSED, bad.says)?;
            let short = run.stderr.lines().count() == 2 && run.stderr.chars().count() < 700;
            if short { Ok(()) } else { Err(format!("more than a sentence was printed:\n{}", run.stderr)) }
        };
        self.refuses(cases, |bad| bad.name, check);
    }

    fn refuses_commands(&self, cases: Vec<Typed>) {
        let check = |c: &Typed| self.run_on(c.ledger, c.args).refused(c.code, c.says);
        self.refuses(cases, |c| c.name, check);
    }
}

impl Run {
    fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
    }

    /// Whether it was refused in the right way. What is wrong goes to standard error and nothing to standard output,
    /// where a program may be reading.
    fn refused(&self, code: i32, says: &str) -> Result<(), String> {
        let Self { stderr, stdout, .. } = self;
        let ours = stderr.starts_with("sayso: ") || stderr.starts_with("error: ");
        let printable = !stderr.chars().any(|c| c.is_control() && c != '\n');
        let right = self.code == Some(code) && ours && printable && stdout.is_empty();
        if right && stderr.contains(says) && !stderr.contains("panicked") {
            return Ok(());
        }
        Err(format!("expected {code} and `{says}`, got {:?} and\n{stderr}{stdout}", self.code))
    }
}

fn files_below(dir: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.insert(path.clone(), Vec::new());
            files_below(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

#[test]
fn lines_that_are_not_json() {
    Newsroom::new().refuses_lines(cases::json());
}

#[test]
fn fields_that_are_missing_wrong_or_out_of_place() {
    Newsroom::new().refuses_lines(cases::fields());
}

#[test]
fn values_that_are_none() {
    Newsroom::new().refuses_lines(cases::values());
}

#[test]
fn dates_that_are_none() {
    Newsroom::new().refuses_lines(cases::dates());
}

#[test]
fn names_ids_and_addresses_that_are_none() {
    Newsroom::new().refuses_lines(cases::names());
}

#[test]
fn references_that_lead_nowhere() {
    Newsroom::new().refuses_lines(cases::references());
}

#[test]
fn lines_that_break_a_rule() {
    Newsroom::new().refuses_lines(cases::rules());
}

#[test]
fn recorded_times_that_cannot_be() {
    Newsroom::new().refuses_lines(cases::recorded_times());
    // A fresh ledger takes an older history, but not backwards.
    let later = cases::claim("id", r#""later","recorded":"2023-05-13T08:00:00Z""#);
    let room = Newsroom::with(&[]);
    fs::write(room.path("import.jsonl"), format!("{later}\n{}", cases::recorded("2023-05-12T08:00:00Z"))).unwrap();
    let run = room.run(&["import", "import.jsonl", "--imported-clock"]);
    run.refused(REFUSED, "import.jsonl:2: its recorded time 2023-05-12T08:00:00Z is earlier than").unwrap();
    assert!(room.run(&["log"]).stdout.starts_with("No entries"));
}

#[test]
fn wrong_commands() {
    let room = Newsroom::new();
    fs::write(room.path("kept.jsonl"), "mine").unwrap();
    fs::write(room.path("no-receipt.txt"), "\nhello\n").unwrap();
    fs::create_dir(room.path("papers")).unwrap();
    room.refuses_commands(cases::commands());
}

#[test]
fn directories_that_are_no_ledger() {
    let room = Newsroom::new();
    fs::write(room.path("file"), "text").unwrap();
    for (dir, format) in [
        ("empty", None),
        ("foreign", Some("something else 1\n")),
        ("newer", Some("sayso ledger 2\n")),
        ("garbled", Some("sayso ledger one\n")),
    ] {
        fs::create_dir(room.path(dir)).unwrap();
        if let Some(format) = format {
            fs::write(room.path(dir).join("format"), format).unwrap();
        }
    }
    fs::write(room.path("foreign").join("thesis.txt"), "years of work").unwrap();
    fs::create_dir(room.path("full")).unwrap();
    fs::write(room.path("full").join("thesis.txt"), "years of work").unwrap();
    room.refuses_commands(cases::places());
}

/// The lock is the one that every sayso takes; here the test stands for the other process.
#[test]
fn a_second_process_on_the_same_ledger() {
    let room = Newsroom::new();
    fs::write(room.path("more.jsonl"), cases::good("more")).unwrap();
    let before = room.state();
    let lock = fs::File::options().read(true).write(true).open(room.path("ledger/lock")).unwrap();
    lock.lock().unwrap();
    for args in cases::LOCKED_OUT {
        for says in
            ["another program is using this ledger (process ", "nothing was changed. Wait until it has finished"]
        {
            room.run(args).refused(FAILED, says).unwrap();
        }
    }
    drop(lock);
    assert!(room.state() == before);
    room.run(&["import", "more.jsonl"]).succeeds();
}

/// A process that was killed leaves its lock file, but no lock.
#[test]
fn a_stale_lock_file_locks_nobody_out() {
    let room = Newsroom::new();
    fs::write(room.path("ledger/lock"), "process 999999").unwrap();
    room.run(&["audit"]).succeeds();
}

#[test]
fn of_many_bad_lines_all_are_counted_and_a_hundred_shown() {
    let room = Newsroom::new();
    let before = room.state();
    let mut lines = vec![cases::good("first")];
    lines.extend((0..150).map(|n| if n % 2 == 0 { "{".into() } else { cases::claim("stated", r#""soon""#) }));
    fs::write(room.path("import.jsonl"), lines.join("\n")).unwrap();
    let run = room.run(&["import", "import.jsonl"]);
    run.refused(REFUSED, "sayso: 150 bad lines, so nothing was appended:\nimport.jsonl:2: ").unwrap();
    run.refused(REFUSED, "\n... and 50 more\n").unwrap();
    let reported: Vec<&str> = run.stderr.lines().filter(|l| l.starts_with("import.jsonl:")).collect();
    assert_eq!(reported.len(), 100);
    for (n, line) in reported.iter().enumerate() {
        assert!(line.starts_with(&format!("import.jsonl:{}: ", n + 2)), "{line}");
    }
    assert!(room.state() == before);
}

/// The same for lines that are good in themselves and refused by a rule.
#[test]
fn of_many_refused_lines_all_are_counted_and_a_hundred_shown() {
    let room = Newsroom::new();
    let before = room.state();
    let lines: Vec<String> = (0..150).map(|n| cases::claim("id", &format!("\"ours\",\"note\":\"{n}\""))).collect();
    fs::write(room.path("import.jsonl"), lines.join("\n")).unwrap();
    let run = room.run(&["import", "import.jsonl"]);
    run.refused(REFUSED, "sayso: 150 bad lines, so nothing was appended:\nimport.jsonl:1: ").unwrap();
    run.refused(REFUSED, "\n... and 50 more\n").unwrap();
    assert!(room.state() == before);
}

/// An editor must jump to the right line, whatever program wrote the file.
#[test]
fn line_numbers_are_those_of_an_editor() {
    let room = Newsroom::new();
    let before = room.state();
    let good = cases::good("x");
    let file = format!("\u{feff}{good}\r\n\r\n   \n\nbad\r\n{good}\r\n\r\n{{\r\n\nworse");
    fs::write(room.path("import.jsonl"), file).unwrap();
    let run = room.run(&["import", "import.jsonl"]);
    run.refused(REFUSED, "3 bad lines").unwrap();
    let numbers: Vec<&str> = run.stderr.lines().skip(1).filter_map(|l| l.split(':').nth(1)).collect();
    assert_eq!(numbers, ["5", "8", "10"], "{}", run.stderr);
    assert!(room.state() == before);
}

/// Spreadsheets on Windows save "Unicode text" so. Every line would be wrong; one sentence says why.
#[test]
fn a_file_in_utf_16() {
    let room = Newsroom::new();
    let before = room.state();
    let text = format!("\u{feff}{}\r\n{}\r\n", cases::good("a"), cases::good("b"));
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        fs::write(room.path("import.jsonl"), text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>()).unwrap();
        let run = room.run(&["import", "import.jsonl"]);
        run.refused(REFUSED, "import.jsonl is in UTF-16; save it as UTF-8").unwrap();
    }
    assert!(room.state() == before);
}
