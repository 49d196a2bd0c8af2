//! Several processes and kills. The test binary starts itself again: the ignored tests below are what the child
//! does, in a folder that its working directory names; run by hand elsewhere, they find no order and do nothing.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use posterfs::catalog::{Catalog, EntityEdit, EntityFilter, PublishMode, Scope};

use crate::support::{Fixture, at, film, in_own_folder, picture, stamp};

const ORDER: &str = "child.order";
const CATALOG: &str = "posterfs.db";

fn start(test: &str, folder: &Path, order: &str) -> Child {
    fs::File::create(folder.join(ORDER)).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("processes::{test}"), "--test-threads=1", "--skip", order])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The word that follows `--skip` on the command line; `None` when nobody ordered anything.
fn order() -> Option<String> {
    Path::new(ORDER).exists().then(|| std::env::args().next_back()).flatten()
}

#[test]
#[ignore = "run by two_processes_write_at_once"]
fn child_writes_films() {
    let Some(prefix) = order() else { return };
    let mut catalog = Catalog::open(Path::new(CATALOG)).unwrap();
    let library = catalog.libraries().unwrap().first().map(|library| library.id);
    let library = library.unwrap_or_else(|| {
        let added = catalog.add_library(&crate::support::new_library("films", "/films"), at(0));
        added.map(|library| library.id).unwrap_or_else(|_| catalog.library_named("films").unwrap().id)
    });
    for number in 0..50 {
        catalog.record(&[film(library, &format!("{prefix} {number}"), vec![])], at(1)).unwrap();
    }
}

#[test]
fn two_processes_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    // Neither finds a catalog: both make one.
    let children = ["one", "two", "three"].map(|prefix| start("child_writes_films", folder.path(), prefix));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let catalog = Catalog::open_read_only(&folder.path().join(CATALOG)).unwrap();
    assert_eq!(catalog.list_entities(&EntityFilter::default(), None, 1000).unwrap().len(), 150);
    assert_eq!(catalog.libraries().unwrap().len(), 1);
}

#[test]
#[ignore = "run by a_publish_that_is_killed_has_not_happened"]
fn child_dies_while_publishing() {
    let Some(survived) = order().and_then(|order| order.parse::<u8>().ok()) else { return };
    let mut catalog = Catalog::open(Path::new(CATALOG)).unwrap();
    let mut pictures: u8 = 0;
    let die_midway = |picture: &posterfs::catalog::SelectedPicture| {
        if pictures == survived {
            std::process::abort();
        }
        pictures += 1;
        in_own_folder(picture)
    };
    catalog.publish(Scope::All, PublishMode::Apply, &stamp(20), die_midway).unwrap();
    std::process::abort();
}

/// Rule 4: "… safe to kill at any instant: run it again and the result is as if it had never stopped."
#[test]
fn a_publish_that_is_killed_has_not_happened() {
    for (survived, shown) in [(0, 0), (3, 0), (9, 0), (10, 10)] {
        let mut fixture = Fixture::new();
        for number in 0..10 {
            let film = fixture.film(&format!("film {number}"));
            fixture.catalog.select_by_hand(&picture(film, "poster", number), at(3)).unwrap();
        }
        let mut child = start("child_dies_while_publishing", fixture.folder.path(), &survived.to_string());
        assert!(!child.wait().unwrap().success());
        assert_eq!(fixture.catalog.counts().unwrap().mappings, shown, "killed after {survived}");
        let again = fixture.publish(30);
        assert_eq!((again.added, again.unchanged), (10 - shown, shown), "killed after {survived}");
    }
}

#[test]
fn readers_do_not_wait_for_a_writer() {
    let mut fixture = Fixture::new();
    let heat = fixture.film("Heat");
    fixture.catalog.select_by_hand(&picture(heat, "poster", 1), at(3)).unwrap();
    fixture.publish(10);
    fixture.catalog.select_by_hand(&picture(heat, "poster", 2), at(4)).unwrap();
    let reader = Catalog::open_read_only(fixture.catalog.path()).unwrap();
    let library = fixture.library;
    let mut seen = None;
    let read_midway = |picture: &posterfs::catalog::SelectedPicture| {
        // The writer holds its lock now; a reader that waited would wait for ever.
        let shown = reader.folder_mappings(library, &picture.entity.folder).unwrap().unwrap();
        seen = Some(shown.mapped[0].hash.as_bytes()[0]);
        in_own_folder(picture)
    };
    fixture.catalog.publish(Scope::All, PublishMode::Apply, &stamp(20), read_midway).unwrap();
    assert_eq!(seen, Some(1), "the state before the change, whole");
    let shown = reader.folder_mappings(library, &crate::support::path("Heat")).unwrap().unwrap();
    assert_eq!(shown.mapped[0].hash.as_bytes()[0], 2);
}

#[test]
#[ignore = "run by two_processes_edit_at_once"]
fn child_edits() {
    let Some(word) = order() else { return };
    let mut catalog = Catalog::open(Path::new(CATALOG)).unwrap();
    let film = catalog.list_entities(&EntityFilter::default(), None, 1).unwrap()[0].id;
    let set = |field: &str, value: String| EntityEdit::SetField(field.parse().unwrap(), value);
    for round in 0..30 {
        let title = format!("{word} {round}");
        let own = if word == "one" { "plot" } else { "tagline" };
        catalog.edit(film, &[set("title", title.clone()), set(own, title.clone())], at(round)).unwrap();
        if round % 10 == 9 {
            catalog.edit(film, &[EntityEdit::UnsetField("title".parse().unwrap())], at(round)).unwrap();
            catalog.edit(film, &[set("title", title)], at(round)).unwrap();
        }
    }
}

/// Whoever comes last is shown, whole; what only one of them says is not lost; and the tree's title is remembered.
#[test]
fn two_processes_edit_at_once() {
    let mut fixture = Fixture::new();
    let film = fixture.film("Heat");
    let children = ["one", "two"].map(|word| start("child_edits", fixture.folder.path(), word));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let entity = fixture.catalog.entity(film).unwrap().unwrap();
    let fields = fixture.catalog.fields_of(&entity).unwrap();
    let value = |name: &str| fields.iter().find(|one| one.field.field == name).unwrap().field.value.clone();
    assert_eq!((value("plot"), value("tagline")), ("one 29".into(), "two 29".into()));
    assert!(["one 29", "two 29"].contains(&value("title").as_str()) && entity.title == value("title"));
    assert_eq!(entity.sort_title, entity.title);
    let own = fixture.catalog.sourced_metadata_of(film).unwrap();
    assert!(own.iter().any(|one| one.field.field == "title" && one.field.value == entity.title));
    fixture.catalog.edit(film, &[EntityEdit::UnsetField("title".parse().unwrap())], at(99)).unwrap();
    assert_eq!(fixture.catalog.entity(film).unwrap().unwrap().title, "Heat");
}
