//! Findings: what was noticed, with the entries to look at.

use sayso_core::entry::Head;

use crate::lint::Lint;

/// Findings kept of each lint; all are counted.
pub(crate) const MAX_FINDINGS: usize = 1_000;

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which lint noticed it.
    pub lint: Lint,
    /// The entries to look at, with the corrections that make them read as they do; ascending. Empty for names, which stand on many.
    pub entries: Vec<u64>,
    /// What was noticed.
    pub what: String,
    /// Why that was noticed.
    pub why: String,
    /// A `sayso` command that would do something about it, word by word, if one can be given.
    pub command: Option<Vec<String>>,
}

/// What came of an examination.
#[derive(Debug, Clone)]
pub struct Report {
    /// The ledger's head when it was read.
    pub head: Head,
    /// How many of its entries the recorded clock let through.
    pub known_entries: u64,
    /// How many claims were looked at: those that a filter wants, as they read now.
    pub claims: u64,
    /// Entries whose bodies were erased: nobody can look at them.
    pub redacted: u64,
    /// The lints that were asked for.
    pub lints: Vec<Lint>,
    /// By lint, then by entry; at most 1,000 of each lint.
    pub findings: Vec<Finding>,
    /// What could not be looked at, in whole sentences.
    pub limits: Vec<String>,
    found: [usize; Lint::ALL.len()],
}

impl Report {
    pub(crate) fn new(head: Head, lints: &[Lint]) -> Self {
        Self {
            head,
            known_entries: 0,
            claims: 0,
            redacted: 0,
            lints: lints.to_vec(),
            findings: vec![],
            limits: vec![],
            found: [0; Lint::ALL.len()],
        }
    }

    /// How many findings of a lint there were, also those not kept.
    #[must_use]
    pub fn found(&self, lint: Lint) -> usize {
        self.found.get(lint as usize).copied().unwrap_or_default()
    }

    /// How many findings there were in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.found.iter().sum()
    }

    pub(crate) fn wants(&self, lint: Lint) -> bool {
        self.lints.contains(&lint)
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        let Some(found) = self.found.get_mut(finding.lint as usize) else { return };
        *found += 1;
        if *found <= MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Counts a finding that would not be kept: working out its words can be saved. `false` if it would be.
    pub(crate) fn only_counts(&mut self, lint: Lint) -> bool {
        let Some(found) = self.found.get_mut(lint as usize).filter(|found| **found >= MAX_FINDINGS) else {
            return false;
        };
        *found += 1;
        true
    }

    pub(crate) fn in_order(mut self) -> Self {
        self.findings.sort_by(|a, b| (a.lint, &a.entries, &a.what).cmp(&(b.lint, &b.entries, &b.what)));
        self
    }
}
