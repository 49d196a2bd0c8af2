//! A small machine with systemd as its first process (see `boot`), for the time of a test.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use tempfile::TempDir;

/// How long anything may take that systemd is to bring about.
const DEADLINE: Duration = Duration::from_secs(60);
/// What is mounted in every test, with one film in it.
pub const MEDIA: &str = "/media/films";
/// The configuration of every test: one view that covers its source, and no network.
const CONFIG: &str = "[[mount]]\nsource = '/media/films'\n[network]\noffline = true\n[video]\nffprobe = []\n";

/// See the module. It ends when this is dropped.
pub struct Machine {
    boot: Child,
    init: String,
    _folder: TempDir,
}

impl Machine {
    /// Boots it, with a library that is known and nothing started. `None`, and a line that says why, where that cannot be.
    pub fn booted() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/booted/boot");
        let mut command = Command::new(script);
        command.arg(folder.path()).arg(env!("CARGO_BIN_EXE_posterfs"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: prctl is async-signal-safe. A test that dies leaves no machine behind.
        unsafe { command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?)) };
        let mut boot = command.spawn().unwrap();
        let mut told = String::new();
        BufReader::new(boot.stdout.take().unwrap()).read_line(&mut told).unwrap();
        let Some(init) = told.trim().strip_prefix("init ") else {
            let mut why = String::new();
            boot.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            boot.wait().unwrap();
            eprintln!("skipped: no systemd can be booted here: {}", why.trim());
            return None;
        };
        let machine = Self { init: init.to_owned(), boot, _folder: folder };
        machine.wait_for("systemctl is-system-running --wait");
        machine.run("mkdir -p '/media/films/Heat (1995)' && echo film > '/media/films/Heat (1995)/Heat (1995).mkv'");
        machine.write("/etc/posterfs/config.toml", CONFIG);
        machine.run("posterfs --state /var/lib/posterfs library add films /media/films --kind movies");
        machine.run("posterfs --state /var/lib/posterfs scan");
        Some(machine)
    }

    /// Runs a line of shell in it, whatever comes of it.
    pub fn try_run(&self, line: &str) -> Output {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--all", "--", "sh", "-c", line]).stdin(Stdio::null());
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").output().unwrap()
    }

    /// The same; it has to succeed. What it printed, without white space around it.
    #[track_caller]
    pub fn run(&self, line: &str) -> String {
        let output = self.try_run(line);
        let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(output.status.success(), "{line}: {told}{}", String::from_utf8_lossy(&output.stderr));
        told
    }

    /// Waits until a line of shell succeeds.
    #[track_caller]
    pub fn wait_for(&self, line: &str) {
        let begun = Instant::now();
        while !self.try_run(line).status.success() {
            assert!(begun.elapsed() < DEADLINE, "it has not come about in time: {line}\n{}", self.journal(""));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Writes a file in it.
    pub fn write(&self, path: &str, text: &str) {
        self.run(&format!("mkdir -p \"$(dirname '{path}')\" && cat > '{path}' <<'END'\n{text}\nEND"));
    }

    /// Adds to the unit of the daemon, as `systemctl edit` does.
    pub fn edit_unit(&self, text: &str) {
        self.write("/etc/systemd/system/posterfs.service.d/test.conf", text);
        self.run("systemctl daemon-reload");
    }

    /// A property of the daemon's unit.
    pub fn property(&self, name: &str) -> String {
        self.run(&format!("systemctl show --property={name} --value posterfs"))
    }

    /// Kills the daemon with that signal, and waits until systemd has started another one that is ready.
    pub fn kill_until_restarted(&self, signal: &str) {
        let before = self.property("MainPID");
        self.run(&format!("kill -{signal} {before}"));
        let is_another = format!(
            "[ \"$(systemctl show -P MainPID posterfs)\" != {before} ] && [ \"$(systemctl is-active posterfs)\" = active ]"
        );
        self.wait_for(&is_another);
    }

    /// Whether the view of the library is there, as everybody sees it.
    pub fn is_mounted(&self) -> bool {
        self.try_run(&format!("findmnt --types fuse.posterfs {MEDIA}")).status.success()
    }

    /// What the daemon has logged.
    pub fn journal(&self, options: &str) -> String {
        let output = self.try_run(&format!("journalctl --unit=posterfs --no-pager --quiet {options}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what the daemon has logged:\n{}", self.journal(""));
        }
        // Not killed: it has to tidy up.
        let _ = kill_process(Pid::from_child(&self.boot), Signal::TERM);
        let _ = self.boot.wait();
    }
}
