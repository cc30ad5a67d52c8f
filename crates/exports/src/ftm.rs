//! FollowTheMoney, as statements in CSV: each party as a `LegalEntity`, and each claim and stance as an `Event`, the event of
//! saying it, in which the party is involved. Nothing is stated about the world: a count of wounded is what somebody said.
//!
//! The columns are those that the Python package `followthemoney` reads and writes.

use std::collections::BTreeSet;

use sayso_core::text::Name;
use sayso_core::time::Instant;
use sha1::{Digest, Sha1};

use crate::dates::{self, Prefixed};
use crate::material::{Material, Question, Statement};
use crate::words;

const COLUMNS: [&str; 14] = [
    "canonical_id",
    "entity_id",
    "prop",
    "prop_type",
    "schema",
    "value",
    "dataset",
    "origin",
    "lang",
    "original_value",
    "external",
    "first_seen",
    "last_seen",
    "id",
];
/// Digits of the ledger's identity that stand in names: enough to keep two ledgers apart.
const IDENTITY: usize = 12;

/// All statements, with a header.
///
/// # Errors
/// [`csv::Error`], which writing to memory does not give.
pub fn statements(material: &Material<'_>) -> Result<String, csv::Error> {
    let ledger: String = material.ledger.chars().take(IDENTITY).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    // Names of data sets may have no hyphen, and names of entities no underscore.
    let (dataset, prefix) = (format!("sayso_{ledger}"), format!("sayso-{ledger}"));
    let mut sheet = Sheet { writer, dataset, prefix, parties: BTreeSet::new() };
    for question in &material.questions {
        for statement in &question.statements {
            sheet.said(question, statement)?;
        }
    }
    let bytes = sheet.writer.into_inner().map_err(|e| e.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Sheet {
    writer: csv::Writer<Vec<u8>>,
    dataset: String,
    /// What the names of all entities begin with.
    prefix: String,
    /// Parties that are there already.
    parties: BTreeSet<Name>,
}

/// The entity that statements are about, and where they come from.
struct Entity {
    id: String,
    schema: &'static str,
    origin: String,
    seen: String,
    there: BTreeSet<(&'static str, String)>,
}

impl Sheet {
    /// A claim or a stance.
    fn said(&mut self, question: &Question<'_>, statement: &Statement<'_>) -> Result<(), csv::Error> {
        let Some(by) = statement.event.content.attribution() else { return Ok(()) };
        let seen = seen(statement.known_since);
        let mut entity = Entity {
            id: format!("{}-{}", self.prefix, statement.index),
            schema: "Event",
            origin: format!("#{}", statement.index),
            seen,
            there: BTreeSet::new(),
        };
        let party = statement.party().map(|party| self.party(party, &entity)).transpose()?;
        self.entity(&mut entity)?;
        self.add(&mut entity, ("name", "name"), &words::question(question.row), None)?;
        let Prefixed { parts, written } = dates::prefixed(&by.stated);
        for (prop, value) in parts {
            self.add(&mut entity, (prop, "date"), &value, written.as_deref())?;
        }
        if let Some(party) = party {
            self.add(&mut entity, ("involved", "entity"), &party, None)?;
        }
        match (statement.claim(), statement.stance) {
            (Some(claim), _) => {
                self.add(&mut entity, ("summary", "text"), &words::value(claim), None)?;
                if let Some(quote) = &claim.quote {
                    self.add(&mut entity, ("description", "text"), quote.as_str(), None)?;
                }
            }
            (None, Some(stance)) => self.add(&mut entity, ("summary", "text"), &words::stance(stance), None)?,
            (None, None) => {}
        }
        for note in notes(statement) {
            self.add(&mut entity, ("notes", "text"), &note, None)?;
        }
        for via in &by.via {
            self.add(&mut entity, ("publisher", "string"), via.as_str(), None)?;
        }
        for citation in &statement.event.citations {
            // Other schemes are no addresses there.
            let web =
                [citation.url(), citation.archived()].into_iter().flatten().find(|url| words::is_web(url.as_str()));
            if let Some(url) = web {
                self.add(&mut entity, ("sourceUrl", "url"), url.as_str(), None)?;
            }
        }
        for tag in &statement.event.tags {
            self.add(&mut entity, ("keywords", "string"), tag.as_str(), None)?;
        }
        if let Some(id) = &statement.id {
            self.add(&mut entity, ("recordId", "string"), id.as_str(), None)?;
        }
        self.add(&mut entity, ("recordId", "string"), &statement.hash.to_string(), None)
    }

    /// The party's id; the party itself is written where it is first met.
    fn party(&mut self, party: &Name, met: &Entity) -> Result<String, csv::Error> {
        let digest: String = hex(party.as_str()).chars().take(16).collect();
        let id = format!("{}-party-{digest}", self.prefix);
        if self.parties.insert(party.clone()) {
            let Entity { origin, seen, .. } = met;
            let (origin, seen) = (origin.clone(), seen.clone());
            let mut entity = Entity { id: id.clone(), schema: "LegalEntity", origin, seen, there: BTreeSet::new() };
            self.entity(&mut entity)?;
            self.add(&mut entity, ("name", "name"), party.as_str(), None)?;
        }
        Ok(id)
    }

    /// That the entity is there.
    fn entity(&mut self, entity: &mut Entity) -> Result<(), csv::Error> {
        let id = entity.id.clone();
        self.add(entity, ("id", "id"), &id, None)
    }

    /// One statement, unless it is there already. `written`: the value as it was, where it had to be changed.
    fn add(
        &mut self,
        entity: &mut Entity,
        (prop, prop_type): (&'static str, &'static str),
        value: &str,
        written: Option<&str>,
    ) -> Result<(), csv::Error> {
        if value.is_empty() || !entity.there.insert((prop, value.to_owned())) {
            return Ok(());
        }
        // A statement is known by this digest in every tool of the family.
        let id = hex(&format!("{}.{}.{prop}.{value}", self.dataset, entity.id));
        let Entity { id: entity_id, schema, origin, seen, .. } = entity;
        self.writer.write_record([
            entity_id.as_str(),
            entity_id,
            prop,
            prop_type,
            schema,
            value,
            &self.dataset,
            origin,
            "",
            written.unwrap_or_default(),
            "f",
            seen,
            seen,
            &id,
        ])
    }
}

/// What has no property of its own.
fn notes(statement: &Statement<'_>) -> Vec<String> {
    let mut notes = words::remarks(statement);
    if let Some(by) = statement.event.content.attribution() {
        notes.extend(by.speaker.as_ref().map(|s| format!("Speaker: {s}.")));
        notes.extend(by.body.as_ref().map(|b| format!("For: {b}.")));
    }
    let occurred = statement.claim().and_then(|c| c.occurred.as_ref());
    notes.extend(occurred.map(|d| format!("Occurred: {d}.")));
    notes
}

/// A time as these readers have it: UTC, to the second, without saying so.
fn seen(at: Instant) -> String {
    at.to_string().chars().take_while(|c| !matches!(c, '.' | 'Z')).collect()
}

fn hex(text: &str) -> String {
    Sha1::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}
