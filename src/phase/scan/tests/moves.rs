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

/// Names say what a thing is, so what changes names changes places: each entity stays at its path with all it owns, and
/// what lies beside it now is its.
#[test]
fn two_things_that_change_names_lose_nothing() {
    use LibraryKind::{Movies, Music, Tv};
    for (kind, files, one, other) in [
        (Movies, &["A (1991)/a.mkv", "B (1992)/b.mkv"][..], "A (1991)", "B (1992)"),
        (Movies, &["A {tmdb-1}/a.mkv", "B {tmdb-2}/b.mkv"], "A {tmdb-1}", "B {tmdb-2}"),
        (Movies, &["Flat/A (1991).mkv", "Flat/B (1992).mkv"], "Flat/A (1991).mkv", "Flat/B (1992).mkv"),
        (Tv, &["A/Season 1/A S01E01.mkv", "B/Season 1/B S01E01.mkv"], "A", "B"),
        (Tv, &["A/Season 1/A S01E01.mkv", "A/Season 2/A S02E01.mkv"], "A/Season 1", "A/Season 2"),
        (Tv, &["A/A S01E01.mkv", "A/A S01E02.mkv"], "A/A S01E01.mkv", "A/A S01E02.mkv"),
        (Music, &["Queen/A/01.mp3", "Queen/B/01.mp3"], "Queen/A", "Queen/B"),
        (Music, &["Queen/A/01.mp3", "Yes/B/01.mp3"], "Queen", "Yes"),
    ] {
        let mut fixture = Fixture::of(kind, files);
        fixture.scan_later();
        let known = |fixture: &Fixture| {
            let told = |entity: Entity| (entity.id, entity.title, entity.is_missing);
            fixture.entities().into_iter().map(told).collect::<Vec<_>>()
        };
        let before = known(&fixture);
        fixture.rename(one, "aside");
        fixture.rename(other, one);
        fixture.rename("aside", other);
        let report = fixture.scan_later();
        assert_eq!((report.added, report.missing, report.returned), (0, 0, 0), "{one}, {other}: {report:?}");
        assert_eq!(known(&fixture), before, "{one}, {other}");
        let again = fixture.scan_later();
        assert_eq!((again.added, again.changed, again.moved, again.missing), (0, 0, 0, 0), "{one}, {other}: {again:?}");
    }
}

#[test]
fn pictures_that_change_places_with_their_films_are_of_the_film_they_lie_beside() {
    let mut fixture = Fixture::new(&["A (1991)/a.mkv", "B (1992)/b.mkv"]);
    fixture.write("A (1991)/poster.jpg", b"1");
    fixture.write("B (1992)/poster.jpg", b"four");
    fixture.write("B (1992)/fanart.jpg", b"four");
    let sizes = |fixture: &Fixture, title| {
        let originals = fixture.catalog.originals_of(fixture.only(EntityType::Movie, title).id).unwrap();
        originals.iter().map(|original| original.found.byte_count).collect::<Vec<_>>()
    };
    fixture.scan_later();
    assert_eq!((sizes(&fixture, "A"), sizes(&fixture, "B")), (vec![1], vec![4, 4]));
    for (from, to) in [("A (1991)", "C"), ("B (1992)", "A (1991)"), ("C", "B (1992)")] {
        fixture.rename(from, to);
    }
    fixture.scan_later();
    assert_eq!((sizes(&fixture, "A"), sizes(&fixture, "B")), (vec![4, 4], vec![1]));
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
