//! Series: which folder is one, and what lies in it.
//!
//! In a library of series a folder is one when it has `tvshow.nfo`, folders of seasons, or episodes in it. Folders above
//! are shelves, folders below belong to it. Seasons are named by the folder of the series, which sees both the folders of
//! the seasons and the episodes that lie beside them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EntityType, Layout, LibraryKind, MediaIdentity, Name, RelPath};
use crate::naming::split_extension;

use super::episode_name::{certain_episode, titled_episode};
use super::episodes::{Episodes, episodes_in, loose_episodes};
use super::file_name::FileKind;
use super::files::sort_files;
use super::folder_name::{Descent, has_disc, ignored_by_name, is_disc_part, is_extras};
use super::season_name::{before_season, season_number};
use super::series_title::{is_of_title, series_before, series_identity};
use super::title::{decode, plain_brackets, title_key};
use super::{
    Context, FileVerdict, FolderListing, FolderVerdict, FoundItem, Inside, Rule, SeriesPlace, is_named_like_library,
    originals,
};

/// What a folder of a library of series holds.
pub(super) fn decide(listing: &FolderListing, context: &Context) -> FolderVerdict {
    let (items, files, inside) = match &context.inside {
        Inside::Series(place) => within(listing, place),
        Inside::Shelf | Inside::Artist { .. } => match series_rule(listing) {
            Some(rule) => series_folder(listing, rule),
            None => {
                let Episodes { items, files } = loose_episodes(listing);
                (items, files, Inside::Shelf)
            }
        },
    };
    let mut verdict = FolderVerdict { items, files, inside, ..FolderVerdict::default() };
    originals::assign(listing, &mut verdict.items, &[]);
    verdict
}

/// Whether a walk goes into a folder.
pub(super) fn descent(listing: &FolderListing, inside: &Inside, name: &Name) -> Descent {
    if let Some(rule) = ignored_by_name(name.as_bytes()) {
        return Descent::Ignored(rule);
    }
    if is_disc_part(name.as_bytes()) && has_disc(listing) {
        return Descent::Disc;
    }
    // On a shelf, `Extras` is the show of that name.
    match inside {
        Inside::Series(_) if is_extras(name.as_bytes()) => Descent::Extras,
        _ => Descent::Enter,
    }
}

/// What a folder lies in whose parent's folders lie in `inside`.
pub(super) fn inside(inside: &Inside, name: &Name) -> Inside {
    match inside {
        Inside::Series(place) => {
            let season = season_number(&decode(name.as_bytes()), &place.identity.title).or(place.season);
            Inside::Series(SeriesPlace { season, ..place.clone() })
        }
        other => other.clone(),
    }
}

/// Whether the entries of a folder decide on the items of the folder above: seasons have their pictures in both.
pub(super) fn is_peeked(folder: &RelPath, name: &Name) -> bool {
    let title = folder.name().map(|name| series_identity(&name).title).unwrap_or_default();
    season_number(&decode(name.as_bytes()), &title).is_some() || name.as_bytes().eq_ignore_ascii_case(b"metadata")
}

/// Whether a folder of that name belongs to a series of a folder further up, wherever it is met.
pub(super) fn is_part_of_series(name: &Name, above: Option<&Name>) -> bool {
    let title = above.map(|above| series_identity(above).title).unwrap_or_default();
    let is_season = season_number(&decode(name.as_bytes()), &title).is_some();
    is_season || is_disc_part(name.as_bytes()) || is_extras(name.as_bytes())
}

/// Whether a folder of that name, of which nothing else is known, is one of a season: it has a word for it.
#[must_use]
pub fn tells_season(folder: &Name) -> bool {
    let text = decode(folder.as_bytes());
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    !is_number && season_number(&text, "").is_some() && series_identity(folder).year.is_none()
}

/// Whether an episode names another series than the folder it lies in, and that folder is rather a library: by its name,
/// or because nothing is above it.
#[must_use]
pub fn is_foreign_to(kind: LibraryKind, file: &Name, folder: &Name, is_top: bool) -> bool {
    let is_library = is_top || is_named_like_library(kind, folder.as_bytes());
    if kind != LibraryKind::Tv || !is_library {
        return false;
    }
    let text = text_of(file);
    let Some(episode) = titled_episode(&text).or_else(|| certain_episode(&text)) else { return false };
    // Without a title, it is of no series at all in a folder that is called like a library.
    let is_nameless = series_before(&episode.before).title.is_empty();
    if is_nameless { !is_top } else { !is_of_title(&episode.before, &series_identity(folder).title) }
}

/// Why a folder is one of a series; `None` when it is a shelf.
fn series_rule(listing: &FolderListing) -> Option<Rule> {
    let identity = series_identity(&listing.path.name()?);
    if listing.has_file("tvshow.nfo") {
        return Some(Rule::SeriesNfo);
    }
    let folders = || listing.folders().filter(|name| ignored_by_name(name.as_bytes()).is_none());
    if folders().any(|name| season_number(&decode(name.as_bytes()), &identity.title).is_some()) {
        return Some(Rule::SeriesBySeasons);
    }
    let media = sort_files(listing, FileKind::Video).media;
    if is_of_several_series(&media, &identity.title) {
        return None;
    }
    let is_certain = |name: &Name| certain_episode(&text_of(name)).is_some();
    let is_own = |name: &Name| {
        titled_episode(&text_of(name)).is_some_and(|episode| is_of_title(&episode.before, &identity.title))
    };
    let is_own_folder = |name: &Name| {
        certain_episode(&decode(name.as_bytes())).is_some_and(|episode| is_of_title(&episode.before, &identity.title))
    };
    let has_episodes = media.iter().any(|name| is_certain(name) || is_own(name)) || folders().any(is_own_folder);
    // Videos of any name make a series where no other folder could be one.
    let is_alone = || !media.is_empty() && folders().all(|name| is_extras(name.as_bytes()));
    (has_episodes || is_alone()).then_some(Rule::SeriesByEpisodes)
}

/// With so many series in a folder no more are looked at.
const SERIES_MAX: usize = 20;

/// Whether a folder is a shelf of episodes: they name two or more series, none of which is called like the folder or like
/// another one (`Lost`, `Lost (2004)`).
fn is_of_several_series(media: &[Name], title: &str) -> bool {
    let mut keys = vec![title_key(title)];
    for name in media {
        if keys.len() > SERIES_MAX {
            break;
        }
        let Some(episode) = titled_episode(&text_of(name)) else { return false };
        let key = title_key(&series_before(&episode.before).title);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let is_like = |one: &String, other: &String| one.starts_with(other.as_str()) || other.starts_with(one.as_str());
    let is_apart = |(at, key): (usize, &String)| !keys[at + 1..].iter().any(|other| is_like(key, other));
    keys.len() > 2 && keys.iter().enumerate().all(is_apart)
}

/// The name of a file without its extension, as text.
fn text_of(file: &Name) -> String {
    plain_brackets(&decode(split_extension(file.as_bytes()).0))
}

type Decided = (Vec<FoundItem>, BTreeMap<Name, FileVerdict>, Inside);

/// The folder of a series: the series, its seasons, and the episodes that lie in it.
fn series_folder(listing: &FolderListing, rule: Rule) -> Decided {
    let Some(name) = listing.path.name() else { return (Vec::new(), BTreeMap::new(), Inside::Shelf) };
    let text = decode(name.as_bytes());
    let season_alone = season_number(&text, "").filter(|_| text.contains(|c: char| !c.is_ascii_digit()));
    let season = before_season(&text).map(|(_, season)| season).or(season_alone);
    // A season's folder without a series above it: the files know the title.
    let identity = season_alone.and_then(|_| title_of_files(listing)).unwrap_or_else(|| series_identity(&name));
    let place = SeriesPlace { folder: listing.path.clone(), identity: identity.clone(), season };
    let Episodes { items: episodes, mut files } = episodes_in(listing, &place);
    let mut items = Vec::new();
    let series = FoundItem::of_folder(EntityType::Series, &listing.path, identity, rule);
    items.extend(series.map(|series| FoundItem { nfo: named_nfo(listing, "tvshow.nfo"), ..series }));
    items.extend(seasons(listing, &place, &episodes));
    shift(&mut files, items.len());
    items.extend(episodes);
    (items, files, Inside::Series(place))
}

/// What the first episode says of its series.
fn title_of_files(listing: &FolderListing) -> Option<MediaIdentity> {
    let told = |name: &Name| {
        let episode = certain_episode(&decode(name.as_bytes()))?;
        Some(series_before(&episode.before)).filter(|identity| !identity.title.is_empty())
    };
    listing.files().find_map(told)
}

/// A folder in the folder of a series. Episodes of another season than the folder's name says bring that season along.
fn within(listing: &FolderListing, place: &SeriesPlace) -> Decided {
    let Episodes { items: episodes, mut files } = episodes_in(listing, place);
    let numbers: BTreeSet<u16> = episodes.iter().filter_map(|episode| episode.season).collect();
    let strangers = numbers.into_iter().filter(|&number| Some(number) != place.season);
    let mut items: Vec<FoundItem> = strangers
        .filter_map(|number| Some(FoundItem { is_mention: true, ..season(place, number, Vec::new())? }))
        .collect();
    shift(&mut files, items.len());
    items.extend(episodes);
    (items, files, Inside::Series(place.clone()))
}

fn shift(files: &mut BTreeMap<Name, FileVerdict>, by: usize) {
    for verdict in files.values_mut() {
        if let FileVerdict::Item(index) = verdict {
            *index += by;
        }
    }
}

/// The seasons that folders of the series say, and those of the episodes in it.
fn seasons(listing: &FolderListing, place: &SeriesPlace, episodes: &[FoundItem]) -> Vec<FoundItem> {
    let mut folders: BTreeMap<u16, Vec<RelPath>> = BTreeMap::new();
    for name in listing.folders().filter(|name| ignored_by_name(name.as_bytes()).is_none()) {
        if let Some(number) = season_number(&decode(name.as_bytes()), &place.identity.title) {
            folders.entry(number).or_default().push(listing.path.join(name));
        }
    }
    for number in episodes.iter().filter_map(|episode| episode.season) {
        folders.entry(number).or_default();
    }
    let of_number = |(number, folders): (u16, Vec<RelPath>)| {
        let nfo = folders.iter().filter_map(|folder| season_nfo(listing, folder)).collect();
        Some(FoundItem { nfo, ..season(place, number, folders)? })
    };
    folders.into_iter().filter_map(of_number).collect()
}

fn season(place: &SeriesPlace, number: u16, folders: Vec<RelPath>) -> Option<FoundItem> {
    let title = if number == 0 { "Specials".to_owned() } else { format!("Season {number}") };
    let usual = if number == 0 { title.clone() } else { format!("Season {number:02}") };
    let rule = if folders.is_empty() { Rule::SeasonOfEpisodes } else { Rule::SeasonFolder };
    let path = match folders.first() {
        Some(folder) => folder.clone(),
        None => place.folder.join(&Name::parse(usual.as_bytes()).ok()?),
    };
    let identity = MediaIdentity { title, ..MediaIdentity::default() };
    let item = FoundItem::of_folder(EntityType::Season, &path, identity, rule)?;
    Some(FoundItem {
        folder: place.folder.clone(),
        folders,
        parent: Some((EntityType::Series, place.folder.clone())),
        series: Some(place.clone()),
        season: Some(number),
        layout: Layout::Own,
        ..item
    })
}

/// The metadata of a season in its folder.
fn season_nfo(listing: &FolderListing, folder: &RelPath) -> Option<RelPath> {
    let entries = listing.peeked.get(&folder.name()?)?;
    let found = entries.iter().find(|entry| entry.name.as_bytes().eq_ignore_ascii_case(b"season.nfo"))?;
    Some(folder.join(&found.name))
}

/// The file of that name in the folder, in any case of the letters.
pub(super) fn named_nfo(listing: &FolderListing, wanted: &str) -> Vec<RelPath> {
    let is_named = |name: &&Name| name.as_bytes().eq_ignore_ascii_case(wanted.as_bytes());
    listing.files().filter(is_named).map(|name| listing.path.join(name)).collect()
}
