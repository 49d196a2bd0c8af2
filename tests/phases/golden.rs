//! A library of every layout, with a picture of every type chosen for every item, and the names that every profile makes
//! of it: `tests/golden/PROFILE.txt`. `POSTERFS_BLESS=1 cargo test --test phases golden` writes these anew; read the
//! difference before it is committed.

use std::collections::BTreeMap;
use std::fs;

use posterfs::catalog::{Entity, EntityFilter, Layouts};
use posterfs::model::LibraryId;
use posterfs::naming::{Profile, Profiles};
use posterfs::phase::names::lay_out;

use crate::every_layout::{LIBRARIES, golden, image_types};
use crate::recorded::{music, people_and_sets, series};
use crate::support::World;

/// The libraries by the headings of their names in the listings.
fn libraries() -> Vec<(String, World)> {
    let scanned = LIBRARIES.iter().map(|(kind, files)| {
        let files: Vec<&[u8]> = files.iter().map(|file| file.as_bytes()).collect();
        (kind.to_string(), World::of_kind(*kind, "default", &files))
    });
    let recorded = [("tv", series()), ("music", music()), ("people and sets", people_and_sets())];
    scanned.chain(recorded.map(|(heading, world)| (heading.to_owned(), world))).collect()
}

/// Chooses everything, and answers the entities by number.
fn choose_all(world: &mut World) -> BTreeMap<i64, Entity> {
    let entities = world.catalog.list_entities(&EntityFilter::default(), None, 1000).unwrap();
    assert!(!entities.is_empty() && entities.len() < 1000);
    for (seed, entity) in entities.iter().enumerate() {
        for image_type in image_types(entity.entity_type) {
            world.choose_jpg_for(entity.id, &image_type.to_string(), seed as u8);
        }
    }
    entities.into_iter().map(|entity| (entity.id.get(), entity)).collect()
}

fn listing(layouts: &Layouts<'_>, library: LibraryId, entities: &BTreeMap<i64, Entity>) -> Vec<String> {
    let rows = layouts.page(library, None, 10_000).unwrap();
    assert!(rows.len() < 10_000);
    let told = |entity: &Entity| match (entity.season, entity.episode) {
        (Some(season), Some(episode)) => format!("{} {season}x{episode}", entity.entity_type),
        (Some(season), None) => format!("{} {season}", entity.entity_type),
        _ => format!("{} {}", entity.entity_type, entity.title),
    };
    rows.iter()
        .map(|row| {
            let path = row.folder.join(&row.name);
            format!("{path}: {} of {}", row.image_type, told(&entities[&row.entity.get()]))
        })
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether files of the tests are written anew is no setting of the program"
)]
fn is_to_bless() -> bool {
    std::env::var_os("POSTERFS_BLESS").is_some_and(|value| value == "1")
}

/// What is published is what the library's own profile lays out.
fn assert_published(world: &mut World, laid_out: &[String]) {
    assert_eq!(world.publish(10).published.conflict_count, 0);
    let page = world.catalog.mappings_page(world.library.id, None, 10_000).unwrap();
    let published: Vec<_> =
        page.mappings.iter().map(|mapping| mapping.folder.join(&mapping.name).to_string()).collect();
    let laid_out: Vec<_> = laid_out.iter().map(|line| line.rsplit_once(": ").unwrap().0).collect();
    assert_eq!(published, laid_out);
}

#[test]
fn every_profile_names_every_layout_as_its_golden_listing_says() {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (heading, mut world) in libraries() {
        let entities = choose_all(&mut world);
        for profile in Profile::ALL {
            let profiles: Profiles = profile.as_str().parse().unwrap();
            let layouts = lay_out(&mut world.catalog, &world.library, &profiles).unwrap();
            assert_eq!(layouts.conflict_count, 0, "{:?}", layouts.conflicts);
            let lines = listing(&layouts, world.library.id, &entities);
            if profile.as_str() == "default" {
                assert_published(&mut world, &lines);
            }
            let all = found.entry(profile.as_str()).or_default();
            all.push(format!("# {heading}"));
            all.extend(lines);
        }
    }
    for (profile, lines) in found {
        let (path, text) = (golden(profile), lines.join("\n") + "\n");
        if is_to_bless() {
            crate::support::write(&path, text.as_bytes());
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        for (line, (found, wanted)) in text.lines().zip(expected.lines()).enumerate() {
            assert_eq!(found, wanted, "{}:{}", path.display(), line + 1);
        }
        assert_eq!(text.lines().count(), expected.lines().count(), "{}", path.display());
    }
}
