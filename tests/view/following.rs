//! What other processes publish is seen through the mount, with times that tell players to look.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use posterfs::catalog::{PublishMode, RollbackScope, Scope, Stamp};
use posterfs::model::{Clock, GenerationId, SystemClock};
use posterfs::phase::publish;
use rustix::fs::{OFlags, RawDir};
use rustix::process::{Signal, kill_process};

use crate::support::{contents, lists, write};
use crate::world::World;

/// How soon a change must be seen.
const SOON: Duration = Duration::from_secs(1);

/// Waits for something to be seen, the promised second at most; how long it took.
#[track_caller]
fn soon(what: &str, is_seen: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_seen() {
        assert!(begun.elapsed() < SOON, "not seen within a second: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn stamp(reason: &str) -> Stamp {
    Stamp { author: "test".to_owned(), reason: reason.to_owned(), now: SystemClock.now() }
}

fn times(path: &Path) -> (i64, i64, i64) {
    let stat = path.metadata().unwrap();
    let folder = path.parent().unwrap().metadata().unwrap();
    (stat.mtime(), stat.mtime_nsec(), folder.mtime())
}

#[test]
fn commands_return_when_the_view_shows_what_they_did_and_times_only_rise() {
    let Some(world) = World::beside() else { return };
    let poster = world.heat().join("poster.jpg");
    let pictures = ["a.jpg", "b.jpg"].map(|name| fs::read(world.films.picture(name)).unwrap());
    let mut last = times(&poster);
    assert_eq!(fs::read(&poster).unwrap(), pictures[0]);
    let first = world.films.one(&["status"])["generation"].to_string();
    let steps: [(&dyn Fn(), usize); 4] = [
        (&|| drop((world.films.select("tmdb:949", "poster", "b.jpg"), world.films.publish())), 1),
        (&|| drop(world.films.one(&["rollback", &first])), 0),
        (&|| drop((world.films.select("tmdb:949", "poster", "b.jpg"), world.films.publish())), 1),
        (&|| drop((world.films.one(&["unpublish", "Heat"]), world.films.one(&["rollback", &first]))), 0),
    ];
    for (number, (step, picture)) in steps.into_iter().enumerate() {
        step();
        assert_eq!(fs::read(&poster).unwrap(), pictures[picture], "step {number}");
        assert_eq!(poster.metadata().unwrap().len(), pictures[picture].len() as u64, "step {number}");
        let now = times(&poster);
        assert!(now.0 > last.0, "step {number}: the picture's time did not rise: {last:?}, {now:?}");
        assert!(now.2 >= last.2 && now.2 >= now.0, "step {number}: the folder's time: {last:?}, {now:?}");
        assert_eq!(now.1, 0, "whole seconds, as players compare them");
        last = now;
    }
}

#[test]
fn a_folder_is_newer_when_something_is_withdrawn_from_it() {
    let Some(world) = World::beside() else { return };
    let before = world.heat().metadata().unwrap().mtime();
    world.films.one(&["unpublish", "tmdb:949"]);
    let after = world.heat().metadata().unwrap().mtime();
    assert!(after > before, "{before} {after}");
    assert!(!world.heat().join("extrafanart").exists(), "a folder that only held mappings goes with them");
}

#[test]
fn what_is_published_without_a_nudge_is_seen_within_a_second() {
    let Some(world) = World::beside() else { return };
    world.films.one(&["unpublish", "tmdb:949"]);
    let poster = world.heat().join("poster.jpg");
    let former = contents(&world.heat());
    assert!(!poster.exists(), "now the kernel remembers that the name means nothing");
    let mut catalog = world.catalog();
    let heat = catalog.entities_by_title("Heat", Some(1995)).unwrap().remove(0).id;
    let published = publish(&mut catalog, Scope::Entities(&[heat]), PublishMode::Apply, &stamp("no nudge")).unwrap();
    assert_eq!(published.published.added, 5);
    soon("a name that was not there", || poster.exists());
    assert_eq!(fs::read(&poster).unwrap(), fs::read(world.films.picture("a.jpg")).unwrap());
    assert!(lists(&world.heat(), "extrafanart"));
    assert_eq!(
        fs::read(world.heat().join("extrafanart/fanart1.jpg")).unwrap(),
        fs::read(world.films.picture("b.jpg")).unwrap()
    );

    let before = published.published.generation.unwrap().get() - 1;
    catalog.rollback(GenerationId::new(before), RollbackScope::All, PublishMode::Apply, &stamp("no nudge")).unwrap();
    soon("a name that was there", || !poster.exists());
    soon("the listing", || lists(&world.heat(), "folder.jpg"));
    assert_eq!(contents(&world.heat()), former);
}

/// The change feed is not kept for ever. A view that was stopped for longer looks at everything anew.
#[test]
fn a_view_that_fell_behind_what_is_remembered_shows_the_present_all_the_same() {
    let Some(world) = World::beside() else { return };
    let poster = world.heat().join("poster.jpg");
    assert_eq!(fs::read(&poster).unwrap(), fs::read(world.films.picture("a.jpg")).unwrap());
    let view = rustix::process::Pid::from_raw(world.mount.pid() as i32).unwrap();
    kill_process(view, Signal::STOP).unwrap();
    world.films.select("tmdb:949", "poster", "c.jpg");
    let mut catalog = world.catalog();
    publish(&mut catalog, Scope::All, PublishMode::Apply, &stamp("while it was stopped")).unwrap();
    let connection = rusqlite::Connection::open(world.films.state().join("posterfs.db")).unwrap();
    let forgotten =
        "BEGIN IMMEDIATE; DELETE FROM changes; UPDATE sqlite_sequence SET seq = seq + 9 WHERE name = 'changes';
        INSERT INTO changes (generation, library_id, folder) VALUES (NULL, 1, x''); COMMIT";
    connection.execute_batch(forgotten).unwrap();
    kill_process(view, Signal::CONT).unwrap();
    let wanted = fs::read(world.films.picture("c.jpg")).unwrap();
    soon("a picture of a folder that the feed does not name", || fs::read(&poster).unwrap() == wanted);
    world.films.select("tmdb:949", "poster", "b.jpg");
    world.films.publish();
    assert_eq!(fs::read(&poster).unwrap(), fs::read(world.films.picture("b.jpg")).unwrap(), "and it follows again");
}

#[test]
fn whoever_reads_a_picture_while_another_is_published_reads_the_one_opened() {
    let Some(world) = World::beside() else { return };
    let poster = world.heat().join("poster.jpg");
    let mut opened = fs::File::open(&poster).unwrap();
    let mut beginning = [0; 100];
    opened.read_exact(&mut beginning).unwrap();
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    let mut rest = Vec::new();
    opened.read_to_end(&mut rest).unwrap();
    assert_eq!([&beginning[..], &rest].concat(), fs::read(world.films.picture("a.jpg")).unwrap());
    assert_eq!(fs::read(&poster).unwrap(), fs::read(world.films.picture("c.jpg")).unwrap());
    world.films.one(&["unpublish", "tmdb:949"]);
    assert!(fs::read(&poster).is_err());
    assert_eq!(opened.metadata().unwrap().len(), beginning.len() as u64 + rest.len() as u64);
}

/// The rest of a listing told of the pictures that were shown when its reader began, and the kernel believed it.
#[test]
fn a_listing_that_is_gone_on_with_tells_what_is_there_by_then() {
    let Some(world) = World::beside() else { return };
    let source = world.source(b"Heat (1995) {tmdb-949}");
    (0..2000).for_each(|number| write(source.join(format!("part-{number}")), ""));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let folder = rustix::fs::open(world.heat(), flags, rustix::fs::Mode::empty()).unwrap();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 1024];
    let mut entries = RawDir::new(&folder, &mut buffer);
    assert_eq!(entries.next().unwrap().unwrap().file_name().to_bytes(), b".");
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    let mut has_met_it = false;
    while let Some(entry) = entries.next() {
        has_met_it |= entry.unwrap().file_name().to_bytes() == b"poster.jpg";
    }
    assert!(has_met_it);
    let shown = fs::read(world.heat().join("poster.jpg")).unwrap();
    assert_eq!(shown, fs::read(world.films.picture("c.jpg")).unwrap());
}

#[test]
fn a_library_that_comes_or_goes_while_mounted() {
    let Some(world) = World::beside() else { return };
    world.films.one(&["library", "remove", "films"]);
    assert_eq!(contents(&world.mount.view()), contents(world.films.media()));
    world.films.one(&["library", "add", "films", world.films.media().to_str().unwrap(), "--kind", "movies"]);
    world.films.one(&["scan"]);
    assert_eq!(world.films.publish()["added"], 12);
    assert_eq!(fs::read(world.heat().join("poster.jpg")).unwrap(), fs::read(world.films.picture("a.jpg")).unwrap());
    assert!(!world.heat().join("folder.jpg").exists());
}

#[test]
fn artwork_for_a_film_that_came_while_mounted() {
    let Some(world) = World::beside() else { return };
    let film = world.view(b"Brazil (1985)");
    fs::create_dir(&film).unwrap();
    crate::support::write(film.join("Brazil (1985).mkv"), "a video");
    assert_eq!(world.films.one(&["scan"])["added"], 1);
    world.films.select(&film, "poster", "c.jpg");
    world.films.publish();
    assert_eq!(fs::read(film.join("poster.jpg")).unwrap(), fs::read(world.films.picture("c.jpg")).unwrap());
    // When its folder goes, so does what is shown in it; it is back with the folder.
    fs::rename(world.source(b"Brazil (1985)"), world.mount.plain().join("Brazil")).unwrap();
    assert_eq!(world.films.one(&["scan"])["missing"], 1);
    soon("the folder is gone", || !film.exists());
    fs::rename(world.mount.plain().join("Brazil"), world.source(b"Brazil (1985)")).unwrap();
    assert_eq!(world.films.one(&["scan"])["returned"], 1);
    soon("the poster is back", || film.join("poster.jpg").exists());
}
