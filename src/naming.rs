//! The file names under which players look for artwork, and back from a name to what the picture is of.
//!
//! Names are data: a [`Profile`] is a table from (entity type, layout, image type) to name templates
//! (`naming/profile.rs`). Published names are asked for with [`Profiles::names`]; pictures that were there before us are
//! understood by [`recognise`](fn@recognise). Nothing here opens a file: names in, names out, so mount and export cannot differ.

mod picture;
mod profile;
mod recognise;
mod stack;
#[cfg(test)]
mod tests;

use crate::model::{Layout, Name, RelPath};

pub use picture::{PictureExtension, PictureExtensionError, split_extension};
pub use profile::{LeftOut, LeftOutReason, NamedItem, Names, Profile, ProfileError, Profiles, PublishedName};
pub use recognise::{PicturePlace, is_extra_fanart_folder, recognise};
pub use stack::{StackPart, StackWord, stack_part};

/// The name that artwork names are made of ([`NamedItem::base`]): of the folder for a disc, else of the main video without
/// its extension, else of the folder. `None` for the root of a library without a video.
#[must_use]
pub fn base_name(layout: Layout, folder: &RelPath, video: Option<&RelPath>) -> Option<Name> {
    let of_video = || Name::parse(split_extension(video?.name()?.as_bytes()).0).ok();
    match layout {
        Layout::Disc => folder.name(),
        Layout::Own | Layout::Flat | Layout::Stack | Layout::Version => of_video().or_else(|| folder.name()),
    }
}

/// The bytes of a name in lower case, for comparisons that ignore case: all of Unicode where the name is UTF-8, ASCII
/// where it is not.
#[must_use]
pub fn fold_case(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
}
