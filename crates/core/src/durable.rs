//! Files that are whole or not there: written beside their place, synced, and moved into it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file whole: to `part` beside it first. The name is not durable before [`sync_dir`].
pub(crate) fn replace(path: &Path, part: &Path, content: &[&[u8]]) -> io::Result<()> {
    let mut file = File::create(part)?;
    for bytes in content {
        file.write_all(bytes)?;
    }
    file.sync_all()?;
    drop(file);
    std::fs::rename(part, path)
}

/// Makes the names in a directory survive power loss.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Removes a file that need not be there.
pub(crate) fn remove(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}
