//! Proof for outsiders: what somebody who trusts neither us nor our program can check with programs of their own.
//!
//! The ledger's own chain is BLAKE3. The outside world verifies SHA-256 Merkle trees (RFC 6962) under signed checkpoints, so
//! the same headers are put into such a tree, and everything around it is written to the letter of the C2SP specifications.
//!
//! | module | specification | it does not |
//! | --- | --- | --- |
//! | [`merkle`] | RFC 6962, section 2.1 | keep any hash: it is given a [`merkle::Subtrees`] |
//! | [`tree`], [`files`] | ours: hashes kept by tile level | vouch for what they keep; whoever signs compares with the log first |
//! | [`tile`] | C2SP tlog-tiles | read or write a file |
//! | [`key`], [`note`] | C2SP signed-note | know what a note says; know other signatures than Ed25519 |
//! | [`checkpoint`] | C2SP tlog-checkpoint | compare two checkpoints: that takes a proof |
//! | [`cosignature`] | C2SP tlog-cosignature, Ed25519 | read a clock |
//! | [`policy`] | C2SP tlog-policy | fetch anything |
//! | [`proof_file`] | C2SP tlog-proof | trust the extra data |
//! | [`disclosure`] | ours: an entry's header, with its body or without | decode the event |
//! | [`proven`] | ours: the whole check of a proof file | read a file, or know a ledger |
//! | [`witness`] | C2SP tlog-witness | speak HTTP, or read a clock |
//!
//! Nothing here reads the environment, the clock or randomness except through what it was given.

pub mod checkpoint;
pub mod cosignature;
pub mod digest;
pub mod disclosure;
pub mod files;
pub mod key;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof_file;
pub mod proven;
mod text;
pub mod tile;
pub mod tree;
pub mod witness;
