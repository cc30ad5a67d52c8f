//! What changed between two moments of one clock: what each source said, changed and took back; what *we* corrected, which is
//! something else; and on which questions sources began or ceased to contradict one another.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::about::{Frame, is_of};
use super::compare::{Comparison, Finding, Verdict, compare_all, picked};
use super::relation::{Relation, relate};
use crate::event::{Alias, Content, NameKind, Question};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::replay::{Combined, Filter, Query, Replay, Standing, StandingStance, TakenBack};
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
    let frame = Frame::read(ledger, after.known_at.as_ref())?;
    let filter = &after.filter;
    let right = compare_all(ledger, after)?;
    // A name that was joined in between has to be looked for under what it was called then.
    let left = match clock {
        Clock::Stated => compare_all(ledger, before)?,
        Clock::Recorded => compare_all(ledger, &Query { filter: Filter::default(), ..before.clone() })?,
    };
    let wanted = match (picked(ledger, before)?, picked(ledger, after)?) {
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
    let moments = Moments { frame: &frame, known_before: left.replay.known_entries };
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
        diff.other_entries = others(ledger, &diff, filter, &frame)?;
    }
    Ok(diff)
}

/// Entries recorded in between that no line names.
fn others(ledger: &Ledger, diff: &Diff, filter: &Filter, frame: &Frame) -> Result<Vec<u64>, OpenError> {
    let named: BTreeSet<u64> = diff.sources.iter().flat_map(|s| &s.changes).flat_map(|c| c.entries.clone()).collect();
    let mut others = Vec::new();
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
    ledger.scan(diff.before.known_entries, prepare, |found| {
        others.extend(found);
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
    Ok(others)
}

/// What one source has on one question at one moment, under the names of the later moment.
#[derive(Default)]
struct Held {
    standings: Vec<Standing>,
    taken_back: Vec<TakenBack>,
    /// Whether it was held under another name.
    renamed: bool,
}

impl Held {
    fn values(&self) -> Vec<&Combined> {
        self.standings.iter().filter_map(|s| s.combined.as_ref()).collect()
    }

    fn entries(&self) -> BTreeSet<u64> {
        self.standings.iter().flat_map(|s| &s.entries).copied().collect()
    }

    fn stances(&self) -> BTreeMap<u64, &StandingStance> {
        let stances = self.standings.iter().flat_map(|s| &s.stances);
        stances.filter_map(|s| Some((*s.entries.first()?, s))).collect()
    }
}

type Cells = BTreeMap<(Name, Question), Held>;

/// Both moments, seen from the later one.
struct Moments<'a> {
    frame: &'a Frame,
    known_before: u64,
}

impl Frame {
    fn question(&self, q: &Question) -> Question {
        let shown = |kind, name| self.aliases.shown(kind, name).clone();
        Question { subject: shown(NameKind::Subject, &q.subject), predicate: shown(NameKind::Predicate, &q.predicate) }
    }
}

impl Moments<'_> {
    fn cells(&self, replay: &Replay) -> Cells {
        let mut cells = Cells::new();
        for view in &replay.views {
            let source = self.frame.aliases.shown(NameKind::Source, &view.source);
            let mut at = |question: &Question, put: &dyn Fn(&mut Held)| {
                let shown = self.frame.question(question);
                let renamed = *source != view.source || shown != *question;
                let held = cells.entry((source.clone(), shown)).or_default();
                held.renamed |= renamed;
                put(held);
            };
            for standing in &view.standings {
                at(&standing.question, &|held| held.standings.push(standing.clone()));
            }
            for taken in &view.taken_back {
                at(&taken.question, &|held| held.taken_back.push(taken.clone()));
            }
        }
        cells
    }

    fn is_correction(&self, index: u64) -> bool {
        self.other(index).is_some_and(|c| matches!(c, Content::Correction(_)))
    }

    fn other(&self, index: u64) -> Option<&Content> {
        self.frame.others.get(&index).map(|(_, record)| &record.event.content)
    }

    /// Corrections learned in between that are, in the end, of one of these entries.
    fn corrections_of(&self, entries: &BTreeSet<u64>) -> BTreeSet<u64> {
        let target = |index: u64| {
            let mut at = index;
            while let Some(Content::Correction(c)) = self.other(at) {
                at = c.of;
            }
            at
        };
        let new = self.frame.others.range(self.known_before..).map(|(index, _)| *index);
        new.filter(|i| self.is_correction(*i) && entries.contains(&target(*i))).collect()
    }

    fn retractions_of(&self, entries: &BTreeSet<u64>) -> BTreeSet<u64> {
        let of = |content: &Content| matches!(content, Content::Retraction(r) if entries.contains(&r.of));
        let others = self.frame.others.iter();
        others.filter(|(_, (_, record))| of(&record.event.content)).map(|(index, _)| *index).collect()
    }

    /// Aliases learned in between that have to do with a cell's names.
    fn aliases_of(&self, (source, question): &(Name, Question)) -> BTreeSet<u64> {
        let joins = |a: &Alias| {
            let name = match a.names {
                NameKind::Source => source,
                NameKind::Subject => &question.subject,
                NameKind::Predicate => &question.predicate,
            };
            is_of(a, self.frame.aliases.members(a.names, name))
        };
        let new = self.frame.others.range(self.known_before..);
        let alias = new.filter(|(_, (_, record))| {
            matches!(record.event.statement().map(|e| &e.content), Some(Content::Alias(a)) if joins(a))
        });
        alias.map(|(index, _)| *index).collect()
    }

    fn changes(&self, key: &(Name, Question), then: Option<&Held>, now: Option<&Held>) -> Vec<Change> {
        let nothing = Held::default();
        let (then, now) = (then.unwrap_or(&nothing), now.unwrap_or(&nothing));
        let change = |kind, entries: BTreeSet<u64>| Change {
            kind,
            question: key.1.clone(),
            before: then.standings.iter().filter(|s| s.combined.is_some()).cloned().collect(),
            after: now.standings.first().filter(|s| s.combined.is_some()).cloned(),
            stance: None,
            entries: entries.into_iter().collect(),
        };
        let mut changes = Vec::new();
        if then.renamed {
            changes.push(change(ChangeKind::Renamed, self.aliases_of(key)));
        }
        self.changes_of_value(key, then, now, &mut |kind, entries| changes.push(change(kind, entries)));
        self.changes_of_stances(then, now, &mut |kind, stance, entries| {
            changes.push(Change { stance: Some(stance.clone()), ..change(kind, entries) });
        });
        changes
    }

    fn changes_of_value(
        &self,
        key: &(Name, Question),
        then: &Held,
        now: &Held,
        push: &mut dyn FnMut(ChangeKind, BTreeSet<u64>),
    ) {
        let (was, is) = (then.entries(), now.entries());
        let claims = |all: &BTreeSet<u64>| -> BTreeSet<u64> {
            all.iter().copied().filter(|i| !self.is_correction(*i)).collect()
        };
        let (was_claims, is_claims) = (claims(&was), claims(&is));
        let touched: BTreeSet<u64> = was_claims.union(&is_claims).copied().collect();
        let taken =
            |held: &Held| -> BTreeSet<u64> { held.taken_back.iter().flat_map(|t| &t.entries).copied().collect() };
        let (was_taken, is_taken) = (taken(then), taken(now));
        if was == is && was_taken == is_taken {
            return;
        }
        let everything: BTreeSet<u64> = touched.iter().chain(&was_taken).chain(&is_taken).copied().collect();
        let mended = self.corrections_of(&everything);
        let gone: BTreeSet<u64> = was_claims.difference(&is_claims).copied().collect();
        // On the stated clock both moments know the same entries, and none of them is new to the ledger.
        let is_new = |i: &u64| *i >= self.known_before || self.known_before == self.frame.known_entries;
        let fresh: BTreeSet<u64> = is_claims.difference(&was_claims).copied().filter(is_new).collect();
        let mut back: BTreeSet<u64> = self.retractions_of(&gone).into_iter().filter(is_new).collect();
        if is.is_empty() && !is_taken.is_empty() {
            back = is_taken.difference(&was_taken).copied().filter(|i| is_new(i) && !was.contains(i)).collect();
        }
        let explained = then.renamed || !mended.is_empty() || !back.is_empty() || !fresh.is_empty();
        if !mended.is_empty() {
            push(ChangeKind::Corrected, mended);
        } else if !explained {
            // Names that were one are not any more: an alias was withdrawn.
            let aliases =
                self.frame.others.keys().copied().filter(|i| matches!(self.other(*i), Some(Content::Alias(_))));
            push(ChangeKind::Corrected, self.corrections_of(&aliases.collect()));
        }
        if !back.is_empty() && (is.is_empty() || fresh.is_empty()) {
            push(ChangeKind::TookBack, back);
        } else if !fresh.is_empty() {
            let same = match (then.values().as_slice(), now.values().as_slice()) {
                ([a], [b]) => a == b || relate(a, b).0 == Relation::Agreement,
                _ => false,
            };
            let kind = match was_claims.is_empty() {
                true => ChangeKind::Said,
                false if key.0.is_unattributed() => ChangeKind::Said,
                false if same => ChangeKind::Repeated,
                false => ChangeKind::Changed,
            };
            push(kind, fresh);
        }
    }

    fn changes_of_stances(
        &self,
        then: &Held,
        now: &Held,
        push: &mut dyn FnMut(ChangeKind, &StandingStance, BTreeSet<u64>),
    ) {
        let (was, is) = (then.stances(), now.stances());
        for (own, stance) in &is {
            let mended = self.corrections_of(&BTreeSet::from([*own]));
            match was.get(own) {
                Some(before) if before.entries == stance.entries => {}
                None if mended.is_empty() || *own >= self.known_before => {
                    push(ChangeKind::StanceTaken, stance, stance.entries.iter().copied().collect());
                }
                _ => push(ChangeKind::Corrected, stance, mended),
            }
        }
        for (own, stance) in was.iter().filter(|(own, _)| !is.contains_key(own)) {
            let own = BTreeSet::from([*own]);
            let mended = self.corrections_of(&own);
            if mended.is_empty() {
                let back = self.retractions_of(&own);
                push(ChangeKind::StanceEnded, stance, stance.entries.iter().copied().chain(back).collect());
            } else {
                push(ChangeKind::Corrected, stance, mended);
            }
        }
    }

    fn verdicts(&self, left: &Comparison, right: &Comparison) -> Vec<VerdictChange> {
        let rows = |compared: &Comparison| {
            let mut rows: BTreeMap<Question, (Verdict, Vec<Finding>)> = BTreeMap::new();
            for row in &compared.rows {
                let disputes = row.findings.iter().filter(|f| f.relation >= Relation::Denied).cloned();
                let held = rows.entry(self.frame.question(&row.question)).or_insert((row.verdict, vec![]));
                held.0 = held.0.min(row.verdict);
                held.1.extend(disputes);
            }
            rows
        };
        let (then, now) = (rows(left), rows(right));
        let pair = |f: &Finding| {
            let shown = |name| self.frame.aliases.shown(NameKind::Source, name).clone();
            let [a, b] = &f.of;
            (f.relation, shown(&a.source), shown(&b.source))
        };
        let none = Vec::new();
        let mut changes = Vec::new();
        let questions: BTreeSet<&Question> = then.keys().chain(now.keys()).collect();
        for question in questions {
            let (before, after) = (then.get(question), now.get(question));
            let (was, is) = (before.map_or(&none, |b| &b.1), after.map_or(&none, |a| &a.1));
            let without = |all: &[Finding], other: &[Finding]| -> Vec<Finding> {
                all.iter().filter(|f| !other.iter().any(|o| pair(o) == pair(f))).cloned().collect()
            };
            let (begun, ended) = (without(is, was), without(was, is));
            let (before, after) = (before.map(|b| b.0), after.map(|a| a.0));
            let disputed = |v: Option<Verdict>| v.is_some_and(Verdict::is_dispute);
            if !begun.is_empty() || !ended.is_empty() || disputed(before) != disputed(after) {
                changes.push(VerdictChange { question: question.clone(), before, after, begun, ended });
            }
        }
        changes
    }
}
