//! `posterfs history`

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Generation};
use crate::model::{GenerationId, ItemRef};
use crate::phase::{Event, events_of};

use super::Outcome;
use super::context::Context;
use super::item;
use super::output::{local_time, table};

/// What was published when, by whom and why; newest first.
///
/// Each line is a generation: `posterfs rollback 7` shows again what generation 7 showed, `posterfs diff 7` tells what is
/// different since. Of an item only what happened to it and to what belongs to it is told, and also what programs wrote
/// into a view that became a candidate.
///
/// For example: `posterfs history`, `posterfs history "Heat (1995)"`.
#[derive(Debug, Args)]
pub struct History {
    /// Only what happened to this item.
    #[arg(value_parser = item::parser())]
    item: Option<ItemRef>,
    /// How many to show.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Only generations before this one.
    #[arg(long, value_name = "GENERATION")]
    before: Option<i64>,
}

/// A line of history.
#[derive(Debug, Serialize)]
pub struct Row {
    /// `None` where what is shown did not change.
    generation: Option<i64>,
    time: i64,
    author: String,
    reason: String,
    added: u64,
    changed: u64,
    removed: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// It cannot be gone back to any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forgotten: bool,
}

impl History {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let before = self.before.map(GenerationId::new);
        let rows = match &self.item {
            Some(typed) => of_item(&events_of(&catalog, item::find(context, &catalog, typed)?.id, before, self.limit)?),
            None => of_all(&catalog, catalog.history(before, self.limit)?)?,
        };
        context
            .output
            .list(&rows, |rows| if rows.is_empty() { "nothing was published yet".to_owned() } else { text(rows) })?;
        Ok(Outcome::Done)
    }
}

fn of_all(catalog: &Catalog, generations: Vec<Generation>) -> anyhow::Result<Vec<Row>> {
    let mut tags: BTreeMap<GenerationId, Vec<String>> = BTreeMap::new();
    for tag in catalog.tags()? {
        tags.entry(tag.generation).or_default().push(tag.name);
    }
    let row = |generation: Generation| Row {
        generation: Some(generation.id.get()),
        time: generation.at.get(),
        author: generation.author,
        reason: generation.reason,
        added: generation.added,
        changed: generation.changed,
        removed: generation.removed,
        tags: tags.get(&generation.id).cloned().unwrap_or_default(),
        forgotten: generation.is_forgotten,
    };
    Ok(generations.into_iter().map(row).collect())
}

/// The events of an item as lines.
pub fn of_item(events: &[Event]) -> Vec<Row> {
    let row = |event: &Event| Row {
        generation: event.generation.map(GenerationId::get),
        time: event.at.get(),
        author: event.author.clone(),
        reason: event.reason.clone(),
        added: event.added,
        changed: event.changed,
        removed: event.removed,
        tags: Vec::new(),
        forgotten: false,
    };
    events.iter().map(row).collect()
}

/// Lines as a table.
pub fn text(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        let number = row.generation.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let names = row.tags.iter().map(|tag| format!(" {tag}")).collect::<String>();
        let change = format!("+{} ~{} -{}", row.added, row.changed, row.removed);
        let reason = if row.forgotten { format!("{} (forgotten)", row.reason) } else { row.reason.clone() };
        vec![format!("{number}{names}"), local_time(row.time), change, row.author.clone(), reason]
    });
    table(&["GENERATION", "TIME", "CHANGE", "AUTHOR", "REASON"], cells)
}
