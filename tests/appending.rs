//! Appending is one step: all of a batch or none, once or not at all, in an order that nobody can turn round, and only
//! acknowledged when it is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;
#[path = "support/watched.rs"]
mod watched;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sayso_core::audit::audit;
use sayso_core::ledger::{AppendError, Ledger, Outcome};
use sayso_core::repair::Repair;
use sayso_core::replay::{Query, fold, replay};
use sayso_core::store::{MemoryStore, Row, SledStore, Store, StoreError, Table};
use sayso_core::text::Text;
use sayso_core::time::{Instant, SystemClock};
use support::{Fixture, TestClock, TestEntropy, batch};
use watched::{Call, Watch, Watched};

fn claim(n: usize) -> String {
    format!(r#"{{"kind":"claim","source":"a","subject":"s","predicate":"p{n}","value":{n},"stated":"2023-05-12"}}"#)
}

fn add_many(f: &Fixture, from: usize, to: usize) {
    let lines: Vec<String> = (from..to).map(claim).collect();
    f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

fn sound(f: &Fixture) {
    let found = audit(&*f.store, &[f.ledger.head()], &|_| {}).unwrap();
    assert_eq!(found.findings, []);
    assert_eq!((found.entries, found.anchored), (f.ledger.head().size, Some(f.ledger.head())));
}

#[test]
fn batches_of_any_size_seal_and_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut f = Fixture::on(Arc::new(SledStore::open(dir.path()).unwrap()), 1);
    let mut size = 0;
    for step in [1, 1, 253, 1, 1, 255, 256, 257, 1000, 3] {
        add_many(&f, size, size + step);
        size += step;
        assert_eq!(f.ledger.head().size, size as u64);
        sound(&f);
    }
    f = f.reopen();
    sound(&f);
    for n in (0..size).step_by(101) {
        let record = f.ledger.entry(n as u64).unwrap().unwrap().record().unwrap().unwrap();
        assert!(format!("{record:?}").contains(&format!("\"p{n}\"")));
    }
    let again: Vec<String> = (0..size).map(claim).collect();
    let again = f.add(&again.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(
        again.outcomes.iter().enumerate().all(|(n, o)| *o == Outcome::AlreadyThere(n as u64)),
        "every one is found again"
    );
}

/// A batch of thousands is written while it is still being planned. It is one step all the same.
#[test]
fn a_large_batch_is_one_step() {
    for (f, _dir) in fixtures() {
        add_many(&f, 0, 100);
        let (before, rows) = (f.ledger.head(), f.store.keys(Table::Log, &[], 100).unwrap());

        // The last of 9,000 is refused, and another in the middle.
        let mut lines: Vec<String> = (100..9_100).map(claim).collect();
        lines[5_000] = r#"{"kind":"note","of":"nobody","text":"t"}"#.into();
        lines[8_999] = r#"{"kind":"note","of":"nobody either","text":"t"}"#.into();
        let error = f.try_add(&lines.iter().map(String::as_str).collect::<Vec<_>>()).unwrap_err();
        let AppendError::Refused(refusals) = error else { panic!("{error}") };
        assert_eq!(refusals.iter().map(|r| r.position).collect::<Vec<_>>(), [5_000, 8_999]);
        assert_eq!((f.ledger.head(), f.store.keys(Table::Log, &[], 100).unwrap()), (before, rows), "nothing is left");

        // Repeats of the log, of its tail, and of earlier lines of the batch, near and far; references the same.
        lines = (0..9_000).map(claim).collect();
        lines.push(claim(300)); // long since on its way into the store
        lines.push(claim(8_990));
        lines.push(
            r#"{"kind":"claim","id":"x","source":"a","subject":"s","predicate":"q","value":1,"stated":"2023"}"#.into(),
        );
        lines.push(r#"{"kind":"retraction","id":"r","of":"x","source":"a","stated":"2024"}"#.into());
        let appended = f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(appended.head.size, 9_002);
        for n in [0, 50, 99] {
            assert_eq!(appended.outcomes[n], Outcome::AlreadyThere(n as u64));
        }
        for n in [100, 255, 256, 5_000, 8_999] {
            assert_eq!(appended.outcomes[n], Outcome::Appended(n as u64));
        }
        let last = [300, 8_990].map(Outcome::AlreadyThere).into_iter().chain([9_000, 9_001].map(Outcome::Appended));
        assert_eq!(appended.outcomes[9_000..], last.collect::<Vec<_>>());
        sound(&f);

        let again = f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(again.outcomes.iter().all(|o| matches!(o, Outcome::AlreadyThere(_))));
        assert_eq!((again.head, f.ledger.head()), (appended.head, appended.head));

        // The same id with other content, far behind; and a large batch that fills no bundle.
        lines.push(
            r#"{"kind":"claim","id":"x","source":"a","subject":"s","predicate":"q","value":2,"stated":"2023"}"#.into(),
        );
        assert!(matches!(
            f.try_add(&lines.iter().map(String::as_str).collect::<Vec<_>>()),
            Err(AppendError::Refused(_))
        ));
        lines.pop();
        lines.push(claim(20_000));
        assert_eq!(f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>()).head.size, 9_003);
        sound(&f);
        let f = f.reopen();
        sound(&f);
        add_many(&f, 30_000, 33_000);
        sound(&f);
    }
}

/// A ledger in memory, and one on disk.
fn fixtures() -> [(Fixture, Option<tempfile::TempDir>); 2] {
    let dir = tempfile::tempdir().unwrap();
    let on_disk = Fixture::on(Arc::new(SledStore::open(dir.path()).unwrap()), 1);
    [(Fixture::new(), None), (on_disk, Some(dir))]
}

#[test]
fn one_bad_event_and_nothing_is_appended() {
    let f = Fixture::new();
    add_many(&f, 0, 300);
    let before = f.ledger.head();
    let (a, b) = (claim(400), claim(401));
    let bad = [
        a.as_str(),
        r#"{"kind":"note","of":"nobody","text":"t"}"#,
        b.as_str(),
        r#"{"kind":"note","of":"nobody either","text":"t"}"#,
    ];
    let Err(AppendError::Refused(refusals)) = f.try_add(&bad) else { panic!("refused") };
    assert_eq!(refusals.iter().map(|r| r.position).collect::<Vec<_>>(), [1, 3], "all of them at once");
    assert_eq!(f.ledger.head(), before);
    sound(&f);
}

#[test]
fn references_inside_a_batch_are_found() {
    let f = Fixture::new();
    let out = f.add(&[
        r#"{"kind":"claim","id":"x","source":"a","subject":"s","predicate":"p","value":1,"stated":"2023-05-12"}"#,
        r#"{"kind":"stance","id":"y","source":"b","of":"x","stance":"denies","stated":"2023-05-12"}"#,
        r#"{"kind":"note","id":"z","of":"y","text":"t"}"#,
        r##"{"kind":"note","of":"#2","text":"u"}"##,
    ]);
    assert_eq!(out.head.size, 4);
    let forward = f.try_add(&[
        r#"{"kind":"note","of":"later","text":"t"}"#,
        r#"{"kind":"note","id":"later","of":"x","text":"v"}"#,
    ]);
    assert!(matches!(forward, Err(AppendError::Refused(_))), "a line can only refer to lines before it");
    let out = f.add(&[r#"{"kind":"note","of":"z","text":"deep"}"#, &claim(1)]);
    assert_eq!(out.head.size, 6);
}

#[test]
fn a_line_that_follows_a_refused_one_is_not_blamed() {
    let f = Fixture::new();
    let lines =
        [r#"{"kind":"note","id":"bad","of":"nobody","text":"t"}"#, r#"{"kind":"note","of":"bad","text":"innocent"}"#];
    let Err(AppendError::Refused(refusals)) = f.try_add(&lines) else { panic!("refused") };
    assert_eq!(refusals.len(), 1);
}

#[test]
fn an_expected_head_must_be_the_head() {
    let f = Fixture::new();
    let empty = f.ledger.head();
    add_many(&f, 0, 1);
    let mut late = batch(&[&claim(1)]);
    late.expected = Some(empty);
    match f.ledger.append(&late) {
        Err(AppendError::HeadMoved { expected, actual }) => assert_eq!((expected, actual), (empty, f.ledger.head())),
        other => panic!("{other:?}"),
    }
    late.expected = Some(f.ledger.head());
    assert_eq!(f.ledger.append(&late).unwrap().head.size, 2);
}

#[test]
fn recorded_times_never_run_backwards() {
    let f = Fixture::new();
    add_many(&f, 0, 1);
    f.clock.set("2020-01-01T00:00:00Z"); // the machine's clock was wrong
    add_many(&f, 1, 2);
    let at = |i| f.ledger.entry(i).unwrap().unwrap().recorded();
    assert_eq!(at(0), at(1));
    sound(&f);
    let old = r#"{"kind":"claim","source":"a","subject":"s","predicate":"q","value":1,"stated":"2023-05-12","recorded":"2021-01-01T00:00:00Z"}"#;
    let Err(AppendError::Refused(refusals)) = f.try_add(&[old]) else { panic!("refused") };
    assert!(refusals[0].reason.to_string().contains("fresh ledger"));
}

#[test]
fn many_threads_share_one_ledger() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let ledger = Arc::new(Ledger::create(store.clone(), SystemClock, TestEntropy::seeded(1)).unwrap());
    let mut receipts = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..16)
            .map(|t| {
                let ledger = ledger.clone();
                scope.spawn(move || {
                    (0..50).map(|n| ledger.append(&batch(&[&claim(t * 1000 + n)])).unwrap().head).collect::<Vec<_>>()
                })
            })
            .collect();
        for worker in workers {
            receipts.extend(worker.join().unwrap());
        }
    });
    assert_eq!(ledger.head().size, 800);
    let mut sizes: Vec<u64> = receipts.iter().map(|r| r.size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, (1..=800).collect::<Vec<_>>(), "each got an entry of its own");
    let found = audit(&*store, &receipts, &|_| {}).unwrap();
    assert!(found.is_sound(), "every receipt fits: {:?}", found.findings);
}

/// A disk that can be made to fail.
#[derive(Default)]
struct FaultyDisk {
    fail_sync: AtomicBool,
    fail_fill: AtomicBool,
    fail_apply: AtomicBool,
}

impl Watch for FaultyDisk {
    fn hear(&self, call: &Call<'_>) -> Result<(), StoreError> {
        let fails = match call {
            Call::Fill(..) => self.fail_fill.load(Ordering::SeqCst),
            Call::Sync => self.fail_sync.load(Ordering::SeqCst),
            Call::Apply(..) => self.fail_apply.load(Ordering::SeqCst),
            Call::Get(_) => false,
        };
        if fails { Err(StoreError::Engine("disk full".into())) } else { Ok(()) }
    }
}

#[test]
fn a_large_batch_that_cannot_be_written_poisons_and_leaves_nothing() {
    let store = Arc::new(Watched::<FaultyDisk>::default());
    let f = Fixture::on(store.clone(), 1);
    add_many(&f, 0, 10);
    let before = f.ledger.head();
    store.watch.fail_fill.store(true, Ordering::SeqCst);
    let lines: Vec<String> = (0..30_000).map(claim).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert!(matches!(f.try_add(&lines), Err(AppendError::Store(_))));
    store.watch.fail_fill.store(false, Ordering::SeqCst);
    assert!(matches!(f.try_add(&lines), Err(AppendError::Poisoned)));
    let f = f.reopen();
    assert_eq!(f.ledger.head(), before);
    assert_eq!(f.add(&lines).head.size, 30_000);
    sound(&f);
}

#[test]
fn after_a_failed_sync_nothing_more_is_acknowledged() {
    let store = Arc::new(Watched::<FaultyDisk>::default());
    let f = Fixture::on(store.clone(), 1);
    add_many(&f, 0, 1);
    store.watch.fail_sync.store(true, Ordering::SeqCst);
    assert!(matches!(f.try_add(&[&claim(1)]), Err(AppendError::Store(_))));
    store.watch.fail_sync.store(false, Ordering::SeqCst);
    assert!(matches!(f.try_add(&[&claim(2)]), Err(AppendError::Poisoned)), "the disk works again, and still");
    let f = f.reopen();
    add_many(&f, 2, 3);
    sound(&f);
}

/// The machine stopped in a redaction, and now the disk is full: whoever only wants to read must get in, and must not be told that the body
/// is gone.
#[test]
fn an_erasure_that_cannot_be_written_when_opening_waits() {
    let store = Arc::new(Watched::<FaultyDisk>::default());
    let f = Fixture::on(store.clone(), 1);
    add_many(&f, 0, 300);
    let mark = |index: u64| ([b"erase".as_slice(), &index.to_be_bytes()].concat(), Some(vec![]));
    for (index, fails) in [
        (5, &store.watch.fail_sync),
        (6, &store.watch.fail_apply),
        (298, &store.watch.fail_apply),
        (299, &store.watch.fail_sync),
    ] {
        f.ledger.reindex(&|_| {}).unwrap();
        store.apply(Table::State, vec![mark(index)]).unwrap();
        fails.store(true, Ordering::SeqCst);
        let opened =
            Ledger::open(store.clone(), TestClock::at("2024-01-01T00:00:00Z"), TestEntropy::seeded(7)).unwrap();
        assert_eq!(opened.failed_erasures().into_keys().collect::<Vec<_>>(), [index]);
        reads_as_erased(&opened, index);
        let failed = |repair: &Repair| matches!(repair, Repair::ErasureFailed { index: of, .. } if *of == index);
        assert!(opened.repairs().iter().any(failed), "{:?}", opened.repairs());
        assert!(matches!(opened.append(&batch(&[&claim(900)])), Err(AppendError::Poisoned)), "nothing is acknowledged");
        drop(opened);
        fails.store(false, Ordering::SeqCst);
        let opened =
            Ledger::open(store.clone(), TestClock::at("2024-01-01T00:00:00Z"), TestEntropy::seeded(7)).unwrap();
        // What could not be synced may be there all the same: then there is nothing left to finish.
        assert!(opened.repairs().iter().all(Repair::is_done), "{:?}", opened.repairs());
        reads_as_erased(&opened, index);
    }
}

/// The same in the process whose redaction failed: its writes did.
#[test]
fn after_a_redaction_that_failed_nobody_is_given_the_words() {
    for index in [5, 299] {
        let store = Arc::new(Watched::<FaultyDisk>::default());
        let f = Fixture::on(store.clone(), 1);
        add_many(&f, 0, 300);
        f.ledger.index(&|_| {}).unwrap();
        assert!(format!("{:?}", replay(&f.ledger, &Query::default()).unwrap()).contains(&format!("p{index}\"")));
        store.watch.fail_sync.store(true, Ordering::SeqCst);
        let failed = f.ledger.redact(index, Text::new("a private matter").unwrap(), None);
        assert!(matches!(failed, Err(AppendError::Store(_))), "its redaction may be on record: {failed:?}");
        reads_as_erased(&f.ledger, index);
        assert!(f.ledger.entry(4).unwrap().unwrap().body().is_some(), "the others are as they were");
    }
}

/// Whichever way it is asked, a ledger does not give an entry's words.
fn reads_as_erased(ledger: &Ledger, index: u64) {
    let entry = ledger.entry(index).unwrap().unwrap();
    assert!(entry.body().is_none() && entry.salt().is_none() && entry.record().unwrap().is_none());
    assert_eq!(entry.header().hash(), entry.hash(), "its place in the chain is still shown");
    let mut said = String::new();
    ledger
        .scan(0, Ok::<_, sayso_core::ledger::OpenError>, |entry| {
            said += &format!("{:?}\n", entry.record().unwrap());
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    for answer in [replay(ledger, &Query::default()), fold(ledger, &Query::default())] {
        let answer = answer.unwrap();
        assert!(answer.redacted.contains(&index), "{:?}", answer.redacted);
        said += &format!("{answer:?}");
    }
    assert!(said.contains("\"p4\"") && !said.contains(&format!("\"p{index}\"")), "{said}");
}

/// A large import writes its bundles first and moves the head last.
#[test]
fn what_a_crash_left_beyond_the_head_is_removed() {
    let f = Fixture::new();
    add_many(&f, 0, 300);
    let head = f.store.get(Table::State, b"head").unwrap().unwrap();
    let tail: Vec<Row> =
        f.store.scan(Table::State, b"tail", 100).unwrap().into_iter().filter(|(k, _)| k.starts_with(b"tail")).collect();
    let runs = f.store.get(Table::State, b"runs").unwrap().unwrap();
    add_many(&f, 300, 2000);
    // The state as it was before: as if the power had failed between the bundles and the head.
    let now: Vec<Row> =
        f.store.scan(Table::State, b"tail", 100).unwrap().into_iter().filter(|(k, _)| k.starts_with(b"tail")).collect();
    f.store.apply(Table::State, now.into_iter().map(|(k, _)| (k, None)).collect()).unwrap();
    let old = tail.into_iter().chain([(b"head".to_vec(), head), (b"runs".to_vec(), runs)]);
    f.store.apply(Table::State, old.map(|(k, v)| (k, Some(v))).collect()).unwrap();
    assert!(f.store.get(Table::Log, &512u64.to_be_bytes()).unwrap().is_some());
    let f = f.reopen();
    assert_eq!(f.ledger.head().size, 300);
    assert!(f.store.get(Table::Log, &512u64.to_be_bytes()).unwrap().is_none());
    sound(&f);
    let lines: Vec<String> = (0..600).map(claim).collect();
    let out = f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(out.outcomes.iter().filter(|o| matches!(o, Outcome::AlreadyThere(_))).count(), 300);
    sound(&f);
}

#[test]
fn a_redacted_text_is_gone_and_no_guess_confirms_it() {
    let f = Fixture::new();
    add_many(&f, 0, 600);
    let reason = || Text::new("a private matter").unwrap();
    for index in [5, 300, 599] {
        f.ledger.redact(index, reason(), None).unwrap();
        assert!(f.ledger.entry(index).unwrap().unwrap().record().unwrap().is_none());
        let guess = f.add(&[&claim(index as usize)]);
        assert!(matches!(guess.outcomes[0], Outcome::Appended(_)), "the right guess is treated like any other");
        let again = f.ledger.redact(index, reason(), None);
        assert!(matches!(again, Err(AppendError::Refused(_))));
    }
    let found = audit(&*f.store, &[f.ledger.head()], &|_| {}).unwrap();
    assert_eq!((found.findings.as_slice(), found.redacted.as_slice()), ([].as_slice(), [5, 300, 599].as_slice()));
    let f = f.reopen();
    assert!(f.ledger.entry(300).unwrap().unwrap().salt().is_none());
    sound(&f);
    for (key, value) in [Table::Log, Table::State].into_iter().flat_map(|t| f.store.scan(t, b"", 10_000).unwrap()) {
        if let Ok(bundle) = sayso_core::bundle::Bundle::decode(&value) {
            let texts =
                bundle.entries.iter().filter_map(|e| e.body()).filter(|b| b.windows(4).any(|w| w == b"p300")).count();
            assert!(texts <= 1, "only the guess is left, at {key:?}");
        }
    }
}

#[test]
fn an_erasure_that_was_cut_short_is_finished_on_opening() {
    let f = Fixture::new();
    add_many(&f, 0, 300);
    let bundle = f.store.get(Table::Log, &0u64.to_be_bytes()).unwrap().unwrap();
    f.ledger.redact(7, Text::new("r").unwrap(), None).unwrap();
    f.store.apply(Table::Log, vec![(0u64.to_be_bytes().to_vec(), Some(bundle))]).unwrap();
    let promise = [b"erase".as_slice(), &7u64.to_be_bytes()].concat();
    f.store.apply(Table::State, vec![(promise, Some(vec![]))]).unwrap();
    assert!(!audit(&*f.store, &[], &|_| {}).unwrap().is_sound(), "the body is still there");
    let f = f.reopen();
    assert!(f.ledger.entry(7).unwrap().unwrap().body().is_none());
    sound(&f);
}

#[test]
fn long_chains_of_corrections_end() {
    let f = Fixture::new();
    add_many(&f, 0, 1);
    let mut deepest = 0;
    for n in 0..50u64 {
        let line = format!(r##"{{"kind":"correction","id":"k{n}","of":"#{n}","reason":"r","replacement":null}}"##);
        if f.try_add(&[&line]).is_err() {
            break;
        }
        deepest = n + 1;
    }
    assert_eq!(deepest, 8);
    f.replay(None, None);
}

#[test]
fn imported_times_are_flagged_and_kept_in_order() {
    let f = Fixture::new();
    let line = |n: usize, recorded: &str| {
        format!(
            r#"{{"kind":"claim","source":"a","subject":"s","predicate":"p{n}","value":{n},"stated":"2022-01-01","recorded":"{recorded}"}}"#
        )
    };
    f.add(&[&line(0, "2022-01-01T00:00:00Z"), &line(1, "2022-01-02T00:00:00Z")]);
    let entry = f.ledger.entry(1).unwrap().unwrap();
    assert!(entry.has_imported_clock());
    assert_eq!(entry.recorded(), Instant::from_rfc3339("2022-01-02T00:00:00Z").unwrap());
    for bad in [line(2, "2022-01-01T12:00:00Z"), line(3, "2099-01-01T00:00:00Z")] {
        assert!(matches!(f.try_add(&[&bad]), Err(AppendError::Refused(_))));
    }
    assert_eq!(
        f.add(&[&line(0, "2022-01-01T00:00:00Z")]).outcomes,
        [Outcome::AlreadyThere(0)],
        "a repeat is no step back"
    );
    assert_eq!(audit(&*f.store, &[], &|_| {}).unwrap().imported_clock, 2);
}

#[test]
fn a_store_without_a_ledger_is_not_opened() {
    let opened =
        Ledger::open(Arc::new(MemoryStore::default()), TestClock::at("2023-05-13T08:00:00Z"), TestEntropy::seeded(1));
    assert!(opened.is_err());
}

/// A damaged or forged head must not make opening delete what was written, nor the next entry follow the wrong one.
#[test]
fn a_head_that_does_not_fit_is_refused_before_anything_is_touched() {
    for size in [512, 600] {
        let f = Fixture::new();
        add_many(&f, 0, size);
        let Fixture { ledger, store, .. } = f;
        drop(ledger);
        let good = store.get(Table::State, b"head").unwrap().unwrap();
        let rows =
            |t| store.scan(t, b"", 10_000).unwrap().into_iter().filter(|(k, _)| k != b"head").collect::<Vec<_>>();
        let before = (rows(Table::Log), rows(Table::State));
        let forged = |size: u64, sealed: u64| [&size.to_le_bytes()[..], &sealed.to_le_bytes(), &good[16..]].concat();
        let mut heads = vec![
            forged(100, 100),
            forged(100, 0),
            forged(256, 256),
            forged(u64::MAX, u64::MAX / 256 * 256),
            forged(0, 0),
        ];
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            heads.push(bad);
        }
        for head in heads {
            store.apply(Table::State, vec![(b"head".to_vec(), Some(head))]).unwrap();
            let opened = Ledger::open(store.clone(), TestClock::at("2023-05-13T08:00:00Z"), TestEntropy::seeded(1));
            assert!(opened.is_err());
            assert!((rows(Table::Log), rows(Table::State)) == before, "nothing was removed");
        }
        store.apply(Table::State, vec![(b"head".to_vec(), Some(good))]).unwrap();
        assert!(Ledger::open(store.clone(), TestClock::at("2023-05-13T08:00:00Z"), TestEntropy::seeded(1)).is_ok());
    }
}
