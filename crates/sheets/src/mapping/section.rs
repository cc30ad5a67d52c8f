//! A table of a mapping file, with the line of each key, so that every error can say where it stands.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something wrong with a mapping file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The key, as in `claim.value`; empty if it is about the file as a whole.
    pub key: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Collects what is wrong, so that all of it can be told at once.
pub(crate) struct Problems<'a> {
    text: &'a str,
    found: RefCell<Vec<Problem>>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// The line of a byte of the file.
    pub(crate) fn line_at(&self, byte: usize) -> usize {
        self.text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
    }

    pub(crate) fn add(&self, line: usize, key: &str, message: impl ToString) {
        let problem = Problem { line, key: key.to_owned(), message: message.to_string() };
        let mut found = self.found.borrow_mut();
        // What stands under [every] is read once for each rule.
        if !found.contains(&problem) {
            found.push(problem);
        }
    }

    pub(crate) fn into_found(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort();
        found
    }
}

/// A table, and which of its keys were asked for.
pub(crate) struct Section<'a> {
    pub(crate) path: String,
    pub(crate) line: usize,
    table: &'a DeTable<'a>,
    problems: &'a Problems<'a>,
    used: RefCell<Vec<&'a str>>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(path: &str, line: usize, table: &'a DeTable<'a>, problems: &'a Problems<'a>) -> Self {
        Self { path: path.to_owned(), line, table, problems, used: RefCell::default() }
    }

    /// What stands under a key, if anything.
    pub(crate) fn take(&self, key: &str) -> Option<Item<'a>> {
        let (name, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        self.used.borrow_mut().push(name.get_ref());
        Some(self.item(name, value))
    }

    /// Every key, for tables whose keys are free.
    pub(crate) fn items(&self) -> Vec<(&'a str, Item<'a>)> {
        let mut items: Vec<_> = self.table.iter().map(|(n, v)| (&**n.get_ref(), self.item(n, v))).collect();
        self.used.borrow_mut().extend(items.iter().map(|(name, _)| *name));
        items.sort_by_key(|(_, item)| item.at);
        items
    }

    fn item(&self, name: &'a Spanned<std::borrow::Cow<'a, str>>, value: &'a Spanned<DeValue<'a>>) -> Item<'a> {
        let path = if self.path.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{}.{name}", self.path, name = name.get_ref())
        };
        Item { path, at: name.span().start, value, problems: self.problems }
    }

    /// Tells of every key that nobody asked for.
    pub(crate) fn finish(&self, known: &[&str]) {
        let used = self.used.borrow();
        for (name, value) in self.table.iter().filter(|(name, _)| !used.contains(&&**name.get_ref())) {
            let item = self.item(name, value);
            let hint = match nearest(name.get_ref(), known) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; known here: {}", known.join(", ")),
            };
            item.problem(format!("is not known{hint}"));
        }
    }

    pub(crate) fn problem(&self, message: impl ToString) {
        self.problems.add(self.line, &self.path, message);
    }
}

/// A value of a mapping file.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    pub(crate) path: String,
    at: usize,
    value: &'a Spanned<DeValue<'a>>,
    problems: &'a Problems<'a>,
}

/// What kind of thing a value is.
pub(crate) enum Shape<'a> {
    /// Words, or a number or date written without quotes.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    List(Vec<Item<'a>>),
    Table(Section<'a>),
}

impl<'a> Item<'a> {
    pub(crate) fn line(&self) -> usize {
        self.problems.line_at(self.at)
    }

    pub(crate) fn problem(&self, message: impl ToString) {
        self.problems.add(self.line(), &self.path, message);
    }

    pub(crate) fn shape(&self) -> Shape<'a> {
        match self.value.get_ref() {
            DeValue::String(text) => Shape::Text(text.to_string()),
            DeValue::Integer(n) => Shape::Text(n.as_str().replace('_', "")),
            DeValue::Float(n) => Shape::Text(n.as_str().replace('_', "")),
            DeValue::Datetime(date) => Shape::Text(date.to_string()),
            DeValue::Boolean(b) => Shape::Bool(*b),
            DeValue::Array(items) => {
                let one = |(n, value): (usize, &'a Spanned<DeValue<'a>>)| Item {
                    path: format!("{}[{}]", self.path, n + 1),
                    at: value.span().start,
                    value,
                    problems: self.problems,
                };
                Shape::List(items.iter().enumerate().map(one).collect())
            }
            DeValue::Table(table) => Shape::Table(Section::new(&self.path, self.line(), table, self.problems)),
        }
    }

    pub(crate) fn text(&self) -> Option<String> {
        match self.shape() {
            Shape::Text(text) => Some(text),
            _ => self.wrong("must be text in quotes"),
        }
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        match self.shape() {
            Shape::Bool(flag) => Some(flag),
            _ => self.wrong("must be true or false"),
        }
    }

    pub(crate) fn number(&self) -> Option<usize> {
        let number = if let Shape::Text(text) = self.shape() { text.parse().ok() } else { None };
        number.or_else(|| self.wrong("must be a whole number"))
    }

    pub(crate) fn table(&self) -> Option<Section<'a>> {
        match self.shape() {
            Shape::Table(section) => Some(section),
            _ => self.wrong(format!("must be a table, written [{}] on a line of its own or {{ ... }}", self.path)),
        }
    }

    /// Each `[[...]]` of this name.
    pub(crate) fn tables(&self) -> Vec<Section<'a>> {
        let wrong = |item: &Self| item.wrong(format!("must be written [[{}]], with two brackets", self.path));
        match self.shape() {
            Shape::List(items) => items
                .into_iter()
                .filter_map(|mut item| match item.shape() {
                    Shape::Table(_) => {
                        item.path.clone_from(&self.path);
                        item.table()
                    }
                    _ => wrong(self),
                })
                .collect(),
            _ => wrong(self).into_iter().collect(),
        }
    }

    /// One text, or a list of them.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self.shape() {
            Shape::Text(text) => vec![text],
            Shape::List(items) => items.iter().filter_map(Item::text).collect(),
            _ => self.wrong("must be text in quotes, or a list of texts").unwrap_or_default(),
        }
    }

    fn wrong<T>(&self, message: impl ToString) -> Option<T> {
        self.problem(message);
        None
    }
}

/// The known word that was most likely meant.
pub(crate) fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = |word: &&&str| distance(&given.to_lowercase(), &word.to_lowercase());
    let best = known.iter().min_by_key(near)?;
    (distance(&given.to_lowercase(), &best.to_lowercase()) <= 1 + given.chars().count() / 4).then_some(*best)
}

/// How many letters to change, add or take away to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            *cell = (diagonal + usize::from(ca != *cb)).min(above + 1).min(left + 1);
            diagonal = above;
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_recognised() {
        assert_eq!(nearest("predicat", &["subject", "predicate"]), Some("predicate"));
        assert_eq!(nearest("Killed", &["killed", "injured"]), Some("killed"));
        assert_eq!(nearest("colour", &["subject", "predicate"]), None);
        assert_eq!((distance("kitten", "sitting"), distance("", "abc"), distance("abc", "abc")), (3, 3, 0));
    }

    #[test]
    fn keys_know_their_lines() {
        let text = "[sheet]\n\nformat = 'csv'\n[[claim]]\nvalu = 1\n";
        let problems = Problems::new(text);
        let document = DeTable::parse(text).unwrap();
        let root = Section::new("", 1, document.get_ref(), &problems);
        root.take("sheet").unwrap().table().unwrap().finish(&["format"]);
        for claim in root.take("claim").unwrap().tables() {
            assert_eq!(claim.line, 5 - 1);
            claim.finish(&["value", "unit"]);
        }
        let found = Problems::into_found(problems);
        let said: Vec<String> = found.iter().map(|p| format!("{} {} {}", p.line, p.key, p.message)).collect();
        assert_eq!(
            said,
            ["3 sheet.format is not known; did you mean `format`?", "5 claim.valu is not known; did you mean `value`?"]
        );
    }
}
