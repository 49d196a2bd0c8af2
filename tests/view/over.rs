//! The view over its own source: commands reach the media beneath it.

use std::fs;

use serde_json::Value;

use crate::support::{contents, lists, posterfs};
use crate::world::World;

/// Everything that commands tell of every item.
fn known(world: &World) -> Vec<Value> {
    let rows = world.films.json(&["list"]);
    rows.iter().map(|row| world.films.one(&["show", &row["id"].to_string()])).collect()
}

#[test]
fn a_scan_gives_the_same_catalog_and_takes_no_picture_for_an_original() {
    let Some(world) = World::over() else { return };
    let before = known(&world);
    assert!(world.heat().join("poster.jpg").exists() && !world.heat().join("folder.jpg").exists());
    for _ in 0..2 {
        let scan = world.films.one(&["scan"]);
        for count in ["added", "changed", "missing", "returned", "moved", "error_count"] {
            assert_eq!(scan[count], 0, "{scan}");
        }
        assert_eq!(scan["seen"], 8);
    }
    assert_eq!(known(&world), before);
    let poster = &world.films.one(&["show", "tmdb:949"])["images"]["poster"];
    assert_eq!(poster["originals"], serde_json::json!(["Heat (1995) {tmdb-949}/folder.jpg"]));
}

#[test]
fn what_is_beneath_is_bare_and_shows_again_afterwards() {
    let Some(world) = World::over() else { return };
    let beneath = contents(&world.mount.source());
    assert!(world.heat().join("poster.jpg").exists());
    assert!(!world.source(b"Heat (1995) {tmdb-949}/poster.jpg").exists());
    let media = world.films.media().to_owned();
    assert_eq!(world.films.one(&["unmount".as_ref(), media.as_os_str()])["mountpoint"], media.to_str().unwrap());
    assert_eq!(contents(&media), beneath, "the bare library, every byte as it was");
}

#[test]
fn paths_in_the_view_name_items_and_pictures() {
    let Some(world) = World::over() else { return };
    let poster = world.heat().join("poster.jpg");
    assert_eq!(world.films.one(&["show".as_ref(), world.heat().as_os_str()])["title"], "Heat");
    assert_eq!(world.films.one(&["show".as_ref(), poster.as_os_str()])["title"], "Heat");
    assert_eq!(world.films.one(&["identify".as_ref(), world.heat().as_os_str()])["kind"], "movie");
    // A picture that is shown may be chosen for another film: it is in the cache already.
    let chosen = world.films.one(&["select", "Up", "poster", "--file", poster.to_str().unwrap()]);
    assert_eq!(chosen["new_in_cache"], false);
    assert_eq!(world.films.publish()["added"], 2);
    assert_eq!(fs::read(world.view(b"flat/Up (2009).jpg")).unwrap(), fs::read(&poster).unwrap());
}

#[test]
fn an_export_into_the_library_writes_beneath_and_changes_nothing_that_is_seen() {
    let Some(world) = World::over() else { return };
    let seen = contents(&world.mount.view());
    let exported = world.films.one(&["export"]);
    // The folder of mappings is made in the source for it.
    assert_eq!((&exported["added"], &exported["error_count"]), (&12.into(), &0.into()));
    assert_eq!(contents(&world.mount.view()), seen);
    let picture = fs::read(world.films.picture("a.jpg")).unwrap();
    assert_eq!(fs::read(world.source(b"Heat (1995) {tmdb-949}/poster.jpg")).unwrap(), picture);
    assert!(world.source(b"Heat (1995) {tmdb-949}/extrafanart/fanart1.jpg").is_file());
    assert!(world.source(b"Heat (1995) {tmdb-949}/folder.jpg").is_file(), "originals stay");
    assert_eq!(world.films.one(&["export"])["unchanged"], 12);
}

#[test]
fn verify_looks_beneath_and_repairs_what_is_shown() {
    let Some(world) = World::over() else { return };
    let summary = world.films.one(&["verify", "--deep"]);
    assert_eq!(summary["findings"], 0, "{summary}");
    assert!(summary["originals"].as_u64() > Some(0), "hidden ones are there");
    let poster = world.heat().join("poster.jpg");
    let bytes = fs::read(&poster).unwrap();
    let assets = world.films.state().join("cache/assets");
    let cached = contents(&assets).into_iter().find(|(_, content)| *content == bytes).unwrap().0;
    fs::remove_file(assets.join(&cached)).unwrap();
    fs::remove_file(world.source(b"Heat (1995) {tmdb-949}/folder.jpg")).unwrap();
    let lines = world.films.json(&["verify", "--repair"]);
    let found: Vec<_> = lines.iter().filter_map(|line| line["finding"].as_str()).collect();
    assert_eq!(found, ["missing", "missing-original"], "{lines:?}");
    assert_eq!(fs::read(assets.join(&cached)).unwrap(), bytes);
    assert_eq!(fs::read(&poster).unwrap(), bytes);
    assert_eq!(world.films.one(&["verify", "--deep"])["findings"], 0);
}

#[test]
fn a_library_can_be_added_by_its_path_in_the_view() {
    let Some(folders) = crate::support::Folders::new() else { return };
    let films = crate::support::Films::within(&folders);
    let mount = folders.mount_beside(&[]);
    let add = ["library", "add", "films", mount.view().to_str().unwrap(), "--kind", "movies"].map(str::to_owned);
    let output = posterfs(films.state(), &add);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(films.one(&["library", "list"])["path"], films.media().to_str().unwrap());
    assert_eq!(films.one(&["scan"])["added"], 8);
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    assert!(lists(&mount.view().join("Heat (1995) {tmdb-949}"), "poster.jpg"));
}
