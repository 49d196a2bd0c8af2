use posterfs::catalog::{Catalog, CatalogError, EntityEdit, EntityFilter, LockChange, PublishMode, USER_PROVIDER};
use posterfs::model::{EntityId, ImageType, LockOrigin};

use crate::support::{Fixture, at, film, original, picture, stamp};

fn locked_fields(catalog: &Catalog, film: EntityId) -> Vec<String> {
    catalog.locks_of(film).unwrap().into_iter().filter(|lock| lock.is_locked).map(|lock| lock.field).collect()
}

/// Rule 3: "A manual choice always wins. Selecting by hand … locks that image type of that entity."
#[test]
fn choosing_by_hand_selects_one_and_locks() {
    let mut fixture = Fixture::new();
    let film = fixture.film("Heat");
    let catalog = &mut fixture.catalog;
    let first = catalog.select_by_hand(&picture(film, "poster", 1), at(3)).unwrap();
    let second = catalog.select_by_hand(&picture(film, "poster", 2), at(4)).unwrap();
    catalog.select_by_hand(&picture(film, "fanart1", 3), at(5)).unwrap();
    assert_ne!(first.candidate, second.candidate);

    let candidates = catalog.candidates_of(film, Some("poster".parse().unwrap())).unwrap();
    let state: Vec<_> =
        candidates.iter().map(|candidate| (candidate.id, candidate.is_selected, candidate.user_locked)).collect();
    assert_eq!(state, [(second.candidate, true, true), (first.candidate, false, false)]);
    assert!(candidates.iter().all(|candidate| candidate.provider == USER_PROVIDER));
    assert_eq!(locked_fields(catalog, film), ["fanart1", "poster"]);

    let back = catalog.select_by_hand(&picture(film, "poster", 1), at(6)).unwrap();
    assert_eq!(back, first, "the same picture is the same candidate");
    let selected: Vec<(String, u8)> = catalog
        .selections_of(film)
        .unwrap()
        .into_iter()
        .map(|file| (file.picture.image_type.to_string(), file.picture.hash.as_bytes()[0]))
        .collect();
    assert_eq!(selected, [("fanart1".into(), 3), ("poster".into(), 1)]);
}

#[test]
fn deselecting_ends_what_is_shown_for_good() {
    let mut fixture = Fixture::new();
    let film = fixture.film("Heat");
    let poster: ImageType = "poster".parse().unwrap();
    fixture.catalog.select_by_hand(&picture(film, "poster", 1), at(3)).unwrap();
    fixture.catalog.select_by_hand(&picture(film, "banner", 2), at(3)).unwrap();
    fixture.publish(10);
    let deselected = fixture.catalog.deselect(&[(film, poster)], &stamp(11)).unwrap();
    assert!(deselected.was_selected());
    assert_eq!(deselected.published.removed, 1);
    assert_eq!(fixture.shown("Heat"), [("banner.jpg".into(), 2)]);
    assert!(fixture.publish(12).is_nothing());
    assert_eq!(locked_fields(&fixture.catalog, film), ["banner", "poster"]);
    let again = fixture.catalog.deselect(&[(film, poster)], &stamp(13)).unwrap();
    assert!(!again.was_selected() && again.published.generation.is_none());
}

#[test]
fn cache_files_are_noted_once_and_counted_by_content() {
    let mut fixture = Fixture::new();
    let (heat, alien) = (fixture.film("Heat"), fixture.film("Alien"));
    let catalog = &mut fixture.catalog;
    let first = catalog.put_cache_file(&picture(heat, "poster", 7)).unwrap();
    assert_eq!(catalog.put_cache_file(&picture(heat, "poster", 7)).unwrap(), first);
    let other = catalog.put_cache_file(&picture(alien, "poster", 7)).unwrap();
    assert_ne!(other, first);
    let known = catalog.cache_files_by_hash(&picture(heat, "poster", 7).hash).unwrap();
    assert_eq!(known.iter().map(|file| file.id).collect::<Vec<_>>(), [first, other]);
    assert_eq!(known[0].picture, picture(heat, "poster", 7));
    catalog.put_cache_file(&picture(alien, "poster", 8)).unwrap();
    let totals = catalog.cache_totals().unwrap();
    assert_eq!((totals.files, totals.bytes), (2, 1007 + 1008));
}

#[test]
fn locks_are_kept_with_their_origin() {
    let mut fixture = Fixture::new();
    let film = fixture.film("Heat");
    let catalog = &mut fixture.catalog;
    let poster = ["poster".parse().unwrap()];
    catalog.change_locks(film, &poster, LockChange::Lock, PublishMode::Apply, at(3)).unwrap();
    let title = EntityEdit::SetField("title".parse().unwrap(), "Heat!".into());
    catalog.edit(film, &[title], at(3)).unwrap();
    catalog.change_locks(film, &poster, LockChange::Unlock, PublishMode::Apply, at(4)).unwrap();
    let locks = catalog.locks_of(film).unwrap();
    assert_eq!((locks[0].is_locked, locks[0].origin, locks[0].locked_at), (false, LockOrigin::Explicit, at(4)));
    assert_eq!((locks[1].is_locked, locks[1].origin), (true, LockOrigin::Manual));
    let unknown = EntityId::new(99);
    let error = catalog.change_locks(unknown, &poster, LockChange::Lock, PublishMode::Apply, at(3)).unwrap_err();
    assert!(matches!(error, CatalogError::NoSuchEntity { id } if id == unknown), "{error:?}");
}

#[test]
fn lists_show_what_lacks_a_picture_or_is_locked() {
    let mut fixture = Fixture::new();
    let library = fixture.library;
    let chosen = fixture.film("chosen");
    fixture.catalog.select_by_hand(&picture(chosen, "poster", 1), at(3)).unwrap();
    let item = film(library, "has an original", vec![original("has an original", "poster.jpg", "poster")]);
    fixture.catalog.record(&[item], at(1)).unwrap();
    fixture.film("nothing");
    let titles = |filter: &EntityFilter| -> Vec<String> {
        fixture.catalog.list_entities(filter, None, 10).unwrap().into_iter().map(|entity| entity.title).collect()
    };
    let lacks = |word: &str| EntityFilter { lacks: Some(word.parse().unwrap()), ..EntityFilter::default() };
    assert_eq!(titles(&lacks("poster")), ["nothing"]);
    assert_eq!(titles(&lacks("fanart1")), ["chosen", "has an original", "nothing"]);
    assert_eq!(titles(&EntityFilter { only_locked: true, ..EntityFilter::default() }), ["chosen"]);
}
