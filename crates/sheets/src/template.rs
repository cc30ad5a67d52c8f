//! Templates: text with `{column | filter}` in it, which each row fills in.

use std::borrow::Cow;

use crate::filter::{Filter, Lookups};
use crate::mapping::Names;
use crate::sheet::Row;

/// Text with places that a row fills in.
#[derive(Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Slot(Slot),
}

/// A place in a template.
#[derive(Debug)]
struct Slot {
    what: What,
    filters: Vec<Filter>,
}

/// What fills a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A column, by its number among those that the mapping names.
    Column(usize),
    /// `{@cell}`, `{@column}`: the cell that this event is made from, and the name of its column.
    Cell,
    ColumnName,
    /// `{@item}`: a part of a cell that was split.
    Item,
    /// `{@row}`: the number of the row, from 1, without the header.
    RowNumber,
    /// `{@file}`: the file's name without its endings.
    File,
}

/// What a template is filled in from.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) row: &'a Row,
    /// Where each column that the mapping names stands in the row; `None`: the sheet does not have it.
    pub(crate) places: &'a [Option<usize>],
    /// The column that this event is made from, and its name.
    pub(crate) melted: Option<(usize, &'a str)>,
    pub(crate) item: &'a str,
    pub(crate) file: &'a str,
    pub(crate) lookups: &'a Lookups,
}

impl<'a> Context<'a> {
    fn get(&self, what: What) -> Cow<'a, str> {
        match what {
            What::Column(n) => self.places.get(n).copied().flatten().map_or("", |at| self.row.cell(at)).into(),
            What::Cell => self.melted.map_or("", |(at, _)| self.row.cell(at)).into(),
            What::ColumnName => self.melted.map_or("", |(_, name)| name).into(),
            What::Item => self.item.into(),
            What::RowNumber => self.row.number().to_string().into(),
            What::File => self.file.into(),
        }
    }
}

/// Why a template could not be filled in: the place, and what is wrong with what stands there.
#[derive(Debug)]
pub(crate) struct FillError {
    pub(crate) what: What,
    pub(crate) message: String,
}

impl Template {
    /// Reads a template. Columns are noted in `names`.
    ///
    /// # Errors
    /// In words, for whoever wrote the mapping.
    pub(crate) fn parse(text: &str, names: &mut Names, lookups: &Lookups) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.peek() == Some(&c) => {
                    rest.next();
                    plain.push(c);
                }
                '{' => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Slot(Slot::parse(&mut rest, text, names, lookups)?));
                }
                '}' => return Err(format!("`{text}` has a }} that no {{ opens; write }}}} if you mean the character")),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() || parts.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// The template filled in. Empty if there are places in it and nothing fills any of them.
    ///
    /// # Errors
    /// [`FillError`].
    pub(crate) fn fill<'a>(&'a self, context: &Context<'a>) -> Result<Cow<'a, str>, FillError> {
        if let [part] = self.parts.as_slice() {
            return match part {
                Part::Text(text) => Ok(text.as_str().into()),
                Part::Slot(slot) => slot.fill(context),
            };
        }
        let mut text = String::new();
        let mut filled = false;
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Slot(slot) => {
                    let found = slot.fill(context)?;
                    filled |= !found.is_empty();
                    text.push_str(&found);
                }
            }
        }
        Ok(if filled { text.into() } else { "".into() })
    }

    /// What fills its places.
    pub(crate) fn sources(&self) -> impl Iterator<Item = What> {
        self.parts.iter().filter_map(|p| if let Part::Slot(slot) = p { Some(slot.what) } else { None })
    }
}

impl Slot {
    /// Reads what stands between the braces; the first of them is read already.
    fn parse(
        rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
        whole: &str,
        names: &mut Names,
        lookups: &Lookups,
    ) -> Result<Self, String> {
        let mut sections: Vec<Vec<String>> = vec![vec![]];
        let mut word: Option<String> = None;
        let mut quote = false;
        loop {
            let c = rest.next().ok_or_else(|| {
                let what = if quote { "a ' that is never closed" } else { "a { that is never closed" };
                format!("`{whole}` has {what}")
            })?;
            match c {
                '\'' if quote && rest.peek() == Some(&'\'') => {
                    rest.next();
                    word.get_or_insert_default().push('\'');
                }
                '\'' if quote => quote = false,
                // Inside a word it is an apostrophe.
                '\'' if word.is_none() => {
                    quote = true;
                    word = Some(String::new());
                }
                c if quote => word.get_or_insert_default().push(c),
                '}' | '|' => {
                    if let Some(last) = sections.last_mut() {
                        last.extend(word.take());
                    }
                    if c == '}' {
                        break;
                    }
                    sections.push(vec![]);
                }
                c if c.is_whitespace() => {
                    if let Some(last) = sections.last_mut() {
                        last.extend(word.take());
                    }
                }
                c => word.get_or_insert_default().push(c),
            }
        }
        let mut sections = sections.into_iter();
        // A column's name may have spaces in it, quoted or not.
        let name = sections.next().unwrap_or_default().join(" ");
        let what = match name.as_str() {
            "" => return Err(format!("`{whole}` has braces with no column in them")),
            "@cell" => What::Cell,
            "@column" => What::ColumnName,
            "@item" => What::Item,
            "@row" => What::RowNumber,
            "@file" => What::File,
            name if name.starts_with('@') => {
                return Err(format!("`{whole}`: {name} is not known; there are @cell, @column, @item, @row and @file"));
            }
            name => What::Column(names.number(name)),
        };
        let filters = sections.map(|words| Filter::new(&words, lookups).map_err(|e| format!("`{whole}` {e}")));
        Ok(Self { what, filters: filters.collect::<Result<_, _>>()? })
    }

    fn fill<'a>(&'a self, context: &Context<'a>) -> Result<Cow<'a, str>, FillError> {
        let mut text = context.get(self.what);
        for filter in &self.filters {
            text = filter.apply(text, context.lookups).map_err(|message| FillError { what: self.what, message })?;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, cells: &[&str]) -> String {
        let (mut names, lookups) = (Names::default(), Lookups::default());
        let template = match Template::parse(template, &mut names, &lookups) {
            Ok(template) => template,
            Err(e) => return format!("error: {e}"),
        };
        let mut row = Row::default();
        cells.iter().for_each(|c| row.push(c, &[]));
        let places: Vec<Option<usize>> = (0..names.len()).map(Some).collect();
        let context = Context { row: &row, places: &places, melted: None, item: "", file: "f", lookups: &lookups };
        template.fill(&context).map(Cow::into_owned).unwrap_or_else(|e| format!("error: {}", e.message))
    }

    #[test]
    fn text_and_columns() {
        for (template, cells, expected) in [
            ("plain", &[][..], "plain"),
            ("{a}", &["x"], "x"),
            ("{a}-{b | upper}", &["x", "y"], "x-Y"),
            ("{Killed (total)}", &["3"], "3"),
            ("{a | replace ' ' '_' | lower}", &["A b C"], "a_b_c"),
            ("{a | or 'it''s }'}", &[""], "it's }"),
            ("{a|before ;}", &["x;y"], "x"),
            (">={a}", &[""], ""),
            ("{a}{b}", &["", "2"], "2"),
            ("{{{a}}}", &["x"], "{x}"),
            ("{@file}-{a}", &["1"], "f-1"),
            ("{Minister's words}", &["x"], "x"),
            ("{'a|b'}", &["x"], "x"),
        ] {
            assert_eq!(fill(template, cells), expected, "{template}");
        }
    }

    #[test]
    fn what_is_no_template_is_named() {
        for (template, part) in [
            ("{a", "a { that is never closed"),
            ("a}", "that no { opens"),
            ("{}", "no column"),
            ("{@rows}", "@rows is not known"),
            ("{a | or 'x}", "a ' that is never closed"),
            ("{a | shout}", "no filter `shout`"),
            ("{a |}", "no filter behind it"),
        ] {
            assert!(fill(template, &[]).contains(part), "{template}: {}", fill(template, &[]));
        }
    }
}
