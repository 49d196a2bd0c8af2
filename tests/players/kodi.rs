//! Kodi.

use std::sync::Mutex;

use posterfs::player::{PlayerError, PlayerKind};
use serde_json::{Value, json};

use super::server::{Asked, Given, Server};
use super::support::*;

/// A Kodi with that answers each method with what `results` says; what it does not know it answers as Kodi does.
fn kodi(results: impl Fn(&str, &Value) -> Option<Value> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| {
        let request = json(&asked.body);
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/jsonrpc"));
        assert_eq!(asked.headers.get("content-type").map(String::as_str), Some("application/json"));
        // kodi:pass
        assert_eq!(asked.headers.get("authorization").map(String::as_str), Some("Basic a29kaTpwYXNz"));
        assert_eq!(request["jsonrpc"], "2.0");
        let method = request["method"].as_str().unwrap();
        let idle = match method {
            "Player.GetActivePlayers" => Some(json!([])),
            "XBMC.GetInfoBooleans" => {
                Some(json!({ "Library.IsScanningVideo": false, "Library.IsScanningMusic": false }))
            }
            _ => None,
        };
        let result = results(method, &request["params"]).or(idle);
        let reply = match result {
            Some(result) => json!({ "id": 1, "jsonrpc": "2.0", "result": result }),
            None => json!({ "id": 1, "jsonrpc": "2.0", "error": { "code": -32602, "message": "Invalid params." } }),
        };
        Given::body(reply.to_string())
    })
}

fn methods(server: &Server) -> Vec<String> {
    let method = |asked: &Asked| json(&asked.body)["method"].as_str().unwrap().to_owned();
    server.asked().iter().map(method).collect()
}

fn params(server: &Server, method: &str) -> Vec<Value> {
    let bodies = server.asked().into_iter().map(|asked| json(&asked.body));
    bodies.filter(|body| body["method"] == method).map(|body| body["params"].clone()).collect()
}

#[test]
fn of_a_known_film_the_copies_go_and_it_is_read_again() {
    let server = kodi(|method, _| match method {
        "Textures.GetTextures" => Some(json!({ "textures": [
            { "textureid": 7, "url": "image://%2fdata%2ffilms%2fHeat%20(1995)%2fposter.jpg/" },
            { "textureid": 8, "url": "image://%2fdata%2ffilms%2fHeat%20(1995)%2fposter.jpg.bak/" },
            { "textureid": 9, "url": "image://video@%2fdata%2ffilms%2fHeat%20(1995)%2fposter.jpg/" },
            { "textureid": "x" },
        ] })),
        "VideoLibrary.GetMovies" => Some(json!({ "movies": [
            { "movieid": 3, "file": "/data/films/Heat (1995)/Extras/making of.mkv.part" },
            { "movieid": 4, "file": "/data/films/Heat (1995)/Heat.mkv" },
        ] })),
        "Textures.RemoveTexture" | "VideoLibrary.RefreshMovie" => Some(json!("OK")),
        _ => None,
    });
    let told = tell(&access(PlayerKind::Kodi, &server), &items([film()])).unwrap();
    let wanted =
        ["Textures.RemoveTexture: /data/films/Heat (1995)/poster.jpg", "VideoLibrary.RefreshMovie: Heat (1995)"];
    assert_eq!(commands(&told), wanted);
    assert_eq!(params(&server, "Textures.RemoveTexture"), [json!({ "textureid": 7 })]);
    let filter = json!({ "field": "url", "operator": "contains", "value": "/data/films/Heat (1995)/poster.jpg" });
    assert_eq!(params(&server, "Textures.GetTextures"), [json!({ "properties": ["url"], "filter": filter })]);
    let filter = json!({ "field": "path", "operator": "startswith", "value": "/data/films/Heat (1995)/" });
    assert_eq!(params(&server, "VideoLibrary.GetMovies"), [json!({ "properties": ["file"], "filter": filter })]);
}

/// In a folder of its own a film may be a disc or a file of another name; in a shared one only its own file is it.
#[test]
fn a_film_is_known_by_its_file_or_by_a_folder_of_its_own() {
    for (file, is_own, is_found) in [
        ("/data/films/Heat (1995)/Heat.mkv", false, true),
        ("/data/films/Heat (1995)/VIDEO_TS/VIDEO_TS.IFO", true, true),
        ("/data/films/Heat (1995)/Ronin.mkv", false, false),
        ("stack:///data/films/Heat (1995)/Heat.mkv , /data/films/Heat (1995)/Heat cd2.mkv", false, true),
        ("stack:///data/films/Heat (1995)/Ronin.mkv , /data/films/Heat (1995)/Heat.mkv.bak", false, false),
    ] {
        let server = kodi(move |method, _| match method {
            "Textures.GetTextures" => Some(json!({})),
            "VideoLibrary.GetMovies" => Some(json!({ "movies": [{ "movieid": 3, "file": file }] })),
            _ => Some(json!("OK")).filter(|_| method.contains("Refresh") || method.ends_with("Scan")),
        });
        let item = posterfs::player::Item { has_own_folder: is_own, ..film() };
        let told = commands(&tell(&access(PlayerKind::Kodi, &server), &items([item])).unwrap());
        let wanted = if is_found {
            "VideoLibrary.RefreshMovie: Heat (1995)"
        } else {
            "VideoLibrary.Scan: /data/films/Heat (1995)/"
        };
        assert_eq!(told, [wanted], "{file}");
    }
}

#[test]
fn seasons_are_read_with_their_series_once_and_episodes_and_albums_by_themselves() {
    let server = kodi(|method, _| match method {
        "Textures.GetTextures" => Some(json!({ "textures": null })),
        "VideoLibrary.GetTVShows" => Some(json!({ "tvshows": [{ "tvshowid": 5, "file": "/data/tv/Show & Tell/" }] })),
        "VideoLibrary.GetEpisodes" => Some(json!({ "episodes": [
            { "episodeid": 10, "file": "/data/tv/Show & Tell/Season 1/Show - s01e01.mkv" },
            { "episodeid": 11, "file": "/data/tv/Show & Tell/Season 1/Show - s01e02.mkv" },
        ] })),
        "AudioLibrary.GetAlbums" => Some(json!({ "albums": [{ "albumid": 20, "label": "Debut" }] })),
        _ => Some(json!("OK")).filter(|_| method.contains("Refresh")),
    });
    let told = tell(&access(PlayerKind::Kodi, &server), &items([series(), season(), episode(), album()])).unwrap();
    let wanted = [
        "VideoLibrary.RefreshTVShow: Show & Tell (2008)",
        "VideoLibrary.RefreshEpisode: Show & Tell (2008), season 1 episode 2",
        "AudioLibrary.RefreshAlbum: Björk: Debut (1993)",
    ];
    assert_eq!(commands(&told), wanted);
    assert_eq!(params(&server, "VideoLibrary.RefreshEpisode"), [json!({ "episodeid": 11, "ignorenfo": false })]);
    let by = |field: &str, value: &str| json!({ "field": field, "operator": "is", "value": value });
    let filter = json!({ "and": [by("album", "Debut"), by("artist", "Björk")] });
    assert_eq!(params(&server, "AudioLibrary.GetAlbums"), [json!({ "properties": [], "filter": filter })]);
}

/// A scan that is asked for while one runs ends that one.
#[test]
fn a_scan_is_asked_for_only_when_none_runs() {
    let scanning = Mutex::new(3);
    let server = kodi(move |method, _| match method {
        "XBMC.GetInfoBooleans" => {
            let mut left = scanning.lock().unwrap();
            *left -= 1;
            Some(json!({ "Library.IsScanningVideo": *left > 0, "Library.IsScanningMusic": false }))
        }
        "VideoLibrary.Scan" | "AudioLibrary.Scan" => Some(json!("OK")),
        _ => None,
    });
    let told = tell(&access(PlayerKind::Kodi, &server), &libraries(&["/media/films"])).unwrap();
    assert_eq!(commands(&told), ["VideoLibrary.Scan: /data/films/", "AudioLibrary.Scan: /data/films/"]);
    let scans = methods(&server).iter().position(|method| method == "VideoLibrary.Scan").unwrap();
    assert_eq!(methods(&server)[..scans].iter().filter(|method| *method == "XBMC.GetInfoBooleans").count(), 3);
}

#[test]
fn a_scan_that_does_not_end_and_a_film_that_plays_are_waited_for_by_whoever_tells_later() {
    let busy: [fn(&str) -> Option<Value>; 2] = [
        |method| (method == "XBMC.GetInfoBooleans").then(|| json!({ "Library.IsScanningMusic": true })),
        |method| (method == "Player.GetActivePlayers").then(|| json!([{ "playerid": 1, "type": "video" }])),
    ];
    for busy in busy {
        let server = kodi(move |method, _| busy(method));
        let error = tell(&access(PlayerKind::Kodi, &server), &libraries(&["/media/films"])).unwrap_err();
        assert!(matches!(error, PlayerError::Busy { .. }), "{error}");
        assert!(error.may_pass());
        assert!(!methods(&server).iter().any(|method| method.ends_with("Scan")));
    }
}

#[test]
fn errors_that_come_with_status_200_are_errors() {
    let server = kodi(|_, _| None);
    let error = tell(&access(PlayerKind::Kodi, &server), &items([film()])).unwrap_err();
    assert_eq!(error.to_string(), "kodi cannot do Textures.GetTextures: Invalid params.");
    assert!(!error.may_pass());
}

#[test]
fn a_greeting_tells_name_and_version() {
    let server = kodi(|method, _| {
        let version = json!({ "major": 21, "minor": 1, "revision": "x", "tag": "stable" });
        (method == "Application.GetProperties").then(|| json!({ "name": "Kodi", "version": version }))
    });
    let greeting = block_on(posterfs::player::greet(&access(PlayerKind::Kodi, &server))).unwrap();
    assert_eq!((greeting.name.as_str(), greeting.version.as_str()), ("Kodi", "21.1"));
}
