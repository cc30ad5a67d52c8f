//! A backup: the whole ledger as one compressed file, consistent, and read back before it gets its name.
//!
//! ```text
//! gzip members, one after another, of:
//!     "sayso backup 1\n" | 32 identity | u64 size | 32 hash
//!     for each bundle, the tail as the last:  u32 length | the bundle, codec plain
//! one more gzip member, empty, whose extra field holds the BLAKE3 of every byte before it
//! ```
//! gzip, because every system and every language's own library can read it; the members are compressed on all cores.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rayon::prelude::*;

use super::chain::Chain;
use super::{CopyError, Progress, io};
use crate::audit::check_bundle;
use crate::bundle::{Bundle, Codec};
use crate::durable;
use crate::entry::{Hash, Head, LedgerId};
use crate::ledger::Ledger;
use crate::machine::{Entropy, SystemEntropy};

const MAGIC: &[u8; 15] = b"sayso backup 1\n";
/// What a file of any version begins with, once it is unpacked.
const MAGIC_STEM: &[u8] = b"sayso backup ";
const CHECKSUM_CONTEXT: &str = "sayso 2023-05 backup checksum v1";
/// Bundles in one gzip member.
const MEMBER: usize = 16;
/// Members compressed at a time: bounds memory.
const STEP: usize = 4 * MEMBER;
/// No bundle is longer: 256 of the longest bodies, uncompressed.
const MAX_BUNDLE_BYTES: usize = 16 << 20;
/// An empty gzip member: its header, with an extra field, and what comes after that.
const SEAL_HEAD: [u8; 16] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 36, 0, b'S', b'Y', 32, 0];
const SEAL_TAIL: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const SEAL_BYTES: u64 = 16 + 32 + 10;

/// How the name ends that a backup has while it is written.
const PART: &str = ".part";

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// What is in it.
    pub head: Head,
    /// Its length.
    pub bytes: u64,
}

/// Writes a backup of a ledger: as it is at this moment, whatever is appended meanwhile. The file must not be there yet, and is there
/// only when it was read back and every hash in it was found right. Until then it has a name beside it that nothing else has; the next
/// backup of this ledger into the same directory removes what a killed one left. So one at a time.
///
/// # Errors
/// [`CopyError`]; no file is left then.
pub fn backup(ledger: &Ledger, to: &Path, progress: &dyn Fn(Progress)) -> Result<Backup, CopyError> {
    if to.symlink_metadata().is_ok() {
        return Err(CopyError::Exists(to.to_owned()));
    }
    CopyError::expect_erased(&ledger.failed_erasures())?;
    let dir = dir_of(to);
    sweep(dir, ledger.id());
    let (part, file) = begin(dir, ledger.id()).map_err(io(to))?;
    let result = write_and_check(ledger, &part, file, progress).and_then(|made| place(&part, to).map(|()| made));
    if result.is_err() {
        let _ = durable::remove(&part); // the first error is the one to tell
    }
    result
}

fn dir_of(to: &Path) -> &Path {
    to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How the names begin that backups of a ledger have while they are written.
fn stem(id: LedgerId) -> String {
    let id = id.to_string();
    format!("sayso-backup-{}-", id.get(..16).unwrap_or(&id))
}

/// A new file with a name that nothing has: whatever is there stays, and no link is followed.
fn begin(dir: &Path, id: LedgerId) -> std::io::Result<(PathBuf, File)> {
    let mut chance = [0; 8];
    SystemEntropy.fill(&mut chance)?;
    let part = dir.join(format!("{}{:016x}{PART}", stem(id), u64::from_le_bytes(chance)));
    let file = File::options().write(true).create_new(true).open(&part)?;
    Ok((part, file))
}

/// Removes what killed backups of this ledger left. The ledger is locked, so no other process is writing one of it; who makes one of a
/// copy of it here at this very moment finds its file gone, and fails.
fn sweep(dir: &Path, id: LedgerId) {
    let stem = stem(id);
    // Whatever cannot be looked at or removed is in nobody's way.
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let chance = name.to_str().and_then(|name| name.strip_prefix(&stem)?.strip_suffix(PART));
        let is_ours = chance.is_some_and(|c| c.len() == 16 && c.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = durable::remove(&entry.path());
        }
    }
}

/// Gives a finished file its name, unless something has it.
fn place(part: &Path, to: &Path) -> Result<(), CopyError> {
    match std::fs::hard_link(part, to) {
        Ok(()) => std::fs::remove_file(part).map_err(io(part))?,
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Err(CopyError::Exists(to.to_owned())),
        Err(_) if to.symlink_metadata().is_ok() => return Err(CopyError::Exists(to.to_owned())),
        Err(_) => std::fs::rename(part, to).map_err(io(to))?, // a file system without links
    }
    durable::sync_dir(dir_of(to)).map_err(io(dir_of(to)))
}

fn write_and_check(ledger: &Ledger, part: &Path, file: File, progress: &dyn Fn(Progress)) -> Result<Backup, CopyError> {
    let now = ledger.moment();
    let head = now.head();
    let total = Some(head.size.saturating_mul(2)); // written, then read
    let mut out = Hashing { out: BufWriter::new(file), hasher: blake3::Hasher::new_derive_key(CHECKSUM_CONTEXT) };
    let write = |out: &mut Hashing, bytes: &[u8]| out.write_all(bytes).map_err(io(part));
    let start: Vec<u8> =
        [MAGIC.as_slice(), &now.id.0, &head.size.to_le_bytes(), &head.hash.0].into_iter().flatten().copied().collect();
    write(&mut out, &member(&start).map_err(io(part))?)?;
    let firsts: Vec<u64> = now.firsts().collect();
    for step in firsts.chunks(STEP) {
        let members: Vec<Vec<u8>> = step
            .par_chunks(MEMBER)
            .map(|firsts| {
                let mut plain = Vec::new();
                for first in firsts {
                    let bytes = now.bundle(*first)?.encode(Codec::Plain);
                    plain.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
                    plain.extend_from_slice(&bytes);
                }
                member(&plain).map_err(io(part))
            })
            .collect::<Result<_, CopyError>>()?;
        for bytes in members {
            write(&mut out, &bytes)?;
        }
        progress(Progress { done: step.last().map_or(0, |last| now.end_of(*last)), total });
    }
    let Hashing { mut out, hasher } = out;
    let seal = [SEAL_HEAD.as_slice(), hasher.finalize().as_bytes(), &SEAL_TAIL].concat();
    out.write_all(&seal).map_err(io(part))?;
    let file = out.into_inner().map_err(|e| io(part)(e.into_error()))?;
    file.sync_all().map_err(io(part))?;
    drop(file);
    check(part, head, &|done| progress(Progress { done: head.size + done, total }))?;
    Ok(Backup { head, bytes: std::fs::metadata(part).map_err(io(part))?.len() })
}

/// Reads a file back: every byte, every hash.
fn check(path: &Path, head: Head, progress: &dyn Fn(u64)) -> Result<(), CopyError> {
    let mut file = BackupFile::open(path)?;
    let mut chain = Chain::new(file.id, "the backup, read back".into());
    loop {
        let mut some = Vec::with_capacity(STEP);
        while some.len() < STEP
            && let Some(bundle) = file.next()?
        {
            some.push(bundle);
        }
        let checked: Vec<_> = some.par_iter().map(check_bundle).collect();
        some.iter().zip(&checked).try_for_each(|(bundle, checked)| chain.take(bundle, checked))?;
        progress(chain.head.size);
        if some.len() < STEP {
            return chain.end(Some(head));
        }
    }
}

fn member(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), flate2::Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// A writer that hashes what passes.
struct Hashing {
    out: BufWriter<File>,
    hasher: blake3::Hasher,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// A backup, opened: its checksum fits.
pub(super) struct BackupFile {
    path: PathBuf,
    pub(super) id: LedgerId,
    pub(super) head: Head,
    next: u64,
    content: BufReader<MultiGzDecoder<std::io::Take<BufReader<File>>>>,
}

impl BackupFile {
    /// Whether a file begins like a backup.
    pub(super) fn is_backup(beginning: &[u8]) -> bool {
        beginning.starts_with(&[0x1f, 0x8b])
    }

    pub(super) fn open(path: &Path) -> Result<Self, CopyError> {
        let damaged = |what: &str| CopyError::Damaged { path: path.to_owned(), what: what.to_owned() };
        let mut file = File::open(path).map_err(io(path))?;
        let length = file.metadata().map_err(io(path))?.len();
        let content = length.checked_sub(SEAL_BYTES).ok_or_else(|| damaged("it is cut short"))?;
        let mut beginning = MultiGzDecoder::new(BufReader::new(&file)).take(MAGIC.len() as u64);
        let mut magic = Vec::new();
        let readable = beginning.read_to_end(&mut magic).is_ok();
        if !readable || !magic.starts_with(MAGIC_STEM) {
            return Err(CopyError::NotACopy(path.to_owned()));
        }
        file.rewind().map_err(io(path))?;
        let mut hasher = blake3::Hasher::new_derive_key(CHECKSUM_CONTEXT);
        hasher.update_reader(Read::by_ref(&mut file).take(content)).map_err(io(path))?;
        let mut seal = Vec::new();
        file.read_to_end(&mut seal).map_err(io(path))?;
        if seal != [SEAL_HEAD.as_slice(), hasher.finalize().as_bytes(), &SEAL_TAIL].concat() {
            return Err(damaged("it is damaged or cut short: its checksum does not fit"));
        }
        if magic != MAGIC {
            return Err(CopyError::Newer(path.to_owned()));
        }
        file.seek(SeekFrom::Start(0)).map_err(io(path))?;
        let content = BufReader::new(MultiGzDecoder::new(BufReader::new(file).take(content)));
        let nothing = Head { size: 0, hash: Hash([0; 32]) };
        let mut opened = Self { path: path.to_owned(), id: LedgerId([0; 32]), head: nothing, next: 0, content };
        opened.array::<15>()?;
        opened.id = LedgerId(opened.array()?);
        opened.head = Head { size: u64::from_le_bytes(opened.array()?), hash: Hash(opened.array()?) };
        Ok(opened)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CopyError> {
        let mut bytes = [0; N];
        self.content.read_exact(&mut bytes).map_err(|e| self.damaged(e))?;
        Ok(bytes)
    }

    fn damaged(&self, what: impl ToString) -> CopyError {
        CopyError::Damaged { path: self.path.clone(), what: what.to_string() }
    }

    /// The next bundle; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Bundle>, CopyError> {
        if self.next >= self.head.size {
            return match self.content.read(&mut [0]) {
                Ok(0) => Ok(None),
                Ok(_) => Err(self.damaged("bytes left over")),
                Err(e) => Err(self.damaged(e)),
            };
        }
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).unwrap_or(usize::MAX);
        if length > MAX_BUNDLE_BYTES {
            return Err(self.damaged("an impossible length"));
        }
        let mut bytes = vec![0; length];
        self.content.read_exact(&mut bytes).map_err(|e| self.damaged(e))?;
        let bundle = Bundle::decode(&bytes).map_err(|e| self.damaged(e))?;
        self.next = bundle.end();
        Ok(Some(bundle))
    }
}
