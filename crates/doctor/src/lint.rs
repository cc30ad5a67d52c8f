//! The lints by name, and what each says of itself.

use std::fmt;
use std::str::FromStr;

use crate::lints;

/// One kind of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // `About` says what each finds
pub enum Lint {
    BeforeEvent,
    FallingTotal,
    OddFigure,
    FalseExactness,
    PartOfAPerson,
    OneOrigin,
    AlikeNames,
    AlikeQuestions,
}

/// What a lint says of itself, in whole sentences.
pub(crate) struct About {
    pub(crate) name: &'static str,
    /// What it finds.
    pub(crate) finds: &'static str,
    /// What one could do.
    pub(crate) advice: &'static str,
    /// When it is wrong.
    pub(crate) false_alarms: &'static str,
}

/// No lint has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLint(String);

impl Lint {
    /// All of them, in the order in which findings are shown.
    pub const ALL: [Self; 8] = [
        Self::BeforeEvent,
        Self::FallingTotal,
        Self::OddFigure,
        Self::FalseExactness,
        Self::PartOfAPerson,
        Self::OneOrigin,
        Self::AlikeNames,
        Self::AlikeQuestions,
    ];

    const fn about(self) -> &'static About {
        match self {
            Self::BeforeEvent => &lints::before_event::ABOUT,
            Self::FallingTotal => &lints::falling_total::ABOUT,
            Self::OddFigure => &lints::odd_figure::ABOUT,
            Self::FalseExactness => &lints::false_exactness::ABOUT,
            Self::PartOfAPerson => &lints::part_of_a_person::ABOUT,
            Self::OneOrigin => &lints::one_origin::ABOUT,
            Self::AlikeNames => &lints::alike_names::ABOUT,
            Self::AlikeQuestions => &lints::alike_questions::ABOUT,
        }
    }

    /// The name by which it is silenced.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// What it finds.
    #[must_use]
    pub const fn finds(self) -> &'static str {
        self.about().finds
    }

    /// What one could do about a finding.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.about().advice
    }

    /// When it is wrong.
    #[must_use]
    pub const fn false_alarms(self) -> &'static str {
        self.about().false_alarms
    }
}

impl FromStr for Lint {
    type Err = UnknownLint;

    fn from_str(text: &str) -> Result<Self, UnknownLint> {
        Self::ALL
            .into_iter()
            .find(|lint| lint.name() == text)
            .ok_or_else(|| UnknownLint(text.chars().take(60).collect()))
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for UnknownLint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Lint::ALL.iter().map(|lint| lint.name()).collect();
        write!(f, "`{}` is no lint; there are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownLint {}
