//! What is known of an entity before anybody is asked, and what a provider is told of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::{Candidate, Catalog, CatalogError, DeclaredArtwork, Entity};
use crate::library::layout::album_name;
use crate::model::{EntityId, EntityType, Guard, ImageKind, ImageType, Layout, Provider, RelPath};
use crate::naming::split_extension;
use crate::provider::{ArtworkProvider, Place, Subject};

use super::run::{LibraryPlan, Work};

/// An entity that somebody is to be asked about.
pub(super) struct Known {
    pub(super) entity: Entity,
    pub(super) plan: Arc<LibraryPlan>,
    pub(super) guard: Guard,
    pub(super) subject: Subject,
    /// The kinds of pictures that are asked for: somebody may have them, the item may have them, they are not locked.
    pub(super) wanted: BTreeSet<ImageKind>,
}

/// What was read of an entity.
pub(super) struct Read {
    entity: Entity,
    guard: Guard,
    /// The series of a season or episode, the artist of an album, else itself.
    named: Entity,
    ids: Vec<(Provider, String)>,
    originals: Vec<(ImageType, RelPath)>,
    declared: Vec<DeclaredArtwork>,
}

/// Reads what is known. `None` when it is gone.
pub(super) fn read(catalog: &Catalog, id: EntityId) -> Result<Option<Read>, CatalogError> {
    let Some(entity) = catalog.entity(id)? else { return Ok(None) };
    let guard = catalog.guard_of(id)?;
    let named = match entity.entity_type {
        EntityType::Season | EntityType::Episode => series_of(catalog, &entity)?,
        EntityType::Album => parent_of(catalog, &entity)?.unwrap_or_else(|| entity.clone()),
        _ => entity.clone(),
    };
    let ids = match entity.entity_type {
        EntityType::Season | EntityType::Episode => catalog.external_ids_of(named.id)?,
        _ => catalog.external_ids_of(id)?,
    };
    let originals = catalog.originals_of(id)?.into_iter().map(|original| original.found);
    let originals = originals.map(|found| (found.image_type, found.folder.join(&found.name))).collect();
    let declared = catalog.declared_artwork_of(id)?;
    Ok(Some(Read { entity, guard, named, ids, originals, declared }))
}

fn parent_of(catalog: &Catalog, entity: &Entity) -> Result<Option<Entity>, CatalogError> {
    entity.parent.map_or(Ok(None), |parent| catalog.entity(parent))
}

/// Up to the series, at most two steps.
fn series_of(catalog: &Catalog, entity: &Entity) -> Result<Entity, CatalogError> {
    let mut named = entity.clone();
    for _ in 0..2 {
        match parent_of(catalog, &named)? {
            Some(above) if named.entity_type != EntityType::Series => named = above,
            _ => break,
        }
    }
    Ok(named)
}

impl Read {
    /// Decides what is wanted. `None` when nobody is to be asked about it: it is unmonitored, or all its pictures are
    /// locked, or nobody could have any.
    pub(super) fn known(self, work: &Work) -> Option<Known> {
        let plan = work.library(self.entity.library)?;
        if self.guard.is_unmonitored() {
            return None;
        }
        let is_wanted = |kind: &ImageKind| {
            (0..plan.settings.limit_of(*kind)).any(|number| {
                ImageType::numbered(*kind, number)
                    .is_ok_and(|image_type| !self.guard.is_locked(&image_type.to_string()))
            })
        };
        let subject = self.subject(&plan);
        let somebody_may_have =
            |kind: &ImageKind| work.providers.iter().any(|provider| provider.may_have(&subject, *kind));
        let kinds = self.entity.entity_type.kinds().iter().copied();
        let wanted: BTreeSet<ImageKind> = kinds.filter(is_wanted).filter(somebody_may_have).collect();
        (!wanted.is_empty()).then_some(Known { entity: self.entity, plan, guard: self.guard, subject, wanted })
    }

    fn subject(&self, plan: &LibraryPlan) -> Subject {
        let is_album = self.entity.entity_type == EntityType::Album;
        let has_artist = is_album && self.named.entity_type == EntityType::Artist;
        let title = if is_album { &self.entity } else { &self.named };
        let originals = self.originals.iter();
        let meant = |declared: &DeclaredArtwork| self.entity.entity_type.kind_meant(declared.image_type.kind());
        Subject {
            entity_type: self.entity.entity_type,
            ids: self.ids.clone(),
            title: title.title.clone(),
            year: title.year,
            season: self.entity.season,
            episode: self.entity.episode,
            artist: if has_artist { Some(self.named.title.clone()) } else { self.artist_by_name() },
            languages: plan.settings.languages.clone(),
            wants_original: plan.wants_original(),
            place: Place {
                folder_name: if is_album { folder_name(&self.entity) } else { folder_name(&self.named) },
                originals: originals.map(|(t, path)| (t.kind(), plan.library.path.join(path.as_path()))).collect(),
                declared: self.declared.iter().map(|one| (meant(one), one.url.clone())).collect(),
            },
        }
    }

    /// The artist of an album that lies in no artist's folder, as the name of its own folder tells.
    fn artist_by_name(&self) -> Option<String> {
        let is_album = self.entity.entity_type == EntityType::Album;
        let folder = self.entity.folder.name().filter(|_| is_album)?;
        album_name(folder.as_bytes(), None).artist
    }
}

/// The name by which a folder of artwork knows it: of its own folder, of its video where it shares a folder.
fn folder_name(entity: &Entity) -> Vec<u8> {
    let of_video = || Some(split_extension(entity.video.as_ref()?.name()?.as_bytes()).0.to_vec());
    let of_folder = || entity.folder.name().map(|name| name.as_bytes().to_vec());
    let named =
        if entity.layout == Layout::Flat { of_video().or_else(of_folder) } else { of_folder().or_else(of_video) };
    named.unwrap_or_default()
}

impl Known {
    /// Whether a provider is to be asked: it may have something that is wanted, or knows facts only.
    pub(super) fn concerns(&self, provider: &dyn ArtworkProvider) -> bool {
        let kinds = provider.kinds(self.entity.entity_type);
        kinds.iter().any(|kind| self.wanted.contains(kind)) || provider.has_facts(self.entity.entity_type)
    }

    /// The name of a place's lock.
    pub(super) fn is_locked(&self, image_type: ImageType) -> bool {
        self.guard.is_locked(&image_type.to_string())
    }
}

/// The language of a candidate as it is stored.
pub(super) fn language_of(candidate: &Candidate) -> Option<crate::model::Language> {
    candidate.language.as_deref().and_then(|tag| tag.parse().ok())
}
