//! What lies in a folder: names and listings in, decisions out. No file is opened here.
//!
//! Scan and `identify` both ask [`decide`], so they cannot disagree. Every decision carries the [`Rule`] that made it.
//!
//! - `title.rs` with `release.rs` and `edition.rs`, `provider_ids.rs`: what a name tells (title, year, ids).
//! - `file_name.rs`, `folder_name.rs`: what a file or folder is by its name alone (video, sample, extras, system folder).
//! - `episode_name.rs`, `season_name.rs`, `air_date.rs`, `series_title.rs`, `album_name.rs`: the numbers and titles in names of
//!   series and music.
//! - `files.rs`: what the files of a folder are, and which of them are the parts of one thing.
//! - `movies.rs`, `series.rs` with `episodes.rs`, `music.rs`: the items of a folder, from its whole listing.
//! - `ignore_patterns.rs`: what `.ignore` and `.plexignore` pass over.
//! - `context.rs`: what the folders above say about it.
//! - `originals.rs`: whose artwork the pictures of a folder are.
//! - `rule.rs`: the names of the rules.
//! - `pattern.rs`: how patterns are written down.

mod air_date;
mod album_name;
mod context;
mod edition;
mod episode_name;
mod episodes;
mod file_name;
mod files;
mod folder_name;
mod ignore_patterns;
mod movies;
mod music;
mod nfo_files;
mod originals;
mod pattern;
mod provider_ids;
mod release;
mod rule;
mod season_name;
mod series;
mod series_title;
#[cfg(test)]
mod tests;
mod title;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EntityType, EpisodeRange, ImageType, Layout, LibraryKind, MediaIdentity, Name, RelPath};
use crate::naming::split_extension;

use super::{DirEntry, EntryKind};

pub use air_date::AirDate;
pub use album_name::{AlbumName, album_name};
pub use context::{Context, Inside, SeriesPlace};
pub use episodes::{is_folder_of_episode, tells_episode};
pub use file_name::{FileKind, extra_kind, kind_by_extension, title_of_extra};
pub use files::{is_disc_entry, merged};
pub use folder_name::{Descent, is_ignored_name};
pub use ignore_patterns::{IgnorePatterns, is_ignore_file};
pub use music::artist_identity;
pub use provider_ids::provider_id;
pub use rule::Rule;
pub use series::{is_foreign_to, tells_season};
pub use series_title::series_identity;
pub use title::parse_name;

/// A folder with everything that decides what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderListing {
    /// Where it is beneath the root of the library; empty for the root.
    pub path: RelPath,
    /// Its entries.
    pub entries: Vec<DirEntry>,
    /// The entries of those of its folders that decide on its items ([`is_peeked`]): discs, further fanart, seasons.
    pub peeked: BTreeMap<Name, Vec<DirEntry>>,
    /// Whether a file `.ignore` lies in it that is empty or blank, which closes the folder to Jellyfin and Emby. One
    /// with patterns closes nothing as a whole.
    pub has_blank_ignore_file: bool,
    /// The patterns of `.ignore` and `.plexignore` in it.
    pub ignore_text: String,
}

/// An item found in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundItem {
    /// What it is.
    pub entity_type: EntityType,
    /// How it lies on disk.
    pub layout: Layout,
    /// What the names tell about it. Of a season or episode, the title is its own.
    pub identity: MediaIdentity,
    /// The folder that its artwork is named in.
    pub folder: RelPath,
    /// What identifies it: its own folder, or its main file in a shared one.
    pub path: RelPath,
    /// Its files, the main one first: the parts of a stack in order, the default one of several versions, the entry file
    /// of a disc. Empty for what has no video.
    pub videos: Vec<RelPath>,
    /// Its further folders: of a season, the discs of an album.
    pub folders: Vec<RelPath>,
    /// The name of the main file without extension; of the folder for a disc and for what has no video. Artwork names
    /// are made of it.
    pub base: Name,
    /// The item it belongs to, by its type and path: the series of a season, the season of an episode, the artist of an
    /// album.
    pub parent: Option<(EntityType, RelPath)>,
    /// The series of a season or episode.
    pub series: Option<SeriesPlace>,
    /// The season of a season or episode, 0 for specials.
    pub season: Option<u16>,
    /// The episodes of an episode's file, in their order.
    pub episodes: Vec<u16>,
    /// The day an episode was first shown.
    pub date: Option<AirDate>,
    /// Pictures of it that are in the tree, in the order of their paths.
    pub originals: Vec<(RelPath, ImageType)>,
    /// Files with metadata of it, the one that counts most first.
    pub nfo: Vec<RelPath>,
    /// Whether it is only mentioned: another folder tells all of it, this one that it must be there.
    pub is_mention: bool,
    /// The rule that found it.
    pub rule: Rule,
}

/// What one file of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileVerdict {
    /// It belongs to the item of that index.
    Item(usize),
    /// It is an extra: trailer, sample, featurette, …
    Extra(Rule),
    /// It is known, and no item: subtitle, picture, hidden file, …
    Ignored(Rule),
    /// It is nothing known.
    Unknown(Rule),
}

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderVerdict {
    /// Its items in the order of their names; what others belong to comes first.
    pub items: Vec<FoundItem>,
    /// What each entry is that is no folder.
    pub files: BTreeMap<Name, FileVerdict>,
    /// What its folders lie in.
    pub inside: Inside,
    /// Patterns of names to pass over that hold in its folders.
    pub patterns: Vec<IgnorePatterns>,
    /// Its folders that such patterns pass over.
    pub ignored_folders: BTreeSet<Name>,
    /// Whether an ignore marker closes it and everything beneath.
    pub is_closed: bool,
}

impl FolderListing {
    /// Its folders.
    pub fn folders(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().filter(|entry| entry.kind == EntryKind::Folder).map(|entry| &entry.name)
    }

    /// Its files.
    pub fn files(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().filter(|entry| entry.kind == EntryKind::File).map(|entry| &entry.name)
    }

    /// Whether an ignore marker closes it and everything beneath.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.has_blank_ignore_file || self.files().any(|name| name.as_bytes() == b".nomedia")
    }

    /// Whether a file of that name lies in it, in any case of the letters.
    fn has_file(&self, wanted: &str) -> bool {
        self.files().any(|name| name.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()))
    }
}

impl FoundItem {
    /// An item of nothing but its folder. `None` for the root of a library, which is nobody's own folder.
    fn of_folder(entity_type: EntityType, folder: &RelPath, identity: MediaIdentity, rule: Rule) -> Option<Self> {
        let item = Self::bare(entity_type, folder, folder.name()?, Layout::Own, rule);
        Some(Self { identity, ..item })
    }

    /// An item of a video in a folder, which identifies it. `None` for a video whose name is nothing but an extension.
    fn of_video(entity_type: EntityType, folder: &RelPath, video: &Name, layout: Layout, rule: Rule) -> Option<Self> {
        let base = Name::parse(split_extension(video.as_bytes()).0).ok()?;
        let path = folder.join(video);
        Some(Self { videos: vec![path.clone()], path, ..Self::bare(entity_type, folder, base, layout, rule) })
    }

    /// An item of which no more is known.
    fn bare(entity_type: EntityType, folder: &RelPath, base: Name, layout: Layout, rule: Rule) -> Self {
        Self {
            entity_type,
            layout,
            identity: MediaIdentity::default(),
            folder: folder.clone(),
            path: folder.clone(),
            videos: Vec::new(),
            folders: Vec::new(),
            base,
            parent: None,
            series: None,
            season: None,
            episodes: Vec::new(),
            date: None,
            originals: Vec::new(),
            nfo: Vec::new(),
            is_mention: false,
            rule,
        }
    }

    /// The episodes of an episode's file as a range; what names between them that the file does not have is lost.
    #[must_use]
    pub fn episode_range(&self) -> Option<EpisodeRange> {
        EpisodeRange::new(*self.episodes.first()?, *self.episodes.last()?)
    }

    /// Its main file; `None` for what has no video.
    #[must_use]
    pub fn video(&self) -> Option<&RelPath> {
        self.videos.first()
    }
}

/// What a folder holds, judged by its listing and by what lies above it.
#[must_use]
pub fn decide(folder: &FolderListing, context: &Context) -> FolderVerdict {
    if folder.is_closed() {
        let files = folder.files().map(|name| (name.clone(), FileVerdict::Ignored(Rule::IgnoreMarker))).collect();
        return FolderVerdict { files, is_closed: true, ..FolderVerdict::default() };
    }
    let patterns = ignore_patterns::patterns_in(folder, context);
    if patterns.is_empty() {
        return decide_kind(folder, context);
    }
    let ignored = ignore_patterns::ignored_entries(folder, &patterns);
    let mut left = folder.clone();
    left.entries.retain(|entry| !ignored.contains(&entry.name));
    left.peeked.retain(|name, _| !ignored.contains(name));
    let mut verdict = decide_kind(&left, context);
    let is_folder = |name: &Name| folder.folders().any(|folder| folder == name);
    let (folders, files): (BTreeSet<Name>, BTreeSet<Name>) = ignored.into_iter().partition(is_folder);
    verdict.files.extend(files.into_iter().map(|name| (name, FileVerdict::Ignored(Rule::IgnorePattern))));
    FolderVerdict { patterns, ignored_folders: folders, ..verdict }
}

fn decide_kind(folder: &FolderListing, context: &Context) -> FolderVerdict {
    match context.kind {
        LibraryKind::Movies => movies::decide(folder, context),
        LibraryKind::Tv => series::decide(folder, context),
        LibraryKind::Music => music::decide(folder, context),
    }
}

/// Whether a walk goes into the folder `name` of `folder`.
#[must_use]
pub fn descent(folder: &FolderListing, kind: LibraryKind, verdict: &FolderVerdict, name: &Name) -> Descent {
    if verdict.ignored_folders.contains(name) {
        return Descent::Ignored(Rule::IgnorePattern);
    }
    match kind {
        LibraryKind::Movies => folder_name::descent(folder, name),
        LibraryKind::Tv => series::descent(folder, &verdict.inside, name),
        LibraryKind::Music => music::descent(folder, verdict, name),
    }
}

/// The context of the folder `name` of `folder`, which a walk goes into.
#[must_use]
pub fn context_of(folder: &FolderListing, kind: LibraryKind, verdict: &FolderVerdict, name: &Name) -> Context {
    let inside = match kind {
        LibraryKind::Tv => series::inside(&verdict.inside, name),
        LibraryKind::Movies | LibraryKind::Music => verdict.inside.clone(),
    };
    let has_earlier_disc = folder_name::has_earlier_disc(folder, name);
    let patterns = verdict.patterns.clone();
    Context { kind, inside, has_earlier_disc, above: folder.path.name(), patterns }
}

/// Whether the entries of the folder `name` decide on the items of the folder that it lies in.
#[must_use]
pub fn is_peeked(kind: LibraryKind, folder: &RelPath, name: &Name) -> bool {
    folder_name::is_peeked(name)
        || match kind {
            LibraryKind::Movies => false,
            LibraryKind::Tv => series::is_peeked(folder, name),
            LibraryKind::Music => music::is_peeked(folder, name),
        }
}

/// Whether a folder of that name belongs to an item of a folder further up, wherever it is met: it holds its disc, its
/// extras, its pictures, its season or some of its albums. `above` is the folder it lies in.
#[must_use]
pub fn is_part_of_item(kind: LibraryKind, name: &Name, above: Option<&Name>) -> bool {
    match kind {
        LibraryKind::Movies => folder_name::is_part_of_film(name.as_bytes()),
        LibraryKind::Tv => series::is_part_of_series(name, above),
        LibraryKind::Music => music::is_part_of_item(name),
    }
}

/// What folders of downloads, and libraries of any kind, are often called.
const LIBRARIES: &[&str] =
    &["media", "library", "downloads", "complete", "completed", "server", "temp", "tmp", "unsorted", "incoming"];

/// What libraries of that kind are often called.
fn library_names(kind: LibraryKind) -> &'static [&'static str] {
    match kind {
        LibraryKind::Movies => &["movies", "movie", "films", "film", "filme", "cinema", "kino", "video", "videos"],
        LibraryKind::Tv => &[
            "tv",
            "tv shows",
            "tvshows",
            "shows",
            "series",
            "tv series",
            "serien",
            "anime",
            "video",
            "videos",
            "recordings",
        ],
        LibraryKind::Music => &["music", "musik", "musique", "música", "audio", "mp3", "flac", "albums", "artists"],
    }
}

/// Whether libraries of that kind, or folders of downloads, are often called so. A guess, for paths of which no library is
/// known.
#[must_use]
pub fn is_named_like_library(kind: LibraryKind, name: &[u8]) -> bool {
    let name = title::decode(name).to_lowercase();
    LIBRARIES.iter().chain(library_names(kind)).any(|word| *word == name)
}

/// The kind of library that is often called so, where no other kind is.
#[must_use]
pub fn kind_of_library_named(name: &[u8]) -> Option<LibraryKind> {
    let name = title::decode(name).to_lowercase();
    let mut kinds = [LibraryKind::Movies, LibraryKind::Tv, LibraryKind::Music]
        .into_iter()
        .filter(|kind| library_names(*kind).contains(&name.as_str()));
    kinds.next().filter(|_| kinds.next().is_none())
}

/// The films of a folder. `above` is the folder that holds it, `None` for the root of the library.
#[must_use]
pub fn movies_in(folder: &FolderListing, above: Option<&FolderListing>) -> Vec<FoundItem> {
    let root = Context::root(LibraryKind::Movies);
    let context = match (above, folder.path.name()) {
        (Some(above), Some(name)) => context_of(above, root.kind, &FolderVerdict::default(), &name),
        _ => root,
    };
    decide(folder, &context).items
}
