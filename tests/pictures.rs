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

#[path = "support/browser.rs"]
mod browser;
#[path = "support/eventful.rs"]
mod eventful;
#[path = "support/program.rs"]
mod program;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use browser::Browser;
use chrono::NaiveDate;
use eventful::{History, each_of, query};
use program::{json_of, ok, refused, with};
use sayso_core::ledger::Ledger;
use sayso_core::replay::{Query, replay};
use sayso_core::time::{AsOf, TimeZone};
use sayso_core::views::{Row, Verdict, compare, over_time};
use sayso_pictures::png::{Database, PngError, with_fonts};
use sayso_pictures::report::{Audit, Report};
use sayso_pictures::Caption;
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
    for day in days {
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
                        let all: Vec<String> = c.values.iter().map(|(v, u)| format!("{v}{}", unit(u.as_ref()))).collect();
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
fn page(ledger: &Ledger) -> String {
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
    let data = inside(&page(&fixture.ledger), "data");
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
    let entries = inside(&page(&fixture.ledger), "entries");
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
    let subject = "Russian armed forces (losses in Ukraine, cumulative)";
    let asked = json_of(&ledger, &["compare"]);
    let predicate = asked["questions"][0]["predicate"].as_str().unwrap().to_owned();
    for name in ["ukraine.svg", "ukraine.png"] {
        let file = dir.path().join(name);
        ok(&ledger, &["chart", subject, &predicate, "-o", file.to_str().unwrap()]);
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.len() < 400_000, "{name}: {}", bytes.len());
        if name.ends_with("svg") {
            let svg = String::from_utf8(bytes).unwrap();
            assert!(svg.contains("corrected by us") && svg.contains("<title"), "the corrections are marked");
        }
    }
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
    for part in ["fading upwards", "fading downwards", "band: from", "dashed: about", "hollow sign", "×: taken back", "corrected by us", "hatched"] {
        assert!(chart.contains(part), "{part}");
    }
    assert!(chart.contains("unicode-bidi=\"plaintext\">دمشق") && chart.contains("Երևան"), "{chart}");
    let words = svg("words.svg", &["chart", IMAGE, "fired first"]);
    assert!(words.contains("the &lt;others&gt; \\u{202e} did") && words.contains("denies"), "{words}");
    let then = svg("then.svg", &["chart", IMAGE, "killed & wounded", "--as-of", "2023-05-12"]);
    assert!(!then.contains("dashed: about") && then.contains("as of 2023-05-12"), "{then}");
    svg("timeline.svg", &["timeline", IMAGE]);
    let matrix = svg("matrix.svg", &["matrix"]);
    assert!(matrix.contains("#hatch") && matrix.contains(">C</text>") && matrix.contains(">conflict</text>"), "{matrix}");

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

#[test]
fn a_bitmap_loses_no_letters_in_silence() {
    let svg = |words: &str| format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"20\"><text x=\"2\" y=\"15\">{words}</text></svg>");
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

/// Where the pictures of the documentation go, if they are asked for.
fn screenshots() -> Option<PathBuf> {
    std::env::var_os("SAYSO_SCREENSHOTS").map(|dir| root().join(dir))
}

/// Everything the page asked for, besides itself; and all that went wrong.
fn quiet(browser: &mut Browser, page: &Path) {
    let others: Vec<String> =
        browser.requests().into_iter().filter(|url| *url != format!("file://{}", page.display())).collect();
    assert!(others.is_empty(), "requests left the page: {others:?}");
    let problems = browser.problems();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn the_page_is_used_by_hand_and_by_key() {
    let Some(mut browser) = Browser::start() else { return };
    let (dir, ledger) = with(&std::fs::read_to_string(root().join("examples/sotk-2023.jsonl")).unwrap());
    let page = dir.path().join("sotk.html");
    ok(&ledger, &["report", "--as-of", "2023-05-12", "--title", "The clashes near Sotk", "-o", page.to_str().unwrap()]);
    browser.open(&page);
    assert_eq!(browser.text("#date"), "2023-05-12");
    assert!(browser.text("#audit").contains("Sound"), "the audit line");
    let told = browser.text("#status");
    let conflicts = compare_counts(&ledger, "2023-05-12");
    assert!(told.starts_with("As of 2023-05-12:") && told.contains(&format!("{} conflict", conflicts)), "{told}");

    // The slider moves, by key, and cells change to what replay says at that date.
    let before = browser.text("#matrix tbody");
    browser.eval("document.querySelector('#slider').focus()");
    browser.press("ArrowLeft");
    assert_eq!(browser.text("#date"), "2023-05-11");
    assert_ne!(browser.text("#matrix tbody"), before);
    let cell = r#"[...document.querySelectorAll('#matrix tbody tr')].find(r => r.querySelector('th.question')?.innerText.trim() === 'armenian-soldiers-wounded')"#;
    let yerevan = r#"[...document.querySelectorAll('#matrix thead th')].findIndex(h => h.innerText === 'yerevan')"#;
    let shown = browser.eval(&format!("{cell}.children[{yerevan}].querySelector('.words').innerText"));
    let said = json_of(&ledger, &["replay", "--as-of", "2023-05-11", "--source", "yerevan", "--subject", "sotk-clash-2023-05-11", "--predicate", "armenian-soldiers-wounded"]);
    let value = &said["views"][0]["standings"][0]["value"];
    assert_eq!(shown, format!("{value} people"), "{said}");

    // A cell opens its entries by click, and the keyboard leads back out.
    browser.eval(&format!("{cell}.children[{yerevan}].querySelector('button').id = 'chosen'"));
    browser.click("#chosen");
    assert!(browser.text("#detail-title").contains("yerevan"), "{}", browser.text("#detail-title"));
    assert_eq!(browser.eval("document.activeElement.id"), "detail-title");
    let entries = browser.eval("[...document.querySelectorAll('#detail article')].map(a => Number(a.dataset.entry))");
    assert_eq!(entries, said["views"][0]["standings"][0]["entries"], "the entries behind the cell");
    let words = browser.text("#detail-body");
    assert!(words.contains("https://") && words.contains("stated") && words.contains("recorded"), "{words}");
    assert_eq!(browser.eval("document.querySelectorAll('#detail svg path, #detail svg rect').length > 0"), true);
    browser.press("Escape");
    assert_eq!(browser.eval("document.querySelector('#detail').hidden"), true);
    let focused = browser.eval("document.activeElement.dataset.source !== undefined");
    assert_eq!(focused, true, "the focus is back on the cell");
    browser.press("Tab");
    browser.press("Enter");
    assert_eq!(browser.eval("document.querySelector('#detail').hidden"), false, "by key");
    assert_eq!(browser.eval("document.querySelectorAll('#detail article').length > 0"), true);
    assert_eq!(browser.eval("document.querySelector('#status').getAttribute('aria-live')"), "polite");
    quiet(&mut browser, &page);

    if let Some(dir) = screenshots() {
        pictures_for_the_documentation(&mut browser, &ledger, &dir);
    }
}

fn compare_counts(ledger: &Path, as_of: &str) -> usize {
    let compared = json_of(ledger, &["compare", "--as-of", as_of]);
    let questions = compared["questions"].as_array().unwrap();
    questions.iter().filter(|q| q["verdict"] == "conflict").count()
}

/// The pictures in `docs/pictures`.
fn pictures_for_the_documentation(browser: &mut Browser, ledger: &Path, dir: &Path) {
    let file = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    browser.press("Escape");
    browser.eval("(() => { const s = document.querySelector('#slider'); s.value = Number(s.value) + 1; s.dispatchEvent(new Event('input')); scrollTo(0, 0); })()");
    let chosen = r#"[...document.querySelectorAll('#matrix td button')].find(b => b.classList.contains('v0'))"#;
    browser.eval(&format!("{chosen}.click()"));
    browser.eval("document.activeElement.blur(), scrollTo(0, 0)");
    for (name, scheme) in [("report-light.png", "light"), ("report-dark.png", "dark")] {
        let media = serde_json::json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.call("Emulation.setEmulatedMedia", media);
        std::fs::write(file(name), browser.screenshot()).unwrap();
    }
    let matrix = ["matrix", "--as-of", "2023-05-12", "--subject", "sotk-clash-2023-05-11", "--title", "Sotk, as of 12 May 2023", "--overwrite"];
    ok(ledger, &[&matrix[..], &["-o", &file("matrix.svg")]].concat());
    let chart = ["chart", "sotk-clash-2023-05-11", "armenian-soldiers-wounded", "--overwrite"];
    ok(ledger, &[&chart[..], &["-o", &file("chart.svg")]].concat());
    ok(ledger, &["timeline", "sotk-clash-2023-05-12", "--overwrite", "-o", &file("timeline.svg")]);
}

#[test]
fn hostile_words_stay_words_in_the_page() {
    let Some(mut browser) = Browser::start() else { return };
    let (dir, ledger) = with(HOSTILE);
    let page = dir.path().join("hostile.html");
    ok(&ledger, &["report", "--title", "<script>alert(4)</script>", "-o", page.to_str().unwrap()]);
    browser.open(&page);
    assert_eq!(browser.eval("document.querySelectorAll('#matrix img, #matrix script').length"), 0);
    assert!(browser.text("#matrix").contains(IMAGE));
    let first = "document.querySelectorAll('#matrix th.question button')[1]";
    browser.eval(&format!("{first}.id = 'chosen'"));
    browser.click("#chosen");
    let words = browser.text("#detail-body");
    assert!(words.contains("<i>at least two</i>") && words.contains("<b>bold</b>") && words.contains("seen <twice>"), "{words}");
    let links = "[...document.querySelectorAll('#detail a')].map(a => a.protocol).join()";
    assert_eq!(browser.eval(links), "https:", "only addresses of the web are links");
    assert!(words.contains("javascript:alert(3)"), "others are words: {words}");
    assert_eq!(browser.eval("getComputedStyle(document.querySelector('#matrix td button .words')).unicodeBidi"), "isolate");
    assert_eq!(browser.eval("document.querySelectorAll('[dir=auto]').length > 10"), true);
    quiet(&mut browser, &page);
}

#[test]
fn twenty_thousand_claims_in_one_page() {
    let mut lines = String::new();
    for n in 0..20_000_u64 {
        let (question, source, time) = (n % 400, n / 400 % 10, n / 4000);
        let value = 100 + question + time * 7 + if question % 3 == 0 { source } else { 0 };
        let day = 1 + (time * 61 + question) % 300;
        let date = day_number(day);
        lines.push_str(&format!(
            "{{\"kind\":\"claim\",\"id\":\"c{n}\",\"source\":\"source-{source}\",\"body\":\"Ministry of Something\",\"via\":[\"agency-{source}\",\"wire\"],\
             \"subject\":\"town-{:03}\",\"predicate\":\"figure-{}\",\"value\":{value},\"unit\":\"people\",\"stated\":\"{date}\",\
             \"quote\":\"According to the ministry {value} people were counted there by the evening of that day, number {n}.\",\
             \"citations\":[{{\"url\":\"https://example.org/2023/{date}/article-{n}\"}}]}}\n",
            question / 4,
            question % 4
        ));
    }
    let (dir, ledger) = with(&lines);
    let page = dir.path().join("large.html");
    let begun = std::time::Instant::now();
    ok(&ledger, &["report", "-o", page.to_str().unwrap()]);
    let made = begun.elapsed();
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 15_000_000, "{size}");
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&page);
    browser.wait_for("performance.getEntriesByName('first-contentful-paint').length > 0");
    let ready = browser.eval("document.documentElement.dataset.ready");
    let paint = browser.eval("Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime)");
    let moved = browser.eval(
        "(() => { const s = document.querySelector('#slider'); const t = performance.now(); s.value = Number(s.min) + 99; \
         s.dispatchEvent(new Event('input')); return Math.round(performance.now() - t); })()",
    );
    eprintln!(
        "20,000 claims, 400 questions, 10 sources: page of {:.1} MB made in {} ms; first view after {ready} ms, painted after {paint} ms; \
         a move of the slider takes {moved} ms",
        size as f64 / 1e6,
        made.as_millis()
    );
    assert_eq!(browser.text("#pages"), "1–40 of 400");
    browser.click("#next");
    assert_eq!(browser.text("#pages"), "41–80 of 400");
    browser.eval("document.querySelector('#matrix td button').id = 'chosen'");
    browser.click("#chosen");
    assert!(browser.text("#detail-body").contains("According to the ministry"));
    quiet(&mut browser, &page);
}

fn day_number(day: u64) -> NaiveDate {
    day_zero() + chrono::Days::new(day)
}

fn day_zero() -> NaiveDate {
    day("2023-01-01")
}
