//! `posterfs candidates`

mod row;
mod sheet;
mod terminal;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::catalog::{Candidate, Catalog, Entity};
use crate::model::{ImageType, ItemRef};
use crate::phase::{Look, Seen, candidate_lines};

use super::context::Context;
use super::output::show_path;
use super::progress::Bar;
use super::{Outcome, Usage, item};

use row::Row;
use sheet::Sheet;

/// How many of each type are looked at, unless told otherwise.
const LOOKED_AT: usize = 12;

/// The longest side of a thumbnail on a page, in pixels.
const SIDE_ON_PAGE: u32 = 400;

/// The same in a terminal: more cannot be seen there.
const SIDE_IN_TERMINAL: u32 = 300;

/// What could be chosen for an item, how good it is, and why.
///
/// The score is 0 to 100; its parts say why (docs/scoring.md). The first column is what `select`, `block` and `unblock`
/// take.
///
/// With --show, the pictures are drawn in the terminal: as they are where it understands kitty's, iTerm's or sixel graphics,
/// else of half blocks. With --open, they are laid out on a page, in one file that needs no network, which is opened where
/// there is a display. Pictures that are not in the cache are asked of their provider, small ones where it has such, and are
/// not kept; --offline asks nobody.
///
/// For example: `posterfs candidates "Heat (1995)" --type poster`, `posterfs candidates tmdb:949 --type poster --show`,
/// `posterfs candidates tmdb:949 --open`, `posterfs candidates tmdb:949 --open=heat.html`.
#[derive(Debug, Args)]
pub struct Candidates {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// Only this type of picture; `fanart` shows all of them.
    #[arg(long = "type", value_name = "TYPE")]
    image_type: Option<ImageType>,
    /// Only the best so many of each type, and what is chosen, shown or blocked. Default with --show and --open: 12.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Draw the pictures in the terminal: auto (the best that it can) or blocks.
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "auto",
          conflicts_with_all = ["open", "json"])]
    show: Option<Drawing>,
    /// Write a page with the pictures, and open it where there is a display. Default of FILE: one of its own among the
    /// temporary files. --json only tells where it is.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    open: Option<Option<PathBuf>>,
    /// Ask no provider for pictures that are not in the cache.
    #[arg(long)]
    offline: bool,
}

/// How pictures are drawn in a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Drawing {
    /// The best that the terminal can; it is asked.
    Auto,
    /// Half blocks, which every terminal can.
    Blocks,
}

#[derive(Debug, Serialize)]
struct PageReport {
    id: i64,
    /// Where the page is.
    page: String,
    /// How many candidates are on it.
    candidates: usize,
    /// For how many of them there is no picture.
    without_picture: usize,
}

impl Candidates {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let entity = item::find(context, &catalog, &self.item)?;
        let image_type = self.image_type.map(|image_type| image_type.meant_for(entity.entity_type));
        let looks = self.show.is_some() || self.open.is_some();
        let limit = self.limit.or(looks.then_some(LOOKED_AT));
        let (candidates, rows) = candidate_lines(&catalog, &entity, image_type, limit)?;
        match (self.show, &self.open) {
            (Some(drawing), _) => self.draw(context, &catalog, drawing, &candidates, &rows)?,
            (None, Some(file)) => self.page(context, &catalog, &entity, file.as_deref(), &candidates, &rows)?,
            (None, None) => context.output.list(&rows, row::text)?,
        }
        Ok(Outcome::Done)
    }

    fn draw(
        &self,
        context: &Context,
        catalog: &Catalog,
        drawing: Drawing,
        candidates: &[Candidate],
        rows: &[Row],
    ) -> anyhow::Result<()> {
        if !std::io::stdout().is_terminal() {
            let message = "--show draws in a terminal, and this is none; --open=FILE writes a page";
            return Err(Usage(message.to_owned()).into());
        }
        if rows.is_empty() {
            return context.output.list(rows, row::text);
        }
        let seen = self.look(context, catalog, candidates, SIDE_IN_TERMINAL)?;
        terminal::draw(rows, &seen, drawing == Drawing::Auto && std::io::stdin().is_terminal())
    }

    fn page(
        &self,
        context: &Context,
        catalog: &Catalog,
        entity: &Entity,
        file: Option<&Path>,
        candidates: &[Candidate],
        rows: &[Row],
    ) -> anyhow::Result<()> {
        let seen = self.look(context, catalog, candidates, SIDE_ON_PAGE)?;
        let title = crate::phase::items::full_title(catalog, entity)?;
        let page = Sheet { item: entity.id.get(), title: &title, kind: entity.entity_type.as_str(), rows, seen: &seen };
        let path = sheet::write(&page.html(), file, entity.id.get())?;
        let without_picture = seen.iter().filter(|seen| seen.is_err()).count();
        let report =
            PageReport { id: entity.id.get(), page: show_path(&path), candidates: rows.len(), without_picture };
        let is_opened = !context.output.is_json() && sheet::open_in_browser(&path);
        context.output.result(&report, |report| {
            let word = if is_opened { "opened" } else { "open this page in a browser" };
            format!("{word}: {}", report.page)
        })
    }

    fn look(
        &self,
        context: &Context,
        catalog: &Catalog,
        candidates: &[Candidate],
        side: u32,
    ) -> anyhow::Result<Vec<Seen>> {
        let (cache, limits) = (context.cache()?, context.limits());
        let providers = context.providers(false, self.offline)?;
        let look = Look { cache: &cache, providers: &providers, limits: &limits, side };
        Ok(look.at(catalog, candidates, &Bar::new(&context.output, "pictures"))?)
    }
}
