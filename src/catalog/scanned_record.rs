//! Writing down what a scan has found.

use rusqlite::{Connection, named_params};

use super::entities::Entity;
use super::scanned::{Recorded, ScanOutcome, ScannedItem, ScannedParent};
use super::scanned_known::{self as known, Known};
use super::{credits, external_ids, metadata, originals, places, scanned_nfo, titles};
use crate::model::{EntityId, LibraryId, RelPath, UnixSeconds};

/// Records the items of one batch.
pub(super) struct Recorder<'a> {
    connection: &'a Connection,
    /// The library that is being scanned, if nothing was known of it before.
    new_library: Option<LibraryId>,
    /// What the last item belongs to: the next one often belongs to it as well.
    last_parent: Option<(LibraryId, ScannedParent, EntityId)>,
    is_gone: &'a dyn Fn(&RelPath) -> bool,
    now: UnixSeconds,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        new_library: Option<LibraryId>,
        is_gone: &'a dyn Fn(&RelPath) -> bool,
        now: UnixSeconds,
    ) -> Self {
        Self { connection, new_library, last_parent: None, is_gone, now }
    }

    /// Records an item.
    pub(super) fn record(&mut self, item: &ScannedItem) -> rusqlite::Result<Recorded> {
        let (connection, now) = (self.connection, self.now);
        let parent = self.parent_of(item)?;
        // Nothing that was found in this scan has moved since.
        let is_gone = Some(self.is_gone).filter(|_| self.new_library != Some(item.library));
        let Some(Known { entity, has_moved }) = known::known(connection, item, parent, is_gone)? else {
            let (item, _) = scanned_nfo::sorted(connection, item, None)?;
            let id = insert(connection, &item, parent, now)?;
            see(connection, id)?;
            told_by_tree(connection, id, &item, true)?;
            told(connection, id, &item, true, now)?;
            return Ok(Recorded { id, outcome: ScanOutcome::Added, is_placed_anew: false });
        };
        if item.is_mention {
            return mentioned(connection, &entity, now);
        }
        let id = entity.id;
        let (item, is_told_by_own) = scanned_nfo::sorted(connection, item, Some(&entity))?;
        let item = &titles::kept(connection, &entity, &item, now)?;
        let outcome = match () {
            () if entity.is_missing => ScanOutcome::Returned,
            () if has_moved => ScanOutcome::Moved,
            () if !is_same(&entity, item, parent) => ScanOutcome::Changed,
            () => ScanOutcome::Unchanged,
        };
        see(connection, id)?;
        let mut has_new = told_by_tree(connection, id, item, false)?;
        if !is_told_by_own {
            has_new |= told(connection, id, item, false, now)?;
        }
        let outcome = match has_new {
            true if outcome == ScanOutcome::Unchanged => ScanOutcome::Changed,
            _ => outcome,
        };
        if outcome != ScanOutcome::Unchanged {
            update(connection, id, item, parent, now)?;
            // It may have taken the path of another one.
            self.last_parent = None;
        }
        Ok(Recorded { id, outcome, is_placed_anew: !is_placed_alike(&entity, item) })
    }

    /// The entity that an item belongs to.
    fn parent_of(&mut self, item: &ScannedItem) -> rusqlite::Result<Option<EntityId>> {
        let Some(parent) = &item.parent else { return Ok(None) };
        if let Some((library, known, id)) = &self.last_parent
            && *library == item.library
            && known == parent
        {
            return Ok(Some(*id));
        }
        let id = known::parent(self.connection, item.library, parent)?;
        self.last_parent = id.map(|id| (item.library, parent.clone(), id));
        Ok(id)
    }
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
    if !is_new {
        known::note_place(connection, id, item)?;
    }
    known::note_file(connection, id, item)?;
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

/// Writes down an item that is new. Its number is not asked for by `RETURNING`: a statement that may fail halfway keeps a
/// copy of every page that it touches, which took half of the time of a first scan.
fn insert(
    connection: &Connection,
    item: &ScannedItem,
    parent: Option<EntityId>,
    now: UnixSeconds,
) -> rusqlite::Result<EntityId> {
    connection
        .prepare_cached(
            "INSERT INTO entities (library_id, entity_type, parent_id, title, sort_title, year, season, episode,
                                   last_episode, layout, folder, video, path, found_in, added_at, updated_at)
             VALUES (:library, :entity_type, :parent, :title, :sort_title, :year, :season, :episode,
                     :last_episode, :layout, :folder, :video, :path, :found_in, :now, :now)",
        )?
        .execute(named_params! {
            ":library": item.library, ":entity_type": item.entity_type, ":parent": parent,
            ":title": item.title, ":sort_title": item.sort_title, ":year": item.year, ":season": item.season,
            ":episode": item.episode, ":last_episode": item.last_episode, ":layout": item.layout,
            ":folder": item.folder, ":video": item.video, ":path": item.path, ":found_in": item.found_in, ":now": now,
        })?;
    Ok(EntityId::new(connection.last_insert_rowid()))
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
