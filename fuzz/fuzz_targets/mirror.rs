//! Copies: a mirror's directory, a backup and an envelope made of any bytes are read or refused, and what is read is read again.
//!
//! The bytes are files of a mirror, the content of a backup, or lines. Checksums are put right where a bit says so: without that
//! nothing behind them would ever be reached.
#![no_main]

use std::io::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sayso_core::bundle::Bundle;
use sayso_core::copy::{CopyKind, check_copy};
use sayso_core::entry::{Hash, LedgerId};

const BUNDLE_CONTEXT: &str = "sayso 2023-05 bundle checksum v1";
const BACKUP_CONTEXT: &str = "sayso 2023-05 backup checksum v1";

/// Where the files are written, made empty before each run.
static PLACE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("sayso-fuzz-{}", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    let [kind, bits, rest @ ..] = bytes else { return };
    let _ = std::fs::remove_dir_all(&*PLACE);
    std::fs::create_dir_all(&*PLACE).unwrap();
    let (path, expected) = match kind % 3 {
        0 => (PLACE.clone(), mirror(*bits, rest)),
        1 => (backup(*bits, rest), CopyKind::Backup),
        _ => (file("lines", rest), CopyKind::Envelope),
    };
    let Ok(found) = check_copy(&path, &|_| {}) else { return };
    assert_eq!(found.kind, expected);
    assert_eq!(check_copy(&path, &|_| {}).unwrap(), found);
});

fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = PLACE.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The next section: its length in two bytes, then itself.
fn section<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let Some((length, behind)) = rest.split_first_chunk::<2>() else { return std::mem::take(rest) };
    let length = usize::from(u16::from_le_bytes(*length)).min(behind.len());
    let (section, behind) = behind.split_at(length);
    *rest = behind;
    section
}

fn with_checksum(content: &[u8], wanted: bool) -> Vec<u8> {
    let mut sum = [0; 16];
    blake3::Hasher::new_derive_key(BUNDLE_CONTEXT).update(content).finalize_xof().fill(&mut sum);
    if wanted { [content, &sum].concat() } else { content.to_vec() }
}

/// Bit 0: the description is made of the identity. Bit 1: checksums of bundles are right. Bit 2: the first line of the tail is.
fn mirror(bits: u8, mut rest: &[u8]) -> CopyKind {
    let is = |bit: u8| bits & 1 << bit != 0;
    let about = section(&mut rest);
    match about.first_chunk::<32>() {
        Some(id) if is(0) => {
            let genesis = LedgerId(*id).genesis();
            file("mirror", format!("sayso mirror 1\nledger {}\ngenesis {genesis}\n", Hash(*id)).as_bytes())
        }
        _ => file("mirror", about),
    };
    let tail = with_checksum(section(&mut rest), is(1));
    match Bundle::decode(&tail) {
        Ok(bundle) if is(2) => {
            let line = format!("{}:{}\n", bundle.end(), bundle.entries.last().unwrap().hash);
            file("tail", &[line.as_bytes(), &tail].concat())
        }
        _ => file("tail", &tail),
    };
    for name in ["00000000000000000000.bundle", "00000000000000000256.bundle"] {
        let content = section(&mut rest);
        if !content.is_empty() {
            file(name, &with_checksum(content, is(1)));
        }
    }
    if !rest.is_empty() {
        file("erasing", rest);
    }
    CopyKind::Mirror
}

/// Bit 0: the bytes are its content, and are packed and sealed; otherwise they are the file.
fn backup(bits: u8, rest: &[u8]) -> PathBuf {
    if bits & 1 == 0 {
        return file("backup", &[&[0x1f, 0x8b], rest].concat());
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(rest).unwrap();
    let mut bytes = packed.finish().unwrap();
    let sum = blake3::Hasher::new_derive_key(BACKUP_CONTEXT).update(&bytes).finalize();
    bytes.extend_from_slice(&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 36, 0, b'S', b'Y', 32, 0]);
    bytes.extend_from_slice(sum.as_bytes());
    bytes.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file("backup", &bytes)
}
