//! Forms of dates: `DD.MM.YYYY` says how a date is written, and the date comes out as the ledger writes it.

/// A way to write a date, and perhaps an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    parts: Vec<Part>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `YYYY` or `YY`; short years lie in 1970 to 2069.
    Year {
        long: bool,
    },
    /// `MM` or `M`, `DD` or `D`, `HH` or `H`, `mm`, `ss`: at least as many digits as letters, at most two.
    Month(usize),
    Day(usize),
    Hour(usize),
    Minute,
    Second,
    /// `MMM`: Jan, Feb, Sep or Sept; `MMMM`: January, February. English, upper or lower case.
    MonthName {
        long: bool,
    },
    /// `Z`: `Z`, `+02:00`, `+0200` or `+02`.
    Offset,
    /// Any other character, as it stands.
    Same(char),
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// What was read of a date.
#[derive(Default)]
struct Found {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: u32,
    second: u32,
    offset: Option<String>,
}

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// In words, for whoever wrote the mapping.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = rest.chars().take_while(|x| *x == c).count();
            let part = match (c, length) {
                ('Y', 4) => Part::Year { long: true },
                ('Y', 2) => Part::Year { long: false },
                ('M', 1 | 2) => Part::Month(length),
                ('M', 3 | 4) => Part::MonthName { long: length == 4 },
                ('D', 1 | 2) => Part::Day(length),
                ('H', 1 | 2) => Part::Hour(length),
                ('m', 2) => Part::Minute,
                ('s', 2) => Part::Second,
                ('Z', 1) => Part::Offset,
                (c, _) if c.is_ascii_alphabetic() && c != 'T' => {
                    return Err(format!(
                        "`{text}` is not a form of dates: `{}` means nothing in it. Write YYYY YY, MM M MMM MMMM, DD D, HH H, mm, ss, Z, \
                         as in DD.MM.YYYY HH:mm",
                        c.to_string().repeat(length)
                    ));
                }
                (c, _) => Part::Same(c),
            };
            let used = if matches!(part, Part::Same(_)) { c.len_utf8() } else { length };
            rest = rest.get(used..).unwrap_or_default();
            parts.push(part);
        }
        if !parts.iter().any(|p| matches!(p, Part::Year { .. })) {
            return Err(format!("`{text}` is not a form of dates: it has no year, YYYY or YY"));
        }
        let has = |what: fn(&Part) -> bool| parts.iter().any(what);
        let hours = has(|p| matches!(p, Part::Hour(_)));
        let minutes = has(|p| matches!(p, Part::Minute));
        let wrong = |what: &str| Err(format!("`{text}` is not a form of dates: {what}"));
        if !hours && minutes {
            return wrong("mm stands for minutes, and there is no hour, HH or H; months are MM");
        }
        if !hours && has(|p| matches!(p, Part::Second)) {
            return wrong("it has seconds, ss, without an hour, HH or H");
        }
        if !hours && has(|p| matches!(p, Part::Offset)) {
            return wrong("it has an offset from UTC, Z, without an hour, HH or H");
        }
        if hours && !minutes {
            return wrong("it has an hour without minutes, mm, as in HH:mm; MM are months");
        }
        Ok(Self { parts, text: text.to_owned() })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The date in the ledger's own form, if it is written in this one.
    pub(crate) fn read(&self, given: &str) -> Option<String> {
        let mut found = Found::default();
        let mut rest = given;
        for part in &self.parts {
            rest = found.take(part, rest)?;
        }
        if rest.is_empty() { found.written() } else { None }
    }
}

impl Found {
    /// Reads one part from the beginning of the text; gives what is left.
    fn take<'t>(&mut self, part: &Part, text: &'t str) -> Option<&'t str> {
        let (number, rest) = match part {
            Part::Same(c) => return text.strip_prefix(*c),
            Part::MonthName { long } => {
                let letters = text.chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
                let (word, rest) = text.split_at_checked(letters)?;
                let word = word.to_lowercase();
                // "Sept" is the one short name of four letters that is in use.
                let word = if *long || word != "sept" { word.as_str() } else { "sep" };
                let is = |month: &&str| if *long { word == *month } else { month.get(..3) == Some(word) };
                self.month = Some(u32::try_from(MONTHS.iter().position(is)?).ok()? + 1);
                return Some(rest.strip_prefix('.').filter(|_| !long).unwrap_or(rest));
            }
            Part::Offset => {
                self.offset = Some(offset(text)?);
                return Some("");
            }
            Part::Year { long } => digits(text, if *long { 4 } else { 2 }, if *long { 4 } else { 2 })?,
            Part::Month(least) | Part::Day(least) | Part::Hour(least) => digits(text, *least, 2)?,
            Part::Minute | Part::Second => digits(text, 2, 2)?,
        };
        match part {
            Part::Year { long: true } => self.year = Some(number),
            Part::Year { long: false } => self.year = Some(if number < 70 { 2000 + number } else { 1900 + number }),
            Part::Month(_) => self.month = Some(number),
            Part::Day(_) => self.day = Some(number),
            Part::Hour(_) => self.hour = Some(number),
            Part::Minute => self.minute = number,
            _ => self.second = number,
        }
        Some(rest)
    }

    fn written(&self) -> Option<String> {
        let year = self.year?;
        let date = match (self.month, self.day) {
            (Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
            (Some(month), None) => format!("{year:04}-{month:02}"),
            (None, None) => format!("{year:04}"),
            (None, Some(_)) => return None,
        };
        // Whether there is such a day is for the ledger to say; that there is no 13th month shows that day and month are swapped.
        (self.month.is_none_or(|m| (1..=12).contains(&m))).then_some(())?;
        Some(match self.hour {
            Some(hour) => {
                let offset = self.offset.as_deref().unwrap_or_default();
                format!("{date}T{hour:02}:{:02}:{:02}{offset}", self.minute, self.second)
            }
            None => date,
        })
    }
}

/// A number of `least` to `most` digits, and the rest.
fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(count).filter(|_| count >= least)?;
    Some((number.parse().ok()?, rest))
}

/// The offset that a date ends with, as the ledger writes it.
fn offset(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("Z".to_owned());
    }
    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let numbers: String = text.get(1..)?.chars().filter(|c| *c != ':').collect();
    let plain = numbers.bytes().all(|b| b.is_ascii_digit());
    match (plain, numbers.get(..2), numbers.get(2..)) {
        (true, Some(hours), Some("")) => Some(format!("{sign}{hours}:00")),
        (true, Some(hours), Some(minutes)) if minutes.len() == 2 => Some(format!("{sign}{hours}:{minutes}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str, given: &str) -> Option<String> {
        Form::parse(form).unwrap().read(given)
    }

    #[test]
    fn dates_in_given_forms() {
        for (form, given, expected) in [
            ("DD.MM.YYYY", "12.05.2023", "2023-05-12"),
            ("D/M/YY", "2/5/23", "2023-05-02"),
            ("D.M.YYYY", "12.5.2023", "2023-05-12"),
            ("MMM D, YYYY", "May 2, 2023", "2023-05-02"),
            ("D MMMM YYYY", "2 August 2023", "2023-08-02"),
            ("D MMM YYYY", "14 Sept 2025", "2025-09-14"),
            ("D MMM YYYY", "14 Sept. 2025", "2025-09-14"),
            ("D MMM YYYY", "14 sep 2025", "2025-09-14"),
            ("D MMMM YYYY", "14 Sept 2025", ""),
            ("D MMM YYYY", "14 June 2025", ""),
            ("YYYYMMDD", "20230512", "2023-05-12"),
            ("MM/YYYY", "05/2023", "2023-05"),
            ("YYYY-MM-DD HH:mm", "2023-05-12 08:30", "2023-05-12T08:30:00"),
            ("YYYY-MM-DD HH:mm:ss Z", "2023-05-12 08:30:01 +0400", "2023-05-12T08:30:01+04:00"),
            ("YYYY-MM-DDTHH:mm:ssZ", "2023-05-12T08:30:01Z", "2023-05-12T08:30:01Z"),
            ("D. MMM YYYY", "3. Okt 2023", ""),
            ("DD.MM.YYYY", "2.5.2023", ""),
            ("DD.MM.YYYY", "12.05.2023 ", ""),
            ("DD/MM/YYYY", "05/13/2023", ""),
            ("D/M/YY", "1/1/70", "1970-01-01"),
        ] {
            assert_eq!(read(form, given), (!expected.is_empty()).then(|| expected.to_owned()), "{form} {given}");
        }
    }

    #[test]
    fn what_is_no_form_is_named() {
        assert!(Form::parse("DD.MM").unwrap_err().contains("no year"));
        assert!(Form::parse("%d.%m.%Y").unwrap_err().contains("`d` means nothing"));
        assert!(Form::parse("jj.mm.YYYY").unwrap_err().contains("`jj`"));
        for (form, part) in [
            ("DD.mm.YYYY", "months are MM"),
            ("YYYY-MM-DD ss", "seconds"),
            ("YYYY-MM-DDZ", "offset"),
            ("YYYY-MM-DD HH", "without minutes"),
            ("YYYY-MM-DD HH:MM", "MM are months"),
        ] {
            let said = Form::parse(form).unwrap_err();
            assert!(said.contains(part), "{said}");
        }
    }
}
