//! Which stances stand, and where they are shown: beside what their source claims on the same question. They never fill or
//! empty a standing.

use std::collections::{BTreeMap, HashMap};

use super::context::{Context, includes, view_of};
use super::statement::Questions;
use super::view::{Fate, StanceTarget, Standing, StandingStance, View};
use crate::event::{Content, Event, NameKind, Question, StanceKind, Target};
use crate::ledger::OpenError;
use crate::reading::Reading;
use crate::text::Name;
use crate::time::Stated;

/// Finds an entry's event as it was recorded; `None` if it was erased or is not there.
pub(super) type Find<'f> = &'f dyn Fn(u64) -> Result<Option<Event>, OpenError>;

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
        find: Find<'_>,
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
                    let Some(found) = self.target(find, of, questions)? else { continue };
                    found
                }
            };
            if !self.wants(&question) {
                continue;
            }
            let claimed = questions.cells.get(&(source.clone(), question.clone()));
            let claimed = claimed.and_then(|c| c.newest.iter().map(|s| s.stated().last_instant()).max());
            for stance in stances {
                let ended = stance.stance == StanceKind::Declines && claimed >= Some(stance.stated.last_instant());
                if !ended && self.taken_back(stance.index, source).next().is_none() {
                    placed.push((stance, question.clone(), target.clone()));
                }
            }
        }
        placed.sort_by_key(|(stance, ..)| stance.index);
        let mut held: BTreeMap<(&Name, Question), Vec<StandingStance>> = BTreeMap::new();
        for (stance, question, target) in placed {
            held.entry((&stance.source, question)).or_default().push(StandingStance {
                stance: stance.stance,
                target,
                stated: stance.stated.clone(),
                entries: self.corrections.trail(stance.index),
            });
        }
        views.values_mut().for_each(|view| view.standings.sort_by(|a, b| a.question.cmp(&b.question)));
        for ((source, question), stances) in held {
            let standings = &mut view_of(views, source).standings;
            let at = standings.binary_search_by(|s| s.question.cmp(&question)).unwrap_or_else(|at| {
                standings.insert(at, Standing::empty(question));
                at
            });
            if let Some(standing) = standings.get_mut(at) {
                standing.stances = stances;
            }
        }
        Ok(())
    }

    /// The question that a claim answers, and what has become of the claim. `None` if nobody can tell any more.
    fn target(
        &self,
        find: Find<'_>,
        of: u64,
        questions: &Questions,
    ) -> Result<Option<(Question, StanceTarget)>, OpenError> {
        let Some(recorded) = find(of)? else { return Ok(None) };
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
