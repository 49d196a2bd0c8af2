//! What the server has: films in TMDB's dialect, and their pictures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use posterfs::demo::{Size, draw_clearlogo, draw_fanart, draw_poster};
use serde_json::{Value, json};

use crate::server::{Asked, Given, Server};

/// Films and people by number, results of searches by title, pictures by path.
#[derive(Default)]
pub struct Shelf {
    pub films: BTreeMap<u64, Value>,
    pub people: BTreeMap<u64, Value>,
    pub found: BTreeMap<String, Value>,
    pub pictures: BTreeMap<String, Given>,
    /// What is answered instead of anything else, if set.
    pub instead: Option<Given>,
}

/// A server with a shelf that may change while it runs.
pub struct Tmdb {
    pub server: Server,
    shelf: Arc<Mutex<Shelf>>,
}

impl Tmdb {
    pub fn start() -> Self {
        Self::watched(|_| {})
    }

    /// The same, telling of everything that is asked before it is answered.
    pub fn watched(watch: impl Fn(&Asked) + Send + Sync + 'static) -> Self {
        let shelf: Arc<Mutex<Shelf>> = Arc::default();
        let shared = Arc::clone(&shelf);
        let server = Server::start(move |asked| {
            watch(asked);
            shared.lock().unwrap().answer(asked)
        });
        Self { server, shelf }
    }

    pub fn change(&self, change: impl FnOnce(&mut Shelf)) {
        change(&mut self.shelf.lock().unwrap());
    }

    /// A film with its number, without pictures.
    pub fn film(&self, id: u64, title: &str, year: u16) {
        let film = json!({
            "id": id, "title": title, "original_title": title, "original_language": "en",
            "release_date": format!("{year}-01-01"), "overview": format!("All about {title}."),
            "images": {"posters": [], "backdrops": [], "logos": []}, "external_ids": {"imdb_id": null},
        });
        self.change(|shelf| {
            shelf.films.insert(id, film);
        });
    }

    /// A picture of a film: `list` is posters, backdrops or logos. It is drawn from the seed.
    pub fn offer(&self, film: u64, list: &str, path: &str, language: Option<&str>, votes: u32, seed: u64) {
        let (width, height) = size_of(list);
        let size = Size { width, height };
        let bytes = match list {
            "posters" => draw_poster("Film", seed, size),
            "backdrops" => draw_fanart(seed, size),
            _ => draw_clearlogo("Film", seed, size),
        };
        self.offer_bytes(film, list, path, language, votes, Given::body(bytes.unwrap()));
    }

    /// The same with another answer for its address.
    pub fn offer_bytes(&self, film: u64, list: &str, path: &str, language: Option<&str>, votes: u32, given: Given) {
        let (width, height) = size_of(list);
        let entry = json!({
            "file_path": path, "width": width, "height": height, "iso_639_1": language, "vote_average": 9.0,
            "vote_count": votes,
        });
        self.change(|shelf| {
            let list = &mut shelf.films.get_mut(&film).unwrap()["images"][list];
            list.as_array_mut().unwrap().push(entry);
            shelf.pictures.insert(path.to_owned(), given);
        });
    }

    /// The paths of the pictures that were downloaded, in their order.
    pub fn downloaded(&self) -> Vec<String> {
        let asked = self.server.asked().into_iter();
        asked.filter_map(|asked| asked.path.strip_prefix("/t/p/original").map(str::to_owned)).collect()
    }
}

/// Small, and of the right shape.
fn size_of(list: &str) -> (u32, u32) {
    match list {
        "posters" => (100, 150),
        "backdrops" => (192, 108),
        _ => (80, 31),
    }
}

impl Shelf {
    fn answer(&self, asked: &Asked) -> Given {
        if let Some(given) = &self.instead {
            return given.clone();
        }
        if let Some(path) = asked.path.strip_prefix("/t/p/original") {
            return self.pictures.get(path).cloned().unwrap_or(Given::status(404));
        }
        if asked.path.starts_with("/3/search/") {
            let found = self.found.get(&asked.parameters["query"]).cloned();
            return Given::body(found.unwrap_or(json!({"results": []})).to_string());
        }
        let by_id = |prefix: &str, all: &BTreeMap<u64, Value>| {
            all.get(&asked.path.strip_prefix(prefix)?.parse().ok()?).map(Value::to_string)
        };
        match by_id("/3/movie/", &self.films).or_else(|| by_id("/3/person/", &self.people)) {
            Some(record) => Given::body(record).with("cache-control", "max-age=0"),
            None => Given::status(404),
        }
    }
}
