//! The rulings of the design on the questions that two careful people answer differently, one test each. A change here is
//! a change of what the ledger says that somebody said, and needs a decision record.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use sayso_core::ledger::{AppendError, RefusalReason};
use sayso_core::replay::{Fate, Replay, StanceTarget};
use support::{Fixture, cell};

/// A claim by a source on question `s / p`, with anything else appended.
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

fn now(f: &Fixture, source: &str) -> String {
    cell(&f.replay(None, None), source, "s", "p")
}

fn refused(f: &Fixture, line: &str) -> String {
    match f.try_add(&[line]) {
        Err(AppendError::Refused(refusals)) => refusals[0].reason.to_string(),
        other => panic!("{other:?}"),
    }
}

fn standing<'r>(replay: &'r Replay, source: &str) -> &'r sayso_core::replay::Standing {
    let view = replay.views.iter().find(|v| v.source.as_str() == source).unwrap();
    view.standings.iter().find(|s| s.question.subject.as_str() == "s").unwrap()
}

// --- the stated clock ---

#[test]
fn the_newest_statement_stands_whatever_the_order_of_recording() {
    let f = with(&[
        claim("a", "2", "2023-05-12", ""),
        claim("a", "1", "2023-05-10", ""),
        claim("b", "9", "2023-05-01", ""),
    ]);
    assert_eq!((now(&f, "a").as_str(), now(&f, "b").as_str()), ("2", "9"));
}

#[test]
fn a_day_outranks_its_hours_and_says_so() {
    let f = with(&[claim("a", "1", "2023-05-12", ""), claim("a", "2", "2023-05-12T15:00:00Z", "")]);
    let replay = f.replay(None, None);
    assert_eq!(cell(&replay, "a", "s", "p"), "1");
    assert!(standing(&replay, "a").order_unknown);
    let f = with(&[claim("a", "1", "2023-05-12", ""), claim("a", "2", "2023-05-11T15:00:00Z", "")]);
    assert!(!standing(&f.replay(None, None), "a").order_unknown, "another day");
}

#[test]
fn doubt_marks_and_never_orders() {
    let f = with(&[claim("a", "2", "2023-05-12?", ""), claim("a", "{\"min\":1}", "2023-05-12", "")]);
    assert_eq!(now(&f, "a"), "2 ?");
}

#[test]
fn an_interval_counts_from_its_end() {
    let f = with(&[claim("a", "1", "2023-05-01/2023-05-10", ""), claim("a", "2", "2023-05-09", "")]);
    assert_eq!(now(&f, "a"), "1");
    assert_eq!(cell(&f.replay(Some("2023-05-09"), None), "a", "s", "p"), "2");
}

#[test]
fn the_zone_of_a_day_is_kept() {
    let line = claim("a", "1", "2023-05-12", r#","timezone":"Pacific/Honolulu""#);
    let f = with(&[line, claim("a", "2", "2023-05-13T01:00:00Z", "")]);
    assert_eq!(now(&f, "a"), "1", "the 12th ends on the 13th at 10:00 UTC there");
    assert_eq!(cell(&f.replay(Some("2023-05-12"), None), "a", "s", "p"), "1");
}

// --- what stands ---

#[test]
fn taking_back_empties_the_question_and_revives_nothing() {
    let f = with(&[
        claim("a", "1", "2023-05-10", ""),
        claim("a", "2", "2023-05-12", r#","id":"x""#),
        r#"{"kind":"retraction","source":"a","of":"x","stated":"2023-05-14"}"#.into(),
    ]);
    assert_eq!(cell(&f.replay(Some("2023-05-13"), None), "a", "s", "p"), "2");
    assert_eq!(cell(&f.replay(Some("2023-05-14"), None), "a", "s", "p"), "taken back");
    f.add(&[&claim("a", "3", "2023-05-15", "")]);
    assert_eq!(now(&f, "a"), "3", "until a newer claim");
    assert_eq!(cell(&f.replay(Some("2023-05-14"), None), "a", "s", "p"), "taken back");
}

#[test]
fn a_tied_partner_stays() {
    let f = with(&[
        claim("a", "2", "2023-05-12", r#","id":"x""#),
        claim("a", "{\"min\":1}", "2023-05-12", ""),
        r#"{"kind":"retraction","source":"a","of":"x","stated":"2023-05-12"}"#.into(),
    ]);
    assert_eq!(now(&f, "a"), ">=1");
}

#[test]
fn taking_back_works_from_the_later_of_both_dates() {
    let f = with(&[
        claim("a", "1", "2023-05-01", ""),
        claim("a", "2", "2023-05-12", r#","id":"x""#),
        r#"{"kind":"retraction","source":"a","of":"x","stated":"2023-05-05"}"#.into(),
    ]);
    assert_eq!(cell(&f.replay(Some("2023-05-10"), None), "a", "s", "p"), "1", "nothing to take back yet");
    assert_eq!(cell(&f.replay(Some("2023-05-12"), None), "a", "s", "p"), "taken back");
}

#[test]
fn what_may_be_taken_back() {
    let f = with(&[
        claim("a", "1", "2023-05-10", r#","id":"x""#),
        r#"{"kind":"stance","id":"st","source":"b","of":"x","stance":"denies","stated":"2023-05-11"}"#.into(),
    ]);
    assert!(
        refused(&f, r#"{"kind":"retraction","source":"b","of":"x","stated":"2023-05-12"}"#).contains("said by `a`")
    );
    f.add(&[r#"{"kind":"retraction","id":"r","source":"b","of":"st","stated":"2023-05-12"}"#]);
    assert_eq!(now(&f, "b"), "-", "the stance is gone");
    assert_eq!(cell(&f.replay(Some("2023-05-11"), None), "b", "s", "p"), "(denies #0)");
    assert!(
        refused(&f, r#"{"kind":"retraction","source":"b","of":"r","stated":"2023-05-13"}"#)
            .contains("only a claim or a stance")
    );
}

#[test]
fn claims_of_nobody_stand_side_by_side() {
    let f = with(&[claim("unattributed", "3", "2023-05-10", ""), claim("unattributed", "4", "2023-05-12", "")]);
    let replay = f.replay(None, None);
    assert_eq!(cell(&replay, "unattributed", "s", "p"), "3 & 4");
    assert_eq!(standing(&replay, "unattributed").combined.as_ref().unwrap().consistent, None);
}

#[test]
fn children_are_sources_of_their_own() {
    let f = with(&[
        claim("yerevan", "1", "2023-05-10", ""),
        claim("yerevan/mod", "2", "2023-05-12", ""),
        claim("yerevan2", "3", "2023-05-12", ""),
    ]);
    let replay = f.query(None, None, &["yerevan"], "");
    assert_eq!(replay.views.iter().map(|v| v.source.to_string()).collect::<Vec<_>>(), ["yerevan", "yerevan/mod"]);
    assert_eq!(cell(&replay, "yerevan", "s", "p"), "1");
}

#[test]
fn stances_neither_fill_nor_empty() {
    let f = with(&[
        claim("a", "1", "2023-05-10", r#","id":"x""#),
        r#"{"kind":"stance","source":"b","of":"x","stance":"denies","stated":"2023-05-11"}"#.into(),
        r#"{"kind":"stance","source":"b","of":"x","stance":"partly-accepts","stated":"2023-05-12"}"#.into(),
        claim("a", "2", "2023-05-13", ""),
    ]);
    assert_eq!(now(&f, "a"), "2");
    let replay = f.replay(None, None);
    assert_eq!(cell(&replay, "b", "s", "p"), "(partly-accepts #0)", "the newest per target");
    let b = standing(&replay, "b");
    assert!(b.combined.is_none() && b.entries.is_empty());
    let fate = |as_of| match &standing(&f.replay(Some(as_of), None), "b").stances[0].target {
        StanceTarget::Claim { fate, .. } => *fate,
        StanceTarget::Question => panic!("a claim"),
    };
    assert_eq!((fate("2023-05-12"), fate("2023-05-13")), (Fate::Stands, Fate::Replaced));
}

#[test]
fn silence_has_three_answers() {
    let f = with(&[
        claim("a", "true", "2023-05-10", r#","id":"x""#),
        r#"{"kind":"stance","source":"b","subject":"s","predicate":"p","stance":"declines","stated":"2023-05-11"}"#
            .into(),
        r#"{"kind":"stance","source":"c","of":"x","stance":"denies","stated":"2023-05-11"}"#.into(),
    ]);
    assert_eq!(["b", "c", "d"].map(|s| now(&f, s)), ["(declines)", "(denies #0)", "-"]);
    f.add(&[&claim("b", "false", "2023-05-12", "")]);
    assert_eq!(now(&f, "b"), "no", "a claim ends its author's declining");
    assert_eq!(cell(&f.replay(Some("2023-05-11"), None), "b", "s", "p"), "(declines)");
}

// --- corrections ---

#[test]
fn a_correction_changes_the_reading_from_when_it_was_recorded() {
    let f = with(&[claim("a", "2", "2023-05-12", r#","id":"x""#)]);
    f.clock.set("2023-05-20T10:00:00Z");
    let replacement = claim("a", "3", "2023-05-12", "");
    f.add(&[&format!(r#"{{"kind":"correction","of":"x","reason":"typo","replacement":{replacement}}}"#)]);
    assert_eq!(now(&f, "a"), "3");
    assert_eq!(cell(&f.replay(None, Some("2023-05-20T09:59Z")), "a", "s", "p"), "2");
    assert_eq!(standing(&f.replay(None, None), "a").entries, [0, 1]);
}

#[test]
fn a_wrong_entry_was_never_a_statement() {
    let f = with(&[
        claim("a", "1", "2023-05-10", ""),
        claim("a", "2", "2023-05-12", r#","id":"x""#),
        r#"{"kind":"correction","of":"x","reason":"another a","replacement":null}"#.into(),
    ]);
    assert_eq!(now(&f, "a"), "1", "the earlier claim stands again");
    let retraction = r##"{"kind":"retraction","source":"a","of":"x","stated":"2023-05-13"}"##;
    assert!(refused(&f, retraction).contains("corrected away"));
    f.add(&[r##"{"kind":"correction","of":"#2","reason":"it was right","replacement":null}"##]);
    assert_eq!(now(&f, "a"), "2", "undone");
}

#[test]
fn a_replacement_may_move_a_claim_and_it_keeps_its_id() {
    let f = with(&[claim("a", "2", "2023-05-12", r#","id":"x""#)]);
    f.add(&[r#"{"kind":"correction","of":"x","reason":"wrong source","replacement":{"kind":"claim","source":"b","subject":"s2","predicate":"p","value":2,"stated":"2023-05-11"}}"#]);
    assert_eq!(now(&f, "a"), "-");
    assert_eq!(cell(&f.replay(None, None), "b", "s2", "p"), "2");
    assert!(
        refused(&f, r#"{"kind":"retraction","source":"a","of":"x","stated":"2023-05-13"}"#).contains("said by `b`")
    );
    f.add(&[r#"{"kind":"retraction","source":"b","of":"x","stated":"2023-05-13"}"#]);
    assert_eq!(cell(&f.replay(None, None), "b", "s2", "p"), "taken back");
}

#[test]
fn the_last_of_two_corrections_counts_and_says_so() {
    let f = with(&[claim("a", "2", "2023-05-12", r#","id":"x""#)]);
    let correct = |v: &str| {
        format!(r#"{{"kind":"correction","of":"x","reason":"typo","replacement":{}}}"#, claim("a", v, "2023-05-12", ""))
    };
    assert!(f.add(&[&correct("3")]).notices.is_empty());
    assert_eq!(f.add(&[&correct("4")]).notices.len(), 1);
    assert_eq!(now(&f, "a"), "4");
}

#[test]
fn corrections_must_make_sense() {
    let f = with(&[claim("a", "2", "2023-05-12", r#","id":"x""#)]);
    let line =
        |replacement: &str| format!(r#"{{"kind":"correction","of":"x","reason":"r","replacement":{replacement}}}"#);
    assert!(refused(&f, &line(r#"{"kind":"note","of":"x","text":"t"}"#)).contains("must be one too"));
    assert!(refused(&f, &line(&claim("a", "1", "2023-05-12", r#","id":"y""#))).contains("keeps its own"));
    let reason = f.try_add(&[r#"{"kind":"redaction","of":"x","reason":"r"}"#]);
    assert!(matches!(reason, Err(AppendError::Refused(_))));
}

#[test]
fn an_alias_is_undone_by_a_correction() {
    let f = with(&[
        claim("a", "1", "2023-05-10", ""),
        r#"{"kind":"alias","id":"al","names":"source","from":"a","to":"b"}"#.into(),
    ]);
    assert_eq!((now(&f, "a").as_str(), now(&f, "b").as_str()), ("-", "1"));
    f.add(&[r#"{"kind":"correction","of":"al","reason":"two people","replacement":null}"#]);
    assert_eq!((now(&f, "a").as_str(), now(&f, "b").as_str()), ("1", "-"));
}

// --- names ---

#[test]
fn aliases_join_what_was_recorded_before_them_from_then_on() {
    let f = with(&[claim("a", "1", "2023-05-10", ""), claim("b", "2", "2023-05-11", "")]);
    f.clock.set("2023-06-01T00:00:00Z");
    f.add(&[r#"{"kind":"alias","names":"source","from":"a","to":"b"}"#]);
    assert_eq!(now(&f, "b"), "2", "one source: the newer replaces the older");
    assert_eq!(cell(&f.replay(None, Some("2023-05-31")), "a", "s", "p"), "1");
    let asked = f.query(None, None, &["a"], "");
    assert_eq!(asked.views.len(), 1);
    assert_eq!((asked.asked_as[0].asked.as_str(), asked.asked_as[0].shown.as_str()), ("a", "b"));
    f.add(&[r##"{"kind":"retraction","source":"b","of":"#0","stated":"2023-06-02"}"##]);
    assert_eq!(now(&f, "b"), "2", "an aliased source may take back the other name's claims");
}

#[test]
fn a_predicate_alias_holds_for_every_subject_and_a_subject_prefix_finds_both_names() {
    let f = Fixture::new();
    f.add(&[
        r#"{"kind":"claim","source":"a","subject":"zod","predicate":"hurt","value":1,"stated":"2023-05-10"}"#,
        r#"{"kind":"claim","source":"a","subject":"other","predicate":"hurt","value":2,"stated":"2023-05-10"}"#,
        r#"{"kind":"alias","names":"predicate","from":"hurt","to":"wounded"}"#,
        r#"{"kind":"alias","names":"subject","from":"zod","to":"sotk"}"#,
    ]);
    let replay = f.query(None, None, &[], "zo");
    assert_eq!(cell(&replay, "a", "sotk", "wounded"), "1");
    assert_eq!(cell(&replay, "a", "other", "wounded"), "-", "not asked for");
    assert_eq!(cell(&f.replay(None, None), "a", "other", "wounded"), "2");
}

#[test]
fn confusing_aliases_are_refused() {
    let f = Fixture::new();
    let alias = |from: &str, to: &str| format!(r#"{{"kind":"alias","names":"source","from":"{from}","to":"{to}"}}"#);
    f.add(&[&alias("a", "b"), &alias("c", "b")]);
    assert!(refused(&f, &alias("b", "a")).contains("already one"));
    assert!(refused(&f, &alias("a", "d")).contains("already an alias"));
    assert!(refused(&f, &alias("x", "unattributed")).contains("unattributed"));
}

// --- the exchange form ---

#[test]
fn sameness_is_of_the_checked_event() {
    let f = with(&[claim("a", "2", "2023-05-12", "")]);
    let again = f.add(&[r#"{"stated":"2023-05-12","value":2.0,"predicate":"p","subject":" s ","source":"a","kind":"claim","act":"asserts","recorder":"somebody else"}"#]);
    assert_eq!((again.outcomes[0].index(), f.ledger.head().size), (0, 1));
    let other = claim("a", "2", "2023-05-12", r#","id":"x""#);
    f.add(&[&other, &other]);
    assert_eq!(f.ledger.head().size, 2);
    let reason = f.try_add(&[&claim("a", "3", "2023-05-12", r#","id":"x""#)]);
    let Err(AppendError::Refused(refusals)) = reason else { panic!("refused") };
    assert!(matches!(refusals[0].reason, RefusalReason::SameIdOtherContent { index: 1, .. }));
    let mut repeat = support::batch(&[&claim("a", "2", "2023-05-12", "")]);
    repeat.allow_repeats = true;
    f.ledger.append(&repeat).unwrap();
    assert_eq!(f.ledger.head().size, 3);
}

#[test]
fn a_claim_stated_on_the_eleventh_and_recorded_on_the_thirteenth() {
    let f = with(&[claim("a", "1", "2023-05-11", "")]); // the fixture's clock stands on the 13th
    assert_eq!(cell(&f.replay(Some("2023-05-12"), None), "a", "s", "p"), "1");
    assert_eq!(cell(&f.replay(Some("2023-05-12"), Some("2023-05-12T23:59Z")), "a", "s", "p"), "-");
    assert_eq!(cell(&f.replay(Some("2023-05-10"), None), "a", "s", "p"), "-");
}

#[test]
fn an_alias_of_the_parent_does_not_hide_the_children() {
    let f = with(&[claim("yerevan/mod", "1", "2023-05-10", ""), claim("yerevan", "2", "2023-05-10", "")]);
    f.add(&[r#"{"kind":"alias","names":"source","from":"yerevan","to":"armenia"}"#]);
    let replay = f.query(None, None, &["yerevan"], "");
    assert_eq!(replay.views.iter().map(|v| v.source.to_string()).collect::<Vec<_>>(), ["armenia", "yerevan/mod"]);
    assert!(replay.unknown_sources.is_empty());
    assert_eq!(f.query(None, None, &["yerevann"], "").unknown_sources.len(), 1);
}

#[test]
fn units_are_shown_where_they_are_the_difference() {
    let f = with(&[
        claim("a", "2", "2023-05-10", r#","unit":"people""#),
        claim("a", "2", "2023-05-10", r#","unit":"soldiers""#),
    ]);
    let replay = f.replay(None, None);
    let combined = standing(&replay, "a").combined.as_ref().unwrap();
    let units: Vec<&str> = combined.values.iter().map(|(_, u)| u.as_ref().unwrap().as_str()).collect();
    assert_eq!((combined.consistent, units), (Some(false), vec!["people", "soldiers"]));
}
