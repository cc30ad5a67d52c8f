//! Letters in a picture: how wide they are, which way they run, and what must not be among them.

use sayso_core::text::disorders;

/// The fonts asked for, in order. Whatever letters the first lacks are looked for in the next, and then anywhere in the system.
pub(crate) const FONTS: &str = "system-ui, 'Segoe UI', 'Noto Sans', 'Helvetica Neue', Arial, 'DejaVu Sans', 'Noto Sans Armenian', \
                                'Noto Sans CJK SC', sans-serif";

/// About how wide a text is at a font size of one. Fonts differ; a little too wide is better than overlapping.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(width_of).sum()
}

fn width_of(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | ' ' | '\u{00A0}' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '(' | ')'
        | '-' | 'I' => 0.36,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        'A'..='Z' => 0.7,
        '0'..='9' => 0.63,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{1F300}'..='\u{3FFFD}' => 1.05,
        '\u{0300}'..='\u{036F}' | '\u{064B}'..='\u{065F}' => 0.0,
        '\u{0400}'..='\u{052F}' => 0.68,
        '\u{0530}'..='\u{058F}' => 0.78,
        _ => 0.6,
    }
}

/// A text shortened to a width in pixels at a font size, with `…` at its end if anything is missing. Empty where nothing fits.
pub(crate) fn fit(text: &str, size: f64, room: f64) -> String {
    let whole = printable(text);
    if width(&whole) * size <= room {
        return whole;
    }
    let mut left = room / size - 0.8;
    let kept: String = whole
        .chars()
        .take_while(|c| {
            left -= width_of(*c);
            left >= 0.0
        })
        .collect();
    if kept.trim().is_empty() { String::new() } else { format!("{}…", kept.trim_end()) }
}

/// A text in at most so many lines of a width in pixels at a font size, broken where words end, or else anywhere; the last one ends with `…` if
/// anything is missing.
pub(crate) fn wrap(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let whole = printable(text);
    let mut wrapped: Vec<String> = Vec::new();
    let mut rest = whole.trim();
    while !rest.is_empty() && wrapped.len() + 1 < lines && width(rest) * size > room {
        let line = first_line(rest, size, room);
        rest = rest.get(line.len()..).unwrap_or_default().trim_start();
        wrapped.push(line.trim_end().to_owned());
    }
    wrapped.extend(Some(fit(rest, size, room)).filter(|line| !line.is_empty()));
    wrapped
}

/// As much of a text as has room, at least one letter.
fn first_line(text: &str, size: f64, room: f64) -> &str {
    let (mut used, mut fits, mut word) = (0.0, 0, None);
    for (at, c) in text.char_indices() {
        used += width_of(c) * size;
        if used > room && at > 0 {
            break;
        }
        fits = at + c.len_utf8();
        if matches!(c, ' ' | '-' | '/' | '_' | '.') {
            word = Some(fits);
        }
    }
    text.get(..word.unwrap_or(fits)).unwrap_or(text)
}

/// A text without what could move or reorder the letters round it: such characters become their code points, line breaks a sign.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str(" ⏎ "),
            // XML cannot have the last two at all.
            c if disorders(c) || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Whether letters that run from right to left are among them.
pub(crate) fn runs_left(text: &str) -> bool {
    let leftwards = |c: char| matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}');
    text.chars().any(leftwards)
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, rest) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    if whole.len() < 5 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push('\u{00A0}');
        }
        out.push(digit);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_shortened_and_says_so() {
        assert_eq!(fit("yerevan", 10.0, 100.0), "yerevan");
        let short = fit("a very long name of a source indeed", 10.0, 60.0);
        assert!(short.ends_with('…') && width(&short) * 10.0 <= 66.0, "{short}");
        assert_eq!(fit("wide", 10.0, 3.0), "");
        assert!(fit("北京北京北京北京", 10.0, 40.0).chars().count() <= 4);
    }

    #[test]
    fn long_names_are_wrapped_and_whole() {
        assert_eq!(wrap("yerevan", 12.0, 90.0, 3), ["yerevan"]);
        assert_eq!(wrap("Ministry of Internal Affairs", 12.0, 90.0, 3), ["Ministry of", "Internal", "Affairs"]);
        assert_eq!(wrap("armenia/ministry-of-defence", 12.0, 90.0, 3), ["armenia/", "ministry-of-", "defence"]);
        let word = "Donaudampfschifffahrtsgesellschaft";
        assert_eq!(wrap(word, 12.0, 90.0, 4).concat(), word, "broken anywhere, and whole");
        assert_eq!(wrap("北京北京北京北京北京", 12.0, 60.0, 3).concat(), "北京北京北京北京北京");
        let cut = wrap("one two three four five six seven eight nine ten", 12.0, 60.0, 2);
        assert!(cut.len() == 2 && cut[1].ends_with('…'), "{cut:?}");
        assert_eq!(wrap("", 12.0, 60.0, 2), Vec::<String>::new());
    }

    #[test]
    fn nothing_reorders_or_breaks_a_picture() {
        assert_eq!(printable("a\u{202E}b\u{0}c\nd"), "a\\u{202e}b\\u{0}c ⏎ d");
        assert!(runs_left("سلام") && runs_left("שלום") && !runs_left("Երևան Київ 北京"));
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped("1234"), "1234");
        assert_eq!(grouped("792170"), "792\u{a0}170");
        assert_eq!(grouped("-1234567.5"), "-1\u{a0}234\u{a0}567.5");
    }
}
