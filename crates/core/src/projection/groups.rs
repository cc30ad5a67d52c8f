//! Groups: what was read of chunks, and of postings in memory, in a few buffers.

use super::chunk::{Content, DAY_MICROS, HAS_DAY, Kept, Last, NEAR_COMPANIONS, RawPosting, Span};
use super::posting::{Kind, Posting};
use super::varint::Varints;
use crate::store::StoreError;

const DAMAGED: &str = "the index of views is damaged; run `sayso reindex` to rebuild it from the entries";
/// Postings of an answer that is no long one.
const USUAL_POSTINGS: usize = 64;

/// The postings under one key.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    key: Span,
    /// Where they lie in [`Groups::postings`].
    range: std::ops::Range<usize>,
}

/// Sorted groups and their postings, all in a few buffers: a large scan would otherwise allocate for each key.
#[derive(Default)]
pub(crate) struct Groups {
    pub(crate) groups: Vec<Group>,
    postings: Vec<Posting<Kept>>,
    bytes: Vec<u8>,
    /// The last key that was read, wanted or not.
    key: Vec<u8>,
}

impl Groups {
    /// The key of one of its groups.
    pub(crate) fn key(&self, group: &Group) -> &[u8] {
        group.key.of(&self.bytes)
    }

    /// The postings of one of its groups.
    pub(crate) fn postings(&self, group: &Group) -> &[Posting<Kept>] {
        self.postings.get(group.range.clone()).unwrap_or_default()
    }

    /// One of its postings with its content.
    pub(crate) fn raw(&self, posting: &Posting<Kept>) -> RawPosting<'_> {
        posting.raw(&self.bytes)
    }

    /// Adds a posting to the last group, or in a new one.
    pub(super) fn push(&mut self, key: &[u8], posting: &RawPosting<'_>) {
        let Posting { kind, index, last, day, content: Content { own, shared } } = *posting;
        let content = Kept { own: Span::keep(&mut self.bytes, own), shared: Span::keep(&mut self.bytes, shared) };
        self.postings.push(Posting { kind, index, last, day, content });
        let end = self.postings.len();
        match self.groups.last_mut() {
            Some(last) if last.key.of(&self.bytes) == key => last.range.end = end,
            _ => {
                let key = Span::keep(&mut self.bytes, key);
                self.groups.push(Group { key, range: end - 1..end });
            }
        }
    }

    /// Forgets what is in it, but keeps the room.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.postings.clear();
        self.bytes.clear();
    }

    /// Adds what is wanted of a stored chunk. Whether later chunks of the run may have more.
    pub(super) fn read(&mut self, chunk: &[u8], wanted: &Wanted<'_>) -> Result<bool, StoreError> {
        let before = self.groups.len();
        if self.bytes.is_empty() {
            self.bytes.reserve(chunk.len() / 2);
            self.postings.reserve(USUAL_POSTINGS);
            self.groups.reserve(USUAL_POSTINGS / 2);
        }
        let more = self.read_chunk(chunk, wanted).ok_or_else(damaged)?;
        // What filled the chunk before may go on under the same key.
        let index = |at: Option<usize>| at.and_then(|at| self.postings.get(at)).map(|p| p.index);
        if let Some([last, first]) = before.checked_sub(1).and_then(|at| self.groups.get(at..at + 2))
            && self.key(last) == self.key(first)
            && index(last.range.end.checked_sub(1)) < index(Some(first.range.start))
        {
            let end = first.range.end;
            self.groups.remove(before);
            if let Some(last) = self.groups.get_mut(before - 1) {
                last.range.end = end;
            }
        }
        Ok(more)
    }

    fn read_chunk(&mut self, chunk: &[u8], wanted: &Wanted<'_>) -> Option<bool> {
        let [from, to] = wanted.range;
        let mut rest = Varints(chunk);
        let mut companions = Companions::read(&mut rest)?;
        // Whether the last key has a predicate that is wanted, and where that ends: most keys share it with the one before.
        let mut has_predicate = (wanted.predicates.is_empty(), 0);
        self.key.clear();
        while !rest.is_empty() {
            let shared = rest.length()?;
            let own = rest.slice()?;
            if shared > self.key.len() {
                return None;
            }
            self.key.truncate(shared);
            self.key.extend_from_slice(own);
            let postings = rest.slice()?;
            if self.key.as_slice() < from {
                continue;
            }
            if self.key.as_slice() >= to {
                return Some(false);
            }
            if !wanted.predicates.is_empty() && (shared < has_predicate.1 || has_predicate.1 == 0) {
                has_predicate = wanted.predicate(&self.key);
            }
            if has_predicate.0 {
                self.read_group(postings, &mut companions, wanted.known)?;
            }
        }
        Some(true)
    }

    fn read_group(&mut self, bytes: &[u8], companions: &mut Companions<'_>, known: u64) -> Option<()> {
        let start = self.postings.len();
        let at = Span::keep(&mut self.bytes, bytes).at;
        let mut rest = Varints(bytes);
        let mut last = Last::default();
        while !rest.is_empty() {
            let head = rest.byte()?;
            let companion = if head >> 3 == NEAR_COMPANIONS { rest.length()? } else { usize::from(head >> 3) };
            last.index = last.index.checked_add(rest.number()?)?;
            let step = rest.signed()?;
            let (end, shared) = companions.kept(companion, &mut self.bytes)?;
            let (moment, day) = if head & HAS_DAY == 0 {
                last.last = last.last.wrapping_add(step);
                (last.last, None)
            } else {
                last.day = last.day.wrapping_add(step);
                (last.day.checked_mul(DAY_MICROS)?.checked_add(end)?, Some(i32::try_from(last.day).ok()?))
            };
            let length = rest.length()?;
            let own = Span { at: at + (bytes.len() - rest.0.len()), length };
            rest.take(length)?;
            if last.index >= known {
                break; // so are the others
            }
            let kind = Kind::of(head & 3)?;
            self.postings.push(Posting { kind, index: last.index, last: moment, day, content: Kept { own, shared } });
        }
        if start < self.postings.len() {
            let key = Span::keep(&mut self.bytes, &self.key);
            self.groups.push(Group { key, range: start..self.postings.len() });
        }
        Some(())
    }

    /// The same groups by key, one for each, with its postings in the order of recording. Those of each run are so already.
    pub(super) fn sorted(self) -> Self {
        let Self { mut groups, postings, bytes, key } = self;
        if groups.is_sorted_by(|a, b| a.key.of(&bytes) < b.key.of(&bytes)) {
            return Self { groups, postings, bytes, key }; // one run
        }
        groups.sort_by(|a, b| a.key.of(&bytes).cmp(b.key.of(&bytes))); // a stable sort makes use of sorted stretches
        let mut sorted: Vec<Posting<Kept>> = Vec::with_capacity(postings.len());
        let mut merged: Vec<Group> = Vec::with_capacity(groups.len());
        for same in groups.chunk_by(|a, b| a.key.of(&bytes) == b.key.of(&bytes)) {
            let from = sorted.len();
            same.iter().for_each(|g| sorted.extend_from_slice(postings.get(g.range.clone()).unwrap_or_default()));
            let here = sorted.get_mut(from..).unwrap_or_default();
            if !here.is_sorted_by_key(|p| p.index) {
                here.sort_unstable_by_key(|p| p.index);
            }
            merged.extend(same.first().map(|first| Group { key: first.key, range: from..sorted.len() }));
        }
        Self { groups: merged, postings: sorted, bytes, key }
    }
}

/// Whatever a chunk has.
pub(super) const EVERYTHING: Wanted<'static> = Wanted { range: [&[], &[u8::MAX]], predicates: &[], known: u64::MAX };

/// What is wanted of a chunk.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Keys from the first to before the second.
    pub(super) range: [&'a [u8]; 2],
    /// In question order: these predicates alone, unless there are none.
    pub(super) predicates: &'a [&'a [u8]],
    /// Entries before this one.
    pub(super) known: u64,
}

impl Wanted<'_> {
    /// Whether the second name in a key is wanted, and where it ends.
    fn predicate(&self, key: &[u8]) -> (bool, usize) {
        let end = |from: usize| from + key.get(from..).unwrap_or_default().iter().take_while(|b| **b != 0).count();
        let subject = end(0);
        let predicate = end(subject + 1);
        (self.predicates.contains(&key.get(subject + 1..predicate).unwrap_or_default()), predicate + 1)
    }
}

/// The companions of a chunk, each kept in a buffer once it is needed.
struct Companions<'a>(Vec<(i64, &'a [u8], Option<Span>)>);

impl<'a> Companions<'a> {
    fn read(rest: &mut Varints<'a>) -> Option<Self> {
        let count = rest.length()?;
        let mut all = Vec::with_capacity(count.min(usize::from(u8::MAX)));
        for _ in 0..count {
            all.push((rest.signed()?, rest.slice()?, None));
        }
        Some(Self(all))
    }

    fn kept(&mut self, number: usize, buffer: &mut Vec<u8>) -> Option<(i64, Span)> {
        let (end, bytes, kept) = self.0.get_mut(number)?;
        Some((*end, *kept.get_or_insert_with(|| Span::keep(buffer, bytes))))
    }
}

/// The projection cannot be read.
pub(crate) fn damaged() -> StoreError {
    StoreError::Engine(DAMAGED.into())
}
