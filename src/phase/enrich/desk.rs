//! The catalog, as items that are under way together use it: they hand in a piece of work and wait for its result. The
//! pieces are done one after the other by the thread that owns the catalog.

use tokio::sync::{mpsc, oneshot};

use crate::catalog::Catalog;

use super::super::PhaseError;

type Job = Box<dyn FnOnce(&mut Catalog) + Send>;

/// Where work for the catalog is handed in.
#[derive(Clone)]
pub(super) struct Desk(mpsc::Sender<Job>);

/// Where it is done.
pub(super) struct Clerk(mpsc::Receiver<Job>);

/// How much work may wait: whoever hands in more waits already.
const WAITING_MAX: usize = 64;

/// A desk and the one who serves it.
pub(super) fn open() -> (Desk, Clerk) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (Desk(sender), Clerk(receiver))
}

impl Desk {
    /// Has some work done with the catalog.
    pub(super) async fn ask<T, E>(
        &self,
        work: impl FnOnce(&mut Catalog) -> Result<T, E> + Send + 'static,
    ) -> Result<T, PhaseError>
    where
        T: Send + 'static,
        E: Into<PhaseError> + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |catalog| {
            // Whoever asked may be gone already.
            let _ = answer.send(work(catalog).map_err(Into::into));
        });
        self.0.send(job).await.map_err(|_| PhaseError::Stopped)?;
        answered.await.map_err(|_| PhaseError::Stopped)?
    }
}

impl Clerk {
    /// Serves until every desk is closed.
    pub(super) fn serve(mut self, catalog: &mut Catalog) {
        while let Some(job) = self.0.blocking_recv() {
            job(catalog);
        }
    }
}
