//! Where sources part: source by question at a moment, with a verdict for each question and the entries that it rests on.
//!
//! A verdict is about the answers, never about the world: nothing here says who is right.

use std::collections::{BTreeMap, BTreeSet};

use super::again::{SaidAgain, said_again};
use super::pairs::{Gravity, Pairs, TOLD, Told, Valued};
use super::relation::{Relation, is_of_words, relate};
use super::verdict::{Verdict, verdict};
use super::way::Way;
use crate::event::{NameKind, Question, StanceKind};
use crate::ledger::{Ledger, OpenError};
use crate::replay::{Fate, Filter, Query, Replay, StanceTarget, Standing, StandingStance, TakenBack, View, combine};
use crate::text::{Label, Name};
use crate::value::Value;

/// What the sources say, question by question.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The views compared.
    pub replay: Replay,
    /// By subject, then predicate.
    pub rows: Vec<Row>,
    /// How many questions were left out, by verdict.
    pub left_out: BTreeMap<Verdict, usize>,
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The question.
    pub question: Question,
    /// How the answers of the parties go together.
    pub verdict: Verdict,
    /// One for each party that has something on it or was asked for, by name.
    pub cells: Vec<Cell>,
    /// What nobody named answers for. It is shown beside the parties and never counts in the verdict.
    pub unattributed: Option<Cell>,
    /// How the parties go together, two by two; of very many pairs the gravest hundred.
    pub findings: Vec<Finding>,
    /// How many pairs are not among the findings, by relation. The verdict rests on them too.
    pub more: BTreeMap<Relation, usize>,
    /// How the parties go together with what nobody named answers for.
    pub beside: Vec<Finding>,
    /// How many more there are of these.
    pub more_beside: usize,
    /// Whether the verdict is a conflict, every conflict in it is one of different words, and nobody denies another's claim.
    pub in_words: bool,
}

/// What one source has on one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The source.
    pub source: Name,
    /// What it does there.
    pub state: CellState,
    /// What it stands by, its stances included.
    pub standing: Option<Standing>,
    /// What it took back.
    pub taken_back: Option<TakenBack>,
    /// How it goes together with another party, at its gravest, whether that pair is among the findings or not.
    pub gravest: Option<Relation>,
    /// Whether that is a conflict, every one it is in is of different words, and no denial is.
    pub in_words: bool,
}

/// What a source does on a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellState {
    /// It stands by a value.
    Claims,
    /// It gives no value and denies another's claim, or the question.
    Denies,
    /// It gives no value and affirms or partly accepts another's claim.
    Accepts,
    /// It was asked and would not say.
    Declines,
    /// It took its statement back.
    TakenBack,
    /// We have nothing of it.
    NothingRecorded,
}

/// How two sources go together on a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How.
    pub relation: Relation,
    /// The stance that says so; `None` where the values do.
    pub stance: Option<StanceKind>,
    /// The two; of a stance, who takes it comes first.
    pub of: [Party; 2],
    /// Why, in a few words.
    pub why: String,
}

/// A source and the entries that speak for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    /// The source.
    pub source: Name,
    /// The entries.
    pub entries: Vec<u64>,
}

impl Finding {
    /// Whether all that this conflict rests on is that two texts are not the same. The relation stays a conflict; a reader should not take it
    /// for one between figures.
    #[must_use]
    pub fn is_of_words(&self) -> bool {
        self.relation == Relation::Conflict && is_of_words(&self.why)
    }
}

impl Row {
    /// How many pairs are not among the findings.
    #[must_use]
    pub fn untold(&self) -> usize {
        self.more.values().sum()
    }
}

impl CellState {
    /// The word used in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Denies => "denies",
            Self::Accepts => "accepts",
            Self::Declines => "declines",
            Self::TakenBack => "taken-back",
            Self::NothingRecorded => "nothing-recorded",
        }
    }
}

/// Compares the sources on every question that the filter picks. Sources of the filter are the parties compared; tags,
/// recorders and carriers pick questions, and never take a party out of one.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn compare(ledger: &Ledger, query: &Query) -> Result<Comparison, OpenError> {
    compare_by(ledger, query, Way::Index)
}

pub(super) fn compare_by(ledger: &Ledger, query: &Query, way: Way) -> Result<Comparison, OpenError> {
    let picked = picked(ledger, query, way)?;
    let mut compared = compare_all(ledger, query, way)?;
    match picked {
        Some(picked) => compared.rows.retain(|row| picked.contains(&row.question)),
        None => compared.add_unanswered(ledger, query, way)?,
    }
    Ok(compared)
}

/// The questions that tags, recorders and carriers pick; `None` if the filter has none of these.
pub(super) fn picked(ledger: &Ledger, query: &Query, way: Way) -> Result<Option<BTreeSet<Question>>, OpenError> {
    Ok(if query.filter.picks_entries() { Some(questions_of(&way.replay(ledger, query)?)) } else { None })
}

/// The comparison without regard to tags, recorders and carriers.
pub(super) fn compare_all(ledger: &Ledger, query: &Query, way: Way) -> Result<Comparison, OpenError> {
    let Filter { sources, subject_prefixes, predicates, .. } = query.filter.clone();
    let filter = Filter { sources, subject_prefixes, predicates, ..Filter::default() };
    let replayed = way.replay(ledger, &Query { filter, ..query.clone() })?;
    let again = said_again(ledger, query, &replayed, way)?;
    let rows = rows_of(&replayed, &again, &query.filter);
    Ok(Comparison { replay: replayed, rows, left_out: BTreeMap::new() })
}

/// One row for each question that is in the views.
pub(super) fn rows_of(replayed: &Replay, again: &SaidAgain, filter: &Filter) -> Vec<Row> {
    let parties = Parties::of(replayed, filter);
    by_question(replayed).into_iter().map(|(question, there)| parties.row(question, there, again)).collect()
}

impl Comparison {
    /// Adds the questions that were asked for by their whole subject and predicate, and of which the sources asked for have nothing
    /// while somebody else has. Of a question that nobody has anything on nobody can tell whether its name is whole.
    fn add_unanswered(&mut self, ledger: &Ledger, query: &Query, way: Way) -> Result<(), OpenError> {
        if query.filter.sources.is_empty()
            || query.filter.subject_prefixes.is_empty()
            || query.filter.predicates.is_empty()
        {
            return Ok(());
        }
        let filter = Filter { sources: vec![], ..query.filter.clone() };
        let everyone = way.replay(ledger, &Query { filter, ..query.clone() })?;
        let subjects = query.filter.subject_prefixes.iter();
        let subjects: BTreeSet<Name> = subjects.map(|name| shown(&everyone, NameKind::Subject, name)).collect();
        let mut unanswered = questions_of(&everyone);
        unanswered.retain(|question| subjects.contains(&question.subject));
        for row in &self.rows {
            unanswered.remove(&row.question);
        }
        let parties = Parties::of(&self.replay, &query.filter);
        let nothing = |question| parties.row(question, BTreeMap::new(), &SaidAgain::new());
        let rows: Vec<Row> = unanswered.iter().map(nothing).collect();
        self.rows.extend(rows);
        self.rows.sort_by(|a, b| a.question.cmp(&b.question));
        Ok(())
    }

    /// Leaves only questions on which parties contradict one another, and counts the others.
    #[must_use]
    pub fn disputes(mut self) -> Self {
        let (kept, left): (Vec<Row>, Vec<Row>) = self.rows.into_iter().partition(|row| row.verdict.is_dispute());
        for row in left {
            *self.left_out.entry(row.verdict).or_default() += 1;
        }
        self.rows = kept;
        self
    }
}

/// The name that one asked for is shown under.
fn shown(replayed: &Replay, names: NameKind, asked: &Name) -> Name {
    let other = replayed.asked_as.iter().find(|a| a.names == names && a.asked == *asked);
    other.map_or(asked, |a| &a.shown).clone()
}

fn questions_of(replayed: &Replay) -> BTreeSet<Question> {
    let standing = |v: &View| -> Vec<Question> {
        let taken = v.taken_back.iter().map(|t| &t.question);
        v.standings.iter().map(|s| &s.question).chain(taken).cloned().collect()
    };
    replayed.views.iter().flat_map(standing).collect()
}

/// The sources compared: those that have something, and those asked for, whether they have or not.
struct Parties<'a> {
    views: &'a [View],
    asked: BTreeSet<Name>,
    /// The places of those asked for among the views.
    places: Vec<usize>,
}

impl<'a> Parties<'a> {
    fn of(replayed: &'a Replay, filter: &Filter) -> Self {
        let asked: BTreeSet<Name> = filter.sources.iter().map(|name| shown(replayed, NameKind::Source, name)).collect();
        let places = replayed.views.iter().enumerate().filter(|(_, view)| asked.contains(&view.source));
        Self { views: &replayed.views, places: places.map(|(place, _)| place).collect(), asked }
    }

    fn row(&self, question: &Question, mut there: BTreeMap<usize, Has<'_>>, again: &SaidAgain) -> Row {
        for place in &self.places {
            there.entry(*place).or_default();
        }
        row(question, &there, self, again)
    }
}

/// What one source has on one question.
type Has<'a> = (Option<&'a Standing>, Option<&'a TakenBack>);

/// What is there on each question, by the places of the views: every view is walked once, however many questions there are.
fn by_question(replayed: &Replay) -> BTreeMap<&Question, BTreeMap<usize, Has<'_>>> {
    let mut all: BTreeMap<&Question, BTreeMap<usize, Has<'_>>> = BTreeMap::new();
    for (place, view) in replayed.views.iter().enumerate() {
        for standing in &view.standings {
            all.entry(&standing.question).or_default().entry(place).or_default().0 = Some(standing);
        }
        for taken in &view.taken_back {
            all.entry(&taken.question).or_default().entry(place).or_default().1 = Some(taken);
        }
    }
    all
}

fn row(question: &Question, there: &BTreeMap<usize, Has<'_>>, parties: &Parties<'_>, again: &SaidAgain) -> Row {
    let cells = there.iter().filter_map(|(place, (standing, taken_back))| {
        let source = parties.views.get(*place)?.source.clone();
        let state = state(*standing, *taken_back);
        let (standing, taken_back) = (standing.cloned(), taken_back.cloned());
        Some(Cell { source, state, standing, taken_back, gravest: None, in_words: false })
    });
    let is_shown = |cell: &Cell| cell.state != CellState::NothingRecorded || parties.asked.contains(&cell.source);
    let (nobody, cells): (Vec<Cell>, Vec<Cell>) = cells.filter(is_shown).partition(|c| c.source.is_unattributed());
    let values: Vec<Valued<'_>> = cells.iter().filter_map(with_value).collect();
    let pairs = Pairs::of(&values);
    let mut gravest: BTreeMap<Name, Gravity> = BTreeMap::new();
    for ((cell, ..), gravity) in values.iter().zip(&pairs.gravest) {
        gravest.extend(gravity.map(|gravity| (cell.source.clone(), gravity)));
    }
    let mut told = Told { findings: pairs.findings, more: pairs.more, ..Told::default() };
    for (left, nobody) in values.iter().flat_map(|left| nobody.iter().filter_map(move |n| Some((left, with_value(n)?))))
    {
        if told.beside.len() < TOLD {
            told.beside(each_beside(left, &nobody));
        } else {
            told.more_beside += nobody.2.values.len().max(1);
        }
    }
    // Who denies another's words contradicts them, whatever the words are.
    let mut denied: BTreeSet<Name> = BTreeSet::new();
    for cell in &cells {
        for stance in cell.standing.iter().flat_map(|s| &s.stances) {
            let of_nobody = matches!(&stance.target, StanceTarget::Claim { source, .. } if source.is_unattributed());
            for finding in placed(&cell.source, stance, &values, again) {
                // To deny what nobody answers for is something that this party did; to affirm it makes no party of nobody.
                if of_nobody && finding.relation != Relation::Denied {
                    told.beside([finding]);
                    continue;
                }
                if finding.relation == Relation::Denied {
                    denied.extend(finding.of.iter().map(|party| party.source.clone()));
                }
                let gravity = Gravity::of(finding.relation, &finding.why);
                for party in &finding.of {
                    let held = gravest.entry(party.source.clone()).or_insert(gravity);
                    *held = gravity.max(*held);
                }
                told.stance(finding);
            }
        }
    }
    let all = gravest.values().max();
    let verdict = verdict(&cells, &nobody, all.map(|gravity| gravity.relation));
    let in_words =
        verdict == Verdict::Conflict && denied.is_empty() && all.is_some_and(|gravity| gravity.is_of_words());
    let marked = |mut cell: Cell| {
        let gravity = gravest.get(&cell.source);
        cell.gravest = gravity.map(|gravity| gravity.relation);
        cell.in_words = !denied.contains(&cell.source) && gravity.is_some_and(|gravity| gravity.is_of_words());
        cell
    };
    let unattributed = nobody.into_iter().next().map(marked);
    let cells = cells.into_iter().map(marked).collect();
    let Told { findings, more, beside, more_beside, .. } = told;
    Row { question: question.clone(), verdict, cells, unattributed, findings, more, beside, more_beside, in_words }
}

/// What nobody named answers for is not one voice: each of its values is held against the party by itself.
fn each_beside(left: &Valued<'_>, nobody: &Valued<'_>) -> Vec<Finding> {
    let (cell, standing, said) = nobody;
    let one = said.value.as_ref().map(|v| (v, said.unit.as_ref()));
    let values = one.into_iter().chain(said.values.iter().map(|(v, u)| (v, u.as_ref())));
    let finding = |value: (&Value, Option<&Label>)| {
        let (relation, why) = relate(left.2, &combine(&[value]));
        let unit = value.1.map(|u| format!(" {u}")).unwrap_or_default();
        let of = [party(left.0, left.1), party(cell, standing)];
        Finding { relation, stance: None, of, why: format!("{}{unit}: {why}", value.0) }
    };
    values.map(finding).collect()
}

fn state(standing: Option<&Standing>, taken_back: Option<&TakenBack>) -> CellState {
    let takes = |kinds: &[StanceKind]| standing.is_some_and(|s| s.stances.iter().any(|s| kinds.contains(&s.stance)));
    match standing {
        Some(s) if s.combined.is_some() => CellState::Claims,
        Some(_) if takes(&[StanceKind::Denies]) => CellState::Denies,
        Some(_) if takes(&[StanceKind::Affirms, StanceKind::PartlyAccepts]) => CellState::Accepts,
        Some(_) if takes(&[StanceKind::Declines]) => CellState::Declines,
        _ if taken_back.is_some() => CellState::TakenBack,
        _ => CellState::NothingRecorded,
    }
}

pub(super) fn with_value(cell: &Cell) -> Option<Valued<'_>> {
    let standing = cell.standing.as_ref()?;
    Some((cell, standing, standing.combined.as_ref()?))
}

pub(super) fn party(cell: &Cell, standing: &Standing) -> Party {
    Party { source: cell.source.clone(), entries: standing.entries.to_vec() }
}

/// What a stance makes of the answers of others.
fn placed(source: &Name, stance: &StandingStance, values: &[Valued<'_>], again: &SaidAgain) -> Vec<Finding> {
    let relation = match stance.stance {
        StanceKind::Denies => Relation::Denied,
        StanceKind::Affirms => Relation::Agreement,
        StanceKind::PartlyAccepts => Relation::Compatible,
        StanceKind::Declines => return vec![],
    };
    let does = stance.stance.in_words();
    let actor = Party { source: source.clone(), entries: stance.entries.clone() };
    let finding =
        |other: Party, why: String| Finding { relation, stance: Some(stance.stance), of: [actor.clone(), other], why };
    match &stance.target {
        StanceTarget::Question => values
            .iter()
            .filter(|(cell, ..)| cell.source != *source && !cell.source.is_unattributed())
            .map(|(cell, standing, _)| finding(party(cell, standing), format!("{does} the question")))
            .collect(),
        StanceTarget::Claim { of, source: claimant, fate } => {
            let claimed = Party { source: claimant.clone(), entries: vec![*of] };
            match fate {
                _ if claimant == source => vec![],
                Fate::Stands => vec![finding(claimed, format!("{does} it"))],
                // A denial of words that were said again holds against the second time too; of other words it says nothing.
                Fate::Replaced => (again.get(of).into_iter())
                    .map(|now| finding(now.clone(), format!("{does} #{of}, and the same was said again")))
                    .collect(),
                Fate::TakenBack | Fate::CorrectedAway | Fate::NotYetStated => vec![],
            }
        }
    }
}
