//! Metadata documents: which one is to be published of an entity.
//!
//! A document is made of what is known when it is published, and is in the cache like a picture. What is to be shown of it is
//! decided here, once; from there on it has mappings, a history and a time like everything that is published.
//!
//! What nobody has changed is not made again: a row of `document_inputs` says that a document is made of what is known now,
//! and triggers ([`document_marks`]) delete it in the transaction that changes something. Whoever makes one marks it before it looks
//! ([`Catalog::begin_documents`]); what changes meanwhile deletes the mark, so that what was made of older things is never
//! taken for made of newer ones.

use std::iter::Peekable;
use std::vec::IntoIter;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use sha2::{Digest as _, Sha256};

use super::cache_files;
use super::document_marks;
use super::entities::{self, Entity, entity_columns};
use super::scope::{Scope, is_partial};
use super::sql_types::{array, count};
use super::wanted::{SelectedPicture, selected_picture};
use super::{Catalog, CatalogError, NewCacheFile};
use crate::model::{CacheFileId, ContentHash, EntityId, ImageType, LibraryId, Name, UnixSeconds};

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
    /// The metadata file of the tree that it was made of.
    pub merged_with: Option<Name>,
    /// What [`Catalog::note_documents`] takes; `None` where it is not known whether it is made of what is known now.
    pub inputs: Option<DocumentInputs>,
}

/// Of what a document is made: metadata files of the tree as they were, in bytes that mean something to who makes documents
/// only, and the rules by which it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentInputs {
    /// The files.
    pub files: Vec<u8>,
    /// The rules, above 0.
    pub rules: u32,
}

/// What is known of an entity's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentState {
    /// The entity.
    pub entity: Entity,
    /// The SHA-256 of the document and its size in bytes, as it was made last.
    pub document: Option<(ContentHash, u64)>,
    /// The metadata file of the tree that it was made of.
    pub merged_with: Option<Name>,
    /// Whether something in the catalog that it tells may have changed since it was made, or that there is to be none was found
    /// out.
    pub has_changed: bool,
    /// Of what it is made, where that is known for certain and nothing has changed.
    pub inputs: Option<DocumentInputs>,
}

/// What a publish changes of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentChanges {
    /// New ones, or other ones than before.
    pub made: Vec<NewDocument>,
    /// Entities that have none any more.
    pub unmade: Vec<EntityId>,
    /// Libraries that have none any more.
    pub without: Vec<LibraryId>,
    /// Whether they are in a catalog for a view of its own, and no other one shall know of them.
    pub are_of_view: bool,
}

const PUT: &str = "
    INSERT INTO documents (entity_id, cache_file_id, merged_with) VALUES (?1, ?2, ?3)
    ON CONFLICT (entity_id) DO UPDATE SET cache_file_id = excluded.cache_file_id, merged_with = excluded.merged_with";

const FORGET_ONE: &str = "DELETE FROM documents WHERE entity_id = ?1";

const BEGIN: &str = "INSERT OR REPLACE INTO document_inputs (entity_id, files, rules) VALUES (?1, x'', 0)";

/// Where the mark is gone, something has changed since, and it is made again next time.
const NOTE: &str = "UPDATE document_inputs SET files = ?2, rules = ?3 WHERE entity_id = ?1";

/// The numbers of documents that only a catalog for a view of its own knows begin here: those of the catalog that it is derived
/// from never come so far.
const FIRST_OF_VIEW: i64 = 1 << 62;

const RENUMBER: &str = "UPDATE cache_image_files SET id = ?2 WHERE id = ?1";

const LAST_OF_BASE: &str = "SELECT coalesce(max(id), 0) FROM cache_image_files WHERE id < ?1";

/// Those of the scope alone: a look at all documents would cost more than to publish one item.
const FORGET: &str = "
    DELETE FROM documents WHERE entity_id IN (
        SELECT d.entity_id FROM temp.scope s CROSS JOIN documents d ON d.entity_id = s.entity_id
        CROSS JOIN entities e ON e.id = d.entity_id
        WHERE e.library_id IN (SELECT value FROM rarray(?1)))";

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

macro_rules! document_states {
    ($where:literal) => {
        concat!(
            "SELECT f.sha256, f.byte_count, d.merged_with, i.files, i.rules, i.entity_id IS NULL AS has_changed, ",
            entity_columns!(),
            " FROM entities e
              LEFT JOIN documents d ON d.entity_id = e.id
              LEFT JOIN cache_image_files f ON f.id = d.cache_file_id
              LEFT JOIN document_inputs i ON i.entity_id = e.id
              WHERE e.is_missing = 0 AND e.entity_type <> 'actor' AND ",
            $where
        )
    };
}

/// Where the columns of the entity begin in it.
const ENTITY_COLUMN: usize = 6;

const STATES: &str = document_states!("e.library_id = ?1 AND e.id > ?2 ORDER BY e.id LIMIT ?3");
const STATE: &str = document_states!("e.id = ?1");

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
    pub fn document_states(
        &self,
        library: LibraryId,
        after: EntityId,
        limit: u32,
    ) -> Result<Vec<DocumentState>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(STATES)?;
            Ok(statement.query_map((library, after, limit), state)?.collect::<Result<_, _>>()?)
        })
    }

    /// What is known of the document of an entity; `None` where it can have none.
    ///
    /// # Errors
    /// When the catalog cannot be read, or a row is not valid.
    pub fn document_state(&self, entity: EntityId) -> Result<Option<DocumentState>, CatalogError> {
        self.read(|connection| Ok(connection.prepare_cached(STATE)?.query_row([entity], state).optional()?))
    }

    /// Marks that the documents of these entities are made of what is known from now on.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn begin_documents(&mut self, entities: &[EntityId]) -> Result<(), CatalogError> {
        self.write(|transaction| {
            document_marks::watch(transaction)?;
            let mut begin = transaction.prepare_cached(BEGIN)?;
            entities.iter().try_for_each(|entity| begin.execute([entity]).map(drop))?;
            Ok(())
        })
    }

    /// Notes of what the documents of these entities are made, unless something has changed since
    /// [`Self::begin_documents`]. For those that stay as they are; what [`DocumentChanges`] says of others is noted with them.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn note_documents(&mut self, noted: &[(EntityId, DocumentInputs)]) -> Result<(), CatalogError> {
        self.write(|transaction| {
            Ok(noted.iter().try_for_each(|(entity, inputs)| note(transaction, *entity, inputs))?)
        })
    }
}

fn state(row: &Row<'_>) -> rusqlite::Result<DocumentState> {
    let hash: Option<ContentHash> = row.get("sha256")?;
    let rules: Option<u32> = row.get("rules")?;
    Ok(DocumentState {
        entity: entities::entity_from(row, ENTITY_COLUMN)?,
        document: hash.map(|hash| count(row, "byte_count").map(|bytes| (hash, bytes))).transpose()?,
        merged_with: row.get("merged_with")?,
        has_changed: row.get("has_changed")?,
        inputs: match rules {
            Some(rules @ 1..) => Some(DocumentInputs { files: row.get("files")?, rules }),
            _ => None,
        },
    })
}

fn note(connection: &Connection, entity: EntityId, inputs: &DocumentInputs) -> rusqlite::Result<()> {
    connection.prepare_cached(NOTE)?.execute((entity, &inputs.files, inputs.rules)).map(drop)
}

/// Whether those bytes are a document that was made here.
pub(super) fn is_known(connection: &Connection, hash: &ContentHash) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM cache_image_files WHERE sha256 = ?1 AND image_type = 'nfo'";
    connection.prepare_cached(sql)?.exists([hash])
}

/// Writes down what changes of the scope, which is in `temp.scope`.
pub(super) fn apply(connection: &Connection, changes: &DocumentChanges, now: UnixSeconds) -> rusqlite::Result<()> {
    if !changes.without.is_empty() {
        let without = array(changes.without.iter().map(|library| library.get()));
        let forgotten = connection.prepare_cached(FORGET)?.execute([without])?;
        if forgotten > 0 && !connection.prepare_cached("SELECT 1 FROM documents")?.exists([])? {
            document_marks::unwatch(connection)?;
        }
    }
    for entity in &changes.unmade {
        connection.prepare_cached(FORGET_ONE)?.execute([entity])?;
    }
    let last: i64 = connection.prepare_cached(LAST_OF_BASE)?.query_row([FIRST_OF_VIEW], |row| row.get(0))?;
    for document in &changes.made {
        let mut file = cache_files::put(connection, &cache_file(document, now))?;
        if changes.are_of_view && file.get() > last {
            let number = number_in_view(document);
            connection.prepare_cached(RENUMBER)?.execute((file, number))?;
            file = CacheFileId::new(number);
        }
        connection.prepare_cached(PUT)?.execute((document.entity, file, &document.merged_with))?;
        if let Some(inputs) = &document.inputs {
            note(connection, document.entity, inputs)?;
        }
    }
    Ok(())
}

/// In a catalog for a view of its own, a document that the catalog lacks that this one is derived from has a number that
/// follows from what it is: the same one always has the same row, which is its inode number, and another one another.
fn number_in_view(document: &NewDocument) -> i64 {
    let mut digest = Sha256::new();
    digest.update(document.entity.get().to_be_bytes());
    digest.update(document.hash.as_bytes());
    let bytes: [u8; 32] = digest.finalize().into();
    let number = bytes.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    FIRST_OF_VIEW | (number >> 2) as i64
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

    /// The entity of the next one; `None` when there is none.
    pub(super) fn entity(&mut self) -> Option<EntityId> {
        self.0.peek().map(|(entity, _)| *entity)
    }

    /// The next one; `None` when there is none.
    pub(super) fn take(&mut self, connection: &Connection) -> rusqlite::Result<Option<SelectedPicture>> {
        let Some(next) = self.0.next() else { return Ok(None) };
        let mut statement = connection.prepare_cached(ONE)?;
        statement.query_row(next, |row| selected_picture(connection, row)).map(Some)
    }
}
