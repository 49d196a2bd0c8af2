//! A state folder that is read-only or full: what only looks works, the rest says so and leaves nothing half done.

use std::ffi::CString;
use std::fs;
use std::path::PathBuf;

use rustix::fs::StatVfsMountFlags;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};

use crate::support::{Films, contents, write};

/// A file system in memory as a state folder, unmounted when dropped.
struct SmallState(PathBuf);

impl SmallState {
    /// Of that size; `None`, with a message, where this user may not mount.
    fn mount(films: &Films, kibibytes: u32) -> Option<Self> {
        fs::create_dir_all(films.state()).unwrap();
        let options = CString::new(format!("size={kibibytes}k,mode=700")).unwrap();
        match mount("tmpfs", films.state(), "tmpfs", MountFlags::empty(), options.as_c_str()) {
            Ok(()) => Some(Self(films.state().to_owned())),
            Err(error) => {
                eprintln!("skipped: cannot mount a tmpfs here: {error}");
                None
            }
        }
    }

    fn make_read_only(&self) {
        mount_remount(&self.0, MountFlags::RDONLY, "").unwrap();
        assert!(rustix::fs::statvfs(&self.0).unwrap().f_flag.contains(StatVfsMountFlags::RDONLY));
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).unwrap();
        let filled = std::io::copy(&mut std::io::repeat(7), &mut file).unwrap_err();
        assert_eq!(filled.raw_os_error(), Some(libc::ENOSPC));
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallState {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

/// A library with a published poster, another picture selected and not published.
fn published(films: &Films) {
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    films.select("Up", "poster", "b.jpg");
}

/// What only looks, and a word of what it prints.
const LOOKS: &[(&[&str], &str)] = &[
    (&["library", "list"], "films"),
    (&["list"], "Heat"),
    (&["show", "tmdb:949"], "shown as"),
    (&["status"], "8 items"),
    (&["recycle", "list"], "nothing"),
    (&["candidates", "tmdb:949"], "selected"),
    (&["history"], "publish"),
    (&["identify", "/no/such/Film (1999)"], "movie"),
    (&["config"], "view.threads"),
];

#[test]
fn read_only() {
    let films = Films::new();
    let Some(state) = SmallState::mount(&films, 8192) else { return };
    published(&films);
    let before = contents(films.state());
    state.make_read_only();
    for (arguments, word) in LOOKS {
        assert!(films.text(arguments).contains(word), "{arguments:?}");
    }
    let picture = films.picture("c.jpg").to_str().unwrap().to_owned();
    let view = films.picture("").to_str().unwrap().to_owned();
    let to = films.picture("to").to_str().unwrap().to_owned();
    for arguments in [
        &["scan"][..],
        &["publish"],
        &["unpublish", "tmdb:949"],
        &["rollback", "0"],
        &["select", "Up", "fanart", "--file", &picture],
        &["deselect", "Up", "poster"],
        &["library", "add", "more", &to, "--kind", "movies"],
        &["library", "remove", "films"],
        &["backup"],
        &["rebuild", "--force"],
        &["mount", &view, "--source", films.media().to_str().unwrap()],
    ] {
        if arguments[1..].contains(&to.as_str()) {
            fs::create_dir_all(&to).unwrap();
        }
        let said = films.fails(1, arguments);
        assert!(said.contains(films.state().to_str().unwrap()), "{arguments:?}: {said}");
        assert!(said.contains("read-only") && said.contains("--state"), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let doctor = films.run(&["doctor", "--offline"]);
    assert_eq!(doctor.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("cannot be written"));
    assert_eq!(contents(films.state()), before);
}

#[test]
fn full() {
    let films = Films::new();
    let Some(state) = SmallState::mount(&films, 4096) else { return };
    published(&films);
    let cached = contents(&films.state().join("cache"));
    state.fill();
    for (arguments, word) in LOOKS {
        assert!(films.text(arguments).contains(word), "{arguments:?}");
    }
    let picture = films.picture("c.jpg").to_str().unwrap().to_owned();
    for arguments in [
        &["scan"][..],
        &["publish"],
        &["unpublish", "tmdb:949"],
        &["rollback", "0"],
        &["select", "Up", "fanart", "--file", &picture],
        &["deselect", "Up", "poster"],
        &["library", "remove", "films"],
        &["backup"],
        &["rebuild", "--force"],
    ] {
        let said = films.fails(1, arguments);
        assert!(said.contains("no space left") && said.contains("free some"), "{arguments:?}: {said}");
        assert!(said.contains(films.state().to_str().unwrap()), "{arguments:?}: {said}");
    }
    state.empty();
    assert_eq!(contents(&films.state().join("cache")), cached, "nothing half done is in the cache");
    let status = films.one(&["status"]);
    assert_eq!((&status["mappings"], &status["generation"], &status["entities"]), (&2.into(), &1.into(), &8.into()));
    assert_eq!(films.publish()["added"], 2, "with space it goes on from there");
}

#[test]
fn too_small_from_the_beginning() {
    let films = Films::new();
    let Some(_state) = SmallState::mount(&films, 64) else { return };
    let media = films.media().to_str().unwrap().to_owned();
    let said = films.fails(1, &["library", "add", "films", &media, "--kind", "movies"]);
    assert!(said.contains("no space left") && said.contains("posterfs.db"), "{said}");
}

#[test]
fn a_full_target_of_an_export() {
    let films = Films::new();
    published(&films);
    let to = films.picture("to");
    fs::create_dir(&to).unwrap();
    let options = c"size=16k,mode=700";
    if let Err(error) = mount("tmpfs", &to, "tmpfs", MountFlags::empty(), options) {
        eprintln!("skipped: cannot mount a tmpfs here: {error}");
        return;
    }
    let target = SmallState(to.clone());
    target.fill();
    let said = films.fails(1, &["export", "--to", to.to_str().unwrap()]);
    assert!(said.contains("no space left") && said.contains("run the export again"), "{said}");
    target.empty();
    write(to.join("note"), "still works");
    let left: Vec<_> = contents(&to).into_keys().collect();
    assert_eq!(left, [PathBuf::from("note")], "nothing half done");
}
