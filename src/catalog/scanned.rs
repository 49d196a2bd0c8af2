//! What a scan records: a start, batches of items, an end that marks what was not seen.
//!
//! Which entities the running scan has seen is kept in a temporary table of this connection, so a scan that is
//! killed marks nothing, and two scans do not disturb each other.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::entities::{self, Entity, entity_columns};
use super::originals::{self, ScannedOriginal};
use super::sql_types::array;
use super::{Catalog, CatalogError, external_ids, feed, places, replace};
use crate::model::{EntityId, EntityType, Layout, LibraryId, Provider, RelPath, UnixSeconds};

/// An item as a scan found it.
#[derive(Debug, Clone)]
pub struct ScannedItem {
    /// The library it is in.
    pub library: LibraryId,
    /// What it is.
    pub entity_type: EntityType,
    /// The entity it belongs to, recorded before.
    pub parent: Option<EntityId>,
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
}

/// What recording an item came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutcome {
    /// It was not known.
    Added,
    /// It was missing and is back.
    Returned,
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
}

pub(super) const TEMPORARY_TABLES: &str = "
    CREATE TEMP TABLE seen (entity_id INTEGER PRIMARY KEY) STRICT;
";

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
    /// When a library or parent does not exist, or the catalog cannot be written.
    pub fn record(&mut self, items: &[ScannedItem], now: UnixSeconds) -> Result<Vec<Recorded>, CatalogError> {
        self.write(|transaction| {
            replace::clear(transaction)?;
            let recorded = items.iter().map(|item| record(transaction, item, now)).collect::<Result<_, _>>()?;
            feed::announce(transaction, None, now)?;
            Ok(recorded)
        })
    }

    /// Ends a scan of a library: what was not seen is marked missing, except beneath folders that could not be read.
    /// The originals of missing entities are forgotten; their mappings stay, so that an item that comes back has its
    /// artwork at once. Answers how many went missing.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn finish_scan(
        &mut self,
        library: LibraryId,
        unreadable: &[RelPath],
        now: UnixSeconds,
    ) -> Result<u64, CatalogError> {
        self.write(|transaction| {
            let gone = unseen(transaction, library, unreadable)?;
            let gone = array(gone.into_iter().map(EntityId::get));
            transaction
                .prepare_cached(
                    "DELETE FROM library_image_files
                     WHERE cache_file_id IS NULL AND entity_id IN (SELECT value FROM rarray(?1))",
                )?
                .execute([&gone])?;
            let count = transaction
                .prepare_cached(
                    "UPDATE entities SET is_missing = 1, updated_at = ?2 WHERE id IN (SELECT value FROM rarray(?1))",
                )?
                .execute((&gone, now))?;
            Ok(count as u64)
        })
    }
}

fn record(connection: &Connection, item: &ScannedItem, now: UnixSeconds) -> rusqlite::Result<Recorded> {
    let known = match entities::by_key(connection, item.library, item.entity_type, &item.path)? {
        Some(known) => Some(known),
        None => by_video(connection, item)?,
    };
    let (id, mut outcome) = match known {
        None => (insert(connection, item, now)?, ScanOutcome::Added),
        Some(known) if known.is_missing => (known.id, ScanOutcome::Returned),
        Some(known) if !is_same(&known, item) => (known.id, ScanOutcome::Changed),
        Some(known) => (known.id, ScanOutcome::Unchanged),
    };
    connection.prepare_cached("INSERT OR IGNORE INTO temp.seen (entity_id) VALUES (?1)")?.execute([id])?;
    let has_new_ids = external_ids::replace_scanned(connection, id, &item.ids)?;
    let has_new_originals = originals::replace(connection, item.library, id, &item.originals)?;
    let has_new_places = places::replace(connection, id, item)?;
    if outcome == ScanOutcome::Unchanged && (has_new_ids || has_new_originals || has_new_places) {
        outcome = ScanOutcome::Changed;
    }
    if matches!(outcome, ScanOutcome::Returned | ScanOutcome::Changed) {
        update(connection, id, item, now)?;
    }
    Ok(Recorded { id, outcome })
}

/// The entity that had the same video and was not seen otherwise: a film keeps its choices when its own folder gets
/// company and its video identifies it from then on, and when it is alone again.
fn by_video(connection: &Connection, item: &ScannedItem) -> rusqlite::Result<Option<Entity>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            entity_columns!(),
            " FROM entities e WHERE e.library_id = ?1 AND e.entity_type = ?2 AND e.video = ?3
              AND e.id NOT IN (SELECT entity_id FROM temp.seen) ORDER BY e.is_missing, e.id LIMIT 1"
        ))?
        .query_row((item.library, item.entity_type, &item.video), entities::entity)
        .optional()
}

fn is_same(known: &Entity, item: &ScannedItem) -> bool {
    known.parent == item.parent
        && known.title == item.title
        && known.sort_title == item.sort_title
        && (known.year, known.season) == (item.year, item.season)
        && (known.episode, known.last_episode) == (item.episode, item.last_episode)
        && known.layout == item.layout
        && known.folder == item.folder
        && known.video == item.video
        && known.path == item.path
}

fn insert(connection: &Connection, item: &ScannedItem, now: UnixSeconds) -> rusqlite::Result<EntityId> {
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
                ":library": item.library, ":entity_type": item.entity_type, ":parent": item.parent,
                ":title": item.title, ":sort_title": item.sort_title, ":year": item.year, ":season": item.season,
                ":episode": item.episode, ":last_episode": item.last_episode, ":layout": item.layout,
                ":folder": item.folder, ":video": item.video, ":path": item.path, ":now": now,
            },
            |row| row.get("id"),
        )
}

fn update(connection: &Connection, id: EntityId, item: &ScannedItem, now: UnixSeconds) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE entities SET parent_id = :parent, title = :title, sort_title = :sort_title, year = :year,
                    season = :season, episode = :episode, last_episode = :last_episode, layout = :layout, folder = :folder, video = :video,
                    path = :path, is_missing = 0, updated_at = :now
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": id, ":parent": item.parent, ":title": item.title, ":sort_title": item.sort_title,
            ":year": item.year, ":season": item.season, ":episode": item.episode,
            ":last_episode": item.last_episode, ":layout": item.layout, ":folder": item.folder, ":video": item.video, ":path": item.path, ":now": now,
        })?;
    Ok(())
}

/// The entities of the library that the scan has not seen and would have, had they been there.
fn unseen(connection: &Connection, library: LibraryId, unreadable: &[RelPath]) -> rusqlite::Result<Vec<EntityId>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, path FROM entities
         WHERE library_id = ?1 AND is_missing = 0 AND id NOT IN (SELECT entity_id FROM temp.seen)",
    )?;
    let mut rows = statement.query([library])?;
    let mut gone = Vec::new();
    while let Some(row) = rows.next()? {
        let path: RelPath = row.get("path")?;
        if !unreadable.iter().any(|folder| path.strip_prefix(folder).is_some()) {
            gone.push(row.get("id")?);
        }
    }
    Ok(gone)
}
