//! What sources say in words: a lane of bars for each, and at the right what it says in the end, where its bar is too narrow for it.

use super::{LEFT, NAMES, Page, RIGHT, WIDTH, ink};
use crate::lettering::{fit, printable, width, wrap};
use crate::palette::{INK, flag, sign};
use crate::scale::Days;
use crate::svg::{n, plain};
use crate::track::{Piece, Track};

/// The height of a bar.
const BAR: f64 = 20.0;
/// Lines that the words at the right can have, and how far apart they are.
const LINES: usize = 6;
const LINE: f64 = 13.5;

/// Where a bar begins, and how wide it is.
fn place(days: &Days, piece: &Piece<'_>) -> (f64, f64) {
    let x = days.at(piece.from);
    let end = piece.until.map_or(days.end(), |day| days.at(day));
    (x, end - x - 1.0)
}

/// The room that a flag takes in a bar.
fn before(piece: &Piece<'_>) -> f64 {
    if piece.taken.is_empty() { 0.0 } else { 11.0 }
}

/// Whether a bar holds its words whole. Numbers have no bar.
pub(super) fn fits(days: &Days, piece: &Piece<'_>) -> bool {
    let (_, wide) = place(days, piece);
    piece.words.as_ref().is_none_or(|words| width(&printable(words)) * 12.0 <= wide - 9.0 - before(piece))
}

impl Page<'_> {
    /// The lane of a source.
    pub(super) fn lane(&mut self, at: usize, track: &Track) {
        let fill = ink(at, track);
        self.y += 10.0;
        let top = self.y;
        self.svg.path(&sign(at, LEFT + 4.0, top + 4.0, 3.0), &format!("fill=\"{fill}\""));
        self.svg.text(LEFT + 12.0, top + 8.0, &fit(&track.source, 11.0, RIGHT - LEFT), plain(11.0, fill).bold());
        let bar = top + 12.0;
        for piece in track.told() {
            let Some(words) = &piece.words else { continue };
            let (x, wide) = place(&self.days, &piece);
            let uncertain = piece.answer.uncertain;
            let dashes = if uncertain { " stroke-dasharray=\"3 2\"" } else { "" };
            let look = format!(
                "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"2\" fill=\"{fill}\" fill-opacity=\"0.1\" stroke=\"{fill}\" \
                 stroke-width=\"0.9\"{dashes}",
                n(x),
                n(bar),
                n(wide.max(1.0)),
                n(BAR)
            );
            let mark = if uncertain { " (date uncertain)" } else { "" };
            self.svg.titled("rect", &look, &format!("{}, {}: {words}{mark}", track.source, piece.from));
            if !piece.taken.is_empty() {
                self.svg.path(&flag(x + 4.0, bar + 16.0), &format!("fill=\"{fill}\" stroke=\"{fill}\""));
            }
            let room = wide - 9.0 - before(&piece);
            self.svg.text(x + 5.0 + before(&piece), bar + 14.0, &fit(words, 12.0, room), plain(12.0, INK));
        }
        for mark in self.chart.marks.iter().filter(|mark| mark.source == track.source) {
            let look = format!(
                "d=\"{}\" fill=\"#ffffff\" stroke=\"{fill}\" stroke-width=\"1.3\"",
                sign(3, self.days.at(mark.day) + 4.0, bar, 3.2)
            );
            self.svg.titled("path", &look, &format!("#{} corrected by us, {}", mark.entry, mark.day));
        }
        let lines = self.beside(track, top, fill);
        self.y = (top + 36.0).max(top + LINE * lines as f64 + 4.0);
    }

    /// What a source says in the end, at the right of a bar that is too narrow for it; gives the number of lines.
    fn beside(&mut self, track: &Track, top: f64, fill: &str) -> usize {
        let end = track.end().filter(|piece| !fits(&self.days, piece));
        let Some(words) = end.and_then(|piece| piece.words) else { return 0 };
        let lines = wrap(&words, 11.5, WIDTH - 20.0 - NAMES, LINES);
        let thread =
            format!("M{} {}L{} {}", n(self.days.end()), n(top + 12.0 + BAR / 2.0), n(NAMES - 4.0), n(top + 6.0));
        self.svg.path(&thread, &format!("fill=\"none\" stroke=\"{fill}\" stroke-opacity=\"0.5\""));
        for (at, line) in lines.iter().enumerate() {
            self.svg.text(NAMES, top + 9.0 + LINE * at as f64, line, plain(11.5, INK));
        }
        lines.len()
    }
}
