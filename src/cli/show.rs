//! `posterfs show`

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Entity, Library};
use crate::model::{ContentHash, EntityType, ImageType, ItemRef, StreamDetails};
use crate::phase::names;

use super::Outcome;
use super::context::Context;
use super::item;

/// Everything about one item: ids, pictures, locks, and the names they are published under.
///
/// For example: `posterfs show "Heat (1995)"`, `posterfs show tmdb:949`, `posterfs show /media/films/Heat`.
#[derive(Debug, Args)]
pub struct Show {
    /// Id, path, provider id (tmdb:603) or title.
    #[arg(value_parser = item::parser())]
    item: ItemRef,
}

#[derive(Debug, Serialize)]
struct Item {
    id: i64,
    r#type: EntityType,
    title: String,
    year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    season: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode: Option<u16>,
    path: String,
    library: String,
    layout: &'static str,
    ids: BTreeMap<String, String>,
    monitored: bool,
    missing: bool,
    images: BTreeMap<String, Image>,
    mappings: Vec<MappingLine>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    videos: Vec<VideoLine>,
}

#[derive(Debug, Serialize)]
struct VideoLine {
    path: String,
    #[serde(flatten)]
    details: StreamDetails,
}

#[derive(Debug, Default, Serialize)]
struct Image {
    selected: Option<SelectedLine>,
    locked: bool,
    originals: Vec<String>,
    /// What keeps the picture from a name, or a player from reading it.
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SelectedLine {
    sha256: ContentHash,
    source: String,
    provider: Option<String>,
    url: Option<String>,
    width: u32,
    height: u32,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct MappingLine {
    path: String,
    sha256: ContentHash,
    image_type: ImageType,
}

impl Show {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let catalog = context.catalog_to_read()?;
        let entity = item::find(context, &catalog, &self.item)?;
        context.output.result(&gather(&catalog, &entity)?, text)?;
        Ok(Outcome::Done)
    }
}

fn gather(catalog: &Catalog, entity: &Entity) -> anyhow::Result<Item> {
    let library = catalog.library(entity.library)?;
    let mappings = catalog.mappings_of(entity.id)?.into_iter().map(|mapping| MappingLine {
        path: mapping.folder.join(&mapping.name).to_string(),
        sha256: mapping.hash,
        image_type: mapping.image_type,
    });
    Ok(Item {
        id: entity.id.get(),
        r#type: entity.entity_type,
        title: entity.title.clone(),
        year: entity.year,
        season: entity.season,
        episode: entity.episode,
        path: entity.path.to_string(),
        library: library.as_ref().map(|library| library.name.clone()).unwrap_or_default(),
        layout: entity.layout.as_str(),
        ids: catalog.external_ids_of(entity.id)?.into_iter().map(|(p, value)| (p.to_string(), value)).collect(),
        monitored: entity.is_monitored,
        missing: entity.is_missing,
        images: images(catalog, entity, library.as_ref())?,
        mappings: mappings.collect(),
        videos: videos(catalog, entity)?,
    })
}

fn images(catalog: &Catalog, entity: &Entity, library: Option<&Library>) -> anyhow::Result<BTreeMap<String, Image>> {
    let mut images: BTreeMap<String, Image> = BTreeMap::new();
    for picture in catalog.selections_of(entity.id)?.into_iter().map(|row| row.picture) {
        let image = images.entry(picture.image_type.to_string()).or_default();
        if let Some(library) = library {
            image.notes = names::notes(catalog, library, entity, picture.image_type, &picture.extension)?;
        }
        image.selected = Some(SelectedLine {
            sha256: picture.hash,
            source: picture.source.clone(),
            provider: picture.provider.clone(),
            url: picture.source_url.clone(),
            width: picture.width,
            height: picture.height,
            bytes: picture.byte_count,
        });
    }
    for original in catalog.originals_of(entity.id)? {
        let path = original.found.folder.join(&original.found.name).to_string();
        images.entry(original.found.image_type.to_string()).or_default().originals.push(path);
    }
    for lock in catalog.locks_of(entity.id)?.into_iter().filter(|lock| lock.is_locked) {
        // Locks on metadata fields are shown with the fields.
        if lock.field.parse::<ImageType>().is_ok() {
            images.entry(lock.field).or_default().locked = true;
        }
    }
    Ok(images)
}

fn videos(catalog: &Catalog, entity: &Entity) -> anyhow::Result<Vec<VideoLine>> {
    let mut lines = Vec::new();
    for path in catalog.placement_of(entity)?.videos {
        if let Some(details) = catalog.stream_details(entity.library, &path)? {
            lines.push(VideoLine { path: path.to_string(), details });
        }
    }
    Ok(lines)
}

fn text(item: &Item) -> String {
    let year = item.year.map(|year| format!(" ({year})")).unwrap_or_default();
    let ids: Vec<_> = item.ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect();
    let mut lines = vec![
        format!("{} {}: {}{year}{}", item.r#type, item.id, item.title, numbers(item.season, item.episode)),
        format!("  in library {}, layout {}: {}", item.library, item.layout, item.path),
    ];
    if !ids.is_empty() {
        lines.push(format!("  ids: {}", ids.join(", ")));
    }
    if !item.monitored {
        lines.push("  not monitored: its artwork changes by hand only".to_owned());
    }
    if item.missing {
        lines.push("  missing: the last scan did not find it; everything it owns is kept".to_owned());
    }
    lines.extend(item.videos.iter().map(|video| format!("  video: {}: {}", video.path, video.details)));
    for (image_type, image) in &item.images {
        lines.push(image_line(image_type, image));
        lines.extend(image.notes.iter().map(|note| format!("    {note}")));
        lines.extend(image.originals.iter().map(|path| format!("    original: {path}")));
    }
    if item.images.is_empty() {
        lines.push(format!("  no artwork; choose some with `posterfs select {} poster --file FILE`", item.id));
    }
    lines.extend(item.mappings.iter().map(|mapping| format!("  published: {} ({})", mapping.path, mapping.image_type)));
    lines.join("\n")
}

/// The numbers of a season or episode, as people write them.
fn numbers(season: Option<u16>, episode: Option<u16>) -> String {
    match (season, episode) {
        (Some(season), Some(episode)) => format!(" (S{season:02}E{episode:02})"),
        (Some(season), None) => format!(" (S{season:02})"),
        _ => String::new(),
    }
}

fn image_line(image_type: &str, image: &Image) -> String {
    let lock = if image.locked { ", locked" } else { "" };
    match &image.selected {
        None => format!("  {image_type}: none selected{lock}"),
        Some(picture) => {
            let origin = picture.url.as_ref().or(picture.provider.as_ref()).unwrap_or(&picture.source);
            format!("  {image_type}: {}×{} from {origin}{lock}\n    {}", picture.width, picture.height, picture.sha256)
        }
    }
}
