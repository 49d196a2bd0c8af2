//! `posterfs mount`

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::control::{MountInfo, mounts};
use crate::mount::{MountOptions, Session, clear_dead, true_place};

use super::Outcome;
use super::context::Context;
use super::output::show_path;
use super::revive::{revive_on_abort, without_revivals};

/// Show a media tree with its artwork.
///
/// The view may cover its own source: `posterfs mount /media/films`. A stopped posterfs then shows the bare library.
/// Returns when the tree answers; end it with `posterfs unmount` (or SIGTERM to its process). What was published is seen
/// within a second of `posterfs publish`, without mounting again. Mounting the same again changes nothing; a mount whose
/// process was killed is replaced.
///
/// In /etc/fstab, with the program also linked as /sbin/mount.posterfs:
/// `/media/films /media/films posterfs defaults,nofail 0 0` (options `state=DIR` and `config=FILE` choose others).
///
/// Several views of one library can be had at once: `--naming` for other names, `--generation` and `--pending` to look
/// before publishing or rolling back.
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
    /// Show the names of these naming profiles instead of the library's own, separated by commas: kodi, jellyfin, emby,
    /// plex, default; or of one that makes a tree of its own: kodi-sets, jellyfin-people, kometa.
    #[arg(long, value_name = "PROFILES", group = "shows")]
    naming: Option<String>,
    /// Of which library, with a profile that makes a tree of its own.
    #[arg(long, value_name = "NAME", requires = "naming")]
    library: Option<String>,
    /// Show what was shown in that generation (`posterfs history`), read-only.
    #[arg(long, value_name = "GENERATION", group = "shows")]
    generation: Option<u32>,
    /// Show what `posterfs publish` would show, read-only.
    #[arg(long, group = "shows")]
    pending: bool,
    /// Comma-separated: ro, rw, attr_timeout=SECONDS, entry_timeout=SECONDS, source_timeout=SECONDS (0: wait for ever), threads=N, poke, nopoke; also those of mount(8) (nosuid,
    /// noexec, …) and what /etc/fstab says to others (nofail, _netdev, x-…), which is passed over.
    #[arg(short = 'o', long = "options", value_name = "OPTIONS", value_delimiter = ',')]
    options: Vec<String>,
    /// Stay in the foreground until unmounted.
    #[arg(long)]
    foreground: bool,
    /// Print nothing when it worked.
    #[arg(long, hide = true)]
    silent: bool,
    /// Report on stdout instead of stderr whether it worked: for the process that started this one.
    #[arg(long, hide = true)]
    report: bool,
    /// How often this process has begun anew after it died of itself.
    #[arg(long, hide = true, default_value_t = 0)]
    revivals: u8,
}

/// What `mount` prints.
#[derive(Debug, Serialize, Deserialize)]
struct Mounted {
    mountpoint: String,
    source: String,
    pid: u32,
    /// Nothing had to be done.
    was_mounted: bool,
}

/// What the background process tells the one that started it.
#[derive(Debug, Serialize, Deserialize)]
enum Report {
    Mounted(Mounted),
    Failed(String),
}

impl Mount {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        if let Some(present) = self.present(context)? {
            self.tell(context, &present)?;
            return Ok(Outcome::Done);
        }
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
        if self.revivals > 0 {
            tracing::error!(revivals = self.revivals, "the process of this mount died of itself, and has begun anew");
        }
        let stopper = session.stopper();
        let listen = move || signals.forever().for_each(|_| stopper.stop());
        std::thread::Builder::new().name("signals".to_owned()).spawn(listen).context("cannot listen to signals")?;
        let mounted = Mounted {
            mountpoint: show_path(session.mountpoint()),
            source: show_path(session.source()),
            pid: std::process::id(),
            was_mounted: false,
        };
        if report {
            println!("{}", serde_json::to_string(&Report::Mounted(mounted))?);
            leave_terminal()?;
            revive_on_abort(without_revivals(std::env::args_os()), self.revivals)?;
        } else {
            context.output.result(&mounted, text)?;
        }
        session.wait();
        session.stop();
        Ok(Outcome::Done)
    }

    fn mount_options(&self, context: &Context) -> anyhow::Result<MountOptions> {
        let source = self.source.clone().unwrap_or_else(|| self.mountpoint.clone());
        let mut options = MountOptions::new(self.mountpoint.clone(), source, &context.config, context.limits());
        self.words().iter().try_for_each(|word| options.apply(word))?;
        Ok(options)
    }

    /// Everything that can also stand behind `-o`, as it stands there.
    fn words(&self) -> Vec<String> {
        let mut words = self.options.clone();
        words.extend(self.naming.iter().map(|profiles| format!("naming={}", profiles.replace(',', "+"))));
        words.extend(self.library.iter().map(|library| format!("library={library}")));
        words.extend(self.generation.map(|generation| format!("generation={generation}")));
        words.extend(self.pending.then(|| "pending".to_owned()));
        words
    }

    fn tell(&self, context: &Context, mounted: &Mounted) -> anyhow::Result<()> {
        if self.silent { Ok(()) } else { context.output.result(mounted, text) }
    }

    /// The same view, if it is there already.
    fn present(&self, context: &Context) -> anyhow::Result<Option<Mounted>> {
        let options = self.mount_options(context)?;
        let (mountpoint, source) = (true_place(&options.mountpoint), true_place(&options.source));
        let shows = options.shows.as_ref().map(ToString::to_string).unwrap_or_default();
        let is_same = |mount: &MountInfo| {
            let is_same_view = mount.shows == shows && mount.read_only == options.is_read_only();
            mount.mountpoint == mountpoint && mount.source == source && is_same_view
        };
        let present = mounts(&context.state.run()).into_iter().find(is_same);
        Ok(present.map(|mount| Mounted {
            mountpoint: show_path(&mount.mountpoint),
            source: show_path(&mount.source),
            pid: mount.pid,
            was_mounted: true,
        }))
    }

    /// Starts the same command in a process and session of its own, and returns when its tree answers.
    fn run_in_background(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut command = Command::new(std::env::current_exe().context("cannot find my own program")?);
        // Paths from the root: the process leaves this folder.
        command.arg("--state").arg(std::path::absolute(context.state.path())?);
        if let Some(file) = &context.config_file {
            command.arg("--config").arg(std::path::absolute(file)?);
        }
        command.args(["mount", "--foreground", "--report"]).args(self.words().iter().flat_map(|word| ["-o", word]));
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
                self.tell(context, &mounted)?;
                Ok(Outcome::Done)
            }
            Ok(Report::Failed(why)) => {
                child.wait()?;
                bail!(why)
            }
            Err(_) => {
                let ended = child.wait()?;
                clear_dead(&true_place(&self.mountpoint));
                bail!("the mounting process ended without a word ({ended})")
            }
        }
    }
}

fn text(mounted: &Mounted) -> String {
    let already = if mounted.was_mounted { "already " } else { "" };
    format!("{} is {already}shown at {} (process {})", mounted.source, mounted.mountpoint, mounted.pid)
}

/// Lets go of the terminal and of the folder it was started in.
fn leave_terminal() -> anyhow::Result<()> {
    std::env::set_current_dir("/")?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}
