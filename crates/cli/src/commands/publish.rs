//! `sayso publish`: the ledger as plain files that any static host can serve (C2SP tlog-tiles), with the bodies beside.
//!
//! What a checkpoint covers is on disk before the checkpoint is. Tiles and headers never change; a redaction rewrites only files of
//! bodies, and only those that have what was erased. What a killed publication was writing is removed by the next one: it may have the
//! same words.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rayon::prelude::*;
use sayso_core::entry::Header;
use sayso_core::event::Content;
use sayso_core::ledger::{Entry, Ledger};
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::digest::Digest;
use sayso_proof::disclosure::SaltedBody;
use sayso_proof::merkle::TreeHead;
use sayso_proof::tile::{Kind, Tile, encode_entries};
use sayso_proof::tree::TILE_WIDTH;
use serde_json::json;

use super::checkpoint::SignArgs;
use crate::error::CliError;
use crate::output::{self, json};
use crate::proof::files;
use crate::proof::keyring::Keyring;
use crate::proof::ledger_tree::{LedgerTree, not_its_entries};
use crate::proof::published::{ABOUT, About, CHECKPOINT, encode_bodies};
use crate::session::{self, Session};

/// Bundles written at a time: bounds memory, and lets their syncs run side by side.
const STEP: usize = 32;
/// The directories of a publication: all that is below them is its own.
const OURS_BELOW: [&str; 2] = ["tile", "bodies"];
/// How often the hashes are written where the cache that they come from turns out to be wrong.
const ATTEMPTS: usize = 3;

#[derive(Args)]
#[command(after_help = "Example:\n  sayso publish /srv/www/sotk\n\n\
    Run it again after new entries: only what is new is written. Others read it with `sayso clone`.")]
pub(crate) struct PublishArgs {
    /// Where to; made if it is not there
    dir: PathBuf,
    /// Publish under this checkpoint, made earlier [default: a new one is signed]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    sign: SignArgs,
}

pub(crate) fn run(session: &Session, args: &PublishArgs) -> Result<ExitCode, CliError> {
    let (checkpoint, mut tree, ledger) = args.sign.sign_or_read(session, args.checkpoint.as_deref())?;
    session::expect_erased(&ledger)?;
    let mut publication = Publication { dir: &args.dir, ledger: &ledger, tree: &mut tree, checkpoint: &checkpoint };
    let written = publication.publish()?;
    let head = checkpoint.checkpoint().head;
    if session.is_json() {
        json::print(&json!({
            "dir": args.dir.display().to_string(),
            "origin": checkpoint.checkpoint().origin,
            "size": head.size,
            "before": written.before,
            "files": written.files,
            "bodies_rewritten": written.rewritten,
        }))?;
    } else {
        output::print(&format!(
            "Published {} entries of {} in {}, {} of them new ({} files written).\nOthers read it with: sayso clone {} --key VKEY\n",
            head.size,
            checkpoint.checkpoint().origin,
            args.dir.display(),
            head.size - written.before,
            written.files,
            args.dir.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What a publication wrote.
#[derive(Default)]
struct Written {
    /// Entries that were published before.
    before: u64,
    files: u64,
    /// Files of bodies that were written again because of a redaction.
    rewritten: u64,
}

/// A ledger on its way into a directory.
struct Publication<'a> {
    dir: &'a Path,
    ledger: &'a Ledger,
    tree: &'a mut LedgerTree,
    checkpoint: &'a SignedCheckpoint,
}

/// One entry as it is published.
struct Leaf {
    header: Header,
    body: Option<SaltedBody>,
    /// The entry that it erased.
    erases: Option<u64>,
}

impl Publication<'_> {
    fn publish(&mut self) -> Result<Written, CliError> {
        let head = self.checkpoint.checkpoint().head;
        if head.size > self.ledger.head().size || !self.tree.has(self.ledger, head)? {
            return Err(CliError::refused(
                "this ledger does not have the entries of the checkpoint; nothing was published",
            ));
        }
        let before = self.before(head)?;
        let mut written = Written { before, ..Written::default() };
        std::fs::create_dir_all(self.dir).map_err(|e| CliError::io(self.dir, &e))?; // of an empty ledger there is nothing below
        self.sweep()?;
        let erased = self.write_entries(before, head.size, &mut written)?;
        self.write_tiles(before, head, &mut written)?;
        self.rewrite_bodies(&erased, &mut written)?;
        self.write_about()?;
        sync_dirs(self.dir)?;
        files::replace(&self.dir.join(CHECKPOINT), self.checkpoint.to_string().as_bytes())?;
        self.remove_narrow(before, head.size);
        Ok(written)
    }

    /// How many entries are published already, if they are the beginning of this very ledger.
    fn before(&mut self, head: TreeHead) -> Result<u64, CliError> {
        let path = self.dir.join(CHECKPOINT);
        let Some(text) = files::read_if_there(&path)? else {
            let mut there = match std::fs::read_dir(self.dir) {
                Ok(there) => there,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(0),
                Err(e) => return Err(CliError::io(self.dir, &e)),
            };
            // What a publication that was cut short leaves behind is no reason to refuse.
            let ours = |entry: &std::fs::DirEntry| {
                OURS_BELOW.iter().chain([&ABOUT]).any(|ours| entry.file_name() == **ours) || files::is_unfinished(entry)
            };
            if there.any(|entry| entry.is_ok_and(|entry| !ours(&entry))) {
                return Err(CliError::refused(format!(
                    "{} has other files in it; name a directory that is empty or not there yet",
                    self.dir.display()
                )));
            }
            return Ok(0);
        };
        let old = SignedCheckpoint::parse(text.as_bytes());
        let old = old.map_err(|e| CliError::refused(format!("{}: {e}; nothing was published", path.display())))?;
        let old = old.checkpoint();
        if old.origin != self.checkpoint.checkpoint().origin {
            return Err(CliError::refused(format!("{} is the publication of {}", self.dir.display(), old.origin)));
        }
        if old.head.size > head.size {
            return Err(CliError::refused(format!(
                "{} has {} entries already, and this checkpoint only {}; nothing was published",
                self.dir.display(),
                old.head.size,
                head.size
            )));
        }
        if !self.tree.has(self.ledger, old.head)? {
            return Err(CliError::refused(format!(
                "{} has another history of the first {} entries than this ledger: publishing this one would show two. Nothing was \
                 changed; find out which is the right one",
                self.dir.display(),
                old.head.size
            )));
        }
        Ok(old.head.size)
    }

    /// Removes the files that a killed publication was writing. They have no name yet, and nobody would write them again without the words that
    /// were redacted since. The ledger is locked, so nobody else is publishing it; who publishes a copy of it here at this very moment may find
    /// a file gone, and fails without having changed what is published.
    fn sweep(&self) -> Result<(), CliError> {
        let mut waiting: Vec<PathBuf> = OURS_BELOW.iter().map(|ours| self.dir.join(ours)).collect();
        waiting.push(self.dir.to_owned());
        while let Some(dir) = waiting.pop() {
            let io = |e: std::io::Error| CliError::io(&dir, &e);
            let there = match std::fs::read_dir(&dir) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                there => there.map_err(io)?,
            };
            for entry in there {
                let entry = entry.map_err(io)?;
                if files::is_unfinished(&entry) {
                    std::fs::remove_file(entry.path()).map_err(|e| CliError::io(&entry.path(), &e))?;
                } else if dir != self.dir && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    waiting.push(entry.path());
                }
            }
        }
        Ok(())
    }

    /// Writes headers and bodies from the first bundle on that has something new. Gives the entries erased by new redactions.
    fn write_entries(&self, before: u64, size: u64, written: &mut Written) -> Result<Vec<u64>, CliError> {
        let mut erased = Vec::new();
        if before == size {
            return Ok(erased);
        }
        let mut leaves: Vec<Leaf> = Vec::new();
        let step = STEP * TILE_WIDTH as usize;
        self.ledger.scan(before / TILE_WIDTH * TILE_WIDTH, leaf, |leaf| {
            if leaf.header.index >= size {
                return Ok::<_, CliError>(ControlFlow::Break(()));
            }
            erased.extend(leaf.erases.filter(|_| leaf.header.index >= before));
            leaves.push(leaf);
            if leaves.len() == step {
                written.files += self.write_bundles(&std::mem::take(&mut leaves), size)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        written.files += self.write_bundles(&leaves, size)?;
        Ok(erased)
    }

    fn write_bundles(&self, leaves: &[Leaf], size: u64) -> Result<u64, CliError> {
        let bundles: Vec<&[Leaf]> = leaves.chunks(TILE_WIDTH as usize).collect();
        let dir = self.dir;
        bundles.par_iter().try_for_each(|bundle| {
            let Some(number) = bundle.first().map(|leaf| leaf.header.index / TILE_WIDTH) else { return Ok(()) };
            let headers: Vec<_> = bundle.iter().map(|leaf| leaf.header.to_bytes()).collect();
            let entries = encode_entries(headers.iter().map(|h| h.as_slice())).unwrap_or_default(); // 84 bytes each
            place(dir, Tile::at(Kind::Entries, number, size), &entries)?;
            place(
                dir,
                Tile::at(Kind::Bodies, number, size),
                &encode_bodies(bundle.iter().map(|leaf| leaf.body.as_ref())),
            )
        })?;
        Ok(bundles.len() as u64 * 2)
    }

    /// Writes the hashes that are new. They come from a cache, so they are checked before they go out: what is in no full tile leads to
    /// the root, and each full tile to the hash above it. Where the cache had to be made anew on the way, what was placed of the old one
    /// is written again.
    fn write_tiles(&mut self, before: u64, head: TreeHead, written: &mut Written) -> Result<(), CliError> {
        for _ in 0..ATTEMPTS {
            if !self.tree.has(self.ledger, head)? {
                break;
            }
            let remade = self.tree.remade;
            let placed = self.place_tiles(before, head)?;
            if self.tree.has(self.ledger, head)? && self.tree.remade == remade {
                written.files += placed;
                return Ok(());
            }
        }
        Err(not_its_entries(head))
    }

    /// Stops where the cache was made anew. Gives how many were placed.
    fn place_tiles(&mut self, before: u64, head: TreeHead) -> Result<u64, CliError> {
        let (mut placed, remade) = (0, self.tree.remade);
        let tiles: Vec<Tile> = Tile::hashes_added(before, head.size).collect();
        for step in tiles.chunks(STEP) {
            let contents = self.tree.tiles(self.ledger, step, head)?;
            if self.tree.remade != remade {
                break;
            }
            let dir = self.dir;
            contents.par_iter().try_for_each(|(tile, hashes)| place(dir, Some(*tile), &Digest::concat(hashes)))?;
            placed += contents.len() as u64;
        }
        Ok(placed)
    }

    /// Writes every file again that has the body of an entry that was erased: the full bundle and whatever narrower ones are
    /// still there.
    fn rewrite_bodies(&self, erased: &[u64], written: &mut Written) -> Result<(), CliError> {
        let mut bundles: Vec<u64> = erased.iter().map(|index| index / TILE_WIDTH).collect();
        bundles.sort_unstable();
        bundles.dedup();
        for number in bundles {
            let full = Tile { kind: Kind::Bodies, index: number, width: TILE_WIDTH };
            let widths = (1..=TILE_WIDTH).map(|width| Tile { width, ..full });
            let there: Vec<Tile> = widths.filter(|tile| self.dir.join(tile.to_string()).is_file()).collect();
            let mut bodies = Vec::new();
            self.ledger.scan(number * TILE_WIDTH, leaf, |leaf| {
                bodies.push(leaf.body);
                let is_last = bodies.len() as u64 == TILE_WIDTH;
                Ok::<_, CliError>(if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            for tile in there {
                let width = usize::try_from(tile.width).unwrap_or(usize::MAX);
                place(self.dir, Some(tile), &encode_bodies(bodies.iter().take(width).map(Option::as_ref)))?;
                written.rewritten += 1;
            }
        }
        Ok(())
    }

    fn write_about(&self) -> Result<(), CliError> {
        let origin = self.checkpoint.checkpoint().origin.clone();
        let keys = Keyring::open()?.keys(&origin)?;
        let about = About {
            sayso: About::VERSION,
            ledger: self.ledger.id().to_string(),
            keys: keys.iter().map(|k| k.verifier.to_string()).collect(),
            origin,
        };
        let text = serde_json::to_string(&about).map_err(|e| CliError::failed(format!("could not write JSON: {e}")))?;
        files::replace(&self.dir.join(ABOUT), format!("{text}\n").as_bytes())
    }

    /// Removes the narrow tiles in whose place there is a full one now. Whoever still asks for one takes the full one.
    fn remove_narrow(&self, before: u64, size: u64) {
        let kinds = [Tile::added(Kind::Entries, before, size), Tile::added(Kind::Bodies, before, size)];
        let added = kinds.into_iter().flatten().chain(Tile::hashes_added(before, size));
        for tile in added.filter(Tile::is_full) {
            let _ = std::fs::remove_dir_all(self.dir.join(format!("{tile}.p"))); // they are in nobody's way
        }
    }
}

/// Writes a file of the publication, durable but for its name.
fn place(dir: &Path, tile: Option<Tile>, bytes: &[u8]) -> Result<(), CliError> {
    let Some(tile) = tile else { return Ok(()) };
    files::place(&dir.join(tile.to_string()), bytes)
}

fn leaf(entry: Entry) -> Result<Leaf, CliError> {
    let header = entry.header();
    let body = entry.salt().zip(entry.body()).map(|(salt, body)| SaltedBody { salt, body: body.to_vec() });
    let record = entry.record().map_err(sayso_core::ledger::OpenError::from)?;
    let erases = record.and_then(|r| if let Content::Redaction(r) = r.event.content { Some(r.of) } else { None });
    Ok(Leaf { header, body, erases })
}

/// Makes the names of all new files durable.
fn sync_dirs(dir: &Path) -> Result<(), CliError> {
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        let io = |e: std::io::Error| CliError::io(&dir, &e);
        std::fs::File::open(&dir).and_then(|d| d.sync_all()).map_err(io)?;
        for entry in std::fs::read_dir(&dir).map_err(io)?.flatten() {
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                waiting.push(entry.path());
            }
        }
    }
    Ok(())
}
