//! A published log: which files it has, and what can be learned from them before anything of it is believed.

use std::borrow::Cow;
use std::ops::Range;

use rayon::ThreadPool;
use rayon::prelude::*;
use sayso_core::entry::{HEADER_BYTES, Header, LedgerId};
use sayso_core::ledger::CopiedEntry;
use sayso_core::limits::MAX_BODY_BYTES;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::digest::{DIGEST_BYTES, Digest};
use sayso_proof::disclosure::{SaltedBody, decode_body, encode_body};
use sayso_proof::merkle::TreeHead;
use sayso_proof::note::MAX_NOTE_BYTES;
use sayso_proof::tile::{Kind, Tile, decode_entries};
use sayso_proof::tree::{TILE_WIDTH, TileHashes, beginning};
use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::error::CliError;

/// The signed checkpoint; written last.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// What a copy has to know besides: ours, and checked against the first header.
pub(crate) const ABOUT: &str = "sayso.json";
const MAX_ABOUT_BYTES: u64 = 64_000;

/// The file [`ABOUT`].
#[derive(Serialize, Deserialize)]
pub(crate) struct About {
    /// The version of this layout.
    pub(crate) sayso: u32,
    /// The ledger's identity, in hexadecimal.
    pub(crate) ledger: String,
    /// Its name.
    pub(crate) origin: String,
    /// Keys that sign its checkpoints, for convenience only: a key that comes with what it signs proves nothing.
    pub(crate) keys: Vec<String>,
}

impl About {
    pub(crate) const VERSION: u32 = 1;

    /// The identity.
    pub(crate) fn id(&self) -> Option<LedgerId> {
        Some(LedgerId(self.ledger.parse::<sayso_core::entry::Hash>().ok()?.0))
    }
}

/// A published log, read through a source. Every answer is the host's word.
pub(crate) struct Published {
    pub(crate) source: Source,
    threads: ThreadPool,
}

/// The longest that a file of this kind can be.
fn most_bytes(tile: Tile) -> u64 {
    let each = match tile.kind {
        Kind::Hashes(_) => DIGEST_BYTES,
        Kind::Entries => 2 + HEADER_BYTES,
        Kind::Bodies => 4 + 16 + MAX_BODY_BYTES,
    };
    tile.width.saturating_mul(each as u64)
}

impl Published {
    pub(crate) fn new(place: &str) -> Result<Self, CliError> {
        let source = Source::new(place)?;
        Ok(Self { threads: source.threads()?, source })
    }

    /// Does something for each number, several at a time; what comes of it is in their order.
    pub(crate) fn side_by_side<T: Send>(
        &self,
        numbers: Range<u64>,
        work: impl Fn(u64) -> Result<T, CliError> + Sync + Send,
    ) -> Result<Vec<T>, CliError> {
        self.threads.install(|| numbers.into_par_iter().map(work).collect())
    }

    pub(crate) fn checkpoint(&self) -> Result<SignedCheckpoint, CliError> {
        let bytes = self.source.need(CHECKPOINT, MAX_NOTE_BYTES as u64)?;
        SignedCheckpoint::parse(&bytes).map_err(|e| CliError::refused(format!("{}/{CHECKPOINT}: {e}", self.source)))
    }

    pub(crate) fn about(&self) -> Result<About, CliError> {
        let about = serde_json::from_slice::<About>(&self.source.need(ABOUT, MAX_ABOUT_BYTES)?);
        let about = about.map_err(|e| CliError::refused(format!("{}/{ABOUT}: {e}", self.source)))?;
        if about.sayso > About::VERSION {
            return Err(CliError::refused(format!(
                "{} was published by a newer sayso; install a newer one",
                self.source
            )));
        }
        Ok(about)
    }

    /// A tile of a log of `size` entries; the full one where the partial one is gone already.
    fn tile(&self, kind: Kind, index: u64, size: u64) -> Result<(Tile, Vec<u8>), CliError> {
        let tile = Tile::at(kind, index, size);
        let tile = tile.ok_or_else(|| CliError::failed("a tile beyond the end of the log was asked for"))?;
        let get = |tile: Tile| self.source.get(&tile.to_string(), most_bytes(tile));
        if let Some(bytes) = get(tile)? {
            return Ok((tile, bytes));
        }
        let full = Tile { width: TILE_WIDTH, ..tile };
        let bytes = if tile.is_full() { None } else { get(full)? };
        Ok((full, bytes.ok_or_else(|| self.source.missing(&tile.to_string()))?))
    }

    /// The headers of the bundle with this number.
    pub(crate) fn headers(&self, bundle: u64, size: u64) -> Result<Vec<Header>, CliError> {
        let (tile, bytes) = self.tile(Kind::Entries, bundle, size)?;
        let wrong = |what: &str| CliError::refused(format!("{tile} in {}: {what}", self.source));
        let entries = decode_entries(&bytes, tile.width).map_err(|e| wrong(&e.to_string()))?;
        let header = |bytes: &&[u8]| <&[u8; HEADER_BYTES]>::try_from(*bytes).ok().and_then(Header::from_bytes);
        entries
            .iter()
            .map(|bytes| header(bytes).ok_or_else(|| wrong("an entry is no header of a sayso ledger")))
            .collect()
    }

    /// The entries of a bundle from `from` on, given their headers, with the bodies that are still there.
    pub(crate) fn entries(&self, headers: &[Header], size: u64) -> Result<Vec<CopiedEntry>, CliError> {
        let Some(first) = headers.first().map(|h| h.index) else { return Ok(vec![]) };
        let (tile, bytes) = self.tile(Kind::Bodies, first / TILE_WIDTH, size)?;
        let bodies = decode_bodies(&bytes, tile.width).ok_or_else(|| {
            CliError::refused(format!("{tile} in {} is not a bundle of bodies: it is damaged", self.source))
        })?;
        let skip = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let pair = |(header, body): (&Header, Option<SaltedBody>)| CopiedEntry {
            header: *header,
            body: body.map(|b| (b.salt, b.body)),
        };
        Ok(headers.iter().zip(bodies.into_iter().skip(skip)).map(pair).collect())
    }

    /// The head over the first `old` entries that its own tiles prove to lead to its own checkpoint's root. `None` if the tiles do
    /// not fit the checkpoint, so that nothing can be said.
    pub(crate) fn beginning(&self, old: u64, new: TreeHead) -> Result<Option<TreeHead>, CliError> {
        Ok(beginning(&Tiles { published: self, size: new.size }, old, new)?.map(|(head, _)| head))
    }
}

/// The tiles of hashes of a published log at some size.
struct Tiles<'a> {
    published: &'a Published,
    size: u64,
}

impl TileHashes for Tiles<'_> {
    type Error = CliError;

    fn hashes(&self, level: u8, first: u64, count: u64) -> Result<Cow<'_, [Digest]>, CliError> {
        // Tile by tile: that is how proofs ask for them.
        let (tile, bytes) = self.published.tile(Kind::Hashes(level), first / TILE_WIDTH, self.size)?;
        let hashes = Digest::all(&bytes).filter(|hashes| hashes.len() as u64 == tile.width);
        let start = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        let found = hashes.as_ref().and_then(|hashes| hashes.get(start..end));
        found.map(|found| Cow::Owned(found.to_vec())).ok_or_else(|| {
            CliError::refused(format!("{tile} in {} has the wrong length: it is damaged", self.published.source))
        })
    }
}

/// Bodies one after another.
pub(crate) fn encode_bodies<'a>(bodies: impl IntoIterator<Item = Option<&'a SaltedBody>>) -> Vec<u8> {
    let mut out = Vec::new();
    bodies.into_iter().for_each(|body| encode_body(body, &mut out));
    out
}

/// Exactly `width` bodies.
pub(crate) fn decode_bodies(mut bytes: &[u8], width: u64) -> Option<Vec<Option<SaltedBody>>> {
    let bodies: Option<Vec<_>> = (0..width).map(|_| decode_body(&mut bytes)).collect();
    bodies.filter(|_| bytes.is_empty())
}
