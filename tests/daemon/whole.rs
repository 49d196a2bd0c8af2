//! From end to end: what a manager tells ends as a poster in the view and as a word to the players, and a choice by hand
//! survives an upgrade. Radarr, TMDB, Kodi and Jellyfin are servers on this machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use posterfs::demo::{Size, draw_poster};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::daemon::Daemon;
use crate::server::{Asked, Given, Server};
use crate::support::{lists, write};

const KEY: &str = "the key of this test";
const FOLDER: &str = "Dune (2021)";
const NUMBER: u64 = 438_631;

/// How long anything may take that others are to bring about, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

#[track_caller]
fn wait_for(what: &str, mut has_come_about: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !has_come_about() {
        assert!(begun.elapsed() < DEADLINE, "{what} has not come about in time");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// TMDB, which knows one film and has two posters of it: `best`, and `other` with fewer votes.
fn tmdb(posters: &Arc<[Vec<u8>; 2]>) -> Server {
    let posters = Arc::clone(posters);
    let poster = |name: &str, votes: f64| {
        json!({ "file_path": format!("/{name}.jpg"), "width": 1000, "height": 1500, "iso_639_1": "en",
                "vote_average": votes, "vote_count": 50 })
    };
    let film = json!({
        "id": NUMBER, "title": "Dune", "original_title": "Dune", "original_language": "en", "release_date": "2021-09-15",
        "overview": "Sand.", "external_ids": { "imdb_id": "tt1160419" },
        "images": { "posters": [poster("best", 8.0), poster("other", 3.0)], "backdrops": [], "logos": [] },
    });
    Server::start(move |asked| match asked.path.as_str() {
        "/3/movie/438631" if asked.parameters.get("api_key").is_some_and(|key| key == "tmdb key") => {
            Given::body(film.to_string())
        }
        "/t/p/original/best.jpg" => Given::body(posters[0].clone()),
        "/t/p/original/other.jpg" => Given::body(posters[1].clone()),
        _ => Given::status(404),
    })
}

/// Kodi, which has the film in its library.
fn kodi() -> Server {
    Server::start(|asked| {
        let request: Value = serde_json::from_str(&asked.body).unwrap();
        let result = match request["method"].as_str().unwrap() {
            "Player.GetActivePlayers" => json!([]),
            "XBMC.GetInfoBooleans" => json!({ "Library.IsScanningVideo": false, "Library.IsScanningMusic": false }),
            "Textures.GetTextures" => json!({ "textures": [
                { "textureid": 7, "url": "image://%2fdata%2fDune%20(2021)%2fposter.jpg/" } ] }),
            "VideoLibrary.GetMovies" => json!({ "movies": [{ "movieid": 4, "file": "/data/Dune (2021)/Dune.mkv" }] }),
            _ => json!("OK"),
        };
        Given::body(json!({ "id": 1, "jsonrpc": "2.0", "result": result }).to_string())
    })
}

/// What Kodi was told by that method.
fn told_kodi(kodi: &Server, method: &str) -> Vec<Value> {
    let bodies = kodi.asked().into_iter().map(|asked| serde_json::from_str::<Value>(&asked.body).unwrap());
    bodies.filter(|body| body["method"] == method).map(|body| body["params"].clone()).collect()
}

/// Jellyfin, which does not know the film yet.
fn jellyfin() -> Server {
    Server::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/Items") => Given::body(json!({ "Items": [], "TotalRecordCount": 0 }).to_string()),
        ("POST", "/Library/Media/Updated") => Given::status(204),
        _ => Given::status(404),
    })
}

/// The daemon, asked as a manager and as a person's program do.
struct Client {
    runtime: Runtime,
    client: reqwest::Client,
    url: String,
}

impl Client {
    fn of(daemon: &Daemon) -> Self {
        posterfs::net::use_cryptography();
        let address = daemon.json(&["status"])[0]["daemon"]["http"].as_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { runtime, client, url: format!("http://{address}") }
    }

    fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        self.runtime.block_on(async {
            let response = request.header("content-type", "application/json").send().await.unwrap();
            (response.status(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
        })
    }

    /// As Radarr does: with basic authentication.
    fn webhook(&self, body: &Value) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}/api/webhooks/radarr", self.url));
        self.send(request.basic_auth("radarr", Some(KEY)).body(body.to_string()))
    }

    #[track_caller]
    fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.url)).header("x-api-key", KEY);
        let (status, answer) = self.send(if body.is_null() { request } else { request.body(body.to_string()) });
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// Does something, and waits until whoever listens to events hears of another generation.
    fn until_another_generation(&self, work: impl FnOnce()) {
        let request = self.client.get(format!("{}/api/events", self.url)).header("x-api-key", KEY);
        let (mut response, first) = self.runtime.block_on(async {
            let mut response = request.send().await.unwrap();
            let first = generation(&mut response).await;
            (response, first)
        });
        work();
        self.runtime.block_on(async {
            let another = async { while generation(&mut response).await == first {} };
            tokio::time::timeout(DEADLINE, another).await.expect("nothing was published in time");
        });
    }

    fn wait_for_job(&self, id: &Value) -> Value {
        let mut job = Value::Null;
        wait_for("the job", || {
            job = self.ask(Method::GET, &format!("/api/jobs/{id}"), Value::Null);
            job["state"] == "done"
        });
        job
    }
}

/// The next generation that is told.
async fn generation(response: &mut reqwest::Response) -> String {
    let mut told = String::new();
    loop {
        told.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().expect("the stream goes on")));
        let data = told.split_once("event: generation\ndata: ").and_then(|(_, rest)| rest.split_once('\n'));
        if let Some((number, _)) = data {
            return number.to_owned();
        }
    }
}

fn configure(daemon: &Daemon, tmdb: &Server, kodi: &Server, jellyfin: &Server) {
    let media = daemon.films.media().display().to_string();
    daemon.configure(&format!(
        "[http]\nlisten = '127.0.0.1:0'\napi_key = '{KEY}'\n\
         [[mount]]\nsource = '{media}'\n\
         [manager.radarr]\npath_mappings = [{{ from = '/movies', to = '{media}' }}]\n\
         [provider]\ntmdb = {{ key = 'tmdb key', base_url = '{tmdb}/3', image_base_url = '{tmdb}/t/p' }}\n\
         musicbrainz = {{ enabled = false }}\ncoverart = {{ enabled = false }}\n\
         [player.kodi]\nurl = '{kodi}'\nuser = 'kodi'\npassword = 'pass'\n\
         path_mappings = [{{ from = '{media}', to = '/data' }}]\n\
         [player.jellyfin]\nurl = '{jellyfin}'\nkey = 's3cret'\n\
         path_mappings = [{{ from = '{media}', to = '/films' }}]\n",
        tmdb = tmdb.url(),
        kodi = kodi.url(),
        jellyfin = jellyfin.url(),
    ));
    let text = fs::read_to_string(daemon.config()).unwrap();
    write(daemon.config(), text.replace("offline = true", "offline = false"));
}

/// As a manager brings a film: a folder, and in it a file.
fn import(folder: &Path, file: &str) {
    fs::create_dir(folder).unwrap();
    write(folder.join(file), file);
}

fn download(is_upgrade: bool) -> Value {
    json!({ "eventType": "Download", "isUpgrade": is_upgrade, "movie": { "id": 1, "title": "Dune", "year": 2021,
            "folderPath": format!("/movies/{FOLDER}"), "tmdbId": NUMBER, "imdbId": "tt1160419" } })
}

fn check_players(kodi: &Server, jellyfin: &Server) {
    wait_for("the word to Kodi", || !told_kodi(kodi, "VideoLibrary.RefreshMovie").is_empty());
    assert_eq!(told_kodi(kodi, "VideoLibrary.RefreshMovie")[0]["movieid"], 4);
    assert_eq!(told_kodi(kodi, "Textures.RemoveTexture")[0], json!({ "textureid": 7 }));
    let filter = json!({ "field": "path", "operator": "startswith", "value": "/data/Dune (2021)/" });
    assert_eq!(told_kodi(kodi, "VideoLibrary.GetMovies")[0]["filter"], filter);
    // kodi:pass
    let is_let_in = |asked: &Asked| asked.headers["authorization"] == "Basic a29kaTpwYXNz" && asked.path == "/jsonrpc";
    assert!(kodi.asked().iter().all(is_let_in));
    wait_for("the word to Jellyfin", || jellyfin.count("/Library/Media/Updated") > 0);
    let asked = jellyfin.asked();
    assert!(asked.iter().all(|asked| asked.headers["authorization"].starts_with("MediaBrowser Token=\"s3cret\"")));
    let update = asked.iter().find(|asked| asked.method == "POST").unwrap();
    let updates = json!({ "Updates": [{ "Path": format!("/films/{FOLDER}"), "UpdateType": "Modified" }] });
    assert_eq!(serde_json::from_str::<Value>(&update.body).unwrap(), updates);
}

#[test]
fn from_the_word_of_a_manager_to_the_players_and_through_an_upgrade() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let size = Size { width: 1000, height: 1500 };
    let posters = Arc::new([1, 2].map(|seed| draw_poster("Dune", seed, size).unwrap()));
    let (tmdb, kodi, jellyfin) = (tmdb(&posters), kodi(), jellyfin());
    configure(&daemon, &tmdb, &kodi, &jellyfin);
    daemon.start_ready();
    let client = Client::of(&daemon);
    let catalog = posterfs::catalog::Catalog::open(&daemon.films.state().join("posterfs.db")).unwrap();
    wait_for("the first look at the players", || {
        ["kodi", "jellyfin"].iter().all(|player| catalog.told(player).unwrap().is_some())
    });

    // A film comes: it is published before anybody asks, and the players hear of it.
    let folder = daemon.films.media().join(FOLDER);
    let poster = folder.join("poster.jpg");
    import(&folder, "Dune.mkv");
    assert!(!poster.exists());
    client.until_another_generation(|| {
        let (status, reception) = client.webhook(&download(false));
        assert_eq!((status, &reception["outcome"]), (StatusCode::ACCEPTED, &json!("accepted")), "{reception}");
    });
    assert!(fs::read(&poster).unwrap() == posters[0], "the better poster is shown");
    check_players(&kodi, &jellyfin);

    // A person chooses another one, which is shown at once.
    let item = client.ask(Method::GET, "/api/items?title=Dune", Value::Null)["items"][0]["id"].clone();
    let candidates = client.ask(Method::GET, &format!("/api/items/{item}/candidates?type=poster"), Value::Null);
    let other = candidates.as_array().unwrap().iter().find(|one| one["selected"] == false).unwrap();
    assert!(other["url"].as_str().unwrap().ends_with("/other.jpg"), "{other}");
    let choice = json!({ "type": "poster", "candidate": other["id"], "publish": true });
    client.ask(Method::POST, &format!("/api/items/{item}/select"), choice);
    assert!(fs::read(&poster).unwrap() == posters[1], "the choice by hand is shown");

    // An upgrade takes the file and its folder away, and brings a better one.
    let gone = json!({ "eventType": "MovieFileDelete", "deleteReason": "upgrade",
        "movie": { "id": 1, "title": "Dune", "folderPath": format!("/movies/{FOLDER}"), "tmdbId": NUMBER } });
    assert_eq!(client.webhook(&gone).0, StatusCode::OK, "nothing follows from it");
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    names.collect::<Vec<_>>().iter().for_each(|path| fs::remove_file(path).unwrap());
    fs::remove_dir(&folder).unwrap();
    assert!(!lists(daemon.films.media(), FOLDER) && !poster.exists());
    import(&folder, "Dune 2160p.mkv");
    assert!(fs::read(&poster).unwrap() == posters[1], "the poster is there at once, with the same bytes");
    let (status, reception) = client.webhook(&download(true));
    assert_eq!(status, StatusCode::ACCEPTED);
    let job = client.wait_for_job(&reception["jobs"][0]);
    assert!(fs::read(&poster).unwrap() == posters[1], "the choice by hand has survived: {job}");
    let story = client.ask(Method::GET, &format!("/api/items/{item}"), Value::Null);
    assert_eq!((&story["missing"], &story["images"]["poster"]["locked"]), (&json!(false), &json!(true)), "{story}");
    assert_eq!(tmdb.count("/t/p/original/other.jpg"), 1, "it was downloaded once");

    // The media holds what the manager brought, and nothing else.
    assert!(daemon.stop().success());
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["Dune 2160p.mkv"]);
}
