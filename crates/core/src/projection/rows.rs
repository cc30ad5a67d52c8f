//! Rows: postings in memory, on their way into a run or of the tail. Their bytes lie in one buffer: a large import would otherwise
//! allocate, and free on another thread, three times for each claim.

use super::chunk::{Content, Kept, RawPosting, Span};
use super::posting::{Kind, Order, Posting};

const NO_POSTING: RawPosting<'static> =
    Posting { kind: Kind::Claim, index: 0, last: 0, day: None, content: Content { own: &[], shared: &[] } };

/// Postings in both orders.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    by_question: Vec<Row>,
    by_source: Vec<Row>,
}

/// A posting and the names it stands under, separated by zero bytes, which no name contains.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: Span,
    /// Where the first and the second name end in the key.
    ends: [usize; 2],
    posting: Posting<Kept>,
}

impl Rows {
    /// Keeps bytes that postings can share.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Span {
        Span::keep(&mut self.bytes, bytes)
    }

    /// Bytes that it keeps.
    pub(super) fn kept(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    /// Adds a posting under a key.
    pub(super) fn push(&mut self, order: Order, key: [&str; 3], posting: Posting<Kept>) {
        let [a, b, c] = key.map(str::as_bytes);
        let key = Span::keep_all(&mut self.bytes, &[a, &[0], b, &[0], c]);
        let rows = match order {
            Order::Question => &mut self.by_question,
            Order::Source => &mut self.by_source,
        };
        rows.push(Row { key, ends: [a.len(), a.len() + 1 + b.len()], posting });
    }

    /// How many postings there are by source: at least as many as by question.
    pub(super) fn count(&self) -> usize {
        self.by_source.len()
    }

    /// The numbers of the rows in one order.
    pub(super) fn numbers(&self, order: Order) -> std::ops::Range<u32> {
        0..u32::try_from(self.rows(order).len()).unwrap_or(u32::MAX) // of a bundle
    }

    /// Key and posting of a row, as it was added; empty if there is no such row.
    pub(super) fn row(&self, order: Order, n: u32) -> (&[u8], RawPosting<'_>) {
        self.at(order, n).map_or((&[], NO_POSTING), |row| (row.key.of(&self.bytes), row.posting.raw(&self.bytes)))
    }

    /// The names that a row stands under; empty if there is no such row.
    pub(super) fn names(&self, order: Order, n: u32) -> [&[u8]; 3] {
        let names = self.at(order, n).and_then(|Row { key, ends: [first, second], .. }| {
            let key = key.of(&self.bytes);
            Some([key.get(..*first)?, key.get(first + 1..*second)?, key.get(second + 1..)?])
        });
        names.unwrap_or_default()
    }

    fn at(&self, order: Order, n: u32) -> Option<&Row> {
        self.rows(order).get(usize::try_from(n).ok()?)
    }

    fn rows(&self, order: Order) -> &[Row] {
        match order {
            Order::Question => &self.by_question,
            Order::Source => &self.by_source,
        }
    }
}
