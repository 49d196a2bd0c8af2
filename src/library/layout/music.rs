//! Music: albums and artists.
//!
//! A folder with audio in it is an album, and so is one whose folders are all discs. A folder with albums in it is an
//! artist; folders above are shelves. Folders that only sort an artist's albums (`Singles`) are passed through.

use crate::model::{EntityType, MediaIdentity, Name, RelPath};

use super::album_name::{album_name, is_album_disc};
use super::file_name::{FileKind, kind_by_extension};
use super::files::{Sorted, sort_files};
use super::folder_name::{Descent, ignored_by_name};
use super::series::named_nfo;
use super::title::{decode, parse_name};
use super::{
    Context, DirEntry, EntryKind, FileVerdict, FolderListing, FolderVerdict, FoundItem, Inside, Rule, originals,
};

/// Folders below an artist's that sort albums, in lower case, as Jellyfin knows them.
const ARTIST_SUBFOLDERS: &[&str] = &[
    "albums",
    "broadcasts",
    "bootlegs",
    "compilations",
    "dj-mixes",
    "eps",
    "live",
    "mixtapes",
    "others",
    "remixes",
    "singles",
    "soundtracks",
    "spokenwords",
    "streets",
];

/// Folders beside the tracks of an album that hold no tracks, in lower case.
const ARTWORK_FOLDERS: &[&str] = &[
    "artwork", "artworks", "art", "booklet", "cover", "covers", "scan", "scans", "images", "pictures", "logs", "video",
    "videos",
];

/// What a folder of a library of music holds.
pub(super) fn decide(listing: &FolderListing, context: &Context) -> FolderVerdict {
    let Sorted { media: tracks, mut files } = sort_files(listing, FileKind::Audio);
    let mut verdict = FolderVerdict { inside: context.inside.clone(), ..FolderVerdict::default() };
    match kind_of(listing, context, !tracks.is_empty()) {
        Some((EntityType::Album, rule)) => {
            files.extend(tracks.into_iter().map(|name| (name, FileVerdict::Item(0))));
            verdict.items.extend(album(listing, context, rule));
        }
        kind => {
            files.extend(tracks.into_iter().map(|name| (name, FileVerdict::Unknown(Rule::LooseTrack))));
            if let Some((_, rule)) = kind {
                let artist = artist(listing, rule);
                let name = artist.as_ref().map(|artist| artist.identity.title.clone()).unwrap_or_default();
                verdict.inside = Inside::Artist { folder: listing.path.clone(), name };
                verdict.items.extend(artist);
            }
        }
    }
    verdict.files = files;
    originals::assign(listing, &mut verdict.items, &[]);
    verdict
}

/// Whether a walk goes into a folder.
pub(super) fn descent(listing: &FolderListing, verdict: &FolderVerdict, name: &Name) -> Descent {
    if let Some(rule) = ignored_by_name(name.as_bytes()) {
        return Descent::Ignored(rule);
    }
    let is_album = verdict.items.first().is_some_and(|item| item.entity_type == EntityType::Album);
    match is_album && (is_album_disc(name.as_bytes()) || is_all_discs(listing)) {
        true => Descent::Disc,
        false if is_album && is_artwork_folder(name) => Descent::Ignored(Rule::ArtworkFolder),
        false => Descent::Enter,
    }
}

/// Whether the entries of a folder decide on the items of the folder above: whether that is an artist's, or an album's.
pub(super) fn is_peeked(folder: &RelPath, name: &Name) -> bool {
    !folder.is_root() && ignored_by_name(name.as_bytes()).is_none()
}

/// Whether a folder of that name belongs to an album or an artist of a folder further up, wherever it is met.
pub(super) fn is_part_of_item(name: &Name) -> bool {
    is_album_disc(name.as_bytes()) || is_artwork_folder(name) || is_artist_subfolder(name)
}

/// What a folder is, if it is an album or an artist.
fn kind_of(listing: &FolderListing, context: &Context, has_tracks: bool) -> Option<(EntityType, Rule)> {
    let name = listing.path.name()?;
    if listing.has_file("album.nfo") {
        return Some((EntityType::Album, Rule::AlbumNfo));
    }
    if listing.has_file("artist.nfo") {
        return Some((EntityType::Artist, Rule::ArtistNfo));
    }
    let is_inside_artist = matches!(context.inside, Inside::Artist { .. });
    let has_albums = !is_all_discs(listing) && subfolders(listing).any(|child| is_album(listing, child));
    match (has_tracks, has_albums) {
        (true, true) if !is_inside_artist => Some((EntityType::Artist, Rule::ArtistOfAlbums)),
        (true, _) => Some((EntityType::Album, Rule::AlbumFolder)),
        (false, _) if is_all_discs(listing) => Some((EntityType::Album, Rule::AlbumOfDiscs)),
        (false, true) if !is_inside_artist && !is_artist_subfolder(&name) => {
            Some((EntityType::Artist, Rule::ArtistOfAlbums))
        }
        (false, true) if is_inside_artist => None,
        // The albums of an artist may all be sorted into subfolders.
        (false, _) if !is_inside_artist && subfolders(listing).any(is_artist_subfolder) => {
            Some((EntityType::Artist, Rule::ArtistOfAlbums))
        }
        (false, _) => None,
    }
}

/// The folders that may hold tracks or albums.
fn subfolders(listing: &FolderListing) -> impl Iterator<Item = &Name> {
    listing.folders().filter(|name| ignored_by_name(name.as_bytes()).is_none() && !is_artwork_folder(name))
}

/// Whether there are folders and all of them are discs.
fn is_all_discs(listing: &FolderListing) -> bool {
    let mut folders = subfolders(listing).peekable();
    folders.peek().is_some() && folders.all(|name| is_album_disc(name.as_bytes()))
}

/// Whether a folder in this one is an album, as far as one look into it tells.
fn is_album(listing: &FolderListing, child: &Name) -> bool {
    let entries = listing.peeked.get(child).map(Vec::as_slice).unwrap_or_default();
    let is_track =
        |entry: &DirEntry| entry.kind == EntryKind::File && kind_by_extension(entry.name.as_bytes()) == FileKind::Audio;
    let folders = || {
        entries.iter().filter(|entry| {
            let is_hidden = ignored_by_name(entry.name.as_bytes()).is_some();
            entry.kind == EntryKind::Folder && !is_hidden && !is_artwork_folder(&entry.name)
        })
    };
    let is_all_discs = folders().next().is_some() && folders().all(|entry| is_album_disc(entry.name.as_bytes()));
    entries.iter().any(is_track) || is_all_discs
}

fn is_artwork_folder(name: &Name) -> bool {
    is_in(ARTWORK_FOLDERS, name)
}

fn is_artist_subfolder(name: &Name) -> bool {
    is_in(ARTIST_SUBFOLDERS, name)
}

fn is_in(table: &[&str], name: &Name) -> bool {
    table.iter().any(|known| name.as_bytes().eq_ignore_ascii_case(known.as_bytes()))
}

fn album(listing: &FolderListing, context: &Context, rule: Rule) -> Option<FoundItem> {
    let name = listing.path.name()?;
    let artist = match &context.inside {
        Inside::Artist { folder, name } => Some((folder.clone(), name.as_str())),
        Inside::Shelf | Inside::Series(_) => None,
    };
    let identity = album_name(name.as_bytes(), artist.as_ref().map(|(_, name)| *name)).identity;
    let discs = subfolders(listing).filter(|child| is_album_disc(child.as_bytes()));
    let folders = discs.map(|child| listing.path.join(child)).collect();
    let item = FoundItem::of_folder(EntityType::Album, &listing.path, identity, rule)?;
    let parent = artist.map(|(folder, _)| (EntityType::Artist, folder));
    Some(FoundItem { folders, parent, nfo: named_nfo(listing, "album.nfo"), ..item })
}

/// What the name of an artist's folder tells. It has neither year nor release words: `The 1975`, `Blink-182`, `2Pac`.
#[must_use]
pub fn artist_identity(name: &Name) -> MediaIdentity {
    let told = parse_name(name.as_bytes());
    let title = if told.ids.is_empty() { decode(name.as_bytes()).trim().to_owned() } else { told.title };
    MediaIdentity { title, year: None, ids: told.ids }
}

fn artist(listing: &FolderListing, rule: Rule) -> Option<FoundItem> {
    let identity = artist_identity(&listing.path.name()?);
    let item = FoundItem::of_folder(EntityType::Artist, &listing.path, identity, rule)?;
    Some(FoundItem { nfo: named_nfo(listing, "artist.nfo"), ..item })
}
