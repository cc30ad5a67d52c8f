//! Slips of the hand in a whole number: digits swapped, one too many, one missing, one other.

/// What may have happened to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slip {
    /// Two digits side by side changed places.
    Swapped,
    /// A digit too many.
    Extra,
    /// A digit is missing.
    Missing,
    /// One digit is another.
    Other,
}

impl Slip {
    /// As it stands in a sentence: "with ... it would be 12".
    pub(crate) const fn undone(self) -> &'static str {
        match self {
            Self::Swapped => "two digits the other way round",
            Self::Extra => "one digit fewer",
            Self::Missing => "one digit more",
            Self::Other => "one digit changed",
        }
    }
}

/// The largest number whose digits are looked at: floats are exact up to here.
const MOST: f64 = 1e15;

/// A figure as a whole number, if it is one whose digits can be looked at.
pub(crate) fn whole(figure: f64) -> Option<u64> {
    ((0.0..=MOST).contains(&figure) && figure.fract() == 0.0).then_some(figure as u64)
}

/// Every number that one slip could have made into `n`, with the slip, the likelier slips first.
pub(crate) fn intended(n: u64) -> Vec<(u64, Slip)> {
    let digits = n.to_string().into_bytes();
    let mut all = Vec::new();
    for at in 0..digits.len() {
        let mut swapped = digits.clone();
        if at + 1 < swapped.len() {
            swapped.swap(at, at + 1);
            all.push((swapped, Slip::Swapped));
        }
        let mut fewer = digits.clone();
        fewer.remove(at);
        all.push((fewer, Slip::Extra));
    }
    for digit in b'0'..=b'9' {
        for at in 0..=digits.len() {
            let mut more = digits.clone();
            more.insert(at, digit);
            all.push((more, Slip::Missing));
            let mut other = digits.clone();
            if let Some(place) = other.get_mut(at) {
                *place = digit;
                all.push((other, Slip::Other));
            }
        }
    }
    let mut numbers: Vec<(u64, Slip)> = all
        .into_iter()
        .filter(|(digits, _)| digits.first().is_some_and(|first| *first != b'0'))
        .filter_map(|(digits, slip)| Some((String::from_utf8(digits).ok()?.parse().ok()?, slip)))
        .filter(|(number, _)| *number != n)
        .collect();
    numbers.sort_unstable_by_key(|(number, slip)| (*slip, *number));
    numbers.dedup();
    numbers
}

/// The slip that makes `n` out of a number in `range`: a swap before a digit too many or missing. Only these: with one digit changed,
/// nearly any number can be made out of another one.
pub(crate) fn out_of(n: u64, range: std::ops::RangeInclusive<f64>) -> Option<(u64, Slip)> {
    intended(n).into_iter().find(|(number, slip)| *slip != Slip::Other && range.contains(&(*number as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slip_is_undone() {
        let slip = |typed: u64, meant: u64| intended(typed).into_iter().find(|(n, _)| *n == meant).map(|(_, s)| s);
        assert_eq!(slip(1_138_750, 1_137_850), Some(Slip::Swapped));
        assert_eq!(slip(14_566_100, 1_456_610), Some(Slip::Extra));
        assert_eq!(slip(36_082, 360_820), Some(Slip::Missing));
        assert_eq!(slip(1_115, 2_115), Some(Slip::Other));
        assert_eq!(slip(12, 12), None);
        assert_eq!(slip(100, 1_234), None);
        assert!(intended(7).iter().all(|(n, _)| *n > 0), "no number begins with a nought");
        assert_eq!(whole(2.5), None);
        assert_eq!(whole(1e16), None);
        assert_eq!(out_of(1_115, 2_000.0..=2_200.0), None, "one digit changed explains too much");
    }
}
