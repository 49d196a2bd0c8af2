//! A rename that somebody tells of afterwards.

use crate::catalog::{Catalog, Library, NewRename, Stamp};
use crate::library::{EntryKind, Source};
use crate::model::RelPath;

use super::{PhaseError, follow_rename};

/// Makes what is known of a file follow it, if it was renamed as is told and nobody has followed yet: there is nothing at the
/// old path any more, a file at the new one, and the catalog knows it by the old one. Anything else is left to a scan.
/// Whether it followed.
///
/// # Errors
/// When the tree cannot be looked at, or the catalog cannot be written.
pub fn follow_told(
    catalog: &mut Catalog,
    library: &Library,
    source: &Source,
    (from, to): (&RelPath, &RelPath),
    stamp: &Stamp,
) -> Result<bool, PhaseError> {
    match source.stat(from) {
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error.into()),
        Ok(_) => return Ok(false),
    }
    let stat = match source.stat(to) {
        Err(error) if error.is_not_found() => return Ok(false),
        stat => stat?,
    };
    if stat.kind != EntryKind::File || !catalog.concerns(library.id, from, false)? {
        return Ok(false);
    }
    let (source, target) = (from.clone(), to.clone());
    let author = stamp.author.clone();
    let noted = NewRename { library: library.id, source, target, is_folder: false, inode: stat.inode, author };
    let rename = catalog.begin_rename(&noted, stamp.now)?;
    follow_rename(catalog, rename, stamp)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::catalog::NewLibrary;
    use crate::model::{LibraryKind, SystemClock, UnixSeconds};
    use crate::phase::{NoProgress, scan};

    #[test]
    fn what_is_told_is_followed_once_and_only_where_it_is_true() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("films");
        fs::create_dir_all(root.join("Heat")).unwrap();
        fs::File::create(root.join("Heat/Heat.mkv")).unwrap();
        let mut catalog = Catalog::open(&folder.path().join("posterfs.db")).unwrap();
        let (name, naming) = ("films".to_owned(), "default".to_owned());
        let new = NewLibrary { name, path: root.clone(), kind: LibraryKind::Movies, naming };
        let library = catalog.add_library(&new, UnixSeconds::new(1)).unwrap();
        let source = Source::open(&root).unwrap();
        scan(&mut catalog, &library, &source, &SystemClock, &NoProgress).unwrap();
        let path = |text: &str| RelPath::parse(text.as_bytes()).unwrap();
        let stamp = Stamp { author: "radarr".to_owned(), reason: "rename".to_owned(), now: UnixSeconds::new(2) };
        let follow = |catalog: &mut Catalog, from: &str, to: &str| {
            follow_told(catalog, &library, &source, (&path(from), &path(to)), &stamp).unwrap()
        };
        assert!(!follow(&mut catalog, "Heat/Heat.mkv", "Heat/Other.mkv"), "it has not happened");
        fs::create_dir(root.join("Heat (1995)")).unwrap();
        fs::rename(root.join("Heat/Heat.mkv"), root.join("Heat (1995)/New.mkv")).unwrap();
        assert!(!follow(&mut catalog, "Heat/Heat.mkv", "Heat (1995)/Absent.mkv"), "nothing is there");
        assert!(!follow(&mut catalog, "Heat/Unknown.mkv", "Heat (1995)/New.mkv"), "nobody knows it");
        assert!(!follow(&mut catalog, "Heat", "Heat (1995)"), "folders are left to the scan");
        assert!(follow(&mut catalog, "Heat/Heat.mkv", "Heat (1995)/New.mkv"));
        assert!(!follow(&mut catalog, "Heat/Heat.mkv", "Heat (1995)/New.mkv"), "it has followed already");
        let found = catalog.entities_at(library.id, &path("Heat (1995)")).unwrap();
        assert_eq!(found[0].video, Some(path("Heat (1995)/New.mkv")));
        assert!(catalog.open_renames().unwrap().is_empty());
    }
}
