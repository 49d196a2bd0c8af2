use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::catalog::NewLibrary;
use crate::model::{LibraryKind, Name};

use super::*;

fn now() -> UnixSeconds {
    UnixSeconds::new(1000)
}

/// A library with a film folder, a bin and a catalog that knows the library.
struct World {
    folder: TempDir,
    catalog: Catalog,
    bin: Recycle,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("films/Heat")).unwrap();
        let mut catalog = Catalog::open(&folder.path().join("posterfs.db")).unwrap();
        let library = NewLibrary {
            name: "films".to_owned(),
            path: folder.path().join("films"),
            kind: LibraryKind::Movies,
            naming: "default".to_owned(),
        };
        catalog.add_library(&library, now()).unwrap();
        let bin = Recycle::open(&folder.path().join("recycle")).unwrap();
        Self { folder, catalog, bin }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn write(&self, below: &str, bytes: &[u8]) {
        File::create(self.path(below)).unwrap().write_all(bytes).unwrap();
    }

    fn remove(&self, below: &str) -> Entry {
        let path = self.path(below);
        let folder = File::open(path.parent().unwrap()).unwrap();
        let name = Name::parse(path.file_name().unwrap().as_bytes()).unwrap();
        self.bin.take(folder.as_fd(), &name, &path, "a test", now()).unwrap()
    }

    fn bring(&self, entry: &Entry, replaces: bool) -> Result<BroughtBack, PhaseError> {
        let place = whereabouts(&self.catalog, &self.path("cache"), entry)?;
        let Whereabouts::Library(library, path) = place else { panic!("{place:?}") };
        let root = File::open(&library.path).unwrap();
        let how = BringBack { recycle: &self.bin, replaces, mode: PublishMode::Apply, now: now() };
        how.bring(entry, root.as_fd(), &library.path, &path)
    }
}

#[test]
fn a_file_comes_back_also_where_its_folder_is_gone() {
    let world = World::new();
    world.write("films/Heat/poster.jpg", b"mine");
    let entry = world.remove("films/Heat/poster.jpg");
    fs::remove_dir(world.path("films/Heat")).unwrap();
    let brought = world.bring(&entry, false).unwrap();
    assert_eq!(brought, BroughtBack { place: world.path("films/Heat/poster.jpg"), has_replaced: false });
    assert_eq!(fs::read(&brought.place).unwrap(), b"mine");
    assert!(world.bin.entries().unwrap().is_empty());
    assert!(matches!(world.bring(&entry, true), Err(PhaseError::Recycle(_))), "it is not there twice");
}

#[test]
fn nothing_is_written_over_and_what_is_replaced_can_be_brought_back_itself() {
    let world = World::new();
    world.write("films/Heat/poster.jpg", b"first");
    let entry = world.remove("films/Heat/poster.jpg");
    world.write("films/Heat/poster.jpg", b"second");
    let refused = world.bring(&entry, false).unwrap_err().to_string();
    assert!(refused.contains("--force"), "{refused}");
    assert_eq!(fs::read(world.path("films/Heat/poster.jpg")).unwrap(), b"second");
    assert!(world.bring(&entry, true).unwrap().has_replaced);
    assert_eq!(fs::read(world.path("films/Heat/poster.jpg")).unwrap(), b"first");
    let left = world.bin.entries().unwrap();
    assert_eq!((left.len(), fs::read(world.bin.data_path(&left[0])).unwrap()), (1, b"second".to_vec()));
    fs::remove_file(world.path("films/Heat/poster.jpg")).unwrap();
    fs::create_dir(world.path("films/Heat/poster.jpg")).unwrap();
    assert!(world.bring(&left[0], true).is_err(), "a folder is never replaced");
    assert_eq!(world.bin.entries().unwrap(), left);
}

/// Rule 7: "Nothing from outside is trusted: …, file names, even paths in the database."
#[test]
fn a_record_cannot_have_a_file_written_elsewhere() {
    let world = World::new();
    world.write("films/Heat/poster.jpg", b"hostile");
    let entry = world.remove("films/Heat/poster.jpg");
    for origin in [
        "/etc/cron.d/evil".into(),
        "etc/passwd".into(),
        "".into(),
        world.path("films"),
        world.path("films/../outside.jpg"),
        world.path("films/Heat/../../outside.jpg"),
        world.path("films-but-not/poster.jpg"),
        world.path("posterfs.db"),
    ] {
        let hostile = Entry { origin: origin.clone(), ..entry.clone() };
        let refused = world.bring(&hostile, true).unwrap_err();
        assert!(matches!(refused, PhaseError::NoPlaceToBringBack { .. }), "{origin:?}: {refused}");
    }
    symlink(world.folder.path(), world.path("films/link")).unwrap();
    let through = Entry { origin: world.path("films/link/outside.jpg"), ..entry.clone() };
    let refused = world.bring(&through, true).unwrap_err().to_string();
    assert!(refused.contains("`link`"), "{refused}");
    assert!(!world.path("outside.jpg").exists() && world.bin.entries().unwrap().contains(&entry));
}

#[test]
fn a_word_is_an_id_or_a_path_with_all_below_it() {
    let entry = |id: &str, origin: &str| Entry {
        id: id.to_owned(),
        origin: origin.into(),
        reason: String::new(),
        removed_at: now(),
        byte_count: 1,
    };
    let entries = [entry("1", "/m/a/x.jpg"), entry("2", "/m/a/x.jpg"), entry("3", "/m/a/y.jpg"), entry("4", "/m/ab")];
    let named = |word: &str| entries_named(&entries, Path::new(word), Path::new(word)).into_iter();
    let ids = |word: &str| named(word).map(|entry| entry.id.clone()).collect::<Vec<_>>().concat();
    assert_eq!(
        (ids("1"), ids("/m/a"), ids("/m/a/x.jpg"), ids("/m"), ids("/n")),
        ("1".into(), "23".into(), "2".into(), "234".into(), String::new())
    );
}
