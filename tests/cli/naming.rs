//! Naming profiles: of a library, of an export, and what is said where a player cannot read a picture.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Films, contents, names, set};

/// Adds the library with these profiles and scans it.
fn scanned(naming: &str) -> Films {
    let films = Films::new();
    let media = films.media().to_str().unwrap().to_owned();
    films.one(&["library", "add", "films", &media, "--kind=movies", "--naming", naming]);
    films.one(&["scan"]);
    films
}

fn published(films: &Films, item: &str) -> Vec<String> {
    let item = films.one(&["show", item]);
    item["mappings"].as_array().unwrap().iter().map(|line| line["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_library_is_named_for_its_players() {
    for (naming, names) in [
        ("plex", &["flat/1917 (2019).jpg"][..]),
        ("jellyfin", &["flat/1917 (2019)-poster.jpg"]),
        ("plex,kodi", &["flat/1917 (2019)-poster.jpg", "flat/1917 (2019).jpg"]),
    ] {
        let films = scanned(naming);
        films.select("1917", "poster", "a.jpg");
        films.publish();
        assert_eq!(published(&films, "1917"), names, "{naming}");
        assert_eq!(films.one(&["library", "list"])["naming"], naming);
    }
    let films = Films::new();
    let media = films.media().to_str().unwrap().to_owned();
    for (naming, words) in [
        ("kometa", &["tree of its own", "export", "default, kodi, jellyfin, emby and plex"][..]),
        ("kodi,kometa", &["kometa", "alone"]),
        ("xbmc", &["xbmc", "kodi-sets, jellyfin-people and kometa"]),
    ] {
        let said = films.fails(2, &["library", "add", "films", &media, "--kind=movies", "--naming", naming]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.iter().all(|word| said.contains(word)), "{naming}: {said}");
    }
}

#[test]
fn an_export_has_names_of_its_own() {
    let films = scanned("default");
    films.select("tmdb:949", "poster", "a.jpg");
    films.select("tmdb:949", "clearlogo", "logo.png");
    films.select("1917", "poster", "b.jpg");
    let before = contents(films.media());
    let to = films.picture("assets");
    let arguments = ["export", "--naming", "kometa", "--to", to.to_str().unwrap()];
    let count = |report: &Value, key: &str| report[key].as_u64().unwrap();
    assert_eq!(count(&films.one(&[&arguments[..], &["--dry-run"]].concat()), "added"), 2);
    assert!(!to.exists());
    assert_eq!(count(&films.one(&arguments), "added"), 2, "nothing has to be published for it");
    assert_eq!(names(&to), set(&["Heat (1995) {tmdb-949}"]), "a film in a shared folder has no name there");
    assert_eq!(names(&to.join("Heat (1995) {tmdb-949}")), set(&["logo.png", "poster.jpg"]));
    let is_picture = |path: &Path, name: &str| fs::read(path).unwrap() == fs::read(films.picture(name)).unwrap();
    assert!(is_picture(&to.join("Heat (1995) {tmdb-949}/poster.jpg"), "a.jpg"));
    assert_eq!(count(&films.one(&arguments), "unchanged"), 2);
    assert_eq!(contents(films.media()), before);
    let said = films.fails(1, &["export", "--naming", "kometa"]);
    assert!(said.contains("--to DIR"), "{said}");
    assert_eq!(contents(films.media()), before);
}

#[test]
fn what_a_player_cannot_read_is_told() {
    let films = scanned("default");
    let webp = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/lossy-with-alpha.webp");
    let webp = webp.to_str().unwrap();
    let notes = [
        "not published as 1917 (2019).webp: plex cannot read webp under this name; select a JPEG",
        "1917 (2019)-poster.webp: emby cannot read webp under this name",
    ];
    assert_eq!(films.one(&["select", "1917", "poster", "--file", webp])["notes"], json!(notes));
    let report = films.publish();
    assert_eq!(
        (&report["added"], &report["left_out"][0]),
        (&json!(1), &json!(notes[0].trim_start_matches("not published as ")))
    );
    let shown = films.one(&["show", "1917"]);
    assert_eq!(shown["images"]["poster"]["notes"], json!(notes));
    assert!(notes.iter().all(|note| films.text(&["show", "1917"]).contains(note)));
    assert_eq!(published(&films, "1917"), ["flat/1917 (2019)-poster.webp"]);
    // What no profile of the library has a name for.
    let picture = films.picture("a.jpg");
    let report = films.one(&["select", "1917", "spine", "--file", picture.to_str().unwrap()]);
    assert_eq!(report["notes"], json!(["the library's naming has no name for the spine of a movie"]));
    films.select("tmdb:949", "poster", "a.jpg");
    assert_eq!(films.one(&["show", "tmdb:949"])["images"]["poster"]["notes"], json!([]));
}

#[test]
fn only_what_can_have_a_picture_lacks_it() {
    let films = scanned("default");
    let missing = |image_type: &str| films.json(&["list", "--missing", image_type]).len();
    let all = films.json(&["list"]).len();
    assert_eq!((missing("poster"), missing("banner"), missing("keyart")), (all - 2, all, all));
    assert_eq!((missing("spine"), missing("actorthumb"), missing("cover")), (0, 0, 0));
}
