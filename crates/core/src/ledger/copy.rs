//! Taking over entries from another copy of the same ledger, as they are: same place, same time, same hash.

use std::collections::HashSet;

use super::identity::IdentityRow;
use super::log::Staged;
use super::writer::Writer;
use super::{AppendError, OpenError};
use crate::body::{BodyError, Inspected, Record};
use crate::bundle::{StoredBody, StoredEntry};
use crate::entry::{FLAG_IMPORTED_CLOCK, Head, Header, Salt, commitment};
use crate::event::Content;

/// An entry as another copy of the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedEntry {
    /// Its header.
    pub header: Header,
    /// Its salt and body, unless they were erased.
    pub body: Option<(Salt, Vec<u8>)>,
}

/// Why entries were not taken over. Those before the one that is named may have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeOverError {
    /// The entry does not come next.
    #[error("entry #{index} does not follow the {size} entries that are here")]
    NotNext {
        /// Its place.
        index: u64,
        /// How many there are.
        size: u64,
    },
    /// Its header does not hold the hash of the entry before.
    #[error("entry #{0} does not follow the entry before it: its header has another hash")]
    Chain(u64),
    /// Its recorded time is before that of the entry before, or its flags are unknown.
    #[error("entry #{0} has a recorded time or flags that no entry there can have")]
    Header(u64),
    /// The body is not the one that the header commits to.
    #[error("the body of entry #{0} is not the one that its header commits to")]
    Commitment(u64),
    /// The body is no event, or not in its one canonical form.
    #[error("the body of entry #{index} cannot be read: {problem}")]
    Body {
        /// Its place.
        index: u64,
        /// What is wrong.
        problem: String,
    },
    /// The store failed, or what is stored is damaged.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl TakeOverError {
    fn body(index: u64, e: &BodyError) -> Self {
        Self::Body { index, problem: e.to_string() }
    }
}

impl From<OpenError> for TakeOverError {
    fn from(e: OpenError) -> Self {
        Self::Append(e.into())
    }
}

/// What is written in one step: up to an entry that erases another.
#[derive(Default)]
struct Step {
    staged: Staged,
    /// The entries of this step that have bodies: a redaction among them may be of one.
    bodies: HashSet<u64>,
}

impl Writer {
    /// Takes entries over, durably. Each is checked as audit would check it.
    pub(super) fn copy(&mut self, entries: Vec<CopiedEntry>) -> Result<Head, TakeOverError> {
        self.expect_head(None, self.log.snapshot.head)?;
        self.ready_mirrors()?;
        let (mut head, mut last) = (self.log.snapshot.head, self.log.last_recorded);
        let mut step = Step::default();
        let mut scratch = Vec::with_capacity(1024);
        for CopiedEntry { header, body } in entries {
            let index = header.index;
            if index != head.size {
                return Err(TakeOverError::NotNext { index, size: head.size });
            }
            if header.previous != head.hash {
                return Err(TakeOverError::Chain(index));
            }
            if header.flags & !FLAG_IMPORTED_CLOCK != 0 || last.is_some_and(|last| header.recorded < last) {
                return Err(TakeOverError::Header(index));
            }
            if let Some((salt, body)) = &body {
                if commitment(salt, body) != header.commitment {
                    return Err(TakeOverError::Commitment(index));
                }
                self.look_into(index, body, &mut scratch, &mut step)?;
            }
            let hash = header.hash();
            let body = match body {
                Some((salt, body)) => StoredBody::Present(salt, body.into()),
                None => StoredBody::Erased(header.commitment),
            };
            step.staged.entries.push(StoredEntry { flags: header.flags, recorded: header.recorded, hash, body });
            head = Head { size: index + 1, hash };
            last = Some(header.recorded);
            if step.staged.erase.is_some() {
                self.write_copied(std::mem::take(&mut step), head)?;
            }
        }
        self.write_copied(step, head)?;
        Ok(head)
    }

    /// Reads what the indexes have to know of a body.
    fn look_into(&self, index: u64, body: &[u8], scratch: &mut Vec<u8>, step: &mut Step) -> Result<(), TakeOverError> {
        let staged = &mut step.staged;
        match Record::inspect(body, scratch).map_err(|e| TakeOverError::body(index, &e))? {
            Inspected::Claim => {}
            Inspected::NotCanonical => {
                return Err(TakeOverError::Body { index, problem: "its bytes are not the canonical ones".into() });
            }
            Inspected::Other(event) => {
                match &event.content {
                    Content::Correction(_) | Content::Alias(_) => staged.amendments.push(index),
                    // What the other copy has erased in the meantime came without a body: nothing is left to erase.
                    Content::Redaction(r) if step.bodies.contains(&r.of) => staged.erase = Some(r.of),
                    Content::Redaction(r) => {
                        let stored = self.log.stored(r.of)?;
                        let present = stored.is_some_and(|(_, entry)| entry.body().is_some());
                        staged.erase = present.then_some(r.of);
                    }
                    _ => {}
                }
                if let Err(of) = event.map_references(&mut |of: u64| if of < index { Ok(of) } else { Err(of) }) {
                    return Err(TakeOverError::Body {
                        index,
                        problem: format!("it refers to #{of}, which comes later"),
                    });
                }
            }
        }
        let fingerprint = self.log.fingerprint(index, body).map_err(OpenError::from)?;
        let row: IdentityRow = (fingerprint, index);
        staged.rows.push(row);
        step.bodies.insert(index);
        Ok(())
    }

    fn write_copied(&mut self, step: Step, head: Head) -> Result<(), TakeOverError> {
        let Some(last) = step.staged.entries.last().map(|e| e.recorded) else { return Ok(()) };
        let erase = step.staged.erase;
        self.begin_erasing(erase);
        self.log.commit(step.staged, head, last).map_err(AppendError::Store)?;
        // Before the ledger's own note is removed that the erasing is to be done.
        self.follow(erase).map_err(AppendError::MirrorBehind)?;
        if let Some(index) = erase {
            self.log.erase(index)?;
        }
        self.end_erasing();
        Ok(())
    }
}
