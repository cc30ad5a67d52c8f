//! What is exported: the questions of a comparison, each with the statements that stand on it, as they read.

use std::collections::BTreeMap;

use sayso_core::entry::Hash;
use sayso_core::event::{Citation, Claim, Content, Event};
use sayso_core::ledger::{Ledger, OpenError};
use sayso_core::replay::{Filter, Query, StandingStance};
use sayso_core::text::{ExternalId, Name};
use sayso_core::time::Instant;
use sayso_core::views::{Cell, Comparison, HistoryError, HistoryQuery, Item, Reads, Row, history};

/// Everything that an export is made from.
#[derive(Debug)]
pub struct Material<'a> {
    /// What was asked.
    pub query: &'a Query,
    /// What came of it.
    pub comparison: &'a Comparison,
    /// The ledger's identity, in hexadecimal.
    pub ledger: String,
    /// What the ledger is known by outside, if it has a name.
    pub name: Option<String>,
    /// By subject, then predicate, as in the comparison.
    pub questions: Vec<Question<'a>>,
}

/// A question, with what stands on it.
#[derive(Debug)]
pub struct Question<'a> {
    /// The question in the comparison.
    pub row: &'a Row,
    /// Claims and stances that stand, by source; those of `unattributed` last.
    pub statements: Vec<Statement<'a>>,
}

/// A claim or a stance that stands.
#[derive(Debug)]
pub struct Statement<'a> {
    /// The cell that it is part of.
    pub cell: &'a Cell,
    /// Its entry.
    pub index: u64,
    /// The entry's hash.
    pub hash: Hash,
    /// The id it was recorded with: a correction does not take that away.
    pub id: Option<ExternalId>,
    /// What it says, as it reads.
    pub event: Event,
    /// Since when this ledger has known it so: the recorded time of the entry, or of the correction in force.
    pub known_since: Instant,
    /// The correction in force, with its reason.
    pub corrected: Option<(u64, String)>,
    /// Of a stance: what has become of its target.
    pub stance: Option<&'a StandingStance>,
    /// Of a claim: where its source can first be read saying so, as far as this ledger knows. `None` if that is in several places:
    /// nobody knows which was the first.
    pub first: Option<Citation>,
}

/// Why there is nothing to export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialError {
    /// An entry cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An entry of an answer is not in the ledger, or not in the history of its subject.
    #[error("#{0} belongs to the answer and cannot be found; run `sayso audit`, then `sayso reindex`")]
    Missing(u64),
}

impl<'a> Material<'a> {
    /// Reads what stands behind a comparison. `name`: what the ledger is known by outside.
    ///
    /// # Errors
    /// [`MaterialError`].
    pub fn gather(
        ledger: &Ledger,
        query: &'a Query,
        comparison: &'a Comparison,
        name: Option<String>,
    ) -> Result<Self, MaterialError> {
        let mut questions: Vec<Question<'a>> = Vec::with_capacity(comparison.rows.len());
        let mut about = About::default();
        for row in &comparison.rows {
            let subject = &row.question.subject;
            if about.subject.as_ref() != Some(subject) {
                about = About::read(ledger, query, subject)?;
            }
            let mut statements = Vec::new();
            for cell in row.cells.iter().chain(&row.unattributed) {
                about.add(row, cell, &mut statements)?;
            }
            questions.push(Question { row, statements });
        }
        let ledger = Hash(ledger.id().0).to_string();
        Ok(Self { query, comparison, ledger, name, questions })
    }

    /// Both clocks, in a sentence each.
    #[must_use]
    pub fn clocks(&self) -> String {
        let (known, all) = (self.comparison.replay.known_entries, self.comparison.replay.head.size);
        let stated = match &self.query.as_of {
            Some(as_of) => format!("what had been said as of {as_of}"),
            None => "everything said".into(),
        };
        let recorded = match &self.query.known_at {
            Some(at) => format!("what this ledger knew at {at} ({known} of {all} entries)"),
            None => format!("everything known ({all} entries)"),
        };
        let erased = match self.comparison.replay.redacted.len() {
            0 => String::new(),
            erased => format!(" Entries erased: {erased}; nobody can tell whether they belong here."),
        };
        format!("Stated clock: {stated}. Recorded clock: {recorded}.{erased}")
    }
}

/// The entries about one subject.
#[derive(Default)]
struct About {
    subject: Option<Name>,
    items: BTreeMap<u64, Item>,
}

impl About {
    fn read(ledger: &Ledger, query: &Query, subject: &Name) -> Result<Self, MaterialError> {
        let clocks = Query { filter: Filter::default(), ..query.clone() };
        let told = history(ledger, subject, None, &HistoryQuery { clocks, ..HistoryQuery::default() });
        let told = told.map_err(|e| match e {
            HistoryError::Open(e) => MaterialError::Open(e),
            HistoryError::NoSuchStart(index) => MaterialError::Missing(index),
            _ => MaterialError::Missing(0),
        })?;
        let items = told.items.into_iter().map(|item| (item.index, item)).collect();
        Ok(Self { subject: Some(subject.clone()), items })
    }

    /// Adds the claims and stances of a cell.
    fn add<'a>(&self, row: &Row, cell: &'a Cell, statements: &mut Vec<Statement<'a>>) -> Result<(), MaterialError> {
        let Some(standing) = &cell.standing else { return Ok(()) };
        for index in &standing.entries {
            let item = self.items.get(index).ok_or(MaterialError::Missing(*index))?;
            // What it rests on has corrections, too; they speak through the claim that they correct.
            if let Some(Content::Claim(claim)) = item.as_it_reads().map(|e| &e.content) {
                let first = self.first(row, claim);
                statements.extend(self.statement(cell, item, None, first)?);
            }
        }
        for stance in &standing.stances {
            for index in &stance.entries {
                let item = self.items.get(index).ok_or(MaterialError::Missing(*index))?;
                if let Some(Content::Stance(_)) = item.as_it_reads().map(|e| &e.content) {
                    statements.extend(self.statement(cell, item, Some(stance), None)?);
                }
            }
        }
        Ok(())
    }

    fn statement<'a>(
        &self,
        cell: &'a Cell,
        item: &Item,
        stance: Option<&'a StandingStance>,
        first: Option<Citation>,
    ) -> Result<Option<Statement<'a>>, MaterialError> {
        let Some(event) = item.as_it_reads().cloned() else { return Ok(None) };
        let (index, hash) = (item.index, item.hash);
        let (mut known_since, mut corrected) = (item.recorded, None);
        if let Reads::Changed { by, .. } = &item.reads {
            let correction = self.items.get(by).ok_or(MaterialError::Missing(*by))?;
            known_since = correction.recorded;
            let reason = match correction.as_it_reads().map(|e| &e.content) {
                Some(Content::Correction(c)) => c.reason.to_string(),
                _ => String::new(),
            };
            corrected = Some((*by, reason));
        }
        let id = item.event.as_ref().and_then(|recorded| recorded.id.clone());
        Ok(Some(Statement { cell, index, hash, id, event, known_since, corrected, stance, first }))
    }

    /// The first place where the source of a claim is known to have said the same on the question.
    fn first(&self, row: &Row, claim: &Claim) -> Option<Citation> {
        let same = |item: &&Item| match item.as_it_reads().map(|e| &e.content) {
            Some(Content::Claim(c)) => {
                !matches!(item.reads, Reads::Void { .. })
                    && item.question.as_ref() == Some(&row.question)
                    && (&c.by.source, &c.value, &c.unit) == (&claim.by.source, &claim.value, &claim.unit)
            }
            _ => false,
        };
        let said = |item: &&Item| {
            let by = item.as_it_reads().and_then(|e| e.content.attribution());
            (by.map(|by| by.stated.last_instant()), item.index)
        };
        let first = self.items.values().filter(same).min_by_key(said)?;
        if let [only] = first.as_it_reads()?.citations.as_slice() { Some(only.clone()) } else { None }
    }
}

impl Statement<'_> {
    /// The claim, unless it is a stance.
    #[must_use]
    pub fn claim(&self) -> Option<&Claim> {
        match &self.event.content {
            Content::Claim(claim) => Some(claim),
            _ => None,
        }
    }

    /// Who is answerable for it, under the name shown today; `None` where nobody is named.
    #[must_use]
    pub fn party(&self) -> Option<&Name> {
        Some(&self.cell.source).filter(|source| !source.is_unattributed())
    }
}
