//! The file names under which players look for artwork, and back from a name to what the picture is of.
//!
//! Names are data: rows of `naming/rows.rs` say which picture of what is published under which name, and who reads it
//! there. A profile is a set of players that has the rows of its players, so profiles can be combined
//! (`naming/profile.rs`); the special trees have rows of their own. Published names are asked for with
//! [`Profiles::names`]; pictures that were there before us are understood by [`recognise`](fn@recognise). Nothing here
//! opens a file: names in, names out, so mount and export cannot differ.
//!
//! - `item.rs`: what is asked ([`NamedItem`]) and answered ([`Names`])
//! - `player.rs`: who reads which format
//! - `rows.rs`, `template.rs`, `legal.rs`: the tables, and from their templates to names
//! - `recognise.rs`, `words.rs`, `season_name.rs`: from a name to an image type
//! - `stack.rs`, `picture.rs`: parts of file names

mod item;
mod legal;
mod picture;
mod player;
mod profile;
mod recognise;
mod rows;
mod season_name;
mod stack;
mod template;
#[cfg(test)]
mod tests;
mod words;

pub use item::{LeftOut, LeftOutReason, NamedItem, Names, PublishedName, Unread};
pub use picture::{PictureExtension, PictureExtensionError, split_extension};
pub use player::Players;
pub use profile::{Profile, ProfileError, Profiles};
pub use recognise::{PicturePlace, is_actors_folder, is_extra_fanart_folder, recognise};
pub use stack::{StackPart, StackWord, stack_part};
pub use template::base_name;

/// The bytes of a name in lower case, for comparisons that ignore case: all of Unicode where the name is UTF-8, ASCII
/// where it is not.
#[must_use]
pub fn fold_case(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
}
