//! The whole life of a question, or of all questions of a subject: every entry about it, as recorded and as it reads now.

use std::collections::{BTreeMap, BTreeSet};

use super::about::{About, Account, Found, asked_as, entries_about};
use super::way::Way;
use crate::body::Record;
use crate::entry::{Hash, Head};
use crate::event::{Content, Event, NameKind, Question, Target};
use crate::ledger::{Ledger, OpenError};
use crate::reading::Reading;
use crate::replay::{AskedAs, Fate, Filter, Query, Replay};
use crate::text::{Label, Name};
use crate::time::Instant;

/// Whose life to tell, and which page of it.
#[derive(Debug, Clone, Default)]
pub struct HistoryQuery {
    /// The clocks, and which entries to show: by source, tag, recorder and carrier. Subjects and predicates of the filter are not
    /// looked at.
    pub clocks: Query,
    /// In which order.
    pub order: Order,
    /// The entry to begin with.
    pub from: Option<u64>,
    /// How many entries at most.
    pub limit: Option<u64>,
}

/// The order of a history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As this ledger learned of it.
    #[default]
    Recorded,
    /// As it was said; what we recorded about an entry follows it, and aliases come last.
    Stated,
}

/// The life of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The ledger's head when it was read.
    pub head: Head,
    /// How many of its entries the recorded clock let through.
    pub known_entries: u64,
    /// The subject, under the name it is shown by.
    pub subject: Name,
    /// The predicate, if one was asked for.
    pub predicate: Option<Name>,
    /// Names asked for that are answered under another one.
    pub asked_as: Vec<AskedAs>,
    /// The page.
    pub items: Vec<Item>,
    /// How many there are on all pages.
    pub total: usize,
    /// The entry that the next page begins with.
    pub next: Option<u64>,
    /// Entries whose bodies were erased: nobody can tell whether they belong here.
    pub redacted: Vec<u64>,
}

/// One entry of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its place in the log.
    pub index: u64,
    /// Its hash, as stored; audit checks it.
    pub hash: Hash,
    /// When this ledger learned of it.
    pub recorded: Instant,
    /// Whether that time was another system's.
    pub imported_clock: bool,
    /// Who recorded it.
    pub recorder: Option<Label>,
    /// What was recorded; `None` if it was erased.
    pub event: Option<Event>,
    /// How it reads now.
    pub reads: Reads,
    /// The question it is about, under the names shown today; `None` for aliases, and where nobody can tell.
    pub question: Option<Question>,
    /// What has become of it; `None` for notes, aliases, retractions and redactions that are in force.
    pub fate: Option<Fate>,
}

/// How an entry reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Reads {
    /// As it was recorded.
    AsRecorded,
    /// Otherwise: a correction put this in its place.
    Changed {
        /// What it says now.
        event: Box<Event>,
        /// The correction in force.
        by: u64,
    },
    /// Not at all: it should never have been recorded.
    Void {
        /// The correction that says so.
        by: u64,
    },
}

/// Why there is no such page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// In the order of statements a page begins with an entry of the history.
    #[error("#{0} is not in this history; in the order of statements a page begins with one of its entries")]
    NoSuchStart(u64),
}

/// Everything recorded about a subject, or about one of its questions.
///
/// # Errors
/// [`HistoryError`].
pub fn history(
    ledger: &Ledger,
    subject: &Name,
    predicate: Option<&Name>,
    query: &HistoryQuery,
) -> Result<History, HistoryError> {
    history_by(ledger, subject, predicate, query, Way::Index)
}

pub(super) fn history_by(
    ledger: &Ledger,
    subject: &Name,
    predicate: Option<&Name>,
    query: &HistoryQuery,
    way: Way,
) -> Result<History, HistoryError> {
    let about = About { subject, predicate };
    let account = entries_about(ledger, &about, query.clocks.known_at.as_ref(), way)?;
    let replayed = account.replay(ledger, &query.clocks, &about, way)?;
    let items = Items::new(&account, &replayed, &query.clocks).all();
    let mut items: Vec<Item> = items.into_iter().filter(|item| wants(&query.clocks, &account, item)).collect();
    if query.order == Order::Stated {
        sort_by_stated(&mut items);
    }
    let total = items.len();
    if let Some(from) = query.from {
        let start = match query.order {
            Order::Recorded => items.iter().position(|i| i.index >= from).unwrap_or(total),
            Order::Stated => items.iter().position(|i| i.index == from).ok_or(HistoryError::NoSuchStart(from))?,
        };
        items.drain(..start);
    }
    let limit = query.limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let next = items.get(limit).map(|i| i.index);
    items.truncate(limit);
    let aliases = &account.aliases;
    let mut asked = vec![(NameKind::Subject, subject)];
    asked.extend(predicate.map(|p| (NameKind::Predicate, p)));
    asked.extend(query.clocks.filter.sources.iter().map(|s| (NameKind::Source, s)));
    Ok(History {
        head: ledger.head(),
        known_entries: account.known_entries,
        subject: aliases.shown(NameKind::Subject, subject).clone(),
        predicate: predicate.map(|p| aliases.shown(NameKind::Predicate, p).clone()),
        asked_as: asked_as(aliases, &asked),
        items,
        total,
        next,
        redacted: account.redacted,
    })
}

/// Whether an entry is shown: it, or the entry that it is about, was said by then and is of a source asked for.
fn wants(clocks: &Query, account: &Account, item: &Item) -> bool {
    let Some(event) = item.as_it_reads() else { return clocks.filter.is_empty() };
    let filter = &clocks.filter;
    let root = account.root(item.index);
    let said = account.reading(root).and_then(|e| e.content.attribution());
    let stated = said.is_none_or(|by| clocks.as_of.as_ref().is_none_or(|as_of| as_of.includes(&by.stated)));
    let own = event.content.attribution().is_none_or(|by| clocks.as_of.as_ref().is_none_or(|a| a.includes(&by.stated)));
    let sourced = filter.sources.is_empty() || said.is_some_and(|by| filter.wants_source(&by.source, &account.aliases));
    stated && own && sourced && filter.wants_entry(item.recorder.as_ref(), event)
}

/// What was said by the time it was said; what we recorded about an entry right after it; aliases last.
fn sort_by_stated(items: &mut [Item]) {
    let said: BTreeMap<u64, Instant> = items
        .iter()
        .filter_map(|i| Some((i.index, i.as_it_reads()?.content.attribution()?.stated.last_instant())))
        .collect();
    let of: BTreeMap<u64, u64> = items.iter().filter_map(|i| Some((i.index, points_at(i.event.as_ref()?)?))).collect();
    items.sort_by_cached_key(|item| {
        let mut root = item.index;
        while !said.contains_key(&root) {
            match of.get(&root).filter(|of| **of < root) {
                Some(of) => root = *of,
                None => break,
            }
        }
        (said.get(&root).map_or(i64::MAX, |at| at.micros()), root, item.index)
    });
}

/// The entry that an event points at.
pub(super) fn points_at(event: &Event) -> Option<u64> {
    match &event.content {
        Content::Stance(s) => match s.target {
            Target::Entry(of) => Some(of),
            Target::Question(_) => None,
        },
        Content::Retraction(r) => Some(r.of),
        Content::Correction(c) => Some(c.of),
        Content::Redaction(r) => Some(r.of),
        Content::Note(n) => Some(n.of),
        Content::Claim(_) | Content::Alias(_) => None,
    }
}

impl Item {
    /// The event as it reads now; the recorded one where a correction took it away.
    #[must_use]
    pub fn as_it_reads(&self) -> Option<&Event> {
        match &self.reads {
            Reads::Changed { event, .. } => Some(event),
            Reads::AsRecorded | Reads::Void { .. } => self.event.as_ref(),
        }
    }
}

impl Account {
    /// How an entry reads; as it was recorded where a correction took it away.
    pub(super) fn reading(&self, index: u64) -> Option<&Event> {
        let event = &self.found(index)?.record.as_ref()?.event;
        Some(match self.corrections.read(index, event) {
            Reading::Event(event) => event,
            Reading::Void { .. } => event,
        })
    }

    /// The question that an entry is about, by way of what it points at.
    pub(super) fn question(&self, index: u64) -> Option<Question> {
        let (mut at, aliases) = (index, &self.aliases);
        loop {
            let event = self.reading(at)?;
            if let Some(q) = event.content.question() {
                return Some(Question {
                    subject: aliases.shown(NameKind::Subject, &q.subject).clone(),
                    predicate: aliases.shown(NameKind::Predicate, &q.predicate).clone(),
                });
            }
            at = points_at(event).filter(|of| *of < at)?;
        }
    }

    /// What stands on the questions of all entries here, also those that a correction moved elsewhere.
    pub(super) fn replay(
        &self,
        ledger: &Ledger,
        clocks: &Query,
        about: &About<'_>,
        way: Way,
    ) -> Result<Replay, OpenError> {
        let mut questions: BTreeSet<Question> = self.entries.keys().filter_map(|index| self.question(*index)).collect();
        if let Some(predicate) = about.predicate {
            questions.insert(Question { subject: about.subject.clone(), predicate: predicate.clone() });
        }
        let subjects: BTreeSet<&Name> = questions.iter().map(|q| &q.subject).chain([about.subject]).collect();
        let predicates: BTreeSet<&Name> = questions.iter().map(|q| &q.predicate).collect();
        let filter = Filter {
            subject_prefixes: subjects.into_iter().cloned().collect(),
            predicates: predicates.into_iter().cloned().collect(),
            ..Filter::default()
        };
        way.replay_on(ledger, &Query { filter, ..clocks.clone() }, &questions)
    }

    /// The statement that corrections, notes and redactions are about in the end; any other entry is its own.
    pub(super) fn root(&self, mut index: u64) -> u64 {
        while let Some(event) = self.entries.get(&index).and_then(|f| f.record.as_ref()).map(|r| &r.event) {
            let is_ours = matches!(event.content, Content::Correction(_) | Content::Note(_) | Content::Redaction(_));
            match points_at(event).filter(|of| is_ours && *of < index) {
                Some(of) => index = of,
                None => break,
            }
        }
        index
    }
}

/// Makes items of entries.
pub(super) struct Items<'a> {
    account: &'a Account,
    clocks: &'a Query,
    standing: BTreeSet<u64>,
    /// What takes an entry back, as known and as said by then: by which entry, and by whom, under the name shown.
    retractions: BTreeMap<u64, Vec<(u64, &'a Name)>>,
}

impl<'a> Items<'a> {
    pub(super) fn new(account: &'a Account, replayed: &Replay, clocks: &'a Query) -> Self {
        let standings = replayed.views.iter().flat_map(|v| &v.standings);
        let standing = standings
            .flat_map(|s| s.entries.iter().chain(s.stances.iter().flat_map(|s| &s.entries)))
            .copied()
            .collect();
        let mut retractions: BTreeMap<u64, Vec<(u64, &Name)>> = BTreeMap::new();
        for (index, found) in &account.entries {
            let Some(event) = found.record.as_ref().map(|r| &r.event) else { continue };
            let Reading::Event(Event { content: Content::Retraction(r), .. }) = account.corrections.read(*index, event)
            else {
                continue;
            };
            if clocks.as_of.as_ref().is_none_or(|as_of| as_of.includes(&r.by.stated)) {
                let by = account.aliases.shown(NameKind::Source, &r.by.source);
                retractions.entry(r.of).or_default().push((*index, by));
            }
        }
        Self { account, clocks, standing, retractions }
    }

    pub(super) fn all(&self) -> Vec<Item> {
        self.account.entries.iter().map(|(index, found)| self.item(*index, found)).collect()
    }

    fn item(&self, index: u64, found: &Found) -> Item {
        let Record { recorder, event } = match &found.record {
            Some(record) => record.clone(),
            None => return self.erased(index, found),
        };
        let reads = match self.account.corrections.read(index, &event) {
            Reading::Void { by } => Reads::Void { by },
            Reading::Event(now) if *now == event => Reads::AsRecorded,
            Reading::Event(now) => {
                let by = self.account.corrections.in_force(index).map_or(index, |(by, _)| by);
                Reads::Changed { event: Box::new(now.clone()), by }
            }
        };
        let fate = self.fate(index, &event, &reads);
        let question = self.account.question(index);
        let Found { hash, recorded, imported_clock, .. } = *found;
        Item { index, hash, recorded, imported_clock, recorder, event: Some(event), reads, question, fate }
    }

    fn erased(&self, index: u64, found: &Found) -> Item {
        Item {
            index,
            hash: found.hash,
            recorded: found.recorded,
            imported_clock: found.imported_clock,
            recorder: None,
            event: None,
            reads: Reads::AsRecorded,
            question: None,
            fate: None,
        }
    }

    /// What has become of a statement or a correction.
    fn fate(&self, index: u64, event: &Event, reads: &Reads) -> Option<Fate> {
        let now = match reads {
            Reads::Void { .. } => return Some(Fate::CorrectedAway),
            Reads::Changed { event, .. } => event,
            Reads::AsRecorded => event,
        };
        if let Content::Correction(c) = &now.content {
            let in_force = self.account.corrections.in_force(c.of).is_some_and(|(by, _)| by == index);
            return Some(if in_force { Fate::Stands } else { Fate::Replaced });
        }
        let by = now.content.attribution()?;
        if self.clocks.as_of.as_ref().is_some_and(|as_of| !as_of.includes(&by.stated)) {
            return Some(Fate::NotYetStated);
        }
        match &now.content {
            Content::Retraction(_) => None,
            _ if !self.retractions(index, &by.source).is_empty() => Some(Fate::TakenBack),
            _ if self.standing.contains(&index) => Some(Fate::Stands),
            _ => Some(Fate::Replaced),
        }
    }

    /// The retractions by which a source took back an entry of its own, as known and said by then.
    pub(super) fn retractions(&self, of: u64, source: &Name) -> Vec<u64> {
        let own = self.account.aliases.shown(NameKind::Source, source);
        let all = self.retractions.get(&of).into_iter().flatten();
        all.filter(|(_, by)| *by == own).map(|(index, _)| *index).collect()
    }
}
