//! Copies are made and used by people in a bad hour, and by scripts every night: what is printed, in which shape, with which exit code,
//! and what is said when a mirror's disk is not there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod faults;
#[path = "support/program.rs"]
mod program;

use std::path::PathBuf;

use program::{json_of, ok, refused, sayso};
use serde_json::{Value, json};

/// A ledger of 300 claims.
fn new() -> (tempfile::TempDir, PathBuf) {
    let (dir, ledger) = program::new();
    let line = |n| {
        format!(
            "{{\"kind\":\"claim\",\"id\":\"c{n}\",\"source\":\"a\",\"subject\":\"s\",\"predicate\":\"p{n}\",\"value\":{n},\"stated\":\"2023-05-12\"}}\n"
        )
    };
    let file = dir.path().join("claims.jsonl");
    std::fs::write(&file, (0..300).map(line).collect::<String>()).unwrap();
    ok(&ledger, &["import", file.to_str().unwrap()]);
    (dir, ledger)
}

const CLAIM: [&str; 11] =
    ["append", "--source", "b", "--subject", "s", "--predicate", "p", "--value", "2", "--stated", "2023-05-12"];

#[test]
fn a_backup_and_an_envelope_are_restored() {
    let (dir, ledger) = new();
    let head = json_of(&ledger, &["audit"])["head"].clone();
    let [file, envelope, new] = ["b.gz", "e.jsonl", "new"].map(|name| dir.path().join(name));
    let made = json_of(&ledger, &["backup", file.to_str().unwrap()]);
    assert_eq!(made, json!({"file": file, "bytes": file.metadata().unwrap().len(), "head": head}));
    let (code, said) = refused(&ledger, &["backup", file.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(said.contains("already there"), "{said}");
    ok(&ledger, &["export", "--envelope", "-o", envelope.to_str().unwrap()]);
    for (from, kind) in [(&file, "backup"), (&envelope, "envelope")] {
        let restored = json_of(&new, &["restore", from.to_str().unwrap()]);
        assert_eq!((&restored["kind"], &restored["head"]), (&json!(kind), &head));
        assert_eq!(restored["ledger"], json!(new));
        assert_eq!(restored["id"].as_str().unwrap().len(), 64);
        assert_eq!(json_of(&new, &["audit"])["sound"], true);
        assert_eq!(json_of(&new, &["show", "c299"])["index"], 299);
        let (code, said) = refused(&new, &["restore", from.to_str().unwrap()]);
        assert_eq!(code, 1, "{said}");
        std::fs::remove_dir_all(&new).unwrap();
    }
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, said) = refused(&new, &["restore", file.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(said.contains("damaged") && !new.exists(), "{said}");
    assert_eq!(refused(&new, &["restore", "/no/such/file"]).0, 3);
    assert_eq!(refused(&new, &["restore", ledger.to_str().unwrap()]).0, 1, "a ledger is no copy of one");
}

#[test]
fn a_mirror_keeps_up_between_processes_and_says_when_it_cannot() {
    let (dir, ledger) = new();
    let [mirror, away, new] = ["mirror", "away", "new"].map(|name| dir.path().join(name));
    let place = mirror.to_str().unwrap();
    assert!(ok(&ledger, &["mirror"]).contains("no mirror"));
    assert_eq!(json_of(&ledger, &["mirror"])["mirrors"], json!([]));
    let made = json_of(&ledger, &["mirror", place]);
    assert_eq!((&made["mirror"], &made["head"]["size"]), (&json!(mirror), &json!(300)));
    let receipt = json_of(&ledger, &CLAIM);
    let state = json_of(&ledger, &["mirror"]);
    assert_eq!(state["mirrors"][0], json!({"mirror": mirror, "head": state["head"], "problem": null}));
    assert_eq!(state["head"], json!({"size": 301, "hash": receipt["hash"]}));
    let restored = json_of(&new, &["restore", place]);
    assert_eq!((&restored["kind"], &restored["head"]), (&json!("mirror"), &state["head"]));

    std::fs::rename(&mirror, &away).unwrap();
    let (code, said) = refused(&ledger, &[&CLAIM[..], &["--id", "new"]].concat());
    assert_eq!(code, 3);
    assert!(said.contains("sayso mirror --stop") && said.contains("connected"), "{said}");
    assert_eq!(json_of(&ledger, &["audit"])["entries"], 301, "nothing was appended");
    assert_eq!(sayso(&ledger, &["mirror"]).status.code(), Some(1));
    assert!(ok(&ledger, &["log"]).contains("#300"), "reading goes on");
    assert_eq!(json_of(&ledger, &["mirror", "--stop", place]), json!({"stopped": mirror}));
    assert_eq!(refused(&ledger, &["mirror", "--stop", place]).0, 1);
    ok(&ledger, &[&CLAIM[..], &["--id", "new"]].concat());
    std::fs::rename(&away, &mirror).unwrap();
    assert!(ok(&ledger, &["mirror", place]).contains("all 302 entries"));

    // The restored ledger is a copy with the same identity; it has less, and the mirror stays as it is.
    let (code, said) = refused(&new, &["mirror", place]);
    assert_eq!(code, 1);
    assert!(said.contains("better copy"), "{said}");
}

#[test]
fn what_was_redacted_and_compacted_is_in_no_file() {
    let (dir, ledger) = new();
    let mirror = dir.path().join("mirror");
    ok(&ledger, &["mirror", mirror.to_str().unwrap()]);
    let secret = "k8Vt2QzX5bYw9LmR";
    let words = [&CLAIM[..], &["--id", "gone", "--quote", secret]].concat();
    let index = json_of(&ledger, &words)["index"].clone();
    assert_eq!(index, 300);
    assert_eq!(refused(&ledger, &["redact", "gone", "--reason", " "]).0, 2, "a reason is needed");
    assert_eq!(refused(&ledger, &["redact", "nobody", "--reason", "r"]).0, 1);
    let redacted = json_of(&ledger, &["redact", "gone", "--reason", "court order 4711"]);
    let hash = json_of(&ledger, &["audit"])["head"]["hash"].clone();
    assert_eq!(redacted, json!({"index": 301, "hash": hash, "size": 302, "redacted": 300}));
    assert_eq!(refused(&ledger, &["redact", "#300", "--reason", "again"]).0, 1);
    let before = json_of(&ledger, &["audit"]);
    let compacted = json_of(&ledger, &["compact"]);
    assert_eq!(compacted["head"], before["head"]);
    assert!(compacted["bytes_before"].as_u64().unwrap() > 0 && compacted["bytes_after"].as_u64().unwrap() > 0);
    let after = json_of(&ledger, &["audit"]);
    assert_eq!((&after["sound"], &after["redacted"]), (&json!(true), &json!([300])));
    let mut dirs = vec![ledger.clone(), mirror];
    while let Some(next) = dirs.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                assert!(!bytes.windows(10).any(|w| w == &secret.as_bytes()[2..12]), "{}", path.display());
            }
        }
    }
    let shown = json_of(&ledger, &["show", "#301"]);
    assert_eq!(shown["event"]["reason"], "court order 4711");
}

#[test]
fn salvage_reports_what_is_missing() {
    let (dir, ledger) = new();
    let [mirror, whole, part] = ["mirror", "whole", "part"].map(|name| dir.path().join(name));
    ok(&ledger, &["mirror", mirror.to_str().unwrap()]);
    let head = json_of(&ledger, &["audit"])["head"].clone();
    std::fs::remove_dir_all(ledger.join("store")).unwrap();
    std::fs::write(ledger.join("format"), "lost").unwrap();
    let report = json_of(&ledger, &["salvage", whole.to_str().unwrap()]);
    assert_eq!((&report["head"], &report["recovered"], &report["expected"]), (&head, &json!(300), &json!(300)));
    assert_eq!(
        (&report["missing"], &report["behind_a_hole"], &report["behind_file"]),
        (&json!([]), &json!([]), &Value::Null)
    );
    assert_eq!(report["found"][1]["entries"], 300, "the mirror was known: {report}");
    assert!(report["found"][0]["problem"].is_string());
    assert_eq!(json_of(&whole, &["audit"])["sound"], true);

    std::fs::remove_file(mirror.join("00000000000000000000.bundle")).unwrap();
    let output = sayso(&ledger, &["salvage", part.to_str().unwrap(), "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["missing"], json!([{"first": 0, "last": 255}]));
    assert_eq!(
        (&report["behind_a_hole"][0]["first"], &report["behind_a_hole"][0]["hash"]),
        (&json!(256), &head["hash"])
    );
    let lines = std::fs::read_to_string(report["behind_file"].as_str().unwrap()).unwrap();
    assert_eq!(lines.lines().count(), 44);
    std::fs::remove_dir_all(&part).unwrap();
    let output = sayso(&ledger, &["salvage", part.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("44 of 300 entries still verify.") && text.contains("missing"), "{text}");
}

/// Whoever reads a refusal in a bad hour must find in it what to do next, and that must work.
#[test]
fn every_refusal_names_a_way_out() {
    let (dir, ledger) = new();
    let [mirror, away, saved, older] = ["mirror", "away", "saved", "older"].map(|name| dir.path().join(name));
    let place = mirror.to_str().unwrap();
    faults::copy_dir(&ledger.join("store"), &older);
    ok(&ledger, &["mirror", place]);
    ok(&ledger, &CLAIM);

    // The mirror's disk is away while its ledger is compacted.
    std::fs::rename(&mirror, &away).unwrap();
    let (code, said) = refused(&ledger, &["compact"]);
    assert!(code == 3 && said.contains("sayso mirror --stop DIR"), "{said}");
    std::fs::rename(&away, &mirror).unwrap();

    // A bundle of the mirror is damaged: the command that is named mends it.
    std::fs::write(mirror.join("00000000000000000000.bundle"), "x").unwrap();
    let state = sayso(&ledger, &["mirror", "--format", "json"]);
    let state: Value = serde_json::from_slice(&state.stdout).unwrap();
    let problem = state["mirrors"][0]["problem"].as_str().unwrap();
    assert!(problem.contains(&format!("`sayso mirror {place}`")), "{problem}");
    ok(&ledger, &["mirror", place]);
    assert_eq!(json_of(&ledger, &["mirror"])["mirrors"][0]["problem"], Value::Null);

    // An older store under a newer note.
    std::fs::remove_dir_all(ledger.join("store")).unwrap();
    faults::copy_dir(&older, &ledger.join("store"));
    let (code, said) = refused(&ledger, &["log"]);
    assert_eq!(code, 3);
    for way in ["sayso salvage NEW", "restore MIRROR|BACKUP", "remove the file `acknowledged`"] {
        assert!(said.contains(way), "{way}: {said}");
    }
    let audit = sayso(&ledger, &["audit"]);
    assert_eq!(audit.status.code(), Some(1));
    let said = String::from_utf8(audit.stdout).unwrap();
    assert!(said.contains("sayso salvage NEW") && said.contains("restore MIRROR|BACKUP"), "{said}");
    assert_eq!(json_of(&ledger, &["salvage", saved.to_str().unwrap()])["recovered"], 301, "with the mirror");
    std::fs::remove_file(ledger.join("acknowledged")).unwrap();
    assert!(ok(&ledger, &["log"]).contains("#299"));

    // What says which mirrors there are is damaged.
    std::fs::write(ledger.join("mirrors"), "").unwrap();
    let (code, said) = refused(&ledger, &CLAIM);
    assert!(code == 3 && said.contains("sayso mirror DIR"), "{said}");
}
