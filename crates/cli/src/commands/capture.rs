//! `sayso capture`: a page or document as it was, kept by its hash and tied to the claims that were read from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sayso_core::entry::Head;
use sayso_core::event::FileHash;
use sayso_core::exchange::{CitationDraft, Draft};
use sayso_core::ledger::{Batch, Ledger, Outcome};
use sayso_core::text::Url;
use sayso_evidence::{
    Cited, FOLDED_TAG, Keep, Kind, Link, MAX_TEXT_BYTES, Place, Readable, Searchable, TAG, Unreadable, Words, read,
    words_of,
};
use serde_json::{Value, json};

use super::find_entry;
use crate::error::CliError;
use crate::output::{self, evidence::short, table::escape};
use crate::session::Session;

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso capture article.html --url https://example.org/first --of y-1\n  \
    sayso capture page.html --url https://example.org/first --of '#12' --of '#13' --fold-marks\n  \
    sayso capture scan.pdf --url https://example.org/scan      kept; cite it with the --blake3 that is printed\n\n\
    The file is kept in the ledger's directory under evidence/, by its BLAKE3, and never written over. For each --of the quote of the\n\
    claim, and the exact words that it cites from this address, must stand in it; a note on the claim ties the two together.\n\
    `sayso audit --evidence` hashes the files again and looks for the words again. Exit codes: 0 kept; 1 refused, words are not\n\
    there; 2 wrong usage; 3 could not read or write. backup, mirror and publish do not carry the files: copy the directory.")]
pub(crate) struct CaptureArgs {
    /// The page or document, as a file; nothing is fetched
    file: PathBuf,
    /// The address that it was at
    #[arg(long)]
    url: String,
    /// An archived copy of the address
    #[arg(long, value_name = "URL")]
    archived: Option<String>,
    /// A claim that was read from it: its id or number ('#12'; may be given several times)
    #[arg(long)]
    of: Vec<String>,
    /// Take all quotation marks, apostrophes and dashes as one each when looking for words, and soft hyphens as nothing
    #[arg(long)]
    fold_marks: bool,
    /// Keep and record it even if quoted words do not stand in it
    #[arg(long)]
    anyway: bool,
}

/// Words of a claim, and where they are.
struct Looked {
    entry: u64,
    words: String,
    /// Nothing if the file cannot be searched.
    place: Option<Result<Place, NotThere>>,
}

/// How far words are right.
struct NotThere {
    right: usize,
    of: usize,
    /// Whether they are there with other marks.
    with_other_marks: bool,
}

pub(crate) fn run(session: &Session, args: &CaptureArgs) -> Result<ExitCode, CliError> {
    let url = Url::new(&args.url).map_err(|e| CliError::usage(format!("--url {e}")))?;
    let mut file = File::open(&args.file).map_err(|e| CliError::io(&args.file, &e))?;
    let ledger = session.open()?;
    let mut entries = args.of.iter().map(|of| find_entry(&ledger, of)).collect::<Result<Vec<u64>, CliError>>()?;
    let mut met = BTreeSet::new();
    entries.retain(|entry| met.insert(*entry));
    let claims = words_of(&ledger, &entries)?;
    for (entry, words) in entries.iter().zip(&claims) {
        if !words.is_claim {
            return Err(CliError::refused(format!("--of: #{entry} is no claim as it reads now; nothing was kept")));
        }
    }
    let keep = Keep::of(&session.dir_path()?);
    let received = keep.receive(&mut file, &args.file).map_err(CliError::failed)?;
    let (hash, bytes) = (received.hash(), received.len());
    let text = match received.bytes(MAX_TEXT_BYTES).map_err(CliError::failed)? {
        Some(bytes) => read(&bytes),
        None => Err(Unreadable::TooLarge),
    };
    let looked = look(&entries, &claims, &text, &url, hash, args.fold_marks);
    let missing = looked.iter().filter(|l| matches!(l.place, Some(Err(_)))).count();
    if missing > 0 && !args.anyway {
        return Err(refusal(&looked, args.fold_marks));
    }
    let tied = already_tied(&ledger, &entries, hash, args.fold_marks)?;
    let batch = notes(session, args, hash, bytes, &entries, &tied)?;
    ledger.check(&batch)?; // before the file is kept: a copy of somebody else's ledger takes no notes
    let is_new = keep.keep(received).map_err(CliError::failed)?;
    let outcomes = if batch.events.is_empty() { vec![] } else { ledger.append(&batch)?.outcomes };
    let mut notes: Vec<(u64, bool)> = tied.values().map(|note| (*note, true)).collect();
    notes.extend(outcomes.iter().map(|o| (o.index(), matches!(o, Outcome::AlreadyThere(_)))));
    let done = Done { hash, bytes, path: keep.path(hash), is_new, text: &text, looked: &looked, notes };
    if session.is_json() {
        output::json::print(&done.json(&ledger))?;
    } else {
        output::print(&done.text(ledger.head(), &entries))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks for the quote of each claim, and for the words that it cites from this address or file.
fn look(
    entries: &[u64],
    claims: &[Words],
    text: &Result<Readable, Unreadable>,
    url: &Url,
    hash: FileHash,
    fold_marks: bool,
) -> Vec<Looked> {
    let searchable = text.as_ref().ok().map(|t| Searchable::new(&t.text, fold_marks));
    let folded = text.as_ref().ok().filter(|_| !fold_marks).map(|t| Searchable::new(&t.text, true));
    let mut looked: Vec<Looked> = Vec::new();
    for (entry, claim) in entries.iter().zip(claims) {
        let here = claim.citations.iter().filter(|c| c.url() == Some(url) || c.file() == Some(hash));
        let exact = here.filter_map(|c| c.exact().map(ToString::to_string));
        for words in claim.quote.iter().cloned().chain(exact) {
            if looked.iter().any(|l| l.entry == *entry && l.words == words) {
                continue;
            }
            let place = searchable.as_ref().map(|text| {
                text.find(&words).ok_or_else(|| {
                    let (right, of) = text.words_found(&words);
                    let with_other_marks = folded.as_ref().is_some_and(|text| text.find(&words).is_some());
                    NotThere { right, of, with_other_marks }
                })
            });
            looked.push(Looked { entry: *entry, words, place });
        }
    }
    looked
}

fn refusal(looked: &[Looked], fold_marks: bool) -> CliError {
    let mut lines = Vec::new();
    let mut marks = false;
    for l in looked {
        if let Some(Err(not)) = &l.place {
            let how_far = if not.with_other_marks {
                marks = true;
                "they are there with other quotation marks or dashes".to_owned()
            } else {
                format!("of the first {} words, {} are there together", not.of, not.right)
            };
            lines.push(format!("#{}: \"{}\" does not stand in the file; {how_far}", l.entry, short(&l.words)));
        }
    }
    let marks = if marks && !fold_marks { " `--fold-marks` takes those as one." } else { "" };
    lines.push(format!(
        "Nothing was kept.{marks} If the quote was typed wrongly, mend it with `sayso correct`; --anyway keeps the file all the same"
    ));
    CliError::refused(lines.join("\n"))
}

/// The notes that tie this file to these claims already, in the same way: whatever the file's name or address was then.
fn already_tied(
    ledger: &Ledger,
    entries: &[u64],
    hash: FileHash,
    fold_marks: bool,
) -> Result<BTreeMap<u64, u64>, CliError> {
    if entries.is_empty() {
        return Ok(BTreeMap::new());
    }
    let cited = Cited::gather(ledger, &|| {})?;
    let same = |l: &&Link| l.captured && l.file == hash && l.fold_marks == fold_marks && entries.contains(&l.of);
    Ok(cited.links.iter().rev().filter(same).map(|l| (l.of, l.entry)).collect())
}

/// A note on each claim that has none for this file. Also on one that cites the file itself: the note says that it was captured here, and how marks
/// were taken.
fn notes(
    session: &Session,
    args: &CaptureArgs,
    hash: FileHash,
    bytes: u64,
    entries: &[u64],
    tied: &BTreeMap<u64, u64>,
) -> Result<Batch, CliError> {
    let options = session.check_options(true, false)?;
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut batch = Batch::default();
    for entry in entries.iter().filter(|entry| !tied.contains_key(entry)) {
        let citation = CitationDraft {
            url: Some(args.url.clone()),
            archived: args.archived.clone(),
            blake3: Some(hash.to_string()),
            ..CitationDraft::default()
        };
        let tags = [TAG].into_iter().chain(args.fold_marks.then_some(FOLDED_TAG)).map(ToOwned::to_owned).collect();
        let draft = Draft {
            kind: Some("note".into()),
            of: Some(format!("#{entry}")),
            text: Some(format!("Captured as evidence: {name}, {bytes} bytes.")),
            citations: Some(vec![citation]),
            tags: Some(tags),
            ..Draft::default()
        };
        batch.events.push(draft.check(&options).map_err(|e| CliError::refused(format!("{e}; nothing was kept")))?);
    }
    Ok(batch)
}

/// What was done.
struct Done<'d> {
    hash: FileHash,
    bytes: u64,
    path: PathBuf,
    is_new: bool,
    text: &'d Result<Readable, Unreadable>,
    looked: &'d [Looked],
    /// The notes on the claims, and whether they were there before.
    notes: Vec<(u64, bool)>,
}

impl Done<'_> {
    fn text(&self, head: Head, entries: &[u64]) -> String {
        let (bytes, hash, path) = (self.bytes, self.hash, Path::display(&self.path));
        let kept = if self.is_new { "Kept" } else { "Already kept:" };
        let mut lines = vec![format!("{kept} {bytes} bytes in {path}"), format!("BLAKE3 {hash}")];
        if let Err(why) = self.text {
            lines.push(format!("It cannot be searched for quotes: {why}."));
        }
        for l in self.looked {
            let words = short(&l.words);
            lines.push(match &l.place {
                Some(Ok(place)) => format!(
                    "#{}: \"{words}\" stands at bytes {} to {} of {}.",
                    l.entry,
                    place.start,
                    place.end,
                    self.whose()
                ),
                Some(Err(_)) => format!("#{}: \"{words}\" does NOT stand in it.", l.entry),
                None => format!("#{}: \"{words}\" could not be looked for.", l.entry),
            });
        }
        for entry in entries.iter().filter(|entry| !self.looked.iter().any(|l| l.entry == **entry)) {
            lines.push(format!("#{entry} quotes nothing that could be looked for."));
        }
        for (note, was_there) in &self.notes {
            let again = if *was_there { " (it was there already)" } else { "" };
            lines.push(format!("Tied to its claim by the note #{note}{again}."));
        }
        if self.notes.is_empty() {
            lines.push(format!("No claim was named with --of. Cite it with --blake3 {hash}"));
        }
        lines.push(format!("Receipt: {head}"));
        format!("{}\n", lines.iter().map(|l| escape(l)).collect::<Vec<_>>().join("\n"))
    }

    /// What places are counted in.
    fn whose(&self) -> &'static str {
        match self.text {
            Ok(Readable { kind: Kind::Html, .. }) => "the text between its tags",
            _ => "its text",
        }
    }

    fn json(&self, ledger: &Ledger) -> Value {
        let quote = |l: &Looked| {
            let place = l.place.as_ref().and_then(|p| p.as_ref().ok());
            json!({
                "entry": l.entry, "words": l.words, "found": l.place.as_ref().map(Result::is_ok),
                "start": place.map(|p| p.start), "end": place.map(|p| p.end),
            })
        };
        let kind = self.text.as_ref().ok().map(|t| if t.kind == Kind::Html { "html" } else { "plain" });
        json!({
            "blake3": self.hash.to_string(),
            "bytes": self.bytes,
            "file": self.path.display().to_string(),
            "already_kept": !self.is_new,
            "text": kind,
            "not_searched": self.text.as_ref().err().map(ToString::to_string),
            "quotes": self.looked.iter().map(quote).collect::<Vec<_>>(),
            "notes": self.notes.iter().map(|(note, _)| note).collect::<Vec<_>>(),
            "head": output::json::head(ledger.head()),
        })
    }
}
