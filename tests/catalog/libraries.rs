use posterfs::catalog::CatalogError;

use crate::support::{Fixture, at, new_library, picture, stamp};

#[test]
fn a_library_inside_around_or_on_another_is_refused_naming_both() {
    let mut fixture = Fixture::new();
    for path in ["/films", "/films/", "/films/new", "/"] {
        let error = fixture.catalog.add_library(&new_library("other", path), at(0)).unwrap_err();
        assert!(matches!(error, CatalogError::LibraryNested { .. }), "{path}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("library films") && text.contains("/films"), "{text}");
    }
    fixture.catalog.add_library(&new_library("other", "/films2"), at(0)).unwrap();
    let names: Vec<String> = fixture.catalog.libraries().unwrap().into_iter().map(|library| library.name).collect();
    assert_eq!(names, ["films", "other"]);
}

#[test]
fn names_and_paths_that_cannot_be_are_refused() {
    let mut fixture = Fixture::new();
    for (name, path) in [("films", "/x"), ("", "/x"), ("a/b", "/x"), ("tmdb:1", "/x"), ("ok", "x"), ("ok", "/x/../y")] {
        assert!(fixture.catalog.add_library(&new_library(name, path), at(0)).is_err(), "{name} {path}");
    }
    let error = fixture.catalog.library_named("nothing").unwrap_err();
    assert!(error.to_string().contains("`nothing`"), "{error}");
}

#[test]
fn a_removed_library_shows_nothing_and_comes_back_with_its_choices() {
    let mut fixture = Fixture::new();
    let film = fixture.film("Heat");
    fixture.catalog.select_by_hand(&picture(film, "poster", 1), at(3)).unwrap();
    fixture.publish(10);

    let removed = fixture.catalog.remove_library("films", &stamp(20)).unwrap();
    assert_eq!((removed.removed, removed.generation.is_some()), (1, true));
    assert!(fixture.shown("Heat").is_empty());
    assert!(fixture.catalog.libraries().unwrap().is_empty());
    assert_eq!(fixture.publish(21).generation, None, "entities of a removed library are left alone");

    let again = fixture.catalog.add_library(&new_library("cinema", "/films"), at(30)).unwrap();
    assert_eq!((again.id, again.name.as_str()), (fixture.library, "cinema"));
    assert_eq!(fixture.film("Heat"), film);
    assert_eq!(fixture.publish(31).added, 1);
    assert_eq!(fixture.shown("Heat"), [("poster.jpg".into(), 1)]);
}
