//! Where entities lie: what the names of their artwork depend on.

use rusqlite::Connection;

use super::entities::Entity;
use super::scanned::ScannedItem;
use super::{Catalog, CatalogError};
use crate::model::{EntityId, EntityType, Layout, Placement, RelPath};

/// Roles of `entity_places`.
const VIDEO: &str = "video";
const FOLDER: &str = "folder";

const OF_ROLE: &str = "SELECT path FROM entity_places WHERE entity_id = ?1 AND role = ?2 ORDER BY position";
const PARENT_FOLDER: &str = "SELECT folder FROM entities WHERE id = ?1";

/// The folders of an actor's films and series. A film's `.actors` lies beside its video, which for a disc is the folder
/// of the disc's entry file; the end of the path is cut off by the caller.
const APPEARANCES: &str = "
    SELECT DISTINCT e.folder, e.video, e.layout
    FROM credits c JOIN entities e ON e.id = c.entity_id
    WHERE c.actor_id = ?1 AND e.is_missing = 0 AND e.entity_type <> 'episode'";

/// What an actor of an episode plays in is the series.
const SERIES_APPEARANCES: &str = "
    SELECT DISTINCT s.folder
    FROM credits c JOIN entities e ON e.id = c.entity_id JOIN entities s ON s.id = e.parent_id
    WHERE c.actor_id = ?1 AND e.is_missing = 0 AND e.entity_type = 'episode'";

impl Catalog {
    /// Where the entity lies.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn placement_of(&self, entity: &Entity) -> Result<Placement, CatalogError> {
        self.read(|connection| Ok(placement(connection, entity)?))
    }
}

/// Where the entity lies.
pub(super) fn placement(connection: &Connection, entity: &Entity) -> rusqlite::Result<Placement> {
    // Each of these is a look-up, and films in their own folders, which are most of what there is, need none of them.
    let has_further_videos = matches!(entity.layout, Layout::Stack | Layout::Version | Layout::Flat);
    let mut videos: Vec<RelPath> = entity.video.iter().cloned().collect();
    if has_further_videos {
        videos.extend(of_role(connection, entity.id, VIDEO)?);
    }
    let folders = match entity.entity_type {
        EntityType::Season | EntityType::Album => of_role(connection, entity.id, FOLDER)?,
        EntityType::Actor => appearances(connection, entity.id)?,
        _ => Vec::new(),
    };
    let parent_folder =
        entity.parent.map(|parent| connection.prepare_cached(PARENT_FOLDER)?.query_one([parent], |row| row.get(0)));
    Ok(Placement {
        entity_type: entity.entity_type,
        layout: entity.layout,
        title: entity.title.clone(),
        folder: entity.folder.clone(),
        videos,
        folders,
        parent_folder: parent_folder.transpose()?,
        season: entity.season,
        episodes: entity.episodes(),
    })
}

/// Makes the places of `item` those of the entity. Whether anything changed.
pub(super) fn replace(connection: &Connection, entity: EntityId, item: &ScannedItem) -> rusqlite::Result<bool> {
    let videos = replace_role(connection, entity, VIDEO, &item.further_videos)?;
    let folders = replace_role(connection, entity, FOLDER, &item.folders)?;
    Ok(videos || folders)
}

fn replace_role(connection: &Connection, entity: EntityId, role: &str, paths: &[RelPath]) -> rusqlite::Result<bool> {
    if of_role(connection, entity, role)? == paths {
        return Ok(false);
    }
    connection
        .prepare_cached("DELETE FROM entity_places WHERE entity_id = ?1 AND role = ?2")?
        .execute((entity, role))?;
    let mut add = connection
        .prepare_cached("INSERT INTO entity_places (entity_id, role, position, path) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, path) in paths.iter().enumerate() {
        add.execute((entity, role, position as i64, path))?;
    }
    Ok(true)
}

fn of_role(connection: &Connection, entity: EntityId, role: &str) -> rusqlite::Result<Vec<RelPath>> {
    connection.prepare_cached(OF_ROLE)?.query_map((entity, role), |row| row.get("path"))?.collect()
}

fn appearances(connection: &Connection, actor: EntityId) -> rusqlite::Result<Vec<RelPath>> {
    let mut folders = connection
        .prepare_cached(APPEARANCES)?
        .query_map([actor], |row| Ok(actors_beside(row.get("folder")?, row.get("video")?, row.get("layout")?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut of_series = connection.prepare_cached(SERIES_APPEARANCES)?;
    for folder in of_series.query_map([actor], |row| row.get("folder"))? {
        folders.push(folder?);
    }
    folders.sort();
    folders.dedup();
    Ok(folders)
}

/// The folder beside whose files Kodi looks for `.actors`: for a disc that of its entry file, else the item's own.
fn actors_beside(folder: RelPath, video: Option<RelPath>, layout: Layout) -> RelPath {
    match (layout, video.as_ref().and_then(RelPath::parent)) {
        (Layout::Disc, Some(parent)) => parent,
        _ => folder,
    }
}
