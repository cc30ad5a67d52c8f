//! Progress on standard error; silent when it is not a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sayso_core::copy::Progress;

const ENTRIES: &str = "{msg} {bar:30} {human_pos}/{human_len} entries {eta}";

/// Something whose length nobody knows.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Bytes of a file, if its size is known.
pub(crate) fn bytes(total: Option<u64>, what: &str) -> ProgressBar {
    let Some(total) = total else { return spinner(what) };
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    match ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Entries, of which it may not be known how many there are.
pub(crate) fn entries(what: &str) -> ProgressBar {
    spinner(what)
}

/// Shows how far a copy has come.
pub(crate) fn show(bar: &ProgressBar, progress: Progress) {
    if progress.total.is_some() && bar.length().is_none() {
        bar.set_length(progress.total.unwrap_or_default());
        if let Ok(style) = ProgressStyle::with_template(ENTRIES) {
            bar.set_style(style);
        }
    }
    bar.set_position(progress.done);
}
