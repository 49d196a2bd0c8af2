//! `posterfs edit`

use clap::Args;
use serde::Serialize;

use crate::model::ItemRef;
use crate::phase::{Edit, edit, items};

use super::Outcome;
use super::context::Context;
use super::item;

/// Say what an item is.
///
/// An id settles which film, series or album it is: `posterfs edit "Heat (1995)" tmdb=949`. What providers said of what it
/// was taken for before goes; pictures chosen by hand stay. Metadata fields can be set too (`plot=…`); they are locked
/// by that, so no provider changes them.
///
/// `posterfs list --unidentified` shows what needs it, `posterfs enrich ITEM` then asks again.
#[derive(Debug, Args)]
pub struct EditCommand {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// What it is: tmdb=603, imdb=tt0133093, title=Heat, …
    #[arg(required = true, value_name = "FIELD=VALUE")]
    edits: Vec<Edit>,
}

#[derive(Debug, Serialize)]
struct Edited {
    id: i64,
    title: String,
    edited: usize,
    is_another: bool,
}

impl EditCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let entity = item::find(context, &catalog, &self.item)?;
        let is_another = edit(&mut catalog, entity.id, &self.edits, context.now())?;
        let report = Edited {
            id: entity.id.get(),
            title: items::full_title(&catalog, &entity)?,
            edited: self.edits.len(),
            is_another,
        };
        context.output.result(&report, |report| {
            let next = if report.is_another {
                format!("; `posterfs enrich {}` asks the providers anew", report.id)
            } else {
                String::new()
            };
            format!("{} is edited{next}", report.title)
        })?;
        Ok(Outcome::Done)
    }
}
