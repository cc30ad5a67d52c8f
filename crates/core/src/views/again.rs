//! Claims that were replaced by the same words: a stance on the first holds against the second time too.

use std::collections::BTreeMap;

use super::compare::Party;
use super::frame::Frame;
use super::relation::{Relation, relate};
use super::way::Way;
use crate::event::{Content, Question};
use crate::ledger::{Ledger, OpenError};
use crate::replay::{Fate, Filter, Query, Replay, StanceTarget, Standing, View, combine};
use crate::text::Name;

/// Claims that a stance is about and that have since been replaced by the same words: who says so now, in which entries.
pub(super) type SaidAgain = BTreeMap<u64, Party>;

pub(super) fn said_again(ledger: &Ledger, query: &Query, replayed: &Replay, way: Way) -> Result<SaidAgain, OpenError> {
    let mut replaced: Vec<(u64, &Name, &Question)> = Vec::new();
    for standing in replayed.views.iter().flat_map(|v| &v.standings) {
        for stance in &standing.stances {
            if let StanceTarget::Claim { of, source, fate: Fate::Replaced } = &stance.target {
                replaced.push((*of, source, &standing.question));
            }
        }
    }
    let mut again = SaidAgain::new();
    if replaced.is_empty() {
        return Ok(again);
    }
    let entries = replaced.iter().map(|(of, ..)| *of).collect();
    let frame = Frame::around(ledger, query.known_at.as_ref(), &entries, way)?;
    let here = by_source(replayed);
    let everyone = if replaced.iter().all(|(_, source, _)| here.contains_key(source)) {
        None
    } else {
        let questions = replaced.iter().map(|(.., question)| (*question).clone()).collect();
        Some(way.replay_on(ledger, &Query { filter: Filter::default(), ..query.clone() }, &questions)?)
    };
    let views = everyone.as_ref().map_or(here, by_source);
    for (of, source, question) in replaced {
        let Some(Content::Claim(claim)) = frame.event_at(ledger, of)?.map(|e| e.content) else { continue };
        let then = combine(&[(&claim.value, claim.unit.as_ref())]);
        let standing = views.get(source).and_then(|view| standing_on(view, question));
        let now = standing.and_then(|s| s.combined.as_ref());
        if let Some(standing) = standing.filter(|_| now.is_some_and(|now| relate(now, &then).0 == Relation::Agreement))
        {
            again.insert(of, Party { source: source.clone(), entries: standing.entries.to_vec() });
        }
    }
    Ok(again)
}

fn by_source(replayed: &Replay) -> BTreeMap<&Name, &View> {
    replayed.views.iter().map(|view| (&view.source, view)).collect()
}

/// Standings are sorted by question.
fn standing_on<'v>(view: &'v View, question: &Question) -> Option<&'v Standing> {
    let place = view.standings.binary_search_by(|standing| standing.question.cmp(question)).ok()?;
    view.standings.get(place)
}
