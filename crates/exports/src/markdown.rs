//! Markdown for a story: question by question, who said what, when and where it can be read. Words of others are escaped, so that
//! none of them becomes a heading, a link or a tag.

use std::fmt::Write as _;

use sayso_core::event::{Attribution, Citation};
use sayso_core::text::disorders;
use sayso_core::views::{CellState, Row};

use crate::material::{Material, Question, Statement};
use crate::{groups, words};

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
    let verdict = if row.in_words { "conflict of words".into() } else { row.verdict.as_str().replace('-', " ") };
    let _ = write!(text, "\n### {}\n\n", escape(row.question.predicate.as_str()));
    let findings: Vec<String> = groups::told(row).iter().map(|sentence| escape(sentence)).collect();
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
///
/// Many readers make links of e-mail addresses and of bare addresses of the web wherever they stand, also of escaped ones. In a code span none does.
fn escape(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for piece in words.split_inclusive(is_space) {
        let word = piece.trim_end_matches(is_space);
        match address(word) {
            Some((before, address, after)) => {
                escape_into(&mut out, before);
                out.push_str(&code(address));
                escape_into(&mut out, after);
            }
            None => escape_into(&mut out, word),
        }
        out.extend(piece.chars().skip(word.chars().count()).map(|_| ' '));
    }
    out
}

fn is_space(c: char) -> bool {
    c == ' ' || breaks_line(c)
}

fn breaks_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}')
}

/// What readers would make a link of in a word, with the punctuation round it.
fn address(word: &str) -> Option<(&str, &str, &str)> {
    let lower = word.to_ascii_lowercase();
    let mut chars = lower.chars().peekable();
    let mut is_named = false;
    let mut is_mail = false;
    while let Some(c) = chars.next() {
        is_mail |= c == '@' && is_named && chars.peek().is_some_and(|c| c.is_alphanumeric());
        is_named = c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    }
    if !is_mail && !lower.contains("://") && !lower.contains("www.") {
        return None;
    }
    let opens = |c: char| matches!(c, '(' | '[' | '<' | '{' | '"' | '\'' | '“' | '‘' | '«' | '„' | '‹' | '*' | '_');
    let closes = |c: char| {
        matches!(
            c,
            ')' | ']'
                | '>'
                | '}'
                | '"'
                | '\''
                | '”'
                | '’'
                | '»'
                | '“'
                | '›'
                | '.'
                | ','
                | ';'
                | ':'
                | '!'
                | '?'
                | '*'
                | '_'
        )
    };
    let inner = word.trim_start_matches(opens);
    let before = word.len() - inner.len();
    let address = inner.trim_end_matches(closes);
    let (before, rest) = word.split_at_checked(before)?;
    let (address, after) = rest.split_at_checked(address.len())?;
    (!address.is_empty()).then_some((before, address, after))
}

/// A code span that the words do not end.
fn code(words: &str) -> String {
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let room = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    let mut out = format!("{fence}{room}");
    for c in words.chars() {
        if disorders(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out.push_str(room);
    out.push_str(&fence);
    out
}

fn escape_into(out: &mut String, words: &str) {
    let mut before = ' ';
    let mut chars = words.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if disorders(c) => {
                // Spelled with a backslash, which has to be escaped itself.
                out.push('\\');
                out.extend(c.escape_unicode());
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // `news.am`: some readers guess at names of hosts.
            '.' if before.is_alphanumeric() && chars.peek().is_some_and(|c| c.is_alphabetic()) => out.push_str("\\."),
            c => out.push(c),
        }
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, link};

    #[test]
    fn words_stay_words() {
        assert_eq!(escape("# [x](y) <b> *a*_b_"), "\\# \\[x\\](y) \\<b\\> \\*a\\*\\_b\\_");
        assert_eq!(escape("two\nlines"), "two lines");
        assert_eq!(escape("1. two, 2.5 of U.S. troops"), "1. two, 2.5 of U\\.S. troops");
        assert_eq!(escape("\u{202e}abc"), "\\\\u{202e}abc");
        assert_eq!(escape("Երևան — 2"), "Երևան — 2");
    }

    #[test]
    fn addresses_among_words_are_no_links() {
        for (words, expected) in [
            ("see www.a.example, https://b.example/x_y.", "see `www.a.example`, `https://b.example/x_y`."),
            ("(write to a.b@c.example)", "(write to `a.b@c.example`)"),
            ("mailto:a@b.example\nFTP://c", "`mailto:a@b.example` `FTP://c`"),
            ("访问https://b.example看", "`访问https://b.example看`"),
            ("https://x/`a``b", "```https://x/`a``b```"),
            ("`https://x`", "`` `https://x` ``"),
            ("a@\u{202e}b@c.example", "`a@\\u{202e}b@c.example`"),
            ("@desk at 5 @ noon", "@desk at 5 @ noon"),
            ("via news.am", "via news\\.am"),
        ] {
            assert_eq!(escape(words), expected, "{words}");
        }
    }

    #[test]
    fn only_the_web_is_linked() {
        assert_eq!(link("source", "https://example.org/a(b)"), "[source](<https://example.org/a(b)>)");
        assert_eq!(link("source", "https://example.org/<b>"), "[source](<https://example.org/%3Cb%3E>)");
        assert_eq!(link("source", "javascript:alert(1)"), "source: javascript:alert(1)");
    }
}
