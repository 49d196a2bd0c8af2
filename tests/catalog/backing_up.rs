//! Copies of the catalog while others write, and a file that takes its place.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use posterfs::catalog::{Catalog, CatalogError, EntityEdit, ScannedItem, SoleUse};
use posterfs::model::{EntityId, Field, JournalGeneration};

use crate::support::{Fixture, at, film, picture};

/// Enough films for a copy to take many steps.
const FILMS: usize = 20_000;
/// Far above what a change takes on a busy machine, and below what it would take to wait for a whole copy and its check
/// with a lock in the way: a writer who waits fails after ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);

fn back_up(catalog: &Catalog, target: &Path, replaces: bool) -> Result<(), CatalogError> {
    catalog.back_up(target, replaces, &mut |_, _| {}).map(drop)
}

/// Says the same of two fields, in one transaction each time, until told to stop. How often, and the longest time it took.
fn write_until(path: &Path, entity: EntityId, stop: &AtomicBool) -> (u64, Duration) {
    let mut catalog = Catalog::open(path).unwrap();
    let (mut count, mut longest) = (0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        let value = count.to_string();
        let edits = [Field::TITLE, Field::SORT_TITLE].map(|field| EntityEdit::SetField(field, value.clone()));
        let begun = Instant::now();
        catalog.edit(entity, &edits, at(5)).unwrap();
        longest = longest.max(begun.elapsed());
    }
    (count, longest)
}

#[test]
fn a_backup_is_of_one_moment_and_nobody_who_writes_waits_for_it() {
    let mut fixture = Fixture::new();
    let films: Vec<ScannedItem> =
        (0..FILMS).map(|n| film(fixture.library, &format!("A film with a title of some length {n}"), vec![])).collect();
    films.chunks(5000).for_each(|films| drop(fixture.catalog.record(films, at(1)).unwrap()));
    let written = EntityId::new(1);
    let (path, stop) = (fixture.folder.path().join("posterfs.db"), AtomicBool::new(false));
    let (count, longest) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(&path, written, &stop));
        let mut steps = 0;
        for round in 0..3 {
            let target = fixture.folder.path().join(format!("backup-{round}.db"));
            let found = fixture.catalog.back_up(&target, false, &mut |_, _| steps += 1).unwrap();
            assert_eq!((found.entities, found.problems.len()), (FILMS as u64, 0));
            let entity = Catalog::open(&target).unwrap().entity(written).unwrap().unwrap();
            assert!(round == 0 || entity.title == entity.sort_title, "half of a change: {entity:?}");
        }
        stop.store(true, Ordering::Relaxed);
        assert!(steps > 10, "{steps} steps are not small ones");
        writer.join().unwrap()
    });
    println!("{count} changes while three backups were made; the longest took {longest:?}");
    assert!(count > 3 && longest < PATIENCE, "{count} changes, the longest took {longest:?}");
}

#[test]
fn what_is_there_is_replaced_only_if_told_so_and_nothing_is_left_over() {
    let mut fixture = Fixture::new();
    fixture.film("Heat");
    let folder = fixture.folder.path().join("safe");
    std::fs::create_dir(&folder).unwrap();
    let target = folder.join("copy.db");
    back_up(&fixture.catalog, &target, false).unwrap();
    assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    fixture.film("Alien");
    let error = back_up(&fixture.catalog, &target, false).unwrap_err();
    assert!(error.to_string().contains("--force"), "{error}");
    assert_eq!(Catalog::check_file(&target).unwrap().entities, 1, "what was there is as it was");
    back_up(&fixture.catalog, &target, true).unwrap();
    assert_eq!(Catalog::check_file(&target).unwrap().entities, 2);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "one file, with no log beside it");
    assert!(matches!(
        back_up(&fixture.catalog, &folder.join("no/such/copy.db"), false),
        Err(CatalogError::File { .. })
    ));
}

#[test]
fn two_backups_to_one_file_at_once_leave_one_whole_file() {
    let mut fixture = Fixture::new();
    for n in 0..200 {
        fixture.film(&format!("Film {n}"));
    }
    let (path, target) = (fixture.folder.path().join("posterfs.db"), fixture.folder.path().join("copy.db"));
    for _ in 0..5 {
        let outcomes = std::thread::scope(|scope| {
            let one = || back_up(&Catalog::open(&path).unwrap(), &target, false).is_ok();
            let both = [scope.spawn(one), scope.spawn(one)];
            both.map(|thread| thread.join().unwrap())
        });
        assert_eq!(outcomes.iter().filter(|is_done| **is_done).count(), 1, "{outcomes:?}");
        assert_eq!(Catalog::check_file(&target).unwrap().entities, 200);
        std::fs::remove_file(&target).unwrap();
    }
}

#[test]
fn a_catalog_that_is_in_use_is_not_replaced() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("posterfs.db");
    assert!(matches!(SoleUse::take(&path), Err(CatalogError::InUse { .. })));
    let reader = Catalog::open_read_only(&path).unwrap();
    drop(fixture.catalog);
    assert!(matches!(SoleUse::take(&path), Err(CatalogError::InUse { .. })), "a reader uses it, too");
    drop(reader);
    let sole = SoleUse::take(&path).unwrap();
    assert!(matches!(SoleUse::take(&path), Err(CatalogError::InUse { .. })), "two at once");
    drop(sole);
    Catalog::open(&path).unwrap();
}

/// The clock may have gone back meanwhile: players must see a newer picture all the same.
#[test]
fn a_catalog_made_anew_publishes_later_than_the_lost_one_did() {
    let mut fixture = Fixture::new();
    fixture.catalog.go_on_behind(JournalGeneration { id: 7, at: 5000 }).unwrap();
    let heat = fixture.film("Heat");
    fixture.catalog.select_by_hand(&picture(heat, "poster", 1), at(3)).unwrap();
    let first = fixture.publish(100);
    assert_eq!(first.generation.unwrap().get(), 8);
    assert_eq!(fixture.mtime("Heat", "poster.jpg"), 5001);
    fixture.catalog.select_by_hand(&picture(heat, "poster", 2), at(4)).unwrap();
    fixture.publish(50);
    assert_eq!(fixture.mtime("Heat", "poster.jpg"), 5002);
}
