//! Pictures that metadata files name are candidates like others.

use posterfs::catalog::{DeclaredArtwork, ScannedItem};
use posterfs::model::{EntityId, EntityType};

use crate::server::Given;
use crate::shelf::Tmdb;
use crate::world::{World, item};

fn declaring(world: &mut World, title: &str, artwork: &[(&str, String)]) -> EntityId {
    let artwork =
        artwork.iter().map(|(kind, url)| DeclaredArtwork { image_type: kind.parse().unwrap(), url: url.clone() });
    let library = world.library.clone();
    world.record(ScannedItem { artwork: artwork.collect(), ..item(&library, EntityType::Movie, title) })
}

fn poster(seed: u64) -> Given {
    let size = posterfs::demo::Size { width: 100, height: 150 };
    Given::body(posterfs::demo::draw_poster("Film", seed, size).unwrap())
}

#[test]
fn what_a_metadata_file_names_is_chosen_where_nobody_offers_better() {
    let tmdb = Tmdb::start();
    tmdb.change(|shelf| {
        shelf.pictures.insert("/nfo.jpg".into(), poster(1));
    });
    let url = format!("{}/t/p/original/nfo.jpg", tmdb.server.url());
    let mut world = World::new(&tmdb.server.url());
    world.config.provider.tmdb.enabled = false;
    let film =
        declaring(&mut world, "Heat", &[("poster", url.clone()), ("fanart", "https://example.org/f.jpg".into())]);
    let report = world.enrich();
    assert_eq!((report.items, report.offered, report.chosen), (1, 1, 1), "{report:?}");
    assert_eq!(world.selected(film)["poster"], url);
    assert_eq!(world.candidates(film)[&url].provider, "nfo");
    let row = &world.catalog.selections_of(film).unwrap()[0].picture;
    assert_eq!((row.provider.as_deref(), row.source_url.as_deref()), (Some("nfo"), Some(url.as_str())));
}

#[test]
fn a_providers_better_offer_comes_before_it() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/best.jpg", Some("en"), 90, 2);
    tmdb.change(|shelf| {
        shelf.pictures.insert("/nfo.jpg".into(), poster(1));
    });
    let mut world = World::new(&tmdb.server.url());
    let film = declaring(&mut world, "Heat", &[("poster", format!("{}/t/p/original/nfo.jpg", tmdb.server.url()))]);
    posterfs::phase::edit(
        &mut world.catalog,
        film,
        &["tmdb=1".parse().unwrap()],
        posterfs::catalog::PublishMode::Apply,
        posterfs::model::UnixSeconds::new(2),
    )
    .unwrap();
    world.enrich();
    assert_eq!((world.selected(film)["poster"].as_str(), world.candidates(film).len()), ("/best.jpg", 2));
}

/// "Locked types and unmonitored items are not asked for at all": nor is what the tree names of them.
#[test]
fn what_is_locked_or_names_nothing_is_left_alone() {
    let tmdb = Tmdb::start();
    let mut world = World::new(&tmdb.server.url());
    world.config.provider.tmdb.enabled = false;
    let film = declaring(&mut world, "Heat", &[("poster", format!("{}/x.jpg", tmdb.server.url()))]);
    declaring(&mut world, "Ronin", &[]);
    crate::rules::lock(&mut world, film, "poster", true);
    let report = world.enrich();
    assert_eq!((report.items, report.left_alone, report.offered), (0, 2, 0));
    assert!(world.candidates(film).is_empty() && tmdb.server.asked().is_empty());
}
