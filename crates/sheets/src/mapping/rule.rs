//! A rule: which rows it is for, and how it fills the fields of the event that it makes of each.

use super::Loading;
use super::field::{Field, Kind};
use super::section::{Item, Section, Shape};
use crate::condition::Condition;
use crate::template::Template;

/// A table `[[claim]]`, `[[correction]]`, ... of a mapping.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    /// What a correction calls it by.
    pub(crate) name: Option<String>,
    /// Where it stands in the mapping.
    pub(crate) line: usize,
    pub(crate) when: Option<Condition>,
    pub(crate) unless: Option<Condition>,
    pub(crate) columns: Option<Melt>,
    /// One event for each id, however many rows ask for it.
    pub(crate) once: bool,
    /// Under what later rows find this event.
    pub(crate) remember: Option<Template>,
    pub(crate) texts: Vec<(Field, Text)>,
    pub(crate) via: Option<Many>,
    pub(crate) tags: Option<Many>,
    pub(crate) citations: Vec<Cited>,
    pub(crate) translated: Option<Template>,
    pub(crate) value: Option<Given>,
    pub(crate) of: Option<Of>,
    pub(crate) replacement: Option<Replacement>,
}

/// The columns that a rule makes one event each from.
#[derive(Debug)]
pub(crate) enum Melt {
    /// These, by their numbers among those that the mapping names.
    These(Vec<usize>),
    /// All that the sheet has but these.
    Except(Vec<String>),
}

/// How a text comes about.
#[derive(Debug)]
pub(crate) enum Text {
    Filled(Template),
    /// Two dates: one date if they are the same.
    Between(Template, Template),
}

/// How a list comes about.
#[derive(Debug)]
pub(crate) enum Many {
    Each(Vec<Template>),
    Split(Split),
}

/// A text that is taken apart.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) text: Template,
    pub(crate) by: String,
}

/// How a citation comes about; with `split`, one for each part.
#[derive(Debug, Default)]
pub(crate) struct Cited {
    pub(crate) split: Option<Split>,
    /// url, archived, blake3, exact, prefix, suffix
    pub(crate) parts: [Option<Template>; 6],
}

pub(crate) const CITED: [&str; 6] = ["url", "archived", "blake3", "exact", "prefix", "suffix"];

/// How a value comes about.
#[derive(Debug)]
pub(crate) enum Given {
    /// As people type it on the command line.
    Typed(Template),
    /// Words, whatever they look like.
    Words(Template),
    Approx(Template),
    Date(Template),
    Bounds {
        low: Option<Template>,
        high: Option<Template>,
        best: Option<Template>,
    },
    Unknown,
    None,
}

/// What an event points at.
#[derive(Debug)]
pub(crate) enum Of {
    Id(Template),
    Remembered(Template),
}

/// What a correction puts in an entry's place.
#[derive(Debug)]
pub(crate) enum Replacement {
    /// What the claim rule of this name makes of the row.
    Named(String),
    /// Nothing: it should never have been recorded.
    Withdraw,
}

const OWN: [&str; 6] = ["name", "when", "unless", "columns", "once", "remember"];

/// Reads one rule.
pub(super) fn load(kind: Kind, section: &Section<'_>, every: Option<&Section<'_>>, l: &mut Loading<'_>) -> Rule {
    let fields = kind.fields();
    let take = |field: &str| section.take(field).or_else(|| every.and_then(|e| e.take(field)));
    let own_of_spoken = |field: &str| if fields.contains(&field) { take(field) } else { None };
    let mut texts = Vec::new();
    for field in Field::ALL {
        match own_of_spoken(field.as_str()) {
            Some(item) => texts.extend(text(field, &item, l).map(|t| (field, t))),
            None if field.is_needed(kind) => {
                section.problem(format!("needs `{}`, here or under [every]", field.as_str()));
            }
            None => {}
        }
    }
    let value = own_of_spoken("value").and_then(|item| given(&item, l));
    if kind == Kind::Claim && value.is_none() && section.take("value").is_none() {
        section.problem("needs `value`");
    }
    let of = own_of_spoken("of").and_then(|item| of(&item, l));
    if of.is_none() && matches!(kind, Kind::Retraction | Kind::Correction | Kind::Note) && section.take("of").is_none()
    {
        section.problem("needs `of`: an id, or { remembered = \"...\" }");
    }
    let rule = Rule {
        kind,
        name: section.take("name").and_then(|i| i.text()),
        line: section.line,
        when: section.take("when").and_then(|i| condition(&i, l)),
        unless: section.take("unless").and_then(|i| condition(&i, l)),
        columns: section.take("columns").and_then(|i| melt(&i, l)),
        once: section.take("once").and_then(|i| i.flag()).unwrap_or_default(),
        remember: section.take("remember").and_then(|i| l.template(&i)),
        texts,
        via: own_of_spoken("via").and_then(|i| many(&i, l)),
        tags: own_of_spoken("tags").and_then(|i| many(&i, l)),
        citations: own_of_spoken("citations").map(|i| citations(&i, l)).unwrap_or_default(),
        translated: own_of_spoken("translated").and_then(|i| match i.shape() {
            Shape::Bool(flag) => l.template_of(if flag { "yes" } else { "no" }, &i),
            _ => l.template(&i),
        }),
        value,
        of,
        replacement: replacement(kind, section),
    };
    section.finish(&[&OWN[..], &fields].concat());
    rule.check(section, l);
    rule
}

impl Rule {
    /// What single keys cannot show to be wrong.
    fn check(&self, section: &Section<'_>, l: &Loading<'_>) {
        let has = |field| self.texts.iter().any(|(f, _)| *f == field);
        if (self.once || self.remember.is_some()) && !has(Field::Id) {
            section.problem("needs an `id`, because of `once` or `remember`: later rows point at it by its id");
        }
        if has(Field::Recorded) && !l.imported_clock {
            section.problem(
                "has `recorded`, so the sheet's own times are to count: say so with clock = \"imported\" under [sheet], and import into a fresh ledger",
            );
        }
        if self.kind == Kind::Stance && self.of.is_some() == (has(Field::Subject) && has(Field::Predicate)) {
            section.problem(
                "needs either `of` or `subject` with `predicate`: a stance is taken on a claim or on a question",
            );
        }
        if self.kind == Kind::Correction && self.replacement.is_none() {
            section.problem(
                "needs `replacement`, the name of a [[claim]] rule, or withdraw = true, if the entry should never have been recorded",
            );
        }
    }
}

fn text(field: Field, item: &Item<'_>, l: &mut Loading<'_>) -> Option<Text> {
    let section = match item.shape() {
        Shape::Table(section) => section,
        // Said once, here, and not of every row.
        Shape::Text(text) if text.is_empty() && field == Field::Stated => {
            item.problem(
                "is empty: write the day on which it was said, as in stated = \"2025-03-16\" or \"2025-03~\", or the column that has it, \
                 as in stated = \"{Day}\"",
            );
            return None;
        }
        _ => return l.template(item).map(Text::Filled),
    };
    if !field.is_date() {
        item.problem("must be text in quotes");
        return None;
    }
    let ends = ["from", "to"].map(|key| {
        let end = section.take(key);
        if end.is_none() {
            item.problem(format!("needs `{key}`, as in {{ from = \"{{start}}\", to = \"{{end}}\" }}"));
        }
        end.and_then(|end| l.template(&end))
    });
    section.finish(&["from", "to"]);
    let [from, to] = ends;
    Some(Text::Between(from?, to?))
}

fn given(item: &Item<'_>, l: &mut Loading<'_>) -> Option<Given> {
    let section = match item.shape() {
        Shape::Table(section) => section,
        Shape::Bool(flag) => return l.template_of(if flag { "yes" } else { "no" }, item).map(Given::Typed),
        _ => return l.template(item).map(Given::Typed),
    };
    const KNOWN: [&str; 8] = ["low", "high", "best", "text", "approx", "date", "unknown", "none"];
    let mut template = |key: &str| section.take(key).and_then(|i| l.template(&i));
    let [low, high, best, words, approx, date] = ["low", "high", "best", "text", "approx", "date"].map(&mut template);
    let [unknown, none] = ["unknown", "none"].map(|key| section.take(key).and_then(|i| i.flag()).unwrap_or_default());
    section.finish(&KNOWN);
    match (low, high, best, words, approx, date, unknown, none) {
        (None, None, None, Some(words), None, None, false, false) => Some(Given::Words(words)),
        (None, None, None, None, Some(n), None, false, false) => Some(Given::Approx(n)),
        (None, None, None, None, None, Some(date), false, false) => Some(Given::Date(date)),
        (None, None, None, None, None, None, true, false) => Some(Given::Unknown),
        (None, None, None, None, None, None, false, true) => Some(Given::None),
        (low, high, best, None, None, None, false, false) if low.is_some() || high.is_some() => {
            Some(Given::Bounds { low, high, best })
        }
        _ => {
            item.problem(
                "must be one of: text in quotes, { low = \"{a}\", high = \"{b}\", best = \"{c}\" } with low or high or both, \
                 { text = \"{a}\" }, { approx = \"{a}\" }, { date = \"{a}\" }, { unknown = true }, { none = true }",
            );
            None
        }
    }
}

fn of(item: &Item<'_>, l: &mut Loading<'_>) -> Option<Of> {
    let Shape::Table(section) = item.shape() else { return l.template(item).map(Of::Id) };
    let remembered = section.take("remembered");
    section.finish(&["remembered"]);
    if remembered.is_none() {
        item.problem("needs `remembered`, as in { remembered = \"{place} {day}\" }");
    }
    l.template(&remembered?).map(Of::Remembered)
}

fn replacement(kind: Kind, section: &Section<'_>) -> Option<Replacement> {
    if kind != Kind::Correction {
        return None;
    }
    let withdraw = section.take("withdraw").map(|i| (i.flag(), i));
    let named = section.take("replacement");
    match (withdraw, named) {
        (Some((Some(true), item)), Some(_)) => {
            item.problem("stands beside `replacement`; give one of them");
            None
        }
        (Some((Some(true), _)), None) => Some(Replacement::Withdraw),
        (_, Some(item)) => item.text().map(Replacement::Named),
        _ => None,
    }
}

fn many(item: &Item<'_>, l: &mut Loading<'_>) -> Option<Many> {
    match item.shape() {
        Shape::Table(section) => {
            let split = split(&section, item, l);
            section.finish(&["split", "by"]);
            split.map(Many::Split)
        }
        Shape::List(items) => Some(Many::Each(items.iter().filter_map(|i| l.template(i)).collect())),
        _ => l.template(item).map(|t| Many::Each(vec![t])),
    }
}

fn split(section: &Section<'_>, item: &Item<'_>, l: &mut Loading<'_>) -> Option<Split> {
    let (text, by) = (section.take("split"), section.take("by"));
    if text.is_none() || by.is_none() {
        item.problem("needs `split` and `by`, as in { split = \"{papers}\", by = \";\" }");
    }
    let by = by?;
    let mark = by.text().filter(|by| !by.is_empty());
    if mark.is_none() {
        by.problem("must be the mark between the parts, as in by = \";\"");
    }
    Some(Split { text: l.template(&text?)?, by: mark? })
}

fn citations(item: &Item<'_>, l: &mut Loading<'_>) -> Vec<Cited> {
    let one = |item: &Item<'_>, l: &mut Loading<'_>| {
        let section = match item.shape() {
            Shape::Table(section) => section,
            // Only an address.
            _ => {
                let mut cited = Cited::default();
                if let Some(first) = cited.parts.first_mut() {
                    *first = l.template(item);
                }
                return cited;
            }
        };
        let has_split = section.take("split").is_some() || section.take("by").is_some();
        let split = if has_split { split(&section, item, l) } else { None };
        let parts = CITED.map(|key| section.take(key).and_then(|i| l.template(&i)));
        section.finish(&[&CITED[..], &["split", "by"]].concat());
        if parts.iter().take(3).all(Option::is_none) {
            item.problem("needs `url`, `archived` or `blake3`: a citation leads somewhere");
        }
        Cited { split, parts }
    };
    match item.shape() {
        Shape::List(items) => items.iter().map(|i| one(i, l)).collect(),
        _ => vec![one(item, l)],
    }
}

fn melt(item: &Item<'_>, l: &mut Loading<'_>) -> Option<Melt> {
    match item.shape() {
        Shape::Table(section) => {
            let except = section.take("except").map(|i| i.texts());
            section.finish(&["except"]);
            if except.is_none() {
                item.problem("must be a list of columns, or { except = [...] }");
            }
            l.wants_all = true;
            except.map(Melt::Except)
        }
        _ => {
            let names = item.texts();
            if names.is_empty() {
                item.problem("names no column");
            }
            Some(Melt::These(names.iter().map(|n| l.names.number(n)).collect()))
        }
    }
}

/// Reads `when`, `unless` or the condition of a skip.
pub(super) fn condition(item: &Item<'_>, l: &mut Loading<'_>) -> Option<Condition> {
    use crate::condition::Test;

    fn test(item: &Item<'_>, l: &mut Loading<'_>) -> Option<Test> {
        const KNOWN: [&str; 7] = ["empty", "begins", "ends", "contains", "above", "below", "not"];
        let Shape::Table(section) = item.shape() else { return Some(Test::Is(item.texts())) };
        let mut all = Vec::new();
        for (key, item) in section.items() {
            let part = match key {
                "empty" => item.flag().map(Test::Empty),
                "begins" => Some(Test::Begins(item.texts())),
                "ends" => Some(Test::Ends(item.texts())),
                "contains" => Some(Test::Contains(item.texts())),
                "above" => l.template(&item).map(Test::Above),
                "below" => l.template(&item).map(Test::Below),
                "not" => test(&item, l).map(|t| Test::Not(Box::new(t))),
                _ => {
                    item.problem(format!("is not a test; the tests are {}", KNOWN.join(", ")));
                    None
                }
            };
            all.extend(part);
        }
        Some(Test::All(all))
    }

    let mut condition = Condition::default();
    // Conditions that have a name of their own: all of them must hold.
    if matches!(item.shape(), Shape::Text(_) | Shape::List(_)) {
        for name in item.texts() {
            match l.conditions.iter().find(|(n, _)| *n == name).map(|(_, named)| named.clone()) {
                Some(named) if matches!(named.shape(), Shape::Table(_)) => {
                    condition.tests.extend(self::condition(&named, l).into_iter().flat_map(|c| c.tests));
                }
                Some(named) => named.problem("must be a table of columns and what must stand in them"),
                None => item.problem(format!("is `{name}`, but there is no [condition.{name}] in this mapping")),
            }
        }
        return Some(condition);
    }
    let section = item.table()?;
    for (key, item) in section.items() {
        // A column's name, or a template over several.
        let text = if key.contains('{') { key.to_owned() } else { format!("{{{}}}", quoted(key)) };
        let template = l.template_of(&text, &item);
        condition.tests.extend(template.zip(test(&item, l)));
    }
    if condition.tests.is_empty() {
        item.problem("tests nothing; write a column and what must stand in it, as in { op = \"assert\" }");
    }
    Some(condition)
}

/// A column's name as it can stand in a template.
pub(crate) fn quoted(column: &str) -> String {
    let breaks = |c: char| matches!(c, '|' | '{' | '}') || (c.is_whitespace() && c != ' ');
    let plain = !column.contains(breaks) && !column.starts_with('\'') && !column.contains("  ");
    if plain { column.to_owned() } else { format!("'{}'", column.replace('\'', "''")) }
}
