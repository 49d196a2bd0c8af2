//! Folders, disks and machines: what is not the database.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::support::{Films, Folders, contents, lists, stderr, wait_for, with_old_schema, write};
use crate::world::{HEAT, World, assert_decided_alike, assert_shows_the_same, decisions};

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn move_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn lost_library_folder() {
    let Some(world) = World::new() else { return };
    let (shown, decided) = (world.shown(), world.decisions());
    let away = world.mount.plain().join("away");
    move_all(&world.mount.source(), &away);
    // What the command finds to say of an empty library is not what this is about.
    world.films.run(&["scan"]);
    assert!(world.films.json(&["list"]).is_empty() || world.films.run(&["scan"]).status.code() == Some(3));
    move_all(&away, &world.mount.source());
    assert!(world.films.run(&["scan"]).status.success());
    world.films.publish();
    wait_for(|| world.shown().files == shown.files);
    assert_decided_alike(&decided, &world.decisions());
}

#[test]
fn lost_mount() {
    let Some(mut world) = World::new() else { return };
    let shown = world.shown();
    world.mount.kill_and_restart();
    assert_eq!(world.shown(), shown);
}

#[test]
fn manager_deleted_a_film_and_brought_it_back() {
    let Some(world) = World::new() else { return };
    let folder = |name: &str| world.mount.view().join(name);
    let heat = std::str::from_utf8(HEAT).unwrap();
    #[expect(clippy::disallowed_methods, reason = "what a manager does")]
    fs::remove_dir_all(folder(heat)).unwrap();
    assert!(!lists(&world.mount.view(), heat));
    world.films.one(&["scan"]);
    let new = "Heat 1995 Remux {tmdb-949}";
    fs::create_dir(folder(new)).unwrap();
    write(folder(new).join("Heat 1995 Remux.mkv"), "the film");
    world.films.one(&["scan"]);
    world.films.publish();
    let picture = fs::read(world.films.picture("a.jpg")).unwrap();
    wait_for(|| fs::read(folder(new).join("poster.jpg")).is_ok_and(|bytes| bytes == picture));
    let story = world.films.one(&["show", "tmdb:949"]);
    assert_eq!(story["images"]["poster"]["locked"], true, "{story}");
}

/// A small file system in the place of the state folder; gone when dropped.
struct SmallState<'a>(&'a Path);

impl Drop for SmallState<'_> {
    fn drop(&mut self) {
        let _ = unmount(self.0, UnmountFlags::DETACH);
    }
}

#[test]
fn full_disk() {
    let Some(folders) = Folders::new() else { return };
    let state = folders.state();
    fs::create_dir(&state).unwrap();
    mount("none", &state, "tmpfs", MountFlags::empty(), c"size=6m").unwrap();
    let _small = SmallState(&state);
    let world = World::of(folders);
    let shown = world.shown();
    world.films.select("tmdb:949", "banner", "c.jpg");
    let decided = world.decisions();
    let filler = state.join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let said = stderr(&world.films.run(&["publish"]));
    assert!(said.contains("no space left"), "{said}");
    assert_eq!(world.shown().files, shown.files, "the view goes on showing what is published");
    drop(file);
    fs::remove_file(&filler).unwrap();
    world.films.publish();
    let banner = world.mount.view().join(OsStr::new(std::str::from_utf8(HEAT).unwrap())).join("banner.jpg");
    wait_for(|| banner.exists());
    let after = world.decisions();
    assert_eq!(after.keys().collect::<Vec<_>>(), decided.keys().collect::<Vec<_>>());
}

#[test]
fn half_finished_upgrade() {
    let films = Films::new();
    films.scan();
    with_old_schema(&films);
    let database = films.state().join("posterfs.db");
    let old = posterfs::catalog::Catalog::check_file(&database).unwrap().version;
    let killed = Command::new(env!("CARGO_BIN_EXE_posterfs"))
        .arg("--state")
        .arg(films.state())
        .arg("status")
        .env("POSTERFS_DIES_AT", "migrate.backed_up")
        .output()
        .unwrap();
    assert_eq!(killed.status.signal(), Some(9), "{}", stderr(&killed));
    assert_eq!(posterfs::catalog::Catalog::check_file(&database).unwrap().version, old, "wholly or not at all");
    films.text(&["status"]);
    assert_eq!(films.one(&["show", "Old"])["monitored"], false);
    let backup = films.state().join(format!("backups/before-migration-of-schema-{old}.db"));
    films.text(&["monitor", "Old"]);
    films.text(&[OsStr::new("restore"), backup.as_os_str()]);
    assert_eq!(films.one(&["show", "Old"])["monitored"], false, "what was before the upgrade");
}

#[test]
fn moved_library() {
    let Some(mut world) = World::new() else { return };
    let decided = world.decisions();
    let films = &world.films;
    let moved = films.picture("moved");
    let after = std::cell::RefCell::new(None);
    world.mount.while_ended(|| {
        move_all(films.media(), &moved);
        let library = OsString::from(format!("films:movies={}", moved.to_str().unwrap()));
        films.one(&[words(&["rebuild", "--force", "--library"]), vec![library]].concat());
        let libraries = films.json(&["library", "list"]);
        assert_eq!((libraries.len(), libraries[0]["path"].as_str()), (1, moved.to_str()), "{libraries:?}");
        films.one(&["scan"]);
        films.publish();
        *after.borrow_mut() = Some(decisions(films));
        move_all(&moved, films.media());
    });
    assert_decided_alike(&decided, &after.into_inner().unwrap());
}

#[test]
fn second_machine() {
    let Some(mut world) = World::new() else { return };
    let (shown, decided) = (world.shown(), world.decisions());
    let films = &world.films;
    let backup = films.picture("posterfs.db");
    films.text(&[OsStr::new("backup"), backup.as_os_str()]);
    let other = films.with_state(films.picture("other-state"));
    fs::create_dir(other.state()).unwrap();
    let copied = Command::new("cp").arg("-a").arg(films.state().join("cache")).arg(other.state()).status().unwrap();
    assert!(copied.success());
    world.mount.while_ended(|| {
        other.text(&[OsStr::new("restore"), backup.as_os_str()]);
        other.one(&["scan"]);
        other.publish();
        assert_decided_alike(&decided, &decisions(&other));
        // The other machine's state, here: the view is to be of that.
        fs::rename(films.state(), films.picture("first-state")).unwrap();
        fs::rename(other.state(), films.state()).unwrap();
    });
    assert_shows_the_same(&shown, &world.shown());
    assert!(contents(&films.picture("first-state")).len() > 5);
}
