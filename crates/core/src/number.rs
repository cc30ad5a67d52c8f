//! Exact decimal numbers: what a source said, never what a float made of it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An exact decimal: 28 significant digits always fit; trailing zeros removed, so that `2.0` and `2` are one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(i128, u8)", into = "(i128, u8)")]
pub struct Number(Decimal);

/// Why a number was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// Not decimal notation.
    #[error("`{0}` is not a number (write digits with a dot for decimals: 1200 or 12.5)")]
    Syntax(String),
    /// Needs more than 28 digits.
    #[error("`{0}` does not fit: at most 28 digits are kept exactly")]
    TooPrecise(String),
    /// Stored bytes that are not in normal form.
    #[error("stored number is not in normal form")]
    NotNormal,
}

impl Number {
    /// The number zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Whether the number has no fractional part.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.0.is_integer()
    }

    /// `self + n`, if it still fits.
    #[must_use]
    pub fn plus(self, n: i64) -> Option<Self> {
        self.0.checked_add(Decimal::from(n)).map(|d| Self(d.normalize()))
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Self(Decimal::from(n).normalize())
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(s: &str) -> Result<Self, NumberError> {
        let shown = || s.chars().take(60).collect::<String>();
        let digits = s.strip_prefix('-').unwrap_or(s);
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((m, e)) => (m, Some(e)),
            None => (digits, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let exponent_ok = exponent.is_none_or(|e| all_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
        if !all_digits(whole) || !all_digits(fraction) || !exponent_ok {
            return Err(NumberError::Syntax(shown()));
        }
        let too_precise = || NumberError::TooPrecise(shown());
        let sign = if s.starts_with('-') { "-" } else { "" };
        let mantissa = Decimal::from_str_exact(&format!("{sign}{mantissa}")).map_err(|_| too_precise())?;
        let exponent: i32 = exponent.unwrap_or("0").parse().map_err(|_| too_precise())?;
        let decimal = shift(mantissa.normalize(), exponent).ok_or_else(too_precise)?;
        Ok(Self(decimal.normalize()))
    }
}

/// `d` times ten to the power of `exponent`, exactly or not at all (the library's own scientific notation rounds).
fn shift(mut d: Decimal, exponent: i32) -> Option<Decimal> {
    if d.is_zero() {
        return Some(Decimal::ZERO);
    }
    for _ in 0..exponent.max(0) {
        match d.scale().checked_sub(1) {
            Some(scale) => d.set_scale(scale).ok()?,
            None => d = d.checked_mul(Decimal::TEN)?,
        }
    }
    if exponent < 0 {
        d.set_scale(d.scale().checked_add(exponent.unsigned_abs())?).ok()?;
    }
    Some(d)
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Number> for (i128, u8) {
    fn from(n: Number) -> Self {
        // A scale is at most 28.
        (n.0.mantissa(), u8::try_from(n.0.scale()).unwrap_or(u8::MAX))
    }
}

impl TryFrom<(i128, u8)> for Number {
    type Error = NumberError;

    fn try_from((mantissa, scale): (i128, u8)) -> Result<Self, NumberError> {
        let decimal =
            Decimal::try_from_i128_with_scale(mantissa, u32::from(scale)).map_err(|_| NumberError::NotNormal)?;
        let normal = decimal.normalize();
        // `==` on decimals ignores scale; the stored form must be the one we would write.
        if (normal.mantissa(), normal.scale()) != (mantissa, u32::from(scale)) {
            return Err(NumberError::NotNormal);
        }
        Ok(Self(normal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(s: &str) -> Number {
        s.parse().unwrap()
    }

    #[test]
    fn one_number_one_form() {
        assert_eq!(n("2.0"), n("2"));
        assert_eq!(n("2.50").to_string(), "2.5");
        assert_eq!(n("-0"), n("0"));
        assert_eq!(n("1e3"), n("1000"));
        assert_eq!(n("1.5E-2").to_string(), "0.015");
        assert_eq!(n("2e+05"), n("200000"));
        assert_eq!(<(i128, u8)>::from(n("-0")), (0, 0));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bad in ["", "-", "1,200", "0x10", "1.", ".5", "1e", "NaN", "١٢", "1 000", "+1", "--1"] {
            assert!(matches!(bad.parse::<Number>(), Err(NumberError::Syntax(_))), "{bad}");
        }
        for big in ["123456789012345678901234567890", "1e40", "1e-40", "1e99999999999"] {
            assert!(matches!(big.parse::<Number>(), Err(NumberError::TooPrecise(_))), "{big}");
        }
    }

    #[test]
    fn stored_numbers_must_be_normal() {
        assert_eq!(Number::try_from((20_i128, 1_u8)), Err(NumberError::NotNormal));
        assert_eq!(Number::try_from((2_i128, 0_u8)), Ok(n("2")));
        assert!(Number::try_from((i128::MAX, 0_u8)).is_err());
        assert!(Number::try_from((1_i128, 200_u8)).is_err());
    }
}
