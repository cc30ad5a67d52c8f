//! The failure this guards against: a sheet goes in, and the ledger says something that the sheet does not. A column is misspelt and
//! counts as empty, half a file is appended before an error, "1,200" becomes words, a second import doubles everything, and the message
//! does not say which cell it was.
//!
//! Real sets come from `../shared/data`. Where they are absent the tests about them say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sayso_sheets::Mapping;
use serde_json::{Value, json};

struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        assert!(desk.sayso(&["init"]).status.success());
        desk
    }

    fn sayso(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sayso"));
        command
            .env_remove("SAYSO_LEDGER")
            .env("SAYSO_RECORDER", "desk")
            .stdin(Stdio::null())
            .current_dir(self.dir.path());
        command.args(args).output().unwrap()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.dir.path().join(name), bytes).unwrap();
        self
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.sayso(&[args, &["--format", "json"]].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The events of a sheet, without writing them.
    fn events(&self, mapping: &str, sheet: &str, name: &str) -> Vec<Value> {
        self.write("m.toml", mapping).write(name, sheet);
        let dry = self.json(&["import", "--map", "m.toml", "--dry-run", name]);
        dry["first"].as_array().unwrap().iter().map(|f| f["event"].clone()).collect()
    }

    /// What is said against a sheet or its mapping; nothing is appended.
    fn refused(&self, mapping: &str, sheet: impl AsRef<[u8]>, name: &str) -> String {
        self.write("m.toml", mapping).write(name, sheet);
        let output = self.sayso(&["import", "--map", "m.toml", name]);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(self.json(&["audit"])["entries"], json!(0));
        String::from_utf8(output.stderr).unwrap()
    }
}

/// A plain mapping with some lines more.
fn mapping(more: &str) -> String {
    let head = "[[claim]]\nsource = \"{who}\"\nsubject = \"s\"\npredicate = \"p\"\nstated = \"{day}\"\n";
    let value = if more.contains("value =") { "" } else { "value = \"{n}\"\n" };
    format!("{head}{value}{more}\n")
}

#[test]
fn a_mapping_is_checked_before_anything_is_read() {
    for (text, line, part) in [
        ("[[claim]\n", 1, "not TOML"),
        ("", 1, "there is no rule"),
        ("[sheet]\nformt = \"csv\"\n", 2, "`sheet.formt` is not known; did you mean `format`?"),
        (&mapping("predicat = \"x\""), 7, "`claim.predicat` is not known; did you mean `predicate`?"),
        (&mapping("names = \"source\""), 7, "`claim.names` is not known"),
        (&mapping("unit = \"{x | lowr}\""), 7, "did you mean `lower`?"),
        (&mapping("unit = \"{x\""), 7, "never closed"),
        (&mapping("unit = \"{x | lookup units}\""), 7, "there is no [lookup.units]"),
        (&mapping("value = { low = \"{a}\", text = \"{b}\" }"), 6, "must be one of"),
        (&mapping("value = { mid = \"{a}\" }"), 6, "`claim.value.mid` is not known"),
        (&mapping("occurred = { from = \"{a}\" }"), 7, "needs `to`"),
        (&mapping("recorded = \"{a}\""), 1, "clock = \"imported\""),
        (&mapping("once = true"), 1, "needs an `id`"),
        (&mapping("when = { op = { is = \"x\" } }"), 7, "is not a test"),
        (&mapping("when = \"never\""), 7, "no [condition.never]"),
        (&mapping("citations = [{ exact = \"x\" }]"), 7, "leads somewhere"),
        ("[[claim]]\nsource = \"x\"\nvalue = 1\n", 1, "needs `subject`"),
        ("[[retraction]]\nsource = \"x\"\nstated = 2023-05-12\n", 1, "needs `of`"),
        ("[[correction]]\nof = \"x\"\nreason = \"r\"\nreplacement = \"f\"\n", 1, "no [[claim]] rule"),
        ("[claim]\nsource = \"x\"\n", 1, "two brackets"),
        ("[sheet]\ntimezone = \"Yerevan\"\n", 2, "not a time zone"),
        ("[sheet]\nencoding = \"utf-99\"\n", 2, "`utf-99` is not known"),
        ("[[skip]]\nwhen = { a = \"x\" }\n", 1, "needs `when` and `why`"),
    ] {
        let error = Mapping::parse(text, "m.toml").expect_err(text).to_string();
        let found = error.lines().any(|l| l.starts_with(&format!("m.toml:{line}: ")) && l.contains(part));
        assert!(found, "{text}\n{error}");
    }
    // Everything at once, and once each.
    let many = Mapping::parse("[sheet]\na = 1\nb = 2\n[every]\nsource = \"{x\"\n[[claim]]\n[[claim]]\n", "m.toml")
        .unwrap_err();
    assert_eq!(many.problems.iter().filter(|p| p.key == "every.source").count(), 1, "{many}");
    assert!(many.problems.len() >= 6, "{many}");
}

#[test]
fn one_row_becomes_what_its_rules_say() {
    let desk = Desk::new();
    let full = r#"
[sheet]
timezone = "Asia/Yerevan"
empty = ["-"]
[lookup.party]
MoD = "yerevan/mod"
"*" = "*"
[every]
source = "{who | lookup party}"
stated = "{day | date 'DD.MM.YYYY HH:mm'}"
[[claim]]
id = "{@file}-{@row}"
subject = "{place | slug}"
predicate = "killed"
value = { low = "{low}", high = "{high}", best = "{best}" }
unit = "people"
via = { split = "{papers}", by = "," }
citations = [{ url = "{link}" }]
tags = ["sheet", "{kind | lower}"]
quote = "{words}"
occurred = { from = "{from}", to = "{to}" }
[[stance]]
when = { denied = { empty = false } }
subject = "{place | slug}"
predicate = "fired-first"
stance = "denies"
"#;
    let sheet = "who;day;place;low;high;best;papers;link;kind;words;from;to;denied\n\
        MoD;12.05.2023 08:00;Sotk (north);2;4;3;AFP, Reuters,AFP;https://example.org/a;Army;\"said \"\"two\nor more\"\"\";2023-05-11;2023-05-11;-\n\
        Baku;12.05.2023 09:30;Sotk;2;-;;;-;;;2023-05-11;2023-05-12;yes\n";
    let events = desk.events(full, sheet, "log.csv");
    assert_eq!(
        events[0],
        json!({"kind": "claim", "id": "log-1", "source": "yerevan/mod", "via": ["AFP", "Reuters"], "subject": "sotk-north",
            "predicate": "killed", "value": {"min": 2, "max": 4}, "unit": "people", "modality": "best estimate 3",
            "stated": "2023-05-12T08:00:00", "timezone": "Asia/Yerevan", "occurred": "2023-05-11", "quote": "said \"two\nor more\"",
            "citations": [{"url": "https://example.org/a"}], "tags": ["sheet", "army"]})
    );
    assert_eq!((&events[1]["value"], &events[1]["occurred"]), (&json!({"min": 2}), &json!("2023-05-11/2023-05-12")));
    assert_eq!((&events[1]["citations"], &events[1]["tags"]), (&Value::Null, &json!(["sheet"])));
    assert_eq!(
        (&events[2]["kind"], &events[2]["stance"], &events[2]["source"]),
        (&json!("stance"), &json!("denies"), &json!("Baku"))
    );
    let done = desk.json(&["import", "--map", "m.toml", "log.csv"]);
    assert_eq!((&done["appended"], &done["sheets"][0]["events"]), (&json!(3), &json!({"claim": 2, "stance": 1})));
    let again = desk.json(&["import", "--map", "m.toml", "log.csv"]);
    assert_eq!((&again["appended"], &again["already_there"]), (&json!(0), &json!(3)));
    // Yerevan's clock: 08:00 there.
    let entry = desk.json(&["show", "log-1"]);
    assert!(entry.to_string().contains("2023-05-12T08:00:00+04:00"), "{entry}");
}

#[test]
fn one_row_becomes_several_claims_and_others_none() {
    let desk = Desk::new();
    let melt = "[[skip]]\nwhen = { day = { begins = \"total\" } }\nwhy = \"sums\"\n[[claim]]\ncolumns = { except = [\"day\", \"note\"] }\n\
        source = \"mod\"\nsubject = \"s\"\npredicate = \"{@column}\"\nvalue = \"{@cell | number}\"\nstated = \"{day}\"\n";
    let sheet = r#"[{"day":"2023-05-12","tanks":1200,"guns":"1,300","note":"x"}, {"day":"2023-05-13","tanks":null,"guns":7.50},
        {"day":"total","tanks":9}]"#;
    let events = desk.events(melt, sheet, "a.json");
    let short: Vec<_> = events.iter().map(|e| (e["predicate"].as_str().unwrap(), e["value"].to_string())).collect();
    assert_eq!(short, [("tanks", "1200".into()), ("guns", "1300".into()), ("guns", "7.5".into())]);
    let counts = &desk.json(&["import", "--map", "m.toml", "a.json"])["sheets"][0];
    assert_eq!((&counts["rows"], &counts["skipped"][0]["rows"], &counts["empty"]), (&json!(3), &json!(1), &json!(1)));
}

#[test]
fn claims_are_taken_back_and_mended_by_later_rows() {
    let desk = Desk::new();
    let rules = r#"
[every]
source = "{who}"
stated = "{day}"
id = "{@row}"
[[claim]]
name = "figure"
when = { op = "assert" }
remember = "{place}"
subject = "{place}"
predicate = "killed"
value = "{n}"
[[correction]]
when = { op = "revise" }
of = { remembered = "{place}" }
replacement = "figure"
reason = "changed in the sheet"
[[retraction]]
when = { op = "withdraw" }
of = { remembered = "{place}" }
"#;
    let sheet = "op,who,day,place,n\nassert,a,2023-05-12,x,2\nassert,a,2023-05-12,y,5\nrevise,a,2023-05-12,x,3\nwithdraw,a,2023-05-14,y,\n";
    desk.write("m.toml", rules).write("s.csv", sheet);
    assert_eq!(desk.json(&["import", "--map", "m.toml", "s.csv"])["appended"], json!(4));
    let view = &desk.json(&["replay"])["views"][0];
    assert_eq!(
        (&view["standings"][0]["value"], view["taken_back"].as_array().unwrap().len()),
        (&json!(3), 1),
        "{view}"
    );

    let desk = Desk::new();
    let said = desk.refused(rules, "op,who,day,place,n\nrevise,a,2023-05-12,z,3\n", "s.csv");
    assert!(
        said.contains("s.csv:2: row 1, column `place` (\"z\"): no row before this one is remembered as `z`"),
        "{said}"
    );
}

#[test]
fn every_bad_cell_is_named_and_nothing_goes_in() {
    let desk = Desk::new();
    let sheet = "who,day,n\na,2023-05-12,2\na,2023-05-12,\"2,000\"\na,12.05.2023,3\n,2023-05-12,4\na,2023-02-30,5\na,2023-05-12\na,2023-05-12,9,9\n";
    let said = desk.refused(&mapping(""), sheet, "s.csv");
    for part in [
        "6 errors, so nothing was appended",
        "s.csv:3: row 2, column `n` (\"2,000\"): `value` `2,000` is nearly a number",
        "s.csv:4: row 3, column `day` (\"12.05.2023\"): `stated`",
        "s.csv:5: row 4, column `who` (\"\"): `source` is empty; where nobody is named",
        "s.csv:6: row 5, column `day` (\"2023-02-30\"): `stated`",
        "s.csv:7: row 6 has 2 cells where the header has 3: `n`",
        "s.csv:8: row 7 has 4 cells where the header has 3",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let said = desk.refused(&mapping(""), "who,day,m\na,2023-05-12,2\n", "s.csv");
    assert!(
        said.contains("there is no column `n` (did you mean") && said.contains("The columns are: who, day, m"),
        "{said}"
    );
    let said = desk.refused(&mapping(""), "{\"who\":\"a\",\"day\":\"2023-05-12\",\"m\":1}\n", "s.jsonl");
    assert!(said.contains("there is no column `n`"), "{said}");
    let said = desk.refused(&mapping("id = \"{who}\""), "who,day,n\na,2023-05-12,2\na,2023-05-12,3\n", "s.csv");
    assert!(said.contains("s.csv:3: row 2: the id `a` already belongs"), "{said}");
    // More than are listed are counted.
    let many = format!("who,day,n\n{}", "a,x,1\n".repeat(250));
    assert!(desk.refused(&mapping(""), many, "s.csv").contains("... and 150 more"));
    let said = desk.refused(&mapping(""), b"PK\x03\x04 and so on", "s.csv");
    assert!(said.contains("a workbook, not a text file"), "{said}");
    let said = desk.refused(&mapping(""), b"who,day,n\nS\xfcd,2023-05-12,1\n", "s.csv");
    assert!(said.contains("s.csv:2: cell 1 of this row is not UTF-8 text"), "{said}");
    let open = format!("who,day,n\na,2023-05-12,\"1\n{}", "b,2023-05-12,2\n".repeat(1_200_000));
    let said = desk.refused(&mapping(""), open, "s.csv");
    assert!(said.contains("s.csv:2: row 1 is longer than 16 MiB"), "{said}");
    // The same where 40 kilobytes unpack to it.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"who,day,n\r\na,2023-05-12,1\r\nb,2023-05-12,").unwrap();
    (0..40).for_each(|_| packed.write_all(&[b'1'; 1 << 20]).unwrap());
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 400_000);
    let said = desk.refused(&mapping(""), packed, "s.csv.gz");
    assert!(said.contains("s.csv.gz:3: row 2 is longer than 16 MiB"), "{said}");
    // A download that was cut.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..5_000).for_each(|n| writeln!(packed, "a{n},2023-05-12,{n}").unwrap());
    let packed = packed.finish().unwrap();
    let said = desk.refused(&mapping(""), &packed[..packed.len() / 2], "cut.csv.gz");
    assert!(said.contains("the gzip file ends too early; fetch it again"), "{said}");
    let output = desk.sayso(&["import", "--infer", "cut.csv.gz"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("the gzip file ends too early; fetch it again"));
    // An empty id where others are told from it by its id: counted as no repeat, and found by nobody.
    for (more, why) in [("once = true", "was made already"), ("remember = \"{who}\"", "could not point at it")] {
        let rule = mapping(&format!("id = \"{{x}}\"\n{more}"));
        let sheet = "who,day,n,x\na,2023-05-12,2,1\na,2023-05-12,2,\nb,2023-05-12,2,\n";
        let said = desk.refused(&rule, sheet, "s.csv");
        for part in ["2 errors", "s.csv:3: row 2, column `x` (\"\"): `id` is empty", "s.csv:4: row 3", why] {
            assert!(said.contains(part), "{part}\n{said}");
        }
    }
    let said = desk.refused(&mapping(""), "[{\"who\":1} {\"who\":2}]", "s.json");
    assert!(said.contains("a list of objects goes on"), "{said}");
}

#[test]
fn files_are_read_however_they_are_written() {
    let rows = |desk: &Desk, bytes: &[u8], name: &str, sheet: &str| {
        desk.write("m.toml", format!("{sheet}\n{}", mapping(""))).write(name, bytes);
        let dry = desk.json(&["import", "--map", "m.toml", "--dry-run", name]);
        dry["first"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| format!("{}={}", f["event"]["source"].as_str().unwrap(), f["event"]["value"]))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let desk = Desk::new();
    let wide = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"who,day,n\nS\xc3\xbcd,2023-05-12,1\n").unwrap();
    for (bytes, name, sheet) in [
        (&b"\xef\xbb\xbfwho,day,n\r\nS\xc3\xbcd,2023-05-12,1\r\n"[..], "bom.csv", ""),
        (b"who;day;n\nS\xc3\xbcd;2023-05-12;1\n;;\n", "semicolons.csv", ""),
        (b"who\tday\tn\nS\xc3\xbcd\t2023-05-12\t1\n", "tabs.txt", ""),
        (b"n/day/who\n1/2023-05-12/S\xc3\xbcd\n", "given.csv", "[sheet]\ndelimiter = \"/\""),
        (b"S\xfcd,2023-05-12,1\n", "", ""),
        (b"who,day,n\nS\xfcd,2023-05-12,1\n", "old.csv", "[sheet]\nencoding = \"windows-1252\""),
        (&wide("who,day,n\r\nSüd,2023-05-12,1\r\n"), "wide.csv", ""),
        (&packed.finish().unwrap(), "packed.csv.gz", ""),
        (b"Some title\n\nwho,day,n\nS\xc3\xbcd,2023-05-12,1\n", "title.csv", "[sheet]\nskip_lines = 2"),
        (b"who,day,x,n,,\nS\xc3\xbcd,2023-05-12,,1,,\n", "spare.csv", ""),
        (b"who,n,day\nS\xc3\xbcd,1,2023-05-12,\n", "longer.csv", ""),
        (b"{\"who\":\"S\\u00fcd\",\"n\":1,\"day\":\"2023-05-12\",\"more\":{\"a\":[1]}}\n\n", "lines.jsonl", ""),
    ] {
        if !name.is_empty() {
            assert_eq!(rows(&desk, bytes, name, sheet), "Süd=1", "{name}");
        }
    }
}

fn examples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// Infers, imports with what was inferred, and once more. Gives the mapping and the answer.
fn infer_and_import(sheet: &Path) -> (String, Value) {
    let desk = Desk::new();
    let path = sheet.to_str().unwrap();
    let output = desk.sayso(&["import", "--infer", path]);
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8(output.stdout).unwrap();
    desk.write("m.toml", &shown);
    // A day that no column gives is asked for, and never made up.
    if shown.contains("\nstated = \"\"\n") {
        let output = desk.sayso(&["import", "--map", "m.toml", "--dry-run", path]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("`claim.stated` is empty: write the day on which it was said"), "{said}");
        desk.write("m.toml", shown.replace("\nstated = \"\"\n", "\nstated = \"2023~\"\n"));
    }
    let done = desk.json(&["import", "--map", "m.toml", path]);
    let there: u64 = ["appended", "already_there", "repeats"].iter().map(|key| done[key].as_u64().unwrap()).sum();
    let again = desk.json(&["import", "--map", "m.toml", path]);
    assert_eq!((&again["appended"], again["already_there"].as_u64()), (&json!(0), Some(there)), "{path}");
    (shown, done)
}

impl Desk {
    /// The draft for a sheet, and what the dry run says of both.
    fn draft(&self, sheet: &str) -> (String, String) {
        self.write("s.csv", sheet);
        let output = self.sayso(&["import", "--infer", "s.csv"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let draft = String::from_utf8(output.stdout).unwrap();
        let dry = self.write("m.toml", &draft).sayso(&["import", "--map", "m.toml", "--dry-run", "s.csv"]);
        (draft, format!("{}{}", String::from_utf8_lossy(&dry.stdout), String::from_utf8_lossy(&dry.stderr)))
    }
}

/// One odd cell once made a whole column of dates unused, and the day of the import the day on which everything was said.
#[test]
fn no_day_is_made_up() {
    let desk = Desk::new();
    for (sheet, parts, said) in [
        (
            "Date,Who,Claim\n14/03/2025,A,x y\n16/03/2025,B,z z\n17/03/2025,A,q\nyesterday,B,w\n",
            &[
                "stated = \"{Date | date 'DD/MM/YYYY'}\"",
                "# Cells that are no date in this form: \"yesterday\" (row 4)",
            ][..],
            "s.csv:5: row 4, column `Date` (\"yesterday\"): `yesterday` is not written as DD/MM/YYYY",
        ),
        (
            "Date,Who,Claim\n14/03/2025,A,x y\n2025-03-16,B,z z\n",
            &["stated = \"{Date | date 'DD/MM/YYYY'}\""],
            "2 would be appended",
        ),
        (
            "Date,Who,Claim\n14 Sept 2025,A,x y\n16 Sept 2025,B,z z\n",
            &["stated = \"{Date | date 'D MMM YYYY'}\""],
            "2 would be appended",
        ),
        ("When,Who,Claim\n2019,A,x y\n2020,B,z z\n", &["stated = \"{When}\""], "2 would be appended"),
        // Most cells are dates, whatever the column is called; a name that can mean nothing else is enough with fewer.
        (
            "x,Who,Claim\n14.03.2025,A,x y\n16.03.2025,B,z z\nsoon,B,z\n",
            &["stated = \"{x | date 'DD.MM.YYYY'}\""],
            "(\"soon\")",
        ),
        ("Day,Who,Claim\n14.03.2025,A,x y\nMonday,B,z z\nsoon,B,z\n", &["{Day | date 'DD.MM.YYYY'}"], "(\"Monday\")"),
        // Which comes first, the day or the month, stays a question.
        (
            "Date,Who,Claim\n03/04/2025,A,x y\n05/06/2025,B,z z\nsoon,B,q\n",
            &["Nothing in the column shows whether it is DD/MM/YYYY or MM/DD/YYYY: look.", "\"soon\" (row 3)"],
            "(\"soon\")",
        ),
        (
            "Date,Who,Claim\n14/03/2025,A,x\n15/03/2025,B,z\n03/16/2025,B,q\n",
            &["LOOK: some cells have the day first and others the month", "\"03/16/2025\" (row 3)"],
            "(\"03/16/2025\")",
        ),
        (
            "Who,Claim\nA,x y\nB,z z\n",
            &[
                "It imports the file once you have filled in `stated`",
                "# FILL IN: when the source said it.",
                "\nstated = \"\"\n",
            ],
            "`claim.stated` is empty: write the day",
        ),
        (
            "Date,Who,Claim\nsoon,A,x y\nlater,B,z z\n",
            &["# FILL IN", "\nstated = \"\"\n"],
            "`claim.stated` is empty: write the day",
        ),
        // When it was reported comes before when it happened.
        (
            "Date of incident,Updated,Who,Claim\n2025-03-14,2025-03-15,A,x y\n2025-03-16,2025-03-17,B,z z\n",
            &["stated = \"{Updated}\"", "# occurred = \"{Date of incident}\""],
            "2 would be appended",
        ),
        (
            "Date of incident,Date reported,Who,Claim\n2025-03-14,2025-03-15,A,x y\n2025-03-16,2025-03-17,B,z z\n",
            &["stated = \"{Date reported}\"", "# occurred = \"{Date of incident}\""],
            "2 would be appended",
        ),
    ] {
        let (draft, dry) = desk.draft(sheet);
        for part in parts {
            assert!(draft.contains(part), "{part}\n{draft}");
        }
        assert!(dry.contains(said), "{said}\n{dry}\n{draft}");
        let day = draft.lines().find(|line| line.starts_with("stated")).unwrap();
        assert!(!day.contains("\"2"), "a day is made up: {day}");
    }
}

/// A sheet with a column for each source was drafted with the sources as what is counted, and without the columns that have words in them.
#[test]
fn columns_that_are_sources() {
    let desk = Desk::new();
    let sheet = "Fact,Date of incident,Updated,Health ministry,Red Cross,Our tally\n\
        killed,2025-03-14,2025-03-15,12,dozens,8\ninjured,2025-03-14,2025-03-15,\"1,030\",between 8 and 14,30+\n\
        missing,2025-03-14,2025-03-15,3,7,2\n";
    let (draft, dry) = desk.draft(sheet);
    for part in [
        "source = \"{@column}\"",
        "predicate = \"{Fact}\"",
        "columns = [\"Health ministry\", \"Red Cross\", \"Our tally\"]",
        "value = \"{@cell | bounds | number}\"",
        "#   Red Cross: \"dozens\" (row 1)",
        "stated = \"{Updated}\"",
    ] {
        assert!(draft.contains(part), "{part}\n{draft}");
    }
    assert!(dry.contains("1 cell in a column of figures came in as words: \"dozens\" (row 1, Red Cross)"), "{dry}");
    assert!(dry.contains("9 would be appended"), "{dry}");
    let events = desk.events(&format!("{draft}unit = \"people\"\n"), sheet, "s.csv");
    let units: Vec<_> = events.iter().map(|e| (&e["source"], &e["value"], &e["unit"])).collect();
    assert_eq!(
        units,
        [
            (&json!("Health ministry"), &json!(12), &json!("people")),
            (&json!("Red Cross"), &json!("dozens"), &Value::Null),
            (&json!("Our tally"), &json!(8), &json!("people"))
        ]
    );
    let words = &desk.json(&["import", "--map", "m.toml", "--dry-run", "s.csv"])["sheets"][0]["words"];
    assert_eq!(words, &json!([{"column": "Red Cross", "cells": 1, "first": [{"row": 1, "cell": "dozens"}]}]));
    // One cell that several claims are made with is wrong once.
    let (_, dry) = desk.draft(&sheet.replacen("2025-03-15", "in March", 1));
    assert!(dry.contains("1 error, so nothing") && dry.contains("row 1, column `Updated` (\"in March\")"), "{dry}");
    // A number with a remark is no reason to drop the column, and the dry run names what helps.
    let (draft, dry) = desk.draft(&sheet.replace("dozens", "8 (one died later)"));
    assert!(draft.contains("\"Red Cross\""), "{draft}");
    assert!(dry.contains("row 1, column `Red Cross` (\"8 (one died later)\")") && dry.contains("before '('"), "{dry}");
    assert!(!dry.contains("number-comma"), "{dry}");
    // Where the names do not tell, both ways are in the draft.
    let (draft, _) = desk.draft("Fact,Day,Orsa,Varn\nkilled,2025-03-14,12,9\ninjured,2025-03-14,30,28\n");
    assert!(draft.contains("\npredicate = \"{@column}\""), "{draft}");
    assert!(draft.contains("# source = \"{@column}\"\n# predicate = \"{Fact}\""), "{draft}");
    let (draft, _) = desk.draft("Place,Day,Killed,Hospital staff\nx,2025-03-14,12,9\ny,2025-03-14,30,28\n");
    assert!(draft.contains("\nsource = \"unattributed\"") && draft.contains("\npredicate = \"{@column}\""), "{draft}");
}

/// One cell with a line break once made `unattributed` of every source, and no draft at all of a sheet with such a heading.
#[test]
fn names_that_the_ledger_does_not_take() {
    let desk = Desk::new();
    let rows = "a,2023-05-12,1\nb,2023-05-12,1\n\"c\nd\",2023-05-12,2\n";
    let (draft, _) = desk.draft(&format!("Source,Day,Killed\n{rows}"));
    assert!(draft.contains("# LOOK: {Source} is not used: row 3 has \"c⏎d\" ("), "{draft}");
    assert!(draft.contains("U+000A") && draft.contains("\nsource = \"unattributed\""), "{draft}");
    for (heading, called) in
        [("\"Killed\nin all\"", "Killed in all"), ("Kil\u{202e}led", "Killed"), ("\"  \u{202e}\"", "column (4)")]
    {
        let sheet = format!("Who,Day,Injured,{heading}\na,2023-05-12,1,7\nb,2023-05-12,3,8\n");
        let (draft, dry) = desk.draft(&sheet);
        assert!(draft.contains("columns = [\"Injured\"]\npredicate = \"{@column}\""), "{draft}");
        assert!(draft.contains(&format!("predicate = \"{called}\"")), "{draft}");
        assert!(dry.contains("4 would be appended"), "{dry}\n{draft}");
    }
    // Alone, in a sheet of words, and where the columns are sources.
    for (sheet, part) in [
        ("Who,Day,\"Killed\nin all\"\na,2023-05-12,1\nb,2023-05-12,2\n", "predicate = \"Killed in all\""),
        ("Who,Day,\"In\nshort\"\na,2023-05-12,x y\nb,2023-05-12,z\n", "predicate = \"In short\""),
        ("Fact,Day,Police,\"Red\nCross\"\nkilled,2023-05-12,1,2\ninjured,2023-05-12,2,3\n", "source = \"Red Cross\""),
    ] {
        let (draft, dry) = desk.draft(sheet);
        assert!(draft.contains(part) && dry.contains(" 0 already there"), "{dry}\n{draft}");
    }
}

/// `2.600` beside `2,500` is not 2.6 people.
#[test]
fn a_doubtful_point_is_a_question() {
    let desk = Desk::new();
    let (draft, dry) = desk.draft("Day,Killed\n2025-03-14,\"2,500\"\n2025-03-15,2600\n2025-03-16,2.600\n");
    assert!(draft.contains("# LOOK: in `Killed`, `2.600` may be 2 and a fraction"), "{draft}");
    assert!(draft.contains("{@cell | number}"), "{draft}");
    assert!(dry.contains("row 3, column `Killed` (\"2.600\")") && dry.contains("does not guess"), "{dry}");
    let (draft, _) = desk.draft("Day,Killed\n2025-03-14,1.204.500\n2025-03-15,\"1,204\"\n");
    assert!(draft.contains("# LOOK: in `Killed`, `1,204` is taken for a decimal"), "{draft}");
    assert!(draft.contains("decimal-comma"), "{draft}");
    // A column that shows what its points are is not asked about.
    let (draft, dry) = desk.draft("Day,Rate\n2025-03-14,\"2,500\"\n2025-03-15,0.5\n2025-03-16,2.600\n");
    assert!(draft.contains("| decimal}") && dry.contains("3 would be appended"), "{dry}\n{draft}");
    for (filter, value) in [("decimal", "2.6"), ("replace '.' '' | number", "2600"), ("number-comma", "2600")] {
        let rule = mapping(&format!("value = \"{{n | {filter}}}\""));
        let events = desk.events(&rule, "who,day,n\na,2025-03-14,2.600\n", "s.csv");
        assert_eq!(events[0]["value"].to_string(), value, "{filter}");
    }
}

#[test]
fn a_number_with_a_remark_is_told_what_helps() {
    let desk = Desk::new();
    let sheet = "who,day,n\na,2025-03-14,8 (one died later)\n";
    for value in ["{n}", "{n | number}", "{n | bounds | number}"] {
        let said = desk.refused(&mapping(&format!("value = \"{value}\"")), sheet, "s.csv");
        assert!(said.contains("before '('") && said.contains("lookup") && !said.contains("number-comma"), "{said}");
    }
    let events = desk.events(&mapping("value = \"{n | before '(' | number}\""), sheet, "s.csv");
    assert_eq!(events[0]["value"], json!(8));
}

/// "34 appended, 1 already there" in a new ledger: the rows that were taken for one are named.
#[test]
fn rows_that_repeat_others_are_named() {
    let desk = Desk::new();
    let rule = mapping("value = \"{n}\"\n[[claim]]\nwhen = { n = \"9\" }\nsource = \"{who}\"\nsubject = \"t\"\npredicate = \"p\"\nvalue = 1\nstated = \"{day}\"")
        .replacen("[[claim]]\n", "[[claim]]\nunless = { n = \"7\" }\n", 1);
    let sheet = "who,day,n\na,2023-05-12,2\na,2023-05-12,2\nb,2023-05-12,7\na,2023-05-12,9\na,2023-05-12,9\n";
    desk.write("m.toml", rule).write("s.csv", sheet);
    let dry = desk.json(&["import", "--map", "m.toml", "--dry-run", "s.csv"]);
    assert_eq!((&dry["appended"], &dry["already_there"], &dry["repeats"]), (&json!(3), &json!(0), &json!(3)));
    let place = |row: u64| json!({"file": "s.csv", "row": row, "line": row + 1});
    assert_eq!(
        dry["first_repeats"],
        json!([{"repeat": place(2), "of": place(1)}, {"repeat": place(5), "of": place(4)}]),
        "two events of one row are one pair"
    );
    assert_eq!(dry["sheets"][0]["unused_rows"], json!([3]));
    let text = String::from_utf8(desk.sayso(&["import", "--map", "m.toml", "s.csv"]).stdout).unwrap();
    for part in [
        "  1 row of which no rule makes anything: row 3\n",
        "3 events repeat earlier ones of this input, and count once; an `id` would tell them apart: row 2 = row 1, row 5 = row 4\n",
        "3 appended, 0 already there.\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let again = desk.json(&["import", "--map", "m.toml", "s.csv"]);
    assert_eq!((&again["appended"], &again["already_there"], &again["repeats"]), (&json!(0), &json!(6), &json!(0)));
    // Lines of events, too.
    let line = r#"{"kind":"claim","source":"c","subject":"s","predicate":"p","value":1,"stated":"2023-05-12"}"#;
    desk.write("e.jsonl", format!("{line}\n\n{line}\n"));
    let text = String::from_utf8(desk.sayso(&["import", "e.jsonl"]).stdout).unwrap();
    assert!(text.contains("1 event repeats an earlier one of this input, and counts once; an `id` would tell them apart: line 3 = line 1\n"), "{text}");
}

/// The end of the file inside quotes ends a cell, for a reader of CSV: every row behind the mark was a part of one remark, and nobody was told.
#[test]
fn a_quotation_mark_that_is_never_closed() {
    let desk = Desk::new();
    let rule = "[[claim]]\nsource = \"{source}\"\nsubject = \"{subject}\"\npredicate = \"killed\"\nvalue = \"{killed}\"\n\
        stated = \"{date}\"\nnote = \"{remark}\"\n";
    let head = "source,subject,killed,date,remark\n";
    let sheet =
        format!("{head}a,b,3,2023-05-12,x\nc,d,4,2023-05-12,\"he said\ne,f,5,2023-05-12,y\ng,h,6,2023-05-12,z\n");
    let never = "begins a cell with a quotation mark that is never closed";
    let said = desk.refused(rule, &sheet, "s.csv");
    assert!(said.contains(&format!("s.csv:3: row 2 {never}")) && said.contains("1 error, so nothing"), "{said}");
    let infer = |sheet: &str| {
        let output = desk.write("s.csv", sheet).sayso(&["import", "--infer", "s.csv"]);
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (done, said) = infer(&sheet);
    assert!(!done && said.contains(&format!("s.csv:3: row 2 {never}")), "{said}");
    for (rows, row) in [
        ("a,b,3,2023-05-12,\"x\n", 1),
        ("a,b,3,2023-05-12,\"x", 1),
        ("a,b,3,2023-05-12,\"\n", 1),
        ("a,b,3,2023-05-12,\"he said \"\"no\"\"", 1),
        ("a,b,3,2023-05-12,x\r\n\"a,b,3,2023-05-12,x\r\n", 2),
    ] {
        let said = desk.refused(rule, format!("{head}{rows}"), "s.csv");
        assert!(said.contains(&format!("row {row} {never}")), "{rows}\n{said}");
        assert!(!infer(&format!("{head}{rows}")).0);
    }
    let said = desk.refused(rule, "source,\"subject,killed\na,b,3\n", "s.csv");
    assert!(said.contains("the line with the names of the columns begins a cell"), "{said}");
    // However a file ends, what is closed is closed, and every row counts.
    let rows = [
        "a,b,3,2023-05-12,\"x\ny\"",
        "a,b,3,2023-05-12,\"he said \"\"no\"\"\"",
        "a,b,3,2023-05-12,5\" shell",
        "a,b,3,2023-05-12,¶",
        "a,b,3,2023-05-12,",
    ];
    for row in rows {
        for end in ["", "\n", "\r\n", "\r", "\n\n\n"] {
            desk.write("m.toml", rule).write("s.csv", format!("{head}{row}{end}"));
            let done = desk.json(&["import", "--map", "m.toml", "--dry-run", "s.csv"]);
            assert_eq!((&done["appended"], &done["sheets"][0]["rows"]), (&json!(1), &json!(1)), "{row:?} {end:?}");
        }
    }
    for end in ["", "\n"] {
        let one = "[[claim]]\nsource = \"a\"\nsubject = \"s\"\npredicate = \"p\"\nvalue = \"{n}\"\nstated = \"2023\"\n";
        desk.write("m.toml", one).write("s.csv", format!("n\nx\n¶{end}"));
        assert_eq!(desk.json(&["import", "--map", "m.toml", "--dry-run", "s.csv"])["appended"], json!(2));
    }
}

/// Plain dates, and uncertain ones that a lookup writes in the ledger's notation, in one column.
#[test]
fn uncertain_dates_beside_plain_ones() {
    let desk = Desk::new();
    let rule =
        "[lookup.day]\n\"around 20 March\" = \"2025-03-20~\"\n\"by 8 April\" = \"../2025-04-08\"\n\"*\" = \"*\"\n"
            .to_owned()
            + &mapping("").replace("\"{day}\"", "\"{day | lookup day | date 'DD/MM/YYYY'}\"");
    let sheet = "who,day,n\na,14/03/2025,2\na,around 20 March,3\na,by 8 April,4\n";
    let stated: Vec<_> = desk.events(&rule, sheet, "s.csv").iter().map(|e| e["stated"].clone()).collect();
    assert_eq!(stated, [json!("2025-03-14"), json!("2025-03-20~"), json!("../2025-04-08")]);
    let said = desk.refused(&rule, sheet.replace("by 8 April", "last week"), "s.csv");
    assert!(said.contains("row 3, column `day` (\"last week\"): `last week` is not written as DD/MM/YYYY"), "{said}");
}

#[test]
fn what_is_inferred_imports_the_sheet_as_it_stands() {
    for (name, made, parts) in [
        (
            "newsroom-log.csv",
            8,
            &[
                "source = \"{Who | or 'unattributed'}\"",
                "subject = \"{Topic}\"",
                "speaker = \"{Spokesperson}\"",
                "value = \"{What was said}\"",
            ][..],
        ),
        (
            "casualty-table.csv",
            20,
            &[
                "delimiter = \";\"",
                "empty = [\"-\"]",
                "bounds | number",
                "date 'DD.MM.YYYY'",
                "\"Killed\", \"Injured\", \"Missing\"",
            ],
        ),
        (
            "promises.tsv",
            5,
            &[
                "format = \"tsv\"",
                "date 'D MMMM YYYY'",
                "source = \"{Politician}\"",
                "body = \"{Office}\"",
                "url = \"{Page}\"",
            ],
        ),
    ] {
        let (mapping, done) = infer_and_import(&examples("sheets").join(name));
        assert_eq!(done["appended"], json!(made), "{name}\n{mapping}");
        for part in parts {
            assert!(mapping.contains(part), "{name}: {part}\n{mapping}");
        }
    }
    // Awkward ones: what cannot be guessed is not guessed.
    let desk = Desk::new();
    for (name, sheet) in [
        ("ambiguous.csv", "when,who,n\n03/04/2023,a,1\n05/06/2023,b,2\n"),
        ("nodate.csv", "a,b\nx y,1\nz,2\n"),
        ("words.csv", "one,two\n\"a, b\",2023-13-45\nc,\n"),
        ("mixed.csv", "who,date,claim\na,2023-05-12,2-4\nb,,yes\nc,2023-05-13,Yes\n"),
        ("twice.csv", "n,n,,who\n1,2,3,a\n"),
        ("braces.csv", "{who},it's|n,day\na,1,2023-05-12\n"),
        ("short.csv", "who,day,n\na,2023-05-12\nb,2023-05-12,3\n"),
        ("bounds.csv", "day,low,best,high\n2023-05-12,1,9,3\n2023-05-12,1,2,3\n"),
        ("old.csv", "who,n\nSud,1\n"),
    ] {
        let bytes = if name == "old.csv" { b"who,n\nS\xfcd,1\n".to_vec() } else { sheet.as_bytes().to_vec() };
        desk.write(name, bytes);
        let (mapping, done) = infer_and_import(&desk.dir.path().join(name));
        assert!(done["appended"].as_u64().unwrap() > 0, "{name}\n{mapping}");
        if name == "ambiguous.csv" {
            assert!(
                mapping.contains("Nothing in the column shows whether it is DD/MM/YYYY or MM/DD/YYYY"),
                "{mapping}"
            );
        }
    }
    // `1.204` may be a thousand and more. Where no cell decides it, the draft says so; where one does, or no dot is read, it does not.
    for (name, sheet, doubted) in [
        (
            "dots.csv",
            "day;killed;injured\n2023-05-12;1.204;7\n2023-05-13;980;12\n",
            Some("`killed`, `1.204` is taken for a decimal, 1 and"),
        ),
        ("best.csv", "day,low,high\n2023-05-12,1.500,2.500\n", Some("`low`, `1.500`")),
        ("value.csv", "day,source,predicate,value\n2023-05-12,a,p,12.000\n", Some("`value`, `12.000`")),
        ("rates.csv", "day,rate\n2023-05-12,1.204\n2023-05-13,0.5\n", None),
        ("commas.csv", "day;killed\n2023-05-12;1.204,5\n2023-05-13;1.300\n", None),
        ("whole.csv", "day,killed\n2023-05-12,1204\n", None),
    ] {
        desk.write(name, sheet);
        let (mapping, _) = infer_and_import(&desk.dir.path().join(name));
        let look = mapping.lines().find(|line| line.contains("LOOK"));
        assert_eq!(look.is_some(), doubted.is_some(), "{name}\n{mapping}");
        assert!(look.unwrap_or_default().contains(doubted.unwrap_or_default()), "{name}\n{mapping}");
    }
    desk.write("events.jsonl", "{\"kind\":\"claim\",\"source\":\"a\"}\n");
    let output = desk.sayso(&["import", "--infer", "events.jsonl"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("in the exchange form already"));
}

/// Each set from its own file, by its mapping alone, in one command; and by what is inferred.
#[test]
fn the_real_sets_go_in_with_the_counts_of_their_readme() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for (set, mapping, rows, events) in [
        ("ukraine-mod-personnel-history.jsonl.gz", "ukraine-mod-history.toml", 2_075, 2_075),
        ("ukraine-mod-equipment-history.jsonl.gz", "ukraine-mod-history.toml", 21_358, 21_358),
        ("ukraine-mod-orc-losses.json", "ukraine-mod-orc-losses.toml", 1_449, 19_667),
        ("oryx-daily-count.csv", "oryx-daily-count.toml", 1_365, 1_365 - 201),
        ("gaza-daily-history.jsonl.gz", "gaza-daily-history.toml", 9_097, 9_097 - 2 * 391 + 7),
        ("ucdp-ged-syria.csv.gz", "ucdp-ged-syria.toml", 16_566, 16_566),
    ] {
        let file = data.join(set);
        if !file.is_file() {
            println!("skipped: {set} is not in ../shared/data");
            continue;
        }
        let desk = Desk::new();
        let mapping = examples("mappings").join(mapping);
        let import = ["import", "--map", mapping.to_str().unwrap(), file.to_str().unwrap()];
        let done = desk.json(&import);
        assert_eq!((&done["sheets"][0]["rows"], &done["appended"]), (&json!(rows), &json!(events)), "{set}");
        assert_eq!(desk.json(&import)["already_there"], json!(events), "{set}");
        assert_eq!(desk.json(&["audit"])["sound"], json!(true));
        if set.starts_with("ucdp") {
            ucdp(&desk);
        }
        let (inferred, done) = infer_and_import(&file);
        assert!(done["appended"].as_u64().unwrap() >= rows * 4 / 5, "{set}: {}\n{inferred}", done["appended"]);
    }
}

/// What the README of the data says of the coder, the original sources, and of articles that are older than what they report.
fn ucdp(desk: &Desk) {
    let output = desk.sayso(&["export"]);
    let events: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let by_coder = events.iter().filter(|e| e["source"] == "ucdp").count();
    assert_eq!((by_coder, events.len() - by_coder), (3_596, 12_970));
    let date = |e: &Value, field: &str| e[field].as_str().unwrap()[..10].to_owned();
    let early = events.iter().filter(|e| e["source"] != "ucdp" && date(e, "stated") < date(e, "occurred")).count();
    assert_eq!(early, 164, "of the 285 whose article is older than the event, those with one article and one source");
    assert!(events.iter().all(|e| e["citations"].as_array().is_some_and(|c| !c.is_empty())));
}

/// What `docs/mapping.md` shows as a mapping is one.
#[test]
fn the_examples_of_the_page_are_mappings() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mapping.md")).unwrap();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 10, "{}", blocks.len());
    let all = "source = \"s\"\nsubject = \"s\"\npredicate = \"p\"\nvalue = 1\nstated = 2023-05-12\nid = \"i\"\n";
    let check = |block: &str| {
        let every = if block.contains("[every]") { String::new() } else { format!("[every]\n{all}") };
        let rule = if block.contains("[[claim]]") { String::new() } else { format!("\n[[claim]]\n{all}") };
        let text = format!("{every}{}{rule}", block.replace("\n...\n", "\n"));
        Mapping::parse(&text, "docs/mapping.md").unwrap_or_else(|e| panic!("{e}\n{text}"));
    };
    for block in blocks {
        if block.starts_with('[') {
            check(block);
        } else {
            block.lines().for_each(|line| check(&format!("[[claim]]\n{line}\n")));
        }
    }
}
