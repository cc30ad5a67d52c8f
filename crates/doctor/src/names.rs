//! Names, each kept once, with a number to speak of it by and how often it is used.

use indexmap::IndexMap;
use sayso_core::text::Name;

/// Different names that are compared of each kind: what more would take is memory, and nobody reads a list of so many.
pub(crate) const MAX_NAMES: usize = 100_000;

/// Names of one kind.
#[derive(Default)]
pub(crate) struct Names {
    used: IndexMap<Name, u32>,
    left_out: bool,
}

impl Names {
    /// Counts one use of a name.
    pub(crate) fn count(&mut self, name: &Name) {
        if let Some(used) = self.used.get_mut(name) {
            *used = used.saturating_add(1);
        } else if self.used.len() < MAX_NAMES {
            self.used.insert(name.clone(), 1);
        } else {
            self.left_out = true;
        }
    }

    /// Whether there were more names than are compared.
    pub(crate) fn is_cut(&self) -> bool {
        self.left_out
    }

    /// The names in the order in which they came, with how often each is used.
    pub(crate) fn all(&self) -> Vec<(&Name, u32)> {
        self.used.iter().map(|(name, used)| (name, *used)).collect()
    }
}
