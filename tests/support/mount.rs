//! A mount for the time of a test.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, chmod, minor, open, stat};
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Signal, kill_process, set_parent_process_death_signal};
use tempfile::TempDir;

use super::is_long;
use super::watchdog::Watchdog;

/// How long a test may use its mount before it is cut off; ten times as long where tests go on for longer.
const DEADLINE: Duration = Duration::from_secs(180);
/// How long the daemon may take to end: what it held of removed files is freed on the disk then, which may be busy.
const END: Duration = Duration::from_secs(60);

/// The folders of a test: the source, an empty one to show it at, a plain one to compare with, all on one file system
/// and open to all users.
pub struct Folders {
    folder: TempDir,
}

/// A mount. It goes when this is dropped, whatever still uses it.
pub struct TestMount {
    watchdog: Option<Watchdog>,
    child: Child,
    view: PathBuf,
    /// Opened before the source may have been covered.
    source: OwnedFd,
    folders: Folders,
    /// Further ones of `posterfs mount`.
    arguments: Vec<String>,
}

/// Runs the program with a state folder, and waits for it.
pub fn posterfs<S: AsRef<std::ffi::OsStr>>(state: &Path, arguments: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_posterfs")).arg("--state").arg(state).args(arguments).output().unwrap()
}

impl Folders {
    /// New folders; `None`, and a line that says why, where nothing can be mounted.
    pub fn new() -> Option<Self> {
        Self::below(&std::env::temp_dir())
    }

    /// The same in a given place.
    pub fn below(place: &Path) -> Option<Self> {
        if !Path::new("/dev/fuse").exists() {
            eprintln!("skipped: there is no /dev/fuse here");
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can act as several users");
            return None;
        }
        let folder = tempfile::tempdir_in(place).unwrap();
        chmod(folder.path(), 0o755.into()).unwrap();
        for name in ["source", "view", "plain"] {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            chmod(&path, 0o777.into()).unwrap();
        }
        Some(Self { folder })
    }

    /// What is shown, as long as nothing covers it.
    pub fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    /// An empty folder to show it at.
    pub fn view(&self) -> PathBuf {
        self.folder.path().join("view")
    }

    /// A folder that has nothing to do with the mount.
    pub fn plain(&self) -> PathBuf {
        self.folder.path().join("plain")
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Shows the source at another place. `arguments` are further ones of `posterfs mount`.
    pub fn mount_beside(self, arguments: &[&str]) -> TestMount {
        let view = self.view();
        TestMount::start(self, view, arguments)
    }

    /// Covers the source with its view.
    pub fn mount_over(self, arguments: &[&str]) -> TestMount {
        let view = self.source();
        TestMount::start(self, view, arguments)
    }
}

impl TestMount {
    fn start(folders: Folders, view: PathBuf, arguments: &[&str]) -> Self {
        let source = open(folders.source(), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let (child, line) = spawn(&folders, &view, &arguments);
        let mut mount = Self { watchdog: None, child, view, source: source.unwrap(), folders, arguments };
        assert!(line.contains("is shown at"), "the mount did not start: {line}{}", mount.log());
        mount.watch();
        mount
    }

    /// Kills the process that serves, and starts another one.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.restart();
    }

    /// Has the process that serves end, and starts another one.
    pub fn end_and_restart(&mut self) {
        self.while_ended(|| {});
    }

    /// Has the process that serves end, does something while nothing is mounted, and starts another one.
    pub fn while_ended(&mut self, work: impl FnOnce()) {
        kill_process(rustix::process::Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap();
        work();
        self.restart();
    }

    fn restart(&mut self) {
        drop(self.watchdog.take());
        self.child.wait().unwrap();
        let (child, line) = spawn(&self.folders, &self.view, &self.arguments);
        self.child = child;
        assert!(line.contains("is shown at"), "the mount did not start again: {line}{}", self.log());
        self.watch();
    }

    fn watch(&mut self) {
        let deadline = if is_long() { 10 * DEADLINE } else { DEADLINE };
        self.watchdog = Some(Watchdog::new(minor(stat(&self.view).unwrap().st_dev), deadline));
    }

    /// The mounted tree.
    pub fn view(&self) -> PathBuf {
        self.view.clone()
    }

    /// What is shown, reached beneath the mount even where it is covered.
    pub fn source(&self) -> PathBuf {
        if self.view == self.folders.source() {
            PathBuf::from(format!("/proc/self/fd/{}", self.source.as_raw_fd()))
        } else {
            self.folders.source()
        }
    }

    /// A folder on the source's file system that has nothing to do with the mount.
    pub fn plain(&self) -> PathBuf {
        self.folders.plain()
    }

    /// The source, open as a folder.
    pub fn source_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folders.state()
    }

    /// The process that serves.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What `status` tells of this mount.
    pub fn status(&self) -> serde_json::Value {
        let output = posterfs(&self.state(), &["--json", "status"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mount = &status["mounts"][0];
        assert!(mount["error"].is_null() && mount.is_object(), "{status}");
        mount.clone()
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folders.folder.path().join("log")).unwrap_or_default()
    }

    fn ends_in_time(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < END {
            if self.child.try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

/// Starts the program; what it says first.
fn spawn(folders: &Folders, view: &Path, arguments: &[String]) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
    command.arg("--state").arg(folders.state()).args(["mount", "--foreground", "--source"]);
    command.arg(folders.source()).args(arguments).arg(view);
    let log = File::options().create(true).append(true).open(folders.folder.path().join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    // SAFETY: prctl is async-signal-safe. A test that dies leaves no daemon, and so no mount, behind.
    unsafe { command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?)) };
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

impl Drop for TestMount {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what the daemon has logged:\n{}", self.log());
        }
        let _ = unmount(&self.view, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = kill_process(pid, Signal::TERM);
        if !self.ends_in_time() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            assert!(std::thread::panicking(), "the daemon did not end by itself; it has logged:\n{}", self.log());
        }
        drop(self.watchdog.take());
    }
}
