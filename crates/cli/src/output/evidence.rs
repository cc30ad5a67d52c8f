//! What was captured, and how it was found, for people and for programs.

use sayso_core::event::FileHash;
use sayso_evidence::{Problem, Report};
use serde_json::{Value, json};

use super::table::{escape, fold};

/// A check in words.
pub(crate) fn text(report: &Report) -> String {
    let mut lines = vec![if report.is_sound() {
        format!(
            "Evidence: {} captured files have the bytes of their hashes; {} quotes were found.",
            report.whole,
            report.found.len()
        )
    } else {
        format!(
            "EVIDENCE DAMAGED OR NOT AS QUOTED: {} remarks; {} files are whole.",
            report.problems.len(),
            report.whole
        )
    }];
    lines.extend(report.problems.iter().map(problem));
    lines.extend(
        report
            .unsearched
            .iter()
            .map(|(file, why)| format!("not searched: {file}: {why}. Its quotes were not checked.")),
    );
    lines.extend(report.erased.iter().map(|file| format!("gone with a redacted claim: {file}")));
    lines.extend(report.elsewhere.iter().map(|file| format!("cited and not kept here: {file}")));
    lines.extend(report.uncited.iter().map(|file| format!("kept and not cited by any entry: {file}")));
    lines.extend(
        report
            .unfinished
            .iter()
            .map(|path| format!("left by a capture that was stopped: {}; the next capture removes it", path.display())),
    );
    fold(&format!("{}\n", lines.iter().map(|l| escape(l)).collect::<Vec<_>>().join("\n")))
}

fn problem(problem: &Problem) -> String {
    let (label, rest) = match problem {
        Problem::Missing { file, entries } => ("missing", format!("{file}, cited by {}", numbers(entries))),
        Problem::Altered { file, found, entries } => {
            ("altered", format!("{file}, cited by {}: what is there has the hash {found}", numbers(entries)))
        }
        Problem::NotRead { file, why, entries } => {
            ("not read", format!("{file}, cited by {}: {why}", numbers(entries)))
        }
        Problem::QuoteNotFound { entry, words, files } => {
            let files: Vec<String> = files.iter().map(FileHash::to_string).collect();
            ("quote not found", format!("#{entry}: \"{}\" does not stand in {}", short(words), files.join(", ")))
        }
        _ => ("problem", String::new()),
    };
    format!("{label}: {rest}")
}

fn numbers(entries: &[u64]) -> String {
    entries.iter().map(|index| format!("#{index}")).collect::<Vec<_>>().join(" ")
}

/// The beginning of long words.
pub(crate) fn short(words: &str) -> String {
    let beginning: String = words.chars().take(120).collect();
    if beginning.len() < words.len() { format!("{beginning}...") } else { beginning }
}

/// The same for programs.
pub(crate) fn json(report: &Report) -> Value {
    let hashes = |files: &[FileHash]| files.iter().map(FileHash::to_string).collect::<Vec<_>>();
    let problem = |p: &Problem| match p {
        Problem::Missing { file, entries } => {
            json!({"problem": "missing", "blake3": file.to_string(), "entries": entries})
        }
        Problem::Altered { file, found, entries } => {
            json!({"problem": "altered", "blake3": file.to_string(), "found": found.to_string(), "entries": entries})
        }
        Problem::NotRead { file, why, entries } => {
            json!({"problem": "not-read", "blake3": file.to_string(), "why": why, "entries": entries})
        }
        Problem::QuoteNotFound { entry, words, files } => {
            json!({"problem": "quote-not-found", "entries": [entry], "words": words, "files": hashes(files)})
        }
        _ => json!({"problem": "other"}),
    };
    let found = report
        .found
        .iter()
        .map(|f| json!({"entry": f.entry, "blake3": f.file.to_string(), "start": f.place.start, "end": f.place.end}));
    let unsearched =
        report.unsearched.iter().map(|(file, why)| json!({"blake3": file.to_string(), "why": why.to_string()}));
    json!({
        "sound": report.is_sound(),
        "files": report.whole,
        "bytes": report.bytes,
        "quotes": found.collect::<Vec<_>>(),
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
        "unsearched": unsearched.collect::<Vec<_>>(),
        "erased": hashes(&report.erased),
        "elsewhere": hashes(&report.elsewhere),
        "uncited": hashes(&report.uncited),
        "unfinished": report.unfinished.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    })
}
