//! Proof for outsiders: the tree against SHA-256 of the same leaves, proofs, publishing and copies against the hashing limit.
//! The last two are measured on the program `sayso` itself, which has to be built beside this one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rayon::prelude::*;
use sayso_core::directory::LedgerDir;
use sayso_core::entry::{HEADER_BYTES, Header, Salt, commitment};
use sayso_core::ledger::{Batch, Entry, Ledger, OpenError};
use sayso_core::machine::SystemEntropy;
use sayso_core::time::SystemClock;
use sayso_proof::checkpoint::Checkpoint;
use sayso_proof::digest::Digest;
use sayso_proof::disclosure::{Disclosure, SaltedBody};
use sayso_proof::files::FileTree;
use sayso_proof::key::{KeyKind, KeyName, SigningKey};
use sayso_proof::merkle::{TreeHead, inclusion_proof, leaf, verify_inclusion};
use sayso_proof::proof_file::ProofFile;
use sayso_proof::tree::{ByTiles, MemoryTree, TileHashes, TreeStore, extend, head};

use crate::corpus::Corpus;
use crate::measure::{BATCH, temporary};
use crate::{Failure, Format, Options};

const NAME: &str = "bench.example/ledger";
/// Proofs that are timed.
const PROOFS: u64 = 10_000;
/// Leaves that are added at a time, as the program does.
const STEP: usize = 65_536;
/// The part of the ledger that is published later.
const INCREMENT: u64 = 100;

/// A figure and what is wanted of it.
struct Row(&'static str, f64, &'static str);

/// Measures and puts what was found into words.
pub(crate) fn report(options: &Options) -> Result<String, Failure> {
    let dir = temporary(options.dir.as_deref())?;
    let rows = measure(dir.path(), options)?;
    if matches!(options.format, Format::Json) {
        let all: serde_json::Map<String, serde_json::Value> = rows.iter().map(|r| (r.0.into(), r.1.into())).collect();
        return Ok(serde_json::to_string_pretty(&all)? + "\n");
    }
    let mut table = comfy_table::Table::new();
    table.set_header(["what", "measured", "wanted"]);
    for Row(what, found, wanted) in rows {
        table.add_row([what.to_owned(), format!("{found:.3}"), wanted.to_owned()]);
    }
    Ok(format!("{} claims, seed {}\n{table}\n", options.claims, options.seed))
}

fn measure(dir: &Path, options: &Options) -> Result<Vec<Row>, Failure> {
    let (at, corpus) = (dir.join("ledger"), Corpus::new(options.seed)?);
    let increment = (options.claims / INCREMENT).max(1);
    let ledger = LedgerDir::create(&at, SystemClock, SystemEntropy)?;
    append(&ledger, &corpus, 0, options.claims)?;
    let mut rows = tree(&ledger, dir, options.rounds)?;
    drop(ledger);

    let sayso = Program::new(dir, at.clone())?;
    sayso.run(&["key", "new", NAME])?;
    let whole = sayso.run(&["publish", &sayso.site()])?;
    let ledger = LedgerDir::open(&at)?.ledger(SystemClock, SystemEntropy)?;
    append(&ledger, &corpus, options.claims, increment)?;
    drop(ledger);
    let part = sayso.run(&["publish", &sayso.site()])?;
    let nothing = sayso.run(&["publish", &sayso.site()])?;
    let key = sayso.key()?;
    let copy = dir.join("copy").display().to_string();
    let cloned = sayso.run(&["clone", &sayso.site(), &copy, "--key", &key])?;
    let ledger = LedgerDir::open(&at)?.ledger(SystemClock, SystemEntropy)?;
    let limit = hashing(&ledger)?;
    let share = increment as f64 / options.claims as f64;
    rows.extend([
        Row("publish all, s", whole, ""),
        Row("publish 1 % more, s", part, ""),
        Row("publish nothing new, s", nothing, ""),
        Row("(1 % - nothing new) / (its share of all)", (part - nothing) / (whole * share), "about 1"),
        Row("hashing limit: header, body and leaf, s", limit, ""),
        Row("clone and full verification, s", cloned, ""),
        Row("hashing limit / clone", limit / cloned, ""),
    ]);
    Ok(rows)
}

fn append(ledger: &Ledger, corpus: &Corpus, mut first: u64, count: u64) -> Result<(), Failure> {
    let end = first + count;
    while first < end {
        let step = (BATCH * 10).min(end - first);
        ledger.append(&Batch { events: corpus.new_events(first, step)?, ..Batch::default() })?;
        first += step;
    }
    Ok(())
}

fn headers(ledger: &Ledger) -> Result<Vec<[u8; HEADER_BYTES]>, Failure> {
    let mut all = Vec::new();
    ledger.scan(
        0,
        |e: Entry| Ok::<_, OpenError>(e.header().to_bytes()),
        |h| {
            all.push(h);
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    Ok(all)
}

/// The median of so many rounds, in seconds.
fn median(rounds: u64, mut work: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        let started = Instant::now();
        work()?;
        all.push(started.elapsed().as_secs_f64());
    }
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().ok_or_else(|| "no rounds".into())
}

fn grow<T: TreeStore>(tree: &mut T, headers: &[[u8; HEADER_BYTES]]) -> Result<(), T::Error> {
    headers.chunks(STEP).try_for_each(|step| {
        let leaves: Vec<Digest> = step.par_iter().map(|h| leaf(h)).collect();
        extend(tree, &leaves)
    })
}

fn tree(ledger: &Ledger, dir: &Path, rounds: u64) -> Result<Vec<Row>, Failure> {
    let headers = headers(ledger)?;
    let count = headers.len() as f64;
    let mut leaves = Vec::new();
    let plain = median(rounds, || {
        leaves = headers.iter().map(|h| leaf(h)).collect::<Vec<_>>();
        Ok(())
    })?;
    let on_all_cores = median(rounds, || {
        leaves = headers.par_iter().map(|h| leaf(h)).collect();
        Ok(())
    })?;
    let mut memory = MemoryTree::default();
    let kept = median(rounds, || {
        memory = MemoryTree::default();
        Ok(grow(&mut memory, &headers)?)
    })?;
    let path = dir.join("tree");
    let filed = median(rounds, || {
        let mut files = FileTree::open(&path)?;
        files.truncate(0)?;
        Ok(grow(&mut files, &headers)?)
    })?;
    let files = FileTree::open(&path)?;
    let now = head(&memory, headers.len() as u64)?;
    let mut rows = vec![
        Row("tree kept in memory, M leaves/s", count / kept / 1e6, ">= 1, or <= 1.3 x SHA-256"),
        Row("tree kept in files, M leaves/s", count / filed / 1e6, ">= 1, or <= 1.3 x SHA-256"),
        Row("SHA-256 of the leaves, one thread, M/s", count / plain / 1e6, ""),
        Row("SHA-256 of the leaves, all cores, M/s", count / on_all_cores / 1e6, ""),
        Row("tree in files / SHA-256 on one thread, time", filed / plain, ""),
        Row("tree in files / SHA-256 on all cores, time", filed / on_all_cores, ""),
        Row("proof from memory, us", proving(&memory, &leaves, now, Kept::Tiles)? * 1e6, "< 100"),
        Row("proof from files, us", proving(&files, &leaves, now, Kept::Tiles)? * 1e6, "< 100"),
        Row("the same, no tile in memory, us", proving(&files, &leaves, now, Kept::Nothing)? * 1e6, "< 100"),
        Row("the same, and the files opened for it, us", opening(&path, &leaves, now)? * 1e6, ""),
    ];
    rows.push(Row("proof file beside the body, bytes", file_size(ledger, &memory, now)?, "< 4096"));
    Ok(rows)
}

/// What is left in memory from one proof to the next.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Tiles,
    Nothing,
}

/// The mean time of a proof, in seconds; each is checked outside the timing.
fn proving<T: TileHashes>(tree: &T, leaves: &[Digest], now: TreeHead, kept: Kept) -> Result<f64, Failure>
where
    T::Error: std::error::Error + 'static,
{
    let mut tiles = ByTiles::new(tree, now.size);
    timed(leaves, now, |index| {
        if kept == Kept::Nothing {
            tiles = ByTiles::new(tree, now.size);
        }
        Ok(inclusion_proof(&tiles, index, now.size)?)
    })
}

/// As a command does it: the files are opened for one proof.
fn opening(path: &Path, leaves: &[Digest], now: TreeHead) -> Result<f64, Failure> {
    timed(leaves, now, |index| {
        let tree = FileTree::open(path)?;
        Ok(inclusion_proof(&ByTiles::new(&tree, now.size), index, now.size)?)
    })
}

fn timed(
    leaves: &[Digest],
    now: TreeHead,
    mut prove: impl FnMut(u64) -> Result<Vec<Digest>, Failure>,
) -> Result<f64, Failure> {
    let mut spent = 0.0;
    for i in 0..PROOFS {
        let index = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % now.size;
        let started = Instant::now();
        let proof = prove(index)?;
        spent += started.elapsed().as_secs_f64();
        let hash = leaves.get(usize::try_from(index)?).copied().ok_or("no such leaf")?;
        verify_inclusion(hash, index, now.size, &proof, now.root)?;
    }
    Ok(spent / PROOFS as f64)
}

fn file_size(ledger: &Ledger, tree: &MemoryTree, now: TreeHead) -> Result<f64, Failure> {
    let key = SigningKey::generate(KeyName::new(NAME)?, KeyKind::Log, &SystemEntropy)?;
    let checkpoint = Checkpoint { origin: NAME.into(), head: now, extensions: vec![] }.sign(&[key]);
    let checkpoint = checkpoint.ok_or("not a checkpoint")?;
    let index = now.size / 2;
    let entry = ledger.entry(index)?.ok_or("no such entry")?;
    let body = entry.salt().zip(entry.body()).map(|(salt, body)| SaltedBody { salt, body: body.to_vec() });
    let length = body.as_ref().map_or(0, |b| b.body.len());
    let extra = Disclosure { header: entry.header(), body }.encode();
    let hashes = inclusion_proof(&ByTiles::new(tree, now.size), index, now.size)?;
    let proof = ProofFile { extra: Some(extra), index, hashes, checkpoint }.to_string();
    Ok((proof.len() - length) as f64)
}

/// What a copy cannot do without: both hashes of the chain and the leaf, of every entry, on all cores.
fn hashing(ledger: &Ledger) -> Result<f64, Failure> {
    let mut all: Vec<(Header, Salt, Vec<u8>)> = Vec::new();
    let take = |e: Entry| Ok::<_, OpenError>(e.salt().zip(e.body()).map(|(s, b)| (e.header(), s, b.to_vec())));
    ledger.scan(0, take, |entry| {
        all.extend(entry);
        Ok::<_, OpenError>(std::ops::ControlFlow::Continue(()))
    })?;
    median(3, || {
        let fits = |(header, salt, body): &(Header, Salt, Vec<u8>)| {
            commitment(salt, body) == header.commitment && header.hash().0 != leaf(&header.to_bytes()).0
        };
        if all.par_iter().all(fits) { Ok(()) } else { Err("a body does not fit".into()) }
    })
}

/// The program, with a ledger, keys and a place to publish to.
struct Program {
    path: PathBuf,
    dir: PathBuf,
    ledger: PathBuf,
}

impl Program {
    fn new(dir: &Path, ledger: PathBuf) -> Result<Self, Failure> {
        let path = std::env::current_exe()?.with_file_name(format!("sayso{}", std::env::consts::EXE_SUFFIX));
        if !path.is_file() {
            return Err("the program is not built: cargo build --release -p sayso".into());
        }
        Ok(Self { path, dir: dir.to_owned(), ledger })
    }

    fn site(&self) -> String {
        self.dir.join("site").display().to_string()
    }

    fn output(&self, args: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new(&self.path);
        command.env("SAYSO_KEYS", self.dir.join("keys")).arg("--ledger").arg(&self.ledger).args(args);
        let output = command.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs it and gives the seconds it took.
    fn run(&self, args: &[&str]) -> Result<f64, Failure> {
        let started = Instant::now();
        self.output(args)?;
        Ok(started.elapsed().as_secs_f64())
    }

    fn key(&self) -> Result<String, Failure> {
        let listed: serde_json::Value = serde_json::from_str(&self.output(&["key", "list", "--format", "json"])?)?;
        let key = listed.pointer("/keys/0/key").and_then(|key| key.as_str());
        Ok(key.ok_or("no key")?.to_owned())
    }
}
