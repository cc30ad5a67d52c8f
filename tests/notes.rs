//! What we sign has to be read by programs that we did not write, and what they write by us. A signature that only our own
//! program accepts is no evidence. So notes, keys, checkpoints and tile names go through other implementations, both ways.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/mod.rs"]
mod support;

use proptest::prelude::*;
use sayso_proof::checkpoint::{Checkpoint, SignedCheckpoint};
use sayso_proof::cosignature;
use sayso_proof::digest::Digest;
use sayso_proof::key::{KeyKind, KeyName, SigningKey, VerifierKey};
use sayso_proof::merkle::{TreeHead, consistency_proof, inclusion_proof, leaf};
use sayso_proof::note::Note;
use sayso_proof::tile::{Kind, Tile, decode_entries, encode_entries};
use sayso_proof::tree::{ByTiles, MemoryTree, TileHashes, extend, head};
use signed_note::Signer as _;
use support::TestEntropy;

const NAME: &str = "newsroom.example/sotk";

fn key(name: &str, kind: KeyKind, seed: u64) -> SigningKey {
    SigningKey::generate(KeyName::new(name).unwrap(), kind, &TestEntropy::seeded(seed)).unwrap()
}

#[test]
fn another_program_reads_our_keys_and_notes_and_we_read_its() {
    let ours = key(NAME, KeyKind::Log, 1);
    let text = "Two wounded, said Yerevan.\n\nNone, said Baku: \u{535}\u{580}\u{587}\u{561}\u{576}.\n";
    let theirs = signed_note::StandardSigner::new(&ours.to_secret_text()).unwrap();
    assert_eq!(theirs.name(), NAME);
    let verifier = signed_note::StandardVerifier::new(&ours.verifier().to_string()).unwrap();
    let list = signed_note::VerifierList::new(vec![Box::new(verifier)]);

    let note = Note::unsigned(text.into()).unwrap().signed(&ours);
    let read = signed_note::Note::from_bytes(note.to_string().as_bytes()).unwrap();
    assert_eq!(read.text(), text.as_bytes());
    let (verified, unverified) = read.verify(&list).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));

    let mut written = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
    written.add_sigs(&[&theirs]).unwrap();
    assert_eq!(written.to_bytes(), note.to_string().as_bytes(), "Ed25519 has one signature for a text");
    let read = Note::parse(&written.to_bytes()).unwrap();
    assert_eq!(read.verify(&[ours.verifier().clone()]).unwrap()[0].key, ours.verifier());

    // Further signatures are in nobody's way.
    let witness = key("witness.example", KeyKind::Witness, 2);
    let more = note.with_line(cosignature::sign(&witness, 1_684_000_000, text).unwrap());
    let read = signed_note::Note::from_bytes(more.to_string().as_bytes()).unwrap();
    let (verified, unverified) = read.verify(&list).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 1));
    let keys = [witness.verifier().clone()];
    assert_eq!(Note::parse(more.to_string().as_bytes()).unwrap().verify(&keys).unwrap()[0].time_s, Some(1_684_000_000));
}

#[test]
fn keys_come_back_from_their_text() {
    for kind in [KeyKind::Log, KeyKind::Witness] {
        let signing = key(NAME, kind, 3);
        let again = SigningKey::from_secret_text(&signing.to_secret_text()).unwrap();
        assert_eq!(again.verifier(), signing.verifier());
        let verifier: VerifierKey = signing.verifier().to_string().parse().unwrap();
        assert_eq!((&verifier, verifier.kind()), (signing.verifier(), kind));
        assert!(!format!("{signing:?}").contains("PRIVATE"), "a secret must not get into a log");
    }
    let (log, witness) = (key(NAME, KeyKind::Log, 3), key(NAME, KeyKind::Witness, 3));
    assert!(log.verifier().same_bytes(witness.verifier()) && log.verifier().id() != witness.verifier().id());
}

/// The key id is a fact that can be computed by hand.
#[test]
fn the_key_id_is_the_start_of_a_hash() {
    use sha2::Digest as _;
    let key = key(NAME, KeyKind::Log, 4);
    let text = key.verifier().to_string();
    let [name, id, data] = text.splitn(3, '+').collect::<Vec<_>>().try_into().unwrap();
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
    let hash = sha2::Sha256::digest([name.as_bytes(), b"\n", &data].concat());
    let expected: String = hash[..4].iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!((name, id, data[0], data.len()), (NAME, expected.as_str(), 1, 33));
}

#[test]
fn another_program_reads_our_checkpoints() {
    let mut tree = MemoryTree::default();
    extend(&mut tree, &(0u64..700).map(|i| leaf(&i.to_le_bytes())).collect::<Vec<_>>()).unwrap();
    let head = head(&tree, 700).unwrap();
    let ours = key(NAME, KeyKind::Log, 5);
    let signed = Checkpoint { origin: NAME.into(), head, extensions: vec![] }.sign(&[ours]).unwrap();
    let read = tlog_tiles::Checkpoint::from_bytes(signed.note().text().as_bytes()).unwrap();
    assert_eq!((read.origin(), read.size(), read.hash().0), (NAME, 700, head.root.0));
    assert_eq!(read.to_bytes(), signed.note().text().as_bytes());
    let again = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
    assert_eq!(again, signed);
}

#[test]
fn tiles_are_named_as_the_specification_says() {
    let name = |index, width| Tile { kind: Kind::Hashes(0), index, width }.to_string();
    assert_eq!(name(1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(name(0, 1), "tile/0/000.p/1");
    assert_eq!(Tile { kind: Kind::Entries, index: 999, width: 256 }.to_string(), "tile/entries/999");
    assert_eq!(Tile { kind: Kind::Bodies, index: 1_000, width: 7 }.to_string(), "bodies/x001/000.p/7");
    // The worked example of the specification: 70,000 entries.
    let all: Vec<Tile> = Tile::hashes_added(0, 70_000).collect();
    let full = |level| all.iter().filter(|t| t.kind == Kind::Hashes(level) && t.is_full()).count();
    let partial: Vec<String> = all.iter().filter(|t| !t.is_full()).map(ToString::to_string).collect();
    assert_eq!((full(0), full(1), full(2), all.len()), (273, 1, 0, 277));
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    let all: Vec<String> = Tile::hashes_added(0, 256).map(|t| t.to_string()).collect();
    assert_eq!(all, ["tile/0/000", "tile/1/000.p/1"]);
    let none = [
        "tile/0/1",
        "tile/0/x001",
        "tile/0/x000/001",
        "tile/64/000",
        "tile/00/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/001/000",
        "tile/-1/000",
        "tile/0/+01",
        "/tile/0/000",
        "",
    ];
    for other in none {
        assert!(other.parse::<Tile>().is_err(), "{other}");
    }
}

/// Tiles served to another implementation, which trusts nothing but the root.
#[test]
fn another_program_proves_from_our_tiles() {
    struct Served<'a>(&'a MemoryTree);
    impl tlog_tiles::TileReader for Served<'_> {
        fn height(&self) -> u8 {
            8
        }
        fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
            let read = |t: &tlog_tiles::Tile| {
                Digest::concat(&self.0.hashes(t.level(), t.level_index() * 256, t.width().into()).unwrap())
            };
            Ok(tiles.iter().map(read).collect())
        }
        fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
    }
    let mut tree = MemoryTree::default();
    extend(&mut tree, &(0u64..70_000).map(|i| leaf(&i.to_le_bytes())).collect::<Vec<_>>()).unwrap();
    let of = |head: TreeHead| tlog_tiles::Hash(head.root.0);
    let size = 70_000;
    let root = of(head(&tree, size).unwrap());
    let served = Served(&tree);
    let reader = tlog_tiles::TileHashReader::new(size, root, &served);
    // A thousand of each, spread evenly, and the ones in partial tiles.
    let ours_by_tiles = ByTiles::new(&tree, size);
    for index in (0..size).step_by(70).chain([69_887, 69_888, 69_999]) {
        let theirs = tlog_tiles::prove_record(size, index, &reader).unwrap();
        let ours = inclusion_proof(&ours_by_tiles, index, size).unwrap();
        assert_eq!(theirs.iter().map(|h| h.0).collect::<Vec<_>>(), ours.iter().map(|h| h.0).collect::<Vec<_>>());
        tlog_tiles::check_record(&theirs, size, root, index, tlog_tiles::record_hash(&index.to_le_bytes())).unwrap();
    }
    for old in (1..size).step_by(70) {
        let theirs = tlog_tiles::prove_tree(size, old, &reader).unwrap();
        let ours = consistency_proof(&ours_by_tiles, old, size).unwrap();
        assert_eq!(theirs.iter().map(|h| h.0).collect::<Vec<_>>(), ours.iter().map(|h| h.0).collect::<Vec<_>>());
        tlog_tiles::check_tree(&theirs, size, root, old, of(head(&tree, old).unwrap())).unwrap();
    }
}

proptest! {
    #[test]
    fn a_tile_has_one_name_and_it_is_the_other_programs(level in 0u8..8, index in 0u64..1 << 40, width in 1u64..=256) {
        let ours = Tile { kind: Kind::Hashes(level), index, width };
        let theirs = tlog_tiles::Tile::new(8, level, index, u32::try_from(width).unwrap(), false);
        // The other program follows Go's module proxy, which has the height of a tile in its name.
        prop_assert_eq!(theirs.path().replacen("tile/8/", "tile/", 1), ours.to_string());
        prop_assert_eq!(ours.to_string().parse::<Tile>().unwrap(), ours);
    }

    #[test]
    fn what_is_added_is_what_the_other_program_adds(old in 0u64..5_000_000, more in 0u64..200_000) {
        let ours: std::collections::BTreeSet<String> = Tile::hashes_added(old, old + more).map(|t| t.to_string()).collect();
        let theirs = tlog_tiles::Tile::new_tiles(8, old, old + more);
        let theirs: std::collections::BTreeSet<String> = theirs.iter().map(|t| t.path().replacen("tile/8/", "tile/", 1)).collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn entry_bundles_come_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..40)) {
        let bytes = encode_entries(entries.iter().map(Vec::as_slice)).unwrap();
        let width = entries.len() as u64;
        prop_assert_eq!(decode_entries(&bytes, width).unwrap(), entries);
        prop_assert!(decode_entries(&bytes, width + 1).is_err() && decode_entries(&bytes, width - 1).is_err());
        prop_assert!(decode_entries(&bytes[..bytes.len() - 1], width).is_err());
    }

    #[test]
    fn no_bytes_make_the_readers_stop(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "(\u{2014} |[a-z]{1,5}|\n|\n\n|[A-Za-z0-9+/]{8}|=| |old |index |extra ){0,30}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            let _ = Note::parse(input);
            let _ = SignedCheckpoint::parse(input);
            let _ = sayso_proof::proof_file::ProofFile::parse(input);
            let _ = sayso_proof::witness::AddCheckpoint::parse(input);
            let _ = sayso_proof::disclosure::Disclosure::decode(input);
            let _ = text.parse::<sayso_proof::policy::Policy>();
            let _ = text.parse::<VerifierKey>();
        }
    }
}
