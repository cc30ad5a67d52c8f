//! The failure this guards against: an editor asks for one carrier's claims, or for the whole life of one question, and prints the answer. If
//! a filter brings back what a source has since replaced, if a page skips an entry, or if a history leaves out who changed the
//! record and why, the newspaper says that somebody said what they did not say.

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
mod support;

use std::collections::BTreeSet;

use program::{json_of, ok, sayso, with};
use sayso_core::body::Record;
use sayso_core::replay::{Filter, Query, Replay, Standing, replay};
use sayso_core::text::{Label, Name};
use serde_json::{Value, json};
use support::Fixture;

const EXAMPLE: &str = include_str!("../examples/sotk-2023.jsonl");

fn names(all: &[&str]) -> Vec<Name> {
    all.iter().map(|s| Name::new(s).unwrap()).collect()
}

fn labels(all: &[&str]) -> Vec<Label> {
    all.iter().map(|s| Label::new(s).unwrap()).collect()
}

fn filtered(f: &Fixture, filter: Filter) -> Replay {
    replay(&f.ledger, &Query { filter, ..Query::default() }).unwrap()
}

fn record(f: &Fixture, index: u64) -> Record {
    f.ledger.entry(index).unwrap().unwrap().record().unwrap().unwrap()
}

// --- filters ---

/// Every standing of the example, asked for in every way that it could be, against a search by hand.
#[test]
fn a_filter_shows_exactly_what_a_search_by_hand_finds() {
    let f = Fixture::new();
    f.add_all(EXAMPLE);
    f.add(&[
        r#"{"kind":"claim","source":"yerevan/mod","subject":"sotk-clash-2023-05-12","predicate":"fired-first","value":"azerbaijan",
            "stated":"2023-05-12","tags":["night","front"],"via":["armenpress","afp"],"recorder":"ben"}"#,
        r#"{"kind":"stance","source":"eu","subject":"sotk-clash-2023-05-12","predicate":"fired-first","stance":"declines",
            "stated":"2023-05-12","tags":["night"],"recorder":"ani"}"#,
    ].map(|l| l.replace('\n', " ")).iter().map(String::as_str).collect::<Vec<_>>());
    let all = f.replay(None, None);
    let mut asked = vec![
        Filter { sources: names(&["yerevan"]), ..Filter::default() },
        Filter { sources: names(&["baku", "yerevan/mod"]), ..Filter::default() },
        Filter { predicates: names(&["fired-first", "meeting-scheduled"]), ..Filter::default() },
        Filter { subject_prefixes: names(&["sotk-", "brussels"]), ..Filter::default() },
        Filter { tags: labels(&["night"]), ..Filter::default() },
        Filter { tags: labels(&["night", "front"]), recorders: labels(&["ani"]), ..Filter::default() },
        Filter { tags: labels(&["front"]), recorders: labels(&["ani"]), ..Filter::default() },
        Filter { recorders: labels(&["ben", "tester"]), subject_prefixes: names(&["sotk-clash"]), ..Filter::default() },
    ];
    let carriers: BTreeSet<Label> = (0..f.ledger.head().size)
        .filter_map(|i| record(&f, i).event.content.attribution().map(|by| by.via.clone()))
        .flatten()
        .collect();
    assert!(carriers.len() > 5);
    asked.extend(carriers.iter().map(|c| Filter { via: vec![c.clone()], ..Filter::default() }));
    asked.extend(carriers.iter().map(|c| Filter {
        via: vec![c.clone()],
        sources: names(&["baku"]),
        predicates: names(&["fired-first"]),
        ..Filter::default()
    }));
    let one_of = |asked: &[Label], has: &dyn Fn(&Label) -> bool| asked.is_empty() || asked.iter().any(has);
    let mut shown_in_all = 0;
    for filter in asked {
        let by_hand = |source: &Name, s: &Standing| {
            let question = &s.question;
            let right = |index: &u64| {
                let record = record(&f, *index);
                let via = &record.event.content.attribution().unwrap().via;
                one_of(&filter.tags, &|t| record.event.tags.contains(t))
                    && one_of(&filter.recorders, &|r| record.recorder.as_ref() == Some(r))
                    && one_of(&filter.via, &|v| via.contains(v))
            };
            (filter.sources.is_empty()
                || filter.sources.iter().any(|n| source == n || source.as_str().starts_with(&format!("{n}/"))))
                && (filter.predicates.is_empty() || filter.predicates.contains(&question.predicate))
                && (filter.subject_prefixes.is_empty()
                    || filter.subject_prefixes.iter().any(|p| question.subject.as_str().starts_with(p.as_str())))
                && s.entries.iter().chain(s.stances.iter().flat_map(|s| &s.entries)).any(right)
        };
        let expected: Vec<(&Name, &Standing)> = (all.views.iter())
            .flat_map(|v| v.standings.iter().map(move |s| (&v.source, s)))
            .filter(|(source, s)| by_hand(source, s))
            .collect();
        let found = filtered(&f, filter.clone());
        let got: Vec<(&Name, &Standing)> =
            found.views.iter().flat_map(|v| v.standings.iter().map(move |s| (&v.source, s))).collect();
        assert_eq!(got, expected, "{filter:?}");
        shown_in_all += got.len();
    }
    assert!(shown_in_all > 100, "the filters find something: {shown_in_all}");
}

#[test]
fn a_filter_cannot_revive_what_was_replaced() {
    let f = Fixture::new();
    f.add(&[
        r#"{"kind":"claim","source":"a","subject":"s","predicate":"p","value":1,"stated":"2023-05-10","via":["afp"],"tags":["old"]}"#,
        r#"{"kind":"claim","source":"a","subject":"s","predicate":"p","value":2,"stated":"2023-05-12","via":["tass"]}"#,
        r#"{"kind":"claim","id":"x","source":"b","subject":"s","predicate":"p","value":3,"stated":"2023-05-12","via":["afp"]}"#,
        r#"{"kind":"retraction","source":"b","of":"x","stated":"2023-05-13","via":["reuters"]}"#,
    ]);
    let via = |carrier: &str| filtered(&f, Filter { via: labels(&[carrier]), ..Filter::default() });
    let sources = |r: &Replay| r.views.iter().map(|v| v.source.to_string()).collect::<Vec<_>>();
    assert_eq!(sources(&filtered(&f, Filter { tags: labels(&["old"]), ..Filter::default() })), [""; 0]);
    assert_eq!(support::cell(&via("afp"), "a", "s", "p"), "-");
    assert_eq!(support::cell(&via("tass"), "a", "s", "p"), "2");
    assert_eq!(support::cell(&via("afp"), "b", "s", "p"), "taken back");
    assert_eq!(sources(&via("reuters")), ["b"], "the retraction came through it");
    let asked = Filter { via: labels(&["afp"]), sources: names(&["a"]), ..Filter::default() };
    assert_eq!(sources(&filtered(&f, asked)), ["a"], "asked for, and empty");
}

#[test]
fn a_corrected_entry_has_the_carrier_it_reads_with() {
    let f = Fixture::new();
    let claim = |via: &str| {
        format!(
            r#"{{"kind":"claim","source":"a","subject":"s","predicate":"p","value":1,"stated":"2023","via":["{via}"]}}"#
        )
    };
    f.add(&[&claim("afp")]);
    for via in ["tass", "reuters"] {
        let replacement = claim(via);
        f.add(&[&format!(
            r##"{{"kind":"correction","of":"#0","reason":"{via}","replacement":{replacement},"recorder":"ben"}}"##
        )]);
    }
    let shown = |via: &str, by: &str| {
        let filter = Filter { via: labels(&[via]), recorders: labels(&[by]), ..Filter::default() };
        !filtered(&f, filter).views.is_empty()
    };
    assert!(shown("reuters", "tester") && shown("reuters", "ben"));
    assert!(!shown("afp", "tester") && !shown("tass", "ben"), "not any more");
}

#[test]
fn old_names_are_answered_under_the_new_one() {
    let (_dir, ledger) = with(concat!(
        r#"{"kind":"claim","source":"erevan","subject":"zod","predicate":"hurt","value":2,"stated":"2023-05-12"}"#,
        "\n",
        r#"{"kind":"alias","names":"source","from":"erevan","to":"yerevan"}"#,
        "\n",
        r#"{"kind":"alias","names":"predicate","from":"hurt","to":"wounded"}"#,
    ));
    let asked = ["--source", " erevan ", "--predicate", "hurt"];
    let said = json!([
        {"names": "source", "asked": "erevan", "shown": "yerevan"},
        {"names": "predicate", "asked": "hurt", "shown": "wounded"}
    ]);
    let replayed = json_of(&ledger, &[&["replay"], &asked[..]].concat());
    assert_eq!((&replayed["asked_as"], &replayed["views"][0]["source"]), (&said, &json!("yerevan")));
    assert_eq!(replayed["views"][0]["standings"][0]["predicate"], "wounded");
    for asked in [["--source", "erevan", "--predicate", "hurt"], ["--source", "yerevan", "--predicate", "wounded"]] {
        let log = json_of(&ledger, &[&["log"], &asked[..]].concat());
        assert_eq!(log["entries"].as_array().unwrap().len(), 1, "{asked:?}");
    }
    let text = ok(&ledger, &["log", "--predicate", "hurt"]);
    assert!(text.starts_with("hurt is answered under wounded, which it is an alias of.\n"), "{text}");
    let exported = sayso(&ledger, &["export", "--predicate", "hurt"]);
    assert_eq!(String::from_utf8(exported.stdout).unwrap().lines().count(), 1);
    assert!(String::from_utf8(exported.stderr).unwrap().contains("hurt is answered under wounded"));
    let unknown = json_of(&ledger, &["replay", "--predicate", "wounde", "--predicate", "hurt"]);
    assert_eq!(unknown["unknown_predicates"], json!(["wounde"]));
    assert!(ok(&ledger, &["replay", "--predicate", "wounde"]).contains("No entry has the predicate wounde"));
}

// --- pages ---

/// Pages put together are the whole, with and without a filter.
#[test]
fn pages_leave_nothing_out_and_repeat_nothing() {
    let (_dir, ledger) = with(EXAMPLE);
    for filter in
        [&[][..], &["--source", "yerevan"], &["--via", "azatutyun", "--source", "baku", "--source", "yerevan"]]
    {
        let all = json_of(&ledger, &[&["log", "--all"], filter].concat());
        let all = all["entries"].as_array().unwrap();
        let (mut pages, mut from) = (Vec::new(), 0);
        loop {
            let start = from.to_string();
            let page = json_of(&ledger, &[&["log", "--limit", "7", "--from", &start], filter].concat());
            let entries = page["entries"].as_array().unwrap();
            pages.extend(entries.clone());
            let Some(next) = page["next"].as_u64() else { break };
            assert!(entries.len() == 7 && next > entries[6]["index"].as_u64().unwrap());
            from = next;
        }
        assert_eq!(&pages, all, "{filter:?}");
        let last = json_of(&ledger, &[&["log", "--limit", "3"], filter].concat());
        assert_eq!(last["entries"].as_array().unwrap()[..], all[all.len() - 3..]);
        assert_eq!(last["next"], Value::Null);

        let lines = ok(&ledger, &[&["export"], filter].concat());
        assert_eq!(lines.lines().count(), all.len());
        let (mut written, mut from) = (String::new(), "0".to_owned());
        loop {
            let output = sayso(&ledger, &[&["export", "--limit", "7", "--from", &from], filter].concat());
            written.push_str(std::str::from_utf8(&output.stdout).unwrap());
            let said = String::from_utf8(output.stderr).unwrap();
            let Some((_, next)) = said.split_once("next: --from ") else { break };
            from = next.lines().next().unwrap().to_owned();
        }
        assert!(written == lines, "{filter:?}");
    }
    let text = ok(&ledger, &["log", "--from", "100", "--limit", "5"]);
    assert!(text.ends_with("next: --from 105\n"), "{text}");
    assert!(!ok(&ledger, &["log", "--from", "114", "--limit", "5"]).contains("next:"));
}
