//! Small files that matter: written whole or not at all, and durable before anybody relies on them.

use std::fs::{DirEntry, File};
use std::io::Write;
use std::path::Path;

use crate::error::CliError;

/// Writes a file beside its place and moves it there, so that nobody ever sees half of it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    write(path, bytes, Mode::Public).map_err(|e| CliError::io(path, &e))
}

/// The same, for the owner's eyes only.
pub(crate) fn replace_secret(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    write(path, bytes, Mode::Secret).map_err(|e| CliError::io(path, &e))
}

/// Writes one of many files, making directories on the way. Its content is durable; its name is once the directory is synced.
pub(crate) fn place(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let write = || {
        let parent = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent)?;
        write_in(parent, path, bytes, Mode::Public)
    };
    write().map_err(|e| CliError::io(path, &e))
}

/// Writes a file that must not be there yet.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    if path.exists() {
        return Err(CliError::refused(format!("{} is already there; name another file", path.display())));
    }
    replace(path, bytes)
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Public,
    Secret,
}

fn write(path: &Path, bytes: &[u8], mode: Mode) -> std::io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    write_in(parent, path, bytes, mode)?;
    File::open(parent)?.sync_all()
}

fn write_in(parent: &Path, path: &Path, bytes: &[u8], mode: Mode) -> std::io::Result<()> {
    // A temporary file is the owner's alone until it is said to be anybody's.
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(bytes)?;
    if mode == Mode::Public {
        make_readable(file.as_file())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|e| e.error)
}

/// Whether it is a file that was being written when the program was killed: a regular one, with a name as they have before they get their own.
pub(crate) fn is_unfinished(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let chance = name.to_str().and_then(|name| name.strip_prefix(".tmp"));
    chance.is_some_and(|chance| chance.len() == 6 && chance.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && entry.file_type().is_ok_and(|kind| kind.is_file())
}

#[cfg(unix)]
fn make_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// Makes a directory that only its owner can look into.
pub(crate) fn create_private_dir(path: &Path) -> Result<(), CliError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|e| CliError::io(path, &e))
}

/// A text file, or `None` if it is not there.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, CliError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(CliError::io(path, &e)),
    }
}

/// A file that somebody named.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|e| CliError::io(path, &e))
}

/// A name as the name of a file: what is not a plain letter, digit, `.`, `-` or `_` becomes `%` and two hex digits.
pub(crate) fn escape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && at > 0);
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The name that was escaped.
pub(crate) fn unescape(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (first, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..)?;
            }
            (b'%', None) => return None,
            (byte, _) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{escape, is_unfinished, unescape};

    #[test]
    fn a_file_that_has_no_name_yet_is_known_by_the_one_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let unfinished = tempfile::NamedTempFile::new_in(dir.path()).unwrap();
        let there = || std::fs::read_dir(dir.path()).unwrap().map(Result::unwrap);
        assert!(there().all(|entry| is_unfinished(&entry)) && there().count() == 1);
        drop(unfinished);
        for name in [".tmpAbCdE", ".tmpAbCdEfG", ".tmpAbCd-f", "xtmpAbCdEf", ".tmp", "checkpoint"] {
            std::fs::write(dir.path().join(name), "somebody's").unwrap();
        }
        std::fs::create_dir(dir.path().join(".tmpAbCdEf")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path().join("checkpoint"), dir.path().join(".tmpAbCdEg")).unwrap();
        assert!(there().all(|entry| !is_unfinished(&entry)) && there().count() >= 7);
    }

    #[test]
    fn names_become_files_and_come_back() {
        for name in ["newsroom.example/sotk", "..", ".hidden", "Երևան", "a%2Fb", "con:aux"] {
            let file = escape(name);
            assert!(!file.contains(['/', ':', '\\']) && !file.starts_with('.'), "{file}");
            assert_eq!(unescape(&file).as_deref(), Some(name));
        }
    }
}
