//! Where in the projection a query has to look.

use super::filter::Filter;
use crate::event::{NameKind, Question};
use crate::projection::{Order, Range, Ranges};
use crate::reading::Aliases;
use crate::text::Name;

impl Ranges {
    /// Everything that may matter to a query. By subject where subjects are asked for, since a stance of one source hangs on the
    /// claims of another; else by source; else everything.
    pub(crate) fn of(filter: &Filter, aliases: &Aliases) -> Self {
        if !filter.subject_prefixes.is_empty() {
            let begin = filter.subject_prefixes.iter().map(|p| begins_with(p.as_str().as_bytes()));
            let joined = aliases.joined(NameKind::Subject).filter(|members| {
                members.iter().any(|m| filter.subject_prefixes.iter().any(|p| m.as_str().starts_with(p.as_str())))
            });
            let ranges = begin.chain(joined.flatten().map(exactly)).collect();
            return Self::new(Order::Question, merged(ranges));
        }
        if !filter.sources.is_empty() {
            let asked = filter.sources.iter().flat_map(|asked| aliases.members(NameKind::Source, asked));
            let direct = asked.flat_map(|name| [exactly(name), children(name)]);
            let joined = aliases
                .joined(NameKind::Source)
                .filter(|members| members.first().is_some_and(|member| filter.wants_source(member, aliases)));
            let ranges = direct.chain(joined.flatten().map(exactly)).collect();
            return Self::new(Order::Source, merged(ranges));
        }
        Self::new(Order::Question, vec![(vec![], vec![u8::MAX])])
    }

    fn new(order: Order, ranges: Vec<Range>) -> Self {
        Self { order, ranges, predicates: vec![] }
    }

    /// The same, without what is posted under other predicates than a query asks for. Their names sort behind the subject's.
    pub(super) fn narrowed(mut self, filter: &Filter, aliases: &Aliases) -> Self {
        if self.order == Order::Question {
            let asked = filter.predicates.iter().flat_map(|asked| aliases.members(NameKind::Predicate, asked));
            self.predicates = asked.cloned().collect();
        }
        if let Some(first) = self.predicates.iter().min() {
            for (from, _) in self.ranges.iter_mut().filter(|(from, _)| !from.is_empty()) {
                // From the beginning of a subject, or from the whole of one.
                let end: &[u8] = if from.ends_with(&[0]) { &[] } else { &[0] };
                *from = [from.as_slice(), end, first.as_str().as_bytes(), &[0]].concat();
            }
        }
        self
    }

    /// All questions of a subject, under every name it has.
    pub(crate) fn subject(subject: &Name, aliases: &Aliases) -> Self {
        let ranges = aliases.members(NameKind::Subject, subject).iter().map(exactly).collect();
        Self::new(Order::Question, merged(ranges))
    }

    /// These questions, under every name they have.
    pub(crate) fn questions<'q>(questions: impl Iterator<Item = &'q Question>, aliases: &Aliases) -> Self {
        let mut ranges = Vec::new();
        for Question { subject, predicate } in questions {
            for subject in aliases.members(NameKind::Subject, subject) {
                for predicate in aliases.members(NameKind::Predicate, predicate) {
                    let key = [subject.as_str().as_bytes(), &[0], predicate.as_str().as_bytes(), &[0]].concat();
                    ranges.push(begins_with(&key));
                }
            }
        }
        Self::new(Order::Question, merged(ranges))
    }
}

/// Keys whose first name is this one.
fn exactly(name: &Name) -> Range {
    begins_with(&[name.as_str().as_bytes(), &[0]].concat())
}

/// Keys whose first name is below this one.
fn children(name: &Name) -> Range {
    begins_with(&[name.as_str().as_bytes(), b"/"].concat())
}

/// Keys that begin so. No key holds the byte 255: names are UTF-8.
fn begins_with(prefix: &[u8]) -> Range {
    let mut end = prefix.to_vec();
    match end.last_mut() {
        Some(last) => *last = last.saturating_add(1),
        None => end.push(u8::MAX),
    }
    (prefix.to_vec(), end)
}

/// The same keys in ranges that do not overlap, in order.
fn merged(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::new();
    for (from, to) in ranges {
        match merged.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(std::mem::take(end)),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_ranges_are_joined() {
        let range = |a: &str, b: &str| (a.as_bytes().to_vec(), b.as_bytes().to_vec());
        let all = vec![range("d", "e"), range("a", "c"), range("ab", "ac"), range("b", "cc"), range("x", "y")];
        assert_eq!(merged(all), [range("a", "cc"), range("d", "e"), range("x", "y")]);
    }
}
