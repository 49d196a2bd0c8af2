//! What is made of one folder: asked by the walk, on any of its threads, so it has the source and nothing else.

use crate::catalog::{Library, ScannedFolder, ScannedItem};
use crate::library::layout::Context;
use crate::library::{OpenFolder, ReadFolder, Survey};
use crate::model::{Name, RelPath, UnixSeconds};

use super::items::Items;
use super::unchanged;

/// Looks into the folders of a library.
pub(super) struct Surveyor<'a> {
    pub(super) library: &'a Library,
}

/// What the catalog knows of a folder.
pub(super) struct Remembered {
    /// How the last scan left it.
    pub(super) row: Option<ScannedFolder>,
    /// When it was asked, which is before the folder is looked into.
    pub(super) asked_at: UnixSeconds,
}

/// What was found in a folder.
pub(super) struct Surveyed {
    /// Its items, and what they tell of others.
    pub(super) items: Vec<ScannedItem>,
    /// What could not be read, and what does not agree.
    pub(super) problems: Vec<(RelPath, String)>,
    /// The folder for the next scan to know again; `None` where that has to look again in any case.
    pub(super) row: Option<ScannedFolder>,
}

impl Survey for Surveyor<'_> {
    type Known = Remembered;
    type Found = Surveyed;

    fn unchanged(&self, folder: &OpenFolder<'_>, context: Option<&Context>, known: &Remembered) -> Option<Vec<Name>> {
        let row = known.row.as_ref()?;
        unchanged::is_unchanged(row, folder, context).then(|| row.children.clone())
    }

    fn found(&self, read: &ReadFolder, folder: &OpenFolder<'_>, known: Remembered) -> Surveyed {
        let mut items = Items::new(self.library, folder, &read.listing, &read.stat);
        read.verdict.items.iter().for_each(|item| items.add(item));
        let noted = unchanged::scanned_folder(self.library, &read.context, &read.stat, &items, read.children.clone());
        // What changed a moment ago may change again within the same tick of the file system's clock.
        let row = noted.filter(|noted| noted.changed_at < known.asked_at).map(|noted| noted.row);
        Surveyed { items: items.found, problems: items.problems, row }
    }
}
