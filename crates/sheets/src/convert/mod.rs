//! Rows into drafts: every row goes through every rule of a mapping.

mod figures;
mod make;
mod value;

use std::collections::{HashMap, HashSet};

use sayso_core::exchange::{Draft, FieldError};
use sayso_core::time::TimeZone;

use figures::Tallies;
pub use figures::WordsAmongFigures;

use crate::filter::shown;
use crate::mapping::{Given, Kind, Mapping, Melt, Rule, nearest};
use crate::sheet::{Columns, Format, Row, Sheet, SheetError};
use crate::template::{Context, FillError, What};

/// Where an event or an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number of the row.
    pub row: u64,
    /// The line of the file on which the row begins.
    pub line: Option<u64>,
}

/// What became of the rows of a sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read, those with errors included.
    pub rows: u64,
    /// Rows without any text; they are not among the rows read.
    pub blank: u64,
    /// Rows that a `[[skip]]` left out, by its reason.
    pub skipped: Vec<(String, u64)>,
    /// Rows of which no rule made anything.
    pub unused: u64,
    /// The first of them.
    pub unused_rows: Vec<u64>,
    /// Cells that came in as words, in columns of figures.
    pub words: Vec<WordsAmongFigures>,
    /// Events that were not made because their value is empty.
    pub empty: u64,
    /// Events that were not made because an earlier row had made them (`once`).
    pub again: u64,
    /// Events of each kind.
    pub events: Vec<(&'static str, u64)>,
}

/// Rows of which no rule made anything, that are named.
const UNUSED_SHOWN: usize = 5;

/// A draft, and what it was made by.
#[derive(Debug)]
struct Made {
    /// Not yet checked.
    draft: Draft,
    rule: usize,
    melted: Option<usize>,
}

/// A row that does not fit its rule.
pub(crate) struct Trouble {
    what: Vec<What>,
    message: String,
}

impl From<FillError> for Trouble {
    fn from(e: FillError) -> Self {
        Self { what: vec![e.what], message: e.message }
    }
}

/// Takes the rows of one sheet through a mapping.
pub struct Converter<'m> {
    mapping: &'m Mapping,
    file: String,
    zone: TimeZone,
    /// Where each column that the mapping names stands.
    places: Vec<Option<usize>>,
    /// For each rule that melts columns, which they are.
    melts: Vec<Vec<usize>>,
    /// How many columns the sheet had when those were looked up.
    resolved: Option<usize>,
    /// The ids of events that later rows point at.
    remembered: HashMap<String, String>,
    made_once: HashSet<String>,
    tallies: Tallies,
    counts: Counts,
}

impl<'m> Converter<'m> {
    /// A converter for one file. `zone`: for dates without one, where the mapping has none.
    #[must_use]
    pub fn new(mapping: &'m Mapping, file: &str, zone: TimeZone) -> Self {
        let name = std::path::Path::new(file).file_name().unwrap_or_default().to_string_lossy();
        let file = name.split('.').find(|part| !part.is_empty()).unwrap_or_default().to_owned();
        let counts = Counts {
            skipped: mapping.skips.iter().map(|s| (s.why.clone(), 0)).collect(),
            events: Kind::ALL.iter().map(|k| (k.as_str(), 0)).collect(),
            ..Counts::default()
        };
        let zone = mapping.timezone.as_deref().and_then(|z| z.parse().ok()).unwrap_or(zone);
        Self {
            mapping,
            file,
            zone,
            places: vec![],
            melts: vec![],
            resolved: None,
            remembered: HashMap::new(),
            made_once: HashSet::new(),
            tallies: Tallies::default(),
            counts,
        }
    }

    /// Takes every row of a sheet. `check` makes of a draft what the caller wants; `take` gets it, or what is wrong in words.
    ///
    /// # Errors
    /// [`SheetError`] where the sheet cannot be read any further, or lacks columns that the mapping names. What is wrong with single
    /// rows goes to `take`.
    pub fn run<T>(
        mut self,
        mut sheet: Sheet<'_>,
        mut check: impl FnMut(Draft) -> Result<T, FieldError>,
        mut take: impl FnMut(Place, Result<T, String>),
    ) -> Result<Counts, SheetError> {
        if matches!(sheet.format(), Format::Csv | Format::Tsv) {
            self.check_columns(&sheet)?;
        }
        let mut row = Row::default();
        let (mut made, mut whole) = (Vec::new(), 0);
        loop {
            match sheet.next_row(&mut row) {
                Ok(true) => {}
                Ok(false) => break,
                Err(SheetError::Row { row, line, message }) => {
                    self.counts.rows += 1;
                    take(Place { row, line }, Err(format!("row {row} {message}")));
                    continue;
                }
                Err(e) => return Err(e),
            }
            self.counts.rows += 1;
            whole += 1;
            self.resolve(sheet.columns());
            let place = Place { row: row.number(), line: row.line() };
            self.convert(&row, sheet.columns(), &mut made);
            for made in made.drain(..) {
                let done = made.and_then(|made| {
                    let (rule, melted) = (made.rule, made.melted);
                    check(made.draft).map_err(|e| self.explain(rule, melted, &e, &row, sheet.columns()))
                });
                take(place, done);
            }
        }
        // Of rows that could not be read nobody knows what they have.
        if whole > 0 {
            self.check_columns(&sheet)?;
        }
        self.counts.blank = sheet.blank();
        self.counts.words = self.tallies.words(sheet.columns());
        Ok(self.counts)
    }

    /// Refuses a sheet without the columns that the mapping names: a name written wrongly would otherwise be an empty cell for ever.
    fn check_columns(&self, sheet: &Sheet<'_>) -> Result<(), SheetError> {
        let never = sheet.never_seen();
        let has = |name: &String| {
            self.mapping.optional.contains(name)
                || (sheet.columns().place(name).is_some() && !never.contains(&name.as_str()))
        };
        let known: Vec<&str> =
            sheet.columns().names().iter().map(String::as_str).filter(|n| !never.contains(n)).collect();
        let absent: Vec<String> = (self.mapping.names.all().iter().filter(|n| !has(n)))
            .map(|name| match nearest(name, &known) {
                Some(near) => format!("`{name}` (did you mean `{near}`?)"),
                None => format!("`{name}`"),
            })
            .collect();
        if absent.is_empty() {
            return Ok(());
        }
        let mut message = format!(
            "there is no column {}, which {} names. If a file may lack it, list it as optional_columns under [sheet].",
            absent.join(", "),
            self.mapping.name
        );
        if !known.is_empty() {
            message.push_str(&format!(" The columns are: {}", known.join(", ")));
        }
        Err(SheetError::File { line: None, message })
    }

    /// Finds the places of columns, again whenever there are more of them.
    fn resolve(&mut self, columns: &Columns) {
        let count = columns.names().len();
        if self.resolved == Some(count) {
            return;
        }
        self.resolved = Some(count);
        self.places = self.mapping.names.all().iter().map(|n| columns.place(n)).collect();
        let melt = |rule: &Rule| match &rule.columns {
            None => vec![],
            Some(Melt::These(numbers)) => {
                numbers.iter().filter_map(|n| self.places.get(*n).copied().flatten()).collect()
            }
            Some(Melt::Except(names)) => {
                (0..count).filter(|at| columns.names().get(*at).is_some_and(|n| !names.contains(n))).collect()
            }
        };
        self.melts = self.mapping.rules.iter().map(melt).collect();
    }

    /// One row through all rules.
    fn convert(&mut self, row: &Row, columns: &Columns, out: &mut Vec<Result<Made, String>>) {
        let mapping = self.mapping;
        let before = (out.len(), self.counts.empty, self.counts.again);
        for (n, skip) in mapping.skips.iter().enumerate() {
            match skip.when.holds(&self.context(row)) {
                Ok(false) => {}
                Ok(true) => {
                    if let Some((_, count)) = self.counts.skipped.get_mut(n) {
                        *count += 1;
                    }
                    return;
                }
                Err(e) => return out.push(Err(self.tell(&e.into(), None, row, columns))),
            }
        }
        for (n, rule) in mapping.rules.iter().enumerate() {
            if rule.columns.is_none() {
                self.apply(n, rule, None, row, columns, out);
                continue;
            }
            for melted in self.melts.get(n).cloned().unwrap_or_default() {
                self.apply(n, rule, Some(melted), row, columns, out);
            }
        }
        if before == (out.len(), self.counts.empty, self.counts.again) {
            self.counts.unused += 1;
            if self.counts.unused_rows.len() < UNUSED_SHOWN {
                self.counts.unused_rows.push(row.number());
            }
        }
    }

    /// One row, or one cell of it, through one rule.
    fn apply(
        &mut self,
        n: usize,
        rule: &'m Rule,
        melted: Option<usize>,
        row: &Row,
        columns: &Columns,
        out: &mut Vec<Result<Made, String>>,
    ) {
        let name = melted.and_then(|at| columns.names().get(at)).map_or("", String::as_str);
        let made = {
            let context = Context { melted: melted.map(|at| (at, name)), ..self.context(row) };
            self.is_for(rule, &context).and_then(|is_for| {
                if !is_for {
                    return Ok(None);
                }
                let draft = self.draft(rule, &context)?;
                if draft.as_ref().is_some_and(|draft| draft.id.is_none()) {
                    rule.expect_no_use_of_id()?;
                }
                let key = rule.remember.as_ref().map(|t| t.fill(&context)).transpose()?.map(|key| key.into_owned());
                Ok(Some((draft, key)))
            })
        };
        match made {
            Ok(None) => {}
            Ok(Some((None, _))) => self.counts.empty += 1,
            Ok(Some((Some(draft), key))) => {
                if rule.once && !draft.id.as_ref().is_none_or(|id| self.made_once.insert(id.clone())) {
                    self.counts.again += 1;
                    return;
                }
                if let Some((key, id)) = key.zip(draft.id.clone()) {
                    self.remembered.insert(key, id);
                }
                if let Some(column) = self.typed_from(rule, melted) {
                    self.tallies.count(n, column, &draft, row);
                }
                if let Some((_, count)) = self.counts.events.iter_mut().find(|(k, _)| *k == rule.kind.as_str()) {
                    *count += 1;
                }
                out.push(Ok(Made { draft, rule: n, melted }));
            }
            Err(trouble) => out.push(Err(self.tell(&trouble, melted, row, columns))),
        }
    }

    /// The column that a rule reads its value from as people type it; of several the last, for a sign stands before its figure.
    fn typed_from(&self, rule: &Rule, melted: Option<usize>) -> Option<usize> {
        let Some(Given::Typed(template)) = &rule.value else { return None };
        let place = |what| match what {
            What::Column(n) => self.places.get(n).copied().flatten(),
            What::Cell => melted,
            _ => None,
        };
        template.sources().filter_map(place).last()
    }

    fn is_for(&self, rule: &Rule, context: &Context<'_>) -> Result<bool, Trouble> {
        let holds =
            |condition: &Option<crate::condition::Condition>| condition.as_ref().map(|c| c.holds(context)).transpose();
        Ok(holds(&rule.when)? != Some(false) && holds(&rule.unless)? != Some(true))
    }

    fn context<'a>(&'a self, row: &'a Row) -> Context<'a> {
        Context { row, places: &self.places, melted: None, item: "", file: &self.file, lookups: &self.mapping.lookups }
    }

    /// What is wrong with a row, with the cells that it comes from.
    fn tell(&self, trouble: &Trouble, melted: Option<usize>, row: &Row, columns: &Columns) -> String {
        let mut cells = Vec::new();
        for what in &trouble.what {
            let place = match what {
                What::Column(n) => self.places.get(*n).copied().flatten(),
                What::Cell | What::ColumnName => melted,
                What::Item | What::RowNumber | What::File => None,
            };
            let cell = match place {
                Some(at) => format!(
                    "column `{}` (\"{}\")",
                    columns.names().get(at).map_or("", String::as_str),
                    shown(row.cell(at)),
                ),
                None => match what {
                    What::Column(n) => {
                        let name = self.mapping.names.all().get(*n).map_or("", String::as_str);
                        format!("column `{name}`, which is not there")
                    }
                    _ => continue,
                },
            };
            if !cells.contains(&cell) {
                cells.push(cell);
            }
        }
        let cells = if cells.is_empty() { String::new() } else { format!(", {}", cells.join(", ")) };
        format!("row {}{cells}: {}", row.number(), trouble.message)
    }

    /// What the core found wrong with a draft, with the cells that the field comes from.
    fn explain(&self, rule: usize, melted: Option<usize>, e: &FieldError, row: &Row, columns: &Columns) -> String {
        let rule = self.mapping.rules.get(rule);
        let (field, message) = (e.field.as_str(), &e.message);
        let inner = field.strip_prefix("replacement.");
        let what = match (rule, inner) {
            (Some(rule), Some(inner)) => self.replacing(rule).map(|named| named.sources(inner)).unwrap_or_default(),
            (Some(rule), None) => rule.sources(field),
            (None, _) => vec![],
        };
        let from = if what.is_empty() {
            rule.map(|r| format!(" ([[{}]] on line {} of {})", r.kind.as_str(), r.line, self.mapping.name))
        } else {
            None
        };
        let trouble = Trouble { what, message: format!("`{field}` {message}{}", from.unwrap_or_default()) };
        self.tell(&trouble, melted, row, columns)
    }
}

#[cfg(test)]
mod tests {
    use sayso_core::exchange::value_to_json;
    use sayso_core::time::Edtf;
    use sayso_core::value::Value;

    use super::*;
    use crate::sheet::SheetOptions;

    #[test]
    fn a_value_date_is_in_the_zone_of_its_rule() {
        for value in ["\"{when}\"", "{ date = \"{when}\" }"] {
            let mapping = format!(
                "[sheet]\ntimezone = \"Europe/Kyiv\"\n[[claim]]\nsource = \"a\"\nsubject = \"b\"\npredicate = \"began\"\n\
                 value = {value}\nstated = \"2023-05-13\"\ntimezone = \"{{zone}}\"\n"
            );
            let mapping = Mapping::parse(&mapping, "m.toml").unwrap();
            let text = "when,zone\n2023-05-12T08:00,Asia/Yerevan\n2023-05-12T08:00,\n";
            let sheet = Sheet::open(text.as_bytes(), "a.csv", &SheetOptions::default()).unwrap();
            let mut made = Vec::new();
            let take = |_, draft: Result<Draft, String>| made.push(draft.unwrap().value.unwrap().to_string());
            Converter::new(&mapping, "a.csv", TimeZone::UTC).run(sheet, Ok, take).unwrap();
            let expected = ["Asia/Yerevan", "Europe/Kyiv"].map(|zone| {
                value_to_json(&Value::Date(Edtf::parse("2023-05-12T08:00", &zone.parse().unwrap()).unwrap()))
                    .to_string()
            });
            assert_eq!(made, expected);
            assert_ne!(made.first(), made.last());
        }
    }
}
