//! The tree as it is kept: by tile levels. Level 0 has the hash of every leaf, each level above one hash for every full tile
//! of 256 below it; what lies between is hashed again when it is asked for. This is what tlog-tiles serves, and it takes 32
//! bytes and an eighth of one for each leaf.
//!
//! It is derived. Nothing here says that the leaves are the right ones: that is for whoever signs or checks.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::digest::Digest;
use crate::merkle::{Subtrees, TreeHead, complete, root};

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;
/// Height of a full tile.
pub const TILE_HEIGHT: u8 = 8;

/// Full tiles hashed at a time: bounds memory.
const STEP_TILES: u64 = 256;

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

/// Gives the roots of complete subtrees from hashes by tile level.
pub struct ByTiles<'a, T>(pub &'a T);

impl<T: TileHashes> Subtrees for ByTiles<'_, T> {
    type Error = T::Error;

    fn subtree(&self, level: u8, index: u64) -> Result<Digest, T::Error> {
        let (tile_level, inside) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let hashes = self.0.hashes(tile_level, index << inside, 1 << inside)?;
        Ok(complete(&hashes).unwrap_or_else(crate::merkle::empty_root)) // their number is a power of two
    }
}

/// The head of the tree over the first `size` leaves.
///
/// # Errors
/// Those of the store.
pub fn head<T: TileHashes>(tree: &T, size: u64) -> Result<TreeHead, T::Error> {
    Ok(TreeHead { size, root: root(&ByTiles(tree), size)? })
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
