//! The two small encodings that every C2SP text uses, canonical base64 and plain decimal numbers; and how words of others
//! are repeated in a message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Standard base64 with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64. Each sequence of bytes has exactly one text that is read: padding is required and unused bits are 0.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads a decimal number without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// The beginning of somebody else's words, so that a message can repeat them: short, and without anything that a terminal would
/// take for a command or that would turn the reading direction.
pub(crate) fn shown(words: &str, most: usize) -> String {
    let mut out = String::new();
    for c in words.chars().take(most) {
        if c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ' || c == '\u{2014}' {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    if words.chars().nth(most).is_some() {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_text() {
        assert_eq!(from_base64("AQ=="), Some(vec![1]));
        for other in ["AQ", "AQ=", "AR==", "AQ==\n", " AQ==", "A Q==", "AQ==="] {
            assert_eq!(from_base64(other), None, "{other:?}");
        }
        assert_eq!(
            (decimal("0"), decimal("120"), decimal("18446744073709551615")),
            (Some(0), Some(120), Some(u64::MAX))
        );
        for other in ["", "00", "012", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"] {
            assert_eq!(decimal(other), None, "{other:?}");
        }
    }

    #[test]
    fn words_of_others_cannot_command_a_terminal() {
        assert_eq!(shown("Երևան \u{2014} a/b+c=", 80), "Երևան \u{2014} a/b+c=");
        assert_eq!(shown("a\u{9b}31m\u{202e}b", 80), "a\\u{9b}31m\\u{202e}b");
        assert_eq!(shown("abcdef", 3), "abc...");
    }
}
