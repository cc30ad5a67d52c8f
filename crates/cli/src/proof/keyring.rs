//! The keys of this user: in a directory of their own, never in a ledger's, readable by nobody else.
//!
//! ```text
//! <keys>/<name>/<id>.key    the signing key; gone once it is retired
//! <keys>/<name>/<id>.pub    the verifier key
//! <keys>/<name>/current     the id of the key that signs first
//! <keys>/<name>/last        the last checkpoint that was signed under this name
//! ```

use std::path::{Path, PathBuf};

use sayso_core::directory::ledger_around;
use sayso_core::machine::SystemEntropy;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::key::{KeyKind, KeyName, SigningKey, VerifierKey};

use super::files;
use crate::error::CliError;

/// The directory of keys.
pub(crate) struct Keyring {
    dir: PathBuf,
}

/// One key.
pub(crate) struct Held {
    pub(crate) verifier: VerifierKey,
    /// Whether it is the one that signs first.
    pub(crate) current: bool,
    /// Whether its signing key is still here.
    pub(crate) signs: bool,
}

impl Keyring {
    /// `SAYSO_KEYS`, or `sayso/keys` in the user's configuration directory.
    pub(crate) fn open() -> Result<Self, CliError> {
        let given = std::env::var_os("SAYSO_KEYS").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let dir = given.or_else(|| Some(dirs::config_dir()?.join("sayso").join("keys")));
        let dir = dir.ok_or_else(|| {
            CliError::failed("there is no configuration directory; set SAYSO_KEYS to a directory for keys")
        })?;
        expect_outside_ledgers(&dir)?;
        Ok(Self { dir })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn of(&self, name: &str) -> PathBuf {
        self.dir.join(files::escape(name))
    }

    /// The names that have keys.
    pub(crate) fn names(&self) -> Result<Vec<String>, CliError> {
        let read = match std::fs::read_dir(&self.dir) {
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(e) => return Err(CliError::io(&self.dir, &e)),
        };
        let mut names: Vec<String> =
            read.flatten().filter_map(|entry| files::unescape(entry.file_name().to_str()?)).collect();
        names.sort();
        Ok(names)
    }

    /// The keys of a name, the current one first.
    pub(crate) fn keys(&self, name: &str) -> Result<Vec<Held>, CliError> {
        let dir = self.of(name);
        let current = files::read_if_there(&dir.join("current"))?.unwrap_or_default();
        let mut held = Vec::new();
        let read = match std::fs::read_dir(&dir) {
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(held),
            Err(e) => return Err(CliError::io(&dir, &e)),
        };
        expect_own(&dir)?;
        for path in read.flatten().map(|entry| entry.path()).filter(|p| p.extension().is_some_and(|e| e == "pub")) {
            let text = files::read_if_there(&path)?.unwrap_or_default();
            let verifier: VerifierKey =
                text.trim_end().parse().map_err(|e| CliError::failed(format!("{}: {e}", path.display())))?;
            let current = verifier.id().to_string() == current.trim_end();
            held.push(Held { verifier, current, signs: path.with_extension("key").exists() });
        }
        held.sort_by_key(|h| (!h.current, h.verifier.id()));
        Ok(held)
    }

    /// Makes the first key of a name, or the next one. Earlier ones go on signing beside it.
    pub(crate) fn create(&self, name: &str, kind: KeyKind, first: bool) -> Result<VerifierKey, CliError> {
        let name = KeyName::new(name).map_err(CliError::usage)?;
        let dir = self.of(name.as_str());
        let there = !self.keys(name.as_str())?.is_empty();
        if first && there {
            return Err(CliError::refused(format!(
                "there is a key named {name} already; `sayso key rotate {name}` puts a new one beside it"
            )));
        }
        if !first && !there {
            return Err(no_key(name.as_str()));
        }
        files::create_private_dir(&dir)?;
        let key = SigningKey::generate(name, kind, &SystemEntropy)
            .map_err(|e| CliError::failed(format!("no random bytes: {e}")))?;
        let id = key.verifier().id();
        files::replace_secret(&dir.join(format!("{id}.key")), format!("{}\n", key.to_secret_text()).as_bytes())?;
        files::replace(&dir.join(format!("{id}.pub")), format!("{}\n", key.verifier()).as_bytes())?;
        files::replace(&dir.join("current"), format!("{id}\n").as_bytes())?;
        Ok(key.verifier().clone())
    }

    /// Destroys a signing key. What it signed stays valid, and its verifier key stays listed.
    pub(crate) fn retire(&self, name: &str, id: &str) -> Result<(), CliError> {
        let held = self.keys(name)?;
        let found = held.iter().find(|h| h.verifier.id().to_string() == id);
        match found {
            None => Err(CliError::refused(format!("{name} has no key {id}; `sayso key list` shows what there is"))),
            Some(h) if !h.signs => Err(CliError::refused(format!("the key {id} of {name} is retired already"))),
            Some(h) if h.current => Err(CliError::refused(format!(
                "{id} is the current key of {name}; make another one first: sayso key rotate {name}"
            ))),
            Some(_) => {
                let path = self.of(name).join(format!("{id}.key"));
                std::fs::remove_file(&path).map_err(|e| CliError::io(&path, &e))
            }
        }
    }

    /// The keys that sign under a name, the current one first.
    pub(crate) fn signing(&self, name: &str) -> Result<Vec<SigningKey>, CliError> {
        let mut keys = Vec::new();
        for held in self.keys(name)?.into_iter().filter(|h| h.signs) {
            let path = self.of(name).join(format!("{}.key", held.verifier.id()));
            expect_private(&path)?;
            let text = files::read_if_there(&path)?.unwrap_or_default();
            let key = SigningKey::from_secret_text(text.trim_end());
            let key = key.ok().filter(|key| *key.verifier() == held.verifier);
            keys.push(
                key.ok_or_else(|| CliError::failed(format!("{}: not the signing key it should be", path.display())))?,
            );
        }
        if keys.is_empty() { Err(no_key(name)) } else { Ok(keys) }
    }

    /// The last checkpoint that was signed under a name.
    pub(crate) fn last_signed(&self, name: &str) -> Result<Option<SignedCheckpoint>, CliError> {
        let path = self.of(name).join("last");
        let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
        let parsed = SignedCheckpoint::parse(text.as_bytes());
        parsed.map(Some).map_err(|e| CliError::failed(format!("{}: {e}", path.display())))
    }

    /// Keeps the last checkpoint, before anybody is shown it.
    pub(crate) fn set_last_signed(&self, name: &str, checkpoint: &SignedCheckpoint) -> Result<(), CliError> {
        files::replace(&self.of(name).join("last"), checkpoint.to_string().as_bytes())
    }
}

pub(crate) fn no_key(name: &str) -> CliError {
    CliError::refused(format!("there is no key named {name}; make one with: sayso key new {name}"))
}

/// Refuses keys that lie inside any ledger's directory: whoever copies the ledger must not get the keys.
fn expect_outside_ledgers(dir: &Path) -> Result<(), CliError> {
    let whole = std::path::absolute(dir).map_err(|e| CliError::io(dir, &e))?;
    // What is not there yet will lie where the nearest directory above it really is.
    let real = whole.ancestors().find_map(|above| above.canonicalize().ok()).unwrap_or_default();
    if ledger_around(&whole).or_else(|| ledger_around(&real)).is_some() {
        return Err(CliError::refused(format!(
            "the keys in {} lie inside a ledger's directory, and would go wherever it is copied; set SAYSO_KEYS to another place",
            dir.display()
        )));
    }
    Ok(())
}

#[cfg(unix)]
fn mode(path: &Path) -> Result<u32, CliError> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path).map_err(|e| CliError::io(path, &e))?.permissions().mode())
}

/// A directory in which others can put keys of theirs, or take ours away, is not used.
#[cfg(unix)]
fn expect_own(dir: &Path) -> Result<(), CliError> {
    if mode(dir)? & 0o022 != 0 {
        return Err(CliError::refused(format!(
            "{}: others can write in this directory of keys; look whether all in it is yours, then `chmod 700` it",
            dir.display()
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn expect_own(_: &Path) -> Result<(), CliError> {
    Ok(())
}

/// A signing key that others can read is not used.
#[cfg(unix)]
fn expect_private(path: &Path) -> Result<(), CliError> {
    if mode(path)? & 0o077 != 0 {
        return Err(CliError::refused(format!(
            "{}: others can read this key; if nobody has, `chmod 600` it, and else make a new one with `sayso key rotate`",
            path.display()
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn expect_private(_: &Path) -> Result<(), CliError> {
    Ok(())
}
