//! `posterfs show`

mod text;

use clap::Args;

use crate::model::ItemRef;
use crate::phase::story;

use super::Outcome;
use super::context::Context;
use super::item;

/// The whole story of one item.
///
/// What it is and who says so, what is locked and why; of each type of picture what is chosen, how good it is
/// (docs/scoring.md tells the parts of a score), what could be chosen instead, what it is called for each player, and which
/// pictures of the tree it hides; the metadata document that is published of it; what happened to it lately.
///
/// For example: `posterfs show "Heat (1995)"`, `posterfs show tmdb:949`, `posterfs show /media/films/Heat`.
#[derive(Debug, Args)]
pub struct Show {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
}

impl Show {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let entity = item::find(context, &catalog, &self.item)?;
        context.output.result(&story(&catalog, &entity)?, text::text)?;
        Ok(Outcome::Done)
    }
}
