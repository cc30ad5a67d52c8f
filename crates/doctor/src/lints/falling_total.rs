//! `falling-total`: a figure that counts everything so far, and falls.
//!
//! **Which questions.** One whose subject or predicate has one of the words `cum`, `cumul`, `cumulative`, `cumulated`; or one that behaves so: it rose
//! at least 8 times, and at most one change in five was a fall. Both numbers come from the sets in `../shared/data`: of 60 real totals
//! that change at least 8 times the worst (Oryx, helicopters) falls in 2 of 12 changes, while figures for single days fall in about half
//! of them.
//!
//! **What is a fall.** Every figure of a date is below every figure of the date before, by the same source, in the same unit. Where two
//! compilers read one bulletin differently, the difference is no fall.
//!
//! **False alarms.** A source that recounts: Oryx takes out what it finds counted twice, and each such day is found. That is history
//! and nothing to mend. A total over a time that starts again each year falls every January.

use crate::finding::{Finding, Report};
use crate::lint::{About, Lint};
use crate::readings::Readings;
use crate::series::Series;

pub(crate) const ABOUT: About = About {
    name: "falling-total",
    finds: "A figure that counts everything so far, and falls.",
    advice: "Compare both entries with what was published. A slip in the record is mended with `sayso correct --of '#N'`. If the source \
             itself counted anew, leave it: that is history.",
    false_alarms: "Sources that recount, and totals that start again each year.",
};

pub(crate) fn find(series: &Series, readings: &Readings, report: &mut Report) {
    let Some(total) = series.total() else { return };
    for (before, now) in series.falls() {
        let (less, told) = (before.figure - now.figure, now.told());
        report.push(Finding {
            lint: Lint::FallingTotal,
            entries: readings.trails(&[before.index, now.index]),
            what: format!("{}: {told}, after {}: {} less.", series.heading(), before.told(), rounded(less)),
            why: total.why(),
            command: None,
        });
    }
}

/// A difference without the noise of binary fractions.
fn rounded(n: f64) -> f64 {
    (n * 1e6).round() / 1e6
}
