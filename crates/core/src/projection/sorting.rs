//! Sorts the rows of many pieces, by their names and in the order of recording. There are far fewer names than rows: each name is looked at
//! letter by letter once, and the rows are then sorted by numbers.

use std::collections::HashMap;

use rayon::prelude::*;

use super::chunk::RawPosting;
use super::posting::Order;
use super::rows::Rows;

/// Rows in order.
pub(super) struct Sorted<'p> {
    pieces: &'p [Rows],
    order: Order,
    /// By what they were sorted: the ranks of the three names, and the row's number.
    rows: Vec<u128>,
    /// Where a row lies: its piece, and its number there.
    places: Vec<(u32, u32)>,
}

const NUMBER_BITS: u32 = 32;
/// Fewer rows are sorted on this thread: it may hold a lock, and one that waits for others does other people's work meanwhile.
const MANY: usize = 1 << 16;

impl<'p> Sorted<'p> {
    /// All the rows of pieces that follow one another. There may be no more of them than fit into 32 bits: whoever brings them bounds how
    /// many.
    pub(super) fn of(pieces: &'p [Rows], order: Order) -> Self {
        let mut names = Numbers::default();
        let (mut rows, mut places): (Vec<u128>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
        for (piece, at) in pieces.iter().zip(0u32..) {
            for n in piece.numbers(order) {
                let [first, second, third] = names.of(piece.names(order, n));
                let number = u32::try_from(places.len()).unwrap_or(u32::MAX);
                rows.push(packed(first, second, third, number));
                places.push((at, n));
            }
        }
        let ranks = names.ranks();
        let rank = |name: u32| ranks.get(name as usize).copied().unwrap_or_default();
        let rank_all = |row: &mut u128| {
            let [first, second, third, number] = unpacked(*row);
            *row = packed(rank(first), rank(second), rank(third), number);
        };
        if rows.len() < MANY {
            rows.iter_mut().for_each(rank_all);
            rows.sort_unstable();
        } else {
            rows.par_iter_mut().for_each(rank_all);
            rows.par_sort_unstable();
        }
        Self { pieces, order, rows, places }
    }

    /// Key and posting of each row, those that came twice once.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'p [u8], RawPosting<'p>)> {
        let mut before = None;
        self.rows.iter().filter_map(move |row| {
            let [.., number] = unpacked(*row);
            let (piece, n) = *self.places.get(number as usize)?;
            let (key, posting) = self.pieces.get(piece as usize)?.row(self.order, n);
            let this = Some((row >> NUMBER_BITS, posting.index));
            (std::mem::replace(&mut before, this) != this).then_some((key, posting))
        })
    }
}

fn packed(first: u32, second: u32, third: u32, number: u32) -> u128 {
    [first, second, third, number].into_iter().fold(0, |all, part| all << NUMBER_BITS | u128::from(part))
}

#[expect(clippy::cast_possible_truncation, reason = "each part is taken by itself")]
fn unpacked(row: u128) -> [u32; 4] {
    [3, 2, 1, 0].map(|part| (row >> (part * NUMBER_BITS)) as u32)
}

/// Names, numbered as they come.
#[derive(Default)]
struct Numbers<'p> {
    numbers: HashMap<&'p [u8], u32>,
    /// The names of the row before, which the next mostly shares some of.
    last: [Option<(&'p [u8], u32)>; 3],
}

impl<'p> Numbers<'p> {
    fn of(&mut self, names: [&'p [u8]; 3]) -> [u32; 3] {
        for (last, name) in self.last.iter_mut().zip(names) {
            if last.is_none_or(|(last, _)| last != name) {
                let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
                *last = Some((name, *self.numbers.entry(name).or_insert(next)));
            }
        }
        self.last.map(|last| last.map_or(u32::MAX, |(_, number)| number))
    }

    /// The place of each name, by its number, in the order of the alphabet of bytes.
    fn ranks(&self) -> Vec<u32> {
        let mut names: Vec<(&[u8], u32)> = self.numbers.iter().map(|(name, number)| (*name, *number)).collect();
        names.sort_unstable();
        let mut ranks = vec![0; names.len()];
        for ((_, number), place) in names.into_iter().zip(0..) {
            if let Some(rank) = ranks.get_mut(number as usize) {
                *rank = place;
            }
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::chunk::Kept;
    use crate::projection::posting::{Kind, Posting};

    #[test]
    fn rows_are_in_the_order_of_their_keys() {
        let names = ["", "a", "a b", "a/b", "ab", "b", "Å", "я", "中"];
        let mut pieces = Vec::new();
        let mut expected = Vec::new();
        let mut index = 0;
        for piece in 0..5 {
            let mut rows = Rows::default();
            for n in 0..200usize {
                let name = |k: usize| names[(n * 31 + k * 17 + piece * 7 + n / 9 * k) % names.len()];
                let key = [name(1), name(2), name(3)];
                let content = Kept { own: rows.keep(&[]), shared: rows.keep(&[]) };
                let posting = Posting { kind: Kind::Claim, index, last: 0, day: None, content };
                let times = if n % 13 == 0 { 2 } else { 1 };
                (0..times).for_each(|_| rows.push(Order::Source, key, posting));
                expected.push((key.join("\0").into_bytes(), index));
                index += 1;
            }
            pieces.push(rows);
        }
        expected.sort();
        let sorted = Sorted::of(&pieces, Order::Source);
        let found: Vec<(Vec<u8>, u64)> = sorted.iter().map(|(key, posting)| (key.to_vec(), posting.index)).collect();
        assert_eq!(found, expected);
        assert_eq!(Sorted::of(&pieces, Order::Question).iter().count(), 0);
    }
}
