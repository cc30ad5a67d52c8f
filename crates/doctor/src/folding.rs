//! Spellings: what two texts have in common when case, punctuation and look-alike letters are set aside.

use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

/// A text without case, accents, spaces and punctuation, with every letter replaced by what it looks like.
pub(crate) fn look(text: &str) -> String {
    let lower = text.to_lowercase();
    let plain: String = lower.nfd().filter(|c| !is_accent(*c)).collect();
    let alike: String = skeleton(&plain).collect();
    alike.to_lowercase().chars().filter(|c| !is_between(*c)).collect()
}

/// The same without regard to what letters look like: small letters, without spaces and punctuation.
pub(crate) fn letters(text: &str) -> String {
    text.to_lowercase().nfc().filter(|c| !is_between(*c)).collect()
}

/// The words of a text: small letters, in their order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(is_between).filter(|word| !word.is_empty()).map(|word| word.nfc().collect()).collect()
}

/// The numbers of a text, in their order: digits that stand together.
pub(crate) fn numbers(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_numeric()).filter(|digits| !digits.is_empty()).collect()
}

/// What stands between words. Vowel signs of Indic and Semitic scripts are part of the word.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || c.is_ascii_punctuation()
        || matches!(c, '\u{2010}'..='\u{205E}' | '«' | '»' | '·' | '،' | '。' | '、')
}

/// The accents of Latin, Greek and Cyrillic letters.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_alike() {
        assert_eq!(look("SOHR"), look("S_OHR"));
        assert_eq!(look("yerevan"), look("y\u{435}revan"), "a Cyrillic letter");
        assert_eq!(look("Bakı"), look("Baki"));
        assert_eq!(look("paypal"), look("paypa1"));
        assert_eq!(look("Café"), look("cafe"));
        assert_ne!(look("yerevan"), look("erevan"));
        assert_ne!(look("day-10"), look("day-101"));
    }

    #[test]
    fn words_are_words_in_any_script() {
        assert_eq!(words("At least two, he said."), ["at", "least", "two", "he", "said"]);
        assert_eq!(words("հինգ զինծառայող"), ["հինգ", "զինծառայող"]);
        assert_eq!(words("हिन्दी में").len(), 2);
        assert_eq!(numbers("event-2023-05"), ["2023", "05"]);
    }
}
