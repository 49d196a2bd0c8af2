//! From the name of a picture that was there before us to what it is of.
//!
//! The names are all that players read and managers write, so that every one of them is tracked as an original and is
//! hidden once a picture of the same image type is published.

use crate::model::{EntityType, ImageKind, ImageType, Layout};

use super::legal::{kodi_22_actor, kodi_actor, kodi_set};
use super::season_name::{NamedSeason, numbered_episode, season_of};
use super::words::{by_word, nameless_kind, parse_number};
use super::{NamedItem, fold_case, split_extension, stack_part};

/// Where a picture lies, seen from an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PicturePlace {
    /// In the folder that its artwork goes to: of a film, series, artist or album; that of the video of an episode; for a
    /// season that of the show, for a movie set that of one of its films.
    ItemFolder,
    /// In a folder for which [`is_extra_fanart_folder`] holds, beneath the folder of the item.
    ExtraFanart,
    /// In the folder of the show, for a season or for an episode that lies in a folder of its season.
    ShowFolder,
    /// In the folder of a season.
    SeasonFolder,
    /// In the folder `metadata` beside the video of an episode.
    Metadata,
    /// In the folder `.actors`.
    Actors,
}

/// Extensions under which pictures are found. `tbn` is a JPEG or PNG of old Kodi versions.
const EXTENSIONS: &[&[u8]] = &[b"jpg", b"jpeg", b"png", b"webp", b"gif", b"tbn"];

/// What a picture is of, by its name: `None` when it is not of this item, or no picture at all. Case is ignored. In a
/// flat folder bare names (`poster.jpg`) are nobody's.
#[must_use]
pub fn recognise(item: &NamedItem<'_>, place: PicturePlace, file_name: &[u8]) -> Option<ImageType> {
    let stem = picture_stem(file_name)?;
    match (item.entity_type, place) {
        (EntityType::Movie | EntityType::Series | EntityType::Artist | EntityType::Album, place) => {
            titled(item, place, &stem)
        }
        (EntityType::Season, PicturePlace::ItemFolder | PicturePlace::ShowFolder) => of_season(item, &stem),
        (EntityType::Season, PicturePlace::SeasonFolder) => in_season_folder(item, &stem),
        (EntityType::Episode, PicturePlace::ItemFolder | PicturePlace::Metadata) => of_episode(item, &stem),
        (EntityType::Episode, PicturePlace::ShowFolder) => by_episode(item, &stem),
        (EntityType::MovieSet, PicturePlace::ItemFolder) => of_set(item, &stem),
        (EntityType::Actor, PicturePlace::Actors) => of_actor(item, &stem),
        _ => None,
    }
}

/// Whether players or managers keep further fanart in folders of that name.
#[must_use]
pub fn is_extra_fanart_folder(name: &[u8]) -> bool {
    // The plural is written by old managers only; no player reads it.
    matches!(fold_case(name).as_slice(), b"extrafanart" | b"extrafanarts")
}

/// Whether managers keep pictures of actors in folders of that name.
#[must_use]
pub fn is_actors_folder(name: &[u8]) -> bool {
    fold_case(name) == b".actors"
}

/// Whether a picture of that name (without extension) counts for a whole folder.
pub(super) fn is_bare_name(entity_type: EntityType, stem: &[u8]) -> bool {
    let stem = fold_case(stem);
    match entity_type {
        // Above an episode is its season or its series.
        EntityType::Episode => by_word(EntityType::Series, &stem).is_some() || season_of(&stem).is_some(),
        other => by_word(other, &stem).is_some(),
    }
}

/// The name without extension in lower case; `None` for what is no picture.
fn picture_stem(file_name: &[u8]) -> Option<Vec<u8>> {
    let (stem, extension) = split_extension(file_name);
    EXTENSIONS.contains(&extension.to_ascii_lowercase().as_slice()).then(|| fold_case(stem))
}

/// Films, series, artists and albums: bare names in folders of their own, and names with the video's or folder's before
/// them.
fn titled(item: &NamedItem<'_>, place: PicturePlace, stem: &[u8]) -> Option<ImageType> {
    let is_flat = item.entity_type == EntityType::Movie && item.layout == Layout::Flat;
    match place {
        PicturePlace::ItemFolder if is_flat => prefixed(item, stem),
        PicturePlace::ItemFolder => {
            prefixed(item, stem).or_else(|| by_word(item.entity_type, stem)).or_else(|| all_seasons(item, stem))
        }
        PicturePlace::ExtraFanart if is_flat => None,
        PicturePlace::ExtraFanart => Some(extra_fanart(stem)),
        _ => None,
    }
}

/// What Kodi shows for all seasons together is of the series.
fn all_seasons(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    match season_of(stem)? {
        (NamedSeason::All, rest) if item.entity_type == EntityType::Series => behind_season(rest),
        _ => None,
    }
}

/// `<b>` and `<b>-type`; for a stack also with the stacked title.
fn prefixed(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    let stacked = stack_part(item.base).filter(|_| item.is_stack).map(|part| part.title);
    [Some(item.base.to_vec()), stacked].into_iter().flatten().find_map(|base| behind(item.entity_type, &base, stem))
}

/// What a name is of that begins with `base`.
fn behind(entity_type: EntityType, base: &[u8], stem: &[u8]) -> Option<ImageType> {
    match stem.strip_prefix(&*fold_case(base))? {
        _ if base.is_empty() => None,
        [] => Some(ImageType::main(nameless_kind(entity_type))),
        // Plex's alternatives: `<b>-2.jpg`.
        [b'-', digit] if digit.is_ascii_digit() => Some(ImageType::main(nameless_kind(entity_type))),
        [b'-', word @ ..] => by_word(entity_type, word),
        _ => None,
    }
}

/// A picture of a season in the folder of the show.
fn of_season(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    match season_of(stem) {
        Some((NamedSeason::Number(number), rest)) if Some(number) == item.season => behind_season(rest),
        Some(_) => None,
        None => by_season_folder(item, stem),
    }
}

/// Jellyfin also knows the name of the season without spaces: `staffel1-poster`. The folder is mostly called so.
fn by_season_folder(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    let joined: Vec<u8> = item.base.iter().copied().filter(|byte| *byte != b' ').collect();
    match stem.strip_prefix(&*fold_case(&joined))? {
        rest @ [b'-', ..] if !joined.is_empty() => behind_season(rest),
        _ => None,
    }
}

/// `-poster`, Kometa's `_background`, or nothing.
fn behind_season(rest: &[u8]) -> Option<ImageType> {
    match rest {
        [] => Some(ImageType::main(ImageKind::Poster)),
        [_, word @ ..] => by_word(EntityType::Season, word),
    }
}

/// In the folder of a season everything bare is of the season.
fn in_season_folder(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    by_word(EntityType::Season, stem)
        .or_else(|| behind(EntityType::Season, item.base, stem))
        .or_else(|| of_season(item, stem))
}

/// `<b>-thumb` and its like; of one of several episodes in the file also `<b>-S01E02-thumb`; in the folder of a disc bare.
fn of_episode(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    let of_one = || {
        let rest = stem.strip_prefix(&*fold_case(item.base))?.strip_prefix(b"-")?;
        by_episode(item, rest).filter(|_| !item.base.is_empty())
    };
    let bare = || if item.layout == Layout::Disc { by_word(EntityType::Episode, stem) } else { None };
    prefixed(item, stem).or_else(of_one).or_else(bare)
}

/// A name that begins with the numbers of an episode: Kometa's `S01E02` in the folder of the show, or what follows the
/// video's name.
fn by_episode(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    let (season, episode, rest) = numbered_episode(stem)?;
    let is_it = Some(season) == item.season && item.episodes.is_some_and(|range| range.contains(episode));
    match rest {
        _ if !is_it => None,
        [] => Some(ImageType::main(ImageKind::Thumb)),
        [_, word @ ..] => by_word(EntityType::Episode, word),
    }
}

/// A picture of a set in the folder of one of its films: `movieset-poster`, or with the name of the set.
fn of_set(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    let names = [b"movieset".to_vec(), item.title.as_bytes().to_vec(), kodi_set(item.title).into_bytes()];
    names.into_iter().find_map(|name| match stem.strip_prefix(&*fold_case(&name))? {
        [b'-', word @ ..] if !name.is_empty() => by_word(EntityType::MovieSet, word),
        _ => None,
    })
}

/// By the name of the actor, with spaces or underscores between its words.
fn of_actor(item: &NamedItem<'_>, stem: &[u8]) -> Option<ImageType> {
    let names = [kodi_actor(item.title), kodi_22_actor(item.title), item.title.to_owned()];
    let is_named = names.into_iter().any(|name| !name.is_empty() && fold_case(name.as_bytes()) == stem);
    is_named.then_some(ImageType::main(ImageKind::ActorThumb))
}

/// Any picture there is one more fanart: by the number at the end of its name, else the first one.
fn extra_fanart(stem: &[u8]) -> ImageType {
    let digits = stem.len() - stem.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let first = 1;
    let number = parse_number(&stem[digits..]).filter(|&number| number > 0).unwrap_or(first);
    ImageType::numbered(ImageKind::Fanart, number).unwrap_or(ImageType::main(ImageKind::Fanart))
}
