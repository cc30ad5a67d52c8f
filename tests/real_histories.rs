//! The failure this guards against: a newsroom prints "the ministry claimed 792,170", and the figure was a slip of whoever compiled the table,
//! mended two days later. Real histories, with every change that was ever made to them, must answer what was said by a day and
//! what was known by a day, each as the table really read.
//!
//! The data lie in `../shared/data`, beside the workspace. Where they are absent these tests say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/histories.rs"]
mod histories;
#[path = "support/program.rs"]
mod program;
mod support;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Instant as Stopwatch;

use histories::{Change, HISTORIES, Op, RUSSIAN_LOSSES, changes, converted, data, mapping, source};
use program::{json_of, ok};
use sayso_core::event::{NameKind, Question};
use sayso_core::ledger::{Batch, NewEvent, Outcome};
use sayso_core::replay::{Filter, Query};
use sayso_core::text::Name;
use sayso_core::time::{AsOf, KnownAt, TimeZone};
use sayso_core::value::Value as Claimed;
use sayso_core::views::{Asked, Cell, Clock, HistoryQuery, Relation, Verdict, compare, diff, history, whole_log, why};
use sayso_sheets::Counts;
use serde_json::{Value, json};
use support::{Fixture, cell};

const GAZA: &str = "Gaza Strip";
const MOD: &str = "ukraine/mod";
const HEALTH: &str = "gaza/ministry-of-health";

/// The histories as they were compiled, and as events by their mappings.
struct Histories {
    ukraine: Vec<Change>,
    gaza: Vec<Change>,
    counts: Vec<Counts>,
    events: Vec<NewEvent>,
}

fn batch(events: &[NewEvent]) -> Batch {
    Batch { events: events.to_vec(), ..Batch::default() }
}

/// A ledger with everything, made once.
static LEDGER: LazyLock<Option<(Histories, Fixture)>> = LazyLock::new(|| {
    let h = read_histories()?;
    let f = Fixture::new();
    f.clock.set("2027-01-01T00:00:00Z");
    let batch = batch(&h.events);
    let started = Stopwatch::now();
    let appended = f.ledger.append(&batch).unwrap_or_else(|e| panic!("{e}"));
    println!("{} events appended in {:?}", h.events.len(), started.elapsed());
    assert!(appended.outcomes.iter().all(|o| matches!(o, Outcome::Appended(_))));
    Some((h, f))
});

fn read_histories() -> Option<Histories> {
    if let Some((absent, _)) = HISTORIES.iter().find(|(set, _)| !data(set).is_file()) {
        println!("skipped: {absent} is not in ../shared/data");
        return None;
    }
    let [personnel, equipment, gaza] = [0, 1, 2].map(|n| changes(HISTORIES[n].0));
    let (events, counts): (Vec<_>, Vec<_>) = HISTORIES.iter().map(|(set, mapping)| converted(set, mapping)).unzip();
    let mut events = events.concat();
    events.sort_by_key(|e| e.recorded);
    Some(Histories { ukraine: [personnel, equipment].concat(), gaza, counts, events })
}

fn of(counts: &Counts, kind: &str) -> u64 {
    counts.events.iter().find(|(k, _)| *k == kind).unwrap().1
}

#[test]
fn every_change_becomes_an_event_and_the_second_time_nothing() {
    let Some((h, f)) = &*LEDGER else { return };
    let [personnel, equipment, gaza, oryx] = h.counts.as_slice() else { panic!("four sets") };
    // The counts of the data's README, by kind: assert, revise and withdraw.
    assert_eq!((personnel.rows, of(personnel, "claim"), of(personnel, "correction")), (2_075, 1_859, 45 + 171));
    assert_eq!((equipment.rows, of(equipment, "claim"), of(equipment, "correction")), (21_358, 20_968, 312 + 78));
    // 391 figures moved from seven columns to seven others: seven aliases say all of it.
    assert_eq!(gaza.rows, 9_097);
    assert_eq!((of(gaza, "claim"), of(gaza, "correction"), of(gaza, "alias")), (7_788 - 391, 573 + 736 - 391, 7));
    assert_eq!((gaza.skipped[0].1, gaza.again), (391, 391 - 7));
    // Rows of Oryx whose type is a headline that repeats the figures of others.
    assert_eq!((oryx.rows, of(oryx, "claim"), oryx.skipped[0].1), (1_365, 1_365 - 176 - 25, 176 + 25));
    assert!(h.counts.iter().all(|c| (c.unused, c.empty, c.blank) == (0, 0, 0)));
    assert_eq!(f.ledger.head().size, h.events.len() as u64);

    let again = f.ledger.append(&batch(&h.events)).unwrap();
    assert!(again.outcomes.iter().all(|o| matches!(o, Outcome::AlreadyThere(_))));
    assert_eq!(again.head, f.ledger.head());
    assert!((0..again.head.size).step_by(997).all(|i| f.ledger.entry(i).unwrap().unwrap().has_imported_clock()));
}

/// On 2025-01-02 the compiler overwrote the figure of the same day a year before, and put it back on 2025-01-04.
#[test]
fn a_slip_of_the_compiler_shows_only_while_it_lasted() {
    let Some((_, f)) = &*LEDGER else { return };
    let personnel = |as_of, known| cell(&f.replay(Some(as_of), known), MOD, RUSSIAN_LOSSES, "personnel");
    for (known, figure) in [
        (Some("2024-01-03"), "~360820"),
        (Some("2025-01-02T09:45:17Z"), "~360820"),
        (Some("2025-01-02T09:45:18Z"), "~792170"),
        (Some("2025-01-03"), "~792170"),
        (Some("2025-01-04"), "~360820"),
        (None, "~360820"),
    ] {
        assert_eq!(personnel("2024-01-02", known), figure, "known at {known:?}");
    }
    // Three days had the year wrong. The first was mended within five minutes; in the meantime the right day had no figure of its own.
    let slips = [("2024-01-01", "2025-01-01T13:40:00Z", "~790800"), ("2024-01-03", "2025-01-04T15:49:41Z", "~793250")];
    for (day, known, figure) in slips {
        assert_eq!(personnel(day, Some(known)), figure);
    }
    assert_eq!(
        (personnel("2024-01-01", None).as_str(), personnel("2024-01-03", None).as_str()),
        ("~360010", "~361500")
    );
    assert_eq!(personnel("2025-01-02", Some("2025-01-03")), "~790800", "that of the day before");
    assert_eq!(personnel("2025-01-02", None), "~792170");
    // The day after was never touched.
    assert_eq!(personnel("2024-01-04", Some("2025-01-03")), personnel("2024-01-04", None));
    // The claim itself keeps the words that the estimate was made of.
    let replay = f.replay(Some("2024-01-02"), None);
    let view = replay.views.iter().find(|v| v.source.as_str() == MOD).unwrap();
    let standing = view.standings.iter().find(|s| s.question.predicate.as_str() == "personnel").unwrap();
    assert_eq!(standing.modality.iter().map(|m| m.as_str()).collect::<Vec<_>>(), ["about"]);
    assert_eq!(standing.entries.len(), 3, "the claim, the slip and what mended it");
}

#[test]
fn a_figure_of_the_first_day_was_raised_four_months_later() {
    let Some((_, f)) = &*LEDGER else { return };
    let killed = |known| cell(&f.replay(Some("2023-10-07"), known), HEALTH, GAZA, "killed_cum");
    assert_eq!(killed(Some("2024-02-01")), "198");
    assert_eq!(killed(Some("2024-03-01")), "232");
    assert_eq!(killed(None), "232");
}

/// `martyred_cum` became `killed_cum` on 2024-01-19. Nobody took anything back.
#[test]
fn a_renamed_question_is_one_question() {
    let Some((_, f)) = &*LEDGER else { return };
    let at = |known, predicate| cell(&f.replay(Some("2023-10-07"), Some(known)), HEALTH, GAZA, predicate);
    assert_eq!((at("2024-01-18", "martyred_cum").as_str(), at("2024-01-18", "killed_cum").as_str()), ("198", "-"));
    assert_eq!((at("2024-01-20", "martyred_cum").as_str(), at("2024-01-20", "killed_cum").as_str()), ("-", "198"));
    let aliases = f.ledger.aliases().unwrap();
    let old = Name::new("martyred_cum").unwrap();
    assert_eq!(aliases.shown(NameKind::Predicate, &old).as_str(), "killed_cum");
    // One question from the first day to the last: 96 days came under the old name, the rest under the new one.
    let replay = f.replay(None, None);
    let health = replay.views.iter().find(|v| v.source.as_str() == HEALTH).unwrap();
    assert!(health.standings.iter().all(|s| !s.question.predicate.as_str().contains("martyred")));
    assert!(health.taken_back.is_empty());
}

/// The ministry claims, Oryx counts pictures: both can be honest, and neither hides the other.
#[test]
fn a_claim_and_a_count_stand_side_by_side() {
    let Some((_, f)) = &*LEDGER else { return };
    let replay = f.replay(Some("2025-06-01"), None);
    assert_eq!(cell(&replay, MOD, RUSSIAN_LOSSES, "tank"), "10872");
    assert_eq!(cell(&replay, "oryx", RUSSIAN_LOSSES, "tank"), ">=4030");
    let bounds = |name: &str| {
        let view = replay.views.iter().find(|v| v.source.as_str() == name).unwrap();
        let is = |q: &Question| q.subject.as_str() == RUSSIAN_LOSSES && q.predicate.as_str() == "tank";
        let standing = view.standings.iter().find(|s| is(&s.question)).unwrap();
        assert_eq!(standing.stated.as_ref().unwrap().date().to_string(), "2025-06-01");
        match standing.combined.as_ref().unwrap().value {
            Some(Claimed::Quantity(bounds)) => bounds,
            ref other => panic!("{other:?}"),
        }
    };
    let (claimed, counted) = (bounds(MOD), bounds("oryx"));
    assert_eq!((claimed.exact(), counted.max()), (Some(10_872.into()), None));
    assert_eq!(claimed.intersect(counted), Some(claimed), "the bounds meet");
}

/// Beside one another on one question, the ministry's figure and the count from pictures are no contradiction: more may be lost than was
/// photographed.
#[test]
fn a_claim_and_a_count_are_compatible() {
    let Some((_, f)) = &*LEDGER else { return };
    for (day, claimed, counted) in [("2025-06-01", "10872", ">=4030"), ("2024-01-02", "5990", "")] {
        let compared = compare(&f.ledger, &on_tanks(day)).unwrap();
        let [row] = compared.rows.as_slice() else { panic!("{:?}", compared.rows) };
        let value =
            |c: &Cell| c.standing.as_ref().unwrap().combined.as_ref().unwrap().value.as_ref().unwrap().to_string();
        let shown: Vec<(&str, String)> = row.cells.iter().map(|c| (c.source.as_str(), value(c))).collect();
        if counted.is_empty() {
            assert_eq!(
                (row.verdict, shown),
                (Verdict::OneSource, vec![(MOD, claimed.to_owned())]),
                "before Oryx's rows"
            );
            continue;
        }
        assert_eq!(shown, [("oryx", counted.to_owned()), (MOD, claimed.to_owned())]);
        assert_eq!((row.verdict, row.findings.len()), (Verdict::Compatible, 1));
        let finding = &row.findings[0];
        assert_eq!((finding.relation, finding.stance), (Relation::Compatible, None));
        for (party, source) in finding.of.iter().zip(["oryx", MOD]) {
            let said = f.ledger.entry(party.entries[0]).unwrap().unwrap().record().unwrap().unwrap().event;
            let by = said.content.attribution().unwrap().clone();
            assert_eq!((party.source.as_str(), by.source.as_str()), (source, source));
            assert_eq!(by.stated.date().to_string(), day);
        }
    }
}

/// A question about Russian tanks on a day.
fn on_tanks(day: &str) -> Query {
    let filter = Filter {
        subject_prefixes: vec![Name::new(RUSSIAN_LOSSES).unwrap()],
        predicates: vec![Name::new("tank").unwrap()],
        ..Filter::default()
    };
    Query { as_of: AsOf::parse(day, &TimeZone::UTC).ok(), filter, ..Query::default() }
}

/// The index tells the life of a question, the reason of a figure and what changed as the whole log does, here where tables were mended a
/// thousand times and columns renamed.
#[test]
fn the_index_tells_what_the_whole_log_tells() {
    let Some((_, f)) = &*LEDGER else { return };
    let name = |text: &str| Name::new(text).unwrap();
    let known = |text: &str| KnownAt::parse(text, &TimeZone::UTC).ok();
    let mut items = 0;
    for (source, subject, predicate) in
        [(MOD, RUSSIAN_LOSSES, "personnel"), (HEALTH, GAZA, "martyred_cum"), (HEALTH, GAZA, "killed_cum")]
    {
        let (subject, predicate) = (name(subject), name(predicate));
        for known_at in [None, known("2024-01-18"), known("2025-01-03")] {
            let clocks = Query { known_at, filter: Filter::default(), ..on_tanks("2024-01-02") };
            let query = HistoryQuery { clocks: clocks.clone(), ..HistoryQuery::default() };
            let told = history(&f.ledger, &subject, Some(&predicate), &query).unwrap();
            assert!(told == whole_log::history(&f.ledger, &subject, Some(&predicate), &query).unwrap());
            items += told.total;
            let question = Question { subject: subject.clone(), predicate: predicate.clone() };
            let asked = Asked { source: name(source), question };
            let told = why(&f.ledger, &clocks, &asked).unwrap();
            assert!(told == whole_log::why(&f.ledger, &clocks, &asked).unwrap());
        }
        let filter = Filter { subject_prefixes: vec![subject], predicates: vec![predicate], ..Filter::default() };
        let at = |known_at| Query { known_at, filter: filter.clone(), ..Query::default() };
        let (before, after) = (at(known("2024-01-18")), at(known("2025-01-03")));
        let told = diff(&f.ledger, Clock::Recorded, &before, &after).unwrap();
        assert!(told == whole_log::diff(&f.ledger, Clock::Recorded, &before, &after).unwrap());
        assert!(told.sources.iter().any(|s| s.source.as_str() == source));
    }
    assert!(items > 2_000, "{items}");
}

/// What a table read at a moment, by source, predicate and day: the changes applied one after another, without a ledger.
fn table<'c>(changes: &'c [Change], known: &KnownAt) -> BTreeMap<(&'c str, &'c str), BTreeMap<&'c str, String>> {
    let mut cells: BTreeMap<(&str, &str), (&str, String)> = BTreeMap::new();
    for c in changes.iter().filter(|c| known.includes(c.recorded())) {
        let at = (c.predicate.as_str(), c.event_date.as_str());
        let figure = match (c.qualifier.as_deref(), c.value.as_i64()) {
            (Some("about" | "almost"), Some(n)) => format!("~{n}"),
            (Some(_), Some(n)) => format!(">={}", n + 1),
            (None, Some(n)) => n.to_string(),
            (_, None) => c.value.as_str().unwrap_or_default().to_owned(),
        };
        if c.op == Op::Withdraw {
            cells.remove(&at);
        } else {
            cells.insert(at, (source(&c.source), figure));
        }
    }
    let mut columns: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for ((predicate, day), (source, figure)) in cells {
        columns.entry((source, predicate)).or_default().insert(day, figure);
    }
    columns
}

/// Every party's every question, at days and moments spread over the whole time, against the tables themselves.
#[test]
fn the_ledger_answers_as_the_tables_read() {
    let Some((h, f)) = &*LEDGER else { return };
    let mut compared = 0;
    let days = ["2022-03-07", "2022-04-09", "2023-05-09", "2023-11-28", "2024-01-14", "2025-06-01", "2026-08-08"];
    // Among them the hours in which a whole column was missing from a table, and those before and after a rename.
    let moments = [
        "2022-03-10",
        "2022-04-08T22:45:00Z",
        "2022-04-10",
        "2023-05-09T10:00:00Z",
        "2024-01-19T19:01:36Z",
        "2024-01-19T19:01:37Z",
        "2025-01-03",
        "2025-11-02T18:00:00Z",
        "2026-10-01",
    ];
    for known in moments {
        let cutoff = KnownAt::parse(known, &TimeZone::UTC).unwrap();
        let read = [(RUSSIAN_LOSSES, table(&h.ukraine, &cutoff)), (GAZA, table(&h.gaza, &cutoff))];
        for day in days {
            let replay = f.replay(Some(day), Some(known));
            let mut expected: Vec<(&str, &str, &str, &str)> = Vec::new();
            for (subject, columns) in &read {
                for ((source, predicate), figures) in columns {
                    // Nobody's claims do not replace one another, so there is no newest one to compare.
                    let newest = figures.range(..=day).next_back().filter(|_| *source != "unattributed");
                    expected.extend(newest.map(|(_, figure)| (*source, *subject, *predicate, figure.as_str())));
                }
            }
            expected.sort_unstable();
            let parties = replay.views.iter().filter(|v| !v.source.is_unattributed() && v.source.as_str() != "oryx");
            let shown = parties.flat_map(|v| v.standings.iter().map(|s| (v.source.as_str(), &s.question)));
            let mut found: Vec<(&str, &str, &str, String)> = shown
                .map(|(source, q)| (source, q.subject.as_str(), q.predicate.as_str()))
                .map(|(source, s, p)| (source, s, p, cell(&replay, source, s, p)))
                .collect();
            found.sort_unstable();
            let found: Vec<(&str, &str, &str, &str)> =
                found.iter().map(|(a, b, c, d)| (*a, *b, *c, d.as_str())).collect();
            assert_eq!(found, expected, "as of {day}, known at {known}");
            compared += found.len();
        }
    }
    assert!(compared > 500, "only {compared} cells were compared");
}

/// The same as a newsroom would do it: the files as they are, and one command.
#[test]
fn four_files_and_one_command() {
    let Some((h, f)) = &*LEDGER else { return };
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("ledger");
    let path = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let mappings = HISTORIES.iter().flat_map(|(_, name)| ["--map".to_owned(), path(mapping(name))]);
    let import: Vec<String> = ["import".to_owned()]
        .into_iter()
        .chain(mappings)
        .chain(HISTORIES.iter().map(|(set, _)| path(data(set))))
        .collect();
    let import: Vec<&str> = import.iter().map(String::as_str).collect();
    ok(&ledger, &["init"]);
    let started = Stopwatch::now();
    let imported = json_of(&ledger, &import);
    println!("imported through the command line in {:?}", started.elapsed());
    assert_eq!((&imported["appended"], &imported["already_there"]), (&json!(h.events.len()), &json!(0)));
    assert_eq!(imported["sheets"][2]["events"], json!({"claim": 7_397, "correction": 918, "alias": 7}));
    let again = json_of(&ledger, &import);
    assert_eq!((&again["appended"], &again["already_there"]), (&json!(0), &json!(h.events.len())));

    let standing = |subject: &str, predicate: &str, source: &str, as_of: &str, known: &[&str]| {
        let asked = ["replay", "--subject", subject, "--predicate", predicate, "--source", source, "--as-of", as_of];
        let answer = json_of(&ledger, &[&asked[..], known].concat());
        let view = &answer["views"][0];
        assert_eq!((&view["source"], view["standings"].as_array().unwrap().len()), (&json!(source), 1), "{answer}");
        (view["standings"][0]["value"].clone(), view["standings"][0]["predicate"].clone(), answer["asked_as"].clone())
    };
    let personnel = |known: &[&str]| standing(RUSSIAN_LOSSES, "personnel", MOD, "2024-01-02", known).0;
    assert_eq!(personnel(&["--known-at", "2025-01-03"]), json!({"approx": 792_170}));
    assert_eq!(personnel(&["--known-at", "2024-01-03"]), json!({"approx": 360_820}));
    assert_eq!(personnel(&[]), json!({"approx": 360_820}));
    let killed = |known: &[&str]| standing(GAZA, "martyred_cum", HEALTH, "2023-10-07", known);
    let asked_as = json!([{"asked": "martyred_cum", "names": "predicate", "shown": "killed_cum"}]);
    assert_eq!(killed(&["--known-at", "2024-02-01"]), (json!(198), json!("killed_cum"), asked_as.clone()));
    assert_eq!(killed(&["--known-at", "2024-03-01"]), (json!(232), json!("killed_cum"), asked_as));
    assert_eq!(killed(&["--known-at", "2024-01-18"]), (json!(198), json!("martyred_cum"), json!([])));

    // A claim beside a count from pictures.
    let tanks = ["compare", "--subject", RUSSIAN_LOSSES, "--predicate", "tank", "--as-of", "2025-06-01"];
    let question = json_of(&ledger, &tanks)["questions"][0].clone();
    let cells: Vec<(&Value, &Value)> =
        question["cells"].as_array().unwrap().iter().map(|c| (&c["source"], &c["standing"]["value"])).collect();
    assert_eq!(cells, [(&json!("oryx"), &json!({"min": 4_030})), (&json!(MOD), &json!(10_872))]);
    assert_eq!(
        (&question["verdict"], &question["findings"][0]["relation"]),
        (&json!("compatible"), &json!("compatible"))
    );
    let table = ok(&ledger, &tanks);
    assert!(["10872", ">=4030", "Questions: 1 compatible."].iter().all(|part| table.contains(part)), "{table}");

    let audit = json_of(&ledger, &["audit"]);
    assert_eq!((&audit["sound"], &audit["imported_clock"]), (&json!(true), &json!(f.ledger.head().size)), "{audit}");
}
