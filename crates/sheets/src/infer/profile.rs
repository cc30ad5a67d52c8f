//! What the cells of a column have in common.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use sayso_core::exchange::parse_value;
use sayso_core::text::{Label, Name, Text, Url};
use sayso_core::time::{Edtf, TimeZone};
use sayso_core::value::Value;

use crate::filter::{Filter, Lookups};
use crate::form::Form;
use crate::sheet::{Row, Sheet, SheetError};

/// Forms of dates that are tried, the likelier first where two fit.
const FORMS: [&str; 22] = [
    "DD.MM.YYYY",
    "D.M.YYYY",
    "DD.MM.YY",
    "DD/MM/YYYY",
    "D/M/YYYY",
    "MM/DD/YYYY",
    "M/D/YYYY",
    "D/M/YY",
    "M/D/YY",
    "YYYY/MM/DD",
    "YYYY-MM-DD HH:mm",
    "YYYY-MM-DD HH:mm:ss",
    "YYYY-MM-DD HH:mm:ssZ",
    "DD.MM.YYYY HH:mm",
    "D.M.YYYY H:mm",
    "MM/DD/YYYY HH:mm",
    "DD/MM/YYYY HH:mm",
    "YYYYMMDD",
    "D MMM YYYY",
    "D MMMM YYYY",
    "MMM D, YYYY",
    "MMMM D, YYYY",
];
/// Whether something holds for a column.
type Fits = fn(&Profile) -> bool;

/// Ways to make numbers of a column's cells, the plainest first: the filters, and whether they do.
pub(super) const NUMBERS: [(&str, Fits); 5] = [
    ("", |p| p.numbers),
    (" | number", |p| p.grouped),
    (" | number-comma", |p| p.grouped_comma),
    (" | bounds | number", |p| p.bounded),
    (" | bounds | number-comma", |p| p.bounded_comma),
];
/// Different texts of a column that are counted before giving up.
const MAX_DISTINCT: usize = 4_000_000;
/// Texts that usually stand for an empty cell.
const EMPTY: [&str; 7] = ["-", "–", "—", "n/a", "N/A", "NA", "n.a."];
/// Different texts that are kept to be shown.
const MAX_SAMPLES: usize = 8;

/// What one column's cells have in common. Everything is about cells with text in them.
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) filled: u64,
    pub(super) samples: Vec<String>,
    distinct: HashSet<u64>,
    /// Each text stands in one cell only.
    pub(super) unique: bool,
    /// As typed, every cell is a value, and none of them words.
    pub(super) numbers: bool,
    /// The same after the filter `number`, or `number-comma`.
    pub(super) grouped: bool,
    pub(super) grouped_comma: bool,
    /// The same after `bounds` and `number`, or `bounds` and `number-comma`.
    pub(super) bounded: bool,
    pub(super) bounded_comma: bool,
    /// Every cell is a value or words, none of them nearly a value.
    pub(super) typed: bool,
    pub(super) edtf: bool,
    pub(super) forms: Vec<Form>,
    pub(super) addresses: bool,
    pub(super) names: bool,
    pub(super) labels: bool,
    pub(super) longest: usize,
    /// The first cell whose dot may part thousands: `1.204`.
    dotted: Option<String>,
    /// Some cell has a dot that can only be a decimal point: `0.5`.
    pointed: bool,
}

impl Profile {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            filled: 0,
            samples: vec![],
            distinct: HashSet::new(),
            unique: true,
            numbers: true,
            grouped: true,
            grouped_comma: true,
            bounded: true,
            bounded_comma: true,
            typed: true,
            edtf: true,
            forms: FORMS.iter().filter_map(|f| Form::parse(f).ok()).collect(),
            addresses: true,
            names: true,
            labels: true,
            longest: 0,
            dotted: None,
            pointed: false,
        }
    }

    fn add(&mut self, cell: &str, zone: &TimeZone) {
        self.filled += 1;
        self.longest = self.longest.max(cell.len());
        let mut hasher = DefaultHasher::new();
        cell.hash(&mut hasher);
        let fresh = self.distinct.len() < MAX_DISTINCT && self.distinct.insert(hasher.finish());
        self.unique &= fresh;
        if !fresh {
            // The same text as before says nothing new about the column.
            return;
        }
        if self.samples.len() < MAX_SAMPLES {
            self.samples.push(cell.to_owned());
        }
        let is_number = |text: &str| {
            matches!(
                parse_value(text, zone),
                Ok((Value::Quantity(_) | Value::Approx(_) | Value::Unknown | Value::None, _))
            )
        };
        let lookups = Lookups::default();
        let after = |filters: &[Filter]| {
            let through = |text, filter: &Filter| filter.apply(text, &lookups);
            filters.iter().try_fold(Cow::from(cell), through).is_ok_and(|text| is_number(&text))
        };
        self.numbers = self.numbers && is_number(cell);
        self.grouped = self.grouped && after(&[Filter::Number]);
        self.grouped_comma = self.grouped_comma && after(&[Filter::NumberComma]);
        self.bounded = self.bounded && after(&[Filter::Bounds, Filter::Number]);
        self.bounded_comma = self.bounded_comma && after(&[Filter::Bounds, Filter::NumberComma]);
        match dot(cell) {
            Some(Dot::Either) if self.dotted.is_none() => self.dotted = Some(cell.to_owned()),
            Some(Dot::Point) => self.pointed = true,
            _ => {}
        }
        self.typed = self.typed && parse_value(cell, zone).is_ok();
        self.edtf = self.edtf && Edtf::parse(cell, zone).is_ok();
        self.forms.retain(|form| form.read(cell).is_some_and(|date| Edtf::parse(&date, zone).is_ok()));
        self.addresses = self.addresses && Url::new(cell).is_ok();
        self.names = self.names && Name::new(cell).is_ok();
        self.labels = self.labels && Label::new(cell).is_ok() && Text::new(cell).is_ok();
    }

    pub(super) fn distinct(&self) -> usize {
        self.distinct.len()
    }

    pub(super) fn is_number(&self) -> bool {
        self.filled > 0 && NUMBERS.iter().any(|(_, fits)| fits(self))
    }

    /// How the cell becomes a number: the filters it takes.
    pub(super) fn number_filter(&self) -> &'static str {
        NUMBERS.iter().find(|(_, fits)| fits(self)).map_or("", |(filter, _)| filter)
    }

    /// A cell that is read as a decimal and may mean thousands, if nothing in the column decides it.
    pub(super) fn doubtful(&self) -> Option<&str> {
        let reads_points = self.is_number() && !self.number_filter().contains("comma");
        self.dotted.as_deref().filter(|_| reads_points && !self.pointed)
    }

    /// Whether every cell is a date. Bare years are numbers, unless the column's name says otherwise.
    pub(super) fn is_date(&self) -> bool {
        self.filled > 0
            && ((self.edtf && !self.numbers) || (!self.forms.is_empty() && (!self.numbers || self.is_called_date())))
    }

    fn is_called_date(&self) -> bool {
        super::roles::words(&self.name).iter().any(|w| matches!(w.as_str(), "date" | "day" | "datum" | "when"))
    }

    /// How the cell becomes a date: the filter it takes.
    pub(super) fn date_filter(&self) -> String {
        match self.forms.first() {
            Some(form) if !self.edtf => format!(" | date '{}'", form.text()),
            _ => String::new(),
        }
    }

    /// Two forms that swap day and month, if nothing in the column decides between them.
    pub(super) fn unclear_form(&self) -> Option<(&str, &str)> {
        let first = self.forms.first().filter(|_| !self.edtf)?.text();
        let other = self.forms.iter().map(Form::text).find(|f| f.starts_with('M') != first.starts_with('M'))?;
        Some((first, other))
    }
}

/// What a dot in a number can be.
#[derive(Debug, PartialEq, Eq)]
enum Dot {
    /// A decimal point, or the mark between thousands.
    Either,
    /// A decimal point.
    Point,
}

/// What the only dot among the digits of a cell can be.
fn dot(cell: &str) -> Option<Dot> {
    let is_digit = |c: char| c.is_ascii_digit();
    let number = cell.trim_matches(|c: char| !c.is_ascii_digit());
    let (whole, after) = number.split_once('.')?;
    if !whole.chars().all(is_digit) || !after.chars().all(is_digit) {
        return None;
    }
    // Nobody writes 0.204 or 1234.204 for thousands.
    let thousands = after.len() == 3 && whole.len() <= 3 && !whole.starts_with('0');
    Some(if thousands { Dot::Either } else { Dot::Point })
}

/// A sheet as a whole.
pub(super) struct Sketch {
    pub(super) rows: u64,
    pub(super) profiles: Vec<Profile>,
    /// Some rows are shorter than the header.
    pub(super) ragged: bool,
    /// Texts in it that usually stand for an empty cell.
    pub(super) empty: Vec<&'static str>,
}

impl Sketch {
    pub(super) fn of(sheet: &mut Sheet<'_>, zone: &TimeZone) -> Result<Self, SheetError> {
        let mut sketch = Self { rows: 0, profiles: vec![], ragged: false, empty: vec![] };
        let mut row = Row::default();
        loop {
            match sheet.next_row(&mut row) {
                Ok(true) => {}
                Ok(false) => break,
                Err(SheetError::Row { message, .. }) if message.contains("ragged") => {
                    sketch.ragged = true;
                    continue;
                }
                Err(e) => return Err(e),
            }
            sketch.rows += 1;
            for name in sheet.columns().names().iter().skip(sketch.profiles.len()) {
                sketch.profiles.push(Profile::new(name));
            }
            for (at, profile) in sketch.profiles.iter_mut().enumerate() {
                let cell = row.cell(at);
                match EMPTY.iter().find(|e| **e == cell) {
                    Some(empty) if !sketch.empty.contains(empty) => sketch.empty.push(empty),
                    None if !cell.is_empty() => profile.add(cell, zone),
                    _ => {}
                }
            }
        }
        Ok(sketch)
    }

    pub(super) fn is_filled(&self, profile: &Profile) -> bool {
        profile.filled == self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::{Dot, dot};

    #[test]
    fn which_dots_may_part_thousands() {
        for cell in ["1.204", "999.000", "~1.204", "-12.500", "1.204 *"] {
            assert_eq!(dot(cell), Some(Dot::Either), "{cell}");
        }
        for cell in ["1.5", "0.204", "1204.500", "12.2045"] {
            assert_eq!(dot(cell), Some(Dot::Point), "{cell}");
        }
        for cell in ["1204", "1,204", "12.05.2023", "1.204.000", "", "words."] {
            assert_eq!(dot(cell), None, "{cell}");
        }
    }
}
