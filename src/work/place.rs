//! A state folder with its configuration.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, CatalogError, Library};
use crate::config::{Config, StateDir};
use crate::control::{Request, ask, mounts};
use crate::library::Source;
use crate::model::{Clock, SystemClock, UnixSeconds};
use crate::mount::open_beneath;
use crate::phase::{Choices, LibraryTree, PlayerView, PlayerViews, keep_journal};
use crate::provider::{ArtworkProvider, Replies, Surroundings, Traffic, providers};
use crate::recycle::{self, Recycle};
use crate::streams::Prober;

use super::WorkError;

/// A library with its tree; `Err` tells why that cannot be reached.
pub type OpenedLibrary = (Library, Result<Source, String>);

/// Where work is done. Everything is opened when it is needed.
#[derive(Debug, Clone)]
pub struct Workplace {
    /// The state folder.
    pub state: StateDir,
    /// The configuration in force.
    pub config: Arc<Config>,
    /// The file it was read from, if any.
    pub config_file: Option<PathBuf>,
    /// What providers are asked for here.
    pub traffic: Traffic,
}

impl Workplace {
    /// The catalog, made if it is not there yet.
    ///
    /// # Errors
    /// When it cannot be opened or made.
    pub fn catalog(&self) -> Result<Catalog, WorkError> {
        self.state.make()?;
        Ok(Catalog::open(&self.state.database())?)
    }

    /// The catalog for a command that only looks: what cannot be written at present can still be looked at.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn catalog_to_read(&self) -> Result<Catalog, WorkError> {
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
    ///
    /// # Errors
    /// When it cannot be opened or made.
    pub fn cache(&self) -> Result<Cache, WorkError> {
        self.state.make()?;
        Ok(Cache::open(&self.state.cache())?)
    }

    /// The cache for what only looks: one that cannot be written can still be looked at.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn cache_to_read(&self) -> Result<Cache, WorkError> {
        self.state.make()?;
        let path = self.state.cache();
        Ok(Cache::open(&path).or_else(|_| Cache::open_read_only(&path))?)
    }

    /// What the cache takes, by the configuration.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let settings = &self.config.picture;
        Limits { file_bytes: settings.bytes_max, pixels: settings.pixels_max, ..Limits::default() }
    }

    /// What the recycle bin keeps, by the configuration.
    #[must_use]
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

    /// Notes beside the cache what has been chosen, so that it is safe before anybody is told that it is done.
    ///
    /// # Errors
    /// When catalog or cache fail.
    pub fn keep_journal(&self, catalog: &mut Catalog) -> Result<(), WorkError> {
        if catalog.has_unnoted()? {
            keep_journal(catalog, &self.cache()?)?;
        }
        Ok(())
    }

    /// What choosing by hand needs; `author` is who chooses.
    ///
    /// # Errors
    /// When the cache cannot be opened, or a provider cannot be used as it is configured.
    pub fn choices(&self, author: String) -> Result<Choices, WorkError> {
        Ok(Choices {
            cache: Arc::new(self.cache()?),
            providers: self.providers(false, false)?,
            surroundings: self.surroundings(true, false),
            limits: self.limits(),
            author,
            now: self.now(),
        })
    }

    /// What reads videos, by the configuration.
    #[must_use]
    pub fn prober(&self) -> Prober {
        let settings = &self.config.video;
        Prober::new(settings.ffprobe.clone(), Duration::from_secs(settings.timeout))
    }

    /// What providers need beside their own settings.
    #[must_use]
    pub fn surroundings(&self, ask_again: bool, is_offline: bool) -> Surroundings {
        let mut network = self.config.network.clone();
        network.offline |= is_offline;
        let traffic = self.traffic.clone();
        Surroundings { network, replies: Some(self.replies()), clock: Arc::new(SystemClock), ask_again, traffic }
    }

    /// The replies of providers that are kept.
    #[must_use]
    pub fn replies(&self) -> Replies {
        Replies::in_folder(&self.state.replies())
    }

    /// Who offers candidates, by the configuration.
    ///
    /// # Errors
    /// When one cannot be used as it is configured.
    pub fn providers(&self, ask_again: bool, is_offline: bool) -> Result<Vec<Arc<dyn ArtworkProvider>>, WorkError> {
        Ok(providers(&self.config.provider, &self.surroundings(ask_again, is_offline))?)
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        SystemClock.now()
    }

    /// The libraries that shall have metadata documents, with their trees beneath whatever is mounted over them; `Err` tells
    /// why one cannot be reached.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn libraries_with_documents(&self, catalog: &Catalog) -> Result<Vec<OpenedLibrary>, WorkError> {
        let with_documents = self.config.document_libraries();
        let wanted = catalog.libraries()?.into_iter().filter(|library| with_documents.has(&library.name));
        let opened = wanted.map(|library| {
            let source = self.source(&library.path).map(|fd| Source::from_fd(fd, library.path.clone()));
            (library, source.map_err(|error| error.to_string()))
        });
        Ok(opened.collect())
    }

    /// Libraries with their trees, beneath whatever is mounted over them.
    #[must_use]
    pub fn trees(&self, libraries: Vec<Library>) -> Vec<LibraryTree> {
        let tree = |library: Library| {
            let opened = self.source(&library.path);
            let source = opened.map(|fd| Source::from_fd(fd, library.path.clone())).map_err(|error| error.to_string());
            LibraryTree { library, source }
        };
        libraries.into_iter().map(tree).collect()
    }

    /// What players may look through: the views of the configuration, and those that are mounted and show what is published.
    #[must_use]
    pub fn player_views(&self) -> PlayerViews {
        let configured = self.config.mount.iter().map(|mount| PlayerView {
            source: mount.source(),
            mountpoint: mount.mountpoint(),
            profiles: mount.profiles.clone(),
        });
        let mounted = mounts(&self.state.run()).into_iter().filter(|mount| mount.shows.is_empty());
        let mounted = mounted.map(|mount| PlayerView {
            source: mount.source,
            mountpoint: mount.mountpoint,
            profiles: Vec::new(),
        });
        PlayerViews::new(configured.chain(mounted).collect())
    }

    /// What is mounted where, and what it is a view of.
    #[must_use]
    pub fn views(&self) -> Vec<(PathBuf, PathBuf)> {
        mounts(&self.state.run()).into_iter().map(|mount| (mount.mountpoint, mount.source)).collect()
    }

    /// The folder of a library, beneath whatever posterfs has mounted over it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn source(&self, path: &Path) -> Result<OwnedFd, WorkError> {
        Ok(open_beneath(&self.state.run(), path)?)
    }

    /// The path of the source for an absolute path: what lies in a view is looked for in its source.
    #[must_use]
    pub fn source_of_path(&self, absolute: PathBuf) -> PathBuf {
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
