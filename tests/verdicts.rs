//! The failure this guards against: a newspaper prints that two governments contradict one another because one counted "at least
//! 4,030" and the other 10,872, or that they agree because one of them took its words back. A verdict has to follow from
//! the entries that it names, and must not depend on who comes first in the alphabet.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use sayso_core::exchange::{parse_value, value_to_json};
use sayso_core::replay::{Filter, Query};
use sayso_core::text::{Label, Name};
use sayso_core::time::{AsOf, TimeZone};
use sayso_core::views::{CellState, Comparison, Relation, Row, Verdict, compare, relate};
use support::{Fixture, Rng};

const EXAMPLE: &str = include_str!("../examples/sotk-2023.jsonl");

/// Events in short: `a = >=2 [people] @2023-05-12`, `b denies a1`, `b declines` (the question), `a retracts a1`, `ours withdraw a1`,
/// `ours a1 = 5`. The n-th claim of `a` has the id `an`. Names are changed by `called`.
fn lines(script: &str, called: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut claims: Vec<String> = Vec::new();
    let mut claim = |source: &str, rest: &str, id: bool| {
        let (rest, stated) = rest.split_once(" @").unwrap_or((rest, "2023-05-12"));
        let (value, unit) = match rest.split_once(" [") {
            Some((value, unit)) => (value, format!(r#","unit":"{}""#, unit.trim_end_matches(']'))),
            None => (rest, String::new()),
        };
        let value = value_to_json(&parse_value(value, &TimeZone::UTC).unwrap().0);
        claims.push(source.to_owned());
        let nth = claims.iter().filter(|c| *c == source).count();
        let id = if id { format!(r#""id":"{source}{nth}","#) } else { String::new() };
        let source = called(source);
        format!(
            r#"{{"kind":"claim",{id}"source":"{source}","subject":"s","predicate":"p","value":{value}{unit},"stated":"{stated}"}}"#
        )
    };
    let mut all = Vec::new();
    for event in script.split(';').map(str::trim) {
        if let Some(of) = event.strip_prefix("ours withdraw ") {
            all.push(format!(r#"{{"kind":"correction","of":"{of}","reason":"wrong","replacement":null}}"#));
        } else if let Some((of, value)) = event.strip_prefix("ours ").and_then(|e| e.split_once(" = ")) {
            let replacement = claim(&of[..1], value, false);
            all.push(format!(r#"{{"kind":"correction","of":"{of}","reason":"typo","replacement":{replacement}}}"#));
        } else if let Some((source, rest)) = event.split_once(" = ") {
            all.push(claim(source, rest, true));
        } else {
            let (event, stated) = event.split_once(" @").unwrap_or((event, "2023-05-13"));
            let words: Vec<&str> = event.split(' ').collect();
            let source = called(words[0]);
            all.push(match words[..] {
                [_, "retracts", of] => {
                    format!(r#"{{"kind":"retraction","source":"{source}","of":"{of}","stated":"{stated}"}}"#)
                }
                [_, stance, of] => format!(
                    r#"{{"kind":"stance","source":"{source}","stance":"{stance}","of":"{of}","stated":"{stated}"}}"#
                ),
                [_, stance] => format!(
                    r#"{{"kind":"stance","source":"{source}","stance":"{stance}","subject":"s","predicate":"p","stated":"{stated}"}}"#
                ),
                _ => panic!("{event}"),
            });
        }
    }
    all
}

fn compared(script: &str, called: &dyn Fn(&str) -> String, query: &Query) -> Comparison {
    let f = Fixture::new();
    f.add(&lines(script, called).iter().map(String::as_str).collect::<Vec<_>>());
    compare(&f.ledger, query).unwrap()
}

/// The verdict and the decisive reasons, without names and numbers.
fn told(compared: &Comparison) -> String {
    let Some(row) = compared.rows.first() else { return "no question".into() };
    let gravest = row.findings.iter().map(|f| f.relation).max();
    let mut why: Vec<&str> =
        row.findings.iter().filter(|f| Some(f.relation) == gravest).map(|f| f.why.as_str()).collect();
    why.sort_unstable();
    why.dedup();
    format!("{}: {}", row.verdict.as_str(), why.join("; ")).trim_end_matches([':', ' ']).to_owned()
}

/// Another name for a source.
type Naming = Box<dyn Fn(&str) -> String>;

/// The seven ways to change `a`, `b` and `c` about, the first of which leaves them; `u` is unattributed.
fn namings() -> Vec<Naming> {
    let orders = ["abc", "acb", "bac", "bca", "cab", "cba", "zyx"];
    let naming = |order: &'static str| -> Naming {
        Box::new(move |name: &str| match "abc".find(name) {
            Some(at) => order[at..=at].to_owned(),
            None => "unattributed".into(),
        })
    };
    orders.into_iter().map(naming).collect()
}

#[test]
fn verdicts_whatever_the_order_of_the_sources() {
    let cases = [
        ("a = 2; b = 2", "agreement: both say the same"),
        ("a = 2; b = 2; c = 2", "agreement: both say the same"),
        ("a = 2; b = 4", "conflict: the bounds do not meet"),
        ("a = 2; b = 2; c = 4", "conflict: the bounds do not meet"),
        ("a = 10872 [tanks]; b = >=4030 [tanks]", "compatible: both allow 10872 tanks"),
        ("a = >=2; b = >=4", "compatible: both allow >=4"),
        ("a = >=5; b = <=4", "conflict: the bounds do not meet"),
        ("a = 12..24; b = 20..30", "compatible: both allow 20..24"),
        ("a = 2 [people]; b = 2 [soldiers]", "not-compared: different units"),
        ("a = 2 [people]; b = 4 [soldiers]", "not-compared: different units"),
        ("a = 2 [people]; b = 2", "agreement: both say the same; one gives no unit"),
        ("a = 2; b = a few", "not-compared: different kinds of value"),
        ("a = 2 [people]; b = 2 [soldiers]; c = 3 [people]", "conflict: the bounds do not meet"),
        ("a = ~2000; b = 1", "compatible: an estimate conflicts with nothing"),
        ("a = ~2000; b = ~3000", "compatible: an estimate conflicts with nothing"),
        ("a = ~2000; b = ~2000", "agreement: both say the same"),
        ("a = unknown; b = 7", "compatible: one says that there is a value and gives none"),
        ("a = unknown; b = unknown", "agreement: both say that it is not known"),
        ("a = unknown; b = none", "conflict: `none` and `unknown`"),
        ("a = none; b = 0", "agreement: both say the same"),
        ("a = none; b = >=1", "conflict: the bounds do not meet"),
        ("a = yes; b = no", "conflict: yes and no"),
        ("a = armenia; b = azerbaijan", "conflict: different words"),
        ("a = \u{e9}t\u{e9}; b = e\u{301}te\u{301}", "agreement: both say the same"),
        ("a = 2023-07; b = 2023-07-21", "compatible: both can mean 2023-07-21"),
        ("a = 2023-06-21; b = 2023-07-21", "conflict: different dates"),
        // Within one source.
        ("a = 7; a = 6", "inconsistent"),
        ("a = 7; a = 6; b = 6", "inconsistent: one of them contradicts itself"),
        ("a = 7; a = 6; b = 8", "conflict: whichever is meant: the bounds do not meet"),
        ("a = 7; a = 6; b = 8; c = 8", "conflict: whichever is meant: the bounds do not meet"),
        ("a = 7; a = 6; b = 8; c = 9", "conflict: the bounds do not meet; whichever is meant: the bounds do not meet"),
        ("a = 7 @2023-05-11; a = 6 @2023-05-12; b = 7", "conflict: the bounds do not meet"),
        ("a = 2; a = >=1; b = 2", "agreement: both say the same"),
        // Alone.
        ("a = 2", "one-source"),
        ("a = 2; b declines", "one-source"),
        ("a = 2; b = 3; b retracts b1", "one-source"),
        ("a = unknown", "one-source"),
        // Nobody is named.
        ("u = 2", "unattributed-only"),
        ("u = 2; u = 4", "unattributed-only"),
        ("u = 4; a = 2", "one-source"),
        ("u = 4; a = 2; b = 2", "agreement: both say the same"),
        ("u = 4; a denies u1", "denied: denies it"),
        ("u = 4; a affirms u1", "unattributed-only"),
        ("u = 4; a declines", "unattributed-only"),
        // Stances.
        ("a = 2; b denies a1", "denied: denies it"),
        ("a = 2; b affirms a1", "agreement: affirms it"),
        ("a = 2; b partly-accepts a1", "compatible: partly accepts it"),
        ("a = 2; b denies", "denied: denies the question"),
        ("a denies", "denied"),
        ("a = 2; b = 4; b denies a1", "conflict: the bounds do not meet"),
        ("a = 2; b = 2; b denies a1", "denied: denies it"),
        ("a = 2; b denies a1; a = 2 @2023-05-14", "denied: denies #0, and the same was said again"),
        ("a = 2; b denies a1; a = 3 @2023-05-14", "one-source"),
        ("a = 2; b affirms a1; a = 3 @2023-05-14", "one-source"),
        ("a = 2; b denies a1; a retracts a1 @2023-05-14", "nothing-stands"),
        ("a = 2; b denies a1; ours withdraw a1", "nothing-stands"),
        ("a = 2; b denies a1; b affirms a1 @2023-05-14", "agreement: affirms it"),
        ("a = 2; b denies a1; c = 2", "denied: denies it"),
        // Silences.
        ("a declines", "declined"),
        ("a declines; b declines", "declined"),
        ("a = 2; a retracts a1", "nothing-stands"),
        ("a = 2; a retracts a1; b declines", "declined"),
        ("a declines; a = 2 @2023-05-14", "one-source"),
        // Our own record.
        ("a = 2; b = 4; ours b1 = 2", "agreement: both say the same"),
        ("a = 2; b = 2 @2023-05-10; b = 4; ours withdraw b2", "agreement: both say the same"),
    ];
    assert!(cases.len() >= 30);
    for (script, expected) in cases {
        for called in namings() {
            assert_eq!(told(&compared(script, &called, &Query::default())), expected, "{script}");
        }
    }
}

/// The ministry's own figure and what others could count from pictures: both are shown, and the bound is seen.
#[test]
fn a_figure_and_a_lower_bound_are_compatible() {
    let both = compared("a = 10872 [tanks]; b = >=4030 [tanks]", &str::to_owned, &Query::default());
    let row = &both.rows[0];
    let shown: Vec<String> = row
        .cells
        .iter()
        .map(|c| c.standing.as_ref().unwrap().combined.as_ref().unwrap().value.as_ref().unwrap().to_string())
        .collect();
    assert_eq!((row.verdict, shown), (Verdict::Compatible, vec!["10872".to_owned(), ">=4030".to_owned()]));
    assert_eq!(
        row.findings[0].of.clone().map(|p| (p.source.to_string(), p.entries)),
        [("a".to_owned(), vec![0]), ("b".to_owned(), vec![1])]
    );
}

fn asking(sources: &[&str]) -> Query {
    let sources = sources.iter().map(|s| Name::new(s).unwrap()).collect();
    Query { filter: Filter { sources, ..Filter::default() }, ..Query::default() }
}

#[test]
fn three_silences_are_told_apart() {
    let script = "a = 2; b declines; c denies a1";
    let row = compared(script, &str::to_owned, &asking(&["a", "b", "c", "d"])).rows.remove(0);
    let states: Vec<(&str, CellState)> = row.cells.iter().map(|c| (c.source.as_str(), c.state)).collect();
    let expected = [
        ("a", CellState::Claims),
        ("b", CellState::Declines),
        ("c", CellState::Denies),
        ("d", CellState::NothingRecorded),
    ];
    assert_eq!(states, expected);
    let unasked = compared(script, &str::to_owned, &Query::default()).rows.remove(0);
    assert_eq!(unasked.cells.len(), 3, "who was not asked for and has nothing is not listed");
    let silent = compared("a = 2", &str::to_owned, &asking(&["d"]));
    assert!(silent.rows.is_empty(), "no question of `d`");
}

/// A source left out of the comparison is no party, and what was denied to it stays denied.
#[test]
fn only_the_sources_asked_for_are_parties() {
    let verdict = |script, sources: &[&str]| told(&compared(script, &str::to_owned, &asking(sources)));
    assert_eq!(verdict("a = 2; b = 4", &["a"]), "one-source");
    assert_eq!(verdict("a = 2; b denies a1", &["b"]), "denied: denies it");
    assert_eq!(
        verdict("a = 2; b denies a1; a = 2 @2023-05-14", &["b"]),
        "denied: denies #0, and the same was said again"
    );
    assert_eq!(verdict("a = 2; b denies a1; a = 3 @2023-05-14", &["b"]), "nothing-stands");
}

/// To ask two ministries about a question and to be shown nothing at all reads as if there were no such question.
#[test]
fn a_whole_question_of_which_those_asked_have_nothing() {
    let f = Fixture::new();
    let claim = |source: &str, subject: &str| {
        format!(
            r#"{{"kind":"claim","source":"{source}","subject":"{subject}","predicate":"p","value":1,"stated":"2023-05-12"}}"#
        )
    };
    f.add(&[&claim("a", "clash-1"), &claim("b", "clash-2"), &claim("u", "clash"), &claim("unattributed", "flood")]);
    f.add(&[r#"{"kind":"alias","names":"subject","from":"fight-1","to":"clash-1"}"#]);
    let asked = |sources: &[&str], subject: &str, predicates: &[&str]| {
        let names = |all: &[&str]| all.iter().map(|n| Name::new(n).unwrap()).collect::<Vec<_>>();
        let (sources, predicates) = (names(sources), names(predicates));
        let filter = Filter { sources, predicates, subject_prefixes: names(&[subject]), ..Filter::default() };
        let compared = compare(&f.ledger, &Query { filter, ..Query::default() }).unwrap();
        let row = |r: &Row| {
            let cells: Vec<String> = r.cells.iter().map(|c| format!("{} {}", c.source, c.state.as_str())).collect();
            format!("{} {}: {}", r.question.subject, r.verdict.as_str(), cells.join(", "))
        };
        compared.rows.iter().map(row).collect::<Vec<_>>()
    };
    let neither = "clash-1 nothing-recorded: b nothing-recorded, c nothing-recorded";
    assert_eq!(asked(&["b", "c"], "clash-1", &["p"]), [neither]);
    assert_eq!(asked(&["b", "c"], "fight-1", &["p"]), [neither]);
    assert_eq!(asked(&["b"], "flood", &["p"]), ["flood nothing-recorded: b nothing-recorded"]);
    // In the order of questions, among others that begin so.
    let both = ["clash nothing-recorded: b nothing-recorded", "clash-2 one-source: b claims"];
    assert_eq!(asked(&["b"], "clash", &["p"]), both);
    // No whole subject, no predicate, nobody asked, nothing there of anybody.
    for (subject, predicate) in [("clash-", Some("p")), ("clash-1", None), ("clash-1", Some("q")), ("siege", Some("p"))]
    {
        let rows = asked(&["b"], subject, predicate.as_slice());
        assert!(rows.iter().all(|row| !row.contains("nothing")), "{subject}: {rows:?}");
    }
    assert_eq!(asked(&[], "clash-1", &["p"]), ["clash-1 one-source: a claims"]);
}

/// Tags, recorders and carriers pick questions; they must not make a conflict vanish by hiding one side of it.
#[test]
fn a_carrier_picks_questions_and_hides_no_party() {
    let f = Fixture::new();
    let claim = |source: &str, predicate: &str, value: u32, via: &str| {
        format!(
            r#"{{"kind":"claim","source":"{source}","subject":"s","predicate":"{predicate}","value":{value},"stated":"2023","via":["{via}"]}}"#
        )
    };
    f.add_all(&[claim("a", "p", 1, "afp"), claim("b", "p", 2, "tass"), claim("b", "q", 2, "tass")].join("\n"));
    let via = |carrier: &str| {
        let filter = Filter { via: vec![Label::new(carrier).unwrap()], ..Filter::default() };
        let compared = compare(&f.ledger, &Query { filter, ..Query::default() }).unwrap();
        compared.rows.iter().map(|r| (r.question.predicate.to_string(), r.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(via("afp"), [("p".to_owned(), Verdict::Conflict)]);
    assert_eq!(via("tass"), [("p".to_owned(), Verdict::Conflict), ("q".to_owned(), Verdict::OneSource)]);
}

#[test]
fn what_nobody_answers_for_is_held_against_each_party_by_itself() {
    let row = compared("u = 3; u = 4; a = 4", &namings()[0], &Query::default()).rows.remove(0);
    assert_eq!((row.verdict, row.findings.len()), (Verdict::OneSource, 0));
    let beside: Vec<(Relation, &str)> = row.beside.iter().map(|f| (f.relation, f.why.as_str())).collect();
    assert_eq!(
        beside,
        [(Relation::Conflict, "3: the bounds do not meet"), (Relation::Agreement, "4: both say the same")]
    );
}

fn sotk(date: &str) -> (Fixture, Query) {
    let f = Fixture::new();
    f.add_all(EXAMPLE);
    (f, Query { as_of: Some(AsOf::parse(date, &TimeZone::UTC).unwrap()), ..Query::default() })
}

/// The pairs of the hand-made table: conflicts, denials, what goes together.
#[test]
fn the_pairs_of_the_sotk_example() {
    let c = |day: u32| format!("sotk-clash-2023-05-{day}");
    let brussels = "brussels-meeting-2023-05-14";
    let cases = [
        ("2023-05-17", c(11), "fired-first", Verdict::Conflict),
        ("2023-05-17", c(11), "aim-to-disrupt-talks-by", Verdict::Conflict),
        ("2023-05-24", "lachin-corridor".into(), "blocked-by-azerbaijan", Verdict::OneSource),
        ("2023-05-25", "lachin-corridor".into(), "blocked-by-azerbaijan", Verdict::Conflict),
        ("2023-05-25", "zangezur-corridor-term".into(), "is-territorial-claim", Verdict::Conflict),
        ("2023-05-17", c(10), "fired-first", Verdict::Denied),
        ("2023-05-17", c(11), "ambulance-fired-on-by-azerbaijan", Verdict::Denied),
        ("2023-05-17", c(11), "iranian-drones-used-by-armenia", Verdict::Denied),
        ("2023-05-17", "sotk-incident-2023-05-17".into(), "fired-first", Verdict::Denied),
        ("2023-05-14", brussels.into(), "confirmed-area-of-azerbaijan", Verdict::OneSource),
        ("2023-05-17", brussels.into(), "confirmed-area-of-azerbaijan", Verdict::Agreement),
        ("2023-05-17", brussels.into(), "karabakh-within-azerbaijan-area", Verdict::UnattributedOnly),
        ("2023-05-22", "armenia-29800".into(), "tavush-villages-not-included", Verdict::Inconsistent),
        ("2023-06-02", "brussels-meeting-2023-07".into(), "meeting-scheduled", Verdict::Compatible),
        ("2023-05-12", c(12), "armenian-soldiers-wounded", Verdict::OneSource),
    ];
    for (date, subject, predicate, expected) in cases {
        let (f, query) = sotk(date);
        let compared = compare(&f.ledger, &query).unwrap();
        let is = |r: &&Row| r.question.subject.as_str() == subject && r.question.predicate.as_str() == predicate;
        assert_eq!(compared.rows.iter().find(is).map(|r| r.verdict), Some(expected), "{subject} / {predicate}, {date}");
    }
}

#[test]
fn what_conflicts_leaves_out_is_counted() {
    let (f, query) = sotk("2023-05-17");
    let all = compare(&f.ledger, &query).unwrap();
    let disputes = all.clone().disputes();
    assert!(disputes.rows.iter().all(|r| matches!(r.verdict, Verdict::Conflict | Verdict::Denied)));
    assert_eq!(disputes.rows.len() + disputes.left_out.values().sum::<usize>(), all.rows.len());
    for row in &all.rows {
        assert!(
            row.findings.iter().all(|f| f.of.iter().all(|p| !p.entries.is_empty())),
            "every verdict has its entries"
        );
    }
}

/// A denial beside words that differ: the words are no longer all that stands between the two.
#[test]
fn who_denies_another_contradicts_whatever_the_words_are() {
    for (script, row_in_words, cells) in [
        ("a = armenia; b = azerbaijan", true, [true, true].as_slice()),
        ("a = armenia; b = azerbaijan; b denies a1", false, &[false, false]),
        ("a = armenia; b = azerbaijan; c = both; b denies a1", false, &[false, false, true]),
    ] {
        let row = compared(script, &str::to_owned, &Query::default()).rows.remove(0);
        let found: Vec<bool> = row.cells.iter().map(|cell| cell.in_words).collect();
        assert_eq!((row.verdict, row.in_words, found.as_slice()), (Verdict::Conflict, row_in_words, cells), "{script}");
    }
}

/// Of many sources not every pair is held: what the verdict, the marks of cells and the counts come to is that of all of them.
#[test]
fn many_sources_come_to_what_all_their_pairs_come_to() {
    let pools: [&[&str]; 4] = [
        &["2", "2", "3", ">=3", "<=9", "~5", "none", "unknown"],
        &["4", "4", ">=1", "2..9", "~5"],
        &["armenia", "azerbaijan", "both", "unknown"],
        &["7", "7 [people]", "7 [soldiers]", "a few", "8 [people]"],
    ];
    let mut cut = 0;
    for seed in 0..24 {
        let mut rng = Rng::seeded(seed);
        let pool = pools[seed as usize % pools.len()];
        let sources = 10 + rng.index(30);
        let mut script: Vec<String> = Vec::new();
        for n in 0..sources {
            script.push(format!("s{n:02} = {}", rng.pick(pool)));
            if rng.below(8) == 0 {
                script.push(format!("s{n:02} = {}", rng.pick(pool)));
            }
        }
        let compared = compared(&script.join("; "), &str::to_owned, &Query::default());
        let row = &compared.rows[0];
        let of = |cell: &sayso_core::views::Cell| cell.standing.as_ref().unwrap().combined.clone().unwrap();
        let mut counts: std::collections::BTreeMap<Relation, usize> = std::collections::BTreeMap::new();
        let (mut marks, mut figures) = (vec![None; sources], vec![false; sources]);
        for a in 0..sources {
            for b in a + 1..sources {
                let (relation, why) = relate(&of(&row.cells[a]), &of(&row.cells[b]));
                *counts.entry(relation).or_default() += 1;
                for at in [a, b] {
                    marks[at] = marks[at].max(Some(relation));
                    figures[at] |= relation == Relation::Conflict && !why.ends_with("different words");
                }
            }
        }
        let gravest = counts.keys().max().unwrap().as_str();
        assert_eq!(row.verdict.as_str(), gravest, "{script:?}");
        let found: Vec<Option<Relation>> = row.cells.iter().map(|cell| cell.gravest).collect();
        assert_eq!(found, marks, "{script:?}");
        for (cell, figures) in row.cells.iter().zip(figures) {
            assert_eq!(cell.in_words, cell.gravest == Some(Relation::Conflict) && !figures, "{script:?}");
        }
        let mut told = row.more.clone();
        for finding in &row.findings {
            *told.entry(finding.relation).or_default() += 1;
        }
        assert_eq!(told, counts, "each pair is told or counted: {script:?}");
        let all: usize = counts.values().sum();
        assert_eq!(row.findings.len(), all.min(100), "{script:?}");
        let least = row.findings.iter().map(|f| f.relation).min().unwrap();
        assert!(row.more.keys().all(|relation| *relation <= least), "the gravest are told: {script:?}");
        cut += usize::from(all > 100);
    }
    assert!(cut > 12, "too few to see anything: {cut}");
}

/// At a size where a walk through every view for every question would be felt.
#[test]
fn many_questions_are_each_compared() {
    const QUESTIONS: usize = 20_000;
    let f = Fixture::new();
    for (n, source) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let claim = |q: usize| {
            let value = if q.is_multiple_of(10) { n } else { 7 };
            format!(
                r#"{{"kind":"claim","source":"{source}","subject":"s{q:05}","predicate":"p","value":{value},"stated":"2023"}}"#
            )
        };
        f.add_all(&(0..QUESTIONS).map(claim).collect::<Vec<_>>().join("\n"));
    }
    let compared = compare(&f.ledger, &Query::default()).unwrap();
    let of = |verdict| compared.rows.iter().filter(|r| r.verdict == verdict).count();
    assert_eq!((of(Verdict::Conflict), of(Verdict::Agreement)), (QUESTIONS / 10, QUESTIONS - QUESTIONS / 10));
    assert!(compared.rows.iter().all(|r| r.cells.len() == 4 && r.cells.iter().all(|c| c.standing.is_some())));
    assert!(compared.rows.is_sorted_by_key(|r| &r.question));
}
