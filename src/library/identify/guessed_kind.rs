//! Which kind of library a path is of where none is known.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::library::layout::{FileKind, kind_by_extension, kind_of_library_named, tells_episode, tells_season};
use crate::model::{LibraryKind, Name};

/// The kind of library that a path is of: what a folder on the way is called (`tv`, `Music`), else what the names tell: a
/// track, an episode, a season. Films where nothing does.
#[must_use]
pub fn guessed_kind(path: &Path) -> LibraryKind {
    let names = || path.ancestors().filter_map(|path| Name::parse(path.file_name()?.as_bytes()).ok());
    let by_folder = names().skip(1).find_map(|name| kind_of_library_named(name.as_bytes()));
    let is_track = || names().next().is_some_and(|name| kind_by_extension(name.as_bytes()) == FileKind::Audio);
    let is_of_series = || names().any(|name| tells_episode(&name) || tells_season(&name));
    by_folder.unwrap_or_else(|| match () {
        () if is_track() => LibraryKind::Music,
        () if is_of_series() => LibraryKind::Tv,
        () => LibraryKind::Movies,
    })
}
