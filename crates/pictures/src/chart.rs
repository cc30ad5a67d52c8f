//! One question over time: each source's bounds as steps and bands, its words as lanes, and where sources part.

mod draw;
mod lanes;
mod legend;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sayso_core::event::{Content, Event};
use sayso_core::replay::day_said;
use sayso_core::text::Name;
use sayso_core::time::TimeZone;
use sayso_core::views::{Course, History, Item, Reads, Verdict};

use super::Caption;
use super::answer::{Span, span};
use super::lettering::{fit, runs_left, width};
use super::palette::{AXIS, GRAVE, INK, NOBODY, RULE, SOFT, Told, colour, flag, sign, tone};
use super::scale::{Days, Numbers};
use super::svg::{Anchor, Svg, n, plain};
use super::track::{Track, tracks, verdicts};
use draw::{Paper, steps};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 700.0;
/// Where the names at the right begin.
const NAMES: f64 = 716.0;
const PLOT: f64 = 320.0;
/// More statements than this of one source are drawn without a sign for each.
const CROWDED: usize = 70;

/// What we did to the record, or a doubt, at a place of a source's track.
#[derive(Debug, Clone)]
struct Mark {
    source: String,
    day: NaiveDate,
    /// What was recorded at first, if it was a number.
    was: Option<Span>,
    entry: u64,
    withdrawn: bool,
}

/// A question to be drawn.
#[derive(Debug)]
pub struct Chart<'a> {
    course: &'a Course,
    caption: Caption,
    marks: Vec<Mark>,
    until: Option<NaiveDate>,
}

impl<'a> Chart<'a> {
    /// A chart of a question. `life` is its history: from it come the corrections. `names`: what sources are shown as, if otherwise than
    /// recorded. `until`: the day the picture goes to, if it goes beyond the last change.
    #[must_use]
    pub fn new(
        course: &'a Course,
        life: &History,
        names: &BTreeMap<Name, Name>,
        caption: Caption,
        zone: &TimeZone,
        until: Option<NaiveDate>,
    ) -> Self {
        let marks = life.items.iter().filter_map(|item| mark(item, names, zone)).collect();
        Self { course, caption, marks, until }
    }

    /// The picture.
    #[must_use]
    pub fn svg(&self) -> String {
        let tracks = tracks(self.course);
        let first = self.course.steps.first().map(|step| step.day).unwrap_or_default();
        let last = self.course.steps.last().map(|step| step.day).unwrap_or(first);
        let last = self.until.filter(|day| *day > last).unwrap_or(last);
        let has_numbers = tracks.iter().any(|t| t.pieces().any(|(.., a)| !a.spans.is_empty()));
        // Words that have room in their bars need none at their right.
        let wide = Days::new(first, last, LEFT, WIDTH - 24.0);
        let all_fit = tracks.iter().filter_map(Track::end).all(|piece| lanes::fits(&wide, &piece));
        let days = if has_numbers || !all_fit { Days::new(first, last, LEFT, RIGHT) } else { wide };
        let mut page = Page { svg: Svg::default(), y: 30.0, days, chart: self };
        page.heading(&tracks);
        let has_words = |t: &&Track| t.pieces().any(|(.., a)| a.words.is_some());
        if has_numbers {
            page.numbers(&tracks);
        }
        page.verdicts();
        for (place, track) in tracks.iter().enumerate().filter(|(_, t)| has_words(t)) {
            page.lane(place, track);
        }
        page.axis();
        page.legend(&tracks);
        let Page { svg, y, .. } = page;
        svg.finish(WIDTH, y + 8.0, &self.caption.title, &self.describe(&tracks))
    }

    /// The picture in words, for those who do not see it.
    fn describe(&self, tracks: &[Track]) -> String {
        let mut text = format!("{} / {}. ", self.course.question.subject, self.course.question.predicate);
        for track in tracks {
            let from = track.changes.first().map(|(day, _)| day.to_string()).unwrap_or_default();
            let last = track.end().map_or_else(
                || "nothing".to_owned(),
                |piece| {
                    piece.words.unwrap_or_else(|| {
                        [std::slice::from_ref(&piece.answer.text), &piece.answer.stances].concat().join("; ")
                    })
                },
            );
            text.push_str(&format!(
                "{}: {} changes from {from} on, in the end {last}. ",
                track.source,
                track.changes.len()
            ));
        }
        let conflicts = verdicts(self.course).into_iter().filter(|(.., v)| v.is_dispute());
        for (from, until, verdict) in conflicts.take(20) {
            let until = until.map_or_else(|| "the end".into(), |day| day.to_string());
            text.push_str(&format!("From {from} to {until}: {}. ", verdict.as_str()));
        }
        text
    }
}

/// The mark that a correction leaves, where the corrected statement is.
fn mark(item: &Item, names: &BTreeMap<Name, Name>, zone: &TimeZone) -> Option<Mark> {
    let recorded = item.event.as_ref()?;
    let (now, withdrawn): (&Event, bool) = match &item.reads {
        Reads::AsRecorded => return None,
        Reads::Changed { event, .. } => (event, false),
        Reads::Void { .. } => (recorded, true),
    };
    let Content::Claim(claim) = &now.content else { return None };
    let was = if let Content::Claim(before) = &recorded.content { span(&before.value) } else { None };
    let day = day_said(&claim.by.stated, zone);
    let source = names.get(&claim.by.source).unwrap_or(&claim.by.source).to_string();
    Some(Mark { source, day, was, entry: item.index, withdrawn })
}

/// The picture in the making: what was drawn ends at `y`.
struct Page<'a> {
    svg: Svg,
    y: f64,
    days: Days,
    chart: &'a Chart<'a>,
}

fn ink(place: usize, track: &Track) -> &'static str {
    if track.unattributed { NOBODY } else { colour(place) }
}

impl Page<'_> {
    fn heading(&mut self, tracks: &[Track]) {
        let Caption { title, lines } = &self.chart.caption;
        self.svg.text(24.0, self.y, &fit(title, 17.0, WIDTH - 48.0), plain(17.0, INK).bold());
        for line in lines {
            self.y += 18.0;
            self.svg.text(24.0, self.y, &fit(line, 12.0, WIDTH - 48.0), plain(12.0, SOFT));
        }
        self.y += 24.0;
        let mut x = 24.0;
        for (place, track) in tracks.iter().enumerate() {
            let name = fit(&track.source, 12.0, 260.0);
            let wide = 22.0 + width(&name) * 12.0 + 14.0;
            if x + wide > WIDTH - 24.0 && x > 24.0 {
                (x, self.y) = (24.0, self.y + 18.0);
            }
            let fill = ink(place, track);
            self.svg.line([x, self.y - 4.0, x + 16.0, self.y - 4.0], &format!("stroke=\"{fill}\" stroke-width=\"2\""));
            self.svg.path(&sign(place, x + 8.0, self.y - 4.0, 3.4), &format!("fill=\"{fill}\""));
            self.svg.text(x + 22.0, self.y, &name, plain(12.0, INK));
            x += wide;
        }
        self.y += 16.0;
    }

    fn numbers(&mut self, tracks: &[Track]) {
        let all = || tracks.iter().flat_map(Track::pieces).flat_map(|(.., answer)| &answer.spans);
        let ends = || all().flat_map(|span| [span.low, span.high]).flatten();
        let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
        let (top, bottom) = (self.y, self.y + PLOT);
        let numbers = Numbers::new(low, high, bottom, top);
        self.svg.rect([LEFT, top, RIGHT - LEFT, PLOT], "fill=\"none\"");
        for (from, until, verdict) in verdicts(self.chart.course) {
            if verdict == Told::Verdict(Verdict::Conflict) {
                let (x, end) = (self.days.at(from), until.map_or(self.days.end(), |day| self.days.at(day)));
                self.svg.rect([x, top, end - x, PLOT], &format!("fill=\"{GRAVE}\" fill-opacity=\"0.045\""));
            }
        }
        for (day, _) in self.days.ticks() {
            let x = self.days.at(day);
            self.svg.line([x, top, x, bottom], &format!("stroke=\"{RULE}\" stroke-opacity=\"0.6\""));
        }
        for (value, text) in numbers.ticks() {
            let y = numbers.at(value);
            self.svg.line([LEFT, y, RIGHT, y], &format!("stroke=\"{RULE}\""));
            self.svg.text(LEFT - 8.0, y + 4.0, &fit(&text, 11.0, LEFT - 12.0), plain(11.0, SOFT).at(Anchor::End));
        }
        let mut labels: Vec<(f64, usize, [String; 2])> = Vec::new();
        // What nobody named answers for lies under what parties say.
        for (place, track) in tracks.iter().enumerate().rev() {
            let fill = ink(place, track);
            let mut paper = Paper { svg: &mut self.svg, days: &self.days, numbers: &numbers, fill, place, top, bottom };
            let end = steps(&mut paper, track, track.changes.len() > CROWDED);
            self.marks(track, fill, &numbers, top);
            self.flags(track, fill, &numbers);
            if let (Some(y), Some(last)) = (end, track.last()) {
                let value = fit(&shorter(&last.text), 12.0, WIDTH - NAMES - 60.0);
                let room = WIDTH - NAMES - 22.0 - width(&value) * 12.0;
                labels.push((y, place, [fit(&track.source, 12.0, room), value]));
            }
        }
        self.names(tracks, labels, top, bottom);
        self.y = bottom;
    }

    /// What we corrected, at the place of the statement, with a thread to what had been recorded.
    fn marks(&mut self, track: &Track, fill: &str, numbers: &Numbers, top: f64) {
        for mark in self.chart.marks.iter().filter(|mark| mark.source == track.source) {
            let answer = track.pieces().filter(|(from, ..)| *from <= mark.day).last().map(|(.., answer)| answer);
            let now = answer.and_then(|a| a.spans.first()).and_then(|s| s.low.or(s.high));
            let was = mark.was.and_then(|s| s.low.or(s.high));
            let x = self.days.at(mark.day);
            let ends = now.zip(was).map(|(now, was)| (numbers.at(now), numbers.at(was).max(top)));
            if let Some((a, b)) = ends.filter(|(a, b)| (a - b).abs() > 8.0) {
                let dashes = format!("stroke=\"{fill}\" stroke-width=\"1\" stroke-dasharray=\"1.5 2.5\"");
                self.svg.line([x, a, x, b], &dashes);
                if !mark.withdrawn {
                    self.svg.path(&sign(4, x, b, 2.6), &format!("fill=\"#ffffff\" stroke=\"{fill}\""));
                }
            }
            if let Some(at) = was.filter(|_| mark.withdrawn).or(now) {
                let y = numbers.at(at);
                let what = if mark.withdrawn { "withdrawn by us" } else { "corrected by us" };
                let d = if mark.withdrawn {
                    format!("M{} {}l6 6m0 -6l-6 6", n(x - 3.0), n(y - 3.0))
                } else {
                    sign(3, x, y - 7.0, 3.2)
                };
                let look = format!("d=\"{d}\" fill=\"#ffffff\" stroke=\"{fill}\" stroke-width=\"1.3\"");
                self.svg.titled("path", &look, &format!("#{} {what}, {}", mark.entry, mark.day));
            }
        }
    }

    /// Stances that were taken beside a number: a line alone would look as if nothing had been said.
    fn flags(&mut self, track: &Track, fill: &str, numbers: &Numbers) {
        for piece in track.told().filter(|piece| piece.words.is_none() && !piece.taken.is_empty()) {
            let Some(at) = piece.answer.spans.first().and_then(|span| span.low.or(span.high)) else { continue };
            let d = flag(self.days.at(piece.from), numbers.at(at));
            let look = format!("d=\"{d}\" fill=\"{fill}\" stroke=\"{fill}\"");
            self.svg.titled("path", &look, &format!("{}, {}: {}", track.source, piece.from, piece.taken.join("; ")));
        }
    }

    /// The sources' names where their tracks end, moved apart where they would overlap.
    fn names(&mut self, tracks: &[Track], mut labels: Vec<(f64, usize, [String; 2])>, top: f64, bottom: f64) {
        labels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let gap = 15.0_f64.min((bottom - top) / labels.len().max(1) as f64);
        let mut at: Vec<f64> = labels.iter().map(|(y, ..)| *y).collect();
        for k in 1..at.len() {
            let above = at.get(k - 1).copied().unwrap_or_default();
            if let Some(y) = at.get_mut(k) {
                *y = y.max(above + gap);
            }
        }
        let mut limit = bottom - 2.0;
        for y in at.iter_mut().rev() {
            *y = y.min(limit);
            limit = *y - gap;
        }
        for ((y, place, [name, value]), at) in labels.iter().zip(at) {
            let fill = tracks.get(*place).map_or(INK, |track| ink(*place, track));
            let thread = format!("M{} {}L{} {}", n(RIGHT), n(*y), n(NAMES - 4.0), n(at));
            self.svg.path(&thread, &format!("fill=\"none\" stroke=\"{fill}\" stroke-opacity=\"0.5\""));
            self.svg.path(&sign(*place, NAMES + 2.0, at, 3.0), &format!("fill=\"{fill}\""));
            let x = NAMES + 10.0;
            if runs_left(name) {
                // Side by side, or the letters of the name would turn the numbers round.
                self.svg.text(x, at + 4.0, name, plain(12.0, fill));
                self.svg.text(x + width(name) * 12.0 + 6.0, at + 4.0, value, plain(12.0, fill));
            } else {
                self.svg.text(x, at + 4.0, &format!("{name} {value}"), plain(12.0, fill));
            }
        }
    }

    /// The strip that tells where sources part.
    fn verdicts(&mut self) {
        let all = verdicts(self.chart.course);
        let shown = |told: Told| !matches!(told, Told::Verdict(verdict) if verdict > Verdict::NotCompared);
        if !all.iter().any(|(.., v)| shown(*v)) {
            return;
        }
        self.y += 8.0;
        self.svg.text(LEFT - 8.0, self.y + 9.5, "sources", plain(10.0, SOFT).at(Anchor::End));
        self.svg.rect([LEFT, self.y, self.days.end() - LEFT, 12.0], "fill=\"#f6f7f8\"");
        for (from, until, verdict) in all.into_iter().filter(|(.., v)| shown(*v)) {
            let (x, end) = (self.days.at(from), until.map_or(self.days.end(), |day| self.days.at(day)));
            let tone = tone(verdict);
            let wide = (end - x).max(0.8);
            let look = format!(
                "x=\"{}\" y=\"{}\" width=\"{}\" height=\"12\" fill=\"{}\" stroke=\"{}\" stroke-width=\"0.6\"",
                n(x),
                n(self.y),
                n(wide),
                tone.fill,
                tone.ink
            );
            self.svg.titled("rect", &look, &format!("{} from {from}", verdict.as_str()));
            let word = verdict.as_str().replace('-', " ");
            let text = if width(&word) * 10.0 + 8.0 < wide { word.as_str() } else { tone.letter };
            if wide > 14.0 {
                let middle = x + wide / 2.0;
                let pad = width(text) * 10.0 + 6.0;
                self.svg.rect([middle - pad / 2.0, self.y + 0.8, pad, 10.4], "fill=\"#ffffff\" fill-opacity=\"0.85\"");
                self.svg.text(middle, self.y + 9.6, text, plain(10.0, tone.ink).bold().at(Anchor::Middle));
            }
        }
        self.y += 12.0;
    }

    fn axis(&mut self) {
        self.y += 8.0;
        self.svg.line([LEFT, self.y, self.days.end(), self.y], &format!("stroke=\"{AXIS}\""));
        let mut free = f64::NEG_INFINITY;
        for (day, text) in self.days.ticks() {
            let x = self.days.at(day);
            self.svg.line([x, self.y, x, self.y + 5.0], &format!("stroke=\"{AXIS}\""));
            let half = width(&text) * 11.0 / 2.0;
            if x - half > free {
                self.svg.text(x, self.y + 18.0, &text, plain(11.0, SOFT).at(Anchor::Middle));
                free = x + half + 6.0;
            }
        }
        self.y += 26.0;
    }
}

/// Numbers with their thousands apart and signs as they are printed.
fn shorter(text: &str) -> String {
    let one = |word: &str| {
        let signs: String = word.chars().take_while(|c| matches!(c, '>' | '<' | '=' | '~')).collect();
        let number = super::lettering::grouped(word.strip_prefix(signs.as_str()).unwrap_or(word));
        format!("{}{number}", signs.replace(">=", "≥").replace("<=", "≤"))
    };
    text.split(' ').map(one).collect::<Vec<_>>().join(" ")
}
