use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::*;

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

fn write(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// Every test runs both ways of resolving; links inside the tree are what only `openat2` follows.
fn both_ways(test: impl Fn(Source, bool)) {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("films");
    write(&root.join("Heat (1995)/Heat.mkv"), b"video");
    write(&outside.path().join("secret.txt"), b"secret");
    symlink("Heat (1995)/Heat.mkv", root.join("inside.mkv")).unwrap();
    symlink("Heat (1995)", root.join("folder-link")).unwrap();
    symlink("../secret.txt", root.join("leaving.mkv")).unwrap();
    symlink(outside.path().join("secret.txt"), root.join("absolute.mkv")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("..", root.join("up")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    write(&root.join(std::ffi::OsStr::from_bytes(b"Am\xe9lie.mkv")), b"");
    for has_openat2 in [true, false] {
        let source = Source::open(&root).unwrap();
        source.is_openat2_missing.store(!has_openat2, Ordering::Relaxed);
        test(source, has_openat2);
    }
}

#[test]
fn a_listing_tells_what_each_entry_is() {
    both_ways(|source, has_openat2| {
        let listed: Vec<_> =
            source.list(&RelPath::root()).unwrap().into_iter().map(|e| (e.name.to_string(), e.kind)).collect();
        let if_followed = |kind| if has_openat2 { kind } else { EntryKind::Other };
        assert_eq!(
            listed,
            [
                ("Am\\xe9lie.mkv".to_owned(), EntryKind::File),
                ("Heat (1995)".to_owned(), EntryKind::Folder),
                ("absolute.mkv".to_owned(), EntryKind::Other),
                ("fifo".to_owned(), EntryKind::Other),
                ("folder-link".to_owned(), if_followed(EntryKind::LinkedFolder)),
                ("inside.mkv".to_owned(), if_followed(EntryKind::File)),
                ("leaving.mkv".to_owned(), EntryKind::Other),
                ("loop".to_owned(), EntryKind::Other),
                ("up".to_owned(), EntryKind::Other),
            ]
        );
    });
}

#[test]
fn nothing_outside_the_root_is_reached() {
    both_ways(|source, _| {
        for leaving in ["leaving.mkv", "absolute.mkv", "up/secret.txt", "up/films/inside.mkv", "loop", "fifo"] {
            assert!(source.open_file(&path(leaving)).is_err(), "{leaving}");
        }
        assert!(source.list(&path("up")).is_err());
    });
}

#[test]
fn files_are_read_and_errors_name_the_full_path() {
    both_ways(|source, _| {
        assert_eq!(source.read_start(&path("Heat (1995)/Heat.mkv"), 3).unwrap(), b"vid");
        assert_eq!(source.stat(&path("Heat (1995)/Heat.mkv")).unwrap().size_bytes, 5);
        assert_eq!(source.stat(&RelPath::root()).unwrap().kind, EntryKind::Folder);
        let error = source.list(&path("Heat (1995)/none")).unwrap_err();
        assert!(error.is_not_found());
        assert!(error.to_string().contains("films/Heat (1995)/none"), "{error}");
        assert!(source.list(&path("Heat (1995)/Heat.mkv")).is_err());
        assert!(source.open_file(&path("Heat (1995)")).is_err());
    });
}

#[test]
fn paths_longer_than_the_kernel_takes_are_read() {
    let root = tempfile::tempdir().unwrap();
    let source = Source::open(root.path()).unwrap();
    let name = Name::parse(&[b'd'; 200]).unwrap();
    let mut deep = RelPath::root();
    let mut folder = rustix::fs::open(root.path(), OFlags::PATH, Mode::empty()).unwrap();
    for _ in 0..30 {
        rustix::fs::mkdirat(&folder, name.as_os_str(), Mode::RWXU).unwrap();
        folder = rustix::fs::openat(&folder, name.as_os_str(), OFlags::PATH, Mode::empty()).unwrap();
        deep = deep.join(&name);
    }
    assert!(deep.as_bytes().len() > PATH_BYTES_MAX);
    assert!(source.list(&deep).unwrap().is_empty());
    assert_eq!(source.list(&deep.parent().unwrap()).unwrap().len(), 1);
}

#[test]
fn a_root_that_is_missing_or_no_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("file"), b"");
    for name in ["none", "file"] {
        let error = Source::open(&folder.path().join(name)).unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn the_tree_is_the_one_that_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("films/a.mkv"), b"");
    let source = Source::open(&folder.path().join("films")).unwrap();
    fs::rename(folder.path().join("films"), folder.path().join("moved")).unwrap();
    write(&folder.path().join("films/b.mkv"), b"");
    assert_eq!(source.list(&RelPath::root()).unwrap()[0].name.as_bytes(), b"a.mkv");
}
