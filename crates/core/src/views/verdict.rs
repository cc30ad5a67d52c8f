//! The verdict on a question: how the answers of all parties go together, in one word.

use super::compare::{Cell, CellState, with_value};
use super::relation::Relation;
use crate::event::StanceKind;
use crate::replay::StanceTarget;

/// How the answers to one question go together, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// At least two parties cannot both be right.
    Conflict,
    /// A party denies what another says.
    Denied,
    /// A party contradicts itself.
    Inconsistent,
    /// Units or kinds of value differ, so that nothing was compared.
    NotCompared,
    /// The parties differ, and all of them can be right.
    Compatible,
    /// The parties say the same.
    Agreement,
    /// Only one party gives a value.
    OneSource,
    /// Only what nobody named answers for gives a value.
    UnattributedOnly,
    /// Nobody gives a value, and somebody declined to.
    Declined,
    /// What was said was taken back, or stances are left on claims that no longer stand.
    NothingStands,
    /// A whole question was asked for, and of none of the sources asked for there is anything on it.
    NothingRecorded,
}

impl Verdict {
    /// All of them, the gravest first.
    pub const ALL: [Self; 11] = [
        Self::Conflict,
        Self::Denied,
        Self::Inconsistent,
        Self::NotCompared,
        Self::Compatible,
        Self::Agreement,
        Self::OneSource,
        Self::UnattributedOnly,
        Self::Declined,
        Self::NothingStands,
        Self::NothingRecorded,
    ];

    /// The word used in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Denied => "denied",
            Self::Inconsistent => "inconsistent",
            Self::NotCompared => "not-compared",
            Self::Compatible => "compatible",
            Self::Agreement => "agreement",
            Self::OneSource => "one-source",
            Self::UnattributedOnly => "unattributed-only",
            Self::Declined => "declined",
            Self::NothingStands => "nothing-stands",
            Self::NothingRecorded => "nothing-recorded",
        }
    }

    /// Whether parties contradict one another: a conflict or a denial.
    #[must_use]
    pub const fn is_dispute(self) -> bool {
        matches!(self, Self::Conflict | Self::Denied)
    }
}

/// What cells come to, and the gravest of all the pairs.
pub(super) fn verdict(cells: &[Cell], nobody: &[Cell], gravest: Option<Relation>) -> Verdict {
    let is = |state: CellState| cells.iter().any(|c| c.state == state);
    let contradicts_itself = |c: &Cell| with_value(c).is_some_and(|(.., v)| v.consistent == Some(false));
    let itself = cells.iter().any(contradicts_itself);
    // A question that is denied as such is in dispute, whoever raised it.
    let denies_question = cells.iter().any(|c| {
        c.standing
            .iter()
            .flat_map(|s| &s.stances)
            .any(|s| s.stance == StanceKind::Denies && s.target == StanceTarget::Question)
    });
    match gravest {
        Some(Relation::Conflict) => Verdict::Conflict,
        Some(Relation::Denied) => Verdict::Denied,
        _ if denies_question && !is(CellState::Claims) => Verdict::Denied,
        Some(Relation::Inconsistent) => Verdict::Inconsistent,
        _ if itself => Verdict::Inconsistent,
        Some(Relation::NotCompared) => Verdict::NotCompared,
        Some(Relation::Compatible) => Verdict::Compatible,
        Some(Relation::Agreement) => Verdict::Agreement,
        None if is(CellState::Claims) => Verdict::OneSource,
        None if nobody.iter().any(|c| c.state == CellState::Claims) => Verdict::UnattributedOnly,
        None if is(CellState::Declines) => Verdict::Declined,
        None if cells.iter().chain(nobody).any(|c| c.state != CellState::NothingRecorded) => Verdict::NothingStands,
        None => Verdict::NothingRecorded,
    }
}
