//! Source by question at a moment: every cell coloured by how it goes together with the others, and marked with a letter as well.

use sayso_core::views::{CellState, Comparison, Row, Verdict};

use super::Caption;
use super::answer::{Answer, cells, marked};
use super::lettering::{fit, width, wrap};
use super::palette::{INK, RULE, SOFT, Told, flag, tone};
use super::svg::{Anchor, Svg, n, plain};

const QUESTIONS: f64 = 236.0;
const VERDICT: f64 = 122.0;
const ROW: f64 = 30.0;
/// How wide a source's column is: with few sources they share the paper, with many the paper grows.
const COLUMN: [f64; 2] = [104.0, 190.0];
/// Lines that the name of a source can have.
const NAME_LINES: usize = 4;

const FLAG: &str = "flag: beside this answer it denies, accepts or declines something; `sayso why` tells what";

/// The picture of a comparison.
#[must_use]
pub fn svg(compared: &Comparison, caption: &Caption) -> String {
    let sources = sources(compared);
    let [narrow, wide] = COLUMN;
    let share = (900.0 - 48.0 - QUESTIONS - VERDICT) / sources.len().max(1) as f64;
    // What has to be cut short at a narrow column is whole at a wider one, as far as there is any.
    let column = if share < narrow { widest(compared).clamp(narrow, wide) } else { share.min(wide) };
    let left = 24.0 + QUESTIONS;
    let needed = left + VERDICT + column * sources.len() as f64 + 24.0;
    let paper = needed.max(900.0);
    let mut svg = Svg::default();
    let mut y = 30.0;
    svg.text(24.0, y, &fit(&caption.title, 17.0, paper - 48.0), plain(17.0, INK).bold());
    for line in &caption.lines {
        y += 18.0;
        svg.text(24.0, y, &fit(line, 12.0, paper - 48.0), plain(12.0, SOFT));
    }
    y += 32.0;
    let names: Vec<Vec<String>> = sources.iter().map(|s| wrap(s, 12.6, column - 10.0, NAME_LINES)).collect();
    y += 15.0 * (names.iter().map(Vec::len).max().unwrap_or_default().max(1) - 1) as f64;
    svg.text(24.0, y, "question", plain(11.0, SOFT));
    svg.text(left, y, "verdict", plain(11.0, SOFT));
    for (at, lines) in names.iter().enumerate() {
        let x = left + VERDICT + column * at as f64;
        for (up, line) in lines.iter().rev().enumerate() {
            svg.text(x + 6.0, y - 15.0 * up as f64, line, plain(12.0, INK).bold());
        }
    }
    y += 8.0;
    let mut subject = "";
    for row in &compared.rows {
        if subject != row.question.subject.as_str() {
            subject = row.question.subject.as_str();
            y += 22.0;
            svg.text(24.0, y - 5.0, &fit(subject, 12.0, paper - 48.0), plain(12.0, SOFT).bold());
        }
        let told = Told::of(row);
        let tone = tone(told);
        svg.line([24.0, y, needed - 24.0, y], &format!("stroke=\"{RULE}\""));
        svg.text(32.0, y + 19.5, &fit(row.question.predicate.as_str(), 12.0, QUESTIONS - 14.0), plain(12.0, INK));
        swatch(&mut svg, left, y + 6.0, told);
        svg.text(left + 24.0, y + 19.5, &fit(&in_words(told), 12.0, VERDICT - 28.0), plain(12.0, tone.ink));
        for (at, source) in sources.iter().enumerate() {
            cell(&mut svg, row, source, [left + VERDICT + column * at as f64, y + 2.0, column - 4.0, ROW - 4.0]);
        }
        y += ROW;
    }
    if compared.rows.is_empty() {
        y += 24.0;
        svg.text(24.0, y, "Nothing is recorded here.", plain(13.0, SOFT));
    }
    y = legend(&mut svg, compared, y + 26.0, paper);
    svg.finish(paper, y, &caption.title, &describe(compared, caption))
}

/// Everybody who has something, `unattributed` last.
fn sources(compared: &Comparison) -> Vec<String> {
    let mut all: Vec<(bool, String)> = Vec::new();
    for cell in compared.rows.iter().flat_map(cells) {
        let source = (cell.source.is_unattributed(), cell.source.to_string());
        if let Err(at) = all.binary_search(&source) {
            all.insert(at, source);
        }
    }
    all.into_iter().map(|(_, source)| source).collect()
}

/// How much room the longest answer asks for, beside its letter.
fn widest(compared: &Comparison) -> f64 {
    let answers = compared.rows.iter().flat_map(cells).filter_map(Answer::of);
    answers.map(|answer| width(&answer.text) * 12.0 + 34.0).fold(0.0, f64::max)
}

fn in_words(told: Told) -> String {
    if told == Told::Verdict(Verdict::UnattributedOnly) {
        "nobody named".into()
    } else {
        told.as_str().replace('-', " ")
    }
}

/// A small square with the verdict's fill and letter.
fn swatch(svg: &mut Svg, x: f64, y: f64, told: Told) {
    let tone = tone(told);
    svg.rect(
        [x, y, 18.0, 18.0],
        &format!("rx=\"2\" fill=\"{}\" stroke=\"{}\" stroke-width=\"0.8\"", tone.fill, tone.ink),
    );
    let halo = "stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\" stroke-opacity=\"0.8\"";
    svg.text_as(x + 9.0, y + 13.0, tone.letter, plain(12.0, tone.ink).bold().at(Anchor::Middle), halo);
}

fn cell(svg: &mut Svg, row: &Row, source: &str, [x, y, w, h]: [f64; 4]) {
    let found = cells(row).find(|cell| cell.source.as_str() == source);
    let Some((cell, answer)) = found.and_then(|cell| Some((cell, Answer::of(cell)?))) else {
        svg.text(x + w / 2.0, y + 17.0, "·", plain(12.0, "#b5bbc1").at(Anchor::Middle));
        return;
    };
    let verdict = marked(row, cell);
    let tone = tone(verdict);
    let look = format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"2\" fill=\"{}\"{}",
        n(x),
        n(y),
        n(w),
        n(h),
        tone.fill,
        if verdict.is_dispute() { format!(" stroke=\"{}\" stroke-width=\"0.9\"", tone.ink) } else { String::new() }
    );
    let entries: Vec<String> = answer.entries.iter().map(|index| format!("#{index}")).collect();
    let stances = answer.stances.iter().map(|s| format!("; {s}")).collect::<String>();
    svg.titled(
        "rect",
        &look,
        &format!("{source}: {}{stances} ({}, {})", answer.text, in_words(verdict), entries.join(" ")),
    );
    let halo = "stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\" stroke-opacity=\"0.85\"";
    svg.text_as(x + 6.0, y + 17.5, tone.letter, plain(12.0, tone.ink).bold(), halo);
    let mark = if answer.uncertain { " (?)" } else { "" };
    let takes = answer.state == CellState::Claims && !answer.stances.is_empty();
    let room = w - if takes { 40.0 } else { 28.0 };
    let text = fit(&format!("{}{mark}", answer.text), 12.0, room);
    svg.text_as(x + 23.0, y + 17.5, &text, plain(12.0, INK), halo);
    if takes {
        svg.path(&flag(x + w - 11.0, y + 17.5), &format!("fill=\"{INK}\" stroke=\"{INK}\""));
    }
}

/// The verdicts that are there, with their letters.
fn legend(svg: &mut Svg, compared: &Comparison, mut y: f64, paper: f64) -> f64 {
    let mut x = 24.0;
    let here = |v: &Told| compared.rows.iter().any(|r| Told::of(r) == *v || cells(r).any(|c| marked(r, c) == *v));
    for told in Told::all().filter(here) {
        let word = in_words(told);
        let wide = 24.0 + width(&word) * 11.0 + 18.0;
        if x + wide > paper - 24.0 {
            (x, y) = (24.0, y + 24.0);
        }
        swatch(svg, x, y - 13.0, told);
        svg.text(x + 24.0, y, &word, plain(11.0, SOFT));
        x += wide;
    }
    y += 20.0;
    let left: usize = compared.left_out.values().sum();
    if left > 0 {
        svg.text(24.0, y, &format!("{left} questions without conflict or denial are not shown."), plain(11.0, SOFT));
        y += 16.0;
    }
    let takes = |a: &Answer| a.state == CellState::Claims && !a.stances.is_empty();
    if compared.rows.iter().flat_map(cells).filter_map(Answer::of).any(|a| takes(&a)) {
        svg.text(24.0, y, FLAG, plain(11.0, SOFT));
        y += 16.0;
    }
    let note = "A verdict is about the answers, never about the world. (?): the date is uncertain.";
    svg.text(24.0, y, note, plain(11.0, SOFT));
    y + 14.0
}

fn describe(compared: &Comparison, caption: &Caption) -> String {
    let mut text = format!("{} ", caption.lines.join(" "));
    for row in compared.rows.iter().take(200) {
        text.push_str(&format!("{} / {}: {}. ", row.question.subject, row.question.predicate, in_words(Told::of(row))));
        for cell in cells(row) {
            if let Some(answer) = Answer::of(cell) {
                let stances = answer.stances.iter().map(|s| format!("; {s}")).collect::<String>();
                text.push_str(&format!("{}: {}{stances}. ", cell.source, answer.text));
            }
        }
    }
    text
}
