//! `posterfs edit`

use clap::Args;
use serde::Serialize;

use crate::model::ItemRef;
use crate::phase::{Edit, EditError, edit, items};

use super::context::Context;
use super::{Outcome, Usage, item, mode};

/// Say what an item is.
///
/// An id settles which film, series or album it is: `posterfs edit "Heat (1995)" tmdb=949`. What providers said of what it
/// was taken for before goes; pictures chosen by hand stay. Fields of metadata are set likewise (`plot=…`, `genres=Crime,
/// Drama`, empty for none); your word comes before what others say, and locks the field. `--unset` takes your word and the
/// lock back, and what others say is shown again.
///
/// `posterfs list --unidentified` shows what needs an id, `posterfs enrich ITEM` then asks again. `posterfs show ITEM`
/// tells every field, who says so, and whether it is locked.
///
/// For example: `posterfs edit tmdb:949 title="Heat" year=1995`, `posterfs edit 42 --unset title`.
#[derive(Debug, Args)]
pub struct EditCommand {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// What it is: tmdb=603, imdb=tt0133093, title=Heat, …
    #[arg(value_name = "FIELD=VALUE", required_unless_present = "unset")]
    edits: Vec<String>,
    /// Take back what you said of a field, or an id that you gave.
    #[arg(long, value_name = "FIELD", value_parser = unset)]
    unset: Vec<Edit>,
    /// Tell whether anything would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct EditedReport {
    id: i64,
    title: String,
    /// How many things were said.
    edited: usize,
    /// How many of them made a difference.
    changed: u64,
    is_another: bool,
    dry_run: bool,
}

fn unset(word: &str) -> Result<Edit, EditError> {
    Edit::unset(word)
}

impl EditCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        // Not by `clap`, which repeats the whole value where something is wrong with it.
        let said = self.edits.iter().map(|word| word.parse::<Edit>().map_err(|error| Usage(error.to_string())));
        let said = said.collect::<Result<Vec<_>, _>>()?;
        let mut catalog = context.catalog()?;
        let entity = item::find(context, &catalog, &self.item)?;
        let edits = [self.unset, said].concat();
        let edited = edit(&mut catalog, entity.id, &edits, mode(self.dry_run), context.now())?;
        let entity = catalog.entity(entity.id)?.unwrap_or(entity);
        let report = EditedReport {
            id: entity.id.get(),
            title: items::full_title(&catalog, &entity)?,
            edited: edits.len(),
            changed: edited.changed,
            is_another: edited.is_another,
            dry_run: self.dry_run,
        };
        context.output.result(&report, |report| {
            let next = if report.is_another {
                format!("; `posterfs enrich {}` asks the providers anew", report.id)
            } else {
                String::new()
            };
            let word = match (report.changed, report.dry_run) {
                (0, _) => "is like that already",
                (_, true) => "would be edited",
                (_, false) => "is edited",
            };
            format!("{} {word}{next}", report.title)
        })?;
        Ok(Outcome::Done)
    }
}
