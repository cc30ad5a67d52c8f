//! Which entries are about a question, or about all questions of a subject, and which change how others read. Both are found by going
//! through the log; `diff` does that too, for entries that none of its lines names. An index of entries by question may take the place
//! of [`entries_about`], with the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::body::Record;
use crate::event::{Alias, Content, Event, NameKind, Question, Target};
use crate::ledger::{Entry, Ledger, OpenError};
use crate::reading::{Aliases, Corrections, Reading};
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
) -> Result<Account, OpenError> {
    let Frame { known_entries, others, redacted, corrections, aliases } = Frame::read(ledger, known_at)?;
    let asked = Asked::new(about, &aliases);
    let mut entries: BTreeMap<u64, Found> = BTreeMap::new();
    let prepare = |entry: Entry| -> Result<Option<(u64, Found)>, OpenError> {
        if entry.index() >= known_entries {
            return Ok(None);
        }
        let Some(record) = entry.record()? else { return Ok(None) };
        let answers = matches!(&record.event.content, Content::Claim(claim) if asked.matches(&claim.question));
        Ok(answers.then(|| (entry.index(), found(&entry, Some(record)))))
    };
    ledger.scan(0, prepare, |claim| {
        entries.extend(claim);
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
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
    for index in &indexes {
        if !entries.contains_key(index)
            && let Some(entry) = ledger.entry(*index)?
        {
            let record = entry.record()?;
            entries.insert(*index, found(&entry, record));
        }
    }
    let sources = entries.values().filter_map(source_of);
    let sources: BTreeSet<&Name> = sources.flat_map(|s| aliases.members(NameKind::Source, s)).collect();
    let joins = |alias: &Alias| match alias.names {
        NameKind::Source => sources.contains(&alias.from) || sources.contains(&alias.to),
        kind => is_of(alias, asked.names(kind)),
    };
    let mut joined: BTreeSet<u64> = BTreeSet::new();
    for (index, (_, record)) in &others {
        let of_joined = matches!(&record.event.content, Content::Correction(c) if joined.contains(&c.of));
        let alias = matches!(record.event.statement().map(|e| &e.content), Some(Content::Alias(alias)) if joins(alias));
        if of_joined || alias {
            joined.insert(*index);
        }
    }
    for index in joined {
        if let Some((entry, record)) = others.get(&index) {
            entries.insert(index, found(entry, Some(record.clone())));
        }
    }
    Ok(Account { known_entries, corrections, aliases, entries, redacted })
}

/// Whether an alias is, or was before it was withdrawn, of one of these names.
pub(super) fn is_of(alias: &Alias, names: &[Name]) -> bool {
    names.contains(&alias.from) || names.contains(&alias.to)
}

fn found(entry: &Entry, record: Option<Record>) -> Found {
    Found { recorded: entry.recorded(), imported_clock: entry.has_imported_clock(), record }
}

fn source_of(found: &Found) -> Option<&Name> {
    let said = found.record.as_ref()?.event.statement()?;
    said.content.attribution().map(|by| &by.source)
}

/// Everything recorded by some time that can change how other entries read.
pub(super) struct Frame {
    pub(super) known_entries: u64,
    /// All entries but claims.
    pub(super) others: BTreeMap<u64, (Entry, Record)>,
    redacted: Vec<u64>,
    pub(super) corrections: Corrections,
    pub(super) aliases: Aliases,
}

impl Frame {
    pub(super) fn read(ledger: &Ledger, known_at: Option<&KnownAt>) -> Result<Self, OpenError> {
        let mut frame = Self {
            known_entries: 0,
            others: BTreeMap::new(),
            redacted: vec![],
            corrections: Corrections::default(),
            aliases: Aliases::default(),
        };
        let prepare = |entry: Entry| -> Result<_, OpenError> {
            let record = entry.record()?;
            let erased = record.is_none();
            let other = record.filter(|r| !matches!(r.event.content, Content::Claim(_)));
            Ok((entry, erased, other))
        };
        ledger.scan(0, prepare, |(entry, erased, other)| {
            if known_at.is_some_and(|k| !k.includes(entry.recorded())) {
                return Ok::<_, OpenError>(ControlFlow::Break(())); // recorded times never run backwards
            }
            frame.known_entries = entry.index() + 1;
            if erased {
                frame.redacted.push(entry.index());
            }
            if let Some(record) = other {
                frame.others.insert(entry.index(), (entry, record));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for (index, (_, record)) in &frame.others {
            if let Content::Correction(c) = &record.event.content {
                frame.corrections.insert(*index, c.clone());
            }
        }
        let aliases =
            frame.others.iter().filter_map(|(index, (_, r))| match frame.corrections.read(*index, &r.event) {
                Reading::Event(Event { content: Content::Alias(alias), .. }) => Some(alias),
                _ => None,
            });
        frame.aliases = Aliases::from_recorded(aliases);
        Ok(frame)
    }
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
fn brought_in(event: &Event, others: &BTreeMap<u64, (Entry, Record)>) -> Vec<u64> {
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

/// How an entry reads, as a value of its own.
pub(super) fn event_at(ledger: &Ledger, frame: &Frame, index: u64) -> Result<Option<Event>, OpenError> {
    let Some(record) = ledger.entry(index)?.map(|e| e.record()).transpose()?.flatten() else { return Ok(None) };
    Ok(match frame.corrections.read(index, &record.event) {
        Reading::Event(event) => Some(event.clone()),
        Reading::Void { .. } => None,
    })
}

/// Names asked for that are answered under another one.
pub(super) fn asked_as(aliases: &Aliases, names: &[(NameKind, &Name)]) -> Vec<AskedAs> {
    let one = |(names, asked): &(NameKind, &Name)| {
        let shown = aliases.shown(*names, asked);
        (shown != *asked).then(|| AskedAs { names: *names, asked: (*asked).clone(), shown: shown.clone() })
    };
    names.iter().filter_map(one).collect()
}
