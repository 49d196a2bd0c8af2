//! Where the same bytes are found again, and what happens where they are not.

use std::fs;

use posterfs::phase::{ExportMode, Flaw, Repaired};

use crate::care::{
    HEAT, UP, assert_whole, binned, cached, chosen_from, collect, damage, deep, exported, films, flaws, hash, mend,
    quick,
};
use crate::support::{Tmpfs, World, png, write};

/// Takes away the poster of Heat and the file that it was chosen from.
fn bereaved() -> World {
    let world = films();
    fs::remove_file(cached(&world, 1)).unwrap();
    fs::remove_file(chosen_from(&world, 1)).unwrap();
    world
}

#[track_caller]
fn repaired_from(world: &mut World, place: &str) {
    let findings = quick(world);
    let missing: Vec<_> = findings.iter().filter(|finding| finding.flaw == Flaw::Missing).cloned().collect();
    assert_eq!(missing.len(), 1, "{findings:#?}");
    match &mend(world, &findings, false)[0] {
        Repaired::Repaired(how) => assert!(how.contains(place), "{how}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read(cached(world, 1)).unwrap(), png(1));
}

#[test]
fn from_an_exported_copy_in_a_folder() {
    let mut world = films();
    let to = exported(&mut world, ExportMode::Copy);
    fs::remove_file(cached(&world, 1)).unwrap();
    fs::remove_file(chosen_from(&world, 1)).unwrap();
    repaired_from(&mut world, to.to_str().unwrap());
    assert_whole(&mut world);
}

#[test]
fn from_a_copy_in_the_library_itself() {
    let mut world = bereaved();
    write(&world.path(b"Heat (1995)/poster.png"), &png(1));
    repaired_from(&mut world, "Heat (1995)/poster.png");
    assert_whole(&mut world);
}

#[test]
fn from_the_recycle_bin() {
    let mut world = films();
    fs::remove_file(chosen_from(&world, 1)).unwrap();
    let folder = cached(&world, 1).parent().unwrap().to_owned();
    let name = posterfs::model::Name::parse(cached(&world, 1).file_name().unwrap().as_encoded_bytes()).unwrap();
    let opened = fs::File::open(&folder).unwrap();
    let now = posterfs::model::UnixSeconds::new(7);
    world.recycle.take(std::os::fd::AsFd::as_fd(&opened), &name, &cached(&world, 1), "a mishap", now).unwrap();
    repaired_from(&mut world, "recycle");
    assert_whole(&mut world);
}

#[test]
fn from_another_place_in_the_cache() {
    let mut world = films();
    fs::remove_file(chosen_from(&world, 1)).unwrap();
    let astray = world.cache.root().join("assets/00/00").join(cached(&world, 1).file_name().unwrap());
    fs::create_dir_all(astray.parent().unwrap()).unwrap();
    fs::rename(cached(&world, 1), &astray).unwrap();
    repaired_from(&mut world, "assets/00/00");
    assert!(!astray.exists(), "it is in the recycle bin");
    assert_whole(&mut world);
}

#[test]
fn never_from_anything_that_is_not_the_same() {
    let mut world = bereaved();
    // The same size, name and place.
    let mut other = png(1);
    other[60] ^= 1;
    write(&world.path(b"Heat (1995)/poster.png"), &other);
    write(&chosen_from(&world, 1), &other);
    let findings = quick(&mut world);
    let outcomes = mend(&mut world, &findings, false);
    assert!(matches!(&outcomes[..], [Repaired::Left(_)]), "{outcomes:?}");
    assert!(!cached(&world, 1).exists());
}

/// Rule 3: a manual choice always wins.
#[test]
fn a_locked_picture_is_never_exchanged_for_another() {
    let mut world = bereaved();
    let film = world.film(HEAT).id;
    let before = (world.catalog.selections_of(film).unwrap(), world.catalog.mappings_of(film).unwrap());
    let findings = quick(&mut world);
    let outcomes = mend(&mut world, &findings, false);
    match &outcomes[..] {
        [Repaired::Left(why)] => assert!(why.contains("locked") && why.contains("posterfs select"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!((world.catalog.selections_of(film).unwrap(), world.catalog.mappings_of(film).unwrap()), before);
    // Its file comes back: now it can be repaired.
    write(&chosen_from(&world, 1), &png(1));
    repaired_from(&mut world, "chosen 1.png");
    assert_whole(&mut world);
}

#[test]
fn a_locked_picture_that_is_damaged_stays_where_it_is() {
    let mut world = films();
    fs::remove_file(chosen_from(&world, 1)).unwrap();
    damage(&cached(&world, 1), |bytes| bytes[70] ^= 1);
    let findings = deep(&mut world);
    assert!(matches!(mend(&mut world, &findings, false)[..], [Repaired::Left(_)]));
    assert!(cached(&world, 1).exists(), "half a picture is better than none");
    assert!(binned(&world).is_empty());
}

#[test]
fn what_is_no_longer_chosen_is_given_up() {
    let mut world = films();
    world.choose(HEAT, "poster", 3);
    world.publish(5000);
    fs::remove_file(cached(&world, 1)).unwrap();
    fs::remove_file(chosen_from(&world, 1)).unwrap();
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::Missing], "history shows it, and it is a candidate");
    assert!(!findings[0].affects[0].selected);
    let outcomes = mend(&mut world, &findings, false);
    assert!(matches!(&outcomes[..], [Repaired::Repaired(how)] if how.contains("nobody has")), "{outcomes:?}");
    assert_whole(&mut world);
    assert_eq!(fs::read(cached(&world, 3)).unwrap(), png(3));
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let mut world = films();
    damage(&cached(&world, 1), |bytes| bytes[50] ^= 1);
    let damaged = fs::read(cached(&world, 1)).unwrap();
    let Some(_disk) = Tmpfs::mount(&world.cache.root().join("tmp"), c"size=4k") else { return };
    write(&world.cache.root().join("tmp/ballast"), &[0; 4096]);
    let findings: Vec<_> = deep(&mut world).into_iter().filter(|found| found.flaw == Flaw::Corrupt).collect();
    assert_eq!(findings.len(), 1);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| mend(&mut world, &findings, false)));
    assert!(failed.is_err(), "it cannot be repaired now");
    assert_eq!(fs::read(cached(&world, 1)).unwrap(), damaged, "the file is where it was");
    assert!(binned(&world).is_empty());
    drop(_disk);
    assert!(matches!(mend(&mut world, &findings, false)[..], [Repaired::Repaired(_)]));
    assert_whole(&mut world);
}

#[test]
fn what_was_collected_too_early_comes_back() {
    let mut world = films();
    fs::remove_file(chosen_from(&world, 2)).unwrap();
    let bytes = fs::read(cached(&world, 2)).unwrap();
    // A clock that jumped: the row was written long after, and the file was taken for garbage.
    let copy = world.folder.path().join("copy.db");
    world.catalog.copy_as_it_is(&copy).unwrap();
    let film = world.film(UP).id;
    crate::care::raw(&world)
        .execute_batch(&format!(
            "DELETE FROM asset_candidates WHERE entity_id = {film};
             DELETE FROM library_image_files WHERE entity_id = {film};
             DELETE FROM cache_image_files WHERE entity_id = {film}"
        ))
        .unwrap();
    assert_eq!(collect(&mut world).files, 1);
    assert!(!cached(&world, 2).exists());
    crate::care::go_back_to(&mut world, &copy);
    let findings = quick(&mut world);
    assert_eq!(flaws(&findings), [Flaw::Missing]);
    assert!(matches!(mend(&mut world, &findings, false)[..], [Repaired::Repaired(_)]));
    assert_eq!(hash(&fs::read(cached(&world, 2)).unwrap()), hash(&bytes));
    assert_whole(&mut world);
}
