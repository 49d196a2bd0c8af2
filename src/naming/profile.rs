//! Naming profiles: for whom pictures are named.

use std::fmt;
use std::str::FromStr;

use crate::model::{EntityType, ImageType, Placement};

use super::rows::{BESIDE_MEDIA, JELLYFIN_PEOPLE, KODI_SETS, KOMETA_ASSETS, Row};
use super::template::{Filling, applies, published_names};
use super::{LeftOut, LeftOutReason, Names, PictureExtension, Players};

/// One player's names, or those of several at once, or of a tree of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    name: &'static str,
    players: Players,
    /// Groups of rows; those beside the media are shared by all profiles that are no tree.
    rows: &'static [&'static [Row]],
    is_tree: bool,
}

/// The profiles of a library or of a view, at least one. They are one table: what several have in common is published
/// once, and what would be one too many for one of them is not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles(Vec<Profile>);

/// Words that name no profiles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// There is no profile of that name.
    #[error("`{word}` is no naming profile; there are {}", names_of(Profile::ALL))]
    NoSuch {
        /// What was given.
        word: String,
    },
    /// A tree was combined with something else.
    #[error("`{word}` makes a tree of its own, so it stands alone")]
    NotAlone {
        /// The profile.
        word: &'static str,
    },
    /// A tree was chosen for a library.
    #[error(
        "`{word}` makes a tree of its own, which is no library's; give it to `export` or to a mount, and the library one \
         or more of {}",
        names_of(&Profile::ALL[..Profile::BESIDE_MEDIA_COUNT])
    )]
    Tree {
        /// The profile.
        word: &'static str,
    },
}

impl Profile {
    /// Every profile, the default first, the trees last.
    pub const ALL: &'static [Self] = &[
        Self::beside_media("default", Players::ALL),
        Self::beside_media("kodi", Players::KODI),
        Self::beside_media("jellyfin", Players::JELLYFIN),
        Self::beside_media("emby", Players::EMBY),
        Self::beside_media("plex", Players::PLEX),
        Self::tree("kodi-sets", Players::KODI, KODI_SETS),
        Self::tree("jellyfin-people", Players::JELLYFIN.and(Players::EMBY), JELLYFIN_PEOPLE),
        Self::tree("kometa", Players::KOMETA, KOMETA_ASSETS),
    ];

    /// How many of [`Self::ALL`] name pictures beside the media.
    const BESIDE_MEDIA_COUNT: usize = 5;

    const fn beside_media(name: &'static str, players: Players) -> Self {
        Self { name, players, rows: BESIDE_MEDIA, is_tree: false }
    }

    const fn tree(name: &'static str, players: Players, rows: &'static [&'static [Row]]) -> Self {
        Self { name, players, rows, is_tree: true }
    }

    /// The profile of that name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn parse(name: &str) -> Result<Self, ProfileError> {
        let found = Self::ALL.iter().copied().find(|profile| profile.name == name);
        found.ok_or_else(|| ProfileError::NoSuch { word: name.to_owned() })
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.name
    }

    /// The players that it serves.
    #[must_use]
    pub fn players(&self) -> Players {
        self.players
    }

    /// Whether it has a name for such a picture of such an item, if the item has all that names are made of.
    #[must_use]
    pub fn names_something(&self, entity_type: EntityType, image_type: ImageType) -> bool {
        self.rows.iter().flat_map(|group| group.iter()).any(|row| {
            row.entity_type == entity_type
                && row.kinds.contains(&image_type.kind())
                && row.is_numbered == (image_type.number() > 0)
                && !row.readers.within(self.players).is_none()
        })
    }

    /// Whether its names make a tree of their own instead of lying beside the media.
    #[must_use]
    pub fn is_tree(&self) -> bool {
        self.is_tree
    }
}

impl Default for Profiles {
    fn default() -> Self {
        Self(vec![Profile::ALL[0]])
    }
}

impl FromStr for Profiles {
    type Err = ProfileError;

    /// Takes names of profiles with commas between them; a repeated one counts once.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut profiles = Vec::new();
        for word in text.split(',') {
            let profile = Profile::parse(word.trim())?;
            if !profiles.contains(&profile) {
                profiles.push(profile);
            }
        }
        match profiles.iter().find(|profile| profile.is_tree) {
            Some(tree) if profiles.len() > 1 => Err(ProfileError::NotAlone { word: tree.name }),
            _ => Ok(Self(profiles)),
        }
    }
}

impl fmt::Display for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(Profile::as_str).collect();
        f.write_str(&names.join(","))
    }
}

impl Profiles {
    /// The profiles of a library, whose pictures lie beside the media.
    ///
    /// # Errors
    /// When the text names no profiles, or a tree.
    pub fn of_library(text: &str) -> Result<Self, ProfileError> {
        let profiles: Self = text.parse()?;
        match profiles.0.iter().find(|profile| profile.is_tree) {
            Some(tree) => Err(ProfileError::Tree { word: tree.name }),
            None => Ok(profiles),
        }
    }

    /// Whether the names make a tree of their own: their folders are then beneath the root of that tree, not of the
    /// library.
    #[must_use]
    pub fn is_tree(&self) -> bool {
        self.0.iter().any(Profile::is_tree)
    }

    /// All players that the profiles serve.
    #[must_use]
    pub fn players(&self) -> Players {
        self.0.iter().fold(Players::NONE, |all, profile| all.and(profile.players))
    }

    /// The names under which a picture of that item is published. Nothing but the arguments decides, so that a view or an
    /// export with other profiles than the library's asks the same question.
    #[must_use]
    pub fn names(&self, placed: &Placement, image_type: ImageType, extension: PictureExtension) -> Names {
        let mut found = Names::default();
        let filling = Filling { placed, image_type, extension, is_tree: self.is_tree() };
        for row in self.rows(placed, image_type) {
            let meant = row.readers.within(self.players());
            let blind = meant.without(Players::that_read(extension, row.reading));
            for name in published_names(row.template, &filling) {
                match name {
                    Ok(name) if blind == meant => found.leave_out(LeftOut {
                        name: name.name.as_bytes().to_vec(),
                        reason: LeftOutReason::Unreadable { players: meant, extension },
                    }),
                    Ok(name) => found.publish(name, blind, extension),
                    Err(left_out) => found.leave_out(left_out),
                }
            }
        }
        found
    }

    fn rows(&self, placed: &Placement, image_type: ImageType) -> impl Iterator<Item = &'static Row> {
        let players = self.players();
        let groups = self.0.first().map_or(&[][..], |profile| profile.rows);
        groups
            .iter()
            .flat_map(|group| group.iter())
            .filter(move |row| row.entity_type == placed.entity_type && row.layouts.contains(&placed.layout))
            .filter(move |row| row.kinds.contains(&image_type.kind()) && row.is_numbered == (image_type.number() > 0))
            .filter(move |row| !row.readers.within(players).is_none() && row.not_with.within(players).is_none())
            .filter(move |row| applies(row.template, placed))
    }
}

fn names_of(profiles: &[Profile]) -> String {
    let names: Vec<_> = profiles.iter().map(Profile::as_str).collect();
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}
