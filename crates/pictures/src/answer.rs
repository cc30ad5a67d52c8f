//! What a source has on a question at a moment, ready to be drawn: numbers, or words.

use sayso_core::event::StanceKind;
use sayso_core::number::Number;
use sayso_core::replay::{Combined, StanceTarget, StandingStance};
use sayso_core::text::Label;
use sayso_core::value::Value;
use sayso_core::views::{Cell, CellState, Relation, Row, Verdict};

use super::palette::Told;

/// Values and stances of one source that a picture tells; it counts the others. Each change tells them anew: without a limit a page would grow
/// with the square of the statements.
pub(crate) const MANY: usize = 30;

/// A number with its bounds, as far as a picture needs them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    /// The lower bound; `None`: open below.
    pub(crate) low: Option<f64>,
    /// The upper bound; `None`: open above.
    pub(crate) high: Option<f64>,
    /// About so many.
    pub(crate) about: bool,
}

/// What a source has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) state: CellState,
    /// All of it in a few words.
    pub(crate) text: String,
    /// Its numbers: none where it has words, several where it contradicts itself or where nobody is named.
    pub(crate) spans: Vec<Span>,
    /// There are more values than are told.
    pub(crate) cut: bool,
    /// What is no number.
    pub(crate) words: Option<String>,
    /// A date is marked `?`, `~` or `%`.
    pub(crate) uncertain: bool,
    /// Nobody knows which of a day's statements came last.
    pub(crate) order_unknown: bool,
    /// What it says of the claims of others.
    pub(crate) stances: Vec<String>,
    /// The entries that it rests on.
    pub(crate) entries: Vec<u64>,
}

impl Answer {
    /// What a cell says. `None` where nothing of the source is recorded.
    pub(crate) fn of(cell: &Cell) -> Option<Self> {
        let standing = cell.standing.as_ref();
        let mut entries: Vec<u64> = standing.iter().flat_map(|s| &s.entries).copied().collect();
        entries.extend(standing.iter().flat_map(|s| &s.stances).flat_map(|s| &s.entries));
        entries.extend(cell.taken_back.iter().flat_map(|t| &t.entries));
        entries.sort_unstable();
        entries.dedup();
        let values = standing.and_then(|s| s.combined.as_ref()).map(values).unwrap_or_default();
        let told = || values.iter().take(MANY);
        let spans: Vec<Span> = told().filter_map(|(value, _)| span(value)).collect();
        let all_stances = standing.map_or(0, |s| s.stances.len());
        let mut stances: Vec<String> = standing.iter().flat_map(|s| &s.stances).take(MANY).map(stance).collect();
        stances.extend(more(all_stances).map(|more| format!("and {more}")));
        let text = match cell.state {
            CellState::Claims => {
                let apart = if standing.and_then(|s| s.combined.as_ref()).is_some_and(|c| c.consistent.is_none()) {
                    " & "
                } else {
                    " | "
                };
                told().map(said).chain(more(values.len())).collect::<Vec<_>>().join(apart)
            }
            CellState::NothingRecorded => return None,
            state => in_a_word(state).to_owned(),
        };
        let words = if spans.len() == told().count() && !spans.is_empty() { None } else { Some(text.clone()) };
        Some(Self {
            state: cell.state,
            text,
            spans,
            cut: values.len() > MANY,
            words,
            uncertain: standing.is_some_and(|s| s.uncertain || s.stances.iter().any(|s| s.stated.is_uncertain())),
            order_unknown: standing.is_some_and(|s| s.order_unknown),
            stances,
            entries,
        })
    }
}

/// How many are not told.
fn more(all: usize) -> Option<String> {
    all.checked_sub(MANY).filter(|more| *more > 0).map(|more| format!("{more} more"))
}

/// A state without a value, as people read it.
pub(crate) const fn in_a_word(state: CellState) -> &'static str {
    match state {
        CellState::Claims => "claims",
        CellState::Denies => "denies",
        CellState::Accepts => "accepts",
        CellState::Declines => "declines",
        CellState::TakenBack => "taken back",
        CellState::NothingRecorded => "nothing recorded",
    }
}

fn values(combined: &Combined) -> Vec<(&Value, Option<&Label>)> {
    let one = combined.value.iter().map(|v| (v, combined.unit.as_ref()));
    one.chain(combined.values.iter().map(|(v, u)| (v, u.as_ref()))).collect()
}

fn said((value, unit): &(&Value, Option<&Label>)) -> String {
    unit.map_or_else(|| value.to_string(), |unit| format!("{value} {unit}"))
}

/// A value as bounds; `None` if it is no number.
pub(crate) fn span(value: &Value) -> Option<Span> {
    let exactly = |n: f64, about| Span { low: Some(n), high: Some(n), about };
    match value {
        Value::Quantity(bounds) => {
            Some(Span { low: bounds.min().and_then(plot), high: bounds.max().and_then(plot), about: false })
        }
        Value::Approx(n) => plot(*n).map(|n| exactly(n, true)),
        Value::None => Some(exactly(0.0, false)),
        Value::Text(_) | Value::YesNo(_) | Value::Date(_) | Value::Unknown => None,
    }
}

/// A number near enough for a picture.
fn plot(n: Number) -> Option<f64> {
    n.to_string().parse().ok()
}

fn stance(stance: &StandingStance) -> String {
    let does = stance.stance.in_words_on();
    match &stance.target {
        StanceTarget::Question if stance.stance == StanceKind::Declines => stance.stance.in_words().to_owned(),
        StanceTarget::Question => format!("{does} the question"),
        StanceTarget::Claim { of, source, .. } => format!("{does} #{of} of {source}"),
    }
}

/// How a source goes together with the others, at its gravest: what its own cell is marked with.
pub(crate) fn marked(row: &Row, cell: &Cell) -> Told {
    if cell.in_words { Told::Words } else { Told::Verdict(gravest(row, cell)) }
}

fn gravest(row: &Row, cell: &Cell) -> Verdict {
    let inconsistent =
        cell.standing.as_ref().and_then(|s| s.combined.as_ref()).and_then(|c| c.consistent) == Some(false);
    match (cell.gravest, cell.state) {
        (Some(Relation::Conflict), _) => Verdict::Conflict,
        (Some(Relation::Denied), _) => Verdict::Denied,
        (Some(Relation::Inconsistent), _) => Verdict::Inconsistent,
        _ if inconsistent => Verdict::Inconsistent,
        (Some(Relation::NotCompared), _) => Verdict::NotCompared,
        (Some(Relation::Compatible), _) => Verdict::Compatible,
        (Some(Relation::Agreement), _) => Verdict::Agreement,
        (None, CellState::Claims) if cell.source.is_unattributed() => Verdict::UnattributedOnly,
        (None, CellState::Claims) => Verdict::OneSource,
        (None, CellState::Denies) if row.verdict == Verdict::Denied => Verdict::Denied,
        (None, CellState::Declines) => Verdict::Declined,
        (None, CellState::NothingRecorded) => Verdict::NothingRecorded,
        (None, CellState::Denies | CellState::Accepts | CellState::TakenBack) => Verdict::NothingStands,
    }
}

/// All cells of a row, `unattributed` last.
pub(crate) fn cells(row: &Row) -> impl Iterator<Item = &Cell> {
    row.cells.iter().chain(&row.unattributed)
}
