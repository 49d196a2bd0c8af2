//! Mounting as people and machines do it: again, several times, by `mount(8)`, over what was left behind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{Films, Folders, contents, stderr};
use crate::world::{World, publish_some};

/// The program under the name by which `mount(8)` calls it.
fn helper(folders: &Folders, arguments: &[&Path]) -> Output {
    let link = folders.plain().join("mount.posterfs");
    if !link.exists() {
        symlink(env!("CARGO_BIN_EXE_posterfs"), &link).unwrap();
    }
    Command::new(link).args(arguments).output().unwrap()
}

/// Ends a view when a test is over, however it is.
struct Ended<'a>(&'a Films, PathBuf);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let _ = self.0.run(&["unmount".as_ref(), self.1.as_os_str()]);
    }
}

#[test]
fn the_helper_of_mount_takes_what_a_table_of_file_systems_says() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    publish_some(&films);
    let (view, media) = (folders.view(), films.media().to_owned());
    let words = "defaults,rw,noauto,user,nofail,_netdev,nonempty,x-systemd.automount,x-gvfs-show,context=x";
    let words = format!("{words},state={}", films.state().display());
    for (source, mountpoint) in [(media.as_path(), view.as_path()), (Path::new("none"), media.as_path())] {
        let _ended = Ended(&films, mountpoint.to_owned());
        let output = helper(&folders, &[source, mountpoint, "-o".as_ref(), words.as_ref()]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{source:?}");
        assert!(output.stdout.is_empty(), "mount(8) prints for itself");
        assert!(mountpoint.join("Heat (1995) {tmdb-949}/poster.jpg").is_file(), "the tree answers when it returns");
        films.one(&["unmount".as_ref(), mountpoint.as_os_str()]);
    }
}

#[test]
fn the_helper_of_mount_tells_by_its_exit_code() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    let state = format!("state={}", films.state().display());
    let nowhere = folders.plain().join("nowhere");
    let unknown = format!("{state},frobnicate");
    for (arguments, code, words) in [
        (vec![films.media(), nowhere.as_path(), "-o".as_ref(), state.as_ref()], 32, "nowhere"),
        (vec![films.media(), folders.view().as_path(), "-o".as_ref(), unknown.as_ref()], 32, "`frobnicate`"),
        (vec![films.media()], 1, "usage"),
        (vec![films.media(), nowhere.as_path(), "-f".as_ref()], 0, ""),
    ] {
        let output = helper(&folders, &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn mounting_the_same_again_changes_nothing() {
    let Some(world) = World::beside() else { return };
    let view = world.mount.view();
    let arguments: [&Path; 4] = ["mount".as_ref(), &view, "--source".as_ref(), world.films.media()];
    let again = world.films.one(&arguments);
    assert_eq!((&again["was_mounted"], &again["pid"]), (&true.into(), &world.mount.pid().into()));
    assert!(world.heat().join("poster.jpg").is_file());
    let otherwise: [&Path; 6] =
        ["mount".as_ref(), &view, "--source".as_ref(), world.films.media(), "-o".as_ref(), "ro".as_ref()];
    assert!(world.films.fails(1, &otherwise).contains("is already mounted"), "a view of another kind is another view");
}

#[test]
fn several_views_of_one_library_see_the_same() {
    let Some(world) = World::over() else { return };
    let films = &world.films;
    let second = world.mount.plain().join("second");
    fs::create_dir(&second).unwrap();
    let arguments: [&Path; 6] =
        ["mount".as_ref(), &second, "--source".as_ref(), films.media(), "-o".as_ref(), "ro".as_ref()];
    films.one(&arguments);
    let _ended = Ended(films, second.clone());
    assert_eq!(contents(&second), contents(films.media()), "beneath the view that covers it, then with artwork");
    // Through the one view, seen in the other; likewise what is published.
    crate::support::write(world.heat().join("new.srt"), "1");
    films.select("tmdb:949", "poster", "c.jpg");
    films.publish();
    let heat = second.join("Heat (1995) {tmdb-949}");
    crate::support::wait_for(|| heat.join("new.srt").exists());
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.picture("c.jpg")).unwrap());
    let status = films.one(&["status"]);
    assert_eq!(status["mounts"].as_array().unwrap().len(), 2);
    films.one(&["scan"]);
    // The view that reached beneath the other one does not need it any more.
    films.one(&["unmount".as_ref(), films.media().as_os_str()]);
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.picture("c.jpg")).unwrap());
}
