//! What every command has at hand, opened when it is needed.

use std::cell::Cell;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, CatalogError};
use crate::config::{Config, StateDir};
use crate::control::{Request, ask, mounts};
use crate::model::{Clock, SystemClock, UnixSeconds};
use crate::mount::open_beneath;
use crate::phase::keep_journal;
use crate::provider::{ArtworkProvider, Replies, Surroundings, providers};
use crate::recycle::{self, Recycle};
use crate::streams::Prober;

use super::output::Output;

/// State, configuration and output of one run.
pub struct Context {
    /// The state folder.
    pub state: StateDir,
    /// The configuration in force.
    pub config: Config,
    /// The file it was read from, if any.
    pub config_file: Option<PathBuf>,
    /// Where results go.
    pub output: Output,
    /// Whether the catalog was opened to be written.
    writes: Cell<bool>,
}

impl Context {
    /// Finds state and configuration; makes nothing yet.
    pub fn new(state: Option<&Path>, config: Option<&Path>, output: Output) -> anyhow::Result<Self> {
        let (config, config_file) = Config::load(config)?;
        Ok(Self { state: StateDir::find(state)?, config, config_file, output, writes: Cell::new(false) })
    }

    /// The catalog, made if it is not there yet.
    pub fn catalog(&self) -> anyhow::Result<Catalog> {
        self.state.make()?;
        let catalog = Catalog::open(&self.state.database())?;
        self.writes.set(true);
        Ok(catalog)
    }

    /// Notes beside the cache what the command has chosen, so that it is safe before the command says that it is done.
    pub fn keep_journal(&self) -> anyhow::Result<()> {
        if self.writes.get() {
            keep_journal(&mut Catalog::open(&self.state.database())?, &Cache::open(&self.state.cache())?)?;
        }
        Ok(())
    }

    /// The catalog for a command that only looks: what cannot be written at present can still be looked at.
    pub fn catalog_to_read(&self) -> anyhow::Result<Catalog> {
        self.state.make()?;
        let path = self.state.database();
        match Catalog::open(&path) {
            Err(CatalogError::ReadOnly { .. } | CatalogError::Open { .. } | CatalogError::Full { .. })
                if path.exists() =>
            {
                Ok(Catalog::open_read_only(&path).or_else(|_| Catalog::open_frozen(&path))?)
            }
            opened => Ok(opened?),
        }
    }

    /// The cache, made if it is not there yet.
    pub fn cache(&self) -> anyhow::Result<Cache> {
        self.state.make()?;
        Ok(Cache::open(&self.state.cache())?)
    }

    /// The cache for a command that only looks: one that cannot be written can still be looked at.
    pub fn cache_to_read(&self) -> anyhow::Result<Cache> {
        self.state.make()?;
        let path = self.state.cache();
        Ok(Cache::open(&path).or_else(|_| Cache::open_read_only(&path))?)
    }

    /// What the cache takes, by the configuration.
    pub fn limits(&self) -> Limits {
        let settings = &self.config.picture;
        Limits { file_bytes: settings.bytes_max, pixels: settings.pixels_max, ..Limits::default() }
    }

    /// What the recycle bin keeps, by the configuration.
    pub fn recycle_limits(&self) -> recycle::Limits {
        let settings = &self.config.recycle;
        recycle::Limits { days: settings.days, bytes_max: settings.bytes_max }
    }

    /// Removes from the recycle bin what the configuration does not keep. That it cannot be is no reason to fail.
    pub fn tidy_recycle(&self) {
        let tidied = Recycle::open(&self.state.recycle()).and_then(|bin| bin.tidy(self.recycle_limits(), self.now()));
        match tidied {
            Ok(tidied) if tidied.entries == 0 => {}
            Ok(tidied) => {
                tracing::info!(entries = tidied.entries, bytes = tidied.bytes, "removed from the recycle bin")
            }
            Err(error) => tracing::warn!(%error, "the recycle bin was not tidied"),
        }
    }

    /// What reads videos, by the configuration.
    pub fn prober(&self) -> Prober {
        let settings = &self.config.video;
        Prober::new(settings.ffprobe.clone(), Duration::from_secs(settings.timeout))
    }

    /// What providers need beside their own settings.
    pub fn surroundings(&self, ask_again: bool, is_offline: bool) -> Surroundings {
        let mut network = self.config.network.clone();
        network.offline |= is_offline;
        Surroundings { network, replies: Some(self.replies()), clock: Arc::new(SystemClock), ask_again }
    }

    /// The replies of providers that are kept.
    pub fn replies(&self) -> Replies {
        Replies::in_folder(&self.state.replies())
    }

    /// Who offers candidates, by the configuration.
    pub fn providers(&self, ask_again: bool, is_offline: bool) -> anyhow::Result<Vec<Arc<dyn ArtworkProvider>>> {
        Ok(providers(&self.config.provider, &self.surroundings(ask_again, is_offline))?)
    }

    /// The present time.
    pub fn now(&self) -> UnixSeconds {
        SystemClock.now()
    }

    /// Who a change is by, for the history.
    pub fn author(&self) -> String {
        format!("cli (uid {})", rustix::process::getuid().as_raw())
    }

    /// The folder of a library, beneath whatever posterfs has mounted over it.
    pub fn source(&self, path: &Path) -> anyhow::Result<OwnedFd> {
        Ok(open_beneath(&self.state.run(), path)?)
    }

    /// The path of the source for a path that was typed: what lies in a view is looked for in its source.
    pub fn path_in_source(&self, path: &Path) -> PathBuf {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        for mount in mounts(&self.state.run()) {
            if let Ok(below) = absolute.strip_prefix(&mount.mountpoint) {
                return mount.source.join(below);
            }
        }
        absolute
    }

    /// Tells every mount that the catalog has changed, and returns when they show it. A mount that does not answer
    /// finds out by itself within a second.
    pub fn nudge(&self) {
        let run = self.state.run();
        for mount in mounts(&run) {
            if let Err(error) = ask(&run, &mount.mountpoint, Request::Nudge) {
                tracing::info!(mountpoint = %mount.mountpoint.display(), %error, "the mount was not told");
            }
        }
    }
}
