//! Pictures out: from the core's views and histories to SVG, PNG and HTML.
//!
//! ```text
//! Course, History (sayso-core) -> track: what each source says, from day to day
//!     -> chart, timeline, matrix -> svg -> png
//!     -> report: one page with a date slider, its data and its own small program
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`chart`] | one question over time: steps, bands, lanes |
//! | [`timeline`] | what was said on a subject, one line a statement |
//! | [`matrix`] | source by question at a moment |
//! | [`report`] | the page |
//! | [`png`] | an SVG as a bitmap |
//! | `track`, `answer` | what a source says, made ready for drawing |
//! | `svg`, `lettering`, `scale`, `palette` | marks on paper |
//!
//! What it is not: it opens no ledger, decides nothing about what stands, prints nothing, and reads no clock.

mod answer;
pub mod chart;
mod lettering;
pub mod matrix;
mod palette;
pub mod png;
pub mod report;
mod scale;
mod svg;
pub mod timeline;
mod track;

/// What stands above a picture.
#[derive(Debug, Clone, Default)]
pub struct Caption {
    /// The heading.
    pub title: String,
    /// Which clocks were used, in which zone; one line each.
    pub lines: Vec<String>,
}
