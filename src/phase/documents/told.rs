//! What of an item's metadata files is seen, for people.

use serde::Serialize;

use crate::catalog::{Catalog, Entity};
use crate::model::{ContentHash, ImageType};
use crate::phase::PhaseError;

/// The metadata document of an item, and the metadata files that it has in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NfoStory {
    /// Where a document is published.
    pub published: Vec<String>,
    /// The SHA-256 of what is published.
    pub sha256: Option<ContentHash>,
    /// The name of the metadata file of the tree that it was merged with.
    pub merged_with: Option<String>,
    /// Whether something that it tells has changed since, so that `publish` makes it anew.
    pub outdated: bool,
    /// The item's own metadata files; hidden where a document is published.
    pub originals: Vec<String>,
}

/// `None` where there is neither.
pub(in crate::phase) fn nfo_story(catalog: &Catalog, entity: &Entity) -> Result<Option<NfoStory>, PhaseError> {
    let mappings = catalog.mappings_of(entity.id)?.into_iter().filter(|mapping| mapping.image_type == ImageType::NFO);
    let mappings: Vec<_> = mappings.collect();
    let sha256 = mappings.first().map(|mapping| mapping.hash);
    let published = mappings.iter().map(|mapping| mapping.folder.join(&mapping.name).to_string()).collect();
    let originals = catalog.originals_of(entity.id)?.into_iter().map(|original| original.found);
    let originals: Vec<String> = originals
        .filter(|found| found.image_type == ImageType::NFO)
        .map(|found| found.folder.join(&found.name).to_string())
        .collect();
    let is_nothing = sha256.is_none() && originals.is_empty();
    let state = catalog.document_state(entity.id)?;
    let made = state.as_ref().and_then(|state| state.document).map(|(hash, _)| hash);
    let is_other = made != sha256 || state.as_ref().is_some_and(|state| state.has_changed);
    // What a rollback shows may be made of another file.
    let merged_with = state.filter(|_| made == sha256).and_then(|state| state.merged_with).map(|name| name.to_string());
    let outdated = sha256.is_some() && is_other;
    Ok((!is_nothing).then_some(NfoStory { published, sha256, merged_with, outdated, originals }))
}
