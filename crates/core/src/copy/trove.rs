//! A place from which entries can be salvaged, as far as it can be read: a store, a mirror, or the raw files of a store. Nothing here
//! fails; what is wrong is noted.

use std::collections::{BTreeSet, HashSet};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use super::carve::Carved;
use super::mirror_files::{MirrorFiles, MirrorTail};
use super::salvage::Found;
use crate::audit::check_bundle;
use crate::bundle::{Bundle, StoredBody, StoredEntry};
use crate::directory::STORE_DIR;
use crate::entry::{Hash, Head, LedgerId};
use crate::ledger::log::{key, read_head, read_ledger_record, read_tail};
use crate::limits::BUNDLE_ENTRIES;
use crate::store::{SledStore, Store, StoreError, Table};

const BUNDLE: u64 = BUNDLE_ENTRIES as u64;
/// Sealed bundles looked for one by one, at most: a damaged head may point anywhere.
const MAX_SLOTS: u64 = 1 << 22;

/// An entry that matches its hash.
pub(super) struct Verified {
    /// The hash that it follows.
    pub(super) previous: Hash,
    pub(super) entry: StoredEntry,
    /// Where it was found.
    pub(super) trove: usize,
}

impl Verified {
    /// Leaves the commitment of the body.
    pub(super) fn erase(&mut self, index: u64) {
        self.entry = self.entry.erased(index, self.previous);
    }
}

/// A place to salvage from.
pub(super) struct Trove {
    pub(super) place: PathBuf,
    content: Content,
    pub(super) id: Option<LedgerId>,
    /// Where it says that the ledger ends.
    pub(super) head: Option<Head>,
    pub(super) taken: u64,
    pub(super) problem: Option<String>,
}

enum Content {
    Nothing,
    Store { store: SledStore, tail: Vec<(u64, Vec<u8>)> },
    Mirror { files: MirrorFiles, tail: Option<Box<MirrorTail>> },
    Carved(Box<Carved>),
}

/// Opens a copy of a ledger's store, made in `copy`.
pub(super) fn open_store(ledger: &Path, copy: &Path) -> Trove {
    let mut trove = Trove::nothing(ledger);
    if let Err(e) = copy_dir(&ledger.join(STORE_DIR), copy) {
        trove.note(format!("its store could not be copied: {e}"));
        return trove;
    }
    let opened = guarded(|| SledStore::open(copy)).or_else(|_| {
        // A damaged snapshot keeps sled from opening what it could read without one.
        remove_snapshots(copy);
        guarded(|| SledStore::open(copy))
    });
    let store = match opened {
        Ok(store) => store,
        Err(e) => {
            trove.note(format!("its store could not be opened: {e}"));
            return trove;
        }
    };
    match guarded(|| Ok(read_ledger_record(&store))) {
        Ok(Ok(id)) => trove.id = id,
        Ok(Err(e)) => trove.note(e.to_string()),
        Err(e) => trove.note(e.to_string()),
    }
    let head = guarded(|| read_head(&store)).unwrap_or(None);
    trove.head = head.map(|h| Head { size: h.size, hash: Hash(h.hash) }).filter(possible);
    let tail = guarded(|| read_tail(&store)).unwrap_or_else(|e| {
        trove.note(e.to_string());
        let places = head.map_or(0..0, |h| h.sealed..h.size.min(h.sealed.saturating_add(BUNDLE)));
        let get = |first| guarded(|| store.get(Table::State, &key::numbered(key::TAIL, first))).unwrap_or(None);
        places.filter_map(|first| Some((first, get(first)?))).collect()
    });
    trove.content = Content::Store { store, tail };
    trove
}

impl Trove {
    fn nothing(place: &Path) -> Self {
        Self { place: place.to_owned(), content: Content::Nothing, id: None, head: None, taken: 0, problem: None }
    }

    /// A mirror.
    pub(super) fn mirror(dir: &Path) -> Self {
        let mut trove = Self::nothing(dir);
        let files = MirrorFiles::new(dir);
        match files.id() {
            Ok(id) => trove.id = Some(id),
            Err(e) => trove.note(e.to_string()),
        }
        let tail = match files.tail() {
            Ok(tail) => Some(Box::new(tail)),
            Err(e) => {
                trove.note(e.to_string());
                None
            }
        };
        trove.head = tail.as_ref().map(|t| t.head).filter(possible);
        trove.content = Content::Mirror { files, tail };
        trove
    }

    /// The same mirror, to be looked into without a trace in what is reported.
    pub(super) fn again(&self) -> Self {
        Self::mirror(&self.place)
    }

    /// The raw files of a ledger's store, read without the engine.
    pub(super) fn carved(ledger: &Path, id: Option<LedgerId>) -> Self {
        let store = ledger.join(STORE_DIR);
        let mut trove = Self::nothing(&store.join("*"));
        match Carved::read(&store) {
            Ok(carved) => {
                trove.id = id.or_else(|| carved.id());
                trove.head = carved.head.filter(possible);
                if carved.gaps > 0 {
                    trove.note(format!("damaged in {} places; read without the engine", carved.gaps));
                }
                trove.content = Content::Carved(Box::new(carved));
            }
            Err(e) => trove.note(format!("its files could not be read: {e}")),
        }
        trove
    }

    /// Whether it is the raw files of a store, where there is more than what was valid in the end.
    pub(super) fn is_carved(&self) -> bool {
        matches!(self.content, Content::Carved(_))
    }

    /// Notes what is wrong: the first thing is kept.
    fn note(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// Whether this is a mirror of a ledger that takes no entries of its own.
    pub(super) fn is_read_only(&self) -> bool {
        matches!(&self.content, Content::Mirror { files, .. } if files.is_read_only())
    }

    /// Whether there may be entries in it.
    pub(super) fn has_entries(&self) -> bool {
        !self.again().slots().is_empty()
    }

    /// Takes nothing from here, and says only why.
    pub(super) fn close(&mut self, why: String) {
        *self = Self { problem: Some(why), ..Self::nothing(&self.place) };
    }

    pub(super) fn report(self) -> Found {
        Found { place: self.place, taken: self.taken, problem: self.problem }
    }

    /// Where bundles may begin.
    pub(super) fn slots(&mut self) -> BTreeSet<u64> {
        let mut slots: BTreeSet<u64> =
            self.head.map(|head| (0..head.size.div_ceil(BUNDLE)).map(|n| n * BUNDLE).collect()).unwrap_or_default();
        let problem = match &self.content {
            Content::Nothing => None,
            Content::Carved(carved) => {
                slots.extend(carved.slots());
                None
            }
            Content::Mirror { files, .. } => match files.firsts() {
                Ok(firsts) => {
                    slots.extend(firsts);
                    None
                }
                Err(e) => Some(e.to_string()),
            },
            Content::Store { store, tail } => {
                slots.extend(tail.iter().map(|(first, _)| first / BUNDLE * BUNDLE));
                keys(store, &mut slots).err().map(|e| e.to_string())
            }
        };
        problem.into_iter().for_each(|problem| self.note(problem));
        slots
    }

    /// Adds every entry of a slot that matches its hash.
    pub(super) fn verified(&mut self, slot: u64, trove: usize, found: &mut Vec<(u64, Verified)>) {
        let mut stored: Vec<Vec<u8>> = Vec::new();
        let mut bundles: Vec<Bundle> = Vec::new();
        let mut problem = None;
        let erased = if let Content::Carved(carved) = &self.content { Some(&carved.erased) } else { None };
        match &self.content {
            Content::Nothing => {}
            Content::Carved(carved) => stored.extend(carved.bundles(slot)),
            Content::Mirror { files, tail } => {
                match files.sealed_bytes(slot) {
                    Ok(bytes) => stored.extend(bytes),
                    Err(e) => problem = Some(e.to_string()),
                }
                bundles.extend(tail.as_ref().and_then(|t| t.bundle.clone()).filter(|b| b.first == slot));
            }
            Content::Store { store, tail } => {
                match guarded(|| store.get(Table::Log, &slot.to_be_bytes())) {
                    Ok(bytes) => stored.extend(bytes),
                    Err(e) => problem = Some(e.to_string()),
                }
                stored.extend(tail.iter().filter(|(first, _)| first / BUNDLE * BUNDLE == slot).map(|(_, b)| b.clone()));
            }
        }
        for bytes in stored {
            // Of a damaged bundle, single entries may still be good.
            bundles.extend(Bundle::decode(&bytes).ok().or_else(|| {
                problem = erased.is_none().then(|| format!("the bundle of entry #{slot} is damaged"));
                Bundle::decode_damaged(&bytes)
            }));
        }
        let mut seen = HashSet::new();
        for bundle in bundles.iter().filter(|b| b.first / BUNDLE * BUNDLE == slot && b.end() <= slot + BUNDLE) {
            let mut previous = bundle.previous;
            for (entry, index) in bundle.entries.iter().zip(bundle.first..) {
                let alone = Bundle { first: index, previous, entries: vec![entry.clone()] };
                let known = (index, previous, entry.hash, matches!(entry.body, StoredBody::Erased(_)));
                if !seen.contains(&known) && check_bundle(&alone).findings.is_empty() {
                    let mut verified = Verified { previous, entry: entry.clone(), trove };
                    if erased.is_some_and(|erased| erased.contains(&index)) {
                        verified.erase(index);
                    }
                    found.push((index, verified));
                    seen.insert(known);
                }
                previous = entry.hash;
            }
        }
        problem.into_iter().for_each(|problem| self.note(problem));
    }
}

/// Whether a ledger could be so long.
fn possible(head: &Head) -> bool {
    head.size / BUNDLE < MAX_SLOTS
}

/// The places of sealed bundles that are there, as far as they can be listed.
fn keys(store: &SledStore, slots: &mut BTreeSet<u64>) -> Result<(), StoreError> {
    let mut from = Vec::new();
    loop {
        let page = guarded(|| store.keys(Table::Log, &from, 256))?;
        let Some(last) = page.last() else { return Ok(()) };
        from = [last.as_slice(), &[0]].concat();
        let first = |key: &Vec<u8>| Some(u64::from_be_bytes(key.as_slice().try_into().ok()?));
        slots.extend(page.iter().filter_map(first).filter(|first| first % BUNDLE == 0));
    }
}

/// sled stops the thread on some kinds of damage.
fn guarded<T>(read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let stopped = || StoreError::Engine("it stopped on damaged data".into());
    std::panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(stopped()))
}

fn copy_dir(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn remove_snapshots(store: &Path) {
    let Ok(names) = std::fs::read_dir(store) else { return };
    for name in names.flatten().filter(|e| e.file_name().to_string_lossy().starts_with("snap.")) {
        let _ = std::fs::remove_file(name.path()); // of the copy; if it stays, opening fails again
    }
}
