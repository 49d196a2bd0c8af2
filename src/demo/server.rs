//! A server on this machine that speaks TMDB's dialect, with pictures that it draws: it lets `posterfs enrich` be seen at
//! work without an account and without a network.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use image::ImageResult;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{DemoFilm, Size, draw_clearlogo, draw_fanart, draw_poster};

/// The server; it ends when dropped.
pub struct PictureServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A picture that is offered: which list it is in, its name there, its size, the language of its text, its votes, and what
/// its seed is moved by.
struct Offered {
    list: &'static str,
    name: &'static str,
    size: Size,
    language: Option<&'static str>,
    votes: (f64, u32),
    seed: u64,
}

const fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

/// What is offered for every film: good ones, and of each flaw one.
const OFFERED: &[Offered] = &[
    Offered { list: "posters", name: "small", size: size(400, 600), language: Some("en"), votes: (5.2, 9), seed: 0 },
    Offered { list: "posters", name: "best", size: size(1000, 1500), language: Some("en"), votes: (5.8, 24), seed: 0 },
    Offered {
        list: "posters",
        name: "german",
        size: size(1000, 1500),
        language: Some("de"),
        votes: (6.1, 31),
        seed: 40,
    },
    Offered {
        list: "posters",
        name: "square",
        size: size(1200, 1200),
        language: Some("en"),
        votes: (9.0, 2),
        seed: 80,
    },
    Offered { list: "backdrops", name: "wide", size: size(1920, 1080), language: None, votes: (5.5, 12), seed: 0 },
    Offered { list: "backdrops", name: "smaller", size: size(1280, 720), language: None, votes: (5.0, 3), seed: 120 },
    Offered { list: "logos", name: "logo", size: size(800, 310), language: Some("en"), votes: (0.0, 0), seed: 0 },
];

/// What the numbers of the films begin with.
const NUMBER: u64 = 99_000_601;

impl PictureServer {
    /// Begins to serve these films, on this machine only.
    ///
    /// # Errors
    /// When the machine has no loopback address, or no thread can be started.
    pub fn start(films: &[DemoFilm]) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let films: Films = Arc::new(films.to_vec());
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("pictures".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::spawn(axum::serve(listener, router(films)).into_future());
                // Dropping the sender is what ends it; connections that are open end with the runtime.
                let _ = stopped.await;
            });
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where its API is.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/3", self.address)
    }

    /// Where its pictures are.
    #[must_use]
    pub fn image_base_url(&self) -> String {
        format!("http://{}/t/p", self.address)
    }
}

impl Drop for PictureServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to report.
            let _ = thread.join();
        }
    }
}

type Films = Arc<Vec<DemoFilm>>;

fn router(films: Films) -> Router {
    Router::new()
        .route("/3/search/movie", get(search))
        .route("/3/movie/{number}", get(film))
        .route("/t/p/original/{name}", get(picture))
        .with_state(films)
}

fn number_of(film: &DemoFilm) -> u64 {
    NUMBER + film.seed
}

#[derive(Deserialize)]
struct Search {
    query: String,
}

async fn search(State(films): State<Films>, Query(search): Query<Search>) -> Response {
    let result = |film: &DemoFilm| {
        json!({
            "id": number_of(film), "title": film.title, "original_title": film.title,
            "release_date": format!("{}-06-01", film.year),
        })
    };
    let found: Vec<Value> = films.iter().filter(|film| film.title == search.query).map(result).collect();
    json_response(&json!({ "page": 1, "total_results": found.len(), "total_pages": 1, "results": found }))
}

async fn film(State(films): State<Films>, Path(number): Path<u64>) -> Response {
    match films.iter().find(|film| number_of(film) == number) {
        Some(film) => json_response(&details(film)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn details(film: &DemoFilm) -> Value {
    let list = |name: &str| -> Vec<Value> {
        let offered = OFFERED.iter().filter(|offered| offered.list == name);
        let entry = |offered: &Offered| {
            let extension = if offered.list == "logos" { "png" } else { "jpg" };
            json!({
                "file_path": format!("/{}-{}.{extension}", number_of(film), offered.name),
                "width": offered.size.width, "height": offered.size.height, "iso_639_1": offered.language,
                "vote_average": offered.votes.0, "vote_count": offered.votes.1,
            })
        };
        offered.map(entry).collect()
    };
    json!({
        "id": number_of(film), "title": film.title, "original_title": film.title, "original_language": "en",
        "release_date": format!("{}-06-01", film.year), "overview": format!("{}, drawn by a program.", film.title),
        "images": { "posters": list("posters"), "backdrops": list("backdrops"), "logos": list("logos") },
        "external_ids": { "imdb_id": null },
    })
}

/// `<number>-<name>.<extension>`, drawn when it is asked for.
async fn picture(State(films): State<Films>, Path(name): Path<String>) -> Response {
    let parts = name.split_once('-').and_then(|(number, rest)| {
        let number: u64 = number.parse().ok()?;
        let (name, _) = rest.split_once('.')?;
        let film = films.iter().find(|film| number_of(film) == number)?;
        Some((film, OFFERED.iter().find(|offered| offered.name == name)?))
    });
    match parts.map(|(film, offered)| draw(film, offered)) {
        Some(Ok(bytes)) => bytes.into_response(),
        Some(Err(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn draw(film: &DemoFilm, offered: &Offered) -> ImageResult<Vec<u8>> {
    let seed = film.seed + offered.seed;
    match offered.list {
        "posters" => draw_poster(film.title, seed, offered.size),
        "backdrops" => draw_fanart(seed, offered.size),
        _ => draw_clearlogo(film.title, seed, offered.size),
    }
}

fn json_response(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
