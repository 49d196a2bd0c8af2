//! The story of an item: all that is known of it, what is shown of it, and why.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::{CacheFile, Candidate, Catalog, Entity, Library};
use crate::model::{
    CandidateId, ContentHash, EntityId, EntityType, Guard, ImageKind, ImageType, Placement, StreamDetails,
};
use crate::naming::{Profile, Profiles};
use crate::score::Parts;

use super::documents::{NfoStory, nfo_story};
use super::{Event, PhaseError, events_of, items, names};

/// How many events are told.
const EVENTS: u32 = 5;
/// How many alternatives are told of each type.
const ALTERNATIVES: usize = 3;

/// Everything about one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct Story {
    /// Its number.
    #[schema(value_type = i64)]
    pub id: EntityId,
    /// What it is.
    #[schema(value_type = String)]
    pub r#type: EntityType,
    /// Its title.
    pub title: String,
    /// What people call it: with its year, of a season or episode behind that of its series.
    pub name: String,
    /// Its year.
    #[schema(required)]
    pub year: Option<u16>,
    /// The season of a season or episode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<u16>,
    /// The first episode of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episode: Option<u16>,
    /// What identifies it in its library.
    pub path: String,
    /// The name of that.
    pub library: String,
    /// How it lies on disk.
    #[schema(value_type = String)]
    pub layout: &'static str,
    /// Its ids.
    pub ids: BTreeMap<String, String>,
    /// Whether `enrich` looks after it.
    pub monitored: bool,
    /// Whether the last scan did not find it.
    pub missing: bool,
    /// What is told of it in words.
    pub fields: Vec<FieldLine>,
    /// The types of pictures that it can have.
    #[schema(value_type = Vec<String>)]
    pub types: Vec<&'static str>,
    /// Its pictures, by type.
    pub images: BTreeMap<String, ImageStory>,
    /// Its metadata document and files, where it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub nfo: Option<NfoStory>,
    /// What is said of any field, here or further up.
    pub locks: Vec<LockLine>,
    /// What is shown of it.
    pub mappings: Vec<MappingLine>,
    /// What is in its videos.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub videos: Vec<VideoLine>,
    /// What happened to it and to what belongs to it, newest first.
    pub history: Vec<Event>,
}

/// A field of metadata.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldLine {
    /// Its name.
    pub field: String,
    /// Its value; of a field with several a JSON list.
    pub value: String,
    /// Who says so: `user`, `nfo`, `scan` (names in the tree) or a provider.
    pub source: String,
    /// Whether automatic steps leave it alone.
    pub locked: bool,
    /// Why, in words.
    pub lock: String,
}

/// The pictures of one type.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImageStory {
    /// What is chosen.
    #[schema(required)]
    pub selected: Option<SelectedLine>,
    /// What is shown; another one than the chosen where it is not published.
    #[schema(value_type = Option<String>, required)]
    pub shown: Option<ContentHash>,
    /// Whether automatic steps leave it alone.
    pub locked: bool,
    /// Why, in words.
    pub lock: String,
    /// The best of what could be chosen instead.
    pub alternatives: Vec<AlternativeLine>,
    /// How many could be, blocked ones left out.
    pub alternative_count: usize,
    /// Pictures of the tree, which are hidden while something is shown.
    pub originals: Vec<String>,
    /// The names it has for each player.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub names: BTreeMap<&'static str, Vec<String>>,
    /// What keeps it from a name, or a player from reading it.
    pub notes: Vec<String>,
}

/// A picture that is chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct SelectedLine {
    /// The SHA-256 of its bytes.
    #[schema(value_type = String)]
    pub sha256: ContentHash,
    /// Where it came from: provider, file, url, original, program.
    pub source: String,
    /// The provider it came from.
    #[schema(required)]
    pub provider: Option<String>,
    /// The address it came from.
    #[schema(required)]
    pub url: Option<String>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// Who chose it.
    #[schema(required)]
    pub author: Option<String>,
    /// 0 to 100; `None` where it was never scored.
    #[schema(required)]
    pub score: Option<f64>,
    /// What the score is made of.
    #[schema(required)]
    pub score_parts: Option<Parts>,
}

/// A picture that could be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlternativeLine {
    /// The number to choose it by.
    #[schema(value_type = i64)]
    pub id: CandidateId,
    /// Who offers it.
    pub provider: String,
    /// 0 to 100.
    #[schema(required)]
    pub score: Option<f64>,
    /// Whether it is in the cache.
    pub cached: bool,
}

/// What is said of a field.
#[derive(Debug, Serialize, ToSchema)]
pub struct LockLine {
    /// Its word.
    pub field: String,
    /// Whether automatic steps leave it alone.
    pub locked: bool,
    /// Why, in words.
    pub because: String,
}

/// A path that shows a picture.
#[derive(Debug, Serialize, ToSchema)]
pub struct MappingLine {
    /// The path, relative to the library.
    pub path: String,
    /// The SHA-256 of the picture's bytes.
    #[schema(value_type = String)]
    pub sha256: ContentHash,
    /// What it is of.
    #[schema(value_type = String)]
    pub image_type: ImageType,
}

/// A video of the item.
#[derive(Debug, Serialize, ToSchema)]
pub struct VideoLine {
    /// The path, relative to the library.
    pub path: String,
    /// What is in it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub details: StreamDetails,
}

/// Tells everything about an item.
///
/// # Errors
/// When the catalog cannot be read, or its library's profiles are not known.
pub fn story(catalog: &Catalog, entity: &Entity) -> Result<Story, PhaseError> {
    let library = catalog.library(entity.library)?;
    let guard = catalog.guard_of(entity.id)?;
    let mappings: Vec<MappingLine> = catalog
        .mappings_of(entity.id)?
        .into_iter()
        .map(|mapping| MappingLine {
            path: mapping.folder.join(&mapping.name).to_string(),
            sha256: mapping.hash,
            image_type: mapping.image_type,
        })
        .collect();
    Ok(Story {
        id: entity.id,
        r#type: entity.entity_type,
        title: entity.title.clone(),
        name: items::full_title(catalog, entity)?,
        year: entity.year,
        season: entity.season,
        episode: entity.episode,
        path: entity.path.to_string(),
        layout: entity.layout.as_str(),
        ids: catalog.external_ids_of(entity.id)?.into_iter().map(|(p, value)| (p.to_string(), value)).collect(),
        monitored: !guard.is_unmonitored(),
        missing: entity.is_missing,
        fields: fields(catalog, entity, &guard)?,
        types: entity.entity_type.kinds().iter().map(|kind| kind.as_str()).collect(),
        images: images(catalog, entity, library.as_ref(), &guard, &mappings)?,
        nfo: nfo_story(catalog, entity)?,
        library: library.map(|library| library.name).unwrap_or_default(),
        locks: guard.fields().iter().map(|field| lock_line(&guard, entity.id, field)).collect(),
        mappings,
        videos: videos(catalog, entity)?,
        history: events_of(catalog, entity.id, None, EVENTS)?,
    })
}

fn fields(catalog: &Catalog, entity: &Entity, guard: &Guard) -> Result<Vec<FieldLine>, PhaseError> {
    let line = |sourced: crate::catalog::SourcedField| {
        let in_force = guard.in_force(&sourced.field.field);
        FieldLine {
            locked: in_force.is_locked,
            lock: in_force.told_of(entity.id),
            field: sourced.field.field,
            value: sourced.field.value,
            source: sourced.source,
        }
    };
    Ok(catalog.fields_of(entity)?.into_iter().map(line).collect())
}

fn lock_line(guard: &Guard, item: EntityId, field: &str) -> LockLine {
    let in_force = guard.in_force(field);
    LockLine { field: field.to_owned(), locked: in_force.is_locked, because: in_force.told_of(item) }
}

fn images(
    catalog: &Catalog,
    entity: &Entity,
    library: Option<&Library>,
    guard: &Guard,
    mappings: &[MappingLine],
) -> Result<BTreeMap<String, ImageStory>, PhaseError> {
    let mut images: BTreeMap<ImageType, ImageStory> = BTreeMap::new();
    let candidates = catalog.candidates_of(entity.id, None)?;
    let placement = catalog.placement_of(entity)?;
    for file in catalog.selections_of(entity.id)? {
        let image_type = file.picture.image_type;
        let image = images.entry(image_type).or_default();
        if let Some(library) = library {
            image.notes = names::notes(catalog, library, entity, image_type, &file.picture.extension)?;
        }
        image.names = names_by_player(&placement, image_type, &file.picture.extension);
        image.selected = Some(selected_line(file, &candidates));
    }
    let originals = catalog.originals_of(entity.id)?.into_iter();
    for original in originals.filter(|original| original.found.image_type.is_picture()) {
        let path = original.found.folder.join(&original.found.name).to_string();
        images.entry(original.found.image_type).or_default().originals.push(path);
    }
    for mapping in mappings.iter().filter(|mapping| mapping.image_type.is_picture()) {
        images.entry(mapping.image_type).or_default().shown = Some(mapping.sha256);
    }
    // Something may be said of what has no picture; what is inherited may be of what such an item cannot have.
    let said = guard.fields().into_iter().filter_map(|field| field.parse::<ImageType>().ok());
    let can_be = |image_type: &ImageType| {
        entity.entity_type.can_have(image_type.kind()) && image_type.meant_for(entity.entity_type) == *image_type
    };
    for image_type in said.filter(can_be) {
        images.entry(image_type).or_default();
    }
    for (image_type, image) in &mut images {
        let in_force = guard.in_force(&image_type.to_string());
        (image.locked, image.lock) = (in_force.is_locked, in_force.told_of(entity.id));
        (image.alternatives, image.alternative_count) = alternatives(&candidates, image_type.kind());
    }
    Ok(images.into_iter().map(|(image_type, image)| (image_type.to_string(), image)).collect())
}

fn selected_line(file: CacheFile, candidates: &[Candidate]) -> SelectedLine {
    let chosen = candidates.iter().find(|candidate| candidate.is_selected && candidate.cache_file == Some(file.id));
    let parts = chosen.and_then(|candidate| candidate.score_parts.as_deref());
    SelectedLine {
        sha256: file.picture.hash,
        source: file.picture.source,
        provider: file.picture.provider,
        url: file.picture.source_url,
        width: file.picture.width,
        height: file.picture.height,
        bytes: file.picture.byte_count,
        author: file.picture.author,
        score: chosen.and_then(|candidate| candidate.score),
        score_parts: parts.and_then(|parts| serde_json::from_str(parts).ok()),
    }
}

/// The names of a picture for each player by itself.
fn names_by_player(
    placement: &Placement,
    image_type: ImageType,
    extension: &str,
) -> BTreeMap<&'static str, Vec<String>> {
    let everybody = Profiles::default().players();
    let players = Profile::ALL.iter().filter(|profile| !profile.is_tree() && profile.players() != everybody);
    let names_for = |profile: &Profile| {
        let profiles: Profiles = profile.as_str().parse().ok()?;
        let names = names::names(&profiles, placement, image_type, extension).names;
        let paths: Vec<String> = names.iter().map(|name| name.folder.join(&name.name).to_string()).collect();
        (!paths.is_empty()).then_some((profile.as_str(), paths))
    };
    players.filter_map(names_for).collect()
}

/// The best candidates of a kind that are not chosen for any of its places, and how many there are.
fn alternatives(candidates: &[Candidate], kind: ImageKind) -> (Vec<AlternativeLine>, usize) {
    let is_one =
        |candidate: &&Candidate| candidate.image_type.kind() == kind && !candidate.is_selected && !candidate.is_blocked;
    let mut others: Vec<&Candidate> = candidates.iter().filter(is_one).collect();
    let score = |candidate: &Candidate| candidate.score.unwrap_or_default();
    others.sort_by(|one, other| score(other).total_cmp(&score(one)).then(one.id.cmp(&other.id)));
    let line = |candidate: &&Candidate| AlternativeLine {
        id: candidate.id,
        provider: candidate.provider.clone(),
        score: candidate.score,
        cached: candidate.cache_file.is_some(),
    };
    (others.iter().take(ALTERNATIVES).map(line).collect(), others.len())
}

fn videos(catalog: &Catalog, entity: &Entity) -> Result<Vec<VideoLine>, PhaseError> {
    let mut lines = Vec::new();
    for path in catalog.placement_of(entity)?.videos {
        if let Some(details) = catalog.stream_details(entity.library, &path)? {
            lines.push(VideoLine { path: path.to_string(), details });
        }
    }
    Ok(lines)
}
