//! A track: what one source says on a question, from day to day.

use chrono::NaiveDate;
use sayso_core::views::{CellState, Course, Verdict};

use super::answer::{Answer, cells};
use super::palette::Told;

/// One source on one question.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) source: String,
    pub(crate) unattributed: bool,
    /// By day; each differs from the one before. `None`: nothing any more.
    pub(crate) changes: Vec<(NaiveDate, Option<Answer>)>,
}

/// The tracks of a question, by source, `unattributed` last.
pub(crate) fn tracks(course: &Course) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    for step in &course.steps {
        for cell in step.row.iter().flat_map(cells) {
            if Answer::of(cell).is_some() && tracks.iter().all(|t| t.source != cell.source.as_str()) {
                let unattributed = cell.source.is_unattributed();
                tracks.push(Track { source: cell.source.to_string(), unattributed, changes: vec![] });
            }
        }
    }
    tracks.sort_by(|a, b| (a.unattributed, &a.source).cmp(&(b.unattributed, &b.source)));
    for track in &mut tracks {
        for step in &course.steps {
            let cell = step.row.iter().flat_map(cells).find(|cell| cell.source.as_str() == track.source);
            let answer = cell.and_then(Answer::of);
            let before = track.changes.last().and_then(|(_, answer)| answer.as_ref());
            if before != answer.as_ref() {
                track.changes.push((step.day, answer));
            }
        }
    }
    tracks
}

/// An answer while it lasts, as a picture tells it.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) from: NaiveDate,
    /// `None`: until the end.
    pub(crate) until: Option<NaiveDate>,
    pub(crate) answer: &'a Answer,
    /// What a bar says: words, with the stance beside them; `None` where there are numbers.
    pub(crate) words: Option<String>,
    /// The stances that it takes and had not taken before.
    pub(crate) taken: Vec<&'a str>,
}

impl<'a> Piece<'a> {
    fn of(from: NaiveDate, until: Option<NaiveDate>, before: Option<&Answer>, answer: &'a Answer) -> Self {
        let new = |stance: &&String| before.is_none_or(|before| !before.stances.contains(stance));
        let taken: Vec<&str> = answer.stances.iter().filter(new).map(String::as_str).collect();
        let all = answer.stances.join("; ");
        let words = answer.words.as_ref().map(|words| match answer.state {
            _ if all.is_empty() => words.clone(),
            CellState::Claims if taken.is_empty() || before.is_none_or(|before| before.text != answer.text) => {
                format!("{words}; {all}")
            }
            // The words of before were not said again: what is new comes first.
            CellState::Claims => format!("{} (before: {words})", taken.join("; ")),
            _ => all,
        });
        Self { from, until, answer, words, taken }
    }
}

impl Track {
    /// The same, told: each with what is new in it.
    pub(crate) fn told(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut before: Option<&Answer> = None;
        self.lasting().filter_map(move |(from, until, answer)| {
            let last = std::mem::replace(&mut before, answer);
            Some(Piece::of(from, until, last, answer?))
        })
    }

    /// The piece that lasts until the end.
    pub(crate) fn end(&self) -> Option<Piece<'_>> {
        self.told().last().filter(|piece| piece.until.is_none())
    }

    /// Each answer with the day it begins and the day it ends; the last one has no end.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (NaiveDate, Option<NaiveDate>, &Answer)> {
        self.lasting().filter_map(|(from, until, answer)| Some((from, until, answer?)))
    }

    /// The same with what has no answer.
    fn lasting(&self) -> impl Iterator<Item = (NaiveDate, Option<NaiveDate>, Option<&Answer>)> {
        let ends = self.changes.iter().skip(1).map(|(day, _)| Some(*day)).chain([None]);
        self.changes.iter().zip(ends).map(|((from, answer), until)| (*from, until, answer.as_ref()))
    }

    /// What it says in the end.
    pub(crate) fn last(&self) -> Option<&Answer> {
        self.changes.last().and_then(|(_, answer)| answer.as_ref())
    }
}

/// The verdicts of a question, each with the day it begins and the day it ends.
pub(crate) fn verdicts(course: &Course) -> Vec<(NaiveDate, Option<NaiveDate>, Told)> {
    let mut all: Vec<(NaiveDate, Option<NaiveDate>, Told)> = Vec::new();
    for step in &course.steps {
        let verdict = step.row.as_ref().map_or(Told::Verdict(Verdict::NothingRecorded), Told::of);
        match all.last_mut() {
            Some((.., same)) if *same == verdict => {}
            last => {
                if let Some((_, until, _)) = last {
                    *until = Some(step.day);
                }
                all.push((step.day, None, verdict));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(state: CellState, text: &str, stances: &[&str]) -> Answer {
        Answer {
            state,
            text: text.into(),
            spans: vec![],
            cut: false,
            words: Some(text.into()),
            uncertain: false,
            order_unknown: false,
            stances: stances.iter().map(ToString::to_string).collect(),
            entries: vec![],
        }
    }

    #[test]
    fn a_stance_after_words_is_no_second_time_of_the_words() {
        let day = |n: u64| NaiveDate::default() + chrono::Days::new(n);
        let claims = |text, stances: &[&str]| Some(answer(CellState::Claims, text, stances));
        let changes = vec![
            (day(0), claims("calm", &[])),
            (day(1), claims("calm", &["declines to comment"])),
            (day(2), claims("calm, we say again", &["declines to comment"])),
            (day(3), Some(answer(CellState::Denies, "denies", &["denies #3 of radio"]))),
            (day(4), None),
        ];
        let track = Track { source: "town".into(), unattributed: false, changes };
        let told: Vec<String> = track.told().filter_map(|piece| piece.words).collect();
        let expected = [
            "calm",
            "declines to comment (before: calm)",
            "calm, we say again; declines to comment",
            "denies #3 of radio",
        ];
        assert_eq!(told, expected);
        let new: Vec<usize> = track.told().map(|piece| piece.taken.len()).collect();
        assert_eq!(new, [0, 1, 0, 1]);
        assert!(track.end().is_none(), "in the end there is nothing any more");
    }
}
