//! The views of the tree that are compared, and keeping them from outliving us.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use serde::Serialize;

use super::published::{copy_state, publish_posters};
use super::tree::Tree;

/// How long a file system may take to appear, and to end when asked to.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// One way to look at the tree.
#[derive(Debug, Serialize)]
pub struct View {
    /// What it is called in the table.
    pub name: &'static str,
    /// Program and version; empty for the plain folder.
    pub version: String,
    #[serde(skip)]
    kind: Kind,
    #[serde(skip)]
    source: PathBuf,
    #[serde(skip)]
    mountpoint: PathBuf,
}

#[derive(Debug)]
enum Kind {
    Plain,
    /// With mount options and the state folder.
    Posterfs(&'static [&'static str], PathBuf),
    /// Another program, with its arguments before source and mount point.
    Other(&'static str, &'static [&'static str]),
}

/// A view that can be used. Dropped, it is unmounted and its process has ended.
#[derive(Debug)]
pub struct Mounted {
    root: PathBuf,
    process: Option<Child>,
    state: Option<PathBuf>,
}

/// What posterfs tells of a mount, as far as it matters here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counters {
    /// Requests of the kernel since it was mounted.
    pub requests: u64,
    /// Inodes that it remembers because the kernel does.
    pub nodes: u64,
    /// Folders whose mappings it remembers.
    pub folders: u64,
}

impl View {
    /// All views that can be had here, the plain folder first. With `only`, no others besides it.
    pub fn all(tree: &Tree, only: &[String]) -> anyhow::Result<Vec<Self>> {
        let plain = Self { name: "plain", version: String::new(), kind: Kind::Plain, ..Self::at("plain", tree)? };
        let mut views = vec![plain];
        let is_wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
        if !Path::new("/dev/fuse").exists() {
            eprintln!("skipped: everything but the plain folder (there is no /dev/fuse)");
            return Ok(views);
        }
        views.extend(Self::own(tree, is_wanted)?);
        // By itself mergerfs makes no file where less than 4 GiB are free.
        let others: [(_, &[&str]); 2] = [
            ("mergerfs", &["-f", "-o", "allow_other,use_ino,minfreespace=0"]),
            ("bindfs", &["-f", "-o", "allow_other"]),
        ];
        for (name, arguments) in others.into_iter().filter(|(name, _)| is_wanted(name)) {
            match version(name, "--version") {
                Ok(version) => {
                    views.push(Self { version, kind: Kind::Other(name, arguments), ..Self::at(name, tree)? });
                }
                Err(_) => eprintln!("skipped: {name} (not installed; Debian: apt install {name})"),
            }
        }
        Ok(views)
    }

    /// Views of posterfs: as it is without any options, and as it is where nothing tells of changes behind the mount.
    fn own(tree: &Tree, is_wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Self>> {
        const UNWATCHED: &[&str] = &["attr_timeout=1,entry_timeout=1"];
        let mut views = Vec::new();
        let mut published: Option<PathBuf> = None;
        for (name, options) in [("posterfs", &[][..]), ("posterfs-1s", UNWATCHED)] {
            if !is_wanted(name) {
                continue;
            }
            let state = tree.aside(&format!("state-{name}"))?;
            match &published {
                Some(published) => copy_state(published, &state)?,
                None => publish_posters(tree, &state)?,
            }
            published = Some(state.clone());
            let kind = Kind::Posterfs(options, state);
            views.push(Self { version: version(POSTERFS, "--version")?, kind, ..Self::at(name, tree)? });
        }
        Ok(views)
    }

    fn at(name: &'static str, tree: &Tree) -> io::Result<Self> {
        let mountpoint = tree.aside(&format!("at-{name}"))?;
        Ok(Self { name, version: String::new(), kind: Kind::Plain, source: tree.source(), mountpoint })
    }

    /// Mounts it, with nothing cached yet.
    pub fn mount(&self) -> anyhow::Result<Mounted> {
        let (mut command, state) = match &self.kind {
            Kind::Plain => return Ok(Mounted { root: self.source.clone(), process: None, state: None }),
            Kind::Posterfs(options, state) => {
                let mut command = Command::new(POSTERFS);
                command.args(["--quiet", "--state"]).arg(state).args(["mount", "--foreground", "--source"]);
                command.arg(&self.source);
                command.args(options.iter().flat_map(|options| ["-o", options])).arg(&self.mountpoint);
                (command, Some(state.clone()))
            }
            Kind::Other(program, arguments) => {
                let mut command = Command::new(program);
                command.args(*arguments).arg(&self.source).arg(&self.mountpoint);
                (command, None)
            }
        };
        let before = self.mountpoint.metadata()?.dev();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = Some(spawn_bound(&mut command).with_context(|| format!("cannot start {}", self.name))?);
        // From here on dropping it cleans up.
        let mut mounted = Mounted { root: self.mountpoint.clone(), process, state };
        mounted.wait_until_there(before).with_context(|| format!("{} does not mount", self.name))?;
        Ok(mounted)
    }
}

/// The program as it was built with this benchmark.
pub const POSTERFS: &str = env!("CARGO_BIN_EXE_posterfs");

/// Starts a process that ends when we do, however we do. Only to be called from the main thread, because it is the
/// end of the *thread* that the kernel looks at.
fn spawn_bound(command: &mut Command) -> io::Result<Child> {
    let parent = rustix::process::getpid();
    let bind = move || {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        // Had we died before that call, no signal would ever come.
        if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: two system calls, both async-signal-safe, and no allocation.
    unsafe { command.pre_exec(bind) };
    command.spawn()
}

fn version(program: &str, argument: &str) -> anyhow::Result<String> {
    let output = Command::new(program).arg(argument).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

impl Mounted {
    /// Where the view is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is one of ours.
    pub fn is_posterfs(&self) -> bool {
        self.state.is_some()
    }

    /// Its state folder; `None` for other views.
    pub fn state(&self) -> Option<&Path> {
        self.state.as_deref()
    }

    fn wait_until_there(&mut self, device_before: u64) -> anyhow::Result<()> {
        let start = Instant::now();
        while self.root.metadata().is_ok_and(|metadata| metadata.dev() == device_before) {
            if let Some(status) = self.process.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("it ended with {status}");
            }
            ensure!(start.elapsed() < PATIENCE, "nothing appears at {}", self.root.display());
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// What posterfs has counted so far; `None` for other views.
    pub fn counters(&self) -> anyhow::Result<Option<Counters>> {
        let Some(state) = &self.state else { return Ok(None) };
        let output = Command::new(POSTERFS).arg("--state").arg(state).args(["status", "--json"]).output()?;
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).context("cannot read the status")?;
        let count = |name: &str| status["mounts"][0][name].as_u64().with_context(|| format!("status lacks {name}"));
        Ok(Some(Counters { requests: count("requests")?, nodes: count("nodes")?, folders: count("folders")? }))
    }

    /// Memory that the process holds for itself, in bytes; 0 for the plain folder.
    pub fn memory_bytes(&self) -> io::Result<u64> {
        let Some(process) = &self.process else { return Ok(0) };
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
        let kib = line.split_ascii_whitespace().next().and_then(|kib| kib.parse::<u64>().ok());
        Ok(kib.unwrap_or(0) * 1024)
    }

    /// Processor time that the process has used so far, in ticks; 0 for the plain folder.
    pub fn processor_ticks(&self) -> io::Result<u64> {
        let Some(process) = &self.process else { return Ok(0) };
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id()))?;
        // The name in brackets may hold anything; user and system time are the 12th and 13th field behind it.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        Ok(fields.split_ascii_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum())
    }

    fn has_ended_within(&mut self, at_most: Duration) -> bool {
        let start = Instant::now();
        loop {
            match self.process.as_mut().map(Child::try_wait) {
                None | Some(Ok(Some(_)) | Err(_)) => return true,
                Some(Ok(None)) if start.elapsed() < at_most => std::thread::sleep(LOOK_AGAIN),
                Some(Ok(None)) => return false,
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let Some(pid) = self.process.as_ref().map(Child::id) else { return };
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let has_ended = self.has_ended_within(PATIENCE);
        // One that did not end, or died without unmounting.
        let _ = rustix::mount::unmount(&self.root, rustix::mount::UnmountFlags::DETACH);
        if !has_ended && let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
