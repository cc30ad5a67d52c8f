//! The page for those who read it on paper, in the dark, or by ear. What cannot be seen there is as good as left out, and nobody who made the page
//! notices. So contrast is worked out from the colours that the browser comes to; what paper shows from what the browser lays out for it;
//! and names and roles are those that the browser tells a screen reader.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::browser::Browser;
use super::program::{ok, with};
use super::{HOSTILE, root};

/// The contrast of every text that is shown, by the formula of the Web Content Accessibility Guidelines, and those below 4.5; of the marking of every
/// verdict, also with the letters of cells; and of the colours of sources on the charts.
const CONTRASTS: &str = r"(() => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
  const light = (colour) => {
    const [r, g, b] = rgba(colour).slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  // The colours behind an element: its own, those of its hatching, or what lies under it.
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      const hatched = [...style.backgroundImage.matchAll(/(?:rgb|rgba|color|oklab|color-mix)\([^()]*(?:\([^()]*\)[^()]*)*\)/g)].map((m) => m[0]);
      if (hatched.length) return hatched;
      if (rgba(style.backgroundColor)[3] === 255) return [style.backgroundColor];
    }
    return ['white'];
  };
  const found = [];
  const seen = (element, colour, what) => {
    const worst = Math.min(...behind(element).map((b) => contrast(colour, b)));
    found.push([Math.round(worst * 100) / 100, what]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.getClientRects().length || element.closest(':disabled, script, style, title')) continue;
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    seen(element, colour, `${element.tagName} ${element.className.baseVal ?? element.className}: ${node.data.trim().slice(0, 30)}`);
  }
  const ink = getComputedStyle(document.body).color;
  document.querySelectorAll('#key .swatch').forEach((swatch) => seen(swatch, ink, `words on ${swatch.className}`));
  const root = getComputedStyle(document.documentElement);
  for (let n = 0; n < 12; n += 1) seen(document.querySelector('#detail svg'), root.getPropertyValue(`--s${n}`).trim(), `source ${n}`);
  return { low: found.filter(([c]) => c < 4.5), all: found.length, kinds: [...new Set(found.map(([, what]) => what.split(':')[0]))], verdicts: document.querySelectorAll('#key .swatch').length };
})()";

/// A page with a cell opened that has much in it: a quote, links, a conflict, doubts.
fn opened(lines: &str, args: &[&str]) -> Option<(Browser, tempfile::TempDir)> {
    let mut browser = Browser::start()?;
    let (dir, ledger) = with(lines);
    let page = dir.path().join("page.html");
    ok(&ledger, &[&["report", "-o", page.to_str().unwrap()], args].concat());
    browser.open(&page);
    Some((browser, dir))
}

fn emulate(browser: &mut Browser, media: &str, scheme: &str) {
    let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
    browser.call("Emulation.setEmulatedMedia", json!({"media": media, "features": features}));
}

#[test]
fn every_word_can_be_read_by_day_and_by_night() {
    let Some((mut browser, _dir)) = opened(HOSTILE, &[]) else { return };
    // On its first day: then the entry with a quote, a link and exact words stands.
    browser.eval("(() => { const s = document.querySelector('#slider'); s.value = s.min; s.dispatchEvent(new Event('input')); document.querySelectorAll('#matrix th.question button')[1].click(); })()");
    let mut papers = BTreeSet::new();
    for scheme in ["light", "dark"] {
        emulate(&mut browser, "screen", scheme);
        let told = browser.eval(CONTRASTS);
        assert_eq!(told["low"], json!([]), "{scheme}");
        let kinds: Vec<&str> = told["kinds"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        let all = told["all"].as_u64().unwrap();
        assert!(all > 100 && told["verdicts"] == 12, "{scheme}: too little to see anything: {told}");
        for kind in ["A ", "SPAN words", "SPAN letter", "MARK ", "text ", "DT "] {
            assert!(kinds.contains(&kind), "{scheme}: {kind:?} in {kinds:?}");
        }
        papers.insert(browser.eval("getComputedStyle(document.body).backgroundColor").to_string());
    }
    assert_eq!(papers.len(), 2, "it follows the system");
    // Unsound: the one line that nobody may overlook.
    for scheme in ["light", "dark"] {
        emulate(&mut browser, "screen", scheme);
        browser.eval("document.querySelector('#audit').className = 'unsound'");
        assert_eq!(browser.eval(CONTRASTS)["low"], json!([]), "{scheme}");
    }
}

/// Which of these elements the browser lays out at all.
fn shown(browser: &mut Browser, selectors: &[&str]) -> Vec<String> {
    let list = json!(selectors);
    let shown = browser.eval(&format!(
        "{list}.filter((s) => {{ const e = document.querySelector(s); return e && e.getClientRects().length > 0 && getComputedStyle(e).visibility === 'visible'; }})"
    ));
    shown.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect()
}

#[test]
fn paper_has_all_that_is_needed_and_says_what_it_has_not() {
    let many: String = (0..100)
        .map(|n| {
            let claim = |source: &str, value: u64| format!(
                "{{\"kind\":\"claim\",\"source\":\"{source}\",\"subject\":\"town-{:02}\",\"predicate\":\"killed\",\"value\":{value},\"stated\":\"2023-05-12\",\"citations\":[{{\"url\":\"https://example.org/{n}\"}}]}}\n",
                n
            );
            if n % 2 == 0 { claim("a", 1) + &claim("b", 2) } else { claim("a", 1) }
        })
        .collect();
    let Some((mut browser, _dir)) = opened(&many, &["--title", "The towns"]) else { return };
    let controls = ["#slider", "#earlier", "#later", "#find", "#only", "#back", "#next", "#close", ".skip"];
    let needed = [
        "#title",
        "#lines",
        "#audit",
        "#date",
        "#status",
        "#matrix thead",
        "#matrix tbody td button .words",
        "#matrix td.verdict",
        "#detail-title",
        "#detail article",
        "#detail svg",
        "#key",
    ];
    browser.eval("document.querySelector('#matrix td button').click()");
    assert_eq!(shown(&mut browser, &needed), needed);
    assert!(shown(&mut browser, &["#printed"]).is_empty(), "on the screen the choices are there themselves");
    emulate(&mut browser, "print", "dark");
    assert_eq!(shown(&mut browser, &needed), needed);
    assert_eq!(shown(&mut browser, &controls), Vec::<String>::new());
    assert_eq!(
        browser.text("#printed"),
        "These are the questions 1 to 40 of 100; the others stand on other pages of the screen."
    );
    // Paper is white, also at night, and tells where links lead.
    let paper = "rgb(255, 255, 255)";
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor"), paper);
    assert_eq!(browser.eval(CONTRASTS)["low"], json!([]));
    let after = browser.eval("getComputedStyle(document.querySelector('#detail a'), '::after').content");
    assert!(after.as_str().unwrap().contains("https://example.org/0"), "{after}");
    // Nothing is cut off by a box that one would have to scroll.
    let cut = browser.eval("['#scroll', '#detail'].filter((s) => { const e = document.querySelector(s); return e.scrollHeight > e.clientHeight + 2 && getComputedStyle(e).overflowY !== 'visible'; })");
    assert_eq!(cut, json!([]));
    let pages = browser.call("Page.printToPDF", json!({}))["data"].as_str().unwrap().len();
    assert!(pages > 10_000, "{pages}");

    emulate(&mut browser, "screen", "light");
    browser.eval("(() => { const s = document.querySelector('#only'); s.value = 'disputes'; s.dispatchEvent(new Event('change')); const f = document.querySelector('#find'); f.value = 'town-1'; f.dispatchEvent(new Event('input')); })()");
    emulate(&mut browser, "print", "light");
    assert_eq!(
        browser.text("#printed"),
        "Only conflicts, denials, different words. Only questions with “town-1” in their names. 100 questions in all."
    );
}

/// What the browser tells a screen reader: role and name of everything.
fn by_ear(browser: &mut Browser) -> Vec<(String, String)> {
    browser.call("Accessibility.enable", json!({}));
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let of = |node: &Value, what: &str| node[what]["value"].as_str().unwrap_or_default().to_owned();
    let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false);
    nodes.map(|node| (of(node, "role"), of(node, "name"))).collect()
}

#[test]
fn a_screen_reader_is_told_everything_by_name() {
    let example = std::fs::read_to_string(root().join("examples/sotk-2023.jsonl")).unwrap();
    let Some((mut browser, _dir)) = opened(&example, &["--as-of", "2023-05-11"]) else { return };
    let heard = by_ear(&mut browser);
    let of = |role: &str| heard.iter().filter(|(r, _)| r == role).map(|(_, name)| name.as_str()).collect::<Vec<_>>();
    for role in ["button", "slider", "searchbox", "combobox", "columnheader", "rowheader", "region", "table", "link"] {
        let names = of(role);
        assert!(!names.is_empty() && names.iter().all(|name| !name.trim().is_empty()), "{role}: {names:?}");
    }
    assert!(of("columnheader").contains(&"yerevan") && of("rowheader").contains(&"fired-first"), "{heard:?}");
    assert!(of("rowheader").contains(&"sotk-clash-2023-05-11"), "a heading for the questions of a subject");
    let cell = of("button").into_iter().find(|name| name.contains("yerevan")).unwrap();
    assert!(cell.contains("Show the entries") && !cell.contains('·'), "{cell}");
    let slider = heard.iter().find(|(role, _)| role == "slider").unwrap();
    assert_eq!(slider.1, "What had been said as of");
    // Empty cells are told as well, and no sign is read aloud.
    let words: Vec<&str> = of("StaticText");
    assert!(words.contains(&"nothing recorded") && !words.contains(&"·") && !words.contains(&"≈"), "{words:?}");

    let attributes = browser.eval(
        "[...document.querySelectorAll('#matrix th')].filter((h) => !['col', 'row', 'rowgroup'].includes(h.scope)).length",
    );
    assert_eq!(attributes, 0, "every heading says what it is a heading of");
    assert_eq!(
        browser.eval("[...document.querySelectorAll('#matrix th[scope=rowgroup]')].every((h) => h.closest('tbody').querySelectorAll('th[scope=rowgroup]').length === 1)"),
        true,
        "a group of rows has one heading"
    );
    assert_eq!(browser.eval("document.querySelector('#slider').getAttribute('aria-valuetext')"), "2023-05-11");
    // One region is read aloud when the date moves, and only one.
    let live = "[...document.querySelectorAll('[aria-live], output, [role=status]')].filter((e) => e.getAttribute('aria-live') !== 'off').map((e) => e.id)";
    assert_eq!(browser.eval(live), json!(["status"]));
    let before = browser.text("#status");
    browser.eval("document.querySelector('#slider').focus()");
    browser.press("ArrowRight");
    assert_ne!(browser.text("#status"), before);
    assert_eq!(browser.eval("document.querySelector('#slider').getAttribute('aria-valuetext')"), "2023-05-12");
    browser.eval("document.querySelector('#matrix td button').click()");
    let heard = by_ear(&mut browser);
    assert!(heard.iter().any(|(role, name)| role == "region" && name.contains(':')), "what was opened has a name");
    assert!(heard.iter().any(|(role, name)| role == "image" && name.ends_with(" over time")), "the chart has one, too");
    let unnamed: Vec<_> = heard.iter().filter(|(role, name)| role == "button" && name.trim().is_empty()).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

#[test]
fn twenty_four_sources_are_told_apart_on_the_page() {
    let lines: String = (0..24)
        .map(|n| format!("{{\"kind\":\"claim\",\"source\":\"source-{n:02}\",\"subject\":\"town\",\"predicate\":\"killed\",\"value\":{},\"stated\":\"2023-05-{:02}\"}}\n", n * 3, n % 20 + 1))
        .collect();
    let Some((mut browser, _dir)) = opened(&lines, &[]) else { return };
    browser.eval("document.querySelector('#matrix th.question button').click()");
    for scheme in ["light", "dark"] {
        emulate(&mut browser, "screen", scheme);
        let looks = browser.eval(
            "[...document.querySelectorAll('#detail svg text')].filter((t) => t.textContent.startsWith('source-')).map((t) => { const s = t.previousElementSibling; return s.getAttribute('d') + getComputedStyle(s).fill; })",
        );
        let looks: BTreeSet<String> = looks.as_array().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(looks.len(), 24, "{scheme}: {looks:?}");
    }
}

/// A cell that rests on very many entries shows the last of them, and has to say that there are more.
#[test]
fn the_page_says_where_it_does_not_show_all() {
    let lines: String = (0..70)
        .map(|n| format!("{{\"kind\":\"claim\",\"source\":\"unattributed\",\"subject\":\"town\",\"predicate\":\"said\",\"value\":\"word {n}\",\"stated\":\"2023-05-12\"}}\n"))
        .collect();
    let Some((mut browser, _dir)) = opened(&lines, &[]) else { return };
    browser.eval("document.querySelector('#matrix td button').click()");
    let words = browser.text("#detail-body");
    assert!(words.contains("70 entries; the last 60:") && words.contains("40 more"), "{words}");
    assert_eq!(browser.eval("document.querySelectorAll('#detail article').length"), 60);
}
