//! The tree as it is kept: by tile levels. Level 0 has the hash of every leaf, each level above one hash for every full tile
//! of 256 below it; what lies between is hashed again when it is asked for. This is what tlog-tiles serves, and it takes 32
//! bytes and an eighth of one for each leaf.
//!
//! It is derived. Nothing here says that the leaves are the right ones: that is for whoever signs or checks.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use rayon::prelude::*;

use crate::digest::Digest;
use crate::merkle::{Subtrees, TreeHead, complete, consistency_proof, node, root, verify_consistency};

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;
/// Height of a full tile.
pub const TILE_HEIGHT: u8 = 8;

/// Full tiles hashed at a time: bounds memory.
const STEP_TILES: u64 = 256;
/// Tiles kept by [`ByTiles`], with all that lies between their hashes: 16 KB each.
const MOST_TILES: usize = 64;

/// Reads hashes by tile level.
pub trait TileHashes {
    /// What can go wrong in reading.
    type Error;

    /// `count` hashes of a tile level from `first` on.
    ///
    /// # Errors
    /// If they are not all there, or cannot be read.
    fn hashes(&self, level: u8, first: u64, count: u64) -> Result<Cow<'_, [Digest]>, Self::Error>;
}

/// Hashes by tile level that can be added to.
pub trait TreeStore: TileHashes {
    /// How many leaves there are.
    fn size(&self) -> u64;

    /// Adds hashes at the end of a level.
    ///
    /// # Errors
    /// If they cannot be written.
    fn append(&mut self, level: u8, hashes: &[Digest]) -> Result<(), Self::Error>;
}

/// Gives the roots of complete subtrees from hashes by tile level. A tile is read whole and hashed once, and the last ones that
/// were asked for are kept: whoever makes many proofs keeps one of these.
pub struct ByTiles<'a, T> {
    tree: &'a T,
    size: u64,
    tiles: RefCell<HashMap<(u8, u64), Rows>>,
}

/// The hashes of a tile, then those of every complete pair of these, and so on.
type Rows = Vec<Vec<Digest>>;

impl<'a, T: TileHashes> ByTiles<'a, T> {
    /// Of a tree of at least `size` leaves, of which the first `size` count.
    pub fn new(tree: &'a T, size: u64) -> Self {
        Self { tree, size, tiles: RefCell::default() }
    }

    fn rows(&self, level: u8, tile: u64) -> Result<Rows, T::Error> {
        let first = tile.saturating_mul(TILE_WIDTH);
        let width = level_size(self.size, level).saturating_sub(first).min(TILE_WIDTH);
        let mut rows = vec![self.tree.hashes(level, first, width)?.into_owned()];
        while let Some(pairs) = rows.last().map(|row| row.as_chunks::<2>().0).filter(|pairs| !pairs.is_empty()) {
            let next = pairs.iter().map(|[l, r]| node(*l, *r)).collect();
            rows.push(next);
        }
        Ok(rows)
    }
}

impl<T: TileHashes> Subtrees for ByTiles<'_, T> {
    type Error = T::Error;

    fn subtree(&self, level: u8, index: u64) -> Result<Digest, T::Error> {
        let (tile_level, inside) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let across = TILE_WIDTH >> inside;
        let key = (tile_level, index / across);
        let found = |rows: &Rows| {
            let at = usize::try_from(index % across).ok()?;
            rows.get(usize::from(inside))?.get(at).copied()
        };
        let kept = self.tiles.borrow().get(&key).map(found);
        let hash = match kept {
            Some(hash) => hash,
            None => {
                let rows = self.rows(key.0, key.1)?;
                let hash = found(&rows);
                let mut tiles = self.tiles.borrow_mut();
                if tiles.len() >= MOST_TILES {
                    // Every proof goes through the upper levels, and those have few tiles.
                    tiles.retain(|(level, _), _| *level > 0);
                }
                if tiles.len() >= MOST_TILES {
                    tiles.clear();
                }
                tiles.insert(key, rows);
                hash
            }
        };
        // Only complete subtrees of the first `size` leaves are ever asked for.
        Ok(hash.unwrap_or_else(crate::merkle::empty_root))
    }
}

/// The head of the tree over the first `size` leaves.
///
/// # Errors
/// Those of the store.
pub fn head<T: TileHashes>(tree: &T, size: u64) -> Result<TreeHead, T::Error> {
    Ok(TreeHead { size, root: root(&ByTiles::new(tree, size), size)? })
}

/// The head over the first `old` leaves, and the proof that leads from it to `new`. `None` if the hashes that are there do not: some
/// of them are wrong, and nothing follows from the others.
///
/// # Errors
/// Those of the store.
pub fn beginning<T: TileHashes>(
    tree: &T,
    old: u64,
    new: TreeHead,
) -> Result<Option<(TreeHead, Vec<Digest>)>, T::Error> {
    let tree = ByTiles::new(tree, new.size);
    let head = TreeHead { size: old, root: root(&tree, old)? };
    let proof = consistency_proof(&tree, old, new.size)?;
    Ok(verify_consistency(head, new, &proof).is_ok().then_some((head, proof)))
}

/// How many hashes a tile level has for a number of leaves.
#[must_use]
pub fn level_size(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// Adds the hashes of leaves, and of every tile that they fill. Full tiles are hashed on all cores.
///
/// # Errors
/// Those of the store, which then has to be made anew.
pub fn extend<T: TreeStore>(tree: &mut T, leaves: &[Digest]) -> Result<(), T::Error> {
    let (mut old, mut level) = (tree.size(), 0);
    let mut new = old + leaves.len() as u64;
    tree.append(0, leaves)?;
    while old / TILE_WIDTH < new / TILE_WIDTH {
        let (mut tile, end) = (old / TILE_WIDTH, new / TILE_WIDTH);
        (old, new) = (tile, end);
        while tile < end {
            let step = STEP_TILES.min(end - tile);
            let hashes = tree.hashes(level, tile * TILE_WIDTH, step * TILE_WIDTH)?;
            let roots: Vec<Digest> = hashes.par_chunks(TILE_WIDTH as usize).filter_map(complete).collect();
            tree.append(level + 1, &roots)?;
            tile += step;
        }
        level += 1;
    }
    Ok(())
}

/// The tree does not have the hashes that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tree is smaller than was asked for")]
pub struct NotThere;

/// A tree in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    levels: Vec<Vec<Digest>>,
}

impl TileHashes for MemoryTree {
    type Error = NotThere;

    fn hashes(&self, level: u8, first: u64, count: u64) -> Result<Cow<'_, [Digest]>, NotThere> {
        let range = || {
            let first = usize::try_from(first).ok()?;
            let end = first.checked_add(usize::try_from(count).ok()?)?;
            self.levels.get(usize::from(level))?.get(first..end)
        };
        range().map(Cow::Borrowed).ok_or(NotThere)
    }
}

impl TreeStore for MemoryTree {
    fn size(&self) -> u64 {
        self.levels.first().map_or(0, |level| level.len() as u64)
    }

    fn append(&mut self, level: u8, hashes: &[Digest]) -> Result<(), NotThere> {
        let level = usize::from(level);
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        if let Some(row) = self.levels.get_mut(level) {
            row.extend_from_slice(hashes);
        }
        Ok(())
    }
}
