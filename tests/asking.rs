//! The failure this guards against: an editor compares two governments on a narrow terminal, or opens the answer in a spreadsheet, and what is
//! shown is not what was answered: a column broken in the middle of a letter, a cell that the spreadsheet runs as a formula, a page
//! that does not say that there is another.

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

use program::{json_of, ok, ok_wide, refused, sayso, with};
use sayso_core::views::Verdict;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

const EXAMPLE: &str = include_str!("../examples/sotk-2023.jsonl");

/// The rows of a CSV answer, the header first.
fn csv_of(ledger: &Path, args: &[&str]) -> Vec<Vec<String>> {
    let text = ok(ledger, &[args, &["--format", "csv"]].concat());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(ToOwned::to_owned).collect()).collect()
}

/// The cells of one column under its name.
fn column(rows: &[Vec<String>], name: &str) -> Vec<String> {
    let at = rows[0].iter().position(|c| c == name).unwrap_or_else(|| panic!("{name} in {:?}", rows[0]));
    rows[1..].iter().map(|r| r[at].clone()).collect()
}

// --- each command, as a person and as a program meets it ---

#[test]
fn compare_names_the_verdict_and_its_entries() {
    let (_dir, ledger) = with(EXAMPLE);
    let args = ["compare", "--as-of", "2023-05-17", "--subject", "sotk-clash-2023-05-11", "--predicate", "fired-first"];
    let text = ok(&ledger, &args);
    for part in
        ["conflict (words)", "baku #31 and yerevan #26: different words", "Questions: 1 conflict.", "as of 2023-05-17"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let told = json_of(&ledger, &args);
    let question = &told["questions"][0];
    assert_eq!((&question["verdict"], &question["unattributed"]), (&json!("conflict"), &Value::Null));
    let finding = json!({"relation": "conflict", "stance": null, "why": "different words",
        "of": [{"source": "baku", "entries": [31]}, {"source": "yerevan", "entries": [26]}]});
    assert_eq!(question["findings"], json!([finding]));
    assert_eq!(question["cells"][0]["standing"]["value"], "armenia");
    assert_eq!(
        (&told["as_of"], &told["known_at"], &told["known_entries"]),
        (&json!("2023-05-17"), &Value::Null, &json!(119))
    );

    let asked = json_of(&ledger, &[&args[..], &["--source", "eu", "--source", "yerevan"]].concat());
    let states: Vec<&Value> = asked["questions"][0]["cells"].as_array().unwrap().iter().map(|c| &c["state"]).collect();
    assert_eq!(states, ["nothing-recorded", "claims"]);
    assert_eq!(asked["questions"][0]["verdict"], "one-source");

    let nothing = [&args[..], &["--source", "eu"]].concat();
    let silent = json_of(&ledger, &nothing);
    assert_eq!(silent["questions"][0]["verdict"], "nothing-recorded");
    assert!(ok(&ledger, &nothing).contains("Questions: 1 nothing recorded."));
    let rows = csv_of(&ledger, &nothing);
    assert_eq!(column(&rows, "verdict"), ["nothing-recorded"]);
    assert_eq!(column(&rows, "source"), ["eu"]);
    // Every verdict that there is stands in the help and in the pages about JSON and words.
    let help = ok(&ledger, &["compare", "--help"]);
    let pages = [help.as_str(), include_str!("../docs/json.md"), include_str!("../docs/glossary.md")];
    for verdict in Verdict::ALL.map(Verdict::as_str) {
        assert!(pages.iter().all(|page| page.contains(verdict)), "{verdict}");
    }

    let disputes = json_of(&ledger, &["compare", "--as-of", "2023-05-17", "--conflicts"]);
    let verdicts: Vec<&str> =
        disputes["questions"].as_array().unwrap().iter().map(|q| q["verdict"].as_str().unwrap()).collect();
    assert!(verdicts.len() > 5 && verdicts.iter().all(|v| ["conflict", "denied"].contains(v)));
    assert!(disputes["left_out"]["one-source"].as_u64().unwrap() > 5);
    let rows = csv_of(&ledger, &args);
    assert_eq!(column(&rows, "source"), ["baku", "yerevan"]);
    assert_eq!(column(&rows, "verdict"), ["conflict", "conflict"]);
    assert_eq!(column(&rows, "entries"), ["#31", "#26"]);
    let none = ok(&ledger, &["compare", "--as-of", "2023-05-10", "--conflicts"]);
    assert!(none.contains("No conflict and no denial.\n") && none.contains("Left out by --conflicts"), "{none}");
    assert!(ok(&ledger, &["compare", "--predicate", "wounde"]).contains("No entry has the predicate wounde"));
}

/// One counts by claim, the other by picture: both are seen, the bound too, and the program says that both can be right.
#[test]
fn a_count_and_a_lower_bound_from_the_command_line() {
    let claim = |source: &str, value: &str| {
        format!(
            r#"{{"kind":"claim","source":"{source}","subject":"losses-of-russia","predicate":"tanks","value":{value},"unit":"tanks","stated":"2025-06-01"}}"#
        )
    };
    let (_dir, ledger) = with(&format!("{}\n{}", claim("kyiv", "10872"), claim("oryx", r#"{"min":4030}"#)));
    let text = ok(&ledger, &["compare", "--as-of", "2025-06-01"]);
    for part in ["compatible", "10872 tanks", ">=4030 tanks", "kyiv #0 and oryx #1: both allow 10872 tanks"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let rows = csv_of(&ledger, &["compare"]);
    assert_eq!(
        (column(&rows, "min"), column(&rows, "max")),
        (vec!["10872".into(), "4030".into()], vec!["10872".to_owned(), String::new()])
    );
}

#[test]
fn diff_runs_on_one_clock_and_holds_the_other() {
    let (_dir, ledger) = with(EXAMPLE);
    let text = ok(&ledger, &["diff", "2023-05-10", "2023-05-11", "--source", "yerevan", "--source", "baku"]);
    for part in
        ["from 2023-05-10 to 2023-05-11", "newly said", "Newly in conflict or denied", "baku #31 and yerevan #26"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let day = json_of(&ledger, &["diff", "2023-05-12", "2023-05-13"]);
    assert_eq!(
        (&day["clock"], &day["from"], &day["to"]),
        (&json!("stated"), &json!("2023-05-12"), &json!("2023-05-13"))
    );
    let yerevan = day["sources"].as_array().unwrap().iter().find(|s| s["source"] == "yerevan").unwrap();
    let danger = yerevan["changes"].as_array().unwrap().iter().find(|c| c["change"] == "changed").unwrap();
    assert_eq!(danger["predicate"], "armenian-wounded-in-mortal-danger");
    assert_eq!((&danger["before"][0]["value"], &danger["after"]["value"]), (&json!(1), &json!(0)));
    assert_eq!((&danger["entries"], &danger["ours"]), (&json!([72]), &json!(false)));

    ok(&ledger, &["correct", "--of", "yerevan-pm-0518-july", "--value", "2023-08", "--reason", "typing error"]);
    let now = json_of(&ledger, &["show", "#119"])["recorded"].as_str().unwrap().to_owned();
    let before = json_of(&ledger, &["show", "#118"])["recorded"].as_str().unwrap().to_owned();
    let ours = json_of(&ledger, &["diff", &before, &now, "--clock", "recorded"]);
    let change = &ours["sources"][0]["changes"][0];
    assert_eq!(
        (&change["change"], &change["ours"], &change["entries"]),
        (&json!("corrected"), &json!(true), &json!([119]))
    );
    assert_eq!(ours["verdicts"][0]["after"], "conflict");
    assert_eq!(ours["known_entries"], json!([119, 120]));
    assert!(ok(&ledger, &["diff", &before, &now, "--clock", "recorded"]).contains("corrected by us"));
    let rows = csv_of(&ledger, &["diff", &before, &now, "--clock", "recorded"]);
    assert_eq!(column(&rows, "change"), ["corrected", "verdict"]);
    let pinned = json_of(&ledger, &["diff", &before, &now, "--clock", "recorded", "--as-of", "2023-05-11"]);
    assert_eq!((&pinned["sources"], &pinned["as_of"]), (&json!([]), &json!("2023-05-11")), "not yet said then");
    assert_eq!(pinned["other_entries"], json!([119]));

    for (args, what) in [
        (["diff", "2023-05-12", "2023-05-11", "--clock", "stated"].as_slice(), "earlier moment first"),
        (&["diff", "2023-05-11", "2023-05-12", "--as-of", "2023-05-12"], "--as-of has no place here"),
        (&["diff", "2023-05-11", "2023-05-12", "--clock", "recorded", "--known-at", "2023"], "--known-at has no place"),
        (&["diff", "yesterday", "2023-05-12"], "the first date"),
    ] {
        let (code, said) = refused(&ledger, args);
        assert!(code == 2 && said.contains(what), "{args:?}: {said}");
    }
}

#[test]
fn history_tells_everything_in_pages() {
    let (_dir, ledger) = with(EXAMPLE);
    let all = json_of(&ledger, &["history", "zod-clash-2023-05-11", "armenian-soldiers-wounded"]);
    assert_eq!(
        (&all["subject"], &all["total"], &all["by"]),
        (&json!("sotk-clash-2023-05-11"), &json!(10), &json!("recorded"))
    );
    assert_eq!(all["asked_as"][0]["asked"], "zod-clash-2023-05-11");
    let first = &all["entries"][0];
    assert_eq!(
        (&first["index"], &first["fate"], &first["reads"]),
        (&json!(5), &json!("replaced"), &json!("as-recorded"))
    );
    assert_eq!(first["event"]["occurred"], "2023-05-11");
    let page = json_of(&ledger, &["history", "sotk-clash-2023-05-11", "armenian-soldiers-wounded", "--limit", "4"]);
    assert_eq!((page["entries"].as_array().unwrap().len(), &page["next"]), (4, &json!(21)));
    let text = ok(&ledger, &["history", "sotk-clash-2023-05-11", "armenian-soldiers-wounded", "--limit", "4"]);
    assert!(text.ends_with("4 of 10 entries.\nnext: --from 21\n"), "{text}");
    for part in ["occurred 2023-05-11; stated 2023-05-11T06:59:00+04:00; published 2023-05-11; recorded 20", "by ani"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let rest = json_of(&ledger, &["history", "sotk-clash-2023-05-11", "armenian-soldiers-wounded", "--from", "#21"]);
    assert_eq!(rest["entries"].as_array().unwrap().len(), 6);

    let meeting = ok(&ledger, &["history", "brussels-meeting-2023-07"]);
    for part in
        ["withdrawn by correction #118", "A misprint of the month", "in force", "#118 we correct: withdraws #115"]
    {
        assert!(meeting.contains(part), "{part}: {meeting}");
    }
    let rows = csv_of(&ledger, &["history", "brussels-meeting-2023-07"]);
    assert_eq!(column(&rows, "index"), ["#99", "#114", "#115", "#118"]);
    assert_eq!(column(&rows, "fate"), ["stands", "stands", "corrected-away", "stands"]);
    let nothing = ok(&ledger, &["history", "nowhere"]);
    assert!(nothing.contains("Nothing recorded on it."), "{nothing}");
    let (code, said) = refused(&ledger, &["history", "sotk-clash-2023-05-11", "--by", "stated", "--from", "0"]);
    assert!(code == 1 && said.contains("#0 is not in this history"), "{said}");
}

#[test]
fn why_leads_back_to_entries_and_citations() {
    let (_dir, ledger) = with(EXAMPLE);
    let asked = ["why", "yerevan", "sotk-clash-2023-05-11", "armenian-soldiers-wounded", "--as-of", "2023-05-12"];
    let told = json_of(&ledger, &asked);
    let replayed = json_of(
        &ledger,
        &[
            "replay",
            "--as-of",
            "2023-05-12",
            "--source",
            "yerevan",
            "--subject",
            "sotk-clash-2023-05-11",
            "--predicate",
            "armenian-soldiers-wounded",
        ],
    );
    assert_eq!(told["standing"], replayed["views"][0]["standings"][0]);
    let rules: Vec<&Value> = told["rules"].as_array().unwrap().iter().map(|r| &r["rule"]).collect();
    assert_eq!(rules, ["newest-stated", "tied-meet", "order-unknown", "names-joined"]);
    let text = ok(&ledger, &asked);
    for part in [
        "Answer: 4 people, stated 2023-05-11; order within the day unknown",
        "4 earlier claims are replaced.",
        "* #21 yerevan asserts",
        "speaker Anahit Avanesyan; for Ministry of Health of Armenia; via news.am",
        "read at https://news.am/eng/news/759360.html",
        "replaced by #21 #22, stated later",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let empty = ok(&ledger, &["why", "eu", "sotk-clash-2023-05-10", "fired-first"]);
    assert!(empty.contains("Answer: nothing stands") && empty.contains("Nothing is recorded."), "{empty}");
    let early = ok(&ledger, &["why", "eu", "brussels-meeting-2023-07", "meeting-scheduled", "--as-of", "2023-05-12"]);
    assert!(early.contains("said after the date asked for"), "{early}");
}

#[test]
fn exact_words_are_shown_in_their_place() {
    let (_dir, ledger) = with(concat!(
        r#"{"kind":"claim","source":"a","subject":"s","predicate":"p","value":2,"stated":"2023","lang":"id","translated":true,"#,
        r#""citations":[{"url":"https://example.org/a","archived":"https://web.archive.org/a","#,
        r#""blake3":"0000000000000000000000000000000000000000000000000000000000000000","#,
        r#""exact":"dua prajurit","prefix":"menyebut ","suffix":" terluka"}]}"#
    ));
    let text = ok(&ledger, &["why", "a", "s", "p"]);
    for part in [
        "archived at https://web.archive.org/a",
        "captured file, BLAKE3 0000000000000000",
        "exact words: menyebut [dua prajurit] terluka",
        "read in id, translated",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

// --- comma-separated values ---

#[test]
fn spreadsheets_get_data_and_no_formulas() {
    let line = |predicate: &str, value: &str| {
        format!(
            r#"{{"kind":"claim","source":"a","subject":"s","predicate":"{predicate}","value":{value},"stated":"2023","note":"@note, with a comma"}}"#
        )
    };
    let lines =
        [line("p1", "\"=1+1\""), line("p2", "-5"), line("p3", "\"say \\\"hi\\\"\\nthere\""), line("p4", "\"Երևան\"")];
    let (_dir, ledger) = with(&lines.join("\n"));
    let rows = csv_of(&ledger, &["replay"]);
    assert_eq!(column(&rows, "value"), ["'=1+1", "-5", "say \"hi\"\nthere", "Երևան"]);
    assert_eq!(column(&rows, "min"), ["", "-5", "", ""]);
    assert_eq!(column(&rows, "state"), ["stands"; 4]);
    let log = csv_of(&ledger, &["log", "--limit", "2"]);
    assert_eq!(column(&log, "note"), ["'@note, with a comma"; 2]);
    assert_eq!(column(&log, "index"), ["#2", "#3"]);
    let output = sayso(&ledger, &["log", "--from", "0", "--limit", "2", "--format", "csv"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "sayso: note: there is more; next: --from 2\n");
    let asked = csv_of(&ledger, &["replay", "--source", "b", "--as-of", "2024"]);
    assert_eq!(
        (column(&asked, "state"), column(&asked, "as_of")),
        (vec!["nothing-recorded".to_owned()], vec!["2024".into()])
    );
}

#[test]
fn a_command_without_rows_says_which_formats_it_has() {
    let (_dir, ledger) = with(EXAMPLE);
    let commands: [&[&str]; 8] = [
        &["audit"],
        &["show", "#1"],
        &["export"],
        &["why", "a", "b", "c"],
        &["init", "elsewhere"],
        &["note", "--of", "#1", "--text", "t"],
        &["demo"],
        &["import", "-"],
    ];
    for args in commands {
        let (code, said) = refused(&ledger, &[args, &["--format", "csv"]].concat());
        assert!(
            code == 2 && said.contains("csv is there for replay, compare, diff, history and log"),
            "{args:?}: {said}"
        );
    }
    assert_eq!(json_of(&ledger, &["audit"])["entries"], 119, "nothing was written");
}

// --- the terminal ---

const WIDE: &str = concat!(
    r#"{"kind":"claim","id":"w1","source":"երևան/պաշտպանության-նախարարություն","subject":"бои-под-сотком-в-мае-2023-года","#,
    r#""predicate":"число-раненых-военнослужащих","value":"Առնվազն երկու հայ զինծառայող վիրավորվել է ադրբեջանական անօդաչու թռչող սարքի հարվածից","#,
    r#""stated":"2023-05-12T08:00:00+04:00","speaker":"Նիկոլ Փաշինյան","modality":"շատ փոքր հավանականություն","via":["արմենպրես","новости"]}"#,
    "\n",
    r#"{"kind":"claim","id":"w2","source":"北京","subject":"бои-под-сотком-в-мае-2023-года","predicate":"число-раненых-военнослужащих","#,
    r#""value":"据报道至少有两名亚美尼亚士兵在索特克附近的冲突中受伤并被送往医院接受治疗目前情况稳定","stated":"2023-05-12","#,
    r#""note":"索特克附近的冲突 and some words \u202e and 가나다라마바사아자차카타파하가나다라마바사아자차카타파하가나다라마바사아자차카타파하","#,
    r#""citations":[{"url":"https://example.org/a/very/long/address/that/does/not/fit/into/any/of/these/narrow/terminals/2023/05/12"}]}"#,
    "\n",
    r#"{"kind":"stance","source":"москва","of":"w1","stance":"denies","stated":"2023-05-13"}"#,
    "\n",
    r#"{"kind":"correction","of":"w2","reason":"опечатка в переводе с китайского языка на русский язык, замеченная редактором","#,
    r#""replacement":{"source":"北京","subject":"бои-под-сотком-в-мае-2023-года","predicate":"число-раненых-военнослужащих","value":"两名士兵","stated":"2023-05-12"}}"#,
);

/// No line is wider than the terminal, as a terminal counts, and nothing of the words is lost or turned about.
#[test]
fn wide_and_narrow_letters_fit_the_terminal() {
    let (_dir, ledger) = with(&format!("{EXAMPLE}\n{WIDE}"));
    let subject = "бои-под-сотком-в-мае-2023-года";
    let commands: [&[&str]; 9] = [
        &["replay"],
        &["compare"],
        &["compare", "--conflicts", "--as-of", "2023-05-20"],
        &["diff", "2023-05-11", "2023-05-13"],
        &["diff", "2000", "2099", "--clock", "recorded"],
        &["history", subject],
        &["history", "sotk-clash-2023-05-11", "--by", "stated"],
        &["why", "北京", subject, "число-раненых-военнослужащих"],
        &["why", "yerevan", "sotk-clash-2023-05-11", "armenian-soldiers-wounded"],
    ];
    for args in commands {
        let whole = ok_wide(&ledger, "2000", args);
        let letters = |text: &str| -> Vec<char> {
            let mut all: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
            all.sort_unstable();
            all
        };
        for columns in ["60", "80", "120"] {
            let text = ok_wide(&ledger, columns, args);
            let width: usize = columns.parse().unwrap();
            for line in text.lines() {
                assert!(line.width() <= width, "{args:?} at {columns}: {} columns: {line}", line.width());
                assert!(!line.contains('\u{202E}') && !line.contains('\u{E000}'), "{args:?}: {line}");
            }
            assert_eq!(letters(&text), letters(&whole), "{args:?} at {columns}: the same letters");
        }
    }
    let told = ok_wide(&ledger, "60", &["history", subject]);
    assert!(told.contains("\\u{202e}"), "the mark is shown, and does nothing: {told}");
    let narrow = ok_wide(&ledger, "60", &["compare"]);
    assert!(narrow.lines().any(|l| l.starts_with("      yerev")), "the indent stays where words are broken: {narrow}");
}

/// Help is there for each, with examples that run.
#[test]
fn the_examples_in_the_help_run() {
    let (_dir, ledger) = with(EXAMPLE);
    for command in ["compare", "diff", "history", "why"] {
        let help = ok(&ledger, &[command, "--help"]);
        let examples: Vec<&str> = help.lines().filter_map(|l| l.trim().strip_prefix("sayso ")).collect();
        assert!(examples.len() >= 2, "{help}");
        for example in examples {
            let args: Vec<&str> = example.split(' ').collect();
            assert!(sayso(&ledger, &args).status.success(), "{example}");
        }
    }
}
