//! Documents: what is known of an item as a metadata file, made when it is published.
//!
//! A document is made of the catalog and of the metadata file that the tree has for the item, if it has one; the same of both
//! makes the same bytes, so publishing again changes nothing. It goes into the cache like a picture, and then is one more
//! thing to be published. A library in which documents are not wanted has none.
//!
//! What is known only from names makes no document: Kodi asks nobody about an item that has one. Neither does what the file of
//! the tree says word for word already.
//!
//! Made is what may have become another one: the catalog knows of what nothing in it has changed since
//! ([`Catalog::begin_documents`]), and the files of the tree that were looked at are looked at again.
//!
//! - `facts.rs`: from the catalog to what is written
//! - `base.rs`: what the tree has already
//! - `told.rs`: what of both is seen, for people

mod base;
mod facts;
mod told;

use crate::cache::{Cache, StoredFormat, hash_of_document};
use crate::catalog::{Catalog, DocumentChanges, DocumentInputs, DocumentState, Entity, Library, NewDocument, Scope};
use crate::library::{NfoBase, Source, write_nfo};
use crate::model::{ContentHash, EntityId, ImageType, LibraryId, UnixSeconds};
use crate::naming::{PictureExtension, Profile, Profiles};

use super::publish::profiles_of;
use super::{PhaseError, Progress};

use base::{Base, Found};

pub use told::NfoStory;
pub(super) use told::nfo_story;

/// How many entities are read from the catalog at a time.
const PAGE: u32 = 500;

/// Raise it whenever documents are written otherwise: then all of them are made again.
const RULES: u32 = 1;

/// Where documents are wanted, and what is needed to make them.
pub struct DocumentSources<'a> {
    /// The cache that they go into.
    pub cache: &'a Cache,
    /// The libraries that shall have documents, each with its tree; `Err` tells why that cannot be reached.
    pub libraries: Vec<(Library, Result<Source, String>)>,
    /// Told of each item.
    pub progress: &'a dyn Progress,
}

/// What documents are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Making {
    /// To be published.
    Publish,
    /// To see what would be published; nothing is written.
    Try,
    /// To be shown by a view before they are published. They go into the cache; the catalog is not changed.
    View,
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
    /// How many were looked at, as something may have changed.
    pub(super) looked_at: u64,
}

/// Makes the documents of the scope that are other ones than before. They are durably in the cache when this returns, but
/// for a trial.
pub(super) fn make(
    catalog: &mut Catalog,
    sources: &DocumentSources<'_>,
    scope: Scope<'_>,
    making: Making,
    now: UnixSeconds,
) -> Result<Made, PhaseError> {
    let mut made = Made::default();
    made.changes.are_of_view = making == Making::View;
    let wanted: Vec<LibraryId> = sources.libraries.iter().map(|(library, _)| library.id).collect();
    let all = catalog.libraries()?;
    made.changes.without = all.iter().map(|library| library.id).filter(|id| !wanted.contains(id)).collect();
    for (library, source) in &sources.libraries {
        match source {
            Ok(source) => {
                let profiles = profiles_of(library)?;
                let maker = Maker { cache: sources.cache, library: library.id, source, profiles, making, now };
                maker.make_all(catalog, scope, sources.progress, &mut made)?;
            }
            Err(reason) => made.unreached.push(format!("the NFO of {} stay as they are: {reason}", library.name)),
        }
    }
    Ok(made)
}

/// Makes the documents of one library.
struct Maker<'a> {
    cache: &'a Cache,
    library: LibraryId,
    source: &'a Source,
    profiles: Profiles,
    making: Making,
    now: UnixSeconds,
}

impl Maker<'_> {
    fn make_all(
        &self,
        catalog: &mut Catalog,
        scope: Scope<'_>,
        progress: &dyn Progress,
        made: &mut Made,
    ) -> Result<(), PhaseError> {
        progress.start(None);
        let result = match scope {
            Scope::All => self.make_library(catalog, progress, made),
            Scope::Libraries(ids) if ids.contains(&self.library) => self.make_library(catalog, progress, made),
            Scope::Libraries(_) => Ok(()),
            Scope::Entities(ids) | Scope::Shown(ids) | Scope::Among(ids) => self.make_some(catalog, ids, made),
            Scope::Pictures(pictures) => {
                let of_documents = pictures.iter().filter(|(_, image_type)| !image_type.is_picture());
                self.make_some(catalog, &of_documents.map(|(id, _)| *id).collect::<Vec<_>>(), made)
            }
        };
        progress.finish();
        result
    }

    fn make_library(&self, catalog: &mut Catalog, progress: &dyn Progress, made: &mut Made) -> Result<(), PhaseError> {
        let mut after = EntityId::new(0);
        loop {
            let page = catalog.document_states(self.library, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.entity.id;
            self.make_due(catalog, &page, made)?;
            progress.advance(page.len() as u64);
        }
    }

    fn make_some(&self, catalog: &mut Catalog, ids: &[EntityId], made: &mut Made) -> Result<(), PhaseError> {
        let states = ids.iter().map(|id| catalog.document_state(*id)).collect::<Result<Vec<_>, _>>()?;
        let own = states.into_iter().flatten().filter(|state| state.entity.library == self.library);
        self.make_due(catalog, &own.collect::<Vec<_>>(), made)
    }

    /// Makes those of which it is not known that they are made of what is known now.
    fn make_due(&self, catalog: &mut Catalog, states: &[DocumentState], made: &mut Made) -> Result<(), PhaseError> {
        let due: Vec<EntityId> =
            states.iter().filter(|state| !self.is_current(state)).map(|state| state.entity.id).collect();
        if due.is_empty() {
            return Ok(());
        }
        made.looked_at += due.len() as u64;
        let is_noted = self.making == Making::Publish;
        if is_noted {
            catalog.begin_documents(&due)?;
        }
        let mut same = Vec::new();
        for id in due {
            // What changed before the mark was set is seen only now.
            let Some(state) = catalog.document_state(id)? else { continue };
            same.extend(self.make_one(catalog, &state, made)?.map(|inputs| (id, inputs)));
        }
        if is_noted {
            catalog.note_documents(&same)?;
        }
        Ok(())
    }

    fn is_current(&self, state: &DocumentState) -> bool {
        let is_known =
            |inputs: &DocumentInputs| inputs.rules == RULES && base::are_unchanged(self.source, &inputs.files);
        state.document.is_none_or(|(hash, byte_count)| self.is_there(&hash, byte_count))
            && state.inputs.as_ref().is_some_and(is_known)
    }

    /// Of what the document is made, where it stays what it is, and that is known for certain.
    fn make_one(
        &self,
        catalog: &Catalog,
        state: &DocumentState,
        made: &mut Made,
    ) -> Result<Option<DocumentInputs>, PhaseError> {
        let entity = &state.entity;
        let placement = catalog.placement_of(entity)?;
        let names = self.profiles.names(&placement, ImageType::NFO, PictureExtension::Nfo).names;
        let is_named = !names.is_empty() || has_name_in_tree(entity);
        let places = names.iter().map(|name| name.folder.join(&name.name)).collect();
        let found = match is_named.then(|| base::find(catalog, self.source, entity, places)).transpose() {
            Ok(found) => found.unwrap_or_default(),
            Err(base::Failure::File(message)) => {
                made.problems.push((entity.id, message));
                return Ok(None);
            }
            Err(base::Failure::Phase(error)) => return Err(error),
        };
        let facts = facts::facts(catalog, entity, &placement)?;
        let is_told = found.base.is_something() || facts::is_more_than_names(catalog, entity)?;
        let written = (is_named && is_told && !facts.is_empty()).then(|| match &found.base {
            Base::Nothing => write_nfo(&facts, NfoBase::Nothing),
            Base::Original(bytes) => write_nfo(&facts, NfoBase::Original(bytes)),
            Base::Own(bytes) => write_nfo(&facts, NfoBase::Own(bytes)),
        });
        match written.filter(|written| !found.base.is_original(written)) {
            Some(written) => self.keep(state, &written, found, made),
            None if state.document.is_none() => Ok(self.inputs(&found)),
            None => {
                made.changes.unmade.push(entity.id);
                Ok(None)
            }
        }
    }

    /// Into the cache, where it is another one than before, or is no longer there.
    fn keep(
        &self,
        state: &DocumentState,
        bytes: &[u8],
        found: Found,
        made: &mut Made,
    ) -> Result<Option<DocumentInputs>, PhaseError> {
        let (entity, inputs) = (state.entity.id, self.inputs(&found));
        let hash = hash_of_document(bytes);
        let byte_count = bytes.len() as u64;
        let is_known = state.document == Some((hash, byte_count));
        if self.making != Making::Try && !(is_known && self.is_there(&hash, byte_count)) {
            self.cache.put_document(bytes, &format!("the NFO of item {entity}"))?;
        }
        if is_known && state.merged_with == found.merged_with {
            return Ok(inputs);
        }
        let merged_with = found.merged_with;
        made.changes.made.push(NewDocument { entity, hash, byte_count, merged_with, inputs });
        Ok(None)
    }

    fn inputs(&self, found: &Found) -> Option<DocumentInputs> {
        found.files(self.now).map(|files| DocumentInputs { files, rules: RULES })
    }

    fn is_there(&self, hash: &ContentHash, byte_count: u64) -> bool {
        let is_whole = |file: std::fs::File| file.metadata().is_ok_and(|found| found.len() == byte_count);
        self.cache.open_file(hash, StoredFormat::Nfo).is_ok_and(is_whole)
    }
}

/// Whether a tree of its own has a name for its document, though the library has none.
fn has_name_in_tree(entity: &Entity) -> bool {
    let trees = Profile::ALL.iter().filter(|profile| profile.is_tree());
    trees.into_iter().any(|tree| tree.names_something(entity.entity_type, ImageType::NFO))
}
