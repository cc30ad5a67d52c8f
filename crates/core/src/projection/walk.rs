//! Chunks as they are read: what is shared unpacked once, the groups gone through from the beginning.

use super::chunk::{Content, DAY_MICROS, HAS_DAY, Last, NEAR_COMPANIONS, RawPosting};
use super::content::Shared;
use super::groups::damaged;
use super::posting::{Kind, Posting};
use super::varint::Varints;
use crate::store::StoreError;

/// A chunk with its companions unpacked.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    companions: Vec<Companion>,
    /// Where its groups begin.
    groups: usize,
    /// Places on the way, so that one need not begin at the beginning.
    marks: Vec<Mark>,
}

/// A place behind a group.
#[derive(Debug)]
struct Mark {
    key: Box<[u8]>,
    next: usize,
}

/// Bytes of groups from one mark to the next.
const MARK_BYTES: usize = 1 << 10;

/// What many postings of a chunk share.
#[derive(Debug)]
struct Companion {
    /// How long after the beginning of its day a claim without an hour was last being made.
    end: i64,
    part: Part,
    /// `None` if it belongs to no claim.
    shared: Option<Shared>,
}

/// Where bytes lie in a chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Part {
    at: u32,
    length: u32,
}

impl Part {
    fn of(self, bytes: &[u8]) -> &[u8] {
        let (at, length) = (self.at as usize, self.length as usize);
        bytes.get(at..at + length).unwrap_or_default()
    }
}

/// Where the content of a posting lies in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lies {
    /// Which chunk, among those of an answer.
    pub(super) chunk: u32,
    own: Part,
    companion: u32,
}

impl Chunk {
    /// A chunk as it was stored, to be read from its beginning.
    ///
    /// # Errors
    /// If these are other bytes.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, StoreError> {
        Self::parse(bytes).ok_or_else(damaged)
    }

    /// The same with marks, for look-ups.
    ///
    /// # Errors
    /// If these are other bytes.
    pub(super) fn marked(bytes: Vec<u8>) -> Result<Self, StoreError> {
        let mut chunk = Self::new(bytes)?;
        let mut marks: Vec<Mark> = Vec::with_capacity(chunk.bytes.len() / MARK_BYTES);
        let (mut walk, mut last) = (Walk::default(), chunk.groups);
        walk.begin(&chunk, &[]);
        while walk.go_on(&chunk)? {
            if walk.next >= last + MARK_BYTES {
                last = walk.next;
                marks.push(Mark { key: walk.key.as_slice().into(), next: walk.next });
            }
        }
        chunk.marks = marks;
        Ok(chunk)
    }

    fn parse(bytes: Vec<u8>) -> Option<Self> {
        u32::try_from(bytes.len()).ok()?;
        let mut rest = Varints(&bytes);
        let count = rest.length()?;
        let mut companions = Vec::with_capacity(count.min(usize::from(u8::MAX)));
        for _ in 0..count {
            let (end, shared) = (rest.signed()?, rest.slice()?);
            let part = part(bytes.len() - rest.0.len() - shared.len(), shared.len())?;
            companions.push(Companion { end, part, shared: Shared::unpack(shared) });
        }
        let groups = bytes.len() - rest.0.len();
        Some(Self { bytes, companions, groups, marks: vec![] })
    }

    /// How many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        let marks: usize = self.marks.iter().map(|mark| size_of::<Mark>() + mark.key.len()).sum();
        // Their words lie there a second time.
        let companions: usize = self.companions.iter().map(|c| size_of::<Companion>() + c.part.length as usize).sum();
        self.bytes.len() + companions + marks
    }

    /// A posting of it with its content.
    pub(super) fn raw(&self, posting: &Posting<Lies>) -> RawPosting<'_> {
        let Posting { kind, index, last, day, content } = *posting;
        let shared = self.companion(content).map(|c| c.part.of(&self.bytes)).unwrap_or_default();
        Posting { kind, index, last, day, content: Content { own: self.own(posting), shared } }
    }

    /// What only this posting of it has.
    pub(super) fn own(&self, posting: &Posting<Lies>) -> &[u8] {
        posting.content.own.of(&self.bytes)
    }

    /// What it shares with others, of a claim.
    pub(super) fn shared(&self, posting: &Posting<Lies>) -> Option<&Shared> {
        self.companion(posting.content)?.shared.as_ref()
    }

    fn companion(&self, lies: Lies) -> Option<&Companion> {
        self.companions.get(lies.companion as usize)
    }
}

fn part(at: usize, length: usize) -> Option<Part> {
    Some(Part { at: u32::try_from(at).ok()?, length: u32::try_from(length).ok()? })
}

/// A place in a chunk: at one of its groups.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The key of the group.
    pub(super) key: Vec<u8>,
    /// How many bytes it shares with the one before.
    pub(super) shared: usize,
    /// Its postings.
    postings: Part,
    /// Where the next group begins.
    next: usize,
}

impl Walk {
    /// Before the first group, or behind some of those whose keys are less than one.
    pub(super) fn begin(&mut self, chunk: &Chunk, key: &[u8]) {
        self.key.clear();
        self.next = chunk.groups;
        let before = chunk.marks.partition_point(|mark| *mark.key < *key);
        if let Some(mark) = before.checked_sub(1).and_then(|at| chunk.marks.get(at)) {
            self.key.extend_from_slice(&mark.key);
            self.next = mark.next;
        }
    }

    /// Goes to the next group. `false` if there is none.
    pub(super) fn go_on(&mut self, chunk: &Chunk) -> Result<bool, StoreError> {
        if self.next >= chunk.bytes.len() {
            return Ok(false);
        }
        self.read_head(chunk).map(|()| true).ok_or_else(damaged)
    }

    fn read_head(&mut self, chunk: &Chunk) -> Option<()> {
        let mut rest = Varints(chunk.bytes.get(self.next..)?);
        let shared = rest.length()?;
        let own = rest.slice()?;
        if shared > self.key.len() {
            return None;
        }
        self.shared = shared;
        self.key.truncate(shared);
        self.key.extend_from_slice(own);
        let postings = rest.slice()?;
        self.next = chunk.bytes.len() - rest.0.len();
        self.postings = part(self.next - postings.len(), postings.len())?;
        Some(())
    }

    /// Adds the postings of the group that were recorded before `known`. `number`: what the chunk is called in them.
    pub(super) fn read(
        &self,
        chunk: &Chunk,
        number: u32,
        known: u64,
        into: &mut Vec<Posting<Lies>>,
    ) -> Result<(), StoreError> {
        self.read_postings(chunk, number, known, into).ok_or_else(damaged)
    }

    fn read_postings(&self, chunk: &Chunk, number: u32, known: u64, into: &mut Vec<Posting<Lies>>) -> Option<()> {
        let Part { at, length } = self.postings;
        let end = at + length;
        let mut rest = Varints(self.postings.of(&chunk.bytes));
        let mut last = Last::default();
        while !rest.is_empty() {
            let head = rest.byte()?;
            let near = head >> 3;
            let companion = if near == NEAR_COMPANIONS { u32::try_from(rest.number()?).ok()? } else { near.into() };
            last.index = last.index.checked_add(rest.number()?)?;
            let step = rest.signed()?;
            let (moment, day) = if head & HAS_DAY == 0 {
                last.last = last.last.wrapping_add(step);
                (last.last, None)
            } else {
                last.day = last.day.wrapping_add(step);
                let after = chunk.companions.get(companion as usize)?.end;
                (last.day.checked_mul(DAY_MICROS)?.checked_add(after)?, Some(i32::try_from(last.day).ok()?))
            };
            let length = u32::try_from(rest.length()?).ok()?;
            let own = Part { at: end - u32::try_from(rest.0.len()).ok()?, length };
            rest.take(length as usize)?;
            if last.index >= known {
                break; // so are the others
            }
            let kind = Kind::of(head & 3)?;
            let content = Lies { chunk: number, own, companion };
            into.push(Posting { kind, index: last.index, last: moment, day, content });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::chunk::ChunkWriter;

    /// Goes through a chunk to its end; how many postings it has.
    fn read(bytes: Vec<u8>) -> Result<usize, StoreError> {
        let chunk = Chunk::marked(bytes)?;
        let (mut walk, mut postings) = (Walk::default(), Vec::new());
        walk.begin(&chunk, &[]);
        while walk.go_on(&chunk)? {
            walk.read(&chunk, 0, u64::MAX, &mut postings)?;
        }
        postings.iter().for_each(|posting| drop(chunk.raw(posting).content.own.to_vec()));
        Ok(postings.len())
    }

    #[test]
    fn damage_is_no_panic() {
        let mut writer = ChunkWriter::default();
        for n in 0..60u64 {
            let (key, own, shared) = (format!("s\0p\0{}", 100 + n / 3), n.to_string(), format!("shared by {}", n % 40));
            let day = (n % 3 > 0).then_some(738_000);
            let content = Content { own: own.as_bytes(), shared: shared.as_bytes() };
            let posting = Posting {
                kind: Kind::Claim,
                index: n,
                last: day.map_or(7, |d| i64::from(d) * DAY_MICROS),
                day,
                content,
            };
            assert!(writer.push(key.as_bytes(), &posting).is_none());
        }
        let (_, chunk) = writer.finish(None).unwrap();
        assert_eq!(read(chunk.clone()).unwrap(), 60);
        let mut damaged = 0;
        for at in 0..chunk.len() {
            let mut other = chunk.clone();
            for byte in [0, 0x7f, 0xff] {
                other[at] = byte;
                damaged += usize::from(read(other.clone()).is_err());
            }
            let _ = read(chunk[..at].to_vec());
        }
        assert!(damaged > chunk.len() / 2, "{damaged}");
    }
}
