//! The episodes of a folder.

use std::collections::BTreeMap;

use crate::model::{EntityType, Layout, MediaIdentity, Name};
use crate::naming::split_extension;

use super::episode_name::{EpisodeName, certain_episode, episode_of_series, titled_episode};
use super::file_name::FileKind;
use super::files::{Group, Sorted, disc_in, groups, is_disc_file, sort_files};
use super::pattern::pattern;
use super::series_title::series_before;
use super::title::{decode, parse_name, plain_brackets, title_behind, title_key};
use super::versions::main_of;
use super::{AirDate, FileVerdict, FolderListing, FoundItem, Rule, SeriesPlace, nfo_files};

pattern!(ABSOLUTE_IN_FRONT, r"^ - \(?\d{3,4}(?:-\d{3,4})*\)? - (.+)$");

/// The episodes of a folder, and what its files are.
pub(super) struct Episodes {
    pub(super) items: Vec<FoundItem>,
    pub(super) files: BTreeMap<Name, FileVerdict>,
}

/// What files have in common that hold the same: season, episodes, day; outside a series also its title.
type Key = (String, Option<u16>, Vec<u16>, Option<AirDate>);

/// The episodes of a folder of a series.
pub(super) fn episodes_in(listing: &FolderListing, place: &SeriesPlace) -> Episodes {
    let Sorted { media, mut files } = sort_files(listing, FileKind::Video);
    let of_folder = episode_of_folder(listing, place);
    if let Some((video, rule)) = disc_in(listing) {
        let is_of_disc = |name: &Name| of_folder.is_some() && rule == Rule::DiscFiles && is_disc_file(name);
        files.extend(media.into_iter().map(|name| match is_of_disc(&name) {
            true => (name, FileVerdict::Item(0)),
            false => (name, FileVerdict::Unknown(Rule::BesideDisc)),
        }));
        let disc = of_folder.and_then(|episode| {
            let item = FoundItem::of_folder(EntityType::Episode, &listing.path, MediaIdentity::default(), rule)?;
            Some(FoundItem { layout: Layout::Disc, videos: vec![video], ..told(item, episode, Some(place)) })
        });
        let with_nfo = |item: FoundItem| FoundItem { nfo: nfo_files::of_video(listing, &item), ..item };
        return Episodes { items: disc.map(with_nfo).into_iter().collect(), files };
    }
    let is_alone = media.len() == 1;
    collected(
        listing,
        media,
        files,
        |name| {
            let text = base_text(name);
            let certain = certain_episode(&text);
            let in_own_folder = || of_folder.clone().filter(|_| is_alone);
            let guessed = || episode_of_series(&text, &place.identity.title, place.season);
            certain.or_else(in_own_folder).or_else(guessed)
        },
        |_| String::new(),
        |group, episode| {
            let layout = if group.is_stack() { Layout::Stack } else { Layout::Flat };
            let item = FoundItem::of_video(EntityType::Episode, &listing.path, group.main(), layout, episode.rule)?;
            Some(told(item, episode.clone(), Some(place)))
        },
    )
}

/// Whether a folder of that name is one of that episode's own: `Show.S01E02.1080p`.
#[must_use]
pub fn is_folder_of_episode(folder: &Name, item: &FoundItem) -> bool {
    let told = certain_episode(&decode(folder.as_bytes())).filter(|told| told.date.is_none());
    item.entity_type == EntityType::Episode
        && told.is_some_and(|told| told.season == item.season && told.episodes == item.episodes)
}

/// Whether a folder of that name, of which nothing else is known, is one of an episode.
#[must_use]
pub fn tells_episode(folder: &Name) -> bool {
    certain_episode(&decode(folder.as_bytes())).is_some_and(|told| told.date.is_none())
}

/// Episodes outside the folder of a series: only such as say so.
pub(super) fn loose_episodes(listing: &FolderListing) -> Episodes {
    let Sorted { media, files } = sort_files(listing, FileKind::Video);
    collected(
        listing,
        media,
        files,
        |name| titled_episode(&base_text(name)),
        |episode| title_key(&series_before(&episode.before).title),
        |group, episode| {
            let layout = if group.is_stack() { Layout::Stack } else { Layout::Flat };
            let item = FoundItem::of_video(EntityType::Episode, &listing.path, group.main(), layout, episode.rule)?;
            let ids = parse_name(group.main().as_bytes()).ids;
            let series = MediaIdentity { ids, ..series_before(&episode.before) };
            let place = SeriesPlace { folder: listing.path.clone(), identity: series, season: None };
            Some(FoundItem { series: Some(place), ..told(item, episode.clone(), None) })
        },
    )
}

/// Makes items of the files: those of one episode are its parts or versions.
fn collected(
    listing: &FolderListing,
    media: Vec<Name>,
    mut files: BTreeMap<Name, FileVerdict>,
    episode_of: impl Fn(&Name) -> Option<EpisodeName>,
    series_of: impl Fn(&EpisodeName) -> String,
    item_of: impl Fn(&Group, &EpisodeName) -> Option<FoundItem>,
) -> Episodes {
    let mut known: BTreeMap<Key, (EpisodeName, Vec<Name>)> = BTreeMap::new();
    for name in media {
        match episode_of(&name) {
            None => drop(files.insert(name, FileVerdict::Unknown(Rule::NoEpisode))),
            Some(episode) => {
                let key = (series_of(&episode), episode.season, episode.episodes.clone(), episode.date);
                known.entry(key).or_insert_with(|| (episode, Vec::new())).1.push(name);
            }
        }
    }
    let mut items = Vec::new();
    for (episode, names) in known.into_values() {
        let found = groups(names);
        let main = main_of(&found);
        let Some(mut item) = item_of(&found[main], &episode) else { continue };
        let folder = item.folder.clone();
        if found.len() > 1 {
            item.layout = Layout::Version;
        }
        let further = found.iter().enumerate().filter(|(at, _)| *at != main).flat_map(|(_, group)| group.parts.iter());
        let all: Vec<_> = found[main].parts.iter().chain(further).map(|name| folder.join(name)).collect();
        item.videos = all;
        item.nfo = nfo_files::of_video(listing, &item);
        files
            .extend(found.into_iter().flat_map(|group| group.parts).map(|name| (name, FileVerdict::Item(items.len()))));
        items.push(item);
    }
    Episodes { items, files }
}

/// What the folder's own name tells, where it is neither the series' folder nor a season's: `Show.S01E02.1080p/abc.mkv`.
fn episode_of_folder(listing: &FolderListing, place: &SeriesPlace) -> Option<EpisodeName> {
    let name = listing.path.name()?;
    let episode = certain_episode(&decode(name.as_bytes()))?;
    // Daily uploads are kept in folders named by the day, which are no episodes where they are the series themselves.
    let is_series = listing.path == place.folder && episode.date.is_some();
    (!is_series).then_some(EpisodeName { rule: Rule::EpisodeFolder, ..episode })
}

/// The item with what the name tells.
fn told(item: FoundItem, episode: EpisodeName, place: Option<&SeriesPlace>) -> FoundItem {
    let of_date = || episode.date.map(|date| date.year);
    let season = episode.season.or(place.and_then(|place| place.season)).or_else(of_date).or(Some(1));
    let of_name = parse_name(item.base.as_bytes());
    let title = title_behind(without_absolute_number(&episode.after));
    let title = match (title.as_str(), episode.episodes.first(), episode.date) {
        ("", Some(number), _) => format!("Episode {number}"),
        ("", None, Some(date)) => date.to_string(),
        _ => title,
    };
    FoundItem {
        identity: MediaIdentity { title, year: None, ids: of_name.ids },
        parent: place.map(|place| (EntityType::Season, place.folder.clone())),
        series: place.cloned(),
        season,
        episodes: episode.episodes,
        date: episode.date,
        rule: episode.rule,
        ..item
    }
}

/// ` - 001-002 - Title`: managers put the number among all episodes before the title.
fn without_absolute_number(text: &str) -> &str {
    ABSOLUTE_IN_FRONT.captures(text).and_then(|found| found.get(1)).map_or(text, |title| title.as_str())
}

fn base_text(name: &Name) -> String {
    plain_brackets(&decode(split_extension(name.as_bytes()).0))
}
