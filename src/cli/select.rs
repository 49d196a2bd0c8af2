//! `posterfs select` and `posterfs deselect`

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Entity, Stamp};
use crate::model::{CandidateId, ContentHash, ImageType, ItemRef};
use crate::phase::{self, Selection, items};

use super::Outcome;
use super::context::Context;
use super::item;
use super::output::byte_size;

/// Choose a picture for an item.
///
/// The picture is taken into the cache, and the choice is locked: no automatic step changes it. `posterfs publish`
/// then shows it. What was selected before stays in the cache.
///
/// A picture is a candidate (its number in `posterfs candidates ITEM`), a file, or an address.
///
/// One picture goes by one word: the portrait of an artist is its thumb, the front of an album its cover, the portrait of
/// an actor its actorthumb, the still of an episode its thumb; `poster` means these there, too.
///
/// For example: `posterfs select "Heat (1995)" poster --file heat.jpg`, or by number, id or path: `posterfs select 42
/// fanart1 --file still.png`, `posterfs select tmdb:949 clearlogo --file logo.png`, `posterfs select /media/films/Heat
/// banner --file wide.jpg`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("picture").required(true))]
pub struct Select {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// What the picture is of: poster, fanart (fanart1, fanart2, … for more), banner, clearlogo, …
    image_type: ImageType,
    /// The number of a candidate.
    #[arg(group = "picture")]
    candidate: Option<i64>,
    /// A file: jpeg, png, webp or gif.
    #[arg(long, group = "picture")]
    file: Option<PathBuf>,
    /// An address to download it from.
    #[arg(long, group = "picture")]
    url: Option<String>,
}

/// Take a choice back.
///
/// What was published of it disappears from the view at once, and originals show again. The picture stays in the cache.
/// That there shall be none is a choice too, so the image type stays locked: no automatic step fills it again.
///
/// For example: `posterfs deselect "Heat (1995)" fanart`.
#[derive(Debug, Args)]
pub struct Deselect {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// What the picture is of.
    image_type: ImageType,
}

#[derive(Debug, Serialize)]
struct SelectedReport {
    id: i64,
    title: String,
    image_type: ImageType,
    sha256: ContentHash,
    width: u32,
    height: u32,
    bytes: u64,
    locked: bool,
    new_in_cache: bool,
    /// What keeps it from a name, or a player from reading it.
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DeselectedReport {
    id: i64,
    title: String,
    image_type: ImageType,
    was_selected: bool,
    locked: bool,
    generation: Option<i64>,
    removed: u64,
}

impl Select {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let entity = item::find(context, &catalog, &self.item)?;
        let report = self.choose(context, &mut catalog, &entity)?;
        context.output.result(&report, |report| {
            let notes: String = report.notes.iter().map(|note| format!("\n  {note}")).collect();
            format!(
                "{} of {} is {} ({}×{}, {}), locked; show it with `posterfs publish`{notes}",
                report.image_type,
                report.title,
                report.sha256,
                report.width,
                report.height,
                byte_size(report.bytes)
            )
        })?;
        Ok(Outcome::Done)
    }
}

impl Select {
    fn choose(&self, context: &Context, catalog: &mut Catalog, entity: &Entity) -> anyhow::Result<SelectedReport> {
        let image_type = self.image_type.meant_for(entity.entity_type);
        let choice = (entity.id, image_type);
        let (limits, author) = (context.limits(), context.author());
        let cache = Arc::new(context.cache()?);
        let title = items::full_title(catalog, entity)?;
        let report = |hash, (width, height), bytes, new_in_cache, notes| SelectedReport {
            id: entity.id.get(),
            title: title.clone(),
            image_type,
            sha256: hash,
            width,
            height,
            bytes,
            locked: true,
            new_in_cache,
            notes,
        };
        let selection = if let Some(file) = &self.file {
            Some(phase::select_file(catalog, &cache, choice, file, &limits, &author, context.now())?)
        } else if let Some(url) = &self.url {
            let surroundings = context.surroundings(true, false);
            Some(phase::select_url(catalog, &cache, choice, url, &surroundings, &limits, &author)?)
        } else {
            None
        };
        if let Some(Selection { stored, .. }) = selection {
            let notes = notes(catalog, entity, image_type, stored.picture.format.extension())?;
            let size = (stored.picture.width, stored.picture.height);
            return Ok(report(stored.hash, size, stored.byte_count, stored.was_new, notes));
        }
        let candidate = CandidateId::new(self.candidate.unwrap_or_default());
        let choice = (choice.0, choice.1, candidate);
        let providers = context.providers(false, false)?;
        let was_cached = catalog.candidate(candidate)?.cache_file.is_some();
        let (picture, _) =
            phase::select_candidate(catalog, &cache, &providers, choice, &limits, &author, context.now())?;
        let notes = notes(catalog, entity, image_type, &picture.extension)?;
        Ok(report(picture.hash, (picture.width, picture.height), picture.byte_count, !was_cached, notes))
    }
}

/// What is to be said of a picture's names before it is published.
fn notes(catalog: &Catalog, entity: &Entity, image_type: ImageType, extension: &str) -> anyhow::Result<Vec<String>> {
    Ok(match catalog.library(entity.library)? {
        Some(library) => phase::names::notes(catalog, &library, entity, image_type, extension)?,
        None => Vec::new(),
    })
}

impl Deselect {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let entity = item::find(context, &catalog, &self.item)?;
        let image_type = self.image_type.meant_for(entity.entity_type);
        let reason = format!("deselect {image_type} of item {}", entity.id);
        let stamp = Stamp { author: context.author(), reason, now: context.now() };
        let deselected = phase::deselect(&mut catalog, &context.cache()?, entity.id, image_type, &stamp)?;
        context.nudge();
        let report = DeselectedReport {
            id: entity.id.get(),
            title: items::full_title(&catalog, &entity)?,
            image_type,
            was_selected: deselected.was_selected,
            locked: true,
            generation: deselected.published.generation.map(crate::model::GenerationId::get),
            removed: deselected.published.removed,
        };
        context.output.result(&report, |report| match report.was_selected {
            true => format!("{} of {} is no longer selected; locked, so it stays so", report.image_type, report.title),
            false => format!("{} of {} was not selected; locked, so it stays so", report.image_type, report.title),
        })?;
        Ok(Outcome::Done)
    }
}
