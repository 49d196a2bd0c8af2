//! Libraries of series and of music.

use super::*;

const SERIES: &[&str] = &[
    "Lost (2004) {tvdb-73739}/Season 1/Lost S01E01 - Pilot.mkv",
    "Lost (2004) {tvdb-73739}/Season 1/Lost S01E02-E03.mkv",
    "Lost (2004) {tvdb-73739}/Season 1/Lost S01E01 - Pilot-thumb.jpg",
    "Lost (2004) {tvdb-73739}/Season 1/poster.jpg",
    "Lost (2004) {tvdb-73739}/Season 1/metadata/Lost S01E02-E03.jpg",
    "Lost (2004) {tvdb-73739}/Specials/Lost S00E01.mkv",
    "Lost (2004) {tvdb-73739}/Season 2/",
    "Lost (2004) {tvdb-73739}/poster.jpg",
    "Lost (2004) {tvdb-73739}/season01-banner.jpg",
    "Lost (2004) {tvdb-73739}/season-specials-poster.jpg",
    "Lost (2004) {tvdb-73739}/Extras/Making of.mkv",
    "Anime/Bebop/Bebop - 01.mkv",
    "Anime/Bebop/Bebop - 02.mkv",
    "Anime/Bebop/season01-poster.jpg",
];

fn fixture(kind: LibraryKind, paths: &[&str]) -> Fixture {
    let (folders, files): (Vec<&str>, Vec<&str>) = paths.iter().partition(|path| path.ends_with('/'));
    let fixture = Fixture::of(kind, &files);
    folders.iter().for_each(|folder| fs::create_dir_all(fixture.root().join(folder)).unwrap());
    fixture
}

fn originals(fixture: &Fixture, entity: &Entity) -> Vec<String> {
    let found = fixture.catalog.originals_of(entity.id).unwrap().into_iter();
    found.map(|original| format!("{} {}", original.found.name, original.found.image_type)).collect()
}

#[test]
fn a_library_of_series() {
    let mut fixture = fixture(LibraryKind::Tv, SERIES);
    let report = fixture.scan();
    assert_eq!((report.seen, report.added, report.error_count), (11, 11, 0), "{report:?}");
    let lost = "Lost (2004) {tvdb-73739}";
    assert_eq!(
        fixture.shown(),
        [
            "series Bebop Anime/Bebop".to_owned(),
            "episode Episode 1 1 1 Anime/Bebop/Bebop - 01.mkv".to_owned(),
            "episode Episode 2 1 2 Anime/Bebop/Bebop - 02.mkv".to_owned(),
            "season Season 1 1 Anime/Bebop/Season 01".to_owned(),
            format!("series Lost {lost}"),
            format!("season Season 1 1 {lost}/Season 1"),
            format!("episode Pilot 1 1 {lost}/Season 1/Lost S01E01 - Pilot.mkv"),
            format!("episode Episode 2 1 2 {lost}/Season 1/Lost S01E02-E03.mkv"),
            format!("season Season 2 2 {lost}/Season 2"),
            format!("season Specials 0 {lost}/Specials"),
            format!("episode Episode 1 0 1 {lost}/Specials/Lost S00E01.mkv"),
        ]
    );
    let series = fixture.only(EntityType::Series, "Lost");
    assert_eq!((series.year, fixture.catalog.external_ids_of(series.id).unwrap()[0].1.as_str()), (Some(2004), "73739"));
    assert_eq!(originals(&fixture, &series), ["poster.jpg poster"]);
    let seasons = fixture.catalog.children_of(series.id).unwrap();
    let numbers: Vec<_> = seasons.iter().map(|season| season.season.unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(originals(&fixture, &seasons[0]), ["season-specials-poster.jpg poster"]);
    assert_eq!(originals(&fixture, &seasons[1]), ["season01-banner.jpg banner", "poster.jpg poster"]);
    let episodes = fixture.catalog.children_of(seasons[1].id).unwrap();
    assert_eq!(episodes.iter().map(Entity::episodes).collect::<Vec<_>>().len(), 2);
    assert_eq!(episodes[1].episodes().map(|range| range.to_string()).as_deref(), Some("2-3"));
    assert_eq!(originals(&fixture, &episodes[0]), ["Lost S01E01 - Pilot-thumb.jpg thumb"]);
    assert_eq!(originals(&fixture, &episodes[1]), ["Lost S01E02-E03.jpg thumb"]);
    let placement = fixture.catalog.placement_of(&episodes[0]).unwrap();
    assert_eq!(placement.parent_folder.as_ref(), Some(&series.folder));
    assert_eq!(fixture.catalog.placement_of(&seasons[1]).unwrap().folders.len(), 1);
    let again = fixture.scan();
    assert_eq!((again.seen, again.added, again.changed, again.missing), (report.seen, 0, 0, 0), "{again:?}");
}

#[test]
fn a_season_that_files_alone_know_comes_with_them() {
    let mut fixture = fixture(LibraryKind::Tv, &["Lost/Season 1/Lost S01E01.mkv", "Lost/Season 1/Lost S05E01.mkv"]);
    fixture.scan();
    let series = fixture.only(EntityType::Series, "Lost");
    let seasons: Vec<_> = fixture.catalog.children_of(series.id).unwrap().iter().map(|season| season.season).collect();
    assert_eq!(seasons, [Some(1), Some(5)]);
    let again = fixture.scan();
    assert_eq!((again.added, again.changed, again.missing), (0, 0, 0));
    fs::create_dir(fixture.root().join("Lost/Season 5")).unwrap();
    fixture.scan();
    let fifth = fixture.only(EntityType::Season, "Season 5");
    assert_eq!(
        (fifth.path.to_string().as_str(), fifth.is_missing),
        ("Lost/Season 5", false),
        "the same, with a folder now"
    );
}

#[test]
fn a_library_of_music() {
    let mut fixture = fixture(
        LibraryKind::Music,
        &[
            "Pink Floyd/The Wall (1979)/CD1/01.flac",
            "Pink Floyd/The Wall (1979)/CD2/01.flac",
            "Pink Floyd/The Wall (1979)/folder.jpg",
            "Pink Floyd/Meddle/01.flac",
            "Pink Floyd/Singles/Money/01.flac",
            "Pink Floyd/folder.jpg",
            "Rock/Queen/1975 - A Night at the Opera/01.mp3",
            "Various - Sampler (2001)/01.mp3",
        ],
    );
    assert_eq!(fixture.scan().added, 7);
    assert_eq!(
        fixture.shown(),
        [
            "artist Pink Floyd Pink Floyd",
            "album Meddle Pink Floyd/Meddle",
            "album Money Pink Floyd/Singles/Money",
            "album The Wall Pink Floyd/The Wall (1979)",
            "artist Queen Rock/Queen",
            "album A Night at the Opera Rock/Queen/1975 - A Night at the Opera",
            "album Sampler Various - Sampler (2001)",
        ]
    );
    let artist = fixture.only(EntityType::Artist, "Pink Floyd");
    assert_eq!(fixture.catalog.children_of(artist.id).unwrap().len(), 3);
    assert_eq!(originals(&fixture, &artist), ["folder.jpg thumb"]);
    let wall = fixture.only(EntityType::Album, "The Wall");
    assert_eq!(originals(&fixture, &wall), ["folder.jpg cover"]);
    assert_eq!(fixture.catalog.placement_of(&wall).unwrap().folders.len(), 2);
    let again = fixture.scan();
    assert_eq!((again.added, again.changed, again.missing), (0, 0, 0));
}

#[test]
fn the_same_film_in_two_libraries_is_two_entities() {
    let mut fixture = Fixture::new(&["Heat (1995) {tmdb-949}/Heat.mkv"]);
    fixture.scan();
    let other = fixture.folder.path().join("more");
    touch(&other.join("Heat (1995) {tmdb-949}/Heat.mkv"), b"");
    let new =
        NewLibrary { name: "more".into(), path: other.clone(), kind: LibraryKind::Movies, naming: "default".into() };
    let library = fixture.catalog.add_library(&new, Noon.now()).unwrap();
    let source = Source::open(&other).unwrap();
    let report = scan(&mut fixture.catalog, &library, &source, &Noon, &NoProgress).unwrap();
    assert_eq!((report.added, report.moved, report.duplicates.len()), (1, 0, 0));
    assert_eq!(fixture.entities().len(), 2);
}
