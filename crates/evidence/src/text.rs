//! What can be read in a captured file: plain text, or the text of HTML. Anything else is kept, and not searched.

use encoding_rs::Encoding;
use html5gum::{Token, Tokenizer, naive_next_state};

/// The largest file that is searched: it is in memory while it is.
pub const MAX_TEXT_BYTES: u64 = 64 << 20;
/// How far into a file one looks for what kind it is, and for the encoding that HTML gives.
const BEGINNING: usize = 2048;

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file is the text.
    Plain,
    /// The text is what stands between the tags.
    Html,
}

/// The text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    /// What kind of file it is of.
    pub kind: Kind,
    /// The text, in UTF-8. Of a plain file in UTF-8 it is the file, byte for byte, but for a byte order mark.
    pub text: String,
}

/// Why a file cannot be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// A picture, a PDF, an archive.
    #[error("it is no text and no HTML")]
    Binary,
    /// Neither UTF-8, nor marked as anything else.
    #[error("it is in an encoding that nobody names")]
    Encoding,
    /// More than [`MAX_TEXT_BYTES`].
    #[error("it is larger than {MAX_TEXT_BYTES} bytes")]
    TooLarge,
}

/// Reads a file as text.
///
/// # Errors
/// [`Unreadable`].
pub fn read(bytes: &[u8]) -> Result<Readable, Unreadable> {
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let text = decode(bytes)?;
    if is_html(&text) {
        return Ok(Readable { kind: Kind::Html, text: between_tags(&text) });
    }
    Ok(Readable { kind: Kind::Plain, text })
}

fn decode(bytes: &[u8]) -> Result<String, Unreadable> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let (text, _, broken) = encoding.decode(bytes);
        return if broken { Err(Unreadable::Binary) } else { Ok(text.into_owned()) };
    }
    if bytes.starts_with(b"%PDF-") || bytes.contains(&0) {
        return Err(Unreadable::Binary);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    // Every byte is a letter in some encoding, so only one that the page names itself is believed.
    let encoding = named_encoding(bytes).ok_or(Unreadable::Encoding)?;
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    if broken { Err(Unreadable::Encoding) } else { Ok(text.into_owned()) }
}

/// The encoding that a page of HTML names in its head.
fn named_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning = bytes.get(..BEGINNING).unwrap_or(bytes).to_ascii_lowercase();
    let beginning = String::from_utf8_lossy(&beginning);
    let (_, after) = beginning.split_once("charset=")?;
    let label = after.trim_start_matches(['"', '\'', ' ']).split(['"', '\'', ' ', '>', ';', '/']).next()?;
    Encoding::for_label(label.as_bytes())
}

fn is_html(text: &str) -> bool {
    let beginning: String = text.chars().take(BEGINNING).collect::<String>().to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| beginning.contains(tag)) {
        return true;
    }
    // A piece of a page, such as an archive or a browser's "copy element" gives it.
    let mut rest = beginning.trim_start();
    while let Some((_, after)) = rest.strip_prefix("<!--").and_then(|comment| comment.split_once("-->")) {
        rest = after.trim_start();
    }
    let Some(tag) = rest.strip_prefix('<') else { return false };
    let (name, after) = tag.split_at(tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len()));
    let ends = after.starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/');
    ends && (is_block(name.as_bytes()) || BEGINS_A_PIECE.contains(&name))
}

/// Tags besides those of blocks that a piece of a page may begin with.
const BEGINS_A_PIECE: [&str; 16] = [
    "a", "b", "em", "font", "i", "img", "link", "meta", "script", "small", "span", "strong", "style", "svg", "time",
    "u",
];

/// What a reader of the page sees, roughly: text between tags, without scripts and styles, with a line break where a block begins or ends.
fn between_tags(html: &str) -> String {
    let mut tokens = Tokenizer::new(html);
    let mut text = String::new();
    // What is hidden, and how many of its kind are open inside one another.
    let mut hidden: Option<(Vec<u8>, usize)> = None;
    while let Some(Ok(token)) = tokens.next() {
        match token {
            Token::StartTag(tag) => {
                if is_block(&tag.name) {
                    text.push('\n');
                }
                let is_drawing = hidden.as_ref().is_some_and(|(name, _)| name.as_slice() == b"svg");
                if let Some(state) = naive_next_state(&tag.name).filter(|_| !is_drawing) {
                    tokens.set_state(state); // inside a drawing `<title/>` and `<style>` are tags like any other
                }
                if !(tag.self_closing && (is_drawing || tag.name.as_slice() == b"svg")) {
                    match &mut hidden {
                        Some((name, open)) if name.as_slice() == tag.name.as_slice() => *open += 1,
                        None if is_hidden(&tag.name) => hidden = Some((tag.name.to_vec(), 1)),
                        _ => {}
                    }
                }
            }
            Token::EndTag(tag) => {
                if let Some((_, open)) = hidden.as_mut().filter(|(name, _)| name.as_slice() == tag.name.as_slice()) {
                    *open -= 1;
                    if *open == 0 {
                        hidden = None;
                    }
                }
                if is_block(&tag.name) {
                    text.push('\n');
                }
            }
            Token::String(words) if hidden.is_none() => text.push_str(&String::from_utf8_lossy(&words)),
            _ => {}
        }
    }
    text
}

fn is_hidden(tag: &[u8]) -> bool {
    matches!(tag, b"script" | b"style" | b"noscript" | b"template" | b"iframe" | b"svg")
}

/// Whether words before and after the tag are never one word. Any other tag, also one that nobody knows, stands inside a line.
fn is_block(tag: &[u8]) -> bool {
    const BLOCK: [&str; 66] = [
        "address",
        "article",
        "aside",
        "audio",
        "blockquote",
        "body",
        "br",
        "button",
        "caption",
        "center",
        "col",
        "colgroup",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "embed",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "frame",
        "frameset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hgroup",
        "hr",
        "html",
        "iframe",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "object",
        "ol",
        "optgroup",
        "option",
        "p",
        "pre",
        "search",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "td",
        "template",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
        "video",
    ];
    std::str::from_utf8(tag).is_ok_and(|tag| BLOCK.contains(&tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        read(bytes).unwrap().text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn html_is_read_as_a_reader_sees_it() {
        let page = "<!DOCTYPE html><html><head><title>Clash</title><style>p{color:red}</style><script>var a = '<p>no</p>';</script></head>\
                    <body><p>At least <b>two</b> sol<i>diers</i> were&nbsp;wounded &amp; taken</p><p>to Sotk.<br>He said.</p></body></html>";
        assert_eq!(text(page.as_bytes()), "Clash At least two soldiers were wounded & taken to Sotk. He said.");
        assert_eq!(read(page.as_bytes()).unwrap().kind, Kind::Html);
        assert_eq!(text(b"<html><p>unclosed <script>never"), "unclosed");
        assert_eq!(text(b"<html><p>on <time>Frid</time>ay<x-y> be</x-y>fore<p>noon"), "on Friday before noon");
    }

    #[test]
    fn a_piece_of_a_page_is_html() {
        assert_eq!(text(b"\n<!-- saved -->\n<div class=a>two <b>sol</b>diers</div>"), "two soldiers");
        assert_eq!(text(b"<p>two</p>"), "two");
        assert_eq!(read(b"<two people> were hurt").unwrap().kind, Kind::Plain);
        assert_eq!(read(b"a < b, <p> is a tag").unwrap().kind, Kind::Plain);
    }

    #[test]
    fn a_drawing_hides_itself_and_nothing_else() {
        let page = "<html><p>before<svg/> <svg><title/><style>.a{}<svg><g/></svg></style>x</svg>after <svg><script/></svg>all</p>";
        assert_eq!(text(page.as_bytes()), "before after all");
    }

    #[test]
    fn text_is_read_in_its_encoding_or_not_at_all() {
        assert_eq!(text("Երևան".as_bytes()), "Երևան");
        assert_eq!(text(b"\xff\xfea\x00b\x00"), "ab");
        assert_eq!(text(b"<html><meta charset=\"windows-1251\"><p>\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет");
        assert_eq!(read(b"caf\xe9"), Err(Unreadable::Encoding));
        assert_eq!(read(b"%PDF-1.7 text"), Err(Unreadable::Binary));
        assert_eq!(read(b"GIF89a\x00\x01"), Err(Unreadable::Binary));
    }
}
