//! `posterfs completions` and `posterfs man`

use std::io::Write;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

use super::Outcome;

/// Print the completions for a shell.
///
/// For bash: `posterfs completions bash > /etc/bash_completion.d/posterfs`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// Print a manual page.
///
/// To read it: `posterfs man | man -l -`.
#[derive(Debug, Args)]
pub struct Man {
    /// The page of one command. Default: that of posterfs itself.
    command: Option<String>,
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
        command.build();
        let page = match &self.command {
            None => command,
            Some(name) => {
                command.find_subcommand(name).cloned().with_context(|| format!("there is no command `{name}`"))?
            }
        };
        let mut text = Vec::new();
        clap_mangen::Man::new(page).render(&mut text)?;
        std::io::stdout().write_all(&text)?;
        Ok(Outcome::Done)
    }
}
