//! Which pictures of the cache serve which entity and image type.

use rusqlite::{Connection, Row, named_params};

use super::sql_types::{Count, count, image_type};
use super::{Catalog, CatalogError, entities};
use crate::model::{CacheFileId, ContentHash, EntityId, ImageType, UnixSeconds};

/// A picture that is durably in the cache, and what it is to serve.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCacheFile {
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// Its extension in the cache, without dot.
    pub extension: String,
    /// Its format: jpeg, png, webp, gif.
    pub format: String,
    /// Its size in bytes.
    pub byte_count: u64,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Whether it has transparent parts.
    pub has_alpha: bool,
    /// Its perceptual hash.
    pub perceptual_hash: Option<Vec<u8>>,
    /// Its difference hash.
    pub difference_hash: Option<Vec<u8>>,
    /// The entity it serves.
    pub entity: EntityId,
    /// What it is of.
    pub image_type: ImageType,
    /// Where it came from: provider, file, url, original, program.
    pub source: String,
    /// The provider it came from.
    pub provider: Option<String>,
    /// The address it came from.
    pub source_url: Option<String>,
    /// Who brought it: a person or program.
    pub author: Option<String>,
    /// 0 to 100; `None` until scored.
    pub quality: Option<f64>,
    /// When it was taken in.
    pub created_at: UnixSeconds,
}

/// A row of `cache_image_files`.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheFile {
    /// Its number.
    pub id: CacheFileId,
    /// All that is known of it.
    pub picture: NewCacheFile,
}

/// How much is in the cache, each file counted once however many entities it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheTotals {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

macro_rules! cache_file_columns {
    () => {
        "id, sha256, extension, format, byte_count, width, height, has_alpha, perceptual_hash, difference_hash, \
         entity_id, image_type, image_number, source, provider, source_url, author, quality, created_at"
    };
}

pub(super) use cache_file_columns;

impl Catalog {
    /// Notes a picture of the cache. The same picture for the same entity and image type is noted once; its first
    /// provenance stays.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn put_cache_file(&mut self, new: &NewCacheFile) -> Result<CacheFileId, CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, new.entity)?;
            Ok(put(transaction, new)?)
        })
    }

    /// All that a picture of the cache serves; empty when the catalog does not know it.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn cache_files_by_hash(&self, hash: &ContentHash) -> Result<Vec<CacheFile>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(concat!(
                "SELECT ",
                cache_file_columns!(),
                " FROM cache_image_files WHERE sha256 = ?1 ORDER BY id"
            ))?;
            Ok(statement.query_map([hash], cache_file)?.collect::<Result<_, _>>()?)
        })
    }

    /// How much is in the cache.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn cache_totals(&self) -> Result<CacheTotals, CatalogError> {
        self.read(|connection| Ok(totals(connection)?))
    }
}

pub(super) fn by_id(connection: &Connection, id: CacheFileId) -> rusqlite::Result<CacheFile> {
    connection
        .prepare_cached(concat!("SELECT ", cache_file_columns!(), " FROM cache_image_files WHERE id = ?1"))?
        .query_row([id], cache_file)
}

pub(super) fn totals(connection: &Connection) -> rusqlite::Result<CacheTotals> {
    connection
        .prepare_cached(
            "SELECT count(*) AS files, coalesce(sum(byte_count), 0) AS bytes
             FROM (SELECT max(byte_count) AS byte_count FROM cache_image_files GROUP BY sha256)",
        )?
        .query_row([], |row| Ok(CacheTotals { files: count(row, "files")?, bytes: count(row, "bytes")? }))
}

pub(super) fn put(connection: &Connection, new: &NewCacheFile) -> rusqlite::Result<CacheFileId> {
    // `DO UPDATE` to what is there already makes `RETURNING` answer for a known row, too.
    connection
        .prepare_cached(
            "INSERT INTO cache_image_files (sha256, extension, format, byte_count, width, height, has_alpha,
                 perceptual_hash, difference_hash, entity_type, entity_id, image_type, image_number, source, provider,
                 source_url, author, quality, created_at)
             VALUES (:sha256, :extension, :format, :byte_count, :width, :height, :has_alpha,
                 :perceptual_hash, :difference_hash, (SELECT entity_type FROM entities WHERE id = :entity), :entity,
                 :image_type, :number, :source, :provider, :source_url, :author, :quality, :created_at)
             ON CONFLICT (entity_id, image_type, image_number, sha256) DO UPDATE SET sha256 = excluded.sha256
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":sha256": new.hash, ":extension": new.extension, ":format": new.format,
                ":byte_count": Count(new.byte_count), ":width": new.width, ":height": new.height,
                ":has_alpha": new.has_alpha, ":perceptual_hash": new.perceptual_hash,
                ":difference_hash": new.difference_hash, ":entity": new.entity,
                ":image_type": new.image_type.kind().as_str(), ":number": new.image_type.number(),
                ":source": new.source, ":provider": new.provider, ":source_url": new.source_url,
                ":author": new.author, ":quality": new.quality, ":created_at": new.created_at,
            },
            |row| row.get("id"),
        )
}

pub(super) fn cache_file(row: &Row<'_>) -> rusqlite::Result<CacheFile> {
    Ok(CacheFile {
        id: row.get("id")?,
        picture: NewCacheFile {
            hash: row.get("sha256")?,
            extension: row.get("extension")?,
            format: row.get("format")?,
            byte_count: count(row, "byte_count")?,
            width: row.get("width")?,
            height: row.get("height")?,
            has_alpha: row.get("has_alpha")?,
            perceptual_hash: row.get("perceptual_hash")?,
            difference_hash: row.get("difference_hash")?,
            entity: row.get("entity_id")?,
            image_type: image_type(row)?,
            source: row.get("source")?,
            provider: row.get("provider")?,
            source_url: row.get("source_url")?,
            author: row.get("author")?,
            quality: row.get("quality")?,
            created_at: row.get("created_at")?,
        },
    })
}
