//! A published log: which files it has, and what can be learned from them before anything of it is believed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use sayso_core::entry::{HEADER_BYTES, Header, LedgerId};
use sayso_core::ledger::CopiedEntry;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::digest::Digest;
use sayso_proof::disclosure::{SaltedBody, decode_body, encode_body};
use sayso_proof::merkle::{TreeHead, consistency_proof};
use sayso_proof::tile::{Kind, Tile, decode_entries};
use sayso_proof::tree::{ByTiles, TILE_WIDTH, TileHashes, head};
use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::error::CliError;

/// The signed checkpoint; written last.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// What a copy has to know besides: ours, and checked against the first header.
pub(crate) const ABOUT: &str = "sayso.json";

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
    /// Tiles that were read, so that a proof reads each only once.
    tiles: RefCell<HashMap<String, Vec<Digest>>>,
}

impl Published {
    pub(crate) fn new(place: &str) -> Self {
        Self { source: Source::new(place), tiles: RefCell::default() }
    }

    pub(crate) fn checkpoint(&self) -> Result<SignedCheckpoint, CliError> {
        let bytes = self.source.need(CHECKPOINT)?;
        SignedCheckpoint::parse(&bytes).map_err(|e| CliError::refused(format!("{}/{CHECKPOINT}: {e}", self.source)))
    }

    pub(crate) fn about(&self) -> Result<About, CliError> {
        let about = serde_json::from_slice::<About>(&self.source.need(ABOUT)?);
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
        if let Some(bytes) = self.source.get(&tile.to_string())? {
            return Ok((tile, bytes));
        }
        let full = Tile { width: TILE_WIDTH, ..tile };
        Ok((full, self.source.need(&full.to_string())?))
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
        let bodies = decode_bodies(&bytes, tile.width)
            .ok_or_else(|| CliError::refused(format!("{tile} in {} is not a bundle of bodies", self.source)))?;
        let skip = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let pair = |(header, body): (&Header, Option<SaltedBody>)| CopiedEntry {
            header: *header,
            body: body.map(|b| (b.salt, b.body)),
        };
        Ok(headers.iter().zip(bodies.into_iter().skip(skip)).map(pair).collect())
    }

    /// Whether its own tiles lead to its own checkpoint's root, and if so how an older head fits under it: the proof of
    /// consistency. `None` if the tiles do not fit the checkpoint, so that nothing can be said.
    pub(crate) fn consistency(&self, old: TreeHead, new: TreeHead) -> Result<Option<Vec<Digest>>, CliError> {
        let tiles = Tiles { published: self, size: new.size };
        if head(&tiles, new.size)? != new {
            return Ok(None);
        }
        Ok(Some(consistency_proof(&ByTiles(&tiles), old.size, new.size)?))
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
        let index = first / TILE_WIDTH; // never across a tile: subtrees are aligned and no wider
        let published = self.published;
        let key = format!("{level}/{index}");
        if !published.tiles.borrow().contains_key(&key) {
            let (tile, bytes) = published.tile(Kind::Hashes(level), index, self.size)?;
            let hashes = Digest::all(&bytes).filter(|hashes| hashes.len() as u64 == tile.width);
            let hashes = hashes
                .ok_or_else(|| CliError::refused(format!("{tile} in {} has the wrong length", published.source)))?;
            published.tiles.borrow_mut().insert(key.clone(), hashes);
        }
        let start = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        let found =
            published.tiles.borrow().get(&key).and_then(|hashes| hashes.get(start..end).map(<[Digest]>::to_vec));
        found.map(Cow::Owned).ok_or_else(|| CliError::refused(format!("a tile in {} is too narrow", published.source)))
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
