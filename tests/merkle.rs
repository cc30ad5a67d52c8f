//! The tree that outsiders check. One wrong hash in it and every proof we hand out is worthless; one wrong rule in the checks
//! and a forged proof is believed. So our tree is held against another implementation for every size up to 300 and for large
//! ones drawn at random, and the checks against proofs with any one thing changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops"
)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sayso_proof::digest::Digest;
use sayso_proof::files::FileTree;
use sayso_proof::merkle::{
    MerkleError, TreeHead, consistency_proof, empty_root, inclusion_proof, leaf, verify_consistency, verify_inclusion,
};
use sayso_proof::tree::{ByTiles, MemoryTree, TileHashes, TreeStore, extend, head};

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|i| leaf(&i.to_le_bytes())).collect()
}

fn tree(count: u64) -> MemoryTree {
    let mut tree = MemoryTree::default();
    extend(&mut tree, &leaves(count)).unwrap();
    tree
}

/// The root as the words of RFC 6962 say it, without any of our shortcuts.
fn root_by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at((more.len().div_ceil(2)).next_power_of_two());
            sayso_proof::merkle::node(root_by_definition(left), root_by_definition(right))
        }
    }
}

#[test]
fn known_answers() {
    let mut tree = MemoryTree::default();
    assert_eq!(head(&tree, 0).unwrap().root.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    extend(&mut tree, &["one", "two", "three"].map(|e| leaf(e.as_bytes()))).unwrap();
    assert_eq!(head(&tree, 3).unwrap().root.to_string(), "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=");
}

#[test]
fn every_small_tree_is_that_of_another_implementation() {
    const MOST: u64 = 300;
    let ours = tree(MOST);
    let all = leaves(MOST);
    let mut theirs = MemoryBackedTree::<sha2::Sha256, [u8; 8]>::new();
    let mut roots = vec![head(&ours, 0).unwrap()];
    for size in 1..=MOST {
        theirs.push((size - 1).to_le_bytes());
        let now = head(&ours, size).unwrap();
        assert_eq!(now.root.0[..], theirs.root().as_bytes()[..], "root over {size}");
        assert_eq!(now.root, root_by_definition(&all[..size as usize]));
        for index in 0..size {
            let proof = inclusion_proof(&ByTiles::new(&ours, size), index, size).unwrap();
            let other = theirs.prove_inclusion(index as usize);
            assert_eq!(Digest::concat(&proof), other.as_bytes(), "#{index} in {size}");
            verify_inclusion(all[index as usize], index, size, &proof, now.root).unwrap();
        }
        for old in &roots {
            let proof = consistency_proof(&ByTiles::new(&ours, size), old.size, size).unwrap();
            if old.size > 0 {
                let other = theirs.prove_consistency((size - old.size) as usize);
                assert_eq!(Digest::concat(&proof), other.as_bytes(), "{} in {size}", old.size);
            }
            verify_consistency(*old, now, &proof).unwrap();
        }
        verify_consistency(now, now, &[]).unwrap();
        roots.push(now);
    }
}

/// A thousand proofs of each kind over 70,000 leaves, made by us and checked by the other implementation.
#[test]
fn another_implementation_checks_our_proofs_of_a_large_tree() {
    const SIZE: u64 = 70_000;
    let ours = tree(SIZE);
    let mut theirs = MemoryBackedTree::<sha2::Sha256, [u8; 8]>::new();
    (0..SIZE).for_each(|i| theirs.push(i.to_le_bytes()));
    let root = theirs.root();
    assert_eq!(root.as_bytes()[..], head(&ours, SIZE).unwrap().root.0[..]);
    let by_tiles = ByTiles::new(&ours, SIZE);
    for index in (0..SIZE).step_by(70) {
        let proof = Digest::concat(&inclusion_proof(&by_tiles, index, SIZE).unwrap());
        let proof = InclusionProof::try_from_bytes(proof).unwrap();
        root.verify_inclusion(&index.to_le_bytes(), index, &proof).unwrap();
    }
    for old in (1..SIZE).step_by(70) {
        let proof = Digest::concat(&consistency_proof(&by_tiles, old, SIZE).unwrap());
        let proof = ConsistencyProof::try_from_bytes(proof).unwrap();
        let before = head(&ours, old).unwrap().root.0;
        let digest = sha2::digest::Output::<sha2::Sha256>::from(before);
        root.verify_consistency(&RootHash::new(digest, old), &proof).unwrap();
    }
}

/// However the leaves come, one at a time or many, in memory or in files: the same tree, and it can be cut back.
#[test]
fn growing_in_steps_gives_the_same_tree() {
    let all = leaves(70_000);
    let whole = tree(70_000);
    let dir = tempfile::tempdir().unwrap();
    let mut files = FileTree::open(dir.path()).unwrap();
    let mut at = 0;
    for step in [1, 254, 1, 1, 255, 256, 257, 1_000, 64_000, 3_975] {
        extend(&mut files, &all[at..at + step]).unwrap();
        at += step;
        assert_eq!(head(&files, at as u64).unwrap(), head(&whole, at as u64).unwrap(), "after {at}");
    }
    drop(files);
    let mut files = FileTree::open(dir.path()).unwrap();
    assert_eq!(files.size(), 70_000);
    // More tiles than are kept in memory, from the files and from memory: the same proofs, also when they are asked for again.
    let (of_files, of_memory) = (ByTiles::new(&files, 69_999), ByTiles::new(&whole, 69_999));
    for index in (0..69_999).step_by(251).chain((0..69_999).rev().step_by(7_919)) {
        let proof = inclusion_proof(&of_files, index, 69_999).unwrap();
        assert_eq!(proof, inclusion_proof(&of_memory, index, 69_999).unwrap());
        let now = head(&whole, 69_999).unwrap();
        verify_inclusion(all[index as usize], index, now.size, &proof, now.root).unwrap();
    }
    files.truncate(65_535).unwrap();
    assert_eq!(files.hashes(1, 0, 255).unwrap(), whole.hashes(1, 0, 255).unwrap());
    extend(&mut files, &all[65_535..]).unwrap();
    assert_eq!(head(&files, 70_000).unwrap(), head(&whole, 70_000).unwrap());
    // A cache that was cut or is too long counts as empty.
    for length in [8_000, 8_193] {
        let path = dir.path().join("level-1");
        std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
        assert_eq!(FileTree::open(dir.path()).unwrap().size(), 0);
    }
}

#[test]
fn sizes_that_cannot_be_are_refused_in_words() {
    let (a, b) = (leaf(b"a"), leaf(b"b"));
    let of = |size, root| TreeHead { size, root };
    let length = |found, expected| Err(MerkleError::Length { found, expected });
    assert_eq!(verify_inclusion(a, 0, 0, &[], a), Err(MerkleError::Beyond { index: 0, size: 0 }));
    assert_eq!(verify_inclusion(a, 5, 5, &[], a), Err(MerkleError::Beyond { index: 5, size: 5 }));
    assert_eq!(verify_inclusion(a, 0, 1, &[b], a), length(1, 0));
    assert_eq!(verify_inclusion(a, 0, u64::MAX, &[b; 63], a), length(63, 64));
    assert_eq!(verify_inclusion(a, u64::MAX - 1, u64::MAX, &[b; 64], a), length(64, 63));
    assert_eq!(verify_consistency(of(2, a), of(1, b), &[]), Err(MerkleError::Shrinks { old: 2, new: 1 }));
    assert_eq!(verify_consistency(of(2, a), of(2, b), &[]), Err(MerkleError::TwoHistories { size: 2 }));
    assert_eq!(verify_consistency(of(0, a), of(2, b), &[]), Err(MerkleError::OldRoot { size: 0, root: a }));
    assert_eq!(verify_consistency(of(0, empty_root()), of(2, b), &[a]), length(1, 0));
    assert_eq!(verify_consistency(of(3, a), of(7, b), &[]), length(0, 4));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Large trees: every proof holds, and none holds after anything about it was changed.
    #[test]
    fn proofs_hold_and_changed_ones_do_not(size in 2u64..100_000, index: prop::sample::Index, old: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8) {
        static LARGE: std::sync::LazyLock<MemoryTree> = std::sync::LazyLock::new(|| tree(100_000));
        let (index, old) = (index.index(size as usize) as u64, 1 + old.index(size as usize - 1) as u64);
        let now = head(&*LARGE, size).unwrap();
        let hash = leaf(&index.to_le_bytes());
        let proof = inclusion_proof(&ByTiles::new(&*LARGE, size), index, size).unwrap();
        verify_inclusion(hash, index, size, &proof, now.root).unwrap();
        let mut changed = proof.clone();
        let which = at.index(changed.len());
        changed[which].0[usize::from(bit)] ^= 1 << bit;
        let said = verify_inclusion(hash, index, size, &changed, now.root);
        let leads_elsewhere = matches!(said, Err(MerkleError::Inclusion { leads_to, .. }) if leads_to != now.root);
        prop_assert!(leads_elsewhere, "{:?}", said);
        prop_assert!(verify_inclusion(hash, index ^ 1, size, &proof, now.root).is_err());
        prop_assert!(verify_inclusion(leaf(b"another"), index, size, &proof, now.root).is_err());
        prop_assert!(verify_inclusion(hash, index, size, &proof[1..], now.root).is_err());
        prop_assert!(verify_inclusion(hash, index, size, &[proof.as_slice(), &[hash]].concat(), now.root).is_err());

        let before = head(&*LARGE, old).unwrap();
        let proof = consistency_proof(&ByTiles::new(&*LARGE, size), old, size).unwrap();
        verify_consistency(before, now, &proof).unwrap();
        let mut changed = proof.clone();
        let which = at.index(changed.len());
        changed[which].0[usize::from(bit)] ^= 1 << bit;
        prop_assert!(verify_consistency(before, now, &changed).is_err());
        let (other_before, other_now) = (TreeHead { root: hash, ..before }, TreeHead { root: hash, ..now });
        let smaller = TreeHead { size: old - 1, ..before };
        prop_assert!(verify_consistency(other_before, now, &proof).is_err());
        prop_assert!(verify_consistency(before, other_now, &proof).is_err());
        prop_assert!(verify_consistency(smaller, now, &proof).is_err());
        prop_assert!(verify_consistency(before, now, &proof[1..]).is_err());
    }
}
