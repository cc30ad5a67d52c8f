//! Progress on standard error; silent when it is not a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Something whose length nobody knows.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// A known number of entries.
pub(crate) fn entries(total: u64, what: &str) -> ProgressBar {
    bar(total, what, "{msg} {bar:30} {human_pos}/{human_len} entries {eta}")
}

/// Bytes of a file, if its size is known.
pub(crate) fn bytes(total: Option<u64>, what: &str) -> ProgressBar {
    let Some(total) = total else { return spinner(what) };
    bar(total, what, "{msg} {bar:30} {bytes}/{total_bytes} {eta}")
}

fn bar(total: u64, what: &str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
