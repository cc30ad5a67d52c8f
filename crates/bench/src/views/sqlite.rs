//! SQLite's side: the table with its secondary indexes, asked in every way that may be the fastest.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};
use sayso_core::replay::{Combined, combine};
use sayso_core::text::{Label, Text};
use sayso_core::time::{Stated, TimeZone};
use sayso_core::value::{Bounds, Value};

use super::answer::{self, Cell, Telling};
use super::questions::{Asked, Kind, questions, recorded};
use crate::Failure;
use crate::corpus::Corpus;
use crate::phase::{Figures, Task, disk_use, peak_memory};
use crate::sqlite_side::{Claims, Scratch};

/// What the secondary indexes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Indexes {
    /// There are none.
    None,
    /// What is looked for and ordered by.
    Lean,
    /// Every column of an answer too, so that the table itself is not read.
    Covering,
}

/// The columns of an answer.
const COLUMNS: [&str; 13] = [
    "idx",
    "source",
    "subject",
    "predicate",
    "kind",
    "min",
    "max",
    "text",
    "unit",
    "act",
    "modality",
    "stated",
    "stated_zone",
];
/// Those that no index on questions and dates has by itself.
const PAYLOAD: &str = "kind, min, max, text, unit, act, modality, stated, stated_zone";
const BY_SOURCE: &str = "source, subject, predicate, stated_us DESC, recorded";
const BY_QUESTION: &str = "subject, predicate, source, stated_us DESC, recorded";

/// The ways to ask. The report takes the fastest.
pub(super) const WAYS: [&str; 4] = ["window", "window on the index", "grouped max", "loose scan"];

/// The corpus in batches made on the fly, into a table whose indexes are there from the beginning, as a ledger's are.
pub(crate) fn import(task: &Task) -> Result<Figures, Failure> {
    let corpus = Corpus::new(task.seed)?;
    let mut claims = Claims::for_views(&task.at, recorded)?;
    let payload = match task.indexes {
        Indexes::Covering => format!(", {PAYLOAD}"),
        Indexes::Lean | Indexes::None => String::new(),
    };
    if task.indexes != Indexes::None {
        for (name, columns) in [("by_source", BY_SOURCE), ("by_question", BY_QUESTION)] {
            claims.connection.execute(&format!("CREATE INDEX {name} ON claims ({columns}{payload})"), [])?;
        }
    }
    let mut scratch = Scratch::default();
    let before = peak_memory("self")?;
    let mut spent = Duration::ZERO;
    let mut first = 0;
    while first < task.count {
        let records = corpus.records(first, task.batch.min(task.count - first))?;
        let started = Instant::now();
        claims.append(&records, &mut scratch)?;
        spent += started.elapsed();
        first += records.len() as u64;
    }
    let peak = peak_memory("self")?;
    claims.connection.execute_batch("ANALYZE")?;
    let checkpoint = claims.checkpoint()?;
    drop(claims);
    let disk = disk_use(&task.at)?;
    let figures =
        Figures { seconds: spent.as_secs_f64(), claims: task.count, before, peak, disk, ..Figures::default() };
    Ok(figures.with("checkpoint_s", checkpoint))
}

/// Each question in each way, once before it is timed; all ways must answer the same. The seconds are those of the fastest way's middle one.
pub(crate) fn views(task: &Task) -> Result<Figures, Failure> {
    let asked = questions(task.seed, task.kind, task.count, task.queries)?;
    let started = Instant::now();
    let claims = Claims::for_views(&task.at, recorded)?;
    let opening = started.elapsed().as_secs_f64();
    let before = peak_memory("self")?;
    let telling = Telling { entries: true, whole: task.whole };
    let mut best: Option<Figures> = None;
    let mut medians: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, sql) in ways(task.kind) {
        let mut statement = claims.connection.prepare(&sql)?;
        for one in &asked {
            select(&mut statement, one)?;
        }
        let (mut seconds, mut answers, mut cells) = (Vec::new(), Vec::new(), 0);
        for (at, one) in asked.iter().enumerate() {
            let started = Instant::now();
            let rows = select(&mut statement, one)?;
            seconds.push(started.elapsed().as_secs_f64());
            cells += answer(at, one, rows, telling, &mut answers)?;
        }
        let seconds = crate::report::median(seconds);
        medians.insert(name, seconds);
        if let Some(best) = &best {
            answer::same(&best.answers, &answers)?;
        }
        if best.as_ref().is_none_or(|best| seconds < best.seconds) {
            best = Some(Figures { seconds, claims: cells, before, answers, ..Figures::default() });
        }
    }
    let figures = best.ok_or("no way to ask")?;
    let mean = figures.claims as f64 / asked.len() as f64;
    let figures = Figures { peak: peak_memory("self")?, ..figures };
    let figures = medians.into_iter().fold(figures, |figures, (name, median)| figures.with(name, median));
    Ok(figures.with("opening_s", opening).with("rows", mean))
}

/// What is fixed in a kind of question, what its answer is grouped by, and the index for it.
struct Shape {
    fixed: &'static [(&'static str, &'static str)],
    groups: &'static [&'static str],
    index: &'static str,
    known: bool,
}

fn shape(kind: Kind) -> Shape {
    let known = kind.is_known();
    match kind {
        Kind::Source | Kind::SourceKnown => {
            Shape { fixed: &[("source", ":source")], groups: &["subject", "predicate"], index: "by_source", known }
        }
        Kind::Subject | Kind::SubjectKnown => {
            Shape { fixed: &[("subject", ":subject")], groups: &["predicate", "source"], index: "by_question", known }
        }
        Kind::Question => Shape {
            fixed: &[("subject", ":subject"), ("predicate", ":predicate")],
            groups: &["source"],
            index: "by_question",
            known,
        },
    }
}

impl Shape {
    /// The rows of the kind, in a table under a name.
    fn fixed(&self, table: &str) -> String {
        let equal: Vec<String> = self.fixed.iter().map(|(c, p)| format!("{table}.{c} = {p}")).collect();
        equal.join(" AND ")
    }

    /// What had been said, and was known, by then.
    fn by_then(&self, table: &str) -> String {
        let known = if self.known { format!(" AND {table}.recorded <= :known") } else { String::new() };
        format!("{table}.stated_us <= :by{known}")
    }

    fn groups_of(&self, table: &str) -> String {
        self.groups.iter().map(|g| format!("{table}.{g}")).collect::<Vec<_>>().join(", ")
    }

    /// Rows of `claims c` in the group that `g` names.
    fn in_group(&self) -> String {
        let equal: Vec<String> = self.groups.iter().map(|g| format!("c.{g} = g.{g}")).collect();
        format!("{} AND {}", self.fixed("c"), equal.join(" AND "))
    }

    /// The place of a row in its group, newest first; ties share a place. Nobody's claims do not replace one another.
    fn window(&self, columns: &str) -> String {
        format!(
            "SELECT {columns}, rank() OVER (PARTITION BY {} ORDER BY c.stated_us DESC) AS place
             FROM claims c INDEXED BY {} WHERE {} AND {}",
            self.groups_of("c"),
            self.index,
            self.fixed("c"),
            self.by_then("c"),
        )
    }

    /// From groups and their newest date to the rows.
    fn newest(&self, groups: &str) -> String {
        format!(
            "{groups} SELECT {} FROM g CROSS JOIN claims c INDEXED BY {} WHERE {} AND {}
             AND c.stated_us <= g.newest AND c.stated_us >= CASE {} WHEN 'unattributed' THEN {} ELSE g.newest END",
            columns("c"),
            self.index,
            self.in_group(),
            self.by_then("c"),
            if self.groups.contains(&"source") { "g.source" } else { "''" },
            i64::MIN,
        )
    }

    /// The groups, found by one seek each.
    fn loose(&self) -> String {
        let order = self.groups.join(", ");
        let next = |after: &str| {
            let seek = |column: &&str| {
                format!(
                    "(SELECT n.{column} FROM claims n INDEXED BY {} WHERE {}{after} ORDER BY {order} LIMIT 1)",
                    self.index,
                    self.fixed("n"),
                )
            };
            self.groups.iter().map(seek).collect::<Vec<_>>().join(", ")
        };
        let after = format!(" AND ({}) > ({})", self.groups_of("n"), self.groups_of("k"));
        let same: Vec<String> = self.groups.iter().map(|g| format!("n.{g} = k.{g}")).collect();
        let first = self.groups.first().copied().unwrap_or_default();
        format!(
            "WITH RECURSIVE k({order}) AS (SELECT {} UNION ALL SELECT {} FROM k WHERE k.{first} IS NOT NULL),
             g AS MATERIALIZED (SELECT {order}, (SELECT n.stated_us FROM claims n INDEXED BY {} WHERE {} AND {} AND {}
               ORDER BY n.stated_us DESC LIMIT 1) AS newest FROM k WHERE k.{first} IS NOT NULL)",
            next(""),
            next(&after),
            self.index,
            self.fixed("n"),
            same.join(" AND "),
            self.by_then("n"),
        )
    }
}

fn columns(table: &str) -> String {
    COLUMNS.map(|c| format!("{table}.{c}")).join(", ")
}

/// The ways to ask for a kind of view, as SQL.
fn ways(kind: Kind) -> Vec<(&'static str, String)> {
    let shape = shape(kind);
    let grouped = format!(
        "WITH g AS MATERIALIZED (SELECT {groups}, max(c.stated_us) AS newest FROM claims c INDEXED BY {} WHERE {} AND {}
         GROUP BY {groups})",
        shape.index,
        shape.fixed("c"),
        shape.by_then("c"),
        groups = shape.groups_of("c"),
    );
    let stands = "w.place = 1 OR w.source = 'unattributed'";
    let [window, on_index, max, loose] = WAYS;
    vec![
        (window, format!("SELECT {} FROM ({}) w WHERE {stands}", columns("w"), shape.window(&columns("c")))),
        (
            on_index,
            format!(
                "SELECT {} FROM ({}) w CROSS JOIN claims c ON c.idx = w.idx WHERE {stands}",
                columns("c"),
                shape.window("c.idx, c.source"),
            ),
        ),
        (max, shape.newest(&grouped)),
        (loose, shape.newest(&shape.loose())),
    ]
}

/// A row of an answer, owned and typed.
struct Found {
    idx: u64,
    source: String,
    subject: String,
    predicate: String,
    value: FoundValue,
    unit: Option<String>,
    act: String,
    modality: Option<String>,
    stated: String,
    stated_zone: Option<String>,
}

impl Found {
    /// By which statements are ordered, as the ledger does it.
    fn last_instant(&self) -> Option<i64> {
        let zone: TimeZone = self.stated_zone.as_deref().unwrap_or("UTC").parse().ok()?;
        Some(Stated::new(self.stated.parse().ok()?, &zone).ok()?.last_instant().micros())
    }
}

/// The values that the corpus has.
enum FoundValue {
    Text(String),
    YesNo(bool),
    Quantity(Option<i64>, Option<i64>),
    Approx(i64),
}

/// Runs the query and fetches every row of it.
fn select(statement: &mut Statement<'_>, asked: &Asked) -> Result<Vec<Found>, Failure> {
    let by = asked.last_us()?;
    let names = [(":source", &asked.source), (":subject", &asked.subject), (":predicate", &asked.predicate)];
    for (parameter, name) in names {
        if let (Some(at), Some(name)) = (statement.parameter_index(parameter)?, name) {
            statement.raw_bind_parameter(at, name.as_str())?;
        }
    }
    for (parameter, us) in [(":by", Some(by)), (":known", asked.known_at.map(|at| at.micros()))] {
        if let (Some(at), Some(us)) = (statement.parameter_index(parameter)?, us) {
            statement.raw_bind_parameter(at, us)?;
        }
    }
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(fetch(row)?);
    }
    Ok(found)
}

fn fetch(row: &Row<'_>) -> Result<Found, Failure> {
    let text = |at| -> Result<String, Failure> { Ok(row.get_ref(at)?.as_str()?.to_owned()) };
    let optional =
        |at| -> Result<Option<String>, Failure> { Ok(row.get_ref(at)?.as_str_or_null()?.map(str::to_owned)) };
    let integer = |at| -> Result<Option<i64>, Failure> { Ok(row.get_ref(at)?.as_i64_or_null()?) };
    let value = match row.get_ref(4)? {
        ValueRef::Text(b"quantity") => FoundValue::Quantity(integer(5)?, integer(6)?),
        ValueRef::Text(b"approx") => FoundValue::Approx(integer(5)?.ok_or("no number")?),
        ValueRef::Text(b"yes-no") => FoundValue::YesNo(integer(5)? == Some(1)),
        ValueRef::Text(b"text") => FoundValue::Text(text(7)?),
        _ => return Err("a value that the corpus does not have".into()),
    };
    Ok(Found {
        idx: u64::try_from(row.get::<_, i64>(0)?)?,
        source: text(1)?,
        subject: text(2)?,
        predicate: text(3)?,
        value,
        unit: optional(8)?,
        act: text(9)?,
        modality: optional(10)?,
        stated: text(11)?,
        stated_zone: optional(12)?,
    })
}

/// Tells the rows as cells, in the form that is compared. Returns how many cells there are. Ties are combined here, which is not timed.
fn answer(
    at: usize,
    asked: &Asked,
    mut rows: Vec<Found>,
    telling: Telling,
    answers: &mut Vec<String>,
) -> Result<u64, Failure> {
    rows.sort_by_key(|row| row.idx);
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Found>> = BTreeMap::new();
    for row in &rows {
        groups.entry((&row.source, &row.subject, &row.predicate)).or_default().push(row);
    }
    let mut combined: Vec<Combined> = Vec::new();
    for ((source, ..), rows) in &groups {
        combined.push(combine_rows(source, rows)?);
    }
    let cells: Vec<Cell<'_>> = (groups.iter().zip(&combined))
        .filter_map(|(((source, subject, predicate), rows), combined)| {
            // Nobody's claims have different dates: the newest is the one to show.
            let newest = rows.iter().max_by_key(|r| (r.last_instant(), std::cmp::Reverse(r.idx)))?;
            Some(Cell {
                source,
                subject,
                predicate,
                combined: Some(combined),
                acts: distinct(rows.iter().map(|r| r.act.as_str())),
                modality: distinct(rows.iter().filter_map(|r| r.modality.as_deref())),
                stated: (newest.stated.clone(), newest.stated_zone.as_deref()),
                entries: rows.iter().map(|r| r.idx).collect(),
            })
        })
        .collect();
    answers.extend(telling.tell(at, asked, &cells));
    Ok(cells.len() as u64)
}

fn combine_rows(source: &str, rows: &[&Found]) -> Result<Combined, Failure> {
    let mut stated: Vec<(Value, Option<Label>)> = Vec::new();
    for row in rows {
        let value = match &row.value {
            FoundValue::Text(words) => Value::Text(Text::new(words)?),
            FoundValue::YesNo(yes) => Value::YesNo(*yes),
            FoundValue::Quantity(min, max) => Value::Quantity(Bounds::new(min.map(Into::into), max.map(Into::into))?),
            FoundValue::Approx(n) => Value::Approx((*n).into()),
        };
        stated.push((value, row.unit.as_deref().map(Label::new).transpose()?));
    }
    let stated: Vec<(&Value, Option<&Label>)> = stated.iter().map(|(value, unit)| (value, unit.as_ref())).collect();
    Ok(if source == "unattributed" { answer::side_by_side(&stated) } else { combine(&stated) })
}

fn distinct<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all = Vec::new();
    for item in items {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}
