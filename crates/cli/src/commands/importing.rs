//! What both ways to import share: the file that is read, all that is wrong in it, and what became of the events.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sayso_core::ledger::{AppendError, Appended, Batch, Ledger, Outcome};
use serde_json::Value;

use crate::error::CliError;
use crate::output::table::escape;
use crate::output::{json, progress};

/// Bad places reported before the rest is left out.
const MAX_REPORTED: usize = 100;
/// Characters of one place's message: it may quote what was given, and that may be a whole article.
const MAX_MESSAGE: usize = 500;

/// A file to import, or what comes through the pipe.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) bytes: Box<dyn Read>,
    /// How many there are, if that is known.
    pub(super) length: Option<u64>,
}

impl Input {
    /// `wanted`: what to name instead of a directory.
    pub(super) fn open(path: &Path, wanted: &str) -> Result<Self, CliError> {
        if path == Path::new("-") {
            let bytes = Box::new(std::io::stdin().lock());
            return Ok(Self { name: "<stdin>".to_owned(), bytes, length: None });
        }
        let name = path.display().to_string();
        let io = |e: std::io::Error| CliError::io(path, &e);
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(CliError::failed(format!("{name} is a directory; name {wanted}")));
        }
        Ok(Self { name, bytes: Box::new(file), length: Some(metadata.len()) })
    }
}

/// What is wrong, by place and in order, up to a limit.
pub(super) struct Wrong<P> {
    pub(super) first: Vec<(P, String)>,
    pub(super) count: usize,
}

impl<P> Default for Wrong<P> {
    fn default() -> Self {
        Self { first: vec![], count: 0 }
    }
}

impl<P: Ord> Wrong<P> {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn add(&mut self, place: P, message: String) {
        self.count += 1;
        // In order: of two kinds of mistake, either may come first.
        let at = self.first.partition_point(|(p, _)| *p <= place);
        self.first.insert(at, (place, message));
        self.first.truncate(MAX_REPORTED);
    }

    /// All of it as one error. `one`: what a mistake is called.
    pub(super) fn report(&self, one: &str, place: impl Fn(&P) -> String) -> CliError {
        let shown = self.first.iter().map(|(at, what)| format!("{}: {}", place(at), shorten(what)));
        let left_out = self.count - self.first.len();
        let more = (left_out > 0).then(|| format!("... and {left_out} more"));
        let many = if self.count == 1 { "" } else { "s" };
        let head = format!("{} {one}{many}, so nothing was appended:", self.count);
        let lines: Vec<String> = std::iter::once(head).chain(shown).chain(more).collect();
        CliError::refused(lines.join("\n"))
    }
}

/// One line of reasonable length.
fn shorten(message: &str) -> String {
    let mut shown: String = message.chars().take(MAX_MESSAGE).collect();
    if shown.len() < message.len() {
        shown.push('…');
    }
    escape(&shown)
}

/// Appends a batch, or only looks whether it could be.
pub(super) fn append(ledger: &Ledger, batch: &Batch, only_check: bool) -> Result<Appended, AppendError> {
    let waiting = progress::spinner(if only_check { "checking" } else { "appending" });
    let result = if only_check { ledger.check(batch) } else { ledger.append(batch) };
    waiting.finish_and_clear();
    result
}

/// What became of the events.
pub(super) struct Became<'a> {
    appended: &'a Appended,
    dry_run: bool,
    fresh: usize,
}

impl<'a> Became<'a> {
    pub(super) fn new(appended: &'a Appended, dry_run: bool) -> Self {
        let fresh = appended.outcomes.iter().filter(|o| matches!(o, Outcome::Appended(_))).count();
        Self { appended, dry_run, fresh }
    }

    fn there(&self) -> usize {
        self.appended.outcomes.len() - self.fresh
    }

    pub(super) fn in_words(&self) -> String {
        let (fresh, there) = (self.fresh, self.there());
        if self.dry_run {
            format!("{fresh} would be appended, {there} already there. Nothing was written.\n")
        } else {
            format!("{fresh} appended, {there} already there.\nReceipt: {}\n", self.appended.head)
        }
    }

    /// The same as JSON. After a dry run there is no head: what it would be depends on salts not drawn yet.
    pub(super) fn to_json(&self) -> Value {
        let head = (!self.dry_run).then(|| json::head(self.appended.head));
        serde_json::json!({
            "appended": self.fresh, "already_there": self.there(), "dry_run": self.dry_run, "head": head,
        })
    }
}
