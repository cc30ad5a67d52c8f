//! Views in the forms of others. What a newsroom hands on is read by programs that know nothing of sayso: if a bound, a date or a
//! source got lost on the way, or a disagreement arrived there as a judgement, the newsroom would have said something that it never
//! said. So programs that we did not write read each form here, and what comes out is held against the ledger.
//!
//! They are Python packages, installed by `tests/readers/install`. Where they are missing the test says so and passes; with `CI` set
//! it insists.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use program::{json_of, ok, program, refused, sayso, with};
use serde_json::{Value, json};

/// What is awkward in words, numbers, dates and attributions, one a line.
const AWKWARD: &str = r##"
{"kind":"claim","id":"a-1","source":"yerevan","speaker":"Aram Torosyan","body":"Ministry of Defence","via":["armenpress","afp"],"subject":"clash","predicate":"wounded","value":{"min":2},"unit":"people","stated":"2023-05-12","published":"2023-05-13","quote":"at least \"two\", they say\nand <b>no more</b>","lang":"en","translated":true,"citations":[{"url":"https://example.org/a_(b)?x=1&y=2#c","archived":"https://archive.example/1","exact":"at least two"}],"tags":["night"]}
{"kind":"claim","id":"a-2","source":"baku","subject":"clash","predicate":"wounded","value":{"max":1},"unit":"people","stated":"2023-05-12T08:00:00+04:00"}
{"kind":"claim","id":"a-3","source":"eu","subject":"clash","predicate":"wounded","value":{"min":1,"max":3},"unit":"people","stated":"2023-05-11?"}
{"kind":"claim","id":"a-4","source":"oryx","subject":"clash","predicate":"wounded","value":{"approx":2000},"stated":"2023-05","act":"forecasts","modality":"very *small* chance"}
{"kind":"claim","id":"a-5","source":"unattributed","speaker":"a border guard","subject":"clash","predicate":"wounded","value":7,"stated":"2023-05-10/2023-05-12"}
{"kind":"claim","id":"a-6","source":"unattributed","subject":"clash","predicate":"wounded","value":9,"stated":"2023-05-12"}
{"kind":"stance","id":"a-7","source":"baku","stance":"denies","of":"a-1","stated":"2023-05-13"}
{"kind":"claim","id":"a-8","source":"yerevan","subject":"clash","predicate":"rate","value":0.125,"unit":"%","stated":"2023"}
{"kind":"claim","id":"a-9","source":"baku","subject":"clash","predicate":"rate","value":12345678901234567890.25,"unit":"%","stated":"199X"}
{"kind":"claim","id":"a-10","source":"eu","subject":"clash","predicate":"rate","value":-5,"stated":"2023-05-12"}
{"kind":"claim","id":"a-11","source":"yerevan","subject":"clash","predicate":"over","value":true,"stated":"2023-05-12"}
{"kind":"claim","id":"a-12","source":"baku","subject":"clash","predicate":"over","value":false,"stated":"2023-05-12"}
{"kind":"claim","id":"a-13","source":"yerevan","subject":"clash","predicate":"meeting","value":{"date":"2023-07-21?"},"stated":"2023-05-12","act":"schedules","occurred":"2023-07"}
{"kind":"claim","id":"a-14","source":"baku","subject":"clash","predicate":"meeting","value":{"unknown":true},"stated":"../2023-05-12"}
{"kind":"claim","id":"a-15","source":"eu","subject":"clash","predicate":"meeting","value":{"none":true},"stated":"2023-05-12"}
{"kind":"claim","id":"a-16","source":"=1+1","subject":"# heading, \"quoted\"","predicate":"[x](javascript:alert(1))","value":"<script>alert(1)</script> | *a* _b_ `c`","stated":"2023-05-12","citations":[{"url":"javascript:alert(1)"},{"url":"https://example.org/%3Cb%3E"}]}
{"kind":"claim","id":"a-17","source":"الجزيرة","subject":"Երևան","predicate":"պատասխան","value":"նորություն — «ոչ»","stated":"2023-05-12","via":["reuters"]}
{"kind":"claim","id":"a-18","source":"yerevan","subject":"clash","predicate":"killed","value":5,"unit":"people","stated":"2023-05-12"}
{"kind":"correction","of":"a-18","reason":"typing error: the article has four","replacement":{"kind":"claim","source":"yerevan","subject":"clash","predicate":"killed","value":4,"unit":"people","stated":"2023-05-12","via":["afp"],"citations":[{"url":"https://example.org/killed"},{"url":"https://example.org/again"}]}}
{"kind":"claim","id":"a-19","source":"baku","subject":"clash","predicate":"killed","value":1,"stated":"2023-05-12"}
{"kind":"claim","id":"a-20","source":"baku","subject":"clash","predicate":"killed","value":3,"stated":"2023-05-12"}
{"kind":"claim","id":"a-21","source":"eu","subject":"clash","predicate":"killed","value":2,"stated":"2023-05-11"}
{"kind":"retraction","source":"eu","of":"a-21","stated":"2023-05-12"}
{"kind":"stance","source":"usa","stance":"declines","subject":"clash","predicate":"killed","stated":"2023-05-12"}
{"kind":"claim","id":"a-23","source":"baku","subject":"clash","predicate":"vehicles","value":3,"stated":"2023-05-12"}
{"kind":"claim","id":"a-25","source":"yerevan","subject":"clash","predicate":"vehicles","value":{"min":2},"stated":"2023-05-10","citations":[{"url":"https://example.org/first"}]}
{"kind":"claim","id":"a-24","source":"yerevan","subject":"clash","predicate":"vehicles","value":{"min":2},"stated":"2023-05-12"}
{"kind":"claim","id":"a-22","source":"erevan","subject":"clash","predicate":"prisoners","value":6,"stated":"2023-05-12"}
{"kind":"alias","names":"source","from":"erevan","to":"yerevan"}
"##;

/// The Python that has the readers.
fn readers() -> Option<PathBuf> {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/readers");
    let dir = std::env::var_os("SAYSO_READERS").map_or_else(built, PathBuf::from);
    let python = dir.join("bin/python3");
    if python.exists() {
        return Some(python);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is needed; run tests/readers/install", python.display());
    eprintln!("not run: no readers in {}; run tests/readers/install", dir.display());
    None
}

fn text(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

/// Writes all forms of a view, and what the ledger itself says of it.
fn export(ledger: &Path, dir: &Path, view: &[&str]) {
    std::fs::create_dir(dir).unwrap();
    for (form, name) in [
        ("claims", "claims.jsonld"),
        ("claimreview", "reviews.jsonld"),
        ("ftm", "statements.csv"),
        ("markdown", "story.md"),
    ] {
        let path = dir.join(name);
        ok(ledger, &[&["export", "--as", form, "-o", path.to_str().unwrap()][..], view].concat());
        let printed = ok(ledger, &[&["export", "--as", form][..], view].concat());
        assert_eq!(printed, text(dir, name), "{form}: what is printed is what goes into a file");
    }
    let compared = ok(ledger, &[&["compare", "--format", "json"][..], view].concat());
    std::fs::write(dir.join("compare.json"), &compared).unwrap();
    let compared: Value = serde_json::from_str(&compared).unwrap();
    let mut shows = Vec::new();
    for row in compared["questions"].as_array().unwrap() {
        let cells = row["cells"].as_array().unwrap().iter().chain([&row["unattributed"]]);
        for entry in cells.filter_map(|cell| cell["standing"]["entries"].as_array()).flatten() {
            // As text: numbers keep their digits.
            let show = ok(ledger, &["show", &format!("#{entry}"), "--format", "json"]);
            let parsed: Value = serde_json::from_str(&show).unwrap();
            if parsed["event"]["kind"] == "claim" {
                shows.push(show);
            }
        }
    }
    std::fs::write(dir.join("shows.json"), format!("[{}]", shows.join(","))).unwrap();
}

/// How many claims, reviews, statements and links the readers found, if they are there.
fn read_by_others(dir: &Path) -> Option<Value> {
    let python = readers()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/readers/check.py");
    let output = Command::new(python).arg(script).arg(dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn what_is_awkward_comes_back_from_every_form() {
    let (dir, ledger) = with(AWKWARD.trim());
    let out = dir.path().join("out");
    export(&ledger, &out, &[]);
    let story = text(&out, "story.md");
    for part in [
        "**usa** declines to comment on the question",
        "**eu**: taken back",
        "**baku** denies \\#0 of yerevan",
        "(source: javascript:alert(1), [source](<https://example.org/%3Cb%3E>))",
        "Our record was corrected by \\#18, which is not the source's doing: typing error: the article has four.",
        "The source contradicts itself here: the bounds do not meet.",
    ] {
        assert!(story.contains(part), "{part}\n{story}");
    }
    let claims = text(&out, "claims.jsonld");
    for part in [
        r#""datePublished":{"@type":"http://id.loc.gov/datatypes/edtf/EDTF","@value":"2023-05-11?"}"#,
        r#""description":"Said as a forecast. In its own words: “very *small* chance”.""#,
        r#""value":"12345678901234567890.25""#,
        r#""temporalCoverage":"2023-07""#,
        // It said so two days before, and that is where it can first be read.
        r#""firstAppearance":{"@type":"CreativeWork","url":"https://example.org/first"}"#,
        r#""contributor":{"@type":"Person","name":"a border guard"}"#,
    ] {
        assert!(claims.contains(part), "{part}\n{claims}");
    }
    if let Some(counts) = read_by_others(&out) {
        assert_eq!((&counts["claims"], &counts["reviews"]), (&json!(22), &json!(6)), "{counts}");
    }
}

#[test]
fn the_week_at_sotk_comes_back_from_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("demo");
    assert!(program(&["demo", ledger.to_str().unwrap()]).output().unwrap().status.success());
    for (name, view) in [
        ("day", &["--as-of", "2023-05-12", "--subject", "sotk-"][..]),
        ("party", &["--source", "baku", "--known-at", "2099-01-01"]),
    ] {
        let out = dir.path().join(name);
        export(&ledger, &out, view);
        if let Some(counts) = read_by_others(&out) {
            assert!(
                counts["claims"].as_u64().unwrap() > 10 && counts["links"].as_u64().unwrap() > 10,
                "{name}: {counts}"
            );
        }
    }
}

#[test]
fn a_disagreement_is_never_a_judgement() {
    let (_dir, ledger) = with(AWKWARD.trim());
    let reviews: Value = serde_json::from_str(&ok(&ledger, &["export", "--as", "claimreview"])).unwrap();
    let rows = json_of(&ledger, &["compare"])["questions"].clone();
    let mut seen = 0;
    for node in reviews["@graph"].as_array().unwrap().iter().filter(|n| n["@type"] == "ClaimReview") {
        let rating = node["reviewRating"].as_object().unwrap();
        let keys: Vec<&str> = rating.keys().map(String::as_str).collect();
        assert!(keys.iter().all(|k| ["@type", "alternateName", "ratingExplanation"].contains(k)), "{keys:?}");
        let of = &node["itemReviewed"][0];
        let row = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["subject"] == of["about"]["name"] && r["predicate"] == of["mainEntity"]["propertyID"]);
        assert_eq!(rating["alternateName"], row.unwrap()["verdict"]);
        seen += 1;
    }
    assert_eq!(seen, 6);
    // Only what is in dispute, if that is asked for; and no review at all, if not.
    let disputes = ok(&ledger, &["export", "--as", "claimreview", "--conflicts"]);
    assert_eq!(
        (disputes.matches("\"conflict\"").count(), disputes.matches("\"compatible\"").count()),
        (5, 0),
        "{disputes}"
    );
    assert!(!ok(&ledger, &["export", "--as", "claims"]).contains("Review"));
    // Both clocks: what was not said or known by then is in no form.
    for form in ["claims", "claimreview", "ftm", "markdown"] {
        let early = ok(&ledger, &["export", "--as", form, "--known-at", "2020-01-01"]);
        assert!(!early.contains("yerevan"), "{form}: {early}");
        let early = ok(&ledger, &["export", "--as", form, "--as-of", "2023-05-11", "--predicate", "wounded"]);
        assert!(early.contains("eu") && !early.contains("baku"), "{form}: {early}");
    }
}

#[test]
fn a_ledger_with_a_name_signs_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("ledger");
    ok(&ledger, &["init", "--name", "newsroom.example/sotk"]);
    for (source, value) in [("yerevan", "2"), ("baku", "4")] {
        let claim = ["--subject", "s", "--predicate", "p", "--value", value, "--stated", "2023-05-12"];
        ok(&ledger, &[&["append", "--source", source][..], &claim].concat());
    }
    let reviews: Value = serde_json::from_str(&ok(&ledger, &["export", "--as", "claimreview"])).unwrap();
    let review = &reviews["@graph"][0];
    assert_eq!(review["author"], json!({"@type": "Organization", "name": "newsroom.example/sotk"}));
    assert_eq!(review["claimReviewed"], "s, p. baku: 4; yerevan: 2");
    let newest = json_of(&ledger, &["show", "#1"])["recorded"].clone();
    assert_eq!(review["datePublished"], newest, "a record is as old as the newest entry that it rests on");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (dir, ledger) =
        with(r#"{"kind":"claim","source":"a","subject":"s","predicate":"p","value":1,"stated":"2023"}"#);
    for (args, code, part) in [
        (&["export", "--as", "ftm", "--limit", "3"][..], 2, "a view has none of its own"),
        (&["export", "--as", "claims", "--envelope"], 2, "a view has none of its own"),
        (&["export", "--as-of", "2023"], 2, "--as claims, claimreview, ftm or markdown"),
        (&["export", "--conflicts"], 2, "--as claims, claimreview, ftm or markdown"),
        (&["export", "--as", "pdf"], 2, "claimreview"),
        (&["export", "--as", "ftm", "--format", "csv"], 2, "no rows to give as csv"),
        (&["export", "--as", "ftm", "--as-of", "soon"], 2, "--as-of"),
    ] {
        let (got, said) = refused(&ledger, args);
        assert_eq!(got, code, "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
    }
    let there = dir.path().join("there.md");
    std::fs::write(&there, "mine").unwrap();
    let (code, said) = refused(&ledger, &["export", "--as", "markdown", "-o", there.to_str().unwrap()]);
    assert_eq!((code, text(dir.path(), "there.md").as_str()), (1, "mine"), "{said}");
    // An unknown name is no error, and is said beside the answer.
    let output = sayso(&ledger, &["export", "--as", "markdown", "--source", "nobody"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("No entry has the source nobody"));
}
