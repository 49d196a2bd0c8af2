//! Plex.

use posterfs::player::PlayerKind;
use serde_json::{Value, json};

use super::server::{Given, Server};
use super::support::*;

fn container(value: Value) -> Given {
    Given::body(json!({ "MediaContainer": value }).to_string())
}

/// A Plex with a section of films, one of the films of children below it, one of series and one of music.
fn plex() -> Server {
    Server::start(|asked| {
        assert_eq!(asked.headers["x-plex-token"], "s3cret");
        assert_eq!(asked.headers["accept"], "application/json");
        assert_eq!(asked.headers["x-plex-client-identifier"], "posterfs");
        let section = |key: Value, path: &str| json!({ "key": key, "Location": [{ "id": 1, "path": path }] });
        let film = |key: &str, file: &str| json!({ "ratingKey": key, "Media": [{ "Part": [{ "file": file }] }] });
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/library/sections") => container(json!({ "Directory": [
                section(json!("1"), "/data/films/"),
                section(json!("2"), "/data/films/Children"),
                section(json!("3"), "/data/tv"),
                section(json!(4), "/data/music"),
                { "title": "broken" },
            ] })),
            ("GET", "/library/sections/1/all") => container(json!({ "Metadata": [
                film("100", "/data/films/Heat (1995)/Heat.mkv.old"),
                film("101", "/data/films/Heat (1995)/Heat.mkv"),
            ] })),
            ("GET", "/library/sections/3/all") if asked.parameters["type"] == "2" => container(json!({ "Metadata": [
                { "ratingKey": "200", "title": "Show & Tell", "year": 1999, "Guid": [] },
                { "ratingKey": "201", "title": "Anything", "Guid": [{ "id": "tvdb://81189" }] },
            ] })),
            ("GET", "/library/metadata/201/children") => container(
                json!({ "Metadata": [{ "index": 0, "ratingKey": "210" }, { "index": 1, "ratingKey": "211" }] }),
            ),
            ("GET", "/library/sections/4/all") => container(json!({ "Metadata": [
                { "ratingKey": "300", "title": "Debut", "parentTitle": "Somebody Else" },
                { "ratingKey": "301", "title": "Debut", "parentTitle": "Björk" },
            ] })),
            ("GET", path) if path.ends_with("/all") => container(json!({ "size": 0 })),
            _ => Given::status(200),
        }
    })
}

fn told_lines(server: &Server) -> Vec<String> {
    let is_told = |line: &String| line.starts_with("PUT") || line.contains("/refresh");
    server.asked().iter().map(line).filter(is_told).collect()
}

#[test]
fn known_items_are_refreshed_by_key() {
    let plex = plex();
    let told = tell(&access(PlayerKind::Plex, &plex), &items([film(), series(), season(), album()])).unwrap();
    let wanted = [
        "PUT /library/metadata/101/refresh",
        "PUT /library/metadata/201/refresh",
        "PUT /library/metadata/211/refresh",
        "PUT /library/metadata/301/refresh",
    ];
    assert_eq!(told_lines(&plex), wanted);
    assert_eq!(commands(&told)[2], "PUT /library/metadata/{key}/refresh: Show & Tell (2008), season 1");
}

/// The section whose folder is the longest that holds the item, and a border of names is one.
#[test]
fn unknown_items_are_scanned_for_in_the_section_of_their_folder() {
    let child = |folder: &str| posterfs::player::Item { folder: folder.into(), video: None, ..film() };
    let plex = plex();
    let unknown = [
        child("/media/films/Children/Up & Away + More"),
        child("/media/films/Childrens Hospital"),
        child("/media/elsewhere/Film"),
        episode(),
    ];
    tell(&access(PlayerKind::Plex, &plex), &items(unknown)).unwrap();
    let wanted = [
        "GET /library/sections/1/refresh?path=/data/films/Childrens Hospital",
        "GET /library/sections/2/refresh?path=/data/films/Children/Up & Away + More",
        "GET /library/sections/3/refresh?path=/data/tv/Show & Tell",
    ];
    assert_eq!(told_lines(&plex), wanted);
}

#[test]
fn of_very_many_changes_whole_sections_are_scanned() {
    let plex = plex();
    tell(&access(PlayerKind::Plex, &plex), &libraries(&["/media/films"])).unwrap();
    assert_eq!(told_lines(&plex), ["GET /library/sections/1/refresh", "GET /library/sections/2/refresh"]);
}
