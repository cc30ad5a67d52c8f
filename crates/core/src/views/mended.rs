//! What we mended between two moments: corrections learned in between, what each is of in the end, and whose statement on which
//! question it has to do with.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::frame::Frame;
use super::history::points_at;
use crate::event::{Content, Event, NameKind, Question};
use crate::ledger::{Ledger, OpenError};
use crate::text::Name;

/// Corrections learned between two moments.
pub(super) struct Mended {
    /// By the entry that they are of in the end.
    of: BTreeMap<u64, Vec<u64>>,
    /// By whose statement on what was mended, or came of it, under the names of the later moment.
    around: BTreeMap<(Name, Question), BTreeSet<u64>>,
    /// Those of aliases: names that were one are not any more.
    pub(super) parted: BTreeSet<u64>,
}

impl Mended {
    /// Those among the entries of a frame from this one on.
    pub(super) fn since(ledger: &Ledger, frame: &Frame, known_before: u64) -> Result<Self, OpenError> {
        let mut of: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (index, (_, record)) in frame.others.range(known_before..) {
            if let Content::Correction(_) = &record.event.content {
                of.entry(end_of(frame, *index)).or_default().push(*index);
            }
        }
        let mut mended = Self { of, around: BTreeMap::new(), parted: BTreeSet::new() };
        if !mended.of.is_empty() {
            let pointed = Pointed::at_by(ledger, frame, mended.of.keys().copied())?;
            for (of, made) in &mended.of {
                if matches!(pointed.recorded(*of).map(|e| &e.content), Some(Content::Alias(_))) {
                    mended.parted.extend(made);
                }
                for by in made {
                    for (source, question) in pointed.statements(*of, *by) {
                        mended.around.entry((source, question)).or_default().insert(*by);
                    }
                }
            }
        }
        Ok(mended)
    }

    /// Those that are, in the end, of one of these entries.
    pub(super) fn of(&self, entries: &BTreeSet<u64>) -> BTreeSet<u64> {
        entries.iter().filter_map(|of| self.of.get(of)).flatten().copied().collect()
    }

    /// Those that have to do with a cell.
    pub(super) fn around(&self, cell: &(Name, Question)) -> BTreeSet<u64> {
        self.around.get(cell).cloned().unwrap_or_default()
    }
}

/// The entry that a correction is of in the end.
fn end_of(frame: &Frame, mut index: u64) -> u64 {
    // References point backwards; only a forged ledger has one that does not, and following it would lead round in a circle.
    while let Some(Content::Correction(c)) = frame.other(index)
        && c.of < index
    {
        index = c.of;
    }
    index
}

/// Entries that were corrected, and those that they point at, in whatever reading.
struct Pointed<'f> {
    frame: &'f Frame,
    /// Corrections, whenever they were made, by the entry that they are of in the end.
    corrections: HashMap<u64, Vec<u64>>,
    /// Claims.
    read: HashMap<u64, Event>,
}

impl<'f> Pointed<'f> {
    fn at_by(ledger: &Ledger, frame: &'f Frame, ends: impl Iterator<Item = u64>) -> Result<Self, OpenError> {
        let mut corrections: HashMap<u64, Vec<u64>> = HashMap::new();
        for (index, (_, record)) in &frame.others {
            if let Content::Correction(_) = &record.event.content {
                corrections.entry(end_of(frame, *index)).or_default().push(*index);
            }
        }
        let mut pointed = Self { frame, corrections, read: HashMap::new() };
        let (mut open, mut met): (Vec<u64>, BTreeSet<u64>) = (ends.collect(), BTreeSet::new());
        while let Some(index) = open.pop() {
            if met.insert(index) {
                open.extend(pointed.readings(index).filter_map(points_at));
            }
        }
        let claims: Vec<u64> = met.into_iter().filter(|index| frame.other(*index).is_none()).collect();
        let read = ledger.read_each(&claims, |entry| -> Result<_, OpenError> {
            Ok(entry.record()?.map(|record| (entry.index(), record.event)))
        })?;
        pointed.read = read.into_iter().flatten().collect();
        Ok(pointed)
    }

    /// An entry as it was recorded.
    fn recorded(&self, index: u64) -> Option<&Event> {
        self.frame.others.get(&index).map(|(_, record)| &record.event).or_else(|| self.read.get(&index))
    }

    /// What an entry said by its first record, or by any correction.
    fn readings(&self, index: u64) -> impl Iterator<Item = &Event> {
        let corrections = self.corrections.get(&index).into_iter().flatten();
        let made = corrections.filter_map(|by| self.recorded(*by)?.statement());
        self.recorded(index).into_iter().chain(made)
    }

    /// Whose statements on what were mended by the correction `by`, which is of `of` in the end, or came of it.
    fn statements(&self, of: u64, by: u64) -> BTreeSet<(Name, Question)> {
        let mut statements = BTreeSet::new();
        let made = self.recorded(by).and_then(Event::statement);
        for event in self.recorded(of).into_iter().chain(made) {
            let Some(said) = event.content.attribution() else { continue };
            let source = self.frame.aliases.shown(NameKind::Source, &said.source);
            let mut questions = BTreeSet::new();
            self.questions(event, &mut HashSet::new(), &mut questions);
            statements.extend(questions.into_iter().map(|question| (source.clone(), question)));
        }
        statements
    }

    /// The questions that a statement is on, directly or by what it points at. A statement on an erased entry is on none: it shows
    /// nowhere.
    fn questions(&self, event: &Event, met: &mut HashSet<u64>, questions: &mut BTreeSet<Question>) {
        if let Some(question) = event.content.question() {
            questions.insert(self.frame.question(question));
        } else if let Some(of) = points_at(event)
            && met.insert(of)
        {
            self.readings(of).for_each(|event| self.questions(event, met, questions));
        }
    }
}
