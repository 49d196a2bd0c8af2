//! Repairs and collections that are killed between any two steps, and run again.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Catalog, ExportNote};
use posterfs::config::{HistorySettings, NetworkSettings};
use posterfs::library::Source;
use posterfs::model::SystemClock;
use posterfs::phase::{
    DocumentSources, Flaw, GcRequest, LibraryTree, NoProgress, RepairRequest, VerifyRequest, gc, repair, verify,
};
use posterfs::provider::{Surroundings, Traffic};
use posterfs::recycle::Recycle;

use crate::care::{HEAT, KEEP, assert_whole, binned, cached, collect, damage, deep, films, flaws, hash, later, mend};
use crate::collecting::unneeded;
use crate::support::{STEPS_OF_BIN, STEPS_OF_PUT, World, png, stamp};

const STATE: &str = "POSTERFS_TEST_STATE";
const WORK: &str = "POSTERFS_TEST_WORK";

/// The other side of these tests.
#[test]
#[ignore = "run by the other tests as a child process"]
#[expect(clippy::disallowed_methods, reason = "a test that runs itself as a child tells it what to do this way")]
fn child() {
    let Some(state) = std::env::var_os(STATE) else { return };
    let state = Path::new(&state);
    let cache = Cache::open(&state.join("cache")).unwrap();
    let bin = Recycle::open(&state.join("recycle")).unwrap();
    let mut catalog = Catalog::open(&state.join("posterfs.db")).unwrap();
    if std::env::var(WORK).unwrap() == "gc" {
        let history = HistorySettings { generations: 1, days: 1 };
        let request = GcRequest { history: &history, recycle_limits: KEEP, is_dry_run: false, now: later() };
        gc(&mut catalog, &cache, &bin, &request, &NoProgress).unwrap();
    } else {
        repair_all(&mut catalog, &Arc::new(cache), &bin);
    }
}

fn repair_all(catalog: &mut Catalog, cache: &Arc<Cache>, bin: &Recycle) {
    let library = catalog.library_named("films").unwrap();
    let source = Source::open(&library.path).map_err(|error| error.to_string());
    let trees = [LibraryTree { library, source }];
    let request =
        VerifyRequest { trees: &trees, is_everything: true, is_deep: true, since: None, rate: None, now: later() };
    let mut findings = Vec::new();
    verify(catalog, cache, &request, &NoProgress, &mut |finding| findings.push(finding)).unwrap();
    let network = NetworkSettings { offline: true, ..NetworkSettings::default() };
    let surroundings = Surroundings {
        network,
        replies: None,
        clock: Arc::new(SystemClock),
        ask_again: false,
        traffic: Traffic::default(),
    };
    let request = RepairRequest {
        trees: &trees,
        providers: &[],
        surroundings: &surroundings,
        limits: &Limits::default(),
        documents: &DocumentSources { cache, libraries: Vec::new(), progress: &NoProgress },
        stamp: &stamp(later().get()),
        is_dry_run: false,
    };
    repair(catalog, cache, bin, &findings, &request, &NoProgress, &mut |_, _| {}).unwrap();
}

/// Whether it was killed, and did not come to its end.
fn is_killed(world: &World, work: &str, dies_at: &str) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--ignored", "--nocapture", "--quiet"])
        .env(STATE, world.folder.path().join("state"))
        .env(WORK, work)
        .env("POSTERFS_DIES_AT", dies_at)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success() || status.signal() == Some(9), "{work} {dies_at}: {status}");
    !status.success()
}

#[test]
fn a_repair_that_is_killed_anywhere_is_made_good_by_the_next() {
    // What is known by its hash need not be looked at.
    for step in STEPS_OF_PUT.into_iter().filter(|step| *step != "put.probed").chain(STEPS_OF_BIN) {
        let mut world = films();
        damage(&cached(&world, 1), |bytes| bytes[50] ^= 1);
        let damaged = fs::read(cached(&world, 1)).unwrap();
        let selections = world.catalog.selections_of(world.film(HEAT).id).unwrap();
        assert!(is_killed(&world, "repair", step), "{step} was not come to");

        let found: BTreeSet<Flaw> = flaws(&deep(&mut world)).into_iter().collect();
        let explained = BTreeSet::from([Flaw::Corrupt, Flaw::Missing, Flaw::StaleTemporary]);
        assert!(found.is_subset(&explained), "{step}: {found:?}");
        let is_kept = binned(&world).iter().any(|(bytes, _)| *bytes == damaged);
        assert!(is_kept || fs::read(cached(&world, 1)).is_ok_and(|bytes| bytes == damaged), "{step}: it is lost");
        let findings = deep(&mut world);
        mend(&mut world, &findings, false);
        assert_whole(&mut world);
        assert_eq!(fs::read(cached(&world, 1)).unwrap(), png(1), "{step}");
        assert_eq!(binned(&world).iter().filter(|(bytes, _)| *bytes == damaged).count(), 1, "{step}: quarantine");
        assert_eq!(world.catalog.selections_of(world.film(HEAT).id).unwrap(), selections, "{step}");
    }
}

#[test]
fn an_export_that_is_repaired_and_killed_is_made_good_by_the_next() {
    for step in STEPS_OF_BIN {
        let mut world = films();
        let to = crate::care::exported(&mut world, posterfs::phase::ExportMode::Copy);
        let notes: Vec<ExportNote> = world.catalog.exports_of(world.library.id).unwrap();
        assert_eq!(notes.len(), 1);
        let path = to.join("Heat (1995)/poster.png");
        crate::support::write(&path, b"something else");
        assert!(is_killed(&world, "repair", step), "{step} was not come to");
        let findings = deep(&mut world);
        mend(&mut world, &findings, false);
        assert_whole(&mut world);
        assert_eq!(fs::read(&path).unwrap(), png(1), "{step}");
        assert_eq!(binned(&world).iter().filter(|(bytes, _)| bytes == b"something else").count(), 1, "{step}");
    }
}

#[test]
fn a_collection_that_is_killed_anywhere_is_made_good_by_the_next() {
    let own =
        ["gc.history_forgotten", "gc.rows_forgotten", "gc.files_recycled", "gc.temporaries_swept", "gc.bin_tidied"];
    for step in own.into_iter().chain(STEPS_OF_BIN) {
        let mut world = films();
        for seed in [8, 9, 10] {
            unneeded(&mut world, seed);
        }
        world.cache.put(&png(11)[..], &"a test", &Default::default()).unwrap();
        assert!(is_killed(&world, "gc", step), "{step} was not come to");

        let found: BTreeSet<Flaw> = flaws(&deep(&mut world)).into_iter().collect();
        assert!(found.is_subset(&BTreeSet::from([Flaw::OrphanFile])), "{step}: {found:?}");
        collect(&mut world);
        assert_whole(&mut world);
        let bin: Vec<_> = binned(&world).into_iter().map(|(bytes, _)| hash(&bytes)).collect();
        let wanted: BTreeSet<_> = [8, 9, 10, 11].map(|seed| hash(&png(seed))).into();
        assert_eq!((bin.len(), bin.into_iter().collect::<BTreeSet<_>>()), (4, wanted), "{step}");
        assert_eq!(world.cache.usage().unwrap().files, 2, "{step}");
    }
}
