//! Two films, and a client that holds every answer against the document.

use std::cell::RefCell;
use std::collections::BTreeSet;

use posterfs::cache::{Cache, Limits};
use posterfs::library::Source;
use posterfs::model::{SystemClock, UnixSeconds};
use posterfs::phase::{NoProgress, scan, select_file};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::schema::Document;
use crate::world::{Answer, World, write};

/// A film with two posters that could be chosen, one of which is in the cache and chosen.
pub fn world() -> World {
    let world = World::new("");
    choose_a_poster(&world);
    world
}

/// Scans two films, and chooses a poster for one of them.
pub fn choose_a_poster(world: &World) {
    write(&world.films().join("Heat (1995)/Heat.mkv"), b"film");
    write(&world.films().join("Alien (1979)/Alien.mkv"), b"film");
    let mut catalog = world.catalog();
    let library = catalog.library_named("films").unwrap();
    let source = Source::open(&library.path).unwrap();
    let clock = SystemClock;
    scan(&mut catalog, &library, &source, &clock, &NoProgress).unwrap();
    let picture = world.folder.path().join("poster.png");
    write(&picture, &png(400, 600));
    let cache = Cache::open(&world.folder.path().join("state/cache")).unwrap();
    let heat = catalog.entities_by_title("Heat", None).unwrap()[0].id;
    let limits = Limits::default();
    let choice = (heat, "poster".parse().unwrap());
    select_file(&mut catalog, &cache, choice, &picture, &limits, "test", UnixSeconds::new(5)).unwrap();
}

/// A picture of that size.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x + y) as u8]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// Asks, and holds the answer against the document.
pub struct Client<'a> {
    pub world: &'a World,
    pub document: Document,
    pub asked: RefCell<BTreeSet<(String, String)>>,
}

impl<'a> Client<'a> {
    pub fn new(world: &'a World) -> Self {
        let answer = world.send(world.request(Method::GET, "/api/openapi.json"));
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json(), serde_json::to_value(posterfs::http::openapi()).unwrap());
        Self { world, document: Document(answer.json()), asked: Default::default() }
    }

    #[track_caller]
    pub fn ask(&self, method: Method, route: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.world.request(method.clone(), path).header("content-type", "application/json");
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = self.world.send(request);
        let json = answer.content_type.contains("json").then(|| answer.json());
        self.document.hold(&method, route, answer.status, json.as_ref());
        self.asked.borrow_mut().insert((route.to_owned(), method.as_str().to_lowercase()));
        answer
    }

    #[track_caller]
    pub fn get(&self, route: &str, path: &str) -> Value {
        let answer = self.ask(Method::GET, route, path, None);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    #[track_caller]
    pub fn post(&self, route: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(Method::POST, route, path, Some(body));
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }
}
