//! What a killed mount left undone, made good before the next one serves.
//!
//! A rename was noted before it happened in the source: whether it did is told by the inode. A write was noted before
//! the file got its name: if it is there it is taken in, if not the picture is shown again.

use crate::catalog::{Catalog, Stamp};
use crate::model::UnixSeconds;
use crate::phase::{PhaseError, follow_rename};

use super::index::FolderKey;
use super::view::View;
use super::written::Wrote;

/// Makes the catalog follow what has happened in the source. `is_at_work` tells of other mounting processes, whose
/// changes are their own business.
///
/// # Errors
/// When the catalog cannot be read or written.
pub fn recover<B>(
    view: &View<B>,
    catalog: &mut Catalog,
    now: UnixSeconds,
    is_at_work: impl Fn(u32) -> bool,
) -> Result<(), PhaseError> {
    for rename in catalog.open_renames()? {
        let key = |path: &crate::model::RelPath| FolderKey { library: rename.noted.library, folder: path.clone() };
        if is_at_work(rename.pid) || view.index().path_in_view(&key(&rename.noted.target)).is_none() {
            continue;
        }
        let has_happened = view.inode_at(&key(&rename.noted.target)) == Some(rename.noted.inode);
        tracing::warn!(from = %rename.noted.source, to = %rename.noted.target, has_happened, "a rename was cut short");
        if has_happened {
            let author = rename.noted.author.clone();
            follow_rename(catalog, rename.id, &Stamp { author, reason: "rename, after a crash".to_owned(), now })?;
        } else {
            catalog.drop_rename(rename.id)?;
        }
    }
    for write in catalog.pending_writes()?.into_iter().filter(|write| !is_at_work(write.pid)) {
        let key = FolderKey { library: write.mapping.library, folder: write.mapping.folder.clone() };
        if view.index().path_in_view(&key).is_some() {
            let (mapping, action, program) = (write.mapping.id, write.action, write.program);
            view.written().arrive(Wrote { mapping, action, program });
        }
    }
    Ok(())
}
