//! Jellyfin and Emby.

use posterfs::player::{Changes, PlayerKind};
use serde_json::{Value, json};

use super::server::{Given, Server};
use super::support::*;

/// A server whose lists hold what `items` says of a type; everything that is told to it is fine.
fn server(items: impl Fn(&str, Option<&str>) -> Value + Send + Sync + 'static) -> Server {
    Server::start(move |asked| {
        if asked.method != "GET" {
            return Given::status(204);
        }
        match asked.path.as_str() {
            "/Items" => {
                let parent = asked.parameters.get("parentId").map(String::as_str);
                let list = items(&asked.parameters["includeItemTypes"], parent);
                Given::body(json!({ "Items": list, "TotalRecordCount": 1 }).to_string())
            }
            "/System/Info" => Given::body(
                json!({ "ServerName": "nas", "Version": "10.10.7", "ProductName": "Jellyfin Server" }).to_string(),
            ),
            _ => Given::status(404),
        }
    })
}

fn told_lines(server: &Server) -> Vec<String> {
    server.asked().iter().filter(|asked| asked.method != "GET").map(line).collect()
}

#[test]
fn a_known_film_has_its_pictures_read_again_and_nothing_from_the_network() {
    let films = |types: &str, _: Option<&str>| {
        assert_eq!(types, "Movie");
        json!([
            { "Id": "other", "Path": "/data/films/Ronin (1998)/Ronin.mkv" },
            { "Id": 17, "Path": "/data/films/Heat (1995)/Heat.mkv" },
            { "Id": "f00d", "Path": "/data/films/Heat (1995)/Heat.mkv", "ProviderIds": { "Tmdb": "949" } },
        ])
    };
    let jellyfin = server(films);
    tell(&access(PlayerKind::Jellyfin, &jellyfin), &items([film()])).unwrap();
    let question = "GET /Items?fields=Path,ProviderIds&includeItemTypes=Movie&limit=500&recursive=true&startIndex=0\
                    &years=1995";
    let refresh = "POST /Items/f00d/Refresh?imageRefreshMode=FullRefresh&metadataRefreshMode=ValidationOnly\
                   &recursive=false&replaceAllImages=false&replaceAllMetadata=false";
    let asked = jellyfin.asked();
    assert_eq!(asked.iter().map(line).collect::<Vec<_>>(), [question, refresh]);
    for asked in &asked {
        let login = &asked.headers["authorization"];
        assert!(login.starts_with("MediaBrowser Token=\"s3cret\", Client=\"posterfs\""), "{login}");
    }

    let emby = server(films);
    tell(&access(PlayerKind::Emby, &emby), &items([film()])).unwrap();
    let refresh = "POST /Items/f00d/Refresh?ImageRefreshMode=FullRefresh&MetadataRefreshMode=ValidationOnly\
                   &Recursive=false&ReplaceAllImages=false&ReplaceAllMetadata=false";
    assert_eq!(told_lines(&emby), [refresh]);
    assert!(emby.asked().iter().all(|asked| asked.headers["x-emby-token"] == "s3cret"));
    assert!(emby.asked().iter().all(|asked| !asked.headers.contains_key("authorization")));
}

#[test]
fn a_metadata_file_is_only_read_again_by_a_full_refresh() {
    let jellyfin = server(|_, _| json!([{ "Id": "a", "Path": "/data/films/Heat (1995)/Heat.mkv" }]));
    let mut change = changed(film());
    change.paths.push("/media/films/Heat (1995)/Heat.nfo".into());
    tell(&access(PlayerKind::Jellyfin, &jellyfin), &Changes::Items(vec![change])).unwrap();
    assert!(told_lines(&jellyfin)[0].contains("metadataRefreshMode=FullRefresh"), "{:?}", told_lines(&jellyfin));
}

/// What is not found is named by its folder, all at once.
#[test]
fn unknown_items_are_named_by_their_folders_in_one_request() {
    let jellyfin = server(|_, _| json!([]));
    let told = tell(&access(PlayerKind::Jellyfin, &jellyfin), &items([film(), season(), episode(), album()])).unwrap();
    let wanted = "POST /Library/Media/Updated: /data/films/Heat (1995), /data/music/Björk, /data/tv/Show & Tell";
    assert_eq!(commands(&told), [wanted]);
    let asked = jellyfin.asked();
    let update = |path: &str| json!({ "Path": path, "UpdateType": "Modified" });
    let updates = [update("/data/films/Heat (1995)"), update("/data/music/Björk"), update("/data/tv/Show & Tell")];
    assert_eq!(json(&asked.last().unwrap().body), json!({ "Updates": updates }));
    assert_eq!(asked.last().unwrap().headers["content-type"], "application/json");
    // The series is looked for once, though two items belong to it.
    assert_eq!(
        asked.iter().filter(|asked| asked.parameters.get("includeItemTypes") == Some(&"Series".into())).count(),
        1
    );
}

#[test]
fn seasons_are_found_by_number_and_episodes_by_path_within_their_series() {
    let jellyfin = server(|types, parent| match (types, parent) {
        // Found by its id, as its folder is called otherwise there.
        ("Series", None) => json!([{ "Id": "s", "Path": "/data/tv/S&T", "ProviderIds": { "Tvdb": "81189" } }]),
        ("Season", Some("s")) => json!([{ "Id": "s0", "IndexNumber": 0 }, { "Id": "s1", "IndexNumber": 1 }]),
        ("Episode", Some("s")) => {
            json!([{ "Id": "e2", "Path": "/data/tv/Show & Tell/Season 1/Show - s01e02.mkv" }])
        }
        _ => json!([]),
    });
    tell(&access(PlayerKind::Jellyfin, &jellyfin), &items([series(), season(), episode()])).unwrap();
    let refreshed: Vec<String> =
        told_lines(&jellyfin).iter().map(|line| line.split('?').next().unwrap().to_owned()).collect();
    assert_eq!(refreshed, ["POST /Items/s/Refresh", "POST /Items/s1/Refresh", "POST /Items/e2/Refresh"]);
}

#[test]
fn of_very_many_changes_only_the_libraries_are_named() {
    let jellyfin = server(|_, _| panic!("no list is asked for"));
    let told = tell(&access(PlayerKind::Jellyfin, &jellyfin), &libraries(&["/media/films", "/media/tv"])).unwrap();
    assert_eq!(commands(&told), ["POST /Library/Media/Updated: /data/films, /data/tv"]);
}

#[test]
fn lists_are_read_page_by_page() {
    let jellyfin = Server::start(|asked| {
        let start: usize = asked.parameters.get("startIndex").map_or(0, |start| start.parse().unwrap());
        let end = (start + 500).min(700);
        let entry = |number: usize| json!({ "Id": format!("i{number}"), "Path": format!("/data/films/{number}.mkv") });
        let mut list: Vec<Value> = (start..end).map(entry).collect();
        if end == 700 {
            list.push(json!({ "Id": "it", "Path": "/data/films/Heat (1995)/Heat.mkv" }));
        }
        if asked.method == "GET" { Given::body(json!({ "Items": list }).to_string()) } else { Given::status(204) }
    });
    tell(&access(PlayerKind::Jellyfin, &jellyfin), &items([film()])).unwrap();
    assert_eq!(jellyfin.count("/Items/it/Refresh"), 1);
    assert_eq!(jellyfin.count("/Items"), 3);
}

#[test]
fn a_greeting_asks_with_the_key() {
    let jellyfin = server(|_, _| json!([]));
    let greeting = block_on(posterfs::player::greet(&access(PlayerKind::Jellyfin, &jellyfin))).unwrap();
    assert_eq!((greeting.name.as_str(), greeting.version.as_str()), ("nas", "10.10.7"));
    assert!(greeting.hints.is_empty());
    let greeting = block_on(posterfs::player::greet(&access(PlayerKind::Emby, &jellyfin))).unwrap();
    assert!(greeting.hints[0].contains("[player.jellyfin]"), "{greeting:?}");
}
