//! From a name to an id, and what a person does where that is in doubt.

use posterfs::catalog::{EntityFilter, Identification};
use posterfs::model::UnixSeconds;
use serde_json::json;

use crate::shelf::Tmdb;
use crate::world::World;

fn unidentified(world: &World) -> Vec<String> {
    let filter = EntityFilter { only_unidentified: true, ..EntityFilter::default() };
    world.catalog.list_entities(&filter, None, 100).unwrap().into_iter().map(|entity| entity.title).collect()
}

#[test]
fn a_film_without_id_is_searched_for_and_doubt_waits_for_a_person() {
    let tmdb = Tmdb::start();
    for (id, title) in [(1, "Clear"), (2, "Twice"), (3, "Twice")] {
        tmdb.film(id, title, 1999);
        tmdb.offer(id, "posters", &format!("/{id}.jpg"), Some("en"), 9, id);
    }
    let result = |id: u64, title: &str| json!({"id": id, "title": title, "release_date": "1999-05-05"});
    tmdb.change(|shelf| {
        shelf.found.insert("Clear".into(), json!({"results": [result(1, "Clear"), result(9, "Clear and Present")]}));
        shelf.found.insert("Twice".into(), json!({"results": [result(2, "Twice"), result(3, "Twice")]}));
    });
    let mut world = World::new(&tmdb.server.url());
    let (clear, twice, never) = (world.film("Clear", None), world.film("Twice", None), world.film("Never", None));
    let report = world.enrich();
    assert_eq!((report.identified, report.unidentified, report.chosen), (1, 2, 1), "{report:?}");
    assert_eq!(world.selected(clear)["poster"], "/1.jpg");
    let ids = world.catalog.external_ids_of(clear).unwrap();
    assert_eq!((ids[0].0.as_str(), ids[0].1.as_str()), ("tmdb", "1"), "so that it need not be searched for again");
    assert_eq!(unidentified(&world), ["Never", "Twice"]);
    let identification = |film| world.catalog.enrichment_of(film).unwrap().unwrap().identification;
    assert_eq!(identification(twice), Identification::Doubtful(vec!["tmdb:2".into(), "tmdb:3".into()]));
    assert_eq!(identification(never), Identification::Unknown);

    let edits = ["tmdb=3".parse().unwrap()];
    posterfs::phase::edit(
        &mut world.catalog,
        twice,
        &edits,
        posterfs::catalog::PublishMode::Apply,
        UnixSeconds::new(9),
    )
    .unwrap();
    assert_eq!(world.enrich().chosen, 1, "an edited item is due at once");
    assert_eq!(world.selected(twice)["poster"], "/3.jpg");
    assert_eq!(unidentified(&world), ["Never"]);
}

#[test]
fn another_id_makes_it_another_film_but_leaves_what_was_chosen_by_hand() {
    let tmdb = Tmdb::start();
    for id in [1, 2] {
        tmdb.film(id, &format!("Film {id}"), 1999);
        tmdb.offer(id, "posters", &format!("/p{id}.jpg"), Some("en"), 9, id);
        tmdb.offer(id, "backdrops", &format!("/b{id}.jpg"), None, 9, 10 + id);
    }
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Film", Some(1));
    world.enrich();
    let fanart = world.candidates(film)["/b1.jpg"].clone();
    let picture = world.catalog.cached_candidates_of(film).unwrap();
    let picture = picture.into_iter().find(|(id, _)| *id == fanart.id).unwrap().1.picture;
    world.catalog.choose_by_hand(fanart.id, &picture, UnixSeconds::new(5)).unwrap();
    let edit = |world: &mut World, text: &str| {
        posterfs::phase::edit(
            &mut world.catalog,
            film,
            &[text.parse().unwrap()],
            posterfs::catalog::PublishMode::Apply,
            UnixSeconds::new(9),
        )
        .unwrap()
        .is_another
    };
    assert!(!edit(&mut world, "tmdb=1"), "the same id changes nothing");
    assert_eq!(world.selected(film).len(), 2);
    assert!(edit(&mut world, "tmdb=2"));
    assert_eq!(world.selected(film).into_values().collect::<Vec<_>>(), ["/b1.jpg"]);
    assert!(world.catalog.metadata_of(film).unwrap().is_empty());
    world.enrich();
    assert_eq!(world.selected(film).into_values().collect::<Vec<_>>(), ["/b1.jpg", "/b2.jpg", "/p2.jpg"]);
    let plot = world.catalog.metadata_of(film).unwrap().into_iter().find(|field| field.field == "plot").unwrap();
    assert_eq!(plot.value, "All about Film 2.");
}
