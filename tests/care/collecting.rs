//! What is collected, and what is not.

use std::fs;
use std::os::fd::AsFd;

use posterfs::catalog::{NewCacheFile, PublishMode};
use posterfs::config::HistorySettings;
use posterfs::model::{Clock, SystemClock, UnixSeconds};
use posterfs::phase::{BringBack, GRACE_SECONDS, GcRequest, NoProgress, Whereabouts, gc, records_of, whereabouts};

use crate::care::{
    HEAT, KEEP, UP, assert_whole, binned, cached, collect, collect_at, deep, films, hash, later, mend_one,
};
use crate::support::{World, png, stamp, write};

/// A picture with a row that nothing refers to.
pub fn unneeded(world: &mut World, seed: u8) {
    let stored = world.cache.put(&png(seed)[..], &"a test", &Default::default()).unwrap();
    let film = world.film(HEAT).id;
    let known = world.catalog.selections_of(film).unwrap().remove(0).picture;
    let new = NewCacheFile { hash: stored.hash, byte_count: stored.byte_count, ..known };
    world.catalog.put_cache_file(&new).unwrap();
}

#[test]
fn nothing_that_is_needed_goes() {
    let mut world = films();
    world.choose(HEAT, "poster", 3);
    world.publish(2000);
    world.choose(UP, "fanart", 4);
    let before = world.cache.usage().unwrap();
    let report = collect(&mut world);
    assert_eq!((report.rows, report.files, report.bytes, report.young), (0, 0, 0, 0), "{report:?}");
    assert_eq!(world.cache.usage().unwrap(), before, "selected, shown, shown once, a candidate");
    assert_whole(&mut world);
}

#[test]
fn what_nothing_refers_to_goes_to_the_recycle_bin() {
    let mut world = films();
    unneeded(&mut world, 8);
    world.cache.put(&png(9)[..], &"a test", &Default::default()).unwrap();
    write(&world.cache.root().join("tmp/put-1-1"), b"half");
    let bytes = (png(8).len() + png(9).len()) as u64;
    let dry = collect_at(&mut world, later(), true);
    assert_eq!((dry.rows, dry.files, dry.bytes, dry.temporaries), (1, 2, bytes, 1), "{dry:?}");
    assert!(cached(&world, 8).exists() && cached(&world, 9).exists() && binned(&world).is_empty());
    let report = collect(&mut world);
    assert_eq!(report, dry, "as was said");
    assert!(!cached(&world, 8).exists() && !cached(&world, 9).exists());
    assert!(!world.cache.root().join("tmp/put-1-1").exists());
    let mut bin: Vec<_> = binned(&world).into_iter().map(|(bytes, _)| hash(&bytes)).collect();
    bin.sort();
    let mut wanted = [hash(&png(8)), hash(&png(9))];
    wanted.sort();
    assert_eq!(bin, wanted, "deletion is recoverable");
    assert_eq!(collect(&mut world).files, 0);
    assert_whole(&mut world);
}

#[test]
fn what_came_a_moment_ago_stays() {
    let mut world = films();
    unneeded(&mut world, 8);
    world.cache.put(&png(9)[..], &"a test", &Default::default()).unwrap();
    let now = SystemClock.now();
    let report = collect_at(&mut world, now, false);
    assert_eq!((report.files, report.young), (0, 2), "{report:?}");
    assert!(cached(&world, 8).exists() && cached(&world, 9).exists());
    // A clock that was put back makes everything young.
    assert_eq!(collect_at(&mut world, UnixSeconds::new(now.get() - 1_000_000), false).files, 0);
}

#[test]
fn what_is_put_again_or_renewed_counts_as_new() {
    let world = films();
    let path = cached(&world, 1);
    let ctime = || std::os::unix::fs::MetadataExt::ctime(&fs::metadata(&path).unwrap());
    let mtime = || fs::metadata(&path).unwrap().modified().unwrap();
    let (first, modified) = (ctime(), mtime());
    while SystemClock.now().get() <= first + 1 {
        std::thread::yield_now();
    }
    assert!(!world.cache.put(&png(1)[..], &"a test", &Default::default()).unwrap().was_new);
    let second = ctime();
    assert!(second > first);
    while SystemClock.now().get() <= second + 1 {
        std::thread::yield_now();
    }
    assert!(world.cache.renew(&hash(&png(1)), "png").unwrap());
    assert!(ctime() > second);
    assert_eq!(mtime(), modified, "an exported hard link keeps its time");
    assert!(!world.cache.renew(&hash(b"nothing"), "png").unwrap());
}

#[test]
fn history_keeps_what_it_shows_until_it_is_forgotten() {
    let mut world = films();
    world.choose(HEAT, "poster", 3);
    world.publish(2000);
    // The candidate of the first poster is gone, as after its provider offered it no more.
    crate::care::raw(&world)
        .execute("DELETE FROM asset_candidates WHERE provider_key = ?1", [hash(&png(1)).to_string()])
        .unwrap();
    assert_eq!(collect(&mut world).files, 0, "a generation shows it");
    let history = HistorySettings { generations: 1, days: 1 };
    let stamp = stamp(2500);
    world.catalog.tag("before", posterfs::model::GenerationId::new(1), &stamp).unwrap();
    let collect_with = |world: &mut World| {
        let request = GcRequest { history: &history, recycle_limits: KEEP, is_dry_run: false, now: later() };
        gc(&mut world.catalog, &world.cache, &world.recycle, &request, &NoProgress).unwrap()
    };
    assert_eq!(collect_with(&mut world).files, 0, "a generation with a name shows it");
    world.catalog.untag("before").unwrap();
    let report = collect_with(&mut world);
    assert_eq!((report.forgotten_generations, report.rows, report.files), (1, 1, 1), "{report:?}");
    assert_whole(&mut world);
}

#[test]
fn one_file_of_two_rows_stays_as_long_as_one_is_needed() {
    let mut world = films();
    let up = world.film(UP).id;
    let known = world.catalog.selections_of(world.film(HEAT).id).unwrap().remove(0).picture;
    world.catalog.put_cache_file(&NewCacheFile { entity: up, ..known }).unwrap();
    let dry = collect_at(&mut world, later(), true);
    let report = collect(&mut world);
    assert_eq!((report.rows, report.files), (1, 0), "{report:?}");
    assert_eq!(report, dry);
    assert_whole(&mut world);
}

#[test]
fn the_grace_is_what_it_is_said_to_be() {
    let mut world = films();
    world.cache.put(&png(9)[..], &"a test", &Default::default()).unwrap();
    let now = SystemClock.now().get();
    assert_eq!(collect_at(&mut world, UnixSeconds::new(now + GRACE_SECONDS - 60), false).files, 0);
    assert_eq!(collect_at(&mut world, UnixSeconds::new(now + GRACE_SECONDS + 60), false).files, 1);
}

/// What it served goes with a picture, and comes back with it.
#[test]
fn the_records_of_a_picture_go_where_it_goes() {
    let mut world = films();
    unneeded(&mut world, 8);
    let hash = hash(&png(8));
    let known = world.cache.records(&self::hash(&png(1))).unwrap().records.remove(0);
    world.cache.record(&hash, &known).unwrap();
    let dry = collect_at(&mut world, later(), true);
    assert_eq!(collect(&mut world), dry);
    assert_eq!(dry.files, 1, "{dry:?}");
    assert!(world.cache.records(&hash).unwrap().records.is_empty(), "they are still there");
    let entries = world.recycle.entries().unwrap();
    assert_eq!(entries.len(), 2, "{entries:?}");
    let root = world.cache.root().to_owned();
    let (pictures, records): (Vec<_>, Vec<_>) =
        entries.iter().cloned().partition(|entry| entry.origin.starts_with(root.join("assets")));
    assert_eq!(records_of(&pictures, &entries, &root), records);
    assert!(records_of(&entries, &entries, &root).is_empty(), "they are chosen already");
    assert!(records_of(&records, &entries, &root).is_empty(), "a picture is not brought back by its records");
    let how =
        BringBack { recycle: &world.recycle, replaces: false, mode: PublishMode::Apply, now: UnixSeconds::new(1) };
    let folder = fs::File::open(&root).unwrap();
    for entry in pictures.iter().chain(&records) {
        let Whereabouts::Cache(path) = whereabouts(&world.catalog, &root, entry).unwrap() else { panic!("{entry:?}") };
        how.bring(entry, folder.as_fd(), &root, &path).unwrap();
    }
    assert_eq!(world.cache.records(&hash).unwrap().records, [known]);
    // Now that both are back, a repair knows what the picture is for.
    let findings = deep(&mut world);
    assert!(mend_one(&mut world, &findings).contains("candidate"));
}
