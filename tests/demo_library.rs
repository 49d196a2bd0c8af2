//! The demo's library holds what the scanner must tell apart, and the scanner does.

use std::path::{Path, PathBuf};

use posterfs::demo::make_library;
use posterfs::library::{IdentifiedKind, identify};
use posterfs::model::{EntityType, LibraryKind};

fn videos_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(videos_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "avi") {
            found.push(path);
        }
    }
    found
}

#[test]
fn its_films_are_identified_and_the_other_videos_are_no_films() {
    let directory = tempfile::tempdir().unwrap();
    let library = make_library(&directory.path().join("Films")).unwrap();
    for path in videos_in(&library.root) {
        let identified = identify(&path, LibraryKind::Movies, Some(&library.root)).unwrap();
        match library.films.iter().find(|film| library.root.join(film.video) == path) {
            Some(film) => {
                assert_eq!(identified.kind, IdentifiedKind::Entity(EntityType::Movie), "{}", path.display());
                let identity = identified.identity;
                assert_eq!((identity.title.as_str(), identity.year), (film.title, Some(film.year)));
                assert_eq!(identity.ids.is_empty(), !film.video.contains("tmdb"), "{}", path.display());
            }
            None => assert_eq!(identified.kind, IdentifiedKind::Extra, "{}", path.display()),
        }
    }
}
