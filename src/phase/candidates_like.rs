//! Which candidates of many items a person means.

use std::collections::HashSet;

use crate::catalog::{CacheFile, Candidate, Catalog, Entity};
use crate::model::{CandidateId, ImageType};

use super::PhaseError;

/// What candidates have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateFilter {
    /// What they are of, in any word that is meant for the entity; `fanart` is each of them.
    pub image_type: ImageType,
    /// Who offers them; `None` is anybody.
    pub provider: Option<String>,
    /// The language of their text, `Some(None)` without text; `None` is any.
    pub language: Option<Option<String>>,
    /// Whether they are chosen; without it either way.
    pub only_selected: bool,
    /// Whether they are blocked. One that is blocked and still shown is looked for with those that are not.
    pub is_blocked: bool,
}

/// The candidates of items that a filter leaves.
///
/// # Errors
/// When the catalog cannot be read.
pub fn candidates_like(
    catalog: &Catalog,
    items: &[Entity],
    filter: &CandidateFilter,
) -> Result<Vec<CandidateId>, PhaseError> {
    let mut found = Vec::new();
    for item in items {
        let image_type = filter.image_type.meant_for(item.entity_type);
        let shown = shown(catalog, item)?;
        let candidates = catalog.candidates_of(item.id, None)?.into_iter().map(|mut candidate| {
            // A block that was killed before it changed what is shown is not done yet.
            if !filter.is_blocked && candidate.is_blocked && shown.contains(&candidate.id) {
                (candidate.is_blocked, candidate.is_selected) = (false, true);
            }
            candidate
        });
        found.extend(candidates.filter(|candidate| filter.leaves(candidate, image_type)).map(|candidate| candidate.id));
    }
    Ok(found)
}

/// The candidates whose pictures an item shows.
fn shown(catalog: &Catalog, item: &Entity) -> Result<HashSet<CandidateId>, PhaseError> {
    let shown: HashSet<_> =
        catalog.mappings_of(item.id)?.into_iter().map(|mapping| (mapping.image_type, mapping.hash)).collect();
    let cached = catalog.cached_candidates_of(item.id)?.into_iter();
    let is_shown = |file: &CacheFile| shown.contains(&(file.picture.image_type, file.picture.hash));
    Ok(cached.filter(|(_, file)| is_shown(file)).map(|(id, _)| id).collect())
}

impl CandidateFilter {
    fn leaves(&self, candidate: &Candidate, image_type: ImageType) -> bool {
        let language = candidate.language.as_ref().map(|language| language.to_ascii_lowercase());
        candidate.image_type.is_meant_by(image_type)
            && candidate.is_blocked == self.is_blocked
            && (candidate.is_selected || !self.only_selected)
            && self.provider.as_ref().is_none_or(|provider| *provider == candidate.provider)
            && self
                .language
                .as_ref()
                .is_none_or(|wanted| wanted.as_ref().map(|wanted| wanted.to_ascii_lowercase()) == language)
    }
}
