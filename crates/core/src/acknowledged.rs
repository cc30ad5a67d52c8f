//! The note of the last head that was acknowledged: one line beside the store.
//!
//! It is written after each acknowledgement and never synced, so it costs nothing and can only lag behind. A line that is not whole says
//! nothing, and is renewed: a flipped digit must not lock anybody out of a sound ledger.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::entry::Head;

const FILE: &str = "acknowledged";
/// No such line is longer.
const MAX_BYTES: u64 = 256;

/// The file, open, and what it says.
pub(crate) struct Acknowledged {
    file: File,
    /// `None` if that cannot be relied on.
    head: Option<Head>,
}

impl Acknowledged {
    /// The file's name in a ledger's directory.
    pub(crate) const FILE: &str = FILE;

    /// Opens the note of a ledger's directory, or begins one.
    pub(crate) fn open(dir: &Path) -> Option<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(dir.join(FILE)).ok()?;
        let head = read(&mut file);
        Some(Self { file, head })
    }

    /// What it says.
    pub(crate) fn head(&self) -> Option<Head> {
        self.head
    }

    /// Notes a head. A courtesy to whoever opens the ledger next: it may fail.
    pub(crate) fn note(&mut self, head: Head) {
        if self.head == Some(head) {
            return;
        }
        // A whole line of a smaller ledger is never longer, so it is one write in place. Of anything else nothing may stay.
        let covered = self.head.is_some_and(|old| old.size <= head.size);
        let cleared = if covered { Ok(()) } else { self.file.set_len(0) };
        let file = &mut self.file;
        let written = cleared.and_then(|()| file.rewind()).and_then(|()| file.write_all(line(head).as_bytes()));
        self.head = written.is_ok().then_some(head);
    }
}

/// What the note in a ledger's directory says, whether or not the ledger can be opened.
pub(crate) fn acknowledged_in(dir: &Path) -> Option<Head> {
    read(&mut File::open(dir.join(FILE)).ok()?)
}

/// Whether nothing was ever noted in a directory. A note that is damaged was one: it may stand beside years of work.
pub(crate) fn never_acknowledged(dir: &Path) -> bool {
    match dir.join(FILE).symlink_metadata() {
        Ok(found) => found.is_file() && found.len() == 0,
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    }
}

fn read(file: &mut File) -> Option<Head> {
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    let head: Head = text.split(' ').next()?.parse().ok()?;
    (text == line(head)).then_some(head)
}

/// The receipt, and its CRC-32.
fn line(head: Head) -> String {
    let receipt = head.to_string();
    format!("{receipt} {:08x}\n", crc32fast::hash(receipt.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Hash;

    #[test]
    fn a_damaged_note_was_one() {
        let dir = tempfile::tempdir().unwrap();
        assert!(never_acknowledged(dir.path()));
        std::fs::write(dir.path().join(FILE), "").unwrap();
        assert!(never_acknowledged(dir.path()));
        std::fs::write(dir.path().join(FILE), "300:0f damaged").unwrap();
        assert!(acknowledged_in(dir.path()).is_none() && !never_acknowledged(dir.path()));
    }

    #[test]
    fn a_line_that_is_not_whole_says_nothing_and_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let (old, new) = (Head { size: 7_999, hash: Hash([7; 32]) }, Head { size: 8_000, hash: Hash([8; 32]) });
        Acknowledged::open(dir.path()).unwrap().note(old);
        let good = std::fs::read(&path).unwrap();
        assert_eq!(acknowledged_in(dir.path()), Some(old));
        let mut bad: Vec<Vec<u8>> = (0..good.len() * 8)
            .map(|bit| {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                bad
            })
            .collect();
        bad.extend([
            vec![],
            good[..20].to_vec(),
            format!("{old}\n").into_bytes(),
            [good.clone(), vec![b'x'; 900]].concat(),
        ]);
        for bad in bad {
            std::fs::write(&path, &bad).unwrap();
            let mut note = Acknowledged::open(dir.path()).unwrap();
            assert_eq!(note.head(), None, "{}", String::from_utf8_lossy(&bad));
            note.note(new);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), line(new), "nothing of it stays");
        }
    }
}
