//! Users other than root mount through `fusermount3`, or are told what is missing.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::fs::{Gid, Mode, Uid, chmod, chown};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Films, Folders, NOBODY};

/// Runs the program as a user who owns nothing, through an open file, as its folder may be closed to others.
fn spawn_as_nobody(arguments: &[&std::ffi::OsStr]) -> Child {
    let program = fs::File::open(env!("CARGO_BIN_EXE_posterfs")).unwrap();
    rustix::io::fcntl_setfd(&program, rustix::io::FdFlags::empty()).unwrap();
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    command.args(arguments).env("HOME", "/nonexistent").env_remove("XDG_CONFIG_HOME");
    command.uid(NOBODY.uid).gid(NOBODY.gid).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn a_user_mounts_or_is_told_what_is_missing() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    let owned = |path: &std::path::Path| {
        chown(path, Some(Uid::from_raw(NOBODY.uid)), Some(Gid::from_raw(NOBODY.gid))).unwrap();
    };
    let mut paths = vec![films.state().to_owned(), folders.view()];
    while let Some(path) = paths.pop() {
        owned(&path);
        if path.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    chmod(folders.view(), Mode::from(0o755)).unwrap();
    let arguments: Vec<&std::ffi::OsStr> = vec!["--state".as_ref(), films.state().as_os_str(), "mount".as_ref()];
    let view = folders.view();
    let more = ["--foreground".as_ref(), "--source".as_ref(), films.media().as_os_str(), view.as_os_str()];
    let mut child = spawn_as_nobody(&[arguments, more.to_vec()].concat());
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line.contains("is shown at") {
        let poster = view.join("Heat (1995) {tmdb-949}/poster.jpg");
        let seen = NOBODY.run(|| fs::read(&poster));
        let others = fs::read(&poster);
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(seen.unwrap(), fs::read(films.picture("a.jpg")).unwrap());
        assert_eq!(others.unwrap_err().kind(), std::io::ErrorKind::PermissionDenied, "it is the user's own");
        return;
    }
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.starts_with("error: cannot mount at") && said.lines().count() == 1, "{said}");
    assert!(said.contains("fusermount3") || said.contains("/dev/fuse"), "{said}");
    eprintln!("users cannot mount here, and are told so: {said}");
}
