//! Whether all that is cited is there, unaltered, and says what is quoted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sayso_core::event::FileHash;
use sayso_core::ledger::{Ledger, OpenError};

use crate::cited::{Cited, Link};
use crate::keep::{Keep, KeepError, State};
use crate::quote::{Place, Searchable};
use crate::text::{self, MAX_TEXT_BYTES, Unreadable};

/// Why evidence could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// An entry could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The directory could not be read.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A captured file is not there.
    Missing {
        /// Its hash.
        file: FileHash,
        /// The entries that cite it.
        entries: Vec<u64>,
    },
    /// It has other bytes.
    Altered {
        /// The hash it should have.
        file: FileHash,
        /// The one it has.
        found: FileHash,
        /// The entries that cite it.
        entries: Vec<u64>,
    },
    /// It cannot be read from the disk.
    NotRead {
        /// Its hash.
        file: FileHash,
        /// What the system said.
        why: String,
        /// The entries that cite it.
        entries: Vec<u64>,
    },
    /// The words stand in none of the files that are there for them.
    QuoteNotFound {
        /// The entry whose words they are.
        entry: u64,
        /// The words.
        words: String,
        /// The files that were searched.
        files: Vec<FileHash>,
    },
}

/// Words that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The entry whose words they are.
    pub entry: u64,
    /// The file.
    pub file: FileHash,
    /// Where in the text of the file.
    pub place: Place,
}

/// What came of a check.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Files that are cited, there, and unaltered.
    pub whole: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Words that were found.
    pub found: Vec<Found>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Files that are there and cannot be searched, and why: their words could not be checked.
    pub unsearched: Vec<(FileHash, Unreadable)>,
    /// Files cited by their hash and never captured here.
    pub elsewhere: Vec<FileHash>,
    /// Captured files that are gone with the claim that they were evidence for, which was redacted.
    pub erased: Vec<FileHash>,
    /// Files that no entry cites.
    pub uncited: Vec<FileHash>,
    /// Unfinished copies that killed captures left; the next capture removes them.
    pub unfinished: Vec<PathBuf>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Hashes every cited file again and looks for the quoted words again. `progress` is told how many entries and files were done.
///
/// # Errors
/// [`CheckError`] if the ledger or the directory cannot be read; a single file that cannot be is a problem in the report.
pub fn check(ledger: &Ledger, keep: &Keep, progress: &dyn Fn()) -> Result<Report, CheckError> {
    let cited = Cited::gather(ledger, progress)?;
    let mut files: BTreeMap<String, Vec<&Link>> = BTreeMap::new();
    for link in &cited.links {
        files.entry(link.file.to_string()).or_default().push(link);
    }
    let mut report = Report::default();
    let mut wanted = Wanted::default();
    for links in files.values() {
        progress();
        let Some(file) = links.first().map(|l| l.file) else { continue };
        one_file(file, links, &cited, keep, &mut report, &mut wanted);
    }
    wanted.judge(&mut report);
    report.uncited = keep.all()?.into_iter().filter(|file| !files.contains_key(&file.to_string())).collect();
    report.unfinished = keep.unfinished()?;
    Ok(report)
}

fn one_file(file: FileHash, links: &[&Link], cited: &Cited, keep: &Keep, report: &mut Report, wanted: &mut Wanted) {
    let entries = || links.iter().map(|l| l.entry).collect::<BTreeSet<u64>>().into_iter().collect::<Vec<u64>>();
    let bytes = match keep.state(file) {
        Ok(State::Whole(bytes)) => bytes,
        Ok(State::Missing) => {
            if links.iter().all(|l| !l.captured) {
                report.elsewhere.push(file);
            } else if links.iter().all(|l| cited.erased.contains(&l.of)) {
                report.erased.push(file);
            } else {
                report.problems.push(Problem::Missing { file, entries: entries() });
            }
            return;
        }
        Ok(State::Altered(found)) => return report.problems.push(Problem::Altered { file, found, entries: entries() }),
        Err(e) => return report.problems.push(Problem::NotRead { file, why: e.to_string(), entries: entries() }),
    };
    report.whole += 1;
    report.bytes += bytes;
    let read = match keep.bytes(file, MAX_TEXT_BYTES) {
        Ok(Some(bytes)) => text::read(&bytes),
        Ok(None) => Err(Unreadable::TooLarge),
        Err(e) => return report.problems.push(Problem::NotRead { file, why: e.to_string(), entries: entries() }),
    };
    let text = match read {
        Ok(readable) => readable.text,
        Err(why) => return report.unsearched.push((file, why)),
    };
    // Where one note on a claim folds marks, the words that the claim itself cites from the file are looked for in the same way.
    let folded: BTreeSet<u64> = links.iter().filter(|l| l.fold_marks).map(|l| l.of).collect();
    for fold_marks in [false, true] {
        let mine: Vec<&&Link> =
            links.iter().filter(|l| if fold_marks { folded.contains(&l.of) } else { !l.fold_marks }).collect();
        if mine.is_empty() {
            continue;
        }
        let text = Searchable::new(&text, fold_marks);
        for link in mine {
            for words in cited.quotes.get(&link.of).into_iter().chain(&link.exact) {
                wanted.looked(link.of, words, file, text.find(words));
            }
        }
    }
}

/// Words that were looked for: for each entry and words, the files that were searched, and where they were found.
#[derive(Default)]
struct Wanted(BTreeMap<(u64, String), (Vec<FileHash>, Option<Found>)>);

impl Wanted {
    fn looked(&mut self, entry: u64, words: &str, file: FileHash, place: Option<Place>) {
        let (files, found) = self.0.entry((entry, words.to_owned())).or_default();
        files.push(file);
        if found.is_none() {
            *found = place.map(|place| Found { entry, file, place });
        }
    }

    /// A quote may stand in one of several captured files: a claim can be evidenced by its article and by a translation of it.
    fn judge(self, report: &mut Report) {
        for ((entry, words), (files, found)) in self.0 {
            match found {
                Some(found) => report.found.push(found),
                None => report.problems.push(Problem::QuoteNotFound { entry, words, files }),
            }
        }
    }
}
