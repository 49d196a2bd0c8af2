//! Entities: what artwork belongs to.

use rusqlite::{OptionalExtension, Params, Row, Transaction, named_params};

use super::error::Fault;
use super::sql_types::{array, words};
use super::{Catalog, CatalogError, PublishMode, guards, locks};
use crate::model::{
    EntityId, EntityType, EpisodeRange, Guard, ImageType, Layout, LibraryId, Provider, RelPath, UnixSeconds,
};

/// A movie, series, season, episode, actor, movie set, artist or album.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its number.
    pub id: EntityId,
    /// The library it is in.
    pub library: LibraryId,
    /// What it is.
    pub entity_type: EntityType,
    /// The series of a season, the season of an episode, the artist of an album.
    pub parent: Option<EntityId>,
    /// Its title as the tree tells it.
    pub title: String,
    /// The title it is sorted by.
    pub sort_title: String,
    /// The year of release.
    pub year: Option<u16>,
    /// The season, 0 for specials.
    pub season: Option<u16>,
    /// The episode; the first one of a file that holds several.
    pub episode: Option<u16>,
    /// The last episode of a file that holds several, else `None`.
    pub last_episode: Option<u16>,
    /// How it lies on disk.
    pub layout: Layout,
    /// The folder that its artwork goes to.
    pub folder: RelPath,
    /// Its main video; `None` when it has none.
    pub video: Option<RelPath>,
    /// What identifies it in its library: its own folder, or its video in a shared folder. A season without a folder
    /// has the path that its folder would have; an actor `.actors/NAME` and a movie set `.sets/NAME`, where nothing is.
    pub path: RelPath,
    /// Whether automatic choosing may touch it.
    pub is_monitored: bool,
    /// Whether the last scan did not find it.
    pub is_missing: bool,
    /// When it was first found.
    pub added_at: UnixSeconds,
    /// When something of it last changed.
    pub updated_at: UnixSeconds,
}

/// Which entities a list shows. The default shows all that are there.
#[derive(Debug, Clone, Default)]
pub struct EntityFilter {
    /// Only of that library.
    pub library: Option<LibraryId>,
    /// Only of that type.
    pub entity_type: Option<EntityType>,
    /// Only those that can have a picture of that image type, and have neither a selected one nor an original. Nothing is
    /// inherited: a season without a poster has none, whatever its series has.
    pub lacks: Option<ImageType>,
    /// Only those with a lock of their own.
    pub only_locked: bool,
    /// Only those that are not monitored, or belong to something that is not.
    pub only_unmonitored: bool,
    /// Only those with such a title, where `*` stands for anything and `?` for one character; A to Z in either case.
    pub title: Option<String>,
    /// Also those that the last scan did not find.
    pub with_missing: bool,
    /// Only those that providers were asked about and could not tell what they are.
    pub only_unidentified: bool,
}

/// Where a page of a list ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListKey {
    sort_title: String,
    id: EntityId,
}

impl Entity {
    /// The episodes that its file holds; `None` for what is no episode.
    #[must_use]
    pub fn episodes(&self) -> Option<EpisodeRange> {
        let first = self.episode?;
        Some(self.last_episode.and_then(|last| EpisodeRange::new(first, last)).unwrap_or(EpisodeRange::single(first)))
    }

    /// The place behind this entity in a list.
    #[must_use]
    pub fn list_key(&self) -> ListKey {
        ListKey { sort_title: self.sort_title.clone(), id: self.id }
    }
}

/// The columns of an entity, in the order in which [`entity_from`] reads them; the table must be named `e`.
macro_rules! entity_columns {
    () => {
        "e.id, e.library_id, e.entity_type, e.parent_id, e.title, e.sort_title, e.year, e.season, e.episode, \
         e.last_episode, e.layout, e.folder, e.video, e.path, e.monitored, e.is_missing, e.added_at, e.updated_at"
    };
}
pub(super) use entity_columns;

const BY_ID: &str = concat!("SELECT ", entity_columns!(), " FROM entities e WHERE e.id = ?1");
const BY_KEY: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entities e WHERE e.library_id = ?1 AND e.entity_type = ?2 AND e.path = ?3"
);
const BY_EXTERNAL_ID: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM external_ids x JOIN entities e ON e.id = x.entity_id WHERE x.provider = ?1 AND x.value = ?2 ORDER BY e.id"
);
// A union, so that each part finds its index.
const AT_PATH: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entities e WHERE e.id IN (
          SELECT id FROM entities WHERE library_id = ?1 AND path = ?2
          UNION SELECT id FROM entities WHERE library_id = ?1 AND folder = ?2
          UNION SELECT id FROM entities WHERE library_id = ?1 AND video = ?2)
      ORDER BY e.id"
);
const BY_TITLE: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entities e WHERE e.title = ?1 COLLATE NOCASE AND (?2 IS NULL OR e.year = ?2) ORDER BY e.id"
);
const CHILDREN: &str =
    concat!("SELECT ", entity_columns!(), " FROM entities e WHERE e.parent_id = ?1 ORDER BY e.season, e.episode, e.id");
const PAGE: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entities e
      WHERE (e.sort_title, e.id) > (:after_title, :after_id)
        AND (:with_missing OR e.is_missing = 0)
        AND (:library IS NULL OR e.library_id = :library)
        AND (:entity_type IS NULL OR e.entity_type = :entity_type)
        AND (NOT :only_locked OR EXISTS (SELECT 1 FROM locks k WHERE k.entity_id = e.id AND k.is_locked = 1))
        AND (NOT :only_unmonitored OR e.monitored = 0
             OR e.entity_type IN ('season', 'episode') AND EXISTS
                (SELECT 1 FROM entities p WHERE p.id = e.parent_id AND (p.monitored = 0
                 OR p.entity_type = 'season' AND EXISTS
                    (SELECT 1 FROM entities s WHERE s.id = p.parent_id AND s.monitored = 0))))
        AND (:title IS NULL OR e.title LIKE :title ESCAPE '\\')
        AND (NOT :only_unidentified
             OR EXISTS (SELECT 1 FROM enrichments n WHERE n.entity_id = e.id
                          AND n.identification IN ('doubtful', 'unknown')))
        AND (:lacks IS NULL
             OR e.entity_type IN (SELECT value FROM rarray(:types_with))
                AND NOT EXISTS (SELECT 1 FROM asset_candidates c WHERE c.entity_id = e.id AND c.image_type = :lacks
                              AND c.image_number = :lacks_number AND c.is_selected = 1)
                AND NOT EXISTS (SELECT 1 FROM library_image_files o WHERE o.entity_id = e.id
                              AND o.image_type = :lacks AND o.image_number = :lacks_number
                              AND o.cache_file_id IS NULL))
      ORDER BY e.sort_title, e.id LIMIT :limit"
);

impl Catalog {
    /// The entity of that number.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn entity(&self, id: EntityId) -> Result<Option<Entity>, CatalogError> {
        self.read(|connection| Ok(by_id(connection, id)?))
    }

    /// The entity of that type that `path` identifies in the library.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn entity_by_path(
        &self,
        library: LibraryId,
        entity_type: EntityType,
        path: &RelPath,
    ) -> Result<Option<Entity>, CatalogError> {
        self.read(|connection| Ok(by_key(connection, library, entity_type, path)?))
    }

    /// All entities that `path` is the folder, the video or the identity of: several for a shared folder.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn entities_at(&self, library: LibraryId, path: &RelPath) -> Result<Vec<Entity>, CatalogError> {
        self.all_entities(AT_PATH, (library, path))
    }

    /// All entities with that id at that provider, in all libraries.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn entities_by_external_id(&self, provider: &Provider, value: &str) -> Result<Vec<Entity>, CatalogError> {
        self.all_entities(BY_EXTERNAL_ID, (provider, value))
    }

    /// All entities of that title, in any case of A to Z, and of that year where one is given.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn entities_by_title(&self, title: &str, year: Option<u16>) -> Result<Vec<Entity>, CatalogError> {
        self.all_entities(BY_TITLE, (title, year))
    }

    /// The seasons of a series, the episodes of a season, …, in their order.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn children_of(&self, parent: EntityId) -> Result<Vec<Entity>, CatalogError> {
        self.all_entities(CHILDREN, [parent])
    }

    /// A page of entities by sort title, at most `limit`, behind `after`. A page that is not full is the last one.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn list_entities(
        &self,
        filter: &EntityFilter,
        after: Option<&ListKey>,
        limit: u32,
    ) -> Result<Vec<Entity>, CatalogError> {
        let lacks = filter.lacks.map(|lacks| filter.entity_type.map_or(lacks, |of| lacks.meant_for(of)));
        let types_with =
            EntityType::ALL.iter().filter(|of| lacks.is_some_and(|lacks| of.kinds().contains(&lacks.kind())));
        self.all_entities(
            PAGE,
            named_params! {
                ":after_title": after.map_or("", |key| key.sort_title.as_str()),
                ":after_id": after.map_or(EntityId::new(0), |key| key.id),
                ":with_missing": filter.with_missing,
                ":library": filter.library,
                ":entity_type": filter.entity_type,
                ":only_locked": filter.only_locked,
                ":only_unmonitored": filter.only_unmonitored,
                ":title": filter.title.as_deref().map(like),
                ":only_unidentified": filter.only_unidentified,
                ":lacks": lacks.map(|lacks| lacks.kind().as_str()),
                ":lacks_number": lacks.map(ImageType::number),
                ":types_with": words(types_with.map(|of| of.as_str())),
                ":limit": limit,
            },
        )
    }

    /// Lets automatic steps touch the entity, or not. What belongs to something that is not monitored is not either
    /// ([`Guard`]), so that holds for new episodes too; monitoring is said of all that belongs to it. Answers how many are
    /// said otherwise now, and what holds for the entity then.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn set_monitored(
        &mut self,
        id: EntityId,
        is_monitored: bool,
        mode: PublishMode,
        now: UnixSeconds,
    ) -> Result<(u64, Guard), CatalogError> {
        let work = |transaction: &Transaction<'_>| {
            require(transaction, id)?;
            let of = if is_monitored { subtree(transaction, id)? } else { vec![id] };
            let changed = transaction
                .prepare_cached(
                    "UPDATE entities SET monitored = ?2, updated_at = ?3
                     WHERE id IN (SELECT value FROM rarray(?1)) AND monitored <> ?2",
                )?
                .execute((array(of.into_iter().map(EntityId::get)), is_monitored, now))?;
            if is_monitored && changed > 0 {
                locks::look_again(transaction, id)?;
            }
            Ok((changed as u64, guards::guard(transaction, id)?))
        };
        match mode {
            PublishMode::Apply => self.write(work),
            PublishMode::DryRun => self.try_out(work),
        }
    }

    fn all_entities(&self, sql: &'static str, parameters: impl Params) -> Result<Vec<Entity>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_map(parameters, entity)?.collect::<Result<_, _>>()?)
        })
    }
}

pub(super) fn by_id(connection: &rusqlite::Connection, id: EntityId) -> rusqlite::Result<Option<Entity>> {
    connection.prepare_cached(BY_ID)?.query_row([id], entity).optional()
}

/// A pattern of `*` and `?` as SQL has it.
fn like(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '\\' => like.extend(['\\', c]),
            c => like.push(c),
        }
    }
    like
}

pub(super) fn by_key(
    connection: &rusqlite::Connection,
    library: LibraryId,
    entity_type: EntityType,
    path: &RelPath,
) -> rusqlite::Result<Option<Entity>> {
    connection.prepare_cached(BY_KEY)?.query_row((library, entity_type, path), entity).optional()
}

/// The entity and all that belongs to it, by number. A ring of parents ends by its members being known.
const SUBTREE: &str = "
    WITH RECURSIVE below (id) AS (
        VALUES (?1) UNION SELECT e.id FROM below JOIN entities e ON e.parent_id = below.id)
    SELECT id FROM below ORDER BY id";

pub(super) fn subtree(connection: &rusqlite::Connection, id: EntityId) -> rusqlite::Result<Vec<EntityId>> {
    connection.prepare_cached(SUBTREE)?.query_map([id], |row| row.get("id"))?.collect()
}

/// Refuses an entity that is not there.
pub(super) fn require(connection: &rusqlite::Connection, id: EntityId) -> Result<(), Fault> {
    let is_there = connection.prepare_cached("SELECT 1 FROM entities WHERE id = ?1")?.exists([id])?;
    if is_there { Ok(()) } else { Err(CatalogError::NoSuchEntity { id }.into()) }
}

pub(super) fn entity(row: &Row<'_>) -> rusqlite::Result<Entity> {
    entity_from(row, 0)
}

/// Reads an entity from the columns that begin with number `first`. These are read by place, in the order of
/// `entity_columns`, because finding a column by its name took most of the time of publishing.
pub(super) fn entity_from(row: &Row<'_>, first: usize) -> rusqlite::Result<Entity> {
    let mut places = first..;
    let mut next = || places.next().unwrap_or(usize::MAX);
    Ok(Entity {
        id: row.get(next())?,
        library: row.get(next())?,
        entity_type: row.get(next())?,
        parent: row.get(next())?,
        title: row.get(next())?,
        sort_title: row.get(next())?,
        year: row.get(next())?,
        season: row.get(next())?,
        episode: row.get(next())?,
        last_episode: row.get(next())?,
        layout: row.get(next())?,
        folder: row.get(next())?,
        video: row.get(next())?,
        path: row.get(next())?,
        is_monitored: row.get(next())?,
        is_missing: row.get(next())?,
        added_at: row.get(next())?,
        updated_at: row.get(next())?,
    })
}
