//! Pieces of a mapping as text: TOML's way of writing keys and words, and columns in braces.

use std::fmt::Write as _;

use sayso_core::text::Name;

use super::profile::Profile;
use super::roles::op;
use crate::filter::shown;
use crate::mapping::quoted;

/// The condition that a column holds one of the words for an operation.
pub(super) fn when(text: &mut String, column: &Profile, what: &str) {
    let words: Vec<String> = column.samples.iter().filter(|s| op(s) == Some(what)).map(|s| toml_text(s)).collect();
    let _ = writeln!(text, "when = {{ {} = [{}] }}", key(&column.name), words.join(", "));
}

pub(super) fn line(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key} = {}", toml_text(value));
}

/// A column in braces.
pub(super) fn slot(column: &Profile, filter: &str) -> String {
    format!("{{{}{filter}}}", quoted(&column.name))
}

/// Some of what stands in a column, for a comment.
pub(super) fn some(column: &Profile) -> String {
    let some: Vec<String> = column.samples.iter().take(4).map(|s| one_line(&shown(s))).collect();
    let more = column.distinct().saturating_sub(some.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", some.join(", "))
}

/// Cells with their rows, for a comment.
pub(super) fn odd_cells(cells: &[(u64, String)]) -> String {
    let shown: Vec<String> =
        cells.iter().map(|(row, text)| format!("\"{}\" (row {row})", one_line(&shown(text)))).collect();
    shown.join(", ")
}

pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A column's name as the ledger takes names: white space made one space, and what nobody can see removed.
pub(super) fn plain_name(column: &str) -> String {
    if Name::new(column).is_ok() {
        return column.to_owned();
    }
    let is_plain = |c: &char| Name::new(&format!("a{c}a")).is_ok();
    let spaced: String = column.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(is_plain).collect();
    let plain = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if Name::new(&plain).is_ok() { plain } else { "column".to_owned() }
}

pub(super) fn escape_braces(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Text as TOML writes it.
pub(super) fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A column as the key of a condition.
pub(super) fn key(column: &str) -> String {
    let bare = !column.is_empty() && column.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    match (bare, column.contains('{')) {
        (true, _) => column.to_owned(),
        (false, true) => toml_text(&format!("{{{}}}", quoted(column))),
        (false, false) => toml_text(column),
    }
}
