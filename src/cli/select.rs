//! `posterfs select` and `posterfs deselect`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Entity, Stamp};
use crate::model::{ContentHash, ImageType, ItemRef};
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
/// One picture goes by one word: the portrait of an artist is its thumb, the front of an album its cover, the portrait of
/// an actor its actorthumb, the still of an episode its thumb; `poster` means these there, too.
///
/// For example: `posterfs select "Heat (1995)" poster --file heat.jpg`, or by number, id or path: `posterfs select 42
/// fanart1 --file still.png`, `posterfs select tmdb:949 clearlogo --file logo.png`, `posterfs select /media/films/Heat
/// banner --file wide.jpg`.
#[derive(Debug, Args)]
pub struct Select {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
    /// What the picture is of: poster, fanart (fanart1, fanart2, … for more), banner, clearlogo, …
    image_type: ImageType,
    /// The picture: jpeg, png, webp or gif.
    #[arg(long)]
    file: PathBuf,
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
        let image_type = self.image_type.meant_for(entity.entity_type);
        let choice = (entity.id, image_type);
        let limits = context.limits();
        let Selection { stored, .. } = phase::select_file(
            &mut catalog,
            &context.cache()?,
            choice,
            &self.file,
            &limits,
            &context.author(),
            context.now(),
        )?;
        let report = SelectedReport {
            id: entity.id.get(),
            title: items::full_title(&catalog, &entity)?,
            image_type,
            sha256: stored.hash,
            width: stored.picture.width,
            height: stored.picture.height,
            bytes: stored.byte_count,
            locked: true,
            new_in_cache: stored.was_new,
            notes: notes(&catalog, &entity, image_type, stored.picture.format.extension())?,
        };
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
