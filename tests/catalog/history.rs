//! Generations: going back to them, naming them, comparing them, forgetting them.

use std::collections::BTreeMap;

use posterfs::catalog::{
    CatalogError, Difference, PublishMode, Retention, RollbackScope, ScannedItem, ScannedParent, Scope,
};
use posterfs::model::{EntityId, EntityType, GenerationId, LibraryId};
use proptest::prelude::*;

use crate::support::{Fixture, at, film, in_own_folder, new_library, path, picture, stamp};

const TITLES: [&str; 3] = ["Alien", "Brazil", "Casablanca"];
const TYPES: [&str; 2] = ["poster", "fanart"];

/// A path and what it shows: the first byte of the hash, and the mtime.
type Listing = BTreeMap<(i64, String), (u8, i64)>;

/// Two libraries with the same films, and what each generation showed.
struct World {
    fixture: Fixture,
    libraries: [LibraryId; 2],
    films: Vec<EntityId>,
    shown: BTreeMap<GenerationId, Listing>,
    now: i64,
}

impl World {
    fn new() -> Self {
        let mut fixture = Fixture::new();
        let other = fixture.catalog.add_library(&new_library("other", "/other"), at(0)).unwrap().id;
        let libraries = [fixture.library, other];
        let items: Vec<_> =
            libraries.iter().flat_map(|library| TITLES.map(|title| film(*library, title, vec![]))).collect();
        let films = fixture.catalog.record(&items, at(1)).unwrap().into_iter().map(|recorded| recorded.id).collect();
        Self { fixture, libraries, films, shown: BTreeMap::from([(GenerationId::new(0), Listing::new())]), now: 10 }
    }

    fn listing(&self) -> Listing {
        let mut listing = Listing::new();
        for library in self.libraries {
            let page = self.fixture.catalog.mappings_page(library, None, 1000).unwrap();
            assert!(page.refused.is_empty() && page.next.is_none());
            for mapping in page.mappings {
                let path = mapping.folder.join(&mapping.name).to_string();
                let seen = (mapping.hash.as_bytes()[0], mapping.published_at.get());
                assert!(listing.insert((library.get(), path), seen).is_none());
            }
        }
        listing
    }

    fn latest(&self) -> GenerationId {
        self.fixture.catalog.latest_generation().unwrap()
    }

    /// Does something, and writes down what is shown then, if that is a new generation.
    fn step(&mut self, op: Op) {
        // Clocks stand still, and go back.
        self.now += if op.film.is_multiple_of(2) { 1 } else { -1 };
        let film = self.films[op.film];
        let image_type = TYPES[op.image_type];
        let stamp = stamp(self.now);
        let catalog = &mut self.fixture.catalog;
        match op.kind {
            0..=2 => drop(catalog.select_by_hand(&picture(film, image_type, op.byte), at(self.now)).unwrap()),
            3 | 4 => drop(catalog.publish(Scope::All, PublishMode::Apply, &stamp, in_own_folder).unwrap()),
            5 => drop(catalog.publish(Scope::Entities(&[film]), PublishMode::Apply, &stamp, in_own_folder).unwrap()),
            6 => drop(catalog.unpublish(film, None, &stamp).unwrap()),
            7 => drop(catalog.deselect(&[(film, image_type.parse().unwrap())], &stamp).unwrap()),
            _ => {
                let to = GenerationId::new(i64::from(op.byte) % (self.latest().get() + 1));
                self.roll_back(to, RollbackScope::All);
            }
        }
        let listing = self.listing();
        self.shown.entry(self.latest()).or_insert(listing);
    }

    fn roll_back(&mut self, to: GenerationId, scope: RollbackScope) {
        self.fixture.catalog.rollback(to, scope, PublishMode::Apply, &stamp(self.now)).unwrap();
    }
}

#[derive(Debug, Clone, Copy)]
struct Op {
    kind: u8,
    film: usize,
    image_type: usize,
    byte: u8,
}

fn op() -> impl Strategy<Value = Op> {
    (0_u8..9, 0_usize..6, 0_usize..2, 1_u8..5).prop_map(|(kind, film, image_type, byte)| Op {
        kind,
        film,
        image_type,
        byte,
    })
}

fn pictures(listing: &Listing) -> BTreeMap<(i64, String), u8> {
    listing.iter().map(|(path, (byte, _))| (path.clone(), *byte)).collect()
}

/// What differs, worked out from two listings.
fn compared(before: &Listing, after: &Listing) -> BTreeMap<(i64, String), (Option<u8>, Option<u8>)> {
    let (before, after) = (pictures(before), pictures(after));
    let paths = before.keys().chain(after.keys()).cloned();
    let of = |path: &(i64, String)| (before.get(path).copied(), after.get(path).copied());
    paths.map(|path| (path.clone(), of(&path))).filter(|(_, (before, after))| before != after).collect()
}

fn told(world: &World, from: GenerationId, to: GenerationId) -> BTreeMap<(i64, String), (Option<u8>, Option<u8>)> {
    let mut told = BTreeMap::new();
    let mut note = |difference: Difference| {
        let byte = |shown: Option<posterfs::catalog::ShownPicture>| shown.map(|shown| shown.hash.as_bytes()[0]);
        let path = difference.folder.join(&difference.name).to_string();
        let sides = (byte(difference.before), byte(difference.after));
        assert!(told.insert((difference.library.get(), path), sides).is_none());
    };
    world.fixture.catalog.differences(from, to, &mut note).unwrap();
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// "Rollback to any generation gives exactly the listing and bytes that were there then (mtimes newer)", and `diff`
    /// tells exactly what differs.
    #[test]
    fn any_generation_can_be_gone_back_to(ops in proptest::collection::vec(op(), 1..30)) {
        let mut world = World::new();
        ops.into_iter().for_each(|op| world.step(op));
        for (to, then) in world.shown.clone() {
            let before = world.listing();
            let from = world.latest();
            prop_assert_eq!(told(&world, to, from), compared(&then, &before));
            prop_assert_eq!(told(&world, from, to), compared(&before, &then));
            world.roll_back(to, RollbackScope::All);
            let now = world.listing();
            prop_assert_eq!(pictures(&now), pictures(&then));
            for (path, (byte, mtime)) in &now {
                match before.get(path) {
                    Some((same, kept)) if same == byte => prop_assert_eq!(mtime, kept, "{:?} stays as it is", path),
                    Some((_, older)) => prop_assert!(mtime > older, "{:?}", path),
                    None => {}
                }
            }
        }
    }

    /// A part goes back, the rest stays.
    #[test]
    fn a_library_or_an_item_goes_back_by_itself(
        ops in proptest::collection::vec(op(), 1..20), to: prop::sample::Index, film in 0_usize..6, is_item: bool,
    ) {
        let mut world = World::new();
        ops.into_iter().for_each(|op| world.step(op));
        let (to, then) = to.get(&world.shown.clone().into_iter().collect::<Vec<_>>()).clone();
        let (before, library) = (world.listing(), world.libraries[film / 3]);
        let scope = if is_item { RollbackScope::Item(world.films[film]) } else { RollbackScope::Library(library) };
        world.roll_back(to, scope);
        let prefix = format!("{}/", TITLES[film % 3]);
        let is_in = |(path, _): &(&(i64, String), &(u8, i64))| {
            path.0 == library.get() && (!is_item || path.1.starts_with(&prefix))
        };
        let expected: BTreeMap<_, _> =
            then.iter().filter(is_in).chain(before.iter().filter(|row| !is_in(row))).map(|(p, s)| (p.clone(), s.0)).collect();
        prop_assert_eq!(pictures(&world.listing()), expected);
    }

    /// What is forgotten is never needed for a generation that is kept, and times rise all the same.
    #[test]
    fn what_is_kept_can_be_gone_back_to_when_the_rest_is_forgotten(
        ops in proptest::collection::vec(op(), 4..30), tagged: prop::sample::Index, newest in 1_u32..4,
    ) {
        let mut world = World::new();
        ops.into_iter().for_each(|op| world.step(op));
        let generations: Vec<GenerationId> = world.shown.keys().copied().filter(|id| id.get() > 0).collect();
        prop_assume!(!generations.is_empty());
        let tagged = *tagged.get(&generations);
        world.fixture.catalog.tag("kept", tagged, &stamp(50)).unwrap();
        let retention = Retention { newest, since: at(1_000_000) };
        world.fixture.catalog.forget(retention, PublishMode::Apply, at(60)).unwrap();
        let known = world.fixture.catalog.history(None, 1000).unwrap();
        for (place, generation) in known.iter().enumerate() {
            prop_assert_eq!(generation.is_forgotten, place >= newest as usize && generation.id != tagged);
        }
        for generation in known {
            let outcome = world.fixture.catalog.rollback(
                generation.id, RollbackScope::All, PublishMode::Apply, &stamp(world.now),
            );
            if generation.is_forgotten {
                let is_told = matches!(outcome, Err(CatalogError::Forgotten { id }) if id == generation.id);
                prop_assert!(is_told);
            } else {
                outcome.unwrap();
                prop_assert_eq!(pictures(&world.listing()), pictures(&world.shown[&generation.id]));
            }
        }
    }
}

#[test]
fn what_was_shown_in_a_library_that_is_gone_stays_away_and_is_counted() {
    let mut world = World::new();
    let (catalog, film) = (&mut world.fixture.catalog, world.films[0]);
    catalog.select_by_hand(&picture(film, "poster", 1), at(2)).unwrap();
    catalog.select_by_hand(&picture(world.films[3], "poster", 2), at(2)).unwrap();
    catalog.publish(Scope::All, PublishMode::Apply, &stamp(10), in_own_folder).unwrap();
    catalog.unpublish(film, None, &stamp(11)).unwrap();
    catalog.remove_library("other", &stamp(12)).unwrap();
    let to = GenerationId::new(1);
    for mode in [PublishMode::DryRun, PublishMode::Apply] {
        let published = catalog.rollback(to, RollbackScope::All, mode, &stamp(13)).unwrap();
        assert_eq!((published.added, published.left_out), (1, 1), "{mode:?}");
    }
    assert_eq!(world.listing().len(), 1);
    let catalog = &mut world.fixture.catalog;
    catalog.add_library(&new_library("other", "/other"), at(14)).unwrap();
    let published = catalog.rollback(to, RollbackScope::All, PublishMode::Apply, &stamp(15)).unwrap();
    assert_eq!((published.added, published.left_out, world.listing().len()), (1, 0, 2), "added again, it is back");
}

#[test]
fn a_name_that_something_else_got_since_gives_way_to_what_goes_back() {
    let mut world = World::new();
    let same = |picture: &posterfs::catalog::SelectedPicture| {
        vec![crate::support::place(&path(""), &picture.image_type, &picture.extension)]
    };
    let (alien, brazil) = (world.films[0], world.films[1]);
    let catalog = &mut world.fixture.catalog;
    catalog.select_by_hand(&picture(brazil, "poster", 2), at(2)).unwrap();
    catalog.publish(Scope::All, PublishMode::Apply, &stamp(10), same).unwrap();
    catalog.select_by_hand(&picture(alien, "poster", 1), at(3)).unwrap();
    catalog.publish(Scope::All, PublishMode::Apply, &stamp(11), same).unwrap();
    world.roll_back(GenerationId::new(1), RollbackScope::Item(brazil));
    assert_eq!(world.fixture.shown(""), [("poster.jpg".into(), 2)]);
}

/// Rows of what an item's history tells: the generation and its three counts.
fn history(world: &World, item: EntityId) -> Vec<(i64, [u64; 3])> {
    let all = world.fixture.catalog.history_of(item, None, 10).unwrap().into_iter();
    all.map(|one| (one.id.get(), [one.added, one.changed, one.removed])).collect()
}

#[test]
fn the_history_of_an_item_tells_what_happened_to_it_and_what_belongs_to_it() {
    let mut world = World::new();
    let series = ScannedItem::new(world.libraries[0], EntityType::Series, "Lost", path("Lost"));
    let parent = ScannedParent { entity_type: EntityType::Series, path: path("Lost"), season: None };
    let season = ScannedItem {
        parent: Some(parent),
        season: Some(1),
        ..ScannedItem::new(world.libraries[0], EntityType::Season, "Season 1", path("Lost/Season 1"))
    };
    let catalog = &mut world.fixture.catalog;
    let ids: Vec<_> = catalog.record(&[series, season], at(1)).unwrap().into_iter().map(|one| one.id).collect();
    catalog.select_by_hand(&picture(ids[0], "poster", 1), at(2)).unwrap();
    catalog.publish(Scope::All, PublishMode::Apply, &stamp(10), in_own_folder).unwrap();
    catalog.select_by_hand(&picture(ids[1], "poster", 2), at(3)).unwrap();
    catalog.select_by_hand(&picture(world.films[0], "poster", 3), at(3)).unwrap();
    catalog.publish(Scope::All, PublishMode::Apply, &stamp(11), in_own_folder).unwrap();
    catalog.select_by_hand(&picture(ids[1], "poster", 4), at(4)).unwrap();
    catalog.publish(Scope::All, PublishMode::Apply, &stamp(12), in_own_folder).unwrap();
    catalog.unpublish(ids[0], None, &stamp(13)).unwrap();
    assert_eq!(history(&world, ids[0]), [(4, [0, 0, 1]), (3, [0, 1, 0]), (2, [1, 0, 0]), (1, [1, 0, 0])]);
    assert_eq!(history(&world, ids[1]), [(3, [0, 1, 0]), (2, [1, 0, 0])]);
    assert_eq!(history(&world, world.films[1]), []);
    let nobody = world.fixture.catalog.history_of(EntityId::new(99), None, 10).unwrap_err();
    assert!(matches!(nobody, CatalogError::NoSuchEntity { .. }));
}

#[test]
fn names_of_generations_are_given_moved_and_taken_away() {
    let mut world = World::new();
    let (catalog, film) = (&mut world.fixture.catalog, world.films[0]);
    for byte in [1, 2] {
        catalog.select_by_hand(&picture(film, "poster", byte), at(2)).unwrap();
        catalog.publish(Scope::All, PublishMode::Apply, &stamp(10), in_own_folder).unwrap();
    }
    let (one, two) = (GenerationId::new(1), GenerationId::new(2));
    catalog.tag("good", one, &stamp(20)).unwrap();
    assert_eq!(catalog.tagged("good").unwrap(), one);
    catalog.tag("good", two, &stamp(21)).unwrap();
    let tags = catalog.tags().unwrap();
    assert_eq!((tags.len(), tags[0].generation, tags[0].at), (1, two, at(21)));
    for name in ["", "7", "-x", "two words", "a/b", &"x".repeat(65)] {
        assert!(matches!(catalog.tag(name, one, &stamp(22)), Err(CatalogError::TagName { .. })), "{name}");
    }
    let none = catalog.tag("bad", GenerationId::new(77), &stamp(22));
    assert!(matches!(none, Err(CatalogError::NoSuchGeneration { .. })));
    catalog.untag("good").unwrap();
    assert!(matches!(catalog.untag("good"), Err(CatalogError::NoSuchTag { .. })));
    assert!(matches!(catalog.tagged("good"), Err(CatalogError::NoSuchTag { .. })));
}
