//! The Merkle tree of a ledger, kept in the directory `tree` beside the log so that a proof need not read the whole of it.
//!
//! It is a cache and never the truth. It is used only as far as the log itself vouches for it: its last leaf is the hash of the
//! log's own header there, and that header's chain covers all before. What is signed is checked further: see
//! [`LedgerTree::for_signing`].

use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;
use sayso_core::ledger::{Entry, Ledger};
use sayso_proof::digest::Digest;
use sayso_proof::disclosure::leaf;
use sayso_proof::files::FileTree;
use sayso_proof::merkle::{TreeHead, complete, inclusion_proof, verify_inclusion};
use sayso_proof::tile::{Kind, Tile};
use sayso_proof::tree::{ByTiles, TILE_WIDTH, TileHashes, TreeStore, beginning, extend, head};

use crate::error::CliError;

const DIR: &str = "tree";
/// Leaves added at a time.
const STEP: usize = 65_536;

/// The tree of a ledger, as far as the ledger goes.
pub(crate) struct LedgerTree {
    pub(crate) files: FileTree,
    /// How often it was made anew because it did not fit: what was read before may have been wrong.
    pub(crate) remade: u32,
}

impl LedgerTree {
    /// The tree, brought up to the ledger's head. Made anew if it does not fit the log.
    pub(crate) fn open(dir: &Path, ledger: &Ledger) -> Result<Self, CliError> {
        let mut tree = Self::cached(dir, ledger.head().size)?;
        tree.follow(ledger)?;
        Ok(tree)
    }

    /// The tree for a new checkpoint. `signed` is the head that was signed last: up to there the tree has to have that very
    /// root, and from there on it is made again from the log's headers, so that nothing is signed on the word of the cache.
    pub(crate) fn for_signing(dir: &Path, ledger: &Ledger, signed: Option<TreeHead>) -> Result<Self, CliError> {
        let now = ledger.head();
        let signed = signed.unwrap_or(TreeHead { size: 0, root: sayso_proof::merkle::empty_root() });
        if signed.size > now.size {
            return Err(CliError::refused(format!(
                "a checkpoint of {} entries was signed before, and the ledger has {}: entries are missing, and nothing is signed. \
                 Look for a copy that has them",
                signed.size, now.size
            )));
        }
        let mut tree = Self::cached(dir, signed.size)?;
        if tree.head(tree.files.size())? != signed {
            tree.truncate(0)?;
        }
        tree.follow(ledger)?;
        if tree.has(ledger, signed)? {
            return Ok(tree);
        }
        Err(CliError::refused(format!(
            "the first {} entries are not those of the checkpoint that was signed last: the ledger was rewritten, and nothing is \
             signed. Run `sayso audit`, and look for a copy that has them",
            signed.size
        )))
    }

    /// Puts the tree of a ledger that is about to be there beside it.
    pub(crate) fn keep(dir: &Path, leaves: &[Digest]) -> Result<(), CliError> {
        let mut tree = Self::cached(dir, 0)?;
        leaves.chunks(STEP).try_for_each(|step| extend(&mut tree.files, step)).map_err(|e| failed(&e))
    }

    /// Removes it.
    pub(crate) fn forget(dir: &Path) -> std::io::Result<()> {
        std::fs::remove_dir_all(dir.join(DIR))
    }

    fn cached(dir: &Path, most: u64) -> Result<Self, CliError> {
        let path = dir.join(DIR);
        let mut files = FileTree::open(&path).map_err(|e| CliError::io(&path, &e))?;
        if files.size() > most {
            files.truncate(most).map_err(|e| CliError::io(&path, &e))?;
        }
        Ok(Self { files, remade: 0 })
    }

    /// Makes it anew from the log.
    pub(crate) fn remake(&mut self, ledger: &Ledger) -> Result<(), CliError> {
        self.remade += 1;
        self.truncate(0)?;
        self.follow(ledger)
    }

    fn truncate(&mut self, size: u64) -> Result<(), CliError> {
        self.files.truncate(size).map_err(|e| failed(&e))
    }

    /// Adds the log's entries that are not in the tree yet.
    fn follow(&mut self, ledger: &Ledger) -> Result<(), CliError> {
        let mut previous = ledger.id().genesis();
        if let Some(last) = self.files.size().checked_sub(1) {
            let entry = ledger.entry(last)?;
            let cached = self.files.hashes(0, last, 1).map_err(|e| failed(&e))?.first().copied();
            match entry.filter(|e| Some(leaf(&e.header())) == cached) {
                Some(entry) => previous = entry.hash(),
                None => self.truncate(0)?,
            }
        }
        let mut leaves: Vec<Digest> = Vec::with_capacity(STEP);
        let prepare = |entry: Entry| {
            let header = entry.header();
            Ok::<_, CliError>((
                header.index,
                header.previous,
                entry.hash() == header.hash(),
                entry.hash(),
                leaf(&header),
            ))
        };
        ledger.scan(self.files.size(), prepare, |(index, before, is_whole, hash, leaf)| {
            if before != previous || !is_whole {
                let e =
                    format!("entry #{index} does not fit its hash; run `sayso audit` to see everything that is wrong");
                return Err(CliError::refused(e));
            }
            previous = hash;
            leaves.push(leaf);
            if leaves.len() == STEP {
                extend(&mut self.files, &std::mem::take(&mut leaves)).map_err(|e| failed(&e))?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        extend(&mut self.files, &leaves).map_err(|e| failed(&e))
    }

    /// The head of the tree over the first `size` entries.
    pub(crate) fn head(&self, size: u64) -> Result<TreeHead, CliError> {
        head(&self.files, size).map_err(|e| failed(&e))
    }

    /// That an entry is in the tree over `under.size` entries. Checked before it is given out: if a hash of the cache is wrong,
    /// the cache is made anew.
    pub(crate) fn inclusion(&mut self, ledger: &Ledger, index: u64, under: TreeHead) -> Result<Vec<Digest>, CliError> {
        let entry = ledger.entry(index)?.ok_or_else(|| CliError::refused(format!("there is no entry #{index}")))?;
        let leaf = leaf(&entry.header());
        let proof = self.sure(ledger, |files| {
            let proof = inclusion_proof(&ByTiles::new(files, under.size), index, under.size)?;
            Ok(verify_inclusion(leaf, index, under.size, &proof, under.root).is_ok().then_some(proof))
        })?;
        proof.ok_or_else(|| not_its_entries(under))
    }

    /// That the tree over `old` entries is the beginning of `new`. Checked before it is given out, as [`LedgerTree::inclusion`] is.
    pub(crate) fn consistency(&mut self, ledger: &Ledger, old: u64, new: TreeHead) -> Result<Vec<Digest>, CliError> {
        let found = self.sure(ledger, |files| beginning(files, old, new))?;
        found.map(|(_, proof)| proof).ok_or_else(|| not_its_entries(new))
    }

    /// Tiles of hashes in a tree with this head. A full one has to come to the hash that stands for it one level above; if one does not,
    /// the cache is made anew. What is in no full tile is for [`LedgerTree::has`].
    pub(crate) fn tiles(
        &mut self,
        ledger: &Ledger,
        tiles: &[Tile],
        under: TreeHead,
    ) -> Result<Vec<(Tile, Vec<Digest>)>, CliError> {
        let found = self.sure(ledger, |files| {
            let mut read = Vec::with_capacity(tiles.len());
            for tile in tiles {
                let Kind::Hashes(level) = tile.kind else { continue };
                let hashes = files.hashes(level, tile.index * TILE_WIDTH, tile.width)?.into_owned();
                let above =
                    if tile.is_full() { files.hashes(level + 1, tile.index, 1)?.first().copied() } else { None };
                read.push((*tile, hashes, above));
            }
            let fits =
                read.par_iter().all(|(_, hashes, above)| above.is_none_or(|hash| complete(hashes) == Some(hash)));
            Ok(fits.then(|| read.into_iter().map(|(tile, hashes, _)| (tile, hashes)).collect()))
        })?;
        found.ok_or_else(|| not_its_entries(under))
    }

    /// Whether it had this head at some time.
    pub(crate) fn has(&mut self, ledger: &Ledger, wanted: TreeHead) -> Result<bool, CliError> {
        let same = |files: &FileTree| Ok((head(files, wanted.size)? == wanted).then_some(()));
        Ok(self.sure(ledger, same)?.is_some())
    }

    /// What is looked for in the cache. If it is not there, the cache may be wrong: then it is made anew, and looked at once more.
    fn sure<T>(
        &mut self,
        ledger: &Ledger,
        look: impl Fn(&FileTree) -> std::io::Result<Option<T>>,
    ) -> Result<Option<T>, CliError> {
        if let Some(found) = look(&self.files).map_err(|e| failed(&e))? {
            return Ok(Some(found));
        }
        self.remake(ledger)?;
        look(&self.files).map_err(|e| failed(&e))
    }
}

pub(crate) fn not_its_entries(under: TreeHead) -> CliError {
    CliError::refused(format!("the ledger does not have the first {} entries of this checkpoint", under.size))
}

fn failed(e: &std::io::Error) -> CliError {
    CliError::failed(format!("the tree beside the log: {}", crate::error::in_words(e)))
}
