//! Somebody with access to the files changes what a source is on record as having said. Every such change must be found,
//! and the first entry it touches must be named.
//!
//! The changes are made through the store, on a ledger of two sealed bundles and a tail of several bundles. Every entry is
//! changed; in which of its fields and bytes goes round, and a choice of entries is changed in every byte. With
//! `SAYSO_EXHAUSTIVE=1` every byte of every entry is (minutes, in a release build).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use std::sync::Arc;

use sayso_core::audit::{Audit, Problem, audit};
use sayso_core::bundle::{Bundle, Codec, StoredBody, StoredEntry};
use sayso_core::entry::{Hash, Head, LedgerId};
use sayso_core::store::{MemoryStore, Store, Table};
use sayso_core::time::Instant;
use support::Fixture;

const SEALED: u64 = 512;
const SIZE: u64 = 540;

/// Entries at the edges of bundles: changed in every byte.
const EDGES: [u64; 7] = [0, 255, 256, 511, 515, 516, 539];

fn exhaustive() -> bool {
    std::env::var_os("SAYSO_EXHAUSTIVE").is_some()
}

/// Which places of a bundle to try: all, or all of a short one and every fifth of a long one, its ends included.
fn choice(n: usize) -> impl Iterator<Item = usize> {
    (0..n).filter(move |at| exhaustive() || n < 100 || at % 5 == 0 || at + 1 == n)
}

/// Where a bundle lies, and what is in it.
struct Place {
    table: Table,
    key: Vec<u8>,
    bundle: Bundle,
}

fn claims(from: u64, to: u64, source: &str) -> Vec<String> {
    let line = |n| {
        format!(
            r#"{{"kind":"claim","id":"{n}","source":"{source}","subject":"s{}","predicate":"p","value":{n},"stated":"2023-05-12"}}"#,
            n % 9
        )
    };
    (from..to).map(line).collect()
}

fn ledger(source: &str, seed: u64) -> Fixture {
    let f = Fixture::on(Arc::new(MemoryStore::default()), seed);
    for (from, to) in [(0, 300), (300, 515), (515, 516), (516, 530), (530, SIZE)] {
        f.clock.set(&format!("2023-05-13T08:00:00.{from:06}Z"));
        let lines = claims(from, to, source);
        f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    }
    f
}

fn tail_key(first: u64) -> Vec<u8> {
    [b"tail".as_slice(), &first.to_be_bytes()].concat()
}

fn places(store: &dyn Store) -> Vec<Place> {
    let of = |table, key: Vec<u8>| {
        let bytes = store.get(table, &key).unwrap()?;
        Some(Place { table, key, bundle: Bundle::decode(&bytes).unwrap() })
    };
    let sealed = [0u64, 256].into_iter().filter_map(|first| of(Table::Log, first.to_be_bytes().to_vec()));
    sealed.chain((SEALED..SIZE).filter_map(|first| of(Table::State, tail_key(first)))).collect()
}

fn put(store: &dyn Store, place: &Place, bundle: &Bundle) {
    let codec = if place.table == Table::Log { Codec::Lz4 } else { Codec::Plain };
    store.apply(place.table, vec![(place.key.clone(), Some(bundle.encode(codec)))]).unwrap();
}

fn check(store: &dyn Store) -> Audit {
    audit(store, &[], &|_| {}).unwrap()
}

/// The first bad index, if anything is wrong.
fn first_bad(store: &dyn Store) -> Option<u64> {
    check(store).findings.first().map(|f| f.index)
}

/// Changes a bundle, audits, and puts it back.
fn tampered(store: &dyn Store, place: &Place, change: impl FnOnce(&mut Bundle)) -> Option<u64> {
    let mut bundle = place.bundle.clone();
    change(&mut bundle);
    put(store, place, &bundle);
    let found = first_bad(store);
    put(store, place, &place.bundle);
    found
}

/// The bytes that are stored of an entry, field by field.
fn field_lengths(entry: &StoredEntry) -> [usize; 5] {
    [2, 8, 32, 16, entry.body().map_or(0, <[u8]>::len)]
}

fn flip(entry: &mut StoredEntry, field: usize, byte: usize) {
    let StoredBody::Present(salt, _) = &mut entry.body else { panic!("present") };
    match field {
        0 => entry.flags ^= 1 << (byte * 8),
        1 => {
            let mut bytes = entry.recorded.micros().to_le_bytes();
            bytes[byte] ^= 1;
            // A time that no calendar has is tried in the raw bytes below.
            entry.recorded =
                Instant::from_micros(i64::from_le_bytes(bytes)).unwrap_or(Instant::from_micros(0).unwrap());
        }
        2 => entry.hash.0[byte] ^= 1,
        3 => salt[byte] ^= 1,
        _ => change_body(entry, |body| body[byte] ^= 1),
    }
}

#[test]
fn every_changed_byte_is_found_and_named() {
    let f = ledger("yerevan", 1);
    let mut tried = 0u64;
    for place in places(&*f.store) {
        let first = place.bundle.first;
        for at in 0..place.bundle.entries.len() {
            let index = first + at as u64;
            let every_byte = exhaustive() || EDGES.contains(&index);
            for (field, length) in field_lengths(&place.bundle.entries[at]).into_iter().enumerate() {
                if !every_byte && field != at % 5 {
                    continue;
                }
                let some = (index as usize * 7 + field) % length;
                for byte in if every_byte { 0..length } else { some..some + 1 } {
                    let found = tampered(&*f.store, &place, |b| flip(&mut b.entries[at], field, byte));
                    assert_eq!(found, Some(index), "field {field}, byte {byte}");
                    tried += 1;
                }
            }
            if place.table == Table::State || every_byte {
                let longer = tampered(&*f.store, &place, |b| change_body(&mut b.entries[at], |body| body.push(0)));
                let shorter = tampered(&*f.store, &place, |b| {
                    change_body(&mut b.entries[at], |body| body.truncate(body.len() - 1))
                });
                assert_eq!((longer, shorter), (Some(index), Some(index)));
                tried += 2;
            }
        }
        assert_eq!(tampered(&*f.store, &place, |b| b.previous.0[5] ^= 1), Some(first), "the hash before a bundle");
    }
    assert_eq!(first_bad(&*f.store), None, "everything is back in its place");
    println!("{tried} changes, all found at the right entry");
}

fn change_body(entry: &mut StoredEntry, change: impl FnOnce(&mut Vec<u8>)) {
    let StoredBody::Present(_, body) = &mut entry.body else { panic!("present") };
    let mut bytes = body.to_vec();
    change(&mut bytes);
    *body = bytes.into();
}

/// Without decoding: any byte of the stored, compressed value. The finding lies within the bundle.
#[test]
fn every_changed_raw_byte_is_found() {
    let f = ledger("yerevan", 1);
    for place in places(&*f.store) {
        let good = f.store.get(place.table, &place.key).unwrap().unwrap();
        let step = if exhaustive() || good.len() < 600 { 1 } else { 53 };
        for at in (0..good.len()).step_by(step) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            f.store.apply(place.table, vec![(place.key.clone(), Some(bad))]).unwrap();
            let found =
                first_bad(&*f.store).unwrap_or_else(|| panic!("byte {at} of the bundle at {}", place.bundle.first));
            assert!((place.bundle.first..place.bundle.end()).contains(&found), "byte {at}: #{found}");
        }
        for cut in [0, 1, 43, good.len() / 2, good.len() - 1] {
            f.store.apply(place.table, vec![(place.key.clone(), Some(good[..cut].to_vec()))]).unwrap();
            assert_eq!(first_bad(&*f.store), Some(place.bundle.first), "cut to {cut} bytes");
        }
        f.store.apply(place.table, vec![(place.key.clone(), Some(good))]).unwrap();
    }
}

#[test]
fn deleted_entries_are_named() {
    let f = ledger("yerevan", 1);
    for place in places(&*f.store) {
        let first = place.bundle.first;
        for at in choice(place.bundle.entries.len()) {
            if place.bundle.entries.len() > 1 {
                let found = tampered(&*f.store, &place, |b| drop(b.entries.remove(at)));
                assert_eq!(found, Some(first + at as u64));
            }
        }
        f.store.apply(place.table, vec![(place.key.clone(), None)]).unwrap();
        assert_eq!(first_bad(&*f.store), Some(first), "a whole bundle");
        put(&*f.store, &place, &place.bundle);
    }
}

#[test]
fn swapped_and_repeated_entries_are_named() {
    let f = ledger("yerevan", 1);
    for place in places(&*f.store) {
        let (first, n) = (place.bundle.first, place.bundle.entries.len());
        for at in choice(n.saturating_sub(1)) {
            let found = tampered(&*f.store, &place, |b| b.entries.swap(at, (at + 1 + at * 5 % (n - at)).min(n - 1)));
            assert_eq!(found, Some(first + at as u64));
            let found = tampered(&*f.store, &place, |b| b.entries[at + 1] = b.entries[at].clone());
            assert_eq!(found, Some(first + at as u64 + 1));
        }
    }
    let all = places(&*f.store);
    let (a, b) = (&all[0], &all[1]);
    put(&*f.store, a, &b.bundle);
    put(&*f.store, b, &a.bundle);
    assert_eq!(first_bad(&*f.store), Some(0), "two bundles swapped");
}

#[test]
fn spliced_entries_are_named() {
    let (f, other) = (ledger("yerevan", 1), ledger("yerevan", 2));
    for (place, theirs) in places(&*f.store).iter().zip(places(&*other.store)) {
        let first = place.bundle.first;
        for at in choice(place.bundle.entries.len()) {
            let found = tampered(&*f.store, place, |b| b.entries[at] = theirs.bundle.entries[at].clone());
            assert_eq!(found, Some(first + at as u64), "one entry of another ledger");
            let found = tampered(&*f.store, place, |b| b.entries[at..].clone_from_slice(&theirs.bundle.entries[at..]));
            assert_eq!(found, Some(first + at as u64), "everything from one entry on");
        }
        assert_eq!(
            tampered(&*f.store, place, |b| *b = theirs.bundle.clone()),
            Some(first),
            "a bundle of another ledger"
        );
        let fitted = |b: &mut Bundle| *b = Bundle { previous: place.bundle.previous, ..theirs.bundle.clone() };
        assert_eq!(tampered(&*f.store, place, fitted), Some(first), "made to fit in front");
    }
}

/// Rewrites the whole ledger from an entry on, with new hashes, as somebody can who has the program.
fn rehashed(f: &Fixture, changed: u64) -> Head {
    let id = f.ledger.id();
    let mut previous = LedgerId(id.0).genesis();
    let mut last = None;
    for place in places(&*f.store) {
        let mut bundle = place.bundle.clone();
        bundle.previous = previous;
        for (entry, index) in bundle.entries.iter_mut().zip(place.bundle.first..) {
            if index == changed {
                // The figure 3 becomes a 4: one claim, one digit. The id is `300`, the value a number.
                change_body(entry, |body| {
                    let at = body.iter().position(|b| *b == b'3').unwrap();
                    body[at] = b'4';
                });
            }
            entry.hash = entry.header(index, previous).hash();
            previous = entry.hash;
            last = Some(entry.recorded);
        }
        put(&*f.store, &place, &bundle);
    }
    write_head(&*f.store, SIZE, previous, last.unwrap());
    Head { size: SIZE, hash: previous }
}

fn write_head(store: &dyn Store, size: u64, hash: Hash, recorded: Instant) {
    let sealed = size / 256 * 256;
    let value = [&size.to_le_bytes()[..], &sealed.to_le_bytes(), &hash.0, &recorded.micros().to_le_bytes()].concat();
    store.apply(Table::State, vec![(b"head".to_vec(), Some(value))]).unwrap();
}

#[test]
fn a_complete_rewrite_is_found_with_a_receipt() {
    let f = ledger("yerevan", 1);
    let receipt = f.ledger.head();
    let early = Head { size: 300, hash: f.ledger.entry(299).unwrap().unwrap().hash() };
    rehashed(&f, 300);
    assert!(check(&*f.store).is_sound(), "a chain alone cannot show it, and audit does not claim to");
    let found = audit(&*f.store, &[receipt, early], &|_| {}).unwrap();
    assert!(!found.is_sound());
    assert_eq!(found.findings[0].problem, Problem::Rewritten);
    assert_eq!(found.anchored, Some(early), "what came before is still anchored");
}

#[test]
fn a_cut_tail_is_found_with_a_receipt() {
    let f = ledger("yerevan", 1);
    let receipt = f.ledger.head();
    let shorter = Head { size: 530, hash: f.ledger.entry(529).unwrap().unwrap().hash() };
    f.store.apply(Table::State, vec![(tail_key(530), None)]).unwrap();
    assert_eq!(first_bad(&*f.store), Some(530), "the record of the head gives it away");
    let last = f.ledger.entry(529).unwrap().unwrap();
    write_head(&*f.store, 530, last.hash(), last.recorded());
    assert!(check(&*f.store).is_sound());
    let found = audit(&*f.store, &[shorter, receipt], &|_| {}).unwrap();
    assert_eq!(found.findings[0].problem, Problem::Cut { receipt: SIZE, found: 530 });
    assert_eq!((found.findings[0].index, found.anchored), (530, Some(shorter)));
}

#[test]
fn the_head_itself_is_checked() {
    let f = ledger("yerevan", 1);
    let good = f.store.get(Table::State, b"head").unwrap().unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        f.store.apply(Table::State, vec![(b"head".to_vec(), Some(bad))]).unwrap();
        assert!(!check(&*f.store).is_sound(), "byte {at}");
    }
    f.store.apply(Table::State, vec![(b"head".to_vec(), None)]).unwrap();
    assert_eq!(check(&*f.store).findings[0].problem, Problem::Head);
}

#[test]
fn a_forged_body_must_still_be_an_event_in_its_one_form() {
    let f = ledger("yerevan", 1);
    let last = places(&*f.store).pop().unwrap();
    let forge = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bundle = last.bundle.clone();
        let at = bundle.entries.len() - 1;
        let previous = bundle.entries[at - 1].hash;
        change_body(&mut bundle.entries[at], change);
        bundle.entries[at].hash = bundle.entries[at].header(SIZE - 1, previous).hash();
        let (hash, recorded) = (bundle.entries[at].hash, bundle.entries[at].recorded);
        put(&*f.store, &last, &bundle);
        write_head(&*f.store, SIZE, hash, recorded);
        check(&*f.store).findings.first().map(|f| (f.index, f.problem.kind()))
    };
    assert_eq!(forge(&|_| ()), None);
    assert_eq!(forge(&|b| b.push(0)), Some((SIZE - 1, "unreadable")), "a byte left over");
    assert_eq!(forge(&|b| b[0] = 2), Some((SIZE - 1, "unreadable")), "a newer version");
    assert_eq!(forge(&|b| *b = vec![]), Some((SIZE - 1, "unreadable")));
    assert_eq!(forge(&|b| b[1] = 7), Some((SIZE - 1, "unreadable")), "an option that is neither there nor not");
}
