//! What both ways to import share: the file that is read, all that is wrong in it, and what became of the events.

use std::collections::{HashMap, HashSet};
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
    /// What was added last: a cell that several events of a row are made with is wrong once.
    last: Option<(P, String)>,
}

impl<P> Default for Wrong<P> {
    fn default() -> Self {
        Self { first: vec![], count: 0, last: None }
    }
}

impl<P: Ord + Copy> Wrong<P> {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn add(&mut self, place: P, message: String) {
        if self.last.as_ref().is_some_and(|(at, what)| *at == place && *what == message) {
            return;
        }
        self.last = Some((place, message.clone()));
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

/// Pairs of places that are named where events repeat others, and pairs of events that they are chosen from: several cells of one row
/// make one pair of places.
const REPEATS_SHOWN: usize = 5;
const REPEATS_KEPT: usize = 100;

/// What became of the events.
pub(super) struct Became<'a> {
    appended: &'a Appended,
    dry_run: bool,
    fresh: usize,
    /// Events that say the same as an earlier one of this import.
    repeats: usize,
    /// The first of them, by position: the later event and the one that it repeats.
    first_repeats: Vec<(usize, usize)>,
}

impl<'a> Became<'a> {
    pub(super) fn new(appended: &'a Appended, dry_run: bool) -> Self {
        let mut became = Self { appended, dry_run, fresh: 0, repeats: 0, first_repeats: vec![] };
        // New entries are numbered as they come, so the first of them tells which entries are of this import.
        let mut first_new = None;
        let mut kept: Vec<(usize, u64)> = Vec::new();
        for (position, outcome) in appended.outcomes.iter().enumerate() {
            match outcome {
                Outcome::Appended(i) => {
                    became.fresh += 1;
                    first_new.get_or_insert(*i);
                }
                Outcome::AlreadyThere(i) if first_new.is_some_and(|first| *i >= first) => {
                    became.repeats += 1;
                    if kept.len() < REPEATS_KEPT {
                        kept.push((position, *i));
                    }
                }
                Outcome::AlreadyThere(_) => {}
            }
        }
        if !kept.is_empty() {
            let wanted: HashSet<u64> = kept.iter().map(|(_, i)| *i).collect();
            let places: HashMap<u64, usize> = (appended.outcomes.iter().enumerate())
                .filter(|(_, o)| matches!(o, Outcome::Appended(_)) && wanted.contains(&o.index()))
                .map(|(position, o)| (o.index(), position))
                .collect();
            became.first_repeats = kept.into_iter().filter_map(|(later, i)| Some((later, *places.get(&i)?))).collect();
        }
        became
    }

    /// The first pairs of places, each once, and whether there are more.
    fn repeats<T: PartialEq>(&self, pair: impl Fn(usize, usize) -> T) -> (Vec<T>, bool) {
        let mut pairs: Vec<T> = Vec::new();
        for (later, earlier) in &self.first_repeats {
            let pair = pair(*later, *earlier);
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        let more = self.repeats > self.first_repeats.len() || pairs.len() > REPEATS_SHOWN;
        pairs.truncate(REPEATS_SHOWN);
        (pairs, more)
    }

    fn there(&self) -> usize {
        self.appended.outcomes.len() - self.fresh - self.repeats
    }

    /// `place`: what to call the event at a position, as in `row 3`.
    pub(super) fn in_words(&self, place: impl Fn(usize) -> String) -> String {
        let (fresh, there) = (self.fresh, self.there());
        let mut text = String::new();
        if self.repeats > 0 {
            let (pairs, more) = self.repeats(|later, earlier| format!("{} = {}", place(later), place(earlier)));
            let more = if more { ", ..." } else { "" };
            let (events, repeat, count) = if self.repeats == 1 {
                ("event", "repeats an earlier one", "counts")
            } else {
                ("events", "repeat earlier ones", "count")
            };
            text.push_str(&format!(
                "{} {events} {repeat} of this input, and {count} once; an `id` would tell them apart: {}{more}\n",
                self.repeats,
                pairs.join(", ")
            ));
        }
        if self.dry_run {
            text.push_str(&format!("{fresh} would be appended, {there} already there. Nothing was written.\n"));
        } else {
            text.push_str(&format!("{fresh} appended, {there} already there.\nReceipt: {}\n", self.appended.head));
        }
        text
    }

    /// The same as JSON. After a dry run there is no head: what it would be depends on salts not drawn yet. `place`: the fields that
    /// say which event stands at a position.
    pub(super) fn to_json(&self, place: impl Fn(usize) -> Value) -> Value {
        let head = (!self.dry_run).then(|| json::head(self.appended.head));
        let (first, _) =
            self.repeats(|later, earlier| serde_json::json!({"of": place(earlier), "repeat": place(later)}));
        serde_json::json!({
            "appended": self.fresh, "already_there": self.there(), "repeats": self.repeats, "first_repeats": first,
            "dry_run": self.dry_run, "head": head,
        })
    }
}
