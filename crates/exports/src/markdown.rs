//! Markdown for a story: question by question, who said what, when and where it can be read. Words of others are escaped, so that
//! none of them becomes a heading, a link or a tag.

use std::fmt::Write as _;

use sayso_core::event::{Attribution, Citation};
use sayso_core::views::{CellState, Row};

use crate::material::{Material, Question, Statement};
use crate::words;

/// The notes, as CommonMark.
#[must_use]
pub fn story(material: &Material<'_>) -> String {
    let mut text = String::from("# Who said what\n\n");
    let _ = writeln!(text, "{}", escape(&material.clocks()));
    text.push_str("Sources are set side by side. Nothing here says which of them is right.\n");
    let mut subject = None;
    for question in &material.questions {
        let row = question.row;
        if subject != Some(&row.question.subject) {
            subject = Some(&row.question.subject);
            let _ = write!(text, "\n## {}\n", escape(row.question.subject.as_str()));
        }
        one(&mut text, question);
    }
    if material.questions.is_empty() {
        text.push_str("\nNothing recorded that matches.\n");
    }
    let head = material.comparison.replay.head;
    let ledger = material.name.as_deref().map(|name| format!(" of {}", escape(name))).unwrap_or_default();
    let _ = write!(
        text,
        "\n---\n\nMade by sayso from the ledger{ledger}, {} entries. Its receipt: `{}:{}`. Numbers such as #12 are entries: `sayso show '#12'`.\n",
        head.size, head.size, head.hash
    );
    text
}

fn one(text: &mut String, question: &Question<'_>) {
    let row = question.row;
    let verdict = row.verdict.as_str().replace('-', " ");
    let _ = write!(text, "\n### {}\n\n", escape(row.question.predicate.as_str()));
    let findings: Vec<String> = row.findings.iter().map(|f| escape(&words::finding(f))).collect();
    let why = if findings.is_empty() { String::new() } else { format!(": {}", findings.join("; ")) };
    let _ = write!(text, "*{verdict}*{why}\n\n");
    for statement in &question.statements {
        bullet(text, statement);
    }
    for line in silent(row) {
        let _ = writeln!(text, "- {line}");
    }
}

fn bullet(text: &mut String, statement: &Statement<'_>) {
    let Some(by) = statement.event.content.attribution() else { return };
    let said = match (statement.claim(), statement.stance) {
        (Some(claim), _) => format!(": {}", words::value(claim)),
        (None, Some(stance)) => format!(" {}", words::stance(stance)),
        (None, None) => return,
    };
    let _ = write!(text, "- **{}**{}{}", escape(statement.cell.source.as_str()), chain(by), escape(&said));
    let _ = write!(text, ", stated {}", escape(&by.stated.date().to_string()));
    let links: Vec<String> = statement.event.citations.iter().flat_map(links).collect();
    let links = if links.is_empty() { String::new() } else { format!(" ({})", links.join(", ")) };
    let _ = writeln!(text, "{links} \\#{}", statement.index);
    let remarks = words::remarks(statement);
    if !remarks.is_empty() {
        let _ = writeln!(text, "  {}", escape(&remarks.join(" ")));
    }
    if let Some(quote) = statement.claim().and_then(|c| c.quote.as_ref()) {
        let _ = write!(text, "\n  > “{}”\n\n", escape(quote.as_str()));
    }
}

/// Who spoke, for whom, through whom.
fn chain(by: &Attribution) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(by.speaker.as_ref().map(|s| escape(s.as_str())));
    parts.extend(by.body.as_ref().map(|b| format!("for {}", escape(b.as_str()))));
    if !by.via.is_empty() {
        let via: Vec<String> = by.via.iter().map(|v| escape(v.as_str())).collect();
        parts.push(format!("via {}", via.join(", ")));
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}

/// Parties that stand by nothing there, and why.
fn silent(row: &Row) -> Vec<String> {
    let cells = row.cells.iter().chain(&row.unattributed);
    let line = |source: &str, what: &str| format!("**{}**: {what}", escape(source));
    let silent = cells.filter_map(|cell| match cell.state {
        CellState::TakenBack => {
            let entries = cell.taken_back.iter().flat_map(|t| &t.entries).map(|i| format!(" \\#{i}"));
            Some(line(cell.source.as_str(), &format!("taken back{}", entries.collect::<String>())))
        }
        CellState::NothingRecorded => Some(line(cell.source.as_str(), "nothing recorded")),
        CellState::Claims | CellState::Denies | CellState::Accepts | CellState::Declines => None,
    });
    silent.collect()
}

fn links(citation: &Citation) -> Vec<String> {
    let mut links = Vec::new();
    links.extend(citation.url().map(|url| link("source", url.as_str())));
    links.extend(citation.archived().map(|url| link("archived", url.as_str())));
    links
}

/// A link, for addresses of the web; any other address as words, which nobody can click.
fn link(label: &str, url: &str) -> String {
    if !words::is_web(url) {
        return format!("{label}: {}", escape(url));
    }
    let mut safe = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            '\\' => safe.push_str("%5C"),
            '`' => safe.push_str("%60"),
            '&' => safe.push_str("&amp;"), // or `&copy` would become a letter
            c => safe.push(c),
        }
    }
    format!("[{label}](<{safe}>)")
}

/// Words as they are, whatever they would mean in Markdown. On one line; marks that turn the direction of text are spelled out.
fn escape(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                // Spelled with a backslash, which has to be escaped itself.
                out.push('\\');
                out.extend(c.escape_unicode());
            }
            c if c.is_control() => {
                out.push('\\');
                out.extend(c.escape_unicode());
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // Many readers make a link of these wherever they stand.
    out.replace("://", "\\://").replace("www.", "www\\.").replace("WWW.", "WWW\\.")
}

#[cfg(test)]
mod tests {
    use super::{escape, link};

    #[test]
    fn words_stay_words() {
        assert_eq!(escape("# [x](y) <b> *a*_b_"), "\\# \\[x\\](y) \\<b\\> \\*a\\*\\_b\\_");
        assert_eq!(escape("two\nlines"), "two lines");
        assert_eq!(escape("see www.a.example, https://b.example"), "see www\\.a.example, https\\://b.example");
        assert_eq!(escape("\u{202e}abc"), "\\\\u{202e}abc");
        assert_eq!(escape("Երևան — 2"), "Երևան — 2");
    }

    #[test]
    fn only_the_web_is_linked() {
        assert_eq!(link("source", "https://example.org/a(b)"), "[source](<https://example.org/a(b)>)");
        assert_eq!(link("source", "https://example.org/<b>"), "[source](<https://example.org/%3Cb%3E>)");
        assert_eq!(link("source", "javascript:alert(1)"), "source: javascript:alert(1)");
    }
}
