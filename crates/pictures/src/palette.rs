//! Colours and shapes. Nothing is told by colour alone: sources also have shapes and labels, verdicts also letters.

use sayso_core::views::{Row, Verdict};

pub(crate) const INK: &str = "#22262b";
pub(crate) const SOFT: &str = "#5d6670";
pub(crate) const RULE: &str = "#e3e6e9";
pub(crate) const AXIS: &str = "#9aa3ab";
pub(crate) const GRAVE: &str = "#b3261e";

/// Colours of sources: dark enough on white for small letters, and apart for most eyes.
const COLOURS: [&str; 12] = [
    "#1f5f99", "#b0531c", "#2c7a4b", "#8a3b7a", "#6b6b12", "#117a80", "#a12f3f", "#4a4fa3", "#7a5230", "#3f6f2a",
    "#5b5f66", "#99457c",
];

/// What nobody named answers for is grey.
pub(crate) const NOBODY: &str = "#6f7780";

/// The colour of a source, by its place.
pub(crate) fn colour(place: usize) -> &'static str {
    COLOURS.get(place % COLOURS.len()).copied().unwrap_or(INK)
}

/// The outline of a source's sign round a point, by its place.
pub(crate) fn sign(place: usize, x: f64, y: f64, r: f64) -> String {
    let p = |dx: f64, dy: f64| format!("{:.1} {:.1}", x + dx * r, y + dy * r);
    // After a round of colours another sign: the thirteenth source is not taken for the first.
    match (place + place / COLOURS.len()) % 6 {
        0 => format!("M{}A{r} {r} 0 1 1 {}A{r} {r} 0 1 1 {}Z", p(-1.0, 0.0), p(1.0, 0.0), p(-1.0, 0.0)),
        1 => format!("M{}L{}L{}L{}Z", p(-0.9, -0.9), p(0.9, -0.9), p(0.9, 0.9), p(-0.9, 0.9)),
        2 => format!("M{}L{}L{}L{}Z", p(0.0, -1.3), p(1.3, 0.0), p(0.0, 1.3), p(-1.3, 0.0)),
        3 => format!("M{}L{}L{}Z", p(0.0, -1.2), p(1.2, 0.9), p(-1.2, 0.9)),
        4 => format!("M{}L{}L{}Z", p(0.0, 1.2), p(1.2, -0.9), p(-1.2, -0.9)),
        _ => format!(
            "M{}L{}L{}L{}L{}L{}Z",
            p(-1.2, 0.0),
            p(-0.6, -1.0),
            p(0.6, -1.0),
            p(1.2, 0.0),
            p(0.6, 1.0),
            p(-0.6, 1.0)
        ),
    }
}

/// A small flag on a staff that stands on a point: beside its answer a source took a stance.
pub(crate) fn flag(x: f64, y: f64) -> String {
    format!("M{x:.1} {y:.1}v-11h8l-2.5 3l2.5 3h-8")
}

/// What a question or a cell is marked with: its verdict, but that texts which merely differ are told calmly, as what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    Verdict(Verdict),
    /// A conflict that rests on different words alone.
    Words,
}

impl Told {
    /// All of them; the verdicts in their order, so that they have the same numbers.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Verdict::ALL.into_iter().map(Self::Verdict).chain([Self::Words])
    }

    pub(crate) fn of(row: &Row) -> Self {
        if row.in_words { Self::Words } else { Self::Verdict(row.verdict) }
    }

    /// Its name, in the words of output.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.as_str(),
            Self::Words => "different-words",
        }
    }

    /// Whether parties contradict one another, or may: what `--conflicts` keeps.
    pub(crate) const fn is_dispute(self) -> bool {
        match self {
            Self::Verdict(verdict) => verdict.is_dispute(),
            Self::Words => true,
        }
    }
}

/// How a verdict is marked: its letter, the fill of its cells, and the ink on them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tone {
    pub(crate) letter: &'static str,
    pub(crate) fill: &'static str,
    pub(crate) ink: &'static str,
}

/// The marking of a verdict.
pub(crate) const fn tone(told: Told) -> Tone {
    let Told::Verdict(verdict) = told else { return Tone { letter: "W", fill: "#dcefee", ink: "#17565a" } };
    let (letter, fill, ink) = match verdict {
        Verdict::Conflict => ("C", "url(#hatch)", "#8c1d18"),
        Verdict::Denied => ("D", "#fbdcb4", "#7a4400"),
        Verdict::Inconsistent => ("I", "#f5e9a8", "#5c5000"),
        Verdict::NotCompared => ("N", "#e7dff3", "#513a80"),
        Verdict::Compatible => ("≈", "#d9e8f6", "#1d4f80"),
        Verdict::Agreement => ("=", "#d3ebdb", "#1d5e36"),
        Verdict::OneSource => ("1", "#f1f2f3", "#4d555d"),
        Verdict::UnattributedOnly => ("U", "#f1f2f3", "#4d555d"),
        Verdict::Declined => ("?", "#f7f7f5", "#6a6a60"),
        Verdict::NothingStands => ("–", "#fafafa", "#70767c"),
        Verdict::NothingRecorded => ("0", "#fafafa", "#70767c"),
    };
    Tone { letter, fill, ink }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A colour alone would be told twice from the thirteenth source on.
    #[test]
    fn seventy_two_sources_are_told_apart() {
        let looks: std::collections::BTreeSet<(&str, String)> =
            (0..72).map(|place| (colour(place), sign(place, 0.0, 0.0, 1.0))).collect();
        assert_eq!(looks.len(), 72);
    }

    #[test]
    fn no_two_verdicts_share_a_letter() {
        let letters: std::collections::BTreeSet<&str> = Told::all().map(|v| tone(v).letter).collect();
        assert_eq!(letters.len(), Verdict::ALL.len() + 1);
    }
}
