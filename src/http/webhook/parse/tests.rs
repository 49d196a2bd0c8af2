use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parsed(body: &Value) -> Webhook {
    parse(body.to_string().as_bytes()).unwrap()
}

fn ids(of: &Subject) -> Vec<String> {
    of.ids.iter().map(|(provider, id)| format!("{provider}:{id}")).collect()
}

fn film() -> Value {
    json!({ "id": 3, "title": "Heat", "year": 1995, "folderPath": "/m/Heat (1995)", "tmdbId": 949, "imdbId": "tt0113277",
            "tags": ["4k"], "originalLanguage": { "id": 1, "name": "English" } })
}

fn series() -> Value {
    json!({ "id": 1, "title": "Lost", "titleSlug": "lost", "path": "/tv/Lost", "tvdbId": 73739, "tvMazeId": 123,
            "tmdbId": 0, "imdbId": "tt0411008", "type": "standard", "malIds": [] })
}

fn artist() -> Value {
    json!({ "id": 1, "name": "Queen", "path": "/music/Queen", "mbId": "0383DADF-2a4e-4d10-a46a-e9e041da8eb3" })
}

#[test]
fn imports_of_every_age_and_manager() {
    let bodies = [
        json!({ "eventType": "Download", "instanceName": "Radarr", "applicationUrl": "", "isUpgrade": true, "movie": film(),
                "remoteMovie": { "tmdbId": 949 }, "movieFile": { "id": 9, "relativePath": "Heat.mkv", "quality": "Bluray" },
                "deletedFiles": [{ "id": 8, "path": "/m/Heat (1995)/old.mkv" }] }),
        // The file is told where it was downloaded; the folder counts.
        json!({ "eventType": "Download", "movie": { "folderPath": "/m/Heat (1995)" },
                "movieFile": { "path": "/downloads/x/heat.mkv" }, "isUpgrade": false }),
        json!({ "eventType": "download", "movie": { "path": "/m/Heat (1995)", "title": null } }),
    ];
    for body in bodies {
        let Event::Import(of) = parsed(&body).event else { panic!("{body}") };
        assert_eq!(of.folder.as_deref(), Some("/m/Heat (1995)"), "{body}");
    }
    let complete = json!({ "eventType": "Download", "series": series(), "episodes": [{ "id": 1 }], "fileCount": 2,
                           "episodeFiles": [{ "path": "/tv/Lost/1.mkv" }], "destinationPath": "/tv/Lost" });
    let Event::Import(of) = parsed(&complete).event else { panic!() };
    assert_eq!(ids(&of), ["tvdb:73739", "imdb:tt0411008", "tvmaze:123"], "0 is not known");
    let tracks = json!({ "eventType": "Download", "artist": artist(), "tracks": [{ "trackNumber": "A1" }],
                         "trackFiles": [{ "path": "/music/Queen/1.flac" }] });
    let Event::Import(of) = parsed(&tracks).event else { panic!() };
    assert_eq!(ids(&of), ["musicbrainz:0383dadf-2a4e-4d10-a46a-e9e041da8eb3"]);
    assert_eq!(of.title, "Queen");
}

#[test]
fn renames_with_and_without_a_list() {
    let old = json!({ "eventType": "Rename", "movie": { "folderPath": "/m/Heat (1995)" } });
    let Event::Renamed { moves, .. } = parsed(&old).event else { panic!() };
    assert!(moves.is_empty());
    let new = json!({ "eventType": "Rename", "series": series(), "renamedEpisodeFiles": [
        { "path": "/tv/Lost/Season 1/b.mkv", "previousPath": "/tv/Lost/Season 1/a.mkv" },
        { "relativePath": "Season 1/d.mkv", "previousPath": "/tv/Lost old/Season 1/c.mkv" },
        { "path": "/tv/Lost/same.mkv", "previousPath": "/tv/Lost/same.mkv" },
        { "path": "/tv/Lost/without.mkv" }, "odd", null ] });
    let Event::Renamed { moves, .. } = parsed(&new).event else { panic!() };
    let moved: Vec<_> = moves.iter().map(|one| (one.from.as_str(), one.to.as_str())).collect();
    assert_eq!(
        moved,
        [
            ("/tv/Lost/Season 1/a.mkv", "/tv/Lost/Season 1/b.mkv"),
            ("/tv/Lost old/Season 1/c.mkv", "/tv/Lost/Season 1/d.mkv")
        ]
    );
    let windows = json!({ "eventType": "Rename", "movie": { "folderPath": "C:\\Films\\Heat\\" },
                          "renamedMovieFiles": [{ "previousPath": "C:\\Films\\Heat\\a.mkv", "relativePath": "b.mkv" }] });
    let Event::Renamed { moves, .. } = parsed(&windows).event else { panic!() };
    assert_eq!(moves[0].to, "C:\\Films\\Heat\\b.mkv");
}

#[test]
fn deletions_by_their_reason() {
    for (event, of, key) in
        [("MovieDelete", film(), "movie"), ("SeriesDelete", series(), "series"), ("ArtistDelete", artist(), "artist")]
    {
        for (told, gone) in [(json!(true), true), (json!(false), false), (json!("True"), true), (json!([1]), false)] {
            let body = json!({ "eventType": event, key: of.clone(), "deletedFiles": told });
            let Event::Removed { files_are_gone, .. } = parsed(&body).event else { panic!("{body}") };
            assert_eq!(files_are_gone, gone, "{body}");
        }
    }
    for (word, reason) in [
        (json!("upgrade"), DeleteReason::Upgrade),
        (json!("missingFromDisk"), DeleteReason::Other),
        (json!("unheardOf"), DeleteReason::Other),
        (json!(7), DeleteReason::Other),
    ] {
        // The inner model of an old version, with objects where texts are expected.
        let file = json!({ "quality": { "quality": { "id": 1 } }, "series": series(), "path": 5 });
        let body =
            json!({ "eventType": "EpisodeFileDelete", "series": series(), "episodeFile": file, "deleteReason": word });
        let Event::FileRemoved { reason: found, .. } = parsed(&body).event else { panic!("{body}") };
        assert_eq!(found, reason, "{body}");
    }
    let album =
        json!({ "eventType": "AlbumDelete", "artist": artist(), "album": { "mbId": "x" }, "deletedFiles": true });
    assert!(matches!(parsed(&album).event, Event::FileRemoved { .. }));
    let alone = json!({ "eventType": "AlbumDelete", "album": { "title": "x" }, "deletedFiles": true });
    assert_eq!(parsed(&alone).event, Event::Other, "it names no folder");
}

#[test]
fn what_is_nothing_to_us_is_no_error() {
    for name in [
        "Grab",
        "Retag",
        "DownloadFailure",
        "ImportFailure",
        "Health",
        "HealthRestored",
        "ApplicationUpdate",
        "ManualInteractionRequired",
        "Unheard",
        "",
    ] {
        let body = json!({ "eventType": name, "movie": film() });
        assert_eq!(parsed(&body), Webhook { name: name.to_owned(), event: Event::Other });
    }
    let test = json!({ "eventType": "Test", "movie": { "id": 1, "folderPath": "C:\\testpath", "imdbId": "5678" } });
    assert_eq!(parsed(&test).event, Event::Test);
    for body in [json!({}), json!({ "eventType": 5 }), json!({ "eventType": "Download", "movie": "Heat" })] {
        assert_eq!(parsed(&body).event, Event::Other, "{body}");
    }
}

#[test]
fn ids_that_are_none_are_left_out() {
    let body = json!({ "eventType": "Download", "movie": {
        "folderPath": "/m/x", "tmdbId": "949", "imdbId": "5678", "tvdbId": -4, "tvMazeId": 1.5, "mbId": "not-a-uuid" } });
    let Event::Import(of) = parsed(&body).event else { panic!() };
    assert_eq!(ids(&of), ["tmdb:949"]);
    let remote = json!({ "eventType": "Download", "movie": { "folderPath": "/m/x" },
                         "remoteMovie": { "tmdbId": 5, "imdbId": "tt1234567" } });
    let Event::Import(of) = parsed(&remote).event else { panic!() };
    assert_eq!(ids(&of), ["tmdb:5", "imdb:tt1234567"]);
}

#[test]
fn what_is_no_json_object_is_refused() {
    for body in [&b""[..], b"This is no JSON", b"[1]", b"5", b"{\"a\":", b"\xff\xfe", b"{\"a\":\"\xff\"}"] {
        assert!(parse(body).is_err(), "{body:?}");
    }
    let deep = ["{\"a\":".repeat(10_000), "1".to_owned(), "}".repeat(10_000)].concat();
    assert!(matches!(parse(deep.as_bytes()), Err(BodyError::NoJson(_))));
    assert_eq!(parse(b"\xef\xbb\xbf{\"eventType\":\"Test\"}").unwrap().event, Event::Test, "with a byte order mark");
}

#[test]
fn words_for_logs_are_one_line_and_not_endless() {
    let body =
        json!({ "eventType": "Down\nload\u{1b}[2J", "movie": { "title": "é".repeat(5000), "folderPath": "/m" } });
    assert_eq!(parsed(&body).name, "Down load [2J");
    let body = json!({ "eventType": "Download", "movie": { "title": "é".repeat(5000), "folderPath": "/m" } });
    assert_eq!(parsed(&body).event.subject().unwrap().title.len(), 200);
}

/// JSON of the shape of webhooks, with anything anywhere.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "eventType",
        "movie",
        "series",
        "artist",
        "album",
        "folderPath",
        "path",
        "previousPath",
        "relativePath",
        "tmdbId",
        "imdbId",
        "mbId",
        "deletedFiles",
        "renamedMovieFiles",
        "renamedEpisodeFiles",
        "deleteReason",
        "title",
        "remoteMovie",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["Download", "Rename", "MovieDelete", "Test", "/m/x", "..", "tt1234567"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_json_makes_it_panic_and_every_object_is_taken(value in any_json()) {
        let taken = parse(value.to_string().as_bytes());
        prop_assert_eq!(taken.is_ok(), value.is_object());
    }
}
