//! Removing mapped pictures and folders that show them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::support::{lists, names, wait_for, write};
use crate::world::{HEAT, World};

/// Removes a tree by the system's own program.
fn rm_rf(path: &Path) {
    let output = std::process::Command::new("rm").arg("-rf").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn unlink_a_mapped_picture() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    write(world.heat_in_source("poster.jpg"), "an original beneath");
    let begun = Instant::now();
    fs::remove_file(&poster).unwrap();
    assert!(!poster.exists() && !lists(&world.view(HEAT), "poster.jpg"), "gone at once, no original resurfaces");
    assert_eq!(fs::remove_file(&poster).unwrap_err().raw_os_error(), Some(libc::ENOENT));
    assert!(!world.heat("folder.jpg").exists() && world.heat("Heat (1995)-poster.jpg").exists());
    wait_for(|| poster.exists());
    assert!(begun.elapsed() >= Duration::from_millis(900), "not before the grace period is over");
    assert_eq!(fs::read(&poster).unwrap(), world.picture("a.jpg"));
    assert!(lists(&world.view(HEAT), "poster.jpg"));
    assert_eq!(fs::read(world.heat_in_source("poster.jpg")).unwrap(), b"an original beneath");
}

#[test]
fn withdrawn_pictures_stay_away_until_they_are_published_again() {
    let Some(world) = World::with("on_delete = 'withdraw'") else { return };
    let poster = world.heat("poster.jpg");
    fs::remove_file(&poster).unwrap();
    assert!(!poster.exists() && !lists(&world.view(HEAT), "poster.jpg"));
    assert!(!world.heat("folder.jpg").exists(), "no original resurfaces");
    // Longer than any grace period of this test.
    let other = world.heat("clearlogo.png");
    fs::remove_file(&other).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!poster.exists() && !other.exists());
    world.films.publish();
    wait_for(|| poster.exists() && other.exists() && lists(&world.view(HEAT), "poster.jpg"));
}

/// What a generation did, as `history` tells it.
fn did(generation: &serde_json::Value) -> [u64; 3] {
    ["added", "changed", "removed"].map(|what| generation[what].as_u64().unwrap())
}

#[test]
fn what_is_withdrawn_is_a_generation_and_a_rollback_undoes_it() {
    let Some(world) = World::with("on_delete = 'withdraw'") else { return };
    let (poster, original) = (world.heat("poster.jpg"), world.heat("folder.jpg"));
    let films = &world.films;
    let newest = |of: &[&str]| films.json(of)[0].clone();
    let before = newest(&["history"])["generation"].as_u64().unwrap();
    fs::remove_file(&poster).unwrap();
    for of in [&["history"][..], &["history", "tmdb:949"]] {
        let withdrawal = newest(of);
        assert_eq!(
            (withdrawal["generation"].as_u64(), did(&withdrawal)),
            (Some(before + 1), [0, 0, 1]),
            "{withdrawal}"
        );
        assert!(withdrawal["author"].as_str().unwrap().ends_with("(uid 0)"), "{withdrawal}");
        assert!(withdrawal["reason"].as_str().unwrap().starts_with("removed by "), "{withdrawal}");
    }
    let differing = films.json(&["diff", &before.to_string(), &(before + 1).to_string()]);
    assert!(format!("{differing:?}").contains("poster.jpg"), "{differing:?}");
    // Before it, after it, before it, and published: each shows what it says.
    let rollback = |to: u64| films.one(&["rollback", &to.to_string()]);
    let time = || fs::metadata(&poster).map(|found| found.modified().unwrap());
    assert_eq!(did(&rollback(before)), [1, 0, 0]);
    wait_for(|| poster.exists());
    let first = time().unwrap();
    assert_eq!(did(&rollback(before + 1)), [0, 0, 1]);
    wait_for(|| !poster.exists());
    assert!(!original.exists(), "what it hid stays hidden, as it was then");
    assert_eq!(did(&rollback(before + 1)), [0; 3], "again changes nothing");
    assert_eq!(did(&rollback(before)), [1, 0, 0]);
    wait_for(|| poster.exists());
    assert!(time().unwrap() > first, "players see that it is another one");
    fs::remove_file(&poster).unwrap();
    let published = films.publish();
    assert_eq!(did(&published), [1, 0, 0]);
    assert_eq!(did(&newest(&["history", "tmdb:949"])), [1, 0, 0]);
    wait_for(|| poster.exists());
    assert_eq!(did(&films.publish()), [0; 3]);
    // A view of the generation in which it was away shows neither it nor what it hides.
    let then = world.mount.plain().join("then");
    fs::create_dir(&then).unwrap();
    let view = [
        then.to_str().unwrap(),
        "--source",
        films.media().to_str().unwrap(),
        "--generation",
        &(before + 1).to_string(),
    ];
    films.one(&[&["mount"], &view[..]].concat());
    let shown = crate::support::names(&then.join(std::str::from_utf8(HEAT).unwrap()));
    films.one(&["unmount".as_ref(), then.as_os_str()]);
    assert!(
        !shown.contains(std::ffi::OsStr::new("poster.jpg")) && !shown.contains(std::ffi::OsStr::new("folder.jpg")),
        "{shown:?}"
    );
}

#[test]
fn rmdir_and_rm_rf_of_a_folder_that_shows_as_empty() {
    let Some(world) = World::new() else { return };
    let (heat, original) = (world.view(HEAT), fs::read(world.heat_in_source("folder.jpg")).unwrap());
    assert_eq!(rustix::fs::rmdir(&heat), Err(Errno::NOTEMPTY));
    rm_rf(&heat);
    assert!(!heat.exists() && !world.source(HEAT).exists());
    assert_eq!(world.recycled(), [(world.source(HEAT).join("folder.jpg"), original)]);
    // The same film comes back: its artwork is there at once.
    fs::create_dir(&heat).unwrap();
    write(heat.join("Heat (1995).mkv"), "another copy");
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), world.picture("a.jpg"));
    assert!(lists(&heat, "poster.jpg") && lists(&heat, "extrafanart"));
}

/// Lists, removes what is listed, lists again, until nothing is left: nothing may come back meanwhile.
fn list_delete_list(folder: &Path) {
    for round in 0.. {
        let entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(round == 0 || entries.is_empty(), "something came back: {entries:?}");
        if entries.is_empty() {
            return fs::remove_dir(folder).unwrap();
        }
        for path in entries {
            if path.is_dir() {
                list_delete_list(&path);
            } else {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

#[test]
fn a_walk_that_lists_and_deletes_meets_nothing_again() {
    let Some(world) = World::new() else { return };
    // More than the grace period takes, so what was removed first must stay away while more is removed.
    let heat = world.view(HEAT);
    fs::remove_file(heat.join("poster.jpg")).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2500) {
        write(heat.join("part"), "x");
        fs::remove_file(heat.join("part")).unwrap();
        assert!(!heat.join("poster.jpg").exists(), "back after {:?}", begun.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    list_delete_list(&heat);
    assert!(!heat.exists() && names(&world.mount.view()) == names(world.films.media()));
}

#[test]
fn a_folder_that_a_manager_moves_into_a_recycle_bin_leaves_its_artwork_behind() {
    let Some(world) = World::new() else { return };
    let (heat, bin) = (world.view(HEAT), world.view(b"#recycle"));
    fs::create_dir(&bin).unwrap();
    fs::rename(&heat, bin.join("Heat")).unwrap();
    let moved = names(&bin.join("Heat"));
    assert!(moved.contains("folder.jpg".as_ref() as &std::ffi::OsStr), "as it is in the source: {moved:?}");
    assert!(!moved.contains("poster.jpg".as_ref() as &std::ffi::OsStr), "{moved:?}");
    fs::rename(bin.join("Heat"), &heat).unwrap();
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), world.picture("a.jpg"), "back, with its artwork");
    wait_for(|| !heat.join("folder.jpg").exists());
}

#[test]
fn a_folder_that_shows_something_of_the_source_is_not_emptied() {
    let Some(world) = World::new() else { return };
    let heat = world.view(HEAT);
    for name in ["poster.jpg", "Heat (1995)-poster.jpg", "fanart1.jpg", "clearlogo.png", "extrafanart/fanart1.jpg"] {
        fs::remove_file(heat.join(name)).unwrap();
    }
    fs::remove_dir(heat.join("extrafanart")).unwrap();
    assert_eq!(rustix::fs::rmdir(&heat), Err(Errno::NOTEMPTY), "the film is there");
    assert!(world.heat_in_source("folder.jpg").exists() && world.recycled().is_empty(), "nothing was touched");
    wait_for(|| heat.join("extrafanart/fanart1.jpg").exists() && heat.join("poster.jpg").exists());
}

#[test]
fn a_folder_of_mappings_that_was_removed_for_good_stays_away() {
    let Some(mut world) = World::with("on_delete = 'withdraw'") else { return };
    let folder = world.heat("extrafanart");
    fs::remove_file(folder.join("fanart1.jpg")).unwrap();
    assert!(names(&folder).is_empty(), "whoever empties a folder finds it empty");
    fs::remove_dir(&folder).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!folder.exists(), "the grace period is not for what is withdrawn");
    world.mount.kill_and_restart();
    assert!(!folder.exists() && !lists(&world.view(HEAT), "extrafanart"), "nor is it back with the next mount");
    world.films.publish();
    wait_for(|| folder.join("fanart1.jpg").exists());
}

#[test]
fn a_folder_of_mappings_that_was_removed_is_back_with_its_pictures() {
    let Some(mut world) = World::new() else { return };
    let folder = world.heat("extrafanart");
    rm_rf(&folder);
    assert!(!folder.exists());
    wait_for(|| folder.join("fanart1.jpg").exists());
    // A restart ends the grace period.
    rm_rf(&folder);
    world.mount.kill_and_restart();
    assert!(folder.join("fanart1.jpg").exists());
}

#[test]
fn a_manager_who_writes_where_a_picture_was_withdrawn_does_not_bring_it_back() {
    let Some(mut world) = World::with("on_delete = 'withdraw'") else { return };
    let poster = world.heat("poster.jpg");
    fs::remove_file(&poster).unwrap();
    world.as_manager("cp", &[&world.films.picture("c.jpg"), &poster]);
    world.settled();
    wait_for(|| !poster.exists());
    assert!(world.posters().iter().any(|candidate| candidate.provider == "program"), "it is a candidate");
    world.mount.kill_and_restart();
    assert!(!poster.exists() && !lists(&world.view(HEAT), "poster.jpg"));
    world.films.publish();
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
}

/// What hid in a folder that a program removed comes back by a path of the view as well as by one of the source.
#[test]
fn what_hid_in_a_removed_folder_is_brought_back() {
    let Some(world) = World::new() else { return };
    let (original, before) =
        (world.heat_in_source("folder.jpg"), fs::read(world.heat_in_source("folder.jpg")).unwrap());
    for path in [world.view(HEAT), world.source(HEAT)] {
        rm_rf(&world.view(HEAT));
        assert!(!world.source(HEAT).exists());
        let row = world.films.one(&["recycle", "list", path.to_str().unwrap()]);
        assert!(row["origin"].as_str().unwrap().ends_with("folder.jpg"), "{row}");
        let restored = world.films.one(&["recycle", "restore", path.to_str().unwrap()]);
        assert_eq!(restored["restored_to"], original.to_str().unwrap());
        assert_eq!(fs::read(&original).unwrap(), before);
        assert!(world.recycled().is_empty());
        wait_for(|| world.view(HEAT).is_dir());
    }
}

/// The name was empty until the next publish.
#[test]
fn a_folder_in_the_place_of_a_picture_goes_and_the_picture_is_back() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    fs::remove_file(&poster).unwrap();
    fs::create_dir(&poster).unwrap();
    world.settled();
    assert!(poster.is_dir());
    fs::remove_dir(&poster).unwrap();
    assert!(!poster.exists());
    wait_for(|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
}
