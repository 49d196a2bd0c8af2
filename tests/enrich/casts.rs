//! Who plays in what, as providers tell it, and their portraits.

use posterfs::catalog::{PublishMode, ScannedCredit, ScannedItem};
use posterfs::model::{EntityId, EntityType, Provider, UnixSeconds};
use serde_json::json;

use crate::server::Given;
use crate::shelf::Tmdb;
use crate::world::{World, item};

/// A film with a cast of five, the first two of whom have portraits.
fn heat() -> (Tmdb, World, EntityId) {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/p.jpg", Some("en"), 9, 1);
    let cast: Vec<_> = (0..5).map(|n| json!({"id": 700 + n, "name": format!("Actor {n}"), "character": "X"})).collect();
    tmdb.change(|shelf| {
        shelf.films.get_mut(&1).unwrap()["credits"] = json!({"cast": cast});
        for n in 0..2u64 {
            let path = format!("/portrait-{n}.jpg");
            let profile = json!({"file_path": path, "width": 100, "height": 150, "vote_count": 1});
            let person = json!({"id": 700 + n, "name": format!("Actor {n}"), "images": {"profiles": [profile]}});
            shelf.people.insert(700 + n, person);
            let size = posterfs::demo::Size { width: 100, height: 150 };
            shelf.pictures.insert(path, Given::body(posterfs::demo::draw_poster("A face", 50 + n, size).unwrap()));
        }
    });
    let mut world = World::new(&tmdb.server.url());
    world.config.artwork.actors = 3;
    let film = world.film("Heat", Some(1));
    (tmdb, world, film)
}

fn names(world: &World, film: EntityId) -> Vec<String> {
    world.catalog.credits_of(film).unwrap().into_iter().map(|credit| credit.name).collect()
}

fn tmdb_id(world: &World, actor: EntityId) -> Option<String> {
    let ids = world.catalog.external_ids_of(actor).unwrap().into_iter();
    ids.filter(|(provider, _)| provider.as_str() == "tmdb").map(|(_, value)| value).next()
}

#[test]
fn actors_and_their_portraits_come_with_a_film_in_one_run() {
    let (_tmdb, mut world, film) = heat();
    let report = world.enrich();
    assert_eq!(names(&world, film), ["Actor 0", "Actor 1", "Actor 2"], "as many as are wanted, as billed");
    assert_eq!(report.items, 4, "the film and who plays in it");
    let actors: Vec<EntityId> = world.catalog.credits_of(film).unwrap().iter().map(|credit| credit.actor).collect();
    assert_eq!(world.catalog.credits_of(film).unwrap()[0].role, "X");
    assert_eq!(tmdb_id(&world, actors[0]).as_deref(), Some("700"));
    for (actor, wanted) in
        [(actors[0], Some("/portrait-0.jpg")), (actors[1], Some("/portrait-1.jpg")), (actors[2], None)]
    {
        assert_eq!(world.selected(actor).get("actorthumb").map(String::as_str), wanted);
    }
    assert_eq!(world.enrich().items, 0);
    world.config.artwork.actors = 1;
    world.enrich_all();
    assert_eq!(names(&world, film), ["Actor 0"]);
}

#[test]
fn naming_a_film_asks_for_its_actors_too() {
    let (tmdb, mut world, film) = heat();
    world.enrich();
    tmdb.server.forget();
    let report = world.enrich_scope(posterfs::catalog::EnrichScope::Items(vec![film]), false);
    assert_eq!(report.items, 4);
}

/// As of metadata fields: what the tree says stays.
#[test]
fn where_a_metadata_file_names_the_cast_only_ids_are_taken() {
    let (_tmdb, mut world, _) = heat();
    let credit =
        |name: &str| ScannedCredit { name: name.into(), role: String::new(), url: None, originals: Vec::new() };
    let library = world.library.clone();
    let ids = vec![(Provider::parse("tmdb").unwrap(), "1".to_owned())];
    let told = ScannedItem {
        ids,
        credits: ["Áctor 4", "Somebody"].map(credit).into(),
        ..item(&library, EntityType::Movie, "Heat")
    };
    let film = world.record(told.clone());
    world.enrich_all();
    assert_eq!(names(&world, film), ["Áctor 4", "Somebody"]);
    let credits = world.catalog.credits_of(film).unwrap();
    assert_eq!(tmdb_id(&world, credits[0].actor).as_deref(), Some("704"), "also of who is billed far below");
    assert_eq!(tmdb_id(&world, credits[1].actor), None);
    world.record(ScannedItem { credits: Vec::new(), ..told.clone() });
    assert!(names(&world, film).is_empty(), "the file does not name them any more");
    world.enrich_all();
    assert_eq!(names(&world, film).len(), 3);
    world.record(ScannedItem { credits: Vec::new(), ..told.clone() });
    assert_eq!(names(&world, film).len(), 3, "a scan of a file that names nobody leaves what providers tell");
    world.record(told);
    assert_eq!(names(&world, film), ["Áctor 4", "Somebody"], "and one that does has the word");
}

/// "Locked types and unmonitored items are not asked for at all", and locks keep providers away from the cast.
#[test]
fn a_locked_cast_stays_and_an_unmonitored_actor_has_no_portrait() {
    let (_tmdb, mut world, film) = heat();
    let lock = |world: &mut World, is_locked| crate::rules::lock(world, film, "actors", is_locked);
    lock(&mut world, true);
    world.enrich_all();
    assert!(names(&world, film).is_empty());
    lock(&mut world, false);
    world.config.artwork.limits.insert(posterfs::model::ImageKind::ActorThumb, 0);
    world.enrich_all();
    let first = world.catalog.credits_of(film).unwrap()[0].actor;
    world.catalog.set_monitored(first, false, PublishMode::Apply, UnixSeconds::new(3)).unwrap();
    world.config.artwork.limits.clear();
    world.enrich_all();
    let second = world.catalog.credits_of(film).unwrap()[1].actor;
    assert!(world.selected(first).is_empty() && !world.selected(second).is_empty());
}
