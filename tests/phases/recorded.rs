//! Items as a scan records them, for what names depend on: series, music, people and sets, wherever they lie.

use posterfs::catalog::ScannedItem;
use posterfs::model::{EntityId, EntityType, Layout, LibraryKind, RelPath, UnixSeconds};
use rusqlite::Connection;

use crate::support::World;

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

/// An item with a folder of its own, whose artwork goes to `folder`.
fn item(world: &World, entity_type: EntityType, at: &str, folder: &str) -> ScannedItem {
    let title = path(at).name().unwrap().to_string();
    ScannedItem {
        library: world.library.id,
        entity_type,
        parent: None,
        sort_title: title.to_lowercase(),
        title,
        year: None,
        season: None,
        episode: None,
        last_episode: None,
        layout: Layout::Own,
        folder: path(folder),
        video: None,
        further_videos: vec![],
        folders: vec![],
        path: path(at),
        ids: vec![],
        originals: vec![],
    }
}

fn record(world: &mut World, item: ScannedItem) -> EntityId {
    world.catalog.record(&[item], UnixSeconds::new(1)).unwrap()[0].id
}

fn season(world: &mut World, series: EntityId, number: u16, at: &str) -> EntityId {
    let folder = path(at).parent().unwrap().to_string();
    let item = item(world, EntityType::Season, at, &folder);
    record(world, ScannedItem { parent: Some(series), season: Some(number), folders: vec![path(at)], ..item })
}

fn episode(world: &mut World, season: (EntityId, u16), numbers: (u16, Option<u16>), layout: Layout, videos: &[&str]) {
    let mut folder = path(videos[0]).parent().unwrap();
    if layout == Layout::Disc {
        folder = folder.parent().unwrap();
    }
    let item = ScannedItem {
        parent: Some(season.0),
        season: Some(season.1),
        episode: Some(numbers.0),
        last_episode: numbers.1,
        layout,
        video: Some(path(videos[0])),
        further_videos: videos[1..].iter().map(|video| path(video)).collect(),
        ..item(world, EntityType::Episode, videos[0], &folder.to_string())
    };
    record(world, item);
}

/// Series of every layout.
pub fn series() -> World {
    let mut world = World::unscanned(LibraryKind::Tv, "default");
    let lost = item(&world, EntityType::Series, "Lost (2004)", "Lost (2004)");
    let lost = record(&mut world, lost);
    let first = (season(&mut world, lost, 1, "Lost (2004)/Season 01"), 1);
    let specials = (season(&mut world, lost, 0, "Lost (2004)/Specials"), 0);
    for (season, numbers, layout, videos) in [
        (first, (1, None), Layout::Flat, &["Lost (2004)/Season 01/Lost S01E01.mkv"][..]),
        (first, (2, Some(3)), Layout::Flat, &["Lost (2004)/Season 01/Lost S01E02-E03.mkv"]),
        (first, (4, None), Layout::Disc, &["Lost (2004)/Season 01/Lost S01E04/VIDEO_TS/VIDEO_TS.IFO"]),
        (
            first,
            (5, None),
            Layout::Version,
            &["Lost (2004)/Season 01/Lost S01E05 - 1080p.mkv", "Lost (2004)/Season 01/Lost S01E05 - 720p.mkv"],
        ),
        (
            first,
            (6, None),
            Layout::Stack,
            &["Lost (2004)/Season 01/Lost S01E06 part1.mkv", "Lost (2004)/Season 01/Lost S01E06 part2.mkv"],
        ),
        (specials, (1, None), Layout::Flat, &["Lost (2004)/Specials/Lost S00E01.mkv"]),
    ] {
        episode(&mut world, season, numbers, layout, videos);
    }
    let firefly = item(&world, EntityType::Series, "Firefly", "Firefly");
    let firefly = record(&mut world, firefly);
    let only = (season(&mut world, firefly, 1, "Firefly/Season 1"), 1);
    episode(&mut world, only, (2, None), Layout::Flat, &["Firefly/Firefly 1x02.avi"]);
    world
}

/// An artist with albums.
pub fn music() -> World {
    let mut world = World::unscanned(LibraryKind::Music, "default");
    let artist = item(&world, EntityType::Artist, "Björk", "Björk");
    let artist = record(&mut world, artist);
    for (album, discs) in
        [("Björk/Debut", &[][..]), ("Björk/Live Box", &["Björk/Live Box/CD 1", "Björk/Live Box/CD 2"])]
    {
        let folders = discs.iter().map(|disc| path(disc)).collect();
        let album = item(&world, EntityType::Album, album, album);
        record(&mut world, ScannedItem { parent: Some(artist), folders, ..album });
    }
    world
}

/// Actors in films of every layout, and movie sets with odd names.
pub fn people_and_sets() -> World {
    let files: &[&[u8]] =
        &[b"Heat (1995)/Heat.mkv", b"Dune (1984)/VIDEO_TS/VIDEO_TS.IFO", b"flat/Reds.mkv", b"flat/Up.mkv"];
    let mut world = World::of_kind(LibraryKind::Movies, "default", files);
    for (actor, films) in [
        ("Al Pacino", &[&b"Heat (1995)/Heat.mkv"[..], b"flat/Reds.mkv"][..]),
        ("Who? Ever", &[b"Dune (1984)/VIDEO_TS/VIDEO_TS.IFO"]),
    ] {
        let at = format!(".actors/{actor}");
        let item = item(&world, EntityType::Actor, &at, "");
        let actor = record(&mut world, item);
        for film in films {
            let film = world.film(film).id;
            let connection = Connection::open(world.catalog.path()).unwrap();
            let credit = "INSERT INTO credits (entity_id, position, actor_id, role) VALUES (?1, 0, ?2, '')";
            connection.execute(credit, (film.get(), actor.get())).unwrap();
        }
    }
    for set in ["Alien: The Saga...", "Heat"] {
        let item = item(&world, EntityType::MovieSet, &format!(".sets/{set}"), "");
        record(&mut world, item);
    }
    world
}
