//! Which entries are about a question, or about all questions of a subject. The index leads to them; going through the whole log finds
//! the same.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::frame::{Frame, Gathered, ever_joined};
use super::history::points_at;
use super::way::Way;
use super::web::Others;
use crate::body::Record;
use crate::entry::Hash;
use crate::event::{Alias, Content, Event, NameKind, Question, Target};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::projection::Ranges;
use crate::reading::{Aliases, Corrections};
use crate::replay::AskedAs;
use crate::text::Name;
use crate::time::{Instant, KnownAt};

/// What is asked about.
pub(super) struct About<'a> {
    pub(super) subject: &'a Name,
    /// `None`: all questions of the subject.
    pub(super) predicate: Option<&'a Name>,
}

/// One entry that bears on what was asked.
pub(super) struct Found {
    pub(super) hash: Hash,
    pub(super) recorded: Instant,
    pub(super) imported_clock: bool,
    /// `None` if the body was erased.
    pub(super) record: Option<Record>,
}

/// Everything recorded about a question, in the light of all that was known then.
pub(super) struct Account {
    pub(super) known_entries: u64,
    pub(super) corrections: Corrections,
    pub(super) aliases: Aliases,
    /// By index.
    pub(super) entries: BTreeMap<u64, Found>,
    /// Entries that are not about the question, to which some that are point as they read now: a stance may have been corrected to be
    /// about another claim.
    pub(super) elsewhere: BTreeMap<u64, Found>,
    /// Entries whose bodies were erased: nobody can tell whether they belong here.
    pub(super) redacted: Vec<u64>,
}

/// The entries about a question that were recorded by `known_at`: claims that answer it, as recorded or as any correction reads;
/// stances on it or on those claims; retractions, corrections, notes and redactions of any of these; aliases that joined
/// its names or those of a source that speaks.
pub(super) fn entries_about(
    ledger: &Ledger,
    about: &About<'_>,
    known_at: Option<&KnownAt>,
    way: Way,
) -> Result<Account, OpenError> {
    let gather = || Frame::gather(ledger, known_at, |others| about.ranges(&ever_joined(others)));
    if let Some(Gathered { frame, claims }) = way.indexed(gather)? {
        let claims = answers(ledger, &Asked::new(about, &frame.aliases), &claims)?;
        let account = Account::new(ledger, about, frame, claims)?;
        // Nothing leads from an erased entry to the redaction that erased it.
        if account.entries.values().all(|found| found.record.is_some()) {
            return Ok(account);
        }
    }
    let frame = Frame::read(ledger, known_at)?;
    let mut claims: BTreeMap<u64, Found> = BTreeMap::new();
    let asked = Asked::new(about, &frame.aliases);
    let prepare = |entry: Entry| if entry.index() < frame.known_entries { asked.answer(&entry) } else { Ok(None) };
    ledger.scan(0, prepare, |claim| {
        claims.extend(claim);
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
    Account::new(ledger, about, frame, claims)
}

/// Those of some entries, by index, that are claims on what was asked.
fn answers(ledger: &Ledger, asked: &Asked<'_>, entries: &BTreeSet<u64>) -> Result<BTreeMap<u64, Found>, OpenError> {
    let entries: Vec<u64> = entries.iter().copied().collect();
    Ok(ledger.read_each(&entries, |entry| asked.answer(&entry))?.into_iter().flatten().collect())
}

impl About<'_> {
    /// Where its claims are posted, if these are the names that are one.
    fn ranges(&self, aliases: &Aliases) -> Ranges {
        match self.predicate {
            None => Ranges::subject(self.subject, aliases),
            Some(predicate) => {
                let question = Question { subject: self.subject.clone(), predicate: predicate.clone() };
                Ranges::questions(std::iter::once(&question), aliases)
            }
        }
    }
}

impl Account {
    /// `entries`: the claims on what was asked.
    fn new(
        ledger: &Ledger,
        about: &About<'_>,
        frame: Frame,
        mut entries: BTreeMap<u64, Found>,
    ) -> Result<Self, OpenError> {
        let Frame { known_entries, others, redacted, corrections, aliases } = frame;
        let asked = Asked::new(about, &aliases);
        let mut indexes: BTreeSet<u64> = entries.keys().copied().collect();
        // References point backwards, but a correction may bring in an entry that others pointed at before: again until nothing is new.
        loop {
            let before = indexes.len();
            for (index, (_, record)) in &others {
                if asked.is_about(&record.event, &indexes) && indexes.insert(*index) {
                    indexes.extend(brought_in(&record.event, &others));
                }
            }
            if indexes.len() == before {
                break;
            }
        }
        let brought: Vec<u64> = indexes.into_iter().filter(|index| !entries.contains_key(index)).collect();
        for index in brought {
            if let Some(found) = find(ledger, &others, index)? {
                entries.insert(index, found);
            }
        }
        for index in joining(&asked, &aliases, &entries, &others) {
            if let Some((entry, record)) = others.get(&index) {
                entries.insert(index, found(entry, Some(record.clone())));
            }
        }
        let mut account = Self { known_entries, corrections, aliases, entries, elsewhere: BTreeMap::new(), redacted };
        account.look_elsewhere(ledger, &others)?;
        Ok(account)
    }

    fn look_elsewhere(&mut self, ledger: &Ledger, others: &Others) -> Result<(), OpenError> {
        let mut open: Vec<u64> = self.entries.keys().copied().collect();
        while let Some(index) = open.pop() {
            let of = self.reading(index).and_then(points_at).filter(|of| *of < index && self.found(*of).is_none());
            if let Some(of) = of
                && let Some(found) = find(ledger, others, of)?
            {
                self.elsewhere.insert(of, found);
                open.push(of);
            }
        }
        Ok(())
    }

    /// An entry, here or elsewhere.
    pub(super) fn found(&self, index: u64) -> Option<&Found> {
        self.entries.get(&index).or_else(|| self.elsewhere.get(&index))
    }
}

/// Entries that join names, if they have to do with what was asked or with a source that speaks, and corrections of them.
fn joining(asked: &Asked<'_>, aliases: &Aliases, entries: &BTreeMap<u64, Found>, others: &Others) -> BTreeSet<u64> {
    let sources = entries.values().filter_map(source_of);
    let sources: BTreeSet<&Name> = sources.flat_map(|s| aliases.members(NameKind::Source, s)).collect();
    let joins = |alias: &Alias| match alias.names {
        NameKind::Source => sources.contains(&alias.from) || sources.contains(&alias.to),
        kind => is_of(alias, asked.names(kind)),
    };
    let mut joined: BTreeSet<u64> = BTreeSet::new();
    for (index, (_, record)) in others {
        let of_joined = matches!(&record.event.content, Content::Correction(c) if joined.contains(&c.of));
        let alias = matches!(record.event.statement().map(|e| &e.content), Some(Content::Alias(alias)) if joins(alias));
        if of_joined || alias {
            joined.insert(*index);
        }
    }
    joined
}

/// Whether an alias is, or was before it was withdrawn, of one of these names.
pub(super) fn is_of(alias: &Alias, names: &[Name]) -> bool {
    names.contains(&alias.from) || names.contains(&alias.to)
}

fn find(ledger: &Ledger, others: &Others, index: u64) -> Result<Option<Found>, OpenError> {
    if let Some((entry, record)) = others.get(&index) {
        return Ok(Some(found(entry, Some(record.clone()))));
    }
    let Some(entry) = ledger.entry(index)? else { return Ok(None) };
    let record = entry.record()?;
    Ok(Some(found(&entry, record)))
}

fn found(entry: &Entry, record: Option<Record>) -> Found {
    Found { hash: entry.hash(), recorded: entry.recorded(), imported_clock: entry.has_imported_clock(), record }
}

fn source_of(found: &Found) -> Option<&Name> {
    let said = found.record.as_ref()?.event.statement()?;
    said.content.attribution().map(|by| &by.source)
}

/// The names of what is asked about, with all that are joined with them.
struct Asked<'a> {
    subjects: &'a [Name],
    predicates: Option<&'a [Name]>,
}

impl<'a> Asked<'a> {
    fn new(about: &About<'a>, aliases: &'a Aliases) -> Self {
        let predicates = about.predicate.map(|p| aliases.members(NameKind::Predicate, p));
        Self { subjects: aliases.members(NameKind::Subject, about.subject), predicates }
    }

    fn names(&self, kind: NameKind) -> &[Name] {
        if kind == NameKind::Predicate { self.predicates.unwrap_or_default() } else { self.subjects }
    }

    fn matches(&self, question: &Question) -> bool {
        self.subjects.contains(&question.subject) && self.predicates.is_none_or(|p| p.contains(&question.predicate))
    }

    /// An entry that is a claim on what was asked, as it was recorded.
    fn answer(&self, entry: &Entry) -> Result<Option<(u64, Found)>, OpenError> {
        let Some(record) = entry.record()? else { return Ok(None) };
        let answers = matches!(&record.event.content, Content::Claim(claim) if self.matches(&claim.question));
        Ok(answers.then(|| (entry.index(), found(entry, Some(record)))))
    }

    /// Whether an event answers the question or points at an entry that belongs to it.
    fn is_about(&self, event: &Event, known: &BTreeSet<u64>) -> bool {
        match &event.content {
            Content::Claim(claim) => self.matches(&claim.question),
            Content::Stance(stance) => match &stance.target {
                Target::Entry(of) => known.contains(of),
                Target::Question(question) => self.matches(question),
            },
            Content::Retraction(r) => known.contains(&r.of),
            Content::Correction(c) => {
                known.contains(&c.of) || c.replacement.as_ref().is_some_and(|event| self.is_about(event, known))
            }
            Content::Redaction(r) => known.contains(&r.of),
            Content::Note(n) => known.contains(&n.of),
            Content::Alias(_) => false,
        }
    }
}

/// The entries that a correction brings in with it: the one it is of and, if that is a correction, the one that is of.
fn brought_in(event: &Event, others: &Others) -> Vec<u64> {
    let mut brought = Vec::new();
    let mut event = event;
    while let Content::Correction(c) = &event.content {
        brought.push(c.of);
        match others.get(&c.of).filter(|_| brought.len() < 64) {
            Some((_, record)) => event = &record.event,
            None => break,
        }
    }
    brought
}

/// Names asked for that are answered under another one.
pub(super) fn asked_as(aliases: &Aliases, names: &[(NameKind, &Name)]) -> Vec<AskedAs> {
    let one = |(names, asked): &(NameKind, &Name)| {
        let shown = aliases.shown(*names, asked);
        (shown != *asked).then(|| AskedAs { names: *names, asked: (*asked).clone(), shown: shown.clone() })
    };
    names.iter().filter_map(one).collect()
}
