//! A history as text, JSON and comma-separated values.

use sayso_core::event::Event;
use sayso_core::exchange::{Draft, Exporter};
use sayso_core::replay::Query;
use sayso_core::time::TimeZone;
use sayso_core::views::{History, Item, Order, Reads};
use serde::Serialize;
use serde_json::Value;

use super::csv::{self, Sheet};
use super::{item, json, table, views};
use crate::error::CliError;
use crate::meant::Meant;

pub(crate) fn text(clocks: &Query, order: Order, history: &History, meant: &Meant, zone: &TimeZone) -> String {
    let mut text = table::fold(&preface(clocks, order, history, zone));
    for shown in &history.items {
        text.push('\n');
        let mut lines = item::details(shown);
        lines.extend(item::outcome(shown));
        text.push_str(&item::block(&item::headline(shown), &lines));
    }
    let shown = history.items.len();
    let all = match (shown, history.total) {
        (_, 0) => "Nothing recorded on it.\n".to_owned(),
        (a, b) if a == b => format!("{b} entries.\n"),
        (a, b) => format!("{a} of {b} entries.\n"),
    };
    text.push_str(&format!("\n{all}"));
    text.push_str(&table::fold(&meant.sentences().iter().map(|line| format!("{line}\n")).collect::<String>()));
    if let Some(next) = history.next {
        text.push_str(&format!("next: --from {next}\n"));
    }
    text
}

fn preface(clocks: &Query, order: Order, history: &History, zone: &TimeZone) -> String {
    let subject = table::escape(history.subject.as_str());
    let about = match &history.predicate {
        Some(predicate) => format!("{subject} / {}", table::escape(predicate.as_str())),
        None => format!("{subject} (all questions)"),
    };
    let order = match order {
        Order::Recorded => "in the order of recording",
        Order::Stated => "in the order of statements",
    };
    format!(
        "{about}, {order}\n{}{}{}",
        views::clocks_of(clocks, history.known_entries, history.head.size, zone),
        views::asked_as(&history.asked_as),
        views::redacted(history.redacted.len()).unwrap_or_default()
    )
}

#[derive(Serialize)]
struct HistoryJson {
    subject: String,
    predicate: Option<String>,
    by: &'static str,
    as_of: Option<String>,
    known_at: Option<String>,
    head: Value,
    known_entries: u64,
    entries: Vec<ItemJson>,
    total: usize,
    next: Option<u64>,
    asked_as: Vec<Value>,
    did_you_mean: Vec<Value>,
    redacted: Vec<u64>,
}

/// An entry in the light of what was recorded after it.
#[derive(Serialize)]
pub(crate) struct ItemJson {
    index: u64,
    recorded: String,
    imported_clock: bool,
    recorder: Option<String>,
    redacted: bool,
    subject: Option<String>,
    predicate: Option<String>,
    event: Option<Draft>,
    reads: &'static str,
    reads_as: Option<Draft>,
    corrected_by: Option<u64>,
    fate: Option<&'static str>,
}

pub(crate) fn item_json(exporter: &Exporter<'_>, item: &Item) -> Result<ItemJson, CliError> {
    let draft = |event: &Event| exporter.event(event);
    let (reads, reads_as, corrected_by) = match &item.reads {
        Reads::AsRecorded => ("as-recorded", None, None),
        Reads::Changed { event, by } => ("changed", Some(draft(event)?), Some(*by)),
        Reads::Void { by } => ("void", None, Some(*by)),
    };
    Ok(ItemJson {
        index: item.index,
        recorded: item.recorded.to_string(),
        imported_clock: item.imported_clock,
        recorder: item.recorder.as_ref().map(ToString::to_string),
        redacted: item.event.is_none(),
        subject: item.question.as_ref().map(|q| q.subject.to_string()),
        predicate: item.question.as_ref().map(|q| q.predicate.to_string()),
        event: item.event.as_ref().map(draft).transpose()?,
        reads,
        reads_as,
        corrected_by,
        fate: item.fate.map(sayso_core::replay::Fate::as_str),
    })
}

pub(crate) fn json(
    exporter: &Exporter<'_>,
    clocks: &Query,
    order: Order,
    history: &History,
    meant: &Meant,
) -> Result<impl Serialize + use<>, CliError> {
    let entries: Result<Vec<ItemJson>, CliError> = history.items.iter().map(|i| item_json(exporter, i)).collect();
    Ok(HistoryJson {
        subject: history.subject.to_string(),
        predicate: history.predicate.as_ref().map(ToString::to_string),
        by: match order {
            Order::Recorded => "recorded",
            Order::Stated => "stated",
        },
        as_of: clocks.as_of.as_ref().map(ToString::to_string),
        known_at: clocks.known_at.as_ref().map(ToString::to_string),
        head: json::head(history.head),
        known_entries: history.known_entries,
        entries: entries?,
        total: history.total,
        next: history.next,
        asked_as: json::asked_as(&history.asked_as),
        did_you_mean: meant.json(),
        redacted: history.redacted.clone(),
    })
}

/// One row for each entry, as it was recorded, with what became of it.
pub(crate) fn csv(history: &History, meant: &Meant) -> Result<(), CliError> {
    let (last, entry) = csv::ENTRY.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
    debug_assert_eq!(last, Some(&"hash"), "the one column that a history has not");
    let columns = entry.iter().copied().chain(["reads", "reads_as", "corrected_by", "fate"]);
    let mut sheet = Sheet::new(columns)?;
    for item in &history.items {
        let mut cells = vec![format!("#{}", item.index), item.recorded.to_string(), item.imported_clock.to_string()];
        cells.push(item.recorder.as_ref().map(ToString::to_string).unwrap_or_default());
        match &item.event {
            Some(event) => {
                cells.push(event.content.kind().as_str().into());
                cells.extend(csv::event(event));
            }
            None => {
                cells.push("redacted".into());
                cells.resize(entry.len(), String::new());
            }
        }
        let (reads, now, by) = match &item.reads {
            Reads::AsRecorded => ("as-recorded", String::new(), None),
            Reads::Changed { event, by } => ("changed", item::says(event), Some(by)),
            Reads::Void { by } => ("void", String::new(), Some(by)),
        };
        cells.extend([reads.to_owned(), now, by.map(|i| format!("#{i}")).unwrap_or_default()]);
        cells.push(item.fate.map(|f| f.as_str().to_owned()).unwrap_or_default());
        sheet.row(cells)?;
    }
    let mut notes: Vec<String> = views::asked_as(&history.asked_as).lines().map(ToOwned::to_owned).collect();
    notes.extend(views::redacted(history.redacted.len()));
    notes.extend(meant.sentences());
    notes.extend(history.next.map(|next| format!("there is more; next: --from {next}")));
    sheet.print(&notes)
}
