//! What goes wrong under a running mount: the source, the catalog, the cache, the limits of the process.

mod support;

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use support::{Folders, TestMount, posterfs, write};

/// How long a change may take to be seen.
const SOON: Duration = Duration::from_secs(10);

fn errno<T>(result: std::io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

/// Waits until something is so, and fails when it does not come.
#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A tmpfs or overlay of a test, unmounted when dropped.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = unmount(self.0, UnmountFlags::DETACH);
    }
}

fn message(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A library of one film with a published poster, mounted beside its source.
fn mounted_film() -> Option<TestMount> {
    let folders = Folders::new()?;
    let film = folders.source().join("Heat (1995)");
    fs::create_dir(&film).unwrap();
    write(film.join("Heat (1995).mkv"), "a video");
    let poster = folders.plain().join("poster.jpg");
    let drawn = posterfs::demo::draw_poster("Heat", 7, posterfs::demo::Size { width: 60, height: 90 }).unwrap();
    write(&poster, drawn);
    let state = folders.state();
    let source = folders.source();
    let run = |arguments: &[&str]| {
        let output = posterfs(&state, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", message(&output));
    };
    run(&["library", "add", "films", source.to_str().unwrap(), "--kind", "movies"]);
    run(&["scan"]);
    run(&["select", "Heat (1995)", "poster", "--file", poster.to_str().unwrap()]);
    run(&["publish"]);
    Some(folders.mount_beside(&[]))
}

#[test]
fn a_source_that_is_removed_is_an_error_and_not_an_empty_library() {
    let Some(mount) = Folders::new().map(|folders| folders.mount_beside(&[])) else { return };
    write(mount.view().join("film.mkv"), "a video");
    fs::remove_file(mount.source().join("film.mkv")).unwrap();
    fs::remove_dir(mount.source()).unwrap();
    wait_for("the error", || {
        errno(fs::read_dir(mount.view()).and_then(Iterator::collect::<Result<Vec<_>, _>>)) == Some(libc::EIO)
    });
    assert_eq!(errno(fs::metadata(mount.view().join("other.mkv"))), Some(libc::EIO));
}

#[test]
fn a_catalog_that_is_destroyed_leaves_what_is_known_and_the_source() {
    let Some(mount) = mounted_film() else { return };
    let film = mount.view().join("Heat (1995)");
    let poster = fs::read(film.join("poster.jpg")).unwrap();
    let mut database = fs::File::options().write(true).open(mount.state().join("posterfs.db")).unwrap();
    for page in 0..16 {
        database.seek(SeekFrom::Start(page * 4096)).unwrap();
        database.write_all(&[0xa5; 4096]).unwrap();
    }
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(mount.state().join(format!("posterfs.db{ending}")));
    }
    assert_eq!(fs::read(film.join("poster.jpg")).unwrap(), poster);
    assert_eq!(fs::read(film.join("Heat (1995).mkv")).unwrap(), b"a video");
    write(film.join("subtitle.srt"), "1");
    assert_eq!(fs::read(mount.source().join("Heat (1995)/subtitle.srt")).unwrap(), b"1");
    // What cannot be counted is said, and the mount is shown all the same.
    let output = posterfs(&mount.state(), &["--json", "status"]);
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), status["mounts"].as_array().map(Vec::len)), (Some(3), Some(1)), "{status}");
    assert!(status["catalog_error"].as_str().is_some_and(|why| why.contains("posterfs.db")), "{status}");
    assert!(String::from_utf8_lossy(&posterfs(&mount.state(), &["status"]).stdout).contains("CANNOT BE READ"));
}

#[test]
fn a_catalog_that_is_locked_for_long_keeps_nobody_waiting() {
    let Some(mount) = mounted_film() else { return };
    let connection = rusqlite::Connection::open(mount.state().join("posterfs.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE; UPDATE entities SET title = title").unwrap();
    let begun = Instant::now();
    let film = mount.view().join("Heat (1995)");
    assert!(fs::metadata(film.join("poster.jpg")).unwrap().len() > 0);
    assert_eq!(fs::read_dir(&film).unwrap().count(), 3);
    assert!(begun.elapsed() < Duration::from_secs(5), "a reader waited for the writer");
    connection.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn a_cached_picture_that_is_gone_is_an_error_of_that_name_only() {
    let Some(mount) = mounted_film() else { return };
    let film = mount.view().join("Heat (1995)");
    fs::rename(mount.state().join("cache/assets"), mount.state().join("cache/gone")).unwrap();
    assert_eq!(errno(fs::read(film.join("poster.jpg"))), Some(libc::EIO));
    assert_eq!(fs::read(film.join("Heat (1995).mkv")).unwrap(), b"a video");
}

#[test]
fn a_process_without_descriptors_says_so_and_recovers() {
    let Some(mount) = Folders::new().map(|folders| folders.mount_beside(&[])) else { return };
    for number in 0..40 {
        write(mount.source().join(format!("file{number}")), "x");
    }
    let pid = Pid::from_raw(mount.pid().cast_signed());
    let now = fs::read_dir(format!("/proc/{}/fd", mount.pid())).unwrap().count() as u64;
    let hard = rustix::process::getrlimit(Resource::Nofile).maximum;
    let former = prlimit(pid, Resource::Nofile, Rlimit { current: Some(now + 12), maximum: hard }).unwrap();
    let opened: Vec<_> = (0..40).map(|number| fs::File::open(mount.view().join(format!("file{number}")))).collect();
    let refused = opened.iter().filter_map(|file| file.as_ref().err()?.raw_os_error()).collect::<Vec<_>>();
    assert!(!refused.is_empty() && refused.iter().all(|errno| *errno == Errno::MFILE.raw_os_error()), "{refused:?}");
    drop(opened);
    prlimit(pid, Resource::Nofile, former).unwrap();
    wait_for("the recovery", || fs::read(mount.view().join("file39")).is_ok());
}

#[test]
fn a_mount_point_inside_the_source_and_a_second_view_are_refused() {
    let Some(mount) = Folders::new().map(|folders| folders.mount_beside(&[])) else { return };
    let inside = mount.plain().join("tree/inside");
    fs::create_dir_all(&inside).unwrap();
    let tree = mount.plain().join("tree");
    let refused = posterfs(&mount.state(), &["mount", inside.to_str().unwrap(), "--source", tree.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(message(&refused).contains("lies inside the source"), "{}", message(&refused));
    let second = posterfs(
        &mount.state(),
        &["mount", mount.plain().to_str().unwrap(), "--source", mount.source().to_str().unwrap()],
    );
    assert_eq!(second.status.code(), Some(1));
    assert!(message(&second).contains("is already shown at"), "{}", message(&second));
}

#[test]
fn sources_that_cannot_be_passed_through_are_served_all_the_same() {
    let Some(folders) = Folders::new() else { return };
    let source = folders.source();
    for name in ["lower", "upper", "work"] {
        fs::create_dir(folders.plain().join(name)).unwrap();
    }
    write(folders.plain().join("lower/film.mkv"), "a video");
    let layers = folders.plain();
    let data = format!("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work", layers.display());
    let data = std::ffi::CString::new(data).unwrap();
    if let Err(error) = mount("overlay", &source, "overlay", MountFlags::empty(), data.as_c_str()) {
        eprintln!("skipped: no overlayfs here ({error})");
        return;
    }
    let _overlay = Mounted(&source);
    let mount = folders.mount_beside(&[]);
    assert_eq!(fs::read(mount.view().join("film.mkv")).unwrap(), b"a video");
    write(mount.view().join("film.mkv"), "another video");
    let mut text = String::new();
    fs::File::open(source.join("film.mkv")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "another video");
    let status = mount.status();
    assert_eq!(status["passthrough_opens"], 0, "{status}");
    assert!(status["passthrough_refusals"].as_u64().unwrap() > 0, "{status}");
    assert!(status["last_refusal"].is_string(), "{status}");
}

#[test]
fn a_view_of_a_view_works() {
    let Some(lower) = Folders::new().map(|folders| folders.mount_beside(&[])) else { return };
    write(lower.view().join("film.mkv"), "a video");
    let state = lower.plain().join("state");
    let top = lower.plain().join("top");
    fs::create_dir(&top).unwrap();
    let mounted = posterfs(&state, &["mount", top.to_str().unwrap(), "--source", lower.view().to_str().unwrap()]);
    assert!(mounted.status.success(), "{}", message(&mounted));
    let _top = Mounted(&top);
    assert_eq!(fs::read(top.join("film.mkv")).unwrap(), b"a video");
    let ended = posterfs(&state, &["unmount", top.to_str().unwrap()]);
    assert!(ended.status.success(), "{}", message(&ended));
}

#[test]
fn the_earliest_and_latest_times_that_a_program_can_set_do_no_harm() {
    let Some(mount) = Folders::new().map(|folders| folders.mount_beside(&[])) else { return };
    for folder in [mount.view(), mount.plain()] {
        write(folder.join("film.mkv"), "a video");
    }
    for (seconds, nanoseconds) in [(i64::MIN, 0), (i64::MIN, 5), (i64::MIN + 1, 7), (i64::MAX, 999_999_999), (-1, 5)] {
        let time = rustix::fs::Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
        let set = |folder: &Path| {
            let path = folder.join("film.mkv");
            let outcome = rustix::fs::utimensat(rustix::fs::CWD, &path, &times, rustix::fs::AtFlags::empty());
            let stat = rustix::fs::stat(&path).unwrap();
            (outcome, stat.st_mtime, stat.st_mtime_nsec)
        };
        assert_eq!(set(&mount.view()), set(&mount.plain()), "{seconds}.{nanoseconds}");
    }
    assert!(Command::new("ls").arg(mount.view()).status().unwrap().success());
}

/// A mount in the background, unmounted when dropped.
struct Background {
    folders: Folders,
}

impl Background {
    fn view(&self) -> std::path::PathBuf {
        self.folders.view().canonicalize().unwrap()
    }

    /// `posterfs mount`, with so much address space at most, in MiB.
    fn mount(&self, limit: Option<u64>) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
        command.arg("--state").arg(self.folders.state()).arg("mount").arg(self.view());
        command.arg("--source").arg(self.folders.source());
        let set_limit = move || {
            let bytes = limit.map(|limit| limit << 20);
            Ok(rustix::process::setrlimit(Resource::As, Rlimit { current: bytes, maximum: bytes })?)
        };
        // SAFETY: setrlimit is async-signal-safe.
        unsafe { std::os::unix::process::CommandExt::pre_exec(&mut command, set_limit) };
        command.output().unwrap()
    }

    fn is_mounted(&self) -> bool {
        let table = fs::read_to_string("/proc/self/mounts").unwrap();
        table.contains(&format!(" {} ", self.view().display()))
    }

    fn unmount(&self) {
        let ended = posterfs(&self.folders.state(), &["unmount".as_ref(), self.view().as_os_str()]);
        assert!(ended.status.success(), "{}", message(&ended));
        assert!(!self.is_mounted());
    }

    fn pid(&self) -> Option<u32> {
        let output = posterfs(&self.folders.state(), &["--json", "status"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        status["mounts"][0]["pid"].as_u64().map(|pid| u32::try_from(pid).unwrap())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = posterfs(&self.folders.state(), &["unmount".as_ref(), self.folders.view().as_os_str()]);
        while unmount(self.folders.view(), UnmountFlags::DETACH).is_ok() {}
    }
}

/// Whatever there is of address space: mounting works, or it fails, says why, and leaves nothing behind.
#[test]
fn memory_that_is_short_is_told_before_anything_is_mounted() {
    let Some(folders) = Folders::new() else { return };
    (0..200).for_each(|number| write(folders.source().join(format!("film-{number}")), "a video"));
    let background = Background { folders };
    let mut worked = Vec::new();
    for limit in [4000, 1500, 1000, 700, 550, 450, 400, 350, 300, 250, 200, 150] {
        let begun = Instant::now();
        let output = background.mount(Some(limit));
        assert!(begun.elapsed() < Duration::from_secs(60), "{limit} MiB: it took {:?}", begun.elapsed());
        if output.status.success() {
            let names = fs::read_dir(background.view()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
            assert_eq!(names.collect::<Vec<_>>(), [7; 200], "{limit} MiB");
            let bytes = fs::read(background.view().join("film-7")).unwrap();
            assert_eq!(bytes, b"a video");
            background.unmount();
            worked.push(limit);
        } else {
            let said = message(&output);
            assert!(said.contains("no room for") && said.contains("ulimit -v"), "{limit} MiB: {said}");
            assert!(!background.is_mounted(), "{limit} MiB: a mount was left behind");
            assert_eq!(background.pid(), None);
        }
    }
    assert!(worked.starts_with(&[4000, 1500, 1000, 700]) && !worked.contains(&150), "{worked:?}");
}

/// What memory that runs out later does, or a mistake of ours: the process aborts. The next one takes its place.
#[test]
fn a_process_that_aborts_begins_anew_and_the_dead_mount_is_gone() {
    let Some(folders) = Folders::new() else { return };
    write(folders.source().join("film"), "a video");
    let background = Background { folders };
    let mounted = background.mount(None);
    assert!(mounted.status.success(), "{}", message(&mounted));
    let film = background.view().join("film");
    for revival in 1..=3 {
        let pid = background.pid().unwrap();
        rustix::process::kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), rustix::process::Signal::ABORT)
            .unwrap();
        wait_for("the next one", || {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
            line.windows(13).any(|words| words == format!("--revivals\0{revival}\0").as_bytes())
        });
        wait_for("its answer", || fs::read(&film).is_ok_and(|bytes| bytes == b"a video"));
        let table = fs::read_to_string("/proc/self/mounts").unwrap();
        assert_eq!(table.matches(&format!(" {} ", background.view().display())).count(), 1);
        wait_for("its entry", || background.pid() == Some(pid));
    }
    // Whoever dies again and again at once is not kept going.
    let pid = Pid::from_raw(background.pid().unwrap().cast_signed()).unwrap();
    let process = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    let mut waits = [rustix::event::PollFd::new(&process, rustix::event::PollFlags::IN)];
    let soon = rustix::event::Timespec { tv_sec: 10, tv_nsec: 0 };
    assert_eq!(rustix::event::poll(&mut waits, Some(&soon)), Ok(1), "it goes on");
    let again = background.mount(None);
    assert!(again.status.success(), "{}", message(&again));
    assert_eq!(fs::read(&film).unwrap(), b"a video");
}
