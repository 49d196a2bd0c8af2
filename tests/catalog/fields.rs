//! Fields of metadata: who says what, and what is shown.

use posterfs::catalog::{CatalogError, EntityEdit, LockChange, MetadataField, PublishMode, ScannedItem};
use posterfs::model::{EntityId, Field, Provider};

use crate::support::{Fixture, at, film, told, unrated};

/// A film whose metadata file has a plot and a tagline.
fn heat() -> (Fixture, EntityId) {
    let mut fixture = Fixture::new();
    let id = scan(&mut fixture, "Heat", 1995, &[("plot", "of the file"), ("tagline", "One")]);
    (fixture, id)
}

/// What a scan finds of the film.
fn scan(fixture: &mut Fixture, title: &str, year: u16, told: &[(&str, &str)]) -> EntityId {
    let metadata = told.iter().map(|(field, value)| MetadataField { field: (*field).into(), value: (*value).into() });
    let item = ScannedItem {
        title: title.into(),
        sort_title: title.to_lowercase(),
        year: Some(year),
        metadata: metadata.collect(),
        ..film(fixture.library, "Heat", vec![])
    };
    fixture.catalog.record(&[item], at(1)).unwrap()[0].id
}

fn field(name: &str) -> Field {
    name.parse().unwrap()
}

fn set(fixture: &mut Fixture, id: EntityId, name: &str, value: &str) -> u64 {
    let edit = EntityEdit::SetField(field(name), value.into());
    fixture.catalog.edit(id, &[edit], at(5)).unwrap().changed
}

fn unset(fixture: &mut Fixture, id: EntityId, name: &str) -> u64 {
    fixture.catalog.edit(id, &[EntityEdit::UnsetField(field(name))], at(6)).unwrap().changed
}

fn provider_says(fixture: &mut Fixture, id: EntityId, source: &str, name: &str, value: &str) {
    fixture.catalog.record_answers(id, &told(source, name, value), &unrated, at(4)).unwrap();
}

/// Value and source of a field as it is shown.
fn shown(fixture: &Fixture, id: EntityId, name: &str) -> Option<(String, String)> {
    let entity = fixture.catalog.entity(id).unwrap().unwrap();
    let fields = fixture.catalog.fields_of(&entity).unwrap();
    fields.into_iter().find(|one| one.field.field == name).map(|one| (one.field.value, one.source))
}

fn pair(value: &str, source: &str) -> Option<(String, String)> {
    Some((value.into(), source.into()))
}

#[test]
fn a_person_comes_before_the_tree_and_the_tree_before_providers() {
    let (mut fixture, id) = heat();
    provider_says(&mut fixture, id, "tmdb", "plot", "of tmdb");
    provider_says(&mut fixture, id, "tmdb", "runtime", "170");
    provider_says(&mut fixture, id, "tvdb", "runtime", "171");
    assert_eq!(shown(&fixture, id, "plot"), pair("of the file", "nfo"));
    assert_eq!(shown(&fixture, id, "runtime"), pair("171", "tvdb"), "of providers the last one");
    assert_eq!((set(&mut fixture, id, "plot", "Mine"), set(&mut fixture, id, "plot", "Mine")), (1, 0));
    assert_eq!(shown(&fixture, id, "plot"), pair("Mine", "user"));
    assert!(fixture.catalog.guard_of(id).unwrap().is_locked("plot"));
    scan(&mut fixture, "Heat", 1995, &[("tagline", "Two")]);
    assert_eq!(shown(&fixture, id, "plot"), pair("Mine", "user"));
    assert_eq!(shown(&fixture, id, "tagline"), pair("Two", "nfo"));
    assert_eq!((unset(&mut fixture, id, "plot"), unset(&mut fixture, id, "plot")), (1, 0));
    assert_eq!(
        shown(&fixture, id, "plot"),
        pair("of the file", "nfo"),
        "what was said before the edit, until the next scan"
    );
    assert!(!fixture.catalog.guard_of(id).unwrap().is_locked("plot"));
    scan(&mut fixture, "Heat", 1995, &[("tagline", "Two")]);
    assert_eq!(shown(&fixture, id, "plot"), pair("of tmdb", "tmdb"));
    scan(&mut fixture, "Heat", 1995, &[]);
    assert_eq!(shown(&fixture, id, "tagline"), None);
}

/// An edited title is what lists show and items are found by; the tree's is back when the edit is taken back.
#[test]
fn titles_and_years_are_edited_and_given_back() {
    let (mut fixture, id) = heat();
    set(&mut fixture, id, "title", "The Heat");
    set(&mut fixture, id, "year", "1996");
    let entity = fixture.catalog.entity(id).unwrap().unwrap();
    assert_eq!((entity.title.as_str(), entity.sort_title.as_str(), entity.year), ("The Heat", "heat, the", Some(1996)));
    assert_eq!(fixture.catalog.entities_by_title("the heat", Some(1996)).unwrap()[0].id, id);
    assert_eq!(shown(&fixture, id, "title"), pair("The Heat", "user"));
    // The folder is renamed meanwhile: noted, not shown, not even once it is unlocked.
    scan(&mut fixture, "Heat 2", 1997, &[]);
    let all = ["all".parse().unwrap()];
    fixture.catalog.change_locks(id, &all, LockChange::Unlock, PublishMode::Apply, at(7)).unwrap();
    scan(&mut fixture, "Heat 3", 1998, &[]);
    assert_eq!(shown(&fixture, id, "title"), pair("The Heat", "user"));
    set(&mut fixture, id, "sort_title", "AAA");
    assert_eq!(fixture.catalog.entity(id).unwrap().unwrap().sort_title, "aaa");
    for name in ["title", "year", "sort_title"] {
        assert_eq!(unset(&mut fixture, id, name), 1, "{name}");
    }
    let entity = fixture.catalog.entity(id).unwrap().unwrap();
    assert_eq!((entity.title.as_str(), entity.year), ("Heat 3", Some(1998)));
    assert_eq!(shown(&fixture, id, "title"), pair("Heat 3", "scan"));
    scan(&mut fixture, "Heat", 1995, &[("title", "Heat")]);
    assert_eq!(shown(&fixture, id, "title"), pair("Heat", "nfo"));
}

#[test]
fn edits_are_made_all_or_none() {
    let (mut fixture, id) = heat();
    let tmdb = Provider::parse("tmdb").unwrap();
    let edits = [
        EntityEdit::SetField(field("plot"), "Mine".into()),
        EntityEdit::SetId(tmdb.clone(), "949".into()),
        EntityEdit::UnsetField(field("status")),
    ];
    let edited = fixture.catalog.edit(id, &edits, at(5)).unwrap();
    assert_eq!((edited.changed, edited.is_another), (2, true));
    let again = fixture.catalog.edit(id, &edits, at(6)).unwrap();
    assert_eq!((again.changed, again.is_another), (0, false));
    let back = fixture.catalog.edit(id, &[EntityEdit::UnsetId(tmdb)], at(7)).unwrap();
    assert!(back.is_another && fixture.catalog.external_ids_of(id).unwrap().is_empty());
    let nobody = fixture.catalog.edit(EntityId::new(99), &edits, at(8)).unwrap_err();
    assert!(matches!(nobody, CatalogError::NoSuchEntity { .. }));
}
