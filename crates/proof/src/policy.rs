//! C2SP tlog-policy: which logs and witnesses are trusted, and how many of them it takes. It fetches nothing; addresses in a
//! policy are for whoever talks to the witnesses.
//!
//! ```text
//! log <verifier key> [<url>]
//! witness <name> <verifier key> [<url>]
//! group <name> all|any|<k> <name>...
//! quorum <name>|none
//! ```

use std::collections::HashMap;
use std::str::FromStr;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::key::{KeyError, KeyKind, VerifierKey};
use crate::merkle::TreeHead;
use crate::note::Verified;
use crate::text::decimal;

/// A trusted key, and where its owner can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The key.
    pub key: VerifierKey,
    /// The address, if one is given.
    pub url: Option<String>,
}

/// Who has to have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// The witness with this place in the list.
    Witness(usize),
    /// At least `k` of these.
    Group { k: usize, members: Vec<Rule> },
}

/// Which signatures make a checkpoint acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Party>,
    witnesses: Vec<Party>,
    quorum: Option<Rule>,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// The line is none of the four.
    #[error("a line begins with log, witness, group or quorum")]
    Keyword,
    /// Too few or too many items.
    #[error("too few or too many items for `{0}`")]
    Items(&'static str),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A log's key in a witness's line, or the other way round.
    #[error("the key is not of the kind that `{0}` takes")]
    Kind(&'static str),
    /// A key twice.
    #[error("this key was listed before")]
    Duplicate,
    /// A name twice, or `none`.
    #[error("the name `{0}` is taken")]
    Taken(String),
    /// A name that no line before has.
    #[error("`{0}` was not defined on a line before")]
    Undefined(String),
    /// A member of two groups.
    #[error("`{0}` is in a group already")]
    InTwoGroups(String),
    /// Not between 1 and the number of members.
    #[error("`{0}` is not all, any, or a number from 1 to the number of members")]
    Threshold(String),
    /// Two lines that say the quorum.
    #[error("there is a second quorum line")]
    SecondQuorum,
    /// Bytes that a policy may not have.
    #[error("control characters")]
    Characters,
}

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A line is wrong.
    #[error("line {line} of the policy: {problem}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// How.
        problem: PolicyProblem,
    },
    /// No line says the quorum.
    #[error("the policy has no quorum line")]
    NoQuorum,
}

/// Why a checkpoint does not meet a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not accepted whatever the witnesses say.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Too few witnesses.
    #[error(
        "{found} of the {known} known witnesses cosigned this checkpoint ({} entries, root {}), and that is not the quorum of the \
         policy: the ledger may have shown them another history. Ask it for a checkpoint that they cosigned",
        head.size,
        head.root
    )]
    Quorum {
        /// How many valid cosignatures there are.
        found: usize,
        /// How many witnesses the policy knows.
        known: usize,
        /// What they did not cosign.
        head: TreeHead,
    },
}

impl Policy {
    /// Any of these logs, and `quorum` of these witnesses.
    ///
    /// # Errors
    /// [`PolicyProblem`] if a key is of the wrong kind, listed twice, or the quorum cannot be reached.
    pub fn new(logs: Vec<VerifierKey>, witnesses: Vec<Party>, quorum: usize) -> Result<Self, PolicyProblem> {
        let mut policy = Self { logs: vec![], witnesses: vec![], quorum: None };
        for key in logs {
            add(&mut policy.logs, Party { key, url: None }, KeyKind::Log)?;
        }
        for witness in witnesses {
            add(&mut policy.witnesses, witness, KeyKind::Witness)?;
        }
        if quorum > policy.witnesses.len() {
            return Err(PolicyProblem::Threshold(quorum.to_string()));
        }
        let members: Vec<Rule> = (0..policy.witnesses.len()).map(Rule::Witness).collect();
        policy.quorum = (quorum > 0).then_some(Rule::Group { k: quorum, members });
        Ok(policy)
    }

    /// The logs it knows.
    #[must_use]
    pub fn logs(&self) -> &[Party] {
        &self.logs
    }

    /// The witnesses it knows.
    #[must_use]
    pub fn witnesses(&self) -> &[Party] {
        &self.witnesses
    }

    /// The keys of all that it knows.
    #[must_use]
    pub fn keys(&self) -> Vec<VerifierKey> {
        self.logs.iter().chain(&self.witnesses).map(|party| party.key.clone()).collect()
    }

    /// Whether these of its witnesses, in their order, are enough.
    #[must_use]
    pub fn is_quorum(&self, signed: &[bool]) -> bool {
        self.quorum.as_ref().is_none_or(|rule| rule.is_met(signed))
    }

    /// Whether a checkpoint is signed by a log and cosigned by enough witnesses. `keys` are the policy's own.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check<'k>(
        &self,
        checkpoint: &SignedCheckpoint,
        keys: &'k [VerifierKey],
    ) -> Result<Vec<Verified<'k>>, Refusal> {
        let verified = checkpoint.verify(keys)?;
        let signed: Vec<bool> = self.witnesses.iter().map(|w| verified.iter().any(|v| *v.key == w.key)).collect();
        if self.is_quorum(&signed) {
            return Ok(verified);
        }
        let head = checkpoint.checkpoint().head;
        Err(Refusal::Quorum { found: signed.iter().filter(|s| **s).count(), known: signed.len(), head })
    }
}

impl Rule {
    fn is_met(&self, signed: &[bool]) -> bool {
        match self {
            Self::Witness(at) => signed.get(*at).copied().unwrap_or(false),
            Self::Group { k, members } => members.iter().filter(|m| m.is_met(signed)).count() >= *k,
        }
    }
}

fn add(parties: &mut Vec<Party>, party: Party, kind: KeyKind) -> Result<(), PolicyProblem> {
    if party.key.kind() != kind {
        return Err(PolicyProblem::Kind(if kind == KeyKind::Log { "log" } else { "witness" }));
    }
    if parties.iter().any(|known| known.key.same_bytes(&party.key)) {
        return Err(PolicyProblem::Duplicate);
    }
    parties.push(party);
    Ok(())
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut reader = Reader { logs: vec![], witnesses: vec![], names: HashMap::new(), quorum: None };
        for (number, line) in text.split('\n').enumerate() {
            reader.line(line).map_err(|problem| PolicyError::Line { line: number + 1, problem })?;
        }
        let quorum = reader.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Self { logs: reader.logs, witnesses: reader.witnesses, quorum })
    }
}

/// Reads a policy line by line.
struct Reader {
    logs: Vec<Party>,
    witnesses: Vec<Party>,
    /// What each name stands for, and whether it is in a group.
    names: HashMap<String, (Rule, bool)>,
    quorum: Option<Option<Rule>>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), PolicyProblem> {
        if line.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
            return Err(PolicyProblem::Characters);
        }
        let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key, url @ ..] if url.len() < 2 => add(&mut self.logs, party(key, url)?, KeyKind::Log),
            ["witness", name, key, url @ ..] if url.len() < 2 => {
                self.name(name, Rule::Witness(self.witnesses.len()))?;
                add(&mut self.witnesses, party(key, url)?, KeyKind::Witness)
            }
            ["group", name, k, members @ ..] if !members.is_empty() => {
                let k = match *k {
                    "any" => Some(1),
                    "all" => Some(members.len()),
                    number => decimal(number).and_then(|k| usize::try_from(k).ok()),
                }
                .filter(|k| (1..=members.len()).contains(k))
                .ok_or_else(|| PolicyProblem::Threshold((*k).to_owned()))?;
                let members = members.iter().map(|m| self.member(m)).collect::<Result<_, _>>()?;
                self.name(name, Rule::Group { k, members })
            }
            ["quorum", name] => {
                let rule = if *name == "none" { None } else { Some(self.defined(name)?.0.clone()) };
                if self.quorum.replace(rule).is_some() { Err(PolicyProblem::SecondQuorum) } else { Ok(()) }
            }
            ["log", ..] => Err(PolicyProblem::Items("log")),
            ["witness", ..] => Err(PolicyProblem::Items("witness")),
            ["group", ..] => Err(PolicyProblem::Items("group")),
            ["quorum", ..] => Err(PolicyProblem::Items("quorum")),
            _ => Err(PolicyProblem::Keyword),
        }
    }

    fn name(&mut self, name: &str, rule: Rule) -> Result<(), PolicyProblem> {
        if name == "none" || self.names.insert(name.to_owned(), (rule, false)).is_some() {
            return Err(PolicyProblem::Taken(name.to_owned()));
        }
        Ok(())
    }

    fn defined(&mut self, name: &str) -> Result<&mut (Rule, bool), PolicyProblem> {
        self.names.get_mut(name).ok_or_else(|| PolicyProblem::Undefined(name.to_owned()))
    }

    /// What a name stands for, for the one group that it may be in.
    fn member(&mut self, name: &str) -> Result<Rule, PolicyProblem> {
        let (rule, taken) = self.defined(name)?;
        if std::mem::replace(taken, true) { Err(PolicyProblem::InTwoGroups(name.to_owned())) } else { Ok(rule.clone()) }
    }
}

fn party(key: &str, url: &[&str]) -> Result<Party, KeyError> {
    Ok(Party { key: key.parse()?, url: url.first().map(|url| (*url).to_owned()) })
}
