//! What all requests share.

use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::config::{Config, StateDir};
use crate::model::Clock;
use crate::phase::keep_journal;

use super::Problem;

/// How many requests are at the catalog at once; more wait for their turn.
const SEATS: usize = 16;

/// Who runs the server.
pub trait Host: Send + Sync + 'static {
    /// The configuration in force; it may be another one next time.
    fn config(&self) -> Arc<Config>;

    /// A job was asked for: who works them off may look now.
    fn wake(&self);
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
        let (seats, idle) = (Arc::new(Semaphore::new(SEATS)), Mutex::new(Vec::new()));
        Self(Arc::new(Shared { state, clock, host, body_room: super::body::room(), seats, idle }))
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
            let cache = Cache::open(&self.state.cache()).map_err(|error| Problem::failed(&error))?;
            keep_journal(catalog, &cache).map_err(|error| Problem::failed(&error))?;
        }
        Ok(())
    }

    fn open(&self) -> Result<Catalog, Problem> {
        self.state.make().map_err(|error| Problem::failed(&error))?;
        Catalog::open(&self.state.database()).map_err(Problem::from)
    }
}
