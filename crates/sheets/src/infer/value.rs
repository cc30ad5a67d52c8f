//! The value of the claim that a draft makes of a row, and the predicate that goes with it.

use std::fmt::Write as _;

use sayso_core::text::Name;

use super::Daring;
use super::profile::{NUMBERS, Profile};
use super::roles::Role;
use super::text::{escape_braces, line, odd_cells, one_line, plain_name, slot, toml_text};
use super::write::Draft;
use crate::filter::shown;

/// How the value comes about: the lines for it, and the columns it is made from.
pub(super) struct Valued {
    pub(super) lines: String,
    pub(super) melted: Vec<usize>,
    /// Some cells are named that the import may refuse.
    pub(super) asks: bool,
    /// What stands for the name of the only column, if the ledger would not take that.
    pub(super) called: Option<String>,
}

/// Begins the list of cells that are no figures.
const NO_FIGURES: &str =
    "# Most cells are figures, and these are none. They come in as words, or --dry-run names them:\n";
/// Ends the question what a dot is.
const REFUSED: &str = "`number` refuses it";

impl Valued {
    fn new(lines: String, melted: Vec<usize>) -> Self {
        let asks = lines.contains(NO_FIGURES) || lines.contains(REFUSED);
        Self { lines, melted, asks, called: None }
    }
}

impl Draft<'_> {
    /// The value, once for all columns whose names can stand in an entry, and once for each other column: a line break in one heading is
    /// no reason to give up on a sheet.
    pub(super) fn values(&self) -> Vec<Valued> {
        let all = self.value();
        let name = |at: &usize| self.sketch.profiles.get(*at).map_or("", |p| p.name.as_str());
        let (odd, good): (Vec<usize>, Vec<usize>) = all.melted.iter().partition(|at| Name::new(name(at)).is_err());
        if odd.is_empty() {
            return vec![all];
        }
        let with = |columns: &str, predicate: Option<&str>| -> String {
            let change = |line: &str| match (line.starts_with("columns = "), line == "predicate = \"{@column}\"") {
                (true, _) => format!("columns = {columns}\n"),
                (_, true) => format!("predicate = {}\n", predicate.map_or("\"{@column}\"".to_owned(), toml_text)),
                _ => format!("{line}\n"),
            };
            all.lines.lines().map(change).collect()
        };
        let mut values = Vec::new();
        if !good.is_empty() {
            let columns = if self.daring == Daring::Bare {
                format!("{{ except = {} }}", self.list(&odd))
            } else {
                self.list(&good)
            };
            values.push(Valued { lines: with(&columns, None), melted: good, asks: all.asks, called: None });
        }
        for at in odd {
            let mut called = plain_name(name(&at));
            if self.sketch.profiles.iter().any(|p| p.name == called) || called == "column" {
                called = format!("{called} ({})", at + 1);
            }
            let note = "# The name of this column has a line break or something invisible in it, so its name is written here without.\n";
            let lines = format!("{note}{}", with(&self.list(&[at]), Some(&escape_braces(&called))));
            values.push(Valued { lines, melted: vec![at], asks: all.asks, called: Some(called) });
        }
        values
    }

    /// `predicate`, `value`, and perhaps `columns`.
    fn value(&self) -> Valued {
        let mut lines = String::new();
        if self.daring == Daring::Bare {
            lines.push_str("columns = { except = [] }\npredicate = \"{@column}\"\nvalue = { text = \"{@cell}\" }\n");
            return Valued::new(lines, (0..self.sketch.profiles.len()).collect());
        }
        if let (Some(low), Some(high)) = (self.column(Role::Low), self.column(Role::High)) {
            self.predicate(&mut lines, "count");
            lines.push_str(
                "# A number between bounds. The best figure, if there is one, is kept in words beside them.\n",
            );
            let best = self
                .column(Role::Best)
                .map(|b| format!(", best = {}", toml_text(&slot(b, &self.settled(&[b], b.number_filter())))));
            for bound in [low, high].into_iter().chain(self.column(Role::Best)) {
                lines.push_str(&doubts(&[bound], bound.number_filter()));
            }
            let [low, high] = [low, high].map(|p| toml_text(&slot(p, &self.settled(&[p], p.number_filter()))));
            let _ = writeln!(lines, "value = {{ low = {low}, high = {high}{} }}", best.unwrap_or_default());
            return Valued::new(lines, vec![]);
        }
        let figures = self.roles.figures(self.sketch);
        match self.column(Role::Value) {
            Some(value)
                if value.is_mostly_number()
                    || value.typed
                    || figures.is_empty()
                    || self.roles.get(Role::Predicate).is_some() =>
            {
                self.predicate(&mut lines, &plain_name(&value.name));
                if value.is_mostly_number() {
                    self.figure(&mut lines, &[value], value.number_filter(), |filter| slot(value, filter));
                } else if value.typed {
                    lines.push_str(
                        "# As people type it: 2, >=2, 12..24, ~2000, yes, no, a date, unknown, none, or words.\n",
                    );
                    line(&mut lines, "value", &slot(value, ""));
                } else {
                    lines.push_str("# As words: some cells look like numbers or dates, and are none. If they should be numbers, write value = \"{...}\"\n# and let --dry-run name them.\n");
                    let _ = writeln!(lines, "value = {{ text = {} }}", toml_text(&slot(value, "")));
                }
                Valued::new(lines, vec![])
            }
            _ if !figures.is_empty() => self.melted(figures),
            _ => {
                let melted = self.roles.texts(self.sketch);
                lines.push_str("# One claim for each of these columns: its name is the predicate, and what stands in the cell is the value, as words.\n");
                let _ = writeln!(lines, "columns = {}", self.list(&melted));
                lines.push_str("predicate = \"{@column}\"\nvalue = { text = \"{@cell}\" }\n");
                Valued::new(lines, melted)
            }
        }
    }

    /// One claim for each column of figures.
    fn melted(&self, figures: Vec<usize>) -> Valued {
        let count = |(filter, fits): &(&str, fn(&Profile) -> bool)| {
            let columns = || figures.iter().filter_map(|at| self.sketch.profiles.get(*at));
            (columns().filter(|p| fits(p) || p.is_mostly(filter)).count(), columns().filter(|p| fits(p)).count())
        };
        // The filters that fit the most columns; of equal ones, the plainest.
        let best = NUMBERS.iter().rev().max_by_key(|way| count(way));
        let Some((filter, fits)) = best else { return Valued::new(String::new(), vec![]) };
        let fits = |at: &usize| self.sketch.profiles.get(*at).is_some_and(|p| fits(p) || p.is_mostly(filter));
        let melted: Vec<usize> = figures.into_iter().filter(fits).collect();
        let columns: Vec<&Profile> = melted.iter().filter_map(|at| self.sketch.profiles.get(*at)).collect();
        let mut lines = String::new();
        if self.by_column() {
            lines.push_str(
                "# One claim for each of these columns: its name is the source, and the figure in it the value.\n",
            );
            let _ = writeln!(lines, "columns = {}", self.list(&melted));
            if self.column(Role::Predicate).is_none() {
                lines.push_str("# What is counted: no column seems to say it, so write it here.\n");
            }
            self.predicate(&mut lines, "count");
        } else {
            lines.push_str(
                "# One claim for each of these columns: its name is the predicate, and the figure in it the value.\n",
            );
            if self.column(Role::Source).is_none() && melted.len() > 1 {
                lines.push_str(&self.other_way_round());
            }
            let _ = writeln!(lines, "columns = {}", self.list(&melted));
            line(&mut lines, "predicate", "{@column}");
        }
        self.figure(&mut lines, &columns, filter, |filter| format!("{{@cell{filter}}}"));
        Valued::new(lines, melted)
    }

    fn predicate(&self, lines: &mut String, otherwise: &str) {
        match self.column(Role::Predicate) {
            Some(p) if self.sketch.is_filled(p) => line(lines, "predicate", &slot(p, "")),
            Some(p) => line(lines, "predicate", &slot(p, &format!(" | or '{}'", otherwise.replace('\'', "''")))),
            None => line(lines, "predicate", &escape_braces(otherwise)),
        }
    }

    /// What to write if columns of figures are sources, and not what is counted.
    fn other_way_round(&self) -> String {
        let asked = self.column(Role::Predicate).or_else(|| self.column(Role::Subject));
        let predicate = asked.map_or_else(|| "killed".to_owned(), |p| slot(p, ""));
        format!(
            "# If each column is a source, and its figure what that source said, write instead of `source` and `predicate`:\n\
             # source = \"{{@column}}\"\n# predicate = {}\n",
            one_line(&toml_text(&predicate))
        )
    }

    /// Whether the columns of figures are sources, each with its own.
    pub(super) fn by_column(&self) -> bool {
        self.daring != Daring::Bare && self.roles.sources_as_columns(self.sketch)
    }

    /// The value from columns of figures, with a comment for what is odd or doubtful in them.
    fn figure(&self, lines: &mut String, columns: &[&Profile], filter: &str, value: impl Fn(&str) -> String) {
        lines.push_str(&doubts(columns, filter));
        let some_words = columns.iter().any(|p| !p.words().is_empty());
        if some_words {
            lines.push_str(NO_FIGURES);
            for column in columns.iter().filter(|p| !p.words().is_empty()) {
                let _ = writeln!(lines, "#   {}: {}", one_line(&column.name), odd_cells(column.words()));
            }
        }
        if self.trial && some_words {
            let _ = writeln!(lines, "value = {{ text = {} }}", toml_text(&value("")));
        } else {
            line(lines, "value", &value(&self.settled(columns, filter)));
        }
    }

    /// The filters, without the question whether `1.204` has decimals where the columns answer it.
    fn settled(&self, columns: &[&Profile], filter: &str) -> String {
        let comma = filter.contains("comma");
        let asks = !comma && columns.iter().any(|p| p.doubtful().is_some());
        let decided = columns.iter().any(|p| p.is_decided(comma)) && !asks;
        if decided || self.trial { filter.replace("number", "decimal") } else { filter.to_owned() }
    }

    fn list(&self, columns: &[usize]) -> String {
        let names = columns.iter().filter_map(|at| self.sketch.profiles.get(*at)).map(|p| toml_text(&p.name));
        format!("[{}]", names.collect::<Vec<_>>().join(", "))
    }
}

/// A comment for each column with a cell whose dot (or comma) may part thousands: it is read as a decimal, or `number` asks.
fn doubts(columns: &[&Profile], filter: &str) -> String {
    if filter.contains("comma") {
        let doubt = |column: &&Profile| {
            let (cell, name) = (one_line(column.commaed()?), one_line(&column.name));
            Some(format!(
                "# LOOK: in `{name}`, `{cell}` is taken for a decimal, because other cells are read only with a comma before decimals or\n\
                 # dots between thousands. If its comma parts thousands, mend the cell.\n"
            ))
        };
        return columns.iter().filter_map(doubt).collect();
    }
    let doubt = |column: &&Profile| {
        let (cell, name) = (one_line(column.doubtful()?), one_line(&column.name));
        let whole = cell.trim_matches(|c: char| !c.is_ascii_digit()).split('.').next().unwrap_or_default();
        Some(if filter.is_empty() {
            format!(
                "# LOOK: in `{name}`, `{cell}` is taken for a decimal, {whole} and a fraction. If its dot parts thousands,\n\
                 # write the filter number-comma: {{{} | number-comma}}\n",
                shown(&name)
            )
        } else {
            format!(
                "# LOOK: in `{name}`, `{cell}` may be {whole} and a fraction, or its dot may part thousands. {REFUSED}: mend the cell,\n\
                 # or write `decimal` for `number` (a fraction), or `replace '.' '' | number` (thousands).\n"
            )
        })
    };
    columns.iter().filter_map(doubt).collect()
}
