//! Where a shown picture is from, and why it is this one.

use rusqlite::{OptionalExtension, Row};

use super::sql_types::image_type;
use super::{Catalog, CatalogError};
use crate::model::{ContentHash, EntityId, EntityType, GenerationId, ImageType, MappingId};

/// What is told of a shown picture.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureFacts {
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// The entity it is for.
    pub entity: EntityId,
    /// What that is.
    pub entity_type: EntityType,
    /// What the picture is of.
    pub image_type: ImageType,
    /// The generation that it is shown since.
    pub generation: GenerationId,
    /// Where it came from: provider, file, url, original, program.
    pub source: String,
    /// The provider it came from.
    pub provider: Option<String>,
    /// The address it came from.
    pub source_url: Option<String>,
    /// Who brought it.
    pub author: Option<String>,
    /// 0 to 100; `None` where it was never scored.
    pub score: Option<f64>,
}

const FACTS: &str = "
    SELECT f.sha256, m.entity_id, e.entity_type, m.image_type, m.image_number, m.added_generation, f.source, f.provider,
           f.source_url, f.author,
           (SELECT max(c.score) FROM asset_candidates c
            WHERE c.entity_id = m.entity_id AND c.image_type = m.image_type AND c.image_number = m.image_number
              AND c.cache_file_id = f.id) AS score
    FROM library_image_files m CROSS JOIN cache_image_files f ON f.id = m.cache_file_id
    CROSS JOIN entities e ON e.id = m.entity_id
    WHERE m.id = ?1";

impl Catalog {
    /// What is told of the picture of a mapping; `None` when there never was such a mapping.
    ///
    /// # Errors
    /// When the catalog cannot be read, or the row is not valid.
    pub fn picture_facts(&self, mapping: MappingId) -> Result<Option<PictureFacts>, CatalogError> {
        self.read(|connection| Ok(connection.prepare_cached(FACTS)?.query_row([mapping], facts).optional()?))
    }
}

fn facts(row: &Row<'_>) -> rusqlite::Result<PictureFacts> {
    Ok(PictureFacts {
        hash: row.get("sha256")?,
        entity: row.get("entity_id")?,
        entity_type: row.get("entity_type")?,
        image_type: image_type(row)?,
        generation: row.get("added_generation")?,
        source: row.get("source")?,
        provider: row.get("provider")?,
        source_url: row.get("source_url")?,
        author: row.get("author")?,
        score: row.get("score")?,
    })
}
