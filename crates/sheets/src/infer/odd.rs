//! Cells that are not what most of their column is.

use std::collections::HashSet;

/// Different texts that are held before giving up on a column.
const MAX_TEXTS: usize = 4096;
/// Different texts after which a column with none that fits is given up.
const FIRST_LOOK: usize = 200;
/// Different texts that are kept to be shown.
const MAX_SHOWN: usize = 8;

/// What does not fit a guess about a column, and how much does.
#[derive(Default)]
pub(super) struct Odd {
    texts: HashSet<u64>,
    /// Cells that do not fit.
    pub(super) cells: u64,
    /// Different texts that fit.
    pub(super) fitting: u64,
    /// The first different texts that do not fit, with the number of their row.
    pub(super) first: Vec<(u64, String)>,
    lost: bool,
}

impl Odd {
    /// So much does not fit that nothing is counted any more.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    pub(super) fn fits(&mut self) {
        self.fitting += 1;
    }

    /// A text that was not met before, and does not fit.
    pub(super) fn add(&mut self, text: &str, hash: u64, row: u64) {
        self.cells += 1;
        self.texts.insert(hash);
        if self.first.len() < MAX_SHOWN {
            self.first.push((row, text.to_owned()));
        }
        self.lost = self.texts.len() > MAX_TEXTS || (self.fitting == 0 && self.texts.len() >= FIRST_LOOK);
        if self.lost {
            self.texts = HashSet::new();
        }
    }

    /// A text that was met before.
    pub(super) fn again(&mut self, hash: u64) {
        self.cells += u64::from(self.texts.contains(&hash));
    }

    /// Every cell fits.
    pub(super) fn is_none(&self) -> bool {
        self.cells == 0 && self.fitting > 0
    }

    /// At most one cell in `share` does not fit.
    pub(super) fn is_at_most(&self, share: u64, filled: u64) -> bool {
        !self.lost && self.fitting > 0 && self.cells.saturating_mul(share) <= filled
    }
}
