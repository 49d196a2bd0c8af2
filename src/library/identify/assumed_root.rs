//! Which folder is taken for the root of the library where none is known.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::library::layout::{FileKind, is_foreign_to, is_named_like_library, is_part_of_item, kind_by_extension};
use crate::model::{LibraryKind, Name};

/// Without a library, so many folders from the one of the path upwards may be parts of an item (`film/extras/more`). It
/// is few, so that a `/srv/samples` on the way to a library says nothing.
const PART_LEVELS_MAX: usize = 3;

/// The folder above that of the path, so that the path's own folder is no root. Where folders on the way belong to an
/// item further up (discs, extras, seasons), the folder above that item's. An episode of another name than the folder it
/// lies in, where that is named like a library, lies in the root itself.
pub(super) fn assumed_root(full: &Path, kind: LibraryKind) -> PathBuf {
    let folder = full.parent().unwrap_or(full);
    let name_of = |path: &Path| Name::parse(path.file_name().unwrap_or_default().as_bytes()).ok();
    // Right beneath `tv`, `24` is a show and no season; beneath `music`, `Live` is a band.
    let is_item = |path: &Path, name: &Name| {
        let is_number = name.as_bytes().iter().all(u8::is_ascii_digit);
        is_library_name(kind, path.parent()) && (is_number || kind == LibraryKind::Music)
    };
    let belongs_above = |path: &Path| {
        let Some(name) = name_of(path) else { return false };
        is_part_of_item(kind, &name, path.parent().and_then(name_of).as_ref()) && !is_item(path, &name)
    };
    let parts = folder.ancestors().take(PART_LEVELS_MAX).collect::<Vec<_>>();
    let levels = parts.iter().rposition(|path| belongs_above(path)).map_or(0, |part| part + 1);
    let levels =
        levels + usize::from(is_track(kind, full) && !is_library_name(kind, folder.ancestors().nth(levels + 1)));
    // A show may be called like a library, but an episode says which show it is of.
    let may_be_series = kind == LibraryKind::Tv && is_video(full);
    if is_library_name(kind, Some(folder)) && !may_be_series {
        return folder.to_owned();
    }
    // Also where the folder of a season lies in it: `tv/Season 1/Lost S01E02.mkv`.
    if let (Some(holder), Some(file)) = (folder.ancestors().nth(levels), name_of(full))
        && let Some(holder_name) = name_of(holder)
        && is_foreign_to(kind, &file, &holder_name, holder.ancestors().count() <= 2)
    {
        return holder.to_owned();
    }
    folder.ancestors().nth(levels + 1).unwrap_or(Path::new("/")).to_owned()
}

/// Whether a path is a track: its album's artist lies one folder further up.
fn is_track(kind: LibraryKind, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    kind == LibraryKind::Music && kind_by_extension(name) == FileKind::Audio
}

fn is_video(path: &Path) -> bool {
    kind_by_extension(path.file_name().unwrap_or_default().as_bytes()) == FileKind::Video
}

fn is_library_name(kind: LibraryKind, folder: Option<&Path>) -> bool {
    let name = folder.and_then(Path::file_name).unwrap_or_default();
    is_named_like_library(kind, name.as_bytes())
}
