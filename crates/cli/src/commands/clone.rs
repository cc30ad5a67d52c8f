//! `sayso clone` and `sayso pull`: a verified, read-only copy of a published ledger, and what is new in it.
//!
//! Nothing is taken over before the headers were shown to lead to the root of a checkpoint that the policy accepts. What does not
//! extend what is here is refused, and kept as evidence together with the checkpoint that it contradicts.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;

use clap::Args;
use sayso_core::bundle::Bundle;
use sayso_core::copy::take_over;
use sayso_core::directory::{expect_free_for_copy, is_ledger};
use sayso_core::entry::{Head, LedgerId};
use sayso_core::ledger::{CopiedEntry, Ledger, TakeOverError};
use sayso_core::machine::SystemEntropy;
use sayso_core::time::SystemClock;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::policy::Policy;
use sayso_proof::tree::{MemoryTree, extend, head};
use serde_json::json;

use super::witness::write_evidence;
use crate::error::CliError;
use crate::locate::DEFAULT_DIR;
use crate::output::{self, json, progress};
use crate::proof::fetched::Fetched;
use crate::proof::ledger_tree::LedgerTree;
use crate::proof::published::Published;
use crate::proof::trust::TrustArgs;
use crate::proof::{files, ledger_name};
use crate::session::Session;

/// Where a copy comes from.
const UPSTREAM: &str = "upstream";
/// Whose word is taken for it.
const POLICY: &str = "policy";
/// The newest checkpoint that was accepted.
const CHECKPOINT: &str = "checkpoint";

#[derive(Args)]
#[command(
    after_help = "Examples:\n  sayso clone https://newsroom.example/sotk sotk --key 'newsroom.example/sotk+1234abcd+AX...'\n  \
    sayso --ledger sotk pull\n\nGet the key by another way than the ledger.\n\n\
    SAYSO_HTTP_TIMEOUT: seconds that a host may take for a file [60].\nSAYSO_CA_FILE: certificates to trust in place of the public ones."
)]
pub(crate) struct CloneArgs {
    /// Where it is published: a directory or a web address
    from: String,
    /// Where to make the copy [default: --ledger, else .sayso here]
    dir: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sayso --ledger sotk pull")]
pub(crate) struct PullArgs {
    /// Where it is published now [default: where it was cloned from]
    from: Option<String>,
}

pub(crate) fn clone(session: &Session, args: &CloneArgs) -> Result<ExitCode, CliError> {
    let dir = args.dir.as_ref().or(session.given_dir()).cloned().unwrap_or_else(|| PathBuf::from(DEFAULT_DIR));
    let policy = args.trust.policy()?;
    expect_free_for_copy(&dir)?;
    let published = Published::new(&args.from)?;
    let checkpoint = accepted(&published, &policy)?;
    let about = published.about()?;
    let id =
        about.id().ok_or_else(|| CliError::refused(format!("{} does not say which ledger it is", published.source)))?;
    let new = checkpoint.checkpoint().head;
    let fetched = Fetched::headers(&published, Head { size: 0, hash: id.genesis() }, new.size)?;
    let leaves = fetched.leaves();
    let mut tree = MemoryTree::default();
    extend(&mut tree, &leaves).map_err(CliError::failed)?;
    if head(&tree, new.size).ok() != Some(new) {
        return Err(Fetched::not_its_root(&published));
    }
    drop(tree);
    // What a copy has beside its entries is there before it is a ledger at all.
    let began = Cell::new(false);
    let begin = || {
        // First of all: by this a copy that is cut short is known to be one.
        began.set(true);
        files::replace(&dir.join(UPSTREAM), format!("{}\n", absolute(&args.from)).as_bytes())
    };
    let beside = || {
        ledger_name::write(&dir, &checkpoint.checkpoint().origin)?;
        files::replace(&dir.join(POLICY), args.trust.to_policy_text()?.as_bytes())?;
        files::replace(&dir.join(CHECKPOINT), checkpoint.to_string().as_bytes())?;
        LedgerTree::keep(&dir, &leaves)
    };
    let was_there = dir.exists();
    // Of a copy that was cut short: it stays one, so that the same can be tried again.
    let is_again = dir.join(UPSTREAM).exists();
    let made = make(&dir, id, &published, &fetched, begin, beside);
    let (ledger, taken) = made.inspect_err(|_| {
        // Only what was made by this very call, and is of use to nobody: another call may have made a ledger here meanwhile. The error
        // that came first is the one to tell.
        if began.get() && !is_again && !is_ledger(&dir) {
            let _ = LedgerTree::forget(&dir);
            for file in [ledger_name::FILE, UPSTREAM, POLICY, CHECKPOINT] {
                let _ = std::fs::remove_file(dir.join(file));
            }
        }
        if !was_there {
            let _ = std::fs::remove_dir(&dir);
        }
    })?;
    let made = format!("Made a read-only copy of {} in {}.\n", checkpoint.checkpoint().origin, dir.display());
    report(session, ledger.head(), &checkpoint, &taken, &made)
}

/// Makes the copy of what was fetched. `begin` is called before anything of it is written, `beside` once all entries are in it, and before it is a ledger.
fn make(
    dir: &Path,
    id: LedgerId,
    published: &Published,
    fetched: &Fetched,
    begin: impl FnOnce() -> Result<(), CliError>,
    beside: impl FnOnce() -> Result<(), CliError>,
) -> Result<(Ledger, Taken), CliError> {
    let bar = progress::spinner("taking over entries");
    let mut taken = Taken { entries: 0, without_body: vec![] };
    let (mut begin, mut beside, mut ready) = (Some(begin), Some(beside), Vec::new().into_iter());
    let ledger = std::thread::scope(|scope| {
        // While some bundles are checked and written the next ones are fetched.
        let (ahead, arrived) = sync_channel::<Result<Vec<Bundle>, CliError>>(1);
        scope.spawn(move || {
            for step in fetched.steps() {
                let bundles = published.side_by_side(step, |number| fetched.bundle(published, number));
                let failed = bundles.is_err();
                if ahead.send(bundles).is_err() || failed {
                    return; // whoever takes them over has given up, or will
                }
            }
        });
        let next = || {
            begin.take().map_or(Ok(()), |begin| begin())?;
            if ready.as_slice().is_empty()
                && let Ok(bundles) = arrived.recv()
            {
                ready = bundles?.into_iter();
            }
            let Some(bundle) = ready.next() else {
                beside.take().map_or(Ok(()), |beside| beside())?;
                return Ok::<_, CliError>(None);
            };
            let erased = bundle.entries.iter().zip(bundle.first..).filter(|(entry, _)| entry.body().is_none());
            taken.without_body.extend(erased.map(|(_, index)| index));
            taken.entries += bundle.entries.len() as u64;
            bar.set_message(format!("taking over entries: {}", taken.entries));
            Ok(Some(bundle))
        };
        take_over(published.source.to_string(), id, fetched.end, dir, SystemClock, SystemEntropy, next)
    })?;
    bar.finish_and_clear();
    Ok((ledger, taken))
}

pub(crate) fn pull(session: &Session, args: &PullArgs) -> Result<ExitCode, CliError> {
    let dir = session.dir_path()?;
    let ledger = session.open()?;
    let not_a_copy = || CliError::refused(format!("{} is not a copy made by `sayso clone`", dir.display()));
    let upstream = files::read_if_there(&dir.join(UPSTREAM))?.ok_or_else(not_a_copy)?;
    let policy = files::read_if_there(&dir.join(POLICY))?.ok_or_else(not_a_copy)?;
    let policy: Policy =
        policy.parse().map_err(|e| CliError::failed(format!("{}: {e}", dir.join(POLICY).display())))?;
    let published = Published::new(args.from.as_deref().unwrap_or(upstream.strip_suffix('\n').unwrap_or(&upstream)))?;
    let checkpoint = accepted(&published, &policy)?;
    if Some(&checkpoint.checkpoint().origin) != ledger_name::read(&dir)?.as_ref() {
        return Err(CliError::refused(format!(
            "{} is another ledger: {}",
            published.source,
            checkpoint.checkpoint().origin
        )));
    }
    let taken = Copy { dir: &dir, ledger: &ledger, published: &published }.take(&checkpoint)?;
    report(session, ledger.head(), &checkpoint, &taken, "")
}

/// The checkpoint that is published, if the policy accepts it.
fn accepted(published: &Published, policy: &Policy) -> Result<SignedCheckpoint, CliError> {
    let checkpoint = published.checkpoint()?;
    policy.check(&checkpoint, &policy.keys()).map_err(|e| {
        CliError::refused(format!("{} is not to be believed: {e}; nothing was taken over", published.source))
    })?;
    Ok(checkpoint)
}

/// A place in words that mean it wherever they are read. A path that is no text cannot be written down: then it is the one that was
/// given, as it can be.
fn absolute(place: &str) -> String {
    let path = Path::new(place);
    if !path.is_dir() {
        return place.to_owned();
    }
    let ways = [path.canonicalize(), std::path::absolute(path)];
    ways.iter().flatten().find_map(|path| path.to_str()).unwrap_or(place).to_owned()
}

/// What was taken over.
struct Taken {
    entries: u64,
    /// Entries that came without their bodies.
    without_body: Vec<u64>,
}

fn report(
    session: &Session,
    head: Head,
    checkpoint: &SignedCheckpoint,
    taken: &Taken,
    made: &str,
) -> Result<ExitCode, CliError> {
    if session.is_json() {
        json::print(&json!({
            "taken": taken.entries,
            "without_body": taken.without_body,
            "head": json::head(head),
            "checkpoint": super::checkpoint::as_json(checkpoint),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!(
        "{made}{} entries taken over; each was checked, and all {} lead to the root of the signed checkpoint.\n",
        taken.entries, head.size
    );
    if !taken.without_body.is_empty() {
        let numbers: Vec<String> = taken.without_body.iter().take(20).map(|i| format!("#{i}")).collect();
        text.push_str(&format!(
            "{} came without their bodies: {}. `sayso audit` tells whether there is a record of that.\n",
            taken.without_body.len(),
            numbers.join(" ")
        ));
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// A copy, and what it is a copy of.
struct Copy<'a> {
    dir: &'a Path,
    ledger: &'a Ledger,
    published: &'a Published,
}

impl Copy<'_> {
    /// Takes over what a checkpoint covers and is not here yet.
    fn take(&self, checkpoint: &SignedCheckpoint) -> Result<Taken, CliError> {
        let mut tree = LedgerTree::open(self.dir, self.ledger)?;
        if let Some(kept) = self.kept()? {
            self.expect_extension(&mut tree, &kept, checkpoint)?;
        }
        let (here, new) = (self.ledger.head(), checkpoint.checkpoint().head);
        if new.size < here.size {
            return Err(self.older(here.size, new.size));
        }
        let fetched = Fetched::headers(self.published, here, new.size)?;
        let cache = |e: std::io::Error| CliError::failed(format!("the tree beside the log: {e}"));
        let leaves = fetched.leaves();
        extend(&mut tree.files, &leaves).map_err(cache)?;
        if tree.head(new.size)? != new {
            // The own cache may be what is wrong.
            tree.remake(self.ledger)?;
            extend(&mut tree.files, &leaves).map_err(cache)?;
        }
        if tree.head(new.size)? != new {
            tree.files.truncate(here.size).map_err(cache)?;
            return Err(Fetched::not_its_root(self.published));
        }
        // From here on it is known what the ledger has to become, also if taking it over is cut short.
        files::replace(&self.dir.join(CHECKPOINT), checkpoint.to_string().as_bytes())?;
        self.take_entries(&fetched)
    }

    fn kept(&self) -> Result<Option<SignedCheckpoint>, CliError> {
        let path = self.dir.join(CHECKPOINT);
        let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
        let parsed = SignedCheckpoint::parse(text.as_bytes());
        parsed.map(Some).map_err(|e| CliError::failed(format!("{}: {e}", path.display())))
    }

    fn older(&self, here: u64, there: u64) -> CliError {
        CliError::refused(format!(
            "{} shows {there} entries, and there were {here} before: it is out of date, or its end was cut. Nothing was changed",
            self.published.source
        ))
    }

    /// Refuses a checkpoint that does not extend the one that was accepted last, and keeps both if they contradict each other.
    fn expect_extension(
        &self,
        tree: &mut LedgerTree,
        kept: &SignedCheckpoint,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), CliError> {
        let (old, new) = (kept.checkpoint().head, checkpoint.checkpoint().head);
        if new.size < old.size {
            let known = new.size <= self.ledger.head().size;
            if known && !tree.has(self.ledger, new)? {
                return Err(self.two_histories(kept, checkpoint)?);
            }
            return Err(self.older(old.size, new.size));
        }
        let shown = if new.size == old.size { Some(new) } else { self.published.beginning(old.size, new)? };
        let Some(shown) = shown else {
            return Err(CliError::refused(format!(
                "the tiles in {} do not lead to the root of its own checkpoint: the files are damaged or were exchanged. Nothing was \
                 taken over",
                self.published.source
            )));
        };
        // What is shown was proven to be the beginning of what was signed now: if it is another than the one signed before, both are.
        if shown == old { Ok(()) } else { Err(self.two_histories(kept, checkpoint)?) }
    }

    fn two_histories(&self, kept: &SignedCheckpoint, refused: &SignedCheckpoint) -> Result<CliError, CliError> {
        let path = write_evidence(self.dir, kept, refused)?;
        Ok(CliError::refused(format!(
            "{} does not extend what it showed before: TWO HISTORIES of {}. Nothing was taken over. Both signed checkpoints are in {}; \
             keep that file, it is evidence",
            self.published.source,
            kept.checkpoint().origin,
            path.display()
        )))
    }

    fn take_entries(&self, fetched: &Fetched) -> Result<Taken, CliError> {
        let mut taken = Taken { entries: 0, without_body: vec![] };
        let bar = progress::spinner("taking over entries");
        for step in fetched.steps() {
            let bundles = self.published.side_by_side(step, |number| fetched.entries(self.published, number))?;
            let entries: Vec<CopiedEntry> = bundles.into_iter().flatten().collect();
            taken.without_body.extend(entries.iter().filter(|e| e.body.is_none()).map(|e| e.header.index));
            taken.entries += entries.len() as u64;
            self.copy(entries)?;
            bar.set_message(format!("taking over entries: {}", taken.entries));
        }
        bar.finish_and_clear();
        Ok(taken)
    }

    fn copy(&self, entries: Vec<CopiedEntry>) -> Result<(), CliError> {
        self.ledger.copy(entries).map(|_| ()).map_err(|e| match e {
            TakeOverError::Append(e) => e.into(),
            e => CliError::refused(format!("{}: {e}. Entries before it were taken over", self.published.source)),
        })
    }
}
