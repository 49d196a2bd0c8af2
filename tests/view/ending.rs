//! How a view ends: by signals, by `unmount`, by a kill that leaves its mount behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::support::{Films, Folders, contents, names, stderr, wait_for};
use crate::world::publish_some;

/// How long a process may take to end.
const END: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// A mount that a test starts and ends by itself; cleared away when dropped.
struct Served {
    films: Films,
    view: PathBuf,
    folders: Folders,
    processes: Vec<Child>,
}

/// What commands hold while they are at something stays, empty.
fn is_lock(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name == "lock" || name.ends_with(".lock"))
}

impl Served {
    fn new() -> Option<Self> {
        let folders = Folders::new()?;
        let films = Films::within(&folders);
        films.scan();
        publish_some(&films);
        let view = folders.view().canonicalize().unwrap();
        Some(Self { films, view, folders, processes: Vec::new() })
    }

    /// Mounts in the foreground.
    fn mount(&mut self) -> Pid {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
        command.arg("--state").arg(self.films.state()).args(["mount", "--foreground", "--source"]);
        command.arg(self.films.media()).arg(&self.view).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("is shown at"), "{line}");
        let pid = Pid::from_child(&child);
        self.processes.push(child);
        pid
    }

    /// Waits for the last process to end; its exit code.
    fn exit_code(&mut self) -> Option<i32> {
        let mut child = self.processes.pop().unwrap();
        wait_for_process(Pid::from_child(&child));
        child.wait().unwrap().code()
    }

    fn poster(&self) -> PathBuf {
        self.view.join("Heat (1995) {tmdb-949}/poster.jpg")
    }

    /// How many mounts there are at the mount point, alive or dead.
    fn mounts(&self) -> usize {
        let table = fs::read_to_string("/proc/self/mounts").unwrap();
        let at = format!(" {} ", self.view.display());
        table.lines().filter(|line| line.contains(&at)).count()
    }

    fn assert_over(&self) {
        assert_eq!(self.mounts(), 0, "no mount is left");
        assert_eq!(names(&self.view).len(), 0, "the mount point is an empty folder again");
        let left: Vec<_> = names(&self.films.state().join("run")).into_iter().filter(|name| !is_lock(name)).collect();
        assert_eq!(left, [""; 0], "nothing of it is left in run/");
        assert_eq!(self.films.one(&["status"])["mounts"], serde_json::json!([]));
    }

    fn unmount(&self) {
        self.films.one(&["unmount".as_ref(), self.view.as_os_str()]);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        for mut child in self.processes.drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
        while unmount(&self.view, UnmountFlags::DETACH).is_ok() {}
    }
}

fn wait_for_process(pid: Pid) {
    let process = pidfd_open(pid, PidfdFlags::empty()).unwrap();
    let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&END)).unwrap();
    assert_eq!(ended, 1, "process {pid:?} goes on");
}

#[test]
fn signals_and_the_command_end_it_cleanly() {
    let Some(mut served) = Served::new() else { return };
    let before = contents(served.films.media());
    for signal in [Some(Signal::TERM), Some(Signal::INT), Some(Signal::HUP), None] {
        let pid = served.mount();
        assert!(served.poster().is_file());
        match signal {
            Some(signal) => kill_process(pid, signal).unwrap(),
            None => served.unmount(),
        }
        assert_eq!(served.exit_code(), Some(0), "{signal:?}");
        served.assert_over();
    }
    assert_eq!(contents(served.films.media()), before);
}

#[test]
fn in_the_background_it_answers_when_the_command_returns_and_is_gone_when_unmount_does() {
    let Some(served) = Served::new() else { return };
    let (source, view) = (served.films.media().to_str().unwrap(), served.view.to_str().unwrap());
    let mounted = served.films.one(&["mount", view, "--source", source]);
    assert_eq!((&mounted["mountpoint"], &mounted["source"]), (&view.into(), &source.into()));
    assert!(served.poster().is_file());
    let pid = i32::try_from(mounted["pid"].as_i64().unwrap()).unwrap();
    let process = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap();
    let mounts = served.films.one(&["status"])["mounts"].clone();
    assert_eq!((&mounts[0]["mountpoint"], &mounts[0]["pid"]), (&view.into(), &pid.into()));
    assert!(served.films.text(&["status"]).contains(view));
    let doctor = served.films.run(&["--json", "doctor", "--offline"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("is served"), "{doctor:?}");
    served.unmount();
    let nothing = Timespec { tv_sec: 0, tv_nsec: 0 };
    let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&nothing)).unwrap();
    assert_eq!(ended, 1, "the process is gone");
    served.assert_over();
}

#[test]
fn what_is_in_use_stays_and_its_users_are_named() {
    let Some(mut served) = Served::new() else { return };
    served.mount();
    let mut user = Command::new("sleep").arg("1000").current_dir(served.view.join("flat")).spawn().unwrap();
    let said = served.films.fails(1, &["unmount".as_ref(), served.view.as_os_str()]);
    assert!(said.contains("is busy") && said.contains(&format!("sleep ({})", user.id())), "{said}");
    assert!(served.poster().is_file(), "and it is still served");
    user.kill().unwrap();
    user.wait().unwrap();
    served.unmount();
    assert_eq!(served.exit_code(), Some(0));
    served.assert_over();
}

#[test]
fn a_signal_ends_it_also_while_a_file_is_open() {
    let Some(mut served) = Served::new() else { return };
    let pid = served.mount();
    let mut opened = fs::File::open(served.poster()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    wait_for(|| served.mounts() == 0);
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut opened, &mut bytes).unwrap();
    assert_eq!(bytes, fs::read(served.films.picture("a.jpg")).unwrap(), "its last users are served to the end");
    drop(opened);
    assert_eq!(served.exit_code(), Some(0));
    served.assert_over();
}

/// Kills the mounting process, which leaves a dead mount.
fn kill(served: &mut Served) {
    let pid = served.mount();
    assert!(served.poster().is_file());
    kill_process(pid, Signal::KILL).unwrap();
    assert_eq!(served.exit_code(), None);
    assert_eq!(fs::read_dir(&served.view).err().and_then(|error| error.raw_os_error()), Some(libc::ENOTCONN));
    assert_eq!(served.mounts(), 1);
}

#[test]
fn what_a_killed_process_leaves_is_cleared_by_unmount() {
    let Some(mut served) = Served::new() else { return };
    let before = contents(served.films.media());
    kill(&mut served);
    assert_eq!(served.films.one(&["status"])["mounts"], serde_json::json!([]), "nobody answers, so it is no mount");
    let doctor = served.films.run(&["doctor", "--offline"]);
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(3), "{told}");
    assert!(told.contains("dead mount") && told.contains("posterfs unmount"), "{told}");
    served.unmount();
    served.assert_over();
    assert!(served.films.fails(1, &["unmount".as_ref(), served.view.as_os_str()]).contains("is not mounted"));
    served.mount();
    assert!(served.poster().is_file());
    served.unmount();
    assert_eq!(served.exit_code(), Some(0));
    assert_eq!(contents(served.films.media()), before);
}

#[test]
fn what_a_killed_process_leaves_is_not_in_the_way_of_the_next() {
    let Some(mut served) = Served::new() else { return };
    for _ in 0..2 {
        kill(&mut served);
        served.mount();
        assert!(served.poster().is_file());
        assert_eq!(served.mounts(), 1, "one mount, not one on a dead one");
        served.unmount();
        assert_eq!(served.exit_code(), Some(0));
        served.assert_over();
    }
}

#[test]
fn a_dead_mount_over_the_library_is_told_and_not_scanned() {
    let Some(mut served) = Served::new() else { return };
    served.view = served.films.media().to_owned();
    kill(&mut served);
    let said = served.films.fails(1, &["scan", "films"]);
    assert!(said.contains("dead mount") && said.contains("posterfs unmount"), "{said}");
    assert_eq!(served.films.one(&["status"])["missing"], 0);
    served.mount();
    assert!(served.poster().is_file());
    assert_eq!(served.films.one(&["scan"])["changed"], 0);
    served.unmount();
    assert_eq!(served.exit_code(), Some(0));
    assert_eq!(served.mounts(), 0);
}

#[test]
fn a_view_of_another_state_folder_is_left_alone() {
    let Some(mut served) = Served::new() else { return };
    served.mount();
    let other = served.folders.plain().join("other-state");
    let run = |arguments: &[&Path]| crate::support::posterfs(&other, arguments);
    let refused = run(&["mount".as_ref(), &served.view, "--source".as_ref(), served.films.media()]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(stderr(&refused).contains("another state folder"), "{refused:?}");
    let opened = fs::File::open(served.poster()).unwrap();
    let busy = run(&["unmount".as_ref(), &served.view]);
    assert_eq!(busy.status.code(), Some(1), "{busy:?}");
    assert!(stderr(&busy).contains("is busy"), "{busy:?}");
    assert!(served.poster().is_file());
    drop(opened);
}
