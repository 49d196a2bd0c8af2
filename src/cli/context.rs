//! What every command has at hand.

use std::cell::Cell;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::config::{Config, StateDir};
use crate::control::TaskLock;
use crate::model::TaskKind;
use crate::provider::Traffic;
use crate::work::Workplace;

use super::output::Output;

/// State, configuration and output of one run. What can be opened is the [`Workplace`]'s.
pub struct Context {
    place: Workplace,
    /// Where results go.
    pub output: Output,
    /// The folder that relative paths begin in.
    pub directory: PathBuf,
    /// The user who runs the command.
    uid: u32,
    /// Whether the catalog was opened to be written.
    writes: Cell<bool>,
}

impl Deref for Context {
    type Target = Workplace;

    fn deref(&self) -> &Workplace {
        &self.place
    }
}

impl Context {
    /// Finds state and configuration; makes nothing yet.
    pub fn new(state: Option<&Path>, config: Option<&Path>, output: Output) -> anyhow::Result<Self> {
        let (config, config_file) = Config::load(config)?;
        let place = Workplace {
            state: StateDir::find(state)?,
            config: Arc::new(config),
            config_file,
            traffic: Traffic::default(),
        };
        let directory = std::env::current_dir().unwrap_or_default();
        Ok(Self { place, output, directory, uid: rustix::process::getuid().as_raw(), writes: Cell::new(false) })
    }

    /// Of a command that is done here for another process.
    pub fn of_caller(place: Workplace, output: Output, directory: PathBuf, uid: u32) -> Self {
        Self { place, output, directory, uid, writes: Cell::new(false) }
    }

    /// The catalog, made if it is not there yet.
    pub fn catalog(&self) -> anyhow::Result<Catalog> {
        let catalog = self.place.catalog()?;
        self.writes.set(true);
        Ok(catalog)
    }

    /// Notes beside the cache what the command has chosen, so that it is safe before the command says that it is done.
    pub fn keep_journal(&self) -> anyhow::Result<()> {
        if self.writes.get() {
            self.place.keep_journal(&mut self.place.catalog()?)?;
        }
        Ok(())
    }

    /// Who a change is by, for the history.
    pub fn author(&self) -> String {
        format!("cli (uid {})", self.uid)
    }

    /// The path of the source for a path that was typed: what lies in a view is looked for in its source.
    pub fn path_in_source(&self, path: &Path) -> PathBuf {
        let path = self.directory.join(path);
        self.source_of_path(std::path::absolute(&path).unwrap_or(path))
    }

    /// Waits until nobody else is doing that kind of work, and keeps others off until what is returned is dropped.
    pub fn turn(&self, kind: TaskKind) -> anyhow::Result<TaskLock> {
        Ok(self.hold(kind, &self.output)?)
    }
}
