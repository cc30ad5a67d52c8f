//! The golden ledger: if any byte of the format drifts, a ledger written by an earlier release could no longer be read,
//! and nobody would notice until somebody's evidence was gone. The files under `golden/v1` are never changed; a new
//! format gets a new directory beside them.
//!
//! `SAYSO_BLESS=1 cargo test` writes them anew, which is right only before the first release of a format.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sayso_core::audit::audit;
use sayso_core::body::Record;
use sayso_core::entry::{Hash, Header, LedgerId, commitment};
use sayso_core::event::{Content, Reference};
use sayso_core::exchange::{Draft, Exporter};
use sayso_core::ledger::Ledger;
use sayso_core::store::{MemoryStore, Store, Table};
use sayso_core::text::{Label, Text};
use sayso_core::time::Instant;
use support::{Fixture, TestClock, TestEntropy};

const TABLES: [(Table, &str); 2] = [(Table::Log, "log"), (Table::State, "state")];

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/v1")
}

/// Events that reach every branch of the format.
fn lines() -> Vec<String> {
    let claim = |n: usize, rest: &str| {
        format!(
            r#"{{"kind":"claim","id":"c{n}","source":"yerevan","subject":"Սոթք {n}","predicate":"yaralı","stated":"2023-05-12",{rest}}}"#
        )
    };
    let values = [
        r#""value":"Երկու զինծառայող վիրավորվել է""#,
        r#""value":"İki hərbçi yaralanıb ə ğ ş","lang":"az-Latn","translated":true"#,
        r#""value":"Dua prajurit terluka","lang":"id","quote":"“dua prajurit … terluka”\n\ttetap""#,
        r#""value":true,"act":"accuses""#,
        r#""value":false,"act":"denies""#,
        r#""value":2,"unit":"people""#,
        r#""value":-0.5"#,
        r#""value":79228162514264337593543950335"#,
        r#""value":0.0000000000000000000000000001"#,
        r#""value":0"#,
        r#""value":{"min":2}"#,
        r#""value":{"max":40}"#,
        r#""value":{"min":12,"max":24}"#,
        r#""value":{"approx":2000}"#,
        r#""value":{"date":"2023-05-14"},"act":"schedules""#,
        r#""value":{"unknown":true}"#,
        r#""value":{"none":true}"#,
        r#""value":1,"act":"forecasts","modality":"very small chance""#,
        r#""value":1,"act":"analyses","via":["afp","reuters"],"speaker":"Nikol Pashinyan","body":"Government of Armenia""#,
    ];
    let dates = [
        "2023",
        "2023-05",
        "199X",
        "20XX",
        "-12XX",
        "-001X",
        "2023-22",
        "2004-XX",
        "1985-XX-XX",
        "1985-04-XX",
        "Y170000002",
        "2023-05-11?",
        "2023-05~",
        "2023%",
        "../2023-05-12",
        "2023-05-12/..",
        "/2006",
        "2004-06-01/",
        "2023-05-01~/2023-05-10~",
        "2023-05-12T08:00:00Z",
        "2023-05-12T08:00:00+04:00",
        "1961-04-12T06:07:00-11:30",
        "-0044-03-15",
        "0000",
    ];
    let mut lines: Vec<String> = values.iter().enumerate().map(|(n, v)| claim(n, v)).collect();
    for (n, date) in dates.iter().enumerate() {
        lines.push(claim(100 + n, &format!(r#""value":1,"occurred":"{date}","published":"{date}""#)));
    }
    let stated = [
        "1969-12-31T23:59:59Z",
        "0001-01-01",
        "199X?",
        "2023-05-01/2023-05-10~",
        "../2023-05-11",
        "2023-05-12T08:00:00+04:00",
    ];
    for (n, date) in stated.iter().enumerate() {
        lines.push(format!(
            r#"{{"kind":"claim","id":"s{n}","source":"baku/mod","subject":"s","predicate":"p{n}","value":1,"stated":"{date}","timezone":"Asia/Baku"}}"#
        ));
    }
    lines.extend(
        [
            r#"{"kind":"claim","source":"eu","subject":"no-id","predicate":"p","value":3,"stated":"2023-05-12","tags":["a","b"],"note":"without an id","citations":[{"url":"https://example.org/a","archived":"https://archive.example/a","blake3":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","exact":"two","prefix":"at least ","suffix":" men"},{"blake3":"ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"}]}"#,
            r#"{"kind":"stance","source":"baku","of":"c5","stance":"denies","stated":"2023-05-13","published":"2023-05-13"}"#,
            r#"{"kind":"stance","source":"eu","subject":"Սոթք 5","predicate":"yaralı","stance":"declines","stated":"2023-05"}"#,
            r#"{"kind":"stance","id":"affirms","source":"paris","of":"c6","stance":"affirms","stated":"2023-05-14"}"#,
            r#"{"kind":"stance","source":"moscow","of":"c7","stance":"partly-accepts","stated":"2023-05-14"}"#,
            r#"{"kind":"retraction","id":"r","source":"yerevan","of":"c5","stated":"2023-05-15","via":["armenpress"]}"#,
            r#"{"kind":"correction","id":"k1","of":"c6","reason":"typing error","replacement":{"kind":"claim","source":"yerevan","subject":"Սոթք 6","predicate":"yaralı","stated":"2023-05-12","value":{"min":3}}}"#,
            r#"{"kind":"correction","id":"k2","of":"k1","reason":"it was right","replacement":null}"#,
            r#"{"kind":"correction","id":"k3","of":"k2","reason":"nested","replacement":{"kind":"correction","of":"k1","reason":"inner","replacement":null}}"#,
            r#"{"kind":"alias","names":"subject","from":"Zod","to":"Sotk"}"#,
            r#"{"kind":"alias","names":"source","from":"erevan","to":"yerevan"}"#,
            r#"{"kind":"alias","names":"predicate","from":"wounded","to":"yaralı"}"#,
            r#"{"kind":"note","of":"c0","text":"«Դիտողություն» \u202e kept to the letter"}"#,
        ]
        .map(str::to_owned),
    );
    let long = "ա".repeat(29_000);
    lines.push(claim(900, &format!(r#""value":"{long}""#)));
    lines
}

/// A sealed bundle and a tail, an imported clock that begins before 1970, two erased bodies.
fn build(store: Arc<dyn Store>) -> Fixture {
    let f = Fixture::on(store, 7);
    let old = ["1969-07-20T20:17:40Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "2000-02-29T12:00:00.5Z"];
    for (n, recorded) in old.iter().enumerate() {
        f.add(&[&format!(
            r#"{{"kind":"claim","id":"old{n}","source":"eagle","subject":"moon","predicate":"landed","value":true,"stated":"1969-07-20","recorded":"{recorded}","recorder":"an older system"}}"#
        )]);
    }
    let lines = lines();
    f.add(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    f.clock.set("2023-05-14T09:30:00.000001Z");
    let many: Vec<String> = (0..200)
        .map(|n| format!(r#"{{"kind":"claim","id":"m{n}","source":"baku","subject":"many","predicate":"p{n}","value":{n},"stated":"2023-05-14"}}"#))
        .collect();
    f.add(&many.iter().map(String::as_str).collect::<Vec<_>>());
    for (index, reason) in [(20, "a private person's address"), (262, "եռակի")] {
        f.ledger.redact(index, Text::new(reason).unwrap(), None).unwrap();
    }
    f.add(&[r#"{"kind":"claim","source":"eu","subject":"end","predicate":"p","value":"last","stated":"2023-05-14"}"#]);
    f
}

/// Beginnings of its keys in the state table.
const INDEX_OF_VIEWS: [&[u8]; 7] = [b"projection", b"link", b"alias", b"gone", b"name", b"clock", b"times"];

fn rows(store: &dyn Store) -> BTreeMap<String, Vec<u8>> {
    let mut rows = BTreeMap::new();
    for (table, name) in TABLES {
        for (key, value) in store.scan(table, b"", 100_000).unwrap() {
            // The index of views is made anew whenever it does not fit: its layout is no promise.
            if INDEX_OF_VIEWS.iter().any(|prefix| key.starts_with(prefix)) {
                continue;
            }
            let hex: String = key.iter().map(|b| format!("{b:02x}")).collect();
            rows.insert(format!("{name}/{hex}"), value);
        }
    }
    rows
}

fn envelope(ledger: &Ledger) -> String {
    let exporter = Exporter::new(ledger, true);
    let lines = (0..ledger.head().size).map(|i| {
        let entry = ledger.entry(i).unwrap().unwrap();
        exporter.draft(&entry).unwrap().unwrap().to_json() + "\n"
    });
    lines.collect()
}

#[test]
fn a_ledger_made_today_has_the_bytes_of_the_golden_one() {
    let f = build(Arc::new(MemoryStore::default()));
    let rows = rows(&*f.store);
    let (head, envelope) = (f.ledger.head(), envelope(&f.ledger));
    if std::env::var_os("SAYSO_BLESS").is_some() {
        let _ = std::fs::remove_dir_all(dir());
        for (name, value) in &rows {
            let path = dir().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, value).unwrap();
        }
        std::fs::write(dir().join("head.txt"), format!("{head}\n")).unwrap();
        std::fs::write(dir().join("envelope.jsonl"), &envelope).unwrap();
    }
    assert_eq!(std::fs::read_to_string(dir().join("head.txt")).unwrap(), format!("{head}\n"));
    assert_eq!(std::fs::read_to_string(dir().join("envelope.jsonl")).unwrap(), envelope);
    let files = golden_rows();
    assert_eq!(files.keys().collect::<Vec<_>>(), rows.keys().collect::<Vec<_>>());
    for (name, value) in &rows {
        // Compressed bytes may change with the library; what they hold may not.
        if !name.starts_with("log/") {
            assert_eq!(files[name], *value, "{name}");
        }
    }
}

fn golden_rows() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (_, table) in TABLES {
        for file in std::fs::read_dir(dir().join(table)).unwrap() {
            let file = file.unwrap();
            files
                .insert(format!("{table}/{}", file.file_name().to_string_lossy()), std::fs::read(file.path()).unwrap());
        }
    }
    files
}

/// The golden files as a store.
fn golden_store() -> Arc<dyn Store> {
    let store = MemoryStore::default();
    for (name, value) in golden_rows() {
        let (table, hex) = name.split_once('/').unwrap();
        let table = TABLES.iter().find(|(_, name)| *name == table).unwrap().0;
        let key = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        store.apply(table, vec![(key, Some(value))]).unwrap();
    }
    Arc::new(store)
}

#[test]
fn the_golden_ledger_is_sound_and_reads_as_ever() {
    let store = golden_store();
    let found =
        audit(&*store, &[std::fs::read_to_string(dir().join("head.txt")).unwrap().parse().unwrap()], &|_| {}).unwrap();
    assert_eq!(found.findings, []);
    assert_eq!((found.imported_clock, found.redacted.as_slice()), (4, [20, 262].as_slice()));
    assert_eq!(found.anchored, Some(found.head));
    let ledger = Ledger::open(store, TestClock::at("2024-01-01T00:00:00Z"), TestEntropy::seeded(5)).unwrap();
    assert_eq!(envelope(&ledger), std::fs::read_to_string(dir().join("envelope.jsonl")).unwrap());
}

/// `export --envelope` promises all that a ledger with the same hashes can be made from: here it is made, line by line.
#[test]
fn an_envelope_is_enough_for_the_same_hashes() {
    let text = std::fs::read_to_string(dir().join("envelope.jsonl")).unwrap();
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    };
    let mut previous: Option<Hash> = None;
    for (index, line) in text.lines().enumerate() {
        let mut draft = Draft::from_json(line).unwrap();
        let id = LedgerId(bytes(&draft.ledger.take().unwrap()).try_into().unwrap());
        let hash: Hash = draft.hash.take().unwrap().parse().unwrap();
        let recorded = Instant::from_rfc3339(draft.recorded.as_ref().unwrap()).unwrap();
        let flags = u16::from(draft.imported_clock.take().unwrap_or(false));
        assert_eq!(draft.index.take(), Some(index as u64));
        let commitment = match (draft.commitment.take(), draft.salt.take()) {
            (Some(left), None) => left.parse().unwrap(),
            (None, Some(salt)) => {
                let new = draft.check(&support::options()).unwrap();
                let number = |r: Reference| if let Reference::Index(i) = r { Ok(i) } else { Err(r) };
                let event = new.event.map_references(&mut { number }).unwrap();
                let recorder = Label::new(if index < 4 { "an older system" } else { "tester" }).ok();
                let by_redact = matches!(event.content, Content::Redaction(_));
                let record = Record { recorder: recorder.filter(|_| !by_redact), event };
                commitment(&bytes(&salt).try_into().unwrap(), &record.encode().unwrap())
            }
            other => panic!("{other:?}"),
        };
        let header =
            Header { flags, index: index as u64, recorded, previous: previous.unwrap_or(id.genesis()), commitment };
        assert_eq!(header.hash(), hash, "#{index}");
        previous = Some(hash);
    }
}
