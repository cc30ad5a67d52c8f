//! Numbers in as few bytes as they need: seven bits a byte, the lowest first.

/// Adds a number.
pub(super) fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n.to_le_bytes()[0] | 0x80);
        n >>= 7;
    }
    out.push(n.to_le_bytes()[0]);
}

/// Adds a number that may be below zero: small ones stay short on both sides.
pub(super) fn put_signed(out: &mut Vec<u8>, n: i64) {
    put(out, ((n << 1) ^ (n >> 63)).cast_unsigned());
}

/// Adds bytes, and before them how many.
pub(super) fn put_slice(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what was put. `None` means that these are other bytes.
#[derive(Clone, Copy)]
pub(super) struct Varints<'a>(pub(super) &'a [u8]);

impl<'a> Varints<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let mut n = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The tenth byte has room for one bit.
                return (shift < 63 || byte < 2).then_some(n);
            }
        }
        None
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let n = self.number()?;
        Some((n >> 1).cast_signed() ^ -((n & 1).cast_signed()))
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn slice(&mut self) -> Option<&'a [u8]> {
        let n = self.length()?;
        self.take(n)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let (mut n, mut out) = (1u64, Vec::new());
        let mut all = vec![0, u64::MAX];
        while n != 0 {
            all.extend([n - 1, n, n + 1]);
            n <<= 1;
        }
        all.iter().for_each(|n| put(&mut out, *n));
        all.iter().for_each(|n| put_signed(&mut out, n.cast_signed()));
        let mut read = Varints(&out);
        assert!(all.iter().all(|n| read.number() == Some(*n)));
        assert!(all.iter().all(|n| read.signed() == Some(n.cast_signed())) && read.is_empty());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(Varints(&[0x80]).number(), None, "cut short");
        assert_eq!(Varints(&[0xff; 11]).number(), None, "too long");
        assert_eq!(Varints(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number(), None, "too large");
        assert_eq!(Varints(&[5, 1, 2]).slice(), None, "a slice beyond the end");
    }
}
