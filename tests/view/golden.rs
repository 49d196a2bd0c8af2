//! A library of every layout through a real mount: beside the films there is what the golden listing of the default
//! profile says, and nothing else.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Catalog, EntityFilter};
use posterfs::demo::{Size, draw_poster};
use posterfs::model::{LibraryKind, UnixSeconds};
use posterfs::phase::select_file;

use crate::every_layout::{MOVIES, golden_paths, image_types};
use crate::support::{Folders, contents, posterfs, write};

/// Chooses a picture of every type for every item, as `select` does.
fn choose_all(folders: &Folders) {
    let mut catalog = Catalog::open(&folders.state().join("posterfs.db")).unwrap();
    let cache = Cache::open(&folders.state().join("cache")).unwrap();
    let picture = folders.plain().join("picture.jpg");
    write(&picture, draw_poster("Film", 1, Size { width: 60, height: 90 }).unwrap());
    for entity in catalog.list_entities(&EntityFilter::default(), None, 1000).unwrap() {
        for image_type in image_types(entity.entity_type) {
            let (choice, now) = ((entity.id, image_type), UnixSeconds::new(5));
            select_file(&mut catalog, &cache, choice, &picture, &Limits::default(), "tester", now).unwrap();
        }
    }
}

fn run(folders: &Folders, arguments: &[&str]) {
    let output = posterfs(&folders.state(), arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn the_view_shows_the_golden_listing() {
    let Some(folders) = Folders::new() else { return };
    for file in MOVIES {
        let path = folders.source().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap();
    }
    let source = folders.source().canonicalize().unwrap();
    run(&folders, &["library", "add", "films", source.to_str().unwrap(), "--kind", "movies"]);
    run(&folders, &["scan"]);
    choose_all(&folders);
    run(&folders, &["publish"]);
    let mount = folders.mount_beside(&[]);
    let shown: BTreeSet<PathBuf> = contents(&mount.view()).into_keys().collect();
    let published = golden_paths("default", LibraryKind::Movies).into_iter();
    let expected: BTreeSet<PathBuf> =
        published.chain(MOVIES.iter().map(|film| (*film).to_owned())).map(PathBuf::from).collect();
    assert_eq!(shown, expected);
}
