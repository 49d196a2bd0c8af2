//! A daemon for the time of a test, and the socket where systemd would listen.

use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

use crate::support::{Films, Folders, posterfs, write};

/// How long anything may take that the daemon is to bring about.
const DEADLINE: Duration = Duration::from_secs(60);

/// See the module. Whatever it has mounted goes when this is dropped.
pub struct Daemon {
    pub films: Films,
    pub folders: Folders,
    socket: UnixDatagram,
    child: Option<Child>,
    variables: Vec<(&'static str, String)>,
    arguments: Vec<&'static str>,
}

/// What the configuration says in every test: no network, nothing by itself.
const QUIET: &str = "[network]\noffline = true\n[video]\nffprobe = []\n\
    [schedule]\nscan = ''\nenrich = ''\npublish = ''\nverify = ''\nverify_deep = ''\ngc = ''\nbackup = ''\n";

impl Daemon {
    /// Folders, films that are scanned, and a configuration with one view that covers them; nothing is started yet. `None`,
    /// and a line that says why, where nothing can be mounted.
    pub fn prepared() -> Option<Self> {
        let folders = Folders::new()?;
        let films = Films::within(&folders);
        let media = films.media().to_str().unwrap().to_owned();
        films.text(&["library", "add", "films", &media, "--kind", "movies"]);
        films.text(&["scan"]);
        let socket = UnixDatagram::bind(folders.plain().join("notify")).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let daemon = Self { films, folders, socket, child: None, variables: Vec::new(), arguments: Vec::new() };
        daemon.configure(&format!("[[mount]]\nsource = '{media}'\n"));
        Some(daemon)
    }

    /// Writes the configuration: what is quiet, and this.
    pub fn configure(&self, more: &str) {
        let http = if more.contains("[http]") { "" } else { "[http]\nlisten = ''\n" };
        write(self.config(), format!("{QUIET}{http}{more}"));
    }

    pub fn config(&self) -> PathBuf {
        self.folders.plain().join("posterfs.toml")
    }

    /// A variable of the environment of the next start.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.variables.push((name, value.to_owned()));
    }

    /// An argument of the next start.
    pub fn also(&mut self, argument: &'static str) {
        self.arguments.push(argument);
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
        command
            .arg("--state")
            .arg(self.films.state())
            .arg("--config")
            .arg(self.config())
            .arg("serve")
            .args(&self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Starts the daemon, which is not ready yet.
    pub fn start(&mut self) {
        let mut command = self.command();
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        command.stderr(log).env("NOTIFY_SOCKET", self.folders.plain().join("notify"));
        command.envs(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        // SAFETY: prctl is async-signal-safe. A test that dies leaves no daemon, and so no mount, behind.
        unsafe { command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?)) };
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it and waits until it is ready.
    pub fn start_ready(&mut self) {
        self.start();
        self.until("READY=1");
    }

    /// Another one on the same state folder, to its end.
    pub fn second(&self) -> Output {
        self.command().stderr(Stdio::piped()).output().unwrap()
    }

    /// The next message to systemd, line by line.
    pub fn message(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        match self.socket.recv(&mut bytes) {
            Ok(length) => String::from_utf8(bytes[..length].to_vec()).unwrap().lines().map(str::to_owned).collect(),
            Err(error) => panic!("systemd hears nothing ({error}); the log:\n{}", self.log()),
        }
    }

    /// All messages up to one that has this line; the last of them.
    pub fn until(&self, line: &str) -> Vec<String> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let message = self.message();
            if message.iter().any(|told| told == line) {
                return message;
            }
            assert!(Instant::now() < deadline, "{line} was not told; the log:\n{}", self.log());
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// How it ends.
    pub fn end(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.end()
    }

    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.end();
    }

    /// Runs a command on its state folder.
    pub fn posterfs(&self, arguments: &[&str]) -> Output {
        posterfs(self.films.state(), arguments)
    }

    /// What a command with `--json` prints, a line each.
    pub fn json(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        self.films.json(arguments)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folders.plain().join("log")
    }
}

/// Whether a view is there.
pub fn is_mounted(path: &Path) -> bool {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    table.lines().any(|line| line.split(' ').nth(4) == path.to_str() && line.contains(" posterfs:"))
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what the daemon has logged:\n{}", self.log());
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for place in [self.folders.source(), self.folders.view()] {
            let _ = unmount(&place, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
        }
    }
}
