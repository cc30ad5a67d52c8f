//! The store written anew, without what was erased: sled keeps old pages in its file until it needs their room.
//!
//! The new store is made beside the old one, audited, and moved into its place by two renames. The old one goes last. Whatever a crash
//! leaves of that is put in order by [`heal`], when the directory is opened the next time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CopyError, Progress, io};
use crate::audit::audit;
use crate::directory::{LedgerDir, STORE_DIR};
use crate::durable;
use crate::entry::Head;
use crate::ledger::Ledger;
use crate::ledger::moment::Moment;
use crate::ledger::rebuild::Rebuild;
use crate::machine::Entropy;
use crate::store::{SledStore, Store};
use crate::time::Clock;

const NEW_DIR: &str = "store.new";
const OLD_DIR: &str = "store.old";

/// What a compaction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// The head, which is as it was.
    pub head: Head,
    /// Bytes of the store before.
    pub before: u64,
    /// And after.
    pub after: u64,
}

/// Writes a ledger's store anew, so that what was erased is in no file of the directory any more. Mirrors are brought up to date first:
/// nothing that was erased is left in them either.
///
/// # Errors
/// [`CopyError`]; the ledger is then as it was.
pub fn compact(
    dir: LedgerDir,
    clock: impl Clock + Clone + 'static,
    entropy: impl Entropy + Clone + 'static,
    progress: &dyn Fn(Progress),
) -> Result<Compacted, CopyError> {
    let path = dir.path().to_owned();
    let (store, new) = (path.join(STORE_DIR), path.join(NEW_DIR));
    let before = bytes_in(&store);
    let ledger = dir.ledger(clock.clone(), entropy.clone())?; // this finishes erasures that were begun
    CopyError::expect_erased(&ledger.failed_erasures())?;
    ledger.catch_up()?;
    let made = rewrite(&ledger.moment(), &new, clock, entropy, progress);
    let head = match made {
        Ok(head) => head,
        Err(e) => {
            let _ = std::fs::remove_dir_all(&new); // opening does it otherwise
            return Err(e);
        }
    };
    let Some(dir) = ledger.into_dir() else { return Err(CopyError::NotACopy(path)) };
    let (_, old_store, lock) = dir.into_parts();
    drop(old_store);
    swap(&path).map_err(io(&path))?;
    drop(lock);
    Ok(Compacted { head, before, after: bytes_in(&store) })
}

/// Makes the new store. It is closed when this returns.
fn rewrite(
    now: &Moment,
    new: &Path,
    clock: impl Clock + 'static,
    entropy: impl Entropy + 'static,
    progress: &dyn Fn(Progress),
) -> Result<Head, CopyError> {
    let (head, total) = (now.head(), Some(now.head().size));
    let store: Arc<dyn Store> = Arc::new(SledStore::open(new)?);
    let mut rebuild = Rebuild::new(&*store, now.id, "the ledger".into(), &entropy)?;
    for first in now.firsts() {
        rebuild.push(now.bundle(first)?)?;
        progress(Progress { done: rebuild.taken(), total });
    }
    rebuild.finish(Some(head))?;
    drop(Ledger::open(store.clone(), clock, entropy)?); // it opens, and has what is derived
    let found = audit(&*store, &[head], &|_| {})?;
    match found.findings.first() {
        None if found.head == head => Ok(head),
        finding => {
            let (index, what) = finding.map_or((0, "another head".into()), |f| (f.index, f.problem.to_string()));
            Err(CopyError::Unsound { from: "the new store".into(), index, what })
        }
    }
}

/// Puts the new store in the place of the old one.
fn swap(path: &Path) -> std::io::Result<()> {
    let [store, old, new] = places(path);
    durable::sync_dir(path)?;
    std::fs::rename(&store, &old)?;
    durable::sync_dir(path)?;
    std::fs::rename(&new, &store)?;
    durable::sync_dir(path)?;
    std::fs::remove_dir_all(&old)?;
    durable::sync_dir(path)
}

/// Puts in order what a compaction left that was cut short. The old store is moved away only when the new one is whole.
pub(crate) fn heal(path: &Path) -> std::io::Result<()> {
    let [store, old, new] = places(path);
    if !old.exists() && !new.exists() {
        return Ok(());
    }
    if !store.exists() {
        std::fs::rename(if new.exists() { &new } else { &old }, &store)?;
        durable::sync_dir(path)?;
    }
    for left in [new, old] {
        if left.exists() {
            std::fs::remove_dir_all(left)?;
        }
    }
    durable::sync_dir(path)
}

fn places(path: &Path) -> [PathBuf; 3] {
    [STORE_DIR, OLD_DIR, NEW_DIR].map(|name| path.join(name))
}

/// The lengths of all files, as far as they can be seen.
fn bytes_in(dir: &Path) -> u64 {
    let Ok(names) = std::fs::read_dir(dir) else { return 0 };
    let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(m) if m.is_dir() => bytes_in(&entry.path()),
        Ok(m) => m.len(),
        Err(_) => 0,
    };
    names.flatten().map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a directory, with what the store's marker file says.
    fn state(path: &Path) -> (Vec<String>, String) {
        let mut names: Vec<String> =
            std::fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        (names, std::fs::read_to_string(path.join("store/marker")).unwrap())
    }

    /// Every moment at which a compaction can be cut short.
    #[test]
    fn what_a_crash_leaves_is_put_in_order() {
        for (there, expected) in [
            (vec![("store", "old")], "old"),
            (vec![("store", "old"), ("store.new", "half")], "old"),
            (vec![("store.old", "old"), ("store.new", "new")], "new"),
            (vec![("store", "new"), ("store.old", "old")], "new"),
            // Nobody's doing; but nothing is lost by it.
            (vec![("store.old", "old")], "old"),
            (vec![("store.new", "new")], "new"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            for (name, marker) in &there {
                std::fs::create_dir(dir.path().join(name)).unwrap();
                std::fs::write(dir.path().join(name).join("marker"), marker).unwrap();
            }
            heal(dir.path()).unwrap();
            assert_eq!(state(dir.path()), (vec!["store".to_owned()], expected.to_owned()), "{there:?}");
        }
    }
}
