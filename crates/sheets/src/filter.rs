//! Filters: what can be done to the text of a cell on its way into an entry.

use std::borrow::Cow;
use std::collections::HashMap;

use sayso_core::time::{Edtf, TimeZone};

use crate::form::Form;
use crate::mapping::nearest;

/// The tables `[lookup.NAME]` of a mapping.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    tables: Vec<(String, HashMap<String, String>)>,
}

impl Lookups {
    pub(crate) fn insert(&mut self, name: &str, table: HashMap<String, String>) {
        self.tables.push((name.to_owned(), table));
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|(n, _)| n == name)
    }
}

/// One filter, with what it was given.
#[derive(Debug)]
pub(crate) enum Filter {
    Lower,
    Upper,
    Slug,
    Trim(String),
    Replace(String, String),
    Before(String),
    After(String),
    Number,
    NumberComma,
    /// The same two, where a mark before three digits is known to stand before decimals.
    Decimal,
    DecimalComma,
    Bounds,
    Or(String),
    Lookup(usize),
    Date(Vec<Form>),
}

const KNOWN: [&str; 15] = [
    "lower",
    "upper",
    "slug",
    "trim",
    "replace",
    "before",
    "after",
    "number",
    "number-comma",
    "decimal",
    "decimal-comma",
    "bounds",
    "or",
    "lookup",
    "date",
];

impl Filter {
    /// A filter by its name and what stands behind it.
    ///
    /// # Errors
    /// In words, for whoever wrote the mapping.
    pub(crate) fn new(words: &[String], lookups: &Lookups) -> Result<Self, String> {
        let Some((name, given)) = words.split_first() else {
            return Err(format!("has a `|` with no filter behind it; the filters are {}", KNOWN.join(", ")));
        };
        let filter =
            match (name.as_str(), given) {
                ("lower", []) => Self::Lower,
                ("upper", []) => Self::Upper,
                // White space is trimmed off every cell; whoever writes it is not wrong.
                ("trim", []) => Self::Trim(String::new()),
                ("trim", [marks]) => Self::Trim(marks.clone()),
                ("slug", []) => Self::Slug,
                ("number", []) => Self::Number,
                ("number-comma", []) => Self::NumberComma,
                ("decimal", []) => Self::Decimal,
                ("decimal-comma", []) => Self::DecimalComma,
                ("bounds", []) => Self::Bounds,
                ("replace", [old, new]) if !old.is_empty() => Self::Replace(old.clone(), new.clone()),
                ("before", [mark]) if !mark.is_empty() => Self::Before(mark.clone()),
                ("after", [mark]) if !mark.is_empty() => Self::After(mark.clone()),
                ("or", [text]) => Self::Or(text.clone()),
                ("lookup", [table]) => Self::Lookup(lookups.find(table).ok_or_else(|| {
                    format!("looks into `{table}`, but there is no [lookup.{table}] in this mapping")
                })?),
                ("date", forms) if !forms.is_empty() => {
                    Self::Date(forms.iter().map(|f| Form::parse(f)).collect::<Result<_, _>>()?)
                }
                (name, _) => return Err(wrong(name)),
            };
        Ok(filter)
    }

    /// The text after the filter.
    ///
    /// # Errors
    /// In words, for whoever wrote the sheet.
    pub(crate) fn apply<'t>(&self, text: Cow<'t, str>, lookups: &Lookups) -> Result<Cow<'t, str>, String> {
        Ok(match self {
            Self::Lower => text.to_lowercase().into(),
            Self::Upper => text.to_uppercase().into(),
            Self::Slug => slug(&text).into(),
            Self::Trim(marks) => text.trim_matches(|c: char| c.is_whitespace() || marks.contains(c)).to_owned().into(),
            Self::Replace(old, new) => text.replace(old, new).trim().to_owned().into(),
            Self::Before(mark) => match text.split_once(mark.as_str()) {
                Some((before, _)) => before.trim().to_owned().into(),
                None => text,
            },
            Self::After(mark) => match text.split_once(mark.as_str()) {
                Some((_, after)) => after.trim().to_owned().into(),
                None => String::new().into(),
            },
            Self::Or(other) if text.is_empty() => other.clone().into(),
            Self::Or(_) => text,
            Self::Number => grouped(&text, &POINT, true)?.into(),
            Self::NumberComma => grouped(&text, &COMMA, true)?.into(),
            Self::Decimal => grouped(&text, &POINT, false)?.into(),
            Self::DecimalComma => grouped(&text, &COMMA, false)?.into(),
            Self::Bounds => bounds(&text).map_or(text, Cow::from),
            Self::Lookup(table) => match lookups.tables.get(*table) {
                Some((name, table)) => look_up(text, name, table)?,
                None => text,
            },
            Self::Date(_) if text.is_empty() => text,
            Self::Date(forms) => match forms.iter().find_map(|f| f.read(&text)) {
                Some(date) => date.into(),
                // What a lookup has put there, or somebody who knows the ledger's notation: `2025-03~` among plain dates.
                None if Edtf::parse(&text, &TimeZone::UTC).is_ok() => text,
                None => {
                    let forms: Vec<&str> = forms.iter().map(Form::text).collect();
                    return Err(format!(
                        "`{}` is not written as {}, and is no date as the ledger writes it",
                        shown(&text),
                        forms.join(" or ")
                    ));
                }
            },
        })
    }
}

fn wrong(name: &str) -> String {
    let how = match name {
        "lower" | "upper" | "slug" | "number" | "number-comma" | "decimal" | "decimal-comma" | "bounds" => {
            format!("`{name}` takes nothing behind it")
        }
        "replace" => "`replace` takes two texts, as in replace 'old' 'new'".to_owned(),
        "before" | "after" => format!("`{name}` takes one text, as in {name} ';'"),
        "trim" => {
            "`trim` takes nothing, or one text with the characters to take off both ends, as in trim '()'".to_owned()
        }
        "or" => "`or` takes one text, as in or 'unattributed'".to_owned(),
        "lookup" => "`lookup` takes the name of a table, as in lookup party".to_owned(),
        "date" => "`date` takes the form of the dates, as in date 'DD.MM.YYYY'".to_owned(),
        other => match nearest(other, &KNOWN) {
            Some(near) => format!("there is no filter `{other}`; did you mean `{near}`?"),
            None => format!("there is no filter `{other}`; the filters are {}", KNOWN.join(", ")),
        },
    };
    format!("has a filter that cannot be used: {how}")
}

fn look_up<'t>(text: Cow<'t, str>, name: &str, table: &HashMap<String, String>) -> Result<Cow<'t, str>, String> {
    match (table.get(&*text), table.get("*")) {
        (Some(found), _) => Ok(found.clone().into()),
        (None, _) if text.is_empty() => Ok(text),
        (None, Some(keep)) if keep == "*" => Ok(text),
        (None, Some(other)) => Ok(other.clone().into()),
        (None, None) => Err(format!(
            "`{}` is not in [lookup.{name}]; add it there, or add \"*\" = \"*\" to keep what is not listed as it is",
            shown(&text)
        )),
    }
}

/// Letters and digits in lower case, everything else as single hyphens.
fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

/// How numbers are written.
struct Marks {
    /// Between thousands, beside white space.
    thousands: [char; 3],
    /// Before decimals.
    decimal: char,
    /// The filter that never guesses, the one that takes every such mark for a decimal one, and those of the other way to write.
    names: [&'static str; 3],
}

const POINT: Marks =
    Marks { thousands: [',', '\'', '’'], decimal: '.', names: ["number", "decimal", "number-comma"] };
const COMMA: Marks =
    Marks { thousands: ['.', '\'', '’'], decimal: ',', names: ["number-comma", "decimal-comma", "number"] };

/// A number without the marks between its thousands. A mark that does not stand before three digits may be a decimal one, and a decimal
/// one that does may part thousands: no guess, unless whoever wrote the mapping has decided it (not `strict`).
fn grouped(text: &str, marks: &Marks, strict: bool) -> Result<String, String> {
    if let Some((low, high)) = text.split_once("..") {
        return Ok(format!("{}..{}", grouped(low, marks, strict)?, grouped(high, marks, strict)?));
    }
    let is_mark = |c: char| c.is_whitespace() || marks.thousands.contains(&c);
    let (whole, fraction) = text.split_once(marks.decimal).map_or((text, None), |(w, f)| (w, Some(f)));
    let mut groups = whole.split(is_mark);
    let first = groups.next().unwrap_or_default();
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let rest: Vec<&str> = groups.collect();
    // What is no number with marks (`>=5`, `unknown`, `12..14`) is left as it is, for the value to judge.
    let unsigned = first.trim_start_matches(['-', '>', '<', '=', '~', '≥', '≤']);
    if !digits(unsigned) || fraction.is_some_and(|f| !digits(f)) {
        return Ok(text.to_owned());
    }
    let [name, decimal, other] = marks.names;
    if rest.iter().any(|g| !digits(g)) {
        return Err(format!(
            "`{}` is a number with something behind it; {{column | before '('}} takes off what begins with that mark, `replace` takes \
             words out, and `lookup` writes something else for the whole of it",
            shown(text)
        ));
    }
    if rest.iter().any(|g| g.len() != 3) || (!rest.is_empty() && unsigned.len() > 3) {
        return Err(format!(
            "`{}` is not a number with marks between thousands; if the mark in it stands before decimals, use the filter `{other}`",
            shown(text)
        ));
    }
    // Nobody writes 0.204 or 1204.500 for thousands, and 1,204.500 has its marks already.
    if strict
        && rest.is_empty()
        && unsigned.len() <= 3
        && !unsigned.starts_with('0')
        && fraction.is_some_and(|f| f.len() == 3)
    {
        let mark = marks.decimal;
        return Err(format!(
            "`{}` may be a number with three decimals or one of thousands, and `{name}` does not guess: where `{mark}` stands before \
             decimals, use the filter `{decimal}`; where it parts thousands, `{other}`, or `replace '{mark}' ''` before `{name}` if \
             both ways to write stand in one column",
            shown(text)
        ));
    }
    let fraction = fraction.map(|f| format!(".{f}")).unwrap_or_default();
    Ok(format!("{first}{}{fraction}", rest.concat()))
}

/// Words before a number, and what is written instead of them.
const WORDS: [(&str, &str); 17] = [
    ("at least", ">="),
    ("not less than", ">="),
    ("no fewer than", ">="),
    ("min.", ">="),
    ("more than", ">"),
    ("over", ">"),
    ("at most", "<="),
    ("up to", "<="),
    ("max.", "<="),
    ("fewer than", "<"),
    ("less than", "<"),
    ("under", "<"),
    ("about", "~"),
    ("around", "~"),
    ("approximately", "~"),
    ("approx.", "~"),
    ("ca.", "~"),
];

/// `at least 12`, `12+`, `9-10`, `from 9 to 10`, `between 9 and 10` as they are written in a value; `None` for anything else.
fn bounds(text: &str) -> Option<String> {
    let starts_with_digit = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
    let is_amount =
        |s: &str| starts_with_digit(s) && !s.contains(|c: char| c.is_alphabetic() || matches!(c, '-' | '–'));
    let lower = text.to_lowercase();
    for (words, sign) in WORDS {
        if let Some(rest) = lower.strip_prefix(words).map(str::trim_start).filter(|rest| is_amount(rest)) {
            return Some(format!("{sign}{rest}"));
        }
    }
    if let Some(least) = lower.strip_suffix('+').map(str::trim_end).filter(|least| is_amount(least)) {
        return Some(format!(">={least}"));
    }
    let between = |first: &str, mark: &str| lower.strip_prefix(first)?.split_once(mark);
    let parts = between("between ", " and ")
        .or_else(|| between("from ", " to "))
        .or_else(|| [" to ", "–", "-"].iter().find_map(|mark| lower.split_once(*mark)));
    let (low, high) =
        parts.map(|(low, high)| (low.trim(), high.trim())).filter(|(l, h)| is_amount(l) && is_amount(h))?;
    Some(format!("{low}..{high}"))
}

/// A cell's text, of a length that fits a message.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str], text: &str) -> String {
        let mut lookups = Lookups::default();
        lookups.insert("party", HashMap::from([("moh".to_owned(), "gaza/moh".to_owned())]));
        lookups.insert(
            "sign",
            HashMap::from([("about".into(), "~".into()), (String::new(), "=".into()), ("*".into(), "*".into())]),
        );
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        Filter::new(&words, &lookups)
            .and_then(|f| f.apply(text.into(), &lookups).map(Cow::into_owned))
            .unwrap_or_else(|e| format!("error: {e}"))
    }

    #[test]
    fn each_filter() {
        for (words, given, expected) in [
            (&["lower"][..], "ÉTÉ", "été"),
            (&["upper"], "ab", "AB"),
            (&["slug"], "  Tanks & AFVs (2023)!", "tanks-afvs-2023"),
            (&["slug"], "Երևան", "երևան"),
            (&["replace", "martyred", "killed"], "med_martyred_cum", "med_killed_cum"),
            (&["before", "."], "214797.0", "214797"),
            (&["before", "."], "214797", "214797"),
            (&["after", ":"], "said: yes", "yes"),
            (&["after", ":"], "no", ""),
            (&["or", "unattributed"], "", "unattributed"),
            (&["or", "unattributed"], "x", "x"),
            (&["trim"], "x", "x"),
            (&["trim", "\"()"], "\"(a \"b\" c)\"", "a \"b\" c"),
            (&["lookup", "party"], "moh", "gaza/moh"),
            (&["lookup", "sign"], "", "="),
            (&["lookup", "sign"], "other", "other"),
            (&["date", "DD.MM.YYYY", "YYYY"], "1999", "1999"),
            (&["date", "DD/MM/YYYY"], "14/03/2025", "2025-03-14"),
            (&["date", "DD/MM/YYYY"], "2025-03-20~", "2025-03-20~"),
            (&["date", "DD/MM/YYYY"], "../2025-04-08", "../2025-04-08"),
            (&["number"], "1,200", "1200"),
            (&["number"], "1 234 567.5", "1234567.5"),
            (&["number"], "1\u{a0}200", "1200"),
            (&["number"], ">=1,200", ">=1200"),
            (&["number"], "12..24", "12..24"),
            (&["number"], "1,200..1,400", "1200..1400"),
            (&["number"], "unknown", "unknown"),
            (&["number"], "0.204", "0.204"),
            (&["number"], "1204.500", "1204.500"),
            (&["number"], "1,204.500", "1204.500"),
            (&["number"], "2.6", "2.6"),
            (&["number-comma"], "1.200,5", "1200.5"),
            (&["number-comma"], "2.600", "2600"),
            (&["decimal"], "1.204", "1.204"),
            (&["decimal"], "1,204", "1204"),
            (&["decimal-comma"], "1,204", "1.204"),
            (&["bounds"], "at least 12", ">=12"),
            (&["bounds"], "More than 1,200", ">1,200"),
            (&["bounds"], "9-10", "9..10"),
            (&["bounds"], "9 – 10", "9..10"),
            (&["bounds"], "30+", ">=30"),
            (&["bounds"], "about 40", "~40"),
            (&["bounds"], "between 8 and 14", "8..14"),
            (&["bounds"], "Between 1,200 and 1,400", "1,200..1,400"),
            (&["bounds"], "from 8 to 14", "8..14"),
            (&["bounds"], "between friends and 14", "between friends and 14"),
            (&["bounds"], "12", "12"),
            (&["bounds"], "-3", "-3"),
            (&["bounds"], "2026-03-04", "2026-03-04"),
            (&["bounds"], "over the hill", "over the hill"),
        ] {
            assert_eq!(run(words, given), expected, "{words:?} {given}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        for (words, given, part) in [
            (&["lookup", "party"][..], "mhl", "`mhl` is not in [lookup.party]"),
            (&["lookup", "partei"], "", "no [lookup.partei]"),
            (&["date", "DD.MM.YYYY"], "5/12/2023", "is not written as DD.MM.YYYY"),
            (&["number"], "1,5", "number-comma"),
            (&["number-comma"], "1.5", "the filter `number`"),
            (&["number"], "1234,567", "not a number with marks"),
            (&["number"], "2.600", "the filter `decimal`"),
            (&["number"], ">=2.600", "does not guess"),
            (&["number"], "2.600..2.800", "does not guess"),
            (&["number-comma"], "1,204", "the filter `decimal-comma`"),
            (&["number"], "8 (one died later)", "before '('"),
            (&["date", "DD/MM/YYYY"], "yesterday", "is not written as DD/MM/YYYY"),
            (&["lowr"], "", "did you mean `lower`"),
            (&["lower", "x"], "", "takes nothing"),
            (&["replace", "x"], "", "two texts"),
            (&[], "", "no filter behind it"),
        ] {
            let said = run(words, given);
            assert!(said.starts_with("error") && said.contains(part), "{said}");
        }
    }
}
