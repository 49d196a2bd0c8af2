//! Choosing by hand what lies elsewhere: a candidate, or an address that was typed.

use std::io::Cursor;
use std::sync::Arc;

use crate::cache::{Cache, CacheError, Limits, Origin};
use crate::catalog::{Catalog, Selected};
use crate::model::{CandidateId, EntityId, ImageType, UnixSeconds};
use crate::provider::{ArtworkProvider, Surroundings, typed_picture};

use super::super::PhaseError;
use super::super::runtime::runtime;
use super::super::select::{self, Choice, Selection};
use super::choose::Ranked;
use super::take::{self, Purpose};

/// A picture that was chosen by hand among the candidates.
pub type ChosenCandidate = (crate::catalog::NewCacheFile, Selected);

/// Chooses a candidate by hand: its picture is downloaded unless it is in the cache, then it is selected and locked, and
/// a block is lifted. A shape that does not fit is the user's business.
///
/// # Errors
/// When there is no such candidate of that entity and kind, its picture cannot be had, or cache or catalog cannot be
/// written.
pub fn select_candidate(
    catalog: &mut Catalog,
    cache: &Arc<Cache>,
    providers: &[Arc<dyn ArtworkProvider>],
    choice: (EntityId, ImageType, CandidateId),
    limits: &Limits,
    author: &str,
    now: UnixSeconds,
) -> Result<ChosenCandidate, PhaseError> {
    let (entity, image_type, id) = choice;
    let candidate = catalog.candidate(id)?;
    if candidate.entity != entity || candidate.image_type.kind() != image_type.kind() {
        let (kind, owner) = (candidate.image_type.kind().as_str(), candidate.entity);
        return Err(PhaseError::OtherCandidate { candidate: id, kind, owner });
    }
    let url = candidate.url.clone().unwrap_or_default();
    let cached = catalog.cached_candidates_of(entity)?.into_iter().find(|(of, _)| *of == id).map(|(_, file)| file);
    let had = match cached {
        Some(file) => Some(file),
        None => catalog.cache_file_by_url(&url)?,
    };
    let ranked = Ranked { candidate, file: None };
    let purpose = Purpose { ranked: &ranked, image_type, author, now };
    let picture = match had.filter(|file| take::is_there(cache, file)) {
        Some(file) => purpose.reused(&file),
        None => {
            let name = &ranked.candidate.provider;
            let provider = providers.iter().find(|provider| provider.name() == name);
            let provider = provider.ok_or_else(|| PhaseError::NoProvider { provider: name.clone() })?;
            let bytes = runtime()?.block_on(take::download(provider.as_ref(), &url, limits))?;
            purpose.stored(&cache.put(Cursor::new(bytes), &url, limits)?)
        }
    };
    let owner = select::entity(catalog, entity)?;
    let before = select::selected(catalog, &owner, image_type)?;
    let subject = select::subject(catalog, &owner, image_type)?;
    let record = take::record(&picture, subject, now);
    let record = crate::cache::ProvenanceRecord { author: author.to_owned(), locked: true, ..record };
    cache.record(&picture.hash, &record)?;
    let selected = catalog.choose_by_hand(id, &picture, now)?;
    for file in before.iter().filter(|file| file.picture.hash != picture.hash) {
        select::record_given_up(cache, file, &record)?;
    }
    Ok((picture, selected))
}

/// Chooses the picture at an address that was typed, as [`super::super::select_file`] does for a file.
///
/// # Errors
/// When it cannot be downloaded or is no picture, and as [`select::select`].
pub fn select_url(
    catalog: &mut Catalog,
    cache: &Cache,
    choice: (EntityId, ImageType),
    url: &str,
    surroundings: &Surroundings,
    limits: &Limits,
    author: &str,
) -> Result<Selection, PhaseError> {
    let bytes = runtime()?.block_on(typed_picture(url, surroundings, limits.file_bytes))?;
    let origin = Origin::Url(url.to_owned());
    let choice = Choice { entity: choice.0, image_type: choice.1, origin, author };
    let selection = select::select(catalog, cache, &choice, Cursor::new(bytes), limits, surroundings.clock.now());
    selection.map_err(|error| match error {
        PhaseError::Cache(CacheError::Refused { refusal, .. }) => {
            PhaseError::Cache(CacheError::Refused { origin: url.to_owned(), refusal })
        }
        error => error,
    })
}
