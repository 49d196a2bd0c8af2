//! What all requests share.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, Stamp};
use crate::config::{Config, StateDir};
use crate::control::{Request, ask, mounts};
use crate::model::Clock;
use crate::phase::{Choices, keep_journal};
use crate::provider::{Replies, Surroundings, providers};

use super::Problem;
use super::api::{JobProgress, LISTENERS_MAX, Thumbnails};
use super::metrics::MOUNT_SEATS;

/// Who changes are by, for the history.
pub(super) const AUTHOR: &str = "http";

/// How many requests are at the catalog at once; more wait for their turn.
const SEATS: usize = 16;

/// Who runs the server.
pub trait Host: Send + Sync + 'static {
    /// The configuration in force; it may be another one next time.
    fn config(&self) -> Arc<Config>;

    /// A job was asked for: who works them off may look now.
    fn wake(&self);

    /// How far the jobs are that are under way.
    fn progress(&self) -> Vec<JobProgress> {
        Vec::new()
    }
}

/// What all requests share. Cloning it makes another name for the same.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// The state folder.
    pub state: StateDir,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Who runs the server.
    pub host: Arc<dyn Host>,
    /// How many KiB of bodies may be under way; see `body`.
    pub(super) body_room: Arc<Semaphore>,
    /// Small copies of pictures.
    pub(super) thumbnails: Thumbnails,
    /// Held by who decodes a picture.
    pub(super) decoding: Mutex<()>,
    /// How many more may listen to events.
    pub(super) listeners: Arc<Semaphore>,
    /// How many mounts may be asked at once how they are.
    pub(super) mount_seats: Arc<Semaphore>,
    cache: OnceLock<Arc<Cache>>,
    seats: Arc<Semaphore>,
    idle: Mutex<Vec<Catalog>>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// An application on a state folder.
    #[must_use]
    pub fn new(state: StateDir, clock: Arc<dyn Clock>, host: Arc<dyn Host>) -> Self {
        Self(Arc::new(Shared {
            state,
            clock,
            host,
            body_room: super::body::room(),
            thumbnails: Thumbnails::default(),
            decoding: Mutex::new(()),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
            mount_seats: Arc::new(Semaphore::new(MOUNT_SEATS)),
            cache: OnceLock::new(),
            seats: Arc::new(Semaphore::new(SEATS)),
            idle: Mutex::new(Vec::new()),
        }))
    }

    /// Does something with the catalog, on a thread that may wait.
    ///
    /// # Errors
    /// Those of the work; when the catalog cannot be opened.
    pub async fn with_catalog<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut Catalog) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(|_| Problem::ending())?;
        let app = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let idle = app.idle.lock().pop();
            let mut catalog = match idle {
                Some(catalog) => catalog,
                None => app.open()?,
            };
            let result = work(&app, &mut catalog).and_then(|value| app.keep_journal(&mut catalog).map(|()| value));
            // What failed may have done so for reasons of the connection.
            if result.is_ok() {
                app.idle.lock().push(catalog);
            }
            drop(seat);
            result
        });
        done.await.map_err(|_| Problem::ending())?
    }

    /// Notes beside the cache what was chosen, so that it is safe before anybody is told that it is done.
    fn keep_journal(&self, catalog: &mut Catalog) -> Result<(), Problem> {
        if catalog.has_unnoted()? {
            keep_journal(catalog, &*self.cache()?).map_err(|error| Problem::failed(&error))?;
        }
        Ok(())
    }

    /// The cache, opened when it is first needed.
    pub(super) fn cache(&self) -> Result<Arc<Cache>, Problem> {
        if let Some(cache) = self.cache.get() {
            return Ok(Arc::clone(cache));
        }
        let opened = Cache::open(&self.state.cache()).map_err(|error| Problem::failed(&error))?;
        Ok(Arc::clone(self.cache.get_or_init(|| Arc::new(opened))))
    }

    /// What the cache takes, by the configuration.
    pub(super) fn limits(&self) -> Limits {
        let settings = &self.host.config().picture;
        Limits { file_bytes: settings.bytes_max, pixels: settings.pixels_max, ..Limits::default() }
    }

    /// What choosing needs.
    pub(super) fn choices(&self) -> Result<Choices, Problem> {
        let config = self.host.config();
        let replies = Some(Replies::in_folder(&self.state.replies()));
        let clock = Arc::clone(&self.clock);
        let surroundings = Surroundings { network: config.network.clone(), replies, clock, ask_again: false };
        let providers = providers(&config.provider, &surroundings).map_err(|error| Problem::failed(&error))?;
        let (cache, limits, now) = (self.cache()?, self.limits(), self.clock.now());
        Ok(Choices { cache, providers, surroundings, limits, author: AUTHOR.to_owned(), now })
    }

    /// By whom and why.
    pub(super) fn stamp(&self, reason: String) -> Stamp {
        Stamp { author: AUTHOR.to_owned(), reason, now: self.clock.now() }
    }

    /// What is mounted where, and what it is a view of.
    pub(super) fn views(&self) -> Vec<(PathBuf, PathBuf)> {
        mounts(&self.state.run()).into_iter().map(|mount| (mount.mountpoint, mount.source)).collect()
    }

    /// Tells every mount that the catalog has changed. One that does not answer finds out by itself within a second.
    pub(super) fn nudge(&self) {
        let run = self.state.run();
        for mount in mounts(&run) {
            if let Err(error) = ask(&run, &mount.mountpoint, Request::Nudge) {
                tracing::info!(mountpoint = %mount.mountpoint.display(), %error, "the mount was not told");
            }
        }
    }

    fn open(&self) -> Result<Catalog, Problem> {
        self.state.make().map_err(|error| Problem::failed(&error))?;
        Catalog::open(&self.state.database()).map_err(Problem::from)
    }
}
