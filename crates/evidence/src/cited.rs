//! Which entries cite which files, and the words that must stand in them.
//!
//! The link stands under the chain: a citation with a file's BLAKE3, in the claim itself or in a note on the claim that carries the tag `evidence`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sayso_core::event::{Citation, Content, Event, FileHash};
use sayso_core::ledger::{Entry, Ledger, OpenError};
use sayso_core::reading::{Corrections, Reading};

/// The tag of a note that ties a captured file to a claim.
pub const TAG: &str = "evidence";
/// Its second tag where quotation marks and dashes were taken as one kind each.
pub const FOLDED_TAG: &str = "evidence-marks-folded";

/// One citation of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The entry that cites it.
    pub entry: u64,
    /// The entry that it is evidence for: itself, or what the note is on.
    pub of: u64,
    /// The file.
    pub file: FileHash,
    /// The exact words of this citation.
    pub exact: Option<String>,
    /// Whether it was captured here: a note with the tag says so.
    pub captured: bool,
    /// Whether marks are folded when words are looked for.
    pub fold_marks: bool,
}

/// All citations of files, as entries read now.
#[derive(Debug, Default)]
pub struct Cited {
    /// In the order of recording.
    pub links: Vec<Link>,
    /// The quotes of the claims that files are cited for.
    pub quotes: BTreeMap<u64, String>,
    /// Entries whose bodies were erased.
    pub erased: BTreeSet<u64>,
}

/// What a claim quotes, as it reads now.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Whether the entry is a claim.
    pub is_claim: bool,
    /// Its quote.
    pub quote: Option<String>,
    /// Its citations.
    pub citations: Vec<Citation>,
}

impl Cited {
    /// Reads the whole log twice. `each` is called for every entry.
    ///
    /// # Errors
    /// [`OpenError`] if an entry cannot be read.
    pub fn gather(ledger: &Ledger, each: &dyn Fn()) -> Result<Self, OpenError> {
        let (corrections, erased) = corrections(ledger, each)?;
        let mut cited = Self { erased, ..Self::default() };
        let prepare = |entry: Entry| -> Result<Vec<Link>, OpenError> {
            Ok(as_read(&entry, &corrections)?.map(|event| links(entry.index(), &event)).unwrap_or_default())
        };
        ledger.scan(0, prepare, |links| {
            each();
            cited.links.extend(links);
            Ok::<_, OpenError>(ControlFlow::Continue(()))
        })?;
        let claims: BTreeSet<u64> = cited.links.iter().map(|l| l.of).collect();
        for of in claims {
            let Some(entry) = ledger.entry(of)? else { continue };
            if let Some(quote) = as_read(&entry, &corrections)?.and_then(|event| words(&event).quote) {
                cited.quotes.insert(of, quote);
            }
        }
        Ok(cited)
    }
}

/// What entries quote, as they read now. Reads the whole log once.
///
/// # Errors
/// [`OpenError`] if an entry cannot be read.
pub fn words_of(ledger: &Ledger, entries: &[u64]) -> Result<Vec<Words>, OpenError> {
    let (corrections, _) = corrections(ledger, &|| {})?;
    let read = |index: &u64| {
        let Some(entry) = ledger.entry(*index)? else { return Ok(Words::default()) };
        Ok(as_read(&entry, &corrections)?.map(|event| words(&event)).unwrap_or_default())
    };
    entries.iter().map(read).collect()
}

fn words(event: &Event) -> Words {
    match &event.content {
        Content::Claim(claim) => Words {
            is_claim: true,
            quote: claim.quote.as_ref().map(ToString::to_string),
            citations: event.citations.clone(),
        },
        _ => Words { citations: event.citations.clone(), ..Words::default() },
    }
}

/// What a note of `capture` is on; nothing for any other event.
pub(crate) fn tied_to(event: &Event) -> Option<u64> {
    match &event.content {
        Content::Note(note) if has_tag(event, TAG) => Some(note.of),
        _ => None,
    }
}

fn has_tag(event: &Event, tag: &str) -> bool {
    event.tags.iter().any(|t| t.as_str() == tag)
}

fn links(index: u64, event: &Event) -> Vec<Link> {
    let tied = tied_to(event);
    let (of, captured) = (tied.unwrap_or(index), tied.is_some());
    let fold_marks = captured && has_tag(event, FOLDED_TAG);
    let link = |c: &Citation| {
        let exact = c.exact().map(ToString::to_string);
        Some(Link { entry: index, of, file: c.file()?, exact, captured, fold_marks })
    };
    event.citations.iter().filter_map(link).collect()
}

fn corrections(ledger: &Ledger, each: &dyn Fn()) -> Result<(Corrections, BTreeSet<u64>), OpenError> {
    let (mut corrections, mut erased) = (Corrections::default(), BTreeSet::new());
    let prepare = |entry: Entry| -> Result<_, OpenError> {
        let event = entry.record()?.map(|record| record.event);
        let is_erased = event.is_none();
        Ok((entry.index(), is_erased, event.filter(|e| matches!(e.content, Content::Correction(_)))))
    };
    ledger.scan(0, prepare, |(index, is_erased, event)| {
        each();
        if is_erased {
            erased.insert(index);
        }
        if let Some(Event { content: Content::Correction(correction), .. }) = event {
            corrections.insert(index, correction);
        }
        Ok::<_, OpenError>(ControlFlow::Continue(()))
    })?;
    Ok((corrections, erased))
}

/// An entry as it reads now; nothing if it was erased, corrected away, or is a correction, whose words count where it corrects.
fn as_read(entry: &Entry, corrections: &Corrections) -> Result<Option<Event>, OpenError> {
    let Some(record) = entry.record()? else { return Ok(None) };
    if matches!(record.event.content, Content::Correction(_)) {
        return Ok(None);
    }
    Ok(match corrections.read(entry.index(), &record.event) {
        Reading::Event(event) => Some(event.clone()),
        Reading::Void { .. } => None,
    })
}
