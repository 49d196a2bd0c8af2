//! From what is selected to names: the step between catalog and `naming` that publish, export, `show` and views share.
//!
//! `naming` decides by profile and [`Placement`] alone. Whoever wants the names of a library by other profiles than its own
//! asks the same functions with those: one by one ([`names`]), or all at once, with conflicts settled and without memory
//! that grows ([`lay_out`]).

use crate::catalog::{Catalog, Entity, Layouts, Library, Place, SelectedPicture};
use crate::model::{EntityType, ImageType, Placement};
use crate::naming::{Names, PictureExtension, Profile, Profiles, PublishedName};

use super::PhaseError;
use super::publish::profiles_of;

/// The names of a picture of something by profiles. `extension` is that of the cache file.
#[must_use]
pub fn names(profiles: &Profiles, placed: &Placement, image_type: ImageType, extension: &str) -> Names {
    match extension.parse::<PictureExtension>() {
        Ok(extension) => profiles.names(placed, image_type, extension),
        Err(error) => {
            tracing::warn!(%error, "the catalog holds a picture of no format");
            Names::default()
        }
    }
}

/// Why a picture that was chosen is never seen: no profile of its library has a name for it. Says which profile has.
#[must_use]
pub fn nameless(entity_type: EntityType, image_type: ImageType) -> String {
    let trees: Vec<_> = Profile::ALL
        .iter()
        .filter(|profile| profile.is_tree() && profile.names_something(entity_type, image_type))
        .collect();
    let hint = trees.first().map(|tree| format!("; {} has one, for `posterfs export --naming`", tree.as_str()));
    format!("the library's naming has no name for the {image_type} of a {entity_type}{}", hint.unwrap_or_default())
}

/// What keeps a selected picture of an entity from names of its library, or a player from reading it under one: for
/// people. Empty when all is well.
///
/// # Errors
/// When the library's profiles are not known, or the catalog cannot be read.
pub fn notes(
    catalog: &Catalog,
    library: &Library,
    entity: &Entity,
    image_type: ImageType,
    extension: &str,
) -> Result<Vec<String>, PhaseError> {
    let names = names(&profiles_of(library)?, &catalog.placement_of(entity)?, image_type, extension);
    if names.names.is_empty() && names.left_out.is_empty() {
        return Ok(vec![nameless(entity.entity_type, image_type)]);
    }
    let left_out = names.left_out.iter().map(|left_out| format!("not published as {left_out}"));
    Ok(left_out.chain(names.unread.iter().map(ToString::to_string)).collect())
}

/// Works out where all that is selected in a library would lie by other profiles than its own.
///
/// # Errors
/// When the catalog cannot be read.
pub fn lay_out<'a>(
    catalog: &'a mut Catalog,
    library: &Library,
    profiles: &Profiles,
) -> Result<Layouts<'a>, PhaseError> {
    Ok(catalog.lay_out(library.id, |picture| places(names_of_selected(profiles, picture)))?)
}

pub(super) fn names_of_selected(profiles: &Profiles, picture: &SelectedPicture) -> Names {
    names(profiles, &picture.placement, picture.image_type, &picture.extension)
}

pub(super) fn places(names: Names) -> Vec<Place> {
    let place = |PublishedName { folder, name, is_synthetic_folder }| Place { folder, name, is_synthetic_folder };
    names.names.into_iter().map(place).collect()
}
