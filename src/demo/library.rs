//! The films of the demo, and how they lie on disk: in folders of their own and together in one, with an id in a name,
//! a poster that was there before, names that are no ASCII, and things that are no films.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::artwork::{Size, draw_poster};
use super::video::write_video;

/// A film of the demo, beneath the root of its library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoFilm {
    /// Its title.
    pub title: &'static str,
    /// Its year.
    pub year: u16,
    /// Its video, relative to the root of the library.
    pub video: &'static str,
    /// What its pictures are drawn from.
    pub seed: u64,
}

/// The library that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoLibrary {
    /// Its root.
    pub root: PathBuf,
    /// Its films.
    pub films: Vec<DemoFilm>,
}

const FILMS: [DemoFilm; 6] = [
    DemoFilm {
        title: "The Lantern Keeper",
        year: 1998,
        video: "The Lantern Keeper (1998)/The Lantern Keeper (1998).avi",
        seed: 1,
    },
    DemoFilm {
        title: "Midnight Orchard",
        year: 2007,
        video: "Midnight Orchard (2007) {tmdb-99000603}/Midnight Orchard (2007).avi",
        seed: 2,
    },
    DemoFilm {
        title: "Harbour of Glass",
        year: 2013,
        video: "Harbour of Glass (2013)/Harbour of Glass (2013).avi",
        seed: 3,
    },
    DemoFilm {
        title: "Été à Sælbygd", year: 2019, video: "Été à Sælbygd (2019)/Été à Sælbygd (2019).avi", seed: 4
    },
    DemoFilm { title: "Paper Moonrise", year: 1962, video: "Matinee/Paper Moonrise (1962).avi", seed: 5 },
    DemoFilm { title: "The Brass Compass", year: 1971, video: "Matinee/The Brass Compass (1971).avi", seed: 6 },
];

/// Videos that are no films: an extra and a sample.
const OTHER_VIDEOS: [(&str, &str); 2] = [
    ("The Lantern Keeper (1998)/Behind The Scenes/Building the Lantern.avi", "Building the Lantern"),
    ("Midnight Orchard (2007) {tmdb-99000603}/Sample/midnight-orchard-sample.avi", "Sample"),
];

/// A poster that somebody put there before posterfs came.
const ORIGINAL: (&str, &str, u64) = ("Harbour of Glass (2013)/folder.jpg", "An old poster", 20);

/// Makes the library in that folder, which is made where it does not exist. What is there already is left as it is, so
/// this can be run again after it was stopped.
///
/// # Errors
/// When something cannot be written; the error names the path.
pub fn make_library(root: &Path) -> io::Result<DemoLibrary> {
    for film in &FILMS {
        named(root, film.video, |path| write_video(path, film.title, film.seed))?;
    }
    for (video, title) in OTHER_VIDEOS {
        named(root, video, |path| write_video(path, title, 0))?;
    }
    let (original, title, seed) = ORIGINAL;
    let size = Size { width: 500, height: 750 };
    named(root, original, |path| write_new(path, || draw_poster(title, seed, size).map_err(io::Error::other)))?;
    Ok(DemoLibrary { root: root.to_owned(), films: FILMS.to_vec() })
}

/// Makes the folders of a file and the file itself; an error then names the file.
fn named(root: &Path, below: &str, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let path = root.join(below);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| make(&path));
    made.map_err(|error| io::Error::new(error.kind(), format!("cannot make {}: {error}", path.display())))
}

/// Writes a file unless there is something of that name; whole or not at all.
pub(super) fn write_new(path: &Path, content: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder)?;
    file.write_all(&content()?)?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable)?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// Every file beneath a folder with its content and inode.
    fn tree(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u64)> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(tree(&path));
            } else {
                let inode = fs::metadata(&path).unwrap().ino();
                found.insert(path.clone(), (fs::read(&path).unwrap(), inode));
            }
        }
        found
    }

    #[test]
    fn the_library_is_the_same_everywhere_and_making_it_again_changes_nothing() {
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let contents = directories.each_ref().map(|directory| {
            let root = directory.path().join("films");
            let library = make_library(&root).unwrap();
            assert!(library.films.iter().all(|film| root.join(film.video).is_file()));
            let made = tree(&root);
            assert_eq!(made.len(), FILMS.len() + OTHER_VIDEOS.len() + 1);
            assert_eq!(make_library(&root).unwrap(), library);
            assert_eq!(tree(&root), made);
            made.into_iter().map(|(path, (bytes, _))| (path.strip_prefix(&root).unwrap().to_owned(), bytes)).collect()
        });
        let [one, other]: [BTreeMap<PathBuf, Vec<u8>>; 2] = contents;
        assert_eq!(one, other);
    }

    #[test]
    fn what_somebody_has_there_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let mine = directory.path().join(FILMS[0].video);
        fs::create_dir_all(mine.parent().unwrap()).unwrap();
        fs::File::create(&mine).unwrap().write_all(b"mine").unwrap();
        make_library(directory.path()).unwrap();
        assert_eq!(fs::read(&mine).unwrap(), b"mine");
    }

    #[test]
    fn an_error_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("file");
        fs::File::create(&root).unwrap();
        let error = make_library(&root).unwrap_err().to_string();
        assert!(error.contains(FILMS[0].video), "{error}");
    }
}
