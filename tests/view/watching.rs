//! Players that watch the view (inotify) are told of what is published in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount_bind, mount_change, mount_remount, unmount,
};

use crate::support::{Films, Folders, contents};
use crate::world::{World, publish_some};

/// How long an event may take. Nothing that works comes near it.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// Everything that inotify tells of folders.
struct Watched(OwnedFd);

impl Watched {
    fn new(folders: &[&Path]) -> Self {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
        let told = WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::DELETE | WatchFlags::MOVE | WatchFlags::ATTRIB;
        for folder in folders {
            inotify::add_watch(&fd, *folder, told).unwrap();
        }
        Self(fd)
    }

    /// Collects events, as `kind name`, until all of `wanted` have come.
    #[track_caller]
    fn wait_for(&self, wanted: &[&str]) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        while !wanted.iter().all(|event| told.contains(*event)) {
            let mut ready = [PollFd::new(&self.0, PollFlags::IN)];
            assert!(poll(&mut ready, Some(&PATIENCE)).unwrap() > 0, "waiting for {wanted:?}, was told {told:?}");
            told.append(&mut self.told());
        }
        told
    }

    /// What has been told so far.
    fn told(&self) -> BTreeSet<String> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut told = BTreeSet::new();
        loop {
            let event = match reader.next() {
                Err(Errno::AGAIN) => return told,
                event => event.unwrap(),
            };
            let kinds = [
                (ReadFlags::CREATE, "create"),
                (ReadFlags::MODIFY, "modify"),
                (ReadFlags::DELETE, "delete"),
                (ReadFlags::ATTRIB, "attrib"),
                (ReadFlags::MOVED_TO, "move"),
                (ReadFlags::MOVED_FROM, "move"),
            ];
            let kind = kinds.iter().find(|(flag, _)| event.events().contains(*flag)).map_or("other", |(_, kind)| kind);
            let name = event.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            told.insert(format!("{kind} {name}"));
        }
    }
}

/// A read-only bind mount, as a container has it.
struct Bound(std::path::PathBuf);

impl Bound {
    fn new(view: &Path, at: &Path) -> Self {
        fs::create_dir(at).unwrap();
        mount_bind(view, at).unwrap();
        let bound = Self(at.to_owned());
        mount_change(at, MountPropagationFlags::PRIVATE).unwrap();
        mount_remount(at, MountFlags::BIND | MountFlags::RDONLY, c"").unwrap();
        bound
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

#[test]
fn artwork_that_comes_changes_and_goes_is_told_under_its_true_name() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    let mount = folders.mount_beside(&[]);
    let heat = "Heat (1995) {tmdb-949}";
    let bound = Bound::new(&mount.view(), &mount.plain().join("bound"));
    let in_source = Watched::new(&[&mount.source().join(heat)]);
    let before = (contents(&mount.source()), fs::metadata(mount.source().join(heat)).unwrap().mtime_nsec());
    for folder in [mount.view().join(heat), bound.0.join(heat)] {
        let watched = Watched::new(&[&folder]);
        films.select("tmdb:949", "poster", "a.jpg");
        films.publish();
        watched.wait_for(&["create poster.jpg", "create Heat (1995)-poster.jpg", "delete folder.jpg"]);
        assert_eq!(fs::read(folder.join("poster.jpg")).unwrap(), fs::read(films.picture("a.jpg")).unwrap());
        films.select("tmdb:949", "poster", "b.jpg");
        films.publish();
        watched.wait_for(&["modify poster.jpg", "modify Heat (1995)-poster.jpg"]);
        films.one(&["unpublish", "tmdb:949"]);
        let told = watched.wait_for(&["delete poster.jpg", "delete Heat (1995)-poster.jpg"]);
        assert!(!told.iter().any(|event| event.contains("/.") || event.contains(" .")), "only true names: {told:?}");
        assert!(folder.join("folder.jpg").exists() && !folder.join("poster.jpg").exists());
    }
    assert_eq!((contents(&mount.source()), fs::metadata(mount.source().join(heat)).unwrap().mtime_nsec()), before);
    assert_eq!(in_source.told(), BTreeSet::new(), "nothing of it reaches the source");
}

/// A folder that exists only as mappings is made for its watchers as a folder.
#[test]
fn a_folder_of_mappings_appears() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    let mount = folders.mount_beside(&[]);
    let heat = mount.view().join("Heat (1995) {tmdb-949}");
    let watched = Watched::new(&[&heat]);
    films.select("tmdb:949", "fanart", "a.jpg");
    films.select("tmdb:949", "fanart1", "b.jpg");
    films.publish();
    watched.wait_for(&["create extrafanart"]);
    let inside = heat.join("extrafanart");
    let watched = Watched::new(&[&inside]);
    let picture = fs::read_dir(&inside).unwrap().next().unwrap().unwrap().file_name();
    films.select("tmdb:949", "fanart1", "c.jpg");
    films.publish();
    watched.wait_for(&[&format!("modify {}", picture.to_str().unwrap())]);
}

#[test]
fn whoever_does_not_want_it_is_not_told() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    let mount = folders.mount_beside(&["-o", "nopoke"]);
    let heat = mount.view().join("Heat (1995) {tmdb-949}");
    let watched = Watched::new(&[&heat]);
    publish_some(&films);
    assert!(heat.join("poster.jpg").exists());
    // What is done by others is told as ever, and after what the publish would have told.
    crate::support::write(heat.join("last.srt"), "1");
    let told = watched.wait_for(&["create last.srt"]);
    assert!(!told.iter().any(|event| event.ends_with(".jpg")), "{told:?}");
}

/// "Rate-limited, one per folder after a bulk change".
#[test]
fn of_very_many_folders_each_is_told_of_once() {
    const COUNT: usize = 320;
    let Some(folders) = Folders::new() else { return };
    let films = Films::empty_within(&folders);
    for number in 0..COUNT {
        let name = format!("Film {number:03} (2001)");
        fs::create_dir(films.media().join(&name)).unwrap();
        crate::support::write(films.media().join(&name).join(format!("{name}.mkv")), "film");
    }
    films.one(&["library", "add", "films", films.media().to_str().unwrap(), "--kind=movies"]);
    films.one(&["scan"]);
    crate::figures::select_for_all(&films);
    let mount = folders.mount_beside(&[]);
    let shown: Vec<_> = fs::read_dir(mount.view()).unwrap().map(|folder| folder.unwrap().path()).collect();
    let watched = Watched::new(&shown.iter().map(|folder| folder as &Path).collect::<Vec<_>>());
    let begun = Instant::now();
    assert_eq!(films.publish()["added"], 2 * COUNT);
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    while counts.len() < COUNT {
        let mut ready = [PollFd::new(&watched.0, PollFlags::IN)];
        assert!(poll(&mut ready, Some(&PATIENCE)).unwrap() > 0, "of {} folders nothing was told", COUNT - counts.len());
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&watched.0, &mut buffer);
        while let Ok(event) = reader.next() {
            *counts.entry(event.wd()).or_default() += 1;
        }
    }
    let least = Duration::from_millis(5 * (COUNT as u64 - 1));
    assert!(begun.elapsed() >= least, "a pause after each: {:?}", begun.elapsed());
    // Those whose turn came before so many waited may have been told of each name.
    let in_full = counts.values().filter(|count| **count > 1).count();
    assert!(in_full < COUNT / 4, "{in_full} of {COUNT} were told of more than once");
}

#[test]
fn a_view_over_its_source_tells_too_and_can_be_unmounted_at_once() {
    let Some(world) = World::over() else { return };
    let watched = Watched::new(&[&world.heat()]);
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    let told = watched.wait_for(&["modify poster.jpg"]);
    assert!(told.iter().all(|event| event.ends_with("poster.jpg")), "{told:?}");
    drop(watched);
    for picture in ["a.jpg", "b.jpg"] {
        world.films.select("tmdb:949", "poster", picture);
        world.films.publish();
    }
    let media = world.films.media().to_owned();
    world.films.one(&["unmount".as_ref(), media.as_os_str()]);
}
