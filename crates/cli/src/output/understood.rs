//! A claim as the ledger understood it, in words: what the typed bounds, dates and names came to.

use sayso_core::event::{Act, Attribution, Citation, Claim, Content, Event};
use sayso_core::text::Label;
use sayso_core::time::{Edtf, Stated};
use sayso_core::value::Value;

use super::table::escape;

/// The lines that show it, a field each.
pub(crate) fn text<R>(event: &Event<R>) -> String {
    let mut fields: Vec<(&str, String)> = Vec::new();
    if let Content::Claim(claim) = &event.content {
        fields.extend(who(&claim.by));
        fields.extend(what(claim));
        fields.push(("stated", stated(&claim.by.stated)));
        fields.extend(claim.by.published.as_ref().map(|d| ("published", date(d, None))));
        fields.extend(claim.occurred.as_ref().map(|d| ("occurred", date(d, None))));
        fields.extend(claim.quote.as_ref().map(|q| ("quote", format!("\"{q}\""))));
    }
    for citation in &event.citations {
        fields.extend(cited(citation));
    }
    fields.extend(event.note.as_ref().map(|n| ("our remark", n.to_string())));
    let tags: Vec<&str> = event.tags.iter().map(|t| t.as_str()).collect();
    fields.extend((!tags.is_empty()).then(|| ("tags", tags.join(", "))));
    fields.extend(event.id.as_ref().map(|id| ("id", id.to_string())));
    fields.iter().map(|(name, text)| format!("  {name:<14} {}\n", escape(text))).collect()
}

fn who(by: &Attribution) -> Vec<(&'static str, String)> {
    let nobody = if by.source.is_unattributed() { " (nobody is named)" } else { "" };
    let mut fields = vec![("source", format!("{}{nobody}", by.source))];
    fields.extend(by.speaker.as_ref().map(|s| ("speaker", s.to_string())));
    fields.extend(by.body.as_ref().map(|b| ("body", b.to_string())));
    let via: Vec<&str> = by.via.iter().map(|v| v.as_str()).collect();
    fields.extend((!via.is_empty()).then(|| ("via", via.join(", "))));
    let translated = if by.translated { ", translated" } else { "" };
    fields.extend(by.lang.as_ref().map(|l| ("language", format!("{l}{translated}"))));
    fields
}

fn what(claim: &Claim) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("subject", claim.question.subject.to_string()),
        ("predicate", claim.question.predicate.to_string()),
        ("value", value(&claim.value, claim.unit.as_ref())),
    ];
    fields.extend((claim.act != Act::Asserts).then(|| ("act", claim.act.as_str().to_owned())));
    fields.extend(claim.modality.as_ref().map(|m| ("how strongly", format!("\"{m}\""))));
    fields
}

/// What will be held against others.
fn value(value: &Value, unit: Option<&Label>) -> String {
    let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    match value {
        Value::Text(words) => format!("the words \"{words}\""),
        Value::YesNo(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Quantity(bounds) => match (bounds.min(), bounds.max()) {
            (Some(a), Some(b)) if a == b => format!("exactly {a}{unit}"),
            (Some(a), Some(b)) => format!("from {a} to {b}{unit}, both included"),
            (Some(a), None) => format!("at least {a}{unit}"),
            (None, Some(b)) => format!("at most {b}{unit}"),
            (None, None) => String::new(), // cannot be built
        },
        Value::Approx(n) => format!("about {n}{unit}"),
        Value::Date(d) => format!("the date {}", date(d, None)),
        Value::Unknown => "unknown: there is a value, and it was not given".into(),
        Value::None => "none: there is no such thing".into(),
    }
}

fn stated(stated: &Stated) -> String {
    match stated.date() {
        Edtf::Moment(_) => format!("{}, which is {}", stated.date(), stated.last_instant()),
        edtf => date(edtf, stated.zone_name()),
    }
}

/// A date with the days that it may mean, where these are more than it says itself.
fn date(date: &Edtf, zone: Option<&str>) -> String {
    let zone = zone.map(|zone| format!(" ({zone})")).unwrap_or_default();
    let doubt = if date.is_qualified() { ", uncertain" } else { "" };
    let days = match date.day_span() {
        (Some(a), Some(b)) if a == b => String::new(),
        (Some(a), Some(b)) => format!(": some time from {a} to {b}"),
        (Some(a), None) => format!(": {a} or later"),
        (None, Some(b)) => format!(": {b} or earlier"),
        (None, None) => String::new(),
    };
    format!("{date}{days}{zone}{doubt}")
}

fn cited(citation: &Citation) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    fields.extend(citation.url().map(|url| ("read at", url.to_string())));
    fields.extend(citation.archived().map(|url| ("archived at", url.to_string())));
    fields.extend(citation.file().map(|hash| ("file", hash.to_string())));
    fields.extend(citation.exact().map(|words| ("exact words", format!("\"{words}\""))));
    fields
}

#[cfg(test)]
mod tests {
    use sayso_core::exchange::parse_value;
    use sayso_core::time::TimeZone;

    use super::*;

    #[test]
    fn bounds_in_words() {
        let people = Label::new("people").unwrap();
        for (typed, expected) in [
            (">200", "at least 201 people"),
            ("<40", "at most 39 people"),
            ("2.50", "exactly 2.5 people"),
            ("12..24", "from 12 to 24 people, both included"),
            ("~2000", "about 2000 people"),
            ("2023-05?", "the date 2023-05?: some time from 2023-05-01 to 2023-05-31, uncertain"),
            ("armenia", "the words \"armenia\""),
            ("true", "yes"),
        ] {
            let (parsed, _) = parse_value(typed, &TimeZone::UTC).unwrap();
            assert_eq!(value(&parsed, Some(&people)), expected, "{typed}");
        }
    }

    #[test]
    fn the_days_that_a_date_may_mean() {
        let yerevan: TimeZone = "Asia/Yerevan".parse().unwrap();
        for (typed, expected) in [
            ("2023-05-12", "2023-05-12 (Asia/Yerevan)"),
            ("2023", "2023: some time from 2023-01-01 to 2023-12-31 (Asia/Yerevan)"),
            ("../2023-05-12", "../2023-05-12: 2023-05-12 or earlier (Asia/Yerevan)"),
            ("2023-05-11~", "2023-05-11~ (Asia/Yerevan), uncertain"),
            ("2023-05-12T02:00:00+04:00", "2023-05-12T02:00:00+04:00, which is 2023-05-11T22:00:00Z"),
        ] {
            let parsed = Stated::new(Edtf::parse(typed, &yerevan).unwrap(), &yerevan).unwrap();
            assert_eq!(stated(&parsed), expected, "{typed}");
        }
    }
}
