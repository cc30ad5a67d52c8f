//! Steps and bands: one source's numbers as lines.

use std::fmt::Write as _;

use crate::answer::{Answer, Span};
use crate::palette::sign;
use crate::scale::{Days, Numbers};
use crate::svg::{Svg, n};
use crate::track::Track;

/// Where one source is drawn.
pub(super) struct Paper<'a> {
    pub(super) svg: &'a mut Svg,
    pub(super) days: &'a Days,
    pub(super) numbers: &'a Numbers,
    pub(super) fill: &'a str,
    pub(super) place: usize,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// How far an open side fades.
const FADE: f64 = 30.0;

/// The look of a piece: pieces that look the same and touch are one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Exact,
    About,
    Band,
    AtLeast,
    AtMost,
}

/// A piece of a track with one number.
#[derive(Debug, Clone, Copy)]
struct Piece {
    from: f64,
    to: f64,
    low: f64,
    high: f64,
    look: Look,
}

impl Piece {
    fn of(span: Span, from: f64, to: f64, numbers: &Numbers) -> Option<Self> {
        let (low, high) = (span.low.or(span.high)?, span.high.or(span.low)?);
        let look = match (span.low, span.high) {
            (Some(_), None) => Look::AtLeast,
            (None, _) => Look::AtMost,
            _ if span.about => Look::About,
            (a, b) if a == b => Look::Exact,
            _ => Look::Band,
        };
        Some(Self { from, to, low: numbers.at(low), high: numbers.at(high), look })
    }

    fn main(&self) -> f64 {
        if self.look == Look::Band { (self.low + self.high) / 2.0 } else { self.low }
    }
}

/// Draws a track and tells where it ends, if it ends with a number.
pub(super) fn steps(paper: &mut Paper<'_>, track: &Track, crowded: bool) -> Option<f64> {
    let mut runs: Vec<Vec<Piece>> = Vec::new();
    let mut end = None;
    let mut marks: Vec<(f64, f64, bool)> = Vec::new();
    let mut stops: Vec<(f64, f64)> = Vec::new();
    let all: Vec<_> = track.pieces().collect();
    for (from, until, answer) in &all {
        let (x, to) = (paper.days.at(*from), until.map_or(paper.days.end(), |day| paper.days.at(day)));
        let pieces: Vec<Piece> = answer.spans.iter().filter_map(|s| Piece::of(*s, x, to, paper.numbers)).collect();
        if let [one] = pieces.as_slice() {
            match runs.last_mut().filter(|run| run.last().is_some_and(|last| (last.to - one.from).abs() < 0.01)) {
                Some(run) => run.push(*one),
                None => runs.push(vec![*one]),
            }
        } else {
            runs.extend(pieces.iter().map(|piece| vec![*piece]));
        }
        for piece in &pieces {
            marks.push((x, piece.main(), answer.uncertain));
        }
        let before = end;
        end = pieces.first().map(Piece::main);
        if pieces.is_empty() && is_taken_back(answer) {
            stops.extend(before.map(|y| (x, y)));
        }
    }
    if all.last().is_some_and(|(_, until, _)| until.is_some()) {
        end = None;
    }
    for run in &runs {
        draw_run(paper, run);
    }
    signs(paper, &marks, crowded);
    for (x, y) in stops {
        let d = format!("M{} {}l8 8m0 -8l-8 8", n(x - 4.0), n(y - 4.0));
        paper.svg.path(&d, &format!("fill=\"none\" stroke=\"{}\" stroke-width=\"2\"", paper.fill));
    }
    end
}

fn is_taken_back(answer: &Answer) -> bool {
    answer.state == sayso_core::views::CellState::TakenBack
}

/// One unbroken run: pieces of one look are drawn together, and a thin line leads from one look to the next.
fn draw_run(paper: &mut Paper<'_>, run: &[Piece]) {
    let mut before: Option<Piece> = None;
    for same in run.chunk_by(|a, b| a.look == b.look) {
        let (Some(first), Some(last)) = (same.first(), same.last()) else { continue };
        if let Some(before) = before {
            let thin = format!("stroke=\"{}\" stroke-width=\"1\" stroke-opacity=\"0.55\"", paper.fill);
            paper.svg.line([first.from, before.main(), first.from, first.main()], &thin);
        }
        before = Some(*last);
        let fill = paper.fill;
        let line = |width: f64, more: &str| {
            format!("fill=\"none\" stroke=\"{fill}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{more}")
        };
        match first.look {
            Look::Exact => paper.svg.path(&stairs(same, |p| p.low), &line(2.0, "")),
            Look::About => paper.svg.path(&stairs(same, |p| p.low), &line(2.0, " stroke-dasharray=\"6 4\"")),
            Look::Band => {
                let d = area(same, |p| p.low, |p| p.high);
                paper.svg.path(&d, &format!("fill=\"{fill}\" fill-opacity=\"0.16\""));
                paper.svg.path(&stairs(same, |p| p.low), &line(1.2, ""));
                paper.svg.path(&stairs(same, |p| p.high), &line(1.2, ""));
            }
            Look::AtLeast | Look::AtMost => open(paper, same, first.look == Look::AtLeast),
        }
    }
}

/// A side without a bound: it fades away, and arrows point where the number may lie.
fn open(paper: &mut Paper<'_>, same: &[Piece], upwards: bool) {
    let (fill, top, bottom) = (paper.fill, paper.top, paper.bottom);
    for part in [1.0, 2.0, 3.0] {
        let reach = FADE * part / 3.0;
        let edge = move |p: &Piece| if upwards { (p.low - reach).max(top) } else { (p.low + reach).min(bottom) };
        paper.svg.path(&area(same, |p| p.low, edge), &format!("fill=\"{fill}\" fill-opacity=\"0.07\""));
    }
    let look = format!("fill=\"none\" stroke=\"{fill}\" stroke-width=\"1.8\" stroke-linejoin=\"round\"");
    paper.svg.path(&stairs(same, |p| p.low), &look);
    let mut free = f64::NEG_INFINITY;
    let mut d = String::new();
    for piece in same {
        let x = piece.from + ((piece.to - piece.from) / 2.0).min(16.0);
        if x < free {
            continue;
        }
        free = x + 90.0;
        let way = if upwards { -1.0 } else { 1.0 };
        let tip = piece.low + way * 15.0;
        let _ = write!(d, "M{} {}V{}", n(x), n(piece.low + way * 3.0), n(tip));
        let _ = write!(
            d,
            "M{} {}L{} {}L{} {}",
            n(x - 3.0),
            n(tip - way * 4.0),
            n(x),
            n(tip),
            n(x + 3.0),
            n(tip - way * 4.0)
        );
    }
    paper.svg.path(&d, &format!("fill=\"none\" stroke=\"{fill}\" stroke-width=\"1.3\""));
}

/// A line of steps.
fn stairs(pieces: &[Piece], height: impl Fn(&Piece) -> f64) -> String {
    let mut d = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        let y = n(height(piece));
        let _ = if at == 0 { write!(d, "M{} {y}", n(piece.from)) } else { write!(d, "V{y}") };
        let _ = write!(d, "H{}", n(piece.to));
    }
    d
}

/// What lies between two lines of steps.
fn area(pieces: &[Piece], one: impl Fn(&Piece) -> f64, other: impl Fn(&Piece) -> f64) -> String {
    let mut d = stairs(pieces, one);
    for piece in pieces.iter().rev() {
        let y = n(other(piece));
        let _ = write!(d, "L{} {y}H{}", n(piece.to), n(piece.from));
    }
    d.push('Z');
    d
}

/// The source's sign at each statement; where there are too many, now and then. Doubtful dates are always marked.
fn signs(paper: &mut Paper<'_>, marks: &[(f64, f64, bool)], crowded: bool) {
    let mut free = f64::NEG_INFINITY;
    for (x, y, uncertain) in marks {
        if !uncertain && *x < free {
            continue;
        }
        if !uncertain {
            free = *x + if crowded { 110.0 } else { 7.0 };
        }
        let d = sign(paper.place, *x, *y, if crowded { 2.8 } else { 3.4 });
        let look = if *uncertain {
            format!("fill=\"#ffffff\" stroke=\"{}\" stroke-width=\"1.4\"", paper.fill)
        } else {
            format!("fill=\"{}\"", paper.fill)
        };
        paper.svg.path(&d, &look);
    }
}
