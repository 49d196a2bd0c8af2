//! Renaming: mappings follow, and names that are made of others are made anew.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::support::{lists, names, set, wait_for, write};
use crate::world::{HEAT, World};

#[test]
fn rename_a_folder_a_video_or_a_picture() {
    let Some(world) = World::new() else { return };
    let (old, new) = (world.view(HEAT), world.view(b"Heat {tmdb-949} \xff"));
    let number = old.join("poster.jpg").metadata().unwrap().ino();
    // A folder: at once, with the same inode numbers, also for who looks from outside.
    fs::rename(&old, &new).unwrap();
    assert_eq!(fs::read(new.join("poster.jpg")).unwrap(), world.picture("a.jpg"));
    assert_eq!(new.join("poster.jpg").metadata().unwrap().ino(), number);
    assert_eq!(fs::read(new.join("extrafanart/fanart1.jpg")).unwrap(), world.picture("b.jpg"));
    assert!(!new.join("folder.jpg").exists() && !old.exists());
    assert_eq!(world.films.one(&["scan"])["added"], 0, "the scan finds the same film at its new place");
    assert_eq!(world.films.publish()["unchanged"], world.heat_mappings().len() + 5);
    // A video: names that are made of its name are made anew.
    fs::rename(new.join("Heat (1995).mkv"), new.join("Heat.mkv")).unwrap();
    let expected = set(&[
        "Heat.mkv",
        "Heat (1995).en.srt",
        "extras",
        "poster.jpg",
        "Heat-poster.jpg",
        "fanart1.jpg",
        "extrafanart",
        "clearlogo.png",
    ]);
    assert_eq!(names(&new), expected);
    assert_eq!(new.join("poster.jpg").metadata().unwrap().ino(), number, "names that stay are not touched");
    // A picture: the mapping gets the name.
    fs::rename(new.join("clearlogo.png"), new.join("logo.png")).unwrap();
    assert_eq!(fs::read(new.join("logo.png")).unwrap(), world.picture("logo.png"));
    assert!(!new.join("clearlogo.png").exists() && lists(&new, "logo.png") && !lists(&new, "clearlogo.png"));
    assert_eq!(world.films.publish()["changed"], 0);
    wait_for(|| new.join("clearlogo.png").exists() && !new.join("logo.png").exists());
}

#[test]
fn a_rollback_shows_pictures_where_the_film_is_now() {
    let Some(world) = World::new() else { return };
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    let new = world.view(b"Heat");
    fs::rename(world.view(HEAT), &new).unwrap();
    assert_eq!(fs::read(new.join("poster.jpg")).unwrap(), world.picture("c.jpg"));
    world.films.one(&["rollback", "1"]);
    wait_for(|| fs::read(new.join("poster.jpg")).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
}

#[test]
fn a_rollback_past_the_rename_of_a_video_shows_names_of_today() {
    let Some(world) = World::new() else { return };
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    fs::rename(world.heat("Heat (1995).mkv"), world.heat("Heat.mkv")).unwrap();
    assert_eq!(fs::read(world.heat("Heat-poster.jpg")).unwrap(), world.picture("c.jpg"));
    world.films.one(&["rollback", "1"]);
    for name in ["poster.jpg", "Heat-poster.jpg"] {
        wait_for(|| fs::read(world.heat(name)).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    }
    assert!(!world.heat("Heat (1995)-poster.jpg").exists());
    let before = world.heat("Heat-poster.jpg").metadata().unwrap().modified().unwrap();
    world.films.one(&["rollback", "2"]);
    wait_for(|| fs::read(world.heat("Heat-poster.jpg")).is_ok_and(|bytes| bytes == world.picture("c.jpg")));
    assert!(world.heat("Heat-poster.jpg").metadata().unwrap().modified().unwrap() > before, "times rise");
}

#[test]
fn films_in_shared_folders_take_their_artwork_along() {
    let Some(world) = World::new() else { return };
    let flat = world.view(b"flat");
    fs::rename(flat.join("1917 (2019).mkv"), flat.join("Nineteen.mkv")).unwrap();
    assert_eq!(fs::read(flat.join("Nineteen-poster.jpg")).unwrap(), world.picture("a.jpg"));
    assert!(flat.join("Nineteen.jpg").exists() && !flat.join("1917 (2019).jpg").exists());
    // Into another folder: there too.
    let other = world.view(b"other");
    fs::create_dir(&other).unwrap();
    write(other.join("Else (2001).mkv"), "another film");
    fs::rename(flat.join("Nineteen.mkv"), other.join("Nineteen.mkv")).unwrap();
    assert_eq!(fs::read(other.join("Nineteen-poster.jpg")).unwrap(), world.picture("a.jpg"));
    wait_for(|| !flat.join("Nineteen-poster.jpg").exists());
}

#[test]
fn renames_behind_the_mount_are_recognised() {
    let Some(world) = World::new() else { return };
    if world.status()["is_watched"] != true {
        eprintln!("skipped: changes behind the mount are not told here");
        return;
    }
    let new = world.view(b"Heat behind");
    let number = world.heat("poster.jpg").metadata().unwrap().ino();
    let id = world.films.one(&["show", "tmdb:949"])["id"].as_i64().unwrap();
    fs::rename(world.source(HEAT), world.source(b"Heat behind")).unwrap();
    // The kernel moves what it remembers of the folder by itself: what counts is what the catalog says.
    let (catalog, id) = (world.catalog(), posterfs::model::EntityId::new(id));
    let path = || catalog.entity(id).unwrap().unwrap().path.to_string();
    wait_for(|| path() == "Heat behind");
    wait_for(|| fs::read(new.join("poster.jpg")).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
    wait_for(|| new.join("poster.jpg").metadata().is_ok_and(|stat| stat.ino() == number));
    wait_for(|| !world.view(HEAT).exists() && !new.join("folder.jpg").exists());
    fs::rename(world.source(b"Heat behind/Heat (1995).mkv"), world.source(b"Heat behind/Heat.mkv")).unwrap();
    wait_for(|| new.join("Heat-poster.jpg").exists() && !new.join("Heat (1995)-poster.jpg").exists());
    // What leaves the library leaves its artwork behind, and finds it again.
    let away = world.mount.plain().join("away");
    fs::rename(world.source(b"Heat behind"), &away).unwrap();
    wait_for(|| !new.exists());
    fs::rename(&away, world.source(b"Heat behind")).unwrap();
    wait_for(|| fs::read(new.join("poster.jpg")).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
}

#[test]
fn two_films_change_places() {
    let Some(world) = World::new() else { return };
    let (heat, disc) = (world.view(HEAT), world.view(b"Disc (1980)"));
    renameat_with(CWD, &heat, CWD, &disc, RenameFlags::EXCHANGE).unwrap();
    assert_eq!(fs::read(disc.join("poster.jpg")).unwrap(), world.picture("a.jpg"));
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), world.picture("b.jpg"));
    assert!(disc.join("clearlogo.png").exists() && !heat.join("clearlogo.png").exists());
}

#[test]
fn a_film_takes_the_place_of_one_that_is_gone() {
    let Some(world) = World::new() else { return };
    let (heat, disc) = (world.view(HEAT), world.view(b"Disc (1980)"));
    fs::rename(world.source(HEAT), world.mount.plain().join("Heat")).unwrap();
    assert_eq!(world.films.one(&["scan"])["missing"], 1);
    wait_for(|| !heat.exists());
    fs::rename(&disc, &heat).unwrap();
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), world.picture("b.jpg"));
    assert!(!heat.join("clearlogo.png").exists(), "that is the other film's");
}

#[test]
fn hard_link_a_mapped_picture_or_across_a_border() {
    let Some(world) = World::new() else { return };
    let (poster, elsewhere) = (world.heat("poster.jpg"), world.mount.plain().join("copy.jpg"));
    assert_eq!(rustix::fs::link(&poster, world.heat("linked.jpg")), Err(Errno::XDEV));
    assert_eq!(rustix::fs::link(&poster, &elsewhere), Err(Errno::XDEV));
    assert_eq!(rustix::fs::rename(&poster, &elsewhere), Err(Errno::XDEV));
    assert_eq!(rustix::fs::link(world.heat("Heat (1995).mkv"), &poster), Err(Errno::EXIST));
    // Programs fall back to copying.
    world.as_manager("mv", &[&poster, &elsewhere]);
    assert_eq!(fs::read(&elsewhere).unwrap(), world.picture("a.jpg"));
    assert!(!poster.exists());
}

#[test]
fn a_picture_that_was_written_over_is_renamed_as_one() {
    let Some(world) = World::new() else { return };
    let (poster, cover) = (world.heat("poster.jpg"), world.heat("cover.jpg"));
    crate::world::overwrite(&poster, &world.picture("c.jpg"));
    world.settled();
    fs::rename(&poster, &cover).unwrap();
    assert_eq!(fs::read(&cover).unwrap(), world.picture("c.jpg"));
    assert!(!poster.exists() && !world.heat_in_source("poster.jpg").exists(), "what was written does not resurface");
}

/// As emacs, vim and mogrify save. The new picture was an original, and the next publish hid it.
#[test]
fn an_editor_that_sets_the_old_picture_aside_writes_a_choice() {
    for keeps_it in [false, true] {
        let Some(world) = World::new() else { return };
        let (poster, aside) = (world.heat("poster.jpg"), world.heat("poster.jpg~"));
        fs::rename(&poster, &aside).unwrap();
        assert!(!poster.exists() && fs::read(&aside).unwrap() == world.picture("a.jpg"));
        crate::support::write(&poster, world.picture("c.jpg"));
        assert_eq!(fs::read(&aside).unwrap(), world.picture("a.jpg"), "what was set aside is a file");
        if !keeps_it {
            fs::remove_file(&aside).unwrap();
        }
        world.settled();
        for name in ["poster.jpg", "Heat (1995)-poster.jpg"] {
            wait_for(|| fs::read(world.heat(name)).is_ok_and(|bytes| bytes == world.picture("c.jpg")));
        }
        let chosen = world.posters().into_iter().find(|candidate| candidate.is_selected).unwrap();
        assert!(chosen.user_locked, "{chosen:?}");
        world.films.publish();
        assert_eq!(fs::read(&poster).unwrap(), world.picture("c.jpg"));
        assert_eq!(aside.exists(), keeps_it);
        assert_eq!(world.heat_in_source("poster.jpg~").exists(), keeps_it);
    }
}

/// It was shown there until the next publish, and nobody had chosen anything.
#[test]
fn a_picture_that_is_moved_over_another_is_chosen_for_that() {
    let Some(world) = World::new() else { return };
    let (heat, disc) = (world.heat("poster.jpg"), world.view(b"Disc (1980)/poster.jpg"));
    for to in [&disc, &world.heat("clearlogo.png"), &world.view(b"Disc (1980)/fanart.jpg")] {
        assert_eq!(rustix::fs::rename(&heat, to), Err(Errno::XDEV), "{to:?}");
    }
    // So programs copy, and remove what they have copied.
    crate::world::overwrite(&disc, &fs::read(&heat).unwrap());
    fs::remove_file(&heat).unwrap();
    world.settled();
    world.films.publish();
    assert_eq!(fs::read(&disc).unwrap(), world.picture("a.jpg"), "it is the choice there");
    wait_for(|| fs::read(&heat).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
}

/// On its way back its name was taken for one under which nothing is looked for.
#[test]
fn a_folder_for_artwork_is_renamed_there_and_back() {
    let Some(world) = World::new() else { return };
    let (folder, other) = (world.heat("extrafanart"), world.heat("aside"));
    for is_in_source in [false, true] {
        if is_in_source {
            fs::create_dir(folder.join("made")).unwrap();
            fs::remove_dir(folder.join("made")).unwrap();
        }
        assert_eq!(world.heat_in_source("extrafanart").exists(), is_in_source);
        for (from, to) in [(&folder, &other), (&other, &folder)] {
            fs::rename(from, to).unwrap();
            assert!(!from.exists(), "{from:?}");
            assert_eq!(fs::read(to.join("fanart1.jpg")).unwrap(), world.picture("b.jpg"), "{to:?}");
        }
    }
}
