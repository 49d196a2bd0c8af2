//! Choosing by hand: a picture goes into the cache, its provenance beside it, then it is selected and locked.
//!
//! Each step is durable before the next begins, so a kill leaves a picture that serves nothing, at worst; choosing it
//! again goes on from there.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::cache::{Cache, Limits, Origin, ProvenanceRecord, Stored};
use crate::catalog::{
    CacheFile, Catalog, CatalogError, Deselected, Entity, GivenUp, NewCacheFile, PublishMode, Published, Selected,
    Stamp,
};
use crate::model::{EntityId, EntityType, ImageType, UnixSeconds, show_bytes};

use super::PhaseError;

/// What is chosen, and by whom.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    /// The entity it is for.
    pub entity: EntityId,
    /// What it is of, in any word that is meant for such an entity ([`ImageType::meant_for`]).
    pub image_type: ImageType,
    /// Where it comes from.
    pub origin: Origin,
    /// The person or program that chooses.
    pub author: &'a str,
}

/// A choice that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The picture in the cache.
    pub stored: Stored,
    /// Its rows in the catalog.
    pub selected: Selected,
}

/// Chooses the picture in a file, as [`select`] does.
///
/// # Errors
/// When the file cannot be opened or is none, and as [`select`].
pub fn select_file(
    catalog: &mut Catalog,
    cache: &Cache,
    choice: (EntityId, ImageType),
    path: &Path,
    limits: &Limits,
    author: &str,
    now: UnixSeconds,
) -> Result<Selection, PhaseError> {
    let failed = |source| PhaseError::File { path: path.to_owned(), source };
    let file = open_regular(path).map_err(failed)?;
    let origin = Origin::File(std::path::absolute(path).map_err(failed)?);
    let choice = Choice { entity: choice.0, image_type: choice.1, origin, author };
    select(catalog, cache, &choice, file, limits, now)
}

/// Takes a picture into the cache, selects it for the entity instead of what was selected, and locks the image type.
/// What is shown changes with the next `publish`.
///
/// # Errors
/// When the entity does not exist, the bytes are no picture within the limits, or cache or catalog cannot be written.
pub fn select(
    catalog: &mut Catalog,
    cache: &Cache,
    choice: &Choice<'_>,
    reader: impl Read,
    limits: &Limits,
    now: UnixSeconds,
) -> Result<Selection, PhaseError> {
    entity(catalog, choice.entity)?;
    let stored = put(cache, &choice.origin, reader, limits)?;
    select_stored(catalog, cache, choice, stored, now)
}

/// The first part of [`select`]: the picture goes into the cache, and serves nothing yet.
///
/// # Errors
/// When the bytes are no picture within the limits, or the cache cannot be written.
pub(super) fn put(cache: &Cache, origin: &Origin, reader: impl Read, limits: &Limits) -> Result<Stored, PhaseError> {
    Ok(cache.put(reader, &ShownOrigin(origin), limits)?)
}

/// The second part of [`select`], for a picture that is in the cache.
///
/// # Errors
/// When the entity does not exist, or cache or catalog cannot be written.
pub(super) fn select_stored(
    catalog: &mut Catalog,
    cache: &Cache,
    choice: &Choice<'_>,
    stored: Stored,
    now: UnixSeconds,
) -> Result<Selection, PhaseError> {
    let Brought { choice, before, record } = brought(catalog, choice, now)?;
    let record = ProvenanceRecord { selected: true, ..record };
    cache.record(&stored.hash, &record)?;
    let selected = catalog.select_by_hand(&new_cache_file(&stored, &choice, now), now)?;
    for file in before.iter().filter(|file| file.picture.hash != stored.hash) {
        record_given_up(cache, file, &record)?;
    }
    Ok(Selection { stored, selected })
}

/// Makes a picture that is in the cache a candidate. Nothing is selected, and what is shown does not change.
///
/// # Errors
/// When the entity does not exist, or cache or catalog cannot be written.
pub(super) fn offer_stored(
    catalog: &mut Catalog,
    cache: &Cache,
    choice: &Choice<'_>,
    stored: &Stored,
    now: UnixSeconds,
) -> Result<(), PhaseError> {
    let Brought { choice, before, record } = brought(catalog, choice, now)?;
    // A picture that is selected already, and is written once more, stays what it is.
    if !before.iter().any(|file| file.picture.hash == stored.hash) {
        cache.record(&stored.hash, &ProvenanceRecord { locked: false, ..record })?;
    }
    catalog.offer_captured(&new_cache_file(stored, &choice, now), now)?;
    Ok(())
}

/// What there is to say of a picture that is in the cache, and not yet in the catalog.
struct Brought<'a> {
    /// With the image type as the entity has it.
    choice: Choice<'a>,
    /// What was selected when it came.
    before: Vec<CacheFile>,
    /// Who brought it, from where and what for; locked, and not selected.
    record: ProvenanceRecord,
}

fn brought<'a>(catalog: &Catalog, choice: &Choice<'a>, now: UnixSeconds) -> Result<Brought<'a>, PhaseError> {
    let entity = entity(catalog, choice.entity)?;
    let choice = Choice { image_type: choice.image_type.meant_for(entity.entity_type), ..choice.clone() };
    let before = selected(catalog, &entity, choice.image_type)?;
    let subject = subject(catalog, &entity, choice.image_type)?;
    let (origin, author) = (choice.origin.clone(), choice.author.to_owned());
    let record = ProvenanceRecord { time: now, origin, author, ..subject };
    Ok(Brought { choice, before, record })
}

/// Takes choices back for good: what was published of them ends at once, in one generation, and the image types are
/// locked. A trial tells what would end.
///
/// # Errors
/// When an entity does not exist, or cache or catalog cannot be written.
pub fn deselect(
    catalog: &mut Catalog,
    cache: &Cache,
    choices: &[(EntityId, ImageType)],
    mode: PublishMode,
    stamp: &Stamp,
) -> Result<Deselected, PhaseError> {
    let mut meant = Vec::with_capacity(choices.len());
    let mut trial = Deselected::default();
    for &(id, image_type) in choices {
        let entity = entity(catalog, id)?;
        let image_type = image_type.meant_for(entity.entity_type);
        let chosen = selected(catalog, &entity, image_type)?;
        meant.push((id, image_type));
        if mode == PublishMode::DryRun {
            let removed = would_end(catalog, id, Some(image_type))?.removed;
            trial.each.push(GivenUp { was_selected: !chosen.is_empty(), removed });
            trial.published.removed += removed;
            continue;
        }
        let subject = subject(catalog, &entity, image_type)?;
        let record = ProvenanceRecord { time: stamp.now, author: stamp.author.clone(), ..subject };
        chosen.iter().try_for_each(|file| record_given_up(cache, file, &record))?;
    }
    if mode == PublishMode::DryRun { Ok(trial) } else { Ok(catalog.deselect(&meant, stamp)?) }
}

/// Takes pictures of an item out of the view, those of one type or all; they stay selected. A trial tells what would end.
///
/// # Errors
/// When the entity does not exist, or the catalog cannot be written.
pub fn unpublish(
    catalog: &mut Catalog,
    id: EntityId,
    image_type: Option<ImageType>,
    mode: PublishMode,
    stamp: &Stamp,
) -> Result<Published, PhaseError> {
    let entity = entity(catalog, id)?;
    let image_type = image_type.map(|image_type| image_type.meant_for(entity.entity_type));
    match mode {
        PublishMode::DryRun => would_end(catalog, id, image_type),
        PublishMode::Apply => Ok(catalog.unpublish(id, image_type, stamp)?),
    }
}

/// What would no longer be shown of an item.
fn would_end(catalog: &Catalog, id: EntityId, of_type: Option<ImageType>) -> Result<Published, PhaseError> {
    let shown = catalog.mappings_of(id)?.into_iter();
    let ends = shown.filter(|mapping| of_type.is_none_or(|of_type| mapping.image_type == of_type));
    Ok(Published { removed: ends.count() as u64, ..Published::default() })
}

pub(super) fn entity(catalog: &Catalog, id: EntityId) -> Result<Entity, PhaseError> {
    Ok(catalog.entity(id)?.ok_or(CatalogError::NoSuchEntity { id })?)
}

pub(super) fn selected(
    catalog: &Catalog,
    entity: &Entity,
    image_type: ImageType,
) -> Result<Vec<CacheFile>, PhaseError> {
    let mut files = catalog.selections_of(entity.id)?;
    files.retain(|file| file.picture.image_type == image_type);
    Ok(files)
}

/// A record that says what a picture is for, locked, and nothing yet of where it comes from and who chose it.
pub(super) fn subject(
    catalog: &Catalog,
    entity: &Entity,
    image_type: ImageType,
) -> Result<ProvenanceRecord, PhaseError> {
    let named = named_by(catalog, entity)?;
    let library = catalog.library(entity.library)?.ok_or(CatalogError::NoSuchLibraryId { id: entity.library })?;
    Ok(ProvenanceRecord {
        time: entity.updated_at,
        entity_type: entity.entity_type,
        ids: catalog.external_ids_of(named.id)?,
        title: named.title,
        year: named.year,
        season: entity.season,
        episode: entity.episode,
        library: library.name,
        path: entity.path.clone(),
        image_type,
        origin: Origin::File(PathBuf::new()),
        author: String::new(),
        selected: false,
        locked: true,
    })
}

/// Notes that a picture is no longer what is selected for the subject of `record`, which says by whom and when.
pub(super) fn record_given_up(cache: &Cache, file: &CacheFile, record: &ProvenanceRecord) -> Result<(), PhaseError> {
    let hash = &file.picture.hash;
    let known = cache.records(hash)?;
    if let Some(last) = known.records.iter().rev().find(|last| last.has_subject_of(record)) {
        let (time, author) = (record.time, record.author.clone());
        cache.record(hash, &ProvenanceRecord { time, author, selected: false, locked: true, ..last.clone() })?;
    }
    Ok(())
}

/// The entity whose title and ids name it: for seasons and episodes that of their series.
fn named_by(catalog: &Catalog, entity: &Entity) -> Result<Entity, PhaseError> {
    let mut named = entity.clone();
    let mut seen = HashSet::from([named.id]);
    while matches!(named.entity_type, EntityType::Season | EntityType::Episode)
        && let Some(parent) = named.parent
        && seen.insert(parent)
        && let Some(above) = catalog.entity(parent)?
    {
        named = above;
    }
    Ok(named)
}

/// What the catalog is to know of a picture that is in the cache, chosen so.
#[must_use]
pub fn new_cache_file(stored: &Stored, choice: &Choice<'_>, now: UnixSeconds) -> NewCacheFile {
    let picture = &stored.picture;
    let (source, provider, source_url) = match &choice.origin {
        Origin::File(path) => ("file", None, Some(file_url(path))),
        Origin::Url(url) => ("url", None, Some(url.clone())),
        Origin::Provider { name, url } => ("provider", Some(name.clone()), Some(url.clone())),
        Origin::Upload => ("upload", None, None),
        Origin::Program { path, .. } => ("program", None, Some(file_url(path))),
    };
    NewCacheFile {
        hash: stored.hash,
        extension: picture.format.extension().to_owned(),
        format: picture.format.to_string(),
        byte_count: stored.byte_count,
        width: picture.width,
        height: picture.height,
        has_alpha: picture.has_alpha,
        perceptual_hash: Some(picture.perceptual_hash.to_vec()),
        difference_hash: Some(picture.difference_hash.to_vec()),
        entity: choice.entity,
        image_type: choice.image_type,
        source: source.to_owned(),
        provider,
        source_url,
        author: Some(choice.author.to_owned()),
        quality: None,
        created_at: now,
    }
}

fn file_url(path: &Path) -> String {
    format!("file://{}", show_bytes(path.as_os_str().as_bytes()))
}

/// Where a picture comes from, for messages.
struct ShownOrigin<'a>(&'a Origin);

impl fmt::Display for ShownOrigin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Origin::File(path) | Origin::Program { path, .. } => f.write_str(&show_bytes(path.as_os_str().as_bytes())),
            Origin::Url(url) | Origin::Provider { url, .. } => f.write_str(url),
            Origin::Upload => f.write_str("what was sent"),
        }
    }
}

/// Opens a file to read it. What is no regular file is refused, as reading it might wait for ever.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if !kind.is_file() {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    } else {
        Ok(file)
    }
}
