//! Metadata documents: which one is to be published of an entity.
//!
//! A document is made of what is known when it is published, and is in the cache like a picture. What is to be shown of it is
//! decided here, once; from there on it has mappings, a history and a time like everything that is published.

use std::iter::Peekable;
use std::vec::IntoIter;

use rusqlite::{Connection, OptionalExtension, named_params};

use super::cache_files;
use super::entities::{self, Entity, entity_columns};
use super::scope::{Scope, is_partial};
use super::wanted::{SelectedPicture, selected_picture};
use super::{Catalog, CatalogError, NewCacheFile};
use crate::model::{ContentHash, EntityId, ImageType, LibraryId, UnixSeconds};

/// What made it: documents come from nowhere but what is known.
const SOURCE: &str = "made";

/// A document that is durably in the cache and that nobody refers to yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// The entity it is of.
    pub entity: EntityId,
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// Its size in bytes.
    pub byte_count: u64,
}

/// What a publish changes of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentChanges {
    /// New ones, or other ones than before.
    pub made: Vec<NewDocument>,
    /// Libraries that have none any more.
    pub without: Vec<LibraryId>,
}

const PUT: &str = "
    INSERT INTO documents (entity_id, cache_file_id) VALUES (?1, ?2)
    ON CONFLICT (entity_id) DO UPDATE SET cache_file_id = excluded.cache_file_id";

const FORGET: &str = "
    DELETE FROM documents WHERE entity_id IN (SELECT e.id FROM entities e WHERE e.library_id = ?1)";

const IN_SCOPE: &str = "
    SELECT d.entity_id, d.cache_file_id FROM temp.scope s CROSS JOIN documents d ON d.entity_id = s.entity_id
    WHERE (:with_withheld OR NOT EXISTS (
        SELECT 1 FROM unpublished u WHERE u.entity_id = d.entity_id AND u.image_type = 'nfo' AND u.image_number = 0))
      AND (NOT :is_partial OR EXISTS (
        SELECT 1 FROM temp.scope_pictures p WHERE p.entity_id = d.entity_id AND p.image_type = 'nfo'))
    ORDER BY d.entity_id";

const ONE: &str = concat!(
    "SELECT 'nfo' AS image_type, 0 AS image_number, f.id AS cache_file_id, f.sha256, f.extension, l.naming, ",
    entity_columns!(),
    " FROM entities e CROSS JOIN cache_image_files f ON f.id = ?2 CROSS JOIN libraries l ON l.id = e.library_id
      WHERE e.id = ?1"
);

const WITH_DOCUMENTS: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entities e
      WHERE e.library_id = ?1 AND e.is_missing = 0 AND e.entity_type <> 'actor' AND e.id > ?2 ORDER BY e.id LIMIT ?3"
);

impl Catalog {
    /// The document of an entity, as it was made last.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn document_of(&self, entity: EntityId) -> Result<Option<ContentHash>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT f.sha256 FROM documents d CROSS JOIN cache_image_files f ON f.id = d.cache_file_id
                 WHERE d.entity_id = ?1",
            )?;
            Ok(statement.query_row([entity], |row| row.get("sha256")).optional()?)
        })
    }

    /// Whether those bytes are a document that was made here, of whatever entity: an export of it is no original.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn is_document(&self, hash: &ContentHash) -> Result<bool, CatalogError> {
        self.read(|connection| Ok(is_known(connection, hash)?))
    }

    /// The entities of a library that may have documents, by number, at most `limit`, behind `after`. A page that is not full
    /// is the last one.
    ///
    /// # Errors
    /// When the catalog cannot be read, or a row is not valid.
    pub fn entities_with_documents(
        &self,
        library: LibraryId,
        after: EntityId,
        limit: u32,
    ) -> Result<Vec<Entity>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(WITH_DOCUMENTS)?;
            Ok(statement.query_map((library, after, limit), entities::entity)?.collect::<Result<_, _>>()?)
        })
    }
}

/// Whether those bytes are a document that was made here.
pub(super) fn is_known(connection: &Connection, hash: &ContentHash) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM cache_image_files WHERE sha256 = ?1 AND image_type = 'nfo'";
    connection.prepare_cached(sql)?.exists([hash])
}

/// Writes down what changes.
pub(super) fn apply(connection: &Connection, changes: &DocumentChanges, now: UnixSeconds) -> rusqlite::Result<()> {
    for library in &changes.without {
        connection.prepare_cached(FORGET)?.execute([library])?;
    }
    for document in &changes.made {
        let file = cache_files::put(connection, &cache_file(document, now))?;
        connection.prepare_cached(PUT)?.execute((document.entity, file))?;
    }
    Ok(())
}

fn cache_file(document: &NewDocument, now: UnixSeconds) -> NewCacheFile {
    NewCacheFile {
        hash: document.hash,
        extension: "nfo".to_owned(),
        format: "nfo".to_owned(),
        byte_count: document.byte_count,
        width: 0,
        height: 0,
        has_alpha: false,
        perceptual_hash: None,
        difference_hash: None,
        entity: document.entity,
        image_type: ImageType::NFO,
        source: SOURCE.to_owned(),
        provider: None,
        source_url: None,
        author: None,
        quality: None,
        created_at: now,
    }
}

/// The documents of a scope, in the order of entities.
pub(super) struct Documents(Peekable<IntoIter<(EntityId, i64)>>);

impl Documents {
    /// Those of the scope, which is in `temp.scope`.
    pub(super) fn read(connection: &Connection, scope: Scope<'_>) -> rusqlite::Result<Self> {
        let found: Vec<(EntityId, i64)> = connection
            .prepare_cached(IN_SCOPE)?
            .query_map(
                named_params! {
                    ":with_withheld": matches!(scope, Scope::Entities(_)), ":is_partial": is_partial(scope),
                },
                |row| Ok((row.get("entity_id")?, row.get("cache_file_id")?)),
            )?
            .collect::<Result<_, _>>()?;
        Ok(Self(found.into_iter().peekable()))
    }

    /// The next one of an entity up to that number; `None` when there is none.
    pub(super) fn next_up_to(
        &mut self,
        connection: &Connection,
        entity: EntityId,
    ) -> rusqlite::Result<Option<SelectedPicture>> {
        let Some(next) = self.0.next_if(|(of, _)| *of <= entity) else { return Ok(None) };
        let mut statement = connection.prepare_cached(ONE)?;
        statement.query_row(next, |row| selected_picture(connection, row)).map(Some)
    }
}
