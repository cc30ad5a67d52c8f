//! What stands under a chart: how to read the signs that are in it, and what a flag beside a number means.

use sayso_core::views::{CellState, Verdict};

use super::{Page, WIDTH};
use crate::answer::{Answer, Span};
use crate::lettering::{fit, width};
use crate::palette::{SOFT, Told};
use crate::svg::plain;
use crate::track::{Track, verdicts};

const FLAG: &str = "flag: from then on it also denies, accepts or declines something";
/// Flags that are told in words.
const FLAGS: usize = 8;

/// The stances that were taken beside numbers, in words: on paper nothing can be pointed at.
fn flags(track: &Track) -> Vec<String> {
    let beside = track.told().filter(|piece| piece.words.is_none() && !piece.taken.is_empty());
    beside.map(|piece| format!("flag, {}, {}: {}", track.source, piece.from, piece.taken.join("; "))).collect()
}

impl Page<'_> {
    /// How to read it: only what is there.
    pub(super) fn legend(&mut self, tracks: &[Track]) {
        let any = |is: &dyn Fn(&Answer) -> bool| tracks.iter().flat_map(Track::pieces).any(|(.., a)| is(a));
        let span = |is: fn(&Span) -> bool| any(&|a| a.spans.iter().any(is));
        let mut parts: Vec<&str> = Vec::new();
        let mut add = |is: bool, text| parts.extend(is.then_some(text));
        add(span(|s| s.high.is_none()), "fading upwards: at least so many");
        add(span(|s| s.low.is_none()), "fading downwards: at most so many");
        add(span(|s| s.low.is_some() && s.high.is_some() && s.low != s.high), "band: from … to …");
        add(span(|s| s.about), "dashed: about so many");
        add(any(&|a| a.uncertain), "hollow sign or dashed frame: date uncertain");
        add(any(&|a| a.state == CellState::TakenBack), "×: taken back by its source");
        add(!self.chart.marks.is_empty(), "hollow triangle: our record was corrected (thread to what it had been)");
        let many = any(&|a| a.cut);
        add(many, "of more than 30 values side by side the first 30 are drawn");
        let flags: Vec<String> = tracks.iter().flat_map(flags).collect();
        add(tracks.iter().flat_map(Track::told).any(|piece| !piece.taken.is_empty()), FLAG);
        let told = |which: Told| verdicts(self.chart.course).iter().any(|(.., told)| *told == which);
        add(told(Told::Verdict(Verdict::Conflict)), "hatched: sources contradict one another");
        add(told(Told::Words), "different words: the texts are not the same; they need not contradict one another");
        let mut line = String::new();
        let mut lines = Vec::new();
        for part in parts {
            if width(&line) * 11.0 + width(part) * 11.0 > WIDTH - 80.0 {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(if line.is_empty() { "" } else { "   ·   " });
            line.push_str(part);
        }
        lines.push(line);
        lines.extend(flags.iter().take(FLAGS).map(|flag| fit(flag, 11.0, WIDTH - 48.0)));
        lines.extend(
            flags.len().checked_sub(FLAGS).filter(|more| *more > 0).map(|more| format!("and {more} more flags")),
        );
        for line in lines.iter().filter(|line| !line.is_empty()) {
            self.y += 14.0;
            self.svg.text(24.0, self.y, line, plain(11.0, SOFT));
        }
    }
}
