//! `posterfs history`

use clap::Args;
use serde::Serialize;

use crate::catalog::Generation;
use crate::model::GenerationId;

use super::Outcome;
use super::context::Context;
use super::output::{local_time, table};

/// What was published when, by whom and why; newest first.
///
/// Each line is a generation: `posterfs rollback 7` shows again what generation 7 showed.
#[derive(Debug, Args)]
pub struct History {
    /// How many generations to show.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Only generations before this one.
    #[arg(long, value_name = "GENERATION")]
    before: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Row {
    generation: i64,
    time: i64,
    author: String,
    reason: String,
    added: u64,
    changed: u64,
    removed: u64,
}

impl History {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let generations = context.catalog_to_read()?.history(self.before.map(GenerationId::new), self.limit)?;
        let rows: Vec<Row> = generations.into_iter().map(row).collect();
        context.output.list(&rows, |rows| {
            if rows.is_empty() {
                return "nothing was published yet".to_owned();
            }
            let cells = rows.iter().map(|row| {
                let change = format!("+{} ~{} -{}", row.added, row.changed, row.removed);
                vec![row.generation.to_string(), local_time(row.time), change, row.author.clone(), row.reason.clone()]
            });
            table(&["GENERATION", "TIME", "CHANGE", "AUTHOR", "REASON"], cells)
        })?;
        Ok(Outcome::Done)
    }
}

fn row(generation: Generation) -> Row {
    Row {
        generation: generation.id.get(),
        time: generation.at.get(),
        author: generation.author,
        reason: generation.reason,
        added: generation.added,
        changed: generation.changed,
        removed: generation.removed,
    }
}
