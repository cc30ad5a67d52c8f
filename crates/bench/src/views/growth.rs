//! Growth: ledgers of every size hold the same claims of one watched source, and the same on one watched subject, spread over the whole
//! log. Only the claims of others, on other questions, grow in number.

use std::time::Instant;

use sayso_core::directory::{LedgerDir, is_ledger};
use sayso_core::event::Content;
use sayso_core::ledger::NewEvent;
use sayso_core::machine::SystemEntropy;
use sayso_core::store::MemoryStore;
use sayso_core::text::Name;
use sayso_core::time::SystemClock;

use super::answer::Telling;
use super::questions::{Asked, Kind};
use super::sayso::{ask, in_batches};
use crate::Failure;
use crate::corpus::{Corpus, Random};
use crate::phase::{Figures, Task};

/// The views that are measured.
pub(super) const KINDS: [Kind; 2] = [Kind::Source, Kind::Subject];

/// Claims of the watched source, on 20 subjects x 25 predicates.
const OF_SOURCE: u64 = 2_000;
/// Claims on the watched subject, by four sources.
const ON_SUBJECT: u64 = 500;
const WATCHED: u64 = OF_SOURCE + ON_SUBJECT;
const SOURCE: &str = "watched-source";
const SUBJECT: &str = "watched-bridge";
/// The corpus' number of the first watched claim: beyond any other.
const FIRST_WATCHED: u64 = 1 << 40;
/// After so many claims of others there are eight more sources.
const SOURCES_GROW: u64 = 100_000;
/// After so many, there are 100,000 more questions.
const QUESTIONS_GROW: u64 = 1_000_000;

/// Entries have other numbers in every ledger; all else must be the same.
const TELLING: Telling = Telling { entries: false, whole: None };

/// The watched claim with this number.
fn watched(corpus: &Corpus, at: u64) -> Result<NewEvent, Failure> {
    let (source, subject) = if at < OF_SOURCE {
        (SOURCE.to_owned(), format!("watched-place-{}", at % 20))
    } else {
        (format!("watcher-{}", at % 4), SUBJECT.to_owned())
    };
    renamed(corpus, FIRST_WATCHED + at, |_| source.clone(), |_| subject.clone())
}

/// A claim of others.
fn other(corpus: &Corpus, n: u64) -> Result<NewEvent, Failure> {
    let source = |name: &str| format!("{name}-{}", n / SOURCES_GROW);
    let subject = |name: &str| format!("{name}-{}", n / QUESTIONS_GROW);
    renamed(corpus, n, source, subject)
}

fn renamed(
    corpus: &Corpus,
    n: u64,
    source: impl Fn(&str) -> String,
    subject: impl Fn(&str) -> String,
) -> Result<NewEvent, Failure> {
    let mut new = corpus.new_events(n, 1)?.pop().ok_or("no claim")?;
    if let Content::Claim(claim) = &mut new.event.content {
        claim.by.source = Name::new(&source(claim.by.source.as_str()))?;
        claim.question.subject = Name::new(&subject(claim.question.subject.as_str()))?;
    }
    Ok(new)
}

/// A ledger of `task.count` claims, the watched ones evenly among them.
pub(crate) fn import(task: &Task) -> Result<Figures, Failure> {
    let corpus = Corpus::new(task.seed)?;
    let every = task.count / WATCHED;
    if every < 2 {
        return Err(format!("growth needs at least {} claims", 2 * WATCHED).into());
    }
    in_batches(task, |n| {
        let at = n / every;
        if n % every == 0 && at < WATCHED { watched(&corpus, at) } else { other(&corpus, n) }
    })
}

/// The dates are those of watched claims, so that something is shown on most of them.
fn asked(seed: u64, kind: Kind, count: u64) -> Result<Vec<Asked>, Failure> {
    let corpus = Corpus::new(seed)?;
    let mut random = Random::new(!seed, 2);
    let mut all = Vec::new();
    for _ in 0..count {
        let at = if kind.is_source() { random.below(OF_SOURCE) } else { OF_SOURCE + random.below(ON_SUBJECT) };
        let Content::Claim(claim) = watched(&corpus, at)?.event.content else { return Err("not a claim".into()) };
        all.push(Asked {
            source: kind.is_source().then(|| Name::new(SOURCE)).transpose()?,
            subject: (!kind.is_source()).then(|| Name::new(SUBJECT)).transpose()?,
            predicate: None,
            as_of: *claim.by.stated.date(),
            known_at: None,
        });
    }
    Ok(all)
}

/// The watched views, each call timed by itself, in a ledger that is opened for it.
pub(crate) fn views(task: &Task) -> Result<Figures, Failure> {
    if !is_ledger(&task.at) {
        return Err("there is no ledger".into());
    }
    let asked = asked(task.seed, task.kind, task.queries)?;
    let started = Instant::now();
    let ledger = LedgerDir::open(&task.at)?.ledger(SystemClock, SystemEntropy)?;
    let opening = started.elapsed().as_secs_f64();
    let figures = ask(&ledger, &asked, TELLING)?;
    std::mem::forget(ledger);
    Ok(figures.with("opening_s", opening))
}

/// The answers of a ledger in memory that holds the watched claims alone.
pub(super) fn expected(seed: u64, kind: Kind, count: u64) -> Result<Vec<String>, Failure> {
    let corpus = Corpus::new(seed)?;
    let ledger =
        sayso_core::ledger::Ledger::create(std::sync::Arc::new(MemoryStore::default()), SystemClock, SystemEntropy)?;
    let events = (0..WATCHED).map(|at| watched(&corpus, at)).collect::<Result<_, _>>()?;
    ledger.append(&sayso_core::ledger::Batch { events, ..Default::default() })?;
    Ok(ask(&ledger, &asked(seed, kind, count)?, TELLING)?.answers)
}
