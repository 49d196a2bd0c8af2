//! A server on this machine that answers as it is told: for providers, also for what goes wrong with them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use futures_util::stream;

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// The path, without parameters.
    pub path: String,
    pub parameters: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Given {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub fault: Fault,
}

/// What goes wrong with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The connection ends after half of the body.
    Half,
    /// Every byte comes alone, so long after the one before.
    Drip(Duration),
}

impl Given {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), fault: Fault::None }
    }

    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn broken(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }
}

type Answers = dyn Fn(&Asked) -> Given + Send + Sync;

#[derive(Clone)]
struct Shared {
    answers: Arc<Answers>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A running server; it ends when dropped.
pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Starts a server. What it is asked is known to the function as a whole, so an answer may depend on anything.
    pub fn start(answers: impl Fn(&Asked) -> Given + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { answers: Arc::new(answers), asked: Arc::clone(&asked) };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let service = Router::new().fallback(answer).with_state(shared);
                tokio::select! {
                    served = axum::serve(listener, service) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { address, asked, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:…`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often paths that begin so were asked for.
    pub fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path.starts_with(path)).count()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        parameters: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let given = (shared.answers)(&asked);
    shared.asked.lock().unwrap().push(asked);
    respond(given)
}

fn respond(given: Given) -> Response<Body> {
    let length = given.body.len();
    let body = match given.fault {
        Fault::None => Body::from(given.body),
        Fault::Half => {
            let half = Bytes::from(given.body[..length / 2].to_vec());
            let end = std::io::Error::other("the connection breaks");
            Body::from_stream(stream::iter([Ok(half), Err(end)]))
        }
        Fault::Drip(pause) => Body::from_stream(stream::unfold(given.body.into_iter(), move |mut rest| async move {
            tokio::time::sleep(pause).await;
            let byte = rest.next()?;
            Some((Ok::<_, Infallible>(Bytes::from(vec![byte])), rest))
        })),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(given.status).unwrap();
    if given.fault != Fault::None {
        response.headers_mut().insert("content-length", length.into());
    }
    for (name, value) in given.headers {
        response.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    response
}
