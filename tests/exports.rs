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

/// Many readers make a link of a bare address or of an e-mail address wherever it stands: then a reader's click goes where a stranger's words say.
#[test]
fn addresses_among_words_are_no_links_in_markdown() {
    let words = r##"
{"kind":"claim","source":"tips@desk.example","speaker":"press@mod.example","via":["news.am"],"subject":"https://evil.example/a_b","predicate":"www.evil.example","value":"write to a@b.example, or https://b.example/`x`","stated":"2023-05-12","quote":"(see HTTP://c.example) and mailto:d@e.example","citations":[{"url":"https://example.org/kept"}]}
{"kind":"claim","source":"eu","subject":"https://evil.example/a_b","predicate":"www.evil.example","value":"xmpp:f@g.example","stated":"2023-05-12"}
"##;
    let (dir, ledger) = with(words.trim());
    let out = dir.path().join("out");
    export(&ledger, &out, &[]);
    let story = text(&out, "story.md");
    for part in [
        "## `https://evil.example/a_b`\n",
        "### `www.evil.example`\n",
        "**`tips@desk.example`** (`press@mod.example`; via news\\.am): write to `a@b.example`, or `` https://b.example/`x` ``",
        "(see `HTTP://c.example`) and `mailto:d@e.example`",
        "[source](<https://example.org/kept>)",
        "**eu**: `xmpp:f@g.example`",
    ] {
        assert!(story.contains(part), "{part}\n{story}");
    }
    // Outside code spans and the link that is meant, no letters are left that a reader would make a link of.
    let mut outside = story.replace("(<https://example.org/kept>)", "");
    for fence in ["``", "`"] {
        outside = outside.split(fence).step_by(2).collect();
    }
    for part in ["://", "@", "www."] {
        assert!(!outside.contains(part), "{part}\n{outside}");
    }
    if let Some(counts) = read_by_others(&out) {
        assert_eq!(counts["links"], json!(1), "{counts}");
    }
}

/// An archive's address goes out as one only if a browser can follow it: any other kind could be a script.
#[test]
fn only_archives_of_the_web_are_addresses() {
    let cite = |archived: &str, n: u8| {
        format!(
            r#"{{"kind":"claim","source":"s{n}","subject":"s","predicate":"p","value":{n},"stated":"2023","citations":[{{"url":"https://example.org/{n}","archived":"{archived}"}}]}}"#
        )
    };
    let archives =
        ["https://archive.example/1", "javascript:alert(2)", "file:///etc/passwd", "HTTP://archive.example/4"];
    let lines: Vec<String> = archives.iter().zip(1..).map(|(archived, n)| cite(archived, n)).collect();
    let (_dir, ledger) = with(&lines.join("\n"));
    for form in ["claims", "claimreview"] {
        let document: Value = serde_json::from_str(&ok(&ledger, &["export", "--as", form])).unwrap();
        let graph = document["@graph"].as_array().unwrap();
        let claims =
            graph.iter().flat_map(|n| n["itemReviewed"].as_array().cloned().unwrap_or_else(|| vec![n.clone()]));
        let told: Vec<Value> = claims.map(|c| c["appearance"][0]["archivedAt"].clone()).collect();
        assert_eq!(told, [json!(archives[0]), Value::Null, Value::Null, json!(archives[3])], "{form}");
    }
    let statements = ok(&ledger, &["export", "--as", "ftm"]);
    let story = ok(&ledger, &["export", "--as", "markdown"]);
    assert!(!statements.contains("javascript:") && !statements.contains("file:"), "{statements}");
    assert!(
        story.contains("archived: javascript:alert(2)") && story.contains("[archived](<HTTP://archive.example/4>)")
    );
    assert!(!story.contains("](<javascript") && !story.contains("](<file"), "{story}");
}

/// Nobody can tell whether what was erased belonged to the answer; so the reader has to know that something was.
#[test]
fn exports_tell_how_many_entries_were_erased() {
    let (_dir, ledger) = with(AWKWARD.trim());
    let told = |form: &str| ok(&ledger, &["export", "--as", form]);
    for form in ["claimreview", "markdown"] {
        assert!(!told(form).contains("Entries erased"), "{form}");
    }
    for (entry, said) in [("#1", "Entries erased: 1;"), ("#6", "Entries erased: 2;")] {
        ok(&ledger, &["redact", entry, "--reason", "asked for"]);
        for form in ["claimreview", "markdown"] {
            let text = told(form);
            assert!(text.contains(&format!("{said} nobody can tell whether they belong here.")), "{form}: {text}");
        }
    }
    // By a time before it was erased, it is erased all the same.
    let early = ok(&ledger, &["export", "--as", "markdown", "--known-at", "2099-01-01"]);
    assert!(early.contains("Entries erased: 2;"), "{early}");
}

/// Investigation platforms know a statement by its id: if ids changed from run to run, or went with a correction, each export would be new to them.
#[test]
fn statements_keep_their_ids() {
    let claim = r#"{"kind":"claim","id":"k-1","source":"yerevan","subject":"clash","predicate":"killed","value":5,"unit":"people","stated":"2023-05-12"}"#;
    let (_dir, ledger) = with(claim);
    let ids = || {
        let text = ok(&ledger, &["export", "--as", "ftm"]);
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let at = |name: &str, rows: &csv::StringRecord| rows.iter().position(|column| column == name).unwrap();
        let header = rows.headers().unwrap().clone();
        let (entity, prop, value, id) =
            (at("entity_id", &header), at("prop", &header), at("value", &header), at("id", &header));
        let rows = rows.records().map(Result::unwrap);
        let rows: std::collections::BTreeMap<String, String> =
            rows.map(|r| (format!("{} {} {}", &r[entity], &r[prop], &r[value]), r[id].to_owned())).collect();
        rows
    };
    let before = ids();
    assert_eq!(before, ids(), "another run");
    ok(
        &ledger,
        &["append", "--source", "baku", "--subject", "a", "--predicate", "b", "--value", "1", "--stated", "2023"],
    );
    ok(&ledger, &["correct", "--of", "k-1", "--value", "4", "--reason", "typing error"]);
    let after = ids();
    for (what, id) in &before {
        if what.contains("summary") {
            assert!(!after.contains_key(what), "what was corrected is said no more: {what}");
        } else {
            assert_eq!(after.get(what), Some(id), "{what}");
        }
    }
    let mine = |rows: &std::collections::BTreeMap<String, String>| {
        rows.keys().filter(|k| k.ends_with(" recordId k-1")).count()
    };
    assert_eq!((mine(&before), mine(&after)), (1, 1), "your own id stays with a corrected claim: {after:?}");
    assert!(after.keys().any(|k| k.ends_with(" summary 4 people")), "{after:?}");
}

/// What is read from a pipe or goes into one is what a file would hold; and a device is never replaced by a file.
#[cfg(unix)]
#[test]
fn pipes_are_read_and_written_like_files() {
    let (dir, ledger) = with(AWKWARD.trim());
    let pipe = |name: &str| {
        let path = dir.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    };
    let into = pipe("out.svg");
    let commands: [&[&str]; 4] =
        [&["export"], &["export", "--as", "markdown"], &["matrix"], &["matrix", "--overwrite"]];
    for args in commands {
        let from = into.clone();
        let reader = std::thread::spawn(move || std::fs::read(from).unwrap());
        ok(&ledger, &[args, &["-o", into.to_str().unwrap()]].concat());
        let read = String::from_utf8(reader.join().unwrap()).unwrap();
        if args == ["export"] {
            assert_eq!(read, ok(&ledger, args));
        }
        assert!(read.contains("yerevan") && read.ends_with('\n'), "{args:?}: {read}");
        assert!(!into.is_file(), "the pipe is still a pipe");
    }
    ok(&ledger, &["export", "-o", "/dev/null"]);
    assert!(!Path::new("/dev/null").is_file());

    // A link stays one; what it leads to is written, and only if it may be.
    let (target, link) = (dir.path().join("target.svg"), dir.path().join("link.svg"));
    std::fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let (code, said) = refused(&ledger, &["matrix", "-o", link.to_str().unwrap()]);
    assert!(code == 1 && said.contains("already there"), "{said}");
    ok(&ledger, &["matrix", "--overwrite", "-o", link.to_str().unwrap()]);
    assert!(
        link.is_symlink() && std::fs::read_to_string(&target).unwrap().contains("<svg"),
        "the link leads there still"
    );
    std::fs::remove_file(&target).unwrap();
    ok(&ledger, &["matrix", "-o", link.to_str().unwrap()]);
    assert!(link.is_symlink() && target.is_file(), "also to what is not there yet");

    let from = pipe("in.csv");
    let sheet = "source;subject;killed;day\nfire service;valley;4;2023-05-12\nhospital;valley;3;2023-05-13\n";
    let map = dir.path().join("map.toml");
    let saved = dir.path().join("saved.csv");
    std::fs::write(&saved, sheet).unwrap();
    std::fs::write(&map, ok(&ledger, &["import", "--infer", saved.to_str().unwrap()])).unwrap();
    let through = |args: &[&str], text: &'static str| {
        let path = from.clone();
        let writer = std::thread::spawn(move || std::fs::write(path, text).unwrap());
        let told = ok(&ledger, &[&["import"][..], args, &[from.to_str().unwrap()]].concat());
        writer.join().unwrap();
        told
    };
    let told = through(&["--map", map.to_str().unwrap()], sheet);
    assert!(told.contains("2 rows, 2 claims") && told.contains("2 appended"), "{told}");
    // A draft needs more than one look: it does not wait for ever for somebody to write again.
    let (code, said) = refused(&ledger, &["import", "--infer", from.to_str().unwrap()]);
    assert!(code == 2 && said.contains("reads the file more than once; save it"), "{said}");
    let lines = r#"{"kind":"claim","source":"a","subject":"from a pipe","predicate":"p","value":1,"stated":"2023"}"#;
    let told = through(&[], lines);
    assert!(told.contains("1 appended, 0 already there"), "{told}");
}

/// Five sources are ten pairs, and nobody reads ten pairs in a paragraph.
#[test]
fn many_sources_are_told_by_their_answers() {
    let claim = |source: &str, predicate: &str, value: &str| {
        format!(
            "{{\"kind\":\"claim\",\"source\":\"{source}\",\"subject\":\"ferry\",\"predicate\":\"{predicate}\",\"value\":{value},\"stated\":\"2023-05-12\"}}\n"
        )
    };
    let mut lines = String::new();
    for (source, value) in
        [("hospital", "4"), ("tally", "4"), ("Red Cross", "4"), ("ministry", "3"), ("radio", "{\"min\":11}")]
    {
        lines.push_str(&claim(source, "dead", value));
    }
    for (source, value) in [("hospital", "4"), ("tally", "3"), ("radio", "{\"min\":3}")] {
        lines.push_str(&claim(source, "hurt", value));
    }
    lines.push_str(&claim("captain", "said", "\"We saw the light.\""));
    lines.push_str(&claim("mayor", "said", "\"We mourn.\""));
    let (_dir, ledger) = with(&lines);
    let story = ok(&ledger, &["export", "--as", "markdown"]);
    for part in [
        "*conflict*: 4: Red Cross, hospital, tally; 3: ministry; at least 11: radio; no two of these answers go together: the bounds do not meet\n",
        "4: hospital; at least 3: radio; 3: tally; 4 does not go together with 3 (the bounds do not meet)\n",
        "*conflict of words*: captain",
    ] {
        assert!(story.contains(part), "{part}\n{story}");
    }
    assert!(!story.contains("both say the same"), "{story}");
}
