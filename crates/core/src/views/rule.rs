//! The rules by which a cell of a view reads as it does, each as one plain sentence.

use std::fmt;

/// A rule that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the sentences say it; numbers are entries
pub enum Rule {
    Only,
    Newest { replaced: usize },
    TiedMeet,
    TiedSeveral,
    TiedInconsistent(&'static str),
    SideBySide { claims: usize },
    OrderUnknown,
    DateUncertain,
    PartnerTakenBack { of: u64 },
    ReadsAsCorrected { of: u64, by: u64 },
    CorrectedAway { of: u64, by: u64 },
    TakenBack { by: Vec<u64> },
    Declined,
    StancesOnly,
    StancesBeside,
    MovedAway { of: u64, by: u64 },
    StanceEnded,
    NotYetSaid,
    NotYetKnown,
    NothingRecorded,
    Joined,
    Redacted(usize),
}

impl Rule {
    /// The word used in output.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Only => "only-claim",
            Self::Newest { .. } => "newest-stated",
            Self::TiedMeet => "tied-meet",
            Self::TiedSeveral => "tied-several",
            Self::TiedInconsistent(_) => "tied-inconsistent",
            Self::SideBySide { .. } => "side-by-side",
            Self::OrderUnknown => "order-unknown",
            Self::DateUncertain => "date-uncertain",
            Self::PartnerTakenBack { .. } => "partner-taken-back",
            Self::ReadsAsCorrected { .. } => "reads-as-corrected",
            Self::CorrectedAway { .. } => "corrected-away",
            Self::TakenBack { .. } => "taken-back",
            Self::Declined => "declined",
            Self::StancesOnly => "stances-only",
            Self::StancesBeside => "stances-beside",
            Self::MovedAway { .. } => "moved-away",
            Self::StanceEnded => "stance-ended",
            Self::NotYetSaid => "not-yet-said",
            Self::NotYetKnown => "not-yet-known",
            Self::NothingRecorded => "nothing-recorded",
            Self::Joined => "names-joined",
            Self::Redacted(_) => "redacted",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => f.write_str("It is the only claim of this source on the question, so it stands."),
            Self::Newest { replaced } => {
                let replaced = match replaced {
                    1 => "1 earlier claim is replaced".to_owned(),
                    n => format!("{n} earlier claims are replaced"),
                };
                write!(f, "The newest stated date stands, whatever the order of recording; {replaced}.")
            }
            Self::TiedMeet => f.write_str(
                "Several claims have the same newest stated date, so they stand together, with what all of them allow.",
            ),
            Self::TiedSeveral => f.write_str(
                "Several claims have the same newest stated date, so they stand together; all can be true, and none is the single one.",
            ),
            Self::TiedInconsistent(why) => write!(
                f,
                "Several claims have the same newest stated date, so they stand together, and they cannot all be true: {why}."
            ),
            Self::SideBySide { claims: 1 } => {
                f.write_str("Nobody is named for it. Claims of nobody in particular never replace one another.")
            }
            Self::SideBySide { claims } => write!(
                f,
                "Nobody is named for these {claims} claims, and nobody knows whether they come from one mouth: they neither replace nor narrow one another."
            ),
            Self::OrderUnknown => f.write_str(
                "A day without an hour counts from its end, so it outranks the hours of that day; the real order within the day is unknown.",
            ),
            Self::DateUncertain => f.write_str("A stated date is uncertain (?, ~ or %). That marks it and never orders."),
            Self::PartnerTakenBack { of } => {
                write!(f, "#{of}, of the same newest stated date, was taken back; what was said beside it stays.")
            }
            Self::ReadsAsCorrected { of, by } => {
                write!(f, "#{of} reads as correction #{by} has it: it was recorded wrongly by us, and not said differently.")
            }
            Self::CorrectedAway { of, by } => write!(
                f,
                "#{of} should never have been recorded, says correction #{by}: it never was a statement and replaces nothing."
            ),
            Self::TakenBack { by } => {
                let by: Vec<String> = by.iter().map(|i| format!("#{i}")).collect();
                write!(
                    f,
                    "The source took its newest statement back ({}): the question is empty, and what that statement had replaced does not come back.",
                    by.join(" ")
                )
            }
            Self::Declined => f.write_str("The source gives no value: it was asked and would not say."),
            Self::StancesOnly => f.write_str(
                "The source gives no value of its own here. Its stances on others' claims never fill a standing.",
            ),
            Self::StancesBeside => f.write_str("Its stances are shown beside the value. They neither fill nor empty it."),
            Self::MovedAway { of, by } => {
                write!(f, "#{of} was recorded here by mistake: correction #{by} has it for another source or question.")
            }
            Self::StanceEnded => f.write_str(
                "No stance is left: each was taken back, followed by a newer one, or ended by a value of its own.",
            ),
            Self::NotYetSaid => f.write_str("What is known here was said after the date asked for (stated clock)."),
            Self::NotYetKnown => f.write_str("This ledger learned of it only after the time asked for (recorded clock)."),
            Self::NothingRecorded => f.write_str(
                "Nothing is recorded. That is no silence of the source: nobody can tell from here whether it was asked.",
            ),
            Self::Joined => f.write_str("Names were joined by an alias; the entries keep the words they were recorded with."),
            Self::Redacted(n) => {
                write!(f, "Erased bodies: {n}. Nobody can tell whether they belong here.")
            }
        }
    }
}
