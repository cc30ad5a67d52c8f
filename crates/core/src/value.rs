//! What a claim claims: text, yes or no, a number with bounds, a date, or one of two kinds of nothing.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::number::Number;
use crate::text::Text;
use crate::time::Edtf;

/// The value of a claim, as the source gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Words.
    Text(Text),
    /// Yes or no.
    YesNo(bool),
    /// A number, exact or with bounds.
    Quantity(Bounds),
    /// About so many.
    Approx(Number),
    /// A date.
    Date(Edtf),
    /// There is a value, and nobody gave it.
    Unknown,
    /// There is none.
    None,
}

/// A closed interval of numbers with at least one end; equal ends are an exact number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(Option<Number>, Option<Number>)", into = "(Option<Number>, Option<Number>)")]
pub struct Bounds {
    min: Option<Number>,
    max: Option<Number>,
}

/// Why bounds were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundsError {
    /// Neither end is given.
    #[error("needs `min`, `max` or both")]
    Empty,
    /// The lower end lies above the upper one.
    #[error("has its lower bound {0} above its upper bound {1}")]
    Crossed(Number, Number),
}

impl Bounds {
    /// Bounds from either end or both, inclusive.
    ///
    /// # Errors
    /// [`BoundsError`].
    pub fn new(min: Option<Number>, max: Option<Number>) -> Result<Self, BoundsError> {
        match (min, max) {
            (None, None) => Err(BoundsError::Empty),
            (Some(a), Some(b)) if a > b => Err(BoundsError::Crossed(a, b)),
            _ => Ok(Self { min, max }),
        }
    }

    /// Exactly this number.
    #[must_use]
    pub fn exactly(n: Number) -> Self {
        Self { min: Some(n), max: Some(n) }
    }

    /// The lower bound.
    #[must_use]
    pub fn min(self) -> Option<Number> {
        self.min
    }

    /// The upper bound.
    #[must_use]
    pub fn max(self) -> Option<Number> {
        self.max
    }

    /// The number, where both ends meet.
    #[must_use]
    pub fn exact(self) -> Option<Number> {
        self.min.filter(|_| self.min == self.max)
    }

    /// What both allow, if anything.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        let min = self.min.max(other.min); // `None` is smallest, and means no bound
        let max = match (self.max, other.max) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self::new(min, max).ok()
    }
}

impl TryFrom<(Option<Number>, Option<Number>)> for Bounds {
    type Error = BoundsError;
    fn try_from((min, max): (Option<Number>, Option<Number>)) -> Result<Self, BoundsError> {
        Self::new(min, max)
    }
}

impl From<Bounds> for (Option<Number>, Option<Number>) {
    fn from(b: Bounds) -> Self {
        (b.min, b.max)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(a), Some(b)) if a == b => write!(f, "{a}"),
            (Some(a), Some(b)) => write!(f, "{a}..{b}"),
            (Some(a), None) => write!(f, ">={a}"),
            (None, Some(b)) => write!(f, "<={b}"),
            (None, None) => Ok(()), // cannot be built
        }
    }
}

/// For people: `2`, `>=2`, `~2000`, `yes`, `unknown`. Text stands as it is.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(t) => t.fmt(f),
            Self::YesNo(true) => f.write_str("yes"),
            Self::YesNo(false) => f.write_str("no"),
            Self::Quantity(b) => b.fmt(f),
            Self::Approx(n) => write!(f, "~{n}"),
            Self::Date(d) => d.fmt(f),
            Self::Unknown => f.write_str("unknown"),
            Self::None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(min: Option<i64>, max: Option<i64>) -> Bounds {
        Bounds::new(min.map(Into::into), max.map(Into::into)).unwrap()
    }

    #[test]
    fn at_least_two_and_two_meet_in_two() {
        let both = bounds(Some(2), None).intersect(bounds(Some(2), Some(2)));
        assert_eq!(both, Some(bounds(Some(2), Some(2))));
        assert_eq!(bounds(Some(2), Some(2)).intersect(bounds(Some(4), Some(4))), None);
        assert_eq!(bounds(None, Some(40)).intersect(bounds(Some(12), None)), Some(bounds(Some(12), Some(40))));
        assert_eq!(bounds(None, Some(40)).intersect(bounds(None, Some(30))), Some(bounds(None, Some(30))));
    }

    #[test]
    fn impossible_bounds_do_not_exist() {
        assert_eq!(Bounds::new(None, None), Err(BoundsError::Empty));
        assert!(matches!(Bounds::new(Some(3.into()), Some(2.into())), Err(BoundsError::Crossed(..))));
    }
}
