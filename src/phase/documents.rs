//! Documents: what is known of an item as a metadata file, made when it is published.
//!
//! A document is made of the catalog and of the metadata file that the tree has for the item, if it has one; the same of both
//! makes the same bytes, so publishing again changes nothing. It goes into the cache like a picture, and then is one more
//! thing to be published. A library in which documents are not wanted has none.
//!
//! What is known only from names makes no document: Kodi asks nobody about an item that has one.
//!
//! - `facts.rs`: from the catalog to what is written
//! - `base.rs`: what the tree has already
//! - `told.rs`: what of both is seen, for people

mod base;
mod facts;
mod told;

use crate::cache::{Cache, StoredFormat, hash_of_document};
use crate::catalog::{Catalog, DocumentChanges, Entity, Library, NewDocument, PublishMode, Scope};
use crate::library::{NfoBase, Source, write_nfo};
use crate::model::{EntityId, ImageType, LibraryId};
use crate::naming::{PictureExtension, Profile, Profiles};

use super::publish::profiles_of;
use super::{PhaseError, Progress};

use base::Base;

pub use told::NfoStory;
pub(super) use told::nfo_story;

/// How many entities are read from the catalog at a time.
const PAGE: u32 = 500;

/// Where documents are wanted, and what is needed to make them.
pub struct DocumentSources<'a> {
    /// The cache that they go into.
    pub cache: &'a Cache,
    /// The libraries that shall have documents, each with its tree; `Err` tells why that cannot be reached.
    pub libraries: Vec<(Library, Result<Source, String>)>,
    /// Told of each item.
    pub progress: &'a dyn Progress,
}

/// What making documents came to.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// What changes.
    pub(super) changes: DocumentChanges,
    /// What could not be made, and why.
    pub(super) problems: Vec<(EntityId, String)>,
    /// Libraries that cannot be reached: their documents stay as they are.
    pub(super) unreached: Vec<String>,
}

/// Makes the documents of the scope that are other ones than before. They are durably in the cache when this returns, but
/// for a dry run.
pub(super) fn make(
    catalog: &Catalog,
    sources: &DocumentSources<'_>,
    scope: Scope<'_>,
    mode: PublishMode,
) -> Result<Made, PhaseError> {
    let mut made = Made::default();
    let wanted: Vec<LibraryId> = sources.libraries.iter().map(|(library, _)| library.id).collect();
    let all = catalog.libraries()?;
    made.changes.without = all.iter().map(|library| library.id).filter(|id| !wanted.contains(id)).collect();
    for (library, source) in &sources.libraries {
        match source {
            Ok(source) => {
                let profiles = profiles_of(library)?;
                let maker = Maker { catalog, cache: sources.cache, library: library.id, source, profiles, mode };
                maker.make_all(scope, sources.progress, &mut made)?;
            }
            Err(reason) => made.unreached.push(format!("the NFO of {} stay as they are: {reason}", library.name)),
        }
    }
    Ok(made)
}

/// Makes the documents of one library.
struct Maker<'a> {
    catalog: &'a Catalog,
    cache: &'a Cache,
    library: LibraryId,
    source: &'a Source,
    profiles: Profiles,
    mode: PublishMode,
}

impl Maker<'_> {
    fn make_all(&self, scope: Scope<'_>, progress: &dyn Progress, made: &mut Made) -> Result<(), PhaseError> {
        progress.start(None);
        let result = match scope {
            Scope::All => self.make_library(progress, made),
            Scope::Libraries(ids) if ids.contains(&self.library) => self.make_library(progress, made),
            Scope::Libraries(_) => Ok(()),
            Scope::Entities(ids) | Scope::Shown(ids) | Scope::Among(ids) => self.make_some(ids, made),
            Scope::Pictures(pictures) => {
                let of_documents = pictures.iter().filter(|(_, image_type)| !image_type.is_picture());
                self.make_some(&of_documents.map(|(id, _)| *id).collect::<Vec<_>>(), made)
            }
        };
        progress.finish();
        result
    }

    fn make_library(&self, progress: &dyn Progress, made: &mut Made) -> Result<(), PhaseError> {
        let mut after = EntityId::new(0);
        loop {
            let page = self.catalog.entities_with_documents(self.library, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for entity in &page {
                self.make_one(entity, made)?;
                progress.advance(1);
            }
        }
    }

    fn make_some(&self, ids: &[EntityId], made: &mut Made) -> Result<(), PhaseError> {
        for id in ids {
            let entity = self.catalog.entity(*id)?.filter(|entity| entity.library == self.library);
            if let Some(entity) = entity.filter(|entity| !entity.is_missing) {
                self.make_one(&entity, made)?;
            }
        }
        Ok(())
    }

    fn make_one(&self, entity: &Entity, made: &mut Made) -> Result<(), PhaseError> {
        let placement = self.catalog.placement_of(entity)?;
        let names = self.profiles.names(&placement, ImageType::NFO, PictureExtension::Nfo).names;
        if names.is_empty() && !has_name_in_tree(entity) {
            return Ok(());
        }
        let places = names.iter().map(|name| name.folder.join(&name.name)).collect();
        let base = match base::find(self.catalog, self.source, entity, places) {
            Ok(base) => base,
            Err(base::Failure::File(message)) => {
                made.problems.push((entity.id, message));
                return Ok(());
            }
            Err(base::Failure::Phase(error)) => return Err(error),
        };
        let facts = facts::facts(self.catalog, entity, &placement)?;
        if facts.is_empty() || !(base.is_something() || facts::is_more_than_names(self.catalog, entity)?) {
            return Ok(());
        }
        let base = match &base {
            Base::Nothing => NfoBase::Nothing,
            Base::Original(bytes) => NfoBase::Original(bytes),
            Base::Own(bytes) => NfoBase::Own(bytes),
        };
        self.keep(entity, &write_nfo(&facts, base), made)
    }

    /// Into the cache, where it is another one than before, or is no longer there.
    fn keep(&self, entity: &Entity, bytes: &[u8], made: &mut Made) -> Result<(), PhaseError> {
        let hash = hash_of_document(bytes);
        let byte_count = bytes.len() as u64;
        let is_known = self.catalog.document_of(entity.id)? == Some(hash);
        let is_whole = |file: std::fs::File| file.metadata().is_ok_and(|found| found.len() == byte_count);
        let is_there = is_known && self.cache.open_file(&hash, StoredFormat::Nfo).is_ok_and(is_whole);
        if self.mode == PublishMode::Apply && !is_there {
            self.cache.put_document(bytes, &format!("the NFO of item {}", entity.id))?;
        }
        if is_known {
            return Ok(());
        }
        made.changes.made.push(NewDocument { entity: entity.id, hash, byte_count });
        Ok(())
    }
}

/// Whether a tree of its own has a name for its document, though the library has none.
fn has_name_in_tree(entity: &Entity) -> bool {
    let trees = Profile::ALL.iter().filter(|profile| profile.is_tree());
    trees.into_iter().any(|tree| tree.names_something(entity.entity_type, ImageType::NFO))
}
