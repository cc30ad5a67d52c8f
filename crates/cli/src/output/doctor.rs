//! Advice, for people and for programs.

use sayso_core::replay::Query;
use sayso_core::time::TimeZone;
use sayso_doctor::{Finding, Lint, Report};
use serde_json::{Value, json};

use super::table::{escape, fold};
use super::{json, views};

/// The report in words: a block for each lint that found something.
/// `ledger` is the directory that was given, for the commands.
pub(crate) fn text(report: &Report, query: &Query, zone: &TimeZone, ledger: Option<&str>, limit: usize) -> String {
    let mut text = fold(&views::clocks_of(query, report.known_entries, report.head.size, zone));
    text.push('\n');
    for lint in &report.lints {
        let found = report.found(*lint);
        if found == 0 {
            continue;
        }
        text.push_str(&fold(&format!("{lint}: {found} found. {}\n", lint.finds())));
        let all = report.findings.iter().filter(|f| f.lint == *lint);
        let shown: Vec<&Finding> = all.take(limit).collect();
        for finding in &shown {
            text.push_str(&block(finding, ledger));
        }
        if shown.len() < found {
            let more = found - shown.len();
            text.push_str(&fold(&format!(
                "  ... and {more} more; `--limit N` shows more, `--format json` up to 1000 of each lint.\n"
            )));
        }
        text.push_str(&fold(&format!("  What one could do: {}\n\n", lint.advice())));
    }
    text.push_str(&fold(&end(report)));
    text
}

fn block(finding: &Finding, ledger: Option<&str>) -> String {
    let entries: String = finding.entries.iter().map(|index| format!("#{index} ")).collect();
    let mut block = fold(&format!("  {entries}{}\n      {}\n", escape(&finding.what), escape(&finding.why)));
    if let Some(command) = &finding.command {
        // In one line however long it is: a folded one could not be pasted.
        block.push_str(&format!("      {}\n", shell(&typed(command, ledger))));
    }
    block
}

fn end(report: &Report) -> String {
    let claims = report.claims;
    let mut text = match report.total() {
        0 => format!("Nothing to remark on {claims} claims. That does not make them right.\n"),
        1 => format!("1 remark on {claims} claims. It is advice; nothing was changed.\n"),
        found => format!("{found} remarks on {claims} claims. They are advice; nothing was changed.\n"),
    };
    if report.redacted > 0 {
        text.push_str(&format!("{} entries were redacted and could not be looked at.\n", report.redacted));
    }
    for limit in &report.limits {
        text.push_str(&format!("{limit}\n"));
    }
    text
}

/// A command word by word, for the same ledger.
fn typed(command: &[String], ledger: Option<&str>) -> Vec<String> {
    let ledger = ledger.map(|dir| format!("--ledger={dir}"));
    ["sayso".to_owned()].into_iter().chain(ledger).chain(command.iter().cloned()).collect()
}

/// A command as it can be typed.
fn shell(words: &[String]) -> String {
    let quoted = words.iter().map(|word| match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") => format!("{option}={}", quote(value)),
        _ => quote(word),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// A word that a shell reads as it is. What must not be shown raw is written by its code point, which bash and zsh read.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | ':' | '@' | '+' | ',');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if escape(word) == word {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut quoted = String::from("$'");
    for c in word.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if escape(&c.to_string()) != c.to_string() => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "'"
}

/// The report for programs.
pub(crate) fn json(report: &Report, query: &Query, ledger: Option<&str>, limit: usize) -> Value {
    let counts = report.lints.iter().map(|lint| json!({"lint": lint.name(), "found": report.found(*lint)}));
    let shown =
        report.lints.iter().flat_map(|lint| report.findings.iter().filter(move |f| f.lint == *lint).take(limit));
    let finding = |f: &Finding| {
        json!({
            "lint": f.lint.name(),
            "entries": f.entries,
            "what": f.what,
            "why": f.why,
            "advice": f.lint.advice(),
            "command": f.command.as_ref().map(|words| typed(words, ledger)),
        })
    };
    json!({
        "as_of": query.as_of.as_ref().map(ToString::to_string),
        "known_at": query.known_at.as_ref().map(ToString::to_string),
        "head": json::head(report.head),
        "known_entries": report.known_entries,
        "claims": report.claims,
        "redacted": report.redacted,
        "found": report.total(),
        "lints": counts.collect::<Vec<_>>(),
        "findings": shown.map(finding).collect::<Vec<_>>(),
        "limits": report.limits,
    })
}

/// What each lint says of itself.
pub(crate) fn lints_text(lints: &[Lint]) -> String {
    let about = |lint: &Lint| {
        format!(
            "{lint}\n  finds: {}\n  what one could do: {}\n  when it is wrong: {}\n",
            lint.finds(),
            lint.advice(),
            lint.false_alarms()
        )
    };
    fold(&lints.iter().map(about).collect::<Vec<_>>().join("\n"))
}

/// The same for programs.
pub(crate) fn lints_json(lints: &[Lint]) -> Value {
    let about = |lint: &Lint| json!({"lint": lint.name(), "finds": lint.finds(), "advice": lint.advice(), "false_alarms": lint.false_alarms()});
    json!({"lints": lints.iter().map(about).collect::<Vec<_>>()})
}
