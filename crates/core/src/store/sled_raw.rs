//! What lies in sled's files, read without sled: for a directory that sled cannot open, or not in full.
//!
//! sled's log is a row of segments, and a segment a row of messages. A leaf of a tree is one message: first all its keys, without
//! what they begin with in common, then all its values. A change of a leaf is one, too: a key and its value. Nothing is ever
//! overwritten in its place, so old leaves are found beside new ones.
//!
//! Nothing that is found here is to be believed. Messages whose checksum does not fit are read as far as they make sense, and what
//! lies between messages that can be read is handed over as it is.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::sled_files::{LOG, SEGMENT_HEADER, header, is_torn_copy, message, number};
use super::sled_store::SEGMENT_BYTES;

const BLOBS: &str = "blobs";
/// Checksum and kind at the beginning of a file in `blobs/`.
const BLOB_HEAD: u64 = 5;
/// Kinds of message: a leaf (or another node), a change of one. Of what lies in a gap the kind is not known.
const NODE: u8 = 8;
const LINK: u8 = 10;
const UNKNOWN: u8 = 0;

/// Where bytes lie in sled's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    file: usize,
    at: u64,
    length: u64,
}

impl Place {
    /// A part of these bytes.
    pub(crate) fn part(self, at: usize, length: usize) -> Self {
        Self { at: self.at + at as u64, length: length as u64, ..self }
    }
}

/// What was found.
pub(crate) enum Raw<'a> {
    /// A part of a value.
    Value {
        /// The value's key; `None` if only its end is known.
        key: Option<&'a [u8]>,
        /// Which part.
        part: u16,
        value: &'a [u8],
        place: Place,
        /// Whether it is what was written.
        sure: bool,
    },
    /// Bytes in which no message could be read, and which are not all zero.
    Gap { bytes: &'a [u8], place: Place },
}

/// The length of a value that a number of so many bytes before it states.
pub(crate) fn stated_length(bytes: &[u8], at: usize, bytes_of_it: usize) -> Option<usize> {
    let (length, end) = number(bytes, at.checked_sub(bytes_of_it)?)?;
    if end == at { usize::try_from(length).ok() } else { None }
}

/// The files of a sled database.
#[derive(Clone)]
pub(crate) struct RawFiles {
    files: Vec<PathBuf>,
}

/// A message, or what lies where one should be.
struct Message {
    /// sled's own numbers rise in the order of writing.
    order: u64,
    kind: u8,
    page: u64,
    /// What it holds.
    content: Place,
    /// If it could not be read: all of it.
    gap: Option<Place>,
}

impl RawFiles {
    /// The files that are there: the log, what was cut off from it earlier, and pages that became files of their own.
    pub(crate) fn find(store: &Path) -> Self {
        let beside = std::fs::read_dir(store).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = beside.filter(|path| is_torn_copy(path)).collect();
        files.sort();
        files.insert(0, store.join(LOG));
        let blobs = std::fs::read_dir(store.join(BLOBS)).into_iter().flatten().flatten();
        files.extend(blobs.map(|entry| entry.path()));
        files.retain(|path| path.is_file());
        Self { files }
    }

    /// The bytes of a place.
    pub(crate) fn bytes(&self, place: Place) -> std::io::Result<Vec<u8>> {
        let path = self.files.get(place.file).ok_or(std::io::ErrorKind::NotFound)?;
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(place.at))?;
        let mut bytes = Vec::new();
        file.take(place.length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Hands over everything, older messages first.
    pub(crate) fn read(&self, take: &mut dyn FnMut(Raw<'_>)) -> std::io::Result<()> {
        let mut messages = Vec::new();
        for number in 0..self.files.len() {
            self.find_messages(number, &mut messages)?;
        }
        messages.sort_by_key(|m| m.order);
        let mut prefixes = HashMap::new();
        let mut segment = (usize::MAX, 0, Vec::new());
        for Message { kind, page, content, gap, .. } in messages {
            let Place { file, at, .. } = gap.unwrap_or(content);
            let base = at - at % SEGMENT_BYTES as u64;
            if (segment.0, segment.1) != (file, base) {
                segment = (file, base, self.bytes(Place { file, at: base, length: SEGMENT_BYTES as u64 })?);
            }
            let within = |place: Place| {
                let from = usize::try_from(place.at - base).ok()?;
                segment.2.get(from..from.checked_add(usize::try_from(place.length).ok()?)?)
            };
            if let Some(bytes) = within(content) {
                let sure = kind != UNKNOWN;
                let mut take = |key: Option<&[u8]>, part, value: &[u8], at| {
                    take(Raw::Value { key, part, value, place: content.part(at, value.len()), sure });
                };
                if kind == NODE || !sure {
                    node(bytes, sure.then_some((page, &mut prefixes)), &mut take);
                }
                if kind == LINK || !sure {
                    link(bytes, prefixes.get(&page).map(Vec::as_slice), &mut take);
                }
            }
            if let Some(place) = gap
                && let Some(bytes) = within(place)
            {
                take(Raw::Gap { bytes, place });
            }
        }
        Ok(())
    }

    fn find_messages(&self, file: usize, messages: &mut Vec<Message>) -> std::io::Result<()> {
        let Some(path) = self.files.get(file) else { return Ok(()) };
        let mut open = File::open(path)?;
        let is_blob = !path.ends_with(LOG) && !is_torn_copy(path);
        for base in (0..).step_by(SEGMENT_BYTES) {
            let mut bytes = Vec::new();
            open.by_ref().take(SEGMENT_BYTES as u64).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            if is_blob {
                let all = Place { file, at: base, length: bytes.len() as u64 };
                let content = Place { at: base + BLOB_HEAD, length: all.length.saturating_sub(BLOB_HEAD), ..all };
                messages.push(Message { order: 0, kind: UNKNOWN, page: 0, content, gap: Some(all) });
            } else {
                segment(&bytes, &|at, length| Place { file, at: base + at as u64, length: length as u64 }, messages);
            }
        }
        Ok(())
    }
}

/// The messages of a segment, and what lies between them.
fn segment(bytes: &[u8], place: &dyn Fn(usize, usize) -> Place, messages: &mut Vec<Message>) {
    let (mut at, mut order) = (SEGMENT_HEADER, 0);
    while at < bytes.len() {
        if let Some(found) = message(bytes, at, None) {
            order = found.segment.saturating_mul(SEGMENT_BYTES as u64).saturating_add(at as u64);
            let content = place(found.content.start, found.content.len());
            messages.push(Message { order, kind: found.kind, page: found.page, content, gap: None });
            at = found.content.end;
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(last) = rest.iter().rposition(|byte| *byte != 0) else { break };
        let end = at + last + 1;
        let next = (at + 1..end).find(|next| message(bytes, *next, None).is_some()).unwrap_or(end);
        // It may be a message with one wrong byte: what it says of itself is read, but for its length.
        let said = header(bytes, at);
        let begin = said.map(|h| h.from).filter(|begin| *begin < next).unwrap_or(at);
        let (page, content) = (said.map_or(u64::MAX, |h| h.page), place(begin, next - begin));
        messages.push(Message { order, kind: UNKNOWN, page, content, gap: Some(place(at, next - at)) });
        at = next;
    }
}

/// Takes things from the front of a message's content.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let (value, at) = number(self.bytes, self.at)?;
        self.at = at;
        Some(value)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// Bytes behind their length.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }
}

/// Takes a part of a value: its key, if that is known; its number; itself; and where in the message it is.
type Take<'t> = dyn FnMut(Option<&[u8]>, u16, &[u8], usize) + 't;

/// A leaf. What its keys begin with is noted for later changes of it.
fn node(bytes: &[u8], note: Option<(u64, &mut HashMap<u64, Vec<u8>>)>, take: &mut Take<'_>) -> Option<()> {
    let mut r = Reader { bytes, at: 0 };
    let (_next, _merging_child, _merging) = (r.number()?, r.number()?, r.byte()?);
    let prefix = usize::from(r.byte()?);
    let (low, _high) = (r.bytes()?, r.bytes()?);
    let prefix = low.get(..prefix)?;
    if let Some((page, prefixes)) = note {
        prefixes.insert(page, prefix.to_vec());
    }
    if r.byte()? != 0 {
        return None; // not a leaf
    }
    let count = r.number()?;
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push(r.bytes()?);
    }
    for key in keys {
        let value = r.bytes()?;
        hand_over(Some(prefix), key, value, r.at - value.len(), take);
    }
    Some(())
}

/// A change of a leaf.
fn link(bytes: &[u8], prefix: Option<&[u8]>, take: &mut Take<'_>) -> Option<()> {
    let mut r = Reader { bytes, at: 0 };
    if r.byte()? != 0 {
        return None; // it sets nothing
    }
    let (key, value) = (r.bytes()?, r.bytes()?);
    hand_over(prefix, key, value, r.at - value.len(), take);
    Some(())
}

fn hand_over(prefix: Option<&[u8]>, key: &[u8], value: &[u8], at: usize, take: &mut Take<'_>) {
    let whole = [prefix.unwrap_or_default(), key].concat();
    let Some((key, part)) = whole.split_last_chunk::<2>() else { return };
    take(prefix.map(|_| key), u16::from_be_bytes(*part), value, at);
}
