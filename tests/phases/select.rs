use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use posterfs::cache::{Cache, Limits, Origin};
use posterfs::catalog::{CatalogError, PublishMode};
use posterfs::model::{EntityId, UnixSeconds};
use posterfs::phase::{PhaseError, deselect, select_file};

use crate::support::{STEPS_OF_PUT, World, png, stamp, write};

const HEAT: &[u8] = b"Heat (1995) {tmdb-949}/Heat.mkv";

#[test]
fn a_chosen_file_is_cached_noted_selected_and_locked() {
    let mut world = World::with(&[HEAT]);
    let film = world.film(HEAT).id;
    let first = world.choose(HEAT, "poster", 1);
    assert_eq!(fs::read(world.cache.path_of(&first.stored.hash, first.stored.picture.format.into())).unwrap(), png(1));
    let files = world.catalog.selections_of(film).unwrap();
    assert_eq!((files.len(), files[0].id, files[0].picture.width), (1, first.selected.cache_file, 20));
    assert!(world.catalog.locks_of(film).unwrap()[0].is_locked);

    let records = world.cache.records(&first.stored.hash).unwrap().records;
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!((record.title.as_str(), record.year, record.library.as_str()), ("Heat", Some(1995), "films"));
    assert_eq!((record.ids[0].1.as_str(), record.author.as_str(), record.selected), ("949", "tester", true));
    assert!(matches!(&record.origin, Origin::File(path) if path.is_absolute() && path.ends_with("chosen 1.png")));

    let second = world.choose(HEAT, "poster", 2);
    assert_eq!(world.catalog.selections_of(film).unwrap()[0].id, second.selected.cache_file);
    let records = world.cache.records(&first.stored.hash).unwrap().records;
    assert_eq!(records.iter().map(|record| record.selected).collect::<Vec<_>>(), [true, false]);
    assert!(records[1].origin == records[0].origin && records[1].locked);
}

/// One picture goes by one word, so that it is not chosen twice: what portrays an artist is its `thumb`.
#[test]
fn other_words_mean_the_same_picture() {
    let mut world = crate::recorded::music();
    let artist = world.catalog.entities_by_title("Björk", None).unwrap().remove(0).id;
    for (said, seed) in [("poster", 1), ("cover", 2), ("thumb", 3)] {
        world.choose_for(artist, said, seed);
    }
    let selected = world.catalog.selections_of(artist).unwrap();
    let types: Vec<_> = selected.iter().map(|file| file.picture.image_type.to_string()).collect();
    assert_eq!(types, ["thumb"]);
    let report = world.publish(10);
    assert_eq!((report.published.added, report.published.conflict_count), (1, 0));
    let folder = posterfs::model::RelPath::parse("Björk".as_bytes()).unwrap();
    let shown = world.catalog.folder_mappings(world.library.id, &folder).unwrap().unwrap();
    assert_eq!(shown.mapped[0].name.to_string(), "folder.png");
    let choice = [(artist, "poster".parse().unwrap())];
    let taken_back = deselect(&mut world.catalog, &world.cache, &choice, PublishMode::Apply, &stamp(11)).unwrap();
    assert!(taken_back.was_selected() && taken_back.published.removed == 1);
}

#[test]
fn the_same_choice_again_adds_nothing() {
    let mut world = World::with(&[HEAT]);
    let first = world.choose(HEAT, "poster", 1);
    let again = world.choose(HEAT, "poster", 1);
    assert_eq!((again.selected, again.stored.was_new), (first.selected, false));
    assert_eq!(world.cache.records(&first.stored.hash).unwrap().records.len(), 1);
}

#[test]
fn deselecting_ends_the_mapping_and_is_noted() {
    let mut world = World::with(&[HEAT]);
    let film = world.film(HEAT).id;
    let chosen = world.choose(HEAT, "poster", 1);
    world.publish(10);
    let poster = "poster".parse().unwrap();
    let choice = [(film, poster)];
    let deselected = deselect(&mut world.catalog, &world.cache, &choice, PublishMode::Apply, &stamp(11)).unwrap();
    assert!(deselected.was_selected() && deselected.published.removed > 0);
    assert!(world.catalog.mappings_of(film).unwrap().is_empty());
    let records = world.cache.records(&chosen.stored.hash).unwrap();
    let now = records.current();
    assert_eq!((now.len(), now[0].selected, now[0].locked), (1, false, true));
}

#[test]
fn what_is_no_picture_or_no_file_is_refused_and_changes_nothing() {
    let mut world = World::with(&[HEAT]);
    let film = world.film(HEAT).id;
    let folder = world.folder.path().to_owned();
    write(&folder.join("text.jpg"), b"no picture");
    write(&folder.join("cut.png"), &png(1)[..100]);
    rustix::fs::mknodat(rustix::fs::CWD, folder.join("pipe.jpg"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    fs::create_dir(folder.join("folder.jpg")).unwrap();
    for name in ["text.jpg", "cut.png", "pipe.jpg", "folder.jpg", "missing.jpg"] {
        let path = folder.join(name);
        let choice = (film, "poster".parse().unwrap());
        let now = UnixSeconds::new(5);
        let error = select_file(&mut world.catalog, &world.cache, choice, &path, &Limits::default(), "tester", now)
            .unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(matches!(error, PhaseError::Cache(_) | PhaseError::File { .. }), "{error:?}");
    }
    assert!(world.catalog.selections_of(film).unwrap().is_empty());
    assert!(world.catalog.locks_of(film).unwrap().is_empty());
    assert_eq!(world.cache.usage().unwrap().files, 0);
}

#[test]
fn an_unknown_item_is_refused_before_anything_is_cached() {
    let mut world = World::with(&[HEAT]);
    let file = world.folder.path().join("a.png");
    write(&file, &png(1));
    let choice = (EntityId::new(77), "poster".parse().unwrap());
    let error =
        select_file(&mut world.catalog, &world.cache, choice, &file, &Limits::default(), "tester", UnixSeconds::new(5))
            .unwrap_err();
    assert!(matches!(error, PhaseError::Catalog(CatalogError::NoSuchEntity { .. })), "{error:?}");
    assert_eq!(world.cache.usage().unwrap().files, 0);
}

/// Rule 2: "A mapping never points at a picture that is not durably in the cache."
#[test]
fn a_choice_killed_at_any_step_selects_nothing_and_can_be_made_again() {
    for step in STEPS_OF_PUT {
        let mut world = World::with(&[HEAT]);
        let film = world.film(HEAT).id;
        let file = world.folder.path().join("a.png");
        write(&file, &png(1));
        let dying = Cache::open(world.cache.root()).unwrap();
        let listening = posterfs::steps::listen(move |reached| assert!(reached != step, "killed"));
        let choice = (film, "poster".parse().unwrap());
        let died = catch_unwind(AssertUnwindSafe(|| {
            select_file(&mut world.catalog, &dying, choice, &file, &Limits::default(), "tester", UnixSeconds::new(5))
        }));
        drop(listening);
        assert!(died.is_err(), "{step:?} was not reached");
        assert!(world.catalog.selections_of(film).unwrap().is_empty(), "{step:?}");
        world.choose(HEAT, "poster", 1);
        assert_eq!(world.catalog.selections_of(film).unwrap().len(), 1, "{step:?}");
    }
}
