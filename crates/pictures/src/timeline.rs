//! What was said on a subject, one line a statement, from top to bottom: the day, the source's lane, the words.

use std::collections::BTreeMap;

use sayso_core::event::{Content, Event, Target};
use sayso_core::replay::{Fate, day_said};
use sayso_core::text::Name;
use sayso_core::time::TimeZone;
use sayso_core::views::{History, Item, Reads};

use super::Caption;
use super::lettering::{fit, width};
use super::palette::{INK, NOBODY, RULE, SOFT, colour, sign};
use super::svg::{Svg, n, plain};

const WIDTH: f64 = 900.0;
const LINE: f64 = 21.0;
const LANES: f64 = 120.0;

/// A statement to be drawn.
struct Line<'a> {
    item: &'a Item,
    event: &'a Event,
    source: String,
    day: String,
    uncertain: bool,
}

/// The picture of a history, which should be in the order of statements. `names`: what sources are shown as, if otherwise than recorded.
#[must_use]
pub fn svg(life: &History, names: &BTreeMap<Name, Name>, caption: &Caption, zone: &TimeZone) -> String {
    let lines: Vec<Line<'_>> = life.items.iter().filter_map(|item| Line::of(item, names, zone)).collect();
    let mut sources: Vec<&str> = lines.iter().map(|line| line.source.as_str()).collect();
    sources.sort_unstable_by_key(|source| (*source == "unattributed", *source));
    sources.dedup();
    let lane = (240.0 / sources.len().max(1) as f64).clamp(7.0, 22.0);
    let place = |source: &str| sources.iter().position(|s| *s == source).unwrap_or_default();
    let ink = |source: &str| if source == "unattributed" { NOBODY } else { colour(place(source)) };
    let at = |source: &str| LANES + lane * (place(source) as f64 + 0.5);
    let words = LANES + lane * sources.len() as f64 + 14.0;
    let mut svg = Svg::default();
    let mut y = heading(&mut svg, caption, &sources, &ink);
    let (top, bottom) = (y, y + LINE * lines.len() as f64);
    for source in &sources {
        let rows = || lines.iter().enumerate().filter(|(_, line)| line.source == *source).map(|(row, _)| row as f64);
        let (first, last) = (rows().next().unwrap_or_default(), rows().next_back().unwrap_or_default());
        let x = at(source);
        svg.line([x, top, x, bottom], &format!("stroke=\"{RULE}\""));
        let look = format!("stroke=\"{}\" stroke-width=\"2\" stroke-opacity=\"0.45\"", ink(source));
        svg.line([x, top + LINE * (first + 0.5), x, top + LINE * (last + 0.5)], &look);
    }
    let mut day = "";
    for line in &lines {
        if day != line.day {
            day = &line.day;
            svg.line([24.0, y, WIDTH - 24.0, y], &format!("stroke=\"{RULE}\""));
            svg.text(24.0, y + 15.0, &fit(day, 12.0, LANES - 30.0), plain(12.0, INK).bold());
        }
        let x = at(&line.source);
        mark(&mut svg, line, place(&line.source), [x, y + LINE / 2.0], ink(&line.source));
        let text = line.words();
        let is_void = matches!(line.item.reads, Reads::Void { .. });
        let face = plain(12.0, if is_void { SOFT } else { INK });
        let strike = if is_void { "text-decoration=\"line-through\"" } else { "" };
        svg.text_as(words, y + 15.0, &fit(&text, 12.0, WIDTH - 24.0 - words), face, strike);
        y += LINE;
    }
    if lines.is_empty() {
        y += 18.0;
        svg.text(24.0, y, "Nothing was said here.", plain(13.0, SOFT));
    }
    let ours = life.items.len() - lines.len();
    y += 22.0;
    let key =
        "filled sign: claim   ·   hollow sign: stance   ·   ×: taken back   ·   triangle: our record was corrected";
    svg.text(24.0, y, key, plain(11.0, SOFT));
    if ours > 0 {
        y += 16.0;
        svg.text(
            24.0,
            y,
            &format!("{ours} entries of ours (corrections, notes, aliases) have no line of their own."),
            plain(11.0, SOFT),
        );
    }
    let description: String = lines.iter().take(500).map(|line| format!("{}, {}. ", line.day, line.words())).collect();
    svg.finish(WIDTH, y + 16.0, &caption.title, &description)
}

fn heading<'a>(svg: &mut Svg, caption: &Caption, sources: &[&str], ink: &dyn Fn(&str) -> &'a str) -> f64 {
    let mut y = 30.0;
    svg.text(24.0, y, &fit(&caption.title, 17.0, WIDTH - 48.0), plain(17.0, INK).bold());
    for line in &caption.lines {
        y += 18.0;
        svg.text(24.0, y, &fit(line, 12.0, WIDTH - 48.0), plain(12.0, SOFT));
    }
    y += 24.0;
    let mut x = 24.0;
    for (place, source) in sources.iter().enumerate() {
        let name = fit(source, 12.0, 260.0);
        let wide = 14.0 + width(&name) * 12.0 + 16.0;
        if x + wide > WIDTH - 24.0 && x > 24.0 {
            (x, y) = (24.0, y + 18.0);
        }
        svg.path(&sign(place, x + 4.0, y - 4.0, 3.6), &format!("fill=\"{}\"", ink(source)));
        svg.text(x + 14.0, y, &name, plain(12.0, INK));
        x += wide;
    }
    y + 14.0
}

fn mark(svg: &mut Svg, line: &Line<'_>, place: usize, [x, y]: [f64; 2], fill: &str) {
    let hollow = !matches!(line.event.content, Content::Claim(_)) || line.uncertain;
    let look = if hollow {
        format!("fill=\"#ffffff\" stroke=\"{fill}\" stroke-width=\"1.5\"")
    } else {
        format!("fill=\"{fill}\"")
    };
    if matches!(line.event.content, Content::Retraction(_)) || line.item.fate == Some(Fate::TakenBack) {
        let d = format!("M{} {}l8 8m0 -8l-8 8", n(x - 4.0), n(y - 4.0));
        svg.path(&d, &format!("fill=\"none\" stroke=\"{fill}\" stroke-width=\"2\""));
    } else {
        svg.titled("path", &format!("d=\"{}\" {look}", sign(place, x, y, 4.0)), &format!("#{}", line.item.index));
    }
    if line.item.reads != Reads::AsRecorded {
        let look = format!("fill=\"#ffffff\" stroke=\"{fill}\" stroke-width=\"1.2\"");
        svg.path(&sign(3, x + 7.0, y - 5.0, 3.0), &look);
    }
}

impl<'a> Line<'a> {
    fn of(item: &'a Item, names: &BTreeMap<Name, Name>, zone: &TimeZone) -> Option<Self> {
        let event = item.as_it_reads()?;
        let by = event.content.attribution()?;
        let uncertain = by.stated.is_uncertain();
        let day = format!("{}{}", day_said(&by.stated, zone), if uncertain { " (?)" } else { "" });
        let source = names.get(&by.source).unwrap_or(&by.source).to_string();
        Some(Self { item, event, source, day, uncertain })
    }

    /// Who says what, and what became of it.
    fn words(&self) -> String {
        let says = match &self.event.content {
            Content::Claim(claim) => {
                let unit = claim.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
                let question = self.item.question.as_ref().unwrap_or(&claim.question);
                format!("{}: {} = {}{unit}", self.source, question.predicate, claim.value)
            }
            Content::Stance(stance) => match &stance.target {
                Target::Entry(of) => format!("{} {} #{of}{}", self.source, stance.stance.as_str(), self.on()),
                Target::Question(question) => {
                    let question = self.item.question.as_ref().unwrap_or(question);
                    format!("{} {} on {}", self.source, stance.stance.as_str(), question.predicate)
                }
            },
            Content::Retraction(retraction) => format!("{} takes back #{}{}", self.source, retraction.of, self.on()),
            _ => self.source.clone(),
        };
        let fate = match (&self.item.reads, self.item.fate) {
            (Reads::Void { by }, _) => format!(" (withdrawn from our record by #{by})"),
            (_, Some(Fate::TakenBack)) => " (taken back)".into(),
            (Reads::Changed { by, .. }, _) => format!(" (as corrected by #{by})"),
            (Reads::AsRecorded, _) => String::new(),
        };
        format!("{says}{fate}")
    }

    fn on(&self) -> String {
        self.item.question.as_ref().map(|q| format!(" on {}", q.predicate)).unwrap_or_default()
    }
}
