//! Why a cell of a view reads as it does: back to the entries, what became of each, and the rules that were applied.
//!
//! What stands is [`replay`](fn@crate::replay::replay)'s answer. This only explains it, entry by entry.

use std::collections::BTreeSet;

use super::about::{About, Account, asked_as, entries_about, is_of};
use super::history::{Item, Items, Reads, points_at};
use super::rule::Rule;
use super::way::Way;
use crate::entry::Head;
use crate::event::{Claim, Content, Event, NameKind, Question, StanceKind};
use crate::ledger::{Ledger, OpenError};
use crate::replay::{AskedAs, Fate, Query, Standing, TakenBack};
use crate::text::Name;
use crate::time::{Instant, Stated};

/// The cell asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The source.
    pub source: Name,
    /// The question.
    pub question: Question,
}

/// What the view has in a cell. Both are empty where it has nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// What the source stands by, its stances included.
    pub standing: Option<Standing>,
    /// What it took back.
    pub taken_back: Option<TakenBack>,
}

/// A cell, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// The ledger's head when it was read.
    pub head: Head,
    /// How many of its entries the recorded clock let through.
    pub known_entries: u64,
    /// The cell, under the names it is shown by.
    pub cell: Asked,
    /// Names asked for that are answered under another one.
    pub asked_as: Vec<AskedAs>,
    /// What replay answers.
    pub answer: Answer,
    /// The rules that led there, the deciding one first.
    pub rules: Vec<Rule>,
    /// Every entry that bears on the cell, by index.
    pub parts: Vec<Part>,
    /// Entries on the cell that this ledger learned of only after the time asked for.
    pub not_yet_known: Vec<u64>,
    /// Entries whose bodies were erased: nobody can tell whether they belong here.
    pub redacted: Vec<u64>,
}

/// An entry that bears on the cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The entry.
    pub item: Item,
    /// Whether the cell rests on it.
    pub rests_on: bool,
    /// What became of it, in a few words.
    pub because: String,
}

/// Explains a cell. Of the query only the clocks count.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn why(ledger: &Ledger, clocks: &Query, asked: &Asked) -> Result<Why, OpenError> {
    why_by(ledger, clocks, asked, Way::Index)
}

pub(super) fn why_by(ledger: &Ledger, clocks: &Query, asked: &Asked, way: Way) -> Result<Why, OpenError> {
    let about = About { subject: &asked.question.subject, predicate: Some(&asked.question.predicate) };
    let account = entries_about(ledger, &about, clocks.known_at.as_ref(), way)?;
    let shown = shown(&account, asked);
    let replayed = account.replay(ledger, clocks, &about, way)?;
    let view = replayed.views.iter().find(|v| v.source == shown.source);
    let answer = Answer {
        standing: view.and_then(|v| v.standings.iter().find(|s| s.question == shown.question)).cloned(),
        taken_back: view.and_then(|v| v.taken_back.iter().find(|t| t.question == shown.question)).cloned(),
    };
    let items = Items::new(&account, &replayed, clocks);
    let here = Here { account: &account, cell: &shown, clocks, items: &items };
    let found: Vec<Item> = items.all().into_iter().filter(|item| here.bears(item)).collect();
    let not_yet_known = match &clocks.known_at {
        Some(_) => learned_later(ledger, asked, &about, account.known_entries, way)?,
        None => vec![],
    };
    let rules = here.rules(&answer, &found, &not_yet_known);
    let on = resting_on(&answer);
    let (claims, newest) = here.claims(&found);
    let newest = claims.iter().filter(|(_, c)| Some(c.by.stated.last_instant()) == newest);
    let newest = numbers(&newest.map(|(i, _)| i.index).collect::<Vec<_>>());
    let part = |item: &Item| {
        let (rests_on, because) = (on.contains(&item.index), here.because(item, &newest));
        Part { item: item.clone(), rests_on, because }
    };
    let parts = found.iter().map(part).collect();
    let names = [
        (NameKind::Source, &asked.source),
        (NameKind::Subject, &asked.question.subject),
        (NameKind::Predicate, &asked.question.predicate),
    ];
    Ok(Why {
        head: replayed.head,
        known_entries: account.known_entries,
        asked_as: asked_as(&account.aliases, &names),
        cell: shown,
        answer,
        rules,
        parts,
        not_yet_known,
        redacted: account.redacted,
    })
}

fn shown(account: &Account, asked: &Asked) -> Asked {
    let name = |kind, name| account.aliases.shown(kind, name).clone();
    let question = Question {
        subject: name(NameKind::Subject, &asked.question.subject),
        predicate: name(NameKind::Predicate, &asked.question.predicate),
    };
    Asked { source: name(NameKind::Source, &asked.source), question }
}

fn resting_on(answer: &Answer) -> BTreeSet<u64> {
    let standing =
        answer.standing.iter().flat_map(|s| s.entries.iter().chain(s.stances.iter().flat_map(|s| &s.entries)));
    standing.chain(answer.taken_back.iter().flat_map(|t| &t.entries)).copied().collect()
}

fn numbers(entries: &[u64]) -> String {
    entries.iter().map(|i| format!("#{i}")).collect::<Vec<_>>().join(" ")
}

/// Entries on the cell beyond what was known.
fn learned_later(
    ledger: &Ledger,
    asked: &Asked,
    about: &About<'_>,
    known: u64,
    way: Way,
) -> Result<Vec<u64>, OpenError> {
    let account = entries_about(ledger, about, None, way)?;
    let (cell, clocks) = (shown(&account, asked), Query::default());
    let replayed = account.replay(ledger, &clocks, about, way)?;
    let items = Items::new(&account, &replayed, &clocks);
    let here = Here { account: &account, cell: &cell, clocks: &clocks, items: &items };
    Ok(items.all().iter().filter(|i| i.index >= known && here.bears(i)).map(|i| i.index).collect())
}

/// The cell in the light of everything known about its question.
struct Here<'a> {
    account: &'a Account,
    cell: &'a Asked,
    clocks: &'a Query,
    items: &'a Items<'a>,
}

impl Here<'_> {
    fn is_source(&self, source: &Name) -> bool {
        *self.account.aliases.shown(NameKind::Source, source) == self.cell.source
    }

    fn is_question(&self, question: &Question) -> bool {
        let shown = |kind, name| self.account.aliases.shown(kind, name);
        *shown(NameKind::Subject, &question.subject) == self.cell.question.subject
            && *shown(NameKind::Predicate, &question.predicate) == self.cell.question.predicate
    }

    /// Whether a statement is one of this source on this question.
    fn is_here(&self, event: &Event) -> bool {
        let of = |index| self.account.question(index).is_some_and(|q| self.is_question(&q));
        event.content.attribution().is_some_and(|by| self.is_source(&by.source))
            && match event.content.question() {
                Some(question) => self.is_question(question),
                None => points_at(event).is_some_and(of),
            }
    }

    /// Whether an entry bears on the cell, as it was recorded or as it reads.
    fn bears(&self, item: &Item) -> bool {
        let root = self.account.root(item.index);
        if let Some(Content::Alias(alias)) = self.account.reading(root).map(|e| &e.content) {
            let members = |kind, name| is_of(alias, self.account.aliases.members(kind, name));
            return match alias.names {
                NameKind::Source => members(alias.names, &self.cell.source),
                NameKind::Subject => members(alias.names, &self.cell.question.subject),
                NameKind::Predicate => members(alias.names, &self.cell.question.predicate),
            };
        }
        let recorded = self.account.entries.get(&root).and_then(|f| f.record.as_ref()).map(|r| &r.event);
        [recorded, self.account.reading(root)].into_iter().flatten().any(|event| self.is_here(event))
    }

    /// The claim that an item makes in this cell as it reads, if it counts at all.
    fn claim<'i>(&self, item: &'i Item) -> Option<&'i Claim> {
        if matches!(item.reads, Reads::Void { .. }) {
            return None;
        }
        match item.as_it_reads().map(|e| (e, &e.content)) {
            Some((event, Content::Claim(claim))) if self.is_here(event) => Some(claim),
            _ => None,
        }
    }

    fn is_said(&self, stated: &Stated) -> bool {
        self.clocks.as_of.as_ref().is_none_or(|as_of| as_of.includes(stated))
    }

    /// The claims that count, with the newest instant that one of them was stated at.
    fn claims<'i>(&self, found: &'i [Item]) -> (Vec<(&'i Item, &'i Claim)>, Option<Instant>) {
        let claims: Vec<(&Item, &Claim)> = found
            .iter()
            .filter_map(|i| Some((i, self.claim(i)?)))
            .filter(|(_, c)| self.is_said(&c.by.stated))
            .collect();
        let newest = claims.iter().map(|(_, c)| c.by.stated.last_instant()).max();
        (claims, newest)
    }

    fn rules(&self, answer: &Answer, found: &[Item], not_yet_known: &[u64]) -> Vec<Rule> {
        let mut rules = Vec::new();
        let standing = answer.standing.as_ref();
        let combined = standing.and_then(|s| s.combined.as_ref());
        match (standing, combined) {
            (Some(standing), Some(_)) => self.rules_of_value(standing, found, &mut rules),
            (Some(standing), None) if standing.stances.iter().any(|s| s.stance == StanceKind::Declines) => {
                rules.push(Rule::Declined);
            }
            (Some(_), None) => rules.push(Rule::StancesOnly),
            _ => {}
        }
        if answer.taken_back.is_some() {
            let (claims, newest) = self.claims(found);
            let newest = claims.iter().filter(|(_, c)| Some(c.by.stated.last_instant()) == newest);
            let by: BTreeSet<u64> = newest.flat_map(|(i, c)| self.items.retractions(i.index, &c.by.source)).collect();
            rules.push(Rule::TakenBack { by: by.into_iter().collect() });
        }
        self.rules_of_record(found, &mut rules);
        if answer.standing.is_none() && answer.taken_back.is_none() {
            self.rules_of_nothing(found, not_yet_known, &mut rules);
        }
        let joins = |i: &Item| matches!(i.as_it_reads().map(|e| &e.content), Some(Content::Alias(_)));
        if found.iter().any(|i| joins(i) && !matches!(i.reads, Reads::Void { .. })) {
            rules.push(Rule::Joined);
        }
        if !self.account.redacted.is_empty() {
            rules.push(Rule::Redacted(self.account.redacted.len()));
        }
        rules
    }

    fn rules_of_value(&self, standing: &Standing, found: &[Item], rules: &mut Vec<Rule>) {
        let Some(combined) = &standing.combined else { return };
        let (claims, newest) = self.claims(found);
        let live = claims.iter().filter(|(i, _)| i.fate == Some(Fate::Stands)).count();
        if self.cell.source.is_unattributed() {
            rules.push(Rule::SideBySide { claims: live });
        } else {
            let replaced = claims.iter().filter(|(_, c)| Some(c.by.stated.last_instant()) < newest).count();
            if replaced > 0 {
                rules.push(Rule::Newest { replaced });
            } else if live == 1 {
                rules.push(Rule::Only);
            }
            match (live, combined.why, &combined.value) {
                (0 | 1, ..) => {}
                (_, Some(why), _) => rules.push(Rule::TiedInconsistent(why)),
                (_, None, Some(_)) => rules.push(Rule::TiedMeet),
                (_, None, None) => rules.push(Rule::TiedSeveral),
            }
            let tied = claims.iter().filter(|(_, c)| Some(c.by.stated.last_instant()) == newest);
            let gone = tied.filter(|(i, _)| i.fate == Some(Fate::TakenBack));
            rules.extend(gone.map(|(i, _)| Rule::PartnerTakenBack { of: i.index }));
        }
        if standing.order_unknown {
            rules.push(Rule::OrderUnknown);
        }
        if standing.uncertain {
            rules.push(Rule::DateUncertain);
        }
        if !standing.stances.is_empty() {
            rules.push(Rule::StancesBeside);
        }
    }

    /// What our own record-keeping has to do with it.
    fn rules_of_record(&self, found: &[Item], rules: &mut Vec<Rule>) {
        for item in found {
            let Some(event) = &item.event else { continue };
            if !matches!(event.content, Content::Claim(_)) {
                continue;
            }
            let of = item.index;
            match &item.reads {
                Reads::Void { by } => rules.push(Rule::CorrectedAway { of, by: *by }),
                Reads::Changed { by, event } if !self.is_here(event) => rules.push(Rule::MovedAway { of, by: *by }),
                Reads::Changed { by, .. } if item.fate == Some(Fate::Stands) => {
                    rules.push(Rule::ReadsAsCorrected { of, by: *by });
                }
                _ => {}
            }
        }
    }

    fn rules_of_nothing(&self, found: &[Item], not_yet_known: &[u64], rules: &mut Vec<Rule>) {
        let fate = |fate| found.iter().any(|i| i.fate == Some(fate) && self.says(i));
        let before = rules.len();
        if fate(Fate::NotYetStated) {
            rules.push(Rule::NotYetSaid);
        }
        if !not_yet_known.is_empty() {
            rules.push(Rule::NotYetKnown);
        }
        if fate(Fate::Replaced) || fate(Fate::TakenBack) {
            rules.push(Rule::StanceEnded);
        }
        if rules.len() == before && before == 0 {
            rules.push(Rule::NothingRecorded);
        }
    }

    /// Whether an item is a statement of this source here.
    fn says(&self, item: &Item) -> bool {
        item.as_it_reads().is_some_and(|e| self.is_here(e) && !matches!(e.content, Content::Retraction(_)))
    }

    /// What became of an item. `newest` are the entries of the newest claims here.
    fn because(&self, item: &Item, newest: &str) -> String {
        let Some(event) = &item.event else { return "its body was erased".into() };
        match (&item.reads, &event.content) {
            (Reads::Void { by }, Content::Correction(_)) => return format!("undone by #{by}"),
            (Reads::Void { by }, _) => return format!("should never have been recorded, says #{by}"),
            (Reads::Changed { by, event }, Content::Claim(_)) if !self.is_here(event) => {
                return format!("belongs to another source or question, says #{by}");
            }
            _ => {}
        }
        let Some(now) = item.as_it_reads() else { return String::new() };
        match &now.content {
            Content::Claim(_) => self.fate_of_claim(item, newest),
            Content::Stance(_) => self.fate_of_stance(item),
            Content::Retraction(r) if self.is_said(&r.by.stated) => format!("takes back #{}", r.of),
            Content::Retraction(_) => "said after the date asked for".into(),
            Content::Correction(c) => match item.fate {
                Some(Fate::Stands) => format!("mends #{}: {}", c.of, c.reason),
                _ => format!("overtaken by a later correction of #{}", c.of),
            },
            Content::Alias(a) => format!("joins {} and {}", a.from, a.to),
            Content::Redaction(r) => format!("erased #{}", r.of),
            Content::Note(n) => format!("a remark of ours on #{}", n.of),
        }
    }

    /// By what an item was taken back.
    fn taken_back(&self, item: &Item) -> String {
        let by = item.as_it_reads().and_then(|e| e.content.attribution());
        let by = by.map(|by| self.items.retractions(item.index, &by.source)).unwrap_or_default();
        format!("taken back by {}", numbers(&by))
    }

    fn fate_of_claim(&self, item: &Item, newest: &str) -> String {
        match item.fate {
            Some(Fate::Stands) => "stands".into(),
            Some(Fate::TakenBack) => self.taken_back(item),
            Some(Fate::NotYetStated) => "said after the date asked for".into(),
            Some(Fate::CorrectedAway) => "should never have been recorded".into(),
            Some(Fate::Replaced) | None => format!("replaced by {newest}, stated later"),
        }
    }

    fn fate_of_stance(&self, item: &Item) -> String {
        match item.fate {
            Some(Fate::Stands) => "stands".into(),
            Some(Fate::NotYetStated) => "said after the date asked for".into(),
            Some(Fate::TakenBack) => self.taken_back(item),
            _ => "followed by a newer stance, or ended by a value of its own".into(),
        }
    }
}
