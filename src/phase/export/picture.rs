//! What is exported where: the published mappings, or what is selected under other names.

use crate::catalog::{self, Catalog, Layouts, PathKey, RefusedRow};
use crate::model::{ContentHash, LibraryId, Name, RelPath, UnixSeconds};
use crate::phase::PhaseError;

/// A picture on its way to a path.
pub(super) struct Picture {
    pub(super) folder: RelPath,
    pub(super) name: Name,
    pub(super) hash: ContentHash,
    pub(super) extension: String,
    pub(super) byte_count: u64,
    pub(super) mtime: UnixSeconds,
    /// Whether artwork alone needs the folder; `None` where that has to be looked up.
    is_synthetic_folder: Option<bool>,
}

/// A part of the pictures, by folder and name.
pub(super) struct Page {
    pub(super) pictures: Vec<Picture>,
    /// Rows that are not followed.
    pub(super) refused: Vec<RefusedRow>,
    /// Where the next page begins; `None` behind the last one.
    pub(super) next: Option<PathKey>,
}

/// All pictures of an export.
pub(super) trait Pictures {
    /// At most `limit` of them, behind `after`.
    fn page(&self, after: Option<&PathKey>, limit: u32) -> Result<Page, PhaseError>;

    /// Whether the folder of a picture may be made where folders in general are not.
    fn is_synthetic(&self, picture: &Picture) -> Result<bool, PhaseError>;
}

/// The current mappings of a library.
pub(super) struct Published<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) library: LibraryId,
}

/// What is selected in a library, under other names.
pub(super) struct LaidOut<'a> {
    pub(super) layouts: Layouts<'a>,
    pub(super) library: LibraryId,
}

impl Pictures for Published<'_> {
    fn page(&self, after: Option<&PathKey>, limit: u32) -> Result<Page, PhaseError> {
        let page = self.catalog.mappings_page(self.library, after, limit)?;
        let pictures = page.mappings.into_iter().map(|mapping| Picture {
            folder: mapping.folder,
            name: mapping.name,
            hash: mapping.hash,
            extension: mapping.extension,
            byte_count: mapping.byte_count,
            mtime: mapping.published_at,
            is_synthetic_folder: None,
        });
        Ok(Page { pictures: pictures.collect(), refused: page.refused, next: page.next })
    }

    fn is_synthetic(&self, picture: &Picture) -> Result<bool, PhaseError> {
        let folder = self.catalog.mapping_folder_at(self.library, &picture.folder)?;
        Ok(folder.is_some_and(|known| known.is_synthetic))
    }
}

impl Pictures for LaidOut<'_> {
    fn page(&self, after: Option<&PathKey>, limit: u32) -> Result<Page, PhaseError> {
        let rows = self.layouts.page(self.library, after, limit)?;
        let next = rows.last().filter(|_| rows.len() == limit as usize).map(catalog::LaidOut::key);
        let pictures = rows.into_iter().map(|row| Picture {
            folder: row.folder,
            name: row.name,
            hash: row.hash,
            extension: row.extension,
            byte_count: row.byte_count,
            mtime: row.selected_at,
            is_synthetic_folder: Some(row.is_synthetic_folder),
        });
        Ok(Page { pictures: pictures.collect(), refused: Vec::new(), next })
    }

    fn is_synthetic(&self, picture: &Picture) -> Result<bool, PhaseError> {
        Ok(picture.is_synthetic_folder == Some(true))
    }
}
