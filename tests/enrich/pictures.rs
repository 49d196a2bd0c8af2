//! What is taken into the cache, and what is refused.

use posterfs::demo::{Size, draw_fanart, draw_poster};

use crate::server::{Fault, Given};
use crate::shelf::Tmdb;
use crate::world::World;

fn poster(seed: u64) -> Vec<u8> {
    draw_poster("Film", seed, Size { width: 100, height: 150 }).unwrap()
}

/// A PNG that says it has 60,000 × 60,000 pixels.
fn bomb() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(2, 3).write_to(&mut file, image::ImageFormat::Png).unwrap();
    let mut bytes = file.into_inner();
    bytes[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    bytes
}

#[test]
fn what_is_no_valid_picture_of_fitting_shape_is_refused_once_and_the_next_one_taken() {
    let whole = poster(1);
    let truncated = whole[..whole.len() * 2 / 3].to_vec();
    for (what, given, word) in [
        ("a page", Given::body("<!DOCTYPE html><html><body>captive portal</body></html>"), "HTML"),
        ("a page that says it is a picture", Given::body("<html></html>").with("content-type", "image/jpeg"), "HTML"),
        ("a drawing", Given::body("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "SVG"),
        ("nothing", Given::body(""), "empty"),
        ("a picture that breaks off", Given::body(truncated), "breaks off"),
        ("a bomb", Given::body(bomb()), "pixels"),
        ("a landscape", Given::body(draw_fanart(1, Size { width: 192, height: 108 }).unwrap()), "shape"),
        ("too many bytes", Given::body(vec![0xff; (1 << 20) + 1]), "larger"),
        ("gone", Given::status(404), "does not have"),
        ("forbidden", Given::status(403), "403"),
        ("somewhere else", Given::status(302).with("location", "file:///etc/passwd"), "not followed"),
    ] {
        let tmdb = Tmdb::start();
        tmdb.film(1, "Heat", 1999);
        tmdb.offer_bytes(1, "posters", "/bad.jpg", Some("en"), 90, given);
        tmdb.offer(1, "posters", "/good.jpg", Some("en"), 1, 1);
        let mut world = World::new(&tmdb.server.url());
        let film = world.film("Heat", Some(1));
        let report = world.enrich();
        assert_eq!((report.chosen, report.refused), (1, 1), "{what}: {report:?}");
        assert_eq!(world.selected(film)["poster"], "/good.jpg", "{what}");
        let reason = world.candidates(film)["/bad.jpg"].refused.clone().unwrap();
        assert!(reason.to_lowercase().contains(&word.to_lowercase()), "{what}: {reason}");
        assert_eq!(world.cache.usage().unwrap().files, 1, "{what}");
        tmdb.server.forget();
        assert_eq!(world.enrich_all().refused, 0, "{what}");
        assert_eq!(tmdb.downloaded(), [""; 0], "{what}: what is refused is not tried again");
    }
}

#[test]
fn half_a_download_is_none_and_is_tried_again_in_the_next_run() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer_bytes(1, "posters", "/a.jpg", Some("en"), 90, Given::body(poster(1)).broken(Fault::Half));
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    let report = world.enrich();
    assert_eq!((report.chosen, report.refused, report.problem_count), (0, 0, 1), "{report:?}");
    assert_eq!(world.cache.usage().unwrap().files, 0);
    tmdb.change(|shelf| {
        shelf.pictures.insert("/a.jpg".into(), Given::body(poster(1)));
    });
    assert_eq!(world.enrich().chosen, 1);
    assert_eq!(world.selected(film)["poster"], "/a.jpg");
}

#[test]
fn a_picture_is_named_after_what_it_is_not_after_what_it_is_called() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(40, 60, |x, y| image::Rgb([x as u8, y as u8, 7]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    let given = Given::body(png.into_inner()).with("content-type", "image/jpeg");
    tmdb.offer_bytes(1, "posters", "/a.jpg", Some("en"), 90, given);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    world.enrich();
    let picture = &world.catalog.selections_of(film).unwrap()[0].picture;
    assert_eq!((picture.extension.as_str(), picture.width, picture.height), ("png", 40, 60));
    let candidate = &world.candidates(film)["/a.jpg"];
    assert_eq!((candidate.width, candidate.height), (Some(40), Some(60)), "measured, not as told");
}

#[test]
fn bytes_that_are_in_the_cache_cost_no_second_file_and_an_address_no_second_download() {
    let tmdb = Tmdb::start();
    let mut world = World::new(&tmdb.server.url());
    for (id, path) in [(1, "/shared.jpg"), (2, "/shared.jpg"), (3, "/the-same-bytes.jpg")] {
        let title = format!("Film {id}");
        tmdb.film(id, &title, 1999);
        tmdb.offer(id, "posters", path, Some("en"), 9, 1);
    }
    let films: Vec<_> = (1..=3).map(|id| world.film(&format!("Film {id}"), Some(id))).collect();
    let [first, second, third] = films[..] else { unreachable!() };
    world.enrich_scope(posterfs::catalog::EnrichScope::Items(vec![first]), false);
    let report = world.enrich_scope(posterfs::catalog::EnrichScope::Items(vec![second]), false);
    assert_eq!((report.chosen, report.downloaded, report.reused), (1, 0, 1), "{report:?}");
    let report = world.enrich_scope(posterfs::catalog::EnrichScope::Items(vec![third]), false);
    assert_eq!((report.chosen, report.downloaded), (1, 1));
    assert_eq!(tmdb.downloaded(), ["/shared.jpg", "/the-same-bytes.jpg"]);
    assert_eq!(world.cache.usage().unwrap().files, 1);
    let hashes: std::collections::BTreeSet<_> = films.iter().map(|film| world.hash(*film, "poster")).collect();
    assert_eq!(hashes.len(), 1);
    let hash = hashes.into_iter().next().unwrap().unwrap();
    assert_eq!(world.catalog.cache_files_by_hash(&hash).unwrap().len(), 3, "one row for each film it serves");
}
