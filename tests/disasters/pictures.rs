//! Pictures: damaged in the cache, or gone where they came from.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::server::{Given, Server};
use crate::shelf::Tmdb;
use crate::support::{Films, contents, stderr, wait_for, write};
use crate::world::{HEAT, World, assert_decided_alike};

/// The file of the cache that is selected.
fn cached(films: &Films, item: &str, image_type: &str) -> PathBuf {
    let story = films.one(&["show", item]);
    let hash = story["images"][image_type]["selected"]["sha256"].as_str().unwrap().to_owned();
    let assets = films.state().join("cache/assets");
    let is_it = |path: &PathBuf| path.file_stem() == Some(OsStr::new(&hash));
    assets.join(contents(&assets).into_keys().find(is_it).unwrap())
}

/// One bit of it is another one, as a bad disk has it.
fn damage(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    let file = File::options().read(true).write(true).open(path).unwrap();
    let (mut byte, at) = ([0], file.metadata().unwrap().len() / 2);
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o444)).unwrap();
}

/// Runs a command that must find problems, and returns all it says.
#[track_caller]
fn finds(films: &Films, words: &[&str]) -> String {
    let output = films.run(words);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
    assert_eq!(output.status.code(), Some(3), "{words:?}: {said}");
    said
}

#[test]
fn corrupt_cache_file() {
    let Some(world) = World::new() else { return };
    let (films, shown, decided) = (&world.films, world.shown(), world.decisions());
    assert!(films.run(&["verify", "--deep"]).status.success(), "{}", finds(films, &["verify", "--deep"]));
    let poster = cached(films, "tmdb:949", "poster");
    let whole = fs::read(&poster).unwrap();
    damage(&poster);
    let damaged = fs::read(&poster).unwrap();
    assert_ne!(damaged, whole);
    let said = finds(films, &["verify", "--deep"]);
    assert!(said.contains("corrupt") && said.contains(poster.file_name().unwrap().to_str().unwrap()), "{said}");
    films.run(&["verify", "--deep", "--repair", "--dry-run"]);
    assert_eq!(fs::read(&poster).unwrap(), damaged, "a trial changes nothing");
    let repaired = films.run(&["verify", "--deep", "--repair"]);
    assert!(repaired.status.success(), "{}", stderr(&repaired));
    assert_eq!(fs::read(&poster).unwrap(), whole);
    assert!(films.run(&["verify", "--deep"]).status.success());
    assert_eq!(films.json(&["recycle", "list"]).len(), 1, "the damaged file is kept");
    wait_for(|| world.shown().files == shown.files);
    assert_decided_alike(&decided, &world.decisions());
}

/// What enrichment has chosen is not locked: the next candidate takes its place, and is shown at once.
fn what_is_not_locked_gets_the_next_candidate(world: &World) {
    let films = &world.films;
    let tmdb = Tmdb::start();
    tmdb.film(348, "Alien", 1979);
    tmdb.offer(348, "posters", "/best.jpg", Some("en"), 90, 1);
    tmdb.offer(348, "posters", "/next.jpg", Some("en"), 1, 2);
    let config = films.picture("config.toml");
    let url = tmdb.server.url();
    write(
        &config,
        format!(
            "[network]\nwait = 0.01\n[provider.tmdb]\nkey = 'k'\nbase_url = '{url}/3'\nimage_base_url = '{url}/t/p'\n"
        ),
    );
    let run = |words: &[&str]| {
        let words = [&["--config", config.to_str().unwrap()], words].concat();
        let output = films.run(&words);
        assert!(output.status.success(), "{words:?}: {output:?}");
    };
    let folder = "Alien (1979) {tmdb-348}";
    fs::create_dir(world.mount.source().join(folder)).unwrap();
    write(world.mount.source().join(folder).join("Alien (1979).mkv"), "the film");
    run(&["scan"]);
    run(&["enrich", "tmdb:348"]);
    run(&["publish"]);
    let shown = || fs::read(world.mount.view().join(folder).join("poster.jpg"));
    let offered = |path: &str| {
        let mut bytes = Vec::new();
        tmdb.change(|shelf| bytes = shelf.pictures[path].body.clone());
        bytes
    };
    wait_for(|| shown().is_ok_and(|bytes| bytes == offered("/best.jpg")));
    assert_eq!(films.one(&["show", "tmdb:348"])["images"]["poster"]["locked"], false);

    fs::remove_file(cached(films, "tmdb:348", "poster")).unwrap();
    tmdb.change(|shelf| drop(shelf.pictures.insert("/best.jpg".to_owned(), Given::status(404))));
    run(&["verify", "--repair"]);
    wait_for(|| shown().is_ok_and(|bytes| bytes == offered("/next.jpg")));
    run(&["verify", "--deep"]);
}

#[test]
fn provider_took_a_picture_away() {
    let Some(world) = World::new() else { return };
    what_is_not_locked_gets_the_next_candidate(&world);
    let films = &world.films;
    let picture = fs::read(films.picture("c.jpg")).unwrap();
    let is_offered = Arc::new(AtomicBool::new(true));
    let (offered, answer) = (Arc::clone(&is_offered), picture.clone());
    let server = Server::start(move |_| match offered.load(Ordering::SeqCst) {
        true => Given::body(answer.clone()).with("content-type", "image/jpeg"),
        false => Given::status(404),
    });
    let url = format!("{}/banner.jpg", server.url());
    films.one(&["select", "tmdb:949", "banner", "--url", &url]);
    films.publish();
    let banner = world.mount.view().join(std::str::from_utf8(HEAT).unwrap()).join("banner.jpg");
    wait_for(|| fs::read(&banner).is_ok_and(|bytes| bytes == picture));
    fs::remove_file(films.picture("c.jpg")).unwrap();

    is_offered.store(false, Ordering::SeqCst);
    films.publish();
    assert!(films.run(&["verify", "--deep"]).status.success(), "nothing is lost");
    assert_eq!(fs::read(&banner).unwrap(), picture);

    // The cache loses it, too.
    let file = cached(films, "tmdb:949", "banner");
    fs::rename(&file, films.picture("lost.jpg")).unwrap();
    server.forget();
    let said = finds(films, &["verify", "--repair"]);
    assert!(said.contains("locked") && said.contains("posterfs select"), "{said}");
    assert_eq!(server.count("/banner.jpg"), 1, "it was asked for again, once");
    assert!(!file.exists());
    // It is offered again: the same picture comes back.
    is_offered.store(true, Ordering::SeqCst);
    let repaired = films.run(&["verify", "--repair"]);
    assert!(repaired.status.success(), "{}", stderr(&repaired));
    assert_eq!(fs::read(&file).unwrap(), picture);
    assert!(films.run(&["verify", "--deep"]).status.success());
    wait_for(|| fs::read(&banner).is_ok_and(|bytes| bytes == picture));
    // Or it is not, and another one is chosen.
    fs::rename(&file, films.picture("lost.jpg")).unwrap();
    is_offered.store(false, Ordering::SeqCst);
    films.select("tmdb:949", "banner", "b.jpg");
    films.publish();
    let other = fs::read(films.picture("b.jpg")).unwrap();
    wait_for(|| fs::read(&banner).is_ok_and(|bytes| bytes == other));
}
