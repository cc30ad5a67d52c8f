//! A track: what one source says on a question, from day to day.

use chrono::NaiveDate;
use sayso_core::views::{Course, Verdict};

use super::answer::{Answer, cells};

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

impl Track {
    /// Each answer with the day it begins and the day it ends; the last one has no end.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (NaiveDate, Option<NaiveDate>, &Answer)> {
        self.changes.iter().enumerate().filter_map(|(at, (from, answer))| {
            let until = self.changes.get(at + 1).map(|(day, _)| *day);
            Some((*from, until, answer.as_ref()?))
        })
    }

    /// What it says in the end.
    pub(crate) fn last(&self) -> Option<&Answer> {
        self.changes.last().and_then(|(_, answer)| answer.as_ref())
    }
}

/// The verdicts of a question, each with the day it begins and the day it ends.
pub(crate) fn verdicts(course: &Course) -> Vec<(NaiveDate, Option<NaiveDate>, Verdict)> {
    let mut all: Vec<(NaiveDate, Option<NaiveDate>, Verdict)> = Vec::new();
    for step in &course.steps {
        let verdict = step.row.as_ref().map_or(Verdict::NothingRecorded, |row| row.verdict);
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
