//! What makes the program pleasant, and must not make it dangerous: a question asked on a terminal may never be asked of a script,
//! which would hang in a newsroom's night run; whoever leaves in the middle has written nothing; and nobody else is kept from the
//! ledger while somebody thinks. Completions and manual pages are read by the programs that they are for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/program.rs"]
mod program;

use std::path::Path;
use std::process::Command;

use program::{SAYSO, json_of, ok, program, refused, with};
use serde_json::{Value, json};

const THERE: &str = r#"
{"kind":"claim","source":"yerevan","subject":"clash","predicate":"wounded","value":2,"unit":"people","stated":"2023-05-12"}
{"kind":"claim","source":"baku","subject":"talks","predicate":"agreed","value":true,"stated":"2023-05-12"}
"#;
const DOWN: &str = "\u{1b}[B";

/// Types at `sayso append` on a terminal: what became of it. `None` where there is no Python to do the typing.
fn typed(ledger: &Path, given: &[&str], steps: &Value) -> Option<(i64, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/terminal/type.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(steps.to_string()).arg(SAYSO).arg("--ledger").arg(ledger).arg("append").args(given);
    command.env_remove("SAYSO_LEDGER").env("SAYSO_RECORDER", "ani");
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            Some((told["exit"].as_i64().unwrap(), told["screen"].as_str().unwrap().to_owned()))
        }
        Err(e) if std::env::var_os("CI").is_some() => panic!("python3 is needed: {e}"),
        Err(e) => {
            eprintln!("not run: python3 is needed ({e})");
            None
        }
    }
}

fn entries(ledger: &Path) -> Vec<Value> {
    json_of(ledger, &["log", "--all"])["entries"].as_array().unwrap().clone()
}

#[test]
fn on_a_terminal_it_asks_and_suggests_what_is_there() {
    let (_dir, ledger) = with(THERE.trim());
    let look = json!([SAYSO, "--ledger", ledger, "log"]);
    let steps = json!([
        ["Source:", "yer"],
        ["yerevan", format!("{DOWN}\r")],
        ["Subject:", "clash\r"],
        // Of the predicates, that of this subject comes first.
        ["Predicate:", look],
        ["", format!("{DOWN}\r")],
        ["Value:", "2,000\r"],
        ["is nearly", "\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}>=3\r"],
        ["Unit:", format!("{DOWN}\r")],
        ["Stated:", "2023-05-14\r"],
        ["Address:", "https://example.org/a\r"],
        ["Append it?", "y\r"],
    ]);
    let Some((exit, screen)) = typed(&ledger, &["--via", "afp"], &steps) else { return };
    assert_eq!(exit, 0, "{screen}");
    assert!(screen.contains("#2 "), "{screen}");
    let event = entries(&ledger)[2]["event"].clone();
    let expected = json!({
        "kind": "claim", "source": "yerevan", "subject": "clash", "predicate": "wounded", "value": {"min": 3}, "unit": "people",
        "act": "asserts", "stated": "2023-05-14", "via": ["afp"], "citations": [{"url": "https://example.org/a"}], "recorder": "ani",
    });
    assert_eq!(event, expected, "{screen}");
}

/// What was typed and what it came to are two things: whoever says yes has to see the second.
#[test]
fn it_shows_what_it_understood_and_asks_about_names_that_look_alike() {
    let (_dir, ledger) = with(THERE.trim());
    let steps = json!([
        ["Source:", "Yervan\r"],
        ["No source is named Yervan so far. Which one is meant?", "\r"],
        ["Subject:", "clahs\r"],
        ["Which one is meant?", format!("{DOWN}\r")], // a new one, after all
        // A slip in what was typed so far leaves the names on the screen.
        ["Predicate:", "wonud"],
        ["", format!("{DOWN}\r")],
        ["Value:", ">200\r"],
        ["Unit:", "People\r"],
        ["No unit is named People so far", "\r"],
        ["Stated:", "2023-05\r"],
        ["Address:", "\r"],
        ["Append it?", "y\r"],
    ]);
    let given = ["--speaker", "Aram Torosyan", "--occurred", "2023-04-30/2023-05-02", "--timezone", "Asia/Yerevan"];
    let Some((exit, screen)) = typed(&ledger, &given, &steps) else { return };
    assert_eq!(exit, 0, "{screen}");
    let shown = screen.split_once("Understood:").unwrap().1.split_once("Append it?").unwrap().0;
    let lines: Vec<String> = shown.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "source yerevan",
        "speaker Aram Torosyan",
        "subject clahs",
        "predicate wounded",
        "value at least 201 people",
        "how strongly \"more than 200\"",
        "stated 2023-05: some time from 2023-05-01 to 2023-05-31 (Asia/Yerevan)",
        "occurred 2023-04-30/2023-05-02: some time from 2023-04-30 to 2023-05-02",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line}\n{shown}");
    }
    assert!(!shown.contains(">200"), "{shown}");
    let event = entries(&ledger)[2]["event"].clone();
    let got = ["source", "subject", "predicate", "value", "unit", "modality"].map(|field| event[field].clone());
    let expected = json!(["yerevan", "clahs", "wounded", {"min": 201}, "people", "more than 200"]);
    assert_eq!(json!(got), expected, "{screen}");
}

#[test]
fn whoever_leaves_has_written_nothing() {
    let (_dir, ledger) = with(THERE.trim());
    let given = ["--source", "eu", "--subject", "talks", "--predicate", "agreed", "--stated", "2023-05-13"];
    for (steps, exit, says) in [
        (json!([["Value:", "\u{3}"]]), -2, ""),
        (json!([["Value:", "ye\u{3}"]]), -2, ""),
        (json!([["Value:", "\u{1b}"]]), 1, "nothing was appended"),
        (json!([["Value:", "yes\r"], ["Address:", "\r"], ["Append it?", "\u{3}"]]), -2, ""),
        (json!([["Value:", "yes\r"], ["Address:", "\r"], ["Append it?", "n\r"]]), 1, "nothing was appended"),
        // Enter alone is no answer.
        (
            json!([["Value:", "yes\r"], ["Address:", "\r"], ["Append it?", "\r"], ["write y or n", "n\r"]]),
            1,
            "nothing was appended",
        ),
    ] {
        let Some((got, screen)) = typed(&ledger, &given, &steps) else { return };
        assert_eq!(got, exit, "{steps}\n{screen}");
        assert!(screen.contains(says), "{steps}\n{screen}");
        assert_eq!(entries(&ledger).len(), 2, "{steps}\n{screen}");
    }
    // Nothing is missing: nothing is asked. What is asked for in JSON is asked by a program.
    let whole = [&given[..], &["--value", "yes"]].concat();
    let Some((exit, screen)) = typed(&ledger, &whole, &json!([])) else { return };
    assert!(exit == 0 && !screen.contains("Append it?"), "{screen}");
    let Some((exit, screen)) = typed(&ledger, &["--format", "json"], &json!([])) else { return };
    assert!(exit == 1 && screen.contains("are missing"), "{screen}");
}

#[test]
fn a_script_is_never_asked() {
    let (_dir, ledger) = with(THERE.trim());
    let (code, said) = refused(&ledger, &["append", "--source", "eu", "--predicate", "p"]);
    assert_eq!(code, 1);
    assert!(said.contains("`subject`, `value` and `stated` are missing: give --subject, --value, --stated"), "{said}");
    let (code, said) =
        refused(&ledger, &["append", "--source", "eu", "--predicate", "p", "--subject", "s", "--text", "x"]);
    assert!(code == 1 && said.contains("`stated` is missing"), "{said}");
    assert_eq!(entries(&ledger).len(), 2);
}

#[test]
fn the_shell_completes() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = program(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        // These two are told of commands and options only.
        let knows = if ["elvish", "powershell"].contains(&shell) { "--known-at" } else { "claimreview" };
        assert!(output.status.success() && script.contains(knows), "{shell}");
        if shell == "bash" {
            let asks = r#"
                words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _sayso sayso "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; echo "${COMPREPLY[*]}"; }
                words sayso exp; words sayso export --as cl; words sayso key ro; words sayso replay --as-"#;
            let file = tempfile::NamedTempFile::new().unwrap(); // too long for an argument
            std::fs::write(file.path(), format!("{script}\n{asks}")).unwrap();
            let output = Command::new("bash").arg(file.path()).output().unwrap();
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(
                told,
                "export\nclaims claimreview\nrotate\n--as-of\n",
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

#[test]
fn there_is_a_page_for_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("none"); // no ledger is needed
    let man = dir.path().join("man");
    let told = json_of(&ledger, &["man", man.to_str().unwrap()]);
    let pages: Vec<_> = std::fs::read_dir(&man).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(told["pages"], json!(pages.len()));
    assert_eq!(
        ok(&ledger, &["man", man.to_str().unwrap()]),
        format!("Wrote {} pages into {}.\n", pages.len(), man.display())
    );
    for name in ["sayso.1", "sayso-append.1", "sayso-export.1", "sayso-key-new.1", "sayso-man.1"] {
        assert!(man.join(name).exists(), "{name}");
    }
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        let shown =
            Command::new("groff").args(["-k", "-man", "-Tutf8", "-ww"]).arg(page).env("GROFF_NO_SGR", "1").output();
        let Ok(shown) = shown else {
            eprintln!("pages not set: no groff");
            break;
        };
        assert_eq!(String::from_utf8_lossy(&shown.stderr), "", "{}", page.display());
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let has_examples = text.contains(".SH EXAMPLES") || page.ends_with("sayso.1");
        assert!(has_examples && shown.contains("sayso "), "{}", page.display());
        if page.ends_with("sayso-correct.1") {
            let line = "  sayso correct --of '#12' --value 3 --reason 'typing error: the article has three'";
            assert!(shown.contains(line), "{shown}");
        }
    }
}

/// One who mistypes a name is told which one is there, also by programs; who types a name of no likeness is told nothing wrong.
#[test]
fn names_that_nearly_match_are_offered() {
    let lines = r#"
{"kind":"claim","source":"Red Cross","subject":"ferry-at-oslo","predicate":"missing","value":2,"stated":"2023-05-12"}
{"kind":"claim","source":"tally","subject":"ferry-at-oslo","predicate":"missing","value":2,"stated":"2023-05-12"}
"#;
    let (dir, ledger) = with(lines.trim());
    let file = dir.path().join("c.svg").to_str().unwrap().to_owned();
    for typed in ["red cross", "red-cross", "RedCross", "Red Crosss"] {
        let told = ok(&ledger, &["replay", "--source", typed]);
        assert!(told.contains(&format!("No entry has the source {typed}: did you mean `Red Cross`?")), "{told}");
    }
    let json = json_of(&ledger, &["compare", "--source", "red cross", "--subject", "ferry-at-osk"]);
    assert_eq!(json["unknown_sources"], json!(["red cross"]));
    let meant = json!([
        {"names": "source", "asked": "red cross", "like": ["Red Cross"]},
        {"names": "subject", "asked": "ferry-at-osk", "like": ["ferry-at-oslo"]},
    ]);
    assert_eq!(json["did_you_mean"], meant);
    let told = ok(&ledger, &["compare", "--subject", "ferry-at-osk"]);
    assert!(told.contains("No subject begins with ferry-at-osk: did you mean `ferry-at-oslo`?"), "{told}");
    let (code, said) = refused(&ledger, &["chart", "ferry-at-osk", "Missing", "-o", &file]);
    assert!(code == 1 && said.contains("`ferry-at-oslo`?") && said.contains("`missing`?"), "{said}");
    let told = ok(&ledger, &["history", "ferry-at-osl"]);
    assert!(told.contains("subject ferry-at-osl: did you mean `ferry-at-oslo`?"), "{told}");
    let told = ok(&ledger, &["why", "taly", "ferry-at-oslo", "missing"]);
    assert!(told.contains("source taly: did you mean `tally`?"), "{told}");
    assert_eq!(json_of(&ledger, &["why", "taly", "ferry-at-oslo", "missing"])["did_you_mean"][0]["like"][0], "tally");

    let told = ok(&ledger, &["replay", "--source", "moon"]);
    assert!(told.contains("is that how it is written here?") && !told.contains("did you mean"), "{told}");
    let found = ok(&ledger, &["replay", "--source", "tally", "--subject", "ferry"]);
    assert!(!found.contains("did you mean") && !found.contains("No entry"), "{found}");
    assert_eq!(json_of(&ledger, &["replay", "--subject", "ferry"])["did_you_mean"], json!([]));
}

#[test]
fn commands_that_people_reach_for_lead_to_those_that_are_there() {
    let (_dir, ledger) = with(THERE.trim());
    for (args, tip) in [
        (&["dispute", "#0"][..], "`sayso stance --stance denies`"),
        (&["verify"], "`sayso audit` checks the ledger"),
        (&["delete"], "`sayso correct`"),
        (&["compara"], "'compare'"),
    ] {
        let (code, said) = refused(&ledger, args);
        assert!(code == 2 && said.contains(tip), "{args:?}: {said}");
        assert_eq!(said.matches("tip:").count(), 1, "{said}");
    }
}
