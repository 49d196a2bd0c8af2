//! What is seen, and how it is read. The details are in `tests/view`, `tests/posix` and `tests/differential`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use crate::support::{lists, names, wait_for, write};
use crate::world::{HEAT, World};

#[test]
fn list_look_up_stat() {
    let Some(world) = World::new() else { return };
    let heat = names(&world.view(HEAT));
    let shown = |name: &str| heat.contains(std::ffi::OsStr::new(name));
    assert!(shown("poster.jpg") && shown("extrafanart") && shown("Heat (1995).mkv") && !shown("folder.jpg"));
    assert!(fs::metadata(world.heat("folder.jpg")).is_err() && fs::metadata(world.heat("absent.jpg")).is_err());
    let (poster, folder) = (world.heat("poster.jpg").metadata().unwrap(), world.view(HEAT).metadata().unwrap());
    assert_eq!((poster.len(), poster.mode()), (world.picture("a.jpg").len() as u64, 0o100_644));
    assert_eq!((poster.uid(), poster.mtime_nsec()), (folder.uid(), 0));
    assert!(folder.mtime() >= poster.mtime());
}

#[test]
fn open_and_read_a_mapped_picture() {
    let Some(world) = World::new() else { return };
    let before = world.status();
    assert_eq!(fs::read(world.heat("poster.jpg")).unwrap(), world.picture("a.jpg"));
    let after = world.status();
    let opens = |status: &serde_json::Value, kind: &str| status[kind].as_u64().unwrap();
    let more = |kind: &str| opens(&after, kind) - opens(&before, kind);
    assert_eq!(more("passthrough_opens") + more("cached_opens"), 1, "{after}");
    let lookups = |status: &serde_json::Value| status["operations"]["lookup"]["begun"].as_u64().unwrap_or(0);
    assert!(lookups(&after) > lookups(&before), "{after}");
    let counted = after["operations"].as_object().unwrap().values().map(|each| each["begun"].as_u64().unwrap());
    assert_eq!(counted.sum::<u64>(), after["requests"].as_u64().unwrap(), "{after}");
}

#[test]
fn anything_on_a_file_of_the_source() {
    let Some(world) = World::new() else { return };
    let (video, beneath) = (world.heat("Heat (1995).mkv"), world.heat_in_source("Heat (1995).mkv"));
    write(&video, "edited");
    assert_eq!(fs::read(&beneath).unwrap(), b"edited");
    assert_eq!(video.metadata().unwrap().ino(), beneath.metadata().unwrap().ino());
    write(world.heat("banner.jpg"), "nothing is published under this name");
    assert!(world.heat_in_source("banner.jpg").exists());
}

#[test]
fn the_source_changes_behind_the_mount() {
    let Some(world) = World::new() else { return };
    assert!(!world.heat("behind").exists());
    write(world.heat_in_source("behind"), "x");
    wait_for(|| world.heat("behind").exists() && lists(&world.view(HEAT), "behind"));
    fs::remove_file(world.heat_in_source("behind")).unwrap();
    wait_for(|| !world.heat("behind").exists());
}

#[test]
fn publish_unpublish_rollback_by_any_process() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    let soon = |what: &str, is_seen: &dyn Fn() -> bool| {
        let begun = Instant::now();
        wait_for(is_seen);
        assert!(begun.elapsed() < Duration::from_secs(1), "{what}: {:?}", begun.elapsed());
    };
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    soon("publish", &|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("c.jpg")));
    world.films.one(&["unpublish", "tmdb:949", "poster"]);
    soon("unpublish", &|| !poster.exists() && world.heat("folder.jpg").exists());
    world.films.one(&["rollback", "1"]);
    soon("rollback", &|| fs::read(&poster).is_ok_and(|bytes| bytes == world.picture("a.jpg")));
}
