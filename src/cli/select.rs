//! `posterfs select`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Entity};
use crate::model::{CandidateId, ContentHash, ImageType, ItemRef};
use crate::phase::{self, ChosenPicture, PictureRef, items};

use super::context::Context;
use super::output::byte_size;
use super::which::{Filters, Which};
use super::{Outcome, Usage, item};

/// Choose a picture for an item.
///
/// The picture is taken into the cache, and the choice is locked: no automatic step changes it. `posterfs publish`
/// then shows it. What was selected before stays in the cache.
///
/// A picture is a candidate (its number in `posterfs candidates ITEM`), a file, an address, or what is selected for another
/// item (--from). With filters instead of the item, all that these leave share it.
///
/// One picture goes by one word: the portrait of an artist is its thumb, the front of an album its cover, the portrait of
/// an actor its actorthumb, the still of an episode its thumb; `poster` means these there, too.
///
/// For example: `posterfs select "Heat (1995)" poster --file heat.jpg`, or by number, id or path: `posterfs select 42
/// fanart1 --file still.png`, `posterfs select tmdb:949 clearlogo 1234`, `posterfs select /media/films/Heat banner --from
/// "Heat 2"`; `posterfs select --library tv --kind season --missing poster poster --file plain.jpg --dry-run`.
#[derive(Debug, Args)]
#[command(
    override_usage = "posterfs select [OPTIONS] ITEM TYPE <CANDIDATE|--file FILE|--url URL|--from ITEM>\n       posterfs \
                      select [OPTIONS] FILTERS TYPE <--file FILE|--url URL|--from ITEM>"
)]
pub struct Select {
    /// The item (id, path, provider id or title), the type of the picture (poster, fanart, fanart1, banner, …), and the
    /// number of a candidate, unless the picture comes from elsewhere; with filters the type alone.
    #[arg(required = true, value_name = "ITEM TYPE CANDIDATE")]
    words: Vec<OsString>,
    /// A file: jpeg, png, webp or gif.
    #[arg(long, group = "picture")]
    file: Option<PathBuf>,
    /// An address to download it from.
    #[arg(long, group = "picture")]
    url: Option<String>,
    /// Another item: what is selected for it.
    #[arg(long, group = "picture", value_name = "ITEM", value_parser = item::parser())]
    from: Option<ItemRef>,
    /// Tell what would be chosen for, and instead of what; change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filters: Filters,
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
struct PlannedReport {
    id: i64,
    title: String,
    image_type: ImageType,
    /// What is selected now.
    replaces: Option<ContentHash>,
    dry_run: bool,
}

impl Select {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let (which, rest) = Which::first_of(&self.words, self.filters.clone())?;
        let (image_type, candidate) = typed(&rest, self.filters.is_any())?;
        let from_elsewhere = self.file.is_some() || self.url.is_some() || self.from.is_some();
        let usage = || Usage("say which picture: either a candidate's number, --file, --url or --from".to_owned());
        if candidate.is_some() == from_elsewhere {
            return Err(usage().into());
        }
        let mut catalog = context.catalog()?;
        let items = which.find(context, &catalog)?;
        if self.dry_run {
            return plan(context, &catalog, &items, image_type);
        }
        let picture = match (candidate, self.file, self.url, self.from) {
            (Some(number), ..) => PictureRef::Candidate(number),
            (_, Some(file), ..) => PictureRef::File(file),
            (_, _, Some(url), _) => PictureRef::Url(url),
            (_, _, _, Some(from)) => PictureRef::From(item::find(context, &catalog, &from)?.id),
            (None, None, None, None) => return Err(usage().into()),
        };
        choose(context, &mut catalog, &items, image_type, &picture)
    }
}

/// The type and, where an item was named, the candidate.
fn typed(rest: &[String], is_for_many: bool) -> anyhow::Result<(ImageType, Option<CandidateId>)> {
    let usage = |message: String| Err(Usage(message).into());
    let (image_type, candidate) = match rest {
        [] => return usage("say which type of picture: poster, fanart, … and which one: --file, --url, --from".into()),
        [image_type] => (image_type, None),
        [image_type, number] if !is_for_many => (image_type, Some(number)),
        [_, more, ..] => return usage(format!("`{more}` is one word too many")),
    };
    let number = match candidate.map(|number| number.parse().map(CandidateId::new)) {
        Some(Err(_)) => return usage(format!("`{}` is no number of a candidate", rest[1])),
        Some(Ok(number)) => Some(number),
        None => None,
    };
    match image_type.parse() {
        Ok(image_type) => Ok((image_type, number)),
        Err(error) => usage(crate::model::ImageTypeError::to_string(&error)),
    }
}

fn plan(context: &Context, catalog: &Catalog, items: &[Entity], image_type: ImageType) -> anyhow::Result<Outcome> {
    let mut rows = Vec::new();
    for entity in items {
        let image_type = image_type.meant_for(entity.entity_type);
        let selected = phase::selected_picture(catalog, entity, image_type)?;
        rows.push(PlannedReport {
            id: entity.id.get(),
            title: items::full_title(catalog, entity)?,
            image_type,
            replaces: selected.map(|file| file.picture.hash),
            dry_run: true,
        });
    }
    context.output.list(&rows, |rows| {
        if rows.is_empty() {
            return super::which::NOTHING.to_owned();
        }
        let line = |row: &PlannedReport| {
            let instead = row.replaces.map(|hash| format!(" instead of {hash}")).unwrap_or_default();
            format!("{} of {} would be chosen{instead}", row.image_type, row.title)
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Outcome::Done)
}

fn choose(
    context: &Context,
    catalog: &mut Catalog,
    items: &[Entity],
    image_type: ImageType,
    picture: &PictureRef,
) -> anyhow::Result<Outcome> {
    let choices = context.choices(context.author())?;
    let mut reports = Vec::new();
    phase::choose_for(catalog, &choices, items, image_type, picture, |catalog, entity, chosen| {
        reports.push(report(catalog, entity, chosen)?);
        Ok(())
    })?;
    context.output.list(&reports, |reports| {
        if reports.is_empty() {
            return super::which::NOTHING.to_owned();
        }
        reports.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Outcome::Done)
}

fn report(catalog: &Catalog, entity: &Entity, chosen: &ChosenPicture) -> Result<SelectedReport, phase::PhaseError> {
    let picture = &chosen.picture;
    // What is to be said of its names before it is published.
    let notes = match catalog.library(entity.library)? {
        Some(library) => phase::names::notes(catalog, &library, entity, picture.image_type, &picture.extension)?,
        None => Vec::new(),
    };
    Ok(SelectedReport {
        id: entity.id.get(),
        title: items::full_title(catalog, entity)?,
        image_type: picture.image_type,
        sha256: picture.hash,
        width: picture.width,
        height: picture.height,
        bytes: picture.byte_count,
        locked: true,
        new_in_cache: chosen.was_new,
        notes,
    })
}

fn line(report: &SelectedReport) -> String {
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
}
