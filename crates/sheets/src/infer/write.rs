//! The draft of a mapping as text, with a comment for each guess.

use std::fmt::Write as _;

use super::Daring;
use super::profile::{Profile, Sketch};
use super::roles::{Role, Roles, op};
use super::text::{escape_braces, key, line, odd_cells, one_line, slot, some, toml_text, when};
use super::value::Valued;
use crate::filter::shown;
use crate::sheet::Format;

/// A day for trials; it never stands in a draft that is shown.
const SOME_DAY: &str = "2000-01-01";

/// Everything that the text is made from.
#[derive(Clone)]
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    /// For a trial only: what the draft leaves to a person (a day, a cell that is no date, a doubtful dot) is made up, so that everything
    /// else can be tried.
    pub(super) trial: bool,
    pub(super) sketch: &'a Sketch,
    pub(super) roles: Roles,
    pub(super) format: Format,
    pub(super) delimiter: Option<u8>,
    pub(super) ragged: bool,
    pub(super) encoding: Option<&'static str>,
    pub(super) utf16: bool,
    pub(super) daring: Daring,
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
        let values = self.values();
        let mut text = self.head(values.iter().any(|v| v.asks));
        self.sheet(&mut text);
        self.skips(&mut text);
        for (n, valued) in values.iter().enumerate() {
            if n > 0 {
                text.push('\n');
            }
            self.claim(&mut text, valued);
        }
        self.changes(&mut text);
        let used: Vec<usize> = values.iter().flat_map(|v| v.melted.iter().copied()).collect();
        self.left_over(&mut text, &used);
        text
    }

    pub(super) fn column(&self, role: Role) -> Option<&Profile> {
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

    fn head(&self, asks: bool) -> String {
        let file = self.file_name();
        let mut text = format!(
            "# A draft, made from a look at {file}: {} rows, {} columns.\n\
             # {} Whether it says what you mean, only you can tell: read each line and change what is wrong.\n\
             # Then look at what comes of it:  sayso import --map THIS-FILE --dry-run {file}\n\
             # Every part of the language is described in docs/mapping.md.\n\n",
            self.sketch.rows,
            self.sketch.profiles.len(),
            match self.column(Role::Stated) {
                None => "It imports the file once you have filled in `stated`, which only you know.",
                Some(stated) if !stated.dates.reading().left.is_empty() =>
                    "It imports the file but for cells that are no dates; they are listed at `stated`.",
                Some(_) if asks => "It imports the file as it stands, but for cells that are listed at `value`.",
                Some(_) => "It imports the file as it stands.",
            }
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
                let melted = match &valued.called {
                    Some(called) => format!("-{}", escape_braces(called)),
                    None if valued.melted.is_empty() => String::new(),
                    None => "-{@column}".to_owned(),
                };
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
        self.source(text, valued);
        self.subject(text);
        text.push_str(&valued.lines);
        self.dates(text);
        self.rest(text);
    }

    fn source(&self, text: &mut String, valued: &Valued) {
        match self.column(Role::Source) {
            Some(source) => {
                let named = self.sketch.is_filled(source);
                let _ = writeln!(text, "# The party answerable for what is said. In this column: {}.", some(source));
                line(text, "source", &slot(source, if named { "" } else { " | or 'unattributed'" }));
            }
            None if self.by_column() => {
                text.push_str("# The party answerable for what is said: each column of figures seems to be one.\n");
                line(text, "source", &valued.called.as_deref().map_or("{@column}".to_owned(), escape_braces));
            }
            None if self.kept_out(text, Role::Source) => line(text, "source", "unattributed"),
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

    /// Says which column would have a role, and which of its cells keeps it out.
    fn kept_out(&self, text: &mut String, role: Role) -> bool {
        let Some(column) = self.roles.kept_out(role, self.sketch) else { return false };
        let Some((row, cell, why)) = &column.unnamed else { return false };
        let _ = writeln!(
            text,
            "# LOOK: {{{}}} is not used: row {row} has \"{}\" ({}). Mend that cell and draft again, or it stays out.",
            one_line(&column.name),
            one_line(&shown(&cell.replace('\n', "⏎"))),
            one_line(why)
        );
        true
    }

    fn subject(&self, text: &mut String) {
        text.push_str("# The question: what it is about (subject), and what is said of it (predicate).\n");
        match self.column(Role::Subject) {
            Some(subject) if self.sketch.is_filled(subject) => line(text, "subject", &slot(subject, "")),
            Some(subject) => {
                line(text, "subject", &slot(subject, &format!(" | or '{}'", self.stem().replace('\'', "''"))))
            }
            None => {
                self.kept_out(text, Role::Subject);
                line(text, "subject", &escape_braces(&self.stem()));
            }
        }
    }

    fn dates(&self, text: &mut String) {
        match self.column(Role::Stated) {
            Some(stated) => self.stated(text, stated),
            None => {
                text.push_str(
                    "# FILL IN: when the source said it. No column seems to be that day: write when it was, as in stated = \"2025-03-16\", or a column.\n",
                );
                line(text, "stated", if self.trial { SOME_DAY } else { "" });
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

    fn stated(&self, text: &mut String, stated: &Profile) {
        let reading = stated.dates.reading();
        text.push_str("# When the source said it.");
        if let Some((first, other)) = reading.unclear {
            let _ = write!(text, " Nothing in the column shows whether it is {first} or {other}: look.");
        }
        text.push('\n');
        if reading.swapped {
            text.push_str("# LOOK: some cells have the day first and others the month, so those that can be read both ways may be wrong.\n");
        }
        if !reading.left.is_empty() {
            let _ = writeln!(
                text,
                "# Cells that are no date in this form: {}. --dry-run names each; mend them, or\n\
                 # let a [lookup] say what they mean ({{column | lookup day | date '...'}}, see docs/mapping.md).",
                odd_cells(&reading.left)
            );
        }
        let day = slot(stated, &stated.date_filter());
        line(text, "stated", if self.trial && !reading.left.is_empty() { SOME_DAY } else { &day });
        if let Some(end) = self.column(Role::End) {
            text.push_str("# When it happened, if these two columns are about that:\n");
            let end = toml_text(&slot(end, &end.date_filter()));
            let _ = writeln!(text, "# occurred = {{ from = {}, to = {end} }}", toml_text(&day));
        } else if let Some(happened) = self.roles.happened(self.sketch) {
            text.push_str("# When it happened, if this column is about that:\n");
            let _ = writeln!(text, "# occurred = {}", one_line(&toml_text(&slot(happened, &happened.date_filter()))));
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

    fn left_over(&self, text: &mut String, used: &[usize]) {
        let unused = self.roles.unused(self.sketch, used);
        if !unused.is_empty() {
            let names: Vec<String> = unused.iter().map(|n| format!("{{{}}}", shown(n))).collect();
            let _ = writeln!(text, "\n# Columns that are not used: {}", one_line(&names.join(" ")));
        }
    }
}
