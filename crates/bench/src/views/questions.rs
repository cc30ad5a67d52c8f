//! The questions that both sides are asked: a function of the seed, the kind and a number.

use sayso_core::event::Content;
use sayso_core::replay::{Filter, Query};
use sayso_core::text::Name;
use sayso_core::time::{AsOf, Edtf, Instant, KnownAt, Stated, TimeZone};

use crate::Failure;
use crate::corpus::{Corpus, Random};

/// When claim 0 was recorded: after all of them were stated. One claim a second follows.
const FIRST_RECORDED_S: u64 = 1_704_067_200; // 2024-01-01
/// The parties of the corpus; `unattributed` has its own rule and is asked for with the subjects.
const PARTIES: [&str; 7] = ["yerevan", "baku", "stepanakert", "moscow", "eu", "icrc", "washington"];

/// The recorded time of the claim with this number.
pub(super) fn recorded(n: u64) -> Result<Instant, Failure> {
    let seconds = i64::try_from(FIRST_RECORDED_S + n)?;
    Instant::from_micros(seconds * 1_000_000).ok_or_else(|| "a time out of range".into())
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Everything that one party stood by on a date.
    Source,
    /// The same, as it was known at a moment.
    SourceKnown,
    /// What everybody stood by on one subject, as of a date.
    Subject,
    /// The same, as it was known at a moment.
    SubjectKnown,
    /// One question of a subject: a handful of rows.
    Question,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Source, Self::SourceKnown, Self::Subject, Self::SubjectKnown, Self::Question];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Source => "one source",
            Self::SourceKnown => "one source, both clocks",
            Self::Subject => "one subject",
            Self::SubjectKnown => "one subject, both clocks",
            Self::Question => "one question",
        }
    }

    pub(super) const fn is_source(self) -> bool {
        matches!(self, Self::Source | Self::SourceKnown)
    }

    pub(super) const fn is_known(self) -> bool {
        matches!(self, Self::SourceKnown | Self::SubjectKnown)
    }

    /// How many are asked in a round: a whole source is a long answer.
    pub(super) fn queries(self, queries: u64) -> u64 {
        if self.is_source() { (queries / 10).max(7) } else { queries.max(1) }
    }
}

/// One question.
pub(super) struct Asked {
    pub(super) source: Option<Name>,
    pub(super) subject: Option<Name>,
    pub(super) predicate: Option<Name>,
    /// A day on which something of the corpus was stated.
    pub(super) as_of: Edtf,
    pub(super) known_at: Option<Instant>,
}

impl Asked {
    /// As the ledger is asked.
    pub(super) fn query(&self) -> Result<Query, Failure> {
        let known_at = self.known_at.map(|at| KnownAt::parse(&at.to_string(), &TimeZone::UTC)).transpose()?;
        Ok(Query {
            as_of: Some(AsOf::parse(&self.as_of.to_string(), &TimeZone::UTC)?),
            known_at,
            filter: Filter {
                sources: self.source.iter().cloned().collect(),
                subject_prefixes: self.subject.iter().cloned().collect(),
                predicates: self.predicate.iter().cloned().collect(),
                ..Filter::default()
            },
        })
    }

    /// The last microsecond of the day. In the corpus every zone's end of that day lies before it, and of the next day after it.
    pub(super) fn last_us(&self) -> Result<i64, Failure> {
        Ok(Stated::new(self.as_of, &TimeZone::UTC)?.last_instant().micros())
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.source.iter().chain(&self.subject).chain(&self.predicate);
        for name in names {
            write!(f, "{name} ")?;
        }
        write!(f, "as of {}", self.as_of)?;
        self.known_at.map_or(Ok(()), |at| write!(f, " known at {at}"))
    }
}

/// The questions of a kind. Those with both clocks are those with one, and a moment each.
pub(super) fn questions(seed: u64, kind: Kind, claims: u64, count: u64) -> Result<Vec<Asked>, Failure> {
    let corpus = Corpus::new(seed)?;
    let mut random = Random::new(!seed, u64::from(kind.is_source()));
    let mut asked = Vec::new();
    for at in 0..count {
        let (stated, subject, predicate) = loop {
            let (source, stated, subject, predicate) = claim(&corpus, random.below(claims))?;
            let party = PARTIES.get(usize::try_from(at)? % PARTIES.len());
            // Each party in turn: how much one has said differs by a factor of eight.
            if !kind.is_source() || party == Some(&source.as_str()) || claims < 100 {
                break (stated, subject, predicate);
            }
        };
        let known = recorded(random.below(claims))?;
        let party = PARTIES.get(usize::try_from(at)? % PARTIES.len()).copied().unwrap_or_default();
        asked.push(Asked {
            source: kind.is_source().then(|| Name::new(party)).transpose()?,
            subject: (!kind.is_source()).then_some(subject),
            predicate: (kind == Kind::Question).then_some(predicate),
            as_of: stated,
            known_at: kind.is_known().then_some(known),
        });
    }
    Ok(asked)
}

/// Source, date, subject and predicate of a claim.
fn claim(corpus: &Corpus, n: u64) -> Result<(Name, Edtf, Name, Name), Failure> {
    let records = corpus.records(n, 1)?;
    let Some(Content::Claim(claim)) = records.into_iter().next().map(|r| r.event.content) else {
        return Err("the corpus holds claims only".into());
    };
    let date = *claim.by.stated.date();
    Ok((claim.by.source, date, claim.question.subject, claim.question.predicate))
}
