//! The failure this guards against: a picture or a page that shows something else than `replay` and `compare` answer. A newsroom believes
//! what it sees. So the course of every question is held against `compare` on every day, over random histories in which everything happens
//! to everything; what the page picks at a date against `replay` at that date; and the page is opened in a browser, where the slider is
//! moved and cells are opened by hand and by key, nothing may go wrong, and nothing may leave the page, whatever words are in the ledger.
//!
//! `SAYSO_SCREENSHOTS=DIR` also writes the pictures of `docs/pictures`. Tests of real data use `../shared/data`; those of the page need
//! chromium. Where these are missing they say so and pass; with `CI=1` they insist on chromium.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test that meets the unexpected stops"
)]

#[path = "pictures/access.rs"]
mod access;
#[path = "support/browser.rs"]
mod browser;
#[path = "support/eventful.rs"]
mod eventful;
#[path = "pictures/page.rs"]
mod page;
#[path = "support/program.rs"]
mod program;
mod support;
#[path = "pictures/words.rs"]
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use eventful::{History, each_of, query};
use program::{json_of, ok, refused, with};
use sayso_core::ledger::Ledger;
use sayso_core::replay::{Query, replay};
use sayso_core::time::{AsOf, TimeZone};
use sayso_core::views::{Row, Verdict, compare, over_time};
use sayso_pictures::Caption;
use sayso_pictures::png::{Database, PngError, with_fonts};
use sayso_pictures::report::{Audit, Report};
use serde_json::Value;
use support::{Fixture, Rng};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn days(from: &str, to: &str) -> impl Iterator<Item = NaiveDate> {
    let to = day(to);
    day(from).iter_days().take_while(move |d| *d <= to)
}

fn as_of(day: NaiveDate, zone: &TimeZone) -> Option<AsOf> {
    Some(AsOf::parse(&day.to_string(), zone).unwrap())
}

/// Holds every question's course against `compare` on these days, and gives the number of rows compared.
fn same_as_compare(ledger: &Ledger, asked: &Query, zone: &TimeZone, days: impl Iterator<Item = NaiveDate>) -> usize {
    let over = over_time(ledger, asked, zone).unwrap();
    let mut rows = 0;
    // An instant cuts through days: what a day takes in by the calendar may lie beyond it. Then only the end can be held against it.
    let cuts_days = asked.as_of.as_ref().is_some_and(|limit| limit.to_string().contains('T'));
    for day in days.take_while(|_| !cuts_days) {
        let at = Query { as_of: as_of(day, zone), ..asked.clone() };
        if asked.as_of.as_ref().is_some_and(|limit| limit.end() < at.as_of.as_ref().unwrap().end()) {
            break;
        }
        // A question on which the sources asked for have nothing is no course.
        let expected: Vec<Row> = compare(ledger, &at).unwrap().rows;
        let expected: Vec<&Row> = expected.iter().filter(|row| row.verdict != Verdict::NothingRecorded).collect();
        let found: Vec<&Row> = over.courses.iter().filter_map(|course| course.at(day)).collect();
        let found: Vec<&Row> = found.into_iter().filter(|row| row.verdict != Verdict::NothingRecorded).collect();
        assert_eq!(found, expected, "as of {day} in {zone}: {asked:?}");
        rows += found.len();
    }
    let at_the_end = compare(ledger, asked).unwrap().rows;
    let at_the_end: Vec<&Row> = at_the_end.iter().filter(|row| row.verdict != Verdict::NothingRecorded).collect();
    let last = over.courses.iter().filter_map(|course| course.steps.last()?.row.as_ref());
    let last: Vec<&Row> = last.filter(|row| row.verdict != Verdict::NothingRecorded).collect();
    assert_eq!(last, at_the_end, "at the end: {asked:?}");
    rows
}

#[test]
fn the_course_of_a_question_is_compare_on_every_day() {
    let (histories, rows) = each_of(12, |seed| {
        let mut rng = Rng::seeded(seed);
        let history = History::new(&mut rng);
        let zones = [TimeZone::UTC, "Asia/Yerevan".parse().unwrap(), "Pacific/Honolulu".parse().unwrap()];
        let mut rows = 0;
        for zone in &zones {
            let mut asked = query(&mut rng);
            (asked.filter.tags, asked.filter.recorders, asked.filter.via) = (vec![], vec![], vec![]);
            rows += same_as_compare(&history.fixture.ledger, &asked, zone, days("2023-04-28", "2023-06-02"));
        }
        rows
    });
    let rows: usize = rows.into_iter().sum();
    assert!(rows as u64 > histories * 20, "too little to see anything: {rows}");
}

fn sotk() -> Fixture {
    let fixture = Fixture::new();
    fixture.add_all(&std::fs::read_to_string(root().join("examples/sotk-2023.jsonl")).unwrap());
    fixture
}

/// The data inside a page.
fn inside(html: &str, id: &str) -> Value {
    let begin = format!("<script type=\"application/json\" id=\"{id}\">");
    let json = html.split_once(&begin).unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(json).unwrap()
}

/// What the page picks: for each question and source the last change up to a day, as text and entries.
fn picked(data: &Value, day: NaiveDate) -> BTreeMap<(String, String, String), (String, Vec<u64>)> {
    let day = day.signed_duration_since(NaiveDate::default()).num_days();
    let mut all = BTreeMap::new();
    for question in data["questions"].as_array().unwrap() {
        for cell in question["c"].as_array().unwrap() {
            let source = data["sources"][cell[0].as_u64().unwrap() as usize].as_str().unwrap();
            let (mut entries, mut last): (Vec<u64>, Option<&Value>) = (vec![], None);
            for change in cell[1].as_array().unwrap().iter().take_while(|c| c[0].as_i64().unwrap() <= day) {
                let list: Vec<i64> = change[6].as_array().unwrap().iter().map(|e| e.as_i64().unwrap()).collect();
                let kept = list.first().filter(|first| **first < 0).map_or(0, |first| -first as usize);
                entries.truncate(kept);
                entries.extend(list.iter().skip(usize::from(kept > 0)).map(|entry| *entry as u64));
                last = Some(change);
            }
            if let Some(change) = last.filter(|change| change[1].as_i64().unwrap() >= 0) {
                let of = |key: &str| question[key].as_str().unwrap().to_owned();
                let text = change[3].as_str().unwrap().to_owned();
                all.insert((of("s"), of("p"), source.to_owned()), (text, entries));
            }
        }
    }
    all
}

/// The same from `replay`.
fn replayed(ledger: &Ledger, day: NaiveDate) -> BTreeMap<(String, String, String), (String, Vec<u64>)> {
    let query = Query { as_of: as_of(day, &TimeZone::UTC), ..Query::default() };
    let mut all: BTreeMap<(String, String, String), (String, BTreeSet<u64>)> = BTreeMap::new();
    for view in replay(ledger, &query).unwrap().views {
        for s in &view.standings {
            let key = (s.question.subject.to_string(), s.question.predicate.to_string(), view.source.to_string());
            let unit = |unit: Option<&sayso_core::text::Label>| unit.map(|u| format!(" {u}")).unwrap_or_default();
            let text = match &s.combined {
                None => s.stances[0].stance.as_str().to_owned(),
                Some(c) => match &c.value {
                    Some(value) => format!("{value}{}", unit(c.unit.as_ref())),
                    None => {
                        let all: Vec<String> =
                            c.values.iter().map(|(v, u)| format!("{v}{}", unit(u.as_ref()))).collect();
                        all.join(if c.consistent.is_none() { " & " } else { " | " })
                    }
                },
            };
            let entries = s.entries.iter().chain(s.stances.iter().flat_map(|s| &s.entries)).copied().collect();
            all.insert(key, (text, entries));
        }
        for t in &view.taken_back {
            let key = (t.question.subject.to_string(), t.question.predicate.to_string(), view.source.to_string());
            let cell = all.entry(key).or_insert_with(|| ("taken back".into(), BTreeSet::new()));
            cell.1.extend(&t.entries);
        }
    }
    all.into_iter().map(|(key, (text, entries))| (key, (text, entries.into_iter().collect()))).collect()
}

/// A page about everything in a ledger.
fn page_of(ledger: &Ledger) -> String {
    let over = over_time(ledger, &Query::default(), &TimeZone::UTC).unwrap();
    let caption = Caption { title: "A page".into(), lines: vec![] };
    let mut report = Report::new(&over, caption, Audit { sound: true, lines: vec![] }, None);
    for index in report.entries() {
        report.add(&ledger.entry(index).unwrap().unwrap()).unwrap();
    }
    report.html().unwrap()
}

#[test]
fn what_the_page_picks_at_a_date_is_what_replay_says() {
    let fixture = sotk();
    let data = inside(&page_of(&fixture.ledger), "data");
    let mut cells = 0;
    for day in days("2023-05-01", "2023-08-01") {
        let (picked, mut said) = (picked(&data, day), replayed(&fixture.ledger, day));
        // Stances are worded for people; that they are there, and on which entries they rest, is what counts.
        let word = |text: &str| matches!(text, "denies" | "affirms" | "partly-accepts" | "declines" | "taken back");
        for (key, (text, _)) in &mut said {
            if word(text) {
                *text = picked[key].0.clone();
            }
        }
        assert_eq!(picked, said, "as of {day}");
        cells += said.len();
    }
    assert!(cells > 3000, "{cells}");
    // Every entry that a cell rests on is in the page.
    let entries = inside(&page_of(&fixture.ledger), "entries");
    let all = data["questions"].as_array().unwrap().iter().flat_map(|q| q["c"].as_array().unwrap());
    let all = all.flat_map(|c| c[1].as_array().unwrap()).flat_map(|c| c[6].as_array().unwrap());
    let behind: BTreeSet<i64> = all.map(|e| e.as_i64().unwrap()).filter(|e| *e >= 0).collect();
    assert!(behind.len() > 100 && behind.iter().all(|e| entries[e.to_string()]["event"]["says"].is_string()));
}

/// Figures of one question for thousands of days, corrected years later.
#[test]
fn real_figures_over_thousands_of_days() {
    let set = root().join("../shared/data/ukraine-mod-personnel-history.jsonl.gz");
    if !set.is_file() {
        eprintln!("not run: {} is absent", set.display());
        return;
    }
    let (dir, ledger) = program::new();
    let map = root().join("examples/mappings/ukraine-mod-history.toml");
    ok(&ledger, &["import", "--imported-clock", "--map", map.to_str().unwrap(), set.to_str().unwrap()]);
    {
        let opened = support::open_dir(&ledger);
        let sampled = days("2022-02-20", "2026-02-20").step_by(37);
        let rows = same_as_compare(&opened, &Query::default(), &TimeZone::UTC, sampled);
        assert!(rows > 30, "{rows}");
    }
    for name in ["ukraine.svg", "ukraine.png"] {
        let file = dir.path().join(name);
        ok(&ledger, &["chart", LOSSES, "personnel", "-o", file.to_str().unwrap()]);
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.len() < 400_000, "{name}: {}", bytes.len());
        if name.ends_with("svg") {
            let svg = String::from_utf8(bytes).unwrap();
            assert!(svg.contains("corrected by us") && svg.contains("<title"), "the corrections are marked");
        }
    }
}

const LOSSES: &str = "Russian armed forces (losses in Ukraine, cumulative)";

/// The chart in the documentation: 22,522 entries, the ministry's count of tanks and that of Oryx. Made only when it is asked for.
#[test]
fn the_chart_of_the_documentation() {
    let Some(dir) = page::screenshots() else { return };
    let (_kept, ledger) = program::new();
    let data = |name: &str| root().join("../shared/data").join(name).to_str().unwrap().to_owned();
    let map = |name: &str| root().join("examples/mappings").join(name).to_str().unwrap().to_owned();
    let maps = [map("ukraine-mod-history.toml"), map("oryx-daily-count.toml")];
    let sets = [data("ukraine-mod-equipment-history.jsonl.gz"), data("oryx-daily-count.csv")];
    ok(&ledger, &["import", "--imported-clock", "--map", &maps[0], "--map", &maps[1], &sets[0], &sets[1]]);
    let title = "Russian tanks lost: what two sources say";
    let file = dir.join("chart.svg");
    ok(&ledger, &["chart", LOSSES, "tank", "--title", title, "--overwrite", "-o", file.to_str().unwrap()]);
}

/// Words in many letters and with markup in them, open bounds, doubts, a correction, a retraction, a denial.
const HOSTILE: &str = r#"
{"kind":"claim","id":"a1","source":"</script><script>alert(1)</script>","subject":"<img src=x onerror=alert(2)>","predicate":"killed & wounded","value":{"min":2},"unit":"people","stated":"2023-05-11","note":"<b>bold</b>","citations":[{"url":"https://example.org/a?b=1&c=2","exact":"<i>at least two</i>"}]}
{"kind":"claim","id":"a2","source":"</script><script>alert(1)</script>","subject":"<img src=x onerror=alert(2)>","predicate":"killed & wounded","value":{"min":4},"stated":"2023-05-14?"}
{"kind":"claim","id":"b1","source":"Երևան","subject":"<img src=x onerror=alert(2)>","predicate":"killed & wounded","value":{"max":1},"unit":"people","stated":"2023-05-12"}
{"kind":"claim","id":"c1","source":"دمشق","subject":"<img src=x onerror=alert(2)>","predicate":"killed & wounded","value":{"min":1,"max":3},"unit":"people","stated":"2023-05-12"}
{"kind":"claim","id":"d1","source":"Київ","subject":"<img src=x onerror=alert(2)>","predicate":"killed & wounded","value":{"approx":3},"unit":"people","stated":"2023-05-13"}
{"kind":"claim","id":"d2","source":"Київ","subject":"<img src=x onerror=alert(2)>","predicate":"fired first","value":"\u2028 the <others> \u202e did","stated":"2023-05-13"}
{"kind":"claim","id":"e1","source":"Երևան","subject":"<img src=x onerror=alert(2)>","predicate":"fired first","value":"الآخرون","stated":"2023-05-14"}
{"kind":"stance","id":"s1","source":"دمشق","stance":"denies","of":"d2","stated":"2023-05-14"}
{"kind":"correction","of":"d1","reason":"typing error","replacement":{"source":"Київ","subject":"<img src=x onerror=alert(2)>","predicate":"killed & wounded","value":{"approx":5},"unit":"people","stated":"2023-05-13"}}
{"kind":"retraction","source":"Երևան","of":"b1","stated":"2023-05-15"}
{"kind":"note","of":"a1","text":"seen <twice>","citations":[{"url":"javascript:alert(3)"}]}
"#;

const IMAGE: &str = "<img src=x onerror=alert(2)>";

#[test]
fn pictures_say_what_is_there_and_nothing_of_it_is_markup() {
    let (dir, ledger) = with(HOSTILE);
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let svg = |name: &str, args: &[&str]| {
        ok(&ledger, &[args, &["-o", &file(name)]].concat());
        let svg = std::fs::read_to_string(file(name)).unwrap();
        assert!(!svg.contains("<script") && !svg.contains("<img") && !svg.contains("<others"), "{name}");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title id=") && svg.contains("<desc id="), "{name}");
        assert!(svg.contains("&lt;img src=x"), "{name}");
        svg
    };
    let chart = svg("chart.svg", &["chart", IMAGE, "killed & wounded"]);
    for part in [
        "fading upwards",
        "fading downwards",
        "band: from",
        "dashed: about",
        "hollow sign",
        "×: taken back",
        "corrected by us",
        "hatched",
    ] {
        assert!(chart.contains(part), "{part}");
    }
    assert!(chart.contains("unicode-bidi=\"plaintext\">دمشق") && chart.contains("Երևան"), "{chart}");
    let words = svg("words.svg", &["chart", IMAGE, "fired first"]);
    assert!(words.contains("the &lt;others&gt; \\u{202e} did") && words.contains("denies"), "{words}");
    let then = svg("then.svg", &["chart", IMAGE, "killed & wounded", "--as-of", "2023-05-12"]);
    assert!(!then.contains("dashed: about") && then.contains("as of 2023-05-12"), "{then}");
    svg("timeline.svg", &["timeline", IMAGE]);
    let matrix = svg("matrix.svg", &["matrix"]);
    assert!(
        matrix.contains("#hatch") && matrix.contains(">C</text>") && matrix.contains(">conflict</text>"),
        "{matrix}"
    );

    let (code, said) = refused(&ledger, &["matrix", "-o", &file("matrix.svg")]);
    assert!(code == 1 && said.contains("already there") && said.contains("--overwrite"), "{said}");
    ok(&ledger, &["matrix", "--overwrite", "-o", &file("matrix.svg")]);
    let (code, said) = refused(&ledger, &["matrix", "-o", &file("matrix.jpg")]);
    assert!(code == 2 && said.contains(".svg or .png"), "{said}");
    let (code, said) = refused(&ledger, &["chart", "nobody", "asked", "-o", &file("none.svg")]);
    assert!(code == 1 && said.contains("nothing was said on nobody / asked"), "{said}");
    let (code, said) = refused(&ledger, &["report", "-o", &file("page.txt")]);
    assert!(code == 2 && said.contains(".html"), "{said}");
    let told = json_of(&ledger, &["matrix", "-o", &file("told.svg")]);
    assert_eq!(told["questions"][1]["verdict"], "conflict", "{told}");
    assert_eq!(told["file"], file("told.svg"));
}

/// A correction of what was recorded under another name hangs on the track that is shown.
#[test]
fn an_alias_and_a_correction_together() {
    let lines = r#"
{"kind":"claim","id":"a","source":"yerevan","subject":"clash","predicate":"wounded","value":2,"stated":"2023-05-11"}
{"kind":"claim","id":"b","source":"erevan","subject":"clash","predicate":"injured","value":3,"stated":"2023-05-12"}
{"kind":"correction","of":"b","reason":"a digit was lost","replacement":{"source":"erevan","subject":"clash","predicate":"injured","value":30,"stated":"2023-05-12"}}
{"kind":"alias","names":"source","from":"erevan","to":"yerevan"}
{"kind":"alias","names":"predicate","from":"injured","to":"wounded"}
"#;
    let (dir, ledger) = with(lines);
    let file = dir.path().join("drawn.svg");
    let drawn = |args: &[&str]| {
        ok(&ledger, &[args, &["--overwrite", "-o", file.to_str().unwrap()]].concat());
        std::fs::read_to_string(&file).unwrap()
    };
    for source in [&[][..], &["--source", "yerevan"], &["--source", "erevan"]] {
        let chart = drawn(&[&["chart", "clash", "wounded"], source].concat());
        assert!(chart.contains("#1 corrected by us, 2023-05-12"), "{chart}");
        let timeline = drawn(&[&["timeline", "clash"], source].concat());
        assert!(timeline.contains("yerevan: wounded = 30 (as corrected by #2)"), "{timeline}");
        assert!(!timeline.contains("erevan: injured") && !timeline.contains(">erevan<"), "{timeline}");
    }
}

/// Each change tells all values anew: without a limit that grows with the square of the statements.
#[test]
fn very_many_words_of_nobody_stay_small() {
    let claim = |n: u64| {
        let day = day("2020-01-01") + chrono::Days::new(n);
        format!(
            "{{\"kind\":\"claim\",\"source\":\"unattributed\",\"subject\":\"town\",\"predicate\":\"said\",\"value\":\"word number {n} of what was heard there\",\"stated\":\"{day}\"}}\n"
        )
    };
    let (dir, ledger) = with(&(0..1000).map(claim).collect::<String>());
    for (name, args) in [("c.svg", &["chart", "town", "said"][..]), ("m.svg", &["matrix"]), ("r.html", &["report"])] {
        let file = dir.path().join(name);
        ok(&ledger, &[args, &["-o", file.to_str().unwrap()]].concat());
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.len() < 4_000_000, "{name}: {}", text.len());
        assert!(text.contains("970 more"), "{name} tells how many it does not show");
    }
}

#[test]
fn pictures_tell_what_was_erased() {
    let (dir, ledger) = with(HOSTILE);
    ok(&ledger, &["redact", "#2", "--reason", "asked for"]);
    for args in [&["chart", IMAGE, "killed & wounded"][..], &["timeline", IMAGE], &["matrix"], &["report"]] {
        let file = dir.path().join(if args == ["report"] { "erased.html" } else { "erased.svg" });
        ok(&ledger, &[args, &["--overwrite", "-o", file.to_str().unwrap()]].concat());
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("1 entry was erased; nobody can tell whether it belongs here."), "{args:?}");
    }
}

#[test]
fn the_slider_reaches_the_day_that_was_asked_for() {
    let (dir, ledger) = with(HOSTILE);
    let file = dir.path().join("early.html");
    ok(&ledger, &["report", "--as-of", "2023-05-01", "-o", file.to_str().unwrap()]);
    let data = inside(&std::fs::read_to_string(&file).unwrap(), "data");
    let asked = day("2023-05-01").signed_duration_since(NaiveDate::default()).num_days();
    assert_eq!((&data["first"], &data["start"]), (&asked.into(), &asked.into()));
    assert!(data["last"].as_i64().unwrap() > asked);
}

#[test]
fn a_bitmap_loses_no_letters_in_silence() {
    let svg = |words: &str| {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"20\"><text x=\"2\" y=\"15\">{words}</text></svg>"
        )
    };
    assert!(matches!(with_fonts(&svg("words"), 1.0, Database::new()), Err(PngError::NoFonts)));
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    if fonts.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "a font is needed");
        eprintln!("not run: a font is needed");
        return;
    }
    let missing = with_fonts(&svg("words \u{10FFFD}"), 1.0, fonts.clone()).unwrap_err().to_string();
    assert!(missing.contains("U+10FFFD") && missing.contains("install"), "{missing}");
    let bytes = with_fonts(&svg("words"), 2.0, fonts).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(u32::from_be_bytes(bytes[16..20].try_into().unwrap()), 180, "twice as wide");
}
