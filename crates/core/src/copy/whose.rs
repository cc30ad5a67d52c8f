//! Which ledger a damaged one is, and which mirrors are its own. A mirror that is named by mistake must not be followed: what came of that
//! would be a sound ledger, and somebody else's.
//!
//! The ledger's own word counts first: its identity in the store, or in the store's raw files. Where that is lost, its entries speak: the
//! first one follows its ledger's identity and no other, and two ledgers have no entry in common. Only where nothing of it is left is a
//! mirror taken at its word, those that the ledger lists before those that were named. A mirror that does not say whose it is is judged by
//! its entries alone; one that was named and shows nothing by which it could be judged is left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::CopyError;
use super::trove::{Trove, Verified};
use crate::entry::LedgerId;

/// Which ledger it is.
pub(super) struct Whose {
    /// `None` if nothing says so.
    pub(super) id: Option<LedgerId>,
    /// The mirror that was taken at its word.
    pub(super) by: Option<PathBuf>,
}

impl Whose {
    /// Finds out, and closes the mirrors of other ledgers. `troves`: the store, then the mirrors; the first `known` of them are those that
    /// the ledger lists. Raw files are added if they were needed.
    pub(super) fn find(from: &Path, troves: &mut Vec<Trove>, known: usize) -> Result<Self, CopyError> {
        let mirrors = troves.split_off(1.min(troves.len()));
        let mut own = std::mem::take(troves);
        if own.iter().all(|store| store.id.is_none()) {
            own.push(Trove::carved(from, None));
        }
        let said = own.iter().find_map(|trove| trove.id);
        let (mut judged, mut open) = (Vec::new(), Vec::new());
        for (number, mirror) in mirrors.into_iter().enumerate() {
            let same = match (said, mirror.id) {
                (Some(said), Some(id)) => Some(said == id),
                _ => have_same_entries(&mut own, &mirror),
            };
            if same.is_none() && mirror.id.is_some() {
                open.push((number < known, judged.len()));
            }
            judged.push((mirror, same));
        }
        let by_entries = judged.iter().find_map(|(mirror, same)| mirror.id.filter(|_| *same == Some(true)));
        let mut whose = Self { id: said.or(by_entries), by: None };
        if whose.id.is_none() {
            whose.believe(from, &judged, &open)?;
        }
        whose.judge_the_nameless(&mut judged);
        for (number, (mirror, same)) in judged.iter_mut().enumerate() {
            let other = mirror.id.is_some() && mirror.id != whose.id;
            if other || *same == Some(false) {
                mirror.close(whose.words(mirror.id));
            } else if whose.id.is_some()
                && mirror.id.is_none()
                && same.is_none()
                && number >= known
                && mirror.has_entries()
            {
                mirror.close(UNKNOWN.to_owned());
            }
        }
        let carved = own.split_off(1.min(own.len()));
        troves.extend(own.into_iter().chain(judged.into_iter().map(|(mirror, _)| mirror)).chain(carved));
        Ok(whose)
    }

    /// Takes mirrors at their word, if they say the same.
    fn believe(
        &mut self,
        from: &Path,
        judged: &[(Trove, Option<bool>)],
        open: &[(bool, usize)],
    ) -> Result<(), CopyError> {
        for listed in [true, false] {
            let these = open.iter().filter(|(is_listed, _)| *is_listed == listed);
            let these: Vec<&Trove> = these.filter_map(|(_, at)| judged.get(*at)).map(|(mirror, _)| mirror).collect();
            let ids: BTreeSet<[u8; 32]> = these.iter().filter_map(|mirror| mirror.id).map(|id| id.0).collect();
            if ids.len() > 1 {
                let each = these.iter().filter_map(|m| Some(format!("{} of {}", m.place.display(), m.id?)));
                let mirrors = each.collect::<Vec<_>>().join(", ");
                return Err(CopyError::Whose { from: from.to_owned(), mirrors });
            }
            if let Some(mirror) = these.first() {
                (self.id, self.by) = (mirror.id, Some(mirror.place.clone()));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Judges those that do not say whose they are, now that it is known which ledger this is: the first entry follows its identity, or
    /// they have an entry in common with a mirror that is its own.
    fn judge_the_nameless(&self, judged: &mut [(Trove, Option<bool>)]) {
        let Some(id) = self.id else { return };
        let accepted = |(mirror, same): &&(Trove, Option<bool>)| mirror.id == Some(id) && *same != Some(false);
        let mut accepted: Vec<Trove> = judged.iter().filter(accepted).map(|(mirror, _)| mirror.again()).collect();
        for (mirror, same) in judged.iter_mut().filter(|(mirror, same)| mirror.id.is_none() && same.is_none()) {
            let mut first: Vec<(u64, Verified)> = Vec::new();
            mirror.again().verified(0, 0, &mut first);
            let follows = first.iter().find(|(index, _)| *index == 0).map(|(_, v)| v.previous == id.genesis());
            *same = follows.or_else(|| have_same_entries(&mut accepted, mirror));
        }
    }

    /// Why nothing is taken from a mirror.
    fn words(&self, mirror: Option<LedgerId>) -> String {
        let other = mirror.map_or_else(String::new, |id| format!(" ({id})"));
        let this = self.id.map_or_else(String::new, |id| format!("; this one is {id}"));
        format!("it is the mirror of another ledger{other}{this}. Nothing was taken from it")
    }
}

/// Why nothing is taken from a mirror that does not say whose it is.
const UNKNOWN: &str = "it does not say which ledger it is the mirror of, and shows no entry by which that could be told. Nothing was taken \
                       from it; if it is this ledger's, mend its file `mirror` and salvage again";

/// Whether the first entry that a ledger and a mirror both have is the same one; `None` if they have none in common.
fn have_same_entries(own: &mut [Trove], mirror: &Trove) -> Option<bool> {
    let slots: BTreeSet<u64> = own.iter_mut().flat_map(Trove::slots).collect();
    let mut mirror = mirror.again();
    for slot in slots {
        let mut here: Vec<(u64, Verified)> = Vec::new();
        own.iter_mut().for_each(|trove| trove.verified(slot, 0, &mut here));
        if let Some(id) = mirror.id
            && let Some((_, first)) = here.iter().find(|(index, _)| *index == 0)
        {
            return Some(first.previous == id.genesis());
        }
        let mut there: Vec<(u64, Verified)> = Vec::new();
        mirror.verified(slot, 0, &mut there);
        let common = there.iter().map(|(index, _)| *index).filter(|index| here.iter().any(|(own, _)| own == index));
        if let Some(common) = common.min() {
            let hashes = |found: &[(u64, Verified)]| -> BTreeSet<[u8; 32]> {
                found.iter().filter(|(index, _)| *index == common).map(|(_, v)| v.entry.hash.0).collect()
            };
            return Some(!hashes(&here).is_disjoint(&hashes(&there)));
        }
    }
    None
}
