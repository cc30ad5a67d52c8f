//! Groups: what a look-up found, in a few buffers.

use std::ops::Range;
use std::sync::Arc;

use super::content::{Held, unpack};
use super::posting::Posting;
use super::walk::{Chunk, Lies, Walk};
use crate::ledger::OpenError;
use crate::store::StoreError;

const DAMAGED: &str = "the index of views is damaged; run `sayso reindex` to rebuild it from the entries";
/// Postings of an answer that is no long one.
const USUAL_POSTINGS: usize = 256;
/// Bytes of a usual key.
const USUAL_KEY: usize = 48;

/// The postings under one key.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Where its key begins, and how far behind that each of the three names ends.
    at: usize,
    ends: [usize; 3],
    /// Where its postings lie.
    range: Range<usize>,
}

/// Sorted groups and their postings: a large scan would otherwise allocate for each key.
#[derive(Default)]
pub(crate) struct Groups {
    pub(crate) groups: Vec<Group>,
    postings: Vec<Posting<Lies>>,
    keys: String,
    /// Where the content of the postings lies.
    chunks: Vec<Arc<Chunk>>,
}

impl Groups {
    /// The names under which a group is posted, in the order of the scan.
    pub(crate) fn names(&self, group: &Group) -> [&str; 3] {
        let [first, second, third] = group.ends.map(|end| group.at + end);
        let name = |from, to| self.keys.get(from..to).unwrap_or_default();
        [name(group.at, first), name(first + 1, second), name(second + 1, third)]
    }

    /// Whether a key, in question order, stands under the question of the last group.
    pub(super) fn is_of_last_question(&self, key: &[u8]) -> bool {
        let question = self.groups.last().and_then(|g| self.keys.get(g.at..g.at + g.ends[1]));
        question.is_some_and(|q| key.get(q.len()) == Some(&0) && key.starts_with(q.as_bytes()))
    }

    /// The postings of one of its groups, in the order of recording.
    pub(crate) fn postings(&self, group: &Group) -> &[Posting<Lies>] {
        self.postings.get(group.range.clone()).unwrap_or_default()
    }

    /// The claim in one of its postings; `None` if these are other bytes.
    pub(crate) fn held(&self, posting: &Posting<Lies>) -> Option<Held> {
        let chunk = self.chunk(posting)?;
        unpack(chunk.own(posting), posting, chunk.shared(posting)?)
    }

    /// The body in one of its postings that is no claim.
    pub(crate) fn body(&self, posting: &Posting<Lies>) -> &[u8] {
        self.chunk(posting).map(|chunk| chunk.own(posting)).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn count_chunks(&self) -> usize {
        self.chunks.len()
    }

    /// One of its postings with its content as it was stored.
    #[cfg(test)]
    pub(super) fn raw(&self, posting: &Posting<Lies>) -> Option<super::chunk::RawPosting<'_>> {
        Some(self.chunk(posting)?.raw(posting))
    }

    fn chunk(&self, posting: &Posting<Lies>) -> Option<&Chunk> {
        self.chunks.get(posting.content.chunk as usize).map(|chunk| &**chunk)
    }

    /// Takes a chunk in which postings will lie: its number.
    pub(super) fn take(&mut self, chunk: Arc<Chunk>) -> u32 {
        if self.chunks.is_empty() {
            self.postings.reserve(USUAL_POSTINGS);
            self.groups.reserve(USUAL_POSTINGS / 2);
            self.keys.reserve(USUAL_POSTINGS / 2 * USUAL_KEY);
        }
        self.chunks.push(chunk);
        u32::try_from(self.chunks.len() - 1).unwrap_or(u32::MAX) // chunks of kilobytes: memory ends before
    }

    /// Adds postings that will be those of the next group, from one place of one of its chunks.
    pub(super) fn read(&mut self, walk: &Walk, number: u32, known: u64) -> Result<(), StoreError> {
        let chunk = self.chunks.get(number as usize).ok_or_else(damaged)?;
        walk.read(chunk, number, known, &mut self.postings)
    }

    /// Makes a group of the postings that were read since the last one. Those of each run are in order already.
    pub(super) fn close(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let from = self.groups.last().map_or(0, |last| last.range.end);
        let range = from..self.postings.len();
        if range.is_empty() {
            return Ok(());
        }
        let postings = self.postings.get_mut(range.clone()).unwrap_or_default();
        if !postings.is_sorted_by_key(|p| p.index) {
            postings.sort_unstable_by_key(|p| p.index);
        }
        let key = std::str::from_utf8(key).map_err(|_| damaged())?;
        let zero = |from: usize| key.get(from..)?.find('\0').map(|at| from + at);
        let ends = match self.groups.last() {
            // Mostly the first two names are those of the group before.
            Some(last) if self.is_of_last_question(key.as_bytes()) => [last.ends[0], last.ends[1], key.len()],
            _ => {
                let first = zero(0).ok_or_else(damaged)?;
                [first, zero(first + 1).ok_or_else(damaged)?, key.len()]
            }
        };
        let at = self.keys.len();
        self.keys.push_str(key);
        self.groups.push(Group { at, ends, range });
        Ok(())
    }
}

/// What becomes of the groups once they are whole.
impl Groups {
    /// Lets go of the groups from one on.
    pub(crate) fn let_go(&mut self, from: usize) {
        if let Some(first) = self.groups.get(from) {
            self.postings.truncate(first.range.start);
            self.keys.truncate(first.at);
            self.groups.truncate(from);
        }
    }

    /// Keeps of the groups from one on those of which something is settled, and of their postings those that this rests on. What was
    /// settled is added in their order.
    pub(crate) fn keep<P>(
        &mut self,
        from: usize,
        mut settle: impl FnMut(&Self, &Group) -> Result<Option<P>, OpenError>,
        rests_on: impl Fn(&P, &Posting<Lies>) -> bool,
        settled: &mut Vec<P>,
    ) -> Result<(), OpenError> {
        let Some(begin) = self.groups.get(from).map(|first| first.range.start) else { return Ok(()) };
        let (mut groups, mut postings) = (from, begin);
        for n in from..self.groups.len() {
            let Some(group) = self.groups.get(n).cloned() else { break };
            let Some(found) = settle(self, &group)? else { continue };
            let start = postings;
            for at in group.range.clone() {
                if let Some(posting) = self.postings.get(at).filter(|posting| rests_on(&found, posting)).copied()
                    && let Some(place) = self.postings.get_mut(postings)
                {
                    *place = posting;
                    postings += 1;
                }
            }
            if let Some(place) = self.groups.get_mut(groups) {
                *place = Group { range: start..postings, ..group };
                groups += 1;
            }
            settled.push(found);
        }
        self.postings.truncate(postings);
        if groups == from {
            self.let_go(from);
        }
        self.groups.truncate(groups);
        Ok(())
    }

    /// Lets go of the chunks in which nothing lies that was kept. Nothing can be read into it afterwards.
    pub(crate) fn shrink(&mut self) {
        if self.groups.is_empty() {
            *self = Self::default(); // and of the room that was made
            return;
        }
        let mut numbers: Vec<Option<u32>> = vec![None; self.chunks.len()];
        for posting in &self.postings {
            if let Some(number) = numbers.get_mut(posting.content.chunk as usize) {
                *number = Some(0);
            }
        }
        for (number, new) in numbers.iter_mut().flatten().zip(0..) {
            *number = new;
        }
        let mut kept = numbers.iter().map(Option::is_some);
        self.chunks.retain(|_| kept.next().unwrap_or_default());
        for posting in &mut self.postings {
            if let Some(Some(number)) = numbers.get(posting.content.chunk as usize) {
                posting.content.chunk = *number;
            }
        }
    }
}

/// What is wanted of runs.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Keys from the first to before the second.
    pub(super) range: [&'a [u8]; 2],
    /// In question order: these predicates alone, unless there are none.
    pub(super) predicates: &'a [&'a [u8]],
    /// Entries before this one.
    pub(super) known: u64,
    /// What stands under one question is taken together.
    pub(super) together: bool,
}

impl Wanted<'_> {
    /// Whether the second name in a key is wanted, and where it ends.
    pub(super) fn predicate(&self, key: &[u8]) -> (bool, usize) {
        let end = |from: usize| from + key.get(from..).unwrap_or_default().iter().take_while(|b| **b != 0).count();
        let subject = end(0);
        let predicate = end(subject + 1);
        (self.predicates.contains(&key.get(subject + 1..predicate).unwrap_or_default()), predicate + 1)
    }
}

/// The projection cannot be read.
pub(crate) fn damaged() -> StoreError {
    StoreError::Engine(DAMAGED.into())
}
