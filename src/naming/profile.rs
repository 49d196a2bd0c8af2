//! Naming profiles: tables from what a picture is of to the names it is published under.

use std::fmt;
use std::str::FromStr;

use crate::model::{EntityType, ImageKind, ImageType, Layout, Name, RelPathError};

use super::recognise::is_bare_name;
use super::{PictureExtension, stack_part};

/// The longest file name that Linux file systems take, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// One player's, or one combination of players', table of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    name: &'static str,
    rows: &'static [Row],
}

/// The profiles of a library, at least one. Names that several of them have in common are published once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles(Vec<Profile>);

/// A word that names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no naming profile; there is default")]
pub struct ProfileError(String);

/// The item whose pictures are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedItem<'a> {
    /// What it is.
    pub entity_type: EntityType,
    /// How it lies on disk.
    pub layout: Layout,
    /// The name of its video without extension; of the first part for a stack, of the folder for a disc.
    pub base: &'a [u8],
}

/// A name relative to the item's folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublishedName {
    /// The folder beneath the item's folder (`extrafanart`), where the name is not in the item's folder itself.
    pub subfolder: Option<Name>,
    /// The file name.
    pub name: Name,
}

/// What a picture is published as, and what it cannot be published as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The names, most important first, without repetition. Empty when the profiles have no name for the picture.
    pub names: Vec<PublishedName>,
    /// The names of the table that are impossible for this item.
    pub left_out: Vec<LeftOut>,
}

/// A name that is not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The bytes of the file name.
    pub name: Vec<u8>,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why a name is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeftOutReason {
    /// Longer than a file name can be; a shortened one would be found by no player.
    #[error("the name is longer than {NAME_BYTES_MAX} bytes")]
    TooLong,
    /// A video in a flat folder is called `poster` or the like: the name would count for the whole folder.
    #[error("the name would count for every item of the folder")]
    Bare,
    /// The video's name makes a name that is none.
    #[error("the name is impossible: {0}")]
    Impossible(RelPathError),
}

/// One line of a profile. Templates know `{b}` (video's name), `{t}` (stacked title), `{kind}` (word of the image kind)
/// and `{n}` (number); what stands before a slash is the subfolder.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    entity_type: EntityType,
    layouts: &'static [Layout],
    kinds: &'static [ImageKind],
    /// Whether the row is for numbered pictures (`fanart1`, …) or for the main one.
    is_numbered: bool,
    names: &'static [&'static str],
}

/// The kinds of a film's pictures that have one name each.
const SINGLE_NAME: &[ImageKind] = &[
    ImageKind::Fanart,
    ImageKind::ClearLogo,
    ImageKind::ClearArt,
    ImageKind::DiscArt,
    ImageKind::Banner,
    ImageKind::Landscape,
    ImageKind::KeyArt,
    ImageKind::CharacterArt,
];

/// The kinds with bare names: everything but flat folders.
const BARE: &[Layout] = &[Layout::Own, Layout::Disc, Layout::Stack, Layout::Version];

const fn movie(layouts: &'static [Layout], kinds: &'static [ImageKind], names: &'static [&'static str]) -> Row {
    Row { entity_type: EntityType::Movie, layouts, kinds, is_numbered: false, names }
}

const fn movie_numbered(layouts: &'static [Layout], names: &'static [&'static str]) -> Row {
    Row { entity_type: EntityType::Movie, layouts, kinds: &[ImageKind::Fanart], is_numbered: true, names }
}

/// The smallest set that serves Kodi, Jellyfin, Emby and Plex at once. `<b>-poster` beside `poster` is for Kodi sources
/// that are not set to "separate folders"; `<b>` alone in flat folders is for Plex. One backdrop name per item, since
/// Jellyfin shows each alias as one more backdrop; `fanartN` is read by Kodi and Plex, `extrafanart/` by Jellyfin and
/// Emby, so nobody sees a picture twice. No `thumb` for films: Kodi takes it for a still.
const DEFAULT: &[Row] = &[
    movie(&[Layout::Own, Layout::Version], &[ImageKind::Poster], &["poster", "{b}-poster"]),
    movie(&[Layout::Disc], &[ImageKind::Poster], &["poster"]),
    movie(&[Layout::Stack], &[ImageKind::Poster], &["poster", "{t}-poster"]),
    movie(&[Layout::Flat], &[ImageKind::Poster], &["{b}-poster", "{b}"]),
    movie(BARE, SINGLE_NAME, &["{kind}"]),
    movie(&[Layout::Flat], SINGLE_NAME, &["{b}-{kind}"]),
    movie_numbered(BARE, &["fanart{n}", "extrafanart/fanart{n}"]),
    movie_numbered(&[Layout::Flat], &["{b}-fanart{n}"]),
];

impl Profile {
    /// Every profile, the default first.
    pub const ALL: &'static [Self] = &[Self { name: "default", rows: DEFAULT }];

    /// The profile of that name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn parse(name: &str) -> Result<Self, ProfileError> {
        Self::ALL.iter().copied().find(|profile| profile.name == name).ok_or_else(|| ProfileError(name.to_owned()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.name
    }

    fn templates(&self, item: &NamedItem<'_>, image_type: ImageType) -> impl Iterator<Item = &'static str> {
        let (entity_type, layout) = (item.entity_type, item.layout);
        self.rows
            .iter()
            .filter(move |row| row.entity_type == entity_type && row.layouts.contains(&layout))
            .filter(move |row| row.kinds.contains(&image_type.kind()) && row.is_numbered == (image_type.number() > 0))
            .flat_map(|row| row.names.iter().copied())
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
        Ok(Self(profiles))
    }
}

impl fmt::Display for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(Profile::as_str).collect();
        f.write_str(&names.join(","))
    }
}

impl Profiles {
    /// The names under which a picture of that item is published.
    #[must_use]
    pub fn names(&self, item: &NamedItem<'_>, image_type: ImageType, extension: PictureExtension) -> Names {
        let mut found = Names::default();
        for template in self.0.iter().flat_map(|profile| profile.templates(item, image_type)) {
            match published_name(template, item, image_type, extension) {
                Ok(name) if found.names.contains(&name) => {}
                Ok(name) => found.names.push(name),
                Err(left_out) if found.left_out.contains(&left_out) => {}
                Err(left_out) => found.left_out.push(left_out),
            }
        }
        found
    }
}

fn published_name(
    template: &'static str,
    item: &NamedItem<'_>,
    image_type: ImageType,
    extension: PictureExtension,
) -> Result<PublishedName, LeftOut> {
    let (subfolder, template) = match template.split_once('/') {
        Some((subfolder, rest)) => (Some(subfolder), rest),
        None => (None, template),
    };
    let stem = fill(template, item, image_type);
    let bytes = [stem.as_slice(), b".", extension.as_str().as_bytes()].concat();
    let left_out = |reason| LeftOut { name: bytes.clone(), reason };
    if bytes.len() > NAME_BYTES_MAX {
        return Err(left_out(LeftOutReason::TooLong));
    }
    if item.layout == Layout::Flat && is_bare_name(item.entity_type, &stem) {
        return Err(left_out(LeftOutReason::Bare));
    }
    let impossible = |error| left_out(LeftOutReason::Impossible(error));
    let subfolder = subfolder.map(|name| Name::parse(name.as_bytes())).transpose().map_err(impossible)?;
    Ok(PublishedName { subfolder, name: Name::parse(&bytes).map_err(impossible)? })
}

/// The template with its placeholders replaced. A base that itself looks like a placeholder is not replaced again.
fn fill(template: &str, item: &NamedItem<'_>, image_type: ImageType) -> Vec<u8> {
    let mut filled = Vec::new();
    for piece in template.split_inclusive('}') {
        let (text, placeholder) = piece.split_once('{').unwrap_or((piece, ""));
        filled.extend_from_slice(text.as_bytes());
        match placeholder {
            "b}" => filled.extend_from_slice(item.base),
            "t}" => filled.extend(stack_part(item.base).map_or_else(|| item.base.to_vec(), |part| part.title)),
            "kind}" => filled.extend_from_slice(image_type.kind().as_str().as_bytes()),
            "n}" => filled.extend_from_slice(image_type.number().to_string().as_bytes()),
            _ => {}
        }
    }
    filled
}
