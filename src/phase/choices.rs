//! Choosing one picture for one item or for many.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cache::{Cache, Limits, Origin};
use crate::catalog::{CacheFile, Catalog, Entity, NewCacheFile};
use crate::model::{CandidateId, EntityId, ImageType, UnixSeconds};
use crate::provider::{ArtworkProvider, Surroundings};

use super::select::{self, Choice, Selection};
use super::{PhaseError, select_candidate, select_file, select_url};

/// A picture as a person names it.
#[derive(Debug, Clone)]
pub enum PictureRef {
    /// A candidate of the item.
    Candidate(CandidateId),
    /// What is in a file.
    File(PathBuf),
    /// What lies at an address.
    Url(String),
    /// What was sent, and lies in a file of no name.
    Upload(Arc<File>),
    /// What is selected for another item, of the same type.
    From(EntityId),
}

/// All that choosing needs besides the catalog.
pub struct Choices {
    /// The cache, for writing.
    pub cache: Arc<Cache>,
    /// Who is asked for the pictures of candidates.
    pub providers: Vec<Arc<dyn ArtworkProvider>>,
    /// How addresses are reached.
    pub surroundings: Surroundings,
    /// What the cache takes.
    pub limits: Limits,
    /// Who chooses.
    pub author: String,
    /// The present time.
    pub now: UnixSeconds,
}

/// A picture that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenPicture {
    /// All that is known of it.
    pub picture: NewCacheFile,
    /// Whether it was not in the cache before.
    pub was_new: bool,
}

/// Chooses one picture for items, by hand: it is read or downloaded once, and shared by the others. `done` is told of each
/// item; what was chosen before something fails stays chosen.
///
/// # Errors
/// When the picture cannot be had or is none, there is none to share, or cache or catalog cannot be written.
pub fn choose_for(
    catalog: &mut Catalog,
    choices: &Choices,
    items: &[Entity],
    image_type: ImageType,
    picture: &PictureRef,
    mut done: impl FnMut(&Catalog, &Entity, &ChosenPicture) -> Result<(), PhaseError>,
) -> Result<(), PhaseError> {
    let mut shared: Option<EntityId> = None;
    for item in items {
        let of_item = image_type.meant_for(item.entity_type);
        let picture = shared.map_or_else(|| picture.clone(), PictureRef::From);
        let chosen = choices.choose(catalog, item, of_item, &picture, image_type)?;
        done(catalog, item, &chosen)?;
        shared = Some(item.id);
    }
    Ok(())
}

impl Choices {
    fn choose(
        &self,
        catalog: &mut Catalog,
        item: &Entity,
        image_type: ImageType,
        picture: &PictureRef,
        said: ImageType,
    ) -> Result<ChosenPicture, PhaseError> {
        let (cache, limits, author) = (&self.cache, &self.limits, self.author.as_str());
        let choice = (item.id, image_type);
        let (selection, origin) = match picture {
            PictureRef::Candidate(id) => {
                let was_cached = catalog.candidate(*id)?.cache_file.is_some();
                let choice = (item.id, image_type, *id);
                let (picture, _) = select_candidate(catalog, cache, &self.providers, choice, limits, author, self.now)?;
                return Ok(ChosenPicture { picture, was_new: !was_cached });
            }
            PictureRef::File(path) => {
                (select_file(catalog, cache, choice, path, limits, author, self.now)?, Origin::File(path.clone()))
            }
            PictureRef::Url(url) => {
                let selection = select_url(catalog, cache, choice, url, &self.surroundings, limits, author)?;
                (selection, Origin::Url(url.clone()))
            }
            PictureRef::Upload(file) => {
                let choice = Choice { entity: item.id, image_type, origin: Origin::Upload, author };
                (select::select(catalog, cache, &choice, file.as_ref(), limits, self.now)?, Origin::Upload)
            }
            PictureRef::From(other) => self.share(catalog, choice, *other, said)?,
        };
        let choice = Choice { entity: item.id, image_type, origin, author };
        let was_new = selection.stored.was_new;
        Ok(ChosenPicture { picture: select::new_cache_file(&selection.stored, &choice, self.now), was_new })
    }

    /// Chooses what is selected for another item. Where it came from is known of that one.
    fn share(
        &self,
        catalog: &mut Catalog,
        choice: (EntityId, ImageType),
        other: EntityId,
        said: ImageType,
    ) -> Result<(Selection, Origin), PhaseError> {
        let other = select::entity(catalog, other)?;
        let of_other = said.meant_for(other.entity_type);
        let nothing = || PhaseError::NothingToShare { item: other.id, image_type: of_other };
        let file = selected_picture(catalog, &other, of_other)?.ok_or_else(nothing)?;
        let hash = &file.picture.hash;
        let format = file.picture.extension.parse().map_err(|_| nothing())?;
        let bytes: File = self.cache.open_file(hash, format)?;
        let known = self.cache.records(hash)?;
        let origin = known.records.last().map(|record| record.origin.clone());
        let origin = origin.unwrap_or_else(|| Origin::File(self.cache.path_of(hash, format)));
        let (entity, image_type) = choice;
        let choice = Choice { entity, image_type, origin: origin.clone(), author: &self.author };
        Ok((select::select(catalog, &self.cache, &choice, bytes, &self.limits, self.now)?, origin))
    }
}

/// The picture that is selected for an item, of that type as the item has it.
///
/// # Errors
/// When the catalog cannot be read.
pub fn selected_picture(
    catalog: &Catalog,
    item: &Entity,
    image_type: ImageType,
) -> Result<Option<CacheFile>, PhaseError> {
    Ok(select::selected(catalog, item, image_type)?.into_iter().next())
}
