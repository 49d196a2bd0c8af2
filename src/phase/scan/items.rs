//! From what a folder holds to what is recorded of it.

use std::collections::BTreeMap;

use crate::catalog::{Library, ScannedFile, ScannedItem, ScannedNfo, ScannedOriginal, ScannedParent};
use crate::library::layout::is_ignore_file;
use crate::library::{EntryKind, FileStat, FolderListing, FoundItem, Nfo, NfoArtwork, OpenFolder, read_nfo};
use crate::model::{EntityType, ImageType, Layout, RelPath, UnixSeconds, sort_title};
use crate::naming::{NamedItem, PicturePlace, is_actors_folder, recognise};

use super::told::{NamedArtwork, tell};

/// The items of one folder.
pub(super) struct Items<'a> {
    library: &'a Library,
    folder: &'a OpenFolder<'a>,
    listing: &'a FolderListing,
    stat: &'a FileStat,
    /// What is recorded.
    pub(super) found: Vec<ScannedItem>,
    /// What could not be read.
    pub(super) problems: Vec<(RelPath, String)>,
    /// Files and folders that decided on the items besides the listing, as they were before they were looked into.
    pub(super) watched: BTreeMap<RelPath, Option<FileStat>>,
    /// Pictures that the metadata file of a series names for its seasons.
    of_seasons: Vec<NfoArtwork>,
}

impl<'a> Items<'a> {
    /// The items of a folder that `stat` was said of before it was read.
    pub(super) fn new(
        library: &'a Library,
        folder: &'a OpenFolder<'a>,
        listing: &'a FolderListing,
        stat: &'a FileStat,
    ) -> Self {
        let ignore_files = listing.files().filter(|name| is_ignore_file(name));
        let paths = listing.peeked.keys().chain(ignore_files).map(|name| listing.path.join(name));
        let watched = paths.map(|path| (path.clone(), folder.stat_of(&path).ok())).collect();
        let (found, problems) = (Vec::new(), Vec::new());
        Self { library, folder, listing, stat, found, problems, watched, of_seasons: Vec::new() }
    }

    /// The folder that the items are of.
    pub(super) fn path(&self) -> &RelPath {
        &self.listing.path
    }

    /// Adds an item.
    pub(super) fn add(&mut self, item: &FoundItem) {
        let originals =
            item.originals.iter().filter_map(|(path, image_type)| self.original(path, *image_type)).collect();
        let mut scanned = scanned_item(self.library, item, originals);
        scanned.found_in = self.listing.path.clone();
        scanned.file = self.file(item);
        let (nfo, all) = self.nfo(item);
        scanned.nfo = all;
        self.tell(item, &mut scanned, nfo);
        self.found.push(scanned);
    }

    fn tell(&mut self, item: &FoundItem, scanned: &mut ScannedItem, nfo: Option<(RelPath, Nfo)>) {
        if item.entity_type == EntityType::Season {
            let of_this = self.of_seasons.iter().filter(|artwork| artwork.season == item.season);
            scanned.artwork.extend(of_this.map(NamedArtwork::of));
        }
        let Some((path, nfo)) = nfo else { return };
        self.problems.extend(nfo.problems.iter().map(|problem| (path.clone(), problem.to_string())));
        let told = tell(scanned, &nfo);
        self.problems.extend(told.conflicts.into_iter().map(|conflict| (path.clone(), conflict)));
        self.of_seasons.extend(told.of_seasons);
        for credit in &mut scanned.credits {
            credit.originals = self.beside(EntityType::Actor, &credit.name);
        }
        if let Some(set) = &mut scanned.set {
            set.originals = self.beside(EntityType::MovieSet, &set.name);
        }
    }

    /// The first metadata file of the item that tells something, and all that do as originals.
    fn nfo(&mut self, item: &FoundItem) -> (Option<(RelPath, Nfo)>, Vec<ScannedNfo>) {
        let (mut first, mut silent, mut all) = (None, None, Vec::new());
        for path in &item.nfo {
            let nfo = match read_nfo(self.folder.source(), path) {
                Ok(nfo) => nfo,
                Err(error) => {
                    self.watched.insert(path.clone(), self.folder.stat_of(path).ok());
                    self.problems.push((path.clone(), error.to_string()));
                    continue;
                }
            };
            let original = self.original(path, ImageType::NFO);
            if !nfo.tells_something() {
                silent.get_or_insert((path.clone(), nfo));
                continue;
            }
            all.extend(original.map(|original| ScannedNfo { original, hash: nfo.hash }));
            first.get_or_insert((path.clone(), nfo));
        }
        (first.or(silent), all)
    }

    fn original(&mut self, path: &RelPath, image_type: ImageType) -> Option<ScannedOriginal> {
        let (folder, name) = path.split_last()?;
        let stat = self.folder.stat_of(path);
        self.watched.insert(path.clone(), stat.as_ref().ok().copied());
        match stat {
            Ok(stat) => Some(ScannedOriginal {
                folder,
                name,
                image_type,
                byte_count: stat.size_bytes,
                mtime: UnixSeconds::new(stat.mtime_ns.div_euclid(1_000_000_000)),
            }),
            Err(error) => {
                self.problems.push((path.clone(), error.to_string()));
                None
            }
        }
    }

    /// Pictures of somebody or of a set in this folder.
    fn beside(&mut self, entity_type: EntityType, title: &str) -> Vec<ScannedOriginal> {
        let named = NamedItem { title, ..NamedItem::new(entity_type, Layout::Own, b"") };
        let found: Vec<(RelPath, ImageType)> = match entity_type {
            EntityType::Actor => {
                let folders = self.listing.peeked.iter().filter(|(name, _)| is_actors_folder(name.as_bytes()));
                let files = folders.flat_map(|(folder, entries)| entries.iter().map(move |entry| (folder, entry)));
                let is_of = |(folder, entry): (&_, &crate::library::DirEntry)| {
                    let image_type = recognise(&named, PicturePlace::Actors, entry.name.as_bytes())?;
                    let path = self.listing.path.join(folder).join(&entry.name);
                    (entry.kind == EntryKind::File).then_some((path, image_type))
                };
                files.filter_map(is_of).collect()
            }
            _ => {
                let is_of = |name: &crate::model::Name| {
                    let image_type = recognise(&named, PicturePlace::ItemFolder, name.as_bytes())?;
                    Some((self.listing.path.join(name), image_type))
                };
                self.listing.files().filter_map(is_of).collect()
            }
        };
        found.into_iter().filter_map(|(path, image_type)| self.original(&path, image_type)).collect()
    }

    /// What makes the item the same wherever it lies: its main file, or its folder.
    fn file(&self, item: &FoundItem) -> Option<ScannedFile> {
        let stat = match item.entity_type {
            EntityType::Movie | EntityType::Episode => self.folder.stat_of(item.video()?).ok()?,
            EntityType::Series | EntityType::Artist | EntityType::Album => *self.stat,
            EntityType::Season | EntityType::Actor | EntityType::MovieSet => return None,
        };
        Some(ScannedFile { inode: stat.inode, born_ns: stat.born()? })
    }
}

fn scanned_item(library: &Library, item: &FoundItem, originals: Vec<ScannedOriginal>) -> ScannedItem {
    // A name that tells no title is still the best title there is.
    let title = match item.identity.title.as_str() {
        "" => item.base.to_string(),
        title => title.to_owned(),
    };
    let parent = item.parent.clone().map(|(entity_type, path)| ScannedParent {
        entity_type,
        path,
        season: item.season.filter(|_| entity_type == EntityType::Season),
    });
    ScannedItem {
        parent,
        sort_title: sort_title(&title),
        year: item.identity.year,
        season: item.season,
        episode: item.episodes.first().copied(),
        last_episode: item.episodes.last().copied().filter(|_| item.episodes.len() > 1),
        layout: item.layout,
        video: item.video().cloned(),
        further_videos: item.videos.iter().skip(1).cloned().collect(),
        folders: item.folders.clone(),
        path: item.path.clone(),
        ids: item.identity.ids.clone(),
        originals,
        is_mention: item.is_mention,
        ..ScannedItem::new(library.id, item.entity_type, &title, item.folder.clone())
    }
}
