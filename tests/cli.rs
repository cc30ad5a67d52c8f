//! The program as a person or a script meets it: what is printed, in which shape, with which exit code. A field that changes
//! its name here breaks somebody's newsroom script.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/program.rs"]
mod program;

use std::path::Path;
use std::process::Stdio;

use program::{command, json_of, new, ok, program, sayso};
use serde_json::{Value, json};

const CLAIM: [&str; 28] = [
    "append",
    "--source",
    "yerevan",
    "--speaker",
    "Aram Torosyan",
    "--body",
    "Ministry of Defence",
    "--via",
    "afp",
    "--subject",
    "sotk-clash-2023-05-12",
    "--predicate",
    "armenian-soldiers-wounded",
    "--value",
    ">=2",
    "--unit",
    "people",
    "--stated",
    "2023-05-12",
    "--occurred",
    "2023-05-12",
    "--act",
    "asserts",
    "--quote",
    "dua prajurit",
    "--lang",
    "id",
    "--translated",
];

#[test]
fn a_claim_gets_a_receipt_and_is_replayed() {
    let (_dir, ledger) = new();
    let printed = ok(&ledger, &[&CLAIM[..], &["--url", "https://example.org/a"]].concat());
    let (index, hash) = printed.trim().split_once(' ').unwrap();
    assert_eq!((index, hash.len()), ("#0", 64));
    let again = json_of(&ledger, &[&CLAIM[..], &["--url", "https://example.org/a"]].concat());
    assert_eq!(again, json!({"index": 0, "hash": hash, "size": 1, "already_there": true}));
    let other = json_of(
        &ledger,
        &[
            "append",
            "--source",
            "yerevan",
            "--subject",
            "sotk-clash-2023-05-12",
            "--predicate",
            "armenian-soldiers-wounded",
            "--value",
            "2",
            "--stated",
            "2023-05-12",
        ],
    );
    assert_eq!((&other["index"], &other["size"]), (&json!(1), &json!(2)));

    let replay = json_of(&ledger, &["replay", "--as-of", "2023-05-12", "--source", "yerevan", "--source", "baku"]);
    assert_eq!((&replay["as_of"], &replay["known_at"]), (&json!("2023-05-12"), &Value::Null));
    assert_eq!(replay["head"], json!({"size": 2, "hash": other["hash"]}));
    assert_eq!(replay["views"][0], json!({"source": "baku", "standings": [], "taken_back": []}));
    let standing = &replay["views"][1]["standings"][0];
    let fields =
        ["subject", "predicate", "value", "unit", "act", "stated", "uncertain", "consistent", "entries", "stances"];
    let shown: Vec<&Value> = fields.iter().map(|f| &standing[f]).collect();
    let expected = [
        json!("sotk-clash-2023-05-12"),
        json!("armenian-soldiers-wounded"),
        json!(2),
        json!("people"),
        json!("asserts"),
        json!("2023-05-12"),
        json!(false),
        json!(true),
        json!([0, 1]),
        json!([]),
    ];
    assert_eq!(shown, expected.iter().collect::<Vec<_>>());

    let text = ok(&ledger, &["replay", "--source", "baku"]);
    assert!(text.contains("baku\n  nothing recorded"), "{text}");
    assert!(text.contains("No entry has the source baku"), "{text}");
}

#[test]
fn audit_says_what_it_can_and_what_it_cannot() {
    let (dir, ledger) = new();
    let receipt = ok(&ledger, &CLAIM);
    ok(&ledger, &["note", "--of", "#0", "--text", "seen twice"]);
    let without = json_of(&ledger, &["audit"]);
    assert_eq!((&without["sound"], &without["entries"], &without["anchored"]), (&json!(true), &json!(2), &Value::Null));
    assert_eq!((&without["imported_clock"], &without["findings"]), (&json!(0), &json!([])));
    let text = ok(&ledger, &["audit", "--receipt", receipt.trim()]);
    assert!(text.contains("Consistent up to 2 of 2 entries.\nAnchored up to 1 entries"), "{text}");
    let file = dir.path().join("receipts");
    std::fs::write(&file, &receipt).unwrap();
    assert_eq!(json_of(&ledger, &["audit", "--receipt", file.to_str().unwrap()])["anchored"]["size"], 1);

    let foreign = format!("1:{}", "0".repeat(64));
    let output = sayso(&ledger, &["audit", "--receipt", &foreign, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&found["sound"], &found["findings"][0]["index"], &found["findings"][0]["kind"]),
        (&json!(false), &json!(0), &json!("rewritten"))
    );
}

/// Somebody edits the store with the very library that it is written with.
#[test]
fn audit_finds_an_entry_altered_in_the_files() {
    use sayso_core::bundle::{Bundle, Codec, StoredBody};
    use sayso_core::store::{SledStore, Store, Table};
    let (_dir, ledger) = new();
    ok(&ledger, &CLAIM);
    ok(
        &ledger,
        &["append", "--source", "a", "--subject", "s", "--predicate", "p", "--value", "3", "--stated", "2023-05-12"],
    );
    {
        let store = SledStore::open(&ledger.join("store")).unwrap();
        let key = [b"tail".as_slice(), &1u64.to_be_bytes()].concat();
        let mut bundle = Bundle::decode(&store.get(Table::State, &key).unwrap().unwrap()).unwrap();
        let StoredBody::Present(_, body) = &mut bundle.entries[0].body else { panic!("present") };
        let mut bytes = body.to_vec();
        let last = bytes.iter().rposition(|b| *b == 3).unwrap();
        bytes[last] = 4;
        *body = bytes.into();
        store.apply(Table::State, vec![(key, Some(bundle.encode(Codec::Plain)))]).unwrap();
        store.sync().unwrap();
    }
    let output = sayso(&ledger, &["audit"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("UNSOUND")
            && text.contains("Consistent up to 1 of 2 entries.")
            && text.contains("#1: altered"),
        "{text}"
    );
}

#[test]
fn both_clocks_from_the_command_line() {
    let (dir, ledger) = new();
    let file = dir.path().join("late.jsonl");
    let line = r#"{"kind":"claim","source":"yerevan","subject":"s","predicate":"p","value":1,"stated":"2023-05-11","recorded":"2023-05-13T09:00:00Z"}"#;
    std::fs::write(&file, line).unwrap();
    assert!(!sayso(&ledger, &["import", file.to_str().unwrap()]).status.success(), "recorded needs --imported-clock");
    ok(&ledger, &["import", file.to_str().unwrap(), "--imported-clock"]);
    let standings = |args: &[&str]| {
        json_of(&ledger, &[&["replay", "--source", "yerevan"], args].concat())["views"][0]["standings"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(standings(&["--as-of", "2023-05-12"]), 1);
    assert_eq!(standings(&["--as-of", "2023-05-12", "--known-at", "2023-05-12T23:59Z"]), 0);
    assert_eq!(standings(&["--as-of", "2023-05-10"]), 0);
    assert_eq!(json_of(&ledger, &["audit"])["imported_clock"], 1);
    ok(&ledger, &["correct", "--of", "#0", "--value", "2", "--reason", "typing error"]);
    let value =
        |args: &[&str]| json_of(&ledger, &[&["replay"], args].concat())["views"][0]["standings"][0]["value"].clone();
    assert_eq!(value(&[]), 2);
    assert_eq!(value(&["--known-at", "2023-05-14"]), 1);
}

/// What `export` writes, `import` reads into another ledger, and that one's export is the same to the letter.
#[test]
fn export_and_import_lose_nothing() {
    let (dir, first) = new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for file in ["sotk-2023.jsonl", "seed-article.jsonl"] {
        let path = examples.join(file);
        let said = json_of(&first, &["import", path.to_str().unwrap()]);
        assert_eq!(said["already_there"], 0);
        let again = json_of(&first, &["import", path.to_str().unwrap()]);
        assert_eq!((&again["appended"], &again["already_there"]), (&json!(0), &said["appended"]));
    }
    ok(
        &first,
        &[
            "--timezone",
            "Asia/Yerevan",
            "append",
            "--source",
            "a",
            "--subject",
            "s",
            "--predicate",
            "p",
            "--value",
            "12345678901234567890.5",
            "--stated",
            "2023-05-12",
        ],
    );
    let index = json_of(&first, &["log", "-n", "1"])["entries"][0]["index"].as_u64().unwrap();
    let of = format!("#{index}");
    ok(&first, &["stance", "--source", "b", "--stance", "denies", "--of", &of, "--stated", "2023-05-13"]);
    ok(&first, &["correct", "--of", &of, "--unit", "km2", "--reason", "unit left out"]);
    ok(&first, &["retract", "--source", "b", "--of", &format!("#{}", index + 1), "--stated", "2023-05-14"]);

    let exported = ok(&first, &["export"]);
    let file = dir.path().join("export.jsonl");
    std::fs::write(&file, &exported).unwrap();
    let second = dir.path().join("second");
    ok(&second, &["init"]);
    assert_eq!(json_of(&second, &["import", file.to_str().unwrap()])["appended"], exported.lines().count());
    assert!(ok(&second, &["export"]) == exported, "the same to the letter");
    let views = |ledger: &Path| json_of(ledger, &["replay"])["views"].clone();
    assert_eq!(views(&first), views(&second));
    assert!(ok(&first, &["show", &of]).contains("12345678901234567890.5"), "every digit");
    assert!(ok(&first, &["log", "--all", "--format", "json"]).contains("12345678901234567890.5"));

    let envelope: Value = serde_json::from_str(ok(&first, &["export", "--envelope"]).lines().last().unwrap()).unwrap();
    for field in ["index", "recorded", "salt", "hash", "ledger"] {
        assert!(!envelope[field].is_null(), "{field}");
    }
}

#[test]
fn a_dry_run_writes_nothing_and_standard_input_works() {
    let (_dir, ledger) = new();
    let before = json_of(&ledger, &["audit"])["head"].clone();
    let mut child =
        command(&ledger, &["import", "-", "--dry-run"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let line = "\u{feff}{\"kind\":\"claim\",\"source\":\"a\",\"subject\":\"s\",\"predicate\":\"p\",\"value\":1,\"stated\":\"2023-05-12\"}\r\n\r\n";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), line.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "1 would be appended, 0 already there. Nothing was written.\n"
    );
    assert_eq!(json_of(&ledger, &["audit"])["head"], before);
}

/// What cannot be read and what the ledger refuses, in one report, in the order of the file.
#[test]
fn every_bad_line_is_reported_at_once() {
    let (dir, ledger) = new();
    let claim = |id: &str, value: &str| {
        format!(
            r#"{{"kind":"claim","id":"{id}","source":"a","subject":"s","predicate":"p","value":{value},"stated":"2023-05-12"}}"#
        )
    };
    let file = dir.path().join("bad.jsonl");
    let lines = [
        claim("x", "1"),
        claim("x", "2"),
        "[1]".into(),
        claim("y", "{}"),
        r#"{"kind":"note","of":"nobody","text":"t"}"#.into(),
        r#"{"kind":"note","of":"y","text":"follows from line 4"}"#.into(),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let output = sayso(&ledger, &["import", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    let numbers: Vec<&str> = said.lines().skip(1).map(|l| l.split(':').nth(1).unwrap()).collect();
    assert_eq!((output.status.code(), numbers), (Some(1), vec!["2", "3", "4", "5"]), "{said}");

    let retract = |of: &str| format!(r#"{{"kind":"retraction","source":"a","of":"{of}","stated":"2023-05-12"}}"#);
    let lines = [
        retract(&format!("content:{}", "1".repeat(32))),
        retract(&format!("content:{}", "2".repeat(32))),
        retract("nosuch"),
        "{bad".into(),
        retract("perhaps line 4"),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let said = String::from_utf8(sayso(&ledger, &["import", file.to_str().unwrap()]).stderr).unwrap();
    let numbers: Vec<&str> = said.lines().skip(1).map(|l| l.split(':').nth(1).unwrap()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4"], "{said}");
}

#[test]
fn the_demo_runs_twice_and_leaves_other_ledgers_alone() {
    let dir = tempfile::tempdir().unwrap();
    let run = || program(&["demo"]).current_dir(dir.path()).output().unwrap();
    let first = String::from_utf8(run().stdout).unwrap();
    assert!(first.contains("119 appended to sayso-demo.") && first.contains("Sound"), "{first}");
    assert!(
        first.contains("as of 2023-05-11") && first.contains("as of 2023-05-12") && first.contains("What to try next")
    );
    assert!(String::from_utf8(run().stdout).unwrap().contains("0 appended to sayso-demo."));
    ok(&dir.path().join("sayso-demo"), &CLAIM);
    let third = run();
    assert!(third.status.success(), "the example is still there, with an entry more");
}

#[test]
fn the_nearest_ledger_upwards_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str], at: &Path| program(args).current_dir(at).output().unwrap();
    assert!(run(&["init"], dir.path()).status.success());
    let deep = dir.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    assert!(run(&["audit"], &deep).status.success());
    let outside = tempfile::tempdir().unwrap();
    assert_eq!(run(&["audit"], outside.path()).status.code(), Some(3));
}

/// `sayso log | head` must not end in an error.
#[test]
fn a_reader_that_goes_away_is_a_normal_end() {
    let (_dir, ledger) = new();
    ok(&ledger, &CLAIM);
    let mut child = command(&ledger, &["export"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
