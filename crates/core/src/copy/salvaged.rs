//! What a salvage writes, entry by entry: bundles of the new ledger up to the first hole, lines of what stands behind one, and what
//! is missing.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::salvage::{Island, Loss};
use super::trove::Verified;
use super::{CopyError, io};
use crate::bundle::{Bundle, StoredBody};
use crate::durable;
use crate::entry::{Hash, LedgerId};
use crate::exchange::Exporter;
use crate::ledger::Entry;
use crate::ledger::rebuild::Rebuild;
use crate::limits::BUNDLE_ENTRIES;

/// The file of entries behind a hole, in the new directory.
const BEHIND_FILE: &str = "behind-a-hole.jsonl";

/// What is written, entry by entry.
pub(super) struct Out {
    /// Entries of the new ledger that fill no bundle yet.
    filling: Bundle,
    behind: BufWriter<std::fs::File>,
    behind_path: PathBuf,
    exporter: Exporter<'static>,
    pub(super) losses: Vec<Loss>,
    pub(super) islands: Vec<Island>,
    pub(super) recovered: u64,
    /// Entries of the new ledger without a body.
    pub(super) erased: BTreeSet<u64>,
    pub(super) next: u64,
    /// The hash of the entry before, if that is there.
    last: Option<Hash>,
}

impl Out {
    /// `work`: a directory for what is behind a hole, until it is known where it goes.
    pub(super) fn new(work: &Path, id: Option<LedgerId>) -> Result<Self, CopyError> {
        let behind_path = work.join(BEHIND_FILE);
        let file = std::fs::File::create(&behind_path).map_err(io(&behind_path))?;
        Ok(Self {
            filling: Bundle { first: 0, previous: Hash([0; 32]), entries: vec![] },
            behind: BufWriter::new(file),
            behind_path,
            exporter: Exporter::detached(id),
            losses: vec![],
            islands: vec![],
            recovered: 0,
            erased: BTreeSet::new(),
            next: 0,
            last: id.map(|id| id.genesis()),
        })
    }

    /// Of what was found for one entry: what follows the entry before, and of that, what is erased if it is erased anywhere.
    pub(super) fn choose<'v>(&self, found: &'v [(u64, Verified)]) -> Option<&'v Verified> {
        let consecutive = found.first().is_some_and(|(index, _)| *index == self.next);
        let follows = |v: &&Verified| consecutive && Some(v.previous) == self.last;
        let all = || found.iter().map(|(_, v)| v);
        let first = all().find(follows).or_else(|| all().next())?;
        all()
            .find(|v| v.entry.hash == first.entry.hash && matches!(v.entry.body, StoredBody::Erased(_)))
            .or(Some(first))
    }

    pub(super) fn take(
        &mut self,
        rebuild: Option<&mut Rebuild<'_>>,
        index: u64,
        found: &Verified,
        erased: &BTreeSet<u64>,
    ) -> Result<(), CopyError> {
        self.lose_up_to(index);
        let follows = self.next == index && self.last == Some(found.previous);
        match rebuild.filter(|_| follows && self.islands.is_empty() && self.losses.is_empty()) {
            Some(rebuild) => {
                if self.filling.entries.is_empty() {
                    self.filling = Bundle { first: index, previous: found.previous, entries: vec![] };
                }
                if matches!(found.entry.body, StoredBody::Erased(_)) {
                    self.erased.insert(index);
                }
                self.filling.entries.push(found.entry.clone());
                if self.filling.entries.len() == BUNDLE_ENTRIES {
                    self.flush_bundle(rebuild)?;
                }
            }
            None => self.write_behind(index, found, follows && !self.islands.is_empty(), erased)?,
        }
        self.recovered += 1;
        self.next = index + 1;
        self.last = Some(found.entry.hash);
        Ok(())
    }

    /// One line of the file of what stands behind a hole.
    fn write_behind(
        &mut self,
        index: u64,
        found: &Verified,
        goes_on: bool,
        erased: &BTreeSet<u64>,
    ) -> Result<(), CopyError> {
        let hash = found.entry.hash;
        match self.islands.last_mut().filter(|_| goes_on) {
            Some(island) => (island.last, island.hash) = (index, hash),
            None => self.islands.push(Island { first: index, last: index, previous: found.previous, hash }),
        }
        let is_erased = erased.contains(&index);
        let stored = if is_erased { found.entry.erased(index, found.previous) } else { found.entry.clone() };
        let draft = self.exporter.draft(&Entry::new(index, found.previous, stored))?;
        let Some(mut draft) = draft else { return Ok(()) };
        draft.previous = (!goes_on).then(|| found.previous.to_string());
        writeln!(self.behind, "{}", draft.to_json()).map_err(io(&self.behind_path))
    }

    pub(super) fn lose_up_to(&mut self, index: u64) {
        if index > self.next {
            self.losses.push(Loss { first: self.next, last: index - 1 });
            self.next = index;
            self.last = None;
        }
    }

    pub(super) fn flush_bundle(&mut self, rebuild: &mut Rebuild<'_>) -> Result<(), CopyError> {
        let empty = Bundle { first: self.next, previous: Hash([0; 32]), entries: vec![] };
        let bundle = std::mem::replace(&mut self.filling, empty);
        if bundle.entries.is_empty() { Ok(()) } else { rebuild.push(bundle) }
    }

    /// Puts the file of what stands behind a hole into the new directory, if there is anything in it.
    pub(super) fn keep(&mut self, to: &Path) -> Result<Option<PathBuf>, CopyError> {
        if self.islands.is_empty() {
            return Ok(None);
        }
        let path = to.join(BEHIND_FILE);
        self.behind.flush().and_then(|()| self.behind.get_ref().sync_all()).map_err(io(&self.behind_path))?;
        std::fs::rename(&self.behind_path, &path).map_err(io(&path))?;
        durable::sync_dir(to).map_err(io(to))?;
        Ok(Some(path))
    }
}
