use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use posterfs::catalog::{Catalog, CatalogError};
use rusqlite::Connection;

use crate::support::{Fixture, at, film, new_library};

fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_new_file_becomes_a_catalog_and_stays_the_same_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterfs.db");
    drop(Catalog::open(&path).unwrap());
    let first = schema(&path);
    assert!(first.iter().any(|sql| sql.starts_with("CREATE TABLE library_image_files")));
    for view in ["movies", "series", "seasons", "episodes", "actors", "movie_sets", "artists", "albums"] {
        let start = format!("CREATE VIEW {view} ");
        assert!(first.iter().any(|sql| sql.starts_with(&start)), "{view}");
    }
    drop(Catalog::open(&path).unwrap());
    assert_eq!(schema(&path), first);
    let connection = Connection::open(&path).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!((check.as_str(), mode.as_str()), ("ok", "wal"));
}

#[test]
fn a_catalog_where_nothing_can_be_written_can_still_be_read_whatever_its_path_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(OsStr::from_bytes(b"50% %41? #1 & \xff"));
    fs::create_dir(&odd).unwrap();
    let path = odd.join("posterfs.db");
    Catalog::open(&path).unwrap().add_library(&new_library("films", "/films"), at(0)).unwrap();
    let frozen = Catalog::open_frozen(&path).unwrap();
    assert_eq!(frozen.libraries().unwrap().len(), 1);
    let mut left: Vec<_> = fs::read_dir(&odd).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["posterfs.db", "posterfs.db.lock"]);
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(Catalog::open_frozen(&path), Err(CatalogError::Newer { found: 99, .. })));
}

#[test]
fn a_newer_schema_is_refused_naming_both_versions_and_left_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterfs.db");
    drop(Catalog::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let ours: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    for error in [Catalog::open(&path).unwrap_err(), Catalog::open_read_only(&path).unwrap_err()] {
        assert!(matches!(error, CatalogError::Newer { found: 99, known, .. } if known == ours), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("version 99") && text.contains(&format!("up to {ours}")), "{text}");
    }
    assert!(fs::read(&path).unwrap() == before, "the file has changed");
}

#[test]
fn a_file_that_is_no_catalog_is_refused_and_left_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::File::create(&text).unwrap().write_all(&b"a text, longer than the head of a database\n".repeat(10)).unwrap();
    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE movie (id); PRAGMA user_version = 1").unwrap();
    for path in [&text, &foreign] {
        let before = fs::read(path).unwrap();
        let error = Catalog::open(path).unwrap_err();
        assert!(matches!(error, CatalogError::Foreign { .. }), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(fs::read(path).unwrap() == before, "{} has changed", path.display());
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/posterfs.db");
    for error in [Catalog::open(&path).unwrap_err(), Catalog::open_read_only(&path).unwrap_err()] {
        assert!(matches!(error, CatalogError::Open { .. }), "{error:?}");
        assert!(error.to_string().contains("missing/posterfs.db"), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_said_to_be_so() {
    let fixture = Fixture::new();
    let path = fixture.catalog.path().to_owned();
    drop(fixture.catalog);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let result = Catalog::open(&path).and_then(|mut catalog| catalog.add_library(&new_library("x", "/x"), at(1)));
    match result {
        Ok(_) => assert!(is_root, "permissions do not bind root only"),
        Err(error) => assert!(matches!(error, CatalogError::ReadOnly { .. }), "{error:?}"),
    }
}

#[test]
fn a_reader_cannot_write_and_needs_a_catalog_of_its_schema() {
    let fixture = Fixture::new();
    let mut reader = Catalog::open_read_only(fixture.catalog.path()).unwrap();
    assert_eq!(reader.libraries().unwrap().len(), 1);
    let error = reader.add_library(&new_library("x", "/x"), at(1)).unwrap_err();
    assert!(matches!(error, CatalogError::ReadOnly { .. }), "{error:?}");

    let empty = fixture.folder.path().join("empty.db");
    Connection::open(&empty)
        .unwrap()
        .execute_batch("PRAGMA application_id = 0x70667331; PRAGMA user_version = 0")
        .unwrap();
    let error = Catalog::open_read_only(&empty).unwrap_err();
    assert!(matches!(error, CatalogError::Older { found: 0, .. }), "{error:?}");
}

/// A file system of `size`, unmounted when dropped.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = std::ffi::CString::new(format!("size={size}")).unwrap();
        let flags = rustix::mount::MountFlags::empty();
        match rustix::mount::mount("tmpfs", folder.path(), "tmpfs", flags, options.as_c_str()) {
            Ok(()) => Some(Self(folder)),
            Err(error) => {
                eprintln!("skipped: cannot mount a tmpfs here: {error}");
                None
            }
        }
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.0.path(), rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk_is_said_to_be_full_and_nothing_is_half_done() {
    let Some(disk) = Tmpfs::mount("1m") else { return };
    let path = disk.0.path().join("posterfs.db");
    let mut catalog = Catalog::open(&path).unwrap();
    let library = catalog.add_library(&new_library("films", "/films"), at(0)).unwrap().id;
    let mut recorded = 0;
    let error = loop {
        let titles = (recorded..recorded + 100).map(|number| film(library, &format!("film {number}"), vec![]));
        match catalog.record(&titles.collect::<Vec<_>>(), at(1)) {
            Ok(_) => recorded += 100,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CatalogError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("no space left"), "{error}");
    assert_eq!(catalog.counts().unwrap().entities, recorded);

    let none = Tmpfs::mount("4k").unwrap();
    fs::File::create(none.0.path().join("x")).unwrap().set_len(1).unwrap();
    let error = Catalog::open(&none.0.path().join("posterfs.db")).unwrap_err();
    assert!(matches!(error, CatalogError::Full { .. }), "{error:?}");
}
