//! Every type of entity has its candidates, from everybody who knows it.

use posterfs::cache::{Limits, Origin};
use posterfs::catalog::{EntityEdit, ScannedItem};
use posterfs::model::{EntityId, EntityType, Provider, UnixSeconds};
use posterfs::phase::{Choice, select};

use crate::server::{Asked, Given, Server};
use crate::world::{World, item};

#[path = "../providers/support.rs"]
#[allow(dead_code, unused_imports, reason = "the fixtures and the server that knows them")]
mod fixtures;

/// The well-behaved server, and a picture of the right shape for every address that it offers.
fn answer(asked: &Asked) -> Given {
    let name = asked.path.rsplit('/').next().unwrap();
    if !name.contains(".jpg") && !name.contains(".png") {
        return fixtures::well_behaved(asked);
    }
    let is_wide = |names: &[&str]| names.iter().any(|wide| name.starts_with(wide));
    let (width, height) = match name {
        _ if is_wide(&["bd", "tb", "cb", "st", "ab", "b4", "b.", "4242-1", "tb2"])
            && !asked.path.contains("posters") =>
        {
            (192, 108)
        }
        _ if is_wide(&["829521842", "829521844", "at.", "c.", "cd."]) => (120, 120),
        _ if is_wide(&["4242.jpg", "mb.", "1.jpg-wide"]) => (190, 35),
        _ if is_wide(&["l.", "logo", "cl.", "ml."]) => (80, 31),
        _ => (100, 150),
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let seed = name.bytes().fold(asked.path.len() as u8, u8::wrapping_add);
    let draw = |x: u32, y: u32| image::Rgb([(x as u8).wrapping_mul(seed), (y as u8) ^ seed, seed]);
    image::RgbImage::from_fn(width, height, draw).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    Given::body(bytes.into_inner())
}

fn record(
    world: &mut World,
    entity_type: EntityType,
    title: &str,
    parent: Option<EntityId>,
    ids: &[(&str, &str)],
) -> EntityId {
    let ids = ids.iter().map(|(provider, value)| (Provider::parse(provider).unwrap(), (*value).to_owned()));
    let library = world.library.clone();
    let (season, episode) = match entity_type {
        EntityType::Season => (Some(1), None),
        EntityType::Episode => (Some(1), Some(2)),
        _ => (None, None),
    };
    let parent = parent.map(|parent| world.parent(parent));
    world.record(ScannedItem { parent, season, episode, ids: ids.collect(), ..item(&library, entity_type, title) })
}

#[test]
fn all_types_of_entities_have_candidates_and_choices() {
    let server = Server::start(answer);
    let mut world = World::new(&server.url());
    let tmdb = world.config.provider.tmdb.clone();
    world.config.provider = fixtures::settings(&server.url());
    world.config.provider.tmdb.key = tmdb.key;
    let world = &mut world;
    let series = record(world, EntityType::Series, "Harbour", None, &[("tmdb", "9902")]);
    let season = record(world, EntityType::Season, "Harbour/Season 1", Some(series), &[]);
    let artist = record(world, EntityType::Artist, "The Gulls", None, &[("musicbrainz", fixtures::ARTIST)]);
    let entities = [
        (
            "movie",
            record(world, EntityType::Movie, "Lantern", None, &[("tmdb", "9901")]),
            &["poster", "fanart", "clearlogo"][..],
        ),
        ("series", series, &["poster", "fanart"]),
        ("season", season, &["poster"]),
        ("episode", record(world, EntityType::Episode, "Harbour/Season 1/E2", Some(season), &[]), &["thumb"]),
        ("actor", record(world, EntityType::Actor, "Ann Actor", None, &[("tmdb", "77001")]), &["actorthumb"]),
        (
            "set",
            record(world, EntityType::MovieSet, "Lantern Collection", None, &[("tmdb", "86000")]),
            &["poster", "fanart"],
        ),
        ("artist", artist, &["thumb", "fanart", "banner"]),
        (
            "album",
            record(world, EntityType::Album, "Low Tide", Some(artist), &[("musicbrainzreleasegroup", fixtures::ALBUM)]),
            &["cover", "discart"],
        ),
    ];
    let report = world.enrich();
    // Two actors come with the film, another one and one of these with the series.
    assert_eq!((report.items, report.unidentified, report.dropped), (11, 0, 0), "{:#?}", report.problems);
    for (what, entity, wanted) in entities {
        let selected = world.selected(entity);
        for image_type in wanted {
            assert!(selected.contains_key(*image_type), "{what}: {selected:?}");
        }
        assert!(!world.catalog.metadata_of(entity).unwrap().is_empty(), "{what} has metadata");
    }
    let ids = world.catalog.external_ids_of(series).unwrap();
    assert!(
        ids.iter().any(|(provider, id)| provider.as_str() == "tvdb" && id == "4242"),
        "one provider tells another's"
    );
    assert!(world.candidates(series).values().any(|candidate| candidate.provider == "fanarttv"));
    assert!(world.catalog.external_ids_of(season).unwrap().is_empty(), "the ids of the series are not the season's");
}

/// Rule 3: choosing "locks that image type of that entity", and of no other one: seasons still get theirs.
#[test]
fn a_choice_for_a_series_keeps_nothing_from_its_seasons_and_episodes() {
    let server = Server::start(answer);
    let mut world = World::new(&server.url());
    let world = &mut world;
    let series = record(world, EntityType::Series, "Harbour", None, &[("tmdb", "9902")]);
    let season = record(world, EntityType::Season, "Harbour/Season 1", Some(series), &[]);
    let episode = record(world, EntityType::Episode, "Harbour/Season 1/E2", Some(season), &[]);
    let mine = posterfs::demo::draw_poster("Mine", 9, posterfs::demo::Size { width: 60, height: 90 }).unwrap();
    for (field, picture) in [("poster", &mine), ("thumb", &mine)] {
        let origin = Origin::Url("https://example.org/mine.jpg".into());
        let choice = Choice { entity: series, image_type: field.parse().unwrap(), origin, author: "me" };
        let limits = Limits::default();
        select(&mut world.catalog, &world.cache, &choice, &picture[..], &limits, UnixSeconds::new(2)).unwrap();
    }
    let edit = EntityEdit::SetField("title".parse().unwrap(), "My Harbour".into());
    world.catalog.edit(series, &[edit], UnixSeconds::new(2)).unwrap();
    let chosen = (world.hash(series, "poster"), world.hash(series, "thumb"));

    world.enrich();

    assert_eq!((world.hash(series, "poster"), world.hash(series, "thumb")), chosen);
    assert!(world.hash(season, "poster").is_some_and(|hash| Some(hash) != chosen.0));
    assert!(world.hash(episode, "thumb").is_some_and(|hash| Some(hash) != chosen.1));
    assert_eq!(world.catalog.entity(series).unwrap().unwrap().title, "My Harbour");
    let told = world.catalog.metadata_of(episode).unwrap();
    assert!(told.iter().any(|field| field.field == "title"), "a provider names it: {told:?}");
}
