use posterfs::catalog::{EntityFilter, ScanOutcome, ScannedItem};
use posterfs::model::{EntityType, LibraryId, Provider, RelPath};

use crate::support::{Fixture, at, film, original, path};

type Edit = fn(&mut ScannedItem);

fn recorded(fixture: &mut Fixture, item: &ScannedItem) -> ScanOutcome {
    fixture.catalog.start_scan(fixture.library).unwrap();
    fixture.catalog.record(std::slice::from_ref(item), at(9)).unwrap()[0].outcome
}

fn tmdb(value: &str) -> (Provider, String) {
    (Provider::parse("tmdb").unwrap(), value.into())
}

#[test]
fn recording_tells_what_is_different_and_the_same_again_is_not() {
    let edits: &[(&str, Edit)] = &[
        ("title", |item| item.title = "HEAT".into()),
        ("year", |item| item.year = None),
        ("video", |item| item.video = Some(path("Heat/other.mkv"))),
        ("id added", |item| item.ids = vec![tmdb("949")]),
        ("id changed", |item| item.ids = vec![tmdb("950")]),
        ("id gone", |item| item.ids = vec![]),
        ("original added", |item| item.originals = vec![original("Heat", "folder.jpg", "poster")]),
        ("original is of something else", |item| item.originals = vec![original("Heat", "folder.jpg", "thumb")]),
        ("original gone", |item| item.originals = vec![]),
    ];
    let mut fixture = Fixture::new();
    let mut item = film(fixture.library, "Heat", vec![]);
    assert_eq!(recorded(&mut fixture, &item), ScanOutcome::Added);
    assert_eq!(recorded(&mut fixture, &item), ScanOutcome::Unchanged);
    for (what, edit) in edits {
        edit(&mut item);
        assert_eq!(recorded(&mut fixture, &item), ScanOutcome::Changed, "{what}");
        assert_eq!(recorded(&mut fixture, &item), ScanOutcome::Unchanged, "{what}, again");
        let entity = fixture.catalog.entity_by_path(fixture.library, EntityType::Movie, &item.path).unwrap().unwrap();
        assert_eq!((entity.title, entity.year, entity.video), (item.title.clone(), item.year, item.video.clone()));
        assert_eq!(fixture.catalog.external_ids_of(entity.id).unwrap(), item.ids, "{what}");
        let known = fixture.catalog.originals_of(entity.id).unwrap();
        assert_eq!(known.into_iter().map(|original| original.found).collect::<Vec<_>>(), item.originals, "{what}");
    }
}

#[test]
fn what_a_scan_does_not_see_is_missing_except_where_it_could_not_look() {
    let mut fixture = Fixture::new();
    let library = fixture.library;
    let items: Vec<ScannedItem> = ["Alien", "Heat", "locked/Ran", "lockedup"]
        .map(|title| film(library, title, vec![original(title, "poster.jpg", "poster")]))
        .to_vec();
    let ids: Vec<_> = fixture.catalog.record(&items, at(1)).unwrap().into_iter().map(|known| known.id).collect();

    fixture.catalog.start_scan(fixture.library).unwrap();
    fixture.catalog.record(&items[..1], at(2)).unwrap();
    assert_eq!(fixture.catalog.finish_scan(library, &RelPath::root(), &[path("locked")], at(2)).unwrap(), 2);
    let missing: Vec<bool> = ids.iter().map(|id| fixture.catalog.entity(*id).unwrap().unwrap().is_missing).collect();
    assert_eq!(missing, [false, true, false, true]);
    assert!(fixture.catalog.originals_of(ids[1]).unwrap().is_empty());
    assert_eq!(fixture.catalog.finish_scan(library, &RelPath::root(), &[path("locked")], at(3)).unwrap(), 0);

    let back = fixture.catalog.record(&items[1..2], at(4)).unwrap();
    assert_eq!((back[0].id, back[0].outcome), (ids[1], ScanOutcome::Returned));
    assert_eq!(fixture.catalog.originals_of(ids[1]).unwrap().len(), 1);
}

#[test]
fn a_picture_that_two_claim_stays_with_the_first() {
    let mut fixture = Fixture::new();
    let library = fixture.library;
    let shared = vec![original("", "folder.jpg", "poster")];
    let items = [film(library, "Alien", shared.clone()), film(library, "Heat", shared)];
    fixture.catalog.start_scan(fixture.library).unwrap();
    let first = fixture.catalog.record(&items, at(1)).unwrap();
    assert_eq!(fixture.catalog.originals_of(first[0].id).unwrap().len(), 1);
    assert!(fixture.catalog.originals_of(first[1].id).unwrap().is_empty());
    let again = fixture.catalog.record(&items, at(2)).unwrap();
    assert!(again.iter().all(|item| item.outcome == ScanOutcome::Unchanged), "{again:?}");
}

#[test]
fn entities_are_found_by_everything_that_names_them() {
    let mut fixture = Fixture::new();
    let library = fixture.library;
    let mut item = film(library, "Heat", vec![]);
    item.ids = vec![tmdb("949")];
    let id = fixture.catalog.record(&[item], at(1)).unwrap()[0].id;
    let catalog = &fixture.catalog;
    for (how, found) in [
        ("id", catalog.entity(id).unwrap().into_iter().collect()),
        ("folder", catalog.entities_at(library, &path("Heat")).unwrap()),
        ("video", catalog.entities_at(library, &path("Heat/film.mkv")).unwrap()),
        ("provider", catalog.entities_by_external_id(&tmdb("").0, "949").unwrap()),
        ("title", catalog.entities_by_title("heat", None).unwrap()),
        ("title and year", catalog.entities_by_title("Heat", Some(1999)).unwrap()),
    ] {
        assert_eq!(found.iter().map(|entity| entity.id).collect::<Vec<_>>(), [id], "{how}");
    }
    assert!(catalog.entities_by_title("Heat", Some(2000)).unwrap().is_empty());
    assert!(catalog.entities_at(LibraryId::new(77), &path("Heat")).unwrap().is_empty());
}

#[test]
fn lists_come_in_pages_that_leave_nothing_out() {
    let mut fixture = Fixture::new();
    for title in ["b", "a", "c", "A", "e"] {
        fixture.film(title);
    }
    let filter = EntityFilter { library: Some(fixture.library), ..EntityFilter::default() };
    let mut titles = Vec::new();
    let mut after = None;
    loop {
        let page = fixture.catalog.list_entities(&filter, after.as_ref(), 2).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.list_key());
        titles.extend(page.into_iter().map(|entity| entity.title));
    }
    assert_eq!(titles, ["a", "A", "b", "c", "e"]);
    let series = EntityFilter { entity_type: Some(EntityType::Series), ..EntityFilter::default() };
    assert!(fixture.catalog.list_entities(&series, None, 10).unwrap().is_empty());
}
