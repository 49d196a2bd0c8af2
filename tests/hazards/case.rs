//! A command with its beginning and its outcome, and the beginning made again and again.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{Films, stderr};

/// All that a command said.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(output)
}

/// What is to have come of a command; the second argument says under which circumstances, for messages.
pub type Check = Box<dyn Fn(&Films, &str)>;

/// See the module.
pub struct Case {
    /// The state that it begins in.
    pub films: Films,
    pub arguments: Vec<OsString>,
    /// Steps that it must have.
    pub steps: Vec<&'static str>,
    /// What a full disk must have stopped it at: words of what it said.
    pub places: Vec<&'static str>,
    /// What a run again may say instead of succeeding: it was done already.
    pub done_already: &'static str,
    /// How many seconds its clock is ahead of that of the machine.
    pub ahead: i64,
    /// Whether bytes are to be gone afterwards.
    pub lets_go: bool,
    pub check: Check,
}

impl Case {
    pub fn new<S: AsRef<std::ffi::OsStr>>(
        films: Films,
        arguments: &[S],
        check: impl Fn(&Films, &str) + 'static,
    ) -> Self {
        Self {
            films,
            arguments: arguments.iter().map(|argument| argument.as_ref().to_owned()).collect(),
            steps: Vec::new(),
            places: Vec::new(),
            done_already: "",
            ahead: 0,
            lets_go: false,
            check: Box::new(check),
        }
    }

    pub fn steps(self, steps: &[&'static str]) -> Self {
        Self { steps: steps.to_vec(), ..self }
    }

    pub fn and_steps(mut self, steps: &[&'static str]) -> Self {
        self.steps.extend(steps);
        self
    }

    pub fn places(self, places: &[&'static str]) -> Self {
        Self { places: places.to_vec(), ..self }
    }

    pub fn done_already(self, says: &'static str) -> Self {
        Self { done_already: says, ..self }
    }

    /// The command, `later` seconds after the time at which it is meant to run.
    pub fn command(&self, later: i64) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
        command.arg("--state").arg(self.films.state()).args(&self.arguments);
        command.env("POSTERFS_CLOCK_AHEAD", (self.ahead + later).to_string());
        command
    }

    pub fn run(&self) -> Output {
        self.command(0).output().unwrap()
    }

    /// Whether it has come to its end, or finds that somebody else has.
    pub fn is_done(&self, output: &Output) -> bool {
        output.status.success() || (!self.done_already.is_empty() && said(output).contains(self.done_already))
    }

    /// Whether it says that it has failed, be it at one thing of several.
    pub fn has_failed(&self, output: &Output) -> bool {
        matches!(output.status.code(), Some(1 | 3)) && !said(output).contains("panicked")
    }

    /// Runs it once more, and demands that it comes to its end.
    #[track_caller]
    pub fn run_again(&self, when: &str) {
        let again = self.run();
        assert!(self.is_done(&again), "{when}, run again: {}", said(&again));
    }

    /// In words, for messages.
    pub fn named(&self) -> String {
        let words: Vec<_> = self.arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        words.join(" ")
    }

    /// Everything that the command can reach: its state, the library, the folder of pictures.
    pub fn root(&self) -> &Path {
        self.films.media().parent().unwrap()
    }
}

/// All of it as it was, to begin anew.
pub struct Beginning<'a> {
    root: &'a Path,
    kept: tempfile::TempDir,
}

impl<'a> Beginning<'a> {
    pub fn of(case: &'a Case) -> Self {
        let kept = tempfile::tempdir().unwrap();
        copy(case.root(), kept.path());
        Self { root: case.root(), kept }
    }

    pub fn restore(&self) {
        empty(self.root);
        self.fill();
    }

    /// Puts it into the folder, which is empty.
    pub fn fill(&self) {
        copy(self.kept.path(), self.root);
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap().success());
}

/// Removes everything in a folder of a test.
#[expect(clippy::disallowed_methods, reason = "the folder of a test, to be made anew")]
pub fn empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => std::fs::remove_dir_all(entry.path()).unwrap(),
            false => std::fs::remove_file(entry.path()).unwrap(),
        }
    }
}
