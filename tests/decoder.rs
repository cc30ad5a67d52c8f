//! If the format page were wrong or incomplete, nobody could read a ledger after this program is gone. The decoder in
//! `decoder/decode.py` was written from that page alone, by somebody who had not seen the source, with the standard library of
//! another language and its own BLAKE3 and LZ4: it must come to the same hashes and the same events.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use program::{ok, said};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// Runs the decoder; `None` where there is no Python (the project's own checks insist on one).
fn decode(dir: &Path) -> Option<Output> {
    let run = Command::new("python3").arg(tests().join("decoder/decode.py")).arg(dir).output();
    match run {
        Ok(output) => Some(output),
        Err(e) if std::env::var_os("CI").is_some() => panic!("python3 is needed: {e}"),
        Err(e) => {
            eprintln!("not run: python3 is needed ({e})");
            None
        }
    }
}

#[test]
fn a_decoder_written_from_the_page_alone_agrees() {
    let golden = tests().join("golden/v1");
    let Some(output) = decode(&golden) else { return };
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let head = std::fs::read_to_string(golden.join("head.txt")).unwrap();
    assert!(said.trim_end().ends_with(&format!("decoded 270 entries, head {}", head.trim())), "{said}");
    assert!(output.stdout == std::fs::read(golden.join("envelope.jsonl")).unwrap(), "it prints the same events");
}

#[test]
fn the_decoder_refuses_an_altered_ledger() {
    let copy = tempfile::tempdir().unwrap();
    for part in ["log", "state"] {
        std::fs::create_dir(copy.path().join(part)).unwrap();
        for file in std::fs::read_dir(tests().join("golden/v1").join(part)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.path().join(part).join(file.file_name())).unwrap();
        }
    }
    std::fs::copy(tests().join("golden/v1/head.txt"), copy.path().join("head.txt")).unwrap();
    let tail = copy.path().join("state/7461696c0000000000000100");
    let mut bytes = std::fs::read(&tail).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&tail, bytes).unwrap();
    let Some(output) = decode(copy.path()) else { return };
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}

/// The same for the copies: what a mirror and a backup hold must be readable when there is no program any more.
#[test]
fn the_decoder_reads_mirrors_and_backups() {
    let golden = tests().join("golden/v1");
    let dir = tempfile::tempdir().unwrap();
    let [ledger, mirror, backup] = ["ledger", "mirror", "backup.gz"].map(|name| dir.path().join(name));
    for (command, place) in [("restore", &golden.join("envelope.jsonl")), ("mirror", &mirror), ("backup", &backup)] {
        ok(&ledger, &[command, place.to_str().unwrap()]);
    }
    let head = std::fs::read_to_string(golden.join("head.txt")).unwrap();
    for copy in [&mirror, &backup] {
        let Some(output) = decode(copy) else { return };
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        assert!(said.trim_end().ends_with(&format!("decoded 270 entries, head {}", head.trim())), "{said}");
        assert!(output.stdout == std::fs::read(golden.join("envelope.jsonl")).unwrap(), "it prints the same events");
    }
    for file in [mirror.join("tail"), mirror.join("00000000000000000000.bundle"), backup.clone()] {
        let good = std::fs::read(&file).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(&file, bad).unwrap();
        let copy = if file == backup { &backup } else { &mirror };
        let Some(output) = decode(copy) else { return };
        assert!(!output.status.success() && output.stdout.is_empty(), "{}", file.display());
        std::fs::write(&file, good).unwrap();
    }
}
