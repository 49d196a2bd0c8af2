//! The process is killed between any two steps of a change, and the next mount makes it good.
//!
//! A child process builds a view (without a kernel), makes one change, and kills itself at the n-th step (`steps`), for every
//! n until it survives.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;

use rustix::fs::RenameFlags;
use rustix::process::Signal;

use crate::catalog::Stamp;
use crate::model::{Clock, EntityId, OnWrite, SystemClock, UnixSeconds};

use super::changes::Changes;
use super::errno::Result;
use super::nodes::{NodeId, ROOT};
use super::program::Rules;
use super::testing::{
    World, node, open_to_write, path, picture, read, root_caller, take_in_all, write, write_and_close,
};
use super::view::View;

const CHILD_ROOT: &str = "POSTERFS_TEST_CHILD_ROOT";
const CHILD_CHANGE: &str = "POSTERFS_TEST_CHILD_CHANGE";
/// The name that is written to.
const POSTER: &str = "Heat/poster.jpg";
/// The other name of the same picture.
const OTHER_NAME: &str = "Heat/Heat-poster.jpg";
/// More steps than any change has.
const STEPS_MAX: usize = 100;

/// The changes, by name.
fn change(view: &View<()>, changes: &mut Changes, what: &str) -> Result<()> {
    let heat = node(view, "Heat").unwrap();
    let (none, caller) = (RenameFlags::empty(), root_caller());
    let mut rename = |from: (NodeId, &str), to: (NodeId, &str)| {
        view.rename((from.0, OsStr::new(from.1)), (to.0, OsStr::new(to.1)), none, caller, Some(changes))
    };
    match what {
        "rename the folder" => rename((ROOT, "Heat"), (ROOT, "Heat (1995)")),
        "rename the video" => rename((heat, "Heat.mkv"), (heat, "Heat 1995.mkv")),
        "rename the picture" => rename((heat, "poster.jpg"), (heat, "cover.jpg")),
        "rename over" => rename((heat, "new.jpg"), (heat, "poster.jpg")),
        "write over" => view.write_over(node(view, "Heat/poster.jpg").unwrap(), caller, Some(changes)),
        "make where an original is hidden" => {
            let new = super::view::NewNode::Special { mode: libc::S_IFREG | 0o644, device: 0 };
            view.make((heat, OsStr::new("folder.jpg")), &new, 0, caller, Some(changes)).map(drop)
        }
        "remove the folder" => view.rmdir(ROOT, OsStr::new("Heat"), caller, Some(changes)),
        _ => panic!("no such change: {what}"),
    }
}

/// What is written in the place of the poster by the changes that are taken in.
fn bytes_of(what: &str) -> Option<Vec<u8>> {
    match what {
        "adopt a picture" | "capture a picture" => Some(picture(2)),
        "adopt what is shown" => Some(picture(1)),
        "adopt no picture" => Some(b"no picture".to_vec()),
        _ => None,
    }
}

fn rules(what: &str) -> Rules {
    let mut rules = Rules::default();
    if what.starts_with("capture") {
        rules.usual.on_write = OnWrite::Capture;
    }
    rules
}

#[expect(clippy::disallowed_methods, reason = "tells the child of a test what to do")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
#[ignore = "run by the tests that kill it"]
fn child() {
    let Some(root) = told(CHILD_ROOT) else { return };
    let world = World::at(root.into());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut changes = Changes::open(&world.state(), clock).unwrap();
    let what = told(CHILD_CHANGE).unwrap();
    let (view, arrivals) = world.view_with(rules(&what));
    if let Some(bytes) = bytes_of(&what) {
        let found = node(&view, POSTER).unwrap();
        write_and_close(&view, open_to_write(&view, found, POSTER, &mut changes), &bytes);
        return take_in_all(&mut world.intake(), &view, &arrivals);
    }
    let _ = change(&view, &mut changes, &what);
}

/// Makes the change in a child that is killed at the n-th step, and looks at what the next mount shows, for every n.
fn killed_at_every_step(what: &str, prepare: impl Fn(&World), check: impl Fn(&World, &View<()>, &str)) {
    for dies_at in 1..STEPS_MAX {
        let world = World::new();
        prepare(&world);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "mount::kill_tests::child", "--ignored", "--nocapture"])
            .env(CHILD_ROOT, &world.root)
            .env(CHILD_CHANGE, what)
            .env("POSTERFS_DIES_AT", format!("#{dies_at}"))
            .output()
            .unwrap();
        let is_killed = status.status.signal() == Some(Signal::KILL.as_raw());
        assert!(is_killed || status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        let view = world.mounted_again();
        check(&world, &view, &format!("{what}, killed at step {dies_at}"));
        if !is_killed {
            assert!(dies_at > 1, "{what}: no step was reached");
            return;
        }
    }
    panic!("{what}: there is no end of steps");
}

#[test]
fn renames_of_what_the_catalog_knows() {
    for (what, old, new, old_poster, new_poster) in [
        (
            "rename the folder",
            "Heat/Heat.mkv",
            "Heat (1995)/Heat.mkv",
            "Heat/Heat-poster.jpg",
            "Heat (1995)/Heat-poster.jpg",
        ),
        (
            "rename the video",
            "Heat/Heat.mkv",
            "Heat/Heat 1995.mkv",
            "Heat/Heat-poster.jpg",
            "Heat/Heat 1995-poster.jpg",
        ),
    ] {
        killed_at_every_step(
            what,
            |_| {},
            |world, view, when| {
                let has_happened = world.source().contains_key(new);
                assert_ne!(has_happened, world.source().contains_key(old), "{when}");
                let (there, gone) = if has_happened { (new_poster, old_poster) } else { (old_poster, new_poster) };
                assert_eq!(read(view, there).as_deref(), Some(&picture(1)[..]), "{when}: artwork is where the film is");
                assert!(node(view, gone.split('/').next().unwrap()).is_none() || node(view, gone).is_none(), "{when}");
                let video = world.catalog().entity(EntityId::new(1)).unwrap().unwrap().video.unwrap();
                assert_eq!(video, path(if has_happened { new } else { old }), "{when}");
            },
        );
    }
}

#[test]
fn a_rename_of_a_picture() {
    killed_at_every_step(
        "rename the picture",
        |_| {},
        |_, view, when| {
            let (old, new) = (read(view, "Heat/poster.jpg"), read(view, "Heat/cover.jpg"));
            assert!(old.is_some() != new.is_some(), "{when}");
            assert_eq!(old.or(new).unwrap(), picture(1), "{when}");
        },
    );
}

#[test]
fn a_copy_up() {
    killed_at_every_step(
        "write over",
        |world| write(&world.media().join("Heat/poster.jpg"), b"an original beneath"),
        |world, view, when| {
            assert_eq!(read(view, "Heat/poster.jpg"), Some(picture(1)), "{when}: nothing was written");
            let source = world.source();
            assert!(source.keys().all(|name| !name.contains(".posterfs")), "{when}: {source:?}");
            let is_beneath = source.get("Heat/poster.jpg").is_some_and(|bytes| bytes == b"an original beneath");
            let is_recycled = world.recycled().contains(&b"an original beneath".to_vec());
            assert_ne!(is_beneath, is_recycled, "{when}: the original is in one place");
        },
    );
}

/// What was written and closed is never lost, and is taken in by the next mount.
#[test]
fn the_taking_in_of_a_picture() {
    killed_at_every_step(
        "adopt a picture",
        |_| {},
        |world, view, when| {
            let written = has_been_written(world, &picture(2));
            let expected = picture(if written { 2 } else { 1 });
            for name in [POSTER, OTHER_NAME] {
                assert_eq!(read(view, name).as_ref(), Some(&expected), "{when}: {name}");
            }
            let catalog = world.catalog();
            assert!(catalog.has_lock_in_force(EntityId::new(1), "poster").unwrap(), "{when}");
            let selected = catalog.candidates_of(EntityId::new(1), None).unwrap();
            let selected: Vec<_> = selected.iter().filter(|candidate| candidate.is_selected).collect();
            assert_eq!(selected.len(), 1, "{when}: {selected:?}");
        },
    );
}

/// Whether the program got as far as writing: a kill before that leaves the copy of what was shown.
fn has_been_written(world: &World, bytes: &[u8]) -> bool {
    world.source().get(POSTER).is_some_and(|found| found == bytes)
}

#[test]
fn the_taking_in_of_a_candidate() {
    killed_at_every_step(
        "capture a picture",
        |_| {},
        |world, view, when| {
            for name in [POSTER, OTHER_NAME] {
                assert_eq!(read(view, name), Some(picture(1)), "{when}: {name}");
            }
            assert_eq!(world.is_captured(&picture(2)), has_been_written(world, &picture(2)), "{when}");
        },
    );
}

#[test]
fn the_taking_in_of_what_is_no_picture_or_what_is_shown() {
    killed_at_every_step(
        "adopt no picture",
        |_| {},
        |world, view, when| {
            let written = has_been_written(world, b"no picture");
            let expected = if written { b"no picture".to_vec() } else { picture(1) };
            assert_eq!(read(view, POSTER), Some(expected), "{when}: what was written is what is read");
            assert_eq!(read(view, OTHER_NAME), Some(picture(1)), "{when}");
        },
    );
    killed_at_every_step(
        "adopt what is shown",
        |_| {},
        |world, view, when| {
            assert_eq!(read(view, POSTER), Some(picture(1)), "{when}");
            assert!(!world.source().keys().any(|name| name.contains(".posterfs")), "{when}");
        },
    );
}

#[test]
fn a_rename_over_a_picture() {
    killed_at_every_step(
        "rename over",
        |world| write(&world.media().join("Heat/new.jpg"), &picture(2)),
        |world, view, when| {
            let has_happened = !world.source().contains_key("Heat/new.jpg");
            let expected = if has_happened { picture(2) } else { picture(1) };
            for name in ["Heat/poster.jpg", "Heat/Heat-poster.jpg"] {
                assert_eq!(read(view, name).as_ref(), Some(&expected), "{when}: {name}");
            }
        },
    );
}

#[test]
fn a_folder_with_hidden_originals_is_removed() {
    let empty = |world: &World| {
        fs::remove_file(world.media().join("Heat/Heat.mkv")).unwrap();
        // Nothing is shown there any more.
        let stamp = Stamp { author: "test".to_owned(), reason: "test".to_owned(), now: UnixSeconds::new(200) };
        let mapping = world.catalog().mappings_of(EntityId::new(1)).unwrap();
        let program = crate::catalog::Program { name: "rm".to_owned(), uid: 0 };
        for mapping in mapping {
            world.catalog().withdraw(mapping.id, &program, &stamp).unwrap();
        }
    };
    killed_at_every_step("remove the folder", empty, |world, view, when| {
        let is_there = world.source().contains_key("Heat/folder.jpg");
        assert_ne!(is_there, world.recycled().contains(&b"original".to_vec()), "{when}: the original is in one place");
        // Whoever does it again succeeds.
        if node(view, "Heat").is_some() {
            let mut changes = Changes::open(&world.state(), Arc::new(SystemClock)).unwrap();
            view.rmdir(ROOT, OsStr::new("Heat"), root_caller(), Some(&mut changes)).unwrap();
        }
        assert!(!world.media().join("Heat").exists() && world.recycled() == [b"original".to_vec()], "{when}");
    });
}

#[test]
fn something_new_under_a_hidden_originals_name() {
    killed_at_every_step(
        "make where an original is hidden",
        |_| {},
        |world, _, when| {
            let is_there = world.source().get("Heat/folder.jpg").is_some_and(|bytes| bytes == b"original");
            assert_ne!(
                is_there,
                world.recycled().contains(&b"original".to_vec()),
                "{when}: the original is in one place"
            );
        },
    );
}
