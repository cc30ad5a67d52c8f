//! What an event may point at, and what it may say of it.

use std::collections::BTreeMap;

use crate::event::{Alias, Attribution, Content, Correction, Event, Kind, NameKind, Target};
use crate::limits::MAX_CORRECTION_DEPTH;
use crate::reading::{AliasError, Aliases, Corrections, Reading};
use crate::text::Name;

/// Why an event cannot stand beside what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Points at a kind of entry that it cannot be about.
    #[error("#{of} is {kind}; {rule}", kind = kind.with_article())]
    WrongKind {
        /// The entry.
        of: u64,
        /// Its kind.
        kind: Kind,
        /// What would be right.
        rule: &'static str,
    },
    /// Takes back what another source said.
    #[error(
        "#{of} was said by `{said_by}`; `{source_name}` can only take back what it said itself (to contradict it, record a stance)"
    )]
    NotItsOwn {
        /// The entry.
        of: u64,
        /// Who said it.
        said_by: Name,
        /// Who wants to take it back.
        source_name: Name,
    },
    /// Points at an entry that was corrected away.
    #[error("#{of} was corrected away by #{by}: it was never a statement")]
    Void {
        /// The entry.
        of: u64,
        /// The correction.
        by: u64,
    },
    /// Points at an entry whose body was erased.
    #[error("#{0} was redacted: nobody can tell any more what it said")]
    Redacted(u64),
    /// The replacement is another kind of event.
    #[error("#{of} is {kind}, and its replacement must be one too, not {replacement}", kind = kind.with_article(), replacement = replacement.with_article())]
    OtherKind {
        /// The entry.
        of: u64,
        /// Its kind.
        kind: Kind,
        /// The replacement's.
        replacement: Kind,
    },
    /// The replacement carries an id of its own.
    #[error("the replacement has an `id`; a corrected entry keeps its own")]
    OtherId,
    /// The replaced correction would be of another entry.
    #[error(
        "the replacement must be a correction of #{0} too; to correct another entry, undo this correction and make a new one"
    )]
    OtherTarget(u64),
    /// Points at itself or at something later.
    #[error("the replacement points at #{0}, which is the corrected entry itself")]
    Itself(u64),
    /// Corrections of corrections of corrections.
    #[error("this would be a correction {MAX_CORRECTION_DEPTH} corrections deep; correct the original entry instead")]
    TooDeep,
    /// Redactions are made, not told.
    #[error("a redaction erases the body in this ledger: it cannot be appended or imported")]
    Redaction,
    /// An alias that would confuse.
    #[error(transparent)]
    Alias(#[from] AliasError),
}

/// Corrections and aliases recorded so far: what is needed to judge a new event.
#[derive(Default)]
pub(super) struct Amendments {
    pub(super) corrections: Corrections,
    aliases: BTreeMap<u64, Event>,
    unions: Option<Aliases>,
}

impl Amendments {
    /// Takes note of an entry, if it is a correction or an alias. In the order of recording.
    pub(super) fn insert(&mut self, index: u64, event: &Event) {
        match &event.content {
            Content::Correction(c) => {
                self.corrections.insert(index, c.clone());
                self.unions = None; // it may be of an alias
            }
            Content::Alias(_) => {
                self.aliases.insert(index, event.clone());
                self.unions = None;
            }
            _ => {}
        }
    }

    pub(super) fn is_amendment(event: &Event) -> bool {
        matches!(event.content, Content::Correction(_) | Content::Alias(_))
    }

    /// Which names are one.
    pub(super) fn unions(&mut self) -> &Aliases {
        let Self { corrections, aliases, unions } = self;
        unions.get_or_insert_with(|| {
            let read = aliases.iter().filter_map(|(index, event)| match corrections.read(*index, event) {
                Reading::Event(Event { content: Content::Alias(alias), .. }) => Some(alias),
                _ => None,
            });
            Aliases::from_recorded(read)
        })
    }

    /// The same without one alias, which is about to be replaced.
    fn unions_without(&self, index: u64) -> Aliases {
        let read = self.aliases.iter().filter(|(i, _)| **i != index).filter_map(|(i, event)| {
            match self.corrections.read(*i, event) {
                Reading::Event(Event { content: Content::Alias(alias), .. }) => Some(alias),
                _ => None,
            }
        });
        Aliases::from_recorded(read)
    }

    /// Checks a new event. `find` gives an earlier entry's event, `None` if it was erased.
    pub(super) fn check<E: From<RuleError>>(
        &mut self,
        event: &Event,
        find: &mut impl FnMut(u64) -> Result<Option<Event>, E>,
    ) -> Result<(), E> {
        match &event.content {
            Content::Alias(alias) => Ok(self.check_alias(alias, None)?),
            Content::Redaction(_) => Err(RuleError::Redaction.into()),
            Content::Correction(correction) => self.check_correction(correction, find),
            content => self.check_pointing(content, None, find),
        }
    }

    fn check_alias(&mut self, alias: &Alias, replaces: Option<u64>) -> Result<(), RuleError> {
        match replaces {
            None => self.unions().check(alias)?,
            Some(index) => self.unions_without(index).check(alias)?,
        }
        Ok(())
    }

    /// Stances, retractions and notes; `replaces` is the entry that this one would replace.
    fn check_pointing<E: From<RuleError>>(
        &mut self,
        content: &Content,
        replaces: Option<u64>,
        find: &mut impl FnMut(u64) -> Result<Option<Event>, E>,
    ) -> Result<(), E> {
        let of = match content {
            Content::Stance(s) => match s.target {
                Target::Entry(of) => of,
                Target::Question(_) => return Ok(()),
            },
            Content::Retraction(r) => r.of,
            Content::Note(n) => n.of,
            _ => return Ok(()),
        };
        if replaces == Some(of) {
            return Err(RuleError::Itself(of).into());
        }
        let recorded = find(of)?;
        if matches!(content, Content::Note(_)) {
            return Ok(()); // anything can be remarked on, erased or not
        }
        let recorded = recorded.ok_or(RuleError::Redacted(of))?;
        let target = match self.corrections.read(of, &recorded) {
            Reading::Void { by } => return Err(RuleError::Void { of, by }.into()),
            Reading::Event(event) => event.clone(),
        };
        let wrong_kind = |rule| RuleError::WrongKind { of, kind: target.content.kind(), rule };
        match (content, &target.content) {
            (Content::Stance(_), Content::Claim(_)) => Ok(()),
            (Content::Stance(_), _) => Err(wrong_kind("a stance is taken on a claim or on a question").into()),
            (Content::Retraction(r), Content::Claim(claim)) => Ok(self.check_own(of, &r.by, &claim.by)?),
            (Content::Retraction(r), Content::Stance(stance)) => Ok(self.check_own(of, &r.by, &stance.by)?),
            _ => Err(wrong_kind("only a claim or a stance can be taken back").into()),
        }
    }

    fn check_own(&mut self, of: u64, by: &Attribution, said: &Attribution) -> Result<(), RuleError> {
        let same = by.source == said.source || {
            let unions = self.unions();
            unions.shown(NameKind::Source, &by.source) == unions.shown(NameKind::Source, &said.source)
        };
        if same {
            return Ok(());
        }
        Err(RuleError::NotItsOwn { of, said_by: said.source.clone(), source_name: by.source.clone() })
    }

    fn check_correction<E: From<RuleError>>(
        &mut self,
        correction: &Correction,
        find: &mut impl FnMut(u64) -> Result<Option<Event>, E>,
    ) -> Result<(), E> {
        let of = correction.of;
        let wrong = find(of)?.ok_or(RuleError::Redacted(of))?;
        let kind = wrong.content.kind();
        if kind == Kind::Redaction {
            let rule = "what was erased stays erased, and so does the record of it";
            return Err(RuleError::WrongKind { of, kind, rule }.into());
        }
        if self.corrections.depth(of) + 1 > MAX_CORRECTION_DEPTH {
            return Err(RuleError::TooDeep.into());
        }
        let Some(replacement) = &correction.replacement else { return Ok(()) };
        if replacement.id.is_some() {
            return Err(RuleError::OtherId.into());
        }
        let other = replacement.content.kind();
        if other != kind {
            return Err(RuleError::OtherKind { of, kind, replacement: other }.into());
        }
        match (&replacement.content, &wrong.content) {
            (Content::Alias(alias), _) => Ok(self.check_alias(alias, Some(of))?),
            (Content::Correction(inner), Content::Correction(outer)) if inner.of != outer.of => {
                Err(RuleError::OtherTarget(outer.of).into())
            }
            (Content::Correction(inner), _) => self.check_correction(inner, find),
            (content, _) => self.check_pointing(content, Some(of), find),
        }
    }
}
