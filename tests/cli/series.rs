//! Series, seasons, episodes and actors by commands: chosen, published, shown, exported.

use std::path::Path;

use serde_json::json;

use crate::support::{Films, contents, write};

const FILES: &[&str] = &[
    "Lost (2004)/Season 01/Lost S01E01.mkv",
    "Lost (2004)/Season 01/Lost S01E02-E03.mkv",
    "Lost (2004)/Season 01/Lost S01E01-thumb.jpg",
    "Lost (2004)/Specials/Lost S00E01.mkv",
    "Lost (2004)/poster.jpg",
    "Lost (2004)/season01-poster.jpg",
    "Lost (2004)/.actors/Terry_O'Quinn.jpg",
    "Firefly/Firefly 1x02.avi",
];

/// A library of series, scanned.
fn series() -> Films {
    let films = Films::new();
    let tv = films.picture("tv");
    for file in FILES {
        let path = tv.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(path, file);
    }
    let nfo = "<tvshow><title>Lost</title><actor><name>Terry O'Quinn</name></actor></tvshow>";
    write(tv.join("Lost (2004)/tvshow.nfo"), nfo);
    films.one(&["library", "add", "tv", tv.to_str().unwrap(), "--kind", "tv"]);
    films.one(&["scan"]);
    films
}

/// The items that lack a picture of that type, by their paths.
fn missing(films: &Films, image_type: &str) -> Vec<String> {
    let mut paths: Vec<_> = films
        .json(&["list", "--missing", image_type])
        .iter()
        .map(|item| item["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

/// "A season without a poster has none; it is listed as missing."
#[test]
fn nothing_is_inherited_and_only_what_can_be_is_missing() {
    let films = series();
    assert_eq!(missing(&films, "poster"), ["Firefly", "Firefly/Season 01", "Lost (2004)/Specials"]);
    let stills = [
        "Firefly/Firefly 1x02.avi",
        "Lost (2004)/Season 01/Lost S01E02-E03.mkv",
        "Lost (2004)/Specials/Lost S00E01.mkv",
    ];
    assert_eq!(missing(&films, "thumb"), stills);
    assert_eq!(missing(&films, "actorthumb"), [""; 0]);
    films.select("Lost/s00", "poster", "a.jpg");
    films.select("Lost/s01e03", "thumb", "a.jpg");
    assert_eq!(missing(&films, "poster"), ["Firefly", "Firefly/Season 01"]);
    assert_eq!(missing(&films, "thumb"), [stills[0], stills[2]]);
}

#[test]
fn everything_of_a_series_is_chosen_published_and_exported() {
    let films = series();
    for (item, said, image_type, title) in [
        ("Lost", "banner", "banner", "Lost (2004)"),
        ("Lost/s01", "poster", "poster", "Lost (2004), season 1"),
        ("Lost/s01e03", "poster", "thumb", "Lost (2004), S01E02 Episode 2"),
        ("Terry O'Quinn", "thumb", "actorthumb", "Terry O'Quinn"),
    ] {
        let report = films.select(item, said, "a.jpg");
        assert_eq!((&report["image_type"], &report["title"]), (&json!(image_type), &json!(title)));
    }
    let expected = [
        "Lost (2004)/.actors/Terry_O'Quinn.jpg",
        "Lost (2004)/Season 01/Lost S01E02-E03-S01E02-thumb.jpg",
        "Lost (2004)/Season 01/Lost S01E02-E03-S01E03-thumb.jpg",
        "Lost (2004)/Season 01/Lost S01E02-E03-thumb.jpg",
        "Lost (2004)/Season 01/Lost S01E02-E03.jpg",
        "Lost (2004)/banner.jpg",
        "Lost (2004)/season-all-banner.jpg",
        "Lost (2004)/season01-poster.jpg",
    ];
    assert_eq!(films.publish()["added"], expected.len());
    let mut shown: Vec<String> = Vec::new();
    for item in ["Lost", "Lost/s01", "Lost/s01e02", "Terry O'Quinn"] {
        let mappings = films.one(&["show", item])["mappings"].clone();
        shown.extend(mappings.as_array().unwrap().iter().map(|line| line["path"].as_str().unwrap().to_owned()));
    }
    shown.sort();
    assert_eq!(shown, expected);
    let season = films.one(&["show", "Lost/s01"]);
    assert_eq!(
        (&season["season"], &season["images"]["poster"]["originals"]),
        (&json!(1), &json!(["Lost (2004)/season01-poster.jpg"]))
    );

    let to = films.picture("exported");
    assert_eq!(films.one(&["export", "--to", to.to_str().unwrap()])["added"], expected.len());
    let exported = contents(&to);
    assert!(expected.iter().all(|path| exported.contains_key(Path::new(path))) && exported.len() == expected.len());
    let people = films.picture("people");
    films.one(&["export", "--naming", "jellyfin-people", "--to", people.to_str().unwrap()]);
    assert!(people.join("T/Terry O'Quinn/folder.jpg").is_file());
}

/// "Locks are inherited series → season → episode; an explicit lock or unlock further down wins."
#[test]
fn locks_and_monitoring_are_inherited_and_show_tells_from_where() {
    let films = series();
    let series = films.one(&["show", "Lost"])["id"].as_i64().unwrap();
    films.one(&["lock", "Lost", "thumb", "plot"]);
    let thumb = |item: &str| films.one(&["show", item])["images"]["thumb"]["lock"].as_str().unwrap().to_owned();
    assert_eq!(thumb("Lost/s01e01"), format!("locked by series {series}"));
    films.one(&["unlock", "Lost/s01", "thumb"]);
    assert!(thumb("Lost/s01e01").starts_with("not locked by season"));
    assert_eq!(thumb("Lost/s00e01"), format!("locked by series {series}"));
    films.one(&["unmonitor", "Lost"]);
    assert_eq!(thumb("Lost/s01e01"), format!("not monitored, as series {series} is not"));
    let episodes = films.json(&["list", "--unmonitored", "--kind", "episode"]);
    assert_eq!(episodes.len(), 3, "{episodes:?}");
    let held = films.run(&["monitor", "Lost/s01"]);
    let said = String::from_utf8_lossy(&held.stdout);
    assert!(held.status.code() == Some(3) && said.contains(&format!("posterfs monitor {series}")), "{said}");
    assert_eq!(films.one(&["monitor", "Lost"])["monitored"], true);
    assert!(films.json(&["list", "--unmonitored"]).is_empty());
}
