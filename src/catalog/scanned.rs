//! What a scan records: a start, batches of items, an end that marks what was not seen.
//!
//! Which entities the running scan has seen is kept in a temporary table of this connection, so a scan that is
//! killed marks nothing, and two scans do not disturb each other.

use std::borrow::Cow;

use rusqlite::{Connection, named_params};

use super::credits::{ScannedCredit, ScannedSet};
use super::entities::Entity;
use super::metadata::{DeclaredArtwork, MetadataField};
use super::originals::{self, ScannedOriginal};
use super::scanned_folders::{self, ScannedFolder};
use super::scanned_known::{self as known, Known};
use super::sql_types::array;
use super::{
    Catalog, CatalogError, credits, external_ids, feed, metadata, places, reach, replace, scanned_nfo, titles,
};
use crate::model::{ContentHash, EntityId, EntityType, Layout, LibraryId, Provider, RelPath, UnixSeconds};

/// An item as a scan found it.
#[derive(Debug, Clone)]
pub struct ScannedItem {
    /// The library it is in.
    pub library: LibraryId,
    /// What it is.
    pub entity_type: EntityType,
    /// The entity it belongs to, recorded before.
    pub parent: Option<ScannedParent>,
    /// Its title.
    pub title: String,
    /// The title to sort by.
    pub sort_title: String,
    /// The year of release.
    pub year: Option<u16>,
    /// The season, 0 for specials.
    pub season: Option<u16>,
    /// The episode; the first one of a file that holds several.
    pub episode: Option<u16>,
    /// The last episode of a file that holds several.
    pub last_episode: Option<u16>,
    /// How it lies on disk.
    pub layout: Layout,
    /// The folder that its artwork goes to.
    pub folder: RelPath,
    /// Its main video.
    pub video: Option<RelPath>,
    /// Its further videos: parts of a stack, versions.
    pub further_videos: Vec<RelPath>,
    /// Its further folders, as [`Placement`](crate::model::Placement) tells.
    pub folders: Vec<RelPath>,
    /// What identifies it: its own folder, or its video in a shared folder.
    pub path: RelPath,
    /// Ids that names in the tree tell.
    pub ids: Vec<(Provider, String)>,
    /// All pictures that are there for it.
    pub originals: Vec<ScannedOriginal>,
    /// All metadata files that are there for it and tell something; the first one is what else is told here.
    pub nfo: Vec<ScannedNfo>,
    /// The folder that tells of it, by which the next scan knows whether it has to look again.
    pub found_in: RelPath,
    /// The file or folder that it is, by which it is known again elsewhere.
    pub file: Option<ScannedFile>,
    /// Metadata of it.
    pub metadata: Vec<MetadataField>,
    /// Pictures of it that are named by address.
    pub artwork: Vec<DeclaredArtwork>,
    /// Who plays in it, as billed.
    pub credits: Vec<ScannedCredit>,
    /// The movie set it belongs to.
    pub set: Option<ScannedSet>,
    /// Whether it is only mentioned here: where it is known, it stays as it is.
    pub is_mention: bool,
}

/// A metadata file as a scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedNfo {
    /// The file.
    pub original: ScannedOriginal,
    /// The SHA-256 of its bytes; `None` for one that is too long to be made here.
    pub hash: Option<ContentHash>,
}

/// The entity that a scanned item belongs to, by what identifies it in its library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedParent {
    /// What it is.
    pub entity_type: EntityType,
    /// Its path; of a season, the path of its series.
    pub path: RelPath,
    /// The number of a season.
    pub season: Option<u16>,
}

/// What makes a file or folder the same wherever it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedFile {
    /// Its inode number.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970; where that is not known, when it last changed.
    pub born_ns: i64,
}

/// What recording an item came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutcome {
    /// It was not known.
    Added,
    /// It was missing and is back.
    Returned,
    /// It is somewhere else.
    Moved,
    /// Something of it, of its ids or of its originals is different.
    Changed,
    /// All is as it was; nothing was written.
    Unchanged,
}

/// A recorded item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The entity it is.
    pub id: EntityId,
    /// What happened.
    pub outcome: ScanOutcome,
    /// Whether it lies elsewhere, or otherwise, than it did: its pictures have other names now.
    pub is_placed_anew: bool,
}

pub(super) const TEMPORARY_TABLES: &str = "
    CREATE TEMP TABLE seen (entity_id INTEGER PRIMARY KEY) STRICT;
";

impl ScannedItem {
    /// An item in a folder of its own, which identifies it, and of which no more is known.
    #[must_use]
    pub fn new(library: LibraryId, entity_type: EntityType, title: &str, folder: RelPath) -> Self {
        Self {
            library,
            entity_type,
            parent: None,
            title: title.to_owned(),
            sort_title: title.to_lowercase(),
            year: None,
            season: None,
            episode: None,
            last_episode: None,
            layout: Layout::Own,
            video: None,
            further_videos: Vec::new(),
            folders: Vec::new(),
            path: folder.clone(),
            ids: Vec::new(),
            originals: Vec::new(),
            nfo: Vec::new(),
            found_in: folder.clone(),
            folder,
            file: None,
            metadata: Vec::new(),
            artwork: Vec::new(),
            credits: Vec::new(),
            set: None,
            is_mention: false,
        }
    }
}

impl Catalog {
    /// Begins a scan: nothing has been seen yet.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn start_scan(&mut self) -> Result<(), CatalogError> {
        self.read(|connection| Ok(connection.execute_batch("DELETE FROM temp.seen")?))
    }

    /// Records a batch of items in one transaction: some hundreds at a time are quickest. Recording the same again
    /// changes nothing. The answers are in the order of the items.
    ///
    /// # Errors
    /// When a library does not exist, or the catalog cannot be written.
    pub fn record(&mut self, items: &[ScannedItem], now: UnixSeconds) -> Result<Vec<Recorded>, CatalogError> {
        self.record_folders(items, &[], &|_| false, now)
    }

    /// As [`Self::record`], with the folders that told of the items.
    ///
    /// An entity is taken for one that moved when the same file, or one of its ids, was known at a path of which
    /// `is_gone` says that nothing is there any more.
    ///
    /// # Errors
    /// When a library does not exist, or the catalog cannot be written.
    pub fn record_folders(
        &mut self,
        items: &[ScannedItem],
        folders: &[ScannedFolder],
        is_gone: &dyn Fn(&RelPath) -> bool,
        now: UnixSeconds,
    ) -> Result<Vec<Recorded>, CatalogError> {
        self.write(|transaction| {
            replace::clear(transaction)?;
            let recorded =
                items.iter().map(|item| record(transaction, item, is_gone, now)).collect::<Result<_, _>>()?;
            folders.iter().try_for_each(|folder| scanned_folders::put(transaction, folder))?;
            feed::announce(transaction, None, now)?;
            Ok(recorded)
        })
    }

    /// Ends a scan of a library, or of what is beneath one folder of it: what was not seen there is marked missing, except
    /// beneath folders that could not be read.
    /// The originals of missing entities are forgotten; their mappings stay, so that an item that comes back has its
    /// artwork at once. Answers how many went missing.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn finish_scan(
        &mut self,
        library: LibraryId,
        below: &RelPath,
        unreadable: &[RelPath],
        now: UnixSeconds,
    ) -> Result<u64, CatalogError> {
        self.write(|transaction| {
            credits::see_all(transaction)?;
            let mut gone = reach::unseen(transaction, library, below)?;
            gone.retain(|(_, path)| !unreadable.iter().any(|folder| path.strip_prefix(folder).is_some()));
            let gone = array(gone.into_iter().map(|(id, _)| id.get()));
            transaction
                .prepare_cached(
                    "DELETE FROM library_image_files
                     WHERE cache_file_id IS NULL AND entity_id IN (SELECT value FROM rarray(?1))",
                )?
                .execute([&gone])?;
            let count = transaction
                .prepare_cached(
                    "UPDATE entities SET is_missing = 1, found_in = NULL, updated_at = ?2
                     WHERE id IN (SELECT value FROM rarray(?1))",
                )?
                .execute((&gone, now))?;
            credits::forget_left_behind(transaction, library, below)?;
            Ok(count as u64)
        })
    }
}

fn record(
    connection: &Connection,
    item: &ScannedItem,
    is_gone: &dyn Fn(&RelPath) -> bool,
    now: UnixSeconds,
) -> rusqlite::Result<Recorded> {
    let parent = match &item.parent {
        Some(parent) => known::parent(connection, item.library, parent)?,
        None => None,
    };
    let found = known::known(connection, item, parent, is_gone)?;
    if let Some(Known { entity, .. }) = found.as_ref().filter(|_| item.is_mention) {
        return mentioned(connection, entity, now);
    }
    let (item, is_told_by_own) = scanned_nfo::sorted(connection, item, found.as_ref().map(|known| &known.entity))?;
    let item = &match &found {
        Some(Known { entity, .. }) => titles::kept(connection, entity, &item, now)?,
        None => Cow::Borrowed(&*item),
    };
    let is_placed_anew = found.as_ref().is_some_and(|known| !is_placed_alike(&known.entity, item));
    let (id, mut outcome) = match found {
        None => (insert(connection, item, parent, now)?, ScanOutcome::Added),
        Some(Known { entity, .. }) if entity.is_missing => (entity.id, ScanOutcome::Returned),
        Some(Known { entity, has_moved: true }) => (entity.id, ScanOutcome::Moved),
        Some(Known { entity, .. }) if !is_same(&entity, item, parent) => (entity.id, ScanOutcome::Changed),
        Some(Known { entity, .. }) => (entity.id, ScanOutcome::Unchanged),
    };
    see(connection, id)?;
    let is_new = outcome == ScanOutcome::Added;
    let mut has_new = told_by_tree(connection, id, item, is_new)?;
    if !is_told_by_own {
        has_new |= told(connection, id, item, is_new, now)?;
    }
    if has_new && outcome == ScanOutcome::Unchanged {
        outcome = ScanOutcome::Changed;
    }
    if !matches!(outcome, ScanOutcome::Added | ScanOutcome::Unchanged) {
        update(connection, id, item, parent, now)?;
    }
    Ok(Recorded { id, outcome, is_placed_anew })
}

/// An entity that is known and only mentioned is there; nothing else is told of it.
fn mentioned(connection: &Connection, entity: &Entity, now: UnixSeconds) -> rusqlite::Result<Recorded> {
    see(connection, entity.id)?;
    if !entity.is_missing {
        return Ok(Recorded { id: entity.id, outcome: ScanOutcome::Unchanged, is_placed_anew: false });
    }
    connection
        .prepare_cached("UPDATE entities SET is_missing = 0, updated_at = ?2 WHERE id = ?1")?
        .execute((entity.id, now))?;
    Ok(Recorded { id: entity.id, outcome: ScanOutcome::Returned, is_placed_anew: false })
}

pub(super) fn see(connection: &Connection, id: EntityId) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR IGNORE INTO temp.seen (entity_id) VALUES (?1)")?.execute([id])?;
    Ok(())
}

/// Writes down where the item and its files lie. Whether anything of it is new. Of an entity that is new itself nothing is
/// known that could be replaced.
fn told_by_tree(connection: &Connection, id: EntityId, item: &ScannedItem, is_new: bool) -> rusqlite::Result<bool> {
    let mut has_new = false;
    if !is_new || !item.originals.is_empty() {
        has_new |= originals::replace(connection, item.library, id, &item.originals)?;
    }
    if !is_new || !item.further_videos.is_empty() || !item.folders.is_empty() {
        has_new |= places::replace(connection, id, item)?;
    }
    known::note(connection, id, item)?;
    Ok(has_new)
}

/// Writes down what the item tells besides its own row. Whether anything of it is new.
fn told(
    connection: &Connection,
    id: EntityId,
    item: &ScannedItem,
    is_new: bool,
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    let mut has_new = false;
    if !is_new || !item.ids.is_empty() {
        has_new |= external_ids::replace_scanned(connection, id, &item.ids)?;
    }
    if !is_new || !item.metadata.is_empty() {
        has_new |= metadata::replace(connection, id, &item.metadata, now)?;
    }
    if !is_new || !item.artwork.is_empty() {
        has_new |= metadata::replace_artwork(connection, id, &item.artwork)?;
    }
    if !is_new || !item.credits.is_empty() {
        has_new |= credits::replace(connection, id, item, now)?;
    }
    if !is_new || item.set.is_some() {
        has_new |= credits::replace_set(connection, id, item, now)?;
    }
    Ok(has_new)
}

fn is_same(known: &Entity, item: &ScannedItem, parent: Option<EntityId>) -> bool {
    known.parent == parent
        && known.title == item.title
        && known.sort_title == item.sort_title
        && (known.year, known.season) == (item.year, item.season)
        && (known.episode, known.last_episode) == (item.episode, item.last_episode)
        && known.path == item.path
        && is_placed_alike(known, item)
}

fn is_placed_alike(known: &Entity, item: &ScannedItem) -> bool {
    known.layout == item.layout && known.folder == item.folder && known.video == item.video
}

fn insert(
    connection: &Connection,
    item: &ScannedItem,
    parent: Option<EntityId>,
    now: UnixSeconds,
) -> rusqlite::Result<EntityId> {
    connection
        .prepare_cached(
            "INSERT INTO entities (library_id, entity_type, parent_id, title, sort_title, year, season, episode,
                                   last_episode, layout, folder, video, path, added_at, updated_at)
             VALUES (:library, :entity_type, :parent, :title, :sort_title, :year, :season, :episode,
                     :last_episode, :layout, :folder, :video, :path, :now, :now)
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":library": item.library, ":entity_type": item.entity_type, ":parent": parent,
                ":title": item.title, ":sort_title": item.sort_title, ":year": item.year, ":season": item.season,
                ":episode": item.episode, ":last_episode": item.last_episode, ":layout": item.layout,
                ":folder": item.folder, ":video": item.video, ":path": item.path, ":now": now,
            },
            |row| row.get("id"),
        )
}

fn update(
    connection: &Connection,
    id: EntityId,
    item: &ScannedItem,
    parent: Option<EntityId>,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    known::displace(connection, id, item)?;
    connection
        .prepare_cached(
            "UPDATE entities SET parent_id = :parent, title = :title, sort_title = :sort_title, year = :year,
                    season = :season, episode = :episode, last_episode = :last_episode, layout = :layout, folder = :folder, video = :video,
                    path = :path, is_missing = 0, updated_at = :now
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": id, ":parent": parent, ":title": item.title, ":sort_title": item.sort_title,
            ":year": item.year, ":season": item.season, ":episode": item.episode,
            ":last_episode": item.last_episode, ":layout": item.layout, ":folder": item.folder, ":video": item.video, ":path": item.path, ":now": now,
        })?;
    Ok(())
}
