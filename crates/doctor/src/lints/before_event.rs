//! `before-event`: something said, published or cited with a date before it happened.
//!
//! Looked at are claims that assert, deny or accuse; a forecast, a schedule or an analysis may well come before. Compared are calendar days: the last day of
//! the date against the first day of `occurred`; where both have an hour, the instants. Dates are those of `stated` and
//! `published`, and those written in a citation's exact words (`2016-02-07`) or in its address (`/2016/02/07/`). What is marked as
//! uncertain is not compared.
//!
//! **False alarms.** A source a day behind: evening in Washington is the next morning in Yerevan. An article that is cited for the background. A claim about
//! something to come that was recorded as `asserts`: there it is the act that is worth a look.

use chrono::{Datelike, NaiveDate, TimeDelta};
use sayso_core::event::{Act, Citation, Claim};
use sayso_core::time::{DateForm, Edtf, Endpoint, Moment};

use crate::lint::About;

pub(crate) const ABOUT: About = About {
    name: "before-event",
    finds: "A claim whose date, or whose citation's date, lies before what it is about happened.",
    advice: "Look the dates up where it was published, and mend what was typed wrongly with `sayso correct --of '#N'`. If it is about something to \
             come, its act is `forecasts` or `schedules`.",
    false_alarms: "Sources whose day is another one than the place's, articles cited for background, and the future told with `asserts`.",
};

/// Dates that databases put where there is none.
const PLACEHOLDERS: [(i32, u32, u32); 5] = [(1753, 1, 1), (1900, 1, 1), (1970, 1, 1), (1899, 12, 30), (1, 1, 1)];

/// What is noticed about a claim, and why.
pub(crate) fn find(claim: &Claim, citations: &[Citation]) -> Option<(String, String)> {
    let occurred = claim.occurred.as_ref().filter(|date| !date.is_qualified())?;
    if !matches!(claim.act, Act::Asserts | Act::Denies | Act::Accuses) {
        return None;
    }
    let first = first_day(occurred)?;
    let mut early: Vec<(String, NaiveDate)> = Vec::new();
    let stated = claim.by.stated.date();
    if let Some(day) = last_day(stated).filter(|day| is_before(stated, *day, occurred, first)) {
        early.push((format!("stated {stated}"), day));
    }
    if let Some(published) = &claim.by.published
        && let Some(day) = last_day(published).filter(|day| is_before(published, *day, occurred, first))
    {
        early.push((format!("published {published}"), day));
    }
    let mut cited: Vec<NaiveDate> = citations.iter().flat_map(dates).filter(|day| *day < first).collect();
    cited.sort_unstable();
    cited.dedup();
    early.extend(cited.into_iter().map(|day| (format!("cited with the date {day}"), day)));
    if early.is_empty() {
        return None;
    }
    let told: Vec<&str> = early.iter().map(|(told, _)| told.as_str()).collect();
    let what = format!(
        "{} on {} / {}: {}, and it happened {occurred}.",
        claim.by.source,
        claim.question.subject,
        claim.question.predicate,
        told.join(", ")
    );
    let is_placeholder = |day: &NaiveDate| PLACEHOLDERS.contains(&(day.year(), day.month(), day.day()));
    let why = match early.iter().find(|(_, day)| is_placeholder(day)) {
        Some((_, day)) => format!("{day} is what databases write where there is no date."),
        None => "Nobody can assert what has not happened yet.".into(),
    };
    Some((what, why))
}

/// Whether a date lies before what happened. Where both have an hour, only the instants count: one instant has two days in two places.
fn is_before(one: &Edtf, last: NaiveDate, other: &Edtf, first: NaiveDate) -> bool {
    match (one, other) {
        (Edtf::Moment(one), Edtf::Moment(other)) => {
            let utc = |m: &Moment| m.local() - TimeDelta::seconds(i64::from(m.offset().seconds()));
            utc(one) < utc(other)
        }
        _ => last < first,
    }
}

/// The first day that a date can mean; none for a part of a century, which begins long before what is meant.
fn first_day(date: &Edtf) -> Option<NaiveDate> {
    let vague =
        |form: DateForm| matches!(form, DateForm::Century(_) | DateForm::Decade(_) | DateForm::SomeDayOfYear(_));
    match date {
        Edtf::Date(date) if vague(date.form()) => None,
        Edtf::Interval(Endpoint::Date(date), _) if vague(date.form()) => None,
        date => date.day_span().0,
    }
}

/// The last day that a date can mean, if it is certain.
fn last_day(date: &Edtf) -> Option<NaiveDate> {
    date.day_span().1.filter(|_| !date.is_qualified())
}

/// The days that stand in a citation.
fn dates(citation: &Citation) -> Vec<NaiveDate> {
    let exact = citation.exact().map(|text| days(text.as_str(), &['-'])).unwrap_or_default();
    let url = citation.url().map(|url| days(url.as_str(), &['-', '/'])).unwrap_or_default();
    exact.into_iter().chain(url).collect()
}

/// Days written as four, two and two digits with one of these marks between them, and no digit beside them.
fn days(text: &str, marks: &[char]) -> Vec<NaiveDate> {
    let mut days = Vec::new();
    for mark in marks {
        let parts: Vec<&str> = text.split(*mark).collect();
        for window in parts.windows(3) {
            let [year, month, day] = window else { continue };
            let year = tail(year, 4);
            let day = head(day, 2);
            let number = |s: &str, digits: usize| {
                (s.len() == digits && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<u32>().ok()).flatten()
            };
            let Some(((year, month), day)) = number(year, 4).zip(number(month, 2)).zip(number(day, 2)) else {
                continue;
            };
            days.extend(i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day)));
        }
    }
    days
}

/// The digits at the end of a text, if there are exactly so many.
fn tail(text: &str, digits: usize) -> &str {
    let all = text.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    if all.len() == digits { all } else { "" }
}

/// The digits at the beginning of a text, if there are exactly so many.
fn head(text: &str, digits: usize) -> &str {
    let all = text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    if all.len() == digits { all } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_found_in_words_and_addresses() {
        let found = |text: &str| days(text, &['-', '/']).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found("SOHR,2015-01-01,14 shells hit"), ["2015-01-01"]);
        assert_eq!(found("https://a.example/2023/05/11/clash"), ["2023-05-11"]);
        assert_eq!(found("https://a.example/12023-05-111/x-2023-13-01"), Vec::<String>::new());
        assert_eq!(found("a-b-c 10-2023-05-09."), ["2023-05-09"]);
    }
}
