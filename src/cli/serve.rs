//! `posterfs serve`

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser};

use crate::config::{Config, stderr_is_journal};
use crate::control::{Call, Caller};
use crate::daemon::log::{self, LogFormat};
use crate::daemon::{Runner, ServeOptions, serve};
use crate::work::Workplace;

use super::context::Context;
use super::output::Output;
use super::{Cli, Outcome, Usage, exit_code, run_in};

/// Run the daemon: mounts, webhooks, schedule and jobs.
///
/// Mounts every `[[mount]]` of the configuration, serves HTTP where `[http] listen` says, does what `[schedule]` names, and works
/// off what is queued. Commands like `scan`, `enrich` and `publish` are done in the daemon while it runs, and shown as
/// if they were not. Stays in the foreground; SIGTERM or Ctrl-C ends it (once: in order; twice: at once), SIGHUP or `posterfs reload`
/// reads the configuration again. One daemon has a state folder.
///
/// With systemd: `systemctl enable --now posterfs` (see systemd/posterfs.service); it is ready when the views answer.
///
/// For example: `posterfs --config my.toml serve`; then `posterfs status` in another terminal.
#[derive(Debug, Args)]
pub struct Serve {
    /// How log lines look: text for people and the journal, json for programs. What is logged says `[log] level`.
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
}

impl Serve {
    pub fn run(self, context: &Context, given_config: Option<PathBuf>) -> anyhow::Result<Outcome> {
        let level = log::start(self.log_format, stderr_is_journal());
        let place = Workplace::clone(context);
        serve(ServeOptions { place, given_config, runner: Arc::new(CommandRunner), level })?;
        Ok(Outcome::Done)
    }
}

/// Does commands for those who typed them.
struct CommandRunner;

impl Runner for CommandRunner {
    fn run(&self, place: Workplace, call: Call, caller: &Arc<Caller>) -> u8 {
        let arguments = call.arguments.into_iter().map(OsString::from_vec);
        let cli = match Cli::try_parse_from(std::iter::once(OsString::from("posterfs")).chain(arguments)) {
            Ok(cli) => cli,
            Err(error) => {
                caller.tell(&crate::control::Frame::Err(error.to_string()));
                return u8::try_from(error.exit_code()).unwrap_or(2);
            }
        };
        let output = Output::of_caller(cli.json, cli.quiet, call.shows_progress, Arc::clone(caller));
        let directory = PathBuf::from(OsString::from_vec(call.directory));
        let run = || {
            let place = with_config_of(place, cli.config.map(|config| directory.join(config)))?;
            let context = Context::of_caller(place, output.clone(), directory, caller.uid()?);
            let command = cli.command.ok_or_else(|| Usage("no command was given".to_owned()))?;
            run_in(&context, || command.run_shared(&context))
        };
        exit_code(run(), &output)
    }
}

/// A configuration that was named holds for this command.
fn with_config_of(mut place: Workplace, given: Option<PathBuf>) -> anyhow::Result<Workplace> {
    if let Some(given) = given {
        let (config, config_file) = Config::load(Some(&given))?;
        (place.config, place.config_file) = (Arc::new(config), config_file);
    }
    Ok(place)
}
