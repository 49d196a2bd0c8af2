//! A library with pictures, and looking after it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posterfs::cache::{Cache, Limits};
use posterfs::catalog::Catalog;
use posterfs::config::{HistorySettings, NetworkSettings};
use posterfs::library::Source;
use posterfs::model::{Clock, ContentHash, SystemClock, UnixSeconds};
use posterfs::phase::{
    DocumentSources, ExportMode, ExportRequest, ExportTarget, Finding, Flaw, GcReport, GcRequest, LibraryTree,
    NoProgress, RepairRequest, Repaired, VerifyReport, VerifyRequest, export, gc, note_export, repair, verify,
};
use posterfs::provider::{Surroundings, Traffic};
use sha2::{Digest, Sha256};

use crate::support::{World, stamp};

pub const HEAT: &[u8] = b"Heat (1995)/Heat.mkv";
pub const UP: &[u8] = b"Up (2009)/Up.mkv";

/// The recycle bin keeps everything.
pub const KEEP: posterfs::recycle::Limits = posterfs::recycle::Limits { days: 0, bytes_max: 0 };

/// Later than anything that the tests put anywhere, so that nothing of it is under way.
pub fn later() -> UnixSeconds {
    UnixSeconds::new(SystemClock.now().get() + 10_000)
}

/// Two films, with a picture for one of them that was there before; chosen and published are a poster of each.
pub fn films() -> World {
    let mut world = World::with(&[HEAT, UP, b"Up (2009)/fanart.jpg"]);
    world.choose(HEAT, "poster", 1);
    world.choose(UP, "poster", 2);
    world.publish(1000);
    world
}

pub fn hash(bytes: &[u8]) -> ContentHash {
    ContentHash::new(Sha256::digest(bytes).into())
}

/// Where the cache has the picture of that seed.
pub fn cached(world: &World, seed: u8) -> PathBuf {
    world.cache.file_path(&hash(&crate::support::png(seed)), "png")
}

/// The file that a picture was chosen from.
pub fn chosen_from(world: &World, seed: u8) -> PathBuf {
    world.folder.path().join(format!("chosen {seed}.png"))
}

/// Changes a file of the cache, which nothing but damage does.
pub fn damage(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    crate::support::write(path, &bytes);
    fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
}

pub fn trees(world: &World) -> Vec<LibraryTree> {
    let source = Source::open(&world.library.path).map_err(|error| error.to_string());
    vec![LibraryTree { library: world.library.clone(), source }]
}

/// What a look comes to, quick or deep, at that time.
pub fn look_at(world: &mut World, is_deep: bool, since: Option<UnixSeconds>) -> (VerifyReport, Vec<Finding>) {
    let trees = trees(world);
    let request = VerifyRequest { trees: &trees, is_everything: true, is_deep, since, rate: None, now: later() };
    let mut findings = Vec::new();
    let report =
        verify(&mut world.catalog, &world.cache, &request, &NoProgress, &mut |finding| findings.push(finding)).unwrap();
    assert_eq!(report.findings, findings.len() as u64);
    findings.sort_by_key(|finding| (finding.flaw, finding.path.clone()));
    (report, findings)
}

pub fn quick(world: &mut World) -> Vec<Finding> {
    look_at(world, false, None).1
}

pub fn deep(world: &mut World) -> Vec<Finding> {
    look_at(world, true, None).1
}

pub fn flaws(findings: &[Finding]) -> Vec<Flaw> {
    findings.iter().map(|finding| finding.flaw).collect()
}

#[track_caller]
pub fn assert_whole(world: &mut World) {
    let findings = deep(world);
    assert!(findings.is_empty(), "{findings:#?}");
}

pub fn mend(world: &mut World, findings: &[Finding], is_dry_run: bool) -> Vec<Repaired> {
    let trees = trees(world);
    let network = NetworkSettings { offline: true, ..NetworkSettings::default() };
    let surroundings = Surroundings {
        network,
        replies: None,
        clock: Arc::new(SystemClock),
        ask_again: false,
        traffic: Traffic::default(),
    };
    let cache = Arc::new(Cache::open(world.cache.root()).unwrap());
    let request = RepairRequest {
        trees: &trees,
        providers: &[],
        surroundings: &surroundings,
        limits: &Limits::default(),
        documents: &DocumentSources { cache: &cache, libraries: Vec::new(), progress: &NoProgress },
        stamp: &stamp(later().get()),
        is_dry_run,
    };
    let mut outcomes = Vec::new();
    repair(&mut world.catalog, &cache, &world.recycle, findings, &request, &NoProgress, &mut |_, repaired| {
        outcomes.push(repaired.clone());
    })
    .unwrap();
    outcomes
}

/// The one finding, which a repair must make good.
#[track_caller]
pub fn mend_one(world: &mut World, findings: &[Finding]) -> String {
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(matches!(mend(world, findings, true)[0], Repaired::Would(_)));
    let again = look_at(world, true, None).1;
    assert_eq!(flaws(&again), flaws(findings), "a dry run changes nothing");
    match &mend(world, findings, false)[..] {
        [Repaired::Repaired(how)] => how.clone(),
        other => panic!("not repaired: {other:?}"),
    }
}

/// Exports into a folder beside the library, and notes it.
pub fn exported(world: &mut World, mode: ExportMode) -> PathBuf {
    let to = world.folder.path().join("exported");
    let request = ExportRequest {
        library: &world.library,
        target: ExportTarget::Folder(&to),
        mode,
        is_dry_run: false,
        now: UnixSeconds::new(2000),
    };
    let report = export(&world.catalog, &world.cache, &world.recycle, &request, &NoProgress).unwrap();
    assert_eq!(report.error_count, 0, "{report:?}");
    note_export(&mut world.catalog, &request, None).unwrap();
    to
}

pub fn collect_at(world: &mut World, now: UnixSeconds, is_dry_run: bool) -> GcReport {
    let history = HistorySettings::default();
    let request = GcRequest { history: &history, recycle_limits: KEEP, is_dry_run, now };
    let report = gc(&mut world.catalog, &world.cache, &world.recycle, &request, &NoProgress).unwrap();
    assert_eq!(report.problem_count, 0, "{report:?}");
    report
}

pub fn collect(world: &mut World) -> GcReport {
    collect_at(world, later(), false)
}

/// The catalog as SQLite has it, for what posterfs would never write.
pub fn raw(world: &World) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(world.catalog.path()).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection
}

/// Closes the catalog, puts a copy in its place, and opens that.
pub fn go_back_to(world: &mut World, copy: &Path) {
    let path = world.catalog.path().to_owned();
    let elsewhere = world.folder.path().join("elsewhere.db");
    world.catalog = Catalog::open(&elsewhere).unwrap();
    for ending in ["-wal", "-shm"] {
        let mut beside = path.clone().into_os_string();
        beside.push(ending);
        let _ = fs::remove_file(beside);
    }
    fs::rename(copy, &path).unwrap();
    world.catalog = Catalog::open(&path).unwrap();
}

/// What is in the recycle bin, with the reason.
pub fn binned(world: &World) -> Vec<(Vec<u8>, String)> {
    let entries = world.recycle.entries().unwrap();
    entries.iter().map(|entry| (fs::read(world.recycle.data_path(entry)).unwrap(), entry.reason.clone())).collect()
}
