//! The mapping language: a TOML file that says how the rows of a sheet become events. `docs/mapping.md` describes it for people.

mod field;
mod rule;
mod section;

use std::collections::HashMap;
use std::fmt;

use sayso_core::time::TimeZone;
use toml::de::DeTable;

use crate::condition::Condition;
use crate::filter::Lookups;
use crate::sheet::{Format, SheetOptions};
use crate::template::Template;

pub(crate) use field::{Field, Kind};
pub(crate) use rule::{Given, Many, Melt, Of, Replacement, Rule, Split, Text, quoted};
pub use section::Problem;
pub(crate) use section::nearest;
use section::{Item, Problems, Section};

/// A checked mapping.
#[derive(Debug)]
pub struct Mapping {
    pub(crate) name: String,
    pub(crate) options: SheetOptions,
    pub(crate) optional: Vec<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) imported_clock: bool,
    pub(crate) by_recorded: bool,
    pub(crate) names: Names,
    pub(crate) lookups: Lookups,
    pub(crate) skips: Vec<Skip>,
    pub(crate) rules: Vec<Rule>,
}

/// Rows of which nothing is made.
#[derive(Debug)]
pub(crate) struct Skip {
    pub(crate) when: Condition,
    pub(crate) why: String,
}

/// The columns that a mapping names, numbered.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<String>);

impl Names {
    pub(crate) fn number(&mut self, name: &str) -> usize {
        self.0.iter().position(|n| n == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        })
    }

    pub(crate) fn all(&self) -> &[String] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Everything that is wrong with a mapping file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// The file's name.
    pub name: String,
    /// What is wrong, by line.
    pub problems: Vec<Problem>,
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Problem { line, key, message }) in self.problems.iter().enumerate() {
            let between = if n > 0 { "\n" } else { "" };
            let key = if key.is_empty() { String::new() } else { format!("`{key}` ") };
            write!(f, "{between}{}:{line}: {key}{message}", self.name)?;
        }
        Ok(())
    }
}

impl std::error::Error for MappingError {}

/// What loading a mapping carries along.
pub(super) struct Loading<'a> {
    problems: &'a Problems<'a>,
    names: Names,
    lookups: &'a Lookups,
    /// The tables `[condition.NAME]`.
    conditions: Vec<(&'a str, Item<'a>)>,
    imported_clock: bool,
    wants_all: bool,
}

impl Loading<'_> {
    fn template(&mut self, item: &Item<'_>) -> Option<Template> {
        let text = item.text()?;
        self.template_of(&text, item)
    }

    fn template_of(&mut self, text: &str, item: &Item<'_>) -> Option<Template> {
        let template = Template::parse(text, &mut self.names, self.lookups);
        template.map_err(|e| self.problems.add(item.line(), &item.path, e)).ok()
    }
}

impl Mapping {
    /// Reads a mapping. `name` is that of its file, for messages.
    ///
    /// # Errors
    /// [`MappingError`], with everything that is wrong.
    pub fn parse(text: &str, name: &str) -> Result<Self, MappingError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let failed = |problems| MappingError { name: name.to_owned(), problems };
        let problems = Problems::new(text);
        let document = DeTable::parse(text).map_err(|e| {
            let line = e.span().map_or(1, |span| problems.line_at(span.start));
            let message = format!("this is not TOML: {}", e.message().replace('\n', "; "));
            failed(vec![Problem { line, key: String::new(), message }])
        })?;
        let root = Section::new("", 1, document.get_ref(), &problems);
        let mapping = Self::load(name, &root, &problems);
        let found = problems.into_found();
        if found.is_empty() { Ok(mapping) } else { Err(failed(found)) }
    }

    fn load<'a>(name: &str, root: &Section<'a>, problems: &'a Problems<'a>) -> Self {
        let mut lookups = Lookups::default();
        for (table, item) in root.take("lookup").and_then(|i| i.table()).iter().flat_map(Section::items) {
            let entries = item.table().map(|t| t.items()).unwrap_or_default();
            let entries: HashMap<String, String> =
                entries.into_iter().filter_map(|(key, item)| Some((key.to_owned(), item.text()?))).collect();
            lookups.insert(table, entries);
        }
        let mut mapping = Self {
            name: name.to_owned(),
            options: SheetOptions::default(),
            optional: vec![],
            timezone: None,
            imported_clock: false,
            by_recorded: false,
            names: Names::default(),
            lookups,
            skips: vec![],
            rules: vec![],
        };
        if let Some(section) = root.take("sheet").and_then(|i| i.table()) {
            mapping.load_sheet(&section);
        }
        let every = root.take("every").and_then(|i| i.table());
        let mut loading = Loading {
            problems,
            names: Names::default(),
            lookups: &mapping.lookups,
            conditions: root.take("condition").and_then(|i| i.table()).map(|t| t.items()).unwrap_or_default(),
            imported_clock: mapping.imported_clock,
            wants_all: false,
        };
        for section in root.take("skip").map(|i| i.tables()).unwrap_or_default() {
            let when = section.take("when").and_then(|i| rule::condition(&i, &mut loading));
            let why = section.take("why").and_then(|i| i.text());
            section.finish(&["when", "why"]);
            match (when, why) {
                (Some(when), Some(why)) => mapping.skips.push(Skip { when, why }),
                _ => section.problem("needs `when` and `why`: which rows are left out, and the reason"),
            }
        }
        let mut rules = Vec::new();
        for kind in Kind::ALL {
            for section in root.take(kind.as_str()).map(|i| i.tables()).unwrap_or_default() {
                rules.push(rule::load(kind, &section, every.as_ref(), &mut loading));
            }
        }
        // As they stand in the file, whatever their kinds: that is the order of the events of a row.
        rules.sort_by_key(|r| r.line);
        if let Some(every) = &every {
            let known: Vec<&str> = Kind::ALL.into_iter().flat_map(Kind::fields).collect();
            // Each rule may give its own.
            known.iter().for_each(|field| drop(every.take(field)));
            every.finish(&known);
        }
        let kinds = Kind::ALL.map(Kind::as_str);
        root.finish(&[&["sheet", "lookup", "condition", "every", "skip"][..], &kinds].concat());
        if rules.is_empty() {
            root.problem("there is no rule: a mapping needs at least one [[claim]]");
        }
        let wants_all = loading.wants_all;
        mapping.names = loading.names;
        mapping.rules = rules;
        mapping.options.wanted = (!wants_all).then(|| mapping.names.all().to_vec());
        mapping.check_names(problems);
        mapping
    }

    fn load_sheet(&mut self, section: &Section<'_>) {
        let options = &mut self.options;
        if let Some(item) = section.take("format") {
            options.format = item.text().and_then(|text| {
                Format::named(&text).or_else(|| {
                    item.problem("must be \"csv\", \"tsv\", \"json\" or \"jsonl\"");
                    None
                })
            });
        }
        if let Some(item) = section.take("delimiter") {
            let one = item.text().filter(|t| t.len() == 1).and_then(|t| t.bytes().next());
            if one.is_none() {
                item.problem("must be one character, such as \";\" or \"\\t\"");
            }
            options.delimiter = one;
        }
        if let Some(item) = section.take("encoding") {
            options.encoding = item.text().and_then(|label| {
                let encoding = encoding_rs::Encoding::for_label(label.as_bytes());
                if encoding.is_none() {
                    item.problem(format!(
                        "`{label}` is not known; write utf-8, utf-16, windows-1252, windows-1251 or the like"
                    ));
                }
                encoding
            });
        }
        options.skip_lines = section.take("skip_lines").and_then(|i| i.number()).unwrap_or_default();
        options.ragged = section.take("ragged").and_then(|i| i.flag()).unwrap_or_default();
        options.empty = section.take("empty").map(|i| i.texts()).unwrap_or_default();
        self.optional = section.take("optional_columns").map(|i| i.texts()).unwrap_or_default();
        if let Some(item) = section.take("timezone") {
            self.timezone = item.text();
            if let Some(Err(e)) = self.timezone.as_deref().map(str::parse::<TimeZone>) {
                item.problem(format!("{e}"));
            }
        }
        if let Some(item) = section.take("clock") {
            match item.text().as_deref() {
                Some("imported") => self.imported_clock = true,
                Some("own") | None => {}
                Some(_) => item.problem("must be \"imported\" (the times under `recorded` count) or \"own\" (the ledger's, as if it were absent)"),
            }
        }
        if let Some(item) = section.take("order") {
            match item.text().as_deref() {
                Some("recorded") => self.by_recorded = true,
                Some("file") | None => {}
                Some(_) => {
                    item.problem("must be \"file\" (as the rows stand) or \"recorded\" (by their recorded times)")
                }
            }
        }
        section.finish(&[
            "format",
            "delimiter",
            "encoding",
            "skip_lines",
            "ragged",
            "empty",
            "optional_columns",
            "timezone",
            "clock",
            "order",
        ]);
    }

    /// Corrections name claim rules that exist, and names are not given twice.
    fn check_names(&self, problems: &Problems<'_>) {
        let named = |name: &str| self.rules.iter().filter(|r| r.name.as_deref() == Some(name)).collect::<Vec<_>>();
        for rule in &self.rules {
            if let Some(name) = &rule.name
                && named(name).len() > 1
            {
                problems.add(
                    rule.line,
                    &format!("{}.name", rule.kind.as_str()),
                    format!("`{name}` is given to two rules"),
                );
            }
            if let Some(Replacement::Named(name)) = &rule.replacement
                && !named(name).iter().any(|r| r.kind == Kind::Claim && r.columns.is_none())
            {
                let why = format!("there is no [[claim]] rule without `columns` that has name = \"{name}\"");
                problems.add(rule.line, "correction.replacement", why);
            }
        }
    }

    /// How the file is to be read.
    #[must_use]
    pub fn options(&self) -> &SheetOptions {
        &self.options
    }

    /// Whether the recorded times of the sheet count.
    #[must_use]
    pub fn has_imported_clock(&self) -> bool {
        self.imported_clock
    }

    /// Whether events are to be ordered by their recorded times.
    #[must_use]
    pub fn is_by_recorded(&self) -> bool {
        self.by_recorded
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.name.as_deref() == Some(name))
    }
}
