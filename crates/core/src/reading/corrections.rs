//! What corrections make of an entry.
//!
//! The last recorded correction of an entry counts, unless it was itself corrected away. A correction with no replacement
//! says that the entry was never a statement; of a correction, that undoes it.

use std::collections::HashMap;

use crate::event::{Content, Correction, Event};
use crate::limits::MAX_CORRECTION_DEPTH;

/// The corrections recorded up to some point.
#[derive(Debug, Clone, Default)]
pub struct Corrections {
    made: HashMap<u64, Correction>,
    /// For each corrected entry its corrections, in the order they were recorded.
    of: HashMap<u64, Vec<u64>>,
}

/// How an entry reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading<'a> {
    /// As this event: the recorded one or its replacement.
    Event(&'a Event),
    /// It was never a statement.
    Void {
        /// The correction that says so.
        by: u64,
    },
}

impl Corrections {
    /// Adds a correction recorded at `index`. Must be called in the order of recording.
    pub fn insert(&mut self, index: u64, correction: Correction) {
        if correction.of >= index {
            return; // only a forged ledger has one: following it would lead round in a circle
        }
        self.of.entry(correction.of).or_default().push(index);
        self.made.insert(index, correction);
    }

    /// How the entry at `index` reads, which was recorded as `event`.
    #[must_use]
    pub fn read<'a>(&'a self, index: u64, event: &'a Event) -> Reading<'a> {
        match self.in_force(index) {
            None => Reading::Event(event),
            Some((by, Correction { replacement, .. })) => {
                replacement.as_deref().map_or(Reading::Void { by }, Reading::Event)
            }
        }
    }

    /// The correction in force on an entry, as it reads itself.
    #[must_use]
    pub fn in_force(&self, index: u64) -> Option<(u64, &Correction)> {
        self.in_force_at(index, 0)
    }

    fn in_force_at(&self, index: u64, depth: usize) -> Option<(u64, &Correction)> {
        // The ledger refuses deeper chains; one that got in elsewhere must not overflow the stack.
        let corrections = self.of.get(&index).filter(|_| depth <= MAX_CORRECTION_DEPTH)?;
        corrections.iter().rev().find_map(|&c| Some((c, self.reading_of(c, depth)?)))
    }

    /// How the correction recorded at `c` reads; `None` if it was undone.
    fn reading_of(&self, c: u64, depth: usize) -> Option<&Correction> {
        let made = self.made.get(&c)?;
        match self.in_force_at(c, depth + 1) {
            None => Some(made),
            Some((_, outer)) => match outer.replacement.as_deref().map(|e| &e.content) {
                // A replacement keeps pointing at the same entry; anything else was not let in.
                Some(Content::Correction(inner)) if inner.of == made.of => Some(inner),
                _ => None,
            },
        }
    }

    /// The entry and the corrections that were not undone, in order: what a standing rests on.
    #[must_use]
    pub fn trail(&self, index: u64) -> Vec<u64> {
        let mut trail = vec![index];
        self.extend_trail(index, 0, &mut trail);
        trail.sort_unstable();
        trail
    }

    fn extend_trail(&self, index: u64, depth: usize, trail: &mut Vec<u64>) {
        if depth > MAX_CORRECTION_DEPTH {
            return;
        }
        for &c in self.of.get(&index).into_iter().flatten() {
            if self.reading_of(c, depth).is_some() {
                trail.push(c);
                self.extend_trail(c, depth + 1, trail);
            }
        }
    }

    /// How many corrections deep an entry is: 0 for anything but a correction.
    #[must_use]
    pub fn depth(&self, mut index: u64) -> usize {
        let mut depth = 0;
        while let Some(correction) = self.made.get(&index) {
            depth += 1;
            index = correction.of;
        }
        depth
    }

    /// Whether nothing was ever corrected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Note;
    use crate::text::Text;

    fn note(text: &str) -> Event {
        let content = Content::Note(Note { of: 0, text: Text::new(text).unwrap() });
        Event { id: None, content, note: None, citations: vec![], tags: vec![] }
    }

    fn correction(of: u64, replacement: Option<Event>) -> Correction {
        Correction { of, replacement: replacement.map(Box::new), reason: Text::new("typo").unwrap() }
    }

    fn wrap(c: Correction) -> Event {
        Event { id: None, content: Content::Correction(c), note: None, citations: vec![], tags: vec![] }
    }

    #[test]
    fn the_last_one_counts() {
        let (first, a, b) = (note("first"), note("a"), note("b"));
        let mut c = Corrections::default();
        assert_eq!(c.read(0, &first), Reading::Event(&first));
        c.insert(1, correction(0, Some(a)));
        c.insert(2, correction(0, Some(b.clone())));
        assert_eq!(c.read(0, &first), Reading::Event(&b));
        assert_eq!(c.trail(0), [0, 1, 2]);
    }

    #[test]
    fn undoing_brings_back_what_was_there() {
        let (first, a) = (note("first"), note("a"));
        let mut c = Corrections::default();
        c.insert(1, correction(0, Some(a.clone())));
        c.insert(2, correction(0, None));
        assert_eq!(c.read(0, &first), Reading::Void { by: 2 });
        c.insert(3, correction(2, None));
        assert_eq!(c.read(0, &first), Reading::Event(&a), "the void was undone, the older correction holds");
        c.insert(4, correction(1, None));
        assert_eq!(c.read(0, &first), Reading::Event(&first));
        assert_eq!(c.trail(0), [0]);
        c.insert(5, correction(4, None));
        assert_eq!(c.read(0, &first), Reading::Event(&a), "the undoing of the undoing");
        assert_eq!(c.depth(5), 3);
    }

    #[test]
    fn a_correction_can_be_corrected() {
        let (first, a, b) = (note("first"), note("a"), note("b"));
        let mut c = Corrections::default();
        c.insert(1, correction(0, Some(a)));
        c.insert(2, correction(1, Some(wrap(correction(0, Some(b.clone()))))));
        assert_eq!(c.read(0, &first), Reading::Event(&b));
        assert_eq!(c.trail(0), [0, 1, 2]);
    }
}
