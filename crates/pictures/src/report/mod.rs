//! One page with everything in it: a date slider over the replayed views, the matrix, charts, the entries behind each cell.
//!
//! What the page shows at a date was worked out here, from [`OverTime`], for every day on which something changes. The page only picks
//! the last change up to its date. It needs no network, and its own policy forbids it one.

mod behind;
mod data;
mod page;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sayso_core::ledger::{DamageError, Entry};
use sayso_core::views::OverTime;

use super::Caption;
use super::answer::{Answer, cells};
use behind::Behind;

/// What goes into a page.
#[derive(Debug)]
pub struct Report<'a> {
    over: &'a OverTime,
    caption: Caption,
    audit: Audit,
    start: Option<NaiveDate>,
    behind: Vec<(u64, Behind)>,
}

/// What an audit came to.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// Whether nothing was found to be wrong.
    pub sound: bool,
    /// What it said, line by line.
    pub lines: Vec<String>,
}

impl<'a> Report<'a> {
    /// A page about these questions, which opens at a date; without one at the last change.
    #[must_use]
    pub fn new(over: &'a OverTime, caption: Caption, audit: Audit, start: Option<NaiveDate>) -> Self {
        Self { over, caption, audit, start, behind: vec![] }
    }

    /// The entries that some cell rests on at some date.
    #[must_use]
    pub fn entries(&self) -> BTreeSet<u64> {
        let rows = self.over.courses.iter().flat_map(|course| &course.steps).filter_map(|step| step.row.as_ref());
        rows.flat_map(cells).filter_map(Answer::of).flat_map(|answer| answer.entries).collect()
    }

    /// Puts an entry behind the cells that rest on it. To be called for each of [`Self::entries`], and for notes on them.
    ///
    /// # Errors
    /// [`DamageError`] if its body cannot be read.
    pub fn add(&mut self, entry: &Entry) -> Result<(), DamageError> {
        self.behind.push((entry.index(), Behind::of(entry)?));
        Ok(())
    }

    /// The page.
    ///
    /// # Errors
    /// [`serde_json::Error`] if the data cannot be written as JSON, which would be a fault of ours.
    pub fn html(&self) -> Result<String, serde_json::Error> {
        let data = data::Data::of(self);
        let behind: std::collections::BTreeMap<u64, &Behind> = self.behind.iter().map(|(i, b)| (*i, b)).collect();
        let data = page::in_script(&serde_json::to_string(&data)?);
        let entries = page::in_script(&serde_json::to_string(&behind)?);
        Ok(page::html(&self.caption.title, &data, &entries))
    }
}
