//! The failure this guards against: a reader asks why the ledger says that a ministry stands by four wounded, and is given a
//! reason that is not the one by which it was worked out, or a history that leaves out who mended the record.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use std::collections::BTreeSet;

use sayso_core::event::{Content, Question};
use sayso_core::replay::{Fate, Filter, Query, replay};
use sayso_core::text::Name;
use sayso_core::time::{AsOf, KnownAt, TimeZone};
use sayso_core::views::{Asked, History, HistoryError, HistoryQuery, Order, Reads, Why, history, why};
use support::Fixture;
use support::random::random;

const EXAMPLE: &str = include_str!("../examples/sotk-2023.jsonl");

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn clocks(as_of: Option<&str>, known_at: Option<&str>) -> Query {
    Query {
        as_of: as_of.map(|t| AsOf::parse(t, &TimeZone::UTC).unwrap()),
        known_at: known_at.map(|t| KnownAt::parse(t, &TimeZone::UTC).unwrap()),
        ..Query::default()
    }
}

fn asked(f: &Fixture, clocks: &Query, source: &str, subject: &str, predicate: &str) -> Why {
    let question = Question { subject: name(subject), predicate: name(predicate) };
    why(&f.ledger, clocks, &Asked { source: name(source), question }).unwrap()
}

fn rules(why: &Why) -> Vec<&'static str> {
    why.rules.iter().map(|r| r.as_str()).collect()
}

fn because(why: &Why) -> Vec<String> {
    why.parts.iter().map(|p| format!("#{}{} {}", p.item.index, if p.rests_on { "*" } else { "" }, p.because)).collect()
}

fn claim(source: &str, value: &str, stated: &str, rest: &str) -> String {
    format!(
        r#"{{"kind":"claim","source":"{source}","subject":"s","predicate":"p","value":{value},"stated":"{stated}"{rest}}}"#
    )
}

fn with(lines: &[String]) -> Fixture {
    let f = Fixture::new();
    f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    f
}

/// Every cell of the view at these clocks, and every cell that is empty there, explained; the explanation must be about the very
/// answer that replay gives.
fn check(f: &Fixture, clocks: &Query, said: &str) {
    let all = replay(&f.ledger, clocks).unwrap();
    let ever = replay(&f.ledger, &Query::default()).unwrap();
    let mut cells: BTreeSet<(Name, Question)> = BTreeSet::new();
    for view in all.views.iter().chain(&ever.views) {
        let questions = view.standings.iter().map(|s| &s.question).chain(view.taken_back.iter().map(|t| &t.question));
        cells.extend(questions.map(|q| (view.source.clone(), q.clone())));
    }
    for (source, question) in cells {
        let what = format!("{source} on {question:?}, {said}");
        let why = why(&f.ledger, clocks, &Asked { source, question }).unwrap();
        let view = all.views.iter().find(|v| v.source == why.cell.source);
        let standing = view.and_then(|v| v.standings.iter().find(|s| s.question == why.cell.question));
        let taken = view.and_then(|v| v.taken_back.iter().find(|t| t.question == why.cell.question));
        assert_eq!((why.answer.standing.as_ref(), why.answer.taken_back.as_ref()), (standing, taken), "{what}");
        assert!(!why.rules.is_empty(), "{what}");
        let rests: BTreeSet<u64> = why.parts.iter().filter(|p| p.rests_on).map(|p| p.item.index).collect();
        let stances = standing.into_iter().flat_map(|s| &s.stances).flat_map(|s| &s.entries);
        let entries = standing.into_iter().flat_map(|s| &s.entries).chain(stances);
        let entries: BTreeSet<u64> = entries.chain(taken.into_iter().flat_map(|t| &t.entries)).copied().collect();
        assert_eq!(rests, entries, "every entry of the answer is explained: {what}");
        // "Replaced by what was stated later" must be so.
        let newest = why.parts.iter().filter(|p| p.rests_on).filter_map(|p| {
            let event = p.item.as_it_reads()?;
            matches!(event.content, Content::Claim(_))
                .then(|| event.content.attribution())?
                .map(|by| by.stated.last_instant())
        });
        let newest = newest.max();
        for part in &why.parts {
            let Some(Content::Claim(claim)) = part.item.as_it_reads().map(|e| &e.content) else { continue };
            match part.item.fate {
                Some(Fate::Stands) => {
                    assert!(part.rests_on || part.because.starts_with("belongs to another"), "{what}")
                }
                Some(Fate::Replaced) if part.because.starts_with("replaced by #") => {
                    assert!(Some(claim.by.stated.last_instant()) < newest, "{what}: {}", part.because);
                }
                Some(Fate::Replaced) => assert!(part.because.starts_with("belongs"), "{what}: {}", part.because),
                _ => {}
            }
        }
    }
}

#[test]
fn every_cell_of_the_sotk_example_is_explained_as_it_stands() {
    let f = Fixture::new();
    f.add_all(EXAMPLE);
    for day in ["2023-05-10", "2023-05-11", "2023-05-11T08:30:00+04:00", "2023-05-12", "2023-05-17", "2023-06-02"] {
        check(&f, &clocks(Some(day), None), day);
    }
    check(&f, &Query::default(), "now");
    let c11 = "sotk-clash-2023-05-11";
    let wounded = asked(&f, &clocks(Some("2023-05-12"), None), "yerevan", c11, "armenian-soldiers-wounded");
    assert_eq!(rules(&wounded), ["newest-stated", "tied-meet", "order-unknown", "names-joined"]);
    let said = because(&wounded);
    assert_eq!(
        said[..6],
        [
            "#5 replaced by #21 #22, stated later",
            "#6 replaced by #21 #22, stated later",
            "#7 replaced by #21 #22, stated later",
            "#10 replaced by #21 #22, stated later",
            "#21* stands",
            "#22* stands",
        ]
    );
    let meeting = asked(&f, &Query::default(), "eu", "brussels-meeting-2023-07", "meeting-scheduled");
    assert_eq!(rules(&meeting), ["only-claim", "corrected-away"]);
    let declined = asked(
        &f,
        &clocks(Some("2023-05-17"), None),
        "yerevan",
        "brussels-meeting-2023-05-14",
        "karabakh-within-azerbaijan-area",
    );
    assert_eq!(rules(&declined), ["declined"]);
    let inconsistent = asked(&f, &Query::default(), "yerevan", "armenia-29800", "tavush-villages-not-included");
    assert_eq!(rules(&inconsistent), ["tied-inconsistent"]);
    let nobody = asked(&f, &Query::default(), "unattributed", c11, "armenian-soldiers-wounded");
    assert_eq!(rules(&nobody), ["side-by-side", "names-joined"]);
    let other_name = asked(&f, &Query::default(), "baku", "zod-clash-2023-05-11", "armenia-brings-reinforcements");
    assert_eq!(other_name.asked_as[0].shown.as_str(), c11);
    assert_eq!(rules(&other_name), ["only-claim", "names-joined"]);
    let silent = asked(&f, &Query::default(), "moscow", c11, "fired-first");
    assert_eq!(
        (rules(&silent), silent.parts.len()),
        (vec!["nothing-recorded", "names-joined"], 1),
        "the alias of the name"
    );
}

#[test]
fn each_rule_where_it_applies() {
    let back = r#"{"kind":"retraction","source":"a","of":"x","stated":"2023-05-14"}"#.to_owned();
    let void = r#"{"kind":"correction","of":"x","reason":"satire","replacement":null}"#.to_owned();
    let x = r#","id":"x""#;
    let now = Query::default();
    let told = |f: &Fixture, clocks: &Query| rules(&asked(f, clocks, "a", "s", "p"));

    let f = with(&[claim("a", "1", "2023-05-10", ""), claim("a", "2", "2023-05-12", x), back.clone()]);
    assert_eq!(told(&f, &now), ["taken-back"]);
    assert_eq!(
        because(&asked(&f, &now, "a", "s", "p")),
        ["#0 replaced by #1, stated later", "#1* taken back by #2", "#2* takes back #1"]
    );
    assert_eq!(told(&f, &clocks(Some("2023-05-12"), None)), ["newest-stated"]);
    assert_eq!(told(&f, &clocks(Some("2023-05-09"), None)), ["not-yet-said"]);

    let f = with(&[claim("a", "1", "2023-05-10", ""), claim("a", "2", "2023-05-12", x), void.clone()]);
    assert_eq!(told(&f, &now), ["only-claim", "corrected-away"], "the earlier claim stands again");
    let f = with(&[claim("a", "2", "2023-05-12", x), void]);
    assert_eq!(told(&f, &now), ["corrected-away"]);

    let f = with(&[claim("a", "2", "2023-05-12", x), claim("a", "{\"min\":1}", "2023-05-12", ""), back]);
    assert_eq!(told(&f, &now), ["only-claim", "partner-taken-back"]);

    let moved = claim("b", "2", "2023-05-12", "");
    let f = with(&[
        claim("a", "2", "2023-05-12", x),
        format!(r#"{{"kind":"correction","of":"x","reason":"it was b","replacement":{moved}}}"#),
    ]);
    assert_eq!(told(&f, &now), ["moved-away"]);
    assert_eq!(rules(&asked(&f, &now, "b", "s", "p")), ["only-claim", "reads-as-corrected"]);

    let f = with(&[claim("a", "2", "2023-05-12?", ""), claim("a", "1", "2023-05-12T10:00:00Z", "")]);
    assert_eq!(told(&f, &now), ["newest-stated", "order-unknown", "date-uncertain"]);
    let f = with(&[claim("a", "{\"approx\":2}", "2023", ""), claim("a", "{\"approx\":3}", "2023", "")]);
    assert_eq!(told(&f, &now), ["tied-several"]);

    let f = with(&[
        claim("b", "2", "2023-05-12", x),
        r#"{"kind":"stance","id":"s1","source":"a","stance":"denies","of":"x","stated":"2023-05-13"}"#.into(),
    ]);
    assert_eq!(told(&f, &now), ["stances-only"]);
    f.clock.set("2023-05-20T10:00:00Z");
    f.add(&[r#"{"kind":"retraction","source":"a","of":"s1","stated":"2023-05-14"}"#]);
    assert_eq!(told(&f, &now), ["stance-ended"]);
    f.clock.set("2023-05-21T10:00:00Z");
    f.add(&[&claim("a", "5", "2023-05-15", "")]);
    let before = asked(&f, &clocks(None, Some("2023-05-12")), "a", "s", "p");
    assert_eq!((rules(&before), before.not_yet_known), (vec!["not-yet-known"], vec![1, 2, 3]));
    assert_eq!(told(&f, &now), ["only-claim"]);
    f.ledger.redact(3, sayso_core::text::Text::new("court order").unwrap(), None).unwrap();
    let erased = asked(&f, &now, "a", "s", "p");
    assert_eq!((rules(&erased), erased.redacted), (vec!["stance-ended", "redacted"], vec![3]));
}

#[test]
fn random_histories_are_explained_as_they_stand() {
    for seed in 0..150 {
        let f = random(seed);
        for (as_of, known_at) in [
            (None, None),
            (Some("2023-05-03"), None),
            (None, Some("2023-05-17")),
            (Some("2023-05-04"), Some("2023-05-19")),
        ] {
            check(&f, &clocks(as_of, known_at), &format!("seed {seed}, as of {as_of:?}, known at {known_at:?}"));
        }
        fates_are_those_of_replay(&f, seed);
    }
}

/// In the history of the subject a claim stands exactly if a standing rests on it.
fn fates_are_those_of_replay(f: &Fixture, seed: u64) {
    let all = replay(&f.ledger, &Query::default()).unwrap();
    let standing: BTreeSet<u64> =
        all.views.iter().flat_map(|v| &v.standings).flat_map(|s| &s.entries).copied().collect();
    let told = history(&f.ledger, &name("s"), None, &HistoryQuery::default()).unwrap();
    for item in &told.items {
        if matches!(item.event.as_ref().unwrap().content, Content::Claim(_)) {
            let stands = item.fate == Some(Fate::Stands);
            assert_eq!(stands, standing.contains(&item.index), "seed {seed}, #{}", item.index);
        }
    }
    assert_eq!(told.items.len() as u64, f.ledger.head().size, "seed {seed}: every entry is about the subject");
}

// --- history ---

fn life(f: &Fixture, subject: &str, predicate: Option<&str>, query: &HistoryQuery) -> History {
    history(&f.ledger, &name(subject), predicate.map(name).as_ref(), query).unwrap()
}

fn indexes(history: &History) -> Vec<u64> {
    history.items.iter().map(|i| i.index).collect()
}

#[test]
fn the_life_of_a_question_in_the_sotk_example() {
    let f = Fixture::new();
    f.add_all(EXAMPLE);
    let wounded = |query: &HistoryQuery| life(&f, "zod-clash-2023-05-11", Some("armenian-soldiers-wounded"), query);
    let all = wounded(&HistoryQuery::default());
    assert_eq!(all.subject.as_str(), "sotk-clash-2023-05-11", "asked by its other name");
    assert_eq!(all.asked_as.len(), 1);
    assert_eq!(indexes(&all), [5, 6, 7, 10, 21, 22, 39, 48, 49, 61], "claims of all, a note on #7, the alias");
    let stated = wounded(&HistoryQuery { order: Order::Stated, ..HistoryQuery::default() });
    assert_eq!(
        indexes(&stated),
        [5, 6, 7, 48, 10, 21, 22, 39, 61, 49],
        "the note follows its entry, the alias is last"
    );

    let meeting = life(&f, "brussels-meeting-2023-07", None, &HistoryQuery::default());
    let fates: Vec<(u64, Option<Fate>)> = meeting.items.iter().map(|i| (i.index, i.fate)).collect();
    let (stands, away) = (Some(Fate::Stands), Some(Fate::CorrectedAway));
    assert_eq!(fates, [(99, stands), (114, stands), (115, away), (118, stands)]);
    assert_eq!(meeting.items[2].reads, Reads::Void { by: 118 });

    let fired = life(&f, "sotk-clash-2023-05-10", Some("fired-first"), &HistoryQuery::default());
    assert_eq!(indexes(&fired), [16, 19], "the denial belongs to it, though it names no question");
    let baku = HistoryQuery {
        clocks: Query {
            filter: Filter { sources: vec![name("baku")], ..Filter::default() },
            ..clocks(Some("2023-05-11"), None)
        },
        ..HistoryQuery::default()
    };
    assert_eq!(indexes(&life(&f, "sotk-clash-2023-05-11", Some("fired-first"), &baku)), [31]);
}

#[test]
fn pages_of_a_history_put_together_are_the_whole() {
    let f = Fixture::new();
    f.add_all(EXAMPLE);
    for order in [Order::Recorded, Order::Stated] {
        let page = |from, limit| {
            life(&f, "sotk-clash-2023-05-11", None, &HistoryQuery { order, from, limit, ..HistoryQuery::default() })
        };
        let whole = page(None, None);
        assert!(whole.items.len() > 30 && whole.next.is_none());
        let (mut pages, mut from) = (Vec::new(), None);
        loop {
            let part = page(from, Some(7));
            assert_eq!(part.total, whole.items.len());
            pages.extend(part.items);
            from = part.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(pages, whole.items);
    }
    let lost = HistoryQuery { order: Order::Stated, from: Some(0), ..HistoryQuery::default() };
    let error = history(&f.ledger, &name("sotk-clash-2023-05-11"), None, &lost);
    assert!(matches!(error, Err(HistoryError::NoSuchStart(0))));
}

#[test]
fn what_we_did_to_the_record_is_seen() {
    let x = r#","id":"x""#;
    let other = claim("a", "7", "2023-05-12", "").replace(r#""subject":"s""#, r#""subject":"t""#);
    let f = with(&[
        claim("a", "2", "2023-05-12", x),
        r#"{"kind":"note","of":"x","text":"heard twice"}"#.into(),
        format!(r#"{{"kind":"correction","id":"c","of":"x","reason":"wrong place","replacement":{other}}}"#),
        r#"{"kind":"stance","source":"b","stance":"denies","of":"x","stated":"2023-05-13"}"#.into(),
    ]);
    for subject in ["s", "t"] {
        let told = life(&f, subject, None, &HistoryQuery::default());
        assert_eq!(indexes(&told), [0, 1, 2, 3], "{subject}: where it was, and where it belongs");
        assert!(matches!(&told.items[0].reads, Reads::Changed { by: 2, .. }));
        assert_eq!(told.items[0].fate, Some(Fate::Stands));
        assert_eq!(told.items[0].question.as_ref().unwrap().subject.as_str(), "t");
    }
    f.add(&[r#"{"kind":"correction","of":"c","reason":"it was right","replacement":null}"#]);
    let told = life(&f, "s", None, &HistoryQuery::default());
    assert_eq!((&told.items[0].reads, told.items[2].fate), (&Reads::AsRecorded, Some(Fate::CorrectedAway)));
    f.ledger.redact(0, sayso_core::text::Text::new("court order").unwrap(), None).unwrap();
    let told = life(&f, "t", None, &HistoryQuery::default());
    assert_eq!(told.redacted, [0]);
    assert!(told.items.iter().any(|i| i.index == 0 && i.event.is_none()), "a correction still tells where it was");
}

/// A figure given anew every second, half of it taken back.
#[test]
fn a_long_life_is_told_whole() {
    const CLAIMS: usize = 10_000;
    let at = |n: usize| format!("2023-05-12T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
    let mut lines: Vec<String> = (0..CLAIMS).map(|n| claim("a", &n.to_string(), &at(n), "")).collect();
    let back = |n: usize| format!(r##"{{"kind":"retraction","source":"a","of":"#{n}","stated":"2023-05-13"}}"##);
    lines.extend((0..CLAIMS).step_by(2).map(back));
    let f = with(&lines);
    let told = asked(&f, &Query::default(), "a", "s", "p");
    let life = history(&f.ledger, &name("s"), Some(&name("p")), &HistoryQuery::default()).unwrap();
    assert_eq!((life.total, told.parts.len()), (CLAIMS + CLAIMS / 2, CLAIMS + CLAIMS / 2));
    let last = CLAIMS - 1;
    assert_eq!(told.parts[0].because, format!("taken back by #{CLAIMS}"));
    assert_eq!(told.parts[1].because, format!("replaced by #{last}, stated later"));
    assert_eq!((life.items[2].fate, life.items[last].fate), (Some(Fate::TakenBack), Some(Fate::Stands)));
}
