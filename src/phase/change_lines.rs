//! What is shown and how it changes, as it is told: by the command line and the API alike.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::{Catalog, CatalogError, Conflict, Difference, Generation, Published, ShownPicture, Tag};
use crate::model::{ContentHash, GenerationId, ImageType};

use super::lines::LibraryNames;
use super::{Event, PhaseError, PublishReport};

/// A generation, or something else that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct GenerationLine {
    /// Its number; of what made no generation there is none.
    #[schema(required)]
    pub generation: Option<i64>,
    /// When, in seconds since 1970.
    pub time: i64,
    /// A person or program.
    pub author: String,
    /// What moved it.
    pub reason: String,
    /// Paths that began to show a picture.
    pub added: u64,
    /// Paths that show another picture.
    pub changed: u64,
    /// Paths that ceased to show one.
    pub removed: u64,
    /// Its names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub tags: Vec<String>,
    /// Whether it cannot be gone back to any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub forgotten: bool,
}

/// What a change of what is shown came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeLine {
    /// The generation that was made; where nothing changed, the one in force.
    #[schema(required)]
    pub generation: Option<i64>,
    /// Paths that began to show a picture.
    pub added: u64,
    /// Paths that show another picture.
    pub changed: u64,
    /// Paths that ceased to show one.
    pub removed: u64,
    /// Paths that stay as they are.
    pub unchanged: u64,
    /// Pictures that a lock keeps as they are, though something else is chosen.
    pub kept: u64,
    /// Whether nothing was changed, only told.
    pub dry_run: bool,
    /// Pictures that a path was refused, as another has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub conflicts: Vec<String>,
    /// Names that are impossible for an item, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub left_out: Vec<String>,
    /// Libraries whose trees could not be reached, so that their metadata documents stay as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub unreached: Vec<String>,
}

/// A path that two generations show differently.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceLine {
    /// `added`, `changed` or `removed`.
    #[schema(value_type = String)]
    pub change: &'static str,
    /// The library.
    pub library: String,
    /// The path, relative to the library.
    pub path: String,
    /// The item.
    pub item: i64,
    /// What the picture is of.
    #[schema(value_type = String)]
    pub image_type: ImageType,
    /// The SHA-256 of what the one generation shows.
    #[schema(value_type = Option<String>, required)]
    pub before: Option<ContentHash>,
    /// The same of the other one.
    #[schema(value_type = Option<String>, required)]
    pub after: Option<ContentHash>,
}

/// A name of a generation.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagLine {
    /// The name.
    pub name: String,
    /// What it names.
    pub generation: i64,
    /// When it was given, in seconds since 1970.
    pub time: i64,
    /// By whom.
    pub author: String,
}

/// Generations with their names.
///
/// # Errors
/// When the catalog cannot be read.
pub fn generation_lines(catalog: &Catalog, generations: Vec<Generation>) -> Result<Vec<GenerationLine>, PhaseError> {
    let mut tags: BTreeMap<GenerationId, Vec<String>> = BTreeMap::new();
    for tag in catalog.tags()? {
        tags.entry(tag.generation).or_default().push(tag.name);
    }
    let row = |generation: Generation| GenerationLine {
        generation: Some(generation.id.get()),
        time: generation.at.get(),
        author: generation.author,
        reason: generation.reason,
        added: generation.added,
        changed: generation.changed,
        removed: generation.removed,
        tags: tags.get(&generation.id).cloned().unwrap_or_default(),
        forgotten: generation.is_forgotten,
    };
    Ok(generations.into_iter().map(row).collect())
}

/// A change of what is shown, as it is told.
///
/// # Errors
/// When the catalog cannot be read.
pub fn change_line(catalog: &Catalog, published: &Published, dry_run: bool) -> Result<ChangeLine, PhaseError> {
    let told = |conflict: &Conflict| format!("{}: {conflict}", conflict.folder.join(&conflict.name));
    let in_force = match published.generation {
        Some(generation) => Some(generation),
        None => catalog.history(None, 1)?.first().map(|generation| generation.id),
    };
    Ok(ChangeLine {
        generation: in_force.map(GenerationId::get),
        added: published.added,
        changed: published.changed,
        removed: published.removed,
        unchanged: published.unchanged,
        kept: published.kept,
        dry_run,
        conflicts: published.conflicts.iter().map(told).collect(),
        left_out: Vec::new(),
        unreached: Vec::new(),
    })
}

/// The same of a publication, with what was left out.
///
/// # Errors
/// When the catalog cannot be read.
pub fn publish_line(catalog: &Catalog, report: PublishReport, dry_run: bool) -> Result<ChangeLine, PhaseError> {
    let mut line = change_line(catalog, &report.published, dry_run)?;
    line.left_out = report.left_out.into_iter().map(|left| left.message).collect();
    line.unreached = report.unreached;
    Ok(line)
}

/// The same of a rollback: what was in libraries that are gone stays away.
///
/// # Errors
/// When the catalog cannot be read.
pub fn rollback_line(catalog: &Catalog, published: &Published, dry_run: bool) -> Result<ChangeLine, PhaseError> {
    let mut line = change_line(catalog, published, dry_run)?;
    if published.left_out > 0 {
        let note =
            "were in libraries that have been removed since, and stay away; `posterfs library add` brings one back";
        line.left_out.push(format!("{} {note}", published.left_out));
    }
    Ok(line)
}

/// A path that two generations show differently; `None` where neither shows anything.
#[must_use]
pub fn difference_line(libraries: &LibraryNames, difference: Difference) -> Option<DifferenceLine> {
    let hash = |picture: &Option<ShownPicture>| picture.as_ref().map(|picture| picture.hash);
    let (before, after) = (hash(&difference.before), hash(&difference.after));
    let shown = difference.after.or(difference.before)?;
    Some(DifferenceLine {
        change: match (before, after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        },
        library: libraries.get(&difference.library).cloned().unwrap_or_default(),
        path: difference.folder.join(&difference.name).to_string(),
        item: shown.entity.get(),
        image_type: shown.image_type,
        before,
        after,
    })
}

impl From<Tag> for TagLine {
    fn from(tag: Tag) -> Self {
        Self { name: tag.name, generation: tag.generation.get(), time: tag.at.get(), author: tag.author }
    }
}

/// What happened to an item.
#[must_use]
pub fn event_lines(events: &[Event]) -> Vec<GenerationLine> {
    let row = |event: &Event| GenerationLine {
        generation: event.generation.map(GenerationId::get),
        time: event.at.get(),
        author: event.author.clone(),
        reason: event.reason.clone(),
        added: event.added,
        changed: event.changed,
        removed: event.removed,
        tags: Vec::new(),
        forgotten: false,
    };
    events.iter().map(row).collect()
}

/// What a name of a generation names.
///
/// # Errors
/// When there is no such name, or the catalog cannot be read.
pub fn tag_line(catalog: &Catalog, name: &str) -> Result<TagLine, PhaseError> {
    let tag = catalog.tags()?.into_iter().find(|tag| tag.name == name);
    Ok(tag.ok_or_else(|| CatalogError::NoSuchTag { name: name.to_owned() })?.into())
}
