//! `alike-names`: two names of one kind that differ by so little that one may be a slip for the other.
//!
//! - **Looks the same**: case, accents, spaces, hyphens and other punctuation set aside, and letters that look alike taken as one (by the confusables of Unicode's
//!   Technical Standard 39): `SOHR` and `S_OHR`, a Cyrillic `е` in `yеrevan`, `paypa1`.
//! - **One edit apart**: one letter more, fewer, other, or two that changed places, in a word of at least 5 letters. In words of 4 letters
//!   only if the one name is used at least 50 times as often as the other, which is used at most 3 times: `SOHE` beside 11,819 `SOHR`.
//!
//! Names whose numbers differ are never alike: `event-1` and `event-2` are two, and so are `dose-15` and `dose-1.5`. Only a letter may stand for a digit. Names that an alias has joined are one already. Parts of a name behind a slash
//! count as words: `yerevan/mod` and `yerevan/mfa` are not alike.
//!
//! **False alarms.** Two real names that happen to differ by one letter, such as `killed` and `filled`. `Iran` and `Iraq` are short enough to be
//! left alone, unless one of them is rare.

use std::collections::{HashMap, HashSet};

use sayso_core::event::NameKind;
use sayso_core::text::Name;
use strsim::osa_distance;

use crate::finding::{Finding, Report};
use crate::folding;
use crate::lint::{About, Lint};
use crate::names::Names;
use crate::seen::hash;

pub(crate) const ABOUT: About = About {
    name: "alike-names",
    finds: "Two sources, subjects or predicates whose names look alike: another case, a hyphen, a letter that looks like another, one edit.",
    advice: "If they are one, join them with the command, in the direction that you want: nothing is overwritten, and the alias can be corrected. If \
             only one entry has the wrong name, mend it with `sayso correct`.",
    false_alarms: "Two real names that differ by one letter.",
};

/// Letters of a word in which one edit is noticed.
const WORD: usize = 5;
/// Letters of a word in which it is, if the one name is rare and the other is not.
const SHORT_WORD: usize = 4;
/// How rare the rare name is at most.
const RARE: u32 = 3;
/// How many times as often the other one is used.
const TIMES: u32 = 50;
/// Names with the same beginning that are compared with one another.
const MOST_TOGETHER: usize = 50;

/// Two names and how often each is used: the one to go, and the one to stay.
pub(crate) struct Pair<'n> {
    pub(crate) from: (&'n Name, u32),
    pub(crate) to: (&'n Name, u32),
}

impl<'n> Pair<'n> {
    /// The more used one stays, or else the one that came first.
    pub(crate) fn of(one: (&'n Name, u32), later: (&'n Name, u32)) -> Self {
        if later.1 > one.1 { Self { from: one, to: later } } else { Self { from: later, to: one } }
    }

    pub(crate) fn finding(&self, lint: Lint, kind: NameKind, why: String) -> Finding {
        let word = kind.as_str();
        let times = |n: u32| if n == 1 { "once".to_owned() } else { format!("{n} times") };
        let ((from, rare), (to, often)) = (self.from, self.to);
        // With `=`, so that a name that begins with a hyphen is no option. `unattributed` is nobody, and cannot be joined.
        let is_nobody = kind == NameKind::Source && (from.is_unattributed() || to.is_unattributed());
        let command = (!is_nobody).then(|| {
            vec!["alias".into(), "--names".into(), word.into(), format!("--from={from}"), format!("--to={to}")]
        });
        Finding {
            lint,
            entries: vec![],
            what: format!("{word}s `{from}` (used {}) and `{to}` (used {}).", times(rare), times(often)),
            why,
            command,
        }
    }
}

/// Gives back the pairs, by their place among all names, so that no other lint repeats them.
pub(crate) fn find(kind: NameKind, names: &Names, report: &mut Report) -> HashSet<(usize, usize)> {
    let all = names.all();
    let mut pairs: HashSet<(usize, usize)> = HashSet::new();
    let mut push = |at: (usize, usize), why: &str, report: &mut Report| {
        let (Some(one), Some(later)) = (all.get(at.0), all.get(at.1)) else { return };
        if pairs.insert(at) && report.wants(Lint::AlikeNames) {
            report.push(Pair::of(*one, *later).finding(Lint::AlikeNames, kind, why.into()));
        }
    };
    for (a, b) in together(all.iter().map(|(name, _)| vec![hash(&folding::look(name.as_str()))])) {
        if let (Some((one, _)), Some((other, _))) = (all.get(a), all.get(b))
            && has_other_numbers(one.as_str(), other.as_str())
        {
            continue;
        }
        push((a, b), "They look the same without case, accents, spaces and punctuation.", report);
    }
    let letters: Vec<String> = all.iter().map(|(name, _)| folding::letters(name.as_str())).collect();
    for (a, b) in together(letters.iter().map(|name| without_one_letter(name))) {
        if let (Some(one), Some(other)) = (all.get(a), all.get(b))
            && is_one_edit(*one, *other)
        {
            push((a, b), "They are one letter apart.", report);
        }
    }
    pairs
}

/// Whether names that look the same have the same digits in other numbers: `dose-15` and `dose-1.5`, or two dates. Where a letter stands for a digit,
/// the digits are not the same.
fn has_other_numbers(one: &str, other: &str) -> bool {
    let (one, other) = (folding::numbers(one), folding::numbers(other));
    one != other && one.concat() == other.concat()
}

/// Pairs of names that have a key in common, each pair once.
fn together(keys: impl Iterator<Item = Vec<u64>>) -> Vec<(usize, usize)> {
    let mut keyed: Vec<(u64, usize)> =
        keys.enumerate().flat_map(|(at, keys)| keys.into_iter().map(move |k| (k, at))).collect();
    keyed.sort_unstable();
    keyed.dedup();
    let mut pairs = Vec::new();
    for same in keyed.chunk_by(|a, b| a.0 == b.0) {
        let same = same.get(..MOST_TOGETHER).unwrap_or(same);
        for (n, (_, a)) in same.iter().enumerate() {
            pairs.extend(same.iter().skip(n + 1).map(|(_, b)| (*a, *b)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// What stands for a name, and for it without each of its letters: names that are one edit apart have one of these in common. A digit
/// is never left out, because names whose digits differ are not alike.
fn without_one_letter(name: &str) -> Vec<u64> {
    let chars: Vec<char> = name.chars().collect();
    let left_out = chars.iter().enumerate().filter(|(_, c)| !c.is_numeric()).map(|(out, _)| {
        let rest: String = chars.iter().enumerate().filter(|(at, _)| *at != out).map(|(_, c)| *c).collect();
        hash(&rest)
    });
    left_out.chain([hash(&name)]).collect()
}

/// Whether two names are one edit apart, and the edit is in a word long enough.
fn is_one_edit((one, used): (&Name, u32), (other, used_too): (&Name, u32)) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    if folding::numbers(one) != folding::numbers(other) {
        return false;
    }
    let (words, others) = (folding::words(one), folding::words(other));
    let differing: Vec<(&String, &String)> = words.iter().zip(&others).filter(|(a, b)| a != b).collect();
    let (letters, distance) = match differing.as_slice() {
        [(a, b)] if words.len() == others.len() => (a.chars().count().min(b.chars().count()), osa_distance(a, b)),
        // A space too many or too few besides: `groun d robotic systems`.
        _ => {
            let (a, b) = (folding::letters(one), folding::letters(other));
            (a.chars().count().min(b.chars().count()), osa_distance(&a, &b))
        }
    };
    let (rare, often) = (used.min(used_too), used.max(used_too));
    let told_apart_by_use = letters + 1 >= SHORT_WORD && rare <= RARE && often >= TIMES * rare;
    distance == 1 && (letters >= WORD || told_apart_by_use)
}

/// Names by their key, for lints that compare otherwise.
pub(crate) fn by_key(all: &[(&Name, u32)], key: impl Fn(&str) -> Option<String>) -> Vec<Vec<usize>> {
    let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, (name, _)) in all.iter().enumerate() {
        if let Some(key) = key(name.as_str()) {
            groups.entry(key).or_default().push(at);
        }
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    groups
}
