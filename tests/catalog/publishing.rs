use posterfs::catalog::{CatalogError, NewCacheFile, Place, PublishMode, RollbackScope, Scope, SelectedPicture};
use posterfs::model::{EntityId, GenerationId, ImageKind, ImageType, RelPath};

use crate::support::{Fixture, at, film, in_own_folder, name, original, path, picture, place, stamp};

fn chosen(fixture: &mut Fixture, title: &str, byte: u8) -> EntityId {
    let film = fixture.film(title);
    fixture.catalog.select_by_hand(&picture(film, "poster", byte), at(3)).unwrap();
    film
}

/// Rule 4: "Every phase is idempotent …"
#[test]
fn publishing_twice_changes_nothing_and_makes_no_generation() {
    let mut fixture = Fixture::new();
    chosen(&mut fixture, "Heat", 1);
    chosen(&mut fixture, "Alien", 2);
    let first = fixture.publish(10);
    assert_eq!((first.added, first.changed, first.removed, first.unchanged), (2, 0, 0, 0));
    let (last, version) = (fixture.catalog.last_change().unwrap(), fixture.catalog.counts().unwrap());
    let second = fixture.publish(11);
    assert_eq!((second.generation, second.unchanged), (None, 2));
    assert_eq!((fixture.catalog.last_change().unwrap(), fixture.catalog.counts().unwrap()), (last, version));
    assert_eq!(fixture.catalog.history(None, 10).unwrap().len(), 1);
}

#[test]
fn a_dry_run_tells_the_same_and_writes_nothing() {
    let mut fixture = Fixture::new();
    chosen(&mut fixture, "Heat", 1);
    let dry = fixture.catalog.publish(Scope::All, PublishMode::DryRun, &stamp(10), in_own_folder).unwrap();
    assert_eq!((dry.generation, dry.added), (None, 1));
    assert!(fixture.shown("Heat").is_empty());
    assert!(fixture.catalog.history(None, 10).unwrap().is_empty());
    assert_eq!(fixture.publish(10).added, 1);
}

#[test]
fn rolling_back_shows_what_was_shown_and_can_itself_be_rolled_back() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    let first = fixture.publish(10).generation.unwrap();
    chosen(&mut fixture, "Alien", 2);
    fixture.catalog.select_by_hand(&picture(heat, "poster", 3), at(3)).unwrap();
    let second = fixture.publish(20).generation.unwrap();
    assert_eq!((fixture.shown("Heat")[0].1, fixture.shown("Alien")[0].1), (3, 2));

    let dry = fixture.catalog.rollback(first, RollbackScope::All, PublishMode::DryRun, &stamp(30)).unwrap();
    let back = fixture.catalog.rollback(first, RollbackScope::All, PublishMode::Apply, &stamp(30)).unwrap();
    assert_eq!((back.added, back.changed, back.removed, back.unchanged), (0, 1, 1, 0));
    assert_eq!((dry.generation, dry.changed, dry.removed), (None, 1, 1));
    assert_eq!((fixture.shown("Heat")[0].1, fixture.shown("Alien").len()), (1, 0));

    let again = fixture.catalog.rollback(first, RollbackScope::All, PublishMode::Apply, &stamp(31)).unwrap();
    assert_eq!((again.generation, again.unchanged), (None, 1));
    let forth = fixture.catalog.rollback(second, RollbackScope::All, PublishMode::Apply, &stamp(32)).unwrap();
    assert_eq!((forth.added, forth.changed), (1, 1));
    assert_eq!((fixture.shown("Heat")[0].1, fixture.shown("Alien")[0].1), (3, 2));
    let history = fixture.catalog.history(None, 10).unwrap();
    assert_eq!(history.iter().map(|generation| generation.id.get()).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(fixture.catalog.history(Some(second), 10).unwrap().len(), 1);
}

#[test]
fn an_unknown_generation_is_refused_by_number() {
    let mut fixture = Fixture::new();
    let error =
        fixture.catalog.rollback(GenerationId::new(5), RollbackScope::All, PublishMode::Apply, &stamp(1)).unwrap_err();
    assert!(matches!(error, CatalogError::NoSuchGeneration { .. }), "{error:?}");
    assert!(error.to_string().contains('5'), "{error}");
}

#[test]
fn mtimes_rise_strictly_per_path_also_when_the_clock_goes_back() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    let first = fixture.publish(1000).generation.unwrap();
    let mut mtimes = vec![fixture.mtime("Heat", "poster.jpg")];
    let mut folder_times =
        vec![fixture.catalog.folder_mappings(fixture.library, &path("Heat")).unwrap().unwrap().changed_at];
    for (byte, now) in [(2, 500), (3, 1000), (4, 1001), (5, 5000)] {
        fixture.catalog.select_by_hand(&picture(heat, "poster", byte), at(3)).unwrap();
        fixture.publish(now);
        mtimes.push(fixture.mtime("Heat", "poster.jpg"));
    }
    fixture.catalog.rollback(first, RollbackScope::All, PublishMode::Apply, &stamp(7)).unwrap();
    mtimes.push(fixture.mtime("Heat", "poster.jpg"));
    assert_eq!(mtimes, [1000, 1001, 1002, 1003, 5000, 5001]);
    fixture.catalog.unpublish(heat, None, &stamp(8)).unwrap();
    fixture.catalog.publish(Scope::Entities(&[heat]), PublishMode::Apply, &stamp(9), in_own_folder).unwrap();
    assert_eq!(fixture.mtime("Heat", "poster.jpg"), 5002, "also where it had been away");
    folder_times.push(fixture.catalog.folder_mappings(fixture.library, &path("Heat")).unwrap().unwrap().changed_at);
    assert!(folder_times.is_sorted_by(|a, b| a < b), "{folder_times:?}");
}

#[test]
fn what_is_unpublished_stays_away_until_asked_for_by_name_or_chosen_again() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    let poster: ImageType = "poster".parse().unwrap();
    fixture.catalog.select_by_hand(&picture(heat, "banner", 2), at(3)).unwrap();
    fixture.publish(10);
    let gone = fixture.catalog.unpublish(heat, Some(poster), &stamp(11)).unwrap();
    assert_eq!((gone.removed, fixture.shown("Heat").len()), (1, 1));
    assert!(fixture.catalog.unpublish(heat, Some(poster), &stamp(12)).unwrap().generation.is_none());
    assert!(fixture.publish(13).is_nothing(), "publishing everything does not bring it back");

    let named = |fixture: &mut Fixture, mode| {
        fixture.catalog.publish(Scope::Entities(&[heat]), mode, &stamp(14), in_own_folder).unwrap()
    };
    assert_eq!(named(&mut fixture, PublishMode::DryRun).added, 1);
    assert!(fixture.publish(15).is_nothing(), "a dry run releases nothing");
    assert_eq!(named(&mut fixture, PublishMode::Apply).added, 1);
    assert!(fixture.publish(16).is_nothing());

    fixture.catalog.unpublish(heat, None, &stamp(17)).unwrap();
    fixture.catalog.select_by_hand(&picture(heat, "poster", 3), at(18)).unwrap();
    assert_eq!(fixture.publish(19).added, 1);
    assert_eq!(fixture.shown("Heat"), [("poster.jpg".into(), 3)]);
}

#[test]
fn scopes_leave_the_rest_alone() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    let alien = chosen(&mut fixture, "Alien", 2);
    let mode = PublishMode::Apply;
    let published = fixture.catalog.publish(Scope::Entities(&[alien]), mode, &stamp(10), in_own_folder).unwrap();
    assert_eq!((published.added, fixture.shown("Heat").len(), fixture.shown("Alien").len()), (1, 0, 1));
    fixture.catalog.publish(Scope::Entities(&[heat]), mode, &stamp(11), |_| vec![]).unwrap();
    assert_eq!(fixture.shown("Alien").len(), 1);
    let library = fixture.library;
    let all = fixture.catalog.publish(Scope::Libraries(&[library]), mode, &stamp(12), in_own_folder).unwrap();
    assert_eq!((all.added, all.unchanged), (1, 1));
    let none = fixture.catalog.publish(Scope::Entities(&[EntityId::new(99)]), mode, &stamp(13), in_own_folder);
    assert!(matches!(none, Err(CatalogError::NoSuchEntity { .. })));
}

#[test]
fn missing_entities_keep_their_mappings() {
    let mut fixture = Fixture::new();
    chosen(&mut fixture, "Heat", 1);
    fixture.publish(10);
    fixture.catalog.start_scan(fixture.library).unwrap();
    let library = fixture.library;
    assert_eq!(fixture.catalog.finish_scan(library, &RelPath::root(), &[], at(11)).unwrap(), 1);
    assert!(fixture.publish(12).is_nothing());
    fixture.film("Heat");
    assert!(fixture.publish(13).is_nothing(), "back, and its artwork is there at once");
    assert_eq!(fixture.shown("Heat").len(), 1);
}

#[test]
fn of_two_that_want_one_path_the_first_has_it_whatever_the_scope() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    let alien = chosen(&mut fixture, "Alien", 2);
    let same =
        |_: &SelectedPicture| vec![Place { folder: path(""), name: name("poster.jpg"), is_synthetic_folder: false }];
    let mode = PublishMode::Apply;
    for (scope, byte, conflicts) in [
        (Scope::Entities(&[alien]), 2, 0),
        (Scope::Entities(&[heat]), 1, 0), // comes first and takes it
        (Scope::Entities(&[alien]), 1, 1),
        (Scope::All, 1, 1),
    ] {
        let published = fixture.catalog.publish(scope, mode, &stamp(10), same).unwrap();
        assert_eq!(fixture.shown(""), [("poster.jpg".into(), byte)], "{scope:?}");
        assert_eq!((published.conflict_count, published.conflicts.len()), (conflicts, conflicts as usize), "{scope:?}");
        if let Some(conflict) = published.conflicts.first() {
            assert_eq!((conflict.loser, conflict.winner, &conflict.name), (alien, heat, &name("poster.jpg")));
        }
    }
}

/// Publishing everything looks no further at what is shown already, and tells all the same who loses a name to one that comes
/// first.
#[test]
fn what_is_shown_gives_way_to_what_comes_first_and_comes_back_after_it() {
    let mut fixture = Fixture::new();
    let (heat, alien) = (fixture.film("Heat"), chosen(&mut fixture, "Alien", 2));
    let same =
        |_: &SelectedPicture| vec![Place { folder: path(""), name: name("poster.jpg"), is_synthetic_folder: false }];
    let publish = |fixture: &mut Fixture, now| {
        fixture.catalog.publish(Scope::All, PublishMode::Apply, &stamp(now), same).unwrap()
    };
    publish(&mut fixture, 10);
    let again = publish(&mut fixture, 11);
    assert_eq!((again.unchanged, again.generation), (1, None));

    fixture.catalog.select_by_hand(&picture(heat, "poster", 1), at(3)).unwrap();
    for now in [12, 13] {
        let published = publish(&mut fixture, now);
        assert_eq!(fixture.shown(""), [("poster.jpg".into(), 1)]);
        let conflicts: Vec<_> = published.conflicts.iter().map(|one| (one.loser, one.winner)).collect();
        assert_eq!((conflicts, published.conflict_count), (vec![(alien, heat)], 1));
    }

    fixture.catalog.deselect(&[(heat, ImageType::main(ImageKind::Poster))], &stamp(14)).unwrap();
    assert_eq!((publish(&mut fixture, 15).added, fixture.shown("")), (1, vec![("poster.jpg".into(), 2)]));
}

/// Players take either of `poster.jpg` and `poster.png`, so one of them is a conflict; the same picture twice is none.
#[test]
fn a_name_with_another_extension_is_the_same_name() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    let alien = fixture.film("Alien");
    let png = NewCacheFile { extension: "png".into(), ..picture(alien, "poster", 2) };
    fixture.catalog.select_by_hand(&png, at(3)).unwrap();
    let same = |picture: &SelectedPicture| vec![place(&path(""), &picture.image_type, &picture.extension)];
    let mode = PublishMode::Apply;
    for (scope, shown, conflicts) in [
        (Scope::Entities(&[alien]), ("poster.png", 2), 0),
        (Scope::Entities(&[heat]), ("poster.jpg", 1), 0), // comes first and takes it
        (Scope::Entities(&[alien]), ("poster.jpg", 1), 1),
        (Scope::All, ("poster.jpg", 1), 1),
    ] {
        let published = fixture.catalog.publish(scope, mode, &stamp(10), same).unwrap();
        assert_eq!(fixture.shown(""), [(shown.0.to_owned(), shown.1)], "{scope:?}");
        assert_eq!(published.conflict_count, conflicts, "{scope:?}");
    }
    fixture.catalog.select_by_hand(&picture(alien, "poster", 1), at(4)).unwrap();
    for scope in [Scope::Entities(&[alien]), Scope::All] {
        let published = fixture.catalog.publish(scope, mode, &stamp(11), same).unwrap();
        assert_eq!((published.conflict_count, fixture.shown("").len()), (0, 1), "{scope:?}");
    }
}

/// Names that are worked out for a view or export of its own are those that `publish` would make, and change nothing.
#[test]
fn other_names_are_laid_out_without_a_trace() {
    let mut fixture = Fixture::new();
    for (byte, title) in [(1, "Heat"), (2, "Alien"), (3, "Brazil")] {
        chosen(&mut fixture, title, byte);
    }
    fixture.publish(10);
    let library = fixture.library;
    let by_title = |picture: &SelectedPicture| {
        let folder = path(if picture.entity.title == "Brazil" { "Heat" } else { &picture.entity.title });
        vec![Place { is_synthetic_folder: true, ..place(&folder, &picture.image_type, &picture.extension) }]
    };
    let layouts = fixture.catalog.lay_out(library, by_title).unwrap();
    assert_eq!((layouts.conflict_count, layouts.conflicts.len()), (1, 1));
    let first = layouts.page(library, None, 1).unwrap();
    assert_eq!((&first[0].folder, first[0].hash.as_bytes()[0]), (&path("Alien"), 2));
    let rest = layouts.page(library, Some(&first[0].key()), 10).unwrap();
    assert_eq!((rest.len(), &rest[0].folder, rest[0].is_synthetic_folder), (1, &path("Heat"), true));
    assert_eq!(rest[0].selected_at, at(3));
    assert_eq!(fixture.shown("Alien"), [("poster.jpg".into(), 2)]);
    assert_eq!(fixture.catalog.history(None, 10).unwrap().len(), 1);
    assert!(fixture.publish(11).is_nothing());
}

/// Rule 5: "A published picture hides the originals of the same entity and image type in the view; unpublishing shows
/// them again."
#[test]
fn a_published_picture_hides_the_originals_of_its_kind() {
    let mut fixture = Fixture::new();
    let library = fixture.library;
    let originals = vec![
        original("Heat", "folder.JPG", "poster"),
        original("Heat", "cover.png", "poster"),
        original("Heat", "fanart.jpg", "fanart"),
        original("Heat", "fanart1.jpg", "fanart1"),
    ];
    let heat = fixture.catalog.record(&[film(library, "Heat", originals)], at(1)).unwrap()[0].id;
    let hidden = |fixture: &Fixture| -> Vec<String> {
        let shown = fixture.catalog.folder_mappings(fixture.library, &path("Heat")).unwrap();
        shown.map_or(vec![], |shown| shown.hidden.iter().map(|original| original.name.to_string()).collect())
    };
    assert!(hidden(&fixture).is_empty());
    fixture.catalog.select_by_hand(&picture(heat, "poster", 1), at(3)).unwrap();
    fixture.catalog.select_by_hand(&picture(heat, "fanart1", 2), at(3)).unwrap();
    fixture.publish(10);
    assert_eq!(hidden(&fixture), ["cover.png", "fanart1.jpg", "folder.JPG"]);
    fixture.catalog.unpublish(heat, Some("poster".parse().unwrap()), &stamp(11)).unwrap();
    assert_eq!(hidden(&fixture), ["fanart1.jpg"]);
}

#[test]
fn folders_that_only_mappings_need_are_shown_while_they_hold_any() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    let places = |picture: &SelectedPicture| {
        let folder = picture.entity.folder.join(&name("extrafanart"));
        vec![Place { is_synthetic_folder: true, ..place(&folder, &picture.image_type, &picture.extension) }]
    };
    fixture.catalog.publish(Scope::All, PublishMode::Apply, &stamp(10), places).unwrap();
    let above = fixture.catalog.folder_mappings(fixture.library, &path("Heat")).unwrap().unwrap();
    assert_eq!(above.folders.iter().map(|folder| folder.name.to_string()).collect::<Vec<_>>(), ["extrafanart"]);
    let inside = fixture.catalog.folder_mappings(fixture.library, &path("Heat/extrafanart")).unwrap().unwrap();
    assert_eq!((inside.id, inside.mapped.len()), (above.folders[0].id, 1));
    let known = fixture.catalog.mapping_folder(inside.id).unwrap().unwrap();
    assert_eq!((known.folder, known.is_synthetic, known.mapping_count), (path("Heat/extrafanart"), true, 1));

    fixture.catalog.unpublish(heat, None, &stamp(11)).unwrap();
    let after = fixture.catalog.folder_mappings(fixture.library, &path("Heat")).unwrap().unwrap();
    assert!(after.folders.is_empty() && after.changed_at > above.changed_at);
    assert_eq!(fixture.catalog.folder_mappings(fixture.library, &path("elsewhere")).unwrap(), None);
}

#[test]
fn mappings_are_listed_in_pages_and_kept_after_their_end() {
    let mut fixture = Fixture::new();
    for (byte, title) in ["c", "a", "b"].into_iter().enumerate() {
        chosen(&mut fixture, title, byte as u8);
    }
    fixture.publish(10);
    let mut folders = Vec::new();
    let mut after = None;
    loop {
        let page = fixture.catalog.mappings_page(fixture.library, after.as_ref(), 2).unwrap();
        folders.extend(page.mappings.iter().map(|mapping| mapping.folder.to_string()));
        assert!(page.refused.is_empty());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(folders, ["a", "b", "c"]);
    let mapping = fixture.catalog.mappings_page(fixture.library, None, 1).unwrap().mappings.remove(0);
    assert_eq!(fixture.catalog.mappings_of(mapping.entity).unwrap(), std::slice::from_ref(&mapping));
    let ended = fixture.catalog.unpublish(mapping.entity, None, &stamp(11)).unwrap().generation;
    let history = fixture.catalog.mapping(mapping.id).unwrap().unwrap();
    assert_eq!(history.removed_generation, ended);
    assert!(fixture.catalog.mappings_of(mapping.entity).unwrap().is_empty());
}

#[test]
fn what_was_back_in_between_is_let_go_of_only_when_it_is_gone_for_as_long_again() {
    let mut fixture = Fixture::new();
    let heat = chosen(&mut fixture, "Heat", 1);
    fixture.publish(10);
    let release = |fixture: &mut Fixture, gone_before| {
        let released = fixture.catalog.release(heat, at(gone_before), &stamp(1000)).unwrap();
        (released.published.removed, released.latest_kept)
    };
    let scan = |fixture: &mut Fixture, is_there: bool, now| {
        fixture.catalog.start_scan(fixture.library).unwrap();
        if is_there {
            fixture.catalog.record(&[film(fixture.library, "Heat", vec![])], at(now)).unwrap();
        }
        fixture.catalog.finish_scan(fixture.library, &RelPath::root(), &[], at(now)).unwrap();
    };
    for (is_there, now) in [(false, 100), (true, 200), (false, 300), (false, 400)] {
        scan(&mut fixture, is_there, now);
        let kept = (!is_there).then(|| at(now.min(300)));
        assert_eq!(release(&mut fixture, 99), (0, kept), "at {now}");
    }
    assert_eq!(release(&mut fixture, 299), (0, Some(at(300))), "it is gone since 300, not since 100");
    assert_eq!(fixture.shown("Heat").len(), 1);
    assert_eq!(release(&mut fixture, 300), (1, None));
    assert_eq!(release(&mut fixture, 300), (0, None));
    assert!(fixture.shown("Heat").is_empty());
}
