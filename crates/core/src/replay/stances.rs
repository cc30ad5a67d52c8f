//! Which stances stand, and where they are shown: beside what their source claims on the same question. They never fill or
//! empty a standing.

use std::collections::{BTreeMap, HashMap};

use super::fold::{Context, Questions, event_of, includes, view_of};
use super::view::{Fate, StanceTarget, Standing, StandingStance, View};
use crate::event::{Content, NameKind, Question, StanceKind, Target};
use crate::ledger::{Ledger, OpenError};
use crate::reading::Reading;
use crate::text::Name;
use crate::time::Stated;

/// A stance that counts, in the names it is shown under.
pub(super) struct FoundStance {
    pub(super) index: u64,
    pub(super) source: Name,
    pub(super) target: Target,
    pub(super) stance: StanceKind,
    pub(super) stated: Stated,
}

impl Context<'_> {
    /// The newest stance of each source on each target, beside whatever it claims on the same question.
    pub(super) fn place_stances(
        &self,
        ledger: &Ledger,
        questions: &Questions,
        views: &mut BTreeMap<Name, View>,
    ) -> Result<(), OpenError> {
        let mut newest: HashMap<(&Name, Target), Vec<&FoundStance>> = HashMap::new();
        for stance in &self.stances {
            let target = match &stance.target {
                Target::Entry(of) => Target::Entry(*of),
                Target::Question(q) => Target::Question(self.shown(q)),
            };
            let held = newest.entry((&stance.source, target)).or_default();
            let (last, new) = (held.first().map(|s| s.stated.last_instant()), stance.stated.last_instant());
            if last < Some(new) {
                held.clear();
            }
            if last <= Some(new) {
                held.push(stance);
            }
        }
        let mut placed: Vec<(&FoundStance, Question, StanceTarget)> = Vec::new();
        for ((source, target), stances) in newest {
            let (question, target) = match target {
                Target::Question(question) => (question, StanceTarget::Question),
                Target::Entry(of) => {
                    let Some(found) = self.target(ledger, of, questions)? else { continue };
                    found
                }
            };
            if !self.wants(&question) {
                continue;
            }
            let claimed = questions.cells.get(&(source.clone(), question.clone()));
            let claimed = claimed.and_then(|c| c.newest.iter().map(|s| s.stated.last_instant()).max());
            for stance in stances {
                let ended = stance.stance == StanceKind::Declines && claimed >= Some(stance.stated.last_instant());
                if !ended && self.taken_back(stance.index, source).next().is_none() {
                    placed.push((stance, question.clone(), target.clone()));
                }
            }
        }
        placed.sort_by_key(|(stance, ..)| stance.index);
        for (stance, question, target) in placed {
            let view = view_of(views, &stance.source);
            let standing = match view.standings.iter().position(|s| s.question == question) {
                Some(at) => view.standings.get_mut(at),
                None => {
                    view.standings.push(only_stances(question));
                    view.standings.last_mut()
                }
            };
            if let Some(standing) = standing {
                standing.stances.push(StandingStance {
                    stance: stance.stance,
                    target,
                    stated: stance.stated.clone(),
                    entries: self.corrections.trail(stance.index),
                });
            }
        }
        Ok(())
    }

    /// The question that a claim answers, and what has become of the claim. `None` if nobody can tell any more.
    fn target(
        &self,
        ledger: &Ledger,
        of: u64,
        questions: &Questions,
    ) -> Result<Option<(Question, StanceTarget)>, OpenError> {
        let Some(recorded) = ledger.entry(of)?.map(|e| event_of(&e)).transpose()?.flatten() else { return Ok(None) };
        let (event, void) = match self.corrections.read(of, &recorded) {
            Reading::Event(event) => (event, false),
            Reading::Void { .. } => (&recorded, true),
        };
        let Content::Claim(claim) = &event.content else { return Ok(None) };
        let source = self.aliases.shown(NameKind::Source, &claim.by.source).clone();
        let question = self.shown(&claim.question);
        let cell = questions.cells.get(&(source.clone(), question.clone()));
        let fate = if void {
            Fate::CorrectedAway
        } else if !includes(self.query, &claim.by.stated) {
            Fate::NotYetStated
        } else if self.taken_back(of, &source).next().is_some() {
            Fate::TakenBack
        } else if cell.is_some_and(|c| c.newest.iter().any(|s| s.index == of)) {
            Fate::Stands
        } else {
            Fate::Replaced
        };
        Ok(Some((question, StanceTarget::Claim { of, source, fate })))
    }
}

fn only_stances(question: Question) -> Standing {
    Standing {
        question,
        combined: None,
        acts: vec![],
        modality: vec![],
        stated: None,
        uncertain: false,
        order_unknown: false,
        entries: vec![],
        stances: vec![],
    }
}
