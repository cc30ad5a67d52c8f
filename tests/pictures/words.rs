//! Words in pictures: what a source says in the end can be read without pointing at it, a stance is no second time of the words before it,
//! and quotes that merely differ are not drawn as figures that cannot both be true. And the drawings of the documentation are today's.

use std::path::Path;

use super::page::screenshots;
use super::program::{json_of, ok, refused, with};
use super::root;

/// Quotes of two people on one question, a late one among them; numbers, and a stance beside one.
const QUOTES: &str = r#"
{"kind":"claim","source":"captain","subject":"ferry","predicate":"said","value":"We saw the light when it was too late to turn.","stated":"2023-05-01"}
{"kind":"claim","source":"mayor","subject":"ferry","predicate":"said","value":"Our thoughts are with the families tonight.","stated":"2023-05-01"}
{"kind":"stance","source":"mayor","stance":"declines","subject":"ferry","predicate":"said","stated":"2023-05-10"}
{"kind":"claim","source":"captain","subject":"ferry","predicate":"said","value":"I have nothing to add to what I told the inquiry.","stated":"2023-06-30"}
{"kind":"claim","source":"hospital","subject":"ferry","predicate":"dead","value":4,"stated":"2023-05-01"}
{"kind":"claim","source":"ministry","subject":"ferry","predicate":"dead","value":3,"stated":"2023-05-02"}
{"kind":"stance","source":"ministry","stance":"declines","subject":"ferry","predicate":"dead","stated":"2023-05-10"}
"#;

fn drawn(ledger: &Path, dir: &Path, args: &[&str]) -> String {
    let file = dir.join("drawn.svg");
    ok(ledger, &[args, &["--overwrite", "-o", file.to_str().unwrap()]].concat());
    std::fs::read_to_string(&file).unwrap()
}

/// What stands in the picture itself: no titles, which only a pointer shows, and no description.
fn printed(svg: &str) -> String {
    let lines = svg.lines().filter(|line| line.starts_with("<text"));
    let texts = lines.map(|line| line.split_once('>').unwrap().1.strip_suffix("</text>").unwrap());
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_newest_words_stand_beside_a_bar_too_narrow_for_them() {
    let (dir, ledger) = with(QUOTES);
    let svg = drawn(&ledger, dir.path(), &["chart", "ferry", "said"]);
    let printed = printed(&svg);
    assert!(printed.contains("I have nothing to add to what I told the inquiry."), "{printed}");
    // Where all have room in their bars they have the whole paper.
    let early = drawn(&ledger, dir.path(), &["chart", "ferry", "said", "--as-of", "2023-05-09"]);
    assert!(early.contains("x2=\"876\"") && !svg.contains("x2=\"876\""), "{early}");
}

#[test]
fn a_stance_after_an_answer_is_told_and_has_a_sign() {
    let (dir, ledger) = with(QUOTES);
    let words = drawn(&ledger, dir.path(), &["chart", "ferry", "said"]);
    let told = "declines to comment (before: Our thoughts are with the families tonight.)";
    assert!(printed(&words).contains(told), "{words}");
    assert!(words.contains("h8l-2.5 3l2.5 3h-8") && printed(&words).contains("flag: from then on"), "{words}");
    let numbers = drawn(&ledger, dir.path(), &["chart", "ferry", "dead"]);
    assert!(numbers.contains("h8l-2.5 3l2.5 3h-8"), "{numbers}");
    assert!(printed(&numbers).contains("flag, ministry, 2023-05-10: declines to comment"), "{numbers}");
    let before = drawn(&ledger, dir.path(), &["chart", "ferry", "dead", "--as-of", "2023-05-09"]);
    assert!(!before.contains("h8l-2.5 3l2.5 3h-8") && !printed(&before).contains("flag"), "{before}");
}

#[test]
fn quotes_that_differ_are_no_figures_that_contradict_one_another() {
    let (dir, ledger) = with(QUOTES);
    let words = drawn(&ledger, dir.path(), &["chart", "ferry", "said"]);
    assert!(printed(&words).contains("different words: the texts are not the same"), "{words}");
    for grave in ["conflict", "hatched", "fill=\"url(#hatch)\"", "contradict one another</"] {
        let rest = words.replace("need not contradict one another</", "");
        assert!(!rest.contains(grave), "{grave}: {words}");
    }
    let numbers = drawn(&ledger, dir.path(), &["chart", "ferry", "dead"]);
    assert!(numbers.contains("fill=\"url(#hatch)\"") && printed(&numbers).contains("hatched: sources contradict"));
    assert!(!numbers.contains("different words"), "{numbers}");
    let matrix = drawn(&ledger, dir.path(), &["matrix"]);
    assert!(matrix.contains(">W</text>") && printed(&matrix).contains("different words"), "{matrix}");
    assert!(matrix.contains(">C</text>") && printed(&matrix).contains("conflict"), "{matrix}");
    // What programs read keeps its word.
    let compared = json_of(&ledger, &["compare"]);
    assert!(compared["questions"].as_array().unwrap().iter().all(|q| q["verdict"] == "conflict"), "{compared}");
    let told = ok(&ledger, &["compare"]);
    assert!(
        told.contains("conflict (words)") && told.contains("CONFLICT") && told.contains("for you to read"),
        "{told}"
    );
}

/// The drawings in `docs/pictures` are what the program makes. Asked for with `SAYSO_SCREENSHOTS`, they are made anew.
#[test]
fn the_drawings_of_the_documentation_are_todays() {
    let (dir, ledger) = with(&std::fs::read_to_string(root().join("examples/sotk-2023.jsonl")).unwrap());
    let title = "Sotk, as of 12 May 2023";
    let matrix = ["matrix", "--as-of", "2023-05-12", "--subject", "sotk-clash-2023-05-11", "--title", title];
    for (name, args) in [("matrix.svg", &matrix[..]), ("timeline.svg", &["timeline", "sotk-clash-2023-05-12"])] {
        let svg = drawn(&ledger, dir.path(), args);
        if let Some(dir) = screenshots() {
            std::fs::write(dir.join(name), &svg).unwrap();
        }
        let there = std::fs::read_to_string(root().join("docs/pictures").join(name)).unwrap();
        assert!(there == svg, "docs/pictures/{name} is old; docs/pictures.md says how it is made anew");
    }
}

/// A sheet with one respondent a row: two thousand sources on one question are two million pairs.
#[test]
fn thousands_of_sources_on_one_question_are_no_millions_of_pairs() {
    let claim = |n: usize, predicate: &str| {
        let day = 1 + n % 28;
        format!(
            "{{\"kind\":\"claim\",\"source\":\"s{n:04}\",\"subject\":\"town\",\"predicate\":\"{predicate}\",\"value\":{n},\"stated\":\"2023-05-{day:02}\"}}\n"
        )
    };
    let many = (0..2000).map(|n| claim(n, "kept"));
    let (dir, ledger) = with(&many.chain((0..40).map(|n| claim(n, "seen"))).collect::<String>());
    let compared = json_of(&ledger, &["compare", "--predicate", "kept"]);
    let question = &compared["questions"][0];
    assert_eq!((&question["verdict"], question["findings"].as_array().unwrap().len()), (&"conflict".into(), 100));
    assert_eq!(question["more_findings"], serde_json::json!({"conflict": 2000 * 1999 / 2 - 100}));
    let table = ok(&ledger, &["compare", "--predicate", "kept"]);
    assert!(table.contains("CONFLICT") && table.contains("1998997"), "and so many more");
    let story = ok(&ledger, &["export", "--as", "markdown"]);
    assert!(story.contains("and 1998900 more pairs of sources") && story.len() < 1_000_000, "{}", story.len());
    let diff = json_of(&ledger, &["diff", "2023-05-20", "2023-05-21", "--predicate", "kept"]);
    assert_eq!(diff["verdicts"], serde_json::json!([]), "a conflict that goes on");
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for args in [
        &["chart", "town", "kept", "-o", &file("c.svg")][..],
        &["matrix", "-o", &file("m.svg")],
        &["report", "-o", &file("r.html")],
    ] {
        let (code, said) = refused(&ledger, args);
        assert!(code == 1 && said.contains("2000 sources answer town / kept") && said.contains("--source"), "{said}");
    }
    ok(&ledger, &["chart", "town", "kept", "--source", "s0001", "--source", "s0002", "-o", &file("c.svg")]);
    ok(&ledger, &["report", "--predicate", "seen", "-o", &file("r.html")]);
    let page = std::fs::read_to_string(file("r.html")).unwrap();
    let last = &super::inside(&page, "data")["questions"][0]["v"];
    assert_eq!(
        last.as_array().unwrap().last().unwrap()[2][1],
        40 * 39 / 2 - 100,
        "and says how many pairs are not in it"
    );
}
