//! Choosing another picture for one that is lost: the next candidate whose picture is in the cache or can be downloaded,
//! as `enrich` would choose it. What is locked keeps its choice, though there is nothing to be shown of it.

use std::io::Cursor;
use std::sync::Arc;

use crate::cache::{Cache, CacheError, Limits};
use crate::catalog::{Candidate, Catalog, Entity, NewCacheFile, Stamp};
use crate::model::{CandidateId, ContentHash, ImageType};
use crate::provider::ArtworkProvider;

use super::super::runtime::runtime;
use super::super::{PhaseError, select};
use super::block::{choose_picture, ranking};
use super::choose::Ranked;
use super::take::{self, Purpose};

/// So many candidates are tried to be downloaded; a provider that is out of reach fails for all of them.
const TRIES_MAX: usize = 5;

/// What is needed to find another picture.
pub(in crate::phase) struct Substitutes<'a> {
    pub(in crate::phase) cache: &'a Arc<Cache>,
    /// None are asked where nothing is to be downloaded.
    pub(in crate::phase) providers: &'a [Arc<dyn ArtworkProvider>],
    pub(in crate::phase) limits: &'a Limits,
    pub(in crate::phase) stamp: &'a Stamp,
}

impl Substitutes<'_> {
    /// Chooses another picture instead of a candidate whose picture, of that hash, is lost. `None` when there is none to be
    /// had, or a person decided otherwise in the meantime.
    pub(in crate::phase) fn choose(
        &self,
        catalog: &mut Catalog,
        lost: CandidateId,
        hash: &ContentHash,
    ) -> Result<Option<CandidateId>, PhaseError> {
        let lost = catalog.candidate(lost)?;
        let owner = select::entity(catalog, lost.entity)?;
        if catalog.guard_of(owner.id)?.is_locked(&lost.image_type.to_string()) {
            return Ok(None);
        }
        let mut tries = 0;
        for candidate in ranking(catalog, &lost)? {
            let picture = match self.cached(catalog, &owner, &candidate, lost.image_type, hash)? {
                Some(picture) => Some(picture),
                None if tries < TRIES_MAX => {
                    tries += 1;
                    self.downloaded(&owner, &candidate, lost.image_type)?
                }
                None => None,
            };
            let Some(picture) = picture.filter(|picture| picture.hash != *hash) else { continue };
            if choose_picture(catalog, self.cache, &owner, candidate.id, &picture, self.stamp)? {
                return Ok(Some(candidate.id));
            }
        }
        Ok(None)
    }

    /// What a dry run would choose; of what can be downloaded, the first.
    pub(in crate::phase) fn first(
        &self,
        catalog: &Catalog,
        lost: CandidateId,
        hash: &ContentHash,
    ) -> Result<Option<CandidateId>, PhaseError> {
        let lost = catalog.candidate(lost)?;
        let owner = select::entity(catalog, lost.entity)?;
        for candidate in ranking(catalog, &lost)? {
            let is_offered = candidate.url.is_some() && self.provider_of(&candidate).is_some();
            let is_cached = self.cached(catalog, &owner, &candidate, lost.image_type, hash)?.is_some();
            if is_cached || is_offered {
                return Ok(Some(candidate.id));
            }
        }
        Ok(None)
    }

    fn cached(
        &self,
        catalog: &Catalog,
        owner: &Entity,
        candidate: &Candidate,
        image_type: ImageType,
        lost: &ContentHash,
    ) -> Result<Option<NewCacheFile>, PhaseError> {
        let files = catalog.cached_candidates_of(owner.id)?;
        let Some((_, file)) = files.into_iter().find(|(of, _)| *of == candidate.id) else { return Ok(None) };
        let (width, height) = (file.picture.width, file.picture.height);
        let fits = take::misfit(owner.entity_type, image_type, width, height).is_none();
        let is_usable = fits && file.picture.hash != *lost && take::is_there(self.cache, &file);
        Ok(is_usable.then(|| self.purpose(&ranked(candidate), image_type).reused(&file)))
    }

    fn downloaded(
        &self,
        owner: &Entity,
        candidate: &Candidate,
        image_type: ImageType,
    ) -> Result<Option<NewCacheFile>, PhaseError> {
        let (Some(url), Some(provider)) = (&candidate.url, self.provider_of(candidate)) else { return Ok(None) };
        let bytes = match runtime()?.block_on(take::download(provider.as_ref(), url, self.limits)) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::info!(%error, url, "another picture cannot be had");
                return Ok(None);
            }
        };
        let size = take::size_of(&bytes);
        if size.is_none_or(|(width, height)| take::misfit(owner.entity_type, image_type, width, height).is_some()) {
            return Ok(None);
        }
        match self.cache.put(Cursor::new(bytes), url, self.limits) {
            Ok(stored) => Ok(Some(self.purpose(&ranked(candidate), image_type).stored(&stored))),
            Err(CacheError::Refused { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn provider_of(&self, candidate: &Candidate) -> Option<&Arc<dyn ArtworkProvider>> {
        self.providers.iter().find(|provider| provider.name() == candidate.provider)
    }

    fn purpose<'b>(&self, ranked: &'b Ranked, image_type: ImageType) -> Purpose<'b> {
        Purpose { ranked, image_type, author: take::AUTHOR, now: self.stamp.now }
    }
}

fn ranked(candidate: &Candidate) -> Ranked {
    Ranked { candidate: candidate.clone(), file: None }
}
