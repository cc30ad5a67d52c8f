//! schema.org as JSON-LD: a `Claim` for each claim that stands, and a `ClaimReview` as the record of how the claims on a question
//! go together.
//!
//! A review carries a rating, and readers take a rating for a judgement. So the rating here has no number and no scale, only a word
//! about the answers (`conflict`, `compatible`, ...), the entries that it rests on, and what it is about: how the answers go
//! together, and not whether they are true.

use sayso_core::event::{Attribution, Citation, Claim};
use sayso_core::number::Number;
use sayso_core::text::Url;
use sayso_core::time::Edtf;
use sayso_core::value::Value as Claimed;
use sayso_core::views::Verdict;
use serde_json::{Map, Value, json};

use crate::dates;
use crate::material::{Material, Question, Statement};
use crate::words;

/// What a date is that is no plain day, month, year or moment.
const EDTF: &str = "http://id.loc.gov/datatypes/edtf/EDTF";
/// What every rating is about.
const ASPECT: &str = "How the answers of the sources to one question go together in this ledger. It says nothing about which of them is right.";
/// Whole numbers that every reader of JSON keeps exactly.
const EXACT: u64 = 1 << 53;

/// What becomes of the claims on a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A `Claim` each.
    Claims,
    /// A `ClaimReview` round them where several answers were held against one another; else a `Claim` each.
    Reviews,
}

/// One JSON-LD document, one claim or review a line.
#[must_use]
pub fn document(material: &Material<'_>, shape: Shape) -> String {
    let mut nodes: Vec<String> = Vec::new();
    for question in &material.questions {
        let (parties, nobody): (Vec<&Statement<'_>>, Vec<_>) =
            question.statements.iter().partition(|s| s.party().is_some());
        let claims = |of: &[&Statement<'_>]| -> Vec<Value> {
            of.iter().filter_map(|s| Some(claim(material, question, s, s.claim()?))).collect()
        };
        let held = claims(&parties);
        if shape == Shape::Reviews && is_reviewed(question.row.verdict) && !held.is_empty() {
            nodes.push(review(material, question, held).to_string());
        } else {
            nodes.extend(held.iter().map(ToString::to_string));
        }
        // What nobody named answers for counts in no verdict, so it is under no review.
        nodes.extend(claims(&nobody).iter().map(ToString::to_string));
    }
    let nodes = nodes.join(",\n");
    safe_in_html(&format!("{{\"@context\":\"https://schema.org\",\"@graph\":[\n{nodes}\n]}}\n"))
}

/// The same JSON in letters that end no `<script>`: that is where it is put. They stand in texts only, where JSON can spell them out.
fn safe_in_html(document: &str) -> String {
    let mut safe = String::with_capacity(document.len());
    for c in document.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

/// Whether answers were held against one another.
fn is_reviewed(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Conflict
        | Verdict::Denied
        | Verdict::Inconsistent
        | Verdict::NotCompared
        | Verdict::Compatible
        | Verdict::Agreement => true,
        Verdict::OneSource
        | Verdict::UnattributedOnly
        | Verdict::Declined
        | Verdict::NothingStands
        | Verdict::NothingRecorded => false,
    }
}

fn review(material: &Material<'_>, question: &Question<'_>, claims: Vec<Value>) -> Value {
    let row = question.row;
    let findings: Vec<String> = row.findings.iter().map(words::finding).chain(words::untold(row)).collect();
    let known_since = question.statements.iter().filter(|s| s.party().is_some()).map(|s| s.known_since).max();
    let mut said: Vec<String> = (question.statements.iter())
        .filter_map(|s| Some(format!("{}: {}", s.party()?, words::value(s.claim()?))))
        .collect();
    said.dedup();
    let mut node = object(&[
        ("@type", json!("ClaimReview")),
        ("claimReviewed", json!(format!("{}. {}", words::question(row), said.join("; ")))),
        ("itemReviewed", Value::Array(claims)),
        ("reviewAspect", json!(ASPECT)),
        ("reviewBody", json!(material.clocks())),
    ]);
    let mut rating = object(&[("@type", json!("Rating")), ("alternateName", json!(row.verdict.as_str()))]);
    if !findings.is_empty() {
        rating.insert("ratingExplanation".into(), json!(findings.join("\n")));
    }
    node.insert("reviewRating".into(), Value::Object(rating));
    if let Some(name) = &material.name {
        node.insert("author".into(), named("Organization", name));
    }
    if let Some(known) = known_since {
        node.insert("datePublished".into(), json!(known.to_string()));
    }
    Value::Object(node)
}

fn claim(material: &Material<'_>, question: &Question<'_>, statement: &Statement<'_>, claim: &Claim) -> Value {
    let (by, index) = (&claim.by, statement.index);
    let said = format!("{}: {}", words::question(question.row), words::value(claim));
    let mut node = object(&[
        ("@type", json!("Claim")),
        ("@id", json!(format!("urn:sayso:{}:{index}", material.ledger))),
        ("name", json!(format!("{} {}: {said}", statement.cell.source, claim.act.as_str()))),
        ("about", named("Thing", question.row.question.subject.as_str())),
        ("mainEntity", answer(question.row.question.predicate.as_str(), claim)),
        ("datePublished", date(by.stated.date())),
    ]);
    let hash = property("BLAKE3 hash of the entry", &statement.hash.to_string());
    let id = statement.id.as_ref().map(|id| json!(id.to_string()));
    node.insert("identifier".into(), Value::Array([hash].into_iter().chain(id).collect()));
    node.extend(author(statement, by));
    let mut put = |name: &str, text: Option<String>| node.extend(text.map(|t| (name.to_owned(), json!(t))));
    put("text", claim.quote.as_ref().map(ToString::to_string));
    put("inLanguage", claim.by.lang.as_ref().map(ToString::to_string));
    put("temporalCoverage", claim.occurred.as_ref().map(ToString::to_string));
    put("description", Some(words::remarks(statement).join(" ")).filter(|t| !t.is_empty()));
    let tags: Vec<String> = statement.event.tags.iter().map(ToString::to_string).collect();
    if !tags.is_empty() {
        node.insert("keywords".into(), json!(tags));
    }
    let mut works: Vec<Map<String, Value>> = statement.event.citations.iter().map(work).collect();
    // Who carried it is known of the claim. Of several works nobody can tell which one that is, so it is one more.
    let alone = if let [one] = works.as_slice() { Some(one.clone()) } else { None };
    let carrier = carried(alone.clone().unwrap_or_else(|| object(&[("@type", json!("CreativeWork"))])), by);
    match alone {
        Some(_) => works = vec![carrier],
        None if !by.via.is_empty() || by.published.is_some() => works.push(carrier),
        None => {}
    }
    if !works.is_empty() {
        node.insert("appearance".into(), Value::Array(works.into_iter().map(Value::Object).collect()));
    }
    node.extend(statement.first.as_ref().map(|c| ("firstAppearance".to_owned(), Value::Object(work(c)))));
    Value::Object(node)
}

/// Who is answerable, with the organ spoken for; and who spoke. Nobody, where nobody is named.
fn author(statement: &Statement<'_>, by: &Attribution) -> Vec<(String, Value)> {
    let mut parts = Vec::new();
    if let Some(party) = statement.party() {
        let mut author = object(&[("@type", json!("Organization")), ("name", json!(party.as_str()))]);
        author.extend(by.body.as_ref().map(|body| ("department".to_owned(), named("Organization", body.as_str()))));
        parts.push(("author".to_owned(), Value::Object(author)));
    }
    parts.extend(by.speaker.as_ref().map(|speaker| ("contributor".to_owned(), named("Person", speaker.as_str()))));
    parts
}

/// The answer to the question: the predicate as a property, with its value or its bounds.
fn answer(predicate: &str, claim: &Claim) -> Value {
    let mut node = object(&[("@type", json!("PropertyValue")), ("propertyID", json!(predicate))]);
    let mut put = |name: &str, value: Value| drop(node.insert(name.to_owned(), value));
    match &claim.value {
        Claimed::Quantity(bounds) => match bounds.exact() {
            Some(exact) => put("value", number(exact)),
            None => {
                bounds.min().into_iter().for_each(|min| put("minValue", number(min)));
                bounds.max().into_iter().for_each(|max| put("maxValue", number(max)));
            }
        },
        Claimed::YesNo(yes) => put("value", json!(yes)),
        // An estimate as a number would be taken for a count.
        Claimed::Approx(_) | Claimed::Text(_) => put("value", json!(claim.value.to_string())),
        Claimed::Date(d) => put("value", date(d)),
        Claimed::Unknown => put("description", json!("There is a value, and the source did not give it.")),
        Claimed::None => put("description", json!("The source says that there is none.")),
    }
    if let Some(unit) = &claim.unit {
        put("unitText", json!(unit.as_str()));
    }
    Value::Object(node)
}

/// A number, as a number where every reader keeps it exactly, else as text.
fn number(n: Number) -> Value {
    let text = n.to_string();
    match text.parse::<i64>() {
        Ok(whole) if whole.unsigned_abs() <= EXACT => json!(whole),
        _ => json!(text),
    }
}

/// A date as ISO 8601 has it; with its doubts and gaps, as EDTF, and saying so.
fn date(date: &Edtf) -> Value {
    match dates::plain(date) {
        Some(plain) => json!(plain),
        None => json!({"@type": EDTF, "@value": date.to_string()}),
    }
}

/// Where it can be read.
fn work(citation: &Citation) -> Map<String, Value> {
    let mut node = object(&[("@type", json!("CreativeWork"))]);
    let mut put = |name: &str, text: Option<String>| node.extend(text.map(|t| (name.to_owned(), json!(t))));
    // Pages make links of these: an address of another kind could be a script.
    let web = |url: &Url| Some(url.to_string()).filter(|url| words::is_web(url));
    put("url", citation.url().and_then(web));
    put("archivedAt", citation.archived().and_then(web));
    put("text", citation.exact().map(ToString::to_string));
    if let Some(file) = citation.file() {
        node.insert("identifier".into(), property("BLAKE3 hash of the captured file", &file.to_string()));
    }
    node
}

/// Adds who carried it, and when they ran it.
fn carried(mut node: Map<String, Value>, by: &Attribution) -> Map<String, Value> {
    let carriers: Vec<Value> = by.via.iter().map(|via| named("Organization", via.as_str())).collect();
    if !carriers.is_empty() {
        node.insert("publisher".into(), Value::Array(carriers));
    }
    node.extend(by.published.as_ref().map(|d| ("datePublished".to_owned(), date(d))));
    node
}

fn property(what: &str, value: &str) -> Value {
    json!({"@type": "PropertyValue", "propertyID": what, "value": value})
}

fn named(kind: &str, name: &str) -> Value {
    json!({"@type": kind, "name": name})
}

fn object(parts: &[(&str, Value)]) -> Map<String, Value> {
    parts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::safe_in_html;

    #[test]
    fn no_text_ends_a_script() {
        let document = "{\"text\":\"</script><script>a&b\u{2028}\"}";
        let safe = safe_in_html(document);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']), "{safe}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&safe), read(document));
    }
}
