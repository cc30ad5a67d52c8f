//! C2SP tlog-tiles: how a log is cut into files that never change, and what those are called. It reads and writes no file.
//!
//! ```text
//! tile/<level>/<N>[.p/<W>]     hashes of a tile level          tile/entries/<N>[.p/<W>]     leaves
//! ```
//! N is written in groups of three digits, all but the last with an `x` before them. `.p/<W>` names a tile of only W hashes.
//! Beside these, and of our own making, `bodies/<N>[.p/<W>]` has what a redaction may erase.

use std::fmt;
use std::str::FromStr;

use crate::text::decimal;
use crate::tree::{TILE_HEIGHT, TILE_WIDTH, level_size};

/// Longest leaf: its length is written in two bytes.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// What a file of a published log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes of a tile level.
    Hashes(u8),
    /// Leaves.
    Entries,
    /// Bodies of entries; ours.
    Bodies,
}

/// The name of a tile: what it holds, which one it is, and how wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Its number among its kind.
    pub index: u64,
    /// How many it holds: 1 to 256.
    pub width: u64,
}

/// The text names no tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a tile")]
pub struct NotATile(String);

impl Tile {
    /// Whether it is full, so that it will never be replaced by a wider one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The tile of a kind that reaches furthest into a log of `size` leaves from tile `index` on; `None` if it would be empty.
    #[must_use]
    pub fn at(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let level = if let Kind::Hashes(level) = kind { level } else { 0 };
        let width = level_size(size, level).checked_sub(index.checked_mul(TILE_WIDTH)?)?.min(TILE_WIDTH);
        (width > 0).then_some(Self { kind, index, width })
    }

    /// Every tile of a kind that a log of `new` leaves has and one of `old` leaves has not.
    pub fn added(kind: Kind, old: u64, new: u64) -> impl Iterator<Item = Self> {
        let level = if let Kind::Hashes(level) = kind { level } else { 0 };
        let (from, to) = (level_size(old, level), level_size(new, level));
        let tiles = from / TILE_WIDTH..to.div_ceil(TILE_WIDTH);
        tiles.filter(move |_| from < to).filter_map(move |index| Self::at(kind, index, new))
    }

    /// Every tile of hashes, on all levels, that a log of `new` leaves has and one of `old` leaves has not.
    pub fn hashes_added(old: u64, new: u64) -> impl Iterator<Item = Self> {
        (0..64 / TILE_HEIGHT).flat_map(move |level| Self::added(Kind::Hashes(level), old, new))
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}")?,
            Kind::Entries => f.write_str("tile/entries")?,
            Kind::Bodies => f.write_str("bodies")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            write!(f, "/{}{group:03}", if place > 0 { "x" } else { "" })?;
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for Tile {
    type Err = NotATile;

    fn from_str(s: &str) -> Result<Self, NotATile> {
        let parse = || {
            let (name, width) = match s.split_once(".p/") {
                Some((name, width)) => (name, decimal(width).filter(|w| (1..TILE_WIDTH).contains(w))?),
                None => (s, TILE_WIDTH),
            };
            let (kind, number) = match name.strip_prefix("tile/") {
                None => (Kind::Bodies, name.strip_prefix("bodies/")?),
                Some(rest) => match rest.split_once('/')? {
                    ("entries", number) => (Kind::Entries, number),
                    (level, number) => (Kind::Hashes(decimal(level).filter(|l| *l < 64)?.try_into().ok()?), number),
                },
            };
            let mut index = 0u64;
            for group in number.split('/') {
                let digits = group.strip_prefix('x').unwrap_or(group);
                if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
            }
            Some(Self { kind, index, width })
        };
        // One tile has one name: whatever does not come out the same was not it.
        parse().filter(|tile| tile.to_string() == s).ok_or_else(|| NotATile(s.chars().take(200).collect()))
    }
}

/// Why bytes are not a bundle of entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a bundle of {expected} entries")]
pub struct NotABundle {
    /// How many there should be.
    pub expected: u64,
}

/// A bundle of entries: each with its length before it. `None` if one is too long.
pub fn encode_entries<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for entry in entries {
        out.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        out.extend_from_slice(entry);
    }
    Some(out)
}

/// The entries of a bundle that has `width` of them.
///
/// # Errors
/// [`NotABundle`] if there are more, fewer, or a part of one.
pub fn decode_entries(mut bytes: &[u8], width: u64) -> Result<Vec<&[u8]>, NotABundle> {
    let error = NotABundle { expected: width };
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(error.clone())?;
        entries.push(entry);
        bytes = rest;
    }
    if bytes.is_empty() && entries.len() as u64 == width { Ok(entries) } else { Err(error) }
}
