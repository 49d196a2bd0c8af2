//! Things that are somewhere else now: they stay what they are.

use super::*;

#[test]
fn a_film_that_was_renamed_or_moved_is_the_same() {
    for (from, to) in [
        ("Heat (1995)", "Heat (1995) [tmdbid-949]"),
        ("Heat (1995)", "Crime/Michael Mann/Heat"),
        ("Heat (1995)/Heat.mkv", "Heat (1995)/Heat (1995) 1080p.mkv"),
        ("Heat (1995)/Heat.mkv", "Flat/Heat.mkv"),
    ] {
        let mut fixture = Fixture::new(&["Heat (1995)/Heat.mkv", "Alien (1979)/Alien.mkv", "Flat/Ran.mkv"]);
        fixture.scan();
        let before: Vec<_> = fixture.entities().iter().map(|entity| entity.id).collect();
        fixture.rename(from, to);
        let report = fixture.scan();
        assert_eq!((report.seen, report.added, report.missing), (3, 0, 0), "{from} to {to}: {report:?}");
        let mut after: Vec<_> = fixture.entities().iter().map(|entity| entity.id).collect();
        after.sort();
        let mut before = before;
        before.sort();
        assert_eq!(after, before, "{from} to {to}");
    }
}

#[test]
fn another_file_with_the_same_id_is_the_same_film_where_the_old_one_is_gone() {
    let mut fixture = Fixture::new(&["Heat (1995) {tmdb-949}/Heat.avi"]);
    fixture.scan();
    let heat = fixture.entities()[0].id;
    fixture.take_away("Heat (1995) {tmdb-949}");
    fixture.write("Heat [tmdbid-949]/Heat.2160p.mkv", b"");
    let report = fixture.scan();
    assert_eq!((report.moved, report.added, report.missing), (1, 0, 0));
    assert_eq!(fixture.entities()[0].id, heat);
}

#[test]
fn a_copy_is_another_film_as_long_as_the_first_is_there() {
    let mut fixture = Fixture::new(&["Heat (1995) {tmdb-949}/Heat.mkv"]);
    fixture.scan();
    fs::create_dir(fixture.root().join("Copy {tmdb-949}")).unwrap();
    fs::hard_link(
        fixture.root().join("Heat (1995) {tmdb-949}/Heat.mkv"),
        fixture.root().join("Copy {tmdb-949}/Heat.mkv"),
    )
    .unwrap();
    for _ in 0..2 {
        let report = fixture.scan();
        assert_eq!((report.seen, report.moved, report.missing, report.duplicates.len()), (2, 0, 0, 1));
    }
}

#[test]
fn a_series_moves_with_its_seasons_and_episodes() {
    let files = [
        "Lost/Season 1/Lost S01E01.mkv",
        "Lost/Season 1/Lost S01E02.mkv",
        "Lost/Lost S02E01.mkv",
        "Other/Other S01E01.mkv",
    ];
    let mut fixture = Fixture::of(LibraryKind::Tv, &files);
    fixture.scan();
    let ids = |fixture: &Fixture| {
        let mut ids: Vec<_> = fixture.entities().iter().map(|entity| (entity.id, entity.is_missing)).collect();
        ids.sort();
        ids
    };
    let before = ids(&fixture);
    fixture.rename("Lost", "Drama/Lost (2004)");
    let report = fixture.scan();
    assert_eq!((report.added, report.missing, report.moved), (0, 0, 6), "{report:?}");
    assert_eq!(ids(&fixture), before);
    let series = fixture.only(EntityType::Series, "Lost");
    assert_eq!((series.year, series.path.to_string().as_str()), (Some(2004), "Drama/Lost (2004)"));
    assert_eq!(fixture.catalog.children_of(series.id).unwrap().len(), 2);
}

#[test]
fn two_films_that_change_places_lose_nothing() {
    let mut fixture = Fixture::new(&["A (1991)/a.mkv", "B (1992)/b.mkv"]);
    fixture.scan();
    fixture.rename("A (1991)", "C (1993)");
    fixture.rename("B (1992)", "A (1991)");
    fixture.rename("C (1993)", "B (1992)");
    let report = fixture.scan();
    assert_eq!((report.seen, report.missing, fixture.entities().len()), (2, 0, 2), "{report:?}");
    assert_eq!(fixture.scan().changed, 0);
}

#[test]
fn albums_and_artists_move() {
    let mut fixture = Fixture::of(LibraryKind::Music, &["Queen/Opera/01.mp3"]);
    fixture.scan();
    let before: Vec<_> = fixture.entities().iter().map(|entity| entity.id).collect();
    fixture.rename("Queen", "Rock/Queen");
    let report = fixture.scan();
    assert_eq!((report.moved, report.added, report.missing), (2, 0, 0), "{report:?}");
    assert_eq!(fixture.entities().iter().map(|entity| entity.id).collect::<Vec<_>>(), before);
}
