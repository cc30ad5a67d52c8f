//! Files that are made to be passed on: whole or not at all. A pipe or a device takes them as they come.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// Writes a file beside its place, syncs it, and moves it there at the end: never half a file. Without `overwrite` it takes nobody's place.
pub(crate) fn place<T>(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let io = |e: std::io::Error| CliError::io(path, &e);
    if is_stream(path) {
        // Moved into its place, a file would take a device away from the system, and the reader of a pipe would wait for ever.
        let mut stream = File::options().write(true).open(path).map_err(io)?;
        let mut out = BufWriter::new(&mut stream);
        let written = write(&mut out)?;
        out.flush().map_err(io)?;
        return Ok(written);
    }
    // What a link leads to is written, and the link stays.
    let path = &led_to(path);
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = beside(parent).map_err(io)?;
    let mut out = BufWriter::new(file.as_file_mut());
    let written = write(&mut out)?;
    out.flush().map_err(io)?;
    drop(out);
    file.as_file().sync_all().map_err(io)?;
    let moved = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    moved.map_err(|e| if e.error.kind() == std::io::ErrorKind::AlreadyExists { taken(path) } else { io(e.error) })?;
    Ok(written)
}

/// Links in a row, at most: as the system has it.
const MOST_LINKS: usize = 40;

/// Where links lead, also to what is not there yet.
fn led_to(path: &Path) -> PathBuf {
    let mut led = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(to) = std::fs::read_link(&led) else { break };
        led = led.parent().unwrap_or(Path::new("")).join(to);
    }
    led
}

/// Whether something stands there that would be lost.
pub(crate) fn is_taken(path: &Path) -> bool {
    path.exists() && !is_stream(path)
}

/// A pipe or a device: `/dev/stdout`, `>(gzip)`.
fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// The refusal where something stands already.
pub(crate) fn taken(path: &Path) -> CliError {
    CliError::refused(format!("{} is already there; name another file", path.display()))
}

/// Readable by whom the user's mask lets: a temporary file would be for its owner alone.
fn beside(dir: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.permissions(std::fs::Permissions::from_mode(0o666));
    }
    file.tempfile_in(dir)
}
