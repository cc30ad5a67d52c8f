//! Salvage: from a damaged ledger and its mirrors, everything that still verifies. The damaged directory is not touched: its store is
//! copied first, because opening sled may change what is there. What sled cannot read is looked for in its raw files.
//!
//! Entries up to the first hole become a ledger with the same hashes. Nothing can be chained to an entry that is missing, so entries
//! behind a hole are kept as lines of an envelope file, each run with the hash that it followed: they verify among themselves, and
//! against whoever kept a receipt of them or of something after them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::salvaged::Out;
use super::trove::{Trove, Verified, open_store};
use super::whose::Whose;
use super::{CopyError, Progress, io};
use crate::acknowledged::acknowledged_in;
use crate::body::Record;
use crate::claimed::Claimed;
use crate::directory::{LedgerDir, READ_ONLY_FILE, mirrors_of};
use crate::entry::{Hash, Head, LedgerId};
use crate::event::Content;
use crate::ledger::rebuild::Rebuild;
use crate::machine::Entropy;
use crate::time::Clock;

/// Entries that are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// Entries in a row that verify among themselves, behind a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Island {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// The hash that the first one follows.
    pub previous: Hash,
    /// The hash of the last one.
    pub hash: Hash,
}

/// What was found where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The store of the ledger, or a mirror.
    pub place: PathBuf,
    /// Entries that were taken from there.
    pub taken: u64,
    /// What could not be read.
    pub problem: Option<String>,
}

/// What a salvage came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvage {
    /// The head of the new ledger; `None` if nothing says which ledger it was, so that there is none.
    pub head: Option<Head>,
    /// Which ledger it was, if anything says so.
    pub id: Option<LedgerId>,
    /// The mirror that was taken at its word for that: nothing of the ledger itself says which it was.
    pub by: Option<PathBuf>,
    /// How many entries there were, as far as anything tells.
    pub expected: u64,
    /// Entries that verify: those of the new ledger, and those behind a hole.
    pub recovered: u64,
    /// What is missing, by index.
    pub losses: Vec<Loss>,
    /// What stands behind a hole.
    pub islands: Vec<Island>,
    /// The file in which that is.
    pub behind: Option<PathBuf>,
    /// Entries in the new ledger whose redaction stands behind a hole: they are to be redacted again.
    pub redact_again: Vec<u64>,
    /// Where things were found.
    pub found: Vec<Found>,
}

/// Takes what still verifies from the ledger in `from` and its mirrors, those it knows of and `mirrors`, into `to`, which must not be
/// there yet or be empty. Nothing is taken from the mirror of another ledger.
///
/// # Errors
/// [`CopyError`], among them [`CopyError::Nothing`], and [`CopyError::Whose`] if nothing of the ledger is left that says which of its
/// mirrors are its own.
pub fn salvage(
    from: &Path,
    mirrors: &[PathBuf],
    to: &Path,
    clock: impl Clock + 'static,
    entropy: impl Entropy + 'static,
    progress: &dyn Fn(Progress),
) -> Result<Salvage, CopyError> {
    let _lock = LedgerDir::lock_if_there(from)?;
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let work = to.with_file_name(name);
    if work.symlink_metadata().is_ok() {
        return Err(CopyError::Exists(work)); // of a salvage that was cut short, or somebody's
    }
    std::fs::create_dir_all(&work).map_err(io(&work))?;
    let result = (|| {
        let mut troves = vec![open_store(from, &work.join("store"))];
        let known = mirrors_of(from);
        for dir in known.iter().filter(|dir| !mirrors.contains(dir)).chain(mirrors) {
            troves.push(Trove::mirror(dir));
        }
        let whose = Whose::find(from, &mut troves, known.len())?;
        let mut salvager = Salvager::new(troves, acknowledged_in(from), whose);
        salvager.survey();
        if salvager.lacks_anything() && !salvager.troves.iter().any(Trove::is_carved) {
            let carved = Trove::carved(from, salvager.id);
            salvager.troves.push(carved);
            salvager.survey();
        }
        salvager.expect_anything()?;
        salvager.read_only |= from.join(READ_ONLY_FILE).exists();
        salvager.run(to, &work, clock, entropy, progress)
    })();
    std::fs::remove_dir_all(&work).map_err(io(&work))?;
    result
}

/// Everything there is to salvage from.
struct Salvager {
    troves: Vec<Trove>,
    id: Option<LedgerId>,
    /// The mirror whose word that is.
    by: Option<PathBuf>,
    /// Where bundles may begin.
    slots: BTreeSet<u64>,
    /// The last head that was acknowledged. A log that lost its end is sound and shorter: only this knows of the rest.
    acknowledged: Option<Head>,
    /// How many entries there were, as far as any head tells.
    size: u64,
    /// And as far as any entry tells.
    expected: u64,
    /// How many of them are there.
    covered: u64,
    /// Where there is more than one entry for a place: the one that a head leads to.
    preferred: BTreeMap<u64, Hash>,
    /// Whether it was a copy of another ledger, and took no entries of its own.
    read_only: bool,
    /// Entries that a redaction says are erased, and where that stands.
    redactions: BTreeSet<(u64, u64)>,
}

impl Salvager {
    fn new(troves: Vec<Trove>, acknowledged: Option<Head>, whose: Whose) -> Self {
        Self {
            troves,
            id: whose.id,
            by: whose.by,
            slots: BTreeSet::new(),
            acknowledged,
            size: 0,
            expected: 0,
            covered: 0,
            preferred: BTreeMap::new(),
            read_only: false,
            redactions: BTreeSet::new(),
        }
    }

    /// Goes through all there is, from the end to the beginning.
    fn survey(&mut self) {
        self.slots = self.troves.iter_mut().flat_map(Trove::slots).collect();
        self.read_only |= self.troves.iter().any(Trove::is_read_only);
        // Those whose word counts most come last.
        let heads = self.troves.iter().rev().filter_map(|t| t.head).chain(self.acknowledged);
        let heads: BTreeMap<u64, Hash> = heads.map(|head| (head.size, head.hash)).collect();
        self.size = heads.last_key_value().map_or(0, |(size, _)| *size);
        (self.expected, self.covered) = (self.size, 0);
        self.preferred.clear();
        let mut wanted: Option<(u64, Hash)> = None;
        for slot in self.slots.clone().into_iter().rev() {
            let found = self.verified(slot);
            for here in found.chunk_by(|a, b| a.0 == b.0).rev() {
                let Some((index, any)) = here.first() else { continue };
                self.covered += 1;
                self.expected = self.expected.max(index + 1);
                self.note_redactions(*index, here);
                if let Some(hash) = heads.get(&(index + 1)) {
                    wanted = Some((*index, *hash));
                }
                let others = here.iter().any(|(_, v)| v.entry.hash != any.entry.hash);
                let chosen = match wanted.filter(|(at, _)| at == index) {
                    Some((_, hash)) => here.iter().map(|(_, v)| v).find(|v| v.entry.hash == hash),
                    None => Some(any).filter(|_| !others),
                };
                if let Some(chosen) = chosen.filter(|_| others) {
                    self.preferred.insert(*index, chosen.entry.hash);
                }
                wanted = chosen.and_then(|chosen| Some((index.checked_sub(1)?, chosen.previous)));
            }
        }
    }

    /// What was erased must not come back from a place where it was not.
    fn note_redactions(&mut self, index: u64, found: &[(u64, Verified)]) {
        for (_, found) in found {
            if let Some(Ok(record)) = found.entry.body().map(Record::decode)
                && let Content::Redaction(redaction) = record.event.content
            {
                self.redactions.insert((redaction.of, index));
            }
        }
    }

    /// Whether there is reason to look into the raw files of the store.
    fn lacks_anything(&self) -> bool {
        let store_is_whole = self.troves.first().is_some_and(|store| store.problem.is_none());
        !store_is_whole || self.id.is_none() || self.covered < self.expected
    }

    fn expect_anything(&self) -> Result<(), CopyError> {
        if self.covered > 0 || self.id.is_some() {
            return Ok(());
        }
        let why = self.troves.iter().find_map(|t| t.problem.clone());
        Err(CopyError::Nothing(why.unwrap_or_else(|| "it is empty".into())))
    }

    /// Everything in a slot that verifies, the preferred first.
    fn verified(&mut self, slot: u64) -> Vec<(u64, Verified)> {
        let mut found = Vec::new();
        for (number, trove) in self.troves.iter_mut().enumerate() {
            let before = found.len();
            trove.verified(slot, number, &mut found);
            if !trove.is_carved() {
                continue;
            }
            let carved = found.split_off(before);
            // What lies in raw files beyond every head was never acknowledged.
            for (index, mut verified) in carved.into_iter().filter(|(index, _)| self.size == 0 || *index < self.size) {
                if self.redactions.range((index, 0)..=(index, u64::MAX)).next().is_some() {
                    verified.erase(index);
                }
                found.push((index, verified));
            }
        }
        let other = |index: &u64, v: &Verified| self.preferred.get(index).is_some_and(|hash| *hash != v.entry.hash);
        found.sort_by_key(|(index, verified)| (*index, other(index, verified), verified.trove));
        found
    }

    fn run(
        mut self,
        to: &Path,
        work: &Path,
        clock: impl Clock + 'static,
        entropy: impl Entropy + 'static,
        progress: &dyn Fn(Progress),
    ) -> Result<Salvage, CopyError> {
        let mut out = Out::new(work, self.id)?;
        let head = match self.id {
            Some(id) => {
                let mut head = None;
                let mut claimed = Claimed::new(to)?;
                claimed.set_read_only(self.read_only)?;
                let dir = claimed.fill(|store| {
                    let mut rebuild = Rebuild::new(store, id, "what was salvaged".into(), &entropy)?;
                    rebuild.as_found();
                    self.write(&mut out, Some(&mut rebuild), progress)?;
                    head = Some(rebuild.finish(None)?);
                    Ok::<(), CopyError>(())
                })?;
                drop(dir.ledger(clock, entropy)?); // this erases what a redaction in it says is erased
                head
            }
            None => {
                if to.symlink_metadata().is_ok() {
                    return Err(CopyError::Exists(to.to_owned()));
                }
                std::fs::create_dir(to).map_err(io(to))?;
                self.write(&mut out, None, progress)?;
                None
            }
        };
        let behind = out.keep(to)?;
        let size = head.map_or(0, |h| h.size);
        let again = self
            .redactions
            .iter()
            .filter(|(of, by)| *of < size && *by >= size && !out.erased.contains(of))
            .map(|(of, _)| *of);
        Ok(Salvage {
            head,
            id: self.id,
            by: self.by,
            expected: self.expected,
            recovered: out.recovered,
            redact_again: again.collect(),
            losses: out.losses,
            islands: out.islands,
            behind,
            found: self.troves.into_iter().map(Trove::report).collect(),
        })
    }

    fn write(
        &mut self,
        out: &mut Out,
        mut rebuild: Option<&mut Rebuild<'_>>,
        progress: &dyn Fn(Progress),
    ) -> Result<(), CopyError> {
        let erased: BTreeSet<u64> = self.redactions.iter().map(|(of, _)| *of).collect();
        for slot in self.slots.clone() {
            let found = self.verified(slot);
            let mut rest = found.as_slice();
            while let Some((index, _)) = rest.first() {
                let (here, later) = rest.split_at(rest.partition_point(|(i, _)| i <= index));
                rest = later;
                if let Some(chosen) = out.choose(here) {
                    out.take(rebuild.as_deref_mut(), *index, chosen, &erased)?;
                    if let Some(trove) = self.troves.get_mut(chosen.trove) {
                        trove.taken += 1;
                    }
                }
            }
            progress(Progress { done: out.next, total: Some(self.expected) });
        }
        out.lose_up_to(self.expected);
        rebuild.map_or(Ok(()), |rebuild| out.flush_bundle(rebuild))
    }
}
