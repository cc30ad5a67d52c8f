//! Both moments of a diff, held against one another: what happened to each answer, and whose doing it was.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::compare::{Comparison, Finding};
use super::diff::{Change, ChangeKind, VerdictChange};
use super::frame::Frame;
use super::mended::Mended;
use super::relation::{Relation, relate};
use super::verdict::Verdict;
use crate::event::{Content, NameKind, Question};
use crate::ledger::{Ledger, OpenError};
use crate::replay::{Combined, Replay, StanceTarget, Standing, StandingStance, TakenBack};
use crate::text::Name;

/// What one source has on one question at one moment, under the names of the later moment.
#[derive(Default)]
pub(super) struct Held {
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

pub(super) type Cells = BTreeMap<(Name, Question), Held>;

/// Both moments, seen from the later one.
pub(super) struct Moments<'a> {
    frame: &'a Frame,
    /// How many entries were known at the earlier one.
    known_before: u64,
    /// Corrections learned in between.
    mended: Mended,
    /// Aliases learned in between, by the names that they join.
    joined: HashMap<(NameKind, &'a Name), Vec<u64>>,
    /// Everything that takes an entry back, by that entry.
    retractions: BTreeMap<u64, Vec<u64>>,
}

impl<'a> Moments<'a> {
    pub(super) fn new(ledger: &Ledger, frame: &'a Frame, known_before: u64) -> Result<Self, OpenError> {
        let mended = Mended::since(ledger, frame, known_before)?;
        let mut moments = Self { frame, known_before, mended, joined: HashMap::new(), retractions: BTreeMap::new() };
        for (index, (_, record)) in &frame.others {
            if let Content::Retraction(r) = &record.event.content {
                moments.retractions.entry(r.of).or_default().push(*index);
            }
        }
        for (index, (_, record)) in frame.others.range(known_before..) {
            if let Some(Content::Alias(alias)) = record.event.statement().map(|e| &e.content) {
                for name in [&alias.from, &alias.to] {
                    moments.joined.entry((alias.names, name)).or_default().push(*index);
                }
            }
        }
        Ok(moments)
    }

    pub(super) fn cells(&self, replay: &Replay) -> Cells {
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
        matches!(self.frame.other(index), Some(Content::Correction(_)))
    }

    /// What we did in between that has to do with a cell, where its own entries do not tell: corrections of the source's
    /// statements, or to them; else what became of its names.
    fn ours(&self, key: &(Name, Question)) -> (ChangeKind, BTreeSet<u64>) {
        let around = self.mended.around(key);
        if !around.is_empty() {
            return (ChangeKind::Corrected, around);
        }
        let aliases = self.aliases_of(key);
        if !aliases.is_empty() {
            return (ChangeKind::Renamed, aliases);
        }
        (ChangeKind::Corrected, self.mended.parted.clone())
    }

    fn retractions_of(&self, entries: &BTreeSet<u64>) -> BTreeSet<u64> {
        entries.iter().filter_map(|of| self.retractions.get(of)).flatten().copied().collect()
    }

    /// Aliases learned in between that have to do with a cell's names.
    fn aliases_of(&self, (source, question): &(Name, Question)) -> BTreeSet<u64> {
        let (subject, predicate) = (&question.subject, &question.predicate);
        let names =
            [(NameKind::Source, source), (NameKind::Subject, subject), (NameKind::Predicate, predicate)].into_iter();
        let all = names.flat_map(|(kind, name)| self.frame.aliases.members(kind, name).iter().map(move |n| (kind, n)));
        all.filter_map(|name| self.joined.get(&name)).flatten().copied().collect()
    }

    pub(super) fn changes(&self, key: &(Name, Question), then: Option<&Held>, now: Option<&Held>) -> Vec<Change> {
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
        self.changes_of_stances(key, then, now, &mut |kind, stance, entries| {
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
        let mended = self.mended.of(&everything);
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
            let (kind, entries) = self.ours(key);
            push(kind, entries);
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
        key: &(Name, Question),
        then: &Held,
        now: &Held,
        push: &mut dyn FnMut(ChangeKind, &StandingStance, BTreeSet<u64>),
    ) {
        let (was, is) = (then.stances(), now.stances());
        let on_stated = self.known_before == self.frame.known_entries;
        let is_new = |i: u64| on_stated || (i >= self.known_before && !self.is_correction(i));
        for (own, stance) in &is {
            let mended = self.mended.of(&own_and_target(stance));
            match was.get(own) {
                Some(before) if before.entries == stance.entries => {}
                None if is_new(*own) => {
                    push(ChangeKind::StanceTaken, stance, stance.entries.iter().copied().collect());
                }
                // What had ended it was corrected away.
                None if mended.is_empty() => {
                    let (kind, entries) = self.ours(key);
                    push(kind, stance, entries);
                }
                _ => push(ChangeKind::Corrected, stance, mended),
            }
        }
        let taken = now.taken_back.iter().flat_map(|t| t.entries.clone());
        let said_since = now.entries().into_iter().chain(taken).chain(is.keys().copied()).any(is_new);
        for (own, stance) in was.iter().filter(|(own, _)| !is.contains_key(own)) {
            let mended = self.mended.of(&own_and_target(stance));
            let back: BTreeSet<u64> =
                self.retractions_of(&BTreeSet::from([*own])).into_iter().filter(|i| is_new(*i)).collect();
            if !mended.is_empty() {
                push(ChangeKind::Corrected, stance, mended);
            } else if said_since || !back.is_empty() {
                push(ChangeKind::StanceEnded, stance, stance.entries.iter().copied().chain(back).collect());
            } else {
                let (kind, entries) = self.ours(key);
                push(kind, stance, entries);
            }
        }
    }

    pub(super) fn verdicts(&self, left: &Comparison, right: &Comparison) -> Vec<VerdictChange> {
        let rows = |compared: &Comparison| {
            let mut rows: BTreeMap<Question, (Verdict, Vec<Finding>, bool)> = BTreeMap::new();
            for row in &compared.rows {
                let disputes = row.findings.iter().filter(|f| f.relation >= Relation::Denied).cloned();
                let held = rows.entry(self.frame.question(&row.question)).or_insert((row.verdict, vec![], false));
                held.0 = held.0.min(row.verdict);
                held.1.extend(disputes);
                held.2 |= row.more.keys().any(|relation| *relation >= Relation::Denied);
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
                let other: BTreeSet<_> = other.iter().map(pair).collect();
                all.iter().filter(|f| !other.contains(&pair(f))).cloned().collect()
            };
            let is_cut = before.is_some_and(|b| b.2) || after.is_some_and(|a| a.2);
            let (before, after) = (before.map(|b| b.0), after.map(|a| a.0));
            let disputed = |v: Option<Verdict>| v.is_some_and(Verdict::is_dispute);
            let (begun, ended) = match (disputed(before), disputed(after)) {
                // Some pairs were only counted: that one is not among those told makes it neither new nor gone.
                (true, true) if is_cut => (vec![], vec![]),
                _ => (without(is, was), without(was, is)),
            };
            if !begun.is_empty() || !ended.is_empty() || disputed(before) != disputed(after) {
                changes.push(VerdictChange { question: question.clone(), before, after, begun, ended });
            }
        }
        changes
    }
}

/// A stance's entry and that of the claim it is about: a correction of either can move it to another question.
fn own_and_target(stance: &StandingStance) -> BTreeSet<u64> {
    let of = match &stance.target {
        StanceTarget::Claim { of, .. } => Some(*of),
        StanceTarget::Question => None,
    };
    stance.entries.first().copied().into_iter().chain(of).collect()
}
