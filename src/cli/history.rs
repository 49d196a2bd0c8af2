//! `posterfs history`

use clap::Args;

use crate::model::{GenerationId, ItemRef};
use crate::phase::{GenerationLine, event_lines, events_of, generation_lines};

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

impl History {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let before = self.before.map(GenerationId::new);
        let rows = match &self.item {
            Some(typed) => {
                event_lines(&events_of(&catalog, item::find(context, &catalog, typed)?.id, before, self.limit)?)
            }
            None => generation_lines(&catalog, catalog.history(before, self.limit)?)?,
        };
        context
            .output
            .list(&rows, |rows| if rows.is_empty() { "nothing was published yet".to_owned() } else { text(rows) })?;
        Ok(Outcome::Done)
    }
}

/// Lines as a table.
pub fn text(rows: &[GenerationLine]) -> String {
    let cells = rows.iter().map(|row| {
        let number = row.generation.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let names = row.tags.iter().map(|tag| format!(" {tag}")).collect::<String>();
        let change = format!("+{} ~{} -{}", row.added, row.changed, row.removed);
        let reason = if row.forgotten { format!("{} (forgotten)", row.reason) } else { row.reason.clone() };
        vec![format!("{number}{names}"), local_time(row.time), change, row.author.clone(), reason]
    });
    table(&["GENERATION", "TIME", "CHANGE", "AUTHOR", "REASON"], cells)
}
