//! What the cells of a column have in common.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use sayso_core::exchange::parse_value;
use sayso_core::text::{Label, Name, Text, Url};
use sayso_core::time::TimeZone;
use sayso_core::value::Value;

use super::dates::{self, Dates};
use super::odd::Odd;
use crate::filter::{Filter, Lookups};
use crate::form::Form;
use crate::sheet::{Row, Sheet, SheetError};

/// Whether something holds for a column.
type Fits = fn(&Profile) -> bool;

/// Ways to make numbers of a column's cells, the plainest first: the filters, and whether they do, of every cell.
pub(super) const NUMBERS: [(&str, Fits); 5] = [
    ("", |p| p.numbers),
    (" | number", |p| p.grouped),
    (" | number-comma", |p| p.grouped_comma),
    (BOUNDS, |p| p.bounded.is_none()),
    (BOUNDS_COMMA, |p| p.bounded_comma.is_none()),
];
const BOUNDS: &str = " | bounds | number";
const BOUNDS_COMMA: &str = " | bounds | number-comma";
/// Of so many cells of dates one may be none.
const SHARE: u64 = 3;
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
    /// What is no number after `bounds` and `number` either, or after `bounds` and `number-comma`.
    bounded: Odd,
    bounded_comma: Odd,
    /// Every cell is a value or words, none of them nearly a value.
    pub(super) typed: bool,
    pub(super) dates: Dates,
    pub(super) addresses: bool,
    pub(super) names: bool,
    /// The first cell that is no name, with its row and what is wrong with it.
    pub(super) unnamed: Option<(u64, String, String)>,
    pub(super) labels: bool,
    pub(super) longest: usize,
    /// The first cell whose dot may part thousands: `1.204`.
    dotted: Option<String>,
    /// Some cell has a dot that can only be a decimal point: `0.5`.
    pointed: bool,
    /// The first cell whose comma may part thousands: `1,204`.
    commaed: Option<String>,
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
            bounded: Odd::default(),
            bounded_comma: Odd::default(),
            typed: true,
            dates: Dates::default(),
            addresses: true,
            names: true,
            unnamed: None,
            labels: true,
            longest: 0,
            dotted: None,
            pointed: false,
            commaed: None,
        }
    }

    fn add(&mut self, cell: &str, row: u64, forms: &[Form], zone: &TimeZone) {
        self.filled += 1;
        self.longest = self.longest.max(cell.len());
        let mut hasher = DefaultHasher::new();
        cell.hash(&mut hasher);
        let hash = hasher.finish();
        let fresh = self.distinct.len() < MAX_DISTINCT && self.distinct.insert(hash);
        self.unique &= fresh;
        if !fresh {
            // The same text as before says nothing new about the column, but for how often it stands there.
            [&mut self.dates.odd, &mut self.bounded, &mut self.bounded_comma]
                .into_iter()
                .for_each(|odd| odd.again(hash));
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
        // Where a dot or a comma may part thousands, that is asked of the person and not of the column.
        let plain = is_number(cell);
        self.numbers = self.numbers && plain;
        self.grouped = self.grouped && after(&[Filter::Decimal]);
        self.grouped_comma = self.grouped_comma && after(&[Filter::DecimalComma]);
        for (odd, filter) in [(&mut self.bounded, Filter::Decimal), (&mut self.bounded_comma, Filter::DecimalComma)] {
            if odd.is_lost() {
                continue;
            }
            if after(&[Filter::Bounds, filter]) {
                odd.fits();
            } else {
                odd.add(cell, hash, row);
            }
        }
        match dot(cell) {
            Some(Dot::Either) if self.dotted.is_none() => self.dotted = Some(cell.to_owned()),
            Some(Dot::Point) => self.pointed = true,
            _ => {}
        }
        if self.commaed.is_none() && cell.contains(',') && dot(&cell.replace(',', ".")) == Some(Dot::Either) {
            self.commaed = Some(cell.to_owned());
        }
        self.typed = self.typed && parse_value(cell, zone).is_ok();
        self.dates.add(cell, hash, row, forms, zone, plain);
        self.addresses = self.addresses && Url::new(cell).is_ok();
        if self.names
            && let Err(e) = Name::new(cell)
        {
            self.names = false;
            self.unnamed = Some((row, cell.to_owned(), e.to_string()));
        }
        self.labels = self.labels && Label::new(cell).is_ok() && Text::new(cell).is_ok();
    }

    pub(super) fn distinct(&self) -> usize {
        self.distinct.len()
    }

    pub(super) fn is_number(&self) -> bool {
        self.filled > 0 && NUMBERS.iter().any(|(_, fits)| fits(self))
    }

    /// Whether most cells are numbers, and the others words.
    pub(super) fn is_mostly_number(&self) -> bool {
        self.is_number() || self.is_mostly(BOUNDS) || self.is_mostly(BOUNDS_COMMA)
    }

    /// Whether these filters make numbers of most cells.
    pub(super) fn is_mostly(&self, filter: &str) -> bool {
        match filter {
            // More than half.
            BOUNDS => self.bounded.is_at_most(2, self.filled.saturating_sub(1)),
            BOUNDS_COMMA => self.bounded_comma.is_at_most(2, self.filled.saturating_sub(1)),
            _ => false,
        }
    }

    /// The cells among figures that are none, with their rows: the first of them. Empty where the column is all figures.
    pub(super) fn words(&self) -> &[(u64, String)] {
        if self.is_number() {
            return &[];
        }
        let odd = if self.bounded.cells <= self.bounded_comma.cells { &self.bounded } else { &self.bounded_comma };
        &odd.first
    }

    /// How the cell becomes a number: the filters it takes.
    pub(super) fn number_filter(&self) -> &'static str {
        match NUMBERS.iter().find(|(_, fits)| fits(self)) {
            Some((filter, _)) => filter,
            None if !self.is_mostly_number() => "",
            None if self.bounded.cells <= self.bounded_comma.cells => BOUNDS,
            None => BOUNDS_COMMA,
        }
    }

    /// A cell whose dot stands before a fraction or parts thousands, if nothing in the column decides it.
    pub(super) fn doubtful(&self) -> Option<&str> {
        self.dotted.as_deref().filter(|_| !self.pointed)
    }

    /// A cell whose comma looks as if it parted thousands.
    pub(super) fn commaed(&self) -> Option<&str> {
        self.commaed.as_deref()
    }

    /// Some cell looks like thousands where the column shows that it is none: what makes numbers must not ask.
    pub(super) fn is_decided(&self, comma: bool) -> bool {
        if comma { self.commaed.is_some() } else { self.dotted.is_some() && self.pointed }
    }

    /// Whether every cell is a date in one form. Bare years are numbers, unless the column's name says otherwise.
    pub(super) fn is_all_dates(&self) -> bool {
        self.dates.is_one_form(self.numbers, self.is_called("date day datum when"))
    }

    /// Whether it is a column of dates, in one form or several, also if some cells are none: a date that somebody wrote as
    /// "yesterday" is no reason to forget the others.
    pub(super) fn is_date(&self) -> bool {
        // A name that can mean little else than a day, and one that often does.
        let share = if self.is_called("date day datum when dated") {
            1
        } else if self.is_called("logged reported updated stated said announced published recorded entered") {
            2
        } else {
            SHARE
        };
        self.is_all_dates() || (self.dates.are_worded() && self.dates.odd.is_at_most(share, self.filled))
    }

    fn is_called(&self, names: &str) -> bool {
        super::names::words(&self.name).iter().any(|w| names.split(' ').any(|name| name == w))
    }

    /// How the cell becomes a date: the filter it takes.
    pub(super) fn date_filter(&self) -> String {
        let forms: Vec<String> = self.dates.reading().forms.iter().map(|form| format!(" '{form}'")).collect();
        if forms.is_empty() { String::new() } else { format!(" | date{}", forms.concat()) }
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
        let (mut row, forms) = (Row::default(), dates::forms());
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
                    None if !cell.is_empty() => profile.add(cell, row.number(), &forms, zone),
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
