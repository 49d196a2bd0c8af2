//! What automatic steps must leave alone. Each test quotes its rule.

use posterfs::catalog::{LockChange, PublishMode, ScannedItem};
use posterfs::model::{EntityId, EntityType, ImageKind, UnixSeconds};

use crate::shelf::Tmdb;
use crate::world::{World, item};

fn heat() -> (Tmdb, World, EntityId) {
    let tmdb = Tmdb::start();
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/best.jpg", Some("en"), 90, 1);
    tmdb.offer(1, "posters", "/second.jpg", Some("en"), 20, 2);
    tmdb.offer(1, "backdrops", "/b.jpg", None, 9, 3);
    let mut world = World::new(&tmdb.server.url());
    let film = world.film("Heat", Some(1));
    (tmdb, world, film)
}

pub fn lock(world: &mut World, entity: EntityId, field: &str, is_locked: bool) {
    let to = if is_locked { LockChange::Lock } else { LockChange::Unlock };
    let fields = [field.parse().unwrap()];
    world.catalog.change_locks(entity, &fields, to, PublishMode::Apply, UnixSeconds::new(2)).unwrap();
}

/// Rule 3: "Selecting by hand … locks that image type of that entity; … from there on enrichment skips it."
#[test]
fn a_choice_by_hand_is_never_changed_by_enrichment() {
    let (tmdb, mut world, film) = heat();
    let file = world.folder.path().join("mine.jpg");
    let size = posterfs::demo::Size { width: 60, height: 90 };
    let bytes = posterfs::demo::draw_poster("Mine", 9, size).unwrap();
    std::io::Write::write_all(&mut std::fs::File::create(&file).unwrap(), &bytes).unwrap();
    let choice = (film, "poster".parse().unwrap());
    let limits = posterfs::cache::Limits::default();
    let now = UnixSeconds::new(2);
    posterfs::phase::select_file(&mut world.catalog, &world.cache, choice, &file, &limits, "me", now).unwrap();
    let mine = world.hash(film, "poster");
    for _ in 0..2 {
        world.enrich_all();
        assert_eq!(world.hash(film, "poster"), mine);
        assert!(!tmdb.downloaded().iter().any(|path| path != "/b.jpg"), "{:?}", tmdb.downloaded());
    }
    assert!(!world.candidates(film).contains_key("/best.jpg"), "a locked type is not asked for at all");
    assert_eq!(world.selected(film)["fanart"], "/b.jpg", "other types are");
    lock(&mut world, film, "poster", false);
    world.enrich_all();
    assert_eq!(world.selected(film)["poster"], "/best.jpg", "until the user unlocks");
}

/// Rule 3, of candidates: choosing one by hand locks as well.
#[test]
fn a_candidate_chosen_by_hand_stays_though_better_ones_are_offered() {
    let (_tmdb, mut world, film) = heat();
    world.enrich();
    let second = world.candidates(film)["/second.jpg"].id;
    let surroundings = posterfs::provider::Surroundings {
        network: world.config.network.clone(),
        replies: None,
        clock: world.clock.clone(),
        ask_again: false,
        traffic: Default::default(),
    };
    let providers = posterfs::provider::providers(&world.config.provider, &surroundings).unwrap();
    let choice = (film, "poster".parse().unwrap(), second);
    let limits = posterfs::cache::Limits::default();
    let now = UnixSeconds::new(2);
    let chosen =
        posterfs::phase::select_candidate(&mut world.catalog, &world.cache, &providers, choice, &limits, "me", now);
    let hash = chosen.unwrap().0.hash;
    world.enrich_all();
    assert_eq!((world.hash(film, "poster"), world.selected(film)["poster"].as_str()), (Some(hash), "/second.jpg"));
    let records = world.cache.records(&hash).unwrap();
    assert!(records.current().iter().any(|record| record.locked && record.author == "me"));
}

/// "Locked types and unmonitored items are not asked for at all."
#[test]
fn an_item_with_everything_locked_is_not_asked_for_at_all() {
    let (tmdb, mut world, film) = heat();
    for kind in EntityType::Movie.kinds() {
        lock(&mut world, film, kind.as_str(), true);
    }
    for number in 1..world.config.artwork.limit_of(ImageKind::Fanart) {
        lock(&mut world, film, &format!("fanart{number}"), true);
    }
    let report = world.enrich_all();
    assert_eq!((report.items, report.left_alone), (0, 1));
    assert!(tmdb.server.asked().is_empty());
}

/// Rule 3: "Unmonitored entities behave as if all their artwork were locked."
#[test]
fn an_unmonitored_item_is_not_asked_for_at_all() {
    let (tmdb, mut world, film) = heat();
    world.catalog.set_monitored(film, false, PublishMode::Apply, UnixSeconds::new(2)).unwrap();
    world.enrich_all();
    assert!(tmdb.server.asked().is_empty() && world.candidates(film).is_empty());
    world.catalog.set_monitored(film, true, PublishMode::Apply, UnixSeconds::new(3)).unwrap();
    assert_eq!(world.enrich_all().chosen, 2);
}

/// Whoever has set no key still has MusicBrainz and the Cover Art Archive, which need none. These are for music alone.
#[test]
fn without_keys_nobody_is_asked_about_films_and_series() {
    let (tmdb, mut world, _) = heat();
    let url = tmdb.server.url();
    world.config.provider = posterfs::config::ProviderSettings::default();
    world.config.provider.musicbrainz.base_url = format!("{url}/ws/2");
    world.config.provider.coverart.base_url = format!("{url}/caa");
    let library = world.library.clone();
    world.record(item(&library, EntityType::Series, "Show"));
    world.record(item(&library, EntityType::Actor, "Ann Actor"));
    let report = world.enrich_all();
    assert_eq!((report.items, report.left_alone), (0, 3));
    assert!(tmdb.server.asked().is_empty());
    world.record(item(&library, EntityType::Artist, "The Gulls"));
    world.record(item(&library, EntityType::Album, "Low Tide"));
    world.enrich_all();
    let asked: Vec<String> = tmdb.server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, ["/ws/2/release-group"]);
}

/// "Blocked candidates are never chosen."
#[test]
fn a_blocked_candidate_is_never_chosen() {
    let (tmdb, mut world, film) = heat();
    world.enrich();
    let best = world.candidates(film)["/best.jpg"].id;
    world.catalog.set_blocked(best, true).unwrap();
    assert!(!world.selected(film).contains_key("poster"), "what is chosen and blocked is given up");
    world.enrich_all();
    assert_eq!(world.selected(film)["poster"], "/second.jpg");
    tmdb.server.forget();
    world.enrich_all();
    assert_eq!(world.selected(film)["poster"], "/second.jpg");
    world.catalog.set_blocked(best, false).unwrap();
    world.config.artwork.margin = 0.0;
    world.enrich_all();
    assert_eq!(world.selected(film)["poster"], "/best.jpg");
    assert!(tmdb.downloaded().is_empty(), "it was downloaded before");
}

/// Rule 3: "Locks are inherited series → season → episode; an explicit lock or unlock further down wins."
#[test]
fn locks_and_monitoring_are_inherited() {
    let mut world = World::new("http://127.0.0.1:9");
    let library = world.library.clone();
    let series = world.record(item(&library, EntityType::Series, "Show"));
    let child = |world: &mut World, parent, entity_type, title: &str| {
        let (parent, season) = (Some(world.parent(parent)), Some(1));
        world.record(ScannedItem { parent, season, ..item(&library, entity_type, title) })
    };
    let season = child(&mut world, series, EntityType::Season, "Show/S1");
    let episode = child(&mut world, season, EntityType::Episode, "Show/S1/E1");
    let film = world.film("Film", None);
    let is_locked = |world: &World, entity| world.catalog.guard_of(entity).unwrap().is_locked("poster");
    let all = |world: &World| [series, season, episode, film].map(|entity| is_locked(world, entity));
    for (entity, lock_it, wanted) in [
        (series, true, [true, true, true, false]),
        (season, false, [true, false, false, false]),
        (episode, true, [true, false, true, false]),
        (series, false, [false, false, true, false]),
    ] {
        lock(&mut world, entity, "poster", lock_it);
        assert_eq!(all(&world), wanted);
    }
    world.catalog.set_monitored(series, false, PublishMode::Apply, UnixSeconds::new(3)).unwrap();
    assert_eq!(all(&world), [true, true, true, false], "what belongs to something unmonitored is not monitored");
}

/// Rule 3, between two processes: who decides by hand while enrichment is under way wins.
#[test]
fn a_lock_set_in_the_meantime_wins() {
    let (_tmdb, mut world, film) = heat();
    world.enrich();
    let second = world.candidates(film)["/second.jpg"].id;
    let picture = world.catalog.selections_of(film).unwrap().into_iter().map(|row| row.picture);
    let poster = picture.into_iter().find(|row| row.image_type.kind() == ImageKind::Poster).unwrap();
    lock(&mut world, film, "poster", true);
    let refused = world.catalog.choose(second, &poster, UnixSeconds::new(5)).unwrap();
    assert_eq!(refused, Err(posterfs::catalog::NotChosen::Locked));
    lock(&mut world, film, "poster", false);
    world.catalog.set_blocked(second, true).unwrap();
    let refused = world.catalog.choose(second, &poster, UnixSeconds::new(5)).unwrap();
    assert_eq!(refused, Err(posterfs::catalog::NotChosen::NotOffered));
    assert_eq!(world.selected(film)["poster"], "/best.jpg");
}
