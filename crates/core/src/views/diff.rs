//! What changed between two moments of one clock: what each source said, changed and took back; what *we* corrected, which is
//! something else; and on which questions sources began or ceased to contradict one another.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::compare::{Finding, compare_all, picked};
use super::frame::{Frame, Gathered, ever_joined};
use super::moments::Moments;
use super::verdict::Verdict;
use super::way::Way;
use crate::event::{NameKind, Question};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::projection::Ranges;
use crate::reading::Aliases;
use crate::replay::{Filter, Query, Replay, Standing, StandingStance};
use crate::text::Name;

/// The clock along which two moments are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// What had been said.
    Stated,
    /// What this ledger had learned.
    Recorded,
}

/// What changed between two moments.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The earlier moment's views.
    pub before: Replay,
    /// The later moment's views.
    pub after: Replay,
    /// By source; `unattributed` last.
    pub sources: Vec<SourceDiff>,
    /// Questions on which parties began or ceased to contradict one another.
    pub verdicts: Vec<VerdictChange>,
    /// On the recorded clock: entries recorded in between that change nothing shown here.
    pub other_entries: Vec<u64>,
}

/// What changed in one source's view.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceDiff {
    /// The source.
    pub source: Name,
    /// By question.
    pub changes: Vec<Change>,
}

/// One change of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// On which question.
    pub question: Question,
    /// What stood before. Several where names were joined in between.
    pub before: Vec<Standing>,
    /// What stands after.
    pub after: Option<Standing>,
    /// The stance that was taken or has ended.
    pub stance: Option<StandingStance>,
    /// The entries that brought it about.
    pub entries: Vec<u64>,
}

/// What happened to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The source answers where nothing of it stood.
    Said,
    /// The source says something else.
    Changed,
    /// The source says the same again.
    Repeated,
    /// The source took something back.
    TookBack,
    /// The source took a stance.
    StanceTaken,
    /// A stance no longer stands.
    StanceEnded,
    /// We mended our record; the source did nothing.
    Corrected,
    /// We recorded that names are one; the source did nothing.
    Renamed,
}

impl ChangeKind {
    /// The word used in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Said => "said",
            Self::Changed => "changed",
            Self::Repeated => "repeated",
            Self::TookBack => "took-back",
            Self::StanceTaken => "stance-taken",
            Self::StanceEnded => "stance-ended",
            Self::Corrected => "corrected",
            Self::Renamed => "renamed",
        }
    }

    /// Whether it is our record-keeping that changed, and not what the source says.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Corrected | Self::Renamed)
    }
}

/// A question on which parties began or ceased to contradict one another.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictChange {
    /// The question.
    pub question: Question,
    /// The verdict before; `None` if there was nothing on it.
    pub before: Option<Verdict>,
    /// The verdict after; `None` if there is nothing on it any more.
    pub after: Option<Verdict>,
    /// Conflicts and denials that are new.
    pub begun: Vec<Finding>,
    /// Conflicts and denials that are gone.
    pub ended: Vec<Finding>,
}

/// What changed from one query's answer to the other's. The two differ in one clock and have the same filter.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn diff(ledger: &Ledger, clock: Clock, before: &Query, after: &Query) -> Result<Diff, OpenError> {
    diff_by(ledger, clock, before, after, Way::Index)
}

pub(super) fn diff_by(
    ledger: &Ledger,
    clock: Clock,
    before: &Query,
    after: &Query,
    way: Way,
) -> Result<Diff, OpenError> {
    let filter = &after.filter;
    let right = compare_all(ledger, after, way)?;
    let Bearing { frame, candidates } = Bearing::of(ledger, after, way)?;
    let left = match clock {
        Clock::Stated => compare_all(ledger, before, way)?,
        Clock::Recorded => {
            let filter = under_all_names(filter, &frame.aliases);
            compare_all(ledger, &Query { filter, ..before.clone() }, way)?
        }
    };
    let wanted = match (picked(ledger, before, way)?, picked(ledger, after, way)?) {
        (None, None) => None,
        (a, b) => {
            let all = a.into_iter().chain(b).flatten();
            Some(all.map(|q| frame.question(&q)).collect::<BTreeSet<Question>>())
        }
    };
    let wants = |source: &Name, question: &Question| {
        filter.wants_source(source, &frame.aliases)
            && filter.wants_question(question, &frame.aliases)
            && wanted.as_ref().is_none_or(|w| w.contains(question))
    };
    let moments = Moments::new(ledger, &frame, left.replay.known_entries)?;
    let (then, now) = (moments.cells(&left.replay), moments.cells(&right.replay));
    let keys: BTreeSet<&(Name, Question)> = then.keys().chain(now.keys()).collect();
    let mut sources: Vec<SourceDiff> = Vec::new();
    for key in keys.into_iter().filter(|(source, question)| wants(source, question)) {
        let changes = moments.changes(key, then.get(key), now.get(key));
        match sources.last_mut().filter(|s| s.source == key.0) {
            Some(source) => source.changes.extend(changes),
            None if changes.is_empty() => {}
            None => sources.push(SourceDiff { source: key.0.clone(), changes }),
        }
    }
    sources.sort_by_key(|s| s.source.is_unattributed());
    let mut verdicts = moments.verdicts(&left, &right);
    verdicts.retain(|v| filter.wants_question(&v.question, &frame.aliases));
    verdicts.retain(|v| wanted.as_ref().is_none_or(|w| w.contains(&v.question)));
    let mut diff = Diff { before: left.replay, after: right.replay, sources, verdicts, other_entries: vec![] };
    if clock == Clock::Recorded {
        diff.other_entries = others(ledger, &diff, filter, &frame, candidates)?;
    }
    Ok(diff)
}

/// What bears on the answers to a filter.
struct Bearing {
    frame: Frame,
    /// Among these are all entries that the filter wants; `None`: any can be.
    candidates: Option<BTreeSet<u64>>,
}

impl Bearing {
    fn of(ledger: &Ledger, query: &Query, way: Way) -> Result<Self, OpenError> {
        let (known_at, filter) = (query.known_at.as_ref(), &query.filter);
        let gather = || match filter.sources.is_empty() && filter.subject_prefixes.is_empty() {
            true => Ok(None),
            false => Frame::gather(ledger, known_at, |others| {
                let filter = under_every_name(filter, &ever_joined(others));
                Ranges::of(&filter, &Aliases::default())
            }),
        };
        let Some(Gathered { frame, mut claims }) = way.indexed(gather)? else {
            return Ok(Self { frame: Frame::read(ledger, known_at)?, candidates: None });
        };
        claims.extend(frame.others.keys());
        // Of a source's retraction the index knows what it takes back; if that was erased, or an alias that made it the source's own,
        // only going through the log finds it.
        let candidates = Some(claims).filter(|_| frame.redacted.is_empty());
        Ok(Self { frame, candidates })
    }
}

/// The filter for the earlier moment of the recorded clock: a name that was joined in between has to be looked for under what it
/// was called then. Names that were one then and are not any more can bring too much; the later moment's names leave it out.
fn under_all_names(filter: &Filter, aliases: &Aliases) -> Filter {
    let mut all = under_subjects_and_predicates(filter, aliases);
    if !filter.sources.is_empty() {
        all.sources.extend(joined(aliases, NameKind::Source, |name| filter.wants_source(name, aliases)));
    }
    all
}

/// The filter with every name under which something may have been recorded that it wants at any moment. `ever`: all names that were joined at
/// some time.
fn under_every_name(filter: &Filter, ever: &Aliases) -> Filter {
    let mut all = under_subjects_and_predicates(filter, ever);
    all.sources = filter.sources.iter().flat_map(|name| ever.members(NameKind::Source, name)).cloned().collect();
    let own = all.sources.clone();
    let is_within = |name: &Name| own.iter().any(|source| name.is_within(source.as_str()));
    all.sources.extend(joined(ever, NameKind::Source, is_within));
    all
}

fn under_subjects_and_predicates(filter: &Filter, aliases: &Aliases) -> Filter {
    let begins = |name: &Name| filter.subject_prefixes.iter().any(|prefix| name.as_str().starts_with(prefix.as_str()));
    let mut all = filter.clone();
    all.subject_prefixes.extend(joined(aliases, NameKind::Subject, begins));
    all.predicates.extend(joined(aliases, NameKind::Predicate, |name| filter.predicates.contains(name)));
    all
}

/// All names that are one with a wanted one.
fn joined(aliases: &Aliases, kind: NameKind, wants: impl Fn(&Name) -> bool) -> impl Iterator<Item = Name> {
    let unions = aliases.joined(kind).filter(move |members| members.iter().any(&wants));
    unions.flatten().cloned()
}

/// Entries recorded in between that no line names.
fn others(
    ledger: &Ledger,
    diff: &Diff,
    filter: &Filter,
    frame: &Frame,
    candidates: Option<BTreeSet<u64>>,
) -> Result<Vec<u64>, OpenError> {
    let named: BTreeSet<u64> = diff.sources.iter().flat_map(|s| &s.changes).flat_map(|c| c.entries.clone()).collect();
    let from = diff.before.known_entries;
    let prepare = |entry: Entry| -> Result<Option<u64>, OpenError> {
        let index = entry.index();
        if index >= frame.known_entries || named.contains(&index) {
            return Ok(None);
        }
        let wanted = match entry.record()? {
            _ if filter.is_empty() => true,
            Some(record) => filter.wants_record(&record, &frame.aliases),
            None => false,
        };
        Ok(wanted.then_some(index))
    };
    if let Some(candidates) = candidates {
        let in_between: Vec<u64> = candidates.range(from..).copied().collect();
        return Ok(ledger.read_each(&in_between, prepare)?.into_iter().flatten().collect());
    }
    let mut others = Vec::new();
    ledger.scan(from, prepare, |found| {
        others.extend(found);
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
    Ok(others)
}
