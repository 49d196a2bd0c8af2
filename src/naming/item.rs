//! What names are asked for and of, and the answers.

use crate::model::{EntityType, EpisodeRange, Layout, Name, RelPath, RelPathError};

use super::{PictureExtension, Players};

/// The longest file name that Linux file systems take, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 255;

/// An item as its pictures' names tell it: what [`recognise`](super::recognise()) has to know of it. Where its names are
/// *made*, a [`Placement`](crate::model::Placement) tells more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedItem<'a> {
    /// What it is.
    pub entity_type: EntityType,
    /// How it lies on disk.
    pub layout: Layout,
    /// The name of its video without extension, of the first part for a stack; the name of its folder for a disc and for
    /// what has no video. For a season that of its own folder. Empty where there is none.
    pub base: &'a [u8],
    /// Its title: the name of an actor or movie set.
    pub title: &'a str,
    /// The season of a season or episode, 0 for specials.
    pub season: Option<u16>,
    /// The episodes of an episode's file.
    pub episodes: Option<EpisodeRange>,
    /// Whether its video is the first part of several, so that it also goes by the name without the part.
    pub is_stack: bool,
}

/// A place for a picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublishedName {
    /// The folder, beneath the root of the library; for a tree of its own ([`super::Profiles::is_tree`]) beneath the root of
    /// that.
    pub folder: RelPath,
    /// The file name.
    pub name: Name,
    /// Whether the folder is one that artwork alone needs (`extrafanart`, `.actors`): it is shown and made where the tree
    /// lacks it, its parent is not.
    pub is_synthetic_folder: bool,
}

/// What a picture is published as, and what it cannot be published as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The names, most important first, without repetition. Empty when the profiles have no name for the picture.
    pub names: Vec<PublishedName>,
    /// The names of the table that are impossible for this item or picture.
    pub left_out: Vec<LeftOut>,
    /// Published names under which some player cannot read the picture, for its format.
    pub unread: Vec<Unread>,
}

/// A name that is not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", crate::model::show_bytes(name))]
pub struct LeftOut {
    /// The bytes of the file name.
    pub name: Vec<u8>,
    /// Why.
    pub reason: LeftOutReason,
}

/// A published name that not all players for whom it is meant can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {players} cannot read {extension} under this name")]
pub struct Unread {
    /// The file name.
    pub name: Name,
    /// Who cannot.
    pub players: Players,
    /// The format.
    pub extension: PictureExtension,
}

/// Why a name is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeftOutReason {
    /// Longer than a file name can be; a shortened one would be found by no player.
    #[error("the name is longer than {NAME_BYTES_MAX} bytes")]
    TooLong,
    /// A video in a shared folder is called `poster` or the like: the name would count for the whole folder.
    #[error("the name would count for every item of the folder")]
    Bare,
    /// None of the players that look for that name can read the format.
    #[error("{players} cannot read {extension} under this name; select a JPEG")]
    Unreadable {
        /// Who looks for it.
        players: Players,
        /// The format.
        extension: PictureExtension,
    },
    /// Something that the name is made of is not known of the item.
    #[error("the item lacks what the name is made of: {0}")]
    Unknown(&'static str),
    /// The video's name makes a name that is none.
    #[error("the name is impossible: {0}")]
    Impossible(RelPathError),
}

impl<'a> NamedItem<'a> {
    /// An item of which no more is known; further fields are set by whoever knows them.
    #[must_use]
    pub fn new(entity_type: EntityType, layout: Layout, base: &'a [u8]) -> Self {
        let is_stack = layout == Layout::Stack;
        Self { entity_type, layout, base, title: "", season: None, episodes: None, is_stack }
    }
}

impl Names {
    /// Notes a name that is published, once, and who cannot read the picture there.
    pub(super) fn publish(&mut self, name: PublishedName, blind: Players, extension: PictureExtension) {
        if self.names.contains(&name) {
            return;
        }
        if !blind.is_none() {
            self.unread.push(Unread { name: name.name.clone(), players: blind, extension });
        }
        self.names.push(name);
    }

    /// Notes a name that is not published, once.
    pub(super) fn leave_out(&mut self, left_out: LeftOut) {
        if !self.left_out.contains(&left_out) {
            self.left_out.push(left_out);
        }
    }
}
