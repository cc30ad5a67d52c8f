//! Names that were typed and that nothing has: which of those in the ledger may have been meant. Looked for only where nothing was found.

use std::collections::BTreeSet;

use sayso_core::event::NameKind;
use sayso_core::ledger::{Ledger, OpenError};
use sayso_core::replay::{AskedAs, Query, Replay, replay};
use sayso_core::text::Name;
use sayso_doctor::{alike, has_in_it};
use serde_json::{Value, json};

use crate::output::table::escape;

/// Entries up to which all names are looked through for one like it: that takes a replay of everything, and to find nothing is no slip where
/// a program asks for each source on each subject.
const LOOKED_THROUGH: u64 = 100_000;

/// Names offered for one that was typed.
const OFFERED: usize = 3;

/// Names of one kind.
pub(crate) fn named<'n>(
    kind: NameKind,
    names: impl IntoIterator<Item = &'n Name>,
) -> impl Iterator<Item = (NameKind, &'n Name)> {
    names.into_iter().map(move |name| (kind, name))
}

/// Names that nothing has, each with those that look like it.
#[derive(Default)]
pub(crate) struct Meant(Vec<(NameKind, Name, Vec<String>)>);

impl Meant {
    /// For a replay: the sources and predicates that it does not know, and subjects that nothing in it begins with.
    pub(crate) fn of(ledger: &Ledger, query: &Query, found: &Replay) -> Result<Self, OpenError> {
        let standing = found.views.iter().flat_map(|v| &v.standings).map(|s| &s.question.subject);
        let taken = found.views.iter().flat_map(|v| &v.taken_back).map(|t| &t.question.subject);
        let there: BTreeSet<&Name> = standing.chain(taken).collect();
        let missing = |prefix: &&Name| !there.iter().any(|name| name.as_str().starts_with(prefix.as_str()));
        let sources = named(NameKind::Source, &found.unknown_sources);
        let predicates = named(NameKind::Predicate, &found.unknown_predicates);
        let subjects = named(NameKind::Subject, query.filter.subject_prefixes.iter().filter(missing));
        let mut meant = Self::like(ledger, sources.chain(predicates).chain(subjects), &found.asked_as)?;
        // What begins with it letter by letter was left out by something else.
        meant.0.retain(|(kind, name, like)| {
            *kind != NameKind::Subject || !like.iter().any(|other| other.starts_with(name.as_str()))
        });
        Ok(meant)
    }

    /// For names of which nothing was found. Those that the ledger has are no slips; nor are those that are answered under another.
    pub(crate) fn like<'n>(
        ledger: &Ledger,
        asked: impl IntoIterator<Item = (NameKind, &'n Name)>,
        answered: &[AskedAs],
    ) -> Result<Self, OpenError> {
        let is_answered = |kind, name: &Name| answered.iter().any(|a| a.names == kind && a.asked == *name);
        let mut asked = asked.into_iter().filter(|(kind, name)| !is_answered(*kind, name)).peekable();
        if asked.peek().is_none() || ledger.head().size > LOOKED_THROUGH {
            return Ok(Self::default());
        }
        let known = Known::read(ledger)?;
        Ok(Self(asked.filter_map(|(kind, name)| Some((kind, name.clone(), known.like(kind, name)?))).collect()))
    }

    /// `did you mean `Red Cross`?`, for a name that something looks like.
    pub(crate) fn instead_of(&self, kind: NameKind, name: &Name) -> Option<String> {
        let (.., like) = self.0.iter().find(|(of, asked, _)| *of == kind && asked == name)?;
        let like: Vec<String> = like.iter().map(|name| format!("`{}`", escape(name))).collect();
        Some(format!("did you mean {}?", like.join(" or ")))
    }

    /// The same for all names, each with what was typed; empty where nothing looks alike.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let told = self.0.iter().filter_map(|(kind, name, _)| {
            let typed = escape(name.as_str());
            Some(format!("{} {typed}: {}", kind.as_str(), self.instead_of(*kind, name)?))
        });
        told.collect()
    }

    /// What is added to a refusal.
    pub(crate) fn added(&self) -> String {
        self.sentences().iter().map(|sentence| format!("; {sentence}")).collect()
    }

    pub(crate) fn json(&self) -> Vec<Value> {
        let one = |(kind, asked, like): &(NameKind, Name, Vec<String>)| json!({"names": kind.as_str(), "asked": asked.as_str(), "like": like});
        self.0.iter().map(one).collect()
    }
}

/// The names that the ledger has.
#[derive(Default)]
struct Known {
    sources: BTreeSet<String>,
    subjects: BTreeSet<String>,
    predicates: BTreeSet<String>,
}

impl Known {
    fn read(ledger: &Ledger) -> Result<Self, OpenError> {
        let mut known = Self::default();
        for view in replay(ledger, &Query::default())?.views {
            let taken = view.taken_back.into_iter().map(|taken| taken.question);
            for question in view.standings.into_iter().map(|standing| standing.question).chain(taken) {
                known.subjects.insert(question.subject.to_string());
                known.predicates.insert(question.predicate.to_string());
            }
            known.sources.insert(view.source.to_string());
        }
        Ok(known)
    }

    /// What a name may have been meant for; `None` if it is there, or nothing looks like it.
    fn like(&self, kind: NameKind, name: &Name) -> Option<Vec<String>> {
        let (all, typed) = match kind {
            NameKind::Source => (&self.sources, name.as_str()),
            NameKind::Subject => (&self.subjects, name.as_str()),
            NameKind::Predicate => (&self.predicates, name.as_str()),
        };
        if all.contains(typed) {
            return None;
        }
        let mut like: Vec<String> = alike(typed, all).into_iter().cloned().collect();
        if like.is_empty() {
            // Subjects are asked for by their beginning as well.
            like = all.iter().filter(|name| kind == NameKind::Subject && has_in_it(name, typed)).cloned().collect();
        }
        like.truncate(OFFERED);
        if like.is_empty() { None } else { Some(like) }
    }
}
