//! `one-origin`: what looks like two voices may be one.
//!
//! Three ways to look, all on one question:
//!
//! - **A carrier beside its source**: a source says what another source says through it, the same value within 3 days. `afp` reports what
//!   `sohr` said, and both are counted.
//! - **Nobody twice**: two claims of `unattributed` with the same value within 3 days that came by way of the same first carrier. They stand side by side as if two mouths
//!   had said it.
//! - **The same words**: one quote of at least 8 words under two sources, or under one source on two dates by two ways.
//!
//! One source's words by way of two carriers on one date are no finding: such claims tie, and count once by themselves.
//!
//! **False alarms.** Two parties that agree on a text say the same words, as in a joint statement. An agency with people of its own on the
//! spot can confirm what others say. Three days are a guess at how long an agency's figure travels.

use std::collections::HashMap;

use indexmap::IndexMap;
use sayso_core::event::Question;
use sayso_core::text::{Label, Name, UNATTRIBUTED};

use crate::finding::{Finding, Report};
use crate::folding;
use crate::lint::{About, Lint};
use crate::readings::Readings;
use crate::seen::Statement;

pub(crate) const ABOUT: About = About {
    name: "one-origin",
    finds: "Two claims that look independent and seem to come from one origin through two carriers.",
    advice: "Read where each has it from. If one only passes the other's words on, it belongs in `via` of the same source: `sayso correct --of '#N' \
             --source ... --via ...`.",
    false_alarms: "Joint statements, and agencies that confirm a figure by themselves.",
};

/// How long a figure travels from one carrier to the next.
const NEAR_US: i64 = 3 * 24 * 60 * 60 * 1_000_000;
/// Claims of the same, next in time, that each is compared with. Where there are more, the report says so.
const MOST_TOGETHER: usize = 50;

/// Claims, by what they say.
#[derive(Default)]
pub(crate) struct Origins {
    /// By their letters, each with the spelling that came first.
    folk: IndexMap<String, String>,
    /// Spellings that were met: looking letters up each time takes longer.
    spellings: HashMap<String, u32>,
    ways: IndexMap<Vec<u32>, ()>,
    said: Vec<Said>,
}

/// One claim.
#[derive(Clone, Copy)]
struct Said {
    what: u64,
    /// Stands for question, value and unit, also of a quote.
    said: u64,
    at: i64,
    index: u64,
    source: u32,
    way: u32,
    is_quote: bool,
}

impl Origins {
    pub(crate) fn add(&mut self, said: &Statement) {
        if said.taken_back {
            return;
        }
        let source = self.person(said.source.as_str());
        let via: Vec<u32> = said.via.iter().map(|carrier: &Label| self.person(carrier.as_str())).collect();
        let (way, _) = self.ways.insert_full(via, ());
        let way = u32::try_from(way).unwrap_or(u32::MAX);
        let mut push = |what, is_quote| {
            self.said.push(Said { what, said: said.said, at: said.at, index: said.index, source, way, is_quote });
        };
        push(said.said, false);
        if let Some(words) = said.words {
            push(words, true);
        }
    }

    /// A source or carrier by number, however it is spelt.
    fn person(&mut self, name: &str) -> u32 {
        if let Some(known) = self.spellings.get(name) {
            return *known;
        }
        let folded = self.folk.entry(folding::letters(name));
        let person = u32::try_from(folded.index()).unwrap_or(u32::MAX);
        folded.or_insert_with(|| name.to_owned());
        self.spellings.insert(name.to_owned(), person);
        person
    }

    fn way(&self, said: &Said) -> &[u32] {
        let at = usize::try_from(said.way).unwrap_or(usize::MAX);
        self.ways.get_index(at).map(|(way, ())| way.as_slice()).unwrap_or_default()
    }

    /// `tell` finds out what an entry says, for the words of a finding.
    pub(crate) fn find(
        mut self,
        readings: &Readings,
        report: &mut Report,
        tell: &dyn Fn(u64) -> Option<(Name, Question, String)>,
    ) {
        self.said.sort_unstable_by_key(|s| (s.is_quote, s.what, s.at, s.index));
        let nobody = self.spellings.get(UNATTRIBUTED).copied();
        let mut cut = 0_u64;
        for same in self.said.chunk_by(|a, b| (a.is_quote, a.what) == (b.is_quote, b.what)) {
            for (at, a) in same.iter().enumerate() {
                let near = same.iter().skip(at + 1).take_while(|b| a.is_quote || b.at - a.at <= NEAR_US);
                for (n, b) in near.enumerate() {
                    if n == MOST_TOGETHER {
                        cut += 1;
                        break;
                    }
                    let Some(why) = self.why(a, b, nobody) else { continue };
                    let was_told = a.is_quote && self.was_told(a, b, nobody);
                    if !was_told
                        && !report.only_counts(Lint::OneOrigin)
                        && let (Some((one, question, value)), Some((other, ..))) = (tell(a.index), tell(b.index))
                    {
                        let on = format!("{} / {}", question.subject, question.predicate);
                        let twice = if one == other { format!("{one}, twice") } else { format!("{one} and {other}") };
                        report.push(Finding {
                            lint: Lint::OneOrigin,
                            entries: readings.trails(&[a.index, b.index]),
                            what: format!("{twice} on {on}: {value}."),
                            why,
                            command: None,
                        });
                    }
                }
            }
        }
        if cut > 0 {
            report.limits.push(format!(
                "one-origin: {cut} claims have more than {MOST_TOGETHER} others of the same after them; each was compared with the next {MOST_TOGETHER} only."
            ));
        }
    }

    /// Whether two claims with the same words were noticed for their value already.
    fn was_told(&self, a: &Said, b: &Said, nobody: Option<u32>) -> bool {
        let value = |s: &Said| Said { is_quote: false, ..*s };
        a.said == b.said && self.why(&value(a), &value(b), nobody).is_some()
    }

    /// Why two claims that say the same seem to have one origin.
    fn why(&self, a: &Said, b: &Said, nobody: Option<u32>) -> Option<String> {
        let (way_a, way_b) = (self.way(a), self.way(b));
        if a.is_quote {
            let differ = a.source != b.source || (a.at != b.at && way_a != way_b);
            return differ.then(|| "Both have the same words.".into());
        }
        if b.at - a.at > NEAR_US {
            return None;
        }
        if a.source == b.source {
            let first = way_a.first().filter(|first| Some(a.source) == nobody && way_b.first() == Some(first))?;
            let carrier = self.name(*first);
            return Some(format!("Nobody is named, and both came by way of `{carrier}` first: it may be one voice."));
        }
        let carried = |carrier: u32, way: &[u32]| Some(carrier) != nobody && way.contains(&carrier);
        let carrier = if carried(b.source, way_a) {
            b.source
        } else if carried(a.source, way_b) {
            a.source
        } else {
            return None;
        };
        let carrier = self.name(carrier);
        Some(format!("`{carrier}` is the carrier of the one and the source of the other."))
    }

    fn name(&self, person: u32) -> &str {
        usize::try_from(person)
            .ok()
            .and_then(|at| self.folk.get_index(at))
            .map(|(_, name)| name.as_str())
            .unwrap_or_default()
    }
}
