//! Everything a forger might hand in: another history, another entry, another key, another hour, a cut file. Each is refused,
//! and each with words of its own, so that whoever is handed a forgery can say what it was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::convert::Infallible;

use sayso_core::entry::{Hash, Header, commitment};
use sayso_core::time::Instant;
use sayso_proof::checkpoint::{Checkpoint, SignedCheckpoint};
use sayso_proof::cosignature;
use sayso_proof::digest::Digest;
use sayso_proof::disclosure::{Disclosure, SaltedBody, leaf};
use sayso_proof::key::{KeyKind, KeyName, SigningKey, VerifierKey};
use sayso_proof::merkle::{TreeHead, consistency_proof, inclusion_proof, verify_consistency};
use sayso_proof::note::{MAX_SIGNATURES, Note, SignatureLine};
use sayso_proof::policy::{Party, Policy};
use sayso_proof::proof_file::ProofFile;
use sayso_proof::proven::prove;
use sayso_proof::tree::{ByTiles, MemoryTree, extend, head};
use sayso_proof::witness::{AddCheckpoint, Answer, SIZE_TYPE, Witness, WitnessStore};
use support::TestEntropy;

const ORIGIN: &str = "newsroom.example/sotk";
const SIZE: u64 = 600;
const INDEX: u64 = 300;

fn key(name: &str, kind: KeyKind, seed: u64) -> SigningKey {
    SigningKey::generate(KeyName::new(name).unwrap(), kind, &TestEntropy::seeded(seed)).unwrap()
}

/// A log of headers whose entry `i` says `word i`.
struct Log {
    entries: Vec<Disclosure>,
    tree: MemoryTree,
}

impl Log {
    /// `word` from entry `from` on, "wounded" before: two logs that differ only from there share their beginning.
    fn new(word: &str, from: u64) -> Self {
        let mut previous = Hash([7; 32]);
        let mut entries = Vec::new();
        for index in 0..SIZE {
            let word = if index < from { "wounded" } else { word };
            let body = SaltedBody { salt: u128::from(index).to_be_bytes(), body: format!("{word} {index}").into() };
            let header = Header {
                flags: 0,
                index,
                recorded: Instant::from_micros(1_683_900_000_000_000 + index as i64).unwrap(),
                previous,
                commitment: commitment(&body.salt, &body.body),
            };
            previous = header.hash();
            entries.push(Disclosure { header, body: Some(body) });
        }
        let mut tree = MemoryTree::default();
        extend(&mut tree, &entries.iter().map(|e| leaf(&e.header)).collect::<Vec<_>>()).unwrap();
        Self { entries, tree }
    }

    fn head(&self, size: u64) -> TreeHead {
        head(&self.tree, size).unwrap()
    }

    fn consistency(&self, old: u64, new: u64) -> Vec<Digest> {
        consistency_proof(&ByTiles::new(&self.tree, new), old, new).unwrap()
    }

    fn checkpoint(&self, key: &SigningKey, size: u64) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: ORIGIN.into(), head: self.head(size), extensions: vec![] };
        checkpoint.sign(std::slice::from_ref(key)).unwrap()
    }

    fn proof(&self, checkpoint: SignedCheckpoint, index: u64) -> ProofFile {
        let size = checkpoint.checkpoint().head.size;
        let hashes = inclusion_proof(&ByTiles::new(&self.tree, size), index, size).unwrap();
        ProofFile { extra: Some(self.entries[index as usize].encode()), index, hashes, checkpoint }
    }
}

#[derive(Default)]
struct Kept {
    latest: BTreeMap<String, SignedCheckpoint>,
    evidence: Vec<(SignedCheckpoint, SignedCheckpoint)>,
}

impl WitnessStore for &mut Kept {
    type Error = Infallible;
    fn latest(&self, origin: &str) -> Result<Option<SignedCheckpoint>, Infallible> {
        Ok(self.latest.get(origin).cloned())
    }
    fn record(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), Infallible> {
        self.latest.insert(checkpoint.checkpoint().origin.clone(), checkpoint.clone());
        Ok(())
    }
    fn keep_evidence(&mut self, a: &SignedCheckpoint, b: &SignedCheckpoint) -> Result<(), Infallible> {
        self.evidence.push((a.clone(), b.clone()));
        Ok(())
    }
}

/// What the honest side has, and the forger's log and key.
struct World {
    honest: Log,
    forked: Log,
    log: SigningKey,
    witness: SigningKey,
    thief: SigningKey,
    policy: Policy,
}

impl World {
    fn new() -> Self {
        let (log, witness) = (key(ORIGIN, KeyKind::Log, 1), key("witness.example", KeyKind::Witness, 2));
        let party = Party { key: witness.verifier().clone(), url: None };
        let policy = Policy::new(vec![log.verifier().clone()], vec![party], 1).unwrap();
        let (honest, forked) = (Log::new("wounded", 0), Log::new("killed", 400));
        Self { honest, forked, log, witness, thief: key(ORIGIN, KeyKind::Log, 66), policy }
    }

    fn cosigned(&self, checkpoint: SignedCheckpoint, time_s: u64) -> SignedCheckpoint {
        let line = cosignature::sign(&self.witness, time_s, checkpoint.note().text()).unwrap();
        checkpoint.with_line(line)
    }

    /// The genuine proof of entry 300 among 600.
    fn genuine(&self) -> ProofFile {
        let checkpoint = self.cosigned(self.honest.checkpoint(&self.log, SIZE), 1_684_000_000);
        self.honest.proof(checkpoint, INDEX)
    }

    fn refusal(&self, file: impl AsRef<[u8]>) -> String {
        prove(file.as_ref(), &self.policy).expect_err("a forgery was believed").to_string()
    }

    /// What is said of a proof file after its text was changed.
    fn edited(&self, from: &str, to: &str) -> String {
        let text = self.genuine().to_string();
        assert!(text.contains(from), "{from:?} is not in the proof");
        self.refusal(text.replacen(from, to, 1))
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Whoever is handed a forgery can tell from the words alone which one it was, and what to do about it.
fn every_message_is_its_own<'a>(said: impl Iterator<Item = (&'a str, &'a str)>) {
    let advice = [
        "again", "ask", "Ask", "believe", "look", "remove", "install", "trust", "make", "send", "begin", "Go on",
        "Keep", "write",
    ];
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (forgery, said) in said {
        if let Some(other) = seen.insert(said, forgery) {
            panic!("`{forgery}` and `{other}` are refused with the same words: {said}");
        }
        assert!(advice.iter().any(|word| said.contains(word)), "{forgery}: nothing says what to do: {said}");
    }
}

#[test]
fn what_is_genuine_is_believed() {
    let world = World::new();
    let proven = prove(world.genuine().to_string().as_bytes(), &world.policy).unwrap();
    assert_eq!((proven.origin.as_str(), proven.head.size, proven.entry.header.index), (ORIGIN, SIZE, INDEX));
    assert_eq!(proven.entry.body.unwrap().body, b"wounded 300");
    assert_eq!((proven.signed_by.len(), proven.cosigned_by[0].1), (1, 1_684_000_000));
    // Commitment only, and with signatures of strangers.
    let mut proof = world.genuine();
    proof.extra = Some(Disclosure { body: None, ..world.honest.entries[300].clone() }.encode());
    proof.checkpoint = proof.checkpoint.with_line(SignatureLine {
        name: KeyName::new("stranger.example").unwrap(),
        id: sayso_proof::key::KeyId([1, 2, 3, 4]),
        signature: vec![9; 2_500],
    });
    assert!(prove(proof.to_string().as_bytes(), &world.policy).unwrap().entry.body.is_none());
}

#[test]
fn forged_proofs() {
    let world = World::new();
    let w = &world;
    let proof = w.genuine();
    let with = |change: &dyn Fn(&mut ProofFile)| {
        let mut forged = w.genuine();
        change(&mut forged);
        w.refusal(forged.to_string())
    };
    let other_body = Disclosure {
        body: Some(SaltedBody { salt: [0; 16], body: b"nobody was wounded".into() }),
        ..w.honest.entries[300].clone()
    };
    let root = w.honest.head(SIZE).root.to_string();
    let log_line = proof.checkpoint.note().signatures()[0].to_string();
    let witness_line = proof.checkpoint.note().signatures()[1].to_string();
    let line_with = |line: &str, change: &dyn Fn(&mut SignatureLine)| {
        let mut parsed = SignatureLine::parse_all(line).unwrap().remove(0);
        change(&mut parsed);
        parsed.to_string()
    };
    let text = proof.to_string();
    let hash_line = format!("{}\n", proof.hashes[0]);
    let rows: Vec<(&str, String, &str)> = vec![
        ("another root", w.edited(&root, &w.forked.head(SIZE).root.to_string()), "signature of newsroom.example/sotk"),
        ("a root that is no hash", w.edited(&root, "AAAA"), "root `AAAA` is not"),
        ("another size", w.edited("\n600\n", "\n599\n"), "does not fit this text"),
        ("a size in another spelling", w.edited("\n600\n", "\n0600\n"), "size `0600` is not"),
        (
            "the proof under an older checkpoint",
            with(&|p| {
                p.checkpoint = w.cosigned(w.honest.checkpoint(&w.log, 290), 1_684_000_000);
            }),
            "#300 cannot be in a tree of 290",
        ),
        (
            "an older size that has the entry",
            with(&|p| {
                p.checkpoint = w.cosigned(w.honest.checkpoint(&w.log, 599), 1_684_000_000);
            }),
            "the root of the checkpoint of 599 entries",
        ),
        (
            "a forked history of the same size, cosigned too",
            with(&|p| {
                p.checkpoint = w.cosigned(w.forked.checkpoint(&w.log, SIZE), 1_684_000_000);
            }),
            "does not lead from this entry",
        ),
        (
            "a forked history that no witness cosigned",
            w.refusal(w.forked.proof(w.forked.checkpoint(&w.log, SIZE), 450).to_string()),
            "0 of the 1 known witnesses",
        ),
        (
            "a swapped leaf",
            with(&|p| {
                p.extra = Some(
                    Disclosure { header: Header { index: INDEX, ..w.honest.entries[301].header }, body: None }.encode(),
                )
            }),
            "does not lead from this entry",
        ),
        ("another entry's header", with(&|p| p.extra = Some(w.honest.entries[301].encode())), "says that it is #301"),
        ("a proof for another index", w.edited("index 300\n", "index 301\n"), "proof is for entry #301"),
        (
            "another body",
            with(&|p| p.extra = Some(other_body.encode())),
            "not the one that the entry's commitment was made for",
        ),
        ("nothing shown", with(&|p| p.extra = None), "has no `extra` line"),
        ("an entry of another form", with(&|p| p.extra.as_mut().unwrap()[0] = 9), "form 9"),
        ("a header of another version", with(&|p| p.extra.as_mut().unwrap()[1] = 9), "header is not one"),
        (
            "an entry cut short",
            with(&|p| {
                p.extra.as_mut().unwrap().pop();
            }),
            "cut, or too many",
        ),
        ("extra data that is not canonical", w.edited("extra ", "extra ="), "`extra` line is not base64"),
        ("a hash of the path left out", w.edited(&hash_line, ""), "(9 instead of 10)"),
        ("a hash of the path twice", w.edited(&hash_line, &hash_line.repeat(2)), "(11 instead of 10)"),
        ("a hash of the path changed", with(&|p| p.hashes[4].0[0] ^= 1), "does not lead from this entry"),
        ("a path of a hundred hashes", w.edited(&hash_line, &hash_line.repeat(100)), "more than 64 hashes"),
        ("a hash in another spelling", w.edited(&hash_line, &format!(" {hash_line}")), "is not a hash"),
        ("no index", w.edited("index 300\n", ""), "no line `index NUMBER`"),
        ("a file of another kind", w.edited("tlog-proof@v1", "tlog-proof@v2"), "does not begin with"),
        ("the checkpoint cut off", w.refusal(&text[..text.find("\n\n").unwrap()]), "no checkpoint follows"),
        ("the last line cut", w.refusal(&text[..text.len() - 1]), "its last line does not end"),
        ("the signatures cut off", w.refusal(&text[..text.find(&log_line).unwrap()]), "no blank line with signatures"),
        (
            "a line that is no signature",
            w.edited(&log_line, &format!("{log_line}and so on\n")),
            "not a signature line: `and so on`",
        ),
        (
            "base64 that is not canonical",
            w.edited("=\n\u{2014}", "\n\u{2014}"),
            "not a signature line: `\u{2014} newsroom",
        ),
        (
            "a hundred signatures more",
            w.edited(&log_line, &log_line.repeat(MAX_SIGNATURES + 1)),
            "more than 100 signatures",
        ),
        ("a control character", w.edited(&root, &format!("{root}\u{b}")), "without control characters"),
        (
            "the thief's key under our name",
            with(&|p| p.checkpoint = w.cosigned(w.honest.checkpoint(&w.thief, SIZE), 1)),
            "no key of that name",
        ),
        (
            "the thief's signature under our key's id",
            w.edited(
                &log_line,
                &line_with(&w.honest.checkpoint(&w.thief, SIZE).note().signatures()[0].to_string(), &|l| {
                    l.id = w.log.verifier().id()
                }),
            ),
            "signature of newsroom.example/sotk",
        ),
        (
            "our signature under another id",
            w.edited(&log_line, &line_with(&log_line, &|l| l.id.0[0] ^= 1)),
            "no key of that name",
        ),
        (
            "our signature under another name",
            w.edited(&log_line, &line_with(&log_line, &|l| l.name = KeyName::new("newsroom.example").unwrap())),
            "no key of that name",
        ),
        (
            "another log's origin",
            w.edited(&format!("\n{ORIGIN}\n600"), "\nother.example\n600"),
            "does not fit this text",
        ),
        ("only a witness signed", w.edited(&log_line, ""), "no key of that name"),
        (
            "nobody known signed",
            w.refusal(
                text.replace(&log_line, "")
                    .replace(&witness_line, &w.honest.checkpoint(&w.thief, SIZE).note().signatures()[0].to_string()),
            ),
            "none of the given keys",
        ),
        ("the cosignature left out", w.edited(&witness_line, ""), "0 of the 1 known witnesses"),
        (
            "a cosignature of another hour",
            w.edited(&witness_line, &line_with(&witness_line, &|l| l.signature[7] ^= 1)),
            "the time 1684000001",
        ),
        (
            "a cosignature of another checkpoint",
            w.edited(
                &witness_line,
                &w.cosigned(w.honest.checkpoint(&w.log, 599), 1_684_000_000).note().signatures()[1].to_string(),
            ),
            "signature of witness.example",
        ),
        (
            "a log's signature as a cosignature",
            w.edited(
                &witness_line,
                &line_with(&log_line, &|l| {
                    l.name = w.witness.verifier().name().clone();
                    l.id = w.witness.verifier().id();
                }),
            ),
            "has 64 bytes, and a key of its kind makes 72",
        ),
    ];
    for (forgery, said, expected) in &rows {
        assert!(said.contains(expected), "{forgery}: {said}");
    }
    assert!(rows.len() >= 25, "{} forgeries", rows.len());
    every_message_is_its_own(rows.iter().map(|(forgery, said, _)| (*forgery, said.as_str())));
}

#[test]
fn forged_keys() {
    let world = World::new();
    let text = world.log.verifier().to_string();
    let [name, id, data] = text.splitn(3, '+').collect::<Vec<_>>().try_into().unwrap();
    let of_type = |kind: u8, bytes: &[u8]| format!("{name}+{id}+{}", base64(&[&[kind], bytes].concat()));
    let rows = [
        (format!("{name}+{id}"), "it has 2 parts"),
        (name.to_owned(), "it has 1 parts"),
        (format!("{name}+{}+{data}", id.to_uppercase() + "0"), "eight digits 0-9 a-f"),
        (format!("{name}+00000000+{data}"), "says that its id is 00000000"),
        (format!("other.example+{id}+{data}"), "mistyped or put together from two"),
        (format!("a b+{id}+{data}"), "no spaces"),
        (format!("+{id}+{data}"), "must not be empty"),
        (of_type(2, &[0; 32]), "key type 2"),
        (of_type(1, &[0; 32]), "not a usable Ed25519 key"),
        (of_type(1, &[9; 31]), "holds 32 bytes"),
        (of_type(1, &[9; 33]), "holds 34 bytes"),
        (format!("{name}+{id}+"), "holds 0 bytes"),
        (format!("{name}+{id}+{data}="), "not base64"),
        (world.log.to_secret_text(), "this is a signing key"),
    ];
    let mut said = Vec::new();
    for (text, expected) in rows {
        let refused = text.parse::<VerifierKey>().expect_err(&text).to_string();
        assert!(refused.contains(expected), "{text}: {refused}");
        assert!(!refused.contains("PRIVATE") && !refused.contains(data), "a secret must not be repeated");
        said.push((text, refused));
    }
    every_message_is_its_own(said.iter().map(|(text, said)| (text.as_str(), said.as_str())));
    // A name that someone else chose cannot give commands to a terminal.
    let strange = KeyName::new("a\u{9b}31m\u{202e}b").map(|name| name.to_string());
    assert!(strange.is_err(), "{strange:?}");
}

#[test]
fn forged_consistency() {
    let World { honest, forked, .. } = World::new();
    let proof = honest.consistency(350, SIZE);
    verify_consistency(honest.head(350), honest.head(SIZE), &proof).unwrap();
    // The fork has the first 350 entries in common, and honestly extends them; it does not extend the first 450.
    verify_consistency(honest.head(350), forked.head(SIZE), &forked.consistency(350, SIZE)).unwrap();
    let refused =
        |old: TreeHead, new: TreeHead, proof: &[Digest]| verify_consistency(old, new, proof).unwrap_err().to_string();
    let rows = [
        (
            "a fork from before",
            refused(honest.head(450), forked.head(SIZE), &forked.consistency(450, SIZE)),
            "older tree's root (450 entries",
        ),
        (
            "a fork, with the honest proof",
            refused(honest.head(350), forked.head(SIZE), &proof),
            "newer tree's root (600",
        ),
        ("two histories", refused(honest.head(SIZE), forked.head(SIZE), &[]), "two histories"),
        ("a cut end", refused(honest.head(SIZE), honest.head(450), &proof), "cannot extend"),
        ("a proof of another pair", refused(honest.head(350), honest.head(599), &proof[1..]), "instead of"),
        ("no proof", refused(honest.head(350), honest.head(SIZE), &[]), "(0 instead of"),
        ("a proof where none may be", refused(honest.head(SIZE), honest.head(SIZE), &proof[..1]), "(1 instead of 0)"),
        (
            "an empty tree with another root",
            refused(TreeHead { size: 0, root: proof[0] }, honest.head(SIZE), &[]),
            "(0 entries",
        ),
    ];
    for (what, said, expected) in &rows {
        assert!(said.contains(expected), "{what}: {said}");
    }
    every_message_is_its_own(rows.iter().map(|(what, said, _)| (*what, said.as_str())));
}

#[test]
fn a_witness_answers_with_the_exact_status_and_cosigns_one_history() {
    let w = World::new();
    let mut kept = Kept::default();
    let logs = vec![w.log.verifier().clone()];
    let body = |log: &Log, old, size, proof_from, key: &SigningKey| {
        AddCheckpoint { old_size: old, proof: log.consistency(proof_from, size), checkpoint: log.checkpoint(key, size) }
            .to_body()
    };
    let ask = |kept: &mut Kept, body: &str| -> Answer {
        Witness::new(w.witness.clone(), logs.clone(), kept).add_checkpoint(body.as_bytes(), 1_684_000_000).unwrap()
    };
    let witness = [w.witness.verifier().clone()];
    let cosigned = |answer: &Answer, checkpoint: SignedCheckpoint| {
        let line = SignatureLine::parse_all(&answer.body).unwrap().remove(0);
        let note = Note::parse(checkpoint.with_line(line).to_string().as_bytes()).unwrap();
        assert_eq!(note.verify(&witness).unwrap()[0].time_s, Some(1_684_000_000));
    };

    let first = body(&w.honest, 0, 350, 0, &w.log);
    let answer = ask(&mut kept, &first);
    assert_eq!(answer.status, 200, "{answer:?}");
    cosigned(&answer, w.honest.checkpoint(&w.log, 350));
    // The same request again is behind by now: the size it should have named is the answer.
    let replayed = ask(&mut kept, &first);
    assert_eq!((replayed.status, replayed.content_type, replayed.body.as_str()), (409, SIZE_TYPE, "350\n"));

    let good = body(&w.honest, 350, 450, 350, &w.log);
    let refused: Vec<(&str, String, u16)> = vec![
        ("no request", "hello\n".into(), 400),
        ("no old size", good.replacen("old 350", "old", 1), 400),
        ("an old size in another spelling", good.replacen("old 350", "old 0350", 1), 400),
        ("a line that is no hash", good.replacen("\n\n", "\nAAAA\n\n", 1), 400),
        (
            "too many lines",
            good.replacen("\n\n", &format!("\n{}\n", format!("{}\n", w.honest.head(1).root).repeat(64)), 1),
            400,
        ),
        ("a cut checkpoint", good[..good.len() - 1].into(), 400),
        ("old greater than size", body(&w.honest, 500, 450, 500, &w.log), 400),
        ("a log that is not known", good.replacen(&format!("\n{ORIGIN}\n"), "\nother.example\n", 1), 404),
        ("a key that is not trusted", body(&w.honest, 350, 450, 350, &w.thief), 403),
        ("a signature that does not fit", good.replacen("\n450\n", "\n451\n", 1), 403),
        ("another old size", body(&w.honest, 349, 450, 349, &w.log), 409),
        ("old 0 to learn the size", body(&w.honest, 0, 450, 0, &w.log), 409),
        ("the proof of another pair", body(&w.honest, 350, 450, 349, &w.log), 422),
        ("no proof", body(&w.honest, 350, 450, 450, &w.log), 422),
        (
            "a proof where none may be",
            body(&w.honest, 350, 350, 350, &w.log).replacen("\n\n", &format!("\n{}\n\n", w.honest.head(1).root), 1),
            422,
        ),
    ];
    let mut said = Vec::new();
    for (what, body, status) in &refused {
        let answer = ask(&mut kept, body);
        assert_eq!(answer.status, *status, "{what}: {answer:?}");
        assert_eq!(answer.body == "350\n" && answer.content_type == SIZE_TYPE, *status == 409, "{what}: {answer:?}");
        assert_eq!(kept.latest[ORIGIN].checkpoint().head, w.honest.head(350), "{what}");
        // What a 409 says is laid down by the specification: the size, and nothing else.
        if *status != 409 {
            said.push((*what, answer.body));
        }
    }
    every_message_is_its_own(said.iter().map(|(what, said)| (*what, said.as_str())));
    assert_eq!(ask(&mut kept, &good).status, 200);
    assert_eq!(
        ask(&mut kept, &body(&w.honest, 450, 450, 450, &w.log)).status,
        200,
        "the same again may be cosigned anew"
    );

    // Two histories: the fork has the same 450 entries' worth of signatures, and its own root.
    kept.evidence.clear();
    let answer = ask(&mut kept, &body(&w.forked, 450, 450, 450, &w.log));
    assert_eq!((answer.status, answer.body.as_str()), (409, "450\n"));
    assert_eq!(ask(&mut kept, &body(&w.forked, 450, 600, 450, &w.log)).status, 422);
    let [(a, b), (_, c)] = kept.evidence.as_slice() else { panic!("both attempts are kept") };
    let keys = [w.log.verifier().clone()];
    a.verify(&keys).unwrap();
    b.verify(&keys).unwrap();
    assert_eq!((a.checkpoint().head, b.checkpoint().head), (w.honest.head(450), w.forked.head(450)));
    assert_eq!(c.checkpoint().head, w.forked.head(600));
}

#[test]
fn policies_are_kept_to_the_letter() {
    let log = key(ORIGIN, KeyKind::Log, 1).verifier().to_string();
    let witness: Vec<SigningKey> = (0..5).map(|i| key(&format!("w{i}.example"), KeyKind::Witness, 10 + i)).collect();
    let vkey = |i: usize| witness[i].verifier().to_string();
    let policy: Policy = format!(
        "# two of X and one of Y\nlog {log} https://newsroom.example/log/\n\n\twitness X0 {}\nwitness X1 {} \nwitness X2 {}\n\
         group X 2 X0 X1 X2\nwitness Y0 {}\nwitness Y1 {}\ngroup Y any Y0 Y1\ngroup all-of-it all X Y\nquorum all-of-it\n",
        vkey(0), vkey(1), vkey(2), vkey(3), vkey(4)
    )
    .parse()
    .unwrap();
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://newsroom.example/log/"));
    let honest = Log::new("wounded", 0);
    let signed = honest.checkpoint(&key(ORIGIN, KeyKind::Log, 1), 5);
    let keys = policy.keys();
    for (cosigners, accepted) in
        [(vec![0, 1, 3], true), (vec![0, 2, 4], true), (vec![0, 1, 2], false), (vec![0, 3, 4], false), (vec![], false)]
    {
        let text = signed.note().text().to_owned();
        let line = |i: &usize| cosignature::sign(&witness[*i], 5, &text).unwrap();
        let checkpoint = cosigners.iter().map(line).fold(signed.clone(), SignedCheckpoint::with_line);
        assert_eq!(policy.check(&checkpoint, &keys).is_ok(), accepted, "{cosigners:?}");
    }
    let (w0, w1) = (vkey(0), vkey(1));
    let wrong = [
        (format!("log {log}\n"), "no quorum line"),
        (format!("log {w0}\nquorum none"), "line 1 of the policy: the key is not of the kind that `log` takes"),
        (format!("witness a {log}\nquorum none"), "not of the kind that `witness` takes"),
        (format!("log {log}\nlog {log}\nquorum none"), "line 2 of the policy: this key was listed before"),
        (format!("witness a {w0}\nwitness a {w1}\nquorum none"), "the name `a` is taken"),
        (format!("witness none {w0}\nquorum none"), "the name `none` is taken"),
        (format!("witness a {w0}\ngroup g 2 a\nquorum g"), "`2` is not all, any"),
        (format!("witness a {w0}\ngroup g 0 a\nquorum g"), "`0` is not all, any"),
        (format!("witness a {w0}\ngroup g any b\nquorum g"), "`b` was not defined"),
        (
            format!("witness a {w0}\nwitness b {w1}\ngroup g any a\ngroup h any a b\nquorum h"),
            "`a` is in a group already",
        ),
        ("quorum none\nquorum none".into(), "second quorum line"),
        ("quorum a".into(), "`a` was not defined"),
        ("quorum".into(), "items for `quorum`"),
        ("log\nquorum none".into(), "items for `log`"),
        ("witness a\nquorum none".into(), "items for `witness`"),
        ("group a any\nquorum none".into(), "items for `group`"),
        ("trust me".into(), "begins with log, witness, group or quorum"),
        ("quorum none\r\n".into(), "control characters"),
        (format!("log {log}x\nquorum none"), "not base64"),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (text, expected) in wrong {
        let said = text.parse::<Policy>().expect_err(&text).to_string();
        assert!(said.contains(expected), "{text}: {said}");
        assert!(seen.insert(said), "{text} is refused with words that another has, too");
    }
}
