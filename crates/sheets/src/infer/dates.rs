//! Which cells of a column are dates, and in which forms. Where nothing shows whether the day or the month comes first, that stays
//! a question.

use sayso_core::time::{Edtf, TimeZone};

use super::odd::Odd;
use crate::form::Form;

/// Forms of dates that are tried, the likelier first where two fit.
const FORMS: [&str; 28] = [
    "DD.MM.YYYY",
    "D.M.YYYY",
    "DD.MM.YY",
    "DD/MM/YYYY",
    "D/M/YYYY",
    "MM/DD/YYYY",
    "M/D/YYYY",
    "D/M/YY",
    "M/D/YY",
    "DD-MM-YYYY",
    "D-M-YYYY",
    "MM-DD-YYYY",
    "M-D-YYYY",
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
    "D-MMM-YYYY",
    "D-MMM-YY",
];
/// The ledger's own way of writing dates, beside the forms.
const OWN: u32 = 1 << 31;

/// The forms, read once for a sheet.
pub(super) fn forms() -> Vec<Form> {
    FORMS.iter().filter_map(|f| Form::parse(f).ok()).collect()
}

/// Texts that are dates in the same forms.
struct Alike {
    /// The forms, by their bits.
    forms: u32,
    texts: u64,
    /// The first of them, with its row.
    example: (u64, String),
}

/// The dates among the cells of a column.
#[derive(Default)]
pub(super) struct Dates {
    alike: Vec<Alike>,
    /// Different texts that are dates and no bare numbers.
    worded: u64,
    /// What is no date at all.
    pub(super) odd: Odd,
}

/// How the dates of a column are read.
pub(super) struct Reading {
    pub(super) forms: Vec<&'static str>,
    /// Two forms that swap day and month, if nothing in the column decides between them.
    pub(super) unclear: Option<(&'static str, &'static str)>,
    /// Some cells have the day first, and others the month.
    pub(super) swapped: bool,
    /// Cells that cannot be read so, by row: the first ones.
    pub(super) left: Vec<(u64, String)>,
}

impl Dates {
    /// A text that was not met before.
    pub(super) fn add(&mut self, text: &str, hash: u64, row: u64, forms: &[Form], zone: &TimeZone, is_number: bool) {
        if self.odd.is_lost() {
            return;
        }
        let is_date = |text: &str| Edtf::parse(text, zone).is_ok();
        let mut found = if is_date(text) { OWN } else { 0 };
        for (n, form) in forms.iter().enumerate() {
            if form.read(text).is_some_and(|date| is_date(&date)) {
                found |= 1 << n;
            }
        }
        if found == 0 {
            return self.odd.add(text, hash, row);
        }
        self.odd.fits();
        self.worded += u64::from(!is_number);
        match self.alike.iter_mut().find(|a| a.forms == found) {
            Some(alike) => alike.texts += 1,
            None => self.alike.push(Alike { forms: found, texts: 1, example: (row, text.to_owned()) }),
        }
    }

    /// Every cell is a date in one and the same form. Bare numbers are years or `20230512` only where the column is called so.
    pub(super) fn is_one_form(&self, numbers: bool, called: bool) -> bool {
        let all = self.alike.iter().fold(u32::MAX, |all, a| all & a.forms);
        self.odd.is_none() && all != 0 && (!numbers || called)
    }

    /// Most of the different dates are no bare numbers, which may be anything.
    pub(super) fn are_worded(&self) -> bool {
        self.worded * 2 >= self.odd.fitting
    }

    /// The fewest forms that read them, those first that read the most.
    pub(super) fn reading(&self) -> Reading {
        let (day, month) = (bits(|f| f.starts_with('D')), bits(|f| f.starts_with('M')));
        let texts = |fits: &dyn Fn(u32) -> bool| -> u64 {
            self.alike.iter().filter(|a| a.forms & OWN == 0 && fits(a.forms)).map(|a| a.texts).sum()
        };
        let day_first = texts(&|f| f & day != 0 && f & month == 0);
        let month_first = texts(&|f| f & month != 0 && f & day == 0);
        let either = self.alike.iter().find(|a| a.forms & OWN == 0 && a.forms & day != 0 && a.forms & month != 0);
        let usable = !if month_first > day_first { day } else { month };
        let mut reading = Reading {
            forms: vec![],
            unclear: None,
            swapped: day_first > 0 && month_first > 0,
            left: self.odd.first.clone(),
        };
        let mut open: Vec<&Alike> = self.alike.iter().filter(|a| a.forms & OWN == 0).collect();
        while !open.is_empty() {
            let reads = |n: &usize| -> u64 { open.iter().filter(|a| has(a.forms & usable, *n)).map(|a| a.texts).sum() };
            let best = (0..FORMS.len()).rev().max_by_key(reads).filter(|n| reads(n) > 0);
            let Some((best, form)) = best.and_then(|n| Some((n, *FORMS.get(n)?))) else { break };
            reading.forms.push(form);
            open.retain(|a| !has(a.forms & usable, best));
        }
        reading.left.extend(open.into_iter().map(|a| a.example.clone()));
        reading.left.sort();
        if let Some(either) = either.filter(|_| day_first == 0 && month_first == 0) {
            let first = |of: u32| FORMS.iter().enumerate().find(|(n, _)| has(either.forms & of, *n)).map(|(_, f)| *f);
            reading.unclear = first(day).zip(first(month));
        }
        reading
    }
}

fn has(forms: u32, n: usize) -> bool {
    forms & (1 << n) != 0
}

/// The forms of figures alone, of which day and month may be swapped.
fn bits(fits: fn(&str) -> bool) -> u32 {
    let is_swappable = |f: &str| fits(f) && !f.contains("MMM") && !f.contains('.');
    FORMS.iter().enumerate().filter(|(_, f)| is_swappable(f)).fold(0, |all, (n, _)| all | (1 << n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Reading {
        let (mut dates, forms) = (Dates::default(), forms());
        assert_eq!(forms.len(), FORMS.len());
        for (n, text) in texts.iter().enumerate() {
            dates.add(text, n as u64, n as u64 + 1, &forms, &TimeZone::UTC, false);
        }
        dates.reading()
    }

    #[test]
    fn the_fewest_forms_that_read_a_column() {
        for (texts, forms, left) in [
            (&["14/03/2025", "03/04/2025", "yesterday"][..], &["DD/MM/YYYY"][..], &["yesterday"][..]),
            (&["14/03/2025", "4/3/2025"], &["D/M/YYYY"], &[]),
            (&["03/14/2025", "03/04/2025"], &["MM/DD/YYYY"], &[]),
            (&["14/03/2025", "2025-03-16", "../2025-04-08"], &["DD/MM/YYYY"], &[]),
            (&["14 Sept 2025", "3 August 2025", "14-Mar-25"], &["D MMM YYYY", "D MMMM YYYY", "D-MMM-YY"], &[]),
            (&["2025-03-16"], &[], &[]),
            (&["14/03/2025", "15/03/2025", "03/14/2025"], &["DD/MM/YYYY"], &["03/14/2025"]),
        ] {
            let found = read(texts);
            let words: Vec<&str> = found.left.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!((found.forms.as_slice(), words.as_slice(), found.unclear), (forms, left, None), "{texts:?}");
            assert_eq!(found.swapped, texts.contains(&"15/03/2025"));
        }
        assert_eq!(read(&["03/04/2025", "soon"]).unclear, Some(("DD/MM/YYYY", "MM/DD/YYYY")));
    }
}
