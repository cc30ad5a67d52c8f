//! sled's files, looked at before sled sees them.
//!
//! Three things were found by experiment (`docs/faults.md`):
//!
//! - A damaged, cut or empty snapshot makes sled's `open` fail, and so does a snapshot that a crash left half written: sled
//!   takes `snap.N.generating` for a snapshot. Without any snapshot it reads its whole log and misses nothing.
//! - The same with `conf`, which sled writes and never syncs.
//! - Where the log is damaged below what the snapshot says was stable, `open` fails too, but not before it has **overwritten
//!   everything behind the damage**, up to the end of the segment. One flipped bit would so cost four megabytes of entries.
//!   Above that point damage looks like the end of the log, and is cut off without a word.
//!
//! So derived files that do not match their checksums are set aside, damage in the log is refused while nothing has been
//! touched, and of a log whose end is torn, what is going to be cut off is copied first.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::repair::Repair;

pub(super) const LOG: &str = "db";
const CONF: &str = "conf";
const SNAPSHOT: &str = "snap.";
const UNFINISHED: &str = ".generating";
/// What a derived file that is set aside is called: sled must not take it for a snapshot.
const SET_ASIDE: &str = "damaged-";
/// The copy of the torn end of a log: every byte where it stands in the log, and holes before and between.
const TORN_COPY: &str = "torn-db";
/// Length and checksum at the end of a snapshot.
const SNAPSHOT_END: usize = 12;
pub(super) const SEGMENT_HEADER: usize = 20;
/// sled leaves less than this at the end of a segment unused.
const MESSAGE_HEADER: usize = 32;
/// Kinds of message that sled writes, but for 0, which fills what is empty.
const KINDS: std::ops::RangeInclusive<u8> = 1..=11;
/// The message that says that a segment ends here.
const CAP: u8 = 2;
/// Blocks of zeros of this length are left out of a copy.
const BLOCK: usize = 4096;

/// Sees to it that sled can open a directory without losing anything.
///
/// # Errors
/// [`StoreError::Damaged`] if the log itself is damaged; nothing was touched then.
pub(super) fn prepare(dir: &Path, segment_bytes: usize) -> Result<Vec<Repair>, StoreError> {
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |source| StoreError::Io { path, source }
    };
    let mut repairs = Vec::new();
    let mut stable = 0;
    for file in std::fs::read_dir(dir).map_err(io(dir))? {
        let file = file.map_err(io(dir))?;
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(number) = name.strip_prefix(SNAPSHOT) else { continue };
        stable = stable.max(i64::from_str_radix(number, 16).unwrap_or(0));
    }
    let torn = check_log(dir, segment_bytes, stable)?;
    if !torn.is_empty() {
        let copy = dir.join(TORN_COPY);
        if let Err(e) = copy_torn(&dir.join(LOG), &copy, &torn) {
            forget_torn_copy(dir); // half of it would fill the disk, and help nobody
            return Err(StoreError::TornNotKept { path: copy, source: e });
        }
        repairs.push(Repair::TornLog { copy: copy.display().to_string() });
    }
    for name in snapshots(dir).map_err(io(dir))? {
        let path = dir.join(&name);
        if name.ends_with(UNFINISHED) {
            std::fs::remove_file(&path).map_err(io(&path))?;
            repairs.push(Repair::Unfinished { file: name });
        } else if !is_whole_snapshot(&std::fs::read(&path).map_err(io(&path))?) {
            repairs.push(set_aside(dir, name).map_err(io(&path))?);
        }
    }
    let conf = dir.join(CONF);
    match std::fs::read(&conf) {
        Ok(bytes) if bytes != expected_conf(segment_bytes) => {
            repairs.push(set_aside(dir, CONF.to_owned()).map_err(io(&conf))?);
        }
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(&conf)(e)),
        _ => {}
    }
    Ok(repairs)
}

/// Copies parts of the log, each to its own place.
fn copy_torn(log: &Path, copy: &Path, torn: &[Range<u64>]) -> std::io::Result<()> {
    let (mut from, mut to) = (File::open(log)?, File::create(copy)?);
    to.set_len(from.metadata()?.len())?;
    for Range { start, end } in torn {
        let mut part = Vec::new();
        from.seek(SeekFrom::Start(*start))?;
        from.by_ref().take(end - start).read_to_end(&mut part)?;
        for (block, at) in part.chunks(BLOCK).zip((*start..).step_by(BLOCK)) {
            if block.iter().any(|b| *b != 0) {
                to.seek(SeekFrom::Start(at))?;
                std::io::Write::write_all(&mut to, block)?;
            }
        }
    }
    to.sync_all()
}

/// Removes the copy of a torn log, once it is known that nothing acknowledged was in the torn part.
pub(super) fn forget_torn_copy(dir: &Path) {
    let _ = std::fs::remove_file(dir.join(TORN_COPY)); // it is in nobody's way
}

/// Gives the copy of a torn log a name of its own, because nobody can tell whether anything acknowledged was in the torn part: it stays
/// until the store is written anew. `None` if there is no copy, or it stays where it is.
pub(super) fn keep_torn_copy(dir: &Path) -> Option<PathBuf> {
    let copy = dir.join(TORN_COPY);
    copy.symlink_metadata().ok()?;
    let kept = (1..).map(|n: u32| dir.join(format!("{TORN_COPY}-{n}"))).find(|to| to.symlink_metadata().is_err())?;
    std::fs::rename(&copy, &kept).and_then(|()| File::open(dir)?.sync_all()).ok()?;
    Some(kept)
}

/// Whether a file of the store's directory is a copy of a torn log, by its name.
pub(super) fn is_torn_copy(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TORN_COPY))
}

fn snapshots(dir: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(dir)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.starts_with(SNAPSHOT) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn set_aside(dir: &Path, file: String) -> std::io::Result<Repair> {
    let now = format!("{SET_ASIDE}{file}");
    std::fs::rename(dir.join(&file), dir.join(&now))?;
    Ok(Repair::SetAside { file, now })
}

/// Whether a snapshot's checksum is right.
fn is_whole_snapshot(bytes: &[u8]) -> bool {
    let Some((body, checksum)) = bytes.split_last_chunk::<4>() else { return false };
    let Some(body) = body.len().checked_sub(SNAPSHOT_END - 4).and_then(|end| body.get(..end)) else { return false };
    !body.is_empty() && crc32fast::hash(body) == u32::from_le_bytes(*checksum)
}

/// `conf` as sled writes it.
fn expected_conf(segment_bytes: usize) -> Vec<u8> {
    let text = format!("segment_size: {segment_bytes}\nuse_compression: false\nversion: 0.34\n");
    [text.as_bytes(), &crc32fast::hash(text.as_bytes()).to_le_bytes()].concat()
}

/// If the log ends in a tear that hides something which could be read: the parts of the file that are going to be cut off.
fn check_log(dir: &Path, segment_bytes: usize, stable: i64) -> Result<Vec<Range<u64>>, StoreError> {
    let path = dir.join(LOG);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(source) => return Err(StoreError::Io { path: path.display().to_string(), source }),
    };
    let io = |source| StoreError::Io { path: path.display().to_string(), source };
    let damaged = |at| StoreError::Damaged { path: path.clone(), at };
    let size = segment_bytes as i64;
    let segments = Segments::read(&mut file, segment_bytes).map_err(io)?;
    let mut load = |base: i64| -> Result<Option<(u64, Walk)>, StoreError> {
        let Some(offset) = segments.at(base) else { return Ok(None) };
        let walk = Walk::read(&mut file, offset, (base / size) as u64, segment_bytes).map_err(io)?;
        Ok(Some((offset, walk)))
    };
    if stable % size != 0 {
        match load(stable - stable % size)? {
            Some((offset, walk)) if !walk.capped && (walk.end as i64) < stable % size => {
                return Err(damaged(offset + walk.end as u64));
            }
            // sled writes newer segments into the place of one whose pages were all written anew since: then every header is
            // whole, and nothing is missing.
            None if segments.broken.is_some() => return Err(damaged(segments.broken.unwrap_or_default())),
            _ => {}
        }
    }
    let mut base = stable.max(segments.stable) / size * size;
    if base == 0
        && let Some(lost) = segments.lost(&path).map_err(io)?
    {
        return Err(damaged(lost));
    }
    loop {
        let Some((offset, walk)) = load(base)? else { return Ok(segments.after(base)) };
        if !walk.capped {
            let mut torn = segments.after(base);
            if !torn.is_empty() || walk.has_message_behind() {
                torn.push(offset + walk.end as u64..offset + segment_bytes as u64);
            }
            return Ok(torn);
        }
        base += size;
    }
}

/// Where the segments of the log are.
struct Segments {
    /// The log position at which each begins, and its place in the file.
    places: Vec<(i64, u64)>,
    /// The places in the file of those that do not say where they begin.
    unreadable: Vec<u64>,
    length: u64,
    /// The greatest position that any of them calls stable.
    stable: i64,
    /// The place of a header that is not whole and not empty, if there is one.
    broken: Option<u64>,
}

impl Segments {
    fn read(file: &mut File, segment_bytes: usize) -> std::io::Result<Self> {
        let end = file.metadata()?.len();
        let mut segments =
            Self { places: vec![], unreadable: vec![], length: segment_bytes as u64, stable: 0, broken: None };
        for offset in (0..end).step_by(segment_bytes) {
            let mut header = Vec::with_capacity(SEGMENT_HEADER);
            file.seek(SeekFrom::Start(offset))?;
            file.by_ref().take(SEGMENT_HEADER as u64).read_to_end(&mut header)?;
            if let Some((base, stable)) = segment_header(&header) {
                segments.places.push((base, offset));
                segments.stable = segments.stable.max(stable);
            } else {
                segments.unreadable.push(offset);
                if header.iter().any(|byte| *byte != 0) {
                    segments.broken = Some(offset);
                }
            }
        }
        Ok(segments)
    }

    /// Something in a log that does not begin anywhere: sled would take it for an empty one, and write over it.
    fn lost(&self, log: &Path) -> std::io::Result<Option<u64>> {
        if self.at(0).is_some() {
            return Ok(None);
        }
        if self.broken.is_some() || !self.places.is_empty() {
            return Ok(self.broken);
        }
        let mut bytes = std::io::BufReader::new(File::open(log)?).bytes().zip(0..);
        let used = bytes.find(|(byte, _)| !matches!(byte, Ok(0)));
        used.map(|(byte, at)| byte.map(|_| at)).transpose()
    }

    fn at(&self, base: i64) -> Option<u64> {
        self.places.iter().find(|(number, _)| *number == base).map(|(_, offset)| *offset)
    }

    /// What the file holds of the log after a segment, if anything; with it, what may be of it.
    fn after(&self, base: i64) -> Vec<Range<u64>> {
        let after: Vec<u64> = self.places.iter().filter(|(number, _)| *number > base).map(|(_, at)| *at).collect();
        if after.is_empty() {
            return vec![];
        }
        after.iter().chain(&self.unreadable).map(|at| *at..at + self.length).collect()
    }
}

/// Where in the log a segment begins, and up to where it calls the log stable; if its header is whole.
fn segment_header(header: &[u8]) -> Option<(i64, i64)> {
    let (checksum, rest) = header.split_first_chunk::<4>()?;
    let (base, stable) = rest.split_first_chunk::<8>()?;
    let stable: [u8; 8] = stable.try_into().ok()?;
    let whole = !crc32fast::hash(rest) == u32::from_le_bytes(*checksum);
    whole.then_some((i64::from_le_bytes(*base) ^ i64::MAX, i64::from_le_bytes(stable) ^ i64::MAX))
}

/// The messages of one segment, one behind the other.
struct Walk {
    bytes: Vec<u8>,
    segment: u64,
    /// Where the messages end.
    end: usize,
    /// Whether that is the end of the segment.
    capped: bool,
}

impl Walk {
    fn read(file: &mut File, offset: u64, segment: u64, segment_bytes: usize) -> std::io::Result<Self> {
        let mut bytes = Vec::with_capacity(segment_bytes);
        file.seek(SeekFrom::Start(offset))?;
        file.by_ref().take(segment_bytes as u64).read_to_end(&mut bytes)?;
        let mut walk = Self { bytes, segment, end: SEGMENT_HEADER, capped: false };
        while walk.end + MESSAGE_HEADER <= segment_bytes {
            match walk.message(walk.end) {
                Some((CAP, _)) => break,
                Some((_, length)) => walk.end += length,
                None => return Ok(walk),
            }
        }
        walk.capped = true;
        Ok(walk)
    }

    /// Whether a message can be read somewhere behind the place where none can.
    fn has_message_behind(&self) -> bool {
        let behind = self.bytes.get(self.end..).unwrap_or_default();
        // Nearly always there is nothing but zeros, and this is asked at every opening.
        behind.iter().any(|b| *b != 0) && (self.end + 1..self.bytes.len()).any(|at| self.message(at).is_some())
    }

    /// The kind and the length of the message at a place, if it is whole and of this segment.
    fn message(&self, at: usize) -> Option<(u8, usize)> {
        let found = message(&self.bytes, at, Some(self.segment))?;
        Some((found.kind, found.content.end - at))
    }
}

/// A message of sled's log that is whole.
pub(super) struct Message {
    pub(super) kind: u8,
    /// The number of the segment that it was written to.
    pub(super) segment: u64,
    pub(super) page: u64,
    /// Where in the bytes its content is.
    pub(super) content: Range<usize>,
}

/// The message at a place, if it is whole, and of this segment if one is given.
pub(super) fn message(bytes: &[u8], at: usize, of: Option<u64>) -> Option<Message> {
    let kind = *bytes.get(at + 4)?;
    if !KINDS.contains(&kind) {
        return None;
    }
    let Header { length, segment, page, from } = header(bytes, at)?;
    if of.is_some_and(|of| of != segment) {
        return None;
    }
    let end = from.checked_add(usize::try_from(length).ok()?)?;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(bytes.get(from..end)?);
    checksum.update(bytes.get(at + 4..from)?);
    let stored = u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
    (!checksum.finalize() == stored).then_some(Message { kind, segment, page, content: from..end })
}

/// What a message says of itself behind its checksum and kind.
#[derive(Clone, Copy)]
pub(super) struct Header {
    length: u64,
    segment: u64,
    pub(super) page: u64,
    /// Where its content begins.
    pub(super) from: usize,
}

pub(super) fn header(bytes: &[u8], at: usize) -> Option<Header> {
    let (length, from) = number(bytes, at + 5)?;
    let (segment, from) = number(bytes, from)?;
    let (page, from) = number(bytes, from)?;
    Some(Header { length, segment, page, from })
}

/// A number of one to nine bytes, as sled writes them, and where it ends.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let byte = |i: usize| bytes.get(at + i).map(|b| u64::from(*b));
    match byte(0)? {
        small @ 0..=240 => Some((small, at + 1)),
        first @ 241..=248 => Some((240 + 256 * (first - 241) + byte(1)?, at + 2)),
        249 => Some((2288 + 256 * byte(1)? + byte(2)?, at + 3)),
        first => {
            let length = usize::try_from(first - 247).ok()?;
            let mut all = [0; 8];
            all.get_mut(..length)?.copy_from_slice(bytes.get(at + 1..at + 1 + length)?);
            Some((u64::from_le_bytes(all), at + 1 + length))
        }
    }
}
