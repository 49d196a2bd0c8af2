//! HTTP: one thread with a runtime of its own.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::http::{self, App, Host};

use super::ServeError;
use super::serve::join_within;
use super::state::Shared;

/// How long requests that are under way may take once it is to end.
const END: Duration = Duration::from_secs(7);

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Web {
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Begins to serve where the configuration says; `None`: nowhere.
    ///
    /// # Errors
    /// When nothing can be served there.
    pub fn start(shared: &Arc<Shared>) -> Result<Option<Self>, ServeError> {
        let Some(address) = shared.place().config.http.address()? else { return Ok(None) };
        let bound = std::net::TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (listening, listener) = bound.map_err(|source| ServeError::Bind { address, source })?;
        let failed = |source| ServeError::Start { what: "the thread of HTTP", source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (end, ending) = oneshot::channel::<()>();
        let host = Arc::clone(shared) as Arc<dyn Host>;
        let app = App::new(host);
        let serve = move || {
            runtime.block_on(async {
                let served = http::serve(listener, app, async { drop(ending.await) });
                if let Err(error) = served.await {
                    tracing::error!(%error, "HTTP is no longer served");
                }
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        };
        let thread = std::thread::Builder::new().name("http".to_owned()).spawn(serve).map_err(failed)?;
        *shared.listening.lock() = Some(listening);
        tracing::info!(%listening, "serving HTTP");
        Ok(Some(Self { shared: Arc::clone(shared), end: Some(end), thread: Some(thread) }))
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        *self.shared.listening.lock() = None;
        drop(self.end.take());
        join_within(self.thread.take().into_iter().collect(), END);
    }
}
