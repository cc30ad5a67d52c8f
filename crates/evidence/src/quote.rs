//! Whether words occur in a text, and where. Compared is Unicode's normal form C, with any run of white space as one space. Letters, case and
//! punctuation count; quotation marks and dashes are taken as one kind each only if that is asked for.

use std::ops::Range;

use sayso_core::text::parts_thousands;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Where words were found: bytes of the text that was searched, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The first byte.
    pub start: usize,
    /// One after the last.
    pub end: usize,
}

/// A text made ready to be searched.
pub struct Searchable {
    folded: String,
    parts: Vec<Part>,
    fold_marks: bool,
}

/// A piece of the folded text, and where it stands in the text.
struct Part {
    folded: usize,
    text: Range<usize>,
    /// Whether both have the same bytes, so that places inside can be told.
    same: bool,
}

impl Searchable {
    /// Makes a text ready. With `fold_marks` all quotation marks, all apostrophes and all dashes are one each, and soft hyphens are nothing.
    #[must_use]
    pub fn new(text: &str, fold_marks: bool) -> Self {
        let mut this = Self { folded: String::with_capacity(text.len()), parts: vec![], fold_marks };
        for (start, word) in words(text) {
            if !this.folded.is_empty() {
                this.folded.push(' ');
            }
            this.push_word(start, word);
        }
        this
    }

    fn push_word(&mut self, start: usize, word: &str) {
        if !is_nfc(word) {
            let composed: String = word.nfc().collect();
            let folded = if self.fold_marks {
                composed.chars().map(|c| fold(c).unwrap_or(c.into())).collect()
            } else {
                composed
            };
            return self.push(&folded, start..start + word.len(), false);
        }
        if !self.fold_marks {
            return self.push(word, start..start + word.len(), true);
        }
        let mut run = 0;
        for (at, c) in word.char_indices() {
            if let Some(folded) = fold(c) {
                self.push(word.get(run..at).unwrap_or_default(), start + run..start + at, true);
                run = at + c.len_utf8();
                self.push(&folded, start + at..start + run, false);
            }
        }
        self.push(word.get(run..).unwrap_or_default(), start + run..start + word.len(), true);
    }

    fn push(&mut self, folded: &str, text: Range<usize>, same: bool) {
        if !folded.is_empty() {
            self.parts.push(Part { folded: self.folded.len(), text, same });
            self.folded.push_str(folded);
        }
    }

    /// The first occurrence that does not begin or end within a number or a word: "2 people" does not stand in "112 people".
    fn first_whole(&self, wanted: &str) -> Option<usize> {
        let (first, last) = (wanted.chars().next()?, wanted.chars().next_back()?);
        let mut from = 0;
        while let Some(found) = self.folded.get(from..)?.find(wanted) {
            let start = from + found;
            let before = self.folded.get(..start).unwrap_or_default().chars().rev();
            let after = self.folded.get(start + wanted.len()..).unwrap_or_default().chars();
            if !goes_on(first, before) && !goes_on(last, after) && !self.cuts_number(start..start + wanted.len()) {
                return Some(start);
            }
            from = start + first.len_utf8();
        }
        None
    }

    /// Whether a place begins or ends between the thousands of a number: "200 people" does not stand in "1 200 people".
    fn cuts_number(&self, place: Range<usize>) -> bool {
        let (before, rest) = self.folded.split_at_checked(place.start).unwrap_or_default();
        let (_, after) = self.folded.split_at_checked(place.end).unwrap_or_default();
        let (through, _) = self.folded.split_at_checked(place.end).unwrap_or_default();
        before.strip_suffix(' ').is_some_and(|before| parts_thousands(before, rest))
            || after.strip_prefix(' ').is_some_and(|after| parts_thousands(through, after))
    }

    /// Where a quote occurs first. A place inside a word that is written in another form is told to the word.
    #[must_use]
    pub fn find(&self, quote: &str) -> Option<Place> {
        let wanted = Self::new(quote, self.fold_marks).folded;
        if wanted.is_empty() {
            return None;
        }
        let start = self.first_whole(&wanted)?;
        let last = start + wanted.len() - 1;
        let start = self.part(start).map(|p| if p.same { p.text.start + (start - p.folded) } else { p.text.start })?;
        let end = self.part(last).map(|p| if p.same { p.text.start + (last - p.folded) + 1 } else { p.text.end })?;
        Some(Place { start, end })
    }

    /// How many of a quote's words, from the first on, occur together: where it may go wrong.
    #[must_use]
    pub fn words_found(&self, quote: &str) -> (usize, usize) {
        let words: Vec<&str> = words(quote).map(|(_, word)| word).take(200).collect();
        let found =
            (1..=words.len()).rev().find(|n| self.find(&words.get(..*n).unwrap_or_default().join(" ")).is_some());
        (found.unwrap_or_default(), words.len())
    }

    /// The part that a byte of the folded text is in.
    fn part(&self, at: usize) -> Option<&Part> {
        let after = self.parts.partition_point(|part| part.folded <= at);
        self.parts.get(after.checked_sub(1)?)
    }
}

/// Whether a number or a word goes on in what stands beside it, from the inside out. Only letters that are small or capital are in scripts that
/// put spaces between words; a figure beside a letter is often a footnote.
fn goes_on(edge: char, mut beside: impl Iterator<Item = char>) -> bool {
    let (Some(next), after_next) = (beside.next(), beside.next()) else { return false };
    let is_letter = |c: char| c.is_lowercase() || c.is_uppercase();
    if edge.is_numeric() {
        let is_mark = matches!(next, '.' | ',' | '\'' | '’');
        return next.is_numeric() || (is_mark && after_next.is_some_and(char::is_numeric));
    }
    is_letter(edge) && is_letter(next)
}

/// The words of a text, each with its first byte.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(char::is_whitespace).filter_map(move |word| {
        let start = at;
        let white = text.get(start + word.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        at = start + word.len() + white;
        (!word.is_empty()).then_some((start, word))
    })
}

/// What a mark is taken as; `None` for what is taken as it is.
fn fold(c: char) -> Option<String> {
    let folded = match c {
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '〝' | '〞' | '＂' => "\"",
        '‘' | '’' | '‚' | '‛' | '‹' | '›' | '′' | '`' | '´' | 'ʼ' => "'",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' => "",
        _ => return None,
    };
    Some(folded.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of the text that a quote was found at.
    fn at<'t>(text: &'t str, quote: &str, fold_marks: bool) -> Option<&'t str> {
        let place = Searchable::new(text, fold_marks).find(quote)?;
        text.get(place.start..place.end)
    }

    #[test]
    fn white_space_and_forms_are_one() {
        assert_eq!(
            at("He said:  at least\n\ttwo\u{a0}soldiers.", "at least two soldiers", false),
            Some("at least\n\ttwo\u{a0}soldiers")
        );
        assert_eq!(at("ein Caf\u{65}\u{301} dort", "Caf\u{e9}", false), Some("Cafe\u{301}"));
        assert_eq!(at("ein Caf\u{e9} dort", "ein Cafe\u{301}", false), Some("ein Caf\u{e9}"));
        assert_eq!(at("հինգ զինծառայող", "զինծառայող", false), Some("զինծառայող"));
        assert_eq!(at("Two soldiers", "two soldiers", false), None, "case counts");
        assert_eq!(at("two soldiers", " ", false), None);
    }

    #[test]
    fn numbers_and_words_are_whole() {
        assert_eq!(at("112 people", "2 people", false), None);
        assert_eq!(at("1,200 people", "200 people", false), None);
        assert_eq!(at("he said 12,500", "said 12", false), None);
        assert_eq!(at("an illegal act", "legal act", false), None);
        let text = "112 people, then 2 people.";
        assert_eq!(Searchable::new(text, false).find("2 people"), Some(Place { start: 17, end: 25 }), "the next one");
        assert_eq!(at("hurt1 at 12, 13", "hurt", false), Some("hurt"), "a footnote");
        assert_eq!(at("at 12, 13", "at 12", false), Some("at 12"));
        assert_eq!(at("他说有两人受伤。", "两人受伤", false), Some("两人受伤"), "no spaces between words");
        assert_eq!(at("2.", "2", false), Some("2"));
        // Thousands parted by a space of any kind.
        for space in [" ", "\u{a0}", "\u{2009}", "\u{202f}"] {
            let text =
                format!("they lost 360{space}820 people and 1{space}200 trucks; in 2023 100 trains, at 12:30 200 more");
            assert_eq!(at(&text, "360 820 people", false).map(str::len), Some("360820 people".len() + space.len()));
            for part in ["820 people", "lost 360", "200 trucks", "360", "and 1"] {
                assert_eq!(at(&text, part, false), None, "{part} in {text}");
            }
            assert_eq!(at(&text, "100 trains", false), Some("100 trains"), "a year stands before it");
            assert_eq!(at(&text, "200 more", false), Some("200 more"), "an hour stands before it");
        }
        assert_eq!(at("he gave 12 34 and 5 trucks", "12", false), Some("12"), "no three digits follow");
        assert_eq!(at("‹so›", "'so'", true), Some("‹so›"));
    }

    #[test]
    fn marks_are_one_only_if_asked_for() {
        let text = "“We can’t — not now,” he said…";
        assert_eq!(at(text, "\"We can't - not now,\" he said...", false), None);
        assert_eq!(at(text, "\"We can't - not now,\" he said...", true), Some(text));
        assert_eq!(at(text, "can't - not", true), Some("can’t — not"));
        assert_eq!(at("sol\u{ad}diers", "soldiers", true), Some("sol\u{ad}diers"));
    }

    #[test]
    fn it_says_how_far_a_quote_is_right() {
        let text = Searchable::new("at least two soldiers were hurt", false);
        assert_eq!(text.words_found("at least two soldiers were wounded"), (5, 6));
        assert_eq!(text.words_found("nothing of it"), (0, 3));
    }
}
