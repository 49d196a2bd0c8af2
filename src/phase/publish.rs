//! Publish: what is selected is shown under the names that players look for.
//!
//! The names are a pure function of the entity and its library's profiles; the catalog compares them with what is
//! shown and writes the difference as one generation. Pictures stream through, so memory does not grow with the
//! library.

use std::collections::HashMap;

use serde::Serialize;

use crate::catalog::{Catalog, Entity, Place, PublishMode, Published, Scope, SelectedPicture, Stamp};
use crate::model::{EntityId, ImageType, Layout, LibraryId, Name};
use crate::naming::{LeftOut, NamedItem, Names, PictureExtension, Profiles, PublishedName, split_extension};

use super::PhaseError;

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

/// Makes the mappings of the scope what is selected and not withheld. Doing it again changes nothing.
///
/// # Errors
/// When a library's profiles are not known, a named entity does not exist, or the catalog cannot be written.
pub fn publish(
    catalog: &mut Catalog,
    scope: Scope<'_>,
    mode: PublishMode,
    stamp: &Stamp,
) -> Result<PublishReport, PhaseError> {
    let profiles = profiles(catalog)?;
    let mut report = PublishReport::default();
    report.published = catalog.publish(scope, mode, stamp, |picture| {
        let Some(profiles) = profiles.get(&picture.entity.library) else { return Vec::new() };
        let Names { names, left_out } = names_of(profiles, picture);
        if names.is_empty() && left_out.is_empty() {
            report.leave_out(picture, std::iter::once(nameless(picture)));
        }
        let shown = |left: LeftOut| format!("{}: {}", crate::model::show_bytes(&left.name), left.reason);
        report.leave_out(picture, left_out.into_iter().map(shown));
        names.into_iter().map(|name| place(&picture.entity, name)).collect()
    })?;
    Ok(report)
}

impl PublishReport {
    fn leave_out(&mut self, picture: &SelectedPicture, messages: impl Iterator<Item = String>) {
        for message in messages {
            self.left_out_count += 1;
            if self.left_out.len() < LEFT_OUT_MAX {
                let (entity, image_type) = (picture.entity.id, picture.image_type);
                self.left_out.push(LeftOutPicture { entity, image_type, message });
            }
        }
    }
}

/// The profiles of every library, understood before anything is begun.
fn profiles(catalog: &Catalog) -> Result<HashMap<LibraryId, Profiles>, PhaseError> {
    let understood = |library: crate::catalog::Library| match library.naming.parse() {
        Ok(profiles) => Ok((library.id, profiles)),
        Err(source) => Err(PhaseError::Naming { library: library.name, source }),
    };
    catalog.libraries()?.into_iter().map(understood).collect()
}

/// A picture that was chosen and is never seen needs a word.
fn nameless(picture: &SelectedPicture) -> String {
    let (image_type, entity) = (picture.image_type, &picture.entity);
    format!("{image_type} of item {}: the library's naming has no name for it on a {}", entity.id, entity.entity_type)
}

fn names_of(profiles: &Profiles, picture: &SelectedPicture) -> Names {
    let entity = &picture.entity;
    let Ok(extension) = picture.extension.parse::<PictureExtension>() else {
        tracing::warn!(entity = %entity.id, extension = ?picture.extension, "the catalog holds a picture of no format");
        return Names::default();
    };
    let base = base_of(entity);
    let base = base.as_ref().map_or(&b""[..], |name| name.as_slice());
    profiles.names(
        &NamedItem { entity_type: entity.entity_type, layout: entity.layout, base },
        picture.image_type,
        extension,
    )
}

/// The name that prefixed names are built on: of the video without its extension, or of the folder where there is no
/// video or the video is a disc.
fn base_of(entity: &Entity) -> Option<Vec<u8>> {
    let of_folder = || entity.folder.name().map(|name| name.as_bytes().to_vec());
    let video = entity.video.as_ref().filter(|_| entity.layout != Layout::Disc);
    let of_video = video.and_then(|video| video.name()).map(|name| split_extension(name.as_bytes()).0.to_vec());
    of_video.or_else(of_folder)
}

fn place(entity: &Entity, published: PublishedName) -> Place {
    let PublishedName { subfolder, name } = published;
    let in_subfolder = |subfolder: &Name| entity.folder.join(subfolder);
    Place {
        folder: subfolder.as_ref().map_or_else(|| entity.folder.clone(), in_subfolder),
        name,
        is_synthetic_folder: subfolder.is_some(),
    }
}
