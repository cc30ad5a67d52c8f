//! Who gives which answer, and which answers do not go together: a question with many sources in a few sentences, not pair by pair.

use std::collections::BTreeMap;

use sayso_core::replay::Combined;
use sayso_core::text::Label;
use sayso_core::value::Value;
use sayso_core::views::{Finding, Relation, Row};

use crate::words;

/// Fewer answers than this are told as the pair that they are, with their entries.
const MANY: usize = 3;
/// Letters of an answer where it is spoken of again.
const SHORT: usize = 48;

/// An answer and the sources that give it.
struct Group<'a> {
    answer: String,
    sources: Vec<&'a str>,
}

/// What the verdict of a row rests on, sentence by sentence.
pub(crate) fn told(row: &Row) -> Vec<String> {
    let groups = groups(row);
    if groups.iter().map(|group| group.sources.len()).sum::<usize>() < MANY {
        return row.findings.iter().map(words::finding).collect();
    }
    let mut told: Vec<String> = groups.iter().map(|g| format!("{}: {}", g.answer, g.sources.join(", "))).collect();
    told.extend(parted(row, &groups));
    told.extend(row.findings.iter().filter(|f| f.stance.is_some()).map(words::finding));
    told.extend(words::untold(row));
    told
}

/// The answers, those of most sources first.
fn groups(row: &Row) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for cell in &row.cells {
        let Some(combined) = cell.standing.as_ref().and_then(|s| s.combined.as_ref()) else { continue };
        let (answer, source) = (answer(combined), cell.source.as_str());
        match groups.iter_mut().find(|group| group.answer == answer) {
            Some(group) => group.sources.push(source),
            None => groups.push(Group { answer, sources: vec![source] }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.sources.len()));
    groups
}

fn answer(combined: &Combined) -> String {
    match &combined.value {
        Some(value) => plain(value, combined.unit.as_ref()),
        None => combined.values.iter().map(|(v, u)| plain(v, u.as_ref())).collect::<Vec<_>>().join(" & "),
    }
}

/// A value in plain words: `at least 11 people`.
fn plain(value: &Value, unit: Option<&Label>) -> String {
    let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    let written = value.to_string();
    let signs = [(">=", "at least "), ("<=", "at most "), ("~", "about ")];
    let is_number = matches!(value, Value::Quantity(_) | Value::Approx(_));
    let worded = signs.iter().find_map(|(sign, words)| Some(format!("{words}{}", written.strip_prefix(sign)?)));
    format!("{}{unit}", worded.filter(|_| is_number).unwrap_or_else(|| written.replace('\n', " ")))
}

/// Which answers do not go together; where all do, which of them differ.
fn parted(row: &Row, groups: &[Group<'_>]) -> Vec<String> {
    let gravest = row.findings.iter().filter(|f| f.stance.is_none()).map(|f| f.relation).max();
    let is_told = |f: &&Finding| {
        let is_grave = f.relation > Relation::Compatible || Some(f.relation) == gravest;
        f.stance.is_none() && f.relation != Relation::Agreement && is_grave
    };
    let place = |source: &str| groups.iter().position(|group| group.sources.contains(&source));
    let mut pairs: BTreeMap<(Relation, &str), Vec<[usize; 2]>> = BTreeMap::new();
    for finding in row.findings.iter().filter(is_told) {
        let [a, b] = &finding.of;
        let (Some(a), Some(b)) = (place(a.source.as_str()), place(b.source.as_str())) else { continue };
        let pair = [a.min(b), a.max(b)];
        let all = pairs.entry((finding.relation, finding.why.as_str())).or_default();
        if !all.contains(&pair) {
            all.push(pair);
        }
    }
    let sentences = pairs.into_iter().rev().map(|((relation, why), pairs)| sentence(relation, why, &pairs, groups));
    sentences.collect()
}

fn sentence(relation: Relation, why: &str, pairs: &[[usize; 2]], groups: &[Group<'_>]) -> String {
    let count = groups.len();
    if relation == Relation::Conflict && count > 2 && pairs.len() == count * (count - 1) / 2 {
        return format!("no two of these answers go together: {why}");
    }
    let does = match relation {
        Relation::Conflict | Relation::Denied => "does not go together with",
        Relation::Inconsistent => "goes together only in part with",
        Relation::NotCompared => "is not compared with",
        Relation::Compatible | Relation::Agreement => "goes together with",
    };
    let short = |at: usize| {
        let answer = groups.get(at).map(|group| group.answer.as_str()).unwrap_or_default();
        let kept: String = answer.chars().take(SHORT).collect();
        if kept.len() < answer.len() { format!("{}…", kept.trim_end()) } else { kept }
    };
    let mut by_first: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for [a, b] in pairs {
        by_first.entry(*a).or_default().push(*b);
    }
    let parts = by_first.into_iter().map(|(a, mut others)| {
        others.sort_unstable();
        format!("{} {does} {}", short(a), others.into_iter().map(short).collect::<Vec<_>>().join(", "))
    });
    format!("{} ({why})", parts.collect::<Vec<_>>().join(", "))
}
