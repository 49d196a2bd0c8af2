//! What is chosen, replaced, kept, and when it is looked at again.

use posterfs::cache::Origin;
use posterfs::catalog::EnrichScope;
use posterfs::config::ChoiceMode;
use posterfs::model::ImageKind;

use crate::server::Given;
use crate::shelf::Tmdb;
use crate::world::World;

#[test]
fn the_best_of_each_type_is_chosen_and_nothing_else_is_downloaded() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/worse.jpg", Some("en"), 1, 1);
    tmdb.offer(1, "posters", "/best.jpg", Some("en"), 90, 2);
    tmdb.offer(1, "posters", "/foreign.jpg", Some("fr"), 90, 3);
    tmdb.offer(1, "backdrops", "/b1.jpg", None, 9, 4);
    tmdb.offer(1, "logos", "/logo.png", Some("en"), 9, 5);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    let report = world.enrich();
    assert_eq!((report.items, report.offered, report.chosen, report.downloaded), (1, 5, 3, 3), "{report:?}");
    assert_eq!(report.providers["tmdb"].chosen, 3);
    let mut downloaded = tmdb.downloaded();
    downloaded.sort();
    assert_eq!(downloaded, ["/b1.jpg", "/best.jpg", "/logo.png"]);
    let selected: Vec<_> = world.selected(film).into_iter().collect();
    let pair = |image_type: &str, key: &str| (image_type.to_owned(), key.to_owned());
    assert_eq!(selected, [pair("clearlogo", "/logo.png"), pair("fanart", "/b1.jpg"), pair("poster", "/best.jpg")]);

    let candidates = world.candidates(film);
    let (best, worse) = (&candidates["/best.jpg"], &candidates["/worse.jpg"]);
    assert!(best.score > worse.score && best.score_parts.as_ref().unwrap().contains("\"votes\""));
    assert!(!best.user_locked && worse.cache_file.is_none());
    let row = &world.catalog.selections_of(film).unwrap()[2].picture;
    assert_eq!((row.source.as_str(), row.provider.as_deref(), row.quality), ("provider", Some("tmdb"), best.score));
    assert_eq!(row.author.as_deref(), Some("enrich"));
    assert!(world.catalog.locks_of(film).unwrap().is_empty(), "only a person's choice locks");
    let records = world.cache.records(&row.hash).unwrap().records;
    assert_eq!((records.len(), records[0].selected, records[0].locked), (1, true, false));
    let url = format!("{}/t/p/original/best.jpg", tmdb.server.url());
    assert_eq!(records[0].origin, Origin::Provider { name: "tmdb".into(), url });
}

#[test]
fn what_was_asked_lately_is_not_asked_again_and_later_nothing_changes_without_reason() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/a.jpg", Some("en"), 9, 1);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    world.enrich();
    tmdb.server.forget();
    assert_eq!(world.enrich().items, 0);
    assert!(tmdb.server.asked().is_empty());
    world.days_later(100);
    let report = world.enrich();
    assert_eq!((report.items, report.chosen, report.replaced, report.downloaded), (1, 0, 0, 0));
    assert_eq!(tmdb.downloaded(), [""; 0]);
    assert_eq!(world.selected(film)["poster"], "/a.jpg");
    assert_eq!(world.cache.usage().unwrap().files, 1);
}

#[test]
fn a_better_candidate_replaces_an_automatic_choice_only_beyond_the_margin() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/first.jpg", Some("en"), 0, 1);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    world.enrich_all();
    tmdb.offer(1, "posters", "/a-little-better.jpg", Some("en"), 3, 2);
    assert_eq!(world.enrich_all().replaced, 0);
    let score = |world: &World, key: &str| world.candidates(film)[key].score.unwrap();
    assert!(score(&world, "/a-little-better.jpg") > score(&world, "/first.jpg"));
    assert_eq!(world.selected(film)["poster"], "/first.jpg");
    tmdb.offer(1, "posters", "/much-better.jpg", Some("en"), 900, 3);
    let report = world.enrich_all();
    assert_eq!((report.replaced, world.selected(film)["poster"].as_str()), (1, "/much-better.jpg"));
    assert!(score(&world, "/much-better.jpg") > score(&world, "/first.jpg") + world.config.artwork.margin);
    let old = world.candidates(film)["/first.jpg"].clone();
    assert!(!old.is_selected && old.cache_file.is_some(), "what was chosen before stays in the cache");
    let old = world.cache.records(
        &world.catalog.cached_candidates_of(film).unwrap().iter().find(|(id, _)| *id == old.id).unwrap().1.picture.hash,
    );
    assert!(!old.unwrap().current()[0].selected, "and its record says that it is not shown any more");
    assert_eq!(world.enrich_all().replaced, 0, "and it does not come back");
}

#[test]
fn fanart_is_filled_up_to_the_limit_best_first_without_look_alikes() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "backdrops", "/one.jpg", None, 90, 1);
    tmdb.offer(1, "backdrops", "/one-again.jpg", None, 80, 1);
    tmdb.offer(1, "backdrops", "/two.jpg", None, 70, 2);
    tmdb.offer(1, "backdrops", "/three.jpg", None, 60, 3);
    tmdb.offer(1, "backdrops", "/four.jpg", None, 50, 4);
    let mut world = World::new(&tmdb.server.url());
    world.config.artwork.limits.insert(ImageKind::Fanart, 3);
    let film = world.film("Heat", Some(1));
    let report = world.enrich();
    assert_eq!((report.chosen, report.look_alikes), (3, 1), "{report:?}");
    let selected: Vec<_> = world.selected(film).into_values().collect();
    assert_eq!(selected, ["/one.jpg", "/two.jpg", "/three.jpg"]);
    assert!(!tmdb.downloaded().contains(&"/four.jpg".to_owned()));
    tmdb.server.forget();
    world.enrich_all();
    assert_eq!(tmdb.downloaded(), [""; 0], "a look-alike is not downloaded to be passed over again");
}

#[test]
fn the_same_still_over_and_over_is_not_downloaded_without_end() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    for number in 0..14 {
        tmdb.offer(1, "backdrops", &format!("/same-{number}.jpg"), None, 90 - number, 1);
    }
    tmdb.offer(1, "backdrops", "/other.jpg", None, 1, 2);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    let report = world.enrich();
    assert_eq!((report.chosen, report.downloaded, report.look_alikes), (1, 11, 10), "{report:?}");
    let report = world.enrich_all();
    assert_eq!((report.chosen, report.downloaded), (1, 4), "the next run goes on from there");
    assert_eq!(world.selected(film)["fanart1"], "/other.jpg");
}

#[test]
fn in_manual_mode_candidates_are_gathered_and_nothing_is_chosen() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/a.jpg", Some("en"), 9, 1);
    tmdb.offer(1, "backdrops", "/b.jpg", None, 9, 2);
    let mut world = World::new(&tmdb.server.url());
    world.config.artwork.choices.insert(ImageKind::Poster, ChoiceMode::Manual);
    let film = world.film("Heat", Some(1));
    assert_eq!(world.enrich().chosen, 1);
    assert_eq!(world.candidates(film).len(), 2);
    assert_eq!(world.selected(film).into_keys().collect::<Vec<_>>(), ["fanart"]);
}

#[test]
fn a_dry_run_tells_what_would_be_chosen_and_changes_nothing() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/a.jpg", Some("en"), 9, 1);
    tmdb.offer(1, "posters", "/b.jpg", Some("fr"), 9, 2);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    let report = world.enrich_scope(EnrichScope::All, true);
    assert_eq!((report.planned.len(), report.offered), (1, 2));
    assert!(report.planned[0].url.ends_with("/a.jpg") && report.planned[0].score > 0.0);
    assert!(world.candidates(film).is_empty() && tmdb.downloaded().is_empty());
    assert_eq!(world.catalog.enrichment_of(film).unwrap(), None);
    assert_eq!(world.cache.usage().unwrap().files, 0);
}

#[test]
fn metadata_goes_into_fields_that_are_free() {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/a.jpg", Some("en"), 9, 1);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    let now = posterfs::model::UnixSeconds::new(2);
    let edits = ["plot=Mine.".parse().unwrap()];
    posterfs::phase::edit(&mut world.catalog, film, &edits, posterfs::catalog::PublishMode::Apply, now).unwrap();
    world.enrich();
    let value = |name: &str| {
        let fields = world.catalog.sourced_metadata_of(film).unwrap();
        fields.into_iter().find(|one| one.field.field == name).map(|one| (one.field.value, one.source))
    };
    assert_eq!(value("plot"), Some(("Mine.".into(), "user".into())));
    assert_eq!(value("premiered"), Some(("1999-01-01".into(), "tmdb".into())));
}

#[test]
fn a_provider_that_is_down_degrades_the_run_and_never_fails_it() {
    let tmdb = Tmdb::start();
    let mut world = World::new(&tmdb.server.url());
    let folder = world.folder.path().join("artwork");
    for id in 0..6 {
        let title = format!("Film {id}");
        tmdb.film(id, &title, 1999);
        world.film(&title, Some(id));
        let own = folder.join(&title);
        std::fs::create_dir_all(&own).unwrap();
        let size = posterfs::demo::Size { width: 100, height: 150 };
        let bytes = posterfs::demo::draw_poster(&title, id, size).unwrap();
        std::io::Write::write_all(&mut std::fs::File::create(own.join("poster.jpg")).unwrap(), &bytes).unwrap();
    }
    world.config.provider.local.folders = vec![folder];
    tmdb.change(|shelf| shelf.instead = Some(Given::status(503)));
    let report = world.enrich();
    assert_eq!((report.items, report.chosen), (6, 6), "local pictures are chosen all the same: {report:?}");
    assert_eq!(report.stopped.len(), 1, "{:?}", report.stopped);
    assert!(report.problem_count <= 6 && report.providers["tmdb"].failures == 6);
    tmdb.change(|shelf| shelf.instead = None);
    assert_eq!(world.enrich().items, 6, "the next run asks again for what failed");
    assert_eq!(world.enrich().items, 0);
}
