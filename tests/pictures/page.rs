//! The page in a browser: by hand, by key, with hostile words in it, and with very many.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::browser::Browser;
use super::program::{json_of, ok, with};
use super::{HOSTILE, IMAGE, day, root};

/// Where the pictures of the documentation go, if they are asked for.
pub(super) fn screenshots() -> Option<PathBuf> {
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
    let [conflicts, of_words] = compare_counts(&ledger, "2023-05-12");
    assert!(told.starts_with("As of 2023-05-12,") && told.contains(&format!("different words: {of_words},")), "{told}");
    assert_eq!((conflicts, told.contains("conflict:")), (0, false), "who fired first is answered in words: {told}");

    // The slider moves, by key, and cells change to what replay says at that date.
    let before = browser.text("#matrix");
    browser.eval("document.querySelector('#slider').focus()");
    browser.press("ArrowLeft");
    assert_eq!(browser.text("#date"), "2023-05-11");
    assert_ne!(browser.text("#matrix"), before);
    let cell = r#"[...document.querySelectorAll('#matrix tbody tr')].find(r => r.querySelector('th.question')?.innerText.trim() === 'armenian-soldiers-wounded')"#;
    let yerevan = r#"[...document.querySelectorAll('#matrix thead th')].findIndex(h => h.innerText === 'yerevan')"#;
    let shown = browser.eval(&format!("{cell}.children[{yerevan}].querySelector('.words').innerText"));
    let said = json_of(
        &ledger,
        &[
            "replay",
            "--as-of",
            "2023-05-11",
            "--source",
            "yerevan",
            "--subject",
            "sotk-clash-2023-05-11",
            "--predicate",
            "armenian-soldiers-wounded",
        ],
    );
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
        pictures_for_the_documentation(&mut browser, &dir);
    }
}

/// Conflicts, and apart from them those of different words alone.
fn compare_counts(ledger: &Path, as_of: &str) -> [usize; 2] {
    let compared = json_of(ledger, &["compare", "--as-of", as_of]);
    let conflicts = compared["questions"].as_array().unwrap().iter().filter(|q| q["verdict"] == "conflict");
    let of_words = |f: &serde_json::Value| f["relation"] != "conflict" || f["why"] == "different words";
    let all = |q: &&serde_json::Value| q["findings"].as_array().unwrap().iter().all(of_words);
    let (words, others): (Vec<_>, Vec<_>) = conflicts.partition(all);
    [others.len(), words.len()]
}

/// The pictures of the page in `docs/pictures`; the drawings are made in `words.rs`.
fn pictures_for_the_documentation(browser: &mut Browser, dir: &Path) {
    let file = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    browser.press("Escape");
    browser.eval("(() => { const s = document.querySelector('#slider'); s.value = Number(s.value) + 1; s.dispatchEvent(new Event('input')); scrollTo(0, 0); })()");
    browser.eval("(() => { const f = document.querySelector('#find'); f.value = 'sotk-clash-2023-05-11'; f.dispatchEvent(new Event('input')); })()");
    let size = serde_json::json!({"width": 1440, "height": 860, "deviceScaleFactor": 1, "mobile": false});
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let chosen = r#"[...document.querySelectorAll('#matrix td button')].find(b => b.classList.contains('v11'))"#;
    browser.eval(&format!("{chosen}.click()"));
    browser.eval("document.activeElement.blur(), scrollTo(0, 0)");
    for (name, scheme) in [("report-light.png", "light"), ("report-dark.png", "dark")] {
        let media = serde_json::json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.call("Emulation.setEmulatedMedia", media);
        std::fs::write(file(name), browser.screenshot()).unwrap();
    }
}

/// Twelve sources on one question: more pairs than anybody reads, and more columns than a window has.
#[test]
fn many_sources_scroll_in_their_table_and_the_own_pairs_come_first() {
    let Some(mut browser) = Browser::start() else { return };
    let mut lines = String::new();
    for n in 0..12 {
        let value = if n < 10 { 4 } else { n };
        lines.push_str(&format!(
            "{{\"kind\":\"claim\",\"source\":\"ministry-of-affairs-{n:02}\",\"subject\":\"ferry\",\"predicate\":\"dead\",\"value\":{value},\"stated\":\"2023-05-01\"}}\n"
        ));
    }
    lines.push_str(r#"{"kind":"stance","source":"ministry-of-affairs-11","stance":"declines","subject":"ferry","predicate":"dead","stated":"2023-05-02"}"#);
    let (dir, ledger) = with(&lines);
    let page = dir.path().join("wide.html");
    ok(&ledger, &["report", "-o", page.to_str().unwrap()]);
    browser.open(&page);
    let size = serde_json::json!({"width": 1200, "height": 800, "deviceScaleFactor": 1, "mobile": false});
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let wider = |what: &str| format!("{what}.scrollWidth > {what}.clientWidth");
    let table = browser.eval(&wider("document.querySelector('#scroll')"));
    assert_eq!(table, true, "the table is wider than its place, or this shows nothing");
    assert_eq!(browser.eval("document.documentElement.scrollWidth <= innerWidth"), true, "the page scrolls sideways");

    browser.eval("document.querySelector('#matrix td button[data-source=\"11\"]').id = 'chosen'");
    browser.eval("document.querySelector('#chosen').click()");
    let pairs = "[...document.querySelectorAll('#detail-body > ul:first-of-type > li')].map(li => li.innerText)";
    let pairs = browser.eval(pairs);
    let own: Vec<&str> = pairs.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(own.len() >= 6 && own.iter().all(|line| line.starts_with("with ministry-of-affairs-")), "{own:?}");
    assert!(own[0].ends_with("(4): the bounds do not meet"), "{own:?}");
    let others = browser.eval("document.querySelector('#detail details').open");
    assert_eq!(others, false, "the other pairs are folded away");
    let cell = browser.text("#matrix button[aria-expanded=\"true\"] .words");
    assert_eq!(cell, "11 ⚑", "a flag for the stance beside the answer");
    let entry = browser.text("#detail-body article:last-of-type .says");
    assert_eq!(entry, "ministry-of-affairs-11 declines to comment on the question dead");
    let heading = browser.text("#detail-body h3");
    assert!(heading.contains("11") && heading.contains("declines to comment"), "{heading}");
    let drawn = browser.eval("document.querySelector('#detail svg').textContent");
    assert!(drawn.as_str().unwrap().contains("declines to comment"), "{drawn}");
    assert_eq!(browser.eval("document.documentElement.scrollWidth <= innerWidth"), true, "with a cell opened");
    quiet(&mut browser, &page);
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
    browser.eval("document.querySelector('#slider').focus()");
    browser.press("Home");
    assert_eq!(browser.text("#date"), "2023-05-11");
    let first = "document.querySelectorAll('#matrix th.question button')[1]";
    browser.eval(&format!("{first}.id = 'chosen'"));
    browser.click("#chosen");
    let words = browser.text("#detail-body");
    assert!(
        words.contains("<i>at least two</i>") && words.contains("<b>bold</b>") && words.contains("seen <twice>"),
        "{words}"
    );
    let links = "[...document.querySelectorAll('#detail a')].map(a => a.protocol).join()";
    assert_eq!(browser.eval(links), "https:", "only addresses of the web are links");
    assert!(words.contains("javascript:alert(3)"), "others are words: {words}");
    assert_eq!(
        browser.eval("getComputedStyle(document.querySelector('#matrix td button .words')).unicodeBidi"),
        "isolate"
    );
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

#[test]
fn years_before_the_first_one_are_whole() {
    let Some(mut browser) = Browser::start() else { return };
    let (dir, ledger) = with(
        r#"{"kind":"claim","source":"plutarch","subject":"caesar","predicate":"wounds","value":23,"stated":"-0044-03-15"}"#,
    );
    let page = dir.path().join("old.html");
    ok(&ledger, &["report", "-o", page.to_str().unwrap()]);
    browser.open(&page);
    assert_eq!(browser.text("#date"), "-0044-03-15");
    quiet(&mut browser, &page);
}

fn day_number(day: u64) -> NaiveDate {
    day_zero() + chrono::Days::new(day)
}

fn day_zero() -> NaiveDate {
    day("2023-01-01")
}
