//! The headers of a published log from some entry on, fetched side by side: each follows the one before, and all lead to the root of a
//! checkpoint. Bodies are fetched for them, and checked by whoever takes them over.

use std::ops::Range;

use rayon::prelude::*;
use sayso_core::bundle::{Bundle, StoredBody, StoredEntry};
use sayso_core::entry::{Hash, Head, Header};
use sayso_core::ledger::CopiedEntry;
use sayso_proof::digest::Digest;
use sayso_proof::disclosure::leaf;
use sayso_proof::tree::TILE_WIDTH;

use super::published::Published;
use crate::error::CliError;
use crate::output::progress;

/// Bundles fetched before the next ones are asked for: bounds memory.
const STEP: u64 = 64;

/// Headers that follow one another.
pub(crate) struct Fetched {
    headers: Vec<Header>,
    /// What they begin after.
    before: Head,
    /// Where they end: with the log.
    pub(crate) end: Head,
}

impl Fetched {
    /// Fetches the headers that come after `before`, up to `size` entries in all: 84 bytes of memory for each.
    pub(crate) fn headers(published: &Published, before: Head, size: u64) -> Result<Self, CliError> {
        let mut found = Self { headers: vec![], before, end: before };
        let bar = progress::spinner("reading headers");
        let (mut bundle, end) = (before.size / TILE_WIDTH, size.div_ceil(TILE_WIDTH));
        while bundle < end {
            let step = bundle..end.min(bundle + STEP);
            bundle = step.end;
            let read = |number: u64| {
                let placed = published.headers(number, size)?.into_iter().zip(number * TILE_WIDTH..);
                let new = placed.filter(|(_, at)| (before.size..size).contains(at));
                Ok(new.map(|(header, _)| (header, header.hash())).collect::<Vec<_>>())
            };
            for (header, hash) in published.side_by_side(step, read)?.into_iter().flatten() {
                let index = found.end.size;
                if header.index != index || header.previous != found.end.hash {
                    return Err(CliError::refused(format!(
                        "entry #{index} in {} does not follow the entry before it. Nothing was taken over; ask whoever publishes there",
                        published.source
                    )));
                }
                found.end = Head { size: index + 1, hash };
                found.headers.push(header);
            }
            bar.set_message(format!("reading headers: {} of {size}", found.end.size));
        }
        bar.finish_and_clear();
        Ok(found)
    }

    /// The leaves of the tree that the entries are.
    pub(crate) fn leaves(&self) -> Vec<Digest> {
        self.headers.par_iter().map(leaf).collect()
    }

    /// What is to be said if the leaves do not lead to the root of the log's checkpoint.
    pub(crate) fn not_its_root(published: &Published) -> CliError {
        CliError::refused(format!(
            "the entries in {} do not lead to the root of its own checkpoint: the files are damaged or were exchanged. Nothing was taken \
             over",
            published.source
        ))
    }

    /// The numbers of the bundles that have these entries, some at a time.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        let (first, end) = (self.before.size / TILE_WIDTH, self.end.size.div_ceil(TILE_WIDTH));
        (first..end).step_by(STEP as usize).map(move |step| step..end.min(step + STEP))
    }

    /// The headers that are of a bundle.
    fn of_bundle(&self, number: u64) -> Range<usize> {
        let place = |index: u64| usize::try_from(index.saturating_sub(self.before.size)).unwrap_or(usize::MAX);
        let to = place((number + 1) * TILE_WIDTH).min(self.headers.len());
        place(number * TILE_WIDTH).min(to)..to
    }

    /// The entries that are of a bundle, with the bodies that are still there.
    pub(crate) fn entries(&self, published: &Published, number: u64) -> Result<Vec<CopiedEntry>, CliError> {
        published.entries(self.headers.get(self.of_bundle(number)).unwrap_or_default(), self.end.size)
    }

    /// The same as it is stored.
    pub(crate) fn bundle(&self, published: &Published, number: u64) -> Result<Bundle, CliError> {
        let entries = self.entries(published, number)?;
        let (first, previous) =
            entries.first().map_or((self.before.size, self.before.hash), |e| (e.header.index, e.header.previous));
        // The hash of each stands in the one after it.
        let following = self.headers.get(self.of_bundle(number).start..).unwrap_or_default().iter().skip(1);
        let hashes = following.map(|next| next.previous).chain([self.end.hash]);
        let stored = |(CopiedEntry { header, body }, hash): (CopiedEntry, Hash)| StoredEntry {
            flags: header.flags,
            recorded: header.recorded,
            hash,
            body: body
                .map_or(StoredBody::Erased(header.commitment), |(salt, body)| StoredBody::Present(salt, body.into())),
        };
        Ok(Bundle { first, previous, entries: entries.into_iter().zip(hashes).map(stored).collect() })
    }
}
