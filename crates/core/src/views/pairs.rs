//! How the sources of a question go together, two by two. Of many sources there are too many pairs to hold, let alone to read: the gravest are
//! told, in a fixed order, and the others are counted. Verdicts and the marks of cells rest on all of them.

use std::collections::BTreeMap;

use super::compare::{Cell, Finding, party};
use super::relation::{Relation, is_of_words, relate};
use crate::replay::{Combined, Standing};

/// Pairs that are told of a question. All pairs of fourteen sources are fewer.
pub(super) const TOLD: usize = 100;

/// How grave a pair is: a conflict of figures is graver than one of different words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gravity {
    pub(super) relation: Relation,
    of_figures: bool,
}

impl Gravity {
    pub(super) fn of(relation: Relation, why: &str) -> Self {
        Self { relation, of_figures: !is_of_words(why) }
    }

    pub(super) fn is_of_words(self) -> bool {
        self.relation == Relation::Conflict && !self.of_figures
    }
}

/// What a row tells, and how much it only counts.
#[derive(Default)]
pub(super) struct Told {
    pub(super) findings: Vec<Finding>,
    pub(super) more: BTreeMap<Relation, usize>,
    /// How many stances are told, by relation.
    pub(super) stances: BTreeMap<Relation, usize>,
    pub(super) beside: Vec<Finding>,
    pub(super) more_beside: usize,
}

impl Told {
    pub(super) fn stance(&mut self, finding: Finding) {
        let told = self.stances.entry(finding.relation).or_default();
        if *told < TOLD {
            *told += 1;
            self.findings.push(finding);
        } else {
            *self.more.entry(finding.relation).or_default() += 1;
        }
    }

    pub(super) fn beside(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if self.beside.len() < TOLD {
                self.beside.push(finding);
            } else {
                self.more_beside += 1;
            }
        }
    }
}

/// A party with what it stands by.
pub(super) type Valued<'a> = (&'a Cell, &'a Standing, &'a Combined);

/// What is told of the pairs, and what all of them come to.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) findings: Vec<Finding>,
    /// How many pairs are not told, by relation.
    pub(super) more: BTreeMap<Relation, usize>,
    /// Of each party, in order, the gravest pair that it is in.
    pub(super) gravest: Vec<Option<Gravity>>,
}

impl Pairs {
    pub(super) fn of(values: &[Valued<'_>]) -> Self {
        let mut pairs = Self { gravest: vec![None; values.len()], ..Self::default() };
        if values.len() * values.len().saturating_sub(1) / 2 > TOLD {
            pairs.tell_some(values);
            return pairs;
        }
        for (at, left) in values.iter().enumerate() {
            for (other, right) in values.iter().enumerate().skip(at + 1) {
                let finding = finding(left, right);
                let gravity = Gravity::of(finding.relation, &finding.why);
                pairs.mark(at, gravity);
                pairs.mark(other, gravity);
                pairs.findings.push(finding);
            }
        }
        pairs
    }

    fn mark(&mut self, at: usize, gravity: Gravity) {
        if let Some(gravest) = self.gravest.get_mut(at) {
            *gravest = (*gravest).max(Some(gravity));
        }
    }

    /// Sources that say the same are compared once, and a pair is worded only if it is told.
    fn tell_some(&mut self, values: &[Valued<'_>]) {
        let groups = Groups::of(values);
        let mut counts: BTreeMap<Gravity, usize> = BTreeMap::new();
        let mut gravest: Vec<Option<Gravity>> = vec![None; groups.answers.len()];
        for (a, b, gravity, count) in groups.each() {
            *counts.entry(gravity).or_default() += count;
            for group in [a, b] {
                if let Some(held) = gravest.get_mut(group) {
                    *held = (*held).max(Some(gravity));
                }
            }
        }
        self.gravest = groups.of.iter().map(|group| gravest.get(*group).copied().flatten()).collect();
        for (gravity, count) in counts.into_iter().rev() {
            let room = TOLD.saturating_sub(self.findings.len());
            let told = room.min(count);
            if told > 0 {
                self.findings
                    .extend(groups.pairs(values, gravity).take(told).map(|(left, right)| finding(left, right)));
            }
            if count > told {
                *self.more.entry(gravity.relation).or_default() += count - told;
            }
        }
    }
}

fn finding(left: &Valued<'_>, right: &Valued<'_>) -> Finding {
    let (relation, why) = relate(left.2, right.2);
    Finding { relation, stance: None, of: [party(left.0, left.1), party(right.0, right.1)], why }
}

/// Parties by their answers.
struct Groups<'a> {
    answers: Vec<&'a Combined>,
    sizes: Vec<usize>,
    /// The group of each party.
    of: Vec<usize>,
    /// How grave two groups are together, row by row.
    gravity: Vec<Option<Gravity>>,
}

impl<'a> Groups<'a> {
    fn of(values: &[Valued<'a>]) -> Self {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut groups = Self { answers: vec![], sizes: vec![], of: vec![], gravity: vec![] };
        for (.., answer) in values {
            let next = groups.answers.len();
            let place = *places.entry(format!("{answer:?}")).or_insert(next);
            if place == next {
                groups.answers.push(answer);
                groups.sizes.push(0);
            }
            groups.of.push(place);
            if let Some(size) = groups.sizes.get_mut(place) {
                *size += 1;
            }
        }
        let count = groups.answers.len();
        groups.gravity = vec![None; count * count];
        for (a, left) in groups.answers.iter().enumerate() {
            for (b, right) in groups.answers.iter().enumerate().skip(a) {
                let (relation, why) = relate(left, right);
                for at in [a * count + b, b * count + a] {
                    if let Some(held) = groups.gravity.get_mut(at) {
                        *held = Some(Gravity::of(relation, &why));
                    }
                }
            }
        }
        groups
    }

    fn between(&self, a: usize, b: usize) -> Option<Gravity> {
        self.gravity.get(a * self.answers.len() + b).copied().flatten()
    }

    /// Each two groups that have a pair, or one with a pair in itself: how grave, and how many pairs.
    fn each(&self) -> impl Iterator<Item = (usize, usize, Gravity, usize)> {
        let sizes = || self.sizes.iter().copied().enumerate();
        let all = sizes().flat_map(move |(a, size)| sizes().skip(a).map(move |(b, other)| (a, b, size, other)));
        all.filter_map(|(a, b, size, other)| {
            let count = if a == b { size * (size - 1) / 2 } else { size * other };
            Some((a, b, self.between(a, b)?, count)).filter(|_| count > 0)
        })
    }

    /// The pairs of a gravity, by source.
    fn pairs<'v>(
        &self,
        values: &'v [Valued<'a>],
        gravity: Gravity,
    ) -> impl Iterator<Item = (&'v Valued<'a>, &'v Valued<'a>)> {
        let all = || values.iter().zip(self.of.iter().copied()).enumerate();
        all()
            .flat_map(move |(at, (left, a))| all().skip(at + 1).map(move |(_, (right, b))| (left, a, right, b)))
            .filter_map(move |(left, a, right, b)| (self.between(a, b) == Some(gravity)).then_some((left, right)))
    }
}
