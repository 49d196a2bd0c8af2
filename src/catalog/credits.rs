//! Who plays in what, and which films make a set.
//!
//! What a metadata file of the tree tells of who plays comes before what providers tell: where it names anybody, only
//! ids are taken from them.
//!
//! An actor is one entity per library and name, as players keep one picture per name; a set likewise. Neither lies in a
//! folder, so their paths are `.actors/NAME` and `.sets/NAME`, under which nothing of the tree is an entity.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::originals::{self, ScannedOriginal};
use super::scanned::ScannedItem;
use super::scanned_record::see;
use super::{Catalog, CatalogError, enrichment, entities, guards, reach};
use crate::model::{EntityId, EntityType, Field, Layout, LibraryId, Name, Provider, RelPath, UnixSeconds};
use crate::score::folded;

/// Who says it: a metadata file in the tree.
const SOURCE_NFO: &str = "nfo";

/// Somebody who plays in an item, as a scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedCredit {
    /// The name.
    pub name: String,
    /// The character; empty where it is not told.
    pub role: String,
    /// The address of a portrait.
    pub url: Option<String>,
    /// Pictures of them beside the item.
    pub originals: Vec<ScannedOriginal>,
}

/// Somebody who plays in an item, as a provider tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldCredit {
    /// The name.
    pub name: String,
    /// The character; empty where it is not told.
    pub role: String,
    /// Their ids.
    pub ids: Vec<(Provider, String)>,
}

/// Who plays in an item, as a provider tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldCast {
    /// The provider's word.
    pub provider: String,
    /// Everybody, as billed.
    pub people: Vec<ToldCredit>,
    /// How many of them are wanted, where the tree names nobody. Ids are taken of all who are known.
    pub most: usize,
}

/// The set that a movie belongs to, as a scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedSet {
    /// The name.
    pub name: String,
    /// Pictures of it beside the movie.
    pub originals: Vec<ScannedOriginal>,
}

/// Somebody who plays in an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The entity of the actor.
    pub actor: EntityId,
    /// The name.
    pub name: String,
    /// The character; empty where it is not told.
    pub role: String,
}

/// Pictures of actors lie in `.actors` beneath the folder of a film, those of sets in the folder itself.
const LEFT_BEHIND: &str = "
    DELETE FROM library_image_files
    WHERE cache_file_id IS NULL AND library_id = ?1 AND folder >= ?2 AND folder < ?3
      AND EXISTS (SELECT 1 FROM entities a WHERE a.id = library_image_files.entity_id
                                             AND a.entity_type IN ('actor', 'movieset'))
      AND NOT EXISTS (
        SELECT 1 FROM entities e
        WHERE e.id IN (SELECT c.entity_id FROM credits c WHERE c.actor_id = library_image_files.entity_id
                       UNION ALL SELECT m.entity_id FROM set_members m WHERE m.set_id = library_image_files.entity_id)
          AND e.is_missing = 0
          AND (library_image_files.folder = e.folder
               OR lower(CAST(library_image_files.folder AS TEXT))
                  = lower(CAST(e.folder AS TEXT) || iif(e.folder = x'', '', '/') || '.actors')))";

const PORTRAITS: &str = "
    SELECT coalesce(
        (SELECT f.source_url FROM asset_candidates a CROSS JOIN cache_image_files f ON f.id = a.cache_file_id
         WHERE a.entity_id = c.actor_id AND a.image_type = 'actorthumb' AND a.image_number = 0 AND a.is_selected = 1
           AND f.source_url LIKE 'http%'),
        (SELECT d.url FROM declared_artwork d WHERE d.entity_id = c.actor_id AND d.image_type = 'actorthumb'
         ORDER BY d.position LIMIT 1)) AS url
    FROM credits c WHERE c.entity_id = ?1 ORDER BY c.position";

impl Catalog {
    /// Who plays in an entity, as billed.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn credits_of(&self, entity: EntityId) -> Result<Vec<Credit>, CatalogError> {
        self.read(|connection| Ok(of(connection, entity)?))
    }

    /// The addresses of portraits of those who play in an entity, as billed: of the picture that is chosen, else the one that a
    /// metadata file names.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn portraits_of(&self, entity: EntityId) -> Result<Vec<Option<String>>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(PORTRAITS)?;
            Ok(statement.query_map([entity], |row| row.get("url"))?.collect::<Result<_, _>>()?)
        })
    }

    /// The title of the set that a movie belongs to.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn set_of(&self, movie: EntityId) -> Result<Option<String>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.title FROM set_members m CROSS JOIN entities s ON s.id = m.set_id WHERE m.entity_id = ?1",
            )?;
            Ok(statement.query_row([movie], |row| row.get("title")).optional()?)
        })
    }

    /// The movies of a set, by number.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn members_of(&self, set: EntityId) -> Result<Vec<EntityId>, CatalogError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT entity_id FROM set_members WHERE set_id = ?1 ORDER BY entity_id")?;
            Ok(statement.query_map([set], |row| row.get("entity_id"))?.collect::<Result<_, _>>()?)
        })
    }
}

/// Makes the credits of the item those of the entity; actors that are not known are made. Whether anything changed.
pub(super) fn replace(
    connection: &Connection,
    entity: EntityId,
    item: &ScannedItem,
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    let mut wanted = Vec::with_capacity(item.credits.len());
    for credit in &item.credits {
        if let Some(actor) = placeless(connection, item.library, EntityType::Actor, &credit.name, now)? {
            wanted.push((actor, credit));
        }
    }
    let mut is_changed = false;
    for (actor, credit) in &wanted {
        is_changed |= originals::replace_beside(connection, item.library, *actor, &item.folder, &credit.originals)?;
    }
    if wanted.is_empty() && !is_told_by_tree(connection, entity)? {
        return Ok(is_changed);
    }
    if guards::guard(connection, entity)?.is_locked(Field::ACTORS.as_str()) {
        return Ok(is_changed);
    }
    let names: Vec<(EntityId, &str)> = wanted.iter().map(|(actor, credit)| (*actor, credit.role.as_str())).collect();
    if !put(connection, entity, SOURCE_NFO, &names)? {
        return Ok(is_changed);
    }
    wanted.iter().try_for_each(|(actor, credit)| portray(connection, *actor, credit))?;
    Ok(true)
}

/// Makes these the credits of the entity, as `source` tells them: all of an entity's are from one. Whether anything
/// changed.
fn put(connection: &Connection, entity: EntityId, source: &str, wanted: &[(EntityId, &str)]) -> rusqlite::Result<bool> {
    let known: Vec<(EntityId, String, String)> = connection
        .prepare_cached("SELECT actor_id, role, source FROM credits WHERE entity_id = ?1 ORDER BY position")?
        .query_map([entity], |row| Ok((row.get("actor_id")?, row.get("role")?, row.get("source")?)))?
        .collect::<Result<_, _>>()?;
    if known
        .iter()
        .map(|(actor, role, by)| (*actor, role.as_str(), by.as_str()))
        .eq(wanted.iter().map(|(actor, role)| (*actor, *role, source)))
    {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM credits WHERE entity_id = ?1")?.execute([entity])?;
    let mut add = connection.prepare_cached(
        "INSERT INTO credits (entity_id, position, actor_id, role, source) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (position, (actor, role)) in wanted.iter().enumerate() {
        add.execute((entity, position as i64, actor, role, source))?;
    }
    Ok(true)
}

/// Takes what a provider tells of who plays in an entity, unless that is locked: the credits, where the tree tells none,
/// and the ids of everybody who is known to play in it. A cast is the one place where a name is no guess.
pub(super) fn take(
    connection: &Connection,
    entity: EntityId,
    cast: &ToldCast,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    if guards::guard(connection, entity)?.is_locked(Field::ACTORS.as_str()) {
        return Ok(());
    }
    let library = connection
        .prepare_cached("SELECT library_id FROM entities WHERE id = ?1")?
        .query_row([entity], |row| row.get("library_id"))?;
    if !is_told_by_tree(connection, entity)? {
        let mut wanted = Vec::new();
        for credit in cast.people.iter().take(cast.most) {
            if let Some(actor) = placeless(connection, library, EntityType::Actor, &credit.name, now)? {
                wanted.push((actor, credit.role.as_str()));
            }
        }
        put(connection, entity, &cast.provider, &wanted)?;
    }
    for Credit { actor, name, .. } in of(connection, entity)? {
        for told in cast.people.iter().filter(|told| folded(&told.name) == folded(&name)) {
            enrichment::add_ids(connection, actor, &told.ids, &cast.provider)?;
        }
    }
    Ok(())
}

fn is_told_by_tree(connection: &Connection, entity: EntityId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM credits WHERE entity_id = ?1 AND source = ?2")?
        .exists((entity, SOURCE_NFO))
}

fn of(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<Credit>> {
    connection
        .prepare_cached(
            "SELECT c.actor_id, a.title, c.role FROM credits c JOIN entities a ON a.id = c.actor_id
             WHERE c.entity_id = ?1 ORDER BY c.position",
        )?
        .query_map([entity], |row| {
            Ok(Credit { actor: row.get("actor_id")?, name: row.get("title")?, role: row.get("role")? })
        })?
        .collect()
}

/// Makes the set of the item that of the entity. Whether anything changed.
pub(super) fn replace_set(
    connection: &Connection,
    entity: EntityId,
    item: &ScannedItem,
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    let set = match &item.set {
        Some(set) => placeless(connection, item.library, EntityType::MovieSet, &set.name, now)?,
        None => None,
    };
    let mut has_new = false;
    if let (Some(id), Some(set)) = (set, &item.set) {
        has_new = originals::replace_beside(connection, item.library, id, &item.folder, &set.originals)?;
    }
    let known: Option<EntityId> = connection
        .prepare_cached("SELECT set_id FROM set_members WHERE entity_id = ?1")?
        .query_row([entity], |row| row.get("set_id"))
        .optional()?;
    if known == set || guards::guard(connection, entity)?.is_locked(Field::SET.as_str()) {
        return Ok(has_new);
    }
    match set {
        Some(set) => connection
            .prepare_cached(
                "INSERT INTO set_members (entity_id, set_id) VALUES (?1, ?2)
                 ON CONFLICT (entity_id) DO UPDATE SET set_id = excluded.set_id",
            )?
            .execute((entity, set))?,
        None => connection.prepare_cached("DELETE FROM set_members WHERE entity_id = ?1")?.execute([entity])?,
    };
    Ok(true)
}

/// Notes as seen the actors and sets of everything that was seen, so that they are not missing.
pub(super) fn see_all(connection: &Connection) -> rusqlite::Result<()> {
    for sql in [
        "INSERT OR IGNORE INTO temp.seen (entity_id)
         SELECT c.actor_id FROM credits c WHERE c.entity_id IN (SELECT entity_id FROM temp.seen)",
        "INSERT OR IGNORE INTO temp.seen (entity_id)
         SELECT m.set_id FROM set_members m WHERE m.entity_id IN (SELECT entity_id FROM temp.seen)",
        "UPDATE entities SET is_missing = 0
         WHERE is_missing = 1 AND entity_type IN ('actor', 'movieset') AND id IN (SELECT entity_id FROM temp.seen)",
    ] {
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}

/// Forgets the pictures of actors and sets in a folder, or beneath it, that lie beside nothing they belong to any more:
/// what lay there is gone or lies elsewhere, or no longer tells of them.
pub(super) fn forget_left_behind(connection: &Connection, library: LibraryId, below: &RelPath) -> rusqlite::Result<()> {
    let (first, end) = reach::range(below);
    connection.prepare_cached(LEFT_BEHIND)?.execute((library, first, end))?;
    Ok(())
}

/// The actor or set of that name, made where it is not known. `None` for a name that is none.
fn placeless(
    connection: &Connection,
    library: LibraryId,
    entity_type: EntityType,
    name: &str,
    now: UnixSeconds,
) -> rusqlite::Result<Option<EntityId>> {
    let folder = if entity_type == EntityType::Actor { ".actors" } else { ".sets" };
    let (Ok(folder), Ok(own)) =
        (Name::parse(folder.as_bytes()), Name::parse(name.replace(['/', '\0'], "_").as_bytes()))
    else {
        return Ok(None);
    };
    let path = RelPath::root().join(&folder).join(&own);
    let id = match entities::by_key(connection, library, entity_type, &path)? {
        Some(known) => {
            if known.is_missing {
                connection.prepare_cached("UPDATE entities SET is_missing = 0 WHERE id = ?1")?.execute([known.id])?;
            }
            known.id
        }
        None => connection
            .prepare_cached(
                "INSERT INTO entities (library_id, entity_type, title, sort_title, layout, folder, path, added_at,
                                       updated_at)
                 VALUES (:library, :entity_type, :title, lower(:title), :layout, x'', :path, :now, :now) RETURNING id",
            )?
            .query_row(
                named_params! {
                    ":library": library, ":entity_type": entity_type, ":title": name, ":layout": Layout::Own,
                    ":path": path, ":now": now,
                },
                |row| row.get("id"),
            )?,
    };
    see(connection, id)?;
    Ok(Some(id))
}

/// The last portrait that is told of an actor is the one that counts, as in Kodi.
fn portray(connection: &Connection, actor: EntityId, credit: &ScannedCredit) -> rusqlite::Result<()> {
    let Some(url) = &credit.url else { return Ok(()) };
    connection
        .prepare_cached(
            "INSERT INTO declared_artwork (entity_id, position, image_type, image_number, url)
             VALUES (?1, 0, 'actorthumb', 0, ?2)
             ON CONFLICT (entity_id, position) DO UPDATE SET url = excluded.url",
        )?
        .execute((actor, url))?;
    Ok(())
}
