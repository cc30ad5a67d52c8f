//! The Merkle tree of RFC 6962, section 2.1: hashes, proofs and their checks.
//!
//! ```text
//! leaf = SHA-256(00, data)    node = SHA-256(01, left, right)    root of the empty tree = SHA-256()
//! ```
//! It keeps no hash itself: those of complete subtrees come from a [`Subtrees`].

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// The hash of a leaf.
#[must_use]
pub fn leaf(data: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update([0]).chain_update(data).finalize().into())
}

/// The hash of a node over two others.
#[must_use]
pub fn node(left: Digest, right: Digest) -> Digest {
    Digest(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of the tree without leaves.
#[must_use]
pub fn empty_root() -> Digest {
    Digest(Sha256::digest([]).into())
}

/// The root over hashes whose number is a power of two; `None` if it is not.
#[must_use]
pub fn complete(hashes: &[Digest]) -> Option<Digest> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[l, r]| node(*l, *r)).collect();
    }
    row.first().copied()
}

/// Where the hashes of complete subtrees come from.
pub trait Subtrees {
    /// What can go wrong in getting one.
    type Error;

    /// The root of the subtree over the leaves from `index << level` up to `(index + 1) << level`, all of which are there.
    ///
    /// # Errors
    /// Whatever the source of the hashes says.
    fn subtree(&self, level: u8, index: u64) -> Result<Digest, Self::Error>;
}

/// The root over the first `size` leaves.
///
/// # Errors
/// Those of the source.
pub fn root<S: Subtrees>(tree: &S, size: u64) -> Result<Digest, S::Error> {
    range(tree, 0, size)
}

/// The root over the leaves from `first` up to `end`, where `first` is where RFC 6962 splits a tree.
fn range<S: Subtrees>(tree: &S, first: u64, end: u64) -> Result<Digest, S::Error> {
    let mut parts = Vec::new();
    let mut at = first;
    while at < end {
        let level = (end - at).ilog2();
        parts.push(tree.subtree(u8::try_from(level).unwrap_or(u8::MAX), at >> level)?);
        at += 1 << level;
    }
    let last = parts.pop().unwrap_or_else(empty_root);
    Ok(parts.into_iter().rfold(last, |right, left| node(left, right)))
}

/// The largest power of two below a number above 1.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The hashes that lead from leaf `index` to the root over `size` leaves, the leaf's sibling first. Empty if there is no
/// such leaf.
///
/// # Errors
/// Those of the source.
pub fn inclusion_proof<S: Subtrees>(tree: &S, index: u64, size: u64) -> Result<Vec<Digest>, S::Error> {
    let (mut first, mut end) = (0, size);
    let mut proof = Vec::new();
    while index < end && end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            proof.push(range(tree, middle, end)?);
            end = middle;
        } else {
            proof.push(range(tree, first, middle)?);
            first = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show the tree over `old` leaves inside the one over `new` leaves. Empty if either is empty or both are
/// of one size.
///
/// # Errors
/// Those of the source.
pub fn consistency_proof<S: Subtrees>(tree: &S, old: u64, new: u64) -> Result<Vec<Digest>, S::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut first, mut end, mut whole_is_known) = (0, new, true);
    while old < end {
        let middle = first + split(end - first);
        if old <= middle {
            proof.push(range(tree, middle, end)?);
            end = middle;
        } else {
            proof.push(range(tree, first, middle)?);
            first = middle;
            whole_is_known = false;
        }
    }
    if !whole_is_known {
        proof.push(range(tree, first, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MerkleError {
    /// The entry would lie beyond the tree.
    #[error(
        "entry #{index} cannot be in a tree of {size} entries: proof and checkpoint do not belong together; ask for a proof under a \
         checkpoint that has the entry"
    )]
    Beyond {
        /// Where it is said to be.
        index: u64,
        /// How many there are.
        size: u64,
    },
    /// Too many or too few hashes.
    #[error(
        "the proof has the wrong number of hashes for its place and size ({found} instead of {expected}): some were left out or \
         added; ask for it again"
    )]
    Length {
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// The hashes lead somewhere else.
    #[error(
        "the proof does not lead from this entry to the root of the checkpoint of {size} entries, {root}, but to {leads_to}: not this \
         entry, not this place, or not this tree. Do not believe it, and ask for a proof under this very checkpoint"
    )]
    Inclusion {
        /// How many entries the tree has.
        size: u64,
        /// The tree's root.
        root: Digest,
        /// Where the proof leads.
        leads_to: Digest,
    },
    /// The newer tree has fewer leaves.
    #[error(
        "a tree of {new} entries cannot extend one of {old}: it is older, or its end was cut. Go on with the larger one"
    )]
    Shrinks {
        /// Leaves of the older.
        old: u64,
        /// Leaves of the newer.
        new: u64,
    },
    /// Same size, other content.
    #[error(
        "two trees of the same {size} entries have different roots: two histories. Keep both checkpoints, they are evidence"
    )]
    TwoHistories {
        /// Leaves in both.
        size: u64,
    },
    /// The proof does not contain the older tree.
    #[error(
        "the proof does not start from the older tree's root ({size} entries, {root}): it is of another pair, or the beginning was \
         changed. Ask for a proof from this very tree, and keep both checkpoints if there is none"
    )]
    OldRoot {
        /// Leaves of the older tree.
        size: u64,
        /// Its root.
        root: Digest,
    },
    /// The proof does not lead to the newer tree.
    #[error(
        "the proof does not lead to the newer tree's root ({size} entries, {root}): it is of another pair. Ask for a proof to this \
         very tree, and keep both checkpoints if there is none"
    )]
    NewRoot {
        /// Leaves of the newer tree.
        size: u64,
        /// Its root.
        root: Digest,
    },
}

/// How many steps lead from a leaf to the root: those inside the smallest complete subtree that has leaf and edge of the tree
/// apart, and those from there along the edge.
fn steps(index: u64, size: u64) -> (u32, u32) {
    let inside = u64::BITS - (index ^ (size - 1)).leading_zeros();
    (inside, index.checked_shr(inside).unwrap_or(0).count_ones())
}

fn expect_length(proof: &[Digest], expected: u32) -> Result<(), MerkleError> {
    let (found, expected) = (proof.len(), expected as usize);
    if found == expected { Ok(()) } else { Err(MerkleError::Length { found, expected }) }
}

/// Whether `proof` leads from a leaf's hash at `index` to the root over `size` leaves.
///
/// # Errors
/// [`MerkleError`].
pub fn verify_inclusion(
    leaf: Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: Digest,
) -> Result<(), MerkleError> {
    if index >= size {
        return Err(MerkleError::Beyond { index, size });
    }
    let (inside, edge) = steps(index, size);
    expect_length(proof, inside + edge)?;
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if at % 2 == 1 || at == last {
            hash = node(*sibling, hash);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(hash, *sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if hash == root { Ok(()) } else { Err(MerkleError::Inclusion { size, root, leads_to: hash }) }
}

/// A number of leaves and the root over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves there are.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Whether `proof` shows that the tree of `new` is that of `old` with leaves added.
///
/// # Errors
/// [`MerkleError`].
pub fn verify_consistency(old: TreeHead, new: TreeHead, proof: &[Digest]) -> Result<(), MerkleError> {
    let old_root = MerkleError::OldRoot { size: old.size, root: old.root };
    if old.size > new.size {
        return Err(MerkleError::Shrinks { old: old.size, new: new.size });
    }
    if old.size == new.size && old.root != new.root {
        return Err(MerkleError::TwoHistories { size: old.size });
    }
    if old.size == 0 && old.root != empty_root() {
        return Err(old_root);
    }
    if old.size == new.size || old.size == 0 {
        return expect_length(proof, 0);
    }
    // The path begins with the largest complete subtree at the end of the older tree. If that is all of it, its root is known.
    let (whole, (inside, edge)) = (old.size.is_power_of_two(), steps(old.size - 1, new.size));
    expect_length(proof, u32::from(!whole) + inside - old.size.trailing_zeros() + edge)?;
    let mut path = proof.iter().copied();
    let start = if whole { None } else { path.next() }.unwrap_or(old.root);
    let level = old.size.trailing_zeros();
    let (mut at, mut last) = ((old.size - 1) >> level, (new.size - 1) >> level);
    let (mut in_old, mut in_new) = (start, start);
    for hash in path {
        if at % 2 == 1 || at == last {
            in_old = node(hash, in_old);
            in_new = node(hash, in_new);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            in_new = node(in_new, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (in_old == old.root, in_new == new.root) {
        (true, true) => Ok(()),
        (false, _) => Err(old_root),
        (true, false) => Err(MerkleError::NewRoot { size: new.size, root: new.root }),
    }
}
