//! The failure this guards against: an editor asks what has changed since yesterday, and reads that a ministry changed its mind
//! when in truth a colleague mended a typing error, or that nothing changed when a late entry opened a conflict.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use sayso_core::event::Content;
use sayso_core::replay::{Filter, Query, Replay};
use sayso_core::text::Name;
use sayso_core::time::{AsOf, KnownAt, TimeZone};
use sayso_core::views::{Change, ChangeKind, Clock, Diff, Verdict, diff};
use support::Fixture;
use support::random::random;

const EXAMPLE: &str = include_str!("../examples/sotk-2023.jsonl");

fn stated(f: &Fixture, from: &str, to: &str, filter: &Filter) -> Diff {
    let at = |text: &str| Query {
        as_of: Some(AsOf::parse(text, &TimeZone::UTC).unwrap()),
        filter: filter.clone(),
        ..Query::default()
    };
    diff(&f.ledger, Clock::Stated, &at(from), &at(to)).unwrap()
}

fn recorded(f: &Fixture, from: &str, to: &str, filter: &Filter) -> Diff {
    let at = |text: &str| Query {
        known_at: Some(KnownAt::parse(text, &TimeZone::UTC).unwrap()),
        filter: filter.clone(),
        ..Query::default()
    };
    diff(&f.ledger, Clock::Recorded, &at(from), &at(to)).unwrap()
}

/// `source subject/predicate kind: before -> after [entries]`.
fn told(diff: &Diff) -> Vec<String> {
    let value = |s: &sayso_core::replay::Standing| {
        let combined = s.combined.as_ref().unwrap();
        let all = combined.values.iter().map(|(v, _)| v.to_string()).collect::<Vec<_>>().join("|");
        combined.value.as_ref().map_or(all, ToString::to_string)
    };
    let one = |source: &Name, c: &Change| {
        let before = c.before.iter().map(value).collect::<Vec<_>>().join("+");
        let after = c.after.as_ref().map(value).unwrap_or_default();
        let stance = c.stance.as_ref().map(|s| format!(" ({})", s.stance.as_str())).unwrap_or_default();
        format!("{source} {} {}{stance}: {before} -> {after} {:?}", c.question.predicate, c.kind.as_str(), c.entries)
    };
    diff.sources.iter().flat_map(|s| s.changes.iter().map(move |c| one(&s.source, c))).collect()
}

fn claim(source: &str, value: &str, stated: &str, id: &str) -> String {
    format!(
        r#"{{"kind":"claim","id":"{id}","source":"{source}","subject":"s","predicate":"p","value":{value},"stated":"{stated}"}}"#
    )
}

#[test]
fn one_day_of_the_sotk_example() {
    let f = Fixture::new();
    f.add_all(EXAMPLE);
    let day = stated(&f, "2023-05-11", "2023-05-12", &Filter::default());
    let of = |source: &str| told(&day).into_iter().filter(|l| l.split(' ').next() == Some(source)).collect::<Vec<_>>();
    assert_eq!(
        of("yerevan"),
        [
            "yerevan ceasefire-violated-by said:  -> azerbaijan [59]",
            "yerevan armenian-soldiers-killed said:  -> 1 [58]",
            "yerevan armenian-soldiers-wounded said:  -> 2 [53, 54]",
            "yerevan armenian-wounded-in-mortal-danger said:  -> 1 [55]",
            "yerevan ceasefire-violated-by said:  -> azerbaijan [56]",
            "yerevan drones-used-by-azerbaijan said:  -> yes [57]",
            "yerevan armenian-soldiers-killed said:  -> 1 [63]",
            "yerevan armenian-soldiers-wounded said:  -> 1 [64]",
        ]
    );
    assert_eq!(
        of("baku"),
        [
            "baku armenian-drones-origin said:  -> armenia [105]",
            "baku drones-used-by-armenia said:  -> yes [66]",
            "baku azerbaijani-soldiers-killed said:  -> 1 [68]",
            "baku drones-used-by-armenia said:  -> yes [65]",
            "baku ceasefire-violated-by said:  -> armenia [67]",
        ]
    );
    assert_eq!(
        of("unattributed"),
        [
            "unattributed armenian-soldiers-wounded said: 3 -> 3|4 [61]",
            "unattributed azerbaijani-soldiers-killed said:  -> 1 [60]",
            "unattributed armenian-soldiers-wounded said:  -> 6 [62]",
        ]
    );
    assert_eq!(day.sources.last().unwrap().source.as_str(), "unattributed");
    assert!(day.sources.iter().flat_map(|s| &s.changes).all(|c| !c.kind.is_ours()), "both moments read alike");
    assert!(day.verdicts.is_empty() && day.other_entries.is_empty());

    let first = stated(&f, "2023-05-10", "2023-05-11", &Filter::default());
    let begun: Vec<String> = first
        .verdicts
        .iter()
        .map(|v| format!("{} {:?} -> {:?}", v.question.predicate, v.before, v.after.unwrap()))
        .collect();
    assert_eq!(
        begun,
        [
            "azerbaijani-soldiers-wounded None -> Denied",
            "fired-first None -> Denied",
            "aim-to-disrupt-talks-by None -> Conflict",
            "ambulance-fired-on-by-azerbaijan None -> Denied",
            "fired-first None -> Conflict",
            "iranian-drones-used-by-armenia None -> Denied",
            "situation None -> Conflict",
        ]
    );
    assert!(first.verdicts.iter().all(|v| !v.begun.is_empty() && v.ended.is_empty()));
    let stances = told(&first).into_iter().filter(|l| l.contains("stance-taken")).count();
    assert_eq!(stances, 5);

    let later = stated(&f, "2023-05-16", "2023-05-22", &Filter::default());
    let karabakh: Vec<String> = told(&later).into_iter().filter(|l| l.contains("karabakh-within")).collect();
    assert_eq!(karabakh, ["yerevan karabakh-within-azerbaijan-area said:  -> yes [102]"]);
    let ended: Vec<String> = told(&stated(&f, "2023-05-17", "2023-05-22", &Filter::default()));
    assert!(
        ended.iter().any(|l| l.contains("karabakh-within-azerbaijan-area stance-ended (declines)")),
        "an answer ended its declining: {ended:?}"
    );
}

#[test]
fn said_again_changed_and_taken_back() {
    let f = Fixture::new();
    f.add_all(
        &[
            claim("a", "1", "2023-05-10", "a1"),
            claim("a", "1", "2023-05-11", "a2"),
            claim("a", "2", "2023-05-12", "a3"),
            claim("b", "1", "2023-05-11", "b1"),
            r#"{"kind":"retraction","source":"a","of":"a3","stated":"2023-05-13"}"#.into(),
            claim("a", "3", "2023-05-14", "a4"),
        ]
        .join("\n"),
    );
    let none = Filter::default();
    assert_eq!(
        told(&stated(&f, "2023-05-10", "2023-05-11", &none)),
        ["a p repeated: 1 -> 1 [1]", "b p said:  -> 1 [3]"]
    );
    let changed = stated(&f, "2023-05-11", "2023-05-12", &none);
    assert_eq!(told(&changed), ["a p changed: 1 -> 2 [2]"]);
    let verdict = &changed.verdicts[0];
    assert_eq!((verdict.before, verdict.after), (Some(Verdict::Agreement), Some(Verdict::Conflict)));
    let parties = verdict.begun[0].of.clone().map(|p| (p.source.to_string(), p.entries));
    assert_eq!(parties, [("a".to_owned(), vec![2]), ("b".to_owned(), vec![3])]);
    let back = stated(&f, "2023-05-12", "2023-05-13", &none);
    assert_eq!(told(&back), ["a p took-back: 2 ->  [4]"]);
    assert_eq!((back.verdicts[0].after, back.verdicts[0].ended.len()), (Some(Verdict::OneSource), 1));
    assert_eq!(told(&stated(&f, "2023-05-13", "2023-05-14", &none)), ["a p said:  -> 3 [5]"]);
    assert!(told(&stated(&f, "2023-05-14", "2023-05-20", &none)).is_empty());
    assert_eq!(
        told(&stated(&f, "2023-05-09", "2023-05-13", &none)),
        ["a p took-back:  ->  [2, 4]", "b p said:  -> 1 [3]"],
        "said and taken back"
    );
}

/// On the recorded clock: what came late, and what we mended.
#[test]
fn our_own_corrections_are_no_change_of_mind() {
    let f = Fixture::new();
    f.add(&[&claim("a", "2", "2023-05-12", "a1"), &claim("b", "2", "2023-05-12", "b1")]);
    f.clock.set("2023-05-20T10:00:00Z");
    let right = claim("a", "4", "2023-05-12", "").replace(r#""id":"","#, "");
    f.add(&[&format!(r#"{{"kind":"correction","of":"a1","reason":"typo","replacement":{right}}}"#)]);
    f.clock.set("2023-05-21T10:00:00Z");
    f.add(&[&claim("a", "1", "2023-05-01", "late"), &claim("b", "3", "2023-05-13", "b2")]);
    f.clock.set("2023-05-22T10:00:00Z");
    f.add(&[r#"{"kind":"correction","of":"b2","reason":"another b","replacement":null}"#]);
    let none = Filter::default();

    let mended = recorded(&f, "2023-05-19", "2023-05-20", &none);
    assert_eq!(told(&mended), ["a p corrected: 2 -> 4 [2]"]);
    assert!(mended.sources[0].changes[0].kind.is_ours());
    assert_eq!(mended.verdicts[0].begun[0].why, "the bounds do not meet");
    assert_eq!(mended.verdicts[0].begun[0].of[0].entries, [0, 2], "the correction is named");

    let late = recorded(&f, "2023-05-20", "2023-05-21", &none);
    assert_eq!(told(&late), ["b p changed: 2 -> 3 [4]"]);
    assert_eq!(late.other_entries, [3], "recorded late, older than what stands");
    assert_eq!((late.before.known_entries, late.after.known_entries), (3, 5));

    let withdrawn = recorded(&f, "2023-05-21", "2023-05-22", &none);
    assert_eq!(told(&withdrawn), ["b p corrected: 3 -> 2 [5]"], "the earlier claim stands again");

    let all = recorded(&f, "2023-05-01", "2023-05-22", &none);
    assert_eq!(told(&all), ["a p corrected:  -> 4 [2]", "a p said:  -> 4 [0]", "b p said:  -> 2 [1]"]);
    assert_eq!(all.other_entries, [3, 4, 5]);
    // The same days on the other clock: nobody corrected anything there.
    let said = stated(&f, "2023-05-11", "2023-05-12", &none);
    assert_eq!(told(&said), ["a p changed: 1 -> 4 [0]", "b p said:  -> 2 [1]"]);
}

#[test]
fn a_name_joined_in_between_is_ours_too() {
    let f = Fixture::new();
    f.add(&[&claim("erevan", "2", "2023-05-12", "x"), &claim("yerevan", "3", "2023-05-11", "y")]);
    f.clock.set("2023-05-20T10:00:00Z");
    f.add(&[r#"{"kind":"alias","id":"al","names":"source","from":"erevan","to":"yerevan"}"#]);
    f.clock.set("2023-05-21T10:00:00Z");
    f.add(&[r#"{"kind":"correction","of":"al","reason":"two cities","replacement":null}"#]);
    let joined = recorded(&f, "2023-05-19", "2023-05-20", &Filter::default());
    assert_eq!(told(&joined), ["yerevan p renamed: 2+3 -> 2 [2]"]);
    assert_eq!(
        (joined.verdicts.len(), joined.verdicts[0].ended.len()),
        (1, 1),
        "one voice cannot contradict itself so"
    );
    let asked = Filter { sources: vec![Name::new("erevan").unwrap()], ..Filter::default() };
    assert_eq!(told(&recorded(&f, "2023-05-19", "2023-05-20", &asked)), ["yerevan p renamed: 2+3 -> 2 [2]"]);
    let parted = recorded(&f, "2023-05-20", "2023-05-21", &Filter::default());
    assert_eq!(told(&parted), ["erevan p corrected:  -> 2 [3]", "yerevan p corrected: 2 -> 3 [3]"]);
}

#[test]
fn stances_that_begin_and_end() {
    let f = Fixture::new();
    let stance = |id: &str, stance: &str, stated: &str| {
        format!(r#"{{"kind":"stance","id":"{id}","source":"b","stance":"{stance}","of":"a1","stated":"{stated}"}}"#)
    };
    f.add_all(
        &[
            claim("a", "1", "2023-05-10", "a1"),
            stance("s1", "denies", "2023-05-11"),
            stance("s2", "affirms", "2023-05-12"),
            r#"{"kind":"retraction","source":"b","of":"s2","stated":"2023-05-13"}"#.into(),
        ]
        .join("\n"),
    );
    let told = |from, to| told(&stated(&f, from, to, &Filter::default()));
    assert_eq!(told("2023-05-10", "2023-05-11"), ["b p stance-taken (denies):  ->  [1]"]);
    assert_eq!(
        told("2023-05-11", "2023-05-12"),
        ["b p stance-taken (affirms):  ->  [2]", "b p stance-ended (denies):  ->  [1]"]
    );
    assert_eq!(told("2023-05-12", "2023-05-13"), ["b p stance-ended (affirms):  ->  [2, 3]"]);
    let verdict = stated(&f, "2023-05-11", "2023-05-12", &Filter::default()).verdicts.remove(0);
    assert_eq!((verdict.before, verdict.after), (Some(Verdict::Denied), Some(Verdict::Agreement)));
    let kinds = [ChangeKind::StanceTaken, ChangeKind::StanceEnded];
    assert!(kinds.iter().all(|k| !k.is_ours()));
}

/// What a view rests on: entries, entries taken back, stances.
type Rest = (Vec<u64>, Vec<u64>, Vec<Vec<u64>>);

fn rests(replay: &Replay, source: &Name, predicate: &str) -> Rest {
    let view = replay.views.iter().find(|v| v.source == *source);
    let standing = view.and_then(|v| v.standings.iter().find(|s| s.question.predicate.as_str() == predicate));
    let taken = view.and_then(|v| v.taken_back.iter().find(|t| t.question.predicate.as_str() == predicate));
    (
        standing.map(|s| s.entries.to_vec()).unwrap_or_default(),
        taken.map(|t| t.entries.clone()).unwrap_or_default(),
        standing.map(|s| s.stances.iter().map(|s| s.entries.clone()).collect()).unwrap_or_default(),
    )
}

/// Over random histories: whatever changed has a line, whatever did not has none, and only our own entries are called ours.
#[test]
fn every_change_has_a_line_and_whose_it_was() {
    let (mut theirs, mut ours) = (0, 0);
    for seed in 0..150 {
        let f = random(seed);
        let none = Filter::default();
        let on_stated = [("2023-05-01", "2023-05-03"), ("2023-05-02", "2023-05-05")];
        let on_recorded = [("2023-05-11", "2023-05-14"), ("2023-05-14", "2023-05-18"), ("2023-05-19", "2023-05-22")];
        let diffs = on_stated.iter().map(|(a, b)| (Clock::Stated, stated(&f, a, b, &none)));
        let diffs = diffs.chain(on_recorded.iter().map(|(a, b)| (Clock::Recorded, recorded(&f, a, b, &none))));
        for (clock, diff) in diffs {
            let known = diff.before.known_entries;
            let kind = |i: &u64| f.ledger.entry(*i).unwrap().unwrap().record().unwrap().unwrap().event.content;
            let joined = clock == Clock::Recorded
                && (known..diff.after.known_entries)
                    .any(|i| matches!(kind(&i), Content::Alias(_) | Content::Correction(_)));
            for source in ["a", "b", "c", "unattributed"].map(|s| Name::new(s).unwrap()) {
                for predicate in ["p", "q"] {
                    let lines = diff.sources.iter().filter(|s| s.source == source).flat_map(|s| &s.changes);
                    let lines = lines.filter(|c| c.question.predicate.as_str() == predicate).count();
                    let changed = rests(&diff.before, &source, predicate) != rests(&diff.after, &source, predicate);
                    let renamed = joined && matches!(source.as_str(), "a" | "c");
                    let right = renamed || changed == (lines > 0);
                    assert!(right, "seed {seed}, {clock:?}: {source} {predicate}: {:?}", told(&diff));
                }
            }
            for change in diff.sources.iter().flat_map(|s| &s.changes) {
                let is_ours = |i: &u64| matches!(kind(i), Content::Correction(_) | Content::Alias(_)) && *i >= known;
                assert!(!change.entries.is_empty(), "seed {seed}: {:?}", told(&diff));
                if change.kind.is_ours() {
                    ours += 1;
                    assert!(clock == Clock::Recorded && change.entries.iter().all(is_ours), "seed {seed}");
                } else {
                    theirs += 1;
                    let new = change.entries.iter().any(|i| *i >= known);
                    let ended = change.kind == ChangeKind::StanceEnded;
                    assert!(clock == Clock::Stated || ended || new, "seed {seed}: {:?}", told(&diff));
                }
            }
        }
    }
    assert!(theirs > 500 && ours > 50, "{theirs} and {ours}");
}

/// A filter for sources chooses the parties at both moments: a conflict of one that was not asked for neither begins nor ends.
#[test]
fn who_was_not_asked_for_is_no_party_at_either_moment() {
    let f = Fixture::new();
    f.add(&[&claim("a", "1", "2023-05-10", "a1"), &claim("b", "2", "2023-05-10", "b1")]);
    f.clock.set("2023-05-20T10:00:00Z");
    f.add(&[&claim("c", "3", "2023-05-10", "c1"), r#"{"kind":"alias","names":"predicate","from":"p","to":"r"}"#]);
    let between = |source: &str| {
        let filter = Filter { sources: vec![Name::new(source).unwrap()], ..Filter::default() };
        recorded(&f, "2023-05-19", "2023-05-20", &filter)
    };
    let own = between("a");
    assert_eq!(told(&own), ["a r renamed: 1 -> 1 [3]"]);
    assert!(own.verdicts.is_empty(), "{:?}", own.verdicts);
    assert_eq!(told(&between("c")), ["c r said:  -> 3 [2]"]);
    let all = recorded(&f, "2023-05-19", "2023-05-20", &Filter::default());
    assert_eq!((all.verdicts.len(), all.verdicts[0].begun.len(), all.verdicts[0].ended.len()), (1, 2, 0));
}

/// Over random histories: a filter leaves out lines and changes none, also where names are joined or parted in between.
#[test]
fn a_filter_leaves_lines_out_and_changes_none() {
    let (mut kept, mut left_out) = (0, 0);
    for seed in 0..150 {
        let f = random(seed);
        f.clock.set("2023-05-22T10:00:00Z");
        let _refused = f.try_add(&[r#"{"kind":"alias","names":"predicate","from":"q","to":"r"}"#]);
        for (from, to) in [("2023-05-11", "2023-05-14"), ("2023-05-14", "2023-05-20"), ("2023-05-19", "2023-05-23")] {
            let all = recorded(&f, from, to, &Filter::default());
            for (source, predicate) in [("a", ""), ("c", ""), ("b", "p"), ("c", "q"), ("", "q"), ("", "r")] {
                let names = |name: &str| Some(name).filter(|n| !n.is_empty()).map(|n| Name::new(n).unwrap());
                let (sources, predicates) = (names(source), names(predicate));
                let filter = Filter {
                    sources: sources.iter().cloned().collect(),
                    predicates: predicates.iter().cloned().collect(),
                    ..Filter::default()
                };
                let some = recorded(&f, from, to, &filter);
                let shown = |name: &Name| {
                    let other = some.after.asked_as.iter().find(|a| a.asked == *name);
                    other.map_or(name, |a| &a.shown).to_string()
                };
                let (source, predicate) = (sources.as_ref().map(shown), predicates.as_ref().map(shown));
                let is_wanted = |line: &String| {
                    let mut words = line.split(' ');
                    let (of, on) = (words.next().map(str::to_owned), words.next().map(str::to_owned));
                    (source.is_none() || source == of) && (predicate.is_none() || predicate == on)
                };
                let (wanted, other): (Vec<String>, Vec<String>) = told(&all).into_iter().partition(is_wanted);
                assert_eq!(told(&some), wanted, "seed {seed}, {from} to {to}: {filter:?}");
                (kept, left_out) = (kept + wanted.len(), left_out + other.len());
            }
        }
    }
    assert!(kept > 1000 && left_out > 1000, "{kept} and {left_out}");
}

/// Ten thousand mended answers.
#[test]
fn many_corrections_are_each_told() {
    const QUESTIONS: usize = 10_000;
    let f = Fixture::new();
    let claim = |q: usize, value: u32| {
        format!(
            r#"{{"kind":"claim","source":"a","subject":"s{q:05}","predicate":"p","value":{value},"stated":"2023-05-10"}}"#
        )
    };
    f.add_all(&(0..QUESTIONS).map(|q| claim(q, 1)).collect::<Vec<_>>().join("\n"));
    f.clock.set("2023-05-20T10:00:00Z");
    let since = |q: usize| match q % 2 {
        0 => format!(r##"{{"kind":"correction","of":"#{q}","reason":"typo","replacement":{}}}"##, claim(q, 2)),
        _ => format!(r##"{{"kind":"retraction","source":"a","of":"#{q}","stated":"2023-05-11"}}"##),
    };
    f.add_all(&(0..QUESTIONS).map(since).collect::<Vec<_>>().join("\n"));
    let all = recorded(&f, "2023-05-19", "2023-05-20", &Filter::default());
    let changes = &all.sources[0].changes;
    let (first, second) = (Some(QUESTIONS as u64), Some(QUESTIONS as u64 + 1));
    assert_eq!(
        (changes.len(), changes[0].kind, changes[1].kind),
        (QUESTIONS, ChangeKind::Corrected, ChangeKind::TookBack)
    );
    assert_eq!((changes[0].entries.first().copied(), changes[1].entries.last().copied()), (first, second));
}
