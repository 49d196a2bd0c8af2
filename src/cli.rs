//! The command line: one file per command, arguments in, text or JSON out.
//!
//! Commands contain no logic: they open what is needed, call one phase, and render what it returns. Results go to
//! stdout, talk to stderr. With `--json` a single result is one JSON document, a list is JSON lines.

mod backup;
mod block;
mod candidates;
mod config;
mod context;
mod daemon_lines;
mod demo;
mod deselect;
mod diff;
mod doctor;
mod edit;
mod enrich;
mod export;
mod gc;
mod history;
mod identify;
mod item;
mod jobs;
mod library;
mod list;
mod lock;
mod manual;
mod monitor;
mod mount;
mod mount_helper;
mod next;
mod notify;
mod output;
mod progress;
mod publish;
mod rebuild;
mod recycle;
mod reload;
mod remote;
mod restore;
mod revive;
mod rollback;
mod scan;
mod select;
mod serve;
mod show;
mod status;
mod tag;
mod unmount;
mod verify;
mod webhooks;
mod which;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

use crate::catalog::PublishMode;

use context::Context;
use output::Output;

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done: exit code 0.
    Done,
    /// Done, but problems were found and told: exit code 3.
    Problems,
    /// Done, but what was asked for does not hold: exit code 1, already told.
    Failed,
}

/// What was typed cannot be meant: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}; see --help")]
struct Usage(String);

/// Whether a command is only to tell what it would do.
fn mode(dry_run: bool) -> PublishMode {
    if dry_run { PublishMode::DryRun } else { PublishMode::Apply }
}

/// Where `--help` tells the options that every command has, so that its own come first.
const EVERYWHERE: &str = "Options of every command";

/// Artwork for Kodi, Jellyfin, Emby and Plex, mounted over the media tree without copying a byte into it.
///
/// Each picture is kept once, in a cache that nothing outside can touch. Publishing it is a row in a database; the
/// mount then shows it under the names that players look for.
///
/// Begin with `posterfs demo`. Without a command, it tells what to do next. Your own films: `posterfs library add films /media/films --kind movies`,
/// `posterfs scan`, `posterfs enrich` (with a key of a provider) or `posterfs select "Heat (1995)" poster --file heat.jpg`,
/// `posterfs publish`, `posterfs mount /media/films`.
#[derive(Debug, Parser)]
#[command(name = "posterfs", version, max_term_width = 100)]
struct Cli {
    /// Configuration file (TOML); every key has a default.
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// State folder: database, cache, recycle bin. Default: $POSTERFS_STATE, else /var/lib/posterfs for root, else
    /// $XDG_STATE_HOME/posterfs.
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    state: Option<PathBuf>,
    /// Print JSON: one document for a single result, JSON lines for a list.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    /// Say more on stderr; twice for everything.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = EVERYWHERE)]
    verbose: u8,
    /// Say only errors, and show no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = EVERYWHERE)]
    quiet: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoCommand),
    Library(library::LibraryCommand),
    Identify(identify::Identify),
    Scan(scan::Scan),
    List(list::List),
    Show(show::Show),
    Enrich(enrich::Enrich),
    Candidates(candidates::Candidates),
    Select(select::Select),
    Deselect(deselect::Deselect),
    Block(block::Block),
    Unblock(block::Unblock),
    Lock(lock::Lock),
    Unlock(lock::Unlock),
    Monitor(monitor::Monitor),
    Unmonitor(monitor::Unmonitor),
    Edit(edit::EditCommand),
    Publish(publish::Publish),
    Unpublish(publish::Unpublish),
    History(history::History),
    Diff(diff::Diff),
    Rollback(rollback::Rollback),
    Tag(tag::TagCommand),
    Notify(notify::Notify),
    Mount(mount::Mount),
    Unmount(unmount::Unmount),
    Serve(serve::Serve),
    Jobs(jobs::JobsCommand),
    Webhooks(webhooks::WebhooksCommand),
    Reload(reload::Reload),
    Export(export::Export),
    Recycle(recycle::RecycleCommand),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Rebuild(rebuild::Rebuild),
    Verify(verify::Verify),
    Gc(gc::Gc),
    Status(status::Status),
    Doctor(doctor::Doctor),
    Config(config::ConfigCommand),
    Completions(manual::Completions),
    Man(manual::Man),
}

/// Runs the command line and returns its exit code: 0 done, 1 failed, 2 usage, 3 done but problems were found. Called
/// under the name `mount.posterfs`, it is a helper of `mount(8)` and follows its rules.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match mount_helper::asked(&arguments) {
        Some(asked) => mount_helper::run(asked, run_command),
        None => run_command(arguments),
    }
}

fn run_command(arguments: Vec<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if !matches!(cli.command, Some(Command::Serve(_))) {
        start_logging(cli.verbose, cli.quiet);
    }
    let output = Output::new(cli.json, cli.quiet);
    let run = || {
        let context = Context::new(cli.state.as_deref(), cli.config.as_deref(), output.clone())?;
        let Some(command) = cli.command else { return Ok(exit_code(next::run(&context), &output)) };
        if command.is_shared()
            && let Some(code) = remote::call(&context, arguments.into_iter().skip(1).collect())?
        {
            return Ok(code);
        }
        Ok(exit_code(run_in(&context, || dispatch(command, &context, cli.config)), &output))
    };
    ExitCode::from(run().unwrap_or_else(|error| exit_code(Err(error), &output)))
}

/// The exit code; an error is told.
fn exit_code(outcome: anyhow::Result<Outcome>, output: &Output) -> u8 {
    match outcome {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Failed) => 1,
        Ok(Outcome::Problems) => 3,
        Err(error) => {
            output.complain(&format!("error: {}", output::one_line(&error)));
            if error.is::<Usage>() { 2 } else { 1 }
        }
    }
}

impl Command {
    /// Whether it is done in the daemon while one is running.
    fn is_shared(&self) -> bool {
        matches!(self, Self::Scan(_) | Self::Enrich(_) | Self::Publish(_) | Self::Verify(_) | Self::Gc(_))
    }

    /// Does what [`Self::is_shared`] names.
    fn run_shared(self, context: &Context) -> anyhow::Result<Outcome> {
        match self {
            Self::Scan(command) => command.run(context),
            Self::Enrich(command) => command.run(context),
            Self::Publish(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Gc(command) => command.run(context),
            _ => Err(Usage("the daemon does not do this command".to_owned()).into()),
        }
    }
}

/// Runs a command, here or for another process.
fn run_in(context: &Context, run: impl FnOnce() -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
    let outcome = run();
    // Also behind what failed: something may have been chosen before that.
    let kept = context.keep_journal();
    let outcome = outcome?;
    kept.context("it is done, but could not be noted beside the cache")?;
    Ok(outcome)
}

fn dispatch(command: Command, context: &Context, given_config: Option<PathBuf>) -> anyhow::Result<Outcome> {
    match command {
        Command::Library(command) => command.run(context),
        Command::Serve(command) => command.run(context, given_config),
        Command::Jobs(command) => command.run(context),
        Command::Webhooks(command) => command.run(context),
        Command::Reload(command) => command.run(context),
        Command::Identify(command) => command.run(context),
        Command::List(command) => command.run(context),
        Command::Show(command) => command.run(context),
        Command::Demo(command) => command.run(context),
        Command::Candidates(command) => command.run(context),
        Command::Block(command) => command.run(context),
        Command::Unblock(command) => command.run(context),
        Command::Lock(command) => command.run(context),
        Command::Unlock(command) => command.run(context),
        Command::Monitor(command) => command.run(context),
        Command::Unmonitor(command) => command.run(context),
        Command::Edit(command) => command.run(context),
        Command::Select(command) => command.run(context),
        Command::Deselect(command) => command.run(context),
        Command::Unpublish(command) => command.run(context),
        Command::Diff(command) => command.run(context),
        Command::Rollback(command) => command.run(context),
        Command::Tag(command) => command.run(context),
        Command::Notify(command) => command.run(context),
        Command::Export(command) => command.run(context),
        Command::History(command) => command.run(context),
        Command::Mount(command) => command.run(context),
        Command::Unmount(command) => command.run(context),
        Command::Recycle(command) => command.run(context),
        Command::Backup(command) => command.run(context),
        Command::Restore(command) => command.run(context),
        Command::Rebuild(command) => command.run(context),
        Command::Status(command) => command.run(context),
        Command::Doctor(command) => command.run(context),
        Command::Config(command) => command.run(context),
        Command::Completions(command) => command.run(Cli::command()),
        Command::Man(command) => command.run(Cli::command()),
        shared => shared.run_shared(context),
    }
}

/// Log lines go to stderr; a terminal's user sees warnings unless asked for more.
fn start_logging(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        // Every write of a program to what posterfs shows is worth a line.
        (false, 0) => "warn,posterfs::programs=info",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .try_init();
}
