//! A limit that is written down and not enforced is found by whoever wants to do harm: memory for an event without end, a stack for
//! one that is nested without end. Each limit of `docs/limits.md` that an event can run into is tried from both sides: what just fits is
//! taken, and one more is refused with the limit in the message, and nothing is written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use sayso_core::body::{BodyError, Record};
use sayso_core::bundle::Bundle;
use sayso_core::copy::{CopyError, check_copy};
use sayso_core::exchange::{CheckOptions, Draft};
use sayso_core::ledger::Batch;
use sayso_core::limits::{
    MAX_BODY_BYTES, MAX_CORRECTION_DEPTH, MAX_ID_BYTES, MAX_LABEL_BYTES, MAX_LINE_BYTES, MAX_LIST_ITEMS,
    MAX_NAME_BYTES, MAX_URL_BYTES,
};
use sayso_core::time::TimeZone;
use serde_json::{Value, json};
use support::Fixture;

/// Appends one line; what is said against it otherwise.
fn append(fixture: &Fixture, line: &str) -> Result<(), String> {
    let options = CheckOptions { zone: TimeZone::UTC, numbers: true, imported_clock: false, recorder: None };
    let event = Draft::from_json(line).map_err(|e| e.to_string())?.check(&options).map_err(|e| e.to_string())?;
    let batch = Batch { events: vec![event], ..Batch::default() };
    fixture.ledger.append(&batch).map(drop).map_err(|e| e.to_string())
}

/// A claim with one field that is something else.
fn with(field: &str, value: Value) -> String {
    let mut claim = json!({
        "kind": "claim", "source": "eu", "subject": "s", "predicate": "p", "value": 1, "stated": "2023-05-12",
    });
    claim[field] = value;
    claim.to_string()
}

/// A note's length that fills the body to the last byte.
fn longest_note(fixture: &Fixture) -> usize {
    append(fixture, &with("note", json!("x"))).unwrap();
    let last = fixture.ledger.head().size - 1;
    MAX_BODY_BYTES - fixture.ledger.entry(last).unwrap().unwrap().body().unwrap().len() + 1
}

#[test]
fn what_just_fits_is_taken_and_one_more_is_refused() {
    let f = Fixture::new();
    let text = |n: usize| json!("x".repeat(n));
    // Two bytes a letter: limits are of bytes.
    let armenian = |n: usize| json!("ա".repeat(n / 2));
    let address = |n: usize| json!([{"url": format!("https://example.org/{}", "x".repeat(n - 20))}]);
    let list = |n: usize| json!((0..n).map(|i| format!("t{i}")).collect::<Vec<_>>());
    let cited = |n: usize| json!((0..n).map(|i| json!({"url": format!("https://e.org/{i}")})).collect::<Vec<_>>());
    let note = longest_note(&f);
    type Make<'a> = &'a dyn Fn(usize) -> Value;
    let cases: [(&str, Make<'_>, usize, usize, usize); 12] = [
        ("source", &text, MAX_NAME_BYTES, 1, MAX_NAME_BYTES),
        ("subject", &armenian, MAX_NAME_BYTES, 2, MAX_NAME_BYTES),
        ("predicate", &text, MAX_NAME_BYTES, 1, MAX_NAME_BYTES),
        ("speaker", &text, MAX_LABEL_BYTES, 1, MAX_LABEL_BYTES),
        ("body", &armenian, MAX_LABEL_BYTES, 2, MAX_LABEL_BYTES),
        ("unit", &text, MAX_LABEL_BYTES, 1, MAX_LABEL_BYTES),
        ("id", &text, MAX_ID_BYTES, 1, MAX_ID_BYTES),
        ("citations", &address, MAX_URL_BYTES, 1, MAX_URL_BYTES),
        ("tags", &list, MAX_LIST_ITEMS, 1, MAX_LIST_ITEMS),
        ("via", &list, MAX_LIST_ITEMS, 1, MAX_LIST_ITEMS),
        ("citations", &cited, MAX_LIST_ITEMS, 1, MAX_LIST_ITEMS),
        ("note", &text, note, 1, MAX_BODY_BYTES),
    ];
    for (field, make, fits, step, limit) in cases {
        append(&f, &with(field, make(fits))).unwrap_or_else(|e| panic!("{field} of {fits}: {e}"));
        let size = f.ledger.head().size;
        let refused = append(&f, &with(field, make(fits + step))).expect_err(field);
        assert!(refused.contains(&limit.to_string()), "{field}: {refused}");
        assert_eq!(f.ledger.head().size, size, "{field}: nothing is written");
    }
}

#[test]
fn numbers_are_exact_or_refused() {
    let f = Fixture::new();
    // As text: a number in memory would not be exact.
    let number = |digits: &str| with("value", json!(1)).replace("\"value\":1", &format!("\"value\":{digits}"));
    let behind_the_point = |digits: usize| format!("0.{}1", "0".repeat(digits - 1));
    for fits in [behind_the_point(28), "79228162514264337593543950335".into()] {
        append(&f, &number(&fits)).unwrap_or_else(|e| panic!("{fits}: {e}"));
    }
    for beyond in [behind_the_point(29), "79228162514264337593543950336".into()] {
        let refused = append(&f, &number(&beyond)).unwrap_err();
        assert!(refused.contains("does not fit: at most 28 digits"), "{refused}");
    }
    assert_eq!(f.ledger.head().size, 2);
}

#[test]
fn what_is_nested_has_a_bottom() {
    let f = Fixture::new();
    append(&f, &with("id", json!("a"))).unwrap();
    let refused = append(&f, &nested(MAX_CORRECTION_DEPTH + 1)).unwrap_err();
    assert!(refused.contains(&MAX_CORRECTION_DEPTH.to_string()), "{refused}");
    for depth in [1_000, 100_000] {
        let refused = append(&f, &nested(depth)).unwrap_err();
        assert!(refused.contains("recursion") || refused.contains("at most"), "{refused}");
    }
    assert_eq!(f.ledger.head().size, 1);
}

/// Corrections in one another, with a claim in the innermost: made as text, because values of that depth cannot be.
fn nested(depth: usize) -> String {
    let open = r#"{"kind":"correction","of":"a","reason":"r","replacement":"#;
    format!("{}{}{}", open.repeat(depth), with("value", json!(2)), "}".repeat(depth))
}

#[test]
fn a_line_is_not_longer_than_any_body_needs() {
    let f = Fixture::new();
    let line = with("note", json!("x".repeat(MAX_LINE_BYTES)));
    let refused = append(&f, &line).unwrap_err();
    assert!(refused.contains(&MAX_LINE_BYTES.to_string()), "{refused}");
}

/// Stored bytes were checked when they were written. Those of somebody else were not.
#[test]
fn limits_hold_for_bytes_that_are_read() {
    assert!(matches!(Record::decode(&vec![1; MAX_BODY_BYTES + 1]), Err(BodyError::TooLong { .. })));
    // A bundle that says that it unpacks to four gigabytes.
    let mut bytes = vec![1, 1, 1, 0];
    bytes.extend_from_slice(&[0; 8 + 32 + 48]);
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    bytes.extend_from_slice(&[0; 40]);
    let mut sum = [0; 16];
    blake3::Hasher::new_derive_key("sayso 2023-05 bundle checksum v1").update(&bytes).finalize_xof().fill(&mut sum);
    bytes.extend_from_slice(&sum);
    let refused = Bundle::decode(&bytes).unwrap_err().to_string();
    assert!(refused.contains("impossible length"), "{refused}");

    let dir = tempfile::tempdir().unwrap();
    let mirror = dir.path().join("mirror");
    let f = Fixture::new();
    f.ledger.mirror(&mirror).unwrap();
    let tail = std::fs::OpenOptions::new().write(true).open(mirror.join("tail")).unwrap();
    tail.set_len((16 << 20) + 1).unwrap();
    let refused = check_copy(&mirror, &|_| {}).unwrap_err();
    assert!(matches!(&refused, CopyError::Mirror(e) if e.to_string().contains("too long")), "{refused}");
}
