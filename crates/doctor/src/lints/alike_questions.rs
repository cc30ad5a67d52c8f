//! `alike-questions`: two subjects or two predicates that say the same in other words, so that answers to one question stand under two.
//!
//! Two names are alike if they are made of the same words, in any order, after this: small words are left out (`of`, `the`, `in`, `number`), a plural is taken
//! as its singular, and words that mean the same in casualty reports are taken as one (`dead`, `deaths`, `fatalities`, `martyred` and `killed`;
//! `injured` and `wounded`; `servicemen`, `troops` and `soldiers`). The list is short and English on purpose: who guesses at more guesses wrong.
//! Digits are words, and must be the same. What `alike-names` reports is not repeated.
//!
//! **False alarms.** Questions that only look the same: "deaths in custody" and "killed in custody" are one word apart in law. Two orders of the same words that
//! mean different things, such as who shot at whom.

use std::collections::HashSet;

use sayso_core::event::NameKind;

use super::alike_names::{Pair, by_key};
use crate::finding::Report;
use crate::folding;
use crate::lint::{About, Lint};
use crate::names::Names;

pub(crate) const ABOUT: About = About {
    name: "alike-questions",
    finds: "Two subjects or predicates made of the same words, or of words that mean the same, in any order.",
    advice: "If they ask the same, join them with the command, in the direction that you want; what was recorded before is joined, too. The alias can \
             be corrected.",
    false_alarms: "Questions that differ in a shade of meaning, or in who did it to whom.",
};

/// Words that make no difference.
const SMALL: [&str; 16] =
    ["a", "an", "the", "of", "in", "at", "on", "by", "to", "for", "from", "and", "number", "count", "reported", "near"];

/// Words that mean the same, the first standing for all.
const SAME: [&[&str]; 7] = [
    &["killed", "dead", "died", "death", "fatality", "fatalitie", "martyred", "slain"],
    &["wounded", "injured", "injury", "injurie", "hurt"],
    &["soldier", "serviceman", "servicemen", "troop", "servicemember", "servicepeople"],
    &["captured", "pow", "prisoner"],
    &["cum", "cumulative", "cumulated", "cumul"],
    &["meeting", "talk"],
    &["child", "children", "kid"],
];

pub(crate) fn find(kind: NameKind, names: &Names, known: &HashSet<(usize, usize)>, report: &mut Report) {
    let all = names.all();
    for group in by_key(&all, meaning) {
        let Some((first, rest)) = group.split_first() else { continue };
        // Each with the most used one, not each with each.
        let stays = rest.iter().fold(*first, |best, at| {
            let used = |at: usize| all.get(at).map_or(0, |(_, used)| *used);
            if used(*at) > used(best) { *at } else { best }
        });
        for at in group.iter().filter(|at| **at != stays) {
            let pair = (stays.min(*at), stays.max(*at));
            if known.contains(&pair) {
                continue;
            }
            if let (Some(one), Some(later)) = (all.get(pair.0), all.get(pair.1)) {
                let why = "They are made of the same words, or of words that mean the same.".to_owned();
                report.push(Pair::of(*one, *later).finding(Lint::AlikeQuestions, kind, why));
            }
        }
    }
}

/// The words that a name comes to; `None` if hardly anything is left.
fn meaning(name: &str) -> Option<String> {
    let mut words: Vec<String> =
        folding::words(name).iter().filter(|w| !SMALL.contains(&w.as_str())).map(|w| root(w)).collect();
    words.sort_unstable();
    // Words may stand in any order, numbers may not: 2023-11-1 and 2023-1-11 are two dates.
    let numbers = folding::numbers(name).join(" ");
    (words.concat().chars().count() >= 4).then(|| format!("{} {numbers}", words.join(" ")))
}

/// A word without its plural, and the first of those that mean the same.
fn root(word: &str) -> String {
    let singular = match word.strip_suffix('s') {
        Some(stem) if stem.chars().count() >= 3 && !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => word,
    };
    let same = SAME.iter().find(|same| same.contains(&singular) || same.contains(&word));
    same.and_then(|same| same.first()).map_or_else(|| singular.to_owned(), |first| (*first).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_in_any_order() {
        let same = |a: &str, b: &str| meaning(a).is_some() && meaning(a) == meaning(b);
        assert!(same("armenian-soldiers-wounded", "wounded-armenian-servicemen"));
        assert!(same("martyred_cum", "killed_cum"));
        assert!(same("number of civilians killed", "civilian deaths"));
        assert!(same("sotk-clash-2023-05-11", "clash at Sotk 2023-05-11"));
        assert!(!same("armenian-soldiers-wounded", "armenian-soldiers-killed"));
        assert!(!same("sotk-clash-2023-05-11", "sotk-clash-2023-05-12"));
        assert!(!same("clash-2023-11-1", "clash-2023-1-11"));
        assert!(!same("killed", "killed_cum"));
        assert!(!same("p", "p-of"), "too little to tell");
    }
}
