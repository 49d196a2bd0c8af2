//! `posterfs completions` and `posterfs man`

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

use super::Outcome;

/// Print the completions for a shell.
///
/// For bash: `posterfs completions bash > /etc/bash_completion.d/posterfs`; for zsh: `posterfs completions zsh >
/// ~/.zfunc/_posterfs` (a folder of $fpath); for fish: `posterfs completions fish > ~/.config/fish/completions/posterfs.fish`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// Print a manual page, or write them all.
///
/// To read one: `posterfs man | man -l -`, `posterfs man recycle restore | man -l -`. To install them: `posterfs man --to
/// /usr/local/share/man/man1`, then `man posterfs-scan` works.
#[derive(Debug, Args)]
pub struct Man {
    /// The page of one command, word by word. Default: that of posterfs itself.
    command: Vec<String>,
    /// Write the pages of all commands into this folder, as `posterfs.1`, `posterfs-scan.1`, …
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    to: Option<PathBuf>,
}

impl Completions {
    pub fn run(&self, mut command: Command) -> anyhow::Result<Outcome> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "posterfs", &mut text);
        std::io::stdout().write_all(&text)?;
        Ok(Outcome::Done)
    }
}

impl Man {
    pub fn run(&self, mut command: Command) -> anyhow::Result<Outcome> {
        match &self.to {
            Some(folder) => write_all(command, folder)?,
            None => {
                command.build();
                let mut text = Vec::new();
                clap_mangen::Man::new(page(command, &self.command)?).render(&mut text)?;
                std::io::stdout().write_all(&text)?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// The command that these words lead to.
fn page(mut command: Command, words: &[String]) -> anyhow::Result<Command> {
    for word in words {
        command = command
            .find_subcommand(word)
            .cloned()
            .with_context(|| format!("there is no command `{}`; `posterfs --help` lists them", words.join(" ")))?;
    }
    Ok(command)
}

fn write_all(command: Command, folder: &Path) -> anyhow::Result<()> {
    let failed = || format!("cannot write manual pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(without_help(command), folder).with_context(failed)
}

/// Without `posterfs help COMMAND`, which says what the page of that command says.
fn without_help(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let command = command.disable_help_subcommand(true);
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, without_help))
}
