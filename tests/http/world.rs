//! A server on this machine, a state folder with one library, and a client.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use posterfs::catalog::{Catalog, Job, JobFilter, NewLibrary};
use posterfs::config::{Config, StateDir};
use posterfs::http::{App, Host, serve};
use posterfs::model::{LibraryKind, UnixSeconds};
use posterfs::provider::Traffic;
use posterfs::work::{RunningJob, Workplace};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Runs the server in these tests.
pub struct TestHost {
    place: Arc<Workplace>,
    pub wakes: AtomicU64,
    pub running: Mutex<Vec<RunningJob>>,
}

impl Host for TestHost {
    fn place(&self) -> Arc<Workplace> {
        Arc::clone(&self.place)
    }

    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }

    fn running(&self) -> Vec<RunningJob> {
        self.running.lock().clone()
    }
}

pub struct World {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub host: Arc<TestHost>,
    pub runtime: Runtime,
    pub client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    server: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
}

/// An answer.
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub etag: Option<String>,
    /// Further headers.
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl World {
    /// With this configuration, and a library `films` at `films/` of the folder.
    pub fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("films")).unwrap();
        let root = folder.path().canonicalize().unwrap().join("films");
        let new = NewLibrary { name: "films".into(), path: root, kind: LibraryKind::Movies, naming: "default".into() };
        let state = StateDir::find(Some(&folder.path().join("state"))).unwrap();
        state.make().unwrap();
        Catalog::open(&state.database()).unwrap().add_library(&new, UnixSeconds::new(1)).unwrap();
        Self::serve(folder, config)
    }

    fn serve(folder: tempfile::TempDir, config: &str) -> Self {
        posterfs::net::use_cryptography();
        let state = StateDir::find(Some(&folder.path().join("state"))).unwrap();
        let config = Arc::new(config_of(&folder, config));
        let place = Arc::new(Workplace { state, config, config_file: None, traffic: Traffic::default() });
        let host = Arc::new(TestHost { place, wakes: AtomicU64::new(0), running: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let app = App::new(host.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = runtime.spawn(async move {
            serve(listener, app, async {
                let _ = stopped.await;
            })
            .await
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { folder, address, host, runtime, client, stop: Some(stop), server: Some(server) }
    }

    /// Ends the server, and starts another one on the same state.
    pub fn restart(mut self, config: &str) -> Self {
        self.end();
        let Self { folder, .. } = &mut self;
        let folder = std::mem::replace(folder, tempfile::tempdir().unwrap());
        Self::serve(folder, config)
    }

    /// Ends the server as the daemon does.
    pub fn end(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server).unwrap().unwrap();
        }
    }

    pub fn films(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("films")
    }

    pub fn catalog(&self) -> Catalog {
        Catalog::open(&self.folder.path().join("state/posterfs.db")).unwrap()
    }

    /// What waits in the queue, oldest first.
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs = self.catalog().jobs(&JobFilter::default(), 10_000).unwrap();
        jobs.reverse();
        jobs
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.runtime.block_on(answer(request))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header("content-type", "application/json").body(body.to_string()))
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (status, content_type) = (response.status(), header("content-type").unwrap_or_default());
    let (etag, headers) = (header("etag"), response.headers().clone());
    Answer { status, content_type, etag, headers, bytes: response.bytes().await.unwrap().to_vec() }
}

fn config_of(folder: &tempfile::TempDir, text: &str) -> Config {
    let path = folder.path().join("config.toml");
    write(&path, text.as_bytes());
    Config::load(Some(&path)).unwrap().0
}

pub fn write(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::File::create(path).unwrap().write_all(bytes).unwrap();
}
