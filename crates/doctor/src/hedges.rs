//! Words by which a source says that a number is not exact: "at least", "more than", "about".

use std::sync::LazyLock;

use sayso_core::text::parts_thousands;

use crate::folding;

/// What a hedge makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hedge {
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
    About,
}

impl Hedge {
    /// The value as it would be recorded, for the command line.
    pub(crate) fn value(self, n: &str) -> String {
        let sign = match self {
            Self::AtLeast => ">=",
            Self::MoreThan => ">",
            Self::AtMost => "<=",
            Self::LessThan => "<",
            Self::About => "~",
        };
        format!("{sign}{n}")
    }
}

/// Hedges that stand before the number, in small letters, in the languages that the project has met. Words that also mean something else before a
/// number are left out: "over" and "some" are in, "under" and Russian "до" (also "until") are not.
const BEFORE: &[(Hedge, &[&str])] = &[
    (
        Hedge::AtLeast,
        &[
            "at least",
            "no fewer than",
            "not fewer than",
            "no less than",
            "not less than",
            "a minimum of",
            "au moins",
            "mindestens",
            "wenigstens",
            "al menos",
            "por lo menos",
            "almeno",
            "pelo menos",
            "не менее",
            "не меньше",
            "как минимум",
            "по меньшей мере",
            "щонайменше",
            "не менше",
            "принаймні",
            "առնվազն",
            "ən azı",
            "azı",
            "en az",
            "sedikitnya",
            "setidaknya",
            "paling sedikit",
            "ما لا يقل عن",
        ],
    ),
    (
        Hedge::MoreThan,
        &[
            "more than",
            "over",
            "upwards of",
            "in excess of",
            "plus de",
            "mehr als",
            "más de",
            "più di",
            "oltre",
            "mais de",
            "более",
            "больше",
            "свыше",
            "более чем",
            "понад",
            "більше",
            "більш ніж",
            "ավելի քան",
            "lebih dari",
            "أكثر من",
        ],
    ),
    (
        Hedge::AtMost,
        &[
            "at most",
            "up to",
            "no more than",
            "not more than",
            "a maximum of",
            "as many as",
            "au plus",
            "jusqu'à",
            "höchstens",
            "bis zu",
            "como máximo",
            "al massimo",
            "не более",
            "не больше",
            "не більше",
            "ən çoxu",
            "en fazla",
            "paling banyak",
            "maksimal",
        ],
    ),
    (
        Hedge::LessThan,
        &[
            "fewer than",
            "less than",
            "moins de",
            "weniger als",
            "menos de",
            "meno di",
            "менее",
            "менше",
            "kurang dari",
            "أقل من",
        ],
    ),
    (
        Hedge::About,
        &[
            "about",
            "around",
            "approximately",
            "roughly",
            "some",
            "nearly",
            "almost",
            "close to",
            "circa",
            "an estimated",
            "estimated",
            "environ",
            "près de",
            "quelque",
            "etwa",
            "rund",
            "ungefähr",
            "knapp",
            "alrededor de",
            "cerca de",
            "unos",
            "casi",
            "около",
            "примерно",
            "приблизительно",
            "порядка",
            "почти",
            "близько",
            "приблизно",
            "майже",
            "орієнтовно",
            "շուրջ",
            "մոտ",
            "մոտավորապես",
            "təxminən",
            "yaklaşık",
            "sekitar",
            "hampir",
            "kira-kira",
            "نحو",
            "حوالي",
        ],
    ),
];

/// Hedges that stand after it.
const AFTER: &[(Hedge, &[&str])] = &[
    (Hedge::AtLeast, &["or more", "oder mehr", "ou plus", "или более", "على الأقل"]),
    (Hedge::MoreThan, &["dən çox", "dan çox", "den fazla", "dan fazla", "ից ավելի"]),
    (Hedge::AtMost, &["or fewer", "or less"]),
    (Hedge::About, &["or so"]),
];

/// The numbers that English writes as words, as far as sources give them in words.
const WORDS: &[(&str, &str)] = &[
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("thirteen", "13"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("seventeen", "17"),
    ("eighteen", "18"),
    ("nineteen", "19"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
    ("dozen", "12"),
];

/// The hedge that a text puts on a number, with its words.
pub(crate) fn on_number(text: &str, number: &str) -> Option<(Hedge, String)> {
    let words = folding::words(&joined_digits(text));
    let wanted: f64 = number.parse().ok()?;
    let mut next = 0;
    while next < words.len() {
        let at = next;
        let (values, length) = number_at(words.get(at..).unwrap_or_default());
        next = at + length.max(1);
        if !values.iter().any(|value| (value - wanted).abs() <= wanted.abs() * 1e-12) {
            continue;
        }
        let before = words.get(..at).unwrap_or_default();
        let after = words.get(at + length..).unwrap_or_default();
        // A hedge of several words may have one more between itself and the number: "at least another two".
        let close = |hedge: &[String]| {
            before.ends_with(hedge) || (hedge.len() > 1 && before.split_last().is_some_and(|(_, b)| b.ends_with(hedge)))
        };
        let found = BEFORE_WORDS.iter().filter(|(_, words)| close(words)).max_by_key(|(_, words)| words.len());
        let found = found.or_else(|| AFTER_WORDS.iter().find(|(_, words)| after.starts_with(words)));
        if let Some((hedge, words)) = found {
            return Some((*hedge, words.join(" ")));
        }
    }
    None
}

/// Words that multiply the number before them.
const TIMES: &[(&str, f64)] =
    &[("dozen", 12.0), ("hundred", 1e2), ("thousand", 1e3), ("million", 1e6), ("billion", 1e9)];

/// The number that words begin with, and how many of them it takes: `2.5 million`, `twenty five`. With a word that multiplies also the number before that,
/// because a unit may be in millions.
fn number_at(words: &[String]) -> (Vec<f64>, usize) {
    let small = |at: usize| {
        let word = words.get(at)?;
        WORDS.iter().find(|(w, _)| w == word).and_then(|(_, n)| n.parse::<f64>().ok())
    };
    let in_digits = words.first().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let in_digits = in_digits.and_then(|word| word.replace(POINT, ".").parse::<f64>().ok());
    let (mut value, mut length) = match (in_digits, small(0), small(1)) {
        (Some(value), ..) => (value, 1),
        (None, Some(tens), Some(one)) if (20.0..=90.0).contains(&tens) && one < 10.0 => (tens + one, 2),
        (None, Some(value), _) => (value, 1),
        _ => return (vec![], 0),
    };
    let mut values = vec![value];
    while let Some((_, times)) = words.get(length).and_then(|word| TIMES.iter().find(|(w, _)| w == word)) {
        value *= times;
        length += 1;
        values.push(value);
    }
    (values, length)
}

/// The hedge that a few words are or begin with.
pub(crate) fn alone(text: &str) -> Option<(Hedge, String)> {
    let words = folding::words(text);
    if words.len() > 4 {
        return None;
    }
    let found = BEFORE_WORDS.iter().filter(|(_, hedge)| words.starts_with(hedge)).max_by_key(|(_, words)| words.len());
    found.map(|(hedge, words)| (*hedge, words.join(" ")))
}

/// The tables above, cut into words once.
static BEFORE_WORDS: LazyLock<Vec<(Hedge, Vec<String>)>> = LazyLock::new(|| in_words(BEFORE));
static AFTER_WORDS: LazyLock<Vec<(Hedge, Vec<String>)>> = LazyLock::new(|| in_words(AFTER));

fn in_words(table: &[(Hedge, &[&str])]) -> Vec<(Hedge, Vec<String>)> {
    table.iter().flat_map(|(hedge, all)| all.iter().map(|words| (*hedge, folding::words(words)))).collect()
}

/// Stands for the point of a decimal, which would part words.
const POINT: char = '\u{E000}';

/// The text with the marks between thousands taken out: `1,204`, `1.204`, `1 204` become `1204`. A point or comma between other digits is that of a
/// decimal.
fn joined_digits(text: &str) -> String {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut joined = String::with_capacity(text.len());
    let mut before = "";
    for c in text.chars() {
        let (_, after) = text.split_at_checked(before.len() + c.len_utf8()).unwrap_or_default();
        match c {
            ' ' | '\u{A0}' | '\u{2007}' | '\u{2009}' | '\u{202F}' if parts_thousands(before, after) => {}
            ',' | '.' | '\'' | '’' if is_thousands_mark(before, after) => {}
            ',' | '.' if is_digit(before.chars().next_back()) && is_digit(after.chars().next()) => joined.push(POINT),
            c => joined.push(c),
        }
        before = text.split_at_checked(before.len() + c.len_utf8()).unwrap_or_default().0;
    }
    joined
}

/// Whether a mark stands before exactly three digits, and after at most three: `2,500 trucks`, and not a year before a number.
fn is_thousands_mark(before: &str, after: &str) -> bool {
    let digits = |chars: &mut dyn Iterator<Item = char>| chars.take_while(char::is_ascii_digit).count();
    (1..=3).contains(&digits(&mut before.chars().rev())) && digits(&mut after.chars()) == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hedge(text: &str, number: &str) -> Option<Hedge> {
        on_number(text, number).map(|(hedge, _)| hedge)
    }

    #[test]
    fn a_hedge_stands_beside_its_number() {
        assert_eq!(hedge("At least two soldiers were wounded.", "2"), Some(Hedge::AtLeast));
        assert_eq!(hedge("at least another two", "2"), Some(Hedge::AtLeast));
        assert_eq!(hedge("no more than 1,204 people", "1204"), Some(Hedge::AtMost), "and not `more than`");
        assert_eq!(hedge("понад 10 872 танків", "10872"), Some(Hedge::MoreThan));
        assert_eq!(hedge("առնվազն 2 զինծառայող", "2"), Some(Hedge::AtLeast));
        assert_eq!(hedge("Sedikitnya 2 tentara terluka", "2"), Some(Hedge::AtLeast));
        assert_eq!(hedge("100-dən çox", "100"), Some(Hedge::MoreThan));
        assert_eq!(hedge("12 or more", "12"), Some(Hedge::AtLeast));
        assert_eq!(hedge("two, at least three of them officers", "2"), None, "it stands beside another number");
        assert_eq!(hedge("Four soldiers were wounded", "4"), None);
        assert_eq!(hedge("over the next 4 days", "4"), None);
        assert_eq!(hedge("more than 2.5 million people", "2500000"), Some(Hedge::MoreThan));
        assert_eq!(hedge("more than 2.5 million people", "2.5"), Some(Hedge::MoreThan), "the unit may be millions");
        assert_eq!(hedge("about 0,75 of them", "0.75"), Some(Hedge::About));
        assert_eq!(hedge("at least twenty-five people", "25"), Some(Hedge::AtLeast));
        assert_eq!(hedge("at least two hundred", "200"), Some(Hedge::AtLeast));
        assert_eq!(hedge("at least twenty-five people", "20"), None, "another number");
        assert_eq!(hedge("at least twenty-five people", "5"), None);
        assert_eq!(hedge("about 2.5", "2"), None);
        assert_eq!(hedge("about 2.5", "5"), None);
        for space in [" ", "\u{a0}", "\u{2007}", "\u{2009}", "\u{202f}"] {
            let text = format!("about 360{space}820, more than 1{space}204{space}300");
            assert_eq!(hedge(&text, "360820"), Some(Hedge::About), "{text}");
            assert_eq!(hedge(&text, "1204300"), Some(Hedge::MoreThan), "{text}");
            assert_eq!(hedge(&text, "360"), None, "{text}");
            assert_eq!(hedge(&format!("in 2023{space}about{space}100 people"), "100"), Some(Hedge::About));
        }
        assert_eq!(hedge("at least 2023 100 people", "2023"), Some(Hedge::AtLeast), "two numbers");
        assert_eq!(hedge("about 12 34", "12"), Some(Hedge::About), "no three digits follow");
        assert_eq!(hedge("about 12 34", "1234"), None);
        assert_eq!(alone("about").map(|(h, _)| h), Some(Hedge::About));
        assert_eq!(alone("at least so many").map(|(h, _)| h), Some(Hedge::AtLeast));
        assert_eq!(alone("very small chance"), None);
    }
}
