//! Putting back what the journal beside the cache tells, into a catalog that is made anew.
//!
//! Entities keep their numbers where these are free. They are marked missing until a scan finds them.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;

use rusqlite::{Connection, OptionalExtension, named_params};

use super::cache_files::{self, NewCacheFile};
use super::candidates::USER_PROVIDER;
use super::enrichment::SOURCE_USER;
use super::sql_types::valid;
use super::{Catalog, CatalogError, entities, locks, metadata};
use crate::model::{
    ContentHash, EntityId, JournalChoice, JournalEntity, JournalGeneration, JournalItem, JournalLibrary, LibraryId,
    UnixSeconds,
};

/// What is known of the pictures of the cache.
pub type KnownPictures<'a> = &'a dyn Fn(&ContentHash) -> Option<NewCacheFile>;

/// An item that the journal tells of, and the library that it is in now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemToPutBack {
    /// The library.
    pub library: LibraryId,
    /// What was chosen.
    pub item: JournalItem,
}

/// What putting items back came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Items.
    pub items: u64,
    /// Selected pictures.
    pub selected: u64,
    /// Image types and fields that are locked.
    pub locked: u64,
    /// Pictures that were selected and are not in the cache, whole: of which item (its path), and which.
    pub lost: Vec<(String, ContentHash)>,
}

impl Catalog {
    /// Puts a library back, under its number where that is free. One with its path is left as it is.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn put_library_back(&mut self, library: &JournalLibrary) -> Result<LibraryId, CatalogError> {
        self.write(|transaction| {
            let path = library.path.as_os_str().as_bytes();
            let known = transaction
                .prepare_cached("SELECT id FROM libraries WHERE path = ?1")?
                .query_row([path], |row| row.get("id"))
                .optional()?;
            if let Some(known) = known {
                return Ok(known);
            }
            Ok(transaction
                .prepare_cached(
                    "INSERT INTO libraries (id, name, path, kind, naming, added_at, removed_at)
                     VALUES (iif(EXISTS (SELECT 1 FROM libraries WHERE id = :id), NULL, nullif(:id, 0)), :name, :path,
                             :kind, :naming, :added_at,
                             -- Of two with one name the newer one has it.
                             iif(EXISTS (SELECT 1 FROM libraries WHERE name = :name AND removed_at IS NULL),
                                 coalesce(:removed_at, :added_at), :removed_at))
                     RETURNING id",
                )?
                .query_row(
                    named_params! {
                        ":id": library.id, ":name": library.name, ":path": path, ":kind": library.kind,
                        ":naming": library.naming, ":added_at": library.added_at, ":removed_at": library.removed_at,
                    },
                    |row| row.get("id"),
                )?)
        })
    }

    /// Puts items back, each once: those in `told` are there already, and those that are put back are added to it.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn put_items_back(
        &mut self,
        items: &[ItemToPutBack],
        told: &mut HashSet<EntityId>,
        pictures: KnownPictures<'_>,
    ) -> Result<PutBack, CatalogError> {
        self.write(|transaction| {
            let mut put_back = PutBack::default();
            for ItemToPutBack { library, item } in items {
                if let Some(known) = same(transaction, *library, &item.entity)?
                    && told.contains(&known)
                {
                    continue;
                }
                let id = put_entity(transaction, *library, &item.entity)?;
                put_choices(transaction, id, item, pictures, &mut put_back)?;
                told.insert(id);
                put_back.items += 1;
            }
            Ok(put_back)
        })
    }

    /// Goes on where a catalog that was lost had come to: numbers of generations and publish times go on rising.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn go_on_behind(&mut self, last: JournalGeneration) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO generations (id, at, author, reason, added, changed, removed, forgotten_at)
                     VALUES (?1, ?2, 'rebuild', 'the last one before the database was made anew', 0, 0, 0, ?2)",
                )?
                .execute((last.id, last.at))?;
            transaction
                .prepare_cached(
                    "UPDATE lineage SET published_until = max(published_until, ?1), publish_after = max(publish_after, ?1)",
                )?
                .execute([last.at])?;
            Ok(())
        })
    }

    /// Notes a picture of the cache for an item that is there: as something that could be chosen where a person or
    /// program brought it (`provider`), else only that it is in the cache.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn put_picture_back(&mut self, picture: &NewCacheFile, provider: Option<&str>) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let file = cache_files::put(transaction, picture)?;
            let Some(provider) = provider else { return Ok(()) };
            transaction
                .prepare_cached(
                    "INSERT INTO asset_candidates (entity_id, image_type, image_number, provider, provider_key, url, width,
                                                   height, cache_file_id, fetched_at)
                     VALUES (:entity, :image_type, :number, :provider, :key, :url, :width, :height, :file, :at)
                     ON CONFLICT DO NOTHING",
                )?
                .execute(named_params! {
                    ":entity": picture.entity, ":image_type": picture.image_type.kind().as_str(),
                    ":number": picture.image_type.number(), ":provider": provider, ":key": picture.hash.to_string(),
                    ":url": picture.source_url, ":width": picture.width, ":height": picture.height, ":file": file,
                    ":at": picture.created_at,
                })?;
            Ok(())
        })
    }

    /// The entity of that library that is the same: by its path, or by an id.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn same_entity(&self, library: LibraryId, entity: &JournalEntity) -> Result<Option<EntityId>, CatalogError> {
        self.read(|connection| Ok(same(connection, library, entity)?))
    }
}

/// Of seasons and episodes the path alone tells: their ids may be those of their series.
fn same(connection: &Connection, library: LibraryId, entity: &JournalEntity) -> rusqlite::Result<Option<EntityId>> {
    let by_path = valid(entities::by_key(connection, library, entity.entity_type, &entity.path))?.flatten();
    if by_path.is_some() || entity.season.is_some() {
        return Ok(by_path.map(|known| known.id));
    }
    let mut by_id = connection.prepare_cached(
        "SELECT e.id FROM external_ids x CROSS JOIN entities e ON e.id = x.entity_id
         WHERE x.provider = ?1 AND x.value = ?2 AND e.library_id = ?3 AND e.entity_type = ?4 LIMIT 1",
    )?;
    for id in &entity.ids {
        let found = by_id.query_row((&id.provider, &id.value, library, entity.entity_type), |row| row.get("id"));
        if let Some(found) = found.optional()? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn put_entity(connection: &Connection, library: LibraryId, entity: &JournalEntity) -> rusqlite::Result<EntityId> {
    let parent = entity.parent.as_ref().map(|parent| put_entity(connection, library, parent)).transpose()?;
    if let Some(known) = valid(entities::by_key(connection, library, entity.entity_type, &entity.path))?.flatten() {
        return Ok(known.id);
    }
    let id: EntityId = connection
        .prepare_cached(
            "INSERT INTO entities (id, library_id, entity_type, parent_id, title, sort_title, year, season, episode,
                                   last_episode, layout, folder, video, path, is_missing, added_at, updated_at)
             VALUES (iif(EXISTS (SELECT 1 FROM entities WHERE id = :id), NULL, nullif(:id, 0)), :library, :entity_type,
                     :parent, :title, :sort_title, :year, :season, :episode, :last_episode, :layout, :folder, :video,
                     :path, 1, :added_at, :added_at)
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":id": entity.id, ":library": library, ":entity_type": entity.entity_type, ":parent": parent,
                ":title": entity.title, ":sort_title": entity.sort_title, ":year": entity.year,
                ":season": entity.season, ":episode": entity.episode, ":last_episode": entity.last_episode,
                ":layout": entity.layout, ":folder": entity.folder, ":video": entity.video, ":path": entity.path,
                ":added_at": entity.added_at,
            },
            |row| row.get("id"),
        )?;
    let mut add = connection.prepare_cached(
        "INSERT OR IGNORE INTO external_ids (entity_id, provider, value, source) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for known in &entity.ids {
        add.execute((id, &known.provider, &known.value, &known.source))?;
    }
    Ok(id)
}

fn put_choices(
    connection: &Connection,
    id: EntityId,
    item: &JournalItem,
    pictures: KnownPictures<'_>,
    put_back: &mut PutBack,
) -> rusqlite::Result<()> {
    if !item.monitored {
        connection.prepare_cached("UPDATE entities SET monitored = 0 WHERE id = ?1")?.execute([id])?;
    }
    for choice in &item.selected {
        match pictures(&choice.sha256) {
            Some(picture) => {
                put_selected(connection, id, choice, picture)?;
                put_back.selected += 1;
            }
            None => put_back.lost.push((item.entity.path.to_string(), choice.sha256)),
        }
    }
    for lock in &item.locks {
        let at = UnixSeconds::new(lock.at);
        locks::set(connection, id, &lock.field, lock.locked, lock.origin, at)?;
        put_back.locked += u64::from(lock.locked);
    }
    for field in &item.fields {
        let at = UnixSeconds::new(field.at);
        metadata::put(connection, id, &field.field, SOURCE_USER, &field.value, at)?;
    }
    put_blocked_and_withheld(connection, id, item)
}

fn put_blocked_and_withheld(connection: &Connection, id: EntityId, item: &JournalItem) -> rusqlite::Result<()> {
    let mut block = connection.prepare_cached(
        "INSERT INTO asset_candidates (entity_id, image_type, image_number, provider, provider_key, url, is_blocked,
                                       fetched_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7) ON CONFLICT DO UPDATE SET is_blocked = 1",
    )?;
    for blocked in &item.blocked {
        let (kind, number) = (blocked.image_type.kind().as_str(), blocked.image_type.number());
        block.execute((id, kind, number, &blocked.provider, &blocked.key, &blocked.url, item.entity.added_at))?;
    }
    let mut withhold = connection.prepare_cached(
        "INSERT OR IGNORE INTO unpublished (entity_id, image_type, image_number, at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for withheld in &item.withheld {
        withhold.execute((id, withheld.image_type.kind().as_str(), withheld.image_type.number(), withheld.at))?;
    }
    Ok(())
}

fn put_selected(
    connection: &Connection,
    id: EntityId,
    choice: &JournalChoice,
    picture: NewCacheFile,
) -> rusqlite::Result<()> {
    let at = choice.at.map_or(picture.created_at, UnixSeconds::new);
    let brought_by_provider = choice.source == "provider";
    let picture = NewCacheFile {
        entity: id,
        image_type: choice.image_type,
        source: choice.source.clone(),
        provider: brought_by_provider.then(|| choice.provider.clone()).filter(|word| word != USER_PROVIDER),
        source_url: choice.source_url.clone(),
        author: choice.author.clone(),
        created_at: at,
        ..picture
    };
    let file = cache_files::put(connection, &picture)?;
    connection
        .prepare_cached(
            "INSERT INTO asset_candidates (entity_id, image_type, image_number, provider, provider_key, url, width,
                                           height, is_selected, user_locked, cache_file_id, fetched_at, selected_at)
             VALUES (:entity, :image_type, :number, :provider, :key, :url, :width, :height, 1, :by_hand, :file, :at, :at)
             ON CONFLICT (entity_id, image_type, image_number) WHERE is_selected = 1 DO NOTHING
             ON CONFLICT DO UPDATE SET is_selected = 1, user_locked = excluded.user_locked,
                cache_file_id = excluded.cache_file_id, selected_at = excluded.selected_at",
        )?
        .execute(named_params! {
            ":entity": id, ":image_type": choice.image_type.kind().as_str(),
            ":number": choice.image_type.number(), ":provider": choice.provider, ":key": choice.key,
            ":url": choice.url, ":width": picture.width, ":height": picture.height, ":by_hand": choice.by_hand,
            ":file": file, ":at": at,
        })?;
    Ok(())
}
