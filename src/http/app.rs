//! What all requests share.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use crate::cache::Cache;
use crate::catalog::{Catalog, Stamp};
use crate::work::{RunningJob, Workplace};

use super::Problem;
use super::api::{LISTENERS_MAX, Pictures};
use super::metrics::MOUNT_SEATS;

/// Who changes are by, for the history.
pub(super) const AUTHOR: &str = "http";

/// How many requests are at the catalog at once; more wait for their turn.
const SEATS: usize = 16;

/// How many are at something that may take long: publishing, downloads. They keep nobody else from the catalog.
const LONG_SEATS: usize = 4;

/// Who runs the server.
pub trait Host: Send + Sync + 'static {
    /// The state folder with the configuration in force; that may be another one next time.
    fn place(&self) -> Arc<Workplace>;

    /// A job was asked for: who works them off may look now.
    fn wake(&self);

    /// How far the jobs are that are under way.
    fn running(&self) -> Vec<RunningJob>;
}

/// What all requests share. Cloning it makes another name for the same.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// Who runs the server.
    pub host: Arc<dyn Host>,
    /// How many KiB of bodies may be under way; see `body`.
    pub(super) body_room: Arc<Semaphore>,
    /// How many pictures may be sent here at once.
    pub(super) uploads: Arc<Semaphore>,
    /// Small copies of pictures, and who may make them.
    pub(super) pictures: Pictures,
    /// How many more may listen to events.
    pub(super) listeners: Arc<Semaphore>,
    /// How many mounts may be asked at once how they are.
    pub(super) mount_seats: Arc<Semaphore>,
    /// Told when the server ends.
    pub(super) closing: watch::Sender<bool>,
    cache: OnceLock<Arc<Cache>>,
    seats: Arc<Semaphore>,
    long_seats: Arc<Semaphore>,
    idle: Mutex<Vec<Catalog>>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// An application for a host.
    #[must_use]
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self(Arc::new(Shared {
            host,
            body_room: super::body::room(),
            uploads: Arc::new(Semaphore::new(LONG_SEATS)),
            pictures: Pictures::default(),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
            mount_seats: Arc::new(Semaphore::new(MOUNT_SEATS)),
            closing: watch::Sender::new(false),
            cache: OnceLock::new(),
            seats: Arc::new(Semaphore::new(SEATS)),
            long_seats: Arc::new(Semaphore::new(LONG_SEATS)),
            idle: Mutex::new(Vec::new()),
        }))
    }

    /// The state folder with the configuration in force.
    #[must_use]
    pub fn place(&self) -> Arc<Workplace> {
        self.host.place()
    }

    /// Does something short with the catalog, on a thread that may wait.
    ///
    /// # Errors
    /// Those of the work; when the catalog cannot be opened.
    pub async fn with_catalog<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut Catalog) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.in_seat(&self.seats, work).await
    }

    /// The same for what may take long.
    ///
    /// # Errors
    /// As [`App::with_catalog`].
    pub async fn at_length<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut Catalog) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.in_seat(&self.long_seats, work).await
    }

    async fn in_seat<T: Send + 'static>(
        &self,
        seats: &Arc<Semaphore>,
        work: impl FnOnce(&Self, &mut Catalog) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let seat = Arc::clone(seats).acquire_owned().await.map_err(|_| Problem::ending())?;
        let app = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let (place, idle) = (app.place(), app.idle.lock().pop());
            let mut catalog = idle.map_or_else(|| place.catalog(), Ok)?;
            let result = work(&app, &mut catalog);
            // Also behind what failed: something may have been chosen before that.
            let kept = place.keep_journal(&mut catalog);
            let result = result.and_then(|value| Ok(kept.map(|()| value)?));
            // What failed may have done so for reasons of the connection.
            if result.is_ok() {
                app.idle.lock().push(catalog);
            }
            drop(seat);
            result
        });
        done.await.map_err(|_| Problem::ending())?
    }

    /// The cache, opened when it is first needed.
    pub(super) fn cache(&self) -> Result<Arc<Cache>, Problem> {
        if let Some(cache) = self.cache.get() {
            return Ok(Arc::clone(cache));
        }
        let opened = Arc::new(self.place().cache()?);
        Ok(Arc::clone(self.cache.get_or_init(|| opened)))
    }

    /// By whom and why.
    pub(super) fn stamp(&self, reason: String) -> Stamp {
        Stamp { author: AUTHOR.to_owned(), reason, now: self.place().now() }
    }
}
