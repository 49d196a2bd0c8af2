//! Lists as they are told, one line for each item or candidate: by the command line and the API alike.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::{Candidate, Catalog, Entity, Identification};
use crate::model::{ContentHash, EntityType, ImageKind, ImageType, LibraryId};
use crate::score::Parts;

use super::PhaseError;

/// An item in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemLine {
    /// Its number.
    pub id: i64,
    /// What it is.
    #[schema(value_type = String)]
    pub r#type: EntityType,
    /// Its title.
    pub title: String,
    /// Its year.
    #[schema(required)]
    pub year: Option<u16>,
    /// Its season.
    #[schema(required)]
    pub season: Option<u16>,
    /// The first episode of its file.
    #[schema(required)]
    pub episode: Option<u16>,
    /// The last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_episode: Option<u16>,
    /// What identifies it in its library.
    pub path: String,
    /// The name of that.
    pub library: String,
    /// Its ids, by provider.
    pub ids: BTreeMap<String, String>,
    /// Whether automatic steps may touch it.
    pub monitored: bool,
    /// The fields that are locked at the item itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub locked: Vec<String>,
    /// Whether the last scan did not find it.
    pub missing: bool,
    /// How many pictures of each type are selected.
    pub images: BTreeMap<String, u64>,
    /// The SHA-256 of the one that stands for it, as its poster: where that is selected.
    #[schema(value_type = Option<String>, required)]
    pub picture: Option<ContentHash>,
    /// What it may be, where providers were in doubt.
    pub may_be: Vec<String>,
}

/// Something that could be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidateLine {
    /// The number to choose it by.
    pub id: i64,
    /// Who offers it.
    pub provider: String,
    /// What it is of.
    #[schema(value_type = String)]
    pub r#type: ImageType,
    /// Where it lies.
    #[schema(required)]
    pub url: Option<String>,
    /// Its width in pixels.
    #[schema(required)]
    pub width: Option<u32>,
    /// Its height in pixels.
    #[schema(required)]
    pub height: Option<u32>,
    /// The language of its text.
    #[schema(required)]
    pub language: Option<String>,
    /// What voters think of it.
    #[schema(required)]
    pub vote_average: Option<f64>,
    /// How many they are.
    #[schema(required)]
    pub vote_count: Option<u32>,
    /// 0 to 100.
    #[schema(required)]
    pub score: Option<f64>,
    /// What the score is made of.
    #[schema(required)]
    pub score_parts: Option<Parts>,
    /// Whether it is chosen.
    pub selected: bool,
    /// Whether a view shows it now.
    pub shown: bool,
    /// Whether it must never be.
    pub blocked: bool,
    /// Whether its image type is locked.
    pub locked: bool,
    /// The SHA-256 of its bytes, where it is in the cache.
    #[schema(value_type = Option<String>, required)]
    pub sha256: Option<ContentHash>,
    /// Why it was not taken.
    #[schema(required)]
    pub refused: Option<String>,
}

/// The names of libraries.
pub type LibraryNames = BTreeMap<LibraryId, String>;

/// An item as lists show it.
///
/// # Errors
/// When the catalog cannot be read.
pub fn item_line(catalog: &Catalog, entity: &Entity, libraries: &LibraryNames) -> Result<ItemLine, PhaseError> {
    let (mut images, mut picture_of_it) = (BTreeMap::new(), None);
    let stands_for_it = ImageType::main(ImageKind::Poster).meant_for(entity.entity_type);
    for picture in catalog.selections_of(entity.id)?.into_iter().map(|row| row.picture) {
        if picture.image_type == stands_for_it {
            picture_of_it = Some(picture.hash);
        }
        *images.entry(picture.image_type.kind().as_str().to_owned()).or_insert(0) += 1;
    }
    let ids = catalog.external_ids_of(entity.id)?;
    let locks = catalog.locks_of(entity.id)?;
    Ok(ItemLine {
        id: entity.id.get(),
        r#type: entity.entity_type,
        title: entity.title.clone(),
        year: entity.year,
        season: entity.season,
        episode: entity.episode,
        last_episode: entity.last_episode,
        path: entity.path.to_string(),
        library: libraries.get(&entity.library).cloned().unwrap_or_default(),
        ids: ids.into_iter().map(|(provider, value)| (provider.to_string(), value)).collect(),
        monitored: !catalog.guard_of(entity.id)?.is_unmonitored(),
        locked: locks.into_iter().filter(|lock| lock.is_locked).map(|lock| lock.field).collect(),
        missing: entity.is_missing,
        images,
        picture: picture_of_it,
        may_be: may_be(catalog, entity)?,
    })
}

fn may_be(catalog: &Catalog, entity: &Entity) -> Result<Vec<String>, PhaseError> {
    let enrichment = catalog.enrichment_of(entity.id)?;
    Ok(match enrichment.map(|enrichment| enrichment.identification) {
        Some(Identification::Doubtful(ids)) => ids,
        _ => Vec::new(),
    })
}

/// What could be chosen for an item: by type, the best first; of each type the first `limit`, and all that are chosen, shown
/// or blocked.
///
/// # Errors
/// When the catalog cannot be read.
pub fn candidate_lines(
    catalog: &Catalog,
    entity: &Entity,
    of_type: Option<ImageType>,
    limit: Option<usize>,
) -> Result<(Vec<Candidate>, Vec<CandidateLine>), PhaseError> {
    let guard = catalog.guard_of(entity.id)?;
    let files = catalog.cached_candidates_of(entity.id)?;
    let shown: BTreeSet<(ImageKind, ContentHash)> =
        catalog.mappings_of(entity.id)?.into_iter().map(|mapping| (mapping.image_type.kind(), mapping.hash)).collect();
    let mut counts: BTreeMap<ImageKind, usize> = BTreeMap::new();
    let (mut kept, mut lines) = (Vec::new(), Vec::new());
    for candidate in ordered(catalog.candidates_of(entity.id, None)?, of_type) {
        let kind = candidate.image_type.kind();
        let sha256 = files.iter().find(|(id, _)| *id == candidate.id).map(|(_, file)| file.picture.hash);
        let is_shown = sha256.is_some_and(|hash| shown.contains(&(kind, hash)));
        let count = counts.entry(kind).or_default();
        *count += 1;
        let is_special = candidate.is_selected || candidate.is_blocked || is_shown;
        if limit.is_none_or(|limit| *count <= limit) || is_special {
            let is_locked = guard.is_locked(&candidate.image_type.to_string());
            lines.push(candidate_line(&candidate, sha256, is_shown, is_locked));
            kept.push(candidate);
        }
    }
    Ok((kept, lines))
}

fn ordered(mut candidates: Vec<Candidate>, of_type: Option<ImageType>) -> Vec<Candidate> {
    candidates.retain(|candidate| of_type.is_none_or(|of_type| candidate.image_type.is_meant_by(of_type)));
    candidates.sort_by(|one, other| {
        let score = |candidate: &Candidate| candidate.score.unwrap_or_default();
        let kind = |candidate: &Candidate| candidate.image_type.kind();
        kind(one).cmp(&kind(other)).then(score(other).total_cmp(&score(one))).then(one.id.cmp(&other.id))
    });
    candidates
}

fn candidate_line(candidate: &Candidate, sha256: Option<ContentHash>, shown: bool, locked: bool) -> CandidateLine {
    CandidateLine {
        id: candidate.id.get(),
        provider: candidate.provider.clone(),
        r#type: candidate.image_type,
        url: candidate.url.clone(),
        width: candidate.width,
        height: candidate.height,
        language: candidate.language.clone(),
        vote_average: candidate.vote_average,
        vote_count: candidate.vote_count,
        score: candidate.score,
        score_parts: candidate.score_parts.as_deref().and_then(|parts| serde_json::from_str(parts).ok()),
        selected: candidate.is_selected,
        shown,
        blocked: candidate.is_blocked,
        locked,
        sha256,
        refused: candidate.refused.clone(),
    }
}

/// All libraries by name.
///
/// # Errors
/// When the catalog cannot be read.
pub fn library_names(catalog: &Catalog) -> Result<LibraryNames, PhaseError> {
    Ok(catalog.libraries()?.into_iter().map(|library| (library.id, library.name)).collect())
}
