//! The draft of a mapping as text, with a comment for each guess.

use std::fmt::Write as _;

use super::Daring;
use super::profile::{NUMBERS, Profile, Sketch};
use super::roles::{Role, Roles, op};
use super::text::{escape_braces, key, line, one_line, slot, some, toml_text, when};
use crate::filter::shown;
use crate::sheet::Format;

/// Everything that the text is made from.
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    pub(super) today: &'a str,
    pub(super) sketch: &'a Sketch,
    pub(super) roles: Roles,
    pub(super) format: Format,
    pub(super) delimiter: Option<u8>,
    pub(super) ragged: bool,
    pub(super) encoding: Option<&'static str>,
    pub(super) utf16: bool,
    pub(super) daring: Daring,
}

/// How the value comes about: the lines for it, and the columns it is made from.
struct Valued {
    lines: String,
    melted: Vec<usize>,
}

impl Draft<'_> {
    pub(super) fn text(mut self) -> String {
        let together = [Role::Op, Role::Low, Role::High, Role::Best];
        let optional = [
            Role::Id,
            Role::End,
            Role::Published,
            Role::Speaker,
            Role::Body,
            Role::Unit,
            Role::Via,
            Role::Lang,
            Role::Modality,
            Role::Quote,
            Role::Tags,
            Role::Note,
            Role::Url,
        ];
        if self.daring != Daring::Full {
            together.into_iter().for_each(|role| self.roles.drop(role));
        }
        if matches!(self.daring, Daring::Plain | Daring::Bare) {
            optional.into_iter().for_each(|role| self.roles.drop(role));
        }
        if self.daring == Daring::Bare {
            [Role::Source, Role::Subject, Role::Predicate, Role::Value, Role::Stated]
                .into_iter()
                .for_each(|r| self.roles.drop(r));
        }
        let valued = self.value();
        let mut text = self.head();
        self.sheet(&mut text);
        self.skips(&mut text);
        self.claim(&mut text, &valued);
        self.changes(&mut text);
        self.left_over(&mut text, &valued);
        text
    }

    fn column(&self, role: Role) -> Option<&Profile> {
        self.roles.profile(role, self.sketch)
    }

    /// A file's own name, without where it lies.
    fn file_name(&self) -> String {
        std::path::Path::new(self.name).file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn stem(&self) -> String {
        let name = self.file_name();
        name.split('.').find(|part| !part.is_empty()).unwrap_or("sheet").to_owned()
    }

    fn head(&self) -> String {
        let file = self.file_name();
        let mut text = format!(
            "# A draft, made from a look at {file}: {} rows, {} columns.\n\
             # It imports the file as it stands. Whether it says what you mean, only you can tell: read each line and change what is wrong.\n\
             # Then look at what comes of it:  sayso import --map THIS-FILE --dry-run {file}\n\
             # Every part of the language is described in docs/mapping.md.\n\n",
            self.sketch.rows,
            self.sketch.profiles.len()
        );
        match self.daring {
            Daring::Full => {}
            Daring::Careful => text.push_str(
                "# Bounds from several columns, or rows that change earlier rows, seemed to be here and did not fit every row.\n\n",
            ),
            Daring::Plain => text.push_str(
                "# What else the columns seemed to be did not fit every row, so only what a claim cannot be without is here.\n\n",
            ),
            Daring::Bare => text.push_str(
                "# Nothing that the columns seemed to be fitted every row, so each cell is taken as words here, said by nobody in \
                 particular.\n# Try --dry-run with a mapping of your own: it names every cell that does not fit.\n\n",
            ),
        }
        text
    }

    fn sheet(&self, text: &mut String) {
        text.push_str("[sheet]\n");
        line(text, "format", self.format.as_str());
        if let Some(delimiter) = self.delimiter {
            line(text, "delimiter", &char::from(delimiter).to_string());
        }
        if self.ragged {
            text.push_str(
                "# Some rows have fewer cells than the header; the missing ones count as empty.\nragged = true\n",
            );
        }
        if let Some(encoding) = self.encoding {
            text.push_str("# The file is not UTF-8. This fits most files of western Excel; look at names with accents to see whether it is right.\n");
            line(text, "encoding", &encoding.to_lowercase());
        }
        if self.utf16 {
            text.push_str("# The file is in UTF-16, and is read as that.\n");
        }
        text.push_str("# Texts that mean that a cell is empty:\n");
        let empty: Vec<String> = self.sketch.empty.iter().map(|e| toml_text(e)).collect();
        let _ = match empty.as_slice() {
            [] => writeln!(text, "# empty = [\"-\", \"n/a\"]"),
            some => writeln!(text, "empty = [{}]", some.join(", ")),
        };
        text.push_str("# The zone of dates and hours without one:\n# timezone = \"Europe/Brussels\"\n\n");
    }

    fn skips(&self, text: &mut String) {
        if let Some(stated) = self.column(Role::Stated).filter(|p| !self.sketch.is_filled(p)) {
            text.push_str("# When something was said must be known at least roughly.\n[[skip]]\n");
            let _ = writeln!(text, "when = {{ {} = {{ empty = true }} }}", key(&stated.name));
            line(text, "why", "no date");
            text.push('\n');
        }
    }

    fn claim(&self, text: &mut String, valued: &Valued) {
        let op = self.column(Role::Op);
        if let Some(op) = op {
            text.push_str("# A row that fills a cell of somebody's table: the source said so.\n");
            text.push_str("[[claim]]\nname = \"figure\"\n");
            when(text, op, "assert");
        } else {
            text.push_str("[[claim]]\n");
        }
        match self.column(Role::Id) {
            Some(id) => {
                text.push_str("# What tells the rows apart. The same row a second time is then known, also if its text was changed.\n");
                let melted = if valued.melted.is_empty() { "" } else { "-{@column}" };
                line(text, "id", &format!("{{@file}}-{}{melted}", slot(id, "")));
            }
            None => text.push_str(
                "# No column tells the rows apart, so what a row says is its identity: two rows that say the same are one entry.\n# id = \"{a column}\"\n",
            ),
        }
        if op.is_some() {
            text.push_str("# Later rows about the same cell find this claim by these words.\n");
            line(text, "remember", &self.remembered());
        }
        self.source(text);
        self.subject(text);
        text.push_str(&valued.lines);
        self.dates(text);
        self.rest(text);
    }

    fn source(&self, text: &mut String) {
        match self.column(Role::Source) {
            Some(source) => {
                let named = self.sketch.is_filled(source);
                let _ = writeln!(text, "# The party answerable for what is said. In this column: {}.", some(source));
                line(text, "source", &slot(source, if named { "" } else { " | or 'unattributed'" }));
            }
            None => {
                text.push_str("# The party answerable for what is said. No column seems to name it, so nobody is named; write who it is, if it is always the same.\n");
                line(text, "source", "unattributed");
            }
        }
        for (role, field) in [(Role::Speaker, "speaker"), (Role::Body, "body")] {
            if let Some(column) = self.column(role) {
                line(text, field, &slot(column, ""));
            }
        }
    }

    fn subject(&self, text: &mut String) {
        text.push_str("# The question: what it is about (subject), and what is said of it (predicate).\n");
        match self.column(Role::Subject) {
            Some(subject) if self.sketch.is_filled(subject) => line(text, "subject", &slot(subject, "")),
            Some(subject) => {
                line(text, "subject", &slot(subject, &format!(" | or '{}'", self.stem().replace('\'', "''"))))
            }
            None => line(text, "subject", &escape_braces(&self.stem())),
        }
    }

    /// `predicate`, `value`, and perhaps `columns`.
    fn value(&self) -> Valued {
        let mut lines = String::new();
        let predicate = |lines: &mut String, otherwise: &str| match self.column(Role::Predicate) {
            Some(p) if self.sketch.is_filled(p) => line(lines, "predicate", &slot(p, "")),
            Some(p) => line(lines, "predicate", &slot(p, &format!(" | or '{}'", otherwise.replace('\'', "''")))),
            None => line(lines, "predicate", &escape_braces(otherwise)),
        };
        if self.daring == Daring::Bare {
            lines.push_str("columns = { except = [] }\npredicate = \"{@column}\"\nvalue = { text = \"{@cell}\" }\n");
            return Valued { lines, melted: (0..self.sketch.profiles.len()).collect() };
        }
        if let (Some(low), Some(high)) = (self.column(Role::Low), self.column(Role::High)) {
            predicate(&mut lines, "count");
            lines.push_str(
                "# A number between bounds. The best figure, if there is one, is kept in words beside them.\n",
            );
            let best = self.column(Role::Best).map(|b| format!(", best = {}", toml_text(&slot(b, b.number_filter()))));
            lines.push_str(&doubts([low, high].into_iter().chain(self.column(Role::Best))));
            let [low, high] = [low, high].map(|p| toml_text(&slot(p, p.number_filter())));
            let _ = writeln!(lines, "value = {{ low = {low}, high = {high}{} }}", best.unwrap_or_default());
            return Valued { lines, melted: vec![] };
        }
        let figures = self.roles.figures(self.sketch);
        match self.column(Role::Value) {
            Some(value)
                if value.is_number()
                    || value.typed
                    || figures.is_empty()
                    || self.roles.get(Role::Predicate).is_some() =>
            {
                predicate(&mut lines, &value.name);
                if value.is_number() {
                    lines.push_str(&doubts([value]));
                    line(&mut lines, "value", &slot(value, value.number_filter()));
                } else if value.typed {
                    lines.push_str(
                        "# As people type it: 2, >=2, 12..24, ~2000, yes, no, a date, unknown, none, or words.\n",
                    );
                    line(&mut lines, "value", &slot(value, ""));
                } else {
                    lines.push_str("# As words: some cells look like numbers or dates, and are none. If they should be numbers, write value = \"{...}\"\n# and let --dry-run name them.\n");
                    let _ = writeln!(lines, "value = {{ text = {} }}", toml_text(&slot(value, "")));
                }
                Valued { lines, melted: vec![] }
            }
            _ if !figures.is_empty() => self.melted(figures),
            _ => {
                let melted = self.roles.texts(self.sketch);
                lines.push_str("# One claim for each of these columns: its name is the predicate, and what stands in the cell is the value, as words.\n");
                let _ = writeln!(lines, "columns = {}", self.list(&melted));
                lines.push_str("predicate = \"{@column}\"\nvalue = { text = \"{@cell}\" }\n");
                Valued { lines, melted }
            }
        }
    }

    /// One claim for each column of figures.
    fn melted(&self, figures: Vec<usize>) -> Valued {
        let count = |fits: fn(&Profile) -> bool| {
            figures.iter().filter_map(|at| self.sketch.profiles.get(*at)).filter(|p| fits(p)).count()
        };
        // The filters that fit the most columns; of equal ones, the plainest.
        let best = NUMBERS.iter().rev().max_by_key(|(_, fits)| count(*fits));
        let Some((filter, fits)) = best else { return Valued { lines: String::new(), melted: vec![] } };
        let melted: Vec<usize> =
            figures.into_iter().filter(|at| self.sketch.profiles.get(*at).is_some_and(fits)).collect();
        let mut lines = String::from(
            "# One claim for each of these columns: its name is the predicate, and the figure in it the value.\n",
        );
        lines.push_str(&doubts(melted.iter().filter_map(|at| self.sketch.profiles.get(*at))));
        let _ = writeln!(lines, "columns = {}", self.list(&melted));
        line(&mut lines, "predicate", "{@column}");
        line(&mut lines, "value", &format!("{{@cell{filter}}}"));
        Valued { lines, melted }
    }

    fn list(&self, columns: &[usize]) -> String {
        let names = columns.iter().filter_map(|at| self.sketch.profiles.get(*at)).map(|p| toml_text(&p.name));
        format!("[{}]", names.collect::<Vec<_>>().join(", "))
    }

    fn dates(&self, text: &mut String) {
        text.push_str("# When the source said it.");
        match self.column(Role::Stated) {
            Some(stated) => {
                if let Some((first, other)) = stated.unclear_form() {
                    let _ = write!(text, " Nothing in the column shows whether it is {first} or {other}: look.");
                }
                text.push('\n');
                line(text, "stated", &slot(stated, &stated.date_filter()));
                if let Some(end) = self.column(Role::End) {
                    text.push_str("# When it happened, if these two columns are about that:\n");
                    let _ = writeln!(
                        text,
                        "# occurred = {{ from = {}, to = {} }}",
                        toml_text(&slot(stated, &stated.date_filter())),
                        toml_text(&slot(end, &end.date_filter()))
                    );
                }
            }
            None => {
                text.push_str(
                    " No column seems to be that day, so today stands here: write when it was, or a column.\n",
                );
                line(text, "stated", self.today);
            }
        }
        if let Some(published) = self.column(Role::Published) {
            line(text, "published", &slot(published, &published.date_filter()));
        }
        if let Some(recorded) = self.column(Role::Recorded) {
            let _ = writeln!(
                text,
                "# `{}` seems to say when the row was recorded. For that to count, write clock = \"imported\" under [sheet], and here:\n# recorded = {}",
                one_line(&recorded.name),
                toml_text(&slot(recorded, &recorded.date_filter()))
            );
        }
    }

    fn rest(&self, text: &mut String) {
        let texts = [
            (Role::Unit, "unit"),
            (Role::Via, "via"),
            (Role::Lang, "lang"),
            (Role::Modality, "modality"),
            (Role::Quote, "quote"),
            (Role::Tags, "tags"),
            (Role::Note, "note"),
        ];
        for (role, field) in texts {
            if let Some(column) = self.column(role) {
                line(text, field, &slot(column, ""));
            }
        }
        if let Some(url) = self.column(Role::Url) {
            text.push_str("# Where it can be read.\n");
            let _ = writeln!(text, "citations = [{{ url = {} }}]", toml_text(&slot(url, "")));
        }
    }

    /// What later rows find a claim by.
    fn remembered(&self) -> String {
        let columns = [Role::Subject, Role::Predicate, Role::Stated].into_iter().filter_map(|r| self.column(r));
        columns.map(|p| slot(p, "")).collect::<Vec<_>>().join(" ")
    }

    /// Rows that change or empty a cell of somebody's table.
    fn changes(&self, text: &mut String) {
        let (Some(op), Some(id)) = (self.column(Role::Op), self.column(Role::Id)) else { return };
        let note = self.column(Role::Note).map(|n| format!(": {}", slot(n, ""))).unwrap_or_default();
        for (what, means, does) in [
            (
                "revise",
                "that changes a figure: the table changed, the source did not speak again",
                "replacement = \"figure\"",
            ),
            (
                "withdraw",
                "that empties a cell: it is no longer on record, and nobody took anything back",
                "withdraw = true",
            ),
        ] {
            if !op.samples.iter().any(|s| self::op(s) == Some(what)) {
                continue;
            }
            let _ = writeln!(text, "\n# A row {means}.\n[[correction]]");
            when(text, op, what);
            line(text, "id", &format!("{{@file}}-{}", slot(id, "")));
            let _ = writeln!(text, "of = {{ remembered = {} }}\n{does}", toml_text(&self.remembered()));
            line(text, "reason", &format!("the sheet was changed{note}"));
        }
    }

    fn left_over(&self, text: &mut String, valued: &Valued) {
        let unused = self.roles.unused(self.sketch, &valued.melted);
        if !unused.is_empty() {
            let names: Vec<String> = unused.iter().map(|n| format!("{{{}}}", shown(n))).collect();
            let _ = writeln!(text, "\n# Columns that are not used: {}", one_line(&names.join(" ")));
        }
    }
}

/// A comment for each column whose dots may part thousands: they are read as decimal points.
fn doubts<'a>(columns: impl IntoIterator<Item = &'a Profile>) -> String {
    let doubt = |column: &Profile| {
        let (cell, name) = (one_line(column.doubtful()?), one_line(&column.name));
        Some(format!(
            "# LOOK: in `{name}`, `{cell}` is taken for a decimal, {} and a fraction. If its dot parts thousands,\n\
             # write the filter number-comma: {{{} | number-comma}}\n",
            cell.trim_matches(|c: char| !c.is_ascii_digit()).split('.').next().unwrap_or_default(),
            shown(&name)
        ))
    };
    columns.into_iter().filter_map(doubt).collect()
}
