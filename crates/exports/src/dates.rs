//! Dates for readers that know ISO 8601 and not EDTF.

use sayso_core::time::{DateForm, Edtf, Qualifier, Stated};

/// The date, if it is a plain day, month, year or moment, without any doubt, of a year with four digits.
pub(crate) fn plain(date: &Edtf) -> Option<String> {
    let is_plain = match date {
        Edtf::Moment(_) => true,
        Edtf::Date(d) => d.qualifier() == Qualifier::Certain && is_given(d.form()),
        Edtf::Interval(..) => false,
    };
    Some(date.to_string()).filter(|text| is_plain && has_four_digits(text))
}

/// When something was said, as FollowTheMoney can have it: one date, or the first and the last day that are meant. What is not the
/// date as it was written comes with that.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prefixed {
    /// The property, and its value.
    pub(crate) parts: Vec<(&'static str, String)>,
    /// The date as it was written, where the parts are not that.
    pub(crate) written: Option<String>,
}

/// A stated date as prefixes of a UTC time; none for years before 1000, which such readers do not know.
pub(crate) fn prefixed(stated: &Stated) -> Prefixed {
    let date = stated.date();
    let written = date.to_string();
    let bare = written.trim_end_matches(['?', '~', '%']);
    let parts = match date {
        // Without an offset: the time is always UTC there.
        Edtf::Moment(_) => vec![("date", stated.last_instant().to_string().trim_end_matches('Z').to_owned())],
        Edtf::Date(d) if is_given(d.form()) => vec![("date", bare.to_owned())],
        _ => {
            let (first, last) = date.day_span();
            let first = first.map(|day| ("startDate", day.to_string()));
            first.into_iter().chain(last.map(|day| ("endDate", day.to_string()))).collect()
        }
    };
    let known = |(_, text): &(&str, String)| has_four_digits(text);
    let parts: Vec<_> = parts.into_iter().filter(known).collect();
    let is_it = matches!(parts.as_slice(), [("date", text)] if *text == written);
    Prefixed { parts, written: (!is_it).then_some(written) }
}

/// A day, a month or a year of which every digit is given.
fn is_given(form: DateForm) -> bool {
    matches!(form, DateForm::Day(..) | DateForm::Month(..) | DateForm::Year(_))
}

fn has_four_digits(text: &str) -> bool {
    text.starts_with(|c: char| ('1'..='9').contains(&c))
}

#[cfg(test)]
mod tests {
    use sayso_core::time::TimeZone;

    use super::*;

    #[test]
    fn dates_that_others_can_read() {
        let cases = [
            ("2023-05-12", Some("2023-05-12"), "date=2023-05-12"),
            ("2023-05", Some("2023-05"), "date=2023-05"),
            ("2023", Some("2023"), "date=2023"),
            ("2023-05-11?", None, "date=2023-05-11 (2023-05-11?)"),
            (
                "2023-05-12T02:00:00+04:00",
                Some("2023-05-12T02:00:00+04:00"),
                "date=2023-05-11T22:00:00 (2023-05-12T02:00:00+04:00)",
            ),
            ("199X", None, "startDate=1990-01-01 endDate=1999-12-31 (199X)"),
            ("2023-05-01~/2023-05-10", None, "startDate=2023-05-01 endDate=2023-05-10 (2023-05-01~/2023-05-10)"),
            ("../2023-05-12", None, "endDate=2023-05-12 (../2023-05-12)"),
            ("0814-01-28", None, " (0814-01-28)"),
            ("-0044-03-15", None, " (-0044-03-15)"),
        ];
        for (written, expected_plain, expected_prefixed) in cases {
            let stated = Stated::new(written.parse().unwrap(), &TimeZone::UTC).unwrap();
            assert_eq!(plain(stated.date()).as_deref(), expected_plain, "{written}");
            let Prefixed { parts, written } = prefixed(&stated);
            let parts: Vec<String> = parts.iter().map(|(name, text)| format!("{name}={text}")).collect();
            let written = written.map(|w| format!(" ({w})")).unwrap_or_default();
            assert_eq!(format!("{}{written}", parts.join(" ")), expected_prefixed);
        }
    }
}
