//! `posterfs mount`

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::mount::{MountOptions, Session};

use super::Outcome;
use super::context::Context;
use super::output::show_path;

/// Show a media tree with its artwork.
///
/// The view may cover its own source: `posterfs mount /media/films`. A stopped posterfs then shows the bare library.
/// Returns when the tree answers; end it with `posterfs unmount` (or SIGTERM to its process). What was published is seen
/// within a second of `posterfs publish`, without mounting again.
///
/// For example: `posterfs mount /media/films` covers the films with their view; `posterfs mount /srv/view --source
/// /media/films -o ro` shows them elsewhere, and nothing can be written there.
#[derive(Debug, Args)]
pub struct Mount {
    /// Where the view shall be: an existing folder.
    mountpoint: PathBuf,
    /// What it shall be a view of. Default: the mount point itself.
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Comma-separated: ro, rw, attr_timeout=SECONDS, entry_timeout=SECONDS, threads=N.
    #[arg(short = 'o', long = "options", value_name = "OPTIONS", value_delimiter = ',')]
    options: Vec<String>,
    /// Stay in the foreground until unmounted.
    #[arg(long)]
    foreground: bool,
    /// Report on stdout instead of stderr whether it worked: for the process that started this one.
    #[arg(long, hide = true)]
    report: bool,
}

/// What `mount` prints.
#[derive(Debug, Serialize, Deserialize)]
struct Mounted {
    mountpoint: String,
    source: String,
    pid: u32,
}

/// What the background process tells the one that started it.
#[derive(Debug, Serialize, Deserialize)]
enum Report {
    Mounted(Mounted),
    Failed(String),
}

impl Mount {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        if !self.foreground {
            return self.run_in_background(context);
        }
        let report = self.report;
        let outcome = self.serve(context);
        match outcome {
            Err(error) if report => {
                println!("{}", serde_json::to_string(&Report::Failed(super::output::one_line(&error)))?);
                Ok(Outcome::Failed)
            }
            outcome => outcome,
        }
    }

    fn serve(self, context: &Context) -> anyhow::Result<Outcome> {
        // Makes state and catalog if they are not there yet; the mount itself only reads them.
        drop(context.catalog()?);
        drop(context.cache()?);
        let report = self.report;
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        let session = Session::start(self.mount_options(context)?, &context.state)?;
        let stopper = session.stopper();
        std::thread::spawn(move || signals.forever().for_each(|_| stopper.stop()));
        let mounted = Mounted {
            mountpoint: show_path(session.mountpoint()),
            source: show_path(session.source()),
            pid: std::process::id(),
        };
        if report {
            println!("{}", serde_json::to_string(&Report::Mounted(mounted))?);
            leave_terminal()?;
        } else {
            context.output.result(&mounted, text)?;
        }
        session.wait();
        session.stop();
        Ok(Outcome::Done)
    }

    fn mount_options(&self, context: &Context) -> anyhow::Result<MountOptions> {
        let settings = &context.config.mount;
        let mut options = MountOptions {
            mountpoint: self.mountpoint.clone(),
            source: self.source.clone().unwrap_or_else(|| self.mountpoint.clone()),
            read_only: false,
            attr_timeout: Duration::from_secs_f64(settings.attr_timeout),
            entry_timeout: Duration::from_secs_f64(settings.entry_timeout),
            has_chosen_timeouts: false,
            rules: (&context.config).into(),
            limits: context.limits(),
            threads: settings.threads,
        };
        self.options.iter().try_for_each(|option| apply(&mut options, option))?;
        Ok(options)
    }

    /// Starts the same command in a process and session of its own, and returns when its tree answers.
    fn run_in_background(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut command = Command::new(std::env::current_exe().context("cannot find my own program")?);
        command.arg("--state").arg(context.state.path());
        if let Some(file) = &context.config_file {
            command.arg("--config").arg(file);
        }
        command.args(["mount", "--foreground", "--report"]).args(self.options.iter().flat_map(|o| ["-o", o]));
        if let Some(source) = &self.source {
            command.arg("--source").arg(std::path::absolute(source)?);
        }
        command.arg("--").arg(std::path::absolute(&self.mountpoint)?);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // SAFETY: setsid is async-signal-safe and touches no memory.
        unsafe { command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?)) };
        let mut child = command.spawn().context("cannot start the mounting process")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the mounting process has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        match serde_json::from_str(&line) {
            Ok(Report::Mounted(mounted)) => {
                context.output.result(&mounted, text)?;
                Ok(Outcome::Done)
            }
            Ok(Report::Failed(why)) => {
                child.wait()?;
                bail!(why)
            }
            Err(_) => bail!("the mounting process ended without a word ({})", child.wait()?),
        }
    }
}

fn text(mounted: &Mounted) -> String {
    format!("{} is shown at {} (process {})", mounted.source, mounted.mountpoint, mounted.pid)
}

/// Lets go of the terminal and of the folder it was started in.
fn leave_terminal() -> anyhow::Result<()> {
    std::env::set_current_dir("/")?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

fn apply(options: &mut MountOptions, option: &str) -> anyhow::Result<()> {
    let (key, value) = option.split_once('=').unwrap_or((option, ""));
    match key {
        "ro" => options.read_only = true,
        "rw" => options.read_only = false,
        "attr_timeout" => {
            options.attr_timeout = seconds(option, value)?;
            options.has_chosen_timeouts = true;
        }
        "entry_timeout" => {
            options.entry_timeout = seconds(option, value)?;
            options.has_chosen_timeouts = true;
        }
        "threads" => match value.parse() {
            Ok(threads @ 1..=256) => options.threads = threads,
            _ => bail!("`{option}`: threads must be a number from 1 to 256"),
        },
        _ => bail!("unknown mount option `{option}`; there are ro, rw, attr_timeout=, entry_timeout= and threads="),
    }
    Ok(())
}

fn seconds(option: &str, value: &str) -> anyhow::Result<Duration> {
    let parsed = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    parsed.with_context(|| format!("`{option}`: the time must be a number of seconds, 0 or more"))
}
