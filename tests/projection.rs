//! The failure this guards against: the index from which views are answered forgets an entry, keeps one that was corrected away, or
//! shows today's alias in yesterday's answer. The fold over the whole log is slow and plainly right; whatever the
//! index answers must be that, to the letter, for any history and any question.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/eventful.rs"]
mod eventful;
mod support;
#[path = "support/watched.rs"]
mod watched;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use eventful::{History, SUBJECTS, claim, each_of, query};
use sayso_core::replay::{Filter, Query, Replay, StanceTarget, fold, replay};
use sayso_core::store::{StoreError, Table};
use sayso_core::text::{Name, Text};
use serde_json::{Value, json};
use support::{Fixture, Rng, event};
use watched::{Call, Watch, Watched};

/// Histories in a run.
const HISTORIES: u64 = 2_000;

/// Asks both ways, and stops where they differ.
fn compare(f: &Fixture, queries: &[Query], seed: u64, written: &[Value], when: &str) -> Vec<Replay> {
    let mut answers = Vec::new();
    for query in queries {
        let (answer, truth) = (replay(&f.ledger, query).unwrap(), fold(&f.ledger, query).unwrap());
        if answer != truth {
            for (index, line) in written.iter().enumerate() {
                eprintln!("#{index} {line}");
            }
            panic!("history {seed}, {when}, asked {query:?}: {}", first_difference(&answer, &truth));
        }
        answers.push(truth);
    }
    answers
}

/// Where two answers part, in a few lines.
fn first_difference(answer: &Replay, truth: &Replay) -> String {
    let facts = |r: &Replay| {
        let mut facts = vec![format!(
            "{:?} {} {:?} {:?} {:?} {:?}",
            r.head, r.known_entries, r.asked_as, r.unknown_sources, r.unknown_predicates, r.redacted
        )];
        for view in &r.views {
            facts.push(format!("view {}", view.source));
            facts.extend(view.standings.iter().map(|s| format!("{}: {s:?}", view.source)));
            facts.extend(view.taken_back.iter().map(|t| format!("{}: {t:?}", view.source)));
        }
        facts
    };
    let (answer, truth) = (facts(answer), facts(truth));
    let only = |these: &[String], those: &[String]| {
        these.iter().filter(|f| !those.contains(f)).take(2).cloned().collect::<Vec<_>>().join("\n  ")
    };
    format!("\nindex only:\n  {}\nfold only:\n  {}", only(&answer, &truth), only(&truth, &answer))
}

#[test]
fn the_index_answers_what_the_fold_answers() {
    let (histories, tallies) = each_of(HISTORIES, one_history);
    let mut total = Tally::new();
    tallies.into_iter().flatten().for_each(|(what, n)| *total.entry(what).or_default() += n);
    eprintln!("{total:?}");
    // What is not in the histories was not tested.
    let wanted = ["claim", "stance", "retraction", "correction", "alias", "note", "redaction", "taken back", "fate"];
    for what in wanted {
        assert!(total.get(what).is_some_and(|n| *n > histories / 4), "too few of {what}: {total:?}");
    }
    assert!(total["standing"] > histories * 10);
}

/// How often something came up.
type Tally = BTreeMap<String, u64>;

/// What was written, and what was shown of it.
fn tally(written: &[Value], answers: &[Replay]) -> Tally {
    let mut tally = Tally::new();
    let mut count = |what: &str| *tally.entry(what.into()).or_default() += 1;
    written.iter().for_each(|line| count(line["kind"].as_str().unwrap()));
    for view in answers.iter().flat_map(|r| &r.views) {
        view.standings.iter().for_each(|_| count("standing"));
        view.taken_back.iter().for_each(|_| count("taken back"));
        let targets = view.standings.iter().flat_map(|s| &s.stances).map(|s| &s.target);
        targets.filter(|t| matches!(t, StanceTarget::Claim { .. })).for_each(|_| count("fate"));
    }
    tally
}

/// Compares every way to the answers; says what was compared.
fn one_history(seed: u64) -> Tally {
    let mut rng = Rng::seeded(seed);
    let History { fixture, written } = History::new(&mut rng);
    let queries: Vec<Query> = (0..6).map(|_| query(&mut rng)).collect();
    let before = compare(&fixture, &queries, seed, &written, "as appended");
    let fixture = fixture.reopen();
    let after = compare(&fixture, &queries, seed, &written, "opened again");
    assert!(before == after, "history {seed} changed when it was opened again");
    if seed.is_multiple_of(4) {
        // What was lost, or was written by an older program, is built anew.
        fixture.store.apply(Table::State, vec![(b"projection".to_vec(), None)]).unwrap();
        let fixture = fixture.reopen();
        compare(&fixture, &queries, seed, &written, "built anew by opening");
        assert!(fixture.ledger.reindex(&|_| {}).unwrap());
        compare(&fixture, &queries, seed, &written, "built anew when asked");
    }
    tally(&written, &before)
}

/// One batch that is written as it is read, large enough for several runs and pieces.
#[test]
fn a_large_batch_is_indexed_on_its_way() {
    let mut rng = Rng::seeded(7);
    let f = Fixture::new();
    let lines: Vec<Value> = (0..30_000)
        .map(|n| {
            let mut line = claim(&mut rng);
            line["subject"] = json!(format!("{}-{}", rng.pick(&SUBJECTS), n % 700));
            line["id"] = json!(format!("n-{n}"));
            line
        })
        .collect();
    let mut events: Vec<_> = lines.iter().map(|line| event(&line.to_string())).collect();
    for n in (0..30_000).step_by(500) {
        let line = json!({"kind": "stance", "source": "b", "stance": "denies", "of": format!("n-{n}"), "stated": "2023-05-09"});
        events.push(event(&line.to_string()));
        let line = json!({"kind": "correction", "of": format!("n-{}", n + 1), "replacement": null, "reason": "twice"});
        events.push(event(&line.to_string()));
    }
    let size = events.len() as u64;
    f.ledger.append(&sayso_core::ledger::Batch { events, ..Default::default() }).unwrap();
    assert_eq!(f.ledger.head().size, size);
    let queries: Vec<Query> = (0..12).map(|_| query(&mut rng)).collect();
    let first = compare(&f, &queries, 7, &[], "as imported");
    let f = f.reopen();
    assert!(f.ledger.reindex(&|_| {}).unwrap());
    assert!(first == compare(&f, &queries, 7, &[], "built anew"));
}

/// One question that fills many chunks, in runs that are merged and merged again: by source, for the names that sort behind it, under
/// ties, and with batches of other sizes in between, so that what is merged does not follow one another in the log.
#[test]
fn a_busy_question_comes_through_every_merge() {
    for seed in 0..3 {
        let mut rng = Rng::seeded(seed);
        let f = Fixture::new();
        let mut n = 0;
        while n < 9_000 {
            let size = [50, 300, 700, 2_600][rng.index(4)];
            let lines: Vec<String> = (0..size)
                .map(|_| {
                    n += 1;
                    let mut line = claim(&mut rng);
                    line["id"] = json!(format!("n-{n}"));
                    if rng.below(10) < 8 {
                        line["source"] = json!(rng.pick(&["a", "unattributed"]));
                        line["subject"] = json!("s1");
                        line["predicate"] = json!("q");
                    } else {
                        line["subject"] = json!(format!("{}-{}", rng.pick(&SUBJECTS), n % 90));
                    }
                    line.to_string()
                })
                .collect();
            f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let queries: Vec<Query> = (0..20).map(|_| query(&mut rng)).collect();
        let answers = compare(&f, &queries, seed, &[], "after many merges");
        let f = f.reopen();
        assert!(answers == compare(&f, &queries, seed, &[], "opened again"));
        assert!(f.ledger.reindex(&|_| {}).unwrap());
        assert!(answers == compare(&f, &queries, seed, &[], "built anew"));
    }
}

/// Readers that ask while a writer seals, merges, erases and builds the index anew get answers of some moment, and never less.
#[test]
fn readers_are_not_disturbed_by_merges() {
    let f = Fixture::new();
    let claims = |from: u64, count: u64| -> Vec<String> {
        let line = |n| json!({"kind": "claim", "source": "a", "subject": format!("s-{n}"), "predicate": "p", "value": n, "stated": "2023"});
        (from..from + count).map(|n| line(n).to_string()).collect()
    };
    let add = |lines: &[String]| f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    add(&claims(0, 300));
    let done = AtomicBool::new(false);
    let query =
        Query { filter: Filter { sources: vec![Name::new("a").unwrap()], ..Filter::default() }, ..Query::default() };
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut asked = 0;
            while !done.load(Ordering::SeqCst) {
                let answer = replay(&f.ledger, &query).unwrap();
                let shown: usize = answer.views.iter().map(|v| v.standings.len()).sum();
                assert_eq!(shown as u64, answer.known_entries, "every entry is a claim of its own");
                asked += 1;
            }
            asked
        });
        for round in 1..40 {
            add(&claims(round * 300, 300));
            if round % 10 == 0 {
                assert!(f.ledger.reindex(&|_| {}).unwrap());
            }
        }
        done.store(true, Ordering::SeqCst);
        assert!(reader.join().unwrap() > 10);
    });
}

/// Stops a store after so many writes and syncs, as a machine does.
struct Stopping {
    left: AtomicU64,
}

impl Watch for Stopping {
    fn hear(&self, call: &Call<'_>) -> Result<(), StoreError> {
        if matches!(call, Call::Get(_)) {
            return Ok(());
        }
        let more = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        more.map(drop).map_err(|_| StoreError::Engine("stopped".into()))
    }
}

/// A machine that stops anywhere between the promise to erase and the new index must not leave the erased words in an answer.
#[test]
fn no_index_survives_an_erasure() {
    for steps in 0.. {
        let store = Arc::new(Watched::by(Stopping { left: AtomicU64::new(u64::MAX) }));
        let f = Fixture::on(store.clone(), 1);
        let line = |n: u64| json!({"kind": "claim", "source": "a", "subject": format!("s-{n}"), "predicate": "p", "value": "words", "stated": "2023"});
        let lines: Vec<String> = (0..300).map(|n| line(n).to_string()).collect();
        f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(f.ledger.index(&|_| {}).unwrap());
        f.replay(None, None); // its chunks are in memory now
        store.watch.left.store(steps, Ordering::SeqCst);
        let done = f.ledger.redact(7, Text::new("asked to").unwrap(), None).is_ok();
        store.watch.left.store(u64::MAX, Ordering::SeqCst);
        if done {
            assert!(f.ledger.index(&|_| {}).unwrap()); // its runs have the numbers of those before
            let (answer, truth) = (f.replay(None, None), fold(&f.ledger, &Query::default()).unwrap());
            assert!(answer == truth, "{}", first_difference(&answer, &truth));
        }
        let f = f.reopen();
        let (answer, truth) = (f.replay(None, None), fold(&f.ledger, &Query::default()).unwrap());
        assert!(answer == truth, "stopped after {steps} steps: {}", first_difference(&answer, &truth));
        let recorded = f.ledger.head().size == 301;
        let shown = answer.views[0].standings.iter().any(|s| s.question.subject.as_str() == "s-7");
        assert_eq!((shown, answer.redacted.as_slice() == [7]), (!recorded, recorded), "stopped after {steps} steps");
        if done {
            assert!(steps > 5, "{steps}");
            return;
        }
    }
}
