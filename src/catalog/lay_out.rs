//! Where the selected pictures of a library would lie under other names than those published: for views and exports with
//! naming profiles of their own.
//!
//! Nothing is written but temporary tables of this connection, so memory stays bounded however many pictures there are,
//! and conflicts are settled as [`Catalog::publish`] settles them.

use rusqlite::Row;

use super::scope::{Scope, fill_scope};
use super::sql_types::{count, extension, image_type};
use super::wanted::{Conflict, Exceptions, Place, SelectedPicture, fill_wanted};
use super::{Catalog, CatalogError, PathKey, replace};
use crate::model::{ContentHash, EntityId, ImageType, LibraryId, Name, RelPath, UnixSeconds};

/// A picture at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaidOut {
    /// The folder, beneath the root of the library or of a tree of its own, as the names say.
    pub folder: RelPath,
    /// The name there.
    pub name: Name,
    /// Whether artwork alone needs the folder.
    pub is_synthetic_folder: bool,
    /// The entity that the picture is for.
    pub entity: EntityId,
    /// What it is of.
    pub image_type: ImageType,
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// Its extension in the cache, without dot.
    pub extension: String,
    /// Its size in bytes.
    pub byte_count: u64,
    /// When it was chosen: its mtime.
    pub selected_at: UnixSeconds,
}

/// A layout that was worked out. It ends with the next change that this connection makes, which the borrow prevents.
#[derive(Debug)]
pub struct Layouts<'a> {
    catalog: &'a mut Catalog,
    /// Pictures that a path was refused, the first [`super::Published::CONFLICTS_MAX`] of them.
    pub conflicts: Vec<Conflict>,
    /// How many there were.
    pub conflict_count: u64,
}

const PAGE: &str = "
    SELECT w.folder, w.name, w.is_synthetic, w.entity_id, w.image_type, w.image_number, f.sha256, f.extension,
           f.byte_count, coalesce(c.selected_at, f.created_at) AS selected_at
    FROM temp.wanted w
    CROSS JOIN cache_image_files f ON f.id = w.cache_file_id
    LEFT JOIN asset_candidates c ON c.entity_id = w.entity_id AND c.image_type = w.image_type
        AND c.image_number = w.image_number AND c.is_selected = 1
    WHERE w.library_id = ?1 AND (w.folder, w.name) > (?2, ?3)
    ORDER BY w.folder, w.name LIMIT ?4";

impl Catalog {
    /// Works out where what is selected and not withheld of a library would lie, by the paths that `places` tells. It is
    /// called in the order of entities and must not change the catalog.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn lay_out(
        &mut self,
        library: LibraryId,
        places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    ) -> Result<Layouts<'_>, CatalogError> {
        let mut exceptions = Exceptions::default();
        self.note(|connection| {
            replace::clear(connection)?;
            fill_scope(connection, Scope::Libraries(&[library]))?;
            fill_wanted(connection, Scope::Libraries(&[library]), places, &mut exceptions)
        })?;
        Ok(Layouts { catalog: self, conflicts: exceptions.conflicts, conflict_count: exceptions.conflict_count })
    }
}

impl Layouts<'_> {
    /// A page of a library's pictures by path, at most `limit`, behind `after`. A page that is not full is the last one.
    ///
    /// # Errors
    /// When the catalog cannot be read, or a row is not valid.
    pub fn page(&self, library: LibraryId, after: Option<&PathKey>, limit: u32) -> Result<Vec<LaidOut>, CatalogError> {
        let (folder, name) = after.map_or((&[][..], &[][..]), PathKey::parts);
        self.catalog.read(|connection| {
            let mut statement = connection.prepare_cached(PAGE)?;
            let rows = statement.query_map((library, folder, name, limit), laid_out)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

impl LaidOut {
    /// The place behind it in a list.
    #[must_use]
    pub fn key(&self) -> PathKey {
        PathKey::new(&self.folder, &self.name)
    }
}

fn laid_out(row: &Row<'_>) -> rusqlite::Result<LaidOut> {
    Ok(LaidOut {
        folder: row.get("folder")?,
        name: row.get("name")?,
        is_synthetic_folder: row.get("is_synthetic")?,
        entity: row.get("entity_id")?,
        image_type: image_type(row)?,
        hash: row.get("sha256")?,
        extension: extension(row)?,
        byte_count: count(row, "byte_count")?,
        selected_at: row.get("selected_at")?,
    })
}
