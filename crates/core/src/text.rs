//! Checked strings. One type per role, so that a value which exists has already passed its rules.
//!
//! Names and labels are NFC-normalised and trimmed when made; texts keep every character they were given.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::limits::{MAX_ID_BYTES, MAX_LABEL_BYTES, MAX_NAME_BYTES, MAX_URL_BYTES};

/// Why a string was refused. The message stands alone after the name of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("is empty")]
    Empty,
    /// Longer than the limit for its role.
    #[error("is {got} bytes long; at most {most} are allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A control character, such as a line break or a tab.
    #[error("contains the control character U+{0:04X}; remove it")]
    Control(u32),
    /// An invisible format character (category Cf), such as a direction mark or a zero-width space.
    #[error("contains the invisible character U+{0:04X}; remove it")]
    Invisible(u32),
    /// Stored bytes that are not in the normal form this type always writes.
    #[error("is not trimmed or not in Unicode normal form C")]
    NotNormal,
    /// Breaks the syntax of its role.
    #[error("{0}")]
    Syntax(&'static str),
}

/// A zero-width joiner or non-joiner is part of the spelling between two letters (Persian, Indic scripts), and a trick elsewhere.
fn joins_letters(before: Option<char>, c: char, after: Option<char>) -> bool {
    let letter_or_mark = |x: Option<char>| {
        x.is_some_and(|x| {
            use GeneralCategory::{NonspacingMark, SpacingMark};
            x.is_alphabetic() || matches!(get_general_category(x), NonspacingMark | SpacingMark)
        })
    };
    matches!(c, '\u{200C}' | '\u{200D}') && letter_or_mark(before) && letter_or_mark(after)
}

/// Printable ASCII, nearly every name: normal, without control or invisible characters.
fn is_plain(s: &str) -> bool {
    s.bytes().fold(true, |plain, b| plain & (0x20..0x7f).contains(&b))
}

/// Whether a character hides or reorders what stands round it, or breaks the line: a direction mark, a zero-width one, a control character. What
/// shows words of others spells it out.
#[must_use]
pub fn disorders(c: char) -> bool {
    let marks = matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{FEFF}');
    marks || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2069}') || c.is_control()
}

/// Whether a space with this text before and after it stands inside one number, between its thousands: `1 204 300`. It does where at most three digits
/// stand before it, which end no date, hour or decimal, and exactly three after it: `12 345` is one number, `2023 100` and `12:30 200` are two.
#[must_use]
pub fn parts_thousands(before: &str, after: &str) -> bool {
    let digits = before.chars().rev().take_while(|c| c.is_numeric()).count();
    let mut further = before.chars().rev().skip(digits);
    let ends_other = matches!(further.next(), Some('.' | ',' | ':' | '/' | '-' | '\'' | '’' | '–'))
        && further.next().is_some_and(char::is_numeric);
    let follow = after.chars().take_while(|c| c.is_numeric()).count();
    (1..=3).contains(&digits) && !ends_other && follow == 3
}

fn check_characters(s: &str) -> Result<(), TextError> {
    if is_plain(s) {
        return Ok(());
    }
    let mut before = None;
    let mut rest = s.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            return Err(TextError::Control(c as u32));
        }
        if get_general_category(c) == GeneralCategory::Format && !joins_letters(before, c, rest.peek().copied()) {
            return Err(TextError::Invisible(c as u32));
        }
        before = Some(c);
    }
    Ok(())
}

/// Trims (Unicode White_Space, both ends), normalises to NFC and checks a one-line string.
fn clean_line(s: &str, most: usize) -> Result<CompactString, TextError> {
    let trimmed = s.trim();
    let clean: CompactString = if is_nfc(trimmed) { trimmed.into() } else { trimmed.nfc().collect() };
    check_line(&clean, most)?;
    Ok(clean)
}

/// The same rules for a string that claims to be clean already: bytes read back from the store.
fn check_line(s: &str, most: usize) -> Result<(), TextError> {
    if s.is_empty() {
        return Err(TextError::Empty);
    }
    if s.len() > most {
        return Err(TextError::TooLong { got: s.len(), most });
    }
    if is_plain(s) {
        return if s.starts_with(' ') || s.ends_with(' ') { Err(TextError::NotNormal) } else { Ok(()) };
    }
    if s.trim().len() != s.len() || !is_nfc(s) {
        return Err(TextError::NotNormal);
    }
    check_characters(s)
}

macro_rules! checked_string {
    ($(#[$doc:meta])* $name:ident, clean: $clean:expr, stored: $stored:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "CompactString")]
        pub struct $name(CompactString);

        impl $name {
            /// Makes one from what a person or a file gave.
            ///
            /// # Errors
            /// Says which rule of this type the text breaks.
            pub fn new(given: &str) -> Result<Self, TextError> {
                let clean: fn(&str) -> Result<CompactString, TextError> = $clean;
                clean(given).map(Self)
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<CompactString> for $name {
            type Error = TextError;
            fn try_from(stored: CompactString) -> Result<Self, TextError> {
                let check: fn(&str) -> Result<(), TextError> = $stored;
                check(&stored)?;
                Ok(Self(stored))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_string!(
    /// The name of a source, a subject or a predicate: one line, NFC, trimmed, compared as written.
    Name,
    clean: |s| clean_line(s, MAX_NAME_BYTES),
    stored: check_name
);

checked_string!(
    /// A speaker, an organ, a carrier, a unit, a tag, a recorder, a language tag: one line, NFC, trimmed.
    Label,
    clean: |s| clean_line(s, MAX_LABEL_BYTES),
    stored: check_label
);

checked_string!(
    /// Free text, kept to the letter: values, notes, quotes, reasons, modality. Never empty.
    Text,
    clean: |s| check_text(s).map(|()| s.into()),
    stored: check_text
);

checked_string!(
    /// An identity given from outside, unique within a ledger. Compared as written.
    ExternalId,
    clean: |s| check_id(s).map(|()| s.into()),
    stored: check_id
);

checked_string!(
    /// A web address (or another URI) as cited: printable, without spaces.
    Url,
    clean: |s| check_url(s.trim()).map(|()| s.trim().into()),
    stored: check_url
);

pub(crate) fn check_name(s: &str) -> Result<(), TextError> {
    check_line(s, MAX_NAME_BYTES)
}

pub(crate) fn check_label(s: &str) -> Result<(), TextError> {
    check_line(s, MAX_LABEL_BYTES)
}

pub(crate) fn check_text(s: &str) -> Result<(), TextError> {
    // The first character of nearly every text settles it.
    let blank = s.chars().all(char::is_whitespace);
    if blank { Err(TextError::Empty) } else { Ok(()) }
}

/// The first character keeps ids apart from the two other ways to point at an entry: `#12` and `content:<hex>`.
pub(crate) fn check_id(s: &str) -> Result<(), TextError> {
    check_line(s, MAX_ID_BYTES)?;
    if s.starts_with('#') {
        return Err(TextError::Syntax("starts with `#`, which is kept for entry numbers"));
    }
    if s.starts_with(crate::event::CONTENT_PREFIX) {
        return Err(TextError::Syntax("starts with `content:`, which is kept for content digests"));
    }
    Ok(())
}

pub(crate) fn check_url(s: &str) -> Result<(), TextError> {
    if s.is_empty() {
        return Err(TextError::Empty);
    }
    if s.len() > MAX_URL_BYTES {
        return Err(TextError::TooLong { got: s.len(), most: MAX_URL_BYTES });
    }
    if s.chars().any(char::is_whitespace) {
        return Err(TextError::Syntax("contains a space; write it as %20"));
    }
    check_characters(s)?;
    let scheme = s.split_once(':').map(|(scheme, _)| scheme);
    let valid = scheme.is_some_and(|s| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    if valid { Ok(()) } else { Err(TextError::Syntax("is not an address: it needs a scheme, as in https://...")) }
}

/// The source that stands for "nobody is named": shown apart, never merged into a party's view.
pub const UNATTRIBUTED: &str = "unattributed";

impl Name {
    /// A name as it stands in the index of views: it was checked when that was built. `None` if it is empty: that is no name.
    pub(crate) fn indexed(name: &str) -> Option<Self> {
        (!name.is_empty()).then(|| Self(name.into()))
    }

    /// Whether this is the reserved source `unattributed`.
    #[must_use]
    pub fn is_unattributed(&self) -> bool {
        self.as_str() == UNATTRIBUTED
    }

    /// Whether this name is `ancestor` or one of its children (`yerevan/mod` is a child of `yerevan`).
    #[must_use]
    pub fn is_within(&self, ancestor: &str) -> bool {
        self.as_str().strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_composed() {
        assert_eq!(Name::new(" yerevan\u{3000}").unwrap().as_str(), "yerevan");
        assert_eq!(Name::new("e\u{301}").unwrap().as_str(), "\u{e9}");
        assert_eq!(Name::try_from(CompactString::from("e\u{301}")), Err(TextError::NotNormal));
    }

    #[test]
    fn thousands_are_told_from_numbers_side_by_side() {
        let cases = [
            ("lost 12", "345 people", true),
            ("1 204", "300", true),
            ("360", "820,5 tons", true),
            ("2023", "100 people", false),
            ("12", "34", false),
            ("12", "3456", false),
            ("at 12:30", "200 people", false),
            ("on 12.05", "200 people", false),
            ("2023-05", "200", false),
            ("2,5", "100", false),
            ("people", "200", false),
        ];
        for (before, after, one) in cases {
            assert_eq!(parts_thousands(before, after), one, "{before} {after}");
        }
    }

    #[test]
    fn invisible_characters_are_named() {
        assert_eq!(Name::new("bak\u{200B}u"), Err(TextError::Invisible(0x200B)));
        assert_eq!(Name::new("\u{202E}ukab"), Err(TextError::Invisible(0x202E)));
        assert_eq!(Name::new("a\tb"), Err(TextError::Control(9)));
        assert_eq!(Name::new("  "), Err(TextError::Empty));
    }

    #[test]
    fn joiners_are_spelling_between_letters_only() {
        assert!(Name::new("می\u{200C}خواهم").is_ok());
        assert_eq!(Name::new("baku\u{200D}"), Err(TextError::Invisible(0x200D)));
        assert_eq!(Name::new("1\u{200D}2"), Err(TextError::Invisible(0x200D)));
    }

    #[test]
    fn texts_keep_everything() {
        let odd = " line\nbreak \u{202E}mark ";
        assert_eq!(Text::new(odd).unwrap().as_str(), odd);
        assert_eq!(Text::new(" \n"), Err(TextError::Empty));
    }

    #[test]
    fn ids_leave_room_for_other_references() {
        assert!(ExternalId::new("S01").is_ok());
        assert!(ExternalId::new("#1").is_err());
        assert!(ExternalId::new("content:00").is_err());
        assert_eq!(ExternalId::new(" S01"), Err(TextError::NotNormal));
    }

    #[test]
    fn children_need_a_slash() {
        assert!(Name::new("yerevan/mod").unwrap().is_within("yerevan"));
        assert!(!Name::new("yerevan2").unwrap().is_within("yerevan"));
    }
}
