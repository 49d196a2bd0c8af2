//! Publish: what is selected is shown under the names that players look for.
//!
//! The names are a pure function of where the entity lies and of its library's profiles; the catalog compares them with
//! what is shown and writes the difference as one generation. Pictures stream through, so memory does not grow with the
//! library.

use std::collections::HashMap;

use serde::Serialize;

use crate::catalog::{Catalog, DocumentChanges, Library, Place, PublishMode, Published, Scope, SelectedPicture, Stamp};
use crate::model::{EntityId, ImageType, LibraryId};
use crate::naming::Profiles;

use super::PhaseError;
use super::documents::{self, DocumentSources, Made, Making};
use super::names::{nameless, names_of_selected, places};

/// How many names that are left out a report lists.
const LEFT_OUT_MAX: usize = 1000;

/// What publishing came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishReport {
    /// What changed, and which pictures were refused a path because another has it.
    pub published: Published,
    /// Names that are impossible for an item, and pictures for which there is no name; the first thousand.
    pub left_out: Vec<LeftOutPicture>,
    /// How many there were.
    pub left_out_count: u64,
    /// Libraries whose trees could not be reached, so that their documents stay as they are.
    pub unreached: Vec<String>,
    /// How many documents were made, be it to find that they are the same; of the others it was known.
    pub documents_looked_at: u64,
}

/// A name that a picture should have, but cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOutPicture {
    /// The entity.
    pub entity: EntityId,
    /// What the picture is of.
    pub image_type: ImageType,
    /// Which name, and why.
    pub message: String,
}

/// Makes the mappings of the scope what is selected and not withheld; documents are published as they were made last. Doing it
/// again changes nothing.
///
/// # Errors
/// When a library's profiles are not known, a named entity does not exist, or the catalog cannot be written.
pub fn publish(
    catalog: &mut Catalog,
    scope: Scope<'_>,
    mode: PublishMode,
    stamp: &Stamp,
) -> Result<PublishReport, PhaseError> {
    publish_changes(catalog, scope, mode, stamp, &DocumentChanges::default())
}

/// The same with documents: those of the scope are made anew where anything that they tell is different, and those of
/// libraries that shall have none go.
///
/// # Errors
/// As [`publish`]; and when the cache cannot be written.
pub fn publish_with_documents(
    catalog: &mut Catalog,
    sources: &DocumentSources<'_>,
    scope: Scope<'_>,
    mode: PublishMode,
    stamp: &Stamp,
) -> Result<PublishReport, PhaseError> {
    let making = if mode == PublishMode::Apply { Making::Publish } else { Making::Try };
    let made = documents::make(catalog, sources, scope, making, stamp.now)?;
    let report = publish_changes(catalog, scope, mode, stamp, &made.changes)?;
    Ok(with_documents(report, made))
}

/// Publishes in a catalog for a view of its own what publishing everything in `base` would show, documents too. That one is not
/// changed.
pub(super) fn publish_pending(
    own: &mut Catalog,
    base: &mut Catalog,
    sources: &DocumentSources<'_>,
    stamp: &Stamp,
) -> Result<PublishReport, PhaseError> {
    let made = documents::make(base, sources, Scope::All, Making::View, stamp.now)?;
    let report = publish_changes(own, Scope::All, PublishMode::Apply, stamp, &made.changes)?;
    Ok(with_documents(report, made))
}

fn with_documents(mut report: PublishReport, made: Made) -> PublishReport {
    report.documents_looked_at = made.looked_at;
    report.unreached = made.unreached;
    for (entity, message) in made.problems {
        report.note(LeftOutPicture {
            entity,
            image_type: ImageType::NFO,
            message: format!("item {entity}: {message}"),
        });
    }
    report
}

fn publish_changes(
    catalog: &mut Catalog,
    scope: Scope<'_>,
    mode: PublishMode,
    stamp: &Stamp,
    documents: &DocumentChanges,
) -> Result<PublishReport, PhaseError> {
    let profiles = all_profiles(catalog)?;
    let mut report = PublishReport::default();
    report.published = catalog.publish_with(scope, mode, stamp, documents, |picture| {
        let Some(profiles) = profiles.get(&picture.entity.library) else { return Vec::new() };
        let names = names_of_selected(profiles, picture);
        // A document that only a tree of its own has a name for is made for that.
        if names.names.is_empty() && names.left_out.is_empty() && picture.image_type.is_picture() {
            let message = nameless(picture.entity.entity_type, picture.image_type);
            report.leave_out(picture, std::iter::once(format!("item {}: {message}", picture.entity.id)));
        }
        report.leave_out(picture, names.left_out.iter().map(ToString::to_string));
        places(names)
    })?;
    Ok(report)
}

/// A rename in the tree has happened: the catalog follows, and names that are made of what was renamed are made anew.
/// `false` when somebody else has followed already. Where a library's profiles are not known, names stay.
///
/// # Errors
/// When the catalog cannot be written; the rename then stays noted.
pub fn follow_rename(catalog: &mut Catalog, rename: i64, stamp: &Stamp) -> Result<bool, PhaseError> {
    let profiles = all_profiles(catalog);
    let mut names = profiles.as_ref().ok().map(|profiles| {
        |picture: &SelectedPicture| {
            let profiles = profiles.get(&picture.entity.library);
            profiles.map(|profiles| places(names_of_selected(profiles, picture))).unwrap_or_default()
        }
    });
    let names = names.as_mut().map(|names| names as &mut dyn FnMut(&SelectedPicture) -> Vec<Place>);
    Ok(catalog.follow_rename(rename, stamp, names)?.is_some())
}

impl PublishReport {
    fn leave_out(&mut self, picture: &SelectedPicture, messages: impl Iterator<Item = String>) {
        let (entity, image_type) = (picture.entity.id, picture.image_type);
        messages.for_each(|message| self.note(LeftOutPicture { entity, image_type, message }));
    }

    fn note(&mut self, left_out: LeftOutPicture) {
        self.left_out_count += 1;
        if self.left_out.len() < LEFT_OUT_MAX {
            self.left_out.push(left_out);
        }
    }
}

/// The profiles of every library, understood before anything is begun.
fn all_profiles(catalog: &Catalog) -> Result<HashMap<LibraryId, Profiles>, PhaseError> {
    catalog.libraries()?.iter().map(|library| Ok((library.id, profiles_of(library)?))).collect()
}

/// The naming profiles of a library.
///
/// # Errors
/// When they are not known, or make a tree that is no library's.
pub fn profiles_of(library: &Library) -> Result<Profiles, PhaseError> {
    let failed = |source| PhaseError::Naming { library: library.name.clone(), source };
    Profiles::of_library(&library.naming).map_err(failed)
}
